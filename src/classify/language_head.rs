//! The language head: which language a text is in, how likely, and what is told where no model knows it.
//!
//! Where there is a language model, it answers like every other head, but for a text which it knows little of and of which trigram
//! statistics ([`super::language`]) are sure that it is in another language: see [`unknown_language`]. Without model and rules these
//! tell the language alone, and nobody says how likely it is.

use super::answer::{Action, HeadAnswer, Reason, ScoredLabel, Source};
use super::category::LabelSet;
use super::head::TextHead;
use super::language::Evidence;
use super::{Classifier, ReadText, language};
use crate::contact::Head;
use crate::probability::Probability;
use crate::ticket::Name;

/// How often an [`unknown_language`] is the right one where the text's script tells that the model does not know it, and where
/// trigram statistics alone do: measured on `data/language/others.csv.gz`, see docs/evaluation.md.
pub const SCRIPT_PROBABILITY: f64 = 0.99;
/// See [`SCRIPT_PROBABILITY`].
pub const TRIGRAM_PROBABILITY: f64 = 0.84;
/// A text of whose pieces of words a model knows a smaller share is strange to it. Of sentences in its own languages that it was
/// not trained on it knows more: see docs/evaluation.md.
const LEAST_KNOWN_SHARE: f64 = 0.5;
/// What these statistics are called in answers: the crate and its version.
const TRIGRAMS: &str = "whatlang-0.18";

/// What is said of a text's language.
pub(super) struct ToldLanguage {
    /// The likeliest language, however likely; none where there is nothing to tell it by.
    pub(super) code: Option<&'static str>,
    /// The head's answer, where it has a model or rules.
    pub(super) answer: Option<HeadAnswer>,
}

/// ISO 639-1 code of the language that a text is in where it is none of the head's languages, as far as trigram statistics are sure
/// and the head does not know better, and how likely that is.
///
/// It does not where the text is in a script of none of its languages, and where a text of 60 letters or more is out of its scope or made of
/// pieces of words of which it knows less than half.
#[must_use]
pub fn unknown_language(
    head: &TextHead,
    text: &str,
    is_in_scope: bool,
) -> Option<(&'static str, f64)> {
    let labels = head.description().labels.labels();
    let is_label = |code: &str| labels.iter().any(|label| label.category.as_str() == code);
    let is_strange = || !is_in_scope || knows_little_of(head, text);
    let (code, evidence) = language::unknown_to(text, is_label, is_strange)?;
    let probability = match evidence {
        Evidence::Script => SCRIPT_PROBABILITY,
        Evidence::Trigrams => TRIGRAM_PROBABILITY,
    };
    Some((code, probability))
}

/// Whether the head knows less than half of the pieces of a text's words.
fn knows_little_of(head: &TextHead, text: &str) -> bool {
    let share = head.lexical().map(|part| part.features.share_of_known_pieces(text));
    share.is_some_and(|share| share < LEAST_KNOWN_SHARE)
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
        if let (Source::Model(_), Some(model)) = (&answer.source, self.model(Head::Language)) {
            answer = self.beyond_the_model(&model.head, text.text, answer);
        }
        let likeliest = match answer.reason {
            Some(Reason::LowProbability | Reason::SmallMargin) => {
                answer.alternatives.first().map(|best| &best.label)
            }
            _ => answer.label.as_ref(),
        };
        let told = likeliest.and_then(|label| language::known(label.as_str()));
        let code = told.or_else(|| match answer.reason {
            // None of those that are expected, either.
            Some(Reason::OutOfScope) if language::is_long(text.text) => {
                language::detect(text.text, &[])
            }
            _ => by_trigrams(),
        });
        ToldLanguage { code, answer: Some(answer) }
    }

    /// Leaves a short text to the languages that are expected and are written in its script: the others' probabilities go to these in
    /// their proportions. Where there are none, all stay as they are.
    pub(super) fn expect_languages(
        &self,
        labels: &LabelSet,
        text: &str,
        probabilities: &mut [f64],
    ) {
        let expected = &self.policy.expected_languages;
        let is_written = language::written_in_the_script_of(text);
        let is_expected: Vec<bool> = labels
            .labels()
            .iter()
            .map(|label| label.category.as_str())
            .map(|code| expected.iter().any(|expected| expected == code) && is_written(code))
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

    /// The model's answer where it knows the text's language; else that of trigram statistics, or none where a long text is strange to
    /// the model: one of its languages is always the likeliest, also of a text that is in none of them.
    fn beyond_the_model(&self, head: &TextHead, text: &str, by_model: HeadAnswer) -> HeadAnswer {
        let is_in_scope = by_model.reason != Some(Reason::OutOfScope);
        let told = unknown_language(head, text, is_in_scope);
        if let Some(answer) = told.and_then(|told| self.answer_of_trigrams(told)) {
            return answer;
        }
        let told = by_model.label.clone().zip(by_model.probability);
        let likeliest = told.map(|(label, probability)| ScoredLabel { label, probability });
        let mut alternatives: Vec<ScoredLabel> = likeliest.into_iter().collect();
        alternatives.extend(by_model.alternatives.iter().cloned());
        if alternatives.is_empty() || !language::is_long(text) || !knows_little_of(head, text) {
            return by_model;
        }
        HeadAnswer {
            alternatives,
            ..self.abstaining(Head::Language, Reason::OutOfScope, by_model.source)
        }
    }

    /// The answer where trigram statistics tell a language that the model does not know.
    fn answer_of_trigrams(&self, (code, probability): (&str, f64)) -> Option<HeadAnswer> {
        let label = Name::parse(code).ok()?;
        let probability = Probability::new(probability).ok()?;
        let source = Source::Trigrams(TRIGRAMS.to_owned());
        let thresholds = self.policy.thresholds(Head::Language);
        if probability < thresholds.suggest {
            return Some(HeadAnswer {
                alternatives: vec![ScoredLabel { label, probability }],
                ..self.abstaining(Head::Language, Reason::LowProbability, source)
            });
        }
        let is_sure = probability >= thresholds.auto;
        Some(HeadAnswer {
            label: Some(label),
            probability: Some(probability),
            default: None,
            alternatives: Vec::new(),
            action: if is_sure { Action::Auto } else { Action::Suggest },
            reason: (!is_sure).then_some(Reason::BelowAutoThreshold),
            source,
        })
    }
}
