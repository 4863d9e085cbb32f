//! Zero-shot: a label is where the embeddings of its descriptions are; a text belongs to the nearest label.
//!
//! Nothing is fitted. The score is the cosine between the text's embedding and the mean of the label's descriptions (Snell
//! et al. 2017, "Prototypical Networks"), times [`SCALE`].

use super::choose::Choice;
use super::fit_parts::Labelled;
use super::method::Method;
use super::train::Trained;
use anyhow::Context;
use recontact::classify::head::{HeadDescription, TextHead};

/// What cosines are multiplied by before the softmax: sentence encoders are trained with it (sentence-transformers,
/// `MultipleNegativesRankingLoss`, `scale`). The probabilities are not calibrated: there are no labelled texts.
pub const SCALE: f64 = 20.0;

/// Makes a head from descriptions, each with its label.
///
/// # Errors
/// When the encoder gave nothing that can be used.
#[expect(clippy::cast_possible_truncation, reason = "weights are kept in single precision")]
pub fn from_descriptions(
    labelled: Labelled<'_>,
    description: HeadDescription,
) -> anyhow::Result<Trained> {
    let x = labelled.embeddings.context("zero-shot was asked for without an encoder")?;
    let dimension = x.ncols();
    let mut prototypes = vec![0.0_f64; labelled.labels * dimension];
    for (row, &label) in x.rows().into_iter().zip(labelled.y) {
        let prototype = &mut prototypes[label * dimension..(label + 1) * dimension];
        prototype.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
    }
    for prototype in prototypes.chunks_exact_mut(dimension) {
        let length = prototype.iter().map(|x| x * x).sum::<f64>().sqrt().max(1e-12);
        prototype.iter_mut().for_each(|x| *x *= SCALE / length);
    }
    let weights = prototypes.iter().map(|x| *x as f32).collect();
    let head = TextHead::new(description, weights, vec![0.0; labelled.labels], None)
        .map_err(anyhow::Error::msg)
        .context("the head is not usable")?;
    let choice = Choice {
        method: Method::ZeroShot,
        parts: Vec::new(),
        temperature: 1.0,
        alone_temperature: None,
        held_out: 0,
        tried: Vec::new(),
        tuned: None,
        not_tried: Vec::new(),
    };
    Ok(Trained { head, terms: Vec::new(), choice, scope: None, gradient: 0.0 })
}
