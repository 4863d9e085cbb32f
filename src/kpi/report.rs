//! [`KpiReport`]: figures of a period by slice and step, from counted days. [`KpiChange`]: why a rate moved.

use super::calendar::{Day, Period, Step, Zone};
use super::day::Dimension;
use super::decomposition::{CategoryCounts, Decomposition};
use super::figure::{Figure, Sums, Terms};
use super::measure::{Definition, Formula, Measure, Values};
use super::tally::{Column, Tally};
use crate::outcome::WINDOWS_DAYS;
use crate::risk::Language;
use crate::timestamp::Timestamp;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Which figures.
#[derive(Debug, Clone)]
pub struct KpiQuery {
    /// Of which local days.
    pub period: Period,
    /// By which slices; none: not divided.
    pub by: Option<Dimension>,
    /// In which steps of time; none: the period as a whole.
    pub step: Option<Step>,
    /// Only of this slice; empty: of what is not known. Not together with `by`.
    pub slice: Option<(Dimension, String)>,
    /// Days after the close for the measures that look into a window; one of [`WINDOWS_DAYS`].
    pub window_days: u32,
    /// Which measures, in this order.
    pub measures: Vec<&'static Measure>,
}

impl KpiQuery {
    /// Which days' cells it is answered from.
    #[must_use]
    pub fn dimension(&self) -> Dimension {
        let of_slice = self.slice.as_ref().map(|(dimension, _)| *dimension);
        self.by.or(of_slice).unwrap_or(Dimension::All)
    }

    /// Which values are needed one by one.
    #[must_use]
    pub fn values(&self) -> BTreeSet<Values> {
        self.measures.iter().filter_map(|measure| measure.values()).collect()
    }

    /// Whether flows before the period are needed.
    #[must_use]
    pub fn needs_backlog(&self) -> bool {
        self.measures.iter().any(|measure| measure.formula == Formula::Backlog)
    }

    /// How many figures a report of these days has: each of them holds sums, so that is known before they are made.
    #[must_use]
    pub fn figures_of(&self, days: &KpiDays) -> usize {
        let slices = match self.by {
            Some(_) => {
                let tallies = days.tallies.iter().map(|(label, _, _)| label);
                let values = days.values.iter().map(|(_, label, _, _)| label);
                tallies.chain(values).chain(days.backlog.keys()).collect::<BTreeSet<_>>().len()
            }
            None => 1,
        };
        let steps = self.step.map_or(1, |step| self.period.steps(step));
        let figures: usize = self.measures.iter().map(|measure| measure.parts()).sum();
        slices * steps * figures
    }
}

/// What is read of the counted days for a query.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct KpiDays {
    /// Counts by label and day; those of a month by its first day.
    pub tallies: Vec<(String, Day, Tally)>,
    /// Tickets open before the period by label.
    pub backlog: BTreeMap<String, f64>,
    /// Values one by one by label and day, as they are stored.
    pub values: Vec<(Values, String, Day, String)>,
}

/// Figures of a period.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct KpiReport {
    /// The local days that are told about.
    pub period: Period,
    /// The time zone of the days.
    pub time_zone: String,
    /// The instant for which maturity is told.
    pub as_of: Timestamp,
    /// The window asked for, in days after the close.
    pub window_days: u32,
    /// By what it is divided: team, category, channel or segment; null where it is not.
    pub by: Option<&'static str>,
    /// In which steps of time; null where it is the period as a whole.
    pub step: Option<Step>,
    /// Below so many cases a figure is marked as small.
    pub small_numbers: u64,
    /// One for each slice and step, in the order of their labels and of time. Never ordered by a figure.
    pub groups: Vec<KpiGroup>,
    /// What the figures are.
    pub definitions: Vec<Definition>,
}

/// Figures of one slice in one step of time.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct KpiGroup {
    /// The slice; null where the period is not divided, and for what is not known.
    pub label: Option<String>,
    /// The step's name, such as 2026-W05; null where the period is not cut.
    pub step: Option<String>,
    /// Its days. The first and the last step may be cut by the period.
    pub period: Period,
    /// The figures, in the order of the measures.
    pub figures: Vec<Figure>,
}

