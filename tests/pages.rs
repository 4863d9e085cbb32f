//! Every page in a real browser: in two languages, on a phone and on a laptop, light and dark. Accessible (axe-core), nothing wider than
//! the screen, no error, nothing asked of another host.
//!
//! Pictures of all of them are written below `target/tmp/pages/`.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a helper that fails is a failed test"
)]

#[path = "support/chromium.rs"]
#[expect(dead_code, reason = "shared with the tests of signing in through a provider")]
mod chromium;
#[path = "support/desk.rs"]
mod desk;
#[path = "pages/flows.rs"]
mod flows;
#[path = "api/helpers.rs"]
#[expect(dead_code, reason = "shared with the tests of the API, which use all of it")]
mod helpers;
#[path = "support/models.rs"]
mod trained;

use chromium::Chromium;
use helpers::{TestApp, spawn_app_with};
use recontact::customer_key;
use recontact::store::{AuditAction, AuditEntry, NewUser, Store, StoreOptions, Tenant};
use recontact::ticket::Name;
use recontact::timestamp::Timestamp;
use recontact::user::{Language, Password, PasswordHash, Position, Role, Theme, UserName};
use serde_json::{Value, json};
use std::path::PathBuf;

const PASSWORD: &str = "correct horse battery";
/// Part of names that are as long as names can be, and would do harm where they are not escaped.
const LONG: &str = "<script>alert(1)</script>";

/// Every page: its name in pictures, and its address.
const PAGES: &[(&str, &str)] = &[
    ("overview", "/overview"),
    ("overview-empty", "/overview?until=2001-01-01"),
    ("kpis", "/kpis?by=category&measure=rcr"),
    ("kpis-parts", "/kpis?by=team&measure=csat_by_contacts&step=month"),
    ("kpis-empty", "/kpis?from=2001-01-01&until=2001-02-01"),
    ("risk", "/risk"),
    ("risk-empty", "/risk?from=2001-01-01&until=2001-02-01"),
    ("queue", "/queue?state=waiting"),
    ("effect", "/effect"),
    ("next-issues", "/next-issues?window_days=7"),
    ("plan", "/next-issues/plan?category=lost_card"),
    ("models", "/models"),
    ("model-category", "/models/category"),
    ("model-risk", "/models/risk"),
    ("account", "/account"),
    ("users", "/users"),
    ("user", "/users/eva"),
    ("audit", "/audit"),
    ("not-found", "/nowhere"),
];

const AXE: &str = include_str!("fixtures/axe/axe.min.js");

/// What axe finds, as `rule (impact): element`.
const RUN_AXE: &str = "axe.run(document, {resultTypes: ['violations']}).then(found => \
    found.violations.flatMap(violation => violation.nodes.map(node => \
    `${violation.id} (${violation.impact}): ${node.target} ${node.failureSummary}`)))";

fn works_on<T>(app: &TestApp, work: impl AsyncFnOnce(&Store) -> T) -> T {
    let settings = &app.app.settings;
    let key = customer_key::load_or_make(&settings.customer_key_file).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let options = StoreOptions { max_connections: 1, ..StoreOptions::default() };
        let store = Store::connect(&settings.database, key, options).await.unwrap();
        let done = work(&store).await;
        store.close().await;
        done
    })
}

fn add_user(app: &TestApp, name: &str, display_name: &str, role: Role) {
    let password = Password::parse(PASSWORD).unwrap();
    let team = Some(Name::parse(&LONG.repeat(8)).unwrap());
    let user = NewUser {
        name: UserName::parse(name).unwrap(),
        display_name: Name::parse(display_name).unwrap(),
        password: Some(PasswordHash::of(&password, [7; 16]).unwrap()),
        position: Position::new(role, team).unwrap(),
    };
    let entry = AuditEntry {
        id: name.to_owned(),
        occurred_at: Timestamp::now(),
        actor: Some("cli:test".to_owned()),
        action: AuditAction::UserAdded,
        object: Some(name.to_owned()),
        address: None,
    };
    let added = works_on(app, async |store| store.add_user(&Tenant::DEFAULT, &user, &entry).await);
    assert!(added.unwrap());
}

fn service() -> TestApp {
    let app = spawn_app_with(|_| {});
    add_user(&app, "ann", "Ann", Role::Admin);
    add_user(&app, "eva", &LONG.repeat(8), Role::Analyst);
    add_user(&app, "tom", "Tom", Role::TeamLead);
    app
}

