//! The follow-up queue as a team works it, and what becomes of two who act at once.

use super::kpis::sql;
use super::*;
use recontact::follow_up::TimeOfDay;
use recontact::risk::RiskBand;
use serde_json::{Value, json};

/// A queue without quiet hours in which almost everybody is treated, and every closing is flagged.
fn queue() -> TestApp {
    queue_with(|_| {})
}

/// The same with other settings.
pub(super) fn queue_with(change: impl FnOnce(&mut Settings)) -> TestApp {
    service(|settings| {
        change(settings);
        std::fs::write(&settings.customer_key_file, "0f".repeat(32)).unwrap();
        let rules = &mut settings.follow_ups;
        rules.quiet_from = TimeOfDay::parse("00:00").unwrap();
        rules.quiet_until = rules.quiet_from;
        rules.send_after_hours = 0.0;
        rules.treatment_share = 0.95;
        rules.flagged_band = RiskBand::Low;
    })
}

/// Closes a ticket of a team some minutes ago, and gives its follow-up.
pub(super) fn follow_up(app: &TestApp, ticket: &str, team: &str) -> Value {
    follow_up_of(app, ticket, team, "u-9")
}

fn follow_up_of(app: &TestApp, ticket: &str, team: &str, customer: &str) -> Value {
    let ago = |minutes: i64| Timestamp::now().plus_millis(-minutes * 60_000);
    let report = json!({"customer_id": customer, "opened_at": ago(65), "category": "<script>alert(1)</script>",
        "team": team, "channel": "email"});
    app.report_ticket(ticket, &report).expect(201);
    app.close_ticket(ticket, &json!({ "closed_at": ago(5) })).expect(200);
    let list = app.get(&format!("/v1/follow-ups?team={team}")).expect(200);
    assert_eq!(list["follow_ups"].as_array().unwrap().len(), 1, "{list}");
    list["follow_ups"][0].clone()
}

pub(super) fn path(follow_up: &Value) -> String {
    format!("/queue/{}", follow_up["id"].as_str().unwrap())
}

fn status(app: &TestApp, follow_up: &Value) -> (String, u64) {
    let id = follow_up["id"].as_str().unwrap();
    let now = app.get(&format!("/v1/follow-ups/{id}")).expect(200)["follow_up"].clone();
    (now["status"].as_str().unwrap().to_owned(), now["version"].as_u64().unwrap())
}

#[test]
fn a_team_lead_takes_a_follow_up_and_finishes_it() {
    let app = queue();
    let one = follow_up(&app, "t-1", "cards");
    let page = path(&one);
    let mut tom = Browser::signed_in(&app, "tom");
    let list = tom.get("/queue");
    assert_says(&list, 200, &format!("href=\"{page}\""));
    assert_says(&list, 200, "&#60;script&#62;alert(1)&#60;/script&#62;");
    assert!(!list.text().contains("<script>alert"), "{}", list.text());
    let share = format!("{:.1}%", 100.0 * one["probability"].as_f64().unwrap());
    assert_says(&list, 200, &share);
    let item = tom.get(&page);
    for reason in one["reasons"].as_array().unwrap() {
        let label = reason.as_str().unwrap().split(':').next().unwrap();
        assert_says(&item, 200, label);
    }
    assert_says(&item, 200, "Nothing was written that is known here.");
    let answer = tom.fill_in(&page, &format!("{page}/claim"), &[("version", "1")]);
    assert_eq!((answer.status, answer.header("location")), (303, &*format!("{page}?done=claim")));
    assert_eq!(status(&app, &one), ("claimed".to_owned(), 2));
    let fields = [("version", "2"), ("channel", "phone"), ("note", "explained it")];
    // The same form again, as after going back or a double click, changes nothing.
    for _ in 0..2 {
        let answer = tom.fill_in(&page, &format!("{page}/done"), &fields);
        assert_eq!(answer.status, 303, "{}", answer.text());
        assert_eq!(status(&app, &one), ("done".to_owned(), 3));
    }
    assert_says(&tom.get(&format!("{page}?done=follow-up-done")), 200, "Recorded as done.");
    assert_says(&tom.get("/queue?state=done"), 200, &format!("href=\"{page}\""));
    assert_says(&tom.get("/queue"), 200, "Nothing to show");
}

