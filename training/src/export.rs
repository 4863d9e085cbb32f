//! `recontact-train export`: a model's weights, or what it says of a table, in forms that other programs read.

use crate::bad_input;
use crate::category::predictions::{Labels, STEP, TextRow, Truth};
use crate::evaluate::{TextArgs, open};
use crate::label::output::{Cell, ColumnType, Output, check_destination, folder_of};
use crate::risk;
use anyhow::Context;
use clap::Args;
use recontact::classify::head::{LexicalPart, TextHead};
use recontact::registry::{Artifact, ModelKind};
use recontact::risk::{MODEL_FILE, RiskModel};
use recontact::ticket::IssueCategory;
use serde::Serialize;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// Arguments of `recontact-train export`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// The model folder.
    #[arg(long, value_name = "DIR")]
    pub model: PathBuf,
    /// The file to write; its name says the form: .json for weights, .csv, .csv.gz or .parquet for weights of a model of
    /// texts and for what a model says. It must not exist.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Ask the model about the rows of this file, and write what it says instead of its weights.
    #[arg(long, value_name = "FILE")]
    pub data: Option<PathBuf>,
    /// Where texts are, and with what they are embedded.
    #[command(flatten)]
    pub texts: TextArgs,
}

/// Writes weights or answers.
///
/// # Errors
/// [`crate::failure::BadInput`] when model, data or destination are at fault.
pub fn run(args: &ExportArgs) -> anyhow::Result<()> {
    let artifact = open(&args.model, "--model")?;
    let is_json = args.out.extension().is_some_and(|end| end.eq_ignore_ascii_case("json"));
    let rows = match (&args.data, artifact.manifest().kind) {
        (Some(data), ModelKind::Risk) => answers_of_tickets(&artifact, data, &args.out)?,
        (Some(data), _) => answers_of_texts(&artifact, data, args)?,
        (None, ModelKind::Risk) if is_json => weights_of_risk(&artifact, &args.out)?,
        (None, ModelKind::Risk) => {
            return Err(bad_input!(
                "--out {}: a risk model has trees and encodings, which are no table: expected a name that ends in .json",
                args.out.display()
            ));
        }
        (None, _) if is_json => weights_as_json(&artifact, &args.out)?,
        (None, _) => weights_as_table(&artifact, &args.out)?,
    };
    eprintln!("{rows} written to {}", args.out.display());
    Ok(())
}

/// A model of texts as JSON.
#[derive(Serialize)]
struct ExportedHead<'a> {
    kind: ModelKind,
    version: &'a str,
    /// In the order of all weights.
    labels: Vec<&'a IssueCategory>,
    languages: &'a [String],
    temperature: f64,
    /// The encoder whose embeddings it reads.
    encoder: Option<&'a str>,
    biases: &'a [f32],
    /// A row for each label.
    embedding_weights: Vec<&'a [f32]>,
    /// Biases where words alone answer.
    alone_biases: Option<&'a [f32]>,
    terms: Vec<ExportedTerm<'a>>,
}

/// A term as JSON.
#[derive(Serialize)]
struct ExportedTerm<'a> {
    term: &'a str,
    /// `words` or `pieces`.
    block: &'static str,
    idf: f32,
    /// One for each label.
    weights: Vec<f32>,
}

fn weights_as_json(artifact: &Artifact, out: &Path) -> anyhow::Result<String> {
    let head = TextHead::load(artifact)?;
    let terms = TextHead::terms(artifact)?;
    let described = head.description();
    let labels: Vec<&IssueCategory> =
        described.labels.labels().iter().map(|label| &label.category).collect();
    let told =
        head.lexical().map(|part| exported_terms(part, &terms, described.lexical, labels.len()));
    let dimension = head.dimension().max(1);
    let exported = ExportedHead {
        kind: artifact.manifest().kind,
        version: artifact.version(),
        languages: &described.languages,
        temperature: described.temperature,
        encoder: described.encoder.as_ref().map(|encoder| encoder.name.as_str()),
        biases: head.biases(),
        embedding_weights: head.embedding_weights().chunks_exact(dimension).collect(),
        alone_biases: head.lexical().map(|part| part.alone_biases.as_slice()),
        terms: told.unwrap_or_default(),
        labels,
    };
    write_json(&exported, out)?;
    Ok(format!("{} labels and {} terms", exported.labels.len(), exported.terms.len()))
}

