//! How far two samples lie apart, and how far equal ones would by chance.

use statrs::distribution::{ChiSquared, ContinuousCDF};
use std::collections::{BTreeMap, BTreeSet};

/// Bins of the population stability index, each with as many cases of the reference as the others.
pub const PSI_BINS: usize = 10;
/// The part of equal pairs of windows that stays below the level of chance.
const CHANCE: f64 = 0.95;

/// A distance with the level that 5 % of pairs of samples exceed that come from one population.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Distance {
    /// The distance, at least 0.
    pub value: f64,
    /// The level.
    pub chance: f64,
}

/// The population stability index Σ (c − r) ln(c / r) over bins of equal count of the reference; half a case is added to every
/// bin, so that an empty one is no infinite surprise. Where both samples come from one population, PSI · nm/(n+m) is about
/// chi-squared with one degree of freedom less than bins (Yurdakul 2018). `None` if a sample is empty.
#[must_use]
pub fn population_stability(reference: &[f64], current: &[f64]) -> Option<Distance> {
    if reference.is_empty() || current.is_empty() {
        return None;
    }
    let mut sorted = reference.to_vec();
    sorted.sort_by(f64::total_cmp);
    let mut edges: Vec<f64> = (1..PSI_BINS)
        .filter_map(|bin| sorted.get(bin * sorted.len() / PSI_BINS).copied())
        .collect();
    edges.dedup();
    let count = |sample: &[f64]| {
        let mut bins = vec![0.5; edges.len() + 1];
        for value in sample {
            bins[edges.partition_point(|edge| edge <= value)] += 1.0;
        }
        let total: f64 = bins.iter().sum();
        bins.into_iter().map(|bin| bin / total).collect::<Vec<f64>>()
    };
    let value =
        count(reference).into_iter().zip(count(current)).map(|(r, c)| (c - r) * (c / r).ln());
    let spread = spread(reference.len(), current.len());
    Some(Distance { value: value.sum::<f64>().max(0.0), chance: chi_squared(edges.len()) * spread })
}

/// How often each label occurs.
pub type Mix = BTreeMap<String, u64>;

/// The Jensen-Shannon distance of two mixes, 0 (equal) to 1 (nothing in common): the square root of the divergence to base 2
/// (Lin 1991; Endres & Schindelin 2003). Where both come from one population, 8 ln 2 · JS² · nm/(n+m) is about chi-squared
/// with one degree of freedom less than labels. `None` if a mix is empty.
#[must_use]
pub fn jensen_shannon(reference: &Mix, current: &Mix) -> Option<Distance> {
    let (n, m) = (reference.values().sum::<u64>(), current.values().sum::<u64>());
    if n == 0 || m == 0 {
        return None;
    }
    let share = |mix: &Mix, label: &String, total: u64| {
        as_f64(mix.get(label).copied().unwrap_or(0)) / as_f64(total)
    };
    let part = |p: f64, middle: f64| if p > 0.0 { 0.5 * p * (p / middle).log2() } else { 0.0 };
    let labels: BTreeSet<&String> = reference.keys().chain(current.keys()).collect();
    let mut divergence = 0.0;
    for label in &labels {
        let (r, c) = (share(reference, label, n), share(current, label, m));
        let middle = 0.5 * (r + c);
        divergence += part(r, middle) + part(c, middle);
    }
    let spread = 1.0 / as_f64(n) + 1.0 / as_f64(m);
    let chance = chi_squared(labels.len() - 1) * spread / (8.0 * std::f64::consts::LN_2);
    Some(Distance { value: divergence.clamp(0.0, 1.0).sqrt(), chance: chance.sqrt() })
}

/// The level that a chi-squared variable stays below in 95 % of cases; 0 without a degree of freedom.
fn chi_squared(freedom: usize) -> f64 {
    ChiSquared::new(count(freedom)).map_or(0.0, |distribution| distribution.inverse_cdf(CHANCE))
}

fn spread(n: usize, m: usize) -> f64 {
    1.0 / count(n) + 1.0 / count(m)
}

pub(super) fn count(number: usize) -> f64 {
    as_f64(number as u64)
}

#[expect(clippy::cast_precision_loss, reason = "counts of contacts fit into 53 bits")]
pub(super) fn as_f64(number: u64) -> f64 {
    number as f64
}
