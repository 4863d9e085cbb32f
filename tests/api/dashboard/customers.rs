//! One customer as a page: everything that is known, in order, and for a team lead what belongs to the own team's tickets only.

use super::kpis::file;
use super::*;
use crate::flagged::Rows;
use recontact::follow_up::TimeOfDay;
use recontact::risk::RiskBand;
use serde_json::{Value, json};
use sqlx::{AnyConnection, AssertSqlSafe, Connection};

const SCRIPT: &str = "<script>alert(1)</script>";

/// A queue in which every closing is flagged and almost everybody is treated.
fn desk(database: Option<String>) -> TestApp {
    service(|settings| {
        std::fs::write(&settings.customer_key_file, "0f".repeat(32)).unwrap();
        let rules = &mut settings.follow_ups;
        rules.quiet_from = TimeOfDay::parse("00:00").unwrap();
        rules.quiet_until = rules.quiet_from;
        rules.send_after_hours = 0.0;
        rules.treatment_share = 0.95;
        rules.flagged_band = RiskBand::Low;
        if let Some(url) = database {
            settings.database = url;
        }
    })
}

/// Makes two tests of each story, one per database.
macro_rules! on_both_desks {
    ($($story:ident),* $(,)?) => {
        mod on_sqlite {
            $(#[test] fn $story() { super::$story(&super::desk(None)); })*
        }
        mod on_postgres {
            $(#[test] fn $story() {
                if let Some(url) = crate::postgres::database_or_skip() { super::$story(&super::desk(Some(url))); }
            })*
        }
    };
}

on_both_desks!(
    a_customer_is_told_whole_with_predictions_decisions_and_outcomes,
    a_team_lead_sees_what_belongs_to_the_own_teams_tickets,
    who_may_not_see_a_customer_is_told_nothing,
    a_long_history_is_told_page_by_page,
    who_opted_out_is_told_so_and_has_no_open_follow_up,
);

fn ago(hours: f64) -> Timestamp {
    #[expect(clippy::cast_possible_truncation, reason = "some days in milliseconds")]
    Timestamp::now().plus_millis(-(hours * 3_600_000.0) as i64)
}

fn long() -> String {
    "an issue of 200 characters ".repeat(8).chars().take(200).collect()
}

fn report(app: &TestApp, ticket: &str, customer: &str, team: &str, hours_ago: f64, category: &str) {
    let body = json!({"customer_id": customer, "opened_at": ago(hours_ago), "category": category, "team": team,
        "channel": "email"});
    app.report_ticket(ticket, &body).expect(201);
}

/// Customer u-9: t-1 of cards, with a contact, feedback, a follow-up and a correction; t-2 of loans, opened again; a contact on no ticket,
/// written from an address.
fn work(app: &TestApp) -> String {
    report(app, "t-2", "u-9", "loans", 24.0 * 40.0, &long());
    app.close_ticket("t-2", &json!({"closed_at": ago(24.0 * 39.0)})).expect(200);
    let reopened = ago(24.0 * 38.0).to_string();
    app.reopen_ticket("t-2", &reopened).expect(200);
    app.close_ticket("t-2", &json!({"closed_at": ago(24.0 * 37.0)})).expect(200);
    report(app, "t-1", "u-9", "cards", 30.0, SCRIPT);
    let contact = |id: &str, ticket: Option<&str>, hours: f64| {
        json!({"id": id, "customer_id": "u-9", "ticket_id": ticket, "occurred_at": ago(hours), "channel": "email",
            "text": "My card has not arrived"})
    };
    app.record_contact(&contact("c-1", Some("t-1"), 29.0)).expect(201);
    app.close_ticket("t-1", &json!({"closed_at": ago(2.0)})).expect(200);
    let feedback = json!({"contact_id": "c-1", "head": "category", "label": "lost_card", "author": "lead-1",
        "occurred_at": ago(1.5)});
    app.post("/v1/feedback", &feedback).expect(201);
    let correction = json!({"episode": 1, "outcome": "explicit", "author": "lead-2", "reason": "they <b>called</b>"});
    app.post("/v1/tickets/t-2/outcomes/corrections", &correction).expect(201);
    let mut other = contact("c-2", None, 1.0);
    other["identities"] = json!([{"kind": "email", "value": "ivan@example.org"}]);
    app.record_contact(&other).expect(201);
    app.ticket("t-1").expect(200)["customer"].as_str().unwrap().to_owned()
}

/// A number that the database has, asked for without the service.
fn count(app: &TestApp, statement: &str) -> usize {
    let url = app.app.settings.database.clone();
    let found: i64 = block_on(async {
        // The drivers are installed by whoever comes first.
        drop(Rows::open(&url).await);
        let mut connection = AnyConnection::connect(&url).await.unwrap();
        sqlx::query_scalar(AssertSqlSafe(statement)).fetch_one(&mut connection).await.unwrap()
    });
    usize::try_from(found).unwrap()
}

