//! The follow-up queue as teams and integrators see it.

use crate::filler::{DAY, Filler, HOUR};
use crate::helpers::{TestApp, spawn_app_with};
use crate::next_issues::spawn_filled;
use recontact::config::Settings;
use recontact::follow_up::TimeOfDay;
use recontact::risk::RiskBand;
use recontact::timestamp::Timestamp;
use serde_json::{Value, json};

/// A queue without quiet hours in which almost everybody is treated; who is depends on the key, which is always the same.
fn spawn_queue(change: impl FnOnce(&mut Settings)) -> TestApp {
    spawn_app_with(|settings| {
        std::fs::write(&settings.customer_key_file, "0f".repeat(32)).unwrap();
        never_quiet(settings);
        change(settings);
    })
}

fn never_quiet(settings: &mut Settings) {
    let rules = &mut settings.follow_ups;
    rules.quiet_from = TimeOfDay::parse("00:00").unwrap();
    rules.quiet_until = rules.quiet_from;
    rules.send_after_hours = 0.0;
    rules.treatment_share = 0.95;
    rules.flagged_band = RiskBand::Medium;
}

fn ago(minutes: i64) -> Timestamp {
    Timestamp::now().plus_millis(-minutes * 60_000)
}

/// Reports and closes a ticket of team cards.
fn close(app: &TestApp, id: &str, customer: &str, minutes_ago: i64) -> Value {
    let report = json!({
        "customer_id": customer, "opened_at": ago(minutes_ago + 60), "category": "Category 26", "team": "cards"
    });
    app.report_ticket(id, &report).expect(201);
    app.close_ticket(id, &json!({"closed_at": ago(minutes_ago)})).expect(200)
}

/// Closes a ticket of a customer who came with the same issue for days, too long ago to be followed up.
fn close_risky(app: &TestApp, id: &str, customer: &str, minutes_ago: i64) -> Value {
    for day in 5..12 {
        close(app, &format!("{id}-before-{day}"), customer, day * 24 * 60);
    }
    let closed = close(app, id, customer, minutes_ago);
    assert_ne!(closed["assessment"]["band"], "low", "{closed}");
    closed
}

fn list(app: &TestApp, query: &str) -> Value {
    app.get(&format!("/v1/follow-ups?{query}")).expect(200)
}

/// Identifiers of follow-ups in a list.
fn ids(list: &Value) -> Vec<String> {
    let follow_ups = list["follow_ups"].as_array().unwrap();
    follow_ups.iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
}

/// The only follow-up in today's list.
fn only(app: &TestApp) -> Value {
    let list = list(app, "");
    assert_eq!(ids(&list).len(), 1, "{list}");
    list["follow_ups"][0].clone()
}

fn step(app: &TestApp, id: &Value, step: &str, body: &Value) -> crate::helpers::Answer {
    app.post(&format!("/v1/follow-ups/{}/{step}", id.as_str().unwrap()), body)
}

#[test]
fn a_risky_closing_is_in_the_queue_with_reasons_in_words() {
    let app = spawn_queue(|_| {});
    let closed = close_risky(&app, "t-1", "u-9", 5);
    let follow_up = only(&app);
    assert_eq!((&follow_up["ticket_id"], &follow_up["episode"]), (&json!("t-1"), &json!(1)));
    for name in ["category", "customer"] {
        assert_eq!(follow_up[name], closed[name], "{name}");
    }
    assert_eq!((&follow_up["team"], &follow_up["status"]), (&json!("cards"), &json!("waiting")));
    for name in ["probability", "band", "tags", "model"] {
        assert_eq!(follow_up[name], closed["assessment"][name], "{name}");
    }
    assert_eq!(follow_up["expected_benefit"], Value::Null);
    assert_eq!(
        (&follow_up["ranked_by"], &follow_up["version"]),
        (&json!("probability"), &json!(1))
    );
    let closed_at = Timestamp::parse(closed["closed_at"].as_str().unwrap()).unwrap();
    assert_eq!(follow_up["due_at"], json!(closed_at.plus_days(1)));
    assert_eq!(follow_up["expires_at"], json!(closed_at.plus_days(3)));
    let reasons = follow_up["reasons"].as_array().unwrap();
    assert!(!reasons.is_empty() && reasons.len() <= 3, "{reasons:?}");
    assert!(reasons[0].as_str().unwrap().ends_with("raises the risk"), "{reasons:?}");
    let russian = app.request("GET", "/v1/follow-ups").header("Accept-Language", "ru");
    let russian = app.send(russian, ()).expect(200);
    let reason = russian["follow_ups"][0]["reasons"][0].as_str().unwrap().to_owned();
    assert!(reason.ends_with("повышает риск"), "{reason}");
    let one = app.get(&format!("/v1/follow-ups/{}", follow_up["id"].as_str().unwrap())).expect(200);
    assert_eq!(one["follow_up"], follow_up);
    assert_eq!(one["history"][0]["action"], "enqueue");
}

