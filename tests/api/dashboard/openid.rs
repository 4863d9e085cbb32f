//! Signing in through a provider, and everything that can go wrong on the way.

use super::*;
use crate::openid_provider::{self, Provider, SECRET, fields};
use recontact::store::PendingSignIn;
use recontact::user::{OpenIdOptions, RoleRule, User};
use serde_json::{Value, json};
use std::io::Write as _;

fn rule(value: &str, role: &str, team: Option<&str>) -> RoleRule {
    serde_json::from_value(json!({"value": value, "role": role, "team": team})).unwrap()
}

/// Signs in through this provider; `desk-cards` lead the team cards, `desk-admins` are admins.
fn through(provider: &Provider) -> impl FnOnce(&mut Settings) {
    through_issuer(provider.issuer.clone())
}

fn through_issuer(issuer: String) -> impl FnOnce(&mut Settings) {
    move |settings| {
        let file = settings.customer_key_file.with_file_name("client-secret");
        std::fs::File::create(&file).unwrap().write_all(SECRET.as_bytes()).unwrap();
        settings.sign_in.openid = OpenIdOptions {
            enabled: true,
            issuer,
            client_id: openid_provider::CLIENT.to_owned(),
            client_secret_file: Some(file),
            public_url: "https://recontact.example.org".to_owned(),
            label: "Desk <b>".to_owned(),
            scopes: vec!["profile".to_owned()],
            algorithms: vec!["EdDSA".to_owned()],
            name_claim: "preferred_username".to_owned(),
            roles_claim: "groups".to_owned(),
            roles: vec![
                rule("desk-admins", "admin", None),
                rule("desk-cards", "team-lead", Some("cards")),
            ],
            timeout_s: 30,
            clock_skew_s: 60,
            pending_minutes: 10,
            ..OpenIdOptions::OFF
        };
    }
}

/// Makes two tests of each body, one per database.
macro_rules! with_provider {
    ($($body:ident),* $(,)?) => {
        mod on_sqlite {
            $(#[test] fn $body() {
                let provider = super::Provider::start();
                let app = super::service(super::through(&provider));
                super::$body(&app, &provider);
            })*
        }
        mod on_postgres {
            $(#[test] fn $body() {
                let Some(url) = crate::postgres::database_or_skip() else { return };
                let provider = super::Provider::start();
                let through = super::through(&provider);
                let app = super::service(|settings| { settings.database = url; through(settings) });
                super::$body(&app, &provider);
            })*
        }
    };
}

with_provider!(
    whoever_the_provider_knows_is_signed_in_with_the_role_of_their_group,
    another_group_is_another_role_at_the_next_sign_in_and_ends_other_sessions,
    nobody_is_taken_for_the_local_user_of_their_name,
    without_a_group_of_ours_nobody_is_signed_in_and_sessions_end,
    whoever_is_disabled_stays_out,
    an_answer_is_taken_once_and_from_the_same_browser_only,
    a_sign_in_that_took_too_long_is_over,
    an_id_token_that_is_not_to_be_believed_signs_nobody_in,
    the_provider_or_the_person_says_no,
);

/// Goes to the provider, signs in there, and comes back.
fn sign_in(browser: &mut Browser<'_>, provider: &Provider) -> Answer {
    let answer = browser.get("/sign-in/openid");
    assert_eq!(answer.status, 303, "{}", answer.text());
    let back = provider.sign_in(answer.header("location"));
    browser.get(&back)
}

fn user(app: &TestApp, name: &str) -> Option<User> {
    let name = UserName::parse(name).unwrap();
    with_store(app, async |store| store.user(&TENANT, &name).await).unwrap()
}

/// The newest line of the audit: action and object.
fn newest(app: &TestApp) -> (AuditAction, Option<String>) {
    let (_, action, object) = audit(app).remove(0);
    (action, object)
}

#[track_caller]
fn assert_refused(app: &TestApp, answer: &Answer, status: u16, title: &str, reason: &str) {
    assert_says(answer, status, &format!("<h1>{title}</h1>"));
    assert_eq!(newest(app), (AuditAction::SignInRefused, Some(reason.to_owned())));
    assert!(!answer.cookies.iter().any(|cookie| cookie.starts_with("recontact=")));
}

