//! The list of assessed tickets, page by page.

use super::*;
use recontact::store::TicketCursor;

on_both_databases!(
    pages_have_no_gaps_and_no_repeats_where_closings_coincide,
    a_band_lists_its_tickets_only,
    a_cursor_of_a_ticket_that_is_not_listed_still_has_its_place,
);

async fn closed(store: &Store, id: &str, at_minute: i64, band: &str) {
    record(store, &opening(id)).await;
    close_with(store, id, &closing(at_minute), |_, _| Some(assessment(band))).await;
}

async fn all_pages(store: &Store, band: Option<&str>, limit: u32) -> Vec<String> {
    let mut ids = Vec::new();
    let mut after: Option<TicketCursor> = None;
    loop {
        let page = store.tickets_by_risk(&TENANT, band, after.as_ref(), limit).await.unwrap();
        assert!(page.len() <= limit as usize);
        ids.extend(page.iter().map(|ticket| ticket.id.to_string()));
        match page.last() {
            Some(last) => after = last.cursor(),
            None => return ids,
        }
    }
}

async fn pages_have_no_gaps_and_no_repeats_where_closings_coincide(database: &Database) {
    let store = database.store().await;
    for id in ["a", "b", "c", "d", "e"] {
        closed(&store, id, 10, "high").await;
    }
    closed(&store, "f", 11, "low").await;
    closed(&store, "g", 9, "high").await;
    record(&store, &opening("open")).await;
    let expected = ["f", "e", "d", "c", "b", "a", "g"];
    for limit in 1..=8 {
        assert_eq!(all_pages(&store, None, limit).await, expected, "{limit}");
    }
    let first = &store.tickets_by_risk(&TENANT, None, None, 1).await.unwrap()[0];
    assert_eq!(*first, stored(&store, "f").await);
}

async fn a_band_lists_its_tickets_only(database: &Database) {
    let store = database.store().await;
    for (number, id) in ["a", "b", "c", "d"].iter().enumerate() {
        closed(&store, id, 10, if number % 2 == 0 { "high" } else { "low" }).await;
    }
    for limit in 1..=3 {
        assert_eq!(all_pages(&store, Some("high"), limit).await, ["c", "a"]);
        assert_eq!(all_pages(&store, Some("low"), limit).await, ["d", "b"]);
        assert!(all_pages(&store, Some("none"), limit).await.is_empty());
    }
}

async fn a_cursor_of_a_ticket_that_is_not_listed_still_has_its_place(database: &Database) {
    let store = database.store().await;
    closed(&store, "a", 10, "high").await;
    closed(&store, "c", 10, "high").await;
    let after = TicketCursor { closed_at: minute(10), id: name("b") };
    let page = store.tickets_by_risk(&TENANT, None, Some(&after), 10).await.unwrap();
    assert_eq!(page.iter().map(|ticket| ticket.id.as_str()).collect::<Vec<_>>(), ["a"]);
}
