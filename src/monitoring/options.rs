//! [`MonitoringOptions`]: which windows are compared, and from where on a difference counts.

use serde::Deserialize;

/// The section `monitoring` of the configuration; explained in `config.default.toml`.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MonitoringOptions {
    /// Days of the current window, which ends now.
    pub current_days: u32,
    /// Days of the reference window, which ends where the current one begins.
    pub reference_days: u32,
    /// Cases of either window below which a figure has no status.
    pub min_n: u64,
    /// Most contacts, and most closings, that are read of a window.
    pub max_rows: u32,
    /// Most vectors of a window that the domain classifier looks at.
    pub max_embeddings: u32,
    /// Seconds for which figures are kept before they are computed anew.
    pub refresh_interval_s: u64,
    /// Days within which a customer's return counts as a repeat.
    pub outcome_days: u32,
    /// Population stability index from which a figure is watched.
    pub psi_watch: f64,
    /// The same for an alert.
    pub psi_alert: f64,
    /// Jensen-Shannon distance from which a figure is watched.
    pub js_watch: f64,
    /// The same for an alert.
    pub js_alert: f64,
    /// Difference of shares or means from which a figure is watched.
    pub difference_watch: f64,
    /// The same for an alert.
    pub difference_alert: f64,
    /// Area under the domain classifier's curve from which it is watched.
    pub auc_watch: f64,
    /// The same for an alert.
    pub auc_alert: f64,
}

impl MonitoringOptions {
    /// Checks that the values make sense together.
    ///
    /// # Errors
    /// The option and what was expected.
    pub fn validate(&self) -> Result<(), String> {
        for (name, value, most) in [
            ("current_days", u64::from(self.current_days), 366),
            ("reference_days", u64::from(self.reference_days), 3660),
            ("min_n", self.min_n, u64::MAX),
            ("max_rows", u64::from(self.max_rows), u64::from(u32::MAX)),
            ("max_embeddings", u64::from(self.max_embeddings), 10_000),
            ("refresh_interval_s", self.refresh_interval_s, u64::MAX),
            ("outcome_days", u64::from(self.outcome_days), 30),
        ] {
            if value == 0 || value > most {
                return Err(format!("{name}: expected 1 to {most}, got {value}"));
            }
        }
        for (name, watch, alert, low, high) in [
            ("psi", self.psi_watch, self.psi_alert, 0.0, 100.0),
            ("js", self.js_watch, self.js_alert, 0.0, 1.0),
            ("difference", self.difference_watch, self.difference_alert, 0.0, 1.0),
            ("auc", self.auc_watch, self.auc_alert, 0.5, 1.0),
        ] {
            if !(low <= watch && watch <= alert && alert <= high) {
                return Err(format!(
                    "{name}_watch, {name}_alert: expected {low} <= watch <= alert <= {high}, got {watch} and {alert}"
                ));
            }
        }
        Ok(())
    }
}
