//! Which tickets were flagged for a follow-up, and which of them were followed up: what training must know of outcomes that
//! the follow-ups have changed.

use super::{Store, StoreError, Tenant};
use crate::effect::Arm;
use sqlx::Row;

/// Tickets read at once.
const PAGE: i64 = 1000;

/// A flagged ticket with what became of the follow-ups of all its episodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlaggedTicket {
    /// The helpdesk's identifier.
    pub ticket_id: String,
    /// The arm of its customer; treatment if they were in both, of several experiments.
    pub arm: Arm,
    /// Whether a follow-up was done.
    pub treated: bool,
}

impl Store {
    /// The flagged tickets in the order of their identifiers, a page of those after `after`; empty at the end.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn flagged_tickets(
        &self,
        tenant: &Tenant,
        after: &str,
    ) -> Result<Vec<FlaggedTicket>, StoreError> {
        let rows = sqlx::query(
            "SELECT ticket_id, MAX(arm) AS arm, \
             CAST(MAX(CASE WHEN status = 'done' THEN 1 ELSE 0 END) AS BIGINT) AS treated \
             FROM follow_ups WHERE tenant = $1 AND ticket_id > $2 \
             GROUP BY ticket_id ORDER BY ticket_id LIMIT $3",
        )
        .bind(tenant.as_str())
        .bind(after)
        .bind(PAGE)
        .fetch_all(&self.pool)
        .await?;
        let flagged = rows.iter().map(|row| {
            let arm: String = row.try_get("arm")?;
            let arm = Arm::parse(&arm).ok_or_else(|| {
                StoreError::corrupt("follow_ups", "arm", format!("unknown arm {arm}"))
            })?;
            let treated = row.try_get::<i64, _>("treated")? != 0;
            Ok(FlaggedTicket { ticket_id: row.try_get("ticket_id")?, arm, treated })
        });
        flagged.collect()
    }
}
