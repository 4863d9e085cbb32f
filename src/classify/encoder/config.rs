//! What the files of a Hugging Face encoder folder say about the encoder, checked before any weight is read.

use super::EncoderError;
use candle_transformers::models::{bert, modernbert};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

/// The transformer families that are understood. All but ModernBERT run as one BERT after their tensors got BERT's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Architecture {
    /// BERT (also multilingual-e5-small, rubert-tiny2, all-MiniLM-L6-v2).
    Bert,
    /// DistilBERT: BERT without token types, with names of its own.
    Distilbert,
    /// XLM-RoBERTa, RoBERTa, CamemBERT: BERT whose positions start after the padding id.
    XlmRoberta,
    /// ModernBERT (rotary positions, local attention); on the reference path only.
    ModernBert,
}

/// How token vectors become one text vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pooling {
    /// The mean over all tokens that are not padding.
    Mean,
    /// The first token.
    Cls,
}

/// Everything the encoder needs to know besides its weights.
#[derive(Debug, Clone)]
pub struct EncoderConfig {
    pub(super) architecture: Architecture,
    pub(super) transformer: Transformer,
    /// Rows of the position table before the first position of a text (0 for BERT).
    pub(super) position_offset: usize,
    pub(super) pooling: Pooling,
    /// Longest sequence, special tokens included.
    pub(super) max_tokens: usize,
    pub(super) lowercase: bool,
    /// Put before every text unless the caller says otherwise.
    pub(super) default_prompt: Option<String>,
}

/// What candle's modules need to know.
#[derive(Debug, Clone)]
pub(super) enum Transformer {
    Bert(bert::Config),
    ModernBert(modernbert::Config),
}

/// The part of `config.json` that says how to read the rest.
#[derive(Deserialize)]
struct TypeJson {
    model_type: String,
}

/// `config.json` of a BERT; DistilBERT's names are aliases.
#[derive(Deserialize)]
struct BertJson {
    vocab_size: usize,
    #[serde(alias = "dim")]
    hidden_size: usize,
    #[serde(alias = "n_layers")]
    num_hidden_layers: usize,
    #[serde(alias = "n_heads")]
    num_attention_heads: usize,
    #[serde(alias = "hidden_dim")]
    intermediate_size: usize,
    #[serde(alias = "activation")]
    hidden_act: String,
    max_position_embeddings: usize,
    #[serde(default = "two")]
    type_vocab_size: usize,
    #[serde(default = "bert_layer_norm_eps")]
    layer_norm_eps: f64,
    pad_token_id: Option<usize>,
    position_embedding_type: Option<String>,
}

/// `config.json` of a ModernBERT, as transformers 4 (one frequency for each kind of layer) and 5 (`rope_parameters`) write it.
#[derive(Deserialize)]
struct ModernBertJson {
    vocab_size: usize,
    hidden_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    intermediate_size: usize,
    max_position_embeddings: usize,
    pad_token_id: u32,
    norm_eps: Option<f64>,
    layer_norm_eps: Option<f64>,
    #[serde(default = "every_third")]
    global_attn_every_n_layers: usize,
    layer_types: Option<Vec<String>>,
    local_attention: usize,
    global_rope_theta: Option<f64>,
    local_rope_theta: Option<f64>,
    #[serde(default)]
    rope_parameters: BTreeMap<String, RopeJson>,
    #[serde(default)]
    attention_bias: bool,
    #[serde(default)]
    mlp_bias: bool,
    #[serde(default)]
    norm_bias: bool,
    #[serde(default = "gelu")]
    hidden_activation: String,
}

#[derive(Deserialize)]
struct RopeJson {
    rope_theta: f64,
}

fn every_third() -> usize {
    3
}

fn gelu() -> String {
    "gelu".to_owned()
}

