//! Rules, for heads without a model and for when no model is loaded.

use crate::helpers::{spawn_app, spawn_app_in, spawn_app_with};
use recontact::classify::Prefer;
use recontact::classify::policy::HeadPolicy;
use recontact::classify::rules::RuleText;
use recontact::config::{CommandLineSettings, DEFAULTS, Settings};
use recontact::contact::Head;
use recontact::ticket::Name;
use serde_json::{Value, json};
use std::path::Path;

fn rule(head: &str, label: &str, any: &[&str]) -> RuleText {
    let any = any.iter().map(|word| (*word).to_owned()).collect();
    RuleText { head: head.to_owned(), label: label.to_owned(), any, ..RuleText::default() }
}

fn urgency(settings: &mut Settings) {
    settings.classify.rules = vec![
        rule("urgency", "high", &["срочно", "urgent*", "не работает"]),
        rule("urgency", "low", &["when you have time"]),
    ];
    let default = Some(Name::parse("normal").unwrap());
    let policy = HeadPolicy { default, ..HeadPolicy::default() };
    settings.classify.heads.insert(Head::Urgency, policy);
}

#[test]
fn a_head_without_a_model_is_answered_by_rules() {
    let app = spawn_app_with(urgency);
    let body = app.classify(&json!({"text": "Срочно! Карта НЕ РАБОТАЕТ"})).expect(200);
    let result = &body["results"][0];
    let urgency = &result["urgency"];
    assert_eq!((&urgency["label"], &urgency["probability"]), (&json!("high"), &Value::Null));
    assert_eq!((&urgency["action"], &urgency["reason"]), (&json!("auto"), &Value::Null));
    assert!(urgency["source"]["rules"].as_str().unwrap().starts_with("rules-"), "{urgency}");
    let tags = result["tags"].as_array().unwrap();
    assert!(
        tags.contains(&json!("urgency__high")) && tags.contains(&json!("urgency_action__auto"))
    );
    assert_eq!(
        (&result["team"], &result["kind"]),
        (&Value::Null, &Value::Null),
        "no rules, no answer"
    );
}

#[test]
fn where_no_rule_holds_the_default_is_told_with_the_reason() {
    let app = spawn_app_with(urgency);
    let body = app.classify(&json!({"text": "My card has not arrived"})).expect(200);
    let urgency = &body["results"][0]["urgency"];
    assert_eq!((&urgency["label"], &urgency["default"]), (&Value::Null, &json!("normal")));
    assert_eq!((&urgency["action"], &urgency["reason"]), (&json!("abstain"), &json!("no_rule")));
}

#[test]
fn rules_look_at_what_cleaning_leaves_and_at_the_channel() {
    let app = spawn_app_with(|settings| {
        let channels = vec!["Phone".to_owned()];
        settings.classify.rules = vec![RuleText { channels, ..rule("team", "calls", &["card"]) }];
    });
    let of = |channel: &str, text: &str| {
        let body =
            app.classify(&json!({"inputs": [{"text": text, "channel": channel}]})).expect(200);
        body["results"][0]["team"]["label"].clone()
    };
    assert_eq!(of("phone", "My card has not arrived"), "calls");
    assert_eq!(of("email", "My card has not arrived"), Value::Null);
    assert_eq!(of("phone", "It has not arrived\n> Your card is on its way"), Value::Null);
    let contact = json!({"id": "c-1", "customer_id": "u-9", "occurred_at": "2026-01-05T09:00:00Z", "channel": "phone",
        "text": "My card has not arrived"});
    assert_eq!(
        app.record_contact(&contact).expect(201)["classification"]["team"]["label"],
        "calls"
    );
}

