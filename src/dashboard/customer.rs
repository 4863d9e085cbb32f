//! `/customers/{key}`: one customer by the keyed hash of any of their identities. What happened, newest first, with predictions,
//! people's decisions and outcomes; open follow-ups; related identities. For those who may see personal data; a team lead sees what
//! belongs to the own team's tickets.

use super::error::show;
use super::queue::words::{action_message, author_message, kind_message, status_message};
use super::session::Viewer;
use super::table::{Cell, Column, Export, Table};
use super::ticket::path_of as ticket_path;
use super::timeline::{self, Event, outcome_message, risk_in_words};
use super::{Frame, PageError};
use crate::api::cursor;
use crate::identity::IdentityKind;
use crate::outcome::WINDOWS_DAYS;
use crate::store::{
    ClosingOutcomes, CustomerHash, EventCursor, Happened, KnownPerson, PersonEvent, PersonTicket,
    StoredFollowUp,
};
use crate::ticket::{Name, TicketId};
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;
use std::collections::BTreeSet;

/// Events on a page.
const EVENTS: usize = 100;

#[derive(Template)]
#[template(path = "customer.html")]
struct CustomerPage {
    frame: Frame,
    key: String,
    facts: Vec<(String, String)>,
    opted_out: Option<String>,
    own_team: Option<String>,
    follow_ups: Table,
    events: Table,
    /// The addresses of the newest and of the next older events.
    newest: Option<String>,
    older: Option<String>,
    outcomes: Table,
    identities: Table,
}

#[derive(Default, Deserialize)]
pub(super) struct CustomerQuery {
    #[serde(default)]
    after: String,
}

/// A person, as far as the viewer may see them.
struct Seen {
    /// The identity that was asked for.
    asked: CustomerHash,
    person: KnownPerson,
    /// The team of a lead, who sees its tickets only.
    own: Option<Name>,
    identities: BTreeSet<CustomerHash>,
    tickets: BTreeSet<TicketId>,
}

/// The events of a page.
struct EventPage {
    events: Vec<PersonEvent>,
    next: Option<EventCursor>,
}

/// The address of a customer's page.
pub(super) fn path_of(customer: &CustomerHash) -> String {
    format!("/customers/{customer}")
}

pub(super) async fn show_customer(
    viewer: Viewer,
    key: web::Path<String>,
    query: Option<web::Query<CustomerQuery>>,
    export: Export,
) -> Result<HttpResponse, PageError> {
    let seen = find(&viewer, &key).await?;
    let words = viewer.frame("customer-title");
    let short: String = key.chars().take(8).collect();
    let title = words.say("customer-title").with("key", short);
    let frame = viewer.frame_named(&title.to_string());
    let (app, now) = (&viewer.app, viewer.now);
    let after = query.map(|query| query.into_inner().after).unwrap_or_default();
    let after = cursor::parse(&after, |plain| serde_json::from_str::<EventCursor>(plain).ok()).ok();
    let page = events(&viewer, &seen, after.as_ref()).await?;
    let open = app.store.open_follow_ups_of(&app.tenant, &seen.person.key, now).await?;
    let open = open.iter().filter(|one| seen.shows_follow_up(one));
    let opt_out = app.store.opt_out_of(&app.tenant, &seen.person.key).await?;
    let path = path_of(&seen.asked);
    let shown = CustomerPage {
        key: seen.asked.to_string(),
        facts: facts(&seen, &frame),
        opted_out: opt_out.map(|one| {
            let since = frame.date_time(one.opted_out_at).text;
            frame.say("customer-opted-out").with("since", since).to_string()
        }),
        own_team: seen.own.as_ref().map(ToString::to_string),
        follow_ups: follow_ups_table(&frame, open).with_files(&export),
        events: events_table(&frame, &page.events).with_files(&export),
        newest: after.is_some().then(|| path.clone()),
        older: page.next.as_ref().and_then(|next| {
            let next = serde_json::to_string(next).ok()?;
            Some(format!("{path}?after={}", cursor::format(&next)))
        }),
        outcomes: outcomes_table(&viewer, &frame, &page.events).await?.with_files(&export),
        identities: identities_table(&frame, &seen).with_files(&export),
        frame,
    };
    let tables = [&shown.follow_ups, &shown.events, &shown.outcomes, &shown.identities];
    match export.answer(&viewer, tables).await? {
        Some(file) => Ok(file),
        None => show(&shown),
    }
}

