//! Tickets as stored and as read: one, a page of the assessed ones, a customer's history.
//!
//! Reports and closings are written by `ticket_reports` and `closings`; each of their transactions begins by locking the
//! ticket's row.

use super::{
    CustomerHash, Store, StoreError, Tenant, instant, name, optional_instant, optional_name,
};
use crate::ticket::{
    CustomerHistory, CustomerId, IssueCategory, PastTicket, TicketDetails, TicketId,
};
use crate::timestamp::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

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

pub(super) const STATE: &str = "state";
pub(super) const CLOSING: &str = "closing";

pub(super) struct EventRow<'a> {
    pub(super) kind: &'static str,
    pub(super) occurred_at: Timestamp,
    pub(super) content_sha256: &'a str,
    pub(super) category: Option<&'a IssueCategory>,
    pub(super) details_json: &'a str,
}

impl EventRow<'_> {
    pub(super) async fn insert(
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

pub(super) struct LockedTicket {
    /// Without its assessment.
    pub(super) ticket: StoredTicket,
    pub(super) closing_sha256: Option<String>,
}

/// Locks a ticket until the transaction ends and reads it: an update that changes nothing is the one
/// statement that both databases understand as "for update".
pub(super) async fn lock_ticket(
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

pub(super) async fn find_ticket(
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

pub(super) async fn find_history(
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

pub(super) fn read_details(row: &AnyRow) -> Result<TicketDetails, StoreError> {
    serde_json::from_str(&row.try_get::<String, _>("details")?)
        .map_err(|error| StoreError::corrupt("tickets", "details", error))
}
