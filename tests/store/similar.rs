//! Vectors of contacts in the order of their changes, whoever writes at once.

use super::timeline::{about, contact, say};
use super::*;
use recontact::identity::{Identity, IdentityKind};
use recontact::outcome::TextVector;
use recontact::store::{ContactAnalysis, EmbeddingChange, ErasureRequest};
use std::collections::BTreeSet;

on_both_databases!(
    additions_and_erasures_are_told_in_the_order_of_their_changes,
    whoever_follows_the_changes_misses_none_while_many_are_written,
    what_an_earlier_version_stored_has_no_encoder_and_is_not_compared,
);

fn embedded(encoder: &str) -> ContactAnalysis {
    ContactAnalysis {
        embedding: TextVector::from_embedding(&[1.0, 0.5]),
        encoder: Some(encoder.to_owned()),
        ..about("card_arrival")
    }
}

async fn changes(store: &Store, after: i64) -> Vec<EmbeddingChange> {
    store.embedding_changes(&TENANT, "encoder-1", after, 100).await.unwrap()
}

fn told(changes: &[EmbeddingChange]) -> Vec<(&str, bool)> {
    changes.iter().map(|change| (change.contact.as_str(), change.vector.is_some())).collect()
}

async fn additions_and_erasures_are_told_in_the_order_of_their_changes(database: &Database) {
    let store = database.store().await;
    for (id, customer, encoder) in
        [("c-1", "u-1", "encoder-1"), ("c-2", "u-2", "encoder-2"), ("c-3", "u-2", "encoder-1")]
    {
        say(&store, &contact(id, customer, minute(0)), &embedded(encoder)).await;
    }
    say(&store, &contact("c-4", "u-1", minute(0)), &about("card_arrival")).await;
    let first = changes(&store, 0).await;
    assert_eq!(told(&first), [("c-1", true), ("c-2", false), ("c-3", true)]);
    let request = ErasureRequest {
        identity: Identity::parse(IdentityKind::Customer, "u-2").unwrap(),
        author: name("privacy"),
        reason: "asked for it".to_owned(),
        random: [7; 32],
        is_dry_run: false,
    };
    store.erase_customer(&TENANT, &request, minute(10)).await.unwrap().unwrap();
    let since = changes(&store, first[2].change).await;
    let gone: BTreeSet<_> = told(&since).into_iter().collect();
    assert_eq!(gone, BTreeSet::from([("c-2", false), ("c-3", false)]));
    assert!(changes(&store, since[1].change).await.is_empty());
    let span = store.embedding_span(&TENANT, "encoder-1", 10).await.unwrap();
    assert_eq!((span.after, span.of_other_encoders), (0, 0), "what was erased is of no encoder");
    let span = store.embedding_span(&TENANT, "encoder-3", 10).await.unwrap();
    assert_eq!(span.of_other_encoders, 1);
}

async fn whoever_follows_the_changes_misses_none_while_many_are_written(database: &Database) {
    const WRITERS: usize = 4;
    const EACH: usize = 12;
    let store = database.store().await;
    let writers = (0..WRITERS).map(|writer| {
        let store = store.clone();
        tokio::spawn(async move {
            for number in 0..EACH {
                let id = format!("c-{writer}-{number}");
                let contact = contact(&id, &format!("u-{writer}"), minute(0));
                say(&store, &contact, &embedded("encoder-1")).await;
            }
        })
    });
    let mut writers: Vec<_> = writers.collect();
    let (mut seen, mut last) = (BTreeSet::new(), 0);
    while seen.len() < WRITERS * EACH {
        let is_over = writers.iter().all(tokio::task::JoinHandle::is_finished);
        for change in changes(&store, last).await {
            last = change.change;
            assert!(seen.insert(change.contact), "told twice");
        }
        assert!(!is_over || seen.len() == WRITERS * EACH, "{} of {}", seen.len(), WRITERS * EACH);
        tokio::task::yield_now().await;
    }
    for writer in writers.drain(..) {
        writer.await.unwrap();
    }
}

async fn what_an_earlier_version_stored_has_no_encoder_and_is_not_compared(database: &Database) {
    let store = database.store().await;
    let earlier = ContactAnalysis { encoder: None, ..embedded("encoder-1") };
    say(&store, &contact("c-1", "u-1", minute(0)), &earlier).await;
    assert!(changes(&store, 0).await.is_empty());
    let found = store.contact_vector(&TENANT, &name("c-1")).await.unwrap().unwrap();
    assert!(found.vector.is_some() && found.encoder.is_none());
    assert_eq!(store.contact_vector(&TENANT, &name("c-2")).await.unwrap(), None);
}
