//! What a labelling tells: [`Counts`] of rows and [`LabelReport`] with the figures for each window.

use super::by_person::LabelledEpisode;
use crate::card::markdown_table;
use recontact::outcome::{ContactKind, Outcome, WINDOWS_DAYS};
use recontact::statistics::{CONFIDENCE, Interval, Proportion};
use recontact::timestamp::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;

/// The share of explicit among all repeats that is commonly quoted, for a look at whether figures are plausible.
const USUAL_EXPLICIT_SHARE: f64 = 0.55;

/// What was read, and what was left out.
#[derive(Debug, Default, Serialize)]
pub struct Counts {
    /// Rows of the tickets table.
    pub ticket_rows: usize,
    /// Rows of the contacts table.
    pub contact_rows: usize,
    /// Rows that say the same as another; they count once.
    pub repeated_rows: usize,
    /// Closings that name no customer: left out.
    pub closings_without_customer: usize,
    /// Substantive contacts that name no customer and belong to no ticket that does: left out.
    pub contacts_without_customer: usize,
    /// Contacts of a ticket that the tickets table does not have; they count as contacts.
    pub contacts_of_unknown_tickets: usize,
    /// Contacts written before their ticket was opened, which clocks that differ cause; they count as they stand.
    pub before_opening: usize,
    /// Contacts that are no recontacts, by kind.
    pub excluded: BTreeMap<&'static str, usize>,
    /// Tickets that are open: they are contacts, but no episodes.
    pub open_tickets: usize,
    /// Closings of a ticket that had been closed before.
    pub reopenings: usize,
    /// Those of which neither a contact nor the table says when the ticket was opened again: the later closing stands for it.
    pub reopenings_without_instant: usize,
    /// Texts that were embedded.
    pub embedded: usize,
    /// Distinct identities, where tables have addresses or numbers.
    pub identities: usize,
    /// The latest opening or contact, milliseconds since 1970.
    #[serde(skip)]
    latest_ms: i64,
}

/// The figures of one window.
#[derive(Debug, Serialize)]
pub struct WindowFigures {
    /// Days after the close.
    pub window_days: u32,
    /// Episodes whose window is over; the others have no outcome and enter no rate.
    pub mature: u64,
    /// Episodes whose window is not over.
    pub immature: u64,
    /// Mature episodes by outcome.
    pub outcomes: BTreeMap<&'static str, OutcomeFigures>,
    /// Mature episodes with an explicit or implicit repeat.
    pub repeat: RateFigures,
    /// The same without episodes that are parallel or of an outage.
    pub repeat_without_flagged: RateFigures,
    /// Explicit among explicit and implicit repeats.
    pub explicit_share: RateFigures,
}

/// A count among mature episodes.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct OutcomeFigures {
    /// How many.
    pub count: u64,
    /// Their share; `None` without mature episodes.
    pub rate: Option<f64>,
    /// Wilson's interval of it, 95 %.
    pub interval: Option<Interval>,
}

/// A rate with its numerator, denominator and interval.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct RateFigures {
    /// How many.
    pub count: u64,
    /// Out of how many.
    pub trials: u64,
    /// The rate; `None` when there is nothing to count among.
    pub rate: Option<f64>,
    /// Wilson's interval of it, 95 %.
    pub interval: Option<Interval>,
}

/// Everything a labelling tells.
#[derive(Debug, Serialize)]
pub struct LabelReport {
    /// Labelled episodes: the rows of the written file.
    pub episodes: u64,
    /// Those that were closed with another ticket of the customer open.
    pub parallel: u64,
    /// Those that were opened on the day of an outage of their category.
    pub outage: u64,
    /// Those that a turn of the thread ended.
    pub ended_by_topic_change: u64,
    /// Days that are outages of a category.
    pub outage_days: usize,
    /// Pairs of categories of which the second is known to follow the first.
    pub adjacent_pairs: usize,
    /// Until when events are known.
    pub observed_until: Timestamp,
    /// The figures of each window.
    pub windows: Vec<WindowFigures>,
    /// The explicit share that is commonly quoted. A band to look at, nothing to aim at.
    pub usual_explicit_share: f64,
    /// What was read, and what was left out.
    pub counts: Counts,
    /// Seconds from start to end.
    pub seconds: f64,
    /// The most memory that the process ever had, in bytes, where the system tells.
    pub peak_memory_bytes: Option<u64>,
}

