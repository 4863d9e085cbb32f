//! [`Weights`]: the tensors of an encoder, checked against its configuration before anything is computed with them.
//!
//! BERT, DistilBERT and XLM-RoBERTa differ in tensor names and in where positions start. Both are settled here, so that one
//! forward pass serves all three.

use super::EncoderError;
use super::compact;
use super::config::{Architecture, EncoderConfig, Transformer};
use candle_core::{DType, Device, Tensor};
use candle_transformers::models::{bert, modernbert};
use safetensors::SafeTensors;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

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

/// The tensors that an encoder needs, as 32-bit floats on the processor, each of the shape that its configuration says.
pub(super) struct Weights {
    path: PathBuf,
    tensors: HashMap<String, Tensor>,
}

impl Weights {
    /// Reads the bytes of a `model.safetensors`, compact ones too (see [`compact`]). Tensors that no encoder needs (heads,
    /// poolers, position ids) are left out.
    ///
    /// # Errors
    /// [`EncoderError::Weights`], naming the tensor, if one is missing, has another shape or type, no scales where it needs
    /// them, or values that are not finite.
    pub(super) fn read(
        path: &Path,
        bytes: &[u8],
        config: &EncoderConfig,
    ) -> Result<Self, EncoderError> {
        let invalid = |reason: String| EncoderError::Weights { path: path.to_owned(), reason };
        let tensors = SafeTensors::deserialize(bytes)
            .map_err(|error| invalid(format!("not a complete safetensors file: {error}")))?;
        let mut named: HashMap<String, &str> = HashMap::new();
        for name in tensors.names() {
            let Some(canonical) = canonical_name(name, config.architecture) else { continue };
            if let Some(other) = named.insert(canonical, name) {
                return Err(invalid(format!("tensors {name} and {other} are the same part")));
            }
        }
        let mut weights = HashMap::new();
        for (canonical, shape) in expected_tensors(config) {
            let name = named
                .remove(&canonical)
                .ok_or_else(|| invalid(format!("tensor {canonical} is missing")))?;
            let tensor = compact::read(&tensors, name)
                .map_err(|reason| invalid(format!("tensor {name}: {reason}")))?;
            if tensor.dims() != shape {
                return Err(invalid(format!(
                    "tensor {name} has the shape {:?}, but config.json asks for {shape:?}",
                    tensor.dims()
                )));
            }
            if !is_finite(&tensor).map_err(|error| invalid(error.to_string()))? {
                return Err(invalid(format!("tensor {name} has NaN or infinite values")));
            }
            weights.insert(canonical, tensor);
        }
        adapt(&mut weights, config).map_err(|error| invalid(error.to_string()))?;
        Ok(Self { path: path.to_owned(), tensors: weights })
    }

    /// The file they came from.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// All of them, on a device.
    pub(super) fn into_tensors(
        self,
        device: &Device,
    ) -> candle_core::Result<HashMap<String, Tensor>> {
        let moved = |(name, tensor): (String, Tensor)| Ok((name, tensor.to_device(device)?));
        self.tensors.into_iter().map(moved).collect()
    }

    /// Takes one tensor out, in row-major order.
    ///
    /// # Errors
    /// [`EncoderError::Weights`] if it is not among those that the configuration asks for.
    pub(super) fn take(&mut self, name: &str) -> Result<Vec<f32>, EncoderError> {
        let invalid = |reason: String| EncoderError::Weights { path: self.path.clone(), reason };
        let tensor = self.tensors.remove(name);
        let tensor = tensor.ok_or_else(|| invalid(format!("tensor {name} is missing")))?;
        tensor
            .flatten_all()
            .and_then(|flat| flat.to_vec1())
            .map_err(|error| invalid(format!("tensor {name}: {error}")))
    }
}

/// Names and shapes of the tensors of an encoder as its checkpoints hold them, under BERT's names where it is a BERT.
fn expected_tensors(config: &EncoderConfig) -> Vec<(String, Vec<usize>)> {
    match &config.transformer {
        Transformer::Bert(bert) => bert_tensors(config, bert),
        Transformer::ModernBert(config) => modernbert_tensors(config),
    }
}

