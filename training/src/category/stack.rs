//! Adding up the scores of several models so that the sum says probabilities.
//!
//! Each model's scores get a weight of at least 0; the weights minimise the log loss on rows that none of the models was
//! fitted on (stacking, Wolpert 1992). With one model that is its temperature, the inverse of the weight. The loss is convex
//! in the weights: for each choice of models that may count Newton's method finds its minimum, and the best choice without
//! a negative weight is the answer.

use recontact::classify::head::softmax;

/// Scores of rows, row after row, by one model.
pub type Scores = Vec<f32>;

/// Weights of models.
#[derive(Debug, Clone, PartialEq)]
pub struct Stacked {
    /// One for each model, at least 0.
    pub weights: Vec<f64>,
    /// Mean log loss of the rows they were chosen on.
    pub log_loss: f64,
}

/// Finds the weights. All models score the same rows; `truth` holds their labels, below `labels`.
///
/// At most six models are tried in all combinations.
#[must_use]
pub fn stack(models: &[&Scores], truth: &[usize], labels: usize) -> Stacked {
    let choices = 1_usize..(1 << models.len().min(6));
    let candidates = choices.filter_map(|choice| {
        let chosen: Vec<usize> = (0..models.len()).filter(|at| choice >> at & 1 == 1).collect();
        let scores: Vec<&Scores> = chosen.iter().map(|&at| models[at]).collect();
        let (found, log_loss) = minimum(&scores, truth, labels);
        let is_allowed = found.iter().all(|weight| *weight > 0.0);
        is_allowed.then(|| {
            let mut weights = vec![0.0; models.len()];
            chosen.iter().zip(found).for_each(|(&at, weight)| weights[at] = weight);
            Stacked { weights, log_loss }
        })
    });
    candidates
        .min_by(|a, b| a.log_loss.total_cmp(&b.log_loss))
        .unwrap_or_else(|| Stacked { weights: vec![1.0; models.len()], log_loss: f64::INFINITY })
}

/// Mean log loss of weighted scores.
#[must_use]
pub fn log_loss(models: &[&Scores], weights: &[f64], truth: &[usize], labels: usize) -> f64 {
    derivatives(models, weights, truth, labels).0
}

/// The sum of weighted scores of one row.
#[must_use]
pub fn weighted(models: &[&Scores], weights: &[f64], row: usize, labels: usize) -> Vec<f64> {
    let mut sum = vec![0.0; labels];
    for (scores, weight) in models.iter().zip(weights) {
        for (sum, score) in sum.iter_mut().zip(&scores[row * labels..(row + 1) * labels]) {
            *sum += weight * f64::from(*score);
        }
    }
    sum
}

/// Newton's method with halved steps, from weights that sum to 1.
fn minimum(models: &[&Scores], truth: &[usize], labels: usize) -> (Vec<f64>, f64) {
    let mut weights = vec![1.0 / count(models.len()); models.len()];
    let mut at = derivatives(models, &weights, truth, labels);
    for _ in 0..50 {
        let (loss, gradient, hessian) = &at;
        let Some(step) = solve(hessian.clone(), gradient.clone()) else { break };
        let mut length = 1.0;
        let next = loop {
            let moved: Vec<f64> = weights.iter().zip(&step).map(|(w, s)| w - length * s).collect();
            let found = derivatives(models, &moved, truth, labels);
            if found.0 <= *loss || length < 1e-4 {
                break (moved, found);
            }
            length /= 2.0;
        };
        let gained = loss - next.1.0;
        (weights, at) = next;
        if gained < 1e-9 {
            break;
        }
    }
    (weights, at.0)
}