fn whoever_the_provider_knows_is_signed_in_with_the_role_of_their_group(
    app: &TestApp,
    provider: &Provider,
) {
    let mut zoe = Browser::new(app);
    let page = zoe.get("/sign-in?next=/effect");
    assert_says(&page, 200, "Sign in with Desk &#60;b&#62;");
    assert_says(&page, 200, "href=\"/sign-in/openid?next=/effect\"");
    assert_says(&page, 200, "name=\"password\"");
    let answer = zoe.get("/sign-in/openid?next=/effect");
    let cookie =
        answer.cookies.iter().find(|cookie| cookie.starts_with("recontact-openid=")).unwrap();
    for rule in ["HttpOnly", "SameSite=Lax", "Max-Age=600"] {
        assert!(cookie.contains(rule), "{cookie}");
    }
    let address = answer.header("location").to_owned();
    let query = fields(address.split_once('?').unwrap().1);
    assert_eq!(query["redirect_uri"], "https://recontact.example.org/sign-in/openid/callback");
    assert_eq!(query["scope"], "openid profile");
    let answer = zoe.get(&provider.sign_in(&address));
    assert_eq!((answer.status, answer.header("location")), (303, "/effect"), "{}", answer.text());
    assert!(!zoe.cookies.contains_key("recontact-openid"));
    let page = zoe.get("/account");
    for text in ["Zoe &#60;b&#62;", "<dd>zoe</dd>", "<dd>Team lead</dd>", "<dd>cards</dd>"] {
        assert_says(&page, 200, text);
    }
    assert!(!page.text().contains("name=\"current\""), "there is no password to change");
    let known = user(app, "zoe").unwrap();
    assert_eq!(known.identity.unwrap().subject, "subject-1");
    let told: Vec<_> = audit(app).into_iter().take(2).collect();
    assert!(told.contains(&(Some("zoe".to_owned()), AuditAction::SignedIn, None)), "{told:?}");
    assert!(told.contains(&(None, AuditAction::UserAdded, Some("zoe".to_owned()))), "{told:?}");
    // The sign-out leads on to the provider, with what it knows the session by.
    let page = zoe.fill_in("/account", "/sign-out", &[]);
    assert_says(&page, 200, "<h1>You are signed out here</h1>");
    assert!(!page.text().contains("/overview"), "nobody is signed in any more");
    let after = page.text().split("content=\"0; url=").nth(1).unwrap();
    let address = after.split('"').next().unwrap().replace("&#38;", "&");
    let (path, query) = address.split_once('?').unwrap();
    assert_eq!(path, format!("{}/logout", provider.issuer));
    let query = fields(query);
    assert_eq!(query["post_logout_redirect_uri"], "https://recontact.example.org/signed-out");
    assert_eq!(query["id_token_hint"].split('.').count(), 3);
    assert_eq!(zoe.get("/overview").status, 303);
    assert_eq!(zoe.get("/signed-out").header("location"), "/sign-in?done=signed-out");
    assert_eq!(newest(app).0, AuditAction::SignedOut);
}

