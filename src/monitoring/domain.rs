//! The domain classifier: whether vectors of the current window can be told from those of the reference.

use super::distance::{Distance, count};

/// Steps of gradient descent.
const STEPS: u32 = 100;
/// Length of a step. Vectors are scaled to a mean square length of 1, where the loss has a curvature of at most 1/4 (1/2 with the
/// intercept) and steps below 4 converge.
const STEP: f64 = 2.0;
/// Weight of the squared coefficients, against learning single vectors by heart.
const RIDGE: f64 = 1e-3;

/// The area under the curve of a logistic regression that tells the windows apart: learnt on every other vector, measured on
/// the rest. Vectors that were not learnt from are exchangeable if the windows are equal, so the area is then that of
/// Mann and Whitney (1947): mean 1/2, variance (n+m+1)/(12nm); the level of chance is the 95th percentile of its normal
/// approximation. `None` with less than two vectors in a window or with vectors of different lengths.
#[must_use]
pub fn domain_area(reference: &[Vec<f32>], current: &[Vec<f32>]) -> Option<Distance> {
    let dimensions = reference.first()?.len();
    let all = || reference.iter().chain(current);
    if reference.len() < 2 || current.len() < 2 || all().any(|vector| vector.len() != dimensions) {
        return None;
    }
    let labelled = |half: usize| {
        let every = move |(index, vector): (usize, _)| (index % 2 == half).then_some(vector);
        let of_reference = reference.iter().enumerate().filter_map(every).map(|v| (v, false));
        let of_current = current.iter().enumerate().filter_map(every).map(|v| (v, true));
        of_reference.chain(of_current).collect::<Vec<(&Vec<f32>, bool)>>()
    };
    let model = Model::fit(&labelled(0), dimensions);
    let scores: Vec<(f64, bool)> = labelled(1)
        .into_iter()
        .map(|(vector, is_current)| (model.score(vector), is_current))
        .collect();
    let positives = count(scores.iter().filter(|(_, is_current)| *is_current).count());
    let negatives = count(scores.len()) - positives;
    let deviation = ((positives + negatives + 1.0) / (12.0 * positives * negatives)).sqrt();
    let value = area_under_curve(scores)?;
    Some(Distance { value, chance: (0.5 + 1.645 * deviation).min(1.0) })
}

struct Model {
    means: Vec<f64>,
    scales: Vec<f64>,
    weights: Vec<f64>,
    intercept: f64,
}

impl Model {
    fn fit(cases: &[(&Vec<f32>, bool)], dimensions: usize) -> Self {
        let n = count(cases.len());
        let mut means = vec![0.0; dimensions];
        let mut squares = vec![0.0; dimensions];
        for (vector, _) in cases {
            for (at, value) in vector.iter().enumerate() {
                means[at] += f64::from(*value) / n;
            }
        }
        for (vector, _) in cases {
            for (at, value) in vector.iter().enumerate() {
                squares[at] += (f64::from(*value) - means[at]).powi(2) / n;
            }
        }
        let root = count(dimensions).sqrt();
        let scale = |square: &f64| if *square > 0.0 { 1.0 / (square.sqrt() * root) } else { 0.0 };
        let scales = squares.iter().map(scale).collect();
        let mut model = Self { means, scales, weights: vec![0.0; dimensions], intercept: 0.0 };
        let inputs: Vec<Vec<f64>> = cases.iter().map(|(vector, _)| model.scaled(vector)).collect();
        for _ in 0..STEPS {
            let mut slope = vec![0.0; dimensions];
            let mut of_intercept = 0.0;
            for (input, (_, is_current)) in inputs.iter().zip(cases) {
                let told = 1.0 / (1.0 + (-model.logit(input)).exp());
                let error = (told - f64::from(u8::from(*is_current))) / n;
                of_intercept += error;
                for (at, value) in input.iter().enumerate() {
                    slope[at] += error * value;
                }
            }
            model.intercept -= STEP * of_intercept;
            for (weight, slope) in model.weights.iter_mut().zip(slope) {
                *weight -= STEP * (slope + RIDGE * *weight);
            }
        }
        model
    }

    fn scaled(&self, vector: &[f32]) -> Vec<f64> {
        let parts = vector.iter().zip(&self.means).zip(&self.scales);
        parts.map(|((value, mean), scale)| (f64::from(*value) - mean) * scale).collect()
    }

    fn logit(&self, input: &[f64]) -> f64 {
        self.intercept + input.iter().zip(&self.weights).map(|(x, w)| x * w).sum::<f64>()
    }

    fn score(&self, vector: &[f32]) -> f64 {
        self.logit(&self.scaled(vector))
    }
}

/// The probability that a case of the second kind has the higher score, ties counted half (Mann & Whitney 1947).
fn area_under_curve(mut scores: Vec<(f64, bool)>) -> Option<f64> {
    scores.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut below, mut won, mut positives) = (0.0, 0.0, 0.0);
    for tied in scores.chunk_by(|a, b| a.0.total_cmp(&b.0).is_eq()) {
        let second = count(tied.iter().filter(|(_, is_second)| *is_second).count());
        let first = count(tied.len()) - second;
        won += second * (below + 0.5 * first);
        below += first;
        positives += second;
    }
    (below > 0.0 && positives > 0.0).then(|| won / (below * positives))
}
