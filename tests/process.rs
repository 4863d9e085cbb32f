//! The program as its operators meet it: started, stopped, killed, and told to switch models.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a helper that fails is a failed test"
)]

#[path = "support/filler.rs"]
#[expect(dead_code, reason = "shared with the tests of the store, which use all of it")]
mod filler;
#[path = "support/postgres.rs"]
mod postgres;
#[path = "support/models.rs"]
mod trained;

use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The longest any wait in here may take.
const DEADLINE: Duration = Duration::from_secs(60);

/// A folder with models and room for a port file, and a database to come.
struct Place {
    folder: TempDir,
    database: String,
}

impl Place {
    /// With a database in the folder.
    fn new() -> Self {
        Self::with_database("sqlite:recontact.db".to_owned())
    }

    fn with_database(database: String) -> Self {
        let folder = tempfile::tempdir().unwrap();
        trained::install(&folder.path().join("models"));
        Self { folder, database }
    }

    fn models(&self) -> PathBuf {
        self.folder.path().join("models")
    }

    fn port_file(&self) -> PathBuf {
        self.folder.path().join("port")
    }

    /// `recontact serve` on a free port; its logs go to a pipe.
    fn serve_command(&self) -> Command {
        let mut command = recontact();
        command
            .current_dir(self.folder.path())
            .args(["serve", "--listen", "127.0.0.1:0", "--port-file", "port"])
            .args(["--database", &self.database, "--models", "models"])
            .args(["--customer-key-file", "customer.key"])
            .stderr(Stdio::piped());
        command
    }

    /// Starts a service and waits until it tells its port.
    fn serve(&self) -> Serving {
        self.serve_with(|_| {})
    }

    fn serve_with(&self, change: impl FnOnce(&mut Command)) -> Serving {
        let _ = fs::remove_file(self.port_file());
        let mut command = self.serve_command();
        change(&mut command);
        let mut child = command.spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let start = Instant::now();
        while !self.port_file().exists() {
            if let Some(status) = child.try_wait().unwrap() {
                let mut said = String::new();
                log.read_to_string(&mut said).unwrap();
                panic!("the service ended with {status}: {said}");
            }
            assert!(start.elapsed() < DEADLINE, "no port file");
            std::thread::yield_now();
        }
        let port = fs::read_to_string(self.port_file()).unwrap().trim().parse().unwrap();
        Serving { child, log, client: Client::new(port), port }
    }
}

/// A running service; killed when dropped.
struct Serving {
    child: Child,
    log: BufReader<std::process::ChildStderr>,
    client: Client,
    port: u16,
}

impl Serving {
    fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status();
        assert!(sent.unwrap().success());
    }

    /// Waits for the end; the exit code and everything it logged.
    fn wait(mut self) -> (Option<i32>, String) {
        let mut said = String::new();
        self.log.read_to_string(&mut said).unwrap();
        (self.child.wait().unwrap().code(), said)
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It has ended already where the test was about its end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Requests to a service that may end at any moment.
#[derive(Clone)]
struct Client {
    agent: ureq::Agent,
    port: u16,
}

impl Client {
    fn new(port: u16) -> Self {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(DEADLINE))
            .build()
            .new_agent();
        Self { agent, port }
    }

    /// Status and body; `None` when no whole answer came.
    fn send(&self, method: &str, path: &str, body: &Value) -> Option<(u16, Value)> {
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("http://127.0.0.1:{}{path}", self.port))
            .header("Content-Type", "application/json");
        let answer = match method {
            "GET" => self.agent.run(request.body(()).unwrap()),
            _ => self.agent.run(request.body(serde_json::to_vec(body).unwrap()).unwrap()),
        };
        let mut answer = answer.ok()?;
        let status = answer.status().as_u16();
        Some((status, answer.body_mut().read_json().ok()?))
    }

    fn get(&self, path: &str) -> Value {
        let (status, body) = self.send("GET", path, &Value::Null).expect("an answer");
        assert_eq!(status, 200, "{body}");
        body
    }
}

fn recontact() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_recontact"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("RECONTACT_")) {
        command.env_remove(name);
    }
    command.env("RUST_LOG", "info").stdin(Stdio::null());
    command
}

/// Small, seeded and good enough to choose moments.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// A write that was answered 2xx, and where and how it must be found later.
enum Noted {
    /// A reported or closed ticket as answered.
    Ticket(String, Value),
    /// A contact as sent, and its classification as answered.
    Contact(Value, Value),
}

/// Writes as fast as it can until the service is gone; notes what was answered 2xx.
fn write_until_gone(client: &Client, writer: &str, written: &AtomicUsize) -> Vec<Noted> {
    let mut noted = Vec::new();
    for number in 0.. {
        let id = format!("{writer}-{number}");
        let path = format!("/v1/tickets/{id}");
        let report = json!({
            "customer_id": format!("u-{}", number % 5), "opened_at": "2026-01-05T09:00:00Z",
            "category": "Category 26", "attributes": {"number": number}
        });
        let Some((status, body)) = client.send("PUT", &path, &report) else { break };
        assert_eq!(status, 201, "{body}");
        written.fetch_add(1, Ordering::SeqCst);
        noted.push(Noted::Ticket(id.clone(), body["ticket"].clone()));
        let closing = json!({"closed_at": "2026-01-06T10:30:00Z", "reassignments": number % 3});
        let Some((status, body)) = client.send("POST", &format!("{path}/close"), &closing) else {
            break;
        };
        assert_eq!(status, 200, "{body}");
        written.fetch_add(1, Ordering::SeqCst);
        noted.pop();
        noted.push(Noted::Ticket(id.clone(), body));
        let contact = json!({
            "id": id, "customer_id": "u-9", "ticket_id": id, "occurred_at": "2026-01-05T09:00:00Z",
            "text": "My card has not arrived"
        });
        let Some((status, body)) = client.send("POST", "/v1/contacts", &contact) else { break };
        assert_eq!(status, 201, "{body}");
        written.fetch_add(1, Ordering::SeqCst);
        noted.push(Noted::Contact(contact, body["classification"].clone()));
    }
    noted
}

