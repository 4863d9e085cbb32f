//! Does every channel give the same answer? Told by what is said, not by how it is written.
//!
//! Two answers are the same when their words are, with markup, case, white space, punctuation, greeting and farewell taken away.
//! Where they are not, the similarity of the wording is told: Dice's coefficient of the words, twice the number of common words
//! over the number of all (Dice 1945, Ecology 26:297). Facts that differ ([`facts`](super::facts)) are told whatever the wording, and
//! so is a channel in which customers come and which has no answer.

use super::facts::{Fact, FactKind, facts};
use super::normal_text::{without_markup, words};
use crate::contact::Channel;
use crate::risk::Language;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use utoipa::ToSchema;

/// Whether every channel gives the same answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Consistency {
    /// True when nothing was found.
    pub ok: bool,
    /// What differs.
    pub findings: Vec<Finding>,
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Finding {
    /// The channels it is about.
    #[schema(value_type = Vec<String>)]
    pub channels: Vec<Channel>,
    /// What kind of difference.
    pub kind: FindingKind,
    /// The difference in words, in the language of Accept-Language.
    pub detail: String,
    /// For wording: how much the answers have in common, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub similarity: Option<f64>,
}

/// What kind of difference it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// Customers come in this channel, and the plan has no answer for it.
    MissingAnswer,
    /// Other numbers.
    Number,
    /// Other amounts of money or percentages.
    Amount,
    /// Other dates.
    Date,
    /// Other times of day.
    Time,
    /// Other links.
    Link,
    /// Other e-mail addresses.
    Email,
    /// Other telephone numbers.
    Phone,
    /// Other words.
    Wording,
}

/// A channel in which customers came with the plan's issue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelSeen {
    /// The channel.
    pub channel: Channel,
    /// How many episodes.
    pub episodes: u64,
}

/// Compares the answers of all channels with each other and with the channels in which customers come.
#[must_use]
pub fn check(
    answers: &BTreeMap<Channel, String>,
    seen: &[ChannelSeen],
    language: Language,
) -> Consistency {
    let plain: Vec<(&Channel, String)> =
        answers.iter().map(|(channel, answer)| (channel, without_markup(answer))).collect();
    let mut findings: Vec<Finding> = seen
        .iter()
        .filter(|seen| !answers.contains_key(&seen.channel))
        .map(|seen| missing(seen, language))
        .collect();
    findings.extend(different_facts(&plain, language));
    findings.extend(different_wording(&plain, language));
    Consistency { ok: findings.is_empty(), findings }
}

/// Dice's coefficient of two lists of words, each word as often as it stands there; 1 for two empty ones.
#[must_use]
pub fn similarity(a: &[String], b: &[String]) -> f64 {
    let mut counts: BTreeMap<&str, i64> = BTreeMap::new();
    for word in a {
        *counts.entry(word).or_default() += 1;
    }
    let mut common = 0.0;
    for word in b {
        if let Some(left) = counts.get_mut(word.as_str()).filter(|left| **left > 0) {
            *left -= 1;
            common += 1.0;
        }
    }
    let all = a.len() + b.len();
    #[expect(clippy::cast_precision_loss, reason = "numbers of words fit into 53 bits")]
    let share = if all == 0 { 1.0 } else { 2.0 * common / all as f64 };
    share
}

fn missing(seen: &ChannelSeen, language: Language) -> Finding {
    let (channel, n) = (&seen.channel, seen.episodes);
    let detail = match language {
        Language::En => {
            format!("{channel}: customers come here ({n} episodes), and there is no answer")
        }
        Language::Ru => format!("{channel}: здесь есть обращения (эпизодов: {n}), а ответа нет"),
        Language::Be => format!("{channel}: тут ёсць звароты (эпізодаў: {n}), а адказу няма"),
        Language::Uk => format!("{channel}: тут є звернення (епізодів: {n}), а відповіді немає"),
    };
    let channels = vec![channel.clone()];
    Finding { channels, kind: FindingKind::MissingAnswer, detail, similarity: None }
}

/// One finding for each kind of fact that is not the same in all channels.
fn different_facts(plain: &[(&Channel, String)], language: Language) -> Vec<Finding> {
    let found: Vec<(&Channel, BTreeSet<Fact>)> =
        plain.iter().map(|(channel, answer)| (*channel, facts(answer))).collect();
    let mut findings = Vec::new();
    for kind in FactKind::ALL {
        let values = |facts: &BTreeSet<Fact>| -> Vec<String> {
            facts.iter().filter(|fact| fact.kind == kind).map(|fact| fact.value.clone()).collect()
        };
        let by_channel: Vec<(&Channel, Vec<String>)> =
            found.iter().map(|(channel, facts)| (*channel, values(facts))).collect();
        if by_channel.windows(2).all(|pair| pair[0].1 == pair[1].1) {
            continue;
        }
        let none = match language {
            Language::En => "none",
            Language::Ru => "нет",
            Language::Be => "няма",
            Language::Uk => "немає",
        };
        let told = by_channel.iter().map(|(channel, values)| {
            let values = if values.is_empty() { none.to_owned() } else { values.join(", ") };
            format!("{channel}: {values}")
        });
        findings.push(Finding {
            channels: by_channel.iter().map(|(channel, _)| (*channel).clone()).collect(),
            kind: kind.into(),
            detail: told.collect::<Vec<_>>().join("; "),
            similarity: None,
        });
    }
    findings
}

