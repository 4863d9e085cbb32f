//! The student before training: some of the teacher's layers, and the rows of the tokens that are kept.

use super::params::{DistillParams, StoredWeights};
use crate::bad_input;
use candle_core::{Device, Tensor};
use recontact::classify::encoder::checkpoint::{BertCheckpoint, WORDS};
use recontact::classify::encoder::compact::{Int8Rows, Packing};
use std::collections::BTreeMap;

/// What the names of a layer's tensors begin with.
const LAYER: &str = "encoder.layer.";

/// Cuts a student out of its teacher.
///
/// Where the table of tokens is stored as bytes, the student has the rounded table from the start: what is learnt makes up
/// for the rounding.
///
/// # Errors
/// [`crate::failure::BadInput`] if the teacher has no such layer.
pub fn cut(
    teacher: &BertCheckpoint,
    params: &DistillParams,
    kept: &[u32],
) -> anyhow::Result<BertCheckpoint> {
    let there = teacher.shape.layers;
    if let Some(layer) = params.layers.iter().find(|layer| **layer > there) {
        return Err(bad_input!("--layers: {layer}: the teacher has {there} layers"));
    }
    let mut shape = teacher.shape.clone();
    shape.layers = params.layers.len();
    shape.vocabulary = kept.len();
    shape.padding_id = kept
        .iter()
        .position(|id| *id as usize == teacher.shape.padding_id)
        .unwrap_or(teacher.shape.padding_id);
    let mut tensors = BTreeMap::new();
    for (name, tensor) in &teacher.tensors {
        match layer_of(name) {
            None if name == WORDS => {
                tensors.insert(name.clone(), table(tensor, kept, params.weights)?);
            }
            None => {
                tensors.insert(name.clone(), tensor.clone());
            }
            Some((layer, rest)) => {
                if let Some(place) = params.layers.iter().position(|kept| *kept == layer + 1) {
                    tensors.insert(format!("{LAYER}{place}.{rest}"), tensor.clone());
                }
            }
        }
    }
    Ok(BertCheckpoint { shape, tensors })
}

/// How a tensor of the student is stored.
#[must_use]
pub fn packing(weights: StoredWeights, name: &str) -> Packing {
    match weights {
        StoredWeights::Full => Packing::F32,
        StoredWeights::Compact if name == WORDS => Packing::Int8,
        StoredWeights::Compact | StoredWeights::Half => Packing::F16,
    }
}

fn layer_of(name: &str) -> Option<(usize, &str)> {
    let (number, rest) = name.strip_prefix(LAYER)?.split_once('.')?;
    Some((number.parse().ok()?, rest))
}

fn table(words: &Tensor, kept: &[u32], weights: StoredWeights) -> anyhow::Result<Tensor> {
    let ids = Tensor::new(kept, &Device::Cpu)?;
    let rows = words.index_select(&ids, 0)?;
    if packing(weights, WORDS) != Packing::Int8 {
        return Ok(rows);
    }
    let (count, columns) = rows.dims2()?;
    let rounded = Int8Rows::round(&rows.flatten_all()?.to_vec1::<f32>()?, columns);
    Ok(Tensor::from_vec(rounded.numbers(), (count, columns), &Device::Cpu)?)
}
