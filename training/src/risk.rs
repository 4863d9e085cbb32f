//! `recontact-train risk` and `evaluate` of a risk model: from a table of closed tickets to a model folder.
//!
//! Load, label, split by time, fit, measure on the later tickets, write. The folder's figures are measured with the
//! model as it is read back, so they are those of the file that is shipped.

pub mod fit;
pub mod params;
pub mod protocol;
pub mod report;

mod card;
mod evaluate;

pub use evaluate::evaluate_risk;

use crate::bad_input;
use crate::card::markdown_table;
use crate::table::Table;
use crate::tickets::TicketTable;
use anyhow::Context;
use clap::Args;
use params::RiskParams;
use protocol::{Examples, Split, heavy_customers};
use recontact::registry::artifact::{DataFile, sha256_file};
use recontact::registry::{Artifact, Manifest, ModelKind};
use recontact::risk::{MODEL_FILE, RiskModel, RiskWeights};
use recontact::ticket::ClosedTicket;
use recontact::timestamp::Timestamp;
use report::{Bands, DataCounts, FIGURE_HEADS, LightReport, RiskReport};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Arguments of `recontact-train risk`.
#[derive(Debug, Args)]
pub struct RiskArgs {
    /// The closed tickets: CSV, CSV.gz, JSON lines or Parquet, one row per ticket.
    #[arg(long, value_name = "FILE")]
    pub tickets: PathBuf,
    /// The model folder to write; its name becomes the version. It must not exist or be empty.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Parameters, see training/configs/incidents.toml. Left out: the documented defaults.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// A column with true/false to learn instead of deriving the label from later tickets.
    #[arg(long, value_name = "COLUMN")]
    pub label: Option<String>,
    /// Print one JSON object instead of a table.
    #[arg(long)]
    pub json: bool,
}

/// What the manifest keeps of a run's parameters.
#[derive(Debug, Serialize, serde::Deserialize)]
struct RecordedParams {
    label_column: Option<String>,
    #[serde(flatten)]
    params: RiskParams,
}

/// Trains a risk model and writes its folder.
///
/// # Errors
/// [`crate::failure::BadInput`] when arguments, configuration or data are at fault; else what the disk or solver says.
pub fn run(args: RiskArgs) -> anyhow::Result<()> {
    Artifact::check_destination(&args.out).map_err(|error| bad_input!("--out: {error}"))?;
    let params = match &args.config {
        Some(path) => RiskParams::read(path)?,
        None => RiskParams::default(),
    };
    let table = read_tickets(&args.tickets, &params, args.label.as_deref())?;
    let sha256 = sha256_file(&args.tickets)?;
    let observed_until = observed_until(&table.tickets, params.observed_until)?;
    let examples = Examples::label(&table, params.window_days, observed_until, &BTreeSet::new());
    let split = examples.split(&params)?;
    eprintln!(
        "{} tickets with a known outcome, {} train, {} test after {}",
        examples.rows.len(),
        split.train.len(),
        split.test.len(),
        split.at
    );

    let fitted = fit::fit(&split, &params)?;
    let version = args.out.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let model_json = model_json(&fitted.weights)?;
    let model = read_back(&version, &model_json)?;
    let (test, band_counts) = report::measure(&model, split.test, params.seed);
    let data = DataCounts::new(&table, &examples, &split);
    let report = RiskReport {
        version,
        window_days: params.window_days,
        baselines: report::baselines(data.base_rate(), split.test, params.seed),
        data,
        choice: fitted.choice,
        bands: Bands { thresholds: fitted.weights.bands, test: band_counts },
        test,
        without_heavy_customers: light_report(&table, &params, &examples),
    };

    let file = args.tickets.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let data_file = DataFile { role: "tickets".into(), file, sha256, rows: table.rows };
    let recorded = RecordedParams { label_column: args.label, params };
    let manifest = manifest(&report, data_file, &recorded, &model)?;
    let card = card::render(&report, &recorded, &fitted.weights);
    Artifact::write(&args.out, manifest, BTreeMap::from([(MODEL_FILE.into(), model_json)]), &card)?;
    print(&report, args.json)?;
    eprintln!("model written to {}", args.out.display());
    Ok(())
}

