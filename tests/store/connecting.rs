//! Opening a database: new, again, with the wrong key; and what may not be found in it.

use super::*;
use recontact::contact::{Contact, ContactText};
use recontact::identity::{Identity, IdentityKind};
use recontact::outcome::{Author, ContactKind, TextVector};
use recontact::store::ContactAnalysis;

on_both_databases!(
    what_was_answered_is_there_after_connecting_again,
    what_was_answered_is_there_for_others_at_once,
    another_customer_key_is_refused,
    many_first_connections_at_once_make_one_database,
    a_closed_store_is_unavailable,
    calls_that_are_given_up_leave_nothing_half_done,
);

mod sqlite_only {
    /// Earlier ones may damage a database whose log is moved while a writer begins it anew.
    #[test]
    fn the_sqlite_that_is_linked_is_new_enough_for_moving_the_log_beside_writers() {
        crate::run_on_sqlite(async |database: &crate::Database| {
            let store = database.store().await;
            let pool = sqlx::AnyPool::connect(&database.url).await.unwrap();
            let version: String =
                sqlx::query_scalar("SELECT sqlite_version()").fetch_one(&pool).await.unwrap();
            let parts: Vec<u32> = version.split('.').map(|part| part.parse().unwrap()).collect();
            assert!(parts >= vec![3, 51, 3], "{version}");
            pool.close().await;
            store.close().await;
        });
    }

    #[test]
    fn what_was_logged_is_moved_into_the_file() {
        crate::run_on_sqlite(super::what_was_logged_is_moved_into_the_file);
    }
}

async fn what_was_logged_is_moved_into_the_file(database: &Database) {
    let store = database.store().await;
    record(&store, &opening("t-1")).await;
    store.until_untidy().await;
    assert!(store.tidy().await.unwrap());
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy.db");
    // Only the file itself: what still stood in the log would be missing.
    std::fs::copy(database.url.strip_prefix("sqlite:").unwrap(), &copy).unwrap();
    let url = format!("sqlite:{}", copy.display());
    let copied = Database { url, _folder: None }.store().await;
    assert_eq!(stored(&copied, "t-1").await, stored(&store, "t-1").await);
}

/// A client that goes away takes its call with it, wherever that stands.
async fn calls_that_are_given_up_leave_nothing_half_done(database: &Database) {
    let store = database.store().await;
    for steps in 0..40 {
        let id = format!("t-{steps}");
        record(&store, &opening(&id)).await;
        let event = closing(9);
        let mut call = Box::pin(close_with(&store, &id, &event, |_, _| Some(assessment("high"))));
        for _ in 0..steps {
            let mut context = std::task::Context::from_waker(std::task::Waker::noop());
            if call.as_mut().poll(&mut context).is_ready() {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(call);
        let ticket = stored(&store, &id).await;
        assert_eq!(ticket.closed_at.is_some(), ticket.assessment.is_some(), "{steps}");
        let closed = close_with(&store, &id, &event, |_, _| Some(assessment("high"))).await;
        assert!(
            matches!(closed, TicketClosed::Closed(_) | TicketClosed::AlreadyClosed(_)),
            "{steps}: {closed:?}"
        );
        assert!(stored(&store, &id).await.assessment.is_some(), "{steps}");
    }
}

async fn what_was_answered_is_there_after_connecting_again(database: &Database) {
    let store = database.store().await;
    record(&store, &opening("t-1")).await;
    close_with(&store, "t-1", &closing(9), |_, _| Some(assessment("high"))).await;
    let before = stored(&store, "t-1").await;
    store.close().await;
    // The second connection migrates again, which changes nothing.
    let store = database.store().await;
    store.ping().await.unwrap();
    assert_eq!(stored(&store, "t-1").await, before);
}

async fn what_was_answered_is_there_for_others_at_once(database: &Database) {
    let [store, other] = [database.store().await, database.store().await];
    for number in 0..10 {
        let id = format!("t-{number}");
        record(&store, &opening(&id)).await;
        assert_eq!(record(&other, &opening(&id)).await, TicketRecorded::Unchanged);
        close_with(&store, &id, &closing(9), |_, _| Some(assessment("high"))).await;
        let again = close_with(&other, &id, &closing(9), must_not_assess).await;
        assert_eq!(again, TicketClosed::AlreadyClosed(stored(&store, &id).await));
    }
}

async fn another_customer_key_is_refused(database: &Database) {
    database.store().await.close().await;
    let error = database.connect_with_key(2).await.unwrap_err();
    assert!(matches!(error, StoreError::WrongCustomerKey), "{error}");
    assert!(error.to_string().contains("written with another customer key"), "{error}");
    database.store().await.ping().await.unwrap();
}

async fn many_first_connections_at_once_make_one_database(database: &Database) {
    let connect = |url: String| async move {
        Store::connect(&url, CustomerKey::new([1; 32]), StoreOptions::default()).await
    };
    let calls: Vec<_> = (0..6).map(|_| tokio::spawn(connect(database.url.clone()))).collect();
    for call in calls {
        call.await.unwrap().unwrap().ping().await.unwrap();
    }
}

async fn a_closed_store_is_unavailable(database: &Database) {
    let store = database.store().await;
    store.close().await;
    let error = store.ping().await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error}");
}

#[test]
fn an_sqlite_file_and_its_folder_are_made() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("new folder/100% ?#й".replace('?', "")).join("recontact.db");
    let url = format!("sqlite:{}", file.display());
    run(&Database { url, _folder: None }, async |database: &Database| {
        database.store().await.close().await;
    });
    assert!(file.is_file());
}

