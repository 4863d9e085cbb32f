//! Threads: what a contact changes in the ticket it belongs to.
//!
//! A thread (see [`OutcomePolicy::is_thread`](crate::outcome::OutcomePolicy::is_thread)) that turns to another issue while its
//! ticket is open is cut there (see [`cut`]), and what lies before the cut is an
//! episode that a topic change ended. Episodes that a closing ended are never cut again; a contact that comes late for one
//! of them may still be its first text.

use super::CustomerHash;
use super::corrections::highest_corrected;
use super::derivation::{Affected, Derivation, Span, Told, rederive};
use super::episodes::{
    EndedBy, StoredEpisode, delete_topic_changes, episodes_of_ticket, first_text, insert_episodes,
    read_vector,
};
use super::persons::Person;
use super::rows::bulk_query;
use super::tickets::StoredTicket;
use super::words::contact_explains_opening;
use super::{StoreError, instant, name, optional_name};
use crate::contact::Contact;
use crate::outcome::{
    Author, ContactKind, EpisodeFacts, EpisodeId, LONGEST_WINDOW_DAYS, OPENING_SLACK_MS,
    TextVector, ThreadEpisode, ThreadMessage, cut, explains_opening,
};
use crate::ticket::TicketId;
use crate::timestamp::Timestamp;
use sqlx::{AnyConnection, Row};
use std::collections::HashSet;

/// A thread that a contact belongs to.
pub(super) struct Thread<'a> {
    pub(super) derivation: Derivation<'a>,
    pub(super) id: &'a TicketId,
    /// The ticket, when it was reported.
    pub(super) ticket: Option<&'a StoredTicket>,
    /// Whose issues these are.
    pub(super) customer: &'a CustomerHash,
    /// The persons of the contact and of the ticket, locked.
    pub(super) persons: &'a [Person],
}

/// Brings the thread's episodes up to date with a contact that was just inserted. Episodes that it makes are added to `new`.
pub(super) async fn take_in(
    connection: &mut AnyConnection,
    thread: &Thread<'_>,
    contact: &Contact,
    kind: ContactKind,
    new: &mut HashSet<EpisodeId>,
) -> Result<(), StoreError> {
    let is_customers = contact.author == Author::Customer;
    replace_opening(connection, thread, contact, kind).await?;
    replace_reopening(connection, thread, contact).await?;
    let is_message = match contact.author {
        Author::Customer => kind == ContactKind::Substantive,
        Author::Agent => true,
        Author::System => false,
    };
    if !is_message {
        return Ok(());
    }
    let episodes = episodes_of_ticket(connection, thread.derivation.tenant, thread.id).await?;
    let closed = episodes.iter().rposition(|episode| episode.ended_by == EndedBy::Closing);
    let is_before = |closing: usize| contact.occurred_at <= episodes[closing].facts.closed_at;
    if let Some(last) = closed
        && is_before(last)
    {
        return match (0..=last).find(|index| is_before(*index)) {
            Some(index) if is_customers => {
                update_first_text(connection, thread, &episodes, index).await
            }
            _ => Ok(()),
        };
    }
    let is_closed = thread.ticket.is_some_and(|ticket| ticket.closed_at.is_some());
    if is_closed || !is_thread(thread, contact) || !may_cut(connection, thread, contact).await? {
        return Ok(());
    }
    let open = closed.map_or(0, |last| last + 1);
    recut(connection, thread, &episodes, open, new).await
}

/// Whether the ticket's channel (the contact's, where the ticket's is not known) is one of those whose threads may turn.
fn is_thread(thread: &Thread<'_>, contact: &Contact) -> bool {
    let of_ticket = thread.ticket.and_then(|ticket| ticket.details.channel.as_ref());
    of_ticket
        .or(contact.channel.as_ref())
        .is_some_and(|channel| thread.derivation.rules.policy.is_thread(channel.as_str()))
}

/// From the first contact on that explains it (see [`explains_opening`]), a ticket is represented by its contacts and no longer by
/// its opening.
async fn replace_opening(
    connection: &mut AnyConnection,
    thread: &Thread<'_>,
    contact: &Contact,
    kind: ContactKind,
) -> Result<(), StoreError> {
    let Some(ticket) = thread.ticket else { return Ok(()) };
    let (written, opened) = (contact.occurred_at.millis(), ticket.opened_at.millis());
    if !explains_opening(contact.author, kind, written, opened) {
        return Ok(());
    }
    let statement = format!(
        "SELECT c.id FROM tickets t JOIN contacts c ON c.tenant = t.tenant AND c.ticket_id = t.id \
         WHERE t.tenant = $1 AND t.id = $2 AND c.id <> $3 AND {} LIMIT 1",
        contact_explains_opening()
    );
    let other = bulk_query(statement, true)
        .bind(thread.derivation.tenant.as_str())
        .bind(thread.id.as_str())
        .bind(contact.id.as_str())
        .fetch_optional(&mut *connection)
        .await?;
    if other.is_some() {
        return Ok(());
    }
    let affected = Affected::by_event(ticket.opened_at);
    rederive(connection, thread.derivation, thread.persons, affected, Told::All).await
}

