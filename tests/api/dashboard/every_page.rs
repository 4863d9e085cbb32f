//! What holds for every page: little and bad data, bad addresses, sessions that are over, and what belongs to somebody else.

use super::*;
use crate::desk;
use crate::flagged::{Flagged, Rows};

on_both_databases!(
    every_page_stands_with_nothing_one_ticket_and_young_ones,
    every_page_shows_bad_names_and_runs_none_of_them,
    no_address_makes_a_page_fail,
    every_address_leads_to_the_sign_in_and_back,
    what_another_tenant_has_is_not_there_and_the_try_is_written_down,
);

/// Every page that an admin opens, with what can be asked of it.
const PAGES: &[&str] = &[
    "/overview",
    "/overview?window=1&period=91",
    "/kpis",
    "/kpis?by=category&measure=rcr&step=day",
    "/kpis?by=team&measure=csat_by_contacts&step=month",
    "/risk",
    "/queue",
    "/queue?state=waiting",
    "/queue?state=done&due=today",
    "/effect",
    "/next-issues",
    "/next-issues?window_days=1",
    "/next-issues/plan?category=card_arrival",
    "/models",
    "/models/category",
    "/models/risk",
    "/account",
    "/users",
    "/users/eva",
    "/audit",
];

/// Addresses that forms are sent to.
const FORMS: &[&str] = &[
    "/queue/none/claim",
    "/next-issues/plan/versions",
    "/models/category/change",
    "/account/preferences",
    "/account/password",
    "/users",
    "/users/eva",
    "/users/eva/access",
    "/users/eva/password",
    "/sign-out",
];

/// Names that would do harm where they are not escaped, and one as long as names can be.
const FORMULA: &str = "=HYPERLINK(\"http://evil.example\",\"x\")";
const HARM: &str = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>";

fn long() -> String {
    "ж".repeat(200)
}

/// Fails unless a page is whole: one heading, no figure that is none, and nothing of [`HARM`] as markup.
#[track_caller]
fn assert_whole(page: &Answer, address: &str) {
    assert_eq!(page.status, 200, "{address}: {}", page.text());
    let text = page.text();
    assert_eq!(text.matches("<h1>").count(), 1, "{address}");
    for bad in ["NaN", "inf%", ">inf<", "-0.0%", ">null<", "<script>alert", "<img src=x"] {
        assert!(!text.contains(bad), "{address} has {bad}:\n{text}");
    }
}

/// The addresses of a page's files.
fn files_of(page: &Answer) -> Vec<String> {
    let links = page.text().split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    links.filter(|link| link.contains("file=")).map(|link| link.replace("&#38;", "&")).collect()
}

/// Opens every page and every file, and answers how many files there were.
fn open_everything(browser: &mut Browser<'_>) -> usize {
    let mut files = 0;
    for address in PAGES {
        let page = browser.get(address);
        assert_whole(&page, address);
        for link in files_of(&page) {
            files += 1;
            let file = browser.get(&link);
            assert_eq!(file.status, 200, "{link}");
            if link.ends_with(".csv") {
                assert_harmless(&file, &link);
            }
        }
    }
    files
}

/// Fails if a spreadsheet would take a cell of a file for a formula (OWASP, CSV Injection).
#[track_caller]
fn assert_harmless(file: &Answer, link: &str) {
    let text = file.text().strip_prefix('\u{feff}').unwrap();
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    for row in reader.records() {
        for cell in &row.unwrap() {
            let is_formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
            assert!(!is_formula || cell.parse::<f64>().is_ok(), "{link}: {cell:?}");
        }
    }
}

fn every_page_stands_with_nothing_one_ticket_and_young_ones(app: &TestApp) {
    let mut ann = Browser::signed_in(app, "ann");
    let without_tickets = open_everything(&mut ann);
    assert!(without_tickets > 0, "no page has files");
    desk::close(app, "t-1", "u-1", "card_arrival", None, 0.01);
    open_everything(&mut ann);
    for number in 2..9 {
        let team = (number % 2 == 0).then_some("cards");
        desk::close(app, &format!("t-{number}"), "u-1", "card_arrival", team, 0.02);
    }
    open_everything(&mut ann);
    assert_whole(&ann.get("/tickets/t-1"), "/tickets/t-1");
    desk::close(app, "t-0", "u-0", "lost_card", None, 60.0);
    open_everything(&mut ann);
}

