//! Weights in the order in which the kernels read them: [`F32Panels`], [`Int8Panels`].
//!
//! A panel is some neighbouring columns (outputs) of a layer over its whole depth (inputs); within it the numbers lie as
//! the innermost loop wants them. Depth and columns are padded with zeros to multiples of [`WIDTH_MULTIPLE`].

/// Every width (of activations, of heads, of layers) is padded with zeros to a multiple of this, the largest panel width.
pub const WIDTH_MULTIPLE: usize = 32;

/// The next width that kernels work with.
#[must_use]
pub fn padded(width: usize) -> usize {
    width.next_multiple_of(WIDTH_MULTIPLE)
}

/// A linear layer as checkpoints hold it, widths padded: row `o` of `weights` makes output `o`.
#[derive(Debug, Clone)]
pub struct Dense {
    depth: usize,
    weights: Vec<f32>,
    bias: Vec<f32>,
}

impl Dense {
    /// A layer from its padded rows, one for each output, and its bias.
    ///
    /// # Panics
    /// If a length is not a multiple of [`WIDTH_MULTIPLE`] or they do not fit each other.
    #[must_use]
    pub fn new(depth: usize, weights: Vec<f32>, bias: Vec<f32>) -> Self {
        assert!(depth.is_multiple_of(WIDTH_MULTIPLE) && bias.len().is_multiple_of(WIDTH_MULTIPLE));
        assert_eq!(weights.len(), depth * bias.len());
        Self { depth, weights, bias }
    }

    fn row(&self, output: usize) -> &[f32] {
        &self.weights[output * self.depth..][..self.depth]
    }
}

/// Weights as 32-bit floats.
#[derive(Debug)]
pub struct F32Panels {
    depth: usize,
    width: usize,
    weights: Aligned<f32>,
    bias: Vec<f32>,
}

impl F32Panels {
    /// Packs a layer into panels of `width` columns.
    ///
    /// # Panics
    /// If `width` does not divide [`WIDTH_MULTIPLE`].
    #[must_use]
    pub fn pack(layer: &Dense, width: usize) -> Self {
        assert!(WIDTH_MULTIPLE.is_multiple_of(width));
        let mut weights = Aligned::zeros(layer.weights.len());
        for (panel, numbers) in
            weights.slice_mut().chunks_exact_mut(width * layer.depth).enumerate()
        {
            for column in 0..width {
                for (input, &weight) in layer.row(panel * width + column).iter().enumerate() {
                    numbers[input * width + column] = weight;
                }
            }
        }
        Self { depth: layer.depth, width, weights, bias: layer.bias.clone() }
    }

    /// Inputs.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// Columns in a panel.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// Panels.
    #[must_use]
    pub fn panels(&self) -> usize {
        self.bias.len() / self.width
    }

    pub(super) fn panel(&self, panel: usize) -> &[f32] {
        &self.weights.slice()[panel * self.depth * self.width..][..self.depth * self.width]
    }

    pub(super) fn bias(&self, panel: usize) -> &[f32] {
        &self.bias[panel * self.width..][..self.width]
    }
}

/// Weights as signed bytes, with a scale for each output (symmetric quantisation, as in "Integer Quantization for Deep
/// Learning Inference", Wu et al. 2020, section 3).
///
/// AVX2 multiplies bytes into sums of two products that hold 16 bits. The scale of an output is therefore the smallest
/// with which its largest weight fits into a byte and no two weights that meet in such a sum exceed 128 together: nothing
/// can overflow, every instruction set computes the same, and less is lost than by quantising to 7 bits.
#[derive(Debug)]
pub struct Int8Panels {
    depth: usize,
    width: usize,
    /// In groups of four inputs: for each column its four weights.
    weights: Aligned<i8>,
    scale: Vec<f32>,
    /// Sum of the weights that the bytes stand for.
    sum: Vec<f32>,
    bias: Vec<f32>,
}

/// Most that two weights of one 16-bit sum may have together, with bytes up to 255: 255 · 128 = 32,640 < 32,768.
const LARGEST_PAIR: u8 = 128;

impl Int8Panels {
    /// Quantises and packs a layer into panels of `width` columns.
    ///
    /// # Panics
    /// If `width` does not divide [`WIDTH_MULTIPLE`].
    #[must_use]
    pub fn pack(layer: &Dense, width: usize) -> Self {
        assert!(WIDTH_MULTIPLE.is_multiple_of(width));
        let outputs = layer.bias.len();
        let mut packed = Self {
            depth: layer.depth,
            width,
            weights: Aligned::zeros(layer.weights.len()),
            scale: Vec::with_capacity(outputs),
            sum: Vec::with_capacity(outputs),
            bias: layer.bias.clone(),
        };
        let mut bytes = vec![0; layer.depth];
        for output in 0..outputs {
            let scale = quantise_weights(layer.row(output), &mut bytes);
            let panel = &mut packed.weights.slice_mut()[output / width * width * layer.depth..];
            let column = output % width;
            for (group, four) in bytes.as_chunks::<4>().0.iter().enumerate() {
                panel[(group * width + column) * 4..][..4].copy_from_slice(four);
            }
            let sum: i32 = bytes.iter().map(|&byte| i32::from(byte)).sum();
            packed.scale.push(scale);
            #[expect(clippy::cast_precision_loss, reason = "exact: far below 2^24")]
            packed.sum.push(sum as f32 * scale);
        }
        packed
    }

