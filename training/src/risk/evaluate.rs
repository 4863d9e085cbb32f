//! What a stored risk model says of a table of closed tickets: the one place from which it is measured and compared.

use super::observed::observed_until;
use super::protocol::{Example, Examples, heavy_customers};
use super::report::{self, Baselines};
use super::{RecordedParams, labelled, mind_treated, read_tickets, warn};
use crate::bad_input;
use crate::tickets::TicketTable;
use anyhow::Context;
use recontact::classify::language;
use recontact::registry::Artifact;
use recontact::registry::artifact::sha256_file;
use recontact::risk::{RiskBand, RiskModel};
use recontact::ticket::{ClosedTicket, Name};
use recontact::timestamp::Timestamp;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

/// One ticket with a known outcome.
#[derive(Debug, Clone, PartialEq)]
pub struct RiskRow {
    /// Its row of the file, counted from 1.
    pub number: usize,
    /// Whose it was, as a number.
    pub customer: usize,
    /// Whether the customer has more tickets in the file than training calls heavy.
    pub is_heavy: bool,
    /// What the model says.
    pub probability: f64,
    /// The same as log-odds.
    pub logit: f64,
    /// Its band.
    pub band: RiskBand,
    /// Whether the customer came back.
    pub positive: bool,
    /// ISO 639-1 code of the language of its first text, where there is one and it can be told.
    pub language: Option<&'static str>,
    /// How the customer came in.
    pub channel: Option<Name>,
}

/// A model's answers to the labelled, mature tickets of a file, in order of their closing.
#[derive(Debug, Clone)]
pub struct RiskPredictions {
    /// Days of the label's window.
    pub window_days: u32,
    /// Data rows of the file.
    pub table_rows: usize,
    /// Rows that name no customer.
    pub without_customer: usize,
    /// Tickets whose window had not ended.
    pub immature: usize,
    /// Tickets whose label is empty.
    pub unlabelled: usize,
    /// Until when openings are known.
    pub observed_until: Timestamp,
    /// Only tickets closed after this instant are here; set when the file is the one the model was trained on.
    pub closed_after: Option<Timestamp>,
    /// Seed of the order of equal scores, that of the training.
    pub seed: u64,
    /// Customers with more tickets than this are heavy.
    pub heavy_customer_tickets: usize,
    /// Whether the tickets have texts, so that their language is known.
    pub has_texts: bool,
    /// The tickets.
    pub rows: Vec<RiskRow>,
    /// Figures of what needs no model, on the same tickets.
    pub baselines: Baselines,
}

/// Asks a stored model about the labelled, mature tickets of a file. Of the file it was trained on only the tickets after
/// the end of training count.
///
/// # Errors
/// [`crate::failure::BadInput`] when the data are at fault.
pub fn predictions(
    artifact: &Artifact,
    data: &Path,
    now: Timestamp,
) -> anyhow::Result<RiskPredictions> {
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
    // Of the training file the tickets before the end of training are at hand; of another one, its own rates stand in.
    let before = if first > 0 { &examples.rows[..first] } else { tickets };
    Ok(RiskPredictions {
        window_days: model.window_days(),
        table_rows: table.rows,
        without_customer: table.without_customer,
        immature: examples.immature,
        unlabelled: examples.unlabelled,
        observed_until: until,
        closed_after,
        seed: params.seed,
        heavy_customer_tickets: params.heavy_customer_tickets,
        has_texts: !table.texts.is_empty(),
        rows: answers(&model, &table, tickets, params.heavy_customer_tickets),
        baselines: report::baselines(before, tickets, params.seed),
    })
}

/// What a model says of one ticket.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoredTicket {
    /// Its row of the file, counted from 1.
    pub number: usize,
    /// The helpdesk's identifier.
    pub id: Name,
    /// Probability that the customer comes back within the window.
    pub probability: f64,
    /// The same as log-odds.
    pub logit: f64,
    /// Its band.
    pub band: RiskBand,
}

/// Asks a stored model about every closed ticket of a file whose customer is known, whatever became of it; in the file's
/// order.
///
/// # Errors
/// [`crate::failure::BadInput`] when the data are at fault.
pub fn scores(artifact: &Artifact, data: &Path) -> anyhow::Result<Vec<ScoredTicket>> {
    let model = RiskModel::load(artifact)?;
    let recorded: RecordedParams = serde_json::from_value(artifact.manifest().parameters.clone())
        .map_err(|error| {
        artifact.content_error("manifest.json", format!("parameters: {error}"))
    })?;
    let mut table = read_tickets(data, &recorded.params, None)?;
    mind_treated(&mut table, data, &recorded.params)?;
    // With no end of observation every ticket has an outcome, right or wrong; it is not looked at.
    let examples =
        Examples::label(&table, recorded.params.window_days, Timestamp::LATEST, &BTreeSet::new());
    let number = row_numbers(&table);
    let risks = report::assess(&model, &examples.rows);
    let scored = risks.iter().zip(&examples.rows).map(|(risk, example)| ScoredTicket {
        number: number.get(example.id).copied().unwrap_or_default(),
        id: example.id.clone(),
        probability: risk.probability.value(),
        logit: risk.logit,
        band: risk.band,
    });
    let mut scored: Vec<ScoredTicket> = scored.collect();
    scored.sort_by_key(|ticket| ticket.number);
    Ok(scored)
}

/// The row of each ticket.
fn row_numbers(table: &TicketTable) -> HashMap<&Name, usize> {
    let numbered = table.tickets.iter().zip(&table.row_numbers);
    numbered.map(|(ticket, row)| (&ticket.id, *row)).collect()
}

fn answers(
    model: &RiskModel,
    table: &TicketTable,
    tickets: &[Example<'_>],
    heavy_customer_tickets: usize,
) -> Vec<RiskRow> {
    let risks = report::assess(model, tickets);
    let heavy = heavy_customers(&table.tickets, heavy_customer_tickets);
    let number = row_numbers(table);
    let mut customers: BTreeMap<&Name, usize> = BTreeMap::new();
    let expected = language::DEFAULT_EXPECTED.map(str::to_owned);
    let mut rows = Vec::with_capacity(tickets.len());
    for (risk, example) in risks.iter().zip(tickets) {
        let ticket = example.facts.ticket();
        let next = customers.len();
        rows.push(RiskRow {
            number: number.get(example.id).copied().unwrap_or_default(),
            customer: *customers.entry(&ticket.customer_id).or_insert(next),
            is_heavy: heavy.contains(&ticket.customer_id),
            probability: risk.probability.value(),
            logit: risk.logit,
            band: risk.band,
            positive: example.positive,
            language: first_text(table, example).and_then(|text| language::detect(text, &expected)),
            channel: ticket.details.channel.clone(),
        });
    }
    rows
}

/// The first of a ticket's texts.
fn first_text<'e>(table: &TicketTable, example: &'e Example<'_>) -> Option<&'e str> {
    table.texts.iter().find_map(|column| example.facts.text(column))
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
