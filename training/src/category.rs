//! `recontact-train category`: from labelled texts to a model folder.
//!
//! Load, embed, split by label, hold out, fit, measure on the test part, write. The folder's figures are measured with the
//! head as it is read back, so they are those of the file that is shipped.

pub mod assemble;
pub mod baseline;
pub mod choose;
pub mod corrections;
pub mod data;
pub mod design;
pub mod fit;
pub mod fit_parts;
pub mod held_out;
pub mod load;
pub mod method;
mod model_card;
pub mod multinomial;
pub mod params;
pub mod predictions;
pub mod report;
pub mod spelling;
pub mod stack;
pub mod train;
pub mod tune;
pub mod vocabulary;
pub mod zero_shot;

use crate::run_lock::RunLock;
use crate::{bad_input, progress};
use anyhow::Context;
use clap::Args;
use fit_parts::{Labelled, OutOfScope};
use held_out::{Fold, folds};
use load::{Loaded, Notes, indices, languages, load};
use method::Method;
use ndarray::Array2;
use params::CategoryParams;
use recontact::classify::encoder::{InferenceOptions, TextEncoder};
use recontact::classify::head::{HeadDescription, WEIGHTS};
use recontact::classify::language;
use recontact::contact::{ContactText, Head};
use recontact::registry::artifact::{DataFile, sha256_file};
use recontact::registry::{Artifact, Manifest, ModelKind, Registry};
use recontact::ticket::Name;
use recontact::timestamp::Timestamp;
use report::{DataCounts, Report};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tune::{Epoch, Places};

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
    /// The column with the label.
    #[arg(long, value_name = "COLUMN", default_value = "category")]
    pub label: String,
    /// What the labels say: category, kind, urgency or team.
    #[arg(long, value_name = "HEAD", default_value = "category", value_parser = parse_head)]
    pub head: Head,
    /// How to train. auto compares all methods on texts that are held out.
    #[arg(long, value_enum, default_value_t = Method::Combined)]
    pub method: Method,
    /// The encoder: a folder, or a name below models/encoder. Left out: words alone.
    #[arg(long, value_name = "NAME|DIR")]
    pub encoder: Option<String>,
    /// The folder for the encoder that the methods fine-tune and few-shot make; it must not exist, be empty, or hold the
    /// encoder that the same run made before it was killed. The service looks for it below models/encoder.
    #[arg(long, value_name = "DIR")]
    pub encoder_out: Option<PathBuf>,
    /// The column with the contact's identifier, for --corrections.
    #[arg(long, value_name = "COLUMN")]
    pub id: Option<String>,
    /// Labels that people set right, as `recontact report corrections` writes them; they count above those of the tables.
    #[arg(long, value_name = "FILE")]
    pub corrections: Option<PathBuf>,
    /// The label of texts that are about none of the labels: they are not learnt as one, but tell where the scope ends.
    #[arg(long, value_name = "LABEL", value_parser = parse_name)]
    pub out_of_scope_label: Option<Name>,
    /// The model folder to write; its name becomes the version. It must not exist or be empty.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Parameters, see training/configs/banking77.toml. Left out: the documented defaults.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Learn from texts as they are, with quoted mail, signatures and markup. Give it where the service does not clean either.
    #[arg(long)]
    pub no_clean: bool,
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
    /// What was asked for; `choice` in the metrics says what came of it.
    #[serde(default)]
    method: Option<Method>,
    text_column: String,
    label_column: String,
    #[serde(default)]
    out_of_scope_label: Option<Name>,
    /// Whether texts were cleaned; earlier versions did not.
    #[serde(default)]
    cleaned: bool,
    #[serde(flatten)]
    params: CategoryParams,
}

fn parse_name(text: &str) -> Result<Name, String> {
    Name::parse(text).map_err(|error| error.to_string())
}

fn parse_head(word: &str) -> Result<Head, String> {
    Head::parse(word).ok_or_else(|| {
        format!("expected one of {}, got {word:?}", Head::ALL.map(Head::as_str).join(", "))
    })
}

