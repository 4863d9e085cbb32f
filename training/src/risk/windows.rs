//! Fits the steps from the main window to shorter and longer ones.
//!
//! Each step is a logistic regression on the main model's log-odds and the numeric features as the linear model sees them,
//! fitted on the training tickets whose outcome in both windows was known when training ended: among those who came back
//! within the longer window, who did so within the shorter one; among those who had not come back within the shorter
//! window, who did so within the longer one. The log-odds are those of models that were not fitted on the ticket
//! ([`super::fit`]), else the steps would trust them more than later tickets allow; and past return rates are left out,
//! since the rates at the end of training hold each training ticket's own outcome.

use super::design::outcomes;
use super::protocol::Example;
use crate::logistic::LogisticTrainer;
use ndarray::{Array1, Array2, ShapeBuilder};
use recontact::risk::encoding::{Encoding, FeatureModel};
use recontact::risk::source::FeatureSource;
use recontact::risk::windows::{ConditionalModel, WindowModels};
use recontact::risk::{RecontactRisk, RiskModel};
use recontact::timestamp::Timestamp;

/// Fewest tickets of each outcome for a step with weights; with fewer it is the same for all.
const MIN_EACH: usize = 100;
/// Fewest tickets for a step at all.
const MIN_ROWS: usize = 30;
/// Inverse regularisation strength of the steps: they lean on the main model.
const C: f64 = 0.01;

/// A training ticket with the log-odds of a model that was not fitted on it.
#[derive(Debug, Clone, Copy)]
pub struct OutOfFold<'e, 't> {
    /// The ticket.
    pub example: &'e Example<'t>,
    /// Log-odds, calibrated.
    pub logit: f64,
}

/// Fits the steps to `days`; a window that no ticket is old enough for is named on standard error and left out.
///
/// # Errors
/// What the solver says.
pub fn fit(
    model: &RiskModel,
    rows: &[OutOfFold<'_, '_>],
    days: &[u32],
    known_until: Timestamp,
) -> anyhow::Result<WindowModels> {
    let main = model.window_days();
    let mut days: Vec<u32> = days.iter().copied().filter(|days| *days != main).collect();
    days.sort_unstable();
    days.dedup();
    let returned = |row: &OutOfFold<'_, '_>, days| row.example.returned(days, known_until);
    let mut windows = WindowModels::default();
    let mut longer = main;
    for shorter in days.iter().copied().filter(|days| *days < main).rev() {
        let (within, outcomes) = parted(rows, |row| {
            returned(row, longer).filter(|returned| *returned).and_then(|_| returned(row, shorter))
        });
        if let Some(step) = step(model, shorter, &within, outcomes)? {
            windows.shorter.push(step);
            longer = shorter;
        }
    }
    let mut shorter = main;
    for longer in days.iter().copied().filter(|days| *days > main) {
        let (without, outcomes) = parted(rows, |row| {
            returned(row, shorter).filter(|returned| !returned).and_then(|_| returned(row, longer))
        });
        if let Some(step) = step(model, longer, &without, outcomes)? {
            windows.longer.push(step);
            shorter = longer;
        }
    }
    Ok(windows)
}

/// The rows that a step is about, and their outcomes.
fn parted<'r, 'e, 't>(
    rows: &'r [OutOfFold<'e, 't>],
    outcome: impl Fn(&OutOfFold<'_, '_>) -> Option<bool>,
) -> (Vec<&'r OutOfFold<'e, 't>>, Array1<bool>) {
    let (rows, outcomes): (Vec<_>, Vec<_>) =
        rows.iter().filter_map(|row| Some((row, outcome(row)?))).unzip();
    (rows, Array1::from(outcomes))
}

/// The features that a step may look at.
fn is_plain_number(feature: &FeatureModel) -> bool {
    matches!(feature.encoding, Encoding::Number(_))
        && !matches!(feature.source, FeatureSource::ReturnRate(_))
}

