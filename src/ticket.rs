//! A customer's problem from opening to closing: [`ClosedTicket`], [`CustomerHistory`], and the checked names they use.

use crate::redaction::RedactedText;
use crate::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// An identifier or label as a helpdesk sends it: 1 to 200 characters, no control characters,
/// surrounding white space removed. A copy shares the text.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, min_length = 1, max_length = 200)]
pub struct Name(Arc<str>);

/// A customer's identifier in the helpdesk. Stored only as a keyed hash.
pub type CustomerId = Name;
/// A ticket's identifier in the helpdesk.
pub type TicketId = Name;
/// What a ticket is about, a label of the customer's own taxonomy.
pub type IssueCategory = Name;

/// Why a text is no [`Name`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing but white space.
    #[error("expected 1 to {} characters, got an empty text", Name::MAX_CHARS)]
    Empty,
    /// More than [`Name::MAX_CHARS`] characters.
    #[error("expected 1 to {max} characters, got {0}", max = Name::MAX_CHARS)]
    TooLong(usize),
    /// A control character inside.
    #[error("expected no control characters")]
    ControlCharacter,
}

impl Name {
    /// Longest name, in characters.
    pub const MAX_CHARS: usize = 200;

    /// Checks a text and removes surrounding white space.
    ///
    /// # Errors
    /// [`NameError`] when it is empty, too long or has control characters.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let text = text.trim();
        let chars = text.chars().count();
        if chars == 0 {
            Err(NameError::Empty)
        } else if chars > Self::MAX_CHARS {
            Err(NameError::TooLong(chars))
        } else if text.chars().any(char::is_control) {
            Err(NameError::ControlCharacter)
        } else {
            Ok(Self(text.into()))
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Name {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0.as_ref().to_owned()
    }
}

/// The value of a column or field that only this helpdesk has.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(untagged, expecting = "expected true, false, a number or a text")]
pub enum AttributeValue {
    /// Yes or no.
    Flag(bool),
    /// A finite number.
    Number(f64),
    /// A category.
    Text(String),
}

/// A ticket as known at the moment it was closed, and nothing later.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClosedTicket {
    /// The helpdesk's identifier; unique within a tenant.
    pub id: TicketId,
    /// Whose problem it was.
    pub customer_id: CustomerId,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When it was closed; never before `opened_at`.
    pub closed_at: Timestamp,
    /// What it was about.
    pub category: IssueCategory,
    /// Everything else the helpdesk knows.
    #[serde(flatten)]
    pub details: TicketDetails,
}

/// What a helpdesk may know about a ticket besides its identity, times and category. Every field may be missing.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TicketDetails {
    /// How the customer came in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<Name>,
    /// The helpdesk's priority label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<Name>,
    /// The team that closed it. Agents are never recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<Name>,
    /// What sort of contact it was: technical, informational, complaint, suggestion, or the helpdesk's own word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<Name>,
    /// How urgent it was, the helpdesk's own word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub urgency: Option<Name>,
    /// How often it was handed to another team.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reassignments: Option<u32>,
    /// How often it was reopened before this closing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reopens: Option<u32>,
    /// Whether the service level was met.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sla_met: Option<bool>,
    /// The customer's satisfaction, on the helpdesk's own scale.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub csat: Option<f64>,
    /// When the first answer went out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_response_at: Option<Timestamp>,
    /// Messages from the customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub messages_in: Option<u32>,
    /// Messages to the customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub messages_out: Option<u32>,
    /// Characters of all messages from the customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chars_in: Option<u32>,
    /// Characters of all messages to the customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chars_out: Option<u32>,
    /// Whether the category was changed while the ticket was worked on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category_changed: Option<bool>,
    /// Whether it was resolved at the first contact, as the helpdesk sees it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_contact_resolved: Option<bool>,
    /// Whether the first level of support could have resolved it at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_level_resolvable: Option<bool>,
    /// Replies that people wrote to the customer; automatic messages are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_replies: Option<u32>,
    /// How many people worked on it. A number, never who.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agents_involved: Option<u32>,
    /// Working time spent on it, in seconds: talk, hold and work afterwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handling_s: Option<u32>,
    /// What handling it cost, in the currency of the costs; 0 or more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handling_cost: Option<f64>,
    /// The lowest answer on the scale of `csat`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub csat_lowest: Option<f64>,
    /// The highest answer on the scale of `csat`; above the lowest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub csat_highest: Option<f64>,
    /// How likely the customer would recommend, 0 to 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nps: Option<u32>,
    /// Whether the customer said, when asked, that it was resolved at the first contact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub survey_resolved: Option<bool>,
    /// The segment that the customer was declared to belong to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segment: Option<Name>,
    /// Fields that only this helpdesk has, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, AttributeValue>,
    /// Texts by the name of their column (`first_text`, `last_text`, `answer_text`, or the helpdesk's own). They are
    /// looked at when the ticket is assessed and then forgotten: never written as JSON, so never stored as they are.
    #[serde(skip)]
    pub texts: BTreeMap<String, String>,
    /// What of these texts is to be kept, redacted; in tables of its own and never as JSON either.
    #[serde(skip)]
    pub conversation: Vec<TicketText>,
}