/// Reads and checks the closed tickets of a file.
fn read_tickets(
    path: &Path,
    params: &RiskParams,
    label: Option<&str>,
) -> anyhow::Result<TicketTable> {
    let table = TicketTable::from_table(&Table::read(path)?, &params.columns, label)?;
    if table.tickets.is_empty() {
        return Err(bad_input!("{}: no row names its customer", path.display()));
    }
    if table.without_customer > 0 {
        eprintln!("{} rows without a customer are left out", table.without_customer);
    }
    if !params.columns.text.is_empty() {
        eprintln!("not used by the risk model: text columns {}", params.columns.text.join(", "));
    }
    Ok(table)
}

/// Until when the table's openings are known: as configured, else its last opening.
fn observed_until(
    tickets: &[ClosedTicket],
    configured: Option<Timestamp>,
) -> anyhow::Result<Timestamp> {
    configured
        .or_else(|| tickets.iter().map(|ticket| ticket.opened_at).max())
        .context("there is no ticket")
}

/// The run again without the customers who write most, whose habits would else pass for the model's skill. `None`,
/// with a word on standard error, when too little is left.
fn light_report(
    table: &TicketTable,
    params: &RiskParams,
    all: &Examples<'_>,
) -> Option<LightReport> {
    let heavy = heavy_customers(&table.tickets, params.heavy_customer_tickets);
    let light = || -> anyhow::Result<LightReport> {
        let examples = Examples::label(table, params.window_days, all.observed_until, &heavy);
        let split: Split<'_, '_> = examples.split(params)?;
        let fitted = fit::fit(&split, params)?;
        let model = RiskModel::new(String::new(), fitted.weights).map_err(anyhow::Error::msg)?;
        let data = DataCounts::new(table, &examples, &split);
        Ok(LightReport {
            most_tickets: params.heavy_customer_tickets,
            customers: heavy.len(),
            tickets: all.rows.len() - examples.rows.len(),
            test: report::measure(&model, split.test, params.seed).0,
            baselines: report::baselines(data.base_rate(), split.test, params.seed),
            data,
        })
    };
    light().inspect_err(|error| eprintln!("no figures without heavy customers: {error}")).ok()
}

fn model_json(weights: &RiskWeights) -> anyhow::Result<Vec<u8>> {
    let mut json = serde_json::to_vec_pretty(weights)?;
    json.push(b'\n');
    Ok(json)
}

fn read_back(version: &str, model_json: &[u8]) -> anyhow::Result<RiskModel> {
    let weights = serde_json::from_slice(model_json).context("reading the model back")?;
    RiskModel::new(version.to_owned(), weights)
        .map_err(|fault| anyhow::anyhow!("the trained model is not usable: {fault}"))
}

fn manifest(
    report: &RiskReport,
    data: DataFile,
    recorded: &RecordedParams,
    model: &RiskModel,
) -> anyhow::Result<Manifest> {
    let features: Vec<&str> = model.feature_names().collect();
    Ok(Manifest {
        format: 0,
        kind: ModelKind::Risk,
        version: String::new(),
        created_at: Timestamp::now(),
        program: format!("recontact-train {}", env!("CARGO_PKG_VERSION")),
        data: vec![data],
        parameters: serde_json::to_value(recorded)?,
        model: serde_json::json!({ "window_days": report.window_days, "features": features }),
        metrics: serde_json::to_value(report)?,
        files: BTreeMap::new(),
    })
}

fn print(report: &RiskReport, json: bool) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    if json {
        serde_json::to_writer(&mut out, report)?;
        writeln!(out)?;
    } else {
        let table = markdown_table(&FIGURE_HEADS, &report.figure_rows());
        writeln!(out, "{table}\n{}", report.reading())?;
    }
    Ok(())
}
