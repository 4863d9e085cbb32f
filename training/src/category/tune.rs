//! An encoder is trained on for the labels of a table: end to end (`fine-tune`), or so that texts of one label lie together
//! (`few-shot`).
//!
//! What comes out is an encoder of its own, in its own folder; the head is then fitted on its vectors like any other. There
//! are two: the first never learns from the rows that are held out, which settle the head's shares and temperature, and in
//! a fine-tuning the best epoch; the second learns from all. Of a fine-tuning it goes on from the first one for a few
//! rounds, of few texts it begins anew.

pub mod finished;
pub mod loss;
pub mod params;
mod train;

pub use params::TuneParams;

use super::budget::Budget;
use super::fit_parts::Labelled;
use super::held_out::Fold;
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
use recontact::registry::artifact::{FileSum, sha256_hex};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
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
    /// The encoder that has not seen the rows held out.
    pub choosing: TextEncoder,
    /// Which rows those are.
    pub fold: Fold,
    /// How it went, epoch by epoch.
    pub history: Vec<Epoch>,
    /// What the same call goes on from after a kill; removed once the model is written.
    pub works: Vec<PathBuf>,
    /// Whether the encoder was in its place already: another model may read it.
    pub was_there: bool,
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

/// Tunes an encoder for labelled texts and writes its folder; goes on from what an earlier call of the same run has left.
///
/// # Errors
/// [`crate::failure::BadInput`] when the encoder cannot be trained on, a checkpoint is damaged, or another encoder is in the
/// folder; else what the disk says.
pub fn tune(
    labelled: Labelled<'_>,
    encoder: &TextEncoder,
    places: &Places,
    method: Method,
    params: &CategoryParams,
) -> anyhow::Result<Tuned> {
    let mut all = labelled.folds(params.validation_share, params.seed)?;
    let fold = all.swap_remove(0);
    let refused = |error| bad_input!("--encoder: {error}");
    let beginning = BertCheckpoint::load(&places.encoder).map_err(refused)?;
    let rows = train::Rows::new(labelled, encoder, &params.tune)?;
    let objective = Objective::of(method);
    let every: Vec<usize> = (0..labelled.y.len()).collect();
    let held_out: &[usize] = match objective {
        Objective::Labels => &fold.held_out,
        Objective::Contrast => &[],
    };
    let first = train::Part { fit: &fold.fit, held_out };
    let run = Run { labelled, encoder, places, method, params, beginning, rows };
    let [first_run, last_run] = run.fingerprints(first, &every)?;
    // An encoder of another run is refused before anything is learnt.
    finished::history(&places.out, &last_run)?;
    let choosing_work = work_folder(&places.out, "choosing");
    let choosing_place = choosing_work.join("encoder");
    let epochs = params.tune.epochs_of(objective);
    let stage = |part, epochs, rate, start| train::Stage {
        part,
        objective,
        seed: params.seed,
        epochs,
        rate,
        start,
    };
    let whole = stage(first, epochs, params.tune.rate, None);
    let first_run = run.make(&choosing_place, &choosing_work, first_run, whole)?;
    let all = train::Part { fit: &every, held_out: &[] };
    let last = match objective {
        Objective::Contrast => stage(all, epochs, params.tune.rate, None),
        Objective::Labels => {
            let best = first_run.kept.best.load::<f64>()?.ok_or_else(|| {
                let folder = choosing_work.display();
                bad_input!("{folder}: the checkpoint of the best epoch is missing; remove the folder to begin anew")
            })?;
            stage(all, params.tune.last_epochs, params.tune.rate / 2.0, Some(best.state))
        }
    };
    let work = work_folder(&places.out, "tuning");
    let last_run = run.make(&places.out, &work, last_run, last)?;
    let history = match objective {
        Objective::Contrast => last_run.history,
        Objective::Labels => one_after_the_other(first_run.history, last_run.history),
    };
    Ok(Tuned {
        encoder: load(&places.out, encoder)?,
        choosing: load(&choosing_place, encoder)?,
        fold,
        history,
        works: vec![choosing_work, work],
        was_there: last_run.was_there,
    })
}

