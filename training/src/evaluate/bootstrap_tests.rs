use super::*;

fn mean(values: &[f64], weights: &[u32]) -> Vec<Option<f64>> {
    let total: u32 = weights.iter().sum();
    let sum: f64 = values.iter().zip(weights).map(|(x, weight)| x * f64::from(*weight)).sum();
    vec![(total > 0).then(|| sum / f64::from(total))]
}

fn estimate(values: &[f64], units: &Units, seed: u64) -> Estimate {
    let bootstrap = Bootstrap { draws: 400, seed };
    bootstrap.estimate(units, |weights| mean(values, weights))[0].unwrap()
}

/// Shares of a coin that falls on heads with 0.3.
fn flips(random: &mut SplitMix64, count: usize) -> Vec<f64> {
    (0..count).map(|_| f64::from(u8::from(random.below(1000) < 300))).collect()
}

#[test]
fn the_same_seed_gives_the_same_interval_and_another_one_another() {
    let values = flips(&mut SplitMix64(1), 200);
    let units = Units::rows(values.len());
    assert_eq!(estimate(&values, &units, 7), estimate(&values, &units, 7));
    assert_ne!(estimate(&values, &units, 7), estimate(&values, &units, 8));
}

#[test]
fn nineteen_of_twenty_intervals_hold_the_truth() {
    let mut random = SplitMix64(3);
    let held = (0..300).filter(|seed| {
        let values = flips(&mut random, 200);
        let interval = estimate(&values, &Units::rows(200), *seed).interval.unwrap();
        interval.low <= 0.3 && 0.3 <= interval.high
    });
    // Binomial: 300 intervals of 95 % hold 285, within four standard deviations of 3.8.
    let held = held.count();
    assert!((270..=300).contains(&held), "{held}");
}

#[test]
fn rows_of_one_customer_are_no_independent_witnesses() {
    let once = flips(&mut SplitMix64(5), 50);
    let tenfold: Vec<f64> = (0..10).flat_map(|_| once.clone()).collect();
    let customers = Units::groups((0..500).map(|row| row % 50).collect());
    let width = |estimate: Estimate| {
        let interval = estimate.interval.unwrap();
        interval.high - interval.low
    };
    let by_row = width(estimate(&tenfold, &Units::rows(500), 7));
    let by_customer = width(estimate(&tenfold, &customers, 7));
    assert!(by_customer > 2.5 * by_row, "{by_customer} {by_row}");
}

#[test]
fn without_draws_there_is_no_interval() {
    let bootstrap = Bootstrap { draws: 0, seed: 1 };
    let found = bootstrap.estimate(&Units::rows(3), |weights| mean(&[1.0, 2.0, 6.0], weights));
    assert_eq!(found[0], Some(Estimate { value: 3.0, interval: None, standard_error: None }));
}

#[test]
fn a_figure_that_does_not_exist_has_no_estimate() {
    let found = Bootstrap { draws: 10, seed: 1 }.estimate(&Units::rows(3), |_| vec![None]);
    assert_eq!(found, [None]);
}
