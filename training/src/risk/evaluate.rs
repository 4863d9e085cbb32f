//! `recontact-train evaluate` for a risk model: a stored model on a table of closed tickets.

use super::observed::observed_until;
use super::report::{self, BandCount, Baselines, FIGURE_HEADS, Figures, figure_row};
use super::{RecordedParams, labelled, mind_treated, read_tickets, warn};
use crate::bad_input;
use crate::card::markdown_table;
use anyhow::Context;
use recontact::registry::Artifact;
use recontact::registry::artifact::sha256_file;
use recontact::risk::RiskModel;
use recontact::ticket::ClosedTicket;
use recontact::timestamp::Timestamp;
use serde::Serialize;
use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;

#[derive(Serialize)]
struct Evaluation {
    version: String,
    window_days: u32,
    rows: usize,
    without_customer: usize,
    immature: usize,
    unlabelled: usize,
    observed_until: Timestamp,
    /// Only tickets closed after this instant are measured; set when the file is the one the model was trained on.
    closed_after: Option<Timestamp>,
    test: Figures,
    bands: Vec<BandCount>,
    baselines: Baselines,
}

/// Measures a stored model on the labelled, mature tickets of a file. Of the file it was trained on only the tickets
/// after the end of training count.
///
/// # Errors
/// [`crate::failure::BadInput`] when the data are at fault.
pub fn evaluate_risk(
    artifact: &Artifact,
    data: &Path,
    json: bool,
    now: Timestamp,
) -> anyhow::Result<()> {
    let model = RiskModel::load(artifact)?;
    let manifest = artifact.manifest();
    let recorded: RecordedParams = serde_json::from_value(manifest.parameters.clone())
        .map_err(|error| artifact.content_error("manifest.json", format!("parameters: {error}")))?;
    let params = &recorded.params;
    let mut table = read_tickets(data, params, recorded.label_column.as_deref())?;
    mind_treated(&mut table, data, params)?;
    if recorded.treated_file.is_some() && table.treated.is_none() {
        warn("the model was trained beside a file that says who was followed up; here nothing says it".into());
    }
    let configured = configured_end(&table.tickets, params.observed_until);
    let until = observed_until(&table, configured, params.window_days, now, warn)?;
    let examples = labelled(&table, params, until, &BTreeSet::new());

    let sha256 = sha256_file(data)?;
    let is_training_file = manifest.data.iter().any(|file| file.sha256 == sha256);
    let closed_after = if is_training_file { Some(end_of_training(artifact)?) } else { None };
    let first =
        examples.rows.partition_point(|row| closed_after.is_some_and(|end| row.closed_at <= end));
    let tickets = &examples.rows[first..];
    if tickets.is_empty() {
        return Err(bad_input!(
            "{}: no ticket has a known outcome: {} closed less than {} days before {until}",
            data.display(),
            examples.immature,
            model.window_days()
        ));
    }
    let (test, bands) = report::measure(&report::assess(&model, tickets), tickets, params.seed);
    // Of the training file the tickets before the end of training are at hand; of another one, its own rates stand in.
    let before = if first > 0 { &examples.rows[..first] } else { tickets };
    let evaluation = Evaluation {
        version: manifest.version.clone(),
        window_days: model.window_days(),
        rows: table.rows,
        without_customer: table.without_customer,
        immature: examples.immature,
        unlabelled: examples.unlabelled,
        observed_until: until,
        closed_after,
        test,
        bands,
        baselines: report::baselines(before, tickets, params.seed),
    };
    print(&evaluation, json)
}

/// The configured end of observation belongs to the training file; for a file that does not reach over it, that
/// file's own last opening counts.
fn configured_end(tickets: &[ClosedTicket], configured: Option<Timestamp>) -> Option<Timestamp> {
    let first = tickets.iter().map(|ticket| ticket.opened_at).min()?;
    let last = tickets.iter().map(|ticket| ticket.opened_at).max()?;
    configured.filter(|end| (first..=last).contains(end))
}

fn end_of_training(artifact: &Artifact) -> anyhow::Result<Timestamp> {
    let text = artifact.manifest().metrics.pointer("/data/split_at").and_then(|at| at.as_str());
    Ok(Timestamp::parse(text.context("the manifest does not say when training ended")?)?)
}

fn print(evaluation: &Evaluation, json: bool) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    if json {
        serde_json::to_writer(&mut out, evaluation)?;
        writeln!(out)?;
        return Ok(());
    }
    let rows = [
        figure_row(&format!("model {}", evaluation.version), &evaluation.test),
        figure_row("baseline: tickets in 30 days", &evaluation.baselines.tickets_30d),
        figure_row("baseline: issue base rate", &evaluation.baselines.issue_base_rate),
        figure_row("baseline: base rate, random", &evaluation.baselines.base_rate),
    ];
    writeln!(out, "{}", markdown_table(&FIGURE_HEADS, &rows))?;
    if let Some(end) = evaluation.closed_after {
        writeln!(
            out,
            "The model was trained on this file: only tickets closed after {end} are measured."
        )?;
    }
    Ok(())
}
