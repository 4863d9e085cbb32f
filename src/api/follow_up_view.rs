//! A follow-up as teams see it: what it is about, why it matters, until when, and what was done so far.

use super::ModelName;
use super::assessment::RiskAnswer;
use super::problem::{Problem, ProblemCode};
use crate::app::App;
use crate::contact::Channel;
use crate::follow_up::{Action, FollowUpStatus};
use crate::next_issue::{ExpectedRepeat, LikelyNextIssue};
use crate::risk::{self, Language, RecontactRisk};
use crate::store::{FollowUpEvent, StoredFollowUp, StoredPlan, TeamDay};
use crate::ticket::{IssueCategory, Name, TicketId};
use crate::timestamp::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Reasons told with a follow-up; the ticket has all of them.
const REASONS: usize = 3;

/// A follow-up of a closed ticket.
#[derive(Debug, Serialize, ToSchema)]
pub struct FollowUpView {
    /// Its identifier.
    id: Name,
    /// The closed ticket.
    ticket_id: TicketId,
    /// Which closing of the ticket it was, from 1.
    episode: u32,
    /// When it was closed.
    closed_at: Option<Timestamp>,
    /// The customer's keyed hash.
    customer: String,
    /// The team that closed it; null where the ticket has none.
    team: Option<Name>,
    /// What it was about.
    category: IssueCategory,
    /// Probability that the customer comes back.
    probability: f64,
    /// Risk band of the ticket.
    band: Option<String>,
    /// The band as a tag that a helpdesk can act on, such as `recontact_risk__high`; empty without a band.
    tags: Vec<String>,
    /// What most raises the risk, in the language of Accept-Language (en, ru, be, uk).
    reasons: Vec<String>,
    /// What the customer is likely to ask about next, and when, as told at the closing; null where no issue is known to follow.
    next_issue: Option<LikelyNextIssue>,
    /// How often and when the same issue comes again, as told at the closing; null where it never did or little is known.
    expected_repeat: Option<ExpectedRepeat>,
    /// What the plan in use for the category says; null where there is none.
    plan: Option<PlanInUse>,
    /// When the customer did come back, if that is known already: then look at that contact first.
    came_back_at: Option<Timestamp>,
    /// What the follow-up is expected to save, in the money of the configured costs; null while its effectiveness was not measured.
    expected_benefit: Option<f64>,
    /// What the queue is ordered by: expected_benefit, or probability while the effectiveness was not measured.
    ranked_by: &'static str,
    /// What it is.
    status: FollowUpStatus,
    /// Why it is suppressed (frequency_cap, opt_out), disagreed with or not needed.
    status_reason: Option<String>,
    /// From when on it can be made.
    available_at: Timestamp,
    /// Until when it should be made.
    due_at: Timestamp,
    /// That was missed, and it is still open.
    is_overdue: bool,
    /// Quiet hours left no time before a quarter of those who come back have come.
    is_after_gap: bool,
    /// When it is of no use any more.
    expires_at: Timestamp,
    /// Who took it.
    claimed_by: Option<Name>,
    /// When it was done, or found not to be needed.
    handled_at: Option<Timestamp>,
    /// To be sent with the next step.
    version: u32,
    /// When it was put into the queue.
    created_at: Timestamp,
    /// The model that assessed the ticket.
    model: Option<ModelName>,
}

/// What a plan gives whoever follows up.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlanInUse {
    /// The plan's version.
    version: u32,
    /// Who answers for it.
    owner: Option<Name>,
    /// The message to send or say; null where the plan has none.
    message: Option<String>,
    /// Script or answer by channel.
    #[schema(value_type = BTreeMap<String, String>)]
    answers: BTreeMap<Channel, String>,
}

/// A step that was made.
#[derive(Debug, Serialize, ToSchema)]
pub struct FollowUpEventView {
    /// The version it led to.
    version: u32,
    /// When.
    occurred_at: Timestamp,
    /// What.
    action: Action,
    /// Who; the service itself is recontact.
    author: Name,
    /// Why.
    reason: Option<Name>,
    /// What belongs to it: the channel, or until when it was put off.
    #[schema(value_type = Object)]
    details: Value,
}

/// A follow-up with its history.
#[derive(Debug, Serialize, ToSchema)]
pub struct FollowUpHistory {
    /// As it is now.
    follow_up: FollowUpView,
    /// Every step, the first one first.
    history: Vec<FollowUpEventView>,
}

