//! The effect of an experiment over HTTP, and the same from the command line.

use crate::flagged::{DAY_MS, Flagged, Rows};
use crate::helpers::{TestApp, spawn_app};
use serde_json::Value;
use std::process::Command;

/// 40 customers in each arm, mature long ago: 10 treated and 30 held out came back.
fn with_experiment() -> TestApp {
    let app = spawn_app();
    let url = app.app.settings.database.clone();
    actix_web::rt::System::new().block_on(async {
        let mut rows = Rows::open(&url).await;
        rows.experiment("default", "calls 1", 0.5).await;
        for number in 0..80_u32 {
            let (arm, status) =
                if number < 40 { ("treatment", "done") } else { ("control", "held_out") };
            let customer: &'static str = format!("c{number}").leak();
            let probability = f64::from(number % 10) / 10.0;
            let flagged = Flagged { number, customer, arm, probability, status, closed_day: 1 };
            rows.flagged("default", "calls 1", &flagged).await;
            if number % 4 == 0 || number >= 60 || (40..50).contains(&number) {
                rows.recontact("default", number, "explicit", DAY_MS).await;
            }
        }
    });
    app
}

#[test]
fn an_experiment_tells_its_effect_and_its_definitions() {
    let app = with_experiment();
    let body = app.get("/v1/experiments/calls%201").expect(200);
    assert_eq!((&body["id"], &body["treatment_share"]), (&"calls 1".into(), &0.5.into()));
    let effect = &body["effect"];
    assert_eq!(effect["arms"]["treatment"]["repeats"], 10);
    assert_eq!(effect["arms"]["control"]["mature_episodes"], 40);
    assert!(effect["difference"]["difference"].as_f64().unwrap() < -0.3);
    assert_eq!(effect["difference"]["decided_by"], "newcombe");
    assert_eq!(effect["contacted_only"]["is_biased"], true);
    assert_eq!(effect["sample_ratio"]["is_valid"], true);
    assert_eq!(effect["uplift"].as_array().unwrap().len(), 10);
    assert!(effect["power"]["needed_for_target"]["control"].as_u64().unwrap() > 100);
    let definitions = effect["definitions"].as_array().unwrap();
    assert!(definitions.iter().any(|one| {
        one["figure"] == "arms.rate" && one["text"].as_str().unwrap().contains("14 days")
    }));
    // The first planned look may lie in the future of a test that runs on the day; the verdict is one of the words.
    let verdict = effect["verdict"]["verdict"].as_str().unwrap();
    assert!(["too_early", "reduces"].contains(&verdict), "{verdict}");
    assert_eq!(effect["verdict"]["planned_looks"].as_array().unwrap().len(), 3);
}

#[test]
fn definitions_are_in_the_callers_language() {
    let app = with_experiment();
    let request =
        app.request("GET", "/v1/experiments/calls%201").header("Accept-Language", "ru-RU");
    let body = app.send(request, ()).expect(200);
    let text = body["effect"]["definitions"][0]["text"].as_str().unwrap();
    assert!(text.contains("Числитель"), "{text}");
}

#[test]
fn costs_can_be_asked_for() {
    let app = with_experiment();
    let net = |query: &str| -> Value {
        let body = app.get(&format!("/v1/experiments/calls%201{query}")).expect(200);
        body["effect"]["contacts_avoided"]["net"].clone()
    };
    let free = net("?cost_follow_up=0").as_f64().unwrap();
    let dear = net("?cost_repeat=2&cost_follow_up=2").as_f64().unwrap();
    // 40 follow-ups at one contact each.
    assert!((free - dear - 40.0).abs() < 1e-9, "{free} {dear}");
    for (query, named) in [
        ("cost_repeat=0", "cost_repeat"),
        ("cost_follow_up=-1", "cost_follow_up"),
        ("cost_follow_up=much", "cost_follow_up"),
        ("price=1", "price"),
    ] {
        let problem = app
            .get(&format!("/v1/experiments/calls%201?{query}"))
            .expect_problem(400, "invalid_query");
        assert!(problem["detail"].as_str().unwrap().contains(named), "{problem}");
    }
}

#[test]
fn an_unknown_experiment_is_not_found() {
    let app = spawn_app();
    let problem = app.get("/v1/experiments/no-such").expect_problem(404, "not_found");
    assert!(problem["detail"].as_str().unwrap().contains("no-such"), "{problem}");
    app.get("/v1/experiments/%20").expect_problem(400, "invalid_query");
}

#[test]
fn the_command_line_reports_the_same() {
    let app = with_experiment();
    let settings = &app.app.settings;
    let report = |experiment: &str, more: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_recontact"))
            .args(["report", "effect", experiment, "--database", &settings.database])
            .arg("--customer-key-file")
            .arg(&settings.customer_key_file)
            .args(more)
            .output()
            .unwrap()
    };
    let json = report("calls 1", &["--format", "json"]);
    assert!(json.status.success(), "{}", String::from_utf8_lossy(&json.stderr));
    let printed: Value = serde_json::from_slice(&json.stdout).unwrap();
    let answered = app.get("/v1/experiments/calls%201").expect(200)["effect"].clone();
    for figure in ["arms", "difference", "contacts_avoided", "sample_ratio", "uplift", "qini"] {
        assert_eq!(printed[figure], answered[figure], "{figure}");
    }
    let table = report("calls 1", &["--language", "ru"]);
    let text = String::from_utf8(table.stdout).unwrap();
    assert!(text.starts_with("Вывод: ") && text.contains("СМЕЩЕНО"), "{text}");
    let unknown = report("no-such", &[]);
    assert!(!unknown.status.success());
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("no-such"));
    let nowhere = Command::new(env!("CARGO_BIN_EXE_recontact"))
        .args(["report", "effect", "x", "--database", "sqlite:no/such.db"])
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&nowhere.stderr).contains("no/such.db"));
}
