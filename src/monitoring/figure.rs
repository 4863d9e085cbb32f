//! [`Figure`]: one comparison with all that is needed to judge it.

use super::MonitoringOptions;
use super::distance::{Distance, as_f64, count};
use crate::statistics::{Proportion, newcombe_difference};
use serde::Serialize;
use utoipa::ToSchema;

/// What a figure asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Too few cases to say anything.
    TooFew,
    /// Nothing.
    Ok,
    /// To be watched.
    Watch,
    /// To be looked into.
    Alert,
}

impl Status {
    /// The word in answers and reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TooFew => "too_few",
            Self::Ok => "ok",
            Self::Watch => "watch",
            Self::Alert => "alert",
        }
    }

    /// The number in metrics: -1 too few, 0 ok, 1 watch, 2 alert.
    #[must_use]
    pub fn level(self) -> f64 {
        match self {
            Self::TooFew => -1.0,
            Self::Ok => 0.0,
            Self::Watch => 1.0,
            Self::Alert => 2.0,
        }
    }
}

/// How a figure is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Population stability index; from 0 up.
    PopulationStability,
    /// Jensen-Shannon distance, 0 to 1.
    JensenShannon,
    /// A share, 0 to 1; judged by its difference from the reference.
    Share,
    /// A mean; judged by its difference from the reference.
    Mean,
    /// Mean prediction less observed rate; judged by its distance from 0.
    Gap,
    /// Area under the curve, 0 to 1; 0.5 where nothing can be told apart.
    RocAuc,
}

/// Cases of both windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Counts {
    /// Of the reference window.
    pub reference: u64,
    /// Of the current window.
    pub current: u64,
}

/// Models behind the cases of both windows, sorted. Where they differ, a change may come from the model.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Versions {
    /// Of the reference window.
    pub reference: Vec<String>,
    /// Of the current window.
    pub current: Vec<String>,
}

/// One comparison of the windows.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Figure {
    /// Its name.
    #[schema(value_type = String)]
    pub name: &'static str,
    /// Which share it is, of a figure with several.
    pub label: Option<String>,
    /// How it is computed.
    pub measure: Measure,
    /// The figure; of shares and means that of the current window. Null without cases.
    pub value: Option<f64>,
    /// Of shares and means that of the reference window.
    pub reference_value: Option<f64>,
    /// What is judged (the value, or the difference's size) must be above this: 5 % of pairs of equal windows are.
    pub chance: Option<f64>,
    /// Cases.
    pub n: Counts,
    /// Models.
    pub model_versions: Versions,
    /// From where on it is watched.
    pub watch: f64,
    /// From where on it is an alert.
    pub alert: f64,
    /// What it asks for.
    pub status: Status,
    /// What it is, in a sentence.
    #[schema(value_type = String)]
    pub definition: &'static str,
}

/// What figures of one subject have in common.
pub(super) struct Maker<'a> {
    pub(super) options: &'a MonitoringOptions,
    pub(super) versions: Versions,
}

/// Name and definition.
pub(super) type Title = (&'static str, &'static str);

