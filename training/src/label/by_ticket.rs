//! From rows in order of tickets to steps in order of persons: which episodes a ticket has, and which contacts count.

use super::external_sort::{ExternalSort, Merge, SortedRecords};
use super::report::Counts;
use super::sighting::{Closing, Contact, Seen, Sighting};
use super::step::{Arrival, ClosedEpisode, EndedBy, Step, What};
use crate::faults::Faults;
use recontact::outcome::{
    Author, ContactKind, EpisodeId, OutcomePolicy, RecontactSource, ThreadEpisode, ThreadMessage,
    cut_next, explains_opening, explains_reopening,
};
use recontact::ticket::{Name, TicketId};
use recontact::timestamp::Timestamp;

/// Names of the tables, for faults.
pub(super) struct Files<'a> {
    /// The tickets table.
    pub(super) tickets: &'a str,
    /// The contacts table.
    pub(super) contacts: &'a str,
}

/// Turns rows into steps. In memory are the closings of one ticket and one contact at a time.
///
/// # Errors
/// [`crate::failure::BadInput`] when rows contradict each other; else what the disk says.
pub(super) fn find_steps(
    sightings: &SortedRecords<Sighting>,
    files: &Files<'_>,
    policy: &OutcomePolicy,
    counts: &mut Counts,
    steps: &mut ExternalSort<Step>,
) -> anyhow::Result<()> {
    let mut rows = Rows { merge: sightings.read()?, files, faults: Faults::default() };
    while let Some(sighting) = rows.merge.next()? {
        let ticket = sighting.ticket.clone();
        let mut closings = Vec::new();
        let mut contact = None;
        match sighting.seen {
            Seen::Closing(_) => closings.push(sighting),
            Seen::Contact(_) => contact = Some(sighting),
        }
        while let Some(next) = rows.next_closing(ticket.as_ref())? {
            closings.push(next);
        }
        rows.check_closings(&mut closings, counts);
        let mut thread = TicketThread::new(ticket, closings, policy, counts, steps);
        if thread.ticket.is_none() {
            // Contacts without a ticket have nothing in common: each is looked at alone.
            if let Some(sighting) = contact {
                rows.skip_repetitions(&sighting, thread.counts)?;
                thread.take(sighting)?;
            }
            continue;
        }
        loop {
            let sighting = match contact.take() {
                Some(sighting) => sighting,
                None => match rows.next_contact(thread.ticket.as_ref())? {
                    Some(sighting) => sighting,
                    None => break,
                },
            };
            rows.skip_repetitions(&sighting, thread.counts)?;
            thread.take(sighting)?;
        }
        thread.end()?;
    }
    rows.faults.finish()
}

/// The rows in order of tickets, and the faults among them.
struct Rows<'a> {
    merge: Merge<Sighting>,
    files: &'a Files<'a>,
    faults: Faults,
}

