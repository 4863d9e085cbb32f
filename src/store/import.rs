//! Bulk load of closed tickets: a helpdesk's history, thousands of rows in one transaction.

use super::closing_draft::ClosingContent;
use super::customer::content_sha256;
use super::derivation::{Affected, ChangeCause, Derivation, OutcomeRules, Told, rederive};
use super::episodes::{EndedBy, StoredEpisode, insert_episodes};
use super::kpi::marks::mark_days;
use super::persons::{Person, lock_persons};
use super::rows::{PER_STATEMENT, bulk_query, list_from, placeholders};
use super::tickets::{CLOSING, read_ticket, to_json, unwritable};
use super::{CustomerHash, Store, StoreError, Tenant, instant, name, optional_instant};
use crate::outcome::{EpisodeFacts, EpisodeId, is_parallel};
use crate::ticket::{ClosedTicket, PastTicket, TicketId};
use crate::timestamp::Timestamp;
use sqlx::{AnyConnection, Row};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

impl Store {
    /// Records tickets that were closed before the service knew them, with their episodes and what followed these; no
    /// assessment is made. Either all are kept or none. Tickets that are there with the same content are passed over, so an import can be repeated.
    ///
    /// Answers how many were new.
    ///
    /// # Errors
    /// [`StoreError::ImportRefused`] names the first ticket that is recorded with other content, open, closed before
    /// its opening or not writable; otherwise [`StoreError`] when the database fails.
    pub async fn import_closed(
        &self,
        tenant: &Tenant,
        tickets: &[ClosedTicket],
        rules: &OutcomeRules<'_>,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        let rows = self.import_rows(tenant, tickets)?;
        let mut write = self.begin_write().await?;
        let mut imported = Vec::new();
        for chunk in rows.chunks(PER_STATEMENT) {
            let new = insert_tickets(write.connection(), tenant, chunk).await?;
            let (new, known): (Vec<_>, Vec<_>) =
                chunk.iter().partition(|row| new.contains(row.ticket.id.as_str()));
            check_same(write.connection(), tenant, &known).await?;
            insert_events(write.connection(), tenant, &new, now).await?;
            imported.extend(new);
        }
        let opened = imported.iter().map(|row| row.ticket.opened_at);
        mark_days(write.connection(), tenant, opened).await?;
        let derivation = Derivation { tenant, rules, now, cause: ChangeCause::LateContact };
        let persons = record_episodes(write.connection(), derivation, &imported).await?;
        if self.writer.is_none() && imported.len() >= MANY {
            analyze(write.connection()).await?;
        }
        let new = imported.iter().map(|row| row.episode_id()).collect();
        for persons in persons.chunks(PER_STATEMENT) {
            let (all, told) = (Affected::all(), Told::AllBut(&new));
            rederive(write.connection(), derivation, persons, all, told).await?;
        }
        write.finish(!imported.is_empty()).await?;
        Ok(imported.len())
    }

    /// The rows to write, one per ticket, in the order of their identifiers: so two imports at once lock in the same
    /// order and cannot wait for each other.
    fn import_rows<'a>(
        &self,
        tenant: &Tenant,
        tickets: &'a [ClosedTicket],
    ) -> Result<Vec<ImportRow<'a>>, StoreError> {
        let mut rows: BTreeMap<&TicketId, ImportRow<'a>> = BTreeMap::new();
        for ticket in tickets {
            if let Some(reason) = fault(ticket, rows.get(&ticket.id)) {
                return Err(refused(ticket, reason));
            }
            let row = ImportRow {
                ticket,
                customer: self.customer_hash(tenant, &ticket.customer_id),
                details_json: to_json(&ticket.details)?,
                closing_sha256: content_sha256(&ClosingContent {
                    closed_at: ticket.closed_at,
                    category: Some(&ticket.category),
                    details: &ticket.details,
                })?,
            };
            rows.insert(&ticket.id, row);
        }
        Ok(rows.into_values().collect())
    }
}

struct ImportRow<'a> {
    ticket: &'a ClosedTicket,
    customer: CustomerHash,
    details_json: String,
    closing_sha256: String,
}

impl ImportRow<'_> {
    fn episode_id(&self) -> EpisodeId {
        EpisodeId { ticket: self.ticket.id.clone(), number: 1 }
    }
}

