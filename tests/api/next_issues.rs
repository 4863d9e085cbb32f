//! Which issue follows which, over HTTP and in assessments.

use crate::filler::{DAY, EpisodeRow, Filler, HOUR};
use crate::helpers::{TestApp, spawn_app_in, wait_until};
use crate::trained;
use recontact::config::Settings;
use recontact::store::{CustomerKey, Store, StoreOptions};
use recontact::timestamp::Timestamp;
use serde_json::{Value, json};
use tempfile::TempDir;

/// A service on a database that `fill` has filled before the start; answers when the map of next issues is there.
pub(crate) fn spawn_filled(
    change: impl FnOnce(&mut Settings),
    fill: impl AsyncFnOnce(&mut Filler, i64),
) -> TestApp {
    let folder = tempfile::tempdir().unwrap();
    trained::install(&folder.path().join("models"));
    fill_database(&folder, fill);
    let app = spawn_app_in(folder, change);
    wait_until("next issues are computed", || {
        !app.get("/v1/next-issues").expect(200)["computed_at"].is_null()
    });
    app
}

fn fill_database(folder: &TempDir, fill: impl AsyncFnOnce(&mut Filler, i64)) {
    let url = format!("sqlite:{}", folder.path().join("recontact.db").display());
    let key = "07".repeat(CustomerKey::BYTES);
    std::fs::write(folder.path().join("customer.key"), &key).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let key = CustomerKey::parse(&key).unwrap();
        Store::connect(&url, key, StoreOptions::default()).await.unwrap().close().await;
        let mut filler = Filler::connect(&url).await;
        fill(&mut filler, Timestamp::now().millis()).await;
        filler.close().await;
    });
}

