//! [`Identity`]: one of the names under which a customer is known, in the one form in which it is compared.
//!
//! An identity is never stored: the store keeps a keyed hash of its kind and its normal form. So two spellings of one
//! address must have one normal form here, or one customer would be two.

use crate::ticket::{CustomerId, Name};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What an identity is.
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
pub enum IdentityKind {
    /// The helpdesk's own identifier, the `customer_id` of tickets and contacts.
    Customer,
    /// An e-mail address.
    Email,
    /// A telephone number.
    Phone,
    /// An identifier of another system, such as a messenger or a shop.
    External,
}

/// A name under which a customer is known, in its normal form.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity {
    kind: IdentityKind,
    value: String,
}

/// Why a text is no [`Identity`]. It does not repeat the text, which is personal data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidIdentity {
    /// Not `name@host`.
    #[error("expected an e-mail address: one @ with text on both sides, no white space, at most {max} characters", max = Identity::MAX_CHARS)]
    Email,
    /// Other than digits and the signs between them, or digits that cannot be placed in a country.
    #[error(
        "expected a telephone number with its country code, such as +375 29 123-45-67: 8 to 15 digits after + or 00, \
         11 to 15 digits without, or 11 digits of a Russian number that begins with 8 or a Belarusian one that begins with 80"
    )]
    Phone,
    /// Empty, too long or with control characters.
    #[error("expected 1 to {max} characters without control characters", max = Name::MAX_CHARS)]
    Name,
}

impl IdentityKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Customer, Self::Email, Self::Phone, Self::External];

    /// The word in requests and the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::External => "external",
        }
    }
}

impl Identity {
    /// Longest e-mail address, in characters (RFC 5321, section 4.5.3.1.3, without the angle brackets).
    pub const MAX_CHARS: usize = 254;

    /// Reads an identity and brings it into its normal form.
    ///
    /// * `email`: white space around it removed, lower case. Nothing else: dots and `+tags` make another address.
    /// * `phone`: `+` and the digits with the country code. Spaces, brackets, dots, hyphens and slashes between digits go, `00` at
    ///   the beginning is `+`. Eleven digits that begin with 8 are a Russian number as dialled at home, `8 916 123-45-67` is
    ///   `+7 916 123-45-67`; with 80 at the beginning a Belarusian one, `8 029 123-45-67` is `+375 29 123-45-67`.
    /// * `customer` and `external`: white space around it removed.
    ///
    /// # Errors
    /// [`InvalidIdentity`] with what was expected.
    pub fn parse(kind: IdentityKind, text: &str) -> Result<Self, InvalidIdentity> {
        let value = match kind {
            IdentityKind::Email => normal_email(text).ok_or(InvalidIdentity::Email)?,
            IdentityKind::Phone => normal_phone(text).ok_or(InvalidIdentity::Phone)?,
            IdentityKind::Customer | IdentityKind::External => {
                Name::parse(text).map_err(|_| InvalidIdentity::Name)?.into()
            }
        };
        Ok(Self { kind, value })
    }

    /// What it is.
    #[must_use]
    pub fn kind(&self) -> IdentityKind {
        self.kind
    }

    /// The normal form.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }
}

impl From<CustomerId> for Identity {
    fn from(id: CustomerId) -> Self {
        Self { kind: IdentityKind::Customer, value: id.into() }
    }
}

/// Only the kind is shown: an identity must not reach a log.
impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({}, …)", self.kind.as_str())
    }
}

fn normal_email(text: &str) -> Option<String> {
    let email = text.trim().to_lowercase();
    let (name, host) = email.split_once('@')?;
    let is_plain = !email.chars().any(|c| c.is_whitespace() || c.is_control());
    let is_address = !name.is_empty() && !host.is_empty() && !host.contains('@');
    (is_plain && is_address && email.chars().count() <= Identity::MAX_CHARS).then_some(email)
}

