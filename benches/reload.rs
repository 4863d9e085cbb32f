//! Whether models can be promoted while the service answers: `make bench-reload`.
//!
//! The real service is started on loopback with two copies of the live category model under different versions. Requests are due
//! at even steps, whether or not earlier ones are answered, and latency counts from the moment one was due; meanwhile one version
//! after the other is promoted, as `recontact models promote` does it, and the service told by SIGHUP. Every answer must be a 200
//! that names a version which was live while it was being made: none but the new one once the service has been seen to answer
//! with it. The program ends with 1 if one is not. Client and service share the processor.
//!
//! Options after `--`: `--seconds N` (20), `--rate N` requests a second (200), `--connections N` (8), `--pause-ms N` between a
//! promotion that was taken over and the next (500), `--program FILE` another build of the service than this one.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "prints its result; a benchmark that cannot run has nothing to report; small counts"
)]

#[path = "support/service.rs"]
mod service;

use recontact::registry::{ModelKind, Registry};
use serde_json::{Value, json};
use service::{Connection, Server, quantile};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The two versions that take turns.
const VERSIONS: [&str; 2] = ["before", "after"];
/// How long a promotion may take to be answered with.
const TAKE_OVER: Duration = Duration::from_secs(10);

struct Options {
    length: Duration,
    rate: u32,
    connections: u32,
    pause: Duration,
    program: PathBuf,
}

/// One answer, or why there is none.
struct Answered {
    asked: Instant,
    done: Instant,
    latency_ms: f64,
    version: Result<String, String>,
}

/// When a version was promoted, and when the service was first seen to answer with it.
struct TakenOver {
    version: &'static str,
    promoted: Instant,
    seen: Instant,
}

fn main() -> ExitCode {
    let options = Options::read();
    let folder = tempfile::tempdir().unwrap();
    let models = folder.path().join("models");
    install(&models);
    let server = Server::start(&options.program, folder.path(), |command| {
        command
            .arg("--database")
            .arg(format!("sqlite:{}", folder.path().join("bench.db").display()))
            .arg("--models")
            .arg(&models)
            .env("RECONTACT_CUSTOMER_KEY_FILE", folder.path().join("customer.key"))
    });
    // A first answer warms the service up and is not counted.
    ask(&mut Connection::open(server.port).unwrap(), 0).expect("the service answers");
    let is_over = AtomicBool::new(false);
    let answers = Mutex::new(Vec::new());
    let mut turns = Vec::new();
    std::thread::scope(|scope| {
        let promoting = scope.spawn(|| promote_in_turn(&server, &models, &options, &is_over));
        send(&server, &options, &answers);
        is_over.store(true, Ordering::Relaxed);
        turns = promoting.join().unwrap();
    });
    report(&options, &answers.into_inner().unwrap(), &turns)
}

impl Options {
    fn read() -> Self {
        let mut options = Self {
            length: Duration::from_secs(20),
            rate: 200,
            connections: 8,
            pause: Duration::from_millis(500),
            program: PathBuf::from(env!("CARGO_BIN_EXE_recontact")),
        };
        let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
        while let Some(name) = arguments.next() {
            let value = arguments.next().unwrap_or_default();
            let number = || value.parse::<u32>().expect("a whole number").max(1);
            match name.as_str() {
                "--seconds" => options.length = Duration::from_secs(number().into()),
                "--rate" => options.rate = number(),
                "--connections" => options.connections = number(),
                "--pause-ms" => options.pause = Duration::from_millis(number().into()),
                "--program" => options.program = PathBuf::from(&value),
                other => panic!("unknown option {other}"),
            }
        }
        options
    }
}

/// A models folder with the shipped encoders and two copies of the live category model, the first of them live.
fn install(models: &Path) {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    fs::create_dir_all(models).unwrap();
    std::os::unix::fs::symlink(shipped.join("encoder"), models.join("encoder")).unwrap();
    let live = Registry::new(&shipped).live().unwrap();
    let live = &live.get(&ModelKind::Category).expect("a category model is live").version;
    for version in VERSIONS {
        let folder = models.join("category").join(version);
        fs::create_dir_all(&folder).unwrap();
        for entry in fs::read_dir(shipped.join("category").join(live)).unwrap() {
            let file = entry.unwrap();
            fs::copy(file.path(), folder.join(file.file_name())).unwrap();
        }
    }
    Registry::new(models).promote(ModelKind::Category, VERSIONS[0]).unwrap();
}

