//! Logistic regression run to a checked tolerance: `linfa-logistic` does the work, the gradient is computed again here.
//!
//! The cost is the sum of log losses plus `‖w‖² / (2C)`, the intercept free, as in scikit-learn. A solver that stops
//! early gives worse probabilities without saying so, therefore the norm of the gradient of the *mean* loss is
//! checked after each run and the solver started again from where it stopped until it is at most [`TOLERANCE`].

use anyhow::{anyhow, ensure};
use linfa::DatasetBase;
use linfa::traits::Fit;
use linfa_logistic::LogisticRegression;
use ndarray::{Array1, Array2, s};
use recontact::probability::Probability;

/// Largest accepted norm of the gradient of the cost divided by the number of rows.
pub const TOLERANCE: f64 = 1e-5;
/// What the solver aims at, so that one run is usually enough.
const AIM: f64 = 2e-6;
const RUNS: usize = 20;
const ITERATIONS_PER_RUN: u64 = 500;

/// Fits the same rows again and again, each time from the last solution.
#[derive(Debug)]
pub struct LogisticTrainer {
    /// Column-major: the solver's gradient reads it column by column.
    x: Array2<f64>,
    y: Array1<bool>,
    /// The last solution as the solver sees it, intercept last.
    start: Option<Array1<f64>>,
}

/// Weights of a fitted model: log-odds of `true` per unit of each column.
#[derive(Debug, Clone)]
pub struct LogisticFit {
    /// One per column.
    pub weights: Array1<f64>,
    /// Log-odds where all columns are 0.
    pub intercept: f64,
    /// Norm of the gradient of the cost, divided by the number of rows.
    pub gradient_norm: f64,
}

impl LogisticTrainer {
    /// Takes rows and their outcomes.
    #[must_use]
    pub fn new(x: Array2<f64>, y: Array1<bool>) -> Self {
        Self { x, y, start: None }
    }

    /// Fits with inverse regularisation strength `c`.
    ///
    /// # Errors
    /// When the solver fails or does not come to rest.
    pub fn fit(&mut self, c: f64) -> anyhow::Result<LogisticFit> {
        let rows = count(self.y.len());
        let mut best: Option<LogisticFit> = None;
        for _ in 0..RUNS {
            let fit = self.run(c, AIM * rows)?;
            if fit.gradient_norm <= TOLERANCE {
                return Ok(fit);
            }
            best = best.filter(|best| best.gradient_norm <= fit.gradient_norm).or(Some(fit));
        }
        let reached = best.map_or(f64::INFINITY, |fit| fit.gradient_norm);
        ensure!(
            reached <= TOLERANCE,
            "the logistic regression with C = {c} did not come to rest: gradient norm {reached:e}, \
             expected at most {TOLERANCE:e}"
        );
        Err(anyhow!("the logistic regression was not run"))
    }

    fn run(&mut self, c: f64, tolerance: f64) -> anyhow::Result<LogisticFit> {
        let mut parameters = LogisticRegression::default()
            .alpha(1.0 / c)
            .gradient_tolerance(tolerance)
            .max_iterations(ITERATIONS_PER_RUN);
        if let Some(start) = &self.start {
            parameters = parameters.initial_params(start.clone());
        }
        let dataset = DatasetBase::new(self.x.view(), self.y.view());
        let fitted = parameters
            .fit(&dataset)
            .map_err(|error| anyhow!("logistic regression with C = {c}: {error}"))?;
        // The solver models the more frequent class, whichever that is.
        let sign = if fitted.labels().pos.class { 1.0 } else { -1.0 };
        let mut start = Array1::zeros(self.x.ncols() + 1);
        start.slice_mut(s![..-1]).assign(fitted.params());
        start[self.x.ncols()] = fitted.intercept();
        self.start = Some(start);
        let weights = fitted.params() * sign;
        let intercept = fitted.intercept() * sign;
        let gradient_norm = gradient_norm(&self.x, &self.y, &weights, intercept, c);
        Ok(LogisticFit { weights, intercept, gradient_norm })
    }
}

impl LogisticFit {
    /// Log-odds of each row.
    #[must_use]
    pub fn logits(&self, x: &Array2<f64>) -> Vec<f64> {
        (x.dot(&self.weights) + self.intercept).to_vec()
    }
}

/// Norm of the gradient of `Σ log loss + ‖w‖² / (2C)`, divided by the number of rows.
fn gradient_norm(
    x: &Array2<f64>,
    y: &Array1<bool>,
    weights: &Array1<f64>,
    intercept: f64,
    c: f64,
) -> f64 {
    let mut residuals = x.dot(weights) + intercept;
    residuals.zip_mut_with(y, |logit, positive| {
        *logit = Probability::from_logit(*logit).value() - f64::from(u8::from(*positive));
    });
    let gradient = x.t().dot(&residuals) + weights / c;
    let squares = gradient.dot(&gradient) + residuals.sum().powi(2);
    squares.sqrt() / count(y.len().max(1))
}

#[expect(clippy::cast_precision_loss, reason = "row counts fit into 53 bits")]
fn count(rows: usize) -> f64 {
    rows as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    /// scikit-learn 1.9.1, `LogisticRegression(C=0.5, tol=1e-12)` on the same rows.
    #[test]
    fn weights_are_those_of_scikit_learn_whichever_class_is_larger() {
        let x = array![[0.0, 1.0], [1.0, 0.0], [2.0, 1.0], [3.0, 0.5], [0.5, 2.0], [2.5, 1.5]];
        let y = array![false, false, true, true, false, false];
        let fit = LogisticTrainer::new(x.clone(), y.clone()).fit(0.5).unwrap();
        assert!((fit.weights[0] - SKLEARN[0]).abs() < 1e-4, "{fit:?}");
        assert!((fit.weights[1] - SKLEARN[1]).abs() < 1e-4, "{fit:?}");
        assert!((fit.intercept - SKLEARN[2]).abs() < 1e-4, "{fit:?}");
        let flipped = LogisticTrainer::new(x, y.mapv(|positive| !positive)).fit(0.5).unwrap();
        assert!((flipped.weights[0] + SKLEARN[0]).abs() < 1e-4, "{flipped:?}");
        assert!((flipped.intercept + SKLEARN[2]).abs() < 1e-4, "{flipped:?}");
    }

    const SKLEARN: [f64; 3] = [0.56956122, -0.16668001, -1.44946636];
}
