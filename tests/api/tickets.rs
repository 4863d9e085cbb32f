use crate::helpers::{TestApp, spawn_app};
use serde_json::{Value, json};

fn opening() -> Value {
    json!({
        "customer_id": "u-9", "opened_at": "2026-01-05T09:00:00Z", "category": "Category 26", "priority": "3 - Moderate"
    })
}

fn update(at: &str, priority: &str) -> Value {
    let mut report = opening();
    report["updated_at"] = json!(at);
    report["priority"] = json!(priority);
    report
}

fn closing() -> Value {
    json!({"closed_at": "2026-01-06T10:30:00Z", "reassignments": 2})
}

/// Reports and closes a ticket of a customer.
fn close_one(app: &TestApp, id: &str, customer: &str, opened_at: &str, closed_at: &str) -> Value {
    let report =
        json!({"customer_id": customer, "opened_at": opened_at, "category": "Category 26"});
    app.report_ticket(id, &report).expect(201);
    app.close_ticket(id, &json!({"closed_at": closed_at})).expect(200)
}

#[test]
fn a_reported_ticket_is_open_and_its_customer_is_a_hash() {
    let app = spawn_app();
    let body = app.report_ticket("t-1", &opening()).expect(201);
    assert_eq!(body["outcome"], "created");
    let ticket = &body["ticket"];
    assert_eq!((&ticket["id"], &ticket["status"]), (&json!("t-1"), &json!("open")));
    assert_eq!((&ticket["closed_at"], &ticket["assessment"]), (&Value::Null, &Value::Null));
    assert_eq!(ticket["details"], json!({"priority": "3 - Moderate"}));
    let customer = ticket["customer"].as_str().unwrap();
    assert!(customer.len() == 64 && customer.bytes().all(|byte| byte.is_ascii_hexdigit()));
    assert_eq!(app.ticket_alone("t-1"), *ticket);
}

#[test]
fn closing_stores_an_assessment_that_can_be_read_again() {
    let app = spawn_app();
    app.report_ticket("t-1", &opening()).expect(201);
    let closed = app.close_ticket("t-1", &closing()).expect(200);
    assert_eq!(
        (&closed["status"], &closed["closed_at"]),
        (&json!("closed"), &json!("2026-01-06T10:30:00Z"))
    );
    assert_eq!(closed["details"], json!({"priority": "3 - Moderate", "reassignments": 2}));
    let assessment = &closed["assessment"];
    assert_eq!(assessment["model"], json!({"name": "risk", "version": "incidents-1"}));
    assert_eq!(assessment["inputs_sha256"].as_str().unwrap().len(), 64);
    assert!(assessment["assessed_at"].as_str().unwrap().ends_with('Z'));
    assert_eq!(assessment["window_days"], 14);
    assert_eq!(app.ticket_alone("t-1"), closed);
}

#[test]
fn the_stored_assessment_is_what_predict_says_of_the_same_ticket() {
    let app = spawn_app();
    close_one(&app, "t-0", "u-9", "2026-01-01T09:00:00Z", "2026-01-02T09:00:00Z");
    app.report_ticket("t-1", &opening()).expect(201);
    let closed = app.close_ticket("t-1", &closing()).expect(200);
    let mut ticket = opening();
    for (name, value) in closing().as_object().unwrap() {
        ticket[name] = value.clone();
    }
    ticket["id"] = json!("t-1");
    let predicted = app.predict(&json!({"tickets": [ticket]})).expect(200)["results"][0].clone();
    for (name, value) in predicted.as_object().unwrap().iter().filter(|(name, _)| *name != "id") {
        assert_eq!(closed["assessment"][name], *value, "{name}");
    }
}

#[test]
fn the_same_report_twice_changes_nothing_and_another_content_is_a_conflict() {
    let app = spawn_app();
    app.report_ticket("t-1", &opening()).expect(201);
    let again = app.report_ticket("t-1", &opening()).expect(200);
    assert_eq!(again["outcome"], "unchanged");
    let before = app.ticket_alone("t-1");
    for (field, value) in [
        ("priority", json!("1 - Critical")),
        ("customer_id", json!("u-8")),
        ("category", json!("Category 42")),
        ("attributes", json!({"location": "Location 1"})),
    ] {
        let mut other = opening();
        other[field] = value;
        let problem = app.report_ticket("t-1", &other).expect_problem(409, "conflict");
        assert!(problem["detail"].as_str().unwrap().contains("t-1"), "{problem}");
    }
    assert_eq!(app.ticket_alone("t-1"), before);
}

