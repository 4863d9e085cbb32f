//! The taxonomy a model was trained on: [`LabelSet`].

use crate::ticket::{IssueCategory, Name};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The categories a model can answer with, and nothing else. At least two, all different, in the order of its weights.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Label>", into = "Vec<Label>")]
pub struct LabelSet(Vec<Label>);

/// One category and what it belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Label {
    /// The category.
    pub category: IssueCategory,
    /// What it belongs to, from the top of the taxonomy down to its parent; empty where the taxonomy has one level.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parents: Vec<Name>,
}

impl Label {
    /// A category of a taxonomy with one level.
    #[must_use]
    pub fn flat(category: IssueCategory) -> Self {
        Self { category, parents: Vec::new() }
    }

    /// The top of the taxonomy above it, where there is one.
    #[must_use]
    pub fn area(&self) -> Option<&Name> {
        self.parents.first()
    }
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
    /// A name that is a category and has categories below it.
    #[error("{0:?} is a category and the parent of another one")]
    CategoryAndParent(String),
    /// A parent that stands below itself or below two others.
    #[error("{0:?} stands at two places of the taxonomy")]
    TwoPlaces(String),
}

impl LabelSet {
    /// Checks a list of labels.
    ///
    /// # Errors
    /// [`LabelSetError`] for fewer than two labels, the same category twice, or parents that form no tree.
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
        let mut place_of = BTreeMap::new();
        for label in &labels {
            for (level, parent) in label.parents.iter().enumerate() {
                if seen.contains(parent.as_str()) {
                    return Err(LabelSetError::CategoryAndParent(parent.to_string()));
                }
                let above = &label.parents[..level];
                if *place_of.entry(parent).or_insert(above) != above {
                    return Err(LabelSetError::TwoPlaces(parent.to_string()));
                }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn label(category: &str) -> Label {
        Label::flat(Name::parse(category).unwrap())
    }

    #[test]
    fn a_label_set_has_at_least_two_different_categories() {
        assert_eq!(LabelSet::new(vec![label("a")]), Err(LabelSetError::TooFew(1)));
        let twice = LabelSet::new(vec![label("а"), label("б"), label("а")]);
        assert_eq!(twice, Err(LabelSetError::Duplicate("а".into())));
    }
    #[test]
    fn parents_form_a_tree_above_the_categories() {
        let below = |category: &str, parents: &[&str]| {
            let parents = parents.iter().map(|name| Name::parse(name).unwrap()).collect();
            Label { category: Name::parse(category).unwrap(), parents }
        };
        let set = LabelSet::new(vec![below("a", &["top", "left"]), below("b", &["top"])]).unwrap();
        assert_eq!(set.labels()[0].area().unwrap().as_str(), "top");
        let both = LabelSet::new(vec![below("a", &["b"]), below("b", &[])]);
        assert_eq!(both, Err(LabelSetError::CategoryAndParent("b".into())));
        let two = LabelSet::new(vec![below("a", &["x", "left"]), below("b", &["y", "left"])]);
        assert_eq!(two, Err(LabelSetError::TwoPlaces("left".into())));
        let circle = LabelSet::new(vec![below("a", &["x", "x"]), below("b", &[])]);
        assert_eq!(circle, Err(LabelSetError::TwoPlaces("x".into())));
    }
}
