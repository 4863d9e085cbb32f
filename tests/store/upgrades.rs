//! A database that an earlier version wrote.

use super::timeline::outcome;
use super::*;
use recontact::config::{CommandLineSettings, Settings};
use recontact::kpi::{Day, Dimension, KpiQuery, Measure, Period, Zone};
use recontact::monitoring::Windows;
use recontact::outcome::{Outcome, TextVector};
use recontact::store::AuditFilter;
use sqlx::{AnyPool, AssertSqlSafe};

on_both_databases!(
    what_the_first_version_stored_is_kept_and_its_outcomes_are_derived,
    vectors_of_the_second_version_are_kept_and_are_not_compared,
    contacts_of_the_fourth_version_are_kept_and_found_by_time,
    tickets_of_the_first_version_are_counted_in_key_figures,
    users_of_the_seventh_version_stay_signed_in_and_have_their_password,
);

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("src/store/migrations");

/// The tables of version 1 with two closed tickets of one customer about the same issue, the first with an assessment, one open
/// ticket, and a contact of somebody else.
async fn fill_first_version(url: &str) {
    sqlx::any::install_default_drivers();
    let file = url.starts_with("sqlite:").then_some("?mode=rwc");
    let pool = AnyPool::connect(&format!("{url}{}", file.unwrap_or_default())).await.unwrap();
    MIGRATIONS.run_to(1, &pool).await.unwrap();
    let (first, other, sha) = ("ab".repeat(32), "cd".repeat(32), "ef".repeat(32));
    let at = |minutes: i64| minute(minutes).millis();
    let ticket = |id: &str, opened: i64, closed: &str, closing: &str| {
        format!(
            "INSERT INTO tickets (tenant, id, customer_hash, opened_at, updated_at, closed_at, category, details, closing_sha256) \
             VALUES ('default', '{id}', '{first}', {opened}, {opened}, {closed}, 'card_arrival', '{{\"priority\":\"normal\"}}', {closing})"
        )
    };
    let closed = format!("'{sha}'");
    for statement in [
        ticket("t-1", at(0), &at(60).to_string(), &closed),
        ticket("t-2", at(3000), &at(4000).to_string(), &closed),
        ticket("t-3", at(60_000), "NULL", "NULL"),
        format!(
            "INSERT INTO assessments (tenant, ticket_id, closed_at, model_version, inputs_sha256, assessed_at, probability, band, body) \
             VALUES ('default', 't-1', {}, 'risk-1', '{sha}', {}, 0.625, 'high', '{{}}')",
            at(60),
            at(61)
        ),
        format!(
            "INSERT INTO contacts (tenant, id, customer_hash, occurred_at, text_hash, content_sha256, classification, model_version, recorded_at) \
             VALUES ('default', 'c-1', '{other}', {}, '{sha}', '{sha}', '{{}}', 'category-1', {})",
            at(10),
            at(10)
        ),
    ] {
        sqlx::query(AssertSqlSafe(statement)).execute(&pool).await.unwrap();
    }
    pool.close().await;
}

async fn what_the_first_version_stored_is_kept_and_its_outcomes_are_derived(database: &Database) {
    fill_first_version(&database.url).await;
    let store = database.store().await;
    let ticket = stored(&store, "t-1").await;
    assert_eq!((ticket.opened_at, ticket.closed_at), (minute(0), Some(minute(60))));
    assert_eq!(ticket.details, with_priority("normal"));
    let assessment = ticket.assessment.unwrap();
    assert_eq!((assessment.model_version.as_str(), assessment.band.as_str()), ("risk-1", "high"));
    assert_eq!(assessment.probability.to_bits(), 0.625_f64.to_bits());
    assert_eq!(stored(&store, "t-3").await.closed_at, None);

    let now = minute(100_000);
    assert_eq!(store.derive_earlier_outcomes(&TENANT, &rules(), now).await.unwrap(), 1);
    assert_eq!(outcome(&store, "t-1", 7).await, Outcome::Explicit);
    assert_eq!(outcome(&store, "t-2", 7).await, Outcome::None);
    // It is a ticket like any other: it can be closed.
    let event = ClosingEvent {
        closed_at: minute(60_100),
        category: None,
        details: TicketDetails::default(),
    };
    let closed = close_with(&store, "t-3", &event, |_, _| None).await;
    assert!(matches!(closed, TicketClosed::Closed(_)), "{closed:?}");
}

async fn vectors_of_the_second_version_are_kept_and_are_not_compared(database: &Database) {
    sqlx::any::install_default_drivers();
    let file = database.url.starts_with("sqlite:").then_some("?mode=rwc");
    let url = format!("{}{}", database.url, file.unwrap_or_default());
    let pool = AnyPool::connect(&url).await.unwrap();
    MIGRATIONS.run_to(2, &pool).await.unwrap();
    let (customer, sha) = ("ab".repeat(32), "ef".repeat(32));
    let vector = TextVector::from_embedding(&[1.0, 0.5]).unwrap();
    let (at, written) = (minute(10).millis(), vector.to_base64());
    for statement in [
        format!(
            "INSERT INTO identities (tenant, identity_hash, kind, person) VALUES ('default', '{customer}', 'customer', '{customer}')"
        ),
        format!(
            "INSERT INTO contacts (tenant, id, customer_hash, occurred_at, text_hash, content_sha256, classification, \
             model_version, recorded_at, embedding) \
             VALUES ('default', 'c-1', '{customer}', {at}, '{sha}', '{sha}', '{{}}', 'category-1', {at}, '{written}')"
        ),
    ] {
        sqlx::query(AssertSqlSafe(statement)).execute(&pool).await.unwrap();
    }
    pool.close().await;
    let store = database.store().await;
    let found = store.contact_vector(&TENANT, &name("c-1")).await.unwrap().unwrap();
    assert_eq!((found.vector, found.encoder), (Some(vector), None));
    assert!(store.embedding_changes(&TENANT, "encoder-1", 0, 10).await.unwrap().is_empty());
}

