//! The map of a small example counted by hand, and the laws that hold for any counts.

use super::*;
use crate::costs::Costs;
use crate::next_issue::{GapBucket, NextIssueReport, ranking::ReportScope};
use crate::statistics::{CONFIDENCE, quantile};
use crate::ticket::Name;
use proptest::prelude::*;

const HOUR: u64 = 60;
const DAY: u64 = 24 * HOUR;

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

fn options() -> NextIssueOptions {
    NextIssueOptions {
        refresh_interval_s: 3600,
        lease_s: 900,
        window_days: 14,
        min_episodes: 10,
        secondaries_per_primary: 50,
        top: 20,
        costs: Costs { repeat: 2.0, categories: [(name("loan"), 10.0)].into(), ..Costs::default() },
    }
}

fn now() -> Timestamp {
    Timestamp::parse("2026-01-31T00:00:00Z").unwrap()
}

fn episodes(category: &str, mature_windows: usize, episodes: u64) -> EpisodeCount {
    EpisodeCount { category: name(category), mature_windows, episodes, outages: 1, parallel: 0 }
}

fn gap(pair: (&str, &str), mature_windows: usize, gap_minutes: u64, episodes: u64) -> GapCount {
    let (primary, secondary) = (name(pair.0), name(pair.1));
    GapCount { primary, secondary, mature_windows, gap_minutes, episodes }
}

fn repeat(category: &str, mature_windows: usize, gap_minutes: u64, episodes: u64) -> RepeatCount {
    RepeatCount { category: name(category), mature_windows, gap_minutes, episodes }
}

/// 100 mature episodes of card and 400 of loan. After card came pin 20 times (at 12 h, 36 h, 60 h and 10 days, five times
/// each), and card again 10 times (after 2 h); after loan came pin 5 times. 50 more episodes of card are 4 days old.
fn example(policy: &OutcomePolicy) -> NextIssueMap {
    let options = options();
    let mut counts = MapCounts::new(&options, policy);
    counts.add_episodes(episodes("card", WINDOWS, 100));
    counts.add_episodes(episodes("card", 2, 50));
    counts.add_episodes(episodes("loan", WINDOWS, 400));
    counts.add_episodes(episodes("rare", WINDOWS, 9));
    counts.add_gaps(gap(("card", "card"), WINDOWS, 2 * HOUR, 10));
    for hours in [12, 36, 60, 240] {
        counts.add_gaps(gap(("card", "pin"), WINDOWS, hours * HOUR, 5));
    }
    counts.add_gaps(gap(("card", "pin"), 2, 2 * HOUR, 30));
    counts.add_gaps(gap(("loan", "pin"), WINDOWS, DAY, 5));
    counts.add_gaps(gap(("rare", "pin"), WINDOWS, DAY, 1));
    let mut map = counts.finish(now());
    map.count_repeats(&[
        repeat("card", WINDOWS, 2 * HOUR, 10),
        repeat("card", WINDOWS, 60 * HOUR, 8),
        repeat("card", 2, HOUR, 7),
        repeat("loan", WINDOWS, DAY, 5),
        repeat("rare", WINDOWS, DAY, 1),
    ]);
    map
}

fn near(found: f64, expected: f64) -> bool {
    (found - expected).abs() < 1e-4
}

#[test]
fn the_figures_of_a_small_example_are_those_counted_by_hand() {
    let map = example(&OutcomePolicy::default());
    let card = map.primary(&name("card"), 14).unwrap();
    assert_eq!(card.repeats, Proportion { count: 18, trials: 100 });
    let pin = &card.secondaries[0];
    assert_eq!((pin.category.as_str(), card.secondaries.len()), ("pin", 1));
    assert_eq!(pin.proportion, Proportion { count: 20, trials: 100 });
    // 20 after card, 5 after loan, 1 after the rare category, of 509 episodes.
    assert_eq!(pin.base, Proportion { count: 26, trials: 509 });
    let (lift, interval) = pin.lift().unwrap();
    assert!(near(lift, 0.2 * 509.0 / 26.0), "{lift}");
    // exp(ln 3.9154 -+ 1.96 sqrt(1/20 - 1/100 + 1/26 - 1/509))
    assert!(near(interval.low, 2.2769) && near(interval.high, 6.7329), "{interval:?}");
    assert!(pin.is_adjacent);
    // Twenty gaps, five each of 12, 36, 60 and 240 h: positions 4.75, 9.5 and 14.25.
    assert_eq!(pin.gap_hours, GapHours { p25: 30.0, median: 48.0, p75: 105.0 });
    assert_eq!(pin.gap_hours.bucket(), GapBucket::Days);
    let explicit = card.explicit.unwrap();
    assert_eq!(explicit.proportion, Proportion { count: 10, trials: 100 });
    assert_eq!(explicit.gap_hours.unwrap().median, 2.0);
}

