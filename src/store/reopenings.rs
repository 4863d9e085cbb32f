//! Reopenings: the customer came back on the same ticket. It can then be closed again, any number of times.

use super::customer::content_sha256;
use super::derivation::{Affected, ChangeCause, Derivation, OutcomeRules, Told, rederive};
use super::kpi::marks::mark_days;
use super::persons::lock_person;
use super::tickets::{EventRow, REOPENING, StoredTicket, find_ticket, lock_ticket};
use super::{Store, StoreError, Tenant};
use crate::identity::IdentityKind;
use crate::ticket::TicketId;
use crate::timestamp::Timestamp;
use sqlx::AnyConnection;

/// What became of a reopening.
#[derive(Debug, Clone, PartialEq)]
pub enum TicketReopened {
    /// The ticket is open again.
    Reopened(StoredTicket),
    /// The same reopening was recorded before; this is the ticket as it is now.
    Unchanged(StoredTicket),
    /// The ticket is open already; nothing was changed.
    Conflict {
        /// A sentence for the caller.
        reason: String,
    },
    /// No report of this ticket was recorded.
    UnknownTicket,
    /// The reopening does not fit the ticket; nothing was changed.
    Invalid {
        /// The field at fault.
        field: &'static str,
        /// What is wrong with it.
        reason: String,
    },
}

impl Store {
    /// Opens a closed ticket again. For the episode before it is a return with the same issue.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn reopen_ticket(
        &self,
        tenant: &Tenant,
        id: &TicketId,
        reopened_at: Timestamp,
        rules: &OutcomeRules<'_>,
        now: Timestamp,
    ) -> Result<TicketReopened, StoreError> {
        let cause = rules.cause_at(reopened_at, now, ChangeCause::Contact);
        let derivation = Derivation { tenant, rules, now, cause };
        let mut write = self.begin_write().await?;
        let reopened = reopen(write.connection(), derivation, id, reopened_at).await?;
        write.finish(matches!(reopened, TicketReopened::Reopened(_))).await?;
        Ok(reopened)
    }
}

async fn reopen(
    connection: &mut AnyConnection,
    derivation: Derivation<'_>,
    id: &TicketId,
    reopened_at: Timestamp,
) -> Result<TicketReopened, StoreError> {
    let tenant = derivation.tenant;
    let Some(ticket) = lock_ticket(connection, tenant, id).await? else {
        return Ok(TicketReopened::UnknownTicket);
    };
    if ticket.reopens > 0 && was_reopened_at(connection, tenant, id, reopened_at).await? {
        let stored = find_ticket(connection, tenant, id).await?;
        return stored
            .map(TicketReopened::Unchanged)
            .ok_or(StoreError::Database { source: sqlx::Error::RowNotFound });
    }
    let Some(closed_at) = ticket.closed_at else {
        let reason = format!("ticket {id} is open: report its closing first");
        return Ok(TicketReopened::Conflict { reason });
    };
    if reopened_at <= closed_at {
        let reason = format!("reopening at {reopened_at} not after the closing at {closed_at}");
        return Ok(TicketReopened::Invalid { field: "reopened_at", reason });
    }
    sqlx::query(
        "UPDATE tickets SET closed_at = NULL, closing_sha256 = NULL, updated_at = $3, reopens = reopens + 1 \
         WHERE tenant = $1 AND id = $2",
    )
    .bind(tenant.as_str())
    .bind(id.as_str())
    .bind(reopened_at.millis())
    .execute(&mut *connection)
    .await?;
    let event = EventRow {
        kind: REOPENING,
        occurred_at: reopened_at,
        content_sha256: &content_sha256(&("reopening", reopened_at))?,
        category: ticket.category.as_ref(),
        details_json: "{}",
    };
    event.insert(connection, tenant, id, derivation.now).await?;
    mark_days(connection, tenant, [closed_at, reopened_at]).await?;
    let person = lock_person(connection, tenant, &ticket.customer, IdentityKind::Customer).await?;
    let affected = Affected::by_event(reopened_at);
    rederive(connection, derivation, &[person], affected, Told::All).await?;
    Ok(TicketReopened::Reopened(StoredTicket {
        closed_at: None,
        assessment: None,
        reopens: ticket.reopens + 1,
        updated_at: reopened_at,
        ..ticket
    }))
}

async fn was_reopened_at(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    id: &TicketId,
    reopened_at: Timestamp,
) -> Result<bool, StoreError> {
    let found: Option<i64> = sqlx::query_scalar(
        "SELECT occurred_at FROM ticket_events WHERE tenant = $1 AND ticket_id = $2 AND kind = $3 AND occurred_at = $4",
    )
    .bind(tenant.as_str())
    .bind(id.as_str())
    .bind(REOPENING)
    .bind(reopened_at.millis())
    .fetch_optional(connection)
    .await?;
    Ok(found.is_some())
}
