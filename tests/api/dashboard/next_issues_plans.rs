//! The plans against next issues as pages: read by everybody signed in, written by those who work on follow-ups.

use super::kpis::file;
use super::next_issues::{days_ago, fill, number};
use super::*;
use recontact::plan::{PlanContent, PlanStatus};
use recontact::store::StoredPlan;
use serde_json::Value;

on_both_databases!(
    a_plan_is_told_with_who_when_and_the_effect_that_the_api_tells,
    a_plan_is_written_by_a_form_and_is_in_the_audit,
    who_was_slower_keeps_what_he_typed_and_is_told_who_was_faster,
    what_is_wrong_is_said_in_words_and_nothing_is_written,
    names_that_are_long_or_would_do_harm_are_shown_as_they_are,
    an_analyst_reads_plans_and_writes_none,
);

const WRITE: &str = "/next-issues/plan/versions";

fn page_of(category: &str) -> String {
    format!("/next-issues/plan?category={}", escaped(category))
}

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

/// What a form sends for a plan in use that says the same in both channels.
fn typed<'a>(category: &'a str, version: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("category", category),
        ("version", version),
        ("status", "active"),
        ("owner", "cards lead"),
        ("channel-0", "email"),
        ("answer-0", "Open the app,\r\nchoose Cards."),
        ("channel-1", "chat"),
        ("answer-1", "Open the app, choose Cards."),
        ("message", "Did it <b> work?"),
        ("send_after_hours", "20,5"),
        ("prevents", "pin\r\n\r\nnew card"),
        ("notes", "reviewed"),
        ("review_at", ""),
        ("reason", ""),
    ]
}

fn with<'a>(
    mut fields: Vec<(&'a str, &'a str)>,
    field: &'a str,
    value: &'a str,
) -> Vec<(&'a str, &'a str)> {
    fields.retain(|(name, _)| *name != field);
    fields.push((field, value));
    fields
}

fn send(browser: &mut Browser<'_>, fields: &[(&str, &str)]) -> Answer {
    browser.fill_in("/next-issues", WRITE, fields)
}

fn newest(app: &TestApp, category: &str) -> Value {
    app.get(&format!("/v1/plans/{category}")).expect(200)["versions"][0].clone()
}

fn a_plan_is_told_with_who_when_and_the_effect_that_the_api_tells(app: &TestApp) {
    fill(app);
    // In use since before the closings of the example, and a draft on top of it.
    for (version, status, ago) in [(1, PlanStatus::Active, 50), (2, PlanStatus::Proposed, 5)] {
        let plan = StoredPlan {
            category: name("card"),
            version,
            status,
            author: name("=anna"),
            created_at: days_ago(ago),
            review_at: days_ago(-90),
            content: PlanContent { owner: Some(name("lead")), ..PlanContent::default() },
            accepted_because: None,
        };
        with_store(app, async |store| store.record_plan(&TENANT, &plan).await.unwrap());
    }
    let mut eva = Browser::signed_in(app, "eva");
    let told = app.get("/v1/plans/card").expect(200);
    let effect = &told["versions"][1]["effect"];
    let figures = [
        number(&effect["version"]),
        number(&effect["with_plan"]["n"]),
        number(&effect["with_plan"]["rate"]),
        number(&effect["without"]["n"]),
        number(&effect["without"]["rate"]),
        number(&effect["difference"]),
        number(&effect["difference_interval"]["low"]),
        number(&effect["difference_interval"]["high"]),
        effect["reading"].as_str().unwrap().to_owned(),
    ];
    // 36 of 60 came back in two weeks.
    assert_eq!((figures[1].as_str(), figures[2].as_str()), ("60", "0.6"));
    let plans = file(&mut eva, "/next-issues?file=plans.csv");
    assert_eq!(plans[0][..5], ["card", "2", "a draft", "lead", "'=anna"]);
    assert_eq!(plans[0][7..], figures);
    // The other issues of the map have none yet.
    assert!(plans[1..].iter().any(|row| row[0] == "loan" && row[2] == "no plan yet"), "{plans:?}");
    let address = format!("{}&file=versions.csv", page_of("card"));
    let versions = file(&mut eva, &address);
    assert_eq!(versions[0][..2], ["2", "a draft"]);
    assert_eq!(versions[1][..2], ["1", "in use"]);
    assert_eq!(versions[1][5..14], figures);
    assert_says(&eva.get("/next-issues"), 200, "href=\"/next-issues/plan?category=card\"");
}

fn a_plan_is_written_by_a_form_and_is_in_the_audit(app: &TestApp) {
    let mut max = Browser::signed_in(app, "max");
    assert_says(&max.get(&page_of("card")), 200, "There is no plan for this issue yet.");
    let answer = send(&mut max, &typed("card", "0"));
    let page = "/next-issues/plan?category=card&done=saved";
    assert_eq!((answer.status, answer.header("location")), (303, page), "{}", answer.text());
    let line = (Some("max".to_owned()), AuditAction::PlanWritten, Some("card 1".to_owned()));
    assert_eq!(audit(app)[0], line);
    let plan = newest(app, "card");
    assert_eq!(
        (&plan["author"], &plan["version"], &plan["status"]),
        (&"max".into(), &1.into(), &"active".into())
    );
    // Sent again, by a double click: there is no second version.
    assert_eq!(send(&mut max, &typed("card", "0")).status, 303);
    assert_eq!(newest(app, "card")["version"], 1);
    assert_eq!(plan["answers"]["email"], "Open the app,\nchoose Cards.");
    assert_eq!(plan["follow_up"]["message"], "Did it <b> work?");
    assert_eq!(number(&plan["follow_up"]["send_after_hours"]), "20.5");
    assert_eq!(plan["prevents"], serde_json::json!(["pin", "new card"]));
    assert_says(&max.get(page), 200, "Saved.");
    assert_says(&max.get(page), 200, "Did it &#60;b&#62; work?");
    assert_says(&max.get(page), 200, "name=\"version\" value=\"1\"");
    // Taken out of use by the next version.
    assert_eq!(send(&mut max, &with(typed("card", "1"), "status", "retired")).status, 303);
    assert_eq!(newest(app, "card")["status"], "retired");
}

