//! [`RiskReport`]: what the scores of closed tickets were worth, once it is known whose customers came back.
//!
//! Rates are of closings that are old enough only. A closing is within a team's capacity when it was among so many highest
//! scores of its team's local day as the team can follow up a day; younger closings take their places, too.

use crate::statistics::Proportion;
use std::collections::BTreeMap;

/// Parts of equal width into which scores are counted.
pub const SCORE_BINS: u32 = 20;
/// Groups of equally many closings by rising score.
pub const DECILES: usize = 10;
/// Reasons of a closing that are counted: the strongest of those that raise its risk.
pub const REASONS: usize = 3;

/// A closing with its score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScoredClosing<'a> {
    /// The score: the probability of a repeat, 0 to 1.
    pub probability: f64,
    /// What it was about.
    pub category: &'a str,
    /// The team that closed it; empty where there is none.
    pub team: &'a str,
    /// The channel; empty where it is not known.
    pub channel: &'a str,
    /// The day of the closing by the team's clocks, since 1970-01-01.
    pub local_day: i64,
    /// Follow-ups that the team takes a day at most.
    pub capacity: u32,
    /// Whether the customer came back within the window; `None` while it is not over.
    pub repeated: Option<bool>,
}

/// Closings, and what was predicted and observed of them.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ScoreSums {
    /// All of them.
    pub closings: u64,
    /// Those whose window is over.
    pub mature: u64,
    /// Those of them whose customers came back.
    pub repeats: u64,
    /// The scores of the mature ones, added up.
    predicted: f64,
}

impl ScoreSums {
    fn add(&mut self, probability: f64, repeated: Option<bool>) {
        self.closings += 1;
        if let Some(repeated) = repeated {
            self.mature += 1;
            self.predicted += probability;
            self.repeats += u64::from(repeated);
        }
    }

    /// The mean score of the mature ones; `None` without any.
    #[must_use]
    pub fn predicted(&self) -> Option<f64> {
        (self.mature > 0).then(|| self.predicted / as_f64(self.mature))
    }

    /// The part of the mature ones whose customers came back.
    #[must_use]
    pub fn observed(&self) -> Proportion {
        Proportion { count: self.repeats, trials: self.mature }
    }
}

/// Mature closings whose scores lie beside each other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Decile {
    /// The lowest score.
    pub low: f64,
    /// The highest score.
    pub high: f64,
    /// What was predicted and observed.
    pub sums: ScoreSums,
}

/// What the highest scores that fit a capacity held.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AtCapacity {
    /// Follow-ups a day at most; 0 where teams differ.
    pub capacity: u32,
    /// Mature closings.
    pub mature: u64,
    /// Those of them whose customers came back.
    pub repeats: u64,
    /// Mature closings within the capacity of their day.
    pub taken: u64,
    /// Those of them whose customers came back.
    pub caught: u64,
}

impl AtCapacity {
    /// Of the closings within capacity, those whose customers came back.
    #[must_use]
    pub fn precision(&self) -> Proportion {
        Proportion { count: self.caught, trials: self.taken }
    }

    /// Of the repeats, those within capacity.
    #[must_use]
    pub fn recall(&self) -> Proportion {
        Proportion { count: self.caught, trials: self.repeats }
    }

    /// The recall that as many closings would have on average if they were chosen by chance.
    #[must_use]
    pub fn recall_by_chance(&self) -> Option<f64> {
        Proportion { count: self.taken, trials: self.mature }.rate()
    }

    fn add(&mut self, other: &Self) {
        self.mature += other.mature;
        self.repeats += other.repeats;
        self.taken += other.taken;
        self.caught += other.caught;
    }
}

/// How often a feature is among the strongest reasons that raise a risk.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ReasonSums {
    /// Closings where it is.
    pub closings: u64,
    /// What it adds to their log-odds, added up.
    contribution: f64,
}

impl ReasonSums {
    /// What it adds to the log-odds of these closings on average.
    #[must_use]
    pub fn mean_contribution(&self) -> f64 {
        if self.closings == 0 { 0.0 } else { self.contribution / as_f64(self.closings) }
    }
}

