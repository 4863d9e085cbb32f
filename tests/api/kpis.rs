//! Key figures over HTTP.

use crate::helpers::{TestApp, spawn_app, spawn_app_with};
use recontact::kpi::Zone;
use serde_json::{Value, json};

/// A ticket that was opened and closed on a day of January 2026, with what the helpdesk says of it.
fn solve(app: &TestApp, id: &str, customer: &str, day: u32, more: &Value) {
    let opened = format!("2026-01-{day:02}T09:00:00Z");
    let closed = format!("2026-01-{day:02}T10:00:00Z");
    let report = json!({"customer_id": customer, "opened_at": opened, "category": "card_arrival"});
    app.report_ticket(id, &report).expect(201);
    let mut closing = json!({"closed_at": closed});
    for (field, value) in more.as_object().unwrap() {
        closing[field] = value.clone();
    }
    app.close_ticket(id, &closing).expect(200);
}

fn figure<'r>(report: &'r Value, measure: &str) -> &'r Value {
    let figures = report["groups"][0]["figures"].as_array().unwrap();
    figures.iter().find(|figure| figure["measure"] == measure).unwrap()
}

#[test]
fn key_figures_are_told_with_definitions_and_what_was_left_out() {
    let app = spawn_app();
    let details = json!({"team": "cards", "segment": "gold", "nps": 10, "handling_s": 300, "csat": 4,
        "csat_lowest": 1, "csat_highest": 5, "sla_met": true});
    solve(&app, "t-1", "u-1", 5, &details);
    solve(&app, "t-2", "u-1", 8, &json!({"nps": 3}));
    let report = app.get("/v1/kpis?from=2026-01-01&to=2026-02-01&window_days=7").expect(200);
    assert_eq!(report["time_zone"], "UTC");
    assert_eq!(report["groups"].as_array().unwrap().len(), 1);
    let rcr = figure(&report, "rcr");
    assert_eq!((&rcr["numerator"], &rcr["n"]), (&json!(1.0), &json!(2)), "{rcr}");
    assert_eq!((&rcr["value"], &rcr["is_small"]), (&json!(0.5), &json!(true)));
    assert!(rcr["interval"]["low"].as_f64().unwrap() < 0.5);
    assert_eq!(rcr["mature_at"], "2026-02-08T00:00:00Z");
    assert_eq!(figure(&report, "nps")["value"], 0.0);
    assert_eq!(figure(&report, "aht")["value"], 300.0);
    assert_eq!(figure(&report, "aht")["excluded"], json!([{"reason": "without_fields", "n": 1}]));
    let lacking = &figure(&report, "fcr_survey")["not_measured"];
    assert_eq!(lacking, "needs field survey_resolved of the ticket event");
    let definitions = report["definitions"].as_array().unwrap();
    let rcr = definitions.iter().find(|definition| definition["id"] == "rcr").unwrap();
    assert!(rcr["numerator"].as_str().unwrap().contains("7 days"), "{rcr}");
    assert_eq!(
        (&rcr["direction"], &rcr["interval"]),
        (&json!("lower_is_better"), &json!("wilson_1927"))
    );
}

#[test]
fn slices_and_steps_are_groups_in_the_order_of_their_labels_and_of_time() {
    let app = spawn_app_with(|settings| {
        settings.kpi.time_zone = Zone::parse("Europe/Minsk").unwrap();
    });
    solve(&app, "t-1", "u-1", 5, &json!({"team": "loans", "segment": "gold"}));
    solve(&app, "t-2", "u-2", 13, &json!({"team": "cards"}));
    let groups = |query: &str| {
        let report =
            app.get(&format!("/v1/kpis?from=2026-01-05&to=2026-01-19&{query}")).expect(200);
        let groups = report["groups"].as_array().unwrap().clone();
        let place = |group: &Value| (group["label"].clone(), group["step"].clone());
        groups
            .iter()
            .map(|group| (place(group), group["figures"][0]["n"].clone()))
            .collect::<Vec<_>>()
    };
    let place = |label: Value, step: Value, n: u64| ((label, step), json!(n));
    assert_eq!(
        groups("by=team,week&measure=resolution"),
        [
            place(json!("cards"), json!("2026-W02"), 0),
            place(json!("cards"), json!("2026-W03"), 1),
            place(json!("loans"), json!("2026-W02"), 1),
            place(json!("loans"), json!("2026-W03"), 0),
        ]
    );
    assert_eq!(
        groups("by=segment&measure=resolution"),
        [place(Value::Null, Value::Null, 1), place(json!("gold"), Value::Null, 1)]
    );
    assert_eq!(groups("segment=gold&measure=resolution"), [place(json!("gold"), Value::Null, 1)]);
    assert_eq!(groups("team=nobody&measure=resolution"), [place(json!("nobody"), Value::Null, 0)]);
}

