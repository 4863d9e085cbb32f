//! From feature values to columns of a linear model, and from columns back to exact contributions.
//!
//! A number becomes `(log(1+|x|)·sign(x) − centre) / scale`, missing ones take the training median and set an indicator
//! column. A category becomes one column per value seen often enough in training, one for all other values and one for
//! a missing value. Numbers are kept inside the range seen in training: a linear model knows nothing beyond it.

use super::features::{self, Facts, FeatureKind, FeatureValue};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// One column of the model.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Log-odds per unit of the column.
    pub weight: f64,
    /// The column's mean over the training rows.
    pub mean: f64,
}

/// The column of one category value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValueColumn {
    /// The value, as the helpdesk writes it.
    pub value: String,
    /// Log-odds when the ticket has this value.
    pub weight: f64,
    /// Share of the training rows that have it.
    pub mean: f64,
}

/// How one feature becomes columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// One column for the number, one that says it is missing.
    Number(NumberEncoding),
    /// One column per known value, one for any other, one that says it is missing.
    Category(CategoryEncoding),
}

/// Encoding of a number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NumberEncoding {
    /// Mean of the known training values, raw units; shown beside reasons.
    pub typical: f64,
    /// Median of the known training values, raw units; stands in for a missing one.
    pub median: f64,
    /// Smallest training value, raw units.
    pub low: f64,
    /// Largest training value, raw units.
    pub high: f64,
    /// Mean of the training values after the logarithm.
    pub centre: f64,
    /// Standard deviation of the training values after the logarithm.
    pub scale: f64,
    /// The number's column.
    pub column: Column,
    /// The indicator's column.
    pub missing: Column,
}

/// Encoding of a category.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CategoryEncoding {
    /// The most frequent known value in training; shown beside reasons.
    pub typical: String,
    /// The values seen often enough, in order.
    pub values: Vec<ValueColumn>,
    /// Any other value.
    pub other: Column,
    /// No value.
    pub missing: Column,
}

/// A feature of a model: where its value comes from and how it is weighed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeatureModel {
    /// Name of a built-in feature or of a declared attribute.
    pub name: String,
    /// Whether `name` is an attribute of the ticket rather than a built-in feature.
    pub attribute: bool,
    /// How its value becomes columns.
    pub encoding: Encoding,
}

/// A feature's value on the way into the model; not a number and infinity count as missing.
#[derive(Debug, Clone, PartialEq)]
pub enum RawValue<'a> {
    /// A number, or none.
    Number(Option<f64>),
    /// A category, or none.
    Category(Option<Cow<'a, str>>),
}

/// Reads one feature of a ticket. `None` if there is no built-in feature of that name and kind.
#[must_use]
pub fn raw_value<'f>(
    facts: &'f Facts<'_>,
    name: &str,
    attribute: bool,
    kind: FeatureKind,
) -> Option<RawValue<'f>> {
    let finite = |number: Option<f64>| RawValue::Number(number.filter(|number| number.is_finite()));
    match (kind, attribute) {
        (FeatureKind::Number, true) => Some(finite(facts.attribute_number(name))),
        (FeatureKind::Category, true) => Some(RawValue::Category(facts.attribute_category(name))),
        (FeatureKind::Number, false) => {
            let (_, number) = features::NUMBERS.iter().find(|(known, _)| *known == name)?;
            Some(finite(number(facts)))
        }
        (FeatureKind::Category, false) => {
            let (_, category) = features::CATEGORIES.iter().find(|(known, _)| *known == name)?;
            Some(RawValue::Category(category(facts)))
        }
    }
}

impl RawValue<'_> {
    /// The value as shown to people.
    #[must_use]
    pub fn shown(&self) -> FeatureValue {
        match self {
            Self::Number(Some(number)) => FeatureValue::Number(*number),
            Self::Category(Some(text)) => category_value(text),
            Self::Number(None) | Self::Category(None) => FeatureValue::Missing,
        }
    }
}

