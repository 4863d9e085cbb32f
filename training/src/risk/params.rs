//! [`RiskParams`]: every parameter of a risk training run, read from a file and written into the manifest.

use crate::bad_input;
use crate::tickets::TicketColumns;
use recontact::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Parameters of `recontact-train risk`. What a file leaves out has the default given here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RiskParams {
    /// Days after the closing within which another ticket of the same customer and category is a recontact. 14.
    pub window_days: u32,
    /// Until when the table holds every ticket that was opened; a ticket whose window ends later has no label yet.
    /// Left out: the last opening in the table.
    pub observed_until: Option<Timestamp>,
    /// Share of the labelled tickets, the latest ones, that only measure. 0.3.
    pub test_share: f64,
    /// Share of the training tickets, the latest ones, that choose C and the bands. 0.25.
    pub validation_share: f64,
    /// Inverse regularisation strengths to choose from, on the sum of log losses.
    pub c_grid: Vec<f64>,
    /// Training rows that must have a category value for it to get a column of its own. 20.
    pub min_count: usize,
    /// Seed for what is random: the order of equally scored tickets in lift and recall. 42.
    pub seed: u64,
    /// Customers with more tickets than this are left out in the second set of figures. 50.
    pub heavy_customer_tickets: usize,
    /// Built-in features or attributes the model must not use.
    pub exclude_features: Vec<String>,
    /// Where the bands begin.
    pub bands: BandParams,
    /// Which column holds what.
    pub columns: TicketColumns,
}

/// The bands as shares of the validation tickets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BandParams {
    /// Share with the highest scores that is in the high band. 0.10.
    pub high_share: f64,
    /// Share with the highest scores that is in the high or medium band. 0.30.
    pub medium_share: f64,
}

impl Default for RiskParams {
    fn default() -> Self {
        Self {
            window_days: 14,
            observed_until: None,
            test_share: 0.3,
            validation_share: 0.25,
            c_grid: vec![0.003, 0.01, 0.03, 0.1, 0.3, 1.0],
            min_count: 20,
            seed: 42,
            heavy_customer_tickets: 50,
            exclude_features: Vec::new(),
            bands: BandParams::default(),
            columns: TicketColumns::default(),
        }
    }
}

impl Default for BandParams {
    fn default() -> Self {
        Self { high_share: 0.10, medium_share: 0.30 }
    }
}

impl RiskParams {
    /// Reads and checks a TOML file.
    ///
    /// # Errors
    /// [`crate::failure::BadInput`] naming the file and the option.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let file = path.display();
        let text = std::fs::read_to_string(path)
            .map_err(|error| bad_input!("{file}: cannot be read: {error}"))?;
        let params: Self = toml::from_str(&text).map_err(|error| bad_input!("{file}: {error}"))?;
        match params.fault() {
            Some(fault) => Err(bad_input!("{file}: {fault}")),
            None => Ok(params),
        }
    }

    fn fault(&self) -> Option<String> {
        let is_share = |share: f64| share > 0.0 && share < 1.0;
        if !(1..=3650).contains(&self.window_days) {
            return Some(format!("window_days: expected 1 to 3650, got {}", self.window_days));
        }
        let shares = [
            ("test_share", self.test_share),
            ("validation_share", self.validation_share),
            ("bands.high_share", self.bands.high_share),
            ("bands.medium_share", self.bands.medium_share),
        ];
        if let Some((name, share)) = shares.into_iter().find(|(_, share)| !is_share(*share)) {
            return Some(format!("{name}: expected a number between 0 and 1, got {share}"));
        }
        if self.bands.high_share >= self.bands.medium_share {
            return Some("bands: expected high_share below medium_share".into());
        }
        if self.c_grid.is_empty() || !self.c_grid.iter().all(|c| (1e-6..=1e6).contains(c)) {
            return Some("c_grid: expected one or more numbers from 0.000001 to 1000000".into());
        }
        if self.min_count == 0 {
            return Some("min_count: expected at least 1".into());
        }
        self.attribute_fault()
    }

    /// An attribute must not be declared twice, nor carry the name of a feature every ticket has.
    fn attribute_fault(&self) -> Option<String> {
        let columns = &self.columns;
        let declared = || columns.categorical.iter().chain(&columns.numeric).chain(&columns.text);
        if let Some(twice) =
            declared().find(|name| declared().filter(|other| other == name).count() > 1)
        {
            return Some(format!("columns: {twice} is declared twice"));
        }
        let is_built_in =
            |name: &str| recontact::risk::features::built_in().any(|(known, _)| known == name);
        let clash =
            columns.categorical.iter().chain(&columns.numeric).find(|name| is_built_in(name))?;
        Some(format!("columns: {clash} is the name of a built-in feature, rename the column"))
    }
}
