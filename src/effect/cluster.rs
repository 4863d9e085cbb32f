//! Rates of episodes when customers are what chance assigned: the ratio estimator over customers.
//!
//! A customer with five tickets is not five customers: the outcomes of one person are alike, and an interval that takes
//! them for independent is too narrow. So each customer enters with two sums, episodes `m` and cases `y`; the rate is
//! `R = Σy / Σm`, its variance by the delta method `n/(n-1) · Σ(y - R·m)² / (Σm)²` (Cochran 1977, Sampling Techniques,
//! 3rd ed., ch. 6; for online experiments Deng, Knoblich & Lu 2018, KDD, "Applying the Delta Method in Metric Analytics").

use super::number;
use crate::statistics::{Interval, Proportion, normal_quantile};
use statrs::distribution::{ContinuousCDF, StudentsT};

/// Sums over customers of their episodes and of what was counted in these.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ClusterSums {
    customers: u64,
    episodes: f64,
    total: f64,
    episodes_squared: f64,
    total_squared: f64,
    product: f64,
}

impl ClusterSums {
    /// Adds a customer with so many episodes and such a total over them; one without episodes is no customer here.
    pub fn add(&mut self, episodes: u64, total: f64) {
        if episodes == 0 {
            return;
        }
        let episodes = number(episodes);
        self.customers += 1;
        self.episodes += episodes;
        self.total += total;
        self.episodes_squared += episodes * episodes;
        self.total_squared += total * total;
        self.product += episodes * total;
    }

    /// Customers with at least one episode.
    #[must_use]
    pub fn customers(&self) -> u64 {
        self.customers
    }

    /// Whether every customer has one episode: then episodes are as independent as customers.
    #[must_use]
    pub fn is_one_each(&self) -> bool {
        self.episodes <= number(self.customers)
    }

    /// Cases and episodes, for a yes/no outcome.
    #[must_use]
    pub fn proportion(&self) -> Proportion {
        let whole = super::power::count;
        Proportion { count: whole(self.total), trials: whole(self.episodes) }
    }

    /// Total per episode; `None` without episodes.
    #[must_use]
    pub fn rate(&self) -> Option<f64> {
        (self.customers > 0).then(|| self.total / self.episodes)
    }

    /// The delta-method variance of [`Self::rate`]; `None` with fewer than two customers.
    #[must_use]
    pub fn variance(&self) -> Option<f64> {
        let rate = self.rate()?;
        let customers = number(self.customers);
        let squares =
            self.total_squared - 2.0 * rate * self.product + rate * rate * self.episodes_squared;
        (self.customers > 1)
            .then(|| customers / (customers - 1.0) * squares.max(0.0) / self.episodes.powi(2))
    }

    /// How many independent episodes tell as much as these, for a yes/no outcome: `R(1-R) / variance`. Where nobody or
    /// everybody came back the sample does not tell how alike a customer's episodes are; they are then taken for wholly
    /// alike (Kish 1965: `(Σm)² / Σm²`), the most cautious answer. Never more than there are: that a few customers happen
    /// to differ less than chance would have it is luck, no information.
    #[must_use]
    pub fn effective_episodes(&self) -> Option<f64> {
        let rate = self.rate()?;
        let variance = self.variance()?;
        if rate > 0.0 && rate < 1.0 && variance > 0.0 {
            Some((rate * (1.0 - rate) / variance).min(self.episodes))
        } else {
            Some(self.episodes.powi(2) / self.episodes_squared)
        }
    }

    /// By how much clustering widens: episodes divided by [`Self::effective_episodes`].
    #[must_use]
    pub fn design_effect(&self) -> Option<f64> {
        Some(self.episodes / self.effective_episodes()?)
    }

    /// Wilson's interval for a yes/no rate on the effective number of episodes, with Student's t for the normal quantile
    /// (Saha, Miller & Wang 2016, Int. J. Biostat. 12:2, compare such intervals). `None` with fewer than two customers.
    #[must_use]
    pub fn wilson(&self, confidence: f64) -> Option<Interval> {
        let rate = self.rate()?;
        let n = self.effective_episodes()?;
        let t = student_quantile(0.5 + confidence / 2.0, number(self.customers) - 1.0);
        let centre = rate + t * t / (2.0 * n);
        let half = t * (rate * (1.0 - rate) / n + t * t / (4.0 * n * n)).sqrt();
        let scale = 1.0 + t * t / n;
        Some(Interval {
            low: ((centre - half) / scale).max(0.0),
            high: ((centre + half) / scale).min(1.0),
        })
    }
}

