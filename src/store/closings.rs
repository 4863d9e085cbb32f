//! Closings of tickets, each with the assessment made at that moment: both are recorded, or neither.
//!
//! A closing makes an episode. A ticket that was opened again can be closed again, with an episode and an assessment of its own.
//!
//! What a closing means is worked out before its transaction ([`super::closing_draft`]), so that no other writer waits
//! for the model. The transaction locks ticket and person and takes the draft as it is, if neither has changed since it was
//! read; else it works it out again under the locks.

use super::closing_draft::{ClosingReport, Draft, Drafted, Following, draft};
use super::conversations::TicketTexts;
use super::derivation::{
    Affected, ChangeCause, Derivation, OutcomeRules, Told, insert_recontacts, rederive,
};
use super::episodes::delete_topic_changes;
use super::follow_ups::{FlaggedClosing, enqueue, is_flagged};
use super::kpi::marks::{mark_ticket, moves_between_slices};
use super::persons::lock_person;
use super::tickets::{Assessment, StoredTicket, lock_ticket, unwritable};
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
        let mut draft = match self.draft(&report).await? {
            Drafted::Draft(draft) => draft,
            Drafted::Settled(answer) => {
                self.until_durable().await?;
                let (texts, at) = (&closing.details, closing.closed_at);
                if matches!(*answer, TicketClosed::AlreadyClosed(_))
                    && !texts.conversation.is_empty()
                {
                    self.correct_ticket_texts(tenant, id, texts, at, now).await?;
                }
                return Ok(*answer);
            }
        };
        draft.assess(&assess);
        if draft.is_complete()
            && let Some(closed) = write_unchanged(self, &report, &draft).await?
        {
            return Ok(TicketClosed::Closed(closed));
        }
        let mut write = self.begin_write().await?;
        let closed = close_locked(self, write.connection(), &report, &assess).await?;
        write.finish(matches!(closed, TicketClosed::Closed(_))).await?;
        Ok(closed)
    }

    async fn draft(&self, report: &ClosingReport<'_>) -> Result<Drafted, StoreError> {
        let Some(writer) = &self.writer else {
            return draft(&mut *self.pool.acquire().await?, report).await;
        };
        // What the writer's connection has in memory stays valid, while commits empty the memory of all others.
        let mut turn = writer.turn().await?;
        let drafted = draft(&mut turn.connection, report).await;
        turn.give_back();
        drafted
    }
}

/// Records a draft, unless its ticket or person has changed since it was made: then nothing.
async fn write_unchanged(
    store: &Store,
    report: &ClosingReport<'_>,
    draft: &Draft,
) -> Result<Option<StoredTicket>, StoreError> {
    let has_texts = !report.closing.details.conversation.is_empty();
    if !has_texts && !brings_more(store, draft)? {
        let is_written = store.write_closing_alone(report, draft).await?;
        return Ok(is_written.then(|| draft.to_stored()));
    }
    let mut write = store.begin_write().await?;
    let is_written = store.write_closing(write.connection(), report, draft).await?;
    if is_written {
        write_more(store, write.connection(), report, draft).await?;
    }
    write.finish(is_written).await?;
    Ok(is_written.then(|| draft.to_stored()))
}

/// Whether more is to be written than the closing itself.
fn brings_more(store: &Store, draft: &Draft) -> Result<bool, StoreError> {
    let is_followed = !matches!(&draft.following, Following::Known(rows) if rows.is_empty());
    let is_flagged = match (&draft.assessment, store.follow_ups.as_deref()) {
        (Some(assessment), Some(policy)) => is_flagged(policy, assessment, &draft.ticket.category)?,
        _ => false,
    };
    Ok(is_followed || is_flagged || draft.opening_changes || is_moved(draft))
}

/// Whether the closing gives the ticket another category, team, channel or segment.
fn is_moved(draft: &Draft) -> bool {
    let (read, closed) = (&draft.read, &draft.ticket);
    let before = (read.category.as_ref(), &read.details);
    moves_between_slices(before, (Some(&closed.category), &closed.details))
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
            if !store.write_closing(connection, report, &draft).await? {
                // Locked and read in one transaction, it cannot have changed.
                return Err(StoreError::Database { source: sqlx::Error::RowNotFound });
            }
            write_more(store, connection, report, &draft).await?;
            Ok(TicketClosed::Closed(draft.to_stored()))
        }
    }
}

/// Writes what a closing that was just written brings with it.
async fn write_more(
    store: &Store,
    connection: &mut AnyConnection,
    report: &ClosingReport<'_>,
    draft: &Draft,
) -> Result<(), StoreError> {
    let derivation = report.derivation;
    record_following(connection, derivation, draft).await?;
    let texts = TicketTexts {
        tenant: derivation.tenant,
        ticket: report.id,
        texts: &report.closing.details.conversation,
        occurred_at: report.closing.closed_at,
        now: derivation.now,
    };
    texts.keep(connection).await?;
    if is_moved(draft) {
        mark_ticket(connection, derivation.tenant, &draft.ticket.id).await?;
    }
    if let (Some(assessment), Some(policy)) = (&draft.assessment, store.follow_ups.as_deref()) {
        let closing = FlaggedClosing {
            tenant: derivation.tenant,
            key: &store.key,
            policy,
            ticket: &draft.ticket,
            customer: &draft.read.customer,
            episode: draft.episode.facts.id.number,
            assessment,
            now: derivation.now,
        };
        enqueue(connection, &closing).await?;
    }
    Ok(())
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