impl Maker<'_> {
    pub(super) fn stability(&self, title: Title, reference: &[f64], current: &[f64]) -> Figure {
        let found = super::population_stability(reference, current);
        self.stability_of(title, found, reference.len() as u64, current.len() as u64)
    }

    /// The same from an index that was computed already, of so many cases.
    pub(super) fn stability_of(
        &self,
        title: Title,
        found: Option<Distance>,
        reference: u64,
        current: u64,
    ) -> Figure {
        let n = Counts { reference, current };
        self.of_distance(title, Measure::PopulationStability, found, n)
    }

    pub(super) fn mix(&self, title: Title, reference: &super::Mix, current: &super::Mix) -> Figure {
        let n = Counts { reference: reference.values().sum(), current: current.values().sum() };
        let found = super::jensen_shannon(reference, current);
        self.of_distance(title, Measure::JensenShannon, found, n)
    }

    pub(super) fn area(&self, title: Title, found: Option<Distance>, n: Counts) -> Figure {
        self.of_distance(title, Measure::RocAuc, found, n)
    }

    /// A share of each window; the level of chance is half the width of Newcombe's interval on the side of 0.
    pub(super) fn share(
        &self,
        title: Title,
        label: &str,
        reference: Proportion,
        current: Proportion,
    ) -> Figure {
        let n = Counts { reference: reference.trials, current: current.trials };
        let judged = newcombe_difference(current, reference, 0.95).and_then(|interval| {
            let difference = current.rate()? - reference.rate()?;
            let towards_zero = if difference >= 0.0 {
                difference - interval.low
            } else {
                interval.high - difference
            };
            Some(Distance { value: difference.abs(), chance: towards_zero })
        });
        Figure {
            label: Some(label.to_owned()),
            value: current.rate(),
            reference_value: reference.rate(),
            ..self.judged(title, Measure::Share, judged, n)
        }
    }

    /// A mean of each window; the level of chance is 1.96 standard errors of the difference (Welch).
    pub(super) fn mean(&self, title: Title, reference: &[f64], current: &[f64]) -> Figure {
        let n = Counts { reference: reference.len() as u64, current: current.len() as u64 };
        let moments = mean_and_error(reference).zip(mean_and_error(current));
        let judged = moments.map(|((r, error_r), (c, error_c))| Distance {
            value: (c - r).abs(),
            chance: 1.96 * (error_r + error_c).sqrt(),
        });
        Figure {
            value: moments.map(|(_, (c, _))| c),
            reference_value: moments.map(|((r, _), _)| r),
            ..self.judged(title, Measure::Mean, judged, n)
        }
    }

    /// Mean prediction less observed rate over the cases of both windows; the level of chance is 1.96 standard errors of the
    /// number of repeats if every prediction were right.
    pub(super) fn gap(&self, title: Title, cases: &[(f64, bool)], n: Counts) -> Figure {
        let total = count(cases.len());
        let gap = cases.iter().map(|(p, repeated)| p - f64::from(u8::from(*repeated))).sum::<f64>();
        let variance = cases.iter().map(|(p, _)| p * (1.0 - p)).sum::<f64>();
        let judged = (!cases.is_empty()).then(|| Distance {
            value: (gap / total).abs(),
            chance: 1.96 * variance.sqrt() / total,
        });
        let value = judged.map(|_| gap / total);
        let enough = n.reference + n.current >= self.options.min_n;
        let figure = self.judged(title, Measure::Gap, judged, n);
        let (watch, alert) = (figure.watch, figure.alert);
        let status = judged.filter(|_| enough).map_or(Status::TooFew, |d| judge(d, watch, alert));
        Figure { value, status, ..figure }
    }

    fn of_distance(
        &self,
        title: Title,
        measure: Measure,
        found: Option<Distance>,
        n: Counts,
    ) -> Figure {
        let value = found.map(|distance| distance.value);
        Figure { value, ..self.judged(title, measure, found, n) }
    }

    fn judged(
        &self,
        (name, definition): Title,
        measure: Measure,
        judged: Option<Distance>,
        n: Counts,
    ) -> Figure {
        let options = self.options;
        let (watch, alert) = match measure {
            Measure::PopulationStability => (options.psi_watch, options.psi_alert),
            Measure::JensenShannon => (options.js_watch, options.js_alert),
            Measure::Share | Measure::Mean | Measure::Gap => {
                (options.difference_watch, options.difference_alert)
            }
            Measure::RocAuc => (options.auc_watch, options.auc_alert),
        };
        let is_enough = n.reference.min(n.current) >= options.min_n;
        let status =
            judged.filter(|_| is_enough).map_or(Status::TooFew, |d| judge(d, watch, alert));
        Figure {
            name,
            label: None,
            measure,
            value: None,
            reference_value: None,
            chance: judged.map(|distance| distance.chance),
            n,
            model_versions: self.versions.clone(),
            watch,
            alert,
            status,
            definition,
        }
    }
}

fn judge(distance: Distance, watch: f64, alert: f64) -> Status {
    match distance.value {
        value if value <= distance.chance => Status::Ok,
        value if value >= alert => Status::Alert,
        value if value >= watch => Status::Watch,
        _ => Status::Ok,
    }
}

/// The mean and its squared standard error.
fn mean_and_error(sample: &[f64]) -> Option<(f64, f64)> {
    let n = count(sample.len());
    let mean = (!sample.is_empty()).then(|| sample.iter().sum::<f64>() / n)?;
    let squares = sample.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
    Some((mean, squares / (as_f64(sample.len().max(2) as u64 - 1) * n)))
}
