//! The risk report as a page.

use super::kpis::{file, sql, work};
use super::*;
use crate::desk;
use crate::flagged::{DAY_MS, Rows, day_ms};
use recontact::risk::Language;
use recontact::risk::reasons::label;
use serde_json::Value;
use sqlx::AnyPool;

on_both_databases!(
    every_rate_is_what_sql_counts,
    nothing_one_ticket_and_what_is_too_recent_are_told_in_words,
    a_team_lead_sees_one_team_only_and_names_never_run,
    other_versions_are_told_and_not_counted,
);

pub(super) const PERIOD: &str = "from=2026-01-05&until=2026-02-01";

/// Every assessed closing: its score, its tenth, its place within its team's day, and whether the customer came back.
const SCORED: &str = "(SELECT a.probability AS p, e.category AS category, e.team AS team, e.channel AS channel, \
     NTILE(10) OVER (ORDER BY a.probability) AS decile, \
     ROW_NUMBER() OVER (PARTITION BY e.team, a.closed_at / 86400000 ORDER BY a.probability DESC) AS place, \
     CASE WHEN k.outcome IS NOT NULL THEN CASE WHEN k.outcome = 'explicit' AND k.gap_ms IS NULL THEN 1 ELSE 0 END \
     WHEN EXISTS (SELECT 1 FROM recontacts r WHERE r.ticket_id = a.ticket_id AND r.episode = a.episode \
     AND r.gap_ms <= 1209600000 AND r.relation IN ('explicit', 'implicit')) THEN 1 ELSE 0 END AS again \
     FROM assessments a JOIN episodes e ON e.ticket_id = a.ticket_id AND e.number = a.episode \
     LEFT JOIN outcome_corrections k ON k.ticket_id = a.ticket_id) AS scored";

/// As the store does whenever anything of a day changes.
const MARKED: &str =
    "INSERT INTO kpi_changes (tenant, day) SELECT tenant, closed_at / 86400000 FROM episodes";

fn count(app: &TestApp, what: &str, rest: &str) -> Vec<i64> {
    sql(app, format!("SELECT CAST({what} AS BIGINT) FROM {SCORED} {rest}").leak())
}

/// Forty closings with scores of their own; people have said of three what became of them.
pub(super) fn scored(app: &TestApp) {
    work(app);
    let url = app.app.settings.database.clone();
    actix_web::rt::System::new().block_on(async {
        let mut rows = Rows::open(&url).await;
        for number in 0..40_u32 {
            let score = (f64::from(number * 7 % 40) + 0.5) / 40.0;
            rows.execute(format!(
                "UPDATE assessments SET probability = {score} WHERE ticket_id = 't-{number}'"
            ))
            .await;
        }
        rows.correction("default", 20, "explicit", "NULL", 1).await;
        rows.correction("default", 3, "none", "NULL", 1).await;
        // After twenty days, which is not within the model's fourteen.
        rows.correction("default", 4, "explicit", "1728000000", 1).await;
        rows.execute(MARKED.to_owned()).await;
    });
}

fn number(cell: &str) -> f64 {
    cell.parse().unwrap()
}

#[track_caller]
fn assert_near(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-6, "{found} is not {expected}");
}

fn as_f64(count: i64) -> f64 {
    f64::from(i32::try_from(count).unwrap())
}

/// Wilson's interval as Newcombe writes it (1998, method 3).
fn wilson(count: f64, n: f64) -> [f64; 2] {
    let z = 1.959_963_985_f64;
    let middle = 2.0 * count + z * z;
    let half = z * (z * z + 4.0 * count * (1.0 - count / n)).sqrt();
    [-1.0, 1.0].map(|side| (middle + side * half) / (2.0 * (n + z * z)))
}

/// Fails unless cases, mean score, repeats, rate and interval in a row are these.
#[track_caller]
fn assert_rates(row: &[String], (cases, sum, repeats): (i64, i64, i64)) {
    let (cases, repeats) = (as_f64(cases), as_f64(repeats));
    assert_near(number(&row[0]), cases);
    assert_near(number(&row[1]), as_f64(sum) / 1e6 / cases);
    assert_near(number(&row[2]), repeats);
    assert_near(number(&row[3]), repeats / cases);
    let [low, high] = wilson(repeats, cases);
    assert_near(number(&row[4]), low.max(0.0));
    assert_near(number(&row[5]), high);
}

/// Cases, scores added up in millionths, and repeats of each group.
fn groups(app: &TestApp, by: &str) -> Vec<(i64, i64, i64)> {
    let rest = format!("GROUP BY {by} ORDER BY {by}");
    let cases = count(app, "COUNT(*)", &rest);
    let sums = count(app, "ROUND(SUM(p) * 1000000)", &rest);
    let repeats = count(app, "SUM(again)", &rest);
    cases.into_iter().zip(sums).zip(repeats).map(|((n, sum), again)| (n, sum, again)).collect()
}

