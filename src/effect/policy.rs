//! [`EffectPolicy`]: how effects are judged, as configured.

use super::ContactCosts;
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
    /// What a repeat and a follow-up cost: the section `costs`.
    #[serde(skip)]
    pub costs: ContactCosts,
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
        Ok(())
    }
}
