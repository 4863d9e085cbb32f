//! The only place where a closed ticket becomes features: training and serving both call [`Facts::gather`].
//!
//! Nothing later than the closing of the ticket enters. Of the customer's other tickets only those opened strictly
//! before that instant count, and one that was closed later counts as still open. What a feature is called and how it
//! is computed stand side by side in `NUMBERS` and `CATEGORIES`; how it becomes columns of a model is decided in
//! [`super::encoding`].

use super::context::FeatureContext;
use super::history::HistoryFacts;
use crate::ticket::{AttributeValue, ClosedTicket, Name, PastTicket};
use crate::timestamp::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, de};
use std::borrow::Cow;
use std::fmt;

const HOUR_MS: f64 = 3_600_000.0;
/// So many tickets of the average customer stand behind each customer's own return rate.
const RETURN_PRIOR_TICKETS: f64 = 5.0;
/// The attribute that says whether a ticket was followed up. A ticket that is just being closed was not: left out, it is
/// `false`.
pub const TREATED: &str = "treated";
/// Added to both sides of a ratio of hours, so that a median of 0 divides nothing.
const RATIO_FLOOR_HOURS: f64 = 0.1;

/// What a feature is for one ticket, in raw units; written as JSON null, true/false, number or text.
#[derive(Debug, Clone, PartialEq, Serialize)]
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

/// Read in one go: each closing answers dozens of them, and serde's own way tries one variant after the other.
impl<'de> Deserialize<'de> for FeatureValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = FeatureValue;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("null, true, false, a number or a text")
            }
            fn visit_unit<E>(self) -> Result<FeatureValue, E> {
                Ok(FeatureValue::Missing)
            }
            fn visit_bool<E>(self, flag: bool) -> Result<FeatureValue, E> {
                Ok(FeatureValue::Flag(flag))
            }
            fn visit_f64<E>(self, number: f64) -> Result<FeatureValue, E> {
                Ok(FeatureValue::Number(number))
            }
            #[expect(clippy::cast_precision_loss, reason = "a number written without a point")]
            fn visit_i64<E>(self, number: i64) -> Result<FeatureValue, E> {
                Ok(FeatureValue::Number(number as f64))
            }
            #[expect(clippy::cast_precision_loss, reason = "a number written without a point")]
            fn visit_u64<E>(self, number: u64) -> Result<FeatureValue, E> {
                Ok(FeatureValue::Number(number as f64))
            }
            fn visit_str<E>(self, text: &str) -> Result<FeatureValue, E> {
                Ok(FeatureValue::Text(text.to_owned()))
            }
            fn visit_string<E>(self, text: String) -> Result<FeatureValue, E> {
                Ok(FeatureValue::Text(text))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

/// How a feature is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FeatureKind {
    /// A number; zero means none of it.
    Number,
    /// One of many names.
    Category,
    /// A text, seen through its components.
    Text,
}

/// A ticket at the instant it was closed, beside what was known of its customer then.
#[derive(Debug)]
pub struct Facts<'a> {
    ticket: &'a ClosedTicket,
    history: HistoryFacts,
}

