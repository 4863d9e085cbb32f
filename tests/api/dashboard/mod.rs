//! The pages over HTTP, as a browser asks for them, on both databases.

mod accounts;
mod audit;
mod conversation;
mod customers;
mod effect;
mod every_page;
mod guards;
pub(crate) mod kpis;
mod models;
mod next_issues;
mod next_issues_plans;
mod openid;
mod pages;
mod queue;
mod risk;
mod risk_pdf;
mod roles;
mod sessions;
mod similar;

use crate::helpers::{Answer, TestApp, spawn_app_with};
use crate::postgres;
use recontact::config::Settings;
use recontact::customer_key;
use recontact::store::{
    AuditAction, AuditEntry, AuditFilter, NewUser, Store, StoreOptions, Tenant,
};
use recontact::ticket::Name;
use recontact::timestamp::Timestamp;
use recontact::user::{Password, PasswordHash, Position, Role, UserName};
use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

pub(crate) const TENANT: Tenant = Tenant::DEFAULT;
pub(crate) const PASSWORD: &str = "correct horse battery";

/// Makes two tests of each body, one per database.
macro_rules! on_both_databases {
    ($($body:ident),* $(,)?) => {
        mod on_sqlite {
            $(#[test] fn $body() { super::$body(&crate::dashboard::service(|_| {})); })*
        }
        mod on_postgres {
            $(#[test] fn $body() {
                if let Some(app) = crate::dashboard::service_on_postgres() { super::$body(&app); }
            })*
        }
    };
}
pub(crate) use on_both_databases;

/// A service with a user of each role: `ann` (admin), `max` (manager), `tom` (team lead of cards), `eva` (analyst).
pub(crate) fn service(change: impl FnOnce(&mut Settings)) -> TestApp {
    let app = spawn_app_with(change);
    for (name, role, team) in [
        ("ann", Role::Admin, None),
        ("max", Role::Manager, None),
        ("tom", Role::TeamLead, Some("cards")),
        ("eva", Role::Analyst, None),
    ] {
        add_user(&app, name, role, team);
    }
    app
}

pub(crate) fn service_on_postgres() -> Option<TestApp> {
    let url = postgres::database_or_skip()?;
    Some(service(|settings| settings.database = url))
}

pub(crate) fn add_user(app: &TestApp, name: &str, role: Role, team: Option<&str>) {
    static HASH: LazyLock<PasswordHash> =
        LazyLock::new(|| PasswordHash::of(&Password::parse(PASSWORD).unwrap(), [7; 16]).unwrap());
    let user = NewUser {
        name: UserName::parse(name).unwrap(),
        display_name: Name::parse(&format!("{name} <b>")).unwrap(),
        password: Some(HASH.clone()),
        position: Position::new(role, team.map(|team| Name::parse(team).unwrap())).unwrap(),
    };
    let entry = entry(AuditAction::UserAdded, name);
    let added = with_store(app, async |store| store.add_user(&TENANT, &user, &entry).await);
    assert!(added.unwrap());
}

fn entry(action: AuditAction, object: &str) -> AuditEntry {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    AuditEntry {
        id: format!("test-{}", NUMBER.fetch_add(1, Ordering::Relaxed)),
        occurred_at: Timestamp::now(),
        actor: Some("test".to_owned()),
        action,
        object: Some(object.to_owned()),
        address: None,
    }
}

/// Works on the service's database through a store of its own: connections belong to the runtime that has opened them.
pub(crate) fn with_store<T>(app: &TestApp, work: impl AsyncFnOnce(&Store) -> T) -> T {
    let settings = &app.app.settings;
    let key = customer_key::load_or_make(&settings.customer_key_file).unwrap();
    block_on(async {
        let options = StoreOptions { max_connections: 1, ..StoreOptions::default() };
        let store = Store::connect(&settings.database, key, options).await.unwrap();
        let done = work(&store).await;
        store.close().await;
        done
    })
}

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// The audit, newest first: actor, action, object.
fn audit(app: &TestApp) -> Vec<(Option<String>, AuditAction, Option<String>)> {
    let entries = with_store(app, async |store| {
        store.audit_entries(&TENANT, &AuditFilter::default(), 100).await
    });
    entries.unwrap().into_iter().map(|entry| (entry.actor, entry.action, entry.object)).collect()
}

/// Somebody with a browser: keeps cookies, and takes the token of a form from the page that has it.
pub(crate) struct Browser<'a> {
    app: &'a TestApp,
    cookies: BTreeMap<String, String>,
    headers: Vec<(&'static str, String)>,
}

impl<'a> Browser<'a> {
    pub(crate) fn new(app: &'a TestApp) -> Self {
        Self { app, cookies: BTreeMap::new(), headers: Vec::new() }
    }

    /// Somebody who has signed in.
    #[track_caller]
    pub(crate) fn signed_in(app: &'a TestApp, name: &str) -> Self {
        let mut browser = Self::new(app);
        let answer = browser.sign_in(name, PASSWORD);
        assert_eq!((answer.status, answer.header("location")), (303, "/"), "{}", answer.text());
        browser
    }

    fn with_header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    fn sign_in(&mut self, name: &str, password: &str) -> Answer {
        self.fill_in("/sign-in", "/sign-in", &[("name", name), ("password", password)])
    }

    pub(crate) fn get(&mut self, path: &str) -> Answer {
        self.send("GET", path, String::new())
    }

    /// Opens a page and sends one of its forms with these fields.
    fn fill_in(&mut self, page: &str, action: &str, fields: &[(&str, &str)]) -> Answer {
        let csrf = token(self.get(page).text());
        let mut all = vec![("csrf", csrf.as_str())];
        all.extend(fields);
        self.post(action, &all)
    }

    fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body: Vec<String> =
            fields.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
        self.send("POST", path, body.join("&"))
    }

    fn send(&mut self, method: &str, path: &str, body: String) -> Answer {
        let mut request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.app.address))
            .header("Content-Type", "application/x-www-form-urlencoded")
            .header("Accept", "text/html");
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !cookies.is_empty() {
            request = request.header("Cookie", cookies.join("; "));
        }
        let answer =
            if method == "GET" { self.app.send(request, ()) } else { self.app.send(request, body) };
        for cookie in &answer.cookies {
            let (name, rest) = cookie.split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            if cookie.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }
}

/// The token in the first form of a page; empty where there is none.
fn token(page: &str) -> String {
    let after = page.split("name=\"csrf\" value=\"").nth(1);
    after.and_then(|rest| rest.split('"').next()).unwrap_or_default().to_owned()
}

fn escaped(value: &str) -> String {
    value.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// Fails unless a page of this status says this.
#[track_caller]
pub(crate) fn assert_says(answer: &Answer, status: u16, text: &str) {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert!(answer.text().contains(text), "{text:?} is not in\n{}", answer.text());
}
