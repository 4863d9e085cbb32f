//! Closings of tickets, with the assessment made at that moment, in one transaction.
//!
//! A closing makes an episode. A ticket that was opened again can be closed again, with an episode and an assessment of its own.

use super::customer::content_sha256;
use super::derivation::{
    Affected, ChangeCause, Derivation, OutcomeRules, Span, Told, derive_within, insert_recontacts,
    load_contacts, rederive,
};
use super::episodes::{
    EndedBy, LastEpisode, StoredEpisode, delete_topic_changes, first_text, insert_episodes,
    last_episode,
};
use super::follow_ups::{FlaggedClosing, enqueue};
use super::opt_outs::has_opted_out;
use super::persons::{Person, lock_person};
use super::reopenings::last_reopening;
use super::tickets::{
    Assessment, CLOSING, EventRow, LockedTicket, PersonHistory, STATE, StoredTicket, find_history,
    find_ticket, lock_ticket, read_assessment, read_details, to_json, unwritable,
};
use super::{Store, StoreError, Tenant, optional_name};
use crate::identity::IdentityKind;
use crate::outcome::{EpisodeFacts, EpisodeId, LONGEST_WINDOW_DAYS, is_parallel};
use crate::ticket::{
    ClosedTicket, ClosingEvent, CustomerHistory, IssueCategory, TicketDetails, TicketId,
};
use crate::timestamp::Timestamp;
use serde::Serialize;
use sqlx::AnyConnection;
use std::collections::HashSet;

/// What became of a closing.
#[derive(Debug, Clone, PartialEq)]
pub enum TicketClosed {
    /// The ticket is closed now; this is how it was stored.
    Closed(StoredTicket),
    /// The same closing was recorded before; this is how the ticket was stored then.
    AlreadyClosed(StoredTicket),
    /// The ticket is closed with other content; nothing was changed.
    Conflict {
        /// A sentence for the caller.
        reason: String,
    },
    /// No report of this ticket was recorded.
    UnknownTicket,
    /// The closing does not fit the ticket; nothing was changed.
    Invalid {
        /// The field at fault.
        field: &'static str,
        /// What is wrong with it.
        reason: String,
    },
}

/// What makes two closings of a ticket the same.
#[derive(Serialize)]
pub(super) struct ClosingContent<'a> {
    pub(super) closed_at: Timestamp,
    pub(super) category: Option<&'a IssueCategory>,
    pub(super) details: &'a TicketDetails,
}

impl Store {
    /// Closes a ticket and records what `assess` says about it, both or neither.
    ///
    /// `assess` is called at most once, inside the transaction, with the ticket as known at its closing (its
    /// `customer_id` is the customer's hash, and `reopens` is what was reported here where the helpdesk does not tell) and with
    /// the other tickets of the same person. `None` closes the ticket without an assessment. A closing that was recorded
    /// before is answered as then, without calling `assess`. A customer who opted out is not assessed.
    /// What is flagged is put into the follow-up queue ([`Store::with_follow_ups`]) in the same transaction.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn close_ticket(
        &self,
        tenant: &Tenant,
        id: &TicketId,
        closing: &ClosingEvent,
        rules: &OutcomeRules<'_>,
        now: Timestamp,
        assess: impl FnOnce(&ClosedTicket, &CustomerHistory) -> Option<Assessment> + Send,
    ) -> Result<TicketClosed, StoreError> {
        if let Some((field, reason)) = unwritable(&closing.details) {
            return Ok(TicketClosed::Invalid { field, reason });
        }
        let derivation = Derivation { tenant, rules, now, cause: ChangeCause::LateClosing };
        let mut write = self.begin_write().await?;
        let closed = close(self, write.connection(), derivation, id, closing, assess).await?;
        write.finish(matches!(closed, TicketClosed::Closed(_))).await?;
        Ok(closed)
    }
}