#[test]
fn the_second_of_two_gets_409_with_what_the_follow_up_is_now() {
    let app = spawn_queue(|_| {});
    close_risky(&app, "t-1", "u-9", 5);
    let id = only(&app)["id"].clone();
    let claimed = step(&app, &id, "claim", &json!({"version": 1, "author": "ann"})).expect(200);
    assert_eq!((&claimed["status"], &claimed["claimed_by"]), (&json!("claimed"), &json!("ann")));
    let again = step(&app, &id, "claim", &json!({"version": 1, "author": "ann"})).expect(200);
    assert_eq!(again, claimed);
    let second = step(&app, &id, "claim", &json!({"version": 1, "author": "bob"}));
    let problem = second.expect_problem(409, "follow_up_changed");
    let current = &problem["current"];
    assert_eq!((&current["version"], &current["claimed_by"]), (&json!(2), &json!("ann")));
    let early = step(&app, &id, "claim", &json!({"version": 2, "author": "bob"}));
    early.expect_problem(409, "step_not_allowed");
    let body = json!({"version": 2, "author": "ann", "channel": "phone", "reason": "explained it"});
    let done = step(&app, &id, "done", &body).expect(200);
    assert_eq!((&done["status"], &done["version"]), (&json!("done"), &json!(3)));
    assert_eq!(step(&app, &id, "done", &body).expect(200), done);
    let one = app.get(&format!("/v1/follow-ups/{}", id.as_str().unwrap())).expect(200);
    let steps: Vec<_> =
        one["history"].as_array().unwrap().iter().map(|step| step["action"].clone()).collect();
    assert_eq!(steps, ["enqueue", "claim", "done"]);
    assert_eq!(one["history"][2]["details"], json!({"channel": "phone"}));
    assert_eq!(one["history"][2]["reason"], "explained it");
    assert_eq!(ids(&list(&app, "status=done")).len(), 1);
    assert_eq!(ids(&list(&app, "")).len(), 0);
}

#[test]
fn claims_at_once_have_one_winner() {
    let app = spawn_queue(|_| {});
    close_risky(&app, "t-1", "u-9", 5);
    let id = only(&app)["id"].clone();
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let claims: Vec<_> = (0..8)
            .map(|number| {
                let (app, id) = (&app, &id);
                let body = json!({"version": 1, "author": format!("agent-{number}")});
                scope.spawn(move || step(app, id, "claim", &body).status)
            })
            .collect();
        claims.into_iter().map(|claim| claim.join().unwrap()).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 409).count(), 7, "{statuses:?}");
}

#[test]
fn a_team_takes_no_more_than_its_capacity_a_day() {
    let app = spawn_queue(|settings| {
        settings.follow_ups.daily_capacity = 1;
        settings.follow_ups.team_capacity = [("cards".to_owned(), 2)].into();
    });
    for number in 0..5 {
        close_risky(&app, &format!("t-{number}"), &format!("u-{number}"), 5 + number);
    }
    let waiting = list(&app, "status=waiting&team=cards");
    assert!(ids(&waiting).len() >= 3, "{waiting}");
    let today = list(&app, "team=cards");
    assert_eq!(ids(&today), ids(&waiting)[..2]);
    let day = &today["teams"][0];
    assert_eq!(
        (&day["team"], &day["capacity"], &day["left"]),
        (&json!("cards"), &json!(2), &json!(2))
    );
    let claim = json!({"version": 1, "author": "ann"});
    for follow_up in &waiting["follow_ups"].as_array().unwrap()[..2] {
        step(&app, &follow_up["id"], "claim", &claim).expect(200);
    }
    let third = &waiting["follow_ups"][2]["id"];
    let problem = step(&app, third, "claim", &claim).expect_problem(409, "capacity_reached");
    assert_eq!(problem["current"]["status"], "waiting");
    assert_eq!(ids(&list(&app, "")).len(), 0);
    let release = json!({"version": 2, "author": "ann", "reason": "off for today"});
    step(&app, &waiting["follow_ups"][0]["id"], "release", &release).expect(200);
    step(&app, third, "claim", &claim).expect(200);
    assert_eq!(ids(&list(&app, "status=claimed")).len(), 2);
    // Tickets without a team have a queue of their own.
    assert_eq!(list(&app, "team=")["teams"][0]["capacity"], 1);
}

