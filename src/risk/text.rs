//! Free text as a few numbers, for any language: hashed n-grams, weighed by rarity, projected.
//!
//! A text is lower-cased by Unicode's rules and cut into runs of letters and digits. Single words, pairs of words, and
//! pieces of 3 to 5 characters of each word with its borders are hashed into a fixed number of buckets, half of them
//! with a negative sign so that collisions cancel on average (Weinberger et al. 2009, "Feature hashing for large scale
//! multitask learning"). A bucket weighs `(1 + ln count) · idf`, the vector has length 1, and its projection onto the
//! principal components learnt in training is what the model sees. The text itself is not kept.

use serde::{Deserialize, Serialize};

/// Characters of a text that are looked at; what follows is cut off.
pub const MAX_CHARS: usize = 20_000;
/// Least and greatest number of buckets, as powers of two.
pub const BUCKET_BITS: std::ops::RangeInclusive<u32> = 6..=16;

/// How a column of text becomes numbers, as learnt in training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "StoredProjection", into = "StoredProjection")]
pub struct TextProjection {
    buckets: usize,
    /// Weight of each bucket: `ln((1+n)/(1+df)) + 1` over the training texts.
    idf: Vec<f32>,
    /// One row of `buckets` numbers per component.
    components: Vec<Vec<f32>>,
}

/// The form in a model file: 16 bits per number in hexadecimal, each row with its own step.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredProjection {
    bits: u32,
    idf: StoredRow,
    components: Vec<StoredRow>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredRow {
    step: f32,
    values: String,
}

impl TextProjection {
    /// A projection from weights and components that were learnt; they are rounded to what a model file holds, so that
    /// training and serving compute with the same numbers.
    ///
    /// # Errors
    /// When the lengths do not fit together or a number is not finite.
    pub fn new(bits: u32, idf: &[f32], components: &[Vec<f32>]) -> Result<Self, String> {
        let components = components.iter().map(|row| StoredRow::pack(row)).collect();
        StoredProjection { bits, idf: StoredRow::pack(idf), components }.try_into()
    }

    /// Number of components.
    #[must_use]
    pub fn width(&self) -> usize {
        self.components.len()
    }

    /// The text's components.
    #[must_use]
    pub fn project(&self, text: &str) -> Vec<f64> {
        let vector = weighted(bucket_counts(text, self.buckets), &self.idf);
        let component = |row: &Vec<f32>| {
            vector.iter().map(|(bucket, value)| value * f64::from(row[*bucket])).sum()
        };
        self.components.iter().map(component).collect()
    }
}

/// Signed counts of a text's n-grams: bucket and count, without the buckets that are zero, in order.
#[must_use]
pub fn bucket_counts(text: &str, buckets: usize) -> Vec<(usize, f64)> {
    let mut dense = vec![0.0; buckets];
    let lower: String = text.chars().take(MAX_CHARS).flat_map(char::to_lowercase).collect();
    let mut before: Option<&str> = None;
    let mut put = |hash: u64| {
        let sign = if hash >> 63 == 0 { 1.0 } else { -1.0 };
        // The number of buckets is a power of two.
        let bucket = usize::try_from(hash & 0xFFFF_FFFF).unwrap_or(0) & (buckets - 1);
        dense[bucket] += sign;
    };
    for word in lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        put(hash(&[b"w", word.as_bytes()]));
        if let Some(before) = before {
            put(hash(&[b"p", before.as_bytes(), b" ", word.as_bytes()]));
        }
        before = Some(word);
        pieces(word, |piece| put(hash(&[b"c", piece])));
    }
    dense.into_iter().enumerate().filter(|(_, count)| *count != 0.0).collect()
}

/// Weighs counts and scales them to length 1; nothing stays nothing.
#[must_use]
pub fn weighted(mut counts: Vec<(usize, f64)>, idf: &[f32]) -> Vec<(usize, f64)> {
    for (bucket, count) in &mut counts {
        let weight = idf.get(*bucket).copied().unwrap_or(1.0);
        *count = (1.0 + count.abs().ln()).copysign(*count) * f64::from(weight);
    }
    let length = counts.iter().map(|(_, value)| value * value).sum::<f64>().sqrt();
    if length > 0.0 {
        counts.iter_mut().for_each(|(_, value)| *value /= length);
    }
    counts
}

/// Every run of 3 to 5 characters of a word with a space on both sides.
fn pieces(word: &str, mut put: impl FnMut(&[u8])) {
    let padded = format!(" {word} ");
    let mut starts: Vec<usize> = padded.char_indices().map(|(at, _)| at).collect();
    starts.push(padded.len());
    for length in 3..=5 {
        for window in starts.windows(length + 1) {
            put(&padded.as_bytes()[window[0]..window[length]]);
        }
    }
}

/// FNV-1a of the parts with a final mix, so that all bits depend on all characters.
fn hash(parts: &[&[u8]]) -> u64 {
    let mut hash = 0xCBF2_9CE4_8422_2325_u64;
    for byte in parts.iter().copied().flatten() {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3);
    }
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    hash ^ (hash >> 31)
}

