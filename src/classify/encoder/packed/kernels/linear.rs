//! Matrix products: rows of activations times panels of weights, in 32-bit floats or 8-bit integers.
//!
//! A tile is some rows times one panel (two vectors of columns); its sums stay in registers over the whole depth. Each
//! sum runs over the depth in order and on its own, so a row's result does not depend on the rows beside it or on how
//! rows and panels are shared out among threads, to the last bit.

use super::super::pack::{F32Panels, Int8Panels};
use super::rows::activate;
use super::simd::Simd;
use super::{Activation, ByteRange, ByteRows, Rows};
use std::ops::Range;

/// `out = activation(input · weights + bias)` for the columns of some panels; `out` holds just those columns.
#[inline(always)]
pub(super) fn linear_f32<S: Simd>(
    s: S,
    input: Rows<'_>,
    weights: &F32Panels,
    panels: Range<usize>,
    activation: Activation,
    out: &mut [f32],
) {
    let width = 2 * S::LANES;
    let depth = weights.depth();
    assert!(weights.width() == width && depth <= input.stride && panels.end <= weights.panels());
    // Does not wrap: so many panels are in memory.
    let stride = panels.len() * width;
    assert!(input.count.checked_mul(stride).is_some_and(|needed| needed <= out.len()));
    for (place, panel) in panels.enumerate() {
        let columns = weights.panel(panel);
        let bias = weights.bias(panel);
        assert!(columns.len() == depth * width && bias.len() == width);
        let start = [s.load(bias), s.load(&bias[S::LANES..])];
        for rows in row_blocks(input.count, S::F32_ROWS) {
            let out = &mut out[rows.start * stride + place * width..];
            // SAFETY: `Rows` holds `count` rows of `stride >= depth` numbers and `rows` are among them; the panel holds
            // `depth` times `width` numbers; `out` was checked to hold `count` rows of `stride` numbers, and this panel's
            // place within a row is below `stride`.
            unsafe {
                let from = input.data.as_ptr().add(rows.start * input.stride);
                let a = (from, input.stride);
                let b = (columns.as_ptr(), width);
                store_product::<S, 2>(
                    s,
                    rows.len(),
                    a,
                    b,
                    depth,
                    start,
                    (out.as_mut_ptr(), stride),
                );
            }
            activate_tile(s, activation, rows.len(), stride, out);
        }
    }
}

/// The same on bytes: `out = activation(step · (bytes · weights) · scale + low · sum + bias)`, all but the middle product
/// in floats.
#[inline(always)]
pub(super) fn linear_int8<S: Simd>(
    s: S,
    input: ByteRows<'_>,
    weights: &Int8Panels,
    panels: Range<usize>,
    activation: Activation,
    out: &mut [f32],
) {
    let width = 2 * S::LANES;
    let depth = weights.depth();
    assert!(weights.width() == width && depth <= input.stride && panels.end <= weights.panels());
    // Does not wrap: so many panels are in memory.
    let stride = panels.len() * width;
    assert!(input.count().checked_mul(stride).is_some_and(|needed| needed <= out.len()));
    for (place, panel) in panels.enumerate() {
        let columns = weights.panel(panel);
        let [scale, sum, bias] = weights.columns(panel);
        assert!(depth.is_multiple_of(4) && columns.len() == depth * width);
        let scale = [s.load(scale), s.load(&scale[S::LANES..])];
        let sum = [s.load(sum), s.load(&sum[S::LANES..])];
        let bias = [s.load(bias), s.load(&bias[S::LANES..])];
        for rows in row_blocks(input.count(), S::INT8_ROWS) {
            let out = &mut out[rows.start * stride + place * width..];
            let ranges = &input.ranges[rows.clone()];
            // SAFETY: `ByteRows` holds `count` rows of `stride >= depth` bytes and `rows` are among them; the panel holds
            // `depth` (a multiple of 4) times `width` weights; `out` was checked to hold `count` rows of `stride` numbers,
            // and this panel's place within a row is below `stride`.
            unsafe {
                let from = input.data.as_ptr().add(rows.start * input.stride);
                let a = (from, input.stride);
                let out = (out.as_mut_ptr(), stride);
                macro_rules! tile {
                    ($($count:literal)*) => {
                        match rows.len() {
                            $($count => store_int8::<S, $count>(
                                s, a, columns.as_ptr(), depth, ranges, [scale, sum, bias], out,
                            ),)*
                            _ => unreachable!("row_blocks keeps to the largest tile"),
                        }
                    };
                }
                tile!(1 2 3 4 5 6 7 8 9 10 11 12 13 14);
            }
            activate_tile(s, activation, rows.len(), stride, out);
        }
    }
}

#[inline(always)]
fn activate_tile<S: Simd>(
    s: S,
    activation: Activation,
    rows: usize,
    stride: usize,
    out: &mut [f32],
) {
    if activation != Activation::None {
        for row in 0..rows {
            activate(s, activation, &mut out[row * stride..][..2 * S::LANES]);
        }
    }
}