#[test]
fn the_second_of_two_is_told_who_did_what_and_keeps_what_he_typed() {
    let app = queue();
    let one = follow_up(&app, "t-1", "cards");
    let page = path(&one);
    let (mut tom, mut max) = (Browser::signed_in(&app, "tom"), Browser::signed_in(&app, "max"));
    assert_eq!(tom.fill_in(&page, &format!("{page}/claim"), &[("version", "1")]).status, 303);
    let fields = [("version", "1"), ("reason", "the refund <b> arrived")];
    let answer = max.fill_in(&page, &format!("{page}/not-needed"), &fields);
    assert_says(&answer, 409, "tom was faster: taken,");
    assert_says(&answer, 409, "value=\"the refund &#60;b&#62; arrived\"");
    assert_says(&answer, 409, "name=\"version\" value=\"2\"");
    assert_eq!(status(&app, &one), ("claimed".to_owned(), 2));
    let fields = [("version", "2"), ("reason", "the refund arrived")];
    assert_eq!(max.fill_in(&page, &format!("{page}/not-needed"), &fields).status, 303);
    assert_eq!(status(&app, &one), ("not_needed".to_owned(), 3));
}

#[test]
fn what_is_missing_or_wrong_in_a_form_is_said_and_nothing_is_done() {
    let app = queue();
    let one = follow_up(&app, "t-1", "cards");
    let page = path(&one);
    let mut tom = Browser::signed_in(&app, "tom");
    let mut send =
        |step: &str, fields: &[(&str, &str)]| tom.fill_in(&page, &format!("{page}/{step}"), fields);
    let answer = send("disagree", &[("version", "1"), ("reason", " ")]);
    assert_says(&answer, 422, "Expected 1 to");
    let late = [("version", "1"), ("until", "2999-01-01T09:00"), ("snooze_reason", "asked to")];
    let answer = send("snooze", &late);
    assert_says(&answer, 422, "Expected a time after now and before");
    assert_says(&answer, 422, "value=\"asked to\"");
    let answer = send("snooze", &[("version", "1"), ("until", "tomorrow")]);
    assert_says(&answer, 422, "Expected a date and a time.");
    assert_eq!(send("claim", &[("version", "one")]).status, 400);
    assert_eq!(send("done", &[("version", "1"), ("channel", "pigeon")]).status, 400);
    let answer = send("done", &[("version", "1"), ("channel", "phone")]);
    assert_says(&answer, 409, "This cannot be done now. The follow-up is: waiting.");
    assert_eq!(send("steal", &[("version", "1")]).status, 404);
    assert_eq!(status(&app, &one), ("waiting".to_owned(), 1));
    let csrf = tom.post(&format!("{page}/claim"), &[("version", "1")]);
    assert_says(&csrf, 403, "out of date");
}

