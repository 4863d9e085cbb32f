//! `recontact demo`: the main path on the shipped data, through the real service.
//!
//! The shipped log is lived through as the service would have lived it: history up to a day is imported; what was opened and closed
//! on the days after it is recorded as of its own time, each closing with the assessment of that moment. The service then serves with its
//! clock set back to the end of the log, so that the pages are about its last weeks.

mod contacts;
mod replay;
mod tickets;
mod users;

use crate::app::App;
use crate::config::{self, CommandLineSettings, Secret, Settings};
use crate::registry::artifact::sha256_hex;
use crate::risk::RiskModel;
use crate::server::Service;
use crate::store::AuditFilter;
use crate::telemetry;
use crate::ticket::ClosedTicket;
use crate::timestamp::Timestamp;
use actix_web::web;
use anyhow::{Context, ensure};
use replay::{Closing, Log, Replayed};
use serde_json::Value;
use std::collections::HashMap;
use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use users::{USERS, make_users};

/// History is loaded up to here: later than all that the shipped risk model was trained on, and so late that the rest is soon lived
/// through.
const HISTORY_END: &str = "2016-05-14T00:00:00Z";
/// What the clock says when the demonstration has begun: an afternoon on which the team works. Later the log has single tickets only.
const END: &str = "2016-05-31T16:00:00Z";
/// The demonstration's own database and key.
const DATABASE: &str = "sqlite:var/demo/recontact.db";
const KEY_FILE: &str = "var/demo/customer.key";
/// Closings shown of the riskiest and of the safest.
const SHOWN: usize = 6;

/// Arguments of `recontact demo`.
#[derive(Debug, clap::Args)]
pub struct DemoArgs {
    /// End after the table instead of serving on
    #[arg(long)]
    exit: bool,
    /// Folder with the shipped data
    #[arg(long, value_name = "DIR", default_value = "data")]
    data: PathBuf,
    #[command(flatten)]
    settings: CommandLineSettings,
}

/// Shows the main path on real data, then serves on until stopped.
///
/// # Errors
/// If a model or a data file is missing, or the service fails.
pub fn run(args: &DemoArgs) -> anyhow::Result<()> {
    let settings = settings(&args.settings)?;
    telemetry::start_logging(settings.log_format);
    let log = Log {
        tickets: tickets::read(&args.data.join("incidents/tickets.csv.gz"))?.into(),
        from: Timestamp::parse(HISTORY_END)?,
        until: Timestamp::parse(END)?,
    };
    // The first experiment begins where the history ends.
    Timestamp::set_clock(log.from);
    actix_web::rt::System::new().block_on(async {
        let service = Service::start(settings).await?;
        let models = service.app.models();
        models.classifier.as_ref().map_err(|reason| anyhow::anyhow!("{reason}"))?;
        let risk = models.risk.clone().map_err(|reason| anyhow::anyhow!("{reason}"))?;
        let (address, handle) = (service.address, service.handle());
        let replayed = live_through(&service.app, &log).await?;
        let app = service.app.clone();
        let sign_in = if args.exit { None } else { sign_in(&app).await? };
        let server = actix_web::rt::spawn(service.run());
        let client = Client { base: format!("http://{address}"), token: app.token.clone() };
        let data = args.data.clone();
        let shown = web::block(move || show(&client, &data, &log, &replayed, &risk)).await?;
        let shown = shown.and_then(|()| show_pages(address, sign_in));
        if shown.is_err() || args.exit {
            handle.stop(true).await;
        }
        server.await??;
        shown
    })
}

/// The usual settings, but with a database of the demonstration's own and, if the usual port is taken, a free one.
fn settings(command_line: &CommandLineSettings) -> anyhow::Result<Settings> {
    let mut settings = Settings::load(command_line).map_err(anyhow::Error::msg)?;
    settings.is_demonstration = true;
    let defaults: toml::Table = toml::from_str(config::DEFAULTS)?;
    let is_default = |name: &str, value: &str| defaults[name].as_str() == Some(value);
    if is_default("database", &settings.database) {
        DATABASE.clone_into(&mut settings.database);
    }
    if is_default("customer_key_file", &settings.customer_key_file.to_string_lossy()) {
        settings.customer_key_file = KEY_FILE.into();
        write_key()?;
    }
    if command_line.listen.is_none() && TcpListener::bind(settings.listen).is_err() {
        settings.listen.set_port(0);
    }
    Ok(settings)
}

