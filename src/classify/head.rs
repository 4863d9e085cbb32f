//! [`TextHead`]: what is known of a text becomes a calibrated probability for each label.
//!
//! One linear model over two views of the text, either of which may be missing: its embedding, and its lexical features.
//! `softmax((W·embedding + V·terms + b) / T)` with one temperature (Guo et al. 2017, "On Calibration of Modern Neural
//! Networks"). Models that were fitted apart and added up, and models fitted on both views at once, are the same thing
//! here. `V` is kept in bytes, one scale for each term. Fitted by `recontact-train category`.

use super::category::LabelSet;
use super::encoder::EncoderIdentity;
use super::lexical::{LexicalFeatures, SparseVector};
use crate::registry::{Artifact, ArtifactError};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// The weights file inside the folder of a model of texts.
pub const WEIGHTS: &str = "weights.safetensors";

/// The `model` part of the manifest of a model of texts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeadDescription {
    /// The encoder whose embeddings the head was trained on; none where it reads words alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoder: Option<EncoderIdentity>,
    /// The labels, in the order of the weights' rows.
    pub labels: LabelSet,
    /// ISO 639-1 codes of the languages it was trained on.
    pub languages: Vec<String>,
    /// Divides the scores before the softmax; above 0.
    pub temperature: f64,
    /// Its lexical part, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lexical: Option<LexicalDescription>,
    /// From which score on a text is taken to be about one of the labels at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
}

/// The lexical part of a head.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LexicalDescription {
    /// Terms of the words' block; they stand first.
    pub words: usize,
    /// Terms of the pieces' block.
    pub pieces: usize,
    /// Temperature of the lexical part when it answers alone, because the encoder cannot be loaded; above 0.
    pub alone_temperature: f64,
}

/// Where the scope of a head ends: a text whose highest score is below the threshold is about none of its labels.
///
/// The score is taken before temperature and softmax, which blur the difference.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// Smallest highest score of a text that is in scope.
    pub threshold: f64,
    /// The same where the lexical part answers alone; none: not checked then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alone_threshold: Option<f64>,
}

/// A fitted head.
#[derive(Debug, Clone, PartialEq)]
pub struct TextHead {
    description: HeadDescription,
    /// One row of `dimension` numbers for each label; empty without an encoder.
    embedding_weights: Vec<f32>,
    /// One number for each label.
    biases: Vec<f32>,
    lexical: Option<LexicalPart>,
}

/// The lexical part of a [`TextHead`].
#[derive(Debug, Clone, PartialEq)]
pub struct LexicalPart {
    /// What it counts.
    pub features: LexicalFeatures,
    /// A row for each term with a weight for each label, to be multiplied by the term's scale.
    pub weights: Vec<i8>,
    /// One number for each term.
    pub scales: Vec<f32>,
    /// One number for each label, in place of the head's biases where the part answers alone.
    pub alone_biases: Vec<f32>,
}

/// What is known of a text when it is scored.
#[derive(Debug, Clone, Copy)]
pub struct TextView<'a> {
    /// Its embedding; none where there is no encoder.
    pub embedding: Option<&'a [f32]>,
    /// Its lexical features by the head that scores it; none where the head has no lexical part.
    pub lexical: Option<&'a SparseVector>,
}

/// What a head says of one text.
#[derive(Debug, Clone, PartialEq)]
pub struct Scored {
    /// Calibrated probabilities in the order of the labels; they sum to 1.
    pub probabilities: Vec<f64>,
    /// The highest score, before temperature and softmax.
    pub top_score: f64,
    /// Whether that score says that the text is about one of the labels; true where no threshold is known.
    pub is_in_scope: bool,
}