#[test]
fn only_mature_episodes_count_and_the_others_are_told() {
    let map = example(&OutcomePolicy::default());
    // The younger fifty count where their window is over, and so does what followed them.
    let pin = |window| map.primary(&name("card"), window).unwrap().secondaries[0].proportion;
    assert_eq!(pin(1), Proportion { count: 35, trials: 150 });
    assert_eq!(pin(3), Proportion { count: 45, trials: 150 });
    assert_eq!(pin(7), Proportion { count: 15, trials: 100 });
    let coverage = map.coverage[&14];
    assert_eq!((coverage.mature_episodes, coverage.immature_episodes), (509, 50));
    assert_eq!((coverage.categories, coverage.categories_below_minimum), (2, 1));
    assert_eq!((coverage.outage_episodes, coverage.parallel_episodes), (3, 0));
}

#[test]
fn a_category_with_too_few_episodes_and_a_window_without_mature_ones_have_no_figures() {
    let map = example(&OutcomePolicy::default());
    assert_eq!(map.primary(&name("rare"), 14), None);
    assert_eq!(map.primary(&name("unknown"), 14), None);
    let (options, policy) = (options(), OutcomePolicy::default());
    let mut counts = MapCounts::new(&options, &policy);
    counts.add_episodes(episodes("card", 1, 100));
    let map = counts.finish(now());
    assert!(map.primary(&name("card"), 1).is_some());
    assert_eq!(map.primary(&name("card"), 3), None);
    assert_eq!(map.coverage[&3], Coverage { immature_episodes: 100, ..Coverage::default() });
}

#[test]
fn the_likely_next_issue_is_the_adjacent_one_that_follows_most_often() {
    let map = example(&OutcomePolicy::default());
    let next = map.likely_next(&name("card"), 14, now()).unwrap();
    assert_eq!((next.category.as_str(), next.n, next.window_days), ("pin", 100, 14));
    assert!(near(next.probability, 0.2));
    assert_eq!(next.expected_at.to_string(), "2026-02-02T00:00:00Z");
    // Pin follows loan no more often than anything.
    assert_eq!(map.likely_next(&name("loan"), 14, now()), None);
    let repeat = map.expected_repeat(&name("card"), 14, now()).unwrap();
    assert!(near(repeat.rate, 0.1));
    assert_eq!(repeat.expected_at.to_string(), "2026-01-31T02:00:00Z");
    // Pin is likelier than card again; where it is not adjacent, the same issue counts.
    assert_eq!(map.likely_gap(&name("card"), 14).unwrap().median, 48.0);
    let strict = OutcomePolicy { adjacency_min_count: 1000, ..OutcomePolicy::default() };
    assert_eq!(example(&strict).likely_gap(&name("card"), 14).unwrap().median, 2.0);
    assert_eq!(map.likely_gap(&name("loan"), 14), None);
    let pairs: Vec<_> = map.adjacent_pairs(14).collect();
    assert_eq!(pairs, [(&name("card"), &name("pin"))]);
}

#[test]
fn a_declared_pair_is_adjacent_whatever_the_figures_say() {
    let pair = crate::outcome::AdjacentPair { primary: name("loan"), secondary: name("pin") };
    let policy = OutcomePolicy { adjacent: vec![pair], ..OutcomePolicy::default() };
    let map = example(&policy);
    assert_eq!(map.likely_next(&name("loan"), 14, now()).unwrap().category, name("pin"));
}

#[test]
fn categories_are_ranked_by_what_their_repeats_cost() {
    let map = example(&OutcomePolicy::default());
    let report = NextIssueReport::new(&map, &options(), &ReportScope::default());
    let ranked: Vec<_> =
        report.primaries.iter().map(|one| (one.rank, one.category.as_str(), one.score)).collect();
    // 5 repeats at 10 each are more than 18 at 2 each.
    assert_eq!(ranked, [(1, "loan", 50.0), (2, "card", 36.0)]);
    let only =
        ReportScope { category: Some(name("card")), limit: Some(1), ..ReportScope::default() };
    let report = NextIssueReport::new(&map, &options(), &only);
    assert_eq!((report.primaries.len(), report.primaries[0].rank), (1, 2));
}

