//! How long the pages take with a million tickets stored: `make bench-pages`.
//!
//! A database is filled with two years of a support desk that is made up (`pages/history.rs`), counted as the service counts it,
//! and the real service is started on it. Each page is asked for over loopback by somebody who is signed in, one request after the
//! other: first with its usual address, then with the addresses that have most to do. Client, service and database share the
//! processor.
//!
//! Options after `--`: `--tickets N` (1000000), `--calls N` of each address (15), `--database sqlite|postgres` (sqlite),
//! `--keep FILE` keeps the SQLite database there and uses it again, `--only TEXT` addresses that hold this,
//! `--program FILE` another build of the service than this one,
//! `--cost N` closes days anew instead of asking for pages: times counting N changed days one by one, and counting everything.
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

#[path = "pages/filler.rs"]
mod filler;
#[path = "pages/history.rs"]
mod history;
#[path = "../tests/support/postgres.rs"]
mod postgres;

use recontact::timestamp::Timestamp;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

struct Options {
    tickets: usize,
    calls: usize,
    is_postgres: bool,
    keep: Option<PathBuf>,
    only: String,
    cost: Option<usize>,
    program: PathBuf,
}

fn main() {
    let options = Options::read();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().unwrap();
    let (url, is_new) = match &options.keep {
        _ if options.is_postgres => match postgres::database_or_skip() {
            Some(url) => (url, true),
            None => return,
        },
        Some(file) => (format!("sqlite:{}", file.display()), !file.exists()),
        None => (format!("sqlite:{}", folder.path().join("bench.db").display()), true),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    if is_new {
        let filled = runtime.block_on(filler::fill(&url, root, options.tickets));
        println!(
            "<!-- {} tickets written in {:.0} s, next issues computed in {:.1} s, {} days counted in {:.1} s -->",
            options.tickets,
            filled.writing.as_secs_f64(),
            filled.next_issues.as_secs_f64(),
            filled.days,
            filled.counting.as_secs_f64()
        );
    }
    if let Some(days) = options.cost {
        runtime.block_on(tell_cost(&url, days));
        return;
    }
    let server = Server::start(&options.program, &url, folder.path());
    let mut browser = Browser::open(server.port);
    browser.sign_in("ann");
    let mut lead = Browser::open(server.port);
    lead.sign_in("tom");
    println!("| page | bytes | first, ms | median, ms | p95, ms | processor, ms |");
    println!("|---|--:|--:|--:|--:|--:|");
    for (is_lead, address) in addresses() {
        if address.contains(&options.only) {
            let browser = if is_lead { &mut lead } else { &mut browser };
            let before = server.processor_ms();
            let (bytes, first, times) = browser.time(&address, options.calls);
            let processor = (server.processor_ms() - before) / (options.calls + 1) as f64;
            let who = if is_lead { " (team lead)" } else { "" };
            println!(
                "| `{address}`{who} | {bytes} | {first:.0} | {:.0} | {:.0} | {processor:.0} |",
                quantile(&times, 0.5),
                quantile(&times, 0.95)
            );
        }
    }
}

/// Usual addresses first, then those with most to do. Whether a team lead asks.
fn addresses() -> Vec<(bool, String)> {
    let day = |age: i64| Timestamp::now().plus_days(-age).to_string()[..10].to_owned();
    let two_years = format!("from={}&until={}", day(history::DAYS), day(1));
    let mut all: Vec<String> = [
        "/overview",
        "/kpis",
        "/risk",
        "/queue",
        "/queue?state=done",
        "/tickets/t-500",
        "/effect",
        "/next-issues",
        "/next-issues/plan?category=card_arrival",
        "/models",
        "/account",
        "/users",
        "/audit",
        "/overview?period=91&window=30",
    ]
    .map(str::to_owned)
    .to_vec();
    for more in [
        "",
        "&by=category",
        "&by=category&only=card_arrival",
        "&by=category&measure=rcr_customers",
        "&by=category&measure=resolution",
        "&step=week&measure=rcr_customers",
        "&step=day&measure=resolution",
        "&by=category&step=day&measure=csat_by_contacts",
    ] {
        all.push(format!("/kpis?{two_years}{more}"));
    }
    all.push(format!("/risk?{two_years}"));
    all.push("/effect?experiment=first".to_owned());
    all.push("/next-issues?channel=email".to_owned());
    all.push("/queue?state=expired&category=card_arrival".to_owned());
    let of_lead = ["/overview", "/kpis", "/risk", "/queue", "/next-issues"];
    let of_lead = of_lead
        .into_iter()
        .map(str::to_owned)
        .chain([format!("/kpis?{two_years}"), format!("/risk?{two_years}")]);
    all.into_iter().map(|one| (false, one)).chain(of_lead.map(|one| (true, one))).collect()
}

/// What it costs to keep what the pages read.
async fn tell_cost(url: &str, days: usize) {
    let store = filler::connect(url).await;
    let settings = recontact::config::Settings::load(&Default::default()).unwrap();
    let zone = &settings.kpi.time_zone;
    let mut connection = <sqlx::AnyConnection as sqlx::Connection>::connect(url).await.unwrap();
    let today = Timestamp::now().millis() / history::DAY_MS;
    let mut times = Vec::new();
    for age in (1..).take(days) {
        let mark =
            format!("INSERT INTO kpi_changes (tenant, day) VALUES ('default', {})", today - age);
        sqlx::Executor::execute(&mut connection, sqlx::AssertSqlSafe(mark)).await.unwrap();
        let started = Instant::now();
        filler::count_days(&store, zone).await;
        times.push(started.elapsed().as_secs_f64() * 1e3);
    }
    println!(
        "one changed day of {days}: median {:.0} ms, p95 {:.0} ms",
        quantile(&times, 0.5),
        quantile(&times, 0.95)
    );
    let started = Instant::now();
    store.forget_kpis(&recontact::store::Tenant::DEFAULT).await.unwrap();
    let all = filler::count_days(&store, zone).await;
    println!("all {all} days: {:.1} s", started.elapsed().as_secs_f64());
    store.close().await;
}

impl Options {
    fn read() -> Self {
        let mut options = Self {
            tickets: 1_000_000,
            calls: 15,
            is_postgres: false,
            keep: None,
            only: String::new(),
            cost: None,
            program: PathBuf::from(env!("CARGO_BIN_EXE_recontact")),
        };
        let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
        while let Some(name) = arguments.next() {
            let value = arguments.next().unwrap_or_default();
            match name.as_str() {
                "--tickets" => options.tickets = value.parse().expect("a whole number"),
                "--calls" => options.calls = value.parse().expect("a whole number"),
                "--database" => options.is_postgres = value == "postgres",
                "--keep" => options.keep = Some(PathBuf::from(value)),
                "--program" => options.program = PathBuf::from(value),
                "--only" => options.only = value,
                "--cost" => options.cost = Some(value.parse().expect("a whole number")),
                other => {
                    eprintln!("unknown option {other}");
                    std::process::exit(2);
                }
            }
        }
        options
    }
}

/// Somebody with a browser: one connection that is kept, and cookies.
struct Browser {
    port: u16,
    connection: BufReader<TcpStream>,
    cookies: Vec<(String, String)>,
}

impl Browser {
    fn open(port: u16) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { port, connection: BufReader::new(stream), cookies: Vec::new() }
    }

    fn sign_in(&mut self, name: &str) {
        let (_, page) = self.send("GET", "/sign-in", "");
        let after = page.split("name=\"csrf\" value=\"").nth(1).unwrap();
        let csrf = after.split('"').next().unwrap();
        let password = filler::PASSWORD.replace(' ', "%20");
        let form = format!("csrf={csrf}&name={name}&password={password}&next=");
        let (status, page) = self.send("POST", "/sign-in", &form);
        assert_eq!(status, 303, "{page}");
    }

    /// Bytes of the page, how long the first call took, and how long the others did, in ms. What is still being counted is
    /// waited for.
    fn time(&mut self, address: &str, calls: usize) -> (usize, f64, Vec<f64>) {
        let (mut bytes, mut first) = (0, 0.0);
        let mut times = Vec::with_capacity(calls);
        for call in 0..=calls {
            let started = Instant::now();
            let (mut status, mut page) = self.send("GET", address, "");
            let mut took = started.elapsed();
            while status == 503 {
                std::thread::sleep(Duration::from_secs(2));
                let started = Instant::now();
                (status, page) = self.send("GET", address, "");
                took = started.elapsed();
            }
            assert_eq!(status, 200, "{address}: {page}");
            bytes = page.len();
            match call {
                0 => first = took.as_secs_f64() * 1e3,
                _ => times.push(took.as_secs_f64() * 1e3),
            }
        }
        (bytes, first, times)
    }

    fn send(&mut self, method: &str, address: &str, body: &str) -> (u16, String) {
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let head = format!(
            "{method} {address} HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: text/html\r\ncookie: {}\r\nsec-fetch-site: same-origin\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n",
            cookies.join("; "),
            body.len()
        );
        let mut line = String::new();
        while line.is_empty() {
            // A connection that was kept too long without a request is closed.
            let sent = self.connection.get_mut().write_all((head.clone() + body).as_bytes());
            if sent.is_err() || self.connection.read_line(&mut line).unwrap_or(0) == 0 {
                *self =
                    Self { cookies: std::mem::take(&mut self.cookies), ..Self::open(self.port) };
            }
        }
        let status = line.split(' ').nth(1).unwrap().parse().unwrap();
        let mut length = 0;
        loop {
            line.clear();
            assert!(self.connection.read_line(&mut line).unwrap() > 0, "the service has hung up");
            if line == "\r\n" {
                break;
            }
            let (name, value) = line.trim_end().split_once(": ").unwrap();
            match name.to_lowercase().as_str() {
                "content-length" => length = value.parse().unwrap(),
                "set-cookie" => {
                    let (name, value) = value.split(';').next().unwrap().split_once('=').unwrap();
                    self.cookies.retain(|(known, _)| known != name);
                    self.cookies.push((name.to_owned(), value.to_owned()));
                }
                _ => {}
            }
        }
        let mut answer = vec![0; length];
        self.connection.read_exact(&mut answer).unwrap();
        (status, String::from_utf8_lossy(&answer).into_owned())
    }
}

/// The real service; ended when dropped.
struct Server {
    process: Child,
    port: u16,
}

impl Server {
    fn start(program: &Path, url: &str, folder: &Path) -> Self {
        let port_file = folder.join("port");
        let key_file = folder.join("customer.key");
        std::fs::write(&key_file, "07".repeat(32)).unwrap();
        let process = Command::new(program)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .args(["serve", "--listen", "127.0.0.1:0", "--database", url, "--port-file"])
            .arg(&port_file)
            .env("RECONTACT_CUSTOMER_KEY_FILE", key_file)
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

impl Server {
    /// What it has taken of the processor so far, as Linux tells it in hundredths of a second.
    fn processor_ms(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.process.id()));
        let stat = stat.unwrap_or_default();
        let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
        fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() * 10.0
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
    let last = sorted.len().max(1) - 1;
    sorted.get((last as f64 * share).round() as usize).copied().unwrap_or(f64::NAN)
}
