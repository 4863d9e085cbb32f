//! What became of a closed ticket: did the customer come back, with what, when, and by which contact is it proved.
//!
//! The unit is the episode ([`EpisodeId`]): one issue of one customer from its opening to its close. Every substantive contact of the
//! same person within the longest window after the close is a [`Recontact`] with a [`Relation`] to it; the [`Outcome`] for
//! a window follows from these and from the time that has passed, see [`Outcome::of`]. An episode that is younger than the
//! window has no outcome yet.

mod adjacency;
mod contact_kind;
mod correction;
mod derive;
mod episode;
mod policy;
mod text_vector;

pub use adjacency::{AdjacentPairs, PairCounts, followers, is_adjacent};
pub use contact_kind::{Author, ContactKind, Recognised, recognise};
pub use correction::{Correction, EffectiveOutcome, effective};
pub use derive::{EpisodeFacts, LaterContact, derive};
pub use episode::{ThreadEpisode, ThreadMessage, cut, cut_next, is_outage, is_parallel};
pub use policy::{AdjacentPair, CauseCodes, DEFAULT_CAUSE_CODES, OutcomePolicy, PolicyError};
pub use text_vector::{InvalidTextVector, TextVector};

use crate::ticket::{IssueCategory, Name, TicketId};
use crate::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The windows for which outcomes are told, in days after the close.
pub const WINDOWS_DAYS: [u32; 5] = [1, 3, 7, 14, 30];

/// The longest of [`WINDOWS_DAYS`]: later contacts prove nothing.
pub const LONGEST_WINDOW_DAYS: u32 = 30;

/// A helpdesk opens a ticket, or opens it again, when a customer writes; by its clock that may be so much before the contact.
/// Milliseconds.
pub const OPENING_SLACK_MS: i64 = 60_000;

/// Whether a contact of the customer on the same ticket is why it was opened again, so that the contact counts (or, as a mere
/// thanks, does not), and not the reopening. It must come after the closing before.
#[must_use]
pub fn explains_reopening(contact_ms: i64, reopened_ms: i64) -> bool {
    contact_ms <= reopened_ms.saturating_add(OPENING_SLACK_MS)
}

/// Whether a contact on a ticket is what the ticket was opened for, so that the contact counts (or, as a mere thanks, does not),
/// and not the opening: a request of its customer whenever it came, whatever they wrote when it was opened, and what an agent began
/// it with. What a customer says later, a thanks or a rating, leaves the opening as it is.
#[must_use]
pub fn explains_opening(
    author: Author,
    kind: ContactKind,
    contact_ms: i64,
    opened_ms: i64,
) -> bool {
    match author {
        Author::Customer => {
            kind == ContactKind::Substantive
                || contact_ms <= opened_ms.saturating_add(OPENING_SLACK_MS)
        }
        Author::Agent => contact_ms <= opened_ms,
        Author::System => false,
    }
}

/// One issue of one customer from its opening to its close.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EpisodeId {
    /// The ticket it belongs to.
    pub ticket: TicketId,
    /// Counts the ticket's episodes from 1.
    pub number: u32,
}

impl fmt::Display for EpisodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.ticket, self.number)
    }
}

/// How a later contact relates to an episode.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Relation {
    /// The same issue: the same category, or a text similar enough.
    Explicit,
    /// Another issue that is known to follow this one.
    Implicit,
    /// Caused by our own follow-up.
    Induced,
    /// Anything else.
    Unrelated,
}

/// What became of an episode within a window.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// The customer did not come back.
    None,
    /// They came back with the same issue.
    Explicit,
    /// They came back with an issue that is known to follow.
    Implicit,
    /// They answered our own follow-up, and nothing else.
    Induced,
    /// They came with something else only.
    Unrelated,
}

/// What a later contact was: a message, a ticket without a recorded message, or the same ticket opened again.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum RecontactSource {
    /// A recorded contact.
    Contact,
    /// The opening of another ticket that has no recorded contact.
    Ticket,
    /// The same ticket opened again.
    Reopening,
}

/// A later contact of the same person, as the proof of an outcome.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recontact {
    /// What kind of record proves it.
    pub source: RecontactSource,
    /// Its identifier.
    pub source_id: Name,
    /// When the customer came.
    pub occurred_at: Timestamp,
    /// Milliseconds after the close; positive.
    pub gap_ms: i64,
    /// How it relates to the episode.
    pub relation: Relation,
    /// What it was about, as far as known.
    pub category: Option<IssueCategory>,
    /// Cosine to the episode's first text, where both are known.
    pub similarity: Option<f64>,
}

impl Relation {
    /// The word in responses and the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Explicit => "explicit",
            Self::Implicit => "implicit",
            Self::Induced => "induced",
            Self::Unrelated => "unrelated",
        }
    }
}

impl Outcome {
    /// The outcome within `window_days` after a close, and the contact that proves it; `None` while the window is not over.
    ///
    /// A repeat decides over what is none: the earliest explicit contact, else the earliest implicit one, else the earliest
    /// induced one, else the earliest unrelated one.
    #[must_use]
    pub fn of(
        recontacts: &[Recontact],
        closed_at: Timestamp,
        window_days: u32,
        now: Timestamp,
    ) -> Option<(Self, Option<&Recontact>)> {
        let end = closed_at.plus_days(i64::from(window_days));
        if now < end {
            return None;
        }
        let proof = recontacts
            .iter()
            .filter(|recontact| recontact.occurred_at > closed_at && recontact.occurred_at <= end)
            .min_by_key(|recontact| (recontact.relation, recontact.occurred_at));
        Some(match proof {
            None => (Self::None, None),
            Some(recontact) => (recontact.relation.into(), Some(recontact)),
        })
    }

    /// Whether the customer came back with the same or a related issue: the numerator of the repeat-contact rate.
    #[must_use]
    pub fn is_repeat(self) -> bool {
        matches!(self, Self::Explicit | Self::Implicit)
    }

    /// The word in responses and the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Explicit => "explicit",
            Self::Implicit => "implicit",
            Self::Induced => "induced",
            Self::Unrelated => "unrelated",
        }
    }
}

impl From<Relation> for Outcome {
    fn from(relation: Relation) -> Self {
        match relation {
            Relation::Explicit => Self::Explicit,
            Relation::Implicit => Self::Implicit,
            Relation::Induced => Self::Induced,
            Relation::Unrelated => Self::Unrelated,
        }
    }
}

#[cfg(test)]
#[path = "outcome_tests.rs"]
mod tests;