impl Rows<'_> {
    fn next_closing(&mut self, ticket: Option<&TicketId>) -> anyhow::Result<Option<Sighting>> {
        let is_closing = self.merge.peek().is_some_and(|next| {
            next.ticket.as_ref() == ticket && matches!(next.seen, Seen::Closing(_))
        });
        if is_closing { self.merge.next() } else { Ok(None) }
    }

    fn next_contact(&mut self, ticket: Option<&TicketId>) -> anyhow::Result<Option<Sighting>> {
        if self.is_contact_of(ticket) { self.merge.next() } else { Ok(None) }
    }

    fn is_contact_of(&self, ticket: Option<&TicketId>) -> bool {
        ticket.is_some()
            && self.merge.peek().is_some_and(|next| {
                next.ticket.as_ref() == ticket && matches!(next.seen, Seen::Contact(_))
            })
    }

    /// Passes over rows that say the same as `sighting`, and notes those that say something else of the same contact at
    /// the same instant.
    fn skip_repetitions(&mut self, sighting: &Sighting, counts: &mut Counts) -> anyhow::Result<()> {
        let Seen::Contact(contact) = &sighting.seen else { return Ok(()) };
        while let Some(next) = self.merge.peek() {
            let Seen::Contact(other) = &next.seen else { break };
            let is_same = (&next.ticket, &other.id, other.at_ms)
                == (&sighting.ticket, &contact.id, contact.at_ms);
            if !is_same {
                break;
            }
            if next.is_repetition_of(sighting) {
                counts.repeated_rows += 1;
            } else {
                self.faults.push(format!(
                    "{}, row {}, column contact_id: expected each contact once, {:?} is also in row {} with other values",
                    self.files.contacts, next.row, other.id.as_str(), sighting.row
                ));
            }
            self.merge.next()?;
        }
        Ok(())
    }

    /// Takes out repeated closings and notes those that contradict each other.
    fn check_closings(&mut self, closings: &mut Vec<Sighting>, counts: &mut Counts) {
        let closed = |sighting: &Sighting| match &sighting.seen {
            Seen::Closing(closing) => closing.closed_ms,
            Seen::Contact(_) => None,
        };
        let table = self.files.tickets;
        let faults = &mut self.faults;
        closings.dedup_by(|later, kept| {
            let id = kept.ticket.as_ref().map_or("", Name::as_str);
            if later.is_repetition_of(kept) {
                counts.repeated_rows += 1;
                return true;
            }
            if closed(later) == closed(kept) {
                faults.push(format!(
                    "{table}, row {}, column ticket_id: expected each closing of a ticket once, {id:?} is also in row {} with \
                     the same closing and other values",
                    later.row, kept.row
                ));
            } else if later.person.is_some() && kept.person.is_some() && later.person != kept.person {
                faults.push(format!(
                    "{table}, row {}, column customer_id: expected one customer for each ticket, {id:?} has another in row {}",
                    later.row, kept.row
                ));
            }
            false
        });
    }
}

/// One ticket: its closings, and its contacts as they come by in order of time.
struct TicketThread<'a> {
    ticket: Option<TicketId>,
    person: Option<String>,
    customer: Option<Name>,
    closings: Vec<Closing>,
    /// Whether a contact explains its opening, which then stands for nothing.
    has_beginning: bool,
    /// The closing that comes next.
    next: usize,
    /// Episodes so far.
    number: u32,
    /// The episode that is under way.
    segment: Segment,
    policy: &'a OutcomePolicy,
    counts: &'a mut Counts,
    steps: &'a mut ExternalSort<Step>,
}

/// What happened in a ticket since its last closing.
#[derive(Default)]
struct Segment {
    /// The customer's first contact, of whatever kind.
    first_customer_ms: Option<i64>,
    /// The first substantive contact and its text.
    first_contact_ms: Option<i64>,
    embedding: Option<recontact::outcome::TextVector>,
    /// The issue of the thread that is under way.
    thread: Option<ThreadEpisode>,
    /// Whether the thread turned to another issue.
    was_cut: bool,
}

impl<'a> TicketThread<'a> {
    fn new(
        ticket: Option<TicketId>,
        rows: Vec<Sighting>,
        policy: &'a OutcomePolicy,
        counts: &'a mut Counts,
        steps: &'a mut ExternalSort<Step>,
    ) -> Self {
        let person = rows.iter().find_map(|row| row.person.clone());
        let customer = rows.iter().find_map(|row| row.customer.clone());
        let closings: Vec<Closing> = rows
            .into_iter()
            .filter_map(|row| match row.seen {
                Seen::Closing(closing) => Some(closing),
                Seen::Contact(_) => None,
            })
            .collect();
        if ticket.is_some() && person.is_none() {
            counts.closings_without_customer += closings.len();
        }
        let segment = Segment::default();
        Self {
            ticket,
            person,
            customer,
            closings,
            has_beginning: false,
            next: 0,
            number: 0,
            segment,
            policy,
            counts,
            steps,
        }
    }

    /// A ticket without a contact that explains its opening is represented by it.
    fn open(&mut self) -> anyhow::Result<()> {
        let (Some(person), Some(ticket)) = (self.person.clone(), self.ticket.clone()) else {
            return Ok(());
        };
        let Some(first) = self.closings.first().filter(|_| !self.has_beginning) else {
            return Ok(());
        };
        let arrival = Arrival {
            source: RecontactSource::Ticket,
            source_id: ticket.clone(),
            ticket: Some(ticket),
            category: Some(first.category.clone()),
            category_is_certain: true,
            answers_follow_up: false,
            embedding: first.embedding.clone(),
        };
        let at_ms = first.opened_ms;
        self.steps.push(Step { person, at_ms, what: What::Came(arrival) })
    }

