use crate::helpers::{TestApp, spawn_app};
use serde_json::{Value, json};

#[expect(
    clippy::needless_pass_by_value,
    reason = "calls read better when the identities are made in place"
)]
fn merge_request(a: Value, b: Value) -> Value {
    json!({"a": a, "b": b, "author": "lead", "reason": "same person"})
}

fn email(value: &str) -> Value {
    json!({"kind": "email", "value": value})
}

fn customer(value: &str) -> Value {
    json!({"kind": "customer", "value": value})
}

fn solve(app: &TestApp, id: &str, customer: &str) {
    let report = json!({"customer_id": customer, "opened_at": "2026-01-05T09:00:00Z", "category": "top_up_failed"});
    app.report_ticket(id, &report).expect(201);
    app.close_ticket(id, &json!({"closed_at": "2026-01-06T09:00:00Z"})).expect(200);
}

fn outcome(app: &TestApp, id: &str) -> Value {
    app.outcomes(id).expect(200)["episodes"][0]["windows"][3]["outcome"].clone()
}

/// A contact that names no customer, only an address and a number.
fn anonymous(id: &str) -> Value {
    json!({
        "id": id, "occurred_at": "2026-01-08T09:00:00Z", "text": "My top up failed again",
        "identities": [email(" Ivan@Example.org "), {"kind": "phone", "value": "8 (916) 123-45-67"}]
    })
}

#[test]
fn a_merge_joins_histories_and_its_undoing_parts_them() {
    let app = spawn_app();
    solve(&app, "t-1", "u-1");
    app.record_contact(&anonymous("c-1")).expect(201);
    assert_eq!(outcome(&app, "t-1"), "none");
    let phone = json!({"kind": "phone", "value": "+79161234567"});
    let request = merge_request(customer("u-1"), phone);
    let merge = app.post("/v1/customers/merges", &request).expect(201);
    assert_eq!(app.post("/v1/customers/merges", &request).expect(200), merge);
    assert_eq!(outcome(&app, "t-1"), "explicit");
    let listed = app.get("/v1/customers/merges").expect(200);
    let authors: Vec<_> =
        listed["merges"].as_array().unwrap().iter().map(|m| m["author"].clone()).collect();
    assert_eq!(authors, ["lead", "system"]);
    let path = format!("/v1/customers/merges/{}/undo", merge["id"].as_str().unwrap());
    let reason = json!({"author": "lead", "reason": "two people share the number"});
    let undone = app.post(&path, &reason).expect(200);
    assert!(undone["undone_at"].is_string(), "{undone}");
    assert_eq!(app.post(&path, &reason).expect(200), undone);
    assert_eq!(outcome(&app, "t-1"), "none");
    app.post("/v1/customers/merges/none/undo", &reason).expect_problem(404, "merge_not_found");
}

#[test]
fn the_same_contact_under_another_spelling_is_the_same_contact() {
    let app = spawn_app();
    app.record_contact(&anonymous("c-1")).expect(201);
    let mut again = anonymous("c-1");
    again["identities"] =
        json!([email("ivan@example.org"), {"kind": "phone", "value": "+7 916 123 45 67"}]);
    assert_eq!(app.record_contact(&again).expect(200)["outcome"], "unchanged");
    again["identities"] = json!([email("ivan@example.org")]);
    app.record_contact(&again).expect_problem(409, "conflict");
}

#[test]
fn what_is_no_identity_is_pointed_at_and_not_repeated() {
    let app = spawn_app();
    let mut contact = anonymous("c-1");
    contact["identities"] = json!([email("no address"), {"kind": "phone", "value": "123-secret"}]);
    let answer = app.record_contact(&contact);
    assert_eq!(answer.expect_faults(), ["#/identities/0/value", "#/identities/1/value"]);
    assert!(!answer.text().contains("secret"), "{}", answer.text());
    contact["identities"] = json!([{"kind": "name", "value": "Ivan"}]);
    assert_eq!(app.record_contact(&contact).expect_faults(), ["#/identities/0/kind"]);
    contact["identities"] = json!([]);
    let problem = app.record_contact(&contact).expect_problem(422, "invalid_input");
    assert!(problem["detail"].as_str().unwrap().contains("customer_id"), "{problem}");
    let same = merge_request(email("a@b.c"), email("A@B.C"));
    assert_eq!(app.post("/v1/customers/merges", &same).expect_faults(), ["#/b"]);
    let wrong = json!({"a": email("x"), "b": customer("u-1"), "author": "lead", "reason": " "});
    assert_eq!(app.post("/v1/customers/merges", &wrong).expect_faults(), ["#/a/value", "#/reason"]);
}

#[test]
fn an_erased_customer_is_gone_and_figures_stay() {
    let app = spawn_app();
    solve(&app, "t-1", "u-1");
    solve(&app, "t-2", "u-2");
    let mut contact = anonymous("c-1");
    contact["customer_id"] = json!("u-1");
    app.record_contact(&contact).expect(201);
    let (figures, hash) = (
        app.get("/v1/outcomes").expect(200)["all"].clone(),
        app.ticket("t-1").expect(200)["customer"].clone(),
    );
    let erasure = |identity: Value, dry_run: bool| json!({"identity": identity, "author": "privacy", "reason": "asked for it", "dry_run": dry_run});
    let dry = app.delete("/v1/customers", &erasure(email("ivan@example.org"), true)).expect(200);
    assert_eq!(app.ticket("t-1").expect(200)["customer"], hash);
    let done = app.delete("/v1/customers", &erasure(email("ivan@example.org"), false)).expect(200);
    assert_eq!((&dry["removed"], &dry["dry_run"]), (&done["removed"], &json!(true)));
    assert_eq!(
        (&done["removed"]["identities"], &done["removed"]["tickets"]),
        (&json!(3), &json!(1))
    );
    let ticket = app.ticket("t-1").expect(200);
    assert_ne!(ticket["customer"], hash);
    assert_eq!((&ticket["details"], &ticket["assessment"]["reasons"]), (&json!({}), &json!([])));
    assert_eq!(app.get("/v1/outcomes").expect(200)["all"], figures);
    assert_eq!((outcome(&app, "t-1"), outcome(&app, "t-2")), (json!("explicit"), json!("none")));
    app.delete("/v1/customers", &erasure(customer("u-1"), false))
        .expect_problem(404, "customer_not_found");
    app.record_contact(&contact).expect_problem(409, "conflict");
    assert_eq!(
        app.delete("/v1/customers", &erasure(email("x"), false)).expect_faults(),
        ["#/identity/value"]
    );
}
