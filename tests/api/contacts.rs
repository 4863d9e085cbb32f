use crate::helpers::spawn_app;
use serde_json::{Value, json};

fn contact() -> Value {
    json!({
        "id": "c-1", "customer_id": "u-9", "ticket_id": "t-1", "occurred_at": "2026-01-05T09:00:00Z",
        "channel": "email", "text": "My top up failed again"
    })
}

#[test]
fn a_contact_is_classified_and_recorded() {
    let app = spawn_app();
    let body = app.record_contact(&contact()).expect(201);
    assert_eq!((&body["id"], &body["outcome"]), (&json!("c-1"), &json!("recorded")));
    assert_eq!(body["model"], json!({"name": "category", "version": "cards-1"}));
    let classified =
        app.classify(&json!({"inputs": [{"id": "c-1", "text": contact()["text"]}]})).expect(200);
    assert_eq!(body["classification"], classified["results"][0]);
    assert_eq!(body["classification"]["category"], "top_up_failed");
}

#[test]
fn the_same_contact_twice_gives_the_first_answer_and_another_content_is_a_conflict() {
    let app = spawn_app();
    let mut first = app.record_contact(&contact()).expect(201);
    let again = app.record_contact(&contact()).expect(200);
    first["outcome"] = json!("unchanged");
    assert_eq!(again, first);
    for (field, value) in [
        ("text", json!("I have lost my card")),
        ("customer_id", json!("u-8")),
        ("ticket_id", json!("t-2")),
        ("occurred_at", json!("2026-01-05T09:00:01Z")),
        ("channel", Value::Null),
    ] {
        let mut other = contact();
        other[field] = value;
        let problem = app.record_contact(&other).expect_problem(409, "conflict");
        assert!(problem["detail"].as_str().unwrap().contains("c-1"), "{problem}");
    }
    assert_eq!(app.record_contact(&contact()).expect(200), first);
}

#[test]
fn contacts_at_once_are_recorded_once() {
    let app = spawn_app();
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let contacts: Vec<_> =
            (0..8).map(|_| scope.spawn(|| app.record_contact(&contact()).status)).collect();
        contacts.into_iter().map(|contact| contact.join().unwrap()).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 7, "{statuses:?}");
}

#[test]
fn contacts_may_come_in_any_order_and_before_their_ticket() {
    let app = spawn_app();
    for (id, at) in [("c-2", "2026-01-06T09:00:00Z"), ("c-1", "2026-01-05T09:00:00Z")] {
        let mut contact = contact();
        contact["id"] = json!(id);
        contact["occurred_at"] = json!(at);
        app.record_contact(&contact).expect(201);
    }
}

#[test]
fn an_abstention_is_recorded_too() {
    let app = spawn_app();
    let mut contact = contact();
    contact["text"] = json!("Дзе мая картка? Я яшчэ не атрымаў яе");
    let body = app.record_contact(&contact).expect(201);
    assert_eq!(body["classification"]["action"], "abstain");
}

#[test]
fn what_is_no_contact_is_pointed_at() {
    let app = spawn_app();
    for (field, value) in [
        ("text", json!(" ")),
        ("text", json!(null)),
        ("id", json!("")),
        ("id", json!(7)),
        ("customer_id", json!("\u{7}")),
        ("occurred_at", json!("5 January 2026")),
        ("channel", json!("x".repeat(201))),
    ] {
        let mut wrong = contact();
        wrong[field] = value;
        assert_eq!(app.record_contact(&wrong).expect_faults(), [format!("#/{field}")]);
    }
    let mut missing = contact();
    missing.as_object_mut().unwrap().remove("customer_id");
    let problem = app.record_contact(&missing).expect_problem(422, "invalid_input");
    assert!(problem["detail"].as_str().unwrap().contains("customer_id"), "{problem}");
}
