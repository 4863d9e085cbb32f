//! Personal data in texts: found and replaced by typed placeholders before anything is stored or logged: [`redact`].
//!
//! Nothing here does I/O or reads a clock, and no pattern can run back and forth over a text: every step looks a fixed number of
//! characters around, so time grows with the text's length. What is not found is said in `docs/redaction.md`.
//!
//! In order: addresses of the network (`network`), bank accounts (`bank`), secrets (`secrets`), numbers with a form
//! or check digits of their own (`numbers`, `bank`, `documents`), telephone numbers (`phones`), postal addresses (`places`), names (`names`). What was found is masked (`draft`), so
//! that nothing is found twice and nothing is found across it; the steps are repeated until nothing new is found.

mod bank;
mod checksums;
mod documents;
mod draft;
mod names;
mod network;
mod numbers;
mod options;
mod phones;
mod places;
mod secrets;
mod words;

pub use options::ConversationOptions;

use draft::Draft;
use std::fmt;

/// Rounds over a text at most. What is masked in one round may set a boundary that something else was lacking; two rounds do.
const MOST_ROUNDS: usize = 8;

/// Characters beyond the limit that are looked at, so that what stands across it is known for what it is.
const BEYOND: usize = 400;

/// A kind of personal data, named as Presidio names it where it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Entity {
    /// An e-mail address.
    EmailAddress,
    /// A telephone number.
    PhoneNumber,
    /// The number of a payment card.
    CreditCard,
    /// The number of a bank account.
    Iban,
    /// Series and number of a passport.
    Passport,
    /// Another number that the state gave a person: the personal number of Belarus, SNILS, the record number of Ukraine.
    NationalId,
    /// A tax number of a person: INN, RNOKPP.
    TaxId,
    /// What stands behind the question mark or the number sign of an address of the web.
    UrlQuery,
    /// An address of the internet protocol.
    IpAddress,
    /// A password, a code, a key, a token.
    Secret,
    /// A postal address.
    Location,
    /// A name of a person.
    Person,
}

impl Entity {
    /// Every kind.
    pub const ALL: [Self; 12] = [
        Self::EmailAddress,
        Self::PhoneNumber,
        Self::CreditCard,
        Self::Iban,
        Self::Passport,
        Self::NationalId,
        Self::TaxId,
        Self::UrlQuery,
        Self::IpAddress,
        Self::Secret,
        Self::Location,
        Self::Person,
    ];

    /// The word between the angle brackets of its placeholder.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EmailAddress => "EMAIL_ADDRESS",
            Self::PhoneNumber => "PHONE_NUMBER",
            Self::CreditCard => "CREDIT_CARD",
            Self::Iban => "IBAN_CODE",
            Self::Passport => "PASSPORT",
            Self::NationalId => "NATIONAL_ID",
            Self::TaxId => "TAX_ID",
            Self::UrlQuery => "URL_QUERY",
            Self::IpAddress => "IP_ADDRESS",
            Self::Secret => "SECRET",
            Self::Location => "LOCATION",
            Self::Person => "PERSON",
        }
    }

    /// The kind of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|entity| entity.as_str() == word)
    }
}

/// What stands in a text in place of what was found: `<PHONE_NUMBER>`.
impl fmt::Display for Entity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}>", self.as_str())
    }
}

/// Where in a text something was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// What it is.
    pub entity: Entity,
    /// Where it begins, in bytes of the text.
    pub start: usize,
    /// Where it ends, in bytes of the text.
    pub end: usize,
}

/// A text in which what was found is replaced. Made by [`redact`] only: whoever stores this type stores nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedactedText {
    text: String,
    is_cut: bool,
}

impl RedactedText {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the original went on.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.is_cut
    }
}

/// Finds personal data, in the order of the text; no two overlap, and placeholders are none.
#[must_use]
pub fn find(text: &str) -> Vec<Span> {
    search(text).into_spans()
}

fn search(text: &str) -> Draft {
    let mut draft = Draft::new(text);
    for _ in 0..MOST_ROUNDS {
        let before = draft.count();
        network::find(&mut draft);
        bank::find_ibans(&mut draft);
        secrets::find(&mut draft);
        numbers::find(&mut draft);
        places::find(&mut draft);
        names::find(&mut draft);
        if draft.count() == before {
            break;
        }
    }
    draft
}

/// Replaces personal data by placeholders and keeps the first `max_chars` characters of the text. Redacting again changes nothing.
#[must_use]
pub fn redact(text: &str, max_chars: usize) -> RedactedText {
    let end_of = |chars: usize| text.char_indices().nth(chars).map_or(text.len(), |(at, _)| at);
    let (end, seen) = (end_of(max_chars), end_of(max_chars.saturating_add(BEYOND)));
    let mut redacted = String::with_capacity(end);
    let mut from = 0;
    for span in find(&text[..seen]).into_iter().take_while(|span| span.start < end) {
        redacted.push_str(&text[from..span.start]);
        redacted.push_str(&span.entity.to_string());
        from = span.end;
    }
    redacted.push_str(text.get(from..end).unwrap_or_default());
    RedactedText { text: redacted, is_cut: end < text.len() }
}

/// A part of a redacted text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'a> {
    /// What was written.
    Text(&'a str),
    /// What stands for something that was found.
    Placeholder(Entity),
}

/// A redacted text as what was written and what stands for something else, in order.
#[must_use]
pub fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    let (mut from, mut at) = (0, 0);
    while let Some(open) = text[at..].find('<').map(|open| at + open) {
        at = open + 1;
        let Some((entity, end)) = placeholder_at(&text[open..]) else { continue };
        if from < open {
            found.push(Piece::Text(&text[from..open]));
        }
        found.push(Piece::Placeholder(entity));
        (from, at) = (open + end, open + end);
    }
    if from < text.len() {
        found.push(Piece::Text(&text[from..]));
    }
    found
}

/// The placeholder with which a text begins, and its length in bytes.
fn placeholder_at(text: &str) -> Option<(Entity, usize)> {
    const LONGEST: usize = 16;
    let body = text.strip_prefix('<')?;
    let len = body.bytes().take(LONGEST).position(|byte| byte == b'>')?;
    Some((Entity::parse(&body[..len])?, len + 2))
}

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;
