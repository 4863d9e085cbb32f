//! The training: batches of texts, the loss against the teacher's vectors, checkpoints.
//!
//! The loss of a batch is the mean of `1 - cosine(student, teacher)` plus a weight times the mean squared difference of
//! the two matrices of similarities among its texts: the student shall place texts where the teacher does, and as far
//! from each other.

use super::params::DistillParams;
use crate::progress;
use crate::simulate::random::shuffled;
use crate::transformer::Transformer;
use crate::transformer::batch::Batch;
use crate::transformer::checkpoint::Checkpoints;
use crate::transformer::optimiser::{AdamW, AdamWParams};
use candle_core::{Device, Result, Tensor};
use serde::{Deserialize, Serialize};
use std::time::{Duration, Instant};

/// Texts that go through the transformer at once where nothing is learnt.
const EVALUATION_BATCH: usize = 64;

/// Token sequences and the teacher's vectors of them.
#[derive(Debug)]
pub struct Lessons {
    /// The student's tokens of each text.
    pub sequences: Vec<Vec<u32>>,
    /// A row for each text, of length 1.
    pub vectors: Tensor,
}

/// How far the training had come at a checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Steps done.
    pub step: usize,
    /// Mean loss of the steps since the checkpoint before; of the beginning, none.
    pub loss: Option<f64>,
    /// Mean cosine to the teacher on the texts held out.
    pub held_out_cosine: f64,
}

/// Whether the training came to its end.
#[derive(Debug)]
pub struct Outcome {
    /// How it went, from the beginning to the last checkpoint.
    pub history: Vec<Progress>,
    /// Whether all steps were done.
    pub finished: bool,
}

/// Trains until the last step, or until `stop_after` steps were done in this call. Goes on from a checkpoint.
///
/// # Errors
/// When a checkpoint is damaged, the disk fails, or a gradient is not finite any more.
pub fn train(
    student: &Transformer,
    lessons: &Lessons,
    params: &DistillParams,
    checkpoints: &Checkpoints,
    stop_after: Option<usize>,
) -> anyhow::Result<Outcome> {
    let mut optimiser = AdamW::new(student.variables(), optimiser_params(params));
    let (learnt, held_out) = parts(lessons.sequences.len(), params);
    let mut history: Vec<Progress> = match checkpoints.load()? {
        Some(saved) => {
            optimiser.resume(saved.step, saved.state)?;
            eprintln!("going on from the checkpoint at step {}", saved.step);
            saved.notes
        }
        None => {
            let held_out_cosine = cosine(student, lessons, &held_out)?;
            vec![Progress { step: 0, loss: None, held_out_cosine }]
        }
    };
    let first = optimiser.step_number();
    let end = params.steps.min(stop_after.map_or(usize::MAX, |count| first + count));
    let bar = progress::bar(params.steps as u64, "distilling");
    bar.begin_at(first as u64);
    let mut clock = Clock::start(first);
    let mut losses = Vec::new();
    while optimiser.step_number() < end {
        let rows = batch(&learnt, optimiser.step_number(), params);
        let loss = loss(student, lessons, &rows, params)?;
        optimiser.step(&loss.backward()?)?;
        losses.push(f64::from(loss.to_scalar::<f32>()?));
        let step = optimiser.step_number();
        bar.inc(1);
        if step.is_multiple_of(params.checkpoint_every) || step == end {
            history.push(Progress {
                step,
                loss: Some(mean(&losses)),
                held_out_cosine: cosine(student, lessons, &held_out)?,
            });
            losses.clear();
            checkpoints.save(step, &optimiser.state()?, &history)?;
            if bar.is_hidden() {
                clock.tell(&history, params.steps);
            }
        }
    }
    bar.finish();
    Ok(Outcome { history, finished: optimiser.step_number() == params.steps })
}

/// The texts that are learnt from and those that are held out, both in a fixed order.
#[must_use]
pub fn parts(texts: usize, params: &DistillParams) -> (Vec<usize>, Vec<usize>) {
    let mut rows = shuffled((0..texts).collect(), params.seed, 0);
    let learnt = rows.split_off(params.held_out.min(texts));
    (learnt, rows)
}

fn optimiser_params(params: &DistillParams) -> AdamWParams {
    AdamWParams {
        rate: params.rate,
        warm_up: params.warm_up,
        steps: params.steps,
        weight_decay: params.weight_decay,
    }
}