/// A customer that the viewer may see. One without a ticket of a lead's team, or none at all, is answered alike.
async fn find(viewer: &Viewer, key: &str) -> Result<Seen, PageError> {
    let app = &viewer.app;
    let Ok(asked) = CustomerHash::parse(key) else { return Err(viewer.hide().await) };
    let person = app.store.person(&app.tenant, &asked).await?;
    let own = viewer.user.position.team();
    match person.map(|person| Seen::new(asked, person, own)) {
        Some(seen) if own.is_none() || !seen.tickets.is_empty() => Ok(seen),
        _ => Err(viewer.hide().await),
    }
}

impl Seen {
    fn new(asked: CustomerHash, person: KnownPerson, own: Option<&Name>) -> Self {
        let is_seen =
            |ticket: &&PersonTicket| own.is_none_or(|own| ticket.team.as_ref() == Some(own));
        let seen: Vec<&PersonTicket> = person.tickets.iter().filter(is_seen).collect();
        let identities = match own {
            None => person.identities.iter().map(|(hash, _)| hash.clone()).collect(),
            Some(_) => seen.iter().map(|ticket| ticket.customer.clone()).collect(),
        };
        let tickets = seen.iter().map(|ticket| ticket.id.clone()).collect();
        Self { asked, own: own.cloned(), identities, tickets, person }
    }

    fn shows(&self, event: &PersonEvent) -> bool {
        if self.own.is_none() {
            return true;
        }
        match (&event.ticket, &event.what) {
            (Some(ticket), _) => self.tickets.contains(ticket),
            (
                None,
                Happened::Merge { identities, .. } | Happened::MergeUndone { identities, .. },
            ) => identities.iter().all(|identity| self.identities.contains(identity)),
            (None, _) => false,
        }
    }

    fn shows_follow_up(&self, one: &StoredFollowUp) -> bool {
        self.tickets.contains(&one.episode.ticket) && (self.own.is_none() || one.team == self.own)
    }

    fn tickets(&self) -> impl Iterator<Item = &PersonTicket> {
        self.person.tickets.iter().filter(|ticket| self.tickets.contains(&ticket.id))
    }
}

/// The events of a page that the viewer may see: reads on until it is full.
async fn events(
    viewer: &Viewer,
    seen: &Seen,
    after: Option<&EventCursor>,
) -> Result<EventPage, PageError> {
    let app = &viewer.app;
    let most = u32::try_from(EVENTS + 1).unwrap_or(u32::MAX);
    let (mut found, mut after) = (Vec::new(), after.cloned());
    loop {
        let read =
            app.store.person_events(&app.tenant, &seen.person.key, after.as_ref(), most).await?;
        let is_last = read.len() <= EVENTS;
        after = read.last().map(|last| last.cursor().clone());
        found.extend(read.into_iter().filter(|event| seen.shows(event)));
        if is_last || found.len() > EVENTS {
            break;
        }
    }
    // One more than is shown tells whether there is another page.
    let has_more = found.len() > EVENTS;
    found.truncate(EVENTS);
    let next = found.last().filter(|_| has_more).map(|last| last.cursor().clone());
    Ok(EventPage { events: found, next })
}

fn facts(seen: &Seen, frame: &Frame) -> Vec<(String, String)> {
    let count = |number: usize| frame.integer(number as u64);
    let open = seen.tickets().filter(|ticket| ticket.closed_at.is_none()).count();
    [
        ("customer-tickets", count(seen.tickets.len())),
        ("customer-open", count(open)),
        ("customer-identities", count(seen.identities.len())),
    ]
    .map(|(label, value)| (frame.say(label).to_string(), value))
    .to_vec()
}

