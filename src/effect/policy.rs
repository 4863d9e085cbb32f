//! [`EffectPolicy`]: how effects are judged, as configured.

use super::Costs;
use super::looks::LookPlan;
use serde::Deserialize;

/// How the effect of following up is judged. Explained in `config.default.toml`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EffectPolicy {
    /// Days after the start on which a verdict may be given.
    pub looks_days: LookPlan,
    /// The relative reduction that is worth finding, between 0 and 1.
    pub target_reduction: f64,
    /// Cost of handling a repeated contact.
    pub cost_repeat: f64,
    /// Cost of making a follow-up.
    pub cost_follow_up: f64,
}

impl EffectPolicy {
    /// Checks the numbers.
    ///
    /// # Errors
    /// A sentence that names the option.
    pub fn validate(&self) -> Result<(), String> {
        if !(self.target_reduction > 0.0 && self.target_reduction <= 1.0) {
            let found = self.target_reduction;
            return Err(format!("target_reduction: expected above 0 and at most 1, got {found}"));
        }
        Costs::parse(self.cost_repeat, self.cost_follow_up)
            .map(|_| ())
            .map_err(|error| format!("cost_repeat, cost_follow_up: {error}"))
    }

    /// What contacts and follow-ups cost.
    #[must_use]
    pub fn costs(&self) -> Costs {
        Costs { contact: self.cost_repeat, follow_up: self.cost_follow_up }
    }
}
