//! [`Tally`]: takes customer after customer and keeps sums only.

use super::cluster::ClusterSums;
use super::contacts::ArmSums;
use super::looks::Look;
use super::uplift::{ScoreCuts, UpliftTally};
use super::{Arm, Design, Observation};
use crate::statistics::Proportion;
use crate::timestamp::Timestamp;

/// Sums of an experiment as of an instant.
#[derive(Debug, Clone)]
pub struct Tally {
    pub(super) design: Design,
    pub(super) as_of: Timestamp,
    pub(super) arms: [ArmTally; 2],
    pub(super) looks: Vec<LookTally>,
    pub(super) uplift: UpliftTally,
    pub(super) in_both_arms: u64,
    pub(super) without_outcome: u64,
}

/// One arm.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ArmTally {
    /// Customers with a flagged episode, mature or not.
    pub(super) customers: u64,
    /// Their flagged episodes.
    pub(super) flagged: u64,
    /// Episodes whose window is over, and those of them that a repeat followed.
    pub(super) mature: Proportion,
    /// Customers with a mature episode, and those of them who came back at least once.
    pub(super) customers_back: Proportion,
    /// Contacts caused by our own follow-ups after mature episodes.
    pub(super) induced: u64,
    /// Mature episodes that were really followed up, and those of them that a repeat followed.
    pub(super) contacted: Proportion,
    pub(super) sums: ArmSums,
}

/// What a look that has come sees.
#[derive(Debug, Clone, Copy)]
pub(super) struct LookTally {
    pub(super) look: Look,
    pub(super) arms: [ClusterSums; 2],
}

impl Tally {
    /// Begins without customers. `cuts` are those of the scores of all flagged episodes.
    #[must_use]
    pub fn new(design: Design, as_of: Timestamp, cuts: ScoreCuts) -> Self {
        let looks = design
            .looks
            .looks(design.started_at, design.ended_at, design.window_days)
            .into_iter()
            .filter(|look| look.at <= as_of)
            .map(|look| LookTally { look, arms: [ClusterSums::default(); 2] })
            .collect();
        Self {
            design,
            as_of,
            arms: [ArmTally::default(); 2],
            looks,
            uplift: UpliftTally::new(cuts),
            in_both_arms: 0,
            without_outcome: 0,
        }
    }

    /// Adds all flagged episodes of one customer. A customer who is in both arms, as after two customers turned out to be
    /// one person, is in neither comparison and is counted apart.
    pub fn add_customer(&mut self, episodes: &[Observation]) {
        let Some(arm) = episodes.first().map(|episode| episode.arm) else { return };
        if episodes.iter().any(|episode| episode.arm != arm) {
            self.in_both_arms += 1;
            return;
        }
        let mature: Vec<&Observation> =
            episodes.iter().filter(|episode| episode.matures_at <= self.as_of).collect();
        self.arms[arm as usize].add_customer(
            episodes.len() as u64,
            &mature,
            self.design.costs.follow_up_in_contacts(),
        );
        if !mature.is_empty() {
            let scored: Vec<(f64, bool)> =
                mature.iter().map(|episode| (episode.score, episode.repeat)).collect();
            self.uplift.add_customer(arm, &scored);
        }
        for look in &mut self.looks {
            look.add_customer(arm, episodes);
        }
    }

    /// Counts a flagged episode whose close is not known any more, as after an erasure.
    pub fn skip_without_outcome(&mut self) {
        self.without_outcome += 1;
    }

    pub(super) fn arm(&self, arm: Arm) -> &ArmTally {
        &self.arms[arm as usize]
    }
}

impl ArmTally {
    fn add_customer(&mut self, flagged: u64, mature: &[&Observation], follow_up_cost: f64) {
        self.customers += 1;
        self.flagged += flagged;
        if mature.is_empty() {
            return;
        }
        let count = mature.len() as u64;
        let matching = |is: fn(&Observation) -> bool| {
            mature.iter().filter(|episode| is(episode)).count() as u64
        };
        let repeats = matching(|episode| episode.repeat);
        let contacted = matching(|episode| episode.contacted);
        let induced: u64 = mature.iter().map(|episode| u64::from(episode.induced)).sum();
        self.mature.trials += count;
        self.mature.count += repeats;
        self.customers_back.trials += 1;
        self.customers_back.count += u64::from(repeats > 0);
        self.induced += induced;
        self.contacted.trials += contacted;
        self.contacted.count += matching(|episode| episode.contacted && episode.repeat);
        let (repeats, contacted, induced) =
            (super::number(repeats), super::number(contacted), super::number(induced));
        self.sums.repeats.add(count, repeats);
        self.sums.induced.add(count, induced);
        self.sums.contacted.add(count, contacted);
        self.sums.burden.add(count, repeats + induced + contacted * follow_up_cost);
    }
}

impl LookTally {
    fn add_customer(&mut self, arm: Arm, episodes: &[Observation]) {
        let (mut seen, mut repeats) = (0, 0.0);
        for episode in episodes {
            // What was reported only after the look was not seen by it.
            if episode.matures_at <= self.look.at && episode.flagged_at <= self.look.at {
                seen += 1;
                repeats += f64::from(u8::from(episode.repeat));
            }
        }
        self.arms[arm as usize].add(seen, repeats);
    }
}
