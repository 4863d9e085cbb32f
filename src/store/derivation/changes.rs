//! Changes of outcomes that were told: what was said before, what is said now, and why.

use super::super::customer::content_sha256;
use super::super::episodes::read_number;
use super::super::rows::{bulk_query, placeholders};
use super::super::{PER_STATEMENT, StoreError, Tenant, encode_error, instant, name};
use super::load::{RECONTACT_COLUMNS, read_recontact};
use super::{Derivation, Difference};
use crate::outcome::{EpisodeFacts, EpisodeId, Outcome, Recontact, WINDOWS_DAYS};
use crate::ticket::TicketId;
use crate::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::{AnyConnection, Row};
use std::collections::BTreeMap;

/// What changed an outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChangeCause {
    /// A contact, an opening or a reopening that was reported late.
    LateContact,
    /// One that was reported in time.
    Contact,
    /// A closing or a report that gave a ticket another category.
    LateClosing,
    /// Two identities became one person.
    Merge,
    /// They became two again.
    Unmerge,
    /// A category became known to follow another, or is no longer.
    Adjacency,
    /// A customer was erased.
    Erasure,
}

/// The outcome in each window of [`WINDOWS_DAYS`]; `None` where it was not told yet.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OutcomesPerWindow(pub BTreeMap<u32, Option<Outcome>>);

/// An outcome that was told and is another one now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutcomeChange {
    /// Whose outcome.
    pub episode: EpisodeId,
    /// When it changed.
    pub changed_at: Timestamp,
    /// Why.
    pub cause: ChangeCause,
    /// What was told before.
    pub before: OutcomesPerWindow,
    /// What is told now.
    pub after: OutcomesPerWindow,
}

impl ChangeCause {
    /// The word in responses and the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LateContact => "late_contact",
            Self::Contact => "contact",
            Self::LateClosing => "late_closing",
            Self::Merge => "merge",
            Self::Unmerge => "unmerge",
            Self::Adjacency => "adjacency",
            Self::Erasure => "erasure",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        [
            Self::LateContact,
            Self::Contact,
            Self::LateClosing,
            Self::Merge,
            Self::Unmerge,
            Self::Adjacency,
            Self::Erasure,
        ]
        .into_iter()
        .find(|cause| cause.as_str() == word)
    }
}

impl OutcomesPerWindow {
    /// What is told at `now`. A window that is not over has no outcome; `with_open` tells what a late event has done to it all
    /// the same, where the customer came back in it.
    pub(in super::super) fn of(
        recontacts: &[Recontact],
        closed_at: Timestamp,
        now: Timestamp,
        with_open: bool,
    ) -> Self {
        let told = WINDOWS_DAYS.into_iter().map(|days| {
            let end = closed_at.plus_days(i64::from(days));
            let outcome =
                Outcome::of(recontacts, closed_at, days, now.max(end)).map(|(outcome, _)| outcome);
            let is_told = now >= end || (with_open && outcome != Some(Outcome::None));
            (days, outcome.filter(|_| is_told))
        });
        Self(told.collect())
    }
}

/// The changes that writing these differences makes; to be called before.
pub(super) async fn of_differences(
    connection: &mut AnyConnection,
    derivation: Derivation<'_>,
    differences: &[&Difference],
) -> Result<Vec<OutcomeChange>, StoreError> {
    let with_open = derivation.cause == ChangeCause::LateContact;
    let mut changes = Vec::new();
    for difference in differences {
        let episode = &difference.episode;
        if !may_be_told(difference, derivation.now, with_open) {
            continue;
        }
        let stored = recontacts_of(connection, derivation.tenant, &episode.id).await?;
        let told = |recontacts: &[Recontact]| {
            OutcomesPerWindow::of(recontacts, episode.closed_at, derivation.now, with_open)
        };
        let (before, after) = (told(&stored), told(&after_writing(&stored, difference)));
        if before != after {
            changes.push(change(derivation, episode, before, after));
        }
    }
    Ok(changes)
}

fn change(
    derivation: Derivation<'_>,
    episode: &EpisodeFacts,
    before: OutcomesPerWindow,
    after: OutcomesPerWindow,
) -> OutcomeChange {
    OutcomeChange {
        episode: episode.id.clone(),
        changed_at: derivation.now,
        cause: derivation.cause,
        before,
        after,
    }
}

