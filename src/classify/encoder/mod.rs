//! [`TextEncoder`]: a text becomes a vector of length 1 (tokenizer, transformer, pooling, L2 norm).
//!
//! Reads a folder in the Hugging Face layout and gives the same vectors as Python's sentence-transformers.
//! The one thing to know: the transformer has two implementations. `packed` is ours, for BERT-type encoders on the processor;
//! `reference` is candle-transformers' modules, for every architecture and device. This module never goes to the network.

pub mod checkpoint;
pub mod compact;
mod config;
mod options;
pub mod packed;
mod priority;
mod reference;
mod weights;

pub use config::{Architecture, EncoderConfig, Pooling};
pub use options::{InferenceDevice, InferenceOptions, InferencePath, Precision};
pub(super) use priority::give_way;

use crate::registry::artifact::sha256_hex;
use config::Transformer;
use packed::PackedTransformer;
use packed::kernels::{InstructionSet, Kernels};
use reference::ReferenceTransformer;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use tokenizers::{Encoding, PostProcessor, Tokenizer, TruncationDirection};
use weights::Weights;

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
    /// The device that is asked for is not there or not built in.
    #[error("inference.device: {0}")]
    Device(String),
    /// The options contradict each other or the encoder.
    #[error("inference.{0}")]
    Options(String),
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

/// A text as token ids, made by [`TextEncoder::tokenize`] for the same encoder.
#[derive(Debug, Clone)]
pub struct TokenizedText {
    ids: Vec<u32>,
    tokens: TokenCount,
    has_words: bool,
}

impl TokenizedText {
    /// Tokens that reach the transformer: at least the special ones.
    #[must_use]
    pub fn length(&self) -> usize {
        self.ids.len()
    }

    /// The tokens, special ones included.
    #[must_use]
    pub fn ids(&self) -> &[u32] {
        &self.ids
    }
}

/// What a call may compute on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cores {
    /// As many threads as the options say; calls take turns.
    All,
    /// The calling thread only, beside other calls.
    One,
}

/// Tokenizer and transformer of one folder. Synchronous; shared freely between threads.
pub struct TextEncoder {
    identity: EncoderIdentity,
    lowercase: bool,
    tokenizer: Tokenizer,
    special_tokens: usize,
    unknown_token: Option<u32>,
    /// Known tokens of the prompt alone.
    prompt_words: usize,
    transformer: Implementation,
    precision: Precision,
    device: InferenceDevice,
    fingerprint: [u8; 32],
}

enum Implementation {
    Packed(PackedTransformer),
    Reference(ReferenceTransformer),
}

impl TextEncoder {
    /// Loads a folder. `prompt` is put before every text; `None` takes the folder's own default prompt.
    ///
    /// # Errors
    /// [`EncoderError`], naming the file, if one is missing, damaged, not supported, or does not fit the others; naming the
    /// option, if `options` cannot be had for this encoder on this machine.
    pub fn load(
        folder: &Path,
        prompt: Option<&str>,
        options: &InferenceOptions,
    ) -> Result<Self, EncoderError> {
        options.validate().map_err(EncoderError::Options)?;
        let config = EncoderConfig::load(folder)?;
        let (_, config_bytes) = read(folder, "config.json", "")?;
        let (tokenizer_path, tokenizer_bytes) =
            read(folder, "tokenizer.json", ": save the tokenizer in the fast format")?;
        let tokenizer = load_tokenizer(&tokenizer_bytes)
            .map_err(|reason| EncoderError::Tokenizer { path: tokenizer_path.clone(), reason })?;
        let (largest, rows) = (largest_id(&tokenizer), config.transformer.vocab_size());
        if largest >= rows {
            let reason = format!(
                "token ids up to {largest}, but config.json says vocab_size {rows}: the files are not of one model"
            );
            return Err(EncoderError::Tokenizer { path: tokenizer_path, reason });
        }
        let (weights_path, weights_bytes) =
            read(folder, "model.safetensors", ": only safetensors weights are read")?;
        let weights_sha256 = sha256_hex(&weights_bytes);
        let weights = Weights::read(&weights_path, &weights_bytes, &config)?;
        drop(weights_bytes);
        let (transformer, precision) = implementation(weights, &config, options)?;
        let identity = EncoderIdentity {
            name: folder
                .canonicalize()
                .unwrap_or_else(|_| folder.to_owned())
                .file_name()
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or_default(),
            architecture: config.architecture,
            dimension: config.transformer.hidden_size(),
            pooling: config.pooling,
            max_tokens: config.max_tokens,
            prompt: prompt.or(config.default_prompt.as_deref()).unwrap_or_default().to_owned(),
            config_sha256: sha256_hex(&config_bytes),
            tokenizer_sha256: sha256_hex(&tokenizer_bytes),
            weights_sha256,
        };
        let special_tokens = tokenizer.get_post_processor().map_or(0, |p| p.added_tokens(false));
        if special_tokens == 0 {
            let reason =
                "it adds no special tokens ([CLS], <s>): an empty text would have no vector";
            return Err(EncoderError::Tokenizer {
                path: tokenizer_path,
                reason: reason.to_owned(),
            });
        }
        let unknown_token = UNKNOWN_TOKENS.iter().find_map(|token| tokenizer.token_to_id(token));
        let mut encoder = Self {
            identity,
            lowercase: config.lowercase,
            tokenizer,
            special_tokens,
            unknown_token,
            prompt_words: 0,
            transformer,
            precision,
            device: options.device,
            fingerprint: [0; 32],
        };
        encoder.fingerprint = fingerprint(&encoder);
        let (nothing, words) = encoder.encode("", encoder.identity.max_tokens)?;
        encoder.prompt_words = words;
        // Ids of special tokens stand in the template of the post-processor, which need not be in the vocabulary.
        if let Some(id) = nothing.ids.iter().find(|&&id| id as usize >= rows) {
            let reason =
                format!("it puts the token id {id} into every text, but vocab_size is {rows}");
            return Err(EncoderError::Tokenizer { path: tokenizer_path, reason });
        }
        Ok(encoder)
    }

