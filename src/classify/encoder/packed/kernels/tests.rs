//! Every kernel with every instruction set of this processor, against the formula written out, on random shapes.
//!
//! Outputs have more room than a kernel may write; what lies behind must stay as it was.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "small numbers"
)]

use super::super::pack::{Dense, F32Panels, Int8Panels, WIDTH_MULTIPLE};
use super::*;
use proptest::prelude::*;

/// What lies in memory that must not be written.
const UNTOUCHED: f32 = -77.25;

fn all_kernels() -> impl Iterator<Item = Kernels> {
    InstructionSet::ALL.into_iter().filter_map(Kernels::of)
}

/// Numbers in -1..1 from a seed; the same for the same seed.
fn numbers(count: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1u32 << 23) as f32 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

fn close(found: f32, expected: f64, tolerance: f64) -> bool {
    (f64::from(found) - expected).abs() <= tolerance * expected.abs().max(1.0)
}

/// The cumulative normal distribution: 1/2 + φ(x) · (x + x³/3 + x⁵/(3·5) + …), all of one sign.
fn normal(x: f64) -> f64 {
    if x.abs() > 12.0 {
        return if x > 0.0 { 1.0 } else { 0.0 };
    }
    let mut term = x;
    let mut sum = x;
    for n in 1..400 {
        term *= x * x / f64::from(2 * n + 1);
        sum += term;
    }
    0.5 + sum * (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt()
}

fn activated(activation: Activation, x: f64) -> f64 {
    match activation {
        Activation::None => x,
        Activation::Relu => x.max(0.0),
        Activation::Gelu => x * normal(x),
        Activation::GeluTanh => {
            let inner = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x.powi(3));
            0.5 * x * (1.0 + inner.tanh())
        }
    }
}

