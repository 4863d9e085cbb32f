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
mod language_head;
pub mod lexical;
pub mod policy;
pub mod queue;
mod ranking;
pub mod rules;

use crate::contact::{Channel, ContactText, Head};
use crate::ticket::Name;
use answer::{Action, Classification, HeadAnswer, Reason, ScoredLabel, Source};
use encoder::{Embedding, EncoderError, EncoderIdentity, TextEncoder, TokenCount};
use head::{TextHead, TextView};
pub use language_head::{SCRIPT_PROBABILITY, TRIGRAM_PROBABILITY, unknown_language};
pub use policy::{ClassifyPolicy, Prefer};
use ranking::{best_area, path, rank};
use rules::{RuleSet, RuleView, TextWords};
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

/// A text to classify and what is known of it.
#[derive(Debug, Clone)]
pub struct Incoming {
    /// What the customer wrote.
    pub text: ContactText,
    /// How it came in, where that is known; only rules look at it.
    pub channel: Option<Channel>,
}

/// The trained heads with the encoder that they were trained on, and the rules.
#[derive(Debug)]
pub struct Classifier {
    /// None where rules alone say what a text is about.
    category: Option<HeadModel>,
    others: BTreeMap<Head, HeadModel>,
    encoder: Option<Arc<TextEncoder>>,
    policy: ClassifyPolicy,
    rules: RuleSet,
}

impl Classifier {
    /// Puts heads and encoder together. Without an encoder, the lexical parts of the heads answer alone.
    ///
    /// # Errors
    /// The head and the differing part when one was trained on another encoder, or needs one and there is none; the rule
    /// that cannot be used.
    pub fn new(
        category: HeadModel,
        others: BTreeMap<Head, HeadModel>,
        encoder: Option<Arc<TextEncoder>>,
        policy: ClassifyPolicy,
    ) -> Result<Self, String> {
        let all = others.iter().map(|(head, model)| (*head, model));
        for (head, model) in [(Head::Category, &category)].into_iter().chain(all) {
            Self::check_model(head, model, encoder.as_deref())?;
        }
        let rules = RuleSet::compile(&policy.rules)?;
        Ok(Self { category: Some(category), others, encoder, policy, rules })
    }

    /// Rules alone, for when no model is loaded; `None` where no rule is about the category.
    #[must_use]
    pub fn by_rules(policy: ClassifyPolicy) -> Option<Self> {
        let rules = RuleSet::compile(&policy.rules).ok()?;
        let others = BTreeMap::new();
        rules.covers(Head::Category).then_some(Self {
            category: None,
            others,
            encoder: None,
            policy,
            rules,
        })
    }

