//! What the risk model looked at: the values of its features over the closings of a window, and their figures.

use super::Mix;
use super::distance::{Numbers, population_stability_with_missing};
use super::figure::{Figure, Maker, Title};
use std::collections::BTreeMap;

const NUMBER: Title = (
    "risk_feature",
    "Population stability index of a feature of the risk model, over ten bins that hold equally many closings of the reference and one for a missing value.",
);
const CATEGORY: Title = (
    "risk_feature",
    "Jensen-Shannon distance between the mixes of values of a feature of the risk model; a missing value is one of its own.",
);

/// The value of a feature for one closing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// Not known.
    Missing,
    /// A number; of a text its length in characters.
    Number(f64),
    /// A category.
    Category(&'a str),
}

/// The values of one feature over closings.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FeatureSample {
    numbers: Vec<f64>,
    categories: Mix,
    missing: u64,
    /// The size of its contributions to the log-odds, added up.
    strength: f64,
}

/// The features of a window's closings by name.
pub type Features = BTreeMap<String, FeatureSample>;

impl FeatureSample {
    /// Adds a closing: the value, and what it added to the log-odds of its risk.
    pub fn add(&mut self, value: Value<'_>, contribution: f64) {
        self.strength += contribution.abs();
        match value {
            Value::Missing => self.missing += 1,
            Value::Number(number) => self.numbers.push(number),
            Value::Category(category) => match self.categories.get_mut(category) {
                Some(count) => *count += 1,
                None => {
                    self.categories.insert(category.to_owned(), 1);
                }
            },
        }
    }

    fn numbers(&self) -> Numbers<'_> {
        Numbers { known: &self.numbers, missing: self.missing }
    }

    /// Every value as a label: a model may have taken for a category what another one took for a number.
    fn mix(&self) -> Mix {
        let mut mix = self.categories.clone();
        for number in &self.numbers {
            *mix.entry(number.to_string()).or_default() += 1;
        }
        if self.missing > 0 {
            *mix.entry(String::new()).or_default() += self.missing;
        }
        mix
    }
}

/// A figure for each feature that moves the risks of the current window, those that move them most first.
pub(super) fn figures(maker: &Maker<'_>, reference: &Features, current: &Features) -> Vec<Figure> {
    let none = FeatureSample::default();
    let mut used: Vec<(&String, &FeatureSample)> = current.iter().collect();
    used.sort_by(|(one, a), (other, b)| {
        b.strength.total_cmp(&a.strength).then_with(|| one.cmp(other))
    });
    let of = |(name, current): (&String, &FeatureSample)| {
        let reference = reference.get(name).unwrap_or(&none);
        let figure = if reference.categories.is_empty() && current.categories.is_empty() {
            let (reference, current) = (reference.numbers(), current.numbers());
            let found = population_stability_with_missing(reference, current);
            maker.stability_of(NUMBER, found, reference.cases(), current.cases())
        } else {
            maker.mix(CATEGORY, &reference.mix(), &current.mix())
        };
        Figure { label: Some(name.clone()), ..figure }
    };
    used.into_iter().map(of).collect()
}