async fn close(
    store: &Store,
    connection: &mut AnyConnection,
    derivation: Derivation<'_>,
    id: &TicketId,
    closing: &ClosingEvent,
    assess: impl FnOnce(&ClosedTicket, &CustomerHistory) -> Option<Assessment> + Send,
) -> Result<TicketClosed, StoreError> {
    let tenant = derivation.tenant;
    let Some(locked) = lock_ticket(connection, tenant, id).await? else {
        return Ok(TicketClosed::UnknownTicket);
    };
    let closing_sha256 = content_sha256(&ClosingContent {
        closed_at: closing.closed_at,
        category: closing.category.as_ref(),
        details: &closing.details,
    })?;
    if let Some(answer) =
        closed_before(connection, tenant, &locked, closing, &closing_sha256).await?
    {
        return Ok(answer);
    }
    let reopened_at = match locked.ticket.reopens {
        0 => None,
        _ => last_reopening(connection, tenant, id).await?,
    };
    if let Some(reason) = too_early(closing.closed_at, locked.ticket.opened_at, reopened_at) {
        return Ok(TicketClosed::Invalid { field: "closed_at", reason });
    }
    let reported_category = locked.ticket.category.clone();
    let known = state_at(connection, tenant, locked.ticket, closing.closed_at).await?;
    let Some(category) = closing.category.clone().or_else(|| known.category.clone()) else {
        let reason = "neither the closing nor an earlier report names one".to_owned();
        return Ok(TicketClosed::Invalid { field: "category", reason });
    };
    let last = last_episode(connection, tenant, id).await?;
    let person = lock_person(connection, tenant, &known.customer, IdentityKind::Customer).await?;
    let others = find_history(connection, tenant, &person, id).await?;
    let ticket = ClosedTicket {
        id: id.clone(),
        customer_id: known.customer.as_customer_id()?,
        opened_at: known.opened_at,
        closed_at: closing.closed_at,
        category,
        details: known.details.clone().overlaid_with(closing.details.clone()),
    };
    let assessment = match has_opted_out(connection, tenant, &known.customer).await? {
        true => None,
        false => assess(&with_reopens(&ticket, known.reopens), &others.history),
    };
    update_closed(connection, tenant, &ticket, &closing_sha256).await?;
    let event = EventRow {
        kind: CLOSING,
        occurred_at: closing.closed_at,
        content_sha256: &closing_sha256,
        category: closing.category.as_ref(),
        details_json: &to_json(&closing.details)?,
    };
    event.insert(connection, tenant, id, derivation.now).await?;
    let closed = ClosedEpisode { derivation, ticket: &ticket, known: &known, person: &person };
    let number = closed.record(connection, last, reopened_at, &others).await?;
    if let Some(assessment) = &assessment {
        insert_assessment(connection, tenant, &ticket, number, assessment).await?;
        if let Some(policy) = store.follow_ups.as_deref() {
            let (ticket, customer) = (&ticket, &known.customer);
            let (key, episode, now) = (&store.key, number, derivation.now);
            let flagged =
                FlaggedClosing { tenant, key, policy, ticket, customer, episode, assessment, now };
            enqueue(connection, &flagged).await?;
        }
    }
    if reported_category.as_ref() != Some(&ticket.category) && !others.history.tickets.is_empty() {
        // The opening may stand for the ticket among what follows earlier episodes, and it is about something else now.
        let affected = Affected::by_event(ticket.opened_at);
        rederive(connection, derivation, &[person], affected, Told::All).await?;
    }
    Ok(TicketClosed::Closed(StoredTicket {
        id: ticket.id,
        customer: known.customer,
        opened_at: ticket.opened_at,
        closed_at: Some(ticket.closed_at),
        category: Some(ticket.category),
        details: ticket.details,
        assessment,
        reopens: known.reopens,
        updated_at: ticket.closed_at,
    }))
}

/// The answer to a closing that comes again, or that finds the ticket closed with other content.
async fn closed_before(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    locked: &LockedTicket,
    closing: &ClosingEvent,
    closing_sha256: &str,
) -> Result<Option<TicketClosed>, StoreError> {
    let (ticket, id) = (&locked.ticket, &locked.ticket.id);
    if locked.closing_sha256.as_deref() == Some(closing_sha256) {
        let stored = find_ticket(connection, tenant, id).await?;
        return stored
            .map(|stored| Some(TicketClosed::AlreadyClosed(stored)))
            .ok_or(StoreError::Database { source: sqlx::Error::RowNotFound });
    }
    if ticket.reopens > 0
        && let Some(earlier) =
            earlier_closing(connection, tenant, ticket, closing, closing_sha256).await?
    {
        return Ok(Some(TicketClosed::AlreadyClosed(earlier)));
    }
    Ok(ticket.closed_at.map(|closed_at| {
        let reason = format!("ticket {id} is already closed (at {closed_at}) with other content");
        TicketClosed::Conflict { reason }
    }))
}

