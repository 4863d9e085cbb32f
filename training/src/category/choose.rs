//! What is chosen on rows that no fit saw: the method, the share of each part, temperatures, and where the scope ends.

use super::beside::{RowResult, TunedBeside};
use super::budget::NotTried;
use super::fit_parts::HeldOut;
use super::method::{Method, Part};
use super::stack::{Scores, stack, weighted};
use crate::metrics::accuracy;
use recontact::classify::head::softmax;
use serde::Serialize;
use std::collections::BTreeSet;

/// Two methods that differ by less than this in accuracy are taken for equally good: the log loss decides.
pub const SAME_ACCURACY: f64 = 0.001;

/// What was chosen on the held-out rows.
#[derive(Debug, Clone, Serialize)]
pub struct Choice {
    /// How the head is trained.
    pub method: Method,
    /// The parts that count, with their shares.
    pub parts: Vec<PartChoice>,
    /// Divides the scores before the softmax.
    pub temperature: f64,
    /// The same where words answer alone; none without words and an encoder.
    pub alone_temperature: Option<f64>,
    /// Rows that were held out.
    pub held_out: usize,
    /// Every method that was compared, the chosen one included.
    pub tried: Vec<Tried>,
    /// How a tuned encoder did beside the encoder as it is, where `auto` had the time for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tuned: Option<TunedBeside>,
    /// What `auto` did not compare.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_tried: Vec<NotTried>,
}

/// One part.
#[derive(Debug, Clone, Serialize)]
pub struct PartChoice {
    /// Which.
    pub part: Part,
    /// Inverse regularisation strength.
    pub c: f64,
    /// Share of its scores in the sum; all sum to 1.
    pub share: f64,
}

/// One method that was compared.
#[derive(Debug, Clone, Serialize)]
pub struct Tried {
    /// Which.
    pub method: Method,
    /// Share of held-out rows whose best label is the right one.
    pub accuracy: f64,
    /// Mean log loss of the held-out rows.
    pub log_loss: f64,
}

/// Where a scope ends, and how well that tells texts apart that belong to none of the labels.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct ScopeChoice {
    /// Smallest highest score of a text in scope.
    pub threshold: f64,
    /// The same where words answer alone.
    pub alone_threshold: Option<f64>,
    /// Out-of-scope texts that it was chosen with.
    pub out_of_scope: usize,
}

/// Chooses among the candidates by accuracy on the held-out rows, among equally accurate ones by log loss.
///
/// # Errors
/// Without a candidate.
pub fn choose(
    held_out: &HeldOut<'_>,
    candidates: &[Method],
    labels: usize,
) -> anyhow::Result<Choice> {
    let mut found: Vec<(Tried, Vec<f64>)> = Vec::new();
    for &method in candidates {
        let scores = scores(held_out, method);
        let stacked = stack(&scores, &held_out.truth, labels);
        let predicted: Vec<usize> = (0..held_out.truth.len())
            .map(|row| best(&weighted(&scores, &stacked.weights, row, labels)))
            .collect();
        let accuracy = accuracy(&held_out.truth, &predicted);
        found.push((Tried { method, accuracy, log_loss: stacked.log_loss }, stacked.weights));
    }
    let highest = found.iter().map(|(tried, _)| tried.accuracy).fold(0.0, f64::max);
    let (chosen, weights) = found
        .iter()
        .filter(|(tried, _)| tried.accuracy >= highest - SAME_ACCURACY)
        .min_by(|a, b| a.0.log_loss.total_cmp(&b.0.log_loss))
        .ok_or_else(|| anyhow::anyhow!("no method was tried"))?;
    let sum: f64 = weights.iter().sum();
    let parts = chosen.method.parts().iter().zip(weights).filter(|(_, weight)| **weight > 0.0);
    let parts: Vec<PartChoice> = parts
        .map(|(part, weight)| PartChoice {
            part: *part,
            c: c_of(held_out, *part),
            share: weight / sum,
        })
        .collect();
    let alone_temperature = alone_scores(held_out, &parts, labels)
        .map(|scores| 1.0 / stack(&[&scores], &held_out.truth, labels).weights[0].max(1e-3));
    Ok(Choice {
        method: chosen.method,
        parts,
        temperature: 1.0 / sum.max(1e-3),
        alone_temperature,
        held_out: held_out.truth.len(),
        tried: found.iter().map(|(tried, _)| tried.clone()).collect(),
        tuned: None,
        not_tried: Vec::new(),
    })
}

