//! Finds columns that tell the label: what is filled in after the closing looks like a wonderful feature.

use super::design::{Candidate, outcomes};
use super::params::RiskParams;
use super::protocol::{Fold, positives};
use crate::metrics;
use recontact::risk::features::FeatureKind;
use recontact::risk::source::{FeatureSource, RawValue};
use std::collections::{BTreeMap, BTreeSet};

/// A column alone above this is suspected when every other column lies [`AHEAD`] behind it.
const HIGH: f64 = 0.93;
const AHEAD: f64 = 0.2;

/// Fewest later tickets of each outcome on which a suspicion is certain enough to refuse a table: with fewer a column parts
/// them by luck.
const MIN_EACH: usize = 10;

/// A column under suspicion.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Suspicion {
    /// The column or field.
    pub feature: String,
    /// How well it alone parts the outcomes of later tickets.
    pub roc_auc: f64,
}

/// The fields and columns that part the outcomes of later tickets suspiciously well by themselves. What is computed from
/// the customer's other tickets cannot leak and is not looked at.
#[must_use]
pub fn suspicions(
    candidates: &[Candidate],
    fold: &Fold<'_, '_>,
    params: &RiskParams,
) -> Vec<Suspicion> {
    let own: Vec<Candidate> =
        candidates.iter().filter(|candidate| is_reported(candidate)).cloned().collect();
    let truth = outcomes(fold.later);
    let mut found: Vec<Suspicion> = Vec::new();
    for candidate in own {
        let earlier = raw(&candidate, fold.earlier, params);
        let later = raw(&candidate, fold.later, params);
        let roc_auc = auc(&earlier, &outcomes(fold.earlier), &later, &truth);
        found.push(Suspicion { feature: candidate.name, roc_auc });
    }
    found.sort_by(|a, b| b.roc_auc.total_cmp(&a.roc_auc));
    let second = found.get(1).map_or(0.5, |second| second.roc_auc);
    found.retain(|this| {
        let is_far_ahead = this.roc_auc > HIGH && this.roc_auc > second + AHEAD;
        this.roc_auc > params.leakage_auc || is_far_ahead
    });
    found
}

/// Whether a fold has enough tickets of each outcome for a suspicion to be more than luck.
#[must_use]
pub fn is_certain(fold: &Fold<'_, '_>) -> bool {
    let hits = positives(fold.later);
    hits >= MIN_EACH && fold.later.len() - hits >= MIN_EACH
}

/// Whether a value comes from the helpdesk rather than from other tickets of the customer or from the clock.
fn is_reported(candidate: &Candidate) -> bool {
    const REPORTED: [&str; 16] = [
        "first_response_hours",
        "reassignments",
        "reopens",
        "csat",
        "messages_in",
        "messages_out",
        "chars_in",
        "chars_out",
        "channel",
        "priority",
        "team",
        "kind",
        "urgency",
        "sla_met",
        "category_changed",
        "duration_hours",
    ];
    match candidate.source {
        FeatureSource::BuiltIn => REPORTED.contains(&candidate.name.as_str()),
        FeatureSource::Attribute | FeatureSource::Text(_) => true,
        FeatureSource::Crossed(_) | FeatureSource::ReturnRate(_) => false,
    }
}

fn raw<'e>(
    candidate: &Candidate,
    rows: &'e [super::protocol::Example<'_>],
    params: &RiskParams,
) -> Vec<RawValue<'e>> {
    let context = recontact::risk::FeatureContext {
        utc_offset_minutes: params.utc_offset_minutes,
        ..recontact::risk::FeatureContext::default()
    };
    rows.iter()
        .filter_map(|row| {
            if candidate.kind == FeatureKind::Text {
                return Some(RawValue::Text(row.texts.get(&candidate.name).cloned()));
            }
            candidate.source.value(&row.facts, &context, &candidate.name, candidate.kind)
        })
        .collect()
}

/// The best ROC-AUC, in either direction, of a value alone: a number as it is or whether it is missing, a category by the
/// share of its earlier tickets that came back, a text by each of its components.
fn auc(
    earlier: &[RawValue<'_>],
    earlier_truth: &[bool],
    later: &[RawValue<'_>],
    truth: &[bool],
) -> f64 {
    let either =
        |score: &[f64]| metrics::roc_auc(score, truth).map_or(0.5, |auc| auc.max(1.0 - auc));
    let missing: Vec<f64> =
        later.iter().map(|value| f64::from(u8::from(is_missing(value)))).collect();
    let best = either(&missing);
    match later.first() {
        Some(RawValue::Number(_)) => {
            let number = |value: &RawValue<'_>| match value {
                RawValue::Number(Some(number)) => *number,
                _ => f64::MIN,
            };
            best.max(either(&later.iter().map(number).collect::<Vec<_>>()))
        }
        Some(RawValue::Category(_)) => {
            let rates = rates(earlier, earlier_truth);
            let base = rates.get("").copied().unwrap_or(0.5);
            let rate = |value: &RawValue<'_>| rates.get(&key(value)).copied().unwrap_or(base);
            best.max(either(&later.iter().map(rate).collect::<Vec<_>>()))
        }
        Some(RawValue::Text(_)) => {
            let width = later.iter().map(|value| components(value).len()).max().unwrap_or(0);
            let component = |at: usize| -> Vec<f64> {
                later
                    .iter()
                    .map(|value| components(value).get(at).copied().unwrap_or(0.0))
                    .collect()
            };
            (0..width).map(|at| either(&component(at))).fold(best, f64::max)
        }
        None => 0.5,
    }
}

/// The smoothed share that came back of each category, and of all under the empty name.
fn rates(values: &[RawValue<'_>], truth: &[bool]) -> BTreeMap<String, f64> {
    let mut counts: BTreeMap<String, (f64, f64)> = BTreeMap::new();
    for (value, positive) in values.iter().zip(truth) {
        for key in BTreeSet::from([String::new(), key(value)]) {
            let (rows, positives) = counts.entry(key).or_default();
            *rows += 1.0;
            *positives += f64::from(u8::from(*positive));
        }
    }
    let (all, positives) = counts.get("").copied().unwrap_or((1.0, 0.5));
    let base = positives / all.max(1.0);
    counts.into_iter().map(|(key, (rows, hits))| (key, (hits + base) / (rows + 1.0))).collect()
}

fn key(value: &RawValue<'_>) -> String {
    match value {
        RawValue::Category(Some(text)) => format!("={text}"),
        _ => "missing".to_owned(),
    }
}

fn is_missing(value: &RawValue<'_>) -> bool {
    matches!(value, RawValue::Number(None) | RawValue::Category(None) | RawValue::Text(None))
}

fn components<'v>(value: &'v RawValue<'_>) -> &'v [f64] {
    match value {
        RawValue::Text(Some(text)) => &text.values,
        _ => &[],
    }
}

/// What to tell the person who trains.
#[must_use]
pub fn sentence(suspicions: &[Suspicion]) -> String {
    let named: Vec<String> = suspicions
        .iter()
        .map(|this| format!("{} (ROC-AUC {:.3} alone)", this.feature, this.roc_auc))
        .collect();
    format!(
        "suspected leakage of the outcome: {} predicts it better than anything known at the closing could. It is probably \
         filled in later; leave it out with exclude_features or declare no such column, or train all the same with \
         --allow-leakage",
        named.join(", ")
    )
}