/// The texts of a step: all are taken in a new order before any is taken again; what does not fill a batch is passed over.
fn batch(learnt: &[usize], step: usize, params: &DistillParams) -> Vec<usize> {
    let batches = (learnt.len() / params.batch).max(1);
    let (round, place) = (step / batches, step % batches);
    let order = shuffled(learnt.to_vec(), params.seed, 1 + round as u64);
    order.into_iter().skip(place * params.batch).take(params.batch).collect()
}

fn loss(
    student: &Transformer,
    lessons: &Lessons,
    rows: &[usize],
    params: &DistillParams,
) -> Result<Tensor> {
    let (found, wanted) = (embed(student, lessons, rows)?, lessons.rows(rows)?);
    let cosine = (&found * &wanted)?.sum(1)?.mean_all()?;
    let difference = (found.matmul(&found.t()?)? - wanted.matmul(&wanted.t()?)?)?;
    (1.0 - cosine)? + (difference.sqr()?.mean_all()? * params.similarity_weight)?
}

fn embed(student: &Transformer, lessons: &Lessons, rows: &[usize]) -> Result<Tensor> {
    let sequences = rows.iter().map(|row| lessons.sequences[*row].as_slice());
    student.embed(&Batch::new(sequences))
}

/// Mean cosine of student and teacher.
fn cosine(student: &Transformer, lessons: &Lessons, rows: &[usize]) -> Result<f64> {
    let mut cosines = Vec::with_capacity(rows.len());
    for rows in rows.chunks(EVALUATION_BATCH) {
        let products = (embed(student, lessons, rows)?.detach() * lessons.rows(rows)?)?;
        cosines.extend(products.sum(1)?.to_vec1::<f32>()?.into_iter().map(f64::from));
    }
    Ok(mean(&cosines))
}

impl Lessons {
    /// The teacher's vectors of some texts.
    fn rows(&self, rows: &[usize]) -> Result<Tensor> {
        let ids: Vec<u32> =
            rows.iter().map(|row| u32::try_from(*row).unwrap_or(u32::MAX)).collect();
        self.vectors.index_select(&Tensor::new(ids, &Device::Cpu)?, 0)
    }
}

/// The mean; 0 of nothing.
#[expect(clippy::cast_precision_loss, reason = "counts of steps and texts")]
fn mean(numbers: &[f64]) -> f64 {
    numbers.iter().sum::<f64>() / numbers.len().max(1) as f64
}

/// Tells how it goes where no bar is shown.
struct Clock {
    first: usize,
    started: Instant,
}

impl Clock {
    fn start(first: usize) -> Self {
        Self { first, started: Instant::now() }
    }

    fn tell(&mut self, history: &[Progress], steps: usize) {
        let Some(now) = history.last() else { return };
        let done = u32::try_from(now.step - self.first).unwrap_or(u32::MAX).max(1);
        let left = u32::try_from(steps - now.step).unwrap_or(u32::MAX);
        let each = self.started.elapsed() / done;
        eprintln!(
            "step {} of {steps}: loss {:.4}, cosine on held-out texts {:.4}, {:.2} s a step, {} left; checkpoint written",
            now.step,
            now.loss.unwrap_or(f64::NAN),
            now.held_out_cosine,
            each.as_secs_f64(),
            minutes(each * left),
        );
    }
}

fn minutes(time: Duration) -> String {
    let seconds = time.as_secs();
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_text_is_learnt_from_once_a_round_and_none_that_is_held_out() {
        let params = DistillParams { held_out: 10, batch: 5, ..DistillParams::default() };
        let (learnt, held_out) = parts(60, &params);
        assert_eq!((learnt.len(), held_out.len()), (50, 10));
        let round: Vec<usize> = (0..10).flat_map(|step| batch(&learnt, step, &params)).collect();
        assert_eq!(round.iter().collect::<BTreeSet<_>>(), learnt.iter().collect());
        assert!(round.iter().all(|row| !held_out.contains(row)));
        let next: Vec<usize> = (10..20).flat_map(|step| batch(&learnt, step, &params)).collect();
        assert_ne!(round, next, "another order");
        assert_eq!(batch(&learnt, 13, &params), batch(&learnt, 13, &params));
    }
}
