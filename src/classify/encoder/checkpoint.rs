//! [`BertCheckpoint`]: a BERT-type encoder in parts, for those who train one further or make a smaller one of it.
//!
//! DistilBERT and XLM-RoBERTa come out as the BERT that computes the same; what is written with [`BertShape::config_json`]
//! and [`super::compact::write`] is read by [`TextEncoder::load`](super::TextEncoder::load).

use super::config::{EncoderConfig, Transformer};
use super::weights::Weights;
use super::{EncoderError, Pooling, read};
use candle_core::{Device, Tensor};
use candle_transformers::models::bert;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;

/// The tensor that holds a row for each token.
pub const WORDS: &str = "embeddings.word_embeddings.weight";
/// The tensor that holds a row for each position.
pub const POSITIONS: &str = "embeddings.position_embeddings.weight";
/// The tensor that holds a row for each type of token; every token of a text has the first.
pub const TYPES: &str = "embeddings.token_type_embeddings.weight";

/// Sizes and constants of a BERT.
#[derive(Debug, Clone, PartialEq)]
pub struct BertShape {
    /// Rows of the table of tokens.
    pub vocabulary: usize,
    /// Numbers of a token's vector, a multiple of `heads`.
    pub hidden: usize,
    /// Layers.
    pub layers: usize,
    /// Attention heads of a layer.
    pub heads: usize,
    /// Numbers between the two linear layers of a feed-forward block.
    pub intermediate: usize,
    /// What stands between those two.
    pub activation: Activation,
    /// Rows of the table of positions: the longest sequence.
    pub positions: usize,
    /// Rows of the table of types.
    pub types: usize,
    /// Added to the variance in a layer norm.
    pub norm_epsilon: f64,
    /// The token that shorter texts of a batch are filled up with.
    pub padding_id: usize,
    /// How token vectors become one.
    pub pooling: Pooling,
    /// Tokens of a text that are used, special ones included.
    pub max_tokens: usize,
    /// Whether texts are made lower case before the tokenizer sees them.
    pub lowercase: bool,
    /// Put before every text; empty for none.
    pub default_prompt: String,
}

/// The activation functions of BERTs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// `x · Φ(x)`.
    Gelu,
    /// The same with Φ by way of tanh.
    GeluTanh,
    /// The positive part.
    Relu,
}

/// Shape and tensors of a BERT; tensors under BERT's names, 32-bit floats on the processor.
#[derive(Debug, Clone)]
pub struct BertCheckpoint {
    /// Sizes and constants.
    pub shape: BertShape,
    /// The tensors that the shape asks for, and no others.
    pub tensors: BTreeMap<String, Tensor>,
}

impl BertCheckpoint {
    /// Reads an encoder's folder.
    ///
    /// # Errors
    /// [`EncoderError`], naming the file, if one is missing, damaged or does not fit the others, or if the encoder is no BERT,
    /// DistilBERT or XLM-RoBERTa.
    pub fn load(folder: &Path) -> Result<Self, EncoderError> {
        let config = EncoderConfig::load(folder)?;
        let Transformer::Bert(bert) = &config.transformer else {
            return Err(EncoderError::Config {
                path: folder.join("config.json"),
                reason: format!(
                    "expected a BERT, DistilBERT or XLM-RoBERTa, got {:?}",
                    config.architecture
                ),
            });
        };
        let (path, bytes) =
            read(folder, "model.safetensors", ": only safetensors weights are read")?;
        let weights = Weights::read(&path, &bytes, &config)?;
        let tensors = weights
            .into_tensors(&Device::Cpu)
            .map_err(|error| EncoderError::Weights { path, reason: error.to_string() })?;
        let shape = BertShape::new(bert, &config);
        Ok(Self { shape, tensors: tensors.into_iter().collect() })
    }
}

impl BertShape {
    fn new(bert: &bert::Config, config: &EncoderConfig) -> Self {
        Self {
            vocabulary: bert.vocab_size,
            hidden: bert.hidden_size,
            layers: bert.num_hidden_layers,
            heads: bert.num_attention_heads,
            intermediate: bert.intermediate_size,
            activation: match bert.hidden_act {
                bert::HiddenAct::Gelu => Activation::Gelu,
                bert::HiddenAct::GeluApproximate => Activation::GeluTanh,
                bert::HiddenAct::Relu => Activation::Relu,
            },
            positions: bert.max_position_embeddings,
            types: bert.type_vocab_size,
            norm_epsilon: bert.layer_norm_eps,
            padding_id: bert.pad_token_id,
            pooling: config.pooling,
            max_tokens: config.max_tokens,
            lowercase: config.lowercase,
            default_prompt: config.default_prompt.clone().unwrap_or_default(),
        }
    }

    /// The `config.json` that says this of a `bert`.
    #[must_use]
    pub fn config_json(&self) -> serde_json::Value {
        let activation = match self.activation {
            Activation::Gelu => "gelu",
            Activation::GeluTanh => "gelu_new",
            Activation::Relu => "relu",
        };
        json!({
            "architectures": ["BertModel"],
            "model_type": "bert",
            "vocab_size": self.vocabulary,
            "hidden_size": self.hidden,
            "num_hidden_layers": self.layers,
            "num_attention_heads": self.heads,
            "intermediate_size": self.intermediate,
            "hidden_act": activation,
            "max_position_embeddings": self.positions,
            "type_vocab_size": self.types,
            "layer_norm_eps": self.norm_epsilon,
            "pad_token_id": self.padding_id,
            "position_embedding_type": "absolute",
        })
    }
}
