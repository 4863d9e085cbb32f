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
