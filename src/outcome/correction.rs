//! [`Correction`]: what a person says became of an episode. What was derived stays beside it.

use super::Outcome;
use crate::ticket::Name;
use crate::timestamp::{DAY_MS, Timestamp};
use serde::{Deserialize, Serialize};

/// A person's word on the outcome of an episode. Never changed; a later one counts instead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Correction {
    /// What became of the episode.
    pub outcome: Outcome,
    /// Milliseconds from the close until the customer came back, where the person knows; without it the outcome counts in
    /// every window.
    pub gap_ms: Option<i64>,
    /// Why, from the tenant's list of cause codes.
    pub cause_code: Option<Name>,
    /// Who says so.
    pub author: Name,
    /// On what ground.
    pub reason: String,
    /// When it was said.
    pub recorded_at: Timestamp,
}

/// The outcome that counts, and where it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EffectiveOutcome<'c> {
    /// What counts.
    pub outcome: Outcome,
    /// What the events say.
    pub derived: Outcome,
    /// The correction that counts, if there is one.
    pub correction: Option<&'c Correction>,
}

/// The outcome that counts in a window: the latest correction's, else the derived one. `None` where `derived` is, since a
/// window that is not over has no outcome whatever people say.
///
/// A correction whose gap is longer than the window says that the customer did not come back within it. Of corrections
/// of the same instant the last in the list counts.
#[must_use]
pub fn effective(
    derived: Option<Outcome>,
    corrections: &[Correction],
    window_days: u32,
) -> Option<EffectiveOutcome<'_>> {
    let derived = derived?;
    let correction = corrections.iter().max_by_key(|correction| correction.recorded_at);
    let outcome = correction.map_or(derived, |correction| {
        let is_within = correction.gap_ms.is_none_or(|gap| gap <= i64::from(window_days) * DAY_MS);
        if is_within { correction.outcome } else { Outcome::None }
    });
    Some(EffectiveOutcome { outcome, derived, correction })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn correction(outcome: Outcome, gap_days: Option<i64>, recorded_ms: i64) -> Correction {
        Correction {
            outcome,
            gap_ms: gap_days.map(|days| days * DAY_MS),
            cause_code: None,
            author: Name::parse("lead").unwrap(),
            reason: "heard it on the telephone".into(),
            recorded_at: Timestamp::from_millis(recorded_ms).unwrap(),
        }
    }

    fn outcome(
        derived: Option<Outcome>,
        corrections: &[Correction],
        window: u32,
    ) -> Option<Outcome> {
        effective(derived, corrections, window).map(|effective| effective.outcome)
    }

    #[test]
    fn the_latest_correction_counts_and_the_derived_outcome_is_kept() {
        let corrections = [
            correction(Outcome::Explicit, Some(2), 20),
            correction(Outcome::Unrelated, Some(2), 30),
            correction(Outcome::Implicit, Some(2), 10),
        ];
        let effective = effective(Some(Outcome::None), &corrections, 14).unwrap();
        assert_eq!((effective.outcome, effective.derived), (Outcome::Unrelated, Outcome::None));
        assert_eq!(effective.correction, Some(&corrections[1]));
    }

    #[test]
    fn of_two_corrections_at_once_the_last_in_the_list_counts() {
        let both = [correction(Outcome::Explicit, None, 1), correction(Outcome::None, None, 1)];
        assert_eq!(outcome(Some(Outcome::Implicit), &both, 7), Some(Outcome::None));
    }

    #[test]
    fn a_gap_longer_than_the_window_is_no_return_in_it() {
        let late = [correction(Outcome::Explicit, Some(7), 1)];
        let said = |window| outcome(Some(Outcome::Unrelated), &late, window);
        assert_eq!(
            (said(3), said(7), said(14)),
            (Some(Outcome::None), Some(Outcome::Explicit), Some(Outcome::Explicit))
        );
    }

    #[test]
    fn without_a_correction_the_derived_outcome_counts_and_no_one_corrects_an_immature_one() {
        assert_eq!(outcome(Some(Outcome::Implicit), &[], 7), Some(Outcome::Implicit));
        assert_eq!(outcome(None, &[correction(Outcome::Explicit, None, 1)], 7), None);
    }
}
