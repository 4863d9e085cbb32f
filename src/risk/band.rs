//! [`RiskBand`]: low, medium or high, cut from a probability by [`BandThresholds`].

use crate::probability::Probability;
use crate::tag::tag;
use serde::{Deserialize, Serialize};

/// How urgent it is to look at a closed ticket again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RiskBand {
    /// Below the medium threshold.
    Low,
    /// From the medium threshold on.
    Medium,
    /// From the high threshold on: offer a follow-up.
    High,
}

impl RiskBand {
    /// The word in responses, reports and the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// A band's word as a tag that a helpdesk can act on: `recontact_risk__high`.
#[must_use]
pub fn band_tag(band: &str) -> String {
    tag("recontact_risk", band)
}

impl std::fmt::Display for RiskBand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The lowest probabilities of the medium and of the high band; medium is below high.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Thresholds", into = "Thresholds")]
pub struct BandThresholds {
    medium: Probability,
    high: Probability,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Thresholds {
    medium: Probability,
    high: Probability,
}

/// The thresholds do not make three bands.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("the medium threshold must lie below the high one, got medium {medium} and high {high}")]
pub struct BandsOutOfOrder {
    medium: f64,
    high: f64,
}

impl BandThresholds {
    /// Checks that `medium` lies below `high`.
    ///
    /// # Errors
    /// [`BandsOutOfOrder`] with both.
    pub fn new(medium: Probability, high: Probability) -> Result<Self, BandsOutOfOrder> {
        if medium < high {
            Ok(Self { medium, high })
        } else {
            Err(BandsOutOfOrder { medium: medium.value(), high: high.value() })
        }
    }

    /// The band a probability falls into.
    #[must_use]
    pub fn band(&self, probability: Probability) -> RiskBand {
        if probability >= self.high {
            RiskBand::High
        } else if probability >= self.medium {
            RiskBand::Medium
        } else {
            RiskBand::Low
        }
    }

    /// The lowest probability of the medium band.
    #[must_use]
    pub fn medium(&self) -> Probability {
        self.medium
    }

    /// The lowest probability of the high band.
    #[must_use]
    pub fn high(&self) -> Probability {
        self.high
    }
}

impl TryFrom<Thresholds> for BandThresholds {
    type Error = BandsOutOfOrder;

    fn try_from(thresholds: Thresholds) -> Result<Self, Self::Error> {
        Self::new(thresholds.medium, thresholds.high)
    }
}

impl From<BandThresholds> for Thresholds {
    fn from(bands: BandThresholds) -> Self {
        Self { medium: bands.medium, high: bands.high }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn probability(value: f64) -> Probability {
        Probability::new(value).unwrap()
    }

    #[test]
    fn thresholds_that_make_no_three_bands_are_refused() {
        assert!(BandThresholds::new(probability(0.3), probability(0.3)).is_err());
        let error =
            serde_json::from_str::<BandThresholds>(r#"{"medium":0.4,"high":0.2}"#).unwrap_err();
        assert!(error.to_string().contains("medium 0.4 and high 0.2"), "{error}");
    }

    #[test]
    fn a_threshold_belongs_to_the_band_it_opens() {
        let bands = BandThresholds::new(probability(0.2), probability(0.4)).unwrap();
        assert_eq!(bands.band(probability(0.19)), RiskBand::Low);
        assert_eq!(bands.band(probability(0.2)), RiskBand::Medium);
        assert_eq!(bands.band(probability(0.4)), RiskBand::High);
    }

    proptest! {
        #[test]
        fn a_higher_probability_is_never_in_a_lower_band(a in 0.0..=1.0f64, b in 0.0..=1.0f64) {
            let bands = BandThresholds::new(probability(0.25), probability(0.6)).unwrap();
            let (low, high) = if a <= b { (a, b) } else { (b, a) };
            prop_assert!(bands.band(probability(low)) <= bands.band(probability(high)));
        }
    }
}
