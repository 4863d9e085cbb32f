//! What is done to one row of activations at a time. Lengths are multiples of [`super::super::pack::WIDTH_MULTIPLE`].

use super::simd::Simd;
use super::{Activation, ByteRange};

/// Applies an activation to every number.
#[inline(always)]
pub(super) fn activate<S: Simd>(s: S, activation: Activation, row: &mut [f32]) {
    for numbers in row.chunks_exact_mut(S::LANES) {
        let x = s.load(numbers);
        let y = match activation {
            Activation::None => x,
            Activation::Relu => s.max(s.splat(0.0), x),
            Activation::Gelu => gelu(s, x),
            Activation::GeluTanh => gelu_tanh(s, x),
        };
        s.store(y, numbers);
    }
}

/// x · Φ(x), where Φ is the cumulative normal distribution, Φ(x) = (1 + erf(x / √2)) / 2; error below 2e-6 for |x| <= 8.
///
/// Φ(x) - 1/2 is x · P(x²) / Q(x²) for |x| up to 5.4, where it is 1/2 to within 3.4e-8; the coefficients are a minimax fit of
/// ours (largest error of Φ 9e-8).
#[inline(always)]
fn gelu<S: Simd>(s: S, x: S::F32) -> S::F32 {
    const P: [f32; 5] = [6.762_362_4e-6, 3.730_815e-4, 5.906_188e-3, 5.489_805_5e-2, 3.989_417e-1];
    const Q: [f32; 6] =
        [5.633_652e-7, 1.338_734_8e-4, 3.046_525_4e-3, 4.053_214_3e-2, 3.042_666_3e-1, 1.0];
    let clamped = s.min(s.splat(5.4), s.max(s.splat(-5.4), x));
    let square = s.mul(clamped, clamped);
    let ratio = s.div(polynomial(s, square, P), polynomial(s, square, Q));
    // Far below 0 the factor is nearly, not exactly, 0: it must not be multiplied by more than 5.4.
    s.mul(s.max(s.splat(-5.4), x), s.mul_add(clamped, ratio, s.splat(0.5)))
}

/// The approximation of GELU that some models were trained with: x · σ(2 · √(2/π) · (x + 0.044715 x³)).
#[inline(always)]
fn gelu_tanh<S: Simd>(s: S, x: S::F32) -> S::F32 {
    let cube = s.mul(s.mul(x, x), x);
    let inner = s.mul_add(cube, s.splat(0.044_715), x);
    let exponent = s.mul(inner, s.splat(-1.595_769));
    s.div(x, s.add(s.splat(1.0), exp(s, exponent)))
}

/// The exponential function, within 2e-7 relatively; arguments below -87 or above 88 give its value there.
///
/// e^x = 2^n · e^r with |r| <= ln 2 / 2; e^r by its Taylor polynomial of degree 7, whose error there is below 6e-9.
#[inline(always)]
fn exp<S: Simd>(s: S, x: S::F32) -> S::F32 {
    const TAYLOR: [f32; 8] =
        [1.0 / 5040.0, 1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0];
    // ln 2 in two parts, the first short enough for an exact product with n.
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    // The constant first: where a number is NaN, `min` and `max` give their second argument, so NaN it stays.
    let x = s.min(s.splat(88.0), s.max(s.splat(-87.0), x));
    let whole = s.round(s.mul(x, s.splat(std::f32::consts::LOG2_E)));
    let rest = s.mul_add(whole, s.splat(-LN_2_HIGH), x);
    let rest = s.mul_add(whole, s.splat(-LN_2_LOW), rest);
    s.mul(polynomial(s, rest, TAYLOR), s.exp2(whole))
}

/// A polynomial by Horner's rule, the coefficient of the highest power first.
#[inline(always)]
fn polynomial<S: Simd, const N: usize>(s: S, x: S::F32, coefficients: [f32; N]) -> S::F32 {
    let mut value = s.splat(coefficients[0]);
    for &coefficient in &coefficients[1..] {
        value = s.mul_add(value, x, s.splat(coefficient));
    }
    value
}

