//! The training itself: batches, steps, epochs, checkpoints.

use super::loss::{Objective, contrastive, log_loss};
use super::{Epoch, TuneParams};
use crate::category::budget::Budget;
use crate::category::fit_parts::Labelled;
use crate::category::params::CategoryParams;
use crate::progress;
use crate::simulate::random::shuffled;
use crate::transformer::Transformer;
use crate::transformer::batch::Batch;
use crate::transformer::checkpoint::{Checkpoints, Saved};
use crate::transformer::dropout::Dropout;
use crate::transformer::optimiser::{AdamW, AdamWParams, ParameterState};
use candle_core::{Device, Result, Tensor, Var};
use recontact::classify::encoder::TextEncoder;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Texts that go through the transformer at once where nothing is learnt.
const EVALUATION_BATCH: usize = 64;
/// Most texts of one label that stand together in a step of few-shot.
const COMPANIONS: usize = 4;
/// Steps by which the duration of a training is estimated.
const TIMED_STEPS: u32 = 3;
const HEAD_WEIGHT: &str = "head.weight";
const HEAD_BIAS: &str = "head.bias";

/// Token sequences with their labels.
pub(super) struct Rows {
    sequences: Vec<Vec<u32>>,
    y: Vec<u32>,
    labels: usize,
}

/// Which rows are learnt from and which tell how well it goes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part<'a> {
    pub(super) fit: &'a [usize],
    pub(super) held_out: &'a [usize],
}

/// One training from its beginning to its end.
pub(super) struct Stage<'a> {
    pub(super) part: Part<'a>,
    pub(super) objective: Objective,
    pub(super) seed: u64,
    pub(super) epochs: usize,
    /// Highest rate of learning of the last layer.
    pub(super) rate: f64,
    /// Values that an earlier stage ended with.
    pub(super) start: Option<Vec<ParameterState>>,
}

/// The checkpoints of a run.
pub(super) struct Kept {
    /// Where it goes on after a kill.
    pub(super) last: Checkpoints,
    /// As it was after its best epoch.
    pub(super) best: Checkpoints,
}

/// What a checkpoint notes beside the numbers.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Notes {
    /// Epochs that are over.
    history: Vec<Epoch>,
    /// Losses of the steps of the present epoch.
    losses: Vec<f64>,
}

impl Rows {
    pub(super) fn new(
        labelled: Labelled<'_>,
        encoder: &TextEncoder,
        params: &TuneParams,
    ) -> anyhow::Result<Self> {
        let tokens = |text: &recontact::contact::ContactText| -> anyhow::Result<Vec<u32>> {
            Ok(encoder.tokenize_within(text.as_str(), params.max_tokens)?.ids().to_vec())
        };
        Ok(Self {
            sequences: labelled.texts.iter().map(tokens).collect::<anyhow::Result<_>>()?,
            y: labelled
                .y
                .iter()
                .map(|label| Ok(u32::try_from(*label)?))
                .collect::<anyhow::Result<_>>()?,
            labels: labelled.labels,
        })
    }

    fn batch(&self, rows: &[usize]) -> (Batch, Vec<u32>) {
        let sequences = rows.iter().map(|row| self.sequences[*row].as_slice());
        (Batch::new(sequences), rows.iter().map(|row| self.y[*row]).collect())
    }
}

/// The linear model that learns along; only for [`Objective::Labels`].
struct LabelHead {
    weight: Var,
    bias: Var,
}

