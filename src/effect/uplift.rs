//! For whom follow-ups work: uplift by tenths of the score, and the Qini curve.
//!
//! High risk is not high persuadability: some cannot be helped, and some come back because they were written to ("sleeping
//! dogs"). Tenths are cut by the scores of all flagged episodes, the highest first.

use super::Arm;
use super::cluster::{ClusterSums, rate_difference, student_quantile};
use super::number;
use crate::statistics::{CONFIDENCE, Interval};
use serde::{Deserialize, Serialize};

/// Parts of the score order in which the Qini curve is drawn.
pub const BINS: usize = 100;
/// Parts of the score order for which uplift is told.
pub const TENTHS: usize = 10;
/// Cells in which scores are counted to find the cuts: scores closer than this to each other count as equal.
const CELLS: usize = 10_000;
/// Resamples of customers behind the Qini's interval: the standard deviation of so many is known to 5 %.
const REPLICATES: usize = 200;

/// Scores of all flagged episodes, counted in cells.
#[derive(Debug, Clone)]
pub struct ScoreHistogram(Vec<u64>);

/// Where the order of scores is cut into [`BINS`] parts.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoreCuts {
    /// Falling; the part of a score is the number of cuts above it.
    cuts: Vec<f64>,
}

/// Uplift in one tenth of the score order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Tenth {
    /// From 1, the highest scores.
    pub tenth: usize,
    /// The lowest score in it; the highest is below that of the tenth before.
    pub score_from: f64,
    /// Mature episodes of the treatment arm.
    pub treatment_episodes: u64,
    /// Of these, followed by a repeat.
    pub treatment_repeats: u64,
    /// Mature episodes of the control arm.
    pub control_episodes: u64,
    /// Of these, followed by a repeat.
    pub control_repeats: u64,
    /// Rate of the control arm minus that of the treatment arm: repeats avoided per episode. Null while an arm is empty.
    pub uplift: Option<f64>,
    /// Its 95 % interval, from sums per customer, for this tenth alone.
    pub interval: Option<Interval>,
    /// What can be said with ten tenths looked at at once.
    pub reading: Reading,
}

/// What a tenth shows at a level that allows for ten comparisons (99.5 %, Bonferroni).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reading {
    /// Follow-ups avoid repeats here.
    Helps,
    /// Follow-ups cause repeats here: sleeping dogs.
    Harms,
    /// Neither is shown.
    NotShown,
}

/// How much better the order by score is than chance for choosing whom to follow up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Qini {
    /// The curve, from nobody to everybody.
    pub curve: Vec<QiniPoint>,
    /// Area between curve and random line, in repeats avoided per treated episode: above 0 the order by score finds those
    /// who can be helped sooner than chance does. Null while an arm is empty.
    pub area: Option<f64>,
    /// Its 95 % interval from resampled customers.
    pub interval: Option<Interval>,
}

/// A point of the Qini curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct QiniPoint {
    /// The part of episodes with the highest scores, 0 to 1.
    pub phi: f64,
    /// Repeats avoided in the treatment arm among them.
    pub avoided: f64,
}

/// Episodes and repeats of both arms in a part of the score order.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Cell {
    /// Mature episodes of the treatment arm.
    pub treatment_episodes: f64,
    /// Their repeats.
    pub treatment_repeats: f64,
    /// Mature episodes of the control arm.
    pub control_episodes: f64,
    /// Their repeats.
    pub control_repeats: f64,
}

impl Cell {
    /// Counts `weight` episodes of an arm with so many repeats each.
    pub fn add(&mut self, arm: Arm, weight: f64, repeats: f64) {
        let (episodes, total) = match arm {
            Arm::Treatment => (&mut self.treatment_episodes, &mut self.treatment_repeats),
            Arm::Control => (&mut self.control_episodes, &mut self.control_repeats),
        };
        *episodes += weight;
        *total += weight * repeats;
    }
}

impl Default for ScoreHistogram {
    fn default() -> Self {
        Self(vec![0; CELLS])
    }
}

impl ScoreHistogram {
    /// Counts a score; one outside 0 to 1 counts as the nearer end.
    pub fn add(&mut self, score: f64) {
        self.0[cell_of(score)] += 1;
    }

