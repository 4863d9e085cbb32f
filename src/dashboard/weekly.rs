//! The weekly report: the figures of a week, and the same in words, as mail, plain text and PDF file.
//!
//! Whether a customer comes back is known only when the window after the closing is over. So the repeat figures of a week are of the
//! seven days of closings whose window ended with it. Nobody's name is in any of it.

use super::change::ChangeView;
use super::effect::{decisive, verdict};
use super::risk::{RiskAsked, RiskView, document, write};
use super::table::Export;
use super::{Frame, PageError, overview};
use crate::config::Settings;
use crate::kpi::{CategoryCounts, CountedClosings, Decomposition, Period, RepeatCounts};
use crate::live_kpis::{catch_up, tell_effect};
use crate::pdf::{Block, TableBlock, TileBlock};
use crate::risk::{Language, RiskBand};
use crate::statistics::{CONFIDENCE, Interval, Proportion};
use crate::store::{FollowUpsOpen, Store, Tenant};
use crate::timestamp::Timestamp;
use crate::weekly::Week;
use askama::Template;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Categories that moved the rate and are told, the strongest.
const MOST_EFFECTS: usize = 5;
/// Days of closings in the risk report that follows: as many as its page shows where none are chosen.
const RISK_DAYS: i32 = 91;

/// Of which week, of whose data, and as of when.
#[derive(Clone, Copy)]
#[expect(missing_docs, reason = "named after what they are")]
pub struct WeeklyAsked<'a> {
    pub settings: &'a Settings,
    pub store: &'a Store,
    pub tenant: &'a Tenant,
    /// The live risk model: version and window in days; `None` where there is none.
    pub model: Option<(&'a str, u32)>,
    pub week: Week,
    pub now: Timestamp,
}

/// The report of a week.
#[derive(Debug, Clone)]
pub struct WeeklyReport {
    /// One line that says what it is, and how it stands.
    pub subject: String,
    /// A page that stands alone, for mail.
    pub html: String,
    /// The same as plain text.
    pub text: String,
    /// The same with the risk report, as a PDF file.
    pub pdf: Vec<u8>,
    /// The figures themselves.
    pub figures: WeeklyFigures,
}

/// The figures of a week, for programs.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(missing_docs, reason = "docs/weekly-report.md explains each")]
pub struct WeeklyFigures {
    pub tenant: String,
    pub week: String,
    pub from: String,
    pub until: String,
    pub time_zone: String,
    pub made_at: Timestamp,
    pub window_days: u32,
    pub closed_from: String,
    pub closed_until: String,
    pub repeat_contacts: Share,
    pub first_contact_resolution: Share,
    pub explicit: u64,
    pub implicit: u64,
    pub change: Option<Decomposition>,
    pub at_high_risk: u64,
    pub follow_ups_due: u64,
    pub follow_ups_overdue: u64,
    pub effect: Option<EffectFigures>,
}

/// A part of closed tickets.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[expect(missing_docs, reason = "docs/weekly-report.md explains each")]
pub struct Share {
    pub count: u64,
    pub of: u64,
    pub share: Option<f64>,
    pub interval: Option<Interval>,
}

/// What the newest experiment says of following up.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(missing_docs, reason = "docs/weekly-report.md explains each")]
pub struct EffectFigures {
    pub experiment: String,
    pub verdict: crate::effect::Verdict,
    pub difference: Option<f64>,
    pub interval: Option<Interval>,
    #[serde(skip)]
    words: String,
}

impl From<Proportion> for Share {
    fn from(share: Proportion) -> Self {
        let (count, of) = (share.count, share.trials);
        Self { count, of, share: share.rate(), interval: share.wilson(CONFIDENCE) }
    }
}

/// Everything that is said, before it is known where.
struct Words {
    title: String,
    scope: String,
    notice: Option<String>,
    tiles: Vec<TileBlock>,
    sections: Vec<Section>,
}

/// A part with a heading.
struct Section {
    title: String,
    paragraphs: Vec<String>,
    table: Option<TableBlock>,
}

#[derive(Template)]
#[template(path = "weekly_mail.html")]
struct WeeklyMail<'a> {
    frame: &'a Frame,
    words: &'a Words,
}

