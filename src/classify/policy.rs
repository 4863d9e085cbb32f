//! [`ClassifyPolicy`]: when to trust a label.

use super::language;
use super::rules::{RuleSet, RuleText};
use crate::contact::Head;
use crate::probability::Probability;
use crate::ticket::Name;
use serde::Deserialize;
use std::collections::BTreeMap;

/// When to trust a label. All of it is configuration.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassifyPolicy {
    /// From this probability on the action is `auto`. Above `suggest_threshold`.
    pub auto_threshold: Probability,
    /// Below this probability the action is `abstain`.
    pub suggest_threshold: Probability,
    /// Smallest distance between the two best labels; below it the action is `abstain`.
    pub min_margin: Probability,
    /// From this probability on a category is one of the several issues of a text.
    pub label_threshold: Probability,
    /// ISO 639-1 codes of the languages that a text of fewer than 60 letters may be in; a model that knows none of them is
    /// not held to it.
    pub expected_languages: Vec<String>,
    /// Who answers where a head has a model and rules.
    #[serde(default)]
    pub prefer: Prefer,
    /// What is otherwise for single heads.
    #[serde(default)]
    pub heads: BTreeMap<Head, HeadPolicy>,
    /// Labels by words and phrases.
    #[serde(default)]
    pub rules: Vec<RuleText>,
}

/// Who answers where a head has a model and rules.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Prefer {
    /// The model; rules are for heads without one.
    #[default]
    Model,
    /// The first rule that holds, and the model where none does.
    Rules,
}

/// What is otherwise for one head.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeadPolicy {
    /// In place of the policy's `auto_threshold`.
    pub auto_threshold: Option<Probability>,
    /// In place of the policy's `suggest_threshold`.
    pub suggest_threshold: Option<Probability>,
    /// In place of the policy's `min_margin`.
    pub min_margin: Option<Probability>,
    /// In place of the policy's `prefer`.
    pub prefer: Option<Prefer>,
    /// The label to set when the head abstains.
    pub default: Option<Name>,
}

/// The thresholds of one head, with `auto` above `suggest`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Thresholds {
    /// From this probability on the action is `auto`.
    pub auto: Probability,
    /// Below this probability the action is `abstain`.
    pub suggest: Probability,
    /// Smallest distance between the two best labels.
    pub margin: Probability,
}

impl ClassifyPolicy {
    /// Checks what the fields' types cannot say.
    ///
    /// # Errors
    /// The field and what was expected.
    pub fn validate(&self) -> Result<(), String> {
        check_order("", self.auto_threshold, self.suggest_threshold)?;
        for head in self.heads.keys() {
            let thresholds = self.thresholds(*head);
            let place = format!("heads.{}: ", head.as_str());
            check_order(&place, thresholds.auto, thresholds.suggest)?;
        }
        RuleSet::compile(&self.rules)?;
        if let Some(label) =
            self.default_label(Head::Language).filter(|l| !language::is_known(l.as_str()))
        {
            let label = label.as_str();
            return Err(format!(
                "heads.language: default: {label:?} is no ISO 639-1 code known here"
            ));
        }
        match self.expected_languages.iter().find(|code| !language::is_known(code)) {
            Some(code) => {
                Err(format!("expected_languages: {code:?} is no ISO 639-1 code known here"))
            }
            None => Ok(()),
        }
    }

    /// The thresholds of a head.
    #[must_use]
    pub fn thresholds(&self, head: Head) -> Thresholds {
        let own = self.heads.get(&head);
        let of = |own: Option<Probability>, common| own.unwrap_or(common);
        Thresholds {
            auto: of(own.and_then(|own| own.auto_threshold), self.auto_threshold),
            suggest: of(own.and_then(|own| own.suggest_threshold), self.suggest_threshold),
            margin: of(own.and_then(|own| own.min_margin), self.min_margin),
        }
    }

    /// Who answers for a head that has a model and rules.
    #[must_use]
    pub fn prefer(&self, head: Head) -> Prefer {
        self.heads.get(&head).and_then(|own| own.prefer).unwrap_or(self.prefer)
    }

    /// The label to set when a head abstains.
    #[must_use]
    pub fn default_label(&self, head: Head) -> Option<&Name> {
        self.heads.get(&head).and_then(|own| own.default.as_ref())
    }
}

fn check_order(place: &str, auto: Probability, suggest: Probability) -> Result<(), String> {
    if auto > suggest {
        return Ok(());
    }
    Err(format!(
        "{place}auto_threshold {} must be above suggest_threshold {}",
        auto.value(),
        suggest.value()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(heads: &str) -> Result<ClassifyPolicy, String> {
        let text = format!(
            "auto_threshold = 0.8\nsuggest_threshold = 0.2\nmin_margin = 0.02\nlabel_threshold = 0.3\n\
             expected_languages = [\"en\"]\n{heads}"
        );
        let policy: ClassifyPolicy = toml::from_str(&text).map_err(|e| e.to_string())?;
        policy.validate().map(|()| policy)
    }

    #[test]
    fn a_head_has_its_own_thresholds_where_they_are_given() {
        let policy = policy("[heads.urgency]\nauto_threshold = 0.6\ndefault = \"normal\"").unwrap();
        assert!((policy.thresholds(Head::Urgency).auto.value() - 0.6).abs() < 1e-12);
        assert!((policy.thresholds(Head::Urgency).suggest.value() - 0.2).abs() < 1e-12);
        assert!((policy.thresholds(Head::Team).auto.value() - 0.8).abs() < 1e-12);
        assert_eq!(policy.default_label(Head::Urgency).map(Name::as_str), Some("normal"));
    }

    #[test]
    fn auto_below_suggest_is_refused_for_a_single_head_too() {
        let refused = policy("[heads.team]\nauto_threshold = 0.1").unwrap_err();
        assert!(refused.contains("heads.team"), "{refused}");
        let refused = policy("[heads.language]\ndefault = \"english\"").unwrap_err();
        assert!(refused.contains("heads.language: default: \"english\""), "{refused}");
        assert!(policy("[heads.colour]\nauto_threshold = 0.9").is_err());
    }
}
