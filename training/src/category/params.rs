//! [`CategoryParams`]: everything a category training can be told, written into the model's manifest.

use super::tune::TuneParams;
use crate::bad_input;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};

/// Parameters of `recontact-train category`; a TOML file sets some of them, the rest keep their defaults.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CategoryParams {
    /// Seed of the splits. Default 42.
    pub seed: u64,
    /// Share of each category's rows kept for the test where no test file is given, 0 to 1. Default 0.2.
    pub test_share: f64,
    /// Share of each label's training rows that are held out at a time to choose and to calibrate, 0 to 1, until 3,000 rows were; up to 3,000 rows, all of
    /// them are held out in turn. Default 0.1.
    pub validation_share: f64,
    /// Inverse regularisation strengths to try, each above 0, as scikit-learn's C. Left out: 3, 10, 30 and 100 on up to
    /// 3,000 texts; on more, 30 for embeddings and 10 where words count.
    pub c_grid: Option<Vec<f64>>,
    /// Most weights of the lexical part, terms times labels; beyond it the rarest terms are left out. Default 64 million.
    pub most_lexical_weights: usize,
    /// Share of held-out texts that may be taken for out of scope, 0 to below 1, where no out-of-scope texts are given; 0:
    /// none ever is. Default 0.005.
    pub scope_loss: f64,
    /// Fewest rows a category needs in the training part; below it the training is refused. Default 2.
    pub min_examples: usize,
    /// Put before every text; left out: the encoder's own default prompt.
    pub prompt: Option<String>,
    /// Table with the columns `category` and `parent`, where the taxonomy has more than one level; a parent may have a row
    /// of its own. A path relative to the configuration file.
    pub taxonomy: Option<PathBuf>,
    /// How an encoder is trained on, by the methods fine-tune and few-shot.
    pub tune: TuneParams,
    /// ISO 639-1 codes among which the language of a short training text is chosen. Default en, ru, be, uk.
    pub expected_languages: Vec<String>,
    /// A language belongs to the model if at least this share of the training texts is in it, 0 to 1. Default 0.02.
    pub min_language_share: f64,
}

impl Default for CategoryParams {
    fn default() -> Self {
        Self {
            seed: 42,
            test_share: 0.2,
            validation_share: 0.1,
            c_grid: None,
            most_lexical_weights: 64_000_000,
            scope_loss: 0.005,
            min_examples: 2,
            prompt: None,
            taxonomy: None,
            tune: TuneParams::default(),
            expected_languages: recontact::classify::language::DEFAULT_EXPECTED
                .map(str::to_owned)
                .to_vec(),
            min_language_share: 0.02,
        }
    }
}

impl CategoryParams {
    /// Reads a TOML file.
    ///
    /// # Errors
    /// [`crate::failure::BadInput`] naming the file and the parameter.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let text = fs::read_to_string(path)
            .map_err(|error| bad_input!("{}: cannot be read: {error}", path.display()))?;
        let mut params: Self =
            toml::from_str(&text).map_err(|error| bad_input!("{}: {error}", path.display()))?;
        params.check().map_err(|fault| bad_input!("{}: {fault}", path.display()))?;
        if let (Some(taxonomy), Some(folder)) = (&params.taxonomy, path.parent()) {
            params.taxonomy = Some(folder.join(taxonomy));
        }
        Ok(params)
    }

    fn check(&self) -> Result<(), String> {
        for (name, share) in
            [("test_share", self.test_share), ("validation_share", self.validation_share)]
        {
            if !(share > 0.0 && share < 1.0) {
                return Err(format!("{name}: expected a number between 0 and 1, got {share}"));
            }
        }
        if !(0.0..=1.0).contains(&self.min_language_share) {
            return Err("min_language_share: expected a number from 0 to 1".to_owned());
        }
        if !(0.0..1.0).contains(&self.scope_loss) {
            return Err(format!(
                "scope_loss: expected a number from 0 to below 1, got {}",
                self.scope_loss
            ));
        }
        let is_bad =
            |grid: &Vec<f64>| grid.is_empty() || grid.iter().any(|c| !c.is_finite() || *c <= 0.0);
        if self.c_grid.as_ref().is_some_and(is_bad) {
            return Err("c_grid: expected at least one number, all above 0".to_owned());
        }
        self.tune.check()?;
        if self.min_examples < 2 {
            return Err("min_examples: expected at least 2".to_owned());
        }
        Ok(())
    }
}
