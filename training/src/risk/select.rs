//! Chooses a model inside the training part by time-series cross-validation; the test part is not looked at.
//!
//! In this order, each with what was chosen before it: C and the optional groups of features by the logistic regression,
//! leaves and number of trees, the share of a blend, the model, its calibration. Everything is judged by the mean log
//! loss of the folds.

use super::boost::{self, BoostShape};
use super::calibrate::{Predicted, TriedCalibration};
use super::design::{Candidate, Columns, Design, outcome_array, outcomes};
use super::fit::LOGISTIC;
use super::params::{FeatureGroup, ModelChoice, RiskParams};
use super::protocol::Fold;
use crate::logistic::LogisticTrainer;
use crate::progress::FitBar;
use crate::{bad_input, metrics};
use ndarray::Array2;
use serde::Serialize;
use std::collections::BTreeSet;

/// What another model must gain in log loss over the logistic regression, and a group of features over none.
const MIN_GAIN: f64 = 0.0005;
/// Seeds of the trees that leaves are chosen by: one alone chooses by luck.
const SEEDS: usize = 2;

/// What was chosen, and everything that was tried.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Choice {
    /// logistic, trees or blend.
    pub model: &'static str,
    /// Inverse regularisation strength.
    pub c: f64,
    /// Optional groups of features that are used.
    pub groups: Vec<FeatureGroup>,
    /// Most leaves of a tree; null without trees.
    pub leaves: Option<usize>,
    /// Trees of each seed; null without trees.
    pub rounds: Option<usize>,
    /// Weight of the logistic regression in a blend; null without one.
    pub blend_share: Option<f64>,
    /// none, platt or isotonic.
    pub calibration: &'static str,
    /// Number of folds.
    pub folds: usize,
    /// Tickets in them.
    pub validation_rows: usize,
    /// What was tried, in order.
    pub tried: Vec<Tried>,
    /// Calibrations on the last fold, learnt on the folds before it.
    pub tried_calibrations: Vec<TriedCalibration>,
    /// Norm of the gradient of the final logistic fit, per training ticket.
    pub gradient_norm: f64,
    /// Columns of the logistic regression.
    pub columns: usize,
    /// Features left out because all training tickets have the same value or none.
    pub constant_features: Vec<String>,
}

/// One attempt, as the mean over the folds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Tried {
    /// What was tried.
    pub what: String,
    /// Mean negative log-likelihood.
    pub log_loss: f64,
    /// Area under the ROC curve.
    pub roc_auc: Option<f64>,
    /// Mean squared error of the probability.
    pub brier: f64,
}

/// The hyperparameters of a final fit.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Which model.
    pub model: ModelChoice,
    /// Inverse regularisation strength.
    pub c: f64,
    /// Optional groups of features.
    pub groups: BTreeSet<FeatureGroup>,
    /// The trees.
    pub shape: BoostShape,
    /// Weight of the logistic regression in a blend.
    pub share: f64,
}

/// A plan, the attempts, and the folds as the chosen model predicted them.
#[derive(Debug)]
pub struct Selection {
    /// What to fit.
    pub plan: Plan,
    /// What was tried.
    pub tried: Vec<Tried>,
    /// Log-odds and outcomes of each fold.
    pub predicted: Vec<Predicted>,
}

/// Says how many fits the choice needs: each step of the grids on every fold, trees with two seeds.
pub(super) fn expect(candidates: &[Candidate], folds: usize, params: &RiskParams, bar: &FitBar) {
    let tried = params.try_features.iter().filter(|group| {
        let is_there = candidates.iter().any(|candidate| candidate.group == Some(**group));
        is_there && !params.keep_features.contains(group)
    });
    bar.expect(LOGISTIC, folds * (params.c_grid.len() + tried.count()));
    if params.model != ModelChoice::Logistic {
        for leaves in &params.trees.leaves {
            bar.expect(&trees_of(*leaves), folds * SEEDS);
        }
    }
}

fn trees_of(leaves: usize) -> String {
    format!("trees of {leaves} leaves")
}