/// The difference of two yes/no rates, `a - b`, with an interval that knows of customers: each rate's
/// [`ClusterSums::wilson`] interval, combined as in Newcombe's method 10 (square and add; Zou & Donner 2008, Statist. Med.
/// 27:1693, show that it holds for any pair of intervals). With one episode per customer it is Newcombe's interval but
/// for Student's t. `None` where an arm has fewer than two customers.
#[must_use]
pub fn rate_difference(
    a: &ClusterSums,
    b: &ClusterSums,
    confidence: f64,
) -> Option<(f64, Interval)> {
    let (rate_a, rate_b) = (a.rate()?, b.rate()?);
    let (of_a, of_b) = (a.wilson(confidence)?, b.wilson(confidence)?);
    let difference = rate_a - rate_b;
    let interval = Interval {
        low: difference - (rate_a - of_a.low).hypot(of_b.high - rate_b),
        high: difference + (of_a.high - rate_a).hypot(rate_b - of_b.low),
    };
    Some((difference, interval))
}

/// The difference of two means per episode, `a - b`, of any quantity, with the delta-method interval: Student's t with
/// Welch and Satterthwaite's degrees of freedom. `None` where an arm has fewer than two customers or neither varies.
#[must_use]
pub fn mean_difference(
    a: &ClusterSums,
    b: &ClusterSums,
    confidence: f64,
) -> Option<(f64, Interval)> {
    let difference = a.rate()? - b.rate()?;
    let half = half_width(a, b, a.variance()?, b.variance()?, confidence)?;
    Some((difference, Interval { low: difference - half, high: difference + half }))
}

/// How many times as frequent `a` is as `b`, with a logarithmic interval from the delta-method variances (Katz et al. 1978
/// with variances that know of customers). `None` where an arm has no case or fewer than two customers.
#[must_use]
pub fn rate_ratio(a: &ClusterSums, b: &ClusterSums, confidence: f64) -> Option<(f64, Interval)> {
    let (rate_a, rate_b) = (a.rate()?, b.rate()?);
    if rate_a <= 0.0 || rate_b <= 0.0 {
        return None;
    }
    let (of_a, of_b) = (a.variance()? / rate_a.powi(2), b.variance()? / rate_b.powi(2));
    let half = half_width(a, b, of_a, of_b, confidence)?;
    let ratio = rate_a / rate_b;
    Some((ratio, Interval { low: ratio * (-half).exp(), high: ratio * half.exp() }))
}

/// Half the width of an interval for a difference of two independent means with these variances.
fn half_width(
    a: &ClusterSums,
    b: &ClusterSums,
    variance_a: f64,
    variance_b: f64,
    confidence: f64,
) -> Option<f64> {
    let variance = variance_a + variance_b;
    if variance <= 0.0 {
        return None;
    }
    let part = |variance: f64, customers: u64| variance.powi(2) / (number(customers) - 1.0);
    let freedom =
        variance.powi(2) / (part(variance_a, a.customers) + part(variance_b, b.customers));
    Some(student_quantile(0.5 + confidence / 2.0, freedom) * variance.sqrt())
}

