//! [`Probability`]: a number from 0 to 1, checked once.

use serde::{Deserialize, Serialize};

/// A finite number in `0.0..=1.0`.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Probability(f64);

/// The value is NaN, below 0 or above 1.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("a probability lies between 0 and 1, got {0}")]
pub struct NotAProbability(f64);

impl Probability {
    /// Checks that `value` lies in `0.0..=1.0`.
    ///
    /// # Errors
    /// [`NotAProbability`] for NaN and for values outside the range.
    pub fn new(value: f64) -> Result<Self, NotAProbability> {
        if (0.0..=1.0).contains(&value) { Ok(Self(value)) } else { Err(NotAProbability(value)) }
    }

    /// The logistic function of `logit` (log-odds), without overflow for any finite `logit`.
    ///
    /// NaN counts as log-odds 0, so the result is always a probability.
    #[must_use]
    pub fn from_logit(logit: f64) -> Self {
        if logit.is_nan() {
            Self(0.5)
        } else if logit >= 0.0 {
            Self(1.0 / (1.0 + (-logit).exp()))
        } else {
            let odds = logit.exp();
            Self(odds / (1.0 + odds))
        }
    }

    /// The number itself.
    #[must_use]
    pub fn value(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for Probability {
    type Error = NotAProbability;

    fn try_from(value: f64) -> Result<Self, Self::Error> {
        Self::new(value)
    }
}

impl From<Probability> for f64 {
    fn from(probability: Probability) -> Self {
        probability.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_outside_zero_to_one_are_refused() {
        for value in [f64::NAN, -0.01, 1.01, f64::INFINITY] {
            assert!(Probability::new(value).is_err(), "{value}");
        }
    }

    proptest! {
        #[test]
        fn every_logit_is_a_probability_and_order_is_kept(a in -1e6f64..1e6, b in -1e6f64..1e6) {
            let (low, high) = if a <= b { (a, b) } else { (b, a) };
            let (p, q) = (Probability::from_logit(low), Probability::from_logit(high));
            prop_assert!(Probability::new(p.value()).is_ok());
            prop_assert!(p <= q);
        }
    }
}
