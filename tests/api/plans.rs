//! Plans: proposed from the data, written in versions, checked for the same answer in every channel, retired.

use crate::filler::{DAY, EpisodeRow, Filler, HOUR};
use crate::helpers::{Answer, TestApp};
use crate::next_issues::{example, spawn_filled};
use serde_json::{Value, json};

fn put(app: &TestApp, category: &str, body: &Value) -> Answer {
    let request = app.request("PUT", &format!("/v1/plans/{category}"));
    app.send(request, serde_json::to_vec(body).unwrap())
}

/// The next version of a plan that is in use and says the same in both channels.
fn plan(version: u32) -> Value {
    json!({
        "version": version, "author": "anna", "status": "active", "owner": "lead",
        "answers": {
            "email": "<p>Hello!</p><p>Open the app, choose <b>Cards</b> and wait 3 days.</p>",
            "chat": "Open the app, choose Cards and wait 3 days"
        },
        "follow_up": {"message": "Did it work?", "send_after_hours": 20},
        "prevents": ["pin"], "notes": "reviewed with the front line"
    })
}

fn with(mut body: Value, field: &str, value: Value) -> Value {
    body[field] = value;
    body
}

#[test]
fn a_plan_is_written_in_versions_and_read_with_all_of_them() {
    let app = spawn_filled(|_| {}, async |_: &mut Filler, _: i64| {});
    let first = put(&app, "card%20lost", &plan(0)).expect(200);
    assert_eq!((&first["category"], &first["version"]), (&json!("card lost"), &json!(1)));
    assert_eq!(first["consistency"], json!({"ok": true, "findings": []}));
    assert_eq!(first["review_overdue"], false);
    let (created, review) = (&first["created_at"], &first["review_at"]);
    assert_ne!(created, review);
    let draft = with(plan(1), "status", json!("proposed"));
    let second = put(&app, "card%20lost", &with(draft, "notes", json!("shorter"))).expect(200);
    assert_eq!((&second["version"], &second["status"]), (&json!(2), &json!("proposed")));
    let body = app.get("/v1/plans/card%20lost").expect(200);
    let versions = body["versions"].as_array().unwrap();
    let notes: Vec<_> = versions.iter().map(|one| &one["notes"]).collect();
    assert_eq!(notes, ["shorter", "reviewed with the front line"]);
    let list = app.get("/v1/plans").expect(200);
    assert_eq!(list["plans"].as_array().unwrap().len(), 1);
    assert_eq!(list["plans"][0]["version"], 2);
    let in_use = app.get("/v1/plans?status=active").expect(200);
    assert_eq!(in_use["plans"].as_array().unwrap().len(), 1);
    assert_eq!(in_use["plans"][0]["version"], 1);
    assert_eq!(app.get("/v1/plans?status=retired").expect(200)["plans"], json!([]));
    assert_eq!(app.get("/v1/plans?review_overdue=true").expect(200)["plans"], json!([]));
    app.get("/v1/plans?status=lost").expect_problem(400, "invalid_query");
    app.get("/v1/plans/pin").expect_problem(404, "not_found");
}

#[test]
fn whoever_was_slower_is_shown_the_newest_version() {
    let app = spawn_filled(|_| {}, async |_: &mut Filler, _: i64| {});
    put(&app, "card", &plan(1)).expect_problem(409, "conflict");
    put(&app, "card", &plan(0)).expect(200);
    let problem =
        put(&app, "card", &with(plan(0), "notes", json!("mine"))).expect_problem(409, "conflict");
    assert_eq!(problem["current"]["version"], 1);
    assert_eq!(problem["current"]["notes"], "reviewed with the front line");
    assert!(problem["detail"].as_str().unwrap().contains("newest version is 1"), "{problem}");
    put(&app, "card", &plan(4_294_967_295)).expect_faults();
}

