//! Plans as they are sent.

use crate::plan::consistency::Consistency;
use crate::plan::effect::PlanEffect;
use crate::plan::{PlanContent, PlanStatus};
use crate::store::StoredPlan;
use crate::ticket::{IssueCategory, Name};
use crate::timestamp::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// A version of a plan.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlanView {
    /// The primary category.
    category: IssueCategory,
    /// Counts the category's versions from 1.
    version: u32,
    /// proposed, active or retired.
    status: PlanStatus,
    /// Who wrote the version.
    author: Name,
    /// When.
    created_at: Timestamp,
    /// When somebody has to look at it again.
    review_at: Timestamp,
    /// Whether that time has passed.
    review_overdue: bool,
    #[serde(flatten)]
    content: PlanContent,
    /// Whether every channel gives the same answer, as of now.
    consistency: Consistency,
    /// Why it is in use although the channels answer differently.
    accepted_because: Option<String>,
    /// What the version did while it was in use; only where one plan is read, and null for a version that was not in use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) effect: Option<PlanEffect>,
    /// What the version that was in use before it did; only where one plan is read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) effect_of_previous: Option<PlanEffect>,
}

/// The newest version of each plan, by category.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlanList {
    /// The plans.
    pub(super) plans: Vec<PlanView>,
}

/// All versions of a plan.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlanVersions {
    /// The primary category.
    pub(super) category: IssueCategory,
    /// The newest first.
    pub(super) versions: Vec<PlanView>,
}

/// What was proposed.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlanProposals {
    /// New drafts, the costliest category first.
    pub(super) proposed: Vec<PlanView>,
    /// Categories that have a plan already.
    pub(super) skipped: Vec<SkippedCategory>,
}

/// A category that got no draft.
#[derive(Debug, Serialize, ToSchema)]
pub struct SkippedCategory {
    /// The category.
    pub(super) category: IssueCategory,
    /// The status of the plan that it has.
    pub(super) has_plan: PlanStatus,
}

impl PlanView {
    /// A stored version in the form in which it is sent.
    #[must_use]
    pub fn new(plan: StoredPlan, consistency: Consistency, now: Timestamp) -> Self {
        Self {
            review_overdue: plan.status.is_overdue(plan.review_at, now),
            category: plan.category,
            version: plan.version,
            status: plan.status,
            author: plan.author,
            created_at: plan.created_at,
            review_at: plan.review_at,
            content: plan.content,
            consistency,
            accepted_because: plan.accepted_because,
            effect: None,
            effect_of_previous: None,
        }
    }
}
