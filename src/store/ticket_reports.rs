//! Reports of a ticket's state.
//!
//! A report is identified by ticket and instant. Reports may come twice and in any order: the newest one that is not
//! later than the closing is the ticket's state.

use super::conversations::TicketTexts;
use super::customer::content_sha256;
use super::derivation::{Affected, ChangeCause, Derivation, OutcomeRules, Told, rederive};
use super::kpi::marks::{mark_ticket, moves_between_slices};
use super::persons::lock_person;
use super::tickets::{EventRow, STATE, StoredTicket, lock_ticket, to_json, unwritable};
use super::{CustomerHash, Store, StoreError, Tenant};
use crate::identity::IdentityKind;
use crate::ticket::{IssueCategory, TicketDetails, TicketEvent};
use crate::timestamp::Timestamp;
use serde::Serialize;
use sqlx::AnyConnection;

/// What became of a report of a ticket's state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TicketRecorded {
    /// The first report of this ticket.
    Created,
    /// The newest report: it is the ticket's state now.
    Updated,
    /// The same report was recorded before; nothing was changed.
    Unchanged,
    /// Kept, but the ticket's state is the one of a later report or of the closing.
    Outdated,
    /// It contradicts what is recorded; nothing was changed.
    Conflict {
        /// A sentence for the caller.
        reason: String,
    },
    /// It contradicts itself; nothing was changed.
    Invalid {
        /// The field at fault.
        field: &'static str,
        /// What is wrong with it.
        reason: String,
    },
}

/// What makes two reports of a state the same.
#[derive(Serialize)]
struct StateContent<'a> {
    customer: &'a CustomerHash,
    opened_at: Timestamp,
    category: Option<&'a IssueCategory>,
    details: &'a TicketDetails,
}

impl Store {
    /// Records one reported state of a ticket, and derives what its opening means for earlier episodes of the person.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn record_ticket(
        &self,
        tenant: &Tenant,
        event: &TicketEvent,
        rules: &OutcomeRules<'_>,
        now: Timestamp,
    ) -> Result<TicketRecorded, StoreError> {
        if event.occurred_at() < event.opened_at {
            return Ok(TicketRecorded::Invalid {
                field: "updated_at",
                reason: format!(
                    "an update at {} before the opening at {}",
                    event.occurred_at(),
                    event.opened_at
                ),
            });
        }
        if let Some((field, reason)) = unwritable(&event.details) {
            return Ok(TicketRecorded::Invalid { field, reason });
        }
        let report = Report {
            tenant,
            event,
            customer: self.customer_hash(tenant, &event.customer_id),
            details_json: to_json(&event.details)?,
            rules,
            now,
        };
        let mut write = self.begin_write().await?;
        let recorded = report.record(write.connection()).await?;
        let changed = matches!(
            recorded,
            TicketRecorded::Created | TicketRecorded::Updated | TicketRecorded::Outdated
        );
        let is_accepted = changed || recorded == TicketRecorded::Unchanged;
        let has_texts = is_accepted && report.keep_texts(write.connection()).await?;
        write.finish(changed || has_texts).await?;
        Ok(recorded)
    }
}

struct Report<'a> {
    tenant: &'a Tenant,
    event: &'a TicketEvent,
    customer: CustomerHash,
    details_json: String,
    rules: &'a OutcomeRules<'a>,
    now: Timestamp,
}