/// What the scores of a period were worth.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RiskReport {
    /// All closings that the model assessed.
    pub all: ScoreSums,
    /// How many scores lie in each of [`SCORE_BINS`] parts of 0 to 1.
    pub bins: Vec<u64>,
    /// The mature closings in up to [`DECILES`] groups; equal scores stay together.
    pub deciles: Vec<Decile>,
    /// By category.
    pub categories: BTreeMap<String, ScoreSums>,
    /// By team.
    pub teams: BTreeMap<String, ScoreSums>,
    /// By channel.
    pub channels: BTreeMap<String, ScoreSums>,
    /// What each team would have caught.
    pub at_capacity: BTreeMap<String, AtCapacity>,
    /// What the model would have caught over all teams.
    pub all_at_capacity: AtCapacity,
    /// Closings that other versions assessed; they are in nothing else.
    pub of_other_versions: u64,
    /// Closings whose reasons were read.
    pub reasons_read: u64,
    /// The features among their [`REASONS`] strongest reasons that raise the risk.
    pub reasons: BTreeMap<String, ReasonSums>,
}

/// Adds up closings, in the order of their closing.
#[derive(Debug, Default)]
pub struct RiskTally {
    report: RiskReport,
    mature: Vec<(f64, bool)>,
    teams: BTreeMap<String, TeamDay>,
}

/// The closings of a team's day so far.
#[derive(Debug, Default)]
struct TeamDay {
    day: i64,
    closings: Vec<(f64, Option<bool>)>,
    sums: AtCapacity,
}

impl TeamDay {
    /// Counts the day and begins the next one.
    fn end(&mut self) {
        // Of equal scores the one that was closed first: the sort is stable.
        self.closings.sort_by(|a, b| b.0.total_cmp(&a.0));
        let capacity = usize::try_from(self.sums.capacity).unwrap_or(usize::MAX);
        for (place, (_, repeated)) in self.closings.drain(..).enumerate() {
            let Some(repeated) = repeated else { continue };
            let is_taken = place < capacity;
            self.sums.mature += 1;
            self.sums.repeats += u64::from(repeated);
            self.sums.taken += u64::from(is_taken);
            self.sums.caught += u64::from(is_taken && repeated);
        }
    }
}

impl RiskTally {
    /// Adds a closing, which is not before the last one.
    pub fn add(&mut self, closing: &ScoredClosing<'_>) {
        let (score, repeated) = (closing.probability, closing.repeated);
        let report = &mut self.report;
        report.all.add(score, repeated);
        report.bins.resize(bin_of(1.0) + 1, 0);
        report.bins[bin_of(score)] += 1;
        for (sums, label) in [
            (&mut report.categories, closing.category),
            (&mut report.teams, closing.team),
            (&mut report.channels, closing.channel),
        ] {
            sums.entry(label.to_owned()).or_default().add(score, repeated);
        }
        self.mature.extend(repeated.map(|repeated| (score, repeated)));
        let team = self.teams.entry(closing.team.to_owned()).or_default();
        if team.day != closing.local_day {
            team.end();
        }
        (team.day, team.sums.capacity) = (closing.local_day, closing.capacity);
        team.closings.push((score, repeated));
    }

    /// Adds a closing that another version assessed.
    pub fn skip_other_version(&mut self) {
        self.report.of_other_versions += 1;
    }

    /// Adds the reasons of a closing: feature and contribution to the log-odds, the strongest first.
    pub fn add_reasons<'a>(&mut self, reasons: impl Iterator<Item = (&'a str, f64)>) {
        self.report.reasons_read += 1;
        for (feature, contribution) in reasons.filter(|(_, adds)| *adds > 0.0).take(REASONS) {
            let sums = self.report.reasons.entry(feature.to_owned()).or_default();
            sums.closings += 1;
            sums.contribution += contribution;
        }
    }

    /// What it comes to.
    #[must_use]
    pub fn report(self) -> RiskReport {
        let mut report = RiskReport { deciles: deciles(self.mature), ..self.report };
        for (name, mut team) in self.teams {
            team.end();
            report.all_at_capacity.add(&team.sums);
            report.at_capacity.insert(name, team.sums);
        }
        report
    }
}

