//! Feedback: recorded once, beside the prediction, and without its words once the customer is erased.

use super::timeline::*;
use super::*;
use recontact::contact::Head;
use recontact::store::{
    ContactAnalysis, ErasureRequest, FeedbackCursor, FeedbackFilter, FeedbackRecorded, NewFeedback,
};

on_both_databases!(
    feedback_is_recorded_once_with_the_prediction,
    a_head_that_abstained_predicted_nothing,
    feedback_at_once_is_recorded_once,
    pages_go_on_where_they_ended,
    the_last_word_on_a_contact_counts,
    an_erased_customers_feedback_loses_its_words_and_counts_on,
);

const CLASSIFICATION: &str = r#"{"category":"card_arrival","probability":0.75,"action":"auto","labels":[],
    "urgency":{"label":"high","probability":0.5,"action":"suggest","source":{"model":"urgency-1"}},
    "team":{"label":null,"probability":null,"action":"abstain","source":{"rules":"rules-1"}},"kind":null}"#;

async fn classified(store: &Store, id: &str) {
    let classification_json = CLASSIFICATION.to_owned();
    let model_version = "category-1".to_owned();
    let analysis = ContactAnalysis { classification_json, model_version, ..about("card_arrival") };
    say(store, &contact(id, "u-1", day(1.0)), &analysis).await;
}

fn said(contact: &str, head: Head, label: &str, at: f64) -> NewFeedback {
    NewFeedback {
        contact_id: name(contact),
        head,
        label: name(label),
        author: name("agent-1"),
        occurred_at: day(at),
        note: Some("secret-words".to_owned()),
        is_known_label: Some(true),
    }
}

async fn send(store: &Store, said: &NewFeedback) -> FeedbackRecorded {
    store.record_feedback(&TENANT, said, day(20.0)).await.unwrap()
}

async fn feedback_is_recorded_once_with_the_prediction(database: &Database) {
    let store = database.store().await;
    let urgency = said("c-1", Head::Urgency, "low", 2.0);
    assert_eq!(send(&store, &urgency).await, FeedbackRecorded::UnknownContact);
    classified(&store, "c-1").await;
    let FeedbackRecorded::Recorded(first) = send(&store, &urgency).await else { panic!("new") };
    assert_eq!(first.said, urgency);
    let prediction = &first.prediction;
    assert_eq!(prediction.label, Some(name("high")));
    assert!((prediction.probability.unwrap().value() - 0.5).abs() < 1e-12);
    assert_eq!(prediction.action.as_deref(), Some("suggest"));
    assert_eq!(prediction.model_version.as_deref(), Some("urgency-1"));
    // The model may have changed in between: what was recorded stays.
    let again = NewFeedback { is_known_label: None, ..urgency.clone() };
    assert_eq!(send(&store, &again).await, FeedbackRecorded::Unchanged(first.clone()));
    let other = NewFeedback { note: None, ..urgency.clone() };
    assert_eq!(send(&store, &other).await, FeedbackRecorded::Conflict);
    let filter = FeedbackFilter { head: Some(Head::Urgency), ..FeedbackFilter::default() };
    assert_eq!(store.feedback(&TENANT, &filter, None, 10).await.unwrap(), [first]);
    let FeedbackRecorded::Recorded(category) =
        send(&store, &said("c-1", Head::Category, "card_arrival", 2.0)).await
    else {
        panic!("new")
    };
    assert_eq!(category.prediction.label, Some(name("card_arrival")));
    assert_eq!(category.prediction.model_version.as_deref(), Some("category-1"));
}