impl LabelHead {
    /// Begins where each label's texts are in the mean.
    fn begin(model: &Transformer, rows: &Rows, fit: &[usize]) -> Result<Self> {
        const SCALE: f32 = 10.0;
        let mut sums: Vec<Vec<f32>> = Vec::new();
        for part in fit.chunks(EVALUATION_BATCH) {
            let (batch, labels) = rows.batch(part);
            let vectors = model.embed(&batch)?.detach().to_vec2::<f32>()?;
            for (vector, label) in vectors.iter().zip(labels) {
                sums.resize_with(rows.labels, || vec![0.0; vector.len()]);
                let sum = &mut sums[label as usize];
                sum.iter_mut().zip(vector).for_each(|(sum, x)| *sum += x);
            }
        }
        for sum in &mut sums {
            let length = sum.iter().map(|x| x * x).sum::<f32>().sqrt().max(1e-12);
            sum.iter_mut().for_each(|x| *x *= SCALE / length);
        }
        Ok(Self {
            weight: Var::new(sums, &Device::Cpu)?,
            bias: Var::zeros(rows.labels, candle_core::DType::F32, &Device::Cpu)?,
        })
    }

    fn scores(&self, vectors: &Tensor) -> Result<Tensor> {
        vectors.matmul(&self.weight.t()?)?.broadcast_add(&self.bias)
    }
}

/// Trains a model in place; with rows held out it ends as it was after its best epoch. Goes on from a checkpoint.
pub(super) fn train(
    model: &Transformer,
    rows: &Rows,
    stage: Stage<'_>,
    params: &TuneParams,
    checkpoints: &Kept,
) -> anyhow::Result<Vec<Epoch>> {
    let part = stage.part;
    let head = match stage.objective {
        Objective::Labels => Some(LabelHead::begin(model, rows, part.fit)?),
        Objective::Contrast => None,
    };
    let order = Order::new(rows, &stage, params);
    let mut optimiser = optimiser(model, head.as_ref(), &order, stage.rate, params);
    if let Some(start) = stage.start {
        optimiser.begin_with(start)?;
    }
    let mut notes = Notes::default();
    let mut best: Option<Saved<f64>> = checkpoints.best.load()?;
    let evaluate = |epoch, loss| -> Result<Epoch> {
        let held_out_accuracy = head
            .as_ref()
            .filter(|_| !part.held_out.is_empty())
            .map(|head| accuracy(model, head, rows, part.held_out))
            .transpose()?;
        Ok(Epoch { epoch, loss, held_out_accuracy })
    };
    match checkpoints.last.load::<Notes>()? {
        Some(saved) => {
            optimiser.resume(saved.step, saved.state)?;
            notes = saved.notes;
            eprintln!("going on from the checkpoint at step {}", saved.step);
        }
        None => notes.history.push(evaluate(0, None)?),
    }
    let steps = order.epochs * order.per_epoch;
    let bar = progress::bar(steps as u64, "training the encoder");
    bar.begin_at(optimiser.step_number() as u64);
    while optimiser.step_number() < steps {
        let batch = order.batch(optimiser.step_number(), rows);
        let mut dropout = Dropout::new(order.dropout, order.seed, optimiser.step_number() as u64);
        let learning = Learning { model, head: head.as_ref(), rows, contrast: params.contrast };
        notes.losses.push(learning.step(&batch, &mut dropout, &mut optimiser)?);
        let step = optimiser.step_number();
        bar.inc(1);
        if step.is_multiple_of(order.per_epoch) {
            let epoch = evaluate(step / order.per_epoch, Some(mean(&notes.losses)))?;
            notes.history.push(epoch);
            notes.losses.clear();
            bar.println(told(&epoch, order.epochs));
            if bar.is_hidden() {
                eprintln!("{}", told(&epoch, order.epochs));
            }
            if let Some(accuracy) = epoch.held_out_accuracy
                && best.as_ref().is_none_or(|best| accuracy > best.notes)
            {
                let state = optimiser.state()?;
                checkpoints.best.save(step, &state, &accuracy)?;
                best = Some(Saved { step, state, notes: accuracy });
            }
        }
        if step.is_multiple_of(params.checkpoint_every) {
            checkpoints.last.save(step, &optimiser.state()?, &notes)?;
        }
        if has_stopped_gaining(&notes.history, params.patience) {
            break;
        }
    }
    bar.finish_and_clear();
    if let Some(best) = best {
        optimiser.resume(best.step, best.state)?;
    }
    Ok(notes.history)
}

