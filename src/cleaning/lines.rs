//! The lines of a text, and what is asked of several of them.

use std::ops::Range;

/// A line.
#[derive(Debug, Clone)]
pub(super) struct Line<'a> {
    /// Where it stands, its line end included.
    pub(super) range: Range<usize>,
    /// Its text without white space around it.
    pub(super) text: &'a str,
}

impl Line<'_> {
    /// Whether nothing stands in it.
    pub(super) fn is_blank(&self) -> bool {
        self.text.is_empty()
    }
}

/// All lines of a text.
pub(super) fn lines(text: &str) -> Vec<Line<'_>> {
    let mut start = 0;
    let mut found = Vec::new();
    for part in text.split_inclusive('\n') {
        found.push(Line { range: start..start + part.len(), text: part.trim() });
        start += part.len();
    }
    found
}

/// Whether a text begins with one of these.
pub(super) fn starts_with_any(text: &str, beginnings: &[&str]) -> bool {
    beginnings.iter().any(|beginning| text.starts_with(beginning))
}

/// Whether one of these stands in a text.
pub(super) fn contains_any(text: &str, parts: &[&str]) -> bool {
    parts.iter().any(|part| text.contains(part))
}

/// The words of a text in small letters: runs of letters, digits and apostrophes.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '\'' | '’')))
        .filter(|word| !word.is_empty())
}
