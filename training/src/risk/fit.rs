//! From labelled tickets to weights: encodings, choice of C on later training tickets, refit, bands.

use super::params::{BandParams, RiskParams};
use super::protocol::{Example, Split, share};
use crate::logistic::{LogisticFit, LogisticTrainer};
use crate::{bad_input, metrics, progress};
use ndarray::{Array1, Array2, Axis, ShapeBuilder};
use recontact::probability::Probability;
use recontact::risk::encoding::{Column, Encoding, FeatureModel, RawValue, raw_value};
use recontact::risk::features::{self, FeatureKind};
use recontact::risk::{BandThresholds, RiskWeights};
use serde::Serialize;

/// What a training run found out.
#[derive(Debug)]
pub struct FittedRisk {
    /// The model.
    pub weights: RiskWeights,
    /// How it was chosen.
    pub choice: Choice,
}

/// How C was chosen and how well the solver came to rest.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Choice {
    /// The chosen inverse regularisation strength.
    pub c: f64,
    /// Every strength tried.
    pub tried: Vec<Tried>,
    /// Tickets that chose.
    pub validation_rows: usize,
    /// Norm of the gradient of the final fit, per training ticket.
    pub gradient_norm: f64,
    /// Columns of the model.
    pub columns: usize,
    /// Features left out because all training tickets have the same value or none.
    pub constant_features: Vec<String>,
}

/// One value of C on the validation tickets.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Tried {
    /// Inverse regularisation strength.
    pub c: f64,
    /// Mean negative log-likelihood.
    pub log_loss: f64,
    /// Area under the ROC curve.
    pub roc_auc: Option<f64>,
}

/// Fits a model on the training part of a split; the test part is not looked at.
///
/// # Errors
/// [`crate::failure::BadInput`] when no feature tells tickets apart, or what the solver says.
pub fn fit(split: &Split<'_, '_>, params: &RiskParams) -> anyhow::Result<FittedRisk> {
    let (earlier, later) = split.validation(params)?;
    let (models, _) = encodings(earlier, params)?;
    let mut trainer = LogisticTrainer::new(matrix(&models, earlier), outcomes(earlier));
    let later_x = matrix(&models, later);
    let later_y: Vec<bool> = later.iter().map(|example| example.positive).collect();

    let bar = progress::bar(params.c_grid.len() as u64 + 1, "fitting");
    let mut best: Option<(Tried, Vec<f64>)> = None;
    let mut tried = Vec::new();
    for c in &params.c_grid {
        let logits = trainer.fit(*c)?.logits(&later_x);
        let log_loss = metrics::log_loss(&logits, &later_y);
        let this = Tried { c: *c, log_loss, roc_auc: metrics::roc_auc(&logits, &later_y) };
        tried.push(this);
        if best.as_ref().is_none_or(|(best, _)| log_loss < best.log_loss) {
            best = Some((this, logits));
        }
        bar.inc(1);
    }
    let (best, logits) = best.ok_or_else(|| bad_input!("c_grid: expected one or more numbers"))?;
    let bands = bands(&logits, &params.bands)?;

    let (mut models, constant_features) = encodings(split.train, params)?;
    let x = matrix(&models, split.train);
    let means = x.mean_axis(Axis(0)).unwrap_or_default();
    let columns = x.ncols();
    let fit = LogisticTrainer::new(x, outcomes(split.train)).fit(best.c)?;
    bar.finish_and_clear();
    set_columns(&mut models, &fit, &means);
    let weights = RiskWeights {
        window_days: params.window_days,
        intercept: fit.intercept,
        bands,
        features: models,
    };
    let choice = Choice {
        c: best.c,
        tried,
        validation_rows: later.len(),
        gradient_norm: fit.gradient_norm,
        columns,
        constant_features,
    };
    Ok(FittedRisk { weights, choice })
}

/// Learns the encodings of every feature that tells tickets apart, and names those that do not.
fn encodings(
    examples: &[Example<'_>],
    params: &RiskParams,
) -> anyhow::Result<(Vec<FeatureModel>, Vec<String>)> {
    let candidates = candidates(params)?;
    let mut models = Vec::new();
    let mut constant = Vec::new();
    for (name, attribute, kind) in candidates {
        let values: Vec<RawValue<'_>> = examples
            .iter()
            .filter_map(|example| raw_value(&example.facts, &name, attribute, kind))
            .collect();
        match Encoding::fit(&values, params.min_count) {
            Some(encoding) => models.push(FeatureModel { name, attribute, encoding }),
            None => constant.push(name),
        }
    }
    if models.is_empty() {
        return Err(bad_input!("all training tickets look the same: no feature tells them apart"));
    }
    Ok((models, constant))
}

/// Name, whether it is an attribute, and kind of every feature that may be used.
fn candidates(params: &RiskParams) -> anyhow::Result<Vec<(String, bool, FeatureKind)>> {
    let built_in = features::built_in().map(|(name, kind)| (name.to_owned(), false, kind));
    let categorical = params.columns.categorical.iter();
    let numeric = params.columns.numeric.iter();
    let mut candidates: Vec<_> = built_in
        .chain(categorical.map(|name| (name.clone(), true, FeatureKind::Category)))
        .chain(numeric.map(|name| (name.clone(), true, FeatureKind::Number)))
        .collect();
    for excluded in &params.exclude_features {
        let before = candidates.len();
        candidates.retain(|(name, ..)| name != excluded);
        if candidates.len() == before {
            return Err(bad_input!("exclude_features: there is no feature {excluded}"));
        }
    }
    Ok(candidates)
}

fn matrix(models: &[FeatureModel], examples: &[Example<'_>]) -> Array2<f64> {
    let width = models.iter().map(|model| model.encoding.width()).sum();
    let mut x = Array2::zeros((examples.len(), width).f());
    for (row, example) in examples.iter().enumerate() {
        let mut first = 0;
        for model in models {
            let value = model.value(&example.facts);
            model.encoding.encode(&value, |column, content| x[[row, first + column]] = content);
            first += model.encoding.width();
        }
    }
    x
}

fn outcomes(examples: &[Example<'_>]) -> Array1<bool> {
    examples.iter().map(|example| example.positive).collect()
}

fn set_columns(models: &mut [FeatureModel], fit: &LogisticFit, means: &Array1<f64>) {
    // Adding zero turns the solver's -0 into 0.
    let mut columns = fit
        .weights
        .iter()
        .zip(means)
        .map(|(weight, mean)| Column { weight: weight + 0.0, mean: *mean });
    for model in models {
        let own: Vec<Column> = columns.by_ref().take(model.encoding.width()).collect();
        model.encoding.set_columns(&own);
    }
}

/// Thresholds above which the configured shares of the validation tickets lie. Where equal scores leave no room
/// between the two, the medium band begins at half the high threshold.
fn bands(logits: &[f64], params: &BandParams) -> anyhow::Result<BandThresholds> {
    let mut scores: Vec<f64> = logits.to_vec();
    scores.sort_by(|a, b| b.total_cmp(a));
    let last = scores.len().saturating_sub(1);
    let at = |part: f64| Probability::from_logit(scores[share(part, scores.len()).min(last)]);
    let high = at(params.high_share);
    let medium = at(params.medium_share);
    let medium = if medium < high { medium } else { Probability::new(high.value() / 2.0)? };
    BandThresholds::new(medium, high)
        .map_err(|error| bad_input!("the tickets cannot be told apart: {error}"))
}