#[test]
fn pages_neither_repeat_nor_skip_a_follow_up() {
    let app = spawn_queue(|_| {});
    for number in 0..6 {
        close_risky(&app, &format!("t-{number}"), &format!("u-{number}"), 5);
    }
    for status in ["", "status=waiting&"] {
        let all = ids(&list(&app, status));
        assert!(all.len() >= 4, "{all:?}");
        let mut paged = Vec::new();
        let mut query = format!("{status}limit=2");
        loop {
            let page = list(&app, &query);
            paged.extend(ids(&page));
            let Some(cursor) = page["next_cursor"].as_str() else { break };
            query = format!("{status}limit=2&cursor={cursor}");
        }
        assert_eq!(paged, all, "{status}");
    }
}

#[test]
fn a_follow_up_is_put_off_disagreed_with_or_not_needed_for_a_reason() {
    let app = spawn_queue(|_| {});
    for number in 0..3 {
        close_risky(&app, &format!("t-{number}"), &format!("u-{number}"), 5);
    }
    let waiting = list(&app, "");
    let [first, second] = [0, 1].map(|index| waiting["follow_ups"][index]["id"].clone());
    let until = Timestamp::now().plus_days(1);
    let snooze = json!({"version": 1, "author": "ann", "until": until});
    let snoozed = step(&app, &first, "snooze", &snooze).expect(200);
    assert_eq!((&snoozed["status"], &snoozed["available_at"]), (&json!("snoozed"), &json!(until)));
    assert!(!ids(&list(&app, "")).contains(&first.as_str().unwrap().to_owned()));
    let past = json!({"version": 2, "author": "ann", "until": "2026-01-05T09:00:00Z"});
    assert_eq!(step(&app, &first, "snooze", &past).expect_faults(), ["#/until"]);
    let reason = json!({"version": 2, "author": "ann", "reason": "the refund arrived"});
    let dropped = step(&app, &first, "not-needed", &reason).expect(200);
    assert_eq!(
        (&dropped["status"], &dropped["status_reason"]),
        (&json!("not_needed"), &json!("the refund arrived"))
    );
    let reason = json!({"version": 1, "author": "ann", "reason": "a test account"});
    assert_eq!(step(&app, &second, "disagree", &reason).expect(200)["status"], "disagreed");
    for (name, body, pointer) in [
        ("disagree", json!({"version": 1, "author": "ann"}), "#"),
        ("not-needed", json!({"version": 1, "author": "ann", "reason": " "}), "#/reason"),
        ("done", json!({"version": 1, "author": "ann"}), "#"),
        ("claim", json!({"version": -1, "author": "ann"}), "#/version"),
        ("claim", json!({"version": 1}), "#"),
        ("claim", json!({"version": 1, "author": "ann", "colour": "red"}), "#/colour"),
    ] {
        assert_eq!(step(&app, &second, name, &body).expect_faults(), [pointer], "{name}: {body}");
    }
}

#[test]
fn nothing_is_claimed_in_quiet_hours() {
    let time_of_day =
        |minutes_ago: i64| TimeOfDay::parse(&ago(minutes_ago).to_string()[11..16]).unwrap();
    let app = spawn_queue(|settings| {
        settings.follow_ups.quiet_from = time_of_day(60);
        settings.follow_ups.quiet_until = time_of_day(-60);
    });
    // Closed and available before quiet hours began.
    close_risky(&app, "t-1", "u-9", 180);
    let list = list(&app, "team=cards");
    assert!(list["teams"][0]["quiet_until"].is_string(), "{list}");
    let follow_up = &list["follow_ups"][0];
    let claim = json!({"version": 1, "author": "ann"});
    let problem = step(&app, &follow_up["id"], "claim", &claim).expect_problem(409, "quiet_hours");
    assert!(problem["detail"].as_str().unwrap().contains("until"), "{problem}");
    // Closed within them: nobody is disturbed before they end.
    close_risky(&app, "t-2", "u-8", 5);
    let later = app.get("/v1/follow-ups?status=waiting").expect(200);
    let later: Vec<_> = later["follow_ups"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["ticket_id"] == "t-2")
        .collect();
    assert!(later[0]["available_at"].as_str().unwrap() > Timestamp::now().to_string().as_str());
}

