//! Calibration on tickets that were predicted before their outcome was known: linfa's Platt scaling, and isotonic
//! regression by pooling adjacent violators. linfa-linear 0.8.1 has one too, but on yes-or-no outcomes it pools nearly all
//! tickets into one step.

use super::params::CalibrationChoice;
use crate::metrics;
use anyhow::anyhow;
use linfa::ParamGuard;
use linfa::composing::platt_scaling::{Platt, platt_newton_method};
use ndarray::Array1;
use recontact::probability::Probability;
use recontact::risk::Calibration;
use serde::Serialize;

/// Fewest tickets of each outcome for a calibration.
const MIN_EACH: usize = 50;
/// What a calibration must gain in log loss to be worth its place.
const MIN_GAIN: f64 = 0.0005;
/// Probabilities of steps are kept this far from 0 and 1, where log-odds end.
const EDGE: f64 = 0.002;

/// A calibration on the tickets of the last fold, learnt on those of the folds before it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TriedCalibration {
    /// none, platt or isotonic.
    pub method: &'static str,
    /// Mean negative log-likelihood.
    pub log_loss: f64,
    /// Mean squared error of the probability.
    pub brier: f64,
    /// Expected calibration error.
    pub ece: f64,
}

/// Log-odds and outcomes of one fold.
#[derive(Debug, Clone)]
pub struct Predicted {
    /// Log-odds of each ticket.
    pub logits: Vec<f64>,
    /// Whether it came back.
    pub positive: Vec<bool>,
}

/// Chooses a calibration and learns it on all folds.
///
/// # Errors
/// What linfa says.
pub fn choose(
    folds: &[Predicted],
    choice: CalibrationChoice,
) -> anyhow::Result<(Calibration, Vec<TriedCalibration>)> {
    let all = joined(folds);
    let one = |method| Ok((fitted(method, &all)?, Vec::new()));
    match choice {
        CalibrationChoice::None => return Ok((Calibration::None, Vec::new())),
        CalibrationChoice::Platt | CalibrationChoice::Isotonic => return one(choice),
        CalibrationChoice::Auto => {}
    }
    let Some((last, before)) = folds.split_last().filter(|(_, before)| !before.is_empty()) else {
        return Ok((Calibration::None, Vec::new()));
    };
    let before = joined(before);
    if !is_enough(&before) || !is_enough(last) {
        return Ok((Calibration::None, Vec::new()));
    }
    let mut tried = vec![measured(&Calibration::None, last)];
    let mut best = (CalibrationChoice::None, tried[0].log_loss - MIN_GAIN, tried[0].brier);
    for method in [CalibrationChoice::Platt, CalibrationChoice::Isotonic] {
        let this = measured(&fitted(method, &before)?, last);
        if this.log_loss < best.1 && this.brier < best.2 {
            best = (method, this.log_loss, this.brier);
        }
        tried.push(this);
    }
    let calibration = match best.0 {
        CalibrationChoice::Platt | CalibrationChoice::Isotonic => fitted(best.0, &all)?,
        CalibrationChoice::None | CalibrationChoice::Auto => Calibration::None,
    };
    Ok((calibration, tried))
}

fn fitted(method: CalibrationChoice, on: &Predicted) -> anyhow::Result<Calibration> {
    match method {
        CalibrationChoice::Platt => platt(on),
        CalibrationChoice::Isotonic => Ok(isotonic(on)),
        CalibrationChoice::None | CalibrationChoice::Auto => Ok(Calibration::None),
    }
}

fn platt(on: &Predicted) -> anyhow::Result<Calibration> {
    let (logits, positive) = (Array1::from(on.logits.clone()), Array1::from(on.positive.clone()));
    let params =
        Platt::<f64, ()>::params().check().map_err(|error| anyhow!("Platt scaling: {error}"))?;
    let (a, b) = platt_newton_method(logits.view(), positive.view(), &params)
        .map_err(|error| anyhow!("Platt scaling: {error}"))?;
    // linfa's sigmoid falls: 1 / (1 + exp(a x + b)).
    Ok(Calibration::Platt { slope: (-a).max(1e-3), offset: -b })
}

fn isotonic(on: &Predicted) -> Calibration {
    let mut rows: Vec<(f64, bool)> =
        on.logits.iter().copied().zip(on.positive.iter().copied()).collect();
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut from, mut to): (Vec<f64>, Vec<f64>) = (Vec::new(), Vec::new());
    for step in pooled(&rows) {
        // A step becomes a knot in the middle of its tickets. Half a ticket of each outcome more: a step without returns
        // is no proof that there are none.
        let share = ((step.positives + 0.5) / (step.tickets + 1.0)).clamp(EDGE, 1.0 - EDGE);
        let (middle, logit) = (step.logits / step.tickets, (share / (1.0 - share)).ln());
        if from.last().is_none_or(|last| middle > *last) {
            from.push(middle);
            to.push(to.last().map_or(logit, |last: &f64| last.max(logit)));
        }
    }
    Calibration::Isotonic { from, to }
}

