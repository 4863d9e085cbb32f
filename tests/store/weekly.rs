//! Deliveries of weekly reports.

use super::*;
use recontact::kpi::Day;
use recontact::store::DeliveryKey;

on_both_databases!(a_delivery_is_in_one_hand_at_a_time_and_over_once_it_was_sent);

fn key(receiver: &str) -> DeliveryKey<'_> {
    DeliveryKey { week: Day::from_number(20_480), receiver }
}

async fn a_delivery_is_in_one_hand_at_a_time_and_over_once_it_was_sent(database: &Database) {
    let store = database.store().await;
    let take = async |receiver: &'static str, holder: &'static str, at: i64| {
        let (now, until) = (minute(at), minute(at + 10));
        store.take_weekly_delivery(&TENANT, key(receiver), holder, now, until).await.unwrap()
    };
    let holds = async |holder: &'static str| {
        store.holds_weekly_delivery(&TENANT, key("folder"), holder).await.unwrap()
    };
    assert!(store.newest_weekly_deliveries(&TENANT).await.unwrap().is_empty());
    assert_eq!(take("folder", "one", 0).await, Some(1));
    assert_eq!(take("folder", "two", 9).await, None);
    assert_eq!(take("webhook", "two", 9).await, Some(1));
    assert!(holds("one").await && !holds("two").await);
    // The first one is lost; the second one takes over, and what the first one says later changes nothing.
    assert_eq!(take("folder", "two", 10).await, Some(2));
    store.fail_weekly_delivery(&TENANT, key("folder"), "one", "late", minute(99)).await.unwrap();
    assert!(holds("two").await);
    store.fail_weekly_delivery(&TENANT, key("folder"), "two", "full", minute(30)).await.unwrap();
    assert!(!holds("two").await);
    let found = store.newest_weekly_deliveries(&TENANT).await.unwrap();
    let told = (found[0].receiver.as_str(), found[0].error.as_deref(), found[0].due_at);
    assert_eq!(told, ("folder", Some("full"), minute(30)));
    assert_eq!((found.len(), found[0].attempts, found[0].week), (2, 2, key("folder").week));
    assert_eq!(take("folder", "three", 29).await, None);
    assert_eq!(take("folder", "three", 30).await, Some(3));
    store.finish_weekly_delivery(&TENANT, key("folder"), "three", minute(31)).await.unwrap();
    let found = store.newest_weekly_deliveries(&TENANT).await.unwrap();
    assert_eq!((found[0].sent_at, found[0].error.as_deref()), (Some(minute(31)), None));
    assert_eq!(take("folder", "four", 99_999).await, None);
    // Another week is another delivery, and the newest one is told.
    let later = DeliveryKey { week: Day::from_number(20_487), receiver: "folder" };
    let (now, until) = (minute(40), minute(50));
    let taken = store.take_weekly_delivery(&TENANT, later, "one", now, until).await.unwrap();
    assert_eq!(taken, Some(1));
    let found = store.newest_weekly_deliveries(&TENANT).await.unwrap();
    assert_eq!((found.len(), found[0].week), (1, later.week));
}
