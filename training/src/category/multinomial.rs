//! Multinomial logistic regression on sparse rows, run to a tight gradient.
//!
//! The cost is `Σ w·log loss + ‖W‖² / (2C)`, the biases free, as in scikit-learn. It is minimised by L-BFGS (Nocedal
//! 1980) with a diagonal start for the inverse Hessian. Scores are linear in the weights, so the scores of a direction are
//! computed once and the line search along it is nearly exact at no further pass over the features. Weights are in
//! single, sums in double precision. A solver that stops early loses accuracy without saying so: it ends when the largest
//! component of the gradient of the *mean* loss is at most [`TOLERANCE`], and fails otherwise.

use super::design::{Columns, Design};
use anyhow::ensure;
use ndarray::linalg::general_mat_mul;
use ndarray::{ArrayView2, ArrayViewMut2, s};
use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::thread;

/// Largest accepted component of the gradient of the cost divided by the weight of all rows (scikit-learn's `tol`).
pub const TOLERANCE: f64 = 1e-5;
/// Most steps.
const STEPS: usize = 2000;
/// Pairs of steps and gradient changes kept, where memory allows.
const HISTORY: usize = 10;
/// Most numbers kept in the history: 1.5 GB.
const HISTORY_NUMBERS: usize = 375_000_000;
/// The line search ends when the slope is this share of what it was.
const SLOPE: f64 = 0.1;
/// Scores are computed anew after so many steps, since they are otherwise added up.
const REFRESH: usize = 100;

/// Rows, labels and weights of a regression.
#[derive(Debug, Clone, Copy)]
pub struct Problem<'a> {
    /// The rows' features.
    pub design: &'a Design,
    /// The label of each row, below `labels`.
    pub y: &'a [usize],
    /// How often each row counts.
    pub weight: &'a [f32],
    /// Number of labels.
    pub labels: usize,
    /// Inverse regularisation strength.
    pub c: f64,
}

/// A fitted regression: a row of `labels` weights for each feature, the biases in the last row.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    /// `features + 1` rows of `labels` numbers.
    pub values: Vec<f32>,
    /// Number of labels.
    pub labels: usize,
    /// Largest component of the gradient of the mean loss.
    pub gradient: f64,
}

impl Weights {
    /// The scores of each row, row after row.
    #[must_use]
    pub fn scores(&self, design: &Design) -> Vec<f32> {
        let mut scores = vec![0.0; design.rows() * self.labels];
        forward(design, &self.values, self.labels, &mut scores);
        scores
    }

    /// The weights of a feature.
    #[must_use]
    pub fn row(&self, feature: usize) -> &[f32] {
        &self.values[feature * self.labels..(feature + 1) * self.labels]
    }

    /// The biases.
    #[must_use]
    pub fn biases(&self) -> &[f32] {
        &self.values[self.values.len() - self.labels..]
    }
}

