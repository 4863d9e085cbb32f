//! The follow-up queue: what closings put into it, what teams see of it, and every step of work on it.
//!
//! A row is written for both arms of an experiment; only treated ones are ever read by the methods here, so nobody can see
//! who is held out. What has expired by the clock is told as expired from that moment on; the sweep writes it down later.

mod capacity;
mod enqueue;
mod expiry;
mod list;
mod steps;

pub use capacity::TeamDay;
pub(super) use enqueue::{FlaggedClosing, enqueue, is_flagged};
pub(super) use expiry::{OPT_OUT, Suppression, suppress_all_of};
pub use list::{FollowUpCursor, FollowUpFilter};
pub use steps::{FollowUpStep, FollowUpStepped, PersonAction};

use super::{
    CustomerHash, Store, StoreError, Tenant, instant, name, optional_instant, optional_name,
};
use crate::follow_up::{Action, FollowUpPolicy, FollowUpStatus};
use crate::outcome::EpisodeId;
use crate::ticket::{IssueCategory, Name};
use crate::timestamp::Timestamp;
use serde_json::Value;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

/// A follow-up of the treated arm, as known at one instant.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredFollowUp {
    /// Its identifier.
    pub id: Name,
    /// The closed episode that is followed up.
    pub episode: EpisodeId,
    /// When that was closed; `None` where its assessment was erased.
    pub closed_at: Option<Timestamp>,
    /// The experiment under which it was put into the queue.
    pub experiment_id: Name,
    /// Whose ticket it is.
    pub customer: CustomerHash,
    /// The team that closed the ticket; `None` where the ticket has none.
    pub team: Option<Name>,
    /// What the ticket was about.
    pub category: IssueCategory,
    /// Probability of a repeat, 0 to 1.
    pub probability: f64,
    /// What the queue is ordered by, larger first; see [`FollowUpPolicy::rank_of`].
    pub rank: f64,
    /// What it is.
    pub status: FollowUpStatus,
    /// Why it is suppressed, disagreed with or not needed.
    pub status_reason: Option<String>,
    /// From when on it can be made.
    pub available_at: Timestamp,
    /// Until when it should be made.
    pub due_at: Timestamp,
    /// It is due only after a quarter of those who come back have come.
    pub is_after_gap: bool,
    /// When it is of no use any more.
    pub expires_at: Timestamp,
    /// Who took it.
    pub claimed_by: Option<Name>,
    /// When it was done, or found not to be needed.
    pub handled_at: Option<Timestamp>,
    /// Counts its changes from 1.
    pub version: u32,
    /// When it was put into the queue.
    pub created_at: Timestamp,
    /// The band of the assessment.
    pub band: Option<String>,
    /// The model that assessed it.
    pub model_version: Option<String>,
    /// The whole assessment as first given, JSON.
    pub assessment_body: Option<String>,
    /// When the customer came back with the same or a related issue, if that is known already.
    pub came_back_at: Option<Timestamp>,
}

/// One step of a follow-up.
#[derive(Debug, Clone, PartialEq)]
pub struct FollowUpEvent {
    /// The version it led to.
    pub version: u32,
    /// When it was made.
    pub occurred_at: Timestamp,
    /// What it was.
    pub action: Action,
    /// Who made it; the service itself is `recontact`.
    pub author: Name,
    /// Why.
    pub reason: Option<Name>,
    /// What belongs to it: the channel, or until when it was put off.
    pub body: Value,
}

impl Store {
    /// The rules of the queue.
    fn follow_up_policy(&self) -> Result<&FollowUpPolicy, StoreError> {
        self.follow_ups
            .as_deref()
            .ok_or_else(|| StoreError::corrupt("follow_ups", "id", "the store was given no rules"))
    }

    /// A follow-up with all its steps, the first one first; `None` when there is none that may be shown.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn follow_up(
        &self,
        tenant: &Tenant,
        id: &Name,
        now: Timestamp,
    ) -> Result<Option<(StoredFollowUp, Vec<FollowUpEvent>)>, StoreError> {
        let mut connection = self.pool.acquire().await?;
        let Some(found) = find(&mut connection, tenant, id, now).await? else { return Ok(None) };
        let events = events_after(&mut connection, tenant, id, 0).await?;
        Ok(Some((found, events)))
    }
}

/// Reads follow-ups that may be shown; the rest of the condition follows.
macro_rules! select_follow_ups {
    ($($rest:expr),*) => {
        concat!(
            "SELECT f.id AS id, f.ticket_id AS ticket_id, f.episode AS episode, f.experiment_id AS experiment_id, ",
            "f.customer_hash AS customer_hash, f.team AS team, f.category AS category, f.probability AS probability, ",
            "f.expected_benefit AS expected_benefit, f.status AS status, f.status_reason AS status_reason, ",
            "f.available_at AS available_at, f.due_at AS due_at, f.is_after_gap AS is_after_gap, ",
            "f.expires_at AS expires_at, f.claimed_by AS claimed_by, f.handled_at AS handled_at, ",
            "f.version AS version, f.created_at AS created_at, ",
            "a.closed_at AS closed_at, a.band AS band, a.model_version AS model_version, a.body AS body, ",
            "(SELECT MIN(r.occurred_at) FROM recontacts r WHERE r.tenant = f.tenant AND r.ticket_id = f.ticket_id ",
            "AND r.episode = f.episode AND r.relation IN ('explicit', 'implicit')) AS came_back_at ",
            "FROM follow_ups f LEFT JOIN assessments a ",
            "ON a.tenant = f.tenant AND a.ticket_id = f.ticket_id AND a.episode = f.episode ",
            "WHERE f.tenant = $1 AND f.arm = 'treatment' AND ",
            $($rest),*
        )
    };
}
pub(super) use select_follow_ups;

