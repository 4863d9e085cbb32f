//! [`Model`]: the forward pass of a BERT-type transformer over the tokens of some texts, laid end to end.
//!
//! Every thread of a pass runs the same code on its own columns. Numbers that all of them need cross through the
//! [`Exchange`]; what is cheap (embeddings, layer norms, quantising) each thread does for itself.

use super::crew::{Barrier, Broken, Looks};
use super::exchange::{Block, Exchange, Step, share};
use super::kernels::{Activation, ByteRange, ByteRows, InstructionSet, Kernels, Rows};
use super::pack::{Aligned, F32Panels, Int8Panels, padded};
use crate::classify::encoder::config::Pooling;
use std::ops::Range;

/// Packed weights.
pub(super) struct Model {
    pub(super) kernels: Kernels,
    pub(super) embeddings: Embeddings,
    pub(super) layers: Vec<Layer>,
    pub(super) heads: usize,
    /// Numbers of a head, padded.
    pub(super) head_width: usize,
    pub(super) activation: Activation,
    pub(super) pooling: Pooling,
}

/// The tables that turn token ids into vectors of `hidden` numbers.
pub(super) struct Embeddings {
    pub(super) hidden: usize,
    pub(super) words: Vec<f32>,
    /// Position and token type in one.
    pub(super) positions: Vec<f32>,
    pub(super) norm: Norm,
}

/// A layer normalisation; weight and bias are padded with zeros.
pub(super) struct Norm {
    pub(super) weight: Vec<f32>,
    pub(super) bias: Vec<f32>,
    pub(super) epsilon: f32,
}

/// One transformer layer.
pub(super) struct Layer {
    /// For each head its query (scaled by the root of the head's width), key and value.
    pub(super) query_key_value: Linear,
    pub(super) attention_output: Linear,
    pub(super) attention_norm: Norm,
    pub(super) intermediate: Linear,
    pub(super) output: Linear,
    pub(super) output_norm: Norm,
}

/// A packed linear layer.
pub(super) enum Linear {
    F32(F32Panels),
    Int8(Int8Panels),
}

impl Linear {
    /// See [`Model::looks_per_token`]: 2 operations a weight, 10 nanoseconds a look.
    fn looks(&self) -> Looks {
        match self {
            Self::F32(weights) => weights.depth() * weights.panels() * weights.width() / 3_000,
            Self::Int8(weights) => weights.depth() * weights.panels() * weights.width() / 15_000,
        }
    }

    fn panels(&self) -> usize {
        match self {
            Self::F32(panels) => panels.panels(),
            Self::Int8(panels) => panels.panels(),
        }
    }
}

/// A thread's place in a pass.
#[derive(Clone, Copy)]
pub(super) struct Seat<'a> {
    index: usize,
    count: usize,
    /// With the other threads; a thread that is alone uses what is in its workspace.
    shared: Option<(&'a Exchange, &'a Barrier)>,
}

impl<'a> Seat<'a> {
    /// The only thread of the pass.
    pub(super) fn alone() -> Self {
        Self { index: 0, count: 1, shared: None }
    }

    /// One of several threads.
    pub(super) fn shared(
        index: usize,
        count: usize,
        exchange: &'a Exchange,
        barrier: &'a Barrier,
    ) -> Self {
        Self { index, count, shared: Some((exchange, barrier)) }
    }

    fn share(self, units: usize) -> Range<usize> {
        share(units, self.index, self.count)
    }

    fn wait(self) -> Result<(), Broken> {
        self.shared.map_or(Ok(()), |(_, barrier)| barrier.wait(self.count))
    }
}

/// A thread's own room, which grows to what the largest pass needs and is used again for the next.
pub(super) struct Workspace {
    /// The texts' rows.
    texts: Vec<Range<usize>>,
    states: Aligned<f32>,
    query_key_value: Aligned<f32>,
    scratch: Vec<f32>,
    staging: Staging,
    own: Exchange,
}

/// Where the input of a linear layer is made ready.
struct Staging {
    gathered: Aligned<f32>,
    bytes: Aligned<u8>,
    ranges: Vec<ByteRange>,
    /// Smallest and largest number of each row.
    ends: Vec<(f32, f32)>,
}