impl Problem<'_> {
    /// Fits, starting from an earlier fit where there is one; `told` hears the gradient after each step.
    ///
    /// # Errors
    /// When the solver does not come to rest.
    pub fn fit(
        &self,
        start: Option<&Weights>,
        mut told: impl FnMut(usize, f64),
    ) -> anyhow::Result<Weights> {
        let numbers = (self.design.features() + 1) * self.labels;
        let mut solver = Solver {
            problem: self,
            w: start.map_or_else(|| vec![0.0; numbers], |start| start.values.clone()),
            scores: vec![0.0; self.design.rows() * self.labels],
            direction_scores: vec![0.0; self.design.rows() * self.labels],
            columns: self.design.columns(),
            inverse: self.inverse_diagonal(),
            history: VecDeque::new(),
            most_pairs: (HISTORY_NUMBERS / (2 * numbers)).clamp(3, HISTORY),
        };
        forward(self.design, &solver.w, self.labels, &mut solver.scores);
        let mut gradient = solver.gradient();
        for step in 0..STEPS {
            let largest = self.largest(&gradient);
            told(step, largest);
            if largest <= TOLERANCE {
                return Ok(Weights { values: solver.w, labels: self.labels, gradient: largest });
            }
            gradient = solver.step(gradient, step)?;
        }
        let reached = self.largest(&gradient);
        ensure!(
            reached <= TOLERANCE,
            "the logistic regression with C = {} did not come to rest in {STEPS} steps: gradient {reached:e}, expected at \
             most {TOLERANCE:e}",
            self.c
        );
        Ok(Weights { values: solver.w, labels: self.labels, gradient: reached })
    }

    fn rows_weight(&self) -> f64 {
        self.weight.iter().copied().map(f64::from).sum::<f64>().max(1.0)
    }

    fn largest(&self, gradient: &[f32]) -> f64 {
        let largest = gradient.iter().fold(0.0_f32, |largest, g| largest.max(g.abs()));
        f64::from(largest) / self.rows_weight()
    }

    /// One number for each feature and one for the biases: the inverse of a guess of the Hessian's diagonal,
    /// `1/C + Σ w·x²·q` with `q = (1 − 1/K)/K` for uniform probabilities.
    #[expect(clippy::cast_possible_truncation, reason = "a guess in single precision")]
    #[expect(clippy::cast_precision_loss, reason = "label counts fit into 53 bits")]
    fn inverse_diagonal(&self) -> Vec<f32> {
        let labels = self.labels as f64;
        let q = (1.0 - 1.0 / labels) / labels;
        let mut squares = vec![0.0_f64; self.design.features() + 1];
        for (row, weight) in self.weight.iter().enumerate() {
            for (feature, x) in self.design.row(row) {
                squares[*feature as usize] += f64::from(weight * x * x);
            }
            let dense = self.design.dense(row..row + 1);
            for (square, x) in squares[self.design.terms()..].iter_mut().zip(dense) {
                *square += f64::from(weight * x * x);
            }
        }
        let mut inverse: Vec<f32> =
            squares.iter().map(|squares| (1.0 / (1.0 / self.c + q * squares)) as f32).collect();
        if let Some(bias) = inverse.last_mut() {
            *bias = (1.0 / (q * self.rows_weight())) as f32;
        }
        inverse
    }
}

/// A step and the change of the gradient over it.
struct Pair {
    step: Vec<f32>,
    change: Vec<f32>,
    inner: f64,
}

struct Solver<'a> {
    problem: &'a Problem<'a>,
    w: Vec<f32>,
    /// Scores of the rows under `w`.
    scores: Vec<f32>,
    /// Scores of the rows along a direction; after the step, their residuals.
    direction_scores: Vec<f32>,
    /// The design by terms.
    columns: Columns,
    /// See [`Problem::inverse_diagonal`].
    inverse: Vec<f32>,
    history: VecDeque<Pair>,
    most_pairs: usize,
}

