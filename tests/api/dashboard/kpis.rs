//! Key figures as a page, and tables as files.

use super::*;
use crate::desk;
use serde_json::{Value, json};
use sqlx::{AnyPool, Row};

on_both_databases!(
    every_number_of_the_page_is_what_the_api_tells_and_sql_counts,
    a_measure_is_shown_over_time_and_by_slice,
    nothing_and_what_is_too_recent_are_told_in_words,
    what_is_still_to_come_is_not_told,
    what_cannot_be_shown_is_refused_in_words,
    a_team_lead_sees_one_team_only,
    names_are_shown_and_never_run,
    tables_are_files_for_whoever_sees_the_page_and_are_written_down,
);

const PERIOD: &str = "from=2026-01-05&until=2026-02-01";

/// A ticket that was open for an hour of a day of January 2026.
fn solve(app: &TestApp, id: &str, customer: &str, day: u32, more: &Value) {
    let at = |hour: u32| format!("2026-01-{day:02}T{hour:02}:00:00Z");
    let mut report =
        json!({"customer_id": customer, "opened_at": at(9), "category": "card_arrival"});
    for (field, value) in more.as_object().unwrap() {
        report[field] = value.clone();
    }
    app.report_ticket(id, &report).expect(201);
    app.close_ticket(id, &json!({ "closed_at": at(10) })).expect(200);
}

/// Forty tickets with everything that key figures need; every fourth customer comes back.
pub(crate) fn work(app: &TestApp) {
    for number in 0..40_u32 {
        let team = if number % 3 == 0 { "cards" } else { "loans" };
        let category = if number % 2 == 0 { "card_arrival" } else { "=cmd|<script>" };
        let report = json!({"category": category, "team": team, "channel": "email", "segment": "gold",
            "nps": number % 11, "handling_s": 100 + number, "csat": 1 + number % 5, "csat_lowest": 1,
            "csat_highest": 5, "messages_in": 1 + number % 4, "handling_cost": 1.25, "sla_met": number % 5 != 0,
            "agent_replies": number % 3, "agents_involved": 1, "first_contact_resolved": number % 4 == 0});
        let (day, customer) = (6 + number % 20, format!("u-{}", number % 30));
        solve(app, &format!("t-{number}"), &customer, day, &report);
    }
}

pub(crate) fn sql(app: &TestApp, statement: &'static str) -> Vec<i64> {
    block_on(async {
        sqlx::any::install_default_drivers();
        let pool = AnyPool::connect(&app.app.settings.database).await.unwrap();
        let rows = sqlx::query(statement).fetch_all(&pool).await.unwrap();
        pool.close().await;
        rows.iter().map(|row| row.get::<i64, _>(0)).collect()
    })
}

/// A table of the page as its file has it: rows of cells.
pub(super) fn file(browser: &mut Browser<'_>, address: &str) -> Vec<Vec<String>> {
    let answer = browser.get(address);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(
        answer.header("content-type").starts_with("text/csv"),
        "{}",
        answer.header("content-type")
    );
    let text = answer.text().strip_prefix('\u{feff}').unwrap();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
}

/// Value, ends, numerator, denominator and cases of a figure, as files have them.
fn cells(figure: &Value) -> Vec<String> {
    let ends = [&figure["interval"]["low"], &figure["interval"]["high"]];
    let all = [
        &figure["value"],
        ends[0],
        ends[1],
        &figure["numerator"],
        &figure["denominator"],
        &figure["n"],
    ];
    let text = |value: &&Value| value.as_f64().map(|number| number.to_string()).unwrap_or_default();
    all.iter().map(text).collect()
}

