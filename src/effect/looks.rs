//! When a verdict may be given. Who looks every day and stops at the first good one finds effects where there are none
//! (Armitage, McPherson & Rowe 1969, JRSS A 132:235); so the days are fixed before the start.
//!
//! The rule: a look is a planned day after the start of the experiment. It sees exactly the episodes that were mature on
//! that day, as they are known when the report is made: a look is not stored, so what becomes known of these episodes later
//! (a late contact, a correction, an erasure, persons put together) changes its answer too, and may move it. The error level of 5 % is shared out among the looks by the spending
//! function `2 - 2Φ(z/√t)` of Lan & DeMets (1983, Biometrika 70:659, of O'Brien and Fleming's kind), with `t` the part of
//! the planned time; each look is tested at what was newly spent (Bonferroni's bound, so the whole stays below 5 %). The
//! first look whose interval leaves out zero gives the verdict; an interim look that shows nothing gives none; the last
//! one says that no difference was shown. Between looks nothing is decided. With one planned day it is a single final look.

use crate::statistics::{normal_cdf, normal_quantile};
use crate::timestamp::Timestamp;
use serde::{Deserialize, Serialize};

/// The error level of all looks of an experiment together, two-sided.
pub const ALPHA: f64 = 0.05;

/// Most looks of an experiment.
pub const MOST_LOOKS: usize = 20;

/// The days after the start on which an experiment is looked at, in rising order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<u32>", into = "Vec<u32>")]
pub struct LookPlan(Vec<u32>);

/// Why days are no [`LookPlan`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected 1 to {MOST_LOOKS} days of looks in rising order, each at least 1, got {0:?}")]
pub struct InvalidLookPlan(Vec<u32>);

/// One planned look.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Look {
    /// Counts the looks from 1.
    pub number: usize,
    /// When it is; episodes that are mature then are what it sees.
    pub at: Timestamp,
    /// Its error level, two-sided: what the spending function newly gives.
    pub alpha: f64,
    /// Whether it is the last one.
    pub is_final: bool,
}

impl LookPlan {
    /// Takes days after the start.
    ///
    /// # Errors
    /// [`InvalidLookPlan`] when there are none or too many, or when they do not rise from at least 1.
    pub fn parse(days: Vec<u32>) -> Result<Self, InvalidLookPlan> {
        let rises = days.windows(2).all(|pair| pair[0] < pair[1]);
        match days.first() {
            Some(first) if *first >= 1 && rises && days.len() <= MOST_LOOKS => Ok(Self(days)),
            _ => Err(InvalidLookPlan(days)),
        }
    }

    /// The days.
    #[must_use]
    pub fn days(&self) -> &[u32] {
        &self.0
    }

    /// The looks of an experiment. One that ended has its last look when everything flagged until then is mature, if that
    /// is before the last planned day; it then spends all that is left.
    #[must_use]
    pub fn looks(
        &self,
        started_at: Timestamp,
        ended_at: Option<Timestamp>,
        window_days: u32,
    ) -> Vec<Look> {
        let last_planned = self.0.last().copied().unwrap_or(1);
        let planned_end = started_at.plus_days(i64::from(last_planned));
        let end = ended_at
            .map(|ended_at| ended_at.plus_days(i64::from(window_days)))
            .map_or(planned_end, |all_mature| all_mature.min(planned_end));
        let mut looks = Vec::new();
        let mut spent = 0.0;
        for day in &self.0 {
            let at = started_at.plus_days(i64::from(*day)).min(end);
            let is_final = at >= end;
            let part = f64::from(*day) / f64::from(last_planned);
            let spending = if is_final { ALPHA } else { spent_at(part) };
            looks.push(Look { number: looks.len() + 1, at, alpha: spending - spent, is_final });
            spent = spending;
            if is_final {
                break;
            }
        }
        looks
    }
}

impl TryFrom<Vec<u32>> for LookPlan {
    type Error = InvalidLookPlan;

    fn try_from(days: Vec<u32>) -> Result<Self, Self::Error> {
        Self::parse(days)
    }
}

impl From<LookPlan> for Vec<u32> {
    fn from(plan: LookPlan) -> Self {
        plan.0
    }
}

/// How much of [`ALPHA`] is spent when this part of the planned time is over.
fn spent_at(part: f64) -> f64 {
    2.0 - 2.0 * normal_cdf(normal_quantile(1.0 - ALPHA / 2.0) / part.sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn start() -> Timestamp {
        Timestamp::parse("2026-01-01T00:00:00Z").unwrap()
    }

    #[test]
    fn a_single_look_has_the_whole_level() {
        let looks = LookPlan::parse(vec![60]).unwrap().looks(start(), None, 14);
        assert_eq!(looks.len(), 1);
        assert_eq!((looks[0].at, looks[0].is_final), (start().plus_days(60), true));
        assert!((looks[0].alpha - 0.05).abs() < 1e-12);
    }

    #[test]
    fn early_looks_spend_little_as_lan_and_demets_tables_say() {
        // Spent after 1, 2 and 3 thirds: 0.0007, 0.0164, 0.0500.
        let looks = LookPlan::parse(vec![28, 56, 84]).unwrap().looks(start(), None, 14);
        let alphas: Vec<f64> = looks.iter().map(|look| look.alpha).collect();
        assert!((alphas[0] - 0.000_69).abs() < 2e-5, "{alphas:?}");
        assert!((alphas[0] + alphas[1] - 0.0164).abs() < 1e-4, "{alphas:?}");
        assert!((alphas.iter().sum::<f64>() - 0.05).abs() < 1e-12);
        assert_eq!(
            looks.iter().map(|look| look.is_final).collect::<Vec<_>>(),
            [false, false, true]
        );
    }

    #[test]
    fn an_experiment_that_ended_is_looked_at_when_everything_is_mature() {
        let plan = LookPlan::parse(vec![28, 56, 84]).unwrap();
        let looks = plan.looks(start(), Some(start().plus_days(30)), 14);
        assert_eq!(looks.len(), 2);
        assert_eq!((looks[1].at, looks[1].is_final), (start().plus_days(44), true));
        assert!((looks[0].alpha + looks[1].alpha - 0.05).abs() < 1e-12);
        let late = plan.looks(start(), Some(start().plus_days(200)), 14);
        assert_eq!(late.last().unwrap().at, start().plus_days(84));
    }

    #[test]
    fn days_that_do_not_rise_are_refused() {
        for days in [vec![], vec![0], vec![7, 7], vec![9, 3], (1..=21).collect()] {
            assert!(LookPlan::parse(days.clone()).is_err(), "{days:?}");
        }
    }

    proptest! {
        #[test]
        fn looks_never_spend_more_than_there_is(days in prop::collection::btree_set(1u32..400, 1..20), end in prop::option::of(0i64..400)) {
            let plan = LookPlan::parse(days.into_iter().collect()).unwrap();
            let looks = plan.looks(start(), end.map(|days| start().plus_days(days)), 14);
            prop_assert!(looks.iter().all(|look| look.alpha >= 0.0));
            prop_assert!((looks.iter().map(|look| look.alpha).sum::<f64>() - ALPHA).abs() < 1e-9);
            prop_assert!(looks.windows(2).all(|pair| pair[0].at < pair[1].at));
            prop_assert_eq!(looks.iter().filter(|look| look.is_final).count(), 1);
        }
    }
}
