//! The kernels of the packed path alone, each with every instruction set of this processor: `cargo bench --bench kernels`.
//!
//! Shapes are those of all-MiniLM-L6-v2, for the 14 tokens of a short text and the 128 of a long one. Counted are
//! products and sums, so that the figures can be held against the processor's peak (`make bench-peers` measures it).
#![expect(clippy::cast_precision_loss, reason = "small numbers")]

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use recontact::classify::encoder::packed::kernels::{
    Activation, ByteRange, ByteRows, InstructionSet, Kernels, Rows,
};
use recontact::classify::encoder::packed::pack::{Dense, F32Panels, Int8Panels};

const TOKENS: [usize; 2] = [14, 128];
const SETS: [InstructionSet; 3] = InstructionSet::ALL;
const HIDDEN: usize = 384;
const INTERMEDIATE: usize = 1536;
const HEADS: usize = 12;
const HEAD: usize = 32;

fn main() {
    divan::main();
}

/// Numbers between -0.5 and 0.5.
fn numbers(count: usize) -> Vec<f32> {
    (0..count).map(|index| (index * 7919 % 1000) as f32 / 1000.0 - 0.5).collect()
}

fn layer() -> Dense {
    Dense::new(HIDDEN, numbers(HIDDEN * INTERMEDIATE), numbers(INTERMEDIATE))
}

/// Runs a benchmark if this processor has the instruction set.
fn with(set: InstructionSet, run: impl FnOnce(Kernels)) {
    if let Some(kernels) = Kernels::of(set) {
        run(kernels);
    }
}

#[divan::bench(args = SETS, consts = TOKENS)]
fn linear_f32<const T: usize>(bencher: Bencher, set: InstructionSet) {
    with(set, |kernels| {
        let panels = F32Panels::pack(&layer(), kernels.panel_width());
        let input = numbers(T * HIDDEN);
        let mut out = vec![0.0; T * INTERMEDIATE];
        bencher.counter(ItemsCount::new(2 * T * HIDDEN * INTERMEDIATE)).bench_local(|| {
            let rows = Rows::new(black_box(&input), HIDDEN, T);
            kernels.linear_f32(rows, &panels, 0..panels.panels(), Activation::None, &mut out);
        });
    });
}

#[divan::bench(args = SETS, consts = TOKENS)]
fn linear_int8<const T: usize>(bencher: Bencher, set: InstructionSet) {
    with(set, |kernels| {
        let panels = Int8Panels::pack(&layer(), kernels.panel_width());
        let input: Vec<u8> = (0..=255).cycle().take(T * HIDDEN).collect();
        let ranges = vec![ByteRange { low: -1.0, step: 0.01 }; T];
        let mut out = vec![0.0; T * INTERMEDIATE];
        bencher.counter(ItemsCount::new(2 * T * HIDDEN * INTERMEDIATE)).bench_local(|| {
            let rows = ByteRows::new(black_box(&input), HIDDEN, &ranges);
            kernels.linear_int8(rows, &panels, 0..panels.panels(), Activation::None, &mut out);
        });
    });
}

#[divan::bench(args = SETS, consts = TOKENS)]
#[expect(clippy::single_range_in_vec_init, reason = "one text")]
fn attention<const T: usize>(bencher: Bencher, set: InstructionSet) {
    with(set, |kernels| {
        let input = numbers(T * 3 * HIDDEN);
        let mut out = vec![0.0; T * HIDDEN];
        let mut scratch = Vec::new();
        bencher.counter(ItemsCount::new(4 * T * T * HIDDEN)).bench_local(|| {
            let rows = Rows::new(black_box(&input), 3 * HIDDEN, T);
            kernels.attention(rows, &[0..T], HEADS, HEAD, &mut scratch, &mut out);
        });
    });
}

/// A whole transformer layer in floats, as one thread computes it.
#[divan::bench(args = SETS, consts = TOKENS)]
fn layer_f32<const T: usize>(bencher: Bencher, set: InstructionSet) {
    with(set, |kernels| {
        let pack = |depth: usize, width: usize| {
            let dense = Dense::new(depth, numbers(depth * width), numbers(width));
            F32Panels::pack(&dense, kernels.panel_width())
        };
        let linear = |weights: &F32Panels, activation, input: &[f32], out: &mut [f32]| {
            let rows = Rows::new(input, weights.depth(), T);
            kernels.linear_f32(rows, weights, 0..weights.panels(), activation, out);
        };
        bench_layer::<T, _>(bencher, kernels, pack, linear);
    });
}

