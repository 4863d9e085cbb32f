//! [`DistillParams`]: everything a distillation can be told, written into the student's folder.

use crate::bad_input;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::Path;

/// Parameters of `recontact-train distill`; a TOML file sets some of them, the rest keep their defaults.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DistillParams {
    /// Layers of the teacher that the student begins with, counted from 1, rising. Default 1, 3, 6.
    pub layers: Vec<usize>,
    /// Seed of the order of the texts and of those held out. Default 42.
    pub seed: u64,
    /// Steps of training, at least 1. Default 2,280.
    pub steps: usize,
    /// Texts of a step, at least 2. Default 64.
    pub batch: usize,
    /// Tokens of a text that are used, special ones included; at least 3. Default 64.
    pub max_tokens: usize,
    /// Whether longer texts are divided into their sentences; else their ends are left out. Default true.
    pub split_long_texts: bool,
    /// Highest rate of learning, above 0. Default 3e-4.
    pub rate: f64,
    /// Steps in which the rate rises to it. Default 100.
    pub warm_up: usize,
    /// Weight decay of AdamW, 0 or above. Default 0.01.
    pub weight_decay: f64,
    /// What the difference of the batch's similarities counts against 1 less the cosine, 0 or above. Default 2.
    pub similarity_weight: f64,
    /// Texts that are not trained on and tell how close the student is, at least 2. Default 512.
    pub held_out: usize,
    /// Steps between two checkpoints, at least 1. Default 100.
    pub checkpoint_every: usize,
    /// Which tokens the student keeps. Default full.
    pub vocabulary: Vocabulary,
    /// How the weights are stored. Default compact.
    pub weights: StoredWeights,
    /// What the student is licensed under, for its card.
    pub licence: Option<String>,
    /// Origin and licence of teacher and texts, a line each, for its card.
    pub attribution: Vec<String>,
}

/// Which tokens a student keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Vocabulary {
    /// All of the teacher's.
    Full,
    /// Those that occur in the texts, and all of a single character.
    Texts,
}

/// How a student's weights are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StoredWeights {
    /// The table of tokens as bytes with a scale for each row, the rest as 16-bit floats; this program alone reads it.
    Compact,
    /// 16-bit floats.
    Half,
    /// 32-bit floats.
    Full,
}

impl Default for DistillParams {
    fn default() -> Self {
        Self {
            layers: vec![1, 3, 6],
            seed: 42,
            steps: 2280,
            batch: 64,
            max_tokens: 64,
            split_long_texts: true,
            rate: 3e-4,
            warm_up: 100,
            weight_decay: 0.01,
            similarity_weight: 2.0,
            held_out: 512,
            checkpoint_every: 100,
            vocabulary: Vocabulary::Full,
            weights: StoredWeights::Compact,
            licence: None,
            attribution: Vec::new(),
        }
    }
}

impl DistillParams {
    /// Reads a TOML file.
    ///
    /// # Errors
    /// [`crate::failure::BadInput`] naming the file and the parameter.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let text = fs::read_to_string(path)
            .map_err(|error| bad_input!("{}: cannot be read: {error}", path.display()))?;
        let params: Self =
            toml::from_str(&text).map_err(|error| bad_input!("{}: {error}", path.display()))?;
        params.check().map_err(|fault| bad_input!("{}: {fault}", path.display()))?;
        Ok(params)
    }

    /// Checks what the fields' types cannot say.
    ///
    /// # Errors
    /// The parameter, what was expected and what was found.
    pub fn check(&self) -> Result<(), String> {
        let rising = self.layers.windows(2).all(|pair| pair[0] < pair[1]);
        if self.layers.first().is_none_or(|first| *first == 0) || !rising {
            let found = &self.layers;
            return Err(format!("layers: expected rising numbers from 1, got {found:?}"));
        }
        for (name, number, least) in [
            ("steps", self.steps, 1),
            ("batch", self.batch, 2),
            ("max_tokens", self.max_tokens, 3),
            ("held_out", self.held_out, 2),
            ("checkpoint_every", self.checkpoint_every, 1),
        ] {
            if number < least {
                return Err(format!("{name}: expected at least {least}, got {number}"));
            }
        }
        if !(self.rate.is_finite() && self.rate > 0.0) {
            return Err(format!("rate: expected a number above 0, got {}", self.rate));
        }
        for (name, number) in
            [("weight_decay", self.weight_decay), ("similarity_weight", self.similarity_weight)]
        {
            if !(number.is_finite() && number >= 0.0) {
                return Err(format!("{name}: expected a number of 0 or above, got {number}"));
            }
        }
        Ok(())
    }
}
