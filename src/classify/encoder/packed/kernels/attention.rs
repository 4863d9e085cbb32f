//! Attention of the tokens of each text to each other, one head after the other.

use super::Rows;
use super::linear::{row_blocks, store_product};
use super::rows::exponentials;
use super::simd::Simd;
use std::ops::Range;

/// For each text and head: `softmax(queries · keysᵀ) · values`.
///
/// A row of `input` holds for each head its query, key and value, `head_width` numbers each (queries are scaled already);
/// a row of `out` holds for each head the result. `texts` are the rows of each text. `scratch` is room that grows as
/// needed.
#[inline(always)]
pub(super) fn attention<S: Simd>(
    s: S,
    input: Rows<'_>,
    texts: &[Range<usize>],
    heads: usize,
    head_width: usize,
    scratch: &mut Vec<f32>,
    out: &mut [f32],
) {
    let tile = 2 * S::LANES;
    let out_stride = heads.saturating_mul(head_width);
    assert!(head_width.is_multiple_of(tile) && input.stride >= out_stride.saturating_mul(3));
    // Does not wrap: as many rows, no shorter, lie in `input`.
    assert!(out.len() >= input.count * out_stride);
    for text in texts {
        assert!(text.end <= input.count);
        let tokens = text.len();
        let padded = tokens.next_multiple_of(S::LANES);
        scratch.resize(scratch.len().max(padded * (head_width + S::F32_ROWS)), 0.0);
        let (keys, scores) = scratch.split_at_mut(padded * head_width);
        for head in 0..heads {
            let query = 3 * head * head_width;
            transpose(s, input, text.clone(), query + head_width, head_width, padded, keys);
            for block in row_blocks(tokens, S::F32_ROWS) {
                let rows = block.len();
                let first = text.start + block.start;
                let mut column = 0;
                while column < padded {
                    // SAFETY: rows `first..first + rows` are rows of the text, each with `head_width` numbers from `query`;
                    // `keys` holds `head_width` rows of `padded` numbers, `scores` at least `F32_ROWS` such rows; one or two
                    // vectors from `column` end at or before `padded`, a multiple of one vector.
                    unsafe {
                        let a =
                            (input.data.as_ptr().add(first * input.stride + query), input.stride);
                        let b = (keys.as_ptr().add(column), padded);
                        let to = (scores.as_mut_ptr().add(column), padded);
                        if padded - column >= tile {
                            let zero = [s.splat(0.0); 2];
                            store_product::<S, 2>(s, rows, a, b, head_width, zero, to);
                        } else {
                            let zero = [s.splat(0.0); 1];
                            store_product::<S, 1>(s, rows, a, b, head_width, zero, to);
                        }
                    }
                    column += tile;
                }
                let mut factors = [0.0; 16];
                for (row, factor) in scores.chunks_exact_mut(padded).take(rows).zip(&mut factors) {
                    *factor = 1.0 / exponentials(s, row, tokens);
                }
                let value = query + 2 * head_width;
                for column in (0..head_width).step_by(tile) {
                    let at = first * out_stride + head * head_width + column;
                    // SAFETY: `scores` holds `rows` rows of `padded >= tokens` numbers; each of the text's `tokens` rows has
                    // a whole tile from `value + column`; `out` holds `input.count` rows of `out_stride` numbers, a tile
                    // from `at` among them for each of the `rows` rows from `first`.
                    unsafe {
                        let from = text.start * input.stride + value + column;
                        let b = (input.data.as_ptr().add(from), input.stride);
                        let zero = [s.splat(0.0); 2];
                        let to = (out.as_mut_ptr().add(at), out_stride);
                        store_product::<S, 2>(
                            s,
                            rows,
                            (scores.as_ptr(), padded),
                            b,
                            tokens,
                            zero,
                            to,
                        );
                    }
                    for (row, &factor) in factors.iter().enumerate().take(rows) {
                        for numbers in
                            out[at + row * out_stride..][..tile].chunks_exact_mut(S::LANES)
                        {
                            s.store(s.mul(s.load(numbers), s.splat(factor)), numbers);
                        }
                    }
                }
            }
        }
    }
}

/// The keys of a text, one row a number of the key and one column a token; 0 in the columns past the last token.
#[inline(always)]
fn transpose<S: Simd>(
    s: S,
    input: Rows<'_>,
    text: Range<usize>,
    key: usize,
    head_width: usize,
    padded: usize,
    out: &mut [f32],
) {
    for token in (0..padded).step_by(S::LANES) {
        for column in (0..head_width).step_by(S::LANES) {
            let mut square = [s.splat(0.0); 16];
            let rows = text.clone().skip(token).take(S::LANES);
            for (row, vector) in rows.zip(&mut square) {
                *vector = s.load(&input.data[row * input.stride + key + column..]);
            }
            s.transpose(&mut square[..S::LANES]);
            for (index, &vector) in square[..S::LANES].iter().enumerate() {
                s.store(vector, &mut out[(column + index) * padded + token..]);
            }
        }
    }
}