fn another_group_is_another_role_at_the_next_sign_in_and_ends_other_sessions(
    app: &TestApp,
    provider: &Provider,
) {
    let (mut desk, mut laptop) = (Browser::new(app), Browser::new(app));
    assert_eq!(sign_in(&mut desk, provider).status, 303);
    assert_eq!(sign_in(&mut laptop, provider).status, 303);
    assert_eq!(desk.get("/users").status, 403);
    provider.behave(|behaviour| {
        behaviour.claims =
            json!({"groups": ["desk-admins"], "preferred_username": "zoe.new", "name": "Zoe New"});
    });
    assert_eq!(desk.get("/users").status, 403, "not before the next sign-in");
    assert_eq!(sign_in(&mut laptop, provider).status, 303);
    assert_says(&laptop.get("/users"), 200, "Zoe New");
    assert_eq!(desk.get("/overview").status, 303, "the other session is over");
    let changed = (None, AuditAction::RoleChanged, Some("zoe".to_owned()));
    assert!(audit(app).iter().take(3).any(|line| *line == changed));
    assert!(user(app, "zoe.new").is_none(), "the same person keeps the name");
    assert_eq!(user(app, "zoe").unwrap().position.role(), Role::Admin);
    // Their role and password are not changed here.
    let mut ann = Browser::signed_in(app, "ann");
    assert_says(&ann.get("/users/zoe"), 200, &provider.issuer);
    let answer = ann.fill_in("/users/zoe", "/users/zoe", &[("role", "analyst"), ("team", "")]);
    assert_eq!(answer.status, 403);
    let answer = ann.fill_in("/users/zoe", "/users/zoe/password", &[("password", PASSWORD)]);
    assert_eq!(answer.status, 403);
}

fn nobody_is_taken_for_the_local_user_of_their_name(app: &TestApp, provider: &Provider) {
    for (subject, name) in [("s-1", "ann-2"), ("s-2", "ann-3"), ("s-1", "ann-2")] {
        provider.behave(|behaviour| {
            behaviour.claims =
                json!({"sub": subject, "preferred_username": "Ann", "email": "ann@example.org"});
        });
        let mut other = Browser::new(app);
        assert_eq!(sign_in(&mut other, provider).status, 303);
        assert_says(&other.get("/account"), 200, &format!("<dd>{name}</dd>"));
    }
    let ann = user(app, "ann").unwrap();
    assert_eq!((ann.identity, ann.position.role()), (None, Role::Admin));
    assert_eq!(Browser::signed_in(app, "ann").get("/users").status, 200);
    let mut other = Browser::new(app);
    assert_eq!(other.sign_in("ann-2", PASSWORD).status, 422, "there is no password");
}

fn without_a_group_of_ours_nobody_is_signed_in_and_sessions_end(
    app: &TestApp,
    provider: &Provider,
) {
    provider.behave(|behaviour| behaviour.claims = json!({"groups": ["kitchen"]}));
    let answer = sign_in(&mut Browser::new(app), provider);
    assert_refused(app, &answer, 403, "No access", "no_role: subject-1");
    assert!(user(app, "zoe").is_none());
    provider.behave(|behaviour| behaviour.claims = json!({}));
    let mut zoe = Browser::new(app);
    assert_eq!(sign_in(&mut zoe, provider).status, 303);
    assert_eq!(zoe.get("/overview").status, 200);
    provider.behave(|behaviour| behaviour.claims = json!({"groups": Value::Null}));
    let answer = sign_in(&mut Browser::new(app), provider);
    assert_refused(app, &answer, 403, "No access", "no_role: subject-1");
    assert_eq!(zoe.get("/overview").status, 303);
}

fn whoever_is_disabled_stays_out(app: &TestApp, provider: &Provider) {
    assert_eq!(sign_in(&mut Browser::new(app), provider).status, 303);
    let mut ann = Browser::signed_in(app, "ann");
    let answer = ann.fill_in("/users/zoe", "/users/zoe/access", &[("access", "disabled")]);
    assert_eq!(answer.header("location"), "/users/zoe?done=disabled");
    provider.behave(|behaviour| behaviour.claims = json!({"groups": ["desk-admins"]}));
    let answer = sign_in(&mut Browser::new(app), provider);
    assert_refused(app, &answer, 403, "Your access is disabled", "disabled: subject-1");
    assert_eq!(user(app, "zoe").unwrap().position.role(), Role::TeamLead);
}