impl FeatureModel {
    /// The ticket's value of this feature; a missing one if the feature is unknown here, which loading rules out.
    #[must_use]
    pub fn value<'f>(&self, facts: &'f Facts<'_>) -> RawValue<'f> {
        raw_value(facts, &self.name, self.attribute, self.encoding.kind())
            .unwrap_or(RawValue::Number(None))
    }
}

impl Encoding {
    /// Learns how to encode a feature from its training values. `None` when all of them are the same, since such a
    /// feature cannot tell tickets apart. A category value is known when at least `min_count` rows have it.
    #[must_use]
    pub fn fit(values: &[RawValue<'_>], min_count: usize) -> Option<Self> {
        match values.first()? {
            RawValue::Number(_) => NumberEncoding::fit(values).map(Self::Number),
            RawValue::Category(_) => CategoryEncoding::fit(values, min_count).map(Self::Category),
        }
    }

    /// How the feature is measured.
    #[must_use]
    pub fn kind(&self) -> FeatureKind {
        match self {
            Self::Number(_) => FeatureKind::Number,
            Self::Category(_) => FeatureKind::Category,
        }
    }

    /// Number of columns.
    #[must_use]
    pub fn width(&self) -> usize {
        match self {
            Self::Number(_) => 2,
            Self::Category(category) => category.values.len() + 2,
        }
    }

    /// Calls `put` with the position and content of every column that is not zero for `value`.
    pub fn encode(&self, value: &RawValue<'_>, mut put: impl FnMut(usize, f64)) {
        match (self, value) {
            (Self::Number(number), RawValue::Number(Some(value))) => put(0, number.scaled(*value)),
            (Self::Number(number), _) => {
                put(0, number.scaled(number.median));
                put(1, 1.0);
            }
            (Self::Category(category), RawValue::Category(Some(value))) => {
                let known =
                    category.values.binary_search_by(|known| known.value.as_str().cmp(value));
                put(known.unwrap_or(category.values.len()), 1.0);
            }
            (Self::Category(category), _) => put(category.values.len() + 1, 1.0),
        }
    }

    /// Weight and mean of every column, in the order in which [`Encoding::encode`] counts them.
    #[must_use]
    pub fn columns(&self) -> Vec<Column> {
        match self {
            Self::Number(number) => vec![number.column, number.missing],
            Self::Category(category) => {
                let values = category.values.iter();
                let mut columns: Vec<Column> =
                    values.map(|known| Column { weight: known.weight, mean: known.mean }).collect();
                columns.extend([category.other, category.missing]);
                columns
            }
        }
    }

    /// The weight of one column, counted as [`Encoding::encode`] does.
    #[must_use]
    pub fn weight(&self, column: usize) -> f64 {
        match (self, column) {
            (Self::Number(number), 0) => number.column.weight,
            (Self::Number(number), _) => number.missing.weight,
            (Self::Category(category), known) if known < category.values.len() => {
                category.values[known].weight
            }
            (Self::Category(category), known) if known == category.values.len() => {
                category.other.weight
            }
            (Self::Category(category), _) => category.missing.weight,
        }
    }

    /// Sets weight and mean of every column, in the same order; what is not given stays.
    pub fn set_columns(&mut self, columns: &[Column]) {
        match self {
            Self::Number(number) => {
                for (slot, column) in
                    [&mut number.column, &mut number.missing].into_iter().zip(columns)
                {
                    *slot = *column;
                }
            }
            Self::Category(category) => {
                let mut columns = columns.iter();
                for (known, column) in category.values.iter_mut().zip(columns.by_ref()) {
                    known.weight = column.weight;
                    known.mean = column.mean;
                }
                for (slot, column) in
                    [&mut category.other, &mut category.missing].into_iter().zip(columns)
                {
                    *slot = *column;
                }
            }
        }
    }

    /// What the training rows have on average, as shown to people.
    #[must_use]
    pub fn typical(&self) -> FeatureValue {
        match self {
            Self::Number(number) => FeatureValue::Number(number.typical),
            Self::Category(category) => category_value(&category.typical),
        }
    }

    /// What makes this encoding unusable, if anything does: checked when a model is loaded.
    #[must_use]
    pub fn fault(&self) -> Option<&'static str> {
        const LARGEST: f64 = 1e6;
        let is_sound =
            |column: &Column| column.weight.abs() <= LARGEST && column.mean.abs() <= LARGEST;
        if !self.columns().iter().all(is_sound) {
            return Some("a weight or mean is not a number of ordinary size");
        }
        match self {
            Self::Number(number) => number.fault(),
            Self::Category(category) => {
                let is_sorted = category.values.is_sorted_by(|a, b| a.value < b.value);
                (!is_sorted).then_some("the values are not in order or one is named twice")
            }
        }
    }
}

