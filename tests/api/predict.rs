use crate::helpers::{TestApp, spawn_app};
use serde_json::{Value, json};

/// A closed ticket, given whole and without history.
fn ticket(id: &str) -> Value {
    json!({
        "id": id, "customer_id": "u-9", "opened_at": "2026-01-05T09:00:00Z", "closed_at": "2026-01-06T10:30:00Z",
        "category": "Category 26", "channel": "Phone", "priority": "3 - Moderate", "reassignments": 1,
        "reopens": 0, "sla_met": true, "attributes": {"location": "Location 12"},
        "texts": {"first": "My card has not arrived", "answer": "We have sent a new one"}
    })
}

/// Three earlier tickets of the same category.
fn history() -> Value {
    json!([
        {"opened_at": "2025-12-20T08:00:00Z", "closed_at": "2025-12-21T08:00:00Z", "category": "Category 26"},
        {"opened_at": "2025-12-28T08:00:00Z", "closed_at": "2025-12-29T08:00:00Z", "category": "Category 26"},
        {"opened_at": "2026-01-04T08:00:00Z", "category": "Category 26"}
    ])
}

fn with(mut ticket: Value, field: &str, value: Value) -> Value {
    ticket[field] = value;
    ticket
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

fn predict_one(app: &TestApp, ticket: &Value) -> Value {
    app.predict(&json!({"tickets": [ticket]})).expect(200)["results"][0].clone()
}

#[test]
fn a_closed_ticket_gets_probability_band_threshold_and_window() {
    let app = spawn_app();
    let body = app
        .predict(&json!({"tickets": [
            ticket("t-1"), with(ticket("t-2"), "history", json!({"tickets": history()}))
        ]}))
        .expect(200);
    assert_eq!(body["model"], json!({"name": "risk", "version": "incidents-1"}));
    let results = body["results"].as_array().unwrap();
    assert_eq!(results.iter().map(|one| &one["id"]).collect::<Vec<_>>(), ["t-1", "t-2"]);
    assert!(body["assessed_at"].as_str().unwrap().ends_with('Z'), "{body}");
    for result in results {
        assert_eq!(result["inputs_sha256"].as_str().unwrap().len(), 64);
        assert_eq!(result["window_days"], 14);
        assert_eq!(result["next_issue"], Value::Null);
        let (probability, threshold) =
            (number(&result["probability"]), number(&result["threshold"]));
        assert!(0.0 < probability && probability < 1.0);
        assert_eq!(result["band"] == "high", probability >= threshold, "{result}");
        let band = result["band"].as_str().unwrap();
        assert_eq!(result["tags"], json!([format!("recontact_risk__{band}")]));
    }
    assert!(
        number(&results[1]["probability"]) > number(&results[0]["probability"]),
        "whoever wrote of it three times within three weeks is likelier to come back"
    );
}

#[test]
fn the_reasons_add_up_to_the_probability() {
    let app = spawn_app();
    let ticket = with(ticket("t-1"), "history", json!({"tickets": history()}));
    let result = predict_one(&app, &ticket);
    let reasons = result["reasons"].as_array().unwrap();
    let sum: f64 = reasons.iter().map(|reason| number(&reason["contribution"])).sum();
    let probability = number(&result["probability"]);
    let logit = (probability / (1.0 - probability)).ln();
    let difference = number(&result["base_logit"]) + sum - logit;
    assert!(difference.abs() <= 1e-9, "{difference:e}");
    let strengths: Vec<f64> =
        reasons.iter().map(|reason| number(&reason["contribution"]).abs()).collect();
    assert!(strengths.windows(2).all(|pair| pair[0] >= pair[1]), "the strongest come first");
    let of = |feature: &str| reasons.iter().find(|reason| reason["feature"] == feature).unwrap();
    assert_eq!(of("same_category_tickets_30d")["value"], 3.0);
    assert_eq!(of("sla_met")["value"], true);
    assert!(reasons.iter().all(|reason| !reason["typical"].is_null()));
}

#[test]
fn reasons_are_written_in_the_language_asked_for() {
    let app = spawn_app();
    let body = serde_json::to_vec(&json!({
        "tickets": [with(ticket("t-1"), "history", json!({"tickets": history()}))]
    }))
    .unwrap();
    for (language, expected) in [
        ("en", "the risk"),
        ("ru", "риск"),
        ("be", "рызыку"),
        ("uk", "ризик"),
        ("ru-RU,ru;q=0.9,en;q=0.8", "риск"),
        ("xx", "the risk"),
    ] {
        let request = app.request("POST", "/v1/predict").header("Accept-Language", language);
        let answer = app.send(request, body.as_slice()).expect(200);
        let reasons = answer["results"][0]["reasons"].as_array().unwrap().clone();
        assert!(!reasons.is_empty());
        for reason in reasons {
            let text = reason["text"].as_str().unwrap();
            assert!(text.contains(expected), "{language}: {text}");
        }
    }
}

#[test]
fn without_a_history_the_one_the_service_keeps_counts() {
    let app = spawn_app();
    let earlier = history();
    for (index, past) in earlier.as_array().unwrap().iter().enumerate() {
        let id = format!("past-{index}");
        let report = json!({
            "customer_id": "u-9", "opened_at": past["opened_at"], "category": past["category"]
        });
        app.report_ticket(&id, &report).expect(201);
        if past["closed_at"].is_string() {
            app.close_ticket(&id, &json!({"closed_at": past["closed_at"]})).expect(200);
        }
    }
    let given = predict_one(&app, &with(ticket("t-1"), "history", json!({"tickets": earlier})));
    let kept = predict_one(&app, &ticket("t-1"));
    assert_eq!(kept, given);
    let stranger = predict_one(&app, &with(ticket("t-1"), "customer_id", json!("u-8")));
    let none = predict_one(&app, &with(ticket("t-1"), "history", json!({"tickets": []})));
    assert_eq!(stranger, none);
    assert_ne!(kept, none);
}

#[test]
fn a_given_history_is_not_joined_with_the_kept_one() {
    let app = spawn_app();
    let before = predict_one(&app, &with(ticket("t-1"), "history", json!({"tickets": []})));
    let report = json!({
        "customer_id": "u-9", "opened_at": "2026-01-04T09:00:00Z", "category": "Category 26"
    });
    app.report_ticket("past", &report).expect(201);
    let after = predict_one(&app, &with(ticket("t-1"), "history", json!({"tickets": []})));
    assert_eq!(after, before);
}

#[test]
fn predicting_stores_nothing() {
    let app = spawn_app();
    predict_one(&app, &ticket("t-1"));
    app.ticket("t-1").expect_problem(404, "ticket_not_found");
}

#[test]
fn tickets_later_than_the_closing_are_not_looked_at() {
    let app = spawn_app();
    let mut tickets = history();
    let known = predict_one(&app, &with(ticket("t-1"), "history", json!({"tickets": tickets})));
    let later = json!({"opened_at": "2026-01-06T10:30:00Z", "category": "Category 26"});
    tickets.as_array_mut().unwrap().push(later);
    let with_later =
        predict_one(&app, &with(ticket("t-1"), "history", json!({"tickets": tickets})));
    for part in ["probability", "reasons"] {
        assert_eq!(with_later[part], known[part]);
    }
    assert_ne!(with_later["inputs_sha256"], known["inputs_sha256"], "what was given has changed");
}

#[test]
fn numbers_that_are_none_or_absurd_are_refused_with_their_place() {
    let app = spawn_app();
    for (field, value) in [
        ("reassignments", json!(-1)),
        ("reassignments", json!(1.5)),
        ("reopens", json!(4_294_967_296_u64)),
        ("messages_in", json!("3")),
        ("csat", json!("NaN")),
        ("sla_met", json!(1)),
        ("opened_at", json!("2026-02-30T00:00:00Z")),
        ("opened_at", json!(1_767_600_000)),
        ("closed_at", json!("1969-12-31T23:59:59Z")),
        ("category", json!("")),
        ("customer_id", json!("a\u{0}b")),
        ("priority", json!("x".repeat(201))),
    ] {
        let answer =
            app.predict(&json!({"tickets": [ticket("t-1"), with(ticket("t-2"), field, value)]}));
        assert_eq!(answer.expect_faults(), [format!("#/tickets/1/{field}")]);
    }
}

#[test]
fn nan_and_numbers_beyond_every_range_are_no_json() {
    let app = spawn_app();
    let body = serde_json::to_string(&json!({"tickets": [with(ticket("t-1"), "csat", json!(7))]}))
        .unwrap();
    for literal in ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "0x10", "01"] {
        let body = body.replace("\"csat\":7", &format!("\"csat\":{literal}"));
        assert!(body.contains(literal));
        app.post_bytes("/v1/predict", &body).expect_problem(400, "malformed_json");
    }
}

