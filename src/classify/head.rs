//! [`CategoryHead`]: an embedding becomes a calibrated probability for each category.
//!
//! Multinomial logistic regression with one temperature (Guo et al. 2017, "On Calibration of Modern Neural Networks"):
//! `softmax((W·x + b) / T)`. Fitted by `recontact-train category`.

use super::category::LabelSet;
use super::encoder::EncoderIdentity;
use crate::registry::{Artifact, ArtifactError};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// The weights file inside a category model's folder.
pub const WEIGHTS: &str = "weights.safetensors";

/// The `model` part of a category model's manifest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeadDescription {
    /// The encoder whose embeddings the head was trained on.
    pub encoder: EncoderIdentity,
    /// The categories, in the order of the weights' rows.
    pub labels: LabelSet,
    /// ISO 639-1 codes of the languages it was trained on.
    pub languages: Vec<String>,
    /// Divides the scores before the softmax; above 0.
    pub temperature: f64,
}

/// A fitted head.
#[derive(Debug, Clone, PartialEq)]
pub struct CategoryHead {
    description: HeadDescription,
    /// One row of `dimension` numbers for each label.
    weights: Vec<f32>,
    /// One number for each label.
    biases: Vec<f32>,
}

impl CategoryHead {
    /// Puts a fitted head together. `weights` holds a row for each label, as long as an embedding.
    ///
    /// # Errors
    /// What does not fit: shapes, non-finite numbers, a temperature that is not above 0.
    pub fn new(
        description: HeadDescription,
        weights: Vec<f32>,
        biases: Vec<f32>,
    ) -> Result<Self, String> {
        let labels = description.labels.labels().len();
        let dimension = description.encoder.dimension;
        if biases.len() != labels || weights.len() != labels * dimension {
            return Err(format!(
                "{} weights and {} biases for {labels} labels of dimension {dimension}",
                weights.len(),
                biases.len()
            ));
        }
        if weights.iter().chain(&biases).any(|x| !x.is_finite()) {
            return Err("weights and biases must be finite".to_owned());
        }
        if !(description.temperature.is_finite() && description.temperature > 0.0) {
            return Err(format!("temperature {} is not above 0", description.temperature));
        }
        Ok(Self { description, weights, biases })
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
        let read = |name: &str, shape: &[usize]| -> Result<Vec<f32>, ArtifactError> {
            let tensor = tensors.tensor(name).map_err(|e| invalid(e.to_string()))?;
            if tensor.dtype() != Dtype::F32 || tensor.shape() != shape {
                return Err(invalid(format!(
                    "tensor {name} is {:?} {:?}, expected F32 {shape:?}",
                    tensor.dtype(),
                    tensor.shape()
                )));
            }
            Ok(tensor.data().as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect())
        };
        let labels = description.labels.labels().len();
        let weights = read("weight", &[labels, description.encoder.dimension])?;
        let biases = read("bias", &[labels])?;
        Self::new(description, weights, biases).map_err(invalid)
    }

    /// The content of [`WEIGHTS`].
    ///
    /// # Errors
    /// What the safetensors library refuses.
    pub fn to_safetensors(&self) -> Result<Vec<u8>, safetensors::SafeTensorError> {
        let bytes =
            |values: &[f32]| values.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>();
        let labels = self.biases.len();
        let (weights, biases) = (bytes(&self.weights), bytes(&self.biases));
        let tensors = [
            ("weight", TensorView::new(Dtype::F32, vec![labels, self.dimension()], &weights)?),
            ("bias", TensorView::new(Dtype::F32, vec![labels], &biases)?),
        ];
        safetensors::serialize(tensors, None::<HashMap<String, String>>)
    }

    /// What the head is.
    #[must_use]
    pub fn description(&self) -> &HeadDescription {
        &self.description
    }

    /// Length of the embeddings it takes.
    #[must_use]
    pub fn dimension(&self) -> usize {
        self.description.encoder.dimension
    }

    /// Calibrated probabilities in the order of the labels; they sum to 1.
    ///
    /// `embedding` has [`Self::dimension`] numbers.
    #[must_use]
    pub fn probabilities(&self, embedding: &[f32]) -> Vec<f64> {
        let scores = self
            .weights
            .chunks_exact(self.dimension())
            .zip(&self.biases)
            .map(|(row, bias)| {
                let dot: f32 = row.iter().zip(embedding).map(|(w, x)| w * x).sum();
                f64::from(dot + bias)
            })
            .collect();
        softmax(scores, self.description.temperature)
    }
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
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_softmax_sums_to_one_and_keeps_the_order(
            scores in prop::collection::vec(-1e4f64..1e4, 2..40),
            temperature in 0.05f64..20.0,
        ) {
            let probabilities = softmax(scores.clone(), temperature);
            prop_assert!((probabilities.iter().sum::<f64>() - 1.0).abs() < 1e-9);
            for i in 1..scores.len() {
                if scores[i] > scores[i - 1] {
                    prop_assert!(probabilities[i] >= probabilities[i - 1]);
                }
            }
        }
    }
}
