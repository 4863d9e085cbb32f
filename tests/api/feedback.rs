//! What people say of predictions, beside the predictions.

use crate::helpers::{TestApp, spawn_app, spawn_app_in, spawn_app_with};
use recontact::classify::Prefer;
use recontact::classify::policy::HeadPolicy;
use recontact::classify::rules::RuleText;
use recontact::contact::Head;
use recontact::ticket::Name;
use serde_json::{Value, json};

const AT: &str = "2026-01-05T10:00:00Z";

fn record_contact(app: &TestApp, id: &str) -> Value {
    let body = app.record_contact(&json!({
        "id": id, "customer_id": "u-9", "occurred_at": "2026-01-05T09:00:00Z",
        "text": "My top up failed again"
    }));
    body.expect(201)["classification"].clone()
}

fn feedback(contact: &str, label: &str) -> Value {
    json!({
        "contact_id": contact, "head": "category", "label": label, "author": "agent-1",
        "occurred_at": AT
    })
}

fn rate(view: &Value) -> (u64, u64) {
    (view["count"].as_u64().unwrap(), view["trials"].as_u64().unwrap())
}

#[test]
fn a_correction_stands_beside_the_prediction_and_changes_nothing_of_it() {
    let app = spawn_app();
    let predicted = record_contact(&app, "c-1");
    let body = app.post("/v1/feedback", &feedback("c-1", "card_arrival")).expect(201);
    assert_eq!(body["outcome"], "recorded");
    assert_eq!(
        body["feedback"],
        json!({
            "contact_id": "c-1", "head": "category", "label": "card_arrival", "is_known_label": true,
            "author": "agent-1", "occurred_at": AT, "note": null,
            "predicted_label": "top_up_failed", "probability": predicted["probability"],
            "action": predicted["action"], "model_version": "cards-1"
        })
    );
    let again = app.record_contact(&json!({
        "id": "c-1", "customer_id": "u-9", "occurred_at": "2026-01-05T09:00:00Z",
        "text": "My top up failed again"
    }));
    assert_eq!(again.expect(200)["classification"], predicted);
}

#[test]
fn the_same_feedback_twice_changes_nothing_and_other_content_is_a_conflict() {
    let app = spawn_app();
    record_contact(&app, "c-1");
    let first = app.post("/v1/feedback", &feedback("c-1", "card_arrival")).expect(201);
    let again = app.post("/v1/feedback", &feedback("c-1", "card_arrival")).expect(200);
    assert_eq!((&again["outcome"], &again["feedback"]), (&json!("unchanged"), &first["feedback"]));
    let mut noted = feedback("c-1", "card_arrival");
    noted["note"] = json!("it is about the card");
    for other in [noted.clone(), feedback("c-1", "top_up_failed")] {
        let problem = app.post("/v1/feedback", &other).expect_problem(409, "conflict");
        assert!(problem["detail"].as_str().unwrap().contains("c-1"), "{problem}");
    }
    noted["author"] = json!("agent-2");
    app.post("/v1/feedback", &noted).expect(201);
}

#[test]
fn a_label_that_the_model_does_not_know_is_accepted_and_flagged() {
    let app = spawn_app();
    record_contact(&app, "c-1");
    let body = app.post("/v1/feedback", &feedback("c-1", "crypto")).expect(201);
    assert_eq!(body["feedback"]["is_known_label"], false);
}

#[test]
fn the_other_heads_have_their_predictions_beside_them_too() {
    let app = spawn_app_with(|settings| {
        let any = vec!["failed".to_owned()];
        let (head, label) = ("urgency".to_owned(), "high".to_owned());
        settings.classify.rules = vec![RuleText { head, label, any, ..RuleText::default() }];
    });
    record_contact(&app, "c-1");
    let mut urgency = feedback("c-1", "low");
    urgency["head"] = json!("urgency");
    let said = app.post("/v1/feedback", &urgency).expect(201)["feedback"].clone();
    assert_eq!((&said["predicted_label"], &said["action"]), (&json!("high"), &json!("auto")));
    assert!(said["model_version"].as_str().unwrap().starts_with("rules-"), "{said}");
    assert_eq!((&said["probability"], &said["is_known_label"]), (&Value::Null, &json!(false)));
    let mut team = feedback("c-1", "cards");
    team["head"] = json!("team");
    let said = app.post("/v1/feedback", &team).expect(201)["feedback"].clone();
    for field in ["predicted_label", "probability", "action", "model_version", "is_known_label"] {
        assert_eq!(said[field], Value::Null, "{field}: no rules, no prediction");
    }
}