fn step(
    model: &RiskModel,
    window_days: u32,
    rows: &[&OutOfFold<'_, '_>],
    outcomes: Array1<bool>,
) -> anyhow::Result<Option<ConditionalModel>> {
    if rows.len() < MIN_ROWS {
        eprintln!(
            "no probability for {window_days} days: {} training tickets tell about it, expected at least {MIN_ROWS}",
            rows.len()
        );
        return Ok(None);
    }
    let positives = outcomes.iter().filter(|positive| **positive).count();
    if positives < MIN_EACH || rows.len() - positives < MIN_EACH {
        let odds = (number(positives) + 0.5) / (number(rows.len() - positives) + 0.5);
        let weights = std::collections::BTreeMap::new();
        let intercept = odds.ln();
        return Ok(Some(ConditionalModel { window_days, intercept, logit_weight: 0.0, weights }));
    }
    let context = &model.weights().context;
    let features = model.weights().features.iter();
    let numeric: Vec<_> = features.filter(|feature| is_plain_number(feature)).collect();
    let mut x = Array2::zeros((rows.len(), numeric.len() + 1).f());
    for (at, row) in rows.iter().enumerate() {
        x[[at, 0]] = row.logit;
        for (column, feature) in numeric.iter().enumerate() {
            let value = feature.value(&row.example.facts, context);
            x[[at, column + 1]] = feature.encoding.scaled_number(&value);
        }
    }
    let fit = LogisticTrainer::new(x, outcomes).fit(C)?;
    let weights = numeric
        .iter()
        .zip(fit.weights.iter().skip(1))
        .map(|(feature, weight)| (feature.name.clone(), rounded(*weight)))
        .collect();
    Ok(Some(ConditionalModel {
        window_days,
        intercept: fit.intercept,
        logit_weight: fit.weights[0],
        weights,
    }))
}

/// The observed share of tickets that came back within each window and the mean probability, on tickets old enough.
#[must_use]
pub fn measured(
    risks: &[RecontactRisk],
    rows: &[Example<'_>],
    known_until: Timestamp,
) -> Vec<MeasuredWindow> {
    let Some(first) = risks.first() else { return Vec::new() };
    let days: Vec<u32> = first.windows.iter().map(|window| window.window_days).collect();
    let main = outcomes(rows);
    let known = |row: &Example<'_>, main, days| {
        if days == first.window_days { Some(main) } else { row.returned(days, known_until) }
    };
    days.into_iter()
        .enumerate()
        .map(|(at, days)| {
            let all = rows.iter().zip(risks).zip(&main);
            let (score, positive): (Vec<f64>, Vec<bool>) = all
                .filter_map(|((row, risk), main)| {
                    let positive = known(row, *main, days)?;
                    Some((risk.windows[at].probability.value(), positive))
                })
                .unzip();
            let positives = positive.iter().filter(|positive| **positive).count();
            let rows = score.len();
            // A window that no test ticket is old enough for has no figure.
            let some = |value: f64| (rows > 0).then_some(value);
            MeasuredWindow {
                window_days: days,
                rows,
                positives,
                observed: some(number(positives) / number(rows.max(1))),
                expected: some(score.iter().sum::<f64>() / number(rows.max(1))),
                roc_auc: crate::metrics::roc_auc(&score, &positive),
                brier: some(crate::metrics::brier(&score, &positive)),
            }
        })
        .collect()
}

/// One window on the test tickets that are old enough for it.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct MeasuredWindow {
    /// Days after the closing.
    pub window_days: u32,
    /// Test tickets whose window was over.
    pub rows: usize,
    /// Those that came back.
    pub positives: usize,
    /// Their share; null without tickets.
    pub observed: Option<f64>,
    /// Mean probability; null without tickets.
    pub expected: Option<f64>,
    /// Area under the ROC curve.
    pub roc_auc: Option<f64>,
    /// Mean squared error of the probability; null without tickets.
    pub brier: Option<f64>,
}

fn rounded(weight: f64) -> f64 {
    (weight * 1e9).round() / 1e9 + 0.0
}

#[expect(clippy::cast_precision_loss, reason = "row counts fit into 53 bits")]
fn number(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use recontact::risk::encoding::{Column, NumberEncoding};
    use recontact::risk::source::{Categories, ReturnRates};

    /// The rates at the end of training hold the outcome of every training ticket.
    #[test]
    fn a_step_never_looks_at_rates_that_hold_the_tickets_own_outcome() {
        let column = Column::default();
        let encoding = Encoding::Number(NumberEncoding {
            typical: 0.0,
            median: 0.0,
            low: 0.0,
            high: 1.0,
            centre: 0.0,
            scale: 1.0,
            column,
            missing: column,
        });
        let rates = ReturnRates {
            of: Categories(Vec::new()),
            rates: std::collections::BTreeMap::new(),
            otherwise: 0.1,
        };
        let feature =
            |source| FeatureModel { name: "n".into(), source, encoding: encoding.clone() };
        assert!(is_plain_number(&feature(FeatureSource::BuiltIn)));
        assert!(!is_plain_number(&feature(FeatureSource::ReturnRate(rates))));
    }
}
