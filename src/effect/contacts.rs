//! What follow-ups saved and what they cost, in contacts and in money.

use super::cluster::{ClusterSums, mean_difference};
use crate::statistics::{CONFIDENCE, Interval};
use serde::{Deserialize, Serialize};

/// What things cost, in one currency; only their ratio matters for contacts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ContactCosts {
    /// Handling a contact of a customer who comes back; above 0.
    pub repeat: f64,
    /// Following up one customer; not negative.
    pub follow_up: f64,
}

impl Default for ContactCosts {
    /// Counted in contacts, with follow-ups that cost nothing.
    fn default() -> Self {
        Self { repeat: 1.0, follow_up: 0.0 }
    }
}

/// Why costs cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error(
    "expected a repeat's cost above 0 and a follow-up's cost of at least 0, got {repeat} and {follow_up}"
)]
pub struct InvalidCosts {
    repeat: f64,
    follow_up: f64,
}

impl ContactCosts {
    /// Takes what a repeat and a follow-up cost.
    ///
    /// # Errors
    /// `InvalidCosts` when a repeat costs nothing, a follow-up less than that, or one of them is not finite.
    pub fn parse(repeat: f64, follow_up: f64) -> Result<Self, InvalidCosts> {
        let is_usable = repeat.is_finite() && repeat > 0.0 && follow_up.is_finite();
        if is_usable && follow_up >= 0.0 {
            Ok(Self { repeat, follow_up })
        } else {
            Err(InvalidCosts { repeat, follow_up })
        }
    }

    /// A follow-up's cost in contacts.
    #[must_use]
    pub fn follow_up_in_contacts(self) -> f64 {
        self.follow_up / self.repeat
    }
}

/// Contacts avoided among the mature treated episodes: `gross - induced - follow_up_cost = net`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ContactsAvoided {
    /// Minus the difference of the repeat rates, times the treated episodes: as many as would have been followed by a repeat.
    pub gross: f64,
    /// 95 % interval of `gross`: that of the difference, times the treated episodes.
    pub gross_interval: Option<Interval>,
    /// Contacts that answer our own follow-ups, beyond those of the control arm.
    pub induced: f64,
    /// What the follow-ups cost, expressed in contacts.
    pub follow_up_cost: f64,
    /// What is left of `gross` after both.
    pub net: f64,
    /// 95 % interval of `net`, from what each customer came to in all three: delta method over customers.
    pub net_interval: Option<Interval>,
    /// The same in money.
    pub money: Money,
}

/// Money saved by the follow-ups.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Money {
    /// What a repeat and a follow-up cost.
    pub costs: ContactCosts,
    /// Cost of the contacts avoided.
    pub gross: f64,
    /// `net` contacts times a contact's cost.
    pub net: f64,
    /// Its 95 % interval.
    pub net_interval: Option<Interval>,
}

/// What one arm adds up to, per customer.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ArmSums {
    /// Repeats.
    pub(super) repeats: ClusterSums,
    /// Induced contacts.
    pub(super) induced: ClusterSums,
    /// Follow-ups made.
    pub(super) contacted: ClusterSums,
    /// Repeats, induced contacts and follow-ups, all in contacts.
    pub(super) burden: ClusterSums,
}

/// `None` while an arm is empty.
pub(super) fn contacts_avoided(
    treatment: &ArmSums,
    control: &ArmSums,
    treated_episodes: f64,
    gross_interval: Option<Interval>,
    costs: ContactCosts,
) -> Option<ContactsAvoided> {
    let per_episode =
        |of: fn(&ArmSums) -> &ClusterSums| Some(of(treatment).rate()? - of(control).rate()?);
    let avoided = |interval: Interval| Interval {
        low: -interval.high * treated_episodes,
        high: -interval.low * treated_episodes,
    };
    let net_interval = mean_difference(&treatment.burden, &control.burden, CONFIDENCE)
        .map(|(_, interval)| avoided(interval));
    let gross = -per_episode(|arm| &arm.repeats)? * treated_episodes;
    let net = -per_episode(|arm| &arm.burden)? * treated_episodes;
    let in_money = |contacts: f64| contacts * costs.repeat;
    Some(ContactsAvoided {
        gross,
        gross_interval: gross_interval.map(avoided),
        induced: per_episode(|arm| &arm.induced)? * treated_episodes,
        follow_up_cost: per_episode(|arm| &arm.contacted)?
            * treated_episodes
            * costs.follow_up_in_contacts(),
        net,
        net_interval,
        money: Money {
            costs,
            gross: in_money(gross),
            net: in_money(net),
            net_interval: net_interval.map(|interval| Interval {
                low: in_money(interval.low),
                high: in_money(interval.high),
            }),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_must_be_usable() {
        assert!(ContactCosts::parse(5.0, 0.0).is_ok());
        for (contact, follow_up) in
            [(0.0, 1.0), (-1.0, 1.0), (1.0, -1.0), (f64::NAN, 1.0), (1.0, f64::INFINITY)]
        {
            assert!(ContactCosts::parse(contact, follow_up).is_err(), "{contact} {follow_up}");
        }
    }
}
