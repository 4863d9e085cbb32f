//! [`Sighting`]: one checked row of either table, as it is sorted by ticket.

use super::external_sort::Sorted;
use recontact::outcome::{Author, ContactKind, TextVector};
use recontact::ticket::{IssueCategory, Name, TicketId};
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;

/// A row of the tickets or of the contacts table. Instants are milliseconds since 1970.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Sighting {
    /// The ticket it belongs to, as far as known.
    pub(super) ticket: Option<TicketId>,
    /// Whose it is, as far as known: equal for all identities of one person.
    pub(super) person: Option<String>,
    /// The helpdesk's identifier of the customer, as far as known.
    pub(super) customer: Option<Name>,
    /// The row in its table.
    pub(super) row: usize,
    /// What the row is about.
    pub(super) seen: Seen,
}

/// What a [`Sighting`] is about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) enum Seen {
    /// A row of the tickets table.
    Closing(Closing),
    /// A row of the contacts table.
    Contact(Contact),
}

/// A ticket's closing, or that it is open.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Closing {
    /// When the ticket was opened.
    pub(super) opened_ms: i64,
    /// When it was closed; `None` while it is open.
    pub(super) closed_ms: Option<i64>,
    /// When it was opened again after the closing before, as far as known.
    pub(super) reopened_ms: Option<i64>,
    /// What it was about.
    pub(super) category: IssueCategory,
    /// The vector of the customer's first text, with an encoder.
    pub(super) embedding: Option<TextVector>,
}

/// A contact.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Contact {
    /// The helpdesk's identifier.
    pub(super) id: Name,
    /// When it was written.
    pub(super) at_ms: i64,
    /// Who wrote it.
    pub(super) author: Author,
    /// What it is.
    pub(super) kind: ContactKind,
    /// What it is about, as far as known.
    pub(super) category: Option<IssueCategory>,
    /// Whether it came in through a channel of threads.
    pub(super) is_thread: bool,
    /// Whether it answers our follow-up.
    pub(super) answers_follow_up: bool,
    /// The vector of its text, with an encoder.
    pub(super) embedding: Option<TextVector>,
}

impl Sighting {
    /// Whether two rows say the same.
    #[must_use]
    pub(super) fn is_repetition_of(&self, other: &Self) -> bool {
        (&self.ticket, &self.person, &self.customer, &self.seen)
            == (&other.ticket, &other.person, &other.customer, &other.seen)
    }
}

impl Sorted for Sighting {
    /// By ticket, its closings before its contacts, each in order of time; contacts without a ticket come first.
    fn order(&self, other: &Self) -> Ordering {
        self.ticket
            .cmp(&other.ticket)
            .then_with(|| self.seen.place().cmp(&other.seen.place()))
            .then_with(|| self.row.cmp(&other.row))
    }
}

impl Seen {
    fn place(&self) -> (bool, i64, &str) {
        match self {
            Self::Closing(closing) => (false, closing.closed_ms.unwrap_or(i64::MAX), ""),
            Self::Contact(contact) => (true, contact.at_ms, contact.id.as_str()),
        }
    }
}
