use super::*;
use proptest::prelude::*;

fn cell(treatment: (u32, u32), control: (u32, u32)) -> Cell {
    Cell {
        treatment_episodes: treatment.0.into(),
        treatment_repeats: treatment.1.into(),
        control_episodes: control.0.into(),
        control_repeats: control.1.into(),
    }
}

#[test]
fn radcliffes_curve_by_hand() {
    // Four quarters, 100 treated and 50 held out in each. Held out come back 20, 10, 5, 5; treated 10, 10, 10, 12.
    let cells = [
        cell((100, 10), (50, 20)),
        cell((100, 10), (50, 10)),
        cell((100, 10), (50, 5)),
        cell((100, 12), (50, 5)),
    ];
    // Q = R_C · 2 - R_T: 40-10, 60-20, 70-30, 80-42.
    let avoided: Vec<f64> = qini_curve(&cells).iter().map(|point| point.avoided).collect();
    assert_eq!(avoided, [0.0, 30.0, 40.0, 40.0, 38.0]);
    // Trapezes: (15 + 35 + 40 + 39) / 4 = 32.25; random line 19; (32.25 - 19) / 400.
    assert!((qini_area(&cells).unwrap() - 13.25 / 400.0).abs() < 1e-12);
}

#[test]
fn unequal_arms_are_weighed_as_radcliffe_does() {
    // R_C·N_T/N_C - R_T = 3·30/10 - 6 and 5·90/30 - 9.
    let curve = qini_curve(&[cell((30, 6), (10, 3)), cell((60, 3), (20, 2))]);
    assert_eq!(curve[1], QiniPoint { phi: 1.0 / 3.0, avoided: 3.0 });
    assert_eq!(curve[2], QiniPoint { phi: 1.0, avoided: 6.0 });
}

#[test]
fn an_order_that_tells_nothing_has_no_area() {
    let same = cell((100, 10), (100, 20));
    assert!(qini_area(&[same; 10]).unwrap().abs() < 1e-12);
    assert_eq!(qini_area(&[cell((5, 1), (0, 0))]), None);
    assert_eq!(qini_area(&[]), None);
}

#[test]
fn a_part_without_one_arm_waits_for_the_next() {
    let curve = qini_curve(&[cell((10, 1), (0, 0)), cell((10, 1), (20, 4))]);
    assert_eq!(curve.len(), 2);
    assert_eq!(curve[1], QiniPoint { phi: 1.0, avoided: 2.0 });
}

#[test]
fn cuts_make_equal_parts_of_different_scores() {
    let mut histogram = ScoreHistogram::default();
    (0..10_000).for_each(|index| histogram.add((f64::from(index) + 0.5) / 10_000.0));
    let cuts = histogram.cuts();
    let mut counts = [0; BINS];
    (0..10_000).for_each(|index| counts[cuts.bin((f64::from(index) + 0.5) / 10_000.0)] += 1);
    assert!(counts.iter().all(|count| *count == 100), "{counts:?}");
    assert_eq!((cuts.bin(1.0), cuts.bin(0.0), cuts.bin(f64::NAN)), (0, BINS - 1, BINS - 1));
}

#[test]
fn equal_scores_stay_together() {
    let mut histogram = ScoreHistogram::default();
    (0..50).for_each(|_| histogram.add(0.5));
    let cuts = histogram.cuts();
    assert_eq!((cuts.bin(0.5), cuts.bin(0.4)), (0, BINS - 1));
    assert_eq!(ScoreHistogram::default().cuts().bin(0.3), 0);
}

#[test]
fn weights_are_poisson_with_mean_one() {
    let customers = 20_000;
    let (mut sum, mut squares) = (0.0, 0.0);
    for customer in 0..customers {
        for weight in poisson_weights(customer) {
            sum += weight;
            squares += weight * weight;
        }
    }
    let count = number(customers) * number(REPLICATES as u64);
    let mean = sum / count;
    assert!((mean - 1.0).abs() < 0.005, "{mean}");
    assert!((squares / count - mean * mean - 1.0).abs() < 0.01, "{}", squares / count);
}

#[test]
fn sleeping_dogs_are_seen_where_they_are() {
    let mut histogram = ScoreHistogram::default();
    (0..1000).for_each(|index| histogram.add(f64::from(index) / 1000.0));
    let mut tally = UpliftTally::new(histogram.cuts());
    for index in 0..20_000 {
        let score = f64::from(index % 1000) / 1000.0;
        let arm = if (index / 1000) % 2 == 0 { Arm::Treatment } else { Arm::Control };
        // One in five comes back when held out; none when treated, but half of the highest tenth.
        let repeat = match arm {
            Arm::Control => index % 5 == 0,
            Arm::Treatment => score >= 0.9 && index % 2 == 0,
        };
        tally.add_customer(arm, &[(score, repeat)]);
    }
    let tenths = tally.tenths();
    assert_eq!(tenths[0].reading, Reading::Harms);
    assert!((tenths[0].uplift.unwrap() + 0.3).abs() < 1e-9, "{:?}", tenths[0]);
    assert!(tenths[1..].iter().all(|tenth| tenth.reading == Reading::Helps));
    assert_eq!(tenths[0].treatment_episodes, 1000);
    let qini = tally.qini();
    // Harm at the top: the order is worse than chance, and surely so.
    assert!(qini.area.unwrap() < 0.0 && qini.interval.unwrap().high < 0.0, "{:?}", qini.interval);
}

proptest! {
    #[test]
    fn the_curve_ends_at_the_whole_effect_whatever_the_order(
        cells in prop::collection::vec(((1u32..50, 0u32..50), (1u32..50, 0u32..50)), 1..20),
    ) {
        let mut cells: Vec<Cell> = cells.into_iter().map(|(t, c)| cell(t, c)).collect();
        let end = qini_curve(&cells).last().unwrap().avoided;
        cells.reverse();
        prop_assert!((qini_curve(&cells).last().unwrap().avoided - end).abs() < 1e-9);
    }

    #[test]
    fn a_higher_score_is_never_in_a_later_part(scores in prop::collection::vec(0.0f64..=1.0, 1..300)) {
        let mut histogram = ScoreHistogram::default();
        scores.iter().for_each(|score| histogram.add(*score));
        let cuts = histogram.cuts();
        for pair in scores.windows(2) {
            let (low, high) = (pair[0].min(pair[1]), pair[0].max(pair[1]));
            prop_assert!(cuts.bin(high) <= cuts.bin(low) && cuts.bin(low) < BINS);
        }
    }
}