const ACTIVATIONS: [Activation; 4] =
    [Activation::None, Activation::Relu, Activation::Gelu, Activation::GeluTanh];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_linear_layer_of_floats_is_the_matrix_product(
        rows in 0usize..40, depth in 1usize..4, outputs in 1usize..4, activation in 0usize..4, seed: u64,
    ) {
        let (depth, outputs) = (depth * WIDTH_MULTIPLE, outputs * WIDTH_MULTIPLE);
        let activation = ACTIVATIONS[activation];
        let (weights, bias) = (numbers(depth * outputs, seed), numbers(outputs, seed ^ 1));
        let input = numbers(rows * depth, seed ^ 2);
        let dense = Dense::new(depth, weights.clone(), bias.clone());
        for kernels in all_kernels() {
            let panels = F32Panels::pack(&dense, kernels.panel_width());
            // Two parts, as two threads would take them.
            let middle = panels.panels() / 2;
            for part in [0..middle, middle..panels.panels()] {
                let (first, width) = (part.start * panels.width(), part.len() * panels.width());
                let mut out = vec![UNTOUCHED; rows * width + 64];
                kernels.linear_f32(Rows::new(&input, depth, rows), &panels, part, activation, &mut out);
                for (index, &found) in out.iter().enumerate() {
                    if index >= rows * width {
                        prop_assert_eq!(found, UNTOUCHED);
                        continue;
                    }
                    let (row, output) = (index / width, first + index % width);
                    let products = input[row * depth..][..depth].iter().zip(&weights[output * depth..]);
                    let sum: f64 = products.map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
                    let expected = activated(activation, sum + f64::from(bias[output]));
                    prop_assert!(close(found, expected, 1e-5), "{kernels:?} {found} {expected}");
                }
            }
        }
    }

    #[test]
    fn a_linear_layer_of_bytes_sums_exactly_and_the_same_everywhere(
        rows in 0usize..40, depth in 1usize..4, outputs in 1usize..4, extreme: bool, seed: u64,
    ) {
        let (depth, outputs) = (depth * WIDTH_MULTIPLE, outputs * WIDTH_MULTIPLE);
        let mut weights = numbers(depth * outputs, seed);
        let mut input: Vec<u8> = numbers(rows * depth, seed ^ 2).iter().map(|x| ((x + 1.0) * 127.0) as u8).collect();
        if extreme {
            // The largest sums there can be.
            weights.iter_mut().for_each(|weight| *weight = weight.signum());
            input.fill(255);
        }
        let bias = numbers(outputs, seed ^ 1);
        let dense = Dense::new(depth, weights, bias.clone());
        let ranges: Vec<ByteRange> =
            numbers(rows, seed ^ 3).into_iter().map(|low| ByteRange { low, step: 0.01 }).collect();
        let mut by_everyone = Vec::new();
        for kernels in all_kernels() {
            let width = kernels.panel_width();
            let panels = Int8Panels::pack(&dense, width);
            let mut out = vec![UNTOUCHED; rows * outputs + 64];
            let bytes = ByteRows::new(&input, depth, &ranges);
            kernels.linear_int8(bytes, &panels, 0..panels.panels(), Activation::None, &mut out);
            for (index, &found) in out.iter().enumerate() {
                if index >= rows * outputs {
                    prop_assert_eq!(found, UNTOUCHED);
                    continue;
                }
                let (row, output) = (index / outputs, index % outputs);
                let (panel, column) = (output / width, output % width);
                let [scale, sum, _] = panels.columns(panel).map(|all| f64::from(all[column]));
                let weights = panels.panel(panel);
                let products = (0..depth).map(|input| {
                    i64::from(weights[(input / 4 * width + column) * 4 + input % 4])
                });
                let products = products.zip(&input[row * depth..]);
                let total: i64 = products.map(|(a, &b)| a * i64::from(b)).sum();
                let ByteRange { low, step } = ranges[row];
                let expected = total as f64 * scale * f64::from(step) + f64::from(low) * sum + f64::from(bias[output]);
                prop_assert!(close(found, expected, 1e-5), "{kernels:?} {found} {expected}");
            }
            out.truncate(rows * outputs);
            by_everyone.push(out);
        }
        for other in &by_everyone {
            for (a, b) in other.iter().zip(&by_everyone[0]) {
                prop_assert!(close(*a, f64::from(*b), 1e-5));
            }
        }
    }

    #[test]
    fn attention_is_the_softmax_of_the_products_times_the_values(
        lengths in prop::collection::vec(1usize..45, 1..4), heads in 1usize..4, wide: bool, seed: u64,
    ) {
        let head = if wide { 2 * WIDTH_MULTIPLE } else { WIDTH_MULTIPLE };
        let rows: usize = lengths.iter().sum();
        let stride = 3 * heads * head;
        let input: Vec<f32> = numbers(rows * stride, seed).iter().map(|x| x * 0.7).collect();
        let mut start = 0;
        let texts: Vec<Range<usize>> = lengths.iter().map(|length| { start += length; start - length..start }).collect();
        for kernels in all_kernels() {
            let mut out = vec![UNTOUCHED; rows * heads * head + 64];
            // Room as it is left by a call with other texts.
            let mut scratch = vec![f32::NAN; 100];
            kernels.attention(Rows::new(&input, stride, rows), &texts, heads, head, &mut scratch, &mut out);
            prop_assert!(out[rows * heads * head..].iter().all(|&number| number == UNTOUCHED));
            for text in &texts {
                for (row, which) in text.clone().flat_map(|row| (0..heads).map(move |which| (row, which))) {
                    let part = |row: usize, part: usize| &input[row * stride + (3 * which + part) * head..][..head];
                    let scores: Vec<f64> = text.clone().map(|other| {
                        part(row, 0).iter().zip(part(other, 1)).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>().exp()
                    }).collect();
                    let total: f64 = scores.iter().sum();
                    for column in 0..head {
                        let values = text.clone().zip(&scores).map(|(other, score)| score * f64::from(part(other, 2)[column]));
                        let expected = values.sum::<f64>() / total;
                        let found = out[row * heads * head + which * head + column];
                        prop_assert!(close(found, expected, 2e-5), "{kernels:?} {found} {expected}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_normalised_row_has_the_mean_and_deviation_asked_for(
        width in 1usize..100, offset in -20f32..20.0, seed: u64,
    ) {
        let padded = width.next_multiple_of(WIDTH_MULTIPLE);
        let pad = |mut all: Vec<f32>| { all.resize(padded, 0.0); all };
        let row = pad(numbers(width, seed).iter().map(|x| x * 3.0 + offset).collect());
        let (weight, bias) = (pad(numbers(width, seed ^ 1)), pad(numbers(width, seed ^ 2)));
        let used = || row[..width].iter().map(|&x| f64::from(x));
        let mean = used().sum::<f64>() / width as f64;
        let variance = used().map(|x| (x - mean).powi(2)).sum::<f64>() / width as f64;
        for kernels in all_kernels() {
            let mut found = row.clone();
            kernels.normalise(&mut found, width, 1e-5, &weight, &bias);
            for (index, &found) in found.iter().enumerate() {
                let centred = (f64::from(row[index]) - mean) / (variance + 1e-5).sqrt();
                let expected = centred * f64::from(weight[index]) + f64::from(bias[index]);
                let expected = if index < width { expected } else { 0.0 };
                prop_assert!(close(found, expected, 1e-3), "{kernels:?} {found} {expected}");
            }
        }
    }

    #[test]
    fn quantised_numbers_are_within_half_a_step(blocks in 1usize..8, factor in 1e-3f32..1e3, seed: u64) {
        let row: Vec<f32> = numbers(blocks * WIDTH_MULTIPLE, seed).iter().map(|x| x * factor).collect();
        for kernels in all_kernels() {
            let (low, high) = kernels.range(&row);
            let expected = row.iter().fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), &x| (low.min(x), high.max(x)));
            prop_assert_eq!((low, high), expected);
            let range = ByteRange { low, step: (high - low) / 255.0 };
            let mut bytes = vec![7; row.len() + 8];
            kernels.quantise(&row, range, &mut bytes);
            prop_assert!(bytes[row.len()..].iter().all(|&byte| byte == 7));
            for (number, &byte) in row.iter().zip(&bytes) {
                let error = (low + range.step * f32::from(byte) - number).abs();
                prop_assert!(error <= range.step * 0.502, "{kernels:?}: {number} became {byte}");
            }
        }
    }

    #[test]
    fn exponentials_are_relative_to_the_largest_score(used in 1usize..70, spread in 0f32..80.0, seed: u64) {
        let scores: Vec<f32> = numbers(used, seed).iter().map(|x| x * spread).collect();
        let largest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        for kernels in all_kernels() {
            let mut row = scores.clone();
            // Whatever lies past the scores must not count.
            row.resize(used.next_multiple_of(kernels.panel_width() / 2), 1e30);
            let sum = kernels.exponentials(&mut row, used);
            let expected: Vec<f64> = scores.iter().map(|x| f64::from(x - largest).exp()).collect();
            prop_assert!(close(sum, expected.iter().sum(), 1e-5));
            for (found, expected) in row.iter().zip(&expected) {
                prop_assert!((f64::from(*found) - expected).abs() <= 1e-6 * expected + 1e-37);
            }
        }
    }

    #[test]
    fn rows_are_added(blocks in 1usize..8, seed: u64) {
        let (a, b) = (numbers(blocks * WIDTH_MULTIPLE, seed), numbers(blocks * WIDTH_MULTIPLE, seed ^ 1));
        for kernels in all_kernels() {
            let mut found = a.clone();
            kernels.add(&mut found, &b);
            prop_assert!(found.iter().zip(a.iter().zip(&b)).all(|(sum, (a, b))| *sum == a + b));
        }
    }
}

#[test]
fn activations_are_right_from_minus_to_plus_everything() {
    let inputs: Vec<f32> = (-1280..1280).map(|step| step as f32 / 160.0).collect();
    for (kernels, activation) in all_kernels().flat_map(|k| ACTIVATIONS.map(|a| (k, a))) {
        let mut found = inputs.clone();
        kernels.activate(activation, &mut found);
        for (&x, &found) in inputs.iter().zip(&found) {
            let expected = activated(activation, f64::from(x));
            assert!(
                (f64::from(found) - expected).abs() <= 2e-6,
                "{kernels:?} {activation:?} {x}: {found} {expected}"
            );
        }
        let mut far = [-1e30f32, 1e30].repeat(16);
        kernels.activate(activation, &mut far);
        assert!(
            far[0].abs() < 1e-6 || activation == Activation::None,
            "{activation:?}: {}",
            far[0]
        );
        assert!((far[1] / 1e30 - 1.0).abs() < 1e-6, "{activation:?}: {}", far[1]);
    }
}

#[test]
fn constant_rows_are_quantised_without_a_division_by_zero() {
    for kernels in all_kernels() {
        let row = [2.5f32; 32];
        let (low, high) = kernels.range(&row);
        let mut bytes = [9; 32];
        kernels.quantise(&row, ByteRange { low, step: high - low }, &mut bytes);
        assert_eq!(bytes, [0; 32]);
    }
}

#[test]
#[should_panic(expected = "rows of")]
fn rows_that_are_not_there_are_refused() {
    let _ = Rows::new(&[0.0; 63], 32, 2);
}

#[test]
fn lengths_that_do_not_fit_are_refused_before_anything_is_touched() {
    let panels = |width| F32Panels::pack(&Dense::new(32, vec![0.0; 32 * 32], vec![0.0; 32]), width);
    for kernels in all_kernels() {
        let input = vec![0.0; 64];
        let panic = |input: Rows<'_>, width: usize, out: usize| {
            let panels = panels(width);
            let all = 0..panels.panels();
            let call =
                || kernels.linear_f32(input, &panels, all, Activation::None, &mut vec![0.0; out]);
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(call)).is_err()
        };
        let width = kernels.panel_width();
        assert!(!panic(Rows::new(&input, 32, 2), width, 64));
        assert!(panic(Rows::new(&input, 32, 2), width, 63), "room for too few rows");
        assert!(panic(Rows::new(&input, 16, 2), width, 64), "rows that are too short");
        assert!(
            panic(Rows::new(&input, 32, 2), if width == 16 { 32 } else { 16 }, 64),
            "other panels"
        );
    }
}

