//! `recontact-train evaluate`: a stored model, of texts or of risks, measured on any table.
//!
//! What the model says of each row comes from [`crate::category::predictions`] and [`crate::risk::predictions`]; everything
//! else is computed from those rows. Intervals are drawn over rows, for risks over customers, whose tickets are alike.

pub mod bootstrap;
pub mod html;
pub mod measures;
pub mod parts;
pub mod texts;
pub mod tickets;

mod print;

use crate::bad_input;
use crate::category::predictions::{Labels, TextColumns, TextPredictions, TextQuestions};
use crate::risk;
use crate::table::TableStream;
use bootstrap::Bootstrap;
use clap::Args;
use html::ReportLanguage;
use parts::{DataSeen, SliceColumn, slice_columns, slice_places};
use recontact::classify::encoder::{InferenceOptions, Precision};
use recontact::registry::{Artifact, ArtifactError, Manifest, ModelKind};
use recontact::ticket::Name;
use recontact::timestamp::Timestamp;
use std::path::{Path, PathBuf};

/// Arguments of `recontact-train evaluate`.
#[derive(Debug, Args)]
pub struct EvaluateArgs {
    /// The model folder.
    #[arg(long, value_name = "DIR")]
    pub model: PathBuf,
    /// The data to measure on: CSV, CSV.gz, JSON lines or Parquet.
    #[arg(long, value_name = "FILE")]
    pub data: PathBuf,
    /// Where texts and labels are, and with what texts are embedded.
    #[command(flatten)]
    pub texts: TextArgs,
    /// A further column by whose values the figures are told apart; may be given several times. The channel and the
    /// language are told where they are known.
    #[arg(long, value_name = "COLUMN")]
    pub slice: Vec<String>,
    /// How intervals are drawn.
    #[command(flatten)]
    pub bootstrap: Bootstrap,
    /// Write a page for people, in one file.
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// The language of the page.
    #[arg(long, value_enum, default_value_t)]
    pub language: ReportLanguage,
    /// Print one JSON object instead of tables.
    #[arg(long)]
    pub json: bool,
}

/// What models of texts need beside their folder.
#[derive(Debug, Args)]
pub struct TextArgs {
    /// The column with the text, for a model of texts. Left out: the one it was trained on.
    #[arg(long, value_name = "COLUMN")]
    pub text: Option<String>,
    /// The column with the label, likewise.
    #[arg(long, value_name = "COLUMN")]
    pub label: Option<String>,
    /// The folder in which the encoder of a model of texts is looked up.
    #[arg(long, value_name = "DIR", default_value = "models", env = "RECONTACT_MODELS")]
    pub models: PathBuf,
    /// Precision in which the texts of a model of texts are embedded: f32 or int8.
    #[arg(long, value_name = "PRECISION", default_value = "f32", value_parser = parse_precision)]
    pub precision: Precision,
}

fn parse_precision(name: &str) -> Result<Precision, String> {
    match name {
        "f32" => Ok(Precision::F32),
        "int8" => Ok(Precision::Int8),
        other => Err(format!("{other:?} is neither f32 nor int8")),
    }
}

impl TextArgs {
    /// A model of texts, ready to be asked about every row of a file.
    ///
    /// # Errors
    /// [`crate::failure::BadInput`] when data or encoder are at fault.
    pub fn questions<'p>(
        &self,
        artifact: &Artifact,
        data: &'p Path,
        wanted: Labels,
    ) -> anyhow::Result<TextQuestions<'p>> {
        let columns = TextColumns { text: self.text.as_deref(), label: self.label.as_deref() };
        let inference =
            InferenceOptions { precision: self.precision, ..InferenceOptions::default() };
        TextQuestions::open(artifact, data, columns, wanted, &self.models, &inference)
    }
}

