//! The taxonomy a model was trained on, and what is said of one text: [`LabelSet`], [`Classification`].

use super::encoder::TokenCount;
use crate::probability::Probability;
use crate::ticket::{IssueCategory, Name};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The categories a model can answer with, and nothing else. At least two, all different, in the order of its weights.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Label>", into = "Vec<Label>")]
pub struct LabelSet(Vec<Label>);

/// One category and the area it belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Label {
    /// The category.
    pub category: IssueCategory,
    /// The group of categories it belongs to, where the taxonomy has two levels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub area: Option<Name>,
}

/// Why a list of labels is no [`LabelSet`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LabelSetError {
    /// Fewer than two categories.
    #[error("expected at least 2 categories, got {0}")]
    TooFew(usize),
    /// The same category twice.
    #[error("the category {0:?} stands twice in the label set")]
    Duplicate(String),
}

impl LabelSet {
    /// Checks a list of labels.
    ///
    /// # Errors
    /// [`LabelSetError`] for fewer than two labels or the same category twice.
    pub fn new(labels: Vec<Label>) -> Result<Self, LabelSetError> {
        if labels.len() < 2 {
            return Err(LabelSetError::TooFew(labels.len()));
        }
        let mut seen = BTreeSet::new();
        for label in &labels {
            if !seen.insert(label.category.as_str()) {
                return Err(LabelSetError::Duplicate(label.category.to_string()));
            }
        }
        Ok(Self(labels))
    }

    /// The labels in the order of the model's weights.
    #[must_use]
    pub fn labels(&self) -> &[Label] {
        &self.0
    }
}

impl TryFrom<Vec<Label>> for LabelSet {
    type Error = LabelSetError;

    fn try_from(labels: Vec<Label>) -> Result<Self, Self::Error> {
        Self::new(labels)
    }
}

impl From<LabelSet> for Vec<Label> {
    fn from(labels: LabelSet) -> Self {
        labels.0
    }
}

/// What a helpdesk should do with a classification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Sure enough to be set without a person.
    Auto,
    /// A person should confirm.
    Suggest,
    /// The model does not know; nothing should be set.
    Abstain,
}

/// Why a classification is not `auto`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Likely, but below the threshold for setting it without a person.
    BelowAutoThreshold,
    /// The best category is too unlikely.
    LowProbability,
    /// The two best categories are too close.
    SmallMargin,
    /// The model was not trained on texts of this language.
    UnsupportedLanguage,
    /// The tokenizer knows nothing in the text.
    NoTokens,
}

/// A category with its probability.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ScoredLabel {
    /// The category or area.
    pub label: Name,
    /// Calibrated probability.
    pub probability: Probability,
}

/// What is said of one text.
#[derive(Debug, Clone, PartialEq)]
pub struct Classification {
    /// The best category; none when the action is to abstain.
    pub category: Option<ScoredLabel>,
    /// The area with the highest summed probability of its categories; none without areas or when abstaining.
    pub area: Option<ScoredLabel>,
    /// The next best categories, most likely first; when abstaining, the best ones too.
    pub alternatives: Vec<ScoredLabel>,
    /// What to do.
    pub action: Action,
    /// Why not `auto`.
    pub reason: Option<Reason>,
    /// ISO 639-1 code of the text's language, where one can be told.
    pub language: Option<&'static str>,
    /// How much of the text was read.
    pub tokens: TokenCount,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(category: &str) -> Label {
        Label { category: Name::parse(category).unwrap(), area: None }
    }

    #[test]
    fn a_label_set_has_at_least_two_different_categories() {
        assert_eq!(LabelSet::new(vec![label("a")]), Err(LabelSetError::TooFew(1)));
        let twice = LabelSet::new(vec![label("а"), label("б"), label("а")]);
        assert_eq!(twice, Err(LabelSetError::Duplicate("а".into())));
    }
}
