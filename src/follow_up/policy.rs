//! [`FollowUpPolicy`]: the organisation's rules for follow-ups. `config.default.toml`, section `[follow_ups]`, explains each.

use super::assignment::{MAX_TREATMENT_SHARE, MIN_TREATMENT_SHARE, is_share};
use super::local_time::{QuietHours, TimeOfDay, UtcOffset};
use crate::costs::Costs;
use crate::outcome::WINDOWS_DAYS;
use crate::risk::RiskBand;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Customers must be reachable for at least two hours a day, or no follow-up could be planned.
const MAX_QUIET_MS: i64 = 22 * 3_600_000;

/// Longest times that can be configured, in hours: the longest window.
const MAX_HOURS: f64 = 30.0 * 24.0;

/// Who is followed up, when, at what price, and how many. Teams and categories go by their names in tickets.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FollowUpPolicy {
    /// Whether flagged closings are put into the queue.
    pub enabled: bool,
    /// The lowest band that is flagged.
    pub flagged_band: RiskBand,
    /// Follow-ups a team takes a day at most.
    pub daily_capacity: u32,
    /// The same for single teams.
    pub team_capacity: BTreeMap<String, u32>,
    /// How far the customers' clocks are ahead of UTC.
    pub utc_offset: UtcOffset,
    /// The same for the customers of single teams.
    pub team_utc_offset: BTreeMap<String, UtcOffset>,
    /// When quiet hours begin.
    pub quiet_from: TimeOfDay,
    /// When quiet hours end.
    pub quiet_until: TimeOfDay,
    /// Hours from the closing to the follow-up where no plan says otherwise.
    pub send_after_hours: f64,
    /// Hours from the closing to when it is due: at most where the gap is short, and where it is not known.
    pub due_hours: f64,
    /// Hours from when it is due to when it expires.
    pub grace_hours: f64,
    /// What repeats and follow-ups cost: the section `costs`.
    #[serde(skip)]
    pub costs: Costs,
    /// The part of repeats that a follow-up prevents, 0 to 1, as measured against a control group; `None` until it is.
    pub effectiveness: Option<f64>,
    /// Follow-ups a customer gets at most within `per_customer_days`.
    pub most_per_customer: u32,
    /// The days for `most_per_customer`.
    pub per_customer_days: u32,
    /// Part of the customers that the first experiment treats.
    pub treatment_share: f64,
    /// Window of the first experiment, in days.
    pub window_days: u32,
    /// Seconds between sweeps that record what has expired.
    pub sweep_interval_s: u64,
}

impl FollowUpPolicy {
    /// Checks every value.
    ///
    /// # Errors
    /// The option and what was expected.
    pub fn validate(&self) -> Result<(), String> {
        let hours = [
            ("send_after_hours", self.send_after_hours, 0.0),
            ("due_hours", self.due_hours, 1.0),
            ("grace_hours", self.grace_hours, 0.0),
        ];
        for (name, value, least) in hours {
            if !(least..=MAX_HOURS).contains(&value) {
                return Err(format!("{name}: expected {least} to {MAX_HOURS} hours, got {value}"));
            }
        }
        if let Some(found) = self.effectiveness.filter(|found| !(0.0..=1.0).contains(found)) {
            return Err(format!(
                "effectiveness: expected 0 to 1, or unset where it was not measured, got {found}"
            ));
        }
        if self.quiet_hours("").length_ms() > MAX_QUIET_MS {
            let (from, until) = (self.quiet_from, self.quiet_until);
            return Err(format!(
                "quiet_from and quiet_until: expected at least two hours a day that are not quiet, got {from} to {until}"
            ));
        }
        if self.flagged_band == RiskBand::Low {
            return Err(
                "flagged_band: expected high or medium, got low: it would follow up everybody"
                    .to_owned(),
            );
        }
        if self.most_per_customer == 0 || self.per_customer_days == 0 || self.sweep_interval_s == 0
        {
            return Err(
                "most_per_customer, per_customer_days and sweep_interval_s must be at least 1"
                    .to_owned(),
            );
        }
        if !is_share(self.treatment_share) {
            return Err(format!(
                "treatment_share: expected {MIN_TREATMENT_SHARE} to {MAX_TREATMENT_SHARE}, got {}",
                self.treatment_share
            ));
        }
        if !WINDOWS_DAYS.contains(&self.window_days) {
            return Err(format!(
                "window_days: expected one of {WINDOWS_DAYS:?}, got {}",
                self.window_days
            ));
        }
        Ok(())
    }