impl Report<'_> {
    async fn record(&self, connection: &mut AnyConnection) -> Result<TicketRecorded, StoreError> {
        let content_sha256 = content_sha256(&StateContent {
            customer: &self.customer,
            opened_at: self.event.opened_at,
            category: self.event.category.as_ref(),
            details: &self.event.details,
        })?;
        let ticket = match lock_ticket(connection, self.tenant, &self.event.id).await? {
            Some(ticket) => ticket,
            None if self.insert_ticket(connection).await? => {
                self.insert_event(connection, &content_sha256).await?;
                mark_ticket(connection, self.tenant, &self.event.id).await?;
                self.derive(connection, ChangeCause::Contact).await?;
                return Ok(TicketRecorded::Created);
            }
            // Another process has created it since; the insertion has waited for it.
            None => lock_ticket(connection, self.tenant, &self.event.id)
                .await?
                .ok_or(StoreError::Database { source: sqlx::Error::RowNotFound })?,
        };
        let occurred_at = self.event.occurred_at();
        let recorded = self.recorded_sha256(connection).await?;
        if recorded.as_ref() == Some(&content_sha256) {
            return Ok(TicketRecorded::Unchanged);
        }
        if let Some(reason) = self.contradiction(&ticket) {
            return Ok(TicketRecorded::Conflict { reason });
        }
        if recorded.is_some() {
            let id = &self.event.id;
            let reason =
                format!("ticket {id} has another report with other content for {occurred_at}");
            return Ok(TicketRecorded::Conflict { reason });
        }
        self.insert_event(connection, &content_sha256).await?;
        if ticket.closed_at.is_some() || occurred_at <= ticket.updated_at {
            return Ok(TicketRecorded::Outdated);
        }
        self.update_ticket(connection).await?;
        let before = (ticket.category.as_ref(), &ticket.details);
        if moves_between_slices(before, (self.event.category.as_ref(), &self.event.details)) {
            mark_ticket(connection, self.tenant, &self.event.id).await?;
        }
        if ticket.category != self.event.category {
            self.derive(connection, ChangeCause::LateClosing).await?;
        }
        Ok(TicketRecorded::Updated)
    }

    /// The opening may follow what was closed before it.
    async fn derive(
        &self,
        connection: &mut AnyConnection,
        on_time: ChangeCause,
    ) -> Result<(), StoreError> {
        let (tenant, now, opened_at) = (self.tenant, self.now, self.event.opened_at);
        let person =
            lock_person(connection, tenant, &self.customer, IdentityKind::Customer).await?;
        let cause = match on_time {
            ChangeCause::Contact => self.rules.cause_at(opened_at, now, on_time),
            other => other,
        };
        let derivation = Derivation { tenant, rules: self.rules, now, cause };
        let affected = Affected::by_event(opened_at);
        rederive(connection, derivation, &[person], affected, Told::All).await
    }

    /// Why the report cannot be about this ticket.
    fn contradiction(&self, ticket: &StoredTicket) -> Option<String> {
        let (id, occurred_at) = (&ticket.id, self.event.occurred_at());
        if self.customer != ticket.customer {
            return Some(format!("ticket {id} is recorded for another customer"));
        }
        if self.event.opened_at != ticket.opened_at {
            return Some(format!("ticket {id} is recorded as opened at {}", ticket.opened_at));
        }
        ticket
            .closed_at
            .filter(|closed_at| occurred_at > *closed_at)
            .map(|closed_at| format!("ticket {id} was closed at {closed_at}"))
    }

    /// Texts do not make two reports differ: those of a repeated one may correct what is kept.
    async fn keep_texts(&self, connection: &mut AnyConnection) -> Result<bool, StoreError> {
        let texts = TicketTexts {
            tenant: self.tenant,
            ticket: &self.event.id,
            texts: &self.event.details.conversation,
            occurred_at: self.event.occurred_at(),
            now: self.now,
        };
        texts.keep(connection).await
    }

    /// Whether the ticket was not there.
    async fn insert_ticket(&self, connection: &mut AnyConnection) -> Result<bool, StoreError> {
        let inserted = sqlx::query(
            "INSERT INTO tickets (tenant, id, customer_hash, opened_at, updated_at, category, details) \
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (tenant, id) DO NOTHING",
        )
        .bind(self.tenant.as_str())
        .bind(self.event.id.as_str())
        .bind(self.customer.as_str())
        .bind(self.event.opened_at.millis())
        .bind(self.event.occurred_at().millis())
        .bind(self.event.category.as_ref().map(IssueCategory::as_str))
        .bind(self.details_json.as_str())
        .execute(connection)
        .await?;
        Ok(inserted.rows_affected() == 1)
    }

    async fn update_ticket(&self, connection: &mut AnyConnection) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE tickets SET updated_at = $3, category = $4, details = $5 WHERE tenant = $1 AND id = $2",
        )
        .bind(self.tenant.as_str())
        .bind(self.event.id.as_str())
        .bind(self.event.occurred_at().millis())
        .bind(self.event.category.as_ref().map(IssueCategory::as_str))
        .bind(self.details_json.as_str())
        .execute(connection)
        .await?;
        Ok(())
    }

    async fn insert_event(
        &self,
        connection: &mut AnyConnection,
        content_sha256: &str,
    ) -> Result<(), StoreError> {
        let event = EventRow {
            kind: STATE,
            occurred_at: self.event.occurred_at(),
            content_sha256,
            category: self.event.category.as_ref(),
            details_json: &self.details_json,
        };
        event.insert(connection, self.tenant, &self.event.id, self.now).await
    }

    /// The content hash of the report recorded for the same instant.
    async fn recorded_sha256(
        &self,
        connection: &mut AnyConnection,
    ) -> Result<Option<String>, StoreError> {
        let content_sha256 = sqlx::query_scalar(
            "SELECT content_sha256 FROM ticket_events \
             WHERE tenant = $1 AND ticket_id = $2 AND kind = $3 AND occurred_at = $4",
        )
        .bind(self.tenant.as_str())
        .bind(self.event.id.as_str())
        .bind(STATE)
        .bind(self.event.occurred_at().millis())
        .fetch_optional(connection)
        .await?;
        Ok(content_sha256)
    }
}