/// Collects the figures.
#[derive(Debug, Default)]
pub(super) struct Tally {
    episodes: u64,
    parallel: u64,
    outage: u64,
    ended_by_topic_change: u64,
    windows: [WindowTally; WINDOWS_DAYS.len()],
}

#[derive(Debug, Default)]
struct WindowTally {
    immature: u64,
    outcomes: BTreeMap<Outcome, u64>,
    unflagged: Proportion,
}

impl Counts {
    /// Notes an opening or a contact.
    pub fn see(&mut self, at_ms: i64) {
        self.latest_ms = self.latest_ms.max(at_ms);
    }

    /// The latest opening or contact.
    #[must_use]
    pub fn latest(&self) -> Option<Timestamp> {
        Timestamp::from_millis(self.latest_ms).ok()
    }

    /// Notes a contact that is no recontact.
    pub fn exclude(&mut self, kind: ContactKind) {
        *self.excluded.entry(kind.as_str()).or_insert(0) += 1;
    }
}

impl Tally {
    /// Counts an episode and its outcome in each window, `None` while that is not over.
    pub(super) fn add(
        &mut self,
        episode: &LabelledEpisode,
        is_outage: bool,
        outcomes: [Option<Outcome>; WINDOWS_DAYS.len()],
    ) {
        self.episodes += 1;
        self.parallel += u64::from(episode.is_parallel);
        self.outage += u64::from(is_outage);
        self.ended_by_topic_change += u64::from(episode.ended_by.as_str() == "topic_change");
        let is_flagged = episode.is_parallel || is_outage;
        for (tally, outcome) in self.windows.iter_mut().zip(outcomes) {
            let Some(outcome) = outcome else {
                tally.immature += 1;
                continue;
            };
            *tally.outcomes.entry(outcome).or_insert(0) += 1;
            if !is_flagged {
                tally.unflagged.trials += 1;
                tally.unflagged.count += u64::from(outcome.is_repeat());
            }
        }
    }

    /// The figures.
    #[must_use]
    pub(super) fn report(self, observed_until: Timestamp, counts: Counts) -> LabelReport {
        let windows = WINDOWS_DAYS.iter().zip(&self.windows);
        LabelReport {
            episodes: self.episodes,
            parallel: self.parallel,
            outage: self.outage,
            ended_by_topic_change: self.ended_by_topic_change,
            outage_days: 0,
            adjacent_pairs: 0,
            observed_until,
            windows: windows.map(|(days, tally)| tally.figures(*days)).collect(),
            usual_explicit_share: USUAL_EXPLICIT_SHARE,
            counts,
            seconds: 0.0,
            peak_memory_bytes: None,
        }
    }
}

impl WindowTally {
    fn figures(&self, window_days: u32) -> WindowFigures {
        let all = [
            Outcome::None,
            Outcome::Explicit,
            Outcome::Implicit,
            Outcome::Induced,
            Outcome::Unrelated,
        ];
        let count = |outcome| self.outcomes.get(&outcome).copied().unwrap_or(0);
        let mature: u64 = self.outcomes.values().sum();
        let of = |count| RateFigures::new(Proportion { count, trials: mature });
        let outcome = |outcome: Outcome| {
            let RateFigures { count, rate, interval, .. } = of(count(outcome));
            (outcome.as_str(), OutcomeFigures { count, rate, interval })
        };
        let (explicit, implicit) = (count(Outcome::Explicit), count(Outcome::Implicit));
        WindowFigures {
            window_days,
            mature,
            immature: self.immature,
            outcomes: all.into_iter().map(outcome).collect(),
            repeat: of(explicit + implicit),
            repeat_without_flagged: RateFigures::new(self.unflagged),
            explicit_share: RateFigures::new(Proportion {
                count: explicit,
                trials: explicit + implicit,
            }),
        }
    }
}