/// Sends what is due until the time is over.
fn send(server: &Server, options: &Options, answers: &Mutex<Vec<Answered>>) {
    let start = Instant::now();
    let step = Duration::from_secs(1) / options.rate;
    let next = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..options.connections {
            scope.spawn(|| {
                let mut connection = Connection::open(server.port);
                let mut own = Vec::new();
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let due = start + step * u32::try_from(number).unwrap();
                    if due >= start + options.length {
                        break;
                    }
                    std::thread::sleep(due.saturating_duration_since(Instant::now()));
                    let asked = Instant::now();
                    let version = match &mut connection {
                        Ok(open) => ask(open, number),
                        Err(error) => Err(error.to_string()),
                    };
                    if version.is_err() {
                        connection = Connection::open(server.port);
                    }
                    let latency_ms = due.elapsed().as_secs_f64() * 1e3;
                    own.push(Answered { asked, done: Instant::now(), latency_ms, version });
                }
                answers.lock().unwrap().extend(own);
            });
        }
    });
}

/// Classifies a text of its own, so that no embedding was kept, and answers with the version that did it.
fn ask(connection: &mut Connection, number: u64) -> Result<String, String> {
    let body = json!({ "text": format!("My card {number} has not arrived yet, where is it?") });
    let (status, answer) =
        connection.post("/v1/classify", &body.to_string()).map_err(|error| error.to_string())?;
    let answer: Value = serde_json::from_str(&answer).map_err(|error| error.to_string())?;
    let version = answer["model"]["version"].as_str();
    let version = version.filter(|_| status == 200 && answer["results"].is_array());
    version.map(str::to_owned).ok_or_else(|| format!("{status} {answer}"))
}

/// Promotes one version after the other, each once the service answers with the one before.
fn promote_in_turn(
    server: &Server,
    models: &Path,
    options: &Options,
    is_over: &AtomicBool,
) -> Vec<TakenOver> {
    let mut connection = Connection::open(server.port).unwrap();
    let registry = Registry::new(models);
    let start = Instant::now();
    let mut turns = vec![TakenOver { version: VERSIONS[0], promoted: start, seen: start }];
    loop {
        std::thread::sleep(options.pause);
        if is_over.load(Ordering::Relaxed) {
            return turns;
        }
        let version = VERSIONS[turns.len() % 2];
        let promoted = Instant::now();
        registry.promote(ModelKind::Category, version).unwrap();
        let told = Command::new("kill").args(["-HUP", &server.id().to_string()]).status();
        assert!(told.unwrap().success(), "the service is gone");
        let promised = Instant::now() + TAKE_OVER;
        let mut number = u64::MAX;
        while ask(&mut connection, number).as_deref() != Ok(version) {
            assert!(Instant::now() < promised, "version {version} is not taken over");
            number -= 1;
            std::thread::sleep(Duration::from_millis(10));
        }
        turns.push(TakenOver { version, promoted, seen: Instant::now() });
    }
}

/// Whether a version was live at some instant between a question and its answer: from its promotion until the service was seen
/// to answer with the next one.
fn was_live(turns: &[TakenOver], version: &str, asked: Instant, done: Instant) -> bool {
    turns.iter().enumerate().any(|(index, turn)| {
        let is_followed_before = turns.get(index + 1).is_some_and(|next| next.seen < asked);
        turn.version == version && turn.promoted <= done && !is_followed_before
    })
}

fn report(options: &Options, answers: &[Answered], turns: &[TakenOver]) -> ExitCode {
    let mut by_version: BTreeMap<&str, u64> = BTreeMap::new();
    let mut faults = Vec::new();
    for answer in answers {
        match &answer.version {
            Ok(version) if was_live(turns, version, answer.asked, answer.done) => {
                *by_version.entry(version).or_default() += 1;
            }
            Ok(version) => faults.push(format!("version {version:?} was not live then")),
            Err(fault) => faults.push(fault.clone()),
        }
    }
    let latencies: Vec<f64> = answers.iter().map(|answer| answer.latency_ms).collect();
    let taken: Vec<f64> =
        turns[1..].iter().map(|turn| (turn.seen - turn.promoted).as_secs_f64() * 1e3).collect();
    let versions: Vec<String> =
        by_version.iter().map(|(version, count)| format!("{version} {count}")).collect();
    println!(
        "| seconds | promotions | promotion until answered with, median / max, ms | answers | failures | by version | p50, ms | p99, ms | max, ms |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    println!(
        "| {:.0} | {} | {:.0} / {:.0} | {} | {} | {} | {:.2} | {:.2} | {:.2} |",
        options.length.as_secs_f64(),
        turns.len() - 1,
        quantile(&taken, 0.5),
        quantile(&taken, 1.0),
        answers.len(),
        faults.len(),
        versions.join(", "),
        quantile(&latencies, 0.5),
        quantile(&latencies, 0.99),
        quantile(&latencies, 1.0)
    );
    for fault in faults.iter().take(5) {
        eprintln!("{fault}");
    }
    if turns.len() < 2 {
        eprintln!("nothing was promoted: give it more seconds");
    }
    if faults.is_empty() && turns.len() > 1 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
