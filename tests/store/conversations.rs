//! Redacted texts of contacts and tickets: kept with them, once, for a time, and gone with their customer.

use super::timeline::*;
use super::*;
use recontact::contact::Contact;
use recontact::outcome::Author;
use recontact::redaction::redact;
use recontact::store::{
    ContactAnalysis, ContactRecorded, ContactTextToKeep, ErasureRequest, KeptText, ToldText,
};
use recontact::ticket::{TicketText, TicketTextPart};
use sqlx::{AnyConnection, Connection};

on_both_databases!(
    a_text_is_kept_with_its_contact_once,
    the_latest_contacts_are_told_in_order,
    a_tickets_texts_are_those_of_its_latest_event,
    texts_do_not_make_events_differ_and_a_repeated_one_corrects_them,
    what_was_kept_long_enough_is_neither_told_nor_left,
    texts_go_with_their_customer_and_do_not_come_back,
);

const EVER: i64 = 0;

fn ever() -> Timestamp {
    Timestamp::from_millis(EVER).unwrap()
}

fn written(text: &str) -> ContactAnalysis {
    let text = ContactTextToKeep { text: redact(text, 100), language: Some("en") };
    ContactAnalysis { text: Some(text), ..about("card_arrival") }
}

fn on_ticket(id: &str, customer: &str, days: f64) -> Contact {
    Contact { ticket_id: Some(name("t-1")), ..contact(id, customer, day(days)) }
}

fn details(texts: &[(TicketTextPart, &str)]) -> TicketDetails {
    let keep =
        |(part, text): &(TicketTextPart, &str)| TicketText { part: *part, text: redact(text, 100) };
    TicketDetails { conversation: texts.iter().map(keep).collect(), ..with_priority("normal") }
}

async fn close(store: &Store, id: &str, closing: &ClosingEvent) -> TicketClosed {
    close_with(store, id, closing, |_, _| None).await
}

async fn told(store: &Store, since: Timestamp) -> Vec<(String, ToldText)> {
    let contacts = store.ticket_contacts(&TENANT, &name("t-1"), 100, since).await.unwrap();
    contacts.into_iter().map(|contact| (contact.id.to_string(), contact.text)).collect()
}

async fn ticket_texts(store: &Store, since: Timestamp) -> Vec<(TicketTextPart, String)> {
    let texts = store.ticket_texts(&TENANT, &name("t-1"), since).await.unwrap();
    texts.into_iter().map(|text| (text.part, text.text.body)).collect()
}

fn kept(body: &str) -> ToldText {
    let language = Some("en".to_owned());
    ToldText::Kept(KeptText { body: body.to_owned(), is_cut: false, language })
}

async fn rows(database: &Database, table: &str) -> i64 {
    sqlx::any::install_default_drivers();
    let mut connection = AnyConnection::connect(&database.url).await.unwrap();
    let statement = sqlx::AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}"));
    let count = sqlx::query_scalar(statement).fetch_one(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    count
}

async fn a_text_is_kept_with_its_contact_once(database: &Database) {
    let store = database.store().await;
    let first = on_ticket("c-1", "u-9", 1.0);
    say(&store, &first, &written("call +375 29 123-45-67")).await;
    let again = written("something else");
    let recorded = store.record_contact(&TENANT, &first, &again, &rules(), day(2.0)).await.unwrap();
    assert!(matches!(recorded, ContactRecorded::Unchanged { .. }), "{recorded:?}");
    say(&store, &on_ticket("c-2", "u-9", 2.0), &about("card_arrival")).await;
    let expected =
        [("c-1".to_owned(), kept("call <PHONE_NUMBER>")), ("c-2".to_owned(), ToldText::Gone)];
    assert_eq!(told(&store, ever()).await, expected);
    assert_eq!(rows(database, "contact_texts").await, 1);
}

async fn the_latest_contacts_are_told_in_order(database: &Database) {
    let store = database.store().await;
    for (id, days) in [("c-2", 2.0), ("c-1", 1.0), ("c-3", 3.0)] {
        say(&store, &on_ticket(id, "u-9", days), &written(id)).await;
    }
    let contacts = store.ticket_contacts(&TENANT, &name("t-1"), 2, ever()).await.unwrap();
    let ids: Vec<_> = contacts.iter().map(|contact| contact.id.as_str()).collect();
    assert_eq!(ids, ["c-2", "c-3"]);
}

