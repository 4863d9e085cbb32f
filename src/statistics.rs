//! Intervals and quantiles that outcomes, next issues and effects share. Every function says where its formula comes from.

use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, Normal};

/// The confidence of every interval, unless a caller says otherwise.
pub const CONFIDENCE: f64 = 0.95;

/// A count among a number of trials; a rate only where there is at least one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Proportion {
    /// How many had it; never more than `trials`.
    pub count: u64,
    /// Out of how many.
    pub trials: u64,
}

/// An interval that holds its estimate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Proportion {
    /// The rate; `None` without trials, since nothing is not 0 %.
    #[must_use]
    pub fn rate(self) -> Option<f64> {
        (self.trials > 0).then(|| as_f64(self.count) / as_f64(self.trials))
    }

    /// Wilson's score interval without continuity correction (Wilson 1927; Newcombe 1998, Statist. Med. 17:857, method 3).
    #[must_use]
    pub fn wilson(self, confidence: f64) -> Option<Interval> {
        let rate = self.rate()?;
        let z = normal_quantile(0.5 + confidence / 2.0);
        let n = as_f64(self.trials);
        let centre = rate + z * z / (2.0 * n);
        let half = z * (rate * (1.0 - rate) / n + z * z / (4.0 * n * n)).sqrt();
        let scale = 1.0 + z * z / n;
        Some(Interval {
            low: ((centre - half) / scale).max(0.0),
            high: ((centre + half) / scale).min(1.0),
        })
    }
}

/// Newcombe's interval for the difference of two independent rates, `a - b`, from their Wilson intervals
/// (Newcombe 1998, Statist. Med. 17:873, method 10). `None` where either side has no trials.
#[must_use]
pub fn newcombe_difference(a: Proportion, b: Proportion, confidence: f64) -> Option<Interval> {
    let (rate_a, rate_b) = (a.rate()?, b.rate()?);
    let (of_a, of_b) = (a.wilson(confidence)?, b.wilson(confidence)?);
    let difference = rate_a - rate_b;
    let square = |x: f64| x * x;
    Some(Interval {
        low: difference - (square(rate_a - of_a.low) + square(of_b.high - rate_b)).sqrt(),
        high: difference + (square(of_a.high - rate_a) + square(rate_b - of_b.low)).sqrt(),
    })
}

/// How many times as frequent `a` is as `b`, with Katz' logarithmic interval (Katz et al. 1978, Biometrics 34:469).
/// `None` where either side has no trials or no cases, since the logarithm is not defined then.
#[must_use]
pub fn rate_ratio(a: Proportion, b: Proportion, confidence: f64) -> Option<(f64, Interval)> {
    if a.count == 0 || b.count == 0 {
        return None;
    }
    let ratio = a.rate()? / b.rate()?;
    let part = |side: Proportion| 1.0 / as_f64(side.count) - 1.0 / as_f64(side.trials);
    let half = normal_quantile(0.5 + confidence / 2.0) * (part(a) + part(b)).max(0.0).sqrt();
    Some((ratio, Interval { low: ratio * (-half).exp(), high: ratio * half.exp() }))
}

/// The quantile `part` (0 to 1) of values in rising order, linear between neighbours (Hyndman & Fan 1996, type 7, as
/// NumPy's default). `None` when there are none.
#[must_use]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a position between 0 and the length"
)]
pub fn quantile(sorted: &[f64], part: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let position = part.clamp(0.0, 1.0) * as_f64(last as u64);
    let below = position.floor() as usize;
    let above = (below + 1).min(last);
    Some(sorted[below] + (sorted[above] - sorted[below]) * (position - position.floor()))
}

/// The quantile of the standard normal distribution.
#[must_use]
pub fn normal_quantile(probability: f64) -> f64 {
    Normal::standard().inverse_cdf(probability)
}

/// The distribution function of the standard normal distribution.
#[must_use]
pub fn normal_cdf(z: f64) -> f64 {
    Normal::standard().cdf(z)
}

#[expect(clippy::cast_precision_loss, reason = "counts of contacts fit into 53 bits")]
fn as_f64(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(count: u64, trials: u64) -> Proportion {
        Proportion { count, trials }
    }

    #[test]
    fn wilson_is_newcombes_first_example() {
        // Newcombe 1998a, table I, 81 of 263, method 3.
        let interval = of(81, 263).wilson(0.95).unwrap();
        assert!((interval.low - 0.2553).abs() < 5e-5, "{interval:?}");
        assert!((interval.high - 0.3662).abs() < 5e-5, "{interval:?}");
    }

    #[test]
    fn the_difference_is_newcombes_first_example() {
        // Newcombe 1998b, table II, 56/70 - 48/80, method 10.
        let interval = newcombe_difference(of(56, 70), of(48, 80), 0.95).unwrap();
        assert!((interval.low - 0.0524).abs() < 5e-5, "{interval:?}");
        assert!((interval.high - 0.3339).abs() < 5e-5, "{interval:?}");
    }

    #[test]
    fn nothing_is_no_rate_and_no_interval() {
        assert_eq!(of(0, 0).rate(), None);
        assert_eq!(of(0, 0).wilson(0.95), None);
        assert_eq!(newcombe_difference(of(0, 0), of(1, 2), 0.95), None);
        assert_eq!(rate_ratio(of(0, 5), of(1, 2), 0.95), None);
        assert_eq!(quantile(&[], 0.5), None);
    }

    #[test]
    fn a_ratio_holds_itself_and_quantiles_are_numpys() {
        let (ratio, interval) = rate_ratio(of(30, 100), of(10, 100), 0.95).unwrap();
        assert!((ratio - 3.0).abs() < 1e-12 && interval.low < 3.0 && 3.0 < interval.high);
        assert!((interval.low - 1.5512).abs() < 1e-3, "{interval:?}");
        assert_eq!(quantile(&[1.0, 2.0, 4.0, 8.0], 0.25), Some(1.75));
        assert_eq!(quantile(&[5.0], 0.9), Some(5.0));
    }
}
