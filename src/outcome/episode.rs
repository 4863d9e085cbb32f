//! Episodes: cutting an endless thread into issues, and what makes an episode one to be looked at apart.

use super::contact_kind::Author;
use super::policy::OutcomePolicy;
use super::text_vector::TextVector;
use crate::ticket::{IssueCategory, Name, PastTicket};
use crate::timestamp::Timestamp;
use statrs::distribution::{DiscreteCDF, Poisson};

/// A message of a thread. Customers' messages are the substantive ones; thanks and the like are left out before.
#[derive(Debug, Clone, PartialEq)]
pub struct ThreadMessage {
    /// Its identifier.
    pub id: Name,
    /// When it was written.
    pub occurred_at: Timestamp,
    /// Who wrote it.
    pub author: Author,
    /// What it is about, as far as known.
    pub category: Option<IssueCategory>,
    /// Whether the category is more than a guess.
    pub category_is_certain: bool,
    /// The vector of its text, where there is one.
    pub embedding: Option<TextVector>,
}

/// One issue of a thread.
#[derive(Debug, Clone, PartialEq)]
pub struct ThreadEpisode {
    /// The customer's message that begins it.
    pub first: Name,
    /// The last message, of whoever.
    pub last: Name,
    /// When the first was written.
    pub opened_at: Timestamp,
    /// When the last was written.
    pub closed_at: Timestamp,
    /// What it is about: the first category that is certain, else the first that there is.
    pub category: Option<IssueCategory>,
    /// Whether that category is more than a guess.
    pub category_is_certain: bool,
    /// The vector of the first text that has one.
    pub embedding: Option<TextVector>,
}

/// Cuts a thread into its issues, in order of time; the order of `messages` does not matter.
///
/// A customer's message begins a new issue
/// * where nobody wrote for [`OutcomePolicy::topic_gap_hours`], the message is certain to be of another category than the
///   issue before, and its text is not similar to that issue's first text, or
/// * where nobody wrote for [`OutcomePolicy::episode_gap_days`].
///
/// Messages of programs belong to no issue, and those of agents before the customer's first to none either.
#[must_use]
pub fn cut(messages: &[ThreadMessage], policy: &OutcomePolicy) -> Vec<ThreadEpisode> {
    let mut ordered: Vec<&ThreadMessage> = messages.iter().collect();
    ordered.sort_by(|a, b| (a.occurred_at, &a.id).cmp(&(b.occurred_at, &b.id)));
    let mut current = None;
    let mut episodes: Vec<ThreadEpisode> =
        ordered.into_iter().filter_map(|message| cut_next(&mut current, message, policy)).collect();
    episodes.extend(current);
    episodes
}

/// The same one message at a time, in order of time: adds a message to the current issue, or ends that, which is handed
/// out, and begins the next.
pub fn cut_next(
    current: &mut Option<ThreadEpisode>,
    message: &ThreadMessage,
    policy: &OutcomePolicy,
) -> Option<ThreadEpisode> {
    let is_customer = message.author == Author::Customer;
    match current {
        _ if message.author == Author::System => None,
        Some(current) if !is_customer || !begins_anew(current, message, policy) => {
            current.take(message);
            None
        }
        None if !is_customer => None,
        _ => current.replace(ThreadEpisode::begin(message)),
    }
}

/// Whether the customer had another ticket open at a close: opened no later, and closed later or not at all.
/// `others` are the same person's other tickets.
#[must_use]
pub fn is_parallel<'t>(
    closed_at: Timestamp,
    others: impl IntoIterator<Item = &'t PastTicket>,
) -> bool {
    others.into_iter().any(|other| {
        other.opened_at <= closed_at && other.closed_at.is_none_or(|closed| closed > closed_at)
    })
}

/// Whether a day is an outage for a category: so many different customers came with it that it must have one cause.
///
/// `customers` is how many different ones opened an episode of the category on that day (UTC), `before` the same for each
/// of up to [`OutcomePolicy::outage_trailing_days`] days before it, days without any included. A day is an outage when
/// * there are at least [`OutcomePolicy::outage_min_customers`],
/// * there are at least [`OutcomePolicy::outage_factor`] times the mean of the days before, and
/// * a Poisson distribution with that mean has so many or more with less than [`OutcomePolicy::outage_probability`].
///
/// With fewer than seven days before, nobody knows what is usual, and no day is an outage.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "numbers of customers and days fit into 53 bits")]
pub fn is_outage(customers: u64, before: &[u64], policy: &OutcomePolicy) -> bool {
    const FEWEST_DAYS: usize = 7;
    if before.len() < FEWEST_DAYS || customers < policy.outage_min_customers.max(1) {
        return false;
    }
    let mean = before.iter().sum::<u64>() as f64 / before.len() as f64;
    let is_many = customers as f64 >= policy.outage_factor * mean;
    // A mean of nothing makes any number impossible, and that is an outage.
    is_many
        && Poisson::new(mean)
            .map_or(true, |usual| usual.sf(customers - 1) < policy.outage_probability)
}

impl ThreadEpisode {
    fn begin(message: &ThreadMessage) -> Self {
        Self {
            first: message.id.clone(),
            last: message.id.clone(),
            opened_at: message.occurred_at,
            closed_at: message.occurred_at,
            category: message.category.clone(),
            category_is_certain: message.category.is_some() && message.category_is_certain,
            embedding: message.embedding.clone(),
        }
    }

    fn take(&mut self, message: &ThreadMessage) {
        self.last = message.id.clone();
        self.closed_at = message.occurred_at;
        if message.author != Author::Customer {
            return;
        }
        let is_better = self.category.is_none() || message.category_is_certain;
        if !self.category_is_certain && message.category.is_some() && is_better {
            self.category = message.category.clone();
            self.category_is_certain = message.category_is_certain;
        }
        if self.embedding.is_none() {
            self.embedding = message.embedding.clone();
        }
    }
}

fn begins_anew(current: &ThreadEpisode, message: &ThreadMessage, policy: &OutcomePolicy) -> bool {
    const HOUR_MS: i64 = 3_600_000;
    let gap_ms = message.occurred_at.millis() - current.closed_at.millis();
    let is_other = current.category_is_certain
        && message.category_is_certain
        && message.category.is_some()
        && message.category != current.category;
    let cosine = current.embedding.as_ref().zip(message.embedding.as_ref());
    let is_similar = cosine
        .and_then(|(own, other)| own.cosine(other))
        .is_some_and(|cosine| cosine >= policy.similarity_threshold);
    gap_ms >= i64::from(policy.episode_gap_days) * 24 * HOUR_MS
        || (gap_ms >= i64::from(policy.topic_gap_hours) * HOUR_MS && is_other && !is_similar)
}

#[cfg(test)]
#[path = "episode_tests.rs"]
mod tests;