    /// What this encoder is.
    #[must_use]
    pub fn identity(&self) -> &EncoderIdentity {
        &self.identity
    }

    /// SHA-256 of everything that a text's embedding depends on besides the text.
    #[must_use]
    pub fn fingerprint(&self) -> &[u8; 32] {
        &self.fingerprint
    }

    /// The implementation in use: [`InferencePath::Packed`] or [`InferencePath::Reference`].
    #[must_use]
    pub fn path(&self) -> InferencePath {
        match self.transformer {
            Implementation::Packed(_) => InferencePath::Packed,
            Implementation::Reference(_) => InferencePath::Reference,
        }
    }

    /// The precision in use.
    #[must_use]
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// The instruction set of the packed path.
    #[must_use]
    pub fn instruction_set(&self) -> Option<InstructionSet> {
        match &self.transformer {
            Implementation::Packed(transformer) => Some(transformer.instruction_set()),
            Implementation::Reference(_) => None,
        }
    }

    /// Encodes texts; one embedding for each, in the same order.
    ///
    /// # Errors
    /// [`EncoderError::Encode`] if the tokenizer or the transformer fails.
    pub fn embed(&self, texts: &[&str]) -> Result<Vec<Embedding>, EncoderError> {
        let tokenized = texts.iter().map(|text| self.tokenize(text)).collect::<Result<_, _>>()?;
        self.embed_tokenized(tokenized, Cores::All)
    }

    /// Encodes texts that this encoder has tokenized; one embedding for each, in the same order. The reference path
    /// uses all cores in any case.
    ///
    /// # Errors
    /// [`EncoderError::Encode`] if the transformer fails.
    pub fn embed_tokenized(
        &self,
        texts: Vec<TokenizedText>,
        cores: Cores,
    ) -> Result<Vec<Embedding>, EncoderError> {
        let about: Vec<_> = texts.iter().map(|text| (text.tokens, text.has_words)).collect();
        let sequences: Vec<Vec<u32>> = texts.into_iter().map(|text| text.ids).collect();
        let vectors = match &self.transformer {
            Implementation::Packed(transformer) => transformer.embed(sequences, cores)?,
            Implementation::Reference(transformer) => transformer.embed(&sequences)?,
        };
        if !vectors.iter().flatten().all(|number| number.is_finite()) {
            let reason = "an embedding is not finite: the weights are too large to compute with";
            return Err(EncoderError::Encode(reason.to_owned()));
        }
        let embeddings = vectors.into_iter().zip(about);
        Ok(embeddings
            .map(|(vector, (tokens, has_words))| Embedding { vector, tokens, has_words })
            .collect())
    }

