//! Figures on held-out data, as scikit-learn defines them where it does.

/// Share of right predictions. 0 without rows.
#[must_use]
pub fn accuracy(truth: &[usize], predicted: &[usize]) -> f64 {
    let right = truth.iter().zip(predicted).filter(|(truth, predicted)| truth == predicted).count();
    ratio(right, truth.len())
}

/// The mean of the classes' F1 scores, over every class that occurs in `truth` or `predicted`; a class without any
/// right prediction has 0.
#[must_use]
pub fn macro_f1(truth: &[usize], predicted: &[usize]) -> f64 {
    let classes = truth.iter().chain(predicted).max().map_or(0, |largest| largest + 1);
    let mut right = vec![0_usize; classes];
    let mut occurrences = vec![0_usize; classes];
    for (truth, predicted) in truth.iter().zip(predicted) {
        right[*truth] += usize::from(truth == predicted);
        occurrences[*truth] += 1;
        occurrences[*predicted] += 1;
    }
    let present = occurrences.iter().filter(|count| **count > 0).count();
    let scores = right.iter().zip(&occurrences).filter(|(_, count)| **count > 0);
    scores.map(|(right, count)| ratio(2 * right, *count)).sum::<f64>() / number(present.max(1))
}

/// Number of bins of [`expected_calibration_error`].
pub const CALIBRATION_BINS: usize = 15;

/// Expected calibration error of a classifier: rows in 15 equal bins `(lo, hi]` of the top probability, the mean over
/// rows of |share of right rows − mean confidence| of their bin (Naeini et al. 2015).
#[must_use]
pub fn expected_calibration_error(confidence: &[f64], correct: &[bool]) -> f64 {
    let mut bins = [(0.0, 0.0); CALIBRATION_BINS];
    for (confidence, correct) in confidence.iter().zip(correct) {
        let (sum, hits) = &mut bins[bin(*confidence)];
        *sum += confidence;
        *hits += f64::from(u8::from(*correct));
    }
    bins.iter().map(|(sum, hits): &(f64, f64)| (hits - sum).abs()).sum::<f64>()
        / number(confidence.len().max(1))
}

/// Expected calibration error of a yes/no probability: the same bins of the probability of yes, against the share of
/// rows that are yes.
#[must_use]
pub fn binary_calibration_error(probability: &[f64], positive: &[bool]) -> f64 {
    expected_calibration_error(probability, positive)
}

/// The number of the bin `(lo, hi]` that a probability falls into, from 0; 0 belongs to the first.
#[must_use]
pub fn bin(confidence: f64) -> usize {
    let upper_edges = (1..CALIBRATION_BINS).map(|edge| number(edge) / number(CALIBRATION_BINS));
    upper_edges.take_while(|edge| confidence > *edge).count()
}

/// Area under the ROC curve: the chance that a positive scores above a negative, ties counting half. `None` unless
/// there are both.
#[must_use]
pub fn roc_auc(score: &[f64], positive: &[bool]) -> Option<f64> {
    let mut order: Vec<usize> = (0..score.len()).collect();
    order.sort_by(|a, b| score[*a].total_cmp(&score[*b]));
    let (mut below, mut wins) = (0_usize, 0.0);
    for tied in order.chunk_by(|a, b| score[*a] == score[*b]) {
        let positives = tied.iter().filter(|row| positive[**row]).count();
        let negatives = tied.len() - positives;
        wins += number(positives) * (number(below) + 0.5 * number(negatives));
        below += negatives;
    }
    let positives = score.len() - below;
    (positives > 0 && below > 0).then(|| wins / (number(positives) * number(below)))
}

/// Average precision: the sum over thresholds of precision times the recall gained (scikit-learn's
/// `average_precision_score`). `None` without positives.
#[must_use]
pub fn pr_auc(score: &[f64], positive: &[bool]) -> Option<f64> {
    let mut order: Vec<usize> = (0..score.len()).collect();
    order.sort_by(|a, b| score[*b].total_cmp(&score[*a]));
    let (mut seen, mut hits, mut area) = (0_usize, 0_usize, 0.0);
    for tied in order.chunk_by(|a, b| score[*a] == score[*b]) {
        let gained = tied.iter().filter(|row| positive[**row]).count();
        seen += tied.len();
        hits += gained;
        area += ratio(hits, seen) * number(gained);
    }
    (hits > 0).then(|| area / number(hits))
}

/// Mean squared difference between probability and outcome (Brier 1950).
#[must_use]
pub fn brier(probability: &[f64], positive: &[bool]) -> f64 {
    let outcomes = positive.iter().map(|positive| f64::from(u8::from(*positive)));
    let sum: f64 = probability.iter().zip(outcomes).map(|(p, outcome)| (p - outcome).powi(2)).sum();
    sum / number(probability.len().max(1))
}

/// Mean negative log-likelihood of the outcomes under log-odds.
#[must_use]
pub fn log_loss(logit: &[f64], positive: &[bool]) -> f64 {
    let losses = logit.iter().zip(positive).map(|(logit, positive)| {
        let signed = if *positive { *logit } else { -*logit };
        (-signed).max(0.0) + (-signed.abs()).exp().ln_1p()
    });
    losses.sum::<f64>() / number(logit.len().max(1))
}

/// What the best-scored tenth of the rows holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TopTenth {
    /// Share of positives in it, divided by the share in all rows.
    pub lift: f64,
    /// Share of all positives that are in it.
    pub recall: f64,
}

/// The rows by falling score; rows of equal score are drawn at random with `seed`.
#[must_use]
pub fn ranked(score: &[f64], seed: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..score.len()).collect();
    order.sort_by_cached_key(|row| mixed(seed, *row as u64));
    order.sort_by(|a, b| score[*b].total_cmp(&score[*a]));
    order
}

/// Lift and recall of the top `ceil(n / 10)` rows; rows of equal score are drawn at random with `seed`. `None`
/// without positives.
#[must_use]
pub fn top_tenth(score: &[f64], positive: &[bool], seed: u64) -> Option<TopTenth> {
    let order = ranked(score, seed);
    let top = score.len().div_ceil(10);
    let hits = order.iter().take(top).filter(|row| positive[**row]).count();
    let positives = positive.iter().filter(|positive| **positive).count();
    (positives > 0).then(|| TopTenth {
        lift: ratio(hits, top) / ratio(positives, score.len()),
        recall: ratio(hits, positives),
    })
}

/// A pseudo-random number for a seed and a row (`SplitMix64`, Steele et al. 2014).
fn mixed(seed: u64, row: u64) -> u64 {
    let mut z = seed.wrapping_add((row + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { number(part) / number(whole) }
}

#[expect(clippy::cast_precision_loss, reason = "row counts fit into 53 bits")]
fn number(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
#[path = "metrics_tests.rs"]
mod tests;
