//! What a message is: [`recognise`] tells substantive contacts from thanks, automatic replies, bounces and answers to
//! surveys, so that only a customer who needs something counts as having come back.

mod own_words;
mod phrases;
mod rules;

use own_words::own_words;
use serde::{Deserialize, Serialize};

/// What a message is taken for. Only [`ContactKind::Substantive`] can be a recontact; the others stay listed as what they
/// are.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ContactKind {
    /// The customer wants something.
    Substantive,
    /// Thanks, or word that all is well, and nothing else.
    Thanks,
    /// Written by a machine on the customer's side, such as an out-of-office notice.
    AutoReply,
    /// A message that could not be delivered came back.
    Bounce,
    /// The answer to a survey.
    SurveyReply,
    /// Advertising.
    Spam,
    /// Written by an agent.
    AgentCreated,
}

/// Who wrote a message.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Author {
    /// The customer.
    #[default]
    Customer,
    /// A person of the support desk.
    Agent,
    /// A program of the support desk.
    System,
}

/// What a message was taken for, and why.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Recognised {
    /// What it is.
    pub kind: ContactKind,
    /// How sure that is, 0 to 1. Anything but substantive is said from 0.9 on only.
    pub confidence: f64,
    /// The rule that says so.
    pub rule: &'static str,
}

impl ContactKind {
    /// All kinds.
    pub const ALL: [Self; 7] = [
        Self::Substantive,
        Self::Thanks,
        Self::AutoReply,
        Self::Bounce,
        Self::SurveyReply,
        Self::Spam,
        Self::AgentCreated,
    ];

    /// The word in responses, files and the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Substantive => "substantive",
            Self::Thanks => "thanks",
            Self::AutoReply => "auto_reply",
            Self::Bounce => "bounce",
            Self::SurveyReply => "survey_reply",
            Self::Spam => "spam",
            Self::AgentCreated => "agent_created",
        }
    }

    /// Reads what [`Self::as_str`] gives.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

impl Author {
    /// All authors.
    pub const ALL: [Self; 3] = [Self::Customer, Self::Agent, Self::System];

    /// The word in responses, files and the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Agent => "agent",
            Self::System => "system",
        }
    }

    /// Reads what [`Self::as_str`] gives.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|author| author.as_str() == word)
    }
}

/// Tells what a message is, from its text and its author, in English, Russian, Belarusian and Ukrainian.
///
/// Cautious: what is taken for something else than substantive is no recontact and would hide a customer in need. Quoted
/// mail, greeting and signature are set aside; thanks are thanks only when every other word of the message belongs to
/// them and nothing is asked, so "thanks, but my card has not arrived" and "thanks for nothing" are substantive. A
/// confidence is the rank of a rule, not a measured frequency.
#[must_use]
pub fn recognise(text: &str, author: Author) -> Recognised {
    match author {
        Author::Agent => recognised(ContactKind::AgentCreated, 1.0, "author_agent"),
        Author::System => rules::bounce(text)
            .unwrap_or_else(|| recognised(ContactKind::AutoReply, 1.0, "author_system")),
        Author::Customer => {
            let own = own_words(text);
            rules::bounce(text)
                .or_else(|| rules::auto_reply(&own))
                .or_else(|| rules::spam(text))
                .or_else(|| rules::survey_reply(&own))
                .or_else(|| rules::thanks(&own))
                .unwrap_or_else(|| rules::substantive(&own))
        }
    }
}

fn recognised(kind: ContactKind, confidence: f64, rule: &'static str) -> Recognised {
    Recognised { kind, confidence, rule }
}

#[cfg(test)]
#[path = "contact_kind/tests.rs"]
mod tests;
