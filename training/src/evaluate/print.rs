//! Evaluations on standard output: tables for people, or one JSON object.

use super::texts::TextEvaluation;
use super::tickets::RiskEvaluation;
use crate::card::markdown_table;
use crate::risk::report::{FIGURE_HEADS, figure_row, rate};
use recontact::statistics::Interval;
use std::io::Write;

/// Confusions that are printed; JSON and the page have more.
const SHOWN: usize = 10;

pub(super) fn texts(found: &TextEvaluation, json: bool) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    if json {
        serde_json::to_writer(&mut out, found)?;
        writeln!(out)?;
        return Ok(());
    }
    let test = &found.test;
    let heads = [found.version.as_str(), "rows", "accuracy", "macro-F1", "ECE", "log loss"];
    let figures = [
        ("accuracy", test.accuracy),
        ("macro_f1", test.macro_f1),
        ("ece", test.ece),
        ("log_loss", test.log_loss),
    ];
    let values = figures.iter().map(|(_, value)| format!("{value:.4}"));
    let ends = figures.iter().map(|(name, _)| interval(found.intervals.of.get(name)));
    let row = |name: &str, rows: String, cells: Vec<String>| {
        [name.to_owned(), rows].into_iter().chain(cells).collect::<Vec<_>>()
    };
    let rows = [
        row("value", test.rows.to_string(), values.collect()),
        row("95 % interval", String::new(), ends.collect()),
    ];
    writeln!(out, "{}", markdown_table(&heads, &rows))?;
    if let Some(scope) = &found.out_of_scope {
        writeln!(
            out,
            "Of {} texts out of scope {:.1} % are told, of those in scope {:.1} % are kept (AUROC {:.4}).\n",
            scope.rows,
            100.0 * scope.caught.unwrap_or_default(),
            100.0 * scope.kept.unwrap_or(1.0),
            scope.auroc
        )?;
    }
    let confusions: Vec<Vec<String>> = found
        .confusions
        .iter()
        .take(SHOWN)
        .map(|pair| {
            let (truth, predicted) = (pair.truth.clone(), pair.predicted.clone());
            vec![truth, predicted, pair.rows.to_string(), pair.of.to_string()]
        })
        .collect();
    if !confusions.is_empty() {
        let heads = ["right label", "taken for", "rows", "of"];
        writeln!(out, "{}", markdown_table(&heads, &confusions))?;
    }
    for slices in &found.slices {
        let rows: Vec<Vec<String>> = slices
            .values
            .iter()
            .map(|slice| {
                vec![
                    slice.value.clone().unwrap_or_else(|| "–".to_owned()),
                    slice.figures.rows.to_string(),
                    format!("{:.4}", slice.figures.accuracy),
                    interval(slice.interval.as_ref()),
                    format!("{:.4}", slice.figures.macro_f1),
                    format!("{:.4}", slice.figures.ece),
                ]
            })
            .collect();
        let heads =
            [slices.column.as_str(), "rows", "accuracy", "95 % interval", "macro-F1", "ECE"];
        writeln!(out, "{}", markdown_table(&heads, &rows))?;
    }
    if found.data.was_trained_on {
        writeln!(out, "The model was trained on this very file: the figures flatter it.")?;
    }
    Ok(())
}

pub(super) fn tickets(found: &RiskEvaluation, json: bool) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    if json {
        serde_json::to_writer(&mut out, found)?;
        writeln!(out)?;
        return Ok(());
    }
    let ends = |name: &str| interval(found.intervals.of.get(name));
    let rows = [
        figure_row(&format!("model {}", found.version), &found.test),
        [
            "95 % interval".to_owned(),
            String::new(),
            String::new(),
            ends("roc_auc"),
            ends("pr_auc"),
            ends("brier"),
            ends("ece"),
            String::new(),
            String::new(),
        ]
        .to_vec(),
        figure_row("baseline: tickets in 30 days", &found.baselines.tickets_30d),
        figure_row("baseline: issue base rate", &found.baselines.issue_base_rate),
        figure_row("baseline: base rate, random", &found.baselines.base_rate),
    ];
    writeln!(out, "{}", markdown_table(&FIGURE_HEADS, &rows))?;
    for slices in &found.slices {
        let rows: Vec<Vec<String>> = slices
            .values
            .iter()
            .map(|slice| {
                let figures = &slice.figures;
                vec![
                    slice.value.clone().unwrap_or_else(|| "–".to_owned()),
                    figures.rows.to_string(),
                    format!("{:.3}", slice.stated),
                    format!("{:.3}", rate(figures.positives, figures.rows)),
                    figures.roc_auc.map_or("–".to_owned(), |area| format!("{area:.4}")),
                    figures.brier.map_or("–".to_owned(), |brier| format!("{brier:.4}")),
                ]
            })
            .collect();
        let heads = [slices.column.as_str(), "tickets", "stated", "came back", "ROC-AUC", "Brier"];
        writeln!(out, "{}", markdown_table(&heads, &rows))?;
    }
    if let Some(end) = found.closed_after {
        writeln!(
            out,
            "The model was trained on this file: only tickets closed after {end} are measured."
        )?;
    }
    Ok(())
}

fn interval(found: Option<&Interval>) -> String {
    found.map_or_else(|| "–".to_owned(), |ends| format!("{:.4}–{:.4}", ends.low, ends.high))
}
