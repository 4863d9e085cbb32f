//! A text's terms: the words and the pieces of words that lexical features count.
//!
//! Two blocks, as scikit-learn's `TfidfVectorizer` cuts them: one- and two-word phrases (`\b\w+\b`), and pieces of three
//! to five characters inside a word padded with a blank on both sides (`char_wb`). Words tell the subject; pieces carry
//! over endings, compounds and slips of the pen, which decides in languages that inflect. Capitals are made small, and
//! `ё` is read as `е`, since people write either.

use std::hash::Hasher;

/// Fewest and most characters of a piece.
const PIECE: std::ops::RangeInclusive<usize> = 3..=5;

/// The two kinds of terms; each is weighed and normalised by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Block {
    /// One word, or two that follow each other.
    Words,
    /// Pieces of words.
    Pieces,
}

/// A term's identity: a 64-bit hash of its block and its characters, the same on every machine and in every version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TermKey(pub u64);

impl TermKey {
    /// The key of a term as it stands in a model's list of terms.
    #[must_use]
    pub fn of(block: Block, term: &str) -> Self {
        let mut hash = Fnv::begin(block);
        hash.write(term.as_bytes());
        Self(hash.finish())
    }
}

/// FNV-1a (Fowler, Noll, Vo), 64 bits, with a last mixing so that maps keyed by it may use it as it is.
struct Fnv(u64);

impl Fnv {
    fn begin(block: Block) -> Self {
        let mut hash = Self(0xCBF2_9CE4_8422_2325);
        hash.write_u8(match block {
            Block::Words => 1,
            Block::Pieces => 2,
        });
        hash
    }
}

impl Hasher for Fnv {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3);
        }
    }

    fn finish(&self) -> u64 {
        let mixed = (self.0 ^ (self.0 >> 32)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        mixed ^ (mixed >> 29)
    }
}

/// Calls `take` with the block, the key and the characters of every term of a text, as often as it occurs.
pub fn for_each_term(text: &str, mut take: impl FnMut(Block, TermKey, &str)) {
    let text = folded(text);
    for_each_phrase(&text, |term| take(Block::Words, TermKey::of(Block::Words, term), term));
    for_each_piece(&text, |term| take(Block::Pieces, TermKey::of(Block::Pieces, term), term));
}

/// Small letters, `ё` as `е`.
fn folded(text: &str) -> String {
    let mut folded = text.to_lowercase();
    if folded.contains('ё') {
        folded = folded.replace('ё', "е");
    }
    folded
}

/// Every word and every two words in a row, with one blank between them.
fn for_each_phrase(text: &str, mut take: impl FnMut(&str)) {
    let mut phrase = String::new();
    let mut before = "";
    let words = text.split(|c: char| !(c.is_alphanumeric() || c == '_'));
    for word in words.filter(|word| !word.is_empty()) {
        take(word);
        if !before.is_empty() {
            phrase.clear();
            phrase.push_str(before);
            phrase.push(' ');
            phrase.push_str(word);
            take(&phrase);
        }
        before = word;
    }
}

/// Every piece of three to five characters of every word between white space, with its blanks; a word that is shorter
/// than a piece counts once.
fn for_each_piece(text: &str, mut take: impl FnMut(&str)) {
    let mut padded = String::new();
    let mut starts = Vec::new();
    for word in text.split_whitespace() {
        padded.clear();
        padded.push(' ');
        padded.push_str(word);
        padded.push(' ');
        starts.clear();
        starts.extend(padded.char_indices().map(|(at, _)| at));
        starts.push(padded.len());
        let characters = starts.len() - 1;
        for length in PIECE {
            if characters <= length {
                take(&padded);
                break;
            }
            for piece in starts.windows(length + 1) {
                take(&padded[piece[0]..piece[length]]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn phrases(text: &str) -> Vec<String> {
        let mut found = Vec::new();
        for_each_phrase(&folded(text), |term| found.push(term.to_owned()));
        found
    }

    fn pieces(text: &str) -> Vec<String> {
        let mut found = Vec::new();
        for_each_piece(&folded(text), |term| found.push(term.to_owned()));
        found
    }

    #[test]
    fn phrases_are_words_and_pairs_of_words_in_small_letters() {
        assert_eq!(phrases("Моя карта, ещё!"), ["моя", "карта", "моя карта", "еще", "карта еще"]);
        assert_eq!(phrases("e-mail_1"), ["e", "mail_1", "e mail_1"]);
    }

    /// scikit-learn 1.9.1: `TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5)).build_analyzer()("a pin code")`.
    #[test]
    fn pieces_are_those_of_scikit_learn() {
        let of_pin = [" pi", "pin", "in ", " pin", "pin ", " pin "];
        let of_code = [" co", "cod", "ode", "de ", " cod", "code", "ode ", " code", "code "];
        let expected: Vec<&str> = [" a "].into_iter().chain(of_pin).chain(of_code).collect();
        assert_eq!(pieces("a pin code"), expected);
    }

    #[test]
    fn the_same_characters_are_another_term_in_the_other_block() {
        assert_ne!(TermKey::of(Block::Words, "pin"), TermKey::of(Block::Pieces, "pin"));
    }

    proptest! {
        #[test]
        fn any_text_is_cut_without_a_panic(text in any::<String>()) {
            for_each_term(&text, |_, _, term| assert!(!term.is_empty()));
        }
    }
}
