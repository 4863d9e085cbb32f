//! What follows from events: the recontacts of episodes, and what changed in outcomes that were told.
//!
//! Every event (contact, opening, closing, reopening, merge, undoing) rederives, in its own transaction and with the person
//! locked, what it may have changed: the episodes in [`Affected::closed`] against what came in [`Affected::came`]. The rules are
//! [`outcome::derive`](crate::outcome::derive)'s; here is only which episodes and contacts they are given, and what of
//! their answer is new.

mod changes;
mod load;
mod write;

use super::persons::Person;
use super::{StoreError, Tenant};
use crate::outcome::{
    AdjacentPairs, EpisodeFacts, EpisodeId, LONGEST_WINDOW_DAYS, LaterContact, OutcomePolicy,
    Recontact, derive,
};
use crate::timestamp::Timestamp;
use sqlx::AnyConnection;
use std::collections::{HashMap, HashSet};

pub use changes::{ChangeCause, OutcomeChange, OutcomesPerWindow};
pub(super) use changes::{find_changes, record_changes};
pub(super) use load::{RECONTACT_COLUMNS, load_contacts, read_recontact};
pub(super) use write::insert_recontacts;

/// By which rules outcomes are derived.
#[derive(Debug, Clone, Copy)]
pub struct OutcomeRules<'a> {
    /// Which categories are known to follow which.
    pub pairs: &'a AdjacentPairs,
    /// Thresholds.
    pub policy: &'a OutcomePolicy,
    /// An event that is reported so much after it happened is late; milliseconds.
    pub late_after_ms: i64,
}

impl OutcomeRules<'_> {
    /// Why an event changes outcomes: `LateContact` when it is late, else `on_time`.
    pub(super) fn cause_at(
        &self,
        occurred_at: Timestamp,
        now: Timestamp,
        on_time: ChangeCause,
    ) -> ChangeCause {
        if now.millis() - occurred_at.millis() > self.late_after_ms {
            ChangeCause::LateContact
        } else {
            on_time
        }
    }
}

/// Instants from the first to the last, both included.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
}

impl Span {
    pub(super) fn at(instant: Timestamp) -> Self {
        Self { from: instant, to: instant }
    }

    pub(super) fn all() -> Self {
        Self { from: Timestamp::EARLIEST, to: Timestamp::LATEST }
    }
}

/// Which episodes may have changed, and by what.
#[derive(Debug, Clone, Copy)]
pub(super) struct Affected {
    /// Episodes that were closed then.
    pub(super) closed: Span,
    /// Contacts, openings and reopenings that came then.
    pub(super) came: Span,
}

impl Affected {
    /// Something came at an instant: it may follow what was closed within the longest window before.
    pub(super) fn by_event(instant: Timestamp) -> Self {
        let from = instant.plus_days(-i64::from(LONGEST_WINDOW_DAYS));
        Self { closed: Span { from, to: instant }, came: Span::at(instant) }
    }

    /// An episode is new or another one: anything within the longest window after it may follow it.
    pub(super) fn by_episode(closed_at: Timestamp) -> Self {
        let to = closed_at.plus_days(i64::from(LONGEST_WINDOW_DAYS));
        Self { closed: Span::at(closed_at), came: Span { from: closed_at, to } }
    }

    pub(super) fn all() -> Self {
        Self { closed: Span::all(), came: Span::all() }
    }
}

/// What a derivation needs besides the rows.
#[derive(Clone, Copy)]
pub(super) struct Derivation<'a> {
    pub(super) tenant: &'a Tenant,
    pub(super) rules: &'a OutcomeRules<'a>,
    pub(super) now: Timestamp,
    pub(super) cause: ChangeCause,
}

/// Of which episodes outcomes may have been told before, so that a change of theirs is recorded.
#[derive(Clone, Copy)]
pub(super) enum Told<'a> {
    /// Of all.
    All,
    /// Of all but these, which are new.
    AllBut(&'a HashSet<EpisodeId>),
    /// Of none.
    Nothing,
}

impl Told<'_> {
    fn holds(self, id: &EpisodeId) -> bool {
        match self {
            Self::All => true,
            Self::AllBut(new) => !new.contains(id),
            Self::Nothing => false,
        }
    }
}

/// What came of one person, in order of time.
type ContactsOf = HashMap<String, Vec<LaterContact>>;

/// Derives the recontacts of these persons anew, writes what differs, and records changes of outcomes that were told. The
/// persons must be locked.
pub(super) async fn rederive(
    connection: &mut AnyConnection,
    derivation: Derivation<'_>,
    persons: &[Person],
    affected: Affected,
    told: Told<'_>,
) -> Result<(), StoreError> {
    let tenant = derivation.tenant;
    let episodes = load::load_episodes(connection, tenant, persons, affected.closed).await?;
    if episodes.is_empty() {
        return Ok(());
    }
    let contacts = load::load_all_later(connection, tenant, persons, affected.came).await?;
    let mut stored = load::load_recontacts(connection, tenant, persons, affected).await?;
    let mut differences = Vec::new();
    for (person, episode) in episodes {
        let of_person = contacts.get(&person).map_or(&[][..], Vec::as_slice);
        let derived = derive_within(&episode, of_person, affected.came, derivation.rules);
        let before = stored.remove(&episode.id).unwrap_or_default();
        if before != derived {
            differences.push(Difference { episode, before, after: derived });
        }
    }
    let told: Vec<&Difference> =
        differences.iter().filter(|difference| told.holds(&difference.episode.id)).collect();
    let changes = changes::of_differences(connection, derivation, &told).await?;
    write::write_differences(connection, derivation, &differences).await?;
    changes::record_changes(connection, derivation, &changes).await
}

/// The recontacts of an episode among contacts in order of time.
pub(super) fn derive_within(
    episode: &EpisodeFacts,
    contacts: &[LaterContact],
    came: Span,
    rules: &OutcomeRules<'_>,
) -> Vec<Recontact> {
    let end = episode.closed_at.plus_days(i64::from(LONGEST_WINDOW_DAYS)).min(came.to);
    let first = contacts.partition_point(|contact| contact.occurred_at <= episode.closed_at);
    let beyond = contacts.partition_point(|contact| contact.occurred_at <= end);
    match contacts.get(first..beyond) {
        Some(later) if !later.is_empty() => derive(episode, later, rules.pairs, rules.policy),
        _ => Vec::new(),
    }
}

/// What is stored of an episode within the span that was derived anew, and what should be.
pub(super) struct Difference {
    pub(super) episode: EpisodeFacts,
    pub(super) before: Vec<Recontact>,
    pub(super) after: Vec<Recontact>,
}
