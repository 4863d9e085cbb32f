//! `recontact demo`: the main path on the shipped data, through the real service.
//!
//! History up to a day is imported; the tickets that were closed on the days after it are reported and closed through the
//! API, as a helpdesk would, and the risk is set against what really happened afterwards.

mod tickets;

use crate::app::App;
use crate::config::{self, CommandLineSettings, Secret, Settings};
use crate::customer_key::random_bytes;
use crate::risk::RiskModel;
use crate::server::Service;
use crate::store::{AuditAction, AuditEntry, NewUser};
use crate::telemetry;
use crate::ticket::{ClosedTicket, Name};
use crate::timestamp::Timestamp;
use crate::user::{Password, Position, Role, UserName};
use anyhow::{Context, ensure};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// History is loaded up to here: the end of the data that the shipped risk model was trained on.
const HISTORY_END: &str = "2016-04-26T01:52:00Z";
/// The demonstration's own database.
const DATABASE: &str = "sqlite:var/demo/recontact.db";
/// Who signs in to the pages of the demonstration.
const USER: &str = "demo";
/// Tickets that are closed through the API.
const CLOSINGS: usize = 300;
/// Tickets shown of the riskiest and of the safest.
const SHOWN: usize = 6;
/// Contacts that are classified: one of so many rows of the test file.
const CONTACT_STEP: usize = 385;
/// A contact in a language the shipped category model was not trained on: it must abstain.
const RUSSIAN_CONTACT: &str = "Моя карта до сих пор не пришла, что мне делать?";

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
    actix_web::rt::System::new().block_on(async {
        let service = Service::start(settings).await?;
        let unavailable = |reason: String| anyhow::anyhow!("{reason}");
        let models = service.app.models();
        models.classifier.as_ref().map_err(|reason| unavailable(reason.clone()))?;
        let risk = models.risk.clone().map_err(unavailable)?;
        let (address, handle) = (service.address, service.handle());
        let history = tickets::read(&args.data.join("incidents/tickets.csv.gz"))?;
        import(&service.app, &history).await?;
        let sign_in = if args.exit { None } else { make_user(&service.app).await? };
        let token = service.app.token.clone();
        let server = actix_web::rt::spawn(service.run());
        let data = args.data.clone();
        let shown =
            actix_web::web::block(move || show(address, token, &data, &history, &risk)).await?;
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
    let defaults: toml::Table = toml::from_str(config::DEFAULTS)?;
    let is_default = |name: &str, value: &str| defaults[name].as_str() == Some(value);
    if is_default("database", &settings.database) {
        DATABASE.clone_into(&mut settings.database);
    }
    if is_default("customer_key_file", &settings.customer_key_file.to_string_lossy()) {
        settings.customer_key_file = "var/demo/customer.key".into();
    }
    if command_line.listen.is_none() && TcpListener::bind(settings.listen).is_err() {
        settings.listen.set_port(0);
    }
    Ok(settings)
}

/// A user for this run, with a new password; `None` where others could sign in too, or into a database that is not the demonstration's.
async fn make_user(app: &App) -> anyhow::Result<Option<String>> {
    if !app.settings.listen.ip().is_loopback() || app.settings.database != DATABASE {
        return Ok(None);
    }
    let random = || -> anyhow::Result<String> {
        Ok(random_bytes()?.iter().map(|byte| format!("{byte:02x}")).collect())
    };
    let text: String = random()?.chars().take(16).collect();
    let name = UserName::parse(USER)?;
    let mut salt = [0; 16];
    salt.copy_from_slice(&random_bytes()?[..16]);
    let password = app.passwords.hash(Password::parse(&text)?, salt).await?;
    let entry = |action| -> anyhow::Result<AuditEntry> {
        Ok(AuditEntry {
            id: random()?,
            occurred_at: Timestamp::now(),
            actor: Some("cli:demo".to_owned()),
            action,
            object: Some(USER.to_owned()),
            address: None,
        })
    };
    let new = entry(AuditAction::PasswordSet)?;
    if !app.store.set_password(&app.tenant, &name, &password, &new).await? {
        let user = NewUser {
            name,
            display_name: Name::parse("Demonstration")?,
            password: Some(password),
            position: Position::new(Role::Admin, None)?,
        };
        app.store.add_user(&app.tenant, &user, &entry(AuditAction::UserAdded)?).await?;
    }
    Ok(Some(text))
}

fn show_pages(address: SocketAddr, password: Option<String>) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    let until = HISTORY_END.split('T').next().unwrap_or_default();
    match password {
        Some(password) => writeln!(
            out,
            "\nPages: http://{address}/overview?until={until}\n  sign in as {USER} with the password {password}"
        )?,
        None => writeln!(
            out,
            "\nPages: http://{address}/ (make a user with `recontact users add NAME --role admin`)"
        )?,
    }
    Ok(out.flush()?)
}

