//! Labels in the order of their probabilities, and what follows from these for the taxonomy above them.

use super::answer::{HeadAnswer, ScoredLabel};
use super::category::Label;
use super::head::TextHead;
use crate::probability::Probability;
use std::collections::BTreeMap;

/// The `count` most likely labels; equal ones in alphabetical order.
pub(super) fn rank(head: &TextHead, probabilities: &[f64], count: usize) -> Vec<ScoredLabel> {
    let labels = head.description().labels.labels();
    let mut order: Vec<usize> = (0..labels.len()).collect();
    let likelier = |a: &usize, b: &usize| {
        probabilities[*b]
            .total_cmp(&probabilities[*a])
            .then_with(|| labels[*a].category.cmp(&labels[*b].category))
    };
    if count < order.len() {
        order.select_nth_unstable_by(count, likelier);
        order.truncate(count);
    }
    order.sort_by(likelier);
    order.iter().map(|&at| scored(&labels[at].category, probabilities[at])).collect()
}

fn scored(label: &crate::ticket::Name, probability: f64) -> ScoredLabel {
    // A softmax lies in 0..=1; a sum of its parts may exceed 1 by rounding.
    let probability = Probability::new(probability.clamp(0.0, 1.0));
    let probability = probability.unwrap_or(Probability::from_logit(f64::NEG_INFINITY));
    ScoredLabel { label: label.clone(), probability }
}

fn most_likely_first(a: &ScoredLabel, b: &ScoredLabel) -> std::cmp::Ordering {
    b.probability.value().total_cmp(&a.probability.value()).then_with(|| a.label.cmp(&b.label))
}

/// Whether no category has anything above it.
fn has_one_level(labels: &[Label]) -> bool {
    labels.iter().all(|label| label.parents.is_empty())
}

/// The top of the taxonomy with the highest summed probability; a category without parents is part of the top itself.
pub(super) fn best_area(head: &TextHead, probabilities: &[f64]) -> Option<ScoredLabel> {
    let labels = head.description().labels.labels();
    if has_one_level(labels) {
        return None;
    }
    let mut areas = BTreeMap::new();
    for (label, p) in labels.iter().zip(probabilities) {
        *areas.entry(label.area().unwrap_or(&label.category)).or_insert(0.0) += p;
    }
    areas.into_iter().map(|(area, p)| scored(area, p)).min_by(most_likely_first)
}

/// The parents of the best category with the summed probabilities of their categories, and the category itself; nothing in a
/// taxonomy of one level.
pub(super) fn path(
    head: &TextHead,
    answer: &HeadAnswer,
    probabilities: &[f64],
) -> Vec<ScoredLabel> {
    let labels = head.description().labels.labels();
    let best = labels.iter().zip(probabilities);
    let Some((label, p)) = best.clone().find(|(l, _)| Some(&l.category) == answer.label.as_ref())
    else {
        return Vec::new();
    };
    if has_one_level(labels) {
        return Vec::new();
    }
    let parents = label.parents.iter().enumerate().map(|(level, parent)| {
        let below = best.clone().filter(|(l, _)| l.parents.get(level) == Some(parent));
        scored(parent, below.map(|(_, p)| p).sum())
    });
    parents.chain([scored(&label.category, *p)]).collect()
}
