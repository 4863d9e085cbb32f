//! From labelled tickets to a model: choice in the folds, fit on all training tickets, calibration, bands, windows.

use super::boost;
use super::calibrate::{self, Predicted};
use super::design::{Candidate, Design, outcome_array, outcomes};
use super::params::{ModelChoice, RiskParams};
use super::protocol::{Example, Split};
use super::select::{self, Choice, Plan};
use super::{threshold, windows};
use crate::logistic::{LogisticFit, LogisticTrainer};
use crate::progress;
use ndarray::{Array1, Axis};
use recontact::risk::encoding::{Column, FeatureModel};
use recontact::risk::{
    BandThresholds, Calibration, FollowUpRule, RiskModel, RiskScorer, RiskWeights, WindowModels,
};

/// What a training run found out.
#[derive(Debug)]
pub struct FittedRisk {
    /// The model.
    pub weights: RiskWeights,
    /// How it was chosen.
    pub choice: Choice,
    /// The hyperparameters, to fit the same on other tickets.
    pub plan: Plan,
}

/// Chooses and fits a model on the training part of a split; the test part is not looked at. `derived` says whether the
/// outcomes come from later openings, so that those of other windows are known too.
///
/// # Errors
/// [`crate::failure::BadInput`] when no feature tells tickets apart, or what the solvers say.
pub fn fit(
    split: &Split<'_, '_>,
    candidates: &[Candidate],
    params: &RiskParams,
    derived: bool,
) -> anyhow::Result<FittedRisk> {
    let folds = split.folds(params)?;
    let steps = params.c_grid.len() + params.try_features.len() + params.trees.leaves.len() + 2;
    let bar = progress::bar(steps as u64, "choosing");
    let selection = select::select(candidates, &folds, params, |_| bar.inc(1))?;
    let (calibration, tried_calibrations) =
        calibrate::choose(&selection.predicted, params.calibration)?;

    let later: Vec<&Example<'_>> = folds.iter().flat_map(|fold| fold.later).collect();
    let logits = calibrated(&selection.predicted, &calibration);
    let (bands, follow_up) = threshold::choose(&later, &logits, params)?;

    let plan = selection.plan;
    let (mut weights, design, fit) = on_all(split.train, candidates, &plan, params)?;
    bar.inc(1);
    (weights.calibration, weights.bands, weights.follow_up) = (calibration, bands, follow_up);
    if derived {
        let model = RiskModel::new(String::new(), weights.clone()).map_err(anyhow::Error::msg)?;
        weights.windows = windows::fit(&model, split.train, &params.windows, split.at)?;
    }
    bar.finish_and_clear();
    let with_trees = plan.model != ModelChoice::Logistic;
    let choice = Choice {
        model: weights.scorer.as_str(),
        c: plan.c,
        groups: plan.groups.iter().copied().collect(),
        leaves: with_trees.then_some(plan.shape.leaves),
        rounds: with_trees.then_some(plan.shape.rounds),
        blend_share: (plan.model == ModelChoice::Blend).then_some(plan.share),
        calibration: weights.calibration.as_str(),
        folds: folds.len(),
        validation_rows: later.len(),
        tried: selection.tried,
        tried_calibrations,
        gradient_norm: fit.gradient_norm,
        columns: fit.weights.len(),
        constant_features: design.constant,
    };
    Ok(FittedRisk { weights, choice, plan })
}

/// Fits what was chosen on other tickets, with the bands and the calibration of `like`.
///
/// # Errors
/// As [`fit`].
pub fn fit_like(
    like: &FittedRisk,
    train: &[Example<'_>],
    candidates: &[Candidate],
    params: &RiskParams,
) -> anyhow::Result<RiskWeights> {
    let (mut weights, ..) = on_all(train, candidates, &like.plan, params)?;
    weights.calibration = like.weights.calibration.clone();
    weights.bands = like.weights.bands;
    Ok(weights)
}

/// Fits one plan on all of these tickets; bands and calibration are still to be filled in.
fn on_all(
    train: &[Example<'_>],
    candidates: &[Candidate],
    plan: &Plan,
    params: &RiskParams,
) -> anyhow::Result<(RiskWeights, Design, LogisticFit)> {
    let (mut design, columns) = Design::learn(candidates, train, &plan.groups, params)?;
    let means = columns.linear.mean_axis(Axis(0)).unwrap_or_default();
    let boosted = || {
        boost::fit(
            &columns,
            &outcomes(train),
            plan.shape,
            &params.trees,
            params.seed,
            params.trees.seeds,
        )
    };
    let scorer = match plan.model {
        ModelChoice::Trees => RiskScorer::Trees { trees: boosted()? },
        ModelChoice::Blend => RiskScorer::Blend { trees: boosted()?, linear_share: plan.share },
        ModelChoice::Logistic | ModelChoice::Auto => RiskScorer::Logistic,
    };
    let fit = LogisticTrainer::new(columns.linear, outcome_array(train)).fit(plan.c)?;
    set_columns(&mut design.models, &fit, &means);
    let weights = RiskWeights {
        window_days: params.window_days,
        bands: placeholder()?,
        follow_up: FollowUpRule::Share { share: params.bands.high_share },
        context: design.context.clone(),
        intercept: fit.intercept,
        features: design.models.clone(),
        scorer,
        calibration: Calibration::None,
        windows: WindowModels::default(),
    };
    Ok((weights, design, fit))
}

/// Bands until those of the folds are known.
fn placeholder() -> anyhow::Result<BandThresholds> {
    let probability = recontact::probability::Probability::new;
    Ok(BandThresholds::new(probability(0.0)?, probability(1.0)?)?)
}

fn calibrated(predicted: &[Predicted], calibration: &Calibration) -> Vec<f64> {
    let logits = predicted.iter().flat_map(|fold| &fold.logits);
    logits.map(|logit| calibration.apply(*logit)).collect()
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
