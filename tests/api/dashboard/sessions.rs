//! Signing in, being signed in, and no longer being so.

use super::*;

on_both_databases!(
    the_right_password_opens_the_pages_until_sign_out,
    wrong_unknown_locked_and_disabled_are_answered_alike,
    a_sign_in_leads_on_to_the_page_that_was_wanted,
    a_session_that_is_over_leads_to_the_sign_in,
    a_new_password_ends_all_other_sessions,
    disabling_ends_the_sessions_at_once,
    signing_in_again_makes_a_new_session_and_ends_the_old_one,
);

const FAILED: &str = "The name and the password do not fit";

fn the_right_password_opens_the_pages_until_sign_out(app: &TestApp) {
    let mut ann = Browser::new(app);
    let answer = ann.get("/overview");
    assert_eq!((answer.status, answer.header("location")), (303, "/sign-in?next=/overview"));
    let mut ann = Browser::signed_in(app, "ANN ");
    assert_says(&ann.get("/overview"), 200, "Repeat contacts");
    let cookies = ann.cookies.clone();
    let answer = ann.fill_in("/overview", "/sign-out", &[]);
    assert_eq!((answer.status, answer.header("location")), (303, "/sign-in?done=signed-out"));
    assert_says(&ann.get("/sign-in?done=signed-out"), 200, "You are signed out.");
    // A copy of the cookie opens nothing any more.
    ann.cookies = cookies;
    assert_eq!(ann.get("/overview").status, 303);
    let actions: Vec<AuditAction> = audit(app).into_iter().map(|(_, action, _)| action).collect();
    assert_eq!(actions[..2], [AuditAction::SignedOut, AuditAction::SignedIn]);
}

fn wrong_unknown_locked_and_disabled_are_answered_alike(app: &TestApp) {
    let name = UserName::parse("eva").unwrap();
    let entry = entry(AuditAction::UserDisabled, "eva");
    let disable = async |store: &Store| store.set_disabled(&TENANT, &name, true, &entry).await;
    with_store(app, disable).unwrap();
    let strip = |page: &Answer, name: &str| {
        let text = page.text().replace(&token(page.text()), "TOKEN");
        (page.status, text.replace(&format!("value=\"{name}\""), "value=\"NAME\""))
    };
    let try_in = |name: &str, password: &str| {
        let answer = Browser::new(app).sign_in(name, password);
        assert_says(&answer, 422, FAILED);
        strip(&answer, name)
    };
    let wrong = try_in("ann", "wrong password");
    assert_eq!(try_in("nobody", "wrong password"), wrong);
    assert_eq!(try_in("no name at all", &"x".repeat(5000)), wrong);
    assert_eq!(try_in("eva", PASSWORD), wrong);
    for _ in 0..4 {
        assert_eq!(try_in("ann", "wrong password"), wrong);
    }
    // Locked: the right password is not taken either, and trying on does not lock longer.
    assert_eq!(try_in("ann", PASSWORD), wrong);
    let ann = UserName::parse("ann").unwrap();
    let known = with_store(app, async |store| store.credentials(&TENANT, &ann).await);
    let until = known.unwrap().unwrap().locked_until.unwrap();
    assert!(until.millis() - Timestamp::now().millis() <= 30_000, "{until}");
    // Names that nobody has are not written down: somebody may have typed a password there.
    let failed =
        audit(app).into_iter().filter(|(_, action, _)| *action == AuditAction::SignInFailed);
    let objects: Vec<Option<String>> = failed.map(|(_, _, object)| object).collect();
    assert!(objects.contains(&None) && objects.contains(&Some("ann".to_owned())), "{objects:?}");
    assert!(!objects.iter().flatten().any(|object| object.starts_with("no")), "{objects:?}");
    Browser::signed_in(app, "max");
}

fn a_sign_in_leads_on_to_the_page_that_was_wanted(app: &TestApp) {
    let mut max = Browser::new(app);
    let wanted = "/overview?window=7&period=91";
    let leads = max.get(wanted).header("location").to_owned();
    assert_eq!(leads, "/sign-in?next=/overview%3Fwindow%3D7%26period%3D91");
    let page = max.get(&leads);
    assert_says(&page, 200, "value=\"/overview?window=7&#38;period=91\"");
    let fields = [("name", "max"), ("password", PASSWORD), ("next", wanted)];
    let answer = max.fill_in(&leads, "/sign-in", &fields);
    assert_eq!((answer.status, answer.header("location")), (303, wanted));
    for foreign in ["//evil.example", "https://evil.example", "/\\evil.example"] {
        let fields = [("name", "max"), ("password", PASSWORD), ("next", foreign)];
        let answer = Browser::new(app).fill_in("/sign-in", "/sign-in", &fields);
        assert_eq!((answer.status, answer.header("location")), (303, "/"), "{foreign}");
    }
}

/// Moves all sessions so many minutes into the past.
fn age_sessions(app: &TestApp, column: &str, minutes: i64) {
    let statement = format!("UPDATE sessions SET {column} = {column} - {}", minutes * 60_000);
    let url = app.app.settings.database.clone();
    sqlx::any::install_default_drivers();
    block_on(async {
        let pool = sqlx::AnyPool::connect(&url).await.unwrap();
        sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&pool).await.unwrap();
        pool.close().await;
    });
}