/// Chooses.
///
/// # Errors
/// [`crate::failure::BadInput`] when no feature tells tickets apart, or what a solver says.
pub fn select(
    candidates: &[Candidate],
    folds: &[Fold<'_, '_>],
    params: &RiskParams,
    bar: &FitBar,
) -> anyhow::Result<Selection> {
    let mut tried = Vec::new();
    let (c, groups, linear) = logistic(candidates, folds, params, &mut tried, bar)?;
    let mut plan = Plan {
        model: ModelChoice::Logistic,
        c,
        groups,
        shape: BoostShape { leaves: params.trees.leaves[0], rounds: params.trees.rounds[0] },
        share: 1.0,
    };
    let truth: Vec<Vec<bool>> = folds.iter().map(|fold| outcomes(fold.later)).collect();
    let mut best = linear.clone();
    if params.model != ModelChoice::Logistic {
        let (shape, trees) = forest(candidates, folds, &plan, params, &mut tried, bar)?;
        plan.shape = shape;
        let (share, blend) = blend(&linear, &trees, &truth, params, &mut tried)?;
        let loss = |logits: &[Vec<f64>]| measured("", logits, &truth).log_loss;
        let mut options =
            vec![(ModelChoice::Trees, 0.0, trees), (ModelChoice::Blend, share, blend)];
        options.retain(|(model, ..)| params.model == ModelChoice::Auto || params.model == *model);
        options.sort_by(|a, b| loss(&a.2).total_cmp(&loss(&b.2)));
        if let Some((model, share, logits)) = options.into_iter().next() {
            let wins = loss(&logits) < loss(&linear) - MIN_GAIN;
            if wins || params.model != ModelChoice::Auto {
                (plan.model, plan.share, best) = (model, share, logits);
            }
        }
    }
    let predicted = best.into_iter().zip(truth);
    let predicted = predicted.map(|(logits, positive)| Predicted { logits, positive }).collect();
    Ok(Selection { plan, tried, predicted })
}

/// One fold as columns of one design.
struct Prepared {
    trainer: LogisticTrainer,
    later: Array2<f64>,
}

type Logits = Vec<Vec<f64>>;

/// Chooses C, then adds one optional group after the other where it helps, then looks at C again.
fn logistic(
    candidates: &[Candidate],
    folds: &[Fold<'_, '_>],
    params: &RiskParams,
    tried: &mut Vec<Tried>,
    bar: &FitBar,
) -> anyhow::Result<(f64, BTreeSet<FeatureGroup>, Logits)> {
    let truth: Vec<Vec<bool>> = folds.iter().map(|fold| outcomes(fold.later)).collect();
    let mut groups: BTreeSet<FeatureGroup> = params.keep_features.iter().copied().collect();
    let mut prepared = prepare(candidates, folds, &groups, params)?;
    let mut best: Option<(f64, Tried, Logits)> = None;
    for c in &params.c_grid {
        let logits = fitted(&mut prepared, *c, bar)?;
        let this = measured(&format!("logistic, C = {c}"), &logits, &truth);
        tried.push(this.clone());
        if best.as_ref().is_none_or(|(_, best, _)| this.log_loss < best.log_loss) {
            best = Some((*c, this, logits));
        }
    }
    let (c, mut best, mut logits) =
        best.ok_or_else(|| bad_input!("c_grid: expected one or more numbers"))?;
    for group in &params.try_features {
        let is_there = candidates.iter().any(|candidate| candidate.group == Some(*group));
        if !is_there || groups.contains(group) {
            continue;
        }
        let mut with: BTreeSet<FeatureGroup> = groups.clone();
        with.insert(*group);
        let with_logits = fitted(&mut prepare(candidates, folds, &with, params)?, c, bar)?;
        let names: Vec<String> =
            with.iter().map(|group| format!("{group:?}").to_lowercase()).collect();
        let this = measured(&format!("logistic with {}", names.join(", ")), &with_logits, &truth);
        tried.push(this.clone());
        if this.log_loss < best.log_loss - MIN_GAIN {
            (groups, best, logits) = (with, this, with_logits);
        }
    }
    Ok((c, groups, logits))
}

fn prepare(
    candidates: &[Candidate],
    folds: &[Fold<'_, '_>],
    groups: &BTreeSet<FeatureGroup>,
    params: &RiskParams,
) -> anyhow::Result<Vec<Prepared>> {
    let prepare = |fold: &Fold<'_, '_>| {
        let (design, columns) = Design::learn(candidates, fold.earlier, groups, params)?;
        let trainer = LogisticTrainer::new(columns.linear, outcome_array(fold.earlier));
        Ok(Prepared { trainer, later: design.columns(fold.later).linear })
    };
    folds.iter().map(prepare).collect()
}

fn fitted(prepared: &mut [Prepared], c: f64, bar: &FitBar) -> anyhow::Result<Logits> {
    let fit = |fold: &mut Prepared| {
        let fitted = bar.fit(LOGISTIC, |_| fold.trainer.fit(c))?;
        Ok(fitted.logits(&fold.later))
    };
    prepared.iter_mut().map(fit).collect()
}

