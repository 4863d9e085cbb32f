//! [`RiskReport`]: what the scores of closed tickets were worth, once it is known whose customers came back.
//!
//! Rates are of closings that are old enough only. A closing is within a team's capacity when it was among so many highest
//! scores of its team's local day as the team can follow up a day; younger closings take their places, too.

use crate::statistics::Proportion;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

/// Parts of equal width into which scores are counted.
pub const SCORE_BINS: u32 = 20;
/// Groups of equally many closings by rising score.
pub const DECILES: usize = 10;
/// Reasons of a closing that are counted: the strongest of those that raise its risk.
pub const REASONS: usize = 3;

/// A closing with its score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScoredClosing {
    /// The score: the probability of a repeat, 0 to 1.
    pub probability: f64,
    /// What it was about, as [`RiskTally::category`] numbers it.
    pub category: usize,
    /// The channel, as [`RiskTally::channel`] numbers it.
    pub channel: usize,
    /// The day of the closing by the team's clocks, since 1970-01-01.
    pub local_day: i64,
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
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
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

/// The reasons of some closings.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ReasonTally {
    /// Closings whose reasons were read.
    pub closings: u64,
    /// The features among their [`REASONS`] strongest reasons that raise the risk.
    pub features: BTreeMap<String, ReasonSums>,
}

impl ReasonTally {
    /// Adds the reasons of a closing: feature and contribution to the log-odds, the strongest first.
    pub fn add<'a>(&mut self, reasons: impl Iterator<Item = (&'a str, f64)>) {
        self.closings += 1;
        for (feature, contribution) in reasons.filter(|(_, adds)| *adds > 0.0).take(REASONS) {
            self.add_sums(feature, ReasonSums { closings: 1, contribution });
        }
    }

    /// Adds the reasons of other closings.
    pub fn add_all(&mut self, others: &Self) {
        self.closings += others.closings;
        others.features.iter().for_each(|(feature, sums)| self.add_sums(feature, *sums));
    }

    fn add_sums(&mut self, feature: &str, more: ReasonSums) {
        if !self.features.contains_key(feature) {
            self.features.insert(feature.to_owned(), ReasonSums::default());
        }
        if let Some(sums) = self.features.get_mut(feature) {
            sums.closings += more.closings;
            sums.contribution += more.contribution;
        }
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
    /// Why the risks were raised.
    pub reasons: ReasonTally,
}

/// Adds up closings, those of each team in the order of their closing.
#[derive(Debug, Default)]
pub struct RiskTally {
    all: ScoreSums,
    bins: Vec<u64>,
    categories: Parts,
    channels: Parts,
    teams: BTreeMap<String, TeamSums>,
    mature: Vec<(f64, bool)>,
    of_other_versions: u64,
    reasons: ReasonTally,
}

/// Sums by name, found by number.
#[derive(Debug, Default)]
struct Parts {
    numbers: HashMap<String, usize>,
    sums: Vec<ScoreSums>,
}

impl Parts {
    fn number(&mut self, name: &str) -> usize {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        self.sums.push(ScoreSums::default());
        self.numbers.insert(name.to_owned(), self.sums.len() - 1);
        self.sums.len() - 1
    }

    fn add(&mut self, number: usize, closing: &ScoredClosing) {
        if let Some(sums) = self.sums.get_mut(number) {
            sums.add(closing.probability, closing.repeated);
        }
    }

    /// Those that have closings, by name.
    fn by_name(self) -> BTreeMap<String, ScoreSums> {
        let sums = self.sums;
        let named = self.numbers.into_iter().map(|(name, number)| (name, sums[number]));
        named.filter(|(_, sums)| sums.closings > 0).collect()
    }
}

/// What a team closed.
#[derive(Debug, Default)]
struct TeamSums {
    all: ScoreSums,
    day: TeamDay,
}

/// The closings of a team's day so far.
#[derive(Debug, Default)]
struct TeamDay {
    day: i64,
    closings: Vec<(f64, Option<bool>)>,
    sums: AtCapacity,
}

impl TeamDay {
    fn add(&mut self, day: i64, score: f64, repeated: Option<bool>) {
        if self.day != day {
            self.end();
            self.day = day;
        }
        self.closings.push((score, repeated));
    }

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
    /// The number of a category.
    pub fn category(&mut self, name: &str) -> usize {
        self.categories.number(name)
    }

    /// The number of a channel; what is not known is empty.
    pub fn channel(&mut self, name: &str) -> usize {
        self.channels.number(name)
    }

