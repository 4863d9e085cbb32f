//! Attention of the tokens of each text among themselves, over texts that lie end to end: no padding, no mask.

use crate::transformer::batch::Batch;
use candle_core::{CpuStorage, CustomOp3, Device, Layout, Result, Shape, Tensor, bail};
use rayon::prelude::*;
use std::sync::Arc;

/// `softmax(q · kᵀ / √d) · v` for each text and head.
///
/// # Errors
/// When the shapes do not fit.
pub fn attend(
    query: &Tensor,
    key: &Tensor,
    value: &Tensor,
    heads: usize,
    batch: &Batch,
) -> Result<Tensor> {
    let (rows, hidden) = query.dims2()?;
    if rows != batch.tokens() || !hidden.is_multiple_of(heads) {
        bail!(
            "attention: {rows} × {hidden} numbers for {} tokens and {heads} heads",
            batch.tokens()
        );
    }
    let attention = Attention { heads, hidden, lengths: batch.lengths() };
    query.contiguous()?.apply_op3(&key.contiguous()?, &value.contiguous()?, attention)
}

struct Attention {
    heads: usize,
    hidden: usize,
    lengths: Arc<[usize]>,
}

/// Query, key and value of one text.
#[derive(Clone, Copy)]
struct Inputs<'a> {
    query: &'a [f32],
    key: &'a [f32],
    value: &'a [f32],
}

impl Attention {
    fn head(&self) -> usize {
        self.hidden / self.heads
    }

    #[expect(clippy::cast_precision_loss, reason = "numbers of a head are few")]
    fn scale(&self) -> f32 {
        1.0 / (self.head() as f32).sqrt()
    }

    /// The part of a token's numbers that belongs to a head.
    fn part<'a>(&self, numbers: &'a [f32], token: usize, head: usize) -> &'a [f32] {
        &numbers[token * self.hidden + head * self.head()..][..self.head()]
    }

    fn part_mut<'a>(&self, numbers: &'a mut [f32], token: usize, head: usize) -> &'a mut [f32] {
        &mut numbers[token * self.hidden + head * self.head()..][..self.head()]
    }

    /// Cuts numbers into those of each text.
    fn texts<'a>(&self, mut numbers: &'a [f32]) -> Vec<&'a [f32]> {
        let mut texts = Vec::with_capacity(self.lengths.len());
        for length in &*self.lengths {
            let (text, rest) = numbers.split_at(length * self.hidden);
            texts.push(text);
            numbers = rest;
        }
        texts
    }

    fn texts_mut<'a>(&self, mut numbers: &'a mut [f32]) -> Vec<&'a mut [f32]> {
        let mut texts = Vec::with_capacity(self.lengths.len());
        for length in &*self.lengths {
            let (text, rest) = numbers.split_at_mut(length * self.hidden);
            texts.push(text);
            numbers = rest;
        }
        texts
    }

    /// How much a token heeds each token of its text, in one head.
    fn weights(&self, inputs: Inputs<'_>, token: usize, head: usize, weights: &mut [f32]) {
        let query = self.part(inputs.query, token, head);
        let scale = self.scale();
        let mut largest = f32::NEG_INFINITY;
        for (other, weight) in weights.iter_mut().enumerate() {
            *weight = super::dot(query, self.part(inputs.key, other, head)) * scale;
            largest = largest.max(*weight);
        }
        weights.iter_mut().for_each(|weight| *weight = super::exp_negative(*weight - largest));
        let inverse = 1.0 / super::sum(weights);
        weights.iter_mut().for_each(|weight| *weight *= inverse);
    }

    fn forward_text(&self, inputs: Inputs<'_>, to: &mut [f32]) {
        let tokens = to.len() / self.hidden;
        let mut weights = vec![0.0; tokens];
        for head in 0..self.heads {
            for token in 0..tokens {
                self.weights(inputs, token, head, &mut weights);
                let to = self.part_mut(to, token, head);
                for (other, weight) in weights.iter().enumerate() {
                    super::add_scaled(to, *weight, self.part(inputs.value, other, head));
                }
            }
        }
    }

    /// The gradients of one text; `to` holds zeros for query, key and value.
    fn backward_text(&self, inputs: Inputs<'_>, gradient: &[f32], to: [&mut [f32]; 3]) {
        let [of_query, of_key, of_value] = to;
        let tokens = gradient.len() / self.hidden;
        let (mut weights, mut slopes) = (vec![0.0; tokens], vec![0.0; tokens]);
        let scale = self.scale();
        for head in 0..self.heads {
            for token in 0..tokens {
                self.weights(inputs, token, head, &mut weights);
                let gradient = self.part(gradient, token, head);
                for (other, slope) in slopes.iter_mut().enumerate() {
                    *slope = super::dot(gradient, self.part(inputs.value, other, head));
                }
                let mean = super::dot(&weights, &slopes);
                for other in 0..tokens {
                    let weight = weights[other];
                    super::add_scaled(self.part_mut(of_value, other, head), weight, gradient);
                    let slope = weight * (slopes[other] - mean) * scale;
                    let key = self.part(inputs.key, other, head);
                    super::add_scaled(self.part_mut(of_query, token, head), slope, key);
                    let query = self.part(inputs.query, token, head);
                    super::add_scaled(self.part_mut(of_key, other, head), slope, query);
                }
            }
        }
    }

    /// Query, key and value of each text.
    fn inputs<'a>(&self, query: &'a [f32], key: &'a [f32], value: &'a [f32]) -> Vec<Inputs<'a>> {
        let parts = self.texts(query).into_iter().zip(self.texts(key)).zip(self.texts(value));
        parts.map(|((query, key), value)| Inputs { query, key, value }).collect()
    }
}