/// Chooses leaves and number of trees.
fn forest(
    candidates: &[Candidate],
    folds: &[Fold<'_, '_>],
    plan: &Plan,
    params: &RiskParams,
    tried: &mut Vec<Tried>,
    bar: &FitBar,
) -> anyhow::Result<(BoostShape, Logits)> {
    let truth: Vec<Vec<bool>> = folds.iter().map(|fold| outcomes(fold.later)).collect();
    let columns: Vec<(Columns, Columns)> = folds
        .iter()
        .map(|fold| {
            let (design, earlier) = Design::learn(candidates, fold.earlier, &plan.groups, params)?;
            Ok((earlier, design.columns(fold.later)))
        })
        .collect::<anyhow::Result<_>>()?;
    let mut rounds = params.trees.rounds.clone();
    rounds.sort_unstable();
    let most = rounds.last().copied().unwrap_or(1);
    let mut best: Option<(Tried, BoostShape, Logits)> = None;
    for leaves in &params.trees.leaves {
        let kind = trees_of(*leaves);
        let shape = BoostShape { leaves: *leaves, rounds: most };
        let mut staged: Vec<Logits> = vec![Vec::new(); rounds.len()];
        for (fold, (earlier, later)) in folds.iter().zip(&columns) {
            let positive = outcomes(fold.earlier);
            let mut sums: Vec<Vec<f64>> = Vec::new();
            for seed in 0..SEEDS as u64 {
                let seed = params.seed.wrapping_add(1000 + seed);
                let timed = |fit: &dyn Fn() -> _| bar.fit(&kind, |_| fit());
                let trees = boost::fit(earlier, &positive, shape, &params.trees, seed, 1, timed)?;
                let stages = boost::staged_logits(&trees, later, &rounds);
                if sums.is_empty() {
                    sums = stages;
                } else {
                    for (sum, stage) in sums.iter_mut().zip(stages) {
                        sum.iter_mut().zip(stage).for_each(|(a, b)| *a = 0.5 * (*a + b));
                    }
                }
            }
            for (stage, logits) in staged.iter_mut().zip(sums) {
                stage.push(logits);
            }
        }
        for (rounds, logits) in rounds.iter().zip(staged) {
            let what = format!("trees, {leaves} leaves, {rounds} rounds");
            let this = measured(&what, &logits, &truth);
            tried.push(this.clone());
            if best.as_ref().is_none_or(|(best, ..)| this.log_loss < best.log_loss) {
                let shape = BoostShape { leaves: *leaves, rounds: *rounds };
                best = Some((this, shape, logits));
            }
        }
    }
    let (_, shape, logits) =
        best.ok_or_else(|| bad_input!("trees: expected leaves and rounds to choose from"))?;
    Ok((shape, logits))
}

/// Chooses the share of the logistic regression in a blend.
fn blend(
    linear: &Logits,
    trees: &Logits,
    truth: &[Vec<bool>],
    params: &RiskParams,
    tried: &mut Vec<Tried>,
) -> anyhow::Result<(f64, Logits)> {
    let mut best: Option<(Tried, f64, Logits)> = None;
    for share in &params.trees.blend_shares {
        let logits: Logits = linear
            .iter()
            .zip(trees)
            .map(|(linear, trees)| {
                let both = linear.iter().zip(trees);
                both.map(|(linear, tree)| share * linear + (1.0 - share) * tree).collect()
            })
            .collect();
        let this = measured(&format!("blend, {share} logistic"), &logits, truth);
        tried.push(this.clone());
        if best.as_ref().is_none_or(|(best, ..)| this.log_loss < best.log_loss) {
            best = Some((this, *share, logits));
        }
    }
    let (_, share, logits) =
        best.ok_or_else(|| bad_input!("trees.blend_shares: expected one or more numbers"))?;
    Ok((share, logits))
}

/// The means over the folds.
fn measured(what: &str, logits: &[Vec<f64>], truth: &[Vec<bool>]) -> Tried {
    let folds = || logits.iter().zip(truth);
    let probability = |logits: &[f64]| -> Vec<f64> {
        let of = |logit: &f64| recontact::probability::Probability::from_logit(*logit).value();
        logits.iter().map(of).collect()
    };
    let mean = |values: Vec<f64>| {
        let count = f64::from(u32::try_from(values.len().max(1)).unwrap_or(u32::MAX));
        values.iter().sum::<f64>() / count
    };
    let aucs: Vec<f64> = folds().filter_map(|(l, truth)| metrics::roc_auc(l, truth)).collect();
    Tried {
        what: what.to_owned(),
        log_loss: mean(folds().map(|(l, truth)| metrics::log_loss(l, truth)).collect()),
        roc_auc: (!aucs.is_empty()).then(|| mean(aucs)),
        brier: mean(folds().map(|(l, truth)| metrics::brier(&probability(l), truth)).collect()),
    }
}
