//! [`TextVector`]: a text's embedding in one byte per dimension, small enough to be kept with every contact.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

/// Bytes before the values: the scale.
const SCALE_BYTES: usize = 4;

/// An embedding quantised to whole numbers from -127 to 127, with the scale that brings them back.
///
/// The largest value becomes 127, so a dimension is off by at most half a step of 1/127 of it, and a cosine of two
/// embeddings by about a thousandth. Written as base64 of the scale (four bytes, little endian) and the values. It is
/// personal data, like the text it came from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TextVector {
    scale: f32,
    values: Vec<i8>,
}

/// A text is no written [`TextVector`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a text vector: base64 of a positive scale and at least one value")]
pub struct InvalidTextVector;

impl TextVector {
    /// Quantises an embedding; `None` when it has no direction: no dimensions, nothing but zeros, or a value that is not
    /// finite.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "rounded and between -127 and 127")]
    pub fn from_embedding(embedding: &[f32]) -> Option<Self> {
        if embedding.iter().any(|value| !value.is_finite()) {
            return None;
        }
        let largest = embedding.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
        let scale = largest / 127.0;
        if !scale.is_normal() {
            return None;
        }
        let values = embedding.iter().map(|value| (value / scale).round() as i8).collect();
        Some(Self { scale, values })
    }

    /// The number of dimensions, at least 1.
    #[must_use]
    pub fn dimensions(&self) -> usize {
        self.values.len()
    }

    /// The values, each from -127 to 127.
    #[must_use]
    pub fn values(&self) -> &[i8] {
        &self.values
    }

    /// The cosine of the angle between two vectors, -1 to 1; `None` when their lengths differ, which is to say that they
    /// come from different encoders.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "sums of squares of bytes fit into 53 bits")]
    pub fn cosine(&self, other: &Self) -> Option<f64> {
        if self.values.len() != other.values.len() {
            return None;
        }
        let mut sums = [0_i64; 3];
        for (&a, &b) in self.values.iter().zip(&other.values) {
            let (a, b) = (i64::from(a), i64::from(b));
            sums[0] += a * b;
            sums[1] += a * a;
            sums[2] += b * b;
        }
        let [dot, own, others] = sums.map(|sum| sum as f64);
        (own > 0.0 && others > 0.0).then(|| (dot / (own.sqrt() * others.sqrt())).clamp(-1.0, 1.0))
    }

    /// The vector as text.
    #[must_use]
    pub fn to_base64(&self) -> String {
        let values = self.values.iter().map(|value| value.to_le_bytes()[0]);
        let bytes: Vec<u8> = self.scale.to_le_bytes().into_iter().chain(values).collect();
        STANDARD.encode(bytes)
    }

    /// Reads what [`Self::to_base64`] wrote.
    ///
    /// # Errors
    /// [`InvalidTextVector`] when the text is anything else.
    pub fn from_base64(text: &str) -> Result<Self, InvalidTextVector> {
        let bytes = STANDARD.decode(text).map_err(|_| InvalidTextVector)?;
        let (scale, values) = bytes.split_first_chunk::<SCALE_BYTES>().ok_or(InvalidTextVector)?;
        let scale = f32::from_le_bytes(*scale);
        if !scale.is_normal() || scale < 0.0 || values.iter().all(|value| *value == 0) {
            return Err(InvalidTextVector);
        }
        Ok(Self { scale, values: values.iter().map(|value| i8::from_le_bytes([*value])).collect() })
    }
}

impl TryFrom<String> for TextVector {
    type Error = InvalidTextVector;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::from_base64(&text)
    }
}

impl From<TextVector> for String {
    fn from(vector: TextVector) -> Self {
        vector.to_base64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn exact_cosine(a: &[f32], b: &[f32]) -> f64 {
        let dot = |a: &[f32], b: &[f32]| -> f64 {
            a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
        };
        dot(a, b) / (dot(a, a).sqrt() * dot(b, b).sqrt())
    }

    #[test]
    fn what_has_no_direction_is_no_vector() {
        assert_eq!(TextVector::from_embedding(&[]), None);
        assert_eq!(TextVector::from_embedding(&[0.0, 0.0]), None);
        assert_eq!(TextVector::from_embedding(&[1.0, f32::NAN]), None);
        assert_eq!(TextVector::from_embedding(&[f32::INFINITY]), None);
    }

    #[test]
    fn vectors_of_two_encoders_are_not_compared() {
        let short = TextVector::from_embedding(&[1.0, 0.0]).unwrap();
        let long = TextVector::from_embedding(&[1.0, 0.0, 0.0]).unwrap();
        assert_eq!(short.cosine(&long), None);
        assert_eq!(short.cosine(&short), Some(1.0));
    }

    #[test]
    fn a_text_that_is_no_vector_is_refused() {
        let zeros = STANDARD.encode([0, 0, 128, 63, 0, 0]);
        for text in ["", "?", "AAAA", "AAAAAAA=", "AACAPw==", zeros.as_str()] {
            assert_eq!(TextVector::from_base64(text), Err(InvalidTextVector), "{text}");
        }
    }

    proptest! {
        #[test]
        fn written_then_read_is_the_same(embedding in prop::collection::vec(-10.0_f32..10.0, 1..50)) {
            if let Some(vector) = TextVector::from_embedding(&embedding) {
                prop_assert_eq!(TextVector::from_base64(&vector.to_base64()).unwrap(), vector);
            }
        }

        #[test]
        fn a_quantised_cosine_is_close_to_the_exact_one(
            a in prop::collection::vec(-1.0_f32..1.0, 384), b in prop::collection::vec(-1.0_f32..1.0, 384),
        ) {
            let (left, right) =
                (TextVector::from_embedding(&a).unwrap(), TextVector::from_embedding(&b).unwrap());
            prop_assert!((left.cosine(&right).unwrap() - exact_cosine(&a, &b)).abs() < 0.005);
            prop_assert_eq!(left.cosine(&right), right.cosine(&left));
        }
    }
}
