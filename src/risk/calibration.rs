//! [`Calibration`]: from a score's log-odds to those of the stated probability, learnt on later tickets.

use serde::{Deserialize, Serialize};

/// How log-odds are mended.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Calibration {
    /// Not at all.
    #[default]
    None,
    /// `slope · logit + offset` (Platt 1999).
    Platt {
        /// Positive, so that the order stays.
        slope: f64,
        /// Log-odds added.
        offset: f64,
    },
    /// Linear between knots that rise, constant beyond them (isotonic regression, Zadrozny and Elkan 2002).
    Isotonic {
        /// Log-odds of the score, rising.
        from: Vec<f64>,
        /// Log-odds of the probability, never falling.
        to: Vec<f64>,
    },
}

impl Calibration {
    /// The mended log-odds.
    #[must_use]
    pub fn apply(&self, logit: f64) -> f64 {
        match self {
            Self::None => logit,
            Self::Platt { slope, offset } => slope * logit + offset,
            Self::Isotonic { from, to } => interpolated(from, to, logit),
        }
    }

    /// The word in reports.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Platt { .. } => "platt",
            Self::Isotonic { .. } => "isotonic",
        }
    }

    /// What makes it unusable, if anything does.
    #[must_use]
    pub fn fault(&self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Platt { slope, offset } => {
                let is_sound = slope.is_finite() && *slope > 0.0 && offset.is_finite();
                (!is_sound).then_some("calibration: the slope is not positive or not finite")
            }
            Self::Isotonic { from, to } => {
                let finite = from.iter().chain(to).all(|number| number.is_finite());
                let rising = from.is_sorted_by(|a, b| a < b) && to.is_sorted();
                let is_sound = !from.is_empty() && from.len() == to.len() && finite && rising;
                (!is_sound).then_some("calibration: the knots do not rise")
            }
        }
    }
}

/// Linear between two knots, the last value beyond them.
fn interpolated(from: &[f64], to: &[f64], at: f64) -> f64 {
    let next = from.partition_point(|knot| *knot <= at);
    match (next.checked_sub(1), from.get(next)) {
        (None, _) => to[0],
        (Some(before), None) => to[before],
        (Some(before), Some(end)) => {
            let part = (at - from[before]) / (end - from[before]);
            to[before] + part * (to[next] - to[before])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn knots_are_met_and_what_lies_beyond_keeps_the_last_value() {
        let steps = Calibration::Isotonic { from: vec![-2.0, 0.0, 1.0], to: vec![-1.0, -1.0, 2.0] };
        assert_eq!(steps.fault(), None);
        for (from, to) in
            [(-9.0, -1.0), (-2.0, -1.0), (-1.0, -1.0), (0.5, 0.5), (1.0, 2.0), (7.0, 2.0)]
        {
            assert!((steps.apply(from) - to).abs() < 1e-12, "{from}");
        }
    }

    #[test]
    fn a_calibration_that_turns_the_order_round_is_refused() {
        assert!(Calibration::Platt { slope: -1.0, offset: 0.0 }.fault().is_some());
        let falling = Calibration::Isotonic { from: vec![0.0, 1.0], to: vec![1.0, 0.0] };
        assert!(falling.fault().is_some());
        assert!(Calibration::Isotonic { from: vec![], to: vec![] }.fault().is_some());
    }

    proptest! {
        #[test]
        fn a_higher_score_never_becomes_a_lower_probability(a in -9.0..9.0f64, b in -9.0..9.0f64) {
            let steps = Calibration::Isotonic { from: vec![-2.0, 0.0, 1.0], to: vec![-1.0, -0.5, 2.0] };
            let (low, high) = if a <= b { (a, b) } else { (b, a) };
            prop_assert!(steps.apply(low) <= steps.apply(high));
        }
    }
}
