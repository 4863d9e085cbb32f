//! `recontact-train risk`: from a table of closed tickets to a model folder.
//!
//! Load, label, split by time, choose in folds of the earlier tickets, fit, measure on the later ones, write. The folder's
//! figures are measured with the model as it is read back, so they are those of the file that is shipped.

pub mod boost;
pub mod calibrate;
pub mod design;
pub mod fit;
pub mod leakage;
pub mod params;
pub mod protocol;
mod rates;
pub mod report;
pub mod select;
pub mod texts;
pub mod threshold;
pub mod windows;

mod card;
mod evaluate;
mod joined;
mod observed;
mod walk;

pub use evaluate::{RiskPredictions, RiskRow, ScoredTicket, predictions, scores};

use crate::bad_input;
use crate::card::markdown_table;
use crate::progress::FitBar;
use crate::run_lock::RunLock;
use crate::tickets::TicketTable;
use anyhow::Context;
use clap::Args;
use design::Candidate;
use fit::FittedRisk;
use leakage::Suspicion;
use observed::observed_until;
use params::{FeatureGroup, RiskParams, TreatedChoice};
use protocol::{Examples, Split, heavy_customers};
use recontact::registry::artifact::{DataFile, sha256_file};
use recontact::registry::{Artifact, Manifest, ModelKind};
use recontact::risk::text::TextProjection;
use recontact::risk::{MODEL_FILE, RiskModel, RiskWeights};
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
    /// Outcomes written by `recontact-train label`, joined on the ticket; the option `target` says what counts.
    #[arg(long, value_name = "FILE", conflicts_with = "label")]
    pub outcomes: Option<PathBuf>,
    /// Who was followed up, as `recontact report treated` writes it, joined on the ticket; the option `treated` says what to
    /// do with them.
    #[arg(long, value_name = "FILE")]
    pub treated: Option<PathBuf>,
    /// Train although a column seems to tell the outcome.
    #[arg(long)]
    pub allow_leakage: bool,
    /// Print one JSON object instead of a table.
    #[arg(long)]
    pub json: bool,
}

/// What the manifest keeps of a run's parameters.
#[derive(Debug, Serialize, serde::Deserialize)]
struct RecordedParams {
    label_column: Option<String>,
    #[serde(default)]
    outcome_file: Option<String>,
    #[serde(default)]
    treated_file: Option<String>,
    #[serde(flatten)]
    params: RiskParams,
}