    /// Cuts the order into [`BINS`] parts of as equal size as ties allow.
    #[must_use]
    pub fn cuts(&self) -> ScoreCuts {
        let total: u64 = self.0.iter().sum();
        let mut cuts = Vec::with_capacity(BINS - 1);
        let mut above = 0;
        for (cell, count) in self.0.iter().enumerate().rev() {
            above += count;
            // A cut ends a part as soon as it holds its share.
            while cuts.len() < BINS - 1
                && above > 0
                && above * BINS as u64 >= total * (cuts.len() as u64 + 1)
            {
                cuts.push(number(cell as u64) / number(CELLS as u64));
            }
        }
        ScoreCuts { cuts }
    }
}

impl ScoreCuts {
    /// The part a score falls into, from 0 (the highest scores) to [`BINS`] - 1.
    #[must_use]
    pub fn bin(&self, score: f64) -> usize {
        let score = number(cell_of(score) as u64) / number(CELLS as u64);
        self.cuts.partition_point(|cut| *cut > score)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to the cells there are; NaN becomes 0"
)]
fn cell_of(score: f64) -> usize {
    ((score * number(CELLS as u64)) as usize).min(CELLS - 1)
}

/// Sums behind uplift and Qini, customer by customer.
#[derive(Debug, Clone)]
pub(super) struct UpliftTally {
    cuts: ScoreCuts,
    cells: [Cell; BINS],
    tenths: [[ClusterSums; 2]; TENTHS],
    replicates: Vec<Cell>,
    customers: u64,
}

impl UpliftTally {
    pub(super) fn new(cuts: ScoreCuts) -> Self {
        Self {
            cuts,
            cells: [Cell::default(); BINS],
            tenths: [[ClusterSums::default(); 2]; TENTHS],
            replicates: vec![Cell::default(); REPLICATES * BINS],
            customers: 0,
        }
    }

    /// Adds a customer's mature episodes: score, and whether a repeat followed.
    pub(super) fn add_customer(&mut self, arm: Arm, episodes: &[(f64, bool)]) {
        let mut tenths = [(0_u64, 0.0); TENTHS];
        let weights = poisson_weights(self.customers);
        for (score, repeat) in episodes {
            let bin = self.cuts.bin(*score);
            let repeats = f64::from(u8::from(*repeat));
            self.cells[bin].add(arm, 1.0, repeats);
            for (replicate, weight) in weights.iter().enumerate() {
                self.replicates[replicate * BINS + bin].add(arm, *weight, repeats);
            }
            let (count, total) = &mut tenths[bin * TENTHS / BINS];
            *count += 1;
            *total += repeats;
        }
        for (sums, (count, total)) in self.tenths.iter_mut().zip(tenths) {
            sums[arm as usize].add(count, total);
        }
        self.customers += 1;
    }

    pub(super) fn tenths(&self) -> Vec<Tenth> {
        (0..TENTHS).map(|index| self.tenth(index)).collect()
    }

    fn tenth(&self, index: usize) -> Tenth {
        let bins = index * BINS / TENTHS..(index + 1) * BINS / TENTHS;
        let last_cut = self.cuts.cuts.get(bins.end - 1).copied();
        let sum = |of: fn(&Cell) -> f64| {
            super::power::count(self.cells[bins.clone()].iter().map(of).sum())
        };
        let [treatment, control] = &self.tenths[index];
        let uplift = |confidence| rate_difference(control, treatment, confidence);
        let all_ten = uplift(1.0 - (1.0 - CONFIDENCE) / number(TENTHS as u64));
        Tenth {
            tenth: index + 1,
            score_from: last_cut.unwrap_or(0.0),
            treatment_episodes: sum(|cell| cell.treatment_episodes),
            treatment_repeats: sum(|cell| cell.treatment_repeats),
            control_episodes: sum(|cell| cell.control_episodes),
            control_repeats: sum(|cell| cell.control_repeats),
            uplift: control.rate().zip(treatment.rate()).map(|(c, t)| c - t),
            interval: uplift(CONFIDENCE).map(|(_, interval)| interval),
            reading: match all_ten {
                Some((_, interval)) if interval.low > 0.0 => Reading::Helps,
                Some((_, interval)) if interval.high < 0.0 => Reading::Harms,
                _ => Reading::NotShown,
            },
        }
    }

