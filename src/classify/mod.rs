//! From a contact's text to its labels, or to the honest answer that they are not known: [`Classifier`].
//!
//! `encoder` turns a text into a vector and `lexical` into counted words, `head` turns both into probabilities, this
//! module the probabilities into an answer. Nothing here does I/O after loading or reads a clock. `queue` is the
//! asynchronous handle the server uses.

pub mod answer;
mod cache;
pub mod category;
pub mod encoder;
pub mod head;
pub mod language;
pub mod lexical;
pub mod policy;
pub mod queue;

use crate::contact::{ContactText, Head};
use crate::probability::Probability;
use answer::{Action, Classification, HeadAnswer, Reason, ScoredLabel, Source};
use encoder::{Embedding, EncoderError, EncoderIdentity, TextEncoder, TokenCount};
use head::{TextHead, TextView};
pub use policy::ClassifyPolicy;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A trained head with its version.
#[derive(Debug, Clone)]
pub struct HeadModel {
    /// The model's version, written beside every answer.
    pub version: String,
    /// The head.
    pub head: Arc<TextHead>,
}

/// The trained heads, and the encoder that they were trained on.
#[derive(Debug)]
pub struct Classifier {
    category: HeadModel,
    others: BTreeMap<Head, HeadModel>,
    encoder: Option<Arc<TextEncoder>>,
    policy: ClassifyPolicy,
}

impl Classifier {
    /// Puts heads and encoder together. Without an encoder, the lexical parts of the heads answer alone.
    ///
    /// # Errors
    /// The head and the differing part when one was trained on another encoder, or needs one and there is none.
    pub fn new(
        category: HeadModel,
        others: BTreeMap<Head, HeadModel>,
        encoder: Option<Arc<TextEncoder>>,
        policy: ClassifyPolicy,
    ) -> Result<Self, String> {
        let all = others.iter().map(|(head, model)| (*head, model));
        for (head, model) in [(Head::Category, &category)].into_iter().chain(all) {
            Self::check_encoder(head, model, encoder.as_deref())?;
        }
        Ok(Self { category, others, encoder, policy })
    }

    /// Compares the encoder that a head was trained on with the one that is here.
    ///
    /// # Errors
    /// The differing part, with the names of both; or that the head needs an encoder and there is none.
    pub fn check_encoder(
        head: Head,
        model: &HeadModel,
        encoder: Option<&TextEncoder>,
    ) -> Result<(), String> {
        let (name, version) = (head.as_str(), &model.version);
        let Some(trained) = &model.head.description().encoder else { return Ok(()) };
        let Some(encoder) = encoder else {
            return if model.head.has_lexical_part() {
                Ok(())
            } else {
                let needed = &trained.name;
                Err(format!("{name} model {version} needs encoder {needed:?}, which is not loaded"))
            };
        };
        match differing_part(trained, encoder.identity()) {
            None => Ok(()),
            Some(part) => Err(format!(
                "{name} model {version} was trained on encoder {:?}, but the {part} of encoder {:?} is another",
                trained.name,
                encoder.identity().name
            )),
        }
    }

    /// The model of one of the other heads.
    #[must_use]
    pub fn other(&self, head: Head) -> Option<&HeadModel> {
        self.others.get(&head)
    }

