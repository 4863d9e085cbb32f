//! An encoder is trained on for the labels of a table: end to end (`fine-tune`), or so that texts of one label lie together
//! (`few-shot`).
//!
//! What comes out is an encoder of its own, in its own folder; the head is then fitted on its vectors like any other. Of a
//! fine-tuning, the rows that are held out for the head choose the best epoch, and the encoder never learns from them. Of
//! few texts none can be spared: there the encoder is tuned twice, once without a part of the texts, which settles the
//! head's shares and temperature, and once on all.

pub mod loss;
pub mod params;
mod train;

pub use params::TuneParams;

use super::budget::Budget;
use super::fit_parts::Labelled;
use super::held_out::{Fold, folds};
use super::method::Method;
use super::params::CategoryParams;
use crate::bad_input;
use crate::distill::folder::Draft;
use crate::distill::params::StoredWeights;
use crate::distill::vocabulary;
use crate::transformer::Transformer;
use crate::transformer::checkpoint::Checkpoints;
use anyhow::Context;
use loss::Objective;
use recontact::classify::encoder::checkpoint::BertCheckpoint;
use recontact::classify::encoder::{InferenceOptions, TextEncoder};
use recontact::registry::artifact::sha256_hex;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where an encoder is read from and where the tuned one goes.
#[derive(Debug, Clone)]
pub struct Places {
    /// The folder of the encoder that is trained on.
    pub encoder: PathBuf,
    /// The folder to write; its name becomes the encoder's.
    pub out: PathBuf,
}

/// A tuned encoder, and the one by which the head's parts are chosen.
pub struct Tuned {
    /// The encoder in its folder.
    pub encoder: TextEncoder,
    /// The encoder that has not seen the rows held out; none where the other has not seen them either.
    pub choosing: Option<TextEncoder>,
    /// Which rows those are.
    pub fold: Fold,
    /// How it went, epoch by epoch.
    pub history: Vec<Epoch>,
}

/// One epoch of a training.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Epoch {
    /// Its number, from 1; 0 is the beginning.
    pub epoch: usize,
    /// Mean loss of its steps; of the beginning, none.
    pub loss: Option<f64>,
    /// Share of the rows held out that get the right label; none where none are held out.
    pub held_out_accuracy: Option<f64>,
}

/// Tunes an encoder for labelled texts and writes its folder.
///
/// # Errors
/// [`crate::failure::BadInput`] when the encoder cannot be trained on, or a checkpoint is damaged; else what the disk says.
pub fn tune(
    labelled: Labelled<'_>,
    encoder: &TextEncoder,
    places: &Places,
    method: Method,
    params: &CategoryParams,
) -> anyhow::Result<Tuned> {
    let mut all = folds(labelled.y, params.validation_share, params.seed)?;
    let fold = all.swap_remove(0);
    let refused = |error| bad_input!("--encoder: {error}");
    let beginning = BertCheckpoint::load(&places.encoder).map_err(refused)?;
    let rows = train::Rows::new(labelled, encoder, &params.tune)?;
    let objective = Objective::of(method);
    let run = |what: &str, fit: &[usize], held_out: &[usize]| -> anyhow::Result<_> {
        let model = Transformer::new(&beginning)?;
        let work = work_folder(&places.out, what);
        let best = work.join("best");
        fs::create_dir_all(&best).with_context(|| format!("making {}", best.display()))?;
        let run = fingerprint(labelled, encoder, objective, fit, params)?;
        let checkpoints = train::Kept {
            last: Checkpoints::new(&work, run.clone()),
            best: Checkpoints::new(&best, run),
        };
        let part = train::Part { fit, held_out };
        let history =
            train::train(&model, &rows, part, objective, params.seed, &params.tune, &checkpoints)?;
        Ok((model.checkpoint(), history, work))
    };
    let mut works = Vec::new();
    let mut choosing = None;
    if objective == Objective::Contrast {
        let (tuned, _, work) = run("choosing", &fold.fit, &[])?;
        let draft = draft(&work.join("encoder"), &tuned, &places.encoder)?;
        choosing = Some(load(draft.path(), encoder)?);
        works.push(work);
    }
    let every: Vec<usize> = (0..labelled.y.len()).collect();
    let (fit, held_out) = match objective {
        Objective::Contrast => (every.as_slice(), &[][..]),
        Objective::Labels => (fold.fit.as_slice(), fold.held_out.as_slice()),
    };
    let (tuned, history, work) = run("tuning", fit, held_out)?;
    works.push(work);
    let record = Record {
        format: 1,
        program: format!("recontact-train {}", env!("CARGO_PKG_VERSION")),
        method,
        base: encoder.identity().clone(),
        parameters: &params.tune,
        history: &history,
    };
    draft(&places.out, &tuned, &places.encoder)?.finish("tuned.json", &record, &card(&record))?;
    for work in works {
        fs::remove_dir_all(&work).with_context(|| format!("removing {}", work.display()))?;
    }
    Ok(Tuned { encoder: load(&places.out, encoder)?, choosing, fold, history })
}