/// Mean log loss, its gradient and its Hessian in the weights.
#[expect(clippy::needless_range_loop, reason = "both triangles of a matrix are written")]
fn derivatives(
    models: &[&Scores],
    weights: &[f64],
    truth: &[usize],
    labels: usize,
) -> (f64, Vec<f64>, Vec<Vec<f64>>) {
    let size = models.len();
    let (mut loss, mut gradient, mut hessian) = (0.0, vec![0.0; size], vec![vec![0.0; size]; size]);
    for (row, &label) in truth.iter().enumerate() {
        let p = softmax(weighted(models, weights, row, labels), 1.0);
        loss -= p[label].max(1e-300).ln();
        let scores = |model: usize| &models[model][row * labels..(row + 1) * labels];
        let mean = |model: usize| -> f64 {
            p.iter().zip(scores(model)).map(|(p, s)| p * f64::from(*s)).sum()
        };
        let means: Vec<f64> = (0..size).map(mean).collect();
        for a in 0..size {
            gradient[a] += means[a] - f64::from(scores(a)[label]);
            for b in 0..=a {
                let pairs = p.iter().zip(scores(a)).zip(scores(b));
                let product: f64 = pairs.map(|((p, x), y)| p * f64::from(*x) * f64::from(*y)).sum();
                hessian[a][b] += product - means[a] * means[b];
            }
        }
    }
    let rows = count(truth.len().max(1));
    gradient.iter_mut().for_each(|g| *g /= rows);
    for a in 0..size {
        for b in 0..=a {
            hessian[a][b] /= rows;
            hessian[b][a] = hessian[a][b];
        }
        // Scores that never differ have no curvature.
        hessian[a][a] += 1e-9;
    }
    (loss / rows, gradient, hessian)
}

/// Solves a small system by Gaussian elimination; `None` when it is singular.
fn solve(mut matrix: Vec<Vec<f64>>, mut right: Vec<f64>) -> Option<Vec<f64>> {
    let size = right.len();
    for column in 0..size {
        let pivot = (column..size)
            .max_by(|&a, &b| matrix[a][column].abs().total_cmp(&matrix[b][column].abs()))?;
        matrix.swap(column, pivot);
        right.swap(column, pivot);
        if matrix[column][column].abs() < 1e-14 {
            return None;
        }
        let (done, below) = matrix.split_at_mut(column + 1);
        let pivot = &done[column][column..];
        for (row, at) in below.iter_mut().zip(column + 1..) {
            let factor = row[column] / pivot[0];
            row[column..].iter_mut().zip(pivot).for_each(|(cell, x)| *cell -= factor * x);
            right[at] -= factor * right[column];
        }
    }
    for row in (0..size).rev() {
        let known: f64 = (row + 1..size).map(|at| matrix[row][at] * right[at]).sum();
        right[row] = (right[row] - known) / matrix[row][row];
    }
    Some(right)
}

#[expect(clippy::cast_precision_loss, reason = "row counts fit into 53 bits")]
fn count(rows: usize) -> f64 {
    rows as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_model_gets_its_inverse_temperature() {
        // Frequencies 0.75 and 0.25 are exact at a score difference of ln 3; the scores are three times as far apart.
        let far = 3.0 * 3f32.ln();
        let scores = vec![far, 0.0, far, 0.0, far, 0.0, far, 0.0];
        let stacked = stack(&[&scores], &[0, 0, 0, 1], 2);
        assert!((stacked.weights[0] - 1.0 / 3.0).abs() < 1e-5, "{stacked:?}");
    }

    #[test]
    fn a_model_that_knows_nothing_gets_no_weight() {
        let knows: Scores = vec![1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0, 0.0];
        let misleads: Scores = vec![0.0, 2.0, 2.0, 0.0, 0.0, 2.0, 2.0, 0.0, 0.0, 2.0];
        let truth = [0, 1, 0, 1, 1];
        let stacked = stack(&[&knows, &misleads], &truth, 2);
        assert!(stacked.weights[1] == 0.0 && stacked.weights[0] > 0.0, "{stacked:?}");
        assert!(
            (stacked.log_loss - log_loss(&[&knows], &stacked.weights[..1], &truth, 2)).abs()
                < 1e-12
        );
    }

    #[test]
    fn two_models_that_know_different_things_are_both_used() {
        let first: Scores = vec![2.0, 0.0, 0.0, 2.0, 0.1, 0.0, 0.0, 0.1, 2.0, 0.0, 0.0, 2.0];
        let second: Scores = vec![0.1, 0.0, 0.0, 0.1, 2.0, 0.0, 0.0, 2.0, 0.0, 0.2, 0.2, 0.0];
        let stacked = stack(&[&first, &second], &[0, 1, 0, 1, 0, 0], 2);
        assert!(stacked.weights.iter().all(|weight| *weight > 0.0), "{stacked:?}");
    }
}
