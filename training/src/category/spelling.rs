//! [`Spellings`]: labels that differ only by case or spaces are one label.

use recontact::ticket::Name;
use std::collections::{BTreeMap, HashMap};

/// How each label is written.
#[derive(Debug, Clone, Default)]
pub struct Spellings {
    chosen: HashMap<String, Name>,
    merged: Vec<Merged>,
}

/// A label that was written in several ways.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Merged {
    /// The spelling that is kept: the most frequent one.
    pub kept: Name,
    /// The others.
    pub others: Vec<Name>,
}

impl Spellings {
    /// Takes the most frequent spelling of each label, the first in alphabetical order of equally frequent ones.
    #[must_use]
    pub fn of(labels: &[Name]) -> Self {
        let mut counts: BTreeMap<String, BTreeMap<&Name, usize>> = BTreeMap::new();
        for label in labels {
            *counts.entry(key(label)).or_default().entry(label).or_insert(0) += 1;
        }
        let mut spellings = Self::default();
        for (key, counts) in counts {
            let mut names: Vec<(&Name, usize)> = counts.into_iter().collect();
            names.sort_by_key(|(name, count)| (std::cmp::Reverse(*count), *name));
            let mut names = names.into_iter().map(|(name, _)| name.clone());
            let Some(kept) = names.next() else { continue };
            let others: Vec<Name> = names.collect();
            if !others.is_empty() {
                spellings.merged.push(Merged { kept: kept.clone(), others });
            }
            spellings.chosen.insert(key, kept);
        }
        spellings
    }

    /// The kept spelling of a label; one that was not among the labels stays as it is.
    #[must_use]
    pub fn kept<'a>(&'a self, label: &'a Name) -> &'a Name {
        self.chosen.get(&key(label)).unwrap_or(label)
    }

    /// Writes every label in its kept spelling.
    pub fn apply(&self, labels: &mut [Name]) {
        for label in labels {
            let kept = self.kept(label);
            if kept != label {
                *label = kept.clone();
            }
        }
    }

    /// Labels that were written in several ways.
    #[must_use]
    pub fn merged(&self) -> &[Merged] {
        &self.merged
    }
}

fn key(label: &Name) -> String {
    let words: Vec<&str> = label.as_str().split_whitespace().collect();
    words.join(" ").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<Name> {
        names.iter().map(|name| Name::parse(name).unwrap()).collect()
    }

    #[test]
    fn the_most_frequent_spelling_is_kept() {
        let mut labels =
            names(&["Refund", "refund", "refund", "Жалоба  на курьера", "жалоба на курьера"]);
        let spellings = Spellings::of(&labels);
        spellings.apply(&mut labels);
        assert_eq!(
            labels,
            names(&["refund", "refund", "refund", "Жалоба  на курьера", "Жалоба  на курьера"])
        );
        assert_eq!(spellings.merged().len(), 2);
    }

    #[test]
    fn different_labels_stay_different() {
        let labels = names(&["card_lost", "card lost", "card-lost"]);
        assert!(Spellings::of(&labels).merged().is_empty());
        let unknown = Name::parse("other").unwrap();
        assert_eq!(Spellings::of(&labels).kept(&unknown), &unknown);
    }
}