/// What is counted before it is told.
struct Counted {
    window_days: u32,
    closed: Period,
    counts: RepeatCounts,
    change: Option<Decomposition>,
    at_risk: u64,
    follow_ups: FollowUpsOpen,
}

/// Makes the report of a week.
///
/// # Errors
/// [`PageError`] when the store fails; the reason is in the log.
pub async fn compose(asked: &WeeklyAsked<'_>) -> Result<WeeklyReport, PageError> {
    let settings = asked.settings;
    let options = &settings.weekly_report;
    let frame = Frame::of_report(options.language, settings.dashboard.utc_offset);
    let title = String::from(frame.say("weekly-title").with("week", asked.week.to_string()));
    let frame = frame.titled(title.clone());
    let counted = Counted::read(asked).await?;
    let effect = effect(&frame, asked).await?;
    let figures = figures(asked, &counted, effect);
    let words = Words::of(&frame, asked, &counted, figures.effect.as_ref());
    let html = WeeklyMail { frame: &frame, words: &words }.render().map_err(|error| {
        tracing::error!(%error, "a mail could not be rendered");
        PageError::Internal
    })?;
    Ok(WeeklyReport {
        subject: words.subject(&frame, asked.week),
        html,
        text: words.as_text(&frame),
        pdf: pdf(&frame, asked, &words).await?,
        figures,
    })
}

impl Counted {
    async fn read(asked: &WeeklyAsked<'_>) -> Result<Self, PageError> {
        let (store, tenant, week) = (asked.store, asked.tenant, asked.week.period());
        let window_days = asked.settings.kpi.window_days;
        let back = -i32::try_from(window_days).unwrap_or(0);
        let closed = Period { from: week.from.plus(back), to: week.to.plus(back) };
        let end = zone(asked.settings).start_of(week.to);
        let after = categories(asked, closed, window_days, end).await?;
        let before = categories(asked, closed.previous(), window_days, end).await?;
        let mut counts = RepeatCounts::default();
        after.values().for_each(|of_category| counts.add_all(*of_category));
        let since = asked.now.plus_days(-i64::from(window_days));
        let high = RiskBand::High.as_str();
        Ok(Self {
            window_days,
            closed,
            counts,
            change: change(&before, &after),
            at_risk: store.count_at_risk(tenant, high, None, since).await?,
            follow_ups: store.count_open_follow_ups(tenant, None, asked.now).await?,
        })
    }
}

fn zone(settings: &Settings) -> &crate::kpi::Zone {
    settings.weekly_report.zone(&settings.kpi.time_zone)
}

/// Counts of closings by category; the empty one is not known.
type ByCategory = BTreeMap<String, RepeatCounts>;

/// What became of the tickets closed in a period, as far as it was known at the end of the week.
async fn categories(
    asked: &WeeklyAsked<'_>,
    closed: Period,
    window_days: u32,
    end: Timestamp,
) -> Result<ByCategory, PageError> {
    let options = &asked.settings.kpi;
    let [from, to] = [closed.from, closed.to].map(|day| zone(asked.settings).start_of(day));
    let mature_until = asked.now.max(end).plus_days(-i64::from(window_days));
    // Days are counted in the zone of the key figures, which may be another one.
    let days =
        Period { from: options.time_zone.day_of(from), to: options.time_zone.day_of(to).plus(1) };
    catch_up(asked.store, asked.tenant, options, days).await?;
    let mut counts = ByCategory::new();
    let count = |_: &str, of_day: CountedClosings| {
        let is_told = |at: Timestamp| at >= from && at < to && at <= mature_until;
        for closing in of_day.closings.iter().filter(|closing| is_told(closing.closed_at)) {
            let category = of_day.categories[closing.category].clone();
            counts.entry(category).or_default().add(closing, window_days);
        }
    };
    asked.store.counted_closings(asked.tenant, days, None, count).await?;
    Ok(counts)
}