fn every_number_of_the_page_is_what_the_api_tells_and_sql_counts(app: &TestApp) {
    work(app);
    let mut eva = Browser::signed_in(app, "eva");
    let report = app.get("/v1/kpis?from=2026-01-05&to=2026-02-02&window_days=14").expect(200);
    let figures = report["groups"][0]["figures"].as_array().unwrap();
    let page = eva.get(&format!("/kpis?{PERIOD}&window=14"));
    let rows = file(&mut eva, &format!("/kpis?{PERIOD}&window=14&file=measures.csv"));
    assert_eq!((figures.len(), rows.len()), (25, 25));
    for (figure, row) in figures.iter().zip(&rows) {
        assert_eq!(row[1..7], cells(figure), "{}", figure["measure"]);
        assert_eq!(row[10], figure["measure"].as_str().unwrap());
        for cell in row[1..7].iter().filter(|cell| !cell.is_empty()) {
            assert_says(&page, 200, &format!("<data value=\"{cell}\">"));
        }
    }
    // Every measure has its definition one click away.
    assert_eq!(page.text().matches("<summary>What it is</summary>").count(), 25);
    let closed = sql(app, "SELECT CAST(COUNT(*) AS BIGINT) FROM episodes")[0];
    let again = sql(
        app,
        "SELECT CAST(COUNT(*) AS BIGINT) FROM episodes e WHERE EXISTS (SELECT 1 FROM recontacts r \
         WHERE r.tenant = e.tenant AND r.ticket_id = e.ticket_id AND r.episode = e.number AND r.gap_ms > 0 \
         AND r.gap_ms <= 1209600000 AND r.relation IN ('explicit', 'implicit'))",
    )[0];
    assert!(closed == 40 && again > 0, "{again} of {closed}");
    assert_eq!((&rows[0][4], &rows[0][5]), (&again.to_string(), &closed.to_string()));
    let mut seconds = sql(app, "SELECT (closed_at - opened_at) / 1000 FROM tickets");
    seconds.sort_unstable();
    let resolution = rows.iter().find(|row| row[10] == "resolution").unwrap();
    assert_eq!(resolution[1], seconds[seconds.len() / 2].to_string());
}

fn a_measure_is_shown_over_time_and_by_slice(app: &TestApp) {
    work(app);
    let mut max = Browser::signed_in(app, "max");
    for (by, step, measure) in [
        ("team", "week", "rcr"),
        ("category", "day", "aht"),
        ("channel", "month", "csat_by_contacts"),
        ("segment", "week", "resolution"),
    ] {
        let address = format!("/kpis?{PERIOD}&window=7&by={by}&step={step}&measure={measure}");
        let page = max.get(&address);
        assert_says(&page, 200, "<svg ");
        let asked = |by: &str| {
            format!(
                "/v1/kpis?from=2026-01-05&to=2026-02-02&window_days=7&by={by}&measure={measure}"
            )
        };
        for (name, by) in [("trend", step), ("slices", by)] {
            let report = app.get(&asked(by)).expect(200);
            let groups = report["groups"].as_array().unwrap();
            let rows = file(&mut max, &format!("{address}&file={name}.csv"));
            let parts = if name == "trend" { 1 } else { usize::MAX };
            let told: Vec<_> = groups
                .iter()
                .flat_map(|group| {
                    group["figures"].as_array().unwrap().iter().take(parts).map(cells)
                })
                .collect();
            // Between the name and the figures of a step stand its days.
            let start = if name == "trend" { 3 } else { 1 };
            let shown: Vec<_> = rows.iter().map(|row| row[start..start + 6].to_vec()).collect();
            assert_eq!(shown, told, "{address} {name}");
        }
    }
    let page = max.get(&format!("/kpis?{PERIOD}&window=7&by=team&measure=sla"));
    assert_says(&page, 200, "What changed since the period before: Service level met");
    let page = max.get(&format!("/kpis?{PERIOD}&window=7&by=team&only=cards"));
    assert_says(&page, 200, "Only Team: cards.");
    assert_says(&page, 200, "<data value=\"14\">14</data>");
    assert_says(&page, 200, "few cases: says little");
}

fn nothing_and_what_is_too_recent_are_told_in_words(app: &TestApp) {
    let mut max = Browser::signed_in(app, "max");
    let page = max.get("/kpis");
    assert_says(&page, 200, "Nothing was opened, closed or said in this period.");
    assert_says(&page, 200, "no cases");
    assert!(!page.text().contains("NaN"), "{}", page.text());
    desk::close(app, "t-1", "u-1", "card_arrival", None, 2.0);
    let page = max.get("/kpis?window=14");
    assert_says(
        &page,
        200,
        "Every closing of this period is too recent (1): rates of repeat contacts are told 14 days after",
    );
    assert_says(&page, 200, "will still change until");
    assert_says(&page, 200, "1 too recent");
}

fn what_is_still_to_come_is_not_told(app: &TestApp) {
    desk::close(app, "t-1", "u-1", "card_arrival", None, 2.0);
    let mut max = Browser::signed_in(app, "max");
    let period = "from=2026-01-01&until=2035-12-31&step=month&measure=backlog";
    let months = file(&mut max, &format!("/kpis?{period}&file=trend.csv"));
    assert_eq!(months.len(), 120);
    // Month, first day, last day, value.
    let values: Vec<_> = months.iter().map(|month| month[3].as_str()).collect();
    assert_eq!((values[0], values[119]), ("0", ""));
    let known = values.iter().position(|value| value.is_empty()).unwrap();
    assert!(values[known..].iter().all(|value| value.is_empty()), "{values:?}");
}