/// The same with tickets.
fn busy_service() -> TestApp {
    let app = service();
    desk::work(&app);
    trained::write_category_model(&app.models_folder(), "cards-2");
    let tomorrow = Timestamp::now().plus_days(1);
    works_on(&app, async |store| {
        app.app.next_issues.refresh(store, &Tenant::DEFAULT, "test", tomorrow).await.unwrap()
    });
    app
}

fn set_preferences(app: &TestApp, language: Language, theme: Theme) {
    let ann = UserName::parse("ann").unwrap();
    works_on(app, async |store| {
        store.set_preferences(&Tenant::DEFAULT, &ann, Some(language), theme).await.unwrap();
    });
}

fn screen(browser: &mut Chromium, width: u32) {
    let params =
        json!({"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 600});
    browser.call("Emulation.setDeviceMetricsOverride", &params);
}

/// Signs in with the keyboard alone.
fn sign_in(browser: &mut Chromium, app: &TestApp) {
    browser.open(&format!("http://{}/", app.address));
    assert_eq!(browser.evaluate("document.title"), "Sign in – recontact");
    browser.press("Tab");
    assert_eq!(browser.evaluate("document.activeElement.className"), "skip");
    browser.press("Enter");
    browser.press("Tab");
    assert_eq!(browser.evaluate("document.activeElement.id"), "name");
    browser.type_in("ann");
    browser.press("Tab");
    browser.type_in(PASSWORD);
    browser.press("Tab");
    browser.open_by(|browser| browser.press("Enter"));
    assert_eq!(browser.evaluate("location.pathname"), "/overview");
}

/// What is wrong with the page that is open.
fn faults(browser: &mut Chromium, app: &TestApp, is_missing: bool) -> Vec<String> {
    let (errors, addresses) = browser.told();
    // Of an address that is not there the browser itself says so.
    let mut faults: Vec<String> =
        errors.into_iter().filter(|error| !(is_missing && error.contains("404"))).collect();
    let own = format!("http://{}/", app.address);
    let is_own = |address: &String| address.starts_with(&own) || address.starts_with("data:");
    faults.extend(addresses.into_iter().filter(|address| !is_own(address)));
    let wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth \
         ? [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth) \
           .map(e => `too wide: ${e.tagName} ${e.className}`).slice(0, 5).concat('too wide') : []";
    let mut found: Vec<Value> = browser.evaluate(wide).as_array().unwrap().clone();
    browser.evaluate(&format!("{AXE}; 0"));
    found.extend(browser.evaluate(RUN_AXE).as_array().unwrap().clone());
    faults.extend(found.into_iter().map(|fault| fault.as_str().unwrap().to_owned()));
    let headings = "document.querySelectorAll('h1').length";
    if browser.evaluate(headings) != 1 {
        faults.push("not one h1".to_owned());
    }
    faults
}

fn keep_picture(browser: &mut Chromium, name: &str) {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("pages");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(format!("{name}.png")), browser.picture()).unwrap();
}

#[test]
fn every_page_is_accessible_and_fits_in_every_form() {
    let Some(mut browser) = Chromium::start_or_skip() else { return };
    let app = busy_service();
    let mut wrong = Vec::new();
    screen(&mut browser, 1280);
    for (language, name) in [("en", "sign-in-en"), ("ru", "sign-in-ru")] {
        browser.call(
            "Network.setExtraHTTPHeaders",
            &json!({"headers": {"Accept-Language": language}}),
        );
        browser.open(&format!("http://{}/sign-in", app.address));
        wrong.extend(faults(&mut browser, &app, false).into_iter().map(|f| format!("{name}: {f}")));
        keep_picture(&mut browser, name);
    }
    browser.call("Network.setExtraHTTPHeaders", &json!({"headers": {"Accept-Language": "en"}}));
    sign_in(&mut browser, &app);
    let forms = [Language::En, Language::Ru]
        .into_iter()
        .flat_map(|language| [(language, Theme::Light), (language, Theme::Dark)])
        .map(|(language, theme)| (language, theme, &[320, 360, 1280][..]));
    for (language, theme, widths) in forms.chain([(Language::Be, Theme::Light, &[1100][..])]) {
        {
            set_preferences(&app, language, theme);
            for width in widths.iter().copied() {
                screen(&mut browser, width);
                for (page, path) in PAGES {
                    browser.open(&format!("http://{}{path}", app.address));
                    let (code, theme) = (language.code(), theme.as_str());
                    let name = format!("{page}-{code}-{theme}-{width}");
                    let found = faults(&mut browser, &app, *page == "not-found");
                    wrong.extend(found.into_iter().map(|fault| format!("{name}: {fault}")));
                    keep_picture(&mut browser, &name);
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What was written on ticket t-1: short and long, of customer and agent, in two languages, with what was removed.
fn write(app: &TestApp) {
    let long = format!(
        "Добрый день! Карта 4111 1111 1111 1111 не пришла.\n{}",
        "Жду уже две недели. ".repeat(60)
    );
    let texts = [
        ("c-1", 90, "customer", long.as_str()),
        ("c-2", 80, "agent", "We are looking into it, Mr Petrov. Write to help@example.org?"),
        ("c-3", 70, "customer", "<script>alert(1) Call +375 29 123-45-67.\n\nNow."),
    ];
    for (id, minutes_ago, author, text) in texts {
        let at = Timestamp::now().plus_millis(-minutes_ago * 60_000);
        let body = json!({"id": id, "customer_id": "u-9", "ticket_id": "t-1", "occurred_at": at, "channel": "chat",
            "author": author, "text": text});
        app.post("/v1/contacts", &body).expect(201);
    }
}

/// A follow-up that waits, of a ticket closed some minutes ago; its identifier.
fn follow_up(app: &TestApp) -> String {
    desk::close(app, "t-1", "u-9", LONG, Some(&LONG.repeat(8)), 0.01);
    let list = app.get("/v1/follow-ups").expect(200);
    list["follow_ups"][0]["id"].as_str().unwrap().to_owned()
}

/// Contacts on the ticket of the follow-up and on closed ones, of the same customer and of another; the address of the customer's page.
fn past_cases(app: &TestApp) -> String {
    let ago = |hours: i64| Timestamp::now().plus_millis(-hours * 3_600_000);
    for (number, (ticket, customer)) in [("t-2", "u-8"), ("t-3", "u-9")].into_iter().enumerate() {
        desk::close(app, ticket, customer, &LONG.repeat(8), None, 20.0);
        let body = json!({"id": format!("case-{number}"), "customer_id": customer, "ticket_id": ticket,
            "occurred_at": ago(24 * 21), "text": "When will my new card come?"});
        app.record_contact(&body).expect(201);
    }
    let body = json!({"id": "c-own", "customer_id": "u-9", "ticket_id": "t-1", "occurred_at": ago(10),
        "identities": [{"kind": "email", "value": "ivan@example.org"}], "text": "My card has not arrived"});
    app.record_contact(&body).expect(201);
    format!("/customers/{}", app.ticket("t-1").expect(200)["customer"].as_str().unwrap())
}

/// A service whose follow-ups are due at once.
fn follow_up_service() -> TestApp {
    let app = helpers::spawn_app_with(|settings| {
        std::fs::write(&settings.customer_key_file, "0f".repeat(32)).unwrap();
        let rules = &mut settings.follow_ups;
        rules.quiet_from = recontact::follow_up::TimeOfDay::parse("00:00").unwrap();
        rules.quiet_until = rules.quiet_from;
        rules.send_after_hours = 0.0;
        rules.treatment_share = 0.95;
        rules.flagged_band = recontact::risk::RiskBand::Low;
    });
    add_user(&app, "ann", "Ann", Role::Admin);
    app
}

#[test]
fn a_follow_up_is_accessible_and_tells_what_others_do() {
    let Some(mut browser) = Chromium::start_or_skip() else { return };
    let app = follow_up_service();
    let id = follow_up(&app);
    write(&app);
    let customer = past_cases(&app);
    screen(&mut browser, 1280);
    browser.call("Network.setExtraHTTPHeaders", &json!({"headers": {"Accept-Language": "en"}}));
    sign_in(&mut browser, &app);
    let mut wrong = Vec::new();
    for language in [Language::En, Language::Ru, Language::Be] {
        for theme in [Theme::Light, Theme::Dark] {
            set_preferences(&app, language, theme);
            for width in [320, 360, 1280] {
                screen(&mut browser, width);
                let item = format!("/queue/{id}");
                let pages = [
                    ("queue", "/queue"),
                    ("queue-item", &*item),
                    ("ticket", "/tickets/t-1"),
                    ("customer", &*customer),
                ];
                for (page, path) in pages {
                    browser.open(&format!("http://{}{path}", app.address));
                    // What is folded is looked at, too.
                    browser.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; }); 0");
                    let name = format!("{page}-{}-{}-{width}", language.code(), theme.as_str());
                    let found = faults(&mut browser, &app, false);
                    wrong.extend(found.into_iter().map(|fault| format!("{name}: {fault}")));
                    keep_picture(&mut browser, &name);
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    browser.open(&format!("http://{}/queue/{id}", app.address));
    assert_eq!(browser.evaluate("document.querySelectorAll('.message').length"), 4);
    let languages = "[...document.querySelectorAll('.said')].map(one => one.lang).includes('ru')";
    assert_eq!(browser.evaluate(languages), true);
    // What was typed stays when somebody else acts; the page says so.
    browser.evaluate("document.getElementById('reason').value = 'typed'; 0");
    let body = json!({"version": 1, "author": "bob"});
    app.post(&format!("/v1/follow-ups/{id}/claim"), &body).expect(200);
    let told = "new Promise((done) => {
        const place = document.getElementById('watch-told');
        const tell = () => { if (place.querySelector('a')) done(document.getElementById('reason').value); };
        new MutationObserver(tell).observe(place, {childList: true});
        tell();
    })";
    assert_eq!(browser.evaluate(told), "typed");
    let found = faults(&mut browser, &app, false);
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn a_refused_form_says_so_where_the_reader_is() {
    let Some(mut browser) = Chromium::start_or_skip() else { return };
    let app = service();
    screen(&mut browser, 360);
    browser.open(&format!("http://{}/sign-in", app.address));
    browser.evaluate("document.getElementById('name').value = 'nobody'; document.getElementById('password').value = 'wrong'; 0");
    browser.open_by(|browser| {
        browser.evaluate("document.querySelector('main button').click(); 0");
    });
    // The browser gives the focus with the first picture that it draws.
    let focused = "new Promise((done) => {
        const tell = () => done(document.activeElement.getAttribute('role'));
        if (document.activeElement === document.body) document.addEventListener('focusin', tell, {once: true});
        else tell();
    })";
    assert_eq!(browser.evaluate(focused), "alert");
    assert_eq!(browser.evaluate("document.getElementById('name').value"), "nobody");
    let found: Vec<String> = faults(&mut browser, &app, false)
        .into_iter()
        .filter(|fault| !fault.contains("422"))
        .collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
    keep_picture(&mut browser, "sign-in-refused");
}

/// Fills a field in as a script does; the form is sent by a click on its button.
fn fill_in(browser: &mut Chromium, field: &str, value: &str) {
    browser.evaluate(&format!("document.getElementById('{field}').value = '{value}'; 0"));
}

fn click(browser: &mut Chromium, button: &str) {
    browser.open_by(|browser| {
        browser.evaluate(&format!("document.querySelector('{button}').click(); 0"));
    });
}

fn in_english(browser: &mut Chromium, app: &TestApp) {
    screen(browser, 1280);
    browser.call("Network.setExtraHTTPHeaders", &json!({"headers": {"Accept-Language": "en"}}));
    sign_in(browser, app);
}

#[test]
fn of_two_browsers_on_one_follow_up_the_second_keeps_what_was_typed() {
    let Some(mut first) = Chromium::start_or_skip() else { return };
    let Some(mut second) = Chromium::start_or_skip() else { return };
    let app = follow_up_service();
    let id = follow_up(&app);
    let address = format!("http://{}/queue/{id}", app.address);
    for browser in [&mut first, &mut second] {
        in_english(browser, &app);
        browser.open(&address);
    }
    fill_in(&mut second, "reason", "typed before");
    click(&mut first, "form[action$=\"/claim\"] button");
    let said = "document.body.innerText";
    assert!(first.evaluate(said).as_str().unwrap().contains("The follow-up is yours."));
    click(&mut second, "form[action$=\"/disagree\"] button");
    assert_eq!(second.evaluate("document.getElementById('reason').value"), "typed before");
    assert_eq!(second.evaluate("document.querySelector('[role=alert]') !== null"), true);
    keep_picture(&mut second, "queue-second");
    click(&mut second, "form[action$=\"/disagree\"] button");
    let told = second.evaluate(said);
    assert!(told.as_str().unwrap().contains("you do not share the assessment"), "{told}");
}

#[test]
fn a_model_is_made_live_with_a_browser() {
    let Some(mut browser) = Chromium::start_or_skip() else { return };
    let app = service();
    trained::write_category_model(&app.models_folder(), "cards-2");
    in_english(&mut browser, &app);
    browser.open(&format!("http://{}/models", app.address));
    click(&mut browser, "a[href=\"/models/category\"]");
    fill_in(&mut browser, "reason", "fewer mistakes");
    browser.evaluate("document.getElementById('override').checked = true; 0");
    click(&mut browser, "main form button");
    app.app.reload();
    browser.open(&format!("http://{}/models", app.address));
    let page = browser.evaluate("document.body.innerText");
    assert!(page.as_str().unwrap().contains("fewer mistakes"), "{page}");
    let live = app.list_models().expect(200);
    let is_live = |model: &Value| model["version"] == "cards-2" && model["live"] == true;
    assert!(live["models"].as_array().unwrap().iter().any(is_live), "{live}");
}