/// Why the rate moved; `None` where one of the weeks has no rate.
fn change(before: &ByCategory, after: &ByCategory) -> Option<Decomposition> {
    let mut sums: BTreeMap<&String, [Proportion; 2]> = BTreeMap::new();
    for (at, categories) in [before, after].into_iter().enumerate() {
        for (category, counts) in categories {
            sums.entry(category).or_default()[at] =
                Proportion { count: counts.repeats(), trials: counts.closings };
        }
    }
    let counts = sums.into_iter().map(|(category, [before, after])| CategoryCounts {
        category: Some(category.clone()).filter(|category| !category.is_empty()),
        before,
        after,
    });
    Decomposition::new(counts.collect())
}

/// What the newest experiment says; `None` before the first one.
async fn effect(
    frame: &Frame,
    asked: &WeeklyAsked<'_>,
) -> Result<Option<EffectFigures>, PageError> {
    let (store, tenant) = (asked.store, asked.tenant);
    let experiments = store.experiments(tenant).await?;
    let Some(newest) = experiments.first() else { return Ok(None) };
    let (id, policy) = (&newest.plan.id, &asked.settings.effect);
    let found = tell_effect(store, tenant, &asked.settings.kpi, (id, policy), asked.now).await?;
    let Some(found) = found else { return Ok(None) };
    let language = Language::from_tag(frame.lang()).unwrap_or_default();
    let report = found.tally.report(language);
    // Before a planned look a difference says nothing, and whoever reads it every week would find one sooner or later.
    let is_decided = report.verdict.verdict.is_conclusive();
    let difference = report.difference.as_ref().filter(|_| is_decided);
    Ok(Some(EffectFigures {
        experiment: newest.plan.id.to_string(),
        verdict: report.verdict.verdict,
        difference: difference.map(|one| one.difference),
        interval: difference.and_then(decisive),
        words: verdict(frame, &report),
    }))
}

fn figures(
    asked: &WeeklyAsked<'_>,
    counted: &Counted,
    effect: Option<EffectFigures>,
) -> WeeklyFigures {
    let (week, counts) = (asked.week.period(), &counted.counts);
    let last = |period: Period| period.to.plus(-1).to_string();
    let trials = counts.closings;
    WeeklyFigures {
        tenant: asked.tenant.as_str().to_owned(),
        week: asked.week.to_string(),
        from: week.from.to_string(),
        until: last(week),
        time_zone: zone(asked.settings).name().to_owned(),
        made_at: asked.now,
        window_days: counted.window_days,
        closed_from: counted.closed.from.to_string(),
        closed_until: last(counted.closed),
        repeat_contacts: Proportion { count: counts.repeats(), trials }.into(),
        first_contact_resolution: Proportion { count: trials - counts.explicit, trials }.into(),
        explicit: counts.explicit,
        implicit: counts.implicit,
        change: counted.change.clone(),
        at_high_risk: counted.at_risk,
        follow_ups_due: counted.follow_ups.available,
        follow_ups_overdue: counted.follow_ups.overdue,
        effect,
    }
}

impl Words {
    fn of(
        frame: &Frame,
        asked: &WeeklyAsked<'_>,
        counted: &Counted,
        effect: Option<&EffectFigures>,
    ) -> Self {
        let closed = counted.closed;
        let scope = frame
            .say("weekly-scope")
            .with("from", frame.day(closed.from))
            .with("until", frame.day(closed.to.plus(-1)))
            .with("zone", zone(asked.settings).name())
            .with("days", counted.window_days)
            .with("week", asked.week.to_string())
            .with("made", format!("{} ({})", frame.date_time(asked.now).text, frame.zone()));
        let (counts, follow_ups) = (&counted.counts, counted.follow_ups);
        let tiles =
            overview::tiles(frame, counted.window_days, counts, counted.at_risk, follow_ups);
        let empty = (counts.closings == 0).then(|| frame.say("weekly-empty").into());
        let effect =
            effect.map_or_else(|| frame.say("effect-none").into(), |one| one.words.clone());
        let effect = Section {
            title: frame.say("effect-title").into(),
            paragraphs: vec![effect],
            table: None,
        };
        Self {
            title: frame.title.clone(),
            scope: scope.into(),
            notice: empty,
            tiles: tiles.iter().map(|tile| tile.printed()).collect(),
            sections: vec![change_section(frame, counted.change.as_ref()), effect],
        }
    }

