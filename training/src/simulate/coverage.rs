//! `recontact-train simulate --check-coverage`: do the intervals hold the truth as often as they say?
//!
//! Each run draws new customers from the same population, and asks whether the 95 % intervals of the service's own code hold
//! the population's true effect. Scenarios differ in what makes an interval wrong: customers alike, outcomes cut off by the
//! end, unequal arms, wrong scores, no effect at all.

use super::experiment;
use super::params::SimulationParams;
use super::truth::{self, Truth};
use super::world::World;
use recontact::effect::{EffectReport, Verdict};
use recontact::statistics::{Interval, Proportion};
use serde::Serialize;

/// Customers whose potential outcomes give the truth.
const POPULATION: u32 = 400_000;
/// Customers of one experiment.
const CUSTOMERS: u32 = 6_000;

/// What all runs of a scenario gave.
#[derive(Debug, Clone, Serialize)]
pub struct ScenarioCoverage {
    /// What is particular about it.
    pub scenario: &'static str,
    /// Experiments.
    pub runs: u32,
    /// The population's true effects.
    pub truth: Truth,
    /// Mean mature episodes of an experiment.
    pub episodes: f64,
    /// Mean design effect of the difference.
    pub design_effect: f64,
    /// Mean of the estimated differences.
    pub mean_difference: f64,
    /// Runs whose Newcombe interval holds the true difference.
    pub newcombe: Proportion,
    /// Runs whose interval from sums per customer holds it.
    pub cluster_robust: Proportion,
    /// Runs whose interval that decides holds it.
    pub decisive: Proportion,
    /// Runs whose interval of net contacts avoided holds the true ones.
    pub net: Proportion,
    /// Mean of the estimated Qini areas.
    pub mean_qini_area: f64,
    /// Runs whose Qini interval holds the true area.
    pub qini: Proportion,
    /// Runs whose verdict is that repeats are reduced.
    pub reduces: Proportion,
    /// Runs whose verdict is that repeats are increased.
    pub increases: Proportion,
}

/// The scenarios, in the order of the table.
#[must_use]
pub fn scenarios(base: &SimulationParams) -> Vec<(&'static str, SimulationParams)> {
    let base = SimulationParams { customers: CUSTOMERS, ..base.clone() };
    let with = |change: fn(&mut SimulationParams)| {
        let mut params = base.clone();
        change(&mut params);
        params
    };
    vec![
        ("one ticket each", with(|params| params.further_tickets = 0.0)),
        ("heterogeneous, several tickets", with(|_| ())),
        (
            "customers very alike",
            with(|params| {
                params.further_tickets = 0.75;
                params.customer_spread = 2.5;
                params.customers /= 2;
            }),
        ),
        ("half cut off by the end", with(|params| params.days = 2 * params.window_days + 4)),
        (
            "one in ten held out",
            with(|params| {
                params.treatment_share = 0.9;
                params.customers *= 2;
            }),
        ),
        (
            "wrong scores, many sleeping dogs",
            with(|params| {
                params.score_slope = 0.4;
                params.score_shift = 0.5;
                params.score_noise = 1.0;
                params.sleeping_dogs = 0.3;
            }),
        ),
        (
            "no effect",
            with(|params| {
                params.effect = 0.0;
                params.harm = 0.0;
            }),
        ),
    ]
}