impl TextHead {
    /// Puts a fitted head together. `embedding_weights` holds a row for each label, as long as an embedding.
    ///
    /// # Errors
    /// What does not fit: shapes, non-finite numbers, a temperature that is not above 0, a head that reads nothing.
    pub fn new(
        description: HeadDescription,
        embedding_weights: Vec<f32>,
        biases: Vec<f32>,
        lexical: Option<LexicalPart>,
    ) -> Result<Self, String> {
        let labels = description.labels.labels().len();
        let dimension = description.encoder.as_ref().map_or(0, |encoder| encoder.dimension);
        if biases.len() != labels || embedding_weights.len() != labels * dimension {
            return Err(format!(
                "{} weights and {} biases for {labels} labels of dimension {dimension}",
                embedding_weights.len(),
                biases.len()
            ));
        }
        if description.encoder.is_some() && dimension == 0 {
            return Err("the encoder's vectors must have at least 1 number".to_owned());
        }
        if description.encoder.is_none() && lexical.is_none() {
            return Err("a head needs an encoder, a lexical part or both".to_owned());
        }
        if embedding_weights.iter().chain(&biases).any(|x| !x.is_finite()) {
            return Err("weights and biases must be finite".to_owned());
        }
        check_temperature(description.temperature)?;
        match (&description.lexical, &lexical) {
            (None, None) => {}
            (Some(described), Some(part)) => {
                check_temperature(described.alone_temperature)?;
                part.check(described.words + described.pieces, labels)?;
            }
            _ => {
                return Err(
                    "the description and the weights differ about a lexical part".to_owned()
                );
            }
        }
        Ok(Self { description, embedding_weights, biases, lexical })
    }

    /// Reads a head from a checked model folder.
    ///
    /// # Errors
    /// [`ArtifactError`] naming the file, if its content does not form a head.
    pub fn load(artifact: &Artifact) -> Result<Self, ArtifactError> {
        let invalid = |reason: String| artifact.content_error(WEIGHTS, reason);
        let description: HeadDescription = artifact.model()?;
        let bytes = artifact.file(WEIGHTS)?;
        let tensors = SafeTensors::deserialize(bytes).map_err(|e| invalid(e.to_string()))?;
        Self::read(description, &tensors).map_err(invalid)
    }

    fn read(description: HeadDescription, tensors: &SafeTensors<'_>) -> Result<Self, String> {
        let labels = description.labels.labels().len();
        let weights = match &description.encoder {
            Some(encoder) => read_f32(tensors, "weight", &[labels, encoder.dimension])?,
            None => Vec::new(),
        };
        let biases = read_f32(tensors, "bias", &[labels])?;
        let lexical = match description.lexical {
            Some(described) => Some(LexicalPart::read(described, labels, tensors)?),
            None => None,
        };
        Self::new(description, weights, biases, lexical)
    }

    /// The content of [`WEIGHTS`]. `terms` are those of the lexical part, words first.
    ///
    /// # Errors
    /// What the safetensors library refuses.
    pub fn to_safetensors(
        &self,
        terms: &[String],
    ) -> Result<Vec<u8>, safetensors::SafeTensorError> {
        let labels = self.biases.len();
        let (weights, biases) = (f32_bytes(&self.embedding_weights), f32_bytes(&self.biases));
        let mut tensors = vec![("bias", TensorView::new(Dtype::F32, vec![labels], &biases)?)];
        if self.description.encoder.is_some() {
            let shape = vec![labels, self.dimension()];
            tensors.push(("weight", TensorView::new(Dtype::F32, shape, &weights)?));
        }
        let Some(part) = &self.lexical else {
            return safetensors::serialize(tensors, None::<HashMap<String, String>>);
        };
        let (scales, idf, alone) = (
            f32_bytes(&part.scales),
            f32_bytes(part.features.idf()),
            f32_bytes(&part.alone_biases),
        );
        let bytes: Vec<u8> = part.weights.iter().map(|weight| weight.cast_unsigned()).collect();
        let text = terms.join("\n").into_bytes();
        let count = part.features.terms();
        tensors.extend([
            (LEXICAL_WEIGHT, TensorView::new(Dtype::I8, vec![count, labels], &bytes)?),
            (LEXICAL_SCALE, TensorView::new(Dtype::F32, vec![count], &scales)?),
            (LEXICAL_IDF, TensorView::new(Dtype::F32, vec![count], &idf)?),
            (LEXICAL_BIAS, TensorView::new(Dtype::F32, vec![labels], &alone)?),
            (LEXICAL_TERMS, TensorView::new(Dtype::U8, vec![text.len()], &text)?),
        ]);
        safetensors::serialize(tensors, None::<HashMap<String, String>>)
    }

    /// What the head is.
    #[must_use]
    pub fn description(&self) -> &HeadDescription {
        &self.description
    }

