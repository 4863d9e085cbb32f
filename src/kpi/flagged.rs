//! [`FlaggedClosing`]: what is known of one flagged closing, in a form of which all of an experiment are read at once.

use super::closings::{days_of, return_days};
use super::day::EpisodeFact;
use crate::outcome::{Outcome, Relation};
use crate::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// That a closing was flagged, and what became of it in the queue.
#[derive(Debug, Clone, PartialEq)]
pub struct Flagged {
    /// The experiment.
    pub experiment: String,
    /// Whether the customer is in the control group.
    pub is_control: bool,
    /// When it was put into the queue.
    pub at: Timestamp,
    /// The risk as it was then.
    pub score: f64,
    /// Whether the customer was really followed up.
    pub is_contacted: bool,
}

/// A flagged closing with what came of it. The names are short, since there are many of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FlaggedClosing {
    /// A number for the person, the same for all of their closings.
    #[serde(rename = "p")]
    pub person: u64,
    /// When it was closed, in milliseconds since 1970.
    #[serde(rename = "c")]
    pub closed_at_ms: i64,
    /// When it was put into the queue, in milliseconds since 1970.
    #[serde(rename = "f")]
    pub flagged_at_ms: i64,
    /// Whether the customer is in the control group.
    #[serde(rename = "k")]
    pub is_control: bool,
    /// The risk.
    #[serde(rename = "s")]
    pub score: f64,
    /// Whether the customer was really followed up.
    #[serde(rename = "d")]
    pub is_contacted: bool,
    /// Within how many days the customer came back with the same issue or a related one.
    #[serde(rename = "r", default, skip_serializing_if = "Option::is_none")]
    repeat_days: Option<u8>,
    /// The same for each contact that the follow-up has caused.
    #[serde(rename = "i", default, skip_serializing_if = "Vec::is_empty")]
    induced_days: Vec<u8>,
}

impl FlaggedClosing {
    /// Whether the customer came back within so many days: what a person says counts, else what was derived.
    #[must_use]
    pub fn is_repeated(&self, window_days: u32) -> bool {
        self.repeat_days.is_some_and(|days| u32::from(days) <= window_days)
    }

    /// Contacts within so many days that the follow-up has caused.
    #[must_use]
    pub fn induced(&self, window_days: u32) -> u32 {
        let within = self.induced_days.iter().filter(|days| u32::from(**days) <= window_days);
        u32::try_from(within.count()).unwrap_or(u32::MAX)
    }

    fn new(episode: &EpisodeFact, flagged: &Flagged) -> Self {
        let induced_days = match episode.correction {
            Some((Outcome::Induced, gap_ms)) => vec![gap_ms.map_or(0, days_of)],
            Some(_) => Vec::new(),
            None => {
                let caused =
                    episode.returns.iter().filter(|came| came.relation == Relation::Induced);
                caused.map(|came| days_of(came.gap_ms)).collect()
            }
        };
        Self {
            person: episode.person,
            closed_at_ms: episode.closed_at.millis(),
            flagged_at_ms: flagged.at.millis(),
            is_control: flagged.is_control,
            score: flagged.score,
            is_contacted: flagged.is_contacted,
            repeat_days: return_days(episode).0.into_iter().chain(return_days(episode).1).min(),
            induced_days,
        }
    }
}

/// The flagged closings of a day by experiment.
#[must_use]
pub fn flagged_by_experiment(episodes: &[EpisodeFact]) -> BTreeMap<String, Vec<FlaggedClosing>> {
    let mut experiments: BTreeMap<String, Vec<FlaggedClosing>> = BTreeMap::new();
    for episode in episodes {
        if let Some(flagged) = &episode.flagged {
            let of_experiment = experiments.entry(flagged.experiment.clone()).or_default();
            of_experiment.push(FlaggedClosing::new(episode, flagged));
        }
    }
    experiments
}
