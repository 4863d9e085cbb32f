//! What was found: topics, described by their texts.

use super::TopicsArgs;
use super::asked::{Asked, Different};
use super::cluster::{Groups, group};
use super::keywords::{TermCounts, labels};
use super::read::Sent;
use crate::category::report::share;
use ndarray::Array2;
use recontact::classify::language;
use recontact::ticket::Name;
use serde::Serialize;
use std::collections::BTreeMap;

/// Examples that are told of a topic.
const EXAMPLES: usize = 5;
/// Languages that are told of a topic: those with at least this share of its texts.
const LANGUAGE_SHARE: f64 = 0.05;

/// Everything that was found.
#[derive(Debug, Serialize)]
pub struct Topics {
    /// The file.
    pub file: String,
    /// Its texts.
    pub texts: usize,
    /// The model that was asked; null without one.
    pub model: Option<String>,
    /// Texts without an answer, by reason; without a model those alone that there is nothing to group by.
    pub abstained: BTreeMap<String, usize>,
    /// Texts that were looked at for topics.
    pub grouped: usize,
    /// Those that belong to no topic.
    pub without_topic: usize,
    /// The topics, the largest first.
    pub topics: Vec<Topic>,
    /// Mean silhouette with each number of groups that was tried.
    pub tried: Vec<(usize, f64)>,
}

/// What some texts are about.
#[derive(Debug, Serialize)]
pub struct Topic {
    /// The proposed label.
    pub label: Name,
    /// Its texts, equal ones as often as they occur.
    pub texts: usize,
    /// Different texts.
    pub different: usize,
    /// Mean cosine of its texts with their middle.
    pub cohesion: f64,
    /// Words that tell it from all texts.
    pub keywords: Vec<String>,
    /// The texts nearest to its middle.
    pub examples: Vec<String>,
    /// ISO 639-1 codes of its languages, the most frequent first.
    pub languages: Vec<String>,
    /// The label of the model that its texts come nearest to; null without a model.
    pub nearest_label: Option<NearestLabel>,
}

/// The label that most texts of a topic come nearest to.
#[derive(Debug, Clone, Serialize)]
pub struct NearestLabel {
    /// Which.
    pub label: Name,
    /// Share of the texts.
    pub share: f64,
}

/// What was found, and the topic of each open text with its cosine.
pub type Found = (Topics, Vec<(usize, Option<usize>, f64)>);

/// Groups the texts without an answer and describes the groups.
///
/// # Errors
/// As [`group`].
pub fn find(
    args: &TopicsArgs,
    file: String,
    model: Option<String>,
    sent: &[Sent],
    texts: &[Different],
    asked: Asked,
) -> anyhow::Result<Found> {
    let mut x = Array2::zeros((asked.open.len(), asked.dimension));
    for (mut row, vector) in x.rows_mut().into_iter().zip(&asked.vectors) {
        row.iter_mut().zip(vector).for_each(|(cell, value)| *cell = f64::from(*value));
    }
    let wanted = args.topics.map(usize::from);
    let groups = group(&x, wanted, usize::from(args.min_texts), args.seed)?;
    let topics = topics(texts, &asked, &groups)?;
    let mut of = Vec::new();
    for (at, (topic, cosine)) in asked.open.iter().zip(groups.of.iter().zip(&groups.cosine)) {
        of.extend(texts[*at].sent.iter().map(|row| (*row, *topic, *cosine)));
    }
    of.sort_by_key(|(row, _, _)| *row);
    let found = Topics {
        file,
        texts: sent.len() + asked.reasons.get("nothing_left").copied().unwrap_or_default(),
        model,
        abstained: asked.reasons,
        grouped: of.len(),
        without_topic: of.iter().filter(|(_, topic, _)| topic.is_none()).count(),
        topics,
        tried: groups.tried,
    };
    Ok((found, of))
}

fn topics(texts: &[Different], asked: &Asked, groups: &Groups) -> anyhow::Result<Vec<Topic>> {
    let open = |at: usize| &texts[asked.open[at]];
    let all = TermCounts::of(texts.iter().map(|text| (&text.text, text.sent.len())));
    let members: Vec<Vec<usize>> = (0..groups.count)
        .map(|topic| (0..asked.open.len()).filter(|at| groups.of[*at] == Some(topic)).collect())
        .collect();
    let counts: Vec<TermCounts> = members
        .iter()
        .map(|members| {
            TermCounts::of(members.iter().map(|at| (&open(*at).text, open(*at).sent.len())))
        })
        .collect();
    let words: Vec<Vec<String>> = counts.iter().map(|counts| counts.label_words(&all)).collect();
    let labels = labels(&words, &asked.labels)?;
    let keywords = counts.iter().map(|counts| counts.keywords(&all));
    let described = members.iter().zip(keywords).zip(labels);
    Ok(described
        .map(|((members, keywords), label)| {
            let mut nearest = members.clone();
            nearest.sort_by(|a, b| groups.cosine[*b].total_cmp(&groups.cosine[*a]).then(a.cmp(b)));
            let times = |at: &usize| open(*at).sent.len();
            Topic {
                label,
                texts: members.iter().map(times).sum(),
                different: members.len(),
                cohesion: mean(members.iter().map(|at| groups.cosine[*at])),
                keywords,
                examples: nearest
                    .iter()
                    .take(EXAMPLES)
                    .map(|at| open(*at).text.as_str().to_owned())
                    .collect(),
                languages: languages(members.iter().map(|at| open(*at))),
                nearest_label: most_frequent(
                    members.iter().filter_map(|at| Some((asked.nearest[*at].clone()?, times(at)))),
                ),
            }
        })
        .collect())
}

/// The languages of texts, each as often as it was sent.
fn languages<'t>(texts: impl Iterator<Item = &'t Different>) -> Vec<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut whole = 0;
    let expected = language::DEFAULT_EXPECTED.map(str::to_owned);
    for text in texts {
        whole += text.sent.len();
        if let Some(code) = language::detect(text.text.as_str(), &expected) {
            *counts.entry(code).or_insert(0) += text.sent.len();
        }
    }
    let mut told: Vec<(usize, &str)> = counts
        .into_iter()
        .filter(|(_, texts)| share(*texts, whole) >= LANGUAGE_SHARE)
        .map(|(code, texts)| (texts, code))
        .collect();
    told.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
    told.into_iter().map(|(_, code)| code.to_owned()).collect()
}

fn most_frequent(labels: impl Iterator<Item = (Name, usize)>) -> Option<NearestLabel> {
    let mut counts: BTreeMap<Name, usize> = BTreeMap::new();
    labels.for_each(|(label, times)| *counts.entry(label).or_insert(0) += times);
    let whole: usize = counts.values().sum();
    let (label, count) = counts.into_iter().max_by(|a, b| a.1.cmp(&b.1).then(b.0.cmp(&a.0)))?;
    Some(NearestLabel { label, share: share(count, whole) })
}

#[expect(clippy::cast_precision_loss, reason = "counts of texts")]
fn mean(numbers: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = numbers.len().max(1) as f64;
    numbers.sum::<f64>() / count
}
