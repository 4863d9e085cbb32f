//! Layer norm: each row less its mean, divided by its standard deviation, times a weight, plus a bias.

use candle_core::{CpuStorage, CustomOp3, Device, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

/// The layer norm of each row.
///
/// # Errors
/// When the shapes do not fit.
pub fn layer_norm(x: &Tensor, weight: &Tensor, bias: &Tensor, epsilon: f32) -> Result<Tensor> {
    x.contiguous()?.apply_op3(weight, bias, LayerNorm { epsilon })
}

struct LayerNorm {
    epsilon: f32,
}

impl LayerNorm {
    /// Mean and inverse standard deviation of a row.
    #[expect(clippy::cast_precision_loss, reason = "a row has far fewer than 2^24 numbers")]
    fn statistics(&self, row: &[f32]) -> (f32, f32) {
        let count = row.len() as f32;
        let mean = super::sum(row) / count;
        let (eights, rest) = row.as_chunks::<8>();
        let mut squares = [0.0_f32; 8];
        for eight in eights {
            for lane in 0..8 {
                squares[lane] += (eight[lane] - mean) * (eight[lane] - mean);
            }
        }
        let rest: f32 = rest.iter().map(|number| (number - mean) * (number - mean)).sum();
        let variance = (squares.iter().sum::<f32>() + rest) / count;
        (mean, 1.0 / (variance + self.epsilon).sqrt())
    }

    /// The gradient of a row of `x` into `to`; adds what the row gives to the gradients of weight and bias.
    #[expect(clippy::cast_precision_loss, reason = "a row has far fewer than 2^24 numbers")]
    fn row_backward(
        &self,
        x: &[f32],
        gradient: &[f32],
        weight: &[f32],
        to: &mut [f32],
        sums: &mut Sums,
    ) {
        let count = x.len() as f32;
        let (mean, inverse) = self.statistics(x);
        sums.normal.iter_mut().zip(x).for_each(|(normal, x)| *normal = (x - mean) * inverse);
        sums.weighted
            .iter_mut()
            .zip(gradient.iter().zip(weight))
            .for_each(|(to, (g, w))| *to = g * w);
        let mean_weighted = super::sum(&sums.weighted) / count;
        let along = super::dot(&sums.weighted, &sums.normal) / count;
        for ((to, weighted), normal) in to.iter_mut().zip(&sums.weighted).zip(&sums.normal) {
            *to = inverse * (weighted - mean_weighted - normal * along);
        }
        for ((sum, g), normal) in sums.weight.iter_mut().zip(gradient).zip(&sums.normal) {
            *sum += g * normal;
        }
        super::add_scaled(&mut sums.bias, 1.0, gradient);
    }
}

/// What one block of rows adds up, and room for a row.
struct Sums {
    weight: Vec<f32>,
    bias: Vec<f32>,
    normal: Vec<f32>,
    weighted: Vec<f32>,
}

impl Sums {
    fn new(width: usize) -> Self {
        let zeros = || vec![0.0; width];
        Self { weight: zeros(), bias: zeros(), normal: zeros(), weighted: zeros() }
    }
}

impl CustomOp3 for LayerNorm {
    fn name(&self) -> &'static str {
        "layer norm"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (_, width) = x_layout.shape().dims2()?;
        let x = super::floats(x, x_layout)?;
        let (weight, bias) =
            (super::floats(weight, weight_layout)?, super::floats(bias, bias_layout)?);
        let mut numbers = vec![0.0; x.len()];
        let block = width * super::BLOCK;
        numbers.par_chunks_mut(block).zip(x.par_chunks(block)).for_each(|(to, x)| {
            for (to, x) in to.chunks_mut(width).zip(x.chunks(width)) {
                let (mean, inverse) = self.statistics(x);
                for (((to, x), weight), bias) in to.iter_mut().zip(x).zip(weight).zip(bias) {
                    *to = (x - mean) * inverse * weight + bias;
                }
            }
        });
        Ok((CpuStorage::F32(numbers), x_layout.shape().clone()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        _bias: &Tensor,
        _result: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let (rows, width) = x.dims2()?;
        let block = width * super::BLOCK;
        let weight = super::with_floats(weight, |weight| Ok(weight.to_vec()))?;
        let mut of_x = vec![0.0; rows * width];
        let blocks: Vec<Sums> = super::with_floats(x, |x| {
            super::with_floats(gradient, |gradient| {
                let work = of_x.par_chunks_mut(block).zip(x.par_chunks(block));
                let work = work.zip(gradient.par_chunks(block)).map(|((to, x), gradient)| {
                    let mut sums = Sums::new(width);
                    let rows = to.chunks_mut(width).zip(x.chunks(width));
                    for ((to, x), gradient) in rows.zip(gradient.chunks(width)) {
                        self.row_backward(x, gradient, &weight, to, &mut sums);
                    }
                    sums
                });
                Ok(work.collect())
            })
        })?;
        let mut total = Sums::new(width);
        for sums in &blocks {
            super::add_scaled(&mut total.weight, 1.0, &sums.weight);
            super::add_scaled(&mut total.bias, 1.0, &sums.bias);
        }
        Ok((
            Some(Tensor::from_vec(of_x, (rows, width), &Device::Cpu)?),
            Some(Tensor::from_vec(total.weight, width, &Device::Cpu)?),
            Some(Tensor::from_vec(total.bias, width, &Device::Cpu)?),
        ))
    }
}
