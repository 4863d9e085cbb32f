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
    let all = |known| Numbers { known, missing: 0 };
    population_stability_with_missing(all(reference), all(current))
}

/// The numbers of a sample in which some cases have none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Numbers<'a> {
    /// Those that are known.
    pub known: &'a [f64],
    /// Cases without one.
    pub missing: u64,
}

impl Numbers<'_> {
    /// All cases.
    #[must_use]
    pub fn cases(&self) -> u64 {
        self.known.len() as u64 + self.missing
    }
}

/// The same where cases may lack the number: they have a bin of their own. So has a value that would fill more than one bin, as
/// the zeros of a count do; what nobody has is no bin.
#[must_use]
pub fn population_stability_with_missing(
    reference: Numbers<'_>,
    current: Numbers<'_>,
) -> Option<Distance> {
    if reference.cases() == 0 || current.cases() == 0 {
        return None;
    }
    let cuts = cuts(reference.known);
    let count = |sample: Numbers<'_>| {
        let mut bins = vec![0_u64; cuts.len() + 1];
        for value in sample.known {
            bins[cuts.partition_point(|cut| cut.lies_below(*value))] += 1;
        }
        bins.push(sample.missing);
        bins
    };
    let bins: Vec<(u64, u64)> = count(reference)
        .into_iter()
        .zip(count(current))
        .filter(|(reference, current)| reference + current > 0)
        .collect();
    let halves = 0.5 * self::count(bins.len());
    let (of_reference, of_current) =
        (as_f64(reference.cases()) + halves, as_f64(current.cases()) + halves);
    let of_bin = |(reference, current): &(u64, u64)| {
        let (r, c) =
            ((as_f64(*reference) + 0.5) / of_reference, (as_f64(*current) + 0.5) / of_current);
        (c - r) * (c / r).ln()
    };
    let value = bins.iter().map(of_bin).sum::<f64>().max(0.0);
    let spread = 1.0 / as_f64(reference.cases()) + 1.0 / as_f64(current.cases());
    Some(Distance { value, chance: chi_squared(bins.len().saturating_sub(1)) * spread })
}

/// The border of two bins: just below a value, or just above it.
struct Cut {
    at: f64,
    is_above: bool,
}

impl Cut {
    fn lies_below(&self, value: f64) -> bool {
        if self.is_above { self.at < value } else { self.at <= value }
    }
}

/// The quantiles of a sample; a value that is several of them is cut off on both sides.
fn cuts(sample: &[f64]) -> Vec<Cut> {
    let mut sorted = sample.to_vec();
    sorted.sort_by(f64::total_cmp);
    let quantiles: Vec<f64> = (1..PSI_BINS)
        .filter_map(|bin| sorted.get(bin * sorted.len() / PSI_BINS).copied())
        .collect();
    let mut cuts = Vec::new();
    for equal in quantiles.chunk_by(|a, b| a == b) {
        cuts.push(Cut { at: equal[0], is_above: false });
        if equal.len() > 1 {
            cuts.push(Cut { at: equal[0], is_above: true });
        }
    }
    cuts
}

/// How often each label occurs.
pub type Mix = BTreeMap<String, u64>;

/// Random divisions of the cases into two windows, from which the level of chance of two mixes is read.
const DIVISIONS: u64 = 199;

/// The Jensen-Shannon distance of two mixes, 0 (equal) to 1 (nothing in common): the square root of the divergence to base 2
/// (Lin 1991; Endres & Schindelin 2003). The level of chance is that of a permutation test: the 190th of 199 distances in rising
/// order, each between two windows of the same sizes into which all cases were divided at random (always in the same way).
/// `None` if a mix is empty.
#[must_use]
pub fn jensen_shannon(reference: &Mix, current: &Mix) -> Option<Distance> {
    let labels: BTreeSet<&String> = reference.keys().chain(current.keys()).collect();
    let counts = |mix: &Mix| {
        labels.iter().map(|label| mix.get(*label).copied().unwrap_or(0)).collect::<Vec<u64>>()
    };
    let (reference, current) = (counts(reference), counts(current));
    let size = reference.iter().sum::<u64>();
    if size == 0 || current.iter().all(|count| *count == 0) {
        return None;
    }
    let all: Vec<u64> = reference.iter().zip(&current).map(|(r, c)| r + c).collect();
    let mut cases: Vec<usize> = Vec::new();
    for (label, count) in all.iter().enumerate() {
        cases.extend((0..*count).map(|_| label));
    }
    let mut numbers = SplitMix(0);
    let divide = |_| {
        let mut one = vec![0; all.len()];
        for (at, left) in (0..size).zip((1..=cases.len() as u64).rev()) {
            let (at, step) = (index(at), index(numbers.next() % left));
            cases.swap(at, at + step);
            one[cases[at]] += 1;
        }
        let other: Vec<u64> = all.iter().zip(&one).map(|(all, one)| all - one).collect();
        between(&one, &other)
    };
    let mut divided: Vec<f64> = (0..DIVISIONS).map(divide).collect();
    divided.sort_by(f64::total_cmp);
    let chance = divided.get(189).copied()?;
    Some(Distance { value: between(&reference, &current), chance })
}

/// The distance of two mixes that are not empty, label by label.
fn between(one: &[u64], other: &[u64]) -> f64 {
    let (n, m) = (one.iter().sum::<u64>(), other.iter().sum::<u64>());
    let part = |p: f64, middle: f64| if p > 0.0 { 0.5 * p * (p / middle).log2() } else { 0.0 };
    let of_label = |(one, other): (&u64, &u64)| {
        let (p, q) = (as_f64(*one) / as_f64(n), as_f64(*other) / as_f64(m));
        let middle = 0.5 * (p + q);
        part(p, middle) + part(q, middle)
    };
    let divergence: f64 = one.iter().zip(other).map(of_label).sum();
    divergence.clamp(0.0, 1.0).sqrt()
}

/// Steele, Lea & Flood 2014; the same numbers for the same seed.
struct SplitMix(u64);

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// A place in a list that is in memory.
fn index(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// The level that a chi-squared variable stays below in 95 % of cases; 0 without a degree of freedom.
fn chi_squared(freedom: usize) -> f64 {
    ChiSquared::new(count(freedom)).map_or(0.0, |distribution| distribution.inverse_cdf(CHANCE))
}

pub(super) fn count(number: usize) -> f64 {
    as_f64(number as u64)
}

#[expect(clippy::cast_precision_loss, reason = "counts of contacts fit into 53 bits")]
pub(super) fn as_f64(number: u64) -> f64 {
    number as f64
}