/// A text that comes with a ticket, redacted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketText {
    /// Which one.
    pub part: TicketTextPart,
    /// The text.
    pub text: RedactedText,
}

/// Which text of a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TicketTextPart {
    /// The customer's first message.
    First,
    /// The customer's last message.
    Last,
    /// The answer that the customer got.
    Answer,
}

impl TicketTextPart {
    /// All of them, in the order of the ticket.
    pub const ALL: [Self; 3] = [Self::First, Self::Last, Self::Answer];

    /// The word in requests and in the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Last => "last",
            Self::Answer => "answer",
        }
    }

    /// The part of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|part| part.as_str() == word)
    }
}

impl TicketDetails {
    /// These details with everything `newer` states put over them; attributes are replaced one by one.
    #[must_use]
    pub fn overlaid_with(self, newer: Self) -> Self {
        let mut attributes = self.attributes;
        attributes.extend(newer.attributes);
        let mut texts = self.texts;
        texts.extend(newer.texts);
        let conversation =
            if newer.conversation.is_empty() { self.conversation } else { newer.conversation };
        Self {
            channel: newer.channel.or(self.channel),
            priority: newer.priority.or(self.priority),
            team: newer.team.or(self.team),
            kind: newer.kind.or(self.kind),
            urgency: newer.urgency.or(self.urgency),
            reassignments: newer.reassignments.or(self.reassignments),
            reopens: newer.reopens.or(self.reopens),
            sla_met: newer.sla_met.or(self.sla_met),
            csat: newer.csat.or(self.csat),
            first_response_at: newer.first_response_at.or(self.first_response_at),
            messages_in: newer.messages_in.or(self.messages_in),
            messages_out: newer.messages_out.or(self.messages_out),
            chars_in: newer.chars_in.or(self.chars_in),
            chars_out: newer.chars_out.or(self.chars_out),
            category_changed: newer.category_changed.or(self.category_changed),
            first_contact_resolved: newer.first_contact_resolved.or(self.first_contact_resolved),
            first_level_resolvable: newer.first_level_resolvable.or(self.first_level_resolvable),
            agent_replies: newer.agent_replies.or(self.agent_replies),
            agents_involved: newer.agents_involved.or(self.agents_involved),
            handling_s: newer.handling_s.or(self.handling_s),
            handling_cost: newer.handling_cost.or(self.handling_cost),
            csat_lowest: newer.csat_lowest.or(self.csat_lowest),
            csat_highest: newer.csat_highest.or(self.csat_highest),
            nps: newer.nps.or(self.nps),
            survey_resolved: newer.survey_resolved.or(self.survey_resolved),
            segment: newer.segment.or(self.segment),
            attributes,
            texts,
            conversation,
        }
    }

