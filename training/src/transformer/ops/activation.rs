//! GELU in its two forms, and the positive part.

use candle_core::{CpuStorage, CustomOp1, Device, Layout, Result, Shape, Tensor};
use rayon::prelude::*;
use recontact::classify::encoder::checkpoint::Activation;

/// Numbers that one thread takes at a time.
const PIECE: usize = 1 << 14;

/// The activation of every number.
///
/// # Errors
/// When candle refuses the tensor.
pub fn activate(x: &Tensor, activation: Activation) -> Result<Tensor> {
    x.contiguous()?.apply_op1(Activate(activation))
}

struct Activate(Activation);

impl CustomOp1 for Activate {
    fn name(&self) -> &'static str {
        "activation"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let x = super::floats(x, layout)?;
        let mut numbers = vec![0.0; x.len()];
        numbers.par_chunks_mut(PIECE).zip(x.par_chunks(PIECE)).for_each(|(to, x)| {
            // One loop for each, so that it holds no branch.
            match self.0 {
                Activation::Gelu => each(to, x, |x| gelu(x).0),
                Activation::GeluTanh => each(to, x, |x| gelu_tanh(x).0),
                Activation::Relu => each(to, x, |x| x.max(0.0)),
            }
        });
        Ok((CpuStorage::F32(numbers), layout.shape().clone()))
    }

    fn bwd(&self, x: &Tensor, _result: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        let mut numbers = super::with_floats(gradient, |gradient| Ok(gradient.to_vec()))?;
        super::with_floats(x, |x| {
            numbers.par_chunks_mut(PIECE).zip(x.par_chunks(PIECE)).for_each(|(to, x)| {
                match self.0 {
                    Activation::Gelu => scale_each(to, x, |x| gelu(x).1),
                    Activation::GeluTanh => scale_each(to, x, |x| gelu_tanh(x).1),
                    Activation::Relu => scale_each(to, x, |x| if x > 0.0 { 1.0 } else { 0.0 }),
                }
            });
            Ok(())
        })?;
        Tensor::from_vec(numbers, x.dims(), &Device::Cpu).map(Some)
    }
}

fn each(to: &mut [f32], x: &[f32], function: impl Fn(f32) -> f32) {
    to.iter_mut().zip(x).for_each(|(to, x)| *to = function(*x));
}

fn scale_each(to: &mut [f32], x: &[f32], function: impl Fn(f32) -> f32) {
    to.iter_mut().zip(x).for_each(|(to, x)| *to *= function(*x));
}

/// `x · Φ(x)` and its derivative. Φ is the error function of Abramowitz & Stegun, 7.1.26, within 2e-7.
#[inline]
fn gelu(x: f32) -> (f32, f32) {
    let z = x.abs() * std::f32::consts::FRAC_1_SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * z);
    let decay = super::exp_negative(-z * z);
    let tail = t
        * (0.254_829_6
            + t * (-0.284_496_74 + t * (1.421_413_7 + t * (-1.453_152 + t * 1.061_405_4))))
        * decay;
    let normal = 0.5 + 0.5 * (1.0 - tail).copysign(x);
    // The density of the normal distribution: e^(-x²/2) / √(2π).
    let density = decay * 0.398_942_3;
    (x * normal, normal + x * density)
}

/// `x/2 · (1 + tanh(√(2/π) · (x + 0.044715 x³)))` and its derivative.
#[inline]
fn gelu_tanh(x: f32) -> (f32, f32) {
    const SCALE: f32 = 0.797_884_6;
    let inner = SCALE * (x + 0.044_715 * x * x * x);
    let decay = super::exp_negative(-2.0 * inner.abs());
    let tanh = ((1.0 - decay) / (1.0 + decay)).copysign(inner);
    let slope = SCALE * (1.0 + 3.0 * 0.044_715 * x * x);
    (0.5 * x * (1.0 + tanh), 0.5 * (1.0 + tanh) + 0.5 * x * (1.0 - tanh * tanh) * slope)
}
