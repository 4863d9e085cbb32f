//! [`MapCounts`]: from counts that a database has summed up to a [`NextIssueMap`].
//!
//! Every count says how old its episodes are: for how many of [`WINDOWS_DAYS`], shortest first, the window is over. So one
//! pass over the data serves all windows, and nothing immature can get into a figure.

use super::{
    Coverage, ExplicitRepeat, GapHours, NextIssueMap, NextIssueOptions, Primary, Secondary,
};
use crate::outcome::{AdjacentPairs, OutcomePolicy, WINDOWS_DAYS, is_adjacent};
use crate::statistics::Proportion;
use crate::ticket::IssueCategory;
use crate::timestamp::Timestamp;
use std::collections::{BTreeMap, HashMap};

/// The number of windows.
pub const WINDOWS: usize = WINDOWS_DAYS.len();

const MINUTES_PER_DAY: u64 = 24 * 60;
const MINUTES_PER_HOUR: f64 = 60.0;

/// Episodes of one category and age.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EpisodeCount {
    /// What they were about.
    pub category: IssueCategory,
    /// How many windows are over, 0 to [`WINDOWS`].
    pub mature_windows: usize,
    /// How many episodes.
    pub episodes: u64,
    /// How many of them at a time when many customers came with the same category.
    pub outages: u64,
    /// How many of them with another open ticket at the close.
    pub parallel: u64,
}

/// Episodes of one category and age with a first contact after the same time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GapCount {
    /// What the episodes were about.
    pub primary: IssueCategory,
    /// What came afterwards; the primary category itself for the same issue again.
    pub secondary: IssueCategory,
    /// How many windows are over, 0 to [`WINDOWS`].
    pub mature_windows: usize,
    /// Minutes from the close to the first such contact, rounded up. 0 where it is not known, since a person said that it
    /// came, but not when: it counts in every window and in no gap.
    pub gap_minutes: u64,
    /// How many episodes.
    pub episodes: u64,
}

/// Episodes of one category and age that ended in a repeat, explicit or implicit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepeatCount {
    /// What they were about.
    pub category: IssueCategory,
    /// How many windows are over, 0 to [`WINDOWS`].
    pub mature_windows: usize,
    /// Minutes from the close to the first repeat; 0 where a person said that there was one, but not when.
    pub gap_minutes: u64,
    /// How many episodes.
    pub episodes: u64,
}

/// Sums up counts. Memory: one pair's gaps at a time (at most 30 days of minutes for each age), and what the map will hold.
#[derive(Debug)]
pub struct MapCounts<'o> {
    options: &'o NextIssueOptions,
    policy: &'o OutcomePolicy,
    immature: [u64; WINDOWS],
    coverage: [Coverage; WINDOWS],
    episodes: BTreeMap<IssueCategory, [u64; WINDOWS]>,
    /// Mature episodes that each category followed.
    followed: HashMap<IssueCategory, [u64; WINDOWS]>,
    pairs: BTreeMap<IssueCategory, [Vec<Pair>; WINDOWS]>,
    current: Option<PairGaps>,
}

/// A pair within a window.
#[derive(Debug)]
struct Pair {
    secondary: IssueCategory,
    count: u64,
    gap_hours: Option<GapHours>,
}

/// The gaps of the pair that is being read.
#[derive(Debug)]
struct PairGaps {
    primary: IssueCategory,
    secondary: IssueCategory,
    gaps: Vec<(u64, usize, u64)>,
}

impl<'o> MapCounts<'o> {
    /// Nothing counted yet.
    #[must_use]
    pub fn new(options: &'o NextIssueOptions, policy: &'o OutcomePolicy) -> Self {
        Self {
            options,
            policy,
            immature: [0; WINDOWS],
            coverage: [Coverage::default(); WINDOWS],
            episodes: BTreeMap::new(),
            followed: HashMap::new(),
            pairs: BTreeMap::new(),
            current: None,
        }
    }

    /// Counts episodes.
    pub fn add_episodes(&mut self, count: EpisodeCount) {
        let of_category = self.episodes.entry(count.category).or_default();
        for (window, episodes) in of_category.iter_mut().enumerate() {
            if window < count.mature_windows {
                *episodes += count.episodes;
                let coverage = &mut self.coverage[window];
                coverage.mature_episodes += count.episodes;
                coverage.outage_episodes += count.outages;
                coverage.parallel_episodes += count.parallel;
            } else {
                self.immature[window] += count.episodes;
            }
        }
    }

    /// Counts episodes that were followed. All counts of a pair must come one after the other.
    pub fn add_gaps(&mut self, count: GapCount) {
        let is_same = self
            .current
            .as_ref()
            .is_some_and(|pair| pair.primary == count.primary && pair.secondary == count.secondary);
        if !is_same {
            self.finish_pair();
            let (primary, secondary) = (count.primary, count.secondary);
            self.current = Some(PairGaps { primary, secondary, gaps: Vec::new() });
        }
        if let Some(pair) = &mut self.current {
            pair.gaps.push((count.gap_minutes, count.mature_windows, count.episodes));
        }
    }