/// Trains a model of texts and writes its folder.
///
/// # Errors
/// [`crate::failure::BadInput`] when arguments, configuration or data are at fault; else what the disk or solver says.
pub fn run(args: &CategoryArgs) -> anyhow::Result<()> {
    Artifact::check_destination(&args.out).map_err(|error| bad_input!("--out: {error}"))?;
    let _lock = RunLock::take(&args.out)?;
    let mut _encoder_lock = None;
    if args.method.tunes_encoder() {
        _encoder_lock = Some(RunLock::take(encoder_out(args)?)?);
    }
    let params = params(args)?;
    let Loaded { train, test, labels, notes } = load(args, &params)?;
    let train_y = indices(&train.examples.categories, &labels);
    let labelled = Labelled {
        texts: &train.examples.texts,
        y: &train_y,
        labels: labels.labels().len(),
        embeddings: None,
        most_weights: params.most_lexical_weights,
    };
    let before = encoder(args, &params)?;
    eprintln!(
        "{} train and {} test texts of {} labels, {}",
        train.examples.len(),
        test.examples.len(),
        labels.labels().len(),
        match &before {
            Some(encoder) => format!("encoder {}", encoder.identity().name),
            None => "no encoder: words alone".to_owned(),
        }
    );
    let Encoders { encoder, choosing, folds, tuning, works } =
        Encoders::ready(args, &params, labelled, before)?;

    let train_x = embed_all(encoder.as_ref(), &train.examples.texts, "embedding train")?;
    let choosing_x = embed_all(choosing.as_ref(), &train.examples.texts, "embedding train")?;
    let of_choosing = choosing.as_ref().or(encoder.as_ref());
    let outside = OutOfScope {
        embeddings: embed_all(of_choosing, &train.out_of_scope, "embedding out of scope")?,
        texts: train.out_of_scope,
    };
    let description = HeadDescription {
        encoder: encoder.as_ref().map(|encoder| encoder.identity().clone()),
        languages: languages(&train.examples.texts, &params),
        temperature: 1.0,
        labels,
        lexical: None,
        scope: None,
    };
    let lessons = train::Lessons {
        choosing: Labelled { embeddings: choosing_x.as_ref().or(train_x.as_ref()), ..labelled },
        all: Labelled { embeddings: train_x.as_ref(), ..labelled },
        folds: &folds,
    };
    let trained = train::train(&lessons, &outside, args.method, description, &params)?;

    let head = &trained.head;
    let test_y = indices(&test.examples.categories, &head.description().labels);
    let measured = report::Measured::of(head, encoder.as_ref(), &test.examples.texts)?;
    let measured_outside = report::Measured::of(head, encoder.as_ref(), &test.out_of_scope)?;
    let report = Report {
        version: args.out.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        head: args.head,
        test: measured.figures(&test_y),
        out_of_scope: report::scope_figures(&measured, &measured_outside),
        baselines: report::baselines(&train.examples, &train_y, &test.examples, &test_y, head),
        data: DataCounts {
            train: train.examples.len(),
            test: test.examples.len(),
            test_texts_also_in_train: train.examples.overlap(&test.examples),
            labels: head.description().labels.labels().len(),
            languages: head.description().languages.clone(),
            notes,
        },
        choice: trained.choice,
        scope: trained.scope,
        gradient: trained.gradient,
        tuning,
    };
    let recorded = RecordedParams {
        text_column: args.text.clone(),
        label_column: args.label.clone(),
        out_of_scope_label: args.out_of_scope_label.clone(),
        cleaned: !args.no_clean,
        method: Some(args.method),
        params,
    };
    let manifest = Manifest {
        format: 0,
        kind: ModelKind::from(args.head),
        version: String::new(),
        created_at: Timestamp::now(),
        program: format!("recontact-train {}", env!("CARGO_PKG_VERSION")),
        data: data_files(args, report.data.train, report.data.test, &report.data.notes)?,
        parameters: serde_json::to_value(&recorded)?,
        model: serde_json::to_value(head.description())?,
        metrics: serde_json::to_value(&report)?,
        files: BTreeMap::new(),
    };
    let weights = head.to_safetensors(&trained.terms).context("writing the weights")?;
    let card = model_card::card(&report, &recorded, head.description());
    Artifact::write(&args.out, manifest, BTreeMap::from([(WEIGHTS.into(), weights)]), &card)?;
    tune::remove(&works)?;
    report.print(args.json)?;
    eprintln!("model written to {}", args.out.display());
    Ok(())
}