fn fault(ticket: &ClosedTicket, same_id: Option<&ImportRow<'_>>) -> Option<String> {
    if ticket.closed_at < ticket.opened_at {
        return Some(format!(
            "closing at {} before opening at {}",
            ticket.closed_at, ticket.opened_at
        ));
    }
    if let Some((field, reason)) = unwritable(&ticket.details) {
        return Some(format!("{field}: {reason}"));
    }
    same_id
        .filter(|row| row.ticket != ticket)
        .map(|_| "stands twice in the import, with different content".to_owned())
}

fn refused(ticket: &ClosedTicket, reason: String) -> StoreError {
    StoreError::ImportRefused { ticket_id: ticket.id.clone(), reason }
}

/// Inserts the tickets that are not there and answers their identifiers.
async fn insert_tickets(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    rows: &[ImportRow<'_>],
) -> Result<HashSet<String>, StoreError> {
    let statement = format!(
        "INSERT INTO tickets (tenant, id, customer_hash, opened_at, updated_at, closed_at, category, details, \
         closing_sha256) VALUES {} ON CONFLICT (tenant, id) DO NOTHING RETURNING id",
        placeholders(rows.len(), 9)
    );
    let mut query = bulk_query(statement, false);
    for ImportRow { ticket, customer, details_json, closing_sha256 } in rows {
        query = query
            .bind(tenant.as_str())
            .bind(ticket.id.as_str())
            .bind(customer.as_str())
            .bind(ticket.opened_at.millis())
            .bind(ticket.closed_at.millis())
            .bind(ticket.closed_at.millis())
            .bind(ticket.category.as_str())
            .bind(details_json.as_str())
            .bind(closing_sha256.as_str());
    }
    let inserted = query.fetch_all(connection).await?;
    Ok(inserted.iter().map(|row| row.try_get("id")).collect::<Result<_, _>>()?)
}

async fn insert_events(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    rows: &[&ImportRow<'_>],
    now: Timestamp,
) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let statement = format!(
        "INSERT INTO ticket_events (tenant, ticket_id, kind, occurred_at, content_sha256, category, details, \
         recorded_at) VALUES {}",
        placeholders(rows.len(), 8)
    );
    let mut query = bulk_query(statement, false);
    for row in rows {
        query = query
            .bind(tenant.as_str())
            .bind(row.ticket.id.as_str())
            .bind(CLOSING)
            .bind(row.ticket.closed_at.millis())
            .bind(row.closing_sha256.as_str())
            .bind(row.ticket.category.as_str())
            .bind(row.details_json.as_str())
            .bind(now.millis());
    }
    query.execute(connection).await?;
    Ok(())
}

/// Refuses the import when a ticket that is there is not the one to be imported.
async fn check_same(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    rows: &[&ImportRow<'_>],
) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    // The tenant is $1, the identifiers follow.
    let ids = list_from(2, rows.len());
    let statement = format!(
        "SELECT id, customer_hash, opened_at, closed_at, category, details, updated_at, reopens \
         FROM tickets WHERE tenant = $1 AND id IN ({ids})"
    );
    let mut query = bulk_query(statement, false).bind(tenant.as_str());
    for row in rows {
        query = query.bind(row.ticket.id.as_str());
    }
    let mut stored = BTreeMap::new();
    for row in query.fetch_all(connection).await? {
        let ticket = read_ticket(&row)?;
        stored.insert(ticket.id.clone(), ticket);
    }
    for ImportRow { ticket, customer, details_json, .. } in rows {
        let same = match stored.get(&ticket.id) {
            Some(stored) => {
                stored.customer == *customer
                    && stored.opened_at == ticket.opened_at
                    && stored.closed_at == Some(ticket.closed_at)
                    && stored.category.as_ref() == Some(&ticket.category)
                    && to_json(&stored.details)? == *details_json
            }
            None => false,
        };
        if !same {
            return Err(refused(ticket, "is already recorded with other content".to_owned()));
        }
    }
    Ok(())
}

/// From so many tickets on an import changes what PostgreSQL should know of its tables.
const MANY: usize = 1000;

/// PostgreSQL plans by statistics, which a bulk load leaves behind: without them it would read all episodes for each person.
/// SQLite reads in the order in which a statement names its tables.
async fn analyze(connection: &mut AnyConnection) -> Result<(), StoreError> {
    for statement in [
        "ANALYZE identities",
        "ANALYZE tickets",
        "ANALYZE episodes",
        "ANALYZE contacts",
        "ANALYZE recontacts",
    ] {
        sqlx::query(statement).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Makes an episode of each imported ticket, and answers the persons, locked.
async fn record_episodes(
    connection: &mut AnyConnection,
    derivation: Derivation<'_>,
    imported: &[&ImportRow<'_>],
) -> Result<Vec<Person>, StoreError> {
    let tenant = derivation.tenant;
    let customers: BTreeSet<&CustomerHash> = imported.iter().map(|row| &row.customer).collect();
    insert_identities(connection, tenant, &customers).await?;
    let persons = lock_persons(connection, tenant, customers).await?;
    let rows: HashMap<&str, &ImportRow<'_>> =
        imported.iter().map(|row| (row.ticket.id.as_str(), *row)).collect();
    for persons in persons.chunks(PER_STATEMENT) {
        let mut episodes = Vec::new();
        for tickets in tickets_of_persons(connection, tenant, persons).await?.into_values() {
            let imported_here = tickets.iter().filter_map(|ticket| rows.get(ticket.id.as_str()));
            episodes.extend(imported_here.map(|row| episode(row, &tickets)));
        }
        for chunk in episodes.chunks(PER_STATEMENT) {
            insert_episodes(connection, tenant, chunk).await?;
        }
    }
    Ok(persons)
}

async fn insert_identities(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    customers: &BTreeSet<&CustomerHash>,
) -> Result<(), StoreError> {
    let customers: Vec<&CustomerHash> = customers.iter().copied().collect();
    for chunk in customers.chunks(PER_STATEMENT) {
        let statement = format!(
            "INSERT INTO identities (tenant, identity_hash, kind, person) VALUES {} \
             ON CONFLICT (tenant, identity_hash) DO NOTHING",
            placeholders(chunk.len(), 4)
        );
        let mut query = bulk_query(statement, false);
        for customer in chunk {
            query = query
                .bind(tenant.as_str())
                .bind(customer.as_str())
                .bind("customer")
                .bind(customer.as_str());
        }
        query.execute(&mut *connection).await?;
    }
    Ok(())
}

/// A ticket as far as a parallel one needs to know it.
struct TicketSpan {
    id: TicketId,
    past: PastTicket,
}

async fn tickets_of_persons(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    persons: &[Person],
) -> Result<BTreeMap<String, Vec<TicketSpan>>, StoreError> {
    let statement = format!(
        "SELECT i.person AS person, t.id AS id, t.opened_at AS opened_at, t.closed_at AS closed_at \
         FROM identities i CROSS JOIN tickets t \
         WHERE t.tenant = i.tenant AND t.customer_hash = i.identity_hash AND i.tenant = $1 AND i.person IN ({})",
        list_from(2, persons.len())
    );
    let mut query = bulk_query(statement, false).bind(tenant.as_str());
    for person in persons {
        query = query.bind(person.as_str());
    }
    let mut tickets: BTreeMap<String, Vec<TicketSpan>> = BTreeMap::new();
    for row in query.fetch_all(connection).await? {
        let past = PastTicket {
            opened_at: instant(&row, "tickets", "opened_at")?,
            closed_at: optional_instant(&row, "tickets", "closed_at")?,
            category: None,
        };
        let span = TicketSpan { id: name(&row, "tickets", "id")?, past };
        tickets.entry(row.try_get("person")?).or_default().push(span);
    }
    Ok(tickets)
}

fn episode(row: &ImportRow<'_>, of_person: &[TicketSpan]) -> StoredEpisode {
    let ticket = row.ticket;
    let others = of_person.iter().filter(|other| other.id != ticket.id).map(|other| &other.past);
    StoredEpisode {
        facts: EpisodeFacts {
            id: row.episode_id(),
            category: ticket.category.clone(),
            opened_at: ticket.opened_at,
            closed_at: ticket.closed_at,
            embedding: None,
        },
        customer: row.customer.clone(),
        team: ticket.details.team.clone(),
        channel: ticket.details.channel.clone(),
        ended_by: EndedBy::Closing,
        is_parallel: is_parallel(ticket.closed_at, others),
        is_outage: false,
    }
}
