//! What was found: topics, described by their texts.

use super::TopicsArgs;
use super::asked::Asked;
use super::cluster::{Groups, group};
use super::keywords::{TermCounts, labels};
use super::read::Sent;
use crate::category::report::share;
use ndarray::Array2;
use recontact::classify::language;
use recontact::contact::ContactText;
use recontact::ticket::Name;
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};

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
    /// Texts that it abstains on, by reason; empty without a model.
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
    asked: Asked,
) -> anyhow::Result<Found> {
    // Equal texts are one; each is grouped once and counts as often as it was sent.
    let mut place: HashMap<String, usize> = HashMap::new();
    let mut different: Vec<Vec<usize>> = Vec::new();
    for (at, &row) in asked.open.iter().enumerate() {
        let key = sent[row].text.as_str().trim().to_lowercase();
        let index = *place.entry(key).or_insert_with(|| {
            different.push(Vec::new());
            different.len() - 1
        });
        different[index].push(at);
    }
    let mut x = Array2::zeros((different.len(), asked.dimension));
    for (mut row, same) in x.rows_mut().into_iter().zip(&different) {
        row.iter_mut()
            .zip(&asked.vectors[same[0]])
            .for_each(|(cell, value)| *cell = f64::from(*value));
    }
    let wanted = args.topics.map(usize::from);
    let groups = group(&x, wanted, usize::from(args.min_texts), args.seed)?;
    let topics = topics(sent, &asked, &different, &groups)?;
    let mut of = Vec::with_capacity(asked.open.len());
    for (same, (topic, cosine)) in different.iter().zip(groups.of.iter().zip(&groups.cosine)) {
        of.extend(same.iter().map(|at| (asked.open[*at], *topic, *cosine)));
    }
    of.sort_by_key(|(row, _, _)| *row);
    let found = Topics {
        file,
        texts: sent.len() + asked.reasons.get("nothing_left").copied().unwrap_or_default(),
        model,
        abstained: asked.reasons,
        grouped: asked.open.len(),
        without_topic: of.iter().filter(|(_, topic, _)| topic.is_none()).count(),
        topics,
        tried: groups.tried,
    };
    Ok((found, of))
}

fn topics(
    sent: &[Sent],
    asked: &Asked,
    different: &[Vec<usize>],
    groups: &Groups,
) -> anyhow::Result<Vec<Topic>> {
    let text = |same: &[usize]| &sent[asked.open[same[0]]].text;
    let all = TermCounts::of(sent.iter().map(|sent| (&sent.text, 1)));
    let members: Vec<Vec<usize>> = (0..groups.count)
        .map(|topic| (0..different.len()).filter(|at| groups.of[*at] == Some(topic)).collect())
        .collect();
    let counts: Vec<TermCounts> = members
        .iter()
        .map(|members| {
            let counted = members.iter().map(|at| (text(&different[*at]), different[*at].len()));
            TermCounts::of(counted)
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
            let rows: Vec<usize> = members.iter().flat_map(|at| &different[*at]).copied().collect();
            Topic {
                label,
                texts: rows.len(),
                different: members.len(),
                cohesion: mean(members.iter().map(|at| groups.cosine[*at])),
                keywords,
                examples: nearest
                    .iter()
                    .take(EXAMPLES)
                    .map(|at| text(&different[*at]).as_str().to_owned())
                    .collect(),
                languages: languages(rows.iter().map(|at| &sent[asked.open[*at]].text)),
                nearest_label: most_frequent(
                    rows.iter().filter_map(|at| asked.nearest[*at].clone()),
                ),
            }
        })
        .collect())
}

fn languages<'t>(texts: impl ExactSizeIterator<Item = &'t ContactText>) -> Vec<String> {
    let count = texts.len();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for code in texts.filter_map(|text| {
        language::detect(text.as_str(), &language::DEFAULT_EXPECTED.map(str::to_owned))
    }) {
        *counts.entry(code).or_insert(0) += 1;
    }
    let mut told: Vec<(usize, &str)> = counts
        .into_iter()
        .filter(|(_, n)| share(*n, count) >= LANGUAGE_SHARE)
        .map(|(code, n)| (n, code))
        .collect();
    told.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
    told.into_iter().map(|(_, code)| code.to_owned()).collect()
}

fn most_frequent(labels: impl Iterator<Item = Name>) -> Option<NearestLabel> {
    let mut counts: BTreeMap<Name, usize> = BTreeMap::new();
    labels.for_each(|label| *counts.entry(label).or_insert(0) += 1);
    let whole: usize = counts.values().sum();
    let (label, count) = counts.into_iter().max_by(|a, b| a.1.cmp(&b.1).then(b.0.cmp(&a.0)))?;
    Some(NearestLabel { label, share: share(count, whole) })
}

#[expect(clippy::cast_precision_loss, reason = "counts of texts")]
fn mean(numbers: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = numbers.len().max(1) as f64;
    numbers.sum::<f64>() / count
}
