//! Whether what the models see and say has changed, over HTTP.

use crate::dashboard::{Browser, add_user, assert_says};
use crate::filler::DAY;
use crate::helpers::{TestApp, spawn_app, spawn_app_in};
use crate::trained;
use recontact::contact::{Contact, ContactText};
use recontact::outcome::{AdjacentPairs, Author, ContactKind, OutcomePolicy, TextVector};
use recontact::store::{ContactAnalysis, CustomerKey, OutcomeRules, Store, StoreOptions, Tenant};
use recontact::ticket::Name;
use recontact::timestamp::Timestamp;
use recontact::user::Role;
use serde_json::{Value, json};

const EACH: i64 = 40;

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

fn analysis(category: &str, probability: f64, vector: [f32; 2]) -> ContactAnalysis {
    let classification = json!({"category": category, "probability": probability,
        "alternatives": [], "action": "auto", "reason": null, "language": "en"});
    ContactAnalysis {
        classification_json: classification.to_string(),
        model_version: "category-1".to_owned(),
        category: Some(name(category)),
        category_is_certain: true,
        embedding: TextVector::from_embedding(&vector),
        encoder: Some("encoder-1".to_owned()),
        kind: ContactKind::Substantive,
        kind_rule: "default".to_owned(),
    }
}

/// A service whose contacts of three weeks ago are about cards and whose contacts of yesterday are about `category`.
fn spawn_with(category: &str, probability: f64, vector: [f32; 2]) -> TestApp {
    let folder = tempfile::tempdir().unwrap();
    trained::install(&folder.path().join("models"));
    let url = format!("sqlite:{}", folder.path().join("recontact.db").display());
    let key = "07".repeat(CustomerKey::BYTES);
    std::fs::write(folder.path().join("customer.key"), &key).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let key = CustomerKey::parse(&key).unwrap();
        let store = Store::connect(&url, key, StoreOptions::default()).await.unwrap();
        let now = Timestamp::now().millis();
        let usual = analysis("card", 0.9, [1.0, 0.1]);
        let recent = analysis(category, probability, vector);
        for number in 0..EACH {
            say(&store, &format!("old-{number}"), now - 21 * DAY, &usual).await;
            say(&store, &format!("new-{number}"), now - DAY, &recent).await;
        }
        store.close().await;
    });
    spawn_app_in(folder, |settings| settings.monitoring.min_n = 20)
}

async fn say(store: &Store, id: &str, at: i64, analysis: &ContactAnalysis) {
    let at = Timestamp::from_millis(at).unwrap();
    let contact = Contact {
        id: name(id),
        customer: name(id).into(),
        also_known_as: Vec::new(),
        author: Author::Customer,
        stated_kind: None,
        follow_up_id: None,
        ticket_id: None,
        occurred_at: at,
        channel: None,
        text: ContactText::parse(id, 100).unwrap(),
    };
    let (pairs, policy) = (AdjacentPairs::default(), OutcomePolicy::default());
    let rules = OutcomeRules { pairs: &pairs, policy: &policy, late_after_ms: DAY };
    store.record_contact(&Tenant::DEFAULT, &contact, analysis, &rules, at).await.unwrap();
}

fn figure<'a>(report: &'a Value, name: &str) -> &'a Value {
    let figures = report["figures"].as_array().unwrap();
    figures.iter().find(|figure| figure["name"] == name).unwrap()
}

#[test]
fn contacts_that_are_about_something_else_alert() {
    let app = spawn_with("loan", 0.5, [0.1, 1.0]);
    let report = app.get("/v1/monitoring").expect(200);
    assert_eq!(report["status"], "alert");
    for name in [
        "category_labels",
        "category_probability",
        "category_expected_accuracy",
        "embedding_domain",
    ] {
        assert_eq!(figure(&report, name)["status"], "alert", "{name}: {report:#}");
    }
    let labels = figure(&report, "category_labels");
    assert_eq!(labels["n"], json!({"reference": EACH, "current": EACH}));
    assert_eq!(labels["model_versions"]["current"], json!(["category-1"]));
    assert!((labels["value"].as_f64().unwrap() - 1.0).abs() < 1e-9);
    assert!(labels["definition"].as_str().unwrap().ends_with('.'));
    assert_eq!(figure(&report, "contact_languages")["status"], "ok");
    assert_eq!(figure(&report, "risk_probability")["status"], "too_few");
    let metrics = app.get("/metrics");
    assert!(metrics.text().contains("recontact_monitoring_status{figure=\"category_labels\""));
    // People see it on the first page.
    add_user(&app, "max", Role::Manager, None);
    let page = Browser::signed_in(&app, "max").get("/overview");
    assert_says(&page, 200, "figures are alerts:");
    assert_says(&page, 200, "<code>category_labels</code>");
}

#[test]
fn contacts_like_those_before_are_in_order_and_the_figures_are_kept() {
    let app = spawn_with("card", 0.9, [1.0, 0.1]);
    let report = app.get("/v1/monitoring").expect(200);
    assert_eq!(report["status"], "ok", "{report:#}");
    assert_eq!(app.get("/v1/monitoring").expect(200), report);
}

#[test]
fn without_contacts_there_are_too_few() {
    let report = spawn_app().get("/v1/monitoring").expect(200);
    assert_eq!((&report["status"], &report["encoder"]), (&json!("too_few"), &Value::Null));
}
