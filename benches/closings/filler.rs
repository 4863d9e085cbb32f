//! A database as a helpdesk leaves it after a million tickets, made by a few statements.
//!
//! Customers have a heavy tail: ticket `i` belongs to customer `r(i)² / 2^20`, with `r` a hash into 0..2^20, so most have one
//! or two tickets and the first ones up to a thousand.

use recontact::store::{CustomerKey, Store, StoreOptions};
use sqlx::{AnyConnection, AssertSqlSafe, Connection, Executor};
use std::path::{Path, PathBuf};

/// 2026-01-05T09:00:00Z; the open tickets were opened then.
const NOW_MS: i64 = 1_767_603_600_000;
const DAY_MS: i64 = 86_400_000;
/// Rows in one statement, so that a transaction stays of moderate size.
const CHUNK: usize = 100_000;

/// What the filler makes.
pub(crate) struct Filler {
    /// The database.
    pub(crate) url: String,
    /// Closed tickets.
    pub(crate) closed: usize,
    /// Open tickets, to be closed in the rounds.
    pub(crate) open: usize,
}

/// The id of an open ticket.
pub(crate) fn open_id(ticket: usize) -> String {
    format!("open-{ticket:08}")
}

/// What the helpdesk sends at the closing of an open ticket: an hour to some days after its opening.
pub(crate) fn closing_body(ticket: usize) -> String {
    let minutes = 60 + (ticket * 7919) % 5000;
    let (day, hour, minute) = (5 + (540 + minutes) / 1440, (540 + minutes) / 60 % 24, minutes % 60);
    format!(
        r#"{{"closed_at":"2026-01-{day:02}T{hour:02}:{minute:02}:00Z","reassignments":{},"sla_met":{},"messages_in":3,"messages_out":2}}"#,
        ticket % 4,
        !ticket.is_multiple_of(5)
    )
}

/// A key that is the same in every run.
pub(crate) fn key_file(folder: &Path) -> PathBuf {
    let file = folder.join("customer.key");
    std::fs::write(&file, "07".repeat(32)).unwrap();
    file
}

impl Filler {
    /// Makes tables and rows.
    pub(crate) fn fill(&self) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let key = CustomerKey::new([7; 32]);
            let store = Store::connect(&self.url, key, StoreOptions::default()).await.unwrap();
            store.close().await;
            let mut connection = AnyConnection::connect(&self.url).await.unwrap();
            let is_sqlite = self.url.starts_with("sqlite:");
            if is_sqlite {
                for pragma in ["synchronous = OFF", "cache_size = -200000", "temp_store = MEMORY"] {
                    execute(&mut connection, format!("PRAGMA {pragma}")).await;
                }
            }
            for first in (0..self.closed).step_by(CHUNK) {
                let end = (first + CHUNK).min(self.closed);
                let mut transaction = connection.begin().await.unwrap();
                for statement in closed_statements(first, end) {
                    execute(&mut transaction, statement).await;
                }
                transaction.commit().await.unwrap();
            }
            for statement in open_statements(self.open) {
                execute(&mut connection, statement).await;
            }
            // As in a service that has been running for long: nothing is left to be derived from earlier versions.
            let derived = "INSERT INTO settings (tenant, name, value) VALUES ('default', 'outcomes_derived', '1')";
            execute(&mut connection, derived.to_owned()).await;
            let identities = "INSERT INTO identities (tenant, identity_hash, kind, person) \
                 SELECT DISTINCT tenant, customer_hash, 'customer', customer_hash FROM tickets";
            execute(&mut connection, identities.to_owned()).await;
            if is_sqlite {
                // No ANALYZE: nobody runs it in a database of the service either.
                execute(&mut connection, "PRAGMA wal_checkpoint(TRUNCATE)".to_owned()).await;
            } else {
                execute(&mut connection, "VACUUM ANALYZE".to_owned()).await;
                // Tests start the server without durability; what is measured here must have it.
                execute(&mut connection, "ALTER SYSTEM SET fsync = on".to_owned()).await;
                execute(&mut connection, "SELECT pg_reload_conf()".to_owned()).await;
                execute(&mut connection, "CHECKPOINT".to_owned()).await;
            }
            connection.close().await.unwrap();
            // What was filled without durability must not be written to the disk while closings are timed.
            if let Some(path) = self.url.strip_prefix("sqlite:") {
                std::fs::File::open(path).unwrap().sync_all().unwrap();
            }
        });
    }
}