/// `rows` rows of `a` times `depth` rows of `b`, `VECTORS` vectors wide, on top of `start`, written to `out`.
/// Each matrix is a pointer and the distance between its rows.
///
/// # Safety
/// `a` has `rows` rows of `depth` readable numbers, `b` has `depth` rows and `out` has `rows` rows of
/// `VECTORS * LANES`; `rows` is in 1..=`F32_ROWS`.
#[inline(always)]
pub(super) unsafe fn store_product<S: Simd, const VECTORS: usize>(
    s: S,
    rows: usize,
    a: (*const f32, usize),
    b: (*const f32, usize),
    depth: usize,
    start: [S::F32; VECTORS],
    out: (*mut f32, usize),
) {
    macro_rules! tile {
        ($($count:literal)*) => {
            match rows {
                // SAFETY: what is asked for is what the caller promises, with `rows` as a constant.
                $($count => unsafe { store_f32::<S, $count, VECTORS>(s, a, b, depth, start, out) },)*
                _ => unreachable!("row_blocks keeps to the largest tile"),
            }
        };
    }
    tile!(1 2 3 4 5 6 7 8 9 10 11 12 13 14);
}

/// [`store_product`] for a number of rows known when compiling, so that the sums stay in registers.
///
/// # Safety
/// As for [`store_product`].
#[inline(always)]
unsafe fn store_f32<S: Simd, const ROWS: usize, const VECTORS: usize>(
    s: S,
    (a, a_stride): (*const f32, usize),
    (b, b_stride): (*const f32, usize),
    depth: usize,
    start: [S::F32; VECTORS],
    (out, out_stride): (*mut f32, usize),
) {
    if ROWS > S::F32_ROWS {
        unreachable!("row_blocks keeps to the largest tile");
    }
    let mut sums = [start; ROWS];
    for step in 0..depth {
        // SAFETY: `step` is below `depth`, rows and vectors are below their numbers: within what the caller promises.
        unsafe {
            let b = b.add(step * b_stride);
            let mut columns = start;
            for (vector, column) in columns.iter_mut().enumerate() {
                *column = s.load_at(b.add(vector * S::LANES));
            }
            for (row, sums) in sums.iter_mut().enumerate() {
                let number = s.splat(*a.add(row * a_stride + step));
                for (sum, column) in sums.iter_mut().zip(columns) {
                    *sum = s.mul_add(number, column, *sum);
                }
            }
        }
    }
    for (row, sums) in sums.iter().enumerate() {
        for (vector, &sum) in sums.iter().enumerate() {
            // SAFETY: as above, in `out`.
            unsafe { s.store_at(sum, out.add(row * out_stride + vector * S::LANES)) };
        }
    }
}

/// One tile of [`linear_int8`].
///
/// # Safety
/// `a` has `ROWS` rows of `depth` bytes, `weights` holds `depth / 4` rows of `8 * LANES` weights, `out` has `ROWS` rows of
/// `2 * LANES` writable numbers, and `ranges` one entry a row.
#[inline(always)]
unsafe fn store_int8<S: Simd, const ROWS: usize>(
    s: S,
    (a, a_stride): (*const u8, usize),
    weights: *const i8,
    depth: usize,
    ranges: &[ByteRange],
    [scale, sum, bias]: [[S::F32; 2]; 3],
    (out, out_stride): (*mut f32, usize),
) {
    if ROWS > S::INT8_ROWS {
        unreachable!("row_blocks keeps to the largest tile");
    }
    let mut sums = [[s.zero(); 2]; ROWS];
    for step in 0..depth / 4 {
        // SAFETY: `step` is below `depth / 4` and rows are below their number: within what the caller promises.
        unsafe {
            let weights = weights.add(step * 8 * S::LANES);
            for (row, sums) in sums.iter_mut().enumerate() {
                let bytes = s.splat_bytes(a.add(row * a_stride + 4 * step));
                sums[0] = s.dot(sums[0], bytes, weights);
                sums[1] = s.dot(sums[1], bytes, weights.add(4 * S::LANES));
            }
        }
    }
    for (row, (sums, range)) in sums.iter().zip(ranges).enumerate() {
        let (step, low) = (s.splat(range.step), s.splat(range.low));
        for vector in 0..2 {
            let offset = s.mul_add(low, sum[vector], bias[vector]);
            let product = s.mul(s.to_f32(sums[vector]), scale[vector]);
            // SAFETY: as above, in `out`.
            unsafe {
                let out = out.add(row * out_stride + vector * S::LANES);
                s.store_at(s.mul_add(product, step, offset), out);
            }
        }
    }
}

/// Cuts rows into blocks of at most `largest`, as equal as can be.
pub(super) fn row_blocks(count: usize, largest: usize) -> impl Iterator<Item = Range<usize>> {
    let blocks = count.div_ceil(largest);
    (0..blocks).map(move |block| count * block / blocks..count * (block + 1) / blocks)
}

#[cfg(test)]
mod tests {
    use super::row_blocks;

    #[test]
    fn blocks_cover_all_rows_and_keep_to_the_largest() {
        for count in 0..100 {
            for largest in 1..15 {
                let mut next = 0;
                for block in row_blocks(count, largest) {
                    assert_eq!(block.start, next);
                    assert!((1..=largest).contains(&block.len()));
                    next = block.end;
                }
                assert_eq!(next, count);
            }
        }
    }
}