/// Whether a window that is over (or any, for a late event) holds something that differs.
fn may_be_told(difference: &Difference, now: Timestamp, with_open: bool) -> bool {
    let closed_at = difference.episode.closed_at;
    let earliest = difference
        .before
        .iter()
        .filter(|recontact| !difference.after.contains(recontact))
        .chain(difference.after.iter().filter(|recontact| !difference.before.contains(recontact)))
        .map(|recontact| recontact.occurred_at)
        .min();
    earliest.is_some_and(|earliest| {
        with_open
            || WINDOWS_DAYS.into_iter().any(|days| {
                let end = closed_at.plus_days(i64::from(days));
                end <= now && earliest <= end
            })
    })
}

/// What will be stored: of one source and identifier the earliest stays.
fn after_writing(stored: &[Recontact], difference: &Difference) -> Vec<Recontact> {
    let mut kept: Vec<Recontact> =
        stored.iter().filter(|recontact| !difference.before.contains(recontact)).cloned().collect();
    for recontact in &difference.after {
        let is_same = |other: &&mut Recontact| {
            (other.source, &other.source_id) == (recontact.source, &recontact.source_id)
        };
        match kept.iter_mut().find(is_same) {
            Some(other) if other.occurred_at <= recontact.occurred_at => {}
            Some(other) => *other = recontact.clone(),
            None => kept.push(recontact.clone()),
        }
    }
    kept
}

/// Everything stored of one episode.
async fn recontacts_of(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    episode: &EpisodeId,
) -> Result<Vec<Recontact>, StoreError> {
    let statement = format!(
        "SELECT {RECONTACT_COLUMNS} FROM recontacts r WHERE r.tenant = $1 AND r.ticket_id = $2 AND r.episode = $3"
    );
    let rows = bulk_query(statement, true)
        .bind(tenant.as_str())
        .bind(episode.ticket.as_str())
        .bind(i64::from(episode.number))
        .fetch_all(connection)
        .await?;
    rows.iter().map(read_recontact).collect()
}

pub(in super::super) async fn record_changes(
    connection: &mut AnyConnection,
    derivation: Derivation<'_>,
    changes: &[OutcomeChange],
) -> Result<(), StoreError> {
    for chunk in changes.chunks(PER_STATEMENT) {
        let statement = format!(
            "INSERT INTO outcome_changes (tenant, id, ticket_id, episode, changed_at, cause, before_json, after_json) \
             VALUES {} ON CONFLICT (tenant, id) DO NOTHING",
            placeholders(chunk.len(), 8)
        );
        let mut query = bulk_query(statement, false);
        for change in chunk {
            let json = |outcomes| serde_json::to_string(outcomes).map_err(encode_error);
            let (before, after) = (json(&change.before)?, json(&change.after)?);
            let id = content_sha256(&(
                &change.episode,
                change.changed_at,
                change.cause,
                &change.before,
                &change.after,
            ))?;
            query = query
                .bind(derivation.tenant.as_str())
                .bind(id)
                .bind(change.episode.ticket.as_str())
                .bind(i64::from(change.episode.number))
                .bind(change.changed_at.millis())
                .bind(change.cause.as_str())
                .bind(before)
                .bind(after);
        }
        query.execute(&mut *connection).await?;
    }
    Ok(())
}

/// The recorded changes of a ticket's episodes, oldest first.
pub(in super::super) async fn find_changes(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    ticket: &TicketId,
) -> Result<Vec<OutcomeChange>, StoreError> {
    let rows = sqlx::query(
        "SELECT ticket_id, episode, changed_at, cause, before_json, after_json FROM outcome_changes \
         WHERE tenant = $1 AND ticket_id = $2 ORDER BY changed_at, id",
    )
    .bind(tenant.as_str())
    .bind(ticket.as_str())
    .fetch_all(connection)
    .await?;
    let json = |text: String, column| {
        serde_json::from_str(&text)
            .map_err(|error| StoreError::corrupt("outcome_changes", column, error))
    };
    rows.iter()
        .map(|row| {
            let cause: String = row.try_get("cause")?;
            Ok(OutcomeChange {
                episode: EpisodeId {
                    ticket: name(row, "outcome_changes", "ticket_id")?,
                    number: read_number(row, "episode")?,
                },
                changed_at: instant(row, "outcome_changes", "changed_at")?,
                cause: ChangeCause::parse(&cause).ok_or_else(|| {
                    StoreError::corrupt("outcome_changes", "cause", format!("unknown: {cause}"))
                })?,
                before: json(row.try_get("before_json")?, "before_json")?,
                after: json(row.try_get("after_json")?, "after_json")?,
            })
        })
        .collect()
}
