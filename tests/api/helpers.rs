//! [`TestApp`]: a running service, and one method for each request.

use crate::trained;
use actix_web::dev::ServerHandle;
use actix_web::rt::System;
use actix_web::web;
use recontact::app::App;
use recontact::config::{CommandLineSettings, Settings};
use recontact::registry::Registry;
use recontact::server::Service;
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use ureq::http::{Request, Response};
use ureq::{AsSendBody, Body};

/// A service in a thread of this process; stopped when dropped.
pub(crate) struct TestApp {
    pub(crate) address: SocketAddr,
    pub(crate) app: web::Data<App>,
    folder: TempDir,
    agent: ureq::Agent,
    handle: ServerHandle,
    thread: Option<JoinHandle<()>>,
}

/// A service with an encoder, a category model and a risk model.
pub(crate) fn spawn_app() -> TestApp {
    spawn_app_with(|_| {})
}

/// The same with other settings.
pub(crate) fn spawn_app_with(change: impl FnOnce(&mut Settings)) -> TestApp {
    let folder = tempfile::tempdir().unwrap();
    trained::install(&folder.path().join("models"));
    spawn_app_in(folder, change)
}

/// A service on a folder whose `models` may be anything.
pub(crate) fn spawn_app_in(folder: TempDir, change: impl FnOnce(&mut Settings)) -> TestApp {
    let mut settings = Settings::load(&CommandLineSettings {
        listen: Some(SocketAddr::from(([127, 0, 0, 1], 0))),
        database: Some(format!("sqlite:{}", folder.path().join("recontact.db").display())),
        models: Some(folder.path().join("models")),
        customer_key_file: Some(folder.path().join("customer.key")),
        ..CommandLineSettings::default()
    })
    .unwrap();
    // Tests call `App::reload` themselves.
    settings.reload_interval_s = 3600;
    // Pages count all days of a test's desk at once.
    settings.kpi.days_at_once = 10_000;
    change(&mut settings);
    let (sender, receiver) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        System::new().block_on(async move {
            let service = Service::start(settings).await.unwrap();
            sender.send((service.address, service.app.clone(), service.handle())).unwrap();
            service.run().await.unwrap();
        });
    });
    let (address, app, handle) = receiver.recv().unwrap();
    let agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .allow_non_standard_methods(true)
        .max_redirects(0)
        .timeout_global(Some(Duration::from_secs(60)))
        .build()
        .new_agent();
    TestApp { address, app, folder, agent, handle, thread: Some(thread) }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
        if let Some(thread) = self.thread.take() {
            // Why it panicked stands in the test's output already.
            let _ = thread.join();
        }
    }
}

impl TestApp {
    pub(crate) fn classify(&self, body: &Value) -> Answer {
        self.post("/v1/classify", body)
    }

    pub(crate) fn embed(&self, body: &Value) -> Answer {
        self.post("/v1/embed", body)
    }

    pub(crate) fn predict(&self, body: &Value) -> Answer {
        self.post("/v1/predict", body)
    }

    pub(crate) fn record_contact(&self, body: &Value) -> Answer {
        self.post("/v1/contacts", body)
    }

    pub(crate) fn report_ticket(&self, id: &str, body: &Value) -> Answer {
        self.send(self.request("PUT", &format!("/v1/tickets/{id}")), json(body))
    }

    pub(crate) fn close_ticket(&self, id: &str, body: &Value) -> Answer {
        self.post(&format!("/v1/tickets/{id}/close"), body)
    }

    pub(crate) fn ticket(&self, id: &str) -> Answer {
        self.get(&format!("/v1/tickets/{id}"))
    }

    /// The ticket as reports and closings answer it: without the list of its episodes.
    #[track_caller]
    pub(crate) fn ticket_alone(&self, id: &str) -> Value {
        let mut ticket = self.ticket(id).expect(200);
        ticket.as_object_mut().unwrap().remove("episodes");
        ticket
    }

