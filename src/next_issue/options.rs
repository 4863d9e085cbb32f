//! [`NextIssueOptions`]: what counts as enough, what a contact costs, and how often the map is computed.

use crate::costs::Costs;
use crate::outcome::WINDOWS_DAYS;
use crate::ticket::IssueCategory;
use serde::Deserialize;

/// The section `next_issues` of the configuration; explained in `config.default.toml`. Which pairs are adjacent is decided
/// by [`OutcomePolicy`](crate::outcome::OutcomePolicy).
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NextIssueOptions {
    /// Seconds after which the map is computed anew.
    pub refresh_interval_s: u64,
    /// Seconds for which one process keeps the others from computing.
    pub lease_s: u64,
    /// The window that is told, and by which categories are ranked, unless another is asked for; days.
    pub window_days: u32,
    /// Mature episodes below which a category has no figures.
    pub min_episodes: u64,
    /// Secondary categories kept for each primary and window, the most frequent ones.
    pub secondaries_per_primary: usize,
    /// Primary categories that are proposed for a plan.
    pub top: u32,
    /// What repeats cost: the section `costs`.
    #[serde(skip)]
    pub costs: Costs,
}

impl NextIssueOptions {
    /// Checks that the values make sense together.
    ///
    /// # Errors
    /// The option and what was expected.
    pub fn validate(&self) -> Result<(), String> {
        if !WINDOWS_DAYS.contains(&self.window_days) {
            return Err(format!(
                "window_days: expected one of {WINDOWS_DAYS:?}, got {}",
                self.window_days
            ));
        }
        for (name, value) in [
            ("refresh_interval_s", self.refresh_interval_s),
            ("lease_s", self.lease_s),
            ("min_episodes", self.min_episodes),
            ("secondaries_per_primary", self.secondaries_per_primary as u64),
            ("top", u64::from(self.top)),
        ] {
            if value == 0 {
                return Err(format!("{name} must be at least 1"));
            }
        }
        Ok(())
    }

    /// What one contact about a category costs.
    #[must_use]
    pub fn cost_of(&self, category: &IssueCategory) -> f64 {
        self.costs.repeat_of(category.as_str())
    }
}
