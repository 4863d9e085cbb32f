//! Similar past cases on the page of a ticket.

use super::kpis::file;
use super::*;
use serde_json::{Value, json};

on_both_databases!(
    the_most_similar_closed_tickets_are_told_as_the_api_finds_them,
    a_team_lead_sees_cases_of_the_own_team_only,
    why_there_is_nothing_to_compare_is_said_in_words,
);

const TEXTS: [&str; 4] = [
    "My card has not arrived",
    "When will my new card come?",
    "What is the exchange rate today?",
    "My top up failed again",
];

fn ago(days: i64) -> Timestamp {
    Timestamp::now().plus_days(-days)
}

/// A ticket with one contact, closed a day after its opening if it is to be.
fn case(
    app: &TestApp,
    ticket: &str,
    (customer, team): (&str, &str),
    text: &str,
    closed_days_ago: Option<i64>,
) {
    let opened = ago(closed_days_ago.unwrap_or(1) + 1);
    let body = json!({"customer_id": customer, "opened_at": opened, "category": "<b>cards</b>", "team": team});
    app.report_ticket(ticket, &body).expect(201);
    let contact = json!({"id": format!("c-{ticket}"), "customer_id": customer, "ticket_id": ticket, "occurred_at": opened,
        "text": text});
    app.record_contact(&contact).expect(201);
    if let Some(days) = closed_days_ago {
        app.close_ticket(ticket, &json!({"closed_at": ago(days)})).expect(200);
    }
}

fn work(app: &TestApp) {
    for (number, text) in TEXTS.iter().enumerate() {
        let (team, customer) = if number % 2 == 0 { ("cards", "u-1") } else { ("loans", "u-2") };
        case(
            app,
            &format!("t-{number}"),
            (customer, team),
            text,
            Some(40 + i64::try_from(number).unwrap()),
        );
    }
    case(app, "t-open", ("u-3", "cards"), TEXTS[0], None);
    case(app, "t-new", ("u-1", "cards"), TEXTS[0], Some(1));
}

/// Tickets of the API's answer, each once and without those that are not closed.
fn of_api(app: &TestApp, contact: &str) -> Vec<(String, f64)> {
    let answer = app.post("/v1/similar", &json!({"contact_id": contact, "limit": 50})).expect(200);
    let results = answer["results"].as_array().unwrap().clone();
    let closed = results.into_iter().filter(|one| !one["ticket"]["closed_at"].is_null());
    closed
        .map(|one| {
            (one["ticket_id"].as_str().unwrap().to_owned(), one["similarity"].as_f64().unwrap())
        })
        .collect()
}

fn rows(browser: &mut Browser<'_>, ticket: &str, table: &str) -> Vec<(String, f64)> {
    let rows = file(browser, &format!("/tickets/{ticket}?file={table}.csv"));
    rows.into_iter().map(|row| (row[0].clone(), row[1].parse().unwrap())).collect()
}

fn the_most_similar_closed_tickets_are_told_as_the_api_finds_them(app: &TestApp) {
    work(app);
    let mut max = Browser::signed_in(app, "max");
    let found = of_api(app, "c-t-new");
    let of = |customer: &str| -> Vec<(String, f64)> {
        let is_theirs = |ticket: &str| match ticket {
            "t-1" | "t-3" => customer == "u-2",
            _ => customer == "u-1",
        };
        found.iter().filter(|(ticket, _)| is_theirs(ticket)).cloned().collect()
    };
    assert_eq!(rows(&mut max, "t-new", "similar"), of("u-2"));
    assert_eq!(rows(&mut max, "t-new", "similar-same"), of("u-1"));
    assert_eq!(of("u-1")[0].0, "t-0", "the same text");
    let page = max.get("/tickets/t-new");
    assert_says(&page, 200, "compared with 6 contacts (encoder tiny-bert)");
    assert_says(&page, 200, "&#60;b&#62;cards&#60;/b&#62;");
    assert_says(&page, 200, "not followed up");
    // What is open is no case, and the window of t-new is not over.
    let cases = file(&mut max, "/tickets/t-open?file=similar.csv");
    assert_eq!(cases.len(), 5, "{cases:?}");
    for row in &cases {
        let windows = app.outcomes(&row[0]).expect(200)["episodes"][0]["windows"].clone();
        let is_14 = |window: &&Value| window["window_days"] == 14;
        let outcome = windows.as_array().unwrap().iter().find(is_14).unwrap()["outcome"].clone();
        let words = match outcome.as_str() {
            None => "not known yet: the window is not over",
            Some("none") => "did not come back",
            Some("unrelated") => "came with something else only",
            other => panic!("{other:?}"),
        };
        assert_eq!(row[4], words, "{row:?}");
        assert_eq!(outcome.is_null(), row[0] == "t-new");
    }
}

fn a_team_lead_sees_cases_of_the_own_team_only(app: &TestApp) {
    work(app);
    let mut tom = Browser::signed_in(app, "tom");
    let tickets = |found: Vec<(String, f64)>| -> Vec<String> {
        found.into_iter().map(|(ticket, _)| ticket).collect()
    };
    assert!(rows(&mut tom, "t-new", "similar").is_empty(), "those of u-2 belong to loans");
    assert_eq!(tickets(rows(&mut tom, "t-new", "similar-same")), ["t-0", "t-2"]);
    let page = tom.get("/tickets/t-new");
    assert_says(&page, 200, "Only tickets of the team cards");
    assert_says(&page, 200, "No closed case of another customer was found.");
    for hidden in ["/tickets/t-1", "/tickets/t-3"] {
        assert!(!page.text().contains(hidden), "{}", page.text());
    }
}

fn why_there_is_nothing_to_compare_is_said_in_words(app: &TestApp) {
    work(app);
    let body =
        json!({"customer_id": "u-4", "opened_at": ago(3), "category": "cards", "team": "cards"});
    app.report_ticket("t-silent", &body).expect(201);
    let mut max = Browser::signed_in(app, "max");
    assert_says(&max.get("/tickets/t-silent"), 200, "There is nothing to compare");
    assert_eq!(max.get("/tickets/t-silent?file=similar.csv").status, 404);
    let erase = json!({"identity": {"kind": "customer", "value": "u-2"}, "author": "bob", "reason": "asked"});
    app.delete("/v1/customers", &erase).expect(200);
    assert_says(&max.get("/tickets/t-1"), 200, "There is nothing to compare");
    let page = max.get("/tickets/t-new").text().to_owned();
    assert!(!page.contains("/tickets/t-1"), "{page}");
}

#[test]
fn vectors_of_another_encoder_are_not_compared() {
    let app = service(|_| {});
    work(&app);
    let url = app.app.settings.database.clone();
    block_on(async {
        let mut rows = crate::flagged::Rows::open(&url).await;
        rows.execute(
            "UPDATE contact_embeddings SET encoder = 'other' WHERE contact_id = 'c-t-new'".into(),
        )
        .await;
    });
    let page = Browser::signed_in(&app, "max").get("/tickets/t-new");
    assert_says(&page, 200, "embedded by another encoder than the one that serves now");
}

#[test]
fn what_is_switched_off_is_said_so() {
    let app = service(|settings| settings.similar.enabled = false);
    work(&app);
    let page = Browser::signed_in(&app, "max").get("/tickets/t-new");
    assert_says(&page, 200, "Similar cases are switched off");
}
