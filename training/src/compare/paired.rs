//! The mathematics of two models on the same rows: McNemar's test, paired differences, and how many rows a difference needs.

use crate::evaluate::bootstrap::{Bootstrap, Estimate, Units};
use crate::evaluate::measures::Measure;
use crate::evaluate::parts::number;
use recontact::registry::comparison::Difference;
use recontact::statistics::{CONFIDENCE, normal_quantile};
use serde::Serialize;
use statrs::distribution::{Binomial, DiscreteCDF};

/// The chance with which a study of the size that is told finds the difference.
const POWER: f64 = 0.8;

/// Rows by which of two models is right on them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct McNemar {
    /// Both are right.
    pub both_right: u64,
    /// Only the first.
    pub only_a: u64,
    /// Only the second.
    pub only_b: u64,
    /// Neither.
    pub both_wrong: u64,
    /// Chance of so uneven a split of the rows on which they differ, if neither were better: exact, two-sided (McNemar
    /// 1947, with the binomial distribution in place of his approximation).
    pub p_value: f64,
}

impl McNemar {
    /// Counts rows.
    #[must_use]
    pub fn count(right: impl IntoIterator<Item = (bool, bool)>) -> Self {
        let mut counted = Self::default();
        for (a, b) in right {
            *match (a, b) {
                (true, true) => &mut counted.both_right,
                (true, false) => &mut counted.only_a,
                (false, true) => &mut counted.only_b,
                (false, false) => &mut counted.both_wrong,
            } += 1;
        }
        counted.p_value = exact(counted.only_a, counted.only_b);
        counted
    }
}

/// The two-sided exact test that both counts are equally likely.
fn exact(a: u64, b: u64) -> f64 {
    // With a chance of one half and any number of rows there is always such a distribution.
    Binomial::new(0.5, a + b).map_or(1.0, |differing| (2.0 * differing.cdf(a.min(b))).min(1.0))
}

/// A difference and what the draws say of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Paired {
    /// What is told and written.
    pub told: Difference,
    /// Standard deviation of the draws.
    pub standard_error: Option<f64>,
}

/// The figures of a model where each row counts as often as it is told.
pub type Figures<'f> = dyn Fn(&[u32]) -> Vec<Option<f64>> + 'f;

/// The figures of two models on the same rows, drawn together.
#[must_use]
pub fn differences(
    measures: &[Measure],
    units: &Units,
    bootstrap: Bootstrap,
    all: &[u32],
    figures: [&Figures<'_>; 2],
) -> Vec<Paired> {
    let [of_a, of_b] = figures;
    let found = bootstrap.estimate(units, |weights| {
        let pairs = of_a(weights).into_iter().zip(of_b(weights));
        pairs.map(|(a, b)| Some(b? - a?)).collect()
    });
    let values = of_a(all).into_iter().zip(of_b(all));
    let told = measures.iter().zip(values).zip(found);
    told.filter_map(|((measure, (a, b)), estimate)| paired(measure, a?, b?, estimate?)).collect()
}

fn paired(measure: &Measure, a: f64, b: f64, estimate: Estimate) -> Option<Paired> {
    let told = Difference {
        metric: measure.name.to_owned(),
        higher_is_better: measure.higher_is_better,
        decides: measure.decides,
        a,
        b,
        difference: estimate.value,
        interval: estimate.interval,
    };
    estimate.value.is_finite().then_some(Paired { told, standard_error: estimate.standard_error })
}

impl Paired {
    /// So many rows like these would show a difference of this size in four of five cases; none where there is no
    /// difference to be shown.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a number of rows above 0; what is too large is cut"
    )]
    pub fn rows_needed(&self, rows: usize) -> Option<u64> {
        let error = self.standard_error?;
        let size = self.told.difference.abs();
        if size < 1e-12 {
            return None;
        }
        let distance = normal_quantile(0.5 + CONFIDENCE / 2.0) + normal_quantile(POWER);
        Some((number(rows) * (distance * error / size).powi(2)).ceil() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exact_test_is_that_of_the_binomial_distribution() {
        // R: binom.test(c(10, 1))$p.value, binom.test(c(5, 5))$p.value, binom.test(c(9, 2))$p.value
        for ((a, b), p) in [((10, 1), 0.011_718_75), ((5, 5), 1.0), ((2, 9), 0.065_429_687_5)] {
            assert!((exact(a, b) - p).abs() < 1e-12, "{a} {b}: {}", exact(a, b));
        }
        assert!((exact(0, 0) - 1.0).abs() < 1e-12);
        assert!(exact(5000, 6000) < 1e-15);
    }

    #[test]
    fn rows_are_counted_by_who_is_right() {
        let rows = [(true, true), (true, false), (false, true), (false, true), (false, false)];
        let counted = McNemar::count(rows);
        assert_eq!(
            (counted.both_right, counted.only_a, counted.only_b, counted.both_wrong),
            (1, 1, 2, 1)
        );
    }

    #[test]
    fn four_times_the_rows_halve_the_difference_that_can_be_shown() {
        let told = |difference| Paired {
            told: Difference {
                metric: "accuracy".into(),
                higher_is_better: true,
                decides: true,
                a: 0.9,
                b: 0.9 + difference,
                difference,
                interval: None,
            },
            standard_error: Some(0.01),
        };
        let (large, small) = (told(0.02).rows_needed(1000), told(0.01).rows_needed(1000));
        // (1.96 + 0.84)² / 4 and / 1 thousand rows.
        assert_eq!((large, small), (Some(1963), Some(7849)));
        assert_eq!(told(0.0).rows_needed(1000), None);
    }
}
