//! The words of a text, and those before a place.

use super::draft::{Draft, MASK};
use std::collections::HashMap;
use std::ops::Range;

/// Longest word that is looked at, in characters.
const LONGEST: usize = 30;

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric()
}

fn joins(c: char) -> bool {
    matches!(c, '-' | '\'' | '’' | 'ʼ' | '‑')
}

/// The word that ends before a place, with at most a few characters between that are neither letter, digit nor line end.
pub(super) fn word_before(draft: &Draft, at: usize) -> Option<Range<usize>> {
    let between = |c: char| !is_of_word(c) && !matches!(c, '\n' | '!' | '?' | ';' | MASK);
    let end = draft.run_back(at, 4, between);
    let is_inner = |c: char| is_of_word(c) || joins(c);
    let start = draft.run_back(end, LONGEST, is_inner);
    let start = draft.run(start, end - start, joins);
    (start < end && is_of_word(draft.before(end))).then_some(start..end)
}

/// Whether a word is one of these, whatever its case; those that end in a star are beginnings.
pub(super) fn is_one_of(draft: &Draft, word: &Range<usize>, list: &[&str]) -> bool {
    let mut buffer = ['\0'; LONGEST];
    let chars = draft.slice(word.clone());
    if chars.len() > LONGEST {
        return false;
    }
    for (small, c) in buffer.iter_mut().zip(chars) {
        *small = lower(*c);
    }
    let small = &buffer[..chars.len()];
    list.iter().any(|one| {
        let (stem, is_stem) = one.strip_suffix('*').map_or((*one, false), |stem| (stem, true));
        let mut rest = small.iter();
        stem.chars().all(|c| rest.next() == Some(&c)) && (is_stem || rest.next().is_none())
    })
}

/// A character in small letters; the letters of our languages quickly.
pub(super) fn lower(c: char) -> char {
    match c {
        '\0'..='\u{7f}' => c.to_ascii_lowercase(),
        'а'..='я' => c,
        'А'..='Я' => char::from_u32(u32::from(c) + 32).unwrap_or(c),
        _ => c.to_lowercase().next().unwrap_or(c),
    }
}

/// The words of a text in order, each with the roles that lists of words give it.
pub(super) struct Words {
    /// Where they stand.
    pub(super) ranges: Vec<Range<usize>>,
    roles: Vec<u8>,
}

/// The roles of words, by the word in small letters.
pub(super) type Roles = HashMap<String, u8>;

/// Adds a role to the words of a list.
pub(super) fn give_role<'a>(roles: &mut Roles, list: impl IntoIterator<Item = &'a str>, role: u8) {
    for word in list {
        *roles.entry(word.to_owned()).or_default() |= role;
    }
}

impl Words {
    pub(super) fn of(draft: &Draft, roles: &Roles) -> Self {
        let mut words = Self { ranges: Vec::new(), roles: Vec::new() };
        let (mut at, mut small) = (0, String::new());
        while at < draft.len() {
            if !is_of_word(draft.char(at)) {
                at += 1;
                continue;
            }
            let start = at;
            while is_of_word(draft.char(at))
                || joins(draft.char(at)) && is_of_word(draft.char(at + 1))
            {
                at += 1;
            }
            let mut role = 0;
            if at - start <= LONGEST {
                small.clear();
                small.extend(draft.slice(start..at).iter().map(|c| lower(*c)));
                role = roles.get(small.as_str()).copied().unwrap_or(0);
            }
            words.ranges.push(start..at);
            words.roles.push(role);
        }
        words
    }

    /// Whether a word has a role.
    pub(super) fn has(&self, index: usize, role: u8) -> bool {
        self.roles.get(index).is_some_and(|roles| roles & role != 0)
    }
}

/// Whether a word begins with a capital letter.
pub(super) fn is_capitalised(draft: &Draft, word: &Range<usize>) -> bool {
    draft.char(word.start).is_uppercase()
}

/// Whether nothing but a few blanks stands between two words, on one line.
pub(super) fn are_beside(draft: &Draft, first: &Range<usize>, second: &Range<usize>) -> bool {
    let between = draft.slice(first.end..second.start);
    (1..=2).contains(&between.len()) && between.iter().all(|c| matches!(c, ' ' | '\u{a0}' | '\t'))
}
