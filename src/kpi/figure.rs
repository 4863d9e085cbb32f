//! [`Figure`]: one number with everything that belongs to it: out of how many, how sure, and what was left out.

use super::day::Cell;
use super::interval::{PairSums, median, of_mean, of_nps, of_ratio};
use super::measure::{Formula, Measure, Unit, Values, Window};
use super::tally::{Column, Tally};
use crate::outcome::WINDOWS_DAYS;
use crate::statistics::{CONFIDENCE, Interval, Proportion};
use crate::timestamp::Timestamp;
use serde::Serialize;

/// A number, or why there is none.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Figure {
    /// The measure.
    pub measure: &'static str,
    /// The part of it, where it has several: the number of contacts.
    pub part: Option<&'static str>,
    /// Days after the close in which is looked; null where nothing is waited for.
    pub window_days: Option<u32>,
    /// The number; null where there is nothing to tell it from.
    pub value: Option<f64>,
    /// In what it is told.
    pub unit: Unit,
    /// What was counted or summed; null for medians.
    pub numerator: Option<f64>,
    /// Out of what; null for medians and counts.
    pub denominator: Option<f64>,
    /// How many cases it rests on.
    pub n: u64,
    /// The 95 % interval; the definition names the method.
    pub interval: Option<Interval>,
    /// Whether it rests on so few cases that it says little.
    pub is_small: bool,
    /// What was left out and why.
    pub excluded: Vec<Excluded>,
    /// From when on nothing of the period is too young; null where nothing is waited for.
    pub mature_at: Option<Timestamp>,
    /// Why there is no number although there were tickets: what the ticket events lack.
    pub not_measured: Option<String>,
}

/// Cases that did not enter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Excluded {
    /// Why.
    pub reason: Exclusion,
    /// How many.
    pub n: u64,
}

/// Why cases did not enter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Exclusion {
    /// The window after the close is not over.
    Immature,
    /// The ticket's event lacks a needed field.
    WithoutFields,
    /// The first level could not have resolved it.
    NotResolvable,
    /// An answer on a scale that is not known.
    WithoutScale,
}

impl Exclusion {
    /// The word in answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Immature => "immature",
            Self::WithoutFields => "without_fields",
            Self::NotResolvable => "not_resolvable",
            Self::WithoutScale => "without_scale",
        }
    }
}

/// Everything that was counted in one slice and period.
#[derive(Debug, Clone, Default)]
pub struct Sums {
    /// Over all days.
    pub all: Tally,
    /// Over days that are mature in the window asked for.
    pub mature: Tally,
    /// Over days that are mature in a window of 7 days.
    pub mature_seven: Tally,
    /// Values one by one, where a measure needs them.
    pub values: Cell,
    /// Tickets open at the end of the period.
    pub backlog: Option<f64>,
    /// Days of the period until today.
    pub elapsed_days: u32,
}

/// What figures depend on besides the sums.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    /// The window asked for.
    pub window_days: u32,
    /// Below so many cases a figure is small.
    pub small_numbers: u64,
}

/// Names of the parts by number of contacts.
const PARTS: [&str; 4] = ["1", "2", "3", "4+"];

impl Measure {
    /// How many figures this measure has.
    #[must_use]
    pub fn parts(&self) -> usize {
        if self.formula == Formula::CsatByContacts { PARTS.len() } else { 1 }
    }

    /// The figures of this measure; one, but for those that have parts. `mature_at` is asked with a window in days.
    #[must_use]
    pub fn figures(
        &self,
        sums: &mut Sums,
        terms: Terms,
        mature_at: impl Fn(u32) -> Timestamp,
    ) -> Vec<Figure> {
        if self.formula == Formula::CsatByContacts {
            let parts = PARTS.iter().enumerate();
            return parts.map(|(index, part)| self.csat_part(sums, terms, index, part)).collect();
        }
        let window_days = self.window_days(terms.window_days);
        let mut figure = match self.formula {
            Formula::Episodes { .. }
            | Formula::ExplicitShare
            | Formula::Tickets { .. }
            | Formula::CsatByContacts => {
                self.of_rate(self.proportion(sums, terms).unwrap_or_default())
            }
            Formula::Customers => self.of_customers(&mut sums.values, terms),
            Formula::Nps => self.of_nps(&sums.all),
            Formula::Handling => self.of_handling(&sums.all),
            Formula::Cost => self.of_cost(&sums.all),
            Formula::Median(values) => self.of_median(sums, values),
            Formula::Backlog => {
                Figure { value: sums.backlog, numerator: sums.backlog, ..self.empty() }
            }
            Formula::ContactsPerDay => self.of_contacts(sums),
        };
        figure.excluded = self.excluded(sums);
        figure.window_days = window_days;
        figure.mature_at = window_days.map(mature_at);
        self.finish(figure, sums, terms)
    }

