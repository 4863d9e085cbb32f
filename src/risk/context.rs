//! [`FeatureContext`]: what features need to know of the training tickets, stored in the model so that serving computes
//! the same values.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Fewest training tickets of a category for a median of its own.
const MIN_FOR_MEDIAN: usize = 20;

/// Constants of the features, learnt once in training.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FeatureContext {
    /// Minutes east of UTC in which weekday and hour are told; 180 is UTC+3. Daylight saving is not followed.
    pub utc_offset_minutes: i32,
    /// Share of the training tickets that came back: the prior of a customer's own return rate.
    pub base_rate: f64,
    /// Median hours from opening to closing over all training tickets.
    pub median_hours: f64,
    /// The same within each category seen often enough.
    pub category_median_hours: BTreeMap<String, f64>,
}

/// What a training ticket adds to a [`FeatureContext`].
#[derive(Debug, Clone, Copy)]
pub struct TrainingTicket<'a> {
    /// What it was about.
    pub category: &'a str,
    /// Hours from opening to closing.
    pub hours: f64,
    /// Whether the customer came back.
    pub positive: bool,
}

impl FeatureContext {
    /// Learns medians and base rate from training tickets.
    #[must_use]
    pub fn learn(tickets: &[TrainingTicket<'_>], utc_offset_minutes: i32) -> Self {
        let mut by_category: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
        for ticket in tickets {
            by_category.entry(ticket.category).or_default().push(ticket.hours);
        }
        let category_median_hours = by_category
            .into_iter()
            .filter(|(_, hours)| hours.len() >= MIN_FOR_MEDIAN)
            .map(|(category, hours)| (category.to_owned(), median(hours)))
            .collect();
        let positives = tickets.iter().filter(|ticket| ticket.positive).count();
        Self {
            utc_offset_minutes,
            base_rate: ratio(positives, tickets.len()),
            median_hours: median(tickets.iter().map(|ticket| ticket.hours).collect()),
            category_median_hours,
        }
    }

    /// The usual hours from opening to closing for a category; those of all tickets for one seen too rarely.
    #[must_use]
    pub fn usual_hours(&self, category: &str) -> f64 {
        self.category_median_hours.get(category).copied().unwrap_or(self.median_hours)
    }

    /// What makes this context unusable, if anything does.
    #[must_use]
    pub fn fault(&self) -> Option<&'static str> {
        let is_time = |hours: &f64| hours.is_finite() && *hours >= 0.0;
        if !(0.0..=1.0).contains(&self.base_rate) {
            Some("the base rate is no share")
        } else if !is_time(&self.median_hours) || !self.category_median_hours.values().all(is_time)
        {
            Some("a median is no time")
        } else if self.utc_offset_minutes.abs() > 14 * 60 {
            Some("the offset from UTC is longer than 14 hours")
        } else {
            None
        }
    }
}

/// The upper median; 0 of nothing.
fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(0.0)
}

#[expect(clippy::cast_precision_loss, reason = "row counts fit into 53 bits")]
fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}