/// Tickets next to each other that get one probability.
#[derive(Debug, Clone, Copy)]
struct Step {
    tickets: f64,
    positives: f64,
    /// Sum of the log-odds.
    logits: f64,
}

/// The steps of the isotonic fit, in order: neighbours are pooled until the share that came back rises from step to step
/// (Best and Chakravarti 1990). Tickets of equal log-odds are one step from the start.
fn pooled(rows: &[(f64, bool)]) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for equal in rows.chunk_by(|a, b| a.0 == b.0) {
        let mut step = Step { tickets: 0.0, positives: 0.0, logits: 0.0 };
        for (logit, positive) in equal {
            step.tickets += 1.0;
            step.positives += f64::from(u8::from(*positive));
            step.logits += logit;
        }
        while let Some(last) = steps.last().copied()
            && last.positives * step.tickets >= step.positives * last.tickets
        {
            steps.pop();
            step.tickets += last.tickets;
            step.positives += last.positives;
            step.logits += last.logits;
        }
        steps.push(step);
    }
    steps
}

fn measured(calibration: &Calibration, on: &Predicted) -> TriedCalibration {
    let logits: Vec<f64> = on.logits.iter().map(|logit| calibration.apply(*logit)).collect();
    let probabilities: Vec<f64> =
        logits.iter().map(|logit| Probability::from_logit(*logit).value()).collect();
    TriedCalibration {
        method: calibration.as_str(),
        log_loss: metrics::log_loss(&logits, &on.positive),
        brier: metrics::brier(&probabilities, &on.positive),
        ece: metrics::binary_calibration_error(&probabilities, &on.positive),
    }
}

fn joined(folds: &[Predicted]) -> Predicted {
    Predicted {
        logits: folds.iter().flat_map(|fold| fold.logits.iter().copied()).collect(),
        positive: folds.iter().flat_map(|fold| fold.positive.iter().copied()).collect(),
    }
}

fn is_enough(on: &Predicted) -> bool {
    let positives = on.positive.iter().filter(|positive| **positive).count();
    positives >= MIN_EACH && on.positive.len() - positives >= MIN_EACH
}

#[cfg(test)]
#[expect(clippy::cast_precision_loss, reason = "small numbers of a test")]
mod tests {
    use super::*;

    /// Tickets whose true log-odds are half their score plus one, in a fixed pattern.
    fn overconfident(rows: usize) -> Predicted {
        let mut predicted = Predicted { logits: Vec::new(), positive: Vec::new() };
        for row in 0..rows {
            let logit = ((row * 37) % 400) as f64 / 50.0 - 4.0;
            let chance = Probability::from_logit(0.5 * logit + 1.0).value();
            // The golden ratio's multiples are spread evenly over 0 to 1.
            let draw = (row as f64 * 0.618_033_988_75).fract();
            predicted.logits.push(logit);
            predicted.positive.push(draw < chance);
        }
        predicted
    }

    #[test]
    fn an_overconfident_score_is_mended_by_either_method() {
        let predicted = overconfident(4000);
        let Calibration::Platt { slope, offset } = platt(&predicted).unwrap() else { panic!() };
        assert!((slope - 0.5).abs() < 0.05 && (offset - 1.0).abs() < 0.1, "{slope} {offset}");
        let steps = isotonic(&predicted);
        assert_eq!(steps.fault(), None);
        for logit in [-2.0, 0.0, 1.5] {
            assert!((steps.apply(logit) - (0.5 * logit + 1.0)).abs() < 0.35, "{logit} {steps:?}");
        }
    }

    #[test]
    fn a_calibration_is_taken_only_where_it_helps() {
        let folds = [overconfident(2000), overconfident(2000), overconfident(1500)];
        let (chosen, tried) = choose(&folds, CalibrationChoice::Auto).unwrap();
        assert!(matches!(chosen, Calibration::Platt { .. } | Calibration::Isotonic { .. }));
        assert_eq!(tried.len(), 3);
        let sound = folds.map(|mut fold| {
            fold.logits.iter_mut().for_each(|logit| *logit = 0.5 * *logit + 1.0);
            fold
        });
        assert_eq!(choose(&sound, CalibrationChoice::Auto).unwrap().0, Calibration::None);
        assert_eq!(choose(&sound[..1], CalibrationChoice::Auto).unwrap().0, Calibration::None);
    }
}