fn every_page_shows_bad_names_and_runs_none_of_them(app: &TestApp) {
    let long = long();
    let names = [FORMULA, HARM, long.as_str()];
    let mut number = 0;
    for category in names {
        for team in names {
            for days_ago in [0.01, 20.0, 21.0, 30.0] {
                number += 1;
                let customer = format!("u-{}", number / 3);
                desk::close(app, &format!("t-{number}"), &customer, category, Some(team), days_ago);
            }
        }
    }
    desk::close(app, "=t-1", "u-x", HARM, Some(FORMULA), 25.0);
    add_user(app, "lea", Role::TeamLead, Some(HARM));
    add_user(app, "pia", Role::TeamLead, Some(&long));
    let mut ann = Browser::signed_in(app, "ann");
    open_everything(&mut ann);
    for name in names {
        let name = escaped(name);
        for address in [
            format!("/kpis?by=team&only={name}"),
            format!("/kpis?by=category&only={name}&measure=sla"),
            format!("/queue?team={name}&category={name}&state=waiting"),
            format!("/next-issues/plan?category={name}"),
            format!("/next-issues?category={name}&team={name}"),
            format!("/risk?team={name}"),
        ] {
            assert_whole(&ann.get(&address), &address);
        }
    }
    assert_whole(&ann.get("/tickets/=t-1"), "/tickets/=t-1");
    for lead in ["lea", "pia"] {
        let mut lead = Browser::signed_in(app, lead);
        // A team lead sees one team and has nothing to choose.
        let own = PAGES.iter().filter(|address| !for_admins(address) && !address.contains("by="));
        for address in own {
            assert_whole(&lead.get(address), address);
        }
    }
}

fn for_admins(address: &str) -> bool {
    ["/users", "/audit", "/models/"].iter().any(|start| address.starts_with(start))
}

fn no_address_makes_a_page_fail(app: &TestApp) {
    desk::close(app, "t-1", "u-1", "card_arrival", Some("cards"), 20.0);
    let mut ann = Browser::signed_in(app, "ann");
    let asked = [
        "window",
        "period",
        "until",
        "from",
        "by",
        "only",
        "measure",
        "step",
        "state",
        "team",
        "category",
        "due",
        "after",
        "experiment",
        "window_days",
        "file",
        "channel",
        "done",
        "next",
    ];
    let long = "9".repeat(2000);
    let values = ["", "%00", "%FF", "-1", "%3Cscript%3Ealert(1)", "'%3B--", "2026-13-40", &long];
    for address in PAGES {
        let path = address.split('?').next().unwrap();
        for value in values {
            let all = asked.map(|name| format!("{name}={value}")).join("&");
            let each = asked.iter().map(|name| format!("{path}?{name}={value}"));
            let each: Vec<String> = each.chain([format!("{path}?{all}")]).collect();
            for address in each.iter().filter(|_| path != "/audit") {
                let page = ann.get(address);
                assert!([200, 404, 422].contains(&page.status), "{address}: {}", page.status);
                assert!(!page.text().contains("<script>alert"), "{address}");
            }
        }
    }
    for path in ["/queue/%00", "/tickets/%FF", "/users/%3Cscript%3E", "/models/%20", "/queue//x"] {
        assert_eq!(ann.get(path).status, 404, "{path}");
    }
}

/// Moves the end of all sessions into the past.
fn end_sessions(app: &TestApp) {
    let url = app.app.settings.database.clone();
    block_on(async {
        let mut rows = Rows::open(&url).await;
        rows.execute("UPDATE sessions SET expires_at = 1".to_owned()).await;
    });
}