fn what_cannot_be_shown_is_refused_in_words(app: &TestApp) {
    let mut max = Browser::signed_in(app, "max");
    for (query, said) in [
        ("from=yesterday", "Expected a day such as 2026-01-05"),
        ("from=2026-01-05&until=2026-01-04", "The last day must not be before the first one"),
        ("from=1971-01-01&until=2026-01-01", "3,660 days at most"),
        ("by=agent", "Expected team, category, channel or segment."),
        ("only=cards", "Say by what it is divided"),
        ("measure=happiness", "There is no such key figure."),
        ("window=5", "Expected 1, 3, 7, 14 or 30 days."),
        ("step=hour", "Expected day, week or month."),
        ("from=2020-01-01&until=2026-01-01&step=day", "750 steps"),
    ] {
        assert_says(&max.get(&format!("/kpis?{query}")), 422, said);
    }
    let refused = max.get("/kpis?window=5");
    assert_says(
        &refused,
        422,
        "<select id=\"window\" name=\"window\" aria-invalid=\"true\" aria-describedby=\"window-fault\">",
    );
    assert_eq!(max.get("/kpis?file=measures.exe").status, 404);
    assert_eq!(max.get("/kpis?file=secrets.csv").status, 404);
}

fn a_team_lead_sees_one_team_only(app: &TestApp) {
    work(app);
    let mut tom = Browser::signed_in(app, "tom");
    let own = tom.get(&format!("/kpis?{PERIOD}&window=7"));
    assert_says(&own, 200, "Only Team: cards.");
    assert!(!own.text().contains("name=\"by\""), "{}", own.text());
    let rows = file(&mut tom, &format!("/kpis?{PERIOD}&window=7&file=measures.csv"));
    assert_eq!(rows[0][5], "14");
    assert_eq!(tom.get(&format!("/kpis?{PERIOD}&by=team&only=loans")).status, 404);
    let refused = tom.get(&format!("/kpis?{PERIOD}&by=category"));
    assert_says(&refused, 422, "<a href=\"#filters\">You see your team only");
    assert_says(&refused, 422, "<form id=\"filters\"");
    assert_eq!(tom.get(&format!("/kpis?{PERIOD}&file=slices.csv")).status, 404);
}

fn names_are_shown_and_never_run(app: &TestApp) {
    work(app);
    let mut max = Browser::signed_in(app, "max");
    let address = format!("/kpis?{PERIOD}&window=7&by=category");
    let page = max.get(&address);
    assert_says(&page, 200, "=cmd|&#60;script&#62;");
    assert!(!page.text().contains("|<script>"), "{}", page.text());
    assert_says(&page, 200, "only=%3Dcmd%7C%3Cscript%3E");
    let rows = file(&mut max, &format!("{address}&file=slices.csv"));
    assert_eq!(rows[0][0], "'=cmd|<script>");
}

fn tables_are_files_for_whoever_sees_the_page_and_are_written_down(app: &TestApp) {
    desk::work(app);
    let mut ann = Browser::signed_in(app, "ann");
    let users = file(&mut ann, "/users?file=users.csv");
    assert_eq!(users.len(), 4);
    assert_eq!((users[0][0].as_str(), users[0][1].as_str()), ("ann", "ann <b>"));
    let weeks = file(&mut ann, "/overview?window=7&file=trend.csv");
    assert_eq!(weeks.len(), 13);
    assert!(file(&mut ann, "/overview?window=7&file=change.csv").len() > 1);
    let lines = file(&mut ann, "/audit?file=audit.csv");
    assert_eq!((lines[0][1].as_str(), lines[0][2].as_str()), ("ann", "took a table as a file"));
    assert_eq!(lines[0][3], "/overview change.csv");
    assert_says(&ann.get("/users"), 200, "href=\"/users?file=users.xlsx\"");
    let mut eva = Browser::signed_in(app, "eva");
    for address in ["/users?file=users.csv", "/audit?file=audit.csv"] {
        assert_says(&eva.get(address), 403, "Your role does not permit this");
    }
    let exported =
        |object: &str| (Some("ann".to_owned()), AuditAction::Exported, Some(object.to_owned()));
    assert!(audit(app).contains(&exported("/overview trend.csv")));
}