#[test]
fn updates_out_of_order_leave_the_newest_as_the_state() {
    let app = spawn_app();
    app.report_ticket("t-1", &opening()).expect(201);
    let third = app.report_ticket("t-1", &update("2026-01-05T11:00:00Z", "third")).expect(200);
    assert_eq!(third["outcome"], "updated");
    let second = app.report_ticket("t-1", &update("2026-01-05T10:00:00Z", "second")).expect(200);
    assert_eq!(
        (&second["outcome"], &second["ticket"]["details"]["priority"]),
        (&json!("outdated"), &json!("third"))
    );
    let again = app.report_ticket("t-1", &update("2026-01-05T10:00:00Z", "second")).expect(200);
    assert_eq!(again["outcome"], "unchanged");
    app.report_ticket("t-1", &update("2026-01-05T10:00:00Z", "other"))
        .expect_problem(409, "conflict");
    let early = app.report_ticket("t-1", &update("2026-01-05T08:00:00Z", "early"));
    assert_eq!(early.expect_faults(), ["#/updated_at"]);
}

#[test]
fn an_update_may_come_before_the_opening_report() {
    let app = spawn_app();
    app.report_ticket("t-1", &update("2026-01-05T11:00:00Z", "later")).expect(201);
    let opening = app.report_ticket("t-1", &opening()).expect(200);
    assert_eq!(opening["outcome"], "outdated");
    assert_eq!(opening["ticket"]["details"]["priority"], "later");
}

#[test]
fn a_report_after_the_closing_does_not_change_the_closed_ticket() {
    let app = spawn_app();
    app.report_ticket("t-1", &opening()).expect(201);
    let closed = app.close_ticket("t-1", &closing()).expect(200);
    let earlier = app.report_ticket("t-1", &update("2026-01-06T09:00:00Z", "missed")).expect(200);
    assert_eq!((&earlier["outcome"], &earlier["ticket"]), (&json!("outdated"), &closed));
    app.report_ticket("t-1", &update("2026-01-07T09:00:00Z", "too late"))
        .expect_problem(409, "conflict");
    assert_eq!(app.ticket_alone("t-1"), closed);
}

#[test]
fn closing_twice_gives_the_same_answer_and_another_content_is_a_conflict() {
    let app = spawn_app();
    app.report_ticket("t-1", &opening()).expect(201);
    let first = app.close_ticket("t-1", &closing()).expect(200);
    // What happens in between must not change the answer.
    close_one(&app, "t-2", "u-9", "2026-01-05T10:00:00Z", "2026-01-05T11:00:00Z");
    assert_eq!(app.close_ticket("t-1", &closing()).expect(200), first);
    for (field, value) in
        [("closed_at", json!("2026-01-06T10:30:01Z")), ("reassignments", json!(3))]
    {
        let mut other = closing();
        other[field] = value;
        app.close_ticket("t-1", &other).expect_problem(409, "conflict");
    }
    assert_eq!(app.ticket_alone("t-1"), first);
}

#[test]
fn closings_at_once_are_assessed_once() {
    let app = spawn_app();
    app.report_ticket("t-1", &opening()).expect(201);
    let answers: Vec<Value> = std::thread::scope(|scope| {
        let closings: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| app.close_ticket("t-1", &closing()).expect(200)))
            .collect();
        closings.into_iter().map(|closing| closing.join().unwrap()).collect()
    });
    assert!(answers.iter().all(|answer| *answer == answers[0]));
}

#[test]
fn what_does_not_fit_a_closing_is_pointed_at() {
    let app = spawn_app();
    app.close_ticket("t-1", &closing()).expect_problem(404, "ticket_not_found");
    let mut report = opening();
    report.as_object_mut().unwrap().remove("category");
    app.report_ticket("t-1", &report).expect(201);
    assert_eq!(app.close_ticket("t-1", &closing()).expect_faults(), ["#/category"]);
    let before = json!({"closed_at": "2026-01-05T08:59:59Z", "category": "Category 26"});
    assert_eq!(app.close_ticket("t-1", &before).expect_faults(), ["#/closed_at"]);
    assert_eq!(app.close_ticket("t-1", &json!({})).expect_faults(), ["#"]);
    assert_eq!(app.ticket("t-1").expect(200)["status"], "open");
}

