//! [`World`]: customers, their tickets, and for each ticket both potential outcomes: with and without being treated.
//!
//! A ticket comes back with probability `p0` (log-odds: customer + category + difficulty), after a log-normal gap. If it is
//! followed up `follow_up_hours` after the close, and the customer has not come back before, the probability becomes `p1`:
//! lower for persuadable tickets, higher for sleeping dogs, the same for the rest. One uniform number per ticket decides in
//! both worlds, so that a follow-up prevents or causes a repeat but never swaps customers.
//!
//! A customer's tickets open at random moments, each in another family of categories than the others', so that one problem's
//! repeat is never taken for another's. Repeats are not flagged again.

use super::params::SimulationParams;
use super::random::Random;
use recontact::effect::{Arm, Observation};
use recontact::statistics::normal_cdf;
use recontact::timestamp::{DAY_MS, Timestamp};

/// Families of categories; the members of one follow each other.
pub const FAMILIES: usize = 8;
/// Categories in a family.
pub const FAMILY_SIZE: usize = 3;
/// 2026-01-01T00:00:00Z.
const START_MS: i64 = 1_767_225_600_000;
/// Days from opening to closing at most.
const LONGEST_WORK_DAYS: f64 = 4.0;

/// A desk from which customers are drawn.
#[derive(Debug, Clone)]
pub struct World {
    /// How it works.
    pub params: SimulationParams,
    start: Timestamp,
    /// Log-odds of each category.
    categories: Vec<f64>,
}

/// A customer and the tickets that open by themselves.
#[derive(Debug, Clone)]
pub struct Customer {
    /// What chance decided.
    pub arm: Arm,
    /// Whether a fault lost this customer's rows in the experiment.
    pub is_lost: bool,
    /// Tickets, by opening.
    pub tickets: Vec<Ticket>,
}

/// A ticket with both potential outcomes.
#[derive(Debug, Clone, Copy)]
pub struct Ticket {
    /// Its category, `family * FAMILY_SIZE + member`.
    pub category: usize,
    /// Days from the start to its opening.
    pub opened_day: f64,
    /// Days from the start to its close.
    pub closed_day: f64,
    /// Difficulty in standard deviations, which the helpdesk sees.
    pub difficulty: f64,
    /// The score at the close.
    pub score: f64,
    /// Whether the score reaches the threshold.
    pub is_flagged: bool,
    /// Without a follow-up.
    pub untreated: Potential,
    /// When assigned to treatment.
    pub treated: Potential,
}

/// What becomes of a ticket in one of the two worlds.
#[derive(Debug, Clone, Copy, Default)]
pub struct Potential {
    /// Days from the close to the repeat, if there is one at any time.
    pub repeat_gap_days: Option<f64>,
    /// Whether it is followed up.
    pub is_contacted: bool,
    /// Whether the customer answers the follow-up itself.
    pub is_induced: bool,
    /// Probability of a repeat within the window, over the ticket's own chance.
    pub repeat_probability: f64,
    /// Probability of being followed up.
    pub contact_probability: f64,
}

impl World {
    /// A desk; the same parameters are the same desk whatever the seed of the customers.
    ///
    /// # Errors
    /// [`crate::failure::BadInput`] when a parameter is out of its range.
    pub fn new(params: SimulationParams) -> anyhow::Result<Self> {
        params.check()?;
        let mut random = Random::new(0, 0);
        let categories =
            (0..FAMILIES * FAMILY_SIZE).map(|_| params.category_spread * random.normal()).collect();
        Ok(Self { params, start: Timestamp::from_millis(START_MS)?, categories })
    }