/// Trains a risk model and writes its folder; `now` is the clock, which no default reaches beyond.
///
/// # Errors
/// [`crate::failure::BadInput`] when arguments, configuration or data are at fault; else what the disk or solver says.
pub fn run(args: RiskArgs, now: Timestamp) -> anyhow::Result<()> {
    Artifact::check_destination(&args.out).map_err(|error| bad_input!("--out: {error}"))?;
    let _lock = RunLock::take(&args.out)?;
    let params = match &args.config {
        Some(path) => RiskParams::read(path)?,
        None => RiskParams::default(),
    };
    let mut table = read_tickets(&args.tickets, &params, args.label.as_deref())?;
    let data = joined(&args, &mut table, &params)?;
    mind_treated(&mut table, &args.tickets, &params)?;
    let observed_until =
        observed_until(&table, params.observed_until, params.window_days, now, warn)?;
    let mut examples = labelled(&table, &params, observed_until, &BTreeSet::new());
    let projections = learn_texts(&mut examples, &table, &params)?;
    let split = examples.split(&params)?;
    eprintln!(
        "{} tickets with a known outcome, {} train, {} test after {}",
        examples.rows.len(),
        split.train.len(),
        split.test.len(),
        split.at
    );

    let candidates = design::candidates(&params, &projections, split.train)?;
    let suspicions = suspected(&candidates, &split, &params, args.allow_leakage)?;
    let bar = FitBar::new("fitting");
    let fitted = fit::fit(&split, &candidates, &params, examples.has_windows, &bar)?;
    let version = args.out.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let model_json = model_json(&fitted.weights)?;
    let model = read_back(&version, &model_json)?;
    let risks = report::assess(&model, split.test);
    let (test, band_counts) = report::measure(&risks, split.test, params.seed);
    // A file of outcomes says itself which of them are mature.
    let known_until = if table.outcomes.is_empty() { observed_until } else { Timestamp::LATEST };
    let report = RiskReport {
        version,
        window_days: params.window_days,
        baselines: report::baselines(split.train, split.test, params.seed),
        data: DataCounts::new(&table, &examples, &split),
        choice: fitted.choice.clone(),
        suspected_leakage: suspicions,
        bands: Bands {
            thresholds: fitted.weights.bands,
            teams: fitted.weights.team_bands.clone(),
            follow_up: fitted.weights.follow_up,
            test: band_counts,
        },
        at: report::at_shares(&risks, split.test, params.seed),
        capacity: threshold::at_capacity(&risks, split.test, &params.threshold),
        calibration_curve: report::calibration_curve(&risks, split.test),
        windows: windows::measured(&risks, split.test, known_until)
            .into_iter()
            .filter(|_| examples.has_windows)
            .collect(),
        test,
        without_heavy_customers: light_report(&table, &params, &examples, &fitted, &bar),
    };

    let recorded = RecordedParams {
        label_column: args.label,
        outcome_file: args.outcomes.as_deref().map(file_name),
        treated_file: args.treated.as_deref().map(file_name),
        params,
    };
    let manifest = manifest(&report, data, &recorded, &model, now)?;
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
    let table = TicketTable::read(path, &params.columns, label)?;
    if table.tickets.is_empty() {
        return Err(bad_input!("{}: no row names its customer", path.display()));
    }
    if table.without_customer > 0 {
        eprintln!("{} rows without a customer are left out", table.without_customer);
    }
    Ok(table)
}

/// Joins what other files say of the tickets, and names all files for the manifest.
fn joined(
    args: &RiskArgs,
    table: &mut TicketTable,
    params: &RiskParams,
) -> anyhow::Result<Vec<DataFile>> {
    let data_file = |role: &str, path: &Path, rows| -> anyhow::Result<DataFile> {
        let (role, sha256) = (role.to_owned(), sha256_file(path)?);
        Ok(DataFile { role, file: file_name(path), sha256, rows })
    };
    let mut files = vec![data_file("tickets", &args.tickets, table.rows)?];
    if let Some(path) = &args.outcomes {
        let rows = joined::join_outcomes(table, path, params.window_days, params.target)?;
        files.push(data_file("outcomes", path, rows)?);
    }
    if let Some(path) = &args.treated {
        let rows = joined::join_treated(table, path, |told| eprintln!("{told}"))?;
        files.push(data_file("treated", path, rows)?);
    }
    Ok(files)
}

/// Refuses tickets that were followed up unless the parameters say what to do with them.
fn mind_treated(table: &mut TicketTable, path: &Path, params: &RiskParams) -> anyhow::Result<()> {
    let treated = table.treated.iter().flatten().filter(|treated| **treated).count();
    match params.treated {
        None if treated > 0 => {
            return Err(bad_input!(
                "{}: {treated} of {} tickets were followed up, which changed their outcomes; set treated = \"exclude\" \
                 to train on the others, or treated = \"model\" to make it a feature",
                path.display(),
                table.tickets.len()
            ));
        }
        Some(TreatedChoice::Model) => table.treated_as_attribute(),
        _ => {}
    }
    Ok(())
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

#[expect(clippy::needless_pass_by_value, reason = "what makes a warning gives it away")]
fn warn(warning: String) {
    eprintln!("warning: {warning}");
}

/// The tickets with an outcome; those that were followed up are left out where the parameters say so.
fn labelled<'t>(
    table: &'t TicketTable,
    params: &RiskParams,
    observed_until: Timestamp,
    without: &BTreeSet<&recontact::ticket::Name>,
) -> Examples<'t> {
    let mut examples = Examples::label(table, params.window_days, observed_until, without);
    if params.treated == Some(TreatedChoice::Exclude) {
        examples.leave_out_treated();
    }
    examples
}

