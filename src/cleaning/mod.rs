//! What a customer wrote, without what their mail program and their company put around it: [`clean`].
//!
//! Mail that is answered, signatures, markup and legal notices are cut before a text is classified, in training as in the
//! service. Nothing here does I/O or reads a clock. The rule where it is not sure: what may be the customer's own words stays.
//!
//! In order: characters that nobody sees; HTML to text (`html`, on `markup` and `entities`); quoted mail (`quotes`,
//! `attribution`); from the end upwards (`tail`) signatures (`signature`) and notices (`notice`). `mapped` leads every place back to the original.

mod attribution;
mod entities;
mod html;
mod lines;
mod mapped;
mod markup;
mod notice;
mod quotes;
mod signature;
mod tail;

use mapped::Mapped;
use serde::{Deserialize, Serialize};
pub(crate) use signature::SIGN_OFFS;
use std::ops::Range;

/// Passes over a text at most. What is left after a cut is looked at again, as a cut may bring together what was apart; a mail
/// needs two passes, and only a text that was built for it more than a few.
const MOST_PASSES: usize = 12;

/// What was cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum CutKind {
    /// Mail that was answered or passed on, with the line that says whose it is.
    Quote,
    /// Name, address and the like below a mail, or what a mail program puts there.
    Signature,
    /// Markup: the text was HTML. One entry stands for all of it.
    Html,
    /// A legal notice below a mail.
    Disclaimer,
}

/// A part of the original that was cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cut {
    /// What it is.
    pub kind: CutKind,
    /// Where it begins, in bytes of the original.
    pub start: usize,
    /// Where it ends, in bytes of the original.
    pub end: usize,
}

impl Cut {
    /// The part of the original that was cut; of markup nothing, as it stands among what was kept.
    #[must_use]
    pub fn text<'a>(&self, original: &'a str) -> Option<&'a str> {
        let part = original.get(self.start..self.end);
        part.filter(|_| self.kind != CutKind::Html)
    }
}

/// What is left of a text, and what was cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cleaned {
    /// What is left; the text itself where nothing was cut.
    pub text: String,
    /// What was cut, by where it began. Characters that nobody sees are cut without an entry.
    pub cut: Vec<Cut>,
}

impl Cleaned {
    /// Whether there is nothing to read in what is left.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        !self.text.chars().any(|c| !c.is_whitespace() && !is_unseen(c) && !is_joiner(c))
    }
}

/// Cuts what is not the writer's own words. Cleaning what is clean changes nothing, and a plain text stays as it is, to the
/// last byte. Takes time in proportion to the text's length.
#[must_use]
pub fn clean(text: &str) -> Cleaned {
    let mut state = State { text: Mapped::verbatim(text), cut: Vec::new() };
    for _ in 0..MOST_PASSES {
        if !state.pass() {
            break;
        }
    }
    state.cut.sort_by_key(|cut| (cut.start, cut.end));
    Cleaned { text: state.text.as_str().to_owned(), cut: state.cut }
}

struct State {
    text: Mapped,
    cut: Vec<Cut>,
}

impl State {
    /// Whether anything was changed.
    fn pass(&mut self) -> bool {
        let before = self.text.as_str().len();
        let mut seams = Vec::new();
        let unseen = unseen(self.text.as_str());
        if !unseen.is_empty() {
            self.text = self.text.without(&unseen);
        }
        let is_html = html::is_html(self.text.as_str());
        if is_html {
            let original = 0..self.text.origin(self.text.as_str().len());
            self.note(CutKind::Html, &original);
            let found = html::to_text(&self.text);
            for cut in &found.cut {
                self.note(cut.kind, &self.text.origin_of(&(cut.start..cut.end)));
            }
            (self.text, seams) = (found.text, found.seams);
        }
        let quotes = quotes::find(self.text.as_str(), &seams);
        self.remove(CutKind::Quote, &quotes);
        self.remove_tail();
        let has_changed = is_html || self.text.as_str().len() != before;
        if has_changed {
            let text = self.text.as_str();
            let start = text.len() - text.trim_start().len();
            self.text = self.text.part(start..text.trim_end().len().max(start));
        }
        has_changed
    }

    /// Signatures and notices at the end, one after the other.
    fn remove_tail(&mut self) {
        let whole = self.text.as_str().len();
        let mut end = whole;
        while let Some((kind, from)) = tail::find(&self.text.as_str()[..end]) {
            self.note(kind, &self.text.origin_of(&(from..end)));
            end = from;
        }
        if end < whole {
            self.text = self.text.part(0..end);
        }
    }

    fn remove(&mut self, kind: CutKind, parts: &[Range<usize>]) {
        if parts.is_empty() {
            return;
        }
        for part in parts {
            self.note(kind, &self.text.origin_of(part));
        }
        self.text = self.text.without(parts);
    }

    fn note(&mut self, kind: CutKind, original: &Range<usize>) {
        let cut = Cut { kind, start: original.start, end: original.end };
        let is_known = kind == CutKind::Html && self.cut.iter().any(|cut| cut.kind == kind);
        if !is_known {
            self.cut.push(cut);
        }
    }
}

/// Where characters stand that nobody sees and that mean nothing: fillers of newsletters, marks that track a mail.
fn unseen(text: &str) -> Vec<Range<usize>> {
    if text.is_ascii() {
        return Vec::new();
    }
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut before = None;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let after = chars.peek().map(|(_, c)| *c);
        // Joiners belong into words of some scripts and into emoji; beside white space and each other they are fillers.
        let joins = |other: Option<char>| {
            other.is_some_and(|c| !c.is_whitespace() && !is_unseen(c) && !is_joiner(c))
        };
        if is_unseen(c) || is_joiner(c) && !(joins(before) && joins(after)) {
            let end = at + c.len_utf8();
            match found.last_mut() {
                Some(last) if last.end == at => last.end = end,
                _ => found.push(at..end),
            }
        } else {
            before = Some(c);
        }
    }
    found
}

fn is_unseen(c: char) -> bool {
    matches!(
        c,
        '\u{200B}' | '\u{2060}'..='\u{2064}' | '\u{FEFF}' | '\u{AD}' | '\u{34F}' | '\u{180E}'
    )
}

fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200C}' | '\u{200D}')
}

#[cfg(test)]
mod tests;