impl Solver<'_> {
    /// Takes one step; returns the gradient after it.
    fn step(&mut self, gradient: Vec<f32>, step: usize) -> anyhow::Result<Vec<f32>> {
        let labels = self.problem.labels;
        let mut direction = self.direction(&gradient);
        forward(self.problem.design, &direction, labels, &mut self.direction_scores);
        let length = self.line_search(&direction);
        ensure!(
            length.is_finite() && length > 0.0,
            "the logistic regression with C = {} found no way down",
            self.problem.c
        );
        #[expect(clippy::cast_possible_truncation, reason = "steps are kept in single precision")]
        let single = length as f32;
        direction.iter_mut().for_each(|x| *x *= single);
        add(&mut self.w, &direction, 1.0);
        if (step + 1).is_multiple_of(REFRESH) {
            forward(self.problem.design, &self.w, labels, &mut self.scores);
        } else {
            add(&mut self.scores, &self.direction_scores, single);
        }
        let after = self.gradient();
        let mut change = gradient;
        change.iter_mut().zip(&after).for_each(|(before, after)| *before = after - *before);
        let inner = dot(&direction, &change);
        if inner > 0.0 {
            if self.history.len() == self.most_pairs {
                self.history.pop_front();
            }
            self.history.push_back(Pair { step: direction, change, inner });
        }
        Ok(after)
    }

    /// Minus the gradient times the approximate inverse Hessian (the two-loop recursion).
    fn direction(&self, gradient: &[f32]) -> Vec<f32> {
        let mut q: Vec<f32> = gradient.iter().map(|g| -g).collect();
        let mut alphas = Vec::with_capacity(self.history.len());
        for pair in self.history.iter().rev() {
            let alpha = dot(&pair.step, &q) / pair.inner;
            add(&mut q, &pair.change, -alpha);
            alphas.push(alpha);
        }
        let gamma = self.history.back().map_or(1.0, |pair| {
            let scaled = self.scaled_square(&pair.change);
            if scaled > 0.0 { pair.inner / scaled } else { 1.0 }
        });
        self.precondition(&mut q, gamma);
        for (pair, alpha) in self.history.iter().zip(alphas.iter().rev()) {
            let beta = dot(&pair.change, &q) / pair.inner;
            add(&mut q, &pair.step, alpha - beta);
        }
        q
    }

    #[expect(clippy::cast_possible_truncation, reason = "directions are kept in single precision")]
    fn precondition(&self, q: &mut [f32], gamma: f64) {
        for (row, inverse) in q.chunks_exact_mut(self.problem.labels).zip(&self.inverse) {
            let factor = (gamma * f64::from(*inverse)) as f32;
            row.iter_mut().for_each(|x| *x *= factor);
        }
    }

    fn scaled_square(&self, change: &[f32]) -> f64 {
        let rows = change.chunks_exact(self.problem.labels).zip(&self.inverse);
        rows.map(|(row, inverse)| f64::from(*inverse) * dot(row, row)).sum()
    }

    /// How far to go along a direction: Newton's method on the slope, kept inside what is known to hold the minimum.
    fn line_search(&self, direction: &[f32]) -> f64 {
        let free = direction.len() - self.problem.labels;
        let (w, d) = (&self.w[..free], &direction[..free]);
        let (linear, square) = (dot(w, d) / self.problem.c, dot(d, d) / self.problem.c);
        let slope_at = |t: f64| {
            let (slope, curvature) = self.slope(t);
            (slope + linear + t * square, curvature + square)
        };
        let (at_start, _) = slope_at(0.0);
        let (mut low, mut high, mut t) = (0.0, f64::INFINITY, 1.0);
        for _ in 0..20 {
            let (slope, curvature) = slope_at(t);
            if slope.abs() <= SLOPE * at_start.abs() {
                break;
            }
            if slope < 0.0 {
                low = t;
            } else {
                high = t;
            }
            let newton = t - slope / curvature.max(1e-300);
            t = if newton > low && newton < high {
                newton
            } else if high.is_finite() {
                f64::midpoint(low, high)
            } else {
                2.0 * t
            };
        }
        t
    }

    /// Slope and curvature of the loss along the direction, at length `t`.
    #[expect(clippy::cast_possible_truncation, reason = "scores are kept in single precision")]
    fn slope(&self, t: f64) -> (f64, f64) {
        let labels = self.problem.labels;
        let t = t as f32;
        let parts = in_parts(self.problem.y.len(), |rows| {
            let mut at = vec![0.0_f32; labels];
            let (mut slope, mut curvature) = (0.0, 0.0);
            for row in rows {
                let place = row * labels..(row + 1) * labels;
                let (scores, direction) =
                    (&self.scores[place.clone()], &self.direction_scores[place]);
                for ((x, score), d) in at.iter_mut().zip(scores).zip(direction) {
                    *x = score + t * d;
                }
                softmax(&mut at);
                let (mut mean, mut mean_square) = (0.0_f32, 0.0_f32);
                for (p, d) in at.iter().zip(direction) {
                    mean += p * d;
                    mean_square += p * d * d;
                }
                let weight = f64::from(self.problem.weight[row]);
                slope += weight * f64::from(mean - direction[self.problem.y[row]]);
                curvature += weight * f64::from((mean_square - mean * mean).max(0.0));
            }
            (slope, curvature)
        });
        parts.into_iter().fold((0.0, 0.0), |sum, part| (sum.0 + part.0, sum.1 + part.1))
    }

    /// The gradient of the cost. Each thread has features of its own, so that there is one gradient in memory however many
    /// cores there are.
    #[expect(clippy::cast_possible_truncation, reason = "gradients are kept in single precision")]
    fn gradient(&mut self) -> Vec<f32> {
        self.residuals();
        let Problem { design, labels, c, .. } = *self.problem;
        let free = design.features() * labels;
        let mut gradient = vec![0.0_f32; self.w.len()];
        let (of_terms, rest) = gradient.split_at_mut(design.terms() * labels);
        let (of_dense, biases) = rest.split_at_mut(free - of_terms.len());
        thread::scope(|scope| {
            let this = &*self;
            let mut left = of_terms;
            for terms in self.columns.stretches(threads()) {
                let (own, others) = left.split_at_mut(terms.len() * labels);
                left = others;
                scope.spawn(move || this.sum_terms(terms, own));
            }
            let per_part = design.features().saturating_sub(design.terms()).div_ceil(threads());
            for (part, own) in of_dense.chunks_mut(per_part.max(1) * labels).enumerate() {
                scope.spawn(move || this.sum_dense(part * per_part, own));
            }
            self.direction_scores.chunks_exact(labels).for_each(|row| axpy(biases, 1.0, row));
        });
        add(&mut gradient[..free], &self.w[..free], 1.0 / c as f32);
        gradient
    }

    /// How far the probabilities of each row are from its label, times the row's weight; in the place of the scores of the
    /// direction, which are not needed any more.
    fn residuals(&mut self) {
        let Problem { labels, y, weight, .. } = *self.problem;
        let per_part = y.len().div_ceil(threads()).max(1);
        thread::scope(|scope| {
            let numbers = self.direction_scores.chunks_mut(per_part * labels);
            let numbers = numbers.zip(self.scores.chunks(per_part * labels));
            let rows = y.chunks(per_part).zip(weight.chunks(per_part));
            for ((residuals, scores), (y, weight)) in numbers.zip(rows) {
                scope.spawn(move || {
                    residuals.copy_from_slice(scores);
                    let rows = residuals.chunks_exact_mut(labels).zip(y).zip(weight);
                    for ((residual, label), weight) in rows {
                        softmax(residual);
                        residual[*label] -= 1.0;
                        residual.iter_mut().for_each(|x| *x *= weight);
                    }
                });
            }
        });
    }

    /// Sums the residuals of some terms' rows.
    fn sum_terms(&self, terms: Range<usize>, gradient: &mut [f32]) {
        let labels = self.problem.labels;
        for (term, sum) in terms.zip(gradient.chunks_exact_mut(labels)) {
            for (row, x) in self.columns.term(term) {
                let at = *row as usize * labels;
                axpy(sum, *x, &self.direction_scores[at..at + labels]);
            }
        }
    }

    /// Sums the residuals of all rows for the embeddings' numbers from the one at `first` on.
    fn sum_dense(&self, first: usize, gradient: &mut [f32]) {
        let Problem { design, labels, .. } = *self.problem;
        let count = gradient.len() / labels;
        let residuals = ArrayView2::from_shape((design.rows(), labels), &self.direction_scores);
        let sum = ArrayViewMut2::from_shape((count, labels), gradient);
        if let (Ok(residuals), Ok(mut sum)) = (residuals, sum) {
            let dense = design.dense(0..design.rows());
            let numbers = dense.slice(s![.., first..first + count]);
            general_mat_mul(1.0, &numbers.t(), &residuals, 0.0, &mut sum);
        }
    }
}