fn a_session_that_is_over_leads_to_the_sign_in(app: &TestApp) {
    let mut max = Browser::signed_in(app, "max");
    age_sessions(app, "seen_at", 59);
    assert_eq!(max.get("/overview").status, 200);
    // Being used, it goes on.
    age_sessions(app, "seen_at", 59);
    assert_eq!(max.get("/overview").status, 200);
    age_sessions(app, "seen_at", 61);
    assert_eq!(max.get("/overview").status, 303);

    let mut max = Browser::signed_in(app, "max");
    age_sessions(app, "expires_at", 12 * 60 + 1);
    let answer = max.get("/account");
    assert_eq!((answer.status, answer.header("location")), (303, "/sign-in?next=/account"));
    // A form that was open meanwhile changes nothing and leads to the sign-in, and from there to the first page.
    let answer =
        max.post("/account/preferences", &[("csrf", "x"), ("theme", "dark"), ("language", "")]);
    assert_eq!((answer.status, answer.header("location")), (303, "/sign-in"));
    for broken in ["", "x", &"f".repeat(64), &"f".repeat(4000), "%00"] {
        max.cookies.insert("recontact".to_owned(), broken.to_owned());
        assert_eq!(max.get("/account").status, 303, "{broken}");
    }
}

fn a_new_password_ends_all_other_sessions(app: &TestApp) {
    let mut here = Browser::signed_in(app, "max");
    let mut elsewhere = Browser::signed_in(app, "max");
    let change = |browser: &mut Browser, current: &str, new: &str, again: &str| {
        let fields = [("current", current), ("new", new), ("again", again)];
        browser.fill_in("/account", "/account/password", &fields)
    };
    let new = "another long password";
    assert_says(&change(&mut here, "wrong password", new, new), 422, "not your present password");
    assert_says(&change(&mut here, PASSWORD, new, "another"), 422, "not repeated");
    assert_says(&change(&mut here, PASSWORD, "short", "short"), 422, "10 to 200 characters");
    let before = here.cookies.clone();
    let answer = change(&mut here, PASSWORD, new, new);
    assert_eq!((answer.status, answer.header("location")), (303, "/account?done=password"));
    assert_ne!(here.cookies, before);
    assert_says(&here.get("/account?done=password"), 200, "The password is set.");
    assert_eq!(elsewhere.get("/account").status, 303);
    assert_says(&elsewhere.sign_in("max", PASSWORD), 422, FAILED);
    assert_eq!(elsewhere.sign_in("max", new).status, 303);
    // Whoever found an open browser cannot try on, not even the right one.
    for _ in 0..app.app.settings.sign_in.attempts {
        assert_says(&change(&mut here, "wrong password", new, new), 422, "present password");
    }
    assert_says(&change(&mut here, new, PASSWORD, PASSWORD), 422, "too many wrong passwords");
}

fn disabling_ends_the_sessions_at_once(app: &TestApp) {
    let (mut ann, mut eva) = (Browser::signed_in(app, "ann"), Browser::signed_in(app, "eva"));
    assert_eq!(eva.get("/overview").status, 200);
    let answer = ann.fill_in("/users/eva", "/users/eva/access", &[("access", "disabled")]);
    assert_eq!((answer.status, answer.header("location")), (303, "/users/eva?done=disabled"));
    assert_eq!(eva.get("/overview").status, 303);
    let answer = ann.fill_in("/users/eva", "/users/eva/access", &[("access", "enabled")]);
    assert_eq!(answer.status, 303);
    Browser::signed_in(app, "eva");
}

fn signing_in_again_makes_a_new_session_and_ends_the_old_one(app: &TestApp) {
    let mut max = Browser::signed_in(app, "max");
    let first = max.cookies.clone();
    assert_eq!(max.sign_in("max", PASSWORD).status, 303);
    assert_ne!(max.cookies["recontact"], first["recontact"]);
    assert_eq!(max.get("/overview").status, 200);
    max.cookies = first;
    assert_eq!(max.get("/overview").status, 303);
}

#[test]
fn an_address_that_tries_too_often_has_to_wait() {
    let app = service(|settings| {
        settings.sign_in.address_attempts = 3;
    });
    for name in ["a", "b", "c"] {
        assert_says(&Browser::new(&app).sign_in(name, "wrong password"), 422, FAILED);
    }
    let answer = Browser::new(&app).sign_in("max", PASSWORD);
    assert_says(&answer, 429, "Too many wrong passwords");
    assert_eq!(answer.header("retry-after"), "600");
}

#[test]
fn the_address_is_that_of_the_proxy_unless_there_is_one_to_believe() {
    let with = |behind_proxy: bool| {
        service(move |settings| {
            settings.sign_in.address_attempts = 1;
            settings.dashboard.behind_proxy = behind_proxy;
        })
    };
    let attempt = |app: &TestApp, forwarded: &str| {
        let mut browser = Browser::new(app).with_header("X-Forwarded-For", forwarded);
        browser.sign_in("nobody", "wrong password").status
    };
    let direct = with(false);
    assert_eq!(attempt(&direct, "192.0.2.1"), 422);
    assert_eq!(attempt(&direct, "192.0.2.2"), 429, "anybody can send that header");
    let proxied = with(true);
    assert_eq!(attempt(&proxied, "192.0.2.1, 2001:db8::1"), 422);
    assert_eq!(attempt(&proxied, "192.0.2.1, 2001:db8::2"), 429, "the same network");
    assert_eq!(
        attempt(&proxied, "2001:db8::1, 192.0.2.9"),
        422,
        "the last one is the proxy's word"
    );
}