/// The ticket as it was closed by the same closing before it was opened again; its details are those known now.
async fn earlier_closing(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    ticket: &StoredTicket,
    closing: &ClosingEvent,
    closing_sha256: &str,
) -> Result<Option<StoredTicket>, StoreError> {
    let row = sqlx::query(
        "SELECT e.category AS category, a.model_version AS model_version, a.inputs_sha256 AS inputs_sha256, \
         a.assessed_at AS assessed_at, a.probability AS probability, a.band AS band, a.body AS body \
         FROM ticket_events v JOIN episodes e \
         ON e.tenant = v.tenant AND e.ticket_id = v.ticket_id AND e.closed_at = v.occurred_at AND e.ended_by = 'closing' \
         LEFT JOIN assessments a ON a.tenant = e.tenant AND a.ticket_id = e.ticket_id AND a.episode = e.number \
         WHERE v.tenant = $1 AND v.ticket_id = $2 AND v.kind = $3 AND v.occurred_at = $4 AND v.content_sha256 = $5",
    )
    .bind(tenant.as_str())
    .bind(ticket.id.as_str())
    .bind(CLOSING)
    .bind(closing.closed_at.millis())
    .bind(closing_sha256)
    .fetch_optional(connection)
    .await?;
    row.map(|row| {
        Ok(StoredTicket {
            closed_at: Some(closing.closed_at),
            category: optional_name(&row, "episodes", "category")?,
            assessment: read_assessment(&row)?,
            updated_at: closing.closed_at,
            ..ticket.clone()
        })
    })
    .transpose()
}

fn too_early(
    closed_at: Timestamp,
    opened_at: Timestamp,
    reopened_at: Option<Timestamp>,
) -> Option<String> {
    if closed_at < opened_at {
        return Some(format!("closing at {closed_at} before opening at {opened_at}"));
    }
    reopened_at
        .filter(|reopened_at| closed_at < *reopened_at)
        .map(|reopened_at| format!("closing at {closed_at} before reopening at {reopened_at}"))
}

/// The ticket as the model sees it: how often it was reopened is known here, too, where the helpdesk does not tell.
fn with_reopens(ticket: &ClosedTicket, reopens: u32) -> ClosedTicket {
    let mut ticket = ticket.clone();
    ticket.details.reopens = ticket.details.reopens.or((reopens > 0).then_some(reopens));
    ticket
}

/// A closing on its way to becoming an episode.
struct ClosedEpisode<'a> {
    derivation: Derivation<'a>,
    ticket: &'a ClosedTicket,
    known: &'a StoredTicket,
    person: &'a Person,
}

