//! Labels that a model of words, trained on the other rows, does not believe: likely mistakes of labelling.
//!
//! Five folds, each label spread evenly; a row is told when the best label of the model that has not seen it is another
//! one (Northcutt, Jiang, Chuang 2021, "Confident Learning", whose off-diagonal rows these are). The most doubtful come
//! first: where the model is sure of the other label and does not believe the given one.

use super::rows::{RowRef, UsableRow};
use crate::category::data::SplitMix64;
use crate::category::fit_parts::Labelled;
use crate::category::method::Part as Model;
use crate::progress::FitBar;
use recontact::classify::head::softmax;
use recontact::contact::ContactText;
use serde::Serialize;
use std::collections::BTreeMap;

const FOLDS: usize = 5;
/// Inverse regularisation strength of the model of words.
const C: f64 = 10.0;
/// Weights of the model: terms times labels.
const MOST_WEIGHTS: usize = 64_000_000;
/// Doubtful rows that are told.
const MOST_TOLD: usize = 50;

/// What the models of words say of the labels.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Noise {
    /// Rows that were checked: those whose label has at least two rows.
    pub checked: usize,
    /// Rows whose best label is another one; many labels that are alike make many such rows.
    pub disagreements: usize,
    /// The most doubtful ones.
    pub doubtful: Vec<Doubtful>,
}

/// A row whose label is not believed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Doubtful {
    /// The row.
    pub at: RowRef,
    /// The label it has.
    pub label: String,
    /// Probability of that label.
    pub label_probability: f64,
    /// The label that the model believes.
    pub believed: String,
    /// Its probability.
    pub probability: f64,
}

/// Checks the labels of rows.
///
/// # Errors
/// When a solver does not come to rest.
pub fn noise(rows: &[UsableRow], seed: u64) -> anyhow::Result<Noise> {
    let mut members: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, row) in rows.iter().enumerate() {
        members.entry(row.label.as_str()).or_default().push(at);
    }
    members.retain(|_, rows| rows.len() >= 2);
    if members.len() < 2 {
        return Ok(Noise::default());
    }
    let labels: Vec<&str> = members.keys().copied().collect();
    let (kept, y, fold) = folds(&members, seed);
    let texts: Vec<ContactText> = kept.iter().map(|at| rows[*at].text.clone()).collect();
    let fits = FitBar::new("looking for wrong labels");
    let labelled = Labelled {
        texts: &texts,
        y: &y,
        names: 0,
        labels: labels.len(),
        embeddings: None,
        most_weights: MOST_WEIGHTS,
        fits: &fits,
    };
    fits.expect(Model::Lexical.fitted(), FOLDS);
    let mut noise = Noise { checked: kept.len(), ..Noise::default() };
    for held_out in 0..FOLDS {
        let (out, fit): (Vec<usize>, Vec<usize>) =
            (0..kept.len()).partition(|at| fold[*at] == held_out);
        if out.is_empty() {
            continue;
        }
        let view = labelled.view(fit, &[Model::Lexical])?;
        let fitted = view.fit(Model::Lexical, C, None)?;
        let scores = labelled.scores(&view, &fitted, &out);
        for (at, scores) in out.iter().zip(scores.chunks_exact(labels.len())) {
            let scores = scores.iter().map(|score| f64::from(*score)).collect();
            let probabilities = softmax(scores, 1.0);
            let own = probabilities[y[*at]];
            let best = probabilities.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
            let Some((best, probability)) = best.filter(|(best, _)| *best != y[*at]) else {
                continue;
            };
            noise.disagreements += 1;
            noise.doubtful.push(Doubtful {
                at: rows[kept[*at]].at,
                label: labels[y[*at]].to_owned(),
                label_probability: own,
                believed: labels[best].to_owned(),
                probability: *probability,
            });
        }
    }
    let doubt = |row: &Doubtful| row.probability - row.label_probability;
    noise.doubtful.sort_by(|a, b| doubt(b).total_cmp(&doubt(a)).then(a.at.cmp(&b.at)));
    noise.doubtful.truncate(MOST_TOLD);
    Ok(noise)
}

/// The rows that are checked, their labels by number, and the fold of each; the rows of a label are spread evenly.
fn folds(members: &BTreeMap<&str, Vec<usize>>, seed: u64) -> (Vec<usize>, Vec<usize>, Vec<usize>) {
    let mut random = SplitMix64(seed);
    let mut placed: Vec<(usize, usize, usize)> = Vec::new();
    let mut next = 0;
    for (label, rows) in members.values().enumerate() {
        let mut rows = rows.clone();
        for at in (1..rows.len()).rev() {
            rows.swap(at, random.below(at + 1));
        }
        for row in rows {
            placed.push((row, label, next % FOLDS));
            next += 1;
        }
    }
    placed.sort_unstable();
    let rows = placed.iter().map(|(row, _, _)| *row).collect();
    let labels = placed.iter().map(|(_, label, _)| *label).collect();
    (rows, labels, placed.iter().map(|(_, _, fold)| *fold).collect())
}