/// How many closings have a feature among the three strongest reasons that raise their risk, and what it adds to them.
fn reasons(app: &TestApp) -> BTreeMap<String, (f64, f64)> {
    let bodies: Vec<String> = block_on(async {
        let pool = AnyPool::connect(&app.app.settings.database).await.unwrap();
        let bodies =
            sqlx::query_scalar("SELECT body FROM assessments").fetch_all(&pool).await.unwrap();
        pool.close().await;
        bodies
    });
    let mut found: BTreeMap<String, (f64, f64)> = BTreeMap::new();
    for body in &bodies {
        let body: Value = serde_json::from_str(body).unwrap();
        let all = body["reasons"].as_array().unwrap().iter();
        let raising = all.filter(|one| one["contribution"].as_f64().unwrap() > 0.0);
        for one in raising.filter(|one| one["feature"] != "calibration").take(3) {
            let name = label(one["feature"].as_str().unwrap(), Language::En).into_owned();
            let sums = found.entry(name).or_default();
            *sums = (sums.0 + 1.0, sums.1 + one["contribution"].as_f64().unwrap());
        }
    }
    found
}

fn every_rate_is_what_sql_counts(app: &TestApp) {
    scored(app);
    let mut eva = Browser::signed_in(app, "eva");
    let table =
        |eva: &mut Browser<'_>, name: &str| file(eva, &format!("/risk?{PERIOD}&file={name}.csv"));
    let page = eva.get(&format!("/risk?{PERIOD}"));
    for said in ["incidents-1", "<svg ", "What the model would have caught", "within 14 days"] {
        assert_says(&page, 200, said);
    }
    let all = groups(app, "decile > 0")[0];
    assert!(all.0 == 40 && all.2 > 5 && all.2 < 20, "{all:?}");
    let calibration = table(&mut eva, "calibration");
    let deciles = groups(app, "decile");
    assert_eq!((calibration.len(), deciles.len()), (10, 10));
    for (row, group) in calibration.iter().zip(deciles) {
        assert_rates(&row[3..], group);
    }
    let bins = table(&mut eva, "scores");
    assert_eq!(bins.len(), 20);
    for row in &bins {
        let within = format!("WHERE p >= {} AND p < {}", row[0], row[1]);
        assert_eq!(row[2], count(app, "COUNT(*)", &within)[0].to_string(), "{row:?}");
    }
    for (name, by) in [("by-category", "category"), ("by-team", "team"), ("by-channel", "channel")]
    {
        let mut rows = table(&mut eva, name);
        let mut expected = groups(app, by);
        // Each by its number of closings, which differ wherever there is more than one name.
        rows.sort_by(|a, b| {
            (number(&a[2]), number(&a[3])).partial_cmp(&(number(&b[2]), number(&b[3]))).unwrap()
        });
        expected.sort_by_key(|(cases, sum, _)| (*cases, *sum));
        assert_eq!(rows.len(), expected.len(), "{name}");
        for (row, group) in rows.iter().zip(expected) {
            assert_rates(&row[2..], group);
        }
    }
    let expected = reasons(app);
    let told = table(&mut eva, "reasons");
    assert_eq!(told.len(), expected.len().min(15));
    for row in &told {
        let (closings, sum) = expected[&row[0]];
        assert_near(number(&row[1]), closings);
        assert_near(number(&row[2]), closings / 40.0);
        assert_near(number(&row[3]), sum / closings);
    }
    let listed = app.list_models().expect(200);
    let models = listed["models"].as_array().unwrap();
    let live = models.iter().find(|model| model["version"] == "incidents-1").unwrap();
    for row in table(&mut eva, "figures") {
        let name = row[0].strip_prefix("test.").unwrap();
        assert_near(number(&row[1]), live["metrics"]["test"][name].as_f64().unwrap());
    }
}