    fn subject(&self, frame: &Frame, week: Week) -> String {
        let rate = self.tiles.first().map_or("–", |tile| tile.value.as_str());
        let subject = frame.say("weekly-subject").with("week", week.to_string()).with("rate", rate);
        subject.into()
    }

    fn as_text(&self, frame: &Frame) -> String {
        let mut text = format!("{}\n\n{}\n", self.title, self.scope);
        // Writing into a String cannot fail.
        if let Some(notice) = &self.notice {
            let _ = writeln!(text, "\n{notice}");
        }
        for tile in &self.tiles {
            let interval =
                tile.interval.as_ref().map_or(String::new(), |told| format!(" ({told})"));
            let _ = writeln!(
                text,
                "\n{}: {}{interval}\n  {}",
                tile.title, tile.value, tile.explanation
            );
        }
        for section in &self.sections {
            let _ = writeln!(text, "\n{}", section.title);
            section.paragraphs.iter().for_each(|paragraph| {
                let _ = writeln!(text, "{paragraph}");
            });
            section.table.iter().for_each(|table| write_rows(table, &mut text));
        }
        let _ =
            writeln!(text, "\n{}\n{}", frame.say("weekly-attached"), frame.say("weekly-automatic"));
        text
    }

    fn blocks(&self) -> Vec<Block> {
        let mut blocks =
            vec![Block::Heading(1, self.title.clone()), Block::Paragraph(self.scope.clone())];
        blocks.extend(self.notice.iter().cloned().map(Block::Notice));
        blocks.push(Block::Tiles(self.tiles.clone()));
        for section in &self.sections {
            blocks.push(Block::Heading(2, section.title.clone()));
            blocks.extend(section.paragraphs.iter().cloned().map(Block::Paragraph));
            blocks.extend(section.table.iter().cloned().map(Block::Table));
        }
        blocks
    }
}

/// Each row as a line: its name, then each figure with its heading.
fn write_rows(table: &TableBlock, text: &mut String) {
    let _ = writeln!(text, "{}:", table.caption);
    for row in &table.rows {
        let mut cells = table.columns.iter().zip(row).map(|(column, cell)| (&column.title, cell));
        let name = cells.next().map_or("", |(_, cell)| cell.as_str());
        let figures: Vec<String> = cells.map(|(title, cell)| format!("{title} {cell}")).collect();
        let _ = writeln!(text, "- {name}: {}", figures.join(", "));
    }
}

fn change_section(frame: &Frame, change: Option<&Decomposition>) -> Section {
    let titles = [frame.say("change-before"), frame.say("change-after")].map(String::from);
    let title = frame.say("change-title").into();
    let Some(view) = change.and_then(|change| ChangeView::of(frame, change, titles)) else {
        return Section { title, paragraphs: vec![frame.say("change-none").into()], table: None };
    };
    let mut table = view.effects.printed(frame);
    table.rows.truncate(MOST_EFFECTS);
    let moved = frame
        .say("change-from-to")
        .with("before", view.before)
        .with("after", view.after)
        .with("difference", view.difference)
        .with("low", view.low)
        .with("high", view.high);
    let by_chance = frame.say(if view.is_clear { "change-clear" } else { "change-unclear" });
    let parts = frame.say("change-parts").with("mix", view.mix).with("rate", view.rate);
    Section {
        title,
        paragraphs: vec![format!("{moved} {by_chance}"), parts.into()],
        table: Some(table),
    }
}

/// The week, and after it the risk report of the weeks until its end.
async fn pdf(frame: &Frame, asked: &WeeklyAsked<'_>, words: &Words) -> Result<Vec<u8>, PageError> {
    let week = asked.week.period();
    let risk = RiskAsked {
        settings: asked.settings,
        store: asked.store,
        tenant: asked.tenant,
        model: asked.model,
        period: Period { from: week.to.plus(-RISK_DAYS), to: week.to },
        team: None,
        now: asked.now,
    };
    let view = RiskView::of(frame, &risk, &Export::nowhere()).await?;
    let mut blocks = words.blocks();
    blocks.extend(view.printed(frame, &risk, 2));
    write(frame, document(frame, words.title.clone(), &risk, blocks)).await
}
