//! What happened, as a table: of one ticket or of one customer.

use super::Frame;
use super::queue::words::band_message;
use super::table::{Cell, Column, Table};
use super::ticket::path_of;
use crate::outcome::Outcome;
use crate::ticket::TicketId;
use crate::timestamp::Timestamp;

/// Something that happened.
pub(super) struct Event {
    pub(super) at: Timestamp,
    pub(super) what: String,
    pub(super) ticket: Option<TicketId>,
    pub(super) who: String,
    pub(super) details: String,
}

impl Event {
    pub(super) fn new(frame: &Frame, at: Timestamp, what: &'static str) -> Self {
        let what = frame.say(what).to_string();
        Self { at, what, ticket: None, who: String::new(), details: String::new() }
    }
}

/// Events of one ticket, as they come.
pub(super) fn of_ticket(frame: &Frame, caption: String, events: &[Event]) -> Table {
    Table::new("events", caption, columns(frame, false))
        .with_rows(events.iter().map(|event| row(frame, event, false)))
}

/// Events of several tickets, as they come, each with its ticket.
pub(super) fn of_tickets(frame: &Frame, caption: String, events: &[Event]) -> Table {
    Table::new("events", caption, columns(frame, true))
        .with_rows(events.iter().map(|event| row(frame, event, true)))
}

fn columns(frame: &Frame, has_ticket: bool) -> Vec<Column> {
    let mut columns =
        vec![Column::text(frame.say("audit-when")), Column::text(frame.say("audit-what"))];
    if has_ticket {
        columns.push(Column::text(frame.say("queue-ticket")));
    }
    columns.push(Column::text(frame.say("audit-who")));
    columns.push(Column::name(frame.say("ticket-details")));
    columns
}

fn row(frame: &Frame, event: &Event, has_ticket: bool) -> Vec<Cell> {
    let mut row = vec![Cell::instant(frame, event.at), Cell::text(&*event.what)];
    if has_ticket {
        row.push(match &event.ticket {
            Some(ticket) => Cell::text(ticket.as_str()).linked(path_of(ticket)),
            None => Cell::nothing(),
        });
    }
    row.push(Cell::text(&*event.who));
    row.push(Cell::text(&*event.details));
    row
}

/// What a model said at a closing, in words: probability, band and version.
pub(super) fn risk_in_words(frame: &Frame, said: Option<(f64, &str, &str)>) -> String {
    match said {
        None => frame.say("ticket-not-assessed").to_string(),
        Some((probability, band, model)) => frame
            .say("ticket-assessed")
            .with("share", frame.percent(probability))
            .with("band", frame.say(band_message(band)))
            .with("model", model)
            .to_string(),
    }
}

/// An outcome in words; nothing while its window is not over.
pub(super) fn outcome_message(outcome: Option<Outcome>) -> &'static str {
    match outcome {
        None => "outcome-immature",
        Some(Outcome::None) => "outcome-none",
        Some(Outcome::Explicit) => "outcome-explicit",
        Some(Outcome::Implicit) => "outcome-implicit",
        Some(Outcome::Induced) => "outcome-induced",
        Some(Outcome::Unrelated) => "outcome-unrelated",
    }
}
