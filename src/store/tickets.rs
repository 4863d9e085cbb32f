//! Tickets: reports of their state, their closing with the assessment made at that moment, and the lists read from them.
//!
//! A report is identified by ticket and instant. Reports may come twice and in any order: the newest one that is not
//! later than the closing is the ticket's state. Every transaction begins by locking the ticket's row.

use super::customer::content_sha256;
use super::{
    CustomerHash, Store, StoreError, Tenant, instant, name, optional_instant, optional_name,
};
use crate::ticket::{
    ClosedTicket, ClosingEvent, CustomerHistory, CustomerId, IssueCategory, PastTicket,
    TicketDetails, TicketEvent, TicketId,
};
use crate::timestamp::Timestamp;
use serde::Serialize;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

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

/// What a risk model said about a ticket at its closing. Recorded once, never changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Assessment {
    /// The model.
    pub model_version: String,
    /// SHA-256 of what the model was given, hexadecimal.
    pub inputs_sha256: String,
    /// When it was made.
    pub assessed_at: Timestamp,
    /// Probability that the customer comes back, 0 to 1.
    pub probability: f64,
    /// The band the probability falls into.
    pub band: String,
    /// The whole answer as first given, JSON.
    pub body: String,
}

/// A ticket as the store knows it.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredTicket {
    /// The helpdesk's identifier.
    pub id: TicketId,
    /// Whose problem it is.
    pub customer: CustomerHash,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When it was closed, if it is.
    pub closed_at: Option<Timestamp>,
    /// What it is about, as far as known.
    pub category: Option<IssueCategory>,
    /// Everything else the helpdesk told.
    pub details: TicketDetails,
    /// What was said at the closing; `None` when no model was loaded then, and for imported history.
    pub assessment: Option<Assessment>,
    /// The instant of the newest report that counts, or of the closing.
    pub updated_at: Timestamp,
}

impl StoredTicket {
    /// The place of a closed ticket in the list of [`Store::tickets_by_risk`], to go on after it.
    #[must_use]
    pub fn cursor(&self) -> Option<TicketCursor> {
        self.closed_at.map(|closed_at| TicketCursor { closed_at, id: self.id.clone() })
    }
}

/// The last ticket of a page of [`Store::tickets_by_risk`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketCursor {
    /// Its closing.
    pub closed_at: Timestamp,
    /// Its identifier.
    pub id: TicketId,
}

/// What makes two reports of a state the same.
#[derive(Serialize)]
struct StateContent<'a> {
    customer: &'a CustomerHash,
    opened_at: Timestamp,
    category: Option<&'a IssueCategory>,
    details: &'a TicketDetails,
}

/// What makes two closings of a ticket the same.
#[derive(Serialize)]
pub(super) struct ClosingContent<'a> {
    pub(super) closed_at: Timestamp,
    pub(super) category: Option<&'a IssueCategory>,
    pub(super) details: &'a TicketDetails,
}

/// Reads tickets with their assessments; the rest of the statement follows.
macro_rules! select_tickets {
    ($rest:literal) => {
        concat!(
            "SELECT t.id AS id, t.customer_hash AS customer_hash, t.opened_at AS opened_at, ",
            "t.closed_at AS closed_at, t.category AS category, t.details AS details, t.updated_at AS updated_at, ",
            "a.model_version AS model_version, a.inputs_sha256 AS inputs_sha256, a.assessed_at AS assessed_at, ",
            "a.probability AS probability, a.band AS band, a.body AS body ",
            $rest
        )
    };
}