impl CustomOp3 for Attention {
    fn name(&self) -> &'static str {
        "attention"
    }

    fn cpu_fwd(
        &self,
        query: &CpuStorage,
        query_layout: &Layout,
        key: &CpuStorage,
        key_layout: &Layout,
        value: &CpuStorage,
        value_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let query = super::floats(query, query_layout)?;
        let key = super::floats(key, key_layout)?;
        let value = super::floats(value, value_layout)?;
        let mut numbers = vec![0.0; query.len()];
        self.inputs(query, key, value)
            .into_par_iter()
            .zip(self.texts_mut(&mut numbers))
            .for_each(|(inputs, to)| self.forward_text(inputs, to));
        Ok((CpuStorage::F32(numbers), query_layout.shape().clone()))
    }

    fn bwd(
        &self,
        query: &Tensor,
        key: &Tensor,
        value: &Tensor,
        _result: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let shape = query.dims2()?;
        let mut of_query = vec![0.0; shape.0 * shape.1];
        let (mut of_key, mut of_value) = (of_query.clone(), of_query.clone());
        let (gradient, query, key, value) =
            (gradient.contiguous()?, query.contiguous()?, key.contiguous()?, value.contiguous()?);
        super::with_floats(&query, |query| {
            super::with_floats(&key, |key| {
                super::with_floats(&value, |value| {
                    super::with_floats(&gradient, |gradient| {
                        self.inputs(query, key, value)
                            .into_par_iter()
                            .zip(self.texts(gradient))
                            .zip(self.texts_mut(&mut of_query))
                            .zip(self.texts_mut(&mut of_key))
                            .zip(self.texts_mut(&mut of_value))
                            .for_each(|((((inputs, gradient), query), key), value)| {
                                self.backward_text(inputs, gradient, [query, key, value]);
                            });
                        Ok(())
                    })
                })
            })
        })?;
        let tensor = |numbers| Tensor::from_vec(numbers, shape, &Device::Cpu);
        Ok((Some(tensor(of_query)?), Some(tensor(of_key)?), Some(tensor(of_value)?)))
    }
}