    fn take(&mut self, sighting: Sighting) -> anyhow::Result<()> {
        let Seen::Contact(contact) = sighting.seen else { return Ok(()) };
        while self.closed_ms().is_some_and(|closed_ms| contact.at_ms > closed_ms) {
            self.close()?;
        }
        if self.closings.first().is_some_and(|first| contact.at_ms < first.opened_ms) {
            self.counts.before_opening += 1;
        }
        if self.ticket.is_some() && self.closings.is_empty() {
            self.counts.contacts_of_unknown_tickets += 1;
        }
        let opened_ms = self.closings.first().map(|first| first.opened_ms);
        self.has_beginning |= opened_ms.is_some_and(|opened_ms| {
            explains_opening(contact.author, contact.kind, contact.at_ms, opened_ms)
        });
        if contact.author == Author::Customer {
            self.segment.first_customer_ms.get_or_insert(contact.at_ms);
        }
        let is_customers =
            contact.author == Author::Customer && contact.kind == ContactKind::Substantive;
        if !is_customers {
            self.counts.exclude(contact.kind);
        }
        if contact.is_thread && (is_customers || contact.author == Author::Agent) {
            self.cut(&contact)?;
        }
        if !is_customers {
            return Ok(());
        }
        self.segment.first_contact_ms.get_or_insert(contact.at_ms);
        if self.segment.embedding.is_none() {
            self.segment.embedding.clone_from(&contact.embedding);
        }
        let Some(person) = sighting.person.or_else(|| self.person.clone()) else {
            self.counts.contacts_without_customer += 1;
            return Ok(());
        };
        let category_is_certain = contact.category.is_some();
        let arrival = Arrival {
            source: RecontactSource::Contact,
            source_id: contact.id,
            ticket: self.ticket.clone(),
            category: contact
                .category
                .or_else(|| self.closing().map(|closing| closing.category.clone())),
            category_is_certain,
            answers_follow_up: contact.answers_follow_up,
            embedding: contact.embedding,
        };
        self.steps.push(Step { person, at_ms: contact.at_ms, what: What::Came(arrival) })
    }

    fn end(&mut self) -> anyhow::Result<()> {
        while self.next < self.closings.len() {
            self.close()?;
        }
        self.open()
    }

    /// The closing that comes next, or the last.
    fn closing(&self) -> Option<&Closing> {
        self.closings.get(self.next).or(self.closings.last())
    }

    fn closed_ms(&self) -> Option<i64> {
        self.closings.get(self.next)?.closed_ms
    }

    /// Adds a message to the thread; when that turns to another issue, the one before is an episode.
    fn cut(&mut self, contact: &Contact) -> anyhow::Result<()> {
        let Some(closing) = self.closings.get(self.next) else { return Ok(()) };
        let category = closing.category.clone();
        let Ok(occurred_at) = Timestamp::from_millis(contact.at_ms) else { return Ok(()) };
        let message = ThreadMessage {
            id: contact.id.clone(),
            occurred_at,
            author: contact.author,
            category: contact.category.clone(),
            category_is_certain: contact.category.is_some(),
            embedding: contact.embedding.clone(),
        };
        let Some(ended) = cut_next(&mut self.segment.thread, &message, self.policy) else {
            return Ok(());
        };
        let opened_ms =
            if self.segment.was_cut { ended.opened_at.millis() } else { self.opened_ms() };
        let closed_ms = ended.closed_at.millis();
        let episode = self.episode(
            ended.category.unwrap_or(category),
            opened_ms.min(closed_ms),
            EndedBy::TopicChange,
            ended.embedding,
        );
        self.segment.was_cut = true;
        self.record(episode, Some(closed_ms))
    }

