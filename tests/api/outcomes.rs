use crate::helpers::{TestApp, spawn_app};
use recontact::timestamp::Timestamp;
use serde_json::{Value, json};

/// Reports and closes a ticket about a failed top up, which is what the contacts below are about.
fn solve(app: &TestApp, id: &str, customer: &str, opened_at: &str, closed_at: &str) {
    let report =
        json!({"customer_id": customer, "opened_at": opened_at, "category": "top_up_failed"});
    app.report_ticket(id, &report).expect(201);
    app.close_ticket(id, &json!({ "closed_at": closed_at, "team": "cards" })).expect(200);
}

fn say(app: &TestApp, id: &str, customer: &str, at: &str, text: &str) -> Value {
    let contact = json!({"id": id, "customer_id": customer, "occurred_at": at, "text": text});
    app.record_contact(&contact).expect(201)
}

const FAILED: &str = "My top up failed again";

fn window(outcomes: &Value, episode: usize, days: u64) -> Value {
    let windows = outcomes["episodes"][episode]["windows"].as_array().unwrap();
    windows.iter().find(|window| window["window_days"] == days).unwrap().clone()
}

/// An instant some hours before now.
fn hours_ago(hours: i64) -> String {
    Timestamp::from_millis(Timestamp::now().millis() - hours * 3_600_000).unwrap().to_string()
}

#[test]
fn an_outcome_is_told_with_its_proof() {
    let app = spawn_app();
    solve(&app, "t-1", "u-1", "2026-01-05T09:00:00Z", "2026-01-06T09:00:00Z");
    say(&app, "c-1", "u-1", "2026-01-08T21:00:00Z", FAILED);
    say(&app, "c-0", "u-2", "2026-01-07T21:00:00Z", FAILED);
    let outcomes = app.outcomes("t-1").expect(200);
    let told: Vec<_> =
        [1, 3, 7, 14, 30].map(|days| window(&outcomes, 0, days)["outcome"].clone()).into();
    assert_eq!(told, ["none", "explicit", "explicit", "explicit", "explicit"]);
    let third = window(&outcomes, 0, 3);
    assert_eq!((&third["mature"], &third["corrected"]), (&json!(true), &json!(false)));
    let proof = &third["proof"];
    assert_eq!(
        (&proof["source"], &proof["id"], &proof["gap_hours"], &proof["category"]),
        (&json!("contact"), &json!("c-1"), &json!(60.0), &json!("top_up_failed"))
    );
    assert_eq!(window(&outcomes, 0, 1)["proof"], Value::Null);
    assert_eq!(app.outcomes("t-2").expect_problem(404, "ticket_not_found")["status"], 404);
}

#[test]
fn a_window_that_is_not_over_has_no_outcome_and_says_when_it_will() {
    let app = spawn_app();
    let closed_at = hours_ago(30);
    solve(&app, "t-1", "u-1", &hours_ago(40), &closed_at);
    let outcomes = app.outcomes("t-1").expect(200);
    assert_eq!(window(&outcomes, 0, 1)["outcome"], "none");
    let third = window(&outcomes, 0, 3);
    assert_eq!((&third["outcome"], &third["mature"]), (&Value::Null, &json!(false)));
    let end = Timestamp::parse(&closed_at).unwrap().plus_days(3).to_string();
    assert_eq!(third["matures_at"], json!(end));
    let summary = app.get("/v1/outcomes?window_days=7").expect(200);
    assert_eq!((&summary["immature"], &summary["all"]["mature"]), (&json!(1), &json!(0)));
    assert_eq!(summary["all"]["repeat_contact_rate"]["rate"], Value::Null);
    assert_eq!(summary["all"]["repeat_contact_rate"]["interval"], Value::Null);
}

#[test]
fn an_event_in_the_future_is_refused_at_its_field() {
    let app = spawn_app();
    let future = hours_ago(-1);
    let report = json!({"customer_id": "u-1", "opened_at": future, "category": "x"});
    assert_eq!(app.report_ticket("t-1", &report).expect_faults(), ["#/opened_at"]);
    let mut report = json!({"customer_id": "u-1", "opened_at": hours_ago(2), "category": "x"});
    report["updated_at"] = json!(future);
    assert_eq!(app.report_ticket("t-1", &report).expect_faults(), ["#/updated_at"]);
    report.as_object_mut().unwrap().remove("updated_at");
    app.report_ticket("t-1", &report).expect(201);
    assert_eq!(
        app.close_ticket("t-1", &json!({ "closed_at": future })).expect_faults(),
        ["#/closed_at"]
    );
    app.close_ticket("t-1", &json!({"closed_at": hours_ago(1)})).expect(200);
    assert_eq!(app.reopen_ticket("t-1", &future).expect_faults(), ["#/reopened_at"]);
    let contact = json!({"id": "c-1", "customer_id": "u-1", "occurred_at": future, "text": FAILED});
    let answer = app.record_contact(&contact);
    assert_eq!(answer.expect_faults(), ["#/occurred_at"]);
    assert!(answer.text().contains("in the future"), "{}", answer.text());
}