    /// Inputs.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// Columns in a panel.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// Panels.
    #[must_use]
    pub fn panels(&self) -> usize {
        self.bias.len() / self.width
    }

    pub(super) fn panel(&self, panel: usize) -> &[i8] {
        &self.weights.slice()[panel * self.depth * self.width..][..self.depth * self.width]
    }

    /// Scale, sum and bias of each column of a panel.
    pub(super) fn columns(&self, panel: usize) -> [&[f32]; 3] {
        [&self.scale, &self.sum, &self.bias].map(|all| &all[panel * self.width..][..self.width])
    }
}

/// Writes the weights of one output as bytes and returns what one step of a byte stands for; 0 if all weights are 0.
fn quantise_weights(weights: &[f32], bytes: &mut [i8]) -> f32 {
    let single = weights.iter().fold(0f32, |largest, weight| largest.max(weight.abs()));
    // Divided before added: the sum of two large weights may be infinite.
    let share = |weight: f32| weight.abs() / f32::from(LARGEST_PAIR);
    let pairs = weights.as_chunks::<2>().0.iter().map(|&[a, b]| share(a) + share(b));
    let mut scale = pairs.fold(single / 127.0, f32::max);
    if !scale.is_normal() {
        bytes.fill(0);
        return 0.0;
    }
    loop {
        for (byte, weight) in bytes.iter_mut().zip(weights) {
            #[expect(clippy::cast_possible_truncation, reason = "kept within -127..=127")]
            let rounded = (weight / scale).round().clamp(-127.0, 127.0) as i8;
            *byte = rounded;
        }
        // Rounding may lift a pair over the bound by one.
        let fits = |[a, b]: &[i8; 2]| {
            u16::from(a.unsigned_abs()) + u16::from(b.unsigned_abs()) <= u16::from(LARGEST_PAIR)
        };
        if bytes.as_chunks().0.iter().all(fits) {
            return scale;
        }
        scale *= 1.002;
    }
}

/// Numbers that start at the border of a cache line, so that no vector straddles two.
#[derive(Debug)]
pub(super) struct Aligned<T> {
    room: Vec<T>,
    start: usize,
    length: usize,
}

const CACHE_LINE: usize = 64;

impl<T: Copy + Default> Aligned<T> {
    pub(super) fn zeros(length: usize) -> Self {
        let room = vec![T::default(); length + CACHE_LINE / size_of::<T>()];
        // An address that cannot be aligned is allowed by the documentation; it would only be slower.
        let start = room.as_ptr().align_offset(CACHE_LINE).min(CACHE_LINE / size_of::<T>());
        Self { room, start, length }
    }

    pub(super) fn slice(&self) -> &[T] {
        &self.room[self.start..][..self.length]
    }

    pub(super) fn slice_mut(&mut self) -> &mut [T] {
        &mut self.room[self.start..][..self.length]
    }

    /// Room for at least `length` numbers; what was in it is lost when it grows.
    pub(super) fn grow(&mut self, length: usize) {
        if self.length < length {
            *self = Self::zeros(length);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pairs_fit(bytes: &[i8]) -> bool {
        bytes.as_chunks().0.iter().all(|[a, b]: &[i8; 2]| {
            u32::from(a.unsigned_abs()) + u32::from(b.unsigned_abs()) <= 128
        })
    }

    proptest! {
        #[test]
        fn quantised_weights_are_within_half_a_step_and_no_pair_can_overflow(
            weights in prop::collection::vec(-1f32..1.0, 32),
            exponent in -30i32..30,
        ) {
            let weights: Vec<f32> = weights.iter().map(|w| w * 2f32.powi(exponent)).collect();
            let mut bytes = vec![0; 32];
            let scale = quantise_weights(&weights, &mut bytes);
            prop_assert!(pairs_fit(&bytes));
            for (&byte, weight) in bytes.iter().zip(&weights) {
                let error = (f32::from(byte) * scale - weight).abs();
                prop_assert!(error <= scale * 0.501, "{weight} became {byte} times {scale}");
            }
        }
    }

    #[test]
    fn extreme_weights_are_quantised_without_overflow() {
        let mut bytes = [1i8; 4];
        assert_eq!(quantise_weights(&[0.0; 4], &mut bytes), 0.0);
        assert_eq!(bytes, [0; 4]);
        for weights in [[f32::MAX, f32::MAX, -f32::MAX, 0.0], [1.0; 4], [1.0, -1.0, 1.0, 1e-30]] {
            let scale = quantise_weights(&weights, &mut bytes);
            assert!(scale.is_finite() && pairs_fit(&bytes), "{weights:?}: {bytes:?}");
            assert!(bytes[0] >= 63, "as much of the range as the bound allows: {bytes:?}");
        }
    }

    #[test]
    fn panels_start_at_cache_lines() {
        for length in [1, 100, 1000] {
            assert_eq!(Aligned::<f32>::zeros(length).slice().as_ptr().addr() % CACHE_LINE, 0);
            assert_eq!(Aligned::<i8>::zeros(length).slice().as_ptr().addr() % CACHE_LINE, 0);
        }
    }
}