/// How long [`tune`] would take on this machine, by a few of its steps.
///
/// # Errors
/// [`crate::failure::BadInput`] when the encoder cannot be trained on.
pub fn estimate(
    labelled: Labelled<'_>,
    encoder: &TextEncoder,
    places: &Places,
    method: Method,
    params: &CategoryParams,
    clock: Budget<'_>,
) -> anyhow::Result<Duration> {
    let refused = |error| bad_input!("--encoder: {error}");
    let model = Transformer::new(&BertCheckpoint::load(&places.encoder).map_err(refused)?)?;
    let rows = train::Rows::new(labelled, encoder, &params.tune)?;
    let objective = Objective::of(method);
    let every: Vec<usize> = (0..labelled.y.len()).collect();
    let part = train::Part { fit: &every, held_out: &[] };
    let once = train::estimate(&model, &rows, part, objective, params, clock)?;
    Ok(match objective {
        Objective::Labels => once,
        Objective::Contrast => once * 2,
    })
}

/// What a tuned encoder's folder tells of where it came from.
#[derive(Serialize)]
struct Record<'a> {
    format: u32,
    program: String,
    method: Method,
    base: recontact::classify::encoder::EncoderIdentity,
    parameters: &'a TuneParams,
    history: &'a [Epoch],
}

fn card(record: &Record<'_>) -> String {
    let rows: Vec<Vec<String>> = record
        .history
        .iter()
        .map(|epoch| {
            let number = |x: Option<f64>| x.map_or("–".to_owned(), |x| format!("{x:.4}"));
            vec![epoch.epoch.to_string(), number(epoch.loss), number(epoch.held_out_accuracy)]
        })
        .collect();
    crate::card::Card::new("Tuned encoder")
        .section(
            "What it does",
            &format!(
                "`{}` trained on for the labels of one table ({}). It belongs to the model that was trained with it; its licence is \
                 that of `{0}` and of the texts.",
                record.base.name,
                record.method.as_str()
            ),
        )
        .section(
            "Training",
            &crate::card::markdown_table(&["epoch", "loss", "accuracy, held out"], &rows),
        )
        .finish()
}

fn draft(place: &Path, tuned: &BertCheckpoint, base: &Path) -> anyhow::Result<Draft> {
    let path = base.join("tokenizer.json");
    let content = fs::read(&path).with_context(|| path.display().to_string())?;
    let tokenizer = serde_json::from_slice(&content)
        .map_err(|error| bad_input!("{}: {error}", path.display()))?;
    let vocabulary = vocabulary::full(tokenizer, tuned.shape.vocabulary);
    Draft::write(place, tuned, &vocabulary, StoredWeights::Half)
}

/// Loads a tuned encoder, with the prompt of the one it began as.
fn load(folder: &Path, before: &TextEncoder) -> anyhow::Result<TextEncoder> {
    let prompt = before.identity().prompt.as_str();
    Ok(TextEncoder::load(folder, Some(prompt), &InferenceOptions::default())?)
}

/// Beside the encoder's folder, under a name that no encoder has.
fn work_folder(out: &Path, what: &str) -> PathBuf {
    let name = out.file_name().unwrap_or_default().to_string_lossy();
    out.with_file_name(format!("{name}.{what}.partial"))
}

/// What a result depends on, in one line.
fn fingerprint(
    labelled: Labelled<'_>,
    encoder: &TextEncoder,
    objective: Objective,
    fit: &[usize],
    params: &CategoryParams,
) -> anyhow::Result<String> {
    let mut all = sha256_hex(encoder.fingerprint());
    for &row in fit {
        all += &format!("\n{} {}", labelled.y[row], labelled.texts[row].as_str());
    }
    let parameters = serde_json::to_string(&params.tune)?;
    Ok(sha256_hex(format!("{all}\n{objective:?} {} {parameters}", params.seed).as_bytes()))
}
