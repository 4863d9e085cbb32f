//! How much of the inference speed a client of the HTTP API gets: `cargo bench --bench http`, or `make bench-http`.
//!
//! In turn, for some rounds: 32 callers of the queue in this process, and 32 connections to the real server; no text is sent
//! twice, and nothing is cached. Then an open loop: requests come at random moments (a Poisson process) at 70 % of what the
//! server reached, whether or not earlier ones are answered, and latency counts from the moment a request was due. Client
//! and server share the processor.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "prints its result; a benchmark that cannot run has nothing to report; small counts"
)]

use recontact::classify::encoder::{InferenceOptions, Precision};
use recontact::classify::queue::{ClassifyQueue, QueueLimits};
use recontact::contact::ContactText;
use recontact::live_models::ModelSource;
use recontact::registry::Registry;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const CALLERS: usize = 32;
const ROUNDS: usize = 3;
const ROUND: Duration = Duration::from_secs(3);
const OPEN_LOOP: Duration = Duration::from_secs(10);
/// Share of the closed loop's throughput at which the open loop sends.
const LOAD: f64 = 0.7;

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    if !root.join("models/encoder/all-MiniLM-L6-v2/model.safetensors").exists() {
        println!("SKIPPED: the encoder is missing; get it with `make encoder`");
        return;
    }
    println!(
        "| precision | in process, texts/s | HTTP, texts/s | ratio | one at a time p50, ms | open loop p50 / p99, ms |"
    );
    println!("| --- | --- | --- | --- | --- | --- |");
    for precision in [Precision::Int8, Precision::F32] {
        compare(root, precision);
    }
}

fn compare(root: &Path, precision: Precision) {
    let texts = Texts::read(root);
    let server = Server::start(root, precision);
    let (mut inside, mut outside, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        // Made anew, so that its threads do not wait while the server is measured.
        let a = in_process(root, precision, &texts);
        let b = over_http(server.port, CALLERS, &texts).0;
        inside.push(a);
        outside.push(b);
        ratios.push(b / a);
    }
    let single = over_http(server.port, 1, &texts).1;
    let latencies = open_loop(server.port, median(&outside) * LOAD, &texts);
    println!(
        "| {precision:?} | {} | {} | {:.2} ({:.2}–{:.2}) | {:.2} | {:.2} / {:.2} at {:.0}/s |",
        spread(&inside),
        spread(&outside),
        median(&ratios),
        quantile(&ratios, 0.0),
        quantile(&ratios, 1.0),
        quantile(&single, 0.5),
        quantile(&latencies, 0.5),
        quantile(&latencies, 0.99),
        median(&outside) * LOAD,
    );
}

/// Real texts, each time with other spaces at the end, so that no two are equal.
struct Texts {
    texts: Vec<String>,
    next: AtomicUsize,
}

impl Texts {
    fn read(root: &Path) -> Self {
        let mut table = csv::Reader::from_path(root.join("data/banking77/test.csv")).unwrap();
        let texts = table.records().map(|row| row.unwrap()[0].to_owned()).collect();
        Self { texts, next: AtomicUsize::new(0) }
    }

    fn next(&self) -> String {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        // Spaces make the text another one without a token.
        let spaces = " ".repeat(number / self.texts.len() + 1);
        format!("{}{spaces}.", self.texts[number % self.texts.len()])
    }
}

fn options(precision: Precision) -> InferenceOptions {
    InferenceOptions { precision, ..InferenceOptions::default() }
}

/// Texts a second of callers of the queue, on as many threads as the server has.
fn in_process(root: &Path, precision: Precision, texts: &Texts) -> f64 {
    let source = ModelSource {
        registry: Registry::new(root.join("models")),
        encoder: None,
        encoder_prompt: None,
        inference: options(precision),
        policy: recontact::config::Settings::load(&Default::default()).unwrap().classify,
    };
    let classifier = source.load(None).classifier.unwrap();
    let limits = QueueLimits {
        waiting_texts: 4000,
        waiting_bytes: 1 << 26,
        batch_tokens: 1024,
        cached_embeddings: 0,
    };
    let queue = ClassifyQueue::start(limits, options(precision).threads()).unwrap();
    let threads = std::thread::available_parallelism().unwrap().get();
    let answered = AtomicUsize::new(0);
    let start = Instant::now();
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let callers = CALLERS * (thread + 1) / threads - CALLERS * thread / threads;
            let (queue, classifier, answered) = (&queue, &classifier, &answered);
            scope.spawn(move || {
                actix_web::rt::System::new().block_on(async {
                    let caller = async || {
                        while start.elapsed() < ROUND {
                            let text = ContactText::parse(&texts.next(), 1 << 20).unwrap();
                            queue.classify(classifier.clone(), vec![text], 3).await.unwrap();
                            answered.fetch_add(1, Ordering::Relaxed);
                        }
                    };
                    let all: Vec<_> = (0..callers).map(|_| Box::pin(caller())).collect();
                    join_all(all).await;
                });
            });
        }
    });
    answered.load(Ordering::Relaxed) as f64 / start.elapsed().as_secs_f64()
}