fn assert_still_there(client: &Client, noted: &[Noted]) {
    for note in noted {
        match note {
            Noted::Ticket(id, answered) => {
                let found = client.get(&format!("/v1/tickets/{id}"));
                // Between the last report and the kill its closing may have been stored without an answer.
                let is_closed_since = answered["status"] == "open" && found["status"] == "closed";
                if !is_closed_since {
                    // Reading also lists the ticket's episodes.
                    let mut found = found;
                    if let Some(fields) =
                        found.as_object_mut().filter(|_| answered["episodes"].is_null())
                    {
                        fields.remove("episodes");
                    }
                    assert_eq!(found, *answered);
                }
            }
            Noted::Contact(sent, classification) => {
                let (status, again) = client.send("POST", "/v1/contacts", sent).expect("an answer");
                assert_eq!((status, &again["outcome"]), (200, &json!("unchanged")), "{again}");
                assert_eq!(again["classification"], *classification);
            }
        }
    }
}

/// Kills the service under writes, again and again on the same database, and looks for everything it had answered.
fn kill_and_look(place: &Place) {
    let mut chance = Chance(2026);
    let mut noted = Vec::new();
    for round in 0..12 {
        let serving = place.serve();
        let written = AtomicUsize::new(0);
        let kill_after = usize::try_from(5 + chance.below(60)).unwrap();
        let new: Vec<Noted> = std::thread::scope(|scope| {
            let writers: Vec<_> = (0..3)
                .map(|writer| {
                    let (client, written) = (serving.client.clone(), &written);
                    let name = format!("r{round}w{writer}");
                    scope.spawn(move || write_until_gone(&client, &name, written))
                })
                .collect();
            let start = Instant::now();
            while written.load(Ordering::SeqCst) < kill_after {
                assert!(start.elapsed() < DEADLINE, "the writers do not get on");
                std::thread::yield_now();
            }
            serving.kill();
            writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect()
        });
        assert!(!new.is_empty());
        noted.extend(new);
    }
    let serving = place.serve();
    assert_still_there(&serving.client, &noted);
}

#[test]
fn what_was_answered_2xx_is_there_after_kill_9() {
    kill_and_look(&Place::new());
}

#[test]
fn what_was_answered_2xx_is_there_after_kill_9_on_postgres() {
    let Some(url) = postgres::database_or_skip() else { return };
    kill_and_look(&Place::with_database(url));
}

#[test]
fn a_termination_finishes_what_was_accepted_and_ends_with_code_0() {
    let place = Place::new();
    let serving = place.serve();
    // Long enough that all of them are still waiting when the signal comes. Accepted is what waits.
    let sizes = [(24, 5_000); 4];
    let mut requests = Vec::new();
    let mut waiting = 0.0;
    for (count, words) in sizes {
        // All different: equal texts would be encoded once.
        let text = |number| format!("{number} {}", "my card has not arrived ".repeat(words));
        let inputs: Vec<_> = (0..count).map(|number| json!({"text": text(number)})).collect();
        requests.push(begin(serving.port, &json!({"inputs": inputs})));
        waiting += f64::from(u8::try_from(count).unwrap());
        wait_until("the request is accepted", || queue_length(&serving.client) >= waiting);
    }
    serving.signal("-TERM");
    for (stream, (count, _)) in requests.iter_mut().zip(sizes) {
        let (status, body) = read_answer(stream);
        assert_eq!(status, 200, "{body}");
        let results = serde_json::from_str::<Value>(&body).unwrap()["results"].clone();
        assert_eq!(results.as_array().unwrap().len(), count);
    }
    // The clients keep their connections open meanwhile.
    let (code, log) = serving.wait();
    drop(requests);
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("finishing what was accepted") && log.contains("stopped"), "{log}");
}