#[test]
fn absurd_numbers_are_refused_by_their_field() {
    let app = spawn_app();
    for (field, value, pointer) in [
        ("csat", json!(-1e308), "#/tickets/0/csat"),
        ("csat", json!(1e308), "#/tickets/0/csat"),
        ("reassignments", json!(u32::MAX), "#/tickets/0/reassignments"),
        ("messages_in", json!(1_000_001), "#/tickets/0/messages_in"),
        ("attributes", json!({"location": -1e308}), "#/tickets/0/attributes/location"),
        ("attributes", json!({"": 1}), "#/tickets/0/attributes/"),
        ("attributes", json!({"place": "a\u{0}b"}), "#/tickets/0/attributes/place"),
    ] {
        let answer = app.predict(&json!({"tickets": [with(ticket("t-1"), field, value)]}));
        assert_eq!(answer.expect_faults(), [pointer]);
    }
}

#[test]
fn extreme_but_possible_values_give_a_probability() {
    let app = spawn_app();
    for (field, value) in [
        ("csat", json!(1_000_000)),
        ("reassignments", json!(1_000_000)),
        ("opened_at", json!("1970-01-01T00:00:00Z")),
        ("closed_at", json!("9999-12-31T23:59:59.999Z")),
        ("attributes", json!({"location": -9e15, "never heard of": true})),
    ] {
        let result = predict_one(&app, &with(ticket("t-1"), field, value));
        let probability = number(&result["probability"]);
        assert!((0.0..=1.0).contains(&probability), "{field}: {result}");
    }
}