    /// Ends the episode under way at the next closing, or leaves it open where that has no instant.
    fn close(&mut self) -> anyhow::Result<()> {
        let Some(closing) = self.closings.get(self.next).cloned() else { return Ok(()) };
        self.reopen(&closing)?;
        let was_cut = self.segment.was_cut;
        let thread = self.segment.thread.take().filter(|_| was_cut);
        let opened_ms =
            thread.as_ref().map_or_else(|| self.opened_ms(), |thread| thread.opened_at.millis());
        let embedding = match &thread {
            Some(thread) => thread.embedding.clone(),
            None => closing.embedding.clone().or_else(|| self.segment.embedding.clone()),
        };
        let category = thread.and_then(|thread| thread.category).unwrap_or(closing.category);
        let opened_ms = closing.closed_ms.map_or(opened_ms, |closed_ms| opened_ms.min(closed_ms));
        let episode = self.episode(category, opened_ms, EndedBy::Closing, embedding);
        self.record(episode, closing.closed_ms)?;
        self.next += 1;
        self.segment = Segment::default();
        Ok(())
    }

    /// A ticket that is closed again was opened again. Where no contact shows why (see [`explains_reopening`]), the table's
    /// word counts for when, else the instant of the later closing, when it must have been.
    fn reopen(&mut self, closing: &Closing) -> anyhow::Result<()> {
        if self.next == 0 {
            return Ok(());
        }
        self.counts.reopenings += 1;
        let at_ms = self.reopening_ms().or(closing.closed_ms);
        let wrote_ms = self.segment.first_customer_ms;
        if let (Some(wrote_ms), Some(at_ms)) = (wrote_ms, at_ms)
            && explains_reopening(wrote_ms, at_ms)
        {
            return Ok(());
        }
        if self.reopening_ms().is_none() {
            self.counts.reopenings_without_instant += 1;
        }
        let (Some(person), Some(ticket), Some(at_ms)) =
            (self.person.clone(), self.ticket.clone(), at_ms)
        else {
            return Ok(());
        };
        let id = EpisodeId { ticket: ticket.clone(), number: self.number + 1 };
        let arrival = Arrival {
            source: RecontactSource::Reopening,
            source_id: Name::parse(&id.to_string()).unwrap_or_else(|_| ticket.clone()),
            ticket: Some(ticket),
            category: Some(closing.category.clone()),
            category_is_certain: false,
            answers_follow_up: false,
            embedding: None,
        };
        self.steps.push(Step { person, at_ms, what: What::Came(arrival) })
    }

    /// When the table says that the ticket was opened again: after the closing before.
    fn reopening_ms(&self) -> Option<i64> {
        let before = self.closings.get(self.next.checked_sub(1)?)?.closed_ms?;
        let closing = self.closings.get(self.next)?;
        let told = [closing.reopened_ms, Some(closing.opened_ms)].into_iter().flatten();
        told.filter(|told| *told > before).min()
    }

    /// When the episode under way began.
    fn opened_ms(&self) -> i64 {
        let Some(closing) = self.closings.get(self.next) else { return 0 };
        if self.next == 0 {
            return closing.opened_ms;
        }
        let known = self.segment.first_contact_ms.or(self.reopening_ms()).or(closing.closed_ms);
        known.unwrap_or(closing.opened_ms)
    }

    fn episode(
        &mut self,
        category: Name,
        opened_ms: i64,
        ended_by: EndedBy,
        embedding: Option<recontact::outcome::TextVector>,
    ) -> Option<ClosedEpisode> {
        self.number += 1;
        let id = EpisodeId { ticket: self.ticket.clone()?, number: self.number };
        Some(ClosedEpisode {
            id,
            customer: self.customer.clone(),
            category,
            opened_ms,
            ended_by,
            embedding,
        })
    }

    fn record(
        &mut self,
        episode: Option<ClosedEpisode>,
        closed_ms: Option<i64>,
    ) -> anyhow::Result<()> {
        let (Some(person), Some(episode)) = (self.person.clone(), episode) else { return Ok(()) };
        let opened = What::Opened {
            episode: episode.id.clone(),
            closed_ms,
            category: episode.category.clone(),
        };
        self.steps.push(Step { person: person.clone(), at_ms: episode.opened_ms, what: opened })?;
        match closed_ms {
            Some(at_ms) => self.steps.push(Step { person, at_ms, what: What::Closed(episode) }),
            None => {
                self.counts.open_tickets += 1;
                Ok(())
            }
        }
    }
}
