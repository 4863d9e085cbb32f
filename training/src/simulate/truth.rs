//! The true effect, which only a simulation knows.
//!
//! The estimand is the population's: what the policy does to customers like those in the experiment, of whom the experiment
//! holds a sample. It is computed from the potential outcomes' probabilities of many customers who are not in the
//! experiment. Of the experiment's own customers two more are told: the mean of their probabilities, and the difference of
//! the outcomes that both worlds would have had. Against the last one an interval for the population covers too often,
//! since the arms' variances count the difference between the two worlds twice (Neyman 1923).

use super::params::SimulationParams;
use super::world::World;
use recontact::effect::Arm;
use recontact::effect::uplift::{BINS, Cell, ScoreCuts, ScoreHistogram, qini_area};
use serde::Serialize;

/// The seed of the customers that stand for the population; no experiment has it.
const POPULATION_SEED: u64 = 0x5EED_0F7E_57ED_D0E5;

/// True effects per flagged episode, treatment minus control.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Truth {
    /// Episodes it was computed from.
    pub episodes: u64,
    /// Repeat rate without treatment.
    pub control_rate: f64,
    /// Repeat rate when assigned to treatment.
    pub treatment_rate: f64,
    /// Treatment minus control: the intention-to-treat effect.
    pub difference: f64,
    /// Induced contacts per treated episode.
    pub induced: f64,
    /// Share of treated episodes that are followed up.
    pub contacted: f64,
    /// Contacts avoided per treated episode, net of induced ones and of the follow-ups' cost.
    pub net_avoided: f64,
    /// Area between Qini curve and random line, per treated episode.
    pub qini_area: Option<f64>,
}

/// The population's true effects, from `customers` simulated ones.
#[must_use]
pub fn population(world: &World, customers: u32) -> Truth {
    of_probabilities(world, POPULATION_SEED, customers)
}

/// True effects on the customers of an experiment, from their probabilities.
#[must_use]
pub fn of_probabilities(world: &World, seed: u64, customers: u32) -> Truth {
    let mut cuts = ScoreHistogram::default();
    for_each_flagged(world, seed, customers, |ticket| cuts.add(ticket.score));
    let mut sums = Sums::new(cuts.cuts());
    for_each_flagged(world, seed, customers, |ticket| {
        sums.add(
            ticket.score,
            ticket.untreated.repeat_probability,
            ticket.treated.repeat_probability,
            ticket.treated.contact_probability,
            ticket.treated.contact_probability * world.params.induced,
        );
    });
    sums.truth(&world.params)
}

/// True effects on the customers of an experiment, from what would have happened to each in both worlds.
#[must_use]
pub fn of_outcomes(world: &World, seed: u64, customers: u32) -> Truth {
    let mut cuts = ScoreHistogram::default();
    for_each_flagged(world, seed, customers, |ticket| cuts.add(ticket.score));
    let mut sums = Sums::new(cuts.cuts());
    for_each_flagged(world, seed, customers, |ticket| {
        let untreated = world.observation(Arm::Control, ticket);
        let treated = world.observation(Arm::Treatment, ticket);
        let one = |is: bool| f64::from(u8::from(is));
        sums.add(
            ticket.score,
            one(untreated.repeat),
            one(treated.repeat),
            one(treated.contacted),
            f64::from(treated.induced),
        );
    });
    sums.truth(&world.params)
}

fn for_each_flagged(
    world: &World,
    seed: u64,
    customers: u32,
    mut take: impl FnMut(&super::world::Ticket),
) {
    for number in 0..u64::from(customers) {
        world.customer(seed, number).flagged().for_each(&mut take);
    }
}

struct Sums {
    cuts: ScoreCuts,
    cells: [Cell; BINS],
    episodes: u64,
    untreated: f64,
    treated: f64,
    contacted: f64,
    induced: f64,
}

impl Sums {
    fn new(cuts: ScoreCuts) -> Self {
        Self {
            cuts,
            cells: [Cell::default(); BINS],
            episodes: 0,
            untreated: 0.0,
            treated: 0.0,
            contacted: 0.0,
            induced: 0.0,
        }
    }

    fn add(&mut self, score: f64, untreated: f64, treated: f64, contacted: f64, induced: f64) {
        let cell = &mut self.cells[self.cuts.bin(score)];
        cell.add(Arm::Control, 1.0, untreated);
        cell.add(Arm::Treatment, 1.0, treated);
        self.episodes += 1;
        self.untreated += untreated;
        self.treated += treated;
        self.contacted += contacted;
        self.induced += induced;
    }

    fn truth(&self, params: &SimulationParams) -> Truth {
        #[expect(clippy::cast_precision_loss, reason = "counts fit into 53 bits")]
        let per_episode =
            |sum: f64| if self.episodes == 0 { 0.0 } else { sum / self.episodes as f64 };
        let (control_rate, treatment_rate) =
            (per_episode(self.untreated), per_episode(self.treated));
        let (induced, contacted) = (per_episode(self.induced), per_episode(self.contacted));
        Truth {
            episodes: self.episodes,
            control_rate,
            treatment_rate,
            difference: treatment_rate - control_rate,
            induced,
            contacted,
            net_avoided: control_rate
                - treatment_rate
                - induced
                - contacted * params.cost_follow_up / params.cost_repeat,
            qini_area: qini_area(&self.cells),
        }
    }
}
