//! The inner loops of the packed path, for the best instruction set of the processor: [`Kernels`].
//!
//! `simd` says which vector operations there are; `portable`, `avx2` and `avx512` are their implementations; `linear`,
//! `rows` and `attention` are written once on top. The one thing to know: every kernel is compiled once for each instruction
//! set, and `Kernels` picks by what the processor said when it was made. `unsafe` is found here and nowhere else in the
//! library, for pointers into checked slices and for the instructions.
#![expect(unsafe_code, reason = "vector instructions and unchecked access in the innermost loops")]

mod attention;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod linear;
mod portable;
mod rows;
mod simd;
#[cfg(test)]
mod tests;

use super::pack::{F32Panels, Int8Panels};
use serde::{Deserialize, Serialize};
use simd::Simd;
use std::ops::Range;

/// Which instructions the kernels use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InstructionSet {
    /// x86-64 with AVX-512 (F, BW, DQ, VL) and VNNI.
    Avx512,
    /// x86-64 with AVX2 and FMA.
    Avx2,
    /// No special instructions: any processor.
    Portable,
}

impl InstructionSet {
    /// All of them, the fastest first.
    pub const ALL: [Self; 3] = [Self::Avx512, Self::Avx2, Self::Portable];

    /// Whether this processor has it.
    #[must_use]
    pub fn is_available(self) -> bool {
        match self {
            Self::Portable => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => {
                std::arch::is_x86_feature_detected!("avx2")
                    && std::arch::is_x86_feature_detected!("fma")
            }
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => {
                Self::Avx2.is_available()
                    && std::arch::is_x86_feature_detected!("avx512f")
                    && std::arch::is_x86_feature_detected!("avx512bw")
                    && std::arch::is_x86_feature_detected!("avx512dq")
                    && std::arch::is_x86_feature_detected!("avx512vl")
                    && std::arch::is_x86_feature_detected!("avx512vnni")
            }
            #[cfg(not(target_arch = "x86_64"))]
            Self::Avx2 | Self::Avx512 => false,
        }
    }
}

/// What is applied to the result of a linear layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// Nothing.
    None,
    /// max(x, 0).
    Relu,
    /// x · Φ(x), exact (with the error function).
    Gelu,
    /// Its approximation by the hyperbolic tangent.
    GeluTanh,
}

/// Rows of 32-bit floats.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    data: &'a [f32],
    stride: usize,
    count: usize,
}

impl<'a> Rows<'a> {
    /// `count` rows, each `stride` numbers after the one before.
    ///
    /// # Panics
    /// If there are not that many numbers.
    #[must_use]
    pub fn new(data: &'a [f32], stride: usize, count: usize) -> Self {
        let needed = stride.checked_mul(count);
        assert!(
            needed.is_some_and(|needed| needed <= data.len()),
            "{count} rows of {stride} in {} numbers",
            data.len()
        );
        Self { data, stride, count }
    }
}

/// What a row's bytes stand for: byte `b` for `low + step · b`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ByteRange {
    /// The smallest number of the row.
    pub low: f32,
    /// The distance between two bytes.
    pub step: f32,
}

/// Rows of bytes and what the bytes of each row stand for.
#[derive(Debug, Clone, Copy)]
pub struct ByteRows<'a> {
    data: &'a [u8],
    stride: usize,
    ranges: &'a [ByteRange],
}

impl<'a> ByteRows<'a> {
    /// One row for each range, each `stride` bytes after the one before.
    ///
    /// # Panics
    /// If there are not that many bytes.
    #[must_use]
    pub fn new(data: &'a [u8], stride: usize, ranges: &'a [ByteRange]) -> Self {
        let needed = stride.checked_mul(ranges.len());
        assert!(
            needed.is_some_and(|needed| needed <= data.len()),
            "{} rows of {stride} in {} bytes",
            ranges.len(),
            data.len()
        );
        Self { data, stride, ranges }
    }

    fn count(&self) -> usize {
        self.ranges.len()
    }
}

/// The kernels of one instruction set that this processor has. Cheap to copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kernels {
    set: InstructionSet,
}

impl Kernels {
    /// Those of the fastest instruction set of this processor.
    #[must_use]
    pub fn best() -> Self {
        let set = InstructionSet::ALL.into_iter().find(|set| set.is_available());
        Self { set: set.unwrap_or(InstructionSet::Portable) }
    }

    /// Those of a certain instruction set; `None` if this processor does not have it.
    #[must_use]
    pub fn of(set: InstructionSet) -> Option<Self> {
        set.is_available().then_some(Self { set })
    }