#[test]
fn sizes_whose_product_wraps_are_refused() {
    let refused =
        |call: &dyn Fn()| std::panic::catch_unwind(std::panic::AssertUnwindSafe(call)).is_err();
    assert!(refused(&|| _ = Rows::new(&[], 32, 1 << 63)));
    let ranges = [ByteRange { low: 0.0, step: 1.0 }; 16];
    assert!(refused(&|| _ = ByteRows::new(&[], 1 << 60, &ranges)));
    let dense = Dense::new(32, vec![0.0; 32 * 32], vec![0.0; 32]);
    let input = [0.0; 32 * 3];
    for kernels in all_kernels() {
        let panels = F32Panels::pack(&dense, kernels.panel_width());
        let rows = Rows::new(&input, 32, 1);
        let all = 0..1 << 59;
        assert!(refused(&|| kernels.linear_f32(
            rows,
            &panels,
            all.clone(),
            Activation::None,
            &mut []
        )));
        let rows = Rows::new(&input, 96, 1);
        let text = [Range { start: 0, end: 1 }];
        let mut scratch = Vec::new();
        let scratch = std::cell::RefCell::new(&mut scratch);
        assert!(refused(&|| {
            kernels.attention(rows, &text, 1 << 59, 32, &mut scratch.borrow_mut(), &mut []);
        }));
        assert!(refused(&|| _ = kernels.exponentials(&mut [0.0; 32], 1)));
        assert!(refused(&|| _ = kernels.exponentials(&mut [], 0)));
    }
}

#[test]
fn what_is_not_finite_stays_so() {
    for (kernels, bad) in all_kernels().flat_map(|k| [f32::NAN, f32::INFINITY].map(|bad| (k, bad)))
    {
        for at in [0, 7, 40, 63] {
            let mut row = numbers(64, 5);
            row[at] = bad;
            let (low, high) = kernels.range(&row);
            assert!(low.is_nan() && high.is_nan(), "{kernels:?} {bad} at {at}");
            let mut scores = row.clone();
            assert!(kernels.exponentials(&mut scores, 64).is_nan(), "{kernels:?} {bad} at {at}");
            for activation in ACTIVATIONS {
                let mut found = row.clone();
                kernels.activate(activation, &mut found);
                assert!(!found[at].is_finite(), "{kernels:?} {activation:?} {bad}: {}", found[at]);
            }
            let mut found = row;
            kernels.normalise(&mut found, 64, 1e-5, &[1.0; 64], &[0.0; 64]);
            assert!(found.iter().any(|number| number.is_nan()));
        }
    }
}