fn who_was_slower_keeps_what_he_typed_and_is_told_who_was_faster(app: &TestApp) {
    let (mut ann, mut tom) = (Browser::signed_in(app, "ann"), Browser::signed_in(app, "tom"));
    assert_eq!(send(&mut tom, &typed("card", "0")).status, 303);
    let mine = with(typed("card", "0"), "notes", "mine </textarea><script>");
    let answer = send(&mut ann, &mine);
    assert_says(&answer, 409, "tom has saved version 1 meanwhile,");
    assert_says(&answer, 409, "mine &#60;/textarea&#62;&#60;script&#62;</textarea>");
    assert_says(&answer, 409, "name=\"version\" value=\"1\"");
    assert_eq!(
        (&newest(app, "card")["version"], &newest(app, "card")["notes"]),
        (&1.into(), &"reviewed".into())
    );
    assert_eq!(audit(app).iter().filter(|line| line.1 == AuditAction::PlanWritten).count(), 1);
    // On the version that she has now seen it is saved.
    assert_eq!(send(&mut ann, &with(mine, "version", "1")).status, 303);
    assert_eq!(newest(app, "card")["notes"], "mine </textarea><script>");
    assert_eq!(send(&mut ann, &typed("card", "9")).status, 409);
    assert_eq!(send(&mut ann, &typed("loan", "9")).status, 400);
}

fn what_is_wrong_is_said_in_words_and_nothing_is_written(app: &TestApp) {
    let mut max = Browser::signed_in(app, "max");
    for (field, value, said) in [
        ("owner", " ", "A plan in use needs somebody who answers for it."),
        ("answer-1", "It takes 5 days.", "Tick the box below and say why"),
        ("answer-1", "[…what to do]", "nothing may be left to be filled in"),
        ("channel-1", "email", "Each answer needs a channel of its own"),
        ("channel-1", " ", "Each answer needs a channel of its own"),
        ("message", " ", "Expected a text of at most"),
        ("send_after_hours", "721", "Expected a number of hours from 0 to 720."),
        ("send_after_hours", "soon", "Expected a number of hours from 0 to 720."),
        ("prevents", "card", "Expected other issues than the plan"),
        ("notes", &"x".repeat(20_001), "Expected at most 20,000 characters."),
        ("review_at", "2020-01-01", "Expected a day after today"),
    ] {
        let answer = send(&mut max, &with(typed("card", "0"), field, value));
        assert_says(&answer, 422, said);
        assert_says(&answer, 422, "choose Cards.</textarea>");
    }
    let differs = with(typed("card", "0"), "answer-1", "It takes 5 days.");
    let accepted = with(differs, "accept", "yes");
    assert_says(&send(&mut max, &accepted), 422, "Say why other answers are right here.");
    for (field, value) in [("version", "one"), ("status", "lost"), ("category", "")] {
        assert_eq!(send(&mut max, &with(typed("card", "0"), field, value)).status, 400);
    }
    assert_says(&max.post(WRITE, &typed("card", "0")), 403, "out of date");
    app.get("/v1/plans/card").expect_problem(404, "not_found");
    assert!(audit(app).iter().all(|line| line.1 != AuditAction::PlanWritten));
    // With a reason it is put into use as it is.
    assert_eq!(send(&mut max, &with(accepted, "reason", "the law")).status, 303);
    assert_eq!(newest(app, "card")["accepted_because"], "the law");
}

fn names_that_are_long_or_would_do_harm_are_shown_as_they_are(app: &TestApp) {
    let mut max = Browser::signed_in(app, "max");
    let long = "Δ/&".repeat(67).chars().take(200).collect::<String>();
    for category in [long.as_str(), "<script>alert(1)</script>", "a&b=c#d/../e"] {
        let answer = send(&mut max, &typed(category, "0"));
        assert_eq!(answer.status, 303, "{}", answer.text());
        let shown = max.get(answer.header("location"));
        assert_eq!(shown.status, 200);
        let html = category.replace('&', "&#38;").replace('<', "&#60;").replace('>', "&#62;");
        assert_says(&shown, 200, &format!("name=\"category\" value=\"{html}\""));
        assert_says(&max.get("/next-issues"), 200, &html);
        assert!(!shown.text().contains("<script>alert"), "{}", shown.text());
    }
    assert_eq!(app.get("/v1/plans").expect(200)["plans"].as_array().unwrap().len(), 3);
    let too_long = format!("{long}x");
    assert_eq!(max.get(&page_of(&too_long)).status, 404);
    assert_eq!(max.get("/next-issues/plan").status, 404);
}

fn an_analyst_reads_plans_and_writes_none(app: &TestApp) {
    let mut tom = Browser::signed_in(app, "tom");
    assert_eq!(send(&mut tom, &typed("card", "0")).status, 303);
    let mut eva = Browser::signed_in(app, "eva");
    let page = eva.get(&page_of("card"));
    assert_says(&page, 200, "choose Cards.");
    assert!(!page.text().contains(WRITE), "{}", page.text());
    assert_says(&send(&mut eva, &typed("card", "1")), 403, "Your role does not permit this");
    assert_eq!(newest(app, "card")["version"], 1);
}