#[test]
fn every_number_of_the_list_is_what_the_api_tells_and_sql_counts() {
    let app = queue();
    for number in 0..30_u32 {
        let ago = |minutes: u32| Timestamp::now().plus_millis(-i64::from(minutes) * 60_000);
        let report = json!({"customer_id": format!("u-{number}"), "opened_at": ago(600 + number), "category": "card",
            "team": if number % 3 == 0 { "cards" } else { "loans" }, "channel": "email"});
        app.report_ticket(&format!("t-{number}"), &report).expect(201);
        let closing = json!({"closed_at": ago(5 + 17 * number % 300), "reassignments": number % 7});
        app.close_ticket(&format!("t-{number}"), &closing).expect(200);
    }
    let mut max = Browser::signed_in(&app, "max");
    let page = max.get("/queue");
    let list = app.get("/v1/follow-ups").expect(200);
    let told = list["follow_ups"].as_array().unwrap();
    let rows: Vec<&str> = page.text().split("<th scope=\"row\"").skip(1).collect();
    assert_eq!(rows.len(), told.len());
    for (row, one) in rows.iter().zip(told) {
        let (id, ticket) = (one["id"].as_str().unwrap(), one["ticket_id"].as_str().unwrap());
        assert!(row.contains(&format!("href=\"/queue/{id}\">{ticket}</a>")), "{row}");
        let share = format!("{:.1}%", 100.0 * one["probability"].as_f64().unwrap());
        assert!(row.contains(&format!("<td class=\"number\">{share}</td>")), "{share}: {row}");
    }
    // Of each team as many as it can take, the highest probabilities first.
    let now = Timestamp::now().millis();
    for (team, day) in [("cards", 0), ("loans", 1)] {
        let open = format!(
            "FROM follow_ups WHERE team = '{team}' AND status = 'waiting' AND arm = 'treatment' AND available_at <= {now} \
             AND expires_at > {now}"
        );
        let count = sql(&app, format!("SELECT CAST(COUNT(*) AS BIGINT) {open}").leak())[0];
        let first = sql(
            &app,
            format!(
                "SELECT CAST(SUBSTR(ticket_id, 3) AS BIGINT) {open} ORDER BY probability DESC, due_at, id LIMIT 20"
            )
            .leak(),
        );
        let of_team = told.iter().filter(|one| one["team"] == team);
        let tickets: Vec<String> =
            of_team.map(|one| one["ticket_id"].as_str().unwrap().to_owned()).collect();
        let expected: Vec<String> = first.iter().map(|number| format!("t-{number}")).collect();
        assert_eq!(tickets, expected, "{team}");
        assert!(count > 5, "{count}");
        let line = format!("{team}: 20 more can be taken today (0 of 20 taken).");
        assert_says(&page, 200, &line);
        assert_eq!(list["teams"][day]["team"], team, "{list}");
    }
}

#[test]
fn each_step_sent_again_changes_nothing() {
    let app = queue();
    let mut max = Browser::signed_in(&app, "max");
    let until = Timestamp::now().plus_millis(7_200_000).to_string();
    let reason = ("reason", "the refund arrived");
    let steps = [
        ("claim", "claimed", vec![]),
        ("release", "waiting", vec![]),
        ("snooze", "snoozed", vec![("until", &until[..16]), ("snooze_reason", "asked to")]),
        ("disagree", "disagreed", vec![reason]),
        ("not-needed", "not_needed", vec![reason]),
    ];
    for (step, becomes, fields) in steps {
        let customer = format!("u-{step}");
        let one = follow_up_of(&app, &format!("t-{step}"), step, &customer);
        let page = path(&one);
        let mut version = 1;
        if ["release", "snooze"].contains(&step) {
            assert_eq!(
                max.fill_in(&page, &format!("{page}/claim"), &[("version", "1")]).status,
                303
            );
            version = 2;
        }
        let known = version.to_string();
        let fields: Vec<_> =
            [("version", known.as_str())].into_iter().chain(fields.iter().copied()).collect();
        for _ in 0..2 {
            let answer = max.fill_in(&page, &format!("{page}/{step}"), &fields);
            assert_eq!(answer.status, 303, "{step}: {}", answer.text());
            assert_eq!(status(&app, &one), (becomes.to_owned(), version + 1), "{step}");
        }
    }
}