fn bert_tensors(config: &EncoderConfig, bert: &bert::Config) -> Vec<(String, Vec<usize>)> {
    let (hidden, intermediate) = (bert.hidden_size, bert.intermediate_size);
    let positions = bert.max_position_embeddings + config.position_offset;
    let mut tensors = vec![
        ("embeddings.word_embeddings.weight".to_owned(), vec![bert.vocab_size, hidden]),
        ("embeddings.position_embeddings.weight".to_owned(), vec![positions, hidden]),
    ];
    if config.architecture != Architecture::Distilbert {
        let name = "embeddings.token_type_embeddings.weight".to_owned();
        tensors.push((name, vec![bert.type_vocab_size, hidden]));
    }
    let mut norms = vec!["embeddings.LayerNorm".to_owned()];
    let mut layers = Vec::new();
    for layer in 0..bert.num_hidden_layers {
        let name = |rest: &str| format!("encoder.layer.{layer}.{rest}");
        for of_attention in ["self.query", "self.key", "self.value", "output.dense"] {
            layers.push((name(&format!("attention.{of_attention}")), hidden, hidden));
        }
        layers.push((name("intermediate.dense"), hidden, intermediate));
        layers.push((name("output.dense"), intermediate, hidden));
        norms.extend([name("attention.output.LayerNorm"), name("output.LayerNorm")]);
    }
    for (name, inputs, outputs) in layers {
        tensors.push((format!("{name}.weight"), vec![outputs, inputs]));
        tensors.push((format!("{name}.bias"), vec![outputs]));
    }
    for name in norms {
        tensors.extend(["weight", "bias"].map(|part| (format!("{name}.{part}"), vec![hidden])));
    }
    tensors
}

fn modernbert_tensors(config: &modernbert::Config) -> Vec<(String, Vec<usize>)> {
    let (hidden, intermediate) = (config.hidden_size, config.intermediate_size);
    let mut tensors = vec![
        ("embeddings.tok_embeddings", vec![config.vocab_size, hidden]),
        ("embeddings.norm", vec![hidden]),
        ("final_norm", vec![hidden]),
    ]
    .into_iter()
    .map(|(name, shape)| (format!("model.{name}.weight"), shape))
    .collect::<Vec<_>>();
    for layer in 0..config.num_hidden_layers {
        let parts = [
            ("attn_norm", vec![hidden]),
            ("attn.Wqkv", vec![3 * hidden, hidden]),
            ("attn.Wo", vec![hidden, hidden]),
            ("mlp_norm", vec![hidden]),
            ("mlp.Wi", vec![2 * intermediate, hidden]),
            ("mlp.Wo", vec![hidden, intermediate]),
        ];
        // The embeddings' own norm stands for that of the first layer.
        let first = usize::from(layer == 0);
        for (part, shape) in parts.into_iter().skip(first) {
            tensors.push((format!("model.layers.{layer}.{part}.weight"), shape));
        }
    }
    tensors
}

/// Makes up for what the other architectures have differently from BERT.
fn adapt(tensors: &mut HashMap<String, Tensor>, config: &EncoderConfig) -> candle_core::Result<()> {
    let Transformer::Bert(bert) = &config.transformer else { return Ok(()) };
    if config.architecture == Architecture::Distilbert {
        let no_types = Tensor::zeros((1, bert.hidden_size), DType::F32, &Device::Cpu)?;
        tensors.insert("embeddings.token_type_embeddings.weight".to_owned(), no_types);
    }
    let name = "embeddings.position_embeddings.weight";
    if config.position_offset > 0
        && let Some(positions) = tensors.get(name)
    {
        let usable = positions.narrow(0, config.position_offset, bert.max_position_embeddings)?;
        tensors.insert(name.to_owned(), usable.contiguous()?);
    }
    Ok(())
}

fn canonical_name(name: &str, architecture: Architecture) -> Option<String> {
    let bare = PREFIXES.iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name);
    if architecture == Architecture::ModernBert {
        let wanted = ["embeddings.", "layers.", "final_norm."];
        return wanted.iter().any(|part| bare.starts_with(part)).then(|| format!("model.{bare}"));
    }
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
            (
                Architecture::ModernBert,
                "layers.0.attn.Wo.weight",
                Some("model.layers.0.attn.Wo.weight"),
            ),
            (Architecture::ModernBert, "model.final_norm.weight", Some("model.final_norm.weight")),
            (Architecture::ModernBert, "head.dense.weight", None),
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
