use super::*;

/// Reference values: scikit-learn 1.9.1 on the same numbers.
const POSITIVE: [bool; 12] =
    [false, false, true, true, false, true, false, false, true, false, true, false];
const SCORE: [f64; 12] = [0.1, 0.4, 0.35, 0.8, 0.4, 0.4, 0.2, 0.05, 0.9, 0.6, 0.2, 0.15];

fn assert_close(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-12, "{found} where {expected} was expected");
}

#[test]
fn areas_and_losses_are_those_of_scikit_learn() {
    assert_close(roc_auc(&SCORE, &POSITIVE).unwrap(), 0.757_142_857_142_857_1);
    assert_close(pr_auc(&SCORE, &POSITIVE).unwrap(), 0.725_396_825_396_825_5);
    assert_close(brier(&SCORE, &POSITIVE), 0.185_625);
    let logits: Vec<f64> = SCORE.iter().map(|p: &f64| (p / (1.0 - p)).ln()).collect();
    assert_close(log_loss(&logits, &POSITIVE), 0.532_026_092_170_205_6);
}

#[test]
fn classes_are_measured_as_by_scikit_learn() {
    let (truth, predicted) = ([0, 1, 2, 2, 1, 0, 3], [0, 2, 2, 2, 1, 1, 2]);
    assert_close(accuracy(&truth, &predicted), 0.571_428_571_428_571_4);
    assert_close(macro_f1(&truth, &predicted), 0.458_333_333_333_333_26);
}

#[test]
fn calibration_error_weighs_each_bin_by_its_rows() {
    // Bins of 1/15: (0.8, 0.8667] holds three rows with two hits, (0.2667, 0.3333] one row without a hit.
    let error = expected_calibration_error(&[0.81, 0.82, 0.83, 0.3], &[true, true, false, false]);
    assert_close(error, (0.75 * (2.0f64 / 3.0 - 0.82)).abs() + 0.25 * 0.3);
}

#[test]
fn an_edge_belongs_to_the_bin_below_and_zero_to_the_first() {
    assert_eq!(bin(3.0 / 15.0), 2);
    assert_eq!(bin(0.200_001), 3);
    assert_eq!((bin(0.0), bin(1.0)), (0, 14));
}

#[test]
fn perfect_constant_and_one_sided_scores_have_the_known_values() {
    assert_eq!(roc_auc(&[0.1, 0.9], &[false, true]), Some(1.0));
    assert_eq!(roc_auc(&[0.5; 4], &[false, true, true, false]), Some(0.5));
    assert_eq!(pr_auc(&[0.5; 4], &[false, true, false, false]), Some(0.25));
    assert_eq!(roc_auc(&[0.1, 0.9], &[true, true]), None);
    assert_eq!(pr_auc(&[0.1], &[false]), None);
}

#[test]
fn the_top_tenth_is_rounded_up() {
    // ceil(1.2) = 2 rows: 0.9 and 0.8, both positive.
    let top = top_tenth(&SCORE, &POSITIVE, 0).unwrap();
    assert_close(top.recall, 2.0 / 5.0);
    assert_close(top.lift, 12.0 / 5.0);
}

#[test]
fn ties_are_drawn_by_the_seed_alone() {
    let positive: Vec<bool> = (0..1000).map(|row| row < 200).collect();
    let recall = |seed| top_tenth(&[0.5; 1000], &positive, seed).unwrap().recall;
    assert_eq!(recall(7), recall(7));
    let mean = (0..50).map(recall).sum::<f64>() / 50.0;
    assert!((mean - 0.1).abs() < 0.01, "{mean}");
}
