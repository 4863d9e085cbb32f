//! From fitted parts to a [`TextHead`]: their scores are added up, so their weights are too.

use super::fit_parts::{JOINT_EMBEDDING_SCALE, PartFit, View};
use super::method::Part;
use anyhow::Context;
use recontact::classify::head::{HeadDescription, LexicalDescription, LexicalPart, TextHead};

/// What a head is made of: the parts with their shares, which sum to 1.
pub struct Ingredients<'a> {
    /// The rows it was fitted on.
    pub view: &'a View<'a>,
    /// Each part with the share of its scores in the sum.
    pub parts: Vec<(&'a PartFit, f64)>,
    /// Temperature of the lexical part where it answers alone.
    pub alone_temperature: f64,
}

/// Puts a head together; `description` says nothing of the lexical part yet.
///
/// # Errors
/// When the weights do not form a head.
pub fn head(
    mut description: HeadDescription,
    ingredients: &Ingredients<'_>,
) -> anyhow::Result<(TextHead, Vec<String>)> {
    let labels = description.labels.labels().len();
    let counted = ingredients.view.lexical.as_ref();
    let has_terms = ingredients.parts.iter().any(|(fit, _)| fit.part.has_terms());
    let vocabulary = counted.map(|(vocabulary, _)| vocabulary).filter(|_| has_terms);
    if !ingredients.parts.iter().any(|(fit, _)| fit.part.has_embeddings()) {
        description.encoder = None;
    }
    let dimension = description.encoder.as_ref().map_or(0, |encoder| encoder.dimension);
    let (mut embedding, mut biases) = (vec![0.0_f64; dimension * labels], vec![0.0_f64; labels]);
    let mut alone_biases = vec![0.0_f64; labels];
    for (fit, share) in &ingredients.parts {
        let terms = fit.weights.values.len() / labels - 1 - part_dimension(fit.part, dimension);
        let scale = if fit.part == Part::Joint { JOINT_EMBEDDING_SCALE } else { 1.0 };
        if fit.part.has_embeddings() {
            for number in 0..dimension {
                let row = fit.weights.row(terms + number);
                for (label, weight) in row.iter().enumerate() {
                    embedding[label * dimension + number] += share * scale * f64::from(*weight);
                }
            }
        }
        add(&mut biases, fit.weights.biases(), *share);
        if fit.part.has_terms() {
            add(&mut alone_biases, fit.weights.biases(), *share);
        }
    }
    let lexical = vocabulary.map(|vocabulary| {
        description.lexical = Some(LexicalDescription {
            words: vocabulary.words,
            pieces: vocabulary.terms.len() - vocabulary.words,
            alone_temperature: ingredients.alone_temperature,
        });
        let mut weights = Vec::with_capacity(vocabulary.terms.len() * labels);
        let mut scales = Vec::with_capacity(vocabulary.terms.len());
        let mut row = vec![0.0_f64; labels];
        for term in 0..vocabulary.terms.len() {
            row.fill(0.0);
            for (fit, share) in ingredients.parts.iter().filter(|(fit, _)| fit.part.has_terms()) {
                add(&mut row, fit.weights.row(term), *share);
            }
            let (bytes, scale) = in_bytes(&row);
            weights.extend(bytes);
            scales.push(scale);
        }
        LexicalPart {
            features: vocabulary.features.clone(),
            weights,
            scales,
            alone_biases: single(&alone_biases),
        }
    });
    let terms = vocabulary.map_or(Vec::new(), |vocabulary| vocabulary.terms.clone());
    let head = TextHead::new(description, single(&embedding), single(&biases), lexical)
        .map_err(anyhow::Error::msg)
        .context("the trained head is not usable")?;
    Ok((head, terms))
}

fn part_dimension(part: Part, dimension: usize) -> usize {
    if part.has_embeddings() { dimension } else { 0 }
}

fn add(to: &mut [f64], from: &[f32], share: f64) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to += share * f64::from(*from));
}

/// A row as whole numbers from -127 to 127 times a scale.
#[expect(
    clippy::cast_possible_truncation,
    reason = "rounded into -127 to 127; scales are single precision"
)]
fn in_bytes(row: &[f64]) -> (impl Iterator<Item = i8> + '_, f32) {
    let largest = row.iter().fold(0.0_f64, |largest, weight| largest.max(weight.abs()));
    let scale = if largest > 0.0 { largest / 127.0 } else { 1.0 };
    (row.iter().map(move |weight| (weight / scale).round() as i8), scale as f32)
}

#[expect(clippy::cast_possible_truncation, reason = "weights are kept in single precision")]
fn single(values: &[f64]) -> Vec<f32> {
    values.iter().map(|x| *x as f32).collect()
}
