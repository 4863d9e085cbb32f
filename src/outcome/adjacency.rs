//! Which categories are known to follow which: [`AdjacentPairs`], decided from [`PairCounts`] or declared by people.
//!
//! Both counts are of mature episodes and of the same window. Category s is adjacent to p when it follows episodes of p
//! more often than it follows any episode: the 95 % interval of the ratio of the two rates (the lift) lies above 1, and
//! the pair was seen at least [`OutcomePolicy::adjacency_min_count`] times.

use super::derive::EpisodeFacts;
use super::policy::OutcomePolicy;
use super::{Recontact, Relation};
use crate::statistics::{CONFIDENCE, Proportion, rate_ratio};
use crate::ticket::IssueCategory;
use std::collections::{BTreeMap, BTreeSet};

/// Pairs of a primary category and a secondary one that is known to follow it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AdjacentPairs(BTreeMap<IssueCategory, BTreeSet<IssueCategory>>);

/// How often each category followed each other within one window after the close, over mature episodes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PairCounts {
    /// Mature episodes.
    episodes: u64,
    /// Mature episodes of each category.
    of_primary: BTreeMap<IssueCategory, u64>,
    /// Mature episodes of any category that each category followed.
    of_secondary: BTreeMap<IssueCategory, u64>,
    /// Mature episodes of the first category that the second followed.
    pairs: BTreeMap<IssueCategory, BTreeMap<IssueCategory, u64>>,
}

impl AdjacentPairs {
    /// The pairs that counts prove, and those that people declared.
    #[must_use]
    pub fn decide(counts: &PairCounts, policy: &OutcomePolicy) -> Self {
        let mut adjacent = Self::declared(policy);
        for (primary, followers) in &counts.pairs {
            for secondary in followers.keys().filter(|secondary| *secondary != primary) {
                if is_adjacent(counts.pair(primary, secondary), counts.base(secondary), policy) {
                    adjacent.insert(primary.clone(), secondary.clone());
                }
            }
        }
        adjacent
    }

    /// The pairs that people declared.
    #[must_use]
    pub fn declared(policy: &OutcomePolicy) -> Self {
        policy.adjacent.iter().map(|pair| (pair.primary.clone(), pair.secondary.clone())).collect()
    }

    /// Adds a pair; what was there stays.
    pub fn insert(&mut self, primary: IssueCategory, secondary: IssueCategory) {
        self.0.entry(primary).or_default().insert(secondary);
    }

    /// Whether the second category is known to follow the first.
    #[must_use]
    pub fn contains(&self, primary: &IssueCategory, secondary: &IssueCategory) -> bool {
        self.0.get(primary).is_some_and(|followers| followers.contains(secondary))
    }

    /// The pairs in alphabetical order.
    pub fn iter(&self) -> impl Iterator<Item = (&IssueCategory, &IssueCategory)> {
        self.0.iter().flat_map(|(primary, followers)| followers.iter().map(move |s| (primary, s)))
    }

    /// The number of pairs.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.values().map(BTreeSet::len).sum()
    }

    /// Whether there is no pair.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(IssueCategory, IssueCategory)> for AdjacentPairs {
    fn from_iter<I: IntoIterator<Item = (IssueCategory, IssueCategory)>>(pairs: I) -> Self {
        let mut adjacent = Self::default();
        pairs.into_iter().for_each(|(primary, secondary)| adjacent.insert(primary, secondary));
        adjacent
    }
}

impl PairCounts {
    /// Counts a mature episode and the categories, each once, that followed it within the window.
    pub fn add(&mut self, primary: &IssueCategory, followers: &BTreeSet<IssueCategory>) {
        self.episodes += 1;
        count(&mut self.of_primary, primary, 1);
        for secondary in followers {
            count(&mut self.of_secondary, secondary, 1);
        }
        if !followers.is_empty() {
            let pairs = entry(&mut self.pairs, primary);
            followers.iter().for_each(|secondary| count(pairs, secondary, 1));
        }
    }

    /// Episodes of `primary` that `secondary` followed, out of all episodes of `primary`.
    #[must_use]
    pub fn pair(&self, primary: &IssueCategory, secondary: &IssueCategory) -> Proportion {
        let count = self.pairs.get(primary).and_then(|followers| followers.get(secondary));
        Proportion {
            count: count.copied().unwrap_or(0),
            trials: self.of_primary.get(primary).copied().unwrap_or(0),
        }
    }

    /// Episodes of any category that `secondary` followed, out of all episodes.
    #[must_use]
    pub fn base(&self, secondary: &IssueCategory) -> Proportion {
        let count = self.of_secondary.get(secondary).copied().unwrap_or(0);
        Proportion { count, trials: self.episodes }
    }
}