#[test]
fn an_sqlite_file_that_is_no_database_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("recontact.db");
    std::fs::write(&file, "id,customer\n".repeat(1_000)).unwrap();
    let url = format!("sqlite:{}", file.display());
    run(&Database { url, _folder: None }, async |database: &Database| {
        let error = database.connect_with_key(1).await.unwrap_err();
        assert!(matches!(error, StoreError::Database { .. }), "{error:?}");
    });
}

#[test]
fn a_server_that_does_not_answer_is_unavailable() {
    // A port that was free a moment ago, so nobody listens there.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("postgres://user:secret@127.0.0.1:{port}/recontact");
    let options = StoreOptions {
        acquire_timeout: std::time::Duration::from_millis(200),
        ..StoreOptions::default()
    };
    run(&Database { url, _folder: None }, async |database: &Database| {
        let key = CustomerKey::new([1; 32]);
        let error = Store::connect(&database.url, key, options).await.unwrap_err();
        assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
        assert!(!error.to_string().contains("secret"), "{error}");
    });
}

#[test]
fn neither_customers_nor_texts_stand_in_the_sqlite_file() {
    let (customer, text) = ("customer-4711@example.org", "Where is my very special parcel?");
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("recontact.db").display());
    run(&Database { url, _folder: None }, async |database: &Database| {
        let store = database.store().await;
        let event = TicketEvent { customer_id: name(customer), ..opening("t-known-1") };
        record(&store, &event).await;
        close_with(&store, "t-known-1", &closing(9), |_, _| Some(assessment("high"))).await;
        let imported = closed_ticket("t-known-2", customer, 9);
        store.import_closed(&TENANT, &[imported], &rules(), minute(0)).await.unwrap();
        let contact = Contact {
            id: name("c-1"),
            customer: name(customer).into(),
            also_known_as: vec![Identity::parse(IdentityKind::Email, customer).unwrap()],
            author: Author::Customer,
            stated_kind: None,
            follow_up_id: None,
            ticket_id: Some(name("t-known-1")),
            occurred_at: minute(0),
            channel: None,
            text: ContactText::parse(text, 1_000).unwrap(),
        };
        let analysis = ContactAnalysis {
            classification_json: "{}".to_owned(),
            model_version: "category-1".to_owned(),
            category: None,
            category_is_certain: false,
            embedding: TextVector::from_embedding(&[0.5, -0.5]),
            encoder: Some("encoder-1".to_owned()),
            kind: ContactKind::Substantive,
            kind_rule: "default".to_owned(),
            text: None,
        };
        store.record_contact(&TENANT, &contact, &analysis, &rules(), minute(1)).await.unwrap();
        // Once with the log beside the file, once after closing has moved everything into the file.
        assert_absent(folder.path(), customer, text);
        store.close().await;
        assert_absent(folder.path(), customer, text);
    });
}

fn assert_absent(folder: &std::path::Path, customer: &str, text: &str) {
    let mut bytes = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        bytes.extend(std::fs::read(entry.unwrap().path()).unwrap());
    }
    let contains = |part: &str| bytes.windows(part.len()).any(|window| window == part.as_bytes());
    assert!(contains("t-known-1") && contains("t-known-2"), "the scan must find what is there");
    assert!(!contains(customer) && !contains(text));
    assert!(!contains("4711") && !contains("special parcel"));
}