/// Writes the demonstration's key where there is none yet. Its customers are public data, and with the same key everybody's
/// demonstration deals them to the same groups and shows the same figures.
fn write_key() -> anyhow::Result<()> {
    let file = Path::new(KEY_FILE);
    if file.exists() {
        return Ok(());
    }
    std::fs::create_dir_all(file.parent().unwrap_or(Path::new(".")))?;
    let mut options = std::fs::OpenOptions::new();
    let mut key = options.write(true).create_new(true).mode(0o600).open(file)?;
    writeln!(key, "{}", sha256_hex(b"recontact demo"))?;
    Ok(())
}

/// Has the log lived through, and sets the clock to its end, or to where it was when the demonstration was stopped.
async fn live_through(app: &web::Data<App>, log: &Log) -> anyhow::Result<Replayed> {
    let experiments = app.store.experiments(&app.tenant).await?;
    ensure!(
        experiments.iter().all(|one| one.started_at <= log.until),
        "the database has things later than {}: remove var/demo, or name another --database",
        log.until
    );
    let mut out = std::io::stdout();
    writeln!(
        out,
        "Recording {} tickets of 2016; the first time takes a moment.",
        log.tickets.len()
    )?;
    let replayed = replay::replay(app, log).await?;
    let newest = app.store.audit_entries(&app.tenant, &AuditFilter::default(), 1).await?;
    let newest = newest.first().map_or(log.until, |entry| entry.occurred_at);
    Timestamp::set_clock(newest.max(log.until));
    writeln!(
        out,
        "History: {} closed tickets up to {} ({} new in the store).",
        replayed.history, log.from, replayed.imported
    )?;
    writeln!(
        out,
        "Since then, up to {}: {} closings assessed, {} tickets still open. The clock goes on from there.",
        log.until,
        replayed.closings.len(),
        replayed.open
    )?;
    Ok(replayed)
}

/// The password for this run; `None` where others could sign in too, or into a database that is not the demonstration's.
async fn sign_in(app: &App) -> anyhow::Result<Option<String>> {
    if !app.settings.listen.ip().is_loopback() || app.settings.database != DATABASE {
        return Ok(None);
    }
    make_users(app).await.map(Some)
}

fn show_pages(address: SocketAddr, password: Option<String>) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match password {
        Some(password) => {
            writeln!(out, "\nPages: http://{address}/\n  sign in with the password {password} as")?;
            for (name, role, team) in USERS {
                let team = team.map(|team| format!(" of team {team}")).unwrap_or_default();
                writeln!(out, "  {name:<16} {}{team}", role.as_str())?;
            }
        }
        None => writeln!(
            out,
            "\nPages: http://{address}/ (make a user with `recontact users add NAME --role admin`)"
        )?,
    }
    Ok(out.flush()?)
}

fn show(
    client: &Client,
    data: &Path,
    log: &Log,
    replayed: &Replayed,
    risk: &RiskModel,
) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    contacts::show(client, &mut out, &data.join("banking77/test.csv"))?;
    show_closings(&mut out, log, replayed, risk)?;
    let base = &client.base;
    writeln!(
        out,
        "\nThe service listens on {base}\n  \
         API viewer       {base}/docs/\n  \
         risky tickets    {base}/v1/tickets?risk=high&limit=5\n  \
         models           {base}/v1/models\n  \
         key figures      {base}/v1/kpis?from=2016-03-01&to=2016-04-01\n  \
         metrics          {base}/metrics\n  \
         classify a text  curl -s {base}/v1/classify -H 'Content-Type: application/json' -d '{{\"text\":\"My card has not arrived\"}}'"
    )?;
    Ok(out.flush()?)
}

