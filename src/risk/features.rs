//! The only place where a closed ticket becomes features: training and serving both call [`Facts::gather`].
//!
//! Nothing later than the closing of the ticket enters. Of the customer's other tickets only those opened strictly
//! before that instant count, and one that was closed later counts as still open. What a feature is called and how it
//! is computed stand side by side in `NUMBERS` and `CATEGORIES`; how it becomes columns of a model is decided in
//! [`super::encoding`].

use crate::ticket::{AttributeValue, ClosedTicket, Name, PastTicket};
use crate::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// The spans, in days before the closing, in which a customer's other tickets are counted.
pub const HISTORY_DAYS: [i64; 4] = [1, 7, 30, 90];

const HOUR_MS: f64 = 3_600_000.0;

/// What a feature is for one ticket, in raw units; written as JSON null, true/false, number or text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum FeatureValue {
    /// Not known.
    Missing,
    /// Yes or no.
    Flag(bool),
    /// A finite number.
    Number(f64),
    /// A category.
    Text(String),
}

/// How a feature is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FeatureKind {
    /// A number; zero means none of it.
    Number,
    /// One of many names.
    Category,
}

/// A ticket at the instant it was closed, beside what was known of its customer then.
#[derive(Debug)]
pub struct Facts<'a> {
    ticket: &'a ClosedTicket,
    history: HistoryFacts,
}

/// What the customer's other tickets say at one instant.
#[derive(Debug, Default)]
struct HistoryFacts {
    tickets: [u32; HISTORY_DAYS.len()],
    same_category: [u32; HISTORY_DAYS.len()],
    last: Option<Timestamp>,
    last_same_category: Option<Timestamp>,
    first: Option<Timestamp>,
    open: u32,
    open_same_category: u32,
    meanwhile: u32,
    meanwhile_same_category: u32,
    categories: u32,
}

