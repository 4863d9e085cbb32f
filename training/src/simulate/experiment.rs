//! A simulated experiment through the estimators of the service.

use super::world::{Customer, World};
use crate::bad_input;
use recontact::effect::looks::LookPlan;
use recontact::effect::uplift::ScoreHistogram;
use recontact::effect::{Arm, ContactCosts, Design, EffectReport, Observation, Tally};
use recontact::risk::Language;

/// The relative reduction that power is stated for.
const TARGET_REDUCTION: f64 = 0.2;

/// Draws customers, observes them until the end of the simulated days and reports the effect, as the service would from
/// its store.
///
/// # Errors
/// [`crate::failure::BadInput`] when the looks or costs cannot be used.
pub fn report(world: &World, seed: u64, looks_days: Vec<u32>) -> anyhow::Result<EffectReport> {
    let design = design(world, looks_days)?;
    let customers: Vec<(Arm, Vec<Observation>)> = (0..u64::from(world.params.customers))
        .map(|number| world.customer(seed, number))
        .filter(|customer| !customer.is_lost)
        .map(|customer| (customer.arm, observations(world, &customer)))
        .collect();
    let mut scores = ScoreHistogram::default();
    for episode in customers.iter().flat_map(|(_, episodes)| episodes) {
        scores.add(episode.score);
    }
    let mut tally = Tally::new(design, world.end(), scores.cuts());
    for (_, episodes) in &customers {
        tally.add_customer(episodes);
    }
    Ok(tally.report(Language::En))
}

fn observations(world: &World, customer: &Customer) -> Vec<Observation> {
    customer.flagged().map(|ticket| world.observation(customer.arm, ticket)).collect()
}

fn design(world: &World, looks_days: Vec<u32>) -> anyhow::Result<Design> {
    let params = &world.params;
    Ok(Design {
        window_days: params.window_days,
        treatment_share: params.treatment_share,
        started_at: world.start(),
        ended_at: None,
        looks: LookPlan::parse(looks_days).map_err(|error| bad_input!("looks: {error}"))?,
        costs: ContactCosts::parse(params.cost_repeat, params.cost_follow_up)
            .map_err(|error| bad_input!("{error}"))?,
        target_reduction: TARGET_REDUCTION,
    })
}