async fn contacts_of_the_fourth_version_are_kept_and_found_by_time(database: &Database) {
    sqlx::any::install_default_drivers();
    let file = database.url.starts_with("sqlite:").then_some("?mode=rwc");
    let url = format!("{}{}", database.url, file.unwrap_or_default());
    let pool = AnyPool::connect(&url).await.unwrap();
    MIGRATIONS.run_to(4, &pool).await.unwrap();
    let (customer, sha) = ("ab".repeat(32), "ef".repeat(32));
    for (id, at) in [("c-1", minute(10)), ("c-2", minute(40 * 1440))] {
        let statement = format!(
            "INSERT INTO contacts (tenant, id, customer_hash, occurred_at, text_hash, content_sha256, classification, \
             model_version, recorded_at) \
             VALUES ('default', '{id}', '{customer}', {at}, '{sha}', '{sha}', '{{}}', 'category-1', {at})",
            at = at.millis()
        );
        sqlx::query(AssertSqlSafe(statement)).execute(&pool).await.unwrap();
    }
    pool.close().await;
    let store = database.store().await;
    let options = Settings::load(&CommandLineSettings::default()).unwrap().monitoring;
    let now = minute(41 * 1440);
    let windows = Windows::ending(now, &options);
    let read = store.monitoring_samples(&TENANT, &windows, &options, now).await.unwrap();
    assert_eq!((read.reference.contacts.len(), read.current.contacts.len()), (0, 1));
    let windows = Windows::ending(minute(1440), &options);
    let read = store.monitoring_samples(&TENANT, &windows, &options, now).await.unwrap();
    assert_eq!(read.current.contacts[0].model_version, "category-1");
}

async fn tickets_of_the_first_version_are_counted_in_key_figures(database: &Database) {
    fill_first_version(&database.url).await;
    let store = database.store().await;
    let zone = Zone::parse("UTC").unwrap();
    assert_eq!(store.refresh_kpis(&TENANT, &zone, None, 1000).await.unwrap().left, 0);
    let query = KpiQuery {
        period: Period {
            from: Day::parse("2026-01-01").unwrap(),
            to: Day::parse("2026-06-01").unwrap(),
        },
        by: None,
        step: None,
        slice: None,
        window_days: 14,
        measures: vec![Measure::find("backlog").unwrap()],
    };
    assert_eq!(query.dimension(), Dimension::All);
    let days = store.kpi_days(&TENANT, &query, Day::from_number(0)).await.unwrap();
    let sum = |column| days.tallies.iter().map(|(_, _, tally)| tally.count(column)).sum::<u64>();
    use recontact::kpi::Column::{Closed, Episodes, Opened, Tickets};
    assert_eq!([Opened, Closed, Episodes, Tickets].map(sum), [3, 2, 2, 2]);
}

async fn users_of_the_seventh_version_stay_signed_in_and_have_their_password(database: &Database) {
    sqlx::any::install_default_drivers();
    let file = database.url.starts_with("sqlite:").then_some("?mode=rwc");
    let url = format!("{}{}", database.url, file.unwrap_or_default());
    let pool = AnyPool::connect(&url).await.unwrap();
    MIGRATIONS.run_to(7, &pool).await.unwrap();
    let at = minute(10).millis();
    for statement in [
        format!(
            "INSERT INTO users (tenant, name, display_name, role, theme, is_disabled, failed_attempts, created_at) \
             VALUES ('default', 'ann', 'Ann', 'admin', 'system', 0, 0, {at}), \
             ('default', 'eva', 'Eva', 'analyst', 'system', 0, 0, {at})"
        ),
        format!(
            "INSERT INTO sessions (tenant, token_sha256, user_name, csrf, created_at, seen_at, expires_at) \
             VALUES ('default', 't-1', 'ann', 'c', {at}, {at}, {})",
            minute(100).millis()
        ),
        format!(
            "INSERT INTO audit (tenant, id, occurred_at, actor, action) VALUES ('default', 'a-1', {at}, 'ann', 'signed_in')"
        ),
    ] {
        sqlx::query(AssertSqlSafe(statement)).execute(&pool).await.unwrap();
    }
    pool.close().await;
    let store = database.store().await;
    let session = store.session(&TENANT, "t-1", minute(0), minute(20)).await.unwrap().unwrap();
    assert_eq!((session.user.name.as_str(), session.user.identity), ("ann", None));
    // The index of identities lets any number of users have none.
    assert_eq!(store.users(&TENANT).await.unwrap().len(), 2);
    let audit = store.audit_entries(&TENANT, &AuditFilter::default(), 10).await.unwrap();
    assert_eq!(audit[0].actor.as_deref(), Some("ann"));
}