    /// The cases and all of them, for measures that are shares of cases that add up.
    #[must_use]
    pub fn proportion(&self, sums: &Sums, terms: Terms) -> Option<Proportion> {
        let place = WINDOWS_DAYS.iter().position(|days| *days == terms.window_days).unwrap_or(0);
        Some(match self.formula {
            Formula::Episodes { events, is_complement, window } => {
                let (mature, place) = match window {
                    Window::Asked => (&sums.mature, place),
                    Window::Seven => (&sums.mature_seven, 0),
                };
                let trials = mature.count(Column::Episodes);
                let came: u64 = events.iter().map(|event| mature.count_at(*event, place)).sum();
                let count = if is_complement { trials.saturating_sub(came) } else { came };
                Proportion { count, trials }
            }
            Formula::ExplicitShare => {
                let count = sums.mature.count_at(Column::Explicit1, place);
                let implicit = sums.mature.count_at(Column::Implicit1, place);
                Proportion { count, trials: count + implicit }
            }
            Formula::Tickets { count, known } => {
                Proportion { count: sums.all.count(count), trials: sums.all.count(known) }
            }
            _ => return None,
        })
    }

    fn empty(&self) -> Figure {
        Figure {
            measure: self.id,
            part: None,
            window_days: None,
            value: None,
            unit: self.unit,
            numerator: None,
            denominator: None,
            n: 0,
            interval: None,
            is_small: false,
            excluded: Vec::new(),
            mature_at: None,
            not_measured: None,
        }
    }

    fn of_rate(&self, proportion: Proportion) -> Figure {
        Figure {
            value: proportion.rate(),
            numerator: Some(as_f64(proportion.count)),
            denominator: Some(as_f64(proportion.trials)),
            n: proportion.trials,
            interval: proportion.wilson(CONFIDENCE),
            ..self.empty()
        }
    }

    fn of_customers(&self, values: &mut Cell, terms: Terms) -> Figure {
        let place = WINDOWS_DAYS.iter().position(|days| *days == terms.window_days).unwrap_or(0);
        let (trials, count) = values.persons.count(place);
        self.of_rate(Proportion { count, trials })
    }

    fn of_nps(&self, tally: &Tally) -> Figure {
        let [n, promoters, detractors] =
            [Column::NpsKnown, Column::NpsPromoters, Column::NpsDetractors]
                .map(|column| tally.get(column));
        Figure {
            value: (n > 0.0).then(|| 100.0 * (promoters - detractors) / n),
            numerator: Some(promoters - detractors),
            denominator: Some(n),
            n: tally.count(Column::NpsKnown),
            interval: of_nps(n, promoters, detractors),
            ..self.empty()
        }
    }

    fn of_handling(&self, tally: &Tally) -> Figure {
        let [n, sum, squares] =
            [Column::HandlingKnown, Column::HandlingSum, Column::HandlingSquares]
                .map(|column| tally.get(column));
        Figure {
            value: (n > 0.0).then(|| sum / n),
            numerator: Some(sum),
            denominator: Some(n),
            n: tally.count(Column::HandlingKnown),
            interval: of_mean(n, sum, squares).map(from_nothing),
            ..self.empty()
        }
    }

    fn of_cost(&self, tally: &Tally) -> Figure {
        let sums = PairSums {
            n: tally.get(Column::CostKnown),
            above: tally.get(Column::CostSum),
            above_squares: tally.get(Column::CostSquares),
            below: tally.get(Column::CostContacts),
            below_squares: tally.get(Column::CostContactsSquares),
            products: tally.get(Column::CostProducts),
        };
        Figure {
            value: (sums.below > 0.0).then(|| sums.above / sums.below),
            numerator: Some(sums.above),
            denominator: Some(sums.below),
            n: tally.count(Column::CostKnown),
            interval: of_ratio(&sums).map(from_nothing),
            ..self.empty()
        }
    }

    fn of_median(&self, sums: &mut Sums, values: Values) -> Figure {
        let values = match values {
            Values::Response => &mut sums.values.responses,
            Values::Resolution | Values::Customers => &mut sums.values.resolutions,
        };
        let found = median(values);
        Figure {
            value: found.map(|(middle, _)| middle),
            n: values.len() as u64,
            interval: found.and_then(|(_, interval)| interval),
            ..self.empty()
        }
    }