/// Runs a scenario.
///
/// # Errors
/// [`crate::failure::BadInput`] when its parameters cannot be used.
pub fn run(
    scenario: &'static str,
    params: SimulationParams,
    runs: u32,
    seed: u64,
) -> anyhow::Result<ScenarioCoverage> {
    let world = World::new(params)?;
    let truth = truth::population(&world, POPULATION);
    let mut sums = Sums::default();
    for run in 0..runs {
        // Far from each other, so that no two experiments share a customer.
        let run_seed = seed.wrapping_add(u64::from(run + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let days = world.params.days;
        // Three looks, the last at the end, as a cautious analyst plans them.
        let looks = vec![days / 3, 2 * days / 3, days];
        sums.add(&experiment::report(&world, run_seed, looks)?, &truth);
    }
    Ok(sums.coverage(scenario, runs, truth))
}

#[derive(Default)]
struct Sums {
    episodes: f64,
    design_effect: f64,
    difference: f64,
    qini_area: f64,
    newcombe: Proportion,
    cluster_robust: Proportion,
    decisive: Proportion,
    net: Proportion,
    qini: Proportion,
    reduces: Proportion,
    increases: Proportion,
}

impl Sums {
    fn add(&mut self, report: &EffectReport, truth: &Truth) {
        let treated = number(report.arms.treatment.mature_episodes);
        self.episodes += treated + number(report.arms.control.mature_episodes);
        let difference = report.difference.as_ref();
        self.difference += difference.map_or(0.0, |difference| difference.difference);
        self.design_effect += difference.and_then(|d| d.design_effect).unwrap_or(1.0);
        let avoided = report.contacts_avoided.as_ref();
        count(&mut self.newcombe, difference.and_then(|d| d.newcombe), truth.difference);
        count(
            &mut self.cluster_robust,
            difference.and_then(|d| d.cluster_robust),
            truth.difference,
        );
        // The gross contacts come from the interval that decides.
        count(
            &mut self.decisive,
            avoided.and_then(|avoided| avoided.gross_interval),
            -truth.difference * treated,
        );
        count(
            &mut self.net,
            avoided.and_then(|avoided| avoided.net_interval),
            truth.net_avoided * treated,
        );
        self.qini_area += report.qini.area.unwrap_or(0.0);
        count(&mut self.qini, report.qini.interval, truth.qini_area.unwrap_or(0.0));
        let verdict = report.verdict.verdict;
        for (proportion, wanted) in
            [(&mut self.reduces, Verdict::Reduces), (&mut self.increases, Verdict::Increases)]
        {
            proportion.trials += 1;
            proportion.count += u64::from(verdict == wanted);
        }
    }

    fn coverage(self, scenario: &'static str, runs: u32, truth: Truth) -> ScenarioCoverage {
        let mean = |sum: f64| sum / f64::from(runs.max(1));
        ScenarioCoverage {
            scenario,
            runs,
            truth,
            episodes: mean(self.episodes),
            design_effect: mean(self.design_effect),
            mean_difference: mean(self.difference),
            newcombe: self.newcombe,
            cluster_robust: self.cluster_robust,
            decisive: self.decisive,
            net: self.net,
            mean_qini_area: mean(self.qini_area),
            qini: self.qini,
            reduces: self.reduces,
            increases: self.increases,
        }
    }
}

/// An interval that is missing does not hold the truth.
fn count(proportion: &mut Proportion, interval: Option<Interval>, truth: f64) {
    proportion.trials += 1;
    let holds = interval.is_some_and(|interval| interval.low <= truth && truth <= interval.high);
    proportion.count += u64::from(holds);
}

impl ScenarioCoverage {
    /// The intervals whose coverage is promised: the one that decides, that of net contacts, that of the Qini area.
    #[must_use]
    pub fn promised(&self) -> [(&'static str, Proportion); 4] {
        [
            ("cluster_robust", self.cluster_robust),
            ("decisive", self.decisive),
            ("net", self.net),
            ("qini", self.qini),
        ]
    }
}

/// The shares of runs within which a 95 % interval must hold the truth: 93 to 97 %, and with fewer than 500 runs as far
/// apart as chance takes one in a thousand.
#[must_use]
pub fn accepted(runs: u32) -> Interval {
    let by_chance = 3.29 * (0.95 * 0.05 / f64::from(runs.max(1))).sqrt();
    let half = if runs >= 500 { 0.02 } else { by_chance.max(0.02) };
    Interval { low: 0.95 - half, high: (0.95 + half).min(1.0) }
}

#[expect(clippy::cast_precision_loss, reason = "counts fit into 53 bits")]
fn number(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fewer_runs_are_held_to_what_chance_allows() {
        assert_eq!(accepted(500), Interval { low: 0.95 - 0.02, high: 0.95 + 0.02 });
        let few = accepted(100);
        assert!(few.low < 0.88 && few.low > 0.87 && (few.high - 1.0).abs() < 1e-12, "{few:?}");
    }

    #[test]
    fn the_population_with_no_effect_has_none() {
        let (name, mut params) = scenarios(&SimulationParams::default()).pop().unwrap();
        assert_eq!(name, "no effect");
        params.customers = 5_000;
        let truth = truth::population(&World::new(params).unwrap(), 20_000);
        assert!(truth.difference.abs() < 1e-12, "{truth:?}");
        assert!(truth.net_avoided < 0.0, "follow-ups cost and annoy also when they do not help");
    }
}