    pub(crate) fn reopen_ticket(&self, id: &str, reopened_at: &str) -> Answer {
        self.post(
            &format!("/v1/tickets/{id}/reopen"),
            &serde_json::json!({ "reopened_at": reopened_at }),
        )
    }

    pub(crate) fn outcomes(&self, id: &str) -> Answer {
        self.get(&format!("/v1/tickets/{id}/outcomes"))
    }

    pub(crate) fn delete(&self, path: &str, body: &Value) -> Answer {
        let request = self.agent.delete(format!("http://{}{path}", self.address));
        let request = request.header("Content-Type", "application/json").force_send_body();
        Answer::read(request.send(json(body)).unwrap())
    }

    /// `query` follows the question mark.
    pub(crate) fn list_tickets(&self, query: &str) -> Answer {
        self.get(&format!("/v1/tickets?{query}"))
    }

    pub(crate) fn list_models(&self) -> Answer {
        self.get("/v1/models")
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send(self.request("GET", path), ())
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request("POST", path), json(body))
    }

    /// Sends bytes as they are, said to be JSON.
    pub(crate) fn post_bytes(&self, path: &str, body: impl AsRef<[u8]>) -> Answer {
        self.send(self.request("POST", path), body.as_ref())
    }

    /// A request whose headers can be added to; its content type is JSON.
    pub(crate) fn request(&self, method: &str, path: &str) -> ureq::http::request::Builder {
        Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.address))
            .header("Content-Type", "application/json")
    }

    pub(crate) fn send(
        &self,
        request: ureq::http::request::Builder,
        body: impl AsSendBody,
    ) -> Answer {
        Answer::read(self.agent.run(request.body(body).unwrap()).unwrap())
    }

    pub(crate) fn registry(&self) -> Registry {
        Registry::new(self.models_folder())
    }

    pub(crate) fn models_folder(&self) -> PathBuf {
        self.folder.path().join("models")
    }
}

/// Waits until something is so; fails after half a minute.
pub(crate) fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(30), "waited in vain until {what}");
        std::thread::yield_now();
    }
}

fn json(body: &Value) -> Vec<u8> {
    serde_json::to_vec(body).unwrap()
}

/// What a service answered.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    /// What `Set-Cookie` says, each time it stands there.
    pub(crate) cookies: Vec<String>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    fn read(mut response: Response<Body>) -> Self {
        let headers = response
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect();
        let cookies = response.headers().get_all("set-cookie").iter();
        let cookies = cookies.map(|value| value.to_str().unwrap().to_owned()).collect();
        Self {
            status: response.status().as_u16(),
            headers,
            cookies,
            body: response.body_mut().with_config().limit(1 << 30).read_to_vec().unwrap(),
        }
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// The body of an answer of this status.
    #[track_caller]
    pub(crate) fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.body));
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The body of a problem of this status and code, in the form all of them have.
    #[track_caller]
    pub(crate) fn expect_problem(&self, status: u16, code: &str) -> Value {
        let problem = self.expect(status);
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(problem["code"], code, "{problem}");
        assert_eq!(problem["type"], format!("urn:recontact:problem:{code}"));
        assert_eq!(problem["status"], status);
        for member in ["title", "detail"] {
            assert!(problem[member].as_str().is_some_and(|text| !text.is_empty()), "{problem}");
        }
        problem
    }

    /// The pointers of all faults of an `invalid_input` problem.
    #[track_caller]
    pub(crate) fn expect_faults(&self) -> Vec<String> {
        let problem = self.expect_problem(422, "invalid_input");
        let errors = problem["errors"].as_array().unwrap();
        assert!(
            errors
                .iter()
                .all(|error| error["detail"].as_str().is_some_and(|text| !text.is_empty()))
        );
        errors.iter().map(|error| error["pointer"].as_str().unwrap().to_owned()).collect()
    }
}
