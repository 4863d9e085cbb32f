//! What a closing puts into the queue: one row per flagged closing, for both arms, in the transaction of the closing.

use super::super::experiments::{
    RunningExperiment, assign, identities_of_the_person, running_experiment,
};
use super::super::plans::find_plan_in_use;
use super::{FollowUpEvent, insert_event, service};
use crate::follow_up::{
    Action, Arm, FollowUpPolicy, FollowUpStatus, GapQuartile, Schedule, Timing,
};
use crate::next_issue::{ExpectedRepeat, LikelyNextIssue};
use crate::outcome::EpisodeId;
use crate::risk::RiskBand;
use crate::store::{Assessment, CustomerHash, CustomerKey, StoreError, Tenant};
use crate::ticket::{ClosedTicket, IssueCategory, Name};
use crate::timestamp::Timestamp;
use serde::Deserialize;
use serde_json::json;
use sqlx::{AnyConnection, Row};

/// A closing with its assessment, and what it takes to follow it up.
pub(in crate::store) struct FlaggedClosing<'a> {
    pub(in crate::store) tenant: &'a Tenant,
    pub(in crate::store) key: &'a CustomerKey,
    pub(in crate::store) policy: &'a FollowUpPolicy,
    pub(in crate::store) ticket: &'a ClosedTicket,
    pub(in crate::store) customer: &'a CustomerHash,
    pub(in crate::store) episode: u32,
    pub(in crate::store) assessment: &'a Assessment,
    pub(in crate::store) now: Timestamp,
}

/// Why a follow-up is not to be made.
pub(super) const FREQUENCY_CAP: &str = "frequency_cap";

/// Puts a closing into the queue if it is flagged, an experiment runs, and there is time to follow it up.
///
/// All this is decided before the arm and without knowing it, so that the arms stay comparable: of the same closings that
/// are followed up for treated customers, those of the control group are recorded and left alone.
pub(in crate::store) async fn enqueue(
    connection: &mut AnyConnection,
    closing: &FlaggedClosing<'_>,
) -> Result<(), StoreError> {
    let FlaggedClosing { tenant, policy, ticket, assessment, now, .. } = *closing;
    if !is_flagged(policy, assessment, &ticket.category)? {
        return Ok(());
    }
    let Some(experiment) = running_experiment(connection, tenant).await? else {
        count("none", "no_experiment");
        return Ok(());
    };
    let Some(schedule) = plan(connection, closing, &experiment).await? else {
        count("none", "no_time");
        return Ok(());
    };
    let arm = assign(connection, closing.key, tenant, &experiment, closing.customer, now).await?;
    let cap = is_capped(connection, tenant, policy, closing.customer, "", now).await?;
    let status = match arm {
        Arm::Control => FollowUpStatus::HeldOut,
        Arm::Treatment if cap => FollowUpStatus::Suppressed,
        Arm::Treatment => FollowUpStatus::Waiting,
    };
    insert(connection, closing, &experiment, &schedule, arm, status, cap).await?;
    count(arm.as_str(), status.as_str());
    Ok(())
}

/// Whether an assessment asks for a follow-up.
pub(in crate::store) fn is_flagged(
    policy: &FollowUpPolicy,
    assessment: &Assessment,
    category: &IssueCategory,
) -> Result<bool, StoreError> {
    Ok(policy.flags(band(assessment)?, assessment.probability, category.as_str()))
}

fn band(assessment: &Assessment) -> Result<RiskBand, StoreError> {
    [RiskBand::Low, RiskBand::Medium, RiskBand::High]
        .into_iter()
        .find(|band| band.as_str() == assessment.band)
        .ok_or_else(|| {
            let reason = format!("unknown band {:?}", assessment.band);
            StoreError::corrupt("assessments", "band", reason)
        })
}

/// When to follow up; `None` where no time is left, or the closing was reported so late that it has passed.
async fn plan(
    connection: &mut AnyConnection,
    closing: &FlaggedClosing<'_>,
    experiment: &RunningExperiment,
) -> Result<Option<Schedule>, StoreError> {
    let category = &closing.ticket.category;
    let timing = Timing {
        closed_at: closing.ticket.closed_at,
        window_days: experiment.window_days,
        gap: gap(closing.assessment),
        send_after_hours: send_after(connection, closing.tenant, category).await?,
        team: team(closing.ticket),
    };
    let schedule = Schedule::plan(&timing, closing.policy);
    Ok(schedule.filter(|schedule| schedule.expires_at > closing.now))
}

/// What the stored assessment tells about what comes next.
#[derive(Default, Deserialize)]
struct Expected {
    next_issue: Option<LikelyNextIssue>,
    expected_repeat: Option<ExpectedRepeat>,
}

