//! `x · Wᵀ + b`.

use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CustomOp3, DType, Layout, Result, Shape, Tensor, bail};
use rayon::prelude::*;

/// A linear layer: `x` has a row of inputs for each token, `weight` a row of inputs for each output.
///
/// # Errors
/// When the shapes do not fit.
pub fn linear(x: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor> {
    x.contiguous()?.apply_op3(weight, bias, Linear)
}

struct Linear;

impl CustomOp3 for Linear {
    fn name(&self) -> &'static str {
        "linear"
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
        let (rows, inputs) = x_layout.shape().dims2()?;
        let (outputs, weight_inputs) = weight_layout.shape().dims2()?;
        if inputs != weight_inputs {
            bail!("linear: {inputs} inputs, but a weight of {outputs} × {weight_inputs}");
        }
        let transposed = weight_layout.transpose(0, 1)?;
        let product = x.matmul(weight, (1, rows, outputs, inputs), x_layout, &transposed)?;
        let CpuStorage::F32(mut numbers) = product else { bail!("linear: expected F32") };
        let bias = super::floats(bias, bias_layout)?;
        numbers.par_chunks_mut(outputs * super::BLOCK).for_each(|block| {
            for row in block.chunks_mut(outputs) {
                row.iter_mut().zip(bias).for_each(|(number, bias)| *number += bias);
            }
        });
        Ok((CpuStorage::F32(numbers), (rows, outputs).into()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        _bias: &Tensor,
        _result: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let gradient = gradient.contiguous()?;
        let (x, weight) = (x.detach(), weight.detach());
        let (rows, outputs) = gradient.dims2()?;
        let ones = Tensor::ones((1, rows), DType::F32, gradient.device())?;
        let of_x = gradient.matmul(&weight)?;
        let of_weight = gradient.t()?.matmul(&x)?;
        let of_bias = ones.matmul(&gradient)?.reshape(outputs)?;
        Ok((Some(of_x), Some(of_weight), Some(of_bias)))
    }
}
