//! The language head: which language a text is in, how likely, and what is told where no model knows it.
//!
//! Where there is a language model, it answers like every other head, but for a long text of which trigram statistics
//! ([`super::language`]) are sure that it is in a language which the model does not know. Without model and rules these tell the language alone,
//! and nobody says how likely it is.

use super::answer::{Action, HeadAnswer, Reason, ScoredLabel, Source};
use super::category::LabelSet;
use super::{Classifier, ReadText, language};
use crate::contact::Head;
use crate::probability::Probability;
use crate::ticket::Name;

/// How often trigram statistics are right that a long text is in a language which the shipped model does not know, where they
/// call themselves reliable: measured on the test part of `data/language`, see docs/evaluation.md.
pub const TRIGRAM_PROBABILITY: f64 = 0.84;
/// What these statistics are called in answers: the crate and its version.
const TRIGRAMS: &str = "whatlang-0.18";

/// What is said of a text's language.
pub(super) struct ToldLanguage {
    /// The likeliest language, however likely; none where there is nothing to tell it by.
    pub(super) code: Option<&'static str>,
    /// The head's answer, where it has a model or rules.
    pub(super) answer: Option<HeadAnswer>,
}

impl Classifier {
    /// The text's language, and the language head's answer.
    pub(super) fn tell_language(&self, text: &ReadText<'_>, top_k: usize) -> ToldLanguage {
        let by_trigrams = || language::detect(text.text, &self.policy.expected_languages);
        if !self.answers(Head::Language) {
            return ToldLanguage { code: by_trigrams(), answer: None };
        }
        // The likeliest label is needed also where nobody asks for alternatives.
        let mut answer = self.answer_head(Head::Language, text, top_k.max(1)).answer;
        if matches!(answer.source, Source::Model(_)) {
            answer = self.unknown_language(text.text, answer);
        }
        let likeliest = match answer.reason {
            Some(Reason::LowProbability | Reason::SmallMargin) => {
                answer.alternatives.first().map(|best| &best.label)
            }
            _ => answer.label.as_ref(),
        };
        let code = likeliest.and_then(|label| language::known(label.as_str())).or_else(by_trigrams);
        ToldLanguage { code, answer: Some(answer) }
    }

    /// Leaves a short text to the languages that are expected: the others' probabilities go to these in their proportions.
    pub(super) fn expect_languages(
        &self,
        labels: &LabelSet,
        text: &str,
        probabilities: &mut [f64],
    ) {
        let is_expected: Vec<bool> = labels
            .labels()
            .iter()
            .map(|label| {
                self.policy.expected_languages.iter().any(|code| code == label.category.as_str())
            })
            .collect();
        if is_expected.iter().all(|is| *is) || language::is_long(text) {
            return;
        }
        let expected = probabilities.iter().zip(&is_expected).filter(|(_, is)| **is);
        let sum: f64 = expected.map(|(probability, _)| probability).sum();
        if sum > 0.0 {
            for (probability, is_expected) in probabilities.iter_mut().zip(is_expected) {
                *probability = if is_expected { *probability / sum } else { 0.0 };
            }
        }
    }

    /// The answer of trigram statistics where they are sure that a text is in a language which the model does not know; else the
    /// model's stays.
    fn unknown_language(&self, text: &str, by_model: HeadAnswer) -> HeadAnswer {
        let is_label = |code: &str| {
            self.model(Head::Language).is_some_and(|model| {
                let labels = model.head.description().labels.labels();
                labels.iter().any(|label| label.category.as_str() == code)
            })
        };
        let told = language::unknown_to(text, is_label).and_then(|code| Name::parse(code).ok());
        let (Some(label), Ok(probability)) = (told, Probability::new(TRIGRAM_PROBABILITY)) else {
            return by_model;
        };
        let source = Source::Trigrams(TRIGRAMS.to_owned());
        let thresholds = self.policy.thresholds(Head::Language);
        if probability < thresholds.suggest {
            return HeadAnswer {
                alternatives: vec![ScoredLabel { label, probability }],
                ..self.abstaining(Head::Language, Reason::LowProbability, source)
            };
        }
        let is_sure = probability >= thresholds.auto;
        HeadAnswer {
            label: Some(label),
            probability: Some(probability),
            default: None,
            alternatives: Vec::new(),
            action: if is_sure { Action::Auto } else { Action::Suggest },
            reason: (!is_sure).then_some(Reason::BelowAutoThreshold),
            source,
        }
    }
}