/// When the likely repeat comes, as the assessment says: the gap of the same issue or of the next one, whichever is likelier.
/// `None` where the next-issue map did not know.
fn gap(assessment: &Assessment) -> Option<GapQuartile> {
    let expected: Expected = serde_json::from_str(&assessment.body).unwrap_or_default();
    let next = expected.next_issue.map(|next| (next.probability, next.gap_hours.p25));
    let same = expected.expected_repeat.map(|same| (same.rate, same.gap_hours.p25));
    let likelier = match (same, next) {
        (Some(same), Some(next)) if next.0 > same.0 => Some(next),
        (same, next) => same.or(next),
    };
    likelier.and_then(|(_, hours)| GapQuartile::from_hours(hours))
}

/// How long after the closing the category's plan in use asks to wait, in hours.
async fn send_after(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    category: &IssueCategory,
) -> Result<Option<f64>, StoreError> {
    let plan = find_plan_in_use(connection, tenant, category).await?;
    Ok(plan.and_then(|plan| plan.content.follow_up).map(|follow_up| follow_up.send_after_hours))
}

/// The team as the queue knows it; that of tickets without one is the empty text.
fn team(ticket: &ClosedTicket) -> &str {
    ticket.details.team.as_ref().map_or("", Name::as_str)
}

/// Whether the person has, or had lately, as many follow-ups as anybody gets; the follow-up `except` is not counted.
///
/// Those count that are open, those done within the days of the cap, and, so that the arms are treated alike, those that
/// the control group would have got within these days.
pub(super) async fn is_capped(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    policy: &FollowUpPolicy,
    customer: &CustomerHash,
    except: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let since = now.plus_days(-i64::from(policy.per_customer_days));
    // What was put into the queue longest ago may have been done only just before it expired.
    let enqueued_since = since.plus_days(-i64::from(crate::outcome::LONGEST_WINDOW_DAYS));
    let row = sqlx::query(concat!(
        "SELECT COUNT(*) AS number FROM follow_ups WHERE tenant = $1 AND customer_hash IN ",
        identities_of_the_person!(),
        " AND created_at > $3 AND id <> $6 AND (\
         (status IN ('waiting', 'snoozed', 'claimed') AND expires_at > $4) \
         OR (status = 'done' AND handled_at > $5) \
         OR (status = 'held_out' AND status_reason IS NULL AND created_at > $5))"
    ))
    .bind(tenant.as_str())
    .bind(customer.as_str())
    .bind(enqueued_since.millis())
    .bind(now.millis())
    .bind(since.millis())
    .bind(except)
    .fetch_one(connection)
    .await?;
    Ok(row.try_get::<i64, _>("number")? >= i64::from(policy.most_per_customer))
}

async fn insert(
    connection: &mut AnyConnection,
    closing: &FlaggedClosing<'_>,
    experiment: &RunningExperiment,
    schedule: &Schedule,
    arm: Arm,
    status: FollowUpStatus,
    is_capped: bool,
) -> Result<(), StoreError> {
    let FlaggedClosing { tenant, policy, ticket, assessment, now, .. } = *closing;
    let episode = EpisodeId { ticket: ticket.id.clone(), number: closing.episode };
    let id = closing.key.follow_up_id(tenant, &episode);
    sqlx::query(
        "INSERT INTO follow_ups (tenant, id, ticket_id, episode, experiment_id, customer_hash, arm, team, category, \
         probability, expected_benefit, status, status_reason, available_at, due_at, is_after_gap, expires_at, version, \
         created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, 1, $18)",
    )
    .bind(tenant.as_str())
    .bind(id.as_str())
    .bind(ticket.id.as_str())
    .bind(i64::from(closing.episode))
    .bind(experiment.id.as_str())
    .bind(closing.customer.as_str())
    .bind(arm.as_str())
    .bind(team(ticket))
    .bind(ticket.category.as_str())
    .bind(assessment.probability)
    .bind(policy.rank_of(assessment.probability, ticket.category.as_str()))
    .bind(status.as_str())
    .bind(is_capped.then_some(FREQUENCY_CAP))
    .bind(schedule.available_at.millis())
    .bind(schedule.due_at.millis())
    .bind(i64::from(schedule.is_after_gap))
    .bind(schedule.expires_at.millis())
    .bind(now.millis())
    .execute(&mut *connection)
    .await?;
    let event = FollowUpEvent {
        version: 1,
        occurred_at: now,
        action: Action::Enqueue,
        author: service()?,
        reason: None,
        body: json!({"status": status}),
    };
    insert_event(connection, tenant, &id, &event).await
}

fn count(arm: &'static str, became: &'static str) {
    metrics::counter!("recontact_follow_ups_enqueued_total", "arm" => arm, "status" => became)
        .increment(1);
}
