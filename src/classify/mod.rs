//! From a contact's text to its issue category, or to the honest answer that it is not known: [`Classifier`].
//!
//! `encoder` turns a text into a vector, `head` the vector into probabilities, this module the probabilities into an
//! answer. Nothing here does I/O after loading or reads a clock. `queue` is the asynchronous handle the server uses.

mod cache;
pub mod category;
pub mod encoder;
pub mod head;
pub mod language;
pub mod queue;

use crate::contact::ContactText;
use crate::probability::Probability;
use category::{Action, Classification, Reason, ScoredLabel};
use encoder::{Embedding, EncoderError, TextEncoder};
use head::CategoryHead;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// When to trust a category. All of it is configuration.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassifyPolicy {
    /// From this probability on the action is `auto`. Above `suggest_threshold`.
    pub auto_threshold: Probability,
    /// Below this probability the action is `abstain`.
    pub suggest_threshold: Probability,
    /// Smallest distance between the two best categories; below it the action is `abstain`.
    pub min_margin: Probability,
    /// ISO 639-1 codes among which the language of a short text is chosen.
    pub expected_languages: Vec<String>,
}

impl ClassifyPolicy {
    /// Checks what the fields' types cannot say.
    ///
    /// # Errors
    /// The field and what was expected.
    pub fn validate(&self) -> Result<(), String> {
        if self.auto_threshold <= self.suggest_threshold {
            return Err(format!(
                "auto_threshold {} must be above suggest_threshold {}",
                self.auto_threshold.value(),
                self.suggest_threshold.value()
            ));
        }
        match self.expected_languages.iter().find(|code| !language::is_known(code)) {
            Some(code) => {
                Err(format!("expected_languages: {code:?} is no ISO 639-1 code known here"))
            }
            None => Ok(()),
        }
    }
}

/// An encoder and the head that was trained on its embeddings.
#[derive(Debug)]
pub struct Classifier {
    /// The model's version, written beside every answer.
    pub version: String,
    encoder: Arc<TextEncoder>,
    head: CategoryHead,
    policy: ClassifyPolicy,
}

impl Classifier {
    /// Puts an encoder and a head together.
    ///
    /// # Errors
    /// The differing part when the head was trained on another encoder.
    pub fn new(
        version: String,
        encoder: Arc<TextEncoder>,
        head: CategoryHead,
        policy: ClassifyPolicy,
    ) -> Result<Self, String> {
        let (trained, found) = (&head.description().encoder, encoder.identity());
        let differing = [
            ("weights", trained.weights_sha256 != found.weights_sha256),
            ("tokenizer", trained.tokenizer_sha256 != found.tokenizer_sha256),
            ("configuration", trained.config_sha256 != found.config_sha256),
            ("pooling", trained.pooling != found.pooling),
            ("longest sequence", trained.max_tokens != found.max_tokens),
            ("prompt", trained.prompt != found.prompt),
        ];
        match differing.iter().find(|(_, differs)| *differs) {
            Some((part, _)) => Err(format!(
                "category model {version} was trained on encoder {:?}, but the {part} of encoder {:?} is another",
                trained.name, found.name
            )),
            None => Ok(Self { version, encoder, head, policy }),
        }
    }

    /// The encoder.
    #[must_use]
    pub fn encoder(&self) -> &Arc<TextEncoder> {
        &self.encoder
    }

    /// The head.
    #[must_use]
    pub fn head(&self) -> &CategoryHead {
        &self.head
    }

    /// Classifies texts; one answer for each, in the same order, with up to `top_k` categories in it.
    ///
    /// # Errors
    /// [`EncoderError::Encode`] if the encoder fails.
    pub fn classify(
        &self,
        texts: &[ContactText],
        top_k: usize,
    ) -> Result<Vec<Classification>, EncoderError> {
        let raw: Vec<&str> = texts.iter().map(ContactText::as_str).collect();
        let embeddings = self.encoder.embed(&raw)?;
        Ok(texts
            .iter()
            .zip(&embeddings)
            .map(|(text, embedding)| self.decide(text, embedding, top_k))
            .collect())
    }

    /// What to say of a text whose embedding is known.
    #[must_use]
    pub fn decide(
        &self,
        text: &ContactText,
        embedding: &Embedding,
        top_k: usize,
    ) -> Classification {
        let language = language::detect(text.as_str(), &self.policy.expected_languages);
        let languages = &self.head.description().languages;
        let abstain = |reason, alternatives| Classification {
            category: None,
            area: None,
            alternatives,
            action: Action::Abstain,
            reason: Some(reason),
            language,
            tokens: embedding.tokens,
        };
        if language.is_some_and(|code| !languages.iter().any(|known| known == code)) {
            return abstain(Reason::UnsupportedLanguage, Vec::new());
        }
        if !embedding.has_words {
            return abstain(Reason::NoTokens, Vec::new());
        }
        let probabilities = self.head.probabilities(&embedding.vector);
        let mut ranked = self.rank(&probabilities, top_k.max(2));
        let (best, second) = (ranked[0].probability.value(), ranked[1].probability.value());
        ranked.truncate(top_k);
        if best < self.policy.suggest_threshold.value() {
            return abstain(Reason::LowProbability, ranked);
        }
        if best - second < self.policy.min_margin.value() {
            return abstain(Reason::SmallMargin, ranked);
        }
        let is_sure = best >= self.policy.auto_threshold.value();
        let category = (!ranked.is_empty()).then(|| ranked.remove(0));
        Classification {
            category,
            area: self.best_area(&probabilities),
            alternatives: ranked,
            action: if is_sure { Action::Auto } else { Action::Suggest },
            reason: (!is_sure).then_some(Reason::BelowAutoThreshold),
            language,
            tokens: embedding.tokens,
        }
    }

    /// The `count` most likely categories; equal ones in alphabetical order.
    fn rank(&self, probabilities: &[f64], count: usize) -> Vec<ScoredLabel> {
        let labels = self.head.description().labels.labels();
        let mut scored: Vec<ScoredLabel> = labels
            .iter()
            .zip(probabilities)
            .map(|(label, &p)| scored(&label.category, p))
            .collect();
        scored.sort_by(most_likely_first);
        scored.truncate(count);
        scored
    }

    fn best_area(&self, probabilities: &[f64]) -> Option<ScoredLabel> {
        let mut areas = BTreeMap::new();
        for (label, p) in self.head.description().labels.labels().iter().zip(probabilities) {
            *areas.entry(label.area.as_ref()?).or_insert(0.0) += p;
        }
        areas.into_iter().map(|(area, p)| scored(area, p)).min_by(most_likely_first)
    }
}

fn scored(label: &crate::ticket::Name, probability: f64) -> ScoredLabel {
    // A softmax lies in 0..=1; a sum of its parts may exceed 1 by rounding.
    let probability = Probability::new(probability.clamp(0.0, 1.0));
    let probability = probability.unwrap_or(Probability::from_logit(f64::NEG_INFINITY));
    ScoredLabel { label: label.clone(), probability }
}

fn most_likely_first(a: &ScoredLabel, b: &ScoredLabel) -> std::cmp::Ordering {
    b.probability.value().total_cmp(&a.probability.value()).then_with(|| a.label.cmp(&b.label))
}