/// A service whose rules know one category that the model does not, and are asked first.
fn spawn_with_rules() -> TestApp {
    spawn_app_with(|settings| {
        let (head, label) = ("category".to_owned(), "top_up_blocked".to_owned());
        let any = vec!["failed".to_owned()];
        settings.classify.rules = vec![RuleText { head, label, any, ..RuleText::default() }];
        settings.classify.prefer = Prefer::Rules;
        let default = Some(Name::parse("to_be_sorted").unwrap());
        let policy = HeadPolicy { default, ..HeadPolicy::default() };
        settings.classify.heads.insert(Head::Category, policy);
    })
}

#[test]
fn feedback_on_a_category_that_a_rule_gave_stands_beside_the_rules() {
    let app = spawn_with_rules();
    assert_eq!(record_contact(&app, "c-1")["category"], "top_up_blocked");
    record_contact(&app, "c-2");
    let said = app.post("/v1/feedback", &feedback("c-1", "top_up_failed")).expect(201);
    let said = &said["feedback"];
    assert_eq!(
        (&said["predicted_label"], &said["action"]),
        (&json!("top_up_blocked"), &json!("auto"))
    );
    assert_eq!(said["probability"], Value::Null, "a rule has none");
    assert!(said["model_version"].as_str().unwrap().starts_with("rules-"), "{said}");
    app.post("/v1/feedback", &feedback("c-2", "top_up_blocked")).expect(201);
    let summary = app.get("/v1/feedback/summary").expect(200);
    let models = summary["models"].as_array().unwrap();
    assert_eq!(models.len(), 1, "the model that was not asked is not blamed: {summary}");
    assert_eq!(models[0]["model_version"], said["model_version"]);
    assert_eq!(rate(&models[0]["overridden"]), (1, 2));
}

#[test]
fn a_label_that_only_a_rule_gives_or_that_is_the_default_is_known() {
    let app = spawn_with_rules();
    record_contact(&app, "c-1");
    for (number, (label, is_known)) in [
        ("top_up_blocked", true),
        ("to_be_sorted", true),
        ("card_arrival", true),
        ("top_up_bloked", false),
    ]
    .into_iter()
    .enumerate()
    {
        let mut said = feedback("c-1", label);
        said["author"] = json!(format!("agent-{number}"));
        let said = app.post("/v1/feedback", &said).expect(201);
        assert_eq!(said["feedback"]["is_known_label"], is_known, "{label}");
    }
}

#[test]
fn without_a_model_the_labels_of_rules_are_known_and_no_others() {
    let app = spawn_app_in(tempfile::tempdir().unwrap(), |settings| {
        let (head, label) = ("category".to_owned(), "top_up_failed".to_owned());
        let any = vec!["failed".to_owned()];
        settings.classify.rules = vec![RuleText { head, label, any, ..RuleText::default() }];
    });
    record_contact(&app, "c-1");
    let known = app.post("/v1/feedback", &feedback("c-1", "top_up_failed")).expect(201);
    assert_eq!(known["feedback"]["is_known_label"], true);
    let mut other = feedback("c-1", "card_arrival");
    other["author"] = json!("agent-2");
    let other = app.post("/v1/feedback", &other).expect(201);
    assert_eq!(other["feedback"]["is_known_label"], false);
}