    fn of_contacts(&self, sums: &Sums) -> Figure {
        let days = f64::from(sums.elapsed_days);
        let contacts = sums.all.get(Column::Contacts);
        Figure {
            value: (days > 0.0).then(|| contacts / days),
            numerator: Some(contacts),
            denominator: Some(days),
            n: sums.all.count(Column::Contacts),
            ..self.empty()
        }
    }

    fn csat_part(&self, sums: &Sums, terms: Terms, index: usize, part: &'static str) -> Figure {
        let figure = self.of_rate(Proportion {
            count: sums.all.count_at(Column::CsatSatisfied1, index),
            trials: sums.all.count_at(Column::CsatKnown1, index),
        });
        let parts = 0..PARTS.len();
        let known: u64 = parts.map(|index| sums.all.count_at(Column::CsatKnown1, index)).sum();
        let mut figure = Figure { part: Some(part), ..figure };
        figure.excluded = self.excluded(sums);
        if known == 0 {
            figure.not_measured = self.lack(&sums.all);
        }
        figure.is_small = figure.n < terms.small_numbers;
        figure
    }

    /// What every figure is told with at last.
    fn finish(&self, mut figure: Figure, sums: &Sums, terms: Terms) -> Vec<Figure> {
        let is_count = matches!(self.formula, Formula::Backlog | Formula::ContactsPerDay);
        figure.is_small = !is_count && figure.n < terms.small_numbers;
        if figure.n == 0 && figure.value.is_none() {
            figure.not_measured = self.lack(&sums.all);
        }
        vec![figure]
    }

    /// What the ticket events lack, where there are tickets.
    fn lack(&self, tally: &Tally) -> Option<String> {
        let is_lacking = !self.needs.is_empty() && tally.count(Column::Tickets) > 0;
        is_lacking.then(|| {
            let (noun, fields) = match self.needs {
                [one] => ("field", (*one).to_owned()),
                many => ("fields", many.join(", ")),
            };
            format!("needs {noun} {fields} of the ticket event")
        })
    }

    fn excluded(&self, sums: &Sums) -> Vec<Excluded> {
        let all = &sums.all;
        let tickets = all.count(Column::Tickets);
        let missing = |known: u64| (Exclusion::WithoutFields, tickets.saturating_sub(known));
        let scale = (Exclusion::WithoutScale, all.count(Column::CsatWithoutScale));
        let found = match self.formula {
            Formula::Episodes { .. } | Formula::ExplicitShare | Formula::Customers => {
                let is_seven =
                    matches!(self.formula, Formula::Episodes { window: Window::Seven, .. });
                let mature = if is_seven { &sums.mature_seven } else { &sums.mature };
                let episodes = all.count(Column::Episodes);
                let young = episodes.saturating_sub(mature.count(Column::Episodes));
                vec![(Exclusion::Immature, young)]
            }
            Formula::Tickets { known: Column::NetKnown, .. } => {
                let unresolvable = all.count(Column::NetUnresolvable);
                vec![
                    (Exclusion::NotResolvable, unresolvable),
                    missing(all.count(Column::NetKnown) + unresolvable),
                ]
            }
            Formula::Tickets { known: Column::CsatKnown, .. } => {
                vec![scale, missing(all.count(Column::CsatKnown) + scale.1)]
            }
            Formula::CsatByContacts => {
                let known = all.count(Column::CsatKnown) - all.count(Column::CsatWithoutContacts);
                vec![scale, missing(known + scale.1)]
            }
            Formula::Tickets { known, .. } => vec![missing(all.count(known))],
            Formula::Nps => vec![missing(all.count(Column::NpsKnown))],
            Formula::Handling => vec![missing(all.count(Column::HandlingKnown))],
            Formula::Cost => vec![missing(all.count(Column::CostKnown))],
            Formula::Median(Values::Response) => vec![missing(all.count(Column::ResponseKnown))],
            Formula::Median(_) | Formula::Backlog | Formula::ContactsPerDay => Vec::new(),
        };
        let is_told = |(reason, n): (Exclusion, u64)| (n > 0).then_some(Excluded { reason, n });
        found.into_iter().filter_map(is_told).collect()
    }
}

/// Times and costs are never below zero.
fn from_nothing(interval: Interval) -> Interval {
    Interval { low: interval.low.max(0.0), high: interval.high }
}

#[expect(clippy::cast_precision_loss, reason = "numbers of tickets fit into 53 bits")]
fn as_f64(count: u64) -> f64 {
    count as f64
}