async fn a_tickets_texts_are_those_of_its_latest_event(database: &Database) {
    use TicketTextPart::{Answer, First, Last};
    let store = database.store().await;
    let opened = TicketEvent {
        details: details(&[(First, "lost card 4111 1111 1111 1111")]),
        ..opening("t-1")
    };
    record(&store, &opened).await;
    let later = TicketEvent {
        updated_at: Some(minute(20)),
        details: details(&[(Last, "still lost")]),
        ..opening("t-1")
    };
    record(&store, &later).await;
    // Reported late: what was said before does not take the place of what was said later.
    let earlier = TicketEvent {
        updated_at: Some(minute(10)),
        details: details(&[(Last, "lost")]),
        ..opening("t-1")
    };
    record(&store, &earlier).await;
    let closed =
        ClosingEvent { details: details(&[(Answer, "a new one is on its way")]), ..closing(30) };
    close(&store, "t-1", &closed).await;
    let expected = [
        (First, "lost card <CREDIT_CARD>".to_owned()),
        (Last, "still lost".to_owned()),
        (Answer, "a new one is on its way".to_owned()),
    ];
    assert_eq!(ticket_texts(&store, ever()).await, expected);
    let stored = stored(&store, "t-1").await;
    assert!(stored.details.conversation.is_empty(), "{stored:?}");
}

async fn texts_do_not_make_events_differ_and_a_repeated_one_corrects_them(database: &Database) {
    use TicketTextPart::{Answer, First};
    let store = database.store().await;
    let report = |text| TicketEvent { details: details(&[(First, text)]), ..opening("t-1") };
    assert_eq!(record(&store, &report("one")).await, TicketRecorded::Created);
    assert_eq!(record(&store, &report("one")).await, TicketRecorded::Unchanged);
    assert_eq!(record(&store, &report("two")).await, TicketRecorded::Unchanged);
    let end = |text| ClosingEvent { details: details(&[(Answer, text)]), ..closing(30) };
    close(&store, "t-1", &end("three")).await;
    let again = close(&store, "t-1", &end("four")).await;
    assert!(matches!(again, TicketClosed::AlreadyClosed(_)), "{again:?}");
    let expected = [(First, "two".to_owned()), (Answer, "four".to_owned())];
    assert_eq!(ticket_texts(&store, ever()).await, expected);
    assert_eq!(rows(database, "ticket_texts").await, 2);
}

async fn what_was_kept_long_enough_is_neither_told_nor_left(database: &Database) {
    let store = database.store().await;
    let first =
        TicketEvent { details: details(&[(TicketTextPart::First, "old")]), ..opening("t-1") };
    store.record_ticket(&TENANT, &first, &rules(), day(0.0)).await.unwrap();
    say(&store, &on_ticket("c-1", "u-9", 1.0), &written("old")).await;
    say(&store, &on_ticket("c-2", "u-9", 5.0), &written("new")).await;
    let since = day(2.0);
    let expected = [("c-1".to_owned(), ToldText::Gone), ("c-2".to_owned(), kept("new"))];
    assert_eq!(told(&store, since).await, expected);
    assert_eq!(ticket_texts(&store, since).await, []);
    assert_eq!(store.purge_texts(&TENANT, since).await.unwrap(), 2);
    assert_eq!(store.purge_texts(&TENANT, since).await.unwrap(), 0);
    assert_eq!(told(&store, ever()).await, expected);
    assert_eq!(
        (rows(database, "contact_texts").await, rows(database, "ticket_texts").await),
        (1, 0)
    );
    let other = Tenant::new(name("other"));
    assert_eq!(store.purge_texts(&other, day(100.0)).await.unwrap(), 0);
}

async fn texts_go_with_their_customer_and_do_not_come_back(database: &Database) {
    use TicketTextPart::{Answer, First};
    let store = database.store().await;
    let opened = TicketEvent { details: details(&[(First, "mine")]), ..opening("t-1") };
    record(&store, &opened).await;
    say(&store, &on_ticket("c-1", "u-9", 1.0), &written("mine")).await;
    // A person's contact on the ticket of another: the words are about both.
    let agent = Contact { author: Author::Agent, ..on_ticket("c-2", "u-8", 2.0) };
    say(&store, &agent, &written("about you")).await;
    say(&store, &contact("c-3", "u-8", day(3.0)), &written("of somebody else")).await;
    let request = ErasureRequest {
        identity: name("u-9").into(),
        author: name("privacy"),
        reason: "asked for it".to_owned(),
        random: [7; 32],
        is_dry_run: true,
    };
    let dry = store.erase_customer(&TENANT, &request, day(4.0)).await.unwrap().unwrap();
    assert_eq!((dry.texts, rows(database, "contact_texts").await), (3, 3));
    let request = ErasureRequest { is_dry_run: false, ..request };
    let report = store.erase_customer(&TENANT, &request, day(4.0)).await.unwrap().unwrap();
    assert_eq!(report, dry);
    let expected = [("c-1".to_owned(), ToldText::Erased), ("c-2".to_owned(), ToldText::Gone)];
    assert_eq!(told(&store, ever()).await, expected);
    // The ticket is closed after that, with what was said on it.
    let closed =
        ClosingEvent { closed_at: day(5.0), details: details(&[(Answer, "mine")]), ..closing(0) };
    let closed = close(&store, "t-1", &closed).await;
    assert!(matches!(closed, TicketClosed::Closed(_)), "{closed:?}");
    assert_eq!(
        (rows(database, "contact_texts").await, rows(database, "ticket_texts").await),
        (1, 0)
    );
}
