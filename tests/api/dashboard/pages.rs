//! What pages show, also of little and of bad data.

use super::kpis::{file, sql};
use super::*;
use crate::desk;

on_both_databases!(
    every_number_of_the_overview_is_what_the_api_tells_and_sql_counts,
    an_empty_database_has_pages_without_figures,
    a_single_ticket_counts_once_it_is_old_enough,
    the_overview_tells_rates_with_intervals_and_what_moved_them,
    a_team_lead_sees_the_figures_of_the_own_team,
    names_of_categories_are_shown_and_never_run,
);

fn an_empty_database_has_pages_without_figures(app: &TestApp) {
    let mut max = Browser::signed_in(app, "max");
    let page = max.get("/overview");
    assert_says(&page, 200, "No closed ticket is old enough yet.");
    assert_says(&page, 200, "No rate yet");
    assert!(!page.text().contains("NaN"), "{}", page.text());
    for query in
        ["?window=abc", "?window=0&period=-1", "?period=99999999999999999999", "?window", "?%FF"]
    {
        assert_eq!(max.get(&format!("/overview{query}")).status, 200, "{query}");
    }
}

fn a_single_ticket_counts_once_it_is_old_enough(app: &TestApp) {
    let mut max = Browser::signed_in(app, "max");
    desk::close(app, "t-1", "u-1", "card_arrival", None, 2.0);
    let page = max.get("/overview?window=7");
    assert_says(&page, 200, "No closed ticket is old enough yet.");
    assert_says(&page, 200, "1 newer ticket was closed too recently to be counted.");
    let page = max.get("/overview?window=1");
    assert_says(&page, 200, "<strong>0.0%</strong>");
    assert_says(&page, 200, "<strong>100.0%</strong>");
    assert_says(&page, 200, "There are not two weeks with closed tickets");
    assert!(!page.text().contains("NaN"), "{}", page.text());
}

/// How many closings there are for which this holds. An episode's outcome is the strongest that came within 14 days of its close.
fn closings(app: &TestApp, condition: &str) -> i64 {
    let came_back = |relation: &str| {
        format!(
            "EXISTS (SELECT 1 FROM recontacts r WHERE r.ticket_id = e.ticket_id AND r.episode = e.number \
             AND r.gap_ms > 0 AND r.gap_ms <= 14 * 86400000 AND r.relation = '{relation}')"
        )
    };
    let condition = condition
        .replace("came back with the same", &came_back("explicit"))
        .replace("came back with a related one", &came_back("implicit"));
    let statement = format!("SELECT CAST(COUNT(*) AS BIGINT) FROM episodes e WHERE {condition}");
    sql(app, statement.leak())[0]
}

/// Fails unless the page has a share of this in a tile.
#[track_caller]
fn assert_share(page: &Answer, count: i64, trials: i64, explained: &str) {
    let share = 100.0 * as_f64(count) / as_f64(trials);
    let told = format!("{count} of {trials}{explained}");
    let tiles = page.text().split("<div><dt>").collect::<Vec<_>>();
    let tile = tiles.iter().find(|tile| tile.contains(&told));
    let tile = tile.unwrap_or_else(|| panic!("no tile says {told:?}:\n{}", page.text()));
    assert!(tile.contains(&format!("<strong>{share:.1}%</strong>")), "{share}: {tile}");
}

fn as_f64(count: i64) -> f64 {
    f64::from(i32::try_from(count).unwrap())
}

fn every_number_of_the_overview_is_what_the_api_tells_and_sql_counts(app: &TestApp) {
    desk::work(app);
    let mut eva = Browser::signed_in(app, "eva");
    let page = eva.get("/overview?window=14&period=28");
    let day = 86_400_000;
    let now = Timestamp::now().millis();
    // No closing of the desk is within hours of these ends.
    let mature = format!("closed_at <= {} AND closed_at > {}", now - 14 * day, now - 42 * day);
    let all = closings(app, &mature);
    let same = closings(app, &format!("{mature} AND came back with the same"));
    let related = closings(
        app,
        &format!("{mature} AND NOT came back with the same AND came back with a related one"),
    );
    assert!(all > 30 && same > 5, "{same} + {related} of {all}");
    assert_share(&page, same + related, all, ": after the closing the customer came back");
    assert_share(&page, all - same, all, ": nobody came back with the same issue");
    assert_share(&page, same, same + related, " repeats were about the same issue");
    let at = |days: i64| Timestamp::from_millis(now - days * day).unwrap();
    let told = app.get(&format!("/v1/outcomes?window_days=14&from={}&to={}", at(42), at(14)));
    let told = told.expect(200);
    assert_eq!(
        (&told["all"]["mature"], &told["all"]["explicit"]),
        (&all.into(), &same.into()),
        "{told}"
    );
    let young = closings(app, &format!("closed_at > {}", now - 14 * day));
    assert_says(&page, 200, &format!("{young} newer tickets were closed too recently"));
    let at_risk = closings(
        app,
        &format!(
            "closed_at > {} AND EXISTS (SELECT 1 FROM assessments a WHERE a.ticket_id = e.ticket_id AND a.band = 'high') \
             AND NOT EXISTS (SELECT 1 FROM recontacts r WHERE r.ticket_id = e.ticket_id AND r.relation IN ('explicit', 'implicit'))",
            now - 14 * day
        ),
    );
    assert_says(&page, 200, &format!("<dt>At high risk now</dt>\n<dd><strong>{at_risk}</strong>"));
    let weeks = file(&mut eva, "/overview?window=14&period=28&file=trend.csv");
    for (week, row) in (0..13_i64).zip(weeks) {
        let first = now - (14 + 7 * (13 - week)) * day;
        let of_week = format!("closed_at > {first} AND closed_at <= {}", first + 7 * day);
        let all = closings(app, &of_week);
        let again =
            format!("{of_week} AND (came back with the same OR came back with a related one)");
        let again = closings(app, &again);
        assert_eq!(row.last().unwrap(), &all.to_string(), "{row:?}");
        let share = if all > 0 { (as_f64(again) / as_f64(all)).to_string() } else { String::new() };
        assert_eq!(row[1], share, "{row:?}");
    }
}