    /// The first field that holds NaN or infinity, if one does: such a number cannot be written as JSON.
    #[must_use]
    pub fn non_finite_field(&self) -> Option<&str> {
        let numbers = [
            ("csat", self.csat),
            ("csat_lowest", self.csat_lowest),
            ("csat_highest", self.csat_highest),
            ("handling_cost", self.handling_cost),
        ];
        let is_unwritable = |value: Option<f64>| value.is_some_and(|value| !value.is_finite());
        if let Some((name, _)) = numbers.into_iter().find(|(_, value)| is_unwritable(*value)) {
            return Some(name);
        }
        self.attributes.iter().find_map(|(name, value)| match value {
            AttributeValue::Number(number) if !number.is_finite() => Some(name.as_str()),
            _ => None,
        })
    }
}

/// A ticket's state as a helpdesk reports it: at its opening, and whenever something about it changes.
#[derive(Debug, Clone, PartialEq)]
pub struct TicketEvent {
    /// The helpdesk's identifier; unique within a tenant.
    pub id: TicketId,
    /// Whose problem it is; the same in every report.
    pub customer_id: CustomerId,
    /// When it was opened; the same in every report.
    pub opened_at: Timestamp,
    /// When it came into this state; `None` is the opening itself.
    pub updated_at: Option<Timestamp>,
    /// What it is about, as far as known.
    pub category: Option<IssueCategory>,
    /// The whole state: what is missing here is not known any more.
    pub details: TicketDetails,
}

impl TicketEvent {
    /// The instant the report is about; together with the ticket it identifies the report.
    #[must_use]
    pub fn occurred_at(&self) -> Timestamp {
        self.updated_at.unwrap_or(self.opened_at)
    }
}

/// A ticket's closing as a helpdesk reports it.
#[derive(Debug, Clone, PartialEq)]
pub struct ClosingEvent {
    /// When it was closed; never before it was opened.
    pub closed_at: Timestamp,
    /// What it was about; `None` keeps what was reported before.
    pub category: Option<IssueCategory>,
    /// What the closing adds to or changes in the reported state.
    pub details: TicketDetails,
}

/// An earlier ticket of the same customer, as far as history needs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastTicket {
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When it was closed, if it is.
    pub closed_at: Option<Timestamp>,
    /// What it was about.
    pub category: Option<IssueCategory>,
}

/// The same customer's other tickets. May hold tickets of any time; whoever reads it
/// counts only what was known at the instant in question.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerHistory {
    /// In no particular order.
    pub tickets: Vec<PastTicket>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_trimmed_and_must_be_visible_and_short() {
        assert_eq!(Name::parse("  Карта \n").unwrap().as_str(), "Карта");
        assert_eq!(Name::parse(" "), Err(NameError::Empty));
        assert_eq!(Name::parse("a\u{0}b"), Err(NameError::ControlCharacter));
        assert_eq!(Name::parse(&"x".repeat(201)), Err(NameError::TooLong(201)));
    }

    #[test]
    fn a_closing_replaces_what_it_states_and_keeps_the_rest() {
        let name = |text: &str| Some(Name::parse(text).unwrap());
        let flag = |key: &str, value| (key.to_owned(), AttributeValue::Flag(value));
        let known = TicketDetails {
            channel: name("email"),
            priority: name("low"),
            attributes: [flag("kept", true), flag("replaced", false)].into(),
            ..TicketDetails::default()
        };
        let closing = TicketDetails {
            priority: name("high"),
            attributes: [flag("replaced", true), flag("added", true)].into(),
            ..TicketDetails::default()
        };
        let merged = known.overlaid_with(closing);
        assert_eq!((merged.channel, merged.priority), (name("email"), name("high")));
        let expected = [flag("kept", true), flag("replaced", true), flag("added", true)];
        assert_eq!(merged.attributes, expected.into());
    }
}