    /// Length of the embeddings it takes; 0 without an encoder.
    #[must_use]
    pub fn dimension(&self) -> usize {
        self.description.encoder.as_ref().map_or(0, |encoder| encoder.dimension)
    }

    /// Whether it can answer without its encoder.
    #[must_use]
    pub fn has_lexical_part(&self) -> bool {
        self.lexical.is_some()
    }

    /// Its weights over embeddings, one row of [`Self::dimension`] numbers for each label; empty without an encoder.
    #[must_use]
    pub fn embedding_weights(&self) -> &[f32] {
        &self.embedding_weights
    }

    /// One number for each label.
    #[must_use]
    pub fn biases(&self) -> &[f32] {
        &self.biases
    }

    /// Its lexical part, where it has one.
    #[must_use]
    pub fn lexical(&self) -> Option<&LexicalPart> {
        self.lexical.as_ref()
    }

    /// The terms of a head's lexical part in the order of its weights, words first; none where it has no such part.
    ///
    /// # Errors
    /// [`ArtifactError`] naming the file, if it does not hold them.
    pub fn terms(artifact: &Artifact) -> Result<Vec<String>, ArtifactError> {
        let invalid = |reason: String| artifact.content_error(WEIGHTS, reason);
        let description: HeadDescription = artifact.model()?;
        if description.lexical.is_none() {
            return Ok(Vec::new());
        }
        let tensors = SafeTensors::deserialize(artifact.file(WEIGHTS)?)
            .map_err(|error| invalid(error.to_string()))?;
        let text = read_bytes(&tensors, LEXICAL_TERMS, Dtype::U8, None).map_err(invalid)?;
        let text = std::str::from_utf8(text)
            .map_err(|_| invalid(format!("{LEXICAL_TERMS} is not UTF-8")))?;
        Ok(text.split('\n').map(str::to_owned).collect())
    }

    /// A text's lexical features, where the head has a lexical part.
    #[must_use]
    pub fn lexical_vector(&self, text: &str) -> Option<SparseVector> {
        self.lexical.as_ref().map(|part| part.features.vector(text))
    }

    /// Scores a text. Without an embedding the lexical part answers alone, under its own temperature.
    ///
    /// An embedding has [`Self::dimension`] numbers.
    #[must_use]
    pub fn score(&self, view: TextView<'_>) -> Scored {
        let embedding = view.embedding.filter(|_| self.description.encoder.is_some());
        let is_alone = embedding.is_none() && self.description.encoder.is_some();
        let mut scores = match &self.lexical {
            Some(part) if is_alone => part.alone_biases.clone(),
            _ => self.biases.clone(),
        };
        if let Some(embedding) = embedding {
            let rows = self.embedding_weights.chunks_exact(self.dimension());
            for (score, row) in scores.iter_mut().zip(rows) {
                *score += row.iter().zip(embedding).map(|(w, x)| w * x).sum::<f32>();
            }
        }
        if let (Some(part), Some(vector)) = (&self.lexical, view.lexical) {
            part.add_scores(vector, &mut scores);
        }
        self.scored(&scores, is_alone)
    }

    fn scored(&self, scores: &[f32], is_alone: bool) -> Scored {
        let described = &self.description;
        let temperature = match described.lexical {
            Some(lexical) if is_alone => lexical.alone_temperature,
            _ => described.temperature,
        };
        let threshold = described
            .scope
            .and_then(|scope| if is_alone { scope.alone_threshold } else { Some(scope.threshold) });
        let top_score = f64::from(scores.iter().copied().fold(f32::NEG_INFINITY, f32::max));
        let scores = scores.iter().map(|score| f64::from(*score)).collect();
        Scored {
            probabilities: softmax(scores, temperature),
            top_score,
            is_in_scope: threshold.is_none_or(|threshold| top_score >= threshold),
        }
    }
}

const LEXICAL_WEIGHT: &str = "lexical.weight";
const LEXICAL_SCALE: &str = "lexical.scale";
const LEXICAL_IDF: &str = "lexical.idf";
const LEXICAL_BIAS: &str = "lexical.bias";
/// UTF-8, one term a line; no term has a line end in it.
const LEXICAL_TERMS: &str = "lexical.terms";