/// How long a training would take, by a few of its steps.
pub(super) fn estimate(
    model: &Transformer,
    rows: &Rows,
    part: Part<'_>,
    objective: Objective,
    params: &CategoryParams,
    clock: Budget<'_>,
) -> anyhow::Result<Duration> {
    let head = match objective {
        Objective::Labels => {
            Some(LabelHead::begin(model, rows, part.fit.get(..1).unwrap_or_default())?)
        }
        Objective::Contrast => None,
    };
    let epochs = params.tune.epochs_of(objective);
    let rate = params.tune.rate;
    let stage = Stage { part, objective, seed: params.seed, epochs, rate, start: None };
    let order = Order::new(rows, &stage, &params.tune);
    let mut optimiser = optimiser(model, head.as_ref(), &order, rate, &params.tune);
    let learning = Learning { model, head: head.as_ref(), rows, contrast: params.tune.contrast };
    let mut begun = clock.spent();
    for number in 0..=TIMED_STEPS {
        let steps = order.epochs * order.per_epoch;
        let batch = order.batch(number as usize % steps, rows);
        let mut dropout = Dropout::new(order.dropout, order.seed, u64::from(number));
        learning.step(&batch, &mut dropout, &mut optimiser)?;
        if number == 0 {
            // The first one warms up.
            begun = clock.spent();
        }
    }
    let steps = u32::try_from(order.epochs * order.per_epoch).unwrap_or(u32::MAX);
    Ok(((clock.spent() - begun) / TIMED_STEPS).saturating_mul(steps))
}

/// What a step needs beside its rows.
#[derive(Clone, Copy)]
struct Learning<'a> {
    model: &'a Transformer,
    head: Option<&'a LabelHead>,
    rows: &'a Rows,
    contrast: f64,
}

impl Learning<'_> {
    /// Learns from some rows once; their mean loss before.
    fn step(self, batch: &[usize], dropout: &mut Dropout, optimiser: &mut AdamW) -> Result<f64> {
        let (batch, labels) = self.rows.batch(batch);
        let vectors = self.model.embed_dropping(&batch, dropout)?;
        let loss = match self.head {
            Some(head) => log_loss(&head.scores(&vectors)?, &labels)?,
            None => contrastive(&vectors, &labels, self.contrast)?,
        };
        optimiser.step(&loss.backward()?)?;
        Ok(f64::from(loss.to_scalar::<f32>()?))
    }
}

fn optimiser(
    model: &Transformer,
    head: Option<&LabelHead>,
    order: &Order,
    rate: f64,
    params: &TuneParams,
) -> AdamW {
    let mut variables = model.variables();
    if let Some(head) = head {
        variables.push((HEAD_WEIGHT.to_owned(), head.weight.clone()));
        variables.push((HEAD_BIAS.to_owned(), head.bias.clone()));
    }
    let steps = order.epochs * order.per_epoch;
    let settings = AdamWParams {
        rate,
        warm_up: share_of(steps, params.warm_up),
        steps,
        weight_decay: params.weight_decay,
    };
    let mut optimiser = AdamW::new(variables, settings);
    let layer_of = |name: &str| -> Option<i32> {
        let (number, _) = name.strip_prefix("encoder.layer.")?.split_once('.')?;
        number.parse().ok()
    };
    let parameters = optimiser.parameters_mut();
    let top = parameters.iter().filter_map(|p| layer_of(&p.name)).max().unwrap_or(0);
    for parameter in parameters {
        parameter.rate = match layer_of(&parameter.name) {
            Some(layer) => params.layer_decay.powi(top - layer),
            None if parameter.name.starts_with("head.") => params.head_rate / params.rate,
            None => params.layer_decay.powi(top + 1),
        };
    }
    optimiser
}

/// Which texts a step takes.
struct Order {
    fit: Vec<usize>,
    objective: Objective,
    seed: u64,
    batch: usize,
    per_epoch: usize,
    epochs: usize,
    dropout: f64,
}

