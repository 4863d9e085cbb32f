//! From the tensors of a BERT-type checkpoint to a packed [`Model`].

use super::forward::{Embeddings, Layer, Linear, Model, Norm};
use super::kernels::{Activation, Kernels};
use super::pack::{Dense, F32Panels, Int8Panels, padded};
use crate::classify::encoder::EncoderError;
use crate::classify::encoder::config::Pooling;
use crate::classify::encoder::options::Precision;
use crate::classify::encoder::weights::Weights;
use candle_transformers::models::bert;

/// Takes the tensors out of `weights` one by one, so that not everything is in memory twice.
pub(super) fn model(
    weights: Weights,
    config: &bert::Config,
    pooling: Pooling,
    precision: Precision,
    kernels: Kernels,
) -> Result<Model, EncoderError> {
    let head = config.hidden_size / config.num_attention_heads;
    let sizes = Sizes {
        hidden: config.hidden_size,
        intermediate: config.intermediate_size,
        heads: config.num_attention_heads,
        head,
        head_width: padded(head),
    };
    #[expect(clippy::cast_possible_truncation, reason = "a small number by nature")]
    let epsilon = config.layer_norm_eps as f32;
    let mut loader = Loader { weights, sizes, epsilon, precision, panel: kernels.panel_width() };
    let embeddings = loader.embeddings()?;
    let layers = (0..config.num_hidden_layers).map(|layer| loader.layer(layer));
    Ok(Model {
        kernels,
        embeddings,
        layers: layers.collect::<Result<_, _>>()?,
        heads: sizes.heads,
        head_width: sizes.head_width,
        activation: match config.hidden_act {
            bert::HiddenAct::Gelu => Activation::Gelu,
            bert::HiddenAct::GeluApproximate => Activation::GeluTanh,
            bert::HiddenAct::Relu => Activation::Relu,
        },
        pooling,
    })
}

#[derive(Clone, Copy)]
struct Sizes {
    hidden: usize,
    intermediate: usize,
    heads: usize,
    /// Numbers of a head.
    head: usize,
    /// The same, padded.
    head_width: usize,
}

struct Loader {
    weights: Weights,
    sizes: Sizes,
    epsilon: f32,
    precision: Precision,
    panel: usize,
}

impl Loader {
    fn embeddings(&mut self) -> Result<Embeddings, EncoderError> {
        let hidden = self.sizes.hidden;
        let words = self.weights.take("embeddings.word_embeddings.weight")?;
        let mut positions = self.weights.take("embeddings.position_embeddings.weight")?;
        // Every token of a single text has type 0.
        let types = self.weights.take("embeddings.token_type_embeddings.weight")?;
        for position in positions.chunks_exact_mut(hidden) {
            position.iter_mut().zip(&types).for_each(|(number, of_type)| *number += of_type);
        }
        let norm = self.norm("embeddings.LayerNorm")?;
        Ok(Embeddings { hidden, words, positions, norm })
    }

    fn layer(&mut self, layer: usize) -> Result<Layer, EncoderError> {
        let Sizes { hidden, intermediate, .. } = self.sizes;
        let name = |rest: &str| format!("encoder.layer.{layer}.{rest}");
        Ok(Layer {
            query_key_value: self.query_key_value(&name("attention.self"))?,
            attention_output: self.attention_output(&name("attention.output.dense"))?,
            attention_norm: self.norm(&name("attention.output.LayerNorm"))?,
            intermediate: self.dense(&name("intermediate.dense"), hidden, intermediate)?,
            output: self.dense(&name("output.dense"), intermediate, hidden)?,
            output_norm: self.norm(&name("output.LayerNorm"))?,
        })
    }

    /// The three layers as one, ordered by heads, so that a head's columns are neighbours.
    fn query_key_value(&mut self, name: &str) -> Result<Linear, EncoderError> {
        let Sizes { hidden, heads, head, head_width, .. } = self.sizes;
        let depth = padded(hidden);
        let mut weights = vec![0.0; depth * 3 * heads * head_width];
        let mut bias = vec![0.0; 3 * heads * head_width];
        #[expect(clippy::cast_precision_loss, reason = "numbers of a head are few")]
        let query_scale = 1.0 / (head as f32).sqrt();
        for (part, (which, scale)) in
            [("query", query_scale), ("key", 1.0), ("value", 1.0)].into_iter().enumerate()
        {
            let part_weights = self.weights.take(&format!("{name}.{which}.weight"))?;
            let part_bias = self.weights.take(&format!("{name}.{which}.bias"))?;
            let rows = part_weights.chunks_exact(hidden).zip(&part_bias);
            for (from, (row, from_bias)) in rows.enumerate() {
                let to = (from / head * 3 + part) * head_width + from % head;
                for (number, weight) in weights[to * depth..].iter_mut().zip(row) {
                    *number = weight * scale;
                }
                bias[to] = from_bias * scale;
            }
        }
        Ok(self.pack(&Dense::new(depth, weights, bias)))
    }

    /// Its inputs are heads, each padded.
    fn attention_output(&mut self, name: &str) -> Result<Linear, EncoderError> {
        let Sizes { hidden, heads, head, head_width, .. } = self.sizes;
        let depth = heads * head_width;
        let unpadded = self.weights.take(&format!("{name}.weight"))?;
        let mut weights = vec![0.0; depth * padded(hidden)];
        for (row, to) in unpadded.chunks_exact(hidden).zip(weights.chunks_exact_mut(depth)) {
            for (of_head, to) in row.chunks_exact(head).zip(to.chunks_exact_mut(head_width)) {
                to[..head].copy_from_slice(of_head);
            }
        }
        let bias = self.padded(&format!("{name}.bias"))?;
        Ok(self.pack(&Dense::new(depth, weights, bias)))
    }

    fn dense(&mut self, name: &str, inputs: usize, outputs: usize) -> Result<Linear, EncoderError> {
        let depth = padded(inputs);
        let unpadded = self.weights.take(&format!("{name}.weight"))?;
        let mut weights = vec![0.0; depth * padded(outputs)];
        for (row, to) in unpadded.chunks_exact(inputs).zip(weights.chunks_exact_mut(depth)) {
            to[..inputs].copy_from_slice(row);
        }
        let bias = self.padded(&format!("{name}.bias"))?;
        Ok(self.pack(&Dense::new(depth, weights, bias)))
    }

    fn pack(&self, dense: &Dense) -> Linear {
        match self.precision {
            Precision::F32 => Linear::F32(F32Panels::pack(dense, self.panel)),
            Precision::Int8 => Linear::Int8(Int8Panels::pack(dense, self.panel)),
        }
    }

    fn norm(&mut self, name: &str) -> Result<Norm, EncoderError> {
        let weight = self.padded(&format!("{name}.weight"))?;
        let bias = self.padded(&format!("{name}.bias"))?;
        Ok(Norm { weight, bias, epsilon: self.epsilon })
    }

    fn padded(&mut self, name: &str) -> Result<Vec<f32>, EncoderError> {
        let mut numbers = self.weights.take(name)?;
        numbers.resize(padded(numbers.len()), 0.0);
        Ok(numbers)
    }
}