/// Whether a pair that was seen `pair.count` times in `pair.trials` episodes of the primary category is adjacent, where
/// the secondary category follows `base.count` of all `base.trials` episodes in windows of the same length.
///
/// The lift is the ratio of the two rates, its interval Katz' logarithmic one at 95 % (Katz et al. 1978, Biometrics
/// 34:469), see [`rate_ratio`].
#[must_use]
pub fn is_adjacent(pair: Proportion, base: Proportion, policy: &OutcomePolicy) -> bool {
    pair.count >= policy.adjacency_min_count
        && rate_ratio(pair, base, CONFIDENCE).is_some_and(|(_, interval)| interval.low > 1.0)
}

/// The categories that followed an episode within a window: those of its recontacts, its own category for the same issue
/// again, and none for answers to our follow-ups.
#[must_use]
pub fn followers(
    episode: &EpisodeFacts,
    recontacts: &[Recontact],
    window_days: u32,
) -> BTreeSet<IssueCategory> {
    let end = episode.closed_at.plus_days(i64::from(window_days));
    let within = recontacts.iter().filter(|recontact| recontact.occurred_at <= end);
    within
        .filter_map(|recontact| match recontact.relation {
            Relation::Explicit => Some(episode.category.clone()),
            Relation::Implicit | Relation::Unrelated => recontact.category.clone(),
            Relation::Induced => None,
        })
        .collect()
}

fn count(counts: &mut BTreeMap<IssueCategory, u64>, category: &IssueCategory, by: u64) {
    *entry(counts, category) += by;
}

/// The entry of a category, whose name is copied only when it is new.
fn entry<'m, T: Default>(
    map: &'m mut BTreeMap<IssueCategory, T>,
    category: &IssueCategory,
) -> &'m mut T {
    if !map.contains_key(category) {
        map.insert(category.clone(), T::default());
    }
    map.entry(category.clone()).or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::policy::AdjacentPair;
    use crate::ticket::Name;

    fn name(text: &str) -> Name {
        Name::parse(text).unwrap()
    }

    fn counts(rows: &[(u64, &str, &[&str])]) -> PairCounts {
        let mut counts = PairCounts::default();
        for (times, primary, followers) in rows {
            let followers = followers.iter().map(|follower| name(follower)).collect();
            (0..*times).for_each(|_| counts.add(&name(primary), &followers));
        }
        counts
    }

    #[test]
    fn a_pair_more_frequent_than_the_base_rate_is_adjacent() {
        let counts = counts(&[
            (20, "card", &["pin"]),
            (80, "card", &[]),
            (5, "loan", &["pin"]),
            (495, "loan", &[]),
        ]);
        assert_eq!(counts.pair(&name("card"), &name("pin")), Proportion { count: 20, trials: 100 });
        assert_eq!(counts.base(&name("pin")), Proportion { count: 25, trials: 600 });
        let adjacent = AdjacentPairs::decide(&counts, &OutcomePolicy::default());
        assert_eq!(adjacent.iter().collect::<Vec<_>>(), [(&name("card"), &name("pin"))]);
    }

    #[test]
    fn a_rare_pair_and_one_as_frequent_as_everywhere_are_not_adjacent() {
        let rare = counts(&[(4, "card", &["pin"]), (1, "card", &[]), (1000, "loan", &[])]);
        let usual = counts(&[
            (20, "card", &["pin"]),
            (80, "card", &[]),
            (100, "loan", &["pin"]),
            (400, "loan", &[]),
        ]);
        for counts in [rare, usual, PairCounts::default()] {
            assert!(AdjacentPairs::decide(&counts, &OutcomePolicy::default()).is_empty());
        }
    }

    #[test]
    fn a_category_is_not_adjacent_to_itself() {
        let counts = counts(&[(50, "card", &["card"]), (50, "card", &[]), (1000, "loan", &[])]);
        assert!(AdjacentPairs::decide(&counts, &OutcomePolicy::default()).is_empty());
    }

    #[test]
    fn a_declared_pair_needs_no_counts_and_has_a_direction() {
        let pair = AdjacentPair { primary: name("card"), secondary: name("pin") };
        let policy = OutcomePolicy { adjacent: vec![pair], ..OutcomePolicy::default() };
        let adjacent = AdjacentPairs::decide(&PairCounts::default(), &policy);
        assert!(adjacent.contains(&name("card"), &name("pin")));
        assert!(!adjacent.contains(&name("pin"), &name("card")));
        assert_eq!(adjacent.len(), 1);
    }
}
