//! `recontact-train category`: from labelled texts to a model folder.
//!
//! Load, embed, split by label, hold out, fit, measure on the test part, write. The folder's figures are measured with the
//! head as it is read back, so they are those of the file that is shipped.

pub mod assemble;
pub mod baseline;
pub mod beside;
pub mod budget;
pub mod choose;
mod contest;
pub mod corrections;
pub mod data;
pub mod design;
pub(crate) mod encoders;
pub mod fit;
pub mod fit_parts;
pub mod held_out;
pub mod label_names;
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
pub mod why;
pub mod zero_shot;

use crate::bad_input;
use crate::progress::FitBar;
use crate::run_lock::RunLock;
use anyhow::Context;
use budget::Budget;
use clap::Args;
use contest::{Contest, Won};
use encoders::{check_encoder_place, encoder, encoder_place};
use fit_parts::Labelled;
use load::{Loaded, Notes, indices, languages, load};
use method::Method;
use params::CategoryParams;
use recontact::classify::category::LabelSet;
use recontact::classify::head::{HeadDescription, WEIGHTS};
use recontact::classify::language;
use recontact::contact::Head;
use recontact::registry::artifact::{DataFile, sha256_file};
use recontact::registry::{Artifact, Manifest, ModelKind};
use recontact::ticket::Name;
use recontact::timestamp::Timestamp;
use report::{DataCounts, Report};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What `auto` may spend unless told.
const DEFAULT_MINUTES: u64 = 10;

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
    /// What the labels say: category, kind, urgency, team or language.
    #[arg(long, value_name = "HEAD", default_value = "category", value_parser = parse_head)]
    pub head: Head,
    /// How to train. auto compares the methods on texts that are held out, as far as there is the time.
    #[arg(long, value_enum, default_value_t = Method::Combined)]
    pub method: Method,
    /// The encoder: a folder, or a name below models/encoder. Left out: words alone.
    #[arg(long, value_name = "NAME|DIR")]
    pub encoder: Option<String>,
    /// Minutes within which auto begins what it tries: what would take longer, by an estimate, is not tried. 10 if left out.
    #[arg(long, value_name = "MINUTES")]
    pub minutes: Option<u64>,
    /// The folder for the encoder that the methods fine-tune and few-shot make; it must not exist, be empty,
    /// or hold the encoder that the same run made before it was killed. The service looks for it below models/encoder. Left out: there, under the name of --out.
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
    let allowed = allowed(args)?;
    let begun = Instant::now();
    let spent = || begun.elapsed();
    Artifact::check_destination(&args.out).map_err(|error| bad_input!("--out: {error}"))?;
    if encoder_place(args) == args.out {
        return Err(bad_input!("--encoder-out is --out: the encoder needs a folder of its own"));
    }
    let _lock = RunLock::take(&args.out)?;
    if args.method.tunes_encoder() {
        check_encoder_place(args)?;
    }
    let params = params(args)?;
    let Loaded { train, test, labels, notes } = load(args, &params)?;
    let train_y = indices(&train.examples.categories, &labels);
    let fits = FitBar::new("fitting");
    let labelled = Labelled {
        texts: &train.examples.texts,
        y: &train_y,
        names: 0,
        labels: labels.labels().len(),
        embeddings: None,
        most_weights: params.most_lexical_weights,
        fits: &fits,
    };
    let before = encoder(args, &params)?;
    let names = match args.method {
        Method::ZeroShot | Method::Lexical => Vec::new(),
        _ => label_names::as_texts(labelled, &labels, before.as_ref())?,
    };
    let texts = [train.examples.texts.as_slice(), &names].concat();
    let y: Vec<usize> = train_y.iter().copied().chain(0..names.len()).collect();
    let labelled = Labelled { texts: &texts, y: &y, names: names.len(), ..labelled };
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
    let languages = match args.head {
        Head::Language => languages_of(&labels)?,
        _ => languages(&train.examples.texts, &params),
    };
    let description = HeadDescription {
        encoder: None,
        languages,
        temperature: 1.0,
        labels,
        lexical: None,
        scope: None,
    };
    let contest = Contest {
        args,
        params: &params,
        labelled,
        out_of_scope: &train.out_of_scope,
        encoder: before.map(Arc::new),
        budget: Budget::new(allowed, &spent),
    };
    let Won { trained, encoder, tuning, tuned } = contest.run(description)?;
    let encoder = encoder.as_deref();

    let head = &trained.head;
    let test_y = indices(&test.examples.categories, &head.description().labels);
    let measured = report::Measured::of(head, encoder, &test.examples.texts)?;
    let measured_outside = report::Measured::of(head, encoder, &test.out_of_scope)?;
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
            label_names: names.len(),
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
    if let Some(tuned) = tuned {
        tuned.done()?;
    }
    report.print(args.json)?;
    eprintln!("model written to {}", args.out.display());
    Ok(())
}

/// The labels of a language head, which are its languages.
fn languages_of(labels: &LabelSet) -> anyhow::Result<Vec<String>> {
    let codes = labels.labels().iter().map(|label| label.category.as_str());
    codes
        .map(|code| match language::known(code) {
            Some(code) => Ok(code.to_owned()),
            None => Err(bad_input!(
                "--head language: the label {code:?} is no ISO 639-1 code known here; \
                 --out-of-scope-label names the label of texts in none of the languages"
            )),
        })
        .collect()
}

/// What `auto` may spend; the other methods take what they need.
fn allowed(args: &CategoryArgs) -> anyhow::Result<Option<Duration>> {
    match (args.method, args.minutes) {
        (Method::Auto, minutes) => {
            Ok(Some(Duration::from_secs(minutes.unwrap_or(DEFAULT_MINUTES).saturating_mul(60))))
        }
        (_, None) => Ok(None),
        (method, Some(_)) => Err(bad_input!(
            "--minutes is for --method auto; {} takes what it needs",
            method.as_str()
        )),
    }
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