/// The text holds nothing but what stands in this file.
async fn execute(connection: &mut AnyConnection, statement: String) {
    connection.execute(AssertSqlSafe(statement)).await.unwrap();
}

/// `WITH n(i, c) AS …`: numbers and the customer of each, 64 digits as a hash has.
fn numbers(first: usize, end: usize) -> String {
    format!(
        "WITH RECURSIVE s(i) AS (SELECT CAST({first} AS BIGINT) UNION ALL SELECT i + 1 FROM s WHERE i < {last}), \
         h(i, r) AS (SELECT i, (i * 2654435761 + 12345) % 1048576 FROM s), \
         n(i, c) AS (SELECT i, '{zeros}' || CAST(1000000000 + (r * r) / 1048576 AS TEXT) FROM h) ",
        last = end - 1,
        zeros = "0".repeat(54)
    )
}

const DETAILS: &str = r#"{"channel":"email","priority":"3 - Moderate","team":"Group 70","reassignments":1,"reopens":0,"sla_met":true,"messages_in":3,"messages_out":2,"attributes":{"location":"Location 143","opened_by":"Opened by 17"}}"#;
const HASH: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

fn closed_statements(first: usize, end: usize) -> [String; 3] {
    let numbers = numbers(first, end);
    // Closings of the last 400 days; each took up to nine days.
    let closed_at = format!("{NOW_MS} - (i % 400) * {DAY_MS} - (i % 1440) * 60000 - {DAY_MS}");
    let opened_at = format!("{closed_at} - (i % 9) * {DAY_MS} - 3600000");
    let id = "'t-' || CAST(100000000 + i AS TEXT)";
    let category = "'Category ' || CAST(i % 40 AS TEXT)";
    [
        format!(
            "{numbers} INSERT INTO tickets (tenant, id, customer_hash, opened_at, updated_at, closed_at, category, details, closing_sha256) \
             SELECT 'default', {id}, c, {opened_at}, {closed_at}, {closed_at}, {category}, '{DETAILS}', '{HASH}' FROM n"
        ),
        format!(
            "{numbers} INSERT INTO ticket_events (tenant, ticket_id, kind, occurred_at, content_sha256, category, details, recorded_at) \
             SELECT 'default', {id}, 'closing', {closed_at}, '{HASH}', {category}, '{DETAILS}', {closed_at} FROM n"
        ),
        format!(
            "{numbers} INSERT INTO episodes (tenant, ticket_id, number, customer_hash, category, team, channel, opened_at, closed_at, ended_by) \
             SELECT 'default', {id}, 1, c, {category}, 'Group 70', 'email', {opened_at}, {closed_at}, 'closing' FROM n"
        ),
    ]
}

/// Open tickets of the same customers, whose numbers follow another sequence.
fn open_statements(open: usize) -> [String; 2] {
    let numbers = numbers(7_000_003, 7_000_003 + open);
    let id = "'open-' || SUBSTR(CAST(100000000 + i - 7000003 AS TEXT), 2)";
    let category = "'Category ' || CAST(i % 40 AS TEXT)";
    [
        format!(
            "{numbers} INSERT INTO tickets (tenant, id, customer_hash, opened_at, updated_at, category, details) \
             SELECT 'default', {id}, c, {NOW_MS}, {NOW_MS}, {category}, '{DETAILS}' FROM n"
        ),
        format!(
            "{numbers} INSERT INTO ticket_events (tenant, ticket_id, kind, occurred_at, content_sha256, category, details, recorded_at) \
             SELECT 'default', {id}, 'state', {NOW_MS}, '{HASH}', {category}, '{DETAILS}', {NOW_MS} FROM n"
        ),
    ]
}