fn an_answer_is_taken_once_and_from_the_same_browser_only(app: &TestApp, provider: &Provider) {
    const TITLE: &str = "The sign-in is out of date";
    let mut zoe = Browser::new(app);
    let address = zoe.get("/sign-in/openid").header("location").to_owned();
    let back = provider.sign_in(&address);
    let cookies = zoe.cookies.clone();
    let stolen = Browser::new(app).get(&back);
    assert_refused(app, &stolen, 400, TITLE, "state");
    let mut other = Browser::new(app);
    other.get("/sign-in/openid");
    assert_refused(app, &other.get(&back), 400, TITLE, "state");
    let made_up = back.replace("&state=", "&state=0");
    assert_refused(app, &zoe.get(&made_up), 400, TITLE, "state");
    assert_eq!(zoe.get(&back).header("location"), "/");
    zoe.cookies = cookies;
    assert_refused(app, &zoe.get(&back), 400, TITLE, "state");
    // A code is the provider's to take once.
    let address = zoe.get("/sign-in/openid").header("location").to_owned();
    let state = fields(address.split_once('?').unwrap().1)["state"].clone();
    let code = back.split("code=").nth(1).unwrap().split('&').next().unwrap();
    let again = format!("/sign-in/openid/callback?code={code}&state={state}");
    assert_refused(app, &zoe.get(&again), 400, TITLE, "code");
    assert_refused(app, &zoe.get("/sign-in/openid/callback"), 400, TITLE, "state");
}

fn a_sign_in_that_took_too_long_is_over(app: &TestApp, _: &Provider) {
    let at = |minutes: i64| Timestamp::EARLIEST.plus_millis(minutes * 60_000);
    let pending = |state: &str| PendingSignIn {
        state_sha256: state.to_owned(),
        browser_sha256: "b".to_owned(),
        next: "/effect".to_owned(),
        address: Some("192.0.2.1".to_owned()),
        expires_at: at(10),
    };
    with_store(app, async |store| {
        for state in ["s-1", "s-2"] {
            let begun = store.begin_provided_sign_in(&TENANT, &pending(state), 2, at(0)).await;
            assert!(begun.unwrap());
        }
        let begun = store.begin_provided_sign_in(&TENANT, &pending("s-3"), 2, at(9)).await;
        assert!(!begun.unwrap(), "two are waited for already");
        let taken = store.take_provided_sign_in(&TENANT, "s-1", "other", at(9)).await;
        assert_eq!(taken.unwrap(), None);
        let taken = store.take_provided_sign_in(&TENANT, "s-1", "b", at(9)).await;
        assert_eq!(taken.unwrap().as_deref(), Some("/effect"));
        let taken = store.take_provided_sign_in(&TENANT, "s-2", "b", at(10)).await;
        assert_eq!(taken.unwrap(), None);
        for state in ["s-4", "s-5"] {
            let pending = PendingSignIn { expires_at: at(20), ..pending(state) };
            assert!(store.begin_provided_sign_in(&TENANT, &pending, 2, at(10)).await.unwrap());
        }
    });
}

fn an_id_token_that_is_not_to_be_believed_signs_nobody_in(app: &TestApp, provider: &Provider) {
    const TITLE: &str = "The sign-in could not be verified";
    let now = Timestamp::now().millis() / 1000;
    for (claims, reason) in [
        (json!({"nonce": "another"}), "token"),
        (json!({"nonce": Value::Null}), "token"),
        (json!({"aud": "another"}), "token"),
        (json!({"aud": ["recontact", "another"]}), "token"),
        (json!({"azp": "another"}), "token"),
        (json!({"iss": "https://id.example.org"}), "token"),
        (json!({"exp": now - 61}), "clock"),
        (json!({"iat": now + 120}), "clock"),
    ] {
        provider.behave(|behaviour| behaviour.claims = claims.clone());
        let answer = sign_in(&mut Browser::new(app), provider);
        assert_refused(app, &answer, 502, TITLE, reason);
    }
    provider.behave(|behaviour| behaviour.claims = json!({}));
    for algorithm in ["none", "HS256", "RS256"] {
        provider.behave(|behaviour| behaviour.algorithm = algorithm);
        let answer = sign_in(&mut Browser::new(app), provider);
        assert_refused(app, &answer, 502, TITLE, "token");
    }
    assert!(user(app, "zoe").is_none());
    // Within what clocks may differ.
    let claims = json!({"exp": now - 30, "iat": now + 30});
    provider.behave(|behaviour| {
        behaviour.algorithm = "EdDSA";
        behaviour.claims = claims;
    });
    assert_eq!(sign_in(&mut Browser::new(app), provider).status, 303);
}