/// What a customer wrote before a ticket was opened again stands for the reopening, also when it is reported after it.
async fn replace_reopening(
    connection: &mut AnyConnection,
    thread: &Thread<'_>,
    contact: &Contact,
) -> Result<(), StoreError> {
    let was_reopened = thread.ticket.is_some_and(|ticket| ticket.reopens > 0);
    if !was_reopened || contact.author != Author::Customer {
        return Ok(());
    }
    // One that came just before the contact, and the next one after it.
    let written = contact.occurred_at.millis();
    for from in [written - OPENING_SLACK_MS, written] {
        let reopened: Option<i64> = sqlx::query_scalar(
            "SELECT MIN(occurred_at) FROM ticket_events \
             WHERE tenant = $1 AND ticket_id = $2 AND kind = 'reopening' AND occurred_at >= $3",
        )
        .bind(thread.derivation.tenant.as_str())
        .bind(thread.id.as_str())
        .bind(from)
        .fetch_one(&mut *connection)
        .await?;
        let Some(reopened) = reopened else { return Ok(()) };
        let reopened_at = Timestamp::from_millis(reopened)
            .map_err(|error| StoreError::corrupt("ticket_events", "occurred_at", error))?;
        let affected = Affected::by_event(reopened_at);
        rederive(connection, thread.derivation, thread.persons, affected, Told::All).await?;
    }
    Ok(())
}

/// A contact may have become the first text of an episode that is over.
async fn update_first_text(
    connection: &mut AnyConnection,
    thread: &Thread<'_>,
    episodes: &[StoredEpisode],
    index: usize,
) -> Result<(), StoreError> {
    let facts = &episodes[index].facts;
    let tenant = thread.derivation.tenant;
    let after = index.checked_sub(1).map(|before| episodes[before].facts.closed_at);
    let first = first_text(connection, tenant, thread.id, after, facts.closed_at).await?;
    let embedding = first.and_then(|first| first.embedding);
    if embedding == facts.embedding {
        return Ok(());
    }
    sqlx::query(
        "UPDATE episodes SET embedding = $4 WHERE tenant = $1 AND ticket_id = $2 AND number = $3",
    )
    .bind(tenant.as_str())
    .bind(thread.id.as_str())
    .bind(i64::from(facts.id.number))
    .bind(embedding.as_ref().map(TextVector::to_base64))
    .execute(&mut *connection)
    .await?;
    let affected = Affected::by_episode(facts.closed_at);
    rederive(connection, thread.derivation, thread.persons, affected, Told::All).await
}

/// Whether a contact can cut its thread at all: only after a pause, or when it came out of order. So that a long lively thread
/// is not read anew with every message.
async fn may_cut(
    connection: &mut AnyConnection,
    thread: &Thread<'_>,
    contact: &Contact,
) -> Result<bool, StoreError> {
    let policy = thread.derivation.rules.policy;
    let hours = policy.topic_gap_hours.min(policy.episode_gap_days.saturating_mul(24));
    let pause_ms = i64::from(hours) * 3_600_000;
    let at = contact.occurred_at.millis();
    // Messages within the pause before it, and any after it.
    let (close_before, after): (i64, i64) = sqlx::query_as(
        "SELECT CAST(COALESCE(SUM(CASE WHEN occurred_at <= $4 THEN 1 ELSE 0 END), 0) AS BIGINT), \
         CAST(COALESCE(SUM(CASE WHEN occurred_at > $4 THEN 1 ELSE 0 END), 0) AS BIGINT) FROM contacts \
         WHERE tenant = $1 AND ticket_id = $2 AND id <> $3 AND occurred_at > $5 \
         AND ((author = 'customer' AND kind = 'substantive') OR author = 'agent')",
    )
    .bind(thread.derivation.tenant.as_str())
    .bind(thread.id.as_str())
    .bind(contact.id.as_str())
    .bind(at)
    .bind(at - pause_ms)
    .fetch_one(connection)
    .await?;
    Ok(close_before == 0 || after > 0)
}