#[derive(Deserialize)]
struct ModuleJson {
    path: String,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
struct PoolingJson {
    #[serde(flatten)]
    fields: BTreeMap<String, serde_json::Value>,
}

#[derive(Default, Deserialize)]
struct SentenceJson {
    max_seq_length: Option<usize>,
    #[serde(default)]
    do_lower_case: bool,
}

#[derive(Default, Deserialize)]
struct PromptsJson {
    #[serde(default)]
    prompts: BTreeMap<String, String>,
    default_prompt_name: Option<String>,
}

#[derive(Default, Deserialize)]
struct TokenizerJson {
    /// transformers writes 1e30 where there is no limit.
    model_max_length: Option<f64>,
}

fn two() -> usize {
    2
}

fn bert_layer_norm_eps() -> f64 {
    1e-12
}

impl EncoderConfig {
    /// Reads `config.json` and, where present, `modules.json`, the pooling module's `config.json`,
    /// `sentence_bert_config.json`, `config_sentence_transformers.json` and `tokenizer_config.json`.
    pub(super) fn load(folder: &Path) -> Result<Self, EncoderError> {
        let invalid =
            |file: &str, reason: String| EncoderError::Config { path: folder.join(file), reason };
        let in_config = |reason: String| invalid("config.json", reason);
        let TypeJson { model_type } = required_config(folder)?;
        let architecture = match model_type.as_str() {
            "bert" => Architecture::Bert,
            "distilbert" => Architecture::Distilbert,
            "xlm-roberta" | "roberta" | "camembert" => Architecture::XlmRoberta,
            "modernbert" => Architecture::ModernBert,
            other => {
                return Err(in_config(format!(
                    "model_type {other:?} is not supported: expected bert, distilbert, xlm-roberta, roberta, camembert or \
                     modernbert"
                )));
            }
        };
        let (transformer, position_offset) = match architecture {
            Architecture::ModernBert => modernbert(required_config(folder)?),
            _ => bert(architecture, required_config(folder)?),
        }
        .map_err(in_config)?;
        let positions = transformer.positions();

        let sentence = sentence_config(folder)?;
        let tokenizer: TokenizerJson =
            read_json(folder, "tokenizer_config.json")?.unwrap_or_default();
        let max_tokens = sentence
            .max_seq_length
            .or_else(|| tokenizer.model_max_length.and_then(as_length))
            .unwrap_or(positions)
            .min(positions);
        if max_tokens < 3 {
            return Err(in_config(format!(
                "texts of at most {max_tokens} tokens leave no room for a word"
            )));
        }
        let prompts: PromptsJson =
            read_json(folder, "config_sentence_transformers.json")?.unwrap_or_default();
        let default_prompt = match prompts.default_prompt_name {
            None => None,
            Some(name) => Some(prompts.prompts.get(&name).cloned().ok_or_else(|| {
                let reason = format!("default_prompt_name {name:?} is not among the prompts");
                invalid("config_sentence_transformers.json", reason)
            })?),
        };

        Ok(Self {
            architecture,
            transformer,
            position_offset,
            pooling: pooling(folder)?,
            max_tokens,
            lowercase: sentence.do_lower_case,
            default_prompt: default_prompt.filter(|prompt| !prompt.is_empty()),
        })
    }
}

impl Transformer {
    /// Length of a vector.
    pub(super) fn hidden_size(&self) -> usize {
        match self {
            Self::Bert(config) => config.hidden_size,
            Self::ModernBert(config) => config.hidden_size,
        }
    }

    /// Tokens it knows.
    pub(super) fn vocab_size(&self) -> usize {
        match self {
            Self::Bert(config) => config.vocab_size,
            Self::ModernBert(config) => config.vocab_size,
        }
    }

    /// The token that shorter texts of a batch are filled up with.
    pub(super) fn padding_id(&self) -> usize {
        match self {
            Self::Bert(config) => config.pad_token_id,
            Self::ModernBert(config) => config.pad_token_id as usize,
        }
    }

