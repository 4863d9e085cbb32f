//! [`SimulationParams`]: the simulated world, read from a TOML file.

use crate::bad_input;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// A simulated desk and experiment. Every default is a plausible desk, not a claim about one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SimulationParams {
    /// Customers.
    pub customers: u32,
    /// Days that are observed; what is not over at their end is immature.
    pub days: u32,
    /// The window for repeats, in days.
    pub window_days: u32,
    /// Share of customers assigned to treatment.
    pub treatment_share: f64,
    /// Relative reduction of the repeat probability when a persuadable ticket is followed up, 0 to 1.
    pub effect: f64,
    /// Share of tickets whose customer can be persuaded.
    pub persuadable: f64,
    /// Share of tickets of average risk whose customer comes back because of the follow-up (sleeping dogs); it grows with
    /// the risk.
    pub sleeping_dogs: f64,
    /// Relative increase of the repeat probability when a sleeping dog is followed up.
    pub harm: f64,
    /// Share of treated tickets that are really followed up, if the customer did not come back before.
    pub compliance: f64,
    /// Share of those followed up who answer the follow-up itself.
    pub induced: f64,
    /// Log-odds of a repeat, within unlimited time, of an average ticket.
    pub base_logit: f64,
    /// Standard deviation of the customers' own part of the log-odds: how alike a customer's tickets are.
    pub customer_spread: f64,
    /// Standard deviation of the categories' part.
    pub category_spread: f64,
    /// Log-odds per standard deviation of a ticket's difficulty, which the helpdesk sees.
    pub difficulty_weight: f64,
    /// Probability of each further ticket of an average customer; customers of high risk have more.
    pub further_tickets: f64,
    /// Median days from the close to a repeat.
    pub gap_median_days: f64,
    /// Standard deviation of the logarithm of these days.
    pub gap_spread: f64,
    /// Hours from the close to the follow-up.
    pub follow_up_hours: f64,
    /// Standard deviation of the noise in the score's log-odds.
    pub score_noise: f64,
    /// What the score multiplies its log-odds with; 1 is right, less is timid, more is overconfident.
    pub score_slope: f64,
    /// What the score adds to its log-odds; 0 is right.
    pub score_shift: f64,
    /// The score from which on a ticket is flagged.
    pub flag_threshold: f64,
    /// Share of control customers whose rows get lost: a fault that the sample-ratio check must find.
    pub ratio_fault: f64,
    /// Share of closed tickets after which the customer only says thanks.
    pub thanks: f64,
    /// Cost of handling a repeat.
    pub cost_repeat: f64,
    /// Cost of a follow-up.
    pub cost_follow_up: f64,
}

impl Default for SimulationParams {
    fn default() -> Self {
        Self {
            customers: 20_000,
            days: 120,
            window_days: 14,
            treatment_share: 0.5,
            effect: 0.35,
            persuadable: 0.7,
            sleeping_dogs: 0.06,
            harm: 0.6,
            compliance: 0.8,
            induced: 0.05,
            base_logit: -1.0,
            customer_spread: 0.8,
            category_spread: 0.5,
            difficulty_weight: 0.7,
            further_tickets: 0.35,
            gap_median_days: 3.0,
            gap_spread: 1.1,
            follow_up_hours: 24.0,
            score_noise: 0.5,
            score_slope: 1.0,
            score_shift: 0.0,
            flag_threshold: 0.3,
            ratio_fault: 0.0,
            thanks: 0.2,
            cost_repeat: 8.0,
            cost_follow_up: 1.0,
        }
    }
}

impl SimulationParams {
    /// Reads a file.
    ///
    /// # Errors
    /// [`crate::failure::BadInput`] naming the file and the parameter.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| bad_input!("{}: cannot be read: {error}", path.display()))?;
        toml::from_str(&text).map_err(|error| bad_input!("{}: {error}", path.display()))
    }

    /// Checks every parameter.
    ///
    /// # Errors
    /// [`crate::failure::BadInput`] naming the parameter, its range and its value.
    pub fn check(&self) -> anyhow::Result<()> {
        let shares = [
            ("effect", self.effect),
            ("persuadable", self.persuadable),
            ("sleeping_dogs", self.sleeping_dogs),
            ("compliance", self.compliance),
            ("induced", self.induced),
            ("flag_threshold", self.flag_threshold),
            ("ratio_fault", self.ratio_fault),
            ("thanks", self.thanks),
        ];
        if let Some((name, value)) = shares.iter().find(|(_, value)| !(0.0..=1.0).contains(value)) {
            return Err(bad_input!("{name}: expected 0 to 1, got {value}"));
        }
        if !(self.treatment_share > 0.0 && self.treatment_share < 1.0) {
            let found = self.treatment_share;
            return Err(bad_input!("treatment_share: expected between 0 and 1, got {found}"));
        }
        if !(0.0..=0.9).contains(&self.further_tickets) {
            let found = self.further_tickets;
            return Err(bad_input!("further_tickets: expected 0 to 0.9, got {found}"));
        }
        let not_negative = [
            ("harm", self.harm),
            ("customer_spread", self.customer_spread),
            ("category_spread", self.category_spread),
            ("score_noise", self.score_noise),
            ("follow_up_hours", self.follow_up_hours),
            ("cost_follow_up", self.cost_follow_up),
        ];
        if let Some((name, value)) =
            not_negative.iter().find(|(_, value)| !(value.is_finite() && *value >= 0.0))
        {
            return Err(bad_input!("{name}: expected a number of at least 0, got {value}"));
        }
        let above_zero = [
            ("gap_median_days", self.gap_median_days),
            ("gap_spread", self.gap_spread),
            ("cost_repeat", self.cost_repeat),
        ];
        if let Some((name, value)) =
            above_zero.iter().find(|(_, value)| !(value.is_finite() && *value > 0.0))
        {
            return Err(bad_input!("{name}: expected a number above 0, got {value}"));
        }
        let finite = [
            ("base_logit", self.base_logit),
            ("difficulty_weight", self.difficulty_weight),
            ("score_slope", self.score_slope),
            ("score_shift", self.score_shift),
        ];
        if let Some((name, value)) = finite.iter().find(|(_, value)| !value.is_finite()) {
            return Err(bad_input!("{name}: expected a finite number, got {value}"));
        }
        if self.customers == 0 || !(1..=30).contains(&self.window_days) {
            return Err(bad_input!(
                "expected customers of at least 1 and window_days of 1 to 30, got {} and {}",
                self.customers,
                self.window_days
            ));
        }
        if self.days <= self.window_days + 10 || self.days > 3650 {
            return Err(bad_input!(
                "days: expected more than window_days + 10 and at most 3650, got {}",
                self.days
            ));
        }
        if self.follow_up_hours >= 24.0 * f64::from(self.window_days) {
            return Err(bad_input!(
                "follow_up_hours: expected inside the window, got {}",
                self.follow_up_hours
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_accepted_and_faults_are_named() {
        SimulationParams::default().check().unwrap();
        for (text, named) in [
            ("effect = 1.5", "effect"),
            ("treatment_share = 1.0", "treatment_share"),
            ("days = 20", "days"),
            ("gap_spread = 0.0", "gap_spread"),
            ("window_days = 0", "window_days"),
            ("harm = -0.1", "harm"),
        ] {
            let params: SimulationParams = toml::from_str(text).unwrap();
            let error = params.check().unwrap_err().to_string();
            assert!(error.contains(named), "{error}");
        }
        assert!(toml::from_str::<SimulationParams>("efect = 0.1").is_err());
    }
}