#[test]
fn offsets_and_the_change_of_summer_time_make_no_difference() {
    let app = spawn_app();
    // Clocks in Berlin go back at 01:00 UTC on 2025-10-26; what comes second by the clock on the wall is told by the offset.
    solve(&app, "t-1", "u-1", "2025-10-25T22:00:00+02:00", "2025-10-26T02:30:00+02:00");
    say(&app, "c-1", "u-1", "2025-10-26T02:15:00+01:00", FAILED);
    say(&app, "c-2", "u-1", "2025-10-25T23:00:00-05:00", FAILED);
    let outcomes = app.outcomes("t-1").expect(200);
    let proof = &window(&outcomes, 0, 1)["proof"];
    assert_eq!((&proof["id"], &proof["gap_hours"]), (&json!("c-1"), &json!(0.75)));
    assert_eq!(outcomes["episodes"][0]["recontacts"][1]["gap_hours"], 3.5);
}

#[test]
fn a_late_contact_changes_the_outcome_and_says_so() {
    let app = spawn_app();
    solve(&app, "t-1", "u-1", "2026-01-05T09:00:00Z", "2026-01-06T09:00:00Z");
    say(&app, "c-1", "u-1", "2026-01-10T09:00:00Z", FAILED);
    let outcomes = app.outcomes("t-1").expect(200);
    let change = &outcomes["episodes"][0]["changes"][0];
    assert_eq!(change["cause"], "late_contact");
    assert_eq!(change["before"]["7"], "none");
    assert_eq!(
        (&change["after"]["3"], &change["after"]["7"]),
        (&json!("none"), &json!("explicit"))
    );
}

#[test]
fn a_reopened_ticket_has_an_episode_for_each_closing() {
    let app = spawn_app();
    solve(&app, "t-1", "u-1", "2026-01-05T09:00:00Z", "2026-01-06T09:00:00Z");
    let reopened = app.reopen_ticket("t-1", "2026-01-07T09:00:00Z").expect(200);
    assert_eq!((&reopened["status"], &reopened["reopens"]), (&json!("open"), &json!(1)));
    assert_eq!(app.reopen_ticket("t-1", "2026-01-07T09:00:00Z").expect(200), reopened);
    app.reopen_ticket("t-1", "2026-01-07T10:00:00Z").expect_problem(409, "conflict");
    let early = app.close_ticket("t-1", &json!({"closed_at": "2026-01-06T12:00:00Z"}));
    assert_eq!(early.expect_faults(), ["#/closed_at"]);
    let closing = json!({"closed_at": "2026-01-08T09:00:00Z"});
    let closed = app.close_ticket("t-1", &closing).expect(200);
    assert_eq!(app.close_ticket("t-1", &closing).expect(200), closed);
    assert_eq!(app.reopen_ticket("t-1", "2026-01-08T09:00:00Z").expect_faults(), ["#/reopened_at"]);
    let ticket = app.ticket("t-1").expect(200);
    let episodes = ticket["episodes"].as_array().unwrap();
    assert_eq!(episodes.len(), 2);
    assert_eq!(episodes[1]["assessment"], ticket["assessment"]);
    assert_ne!(episodes[0]["assessment"], episodes[1]["assessment"]);
    assert_eq!(
        (&episodes[1]["number"], &episodes[1]["opened_at"]),
        (&json!(2), &json!("2026-01-07T09:00:00Z"))
    );
    let outcomes = app.outcomes("t-1").expect(200);
    let proof = &window(&outcomes, 0, 1)["proof"];
    assert_eq!((&proof["source"], &proof["relation"]), (&json!("reopening"), &json!("explicit")));
    assert_eq!(window(&outcomes, 1, 30)["outcome"], "none");
    app.reopen_ticket("t-9", "2026-01-08T09:00:00Z").expect_problem(404, "ticket_not_found");
}