fn follow_ups_table<'f>(frame: &Frame, open: impl Iterator<Item = &'f StoredFollowUp>) -> Table {
    let columns = vec![
        Column::name(frame.say("queue-ticket")),
        Column::name(frame.say("category")),
        Column::text(frame.say("queue-state")),
        Column::text(frame.say("queue-claimed-by")),
        Column::number(frame.say("queue-probability")),
        Column::text(frame.say("queue-due")),
    ];
    let row = |one: &StoredFollowUp| {
        let share = super::table::NumberFormat::Percent;
        vec![
            Cell::text(one.episode.ticket.as_str()).linked(format!("/queue/{}", one.id)),
            Cell::text(one.category.as_str()),
            Cell::text(frame.say(status_message(one.status))),
            one.claimed_by.as_ref().map_or_else(Cell::nothing, |by| Cell::text(by.as_str())),
            Cell::number(one.probability, share, frame.percent(one.probability)),
            Cell::instant(frame, one.due_at),
        ]
    };
    let rows: Vec<_> = open.map(row).collect();
    let caption = frame.say("customer-follow-ups-count").with("count", rows.len());
    Table::new("follow-ups", caption, columns).with_rows(rows)
}

fn events_table(frame: &Frame, events: &[PersonEvent]) -> Table {
    let shown: Vec<Event> = events.iter().map(|event| told(frame, event)).collect();
    let caption = frame.say("customer-events-count").with("count", shown.len());
    timeline::of_tickets(frame, caption.to_string(), &shown)
}

/// An event in words.
fn told(frame: &Frame, event: &PersonEvent) -> Event {
    let new = |what| Event { ticket: event.ticket.clone(), ..Event::new(frame, event.at, what) };
    match &event.what {
        Happened::Contact { author, kind, channel, category, model_version } => {
            let category = category.as_ref().map_or("–", Name::as_str);
            let said = frame
                .say("ticket-classified")
                .with("category", category)
                .with("model", model_version.as_str());
            let details = match channel {
                Some(channel) => format!("{channel}; {said}"),
                None => said.to_string(),
            };
            let who = frame.say(author_message(author)).to_string();
            Event { who, details, ..new(kind_message(*kind)) }
        }
        Happened::Opening { category } => {
            let details = category.as_ref().map(ToString::to_string).unwrap_or_default();
            Event { details, ..new("customer-ticket-opened") }
        }
        Happened::Closing { number, category, said } => {
            let said = said
                .as_ref()
                .map(|said| (said.probability, said.band.as_str(), said.model_version.as_str()));
            let details = frame
                .say("customer-closing")
                .with("number", *number)
                .with("category", category.as_str())
                .with("said", risk_in_words(frame, said));
            Event { details: details.to_string(), ..new("customer-ticket-closed") }
        }
        Happened::Reopening => new("customer-ticket-reopened"),
        Happened::Feedback { author, head, label, predicted, model_version } => {
            let details = frame
                .say("ticket-feedback-details")
                .with("head", head.as_str())
                .with("label", label.as_str())
                .with("predicted", predicted.as_ref().map_or("–", Name::as_str))
                .with("model", model_version.as_deref().unwrap_or("–"));
            Event {
                who: author.to_string(),
                details: details.to_string(),
                ..new("ticket-feedback")
            }
        }
        Happened::FollowUp { author, action, reason } => Event {
            who: author.to_string(),
            what: frame
                .say("ticket-step")
                .with("what", frame.say(action_message(*action)))
                .to_string(),
            details: reason.as_ref().map(ToString::to_string).unwrap_or_default(),
            ..new("queue-title")
        },
        Happened::Correction { author, number, outcome, reason } => {
            let details = frame
                .say("customer-correction")
                .with("number", *number)
                .with("outcome", frame.say(outcome_message(Some(*outcome))))
                .with("reason", reason.as_str());
            Event {
                who: author.to_string(),
                details: details.to_string(),
                ..new("ticket-corrected")
            }
        }
        Happened::Merge { identities, author, reason } => Event {
            who: author.to_string(),
            details: format!("{}; {reason}", pair(identities)),
            ..new("customer-merged")
        },
        Happened::MergeUndone { identities, author } => Event {
            who: author.as_ref().map(ToString::to_string).unwrap_or_default(),
            details: pair(identities),
            ..new("customer-unmerged")
        },
        Happened::OptOut { author, reason } => Event {
            who: author.to_string(),
            details: reason.to_string(),
            ..new("customer-opt-out")
        },
        Happened::OptOutWithdrawn { author } => Event {
            who: author.as_ref().map(ToString::to_string).unwrap_or_default(),
            ..new("customer-opt-in")
        },
    }
}

