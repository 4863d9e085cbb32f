//! Texts in groups that lie together.
//!
//! k-means (linfa) on vectors of length 1, for which distance and cosine say the same. How many groups: the number with the
//! highest mean silhouette (Rousseeuw 1987, "Silhouettes"). A text belongs to its group only if it is closer to the middle than
//! nineteen in twenty texts of other groups are, and no outlier of the group (Tukey 1977, "Exploratory Data Analysis").

use crate::bad_input;
use linfa::prelude::*;
use linfa_clustering::KMeans;
use linfa_nn::distance::L2Dist;
use ndarray::{Array1, Array2, ArrayView1, Axis};
use rand_xoshiro::Xoshiro256Plus;
use rand_xoshiro::rand_core::SeedableRng;

/// Texts on which the groups are found; the others are put to them.
const FITTED: usize = 3000;
/// Texts on which numbers of groups are compared.
const COMPARED: usize = 1000;
/// Most groups that are looked for.
const MOST_GROUPS: usize = 64;
/// Each number that is tried is about this much larger than the one before.
const STEP: f64 = 1.4;
/// Of texts of other groups, the share that lies farther from a group's middle than its own texts must.
const FARTHER: f64 = 0.95;
/// Below the first quartile, so many distances between the quartiles: farther out is an outlier.
const FENCE: f64 = 1.5;

/// Texts put to groups.
#[derive(Debug, Clone)]
pub struct Groups {
    /// The group of each text, where it belongs to one.
    pub of: Vec<Option<usize>>,
    /// The cosine of each text with the middle of the group it lies nearest to.
    pub cosine: Vec<f64>,
    /// Number of groups.
    pub count: usize,
    /// Mean silhouette with each number of groups that was tried.
    pub tried: Vec<(usize, f64)>,
}

/// Finds groups of at least `least` texts; exactly `wanted` are looked for where that is given.
///
/// # Errors
/// [`crate::failure::BadInput`] when there are too few texts; what linfa says when it fails.
pub fn group(
    x: &Array2<f64>,
    wanted: Option<usize>,
    least: usize,
    seed: u64,
) -> anyhow::Result<Groups> {
    let texts = x.nrows();
    let most = wanted.unwrap_or(2).max(2) * least.max(2);
    if texts < most {
        return Err(bad_input!(
            "{texts} different text(s) to group, expected at least {most}: {} groups of {least}",
            wanted.unwrap_or(2).max(2)
        ));
    }
    let fitted = x.select(Axis(0), &evenly(texts, FITTED));
    let compared = x.select(Axis(0), &evenly(texts, COMPARED));
    let numbers = wanted.map_or_else(|| numbers(texts, least), |wanted| vec![wanted]);
    let mut tried = Vec::new();
    let mut best: Option<(f64, Array2<f64>)> = None;
    for number in numbers {
        let middles = middles(&fitted, number, seed)?;
        let silhouette = silhouette(&compared, &nearest(&compared, &middles));
        tried.push((number, silhouette));
        if best.as_ref().is_none_or(|(highest, _)| silhouette > *highest) {
            best = Some((silhouette, middles));
        }
    }
    let (_, middles) = best.ok_or_else(|| anyhow::anyhow!("no number of groups was tried"))?;
    let mut groups = assigned(x, &middles);
    groups.tried = tried;
    groups.drop_small(least);
    Ok(groups)
}

/// Middles of length 1, one row for each group.
fn middles(x: &Array2<f64>, number: usize, seed: u64) -> anyhow::Result<Array2<f64>> {
    let random = Xoshiro256Plus::seed_from_u64(seed);
    let data = DatasetBase::from(x.clone());
    let fitted = KMeans::params_with(number, random, L2Dist)
        .n_runs(2)
        .max_n_iterations(60)
        .tolerance(1e-4)
        .fit(&data)?;
    let mut middles = fitted.centroids().clone();
    for mut middle in middles.rows_mut() {
        let length = middle.dot(&middle).sqrt().max(1e-12);
        middle /= length;
    }
    Ok(middles)
}

/// Numbers of groups to try: each about 1.4 times the one before.
fn numbers(texts: usize, least: usize) -> Vec<usize> {
    let most = (texts / least.max(2)).clamp(2, MOST_GROUPS);
    let mut numbers = vec![2];
    while let Some(&last) = numbers.last() {
        let next = larger(last);
        if next > most {
            break;
        }
        numbers.push(next);
    }
    numbers
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "numbers up to MOST_GROUPS"
)]
fn larger(number: usize) -> usize {
    (number as f64 * STEP).ceil() as usize
}

/// Up to `most` rows, at even distances.
fn evenly(rows: usize, most: usize) -> Vec<usize> {
    let taken = rows.min(most);
    (0..taken).map(|at| at * rows / taken).collect()
}

/// The group whose middle is nearest to each row.
fn nearest(x: &Array2<f64>, middles: &Array2<f64>) -> Vec<usize> {
    x.dot(&middles.t()).rows().into_iter().map(highest).collect()
}

fn highest(row: ArrayView1<'_, f64>) -> usize {
    (0..row.len()).max_by(|&a, &b| row[a].total_cmp(&row[b]).then(b.cmp(&a))).unwrap_or(0)
}

