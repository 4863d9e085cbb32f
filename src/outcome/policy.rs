//! [`OutcomePolicy`]: what outcomes depend on besides the events themselves.

use super::LONGEST_WINDOW_DAYS;
use crate::ticket::{IssueCategory, Name};
use serde::{Deserialize, Serialize};

/// Thresholds of the derivation of outcomes. Every field has the documented default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OutcomePolicy {
    /// From this cosine on, two texts are about the same issue; 0 to 1. Default 0.8.
    pub similarity_threshold: f64,
    /// A thread turns to another issue only where nobody wrote for this long; hours. Default 4.
    pub topic_gap_hours: u32,
    /// A thread in which nobody wrote for this long starts a new issue, whatever it is about; days. Default 14.
    pub episode_gap_days: u32,
    /// Channels whose tickets are threads that may turn from issue to issue without being closed, in small letters. Default
    /// chat, messenger, whatsapp, telegram, viber.
    pub thread_channels: Vec<Name>,
    /// The window in which one category must follow another for the two to be adjacent; days, 1 to 30. Default 14.
    pub adjacency_window_days: u32,
    /// How often one category must have followed another before the two can be adjacent. Default 5.
    pub adjacency_min_count: u64,
    /// Pairs of categories that people say are adjacent; they are, whatever the counts say. Default none.
    pub adjacent: Vec<AdjacentPair>,
    /// Fewer customers of one category in a day are no outage. Default 10.
    pub outage_min_customers: u64,
    /// The days before, from which is known how many customers are usual; 7 to 365. Default 28.
    pub outage_trailing_days: u32,
    /// An outage has at least so many times the usual number of customers; at least 1. Default 3.
    pub outage_factor: f64,
    /// An outage is a day less likely than this under a Poisson distribution with the usual mean; 0 to 1. Default 0.0001.
    pub outage_probability: f64,
}

/// Two categories of which the second is known to follow the first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdjacentPair {
    /// What the customer came with first.
    pub primary: IssueCategory,
    /// What they come with afterwards.
    pub secondary: IssueCategory,
}

/// A field of an [`OutcomePolicy`] is out of range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: expected {expected}, got {found}")]
pub struct PolicyError {
    field: &'static str,
    expected: &'static str,
    found: String,
}

impl Default for OutcomePolicy {
    fn default() -> Self {
        Self {
            similarity_threshold: 0.8,
            topic_gap_hours: 4,
            episode_gap_days: 14,
            thread_channels: names(&["chat", "messenger", "whatsapp", "telegram", "viber"]),
            adjacency_window_days: 14,
            adjacency_min_count: 5,
            adjacent: Vec::new(),
            outage_min_customers: 10,
            outage_trailing_days: 28,
            outage_factor: 3.0,
            outage_probability: 1e-4,
        }
    }
}

impl OutcomePolicy {
    /// Whether tickets of a channel are threads that are cut into issues, see [`super::cut`].
    #[must_use]
    pub fn is_thread(&self, channel: &str) -> bool {
        let channel = channel.to_lowercase();
        self.thread_channels.iter().any(|known| known.as_str() == channel)
    }

    /// Checks the ranges that the fields state.
    ///
    /// # Errors
    /// [`PolicyError`] with the first field that is out of range.
    pub fn check(&self) -> Result<(), PolicyError> {
        let share = |field, value: f64| {
            within(field, (0.0..=1.0).contains(&value), "a number from 0 to 1", &value)
        };
        share("similarity_threshold", self.similarity_threshold)?;
        share("outage_probability", self.outage_probability)?;
        let days = self.adjacency_window_days;
        let is_window = (1..=LONGEST_WINDOW_DAYS).contains(&days);
        within("adjacency_window_days", is_window, "1 to 30 days", &days)?;
        let days = self.outage_trailing_days;
        within("outage_trailing_days", (7..=365).contains(&days), "7 to 365 days", &days)?;
        let factor = self.outage_factor;
        let is_factor = factor.is_finite() && factor >= 1.0;
        within("outage_factor", is_factor, "a number of at least 1", &factor)?;
        let count = self.adjacency_min_count;
        within("adjacency_min_count", count >= 1, "at least 1", &count)?;
        let pair = self.adjacent.iter().find(|pair| pair.primary == pair.secondary);
        let name = pair.map_or("", |pair| pair.primary.as_str());
        within("adjacent", pair.is_none(), "two different categories", &name)
    }
}

/// Why customers came back, as people state it beside a correction: a list of the tenant's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CauseCodes(Vec<Name>);

/// The codes that every tenant starts with.
pub const DEFAULT_CAUSE_CODES: [&str; 4] = [
    "first_time_error",
    "information_too_complex",
    "obligation_not_met_on_time",
    "staff_training_missing",
];

impl CauseCodes {
    /// A tenant's own list.
    #[must_use]
    pub fn new(codes: Vec<Name>) -> Self {
        Self(codes)
    }

    /// The codes in the tenant's order.
    #[must_use]
    pub fn codes(&self) -> &[Name] {
        &self.0
    }

    /// Whether a code is on the list.
    #[must_use]
    pub fn contains(&self, code: &Name) -> bool {
        self.0.contains(code)
    }
}

impl Default for CauseCodes {
    fn default() -> Self {
        Self(names(&DEFAULT_CAUSE_CODES))
    }
}

fn names(texts: &[&str]) -> Vec<Name> {
    texts.iter().filter_map(|text| Name::parse(text).ok()).collect()
}

fn within(
    field: &'static str,
    is_within: bool,
    expected: &'static str,
    found: &dyn ToString,
) -> Result<(), PolicyError> {
    if is_within { Ok(()) } else { Err(PolicyError { field, expected, found: found.to_string() }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_within_their_ranges_and_what_is_not_is_named() {
        assert_eq!(OutcomePolicy::default().check(), Ok(()));
        let cases = [
            (
                "similarity_threshold = 1.5",
                "similarity_threshold: expected a number from 0 to 1, got 1.5",
            ),
            (
                "similarity_threshold = nan",
                "similarity_threshold: expected a number from 0 to 1, got NaN",
            ),
            ("adjacency_window_days = 31", "adjacency_window_days: expected 1 to 30 days, got 31"),
            ("outage_trailing_days = 0", "outage_trailing_days: expected 7 to 365 days, got 0"),
            ("outage_factor = 0.5", "outage_factor: expected a number of at least 1, got 0.5"),
            ("adjacency_min_count = 0", "adjacency_min_count: expected at least 1, got 0"),
            (
                "adjacent = [{ primary = \"a\", secondary = \"a\" }]",
                "adjacent: expected two different categories, got a",
            ),
        ];
        for (text, expected) in cases {
            let policy: OutcomePolicy = toml::from_str(text).unwrap();
            assert_eq!(policy.check().unwrap_err().to_string(), expected);
        }
        assert!(toml::from_str::<OutcomePolicy>("treshold = 1").is_err());
    }

    #[test]
    fn threads_are_known_by_their_channel_however_it_is_written() {
        let policy = OutcomePolicy::default();
        assert!(policy.is_thread("chat") && policy.is_thread("WhatsApp"));
        assert!(!policy.is_thread("email") && !policy.is_thread(""));
    }

    #[test]
    fn every_default_cause_code_is_there() {
        let codes = CauseCodes::default();
        let names: Vec<&str> = codes.codes().iter().map(Name::as_str).collect();
        assert_eq!(names, DEFAULT_CAUSE_CODES);
        assert!(codes.contains(&Name::parse("first_time_error").unwrap()));
    }
}