    /// The map of everything counted, without repeats: which contacts are repeats may depend on this very map, see
    /// [`NextIssueMap::count_repeats`].
    #[must_use]
    pub fn finish(mut self, computed_at: Timestamp) -> NextIssueMap {
        self.finish_pair();
        let declared = AdjacentPairs::declared(self.policy);
        let mut map = NextIssueMap { computed_at: Some(computed_at), ..NextIssueMap::default() };
        for (category, episodes) in std::mem::take(&mut self.episodes) {
            let mut pairs = self.pairs.remove(&category).unwrap_or_default();
            let mut windows = BTreeMap::new();
            for (window, days) in WINDOWS_DAYS.into_iter().enumerate() {
                let trials = episodes[window];
                if trials == 0 {
                    continue;
                }
                if trials < self.options.min_episodes {
                    self.coverage[window].categories_below_minimum += 1;
                    continue;
                }
                self.coverage[window].categories += 1;
                let pairs = std::mem::take(&mut pairs[window]);
                windows.insert(days, self.primary(&category, window, trials, pairs, &declared));
            }
            if !windows.is_empty() {
                map.primaries.insert(category, windows);
            }
        }
        for (window, days) in WINDOWS_DAYS.into_iter().enumerate() {
            let immature_episodes = self.immature[window];
            map.coverage.insert(days, Coverage { immature_episodes, ..self.coverage[window] });
        }
        map
    }

    fn primary(
        &self,
        category: &IssueCategory,
        window: usize,
        trials: u64,
        pairs: Vec<Pair>,
        declared: &AdjacentPairs,
    ) -> Primary {
        let mut explicit = None;
        let mut secondaries = Vec::new();
        for Pair { secondary, count, gap_hours } in pairs {
            let proportion = Proportion { count, trials };
            if secondary == *category {
                explicit = Some(ExplicitRepeat { proportion, gap_hours });
                continue;
            }
            let Some(gap_hours) = gap_hours else { continue };
            let followed = self.followed.get(&secondary).map_or(0, |windows| windows[window]);
            let base =
                Proportion { count: followed, trials: self.coverage[window].mature_episodes };
            let is_adjacent = declared.contains(category, &secondary)
                || is_adjacent(proportion, base, self.policy);
            secondaries.push(Secondary {
                category: secondary,
                proportion,
                base,
                gap_hours,
                is_adjacent,
            });
        }
        Primary { repeats: Proportion { count: 0, trials }, explicit, secondaries }
    }

    /// Turns the gaps of the pair that was read into its figures for each window.
    fn finish_pair(&mut self) {
        let Some(PairGaps { primary, secondary, mut gaps }) = self.current.take() else { return };
        gaps.sort_unstable();
        let followed = self.followed.entry(secondary.clone()).or_default();
        let pairs = self.pairs.entry(primary.clone()).or_default();
        for (window, days) in WINDOWS_DAYS.into_iter().enumerate() {
            let mature = gaps.iter().filter(|(gap, mature_windows, _)| {
                window < *mature_windows && is_within(*gap, days)
            });
            let inside: Vec<(u64, u64)> =
                mature.map(|(gap, _, episodes)| (*gap, *episodes)).collect();
            let count: u64 = inside.iter().map(|(_, episodes)| episodes).sum();
            if count == 0 {
                continue;
            }
            followed[window] += count;
            let known = inside.iter().position(|(gap, _)| *gap > 0).unwrap_or(inside.len());
            let gap_hours = quartiles(&inside[known..]);
            let pair = Pair { secondary: secondary.clone(), count, gap_hours };
            keep_most_frequent(
                &mut pairs[window],
                pair,
                &primary,
                self.options.secondaries_per_primary,
            );
        }
    }
}

impl NextIssueMap {
    /// Puts the repeats into a map of the same episodes.
    pub fn count_repeats(&mut self, repeats: &[RepeatCount]) {
        for windows in self.primaries.values_mut() {
            windows.values_mut().for_each(|primary| primary.repeats.count = 0);
        }
        for repeat in repeats {
            let Some(windows) = self.primaries.get_mut(&repeat.category) else { continue };
            for days in WINDOWS_DAYS.into_iter().take(repeat.mature_windows) {
                if is_within(repeat.gap_minutes, days)
                    && let Some(primary) = windows.get_mut(&days)
                {
                    primary.repeats.count += repeat.episodes;
                }
            }
        }
    }
}

/// Puts a pair into its place: the most frequent first, equally frequent ones in alphabetical order. Beyond `most` the rarest
/// goes; the same issue again always stays.
fn keep_most_frequent(pairs: &mut Vec<Pair>, pair: Pair, primary: &IssueCategory, most: usize) {
    let place = pairs.partition_point(|other| {
        (std::cmp::Reverse(other.count), &other.secondary)
            < (std::cmp::Reverse(pair.count), &pair.secondary)
    });
    pairs.insert(place, pair);
    let others = pairs.iter().filter(|pair| pair.secondary != *primary).count();
    if others > most
        && let Some(last) = pairs.iter().rposition(|pair| pair.secondary != *primary)
    {
        pairs.remove(last);
    }
}

fn is_within(gap_minutes: u64, window_days: u32) -> bool {
    gap_minutes <= u64::from(window_days) * MINUTES_PER_DAY
}

fn quartiles(gaps: &[(u64, u64)]) -> Option<GapHours> {
    let hours = |part| Some(quantile_of_counts(gaps, part)? / MINUTES_PER_HOUR);
    Some(GapHours { p25: hours(0.25)?, median: hours(0.5)?, p75: hours(0.75)? })
}

/// [`quantile`](crate::statistics::quantile) of values that are given in rising order with how often each occurs.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "minutes of a month, and a position between 0 and a count that fits into 53 bits"
)]
fn quantile_of_counts(values: &[(u64, u64)], part: f64) -> Option<f64> {
    let total: u64 = values.iter().map(|(_, count)| count).sum();
    let last = total.checked_sub(1)?;
    let position = part * last as f64;
    let below = position.floor() as u64;
    let value_at = |place: u64| {
        let mut passed = 0;
        values.iter().find(|(_, count)| {
            passed += count;
            place < passed
        })
    };
    let (low, high) = (value_at(below)?.0 as f64, value_at((below + 1).min(last))?.0 as f64);
    Some(low + (high - low) * (position - position.floor()))
}

#[cfg(test)]
#[path = "counts_tests.rs"]
mod tests;