/// Why a rate moved from the period before to a period.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct KpiChange {
    /// The measure.
    pub measure: Definition,
    /// The period before, of the same length.
    pub before: Period,
    /// The period.
    pub after: Period,
    /// The time zone of the days.
    pub time_zone: String,
    /// The instant for which maturity is told.
    pub as_of: Timestamp,
    /// Episodes of both periods that are too young to count.
    pub immature: u64,
    /// From when on nothing of the later period is too young; null where nothing is waited for.
    pub mature_at: Option<Timestamp>,
    /// How the change is taken apart.
    pub method: &'static str,
    /// The parts by category; null where one of the periods has no cases.
    pub decomposition: Option<Decomposition>,
}

/// How changes are taken apart.
const METHOD: &str = "kitagawa_1955";

/// What is told and how, besides the query.
#[derive(Debug, Clone, Copy)]
pub struct KpiContext<'a> {
    /// The zone of the days.
    pub zone: &'a Zone,
    /// Below so many cases a figure is small.
    pub small_numbers: u64,
    /// In which language definitions are.
    pub language: Language,
    /// As of when.
    pub now: Timestamp,
}

impl KpiContext<'_> {
    /// Before this day nothing is too young, whichever measure asks.
    #[must_use]
    pub fn mature_until(&self, window_days: u32) -> Day {
        self.first_immature(window_days).min(self.first_immature(7))
    }

    /// When the last episode of a period is mature.
    fn mature_at(&self, period: Period, window_days: u32) -> Timestamp {
        self.zone.start_of(period.to).plus_days(i64::from(window_days))
    }

    /// The first day that is too young: a day counts as a whole, when the window after its end is over.
    fn first_immature(&self, window_days: u32) -> Day {
        // Within two days of here, whatever clocks do.
        let about = self.zone.day_of(self.now.plus_days(-i64::from(window_days)));
        (-2..=2)
            .map(|days| about.plus(days))
            .find(|day| self.zone.end_of(*day).plus_days(i64::from(window_days)) > self.now)
            .unwrap_or(about)
    }
}

impl KpiReport {
    /// Tells a query's figures from counted days.
    ///
    /// # Errors
    /// If stored values are not as they were written, with the place.
    pub fn new(query: &KpiQuery, days: &KpiDays, context: KpiContext<'_>) -> Result<Self, String> {
        let parts = match query.step {
            Some(step) => query.period.cut(step),
            None => vec![query.period],
        };
        let mut groups = Vec::new();
        let terms = Terms { window_days: query.window_days, small_numbers: context.small_numbers };
        for (label, all_sums) in sums_by_label(query, days, &parts, context)? {
            for (part, mut sums) in parts.iter().zip(all_sums) {
                let mature_at = |window_days| context.mature_at(*part, window_days);
                let figures = query
                    .measures
                    .iter()
                    .flat_map(|measure| measure.figures(&mut sums, terms, mature_at))
                    .collect();
                groups.push(KpiGroup {
                    label: Some(label.clone()).filter(|label| !label.is_empty()),
                    step: query.step.map(|step| step.label(part.from)),
                    period: *part,
                    figures,
                });
            }
        }
        let define = |measure: &&Measure| measure.definition(query.window_days, context.language);
        Ok(Self {
            period: query.period,
            time_zone: context.zone.name().to_owned(),
            as_of: context.now,
            window_days: query.window_days,
            by: query.by.map(Dimension::as_str),
            step: query.step,
            small_numbers: context.small_numbers,
            groups,
            definitions: query.measures.iter().map(define).collect(),
        })
    }
}