#[test]
fn a_repeat_that_people_report_without_its_time_counts_in_every_window_and_in_no_gap() {
    let (options, policy) = (options(), OutcomePolicy::default());
    let mut counts = MapCounts::new(&options, &policy);
    counts.add_episodes(episodes("card", WINDOWS, 10));
    counts.add_gaps(gap(("card", "card"), WINDOWS, 0, 3));
    let mut map = counts.finish(now());
    map.count_repeats(&[repeat("card", WINDOWS, 0, 3)]);
    let card = map.primary(&name("card"), 1).unwrap();
    assert_eq!(card.repeats.count, 3);
    assert_eq!(card.explicit.unwrap().proportion.count, 3);
    assert_eq!(card.explicit.unwrap().gap_hours, None);
}

#[test]
fn only_the_most_frequent_secondaries_are_kept_and_the_same_issue_always() {
    let options = NextIssueOptions { secondaries_per_primary: 2, ..options() };
    let policy = OutcomePolicy::default();
    let mut counts = MapCounts::new(&options, &policy);
    counts.add_episodes(episodes("card", WINDOWS, 100));
    counts.add_gaps(gap(("card", "card"), WINDOWS, 5, 1));
    for (secondary, times) in [("a", 2), ("b", 9), ("c", 2), ("d", 4)] {
        counts.add_gaps(gap(("card", secondary), WINDOWS, 5, times));
    }
    let map = counts.finish(now());
    let card = map.primary(&name("card"), 7).unwrap();
    let kept: Vec<_> = card.secondaries.iter().map(|one| one.category.as_str()).collect();
    assert_eq!(kept, ["b", "d"]);
    assert!(card.explicit.is_some());
}

prop_compose! {
    fn any_gap()(
        primary in 0..3usize,
        secondary in 0..4usize,
        mature_windows in 0..=WINDOWS,
        gap_minutes in 1..40 * DAY,
        episodes in 1..40u64,
    ) -> (usize, usize, usize, u64, u64) {
        (primary, secondary, mature_windows, gap_minutes, episodes)
    }
}

proptest! {
    #[test]
    fn rates_lie_in_their_intervals_and_grow_with_the_window(mut gaps in prop::collection::vec(any_gap(), 1..60)) {
        gaps.sort_unstable();
        let options = NextIssueOptions { min_episodes: 1, ..options() };
        let policy = OutcomePolicy::default();
        let mut counts = MapCounts::new(&options, &policy);
        // As many episodes as could have been followed; all equally old where windows are compared.
        for primary in 0..3 {
            let followed: u64 = gaps.iter().filter(|gap| gap.0 == primary).map(|gap| gap.4).sum();
            counts.add_episodes(episodes(&format!("c{primary}"), WINDOWS, followed + 1));
        }
        for (primary, secondary, _, minutes, times) in gaps {
            counts.add_gaps(gap((&format!("c{primary}"), &format!("c{secondary}")), WINDOWS, minutes, times));
        }
        let map = counts.finish(now());
        for windows in map.primaries.values() {
            let mut before: HashMap<&Name, f64> = HashMap::new();
            for primary in windows.values() {
                for secondary in &primary.secondaries {
                    let rate = secondary.proportion.rate().unwrap();
                    let interval = secondary.proportion.wilson(CONFIDENCE).unwrap();
                    prop_assert!((0.0..=1.0).contains(&rate));
                    prop_assert!(interval.low <= rate && rate <= interval.high);
                    let (lift, around) = secondary.lift().unwrap();
                    prop_assert!(around.low <= lift && lift <= around.high);
                    prop_assert!(secondary.proportion.count <= secondary.base.count);
                    let GapHours { p25, median, p75 } = secondary.gap_hours;
                    prop_assert!(0.0 < p25 && p25 <= median && median <= p75 && p75 <= 720.0);
                    let shorter = before.insert(&secondary.category, rate).unwrap_or(0.0);
                    prop_assert!(shorter <= rate);
                }
            }
        }
    }

    #[test]
    fn quantiles_of_counted_values_are_those_of_the_values(
        mut values in prop::collection::vec((1..100u64, 1..6u64), 1..20),
        part in 0.0..=1.0f64,
    ) {
        values.sort_unstable();
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        let each: Vec<f64> =
            values.iter().flat_map(|(value, count)| (0..*count).map(|_| *value as f64)).collect();
        let counted = quantile_of_counts(&values, part).unwrap();
        prop_assert!((counted - quantile(&each, part).unwrap()).abs() < 1e-9);
    }
}