#[test]
fn a_stop_does_not_wait_for_clients_that_go_on_asking_on_their_connections() {
    let place = Place::new();
    let serving = place.serve();
    let gone = AtomicBool::new(false);
    let answered = AtomicUsize::new(0);
    let start = std::thread::scope(|scope| {
        for _ in 0..4 {
            let client = serving.client.clone();
            let (gone, answered) = (&gone, &answered);
            scope.spawn(move || {
                while !gone.load(Ordering::SeqCst) {
                    let Some((status, body)) = client.send(
                        "POST",
                        "/v1/classify",
                        &json!({"text": "My card has not arrived"}),
                    ) else {
                        break;
                    };
                    assert_eq!(status, 200, "{body}");
                    answered.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        wait_until("clients were answered", || answered.load(Ordering::SeqCst) > 20);
        serving.signal("-TERM");
        let start = Instant::now();
        let (code, log) = serving.wait();
        gone.store(true, Ordering::SeqCst);
        assert_eq!(code, Some(0), "{log}");
        start
    });
    assert!(start.elapsed() < Duration::from_secs(15), "{:?}", start.elapsed());
}

#[test]
fn the_first_log_line_and_the_port_file_tell_the_port() {
    let place = Place::new();
    let mut serving = place.serve();
    let mut line = String::new();
    while !line.contains("listening on") {
        line.clear();
        assert_ne!(serving.log.read_line(&mut line).unwrap(), 0, "the log ended");
    }
    assert!(line.contains(&format!("http://127.0.0.1:{}", serving.port)), "{line}");
    assert_eq!(serving.client.get("/health/live"), json!({"live": true}));
}

#[test]
fn a_hang_up_looks_at_live_toml_at_once() {
    let place = Place::new();
    fs::write(place.folder.path().join("recontact.toml"), "reload_interval_s = 3600\n").unwrap();
    let serving = place.serve_with(|command| {
        command.args(["--config", "recontact.toml"]);
    });
    trained::write_category_model(&place.models(), "cards-2");
    let wanted = ["promote", "category", "cards-2", "--force", "--reason", "a test"];
    assert!(models(&place.models(), &wanted).status.success());
    serving.signal("-HUP");
    let classify = json!({"text": "My card has not arrived"});
    wait_until("the new model serves", || {
        let (_, body) = serving.client.send("POST", "/v1/classify", &classify).unwrap();
        body["model"]["version"] == "cards-2"
    });
}

#[test]
fn options_may_come_from_variables_and_a_file() {
    let place = Place::new();
    fs::write(place.folder.path().join("recontact.toml"), "[limits]\npage_size_max = 60\n")
        .unwrap();
    let serving = place.serve_with(|command| {
        command
            .args(["--config", "recontact.toml"])
            .env("RECONTACT_LIMITS__TEXTS_PER_REQUEST", "1");
    });
    let two = json!({"inputs": [{"text": "a"}, {"text": "b"}]});
    let (status, body) = serving.client.send("POST", "/v1/classify", &two).unwrap();
    assert_eq!((status, &body["code"]), (422, &json!("too_many_items")));
    let (status, _) = serving.client.send("GET", "/v1/tickets?limit=61", &Value::Null).unwrap();
    assert_eq!(status, 400);
}

#[test]
fn wrong_options_are_told_by_name_and_end_with_an_error() {
    let place = Place::new();
    let folder = place.folder.path();
    fs::write(folder.join("unknown.toml"), "colour = \"red\"\n").unwrap();
    fs::write(folder.join("broken.toml"), "listen = \n").unwrap();
    fs::write(folder.join("empty-token"), "\n").unwrap();
    fs::write(folder.join("no-key"), "secret\n").unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    for (arguments, said) in [
        (vec!["--colour", "red"], "--colour"),
        (vec!["--listen", "everywhere"], "everywhere"),
        (vec!["--config", "no-such.toml"], "no-such.toml"),
        (vec!["--config", "unknown.toml"], "colour"),
        (vec!["--config", "broken.toml"], "listen"),
        (vec!["--database", "mysql://localhost/x"], "sqlite:PATH"),
        (vec!["--database", "sqlite:models"], "database"),
        (vec!["--token-file", "no-such-token"], "no-such-token"),
        (vec!["--token-file", "empty-token"], "token is empty"),
        (vec!["--customer-key-file", "no-key"], "no-key"),
        (vec!["--listen", &taken], &taken),
    ] {
        let mut command = recontact();
        command.current_dir(folder).arg("serve");
        for (option, value) in [
            ("--listen", "127.0.0.1:0"),
            ("--database", "sqlite:a.db"),
            ("--customer-key-file", "a.key"),
        ] {
            if !arguments.contains(&option) {
                command.args([option, value]);
            }
        }
        let output = command.args(&arguments).output().unwrap();
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success(), "{arguments:?}");
        assert!(errors.contains(said), "{arguments:?}: {errors}");
        assert!(
            !errors.contains("panicked") && !errors.contains("secret"),
            "{arguments:?}: {errors}"
        );
    }
}

#[test]
fn another_customer_key_is_refused_for_a_database_in_use() {
    let place = Place::new();
    place.serve().kill();
    fs::remove_file(place.folder.path().join("customer.key")).unwrap();
    let output = place.serve_command().output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && errors.contains("customer key"), "{errors}");
}

/// Something done to a file.
type Damage = fn(&Path);

/// `recontact models …`
fn models(folder: &Path, arguments: &[&str]) -> Output {
    recontact().args(["models", "--models"]).arg(folder).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn models_are_listed_shown_and_verified() {
    let place = Place::new();
    let list = models(&place.models(), &["list"]);
    assert!(list.status.success());
    let lines: Vec<Vec<&str>> =
        text(&list.stdout).lines().map(|line| line.split_whitespace().take(3).collect()).collect();
    assert_eq!(lines, [["category", "cards-1", "live"], ["risk", "incidents-1", "live"]]);
    let shown = models(&place.models(), &["show", "risk", "incidents-1"]);
    assert!(text(&shown.stdout).starts_with("# Recontact risk incidents-1"));
    let verified = models(&place.models(), &["verify"]);
    assert!(verified.status.success());
    assert_eq!(text(&verified.stdout).matches("ok ").count(), 2);
}

/// What `live.toml` says, by its keys.
fn live(place: &Place) -> toml::Table {
    fs::read_to_string(place.models().join("live.toml")).unwrap().parse().unwrap()
}

/// A comparison of the live category model with another version, whose accuracy differs by so much.
fn comparison(place: &Place, candidate: &str, difference: f64) -> PathBuf {
    let sha256 = |version: &str| {
        let manifest = place.models().join("category").join(version).join("manifest.json");
        recontact::registry::artifact::sha256_file(&manifest).unwrap()
    };
    let model = |version: &str| json!({"version": version, "manifest_sha256": sha256(version)});
    let content = json!({
        "format": 1, "kind": "category", "a": model("cards-1"), "b": model(candidate),
        "data": {"file": "later.csv", "sha256": "0".repeat(64), "rows": 1000},
        "compared_at": "2026-03-01T00:00:00Z",
        "differences": [{
            "metric": "accuracy", "higher_is_better": true, "decides": true, "a": 0.9, "b": 0.9 + difference,
            "difference": difference, "interval": {"low": difference - 0.001, "high": difference + 0.001}}],
        "reading": "fields that a promotion does not ask for are no hindrance",
    });
    let path = place.folder.path().join(format!("{candidate}.json"));
    fs::write(&path, content.to_string()).unwrap();
    path
}

#[test]
fn a_promotion_can_be_taken_back() {
    let place = Place::new();
    trained::copy_risk_model(&place.models(), "incidents-2");
    let before = live(&place);
    assert!(models(&place.models(), &["promote", "risk", "incidents-2"]).status.success());
    assert_eq!(live(&place)["risk"]["version"].as_str(), Some("incidents-2"));
    let back = models(&place.models(), &["rollback", "risk", "--reason", "too many calls"]);
    assert_eq!(text(&back.stdout), "risk incidents-1 is live again\n");
    let after = live(&place);
    for key in ["version", "manifest_sha256"] {
        assert_eq!(after["risk"][key], before["risk"][key]);
    }
    let nothing = models(&place.models(), &["rollback", "risk"]);
    assert!(!nothing.status.success());
    assert!(
        text(&nothing.stderr).contains("no risk model was live before"),
        "{}",
        text(&nothing.stderr)
    );
    assert_eq!(live(&place), after);
    let listed = models(&place.models(), &["list"]);
    assert!(text(&listed.stdout).contains("too many calls"), "{}", text(&listed.stdout));
}

#[test]
fn a_model_takes_the_place_of_a_live_one_only_on_grounds() {
    let place = Place::new();
    trained::write_category_model(&place.models(), "cards-2");
    trained::write_category_model(&place.models(), "cards-3");
    let promote = |version: &str, more: &[&str]| {
        let arguments = [&["promote", "category", version], more].concat();
        models(&place.models(), &arguments)
    };
    let before = live(&place);
    let worse = comparison(&place, "cards-3", -0.02);
    for (more, said) in [
        (&[][..], "cards-1 is live"),
        (&["--reason", "I like it"], "cards-1 is live"),
        (&["--comparison", worse.to_str().unwrap()], "the candidate is worse: accuracy 0.8800"),
        (&["--comparison", "none.json"], "none.json"),
    ] {
        let refused = promote("cards-3", more);
        assert_eq!(refused.status.code(), Some(1), "{more:?}");
        let message = text(&refused.stderr);
        assert!(message.contains(said), "{more:?}: {message}");
        assert_eq!(live(&place), before, "{more:?}");
    }
    for wrong in [&["--force"][..], &["--force", "--reason", " "]] {
        assert_eq!(promote("cards-3", wrong).status.code(), Some(2), "{wrong:?}");
    }

    let better = comparison(&place, "cards-3", 0.01);
    let found = promote("cards-3", &["--comparison", better.to_str().unwrap(), "--by", "Anna"]);
    assert!(found.status.success(), "{}", text(&found.stderr));
    let forced = promote("cards-2", &["--force", "--reason", "cards-3 was slow", "--by", "Boris"]);
    assert!(forced.status.success(), "{}", text(&forced.stderr));
    let now = live(&place);
    let history = now["category"]["history"].as_array().unwrap();
    let told: Vec<_> = history
        .iter()
        .map(|entry| ["version", "step", "by"].map(|key| entry[key].as_str().unwrap()))
        .collect();
    assert_eq!(told, [["cards-3", "promoted", "Anna"], ["cards-2", "forced", "Boris"]]);
    assert!(history[0]["compared"].as_str().unwrap().contains("accuracy +0.0100"));
    assert_eq!(history[1]["reason"].as_str(), Some("cards-3 was slow"));
    let shown = models(&place.models(), &["show", "category", "cards-3"]);
    assert!(text(&shown.stdout).contains("by Anna: accuracy +0.0100"), "{}", text(&shown.stdout));
    let again = promote("cards-2", &[]);
    assert!(again.status.success(), "the live model is live already");
    assert_eq!(live(&place), now);
}

#[test]
fn a_promotion_that_was_killed_half_way_leaves_what_was_live() {
    let place = Place::new();
    let before = live(&place);
    let torn = place.models().join(".live.toml.partial");
    fs::write(&torn, "[category]\nversion = \"ca").unwrap();
    let listed = models(&place.models(), &["list"]);
    assert!(text(&listed.stdout).contains("cards-1"), "{}", text(&listed.stdout));
    let serving = place.serve();
    let answer =
        serving.client.send("POST", "/v1/classify", &json!({"text": "My card has not arrived"}));
    assert_eq!(answer.unwrap().1["model"]["version"], "cards-1");
    trained::copy_risk_model(&place.models(), "incidents-2");
    assert!(models(&place.models(), &["promote", "risk", "incidents-2"]).status.success());
    assert_eq!(live(&place)["category"], before["category"]);
    assert!(!torn.exists(), "what was left is gone");
}

#[test]
fn a_model_of_a_newer_format_is_refused_by_name() {
    let place = Place::new();
    trained::copy_risk_model(&place.models(), "from-tomorrow");
    let manifest = place.models().join("risk/from-tomorrow/manifest.json");
    let text_of = fs::read_to_string(&manifest).unwrap();
    let newer = text_of.replacen("\"format\": 1", "\"format\": 2, \"colour\": \"red\"", 1);
    assert_ne!(newer, text_of);
    fs::write(&manifest, newer).unwrap();
    let refused = models(&place.models(), &["promote", "risk", "from-tomorrow"]);
    let message = text(&refused.stderr);
    assert!(message.contains("format 2 where 1 was expected"), "{message}");
    assert!(message.contains("from-tomorrow"), "{message}");
}

#[test]
fn a_damaged_folder_is_refused_by_file_name_and_live_toml_stays() {
    let damages: [(&str, Damage); 3] = [
        ("tampered", |file| {
            let mut bytes = fs::read(file).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            fs::write(file, bytes).unwrap();
        }),
        ("truncated", |file| {
            let bytes = fs::read(file).unwrap();
            fs::write(file, &bytes[..bytes.len() / 2]).unwrap();
        }),
        ("missing", |file| fs::remove_file(file).unwrap()),
    ];
    let place = Place::new();
    let live = || fs::read_to_string(place.models().join("live.toml")).unwrap();
    let before = live();
    for (file, (what, damage)) in
        ["model.json", "card.md"].into_iter().flat_map(|file| damages.map(|damage| (file, damage)))
    {
        let version = format!("{what}-{}", file.replace('.', "-"));
        trained::copy_risk_model(&place.models(), &version);
        damage(&place.models().join("risk").join(&version).join(file));
        let refused = models(&place.models(), &["promote", "risk", &version]);
        assert_eq!(refused.status.code(), Some(1), "{version}");
        assert!(text(&refused.stderr).contains(file), "{version}: {}", text(&refused.stderr));
        assert_eq!(live(), before, "{version}");
    }
    let verified = models(&place.models(), &["verify"]);
    assert!(!verified.status.success());
    assert_eq!(text(&verified.stdout).matches("DAMAGED").count(), 6, "{}", text(&verified.stdout));
}

#[test]
fn what_is_no_model_is_refused_by_name() {
    let place = Place::new();
    for arguments in [
        ["promote", "risk", "no-such"],
        ["promote", "risk", "../category/cards-1"],
        ["promote", "category", "incidents-1"],
        ["show", "category", "no-such"],
    ] {
        let refused = models(&place.models(), &arguments);
        assert_eq!(refused.status.code(), Some(1), "{arguments:?}");
        assert!(text(&refused.stderr).contains(arguments[2]), "{}", text(&refused.stderr));
    }
    let usage = models(&place.models(), &["promote", "colour", "red"]);
    assert_eq!(usage.status.code(), Some(2));
    assert!(
        text(&usage.stderr).contains("category, kind, urgency, team, language, risk"),
        "{}",
        text(&usage.stderr)
    );
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < DEADLINE, "waited in vain until {what}");
        std::thread::yield_now();
    }
}

/// Texts that wait for inference.
fn queue_length(client: &Client) -> f64 {
    let url = format!("http://127.0.0.1:{}/metrics", client.port);
    let metrics = client.agent.get(&url).call().unwrap().body_mut().read_to_string().unwrap();
    let line = metrics.lines().find(|line| line.starts_with("recontact_inference_queue_texts "));
    line.and_then(|line| line.rsplit(' ').next()?.parse().ok()).unwrap_or(0.0)
}

/// Sends a request to classify on a connection of its own, whose answer is read later.
fn begin(port: u16, body: &Value) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    let body = serde_json::to_vec(body).unwrap();
    let head = format!(
        "POST /v1/classify HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&body).unwrap();
    stream
}

/// One answer with a length, off a raw connection.
fn read_answer(stream: &mut TcpStream) -> (u16, String) {
    let mut reader = BufReader::new(stream);
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        assert_ne!(reader.read_line(&mut line).unwrap(), 0, "the connection ended after {head:?}");
        if line.trim().is_empty() {
            break;
        }
        head.push(line.to_ascii_lowercase());
    }
    let status = head[0].split(' ').nth(1).unwrap().parse().unwrap();
    let length = head.iter().find_map(|line| line.strip_prefix("content-length:")).unwrap();
    let mut body = vec![0; length.trim().parse().unwrap()];
    reader.read_exact(&mut body).unwrap();
    (status, String::from_utf8(body).unwrap())
}

