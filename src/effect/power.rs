//! What an experiment of a size can show: sample sizes, power, and the smallest difference that would be seen.
//!
//! All three come from one equation for two rates with unequal arms (Fleiss, Levin & Paik 2003, Statistical Methods for
//! Rates and Proportions, 3rd ed., ch. 4, without continuity correction): `|p_c - p_t| = z_{1-α/2}·sqrt(p̄q̄(1/n_c + 1/n_t))
//! + z_{power}·sqrt(p_c q_c/n_c + p_t q_t/n_t)`, with `p̄` the mean of both rates weighted by the arms' sizes.

use crate::statistics::{normal_cdf, normal_quantile};
use serde::{Deserialize, Serialize};

/// The power that sample sizes and smallest differences are stated for.
pub const POWER: f64 = 0.8;

/// The two-sided error level of [`POWER`].
pub const ALPHA: f64 = 0.05;

/// Mature episodes that an experiment needs in each arm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SampleSize {
    /// In the control arm.
    pub control: u64,
    /// In the treatment arm.
    pub treatment: u64,
}

/// What the experiment can and cannot show at its present size.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PowerReport {
    /// Power of all figures here.
    pub power: f64,
    /// Two-sided error level of all figures here.
    pub alpha: f64,
    /// The smallest fall of the rate below the control's that would be seen with this power, in parts of 1; null while an
    /// arm is empty or when even a fall to zero would not be seen.
    pub minimal_detectable_reduction: Option<f64>,
    /// The relative reduction that is worth finding.
    pub target_reduction: f64,
    /// The chance to see it with the episodes that are mature now.
    pub power_for_target: Option<f64>,
    /// Mature episodes needed to see it, at the present control rate and design effect.
    pub needed_for_target: Option<SampleSize>,
}

/// Independent episodes needed to tell `treated_rate` from `control_rate`: the total rounded up, of it the control's share
/// rounded up. `None` when the rates are equal or no rates, or an arm has no share.
#[must_use]
pub fn sample_size(
    control_rate: f64,
    treated_rate: f64,
    treatment_share: f64,
    alpha: f64,
    power: f64,
) -> Option<SampleSize> {
    let control_share = 1.0 - treatment_share;
    let is_rate = |rate: f64| (0.0..=1.0).contains(&rate);
    let difference = (control_rate - treated_rate).abs();
    if !(is_rate(control_rate) && is_rate(treated_rate) && difference > 0.0)
        || treatment_share <= 0.0
        || control_share <= 0.0
    {
        return None;
    }
    let (spread_of_none, spread) =
        spreads(control_rate, treated_rate, control_share, treatment_share);
    let root =
        normal_quantile(1.0 - alpha / 2.0) * spread_of_none + normal_quantile(power) * spread;
    let total = (root / difference).powi(2).ceil();
    let control = (total * control_share).ceil();
    Some(SampleSize { control: count(control), treatment: count(total - control) })
}

/// The chance to tell these rates apart with so many independent episodes in the arms.
#[must_use]
pub fn power(
    control_rate: f64,
    treated_rate: f64,
    control: f64,
    treatment: f64,
    alpha: f64,
) -> Option<f64> {
    if control <= 0.0 || treatment <= 0.0 {
        return None;
    }
    let (spread_of_none, spread) = spreads(control_rate, treated_rate, control, treatment);
    let distance =
        (control_rate - treated_rate).abs() - normal_quantile(1.0 - alpha / 2.0) * spread_of_none;
    Some(if spread > 0.0 {
        normal_cdf(distance / spread)
    } else {
        f64::from(u8::from(distance > 0.0))
    })
}

/// The smallest fall below `control_rate` that is seen with `wanted` power; `None` when a fall to zero is not.
#[must_use]
pub fn minimal_detectable_reduction(
    control_rate: f64,
    control: f64,
    treatment: f64,
    alpha: f64,
    wanted: f64,
) -> Option<f64> {
    let is_seen = |reduction: f64| {
        power(control_rate, control_rate - reduction, control, treatment, alpha)
            .is_some_and(|power| power >= wanted)
    };
    if !is_seen(control_rate) {
        return None;
    }
    let (mut unseen, mut seen) = (0.0, control_rate);
    for _ in 0..60 {
        let middle = f64::midpoint(unseen, seen);
        if is_seen(middle) {
            seen = middle;
        } else {
            unseen = middle;
        }
    }
    Some(seen)
}

/// The two standard deviations of the equation above, without and with a difference; sizes may be shares of one episode.
fn spreads(control_rate: f64, treated_rate: f64, control: f64, treatment: f64) -> (f64, f64) {
    let mean = (control * control_rate + treatment * treated_rate) / (control + treatment);
    let of = |rate: f64| rate * (1.0 - rate);
    (
        (of(mean) * (1.0 / control + 1.0 / treatment)).sqrt(),
        (of(control_rate) / control + of(treated_rate) / treatment).sqrt(),
    )
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a whole number that is not negative; casts from floats saturate"
)]
pub(super) fn count(number: f64) -> u64 {
    number as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn twenty_to_sixteen_per_cent_needs_1447_an_arm_or_780_and_7018_at_a_tenth_held_out() {
        let half = sample_size(0.20, 0.16, 0.5, 0.05, 0.8).unwrap();
        assert_eq!(half, SampleSize { control: 1447, treatment: 1447 });
        let tenth = sample_size(0.20, 0.16, 0.9, 0.05, 0.8).unwrap();
        assert_eq!(tenth, SampleSize { control: 780, treatment: 7018 });
    }

    #[test]
    fn the_needed_size_has_the_power_it_was_computed_for() {
        let power = power(0.20, 0.16, 1447.0, 1447.0, 0.05).unwrap();
        assert!((power - 0.8).abs() < 1e-4, "{power}");
        let reduction = minimal_detectable_reduction(0.20, 1447.0, 1447.0, 0.05, 0.8).unwrap();
        assert!((reduction - 0.04).abs() < 1e-5, "{reduction}");
    }

    #[test]
    fn what_cannot_be_shown_has_no_size() {
        assert_eq!(sample_size(0.2, 0.2, 0.5, 0.05, 0.8), None);
        assert_eq!(sample_size(0.2, 0.1, 1.0, 0.05, 0.8), None);
        assert_eq!(power(0.2, 0.1, 0.0, 10.0, 0.05), None);
        assert_eq!(minimal_detectable_reduction(0.2, 10.0, 10.0, 0.05, 0.8), None);
        assert_eq!(minimal_detectable_reduction(0.0, 1e6, 1e6, 0.05, 0.8), None);
    }

    proptest! {
        #[test]
        fn more_episodes_show_smaller_differences(rate in 0.05f64..0.9, n in 200.0f64..1e5, more in 1.1f64..10.0) {
            let few = minimal_detectable_reduction(rate, n, n, 0.05, 0.8);
            let many = minimal_detectable_reduction(rate, n * more, n * more, 0.05, 0.8);
            if let (Some(few), Some(many)) = (few, many) {
                prop_assert!(many < few);
            } else {
                prop_assert!(few.is_none());
            }
        }
    }
}
