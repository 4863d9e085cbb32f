//! Two years of a support desk, made up: who came when about what, who came again, and what the model would have said.

use std::collections::BTreeMap;

pub(crate) const DAY_MS: i64 = 86_400_000;
/// Days of the history.
pub(crate) const DAYS: i64 = 730;
/// Days after a closing within which a return is known as one.
const LONGEST_GAP_MS: i64 = 30 * DAY_MS;
/// The parts of closings with a high and at least a medium risk, as the shipped model has them.
const HIGH: f64 = 0.1;
const MEDIUM: f64 = 0.3;

pub(crate) const TEAMS: [&str; 12] = [
    "cards",
    "transfers",
    "top-ups",
    "accounts",
    "fraud",
    "identity",
    "cash",
    "rates",
    "refunds",
    "limits",
    "app",
    "second line",
];
pub(crate) const CHANNELS: [&str; 5] = ["email", "phone", "web form", "app", "chat"];
pub(crate) const SEGMENTS: [&str; 4] = ["private", "business", "premium", "youth"];

/// A ticket. Instants are milliseconds since 1970.
pub(crate) struct Ticket {
    pub(crate) customer: usize,
    pub(crate) category: usize,
    pub(crate) team: usize,
    pub(crate) channel: usize,
    pub(crate) opened_at: i64,
    /// In the future while it is open.
    pub(crate) closed_at: i64,
    pub(crate) returns: Vec<Return>,
    pub(crate) score: f64,
    pub(crate) band: &'static str,
    /// A number of its own, for what is drawn of the ticket.
    pub(crate) draw: u64,
}

/// A later ticket of the same customer.
pub(crate) struct Return {
    pub(crate) ticket: usize,
    pub(crate) gap_ms: i64,
    pub(crate) relation: &'static str,
}

/// The tickets in the order of their closing.
pub(crate) struct History {
    pub(crate) tickets: Vec<Ticket>,
    pub(crate) now_ms: i64,
}

/// A generator whose numbers are the same in every run.
pub(crate) struct Draws(u64);

impl Draws {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// From 0 to below 1.
    pub(crate) fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    fn below(&mut self, end: usize) -> usize {
        (self.share() * end as f64) as usize
    }

    /// Exponential, with this mean.
    fn waiting(&mut self, mean: f64) -> f64 {
        -(1.0 - self.share()).ln() * mean
    }

    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.share()).sum::<f64>() - 6.0
    }
}

impl History {
    pub(crate) fn make(tickets: usize, categories: usize, now_ms: i64) -> Self {
        let mut draws = Draws::new(7);
        let mut all = Vec::with_capacity(tickets + 64);
        let customers = (tickets as f64 * 0.35).max(10.0);
        while all.len() < tickets {
            // Few customers come often, most once or twice.
            let customer = (draws.share().powi(2) * customers) as usize;
            // Some categories are frequent.
            let category = (draws.share().powf(1.6) * categories as f64) as usize;
            let day = (draws.share() * DAYS as f64) as i64;
            let hour = 7.0 + 13.0 * draws.share();
            let opened_at = now_ms - now_ms % DAY_MS - day * DAY_MS + (hour * 3.6e6) as i64;
            follow(&mut draws, &mut all, (customer, category, categories), opened_at, now_ms);
        }
        all.truncate(tickets);
        all.sort_by_key(|ticket| (ticket.closed_at, ticket.draw));
        let mut history = Self { tickets: all, now_ms };
        history.relate(categories);
        history.score(&mut draws);
        history
    }

    /// Finds for each closing who came within 30 days.
    fn relate(&mut self, categories: usize) {
        let mut of_customer: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (index, ticket) in self.tickets.iter().enumerate() {
            of_customer.entry(ticket.customer).or_default().push(index);
        }
        for theirs in of_customer.values() {
            for &index in theirs {
                let closed = &self.tickets[index];
                let returns = theirs.iter().filter_map(|&later| {
                    let ticket = &self.tickets[later];
                    let gap_ms = ticket.opened_at - closed.closed_at;
                    let is_return = gap_ms > 0 && gap_ms <= LONGEST_GAP_MS;
                    is_return.then(|| {
                        let relation = relation(closed.category, ticket.category, categories);
                        Return { ticket: later, gap_ms, relation }
                    })
                });
                self.tickets[index].returns = returns.collect();
            }
        }
    }

    fn score(&mut self, draws: &mut Draws) {
        for ticket in &mut self.tickets {
            let comes = ticket
                .returns
                .iter()
                .any(|came| came.gap_ms <= 14 * DAY_MS && came.relation != "unrelated");
            let logit = -1.6 + 0.8 * draws.normal() + if comes { 0.9 } else { 0.0 };
            ticket.score = 1.0 / (1.0 + (-logit).exp());
        }
        let mut scores: Vec<f64> = self.tickets.iter().map(|ticket| ticket.score).collect();
        scores.sort_by(f64::total_cmp);
        let from = |share: f64| scores[((scores.len() - 1) as f64 * (1.0 - share)) as usize];
        let (high, medium) = (from(HIGH), from(MEDIUM));
        for ticket in &mut self.tickets {
            ticket.band = match ticket.score {
                score if score >= high => "high",
                score if score >= medium => "medium",
                _ => "low",
            };
        }
    }
}

/// A ticket of a customer, and those that follow it.
fn follow(
    draws: &mut Draws,
    all: &mut Vec<Ticket>,
    (customer, category, categories): (usize, usize, usize),
    opened_at: i64,
    now_ms: i64,
) {
    let (mut category, mut opened_at) = (category, opened_at);
    while opened_at < now_ms - 3_600_000 {
        let closed_at = opened_at + 600_000 + (draws.waiting(20.0) * 3.6e6) as i64 % (9 * DAY_MS);
        all.push(Ticket {
            customer,
            category,
            team: if draws.share() < 0.9 { category % (TEAMS.len() - 1) } else { TEAMS.len() - 1 },
            channel: draws.below(CHANNELS.len()),
            opened_at,
            closed_at,
            returns: Vec::new(),
            score: 0.0,
            band: "low",
            draw: draws.next(),
        });
        let comes_again = 0.15 + 0.25 * (category % 7) as f64 / 6.0;
        if draws.share() > comes_again {
            return;
        }
        opened_at = closed_at + 3_600_000 + (draws.waiting(5.0) * DAY_MS as f64) as i64;
        if draws.share() < 0.45 {
            category = (category * 7 + 1 + draws.below(3)) % categories;
        }
    }
}

/// As outcomes tell it, where the categories that follow a category are adjacent to it.
fn relation(primary: usize, category: usize, categories: usize) -> &'static str {
    if category == primary {
        "explicit"
    } else if (1..=3).any(|step| (primary * 7 + step) % categories == category) {
        "implicit"
    } else {
        "unrelated"
    }
}