    /// Compares the encoder that a head was trained on with the one that is here, and a language head's labels with the
    /// languages there are.
    ///
    /// # Errors
    /// The differing part, with the names of both; that the head needs an encoder and there is none; the label that is no
    /// language.
    pub fn check_model(
        head: Head,
        model: &HeadModel,
        encoder: Option<&TextEncoder>,
    ) -> Result<(), String> {
        let (name, version) = (head.as_str(), &model.version);
        if head == Head::Language {
            let labels = model.head.description().labels.labels();
            let foreign = labels
                .iter()
                .map(|label| &label.category)
                .find(|c| !language::is_known(c.as_str()));
            if let Some(label) = foreign {
                return Err(format!(
                    "language model {version}: the label {:?} is no ISO 639-1 code known here",
                    label.as_str()
                ));
            }
        }
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

    /// Whether a head can answer a label: its model, one of its rules, or as its default; `None` where it has neither a model
    /// nor rules. Which of them would answer a given text does not matter: the helpdesk knows the label.
    #[must_use]
    pub fn is_known_label(&self, head: Head, label: &Name) -> Option<bool> {
        let by_model = self.model(head).is_some_and(|model| {
            let labels = model.head.description().labels.labels();
            labels.iter().any(|known| known.category == *label)
        });
        let is_default = self.policy.default_label(head) == Some(label);
        // What the language model does not know is told by trigrams.
        let by_trigrams = head == Head::Language
            && self.model(head).is_some()
            && language::is_known(label.as_str());
        self.answers(head)
            .then(|| by_model || by_trigrams || is_default || self.rules.gives(head, label))
    }

    /// The version of the category model, or of the rules where they alone say what a text is about.
    #[must_use]
    pub fn version(&self) -> &str {
        self.category.as_ref().map_or(self.rules.version(), |model| &model.version)
    }

    /// The versions of all heads that have a model.
    #[must_use]
    pub fn versions(&self) -> BTreeMap<Head, &str> {
        let category = self.category.iter().map(|model| (Head::Category, model));
        let others = self.others.iter().map(|(head, model)| (*head, model));
        category.chain(others).map(|(head, model)| (head, model.version.as_str())).collect()
    }

    /// The encoder; none where the heads read words alone.
    #[must_use]
    pub fn encoder(&self) -> Option<&Arc<TextEncoder>> {
        self.encoder.as_ref()
    }

    /// Whether a head was trained on an encoder that is not here.
    #[must_use]
    pub fn is_without_encoder(&self) -> bool {
        let has_encoder = |model: &HeadModel| model.head.description().encoder.is_some();
        self.encoder.is_none() && self.category.iter().chain(self.others.values()).any(has_encoder)
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
            return Ok(texts.iter().map(|text| self.decide(text, None, None, top_k)).collect());
        };
        let raw: Vec<&str> = texts.iter().map(ContactText::as_str).collect();
        let embeddings = encoder.embed(&raw)?;
        let pairs = texts.iter().zip(&embeddings);
        Ok(pairs.map(|(text, embedding)| self.decide(text, None, Some(embedding), top_k)).collect())
    }