#[test]
fn a_closing_before_the_opening_is_pointed_at_also_in_the_history() {
    let app = spawn_app();
    let turned = json!({"opened_at": "2026-01-04T08:00:00Z", "closed_at": "2026-01-03T08:00:00Z"});
    let ticket = with(ticket("t-1"), "closed_at", json!("2026-01-05T08:59:59Z"));
    let ticket = with(ticket, "history", json!({"tickets": [history()[0], turned]}));
    let answer = app.predict(&json!({"tickets": [ticket]}));
    assert_eq!(
        answer.expect_faults(),
        ["#/tickets/0/closed_at", "#/tickets/0/history/tickets/1/closed_at"]
    );
}

#[test]
fn too_many_tickets_attributes_or_earlier_tickets_are_refused() {
    let app = crate::helpers::spawn_app_with(|settings| {
        settings.limits.tickets_per_request = 2;
        settings.limits.attributes_per_ticket = 1;
        settings.limits.history_per_ticket = 2;
    });
    for tickets in [vec![], vec![ticket("t"); 3]] {
        app.predict(&json!({"tickets": tickets})).expect_problem(422, "too_many_items");
    }
    let ticket = with(ticket("t-1"), "attributes", json!({"a": 1, "b": 2}));
    let ticket = with(ticket, "history", json!({"tickets": history()}));
    let answer = app.predict(&json!({"tickets": [ticket]}));
    assert_eq!(answer.expect_faults(), ["#/tickets/0/attributes", "#/tickets/0/history/tickets"]);
}

#[test]
fn an_attribute_is_a_text_a_number_or_a_flag() {
    let app = spawn_app();
    for value in [json!(null), json!([1]), json!({"a": 1})] {
        let answer = app.predict(
            &json!({"tickets": [with(ticket("t-1"), "attributes", json!({"a/b": value}))]}),
        );
        assert_eq!(answer.expect_faults(), ["#/tickets/0/attributes/a~1b"]);
    }
    let long = with(ticket("t-1"), "attributes", json!({"location": "x".repeat(201)}));
    let answer = app.predict(&json!({"tickets": [long]}));
    assert_eq!(answer.expect_faults(), ["#/tickets/0/attributes/location"]);
    let long_name = with(ticket("t-1"), "attributes", json!({"a/b".repeat(100): 1}));
    let answer = app.predict(&json!({"tickets": [long_name]}));
    assert!(answer.expect_faults()[0].starts_with("#/tickets/0/attributes/a~1ba~1b"));
}
