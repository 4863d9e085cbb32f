//! The reference path: candle-transformers' modules, for every supported architecture and every device of candle.
//!
//! Texts of a batch are padded to the longest; those of similar length go together, so that little is spent on padding.

use super::EncoderError;
use super::config::{EncoderConfig, Pooling, Transformer};
use super::options::InferenceDevice;
use super::weights::Weights;
use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::{bert, modernbert};

/// Most texts that go through the transformer at once.
const MAX_BATCH_TEXTS: usize = 32;
/// Most tokens, padding included, that go through the transformer at once.
const MAX_BATCH_TOKENS: usize = 8192;

/// A transformer of candle's.
pub(super) struct ReferenceTransformer {
    model: Model,
    padding: u32,
    pooling: Pooling,
    device: Device,
}

enum Model {
    Bert(bert::BertModel),
    ModernBert(modernbert::ModernBert),
}

impl ReferenceTransformer {
    /// Loads the modules.
    ///
    /// # Errors
    /// [`EncoderError::Weights`] if candle refuses the tensors, [`EncoderError::Device`] if there is no such device.
    pub(super) fn load(
        weights: Weights,
        config: &EncoderConfig,
        device: InferenceDevice,
    ) -> Result<Self, EncoderError> {
        let device = open(device).map_err(|error| EncoderError::Device(error.to_string()))?;
        let path = weights.path().to_owned();
        let load = || -> candle_core::Result<Model> {
            let variables =
                VarBuilder::from_tensors(weights.into_tensors(&device)?, DType::F32, &device);
            Ok(match &config.transformer {
                Transformer::Bert(bert) => Model::Bert(bert::BertModel::load(variables, bert)?),
                Transformer::ModernBert(config) => {
                    Model::ModernBert(modernbert::ModernBert::load(variables, config)?)
                }
            })
        };
        let model = load().map_err(|error| {
            let reason = format!("does not fit config.json: {error}");
            EncoderError::Weights { path, reason }
        })?;
        let padding = u32::try_from(config.transformer.padding_id()).unwrap_or(0);
        Ok(Self { model, padding, pooling: config.pooling, device })
    }

    /// The normalised vectors of token sequences, in the same order; none may be empty.
    pub(super) fn embed(&self, sequences: &[Vec<u32>]) -> Result<Vec<Vec<f32>>, EncoderError> {
        let mut order: Vec<usize> = (0..sequences.len()).collect();
        order.sort_by_key(|&index| sequences[index].len());
        let mut vectors = vec![Vec::new(); sequences.len()];
        let mut rest = order.as_slice();
        while !rest.is_empty() {
            let (batch, later) = rest.split_at(batch_length(rest, sequences));
            let ids: Vec<&[u32]> = batch.iter().map(|&index| sequences[index].as_slice()).collect();
            let found =
                self.forward(&ids).map_err(|error| EncoderError::Encode(error.to_string()))?;
            for (&index, vector) in batch.iter().zip(found) {
                vectors[index] = vector;
            }
            rest = later;
        }
        Ok(vectors)
    }

    /// One padded batch through transformer, pooling and norm.
    fn forward(&self, sequences: &[&[u32]]) -> candle_core::Result<Vec<Vec<f32>>> {
        let rows = sequences.len();
        let columns = sequences.iter().map(|sequence| sequence.len()).max().unwrap_or(0);
        let mut ids = vec![self.padding; rows * columns];
        let mut mask = vec![0f32; rows * columns];
        for (row, sequence) in sequences.iter().enumerate() {
            let start = row * columns;
            ids[start..start + sequence.len()].copy_from_slice(sequence);
            mask[start..start + sequence.len()].fill(1.0);
        }
        let ids = Tensor::from_vec(ids, (rows, columns), &self.device)?;
        let mask = Tensor::from_vec(mask, (rows, columns), &self.device)?;
        let states = match &self.model {
            Model::Bert(model) => model.forward(&ids, &ids.zeros_like()?, Some(&mask))?,
            Model::ModernBert(model) => model.forward(&ids, &mask)?,
        };
        let pooled = match self.pooling {
            Pooling::Cls => states.narrow(1, 0, 1)?.squeeze(1)?,
            Pooling::Mean => {
                let mask = mask.unsqueeze(2)?;
                let sum = states.broadcast_mul(&mask)?.sum(1)?;
                sum.broadcast_div(&mask.sum(1)?)?
            }
        };
        // The same lower bound on the length as torch.nn.functional.normalize.
        let length = pooled.sqr()?.sum_keepdim(1)?.sqrt()?.maximum(1e-12)?;
        pooled.broadcast_div(&length)?.to_vec2()
    }
}

fn open(device: InferenceDevice) -> candle_core::Result<Device> {
    match device {
        InferenceDevice::Cpu => Ok(Device::Cpu),
        InferenceDevice::Cuda => Device::new_cuda(0),
        InferenceDevice::Metal => Device::new_metal(0),
    }
}

/// How many of the next texts (by rising length) fit into one batch; at least one.
fn batch_length(order: &[usize], sequences: &[Vec<u32>]) -> usize {
    let fits = |count: &usize| {
        let longest = sequences[order[count - 1]].len();
        *count <= MAX_BATCH_TEXTS && count * longest <= MAX_BATCH_TOKENS
    };
    (1..=order.len()).take_while(fits).last().unwrap_or(1)
}