fn exported_terms<'a>(
    part: &LexicalPart,
    terms: &'a [String],
    described: Option<recontact::classify::head::LexicalDescription>,
    labels: usize,
) -> Vec<ExportedTerm<'a>> {
    let words = described.map_or(0, |lexical| lexical.words);
    let numbered = terms.iter().enumerate();
    numbered
        .map(|(at, term)| ExportedTerm {
            term,
            block: if at < words { "words" } else { "pieces" },
            idf: part.features.idf()[at],
            weights: weights_of(part, at, labels).collect(),
        })
        .collect()
}

/// The weights of a term, one for each label.
fn weights_of(part: &LexicalPart, term: usize, labels: usize) -> impl Iterator<Item = f32> {
    let scale = part.scales[term];
    part.weights[term * labels..(term + 1) * labels]
        .iter()
        .map(move |weight| scale * f32::from(*weight))
}

/// A row for each weight that is not 0.
fn weights_as_table(artifact: &Artifact, out: &Path) -> anyhow::Result<String> {
    let head = TextHead::load(artifact)?;
    let terms = TextHead::terms(artifact)?;
    let described = head.description();
    let labels: Vec<&str> =
        described.labels.labels().iter().map(|label| label.category.as_str()).collect();
    let text = |name: &str| (name.to_owned(), ColumnType::Text);
    let columns = vec![
        text("part"),
        text("term"),
        text("label"),
        ("idf".to_owned(), ColumnType::Number),
        ("weight".to_owned(), ColumnType::Number),
    ];
    let mut written = 0_usize;
    write_table(out, columns, |output| {
        let mut row = |part: &str, term: String, label: &str, idf: Option<f32>, weight: f32| {
            written += 1;
            output.write(vec![
                Cell::Text(Some(part.to_owned())),
                Cell::Text(Some(term)),
                Cell::Text(Some(label.to_owned())),
                Cell::Number(idf.map(f64::from)),
                Cell::Number(Some(f64::from(weight))),
            ])
        };
        for (label, bias) in labels.iter().zip(head.biases()) {
            row("bias", String::new(), label, None, *bias)?;
        }
        let rows = head.embedding_weights().chunks_exact(head.dimension().max(1));
        for (label, weights) in labels.iter().zip(rows) {
            for (at, weight) in weights.iter().enumerate() {
                row("embedding", at.to_string(), label, None, *weight)?;
            }
        }
        let Some(part) = head.lexical() else { return Ok(()) };
        let words = described.lexical.map_or(0, |lexical| lexical.words);
        for (at, term) in terms.iter().enumerate() {
            let block = if at < words { "words" } else { "pieces" };
            let idf = part.features.idf()[at];
            for (label, weight) in labels.iter().zip(weights_of(part, at, labels.len())) {
                if weight != 0.0 {
                    row(block, term.clone(), label, Some(idf), weight)?;
                }
            }
        }
        Ok(())
    })?;
    Ok(format!("{written} weights"))
}

fn weights_of_risk(artifact: &Artifact, out: &Path) -> anyhow::Result<String> {
    // Loaded first, so that nothing is handed on that the service would refuse.
    let model = RiskModel::load(artifact)?;
    let weights: serde_json::Value = serde_json::from_slice(artifact.file(MODEL_FILE)?)
        .map_err(|error| artifact.content_error(MODEL_FILE, error))?;
    write_json(&weights, out)?;
    Ok(format!("{} features", model.feature_names().count()))
}

