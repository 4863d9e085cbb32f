//! `recontact-train distill`: a small encoder that places texts where a large one does.
//!
//! Read the texts, embed them once with the teacher, cut a student out of the teacher's layers, train it to give the same
//! vectors, store it compactly, measure what was stored on texts held out. The run can be killed at any time and goes on
//! from its last checkpoint to the same result.

pub mod folder;
pub mod params;
pub mod report;
pub mod student;
pub mod teacher;
pub mod texts;
pub mod train;
pub mod vocabulary;

use crate::bad_input;
use crate::run_lock::RunLock;
use crate::transformer::Transformer;
use crate::transformer::checkpoint::Checkpoints;
use anyhow::Context;
use clap::Args;
use folder::Draft;
use params::{DistillParams, Vocabulary};
use recontact::classify::encoder::checkpoint::BertCheckpoint;
use recontact::classify::encoder::{EncoderError, InferenceOptions, TextEncoder};
use recontact::registry::artifact::sha256_hex;
use recontact::registry::{Artifact, Registry};
use recontact::timestamp::Timestamp;
use report::{Closeness, Record, Report};
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use texts::Texts;
use train::{Lessons, Progress};
use vocabulary::TrimmedVocabulary;

/// Arguments of `recontact-train distill`.
#[derive(Debug, Args)]
pub struct DistillArgs {
    /// The encoder to learn from: a folder, or a name below models/encoder.
    #[arg(long, value_name = "NAME|DIR")]
    pub teacher: String,
    /// The texts: CSV, JSON lines or Parquet, packed or not, one row per text; or .txt, one line per text.
    #[arg(long, value_name = "FILE", required = true, num_args = 1..)]
    pub texts: Vec<PathBuf>,
    /// The column with the text, the same in all tables.
    #[arg(long, value_name = "COLUMN", default_value = "text")]
    pub text: String,
    /// Layers of the teacher that the student begins with, from 1; instead of the parameter.
    #[arg(long, value_name = "N,N", value_delimiter = ',')]
    pub layers: Vec<usize>,
    /// The encoder folder to write; it must not exist or be empty.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Parameters, see training/configs/minilm-l3-support.toml. Left out: the documented defaults.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Which tokens the student keeps; instead of the parameter.
    #[arg(long, value_enum, value_name = "WHICH")]
    pub vocabulary_from: Option<Vocabulary>,
    /// Steps of training; instead of the parameter.
    #[arg(long, value_name = "N")]
    pub steps: Option<usize>,
    /// End this call after so many steps, with a checkpoint; the next call goes on.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub stop_after: Option<u32>,
    /// The folder for checkpoints and the teacher's vectors, which is kept. Left out: beside --out, removed at the end.
    #[arg(long, value_name = "DIR")]
    pub work: Option<PathBuf>,
    /// The folder in which encoders are looked up by name.
    #[arg(long, value_name = "DIR", default_value = "models", env = "RECONTACT_MODELS")]
    pub models: PathBuf,
    /// Print one JSON object instead of a table.
    #[arg(long)]
    pub json: bool,
}

/// Everything that is settled before the training.
struct Preparation {
    params: DistillParams,
    teacher: TextEncoder,
    texts: Texts,
    vocabulary: TrimmedVocabulary,
    /// The student before it has learnt anything.
    beginning: BertCheckpoint,
}

/// Distils a student and writes its folder.
///
/// # Errors
/// [`crate::failure::BadInput`] when arguments, configuration, texts or a checkpoint are at fault; else what the disk says.
pub fn run(args: &DistillArgs, now: Timestamp) -> anyhow::Result<()> {
    Artifact::check_destination(&args.out).map_err(|error| bad_input!("--out: {error}"))?;
    let _lock = RunLock::take(&args.out)?;
    let _work_lock = args.work.as_deref().map(RunLock::take).transpose()?;
    let prepared = Preparation::new(args)?;
    let work = args.work.clone().unwrap_or_else(|| work_folder(&args.out));
    fs::create_dir_all(&work).with_context(|| format!("making {}", work.display()))?;

    let student = Transformer::new(&prepared.beginning)?;
    let outcome = train::train(
        &student,
        &prepared.lessons(&work)?,
        &prepared.params,
        &prepared.checkpoints(&work)?,
        args.stop_after.map(|count| count as usize),
    )?;
    if !outcome.finished {
        let work = work.display();
        eprintln!("stopped with a checkpoint in {work}; the same call goes on from there");
        return Ok(());
    }

    let report = prepared.write(args, &student.checkpoint(), outcome.history, now)?;
    if args.work.is_none() {
        fs::remove_dir_all(&work).with_context(|| format!("removing {}", work.display()))?;
    }
    report.print(args.json)?;
    eprintln!("encoder written to {}", args.out.display());
    Ok(())
}

impl Preparation {
    fn new(args: &DistillArgs) -> anyhow::Result<Self> {
        let params = parameters(args)?;
        let folder = Registry::new(&args.models).encoder_folder(&args.teacher);
        let refused = |error: EncoderError| bad_input!("--teacher: {error}");
        let teacher =
            TextEncoder::load(&folder, None, &InferenceOptions::default()).map_err(refused)?;
        let parts = BertCheckpoint::load(&folder).map_err(refused)?;
        let texts = Texts::read(&args.texts, &args.text, &teacher, &params)?;
        let vocabulary = read_vocabulary(&folder, &parts, &texts, &params)?;
        let beginning = student::cut(&parts, &params, &vocabulary.kept)?;
        eprintln!(
            "{} texts; teacher {} with {} layers; student with layers {:?} and {} of {} tokens",
            texts.texts.len(),
            teacher.identity().name,
            parts.shape.layers,
            params.layers,
            vocabulary.kept.len(),
            parts.shape.vocabulary
        );
        Ok(Self { params, teacher, texts, vocabulary, beginning })
    }