    /// Makes a text token ids: prompt and special tokens added, cut at the longest sequence.
    ///
    /// # Errors
    /// [`EncoderError::Encode`] if the tokenizer fails.
    pub fn tokenize(&self, text: &str) -> Result<TokenizedText, EncoderError> {
        self.tokenize_within(text, self.identity.max_tokens)
    }

    /// The same, cut at `most_tokens` tokens where that is less than the longest sequence.
    ///
    /// # Errors
    /// [`EncoderError::Encode`] if the tokenizer fails.
    pub fn tokenize_within(
        &self,
        text: &str,
        most_tokens: usize,
    ) -> Result<TokenizedText, EncoderError> {
        let (mut text, words) = self.encode(text, most_tokens.min(self.identity.max_tokens))?;
        text.has_words = words > self.prompt_words;
        Ok(text)
    }

    /// The token ids and how many of them, special ones aside, the tokenizer knows.
    fn encode(
        &self,
        text: &str,
        most_tokens: usize,
    ) -> Result<(TokenizedText, usize), EncoderError> {
        let failed = |error: tokenizers::Error| EncoderError::Encode(error.to_string());
        let prompted = format!("{}{text}", self.identity.prompt);
        let prompted = if self.lowercase { prompted.to_lowercase() } else { prompted };
        let mut encoding: Encoding = self.tokenizer.encode(prompted, false).map_err(failed)?;
        let total = encoding.len() + self.special_tokens;
        let words = encoding.get_ids().iter().filter(|&&id| Some(id) != self.unknown_token).count();
        let room = most_tokens.saturating_sub(self.special_tokens);
        encoding.truncate(room, 0, TruncationDirection::Right);
        let encoding = self.tokenizer.post_process(encoding, None, true).map_err(failed)?;
        let tokens = TokenCount { total, used: encoding.len() };
        let ids = encoding.get_ids().to_vec();
        Ok((TokenizedText { ids, tokens, has_words: false }, words))
    }
}

impl std::fmt::Debug for TextEncoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TextEncoder").field("identity", &self.identity).finish_non_exhaustive()
    }
}

fn fingerprint(encoder: &TextEncoder) -> [u8; 32] {
    let computed = (encoder.path(), encoder.precision, encoder.instruction_set(), encoder.device);
    let read = (&encoder.identity, encoder.lowercase);
    Sha256::digest(format!("{read:?} {computed:?}")).into()
}

/// The implementation that `options` ask for, and the precision it computes with.
fn implementation(
    weights: Weights,
    config: &EncoderConfig,
    options: &InferenceOptions,
) -> Result<(Implementation, Precision), EncoderError> {
    let wants_packed = match options.path {
        InferencePath::Auto => options.device == InferenceDevice::Cpu,
        InferencePath::Packed => true,
        InferencePath::Reference => false,
    };
    match &config.transformer {
        Transformer::Bert(bert) if wants_packed => {
            let kernels =
                options.instruction_set.and_then(Kernels::of).unwrap_or_else(Kernels::best);
            let (precision, threads) = (options.precision, options.threads());
            let loaded = PackedTransformer::load(
                weights,
                bert,
                config.pooling,
                precision,
                kernels,
                threads,
            )?;
            Ok((Implementation::Packed(loaded), precision))
        }
        Transformer::ModernBert(_) if options.path == InferencePath::Packed => {
            let architecture = config.architecture;
            Err(EncoderError::Options(format!(
                "path \"packed\" does not know {architecture:?}: expected \"auto\" or \"reference\""
            )))
        }
        _ => {
            let loaded = ReferenceTransformer::load(weights, config, options.device)?;
            Ok((Implementation::Reference(loaded), Precision::F32))
        }
    }
}

/// Truncation and padding that a tokenizer file asks for are switched off: the encoder does both itself.
fn load_tokenizer(bytes: &[u8]) -> Result<Tokenizer, String> {
    let mut tokenizer = Tokenizer::from_bytes(bytes).map_err(|error| error.to_string())?;
    tokenizer.with_padding(None);
    tokenizer.with_truncation(None).map_err(|error| error.to_string())?;
    Ok(tokenizer)
}

/// The largest id the tokenizer may give; ids may have gaps.
fn largest_id(tokenizer: &Tokenizer) -> usize {
    tokenizer.get_vocab(true).into_values().max().map_or(0, |id| id as usize)
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
