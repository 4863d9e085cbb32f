//! Findings on standard output: tables for people, or one JSON object.

use super::rows::{Part, RowRef};
use super::{DataCheck, Excerpt};
use crate::card::markdown_table;
use std::collections::BTreeMap;
use std::io::Write;

/// Rows of each finding that are printed; JSON and the page have more.
const SHOWN: usize = 10;

pub(super) fn print(found: &DataCheck, json: bool) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    if json {
        serde_json::to_writer(&mut out, found)?;
        writeln!(out)?;
        return Ok(());
    }
    let rows: Vec<Vec<String>> =
        counts(found).into_iter().map(|(what, count)| vec![what, count]).collect();
    writeln!(out, "{}", markdown_table(&[found.file.as_str(), ""], &rows))?;
    let labels: Vec<Vec<String>> = found
        .labels
        .iter()
        .map(|label| vec![label.label.clone(), label.rows.to_string(), label.test_rows.to_string()])
        .collect();
    let ends = if labels.len() > 2 * SHOWN {
        let (first, last) = (&labels[..SHOWN], &labels[labels.len() - SHOWN..]);
        [first, &[vec!["…".to_owned(), String::new(), String::new()]], last].concat()
    } else {
        labels
    };
    writeln!(out, "{}", markdown_table(&["label", "rows", "test rows"], &ends))?;
    for alike in &found.alike_labels {
        writeln!(out, "Labels that differ only in writing: {}", alike.join(" | "))?;
    }
    let excerpts: BTreeMap<RowRef, &Excerpt> =
        found.excerpts.iter().map(|excerpt| (excerpt.at, excerpt)).collect();
    let told = |at: RowRef| match excerpts.get(&at) {
        Some(excerpt) => format!("{} {:?}", place(at), excerpt.text),
        None => place(at),
    };
    for group in found.contradictions.first.iter().take(SHOWN) {
        let rows: Vec<String> =
            group.iter().map(|row| format!("{} ({})", told(row.at), row.label)).collect();
        writeln!(out, "One text, several labels: {}", rows.join(", "))?;
    }
    for named in found.named_labels.iter().take(SHOWN) {
        let (label, rows, of) = (&named.label, named.rows, named.of);
        writeln!(out, "The name of {label} stands in {rows} of its {of} texts.")?;
    }
    for column in &found.giveaways {
        writeln!(
            out,
            "Column {} gives the label away: {:.1} % of {} rows can be guessed from it.",
            column.column,
            100.0 * column.accuracy,
            column.rows
        )?;
    }
    if let Some(noise) = &found.noise
        && !noise.doubtful.is_empty()
    {
        let rows: Vec<Vec<String>> = noise
            .doubtful
            .iter()
            .take(SHOWN)
            .map(|row| {
                vec![
                    told(row.at),
                    row.label.clone(),
                    format!("{:.3}", row.label_probability),
                    row.believed.clone(),
                    format!("{:.3}", row.probability),
                ]
            })
            .collect();
        let heads = ["doubtful label", "given", "p", "believed", "p"];
        writeln!(out, "\n{}", markdown_table(&heads, &rows))?;
    }
    Ok(())
}

/// Each finding with its number.
fn counts(found: &DataCheck) -> Vec<(String, String)> {
    let line = |what: &str, count: usize| (what.to_owned(), count.to_string());
    let mut lines = vec![
        line("rows", found.rows),
        line("rows of the test file", found.test_rows),
        line("labels", found.labels.len()),
        line("labels with fewer than 10 rows", found.few_rows),
        line("labels only in the test file", found.only_in_test.len()),
        line("labels that differ only in writing", found.alike_labels.len()),
        line("rows without a text", found.unusable.without_text.count),
        line("rows without a label", found.unusable.without_label.count),
        line("rows that are not accepted", found.unusable.not_accepted.count),
        line("texts that occur several times, one label", found.duplicates.texts),
        line("texts that occur several times, several labels", found.contradictions.texts),
        line("texts in both files", found.in_both),
        line("pairs of texts nearly the same, in one file", found.near.within),
        line("pairs of texts nearly the same, across the files", found.near.across),
        line("of these pairs with different labels", found.near.other_label),
        line("labels whose name stands in their texts", found.named_labels.len()),
        line("columns that give the label away", found.giveaways.len()),
    ];
    if let Some(noise) = &found.noise {
        lines.push(line("labels that a model of words does not believe", noise.disagreements));
        lines.push(line("of so many that were checked", noise.checked));
    }
    let languages: Vec<String> = found
        .languages
        .iter()
        .map(|count| format!("{} {}", count.language.unwrap_or("unknown"), count.rows))
        .collect();
    lines.push(("languages".to_owned(), languages.join(", ")));
    lines
}

/// Where a row is.
fn place(at: RowRef) -> String {
    match at.part {
        Part::Data => format!("row {}", at.row),
        Part::Test => format!("test row {}", at.row),
    }
}
