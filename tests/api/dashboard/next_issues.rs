//! Which issue follows which, as a page.

use super::kpis::{file, sql};
use super::*;
use crate::filler::{DAY, Filler};
use crate::helpers::wait_until;
use crate::next_issues::example;
use serde_json::Value;

on_both_databases!(
    every_number_is_what_the_api_tells_and_sql_counts,
    a_team_lead_sees_the_own_team_and_others_choose,
    without_closings_there_is_no_figure_and_nothing_fails,
);

const HARM: &str = "<script>alert(1)</script>";

/// The example of the API's tests and a pair with a name as long as names can be and one that would do harm.
pub(super) fn fill(app: &TestApp) {
    wait_until("next issues are computed", || {
        !app.get("/v1/next-issues").expect(200)["computed_at"].is_null()
    });
    let settings = &app.app.settings;
    let key = customer_key::load_or_make(&settings.customer_key_file).unwrap();
    let long: &'static str = "Δ".repeat(200).leak();
    block_on(async {
        let now = Timestamp::now();
        let mut filler = Filler::connect(&settings.database).await;
        example(&mut filler, now.millis()).await;
        filler.followed((long, HARM), now.millis() - 45 * DAY, (40, 20), 2 * DAY).await;
        filler.close().await;
        let store = Store::connect(&settings.database, key, StoreOptions::default()).await.unwrap();
        // A day later the map is due.
        let later = now.plus_days(1);
        app.app.next_issues.refresh(&store, &TENANT, "test", later).await.unwrap();
        store.close().await;
    });
}

pub(super) fn number(value: &Value) -> String {
    value.as_f64().map(|number| number.to_string()).unwrap_or_default()
}

pub(super) fn days_ago(days: i64) -> Timestamp {
    Timestamp::now().plus_days(-days)
}

fn days(hours: &Value) -> String {
    hours.as_f64().map(|hours| (hours / 24.0).to_string()).unwrap_or_default()
}

/// The rows that a report of the API comes to.
fn rows_of(report: &Value) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for primary in report["primaries"].as_array().unwrap() {
        let mut add = |issue: &Value, kind: &str, told: &Value| {
            rows.push(vec![
                primary["category"].as_str().unwrap().to_owned(),
                number(&primary["n"]),
                issue.as_str().unwrap().to_owned(),
                kind.to_owned(),
                number(&told["n"]),
                number(&told["probability"]),
                number(&told["interval"]["low"]),
                number(&told["interval"]["high"]),
                number(&told["lift"]),
                days(&told["gap_hours"]["p25"]),
                days(&told["gap_hours"]["median"]),
                days(&told["gap_hours"]["p75"]),
            ]);
        };
        if !primary["explicit"].is_null() {
            add(&primary["category"], "the same issue again", &primary["explicit"]);
        }
        for next in primary["secondaries"].as_array().unwrap() {
            let is_known = next["adjacent"].as_bool().unwrap();
            let unproven = "not shown to follow more often than usual";
            add(&next["category"], if is_known { "known to follow" } else { unproven }, next);
        }
    }
    rows
}

fn every_number_is_what_the_api_tells_and_sql_counts(app: &TestApp) {
    fill(app);
    let mut eva = Browser::signed_in(app, "eva");
    for query in ["", "window_days=30&", "window_days=1&", "channel=email&", "channel=post&"] {
        let report = app.get(&format!("/v1/next-issues?{}", query.trim_end_matches('&')));
        let rows = file(&mut eva, &format!("/next-issues?{query}file=next-issues.csv"));
        assert_eq!(rows, rows_of(&report.expect(200)), "{query}");
    }
    let rows = file(&mut eva, "/next-issues?file=next-issues.csv");
    let pin = rows.iter().find(|row| row[0] == "card" && row[2] == "pin").unwrap();
    let mature = Timestamp::now().millis() - 14 * DAY;
    let statement = format!(
        "SELECT CAST(COUNT(DISTINCT r.ticket_id) AS BIGINT) FROM recontacts r JOIN episodes e \
         ON e.ticket_id = r.ticket_id WHERE e.category = 'card' AND r.category = 'pin' AND e.closed_at < {mature}"
    );
    let counted = sql(app, statement.leak())[0];
    assert_eq!((pin[4].as_str(), counted.to_string().as_str()), ("24", "24"));
    let page = eva.get("/next-issues");
    // 24 of 60 after 36 hours; the line is as wide as the share of the widest one, 22.
    assert_says(&page, 200, "40.0% · 1.5 d");
    assert_says(&page, 200, "stroke-width=\"8.8\"");
    assert_says(&page, 200, "card → pin: 40.0% (24), median gap 1.5 d");
    // One for each row, and two in the key.
    assert_eq!(page.text().matches("<path class=\"flow").count(), rows.len() + 2);
    assert_says(&page, 200, &"Δ".repeat(200));
    assert_says(&page, 200, "&#60;script&#62;alert(1)&#60;/script&#62;");
    assert!(!page.text().contains(HARM), "{}", page.text());
    assert_eq!(eva.get("/next-issues?file=next-issues.xlsx").status, 200);
    assert_eq!(audit(app)[0].1, AuditAction::Exported);
}

fn a_team_lead_sees_the_own_team_and_others_choose(app: &TestApp) {
    fill(app);
    let teams = ["cards", "nobody"].map(|team| {
        let report = app.get(&format!("/v1/next-issues?team={team}")).expect(200);
        (team, rows_of(&report))
    });
    let mut tom = Browser::signed_in(app, "tom");
    let mut max = Browser::signed_in(app, "max");
    for (team, rows) in &teams {
        let address = format!("/next-issues?team={team}&file=next-issues.csv");
        assert_eq!(&file(&mut max, &address), rows);
        assert_eq!(file(&mut tom, &address), teams[0].1);
    }
    assert_says(&tom.get("/next-issues"), 200, "team cards only");
    assert!(!tom.get("/next-issues").text().contains("name=\"team\""));
}

fn without_closings_there_is_no_figure_and_nothing_fails(app: &TestApp) {
    let mut eva = Browser::signed_in(app, "eva");
    for address in ["/next-issues", "/next-issues?window_days=soon&team=%01&channel="] {
        let page = eva.get(address);
        assert_says(
            &page,
            200,
            "No category has the 30 closings, old enough, that a figure needs.",
        );
        assert!(!page.text().contains("<path class=\"flow"), "{}", page.text());
    }
    assert_eq!(eva.get("/next-issues?file=others.csv").status, 404);
}