/// What `recontact report next-issues` says in a folder.
fn report_next_issues(folder: &Path, args: &[&str]) -> Output {
    recontact()
        .current_dir(folder)
        .args(["report", "next-issues", "--database", "sqlite:recontact.db"])
        .args(["--customer-key-file", "customer.key"])
        .args(args)
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn next_issues_are_reported_as_table_csv_and_json() {
    use recontact::store::{CustomerKey, Store, StoreOptions};
    let folder = tempfile::tempdir().unwrap();
    let missing = report_next_issues(folder.path(), &[]);
    let error = String::from_utf8_lossy(&missing.stderr).into_owned();
    assert!(
        !missing.status.success() && error.contains("recontact.db: no such database file"),
        "{error}"
    );
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "a report makes no files");

    let key = "07".repeat(CustomerKey::BYTES);
    fs::write(folder.path().join("customer.key"), &key).unwrap();
    let url = format!("sqlite:{}", folder.path().join("recontact.db").display());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let key = CustomerKey::parse(&key).unwrap();
        Store::connect(&url, key, StoreOptions::default()).await.unwrap().close().await;
        let mut filler = filler::Filler::connect(&url).await;
        let old = recontact::timestamp::Timestamp::now().millis() - 45 * filler::DAY;
        filler.followed(("card", "new, PIN"), old, (40, 10), 36 * filler::HOUR).await;
        filler.followed(("loan", "loan"), old, (50, 5), filler::HOUR).await;
        filler.close().await;
    });

    let table = said(&report_next_issues(folder.path(), &[]));
    assert!(table.contains("from 90 mature episodes") && table.contains("new, PIN"), "{table}");
    let json =
        said(&report_next_issues(folder.path(), &["--format", "json", "--window-days", "3"]));
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["window_days"], 3);
    assert_eq!(json["primaries"][0]["category"], "loan");
    let csv = said(&report_next_issues(folder.path(), &["--format", "csv", "--category", "card"]));
    let mut rows = csv::Reader::from_reader(csv.as_bytes());
    let column = rows.headers().unwrap().iter().position(|name| name == "secondary").unwrap();
    let rows: Vec<_> = rows.records().map(Result::unwrap).collect();
    assert_eq!((rows.len(), &rows[0][column], rows[0].len()), (1, "new, PIN", 23));

    let wrong = report_next_issues(folder.path(), &["--window-days", "5"]);
    assert_eq!(wrong.status.code(), Some(2));
}