/// How much a team can still take today.
#[derive(Debug, Serialize, ToSchema)]
pub struct TeamDayView {
    /// The team; null: tickets without one.
    team: Option<String>,
    /// The local date.
    date: String,
    /// Follow-ups a day at most.
    capacity: u32,
    /// In hand or done today.
    taken: u32,
    /// What is left.
    left: u32,
    /// The end of the quiet hours it is in, in which nothing can be claimed; null: it is in none.
    quiet_until: Option<Timestamp>,
}

impl FollowUpView {
    /// A stored follow-up in the form in which it is sent, with the plan in use for its category.
    ///
    /// # Errors
    /// [`ProblemCode::Internal`] if its assessment cannot be read.
    pub fn new(
        app: &App,
        stored: StoredFollowUp,
        plan: Option<&StoredPlan>,
        language: Language,
        now: Timestamp,
    ) -> Result<Self, Problem> {
        let policy = &app.settings.follow_ups;
        let expected_benefit =
            policy.expected_benefit(stored.probability, stored.category.as_str());
        let answer = stored_answer(&stored)?;
        Ok(Self {
            reasons: answer
                .as_ref()
                .map_or_else(Vec::new, |answer| reasons(&answer.risk, language)),
            plan: plan.map(PlanInUse::from),
            next_issue: answer.as_ref().and_then(|answer| answer.next_issue.clone()),
            expected_repeat: answer.and_then(|answer| answer.expected_repeat),
            is_overdue: stored.status.is_open() && stored.due_at < now,
            ranked_by: if expected_benefit.is_some() { "expected_benefit" } else { "probability" },
            expected_benefit,
            id: stored.id,
            ticket_id: stored.episode.ticket,
            episode: stored.episode.number,
            closed_at: stored.closed_at,
            customer: stored.customer.to_string(),
            team: stored.team,
            category: stored.category,
            probability: stored.probability,
            tags: stored.band.as_deref().map(risk::band_tag).into_iter().collect(),
            band: stored.band,
            came_back_at: stored.came_back_at,
            status: stored.status,
            status_reason: stored.status_reason,
            available_at: stored.available_at,
            due_at: stored.due_at,
            is_after_gap: stored.is_after_gap,
            expires_at: stored.expires_at,
            claimed_by: stored.claimed_by,
            handled_at: stored.handled_at,
            version: stored.version,
            created_at: stored.created_at,
            model: stored.model_version.as_deref().map(ModelName::risk),
        })
    }
}

impl From<&StoredPlan> for PlanInUse {
    fn from(plan: &StoredPlan) -> Self {
        Self {
            version: plan.version,
            owner: plan.content.owner.clone(),
            message: plan.content.follow_up.as_ref().map(|follow_up| follow_up.message.clone()),
            answers: plan.content.answers.clone(),
        }
    }
}

impl FollowUpHistory {
    /// A follow-up and its steps.
    #[must_use]
    pub fn new(follow_up: FollowUpView, events: Vec<FollowUpEvent>) -> Self {
        let history = events.into_iter().map(FollowUpEventView::from).collect();
        Self { follow_up, history }
    }
}

impl From<FollowUpEvent> for FollowUpEventView {
    fn from(event: FollowUpEvent) -> Self {
        Self {
            version: event.version,
            occurred_at: event.occurred_at,
            action: event.action,
            author: event.author,
            reason: event.reason,
            details: event.body,
        }
    }
}

impl From<TeamDay> for TeamDayView {
    fn from(day: TeamDay) -> Self {
        Self {
            left: day.left(),
            date: day.date,
            capacity: day.capacity,
            taken: day.taken,
            quiet_until: day.quiet_until,
            team: (!day.team.is_empty()).then_some(day.team),
        }
    }
}

/// What a step conflicts with: enough to decide whether to try again.
#[must_use]
pub fn current(stored: &StoredFollowUp) -> Value {
    json!({
        "id": stored.id,
        "status": stored.status,
        "version": stored.version,
        "claimed_by": stored.claimed_by,
        "available_at": stored.available_at,
        "expires_at": stored.expires_at,
    })
}

/// What the model and the map of next issues said at the closing; nothing where that was erased.
pub(crate) fn stored_answer(stored: &StoredFollowUp) -> Result<Option<RiskAnswer>, Problem> {
    let Some(body) = &stored.assessment_body else { return Ok(None) };
    serde_json::from_str(body).map(Some).map_err(|error| {
        tracing::error!(%error, follow_up = %stored.id, "a stored assessment cannot be read");
        Problem::new(ProblemCode::Internal, "the stored assessment cannot be read")
    })
}

/// What most raises the risk, in words.
pub(crate) fn reasons(risk: &RecontactRisk, language: Language) -> Vec<String> {
    let raising = risk.reasons.iter().filter(|reason| reason.contribution > 0.0);
    raising.take(REASONS).map(|reason| risk::describe(reason, language)).collect()
}
