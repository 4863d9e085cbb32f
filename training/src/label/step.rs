//! [`Step`]: something that happened to a person, as it is sorted by person and time.

use super::external_sort::Sorted;
use recontact::outcome::{EpisodeId, RecontactSource, TextVector};
use recontact::ticket::{IssueCategory, Name, TicketId};
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;

/// Something that happened to a person. Instants are milliseconds since 1970.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Step {
    /// Whose it is.
    pub(super) person: String,
    /// When it was.
    pub(super) at_ms: i64,
    /// What it was.
    pub(super) what: What,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) enum What {
    /// An episode began.
    Opened {
        /// Which.
        episode: EpisodeId,
        /// When it will be closed, as far as known.
        closed_ms: Option<i64>,
        /// What it is about.
        category: IssueCategory,
    },
    /// An episode ended.
    Closed(ClosedEpisode),
    /// The customer came with something.
    Came(Arrival),
}

/// An episode at its end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct ClosedEpisode {
    /// Which.
    pub(super) id: EpisodeId,
    /// The helpdesk's identifier of the customer.
    pub(super) customer: Option<Name>,
    /// What it was about.
    pub(super) category: IssueCategory,
    /// When it began.
    pub(super) opened_ms: i64,
    /// What ended it.
    pub(super) ended_by: EndedBy,
    /// The vector of its first text.
    pub(super) embedding: Option<TextVector>,
}

/// What ended an episode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum EndedBy {
    /// The helpdesk closed the ticket.
    Closing,
    /// The thread turned to another issue.
    TopicChange,
}

/// A contact that can be a recontact.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Arrival {
    /// What kind of record it is.
    pub(super) source: RecontactSource,
    /// Its identifier.
    pub(super) source_id: Name,
    /// The ticket it belongs to, as far as known.
    pub(super) ticket: Option<TicketId>,
    /// What it was about, as far as known.
    pub(super) category: Option<IssueCategory>,
    /// Whether that is more than a guess.
    pub(super) category_is_certain: bool,
    /// Whether it answers our follow-up.
    pub(super) answers_follow_up: bool,
    /// The vector of its text.
    pub(super) embedding: Option<TextVector>,
}

impl EndedBy {
    /// The word in files and the store.
    #[must_use]
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Closing => "closing",
            Self::TopicChange => "topic_change",
        }
    }
}

impl Sorted for Step {
    fn order(&self, other: &Self) -> Ordering {
        self.person
            .cmp(&other.person)
            .then(self.at_ms.cmp(&other.at_ms))
            .then_with(|| self.what.place().cmp(&other.what.place()))
    }
}

impl What {
    /// Of what happens at one instant, the order; and what tells two of a kind apart.
    fn place(&self) -> (u8, &str, u32) {
        match self {
            Self::Opened { episode, .. } => (0, episode.ticket.as_str(), episode.number),
            Self::Closed(closed) => (1, closed.id.ticket.as_str(), closed.id.number),
            Self::Came(came) => (2, came.source_id.as_str(), came.source as u32),
        }
    }
}
