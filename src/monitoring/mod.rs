//! Whether what the models see and say has changed: a current window against the reference window before it.
//!
//! Nothing here reads a clock or a database: [`crate::store`] reads [`Samples`], [`MonitoringReport::new`] compares them.

mod distance;
mod domain;
mod features;
mod figure;
mod options;
mod report;
#[cfg(test)]
mod tests;

pub use distance::{
    Distance, Mix, Numbers, PSI_BINS, jensen_shannon, population_stability,
    population_stability_with_missing,
};
pub use domain::domain_area;
pub use features::{FeatureSample, Features, Value};
pub use figure::{Counts, Figure, Measure, Status, Versions};
pub use options::MonitoringOptions;
pub use report::MonitoringReport;

use crate::timestamp::Timestamp;
use serde::Serialize;

/// A span of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Window {
    /// Its first instant.
    pub from: Timestamp,
    /// The first instant after it.
    pub to: Timestamp,
}

/// The two spans that are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Windows {
    /// What is taken for usual.
    pub reference: Window,
    /// What is compared with it.
    pub current: Window,
}

impl Windows {
    /// The windows as of an instant.
    #[must_use]
    pub fn ending(now: Timestamp, options: &MonitoringOptions) -> Self {
        let middle = now.plus_days(-i64::from(options.current_days));
        let first = middle.plus_days(-i64::from(options.reference_days));
        Self {
            reference: Window { from: first, to: middle },
            current: Window { from: middle, to: now },
        }
    }
}

/// A stored classification.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ContactRow {
    /// The model that made it.
    pub model_version: String,
    /// The probability of the best label, 0 to 1; `None` where no model said one.
    pub probability: Option<f64>,
    /// The label; `None` when the model abstained.
    pub category: Option<String>,
    /// auto, suggest or abstain.
    pub action: Option<String>,
    /// Why not auto.
    pub reason: Option<String>,
    /// ISO 639-1 code of the text's language, where one was told.
    pub language: Option<String>,
    /// The way it came in.
    pub channel: Option<String>,
}

/// A closing with its stored assessment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ClosingRow {
    /// The model that made the assessment.
    pub model_version: String,
    /// The probability that the customer comes back, 0 to 1.
    pub probability: f64,
    /// low, medium or high.
    pub band: String,
    /// What it was about.
    pub category: Option<String>,
    /// The way the customer came in.
    pub channel: Option<String>,
    /// Whether the customer came back with the same or an adjacent issue; `None` while that can still happen.
    pub repeated: Option<bool>,
}

/// What the store keeps of a window, by a sample where that is more than is read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sample {
    /// Customers' contacts.
    pub contacts: Vec<ContactRow>,
    /// Assessed closings.
    pub closings: Vec<ClosingRow>,
    /// What the risk model looked at in these closings.
    pub features: Features,
    /// Vectors of texts, of one encoder.
    pub embeddings: Vec<Vec<f32>>,
}

/// What the store keeps of both windows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Samples {
    /// Of the reference window.
    pub reference: Sample,
    /// Of the current window.
    pub current: Sample,
    /// The encoder of all vectors; `None` if there are none.
    pub encoder: Option<String>,
}
