//! Contacts: classified once, known again without their text.

use super::*;
use recontact::contact::{Contact, ContactText};
use recontact::identity::{Identity, IdentityKind};
use recontact::outcome::{Author, ContactKind};
use recontact::store::{ContactAnalysis, ContactRecorded};

on_both_databases!(
    a_contact_is_recorded_once,
    a_contact_with_other_content_is_a_conflict,
    a_contact_of_another_tenant_is_another_contact,
    many_records_at_once_keep_one_classification,
);

fn contact(id: &str, text: &str) -> Contact {
    Contact {
        id: name(id),
        customer: name("u-9").into(),
        also_known_as: Vec::new(),
        author: Author::Customer,
        stated_kind: None,
        follow_up_id: None,
        ticket_id: Some(name("t-1")),
        occurred_at: minute(0),
        channel: None,
        text: ContactText::parse(text, 1000).unwrap(),
    }
}

fn analysis(classification: &str) -> ContactAnalysis {
    ContactAnalysis {
        classification_json: classification.to_owned(),
        model_version: "category-1".to_owned(),
        category: Some(name("card_arrival")),
        category_is_certain: true,
        embedding: None,
        encoder: None,
        kind: ContactKind::Substantive,
        kind_rule: "default".to_owned(),
        text: None,
    }
}

async fn record_contact(store: &Store, contact: &Contact, classification: &str) -> ContactRecorded {
    let analysis = analysis(classification);
    store.record_contact(&TENANT, contact, &analysis, &rules(), minute(1)).await.unwrap()
}

fn unchanged(classification: &str) -> ContactRecorded {
    ContactRecorded::Unchanged {
        classification_json: classification.to_owned(),
        model_version: "category-1".to_owned(),
        kind: ContactKind::Substantive,
        kind_rule: "default".to_owned(),
    }
}

async fn a_contact_is_recorded_once(database: &Database) {
    let store = database.store().await;
    let contact = contact("c-1", "My card has not arrived");
    assert_eq!(store.contact_recorded(&TENANT, &contact).await.unwrap(), None);
    assert_eq!(record_contact(&store, &contact, r#"{"a":1}"#).await, ContactRecorded::Recorded);
    assert_eq!(record_contact(&store, &contact, r#"{"a":2}"#).await, unchanged(r#"{"a":1}"#));
    let found = store.contact_recorded(&TENANT, &contact).await.unwrap();
    assert_eq!(found, Some(unchanged(r#"{"a":1}"#)));
}

async fn a_contact_with_other_content_is_a_conflict(database: &Database) {
    let store = database.store().await;
    let first = contact("c-1", "My card has not arrived");
    record_contact(&store, &first, "{}").await;
    for other in [
        contact("c-1", "My card has not arrived!"),
        Contact { customer: name("u-8").into(), ..first.clone() },
        Contact { author: Author::Agent, ..first.clone() },
        Contact { stated_kind: Some(ContactKind::Spam), ..first.clone() },
        Contact { follow_up_id: Some(name("f-1")), ..first.clone() },
        Contact {
            also_known_as: vec![Identity::parse(IdentityKind::Email, "a@b.c").unwrap()],
            ..first.clone()
        },
        Contact { ticket_id: None, ..first.clone() },
        Contact { occurred_at: minute(1), ..first.clone() },
        Contact { channel: Some(name("email")), ..first.clone() },
    ] {
        let recorded = record_contact(&store, &other, "{}").await;
        assert!(matches!(recorded, ContactRecorded::Conflict { .. }), "{other:?}");
        let found = store.contact_recorded(&TENANT, &other).await.unwrap();
        assert_eq!(found, Some(recorded));
    }
    assert_eq!(record_contact(&store, &first, "{}").await, unchanged("{}"));
}

async fn a_contact_of_another_tenant_is_another_contact(database: &Database) {
    let store = database.store().await;
    let contact = contact("c-1", "My card has not arrived");
    record_contact(&store, &contact, "{}").await;
    let other = Tenant::new(name("other"));
    assert_eq!(store.contact_recorded(&other, &contact).await.unwrap(), None);
}

async fn many_records_at_once_keep_one_classification(database: &Database) {
    // Two stores stand for two processes.
    let stores = [database.store().await, database.store().await];
    let calls: Vec<_> = (0..16)
        .map(|number| {
            let store = stores[number % 2].clone();
            tokio::spawn(async move {
                record_contact(&store, &contact("c-1", "lost"), &number.to_string()).await
            })
        })
        .collect();
    let mut recorded = 0;
    let mut kept = Vec::new();
    for call in calls {
        match call.await.unwrap() {
            ContactRecorded::Recorded => recorded += 1,
            ContactRecorded::Unchanged { classification_json, .. } => {
                kept.push(classification_json);
            }
            other @ ContactRecorded::Conflict { .. } => panic!("{other:?}"),
        }
    }
    assert_eq!((recorded, kept.len()), (1, 15));
    assert!(kept.iter().all(|classification| *classification == kept[0]), "{kept:?}");
}
