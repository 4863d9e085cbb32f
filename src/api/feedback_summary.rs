//! How often people override predictions: by head and model, and there by action and by predicted label.

use super::outcomes::RateView;
use crate::contact::Head;
use crate::store::FeedbackCount;
use crate::ticket::Name;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};

/// Most labels of one head and model.
const MOST_LABELS: usize = 50;

/// Which feedback to count.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SummaryQuery {
    /// Said at this instant or later.
    #[param(value_type = Option<crate::timestamp::Timestamp>)]
    pub since: Option<String>,
}

/// Override rates. Of several that said something of one head of a contact the last counts.
#[derive(Debug, Serialize, ToSchema)]
pub struct FeedbackSummary {
    /// One for each head and model version, in this order.
    models: Vec<ModelFeedback>,
}

/// How often one head of one version was overridden.
#[derive(Debug, Serialize, ToSchema)]
pub struct ModelFeedback {
    /// The head.
    head: Head,
    /// The model or the rules; null for contacts of which the head said nothing.
    model_version: Option<String>,
    /// Contacts for which it predicted nothing; they are in no rate.
    without_prediction: u64,
    /// Overridden ones among those for which it predicted a label.
    overridden: RateView,
    /// The same by action. Overridden `auto` answers were set without a person.
    actions: BTreeMap<String, RateView>,
    /// The same by predicted label: the 50 with the most feedback, most first.
    labels: Vec<LabelFeedback>,
}

/// How often one predicted label was overridden.
#[derive(Debug, Serialize, ToSchema)]
pub struct LabelFeedback {
    /// What was predicted.
    predicted_label: Name,
    /// Overridden ones among those for which it was.
    overridden: RateView,
}

/// Overridden ones, and all.
#[derive(Default, Clone, Copy)]
struct Tally {
    overridden: u64,
    total: u64,
}

#[derive(Default)]
struct ModelTally {
    without_prediction: u64,
    all: Tally,
    actions: BTreeMap<String, Tally>,
    labels: BTreeMap<Name, Tally>,
}

/// Adds counts up.
#[must_use]
pub fn summarise(counts: Vec<FeedbackCount>) -> FeedbackSummary {
    let mut tallies: BTreeMap<(Head, Option<String>), ModelTally> = BTreeMap::new();
    for count in counts {
        let (overridden, total) = (count.overridden, count.total);
        let tally = tallies.entry((count.head, count.model_version)).or_default();
        let Some(label) = count.predicted_label else {
            tally.without_prediction += total;
            continue;
        };
        tally.all.add(overridden, total);
        tally.labels.entry(label).or_default().add(overridden, total);
        if let Some(action) = count.action {
            tally.actions.entry(action).or_default().add(overridden, total);
        }
    }
    let models = tallies.into_iter().map(|((head, version), tally)| tally.view(head, version));
    FeedbackSummary { models: models.collect() }
}

impl Tally {
    fn add(&mut self, overridden: u64, total: u64) {
        self.overridden += overridden;
        self.total += total;
    }

    fn rate(self) -> RateView {
        RateView::new(self.overridden, self.total)
    }
}

impl ModelTally {
    fn view(self, head: Head, model_version: Option<String>) -> ModelFeedback {
        let mut labels: Vec<(Name, Tally)> = self.labels.into_iter().collect();
        // Stable: equally frequent ones stay in the order of their names.
        labels.sort_by_key(|(_, tally)| std::cmp::Reverse(tally.total));
        labels.truncate(MOST_LABELS);
        let label = |(predicted_label, tally): (Name, Tally)| LabelFeedback {
            predicted_label,
            overridden: tally.rate(),
        };
        ModelFeedback {
            head,
            model_version,
            without_prediction: self.without_prediction,
            overridden: self.all.rate(),
            actions: self.actions.into_iter().map(|(action, of)| (action, of.rate())).collect(),
            labels: labels.into_iter().map(label).collect(),
        }
    }
}