/// The same in bytes, quantising included.
#[divan::bench(args = SETS, consts = TOKENS)]
fn layer_int8<const T: usize>(bencher: Bencher, set: InstructionSet) {
    with(set, |kernels| {
        let pack = |depth: usize, width: usize| {
            let dense = Dense::new(depth, numbers(depth * width), numbers(width));
            Int8Panels::pack(&dense, kernels.panel_width())
        };
        let mut bytes = vec![0; T * INTERMEDIATE];
        let linear = |weights: &Int8Panels, activation, input: &[f32], out: &mut [f32]| {
            let depth = weights.depth();
            let quantise = |(row, bytes): (&[f32], &mut [u8])| {
                let (low, high) = kernels.range(row);
                let range = ByteRange { low, step: (high - low) / 255.0 };
                kernels.quantise(row, range, bytes);
                range
            };
            let rows = input.chunks_exact(depth).zip(bytes.chunks_exact_mut(depth));
            let ranges: Vec<ByteRange> = rows.map(quantise).take(T).collect();
            let rows = ByteRows::new(&bytes, depth, &ranges);
            kernels.linear_int8(rows, weights, 0..weights.panels(), activation, out);
        };
        bench_layer::<T, _>(bencher, kernels, pack, linear);
    });
}

/// Attention and feed-forward with their norms, over any kind of weights.
#[expect(clippy::single_range_in_vec_init, reason = "one text")]
fn bench_layer<const T: usize, W>(
    bencher: Bencher,
    kernels: Kernels,
    pack: impl Fn(usize, usize) -> W,
    mut linear: impl FnMut(&W, Activation, &[f32], &mut [f32]),
) {
    let [query_key_value, output] = [pack(HIDDEN, 3 * HIDDEN), pack(HIDDEN, HIDDEN)];
    let [up, down] = [pack(HIDDEN, INTERMEDIATE), pack(INTERMEDIATE, HIDDEN)];
    let (weight, bias) = (numbers(HIDDEN), numbers(HIDDEN));
    let mut states = numbers(T * HIDDEN);
    let mut wide = vec![0.0; T * INTERMEDIATE];
    let mut context = vec![0.0; T * HIDDEN];
    let mut added = vec![0.0; T * HIDDEN];
    let mut scratch = Vec::new();
    let add_norm = |states: &mut [f32], added: &[f32]| {
        for (row, added) in states.chunks_exact_mut(HIDDEN).zip(added.chunks_exact(HIDDEN)) {
            kernels.add(row, added);
            kernels.normalise(row, HIDDEN, 1e-12, &weight, &bias);
        }
    };
    let operations = 2 * T * (4 * HIDDEN * HIDDEN + 2 * HIDDEN * INTERMEDIATE);
    bencher.counter(ItemsCount::new(operations)).bench_local(|| {
        linear(&query_key_value, Activation::None, black_box(&states), &mut wide);
        let rows = Rows::new(&wide, 3 * HIDDEN, T);
        kernels.attention(rows, &[0..T], HEADS, HEAD, &mut scratch, &mut context);
        linear(&output, Activation::None, &context, &mut added);
        add_norm(&mut states, &added);
        linear(&up, Activation::Gelu, &states, &mut wide);
        linear(&down, Activation::None, &wide, &mut added);
        add_norm(&mut states, &added);
    });
}

#[divan::bench(args = SETS)]
fn gelu_of_a_row(bencher: Bencher, set: InstructionSet) {
    with(set, |kernels| {
        let mut row = numbers(INTERMEDIATE);
        bencher.counter(ItemsCount::new(INTERMEDIATE)).bench_local(|| {
            kernels.activate(Activation::Gelu, black_box(&mut row));
        });
    });
}

#[divan::bench(args = SETS)]
fn add_and_normalise_a_row(bencher: Bencher, set: InstructionSet) {
    with(set, |kernels| {
        let (added, weight, bias) = (numbers(HIDDEN), numbers(HIDDEN), numbers(HIDDEN));
        let mut row = numbers(HIDDEN);
        bencher.counter(ItemsCount::new(HIDDEN)).bench_local(|| {
            kernels.add(black_box(&mut row), &added);
            kernels.normalise(&mut row, HIDDEN, 1e-12, &weight, &bias);
        });
    });
}

#[divan::bench(args = SETS)]
fn quantise_a_row(bencher: Bencher, set: InstructionSet) {
    with(set, |kernels| {
        let row = numbers(INTERMEDIATE);
        let mut bytes = vec![0; INTERMEDIATE];
        bencher.counter(ItemsCount::new(INTERMEDIATE)).bench_local(|| {
            let (low, high) = kernels.range(black_box(&row));
            kernels.quantise(&row, ByteRange { low, step: (high - low) / 255.0 }, &mut bytes);
        });
    });
}
