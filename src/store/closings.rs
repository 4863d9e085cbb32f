//! Closings of tickets, with the assessment made at that moment, in one transaction.

use super::customer::content_sha256;
use super::follow_ups::{FlaggedClosing, enqueue};
use super::opt_outs::has_opted_out;
use super::tickets::{
    Assessment, CLOSING, EventRow, STATE, StoredTicket, find_history, find_ticket, lock_ticket,
    read_details, to_json, unwritable,
};
use super::{Store, StoreError, Tenant, optional_name};
use crate::ticket::{
    ClosedTicket, ClosingEvent, CustomerHistory, IssueCategory, TicketDetails, TicketId,
};
use crate::timestamp::Timestamp;
use serde::Serialize;
use sqlx::AnyConnection;

/// What became of a closing.
#[derive(Debug, Clone, PartialEq)]
pub enum TicketClosed {
    /// The ticket is closed now; this is how it was stored.
    Closed(StoredTicket),
    /// The same closing was recorded before; this is how the ticket was stored then.
    AlreadyClosed(StoredTicket),
    /// The ticket was closed with other content; nothing was changed.
    Conflict {
        /// A sentence for the caller.
        reason: String,
    },
    /// No report of this ticket was recorded.
    UnknownTicket,
    /// The closing does not fit the ticket; nothing was changed.
    Invalid {
        /// The field at fault.
        field: &'static str,
        /// What is wrong with it.
        reason: String,
    },
}

/// What makes two closings of a ticket the same.
#[derive(Serialize)]
pub(super) struct ClosingContent<'a> {
    pub(super) closed_at: Timestamp,
    pub(super) category: Option<&'a IssueCategory>,
    pub(super) details: &'a TicketDetails,
}

impl Store {
    /// Closes a ticket and records what `assess` says about it, both or neither.
    ///
    /// `assess` is called at most once, inside the transaction, with the ticket as known at its closing (its
    /// `customer_id` is the customer's hash) and with the customer's other tickets. `None` closes the ticket without
    /// an assessment. A closing that was recorded before is answered as then, without calling `assess`. A customer who
    /// opted out is not assessed. What is flagged is put into the follow-up queue ([`Store::with_follow_ups`]) along.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn close_ticket(
        &self,
        tenant: &Tenant,
        id: &TicketId,
        closing: &ClosingEvent,
        now: Timestamp,
        assess: impl FnOnce(&ClosedTicket, &CustomerHistory) -> Option<Assessment> + Send,
    ) -> Result<TicketClosed, StoreError> {
        if let Some((field, reason)) = unwritable(&closing.details) {
            return Ok(TicketClosed::Invalid { field, reason });
        }
        let mut write = self.begin_write().await?;
        let closed = close(self, write.connection(), tenant, id, closing, now, assess).await?;
        write.finish(matches!(closed, TicketClosed::Closed(_))).await?;
        Ok(closed)
    }
}