impl NumberEncoding {
    fn fit(values: &[RawValue<'_>]) -> Option<Self> {
        let number = |value: &RawValue<'_>| match value {
            RawValue::Number(number) => *number,
            RawValue::Category(_) => None,
        };
        let mut known: Vec<f64> = values.iter().filter_map(number).collect();
        known.sort_by(f64::total_cmp);
        let (low, high) = (*known.first()?, *known.last()?);
        let has_missing = known.len() < values.len();
        if low == high && !has_missing {
            return None;
        }
        let median = known[known.len() / 2];
        let typical = mean(known.iter().copied());
        let logs = || values.iter().map(|value| signed_log(number(value).unwrap_or(median)));
        let centre = mean(logs());
        let scale = mean(logs().map(|log| (log - centre).powi(2))).sqrt();
        let scale = if scale > 1e-9 { scale } else { 1.0 };
        let (column, missing) = (Column::default(), Column::default());
        Some(Self { typical, median, low, high, centre, scale, column, missing })
    }

    /// The column's content for a finite number.
    fn scaled(&self, value: f64) -> f64 {
        (signed_log(value.max(self.low).min(self.high)) - self.centre) / self.scale
    }

    fn fault(&self) -> Option<&'static str> {
        let numbers = [self.typical, self.median, self.low, self.high, self.centre, self.scale];
        if !numbers.into_iter().all(f64::is_finite) {
            Some("a number is not finite")
        } else if self.scale <= 1e-9 {
            Some("the scale is not positive")
        } else if self.low > self.high {
            Some("the range ends before it begins")
        } else {
            None
        }
    }
}

impl CategoryEncoding {
    fn fit(values: &[RawValue<'_>], min_count: usize) -> Option<Self> {
        let mut counts: BTreeMap<Option<&str>, usize> = BTreeMap::new();
        for value in values {
            let category = match value {
                RawValue::Category(category) => category.as_deref(),
                RawValue::Number(_) => None,
            };
            *counts.entry(category).or_default() += 1;
        }
        if counts.len() < 2 {
            return None;
        }
        let known = || counts.iter().filter_map(|(value, count)| Some(((*value)?, *count)));
        // The first of the most frequent values, so that the choice does not depend on anything else.
        let most = known().map(|(_, count)| count).max()?;
        let typical = known().find(|(_, count)| *count == most)?.0.to_owned();
        let values = known()
            .filter(|(_, count)| *count >= min_count)
            .map(|(value, _)| ValueColumn { value: value.to_owned(), weight: 0.0, mean: 0.0 })
            .collect();
        Some(Self { typical, values, other: Column::default(), missing: Column::default() })
    }
}

/// `log(1+|x|)` with the sign of `x`: the plain logarithm for counts and durations, defined for every number.
fn signed_log(value: f64) -> f64 {
    value.abs().ln_1p().copysign(value)
}

/// The mean; every summand is divided first, so that no sum of finite numbers overflows.
#[expect(clippy::cast_precision_loss, reason = "row counts fit into 53 bits")]
fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let rows = values.len().max(1) as f64;
    values.map(|value| value / rows).sum()
}

fn category_value(text: &str) -> FeatureValue {
    match text {
        "true" => FeatureValue::Flag(true),
        "false" => FeatureValue::Flag(false),
        _ => FeatureValue::Text(text.to_owned()),
    }
}
