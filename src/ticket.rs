//! A customer's problem from opening to closing: [`ClosedTicket`], [`CustomerHistory`], and the checked names they use.

use crate::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// An identifier or label as a helpdesk sends it: 1 to 200 characters, no control characters,
/// surrounding white space removed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(String);

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
            Ok(Self(text.to_owned()))
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
        name.0
    }
}

/// The value of a column or field that only this helpdesk has.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
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
    /// Fields that only this helpdesk has, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, AttributeValue>,
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
}
