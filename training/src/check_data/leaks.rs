//! What tells the label without being understood: its name in the text, or another column.

use super::rows::{ReadRows, UsableRow, bare};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};

/// From which share of right guesses on a column gives the label away.
const GIVEAWAY: f64 = 0.95;
/// How much better than always guessing the most frequent label it must be.
const ABOVE_MAJORITY: f64 = 0.05;

/// A label whose name stands in its own texts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NamedLabel {
    /// The label.
    pub label: String,
    /// Its texts with the name in them.
    pub rows: usize,
    /// Its texts.
    pub of: usize,
}

/// A column that gives the label away.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Giveaway {
    /// The column.
    pub column: String,
    /// Share of rows whose label is the most frequent one among the other rows with the same value.
    pub accuracy: f64,
    /// Rows whose value occurs more than once.
    pub rows: usize,
}

/// The labels whose name stands in their texts, those with the largest share first. Underscores and hyphens are read as
/// blanks.
#[must_use]
pub fn named(rows: &[UsableRow]) -> Vec<NamedLabel> {
    let mut counted: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for row in rows {
        let name = words(row.label.as_str());
        let (named, all) = counted.entry(row.label.as_str()).or_default();
        *all += 1;
        if name.is_empty() {
            continue;
        }
        *named += usize::from(format!(" {} ", words(&row.bare())).contains(&format!(" {name} ")));
    }
    let found = counted.into_iter().filter(|(_, (named, _))| *named > 0);
    let mut found: Vec<NamedLabel> =
        found.map(|(label, (rows, of))| NamedLabel { label: label.to_owned(), rows, of }).collect();
    found.sort_by(|a, b| (b.rows * a.of).cmp(&(a.rows * b.of)).then(a.label.cmp(&b.label)));
    found
}

/// Words in small letters between single blanks.
fn words(text: &str) -> String {
    let spaced: String = text.chars().map(|c| if c.is_alphanumeric() { c } else { ' ' }).collect();
    bare(&spaced)
}

/// The columns that give the label away.
#[must_use]
pub fn giveaways(data: &ReadRows) -> Vec<Giveaway> {
    let mut all: HashMap<&str, usize> = HashMap::new();
    data.usable.iter().for_each(|row| *all.entry(row.label.as_str()).or_default() += 1);
    let labelled = data.usable.len();
    let most = all.values().copied().max().unwrap_or(0);
    let majority = share(most, labelled);
    let found = data.others.iter().filter_map(|column| {
        let (mut right, mut rows) = (0, 0);
        for labels in column.values() {
            let all: usize = labels.iter().map(|(_, rows)| *rows as usize).sum();
            if all < 2 {
                continue;
            }
            rows += all;
            right += guessed(labels);
        }
        let accuracy = share(right, rows);
        // Of a column whose values hardly come twice nothing can be said.
        let is_told = 2 * rows >= labelled && rows > 0;
        (is_told && accuracy >= GIVEAWAY && accuracy >= majority + ABOVE_MAJORITY)
            .then(|| Giveaway { column: column.name.clone(), accuracy, rows })
    });
    found.collect()
}

/// Rows whose label is the most frequent one among the others of the same value; of equally frequent ones none is.
fn guessed(labels: &[(u32, u32)]) -> usize {
    let is_most =
        |label: u32, own: u32| labels.iter().all(|(other, rows)| *other == label || *rows < own);
    labels
        .iter()
        .filter(|(label, own)| *own > 1 && is_most(*label, *own - 1))
        .map(|(_, own)| *own as usize)
        .sum()
}

#[expect(clippy::cast_precision_loss, reason = "row counts fit into 53 bits")]
fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}
