//! Every method of the store, on SQLite and on PostgreSQL.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a helper that fails is a failed test, and the numbers of a test are small"
)]

#[path = "../support/filler.rs"]
mod filler;
#[path = "../support/flagged.rs"]
mod flagged;
#[path = "../support/postgres.rs"]
mod postgres;

/// Makes two tests of each body, one per database.
macro_rules! on_both_databases {
    ($($body:ident),* $(,)?) => {
        mod on_sqlite {
            $(#[test] fn $body() { crate::run_on_sqlite(super::$body); })*
        }
        mod on_postgres {
            $(#[test] fn $body() { crate::run_on_postgres(super::$body); })*
        }
    };
}

mod closings;
mod connecting;
mod contacts;
mod conversations;
mod corrections;
mod effect;
mod episodes;
mod erasure;
mod experiments;
mod feedback;
mod follow_ups;
mod identities;
mod imports;
mod kpi_history;
mod kpis;
mod lists;
mod monitoring;
mod next_issues;
mod plans;
mod reports;
mod similar;
mod timeline;
mod upgrades;
mod users;
mod weekly;

use recontact::outcome::{AdjacentPairs, OutcomePolicy};
use recontact::store::{
    Assessment, ClosingEvent, CustomerKey, OutcomeRules, Store, StoreError, StoreOptions,
    StoredTicket, Tenant, TicketClosed, TicketEvent, TicketRecorded,
};
use recontact::ticket::{ClosedTicket, CustomerHistory, Name, TicketDetails};
use recontact::timestamp::Timestamp;
use std::sync::LazyLock;
use tempfile::TempDir;

const TENANT: Tenant = Tenant::DEFAULT;

static PAIRS: LazyLock<AdjacentPairs> =
    LazyLock::new(|| AdjacentPairs::from_iter([(name("card_arrival"), name("activate_card"))]));
static POLICY: LazyLock<OutcomePolicy> = LazyLock::new(OutcomePolicy::default);

/// Rules by which activate_card is known to follow card_arrival, and an event is late after a day.
fn rules() -> OutcomeRules<'static> {
    OutcomeRules { pairs: &PAIRS, policy: &POLICY, late_after_ms: 86_400_000 }
}

/// A new, empty database.
struct Database {
    url: String,
    _folder: Option<TempDir>,
}

impl Database {
    async fn store(&self) -> Store {
        self.connect_with_key(1).await.unwrap()
    }

    async fn connect_with_key(&self, key: u8) -> Result<Store, StoreError> {
        let options = StoreOptions { max_connections: 4, ..StoreOptions::default() };
        Store::connect(&self.url, CustomerKey::new([key; 32]), options).await
    }
}

fn run_on_sqlite(body: impl AsyncFnOnce(&Database)) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("recontact.db").display());
    run(&Database { url, _folder: Some(folder) }, body);
}

fn run_on_postgres(body: impl AsyncFnOnce(&Database)) {
    if let Some(url) = postgres::database_or_skip() {
        run(&Database { url, _folder: None }, body);
    }
}

fn run(database: &Database, body: impl AsyncFnOnce(&Database)) {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(body(database));
}

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

/// An instant `minutes` after a fixed one.
fn minute(minutes: i64) -> Timestamp {
    Timestamp::from_millis(1_767_600_000_000 + minutes * 60_000).unwrap()
}

fn with_priority(priority: &str) -> TicketDetails {
    TicketDetails { priority: Some(name(priority)), ..TicketDetails::default() }
}

/// The opening report of a ticket: of customer u-9, at minute 0.
fn opening(id: &str) -> TicketEvent {
    TicketEvent {
        id: name(id),
        customer_id: name("u-9"),
        opened_at: minute(0),
        updated_at: None,
        category: Some(name("card_arrival")),
        details: with_priority("normal"),
    }
}

fn update(id: &str, at_minute: i64, priority: &str) -> TicketEvent {
    TicketEvent {
        updated_at: Some(minute(at_minute)),
        details: with_priority(priority),
        ..opening(id)
    }
}

fn closing(at_minute: i64) -> ClosingEvent {
    ClosingEvent {
        closed_at: minute(at_minute),
        category: None,
        details: TicketDetails { sla_met: Some(true), ..TicketDetails::default() },
    }
}

fn assessment(band: &str) -> Assessment {
    Assessment {
        model_version: "risk-1".to_owned(),
        inputs_sha256: "ab".repeat(32),
        assessed_at: minute(1_000),
        probability: 0.1 + 0.2,
        band: band.to_owned(),
        body:
            r#"{"reasons":[{"feature":"channel","value":"ё","typical":null,"contribution":0.5}]}"#
                .to_owned(),
    }
}

fn closed_ticket(id: &str, customer: &str, at_minute: i64) -> ClosedTicket {
    ClosedTicket {
        id: name(id),
        customer_id: name(customer),
        opened_at: minute(0),
        closed_at: minute(at_minute),
        category: name("card_arrival"),
        details: with_priority("normal"),
    }
}

async fn record(store: &Store, event: &TicketEvent) -> TicketRecorded {
    store.record_ticket(&TENANT, event, &rules(), minute(2_000)).await.unwrap()
}

async fn stored(store: &Store, id: &str) -> StoredTicket {
    store.ticket(&TENANT, &name(id)).await.unwrap().unwrap()
}

async fn close_with(
    store: &Store,
    id: &str,
    closing: &ClosingEvent,
    assess: impl Fn(&ClosedTicket, &CustomerHistory) -> Option<Assessment> + Send + Sync,
) -> TicketClosed {
    store.close_ticket(&TENANT, &name(id), closing, &rules(), minute(2_000), assess).await.unwrap()
}

/// For calls that must not reach the model.
fn must_not_assess(_: &ClosedTicket, _: &CustomerHistory) -> Option<Assessment> {
    panic!("assessed again")
}
