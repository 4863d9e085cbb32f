//! Bulk load of closed tickets: a helpdesk's history, thousands of rows in one transaction.

use super::closings::ClosingContent;
use super::customer::content_sha256;
use super::tickets::{CLOSING, read_ticket, to_json, unwritable};
use super::{CustomerHash, Store, StoreError, Tenant};
use crate::ticket::{ClosedTicket, TicketId};
use crate::timestamp::Timestamp;

use sqlx::query::Query;
use sqlx::{Any, AnyConnection, AssertSqlSafe, Row};
use std::collections::{BTreeMap, HashSet};

/// Rows in one statement. More are slower: SQLite looks each placeholder up among all earlier ones.
const ROWS_PER_STATEMENT: usize = 50;

impl Store {
    /// Records tickets that were closed before the service knew them; no assessment is made. Either all are kept or
    /// none. Tickets that are there with the same content are passed over, so an import can be repeated.
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
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        let rows = self.import_rows(tenant, tickets)?;
        let mut write = self.begin_write().await?;
        let mut imported = 0;
        for chunk in rows.chunks(ROWS_PER_STATEMENT) {
            let new = insert_tickets(write.connection(), tenant, chunk).await?;
            let (new, known): (Vec<_>, Vec<_>) =
                chunk.iter().partition(|row| new.contains(row.ticket.id.as_str()));
            check_same(write.connection(), tenant, &known).await?;
            insert_events(write.connection(), tenant, &new, now).await?;
            imported += new.len();
        }
        write.finish(imported > 0).await?;
        Ok(imported)
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
    let mut query = bulk_query(statement);
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
    let mut query = bulk_query(statement);
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
    let ids = (2..rows.len() + 2).map(|index| format!("${index}")).collect::<Vec<_>>().join(", ");
    let statement = format!(
        "SELECT id, customer_hash, opened_at, closed_at, category, details, updated_at \
         FROM tickets WHERE tenant = $1 AND id IN ({ids})"
    );
    let mut query = bulk_query(statement).bind(tenant.as_str());
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

/// A statement whose text holds placeholders only; it is as long as the import and not kept prepared.
fn bulk_query<'q>(statement: String) -> Query<'q, Any, sqlx::any::AnyArguments> {
    sqlx::query(AssertSqlSafe(statement)).persistent(false)
}

/// `($1, $2), ($3, $4)` for two rows of two columns.
fn placeholders(rows: usize, columns: usize) -> String {
    let row = |row: usize| {
        let values = (1..=columns).map(|column| format!("${}", row * columns + column));
        format!("({})", values.collect::<Vec<_>>().join(", "))
    };
    (0..rows).map(row).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    #[test]
    fn placeholders_are_numbered_through() {
        assert_eq!(super::placeholders(2, 2), "($1, $2), ($3, $4)");
    }
}