/// Makes scores exponentials in place, relative to the largest one, and returns their sum. Scores past `used` count for
/// nothing (e^-87 each); fewer than `LANES` may be past it. NaN makes the sum NaN.
#[inline(always)]
pub(super) fn exponentials<S: Simd>(s: S, row: &mut [f32], used: usize) -> f32 {
    // Added to the last vector: nothing where a score is used, minus infinity where none is.
    const MASK: [f32; 32] = {
        let mut mask = [0.0; 32];
        let mut lane = 16;
        while lane < 32 {
            mask[lane] = f32::NEG_INFINITY;
            lane += 1;
        }
        mask
    };
    assert!(row.len().is_multiple_of(S::LANES) && used <= row.len() && row.len() - used < S::LANES);
    let (body, last) = row.split_at(row.len() - S::LANES);
    let masked = s.add(s.load(last), s.load(&MASK[16 - (used - body.len())..]));
    let mut largest = masked;
    for numbers in body.chunks_exact(S::LANES) {
        largest = s.max(largest, s.load(numbers));
    }
    let largest = s.splat(s.largest(largest));
    let (body, last) = row.split_at_mut(row.len() - S::LANES);
    let mut sum = exp(s, s.sub(masked, largest));
    s.store(sum, last);
    for numbers in body.chunks_exact_mut(S::LANES) {
        let value = exp(s, s.sub(s.load(numbers), largest));
        sum = s.add(sum, value);
        s.store(value, numbers);
    }
    s.sum(sum)
}

/// Adds a row to another.
#[inline(always)]
pub(super) fn add<S: Simd>(s: S, row: &mut [f32], added: &[f32]) {
    for (numbers, added) in row.chunks_exact_mut(S::LANES).zip(added.chunks_exact(S::LANES)) {
        s.store(s.add(s.load(numbers), s.load(added)), numbers);
    }
}

/// Layer normalisation in place: `(row - mean) / sqrt(variance + epsilon) · weight + bias` over the first `width` numbers;
/// `weight`, `bias` and the row are 0 past them.
#[inline(always)]
#[expect(clippy::cast_precision_loss, reason = "a width is far below 2^24")]
pub(super) fn normalise<S: Simd>(
    s: S,
    row: &mut [f32],
    width: usize,
    epsilon: f32,
    weight: &[f32],
    bias: &[f32],
) {
    let mut sum = s.splat(0.0);
    for numbers in row.chunks_exact(S::LANES) {
        sum = s.add(sum, s.load(numbers));
    }
    let mean = s.sum(sum) / width as f32;
    let mean_lanes = s.splat(mean);
    // What is past the width must not count: its distance to the mean is not 0.
    let (whole, rest) = row[..width].split_at(width - width % S::LANES);
    let mut squares = s.splat(0.0);
    for numbers in whole.chunks_exact(S::LANES) {
        let distance = s.sub(s.load(numbers), mean_lanes);
        squares = s.mul_add(distance, distance, squares);
    }
    let rest: f32 = rest.iter().map(|number| (number - mean) * (number - mean)).sum();
    let variance = (s.sum(squares) + rest) / width as f32;
    let factor = s.splat(1.0 / (variance + epsilon).sqrt());
    let parameters = weight.chunks_exact(S::LANES).zip(bias.chunks_exact(S::LANES));
    for (numbers, (weight, bias)) in row.chunks_exact_mut(S::LANES).zip(parameters) {
        let centred = s.mul(s.sub(s.load(numbers), mean_lanes), factor);
        s.store(s.mul_add(centred, s.load(weight), s.load(bias)), numbers);
    }
}

/// The smallest and the largest number; NaN both, if a number is not finite.
#[inline(always)]
pub(super) fn range<S: Simd>(s: S, row: &[f32]) -> (f32, f32) {
    let mut smallest = s.splat(f32::INFINITY);
    let mut largest = s.splat(f32::NEG_INFINITY);
    // Stays 0 unless a number times 0 is NaN.
    let mut flaw = s.splat(0.0);
    for numbers in row.chunks_exact(S::LANES) {
        let numbers = s.load(numbers);
        smallest = s.min(smallest, numbers);
        largest = s.max(largest, numbers);
        flaw = s.mul_add(numbers, s.splat(0.0), flaw);
    }
    let flaw = s.sum(flaw);
    (s.smallest(smallest) + flaw, s.largest(largest) + flaw)
}

/// Writes each number as the byte that comes nearest to it in `range`.
#[inline(always)]
pub(super) fn quantise<S: Simd>(s: S, row: &[f32], range: ByteRange, out: &mut [u8]) {
    let low = s.splat(range.low);
    let per_step = s.splat(if range.step > 0.0 { 1.0 / range.step } else { 0.0 });
    for (numbers, bytes) in row.chunks_exact(S::LANES).zip(out.chunks_exact_mut(S::LANES)) {
        s.store_bytes(s.mul(s.sub(s.load(numbers), low), per_step), bytes);
    }
}
