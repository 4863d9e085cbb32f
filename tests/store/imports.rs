//! Bulk load of a helpdesk's history.

use super::*;

on_both_databases!(
    thousands_of_tickets_are_imported_at_once,
    an_import_can_be_repeated_and_continued,
    an_import_with_a_conflict_keeps_nothing_and_names_the_ticket,
    an_impossible_ticket_is_refused_by_name,
    an_imported_ticket_behaves_like_a_closed_one,
    overlapping_imports_at_once_do_not_block_each_other,
);

fn history(count: usize) -> Vec<ClosedTicket> {
    let ticket = |n: usize| closed_ticket(&format!("t-{n}"), &format!("u-{}", n % 100), 10);
    (0..count).map(ticket).collect()
}

async fn import(store: &Store, tickets: &[ClosedTicket]) -> Result<usize, StoreError> {
    store.import_closed(&TENANT, tickets, &rules(), minute(2_000)).await
}

async fn thousands_of_tickets_are_imported_at_once(database: &Database) {
    let store = database.store().await;
    let tickets = history(5_000);
    assert_eq!(import(&store, &tickets).await.unwrap(), 5_000);
    let history = store.customer_history(&TENANT, &name("u-7"), &name("t-7")).await.unwrap();
    assert_eq!(history.tickets.len(), 49);
    let ticket = stored(&store, "t-4999").await;
    assert_eq!((ticket.closed_at, ticket.details), (Some(minute(10)), with_priority("normal")));
    assert_eq!(import(&store, &tickets).await.unwrap(), 0);
}

async fn an_import_can_be_repeated_and_continued(database: &Database) {
    let store = database.store().await;
    assert_eq!(import(&store, &[]).await.unwrap(), 0);
    assert_eq!(import(&store, &history(3)).await.unwrap(), 3);
    let twice_each = [history(7), history(7)].concat();
    assert_eq!(import(&store, &twice_each).await.unwrap(), 4);
}

async fn an_import_with_a_conflict_keeps_nothing_and_names_the_ticket(database: &Database) {
    let store = database.store().await;
    import(&store, &[closed_ticket("t-600", "u-0", 10)]).await.unwrap();
    record(&store, &opening("open")).await;
    let mut tickets = history(700);
    tickets[600].closed_at = minute(11);
    assert_refused(import(&store, &tickets).await, "t-600");
    tickets.remove(600);
    tickets.push(closed_ticket("open", "u-9", 10));
    assert_refused(import(&store, &tickets).await, "open");
    assert_eq!(store.ticket(&TENANT, &name("t-0")).await.unwrap(), None);
    let twice = [closed_ticket("t-1", "u-1", 10), closed_ticket("t-1", "u-1", 11)];
    assert_refused(import(&store, &twice).await, "t-1");
}

async fn an_impossible_ticket_is_refused_by_name(database: &Database) {
    let store = database.store().await;
    assert_refused(import(&store, &[closed_ticket("t-1", "u-1", -1)]).await, "t-1");
    let mut ticket = closed_ticket("t-2", "u-1", 1);
    ticket.details.csat = Some(f64::INFINITY);
    assert_refused(import(&store, &[ticket]).await, "t-2");
}

fn assert_refused(imported: Result<usize, StoreError>, id: &str) {
    let Err(StoreError::ImportRefused { ticket_id, .. }) = imported else { panic!("{imported:?}") };
    assert_eq!(ticket_id.as_str(), id);
}

async fn an_imported_ticket_behaves_like_a_closed_one(database: &Database) {
    let store = database.store().await;
    import(&store, &[closed_ticket("t-1", "u-9", 10)]).await.unwrap();
    assert_eq!(record(&store, &opening("t-1")).await, TicketRecorded::Outdated);
    let later = record(&store, &update("t-1", 11, "high")).await;
    assert!(matches!(later, TicketRecorded::Conflict { .. }), "{later:?}");
    let same = ClosingEvent {
        closed_at: minute(10),
        category: Some(name("card_arrival")),
        details: with_priority("normal"),
    };
    let closed = close_with(&store, "t-1", &same, must_not_assess).await;
    assert_eq!(closed, TicketClosed::AlreadyClosed(stored(&store, "t-1").await));
    assert_eq!(store.tickets_by_risk(&TENANT, None, None, 10).await.unwrap(), []);

    // And a ticket that was closed here may stand in a later import.
    record(&store, &opening("t-2")).await;
    close_with(&store, "t-2", &same, |_, _| None).await;
    assert_eq!(import(&store, &[closed_ticket("t-2", "u-9", 10)]).await.unwrap(), 0);
}

async fn overlapping_imports_at_once_do_not_block_each_other(database: &Database) {
    let stores = [database.store().await, database.store().await];
    let mut reversed = history(1_500);
    reversed.reverse();
    let calls =
        [history(1_500), reversed].into_iter().zip(stores.clone()).map(|(tickets, store)| {
            tokio::spawn(async move { import(&store, &tickets).await.unwrap() })
        });
    let mut imported = 0;
    for call in calls.collect::<Vec<_>>() {
        imported += call.await.unwrap();
    }
    assert_eq!(imported, 1_500);
}