async fn a_head_that_abstained_predicted_nothing(database: &Database) {
    let store = database.store().await;
    classified(&store, "c-1").await;
    send(&store, &said("c-1", Head::Team, "cards", 2.0)).await;
    send(&store, &said("c-1", Head::Kind, "complaint", 2.0)).await;
    let found = store.feedback(&TENANT, &FeedbackFilter::default(), None, 10).await.unwrap();
    let told: Vec<_> = found
        .iter()
        .map(|found| (found.said.head, &found.prediction.label, found.prediction.action.as_deref()))
        .collect();
    assert_eq!(told, [(Head::Kind, &None, None), (Head::Team, &None, Some("abstain"))]);
    let counts = store.feedback_counts(&TENANT, None).await.unwrap();
    assert!(counts.iter().all(|count| (count.total, count.overridden) == (1, 0)), "{counts:?}");
}

async fn feedback_at_once_is_recorded_once(database: &Database) {
    let store = database.store().await;
    classified(&store, "c-1").await;
    let said = said("c-1", Head::Category, "activate_card", 2.0);
    let (a, b, c) = tokio::join!(send(&store, &said), send(&store, &said), send(&store, &said));
    let new = [a, b, c].iter().filter(|done| matches!(done, FeedbackRecorded::Recorded(_))).count();
    assert_eq!(new, 1);
}

async fn pages_go_on_where_they_ended(database: &Database) {
    let store = database.store().await;
    for id in ["c-1", "c-2"] {
        classified(&store, id).await;
        for head in Head::ALL {
            send(&store, &said(id, head, "any", 2.0)).await;
        }
    }
    let all = store.feedback(&TENANT, &FeedbackFilter::default(), None, 100).await.unwrap();
    assert_eq!(all.len(), 2 * Head::ALL.len());
    let (mut paged, mut after) = (Vec::new(), None);
    loop {
        let filter = FeedbackFilter::default();
        let page = store.feedback(&TENANT, &filter, after.as_ref(), 3).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(FeedbackCursor {
            occurred_at: last.said.occurred_at,
            contact_id: last.said.contact_id.clone(),
            head: last.said.head,
            author: last.said.author.clone(),
        });
        paged.extend(page);
    }
    assert_eq!(paged, all);
    let none = FeedbackFilter { since: Some(day(2.5)), ..FeedbackFilter::default() };
    assert_eq!(store.feedback(&TENANT, &none, None, 10).await.unwrap(), []);
}

async fn the_last_word_on_a_contact_counts(database: &Database) {
    let store = database.store().await;
    classified(&store, "c-1").await;
    send(&store, &said("c-1", Head::Category, "card_arrival", 3.0)).await;
    send(&store, &said("c-1", Head::Category, "activate_card", 2.0)).await;
    let counts = store.feedback_counts(&TENANT, None).await.unwrap();
    assert_eq!(counts.len(), 1, "{counts:?}");
    assert_eq!((counts[0].total, counts[0].overridden), (1, 0));
    send(&store, &said("c-1", Head::Category, "activate_card", 4.0)).await;
    let counts = store.feedback_counts(&TENANT, Some(day(3.5))).await.unwrap();
    assert_eq!((counts[0].total, counts[0].overridden), (1, 1));
}

async fn an_erased_customers_feedback_loses_its_words_and_counts_on(database: &Database) {
    let store = database.store().await;
    classified(&store, "c-1").await;
    let said = said("c-1", Head::Category, "activate_card", 2.0);
    send(&store, &said).await;
    let counts = store.feedback_counts(&TENANT, None).await.unwrap();
    let request = ErasureRequest {
        identity: name("u-1").into(),
        author: name("privacy"),
        reason: "asked for it".to_owned(),
        random: [7; 32],
        is_dry_run: false,
    };
    let report = store.erase_customer(&TENANT, &request, day(30.0)).await.unwrap().unwrap();
    assert_eq!(report.corrections, 1);
    let left = store.feedback(&TENANT, &FeedbackFilter::default(), None, 10).await.unwrap();
    assert_eq!(left[0].said, NewFeedback { note: None, ..said.clone() });
    assert_eq!(store.feedback_counts(&TENANT, None).await.unwrap(), counts, "figures stay");
    assert_eq!(send(&store, &said).await, FeedbackRecorded::UnknownContact, "words stay away");
}
