//! A text while it is searched: its characters, of which those that were found are masked.

use super::{Entity, Span, placeholder_at};
use std::ops::Range;

/// Stands for every character of what was found. It is no letter, no digit and no white space, so nothing reaches across it.
pub(super) const MASK: char = '\u{1}';

/// A text while it is searched. Places are numbers of characters.
pub(super) struct Draft {
    chars: Vec<char>,
    /// Where each character begins, in bytes; at last the end.
    at: Vec<usize>,
    found: Vec<(Entity, Range<usize>)>,
    /// Characters that were looked at, each as often as it was.
    #[cfg(test)]
    pub(super) looked: std::cell::Cell<usize>,
}

impl Draft {
    pub(super) fn new(text: &str) -> Self {
        let (mut at, mut chars): (Vec<usize>, Vec<char>) = text.char_indices().unzip();
        at.push(text.len());
        let mut index = 0;
        while index < chars.len() {
            // Placeholders are ASCII: as many characters as bytes.
            let len = match chars[index] {
                '<' => placeholder_at(&text[at[index]..]).map(|(_, len)| len),
                _ => None,
            };
            let end = index + len.unwrap_or(1);
            if len.is_some() {
                chars[index..end].fill(MASK);
            }
            index = end;
        }
        Self {
            chars,
            at,
            found: Vec::new(),
            #[cfg(test)]
            looked: std::cell::Cell::default(),
        }
    }

    /// Characters of the text.
    pub(super) fn len(&self) -> usize {
        self.chars.len()
    }

    #[cfg(test)]
    fn look(&self, count: usize) {
        self.looked.set(self.looked.get() + count);
    }

    #[cfg(not(test))]
    fn look(&self, _: usize) {}

    /// The character at a place; behind the end a line end.
    pub(super) fn char(&self, index: usize) -> char {
        self.look(1);
        self.chars.get(index).copied().unwrap_or('\n')
    }

    /// The character before a place; before the beginning a line end.
    pub(super) fn before(&self, index: usize) -> char {
        index.checked_sub(1).map_or('\n', |before| self.char(before))
    }

    pub(super) fn slice(&self, range: Range<usize>) -> &[char] {
        self.look(range.len());
        self.chars.get(range).unwrap_or_default()
    }

    pub(super) fn text(&self, range: Range<usize>) -> String {
        self.slice(range).iter().collect()
    }

    /// Where the run of characters of a kind ends that begins at a place, at most `most` further on.
    pub(super) fn run(&self, from: usize, most: usize, is_of: impl Fn(char) -> bool) -> usize {
        let end = self.len().min(from + most);
        let reached = (from..end).find(|index| !is_of(self.chars[*index])).unwrap_or(end.max(from));
        self.look(reached - from + 1);
        reached
    }

    /// Where the run of characters of a kind begins that ends before a place, at most `most` further back.
    pub(super) fn run_back(&self, to: usize, most: usize, is_of: impl Fn(char) -> bool) -> usize {
        let first = to.saturating_sub(most);
        let reached = (first..to)
            .rev()
            .find(|index| !is_of(self.chars[*index]))
            .map_or(first, |index| index + 1);
        self.look(to - reached + 1);
        reached
    }

    /// Notes what was found, and masks it.
    pub(super) fn take(&mut self, entity: Entity, range: Range<usize>) {
        self.chars[range.clone()].fill(MASK);
        self.found.push((entity, range));
    }

    /// How much was found.
    pub(super) fn count(&self) -> usize {
        self.found.len()
    }

    pub(super) fn into_spans(mut self) -> Vec<Span> {
        self.found.sort_by_key(|(_, range)| range.start);
        let span = |(entity, range): (Entity, Range<usize>)| Span {
            entity,
            start: self.at[range.start],
            end: self.at[range.end],
        };
        self.found.into_iter().map(span).collect()
    }
}