type NumberOf = fn(&Facts<'_>) -> Option<f64>;
type CategoryOf = for<'f> fn(&'f Facts<'_>) -> Option<Cow<'f, str>>;

/// The numeric features: name and definition. A count without unit, otherwise the unit ends the name.
pub(crate) const NUMBERS: &[(&str, NumberOf)] = &[
    ("duration_hours", |f| Some(hours(f.ticket.opened_at, f.ticket.closed_at))),
    ("first_response_hours", |f| f.first_response_hours()),
    ("reassignments", |f| f.ticket.details.reassignments.map(f64::from)),
    ("reopens", |f| f.ticket.details.reopens.map(f64::from)),
    ("csat", |f| f.ticket.details.csat),
    ("messages_in", |f| f.ticket.details.messages_in.map(f64::from)),
    ("messages_out", |f| f.ticket.details.messages_out.map(f64::from)),
    ("tickets_1d", |f| Some(f64::from(f.history.tickets[0]))),
    ("tickets_7d", |f| Some(f64::from(f.history.tickets[1]))),
    ("tickets_30d", |f| Some(f64::from(f.history.tickets[2]))),
    ("tickets_90d", |f| Some(f64::from(f.history.tickets[3]))),
    ("same_category_tickets_1d", |f| Some(f64::from(f.history.same_category[0]))),
    ("same_category_tickets_7d", |f| Some(f64::from(f.history.same_category[1]))),
    ("same_category_tickets_30d", |f| Some(f64::from(f.history.same_category[2]))),
    ("same_category_tickets_90d", |f| Some(f64::from(f.history.same_category[3]))),
    ("days_since_last_ticket", |f| f.days_since(f.history.last)),
    ("days_since_last_same_category_ticket", |f| f.days_since(f.history.last_same_category)),
    ("days_since_first_ticket", |f| f.days_since(f.history.first)),
    ("open_tickets", |f| Some(f64::from(f.history.open))),
    ("open_same_category_tickets", |f| Some(f64::from(f.history.open_same_category))),
    ("tickets_opened_meanwhile", |f| Some(f64::from(f.history.meanwhile))),
    ("same_category_tickets_opened_meanwhile", |f| {
        Some(f64::from(f.history.meanwhile_same_category))
    }),
    ("distinct_categories", |f| Some(f64::from(f.history.categories))),
];

/// The categorical features: name and definition.
pub(crate) const CATEGORIES: &[(&str, CategoryOf)] = &[
    ("category", |f| Some(Cow::Borrowed(f.ticket.category.as_str()))),
    ("channel", |f| name(f.ticket.details.channel.as_ref())),
    ("priority", |f| name(f.ticket.details.priority.as_ref())),
    ("team", |f| name(f.ticket.details.team.as_ref())),
    ("sla_met", |f| f.ticket.details.sla_met.map(|met| Cow::Borrowed(flag_text(met)))),
];

/// Names and kinds of the features every ticket has, in the order in which models list them.
pub fn built_in() -> impl Iterator<Item = (&'static str, FeatureKind)> {
    let numbers = NUMBERS.iter().map(|(name, _)| (*name, FeatureKind::Number));
    numbers.chain(CATEGORIES.iter().map(|(name, _)| (*name, FeatureKind::Category)))
}

impl<'a> Facts<'a> {
    /// Looks at a ticket and its customer's *other* tickets as of the instant the ticket was closed.
    ///
    /// `others` may hold tickets of any time in any order, but not the ticket itself.
    pub fn gather<'h>(
        ticket: &'a ClosedTicket,
        others: impl IntoIterator<Item = &'h PastTicket>,
    ) -> Self {
        Self { ticket, history: HistoryFacts::gather(ticket, others) }
    }

    /// The value of a built-in feature in raw units; missing when there is no such feature.
    #[must_use]
    pub fn value(&self, feature: &str) -> FeatureValue {
        let number = NUMBERS.iter().find(|(name, _)| *name == feature);
        let category = CATEGORIES.iter().find(|(name, _)| *name == feature);
        match (number, category) {
            (Some((_, number)), _) => {
                number(self).map_or(FeatureValue::Missing, FeatureValue::Number)
            }
            (_, Some((_, category))) => category(self)
                .map_or(FeatureValue::Missing, |text| FeatureValue::Text(text.into_owned())),
            _ => FeatureValue::Missing,
        }
    }

    /// The number an attribute holds; true counts as 1, false as 0, a text as the number it spells.
    pub(crate) fn attribute_number(&self, attribute: &str) -> Option<f64> {
        match self.ticket.details.attributes.get(attribute)? {
            AttributeValue::Number(number) => Some(*number),
            AttributeValue::Flag(flag) => Some(f64::from(u8::from(*flag))),
            AttributeValue::Text(text) => text.trim().parse().ok(),
        }
    }

    /// The category an attribute names; numbers and flags are written as JSON writes them (`12`, `true`).
    pub(crate) fn attribute_category(&self, attribute: &str) -> Option<Cow<'_, str>> {
        match self.ticket.details.attributes.get(attribute)? {
            AttributeValue::Number(number) => Some(Cow::Owned(number.to_string())),
            AttributeValue::Flag(flag) => Some(Cow::Borrowed(flag_text(*flag))),
            AttributeValue::Text(text) => {
                Some(as_json_writes_it(text.trim())).filter(|text| !text.is_empty())
            }
        }
    }

    /// Hours to the first answer; an answer after the closing was not known then and counts as missing.
    fn first_response_hours(&self) -> Option<f64> {
        let answered_at = self.ticket.details.first_response_at?;
        (answered_at <= self.ticket.closed_at).then(|| hours(self.ticket.opened_at, answered_at))
    }

    fn days_since(&self, earlier: Option<Timestamp>) -> Option<f64> {
        earlier.map(|earlier| earlier.days_until(self.ticket.closed_at).max(0.0))
    }
}

/// A table's `12.0`, `True` and `FALSE` are the `12`, `true` and `false` of a request; every other text stays as it is.
fn as_json_writes_it(text: &str) -> Cow<'_, str> {
    if text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false") {
        return Cow::Owned(text.to_ascii_lowercase());
    }
    match text.split_once('.') {
        Some((whole, zeros))
            if !zeros.is_empty()
                && zeros.bytes().all(|byte| byte == b'0')
                && whole.strip_prefix('-').unwrap_or(whole).bytes().all(|b| b.is_ascii_digit())
                && whole.ends_with(|c: char| c.is_ascii_digit()) =>
        {
            Cow::Borrowed(whole)
        }
        _ => Cow::Borrowed(text),
    }
}

impl HistoryFacts {
    fn gather<'h>(ticket: &ClosedTicket, others: impl IntoIterator<Item = &'h PastTicket>) -> Self {
        let now = ticket.closed_at;
        let mut facts =
            Self { first: Some(ticket.opened_at).filter(|at| *at <= now), ..Self::default() };
        let mut categories = BTreeSet::new();
        for other in others.into_iter().filter(|other| other.opened_at < now) {
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
        facts
    }
}

/// Hours from one instant to another, 0 when the second comes first.
fn hours(from: Timestamp, to: Timestamp) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "the range of a timestamp fits into 53 bits")]
    let millis = (to.millis() - from.millis()).max(0) as f64;
    millis / HOUR_MS
}

fn name(name: Option<&Name>) -> Option<Cow<'_, str>> {
    name.map(|name| Cow::Borrowed(name.as_str()))
}

pub(crate) fn flag_text(flag: bool) -> &'static str {
    if flag { "true" } else { "false" }
}

#[cfg(test)]
#[path = "features_tests.rs"]
mod tests;