/// The mean silhouette, by 1 - cosine; 0 where there is one group.
fn silhouette(x: &Array2<f64>, of: &[usize]) -> f64 {
    let groups = of.iter().max().map_or(0, |last| last + 1);
    let mut sums = Array2::<f64>::zeros((groups, x.ncols()));
    let mut sizes = vec![0.0_f64; groups];
    for (row, &group) in x.rows().into_iter().zip(of) {
        let mut sum = sums.row_mut(group);
        sum += &row;
        sizes[group] += 1.0;
    }
    // The mean distance to a group's texts is 1 less the cosine with their sum over their number.
    let to_sums = x.dot(&sums.t());
    let value = |(row, &own): (usize, &usize)| {
        if sizes[own] < 2.0 {
            return 0.0;
        }
        let inside = 1.0 - (to_sums[[row, own]] - 1.0) / (sizes[own] - 1.0);
        let outside = (0..groups)
            .filter(|group| *group != own && sizes[*group] > 0.0)
            .map(|group| 1.0 - to_sums[[row, group]] / sizes[group])
            .fold(f64::INFINITY, f64::min);
        if outside.is_finite() { (outside - inside) / inside.max(outside).max(1e-12) } else { 0.0 }
    };
    Array1::from_iter(of.iter().enumerate().map(value)).mean().unwrap_or_default()
}

/// Each text in the group nearest to it, unless it lies no nearer than texts of other groups do.
fn assigned(x: &Array2<f64>, middles: &Array2<f64>) -> Groups {
    let cosines = x.dot(&middles.t());
    let own: Vec<usize> = cosines.rows().into_iter().map(highest).collect();
    let thresholds: Vec<f64> = (0..middles.nrows())
        .map(|group| {
            let of = |is_own: bool| -> Vec<f64> {
                let rows = (0..own.len()).filter(|row| (own[*row] == group) == is_own);
                rows.map(|row| cosines[[row, group]]).collect()
            };
            let (lower, upper) = (quantile(of(true), 0.25), quantile(of(true), 0.75));
            quantile(of(false), FARTHER).max(lower - FENCE * (upper - lower))
        })
        .collect();
    let cosine: Vec<f64> = own.iter().enumerate().map(|(row, &own)| cosines[[row, own]]).collect();
    let belongs = |(&own, &cosine): (&usize, &f64)| (cosine >= thresholds[own]).then_some(own);
    Groups {
        of: own.iter().zip(&cosine).map(belongs).collect(),
        cosine,
        count: middles.nrows(),
        tried: Vec::new(),
    }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of a number of rows"
)]
fn quantile(mut numbers: Vec<f64>, share: f64) -> f64 {
    if numbers.is_empty() {
        return f64::NEG_INFINITY;
    }
    let at = ((numbers.len() as f64) * share) as usize;
    let at = at.min(numbers.len() - 1);
    *numbers.select_nth_unstable_by(at, f64::total_cmp).1
}

impl Groups {
    /// Texts of groups that are too small belong to none; the others are numbered anew, the largest first.
    fn drop_small(&mut self, least: usize) {
        let mut sizes = vec![0_usize; self.count];
        self.of.iter().flatten().for_each(|&group| sizes[group] += 1);
        let mut kept: Vec<usize> = (0..self.count).filter(|&group| sizes[group] >= least).collect();
        kept.sort_by_key(|&group| (usize::MAX - sizes[group], group));
        let place = |group: usize| kept.iter().position(|kept| *kept == group);
        self.of.iter_mut().for_each(|of| *of = of.and_then(place));
        self.count = kept.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of length 1 around three directions, and one that lies between all.
    fn three_groups() -> Array2<f64> {
        let mut rows = Vec::new();
        for n in 0_u8..30 {
            let angle = 0.01 * f64::from(n);
            let mut row = [0.0; 4];
            row[usize::from(n % 3)] = angle.cos();
            row[3] = angle.sin();
            rows.extend(row);
        }
        rows.extend([0.577_35, 0.577_35, 0.577_35, 0.0]);
        Array2::from_shape_vec((31, 4), rows).unwrap()
    }

    #[test]
    fn as_many_groups_are_found_as_there_are_and_what_lies_between_belongs_to_none() {
        let groups = group(&three_groups(), None, 5, 42).unwrap();
        assert_eq!(groups.count, 3, "{groups:?}");
        for first in 0..3 {
            let of: Vec<Option<usize>> =
                groups.of[..30].iter().skip(first).step_by(3).copied().collect();
            assert!(of.iter().flatten().all(|group| Some(*group) == of[0]), "{of:?}");
        }
        assert_eq!(groups.of[30], None, "{groups:?}");
    }

    #[test]
    fn the_same_seed_gives_the_same_groups() {
        let x = three_groups();
        let (first, second) = (group(&x, None, 5, 7).unwrap(), group(&x, None, 5, 7).unwrap());
        assert_eq!(first.of, second.of);
    }

    #[test]
    fn the_silhouette_is_that_of_its_definition() {
        let x = ndarray::array![[1.0, 0.0], [0.8, 0.6], [0.0, 1.0], [-0.6, 0.8]];
        // Of the first row: 1 - 0.8 inside, the mean of 1 and 1.6 outside.
        let first = (1.3 - 0.2) / 1.3;
        let second = ((0.4 + 1.0) / 2.0 - 0.2) / 0.7;
        let third = ((1.0 + 0.4) / 2.0 - 0.2) / 0.7;
        let fourth = ((1.6 + 1.0) / 2.0 - 0.2) / 1.3;
        let expected = (first + second + third + fourth) / 4.0;
        assert!((silhouette(&x, &[0, 0, 1, 1]) - expected).abs() < 1e-9);
    }

    #[test]
    fn too_few_texts_are_refused_with_both_numbers() {
        let x = three_groups();
        let message = group(&x, Some(10), 5, 42).unwrap_err().to_string();
        assert!(message.contains("31 different") && message.contains("50"), "{message}");
    }
}