/// The rows of a column that say this.
fn said(rows: &[Vec<String>], column: usize, text: &str) -> usize {
    rows.iter().filter(|row| row[column].contains(text)).count()
}

fn a_customer_is_told_whole_with_predictions_decisions_and_outcomes(app: &TestApp) {
    let key = work(app);
    let mut max = Browser::signed_in(app, "max");
    let address = format!("/customers/{key}");
    let page = max.get(&address);
    let assessment = app.ticket("t-1").expect(200)["assessment"].clone();
    let share = format!("{:.1}%", 100.0 * assessment["probability"].as_f64().unwrap());
    let version = assessment["model"]["version"].as_str().unwrap().to_owned();
    for text in [
        &format!(
            "Closing 1, &#60;script&#62;alert(1)&#60;/script&#62;. Probability of coming back {share}"
        ),
        &format!("(model {version})"),
        "category: lost_card; predicted:",
        "Closing 1: came back with the same issue. they &#60;b&#62;called&#60;/b&#62;",
        "follow-up: put into the queue",
        "identities joined",
        "ticket opened again",
        "e-mail address",
        &long(),
        "href=\"/tickets/t-1\"",
        &*key,
    ] {
        assert_says(&page, 200, text);
    }
    assert!(!page.text().contains(SCRIPT), "{}", page.text());
    let events = file(&mut max, &format!("{address}?file=events.csv"));
    // u-9 and the address are everything there is.
    for (text, statement) in [
        ("wants something", "SELECT COUNT(*) FROM contacts"),
        (
            "ticket opened",
            "SELECT COUNT(*) FROM tickets t, ticket_events v WHERE v.ticket_id = t.id AND v.kind = 'reopening'",
        ),
        ("ticket closed", "SELECT COUNT(*) FROM episodes"),
        ("label corrected", "SELECT COUNT(*) FROM feedback"),
        ("follow-up:", "SELECT COUNT(*) FROM follow_up_events"),
        ("outcome corrected", "SELECT COUNT(*) FROM outcome_corrections"),
        ("identities joined", "SELECT COUNT(*) FROM identity_merges"),
    ] {
        let more = if text == "ticket opened" { 2 } else { 0 };
        assert_eq!(said(&events, 1, text), count(app, statement) + more, "{text}: {events:?}");
    }
    assert!(events.is_sorted_by(|a, b| a[0] >= b[0]), "{events:?}");
    let outcomes = file(&mut max, &format!("{address}?file=outcomes.csv"));
    let numbers: Vec<(&str, &str)> =
        outcomes.iter().map(|row| (row[0].as_str(), row[1].as_str())).collect();
    assert_eq!(numbers, [("t-1", "1"), ("t-2", "2"), ("t-2", "1")]);
    let words = |outcome: &Value| match outcome.as_str() {
        None => "not known yet: the window is not over",
        Some("none") => "did not come back",
        Some("explicit") => "came back with the same issue",
        other => panic!("{other:?}"),
    };
    for row in &outcomes {
        let told = app.outcomes(&row[0]).expect(200);
        let episode = &told["episodes"][row[1].parse::<usize>().unwrap() - 1];
        let windows = episode["windows"].as_array().unwrap();
        let expected: Vec<&str> = windows.iter().map(|window| words(&window["outcome"])).collect();
        assert_eq!(row[4..], expected, "{row:?}");
    }
    let open = app.get("/v1/follow-ups").expect(200)["follow_ups"].as_array().unwrap().len();
    let follow_ups = file(&mut max, &format!("{address}?file=follow-ups.csv"));
    assert_eq!((follow_ups.len(), &*follow_ups[0][0]), (open, "t-1"));
    let identities = file(&mut max, &format!("{address}?file=identities.csv"));
    assert_eq!(identities.len(), count(app, "SELECT COUNT(*) FROM identities"));
    for row in &identities {
        assert_says(&max.get(&format!("/customers/{}", row[0])), 200, "href=\"/tickets/t-1\"");
    }
    assert_eq!(max.get(&format!("{address}?file=identities.xlsx")).status, 200);
    assert_eq!(audit(app)[0].1, AuditAction::Exported);
    assert_says(&max.get("/tickets/t-1"), 200, &format!("href=\"{address}\""));
    let id = app.get("/v1/follow-ups").expect(200)["follow_ups"][0]["id"].clone();
    let item = max.get(&format!("/queue/{}", id.as_str().unwrap()));
    assert_says(&item, 200, &format!("href=\"{address}\""));
}