impl ClosedEpisode<'_> {
    /// Inserts the episode with what already followed it, and answers its number.
    async fn record(
        &self,
        connection: &mut AnyConnection,
        last: Option<LastEpisode>,
        reopened_at: Option<Timestamp>,
        others: &PersonHistory,
    ) -> Result<u32, StoreError> {
        let tenant = self.derivation.tenant;
        let last = self.without_later_cuts(connection, last).await?;
        let after = last.map(|last| last.closed_at);
        let closed_at = self.ticket.closed_at;
        let first = first_text(connection, tenant, &self.ticket.id, after, closed_at).await?;
        let opened_at = match last.map(|last| last.ended_by) {
            None => self.ticket.opened_at,
            Some(EndedBy::Closing) => reopened_at.unwrap_or(self.ticket.opened_at),
            Some(EndedBy::TopicChange) => {
                first.as_ref().map(|first| first.occurred_at).or(after).unwrap_or(closed_at)
            }
        };
        let episode = StoredEpisode {
            facts: EpisodeFacts {
                id: EpisodeId {
                    ticket: self.ticket.id.clone(),
                    number: last.map_or(0, |last| last.number) + 1,
                },
                category: self.ticket.category.clone(),
                opened_at,
                closed_at,
                embedding: first.and_then(|first| first.embedding),
            },
            customer: self.known.customer.clone(),
            team: self.ticket.details.team.clone(),
            channel: self.ticket.details.channel.clone(),
            ended_by: EndedBy::Closing,
            is_parallel: is_parallel(closed_at, &others.history.tickets),
            is_outage: false,
        };
        insert_episodes(connection, tenant, std::slice::from_ref(&episode)).await?;
        self.derive(connection, &episode.facts, others).await?;
        Ok(episode.facts.id.number)
    }

    /// A closing that lies before a cut of the thread is reported late: what came after it is not of this episode.
    async fn without_later_cuts(
        &self,
        connection: &mut AnyConnection,
        last: Option<LastEpisode>,
    ) -> Result<Option<LastEpisode>, StoreError> {
        let Some(cut) = last.filter(|last| last.closed_at >= self.ticket.closed_at) else {
            return Ok(last);
        };
        let (tenant, id) = (self.derivation.tenant, &self.ticket.id);
        let from: Option<i64> = sqlx::query_scalar(
            "SELECT MIN(number) FROM episodes WHERE tenant = $1 AND ticket_id = $2 AND closed_at >= $3",
        )
        .bind(tenant.as_str())
        .bind(id.as_str())
        .bind(self.ticket.closed_at.millis())
        .fetch_one(&mut *connection)
        .await?;
        let from = from.and_then(|from| u32::try_from(from).ok()).unwrap_or(cut.number);
        delete_topic_changes(connection, tenant, id, from).await?;
        last_episode(connection, tenant, id).await
    }

    /// What already followed: usually nothing, and then one query tells.
    async fn derive(
        &self,
        connection: &mut AnyConnection,
        episode: &EpisodeFacts,
        others: &PersonHistory,
    ) -> Result<(), StoreError> {
        let persons = std::slice::from_ref(self.person);
        let closed_at = episode.closed_at;
        let is_later = others.history.tickets.iter().any(|ticket| ticket.opened_at > closed_at);
        if is_later || others.has_reopened {
            let new = HashSet::from([episode.id.clone()]);
            let affected = Affected::by_episode(closed_at);
            return rederive(connection, self.derivation, persons, affected, Told::AllBut(&new))
                .await;
        }
        let came =
            Span { from: closed_at, to: closed_at.plus_days(i64::from(LONGEST_WINDOW_DAYS)) };
        let tenant = self.derivation.tenant;
        let mut contacts = load_contacts(connection, tenant, persons, came).await?;
        let mut contacts = contacts.remove(self.person.as_str()).unwrap_or_default();
        contacts.sort_by_key(|contact| contact.occurred_at);
        let recontacts = derive_within(episode, &contacts, came, self.derivation.rules);
        let rows: Vec<_> = recontacts.iter().map(|recontact| (episode, recontact)).collect();
        insert_recontacts(connection, tenant, &rows, self.derivation.now).await
    }
}

/// The ticket as known at `closed_at`: a report that came earlier but tells of a later instant does not count.
async fn state_at(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    newest: StoredTicket,
    closed_at: Timestamp,
) -> Result<StoredTicket, StoreError> {
    if newest.updated_at <= closed_at {
        return Ok(newest);
    }
    let row = sqlx::query(
        "SELECT category, details FROM ticket_events \
         WHERE tenant = $1 AND ticket_id = $2 AND kind = $3 AND occurred_at <= $4 \
         ORDER BY occurred_at DESC LIMIT 1",
    )
    .bind(tenant.as_str())
    .bind(newest.id.as_str())
    .bind(STATE)
    .bind(closed_at.millis())
    .fetch_optional(connection)
    .await?;
    let (category, details) = match &row {
        Some(row) => (optional_name(row, "ticket_events", "category")?, read_details(row)?),
        None => (None, TicketDetails::default()),
    };
    Ok(StoredTicket { category, details, ..newest })
}

async fn update_closed(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    ticket: &ClosedTicket,
    closing_sha256: &str,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE tickets SET updated_at = $3, closed_at = $3, category = $4, details = $5, closing_sha256 = $6 \
         WHERE tenant = $1 AND id = $2",
    )
    .bind(tenant.as_str())
    .bind(ticket.id.as_str())
    .bind(ticket.closed_at.millis())
    .bind(ticket.category.as_str())
    .bind(to_json(&ticket.details)?)
    .bind(closing_sha256)
    .execute(connection)
    .await?;
    Ok(())
}

async fn insert_assessment(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    ticket: &ClosedTicket,
    episode: u32,
    assessment: &Assessment,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO assessments (tenant, ticket_id, episode, closed_at, model_version, inputs_sha256, assessed_at, \
         probability, band, body) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(tenant.as_str())
    .bind(ticket.id.as_str())
    .bind(i64::from(episode))
    .bind(ticket.closed_at.millis())
    .bind(assessment.model_version.as_str())
    .bind(assessment.inputs_sha256.as_str())
    .bind(assessment.assessed_at.millis())
    .bind(assessment.probability)
    .bind(assessment.band.as_str())
    .bind(assessment.body.as_str())
    .execute(connection)
    .await?;
    Ok(())
}
