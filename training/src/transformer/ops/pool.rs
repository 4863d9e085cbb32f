//! From the rows of a text's tokens to one row for the text.

use crate::transformer::batch::Batch;
use candle_core::{CpuStorage, CustomOp1, Device, Layout, Result, Shape, Tensor};
use std::sync::Arc;

/// The mean of each text's rows.
///
/// # Errors
/// When the rows are not those of the batch.
pub fn mean_rows(x: &Tensor, batch: &Batch) -> Result<Tensor> {
    x.contiguous()?.apply_op1(Pool { lengths: batch.lengths(), first_only: false })
}

/// The first of each text's rows.
///
/// # Errors
/// When the rows are not those of the batch.
pub fn pick_rows(x: &Tensor, batch: &Batch) -> Result<Tensor> {
    x.contiguous()?.apply_op1(Pool { lengths: batch.lengths(), first_only: true })
}

struct Pool {
    lengths: Arc<[usize]>,
    first_only: bool,
}

impl Pool {
    /// Rows of a text of `length` tokens that count, and what each counts.
    #[expect(clippy::cast_precision_loss, reason = "tokens of a text are few")]
    fn share(&self, length: usize) -> (usize, f32) {
        if self.first_only { (1, 1.0) } else { (length, 1.0 / length as f32) }
    }
}

impl CustomOp1 for Pool {
    fn name(&self) -> &'static str {
        "pooling"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (rows, width) = layout.shape().dims2()?;
        if rows != self.lengths.iter().sum::<usize>() {
            candle_core::bail!("pooling: {rows} rows are not those of the batch");
        }
        let x = super::floats(x, layout)?;
        let mut numbers = vec![0.0; self.lengths.len() * width];
        let mut first = 0;
        for (to, length) in numbers.chunks_mut(width).zip(&*self.lengths) {
            let (count, share) = self.share(*length);
            for row in x[first * width..(first + count) * width].chunks(width) {
                super::add_scaled(to, share, row);
            }
            first += length;
        }
        Ok((CpuStorage::F32(numbers), (self.lengths.len(), width).into()))
    }

    fn bwd(&self, x: &Tensor, _result: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        let (rows, width) = x.dims2()?;
        let mut numbers = vec![0.0; rows * width];
        super::with_floats(gradient, |gradient| {
            let mut first = 0;
            for (gradient, length) in gradient.chunks(width).zip(&*self.lengths) {
                let (count, share) = self.share(*length);
                for row in numbers[first * width..(first + count) * width].chunks_mut(width) {
                    super::add_scaled(row, share, gradient);
                }
                first += length;
            }
            Ok(())
        })?;
        Tensor::from_vec(numbers, (rows, width), &Device::Cpu).map(Some)
    }
}