impl KpiChange {
    /// Takes apart by category how a rate moved to `period` from the one before. `days` are those of both, by category.
    #[must_use]
    pub fn new(
        measure: &'static Measure,
        period: Period,
        window_days: u32,
        days: &KpiDays,
        context: KpiContext<'_>,
    ) -> Self {
        let terms = Terms { window_days, small_numbers: context.small_numbers };
        let window = measure.window_days(window_days);
        let first_immature = window.map(|days| context.first_immature(days));
        let mut by_category: BTreeMap<&str, [Sums; 2]> = BTreeMap::new();
        let mut immature = 0;
        let before = period.previous();
        for (label, day, tally) in &days.tallies {
            let place = usize::from(period.contains(*day));
            if place == 0 && !before.contains(*day) {
                continue;
            }
            if first_immature.is_some_and(|first| *day >= first) {
                immature += tally.count(Column::Episodes);
                continue;
            }
            let sums = &mut by_category.entry(label).or_default()[place];
            sums.all += tally;
            sums.mature += tally;
            sums.mature_seven += tally;
        }
        let proportion = |sums: &Sums| measure.proportion(sums, terms).unwrap_or_default();
        let counts = by_category.into_iter().map(|(category, [before, after])| CategoryCounts {
            category: Some(category.to_owned()).filter(|category| !category.is_empty()),
            before: proportion(&before),
            after: proportion(&after),
        });
        Self {
            measure: measure.definition(window_days, context.language),
            before,
            after: period,
            time_zone: context.zone.name().to_owned(),
            as_of: context.now,
            immature,
            mature_at: window.map(|days| context.mature_at(period, days)),
            method: METHOD,
            decomposition: Decomposition::new(counts.collect()),
        }
    }
}

/// The sums of each label, one for each part of the period.
fn sums_by_label(
    query: &KpiQuery,
    days: &KpiDays,
    parts: &[Period],
    context: KpiContext<'_>,
) -> Result<BTreeMap<String, Vec<Sums>>, String> {
    let first_immature = context.first_immature(query.window_days);
    let first_immature_seven = context.first_immature(7);
    let today = context.zone.day_of(context.now);
    let mut by_label: BTreeMap<String, Vec<Sums>> = BTreeMap::new();
    if query.by.is_none() {
        let label = query.slice.as_ref().map(|(_, label)| label.clone()).unwrap_or_default();
        by_label.insert(label, vec![Sums::default(); parts.len()]);
    }
    let place = |day: Day| {
        let index = parts.partition_point(|part| part.to <= day);
        parts.get(index).filter(|part| part.contains(day)).map(|_| index)
    };
    for (label, day, tally) in &days.tallies {
        let Some(index) = place(*day) else { continue };
        let sums = &mut sums_of(&mut by_label, label, parts.len())[index];
        sums.all += tally;
        if *day < first_immature {
            sums.mature += tally;
        }
        if *day < first_immature_seven {
            sums.mature_seven += tally;
        }
    }
    let bit = WINDOWS_DAYS.iter().position(|days| *days == query.window_days).unwrap_or(0);
    for (values, label, day, text) in &days.values {
        let Some(index) = place(*day) else { continue };
        if *values == Values::Customers && *day >= first_immature {
            continue;
        }
        let sums = &mut sums_of(&mut by_label, label, parts.len())[index];
        sums.values
            .add_values(*values, text, 1 << bit)
            .ok_or_else(|| format!("{} of {day} cannot be read", values.as_str()))?;
    }
    if query.needs_backlog() {
        for label in days.backlog.keys() {
            sums_of(&mut by_label, label, parts.len());
        }
    }
    for (label, all_sums) in &mut by_label {
        let mut open = days.backlog.get(label).copied().unwrap_or(0.0);
        for (sums, part) in all_sums.iter_mut().zip(parts) {
            let [opened, reopened, closed] = [Column::Opened, Column::Reopened, Column::Closed]
                .map(|column| sums.all.get(column));
            open += opened + reopened - closed;
            sums.backlog = (part.from <= today).then_some(open);
            let end = part.to.min(today.plus(1));
            sums.elapsed_days = u32::try_from(part.from.days_until(end)).unwrap_or(0);
        }
    }
    Ok(by_label)
}

fn sums_of<'a>(
    by_label: &'a mut BTreeMap<String, Vec<Sums>>,
    label: &str,
    parts: usize,
) -> &'a mut Vec<Sums> {
    if !by_label.contains_key(label) {
        by_label.insert(label.to_owned(), vec![Sums::default(); parts]);
    }
    by_label.entry(label.to_owned()).or_default()
}
