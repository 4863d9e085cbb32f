//! A head on a tuned encoder beside the one on the encoder as it is, row by row.

use super::choose::SAME_ACCURACY;
use super::method::Method;
use super::report::share;
use serde::Serialize;

/// What a head says of a row held out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RowResult {
    /// Minus the logarithm of the right label's probability.
    pub log_loss: f64,
    /// Whether its best label is the right one.
    pub is_right: bool,
}

/// A tuned encoder beside the encoder as it is, on the same rows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct TunedBeside {
    /// How it was tuned.
    pub method: Method,
    /// The best method on the encoder as it is.
    pub method_as_it_is: Method,
    /// Rows that both held out.
    pub rows: usize,
    /// Share of them that it gets right.
    pub accuracy: f64,
    /// The same of the encoder as it is.
    pub accuracy_as_it_is: f64,
    /// By how much its mean log loss is lower.
    pub gain: f64,
    /// One standard error of that.
    pub standard_error: f64,
}

impl TunedBeside {
    /// Compares pairs of results, the tuned one first.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts of rows")]
    pub fn of(method: Method, method_as_it_is: Method, pairs: &[(RowResult, RowResult)]) -> Self {
        let rows = pairs.len() as f64;
        let gains = || pairs.iter().map(|(tuned, simple)| simple.log_loss - tuned.log_loss);
        let gain = gains().sum::<f64>() / rows.max(1.0);
        let variance = gains().map(|x| (x - gain).powi(2)).sum::<f64>() / (rows - 1.0).max(1.0);
        let right = |is_right: &dyn Fn(&(RowResult, RowResult)) -> bool| {
            share(pairs.iter().filter(|pair| is_right(pair)).count(), pairs.len())
        };
        Self {
            method,
            method_as_it_is,
            rows: pairs.len(),
            accuracy: right(&|pair| pair.0.is_right),
            accuracy_as_it_is: right(&|pair| pair.1.is_right),
            gain,
            standard_error: (variance / rows.max(1.0)).sqrt(),
        }
    }

    /// Whether it is as accurate at least, and better by more than chance: the one-standard-error rule (Breiman et al. 1984, "Classification and
    /// Regression Trees", chapter 3), by which what costs more must earn it.
    #[must_use]
    pub fn is_better(&self) -> bool {
        let is_as_accurate = self.accuracy >= self.accuracy_as_it_is - SAME_ACCURACY;
        self.rows > 1 && is_as_accurate && self.gain > 0.0 && self.gain >= self.standard_error
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn beside(gains: &[f64]) -> TunedBeside {
        let result = |log_loss| RowResult { log_loss, is_right: log_loss < 1.0 };
        let pairs: Vec<_> = gains.iter().map(|gain| (result(1.0 - gain), result(1.0))).collect();
        TunedBeside::of(Method::FewShot, Method::Sum, &pairs)
    }

    #[test]
    fn what_costs_more_must_gain_more_than_chance() {
        assert!(beside(&[0.2, 0.3, 0.1, 0.2]).is_better());
        // A mean of 0.05 with a standard error of 0.3.
        assert!(!beside(&[0.8, -0.6, 0.4, -0.4]).is_better());
        assert!(!beside(&[-0.2, -0.3, -0.1]).is_better());
        assert!(!beside(&[0.5]).is_better(), "one row tells nothing");
        assert!(!beside(&[]).is_better());
    }

    #[test]
    fn what_is_surer_but_less_often_right_is_not_better() {
        let pair = |tuned, simple| {
            (
                RowResult { log_loss: 0.1, is_right: tuned },
                RowResult { log_loss: 0.5, is_right: simple },
            )
        };
        let pairs = [pair(true, true), pair(false, true), pair(true, true)];
        assert!(!TunedBeside::of(Method::FineTune, Method::Sum, &pairs).is_better());
    }

    #[test]
    fn both_accuracies_are_of_the_same_rows() {
        let found = beside(&[0.2, 0.3, -0.1, -0.2]);
        assert_eq!((found.rows, found.accuracy, found.accuracy_as_it_is), (4, 0.5, 0.0));
        assert!((found.gain - 0.05).abs() < 1e-12);
    }
}