fn the_provider_or_the_person_says_no(app: &TestApp, _: &Provider) {
    let mut browser = Browser::new(app).with_header("Accept-Language", "ru");
    for (answer, status, title, reason) in [
        ("error=access_denied&error_description=x", 403, "Вход не подтверждён", "access_denied"),
        ("error=<script>", 403, "Вход не подтверждён", "error"),
        ("iss=https://evil.example&code=c", 502, "Вход не удалось проверить", "issuer"),
        ("code=", 502, "Вход не удалось проверить", "answer"),
    ] {
        let address = browser.get("/sign-in/openid").header("location").to_owned();
        assert!(address.contains("ui_locales=ru"), "{address}");
        let state = fields(address.split_once('?').unwrap().1)["state"].clone();
        let path = format!(
            "/sign-in/openid/callback?state={state}&{}",
            answer.replace('<', "%3C").replace('>', "%3E")
        );
        assert_refused(app, &browser.get(&path), status, title, reason);
    }
}

#[test]
fn keys_that_the_provider_has_changed_are_asked_for_once() {
    let provider = Provider::start();
    let app = service(through(&provider));
    for key in [1, 1, 2, 2] {
        provider.behave(|behaviour| behaviour.key = key);
        assert_eq!(sign_in(&mut Browser::new(&app), &provider).status, 303);
    }
    let asked = provider.requests();
    let keys = asked.iter().filter(|path| path.ends_with("/keys")).count();
    assert_eq!(keys, 2, "{asked:?}");
}

#[test]
fn what_the_id_token_leaves_out_is_asked_for() {
    let provider = Provider::start();
    let app = service(through(&provider));
    provider.behave(|behaviour| {
        behaviour.claims = json!({"groups": Value::Null, "preferred_username": Value::Null});
        behaviour.user_info =
            json!({"sub": "subject-1", "groups": ["desk-admins"], "preferred_username": "yan"});
    });
    let mut yan = Browser::new(&app);
    assert_eq!(sign_in(&mut yan, &provider).status, 303);
    assert_says(&yan.get("/users/yan"), 200, "Administrator");
    provider.behave(|behaviour| behaviour.user_info["sub"] = json!("subject-2"));
    let answer = sign_in(&mut Browser::new(&app), &provider);
    assert_refused(&app, &answer, 502, "The sign-in could not be verified", "token");
}

#[test]
fn another_process_on_the_same_database_takes_the_answer() {
    let provider = Provider::start();
    let first = service(through(&provider));
    let (database, key) =
        (first.app.settings.database.clone(), first.app.settings.customer_key_file.clone());
    let second = spawn_app_with(|settings| {
        settings.database = database;
        settings.customer_key_file = key;
        through(&provider)(settings);
    });
    let mut there = Browser::new(&first);
    let back = provider.sign_in(there.get("/sign-in/openid?next=/risk").header("location"));
    let mut here = Browser::new(&second);
    here.cookies = there.cookies.clone();
    assert_eq!(here.get(&back).header("location"), "/risk");
    assert_eq!(here.get("/risk").status, 200);
    there.cookies = here.cookies.clone();
    assert_eq!(there.get("/risk").status, 200);
}

#[test]
fn a_provider_that_is_not_there_or_says_nothing_is_not_waited_for() {
    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let app = service(through_issuer(format!("http://{unused}")));
    let answer = Browser::new(&app).get("/sign-in/openid");
    assert_says(&answer, 503, "<h1>The sign-in service does not answer</h1>");
    assert_eq!(answer.header("retry-after"), app.app.settings.limits.retry_after_s.to_string());
    assert_eq!(newest(&app), (AuditAction::ProviderFailed, Some("unreachable".to_owned())));
    // Whoever has a password is not kept out.
    assert_eq!(Browser::signed_in(&app, "ann").get("/overview").status, 200);

    let provider = Provider::start();
    let through = through(&provider);
    let app = service(|settings| {
        through(settings);
        settings.sign_in.openid.timeout_s = 1;
    });
    let mut zoe = Browser::new(&app);
    let back = provider.sign_in(zoe.get("/sign-in/openid").header("location"));
    provider.behave(|behaviour| behaviour.is_silent = true);
    let answer = zoe.get(&back);
    assert_says(&answer, 503, "<h1>The sign-in service does not answer</h1>");
    assert_eq!(newest(&app), (AuditAction::ProviderFailed, Some("unreachable".to_owned())));
}

