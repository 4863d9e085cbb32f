//! What is said of one text: [`Classification`], with one [`HeadAnswer`] for each head.

use super::encoder::TokenCount;
use crate::contact::Head;
use crate::probability::Probability;
use crate::tag::tag;
use crate::ticket::Name;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a helpdesk should do with a classification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Sure enough to be set without a person.
    Auto,
    /// A person should confirm.
    Suggest,
    /// The model does not know; nothing should be set but the default label, where one is configured.
    Abstain,
}

impl Action {
    /// The word in answers, tags and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Suggest => "suggest",
            Self::Abstain => "abstain",
        }
    }
}

/// Why an answer is not `auto`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Likely, but below the threshold for setting it without a person.
    BelowAutoThreshold,
    /// The best label is too unlikely.
    LowProbability,
    /// The two best labels are too close.
    SmallMargin,
    /// The text is about none of the labels.
    OutOfScope,
    /// The model was not trained on texts of this language.
    UnsupportedLanguage,
    /// The model knows nothing in the text.
    NoTokens,
    /// Nothing but quotes, signatures and the like was sent.
    NothingLeft,
    /// No rule says anything about the text.
    NoRule,
}

/// What an answer rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// A trained model of this version.
    Model(String),
    /// A rule of the configuration, or that none of them applied.
    Rules(String),
    /// Trigram statistics of this version: the text is in a language that the language model does not know.
    Trigrams(String),
}

/// A label with its probability.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct ScoredLabel {
    /// The label, or a parent of labels.
    pub label: Name,
    /// Calibrated probability; that of a parent is the sum of its children's.
    pub probability: Probability,
}

/// What one head says of a text.
#[derive(Debug, Clone, PartialEq)]
pub struct HeadAnswer {
    /// The best label; none when the action is to abstain.
    pub label: Option<Name>,
    /// Its calibrated probability; none when abstaining, and where a rule said so.
    pub probability: Option<Probability>,
    /// The label to set when the action is to abstain, where one is configured.
    pub default: Option<Name>,
    /// The next best labels, most likely first; when abstaining, the best ones too.
    pub alternatives: Vec<ScoredLabel>,
    /// What to do.
    pub action: Action,
    /// Why not `auto`.
    pub reason: Option<Reason>,
    /// What it rests on.
    pub source: Source,
}

impl HeadAnswer {
    /// The label to be set or suggested: the best one, else the default.
    #[must_use]
    pub fn label_or_default(&self) -> Option<&Name> {
        self.label.as_ref().or(self.default.as_ref())
    }
}

/// What is said of one text.
#[derive(Debug, Clone, PartialEq)]
pub struct Classification {
    /// What it is about.
    pub category: HeadAnswer,
    /// The part of the taxonomy's top with the highest summed probability, a category that stands there itself included; none in a
    /// taxonomy of one level or when abstaining.
    pub area: Option<ScoredLabel>,
    /// What the best category belongs to, from the top down, and itself; empty in a taxonomy of one level or when abstaining.
    pub path: Vec<ScoredLabel>,
    /// Every category that is likely enough to be one of several issues of the text, most likely first; empty when
    /// abstaining.
    pub labels: Vec<ScoredLabel>,
    /// What the other heads say; those with neither a model nor rules are missing.
    pub heads: BTreeMap<Head, HeadAnswer>,
    /// ISO 639-1 code of the text's likeliest language, however likely, where there is anything to tell it by.
    pub language: Option<&'static str>,
    /// How much of the text was read; without an encoder, in words.
    pub tokens: TokenCount,
    /// Whether the lexical part answered alone, because the model's encoder could not be loaded.
    pub is_without_encoder: bool,
}

impl Classification {
    /// The answer of a head, where there is one.
    #[must_use]
    pub fn answer(&self, head: Head) -> Option<&HeadAnswer> {
        match head {
            Head::Category => Some(&self.category),
            other => self.heads.get(&other),
        }
    }

    /// Tags that a helpdesk can act on: `category__card_arrival`, `category_action__auto`, `language__en`.
    ///
    /// A head that abstains has the tag of its default label, where one is configured, and of its action.
    #[must_use]
    pub fn tags(&self) -> Vec<String> {
        let mut tags = Vec::new();
        for head in Head::ALL {
            let Some(answer) = self.answer(head) else { continue };
            let name = head.as_str();
            tags.extend(answer.label_or_default().map(|label| tag(name, label.as_str())));
            tags.push(tag(&format!("{name}_action"), answer.action.as_str()));
        }
        // Without a language head the language is told all the same, only not how likely it is.
        let alone = self.language.filter(|_| !self.heads.contains_key(&Head::Language));
        tags.extend(alone.map(|code| tag(Head::Language.as_str(), code)));
        tags
    }
}