/// A closing whose window is over, and whether the customer opened another ticket of the category within it.
struct Judged<'a> {
    closing: &'a Closing,
    ticket: &'a ClosedTicket,
    came_back: bool,
}

fn judge<'a>(log: &'a Log, closings: &'a [Closing], window_days: i64) -> Vec<Judged<'a>> {
    let mut openings: HashMap<_, Vec<Timestamp>> = HashMap::new();
    for ticket in log.tickets.iter() {
        openings.entry((&ticket.customer_id, &ticket.category)).or_default().push(ticket.opened_at);
    }
    let judged = closings.iter().filter_map(|closing| {
        let ticket = &log.tickets[closing.ticket];
        let (from, until) = (ticket.closed_at, ticket.closed_at.plus_days(window_days));
        let came_back = openings[&(&ticket.customer_id, &ticket.category)]
            .iter()
            .any(|opened_at| *opened_at > from && *opened_at <= until);
        (until <= log.until).then_some(Judged { closing, ticket, came_back })
    });
    judged.collect()
}

fn show_closings(
    out: &mut impl Write,
    log: &Log,
    replayed: &Replayed,
    risk: &RiskModel,
) -> anyhow::Result<()> {
    let days = risk.window_days();
    let mut judged = judge(log, &replayed.closings, i64::from(days));
    judged.sort_by(|a, b| b.closing.probability.total_cmp(&a.closing.probability));
    writeln!(
        out,
        "\n{} closings whose {days} days are over, as assessed at the closing by {}:\n",
        judged.len(),
        risk.version()
    )?;
    writeln!(
        out,
        "{:<8} {:<12} {:>5} {:<6}  {:<9}  strongest reason",
        "ticket", "category", "risk", "band", "came back"
    )?;
    let (riskiest, others) = judged.split_at(SHOWN.min(judged.len()));
    riskiest.iter().try_for_each(|one| show_closing(out, one))?;
    writeln!(out, "…")?;
    others[others.len().saturating_sub(SHOWN)..]
        .iter()
        .try_for_each(|one| show_closing(out, one))?;
    writeln!(out)?;
    for band in ["high", "medium", "low"] {
        let of_band: Vec<_> = judged.iter().filter(|one| one.closing.band == band).collect();
        let came_back = of_band.iter().filter(|one| one.came_back).count();
        let tickets = of_band.len();
        writeln!(
            out,
            "of {tickets:>5} tickets in the {band:<6} band {came_back:>5} came back with the same category within {days} days",
        )?;
    }
    Ok(())
}

fn show_closing(out: &mut impl Write, one: &Judged<'_>) -> std::io::Result<()> {
    writeln!(
        out,
        "{:<8} {:<12} {:>4.0}% {:<6}  {:<9}  {}",
        one.ticket.id.as_str(),
        one.ticket.category.as_str(),
        100.0 * one.closing.probability,
        one.closing.band,
        if one.came_back { "yes" } else { "no" },
        shortened(&one.closing.reason, 90)
    )
}

fn shortened(text: &str, chars: usize) -> String {
    if text.chars().count() <= chars {
        text.to_owned()
    } else {
        text.chars().take(chars - 1).chain(['…']).collect()
    }
}

/// A client of the service, as a helpdesk has one.
struct Client {
    base: String,
    token: Option<Secret>,
}

impl Client {
    fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        answer(path, self.authorized(ureq::post(format!("{}{path}", self.base))).send_json(body))
    }

    fn authorized<T>(&self, request: ureq::RequestBuilder<T>) -> ureq::RequestBuilder<T> {
        // A refusal is shown with its body, not as an error of the client.
        let request = request.config().http_status_as_error(false).build();
        match &self.token {
            Some(token) => request.header("Authorization", format!("Bearer {}", token.reveal())),
            None => request,
        }
    }
}

fn answer(
    path: &str,
    response: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
) -> anyhow::Result<Value> {
    let mut response = response.with_context(|| path.to_owned())?;
    let status = response.status();
    let body = response.body_mut().read_json().with_context(|| path.to_owned())?;
    ensure!(status.is_success(), "{path} answered {status}: {body}");
    Ok(body)
}