#[test]
fn the_weekly_report_is_written_in_every_form_and_handed_on_by_hand() {
    let place = Place::new();
    let folder = place.folder.path();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let url = format!("sqlite:{}", folder.join("recontact.db").display());
    let key = recontact::customer_key::load_or_make(&folder.join("customer.key")).unwrap();
    runtime.block_on(async {
        use recontact::store::{Store, StoreOptions};
        Store::connect(&url, key, StoreOptions::default()).await.unwrap().close().await;
    });
    fs::create_dir(folder.join("weekly")).unwrap();
    let config = "models = 'models'\n[weekly_report]\nfolder = 'weekly'\n";
    fs::write(folder.join("recontact.toml"), config).unwrap();
    let report = |args: &[&str]| {
        let mut command = recontact();
        command
            .current_dir(folder)
            .args(["report", "weekly", "--config", "recontact.toml", "--database"])
            .args(["sqlite:recontact.db", "--customer-key-file", "customer.key"])
            .args(args)
            .output()
            .unwrap()
    };
    let text = said(&report(&["--week", "2026-W05"]));
    assert!(text.starts_with("Weekly report 2026-W05\n"), "{text}");
    let html = said(&report(&["--week", "2026-01-28", "--format", "html"]));
    assert!(html.contains("<title>Weekly report 2026-W05</title>"), "{html}");
    let json: Value =
        serde_json::from_str(&said(&report(&["--week", "2026-W05", "--format", "json"]))).unwrap();
    assert_eq!(
        (&json["week"], &json["repeat_contacts"]["share"]),
        (&json!("2026-W05"), &Value::Null)
    );
    let pdf = report(&["--week", "2026-W05", "--format", "pdf"]);
    assert!(pdf.status.success() && pdf.stdout.starts_with(b"%PDF-1.7"));
    assert_eq!(said(&report(&["--send"])), "folder: sent\n");
    assert_eq!(fs::read_dir(folder.join("weekly")).unwrap().count(), 4);
    assert!(said(&report(&["--send"])).starts_with("folder: nothing to do"));
    assert!(!report(&["--week", "2999-W01"]).status.success());
    assert_eq!(report(&["--week", "2026-W99"]).status.code(), Some(2));
}