async fn close(
    store: &Store,
    connection: &mut AnyConnection,
    tenant: &Tenant,
    id: &TicketId,
    closing: &ClosingEvent,
    now: Timestamp,
    assess: impl FnOnce(&ClosedTicket, &CustomerHistory) -> Option<Assessment> + Send,
) -> Result<TicketClosed, StoreError> {
    let Some(locked) = lock_ticket(connection, tenant, id).await? else {
        return Ok(TicketClosed::UnknownTicket);
    };
    let closing_sha256 = content_sha256(&ClosingContent {
        closed_at: closing.closed_at,
        category: closing.category.as_ref(),
        details: &closing.details,
    })?;
    if let Some(closed_at) = locked.ticket.closed_at {
        if locked.closing_sha256.as_ref() != Some(&closing_sha256) {
            let reason =
                format!("ticket {id} is already closed (at {closed_at}) with other content");
            return Ok(TicketClosed::Conflict { reason });
        }
        let stored = find_ticket(connection, tenant, id).await?;
        return stored
            .map(TicketClosed::AlreadyClosed)
            .ok_or(StoreError::Database { source: sqlx::Error::RowNotFound });
    }
    if closing.closed_at < locked.ticket.opened_at {
        let reason = format!(
            "closing at {} before opening at {}",
            closing.closed_at, locked.ticket.opened_at
        );
        return Ok(TicketClosed::Invalid { field: "closed_at", reason });
    }
    let known = state_at(connection, tenant, locked.ticket, closing.closed_at).await?;
    let Some(category) = closing.category.clone().or(known.category) else {
        let reason = "neither the closing nor an earlier report names one".to_owned();
        return Ok(TicketClosed::Invalid { field: "category", reason });
    };
    let history = find_history(connection, tenant, &known.customer, id).await?;
    let ticket = ClosedTicket {
        id: id.clone(),
        customer_id: known.customer.as_customer_id()?,
        opened_at: known.opened_at,
        closed_at: closing.closed_at,
        category,
        details: known.details.overlaid_with(closing.details.clone()),
    };
    let assessment = match has_opted_out(connection, tenant, &known.customer).await? {
        true => None,
        false => assess(&ticket, &history),
    };
    update_closed(connection, tenant, &ticket, &closing_sha256).await?;
    let event = EventRow {
        kind: CLOSING,
        occurred_at: closing.closed_at,
        content_sha256: &closing_sha256,
        category: closing.category.as_ref(),
        details_json: &to_json(&closing.details)?,
    };
    event.insert(connection, tenant, id, now).await?;
    if let Some(assessment) = &assessment {
        insert_assessment(connection, tenant, &ticket, assessment).await?;
        if let Some(policy) = store.follow_ups.as_deref() {
            let (ticket, customer, key) = (&ticket, &known.customer, &store.key);
            let episode = 1;
            enqueue(
                connection,
                &FlaggedClosing { tenant, key, policy, ticket, customer, episode, assessment, now },
            )
            .await?;
        }
    }
    Ok(TicketClosed::Closed(StoredTicket {
        id: ticket.id,
        customer: known.customer,
        opened_at: ticket.opened_at,
        closed_at: Some(ticket.closed_at),
        category: Some(ticket.category),
        details: ticket.details,
        assessment,
        updated_at: ticket.closed_at,
    }))
}

/// The ticket as known at `closed_at`: a report that came earlier but tells of a later instant does not count.
async fn state_at(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    newest: StoredTicket,
    closed_at: Timestamp,
) -> Result<StoredTicket, StoreError> {
    if newest.updated_at <= closed_at {
        return Ok(newest);
    }
    let row = sqlx::query(
        "SELECT category, details FROM ticket_events \
         WHERE tenant = $1 AND ticket_id = $2 AND kind = $3 AND occurred_at <= $4 \
         ORDER BY occurred_at DESC LIMIT 1",
    )
    .bind(tenant.as_str())
    .bind(newest.id.as_str())
    .bind(STATE)
    .bind(closed_at.millis())
    .fetch_optional(connection)
    .await?;
    let (category, details) = match &row {
        Some(row) => (optional_name(row, "ticket_events", "category")?, read_details(row)?),
        None => (None, TicketDetails::default()),
    };
    Ok(StoredTicket { category, details, ..newest })
}

async fn update_closed(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    ticket: &ClosedTicket,
    closing_sha256: &str,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE tickets SET updated_at = $3, closed_at = $3, category = $4, details = $5, closing_sha256 = $6 \
         WHERE tenant = $1 AND id = $2",
    )
    .bind(tenant.as_str())
    .bind(ticket.id.as_str())
    .bind(ticket.closed_at.millis())
    .bind(ticket.category.as_str())
    .bind(to_json(&ticket.details)?)
    .bind(closing_sha256)
    .execute(connection)
    .await?;
    Ok(())
}

async fn insert_assessment(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    ticket: &ClosedTicket,
    assessment: &Assessment,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO assessments (tenant, ticket_id, episode, closed_at, model_version, inputs_sha256, assessed_at, \
         probability, band, body) VALUES ($1, $2, 1, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(tenant.as_str())
    .bind(ticket.id.as_str())
    .bind(ticket.closed_at.millis())
    .bind(assessment.model_version.as_str())
    .bind(assessment.inputs_sha256.as_str())
    .bind(assessment.assessed_at.millis())
    .bind(assessment.probability)
    .bind(assessment.band.as_str())
    .bind(assessment.body.as_str())
    .execute(connection)
    .await?;
    Ok(())
}