fn a_team_lead_sees_what_belongs_to_the_own_teams_tickets(app: &TestApp) {
    let key = work(app);
    let mut tom = Browser::signed_in(app, "tom");
    let address = format!("/customers/{key}");
    let page = tom.get(&address);
    assert_says(&page, 200, "Only what belongs to tickets of the team cards.");
    for hidden in ["t-2", "identities joined", "e-mail address", "called", &*long()] {
        assert!(!page.text().contains(hidden), "{hidden}: {}", page.text());
    }
    let events = file(&mut tom, &format!("{address}?file=events.csv"));
    let on_it = "SELECT COUNT(*) FROM contacts WHERE ticket_id = 't-1'";
    assert_eq!(said(&events, 1, "wants something"), count(app, on_it));
    assert_eq!(said(&events, 2, "t-1"), events.len(), "{events:?}");
    assert_eq!(file(&mut tom, &format!("{address}?file=identities.csv")).len(), 1);
    assert_eq!(file(&mut tom, &format!("{address}?file=outcomes.csv")).len(), 1);
}

fn who_may_not_see_a_customer_is_told_nothing(app: &TestApp) {
    let key = work(app);
    report(app, "t-3", "u-8", "loans", 5.0, "lost_card");
    let other = app.ticket("t-3").expect(200)["customer"].as_str().unwrap().to_owned();
    let mut tom = Browser::signed_in(app, "tom");
    for text in [&*other, &"0".repeat(64), "u-9", "%3Cscript%3E", &key.to_uppercase()] {
        let path = format!("/customers/{text}");
        assert_says(&tom.get(&path), 404, "Nothing is here");
        let (actor, action, _) = &audit(app)[0];
        assert_eq!((actor.as_deref(), *action), (Some("tom"), AuditAction::NotFound));
    }
    let own = format!("/customers/{other}");
    assert_eq!(Browser::signed_in(app, "max").get(&own).status, 200);
    let mut eva = Browser::signed_in(app, "eva");
    assert_eq!(eva.get(&own).status, 403);
    assert_eq!(audit(app)[0], (Some("eva".to_owned()), AuditAction::Refused, Some(own.clone())));
    assert_eq!(eva.get(&format!("{own}?file=events.csv")).status, 403);
}

/// Every page of events from the newest on: ticket by ticket.
fn all_pages(browser: &mut Browser<'_>, address: &str) -> (usize, Vec<String>) {
    let (mut pages, mut tickets, mut next) = (0, Vec::new(), Some(address.to_owned()));
    while let Some(path) = next {
        let join = if path.contains('?') { '&' } else { '?' };
        let rows = file(browser, &format!("{path}{join}file=events.csv"));
        tickets.extend(rows.into_iter().map(|row| row[2].clone()));
        pages += 1;
        let page = browser.get(&path).text().to_owned();
        let older =
            page.split("\">Older events").next().filter(|_| page.contains("\">Older events"));
        next = older.and_then(|before| before.rsplit("href=\"").next()).map(str::to_owned);
    }
    (pages, tickets)
}

fn a_long_history_is_told_page_by_page(app: &TestApp) {
    for number in 0..210 {
        let team = if number % 2 == 0 { "cards" } else { "loans" };
        report(app, &format!("t-{number}"), "u-9", team, 300.0 - f64::from(number), "lost_card");
    }
    let key = app.ticket("t-0").expect(200)["customer"].as_str().unwrap().to_owned();
    let address = format!("/customers/{key}");
    let newest_first = |numbers: &mut dyn Iterator<Item = u32>| -> Vec<String> {
        numbers.map(|number| format!("t-{number}")).collect()
    };
    let (pages, told) = all_pages(&mut Browser::signed_in(app, "max"), &address);
    assert_eq!((pages, told), (3, newest_first(&mut (0..210).rev())));
    let mut tom = Browser::signed_in(app, "tom");
    let (pages, told) = all_pages(&mut tom, &address);
    assert_eq!((pages, told), (2, newest_first(&mut (0..210).rev().filter(|n| n % 2 == 0))));
    assert_says(&tom.get(&format!("{address}?after=nonsense")), 200, "100 events");
}

fn who_opted_out_is_told_so_and_has_no_open_follow_up(app: &TestApp) {
    let key = work(app);
    let body = json!({"customer": key, "author": "bob", "reason": "asked on the phone"});
    app.post("/v1/opt-outs", &body).expect(201);
    let address = format!("/customers/{key}");
    for name in ["max", "tom"] {
        let page = Browser::signed_in(app, name).get(&address);
        assert_says(&page, 200, "The customer wants neither to be scored nor to be contacted");
        assert_says(&page, 200, "None is open.");
        assert_eq!(page.text().contains("asked to be left alone"), name == "max");
    }
}
