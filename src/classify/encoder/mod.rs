//! [`TextEncoder`]: a text becomes a vector of length 1 (tokenizer, transformer, pooling, L2 norm).
//!
//! Reads a folder in the Hugging Face layout and gives the same vectors as Python's sentence-transformers.
//! The one thing to know: BERT, DistilBERT and XLM-RoBERTa differ in tensor names and in where positions start; both are
//! settled while loading (`weights.rs`), so there is one forward pass. This module never goes to the network.

mod config;
mod weights;

pub use config::{Architecture, EncoderConfig, Pooling};

use crate::registry::artifact::sha256_hex;
use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::bert::BertModel;
use serde::{Deserialize, Serialize};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use tokenizers::{Encoding, PostProcessor, Tokenizer, TruncationDirection};

/// Most texts that go through the transformer at once.
const MAX_BATCH_TEXTS: usize = 32;
/// Most tokens, padding included, that go through the transformer at once.
const MAX_BATCH_TOKENS: usize = 8192;
/// What tokenizers call a piece of text they do not know.
const UNKNOWN_TOKENS: [&str; 2] = ["[UNK]", "<unk>"];

/// Why an encoder folder is refused or a text cannot be encoded. Each message names the file.
#[derive(Debug, thiserror::Error)]
pub enum EncoderError {
    /// A file of the folder cannot be read.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A required file is not there.
    #[error("{path}: the file is missing from the encoder folder{hint}")]
    Missing {
        /// The file.
        path: PathBuf,
        /// How it can be got, or nothing.
        hint: &'static str,
    },
    /// A configuration file asks for something that is not supported or makes no sense.
    #[error("{path}: {reason}")]
    Config {
        /// The file.
        path: PathBuf,
        /// What was wrong and what was expected.
        reason: String,
    },
    /// The tokenizer file cannot be used.
    #[error("{path}: not a tokenizer: {reason}")]
    Tokenizer {
        /// The file.
        path: PathBuf,
        /// What the tokenizers library said.
        reason: String,
    },
    /// The weights are damaged or do not fit the configuration.
    #[error("{path}: {reason}")]
    Weights {
        /// The file.
        path: PathBuf,
        /// The tensor and what was wrong with it.
        reason: String,
    },
    /// A text could not be tokenized or the transformer failed.
    #[error("encoding failed: {0}")]
    Encode(String),
}

/// What makes two encoders give the same vectors: kept with every model trained on them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EncoderIdentity {
    /// The folder's name, below `models/encoder`.
    pub name: String,
    /// The transformer family.
    pub architecture: Architecture,
    /// Length of a vector.
    pub dimension: usize,
    /// How token vectors become one.
    pub pooling: Pooling,
    /// Longest sequence in tokens, special tokens included.
    pub max_tokens: usize,
    /// Put before every text; empty for none.
    pub prompt: String,
    /// SHA-256 of `config.json`.
    pub config_sha256: String,
    /// SHA-256 of `tokenizer.json`.
    pub tokenizer_sha256: String,
    /// SHA-256 of `model.safetensors`.
    pub weights_sha256: String,
}

/// How many tokens a text has and how many of them were used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct TokenCount {
    /// Tokens of the whole text, prompt and special tokens included.
    pub total: usize,
    /// Tokens that reached the transformer.
    pub used: usize,
}

impl TokenCount {
    /// Whether the end of the text was left out.
    #[must_use]
    pub fn truncated(self) -> bool {
        self.used < self.total
    }
}

/// A text's vector: [`EncoderIdentity::dimension`] numbers, Euclidean length 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Embedding {
    /// The vector.
    pub vector: Vec<f32>,
    /// What of the text it stands for.
    pub tokens: TokenCount,
    /// Whether the tokenizer knew anything in the text: emoji or an unknown script may leave nothing.
    pub has_words: bool,
}

