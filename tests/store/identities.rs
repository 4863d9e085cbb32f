//! One person under several identities: merged, undone, several at once.

use super::timeline::*;
use super::*;
use recontact::contact::Contact;
use recontact::identity::{Identity, IdentityKind};
use recontact::outcome::Outcome;
use recontact::store::{ChangeCause, IdentitiesMerged, MergeUndone};

on_both_databases!(
    identities_that_come_with_one_contact_are_one_person,
    the_history_of_a_person_covers_all_identities,
    a_merge_derives_outcomes_anew_and_says_so,
    merging_and_undoing_leaves_everything_as_it_was,
    a_closing_is_parallel_while_the_tickets_belong_to_one_person,
    an_undone_merge_is_not_made_again_by_itself,
    a_person_of_three_identities_falls_apart_where_the_merge_was,
    the_same_merge_and_the_same_undoing_again_change_nothing,
    merges_at_once_make_one_person,
);

fn email(text: &str) -> Identity {
    Identity::parse(IdentityKind::Email, text).unwrap()
}

fn customer(id: &str) -> Identity {
    name(id).into()
}

async fn merge(store: &Store, a: &Identity, b: &Identity, at: f64) -> IdentitiesMerged {
    let author = name("lead");
    store.merge_identities(&TENANT, a, b, &author, "same name", &rules(), day(at)).await.unwrap()
}

async fn merged(store: &Store, a: &Identity, b: &Identity, at: f64) -> String {
    match merge(store, a, b, at).await {
        IdentitiesMerged::Merged(merge) => merge.id,
        other => panic!("{other:?}"),
    }
}

async fn undo(store: &Store, id: &str, at: f64) -> MergeUndone {
    store.undo_merge(&TENANT, id, &name("lead"), "two people", &rules(), day(at)).await.unwrap()
}

async fn a_closing_is_parallel_while_the_tickets_belong_to_one_person(database: &Database) {
    let store = database.store().await;
    solve(&store, "t-1", "u-1", "card_arrival", 0.0, 1.0).await;
    solve(&store, "t-2", "u-2", "card_arrival", 0.5, 2.0).await;
    let parallel = async || {
        let of = async |id: &str| episodes(&store, id).await[0].episode.is_parallel;
        (of("t-1").await, of("t-2").await)
    };
    assert_eq!(parallel().await, (false, false));
    let id = merged(&store, &customer("u-1"), &customer("u-2"), 3.0).await;
    assert_eq!(parallel().await, (true, false));
    undo(&store, &id, 4.0).await;
    assert_eq!(parallel().await, (false, false));
}

/// A contact that only names an address.
fn from_address(id: &str, address: &str, at: f64) -> Contact {
    Contact { customer: email(address), ..contact(id, "nobody", day(at)) }
}

async fn identities_that_come_with_one_contact_are_one_person(database: &Database) {
    let store = database.store().await;
    solve(&store, "t-1", "u-1", "card_arrival", 0.0, 1.0).await;
    say(&store, &from_address("c-1", "a@b.c", 2.0), &about("card_arrival")).await;
    assert_eq!(outcome(&store, "t-1", 14).await, Outcome::None);
    let both = Contact { also_known_as: vec![email(" A@B.C ")], ..contact("c-2", "u-1", day(9.0)) };
    say(&store, &both, &about("lost_card")).await;
    assert_eq!(outcome(&store, "t-1", 3).await, Outcome::Explicit);
    let merges = store.identity_merges(&TENANT, 10).await.unwrap();
    assert_eq!(merges.len(), 1, "{merges:?}");
    assert_eq!(merges[0].author, name("system"));
    assert!(merges[0].reason.contains("c-2") && !merges[0].reason.contains('@'), "{merges:?}");
}

async fn the_history_of_a_person_covers_all_identities(database: &Database) {
    let store = database.store().await;
    solve(&store, "t-1", "u-1", "card_arrival", 0.0, 1.0).await;
    solve(&store, "t-2", "u-2", "card_arrival", 0.0, 1.0).await;
    let history = async |id: &str| {
        store.customer_history(&TENANT, &name(id), &name("t-none")).await.unwrap().tickets.len()
    };
    assert_eq!((history("u-1").await, history("u-9").await), (1, 0));
    merged(&store, &customer("u-1"), &customer("u-2"), 2.0).await;
    assert_eq!((history("u-1").await, history("u-2").await), (2, 2));
    let event = TicketEvent { customer_id: name("u-2"), opened_at: day(3.0), ..opening("t-3") };
    store.record_ticket(&TENANT, &event, &rules(), day(3.0)).await.unwrap();
    let closing = ClosingEvent { closed_at: day(4.0), ..closing(0) };
    close_with(&store, "t-3", &closing, |_, history| {
        assert_eq!(history.tickets.len(), 2);
        None
    })
    .await;
    assert_eq!(outcome(&store, "t-1", 3).await, Outcome::Explicit);
}

async fn a_merge_derives_outcomes_anew_and_says_so(database: &Database) {
    let store = database.store().await;
    solve(&store, "t-1", "u-1", "card_arrival", 0.0, 1.0).await;
    say(&store, &from_address("c-1", "a@b.c", 2.0), &about("card_arrival")).await;
    let id = merged(&store, &customer("u-1"), &email("a@b.c"), 20.0).await;
    let changes = episodes(&store, "t-1").await.remove(0).changes;
    assert_eq!((changes.len(), changes[0].cause), (1, ChangeCause::Merge));
    undo(&store, &id, 21.0).await;
    let changes = episodes(&store, "t-1").await.remove(0).changes;
    assert_eq!((changes.len(), changes[1].cause), (2, ChangeCause::Unmerge));
    assert_eq!(changes[1].after, changes[0].before);
}

