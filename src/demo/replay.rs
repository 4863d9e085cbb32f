//! The log as the service would have lived it: each opening and each closing is recorded as of its own instant, and each
//! closing is assessed with what was known then.

use crate::api::assessment::{RiskAnswer, assess};
use crate::app::App;
use crate::risk::{self, Language};
use crate::store::{Assessment, TicketClosed, TicketRecorded};
use crate::ticket::{ClosedTicket, ClosingEvent, CustomerId, TicketDetails, TicketEvent};
use crate::timestamp::{DAY_MS, Timestamp};
use actix_web::{rt, web};
use anyhow::{Context, bail};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Customers whose events of a day are recorded at once: what is written together is synced together.
const LANES: usize = 8;
/// After so many days outages and next issues are looked at anew; a service that stays does so more often.
const DAYS_BETWEEN_LOOKS: i64 = 7;
/// Days of key figures that are counted in one go.
const DAYS_COUNTED: u32 = 1000;

/// The log, and the part of it that is lived through.
#[derive(Debug, Clone)]
pub(super) struct Log {
    /// Every ticket, in the order of their closing.
    pub(super) tickets: Arc<[ClosedTicket]>,
    /// What was closed by then is imported as history.
    pub(super) from: Timestamp,
    /// What happened later is not known yet.
    pub(super) until: Timestamp,
}

/// A closing as the model saw it.
#[derive(Debug, Clone)]
pub(super) struct Closing {
    /// Its place in the log.
    pub(super) ticket: usize,
    pub(super) probability: f64,
    pub(super) band: String,
    /// The strongest reason, in words.
    pub(super) reason: String,
}

/// What was recorded.
pub(super) struct Replayed {
    /// Tickets of the history, and how many of them were new in the store.
    pub(super) history: usize,
    pub(super) imported: usize,
    /// Tickets opened by the end, and those of them that are still open.
    pub(super) open: usize,
    /// Every closing that was assessed, in the order of the log.
    pub(super) closings: Vec<Closing>,
}

/// What happened to a ticket; of one instant the opening comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Opened,
    Closed,
}

/// Something that happened: when, what, and the ticket's place in the log.
type Step = (Timestamp, What, usize);

/// Records the log. What is recorded already stays as it is, so a demonstration that was stopped goes on where it was.
///
/// # Errors
/// If the store fails or holds other tickets under the same names, or no risk model is live.
pub(super) async fn replay(app: &web::Data<App>, log: &Log) -> anyhow::Result<Replayed> {
    let history = log.tickets.partition_point(|ticket| ticket.closed_at <= log.from);
    let closed = log.tickets.partition_point(|ticket| ticket.closed_at <= log.until);
    let is_open = |ticket: &&ClosedTicket| ticket.opened_at <= log.until;
    let open = log.tickets[closed..].iter().filter(is_open).count();
    if let Some(closings) = recorded(app, &log.tickets[..closed], history).await? {
        return Ok(Replayed { history, imported: 0, open, closings });
    }
    let imported = record(app, log, history).await?;
    let closings = recorded(app, &log.tickets[..closed], history).await?;
    let closings = closings.context("the last closing of the log is not in the store")?;
    Ok(Replayed { history, imported, open, closings })
}

/// The closings after the history as they were assessed; `None` unless all of them are recorded.
async fn recorded(
    app: &App,
    tickets: &[ClosedTicket],
    history: usize,
) -> anyhow::Result<Option<Vec<Closing>>> {
    let mut closings = Vec::new();
    // The last one first: where it is missing, nothing else need be read.
    for (place, ticket) in tickets.iter().enumerate().skip(history).rev() {
        let stored = app.store.ticket(&app.tenant, &ticket.id).await?;
        let Some(stored) = stored.filter(|stored| stored.closed_at == Some(ticket.closed_at))
        else {
            return Ok(None);
        };
        if let Some(assessment) = stored.assessment {
            closings.push(Closing::new(place, &assessment)?);
        }
    }
    closings.reverse();
    Ok(Some(closings))
}

/// Imports the history and records what happened after it; answers how many tickets were imported.
async fn record(app: &web::Data<App>, log: &Log, history: usize) -> anyhow::Result<usize> {
    let pairs = app.adjacent_pairs();
    let rules = app.outcome_rules(&pairs);
    let imported = app
        .store
        .import_closed(&app.tenant, &log.tickets[..history], &rules, log.from)
        .await
        .context("importing the history")?;
    look_around(app, log.from).await?;
    for (number, steps) in (1..).zip(days(log, history).into_values()) {
        record_day(app, log, steps.as_slice()).await?;
        let Some((last, ..)) = steps.last() else { continue };
        app.store.expire_follow_ups(&app.tenant, *last).await?;
        if number % DAYS_BETWEEN_LOOKS == 0 {
            look_around(app, *last).await?;
        }
        app.store.tidy().await?;
    }
    look_around(app, log.until).await?;
    let zone = &app.settings.kpi.time_zone;
    app.store.refresh_kpis(&app.tenant, zone, None, DAYS_COUNTED).await?;
    Ok(imported)
}

