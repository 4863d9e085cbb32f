//! [`derive`]: from an episode and the same person's later contacts to [`Recontact`]s.

use super::adjacency::AdjacentPairs;
use super::policy::OutcomePolicy;
use super::text_vector::TextVector;
use super::{EpisodeId, LONGEST_WINDOW_DAYS, Recontact, RecontactSource, Relation};
use crate::ticket::{IssueCategory, Name, TicketId};
use crate::timestamp::Timestamp;

/// What of an episode decides how later contacts relate to it.
#[derive(Debug, Clone, PartialEq)]
pub struct EpisodeFacts {
    /// Which episode of which ticket.
    pub id: EpisodeId,
    /// What it was about.
    pub category: IssueCategory,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When it was closed.
    pub closed_at: Timestamp,
    /// The vector of its first text, where there is one.
    pub embedding: Option<TextVector>,
}

/// A substantive inbound contact of the same person, whenever it was. What is no such contact (thanks, automatic replies,
/// bounces, answers to surveys, spam, what an agent wrote) is left out before.
#[derive(Debug, Clone, PartialEq)]
pub struct LaterContact {
    /// What kind of record it is.
    pub source: RecontactSource,
    /// Its identifier, unique within its source.
    pub source_id: Name,
    /// The ticket it belongs to, as far as known.
    pub ticket: Option<TicketId>,
    /// When the customer came.
    pub occurred_at: Timestamp,
    /// What it was about, as far as known.
    pub category: Option<IssueCategory>,
    /// Whether the category is more than a guess: stated by the helpdesk or a person, or classified without doubt.
    pub category_is_certain: bool,
    /// The vector of its text, where there is one.
    pub embedding: Option<TextVector>,
    /// Whether it answers our own follow-up.
    pub answers_follow_up: bool,
}

/// The contacts in `(close, close + 30 days]`, each with its relation to the episode, in order of time, source and
/// identifier; the order of `contacts` does not matter, and of several with the same source and identifier the earliest
/// is taken.
///
/// 1. An answer to our follow-up is [`Relation::Induced`].
/// 2. The same category, or a text whose cosine to the episode's first text reaches
///    [`OutcomePolicy::similarity_threshold`], is [`Relation::Explicit`].
/// 3. So is a contact in the episode's own ticket, unless it is certain to be of another category.
/// 4. Another category that is adjacent to the episode's is [`Relation::Implicit`].
/// 5. Anything else is [`Relation::Unrelated`].
#[must_use]
pub fn derive(
    episode: &EpisodeFacts,
    contacts: &[LaterContact],
    adjacent: &AdjacentPairs,
    policy: &OutcomePolicy,
) -> Vec<Recontact> {
    let end = episode.closed_at.plus_days(i64::from(LONGEST_WINDOW_DAYS));
    let mut recontacts: Vec<Recontact> = contacts
        .iter()
        .filter(|contact| contact.occurred_at > episode.closed_at && contact.occurred_at <= end)
        .map(|contact| {
            let similarity = similarity(episode, contact);
            Recontact {
                source: contact.source,
                source_id: contact.source_id.clone(),
                occurred_at: contact.occurred_at,
                gap_ms: contact.occurred_at.millis() - episode.closed_at.millis(),
                relation: relation(episode, contact, similarity, adjacent, policy),
                category: contact.category.clone(),
                similarity,
            }
        })
        .collect();
    recontacts.sort_by(by_source);
    recontacts
        .dedup_by(|later, kept| (later.source, &later.source_id) == (kept.source, &kept.source_id));
    recontacts.sort_by(|a, b| {
        (a.occurred_at, a.source, &a.source_id).cmp(&(b.occurred_at, b.source, &b.source_id))
    });
    recontacts
}

fn similarity(episode: &EpisodeFacts, contact: &LaterContact) -> Option<f64> {
    episode.embedding.as_ref()?.cosine(contact.embedding.as_ref()?)
}

fn relation(
    episode: &EpisodeFacts,
    contact: &LaterContact,
    similarity: Option<f64>,
    adjacent: &AdjacentPairs,
    policy: &OutcomePolicy,
) -> Relation {
    if contact.answers_follow_up {
        return Relation::Induced;
    }
    let category = contact.category.as_ref();
    let is_similar = similarity.is_some_and(|cosine| cosine >= policy.similarity_threshold);
    let is_same_ticket = contact.ticket.as_ref() == Some(&episode.id.ticket);
    let is_surely_other = category.is_some() && contact.category_is_certain;
    if category == Some(&episode.category) || is_similar || (is_same_ticket && !is_surely_other) {
        Relation::Explicit
    } else if category.is_some_and(|category| adjacent.contains(&episode.category, category)) {
        Relation::Implicit
    } else {
        Relation::Unrelated
    }
}

/// A total order in which the records of one source and identifier stand together, the earliest first.
fn by_source(a: &Recontact, b: &Recontact) -> std::cmp::Ordering {
    let key = |recontact: &Recontact| (recontact.source, recontact.occurred_at, recontact.relation);
    a.source_id
        .cmp(&b.source_id)
        .then_with(|| key(a).cmp(&key(b)))
        .then_with(|| a.category.cmp(&b.category))
        .then_with(|| a.similarity.unwrap_or(-2.0).total_cmp(&b.similarity.unwrap_or(-2.0)))
}

#[cfg(test)]
#[path = "derive_tests.rs"]
mod tests;