#[test]
fn an_unknown_ticket_is_a_problem_of_its_own() {
    let app = spawn_app();
    let problem = app.ticket("no-such").expect_problem(404, "ticket_not_found");
    insta::assert_json_snapshot!(problem, @r##"
    {
      "code": "ticket_not_found",
      "detail": "no ticket \"no-such\" was reported",
      "status": 404,
      "title": "The ticket is not known.",
      "type": "urn:recontact:problem:ticket_not_found"
    }
    "##);
}

#[test]
fn an_identifier_may_hold_any_visible_character() {
    let app = spawn_app();
    for (sent, stored) in [
        ("a%2Fb", "a/b"),
        ("50%25", "50%"),
        ("%D1%82-1", "т-1"),
        ("a%20b%3Fc%23d", "a b?c#d"),
        ("%F0%9F%99%82", "🙂"),
        ("t+1", "t+1"),
    ] {
        let body = app.report_ticket(sent, &opening()).expect(201);
        assert_eq!(body["ticket"]["id"], stored);
        assert_eq!(app.ticket(sent).expect(200)["id"], stored);
        assert_eq!(app.close_ticket(sent, &closing()).expect(200)["id"], stored);
    }
    let too_long = "x".repeat(201);
    for id in ["%20", "a%00b", "%FF", too_long.as_str()] {
        app.ticket(id).expect_problem(400, "invalid_query");
        app.report_ticket(id, &opening()).expect_problem(400, "invalid_query");
        app.close_ticket(id, &closing()).expect_problem(400, "invalid_query");
    }
}

#[test]
fn pages_of_risky_tickets_neither_repeat_nor_skip_one() {
    let app = spawn_app();
    // One customer comes back hour after hour; two tickets each are closed at the same instant.
    let mut highs: Vec<(String, String)> = Vec::new();
    let mut others = 0;
    for index in 0..24 {
        let opened_at = format!("2026-01-05T{:02}:00:00Z", index / 2);
        let closed_at = format!("2026-01-05T{:02}:30:00Z", index / 2);
        let id = format!("t-{index}");
        let closed = close_one(&app, &id, "u-9", &opened_at, &closed_at);
        let band = closed["assessment"]["band"].as_str().unwrap();
        assert_eq!(closed["assessment"]["tags"], json!([format!("recontact_risk__{band}")]));
        match band {
            "high" => highs.push((closed_at, id)),
            _ => others += 1,
        }
    }
    assert!(highs.len() > 5 && others > 0, "{} high, {others} others", highs.len());
    highs.sort();
    highs.reverse();
    let mut listed = Vec::new();
    let mut query = "risk=high&limit=3".to_owned();
    loop {
        let page = app.list_tickets(&query).expect(200);
        let tickets = page["tickets"].as_array().unwrap();
        assert!(tickets.len() == 3 || page["next_cursor"].is_null(), "{page}");
        for ticket in tickets {
            assert_eq!(ticket["assessment"]["band"], "high");
            assert_eq!(ticket["assessment"]["tags"], json!(["recontact_risk__high"]));
            let text = |name: &str| ticket[name].as_str().unwrap().to_owned();
            listed.push((text("closed_at"), text("id")));
        }
        match page["next_cursor"].as_str() {
            Some(cursor) => query = format!("risk=high&limit=3&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(listed, highs);
    let all = app.list_tickets("limit=500").expect(200);
    assert_eq!(all["tickets"].as_array().unwrap().len(), 24);
    assert_eq!(all["next_cursor"], Value::Null);
}

#[test]
fn a_list_takes_known_parameters_within_their_limits_only() {
    let app = spawn_app();
    assert_eq!(app.get("/v1/tickets").expect(200), json!({"tickets": [], "next_cursor": null}));
    for (query, named) in [
        ("risk=huge", "huge"),
        ("colour=red", "colour"),
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("limit=-1", "limit"),
        ("limit=many", "limit"),
        ("cursor=abc", "cursor"),
        ("cursor=zz", "cursor"),
        ("cursor=", "cursor"),
        ("cursor=%D1%82", "cursor"),
        ("risk=high&risk=low", "risk"),
    ] {
        let problem = app.list_tickets(query).expect_problem(400, "invalid_query");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(named), "{query}: {detail}");
    }
}