    /// Adds closings of a team, which follows up `capacity` a day at most; none is before the last one of the team. A team that is not
    /// known is empty.
    pub fn add(
        &mut self,
        team: &str,
        capacity: u32,
        closings: impl IntoIterator<Item = ScoredClosing>,
    ) {
        let mut closings = closings.into_iter().peekable();
        if closings.peek().is_none() {
            return;
        }
        self.bins.resize(bin_of(1.0) + 1, 0);
        let of_team = self.teams.entry(team.to_owned()).or_default();
        of_team.day.sums.capacity = capacity;
        for closing in closings {
            let (score, repeated) = (closing.probability, closing.repeated);
            self.all.add(score, repeated);
            self.bins[bin_of(score)] += 1;
            self.categories.add(closing.category, &closing);
            self.channels.add(closing.channel, &closing);
            of_team.all.add(score, repeated);
            of_team.day.add(closing.local_day, score, repeated);
            self.mature.extend(repeated.map(|repeated| (score, repeated)));
        }
    }

    /// Adds closings that other versions assessed.
    pub fn skip_other_versions(&mut self, closings: u64) {
        self.of_other_versions += closings;
    }

    /// Adds the reasons of some closings.
    pub fn add_reasons(&mut self, reasons: &ReasonTally) {
        self.reasons.add_all(reasons);
    }

    /// What it comes to.
    #[must_use]
    pub fn report(self) -> RiskReport {
        let mut report = RiskReport {
            all: self.all,
            bins: self.bins,
            deciles: deciles(&self.mature),
            categories: self.categories.by_name(),
            channels: self.channels.by_name(),
            of_other_versions: self.of_other_versions,
            reasons: self.reasons,
            ..RiskReport::default()
        };
        for (name, mut team) in self.teams {
            team.day.end();
            report.all_at_capacity.add(&team.day.sums);
            report.at_capacity.insert(name.clone(), team.day.sums);
            report.teams.insert(name, team.all);
        }
        report
    }
}

/// The part of equal width in which a score lies; 1 lies in the last one.
fn bin_of(score: f64) -> usize {
    let border = |number: u32| f64::from(number) / f64::from(SCORE_BINS);
    // Found by halving; a border belongs to the part above it.
    let (mut low, mut high) = (0, SCORE_BINS);
    while high - low > 1 {
        let middle = u32::midpoint(low, high);
        if score >= border(middle) { low = middle } else { high = middle }
    }
    low as usize
}

/// The scores at which groups of equal size begin; the values are put into another order.
fn cuts(scores: &mut [f64]) -> Vec<f64> {
    let n = scores.len();
    let mut cuts = Vec::new();
    let mut begin = 0;
    for place in (1..DECILES).map(|part| part * n / DECILES).filter(|place| *place < n) {
        // What lies before the last cut is not larger than it.
        let (_, cut, _) = scores[begin..].select_nth_unstable_by(place - begin, f64::total_cmp);
        cuts.push(*cut);
        begin = place;
    }
    cuts
}

fn deciles(closings: &[(f64, bool)]) -> Vec<Decile> {
    let mut scores: Vec<f64> = closings.iter().map(|(score, _)| *score).collect();
    let cuts = cuts(&mut scores);
    let nothing =
        Decile { low: f64::INFINITY, high: f64::NEG_INFINITY, sums: ScoreSums::default() };
    let mut groups = vec![nothing; cuts.len() + 1];
    for (score, repeated) in closings {
        let group = &mut groups[cuts.partition_point(|cut| cut <= score)];
        (group.low, group.high) = (group.low.min(*score), group.high.max(*score));
        group.sums.add(*score, Some(*repeated));
    }
    groups.retain(|group| group.sums.closings > 0);
    groups
}

#[expect(clippy::cast_precision_loss, reason = "counts of closings fit into 53 bits")]
fn as_f64(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closing(probability: f64, local_day: i64, repeated: Option<bool>) -> ScoredClosing {
        ScoredClosing { probability, category: 0, channel: 0, local_day, repeated }
    }

    fn told(closings: &[ScoredClosing]) -> RiskReport {
        let mut tally = RiskTally::default();
        assert_eq!((tally.category("card"), tally.channel("")), (0, 0));
        for one in closings {
            tally.add("cards", 1, [*one]);
        }
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
    fn a_score_at_a_border_lies_in_the_part_above_it() {
        let bins: Vec<usize> = [0.0, 0.049, 0.05, 0.1, 0.15, 0.3, 0.95, 1.0].map(bin_of).to_vec();
        assert_eq!(bins, [0, 0, 1, 2, 3, 6, 19, 19]);
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
        let mut tally = ReasonTally::default();
        let reasons = [("a", 1.0), ("b", -0.9), ("c", 0.8), ("d", 0.7), ("e", 0.6)];
        tally.add(reasons.into_iter());
        assert_eq!(tally.features.keys().collect::<Vec<_>>(), ["a", "c", "d"]);
        let mut both = tally.clone();
        both.add_all(&tally);
        assert_eq!((both.closings, both.features["c"].closings), (2, 2));
        assert!((both.features["c"].mean_contribution() - 0.8).abs() < 1e-12);
    }
}
