use crate::helpers::{Answer, spawn_app, spawn_app_in};
use serde_json::json;

#[test]
fn a_service_with_its_models_is_live_and_ready() {
    let app = spawn_app();
    assert_eq!(app.get("/health/live").expect(200), json!({"live": true}));
    let ready = app.get("/health/ready").expect(200);
    insta::assert_json_snapshot!(ready, @r##"
    {
      "category": "ok",
      "ready": true,
      "risk": "ok",
      "store": "ok"
    }
    "##);
}

#[test]
fn without_models_it_starts_is_live_and_says_what_is_missing() {
    let app = spawn_app_in(tempfile::tempdir().unwrap(), |_| {});
    app.get("/health/live").expect(200);
    let ready = app.get("/health/ready").expect(503);
    insta::assert_json_snapshot!(ready, @r##"
    {
      "category": "no category model is live: promote one with `recontact models promote category VERSION`",
      "ready": false,
      "risk": "no risk model is live: promote one with `recontact models promote risk VERSION`",
      "store": "ok"
    }
    "##);
    let answer = app.classify(&json!({"text": "My card has not arrived"}));
    answer.expect_problem(503, "model_unavailable");
    assert_eq!(answer.header("retry-after"), "1");
    app.embed(&json!({"inputs": "card"})).expect_problem(503, "model_unavailable");
    let report =
        json!({"customer_id": "u-9", "opened_at": "2026-01-05T09:00:00Z", "category": "a"});
    app.report_ticket("t-1", &report).expect(201);
    let closing = json!({"closed_at": "2026-01-06T10:30:00Z"});
    app.close_ticket("t-1", &closing).expect_problem(503, "model_unavailable");
    assert_eq!(app.ticket("t-1").expect(200)["status"], "open");
    assert_eq!(app.list_models().expect(200)["models"], json!([]));
}

#[test]
fn an_encoder_alone_is_enough_to_embed() {
    let folder = tempfile::tempdir().unwrap();
    crate::trained::install_encoder(&folder.path().join("models"));
    let app = spawn_app_in(folder, |settings| {
        settings.encoder = Some(crate::trained::ENCODER.to_owned());
    });
    app.embed(&json!({"inputs": "card"})).expect(200);
    app.get("/health/ready").expect(503);
}

/// Names of the metrics that have at least one value.
fn metric_names(answer: &Answer) -> Vec<String> {
    let mut names: Vec<String> = answer
        .text()
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(|line| line.split(['{', ' ']).next().unwrap().to_owned())
        .collect();
    names.dedup();
    names
}

#[test]
fn metrics_are_counted_and_told_in_the_format_of_prometheus() {
    let app = spawn_app();
    app.classify(&json!({"text": "My card has not arrived"})).expect(200);
    app.classify(&json!({"text": "card ".repeat(500)})).expect(200);
    let report =
        json!({"customer_id": "u-9", "opened_at": "2026-01-05T09:00:00Z", "category": "a"});
    app.report_ticket("t-1", &report).expect(201);
    app.close_ticket("t-1", &json!({"closed_at": "2026-01-06T10:30:00Z"})).expect(200);
    app.get("/secret-name").expect_problem(404, "not_found");
    let answer = app.get("/metrics");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    let names = metric_names(&answer);
    for expected in [
        "recontact_http_requests_total",
        "recontact_http_request_duration_seconds_bucket",
        "recontact_http_request_duration_seconds_sum",
        "recontact_http_request_duration_seconds_count",
        "recontact_classifications_total",
        "recontact_truncated_texts_total",
        "recontact_tickets_closed_total",
        "recontact_inference_queue_texts",
        "recontact_inference_batch_tokens_bucket",
        "recontact_model_info",
    ] {
        assert!(names.iter().any(|name| name == expected), "{expected} is not in {names:?}");
    }
    for line in answer.text().lines().filter(|line| !line.is_empty()) {
        let is_comment = line.starts_with("# TYPE ") || line.starts_with("# HELP ");
        let value = line.rsplit(' ').next().unwrap();
        assert!(is_comment || value.parse::<f64>().is_ok(), "{line}");
        assert!(
            !line.contains("secret-name") && !line.contains("t-1"),
            "an identifier is no label: {line}"
        );
    }
    for name in names {
        let family =
            name.trim_end_matches("_bucket").trim_end_matches("_sum").trim_end_matches("_count");
        assert!(answer.text().contains(&format!("# HELP {family} ")), "{family} is not explained");
    }
    let routes = "route=\"/v1/tickets/{id}/close\"";
    assert!(answer.text().contains(routes), "the route's pattern is told");
}

#[test]
fn without_its_database_it_says_so_and_goes_on_classifying() {
    let app = spawn_app();
    let report =
        json!({"customer_id": "u-9", "opened_at": "2026-01-05T09:00:00Z", "category": "a"});
    let closing = json!({"closed_at": "2026-01-06T10:30:00Z"});
    let contact = json!({
        "id": "c-1", "customer_id": "u-9", "occurred_at": "2026-01-05T09:00:00Z", "text": "My top up failed again"
    });
    app.report_ticket("t-1", &report).expect(201);
    actix_web::rt::System::new().block_on(app.app.store.close());
    for answer in [
        app.ticket("t-1"),
        app.list_tickets("risk=high"),
        app.report_ticket("t-2", &report),
        app.close_ticket("t-1", &closing),
        app.record_contact(&contact),
    ] {
        answer.expect_problem(503, "store_unavailable");
        assert_eq!(answer.header("retry-after"), "1");
    }
    let ready = app.get("/health/ready").expect(503);
    assert_eq!(
        (&ready["store"], &ready["risk"]),
        (&json!("the database does not answer"), &json!("ok"))
    );
    app.get("/health/live").expect(200);
    app.classify(&json!({"text": "My card has not arrived"})).expect(200);
}