/// Learns the components of texts on the training part and computes those of all tickets.
fn learn_texts(
    examples: &mut Examples<'_>,
    table: &TicketTable,
    params: &RiskParams,
) -> anyhow::Result<BTreeMap<String, TextProjection>> {
    let used = params.try_features.iter().chain(&params.keep_features);
    if table.texts.is_empty() || !used.into_iter().any(|group| *group == FeatureGroup::Texts) {
        return Ok(BTreeMap::new());
    }
    let train = examples.split(params)?.train;
    let projections = texts::learn(&table.texts, train, &params.text);
    texts::project(&mut examples.rows, &projections);
    Ok(projections)
}

/// Looks for columns that tell the outcome, and refuses them unless they are allowed.
fn suspected(
    candidates: &[Candidate],
    split: &Split<'_, '_>,
    params: &RiskParams,
    allow: bool,
) -> anyhow::Result<Vec<Suspicion>> {
    let folds = split.folds(params)?;
    let Some(fold) = folds.last() else { return Ok(Vec::new()) };
    let suspicions = leakage::suspicions(candidates, fold, params);
    if suspicions.is_empty() {
        return Ok(suspicions);
    }
    let sentence = leakage::sentence(&suspicions);
    if !allow && leakage::is_certain(fold) {
        return Err(bad_input!("{sentence}"));
    }
    eprintln!("warning: {sentence}");
    Ok(suspicions)
}

/// The run again without the customers who write most, whose habits would else pass for the model's skill; with the
/// hyperparameters that were chosen. `None`, with a word on standard error, when too little is left.
fn light_report(
    table: &TicketTable,
    params: &RiskParams,
    all: &Examples<'_>,
    fitted: &FittedRisk,
    bar: &FitBar,
) -> Option<LightReport> {
    let heavy = heavy_customers(&table.tickets, params.heavy_customer_tickets);
    let light = || -> anyhow::Result<LightReport> {
        let mut examples = labelled(table, params, all.observed_until, &heavy);
        let projections = learn_texts(&mut examples, table, params)?;
        let split: Split<'_, '_> = examples.split(params)?;
        let candidates = design::candidates(params, &projections, split.train)?;
        let weights = fit::fit_like(fitted, split.train, &candidates, params, bar)?;
        let model = RiskModel::new(String::new(), weights).map_err(anyhow::Error::msg)?;
        let data = DataCounts::new(table, &examples, &split);
        Ok(LightReport {
            most_tickets: params.heavy_customer_tickets,
            customers: heavy.len(),
            tickets: all.rows.len() - examples.rows.len(),
            test: report::measure(&report::assess(&model, split.test), split.test, params.seed).0,
            baselines: report::baselines(split.train, split.test, params.seed),
            data,
        })
    };
    light().inspect_err(|error| eprintln!("no figures without heavy customers: {error}")).ok()
}

fn model_json(weights: &RiskWeights) -> anyhow::Result<Vec<u8>> {
    // One feature to a line would be nicer to read, but trees would make it ten times as long.
    let mut json = serde_json::to_vec(weights)?;
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
    data: Vec<DataFile>,
    recorded: &RecordedParams,
    model: &RiskModel,
    now: Timestamp,
) -> anyhow::Result<Manifest> {
    let features: Vec<&str> = model.feature_names().collect();
    Ok(Manifest {
        format: 0,
        kind: ModelKind::Risk,
        version: String::new(),
        created_at: now,
        program: format!("recontact-train {}", env!("CARGO_PKG_VERSION")),
        data,
        parameters: serde_json::to_value(recorded)?,
        model: serde_json::json!({
            "window_days": report.window_days,
            "scorer": report.choice.model,
            "calibration": report.choice.calibration,
            "features": features,
        }),
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