async fn find(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    id: &Name,
    now: Timestamp,
) -> Result<Option<StoredFollowUp>, StoreError> {
    let row = sqlx::query(select_follow_ups!("f.id = $2"))
        .bind(tenant.as_str())
        .bind(id.as_str())
        .fetch_optional(connection)
        .await?;
    row.map(|row| read(&row, now)).transpose()
}

async fn events_after(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    id: &Name,
    version: u32,
) -> Result<Vec<FollowUpEvent>, StoreError> {
    sqlx::query(
        "SELECT version, occurred_at, action, author, reason, body FROM follow_up_events \
         WHERE tenant = $1 AND follow_up_id = $2 AND version > $3 ORDER BY version",
    )
    .bind(tenant.as_str())
    .bind(id.as_str())
    .bind(i64::from(version))
    .fetch_all(connection)
    .await?
    .iter()
    .map(read_event)
    .collect()
}

async fn insert_event(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    id: &str,
    event: &FollowUpEvent,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO follow_up_events \
         (tenant, follow_up_id, version, occurred_at, action, author, reason, body) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(tenant.as_str())
    .bind(id)
    .bind(i64::from(event.version))
    .bind(event.occurred_at.millis())
    .bind(event.action.as_str())
    .bind(event.author.as_str())
    .bind(event.reason.as_ref().map(Name::as_str))
    .bind(event.body.to_string())
    .execute(connection)
    .await?;
    Ok(())
}

/// The author of what the service does by itself.
fn service() -> Result<Name, StoreError> {
    Name::parse("recontact")
        .map_err(|error| StoreError::corrupt("follow_up_events", "author", error))
}

/// As known at `now`: what is open and has expired by the clock is told as expired.
pub(super) fn read(row: &AnyRow, now: Timestamp) -> Result<StoredFollowUp, StoreError> {
    const TABLE: &str = "follow_ups";
    let status: FollowUpStatus = row
        .try_get::<String, _>("status")?
        .parse()
        .map_err(|error| StoreError::corrupt(TABLE, "status", error))?;
    let expires_at = instant(row, TABLE, "expires_at")?;
    let has_expired = status.is_open() && expires_at <= now;
    let team: String = row.try_get("team")?;
    let team = (!team.is_empty()).then(|| Name::parse(&team)).transpose();
    Ok(StoredFollowUp {
        id: name(row, TABLE, "id")?,
        episode: EpisodeId {
            ticket: name(row, TABLE, "ticket_id")?,
            number: count(row, TABLE, "episode")?,
        },
        closed_at: optional_instant(row, "assessments", "closed_at")?,
        experiment_id: name(row, TABLE, "experiment_id")?,
        customer: CustomerHash(row.try_get("customer_hash")?),
        team: team.map_err(|error| StoreError::corrupt(TABLE, "team", error))?,
        category: name(row, TABLE, "category")?,
        probability: row.try_get("probability")?,
        rank: row.try_get("expected_benefit")?,
        status: if has_expired { FollowUpStatus::Expired } else { status },
        status_reason: row.try_get("status_reason")?,
        available_at: instant(row, TABLE, "available_at")?,
        due_at: instant(row, TABLE, "due_at")?,
        is_after_gap: row.try_get::<i64, _>("is_after_gap")? != 0,
        expires_at,
        claimed_by: optional_name(row, TABLE, "claimed_by")?,
        handled_at: optional_instant(row, TABLE, "handled_at")?,
        version: count(row, TABLE, "version")?,
        created_at: instant(row, TABLE, "created_at")?,
        band: row.try_get("band")?,
        model_version: row.try_get("model_version")?,
        assessment_body: row.try_get("body")?,
        came_back_at: optional_instant(row, "recontacts", "came_back_at")?,
    })
}

fn read_event(row: &AnyRow) -> Result<FollowUpEvent, StoreError> {
    const TABLE: &str = "follow_up_events";
    let action: String = row.try_get("action")?;
    let body = row.try_get::<Option<String>, _>("body")?;
    Ok(FollowUpEvent {
        version: count(row, TABLE, "version")?,
        occurred_at: instant(row, TABLE, "occurred_at")?,
        action: Action::parse(&action)
            .ok_or_else(|| StoreError::corrupt(TABLE, "action", format!("unknown: {action:?}")))?,
        author: name(row, TABLE, "author")?,
        reason: optional_name(row, TABLE, "reason")?,
        body: match body {
            None => Value::Null,
            Some(json) => serde_json::from_str(&json)
                .map_err(|error| StoreError::corrupt(TABLE, "body", error))?,
        },
    })
}

fn count(row: &AnyRow, table: &'static str, column: &'static str) -> Result<u32, StoreError> {
    u32::try_from(row.try_get::<i64, _>(column)?)
        .map_err(|error| StoreError::corrupt(table, column, error))
}