#[test]
fn passwords_are_not_taken_where_they_are_not_wanted() {
    let provider = Provider::start();
    let through = through(&provider);
    let app = service(|settings| {
        through(settings);
        settings.sign_in.openid.passwords_too = false;
    });
    let mut ann = Browser::new(&app);
    let page = ann.get("/sign-in");
    assert_says(&page, 200, "Sign in with Desk");
    assert!(!page.text().contains("name=\"password\""));
    assert_eq!(ann.post("/sign-in", &[("name", "ann"), ("password", PASSWORD)]).status, 404);
    assert_eq!(sign_in(&mut ann, &provider).status, 303);
}

#[test]
fn a_client_without_a_secret_signs_in_by_its_verifier_alone() {
    let provider = Provider::start();
    provider.behave(|behaviour| {
        behaviour.is_public = true;
        behaviour.signs_out = false;
    });
    let through = through(&provider);
    let app = service(|settings| {
        through(settings);
        settings.sign_in.openid.client_secret_file = None;
    });
    let mut zoe = Browser::new(&app);
    assert_eq!(sign_in(&mut zoe, &provider).status, 303);
    let answer = zoe.fill_in("/account", "/sign-out", &[]);
    assert_eq!(
        answer.header("location"),
        "/sign-in?done=signed-out",
        "the provider has no sign-out"
    );
}

#[test]
fn an_address_that_is_refused_too_often_has_to_wait() {
    let provider = Provider::start();
    let through = through(&provider);
    let app = service(|settings| {
        through(settings);
        settings.sign_in.address_attempts = 2;
    });
    for _ in 0..2 {
        assert_eq!(Browser::new(&app).get("/sign-in/openid/callback").status, 400);
    }
    assert_eq!(Browser::new(&app).get("/sign-in/openid/callback").status, 429);
    assert_eq!(Browser::new(&app).get("/sign-in/openid").status, 429);
}

#[test]
fn without_a_provider_there_is_nothing_of_it() {
    let app = service(|_| {});
    let mut browser = Browser::new(&app);
    assert!(!browser.get("/sign-in").text().contains("/sign-in/openid"));
    assert_eq!(browser.get("/sign-in/openid").status, 404);
    assert_eq!(browser.get("/sign-in/openid/callback").status, 404);
}

#[test]
fn a_secret_or_an_algorithm_that_cannot_be_used_is_named_at_the_start() {
    use recontact::openid::OpenId;
    let provider = Provider::start();
    let mut settings = spawn_app_with(|_| {}).app.settings.clone();
    let dir = tempfile::tempdir().unwrap();
    settings.customer_key_file = dir.path().join("key");
    through(&provider)(&mut settings);
    let options = settings.sign_in.openid;
    assert!(OpenId::new(&options).is_ok());
    for (named, changed) in [
        ("algorithms", OpenIdOptions { algorithms: vec!["none".to_owned()], ..options.clone() }),
        ("algorithms", OpenIdOptions { algorithms: Vec::new(), ..options.clone() }),
        (
            "nowhere",
            OpenIdOptions { client_secret_file: Some("nowhere".into()), ..options.clone() },
        ),
        ("nowhere", OpenIdOptions { ca_file: Some("nowhere".into()), ..options.clone() }),
        (
            "ca_file",
            OpenIdOptions { ca_file: options.client_secret_file.clone(), ..options.clone() },
        ),
    ] {
        let error = OpenId::new(&changed).unwrap_err();
        assert!(error.contains(named) && !error.contains(SECRET), "{error}");
    }
}