/// What `recontact report kpi` says in a folder.
fn report_kpi(folder: &Path, args: &[&str]) -> Output {
    recontact()
        .current_dir(folder)
        .args(["report", "kpi", "--database", "sqlite:recontact.db"])
        .args(["--customer-key-file", "customer.key"])
        .args(args)
        .output()
        .unwrap()
}

#[test]
fn key_figures_are_reported_as_table_csv_and_json() {
    use recontact::kpi::{Day, Zone};
    use recontact::store::{CustomerKey, Store, StoreOptions};
    let folder = tempfile::tempdir().unwrap();
    let key = "07".repeat(CustomerKey::BYTES);
    fs::write(folder.path().join("customer.key"), &key).unwrap();
    let url = format!("sqlite:{}", folder.path().join("recontact.db").display());
    let now = recontact::timestamp::Timestamp::now();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let key = CustomerKey::parse(&key).unwrap();
        Store::connect(&url, key, StoreOptions::default()).await.unwrap().close().await;
        let mut filler = filler::Filler::connect(&url).await;
        let old = now.millis() - 45 * filler::DAY;
        filler.followed(("card", "new, PIN"), old, (40, 10), 36 * filler::HOUR).await;
        filler.followed(("loan", "loan"), old, (50, 5), filler::HOUR).await;
        filler.close().await;
    });
    let today: Day = Zone::parse("UTC").unwrap().day_of(now);
    let (from, to) = (today.plus(-60).to_string(), today.to_string());
    let period = ["--from", from.as_str(), "--to", to.as_str()];

    let table = said(&report_kpi(folder.path(), &period));
    assert!(table.contains("Repeat contact rate, 14 d") && table.contains("n 90"), "{table}");
    assert!(table.contains("not measured: needs field nps of the ticket event"), "{table}");
    let asked = ["--by", "category", "--measure", "rcr,resolution"];
    let csv =
        said(&report_kpi(folder.path(), &[&period[..], &asked, &["--format", "csv"]].concat()));
    let mut rows = csv::Reader::from_reader(csv.as_bytes());
    let place = |name: &str, headers: &csv::StringRecord| {
        headers.iter().position(|column| column == name).unwrap()
    };
    let headers = rows.headers().unwrap().clone();
    let (label, measure, n) =
        (place("label", &headers), place("measure", &headers), place("n", &headers));
    let rows: Vec<_> = rows
        .records()
        .map(Result::unwrap)
        .map(|row| [row[label].to_owned(), row[measure].to_owned(), row[n].to_owned()])
        .collect();
    let expected = [
        ["card", "rcr", "40"],
        ["card", "resolution", "40"],
        ["loan", "rcr", "50"],
        ["loan", "resolution", "50"],
    ];
    assert_eq!(rows, expected.map(|row| row.map(str::to_owned)));
    let more = ["--rebuild", "--language", "be", "--format", "json", "--by", "month"];
    let json = said(&report_kpi(folder.path(), &[&period[..], &more].concat()));
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        (&json["step"], &json["definitions"][0]["name"]),
        (&json!("month"), &json!("Доля паўторных зваротаў"))
    );

    let wrong = report_kpi(folder.path(), &["--measure", "happiness"]);
    let error = String::from_utf8_lossy(&wrong.stderr).into_owned();
    assert!(!wrong.status.success() && error.contains("happiness"), "{error}");
}