    /// The student's tokens of each text, and the teacher's vectors.
    fn lessons(&self, work: &Path) -> anyhow::Result<Lessons> {
        let key = self.fingerprint(&self.params.max_tokens.to_string());
        let vectors = teacher::vectors(work, &key, &self.teacher, &self.texts.tokenized)?;
        let new_ids: HashMap<u32, u32> = self.vocabulary.kept.iter().copied().zip(0..).collect();
        let new =
            |id: &u32| new_ids.get(id).copied().with_context(|| format!("token {id} was not kept"));
        let sequences =
            self.texts.tokenized.iter().map(|text| text.ids().iter().map(new).collect());
        Ok(Lessons { sequences: sequences.collect::<anyhow::Result<_>>()?, vectors })
    }

    fn checkpoints(&self, work: &Path) -> anyhow::Result<Checkpoints> {
        Ok(Checkpoints::new(work, self.fingerprint(&serde_json::to_string(&self.params)?)))
    }

    /// What a result depends on, in one line.
    fn fingerprint(&self, more: &str) -> String {
        let teacher = sha256_hex(self.teacher.fingerprint());
        sha256_hex(format!("{teacher} {} {more}", self.texts.sha256).as_bytes())
    }

    /// Stores the student, measures what was stored, and puts the folder in its place.
    fn write(
        &self,
        args: &DistillArgs,
        student: &BertCheckpoint,
        history: Vec<Progress>,
        now: Timestamp,
    ) -> anyhow::Result<Report> {
        let stored =
            |student| Draft::write(&args.out, student, &self.vocabulary, self.params.weights);
        let before = self.closeness(&stored(&self.beginning)?)?;
        let draft = stored(student)?;
        let files = draft.sums()?;
        let report = Report {
            student: args.out.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            layers: self.params.layers.clone(),
            vocabulary: self.vocabulary.kept.len(),
            bytes: files.values().map(|sum| sum.bytes).sum(),
            texts: self.texts.texts.len() - self.params.held_out,
            steps: self.params.steps,
            test: self.closeness(&draft)?,
            baselines: BTreeMap::from([("before training", before)]),
            history,
        };
        let record = Record {
            format: 1,
            created_at: now,
            program: format!("recontact-train {}", env!("CARGO_PKG_VERSION")),
            teacher: self.teacher.identity(),
            data: &self.texts.files,
            parameters: &self.params,
            metrics: &report,
            files,
        };
        draft.finish(folder::RECORD, &record, &report.card(&record, &command(args)))?;
        Ok(report)
    }

    /// How close what was stored is to the teacher, on the texts held out.
    fn closeness(&self, draft: &Draft) -> anyhow::Result<Closeness> {
        let (_, held_out) = train::parts(self.texts.texts.len(), &self.params);
        let held_out: Vec<&str> =
            held_out.iter().map(|row| self.texts.texts[*row].as_str()).collect();
        let stored = TextEncoder::load(draft.path(), None, &InferenceOptions::default())?;
        Closeness::of(&stored, &self.teacher, &held_out, self.params.max_tokens)
    }
}

fn parameters(args: &DistillArgs) -> anyhow::Result<DistillParams> {
    let mut params = match &args.config {
        Some(path) => DistillParams::read(path)?,
        None => DistillParams::default(),
    };
    if !args.layers.is_empty() {
        params.layers.clone_from(&args.layers);
    }
    params.vocabulary = args.vocabulary_from.unwrap_or(params.vocabulary);
    params.steps = args.steps.unwrap_or(params.steps);
    params.check().map_err(|fault| bad_input!("{fault}"))?;
    Ok(params)
}

/// Beside the student's folder, under a name that no encoder has.
fn work_folder(out: &Path) -> PathBuf {
    let name = out.file_name().unwrap_or_default().to_string_lossy();
    out.with_file_name(format!("{name}.partial"))
}

fn read_vocabulary(
    teacher: &Path,
    parts: &BertCheckpoint,
    texts: &Texts,
    params: &DistillParams,
) -> anyhow::Result<TrimmedVocabulary> {
    let path = teacher.join("tokenizer.json");
    let content = fs::read(&path).with_context(|| path.display().to_string())?;
    let tokenizer = serde_json::from_slice(&content)
        .map_err(|error| bad_input!("{}: {error}", path.display()))?;
    match params.vocabulary {
        Vocabulary::Full => Ok(vocabulary::full(tokenizer, parts.shape.vocabulary)),
        Vocabulary::Texts => {
            vocabulary::trim(tokenizer, &texts.used_tokens, parts.shape.padding_id)
        }
    }
}

/// The call that repeats this run.
fn command(args: &DistillArgs) -> String {
    let files = args.texts.iter().map(|path| path.display().to_string());
    let mut words = vec![format!("recontact-train distill --teacher {} --texts", args.teacher)];
    words.extend(files);
    words.push(format!("--text {}", args.text));
    if let Some(config) = &args.config {
        words.push(format!("--config {}", config.display()));
    }
    if !args.layers.is_empty() {
        let layers: Vec<String> = args.layers.iter().map(usize::to_string).collect();
        words.push(format!("--layers {}", layers.join(",")));
    }
    if let Some(steps) = args.steps {
        words.push(format!("--steps {steps}"));
    }
    if args.vocabulary_from == Some(Vocabulary::Texts) {
        words.push("--vocabulary-from texts".to_owned());
    }
    words.push(format!("--out {}", args.out.display()));
    words.join(" ")
}