impl Order {
    fn new(rows: &Rows, stage: &Stage<'_>, params: &TuneParams) -> Self {
        let batch = match stage.objective {
            Objective::Labels => params.batch,
            Objective::Contrast => 2 * params.batch,
        };
        let mut fit = stage.part.fit.to_vec();
        fit.sort_by_key(|row| rows.y[*row]);
        Self {
            per_epoch: fit.len().div_ceil(batch).max(1),
            epochs: stage.epochs,
            fit,
            objective: stage.objective,
            seed: stage.seed,
            batch,
            dropout: params.dropout_of(stage.objective),
        }
    }

    /// All texts are taken in a new order before any is taken again.
    fn batch(&self, step: usize, rows: &Rows) -> Vec<usize> {
        let (epoch, place) = (step / self.per_epoch, step % self.per_epoch);
        let order = match self.objective {
            Objective::Labels => shuffled(self.fit.clone(), self.seed, epoch as u64),
            Objective::Contrast => self.in_company(rows, epoch),
        };
        order.into_iter().skip(place * self.batch).take(self.batch).collect()
    }

    /// A new order in which texts of a label stand up to [`COMPANIONS`] at a time.
    fn in_company(&self, rows: &Rows, epoch: usize) -> Vec<usize> {
        let of_labels = self.fit.chunk_by(|a, b| rows.y[*a] == rows.y[*b]);
        let mut companies: Vec<Vec<usize>> = Vec::new();
        for texts in of_labels {
            let number = ((epoch as u64) << 32) | u64::from(rows.y[texts[0]]);
            let texts = shuffled(texts.to_vec(), self.seed, number);
            // As even as it goes: a text alone has no companion to be told by.
            let size = texts.len().div_ceil(texts.len().div_ceil(COMPANIONS));
            companies.extend(texts.chunks(size).map(<[usize]>::to_vec));
        }
        let order = shuffled((0..companies.len()).collect(), self.seed, u64::MAX - epoch as u64);
        order.into_iter().flat_map(|at| companies[at].clone()).collect()
    }
}

fn accuracy(model: &Transformer, head: &LabelHead, rows: &Rows, of: &[usize]) -> Result<f64> {
    let mut right = 0_usize;
    for part in of.chunks(EVALUATION_BATCH) {
        let (batch, labels) = rows.batch(part);
        let best = head.scores(&model.embed(&batch)?.detach())?.argmax(1)?.to_vec1::<u32>()?;
        right += best.iter().zip(&labels).filter(|(best, label)| best == label).count();
    }
    Ok(crate::category::report::share(right, of.len()))
}

/// Whether the last epochs brought nothing over the one before them.
fn has_stopped_gaining(history: &[Epoch], patience: usize) -> bool {
    let accuracies: Vec<f64> = history.iter().filter_map(|epoch| epoch.held_out_accuracy).collect();
    let Some(before) = accuracies.len().checked_sub(patience).filter(|before| *before > 1) else {
        return false;
    };
    let highest = |of: &[f64]| of.iter().copied().fold(0.0, f64::max);
    highest(&accuracies[before..]) <= highest(&accuracies[..before])
}

fn told(epoch: &Epoch, epochs: usize) -> String {
    let accuracy = epoch
        .held_out_accuracy
        .map_or(String::new(), |accuracy| format!(", accuracy on texts held out {accuracy:.4}"));
    let loss = epoch.loss.unwrap_or(f64::NAN);
    format!("epoch {} of {epochs}: loss {loss:.4}{accuracy}", epoch.epoch)
}

/// The mean; 0 of nothing.
#[expect(clippy::cast_precision_loss, reason = "counts of steps")]
fn mean(numbers: &[f64]) -> f64 {
    numbers.iter().sum::<f64>() / numbers.len().max(1) as f64
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of a number of steps"
)]
fn share_of(steps: usize, share: f64) -> usize {
    (steps as f64 * share).round() as usize
}
