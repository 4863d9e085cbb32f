//! Tickets as stored and as read: one, a page of the assessed ones, a customer's history.
//!
//! Reports and closings are written by `ticket_reports` and `closings`; each of their transactions begins by locking the
//! ticket's row.

use super::episodes::{EndedBy, StoredEpisode, episodes_of_ticket};
use super::persons::{Person, find_person};
use super::rows::bulk_query;
use super::{
    CustomerHash, Store, StoreError, Tenant, encode_error, instant, name, optional_instant,
    optional_name,
};
use crate::risk::history::MOST_TICKETS;
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
    /// What was said at the closing; `None` while open, when no model was loaded then, and for imported history.
    pub assessment: Option<Assessment>,
    /// How often it was reported as opened again.
    pub reopens: u32,
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

/// An episode of a ticket with what was said at its closing.
#[derive(Debug, Clone, PartialEq)]
pub struct AssessedEpisode {
    /// The episode.
    pub episode: StoredEpisode,
    /// What was said; `None` for a topic change, when no model was loaded, and for imported history.
    pub assessment: Option<Assessment>,
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
            "t.reopens AS reopens, ",
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

    /// The episodes of a ticket in order, each with its assessment; empty when it has none.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn ticket_episodes(
        &self,
        tenant: &Tenant,
        id: &TicketId,
    ) -> Result<Vec<AssessedEpisode>, StoreError> {
        let mut connection = self.pool.acquire().await?;
        let episodes = episodes_of_ticket(&mut connection, tenant, id).await?;
        let mut assessments = Vec::new();
        if episodes.iter().any(|episode| episode.ended_by == EndedBy::Closing) {
            let rows = sqlx::query(
                "SELECT episode, model_version, inputs_sha256, assessed_at, probability, band, body \
                 FROM assessments WHERE tenant = $1 AND ticket_id = $2",
            )
            .bind(tenant.as_str())
            .bind(id.as_str())
            .fetch_all(&mut *connection)
            .await?;
            for row in &rows {
                assessments.push((row.try_get::<i64, _>("episode")?, read_assessment(row)?));
            }
        }
        let with_assessment = |episode: StoredEpisode| {
            let number = i64::from(episode.facts.id.number);
            let own = assessments.iter().find(|(of, _)| *of == number);
            AssessedEpisode { assessment: own.and_then(|(_, said)| said.clone()), episode }
        };
        Ok(episodes.into_iter().map(with_assessment).collect())
    }

    /// Closed tickets with an assessment (of one band, when given), newest closing first, at most `limit` of them,
    /// going on after the ticket `after`. Of a ticket that was closed several times the last closing counts, and one that is
    /// open again is not listed. Pages neither repeat nor skip a ticket, also where closings coincide.
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
                 AND t.closed_at = a.closed_at WHERE a.tenant = $1 AND (a.closed_at, a.ticket_id) < ($2, $3) \
                 ORDER BY a.closed_at DESC, a.ticket_id DESC LIMIT $4"
            ),
            Some(_) => select_tickets!(
                "FROM assessments a JOIN tickets t ON t.tenant = a.tenant AND t.id = a.ticket_id \
                 AND t.closed_at = a.closed_at WHERE a.tenant = $1 AND (a.closed_at, a.ticket_id) < ($2, $3) AND a.band = $5 \
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

    /// The customer's tickets except one, open and closed, of all times, under all identities of the same person.
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
        let person = find_person(&mut connection, tenant, &customer).await?;
        find_history(&mut connection, tenant, &person, except).await
    }
}

/// Why these details cannot be stored, with the field at fault.
pub(super) fn unwritable(details: &TicketDetails) -> Option<(&'static str, String)> {
    match details.non_finite_field()? {
        "csat" => Some(("csat", "not a finite number".to_owned())),
        "csat_lowest" => Some(("csat_lowest", "not a finite number".to_owned())),
        "csat_highest" => Some(("csat_highest", "not a finite number".to_owned())),
        "handling_cost" => Some(("handling_cost", "not a finite number".to_owned())),
        attribute => Some(("attributes", format!("{attribute:?} is not a finite number"))),
    }
}

pub(super) fn to_json(details: &TicketDetails) -> Result<String, StoreError> {
    serde_json::to_string(details).map_err(encode_error)
}

pub(super) const STATE: &str = "state";
pub(super) const CLOSING: &str = "closing";
pub(super) const REOPENING: &str = "reopening";

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