/// `X·W + b`, row after row.
fn forward(design: &Design, w: &[f32], labels: usize, scores: &mut [f32]) {
    let biases = &w[w.len() - labels..];
    let (terms, features) = (design.terms(), design.features());
    let of_dense =
        ArrayView2::from_shape((features - terms, labels), &w[terms * labels..features * labels]);
    let per_part = design.rows().div_ceil(threads()).max(1);
    thread::scope(|scope| {
        for (part, scores) in scores.chunks_mut(per_part * labels).enumerate() {
            let of_dense = &of_dense;
            scope.spawn(move || {
                let first = part * per_part;
                for (at, score) in scores.chunks_exact_mut(labels).enumerate() {
                    score.copy_from_slice(biases);
                    for (feature, x) in design.row(first + at) {
                        let from = *feature as usize * labels;
                        axpy(score, *x, &w[from..from + labels]);
                    }
                }
                let rows = scores.len() / labels;
                let sum = ArrayViewMut2::from_shape((rows, labels), scores);
                if let (Ok(mut sum), Ok(of_dense)) = (sum, of_dense) {
                    general_mat_mul(
                        1.0,
                        &design.dense(first..first + rows),
                        of_dense,
                        1.0,
                        &mut sum,
                    );
                }
            });
        }
    });
}

