//! The steps of a transformer that candle has no backward pass for, or only a slow one: each is one operation over
//! the processor's 32-bit floats, forward and backward, shared out among threads by rows.
//!
//! The one thing to know: no sum depends on the number of threads. Rows are worked on apart, and what is summed over rows
//! is summed in blocks of 32 rows, the blocks in their order. The same batch gives the same bits every time.

mod activation;
mod attention;
mod linear;
mod norm;
mod pool;

pub use activation::activate;
pub use attention::attend;
pub use linear::linear;
pub use norm::layer_norm;
pub use pool::{mean_rows, pick_rows};

use candle_core::{CpuStorage, Layout, Result, Storage, Tensor, bail};

/// Rows that are worked on and summed together.
const BLOCK: usize = 32;

/// The numbers of a tensor without gaps on the processor.
fn floats<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    let Some((start, end)) = layout.contiguous_offsets() else {
        bail!("expected a tensor without gaps, got strides {:?}", layout.stride())
    };
    Ok(&storage.as_slice::<f32>()?[start..end])
}

/// Lends the numbers of a tensor on the processor, put in order first where they are not.
fn with_floats<T>(tensor: &Tensor, work: impl FnOnce(&[f32]) -> Result<T>) -> Result<T> {
    let tensor = tensor.contiguous()?;
    let (storage, layout) = tensor.storage_and_layout();
    match &*storage {
        Storage::Cpu(storage) => work(floats(storage, layout)?),
        _ => bail!("expected a tensor on the processor"),
    }
}

/// `Σ a·b`, in eight sums that the processor can add at once.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (a_eights, a_rest) = a.as_chunks::<8>();
    let (b_eights, b_rest) = b.as_chunks::<8>();
    let mut sums = [0.0_f32; 8];
    for (a, b) in a_eights.iter().zip(b_eights) {
        for lane in 0..8 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}

/// `Σ a`, likewise.
fn sum(a: &[f32]) -> f32 {
    let (eights, rest) = a.as_chunks::<8>();
    let mut sums = [0.0_f32; 8];
    for a in eights {
        for lane in 0..8 {
            sums[lane] += a[lane];
        }
    }
    sums.iter().sum::<f32>() + rest.iter().sum::<f32>()
}

/// `to += factor · from`.
fn add_scaled(to: &mut [f32], factor: f32, from: &[f32]) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to += factor * from);
}

/// `e^x` for `x` up to 0, within 2e-7 of the true value: a polynomial on ±ln 2/2 and a power of two, written so that
/// the compiler computes many at once.
#[inline]
fn exp_negative(x: f32) -> f32 {
    // Adding this number leaves the nearest whole number in the low bits.
    const MAGIC: f32 = 12_582_912.0;
    let x = x.max(-87.0);
    let shifted = x * std::f32::consts::LOG2_E + MAGIC;
    let whole = shifted - MAGIC;
    // ln 2 in two parts, the first exact in few bits.
    let r = (x - whole * 0.693_359_4) - whole * -2.121_944_4e-4;
    let polynomial = 1.0
        + r * (1.0
            + r * (0.5
                + r * (0.166_666_6 + r * (0.041_666_4 + r * (0.008_333_6 + r * 0.001_388_9)))));
    let power = f32::from_bits((shifted.to_bits() << 23).wrapping_add(127 << 23));
    polynomial * power
}

#[cfg(test)]
#[path = "ops/tests.rs"]
mod tests;
