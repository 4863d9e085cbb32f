//! [`TuneParams`]: how an encoder is trained on.

use super::loss::Objective;
use serde::{Deserialize, Serialize};

/// Parameters of the methods `fine-tune` and `few-shot`: the table `tune` of the configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TuneParams {
    /// Rounds over the texts, at least 1. Left out: 6 for fine-tune, 10 for few-shot.
    pub epochs: Option<usize>,
    /// Rounds of fine-tune over all texts, those held out included, once the best epoch is known: at half the rate, at least 1.
    /// Default 2.
    pub last_epochs: usize,
    /// Share of the numbers between the layers that a step leaves out, 0 to below 1. Left out: 0.1 for fine-tune, 0 for
    /// few-shot.
    pub dropout: Option<f64>,
    /// Texts of a step, at least 2. Default 32; few-shot takes twice as many.
    pub batch: usize,
    /// Highest rate of learning of the last layer, above 0. Default 1e-4.
    pub rate: f64,
    /// What each layer's rate is of that of the layer above it, above 0 to 1. Default 0.85.
    pub layer_decay: f64,
    /// Rate of the labels' own weights, above 0. Default 2e-3.
    pub head_rate: f64,
    /// Share of the steps in which the rates rise, 0 to below 1. Default 0.1.
    pub warm_up: f64,
    /// Weight decay of AdamW, 0 or above. Default 0.01.
    pub weight_decay: f64,
    /// Tokens of a text that are used, special ones included; at least 3. Default 64.
    pub max_tokens: usize,
    /// Ends when so many epochs brought nothing on the texts held out, at least 1. Default 2.
    pub patience: usize,
    /// What cosines are divided by in few-shot, at least 0.01. Default 0.1.
    pub contrast: f64,
    /// Steps between two checkpoints, at least 1. Default 100.
    pub checkpoint_every: usize,
}

impl Default for TuneParams {
    fn default() -> Self {
        Self {
            epochs: None,
            last_epochs: 2,
            dropout: None,
            batch: 32,
            rate: 1e-4,
            layer_decay: 0.85,
            head_rate: 2e-3,
            warm_up: 0.1,
            weight_decay: 0.01,
            max_tokens: 64,
            patience: 2,
            contrast: 0.1,
            checkpoint_every: 100,
        }
    }
}

impl TuneParams {
    /// Rounds over the texts that are learnt from.
    #[must_use]
    pub fn epochs_of(&self, objective: Objective) -> usize {
        self.epochs.unwrap_or(match objective {
            Objective::Labels => 6,
            Objective::Contrast => 10,
        })
    }

    /// Share of the numbers that a step leaves out.
    #[must_use]
    pub fn dropout_of(&self, objective: Objective) -> f64 {
        self.dropout.unwrap_or(match objective {
            Objective::Labels => 0.1,
            Objective::Contrast => 0.0,
        })
    }

    /// Checks what the fields' types cannot say.
    ///
    /// # Errors
    /// The parameter and what was expected.
    pub fn check(&self) -> Result<(), String> {
        for (name, number, least) in [
            ("epochs", self.epochs.unwrap_or(1), 1),
            ("last_epochs", self.last_epochs, 1),
            ("batch", self.batch, 2),
            ("max_tokens", self.max_tokens, 3),
            ("patience", self.patience, 1),
            ("checkpoint_every", self.checkpoint_every, 1),
        ] {
            if number < least {
                return Err(format!("tune.{name}: expected at least {least}, got {number}"));
            }
        }
        if !(self.contrast.is_finite() && self.contrast >= 0.01) {
            return Err(format!("tune.contrast: expected at least 0.01, got {}", self.contrast));
        }
        for (name, number) in [("rate", self.rate), ("head_rate", self.head_rate)] {
            if !(number.is_finite() && number > 0.0) {
                return Err(format!("tune.{name}: expected a number above 0, got {number}"));
            }
        }
        if !(self.layer_decay > 0.0 && self.layer_decay <= 1.0) {
            return Err(format!(
                "tune.layer_decay: expected above 0 to 1, got {}",
                self.layer_decay
            ));
        }
        for (name, number) in [("warm_up", self.warm_up), ("dropout", self.dropout.unwrap_or(0.0))]
        {
            if !(0.0..1.0).contains(&number) {
                return Err(format!("tune.{name}: expected 0 to below 1, got {number}"));
            }
        }
        if !(self.weight_decay.is_finite() && self.weight_decay >= 0.0) {
            return Err(format!(
                "tune.weight_decay: expected 0 or above, got {}",
                self.weight_decay
            ));
        }
        Ok(())
    }
}
