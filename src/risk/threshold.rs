//! [`FollowUpRule`]: from which probability on a ticket is worth following up, and why.
//!
//! Never 0.5: a probability at which a follow-up pays or fits into the day has nothing to do with which outcome is
//! likelier.

use crate::probability::Probability;
use serde::{Deserialize, Serialize};

/// How the lowest probability of the high band was found.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "rule", deny_unknown_fields)]
pub enum FollowUpRule {
    /// A fixed share of the training tickets closed last lies above it.
    Share {
        /// That share.
        share: f64,
    },
    /// As many of the training tickets closed last lie above it as the teams can follow up; each team with enough of them
    /// has bands of its own (`team_bands` of the model).
    Capacity {
        /// Follow-ups that one team makes in a day, unless it was given a number of its own.
        per_team_and_day: f64,
    },
    /// A follow-up costs less than it saves.
    Cost(FollowUpCosts),
}

/// What a follow-up costs and saves, all in one currency.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FollowUpCosts {
    /// Cost of one follow-up.
    pub follow_up: f64,
    /// Expected harm of one follow-up: annoyance, contacts that it causes itself.
    pub harm: f64,
    /// Cost of one repeat contact.
    pub repeat: f64,
    /// The share of repeats that a follow-up prevents, as measured against a control group.
    pub effect: f64,
}

impl Default for FollowUpRule {
    /// What models had before they said it.
    fn default() -> Self {
        Self::Share { share: 0.1 }
    }
}

impl FollowUpCosts {
    /// The probability from which a follow-up pays: `p · effect · repeat > follow_up + harm`. 1 where it never does.
    #[must_use]
    pub fn threshold(&self) -> Probability {
        let threshold = (self.follow_up + self.harm) / (self.effect * self.repeat);
        Probability::new(threshold.min(1.0)).unwrap_or(Probability::from_logit(f64::INFINITY))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_follow_up_pays_from_the_probability_at_which_it_saves_what_it_costs() {
        let costs = FollowUpCosts { follow_up: 2.0, harm: 0.5, repeat: 20.0, effect: 0.5 };
        assert!((costs.threshold().value() - 0.25).abs() < 1e-12);
        let dear = FollowUpCosts { follow_up: 90.0, ..costs };
        assert!((dear.threshold().value() - 1.0).abs() < 1e-12);
        let useless = FollowUpCosts { effect: 0.0, ..costs };
        assert!((useless.threshold().value() - 1.0).abs() < 1e-12);
    }
}