    /// The version of the category model.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.category.version
    }

    /// The versions of all heads.
    #[must_use]
    pub fn versions(&self) -> BTreeMap<Head, &str> {
        let others = self.others.iter().map(|(head, model)| (*head, model.version.as_str()));
        others.chain([(Head::Category, self.version())]).collect()
    }

    /// The encoder; none where the heads read words alone.
    #[must_use]
    pub fn encoder(&self) -> Option<&Arc<TextEncoder>> {
        self.encoder.as_ref()
    }

    /// The category head.
    #[must_use]
    pub fn head(&self) -> &TextHead {
        &self.category.head
    }

    /// Whether the category model was trained on an encoder that is not here.
    #[must_use]
    pub fn is_without_encoder(&self) -> bool {
        self.encoder.is_none() && self.head().description().encoder.is_some()
    }

    /// Classifies texts; one answer for each, in the same order, with up to `top_k` labels in it.
    ///
    /// # Errors
    /// [`EncoderError::Encode`] if the encoder fails.
    pub fn classify(
        &self,
        texts: &[ContactText],
        top_k: usize,
    ) -> Result<Vec<Classification>, EncoderError> {
        let Some(encoder) = &self.encoder else {
            return Ok(texts.iter().map(|text| self.decide(text, None, top_k)).collect());
        };
        let raw: Vec<&str> = texts.iter().map(ContactText::as_str).collect();
        let embeddings = encoder.embed(&raw)?;
        let pairs = texts.iter().zip(&embeddings);
        Ok(pairs.map(|(text, embedding)| self.decide(text, Some(embedding), top_k)).collect())
    }

    /// What to say of a text whose embedding is known, or which has none.
    #[must_use]
    pub fn decide(
        &self,
        text: &ContactText,
        embedding: Option<&Embedding>,
        top_k: usize,
    ) -> Classification {
        let language = language::detect(text.as_str(), &self.policy.expected_languages);
        let text = ReadText { text: text.as_str(), embedding, language };
        let decided = self.decide_head(Head::Category, &self.category, &text, top_k);
        let others = self.others.iter();
        let heads = others
            .map(|(head, model)| (*head, self.decide_head(*head, model, &text, top_k).answer));
        let heads = heads.collect();
        let (area, path, labels) = match &decided.probabilities {
            Some(probabilities) => (
                self.best_area(probabilities),
                self.path(&decided.answer, probabilities),
                self.issues(probabilities),
            ),
            None => (None, Vec::new(), Vec::new()),
        };
        Classification {
            category: decided.answer,
            area,
            path,
            labels,
            heads,
            language,
            tokens: embedding.map_or(decided.words, |embedding| embedding.tokens),
            is_without_encoder: self.is_without_encoder(),
        }
    }

    fn decide_head(
        &self,
        head: Head,
        model: &HeadModel,
        text: &ReadText<'_>,
        top_k: usize,
    ) -> Decided {
        let described = model.head.description();
        let vector = model.head.lexical_vector(text.text);
        let words = vector.as_ref().map_or(0, |vector| vector.words_total);
        let mut answer = HeadAnswer {
            label: None,
            probability: None,
            default: self.policy.default_label(head).cloned(),
            alternatives: Vec::new(),
            action: Action::Abstain,
            reason: None,
            source: Source::Model(model.version.clone()),
        };
        let abstain = |mut answer: HeadAnswer, reason| {
            answer.reason = Some(reason);
            Decided { answer, probabilities: None, words: TokenCount { total: words, used: words } }
        };
        let is_known = |code: &str| described.languages.iter().any(|known| known == code);
        if text.language.is_some_and(|code| !is_known(code)) {
            return abstain(answer, Reason::UnsupportedLanguage);
        }
        let has_terms = vector.as_ref().is_some_and(|vector| !vector.entries.is_empty());
        if !(has_terms || text.embedding.is_some_and(|embedding| embedding.has_words)) {
            return abstain(answer, Reason::NoTokens);
        }
        let scored = model.head.score(TextView {
            embedding: text.embedding.map(|embedding| embedding.vector.as_slice()),
            lexical: vector.as_ref(),
        });
        let mut ranked = rank(&model.head, &scored.probabilities, top_k.max(2));
        let (best, second) = (ranked[0].probability.value(), ranked[1].probability.value());
        let thresholds = self.policy.thresholds(head);
        ranked.truncate(top_k);
        answer.alternatives = ranked;
        if !scored.is_in_scope {
            return abstain(answer, Reason::OutOfScope);
        }
        if best < thresholds.suggest.value() {
            return abstain(answer, Reason::LowProbability);
        }
        if best - second < thresholds.margin.value() {
            return abstain(answer, Reason::SmallMargin);
        }
        let is_sure = best >= thresholds.auto.value();
        answer.action = if is_sure { Action::Auto } else { Action::Suggest };
        answer.reason = (!is_sure).then_some(Reason::BelowAutoThreshold);
        answer.default = None;
        if !answer.alternatives.is_empty() {
            let best = answer.alternatives.remove(0);
            (answer.label, answer.probability) = (Some(best.label), Some(best.probability));
        }
        Decided {
            answer,
            probabilities: Some(scored.probabilities),
            words: TokenCount { total: words, used: words },
        }
    }

    fn best_area(&self, probabilities: &[f64]) -> Option<ScoredLabel> {
        let mut areas = BTreeMap::new();
        for (label, p) in self.head().description().labels.labels().iter().zip(probabilities) {
            *areas.entry(label.area()?).or_insert(0.0) += p;
        }
        areas.into_iter().map(|(area, p)| scored(area, p)).min_by(most_likely_first)
    }

    /// The parents of the best category with the summed probabilities of their categories, and the category itself.
    fn path(&self, answer: &HeadAnswer, probabilities: &[f64]) -> Vec<ScoredLabel> {
        let labels = self.head().description().labels.labels();
        let best = labels.iter().zip(probabilities);
        let Some((label, p)) =
            best.clone().find(|(l, _)| Some(&l.category) == answer.label.as_ref())
        else {
            return Vec::new();
        };
        if label.parents.is_empty() {
            return Vec::new();
        }
        let parents = label.parents.iter().enumerate().map(|(level, parent)| {
            let below = best.clone().filter(|(l, _)| l.parents.get(level) == Some(parent));
            scored(parent, below.map(|(_, p)| p).sum())
        });
        parents.chain([scored(&label.category, *p)]).collect()
    }

    /// The categories that are likely enough to be one of several issues.
    fn issues(&self, probabilities: &[f64]) -> Vec<ScoredLabel> {
        let least = self.policy.label_threshold.value();
        let mut issues = rank(self.head(), probabilities, MOST_ISSUES);
        let likely = issues.iter().take_while(|label| label.probability.value() >= least).count();
        // The best one decided the action; it is an issue of the text, however many share its probability.
        issues.truncate(likely.max(1));
        issues
    }
}