    /// The instruction set.
    #[must_use]
    pub fn instruction_set(self) -> InstructionSet {
        self.set
    }

    /// Columns in a panel of packed weights.
    #[must_use]
    pub fn panel_width(self) -> usize {
        match self.set {
            InstructionSet::Portable => 2 * portable::Portable::LANES,
            #[cfg(target_arch = "x86_64")]
            InstructionSet::Avx2 => 2 * avx2::Avx2::LANES,
            #[cfg(target_arch = "x86_64")]
            InstructionSet::Avx512 => 2 * avx512::Avx512::LANES,
            #[cfg(not(target_arch = "x86_64"))]
            _ => unreachable!("not available here"),
        }
    }
}

/// Makes a method of [`Kernels`] from a function that is generic over the instruction set.
macro_rules! kernel {
    ($(#[$doc:meta])* $module:ident::$name:ident($($argument:ident: $type:ty),*) $(-> $result:ty)?) => {
        impl Kernels {
            $(#[$doc])*
            pub fn $name(self, $($argument: $type),*) $(-> $result)? {
                match self.set {
                    InstructionSet::Portable => $module::$name(portable::Portable, $($argument),*),
                    #[cfg(target_arch = "x86_64")]
                    InstructionSet::Avx2 => {
                        #[target_feature(enable = "avx2,fma")]
                        fn with_avx2($($argument: $type),*) $(-> $result)? {
                            // SAFETY: a function with these target features only runs where the processor has them.
                            $module::$name(unsafe { avx2::Avx2::new() }, $($argument),*)
                        }
                        // SAFETY: `Kernels` of this instruction set are made only after `is_available` said yes.
                        unsafe { with_avx2($($argument),*) }
                    }
                    #[cfg(target_arch = "x86_64")]
                    InstructionSet::Avx512 => {
                        #[target_feature(enable = "avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
                        fn with_avx512($($argument: $type),*) $(-> $result)? {
                            // SAFETY: a function with these target features only runs where the processor has them.
                            $module::$name(unsafe { avx512::Avx512::new() }, $($argument),*)
                        }
                        // SAFETY: `Kernels` of this instruction set are made only after `is_available` said yes.
                        unsafe { with_avx512($($argument),*) }
                    }
                    #[cfg(not(target_arch = "x86_64"))]
                    _ => unreachable!("not available here"),
                }
            }
        }
    };
}

kernel! {
    /// `out = activation(input · weights + bias)` for the columns of `panels`; a row of `out` holds just those columns.
    ///
    /// # Panics
    /// If the weights were packed for another panel width, or a length does not fit.
    linear::linear_f32(input: Rows<'_>, weights: &F32Panels, panels: Range<usize>, activation: Activation, out: &mut [f32])
}

kernel! {
    /// The same with 8-bit weights and activations; sums are exact, so each instruction set gives the same ones.
    ///
    /// # Panics
    /// If the weights were packed for another panel width, or a length does not fit.
    linear::linear_int8(input: ByteRows<'_>, weights: &Int8Panels, panels: Range<usize>, activation: Activation, out: &mut [f32])
}

kernel! {
    /// Attention of the tokens of each text to each other: `softmax(queries · keysᵀ) · values` for each head.
    ///
    /// A row of `input` holds for each head its (already scaled) query, its key and its value, `head_width` numbers each; a
    /// row of `out` holds for each head the result. `texts` are the rows of each text; `scratch` grows as needed.
    ///
    /// # Panics
    /// If `head_width` is not a multiple of the panel width, or a length does not fit.
    attention::attention(input: Rows<'_>, texts: &[Range<usize>], heads: usize, head_width: usize, scratch: &mut Vec<f32>, out: &mut [f32])
}

kernel! {
    /// Applies an activation to every number of a row.
    rows::activate(activation: Activation, row: &mut [f32])
}

kernel! {
    /// Adds a row to another.
    rows::add(row: &mut [f32], added: &[f32])
}

kernel! {
    /// Layer normalisation in place over the first `width` numbers; row, weight and bias are 0 past them.
    rows::normalise(row: &mut [f32], width: usize, epsilon: f32, weight: &[f32], bias: &[f32])
}

kernel! {
    /// The smallest and the largest number of a row; NaN both, if a number is not finite.
    rows::range(row: &[f32]) -> (f32, f32)
}

kernel! {
    /// Writes each number of a row as the byte that comes nearest to it in `range`.
    rows::quantise(row: &[f32], range: ByteRange, out: &mut [u8])
}

kernel! {
    /// Makes scores exponentials relative to the largest one and returns their sum; scores past `used` count for nothing.
    rows::exponentials(row: &mut [f32], used: usize) -> f32
}