    /// What to say of a text whose embedding is known, or which has none.
    #[must_use]
    pub fn decide(
        &self,
        text: &ContactText,
        channel: Option<&Channel>,
        embedding: Option<&Embedding>,
        top_k: usize,
    ) -> Classification {
        let words = (!self.rules.is_empty()).then(|| TextWords::new(text.as_str()));
        let mut text = ReadText { text: text.as_str(), words, channel, embedding, language: None };
        // First of all the language: other heads and rules ask for it.
        let told = self.tell_language(&text, top_k);
        text.language = told.code;
        let language = told.code;
        let decided = self.answer_head(Head::Category, &text, top_k);
        let is_first = |head: &Head| matches!(head, Head::Category | Head::Language);
        let others = Head::ALL.into_iter().filter(|head| !is_first(head));
        let heads = others.filter(|head| self.answers(*head));
        let heads = heads.map(|head| (head, self.answer_head(head, &text, top_k).answer));
        let heads = heads.chain(told.answer.map(|answer| (Head::Language, answer))).collect();
        let (area, path, labels) = match (&self.category, &decided.probabilities) {
            (Some(HeadModel { head, .. }), Some(probabilities)) => (
                best_area(head, probabilities),
                path(head, &decided.answer, probabilities),
                self.issues(head, probabilities),
            ),
            _ => (None, Vec::new(), Vec::new()),
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

    /// What to say of a text of which cleaning leaves nothing: every head abstains.
    #[must_use]
    pub fn nothing_left(&self) -> Classification {
        let abstain = |head| {
            let source = match self.model(head) {
                Some(model) => Source::Model(model.version.clone()),
                None => Source::Rules(self.rules.version().to_owned()),
            };
            self.abstaining(head, Reason::NothingLeft, source)
        };
        let others = Head::ALL.into_iter().filter(|head| *head != Head::Category);
        Classification {
            category: abstain(Head::Category),
            area: None,
            path: Vec::new(),
            labels: Vec::new(),
            heads: others
                .filter(|head| self.answers(*head))
                .map(|head| (head, abstain(head)))
                .collect(),
            language: None,
            tokens: TokenCount { total: 0, used: 0 },
            is_without_encoder: self.is_without_encoder(),
        }
    }

    fn model(&self, head: Head) -> Option<&HeadModel> {
        match head {
            Head::Category => self.category.as_ref(),
            other => self.others.get(&other),
        }
    }

    /// Whether anything says something about a head.
    fn answers(&self, head: Head) -> bool {
        self.model(head).is_some() || self.rules.covers(head)
    }

    fn abstaining(&self, head: Head, reason: Reason, source: Source) -> HeadAnswer {
        HeadAnswer {
            label: None,
            probability: None,
            default: self.policy.default_label(head).cloned(),
            alternatives: Vec::new(),
            action: Action::Abstain,
            reason: Some(reason),
            source,
        }
    }

    /// The model's answer; that of a rule where there is no model, or where rules are preferred and one holds.
    fn answer_head(&self, head: Head, text: &ReadText<'_>, top_k: usize) -> Decided {
        let by_rule = || {
            let words = text.words.as_ref()?;
            let view = RuleView { words, language: text.language, channel: text.channel };
            self.rules.label(head, view)
        };
        let label = match self.model(head) {
            Some(model) if self.policy.prefer(head) == Prefer::Model => {
                return self.decide_head(head, model, text, top_k);
            }
            Some(model) => match by_rule() {
                Some(label) => Some(label),
                None => return self.decide_head(head, model, text, top_k),
            },
            None => by_rule(),
        };
        let source = Source::Rules(self.rules.version().to_owned());
        let abstaining = self.abstaining(head, Reason::NoRule, source);
        let answer = match label.cloned() {
            None => abstaining,
            label => HeadAnswer {
                label,
                default: None,
                action: Action::Auto,
                reason: None,
                ..abstaining
            },
        };
        let words = text.words.as_ref().map_or(0, TextWords::count);
        Decided { answer, probabilities: None, words: TokenCount { total: words, used: words } }
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
        if head != Head::Language && text.language.is_some_and(|code| !is_known(code)) {
            return abstain(answer, Reason::UnsupportedLanguage);
        }
        let has_terms = vector.as_ref().is_some_and(|vector| !vector.entries.is_empty());
        // An embedding tells nothing to a head that reads words alone.
        let embedding = text.embedding.filter(|_| described.encoder.is_some());
        let has_something = has_terms || embedding.is_some_and(|embedding| embedding.has_words);
        // Figures and emoji are in no language.
        let is_in_none = head == Head::Language && !text.text.contains(char::is_alphabetic);
        if !has_something || is_in_none {
            return abstain(answer, Reason::NoTokens);
        }
        let mut scored = model.head.score(TextView {
            embedding: text.embedding.map(|embedding| embedding.vector.as_slice()),
            lexical: vector.as_ref(),
        });
        if head == Head::Language {
            self.expect_languages(&described.labels, text.text, &mut scored.probabilities);
        }
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

    /// The categories that are likely enough to be one of several issues.
    fn issues(&self, head: &TextHead, probabilities: &[f64]) -> Vec<ScoredLabel> {
        let least = self.policy.label_threshold.value();
        let mut issues = rank(head, probabilities, MOST_ISSUES);
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
    /// Its words, where there are rules to look at them.
    words: Option<TextWords>,
    channel: Option<&'a Channel>,
    embedding: Option<&'a Embedding>,
    language: Option<&'static str>,
}

/// A head's answer, with the probabilities it rests on where it did not abstain.
struct Decided {
    answer: HeadAnswer,
    probabilities: Option<Vec<f64>>,
    words: TokenCount,
}

/// The first part in which two encoders differ so that their embeddings do; `None` where they give the same vectors.
#[must_use]
pub fn differing_part(trained: &EncoderIdentity, found: &EncoderIdentity) -> Option<&'static str> {
    let parts = [
        ("weights", trained.weights_sha256 != found.weights_sha256),
        ("length of its vectors", trained.dimension != found.dimension),
        ("tokenizer", trained.tokenizer_sha256 != found.tokenizer_sha256),
        ("configuration", trained.config_sha256 != found.config_sha256),
        ("pooling", trained.pooling != found.pooling),
        ("longest sequence", trained.max_tokens != found.max_tokens),
        ("prompt", trained.prompt != found.prompt),
    ];
    parts.iter().find(|(_, differs)| *differs).map(|(part, _)| *part)
}