impl Store {
    /// Records one reported state of a ticket.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn record_ticket(
        &self,
        tenant: &Tenant,
        event: &TicketEvent,
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
            now,
        };
        let mut write = self.begin_write().await?;
        let recorded = report.record(write.connection()).await?;
        let changed = matches!(
            recorded,
            TicketRecorded::Created | TicketRecorded::Updated | TicketRecorded::Outdated
        );
        write.finish(changed).await?;
        Ok(recorded)
    }

    /// Closes a ticket and records what `assess` says about it, both or neither.
    ///
    /// `assess` is called at most once, inside the transaction, with the ticket as known at its closing (its
    /// `customer_id` is the customer's hash) and with the customer's other tickets. `None` closes the ticket without
    /// an assessment. A closing that was recorded before is answered as then, without calling `assess`.
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
        let closed = close(write.connection(), tenant, id, closing, now, assess).await?;
        write.finish(matches!(closed, TicketClosed::Closed(_))).await?;
        Ok(closed)
    }

    /// A ticket with its assessment; `None` when it is unknown.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn ticket(
        &self,
        tenant: &Tenant,
        id: &TicketId,
    ) -> Result<Option<StoredTicket>, StoreError> {
        let mut connection = self.pool.acquire().await?;
        find_ticket(&mut connection, tenant, id).await
    }

    /// Closed tickets with an assessment (of one band, when given), newest closing first, at most `limit` of them,
    /// going on after the ticket `after`. Pages neither repeat nor skip a ticket, also where closings coincide.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn tickets_by_risk(
        &self,
        tenant: &Tenant,
        band: Option<&str>,
        after: Option<&TicketCursor>,
        limit: u32,
    ) -> Result<Vec<StoredTicket>, StoreError> {
        let (closed_at, id) =
            after.map_or((i64::MAX, ""), |cursor| (cursor.closed_at.millis(), cursor.id.as_str()));
        let statement = match band {
            None => select_tickets!(
                "FROM assessments a JOIN tickets t ON t.tenant = a.tenant AND t.id = a.ticket_id \
                 WHERE a.tenant = $1 AND (a.closed_at, a.ticket_id) < ($2, $3) \
                 ORDER BY a.closed_at DESC, a.ticket_id DESC LIMIT $4"
            ),
            Some(_) => select_tickets!(
                "FROM assessments a JOIN tickets t ON t.tenant = a.tenant AND t.id = a.ticket_id \
                 WHERE a.tenant = $1 AND (a.closed_at, a.ticket_id) < ($2, $3) AND a.band = $5 \
                 ORDER BY a.closed_at DESC, a.ticket_id DESC LIMIT $4"
            ),
        };
        let mut query = sqlx::query(statement)
            .bind(tenant.as_str())
            .bind(closed_at)
            .bind(id)
            .bind(i64::from(limit));
        if let Some(band) = band {
            query = query.bind(band);
        }
        query.fetch_all(&self.pool).await?.iter().map(read_assessed_ticket).collect()
    }

    /// The customer's tickets except one, open and closed, of all times.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn customer_history(
        &self,
        tenant: &Tenant,
        customer: &CustomerId,
        except: &TicketId,
    ) -> Result<CustomerHistory, StoreError> {
        let mut connection = self.pool.acquire().await?;
        let customer = self.customer_hash(tenant, customer);
        find_history(&mut connection, tenant, &customer, except).await
    }
}

/// Why these details cannot be stored, with the field at fault.
pub(super) fn unwritable(details: &TicketDetails) -> Option<(&'static str, String)> {
    match details.non_finite_field()? {
        "csat" => Some(("csat", "not a finite number".to_owned())),
        attribute => Some(("attributes", format!("{attribute:?} is not a finite number"))),
    }
}

pub(super) fn to_json(details: &TicketDetails) -> Result<String, StoreError> {
    serde_json::to_string(details)
        .map_err(|error| StoreError::Database { source: sqlx::Error::Encode(error.into()) })
}

struct Report<'a> {
    tenant: &'a Tenant,
    event: &'a TicketEvent,
    customer: CustomerHash,
    details_json: String,
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
            Some(locked) => locked.ticket,
            None if self.insert_ticket(connection).await? => {
                self.insert_event(connection, &content_sha256).await?;
                return Ok(TicketRecorded::Created);
            }
            // Another process has created it since; the insertion has waited for it.
            None => {
                lock_ticket(connection, self.tenant, &self.event.id)
                    .await?
                    .ok_or(StoreError::Database { source: sqlx::Error::RowNotFound })?
                    .ticket
            }
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
        Ok(TicketRecorded::Updated)
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

const STATE: &str = "state";
pub(super) const CLOSING: &str = "closing";

struct EventRow<'a> {
    kind: &'static str,
    occurred_at: Timestamp,
    content_sha256: &'a str,
    category: Option<&'a IssueCategory>,
    details_json: &'a str,
}