    /// Whether a closing is flagged: its band is high enough, and, where the effectiveness is known, a follow-up is expected to
    /// save more than it costs. Says nothing about the customer's arm, so both arms are flagged alike.
    #[must_use]
    pub fn flags(&self, band: RiskBand, probability: f64, category: &str) -> bool {
        let is_worth_it =
            self.expected_benefit(probability, category).is_none_or(|benefit| benefit > 0.0);
        self.enabled && band >= self.flagged_band && is_worth_it
    }

    /// What a follow-up is expected to save, in the money of the costs:
    /// `probability * effectiveness * costs.repeat - costs.follow_up - costs.harm`; `None` while the effectiveness is unknown.
    ///
    /// The rule of expected cost for a decision with unequal costs (Elkan 2001, "The foundations of cost-sensitive learning",
    /// IJCAI), with the saving of a true alarm reduced to the part that a follow-up prevents.
    #[must_use]
    pub fn expected_benefit(&self, probability: f64, category: &str) -> Option<f64> {
        self.effectiveness.map(|_| self.rank_of(probability, category))
    }

    /// What follow-ups are ranked by, larger is more urgent: the expected benefit, or the probability while the effectiveness is
    /// unknown. Always finite.
    #[must_use]
    pub fn rank_of(&self, probability: f64, category: &str) -> f64 {
        let (gain, cost) = self.gain_and_cost(category);
        probability * gain - cost
    }

    /// The two numbers of the rank, which is `probability * gain - cost`.
    #[must_use]
    pub fn gain_and_cost(&self, category: &str) -> (f64, f64) {
        match self.effectiveness {
            None => (1.0, 0.0),
            Some(effectiveness) => (
                effectiveness * self.costs.repeat_of(category),
                self.costs.follow_up + self.costs.harm,
            ),
        }
    }

    /// The probability from which on a follow-up is worth its cost: `(costs.follow_up + costs.harm) / (effectiveness *
    /// costs.repeat)`; `None` while the effectiveness is unknown, and where no probability is enough.
    #[must_use]
    pub fn worthwhile_from(&self, category: &str) -> Option<f64> {
        self.effectiveness?;
        let (gain, cost) = self.gain_and_cost(category);
        (cost < gain).then(|| cost / gain)
    }

    /// How many follow-ups a team takes a day at most; the team of tickets without one is the empty text.
    #[must_use]
    pub fn capacity_of(&self, team: &str) -> u32 {
        self.team_capacity.get(team).copied().unwrap_or(self.daily_capacity)
    }

    /// How far a team's clocks are ahead of UTC; its days begin at midnight of it.
    #[must_use]
    pub fn offset_of(&self, team: &str) -> UtcOffset {
        self.team_utc_offset.get(team).copied().unwrap_or(self.utc_offset)
    }

