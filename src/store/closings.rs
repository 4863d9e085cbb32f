//! Closings of tickets, each with the assessment made at that moment: both are recorded, or neither.
//!
//! A closing makes an episode. A ticket that was opened again can be closed again, with an episode and an assessment of its own.
//!
//! What a closing means is worked out before its transaction ([`super::closing_draft`]), so that no other writer waits
//! for the model. The transaction locks ticket and person and takes the draft as it is, if neither has changed since it was
//! read; else it works it out again under the locks.

use super::closing_draft::{ClosingReport, Draft, Drafted, Following, draft};
use super::derivation::{
    Affected, ChangeCause, Derivation, OutcomeRules, Told, insert_recontacts, rederive,
};
use super::episodes::{delete_topic_changes, insert_episodes};
use super::follow_ups::{FlaggedClosing, enqueue};
use super::persons::lock_person;
use super::tickets::{
    Assessment, CLOSING, EventRow, StoredTicket, lock_ticket, to_json, unwritable,
};
use super::{Store, StoreError, Tenant};
use crate::identity::IdentityKind;
use crate::ticket::{ClosedTicket, ClosingEvent, CustomerHistory, TicketId};
use crate::timestamp::Timestamp;
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

/// Makes an assessment of a ticket and the other tickets of the same person.
pub(super) type Assess<'a> =
    dyn Fn(&ClosedTicket, &CustomerHistory) -> Option<Assessment> + Send + Sync + 'a;

impl Store {
    /// Closes a ticket and records what `assess` says about it, both or neither.
    ///
    /// `assess` is called with the ticket as known at its closing (its `customer_id` is the customer's hash, and `reopens`
    /// is what was reported here where the helpdesk does not tell) and with the other tickets of the same person; a second
    /// time if these change meanwhile. `None` closes the ticket without an assessment. A closing that was recorded
    /// before is answered as then, without calling `assess`. A customer who opted out or was erased is not assessed.
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
        assess: impl Fn(&ClosedTicket, &CustomerHistory) -> Option<Assessment> + Send + Sync,
    ) -> Result<TicketClosed, StoreError> {
        if let Some((field, reason)) = unwritable(&closing.details) {
            return Ok(TicketClosed::Invalid { field, reason });
        }
        let derivation = Derivation { tenant, rules, now, cause: ChangeCause::LateClosing };
        let report = ClosingReport::new(derivation, id, closing)?;
        let mut look = self.look().await?;
        let drafted = draft(look.connection(), &report).await?;
        look.end();
        let mut draft = match drafted {
            Drafted::Draft(draft) => draft,
            Drafted::Settled(answer) => {
                self.until_durable().await?;
                return Ok(*answer);
            }
        };
        draft.assess(&assess);
        let mut write = self.begin_write().await?;
        if draft.is_complete() && take(write.connection(), &report, &draft).await? {
            let closed = record(self, write.connection(), &report, *draft).await?;
            write.finish(true).await?;
            return Ok(TicketClosed::Closed(closed));
        }
        write.finish(false).await?;
        let mut write = self.begin_write().await?;
        let closed = close_locked(self, write.connection(), &report, &assess).await?;
        write.finish(matches!(closed, TicketClosed::Closed(_))).await?;
        Ok(closed)
    }
}

/// Closes the ticket, unless it or its person has changed since the draft was made. Locks both until the transaction ends.
async fn take(
    connection: &mut AnyConnection,
    report: &ClosingReport<'_>,
    draft: &Draft,
) -> Result<bool, StoreError> {
    let tenant = report.derivation.tenant;
    let (ticket, read) = (&draft.ticket, &draft.read);
    // Every change of a ticket moves one of these.
    let closed = sqlx::query(
        "UPDATE tickets SET updated_at = $3, closed_at = $3, category = $4, details = $5, closing_sha256 = $6 \
         WHERE tenant = $1 AND id = $2 AND closed_at IS NULL AND updated_at = $7 AND reopens = $8 AND customer_hash = $9",
    )
    .bind(tenant.as_str())
    .bind(ticket.id.as_str())
    .bind(ticket.closed_at.millis())
    .bind(ticket.category.as_str())
    .bind(to_json(&ticket.details)?)
    .bind(report.sha256.as_str())
    .bind(read.updated_at.millis())
    .bind(i64::from(read.reopens))
    .bind(read.customer.as_str())
    .execute(&mut *connection)
    .await?;
    let Some(person) = draft.person.as_ref().filter(|_| closed.rows_affected() == 1) else {
        return Ok(false);
    };
    person.lock_unchanged(connection, tenant).await
}