#[test]
fn why_a_rate_moved_is_taken_apart_by_category() {
    let app = spawn_app();
    solve(&app, "t-1", "u-1", 5, &json!({"sla_met": true}));
    solve(&app, "t-2", "u-2", 15, &json!({"sla_met": false, "category": "lost_card"}));
    let asked = "/v1/kpis/change?from=2026-01-11&to=2026-01-21&measure=sla";
    let change = app.get(asked).expect(200);
    assert_eq!(change["before"], json!({"from": "2026-01-01", "to": "2026-01-11"}));
    let parts = &change["decomposition"];
    assert_eq!(
        (&parts["difference"], &parts["mix"], &parts["rate"]),
        (&json!(-1.0), &json!(-1.0), &json!(0.0))
    );
    assert_eq!(parts["effects"].as_array().unwrap().len(), 2);
    let empty = app.get("/v1/kpis/change?from=2020-01-11&to=2020-01-21").expect(200);
    assert_eq!(empty["decomposition"], Value::Null);
}

#[test]
fn what_cannot_be_told_is_refused() {
    let app = spawn_app();
    for query in [
        "by=agent",
        "measure=happiness",
        "window_days=5",
        "from=2026-13-01",
        "team=a&by=team",
        "colour=red",
    ] {
        app.get(&format!("/v1/kpis?{query}")).expect_problem(400, "invalid_query");
    }
    for query in ["measure=nps", "measure=", "by=team"] {
        app.get(&format!("/v1/kpis/change?{query}")).expect_problem(400, "invalid_query");
    }
    let small = spawn_app_with(|settings| settings.kpi.figures_max = 30);
    solve(&small, "t-1", "u-1", 5, &json!({"team": "cards"}));
    solve(&small, "t-2", "u-2", 6, &json!({"team": "loans"}));
    small
        .get("/v1/kpis?from=2026-01-01&to=2026-02-01&by=team")
        .expect_problem(400, "invalid_query");
}

#[test]
fn fields_that_only_key_figures_need_are_checked() {
    let app = spawn_app();
    let report = json!({"customer_id": "u-1", "opened_at": "2026-01-05T09:00:00Z", "nps": 11, "handling_s": 99_999_999,
        "handling_cost": -1.0, "csat_lowest": 5, "csat_highest": 1, "agents_involved": 2_000_000});
    let mut faults = app.report_ticket("t-1", &report).expect_faults();
    faults.sort();
    assert_eq!(
        faults,
        ["#/agents_involved", "#/csat_highest", "#/handling_cost", "#/handling_s", "#/nps"]
    );
    for (report, fault) in [
        (json!({"csat_lowest": 1}), "#/csat_highest"),
        (json!({"csat_highest": 5}), "#/csat_lowest"),
        (json!({"csat": 6, "csat_lowest": 1, "csat_highest": 5}), "#/csat"),
    ] {
        let mut whole = json!({"customer_id": "u-1", "opened_at": "2026-01-05T09:00:00Z"});
        for (field, value) in report.as_object().unwrap() {
            whole[field] = value.clone();
        }
        assert_eq!(app.report_ticket("t-1", &whole).expect_faults(), [fault], "{report}");
    }
}