/// Two identities, by the beginnings of their hashes.
fn pair(identities: &[CustomerHash; 2]) -> String {
    let [a, b] = identities.each_ref().map(|one| one.as_str().get(..8).unwrap_or_default());
    format!("{a}… + {b}…")
}

/// What became of the closings among the events, by window.
async fn outcomes_table(
    viewer: &Viewer,
    frame: &Frame,
    events: &[PersonEvent],
) -> Result<Table, PageError> {
    let app = &viewer.app;
    let closed = |event: &PersonEvent| match (&event.what, &event.ticket) {
        (Happened::Closing { number, category, .. }, Some(ticket)) => {
            Some((ticket.clone(), *number, category.to_string()))
        }
        _ => None,
    };
    let closings: Vec<_> = events.iter().filter_map(closed).collect();
    let tickets: BTreeSet<TicketId> = closings.iter().map(|(ticket, ..)| ticket.clone()).collect();
    let tickets: Vec<TicketId> = tickets.into_iter().collect();
    let outcomes = app.store.closing_outcomes(&app.tenant, &tickets).await?;
    let mut columns = vec![
        Column::name(frame.say("queue-ticket")),
        Column::number(frame.say("ticket-episode")),
        Column::text(frame.say("queue-closed")),
        Column::name(frame.say("category")),
    ];
    columns.extend(
        WINDOWS_DAYS.map(|days| Column::text(frame.say("customer-within").with("count", days))),
    );
    let row = |(ticket, number, category): &(TicketId, u32, String)| {
        let is_this =
            |one: &&ClosingOutcomes| one.episode.ticket == *ticket && one.episode.number == *number;
        let found = outcomes.iter().find(is_this)?;
        let mut row = vec![
            Cell::text(ticket.as_str()).linked(ticket_path(ticket)),
            Cell::count(frame, u64::from(*number)),
            Cell::instant(frame, found.closed_at),
            Cell::text(&**category),
        ];
        row.extend(
            WINDOWS_DAYS.map(|days| {
                Cell::text(frame.say(outcome_message(found.outcome(days, viewer.now))))
            }),
        );
        Some(row)
    };
    let rows: Vec<_> = closings.iter().filter_map(row).collect();
    let caption = frame.say("customer-outcomes-count").with("count", rows.len());
    Ok(Table::new("outcomes", caption, columns).with_rows(rows))
}

fn identities_table(frame: &Frame, seen: &Seen) -> Table {
    let columns = vec![
        Column::name(frame.say("customer-identity")),
        Column::text(frame.say("customer-identity-kind")),
        Column::number(frame.say("customer-tickets")),
    ];
    let shown = seen.person.identities.iter().filter(|(hash, _)| seen.identities.contains(hash));
    let rows = shown.map(|(hash, kind)| {
        let own = seen.tickets().filter(|ticket| ticket.customer == *hash).count();
        vec![
            Cell::text(hash.as_str()).linked(path_of(hash)),
            Cell::text(frame.say(identity_message(*kind))),
            Cell::count(frame, own as u64),
        ]
    });
    Table::new("identities", frame.say("customer-identities-table"), columns).with_rows(rows)
}

fn identity_message(kind: IdentityKind) -> &'static str {
    match kind {
        IdentityKind::Customer => "identity-customer",
        IdentityKind::Email => "identity-email",
        IdentityKind::Phone => "identity-phone",
        IdentityKind::External => "identity-external",
    }
}