impl EventRow<'_> {
    async fn insert(
        &self,
        connection: &mut AnyConnection,
        tenant: &Tenant,
        ticket_id: &TicketId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO ticket_events \
             (tenant, ticket_id, kind, occurred_at, content_sha256, category, details, recorded_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(tenant.as_str())
        .bind(ticket_id.as_str())
        .bind(self.kind)
        .bind(self.occurred_at.millis())
        .bind(self.content_sha256)
        .bind(self.category.map(IssueCategory::as_str))
        .bind(self.details_json)
        .bind(now.millis())
        .execute(connection)
        .await?;
        Ok(())
    }
}

async fn close(
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
    let assessment = assess(&ticket, &history);
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
        "INSERT INTO assessments (tenant, ticket_id, closed_at, model_version, inputs_sha256, assessed_at, \
         probability, band, body) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
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

struct LockedTicket {
    /// Without its assessment.
    ticket: StoredTicket,
    closing_sha256: Option<String>,
}

/// Locks a ticket until the transaction ends and reads it: an update that changes nothing is the one
/// statement that both databases understand as "for update".
async fn lock_ticket(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    id: &TicketId,
) -> Result<Option<LockedTicket>, StoreError> {
    let row = sqlx::query(
        "UPDATE tickets SET updated_at = updated_at WHERE tenant = $1 AND id = $2 \
         RETURNING id, customer_hash, opened_at, closed_at, category, details, updated_at, closing_sha256",
    )
    .bind(tenant.as_str())
    .bind(id.as_str())
    .fetch_optional(connection)
    .await?;
    row.map(|row| {
        Ok(LockedTicket {
            ticket: read_ticket(&row)?,
            closing_sha256: row.try_get("closing_sha256")?,
        })
    })
    .transpose()
}

async fn find_ticket(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    id: &TicketId,
) -> Result<Option<StoredTicket>, StoreError> {
    let row = sqlx::query(select_tickets!(
        "FROM tickets t LEFT JOIN assessments a ON a.tenant = t.tenant AND a.ticket_id = t.id \
         WHERE t.tenant = $1 AND t.id = $2"
    ))
    .bind(tenant.as_str())
    .bind(id.as_str())
    .fetch_optional(connection)
    .await?;
    row.as_ref().map(read_assessed_ticket).transpose()
}

async fn find_history(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    customer: &CustomerHash,
    except: &TicketId,
) -> Result<CustomerHistory, StoreError> {
    let rows = sqlx::query(
        "SELECT opened_at, closed_at, category FROM tickets \
         WHERE tenant = $1 AND customer_hash = $2 AND id <> $3 ORDER BY opened_at, id",
    )
    .bind(tenant.as_str())
    .bind(customer.as_str())
    .bind(except.as_str())
    .fetch_all(connection)
    .await?;
    let tickets = rows.iter().map(|row| {
        Ok(PastTicket {
            opened_at: instant(row, "tickets", "opened_at")?,
            closed_at: optional_instant(row, "tickets", "closed_at")?,
            category: optional_name(row, "tickets", "category")?,
        })
    });
    Ok(CustomerHistory { tickets: tickets.collect::<Result<_, StoreError>>()? })
}

fn read_assessed_ticket(row: &AnyRow) -> Result<StoredTicket, StoreError> {
    let assessment = match row.try_get::<Option<String>, _>("model_version")? {
        None => None,
        Some(model_version) => Some(Assessment {
            model_version,
            inputs_sha256: row.try_get("inputs_sha256")?,
            assessed_at: instant(row, "assessments", "assessed_at")?,
            probability: row.try_get("probability")?,
            band: row.try_get("band")?,
            body: row.try_get("body")?,
        }),
    };
    Ok(StoredTicket { assessment, ..read_ticket(row)? })
}

/// Reads the columns of table `tickets`; the assessment is left out.
pub(super) fn read_ticket(row: &AnyRow) -> Result<StoredTicket, StoreError> {
    Ok(StoredTicket {
        id: name(row, "tickets", "id")?,
        customer: CustomerHash(row.try_get("customer_hash")?),
        opened_at: instant(row, "tickets", "opened_at")?,
        closed_at: optional_instant(row, "tickets", "closed_at")?,
        category: optional_name(row, "tickets", "category")?,
        details: read_details(row)?,
        assessment: None,
        updated_at: instant(row, "tickets", "updated_at")?,
    })
}

fn read_details(row: &AnyRow) -> Result<TicketDetails, StoreError> {
    serde_json::from_str(&row.try_get::<String, _>("details")?)
        .map_err(|error| StoreError::corrupt("tickets", "details", error))
}
