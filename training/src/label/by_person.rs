//! From steps in order of persons to labelled episodes.
//!
//! In memory are one person's episodes that were closed within the last 30 days, the contacts since the first of them
//! closed, and the tickets they have open: however many events a person has, those of 30 days.

use super::external_sort::SortedRecords;
use super::step::{Arrival, ClosedEpisode, EndedBy, Step, What};
use recontact::outcome::{
    AdjacentPairs, EpisodeFacts, EpisodeId, LONGEST_WINDOW_DAYS, LaterContact, OutcomePolicy,
    Recontact, derive, is_parallel,
};
use recontact::ticket::{IssueCategory, Name, PastTicket};
use recontact::timestamp::{DAY_MS, Timestamp};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::rc::Rc;

/// An episode with all that came after it.
#[derive(Debug)]
pub(super) struct LabelledEpisode {
    /// What the outcome depends on.
    pub(super) facts: EpisodeFacts,
    /// The helpdesk's identifier of the customer.
    pub(super) customer: Option<Name>,
    /// What ended it.
    pub(super) ended_by: EndedBy,
    /// Whether the customer had another ticket open at the close.
    pub(super) is_parallel: bool,
    /// The later contacts that decide: of each category and of each relation the earliest.
    pub(super) recontacts: Vec<Recontact>,
}

/// What wants to know of episodes.
pub(super) trait Visitor {
    /// A person came with a category for the first time on a day (days since 1970).
    fn see_opening(&mut self, category: &IssueCategory, day: i64);

    /// An episode and what came after it.
    ///
    /// # Errors
    /// When it cannot be written.
    fn see_episode(&mut self, episode: LabelledEpisode) -> anyhow::Result<()>;
}

/// Goes through all persons.
///
/// # Errors
/// When a file cannot be read, or what the visitor says.
pub(super) fn visit_episodes(
    steps: &SortedRecords<Step>,
    adjacent: &AdjacentPairs,
    policy: &OutcomePolicy,
    visitor: &mut impl Visitor,
) -> anyhow::Result<()> {
    let mut merge = steps.read()?;
    let mut current = Person::default();
    let mut name = String::new();
    let context = Context { adjacent, policy };
    while let Some(step) = merge.next()? {
        if step.person != name {
            current.finish(i64::MAX, &context, visitor)?;
            current = Person::default();
            name = step.person;
        }
        current.finish(step.at_ms, &context, visitor)?;
        current.take(step.at_ms, step.what, visitor);
    }
    current.finish(i64::MAX, &context, visitor)
}

struct Context<'a> {
    adjacent: &'a AdjacentPairs,
    policy: &'a OutcomePolicy,
}

/// One person's last 30 days.
#[derive(Default)]
struct Person {
    /// Closed episodes whose longest window is not over, in order of their closing.
    pending: VecDeque<(EpisodeFacts, ClosedEpisode, bool)>,
    contacts: RecentContacts,
    /// Episodes that began and did not end yet.
    open: HashMap<EpisodeId, PastTicket>,
    /// The last day on which they came with a category.
    days: BTreeMap<IssueCategory, i64>,
}

impl Person {
    fn take(&mut self, at_ms: i64, what: What, visitor: &mut impl Visitor) {
        let Ok(at) = Timestamp::from_millis(at_ms) else { return };
        match what {
            What::Opened { episode, closed_ms, category } => {
                let day = at_ms / DAY_MS;
                if self.days.insert(category.clone(), day) != Some(day) {
                    visitor.see_opening(&category, day);
                }
                let closed_at = closed_ms.and_then(|closed| Timestamp::from_millis(closed).ok());
                self.open.insert(
                    episode,
                    PastTicket { opened_at: at, closed_at, category: Some(category) },
                );
            }
            What::Closed(closed) => {
                self.open.retain(|_, open| open.closed_at.is_none_or(|open_until| open_until > at));
                let is_parallel = is_parallel(at, self.open.values());
                let facts = EpisodeFacts {
                    id: closed.id.clone(),
                    category: closed.category.clone(),
                    opened_at: Timestamp::from_millis(closed.opened_ms).unwrap_or(at),
                    closed_at: at,
                    embedding: closed.embedding.clone(),
                };
                self.pending.push_back((facts, closed, is_parallel));
            }
            // What comes while no window is running follows nothing.
            What::Came(_) if self.pending.is_empty() => {}
            What::Came(arrival) => self.contacts.add(at, arrival),
        }
    }

