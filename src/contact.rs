//! A customer's message: [`ContactText`] and what comes with it.
//!
//! Everything here is checked when it is made; the rest of the program does not check again.

use crate::identity::Identity;
use crate::outcome::{Author, ContactKind};
use crate::ticket::{Name, TicketId};
use crate::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The way a contact came in, as the helpdesk names it (`email`, `phone`, `chat`, …).
pub type Channel = Name;

/// What a contact is classified by. Each head answers with one label of its own: the tenant's issue categories, three
/// short lists beside them, and the language.
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
#[serde(rename_all = "lowercase")]
pub enum Head {
    /// What it is about: a label of the tenant's taxonomy.
    Category,
    /// technical, informational, complaint or suggestion, unless trained on other labels.
    Kind,
    /// How soon it needs an answer.
    Urgency,
    /// Who should take it.
    Team,
    /// In which language it is: an ISO 639-1 code.
    Language,
}

impl Head {
    /// Every head, in the order in which they are told.
    pub const ALL: [Self; 5] =
        [Self::Category, Self::Kind, Self::Urgency, Self::Team, Self::Language];

    /// The word in requests, answers, configuration and folders.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Category => "category",
            Self::Kind => "kind",
            Self::Urgency => "urgency",
            Self::Team => "team",
            Self::Language => "language",
        }
    }

    /// The field of a classification in which its answer stands; none for the category, whose answer stands at the top.
    #[must_use]
    pub fn answer_field(self) -> Option<&'static str> {
        match self {
            Self::Category => None,
            Self::Language => Some("language_answer"),
            other => Some(other.as_str()),
        }
    }

    /// The head of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|head| head.as_str() == word)
    }
}

/// Longest text that is accepted, in bytes of UTF-8, unless configured otherwise.
pub const DEFAULT_MAX_TEXT_BYTES: usize = 1 << 20;

/// A customer's text with at least one visible character.
///
/// Control characters other than tab and line ends are removed; everything else is kept as sent. A copy
/// shares the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactText(Arc<str>);

/// Why a text is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ContactTextError {
    /// Nothing but white space and control characters.
    #[error("the text is empty: expected at least one visible character")]
    Empty,
    /// Longer than the limit.
    #[error("the text has {bytes} bytes, at most {max_bytes} are accepted")]
    TooLong {
        /// Bytes of UTF-8 that were sent.
        bytes: usize,
        /// The configured limit.
        max_bytes: usize,
    },
}

impl ContactText {
    /// Checks and cleans a text as sent by a helpdesk.
    ///
    /// # Errors
    /// [`ContactTextError`] when nothing visible is left or the text exceeds `max_bytes`.
    pub fn parse(text: &str, max_bytes: usize) -> Result<Self, ContactTextError> {
        if text.len() > max_bytes {
            return Err(ContactTextError::TooLong { bytes: text.len(), max_bytes });
        }
        let is_noise = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r');
        let cleaned =
            if text.contains(is_noise) { text.replace(is_noise, "") } else { text.to_owned() };
        if cleaned.chars().all(|c| c.is_whitespace() || is_invisible(c)) {
            return Err(ContactTextError::Empty);
        }
        Ok(Self(cleaned.into()))
    }

    /// The cleaned text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Zero-width and direction marks: present in a text, but nothing a reader sees.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}' | '\u{00AD}')
}

/// A contact as reported by a helpdesk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// The helpdesk's identifier; unique within a tenant.
    pub id: Name,
    /// Who wrote, or to whom an agent wrote.
    pub customer: Identity,
    /// Other identities of the same person that came with the contact.
    pub also_known_as: Vec<Identity>,
    /// Who wrote it.
    pub author: Author,
    /// What it is, when the helpdesk knows.
    pub stated_kind: Option<ContactKind>,
    /// The follow-up that it answers.
    pub follow_up_id: Option<Name>,
    /// The ticket the contact belongs to, when the helpdesk knows it.
    pub ticket_id: Option<TicketId>,
    /// When the customer wrote.
    pub occurred_at: Timestamp,
    /// How the contact came in.
    pub channel: Option<Channel>,
    /// What the customer wrote.
    pub text: ContactText,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_without_visible_characters_is_refused() {
        for text in ["", "  \t\r\n", "\u{0}\u{1}", "\u{200B}\u{FEFF}"] {
            assert_eq!(ContactText::parse(text, 100), Err(ContactTextError::Empty), "{text:?}");
        }
    }

    #[test]
    fn emoji_cyrillic_and_right_to_left_texts_are_kept_as_sent() {
        for text in ["🙂", "Карта не пришла", "לא הגיע", "Картка не прыйшла\nдзякуй"]
        {
            assert_eq!(ContactText::parse(text, 100).unwrap().as_str(), text);
        }
    }

    #[test]
    fn control_characters_are_removed() {
        assert_eq!(ContactText::parse("card\u{0}\u{7}\tlost", 100).unwrap().as_str(), "card\tlost");
    }

    #[test]
    fn a_text_over_the_limit_is_refused_with_both_sizes() {
        let error = ContactText::parse("слово", 9).unwrap_err();
        assert_eq!(error, ContactTextError::TooLong { bytes: 10, max_bytes: 9 });
    }
}
