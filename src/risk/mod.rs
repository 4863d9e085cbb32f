//! How likely a customer is to return with the same issue, at the moment a ticket is closed: [`RiskModel`].
//!
//! The model is linear in the log-odds, so every reason it gives is exact: [`RecontactRisk::base_logit`] plus the
//! contributions of all reasons is the logit. Nothing here reads a clock, a file or a random source after loading.

pub mod band;
pub mod encoding;
pub mod features;
pub mod reasons;

pub use band::{BandThresholds, RiskBand};
pub use features::FeatureValue;
pub use reasons::{Language, Reason, describe};

use crate::probability::Probability;
use crate::registry::{Artifact, ArtifactError};
use crate::ticket::{ClosedTicket, CustomerHistory};
use encoding::FeatureModel;
use features::{Facts, FeatureKind};
use serde::{Deserialize, Serialize};

/// The file of a model folder that holds a [`RiskWeights`].
pub const MODEL_FILE: &str = "model.json";

/// What `model.json` holds: every number the model needs, under its feature's name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RiskWeights {
    /// The days after the closing for which the probability holds.
    pub window_days: u32,
    /// Log-odds when every column is zero.
    pub intercept: f64,
    /// Where the bands begin.
    pub bands: BandThresholds,
    /// The features, each with its encoding and weights.
    pub features: Vec<FeatureModel>,
}

/// A trained model, ready to assess tickets.
#[derive(Debug, Clone)]
pub struct RiskModel {
    version: String,
    weights: RiskWeights,
    /// Per feature: what it contributes on average in training, taken out of its contribution and into the base.
    expected: Vec<f64>,
    base_logit: f64,
}

/// How likely a customer is to return with the same issue, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecontactRisk {
    /// Probability of another ticket of the same category within the window.
    pub probability: Probability,
    /// The same as log-odds.
    pub logit: f64,
    /// Low, medium or high.
    pub band: RiskBand,
    /// The lowest probability of the high band.
    pub threshold: Probability,
    /// The days after the closing for which the probability holds.
    pub window_days: u32,
    /// Log-odds of the average training ticket; with all contributions added it is `logit`.
    pub base_logit: f64,
    /// Every feature that moves this ticket's risk, the strongest first.
    pub reasons: Vec<Reason>,
}

impl RiskModel {
    /// Reads and checks `model.json` of a model folder.
    ///
    /// # Errors
    /// [`ArtifactError::Content`] when the file is malformed, a number is not usable, or a feature is not known here.
    pub fn load(artifact: &Artifact) -> Result<Self, ArtifactError> {
        let fault = |reason: String| artifact.content_error(MODEL_FILE, reason);
        let weights: RiskWeights = serde_json::from_slice(artifact.file(MODEL_FILE)?)
            .map_err(|error| fault(error.to_string()))?;
        Self::new(artifact.version().to_owned(), weights).map_err(fault)
    }

    /// Checks weights and makes them a model.
    ///
    /// # Errors
    /// What is wrong with them, naming the feature.
    pub fn new(version: String, weights: RiskWeights) -> Result<Self, String> {
        check(&weights)?;
        let expected: Vec<f64> = weights
            .features
            .iter()
            .map(|feature| {
                feature.encoding.columns().iter().map(|column| column.weight * column.mean).sum()
            })
            .collect();
        let base_logit = weights.intercept + expected.iter().sum::<f64>();
        Ok(Self { version, weights, expected, base_logit })
    }

    /// Assesses a ticket at the moment it was closed. `history` holds the customer's other tickets, not this one;
    /// those opened at or after the closing are not looked at. Attributes the model was not trained on are ignored.
    #[must_use]
    pub fn assess(&self, ticket: &ClosedTicket, history: &CustomerHistory) -> RecontactRisk {
        self.assess_facts(&Facts::gather(ticket, &history.tickets))
    }

    /// Assesses facts that were gathered already, as training does for many tickets of one customer.
    #[must_use]
    pub fn assess_facts(&self, facts: &Facts<'_>) -> RecontactRisk {
        let features = self.weights.features.iter().zip(&self.expected);
        let all: Vec<Reason> =
            features.map(|(feature, expected)| reason(feature, *expected, facts)).collect();
        let logit = self.base_logit + all.iter().map(|reason| reason.contribution).sum::<f64>();
        let probability = Probability::from_logit(logit);
        let mut reasons: Vec<Reason> =
            all.into_iter().filter(|reason| reason.contribution != 0.0).collect();
        reasons.sort_by(|a, b| {
            let by_strength = b.contribution.abs().total_cmp(&a.contribution.abs());
            by_strength.then_with(|| a.feature.cmp(&b.feature))
        });
        RecontactRisk {
            probability,
            logit,
            band: self.weights.bands.band(probability),
            threshold: self.weights.bands.high(),
            window_days: self.weights.window_days,
            base_logit: self.base_logit,
            reasons,
        }
    }

    /// The model folder's name.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The days after the closing for which probabilities hold.
    #[must_use]
    pub fn window_days(&self) -> u32 {
        self.weights.window_days
    }

    /// Where the bands begin.
    #[must_use]
    pub fn bands(&self) -> BandThresholds {
        self.weights.bands
    }

    /// The features in the model's order, built-in ones and attributes.
    pub fn feature_names(&self) -> impl Iterator<Item = &str> {
        self.weights.features.iter().map(|feature| feature.name.as_str())
    }

    /// The attributes of a ticket that the model looks at, and how each is measured.
    pub fn attributes(&self) -> impl Iterator<Item = (&str, FeatureKind)> {
        let attributes = self.weights.features.iter().filter(|feature| feature.attribute);
        attributes.map(|feature| (feature.name.as_str(), feature.encoding.kind()))
    }
}

/// What one feature adds to this ticket's log-odds beyond its average in training.
fn reason(feature: &FeatureModel, expected: f64, facts: &Facts<'_>) -> Reason {
    let value = feature.value(facts);
    let mut sum = 0.0;
    feature.encoding.encode(&value, |column, content| {
        sum += feature.encoding.weight(column) * content;
    });
    Reason {
        feature: feature.name.clone(),
        value: value.shown(),
        typical: feature.encoding.typical(),
        contribution: sum - expected,
    }
}

fn check(weights: &RiskWeights) -> Result<(), String> {
    if weights.window_days == 0 {
        return Err("window_days: expected at least 1".into());
    }
    if !weights.intercept.is_finite() {
        return Err("intercept: expected a finite number".into());
    }
    let mut names = std::collections::BTreeSet::new();
    for feature in &weights.features {
        let name = &feature.name;
        let kind = feature.encoding.kind();
        let is_built_in = features::built_in().any(|known| known == (name.as_str(), kind));
        if !feature.attribute && !is_built_in {
            return Err(format!("feature {name}: not known to this program"));
        }
        if !names.insert(name) {
            return Err(format!("feature {name}: named twice"));
        }
        if let Some(fault) = feature.encoding.fault() {
            return Err(format!("feature {name}: {fault}"));
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "risk_tests.rs"]
mod tests;