fn every_address_leads_to_the_sign_in_and_back(app: &TestApp) {
    let mut expired = Browser::signed_in(app, "ann");
    end_sessions(app);
    let mut wrong = Browser::new(app);
    wrong.cookies.insert("recontact".to_owned(), "f".repeat(64));
    for address in PAGES.iter().chain(&["/tickets/t-1", "/queue/none", "/queue/changes"]) {
        let next = address.replace('?', "%3F").replace('=', "%3D").replace('&', "%26");
        for browser in [&mut Browser::new(app), &mut wrong, &mut expired] {
            let answer = browser.get(address);
            let expected = (303, format!("/sign-in?next={next}"));
            assert_eq!((answer.status, answer.header("location").to_owned()), expected);
        }
        let mut ann = Browser::new(app);
        let leads = ann.get(address).header("location").to_owned();
        let fields = [("name", "ann"), ("password", PASSWORD), ("next", *address)];
        let answer = ann.fill_in(&leads, "/sign-in", &fields);
        assert_eq!((answer.status, answer.header("location")), (303, *address));
    }
    for address in FORMS {
        for browser in [&mut Browser::new(app), &mut wrong, &mut expired] {
            let answer = browser.post(address, &[("csrf", "x"), ("version", "1")]);
            assert_eq!((answer.status, answer.header("location")), (303, "/sign-in"), "{address}");
        }
    }
}

/// A ticket, its follow-up, an experiment, a plan and a user of another tenant.
fn of_another_tenant(app: &TestApp) {
    let url = app.app.settings.database.clone();
    actix_web::rt::System::new().block_on(async {
        let mut rows = Rows::open(&url).await;
        rows.experiment("other", "alien", 0.5).await;
        let flagged = Flagged {
            number: 7,
            customer: "alien",
            arm: "treatment",
            probability: 0.9,
            status: "waiting",
            closed_day: 1,
        };
        rows.flagged("other", "alien", &flagged).await;
        for statement in [
            "INSERT INTO users (tenant, name, display_name, role, theme, is_disabled, failed_attempts, created_at) \
             VALUES ('other', 'zoe', 'Zoe Alien', 'admin', 'system', 0, 0, 1)",
            "INSERT INTO follow_up_teams (tenant, team) VALUES ('other', 'alien-team')",
        ] {
            rows.execute(statement.to_owned()).await;
        }
    });
}

fn what_another_tenant_has_is_not_there_and_the_try_is_written_down(app: &TestApp) {
    of_another_tenant(app);
    let mut ann = Browser::signed_in(app, "ann");
    for path in ["/tickets/t-7", "/queue/f-7", "/queue/f-7/version", "/users/zoe"] {
        assert_says(&ann.get(path), 404, "Nothing is here");
        let line = (Some("ann".to_owned()), AuditAction::NotFound, Some(path.to_owned()));
        assert_eq!(audit(app)[0], line);
    }
    assert_says(&ann.get("/effect?experiment=alien"), 404, "Nothing is here");
    assert_eq!(audit(app)[0].1, AuditAction::NotFound);
    let csrf = token(ann.get("/account").text());
    for (path, fields) in [
        ("/queue/f-7/claim", vec![("version", "1")]),
        ("/queue/f-7/not-needed", vec![("version", "1"), ("reason", "x")]),
        ("/users/zoe/access", vec![("access", "disabled")]),
    ] {
        let fields: Vec<_> = [("csrf", csrf.as_str())].into_iter().chain(fields).collect();
        assert_eq!(ann.post(path, &fields).status, 404, "{path}");
        let line = (Some("ann".to_owned()), AuditAction::NotFound, Some(path.to_owned()));
        assert_eq!(audit(app)[0], line);
    }
    for address in PAGES.iter().filter(|address| **address != "/audit") {
        let page = ann.get(address);
        for theirs in ["alien", "Zoe", "t-7"] {
            assert!(!page.text().contains(theirs), "{address} tells {theirs}");
        }
    }
}
