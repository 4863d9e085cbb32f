//! Two models of texts on the same rows.

use super::paired::{McNemar, Paired, differences};
use crate::bad_input;
use crate::category::predictions::{TextPredictions, Truth};
use crate::evaluate::bootstrap::{Bootstrap, Units};
use crate::evaluate::measures::{OF_TEXTS, TextMeasures};
use crate::evaluate::parts::{ReliabilityBin, reliability};
use crate::evaluate::texts::{CoveragePoint, coverage};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// What two models of texts make of the same rows.
#[derive(Debug, Serialize)]
pub struct TextChanges {
    /// Rows by which of the two is right.
    pub mcnemar: McNemar,
    /// Labels of the rows that one of the models does not know, so that it is always wrong there.
    pub unknown_labels: Sides<Vec<String>>,
    /// Rows that one of the models takes for out of scope by their label; they are left out.
    pub out_of_scope: usize,
    /// The labels on whose rows one is right and the other wrong, those with most such rows first.
    pub labels: Vec<LabelChange>,
    /// Probability of the best label against the share that was right.
    pub reliability: Sides<Vec<ReliabilityBin>>,
    /// Share of right answers when only the surest are given.
    pub coverage: Sides<Vec<CoveragePoint>>,
}

/// Something of each model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sides<T> {
    /// Of the first.
    pub a: T,
    /// Of the second.
    pub b: T,
}

/// The rows of one label.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LabelChange {
    /// The label.
    pub label: String,
    /// Its rows.
    pub rows: usize,
    /// Rows that only the first model gets right.
    pub only_a: usize,
    /// Rows that only the second model gets right.
    pub only_b: usize,
}

/// Compares what two models said of the rows of a file.
///
/// # Errors
/// [`crate::failure::BadInput`] when they read their labels from different columns, or no row can be compared.
pub fn compare(
    file: &str,
    found: [&TextPredictions; 2],
    bootstrap: Bootstrap,
) -> anyhow::Result<(Vec<Paired>, usize, TextChanges)> {
    let [a, b] = found;
    if a.label_column != b.label_column {
        return Err(bad_input!(
            "the models read their labels from different columns, {} and {}: name one with --label",
            a.label_column,
            b.label_column
        ));
    }
    let is_outside =
        |row: &usize| found.iter().any(|found| found.rows[*row].truth == Truth::OutOfScope);
    let rows: Vec<usize> = (0..a.rows.len()).filter(|row| !is_outside(row)).collect();
    let names = Names::of(found);
    let told = |found: &TextPredictions| found.unknown.iter().map(ToString::to_string).collect();
    let unknown = Sides { a: told(a), b: told(b) };
    let knows_none = |found: &TextPredictions| {
        !rows.iter().any(|row| matches!(found.rows[*row].truth, Truth::Label(_)))
    };
    if knows_none(a) || knows_none(b) {
        return Err(bad_input!("{file}: no row has a label that both models know"));
    }
    let measures = [names.measures(a, &rows), names.measures(b, &rows)];
    let paired = differences(
        &OF_TEXTS,
        &Units::rows(rows.len()),
        bootstrap,
        &vec![1; rows.len()],
        [&|weights| measures[0].figures(weights), &|weights| measures[1].figures(weights)],
    );
    let right = measures.each_ref().map(right);
    let [right_a, right_b] = &right;
    let changes = TextChanges {
        mcnemar: McNemar::count(right_a.iter().copied().zip(right_b.iter().copied())),
        unknown_labels: unknown,
        out_of_scope: a.rows.len() - rows.len(),
        labels: names.changes(&measures[0].truth, right_a, right_b),
        reliability: Sides {
            a: reliability(&measures[0].confidence, right_a),
            b: reliability(&measures[1].confidence, right_b),
        },
        coverage: Sides { a: coverage(&a.rows), b: coverage(&b.rows) },
    };
    Ok((paired, rows.len(), changes))
}

fn right(measures: &TextMeasures) -> Vec<bool> {
    measures.truth.iter().zip(&measures.predicted).map(|(t, p)| t == p).collect()
}

/// Every label of either model or of the rows, by number, so that both models speak of the same ones.
struct Names(Vec<String>);

impl Names {
    fn of(found: [&TextPredictions; 2]) -> Self {
        let mut names = BTreeSet::new();
        for found in found {
            names.extend(found.labels.labels().iter().map(|label| label.category.to_string()));
            names.extend(found.unknown.iter().map(ToString::to_string));
        }
        Self(names.into_iter().collect())
    }

    fn number(&self, name: &str) -> usize {
        self.0.binary_search_by(|known| known.as_str().cmp(name)).unwrap_or(self.0.len())
    }

    fn measures(&self, found: &TextPredictions, rows: &[usize]) -> TextMeasures {
        let own: Vec<usize> = found
            .labels
            .labels()
            .iter()
            .map(|label| self.number(label.category.as_str()))
            .collect();
        let unknown: Vec<usize> =
            found.unknown.iter().map(|name| self.number(name.as_str())).collect();
        let mut measures = TextMeasures::default();
        for row in rows.iter().map(|row| &found.rows[*row]) {
            measures.truth.push(match &row.truth {
                Truth::Label(at) => own[*at],
                Truth::Unknown(at) => unknown[*at],
                Truth::OutOfScope | Truth::Untold => self.0.len(),
            });
            measures.predicted.push(own[row.predicted]);
            measures.confidence.push(row.confidence);
            measures.truth_probability.push(row.truth_probability);
        }
        measures
    }

    fn changes(&self, truth: &[usize], a: &[bool], b: &[bool]) -> Vec<LabelChange> {
        let mut counted: BTreeMap<usize, (usize, usize, usize)> = BTreeMap::new();
        for (truth, (a, b)) in truth.iter().zip(a.iter().zip(b)) {
            let (rows, only_a, only_b) = counted.entry(*truth).or_default();
            *rows += 1;
            *only_a += usize::from(*a && !*b);
            *only_b += usize::from(*b && !*a);
        }
        let changed = counted.into_iter().filter(|(_, (_, a, b))| a + b > 0);
        let mut changes: Vec<LabelChange> = changed
            .filter_map(|(at, (rows, only_a, only_b))| {
                Some(LabelChange { label: self.0.get(at)?.clone(), rows, only_a, only_b })
            })
            .collect();
        changes.sort_by_key(|change| std::cmp::Reverse(change.only_a + change.only_b));
        changes
    }
}
