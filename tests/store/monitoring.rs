//! What monitoring reads of each window.

use super::timeline::{about, contact, say};
use super::*;
use recontact::config::{CommandLineSettings, Settings};
use recontact::monitoring::{FeatureSample, Features, MonitoringOptions, Samples, Value, Windows};
use recontact::outcome::TextVector;
use recontact::store::{ContactAnalysis, ErasureRequest};

on_both_databases!(
    contacts_and_vectors_are_read_by_window,
    closings_come_with_their_outcome_once_it_is_mature,
    a_sample_of_many_stays_the_same,
    what_the_model_looked_at_is_read_from_the_reasons_until_they_are_erased,
);

const DAY: i64 = 1440;

fn options() -> MonitoringOptions {
    Settings::load(&CommandLineSettings::default()).unwrap().monitoring
}

async fn samples(store: &Store, options: &MonitoringOptions, now: Timestamp) -> Samples {
    let windows = Windows::ending(now, options);
    store.monitoring_samples(&TENANT, &windows, options, now).await.unwrap()
}

fn classified(encoder: &str) -> ContactAnalysis {
    ContactAnalysis {
        classification_json:
            r#"{"probability":null,"alternatives":[{"label":"a","probability":0.4}],
            "action":"abstain","reason":"low_probability","language":"en"}"#
                .to_owned(),
        category: None,
        embedding: TextVector::from_embedding(&[1.0, 0.5]),
        encoder: Some(encoder.to_owned()),
        ..about("card")
    }
}

async fn contacts_and_vectors_are_read_by_window(database: &Database) {
    let store = database.store().await;
    let now = minute(40 * DAY);
    for (id, at, encoder) in [
        ("too old", 4 * DAY, "one"),
        ("reference", 6 * DAY, "one"),
        ("of another encoder", 7 * DAY, "two"),
        ("current", 33 * DAY, "one"),
        ("of the future", 40 * DAY, "one"),
    ] {
        say(&store, &contact(id, "u-1", minute(at)), &classified(encoder)).await;
    }
    let read = samples(&store, &options(), now).await;
    assert_eq!((read.reference.contacts.len(), read.current.contacts.len()), (2, 1));
    assert_eq!(read.encoder.as_deref(), Some("one"));
    assert_eq!((read.reference.embeddings.len(), read.current.embeddings.len()), (1, 1));
    assert_eq!(read.current.embeddings[0].len(), 2);
    let told = &read.current.contacts[0];
    assert_eq!((told.probability, told.category.as_deref()), (Some(0.4), None));
    assert_eq!(told.reason.as_deref(), Some("low_probability"));
    assert_eq!((told.language.as_deref(), told.model_version.as_str()), (Some("en"), "category-1"));
    let other = Tenant::new(name("other"));
    let windows = Windows::ending(now, &options());
    let none = store.monitoring_samples(&other, &windows, &options(), now).await.unwrap();
    assert_eq!(none, Samples::default());
}

async fn closings_come_with_their_outcome_once_it_is_mature(database: &Database) {
    let store = database.store().await;
    for (id, customer) in [("t-1", "u-1"), ("t-2", "u-2")] {
        record(&store, &TicketEvent { customer_id: name(customer), ..opening(id) }).await;
        close_with(&store, id, &closing(60), |_, _| Some(assessment("high"))).await;
    }
    say(&store, &contact("again", "u-1", minute(DAY)), &about("card_arrival")).await;
    let early = samples(&store, &options(), minute(2 * DAY)).await;
    assert_eq!(early.current.closings.len(), 2);
    assert!(early.current.closings.iter().all(|closing| closing.repeated.is_none()));
    let late = samples(&store, &options(), minute(20 * DAY)).await;
    let mut repeated: Vec<_> = late.reference.closings.iter().map(|row| row.repeated).collect();
    repeated.sort_unstable();
    assert_eq!(repeated, [Some(false), Some(true)]);
    let row = &late.reference.closings[0];
    assert_eq!((row.band.as_str(), row.model_version.as_str()), ("high", "risk-1"));
    assert_eq!(row.category.as_deref(), Some("card_arrival"));
    assert!((row.probability - 0.3).abs() < 1e-12);
}

async fn what_the_model_looked_at_is_read_from_the_reasons_until_they_are_erased(
    database: &Database,
) {
    const BODY: &str = r#"{"reasons":[{"feature":"csat","value":null,"contribution":-0.5},
        {"feature":"tickets_7d","value":3,"contribution":0.25},{"feature":"channel","value":"ё","contribution":-1.5},
        {"feature":"sla_met","value":true,"contribution":0.125},
        {"feature":"calibration","value":0.5,"contribution":0.75}]}"#;
    let store = database.store().await;
    record(&store, &opening("t-1")).await;
    close_with(&store, "t-1", &closing(60), |_, _| {
        Some(Assessment { body: BODY.to_owned(), ..assessment("high") })
    })
    .await;
    let read = samples(&store, &options(), minute(DAY)).await;
    let mut expected = Features::new();
    for (name, value, contribution) in [
        ("csat", Value::Missing, -0.5),
        ("tickets_7d", Value::Number(3.0), 0.25),
        ("channel", Value::Category("ё"), -1.5),
        ("sla_met", Value::Category("true"), 0.125),
    ] {
        let mut sample = FeatureSample::default();
        sample.add(value, contribution);
        expected.insert(name.to_owned(), sample);
    }
    assert_eq!(read.current.features, expected, "calibration is no feature");
    assert_eq!(read.reference.features, Features::new());
    let request = ErasureRequest {
        identity: name("u-9").into(),
        author: name("privacy"),
        reason: "asked for it".to_owned(),
        random: [7; 32],
        is_dry_run: false,
    };
    store.erase_customer(&TENANT, &request, minute(DAY)).await.unwrap().unwrap();
    let left = samples(&store, &options(), minute(DAY)).await.current;
    assert_eq!((left.closings.len(), left.features), (1, Features::new()));
}

async fn a_sample_of_many_stays_the_same(database: &Database) {
    let store = database.store().await;
    for number in 0..12 {
        let at = minute(number);
        say(&store, &contact(&format!("c-{number}"), "u-1", at), &classified("one")).await;
    }
    let few = MonitoringOptions { max_rows: 5, max_embeddings: 3, ..options() };
    let once = samples(&store, &few, minute(DAY)).await;
    assert_eq!((once.current.contacts.len(), once.current.embeddings.len()), (5, 3));
    assert_eq!(once, samples(&store, &few, minute(DAY)).await);
}