/// Tokenizer and transformer of one folder. Synchronous, no state, shared freely between threads.
pub struct TextEncoder {
    identity: EncoderIdentity,
    config: EncoderConfig,
    tokenizer: Tokenizer,
    special_tokens: usize,
    unknown_token: Option<u32>,
    /// Known tokens of the prompt alone.
    prompt_words: usize,
    model: BertModel,
    device: Device,
}

impl TextEncoder {
    /// Loads a folder. `prompt` is put before every text; `None` takes the folder's own default prompt.
    ///
    /// # Errors
    /// [`EncoderError`], naming the file, if one is missing, damaged, not supported, or does not fit the others.
    pub fn load(folder: &Path, prompt: Option<&str>) -> Result<Self, EncoderError> {
        let device = Device::Cpu;
        let config = EncoderConfig::load(folder)?;
        let (_, config_bytes) = read(folder, "config.json", "")?;
        let (tokenizer_path, tokenizer_bytes) =
            read(folder, "tokenizer.json", ": save the tokenizer in the fast format")?;
        let tokenizer = load_tokenizer(&tokenizer_bytes)
            .map_err(|reason| EncoderError::Tokenizer { path: tokenizer_path.clone(), reason })?;
        let vocabulary = tokenizer.get_vocab_size(true);
        if vocabulary > config.bert.vocab_size {
            let reason = format!(
                "{vocabulary} tokens, but config.json says vocab_size {}: the files are not of one model",
                config.bert.vocab_size
            );
            return Err(EncoderError::Tokenizer { path: tokenizer_path, reason });
        }
        let (weights_path, weights_bytes) =
            read(folder, "model.safetensors", ": only safetensors weights are read")?;
        let tensors = weights::load(&weights_path, &weights_bytes, &config, &device)?;
        let variables = VarBuilder::from_tensors(tensors, DType::F32, &device);
        let model = BertModel::load(variables, &config.bert).map_err(|error| {
            let reason = format!("does not fit config.json: {error}");
            EncoderError::Weights { path: weights_path, reason }
        })?;
        let identity = EncoderIdentity {
            name: folder
                .canonicalize()
                .unwrap_or_else(|_| folder.to_owned())
                .file_name()
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or_default(),
            architecture: config.architecture,
            dimension: config.bert.hidden_size,
            pooling: config.pooling,
            max_tokens: config.max_tokens,
            prompt: prompt.or(config.default_prompt.as_deref()).unwrap_or_default().to_owned(),
            config_sha256: sha256_hex(&config_bytes),
            tokenizer_sha256: sha256_hex(&tokenizer_bytes),
            weights_sha256: sha256_hex(&weights_bytes),
        };
        let special_tokens = tokenizer.get_post_processor().map_or(0, |p| p.added_tokens(false));
        let unknown_token = UNKNOWN_TOKENS.iter().find_map(|token| tokenizer.token_to_id(token));
        let mut encoder = Self {
            identity,
            config,
            tokenizer,
            special_tokens,
            unknown_token,
            prompt_words: 0,
            model,
            device,
        };
        encoder.prompt_words = encoder.tokenize("")?.words;
        Ok(encoder)
    }

    /// What this encoder is.
    #[must_use]
    pub fn identity(&self) -> &EncoderIdentity {
        &self.identity
    }

    /// Encodes texts; one embedding for each, in the same order.
    ///
    /// # Errors
    /// [`EncoderError::Encode`] if the tokenizer or the transformer fails.
    pub fn embed(&self, texts: &[&str]) -> Result<Vec<Embedding>, EncoderError> {
        let mut sequences =
            texts.iter().map(|text| self.tokenize(text)).collect::<Result<Vec<_>, _>>()?;
        // Texts of similar length go together, so that little is spent on padding.
        let mut order: Vec<usize> = (0..texts.len()).collect();
        order.sort_by_key(|&index| sequences[index].ids.len());
        let mut embeddings: Vec<Option<Embedding>> = vec![None; texts.len()];
        let mut rest = order.as_slice();
        while !rest.is_empty() {
            let (batch, later) = rest.split_at(batch_length(rest, &sequences));
            let ids: Vec<Vec<u32>> =
                batch.iter().map(|&index| std::mem::take(&mut sequences[index].ids)).collect();
            let vectors = self.forward(&ids).map_err(|e| EncoderError::Encode(e.to_string()))?;
            for (&index, vector) in batch.iter().zip(vectors) {
                let Sequence { tokens, words, .. } = sequences[index];
                let has_words = words > self.prompt_words;
                embeddings[index] = Some(Embedding { vector, tokens, has_words });
            }
            rest = later;
        }
        Ok(embeddings.into_iter().flatten().collect())
    }

