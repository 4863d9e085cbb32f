//! Experiments as analysts see them.

use crate::helpers::{TestApp, spawn_app, spawn_app_with};
use serde_json::{Value, json};

fn start(app: &TestApp, body: &Value) -> crate::helpers::Answer {
    app.post("/v1/experiments", body)
}

#[test]
fn the_service_starts_with_an_experiment_of_half_of_the_customers() {
    let app = spawn_app();
    let list = app.get("/v1/experiments").expect(200);
    let experiments = list["experiments"].as_array().unwrap();
    assert_eq!(experiments.len(), 1);
    let first = &experiments[0];
    assert_eq!((&first["id"], &first["status"]), (&json!("first"), &json!("running")));
    assert_eq!((&first["treatment_share"], &first["window_days"]), (&json!(0.5), &json!(14)));
    assert_eq!((&first["ended_at"], &first["mature_at"]), (&Value::Null, &Value::Null));
    let without = spawn_app_with(|settings| settings.follow_ups.enabled = false);
    assert_eq!(without.get("/v1/experiments").expect(200), json!({"experiments": []}));
}

#[test]
fn one_experiment_follows_another() {
    let app = spawn_app();
    let most = json!({"id": "most", "treatment_share": 0.9, "window_days": 14, "note": "90:10", "author": "ann"});
    let problem = start(&app, &most).expect_problem(409, "experiment_running");
    assert_eq!(problem["current"]["id"], "first");
    let ended = app.post("/v1/experiments/first/end", &json!({"author": "ann"})).expect(200);
    assert_eq!((&ended["status"], &ended["ended_by"]), (&json!("ended"), &json!("ann")));
    assert!(ended["mature_at"].as_str() > ended["ended_at"].as_str());
    assert_eq!(app.post("/v1/experiments/first/end", &json!({})).expect(200), ended);
    let started = start(&app, &most).expect(201);
    assert_eq!((&started["treatment_share"], &started["note"]), (&json!(0.9), &json!("90:10")));
    assert_eq!(start(&app, &most).expect(200), started);
    let other = json!({"id": "most", "treatment_share": 0.8, "window_days": 14});
    start(&app, &other).expect_problem(409, "conflict");
    let list = app.get("/v1/experiments").expect(200);
    assert_eq!(list["experiments"], json!([started, ended]));
    app.post("/v1/experiments/none/end", &json!({})).expect_problem(404, "experiment_not_found");
}

#[test]
fn somebody_is_always_left_alone_and_the_window_is_one_that_outcomes_have() {
    let app = spawn_app();
    for (body, pointers) in [
        (json!({"id": "e", "treatment_share": 0.96, "window_days": 14}), vec!["#/treatment_share"]),
        (
            json!({"id": "e", "treatment_share": 0.0, "window_days": 13}),
            vec!["#/treatment_share", "#/window_days"],
        ),
        (json!({"id": "e", "window_days": 14, "note": "x".repeat(1001)}), vec!["#/note"]),
        (json!({"id": "e"}), vec!["#"]),
        (json!({"id": " ", "window_days": 14}), vec!["#/id"]),
    ] {
        assert_eq!(start(&app, &body).expect_faults(), pointers, "{body}");
    }
}