    /// When a team's customers are left in peace.
    #[must_use]
    pub fn quiet_hours(&self, team: &str) -> QuietHours {
        QuietHours { from: self.quiet_from, until: self.quiet_until, offset: self.offset_of(team) }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::ticket::IssueCategory;
    use proptest::prelude::*;

    /// The defaults that are compiled in.
    pub(crate) fn default_policy() -> FollowUpPolicy {
        let table: toml::Table = toml::from_str(include_str!("../config.default.toml")).unwrap();
        let policy: FollowUpPolicy = table["follow_ups"].clone().try_into().unwrap();
        FollowUpPolicy { costs: table["costs"].clone().try_into().unwrap(), ..policy }
    }

    #[test]
    fn the_defaults_flag_the_high_band_and_rank_by_probability_as_nothing_was_measured() {
        let policy = default_policy();
        policy.validate().unwrap();
        assert!(policy.flags(RiskBand::High, 0.4, "card_arrival"));
        assert!(!policy.flags(RiskBand::Medium, 0.4, "card_arrival"));
        assert_eq!(policy.expected_benefit(0.4, "card_arrival"), None);
        assert!((policy.rank_of(0.4, "card_arrival") - 0.4).abs() < 1e-12);
        assert!(!FollowUpPolicy { enabled: false, ..policy }.flags(RiskBand::High, 1.0, "any"));
    }

    #[test]
    fn with_a_measured_effectiveness_only_what_pays_is_flagged() {
        let policy = FollowUpPolicy {
            effectiveness: Some(0.25),
            costs: Costs {
                repeat: 8.0,
                categories: [(IssueCategory::parse("outage").unwrap(), 80.0)].into(),
                follow_up: 1.0,
                harm: 0.2,
            },
            ..default_policy()
        };
        // 0.6 * 0.25 * 8 = 1.2: the break-even.
        assert!((policy.worthwhile_from("card_arrival").unwrap() - 0.6).abs() < 1e-12);
        assert!(!policy.flags(RiskBand::High, 0.59, "card_arrival"));
        assert!(policy.flags(RiskBand::High, 0.61, "card_arrival"));
        assert!(policy.flags(RiskBand::High, 0.61, "outage"));
        assert!((policy.expected_benefit(0.5, "outage").unwrap() - (10.0 - 1.2)).abs() < 1e-12);
        let never = FollowUpPolicy { effectiveness: Some(0.0), ..policy };
        assert_eq!(never.worthwhile_from("card_arrival"), None);
    }

    #[test]
    fn single_teams_may_have_a_capacity_and_clocks_of_their_own() {
        let policy = FollowUpPolicy {
            daily_capacity: 5,
            team_capacity: [("cards".to_owned(), 9)].into(),
            team_utc_offset: [("cards".to_owned(), UtcOffset::parse("+03:00").unwrap())].into(),
            ..default_policy()
        };
        assert_eq!((policy.capacity_of("cards"), policy.capacity_of("")), (9, 5));
        assert_eq!(policy.quiet_hours("cards").offset.to_string(), "+03:00");
        assert_eq!(policy.quiet_hours("loans").offset.to_string(), "+00:00");
    }

    #[test]
    fn a_value_out_of_range_is_refused_by_name() {
        let named = |change: fn(&mut FollowUpPolicy), name: &str| {
            let mut policy = default_policy();
            change(&mut policy);
            let error = policy.validate().unwrap_err();
            assert!(error.contains(name), "{error}");
        };
        named(|p| p.send_after_hours = -1.0, "send_after_hours");
        named(|p| p.due_hours = f64::NAN, "due_hours");
        named(|p| p.effectiveness = Some(1.5), "effectiveness");
        named(|p| p.flagged_band = RiskBand::Low, "flagged_band");
        named(|p| p.most_per_customer = 0, "most_per_customer");
        named(|p| p.treatment_share = 1.0, "treatment_share");
        named(|p| p.window_days = 13, "window_days");
        named(|p| p.quiet_until = TimeOfDay::parse("19:59").unwrap(), "quiet_until");
    }

    proptest! {
        #[test]
        fn a_higher_probability_is_never_ranked_lower(
            a in 0.0..=1.0f64, b in 0.0..=1.0f64, effectiveness in proptest::option::of(0.0..=1.0f64),
        ) {
            let policy = FollowUpPolicy { effectiveness, ..default_policy() };
            let (low, high) = if a <= b { (a, b) } else { (b, a) };
            prop_assert!(policy.rank_of(low, "any") <= policy.rank_of(high, "any"));
            prop_assert!(policy.rank_of(high, "any").is_finite());
        }
    }
}