#[test]
fn who_was_followed_up_is_written_as_a_file_for_training() {
    use recontact::store::{CustomerKey, Store, StoreOptions};
    let folder = tempfile::tempdir().unwrap();
    let key = "07".repeat(CustomerKey::BYTES);
    fs::write(folder.path().join("customer.key"), &key).unwrap();
    let url = format!("sqlite:{}", folder.path().join("recontact.db").display());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let key = CustomerKey::parse(&key).unwrap();
        Store::connect(&url, key, StoreOptions::default()).await.unwrap().close().await;
    });
    let output = recontact()
        .current_dir(folder.path())
        .args(["report", "treated", "--database", "sqlite:recontact.db", "--out", "treated.csv"])
        .args(["--customer-key-file", "customer.key"])
        .output()
        .unwrap();
    assert_eq!(said(&output), "");
    assert!(String::from_utf8_lossy(&output.stderr).contains("0 tickets were flagged"));
    let csv = fs::read_to_string(folder.path().join("treated.csv")).unwrap();
    assert_eq!(csv, "ticket_id,arm,treated\n");
}

#[test]
fn what_people_corrected_is_written_as_a_file_for_training() {
    use recontact::contact::{Contact, ContactText, Head};
    use recontact::outcome::{AdjacentPairs, Author, ContactKind, OutcomePolicy};
    use recontact::store::{
        ContactAnalysis, CustomerKey, NewFeedback, OutcomeRules, Store, StoreOptions, Tenant,
    };
    use recontact::ticket::Name;
    use recontact::timestamp::Timestamp;
    let folder = tempfile::tempdir().unwrap();
    let key = "07".repeat(CustomerKey::BYTES);
    fs::write(folder.path().join("customer.key"), &key).unwrap();
    let url = format!("sqlite:{}", folder.path().join("recontact.db").display());
    let at = Timestamp::parse("2026-01-05T09:00:00Z").unwrap();
    let name = |text: &str| Name::parse(text).unwrap();
    let contact = Contact {
        id: name("c-1"),
        customer: name("u-1").into(),
        also_known_as: Vec::new(),
        author: Author::Customer,
        stated_kind: None,
        follow_up_id: None,
        ticket_id: None,
        occurred_at: at,
        channel: None,
        text: ContactText::parse("My card has not arrived", 100).unwrap(),
    };
    let analysis = ContactAnalysis {
        classification_json: r#"{"category":"card","probability":0.5,"action":"auto"}"#.to_owned(),
        model_version: "cards-1".to_owned(),
        category: None,
        category_is_certain: false,
        embedding: None,
        encoder: None,
        kind: ContactKind::Substantive,
        kind_rule: "default".to_owned(),
        text: None,
    };
    let said = |label: &str, occurred_at| NewFeedback {
        contact_id: name("c-1"),
        head: Head::Category,
        label: name(label),
        author: name("agent-1"),
        occurred_at,
        note: None,
        is_known_label: None,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let key = CustomerKey::parse(&key).unwrap();
        let store = Store::connect(&url, key, StoreOptions::default()).await.unwrap();
        let (pairs, policy) = (AdjacentPairs::default(), OutcomePolicy::default());
        let rules = OutcomeRules { pairs: &pairs, policy: &policy, late_after_ms: 1 };
        let tenant = Tenant::DEFAULT;
        store.record_contact(&tenant, &contact, &analysis, &rules, at).await.unwrap();
        for said in [said("loan", at.plus_days(-1)), said("loan, new", at)] {
            store.record_feedback(&tenant, &said, at).await.unwrap();
        }
        store.close().await;
    });
    let output = recontact()
        .current_dir(folder.path())
        .args(["report", "corrections", "--database", "sqlite:recontact.db"])
        .args(["--customer-key-file", "customer.key", "--out", "corrections.csv"])
        .args(["--since", "2026-01-05T00:00:00Z"])
        .output()
        .unwrap();
    assert_eq!(said_nothing(&output), "1 corrections: corrections.csv\n");
    let csv = fs::read_to_string(folder.path().join("corrections.csv")).unwrap();
    assert_eq!(
        csv,
        "contact_id,head,label,author,occurred_at,predicted_label,probability,model_version\n\
         c-1,category,\"loan, new\",agent-1,2026-01-05T09:00:00Z,card,0.5,cards-1\n"
    );
}

/// Whether bytes stand in other bytes.
fn holds(bytes: &[u8], part: &str) -> bool {
    bytes.windows(part.len()).any(|window| window == part.as_bytes())
}