/// Works on shares of the rows side by side; the results in the rows' order.
fn in_parts<T: Send>(rows: usize, work: impl Fn(Range<usize>) -> T + Sync) -> Vec<T> {
    let per_part = rows.div_ceil(threads()).max(1);
    thread::scope(|scope| {
        let work = &work;
        let started: Vec<_> = (0..rows)
            .step_by(per_part)
            .map(|from| scope.spawn(move || work(from..(from + per_part).min(rows))))
            .collect();
        started
            .into_iter()
            .map(|part| part.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    })
}

fn threads() -> usize {
    thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

fn softmax(scores: &mut [f32]) {
    let highest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for score in scores.iter_mut() {
        *score = (*score - highest).exp();
        sum += *score;
    }
    let inverse = 1.0 / sum;
    scores.iter_mut().for_each(|score| *score *= inverse);
}

fn axpy(to: &mut [f32], factor: f32, from: &[f32]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to += factor * from;
    }
}

/// Adds `factor` times `from`, with as many threads as pay.
#[expect(clippy::cast_possible_truncation, reason = "vectors are kept in single precision")]
fn add(to: &mut [f32], from: &[f32], factor: impl Into<f64>) {
    let factor = factor.into() as f32;
    let step = step_of(to.len());
    thread::scope(|scope| {
        let mut parts = to.chunks_mut(step).zip(from.chunks(step));
        let first = parts.next();
        for (to, from) in parts {
            scope.spawn(move || axpy(to, factor, from));
        }
        if let Some((to, from)) = first {
            axpy(to, factor, from);
        }
    });
}

/// The inner product, summed in double precision over stretches that are summed in single.
fn dot(a: &[f32], b: &[f32]) -> f64 {
    let step = step_of(a.len());
    thread::scope(|scope| {
        let mut parts = a.chunks(step).zip(b.chunks(step));
        let first = parts.next();
        let others: Vec<_> = parts.map(|(a, b)| scope.spawn(move || dot_here(a, b))).collect();
        let sum = first.map_or(0.0, |(a, b)| dot_here(a, b));
        others.into_iter().fold(sum, |sum, part| sum + part.join().unwrap_or(f64::NAN))
    })
}

fn dot_here(a: &[f32], b: &[f32]) -> f64 {
    const LANES: usize = 16;
    let stretches = a.chunks(4096).zip(b.chunks(4096)).map(|(a, b)| {
        let (a, b) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
        let mut lanes = [0.0_f32; LANES];
        for (a, b) in a.0.iter().zip(b.0) {
            for lane in 0..LANES {
                lanes[lane] += a[lane] * b[lane];
            }
        }
        let rest: f32 = a.1.iter().zip(b.1).map(|(a, b)| a * b).sum();
        f64::from(lanes.iter().sum::<f32>() + rest)
    });
    stretches.sum()
}

/// Numbers a thread should have to itself; short vectors are not shared out.
fn step_of(length: usize) -> usize {
    if length < 200_000 { length.max(1) } else { length.div_ceil(threads()) }
}

#[cfg(test)]
#[path = "multinomial_tests.rs"]
mod tests;
