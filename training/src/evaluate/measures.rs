//! The figures of a model on rows that count more than once: what [`super::bootstrap`] asks for again and again.
//!
//! Where every row counts once they are the figures of [`crate::metrics`]; a test holds the two together.

use crate::metrics::{CALIBRATION_BINS, bin};

/// Probabilities are kept this far from 0 and 1 in a log loss.
const SMALLEST: f64 = 1e-15;

/// A figure's name, which way is better, and its range.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measure {
    /// The name in JSON.
    pub name: &'static str,
    /// Whether more is better.
    pub higher_is_better: bool,
    /// The largest value it can have; the smallest is 0.
    pub largest: f64,
    /// Whether a promotion asks for it.
    pub decides: bool,
}

const fn measure(
    name: &'static str,
    higher_is_better: bool,
    largest: f64,
    decides: bool,
) -> Measure {
    Measure { name, higher_is_better, largest, decides }
}

/// The figures of a model of texts, in the order of [`TextMeasures::figures`].
pub const OF_TEXTS: [Measure; 4] = [
    measure("accuracy", true, 1.0, true),
    measure("macro_f1", true, 1.0, false),
    measure("ece", false, 1.0, false),
    measure("log_loss", false, f64::INFINITY, false),
];

/// The figures of a risk model, in the order of [`RiskMeasures::figures`].
pub const OF_RISK: [Measure; 5] = [
    measure("roc_auc", true, 1.0, true),
    measure("pr_auc", true, 1.0, false),
    measure("brier", false, 1.0, false),
    measure("log_loss", false, f64::INFINITY, true),
    measure("ece", false, 1.0, false),
];

/// What a model of texts said of rows in scope.
#[derive(Debug, Clone, Default)]
pub struct TextMeasures {
    /// The right label of each row, by number.
    pub truth: Vec<usize>,
    /// The model's best label.
    pub predicted: Vec<usize>,
    /// Its probability.
    pub confidence: Vec<f64>,
    /// The probability of the right label.
    pub truth_probability: Vec<f64>,
}

impl TextMeasures {
    /// The figures of [`OF_TEXTS`] where row i counts `weights[i]` times.
    #[must_use]
    pub fn figures(&self, weights: &[u32]) -> Vec<Option<f64>> {
        let total: f64 = weights.iter().copied().map(f64::from).sum();
        if total == 0.0 {
            return vec![None; OF_TEXTS.len()];
        }
        let classes = self.truth.iter().chain(&self.predicted).max().map_or(0, |most| most + 1);
        let (mut right, mut occurrences) = (vec![0.0; classes], vec![0.0; classes]);
        let mut bins = [(0.0, 0.0); CALIBRATION_BINS];
        let (mut hits, mut loss) = (0.0, 0.0);
        for (row, weight) in weights.iter().enumerate().filter(|(_, weight)| **weight > 0) {
            let weight = f64::from(*weight);
            let (truth, predicted) = (self.truth[row], self.predicted[row]);
            occurrences[truth] += weight;
            occurrences[predicted] += weight;
            let is_right = if truth == predicted { weight } else { 0.0 };
            right[truth] += is_right;
            hits += is_right;
            let (stated, came) = &mut bins[bin(self.confidence[row])];
            *stated += weight * self.confidence[row];
            *came += is_right;
            loss -= weight * self.truth_probability[row].max(SMALLEST).ln();
        }
        let present = occurrences.iter().zip(&right).filter(|(count, _)| **count > 0.0);
        let (f1, classes) = present.fold((0.0, 0.0), |(sum, classes), (count, right)| {
            (sum + 2.0 * right / count, classes + 1.0)
        });
        vec![Some(hits / total), Some(f1 / classes), Some(gap(&bins) / total), Some(loss / total)]
    }
}

/// What a risk model said of tickets, with their order by probability worked out once.
#[derive(Debug, Clone)]
pub struct RiskMeasures {
    probability: Vec<f64>,
    positive: Vec<bool>,
    loss: Vec<f64>,
    /// Rows by rising probability.
    order: Vec<usize>,
}

impl RiskMeasures {
    /// Of log-odds and probabilities, beside what came.
    #[must_use]
    pub fn new(probability: Vec<f64>, logit: &[f64], positive: Vec<bool>) -> Self {
        let mut order: Vec<usize> = (0..probability.len()).collect();
        order.sort_by(|a, b| probability[*a].total_cmp(&probability[*b]));
        let loss = logit.iter().zip(&positive).map(|(logit, positive)| {
            let signed = if *positive { *logit } else { -*logit };
            (-signed).max(0.0) + (-signed.abs()).exp().ln_1p()
        });
        let loss = loss.collect();
        Self { probability, positive, loss, order }
    }

    /// The probabilities.
    #[must_use]
    pub fn probability(&self) -> &[f64] {
        &self.probability
    }

    /// What came.
    #[must_use]
    pub fn positive(&self) -> &[bool] {
        &self.positive
    }

    /// The figures of [`OF_RISK`] where row i counts `weights[i]` times.
    #[must_use]
    pub fn figures(&self, weights: &[u32]) -> Vec<Option<f64>> {
        let total: f64 = weights.iter().copied().map(f64::from).sum();
        if total == 0.0 {
            return vec![None; OF_RISK.len()];
        }
        let mut bins = [(0.0, 0.0); CALIBRATION_BINS];
        let (mut square, mut loss) = (0.0, 0.0);
        for (row, weight) in weights.iter().enumerate().filter(|(_, weight)| **weight > 0) {
            let weight = f64::from(*weight);
            let (stated, came) = (self.probability[row], f64::from(u8::from(self.positive[row])));
            square += weight * (stated - came).powi(2);
            loss += weight * self.loss[row];
            let (sum, hits) = &mut bins[bin(stated)];
            *sum += weight * stated;
            *hits += weight * came;
        }
        let (roc_auc, pr_auc) = self.areas(weights);
        vec![roc_auc, pr_auc, Some(square / total), Some(loss / total), Some(gap(&bins) / total)]
    }

    /// ROC-AUC with ties counting half, and average precision, as [`crate::metrics`] defines them.
    fn areas(&self, weights: &[u32]) -> (Option<f64>, Option<f64>) {
        let tied = |rows: &[usize]| {
            rows.iter().fold((0.0, 0.0), |(positives, negatives), row| {
                let weight = f64::from(weights[*row]);
                if self.positive[*row] {
                    (positives + weight, negatives)
                } else {
                    (positives, negatives + weight)
                }
            })
        };
        let is_tied = |a: &usize, b: &usize| self.probability[*a] == self.probability[*b];
        let groups: Vec<(f64, f64)> = self.order.chunk_by(is_tied).map(tied).collect();
        let (mut below, mut wins) = (0.0, 0.0);
        for (positives, negatives) in &groups {
            wins += positives * (below + 0.5 * negatives);
            below += negatives;
        }
        let (mut seen, mut hits, mut area) = (0.0, 0.0, 0.0);
        for (positives, negatives) in groups.iter().rev() {
            hits += positives;
            seen += positives + negatives;
            if *positives > 0.0 {
                area += hits / seen * positives;
            }
        }
        let has_both = hits > 0.0 && below > 0.0;
        (has_both.then(|| wins / (hits * below)), (hits > 0.0).then(|| area / hits))
    }
}

/// Sum over bins of |what was stated − what came|.
fn gap(bins: &[(f64, f64)]) -> f64 {
    bins.iter().map(|(stated, came)| (came - stated).abs()).sum()
}

#[cfg(test)]
#[path = "measures_tests.rs"]
mod tests;