/// The number of closings that a page counts, of repeats and of all.
fn repeats(page: &Answer) -> (u64, u64) {
    let told = page.text().split(": after the closing the customer came back").next().unwrap();
    let told = told.rsplit('>').next().unwrap();
    let (count, trials) = told.split_once(" of ").unwrap();
    (count.parse().unwrap(), trials.parse().unwrap())
}

fn the_overview_tells_rates_with_intervals_and_what_moved_them(app: &TestApp) {
    desk::work(app);
    let mut max = Browser::signed_in(app, "max");
    let page = max.get("/overview?window=7&period=91");
    let (count, trials) = repeats(&page);
    // In 91 days one ticket is closed every 0.8 days, and some of their customers' second tickets are.
    assert!(trials > 113 && count > 25 && count < trials / 2, "{count} of {trials}");
    let rate = 100.0 * f64::from(u32::try_from(count).unwrap())
        / f64::from(u32::try_from(trials).unwrap());
    assert_says(
        &page,
        200,
        &format!("<strong>{rate:.1}%</strong> <span class=\"interval\">95% interval "),
    );
    for said in [
        "Repeat contacts went from",
        "percentage points",
        "<svg ",
        "<polyline class=\"line\"",
        "Newest closed ticket",
    ] {
        assert_says(&page, 200, said);
    }
    // The table has what the chart shows: thirteen weeks, whose closings are those of the whole period.
    let rows: Vec<&str> = page.text().split("<tr><th scope=\"row\">").skip(1).collect();
    assert_eq!(rows.len(), 13);
    let of_week = |row: &&str| {
        let cell = row.split("</data></td></tr>").next().unwrap().rsplit('>').next().unwrap();
        cell.parse::<u64>().unwrap()
    };
    assert_eq!(rows.iter().map(of_week).sum::<u64>(), trials);
    let earlier = max.get("/overview?window=7&period=28&until=2001-01-01");
    assert_says(&earlier, 200, "No closed ticket is old enough yet.");
}

fn a_team_lead_sees_the_figures_of_the_own_team(app: &TestApp) {
    desk::work(app);
    let path = "/overview?window=7&period=91";
    let all = repeats(&Browser::signed_in(app, "max").get(path));
    let own = Browser::signed_in(app, "tom").get(path);
    assert_says(&own, 200, "team cards only");
    assert!(repeats(&own).1 < all.1, "{:?} of {all:?}", repeats(&own));
}

fn names_of_categories_are_shown_and_never_run(app: &TestApp) {
    desk::work(app);
    let page = Browser::signed_in(app, "max").get("/overview?window=7");
    assert_says(&page, 200, "&#60;script&#62;alert(1)&#60;/script&#62;");
    assert!(!page.text().contains("<script>alert"), "{}", page.text());
}

#[test]
fn without_users_the_sign_in_says_how_to_make_the_first() {
    let app = crate::helpers::spawn_app();
    let page = Browser::new(&app).get("/sign-in");
    assert_says(&page, 200, "recontact users add NAME --role admin");
    assert_eq!(Browser::new(&app).get("/").header("location"), "/sign-in");
}

#[test]
fn a_browsers_language_is_taken_and_else_the_configured_one() {
    let app = service(|settings| settings.dashboard.language = recontact::user::Language::Ru);
    let page = |accepted: &str| {
        Browser::new(&app)
            .with_header("Accept-Language", accepted)
            .get("/sign-in")
            .text()
            .to_owned()
    };
    assert!(page("en-GB,ru;q=0.5").contains("<html lang=\"en\""));
    assert!(page("de").contains("<html lang=\"ru\""));
    assert!(page("be-BY").contains("Увайсці"));
}
