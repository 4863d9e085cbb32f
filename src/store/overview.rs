//! Counts for the first page: what is at risk, what there is to do, and how fresh everything is.

use super::rows::bulk_query;
use super::{Store, StoreError, Tenant, optional_instant};
use crate::ticket::Name;
use crate::timestamp::Timestamp;
use sqlx::Row;

/// Open follow-ups of those that may be made now; the control group is never among them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FollowUpsOpen {
    /// Waiting, put off or in hand, and begun.
    pub available: u64,
    /// Those of them that should have been made already.
    pub overdue: u64,
}

/// When something was last heard of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NewestEvents {
    /// The newest closing; `None` where no ticket was closed.
    pub closing: Option<Timestamp>,
    /// The newest contact; `None` where none was recorded.
    pub contact: Option<Timestamp>,
}

/// Whether the customer of an episode `e` has come back with the same or a related issue, as far as is known: 1 or 0.
const CAME_BACK: &str = "(CASE WHEN EXISTS (SELECT 1 FROM outcome_corrections k WHERE k.tenant = e.tenant \
     AND k.ticket_id = e.ticket_id AND k.episode = e.number) \
     THEN (SELECT CASE WHEN k.outcome IN ('explicit', 'implicit') THEN 1 ELSE 0 END FROM outcome_corrections k \
     WHERE k.tenant = e.tenant AND k.ticket_id = e.ticket_id AND k.episode = e.number \
     ORDER BY k.recorded_at DESC, k.id DESC LIMIT 1) \
     WHEN EXISTS (SELECT 1 FROM recontacts r WHERE r.tenant = e.tenant AND r.ticket_id = e.ticket_id AND r.episode = e.number \
     AND r.relation IN ('explicit', 'implicit') AND r.gap_ms > 0) THEN 1 ELSE 0 END)";

impl Store {
    /// How many episodes closed after `from` are in this risk band and their customers have not come back with the same or a related
    /// issue; where somebody has corrected that, the newest correction counts.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn count_at_risk(
        &self,
        tenant: &Tenant,
        band: &str,
        team: Option<&Name>,
        from: Timestamp,
    ) -> Result<u64, StoreError> {
        let of_team = if team.is_some() { " AND e.team = $4" } else { "" };
        let statement = format!(
            "SELECT COUNT(*) AS episodes FROM assessments a JOIN episodes e ON e.tenant = a.tenant \
             AND e.ticket_id = a.ticket_id AND e.closed_at = a.closed_at \
             WHERE a.tenant = $1 AND a.band = $2 AND a.closed_at > $3{of_team} AND {} = 0",
            CAME_BACK
        );
        let mut query =
            bulk_query(statement, true).bind(tenant.as_str()).bind(band).bind(from.millis());
        if let Some(team) = team {
            query = query.bind(team.as_str());
        }
        let row = query.fetch_one(&self.pool).await?;
        Ok(u64::try_from(row.try_get::<i64, _>("episodes")?).unwrap_or(0))
    }

    /// Counts open follow-ups of one team, or of all.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn count_open_follow_ups(
        &self,
        tenant: &Tenant,
        team: Option<&Name>,
        now: Timestamp,
    ) -> Result<FollowUpsOpen, StoreError> {
        let of_team = if team.is_some() { " AND team = $3" } else { "" };
        let statement = format!(
            "SELECT COUNT(*) AS available, CAST(COALESCE(SUM(CASE WHEN due_at <= $2 THEN 1 ELSE 0 END), 0) AS BIGINT) AS overdue \
             FROM follow_ups WHERE tenant = $1 AND status IN ('waiting', 'snoozed', 'claimed') AND available_at <= $2 \
             AND expires_at > $2{of_team}"
        );
        let mut query = bulk_query(statement, true).bind(tenant.as_str()).bind(now.millis());
        if let Some(team) = team {
            query = query.bind(team.as_str());
        }
        let row = query.fetch_one(&self.pool).await?;
        let count = |column: &str| -> Result<u64, StoreError> {
            Ok(u64::try_from(row.try_get::<i64, _>(column)?).unwrap_or(0))
        };
        Ok(FollowUpsOpen { available: count("available")?, overdue: count("overdue")? })
    }

    /// When the newest closing and the newest contact happened, as far as they are known.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn newest_events(&self, tenant: &Tenant) -> Result<NewestEvents, StoreError> {
        let row = sqlx::query(
            "SELECT (SELECT MAX(closed_at) FROM episodes WHERE tenant = $1) AS closing, \
             (SELECT MAX(occurred_at) FROM contacts WHERE tenant = $1) AS contact",
        )
        .bind(tenant.as_str())
        .fetch_one(&self.pool)
        .await?;
        Ok(NewestEvents {
            closing: optional_instant(&row, "episodes", "closing")?,
            contact: optional_instant(&row, "contacts", "contact")?,
        })
    }
}