#[test]
fn one_customer_is_followed_up_once_within_the_days_of_the_cap() {
    let app = spawn_queue(|_| {});
    close_risky(&app, "t-1", "u-9", 10);
    close(&app, "t-2", "u-9", 5);
    assert_eq!(only(&app)["ticket_id"], "t-1");
    let suppressed = list(&app, "status=suppressed");
    assert_eq!(suppressed["follow_ups"][0]["ticket_id"], "t-2");
    assert_eq!(suppressed["follow_ups"][0]["status_reason"], "frequency_cap");
}

#[test]
fn a_customer_who_opted_out_is_neither_scored_nor_in_the_queue() {
    let app = spawn_queue(|_| {});
    close_risky(&app, "t-1", "u-9", 10);
    let customer = only(&app)["customer"].as_str().unwrap().to_owned();
    let path = format!("/v1/opt-outs/{customer}");
    app.get(&path).expect_problem(404, "opt_out_not_found");
    let wish = json!({"customer_id": "u-9", "author": "ann", "reason": "asked for it"});
    let recorded = app.post("/v1/opt-outs", &wish).expect(201);
    assert_eq!(
        (&recorded["outcome"], &recorded["suppressed_follow_ups"]),
        (&json!("recorded"), &json!(1))
    );
    assert_eq!(recorded["opt_out"]["customer"], customer);
    let by_hash = json!({"customer": customer, "author": "bob", "reason": "again"});
    let again = app.post("/v1/opt-outs", &by_hash).expect(200);
    assert_eq!((&again["outcome"], &again["opt_out"]), (&json!("unchanged"), &recorded["opt_out"]));
    assert_eq!(app.get(&path).expect(200), recorded["opt_out"]);
    assert_eq!(app.get("/v1/opt-outs").expect(200)["opt_outs"], json!([recorded["opt_out"]]));
    assert_eq!(ids(&list(&app, "")).len(), 0);
    let closed = close(&app, "t-2", "u-9", 5);
    assert_eq!((&closed["status"], &closed["assessment"]), (&json!("closed"), &Value::Null));
    let ticket = json!({"id": "t-9", "customer_id": "u-9", "opened_at": ago(20), "closed_at": ago(5), "category": "224"});
    let faults = app.post("/v1/predict", &json!({"tickets": [ticket]})).expect_faults();
    assert_eq!(faults, ["#/tickets/0/customer_id"]);
    let delete = |query: &str| app.send(app.request("DELETE", &format!("{path}{query}")), ());
    delete("").expect_problem(400, "invalid_query");
    assert_eq!(delete("?author=ann").status, 204);
    delete("?author=ann").expect_problem(404, "opt_out_not_found");
    assert!(close(&app, "t-3", "u-9", 4)["assessment"].is_object());
}

#[test]
fn an_opt_out_names_its_customer_in_one_way() {
    let app = spawn_queue(|_| {});
    for (body, pointer) in [
        (json!({"author": "ann", "reason": "asked"}), "#"),
        (
            json!({"customer_id": "u-9", "customer": "00".repeat(32), "author": "ann", "reason": "asked"}),
            "#",
        ),
        (json!({"customer": "u-9", "author": "ann", "reason": "asked"}), "#/customer"),
        (
            json!({"identity": {"kind": "email", "value": "nobody"}, "author": "ann", "reason": "asked"}),
            "#/identity/value",
        ),
    ] {
        assert_eq!(app.post("/v1/opt-outs", &body).expect_faults(), [pointer], "{body}");
    }
    app.get("/v1/opt-outs/u-9").expect_problem(400, "invalid_query");
    let by_address = json!({
        "identity": {"kind": "email", "value": "Ivan@example.org"}, "author": "ann", "reason": "asked"
    });
    app.post("/v1/opt-outs", &by_address).expect(201);
    app.post("/v1/opt-outs", &by_address).expect(200);
    let listed = app.get("/v1/opt-outs").expect(200)["opt_outs"].clone();
    let path = format!("/v1/opt-outs/{}?author=ann", listed[0]["customer"].as_str().unwrap());
    assert_eq!(app.send(app.request("DELETE", &path), ()).status, 204);
    for number in 0..3 {
        let body =
            json!({"customer_id": format!("u-{number}"), "author": "ann", "reason": "asked"});
        app.post("/v1/opt-outs", &body).expect(201);
    }
    let first = app.get("/v1/opt-outs?limit=2").expect(200);
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = app.get(&format!("/v1/opt-outs?limit=2&cursor={cursor}")).expect(200);
    assert_eq!(
        (first["opt_outs"].as_array().unwrap().len(), second["opt_outs"].as_array().unwrap().len()),
        (2, 1)
    );
    assert_eq!(second["next_cursor"], Value::Null);
    app.get("/v1/opt-outs?cursor=zz").expect_problem(400, "invalid_query");
}

