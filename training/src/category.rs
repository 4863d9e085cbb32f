//! `recontact-train category` and `evaluate` of a category model: from labelled texts to a model folder.
//!
//! Load, embed, split by category, fit, measure on the test part, write. The folder's figures are measured with the head
//! as it is read back, so they are those of the file that is shipped.

pub mod baseline;
pub mod data;
pub mod fit;
pub mod params;

pub mod report;

pub use report::evaluate_category;

use crate::{bad_input, progress};
use anyhow::Context;
use clap::Args;
use data::{Examples, label_set};
use fit::{MultinomialFit, TrainingRows, fit_temperature, log_loss};
use ndarray::{Array1, Array2};
use params::CategoryParams;
use recontact::classify::category::LabelSet;
use recontact::classify::encoder::{InferenceOptions, TextEncoder};
use recontact::classify::head::{CategoryHead, HeadDescription, WEIGHTS};
use recontact::classify::language;
use recontact::contact::ContactText;
use recontact::registry::artifact::{DataFile, sha256_file};
use recontact::registry::{Artifact, Manifest, ModelKind, Registry};
use recontact::ticket::IssueCategory;
use recontact::timestamp::Timestamp;
use report::{Choice, DataCounts, Report, Tried};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Texts embedded between two steps of the progress bar.
const EMBEDDING_STEP: usize = 256;

/// Arguments of `recontact-train category`.
#[derive(Debug, Args)]
pub struct CategoryArgs {
    /// The labelled texts: CSV, CSV.gz, JSON lines or Parquet, one row per text.
    #[arg(long, value_name = "FILE")]
    pub train: PathBuf,
    /// Texts to test on. Left out: a share of each category of the training file.
    #[arg(long, value_name = "FILE")]
    pub test: Option<PathBuf>,
    /// The column with the text.
    #[arg(long, value_name = "COLUMN", default_value = "text")]
    pub text: String,
    /// The column with the category.
    #[arg(long, value_name = "COLUMN", default_value = "category")]
    pub label: String,
    /// The encoder: a folder, or a name below models/encoder.
    #[arg(long, value_name = "NAME|DIR")]
    pub encoder: String,
    /// The model folder to write; its name becomes the version. It must not exist or be empty.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Parameters, see training/configs/banking77.toml. Left out: the documented defaults.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The folder in which encoders are looked up by name.
    #[arg(long, value_name = "DIR", default_value = "models", env = "RECONTACT_MODELS")]
    pub models: PathBuf,
    /// Print one JSON object instead of a table.
    #[arg(long)]
    pub json: bool,
}

/// What the manifest keeps of a run's parameters.
#[derive(Debug, Serialize, Deserialize)]
struct RecordedParams {
    text_column: String,
    label_column: String,
    #[serde(flatten)]
    params: CategoryParams,
}