#[test]
fn what_is_no_feedback_is_pointed_at() {
    let app = spawn_app();
    app.post("/v1/feedback", &feedback("c-0", "card_arrival"))
        .expect_problem(404, "contact_not_found");
    for (field, value) in [
        ("head", json!("mood")),
        ("label", json!("")),
        ("author", json!(null)),
        ("occurred_at", json!("9000-01-01T00:00:00Z")),
        ("note", json!(" ")),
        ("note", json!("x".repeat(1001))),
    ] {
        let mut wrong = feedback("c-1", "card_arrival");
        wrong[field] = value;
        assert_eq!(app.post("/v1/feedback", &wrong).expect_faults(), [format!("#/{field}")]);
    }
}

#[test]
fn feedback_is_listed_in_pages_by_head_author_and_time() {
    let app = spawn_app();
    for index in 0..3 {
        record_contact(&app, &format!("c-{index}"));
        let mut said = feedback(&format!("c-{index}"), "card_arrival");
        said["occurred_at"] = json!(format!("2026-01-0{}T10:00:00Z", 7 - index));
        said["author"] = json!(format!("agent-{}", index % 2));
        app.post("/v1/feedback", &said).expect(201);
    }
    let ids = |body: &Value| -> Vec<String> {
        let said = body["feedback"].as_array().unwrap();
        said.iter().map(|said| said["contact_id"].as_str().unwrap().to_owned()).collect()
    };
    let page = app.get("/v1/feedback?limit=2").expect(200);
    assert_eq!(ids(&page), ["c-2", "c-1"], "oldest first");
    let cursor = page["next_cursor"].as_str().unwrap();
    let page = app.get(&format!("/v1/feedback?limit=2&cursor={cursor}")).expect(200);
    assert_eq!((ids(&page), &page["next_cursor"]), (vec!["c-0".to_owned()], &Value::Null));
    let by = |query: &str| ids(&app.get(&format!("/v1/feedback?{query}")).expect(200));
    assert_eq!(by("author=agent-1"), ["c-1"]);
    assert_eq!(by("since=2026-01-06T10:00:00Z"), ["c-1", "c-0"]);
    assert_eq!(by("head=team"), Vec::<String>::new());
    for wrong in ["head=mood", "since=yesterday", "cursor=00", "limit=0", "colour=red"] {
        app.get(&format!("/v1/feedback?{wrong}")).expect_problem(400, "invalid_query");
    }
}

#[test]
fn override_rates_count_the_last_word_on_each_contact() {
    let app = spawn_app();
    for (contact, label) in
        [("c-1", "top_up_failed"), ("c-2", "card_arrival"), ("c-3", "card_arrival")]
    {
        record_contact(&app, contact);
        app.post("/v1/feedback", &feedback(contact, label)).expect(201);
    }
    // Somebody looks at c-3 again, later: the model was right.
    let mut later = feedback("c-3", "top_up_failed");
    later["occurred_at"] = json!("2026-01-05T11:00:00Z");
    app.post("/v1/feedback", &later).expect(201);
    let summary = app.get("/v1/feedback/summary").expect(200);
    let models = summary["models"].as_array().unwrap();
    assert_eq!(models.len(), 1, "{summary}");
    let model = &models[0];
    assert_eq!((&model["head"], &model["model_version"]), (&json!("category"), &json!("cards-1")));
    assert_eq!(rate(&model["overridden"]), (1, 3));
    // Wilson's interval of 1 of 3 at 95 %.
    let interval = &model["overridden"]["interval"];
    assert!((interval["low"].as_f64().unwrap() - 0.0615).abs() < 5e-4, "{interval}");
    assert!((interval["high"].as_f64().unwrap() - 0.7923).abs() < 5e-4, "{interval}");
    assert_eq!(model["labels"][0]["predicted_label"], "top_up_failed");
    assert_eq!(rate(&model["labels"][0]["overridden"]), (1, 3));
    let actions = model["actions"].as_object().unwrap();
    assert_eq!(actions.values().map(|action| rate(action).1).sum::<u64>(), 3);
    let since = app.get("/v1/feedback/summary?since=2026-01-05T10:30:00Z").expect(200);
    assert_eq!(rate(&since["models"][0]["overridden"]), (0, 1));
    assert_eq!(
        app.get("/v1/feedback/summary?since=2027-01-01T00:00:00Z").expect(200),
        json!({"models": []})
    );
}