/// Measures a stored model.
///
/// # Errors
/// [`crate::failure::BadInput`] when model, data or encoder are at fault.
pub fn run(args: &EvaluateArgs, now: Timestamp) -> anyhow::Result<()> {
    let artifact = open(&args.model, "--model")?;
    let seen = |rows| DataSeen::of(&args.data, rows, &artifact.manifest().data);
    match artifact.manifest().kind {
        ModelKind::Category
        | ModelKind::Kind
        | ModelKind::Urgency
        | ModelKind::Team
        | ModelKind::Language => {
            let (found, columns) = ask_texts(args, &artifact)?;
            let data = seen(found.rows.len())?;
            let evaluation = texts::evaluate(&artifact, data, &found, &columns, args.bootstrap)?;
            print::texts(&evaluation, args.json)?;
            write_page(args.html.as_deref(), || html::texts::page(&evaluation, args.language))
        }
        ModelKind::Risk => {
            let found = risk::predictions(&artifact, &args.data, now)?;
            let columns = ticket_columns(&args.data, &found, &args.slice)?;
            let data = seen(found.table_rows)?;
            let evaluation = tickets::evaluate(&artifact, data, found, columns, args.bootstrap);
            print::tickets(&evaluation, args.json)?;
            write_page(args.html.as_deref(), || html::tickets::page(&evaluation, args.language))
        }
    }
}

/// Opens a model folder of whatever kind and checks all of its files.
///
/// # Errors
/// [`crate::failure::BadInput`] naming the option and the file.
pub fn open(folder: &Path, option: &str) -> anyhow::Result<Artifact> {
    let refused = |error: ArtifactError| bad_input!("{option}: {error}");
    let kind = Manifest::read(folder).map_err(refused)?.kind;
    Artifact::open(folder, kind).map_err(refused)
}

/// Writes a page where one was asked for.
///
/// # Errors
/// [`crate::failure::BadInput`] when it cannot be written.
pub fn write_page(path: Option<&Path>, page: impl FnOnce() -> html::Page) -> anyhow::Result<()> {
    let Some(path) = path else { return Ok(()) };
    page().write(path)?;
    eprintln!("page written to {}", path.display());
    Ok(())
}

/// What a model of texts says of every row, and the values by which its figures are told apart.
fn ask_texts(
    args: &EvaluateArgs,
    artifact: &Artifact,
) -> anyhow::Result<(TextPredictions, Vec<SliceColumn>)> {
    let head = TableStream::open(&args.data)?.head().clone();
    let (names, places) = slice_places(&head, &args.slice)?;
    let mut columns: Vec<SliceColumn> = names.into_iter().map(SliceColumn::new).collect();
    let found = args.texts.questions(artifact, &args.data, Labels::Needed)?.predictions(|row| {
        for (column, place) in columns.iter_mut().zip(&places) {
            column.push(row.cell(*place));
        }
    })?;
    if !columns.iter().any(|column| column.name == "language") {
        columns.insert(0, SliceColumn::of("language", found.rows.iter().map(|row| row.language)));
    }
    Ok((found, columns))
}

fn ticket_columns(
    data: &Path,
    found: &risk::RiskPredictions,
    asked: &[String],
) -> anyhow::Result<Vec<SliceColumn>> {
    let numbers: Vec<usize> = found.rows.iter().map(|row| row.number - 1).collect();
    let mut columns: Vec<SliceColumn> =
        slice_columns(data, asked)?.iter().map(|column| column.pick(&numbers)).collect();
    if !columns.iter().any(|column| column.name == "channel") {
        let channels = || found.rows.iter().map(|row| row.channel.as_ref().map(Name::as_str));
        if channels().any(|channel| channel.is_some()) {
            columns.insert(0, SliceColumn::of("channel", channels()));
        }
    }
    if found.has_texts && !columns.iter().any(|column| column.name == "language") {
        columns.insert(0, SliceColumn::of("language", found.rows.iter().map(|row| row.language)));
    }
    Ok(columns)
}