/// What happened to the tickets that are not history, by day and in its order; what happened before the history's end counts as of its
/// last day.
fn days(log: &Log, history: usize) -> BTreeMap<i64, Vec<Step>> {
    let mut days: BTreeMap<i64, Vec<Step>> = BTreeMap::new();
    for (place, ticket) in (history..).zip(&log.tickets[history..]) {
        let steps =
            [(ticket.opened_at, What::Opened, place), (ticket.closed_at, What::Closed, place)];
        for step in steps.into_iter().filter(|(at, ..)| *at <= log.until) {
            let day = step.0.max(log.from).millis() / DAY_MS;
            days.entry(day).or_default().push(step);
        }
    }
    days.values_mut().for_each(|steps| steps.sort_unstable());
    days
}

/// Records a day: each customer's events one after the other, different customers' at once.
async fn record_day(app: &web::Data<App>, log: &Log, steps: &[Step]) -> anyhow::Result<()> {
    let mut by_customer: BTreeMap<&CustomerId, Vec<Step>> = BTreeMap::new();
    for step in steps {
        by_customer.entry(&log.tickets[step.2].customer_id).or_default().push(*step);
    }
    let mut lanes = vec![Vec::new(); LANES];
    for (number, steps) in by_customer.into_values().enumerate() {
        lanes[number % LANES].extend(steps);
    }
    let lanes: Vec<_> = lanes
        .into_iter()
        .map(|steps| rt::spawn(record_steps(app.clone(), Arc::clone(&log.tickets), steps)))
        .collect();
    for lane in lanes {
        lane.await??;
    }
    Ok(())
}

async fn record_steps(
    app: web::Data<App>,
    tickets: Arc<[ClosedTicket]>,
    steps: Vec<Step>,
) -> anyhow::Result<()> {
    for (at, what, place) in steps {
        let ticket = &tickets[place];
        let recorded = match what {
            What::Opened => open(&app, ticket, at).await,
            What::Closed => close(&app, ticket, at).await,
        };
        recorded.with_context(|| format!("ticket {}", ticket.id))?;
    }
    Ok(())
}

/// Reports an opening with what is known at it.
async fn open(app: &App, ticket: &ClosedTicket, now: Timestamp) -> anyhow::Result<()> {
    let channel = ticket.details.channel.clone();
    let event = TicketEvent {
        id: ticket.id.clone(),
        customer_id: ticket.customer_id.clone(),
        opened_at: ticket.opened_at,
        updated_at: None,
        category: Some(ticket.category.clone()),
        details: TicketDetails { channel, ..TicketDetails::default() },
    };
    let pairs = app.adjacent_pairs();
    let rules = app.outcome_rules(&pairs);
    match app.store.record_ticket(&app.tenant, &event, &rules, now).await? {
        TicketRecorded::Conflict { reason } | TicketRecorded::Invalid { reason, .. } => {
            bail!(reason)
        }
        _ => Ok(()),
    }
}

/// Closes a ticket as `POST /v1/tickets/{id}/close` does.
async fn close(app: &App, ticket: &ClosedTicket, now: Timestamp) -> anyhow::Result<()> {
    let event = ClosingEvent {
        closed_at: ticket.closed_at,
        category: None,
        details: ticket.details.clone(),
    };
    let models = app.models();
    let model = models.risk.as_ref().map_err(|reason| anyhow::anyhow!("{reason}"))?;
    let pairs = app.adjacent_pairs();
    let rules = app.outcome_rules(&pairs);
    let next_issues = app.next_issues.map();
    let closed = app
        .store
        .close_ticket(&app.tenant, &ticket.id, &event, &rules, now, |ticket, history| {
            assess(model, &models.shadows, &next_issues, ticket, history, now)
        })
        .await?;
    match closed {
        TicketClosed::Closed(_) | TicketClosed::AlreadyClosed(_) => Ok(()),
        TicketClosed::Conflict { reason } | TicketClosed::Invalid { reason, .. } => bail!(reason),
        TicketClosed::UnknownTicket => bail!("closed before it was opened"),
    }
}

impl Closing {
    fn new(ticket: usize, assessment: &Assessment) -> anyhow::Result<Self> {
        let answer: RiskAnswer = serde_json::from_str(&assessment.body)?;
        let reason = answer.risk.reasons.first();
        Ok(Self {
            ticket,
            probability: assessment.probability,
            band: assessment.band.clone(),
            reason: reason.map(|reason| risk::describe(reason, Language::En)).unwrap_or_default(),
        })
    }
}

/// Looks for outages and computes the map of next issues, as the service does by itself.
async fn look_around(app: &App, now: Timestamp) -> anyhow::Result<()> {
    app.store.flag_outages(&app.tenant, &app.settings.outcomes, now).await?;
    app.next_issues.refresh(&app.store, &app.tenant, "demo", now).await?;
    Ok(())
}