async fn import(app: &App, tickets: &[ClosedTicket]) -> anyhow::Result<()> {
    let end = Timestamp::parse(HISTORY_END)?;
    let closed = tickets.partition_point(|ticket| ticket.closed_at <= end);
    let pairs = app.adjacent_pairs();
    let rules = app.outcome_rules(&pairs);
    let imported =
        app.store.import_closed(&app.tenant, &tickets[..closed], &rules, Timestamp::now()).await?;
    let mut out = std::io::stdout();
    writeln!(out, "History: {closed} closed tickets up to {end} ({imported} new in the store).")?;
    Ok(())
}

fn show(
    address: SocketAddr,
    token: Option<Secret>,
    data: &Path,
    history: &[ClosedTicket],
    risk: &Arc<RiskModel>,
) -> anyhow::Result<()> {
    let client = Client { base: format!("http://{address}"), token };
    let mut out = std::io::stdout().lock();
    show_contacts(&client, &mut out, &contacts(&data.join("banking77/test.csv"))?)?;
    show_closings(&client, &mut out, history, risk)?;
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

/// Real contacts with the category a person gave them.
fn contacts(path: &Path) -> anyhow::Result<Vec<(String, Option<String>)>> {
    let mut reader =
        csv::Reader::from_path(path).with_context(|| format!("reading {}", path.display()))?;
    let mut contacts = Vec::new();
    for record in reader.records().step_by(CONTACT_STEP) {
        let record = record?;
        let (text, category) = (record.get(0), record.get(1));
        contacts.push((text.unwrap_or_default().to_owned(), category.map(str::to_owned)));
    }
    contacts.push((RUSSIAN_CONTACT.to_owned(), None));
    Ok(contacts)
}

fn show_contacts(
    client: &Client,
    out: &mut impl Write,
    contacts: &[(String, Option<String>)],
) -> anyhow::Result<()> {
    let inputs: Vec<Value> = contacts.iter().map(|(text, _)| json!({ "text": text })).collect();
    let answer = client.post("/v1/classify", &json!({ "inputs": inputs }))?;
    writeln!(out, "\nContacts, classified by {}:\n", answer["model"]["version"])?;
    writeln!(out, "{:<56} {:<40} {:>5}  {:<8} true category", "text", "category", "p", "action")?;
    let results = answer["results"].as_array().context("no results")?;
    for ((text, truth), result) in contacts.iter().zip(results) {
        let category =
            result["category"].as_str().or(result["reason"].as_str()).unwrap_or_default();
        let probability =
            result["probability"].as_f64().map_or("–".to_owned(), |p| format!("{p:.2}"));
        let action = result["action"].as_str().unwrap_or_default();
        let truth = truth.as_deref().unwrap_or("(Russian: the model knows English only)");
        writeln!(
            out,
            "{:<56} {category:<40} {probability:>5}  {action:<8} {truth}",
            shortened(text, 55)
        )?;
    }
    Ok(())
}

/// A ticket closed through the API, and what happened afterwards.
struct Closing<'a> {
    ticket: &'a ClosedTicket,
    probability: f64,
    band: String,
    reason: String,
    came_back: bool,
}

