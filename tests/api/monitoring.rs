//! Whether what the models see and say has changed, over HTTP.

use crate::dashboard::{Browser, add_user, assert_says};
use crate::filler::DAY;
use crate::helpers::{TestApp, spawn_app, spawn_app_in, spawn_app_with};
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
        text: None,
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
    assert_says(&page, 200, "<li>Mix of categories</li>");
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

/// Closes a ticket of a customer of its own.
fn close(app: &TestApp, id: &str, closed_at: i64, priority: &str) {
    let at = |millis: i64| Timestamp::from_millis(millis).unwrap();
    let report = json!({"customer_id": id, "opened_at": at(closed_at - 7_200_000), "category": "Category 26",
        "priority": priority});
    app.report_ticket(id, &report).expect(201);
    app.close_ticket(id, &json!({"closed_at": at(closed_at)})).expect(200);
}

#[test]
fn a_feature_of_the_risk_model_that_changes_alerts_under_its_own_name() {
    let app = spawn_app_with(|settings| settings.monitoring.min_n = 20);
    let now = Timestamp::now().millis();
    for number in 0..30 {
        close(&app, &format!("old-{number}"), now - 21 * DAY - number * 60_000, "3");
        close(&app, &format!("new-{number}"), now - DAY - number * 60_000, "1");
    }
    // The figures of the service's start are kept for an hour.
    let later = Timestamp::from_millis(now + 2 * 3_600_000).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let computed = app.app.monitoring.report(&app.app.store, &app.app.tenant, later);
    runtime.block_on(computed).unwrap();
    let report = app.get("/v1/monitoring").expect(200);
    let figures = report["figures"].as_array().unwrap();
    let features: Vec<&Value> =
        figures.iter().filter(|figure| figure["name"] == "risk_feature").collect();
    let of = |name: &str| *features.iter().find(|figure| figure["label"] == name).unwrap();
    let priority = of("priority");
    assert_eq!(
        (&priority["measure"], &priority["status"]),
        (&json!("jensen_shannon"), &json!("alert"))
    );
    assert!((priority["value"].as_f64().unwrap() - 1.0).abs() < 1e-9, "{priority}");
    assert_eq!(priority["n"], json!({"reference": 30, "current": 30}));
    assert_eq!(priority["model_versions"]["current"], json!([trained::RISK]));
    let duration = of("duration_hours");
    assert_eq!(
        (&duration["measure"], &duration["status"]),
        (&json!("population_stability"), &json!("ok"))
    );
    let reassignments = of("reassignments");
    assert_eq!(reassignments["status"], "ok", "missing before and now: {reassignments}");
    // What a closing tells of itself is all that is compared.
    let closed = app.ticket("new-1").expect(200);
    let reasons = closed["assessment"]["reasons"].as_array().unwrap();
    assert_eq!(features.len(), reasons.len(), "{features:#?}");
    let metrics = app.get("/metrics");
    let gauge = "recontact_monitoring_status{figure=\"risk_feature\",label=\"priority\"}";
    assert!(metrics.text().contains(gauge), "{}", metrics.text());
}

/// The value of a gauge of this label, as `/metrics` writes it.
fn gauge(app: &TestApp, name: &str, label: &str) -> Option<String> {
    let metrics = app.get("/metrics");
    let is_it = |line: &&str| line.starts_with(name) && line.contains(&format!("\"{label}\""));
    metrics
        .text()
        .lines()
        .find(is_it)
        .and_then(|line| line.split(' ').next_back())
        .map(str::to_owned)
}

#[test]
fn the_gauges_of_a_figure_that_is_in_no_report_any_more_are_withdrawn() {
    const REASON: &str = "a_reason_of_this_test_only";
    let (value, status) = ("recontact_monitoring_value", "recontact_monitoring_status");
    let app = spawn_app_with(|settings| settings.monitoring.min_n = 20);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let now = Timestamp::now();
    let abstained = json!({"category": null, "probability": null, "alternatives": [], "action": "abstain",
        "reason": REASON, "language": "en"});
    let abstained = ContactAnalysis {
        classification_json: abstained.to_string(),
        category: None,
        ..analysis("card", 0.9, [1.0, 0.1])
    };
    runtime.block_on(async {
        for number in 0..EACH {
            let at = now.millis() - 21 * DAY;
            say(&app.app.store, &format!("old-{number}"), at, &analysis("card", 0.9, [1.0, 0.1]))
                .await;
            say(&app.app.store, &format!("new-{number}"), now.millis() - DAY, &abstained).await;
        }
        let report =
            app.app.monitoring.report(&app.app.store, &app.app.tenant, now.plus_days(1)).await;
        assert!(
            report.unwrap().figures.iter().any(|figure| figure.label.as_deref() == Some(REASON))
        );
    });
    assert_eq!(gauge(&app, value, REASON).as_deref(), Some("1"), "{}", app.get("/metrics").text());
    assert_eq!(gauge(&app, status, REASON).as_deref(), Some("2"));
    // Half a year later nothing of it lies in either window.
    runtime.block_on(async {
        let later = now.plus_days(180);
        let report =
            app.app.monitoring.report(&app.app.store, &app.app.tenant, later).await.unwrap();
        assert!(report.figures.iter().all(|figure| figure.label.as_deref() != Some(REASON)));
    });
    assert_eq!(gauge(&app, value, REASON).as_deref(), Some("NaN"));
    assert_eq!(gauge(&app, status, REASON).as_deref(), Some("-1"));
}
