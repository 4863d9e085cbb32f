use super::*;
use crate::metrics;
use proptest::prelude::*;

/// Rows repeated as often as they count.
fn repeated<T: Clone>(values: &[T], weights: &[u32]) -> Vec<T> {
    let pairs = values.iter().zip(weights);
    pairs.flat_map(|(value, weight)| (0..*weight).map(move |_| value.clone())).collect()
}

fn is_close(a: Option<f64>, b: Option<f64>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => (a - b).abs() < 1e-9,
        (a, b) => a.is_none() && b.is_none(),
    }
}

proptest! {
    #[test]
    fn a_row_that_counts_twice_is_two_rows_of_a_model_of_texts(
        rows in prop::collection::vec((0usize..4, 0usize..4, 0.0..=1.0_f64, 0u32..3), 1..60),
    ) {
        let weights: Vec<u32> = rows.iter().map(|row| row.3).collect();
        prop_assume!(weights.iter().sum::<u32>() > 0);
        let measures = TextMeasures {
            truth: rows.iter().map(|row| row.0).collect(),
            predicted: rows.iter().map(|row| row.1).collect(),
            confidence: rows.iter().map(|row| row.2).collect(),
            truth_probability: rows.iter().map(|row| row.2).collect(),
        };
        let truth = repeated(&measures.truth, &weights);
        let predicted = repeated(&measures.predicted, &weights);
        let confidence = repeated(&measures.confidence, &weights);
        let right: Vec<bool> = truth.iter().zip(&predicted).map(|(t, p)| t == p).collect();
        let found = measures.figures(&weights);
        let expected = [
            metrics::accuracy(&truth, &predicted),
            metrics::macro_f1(&truth, &predicted),
            metrics::expected_calibration_error(&confidence, &right),
        ];
        for (found, expected) in found.iter().zip(expected) {
            prop_assert!(is_close(*found, Some(expected)), "{found:?} {expected}");
        }
    }

    #[test]
    fn a_ticket_that_counts_twice_is_two_tickets(
        rows in prop::collection::vec((-3i8..4, any::<bool>(), 0u32..3), 1..60),
    ) {
        let weights: Vec<u32> = rows.iter().map(|row| row.2).collect();
        prop_assume!(weights.iter().sum::<u32>() > 0);
        let logit: Vec<f64> = rows.iter().map(|row| f64::from(row.0)).collect();
        let probability: Vec<f64> = logit.iter().map(|logit| 1.0 / (1.0 + (-logit).exp())).collect();
        let positive: Vec<bool> = rows.iter().map(|row| row.1).collect();
        let measures = RiskMeasures::new(probability.clone(), &logit, positive.clone());
        let (score, came) = (repeated(&probability, &weights), repeated(&positive, &weights));
        let expected = [
            metrics::roc_auc(&score, &came),
            metrics::pr_auc(&score, &came),
            Some(metrics::brier(&score, &came)),
            Some(metrics::log_loss(&repeated(&logit, &weights), &came)),
            Some(metrics::binary_calibration_error(&score, &came)),
        ];
        for (found, expected) in measures.figures(&weights).into_iter().zip(expected) {
            prop_assert!(is_close(found, expected), "{found:?} {expected:?}");
        }
    }
}

#[test]
fn rows_that_never_count_have_no_figures() {
    let measures = TextMeasures {
        truth: vec![0],
        predicted: vec![0],
        confidence: vec![0.5],
        truth_probability: vec![0.5],
    };
    assert!(measures.figures(&[0]).iter().all(Option::is_none));
}