fn normal_phone(text: &str) -> Option<String> {
    let text = text.trim();
    let is_sign = |c: char| c.is_whitespace() || "()-./\u{2010}\u{2011}\u{2013}".contains(c);
    let (is_international, rest) = match text.strip_prefix('+') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    if !rest.chars().all(|c| c.is_ascii_digit() || is_sign(c)) {
        return None;
    }
    let digits: String = rest.chars().filter(char::is_ascii_digit).collect();
    let (is_international, digits) = match digits.strip_prefix("00") {
        Some(rest) if !is_international => (true, rest.to_owned()),
        _ => (is_international, digits),
    };
    if is_international {
        let is_number = (8..=15).contains(&digits.len()) && !digits.starts_with('0');
        return is_number.then(|| format!("+{digits}"));
    }
    match digits.len() {
        11 if digits.starts_with("80") => Some(format!("+375{}", &digits[2..])),
        11 if digits.starts_with('8') => Some(format!("+7{}", &digits[1..])),
        11..=15 if !digits.starts_with('0') => Some(format!("+{digits}")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn normal(kind: IdentityKind, text: &str) -> Option<String> {
        Identity::parse(kind, text).ok().map(|identity| identity.value().to_owned())
    }

    #[test]
    fn spellings_of_one_address_are_one_identity() {
        for text in ["ivan.petrov@example.org", "  Ivan.Petrov@Example.ORG\n"] {
            assert_eq!(
                normal(IdentityKind::Email, text).as_deref(),
                Some("ivan.petrov@example.org")
            );
        }
        assert_eq!(
            normal(IdentityKind::Email, "ПОЧТА@пример.рф").as_deref(),
            Some("почта@пример.рф")
        );
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let long = format!("{}@example.org", "x".repeat(254));
        for text in ["", "ivan", "@example.org", "ivan@", "a@b@c", "a b@c", "a\u{0}@c", &long] {
            assert_eq!(normal(IdentityKind::Email, text), None, "{text:?}");
        }
    }

    #[test]
    fn spellings_of_one_number_are_one_identity() {
        for (text, expected) in [
            ("+7 916 123-45-67", "+79161234567"),
            ("8 (916) 123-45-67", "+79161234567"),
            ("89161234567", "+79161234567"),
            ("79161234567", "+79161234567"),
            ("007.916.123.45.67", "+79161234567"),
            ("+375 (29) 123-45-67", "+375291234567"),
            ("8 029 123-45-67", "+375291234567"),
            ("375291234567", "+375291234567"),
            ("+44 20 7946 0958", "+442079460958"),
        ] {
            assert_eq!(normal(IdentityKind::Phone, text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_placed_in_a_country_is_refused() {
        for text in [
            "",
            "112",
            "123-45-67",
            "9161234567",
            "+7 916 ext. 3",
            "+",
            "+0123456789",
            "++79161234567",
            "1234567890123456",
        ] {
            assert_eq!(normal(IdentityKind::Phone, text), None, "{text:?}");
        }
    }

    #[test]
    fn an_identity_is_never_printed() {
        let email = Identity::parse(IdentityKind::Email, "ivan@example.org").unwrap();
        assert_eq!(format!("{email:?}"), "Identity(email, …)");
        let error = Identity::parse(IdentityKind::Phone, "secret").unwrap_err();
        assert!(!error.to_string().contains("secret"));
    }

    proptest! {
        #[test]
        fn a_normal_form_is_its_own_normal_form(text in "\\PC{0,30}", digits in "[0-9 ()+-]{0,20}") {
            for kind in [IdentityKind::Customer, IdentityKind::Email, IdentityKind::Phone, IdentityKind::External] {
                for text in [&text, &digits] {
                    if let Some(value) = normal(kind, text) {
                        prop_assert_eq!(normal(kind, &value), Some(value.clone()), "{:?}", kind);
                    }
                }
            }
        }
    }
}