    /// Longest sequence that it has positions for.
    fn positions(&self) -> usize {
        match self {
            Self::Bert(config) => config.max_position_embeddings,
            Self::ModernBert(config) => config.max_position_embeddings,
        }
    }
}

/// A BERT and the rows of its position table before the first position of a text.
fn bert(architecture: Architecture, model: BertJson) -> Result<(Transformer, usize), String> {
    if let Some(kind) = model.position_embedding_type.filter(|kind| kind != "absolute") {
        return Err(format!(
            "position_embedding_type {kind:?} is not supported: expected \"absolute\""
        ));
    }
    let hidden_act = match model.hidden_act.as_str() {
        "gelu" => bert::HiddenAct::Gelu,
        "gelu_new" | "gelu_pytorch_tanh" | "gelu_fast" => bert::HiddenAct::GeluApproximate,
        "relu" => bert::HiddenAct::Relu,
        other => {
            return Err(format!(
                "hidden_act {other:?} is not supported: expected gelu, gelu_new, gelu_pytorch_tanh, gelu_fast or relu"
            ));
        }
    };
    check_sizes(model.hidden_size, model.intermediate_size, model.num_attention_heads)?;
    let is_roberta = architecture == Architecture::XlmRoberta;
    let pad_token_id = model.pad_token_id.unwrap_or(usize::from(is_roberta));
    check_padding(pad_token_id, model.vocab_size)?;
    let position_offset = if is_roberta { pad_token_id + 1 } else { 0 };
    let is_distilbert = architecture == Architecture::Distilbert;
    let config = bert::Config {
        vocab_size: model.vocab_size,
        hidden_size: model.hidden_size,
        num_hidden_layers: model.num_hidden_layers,
        num_attention_heads: model.num_attention_heads,
        intermediate_size: model.intermediate_size,
        hidden_act,
        max_position_embeddings: model.max_position_embeddings.saturating_sub(position_offset),
        type_vocab_size: if is_distilbert { 1 } else { model.type_vocab_size },
        layer_norm_eps: model.layer_norm_eps,
        pad_token_id,
        ..bert::Config::default()
    };
    Ok((Transformer::Bert(config), position_offset))
}

fn modernbert(model: ModernBertJson) -> Result<(Transformer, usize), String> {
    if model.attention_bias || model.mlp_bias || model.norm_bias {
        return Err("attention_bias, mlp_bias and norm_bias must be false".to_owned());
    }
    if model.hidden_activation != "gelu" {
        let found = model.hidden_activation;
        return Err(format!("hidden_activation {found:?} is not supported: expected gelu"));
    }
    let every = model.global_attn_every_n_layers;
    if every == 0 {
        return Err("global_attn_every_n_layers must not be 0".to_owned());
    }
    let kind =
        |layer: usize| if layer.is_multiple_of(every) { FULL_ATTENTION } else { LOCAL_ATTENTION };
    if let Some(types) = &model.layer_types
        && !types.iter().enumerate().all(|(layer, found)| found == kind(layer))
    {
        return Err(format!(
            "layer_types must be {FULL_ATTENTION:?} in every {every}th layer only"
        ));
    }
    let theta = |own: Option<f64>, kind: &str, field: &str| {
        let of_kind = model.rope_parameters.get(kind).map(|rope| rope.rope_theta);
        own.or(of_kind)
            .ok_or_else(|| format!("{field} is missing, and so is rope_parameters.{kind}"))
    };
    check_sizes(model.hidden_size, model.intermediate_size, model.num_attention_heads)?;
    check_padding(model.pad_token_id as usize, model.vocab_size)?;
    let config = modernbert::Config {
        vocab_size: model.vocab_size,
        hidden_size: model.hidden_size,
        num_hidden_layers: model.num_hidden_layers,
        num_attention_heads: model.num_attention_heads,
        intermediate_size: model.intermediate_size,
        max_position_embeddings: model.max_position_embeddings,
        layer_norm_eps: model.norm_eps.or(model.layer_norm_eps).unwrap_or(1e-5),
        pad_token_id: model.pad_token_id,
        global_attn_every_n_layers: every,
        global_rope_theta: theta(model.global_rope_theta, FULL_ATTENTION, "global_rope_theta")?,
        local_attention: model.local_attention,
        local_rope_theta: theta(model.local_rope_theta, LOCAL_ATTENTION, "local_rope_theta")?,
        classifier_config: None,
    };
    Ok((Transformer::ModernBert(config), 0))
}

/// Names of ModernBERT's kinds of layers.
const FULL_ATTENTION: &str = "full_attention";
const LOCAL_ATTENTION: &str = "sliding_attention";

fn check_sizes(hidden: usize, intermediate: usize, heads: usize) -> Result<(), String> {
    if hidden == 0 || intermediate == 0 {
        return Err("hidden_size and intermediate_size must not be 0".to_owned());
    }
    if heads == 0 || !hidden.is_multiple_of(heads) {
        return Err(format!(
            "hidden_size {hidden} is not a multiple of num_attention_heads {heads}"
        ));
    }
    Ok(())
}

fn check_padding(pad_token_id: usize, vocab_size: usize) -> Result<(), String> {
    if pad_token_id >= vocab_size {
        return Err(format!("pad_token_id {pad_token_id} is not below vocab_size {vocab_size}"));
    }
    Ok(())
}

fn required_config<T: DeserializeOwned>(folder: &Path) -> Result<T, EncoderError> {
    read_json(folder, "config.json")?
        .ok_or_else(|| EncoderError::Missing { path: folder.join("config.json"), hint: "" })
}

/// Names under which versions of sentence-transformers wrote the same file, by the class of the transformer.
const SENTENCE_CONFIGS: [&str; 5] = [
    "sentence_bert_config.json",
    "sentence_roberta_config.json",
    "sentence_distilbert_config.json",
    "sentence_camembert_config.json",
    "sentence_xlm-roberta_config.json",
];

fn sentence_config(folder: &Path) -> Result<SentenceJson, EncoderError> {
    for file in SENTENCE_CONFIGS {
        if let Some(config) = read_json(folder, file)? {
            return Ok(config);
        }
    }
    Ok(SentenceJson::default())
}

/// The pooling that `modules.json` names; a folder without it is pooled by the mean, as sentence-transformers does.
fn pooling(folder: &Path) -> Result<Pooling, EncoderError> {
    let Some(modules) = read_json::<Vec<ModuleJson>>(folder, "modules.json")? else {
        return Ok(Pooling::Mean);
    };
    let kind = |module: &ModuleJson| module.kind.rsplit('.').next().unwrap_or_default().to_owned();
    let supported = ["Transformer", "Pooling", "Normalize"];
    if let Some(other) = modules.iter().map(kind).find(|kind| !supported.contains(&kind.as_str())) {
        let reason =
            format!("module {other:?} is not supported: expected only {}", supported.join(", "));
        return Err(EncoderError::Config { path: folder.join("modules.json"), reason });
    }
    match modules.iter().find(|module| kind(module) == "Pooling") {
        Some(module) => pooling_mode(folder, &format!("{}/config.json", module.path)),
        None => Ok(Pooling::Mean),
    }
}

fn pooling_mode(folder: &Path, file: &str) -> Result<Pooling, EncoderError> {
    let Some(PoolingJson { fields }) = read_json(folder, file)? else {
        return Err(EncoderError::Missing { path: folder.join(file), hint: "" });
    };
    if fields.get("include_prompt").and_then(serde_json::Value::as_bool) == Some(false) {
        let reason =
            "include_prompt false is not supported: a prompt counts in the mean".to_owned();
        return Err(EncoderError::Config { path: folder.join(file), reason });
    }
    let is_on = |name: &str| fields.get(name).and_then(serde_json::Value::as_bool) == Some(true);
    let named = fields.get("pooling_mode").and_then(serde_json::Value::as_str);
    let mut modes: Vec<&str> = fields
        .keys()
        .filter_map(|name| name.strip_prefix("pooling_mode_"))
        .filter(|mode| is_on(&format!("pooling_mode_{mode}")))
        .collect();
    modes.extend(named);
    match modes.as_slice() {
        ["mean_tokens" | "mean"] => Ok(Pooling::Mean),
        ["cls_token" | "cls"] => Ok(Pooling::Cls),
        other => {
            let reason = format!("pooling {other:?} is not supported: expected mean or cls alone");
            Err(EncoderError::Config { path: folder.join(file), reason })
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to lie in 1..1e9"
)]
fn as_length(length: f64) -> Option<usize> {
    (1.0..1e9).contains(&length).then_some(length as usize)
}

fn read_json<T: DeserializeOwned>(folder: &Path, file: &str) -> Result<Option<T>, EncoderError> {
    let path = folder.join(file);
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(EncoderError::Io { path, source }),
    };
    serde_json::from_slice(&bytes)
        .map(Some)
        .map_err(|error| EncoderError::Config { path, reason: error.to_string() })
}
