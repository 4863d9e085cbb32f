//! Gradient-boosted trees: `forust-ml` fits them, the service's own structure keeps them.

use super::design::Columns;
use super::params::TreeParams;
use anyhow::anyhow;
use forust_ml::gradientbooster::GrowPolicy;
use forust_ml::objective::ObjectiveType;
use forust_ml::sampler::SampleMethod;
use forust_ml::{GradientBooster, Matrix};
use recontact::risk::trees::{Tree, TreeEnsemble};

/// What one fit is asked for.
#[derive(Debug, Clone, Copy)]
pub struct BoostShape {
    /// Most leaves of a tree.
    pub leaves: usize,
    /// Number of trees.
    pub rounds: usize,
}

/// Fits ensembles of several seeds and joins them into one whose output is their mean; `timed` is given each fit to do.
///
/// # Errors
/// What forust says.
pub fn fit(
    columns: &Columns,
    positive: &[bool],
    shape: BoostShape,
    params: &TreeParams,
    seed: u64,
    seeds: usize,
    timed: impl Fn(&dyn Fn() -> anyhow::Result<GradientBooster>) -> anyhow::Result<GradientBooster>,
) -> anyhow::Result<TreeEnsemble> {
    let outcomes: Vec<f64> =
        positive.iter().map(|positive| f64::from(u8::from(*positive))).collect();
    let base = base(&outcomes);
    let part = 1.0 / number(seeds.max(1));
    let mut trees = Vec::with_capacity(shape.rounds * seeds);
    for index in 0..seeds as u64 {
        let seed = seed.wrapping_add(index);
        let booster = timed(&|| boosted(columns, &outcomes, base, shape, params, seed))?;
        trees.extend(booster.trees.iter().map(|tree| converted(tree, part)));
    }
    Ok(TreeEnsemble { base, trees })
}

fn boosted(
    columns: &Columns,
    outcomes: &[f64],
    base: f64,
    shape: BoostShape,
    params: &TreeParams,
    seed: u64,
) -> anyhow::Result<GradientBooster> {
    let mut booster = GradientBooster::default()
        .set_objective_type(ObjectiveType::LogLoss)
        .set_iterations(shape.rounds)
        .set_learning_rate(params.learning_rate)
        .set_max_depth(shape.leaves.min(12))
        .set_max_leaves(shape.leaves)
        .set_l2(0.0)
        .set_min_leaf_weight(params.min_leaf_weight)
        .set_base_score(base)
        .set_initialize_base_score(false)
        .set_subsample(params.row_share)
        .set_sample_method(SampleMethod::Random)
        .set_colsample_bytree(params.column_share)
        .set_missing(f64::NAN)
        .set_create_missing_branch(false)
        .set_allow_missing_splits(true)
        .set_parallel(false)
        .set_seed(seed);
    booster.grow_policy = GrowPolicy::LossGuide;
    let matrix = Matrix::new(&columns.trees, columns.rows, columns.tree_columns);
    booster
        .fit_unweighted(&matrix, outcomes, None)
        .map_err(|error| anyhow!("gradient boosting: {error}"))?;
    Ok(booster)
}

/// Log-odds of each row after each of the given numbers of trees of one seed.
#[must_use]
pub fn staged_logits(
    ensemble: &TreeEnsemble,
    columns: &Columns,
    stages: &[usize],
) -> Vec<Vec<f64>> {
    let mut staged = vec![Vec::with_capacity(columns.rows); stages.len()];
    let mut row = vec![0.0; columns.tree_columns];
    for index in 0..columns.rows {
        columns.tree_row(index, &mut row);
        let mut logit = ensemble.base;
        let mut done = 0;
        for (stage, logits) in stages.iter().zip(&mut staged) {
            for tree in &ensemble.trees[done..(*stage).min(ensemble.trees.len())] {
                logit += tree.predict(&row);
            }
            done = (*stage).min(ensemble.trees.len());
            logits.push(logit);
        }
    }
    staged
}

/// A tree of forust in the service's form; its leaves count `part`.
fn converted(tree: &forust_ml::tree::Tree, part: f64) -> Tree {
    let mut converted = Tree::default();
    for node in &tree.nodes {
        let child = |child: usize| if node.is_leaf { 0 } else { index(child) };
        converted.column.push(if node.is_leaf { 0 } else { index(node.split_feature) });
        converted.split.push(if node.is_leaf { 0.0 } else { node.split_value });
        converted.left.push(child(node.left_child));
        converted.right.push(child(node.right_child));
        converted.missing_left.push(!node.is_leaf && node.missing_node == node.left_child);
        let value = if node.is_leaf { f64::from(node.weight_value) * part } else { 0.0 };
        // Seven digits are more than a leaf of 32 bits holds, and keep the file small.
        converted.value.push((value * 1e7).round() / 1e7);
        converted.cover.push((f64::from(node.hessian_sum) * 1e3).round().max(1.0) / 1e3);
    }
    converted
}

/// Log-odds of the share of ones.
fn base(outcomes: &[f64]) -> f64 {
    let rows = number(outcomes.len());
    let share = (outcomes.iter().sum::<f64>() + 0.5) / (rows + 1.0);
    (share / (1.0 - share)).ln()
}

fn index(node: usize) -> u32 {
    u32::try_from(node).unwrap_or(u32::MAX)
}

#[expect(clippy::cast_precision_loss, reason = "row counts fit into 53 bits")]
fn number(count: usize) -> f64 {
    count as f64
}

impl Columns {
    /// One ticket's columns for trees.
    fn tree_row(&self, row: usize, into: &mut [f64]) {
        for (column, slot) in into.iter_mut().enumerate() {
            *slot = self.trees[column * self.rows + row];
        }
    }

    /// Log-odds of every row.
    #[must_use]
    pub fn tree_logits(&self, ensemble: &TreeEnsemble) -> Vec<f64> {
        staged_logits(ensemble, self, &[ensemble.trees.len()]).swap_remove(0)
    }
}

#[cfg(test)]
#[path = "boost_tests.rs"]
mod tests;
