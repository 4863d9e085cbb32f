//! How long a closing takes in the real service with a million closed tickets: `make bench-closings`.
//!
//! For SQLite and PostgreSQL in turn: a database is filled, the service started on it, and for some rounds tickets are
//! closed over loopback in an open loop: closings are due at random moments (a Poisson process), whether or not earlier
//! ones are answered, and latency counts from the moment a closing was due, so that waiting in line is not left out. Beside
//! it stands what the disk itself needs to make 4 KiB durable (`fdatasync`) on the same file system, before, during and
//! after. Client, service and database share the processor.
//!
//! Options after `--`: `--tickets N` closed tickets (1000000), `--rate N` closings a second (200), `--seconds N` a round (60),
//! `--rounds N` (3), `--database sqlite|postgres` (both), `--folder DIR` where the databases are made (the temporary folder).
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "prints its result; a benchmark that cannot run has nothing to report; small counts"
)]

#[path = "closings/filler.rs"]
mod filler;
#[path = "../tests/support/postgres.rs"]
mod postgres;

use filler::Filler;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Connections that carry the closings; more than are ever answered at once.
const CONNECTIONS: usize = 64;
/// Writes that are timed before and after a round.
const DISK_WRITES: usize = 200;
/// What a file system has to do after so much was written and removed (an SSD is told which blocks are free) goes on for some time.
const SETTLING: Duration = Duration::from_secs(30);
/// Pause between timed writes during a round.
const DISK_PAUSE: Duration = Duration::from_millis(50);

struct Options {
    tickets: usize,
    rate: f64,
    seconds: usize,
    rounds: usize,
    databases: Vec<String>,
    folder: PathBuf,
}