/// The encoder that the head reads, and what is held out while it is made.
struct Encoders {
    encoder: Option<TextEncoder>,
    /// Of a tuned encoder, the one that did not learn from what is held out, where that is another one.
    choosing: Option<TextEncoder>,
    folds: Vec<Fold>,
    tuning: Vec<Epoch>,
    /// What the tuning goes on from after a kill; not needed any more once the model is written.
    works: Vec<PathBuf>,
}

impl Encoders {
    fn ready(
        args: &CategoryArgs,
        params: &CategoryParams,
        labelled: Labelled<'_>,
        before: Option<TextEncoder>,
    ) -> anyhow::Result<Self> {
        let plain = |encoder, folds| Self {
            encoder,
            choosing: None,
            folds,
            tuning: Vec::new(),
            works: Vec::new(),
        };
        match (before, &args.encoder) {
            (Some(before), Some(name)) if args.method.tunes_encoder() => {
                let places = Places {
                    encoder: Registry::new(&args.models).encoder_folder(name),
                    out: encoder_out(args)?.to_owned(),
                };
                let tuned = tune::tune(labelled, &before, &places, args.method, params)?;
                Ok(Self {
                    encoder: Some(tuned.encoder),
                    choosing: tuned.choosing,
                    folds: vec![tuned.fold],
                    tuning: tuned.history,
                    works: tuned.works,
                })
            }
            (encoder, _) if args.method == Method::ZeroShot => Ok(plain(encoder, Vec::new())),
            (encoder, _) => {
                Ok(plain(encoder, folds(labelled.y, params.validation_share, params.seed)?))
            }
        }
    }
}

fn encoder_out(args: &CategoryArgs) -> anyhow::Result<&Path> {
    let out = args.encoder_out.as_deref().ok_or_else(|| {
        bad_input!(
            "--method {} makes an encoder of its own: give its folder with --encoder-out, such as models/encoder/ours-1",
            args.method.as_str()
        )
    })?;
    tune::finished::check_destination(out).map_err(|error| bad_input!("--encoder-out: {error}"))?;
    Ok(out)
}

fn params(args: &CategoryArgs) -> anyhow::Result<CategoryParams> {
    let params = match &args.config {
        Some(path) => CategoryParams::read(path)?,
        None => CategoryParams::default(),
    };
    if let Some(code) = params.expected_languages.iter().find(|code| !language::is_known(code)) {
        return Err(bad_input!("expected_languages: {code:?} is no ISO 639-1 code known here"));
    }
    Ok(params)
}

fn encoder(args: &CategoryArgs, params: &CategoryParams) -> anyhow::Result<Option<TextEncoder>> {
    match &args.encoder {
        Some(name) => {
            let inference = InferenceOptions::default();
            load_encoder(name, &args.models, params.prompt.as_deref(), &inference).map(Some)
        }
        None if args.method.needs_encoder() => Err(bad_input!(
            "--method {} needs --encoder; without one, --method lexical learns from words alone",
            args.method.as_str()
        )),
        None => Ok(None),
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

/// The same where there is an encoder.
fn embed_all(
    encoder: Option<&TextEncoder>,
    texts: &[ContactText],
    what: &'static str,
) -> anyhow::Result<Option<Array2<f64>>> {
    encoder.map(|encoder| embed(encoder, texts, what)).transpose()
}

fn data_files(
    args: &CategoryArgs,
    train: usize,
    test: usize,
    notes: &Notes,
) -> anyhow::Result<Vec<DataFile>> {
    let file = |role: &str, path: &Path, rows: usize| -> anyhow::Result<DataFile> {
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(DataFile { role: role.to_owned(), file, sha256: sha256_file(path)?, rows })
    };
    let mut files = vec![file("train", &args.train, train)?];
    if let Some(path) = &args.test {
        files.push(file("test", path, test)?);
    }
    if let (Some(path), Some(applied)) = (&args.corrections, &notes.corrections) {
        files.push(file("corrections", path, applied.contacts)?);
    }
    Ok(files)
}
