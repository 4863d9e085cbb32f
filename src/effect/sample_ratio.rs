//! Whether the arms have the sizes that chance would give them. If not, some customers were lost on one side only, and the
//! comparison means nothing (Fabijan et al. 2019, KDD, "Diagnosing Sample Ratio Mismatch in Online Controlled Experiments").

use super::number;
use serde::{Deserialize, Serialize};
use statrs::distribution::{ChiSquared, ContinuousCDF};

/// Below this p-value an experiment is invalid.
pub const INVALID_BELOW: f64 = 0.001;

/// The sizes of the arms against what was planned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SampleRatio {
    /// Share of customers that should be in the treatment arm.
    pub expected_treatment_share: f64,
    /// Customers in the treatment arm.
    pub treatment: u64,
    /// Customers in the control arm.
    pub control: u64,
    /// Pearson's statistic with one degree of freedom; null without customers.
    pub chi_square: Option<f64>,
    /// How often chance alone gives arms as unequal as these; null without customers.
    pub p_value: Option<f64>,
    /// False when the p-value is below 0.001: then there is no verdict.
    pub is_valid: bool,
}

/// Compares customers in both arms with the planned share by Pearson's chi-square test (no continuity correction).
#[must_use]
pub fn check(treatment: u64, control: u64, treatment_share: f64) -> SampleRatio {
    let chi_square = chi_square(treatment, control, treatment_share);
    let p_value = chi_square.and_then(|statistic| Some(ChiSquared::new(1.0).ok()?.sf(statistic)));
    SampleRatio {
        expected_treatment_share: treatment_share,
        treatment,
        control,
        chi_square,
        p_value,
        is_valid: p_value.is_none_or(|p| p >= INVALID_BELOW),
    }
}

fn chi_square(treatment: u64, control: u64, treatment_share: f64) -> Option<f64> {
    let customers = number(treatment + control);
    let (expected_treatment, expected_control) =
        (customers * treatment_share, customers * (1.0 - treatment_share));
    let part = |observed: u64, expected: f64| (number(observed) - expected).powi(2) / expected;
    (expected_treatment > 0.0 && expected_control > 0.0)
        .then(|| part(treatment, expected_treatment) + part(control, expected_control))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_statistic_is_pearsons_of_a_coin_tossed_two_hundred_times() {
        // 115 heads of 200: (115-100)²/100 + (85-100)²/100 = 4.5, p = 0.0339.
        let ratio = check(115, 85, 0.5);
        assert!((ratio.chi_square.unwrap() - 4.5).abs() < 1e-12);
        assert!((ratio.p_value.unwrap() - 0.033_895).abs() < 1e-6);
        assert!(ratio.is_valid);
    }

    #[test]
    fn mendels_round_and_wrinkled_peas_fit_three_to_one() {
        // Mendel 1866: 5474 round, 1850 wrinkled; chi-square 0.2629, p 0.608.
        let ratio = check(5474, 1850, 0.75);
        assert!((ratio.chi_square.unwrap() - 0.262_9).abs() < 1e-4, "{ratio:?}");
        assert!((ratio.p_value.unwrap() - 0.608).abs() < 1e-3, "{ratio:?}");
    }

    #[test]
    fn the_limit_is_one_in_a_thousand() {
        // The 0.999 quantile of chi-square with one degree of freedom is 10.8276.
        assert!(check(5164, 4836, 0.5).is_valid);
        assert!(!check(5165, 4835, 0.5).is_valid);
        assert!(!check(9000, 800, 0.9).is_valid);
    }

    #[test]
    fn without_customers_there_is_nothing_to_fault() {
        let ratio = check(0, 0, 0.5);
        assert_eq!((ratio.chi_square, ratio.p_value, ratio.is_valid), (None, None, true));
    }
}
