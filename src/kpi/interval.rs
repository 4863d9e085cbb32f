//! Intervals of what is no rate: means, a median, a ratio of sums, the difference of promoters and detractors.

use crate::statistics::{CONFIDENCE, Interval, normal_quantile};

fn z() -> f64 {
    normal_quantile(0.5 + CONFIDENCE / 2.0)
}

/// A mean with its standard error, by the central limit theorem: mean ± z s / √n, from the sums of the values and of their
/// squares. `None` below two values.
#[must_use]
pub fn of_mean(n: f64, sum: f64, squares: f64) -> Option<Interval> {
    if n < 2.0 {
        return None;
    }
    let mean = sum / n;
    let variance = ((squares - sum * mean) / (n - 1.0)).max(0.0);
    Some(around(mean, (variance / n).sqrt()))
}

/// The share of promoters minus that of detractors, with the standard error of a difference of shares of one sample (a
/// multinomial; Rocks 2016, "Interval estimation for the net promoter score", The American Statistician 70:365). In points.
#[must_use]
pub fn of_nps(n: f64, promoters: f64, detractors: f64) -> Option<Interval> {
    if n < 2.0 {
        return None;
    }
    let (up, down) = (promoters / n, detractors / n);
    let score = up - down;
    let error = ((up + down - score * score).max(0.0) / n).sqrt();
    let ends = around(score * 100.0, error * 100.0);
    Some(Interval { low: ends.low.max(-100.0), high: ends.high.min(100.0) })
}

/// Sums over pairs of values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairSums {
    /// Pairs.
    pub n: f64,
    /// Of the values above the line.
    pub above: f64,
    /// Of their squares.
    pub above_squares: f64,
    /// Of the values below the line.
    pub below: f64,
    /// Of their squares.
    pub below_squares: f64,
    /// Of the products of both.
    pub products: f64,
}

/// A ratio of two sums over the same cases, by linearisation (Cochran 1977, Sampling Techniques, 6.4).
#[must_use]
pub fn of_ratio(sums: &PairSums) -> Option<Interval> {
    let PairSums { n, above, above_squares, below, below_squares, products } = *sums;
    if n < 2.0 || below <= 0.0 {
        return None;
    }
    let ratio = above / below;
    let residuals = above_squares - 2.0 * ratio * products + ratio * ratio * below_squares;
    let mean_below = below / n;
    let error = (residuals.max(0.0) / (n * (n - 1.0))).sqrt() / mean_below;
    Some(around(ratio, error))
}

fn around(centre: f64, error: f64) -> Interval {
    Interval { low: centre - z() * error, high: centre + z() * error }
}

/// The median of whole numbers, and its interval from the order statistics of the ranks n/2 ± z √n / 2, rounded (Campbell &
/// Gardner 1988, BMJ 296:1454). The median of an even number of values is the mean of the middle two. No interval where a rank
/// lies outside. Changes the order of the values.
#[must_use]
pub fn median(values: &mut [u64]) -> Option<(f64, Option<Interval>)> {
    let n = values.len();
    if n == 0 {
        return None;
    }
    let mut at = |index: usize| as_f64(*values.select_nth_unstable(index).1);
    let middle = if n % 2 == 1 { at(n / 2) } else { f64::midpoint(at(n / 2 - 1), at(n / 2)) };
    let half = as_f64(n as u64) / 2.0;
    let reach = z() * as_f64(n as u64).sqrt() / 2.0;
    let (low, high) = ((half - reach).round(), (1.0 + half + reach).round());
    let interval = (low >= 1.0 && high <= as_f64(n as u64))
        .then(|| Interval { low: at(rank(low) - 1), high: at(rank(high) - 1) });
    Some((middle, interval))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a rank from 1 to the number of values"
)]
fn rank(value: f64) -> usize {
    value as usize
}

#[expect(clippy::cast_precision_loss, reason = "seconds and numbers of tickets fit into 53 bits")]
fn as_f64(value: u64) -> f64 {
    value as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is(value: f64, expected: f64) -> bool {
        (value - expected).abs() < 1e-6
    }

    #[test]
    fn a_mean_lies_in_the_middle_of_its_interval() {
        // 2, 4, 4, 4, 5, 5, 7, 9: mean 5, sample variance 32/7.
        let interval = of_mean(8.0, 40.0, 232.0).unwrap();
        let half = 1.959_964 * (32.0_f64 / 7.0 / 8.0).sqrt();
        assert!(is(interval.low, 5.0 - half) && is(interval.high, 5.0 + half), "{interval:?}");
        assert_eq!(of_mean(1.0, 3.0, 9.0), None);
    }

    #[test]
    fn a_median_has_the_ranks_of_campbell_and_gardner() {
        // Ranks for 100 values are 40 and 61.
        let mut values: Vec<u64> = (1..=100).rev().collect();
        let (middle, interval) = median(&mut values).unwrap();
        assert!(is(middle, 50.5));
        assert_eq!(interval, Some(Interval { low: 40.0, high: 61.0 }));
        assert_eq!(median(&mut []), None);
        assert_eq!(median(&mut [7]), Some((7.0, None)));
        assert_eq!(median(&mut [9, 1]).unwrap().0.to_bits(), 5.0_f64.to_bits());
    }

    #[test]
    fn a_ratio_of_one_denominator_is_a_mean() {
        let sums = PairSums {
            n: 8.0,
            above: 40.0,
            above_squares: 232.0,
            below: 8.0,
            below_squares: 8.0,
            products: 40.0,
        };
        let (ratio, mean) = (of_ratio(&sums).unwrap(), of_mean(8.0, 40.0, 232.0).unwrap());
        assert!(is(ratio.low, mean.low) && is(ratio.high, mean.high), "{ratio:?} {mean:?}");
    }

    #[test]
    fn the_net_promoter_score_stays_within_its_scale() {
        let interval = of_nps(100.0, 50.0, 20.0).unwrap();
        let error = (0.7_f64 - 0.09).sqrt() / 10.0;
        assert!(is(interval.low, 30.0 - 195.996_398 * error), "{interval:?}");
        assert!(of_nps(2.0, 2.0, 0.0).unwrap().high <= 100.0);
    }
}
