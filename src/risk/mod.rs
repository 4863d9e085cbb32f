//! How likely a customer is to return with the same issue, at the moment a ticket is closed: [`RiskModel`].
//!
//! The model is a logistic regression, gradient-boosted trees, or the mean of both ([`RiskScorer`]), perhaps calibrated
//! ([`calibration`]). Its reasons are exact whichever it is: [`RecontactRisk::base_logit`] plus the contributions of all
//! reasons is the logit. Nothing here reads a clock, a file or a random source after loading.

pub mod band;
pub mod calibration;
pub mod context;
pub mod encoding;
pub mod features;
pub mod history;
pub mod reasons;
pub mod report;
pub mod scorer;
pub mod source;
pub mod text;
pub mod threshold;
pub mod trees;
pub mod windows;

pub use band::{BandThresholds, RiskBand, band_tag};
pub use calibration::Calibration;
pub use context::FeatureContext;
pub use features::FeatureValue;
pub use reasons::{Language, Reason, describe};
pub use scorer::RiskScorer;
pub use threshold::FollowUpRule;
pub use windows::{WindowModels, WindowRisk};

use crate::probability::Probability;
use crate::registry::{Artifact, ArtifactError};
use crate::ticket::{ClosedTicket, CustomerHistory, Name};
use encoding::{Encoding, FeatureModel};
use features::{Facts, FeatureKind};
use serde::{Deserialize, Serialize};
use source::{FeatureSource, RawValue};
use std::collections::BTreeMap;
use trees::TreeExplainer;

/// The file of a model folder that holds a [`RiskWeights`].
pub const MODEL_FILE: &str = "model.json";

/// The reason that holds what calibration changes where it is no straight line.
pub const CALIBRATION_REASON: &str = "calibration";

/// What `model.json` holds: every number the model needs, under its feature's name. Models trained before there were other
/// scorers than the logistic regression leave out what they do not have.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RiskWeights {
    /// The days after the closing for which the probability holds.
    pub window_days: u32,
    /// Where the bands begin.
    pub bands: BandThresholds,
    /// Where they begin for a team whose capacity differs from what all teams have on average; a team that is not named has
    /// `bands`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub team_bands: BTreeMap<String, BandThresholds>,
    /// How the lowest probability of the high band was found.
    #[serde(default)]
    pub follow_up: FollowUpRule,
    /// What features need to know of the training tickets.
    #[serde(default)]
    pub context: FeatureContext,
    /// The linear part's log-odds when every column is zero.
    pub intercept: f64,
    /// The features, each with its encoding and linear weights.
    pub features: Vec<FeatureModel>,
    /// Which model turns them into log-odds.
    #[serde(default)]
    pub scorer: RiskScorer,
    /// How the log-odds are mended.
    #[serde(default)]
    pub calibration: Calibration,
    /// The windows beside the main one.
    #[serde(default)]
    pub windows: WindowModels,
}