    /// The instant so many days after the start.
    #[must_use]
    pub fn instant(&self, day: f64) -> Timestamp {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            reason = "at most ten years in milliseconds"
        )]
        let millis = START_MS + (day * DAY_MS as f64) as i64;
        Timestamp::from_millis(millis).unwrap_or(self.start)
    }

    /// When the experiment starts.
    #[must_use]
    pub fn start(&self) -> Timestamp {
        self.start
    }

    /// The end of what is observed.
    #[must_use]
    pub fn end(&self) -> Timestamp {
        self.instant(f64::from(self.params.days))
    }

    /// Draws a customer.
    #[must_use]
    pub fn customer(&self, seed: u64, number: u64) -> Customer {
        let params = &self.params;
        let mut random = Random::new(seed, number);
        let arm = if random.chance(params.treatment_share) { Arm::Treatment } else { Arm::Control };
        let is_lost = random.chance(params.ratio_fault) && arm == Arm::Control;
        let own = random.normal();
        // Whoever has problems often has more of them.
        let more = (params.further_tickets * (0.4 * own).exp()).min(0.95);
        let mut count = 1;
        while count < FAMILIES && random.chance(more) {
            count += 1;
        }
        let first_family = random.pick(FAMILIES);
        let mut tickets: Vec<Ticket> = (0..count)
            .map(|index| self.ticket(&mut random, own, (first_family + index) % FAMILIES))
            .collect();
        tickets.sort_by(|a, b| a.opened_day.total_cmp(&b.opened_day));
        Customer { arm, is_lost, tickets }
    }

    fn ticket(&self, random: &mut Random, own: f64, family: usize) -> Ticket {
        let params = &self.params;
        let category = family * FAMILY_SIZE + random.pick(FAMILY_SIZE);
        let difficulty = random.normal();
        let seen =
            params.base_logit + self.categories[category] + params.difficulty_weight * difficulty;
        let logit = seen + params.customer_spread * own;
        // The score knows half of the customer's own part, from history.
        let known = seen + 0.5 * params.customer_spread * own;
        let score = sigmoid(
            params.score_shift + params.score_slope * known + params.score_noise * random.normal(),
        );
        let opened_day = random.uniform() * (f64::from(params.days) - LONGEST_WORK_DAYS);
        let work = (0.1 + 0.9 * random.uniform()) * LONGEST_WORK_DAYS * sigmoid(difficulty - 1.0);
        let (untreated, treated) = self.potentials(random, logit);
        Ticket {
            category,
            opened_day,
            closed_day: opened_day + work,
            difficulty,
            score,
            is_flagged: score >= params.flag_threshold,
            untreated,
            treated,
        }
    }

    fn potentials(&self, random: &mut Random, logit: f64) -> (Potential, Potential) {
        let params = &self.params;
        let p0 = sigmoid(logit);
        let p1 = self.probability_when_contacted(random, logit, p0);
        let (luck, gap_luck) = (random.uniform(), random.uniform());
        let complies = random.chance(params.compliance);
        let answers = random.chance(params.induced);
        let window = f64::from(params.window_days);
        let contact_day = params.follow_up_hours / 24.0;
        let gap = self.gap_days(gap_luck);

        let untreated = Potential {
            repeat_gap_days: (luck < p0).then_some(gap),
            repeat_probability: p0 * self.gap_before(window),
            ..Potential::default()
        };
        let comes_before = luck < p0 && gap < contact_day;
        let is_contacted = complies && !comes_before;
        let repeat_gap_days = match untreated.repeat_gap_days {
            _ if !is_contacted => untreated.repeat_gap_days,
            _ if luck < p0.min(p1) => Some(gap),
            // Roused by the follow-up.
            _ if luck >= p0 && luck < p1 => Some(contact_day + gap),
            _ => None,
        };
        let before_contact = self.gap_before(contact_day);
        let when_complying = p0 * before_contact
            + p0.min(p1) * (self.gap_before(window) - before_contact)
            + (p1 - p0).max(0.0) * self.gap_before(window - contact_day);
        let treated = Potential {
            repeat_gap_days,
            is_contacted,
            is_induced: is_contacted && answers,
            repeat_probability: params.compliance * when_complying
                + (1.0 - params.compliance) * untreated.repeat_probability,
            contact_probability: params.compliance * (1.0 - p0 * before_contact),
        };
        (untreated, treated)
    }

    /// Persuadable, sleeping dog or neither; sleeping dogs are more frequent where the risk is high.
    fn probability_when_contacted(&self, random: &mut Random, logit: f64, p0: f64) -> f64 {
        let params = &self.params;
        let dogs = params.sleeping_dogs * 2.0 * sigmoid(2.0 * (logit - params.base_logit));
        let kind = random.uniform();
        if kind < dogs {
            (p0 * (1.0 + params.harm)).min(1.0)
        } else if kind < dogs + (1.0 - dogs) * params.persuadable {
            p0 * (1.0 - params.effect)
        } else {
            p0
        }
    }

    fn gap_days(&self, luck: f64) -> f64 {
        let spread = self.params.gap_spread * recontact::statistics::normal_quantile(luck);
        self.params.gap_median_days * spread.exp()
    }

    /// The probability that a gap is at most so many days.
    fn gap_before(&self, days: f64) -> f64 {
        if days <= 0.0 {
            return 0.0;
        }
        normal_cdf((days / self.params.gap_median_days).ln() / self.params.gap_spread)
    }

    /// What the experiment records of a flagged ticket of a customer; its outcome counts only once it is mature.
    #[must_use]
    pub fn observation(&self, arm: Arm, ticket: &Ticket) -> Observation {
        let happened = ticket.happened(arm);
        let closed_at = self.instant(ticket.closed_day);
        let window = f64::from(self.params.window_days);
        Observation {
            arm,
            score: ticket.score,
            flagged_at: closed_at,
            matures_at: closed_at.plus_days(i64::from(self.params.window_days)),
            repeat: happened.repeat_gap_days.is_some_and(|gap| gap <= window),
            induced: u32::from(happened.is_induced),
            contacted: happened.is_contacted,
        }
    }
}

