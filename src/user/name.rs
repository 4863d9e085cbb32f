//! [`UserName`]: what a user signs in with.

use std::fmt;

/// 1 to 64 letters, digits and `. - _ @`, in small letters: `Ann` and `ann` are the same user.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserName(String);

/// The text is no [`UserName`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a user name of 1 to {} letters, digits and . - _ @", UserName::MAX_CHARS)]
pub struct InvalidUserName;

impl UserName {
    /// Longest name, in characters.
    pub const MAX_CHARS: usize = 64;

    /// Checks a text; surrounding white space is removed, and capitals become small letters.
    ///
    /// # Errors
    /// [`InvalidUserName`].
    pub fn parse(text: &str) -> Result<Self, InvalidUserName> {
        let name = text.trim().to_lowercase();
        let is_short = (1..=Self::MAX_CHARS).contains(&name.chars().count());
        if is_short && name.chars().all(Self::may_have) {
            Ok(Self(name))
        } else {
            Err(InvalidUserName)
        }
    }

    /// Whether a name may have this character.
    pub(super) fn may_have(c: char) -> bool {
        c.is_alphanumeric() || ".-_@".contains(c)
    }

    /// The name with a number after it, where it is taken: `ann-2`.
    #[must_use]
    pub fn numbered(stem: &str, number: u32) -> Self {
        let number = format!("-{number}");
        let kept = Self::MAX_CHARS - number.len();
        let stem: String = stem.chars().take(kept).collect();
        Self(format!("{stem}{number}"))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for UserName {
    type Err = InvalidUserName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_without_regard_to_case() {
        assert_eq!(UserName::parse(" Анна.K@desk-1 ").unwrap().as_str(), "анна.k@desk-1");
    }

    #[test]
    fn texts_that_are_no_user_name_are_refused() {
        for text in ["", "  ", "a b", "<b>", "a/b", "a\nb", &"a".repeat(65)] {
            assert_eq!(UserName::parse(text), Err(InvalidUserName), "{text:?}");
        }
    }
}