/// A trained model, ready to assess tickets.
#[derive(Debug, Clone)]
pub struct RiskModel {
    version: String,
    weights: RiskWeights,
    /// Per feature: what its columns add to the linear log-odds on average in training, taken out of its contribution and
    /// into the base.
    expected: Vec<f64>,
    /// The trees, if there are any.
    explainer: Option<TreeExplainer>,
    /// Log-odds of the average training ticket, calibrated where that is a straight line.
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
    /// The probabilities of all windows of the model, the shortest first; a longer window never has a lower one.
    #[serde(default)]
    pub windows: Vec<WindowRisk>,
    /// Days until half of those have come back who come back within the window, for tickets like this one.
    #[serde(default)]
    pub expected_return_days: Option<f64>,
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
        let feature_of: Vec<usize> = weights
            .features
            .iter()
            .enumerate()
            .flat_map(|(index, feature)| std::iter::repeat_n(index, feature.encoding.tree_width()))
            .collect();
        check(&weights, feature_of.len())?;
        let expected: Vec<f64> = weights
            .features
            .iter()
            .map(|feature| {
                feature.encoding.columns().iter().map(|column| column.weight * column.mean).sum()
            })
            .collect();
        let share = weights.scorer.linear_share();
        let linear = weights.intercept + expected.iter().sum::<f64>();
        let trees = weights.scorer.trees().map_or(0.0, trees::TreeEnsemble::expected);
        let base = share * linear + (1.0 - share) * trees;
        let base_logit = match weights.calibration {
            Calibration::Platt { slope, offset } => slope * base + offset,
            Calibration::None | Calibration::Isotonic { .. } => base,
        };
        let explainer = weights.scorer.trees().map(|trees| TreeExplainer::new(trees, &feature_of));
        Ok(Self { version, weights, expected, explainer, base_logit })
    }

    /// Assesses a ticket at the moment it was closed. `history` holds the customer's other tickets, not this one;
    /// those opened at or after the closing are not looked at. Attributes the model was not trained on are ignored.
    #[must_use]
    pub fn assess(&self, ticket: &ClosedTicket, history: &CustomerHistory) -> RecontactRisk {
        self.assess_facts(&Facts::gather(ticket, &history.tickets, self.weights.window_days))
    }

    /// Assesses facts that were gathered already, as training does for many tickets of one customer.
    #[must_use]
    pub fn assess_facts(&self, facts: &Facts<'_>) -> RecontactRisk {
        let weights = &self.weights;
        let values: Vec<RawValue<'_>> =
            weights.features.iter().map(|feature| feature.value(facts, &weights.context)).collect();
        let contributions = self.contributions(&values);
        let score = self.base_logit + contributions.iter().sum::<f64>();
        let all = weights.features.iter().zip(&values).zip(contributions);
        let mut reasons: Vec<Reason> = all
            .map(|((feature, value), contribution)| Reason {
                feature: feature.name.clone(),
                value: value.shown(),
                typical: feature.encoding.typical(),
                contribution,
            })
            .filter(|reason| reason.contribution != 0.0)
            .collect();
        let mut logit = score;
        if matches!(weights.calibration, Calibration::Isotonic { .. }) {
            logit = weights.calibration.apply(score);
            reasons.push(calibration_reason(score, logit));
        }
        reasons.sort_by(|a, b| {
            let by_strength = b.contribution.abs().total_cmp(&a.contribution.abs());
            by_strength.then_with(|| a.feature.cmp(&b.feature))
        });
        let probability = Probability::from_logit(logit);
        let bands = self.bands_of(facts.ticket().details.team.as_ref());
        let window_days = weights.window_days;
        let windows = weights.windows.probabilities(window_days, probability, logit, |name| {
            self.scaled_number(name, &values)
        });
        RecontactRisk {
            probability,
            logit,
            band: bands.band(probability),
            threshold: bands.high(),
            window_days,
            expected_return_days: windows::median_days(&windows, window_days),
            windows,
            base_logit: self.base_logit,
            reasons,
        }
    }

    /// What each feature adds to this ticket's log-odds beyond its average in training.
    fn contributions(&self, values: &[RawValue<'_>]) -> Vec<f64> {
        let scorer = &self.weights.scorer;
        let share = scorer.linear_share();
        let features = self.weights.features.iter().zip(values);
        let mut contributions: Vec<f64> = features
            .clone()
            .zip(&self.expected)
            .map(|((feature, value), expected)| {
                let mut sum = 0.0;
                feature.encoding.encode(value, |column, content| {
                    sum += feature.encoding.weight(column) * content;
                });
                share * (sum - expected)
            })
            .collect();
        if let Some(explainer) = &self.explainer {
            let mut columns = Vec::new();
            for (feature, value) in features {
                feature.encoding.encode_for_trees(value, &mut columns);
            }
            let mut shares = vec![0.0; contributions.len()];
            explainer.add_shares(&columns, &mut shares);
            for (contribution, tree_share) in contributions.iter_mut().zip(shares) {
                *contribution += (1.0 - share) * tree_share;
            }
        }
        if let Calibration::Platt { slope, .. } = self.weights.calibration {
            contributions.iter_mut().for_each(|contribution| *contribution *= slope);
        }
        contributions
    }

    /// A numeric feature of this ticket as the linear model sees it; 0 if there is none of that name.
    fn scaled_number(&self, name: &str, values: &[RawValue<'_>]) -> f64 {
        let features = self.weights.features.iter().zip(values);
        let found = features.into_iter().find(|(feature, _)| feature.name == name);
        found.map_or(0.0, |(feature, value)| feature.encoding.scaled_number(value))
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

    /// Where the bands begin for tickets of a team.
    #[must_use]
    pub fn bands_of(&self, team: Option<&Name>) -> BandThresholds {
        let own = team.and_then(|team| self.weights.team_bands.get(team.as_str()));
        own.copied().unwrap_or(self.weights.bands)
    }

    /// The features in the model's order, built-in ones and attributes.
    pub fn feature_names(&self) -> impl Iterator<Item = &str> {
        self.weights.features.iter().map(|feature| feature.name.as_str())
    }

    /// The attributes of a ticket that the model looks at, and how each is measured.
    pub fn attributes(&self) -> impl Iterator<Item = (&str, FeatureKind)> {
        let attributes = self
            .weights
            .features
            .iter()
            .filter(|feature| matches!(feature.source, FeatureSource::Attribute));
        attributes.map(|feature| (feature.name.as_str(), feature.encoding.kind()))
    }

    /// Every number of the model.
    #[must_use]
    pub fn weights(&self) -> &RiskWeights {
        &self.weights
    }
}

/// What a calibration that is no straight line changes: it belongs to no feature.
fn calibration_reason(score: f64, logit: f64) -> Reason {
    Reason {
        feature: CALIBRATION_REASON.into(),
        value: FeatureValue::Number(Probability::from_logit(logit).value()),
        typical: FeatureValue::Number(Probability::from_logit(score).value()),
        contribution: logit - score,
    }
}

fn check(weights: &RiskWeights, tree_columns: usize) -> Result<(), String> {
    if weights.window_days == 0 {
        return Err("window_days: expected at least 1".into());
    }
    if !weights.intercept.is_finite() {
        return Err("intercept: expected a finite number".into());
    }
    let mut names = std::collections::BTreeSet::new();
    for feature in &weights.features {
        let name = &feature.name;
        if let Some(fault) = feature.source_fault() {
            return Err(format!("feature {name}: {fault}"));
        }
        if !names.insert(name) {
            return Err(format!("feature {name}: named twice"));
        }
        if let Some(fault) = feature.encoding.fault() {
            return Err(format!("feature {name}: {fault}"));
        }
    }
    if let Some(fault) = weights.context.fault().or_else(|| weights.calibration.fault()) {
        return Err(fault.into());
    }
    let is_number = |name: &str| {
        let mut features = weights.features.iter();
        features.any(|f| f.name == name && matches!(f.encoding, Encoding::Number(_)))
    };
    let fault = weights.scorer.fault(tree_columns);
    fault.or_else(|| weights.windows.fault(weights.window_days, is_number)).map_or(Ok(()), Err)
}

#[cfg(test)]
#[path = "risk_tests.rs"]
mod tests;