#[test]
fn a_list_takes_known_parameters_only_and_never_the_control_group() {
    let app = spawn_queue(|_| {});
    for (query, named) in [
        ("status=held_out", "never listed"),
        ("status=finished", "not_needed"),
        ("arm=control", "arm"),
        ("limit=0", "limit"),
        ("cursor=zz", "cursor"),
        ("team=%00", "team"),
    ] {
        let answer = app.get(&format!("/v1/follow-ups?{query}"));
        let problem = answer.expect_problem(400, "invalid_query");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(named), "{query}: {detail}");
    }
    app.get("/v1/follow-ups/nothing").expect_problem(404, "follow_up_not_found");
    let claim = json!({"version": 1, "author": "ann"});
    step(&app, &json!("nothing"), "claim", &claim).expect_problem(404, "follow_up_not_found");
}

#[test]
fn a_follow_up_tells_what_is_likely_to_come_next_and_what_the_plan_in_use_says() {
    let app = spawn_filled(never_quiet, async |filler: &mut Filler, now: i64| {
        let old = now - 45 * DAY;
        filler.followed(("Category 26", "pin"), old, (60, 24), 36 * HOUR).await;
        filler.followed(("loan", "pin"), old, (200, 2), 9 * DAY).await;
    });
    let closed = close_risky(&app, "t-1", "u-9", 5);
    let follow_up = only(&app);
    assert_eq!(follow_up["next_issue"]["category"], "pin");
    for name in ["next_issue", "expected_repeat"] {
        assert_eq!(follow_up[name], closed["assessment"][name], "{name}");
    }
    assert_eq!(follow_up["plan"], Value::Null);

    let put = |version: u32, status: &str, message: &str| {
        let plan = json!({
            "version": version, "author": "anna", "status": status, "owner": "lead",
            "answers": {"email": "Choose Cards."}, "follow_up": {"message": message, "send_after_hours": 1}
        });
        let request = app.request("PUT", "/v1/plans/Category%2026");
        app.send(request, serde_json::to_vec(&plan).unwrap()).expect(200);
    };
    put(0, "proposed", "Not yet.");
    assert_eq!(only(&app)["plan"], Value::Null);
    put(1, "active", "Did it work?");
    put(2, "proposed", "Did it work at last?");
    let expected = json!({
        "version": 2, "owner": "lead", "message": "Did it work?", "answers": {"email": "Choose Cards."}
    });
    assert_eq!(only(&app)["plan"], expected);
    let claim = json!({"version": 1, "author": "ann"});
    let claimed = step(&app, &follow_up["id"], "claim", &claim).expect(200);
    assert_eq!(claimed["plan"], expected);
    let one = app.get(&format!("/v1/follow-ups/{}", follow_up["id"].as_str().unwrap())).expect(200);
    assert_eq!(one["follow_up"]["plan"], expected);
}

#[test]
fn with_costs_and_a_measured_effect_the_queue_is_ranked_by_what_it_saves() {
    let app = spawn_queue(|settings| {
        let rules = &mut settings.follow_ups;
        rules.effectiveness = Some(0.5);
        (rules.costs.repeat, rules.costs.follow_up, rules.costs.harm) = (100.0, 1.0, 0.5);
    });
    close_risky(&app, "t-1", "u-9", 5);
    let follow_up = only(&app);
    let expected = follow_up["probability"].as_f64().unwrap() * 50.0 - 1.5;
    assert!(
        (follow_up["expected_benefit"].as_f64().unwrap() - expected).abs() < 1e-9,
        "{follow_up}"
    );
    assert_eq!(follow_up["ranked_by"], "expected_benefit");
}

#[test]
fn the_counters_tell_what_became_of_follow_ups() {
    let app = spawn_queue(|_| {});
    close_risky(&app, "t-1", "u-9", 5);
    let id = only(&app)["id"].clone();
    step(&app, &id, "claim", &json!({"version": 1, "author": "ann"})).expect(200);
    let metrics = app.get("/metrics");
    for series in [
        "recontact_follow_ups_enqueued_total{arm=\"treatment\",status=\"waiting\"}",
        "recontact_follow_up_steps_total{action=\"claim\"}",
    ] {
        assert!(metrics.text().contains(series), "{series}");
    }
}