#[test]
fn a_model_beats_rules_unless_rules_are_preferred() {
    let rules = |settings: &mut Settings| {
        settings.classify.rules = vec![rule("category", "stolen_card", &["my card"])];
    };
    let model = spawn_app().classify(&json!({"text": "My card has not arrived"})).expect(200);
    let app = spawn_app_with(rules);
    assert_eq!(app.classify(&json!({"text": "My card has not arrived"})).expect(200), model);
    let app = spawn_app_with(|settings| {
        rules(settings);
        settings.classify.prefer = Prefer::Rules;
    });
    let body = app.classify(&json!({"text": "My card has not arrived"})).expect(200);
    let result = &body["results"][0];
    assert_eq!(
        (&result["category"], &result["probability"]),
        (&json!("stolen_card"), &Value::Null)
    );
    assert_eq!((&result["labels"], &result["area"]), (&json!([]), &Value::Null));
    let other = app.classify(&json!({"text": "My top up failed again"})).expect(200);
    assert_eq!(
        other["results"][0]["category"], "top_up_failed",
        "no rule holds: the model answers"
    );
}

#[test]
fn without_any_model_rules_say_what_a_text_is_about() {
    let start = |rules: Vec<RuleText>| {
        spawn_app_in(tempfile::tempdir().unwrap(), move |settings| settings.classify.rules = rules)
    };
    let app = start(vec![
        rule("category", "card_arrival", &["card*", "карт*"]),
        rule("urgency", "high", &["urgent"]),
    ]);
    let body = app.classify(&json!({"text": "Где моя карта?"})).expect(200);
    let result = &body["results"][0];
    assert_eq!((&result["category"], &result["action"]), (&json!("card_arrival"), &json!("auto")));
    assert_eq!((&result["language"], &result["tokens_total"]), (&json!("ru"), &json!(3)));
    assert_eq!(result["without_encoder"], false);
    let version = body["model"]["version"].as_str().unwrap();
    assert!(version.starts_with("rules-"), "{version}");
    let none = app.classify(&json!({"text": "Hello"})).expect(200);
    assert_eq!(none["results"][0]["reason"], "no_rule");
    let contact = json!({"id": "c-1", "customer_id": "u-9", "occurred_at": "2026-01-05T09:00:00Z", "text": "My card"});
    let recorded = app.record_contact(&contact).expect(201);
    assert_eq!(recorded["model"]["version"], version);
    app.app.reload();
    assert_eq!(
        app.classify(&json!({"text": "Где моя карта?"})).expect(200),
        body,
        "a reload keeps them"
    );
    assert_eq!(app.get("/health/ready").expect(503)["category"], "ok");
    let without = start(vec![rule("urgency", "high", &["urgent"])]);
    without.classify(&json!({"text": "My card"})).expect_problem(503, "model_unavailable");
}

/// The settings that a configuration file of this content gives.
fn settings(content: &str) -> Settings {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("recontact.toml");
    std::fs::write(&file, content).unwrap();
    let command_line = CommandLineSettings { config: Some(file), ..Default::default() };
    Settings::load(&command_line).unwrap()
}

#[test]
fn the_documented_rules_can_be_used_as_they_stand() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/classification.md");
    let page = std::fs::read_to_string(page).unwrap();
    let examples: Vec<&str> =
        page.split("```toml").skip(1).map(|block| block.split("```").next().unwrap()).collect();
    let told: Vec<usize> =
        examples.iter().map(|text| settings(text).classify.rules.len()).collect();
    assert_eq!(told, [1, 2]);
    let from = DEFAULTS.find("# [[classify.rules]]").unwrap();
    let block = DEFAULTS[from..].lines().take_while(|line| line.starts_with('#'));
    let block: Vec<&str> = block.map(|line| line.trim_start_matches('#').trim_start()).collect();
    let rules = settings(&block.join("\n")).classify.rules;
    assert_eq!(rules.len(), 3);
    let app = spawn_app_with(|settings| settings.classify.rules = rules);
    for (text, urgency, kind) in [
        ("My card was stolen, it is urgent", json!("high"), Value::Null),
        ("Срочно! Подаю жалобу, карта не работает", json!("high"), json!("complaint")),
        ("Тэрмінова: у мяне скаргі на банк", json!("high"), json!("complaint")),
        ("Терміново! Скаржуся на банк", json!("high"), json!("complaint")),
        ("Это не срочно", Value::Null, Value::Null),
    ] {
        let body = app.classify(&json!({"text": text})).expect(200);
        let result = &body["results"][0];
        let found = (&result["urgency"]["label"], &result["kind"]["label"]);
        assert_eq!(found, (&urgency, &kind), "{text}");
    }
}