async fn merging_and_undoing_leaves_everything_as_it_was(database: &Database) {
    let store = database.store().await;
    let mut ids = Vec::new();
    for n in 0..12 {
        let (id, of) = (format!("t-{n}"), format!("u-{}", n % 3));
        let start = f64::from(n) * 2.3;
        let category = ["card_arrival", "activate_card", "lost_card"][(n % 4 % 3) as usize];
        solve(&store, &id, &of, category, start, start + 1.0).await;
        say(&store, &contact(&format!("c-{n}"), &of, day(start + 1.7)), &about(category)).await;
        ids.push(id);
    }
    let all = async || {
        let mut all = Vec::new();
        for id in &ids {
            all.push(recontacts(&store, id).await);
        }
        all
    };
    let before = all().await;
    let first = merged(&store, &customer("u-0"), &customer("u-1"), 60.0).await;
    let between = all().await;
    assert_ne!(before, between);
    let second = merged(&store, &customer("u-2"), &customer("u-1"), 61.0).await;
    assert_ne!(all().await, between);
    undo(&store, &second, 62.0).await;
    assert_eq!(all().await, between);
    undo(&store, &first, 63.0).await;
    assert_eq!(all().await, before);
}

async fn an_undone_merge_is_not_made_again_by_itself(database: &Database) {
    let store = database.store().await;
    let both = |id: &str, at: f64| Contact {
        also_known_as: vec![email("a@b.c")],
        ..contact(id, "u-1", day(at))
    };
    say(&store, &both("c-1", 1.0), &about("card_arrival")).await;
    let id = store.identity_merges(&TENANT, 10).await.unwrap().remove(0).id;
    undo(&store, &id, 2.0).await;
    say(&store, &both("c-2", 3.0), &about("card_arrival")).await;
    let merges = store.identity_merges(&TENANT, 10).await.unwrap();
    assert!(merges.len() == 1 && merges[0].undone_at == Some(day(2.0)), "{merges:?}");
    // A person can make it again.
    let again = merged(&store, &email("a@b.c"), &customer("u-1"), 4.0).await;
    assert_ne!(again, id);
}

async fn a_person_of_three_identities_falls_apart_where_the_merge_was(database: &Database) {
    let store = database.store().await;
    for (n, id) in ["u-1", "u-2", "u-3"].into_iter().enumerate() {
        solve(&store, &format!("t-{n}"), id, "card_arrival", 0.0, 1.0).await;
    }
    let seen = async |id: &str| {
        store.customer_history(&TENANT, &name(id), &name("-")).await.unwrap().tickets.len()
    };
    let first = merged(&store, &customer("u-1"), &customer("u-2"), 2.0).await;
    merged(&store, &customer("u-2"), &customer("u-3"), 3.0).await;
    assert_eq!((seen("u-1").await, seen("u-3").await), (3, 3));
    let circle = merged(&store, &customer("u-3"), &customer("u-1"), 4.0).await;
    undo(&store, &first, 5.0).await;
    assert_eq!((seen("u-1").await, seen("u-2").await), (3, 3), "still connected the other way");
    undo(&store, &circle, 6.0).await;
    assert_eq!((seen("u-1").await, seen("u-2").await, seen("u-3").await), (1, 2, 2));
}

async fn the_same_merge_and_the_same_undoing_again_change_nothing(database: &Database) {
    let store = database.store().await;
    let (a, b) = (customer("u-1"), email("a@b.c"));
    let id = merged(&store, &a, &b, 1.0).await;
    let again = merge(&store, &b, &a, 2.0).await;
    assert!(matches!(&again, IdentitiesMerged::Unchanged(merge) if merge.id == id), "{again:?}");
    assert_eq!(merge(&store, &a, &a, 2.0).await, IdentitiesMerged::SameIdentity);
    assert!(matches!(undo(&store, &id, 3.0).await, MergeUndone::Undone(_)));
    let again = undo(&store, &id, 4.0).await;
    assert!(
        matches!(&again, MergeUndone::Unchanged(m) if m.undone_at == Some(day(3.0))),
        "{again:?}"
    );
    assert_eq!(undo(&store, "none", 5.0).await, MergeUndone::UnknownMerge);
}

async fn merges_at_once_make_one_person(database: &Database) {
    // Two stores stand for two processes.
    let stores = [database.store().await, database.store().await];
    for n in 0..6 {
        solve(&stores[0], &format!("t-{n}"), &format!("u-{n}"), "card_arrival", 0.0, 1.0).await;
    }
    let calls: Vec<_> = (0..5)
        .map(|n| {
            let store = stores[n % 2].clone();
            let [a, b] = [customer(&format!("u-{n}")), customer(&format!("u-{}", n + 1))];
            tokio::spawn(async move { merge(&store, &a, &b, 2.0).await })
        })
        .collect();
    for call in calls {
        assert!(matches!(call.await.unwrap(), IdentitiesMerged::Merged(_)));
    }
    for n in 0..6 {
        let customer = name(&format!("u-{n}"));
        let history = stores[0].customer_history(&TENANT, &customer, &name("-")).await.unwrap();
        assert_eq!(history.tickets.len(), 6, "u-{n}");
    }
}