impl RateFigures {
    fn new(proportion: Proportion) -> Self {
        Self {
            count: proportion.count,
            trials: proportion.trials,
            rate: proportion.rate(),
            interval: proportion.wilson(CONFIDENCE),
        }
    }

    fn text(&self) -> String {
        match (self.rate, self.interval) {
            (Some(rate), Some(interval)) => format!(
                "{:.1} % ({:.1} to {:.1})",
                100.0 * rate,
                100.0 * interval.low,
                100.0 * interval.high
            ),
            _ => "-".to_owned(),
        }
    }
}

impl LabelReport {
    /// The report as text: a table of the windows, and what is to be known about it.
    #[must_use]
    pub fn text(&self) -> String {
        let heads = [
            "window",
            "mature",
            "immature",
            "none",
            "explicit",
            "implicit",
            "induced",
            "unrelated",
            "repeat rate (95 %)",
            "without flagged",
            "explicit share",
        ];
        let rows: Vec<Vec<String>> = self.windows.iter().map(WindowFigures::cells).collect();
        let counts = &self.counts;
        let excluded: Vec<String> =
            counts.excluded.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
        let excluded = if excluded.is_empty() { "none".to_owned() } else { excluded.join(", ") };
        let mut lines = vec![
            markdown_table(&heads, &rows),
            format!(
                "{} episodes from {} ticket rows and {} contact rows, known until {}; {} pairs of categories are adjacent.",
                self.episodes,
                counts.ticket_rows,
                counts.contact_rows,
                self.observed_until,
                self.adjacent_pairs
            ),
            format!(
                "Flagged: {} closed while another ticket was open, {} of an outage ({} days of a category).",
                self.parallel, self.outage, self.outage_days
            ),
            format!("Contacts that are no recontacts: {excluded}."),
            format!(
                "A share of explicit repeats about {:.0} % is usual elsewhere; far from it, look at categories and adjacency.",
                100.0 * self.usual_explicit_share
            ),
        ];
        let left_out = [
            (counts.closings_without_customer, "closings without a customer are left out"),
            (counts.contacts_without_customer, "contacts without a customer are left out"),
            (counts.repeated_rows, "rows say the same as another and count once"),
            (counts.open_tickets, "tickets are open: they count as contacts, not as episodes"),
            (
                counts.before_opening,
                "contacts were written before their ticket was opened and count as they stand",
            ),
            (
                counts.contacts_of_unknown_tickets,
                "contacts belong to a ticket that the tickets table does not have",
            ),
            (counts.reopenings, "closings are of a ticket that had been closed before"),
            (
                counts.reopenings_without_instant,
                "of these do not say when; the later closing stands for it",
            ),
        ];
        lines.extend(
            left_out
                .iter()
                .filter(|(count, _)| *count > 0)
                .map(|(count, text)| format!("{count} {text}.")),
        );
        lines.join("\n")
    }
}

impl WindowFigures {
    fn cells(&self) -> Vec<String> {
        let count = |outcome: &str| {
            self.outcomes.get(outcome).map_or(0, |figures| figures.count).to_string()
        };
        vec![
            format!("{} d", self.window_days),
            self.mature.to_string(),
            self.immature.to_string(),
            count("none"),
            count("explicit"),
            count("implicit"),
            count("induced"),
            count("unrelated"),
            self.repeat.text(),
            self.repeat_without_flagged.text(),
            self.explicit_share.text(),
        ]
    }
}
