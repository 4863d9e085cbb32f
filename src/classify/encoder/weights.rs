//! Tensors of any supported architecture under BERT's names, so that one forward pass serves all of them.

use super::EncoderError;
use super::config::{Architecture, EncoderConfig};
use candle_core::{DType, Device, Tensor};
use std::collections::HashMap;
use std::path::Path;

/// Prefixes that checkpoints put before the encoder's own names.
const PREFIXES: [&str; 5] = ["0.auto_model.", "bert.", "distilbert.", "roberta.", "model."];

/// DistilBERT's names inside a layer and BERT's for the same thing.
const DISTILBERT_NAMES: [(&str, &str); 8] = [
    ("attention.q_lin.", "attention.self.query."),
    ("attention.k_lin.", "attention.self.key."),
    ("attention.v_lin.", "attention.self.value."),
    ("attention.out_lin.", "attention.output.dense."),
    ("sa_layer_norm.", "attention.output.LayerNorm."),
    ("ffn.lin1.", "intermediate.dense."),
    ("ffn.lin2.", "output.dense."),
    ("output_layer_norm.", "output.LayerNorm."),
];

/// Reads the bytes of a `model.safetensors` as 32-bit floats under BERT's names.
///
/// Tensors that no encoder needs (heads, poolers, position ids) are left out.
pub(super) fn load(
    path: &Path,
    bytes: &[u8],
    config: &EncoderConfig,
    device: &Device,
) -> Result<HashMap<String, Tensor>, EncoderError> {
    let invalid = |reason: String| EncoderError::Weights { path: path.to_owned(), reason };
    let tensors = candle_core::safetensors::load_buffer(bytes, device)
        .map_err(|error| invalid(format!("not a complete safetensors file: {error}")))?;
    let mut named = HashMap::new();
    for (name, tensor) in tensors {
        if let Some(canonical) = canonical_name(&name, config.architecture) {
            let tensor = tensor.to_dtype(DType::F32).map_err(|error| invalid(error.to_string()))?;
            if !is_finite(&tensor).map_err(|error| invalid(error.to_string()))? {
                return Err(invalid(format!("tensor {name} has NaN or infinite values")));
            }
            named.insert(canonical, tensor);
        }
    }
    adapt(&mut named, config, device).map_err(|error| invalid(error.to_string()))?;
    Ok(named)
}

/// Makes up for what the other architectures have differently from BERT.
fn adapt(
    tensors: &mut HashMap<String, Tensor>,
    config: &EncoderConfig,
    device: &Device,
) -> candle_core::Result<()> {
    match config.architecture {
        Architecture::Bert => {}
        Architecture::Distilbert => {
            let no_types = Tensor::zeros((1, config.bert.hidden_size), DType::F32, device)?;
            tensors.insert("embeddings.token_type_embeddings.weight".to_owned(), no_types);
        }
        Architecture::XlmRoberta => {
            let name = "embeddings.position_embeddings.weight";
            if let Some(positions) = tensors.get(name) {
                let usable = positions.narrow(
                    0,
                    config.position_offset,
                    config.bert.max_position_embeddings,
                )?;
                tensors.insert(name.to_owned(), usable.contiguous()?);
            }
        }
    }
    Ok(())
}

fn canonical_name(name: &str, architecture: Architecture) -> Option<String> {
    let bare = PREFIXES.iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name);
    let mut name = bare.to_owned();
    if architecture == Architecture::Distilbert
        && let Some(layers) = bare.strip_prefix("transformer.layer.")
    {
        name = format!("encoder.layer.{layers}");
        for (theirs, berts) in DISTILBERT_NAMES {
            // Only whole path parts: "output_layer_norm." must not match inside another name.
            if let Some(at) = name.find(&format!(".{theirs}")) {
                name.replace_range(at + 1..at + 1 + theirs.len(), berts);
                break;
            }
        }
    }
    // Names of LayerNorm's tensors in checkpoints converted from TensorFlow.
    if let Some(stem) = name.strip_suffix("LayerNorm.gamma") {
        name = format!("{stem}LayerNorm.weight");
    } else if let Some(stem) = name.strip_suffix("LayerNorm.beta") {
        name = format!("{stem}LayerNorm.bias");
    }
    let wanted = name.starts_with("encoder.layer.")
        || (name.starts_with("embeddings.") && !name.ends_with("position_ids"));
    wanted.then_some(name)
}

/// Whether every value is finite: NaN and infinities survive a sum of products with zero.
fn is_finite(tensor: &Tensor) -> candle_core::Result<bool> {
    let sum = (tensor.flatten_all()? * 0.0)?.sum_all()?.to_scalar::<f32>()?;
    Ok(sum == 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_every_architecture_become_berts() {
        let cases = [
            (
                Architecture::Bert,
                "bert.encoder.layer.0.output.LayerNorm.gamma",
                Some("encoder.layer.0.output.LayerNorm.weight"),
            ),
            (
                Architecture::Distilbert,
                "distilbert.transformer.layer.1.output_layer_norm.bias",
                Some("encoder.layer.1.output.LayerNorm.bias"),
            ),
            (
                Architecture::Distilbert,
                "transformer.layer.1.attention.q_lin.weight",
                Some("encoder.layer.1.attention.self.query.weight"),
            ),
            (
                Architecture::XlmRoberta,
                "roberta.embeddings.word_embeddings.weight",
                Some("embeddings.word_embeddings.weight"),
            ),
            (Architecture::Bert, "embeddings.position_ids", None),
            (Architecture::Bert, "pooler.dense.weight", None),
            (Architecture::Bert, "cls.predictions.bias", None),
        ];
        for (architecture, name, expected) in cases {
            assert_eq!(canonical_name(name, architecture).as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn nan_and_infinity_are_seen() {
        let finite =
            |values: &[f32]| is_finite(&Tensor::new(values, &Device::Cpu).unwrap()).unwrap();
        assert!(finite(&[0.0, -3.0e38, 3.0e38]));
        assert!(!finite(&[1.0, f32::NAN]));
        assert!(!finite(&[f32::NEG_INFINITY]));
    }
}
