//! Texts that are nearly the same: candidates by `MinHash` in bands, then the true share of common shingles.
//!
//! A text is the set of its pieces of five characters. Broder 1997, "On the resemblance and containment of documents";
//! bands as in Leskovec, Rajaraman, Ullman, *Mining of Massive Datasets*, section 3.4: with 16 bands of 4 a pair of
//! similarity 0.8 is missed once in four thousand times.

use super::rows::RowRef;
use crate::progress;
use serde::Serialize;

/// Characters of a shingle.
const SHINGLE: usize = 5;
const BANDS: usize = 16;
const ROWS_PER_BAND: usize = 4;
/// Texts of one bucket that are all held against each other; in a larger one each is held against the next ones.
const BUCKET: usize = 50;

/// Two texts that are nearly the same.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NearPair {
    /// One row.
    pub first: RowRef,
    /// The other one.
    pub second: RowRef,
    /// Common shingles over all shingles of both, 0 to 1.
    pub similarity: f64,
    /// Whether both have the same label.
    pub same_label: bool,
}

/// Pairs of positions, below `count`, whose texts have at least `least` of their shingles in common, the most alike first.
/// `text` gives each text, in small letters with single blanks; no two are the same. Only signatures are held.
#[must_use]
pub fn pairs(count: usize, text: impl Fn(usize) -> String, least: f64) -> Vec<(usize, usize, f64)> {
    let bar = progress::bar(count as u64, "looking for near texts");
    let mut keys: Vec<[u64; BANDS]> = Vec::with_capacity(count);
    for at in 0..count {
        keys.push(bands(&shingles(&text(at))));
        bar.inc(1);
    }
    bar.finish_and_clear();
    let candidates = candidates(&keys);
    drop(keys);
    let bar = progress::bar(candidates.len() as u64, "comparing near texts");
    let mut found = Vec::new();
    // All pairs of a first text stand together.
    for pairs in candidates.chunk_by(|a, b| a.0 == b.0) {
        let first = pairs[0].0;
        let own = shingles(&text(first));
        for (_, second) in pairs {
            let similarity = jaccard(&own, &shingles(&text(*second)));
            if similarity >= least {
                found.push((first, *second, similarity));
            }
        }
        bar.inc(pairs.len() as u64);
    }
    bar.finish_and_clear();
    found.sort_by(|a, b| b.2.total_cmp(&a.2).then((a.0, a.1).cmp(&(b.0, b.1))));
    found
}

/// Pairs of texts that share the key of a band, in rising order.
fn candidates(keys: &[[u64; BANDS]]) -> Vec<(usize, usize)> {
    let mut pairs: Vec<(usize, usize)> = Vec::new();
    for band in 0..BANDS {
        let mut order: Vec<(u64, usize)> = (0..keys.len()).map(|at| (keys[at][band], at)).collect();
        order.sort_unstable();
        for bucket in order.chunk_by(|a, b| a.0 == b.0) {
            for (place, (_, first)) in bucket.iter().enumerate() {
                let next = bucket[place + 1..].iter().take(BUCKET);
                pairs.extend(next.map(|(_, second)| (*first, *second)));
            }
        }
        pairs.sort_unstable();
        pairs.dedup();
    }
    pairs
}

/// The hashes of a text's shingles, in rising order, each once. A shorter text is one shingle.
fn shingles(text: &str) -> Vec<u64> {
    let starts: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let mut hashes: Vec<u64> = if starts.len() <= SHINGLE {
        vec![hash(text.as_bytes())]
    } else {
        starts.windows(SHINGLE + 1).map(|w| hash(&text.as_bytes()[w[0]..w[SHINGLE]])).collect()
    };
    hashes.sort_unstable();
    hashes.dedup();
    hashes
}

fn bands(set: &[u64]) -> [u64; BANDS] {
    let mut keys = [0; BANDS];
    for (band, key) in keys.iter_mut().enumerate() {
        for row in 0..ROWS_PER_BAND {
            let salt = (band * ROWS_PER_BAND + row + 1) as u64;
            let least = set.iter().map(|hash| mix(hash ^ mix(salt))).min().unwrap_or(0);
            *key = mix(*key ^ least);
        }
    }
    keys
}

/// FNV-1a.
fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3)
    })
}

/// The last mixing of `SplitMix64`.
fn mix(mut z: u64) -> u64 {
    z = z.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[expect(clippy::cast_precision_loss, reason = "numbers of shingles fit into 53 bits")]
fn jaccard(a: &[u64], b: &[u64]) -> f64 {
    let (mut at_a, mut at_b, mut common) = (0, 0, 0_usize);
    while at_a < a.len() && at_b < b.len() {
        match a[at_a].cmp(&b[at_b]) {
            std::cmp::Ordering::Less => at_a += 1,
            std::cmp::Ordering::Greater => at_b += 1,
            std::cmp::Ordering::Equal => {
                common += 1;
                at_a += 1;
                at_b += 1;
            }
        }
    }
    common as f64 / (a.len() + b.len() - common).max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_with_another_number_is_near_and_another_text_is_not() {
        let texts = [
            "my new card with number 4711 has not arrived yet, where is it",
            "my new card with number 4712 has not arrived yet, where is it",
            "почему с меня дважды списали деньги за одну покупку",
            "почему с меня дважды списали деньги за ту же покупку",
            "what is the exchange rate today",
        ];
        let text = |at: usize| texts[at].to_owned();
        let found: Vec<(usize, usize)> =
            pairs(texts.len(), text, 0.6).into_iter().map(|(a, b, _)| (a, b)).collect();
        assert_eq!(found, [(0, 1), (2, 3)]);
        assert!(pairs(texts.len(), text, 0.99).is_empty());
    }

    #[test]
    fn similarity_is_the_share_of_common_shingles() {
        // abcde bcdef against abcde bcdeg: one of three.
        assert!((jaccard(&shingles("abcdef"), &shingles("abcdeg")) - 1.0 / 3.0).abs() < 1e-12);
        assert!((jaccard(&shingles("abc"), &shingles("abc")) - 1.0).abs() < 1e-12);
    }
}