/// Most issues that are told of one text.
const MOST_ISSUES: usize = 10;

/// A text and what is known of it before any head is asked.
struct ReadText<'a> {
    text: &'a str,
    embedding: Option<&'a Embedding>,
    language: Option<&'static str>,
}

/// A head's answer, with the probabilities it rests on where it did not abstain.
struct Decided {
    answer: HeadAnswer,
    probabilities: Option<Vec<f64>>,
    words: TokenCount,
}

/// The first part in which two encoders differ so that their embeddings do.
fn differing_part(trained: &EncoderIdentity, found: &EncoderIdentity) -> Option<&'static str> {
    let parts = [
        ("weights", trained.weights_sha256 != found.weights_sha256),
        ("tokenizer", trained.tokenizer_sha256 != found.tokenizer_sha256),
        ("configuration", trained.config_sha256 != found.config_sha256),
        ("pooling", trained.pooling != found.pooling),
        ("longest sequence", trained.max_tokens != found.max_tokens),
        ("prompt", trained.prompt != found.prompt),
    ];
    parts.iter().find(|(_, differs)| *differs).map(|(part, _)| *part)
}

/// The `count` most likely labels; equal ones in alphabetical order.
fn rank(head: &TextHead, probabilities: &[f64], count: usize) -> Vec<ScoredLabel> {
    let labels = head.description().labels.labels();
    let mut order: Vec<usize> = (0..labels.len()).collect();
    let likelier = |a: &usize, b: &usize| {
        probabilities[*b]
            .total_cmp(&probabilities[*a])
            .then_with(|| labels[*a].category.cmp(&labels[*b].category))
    };
    if count < order.len() {
        order.select_nth_unstable_by(count, likelier);
        order.truncate(count);
    }
    order.sort_by(likelier);
    order.iter().map(|&at| scored(&labels[at].category, probabilities[at])).collect()
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