impl Default for Workspace {
    fn default() -> Self {
        Self {
            texts: Vec::new(),
            states: Aligned::zeros(0),
            query_key_value: Aligned::zeros(0),
            scratch: Vec::new(),
            staging: Staging {
                gathered: Aligned::zeros(0),
                bytes: Aligned::zeros(0),
                ranges: Vec::new(),
                ends: Vec::new(),
            },
            own: Exchange::new(1),
        }
    }
}

/// Where the input of a linear layer is.
#[derive(Clone, Copy)]
enum Source<'a> {
    /// In a thread's own rows, complete.
    Own(&'a [f32]),
    /// In the blocks of all threads.
    Exchanged(Step),
}

impl Model {
    pub(super) fn instruction_set(&self) -> InstructionSet {
        self.kernels.instruction_set()
    }

    /// About a sixth of the time one thread takes for a token, at 100 billion operations a second in floats and 500 in bytes.
    pub(super) fn looks_per_token(&self) -> Looks {
        let of_layer = |layer: &Layer| {
            let linears = [
                &layer.query_key_value,
                &layer.attention_output,
                &layer.intermediate,
                &layer.output,
            ];
            linears.map(Linear::looks).iter().sum::<usize>()
        };
        self.layers.iter().map(of_layer).sum()
    }

    /// Most threads that can share one pass: each needs a head and a panel of its own.
    pub(super) fn most_seats(&self) -> usize {
        let panels = |layer: &Layer| layer.output.panels().min(layer.intermediate.panels());
        self.layers.iter().map(panels).min().unwrap_or(1).min(self.heads)
    }

    /// Runs token sequences through the transformer and gives each one's normalised vector to `give`, with its place among
    /// the sequences; of several threads one does.
    pub(super) fn forward<'s>(
        &self,
        sequences: impl Iterator<Item = &'s [u32]> + Clone,
        seat: Seat<'_>,
        workspace: &mut Workspace,
        mut give: impl FnMut(usize, Vec<f32>),
    ) -> Result<(), Broken> {
        let Workspace { texts, states, query_key_value, scratch, staging, own } = workspace;
        self.embed(sequences, texts, states);
        let rows = texts.last().map_or(0, |text| text.end);
        let states = &mut states.slice_mut()[..rows * self.width()];
        let exchange = seat.shared.map_or(&*own, |(exchange, _)| exchange);
        let pass = Pass { model: self, exchange, seat, rows };
        for layer in &self.layers {
            pass.attend(layer, states, texts, query_key_value, scratch, staging)?;
            pass.linear(&layer.attention_output, Step::Context, Step::AttentionOutput, staging)?;
            pass.add_norm(Step::AttentionOutput, &layer.attention_norm, states);
            pass.intermediate(&layer.intermediate, states, staging)?;
            pass.linear(&layer.output, Step::Intermediate, Step::Output, staging)?;
            pass.add_norm(Step::Output, &layer.output_norm, states);
        }
        if seat.index == 0 {
            for (place, text) in texts.iter().enumerate() {
                give(place, self.pool(&states[text.start * self.width()..text.end * self.width()]));
            }
        }
        Ok(())
    }

    /// Numbers in a row of states.
    fn width(&self) -> usize {
        padded(self.embeddings.hidden)
    }

    /// Lays the embeddings of all tokens end to end.
    fn embed<'s>(
        &self,
        sequences: impl Iterator<Item = &'s [u32]> + Clone,
        texts: &mut Vec<Range<usize>>,
        states: &mut Aligned<f32>,
    ) {
        let Embeddings { hidden, words, positions, norm } = &self.embeddings;
        let width = self.width();
        texts.clear();
        states.grow(sequences.clone().map(<[u32]>::len).sum::<usize>() * width);
        let mut rows = 0;
        for ids in sequences {
            let added = &mut states.slice_mut()[rows * width..];
            for (position, (&id, row)) in ids.iter().zip(added.chunks_exact_mut(width)).enumerate()
            {
                let word = &words[id as usize * hidden..][..*hidden];
                let position = &positions[position * hidden..][..*hidden];
                row[*hidden..].fill(0.0);
                for (number, (word, position)) in row.iter_mut().zip(word.iter().zip(position)) {
                    *number = word + position;
                }
                self.normalise(row, norm);
            }
            texts.push(rows..rows + ids.len());
            rows += ids.len();
        }
    }

    fn normalise(&self, row: &mut [f32], norm: &Norm) {
        let hidden = self.embeddings.hidden;
        self.kernels.normalise(row, hidden, norm.epsilon, &norm.weight, &norm.bias);
    }

    /// The vector of a text from the states of its tokens, scaled to length 1.
    fn pool(&self, states: &[f32]) -> Vec<f32> {
        let rows = states.chunks_exact(self.width());
        let hidden = self.embeddings.hidden;
        let mut vector = vec![0.0; hidden];
        // A factor (one through the number of tokens) does not outlive the scaling.
        for row in rows.take(if self.pooling == Pooling::Cls { 1 } else { usize::MAX }) {
            for (sum, number) in vector.iter_mut().zip(row) {
                *sum += number;
            }
        }
        let length = vector.iter().map(|number| number * number).sum::<f32>().sqrt().max(1e-12);
        vector.iter_mut().for_each(|number| *number /= length);
        vector
    }
}