impl LexicalPart {
    fn read(
        described: LexicalDescription,
        labels: usize,
        tensors: &SafeTensors<'_>,
    ) -> Result<Self, String> {
        let count = described
            .words
            .checked_add(described.pieces)
            .ok_or_else(|| "the lexical part has too many terms".to_owned())?;
        let text = read_bytes(tensors, LEXICAL_TERMS, Dtype::U8, None)?;
        let text =
            std::str::from_utf8(text).map_err(|_| format!("{LEXICAL_TERMS} is not UTF-8"))?;
        let terms: Vec<&str> = if count == 0 { Vec::new() } else { text.split('\n').collect() };
        if terms.len() != count {
            return Err(format!("{} terms in {LEXICAL_TERMS}, expected {count}", terms.len()));
        }
        let idf = read_f32(tensors, LEXICAL_IDF, &[count])?;
        let (words, pieces) = terms.split_at(described.words);
        let weights = read_bytes(tensors, LEXICAL_WEIGHT, Dtype::I8, Some(&[count, labels]))?;
        Ok(Self {
            features: LexicalFeatures::new(words, pieces, idf)?,
            weights: weights.iter().map(|byte| byte.cast_signed()).collect(),
            scales: read_f32(tensors, LEXICAL_SCALE, &[count])?,
            alone_biases: read_f32(tensors, LEXICAL_BIAS, &[labels])?,
        })
    }

    fn check(&self, terms: usize, labels: usize) -> Result<(), String> {
        let found = [self.features.terms(), self.scales.len()];
        if found != [terms; 2]
            || self.weights.len() != terms * labels
            || self.alone_biases.len() != labels
        {
            return Err(format!(
                "a lexical part of {} terms, {} scales, {} weights and {} biases for {terms} terms and {labels} labels",
                found[0],
                found[1],
                self.weights.len(),
                self.alone_biases.len()
            ));
        }
        if self.scales.iter().chain(&self.alone_biases).any(|x| !x.is_finite()) {
            return Err("scales and biases of the lexical part must be finite".to_owned());
        }
        Ok(())
    }

    fn add_scores(&self, vector: &SparseVector, scores: &mut [f32]) {
        let labels = scores.len();
        for (term, value) in &vector.entries {
            let term = *term as usize;
            let value = value * self.scales[term];
            let row = &self.weights[term * labels..(term + 1) * labels];
            for (score, weight) in scores.iter_mut().zip(row) {
                *score += value * f32::from(*weight);
            }
        }
    }
}

fn check_temperature(temperature: f64) -> Result<(), String> {
    if temperature.is_finite() && temperature > 0.0 {
        Ok(())
    } else {
        Err(format!("temperature {temperature} is not above 0"))
    }
}

fn read_bytes<'a>(
    tensors: &SafeTensors<'a>,
    name: &str,
    dtype: Dtype,
    shape: Option<&[usize]>,
) -> Result<&'a [u8], String> {
    let tensor = tensors.tensor(name).map_err(|e| e.to_string())?;
    if tensor.dtype() != dtype || shape.is_some_and(|shape| tensor.shape() != shape) {
        return Err(format!(
            "tensor {name} is {:?} {:?}, expected {dtype:?} {:?}",
            tensor.dtype(),
            tensor.shape(),
            shape.unwrap_or(tensor.shape())
        ));
    }
    Ok(tensor.data())
}

fn read_f32(tensors: &SafeTensors<'_>, name: &str, shape: &[usize]) -> Result<Vec<f32>, String> {
    let data = read_bytes(tensors, name, Dtype::F32, Some(shape))?;
    Ok(data.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect())
}

fn f32_bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|x| x.to_le_bytes()).collect()
}

/// `exp(s / T)` of each score, divided by their sum; without overflow for finite scores.
#[must_use]
pub fn softmax(mut scores: Vec<f64>, temperature: f64) -> Vec<f64> {
    let highest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    for score in &mut scores {
        *score = ((*score - highest) / temperature).exp();
    }
    let sum: f64 = scores.iter().sum();
    scores.iter_mut().for_each(|score| *score /= sum);
    scores
}

#[cfg(test)]
#[path = "head_tests.rs"]
mod tests;