/// The quantile of Student's t distribution; the normal one where it cannot be told apart.
#[must_use]
pub fn student_quantile(probability: f64, freedom: f64) -> f64 {
    match StudentsT::new(0.0, 1.0, freedom) {
        Ok(student) if freedom < 1e6 => student.inverse_cdf(probability),
        _ => normal_quantile(probability),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::newcombe_difference;
    use proptest::prelude::*;

    fn sums(customers: &[(u64, f64)]) -> ClusterSums {
        let mut sums = ClusterSums::default();
        customers.iter().for_each(|(episodes, total)| sums.add(*episodes, *total));
        sums
    }

    #[test]
    fn the_variance_is_cochrans_by_hand() {
        // m = 1, 2, 3; y = 1, 0, 2: R = 1/2, e = 1/2, -1, 1/2, sum of squares 3/2; 3/2 · 3/2 / 36 = 1/16.
        let sums = sums(&[(1, 1.0), (2, 0.0), (3, 2.0)]);
        assert!((sums.rate().unwrap() - 0.5).abs() < 1e-15);
        assert!((sums.variance().unwrap() - 0.0625).abs() < 1e-15);
        assert!((sums.effective_episodes().unwrap() - 4.0).abs() < 1e-12);
        assert!((sums.design_effect().unwrap() - 1.5).abs() < 1e-12);
    }

    #[test]
    fn with_one_episode_each_it_is_newcombes_interval() {
        let of = |count: u64, trials: u64| {
            let mut sums = ClusterSums::default();
            (0..trials).for_each(|index| sums.add(1, f64::from(u8::from(index < count))));
            sums
        };
        let (_, interval) = rate_difference(&of(560, 7000), &of(480, 8000), 0.95).unwrap();
        let of = |count, trials| Proportion { count, trials };
        let newcombe = newcombe_difference(of(560, 7000), of(480, 8000), 0.95).unwrap();
        assert!((interval.low - newcombe.low).abs() < 2e-5, "{interval:?} {newcombe:?}");
        assert!((interval.high - newcombe.high).abs() < 2e-5, "{interval:?} {newcombe:?}");
    }

    #[test]
    fn copies_of_a_customers_episode_tell_nothing_new() {
        let single: Vec<(u64, f64)> = (0..200).map(|i| (1, f64::from(u8::from(i < 60)))).collect();
        let fivefold: Vec<(u64, f64)> = single.iter().map(|(m, y)| (5 * m, 5.0 * y)).collect();
        let (single, fivefold) = (sums(&single), sums(&fivefold));
        assert!((single.variance().unwrap() - fivefold.variance().unwrap()).abs() < 1e-15);
        assert!(
            (fivefold.design_effect().unwrap() / single.design_effect().unwrap() - 5.0).abs()
                < 1e-9
        );
    }

    #[test]
    fn nobody_coming_back_still_leaves_doubt() {
        let none = sums(&[(4, 0.0), (4, 0.0), (4, 0.0)]);
        assert_eq!(none.effective_episodes(), Some(3.0));
        assert!(none.wilson(0.95).unwrap().high > 0.5);
        assert_eq!(mean_difference(&none, &none, 0.95), None);
    }

    #[test]
    fn episodes_never_tell_more_than_as_many_independent_ones() {
        // Every customer came back after one episode of two: the delta method sees hardly any variance.
        let even = sums(&[(2, 1.0), (2, 1.0), (2, 1.0), (3, 1.0)]);
        assert_eq!(even.effective_episodes(), Some(9.0));
        assert_eq!(even.design_effect(), Some(1.0));
    }

    #[test]
    fn one_customer_is_no_interval_and_none_is_no_rate() {
        assert_eq!(ClusterSums::default().rate(), None);
        let one = sums(&[(3, 1.0)]);
        assert_eq!((one.variance(), one.wilson(0.95)), (None, None));
        assert_eq!(rate_difference(&one, &one, 0.95), None);
    }

    #[test]
    fn students_quantiles_are_the_tables() {
        assert!((student_quantile(0.975, 10.0) - 2.228_139).abs() < 1e-5);
        assert!((student_quantile(0.975, 1.0) - 12.706_205).abs() < 1e-4);
        assert!((student_quantile(0.975, 1e9) - 1.959_964).abs() < 1e-5);
    }

    proptest! {
        #[test]
        fn an_interval_holds_its_estimate_and_grows_with_confidence(
            a in prop::collection::vec((1u64..6, 0.0f64..=1.0), 2..40),
            b in prop::collection::vec((1u64..6, 0.0f64..=1.0), 2..40),
        ) {
            let whole = |customers: Vec<(u64, f64)>| {
                let mut sums = ClusterSums::default();
                for (episodes, part) in customers {
                    sums.add(episodes, (part * number(episodes)).round());
                }
                sums
            };
            let (a, b) = (whole(a), whole(b));
            let (difference, narrow) = rate_difference(&a, &b, 0.8).unwrap();
            let (_, wide) = rate_difference(&a, &b, 0.99).unwrap();
            prop_assert!(wide.low <= narrow.low + 1e-12 && narrow.low <= difference + 1e-12);
            prop_assert!(difference <= narrow.high + 1e-12 && narrow.high <= wide.high + 1e-12);
            prop_assert!(-1.0 - 1e-9 <= wide.low && wide.high <= 1.0 + 1e-9);
        }
    }
}