fn show_closings(
    client: &Client,
    out: &mut impl Write,
    history: &[ClosedTicket],
    risk: &RiskModel,
) -> anyhow::Result<()> {
    let end = Timestamp::parse(HISTORY_END)?;
    let first = history.partition_point(|ticket| ticket.closed_at <= end);
    let later = &history[first..];
    let to_close = &later[..CLOSINGS.min(later.len())];
    report_open_tickets(client, to_close, later)?;
    let mut closings = to_close
        .iter()
        .map(|ticket| close(client, ticket, history))
        .collect::<Result<Vec<_>, _>>()?;
    closings.sort_by(|a, b| b.probability.total_cmp(&a.probability));

    writeln!(
        out,
        "\n{} tickets reported and closed, assessed by {}:\n",
        closings.len(),
        risk.version()
    )?;
    writeln!(
        out,
        "{:<8} {:<12} {:>5} {:<6}  {:<9}  strongest reason",
        "ticket", "category", "risk", "band", "came back"
    )?;
    let line = |out: &mut dyn Write, closing: &Closing<'_>| {
        writeln!(
            out,
            "{:<8} {:<12} {:>4.0}% {:<6}  {:<9}  {}",
            closing.ticket.id.as_str(),
            closing.ticket.category.as_str(),
            100.0 * closing.probability,
            closing.band,
            if closing.came_back { "yes" } else { "no" },
            shortened(&closing.reason, 90)
        )
    };
    closings.iter().take(SHOWN).try_for_each(|closing| line(out, closing))?;
    writeln!(out, "…")?;
    let safest = closings.len().saturating_sub(SHOWN);
    closings[safest..].iter().try_for_each(|closing| line(out, closing))?;
    writeln!(out)?;
    for band in ["high", "medium", "low"] {
        let of_band: Vec<_> = closings.iter().filter(|closing| closing.band == band).collect();
        let came_back = of_band.iter().filter(|closing| closing.came_back).count();
        let tickets = of_band.len();
        writeln!(
            out,
            "of {tickets:>3} tickets in the {band} band {came_back:>3} came back within {} days",
            risk.window_days()
        )?;
    }
    Ok(())
}

/// The customers' other tickets that were open at the end of the history: a helpdesk would have reported them.
fn report_open_tickets(
    client: &Client,
    to_close: &[ClosedTicket],
    later: &[ClosedTicket],
) -> anyhow::Result<()> {
    let customers: BTreeSet<_> = to_close.iter().map(|ticket| &ticket.customer_id).collect();
    let last = to_close.last().map(|ticket| ticket.closed_at);
    for ticket in later.iter().filter(|ticket| customers.contains(&ticket.customer_id)) {
        if Some(ticket.opened_at) < last {
            let opening = json!({
                "customer_id": ticket.customer_id,
                "opened_at": ticket.opened_at,
                "category": ticket.category,
            });
            client.put(&format!("/v1/tickets/{}", ticket.id), &opening)?;
        }
    }
    Ok(())
}

fn close<'a>(
    client: &Client,
    ticket: &'a ClosedTicket,
    all: &[ClosedTicket],
) -> anyhow::Result<Closing<'a>> {
    let mut body = serde_json::to_value(&ticket.details)?;
    body["closed_at"] = json!(ticket.closed_at);
    let answer = client.post(&format!("/v1/tickets/{}/close", ticket.id), &body)?;
    let assessment = &answer["assessment"];
    let window_days = assessment["window_days"].as_i64().context("no window")?;
    let until = ticket.closed_at.plus_days(window_days);
    let came_back = all.iter().any(|other| {
        other.customer_id == ticket.customer_id
            && other.category == ticket.category
            && other.id != ticket.id
            && other.opened_at > ticket.closed_at
            && other.opened_at <= until
    });
    Ok(Closing {
        ticket,
        probability: assessment["probability"].as_f64().context("no probability")?,
        band: assessment["band"].as_str().unwrap_or_default().to_owned(),
        reason: assessment["reasons"][0]["text"].as_str().unwrap_or_default().to_owned(),
        came_back,
    })
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

    fn put(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        answer(path, self.authorized(ureq::put(format!("{}{path}", self.base))).send_json(body))
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