/// One thread's part of one pass.
#[derive(Clone, Copy)]
struct Pass<'a> {
    model: &'a Model,
    exchange: &'a Exchange,
    seat: Seat<'a>,
    rows: usize,
}

impl Pass<'_> {
    /// Queries, keys, values and attention of this thread's heads; what is known of one head needs no other thread.
    fn attend(
        self,
        layer: &Layer,
        states: &[f32],
        texts: &[Range<usize>],
        query_key_value: &mut Aligned<f32>,
        scratch: &mut Vec<f32>,
        staging: &mut Staging,
    ) -> Result<(), Broken> {
        let Model { kernels, head_width, .. } = *self.model;
        let heads = self.seat.share(self.model.heads);
        let width = heads.len() * head_width;
        let panels_per_head = 3 * head_width / kernels.panel_width();
        let panels = heads.start * panels_per_head..heads.end * panels_per_head;
        query_key_value.grow(self.rows * 3 * width);
        let columns = &mut query_key_value.slice_mut()[..self.rows * 3 * width];
        let linear = &layer.query_key_value;
        self.apply(linear, Source::Own(states), panels, Activation::None, staging, columns);
        self.exchange.write(Step::Context, self.seat.index, self.rows, width, |context| {
            let input = Rows::new(columns, 3 * width, self.rows);
            kernels.attention(input, texts, heads.len(), head_width, scratch, context);
        });
        self.seat.wait()
    }

    /// A linear layer and its activation, from complete states.
    fn intermediate(
        self,
        linear: &Linear,
        states: &[f32],
        staging: &mut Staging,
    ) -> Result<(), Broken> {
        let activation = self.model.activation;
        self.exchanged(linear, Source::Own(states), Step::Intermediate, activation, staging)
    }

    /// A linear layer from one step to the next.
    fn linear(
        self,
        linear: &Linear,
        from: Step,
        to: Step,
        staging: &mut Staging,
    ) -> Result<(), Broken> {
        self.exchanged(linear, Source::Exchanged(from), to, Activation::None, staging)
    }

    fn exchanged(
        self,
        linear: &Linear,
        source: Source<'_>,
        to: Step,
        activation: Activation,
        staging: &mut Staging,
    ) -> Result<(), Broken> {
        let panels = self.seat.share(linear.panels());
        let width = panels.len() * self.model.kernels.panel_width();
        self.exchange.write(to, self.seat.index, self.rows, width, |out| {
            self.apply(linear, source, panels, activation, staging, out);
        });
        self.seat.wait()
    }

    /// Some panels of a linear layer, after its input was made ready: gathered into one piece, or quantised.
    fn apply(
        self,
        linear: &Linear,
        source: Source<'_>,
        panels: Range<usize>,
        activation: Activation,
        staging: &mut Staging,
        out: &mut [f32],
    ) {
        let kernels = self.model.kernels;
        match linear {
            Linear::F32(weights) => {
                let depth = weights.depth();
                let multiply = |input: &[f32]| {
                    let input = Rows::new(input, depth, self.rows);
                    kernels.linear_f32(input, weights, panels, activation, out);
                };
                match source {
                    Source::Own(states) => multiply(states),
                    Source::Exchanged(step) if self.seat.count == 1 => {
                        multiply(self.exchange.read(step, 0).numbers());
                    }
                    Source::Exchanged(step) => {
                        self.gather(step, depth, &mut staging.gathered);
                        multiply(staging.gathered.slice());
                    }
                }
            }
            Linear::Int8(weights) => {
                self.quantise(source, weights.depth(), staging);
                let Staging { bytes, ranges, .. } = staging;
                let input = ByteRows::new(bytes.slice(), weights.depth(), ranges);
                kernels.linear_int8(input, weights, panels, activation, out);
            }
        }
    }

    /// Calls `visit` with each thread's block of a step: the number of its first column, its width and its rows.
    fn blocks(self, step: Step, mut visit: impl FnMut(usize, &Block)) {
        let mut column = 0;
        for seat in 0..self.seat.count {
            let block = self.exchange.read(step, seat);
            visit(column, &block);
            column += block.width();
        }
    }

    /// Copies the blocks of a step into rows of `width` numbers.
    fn gather(self, step: Step, width: usize, gathered: &mut Aligned<f32>) {
        gathered.grow(self.rows * width);
        self.blocks(step, |column, block| {
            let rows = gathered.slice_mut().chunks_exact_mut(width);
            for (row, part) in rows.zip(block.rows(self.rows)) {
                row[column..][..part.len()].copy_from_slice(part);
            }
        });
    }

    /// Quantises the rows of a source, each over its own range, to rows of `width` bytes.
    fn quantise(self, source: Source<'_>, width: usize, staging: &mut Staging) {
        let kernels = self.model.kernels;
        let Staging { bytes, ranges, ends, .. } = staging;
        let rows = self.rows;
        bytes.grow(rows * width);
        let bytes = &mut bytes.slice_mut()[..rows * width];
        ranges.clear();
        match source {
            Source::Own(states) => {
                let rows = states.chunks_exact(width).take(rows);
                for (row, bytes) in rows.zip(bytes.chunks_exact_mut(width)) {
                    let range = byte_range(kernels.range(row));
                    kernels.quantise(row, range, bytes);
                    ranges.push(range);
                }
            }
            Source::Exchanged(step) => {
                // First the range over all blocks of a row, then the bytes.
                ends.clear();
                ends.resize(rows, (f32::INFINITY, f32::NEG_INFINITY));
                self.blocks(step, |_, block| {
                    for ((low, high), part) in ends.iter_mut().zip(block.rows(rows)) {
                        let (low_of_part, high_of_part) = kernels.range(part);
                        // Unlike `f32::min` and `max`, these keep a NaN that is in `low` already, or comes.
                        *low = if *low < low_of_part || low.is_nan() { *low } else { low_of_part };
                        *high = if *high > high_of_part || high.is_nan() {
                            *high
                        } else {
                            high_of_part
                        };
                    }
                });
                ranges.extend(ends.iter().copied().map(byte_range));
                self.blocks(step, |column, block| {
                    let parts = ranges.iter().zip(block.rows(rows));
                    for ((range, part), bytes) in parts.zip(bytes.chunks_exact_mut(width)) {
                        kernels.quantise(part, *range, &mut bytes[column..][..part.len()]);
                    }
                });
            }
        }
    }

    /// Adds what a step has made to the states and normalises them.
    fn add_norm(self, step: Step, norm: &Norm, states: &mut [f32]) {
        let width = self.model.width();
        self.blocks(step, |column, block| {
            for (row, part) in states.chunks_exact_mut(width).zip(block.rows(self.rows)) {
                self.model.kernels.add(&mut row[column..][..part.len()], part);
            }
        });
        for row in states.chunks_exact_mut(width) {
            self.model.normalise(row, norm);
        }
    }
}

/// The range of bytes over numbers from `low` to `high`. NaN stays NaN, so that an overflow shows in the result.
fn byte_range((low, high): (f32, f32)) -> ByteRange {
    ByteRange { low, step: (high - low) / 255.0 }
}