/// Groups of channels that say the same; each smaller group is compared with the largest one.
fn different_wording(plain: &[(&Channel, String)], language: Language) -> Vec<Finding> {
    let mut groups: BTreeMap<Vec<String>, Vec<Channel>> = BTreeMap::new();
    for (channel, answer) in plain {
        groups.entry(words(answer)).or_default().push((*channel).clone());
    }
    let mut groups: Vec<(Vec<String>, Vec<Channel>)> = groups.into_iter().collect();
    // The largest first; of equally large ones the one with the first channel in the alphabet.
    groups.sort_by(|(_, a), (_, b)| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    let Some(((usual, usual_channels), others)) = groups.split_first() else { return Vec::new() };
    let finding = |(said, channels): &(Vec<String>, Vec<Channel>)| {
        let share = similarity(usual, said);
        let percent = (share * 100.0).round();
        let (a, b) = (listed(usual_channels), listed(channels));
        let detail = match language {
            Language::En => format!("{a} and {b} say it in other words ({percent} % in common)"),
            Language::Ru => format!("{a} и {b}: разные слова (общего {percent} %)"),
            Language::Be => format!("{a} і {b}: розныя словы (агульнага {percent} %)"),
            Language::Uk => format!("{a} і {b}: різні слова (спільного {percent} %)"),
        };
        Finding {
            channels: usual_channels.iter().chain(channels).cloned().collect(),
            kind: FindingKind::Wording,
            detail,
            similarity: Some(share),
        }
    };
    others.iter().map(finding).collect()
}

fn listed(channels: &[Channel]) -> String {
    channels.iter().map(Channel::as_str).collect::<Vec<_>>().join(", ")
}

impl From<FactKind> for FindingKind {
    fn from(kind: FactKind) -> Self {
        match kind {
            FactKind::Number => Self::Number,
            FactKind::Amount => Self::Amount,
            FactKind::Date => Self::Date,
            FactKind::Time => Self::Time,
            FactKind::Link => Self::Link,
            FactKind::Email => Self::Email,
            FactKind::Phone => Self::Phone,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ticket::Name;
    use proptest::prelude::*;

    fn answers(of: &[(&str, &str)]) -> BTreeMap<Channel, String> {
        of.iter()
            .map(|(channel, text)| (Name::parse(channel).unwrap(), (*text).to_owned()))
            .collect()
    }

    fn kinds(of: &[(&str, &str)]) -> Vec<FindingKind> {
        check(&answers(of), &[], Language::En).findings.iter().map(|found| found.kind).collect()
    }

    #[test]
    fn the_same_answer_in_other_clothes_is_the_same() {
        let same = [
            ("chat", "Open the app, choose Cards and wait 3 days."),
            ("email", "<p>Hello!</p><p>Open the app, choose <b>Cards</b> and wait 3 days</p>"),
            ("phone", "OPEN THE APP, CHOOSE CARDS AND WAIT 3 DAYS"),
        ];
        assert_eq!(kinds(&same), []);
        assert!(check(&answers(&same), &[], Language::En).ok);
        assert!(check(&answers(&[]), &[], Language::En).ok);
    }

    #[test]
    fn facts_that_differ_are_told_with_the_channels_and_values() {
        let report = check(
            &answers(&[
                ("chat", "It takes 3 days and costs 10 EUR, see bank.by/cards"),
                ("email", "It takes 5 days and costs 12 EUR, see bank.by/card"),
                ("phone", "It takes 3 days and costs 10 EUR, see bank.by/cards"),
            ]),
            &[],
            Language::En,
        );
        let told: Vec<_> =
            report.findings.iter().map(|found| (found.kind, found.detail.as_str())).collect();
        assert_eq!(told[0], (FindingKind::Number, "chat: 3; email: 5; phone: 3"));
        assert_eq!(told[1], (FindingKind::Amount, "chat: 10 EUR; email: 12 EUR; phone: 10 EUR"));
        assert_eq!(told[2].0, FindingKind::Link);
        assert_eq!(told[3].0, FindingKind::Wording);
        assert!(!report.ok);
        let wording = &report.findings[3];
        assert_eq!(
            wording.channels.iter().map(Name::as_str).collect::<Vec<_>>(),
            ["chat", "phone", "email"]
        );
        assert!(wording.similarity.unwrap() > 0.6);
    }

    #[test]
    fn a_small_word_that_turns_the_meaning_is_told() {
        let said = [("chat", "You can cancel it."), ("email", "You can not cancel it.")];
        assert_eq!(kinds(&said), [FindingKind::Wording]);
    }

    #[test]
    fn a_channel_that_customers_use_needs_an_answer() {
        let seen = [("chat", 12), ("phone", 3)].map(|(channel, episodes)| ChannelSeen {
            channel: Name::parse(channel).unwrap(),
            episodes,
        });
        let report = check(&answers(&[("chat", "Use the app.")]), &seen, Language::Ru);
        assert_eq!(report.findings.len(), 1);
        assert_eq!(report.findings[0].kind, FindingKind::MissingAnswer);
        assert_eq!(
            report.findings[0].detail,
            "phone: здесь есть обращения (эпизодов: 3), а ответа нет"
        );
    }

    proptest! {
        #[test]
        fn similarity_is_symmetric_and_one_for_the_same(
            a in prop::collection::vec("[a-c]", 0..8),
            b in prop::collection::vec("[a-c]", 0..8),
        ) {
            let share = similarity(&a, &b);
            prop_assert!((0.0..=1.0).contains(&share));
            prop_assert!((share - similarity(&b, &a)).abs() < 1e-12);
            prop_assert!((similarity(&a, &a) - 1.0).abs() < 1e-12);
        }
    }
}