/// 60 mature episodes of card, 24 of them followed by pin after 36 hours and 12 by card after 6; 200 of loan, 2 of them followed
/// by pin; 40 of card that are a day old; 5 of a rare category.
pub(crate) async fn example(filler: &mut Filler, now: i64) {
    let old = now - 45 * DAY;
    let tickets = filler.followed(("card", "pin"), old, (60, 24), 36 * HOUR).await;
    for ticket in &tickets[30..42] {
        filler.contact(ticket, "card", Some("card"), "explicit", 6 * HOUR).await;
    }
    filler.followed(("loan", "pin"), old, (200, 2), 9 * DAY).await;
    filler.followed(("rare", "pin"), old, (5, 5), HOUR).await;
    filler.followed(("card", "pin"), now - DAY, (40, 40), HOUR).await;
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

fn near(value: &Value, expected: f64) -> bool {
    (number(value) - expected).abs() < 1e-9
}

fn costs(settings: &mut Settings) {
    settings.next_issues.costs.repeat = 2.5;
}

#[test]
fn the_costliest_categories_come_first_with_what_follows_them() {
    let app = spawn_filled(costs, example);
    let body = app.get("/v1/next-issues?window_days=14").expect(200);
    assert_eq!(body["window_days"], 14);
    assert_eq!(body["minimum_episodes"], 30);
    let coverage = &body["coverage"];
    assert_eq!(
        (&coverage["mature_episodes"], &coverage["immature_episodes"]),
        (&json!(265), &json!(40))
    );
    assert_eq!(coverage["categories_below_minimum"], 1);
    let primaries = body["primaries"].as_array().unwrap();
    let ranked: Vec<_> = primaries.iter().map(|one| &one["category"]).collect();
    assert_eq!(ranked, ["card", "loan"]);
    let card = &primaries[0];
    assert_eq!((&card["rank"], &card["n"], &card["repeats"]), (&json!(1), &json!(60), &json!(36)));
    assert!(near(&card["score"], 36.0 * 2.5) && near(&card["repeat_rate"], 0.6));
    let pin = &card["secondaries"][0];
    assert_eq!(
        (&pin["category"], &pin["n"], &pin["adjacent"]),
        (&json!("pin"), &json!(24), &json!(true))
    );
    assert!(near(&pin["probability"], 0.4) && near(&pin["base_rate"], 31.0 / 265.0));
    assert!(near(&pin["lift"], 0.4 / (31.0 / 265.0)));
    assert!(number(&pin["lift_interval"]["low"]) > 1.0);
    assert_eq!((&pin["gap_hours"]["median"], &pin["gap_bucket"]), (&json!(36.0), &json!("days")));
    let same = &card["explicit"];
    assert_eq!((&same["n"], &same["gap_bucket"]), (&json!(12), &json!("hours")));
    assert_eq!(primaries[1]["secondaries"][0]["adjacent"], false);
    assert_eq!(primaries[1]["explicit"], Value::Null);
}

#[test]
fn the_map_can_be_asked_for_one_category_team_channel_and_window() {
    let app = spawn_filled(
        |_| {},
        async |filler: &mut Filler, now: i64| {
            example(filler, now).await;
            for _ in 0..35 {
                let closed_at = now - 45 * DAY;
                let row =
                    EpisodeRow { category: "card", closed_at, team: "night", channel: "chat" };
                filler.write_episode(&row).await;
            }
        },
    );
    let n = |query: &str| {
        let body = app.get(&format!("/v1/next-issues?{query}")).expect(200);
        let primaries = body["primaries"].as_array().unwrap();
        primaries.iter().map(|one| number(&one["n"])).collect::<Vec<_>>()
    };
    assert_eq!(n("category=card"), [95.0]);
    assert_eq!(n("category=card&team=night"), [35.0]);
    assert_eq!(n("category=card&channel=email"), [60.0]);
    assert_eq!(n("category=nothing"), [] as [f64; 0]);
    assert_eq!(n("team=nobody"), [] as [f64; 0]);
    assert_eq!(n("limit=1").len(), 1);
    assert_eq!(n("category=card&window_days=1"), [135.0]);
}

#[test]
fn parameters_that_are_not_as_expected_are_named() {
    let app = spawn_filled(|_| {}, async |_: &mut Filler, _: i64| {});
    for (query, named) in [
        ("window_days=2", "[1, 3, 7, 14, 30]"),
        ("window_days=soon", "window_days"),
        ("limit=0", "limit"),
        ("limit=9999999", "limit"),
        ("category=", "category"),
        ("team=%01", "team"),
        ("colour=red", "colour"),
    ] {
        let problem =
            app.get(&format!("/v1/next-issues?{query}")).expect_problem(400, "invalid_query");
        assert!(problem["detail"].as_str().unwrap().contains(named), "{problem}");
    }
}

#[test]
fn without_mature_episodes_there_is_no_rate() {
    let app = spawn_filled(
        |_| {},
        async |filler: &mut Filler, now: i64| {
            filler.followed(("card", "pin"), now - DAY, (40, 40), HOUR).await;
        },
    );
    let body = app.get("/v1/next-issues").expect(200);
    assert_eq!(body["primaries"], json!([]));
    assert_eq!(
        (&body["coverage"]["mature_episodes"], &body["coverage"]["immature_episodes"]),
        (&json!(0), &json!(40))
    );
}

fn closing(app: &TestApp, id: &str, category: &str) -> Value {
    app.report_ticket(
        id,
        &json!({"customer_id": id, "opened_at": "2026-01-05T09:00:00Z", "category": category}),
    )
    .expect(201);
    app.close_ticket(id, &json!({"closed_at": "2026-01-06T10:00:00Z"})).expect(200)
}

#[test]
fn an_assessment_says_what_is_likely_to_come_and_when_and_keeps_saying_it() {
    let app = spawn_filled(|_| {}, example);
    let ticket = closing(&app, "t-1", "card");
    let next = &ticket["assessment"]["next_issue"];
    assert_eq!(
        (&next["category"], &next["window_days"], &next["n"]),
        (&json!("pin"), &json!(14), &json!(60))
    );
    assert!(near(&next["probability"], 0.4) && number(&next["lift"]) > 3.0);
    assert_eq!(next["gap_hours"], json!({"p25": 36.0, "median": 36.0, "p75": 36.0}));
    assert_eq!(next["expected_at"], "2026-01-07T22:00:00Z");
    let repeat = &ticket["assessment"]["expected_repeat"];
    assert!(near(&repeat["rate"], 0.2));
    assert_eq!(repeat["expected_at"], "2026-01-06T16:00:00Z");
    assert_eq!(app.ticket("t-1").expect(200)["assessment"], ticket["assessment"]);
    // Nothing is known to follow this one.
    let other = closing(&app, "t-2", "loan");
    assert_eq!(other["assessment"]["next_issue"], Value::Null);
    assert_eq!(other["assessment"]["expected_repeat"], Value::Null);

    let predicted = app
        .predict(&json!({"tickets": [{
            "id": "t-9", "customer_id": "u", "opened_at": "2026-01-05T09:00:00Z",
            "closed_at": "2026-01-06T10:00:00Z", "category": "card"
        }]}))
        .expect(200);
    assert_eq!(&predicted["results"][0]["next_issue"], next);
}