/// Works the closing out and records it while ticket and person are locked.
async fn close_locked(
    store: &Store,
    connection: &mut AnyConnection,
    report: &ClosingReport<'_>,
    assess: &Assess<'_>,
) -> Result<TicketClosed, StoreError> {
    let tenant = report.derivation.tenant;
    let Some(locked) = lock_ticket(connection, tenant, report.id).await? else {
        return Ok(TicketClosed::UnknownTicket);
    };
    lock_person(connection, tenant, &locked.customer, IdentityKind::Customer).await?;
    let mut drafted = draft(connection, report).await?;
    if let Drafted::Draft(incomplete) = &drafted
        && let Some(from) = incomplete.later_cuts
    {
        // The closing was reported late: what came after it is not of its episode.
        delete_topic_changes(connection, tenant, report.id, from, &[]).await?;
        drafted = draft(connection, report).await?;
    }
    match drafted {
        Drafted::Settled(answer) => Ok(*answer),
        Drafted::Draft(mut draft) => {
            draft.assess(assess);
            if !take(connection, report, &draft).await? {
                // Locked and read in one transaction, it cannot have changed.
                return Err(StoreError::Database { source: sqlx::Error::RowNotFound });
            }
            record(store, connection, report, *draft).await.map(TicketClosed::Closed)
        }
    }
}

/// Writes what a draft says of a ticket that was just closed.
async fn record(
    store: &Store,
    connection: &mut AnyConnection,
    report: &ClosingReport<'_>,
    draft: Draft,
) -> Result<StoredTicket, StoreError> {
    let derivation = report.derivation;
    let (tenant, now) = (derivation.tenant, derivation.now);
    let event = EventRow {
        kind: CLOSING,
        occurred_at: report.closing.closed_at,
        content_sha256: &report.sha256,
        category: report.closing.category.as_ref(),
        details_json: &to_json(&report.closing.details)?,
    };
    event.insert(connection, tenant, report.id, now).await?;
    insert_episodes(connection, tenant, std::slice::from_ref(&draft.episode)).await?;
    record_following(connection, derivation, &draft).await?;
    let Draft { ticket, read, episode, assessment, .. } = draft;
    if let Some(assessment) = &assessment {
        let number = episode.facts.id.number;
        insert_assessment(connection, tenant, &ticket, number, assessment).await?;
        if let Some(policy) = store.follow_ups.as_deref() {
            let (ticket, customer, key) = (&ticket, &read.customer, &store.key);
            let flagged = FlaggedClosing {
                tenant,
                key,
                policy,
                ticket,
                customer,
                episode: number,
                assessment,
                now,
            };
            enqueue(connection, &flagged).await?;
        }
    }
    Ok(StoredTicket {
        id: ticket.id,
        customer: read.customer,
        opened_at: ticket.opened_at,
        closed_at: Some(ticket.closed_at),
        category: Some(ticket.category),
        details: ticket.details,
        assessment,
        reopens: read.reopens,
        updated_at: ticket.closed_at,
    })
}

/// What already followed the episode, and what the ticket's opening means for earlier ones if it is about something else now.
async fn record_following(
    connection: &mut AnyConnection,
    derivation: Derivation<'_>,
    draft: &Draft,
) -> Result<(), StoreError> {
    let facts = &draft.episode.facts;
    let persons: Vec<_> = draft.person.iter().map(|at| at.person.clone()).collect();
    match &draft.following {
        Following::Known(recontacts) => {
            let rows: Vec<_> = recontacts.iter().map(|recontact| (facts, recontact)).collect();
            insert_recontacts(connection, derivation.tenant, &rows, derivation.now).await?;
        }
        Following::Unknown => {
            let new = HashSet::from([facts.id.clone()]);
            let affected = Affected::by_episode(facts.closed_at);
            rederive(connection, derivation, &persons, affected, Told::AllBut(&new)).await?;
        }
    }
    if draft.opening_changes {
        let affected = Affected::by_event(draft.ticket.opened_at);
        rederive(connection, derivation, &persons, affected, Told::All).await?;
    }
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