type NumberOf = fn(&Facts<'_>, &FeatureContext) -> Option<f64>;
type CategoryOf = for<'f> fn(&'f Facts<'_>, &FeatureContext) -> Option<Cow<'f, str>>;

/// The numeric features: name and definition. A count without unit, otherwise the unit ends the name.
pub(crate) const NUMBERS: &[(&str, NumberOf)] = &[
    ("duration_hours", |f, _| Some(hours(f.ticket.opened_at, f.ticket.closed_at))),
    ("duration_to_category_median", |f, c| Some(f.duration_ratio(c))),
    ("first_response_hours", |f, _| f.first_response_hours()),
    ("reassignments", |f, _| f.ticket.details.reassignments.map(f64::from)),
    ("reopens", |f, _| f.ticket.details.reopens.map(f64::from)),
    ("csat", |f, _| f.ticket.details.csat),
    ("messages_in", |f, _| f.ticket.details.messages_in.map(f64::from)),
    ("messages_out", |f, _| f.ticket.details.messages_out.map(f64::from)),
    ("chars_in", |f, _| f.ticket.details.chars_in.map(f64::from)),
    ("chars_out", |f, _| f.ticket.details.chars_out.map(f64::from)),
    ("chars_per_message_in", |f, _| {
        per_message(f.ticket.details.chars_in, f.ticket.details.messages_in)
    }),
    ("chars_per_message_out", |f, _| {
        per_message(f.ticket.details.chars_out, f.ticket.details.messages_out)
    }),
    ("tickets_1d", |f, _| Some(f64::from(f.history.tickets[0]))),
    ("tickets_7d", |f, _| Some(f64::from(f.history.tickets[1]))),
    ("tickets_30d", |f, _| Some(f64::from(f.history.tickets[2]))),
    ("tickets_90d", |f, _| Some(f64::from(f.history.tickets[3]))),
    ("same_category_tickets_1d", |f, _| Some(f64::from(f.history.same_category[0]))),
    ("same_category_tickets_7d", |f, _| Some(f64::from(f.history.same_category[1]))),
    ("same_category_tickets_30d", |f, _| Some(f64::from(f.history.same_category[2]))),
    ("same_category_tickets_90d", |f, _| Some(f64::from(f.history.same_category[3]))),
    ("days_since_last_ticket", |f, _| f.days_since(f.history.last)),
    ("days_since_last_same_category_ticket", |f, _| f.days_since(f.history.last_same_category)),
    ("days_since_first_ticket", |f, _| f.days_since(f.history.first)),
    ("open_tickets", |f, _| Some(f64::from(f.history.open))),
    ("open_same_category_tickets", |f, _| Some(f64::from(f.history.open_same_category))),
    ("tickets_opened_meanwhile", |f, _| Some(f64::from(f.history.meanwhile))),
    ("same_category_tickets_opened_meanwhile", |f, _| {
        Some(f64::from(f.history.meanwhile_same_category))
    }),
    ("distinct_categories", |f, _| Some(f64::from(f.history.categories))),
    ("customer_return_rate", |f, c| {
        Some(f.history.ended.smoothed(c.base_rate, RETURN_PRIOR_TICKETS))
    }),
    ("customer_same_category_return_rate", |f, c| {
        Some(f.history.ended_same_category.smoothed(c.base_rate, RETURN_PRIOR_TICKETS))
    }),
];

/// The categorical features: name and definition.
pub(crate) const CATEGORIES: &[(&str, CategoryOf)] = &[
    ("category", |f, _| Some(Cow::Borrowed(f.ticket.category.as_str()))),
    ("channel", |f, _| name(f.ticket.details.channel.as_ref())),
    ("priority", |f, _| name(f.ticket.details.priority.as_ref())),
    ("team", |f, _| name(f.ticket.details.team.as_ref())),
    ("kind", |f, _| f.named_or_attribute(f.ticket.details.kind.as_ref(), "kind")),
    ("urgency", |f, _| f.named_or_attribute(f.ticket.details.urgency.as_ref(), "urgency")),
    ("sla_met", |f, _| f.ticket.details.sla_met.map(|met| Cow::Borrowed(flag_text(met)))),
    ("category_changed", |f, _| {
        f.ticket.details.category_changed.map(|changed| Cow::Borrowed(flag_text(changed)))
    }),
    ("opened_weekday", |f, c| Some(Cow::Borrowed(weekday(f.ticket.opened_at, c)))),
    ("opened_hour", |f, c| Some(Cow::Borrowed(hour(f.ticket.opened_at, c)))),
    ("closed_weekday", |f, c| Some(Cow::Borrowed(weekday(f.ticket.closed_at, c)))),
    ("closed_hour", |f, c| Some(Cow::Borrowed(hour(f.ticket.closed_at, c)))),
];

/// Names and kinds of the features every ticket has, in the order in which models list them.
pub fn built_in() -> impl Iterator<Item = (&'static str, FeatureKind)> {
    let numbers = NUMBERS.iter().map(|(name, _)| (*name, FeatureKind::Number));
    numbers.chain(CATEGORIES.iter().map(|(name, _)| (*name, FeatureKind::Category)))
}

impl<'a> Facts<'a> {
    /// Looks at a ticket and its customer's *other* tickets as of the instant the ticket was closed.
    ///
    /// `others` may hold tickets of any time in any order, but not the ticket itself. Of these, the customer's own
    /// return rate is counted with the window of the model.
    pub fn gather<'h>(
        ticket: &'a ClosedTicket,
        others: impl IntoIterator<Item = &'h PastTicket>,
        window_days: u32,
    ) -> Self {
        Self { ticket, history: HistoryFacts::gather(ticket, others, window_days) }
    }

    /// The ticket they are about.
    #[must_use]
    pub fn ticket(&self) -> &'a ClosedTicket {
        self.ticket
    }

    /// Hours from opening to closing.
    #[must_use]
    pub fn duration_hours(&self) -> f64 {
        hours(self.ticket.opened_at, self.ticket.closed_at)
    }

    /// A text of the ticket by the name of its column; one without a visible character counts as missing.
    #[must_use]
    pub fn text(&self, column: &str) -> Option<&'a str> {
        let text = self.ticket.details.texts.get(column)?;
        (!text.trim().is_empty()).then_some(text.as_str())
    }

    /// The value of a built-in feature in raw units; missing when there is no such feature.
    #[must_use]
    pub fn value(&self, feature: &str, context: &FeatureContext) -> FeatureValue {
        let number = NUMBERS.iter().find(|(name, _)| *name == feature);
        let category = CATEGORIES.iter().find(|(name, _)| *name == feature);
        match (number, category) {
            (Some((_, number)), _) => {
                number(self, context).map_or(FeatureValue::Missing, FeatureValue::Number)
            }
            (_, Some((_, category))) => category(self, context)
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

    /// The category an attribute names; numbers and flags are written as JSON writes them (`12`, `true`). What was an
    /// attribute of older models and is a field of the ticket by now is taken from there.
    pub(crate) fn attribute_category(&self, attribute: &str) -> Option<Cow<'_, str>> {
        let Some(value) = self.ticket.details.attributes.get(attribute) else {
            return match attribute {
                TREATED => Some(Cow::Borrowed(flag_text(false))),
                "kind" => name(self.ticket.details.kind.as_ref()),
                "urgency" => name(self.ticket.details.urgency.as_ref()),
                _ => None,
            };
        };
        match value {
            AttributeValue::Number(number) => Some(Cow::Owned(number.to_string())),
            AttributeValue::Flag(flag) => Some(Cow::Borrowed(flag_text(*flag))),
            AttributeValue::Text(text) => {
                Some(as_json_writes_it(text.trim())).filter(|text| !text.is_empty())
            }
        }
    }

    /// A field of the ticket, else the attribute of that name, as helpdesks sent it before there was the field.
    fn named_or_attribute<'f>(
        &'f self,
        field: Option<&'f Name>,
        attribute: &str,
    ) -> Option<Cow<'f, str>> {
        name(field).or_else(|| self.attribute_category(attribute))
    }

    /// Hours from opening to closing as a multiple of what is usual for the category.
    fn duration_ratio(&self, context: &FeatureContext) -> f64 {
        let usual = context.usual_hours(self.ticket.category.as_str());
        (self.duration_hours() + RATIO_FLOOR_HOURS) / (usual + RATIO_FLOOR_HOURS)
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

/// The ISO number of the weekday, 1 for Monday to 7 for Sunday.
fn weekday(at: Timestamp, context: &FeatureContext) -> &'static str {
    const DAYS: [&str; 7] = ["1", "2", "3", "4", "5", "6", "7"];
    // 1 January 1970 was a Thursday.
    let day = local_millis(at, context).div_euclid(24 * 3_600_000) + 3;
    DAYS[usize::try_from(day.rem_euclid(7)).unwrap_or(0)]
}

/// The hour of the day, `00` to `23`.
fn hour(at: Timestamp, context: &FeatureContext) -> &'static str {
    const HOURS: [&str; 24] = [
        "00", "01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12", "13", "14",
        "15", "16", "17", "18", "19", "20", "21", "22", "23",
    ];
    let hour = local_millis(at, context).div_euclid(3_600_000).rem_euclid(24);
    HOURS[usize::try_from(hour).unwrap_or(0)]
}

fn local_millis(at: Timestamp, context: &FeatureContext) -> i64 {
    at.millis().saturating_add(i64::from(context.utc_offset_minutes) * 60_000)
}

fn per_message(chars: Option<u32>, messages: Option<u32>) -> Option<f64> {
    let messages = messages.filter(|messages| *messages > 0)?;
    Some(f64::from(chars?) / f64::from(messages))
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