/// Trains a category model and writes its folder.
///
/// # Errors
/// [`crate::failure::BadInput`] when arguments, configuration or data are at fault; else what the disk or solver says.
pub fn run(args: &CategoryArgs) -> anyhow::Result<()> {
    Artifact::check_destination(&args.out).map_err(|error| bad_input!("--out: {error}"))?;
    let params = match &args.config {
        Some(path) => CategoryParams::read(path)?,
        None => CategoryParams::default(),
    };
    if let Some(code) = params.expected_languages.iter().find(|code| !language::is_known(code)) {
        return Err(bad_input!("expected_languages: {code:?} is no ISO 639-1 code known here"));
    }
    let (train, test) = read_examples(args, &params)?;
    let labels = label_set(&train, params.areas.as_deref())?;
    let inference = InferenceOptions::default();
    let encoder = load_encoder(&args.encoder, &args.models, params.prompt.as_deref(), &inference)?;
    eprintln!(
        "{} train and {} test texts of {} categories, encoder {}",
        train.len(),
        test.len(),
        labels.labels().len(),
        encoder.identity().name
    );

    let train_x = embed(&encoder, &train.texts, "embedding train")?;
    let test_x = embed(&encoder, &test.texts, "embedding test")?;
    let train_y = indices(&train.categories, &labels, &args.train)?;
    let test_y = indices(&test.categories, &labels, args.test.as_deref().unwrap_or(&args.train))?;

    let choice = choose(&train_x, &train, &labels, &params)?;
    let rows = TrainingRows {
        x: train_x,
        y: Array1::from(train_y.clone()),
        labels: labels.labels().len(),
    };
    eprintln!("fitting C = {} on all {} training texts", choice.c, train.len());
    let fitted = rows.fit(choice.c, None)?;
    let description = HeadDescription {
        encoder: encoder.identity().clone(),
        languages: languages(&train.texts, &params),
        temperature: choice.temperature,
        labels,
    };
    let head = head(description, &fitted)?;

    let report = Report {
        version: args.out.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        test: report::measure(&head, &test_x, &test_y),
        baselines: report::baselines(&train, &train_y, &test, &test_y, head.description()),
        data: DataCounts {
            train: train.len(),
            test: test.len(),
            test_texts_also_in_train: train.overlap(&test),
            labels: head.description().labels.labels().len(),
            languages: head.description().languages.clone(),
        },
        choice,
        gradient: fitted.gradient,
    };
    let recorded =
        RecordedParams { text_column: args.text.clone(), label_column: args.label.clone(), params };
    let manifest = Manifest {
        format: 0,
        kind: ModelKind::Category,
        version: String::new(),
        created_at: Timestamp::now(),
        program: format!("recontact-train {}", env!("CARGO_PKG_VERSION")),
        data: data_files(args, train.len(), test.len())?,
        parameters: serde_json::to_value(&recorded)?,
        model: serde_json::to_value(head.description())?,
        metrics: serde_json::to_value(&report)?,
        files: BTreeMap::new(),
    };
    let weights = head.to_safetensors().context("writing the weights")?;
    let card = report::card(&report, &recorded, head.description());
    Artifact::write(&args.out, manifest, BTreeMap::from([(WEIGHTS.into(), weights)]), &card)?;
    report.print(args.json)?;
    eprintln!("model written to {}", args.out.display());
    Ok(())
}

/// The training and the test part: two files, or one split by category.
fn read_examples(
    args: &CategoryArgs,
    params: &CategoryParams,
) -> anyhow::Result<(Examples, Examples)> {
    let all = Examples::read(&args.train, &args.text, &args.label)?;
    let file = args.train.display().to_string();
    all.check_counts(&file, params.min_examples)?;
    match &args.test {
        Some(test) => Ok((all, Examples::read(test, &args.text, &args.label)?)),
        None => {
            let (train, test) = all.split(params.test_share, params.seed);
            if test.is_empty() {
                return Err(bad_input!(
                    "{file}: too few rows to keep a share of {} for the test: give a --test file",
                    params.test_share
                ));
            }
            train.check_counts(&format!("{file} without its test part"), params.min_examples)?;
            Ok((train, test))
        }
    }
}

/// Loads an encoder by its folder or name.
pub(crate) fn load_encoder(
    name: &str,
    models: &Path,
    prompt: Option<&str>,
    inference: &InferenceOptions,
) -> anyhow::Result<TextEncoder> {
    let folder = Registry::new(models).encoder_folder(name);
    if !folder.is_dir() {
        return Err(bad_input!(
            "--encoder: there is no folder {}: get it with `recontact-train fetch-encoder {name}`",
            folder.display()
        ));
    }
    TextEncoder::load(&folder, prompt, inference).map_err(|error| bad_input!("--encoder: {error}"))
}

/// Embeds texts with a progress bar; one row for each.
pub(crate) fn embed(
    encoder: &TextEncoder,
    texts: &[ContactText],
    what: &'static str,
) -> anyhow::Result<Array2<f64>> {
    let bar = progress::bar(texts.len() as u64, what);
    let mut x = Array2::zeros((texts.len(), encoder.identity().dimension));
    let mut row = 0;
    for step in texts.chunks(EMBEDDING_STEP) {
        let raw: Vec<&str> = step.iter().map(ContactText::as_str).collect();
        for embedding in encoder.embed(&raw)? {
            for (cell, value) in x.row_mut(row).iter_mut().zip(&embedding.vector) {
                *cell = f64::from(*value);
            }
            row += 1;
        }
        bar.inc(step.len() as u64);
    }
    bar.finish();
    Ok(x)
}

