//! Intervals by the bootstrap: rows, or all rows of a customer at once, are drawn again and again with replacement.
//!
//! An interval holds the middle 95 % of the draws (Efron and Tibshirani, *An Introduction to the Bootstrap*, chapter 13),
//! moved by the bootstrap's own bias, the mean of the draws minus the estimate: drawing with replacement alone makes a
//! calibration error look larger and a macro-F1 smaller than they are. The seed makes it repeatable.

use crate::category::data::SplitMix64;
use crate::progress;
use recontact::statistics::{CONFIDENCE, Interval, quantile};
use serde::Serialize;

/// How to draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::Args)]
pub struct Bootstrap {
    /// Draws of the bootstrap from which intervals are taken; 0: no intervals.
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub draws: usize,
    /// Seed of the draws.
    #[arg(long, value_name = "N", default_value_t = 42)]
    pub seed: u64,
}

/// What is drawn: single rows, or all rows of one customer.
#[derive(Debug, Clone)]
pub struct Units {
    of_row: Vec<usize>,
    count: usize,
}

/// A figure and how sure it is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    /// On the rows as they are.
    pub value: f64,
    /// 95 % of the draws; none without draws or where most of them have no such figure.
    pub interval: Option<Interval>,
    /// Standard deviation of the draws; none likewise.
    pub standard_error: Option<f64>,
}

impl Units {
    /// Every row by itself.
    #[must_use]
    pub fn rows(count: usize) -> Self {
        Self { of_row: (0..count).collect(), count }
    }

    /// Rows of equal number together.
    #[must_use]
    pub fn groups(of_row: Vec<usize>) -> Self {
        let count = of_row.iter().max().map_or(0, |largest| largest + 1);
        Self { of_row, count }
    }

    fn draw(&self, random: &mut SplitMix64, drawn: &mut [u32], weights: &mut [u32]) {
        drawn.fill(0);
        for _ in 0..self.count {
            drawn[random.below(self.count)] += 1;
        }
        for (weight, unit) in weights.iter_mut().zip(&self.of_row) {
            *weight = drawn[*unit];
        }
    }
}

impl Bootstrap {
    /// Estimates several figures at once. `figures` is told how often each row counts, and answers in an order of its own
    /// that never changes; none where a figure does not exist, such as an area under a curve without positives.
    #[must_use]
    pub fn estimate(
        self,
        units: &Units,
        figures: impl Fn(&[u32]) -> Vec<Option<f64>>,
    ) -> Vec<Option<Estimate>> {
        let mut weights = vec![1; units.of_row.len()];
        let values = figures(&weights);
        let mut draws: Vec<Vec<f64>> = vec![Vec::with_capacity(self.draws); values.len()];
        let mut random = SplitMix64(self.seed);
        let mut drawn = vec![0; units.count];
        let bar = progress::bar(self.draws as u64, "drawing intervals");
        for _ in 0..self.draws {
            units.draw(&mut random, &mut drawn, &mut weights);
            for (draws, value) in draws.iter_mut().zip(figures(&weights)) {
                draws.extend(value.filter(|value| value.is_finite()));
            }
            bar.inc(1);
        }
        bar.finish_and_clear();
        let estimates = values.into_iter().zip(draws);
        estimates.map(|(value, draws)| value.map(|value| self.of_draws(value, draws))).collect()
    }

    fn of_draws(self, value: f64, mut draws: Vec<f64>) -> Estimate {
        if draws.len() < 2 || 2 * draws.len() < self.draws {
            return Estimate { value, interval: None, standard_error: None };
        }
        draws.sort_by(f64::total_cmp);
        let count = number(draws.len());
        let mean = draws.iter().sum::<f64>() / count;
        let square = draws.iter().map(|draw| (draw - mean).powi(2)).sum::<f64>();
        let at = |part| quantile(&draws, part).map(|end| end - (mean - value));
        let tail = (1.0 - CONFIDENCE) / 2.0;
        let ends = at(tail).zip(at(1.0 - tail));
        Estimate {
            value,
            interval: ends
                .map(|(low, high)| Interval { low: low.min(value), high: high.max(value) }),
            standard_error: Some((square / (count - 1.0)).sqrt()),
        }
    }
}

impl Estimate {
    /// The same with an interval that does not leave the figure's range.
    #[must_use]
    pub fn within(self, low: f64, high: f64) -> Self {
        let clamp = |x: f64| x.clamp(low, high);
        let interval = self
            .interval
            .map(|interval| Interval { low: clamp(interval.low), high: clamp(interval.high) });
        Self { interval, ..self }
    }
}

#[expect(clippy::cast_precision_loss, reason = "numbers of draws fit into 53 bits")]
fn number(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
#[path = "bootstrap_tests.rs"]
mod tests;
