//! What a follow-up is worth, told from a randomised control group: fewer repeats or not, by how much, for whom.
//!
//! Customers are assigned at random to treatment (followed up) or control (held out) before anybody sees the list.
//! Everybody who was flagged counts in their own arm, whether or not they were reached (intention to treat): only that
//! comparison is fair, since chance alone made the arms. A before/after comparison is not offered: the worst cases get
//! better by themselves (regression to the mean).
//!
//! The estimand is what the policy "treat those flagged" does to the repeat-contact rate of customers like those in the
//! experiment: `E[repeats if treated] / E[episodes] - E[repeats if held out] / E[episodes]` over the population that the
//! experiment's customers are a sample of. The unit of chance is the customer while episodes are counted, so intervals
//! come from sums per customer ([`cluster::ClusterSums`]).
//!
//! Nothing here reads a clock or the store: a [`Tally`] takes one customer after another and keeps sums only, so its
//! memory does not grow with the experiment.

pub mod cluster;
mod contacts;
mod definitions;
pub mod looks;
mod policy;
pub mod power;
mod report;
pub mod sample_ratio;
mod table;
mod tally;
pub mod uplift;

pub use crate::follow_up::Arm;
pub use contacts::{ContactCosts, ContactsAvoided, Money};
pub use definitions::Definition;
pub use policy::EffectPolicy;
pub use report::{
    ArmFigures, Arms, ContactedOnly, CustomerRates, DecidedBy, EffectReport, RateDifference,
    RelativeChange, VerdictReport,
};
pub use tally::Tally;

use crate::timestamp::Timestamp;
use looks::LookPlan;
use serde::{Deserialize, Serialize};

/// A flagged episode and what became of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Observation {
    /// The customer's arm.
    pub arm: Arm,
    /// The score it was flagged with, 0 to 1.
    pub score: f64,
    /// When it was flagged.
    pub flagged_at: Timestamp,
    /// When the window after its close is over; before that its outcome does not count.
    pub matures_at: Timestamp,
    /// Whether the customer came back with the same or a related issue within the window.
    pub repeat: bool,
    /// Contacts within the window that our own follow-up caused.
    pub induced: u32,
    /// Whether somebody really followed up.
    pub contacted: bool,
}

/// How an experiment was set up; nothing of it changes while it runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Design {
    /// The window for repeats, in days after the close.
    pub window_days: u32,
    /// Share of customers assigned to treatment, between 0 and 1.
    pub treatment_share: f64,
    /// When the first customers were assigned.
    pub started_at: Timestamp,
    /// When assigning ended, if it has.
    pub ended_at: Option<Timestamp>,
    /// When a verdict may be given.
    pub looks: LookPlan,
    /// What contacts and follow-ups cost.
    pub costs: ContactCosts,
    /// The relative reduction that is worth finding, such as 0.2 for 20 % fewer repeats; what power is stated for.
    pub target_reduction: f64,
}

/// Whether follow-ups reduce repeats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// No planned look has come, or an interim look showed nothing: wait.
    TooEarly,
    /// The arms do not have the sizes that chance would give: something is broken, no figure can be trusted.
    InvalidSampleRatio,
    /// Fewer repeats with follow-up.
    Reduces,
    /// More repeats with follow-up.
    Increases,
    /// The final look showed no difference; see the power for what would have been seen.
    NoDifferenceShown,
}

impl Verdict {
    /// Whether it says whether following up helps.
    #[must_use]
    pub fn is_conclusive(self) -> bool {
        matches!(self, Self::Reduces | Self::Increases | Self::NoDifferenceShown)
    }

    /// The word in responses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TooEarly => "too_early",
            Self::InvalidSampleRatio => "invalid_sample_ratio",
            Self::Reduces => "reduces",
            Self::Increases => "increases",
            Self::NoDifferenceShown => "no_difference_shown",
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of contacts fit into 53 bits")]
fn number(count: u64) -> f64 {
    count as f64
}