/// What the chosen method says of some of the held-out rows, in the rows' order, with shares and temperature by these alone.
#[must_use]
pub fn row_results(
    held_out: &HeldOut<'_>,
    choice: &Choice,
    rows: &BTreeSet<usize>,
    labels: usize,
) -> Vec<RowResult> {
    let mut places: Vec<usize> =
        (0..held_out.rows.len()).filter(|at| rows.contains(&held_out.rows[*at])).collect();
    places.sort_by_key(|at| held_out.rows[*at]);
    let truth: Vec<usize> = places.iter().map(|&at| held_out.truth[at]).collect();
    let of_rows = |scores: &Scores| -> Scores {
        places.iter().flat_map(|at| &scores[at * labels..(at + 1) * labels]).copied().collect()
    };
    let scores: Vec<Scores> = scores(held_out, choice.method).into_iter().map(of_rows).collect();
    let scores: Vec<&Scores> = scores.iter().collect();
    let stacked = stack(&scores, &truth, labels);
    let result = |(row, &label): (usize, &usize)| {
        let p = softmax(weighted(&scores, &stacked.weights, row, labels), 1.0);
        RowResult { log_loss: -p[label].max(1e-300).ln(), is_right: best(&p) == label }
    };
    truth.iter().enumerate().map(result).collect()
}

/// Where the scope ends. With out-of-scope texts: where the shares of texts that are told right, in and out of scope, have
/// the highest mean. Without: where no more than `loss` of the held-out texts are lost; none where `loss` is 0.
#[must_use]
pub fn scope(
    held_out: &HeldOut<'_>,
    choice: &Choice,
    labels: usize,
    loss: f64,
) -> Option<ScopeChoice> {
    let shares: Vec<f64> = choice.parts.iter().map(|part| part.share).collect();
    let of = |scores: &std::collections::HashMap<Part, Scores>| {
        let chosen: Vec<&Scores> =
            choice.parts.iter().filter_map(|part| scores.get(&part.part)).collect();
        top_scores(&chosen, &shares, labels)
    };
    let (inside, outside) = (of(&held_out.scores), of(&held_out.out_of_scope));
    let threshold = threshold(inside, &outside, loss)?;
    let alone_threshold = alone_scores(held_out, &choice.parts, labels)
        .and_then(|scores| self::threshold(top_scores(&[&scores], &[1.0], labels), &[], loss));
    Some(ScopeChoice { threshold, alone_threshold, out_of_scope: outside.len() })
}

fn threshold(mut inside: Vec<f64>, outside: &[f64], loss: f64) -> Option<f64> {
    inside.sort_by(f64::total_cmp);
    if outside.is_empty() {
        let lost = share_of(inside.len(), loss);
        return (loss > 0.0 && lost > 0).then(|| inside[lost]);
    }
    let mut outside = outside.to_vec();
    outside.sort_by(f64::total_cmp);
    let told_right = |at: &f64| {
        let kept = inside.len() - inside.partition_point(|score| score < at);
        let caught = outside.partition_point(|score| score < at);
        ratio(kept, inside.len()) + ratio(caught, outside.len())
    };
    inside.iter().chain(&outside).copied().max_by(|a, b| told_right(a).total_cmp(&told_right(b)))
}

/// The scores of words alone, in the shares in which they stand in the sum; none where there is no encoder to be missed.
fn alone_scores(held_out: &HeldOut<'_>, parts: &[PartChoice], labels: usize) -> Option<Scores> {
    if !parts.iter().any(|part| part.part.has_embeddings()) {
        return None;
    }
    let of_words = parts.iter().filter_map(|choice| match choice.part {
        Part::Embedding => None,
        Part::Lexical => Some((&held_out.scores[&Part::Lexical], choice.share)),
        Part::Joint => Some((&held_out.joint_alone, choice.share)),
    });
    let (scores, shares): (Vec<&Scores>, Vec<f64>) = of_words.unzip();
    if scores.is_empty() {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "scores are kept in single precision")]
    let single = (0..held_out.truth.len())
        .flat_map(|row| weighted(&scores, &shares, row, labels))
        .map(|score| score as f32)
        .collect();
    Some(single)
}

fn scores<'a>(held_out: &'a HeldOut<'_>, method: Method) -> Vec<&'a Scores> {
    method.parts().iter().filter_map(|part| held_out.scores.get(part)).collect()
}

fn c_of(held_out: &HeldOut<'_>, part: Part) -> f64 {
    held_out.last.1.iter().find(|fit| fit.part == part).map_or(f64::NAN, |fit| fit.c)
}

fn top_scores(scores: &[&Scores], shares: &[f64], labels: usize) -> Vec<f64> {
    let rows = scores.first().map_or(0, |scores| scores.len() / labels);
    (0..rows)
        .map(|row| {
            let sum = weighted(scores, shares, row, labels);
            sum.into_iter().fold(f64::NEG_INFINITY, f64::max)
        })
        .collect()
}

/// The index of the highest score, the first of equal ones.
pub(super) fn best(scores: &[f64]) -> usize {
    (0..scores.len()).max_by(|&a, &b| scores[a].total_cmp(&scores[b]).then(b.cmp(&a))).unwrap_or(0)
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of a number of rows"
)]
fn share_of(rows: usize, share: f64) -> usize {
    (rows as f64 * share).floor() as usize
}

#[expect(clippy::cast_precision_loss, reason = "row counts fit into 53 bits")]
fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}