/// The part of equal width in which a score lies; 1 lies in the last one.
fn bin_of(score: f64) -> usize {
    let borders = (1..SCORE_BINS).map(|border| f64::from(border) / f64::from(SCORE_BINS));
    borders.take_while(|border| score >= *border).count()
}

fn deciles(mut scores: Vec<(f64, bool)>) -> Vec<Decile> {
    scores.sort_by(|a, b| a.0.total_cmp(&b.0));
    let cuts: Vec<f64> = (1..DECILES)
        .filter_map(|part| scores.get(part * scores.len() / DECILES).map(|(score, _)| *score))
        .collect();
    let group = |score: f64| cuts.partition_point(|cut| *cut <= score);
    let groups = scores.chunk_by(|a, b| group(a.0) == group(b.0));
    let decile = |group: &[(f64, bool)]| {
        let mut sums = ScoreSums::default();
        group.iter().for_each(|(score, repeated)| sums.add(*score, Some(*repeated)));
        Some(Decile { low: group.first()?.0, high: group.last()?.0, sums })
    };
    groups.filter_map(decile).collect()
}

#[expect(clippy::cast_precision_loss, reason = "counts of closings fit into 53 bits")]
fn as_f64(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closing(probability: f64, local_day: i64, repeated: Option<bool>) -> ScoredClosing<'static> {
        let (category, team, channel) = ("card", "cards", "");
        ScoredClosing { probability, category, team, channel, local_day, capacity: 1, repeated }
    }

    fn told(closings: &[ScoredClosing<'_>]) -> RiskReport {
        let mut tally = RiskTally::default();
        closings.iter().for_each(|one| tally.add(one));
        tally.report()
    }

    #[test]
    fn nothing_has_no_rates_and_one_closing_is_one_group() {
        let nothing = told(&[]);
        assert_eq!((nothing.all.predicted(), nothing.deciles.len()), (None, 0));
        assert_eq!(nothing.all_at_capacity.recall().rate(), None);
        let one = told(&[closing(1.0, 5, Some(true))]);
        assert_eq!((one.deciles.len(), one.bins.last()), (1, Some(&1)));
        assert_eq!(one.all.predicted(), Some(1.0));
    }

    #[test]
    fn equal_scores_stay_in_one_group_and_others_are_divided_evenly() {
        let equal: Vec<_> = (0..50).map(|_| closing(0.3, 1, Some(false))).collect();
        assert_eq!(told(&equal).deciles.len(), 1);
        let rising: Vec<_> =
            (0..50).map(|n| closing(f64::from(n) / 50.0, 1, Some(n > 40))).collect();
        let groups = told(&rising).deciles;
        assert_eq!(groups.iter().map(|one| one.sums.mature).collect::<Vec<_>>(), [5; 10]);
        assert_eq!(groups.iter().map(|one| one.sums.repeats).collect::<Vec<_>>()[8..], [4, 5]);
    }

    #[test]
    fn each_day_the_highest_scores_fit_and_young_ones_take_their_places() {
        let report = told(&[
            closing(0.2, 1, Some(true)),
            closing(0.9, 1, Some(true)),
            closing(0.1, 2, Some(true)),
            closing(0.5, 2, None),
            closing(0.4, 3, Some(false)),
        ]);
        let all = report.all_at_capacity;
        assert_eq!((all.mature, all.repeats, all.taken, all.caught), (4, 3, 2, 1));
        assert_eq!(report.at_capacity["cards"].capacity, 1);
        assert_eq!(all.recall_by_chance(), Some(0.5));
    }

    #[test]
    fn the_three_strongest_reasons_that_raise_the_risk_count() {
        let mut tally = RiskTally::default();
        let reasons = [("a", 1.0), ("b", -0.9), ("c", 0.8), ("d", 0.7), ("e", 0.6)];
        tally.add_reasons(reasons.into_iter());
        let report = tally.report();
        assert_eq!(report.reasons.keys().collect::<Vec<_>>(), ["a", "c", "d"]);
        assert!((report.reasons["c"].mean_contribution() - 0.8).abs() < 1e-12);
    }
}