impl Customer {
    /// Tickets that are in the experiment.
    pub fn flagged(&self) -> impl Iterator<Item = &Ticket> {
        self.tickets.iter().filter(|ticket| ticket.is_flagged)
    }
}

impl Ticket {
    /// What becomes of it in the arm of its customer: one that is not flagged is treated in neither.
    #[must_use]
    pub fn happened(&self, arm: Arm) -> Potential {
        if arm == Arm::Treatment && self.is_flagged { self.treated } else { self.untreated }
    }
}

fn sigmoid(logit: f64) -> f64 {
    1.0 / (1.0 + (-logit).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_happen_as_often_as_their_probabilities_say() {
        let world =
            World::new(SimulationParams { harm: 1.5, ..SimulationParams::default() }).unwrap();
        let window = f64::from(world.params.window_days);
        let (mut tickets, mut sums) = (0.0, [0.0; 6]);
        for number in 0..20_000 {
            for ticket in world.customer(11, number).tickets {
                let is_back = |potential: Potential| {
                    f64::from(u8::from(potential.repeat_gap_days.is_some_and(|gap| gap <= window)))
                };
                tickets += 1.0;
                sums[0] += is_back(ticket.untreated);
                sums[1] += ticket.untreated.repeat_probability;
                sums[2] += is_back(ticket.treated);
                sums[3] += ticket.treated.repeat_probability;
                sums[4] += f64::from(u8::from(ticket.treated.is_contacted));
                sums[5] += ticket.treated.contact_probability;
            }
        }
        for pair in sums.chunks(2) {
            assert!((pair[0] - pair[1]).abs() / tickets < 0.008, "{sums:?} of {tickets}");
        }
    }

    #[test]
    fn a_customers_problems_are_of_different_families_and_inside_the_time() {
        let world =
            World::new(SimulationParams { further_tickets: 0.9, ..SimulationParams::default() })
                .unwrap();
        for number in 0..500 {
            let customer = world.customer(1, number);
            let mut families: Vec<usize> =
                customer.tickets.iter().map(|ticket| ticket.category / FAMILY_SIZE).collect();
            families.sort_unstable();
            families.dedup();
            assert_eq!(families.len(), customer.tickets.len());
            for ticket in &customer.tickets {
                assert!(ticket.opened_day < ticket.closed_day);
                assert!(ticket.closed_day <= f64::from(world.params.days));
            }
        }
    }

    #[test]
    fn a_follow_up_after_the_customer_came_back_is_not_made() {
        let world = World::new(SimulationParams { compliance: 1.0, ..SimulationParams::default() })
            .unwrap();
        let day = world.params.follow_up_hours / 24.0;
        for number in 0..2_000 {
            for ticket in world.customer(2, number).tickets {
                let came_before = ticket.untreated.repeat_gap_days.is_some_and(|gap| gap < day);
                assert_eq!(ticket.treated.is_contacted, !came_before);
                if came_before {
                    assert_eq!(ticket.treated.repeat_gap_days, ticket.untreated.repeat_gap_days);
                }
            }
        }
    }
}
