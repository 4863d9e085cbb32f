//! [`Mapped`]: a text that was made from another one, with the way back for every place in it.

use std::ops::Range;

/// A text and, for every place in it, where it stood in the original.
#[derive(Debug, Clone)]
pub(super) struct Mapped {
    text: String,
    /// Runs in rising order of `at`; from each on both texts go on alike until the next one.
    runs: Vec<Run>,
    original_len: usize,
}

#[derive(Debug, Clone, Copy)]
struct Run {
    at: usize,
    from: usize,
}

impl Mapped {
    /// The original itself.
    pub(super) fn verbatim(text: &str) -> Self {
        let mut mapped = Self::empty(text.len());
        mapped.push(text, 0);
        mapped
    }

    /// Nothing yet of an original of this many bytes.
    pub(super) fn empty(original_len: usize) -> Self {
        Self { text: String::new(), runs: Vec::new(), original_len }
    }

    /// Adds a piece whose first byte comes from this place of the original.
    pub(super) fn push(&mut self, piece: &str, from: usize) {
        let at = self.text.len();
        let goes_on = self.runs.last().is_some_and(|run| run.from + (at - run.at) == from);
        if !goes_on {
            self.runs.push(Run { at, from });
        }
        self.text.push_str(piece);
    }

    /// The text as it is now.
    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// Where a place of the text stood in the original.
    pub(super) fn origin(&self, at: usize) -> usize {
        if at >= self.text.len() {
            return self.original_len;
        }
        let after = self.runs.partition_point(|run| run.at <= at);
        let run = after.checked_sub(1).map(|index| self.runs[index]);
        run.map_or(at, |run| (run.from + (at - run.at)).min(self.original_len))
    }

    /// The part of the original from which a part of the text comes.
    pub(super) fn origin_of(&self, part: &Range<usize>) -> Range<usize> {
        let start = self.origin(part.start);
        start..self.origin(part.end).max(start)
    }

    /// The text with these bytes replaced by as many others.
    pub(super) fn with_text(self, text: String) -> Self {
        debug_assert_eq!(text.len(), self.text.len(), "places would shift");
        Self { text, ..self }
    }

    /// Only these parts of the text, which are given in order and do not overlap.
    pub(super) fn keep(&self, parts: &[Range<usize>]) -> Self {
        let mut kept = Self::empty(self.original_len);
        let mut next = 0;
        for part in parts.iter().filter(|part| !part.is_empty()) {
            let mut at = part.start;
            while self.runs.get(next).is_some_and(|run| run.at <= at) {
                next += 1;
            }
            while at < part.end {
                let end = self.runs.get(next).map_or(part.end, |run| run.at.min(part.end));
                kept.push(&self.text[at..end], self.origin(at));
                at = end;
                if self.runs.get(next).is_some_and(|run| run.at <= at) {
                    next += 1;
                }
            }
        }
        kept
    }

    /// Only this part of the text.
    pub(super) fn part(&self, part: Range<usize>) -> Self {
        self.keep(std::slice::from_ref(&part))
    }

    /// All but these parts of the text, which are given in order and do not overlap.
    pub(super) fn without(&self, parts: &[Range<usize>]) -> Self {
        let mut kept = Vec::with_capacity(parts.len() + 1);
        let mut at = 0;
        for part in parts {
            kept.push(at..part.start.max(at));
            at = at.max(part.end);
        }
        kept.push(at..self.text.len());
        self.keep(&kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_is_led_back_through_two_cuts() {
        let text = Mapped::verbatim("0123456789");
        let once = text.without(&[2..4, 7..8]);
        assert_eq!(once.as_str(), "0145689");
        assert_eq!((once.origin(0), once.origin(2), once.origin(5)), (0, 4, 8));
        let twice = once.without(&[1..2, 2..3]);
        assert_eq!(twice.as_str(), "05689");
        assert_eq!((twice.origin(1), twice.origin(3), twice.origin(9)), (5, 8, 10));
    }
}
