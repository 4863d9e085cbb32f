//! Tokens of forms, headers, cookies, and what only looks like a page.

use super::*;

on_both_databases!(
    a_form_without_the_token_of_its_session_changes_nothing,
    a_form_that_another_site_sent_changes_nothing,
);

/// The theme that a user has now.
fn theme(app: &TestApp, name: &str) -> &'static str {
    let name = UserName::parse(name).unwrap();
    let user = with_store(app, async |store| store.user(&TENANT, &name).await);
    user.unwrap().unwrap().theme.as_str()
}

fn a_form_without_the_token_of_its_session_changes_nothing(app: &TestApp) {
    let (mut max, mut ann) = (Browser::signed_in(app, "max"), Browser::signed_in(app, "ann"));
    let of_another = token(ann.get("/account").text());
    let own = token(max.get("/account").text());
    assert_eq!((own.len(), of_another.len()), (64, 64));
    let fields = [("language", "ru"), ("theme", "dark")];
    assert_says(&max.post("/account/preferences", &fields), 403, "out of date");
    for csrf in ["", "x", &of_another, &own[..63], &format!("{own}0")] {
        let answer = max.post("/account/preferences", &[("csrf", csrf), fields[0], fields[1]]);
        assert_says(&answer, 403, "out of date");
    }
    assert_eq!(theme(app, "max"), "system");
    let answer = max.post("/account/preferences", &[("csrf", &own), fields[0], fields[1]]);
    assert_eq!((answer.status, theme(app, "max")), (303, "dark"));
    // The sign-in has a token of its own, of the browser.
    let fields = [("name", "max"), ("password", PASSWORD)];
    assert_says(&Browser::new(app).post("/sign-in", &fields), 403, "out of date");
    let mut other = Browser::new(app);
    other.get("/sign-in");
    let foreign = token(Browser::new(app).get("/sign-in").text());
    let answer = other.post("/sign-in", &[("csrf", &foreign), fields[0], fields[1]]);
    assert_says(&answer, 403, "out of date");
}

fn a_form_that_another_site_sent_changes_nothing(app: &TestApp) {
    let host = app.address.to_string();
    for (name, value, is_taken) in [
        ("Sec-Fetch-Site", "cross-site", false),
        ("Sec-Fetch-Site", "same-site", false),
        ("Sec-Fetch-Site", "same-origin", true),
        ("Origin", "https://evil.example", false),
        ("Origin", "null", false),
        ("Origin", &format!("http://{host}"), true),
    ] {
        let mut max = Browser::signed_in(app, "max").with_header(name, value);
        let fields = [("language", "ru"), ("theme", "dark")];
        let answer = max.fill_in("/account", "/account/preferences", &fields);
        assert_eq!(answer.status, if is_taken { 303 } else { 403 }, "{name}: {value}");
    }
}

#[test]
fn every_page_and_file_has_the_headers_of_pages() {
    let app = service(|_| {});
    let mut ann = Browser::signed_in(&app, "ann");
    let style = file_of(ann.get("/account").text(), "href=\"/static/app.");
    for path in
        ["/", "/sign-in", "/overview", "/account", "/users", "/audit", "/users/nobody", &style]
    {
        let answer = ann.get(path);
        let policy = answer.header("content-security-policy");
        assert_eq!(
            policy,
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
             form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
            "{path}"
        );
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "same-origin", "{path}");
        let kept = if path == style { "public, max-age=31536000, immutable" } else { "no-store" };
        assert_eq!(answer.header("cache-control"), kept, "{path}");
    }
    assert_eq!(ann.get("/static/app.000000000000.css").status, 404);
    assert_eq!(ann.get("/static/..%2fmod.rs").status, 404);
}

fn file_of(page: &str, start: &str) -> String {
    let after = page.split(start).nth(1).unwrap().split('"').next().unwrap();
    format!("/static/app.{after}")
}

#[test]
fn cookies_are_for_this_service_only_and_for_https_where_others_reach_it() {
    let app = service(|_| {});
    let mut max = Browser::new(&app);
    let cookie = max.get("/sign-in").cookies[0].clone();
    assert!(cookie.starts_with("recontact-sign-in="), "{cookie}");
    let answer = max.sign_in("max", PASSWORD);
    assert!(
        answer.cookies[0].ends_with("; Path=/; HttpOnly; SameSite=Lax"),
        "{}",
        answer.cookies[0]
    );

    let app = service(|settings| settings.dashboard.secure_cookies = Some(true));
    let mut max = Browser::new(&app);
    let answer = max.sign_in("max", PASSWORD);
    let cookie = &answer.cookies[0];
    assert!(cookie.starts_with("__Host-recontact="), "{cookie}");
    assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax; Secure"), "{cookie}");
    assert_eq!(max.get("/overview").status, 200);
    let settings = &app.app.settings;
    let reachable = Settings { listen: "0.0.0.0:8080".parse().unwrap(), ..settings.clone() };
    let mut undecided = reachable.clone();
    undecided.dashboard.secure_cookies = None;
    assert!(undecided.has_secure_cookies());
}

#[test]
fn the_bearer_token_guards_the_api_and_sessions_guard_the_pages() {
    let app = service(|settings| settings.token = serde_json::from_str("\"open sesame\"").ok());
    let mut max = Browser::signed_in(&app, "max");
    assert_eq!(max.get("/overview").status, 200);
    assert_eq!(max.get("/v1/models").status, 401, "a session opens no API");
    let bearer =
        Browser::new(&app).with_header("Authorization", "Bearer open sesame").get("/overview");
    assert_eq!(bearer.status, 303, "the token opens no page");
    assert_eq!(max.get("/v1/../overview").status, 401);
}

#[test]
fn an_address_that_is_not_there_is_a_page_for_browsers_and_a_problem_for_programs() {
    let app = service(|_| {});
    assert_says(&Browser::new(&app).get("/nowhere"), 404, "<h1>Nothing is here</h1>");
    app.get("/nowhere").expect_problem(404, "not_found");
}

#[test]
fn a_page_says_which_methods_it_takes() {
    let app = service(|_| {});
    let mut max = Browser::signed_in(&app, "max");
    let answer = max.send("DELETE", "/account", String::new());
    assert_says(&answer, 405, "Not this way");
    assert_eq!(answer.header("allow"), "GET, HEAD");
    assert_eq!(max.send("HEAD", "/account", String::new()).status, 200);
}

#[test]
fn a_form_that_cannot_be_read_is_refused() {
    let app = service(|_| {});
    let mut max = Browser::signed_in(&app, "max");
    let csrf = token(max.get("/account").text());
    let answer = max.post("/account/preferences", &[("csrf", &csrf), ("theme", "dark")]);
    assert_says(&answer, 400, "could not be read");
    let answer =
        max.post("/account/preferences", &[("csrf", &csrf), ("theme", "pink"), ("language", "")]);
    assert_says(&answer, 400, "could not be read");
    let long = "x".repeat(70_000);
    let answer = max.post("/account/preferences", &[("csrf", &csrf), ("theme", &long)]);
    assert_says(&answer, 400, "could not be read");
}