#[test]
fn answers_that_differ_need_a_reason_to_be_put_into_use() {
    let app = spawn_filled(|_| {}, async |_: &mut Filler, _: i64| {});
    let answers = json!({"email": "It takes 3 days.", "chat": "It takes 5 days."});
    let differing = with(plan(0), "answers", answers);
    let refused = put(&app, "card", &differing);
    let faults = refused.expect_faults();
    assert!(faults.contains(&"#/accept_inconsistent".to_owned()), "{faults:?}");
    assert!(refused.text().contains("chat: 5; email: 3"), "{}", refused.text());
    // A draft may be as it is, and says what differs.
    let draft =
        put(&app, "loan", &with(differing.clone(), "status", json!("proposed"))).expect(200);
    assert_eq!(draft["consistency"]["ok"], false);
    let kinds: Vec<_> = draft["consistency"]["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["kind"])
        .collect();
    assert_eq!(kinds, ["number", "wording"]);

    let accepted = with(differing, "accept_inconsistent", json!(true));
    assert_eq!(put(&app, "card", &accepted).expect_faults(), ["#/reason"]);
    assert_eq!(
        put(&app, "card", &with(accepted.clone(), "reason", json!(" "))).expect_faults(),
        ["#/reason"]
    );
    let written =
        put(&app, "card", &with(accepted, "reason", json!("the chat is for business customers")))
            .expect(200);
    assert_eq!(written["accepted_because"], "the chat is for business customers");
    assert_eq!(written["consistency"]["ok"], false);
}

#[test]
fn a_channel_that_customers_use_needs_an_answer() {
    let app = spawn_filled(
        |_| {},
        async |filler: &mut Filler, now: i64| {
            let row = EpisodeRow {
                category: "card",
                closed_at: now - DAY,
                team: "cards",
                channel: "phone",
            };
            filler.write_episode(&row).await;
        },
    );
    let refused = put(&app, "card", &plan(0));
    refused.expect_faults();
    assert!(refused.text().contains("phone"), "{}", refused.text());
    let request = app.request("PUT", "/v1/plans/card").header("Accept-Language", "ru");
    let answer = app.send(request, serde_json::to_vec(&plan(0)).unwrap());
    assert!(answer.text().contains("ответа нет"), "{}", answer.text());
}

#[test]
fn what_is_not_as_expected_is_pointed_at() {
    let app = spawn_filled(|_| {}, async |_: &mut Filler, _: i64| {});
    for (field, value, pointer) in [
        ("answers", json!({}), "#/answers"),
        ("answers", json!({"chat": " "}), "#/answers/chat"),
        ("answers", json!({"chat": "[…what to do]"}), "#/answers/chat"),
        ("answers", json!({"": "x"}), "#/answers/"),
        ("owner", Value::Null, "#/owner"),
        ("author", json!(""), "#/author"),
        ("status", json!("lost"), "#/status"),
        ("prevents", json!(["card"]), "#/prevents/0"),
        (
            "follow_up",
            json!({"message": "x", "send_after_hours": -1}),
            "#/follow_up/send_after_hours",
        ),
        (
            "follow_up",
            json!({"message": "x", "send_after_hours": 721}),
            "#/follow_up/send_after_hours",
        ),
        ("notes", json!("x".repeat(20_001)), "#/notes"),
        ("review_at", json!("2020-01-01T00:00:00Z"), "#/review_at"),
        ("version", json!(-1), "#/version"),
        ("colour", json!("red"), "#/colour"),
    ] {
        let faults = put(&app, "card", &with(plan(0), field, value.clone())).expect_faults();
        assert!(
            faults.iter().any(|fault| fault.starts_with(pointer)),
            "{field} {value}: {faults:?}"
        );
    }
    app.get("/v1/plans/card").expect_problem(404, "not_found");
}

#[test]
fn drafts_are_proposed_for_the_costliest_categories_that_have_none() {
    let app = spawn_filled(|_| {}, example);
    put(&app, "loan", &with(plan(0), "status", json!("proposed"))).expect(200);
    let request = app.request("POST", "/v1/plans/propose").header("Accept-Language", "ru");
    let body = app.send(request, br#"{"author":"anna"}"#.as_slice()).expect(200);
    assert_eq!(body["skipped"], json!([{"category": "loan", "has_plan": "proposed"}]));
    let proposed = body["proposed"].as_array().unwrap();
    assert_eq!(proposed.len(), 1);
    let card = &proposed[0];
    assert_eq!(
        (&card["category"], &card["status"], &card["owner"]),
        (&json!("card"), &json!("proposed"), &Value::Null)
    );
    assert_eq!(card["prevents"], json!(["pin"]));
    assert!(card["answers"]["email"].as_str().unwrap().contains("по шагам"), "{card}");
    // A quarter of the likelier repeats has come after 36 hours, half of them too: a day later.
    assert_eq!(card["follow_up"]["send_after_hours"], 24.0);
    assert_eq!(card["consistency"]["ok"], true);
    let again = app.post("/v1/plans/propose", &json!({"author": "anna"})).expect(200);
    assert_eq!(again["proposed"], json!([]));
    assert_eq!(
        app.post("/v1/plans/propose", &json!({"author": "anna", "window_days": 2, "limit": 0}))
            .expect_faults(),
        ["#/window_days", "#/limit"]
    );
    // A draft is not put into use as it is.
    let mut active = plan(1);
    active["answers"] = card["answers"].clone();
    assert!(put(&app, "card", &active).expect_faults().contains(&"#/answers/email".to_owned()));
}

#[test]
fn a_plan_is_retired_once_and_keeps_what_it_said() {
    let app = spawn_filled(|_| {}, async |_: &mut Filler, _: i64| {});
    let retire = |version: u32| {
        app.post("/v1/plans/card/retire", &json!({"version": version, "author": "boris"}))
    };
    retire(1).expect_problem(404, "not_found");
    put(&app, "card", &plan(0)).expect(200);
    assert_eq!(retire(0).expect_problem(409, "conflict")["current"]["version"], 1);
    let retired = retire(1).expect(200);
    assert_eq!(
        (&retired["version"], &retired["status"], &retired["author"]),
        (&json!(2), &json!("retired"), &json!("boris"))
    );
    assert_eq!(retired["notes"], "reviewed with the front line");
    retire(2).expect_problem(409, "conflict");
}

#[test]
fn a_version_that_was_in_use_tells_what_it_did_and_that_two_periods_are_no_proof() {
    let app = spawn_filled(
        |settings| settings.next_issues.window_days = 1,
        async |filler: &mut Filler, now: i64| {
            filler.followed(("card", "card"), now - 3 * DAY, (10, 5), HOUR).await;
        },
    );
    put(&app, "card", &with(plan(0), "accept_inconsistent", json!(true))).expect(200);
    put(&app, "card", &with(plan(1), "status", json!("proposed"))).expect(200);
    let body = app.get("/v1/plans/card").expect(200);
    let (newest, first) = (&body["versions"][0], &body["versions"][1]);
    assert_eq!(newest["effect"], Value::Null);
    assert_eq!(newest["effect_of_previous"], first["effect"]);
    let effect = &first["effect"];
    assert_eq!(
        (&effect["basis"], &effect["compared_with"]),
        (&json!("descriptive"), &json!("before_plan"))
    );
    // Nothing was closed in the moments of its use.
    assert_eq!((&effect["difference"], &effect["with_plan"]["rate"]), (&Value::Null, &Value::Null));
    assert!(effect["reading"].as_str().unwrap().contains("nothing can be said"), "{effect}");
}