#[test]
fn nothing_unredacted_is_written_to_the_database_or_the_log() {
    const SECRETS: [&str; 7] = [
        "4111 1111 1111 1111",
        "+375 29 123-45-67",
        "ann.smith@example.org",
        "Tr0ub4dor&3",
        "3140583A001PB5",
        "Kowalska",
        "BY13NBRB3600900000002Z00AB00",
    ];
    let place = Place::new();
    let log = place.folder.path().join("log");
    let mut child = place
        .serve_command()
        .env("RUST_LOG", "trace")
        .stderr(fs::File::create(&log).unwrap())
        .spawn()
        .unwrap();
    wait_until("the service listens", || {
        fs::read_to_string(place.port_file()).is_ok_and(|port| !port.is_empty())
    });
    let port = fs::read_to_string(place.port_file()).unwrap().trim().parse().unwrap();
    let client = Client::new(port);
    let text = format!(
        "My name is Anna Kowalska, card {}, call {} or write to {}. My password is {}, id {}, account {}.",
        SECRETS[0], SECRETS[1], SECRETS[2], SECRETS[3], SECRETS[4], SECRETS[6]
    );
    let at = "2026-01-05T09:00:00Z";
    let contact = json!({"id": "c-1", "customer_id": "u-1", "ticket_id": "t-1", "occurred_at": at, "text": text});
    let opened = json!({"customer_id": "u-1", "opened_at": at, "category": "cards", "texts": {"first": text, "last": text}});
    let closed =
        json!({"closed_at": "2026-01-06T09:00:00Z", "texts": {"answer": text, "other": text}});
    let mut wrong = contact.clone();
    wrong["occurred_at"] = json!("yesterday");
    let classify = json!({ "text": text });
    let requests = [
        ("POST", "/v1/classify", &classify),
        ("POST", "/v1/contacts", &wrong),
        ("PUT", "/v1/tickets/t-1", &opened),
        ("POST", "/v1/contacts", &contact),
        ("POST", "/v1/contacts", &contact),
        ("POST", "/v1/tickets/t-1/close", &closed),
        ("POST", "/v1/similar", &classify),
    ];
    let statuses = requests.map(|(method, path, body)| client.send(method, path, body).unwrap().0);
    assert_eq!(statuses[..6], [200, 422, 201, 201, 200, 200]);
    // Killed, so that the log of the database is still there to be looked at.
    child.kill().unwrap();
    child.wait().unwrap();
    let mut read = 0;
    for entry in fs::read_dir(place.folder.path()).unwrap() {
        let path = entry.unwrap().path();
        if !path.is_file() {
            continue;
        }
        let bytes = fs::read(&path).unwrap();
        for secret in SECRETS {
            assert!(!holds(&bytes, secret), "{secret} in {}", path.display());
        }
        read += usize::from(holds(&bytes, "<CREDIT_CARD>"));
    }
    assert!(read > 0, "no redacted text was found: was anything looked at?");
}

/// What a program that writes a file says on standard error.
fn said_nothing(output: &Output) -> String {
    assert_eq!(said(output), "");
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn drift_is_reported_as_table_csv_and_json() {
    use recontact::store::{CustomerKey, Store, StoreOptions};
    let folder = tempfile::tempdir().unwrap();
    let key = "07".repeat(CustomerKey::BYTES);
    fs::write(folder.path().join("customer.key"), &key).unwrap();
    let url = format!("sqlite:{}", folder.path().join("recontact.db").display());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let key = CustomerKey::parse(&key).unwrap();
        Store::connect(&url, key, StoreOptions::default()).await.unwrap().close().await;
    });
    let report = |format: &str| {
        let output = recontact()
            .current_dir(folder.path())
            .args(["report", "monitoring", "--database", "sqlite:recontact.db"])
            .args(["--customer-key-file", "customer.key", "--format", format])
            .output()
            .unwrap();
        said(&output)
    };
    let table = report("table");
    assert!(table.starts_with("Status too_few: ") && table.contains("embedding_domain"), "{table}");
    let json: Value = serde_json::from_str(&report("json")).unwrap();
    let csv = report("csv");
    let rows = csv::Reader::from_reader(csv.as_bytes()).into_records().map(Result::unwrap).count();
    assert_eq!(rows, json["figures"].as_array().unwrap().len());
}

/// `recontact users …` with a password on standard input.
fn users(place: &Place, args: &[&str], password: &str) -> Output {
    let mut command = recontact();
    command.current_dir(place.folder.path()).arg("users").args(args);
    command.args(["--database", &place.database, "--customer-key-file", "customer.key"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    writeln!(child.stdin.take().unwrap(), "{password}").unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn the_first_user_is_made_on_the_command_line_before_the_first_start() {
    let place = Place::new();
    let add = ["add", "Ann", "--role", "admin", "--password-stdin"];
    let refused = users(&place, &add, "short");
    assert!(text(&refused.stderr).contains("10 to 200 characters"), "{}", text(&refused.stderr));
    let added = said(&users(&place, &add, "correct horse battery"));
    assert_eq!(added, "ann may sign in as admin\n");
    let again = users(&place, &add, "correct horse battery");
    assert!(text(&again.stderr).contains("there is a user ann already"), "{}", text(&again.stderr));
    let lead = ["add", "tom", "--role", "team-lead", "--password-stdin"];
    let refused = users(&place, &lead, "correct horse battery");
    assert!(text(&refused.stderr).contains("the team of a team lead"), "{}", text(&refused.stderr));
    let asked = users(&place, &["set-password", "ann"], "");
    assert!(text(&asked.stderr).contains("--password-stdin"), "{}", text(&asked.stderr));

    let serving = place.serve();
    let refused = users(&place, &["disable", "ann"], "");
    assert!(text(&refused.stderr).contains("ann is the last admin"), "{}", text(&refused.stderr));
    let eva = ["add", "eva", "--role", "analyst", "--display-name", "Eva K.", "--password-stdin"];
    said(&users(&place, &eva, "correct horse battery"));
    assert_eq!(
        said(&users(&place, &["disable", "eva"], "")),
        "eva is disabled and signed out everywhere\n"
    );
    let list = said(&users(&place, &["list"], ""));
    let lines: Vec<Vec<&str>> =
        list.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(
        lines,
        [vec!["ann", "admin", "ann"], vec!["eva", "analyst", "disabled", "Eva", "K."]]
    );
    assert_eq!(said(&users(&place, &["enable", "eva"], "")), "eva may sign in again\n");
    let set = users(&place, &["set-password", "eva", "--password-stdin"], "another long password");
    assert_eq!(said(&set), "eva has a new password and is signed out everywhere\n");
    let unknown = users(&place, &["enable", "nobody"], "");
    assert!(text(&unknown.stderr).contains("there is no user nobody"), "{}", text(&unknown.stderr));
    drop(serving);
}
