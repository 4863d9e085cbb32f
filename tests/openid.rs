//! Signing in through a certified provider with a real browser, as a person does it: `tests/fixtures/openid`.
//!
//! Where Node, the provider's packages or the browser are missing, skipped with a printed line, or failed when
//! `RECONTACT_REQUIRE_OPENID=1` is set.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a helper that fails is a failed test"
)]

#[path = "support/chromium.rs"]
#[expect(dead_code, reason = "shared with the tests of the pages, which use most of it")]
mod chromium;
#[path = "api/helpers.rs"]
#[expect(dead_code, reason = "shared with the tests of the API, which use all of it")]
mod helpers;
#[path = "support/models.rs"]
mod trained;

use chromium::Chromium;
use helpers::{TestApp, spawn_app_with};
use recontact::user::{OpenIdOptions, RoleRule};
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

const REQUIRE: &str = "RECONTACT_REQUIRE_OPENID";
const AXE: &str = include_str!("fixtures/axe/axe.min.js");

/// The provider, which runs until it is dropped.
struct Provider {
    issuer: String,
    process: Child,
    /// Kept open: it ends when it cannot say what it says later.
    _said: BufReader<ChildStdout>,
}

impl Provider {
    /// Starts one for a service that browsers reach at this address; `None`, after a line on standard error, where it cannot run.
    fn start_or_skip(public_url: &str) -> Option<Self> {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("openid-provider");
        let missing = if program("node").is_none() {
            Some("no node on PATH; install the Debian package nodejs".to_owned())
        } else if !folder.join("installed.json").is_file() {
            Some(format!("{} has no provider; run make openid-provider", folder.display()))
        } else {
            None
        };
        if let Some(missing) = missing {
            let line = format!("SKIPPED signing in through a provider: {missing}");
            assert!(std::env::var(REQUIRE).as_deref() != Ok("1"), "{REQUIRE}=1, but {line}");
            let _ = writeln!(std::io::stderr(), "{line}");
            return None;
        }
        let script =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/openid/provider.mjs");
        let mut process = Command::new("node")
            .arg(script)
            .args([folder.as_os_str(), public_url.as_ref()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (mut said, mut issuer) =
            (BufReader::new(process.stdout.take().unwrap()), String::new());
        said.read_line(&mut issuer).unwrap();
        assert!(issuer.starts_with("http://127.0.0.1:"), "the provider did not start: {issuer:?}");
        Some(Self { issuer: issuer.trim().to_owned(), process, _said: said })
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

fn rule(value: &str, role: &str, team: Option<&str>) -> RoleRule {
    serde_json::from_value(json!({"value": value, "role": role, "team": team})).unwrap()
}

/// A browser, a service, and the provider through which people sign in there.
fn start_or_skip(change: impl FnOnce(&mut OpenIdOptions)) -> Option<(Chromium, TestApp, Provider)> {
    let browser = Chromium::start_or_skip()?;
    // The provider has to know the service's address before the service starts.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let public_url = format!("http://{address}");
    let provider = Provider::start_or_skip(&public_url)?;
    let issuer = provider.issuer.clone();
    let app = spawn_app_with(|settings| {
        settings.listen = address;
        let file = settings.customer_key_file.with_file_name("client-secret");
        std::fs::write(&file, "not a secret, for tests only\n").unwrap();
        let options = &mut settings.sign_in.openid;
        *options = OpenIdOptions {
            enabled: true,
            issuer,
            client_id: "recontact".to_owned(),
            client_secret_file: Some(file),
            public_url,
            label: "Example Desk".to_owned(),
            roles: vec![
                rule("desk-admins", "admin", None),
                rule("desk-cards", "team-lead", Some("cards")),
            ],
            ..options.clone()
        };
        change(options);
    });
    Some((browser, app, provider))
}

fn click(browser: &mut Chromium, element: &str) {
    browser.evaluate(&format!("document.querySelector('{element}').click(); 0"));
}

/// Signs in at the provider, whose form is open, and waits for the service's page.
fn sign_in_there(browser: &mut Chromium, app: &TestApp, name: &str) {
    browser.evaluate(&format!(
        "document.querySelector('input[name=login]').value = '{name}'; \
         document.querySelector('input[name=password]').value = 'any'; 0"
    ));
    let address = format!("http://{}", app.address);
    browser.open_up_to(&address, |browser| click(browser, "button[type=submit]"));
}

fn text(browser: &mut Chromium) -> String {
    browser.evaluate("document.body.innerText").as_str().unwrap().to_owned()
}

#[track_caller]
fn assert_shows(browser: &mut Chromium, words: &[&str]) {
    let shown = text(browser);
    for word in words {
        assert!(shown.contains(word), "{word:?} is not in\n{shown}");
    }
}

/// What the browser complains of, and what is not accessible.
fn faults(browser: &mut Chromium) -> Vec<String> {
    let (mut faults, _) = browser.told();
    // The provider's pages, by way of which this one was reached, have no icon.
    faults.retain(|fault| !fault.contains("404"));
    browser.evaluate(&format!("{AXE}; 0"));
    let found = browser.evaluate(
        "axe.run(document, {resultTypes: ['violations']}).then(found => \
         found.violations.map(violation => `${violation.id}: ${violation.nodes[0].target}`))",
    );
    let found: Vec<Value> = found.as_array().unwrap().clone();
    faults.extend(found.iter().map(|fault| fault.as_str().unwrap().to_owned()));
    faults
}

fn keep_picture(browser: &mut Chromium, name: &str) {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("pages");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(format!("{name}.png")), browser.picture()).unwrap();
}

#[test]
fn a_person_signs_in_through_the_provider_and_out_again() {
    let Some((mut browser, app, provider)) = start_or_skip(|_| {}) else { return };
    let own = |path: &str| format!("http://{}{path}", app.address);
    browser.open(&own("/effect"));
    assert_shows(&mut browser, &["Sign in with Example Desk", "With name and password"]);
    assert_eq!(faults(&mut browser), [""; 0]);
    keep_picture(&mut browser, "sign-in-openid");
    browser.open_up_to(&provider.issuer, |browser| click(browser, "a.button"));
    sign_in_there(&mut browser, &app, "tom");
    assert_eq!(browser.evaluate("location.pathname"), "/effect");
    assert_shows(&mut browser, &["TOM of the provider"]);
    assert_eq!(faults(&mut browser), [""; 0]);
    browser.open(&own("/account"));
    assert_shows(&mut browser, &["Team lead", "cards", &provider.issuer]);
    assert_eq!(faults(&mut browser), [""; 0]);
    browser.open(&own("/overview"));
    // The provider asks whether they mean it, and sends them back.
    let sign_out = "form[action=\"/sign-out\"] button";
    browser.open_up_to(&provider.issuer, |browser| click(browser, sign_out));
    let back = own("/sign-in");
    browser.open_up_to(&back, |browser| click(browser, "button[name=logout]"));
    assert_shows(&mut browser, &["You are signed out."]);
    browser.open(&own("/overview"));
    assert_eq!(browser.evaluate("location.pathname"), "/sign-in");
    // There, too: it asks again who they are.
    browser.open_up_to(&provider.issuer, |browser| click(browser, "a.button"));
    assert_eq!(browser.evaluate("document.querySelector('input[name=login]') !== null"), true);
}

#[test]
fn whoever_has_no_group_of_ours_is_told_so() {
    let Some((mut browser, app, provider)) = start_or_skip(|_| {}) else { return };
    browser.open(&format!("http://{}/sign-in", app.address));
    browser.open_up_to(&provider.issuer, |browser| click(browser, "a.button"));
    sign_in_there(&mut browser, &app, "eve");
    assert_shows(&mut browser, &["No access", "none of your groups there has a role here"]);
    let found = faults(&mut browser);
    // Of an answer with this status the browser itself says so.
    assert!(found.iter().all(|fault| fault.contains("403")), "{found:?}");
    keep_picture(&mut browser, "openid-no-role");
    browser.open(&format!("http://{}/overview", app.address));
    assert_eq!(browser.evaluate("location.pathname"), "/sign-in");
}

#[test]
fn a_client_without_a_secret_signs_an_admin_in() {
    let started = start_or_skip(|options| {
        options.client_id = "recontact-public".to_owned();
        options.client_secret_file = None;
        options.passwords_too = false;
    });
    let Some((mut browser, app, provider)) = started else { return };
    browser.open(&format!("http://{}/users", app.address));
    assert_eq!(browser.evaluate("document.querySelector('form')"), Value::Null);
    browser.open_up_to(&provider.issuer, |browser| click(browser, "a.button"));
    sign_in_there(&mut browser, &app, "ann");
    assert_eq!(browser.evaluate("location.pathname"), "/users");
    assert_shows(&mut browser, &["ANN of the provider"]);
    assert_eq!(faults(&mut browser), [""; 0]);
}