/// What both stages of a tuning share.
struct Run<'a> {
    labelled: Labelled<'a>,
    encoder: &'a TextEncoder,
    places: &'a Places,
    method: Method,
    params: &'a CategoryParams,
    beginning: BertCheckpoint,
    rows: train::Rows,
}

/// A stage that is over.
struct Made {
    history: Vec<Epoch>,
    was_there: bool,
    kept: train::Kept,
}

impl Run<'_> {
    /// Makes the encoder in `place`, or takes it as it is where this very run has made it before.
    fn make(
        &self,
        place: &Path,
        work: &Path,
        run: String,
        stage: train::Stage<'_>,
    ) -> anyhow::Result<Made> {
        let best = work.join("best");
        let kept = train::Kept {
            last: Checkpoints::new(work, run.clone()),
            best: Checkpoints::new(&best, run.clone()),
        };
        if let Some(history) = finished::history(place, &run)? {
            return Ok(Made { history, was_there: true, kept });
        }
        fs::create_dir_all(&best).with_context(|| format!("making {}", best.display()))?;
        let model = Transformer::new(&self.beginning)?;
        let history = train::train(&model, &self.rows, stage, &self.params.tune, &kept)?;
        let draft = draft(place, &model.checkpoint(), &self.places.encoder)?;
        let record = Record {
            format: 1,
            program: format!("recontact-train {}", env!("CARGO_PKG_VERSION")),
            method: self.method,
            base: self.encoder.identity().clone(),
            parameters: &self.params.tune,
            history: &history,
            files: draft.sums()?,
            run,
        };
        draft.finish(finished::RECORD, &record, &card(&record))?;
        Ok(Made { history, was_there: false, kept })
    }

    /// What the first stage and the last one depend on, a line each.
    fn fingerprints(&self, first: train::Part<'_>, every: &[usize]) -> anyhow::Result<[String; 2]> {
        let objective = Objective::of(self.method);
        let first = fingerprint(self.labelled, self.encoder, objective, first, self.params)?;
        let all = train::Part { fit: every, held_out: &[] };
        let all = fingerprint(self.labelled, self.encoder, objective, all, self.params)?;
        let last = match objective {
            Objective::Contrast => all,
            Objective::Labels => sha256_hex(format!("{all} after {first}").as_bytes()),
        };
        Ok([first, last])
    }
}

/// The epochs of both stages, counted on.
fn one_after_the_other(mut first: Vec<Epoch>, last: Vec<Epoch>) -> Vec<Epoch> {
    let so_far = first.last().map_or(0, |epoch| epoch.epoch);
    let counted_on = |epoch: Epoch| Epoch { epoch: so_far + epoch.epoch, ..epoch };
    first.extend(last.into_iter().filter(|epoch| epoch.epoch > 0).map(counted_on));
    first
}

/// Removes what a run has kept to go on from, once there is nothing more to go on to.
pub(super) fn remove(works: &[PathBuf]) -> anyhow::Result<()> {
    // An encoder that was taken as it is may have left none.
    for work in works.iter().filter(|work| work.exists()) {
        fs::remove_dir_all(work).with_context(|| format!("removing {}", work.display()))?;
    }
    Ok(())
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
    let tune = &params.tune;
    Ok(match objective {
        Objective::Labels => {
            once + once * small(tune.last_epochs) / small(tune.epochs_of(objective))
        }
        Objective::Contrast => once * 2,
    })
}

fn small(epochs: usize) -> u32 {
    u32::try_from(epochs).unwrap_or(u32::MAX).max(1)
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
    /// Length and checksum of each file.
    files: BTreeMap<String, FileSum>,
    /// Fingerprint of what the encoder was made from.
    run: String,
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
    part: train::Part<'_>,
    params: &CategoryParams,
) -> anyhow::Result<String> {
    let mut all = sha256_hex(encoder.fingerprint());
    for (mark, rows) in [("fit", part.fit), ("held out", part.held_out)] {
        all += &format!("\n{mark} {} of {} labels", rows.len(), labelled.labels);
        for &row in rows {
            all += &format!("\n{} {}", labelled.y[row], labelled.texts[row].as_str());
        }
    }
    let parameters = serde_json::to_string(&params.tune)?;
    Ok(sha256_hex(format!("{all}\n{objective:?} {} {parameters}", params.seed).as_bytes()))
}
