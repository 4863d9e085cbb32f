//! What a customer's other tickets say at the instant one of theirs is closed.

use crate::ticket::{ClosedTicket, Name, PastTicket};
use crate::timestamp::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// Most tickets of a person's history that a model looks at: the newest ones opened before the closing of the ticket in
/// question. The service reads no more of them from its store and training counts no more, so that a feature is the same
/// number in both. Only machines and shared mailboxes write more.
pub const MOST_TICKETS: usize = 2_000;

/// The spans, in days before the closing, in which a customer's other tickets are counted.
pub(super) const HISTORY_DAYS: [i64; 4] = [1, 7, 30, 90];

/// What the customer's other tickets say at one instant. Only tickets opened strictly before it count, and one that was
/// closed later counts as open.
#[derive(Debug, Default)]
pub(super) struct HistoryFacts {
    pub(super) tickets: [u32; HISTORY_DAYS.len()],
    pub(super) same_category: [u32; HISTORY_DAYS.len()],
    pub(super) last: Option<Timestamp>,
    pub(super) last_same_category: Option<Timestamp>,
    pub(super) first: Option<Timestamp>,
    pub(super) open: u32,
    pub(super) open_same_category: u32,
    pub(super) meanwhile: u32,
    pub(super) meanwhile_same_category: u32,
    pub(super) categories: u32,
    /// Earlier tickets whose own window had ended, and how many of them the customer came back for.
    pub(super) ended: Returns,
    /// The same among those of this ticket's category.
    pub(super) ended_same_category: Returns,
}

/// Earlier tickets with a known outcome.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Returns {
    pub(super) tickets: u32,
    pub(super) returned: u32,
}

impl HistoryFacts {
    pub(super) fn gather<'h>(
        ticket: &ClosedTicket,
        others: impl IntoIterator<Item = &'h PastTicket>,
        window_days: u32,
    ) -> Self {
        let now = ticket.closed_at;
        let mut facts =
            Self { first: Some(ticket.opened_at).filter(|at| *at <= now), ..Self::default() };
        let mut categories = BTreeSet::new();
        let known: Vec<&PastTicket> =
            others.into_iter().filter(|other| other.opened_at < now).collect();
        for other in &known {
            let is_same = other.category.as_ref() == Some(&ticket.category);
            let is_open = other.closed_at.is_none_or(|closed_at| closed_at > now);
            let is_meanwhile = other.opened_at >= ticket.opened_at;
            for (index, days) in HISTORY_DAYS.into_iter().enumerate() {
                if other.opened_at >= now.plus_days(-days) {
                    facts.tickets[index] += 1;
                    facts.same_category[index] += u32::from(is_same);
                }
            }
            facts.open += u32::from(is_open);
            facts.open_same_category += u32::from(is_open && is_same);
            facts.meanwhile += u32::from(is_meanwhile);
            facts.meanwhile_same_category += u32::from(is_meanwhile && is_same);
            facts.last = facts.last.max(Some(other.opened_at));
            if is_same {
                facts.last_same_category = facts.last_same_category.max(Some(other.opened_at));
            }
            facts.first =
                Some(facts.first.map_or(other.opened_at, |first| first.min(other.opened_at)));
            categories.extend(other.category.as_ref().map(Name::as_str));
        }
        facts.categories = u32::try_from(categories.len()).unwrap_or(u32::MAX);
        facts.count_returns(ticket, &known, window_days);
        facts
    }

    /// Looks at the customer's own earlier tickets as the label looks at this one: those whose window had ended before
    /// the closing have an outcome, and this ticket's opening is part of it.
    fn count_returns(&mut self, ticket: &ClosedTicket, known: &[&PastTicket], window_days: u32) {
        let now = ticket.closed_at;
        let window = i64::from(window_days);
        let mut openings: BTreeMap<&str, Vec<Timestamp>> = BTreeMap::new();
        for other in known {
            if let Some(category) = &other.category {
                openings.entry(category.as_str()).or_default().push(other.opened_at);
            }
        }
        if ticket.opened_at < now {
            openings.entry(ticket.category.as_str()).or_default().push(ticket.opened_at);
        }
        openings.values_mut().for_each(|openings| openings.sort_unstable());
        for other in known {
            let (Some(closed_at), Some(category)) = (other.closed_at, &other.category) else {
                continue;
            };
            let end = closed_at.plus_days(window);
            if end > now {
                continue;
            }
            let returned = openings.get(category.as_str()).is_some_and(|openings| {
                let next = openings.partition_point(|opened_at| *opened_at <= closed_at);
                openings.get(next).is_some_and(|opened_at| *opened_at <= end)
            });
            self.ended.add(returned);
            if *category == ticket.category {
                self.ended_same_category.add(returned);
            }
        }
    }
}

impl Returns {
    fn add(&mut self, returned: bool) {
        self.tickets += 1;
        self.returned += u32::from(returned);
    }

    /// The share that came back, drawn towards `prior` as if `weight` more tickets had that share: the mean of a Beta
    /// posterior (Gelman et al., *Bayesian Data Analysis*, section 2.4).
    pub(super) fn smoothed(self, prior: f64, weight: f64) -> f64 {
        (f64::from(self.returned) + prior * weight) / (f64::from(self.tickets) + weight)
    }
}