    /// Hands out the episodes whose longest window is over at an instant.
    fn finish(
        &mut self,
        now_ms: i64,
        context: &Context<'_>,
        visitor: &mut impl Visitor,
    ) -> anyhow::Result<()> {
        let window = i64::from(LONGEST_WINDOW_DAYS) * DAY_MS;
        while let Some((facts, closed, is_parallel)) =
            self.pending.pop_front_if(|(facts, _, _)| facts.closed_at.millis() + window < now_ms)
        {
            let candidates = self.contacts.deciding(&facts, context.policy);
            let recontacts = derive(&facts, &candidates, context.adjacent, context.policy);
            visitor.see_episode(LabelledEpisode {
                facts,
                customer: closed.customer,
                ended_by: closed.ended_by,
                is_parallel,
                recontacts,
            })?;
        }
        Ok(())
    }
}

/// Contacts in order of time, sorted by what their relation to an episode depends on, so that of a thousand contacts of
/// one category only the first is looked at.
#[derive(Default)]
struct RecentContacts {
    /// By category, but for those below.
    by_category: BTreeMap<Option<IssueCategory>, VecDeque<Rc<LaterContact>>>,
    /// Those whose category is a guess, by their ticket: within it they are the same issue.
    by_ticket: HashMap<Name, VecDeque<Rc<LaterContact>>>,
    /// Answers to our follow-ups.
    answers: VecDeque<Rc<LaterContact>>,
    /// Those with a text to compare.
    with_text: VecDeque<Rc<LaterContact>>,
}

impl RecentContacts {
    fn add(&mut self, at: Timestamp, arrival: Arrival) {
        let contact = Rc::new(LaterContact {
            source: arrival.source,
            source_id: arrival.source_id,
            ticket: arrival.ticket,
            occurred_at: at,
            category: arrival.category,
            category_is_certain: arrival.category_is_certain,
            embedding: arrival.embedding,
            answers_follow_up: arrival.answers_follow_up,
        });
        if contact.answers_follow_up {
            self.answers.push_back(contact);
            return;
        }
        if contact.embedding.is_some() {
            self.with_text.push_back(Rc::clone(&contact));
        }
        if let Some(ticket) = contact.ticket.clone().filter(|_| !contact.category_is_certain) {
            self.by_ticket.entry(ticket).or_default().push_back(Rc::clone(&contact));
        }
        self.by_category.entry(contact.category.clone()).or_default().push_back(contact);
    }

    /// The contacts that decide what became of an episode. Those at or before its close are forgotten: episodes are asked
    /// for in order of their closing.
    fn deciding(&mut self, episode: &EpisodeFacts, policy: &OutcomePolicy) -> Vec<LaterContact> {
        let is_past = |contact: &mut Rc<LaterContact>| contact.occurred_at <= episode.closed_at;
        let forget = |contacts: &mut VecDeque<Rc<LaterContact>>| {
            while contacts.pop_front_if(is_past).is_some() {}
            !contacts.is_empty()
        };
        self.by_category.retain(|_, contacts| forget(contacts));
        self.by_ticket.retain(|_, contacts| forget(contacts));
        forget(&mut self.answers);
        forget(&mut self.with_text);
        let firsts = self.by_category.values().filter_map(VecDeque::front);
        let own = self.by_ticket.get(&episode.id.ticket).and_then(VecDeque::front);
        let first_similar = self.with_text.iter().find(|contact| {
            let both = episode.embedding.as_ref().zip(contact.embedding.as_ref());
            let cosine = both.and_then(|(own, other)| own.cosine(other));
            cosine.is_some_and(|cosine| cosine >= policy.similarity_threshold)
        });
        firsts
            .chain(own)
            .chain(self.answers.front())
            .chain(first_similar)
            .map(|contact| contact.as_ref().clone())
            .collect()
    }
}

#[cfg(test)]
#[path = "by_person_tests.rs"]
mod tests;