/// Each answer is written when it is known: whatever the size of the file, no more than one step of texts is in memory.
fn answers_of_texts(artifact: &Artifact, data: &Path, args: &ExportArgs) -> anyhow::Result<String> {
    check_destination(&args.out)?;
    let questions = args.texts.questions(artifact, data, Labels::IfThere)?;
    let labels = questions.labels().labels().to_vec();
    let columns = vec![
        ("row".to_owned(), ColumnType::Whole),
        ("predicted".to_owned(), ColumnType::Text),
        ("probability".to_owned(), ColumnType::Number),
        ("in_scope".to_owned(), ColumnType::Flag),
        ("top_score".to_owned(), ColumnType::Number),
        ("language".to_owned(), ColumnType::Text),
        ("label".to_owned(), ColumnType::Text),
    ];
    let mut number = 0;
    write_table(&args.out, columns, |output| {
        let write = |row: TextRow, unknown: &[IssueCategory]| {
            number += 1;
            let right = match row.truth {
                Truth::Label(at) => Some(labels[at].category.as_str()),
                Truth::Unknown(at) => unknown.get(at).map(IssueCategory::as_str),
                Truth::OutOfScope | Truth::Untold => None,
            };
            output.write(vec![
                Cell::Whole(number),
                Cell::Text(Some(labels[row.predicted].category.to_string())),
                Cell::Number(Some(row.confidence)),
                Cell::Flag(row.is_in_scope),
                Cell::Number(Some(row.top_score)),
                Cell::Text(row.language.map(str::to_owned)),
                Cell::Text(right.map(str::to_owned)),
            ])
        };
        questions.ask(STEP, |_| (), write)?;
        Ok(())
    })?;
    Ok(format!("{number} answers"))
}

fn answers_of_tickets(artifact: &Artifact, data: &Path, out: &Path) -> anyhow::Result<String> {
    check_destination(out)?;
    let scored = risk::scores(artifact, data)?;
    let columns = vec![
        ("row".to_owned(), ColumnType::Whole),
        ("ticket_id".to_owned(), ColumnType::Text),
        ("probability".to_owned(), ColumnType::Number),
        ("logit".to_owned(), ColumnType::Number),
        ("band".to_owned(), ColumnType::Text),
    ];
    write_table(out, columns, |output| {
        for ticket in &scored {
            output.write(vec![
                Cell::Whole(i64::try_from(ticket.number).unwrap_or(i64::MAX)),
                Cell::Text(Some(ticket.id.to_string())),
                Cell::Number(Some(ticket.probability)),
                Cell::Number(Some(ticket.logit)),
                Cell::Text(Some(ticket.band.as_str().to_owned())),
            ])?;
        }
        Ok(())
    })?;
    Ok(format!("{} answers", scored.len()))
}

/// Writes a table beside its place and moves it there whole.
fn write_table(
    out: &Path,
    columns: Vec<(String, ColumnType)>,
    fill: impl FnOnce(&mut Output) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    check_destination(out)?;
    let beside = tempfile::tempdir_in(folder_of(out)).context("making a folder beside --out")?;
    let mut output = Output::begin(out, beside.path(), columns)?;
    fill(&mut output)?;
    output.finish()
}

/// Writes JSON beside its place and moves it there whole.
fn write_json(content: &impl Serialize, out: &Path) -> anyhow::Result<()> {
    if out.exists() {
        return Err(bad_input!("--out {}: it exists already", out.display()));
    }
    let folder = folder_of(out);
    if !folder.is_dir() {
        let folder = folder.display();
        return Err(bad_input!("--out {}: there is no folder {folder}", out.display()));
    }
    let beside = tempfile::NamedTempFile::new_in(folder).context("writing beside --out")?;
    let write = || -> anyhow::Result<()> {
        let mut writer = BufWriter::new(beside);
        serde_json::to_writer(&mut writer, content)?;
        writeln!(writer)?;
        let beside = writer.into_inner().map_err(|error| error.into_error())?;
        File::sync_all(beside.as_file())?;
        beside.persist_noclobber(out)?;
        Ok(())
    };
    write().with_context(|| format!("writing {}", out.display()))
}