/// Locks a ticket until the transaction ends and reads it, without its assessment: an update that changes nothing is the one
/// statement that both databases understand as "for update".
pub(super) async fn lock_ticket(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    id: &TicketId,
) -> Result<Option<StoredTicket>, StoreError> {
    let row = sqlx::query(
        "UPDATE tickets SET updated_at = updated_at WHERE tenant = $1 AND id = $2 \
         RETURNING id, customer_hash, opened_at, closed_at, category, details, updated_at, reopens",
    )
    .bind(tenant.as_str())
    .bind(id.as_str())
    .fetch_optional(connection)
    .await?;
    row.as_ref().map(read_ticket).transpose()
}

pub(super) async fn find_ticket(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    id: &TicketId,
) -> Result<Option<StoredTicket>, StoreError> {
    let row = sqlx::query(select_tickets!(
        "FROM tickets t LEFT JOIN assessments a ON a.tenant = t.tenant AND a.ticket_id = t.id \
         AND a.closed_at = t.closed_at \
         WHERE t.tenant = $1 AND t.id = $2"
    ))
    .bind(tenant.as_str())
    .bind(id.as_str())
    .fetch_optional(connection)
    .await?;
    row.as_ref().map(read_assessed_ticket).transpose()
}

/// A person's other tickets, and what a closing needs to know of them besides.
pub(super) struct PersonHistory {
    pub(super) history: CustomerHistory,
    /// Whether one of them was ever reopened.
    pub(super) has_reopened: bool,
}

/// The tickets of a person except one, the newest [`MOST_TICKETS`]: a single query over the indexes, whether there is one identity
/// or many.
async fn find_history(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    person: &Person,
    except: &TicketId,
) -> Result<CustomerHistory, StoreError> {
    // The limit stands in the text: SQLite plans a statement anew each time a limit is bound.
    let statement = format!(
        "SELECT t.opened_at AS occurred_at, t.closed_at AS closed_at, t.category AS category, t.reopens AS reopens \
         FROM identities i CROSS JOIN tickets t \
         WHERE t.tenant = i.tenant AND t.customer_hash = i.identity_hash AND i.tenant = $1 AND i.person = $2 AND t.id <> $3 \
         ORDER BY t.opened_at DESC, t.id DESC LIMIT {MOST_TICKETS}"
    );
    let rows = bulk_query(statement, true)
        .bind(tenant.as_str())
        .bind(person.as_str())
        .bind(except.as_str())
        .fetch_all(connection)
        .await?;
    Ok(read_history(&rows)?.history)
}

/// Tickets from rows of `occurred_at` (the opening), `closed_at`, `category` and `reopens`, in the order of their opening whatever
/// order the rows have.
pub(super) fn read_history<'r>(
    rows: impl IntoIterator<Item = &'r AnyRow>,
) -> Result<PersonHistory, StoreError> {
    let mut has_reopened = false;
    let mut tickets = Vec::new();
    for row in rows {
        has_reopened |= row.try_get::<i64, _>("reopens")? > 0;
        tickets.push(PastTicket {
            opened_at: instant(row, "tickets", "occurred_at")?,
            closed_at: optional_instant(row, "tickets", "closed_at")?,
            category: optional_name(row, "tickets", "category")?,
        });
    }
    let order =
        |ticket: &PastTicket| (ticket.opened_at, ticket.closed_at.unwrap_or(Timestamp::LATEST));
    tickets.sort_by(|a, b| (order(a), &a.category).cmp(&(order(b), &b.category)));
    Ok(PersonHistory { history: CustomerHistory { tickets }, has_reopened })
}

fn read_assessed_ticket(row: &AnyRow) -> Result<StoredTicket, StoreError> {
    Ok(StoredTicket { assessment: read_assessment(row)?, ..read_ticket(row)? })
}

/// The columns of table `assessments`, where the row has one.
pub(super) fn read_assessment(row: &AnyRow) -> Result<Option<Assessment>, StoreError> {
    let Some(model_version) = row.try_get::<Option<String>, _>("model_version")? else {
        return Ok(None);
    };
    Ok(Some(Assessment {
        model_version,
        inputs_sha256: row.try_get("inputs_sha256")?,
        assessed_at: instant(row, "assessments", "assessed_at")?,
        probability: row.try_get("probability")?,
        band: row.try_get("band")?,
        body: row.try_get("body")?,
    }))
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
        reopens: u32::try_from(row.try_get::<i64, _>("reopens")?)
            .map_err(|error| StoreError::corrupt("tickets", "reopens", error))?,
        updated_at: instant(row, "tickets", "updated_at")?,
    })
}

pub(super) fn read_details(row: &AnyRow) -> Result<TicketDetails, StoreError> {
    serde_json::from_str(&row.try_get::<String, _>("details")?)
        .map_err(|error| StoreError::corrupt("tickets", "details", error))
}