/// Precision and recall of one follow-up for each team and day.
fn the_highest_scores_of_each_day_fit_the_capacity(app: &TestApp) {
    scored(app);
    // Five days become one, so that a team has more closings of a day than it can follow up.
    let url = app.app.settings.database.clone();
    actix_web::rt::System::new().block_on(async {
        let mut rows = Rows::open(&url).await;
        for table in ["assessments", "episodes"] {
            let closed_at = "closed_at - closed_at % 432000000 + 381600000";
            rows.execute(format!("UPDATE {table} SET closed_at = {closed_at}")).await;
        }
        // The days before as well as those after: all of the period.
        for day in day_ms(0) / DAY_MS..day_ms(40) / DAY_MS {
            rows.execute(format!(
                "INSERT INTO kpi_changes (tenant, day) VALUES ('default', {day})"
            ))
            .await;
        }
    });
    let mut eva = Browser::signed_in(app, "eva");
    let rows = file(&mut eva, &format!("/risk?{PERIOD}&file=capacity.csv"));
    for (row, team) in rows.iter().zip(["team = 'cards'", "team = 'loans'", "1 = 1"]) {
        let of = |what: &str, more: &str| count(app, what, &format!("WHERE {team}{more}"))[0];
        let (mature, repeats) = (of("COUNT(*)", ""), of("SUM(again)", ""));
        let (taken, caught) =
            (of("COUNT(*)", " AND place = 1"), of("SUM(again)", " AND place = 1"));
        assert!(taken < mature && caught < repeats, "{team}");
        let told: Vec<_> = row[2..6].iter().map(|cell| number(cell)).collect();
        assert_eq!(told, [mature, repeats, taken, caught].map(as_f64), "{team}");
        assert_near(number(&row[6]), as_f64(caught) / as_f64(taken));
        assert_near(number(&row[9]), as_f64(caught) / as_f64(repeats));
        assert_near(number(&row[12]), as_f64(taken) / as_f64(mature));
    }
    assert_eq!((rows.len(), rows[0][1].as_str()), (3, "1"));
}

#[test]
fn capacity_on_sqlite() {
    let app = service(|settings| settings.follow_ups.daily_capacity = 1);
    the_highest_scores_of_each_day_fit_the_capacity(&app);
}

#[test]
fn capacity_on_postgres() {
    let Some(url) = postgres::database_or_skip() else { return };
    let app = service(|settings| {
        settings.database = url;
        settings.follow_ups.daily_capacity = 1;
    });
    the_highest_scores_of_each_day_fit_the_capacity(&app);
}

fn nothing_one_ticket_and_what_is_too_recent_are_told_in_words(app: &TestApp) {
    let mut max = Browser::signed_in(app, "max");
    assert_says(&max.get("/risk"), 200, "No ticket that was closed in this period");
    assert_eq!(max.get("/risk?file=calibration.csv").status, 404);
    desk::close(app, "t-1", "u-1", "card_arrival", None, 2.0);
    let page = max.get("/risk");
    assert_says(&page, 200, "The one closed ticket with a score is too recent");
    assert!(!page.text().contains("NaN"), "{}", page.text());
    assert!(!page.text().contains("calibration-title"), "{}", page.text());
    desk::close(app, "t-2", "u-2", "card_arrival", None, 20.0);
    let page = max.get("/risk");
    assert_says(&page, 200, "1 closed ticket is too recent");
    assert_says(&page, 200, "few cases: says little");
    assert!(!page.text().contains("NaN"), "{}", page.text());
    let rows = file(&mut max, "/risk?file=calibration.csv");
    assert_eq!((rows.len(), rows[0][3].as_str(), rows[0][6].as_str()), (1, "1", "0"));
    assert_says(&max.get("/risk?from=yesterday"), 422, "Expected a day such as 2026-01-05");
    assert_says(&max.get("/risk?from=2026-02-01&until=2026-01-01"), 422, "The last day must not");
}

fn a_team_lead_sees_one_team_only_and_names_never_run(app: &TestApp) {
    scored(app);
    let mut tom = Browser::signed_in(app, "tom");
    let page = tom.get(&format!("/risk?{PERIOD}"));
    assert_says(&page, 200, "Only Team: cards.");
    assert!(!page.text().contains("loans") && !page.text().contains("|<script>"));
    assert_says(&page, 200, "=cmd|&#60;script&#62;");
    let teams = file(&mut tom, &format!("/risk?{PERIOD}&file=by-team.csv"));
    assert_eq!((teams.len(), teams[0][0].as_str(), teams[0][1].as_str()), (1, "cards", "14"));
    assert_eq!(tom.get(&format!("/risk?{PERIOD}&file=capacity.xlsx")).status, 200);
}

fn other_versions_are_told_and_not_counted(app: &TestApp) {
    scored(app);
    let url = app.app.settings.database.clone();
    actix_web::rt::System::new().block_on(async {
        let statement =
            "UPDATE assessments SET model_version = 'older-1' WHERE ticket_id IN ('t-0', 't-1')";
        let mut rows = Rows::open(&url).await;
        rows.execute(statement.to_owned()).await;
        rows.execute(MARKED.to_owned()).await;
    });
    let mut eva = Browser::signed_in(app, "eva");
    let page = eva.get(&format!("/risk?{PERIOD}"));
    assert_says(&page, 200, "2 closed tickets of the period were assessed by other versions");
    let teams = file(&mut eva, &format!("/risk?{PERIOD}&file=by-team.csv"));
    assert_near(teams.iter().map(|row| number(&row[1])).sum(), 38.0);
}