/// Cuts what follows the last closing, and writes the topic changes that differ from the stored ones.
async fn recut(
    connection: &mut AnyConnection,
    thread: &Thread<'_>,
    episodes: &[StoredEpisode],
    open: usize,
    new: &mut HashSet<EpisodeId>,
) -> Result<(), StoreError> {
    let tenant = thread.derivation.tenant;
    let last_closing = open.checked_sub(1).map(|last| &episodes[last]);
    let after = last_closing.map(|last| last.facts.closed_at);
    let messages = messages_after(connection, thread, after).await?;
    let mut pieces = cut(&messages, thread.derivation.rules.policy);
    // What is still going on has not ended.
    pieces.pop();
    let mut wanted = ended_pieces(thread, pieces, after.is_none());
    let stored = &episodes[open..];
    let kept =
        stored.iter().zip(&wanted).take_while(|(stored, wanted)| is_same(stored, wanted)).count();
    if kept == stored.len() && kept == wanted.len() {
        return Ok(());
    }
    let last_kept = stored[..kept].last().or(last_closing).map_or(0, |last| last.facts.id.number);
    // A number that a correction names is not given to another piece.
    let corrected = highest_corrected(connection, tenant, thread.id).await?;
    for (number, episode) in (last_kept.max(corrected) + 1..).zip(&mut wanted[kept..]) {
        episode.facts.id.number = number;
    }
    if let Some(changed) = stored.get(kept) {
        let from = changed.facts.id.number;
        delete_topic_changes(connection, tenant, thread.id, from, &wanted[kept..]).await?;
    }
    insert_episodes(connection, tenant, &wanted[kept..]).await?;
    for episode in &wanted[kept..] {
        let id = &episode.facts.id;
        let before = stored[kept..].iter().find(|stored| stored.facts.id == *id);
        if before.is_none() {
            new.insert(id.clone());
        }
        let closed_at = episode.facts.closed_at;
        let closed_before = before.map_or(closed_at, |before| before.facts.closed_at);
        let last = closed_at.max(closed_before);
        let came = Span {
            from: closed_at.min(closed_before),
            to: last.plus_days(i64::from(LONGEST_WINDOW_DAYS)),
        };
        let affected = Affected { closed: Span::at(closed_at), came };
        rederive(connection, thread.derivation, thread.persons, affected, Told::AllBut(new))
            .await?;
    }
    Ok(())
}

/// Whether a stored piece is as it should be; its number does not matter.
fn is_same(stored: &StoredEpisode, wanted: &StoredEpisode) -> bool {
    let (a, b) = (&stored.facts, &wanted.facts);
    stored.ended_by == wanted.ended_by
        && (&a.category, a.opened_at, a.closed_at, &a.embedding)
            == (&b.category, b.opened_at, b.closed_at, &b.embedding)
}

/// The pieces as episodes. One whose category nobody knows is none: it could enter no rate.
fn ended_pieces(
    thread: &Thread<'_>,
    pieces: Vec<ThreadEpisode>,
    is_first_of_ticket: bool,
) -> Vec<StoredEpisode> {
    let mut episodes: Vec<StoredEpisode> = Vec::new();
    for piece in pieces {
        let known = thread.ticket.and_then(|ticket| ticket.category.clone());
        let Some(category) = piece.category.or(known) else { continue };
        let opened = thread.ticket.filter(|_| is_first_of_ticket && episodes.is_empty());
        let opened_at = opened.map_or(piece.opened_at, |t| t.opened_at.min(piece.opened_at));
        let details = thread.ticket.map(|ticket| &ticket.details);
        // Numbered when it is known which of them are new.
        let number = 0;
        episodes.push(StoredEpisode {
            facts: EpisodeFacts {
                id: EpisodeId { ticket: thread.id.clone(), number },
                category,
                opened_at,
                closed_at: piece.closed_at,
                embedding: piece.embedding,
            },
            customer: thread.customer.clone(),
            team: details.and_then(|details| details.team.clone()),
            channel: details.and_then(|details| details.channel.clone()),
            ended_by: EndedBy::TopicChange,
            is_parallel: false,
            is_outage: false,
        });
    }
    episodes
}

async fn messages_after(
    connection: &mut AnyConnection,
    thread: &Thread<'_>,
    after: Option<Timestamp>,
) -> Result<Vec<ThreadMessage>, StoreError> {
    let rows = sqlx::query(
        "SELECT id, occurred_at, author, category, category_is_certain, embedding FROM contacts \
         WHERE tenant = $1 AND ticket_id = $2 AND occurred_at >= $3 \
         AND ((author = 'customer' AND kind = 'substantive') OR author = 'agent') ORDER BY occurred_at, id",
    )
    .bind(thread.derivation.tenant.as_str())
    .bind(thread.id.as_str())
    .bind(after.map_or(0, |after| after.millis() + 1))
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            let author: String = row.try_get("author")?;
            Ok(ThreadMessage {
                id: name(row, "contacts", "id")?,
                occurred_at: instant(row, "contacts", "occurred_at")?,
                author: Author::parse(&author).ok_or_else(|| {
                    StoreError::corrupt("contacts", "author", format!("unknown: {author}"))
                })?,
                category: optional_name(row, "contacts", "category")?,
                category_is_certain: row.try_get::<i64, _>("category_is_certain")? != 0,
                embedding: read_vector(row, "contacts")?,
            })
        })
        .collect()
}