fn main() {
    let options = Options::read();
    println!(
        "| database | round | closings | p50, ms | p99, ms | p99.9, ms | max, ms | fdatasync p50 / p99, ms: before | during | after |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    let mut medians = Vec::new();
    for database in &options.databases {
        let folder = tempfile::tempdir_in(&options.folder).unwrap();
        let url = match database.as_str() {
            "sqlite" => format!("sqlite:{}", folder.path().join("bench.db").display()),
            "postgres" => match postgres::database_or_skip() {
                Some(url) => url,
                None => continue,
            },
            other => panic_with(&format!("--database: expected sqlite or postgres, got {other}")),
        };
        let filler = Filler {
            url: url.clone(),
            closed: options.tickets,
            open: (options.rate * (options.seconds * options.rounds) as f64 * 1.2) as usize + 1000,
        };
        let started = Instant::now();
        filler.fill();
        println!(
            "<!-- {database}: {} tickets filled in {:.0} s -->",
            options.tickets,
            started.elapsed().as_secs_f64()
        );
        std::thread::sleep(SETTLING);
        let server = Server::start(&url, folder.path());
        let mut closing = 0;
        // A short round warms caches and connections and is not counted.
        round(&server, &options, 5, &mut closing, folder.path());
        let (mut p50s, mut p99s, mut disk50s, mut disk99s) = (vec![], vec![], vec![], vec![]);
        for number in 1..=options.rounds {
            let before = disk_latencies(folder.path(), DISK_WRITES, Duration::ZERO, None);
            let (latencies, during) =
                round(&server, &options, options.seconds, &mut closing, folder.path());
            let after = disk_latencies(folder.path(), DISK_WRITES, Duration::ZERO, None);
            let pair = |values: &[f64]| {
                format!("{:.2} / {:.2}", quantile(values, 0.5), quantile(values, 0.99))
            };
            println!(
                "| {database} | {number} | {} | {:.2} | {:.2} | {:.2} | {:.2} | {} | {} | {} |",
                latencies.len(),
                quantile(&latencies, 0.5),
                quantile(&latencies, 0.99),
                quantile(&latencies, 0.999),
                quantile(&latencies, 1.0),
                pair(&before),
                pair(&during),
                pair(&after)
            );
            p50s.push(quantile(&latencies, 0.5));
            p99s.push(quantile(&latencies, 0.99));
            disk50s.push(quantile(&during, 0.5));
            disk99s.push(quantile(&during, 0.99));
        }
        medians.push(format!(
            "| {database} | median | | {:.2} | {:.2} | | | | {:.2} / {:.2} | |",
            quantile(&p50s, 0.5),
            quantile(&p99s, 0.5),
            quantile(&disk50s, 0.5),
            quantile(&disk99s, 0.5)
        ));
    }
    medians.iter().for_each(|line| println!("{line}"));
}

impl Options {
    fn read() -> Self {
        let mut options = Self {
            tickets: 1_000_000,
            rate: 200.0,
            seconds: 60,
            rounds: 3,
            databases: vec!["sqlite".to_owned(), "postgres".to_owned()],
            folder: std::env::temp_dir(),
        };
        let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
        while let Some(name) = arguments.next() {
            let value = arguments.next().unwrap_or_default();
            let number = || value.parse::<usize>().expect("a whole number");
            match name.as_str() {
                "--tickets" => options.tickets = number(),
                "--rate" => options.rate = number() as f64,
                "--seconds" => options.seconds = number(),
                "--rounds" => options.rounds = number(),
                "--database" => options.databases = vec![value.clone()],
                "--folder" => options.folder = PathBuf::from(&value),
                other => panic_with(&format!("unknown option {other}")),
            }
        }
        options
    }
}

fn panic_with(message: &str) -> ! {
    eprintln!("{message}");
    std::process::exit(2)
}

/// Closes tickets for so many seconds; latencies in ms from when each was due, and those of the disk meanwhile.
fn round(
    server: &Server,
    options: &Options,
    seconds: usize,
    next_ticket: &mut usize,
    folder: &Path,
) -> (Vec<f64>, Vec<f64>) {
    let due = moments(options.rate, seconds, *next_ticket as u64);
    let first_ticket = *next_ticket;
    *next_ticket += due.len();
    let next = AtomicUsize::new(0);
    let latencies = Mutex::new(Vec::with_capacity(due.len()));
    let is_over = AtomicBool::new(false);
    let mut disk = Vec::new();
    let start = Instant::now() + Duration::from_millis(100);
    std::thread::scope(|scope| {
        let watching =
            scope.spawn(|| disk_latencies(folder, usize::MAX, DISK_PAUSE, Some(&is_over)));
        let workers: Vec<_> = (0..CONNECTIONS)
            .map(|_| {
                scope.spawn(|| {
                    let mut connection = Connection::open(server.port);
                    let mut own = Vec::new();
                    loop {
                        let index = next.fetch_add(1, Ordering::Relaxed);
                        let Some(offset) = due.get(index) else { break };
                        let due = start + *offset;
                        std::thread::sleep(due.saturating_duration_since(Instant::now()));
                        connection.close(first_ticket + index);
                        own.push(due.elapsed().as_secs_f64() * 1e3);
                    }
                    latencies.lock().unwrap().extend(own);
                })
            })
            .collect();
        workers.into_iter().for_each(|worker| worker.join().unwrap());
        is_over.store(true, Ordering::Relaxed);
        disk = watching.join().unwrap();
    });
    (latencies.into_inner().unwrap(), disk)
}

/// When closings are due: exponential gaps of a seeded generator.
fn moments(rate: f64, seconds: usize, seed: u64) -> Vec<Duration> {
    let mut state = (seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut at = 0.0;
    let mut moments = Vec::new();
    loop {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let uniform = ((state >> 11) as f64 + 1.0) / (1u64 << 53) as f64;
        at -= uniform.ln() / rate;
        if at > seconds as f64 {
            return moments;
        }
        moments.push(Duration::from_secs_f64(at));
    }
}

/// Times, in ms, of making 4 KiB durable at the end of a file.
fn disk_latencies(
    folder: &Path,
    most: usize,
    pause: Duration,
    over: Option<&AtomicBool>,
) -> Vec<f64> {
    let path = folder.join(format!("disk-{:?}", std::thread::current().id()));
    let file = File::create(&path).unwrap();
    let block = [0x5a; 4096];
    let mut latencies = Vec::new();
    while latencies.len() < most && !over.is_some_and(|over| over.load(Ordering::Relaxed)) {
        let start = Instant::now();
        file.write_all_at(&block, latencies.len() as u64 * 4096).unwrap();
        file.sync_data().unwrap();
        latencies.push(start.elapsed().as_secs_f64() * 1e3);
        std::thread::sleep(pause);
    }
    std::fs::remove_file(path).unwrap();
    latencies
}

/// One connection that is kept.
struct Connection(BufReader<TcpStream>);

impl Connection {
    fn open(port: u16) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self(BufReader::new(stream))
    }

    /// Closes an open ticket of the filler and reads the whole answer, which must hold an assessment.
    fn close(&mut self, ticket: usize) {
        let body = filler::closing_body(ticket);
        let id = filler::open_id(ticket);
        let head = format!(
            "POST /v1/tickets/{id}/close HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        self.0.get_mut().write_all((head + &body).as_bytes()).unwrap();
        let mut status = String::new();
        self.0.read_line(&mut status).unwrap();
        let mut length = 0;
        let mut line = String::new();
        loop {
            line.clear();
            assert!(
                self.0.read_line(&mut line).unwrap() > 0,
                "the service has closed the connection"
            );
            if line == "\r\n" {
                break;
            }
            if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut answer = vec![0; length];
        self.0.read_exact(&mut answer).unwrap();
        let answer = String::from_utf8_lossy(&answer);
        assert!(status.contains(" 200 ") && answer.contains("probability"), "{status}{answer}");
    }
}

/// The real service; ended when dropped.
struct Server {
    process: Child,
    port: u16,
}

impl Server {
    fn start(url: &str, folder: &Path) -> Self {
        let port_file = folder.join("port");
        let process = Command::new(env!("CARGO_BIN_EXE_recontact"))
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .args(["serve", "--listen", "127.0.0.1:0", "--database", url, "--port-file"])
            .arg(&port_file)
            .env("RECONTACT_CUSTOMER_KEY_FILE", filler::key_file(folder))
            .env("RUST_LOG", "error")
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let port = loop {
            let text = std::fs::read_to_string(&port_file).unwrap_or_default();
            if let Ok(port) = text.trim().parse() {
                break port;
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        Self { process, port }
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
    sorted
        .get(((sorted.len().max(1) - 1) as f64 * share).round() as usize)
        .copied()
        .unwrap_or(f64::NAN)
}
