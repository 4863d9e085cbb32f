//! Multinomial logistic regression on embeddings: `linfa-logistic` does the work, the gradient is computed again here.
//!
//! The cost is the sum of log losses plus `‖W‖² / (2C)`, the biases free, as in scikit-learn. A solver that stops early
//! loses accuracy without saying so, therefore the largest component of the gradient of the *mean* loss is checked after
//! each run and the solver started again from where it stopped until it is at most [`TOLERANCE`].

use anyhow::{anyhow, ensure};
use linfa::DatasetBase;
use linfa::traits::Fit;
use linfa_logistic::MultiLogisticRegression;
use ndarray::{Array1, Array2, Axis, s};
use recontact::classify::head::softmax;

/// Largest accepted component of the gradient of the cost divided by the number of rows (scikit-learn's `tol`).
pub const TOLERANCE: f64 = 1e-5;
const RUNS: usize = 20;
const ITERATIONS_PER_RUN: u64 = 500;

/// Embeddings and the index of each row's label; every label occurs.
#[derive(Debug)]
pub struct TrainingRows {
    /// One row for each text.
    pub x: Array2<f64>,
    /// Indices into the label set.
    pub y: Array1<usize>,
    /// Number of labels.
    pub labels: usize,
}

/// A fitted regression.
#[derive(Debug, Clone)]
pub struct MultinomialFit {
    /// Weights, dimension × labels.
    pub weights: Array2<f64>,
    /// One for each label.
    pub biases: Array1<f64>,
    /// Largest component of the gradient of the mean loss.
    pub gradient: f64,
}

impl TrainingRows {
    /// Fits with inverse regularisation strength `c`, starting from an earlier fit where there is one.
    ///
    /// # Errors
    /// When the solver fails or does not come to rest.
    pub fn fit(&self, c: f64, start: Option<&MultinomialFit>) -> anyhow::Result<MultinomialFit> {
        let mut parameters = start.map(MultinomialFit::parameters);
        let mut reached = f64::INFINITY;
        for _ in 0..RUNS {
            let fit = self.run(c, parameters.take())?;
            if fit.gradient <= TOLERANCE {
                return Ok(fit);
            }
            reached = reached.min(fit.gradient);
            parameters = Some(fit.parameters());
        }
        ensure!(
            reached <= TOLERANCE,
            "the logistic regression with C = {c} did not come to rest: gradient {reached:e}, expected at most {TOLERANCE:e}"
        );
        Err(anyhow!("the logistic regression was not run"))
    }

    fn run(&self, c: f64, start: Option<Array2<f64>>) -> anyhow::Result<MultinomialFit> {
        let mut parameters = MultiLogisticRegression::default()
            .alpha(1.0 / c)
            // linfa's tolerance is on the Euclidean norm of the gradient of the sum.
            .gradient_tolerance(TOLERANCE * count(self.y.len()))
            .max_iterations(ITERATIONS_PER_RUN);
        if let Some(start) = start {
            parameters = parameters.initial_params(start);
        }
        let dataset = DatasetBase::new(self.x.view(), self.y.view());
        let fitted = parameters
            .fit(&dataset)
            .map_err(|error| anyhow!("logistic regression with C = {c}: {error}"))?;
        let (weights, biases) = (fitted.params().to_owned(), fitted.intercept().to_owned());
        let gradient = self.gradient(&weights, &biases, c);
        Ok(MultinomialFit { weights, biases, gradient })
    }

    /// Largest component of the gradient of `Σ log loss + ‖W‖² / (2C)`, divided by the number of rows.
    fn gradient(&self, weights: &Array2<f64>, biases: &Array1<f64>, c: f64) -> f64 {
        let mut residuals = self.x.dot(weights) + biases;
        for (mut row, &label) in residuals.axis_iter_mut(Axis(0)).zip(&self.y) {
            row.assign(&Array1::from(softmax(row.to_vec(), 1.0)));
            row[label] -= 1.0;
        }
        let gradient = self.x.t().dot(&residuals) + weights / c;
        let largest = gradient
            .iter()
            .chain(&residuals.sum_axis(Axis(0)))
            .fold(0.0, |largest: f64, component| largest.max(component.abs()));
        largest / count(self.y.len().max(1))
    }
}

impl MultinomialFit {
    /// The same weights, as a row of labels for each number of the embedding and the biases in the last row.
    #[must_use]
    pub fn from_weights(weights: &super::multinomial::Weights) -> Self {
        let rows = weights.values.len() / weights.labels;
        let values = weights.values.iter().copied().map(f64::from).collect();
        let all = Array2::from_shape_vec((rows, weights.labels), values).unwrap_or_default();
        Self {
            weights: all.slice(s![..rows - 1, ..]).to_owned(),
            biases: all.row(rows - 1).to_owned(),
            gradient: weights.gradient,
        }
    }

    /// As the solver takes them: biases in the last row.
    fn parameters(&self) -> Array2<f64> {
        let (rows, columns) = self.weights.dim();
        let mut parameters = Array2::zeros((rows + 1, columns));
        parameters.slice_mut(s![..rows, ..]).assign(&self.weights);
        parameters.row_mut(rows).assign(&self.biases);
        parameters
    }
}

#[expect(clippy::cast_precision_loss, reason = "row counts fit into 53 bits")]
fn count(rows: usize) -> f64 {
    rows as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    fn rows() -> TrainingRows {
        TrainingRows {
            x: array![[0.0, 1.0], [0.2, 0.9], [1.0, 0.1], [0.9, 0.0], [0.6, 0.6], [0.5, 0.7]],
            y: array![0, 0, 1, 1, 2, 2],
            labels: 3,
        }
    }

    #[test]
    fn a_fit_comes_to_rest_and_a_second_one_from_there_changes_nothing() {
        let first = rows().fit(10.0, None).unwrap();
        assert!(first.gradient <= TOLERANCE);
        let second = rows().fit(10.0, Some(&first)).unwrap();
        let moved = (&second.weights - &first.weights).mapv(f64::abs).sum();
        assert!(moved < 1e-2, "{moved}");
    }
}
