//! Words that tell a topic from all texts, and a label made of them.
//!
//! A term's weight is its share of the Kullback-Leibler divergence between the topic's texts and all texts (Carpineto et al.
//! 2001, "An information-theoretic approach to automatic query expansion"): how often it is in the topic's texts, times the
//! logarithm of how much more often than elsewhere. Function words are everywhere alike and weigh nothing, in any language.

use recontact::classify::lexical::terms::{Block, for_each_term};
use recontact::contact::ContactText;
use recontact::ticket::Name;
use std::collections::{BTreeSet, HashMap, HashSet};

/// Most keywords of a topic.
const MOST: usize = 8;
/// Most words of a proposed label.
const LABEL_WORDS: usize = 3;
/// What a keyword weighs at least, as a share of the heaviest.
const KEYWORD_WEIGHT: f64 = 0.1;
/// The same of a word of the label.
const LABEL_WEIGHT: f64 = 0.3;

/// In how many texts each word and each pair of words stands.
#[derive(Debug, Default)]
pub struct TermCounts {
    texts: usize,
    with: HashMap<String, usize>,
}

impl TermCounts {
    /// Counts over texts, each as often as it was sent.
    pub fn of<'t>(texts: impl IntoIterator<Item = (&'t ContactText, usize)>) -> Self {
        let mut counts = Self::default();
        for (text, times) in texts {
            let mut seen = HashSet::new();
            for_each_term(text.as_str(), |block, _, term| {
                if block == Block::Words && term.chars().any(char::is_alphabetic) {
                    seen.insert(term.to_owned());
                }
            });
            counts.texts += times;
            for term in seen {
                *counts.with.entry(term).or_insert(0) += times;
            }
        }
        counts
    }

    #[expect(clippy::cast_precision_loss, reason = "counts of texts")]
    fn share(&self, term: &str) -> f64 {
        // Half a text more, so that no share is nothing.
        (self.with.get(term).copied().unwrap_or_default() as f64 + 0.5) / (self.texts as f64 + 1.0)
    }

    /// The terms that tell these texts from all of them, the most telling first. A term that says nothing beyond the ones
    /// before it is left out.
    #[must_use]
    pub fn keywords(&self, all: &Self) -> Vec<String> {
        let mut said: BTreeSet<&str> = BTreeSet::new();
        let mut keywords = Vec::new();
        for term in telling(self.weighed(all), KEYWORD_WEIGHT) {
            let is_new = term.split(' ').any(|word| !said.contains(word));
            if is_new && keywords.len() < MOST {
                said.extend(term.split(' '));
                keywords.push(term.to_owned());
            }
        }
        keywords
    }

    /// The single words for a label, the most telling first.
    #[must_use]
    pub fn label_words(&self, all: &Self) -> Vec<String> {
        let words = self.weighed(all).into_iter().filter(|(_, term)| !term.contains(' ')).collect();
        telling(words, LABEL_WEIGHT).take(LABEL_WORDS).map(str::to_owned).collect()
    }

    /// Terms of more than one text that weigh something, the heaviest first.
    fn weighed(&self, all: &Self) -> Vec<(f64, &str)> {
        let mut weighed: Vec<(f64, &str)> = self
            .with
            .iter()
            .filter(|(_, texts)| **texts > 1)
            .map(|(term, _)| {
                let here = self.share(term);
                (here * (here / all.share(term)).ln(), term.as_str())
            })
            .filter(|(weight, _)| *weight > 0.0)
            .collect();
        weighed.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
        weighed
    }
}

/// The terms that weigh at least this share of what the first one weighs.
fn telling(weighed: Vec<(f64, &str)>, share: f64) -> impl Iterator<Item = &str> {
    let least = weighed.first().map_or(0.0, |(weight, _)| weight * share);
    weighed.into_iter().take_while(move |(weight, _)| *weight >= least).map(|(_, term)| term)
}

/// Labels made of words, no two alike and none of those there are already. Words too long for a name make no label.
///
/// # Errors
/// Never for words of texts.
pub fn labels(words: &[Vec<String>], taken: &BTreeSet<Name>) -> anyhow::Result<Vec<Name>> {
    let mut used: BTreeSet<String> =
        taken.iter().map(|name| name.as_str().to_lowercase()).collect();
    let mut labels = Vec::new();
    for words in words {
        let joined = words.join("_");
        // With room for a number.
        let is_name = Name::parse(&format!("{joined}_1000")).is_ok() && !joined.is_empty();
        let bare = if is_name { joined } else { "topic".to_owned() };
        let mut name = bare.clone();
        let mut number = 1;
        while !used.insert(name.clone()) {
            number += 1;
            name = format!("{bare}_{number}");
        }
        labels.push(Name::parse(&name)?);
    }
    Ok(labels)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(texts: &[&str]) -> TermCounts {
        let texts: Vec<ContactText> =
            texts.iter().map(|text| ContactText::parse(text, 1000).unwrap()).collect();
        TermCounts::of(texts.iter().map(|text| (text, 1)))
    }

    #[test]
    fn what_stands_everywhere_is_no_keyword_in_any_language() {
        let topic = ["где моя карта", "где же карта", "карта не пришла", "моя карта где"];
        let others = ["где мои деньги", "моя оплата не прошла", "где перевод", "не пришла оплата"];
        let all: Vec<&str> = topic.iter().chain(&others).copied().collect();
        let found = counts(&topic).keywords(&counts(&all));
        assert_eq!(found[0], "карта");
        assert!(!found.contains(&"не".to_owned()), "{found:?}");
    }

    #[test]
    fn a_pair_that_says_no_new_word_is_left_out() {
        let topic = ["lost my card", "lost my card", "card lost"];
        let found = counts(&topic).keywords(&counts(&["lost my card", "x", "y my", "z my", "q"]));
        let words: Vec<&str> = found.iter().flat_map(|term| term.split(' ')).collect();
        let distinct: BTreeSet<&&str> = words.iter().collect();
        assert!(distinct.len() * 2 > words.len(), "{found:?}");
    }

    #[test]
    fn labels_are_names_that_nobody_has_yet() {
        let words = |terms: &[&str]| terms.iter().map(|term| (*term).to_owned()).collect();
        let taken = BTreeSet::from([Name::parse("card_lost").unwrap()]);
        let topics = [
            words(&["card", "lost"]),
            words(&["карта"]),
            words(&["карта"]),
            words(&[]),
            words(&["x".repeat(500).as_str()]),
        ];
        let found = labels(&topics, &taken).unwrap();
        let found: Vec<&str> = found.iter().map(Name::as_str).collect();
        assert_eq!(found, ["card_lost_2", "карта", "карта_2", "topic", "topic_2"]);
    }
}