    pub(super) fn qini(&self) -> Qini {
        let area = qini_area(&self.cells);
        let resampled: Vec<f64> = self.replicates.chunks(BINS).filter_map(qini_area).collect();
        // Student's t, since the standard deviation is itself an estimate from the resamples there are.
        let freedom = number(resampled.len().saturating_sub(1) as u64);
        let half = standard_deviation(&resampled)
            .map(|deviation| deviation * student_quantile(0.5 + CONFIDENCE / 2.0, freedom));
        Qini {
            curve: qini_curve(&self.cells),
            area,
            interval: area
                .zip(half)
                .map(|(area, half)| Interval { low: area - half, high: area + half }),
        }
    }
}

/// Radcliffe's curve for an outcome that is to be reduced: `Q(φ) = R_C(φ)·N_T(φ)/N_C(φ) - R_T(φ)`, where `R` are the
/// repeats and `N` the episodes of an arm among the part `φ` with the highest scores (Radcliffe 2007, "Using control
/// groups to target on predicted lift", Direct Marketing Analytics Journal 1:14). Parts where an arm is still empty are
/// left out.
#[must_use]
pub fn qini_curve(cells: &[Cell]) -> Vec<QiniPoint> {
    let total: f64 = cells.iter().map(|cell| cell.treatment_episodes + cell.control_episodes).sum();
    let mut curve = vec![QiniPoint { phi: 0.0, avoided: 0.0 }];
    let mut so_far = Cell::default();
    for cell in cells {
        so_far.treatment_episodes += cell.treatment_episodes;
        so_far.treatment_repeats += cell.treatment_repeats;
        so_far.control_episodes += cell.control_episodes;
        so_far.control_repeats += cell.control_repeats;
        let is_empty = cell.treatment_episodes + cell.control_episodes <= 0.0;
        if is_empty || so_far.treatment_episodes <= 0.0 || so_far.control_episodes <= 0.0 {
            continue;
        }
        curve.push(QiniPoint {
            phi: (so_far.treatment_episodes + so_far.control_episodes) / total,
            avoided: so_far.control_repeats * so_far.treatment_episodes / so_far.control_episodes
                - so_far.treatment_repeats,
        });
    }
    curve
}

/// The area between [`qini_curve`] and the straight line to its end, by the trapezoidal rule, per treated episode. `None`
/// while an arm is empty.
#[must_use]
pub fn qini_area(cells: &[Cell]) -> Option<f64> {
    let curve = qini_curve(cells);
    let end = curve.last().filter(|end| end.phi > 0.0)?;
    let treated: f64 = cells.iter().map(|cell| cell.treatment_episodes).sum();
    let under: f64 = curve
        .windows(2)
        .map(|pair| (pair[1].phi - pair[0].phi) * f64::midpoint(pair[0].avoided, pair[1].avoided))
        .sum();
    Some((under - end.phi * end.avoided / 2.0) / treated)
}

/// How often a customer is in each resample: independent numbers of mean 1 (Poisson bootstrap; Chamandy et al. 2012,
/// "Estimating Uncertainty for Massive Data Streams"), the same for the same customer's place in every run.
fn poisson_weights(customer: u64) -> [f64; REPLICATES] {
    /// 65536 times the Poisson distribution function of mean 1 at 0, 1, …
    const BELOW: [u64; 7] = [24_109, 48_219, 60_273, 64_292, 65_296, 65_497, 65_531];
    let mut weights = [0.0; REPLICATES];
    let mut state = customer.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    for four in weights.chunks_mut(4) {
        let mut bits = next_mixed(&mut state);
        for weight in four {
            let part = bits & 0xFFFF;
            *weight = number(BELOW.iter().filter(|below| part >= **below).count() as u64);
            bits >>= 16;
        }
    }
    weights
}

/// `SplitMix64` (Steele et al. 2014), started from a well mixed state.
fn next_mixed(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0xD1B5_4A32_D192_ED03);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

fn standard_deviation(values: &[f64]) -> Option<f64> {
    let count = number(values.len() as u64);
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (values.len() > 1).then(|| (squares / (count - 1.0)).sqrt())
}

#[cfg(test)]
#[path = "uplift_tests.rs"]
mod tests;