#[test]
fn another_teams_follow_up_is_not_there_and_the_try_is_written_down() {
    let app = queue();
    let page = path(&follow_up(&app, "t-1", "loans"));
    let mut tom = Browser::signed_in(&app, "tom");
    assert!(!tom.get("/queue?team=loans").text().contains(&page));
    let csrf = token(tom.get("/queue").text());
    for path in [page.as_str(), &format!("{page}/version"), "/queue/nobody"] {
        assert_says(&tom.get(path), 404, "Nothing is here");
        let line = (Some("tom".to_owned()), AuditAction::NotFound, Some(path.to_owned()));
        assert_eq!(audit(&app)[0], line);
    }
    let fields = [("csrf", csrf.as_str()), ("version", "1")];
    assert_eq!(tom.post(&format!("{page}/claim"), &fields).status, 404);
    assert_eq!(Browser::signed_in(&app, "max").get(&page).status, 200);
    let mut eva = Browser::signed_in(&app, "eva");
    assert_eq!((eva.get("/queue").status, eva.get(&page).status), (403, 403));
}

#[test]
fn the_list_is_chosen_by_the_address_and_tells_when_it_changes() {
    let app = queue();
    let one = follow_up(&app, "t-1", "cards");
    let page = path(&one);
    let mut max = Browser::signed_in(&app, "max");
    for (query, is_listed) in [
        ("", true),
        ("?team=cards", true),
        ("?team=loans", false),
        ("?team=", false),
        ("?category=other", false),
        ("?category=%3Cscript%3Ealert(1)%3C%2Fscript%3E&state=waiting", true),
        ("?state=claimed", false),
        ("?state=held_out", true),
        ("?due=overdue", false),
        ("?state=waiting&due=overdue", false),
        ("?due=x&after=x&state=x", true),
    ] {
        let answer = max.get(&format!("/queue{query}"));
        assert_eq!((answer.status, answer.text().contains(&page)), (200, is_listed), "{query}");
    }
    let before = max.get("/queue/changes?team=*").text().to_owned();
    assert_says(&max.get("/queue"), 200, &format!("data-state=\"{before}\""));
    let version = max.get(&format!("{page}/version")).text().to_owned();
    assert_eq!(version, "1:waiting");
    let id = one["id"].as_str().unwrap();
    let body = json!({"version": 1, "author": "bob"});
    app.post(&format!("/v1/follow-ups/{id}/claim"), &body).expect(200);
    assert_ne!(max.get("/queue/changes?team=*").text(), before);
    assert_eq!(max.get(&format!("{page}/version")).text(), "2:claimed");
}

#[test]
fn a_ticket_is_told_from_its_opening_to_what_became_of_it() {
    let app = queue();
    let one = follow_up(&app, "t-1", "cards");
    let mut tom = Browser::signed_in(&app, "tom");
    let page = path(&one);
    assert_says(&tom.get(&page), 200, "href=\"/tickets/t-1\"");
    assert_eq!(tom.fill_in(&page, &format!("{page}/claim"), &[("version", "1")]).status, 303);
    let ticket = tom.get("/tickets/t-1");
    let told = app.ticket("t-1").expect(200);
    let share = format!("{:.1}%", 100.0 * told["assessment"]["probability"].as_f64().unwrap());
    let version = told["assessment"]["model"]["version"].as_str().unwrap().to_owned();
    for said in [
        told["customer"].as_str().unwrap(),
        &format!("Probability of coming back {share}"),
        &format!("(model {version})"),
        "follow-up: put into the queue",
        "follow-up: taken",
        "not known yet: the window is not over",
        &format!("href=\"{page}\""),
    ] {
        assert_says(&ticket, 200, said);
    }
    assert!(!ticket.text().contains("<script>alert"), "{}", ticket.text());
}

#[test]
fn another_teams_ticket_is_not_there_and_an_analyst_sees_none() {
    let app = queue();
    follow_up(&app, "t-1", "loans");
    let mut tom = Browser::signed_in(&app, "tom");
    for path in ["/tickets/t-1", "/tickets/nothing"] {
        assert_says(&tom.get(path), 404, "Nothing is here");
        let line = (Some("tom".to_owned()), AuditAction::NotFound, Some(path.to_owned()));
        assert_eq!(audit(&app)[0], line);
    }
    assert_eq!(Browser::signed_in(&app, "max").get("/tickets/t-1").status, 200);
    assert_eq!(Browser::signed_in(&app, "eva").get("/tickets/t-1").status, 403);
}
