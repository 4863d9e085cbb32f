//! Probabilities for several windows from one model: [`WindowModels`].
//!
//! The main window has the main model. A shorter window's probability is that of the next longer one times the
//! probability of coming back within the shorter window given that the customer comes back within the longer one; a longer
//! window's is `p + (1 − p)` times the probability of coming back in the time between, given that they have not yet: the
//! continuation-ratio construction for ordered outcomes (Tutz 1991, "Sequential models in categorical regression"). What
//! is multiplied are probabilities, so a longer window never has a lower probability, whatever the weights.

use crate::probability::Probability;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The models of the windows beside the main one.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WindowModels {
    /// Windows shorter than the main one, the longest first: each conditional on the window before it.
    pub shorter: Vec<ConditionalModel>,
    /// Windows longer than the main one, the shortest first: each conditional on no return in the window before it.
    pub longer: Vec<ConditionalModel>,
}

/// A logistic model of one step from window to window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConditionalModel {
    /// Days of the window it leads to.
    pub window_days: u32,
    /// Log-odds when everything is zero.
    pub intercept: f64,
    /// Log-odds per unit of the main model's log-odds.
    pub logit_weight: f64,
    /// Log-odds per unit of the number of a numeric feature as the linear model sees it, by name.
    pub weights: BTreeMap<String, f64>,
}

/// The probability of a return within one window.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct WindowRisk {
    /// Days after the closing.
    pub window_days: u32,
    /// Probability of another ticket of the same category within them.
    pub probability: Probability,
}

impl WindowModels {
    /// The probabilities of all windows, the shortest first; `number` gives a numeric feature as the linear model sees it.
    #[must_use]
    pub fn probabilities(
        &self,
        main_days: u32,
        main: Probability,
        logit: f64,
        number: impl Fn(&str) -> f64,
    ) -> Vec<WindowRisk> {
        let step = |model: &ConditionalModel| {
            let weighted = model.weights.iter().map(|(name, weight)| weight * number(name));
            let sum = model.intercept + model.logit_weight * logit + weighted.sum::<f64>();
            Probability::from_logit(sum).value()
        };
        let mut risks = vec![WindowRisk { window_days: main_days, probability: main }];
        let mut longer = main.value();
        for model in &self.shorter {
            longer *= step(model);
            risks.insert(0, risk(model.window_days, longer));
        }
        let mut shorter = main.value();
        for model in &self.longer {
            shorter += (1.0 - shorter) * step(model);
            risks.push(risk(model.window_days, shorter));
        }
        risks
    }

    /// What makes them unusable, if anything does.
    #[must_use]
    pub fn fault(&self, main_days: u32, is_number: impl Fn(&str) -> bool) -> Option<String> {
        let days = |models: &[ConditionalModel]| -> Vec<u32> {
            std::iter::once(main_days).chain(models.iter().map(|model| model.window_days)).collect()
        };
        if !days(&self.shorter).is_sorted_by(|a, b| a > b)
            || !days(&self.longer).is_sorted_by(|a, b| a < b)
            || days(&self.shorter).contains(&0)
        {
            return Some("windows: expected them in order and different".into());
        }
        for model in self.shorter.iter().chain(&self.longer) {
            let mut numbers = model.weights.values().chain([&model.intercept, &model.logit_weight]);
            if !numbers.all(|number| number.abs() <= 1e6) {
                return Some(format!(
                    "window of {} days: a weight is not a number of ordinary size",
                    model.window_days
                ));
            }
            if let Some(unknown) = model.weights.keys().find(|name| !is_number(name)) {
                return Some(format!(
                    "window of {} days: the model has no numeric feature {unknown}",
                    model.window_days
                ));
            }
        }
        None
    }
}

/// When half of those have come back who come back within the main window, in days, linear between windows. `None` without
/// a shorter window: then nothing is known of what happens inside the main one.
#[must_use]
pub fn median_days(risks: &[WindowRisk], main_days: u32) -> Option<f64> {
    risks.iter().find(|risk| risk.window_days < main_days)?;
    let main = risks.iter().find(|risk| risk.window_days == main_days)?.probability.value();
    let (mut days, mut reached) = (0.0, 0.0);
    for risk in risks.iter().filter(|risk| risk.window_days <= main_days) {
        let (end, probability) = (f64::from(risk.window_days), risk.probability.value());
        if probability >= main / 2.0 && probability > reached {
            return Some(days + (end - days) * (main / 2.0 - reached) / (probability - reached));
        }
        (days, reached) = (end, probability);
    }
    None
}

fn risk(window_days: u32, probability: f64) -> WindowRisk {
    let probability = Probability::new(probability.clamp(0.0, 1.0));
    WindowRisk { window_days, probability: probability.unwrap_or(Probability::from_logit(0.0)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn model(window_days: u32, intercept: f64, weight: f64) -> ConditionalModel {
        let weights = BTreeMap::from([("tickets_7d".to_owned(), weight)]);
        ConditionalModel { window_days, intercept, logit_weight: 0.1, weights }
    }

    proptest! {
        /// The law that lets the windows be shown side by side.
        #[test]
        fn a_longer_window_never_has_a_lower_probability(
            numbers in prop::collection::vec(-50.0..50.0f64, 8),
            logit in -40.0..40.0f64,
            tickets in -9.0..9.0f64,
        ) {
            let models = WindowModels {
                shorter: vec![model(7, numbers[0], numbers[1]), model(1, numbers[2], numbers[3])],
                longer: vec![model(30, numbers[4], numbers[5]), model(90, numbers[6], numbers[7])],
            };
            prop_assert_eq!(models.fault(14, |_| true), None);
            let main = Probability::from_logit(logit);
            let risks = models.probabilities(14, main, logit, |_| tickets);
            let days: Vec<u32> = risks.iter().map(|risk| risk.window_days).collect();
            prop_assert_eq!(days, vec![1, 7, 14, 30, 90]);
            prop_assert!(risks.is_sorted_by(|a, b| a.probability <= b.probability), "{risks:?}");
            prop_assert_eq!(risks[2].probability, main);
            if let Some(days) = median_days(&risks, 14) {
                prop_assert!((0.0..=14.0).contains(&days), "{days}");
            }
        }
    }

    #[test]
    fn the_median_day_lies_where_half_of_those_who_return_have_returned() {
        let risks =
            [(1, 0.1), (3, 0.2), (14, 0.4)].map(|(days, probability)| risk(days, probability));
        assert!((median_days(&risks, 14).unwrap() - 3.0).abs() < 1e-12);
    }

    #[test]
    fn a_model_of_a_single_window_names_no_median_day() {
        let risks = [(14, 0.4), (30, 0.5)].map(|(days, probability)| risk(days, probability));
        assert_eq!(median_days(&risks[..1], 14), None);
        assert_eq!(median_days(&risks, 14), None);
    }

    #[test]
    fn windows_out_of_order_or_of_unknown_features_are_refused() {
        let shorter = |models| WindowModels { shorter: models, longer: vec![] };
        assert!(
            shorter(vec![model(1, 0.0, 0.0), model(7, 0.0, 0.0)]).fault(14, |_| true).is_some()
        );
        assert!(shorter(vec![model(14, 0.0, 0.0)]).fault(14, |_| true).is_some());
        let fault = shorter(vec![model(7, 0.0, 0.0)]).fault(14, |_| false).unwrap();
        assert!(fault.contains("no numeric feature tickets_7d"), "{fault}");
        assert!(shorter(vec![model(7, f64::NAN, 0.0)]).fault(14, |_| true).is_some());
    }
}
