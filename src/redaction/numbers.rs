//! Groups of digits, and how they hang together: what cards, documents and telephone numbers are told apart by.

use super::Entity;
use super::draft::Draft;
use super::words::{is_one_of, word_before};
use super::{bank, documents, phones};
use std::ops::Range;

/// Most groups that one number has.
const MOST_GROUPS: usize = 8;
/// Most digits that are looked at of one number; a longer run of digits is none of ours.
const MOST_DIGITS: usize = 19;

/// Digits beside each other.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub(super) range: Range<usize>,
    /// What stands between this group and the one before; empty where they do not hang together.
    pub(super) gap: Range<usize>,
}

impl Group {
    pub(super) fn len(&self) -> usize {
        self.range.len()
    }
}

/// Some groups that may be one number: those from one on.
pub(super) struct Number<'a> {
    draft: &'a Draft,
    groups: &'a [Group],
}

/// What stands between groups of one number.
fn is_separator(c: char) -> bool {
    is_blank(c) || is_dash(c) || matches!(c, '.' | '(' | ')' | '/')
}

pub(super) fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\u{a0}' | '\u{2007}' | '\u{2009}' | '\u{202f}')
}

pub(super) fn is_dash(c: char) -> bool {
    matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

/// Finds cards, documents and telephone numbers, the more certain ones first.
pub(super) fn find(draft: &mut Draft) {
    for finder in [bank::card, documents::document, phones::phone, address_of_protocol] {
        let groups = groups(draft);
        let mut at = 0;
        while at < groups.len() {
            let found = finder(draft, &groups, at);
            at = match found {
                Some((entity, range, last)) => {
                    draft.take(entity, range);
                    last + 1
                }
                None => at + 1,
            };
        }
    }
}

/// What a finder found at a group: what it is, where it stands, and its last group.
pub(super) type Found = Option<(Entity, Range<usize>, usize)>;

pub(super) fn groups(draft: &Draft) -> Vec<Group> {
    let mut found: Vec<Group> = Vec::new();
    let mut at = 0;
    while at < draft.len() {
        if !draft.char(at).is_ascii_digit() {
            at += 1;
            continue;
        }
        let end = draft.run(at, draft.len(), |c| c.is_ascii_digit());
        let before = found.last().map_or(at, |group| group.range.end);
        let between = draft.slice(before..at);
        let hangs = (1..=3).contains(&between.len()) && between.iter().all(|c| is_separator(*c));
        found.push(Group { range: at..end, gap: if hangs { before..at } else { at..at } });
        at = end;
    }
    found
}

impl<'a> Number<'a> {
    /// The groups from one on that hang together, as far as one number can go.
    pub(super) fn from(draft: &'a Draft, groups: &'a [Group], first: usize) -> Self {
        let mut digits = 0;
        let count = groups[first..]
            .iter()
            .take(MOST_GROUPS)
            .enumerate()
            .take_while(|(index, group)| {
                digits += group.len();
                *index == 0 || digits <= MOST_DIGITS && !group.gap.is_empty()
            })
            .count();
        Self { draft, groups: &groups[first..first + count] }
    }

    /// The text that they stand in.
    pub(super) fn draft(&self) -> &'a Draft {
        self.draft
    }

    /// How many groups there are.
    pub(super) fn count(&self) -> usize {
        self.groups.len()
    }

    /// The lengths of the first groups.
    pub(super) fn lens(&self, count: usize) -> Vec<usize> {
        self.groups[..count].iter().map(Group::len).collect()
    }

    /// The digits of the first groups.
    pub(super) fn digits(&self, count: usize) -> Vec<u32> {
        let groups = self.groups[..count].iter();
        groups
            .flat_map(|group| self.draft.slice(group.range.clone()))
            .filter_map(|c| c.to_digit(10))
            .collect()
    }

    /// Where the first groups stand.
    pub(super) fn range(&self, count: usize) -> Range<usize> {
        self.groups[0].range.start..self.groups[count - 1].range.end
    }

    /// What stands before each of the first groups but the first.
    pub(super) fn gaps(&self, count: usize) -> impl Iterator<Item = &'a [char]> {
        let draft = self.draft;
        self.groups[..count].iter().skip(1).map(move |group| draft.slice(group.gap.clone()))
    }

    /// Whether all gaps consist of one character of a kind.
    pub(super) fn is_split_by(&self, count: usize, is_of: impl Fn(char) -> bool) -> bool {
        self.gaps(count).all(|gap| matches!(gap, [c] if is_of(*c)))
    }

    /// Whether the first groups stand for themselves: neither letters nor further digits hang on them.
    pub(super) fn stands_alone(&self, count: usize) -> bool {
        let range = self.range(count);
        !hangs_on_left(self.draft, range.start) && !hangs_on_right(self.draft, range.end)
    }

    /// The words right before, passing over those that only lead on; whether one is of the list.
    pub(super) fn follows(&self, list: &[&str], between: &[&str]) -> bool {
        follows(self.draft, self.groups[0].range.start, list, between)
    }
}

/// Whether one of a list stands before a place, with nothing but some words between that only lead on.
pub(super) fn follows(draft: &Draft, at: usize, list: &[&str], between: &[&str]) -> bool {
    let mut place = at;
    for _ in 0..5 {
        let Some(word) = word_before(draft, place) else { return false };
        if is_one_of(draft, &word, list) {
            return true;
        }
        if !is_one_of(draft, &word, between) {
            return false;
        }
        place = word.start;
    }
    false
}

/// Whether letters or digits stand before a place, at once or behind a character that joins.
pub(super) fn hangs_on_left(draft: &Draft, start: usize) -> bool {
    let before = draft.before(start);
    let joins = is_dash(before) || matches!(before, '.' | '/' | '_' | ',' | ':');
    before.is_alphanumeric()
        || before == '_'
        || joins && start > 1 && draft.before(start - 1).is_ascii_alphanumeric()
}

/// Whether letters or digits stand behind a place, at once or behind a character that joins.
pub(super) fn hangs_on_right(draft: &Draft, end: usize) -> bool {
    let after = draft.char(end);
    let joins = is_dash(after) || matches!(after, '.' | '/' | '_' | ',' | ':');
    after.is_alphanumeric() || after == '_' || joins && draft.char(end + 1).is_ascii_digit()
}

/// An address of the internet protocol, version 4.
fn address_of_protocol(draft: &Draft, groups: &[Group], first: usize) -> Found {
    const VERSIONS: &[&str] = &[
        "version",
        "ver",
        "v",
        "версия*",
        "версии",
        "версию",
        "версія*",
        "версіі",
        "build",
        "firmware",
        "прошивк*",
    ];
    let number = Number::from(draft, groups, first);
    if number.count() < 4 || !number.is_split_by(4, |c| c == '.') || !number.stands_alone(4) {
        return None;
    }
    let is_octet = |group: &Group| {
        let value = draft.slice(group.range.clone()).iter().filter_map(|c| c.to_digit(10));
        group.len() <= 3 && value.fold(0, |sum, digit| sum * 10 + digit) < 256
    };
    let is_address = number.groups[..4].iter().all(is_octet) && !number.follows(VERSIONS, &[]);
    is_address.then(|| (Entity::IpAddress, number.range(4), first + 3))
}
