//! Lexical features: which words and pieces of words a text has, weighed by TF-IDF, as a sparse vector.
//!
//! Term frequency is `1 + ln(count)`, inverse document frequency `ln((1 + n) / (1 + df)) + 1`; the words' block and the
//! pieces' block are each of length 1 (scikit-learn's `TfidfVectorizer(sublinear_tf=True)`, twice, side by side). They
//! need no encoder and no particular language, and are what a head falls back on where no encoder can be loaded.

pub mod terms;

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use terms::{Block, TermKey, for_each_term};

/// A map by term; keys are hashes already.
pub type TermMap<V> = HashMap<TermKey, V, BuildHasherDefault<KeyHasher>>;

/// Takes a [`TermKey`] as its own hash.
#[derive(Debug, Default)]
pub struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, key: u64) {
        self.0 = key;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// The terms that a head knows and what each weighs.
#[derive(Debug, Clone, PartialEq)]
pub struct LexicalFeatures {
    ids: TermMap<u32>,
    /// Inverse document frequency of each term.
    idf: Vec<f32>,
    /// How many of the terms, the first ones, are of the words' block.
    words: usize,
}

/// A text's lexical features: rising term numbers and the value of each.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SparseVector {
    /// Term and value, in rising order of the term.
    pub entries: Vec<(u32, f32)>,
    /// Words of the text, known or not.
    pub words_total: usize,
}

impl LexicalFeatures {
    /// Puts terms and their weights together: first those of the words' block, then the pieces.
    ///
    /// # Errors
    /// What does not fit: counts that differ, a weight that is not finite, a term that stands twice.
    pub fn new(words: &[&str], pieces: &[&str], idf: Vec<f32>) -> Result<Self, String> {
        let terms = words.len() + pieces.len();
        if idf.len() != terms {
            return Err(format!("{} weights for {terms} terms", idf.len()));
        }
        if idf.iter().any(|x| !x.is_finite()) {
            return Err("the terms' weights must be finite".to_owned());
        }
        let keys = words.iter().map(|term| TermKey::of(Block::Words, term));
        let keys = keys.chain(pieces.iter().map(|term| TermKey::of(Block::Pieces, term)));
        let mut ids = TermMap::with_capacity_and_hasher(terms, BuildHasherDefault::default());
        for (key, id) in keys.zip(0..) {
            if ids.insert(key, id).is_some() {
                return Err(format!("term {id} stands twice"));
            }
        }
        Ok(Self { ids, idf, words: words.len() })
    }

    /// Number of terms.
    #[must_use]
    pub fn terms(&self) -> usize {
        self.idf.len()
    }

    /// Inverse document frequency of each term.
    #[must_use]
    pub fn idf(&self) -> &[f32] {
        &self.idf
    }

    /// A text's features.
    #[must_use]
    pub fn vector(&self, text: &str) -> SparseVector {
        let mut found = Vec::new();
        let mut words_total = 0;
        for_each_term(text, |block, key, term| {
            words_total += usize::from(block == Block::Words && !term.contains(' '));
            found.extend(self.ids.get(&key));
        });
        found.sort_unstable();
        let counted = found.chunk_by(|a, b| a == b);
        let mut entries: Vec<(u32, f32)> = counted
            .map(|same| (same[0], (1.0 + count(same.len()).ln()) * self.idf[same[0] as usize]))
            .collect();
        let words = entries.partition_point(|(id, _)| (*id as usize) < self.words);
        let (of_words, of_pieces) = entries.split_at_mut(words);
        normalise(of_words);
        normalise(of_pieces);
        SparseVector { entries, words_total }
    }

    /// How much of a text's words is made of pieces that are known, 0 to 1; 0 where it has no pieces.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts of pieces fit into 53 bits")]
    pub fn share_of_known_pieces(&self, text: &str) -> f64 {
        let (mut known, mut total) = (0_usize, 0_usize);
        for_each_term(text, |block, key, _| {
            if block == Block::Pieces {
                total += 1;
                known += usize::from(self.ids.contains_key(&key));
            }
        });
        known as f64 / total.max(1) as f64
    }
}

/// Scales values to length 1.
fn normalise(entries: &mut [(u32, f32)]) {
    let length = entries.iter().map(|(_, value)| value * value).sum::<f32>().sqrt();
    if length > 0.0 {
        entries.iter_mut().for_each(|(_, value)| *value /= length);
    }
}

/// `ln((1 + n) / (1 + df)) + 1`: the inverse document frequency of a term that `df` of `n` texts have.
#[must_use]
#[expect(clippy::cast_possible_truncation, reason = "weights are kept in single precision")]
#[expect(clippy::cast_precision_loss, reason = "text counts fit into 53 bits")]
pub fn inverse_document_frequency(texts: usize, with_term: usize) -> f32 {
    (((1 + texts) as f64 / (1 + with_term) as f64).ln() + 1.0) as f32
}

#[expect(clippy::cast_precision_loss, reason = "a term does not occur 2^24 times")]
fn count(occurrences: usize) -> f32 {
    occurrences as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_block_has_length_one_and_unknown_terms_are_left_out() {
        let features =
            LexicalFeatures::new(&["card", "my card"], &["car", "ard"], vec![1.0, 2.0, 1.0, 1.0])
                .unwrap();
        let vector = features.vector("My card, my card: unknown");
        let values: Vec<f32> = vector.entries.iter().map(|(_, value)| *value).collect();
        let ids: Vec<u32> = vector.entries.iter().map(|(id, _)| *id).collect();
        assert_eq!(ids, [0, 1, 2, 3]);
        let expected = [1.0 / 5f32.sqrt(), 2.0 / 5f32.sqrt(), 0.5f32.sqrt(), 0.5f32.sqrt()];
        for (value, expected) in values.iter().zip(expected) {
            assert!((value - expected).abs() < 1e-6, "{values:?}");
        }
        assert_eq!(vector.words_total, 5);
        assert_eq!(features.vector("ничего").entries, []);
    }

    #[test]
    fn pieces_are_counted_as_often_as_they_occur_and_words_are_not() {
        let features = LexicalFeatures::new(&["at"], &["cat", " ca"], vec![1.0, 1.0, 1.0]).unwrap();
        // " cat ": three of three letters, two of four, one of five.
        assert!((features.share_of_known_pieces("Cat") - 2.0 / 6.0).abs() < 1e-12);
        assert!((features.share_of_known_pieces("cat cat") - 2.0 / 6.0).abs() < 1e-12);
        assert!(features.share_of_known_pieces("?").abs() < 1e-12);
    }

    #[test]
    fn a_term_that_stands_twice_is_refused() {
        let twice = LexicalFeatures::new(&["a", "a"], &[], vec![1.0, 1.0]);
        assert!(twice.unwrap_err().contains("twice"));
    }
}