#[test]
fn what_is_no_recontact_is_listed_beside() {
    let app = spawn_app();
    solve(&app, "t-1", "u-1", "2026-01-05T09:00:00Z", "2026-01-06T09:00:00Z");
    let mut contact = json!({"id": "c-1", "customer_id": "u-1", "occurred_at": "2026-01-07T09:00:00Z", "text": FAILED, "kind": "survey_reply"});
    let body = app.record_contact(&contact).expect(201);
    assert_eq!((&body["kind"], &body["kind_rule"]), (&json!("survey_reply"), &json!("stated")));
    contact["id"] = json!("c-2");
    contact.as_object_mut().unwrap().remove("kind");
    contact["author"] = json!("agent");
    assert_eq!(app.record_contact(&contact).expect(201)["kind"], "agent_created");
    let again = app.record_contact(&contact).expect(200);
    assert_eq!((&again["kind"], &again["outcome"]), (&json!("agent_created"), &json!("unchanged")));
    let outcomes = app.outcomes("t-1").expect(200);
    assert_eq!(window(&outcomes, 0, 30)["outcome"], "none");
    let excluded = outcomes["episodes"][0]["excluded"].as_array().unwrap();
    let kinds: Vec<_> = excluded.iter().map(|one| one["kind"].clone()).collect();
    assert_eq!(kinds, ["survey_reply", "agent_created"]);
    contact["id"] = json!("c-3");
    contact["author"] = json!("robot");
    assert_eq!(app.record_contact(&contact).expect_faults(), ["#/author"]);
}

#[test]
fn a_correction_counts_and_the_derived_outcome_stays() {
    let app = spawn_app();
    solve(&app, "t-1", "u-1", "2026-01-05T09:00:00Z", "2026-01-06T09:00:00Z");
    let path = "/v1/tickets/t-1/outcomes/corrections";
    let correction = json!({
        "episode": 1, "outcome": "explicit", "gap_hours": 60, "cause_code": "first_time_error",
        "author": "lead", "reason": "they called my colleague"
    });
    let recorded = app.post(path, &correction).expect(201);
    assert_eq!(app.post(path, &correction).expect(200), recorded);
    let outcomes = app.outcomes("t-1").expect(200);
    let (first, third) = (window(&outcomes, 0, 1), window(&outcomes, 0, 3));
    assert_eq!((&first["outcome"], &first["derived"]), (&json!("none"), &json!("none")));
    assert_eq!((&third["outcome"], &third["derived"]), (&json!("explicit"), &json!("none")));
    assert_eq!((&third["corrected"], &third["proof"]), (&json!(true), &Value::Null));
    let summary = app.get("/v1/outcomes?window_days=7").expect(200);
    assert_eq!((&summary["all"]["explicit"], &summary["corrected"]), (&json!(1), &json!(1)));
    for (field, value) in [
        ("episode", json!(2)),
        ("outcome", json!("maybe")),
        ("gap_hours", json!(0)),
        ("gap_hours", json!(721)),
        ("cause_code", json!("weather")),
        ("author", json!("")),
        ("reason", json!("  ")),
    ] {
        let mut wrong = correction.clone();
        wrong[field] = value;
        assert_eq!(app.post(path, &wrong).expect_faults(), [format!("#/{field}")]);
    }
    let none =
        json!({"episode": 1, "outcome": "none", "gap_hours": 5, "author": "lead", "reason": "x"});
    assert_eq!(app.post(path, &none).expect_faults(), ["#/gap_hours"]);
    app.post("/v1/tickets/t-9/outcomes/corrections", &correction)
        .expect_problem(404, "ticket_not_found");
}

#[test]
fn figures_come_with_their_intervals() {
    let app = spawn_app();
    for n in 0..4 {
        let (id, customer) = (format!("t-{n}"), format!("u-{n}"));
        solve(&app, &id, &customer, "2026-01-05T09:00:00Z", "2026-01-06T09:00:00Z");
    }
    say(&app, "c-1", "u-1", "2026-01-07T09:00:00Z", FAILED);
    let query = "/v1/outcomes?from=2026-01-06T00:00:00Z&to=2026-01-07T00:00:00%2B03:00&team=cards&category=top_up_failed";
    let summary = app.get(query).expect(200);
    let rate = &summary["all"]["repeat_contact_rate"];
    assert_eq!(
        (&rate["count"], &rate["trials"], &rate["rate"]),
        (&json!(1), &json!(4), &json!(0.25))
    );
    let low = rate["interval"]["low"].as_f64().unwrap();
    assert!((low - 0.0456).abs() < 0.001, "{rate}");
    assert_eq!(summary["all"]["explicit_share"]["rate"], 1.0);
    assert_eq!(summary["unflagged"], summary["all"]);
    assert_eq!(app.get("/v1/outcomes?team=none").expect(200)["all"]["mature"], 0);
    for query in [
        "window_days=2",
        "window_days=x",
        "from=yesterday",
        "colour=red",
        "category=",
        "from=2026-01-07T00:00:00Z&to=2026-01-06T00:00:00Z",
    ] {
        app.get(&format!("/v1/outcomes?{query}")).expect_problem(400, "invalid_query");
    }
}
