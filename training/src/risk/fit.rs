//! From labelled tickets to a model: choice in the folds, fit on all training tickets, calibration, bands, windows.

use super::boost;
use super::calibrate::{self, Predicted};
use super::design::{Candidate, Columns, Design, outcome_array, outcomes};
use super::params::{ModelChoice, RiskParams};
use super::protocol::{Example, Fold, Split, positives};
use super::select::{self, Choice, Plan};
use super::threshold;
use super::windows::{self, OutOfFold};
use crate::logistic::{LogisticFit, LogisticTrainer};
use crate::progress::FitBar;
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

/// Fewest tickets of each outcome to fit a model on for the tickets before the folds.
const MIN_EACH: usize = 10;

/// What is fitted, for people.
pub(super) const LOGISTIC: &str = "logistic regression";
/// The trees of the model that is chosen.
const CHOSEN_TREES: &str = "trees of the model";

/// Chooses and fits a model on the training part of a split; the test part is not looked at. `has_windows` says whether
/// outcomes within other windows than the main one are known; `bar` is told of every fit, those of [`fit_like`] included.
///
/// # Errors
/// [`crate::failure::BadInput`] when no feature tells tickets apart, or what the solvers say.
pub fn fit(
    split: &Split<'_, '_>,
    candidates: &[Candidate],
    params: &RiskParams,
    has_windows: bool,
    bar: &FitBar,
) -> anyhow::Result<FittedRisk> {
    let folds = split.folds(params)?;
    // On all tickets, on those after the first fold where windows are fitted, and without heavy customers.
    let models = 2 + usize::from(has_windows);
    select::expect(candidates, folds.len(), params, bar);
    bar.expect(LOGISTIC, models);
    if params.model != ModelChoice::Logistic {
        bar.expect(CHOSEN_TREES, models * params.trees.seeds);
    }
    let selection = select::select(candidates, &folds, params, bar)?;
    let (calibration, tried_calibrations) =
        calibrate::choose(&selection.predicted, params.calibration)?;

    let later: Vec<&Example<'_>> = folds.iter().flat_map(|fold| fold.later).collect();
    let logits = calibrated(&selection.predicted, &calibration);
    let cut = threshold::choose(&later, &logits, params)?;

    let plan = selection.plan;
    if plan.model == ModelChoice::Logistic {
        bar.at_most(CHOSEN_TREES, 0);
    }
    let (mut weights, design, fit) = on_all(split.train, candidates, &plan, params, bar)?;
    (weights.bands, weights.team_bands, weights.follow_up) = (cut.bands, cut.team_bands, cut.rule);
    if has_windows {
        let mut rows = before_folds(split, &folds, candidates, &plan, params, bar)?;
        let in_folds = selection.predicted.iter().flat_map(|fold| &fold.logits);
        rows.extend(
            later.iter().zip(in_folds).map(|(example, logit)| OutOfFold { example, logit: *logit }),
        );
        rows.iter_mut().for_each(|row| row.logit = calibration.apply(row.logit));
        let model = RiskModel::new(String::new(), weights.clone()).map_err(anyhow::Error::msg)?;
        weights.windows = windows::fit(&model, &rows, &params.windows, split.at)?;
    }
    weights.calibration = calibration;
    // What is left is the model without heavy customers.
    bar.at_most(LOGISTIC, 1);
    bar.at_most(CHOSEN_TREES, params.trees.seeds);
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
    bar: &FitBar,
) -> anyhow::Result<RiskWeights> {
    let (mut weights, ..) = on_all(train, candidates, &like.plan, params, bar)?;
    weights.calibration = like.weights.calibration.clone();
    weights.bands = like.weights.bands;
    Ok(weights)
}

/// The training tickets that no fold predicts, since they were closed before the first one, by a model of those after them:
/// not fitted on them either. Left out where the later ones are too few to fit.
fn before_folds<'e, 't>(
    split: &Split<'e, 't>,
    folds: &[Fold<'_, '_>],
    candidates: &[Candidate],
    plan: &Plan,
    params: &RiskParams,
    bar: &FitBar,
) -> anyhow::Result<Vec<OutOfFold<'e, 't>>> {
    let begin = folds.iter().map(|fold| fold.begin).min().unwrap_or(0);
    let (before, after) = split.train.split_at(begin);
    let hits = positives(after);
    if before.is_empty() || hits < MIN_EACH || after.len() - hits < MIN_EACH {
        return Ok(Vec::new());
    }
    let (weights, design, fit) = on_all(after, candidates, plan, params, bar)?;
    let logits = raw_logits(&weights, &fit, &design.columns(before));
    let rows = before.iter().zip(logits);
    Ok(rows.map(|(example, logit)| OutOfFold { example, logit }).collect())
}

/// Log-odds before calibration.
fn raw_logits(weights: &RiskWeights, fit: &LogisticFit, columns: &Columns) -> Vec<f64> {
    let linear = fit.logits(&columns.linear);
    let Some(trees) = weights.scorer.trees() else { return linear };
    let share = weights.scorer.linear_share();
    let both = linear.into_iter().zip(columns.tree_logits(trees));
    both.map(|(linear, tree)| share * linear + (1.0 - share) * tree).collect()
}

/// Fits one plan on all of these tickets; bands and calibration are still to be filled in.
fn on_all(
    train: &[Example<'_>],
    candidates: &[Candidate],
    plan: &Plan,
    params: &RiskParams,
    bar: &FitBar,
) -> anyhow::Result<(RiskWeights, Design, LogisticFit)> {
    let (mut design, columns) = Design::learn(candidates, train, &plan.groups, params)?;
    let means = columns.linear.mean_axis(Axis(0)).unwrap_or_default();
    let boosted = || {
        let (positive, trees) = (outcomes(train), &params.trees);
        boost::fit(&columns, &positive, plan.shape, trees, params.seed, trees.seeds, |fit| {
            bar.fit(CHOSEN_TREES, |_| fit())
        })
    };
    let scorer = match plan.model {
        ModelChoice::Trees => RiskScorer::Trees { trees: boosted()? },
        ModelChoice::Blend => RiskScorer::Blend { trees: boosted()?, linear_share: plan.share },
        ModelChoice::Logistic | ModelChoice::Auto => RiskScorer::Logistic,
    };
    let mut trainer = LogisticTrainer::new(columns.linear, outcome_array(train));
    let fit = bar.fit(LOGISTIC, |_| trainer.fit(plan.c))?;
    set_columns(&mut design.models, &fit, &means);
    let weights = RiskWeights {
        window_days: params.window_days,
        bands: placeholder()?,
        team_bands: std::collections::BTreeMap::new(),
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