/// The label index of each row.
fn indices(
    categories: &[IssueCategory],
    labels: &LabelSet,
    file: &Path,
) -> anyhow::Result<Vec<usize>> {
    let index: BTreeMap<&IssueCategory, usize> =
        labels.labels().iter().enumerate().map(|(at, label)| (&label.category, at)).collect();
    let unknown: BTreeSet<&str> =
        categories.iter().filter(|c| !index.contains_key(c)).map(IssueCategory::as_str).collect();
    if !unknown.is_empty() {
        let names = unknown.into_iter().take(20).collect::<Vec<_>>().join(", ");
        return Err(bad_input!(
            "{}: categories that the model was not trained on: {names}",
            file.display()
        ));
    }
    Ok(categories.iter().map(|category| index[category]).collect())
}

/// Chooses C by the log loss on a validation part, under the temperature that suits it best.
fn choose(
    x: &Array2<f64>,
    train: &Examples,
    labels: &LabelSet,
    params: &CategoryParams,
) -> anyhow::Result<Choice> {
    let (fitting, validation) =
        data::stratified(&train.categories, params.validation_share, params.seed);
    if validation.is_empty() {
        return Err(bad_input!(
            "too few rows to keep a share of {} of each category for validation",
            params.validation_share
        ));
    }
    let all = indices(&train.categories, labels, Path::new("the training part"))?;
    let pick = |rows: &[usize]| -> Vec<usize> { rows.iter().map(|&row| all[row]).collect() };
    let rows = TrainingRows {
        x: x.select(ndarray::Axis(0), &fitting),
        y: Array1::from(pick(&fitting)),
        labels: labels.labels().len(),
    };
    let (validation_x, truth) = (x.select(ndarray::Axis(0), &validation), pick(&validation));
    let mut grid = params.c_grid.clone();
    grid.sort_by(f64::total_cmp);
    let bar = progress::bar(grid.len() as u64, "choosing C");
    let mut tried = Vec::new();
    let mut start: Option<MultinomialFit> = None;
    for c in grid {
        let fitted = rows.fit(c, start.as_ref())?;
        let scores = fitted.scores(validation_x.view());
        let temperature = fit_temperature(&scores, &truth);
        tried.push(Tried { c, temperature, log_loss: log_loss(&scores, &truth, temperature) });
        start = Some(fitted);
        bar.inc(1);
    }
    bar.finish();
    let best =
        tried.iter().min_by(|a, b| a.log_loss.total_cmp(&b.log_loss)).context("no C was tried")?;
    Ok(Choice { c: best.c, temperature: best.temperature, validation: validation.len(), tried })
}

fn head(description: HeadDescription, fitted: &MultinomialFit) -> anyhow::Result<CategoryHead> {
    #[expect(clippy::cast_possible_truncation, reason = "weights are kept in single precision")]
    let single = |values: Vec<f64>| values.into_iter().map(|x| x as f32).collect::<Vec<f32>>();
    let by_label = fitted.weights.t().iter().copied().collect();
    CategoryHead::new(description, single(by_label), single(fitted.biases.to_vec()))
        .map_err(|fault| anyhow::anyhow!("the trained head is not usable: {fault}"))
}

/// Languages with at least the configured share of the training texts, the most frequent first.
fn languages(texts: &[ContactText], params: &CategoryParams) -> Vec<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for text in texts {
        if let Some(code) = language::detect(text.as_str(), &params.expected_languages) {
            *counts.entry(code).or_insert(0) += 1;
        }
    }
    let told: usize = counts.values().sum();
    let mut found: Vec<(&str, usize)> = counts
        .into_iter()
        .filter(|&(_, count)| report::share(count, told) >= params.min_language_share)
        .collect();
    found.sort_by_key(|&(code, count)| (usize::MAX - count, code));
    found.into_iter().map(|(code, _)| code.to_owned()).collect()
}

fn data_files(args: &CategoryArgs, train: usize, test: usize) -> anyhow::Result<Vec<DataFile>> {
    let file = |role: &str, path: &Path, rows: usize| -> anyhow::Result<DataFile> {
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(DataFile { role: role.to_owned(), file, sha256: sha256_file(path)?, rows })
    };
    let mut files = vec![file("train", &args.train, train)?];
    if let Some(path) = &args.test {
        files.push(file("test", path, test)?);
    }
    Ok(files)
}