    fn tokenize(&self, text: &str) -> Result<Sequence, EncoderError> {
        let failed = |error: tokenizers::Error| EncoderError::Encode(error.to_string());
        let prompted = format!("{}{text}", self.identity.prompt);
        let prompted = if self.config.lowercase { prompted.to_lowercase() } else { prompted };
        let mut encoding: Encoding = self.tokenizer.encode(prompted, false).map_err(failed)?;
        let total = encoding.len() + self.special_tokens;
        let words = encoding.get_ids().iter().filter(|&&id| Some(id) != self.unknown_token).count();
        let room = self.config.max_tokens.saturating_sub(self.special_tokens);
        encoding.truncate(room, 0, TruncationDirection::Right);
        let encoding = self.tokenizer.post_process(encoding, None, true).map_err(failed)?;
        let tokens = TokenCount { total, used: encoding.len() };
        Ok(Sequence { ids: encoding.get_ids().to_vec(), tokens, words })
    }

    /// One padded batch through transformer, pooling and norm.
    fn forward(&self, sequences: &[Vec<u32>]) -> candle_core::Result<Vec<Vec<f32>>> {
        let rows = sequences.len();
        let columns = sequences.iter().map(Vec::len).max().unwrap_or(0);
        let padding = u32::try_from(self.config.bert.pad_token_id).unwrap_or(0);
        let mut ids = vec![padding; rows * columns];
        let mut mask = vec![0f32; rows * columns];
        for (row, sequence) in sequences.iter().enumerate() {
            let start = row * columns;
            ids[start..start + sequence.len()].copy_from_slice(sequence);
            mask[start..start + sequence.len()].fill(1.0);
        }
        let ids = Tensor::from_vec(ids, (rows, columns), &self.device)?;
        let types = ids.zeros_like()?;
        let mask = Tensor::from_vec(mask, (rows, columns), &self.device)?;
        let states = self.model.forward(&ids, &types, Some(&mask))?;
        let pooled = match self.config.pooling {
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

impl std::fmt::Debug for TextEncoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TextEncoder").field("identity", &self.identity).finish_non_exhaustive()
    }
}

struct Sequence {
    ids: Vec<u32>,
    tokens: TokenCount,
    /// Tokens of prompt and text that the tokenizer knows.
    words: usize,
}

/// How many of the next texts (by rising length) fit into one batch; at least one.
fn batch_length(order: &[usize], sequences: &[Sequence]) -> usize {
    let fits = |count: &usize| {
        let longest = sequences[order[count - 1]].ids.len();
        *count <= MAX_BATCH_TEXTS && count * longest <= MAX_BATCH_TOKENS
    };
    (1..=order.len()).take_while(fits).last().unwrap_or(1)
}

/// Truncation and padding that a tokenizer file asks for are switched off: the encoder does both itself.
fn load_tokenizer(bytes: &[u8]) -> Result<Tokenizer, String> {
    let mut tokenizer = Tokenizer::from_bytes(bytes).map_err(|error| error.to_string())?;
    tokenizer.with_padding(None);
    tokenizer.with_truncation(None).map_err(|error| error.to_string())?;
    Ok(tokenizer)
}

fn read(folder: &Path, file: &str, hint: &'static str) -> Result<(PathBuf, Vec<u8>), EncoderError> {
    let path = folder.join(file);
    match fs::read(&path) {
        Ok(bytes) => Ok((path, bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(EncoderError::Missing { path, hint })
        }
        Err(source) => Err(EncoderError::Io { path, source }),
    }
}