impl StoredRow {
    fn pack(values: &[f32]) -> Self {
        let largest = values.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
        let step = if largest > 0.0 { largest / f32::from(i16::MAX) } else { 1.0 };
        #[expect(clippy::cast_possible_truncation, reason = "at most i16::MAX in size by its step")]
        let pack = |value: &f32| format!("{:04x}", (value / step).round() as i16);
        Self { step, values: values.iter().map(pack).collect() }
    }

    fn unpack(&self, length: usize) -> Result<Vec<f32>, String> {
        if self.values.len() != 4 * length || !self.values.is_ascii() || !self.step.is_finite() {
            return Err(format!("a row of the text projection does not hold {length} numbers"));
        }
        let digits = self.values.as_bytes().chunks_exact(4);
        digits
            .map(|digits| {
                let text = str::from_utf8(digits).map_err(|error| error.to_string())?;
                let bits = u16::from_str_radix(text, 16).map_err(|error| error.to_string())?;
                Ok(f32::from(bits.cast_signed()) * self.step)
            })
            .collect()
    }
}

impl TryFrom<StoredProjection> for TextProjection {
    type Error = String;

    fn try_from(stored: StoredProjection) -> Result<Self, String> {
        if !BUCKET_BITS.contains(&stored.bits) {
            return Err(format!("text projection: expected 6 to 16 bits, got {}", stored.bits));
        }
        let buckets = 1_usize << stored.bits;
        let components = stored.components.iter().map(|row| row.unpack(buckets));
        Ok(Self {
            buckets,
            idf: stored.idf.unpack(buckets)?,
            components: components.collect::<Result<_, _>>()?,
        })
    }
}

impl From<TextProjection> for StoredProjection {
    fn from(projection: TextProjection) -> Self {
        Self {
            bits: projection.buckets.trailing_zeros(),
            idf: StoredRow::pack(&projection.idf),
            components: projection.components.iter().map(|row| StoredRow::pack(row)).collect(),
        }
    }
}

#[cfg(test)]
#[expect(clippy::cast_precision_loss, reason = "small numbers of a test")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cosine(a: &str, b: &str) -> f64 {
        let vector = |text| weighted(bucket_counts(text, 2048), &[]);
        let (a, b) = (vector(a), vector(b));
        let other = |bucket: usize| b.iter().find(|(known, _)| *known == bucket).map(|(_, v)| *v);
        a.iter().filter_map(|(bucket, value)| Some(value * other(*bucket)?)).sum()
    }

    #[test]
    fn forms_of_a_word_are_alike_in_any_script_and_case_does_not_matter() {
        let same = cosine("Не проходит ОПЛАТА картой", "не проходит оплата картой");
        assert!((same - 1.0).abs() < 1e-12, "{same}");
        let inflected = cosine("не проходит оплата картой", "не прошла оплата карты");
        let other = cosine("не проходит оплата картой", "забыл пароль от кабинета");
        assert!(inflected > 0.35 && inflected > other + 0.2, "{inflected} {other}");
    }

    #[test]
    fn a_projection_written_and_read_projects_to_the_same_bits() {
        let rows: Vec<Vec<f32>> = (0..3)
            .map(|row| (0..64).map(|i| ((i * 7 + row) as f32).sin() / 9.0).collect())
            .collect();
        let idf: Vec<f32> = (0..64).map(|i| 1.0 + (i as f32) / 17.0).collect();
        let projection = TextProjection::new(6, &idf, &rows).unwrap();
        let json = serde_json::to_string(&projection).unwrap();
        let read: TextProjection = serde_json::from_str(&json).unwrap();
        let text = "Карта не пришла, where is it?";
        assert_eq!(projection.project(text), read.project(text));
        assert_eq!(projection.width(), 3);
    }

    #[test]
    fn a_damaged_projection_is_refused() {
        let rows = vec![vec![0.5; 64]];
        let json =
            serde_json::to_string(&TextProjection::new(6, &[1.0; 64], &rows).unwrap()).unwrap();
        for (from, to) in
            [("\"bits\":6", "\"bits\":7"), ("\"bits\":6", "\"bits\":60"), ("7fff", "7zzz")]
        {
            let damaged = json.replacen(from, to, 1);
            assert!(serde_json::from_str::<TextProjection>(&damaged).is_err(), "{from} {to}");
        }
    }

    proptest! {
        #[test]
        fn any_text_becomes_finite_numbers_of_length_one_or_nothing(text in ".{0,60}") {
            let vector = weighted(bucket_counts(&text, 256), &[]);
            let length: f64 = vector.iter().map(|(_, value)| value * value).sum();
            prop_assert!(vector.is_empty() || (length - 1.0).abs() < 1e-9);
            prop_assert!(vector.iter().all(|(bucket, _)| *bucket < 256));
        }
    }
}