/// Waits for all of some futures of one thread.
async fn join_all<F: Future<Output = ()> + Unpin>(mut futures: Vec<F>) {
    std::future::poll_fn(|context| {
        futures.retain_mut(|future| std::pin::Pin::new(future).poll(context).is_pending());
        if futures.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
}

/// Texts a second over so many connections, each sending the next text when it has its answer; and the latencies in ms.
fn over_http(port: u16, connections: usize, texts: &Texts) -> (f64, Vec<f64>) {
    let latencies = Mutex::new(Vec::new());
    let start = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..connections {
            scope.spawn(|| {
                let mut connection = Connection::open(port);
                let mut own = Vec::new();
                while start.elapsed() < ROUND {
                    let sent = Instant::now();
                    connection.classify(&texts.next());
                    own.push(sent.elapsed().as_secs_f64() * 1e3);
                }
                latencies.lock().unwrap().extend(own);
            });
        }
    });
    let took = start.elapsed().as_secs_f64();
    let latencies = latencies.into_inner().unwrap();
    (latencies.len() as f64 / took, latencies)
}

/// Latencies in ms, from the moment a request was due, at `rate` requests a second over all connections. Each connection is a
/// Poisson process of its own; all together are one.
fn open_loop(port: u16, rate: f64, texts: &Texts) -> Vec<f64> {
    let latencies = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for seed in 1..=CALLERS as u64 {
            let latencies = &latencies;
            scope.spawn(move || {
                let mut connection = Connection::open(port);
                let mut own = Vec::new();
                let start = Instant::now();
                let mut due = start;
                let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
                loop {
                    state ^= state << 13;
                    state ^= state >> 7;
                    state ^= state << 17;
                    let uniform = ((state >> 11) as f64 + 1.0) / (1u64 << 53) as f64;
                    due += Duration::from_secs_f64(-uniform.ln() / rate * CALLERS as f64);
                    if due > start + OPEN_LOOP {
                        break;
                    }
                    std::thread::sleep(due.saturating_duration_since(Instant::now()));
                    connection.classify(&texts.next());
                    own.push(due.elapsed().as_secs_f64() * 1e3);
                }
                latencies.lock().unwrap().extend(own);
            });
        }
    });
    latencies.into_inner().unwrap()
}

/// One connection that is kept.
struct Connection(BufReader<TcpStream>);

impl Connection {
    fn open(port: u16) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self(BufReader::new(stream))
    }

    /// Sends a text and reads the whole answer.
    fn classify(&mut self, text: &str) {
        let body = serde_json::json!({"text": text}).to_string();
        let head = format!(
            "POST /v1/classify HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        self.0.get_mut().write_all((head + &body).as_bytes()).unwrap();
        let mut length = 0;
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        assert!(line.contains(" 200 "), "{line}");
        loop {
            line.clear();
            self.0.read_line(&mut line).unwrap();
            if line == "\r\n" {
                break;
            }
            if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut answer = vec![0; length];
        self.0.read_exact(&mut answer).unwrap();
    }
}

/// The real server, without a cache; ended when dropped.
struct Server {
    process: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Server {
    fn start(root: &Path, precision: Precision) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port_file: PathBuf = folder.path().join("port");
        let precision = if precision == Precision::Int8 { "int8" } else { "f32" };
        let process = Command::new(env!("CARGO_BIN_EXE_recontact"))
            .current_dir(root)
            .args(["serve", "--listen", "127.0.0.1:0", "--port-file"])
            .arg(&port_file)
            .arg("--database")
            .arg(format!("sqlite:{}", folder.path().join("bench.db").display()))
            .env("RECONTACT_CUSTOMER_KEY_FILE", folder.path().join("key"))
            .env("RECONTACT_INFERENCE__PRECISION", precision)
            .env("RECONTACT_LIMITS__CACHED_EMBEDDINGS", "0")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let port = loop {
            let text = std::fs::read_to_string(&port_file).unwrap_or_default();
            if let Ok(port) = text.trim().parse() {
                break port;
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        Self { process, port, _folder: folder }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[((sorted.len() - 1) as f64 * share).round() as usize]
}

fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}

fn spread(values: &[f64]) -> String {
    format!("{:.0} ({:.0}–{:.0})", median(values), quantile(values, 0.0), quantile(values, 1.0))
}
