//! From feature values to columns of a linear model, and from columns back to exact contributions.
//!
//! A number becomes `(log(1+|x|)·sign(x) − centre) / scale`, missing ones take the training median and set an indicator
//! column. A category becomes one column per value seen often enough in training, one for all other values and one for
//! a missing value. A text becomes its standardised components and one column for a missing text. Numbers are kept inside
//! the range seen in training: a linear model knows nothing beyond it.
//!
//! Trees see the same values in fewer columns: a number as it is, missing where it is; a category as the smoothed share of
//! its training tickets that came back, so that one split can part many values; a text's components.

use super::features::{FeatureKind, FeatureValue};
use super::source::{FeatureSource, RawValue};
use serde::{Deserialize, Serialize};
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
    /// What trees see: the smoothed share of its training tickets that came back.
    #[serde(default)]
    pub rate: f64,
}

/// How one feature becomes columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// One column for the number, one that says it is missing.
    Number(NumberEncoding),
    /// One column per known value, one for any other, one that says it is missing.
    Category(CategoryEncoding),
    /// One column per component, one that says it is missing.
    Text(TextEncoding),
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
    /// What trees see for any other value: the share of all training tickets that came back.
    #[serde(default)]
    pub other_rate: f64,
}

/// Encoding of a text's components.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextEncoding {
    /// Mean length of the training texts in characters; shown beside reasons.
    pub typical: f64,
    /// Mean of each component over the training texts.
    pub centre: Vec<f64>,
    /// Standard deviation of each component over the training texts.
    pub scale: Vec<f64>,
    /// One column per component.
    pub columns: Vec<Column>,
    /// The indicator's column.
    pub missing: Column,
}

/// A feature of a model: where its value comes from and how it is weighed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "StoredFeature")]
pub struct FeatureModel {
    /// The feature's name, unique within the model.
    pub name: String,
    /// Where its value comes from.
    pub source: FeatureSource,
    /// How its value becomes columns.
    pub encoding: Encoding,
}

/// A feature in a model file. Models trained before features had a source say `attribute` instead.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredFeature {
    name: String,
    source: Option<FeatureSource>,
    attribute: Option<bool>,
    encoding: Encoding,
}

impl TryFrom<StoredFeature> for FeatureModel {
    type Error = String;

    fn try_from(stored: StoredFeature) -> Result<Self, String> {
        let source = match (stored.source, stored.attribute) {
            (Some(source), None) => source,
            (None, Some(true)) => FeatureSource::Attribute,
            (None, Some(false)) => FeatureSource::BuiltIn,
            _ => return Err(format!("feature {}: expected one source", stored.name)),
        };
        Ok(Self { name: stored.name, source, encoding: stored.encoding })
    }
}

/// What encodings learn of a categorical value beside how often it comes.
#[derive(Debug, Clone, Copy)]
pub struct CategoryParams {
    /// Training rows that a value needs for a column of its own.
    pub min_count: usize,
    /// Training rows that a value needs for a rate of its own in the eyes of trees.
    pub min_count_trees: usize,
}

impl Encoding {
    /// Learns how to encode a feature from its training values and their outcomes. `None` when all values are the same,
    /// since such a feature cannot tell tickets apart.
    #[must_use]
    pub fn fit(values: &[RawValue<'_>], positive: &[bool], params: CategoryParams) -> Option<Self> {
        match values.first()? {
            RawValue::Number(_) => NumberEncoding::fit(values).map(Self::Number),
            RawValue::Category(_) => {
                CategoryEncoding::fit(values, positive, params).map(Self::Category)
            }
            RawValue::Text(_) => TextEncoding::fit(values).map(Self::Text),
        }
    }

    /// How the feature is measured.
    #[must_use]
    pub fn kind(&self) -> FeatureKind {
        match self {
            Self::Number(_) => FeatureKind::Number,
            Self::Category(_) => FeatureKind::Category,
            Self::Text(_) => FeatureKind::Text,
        }
    }

    /// Number of columns.
    #[must_use]
    pub fn width(&self) -> usize {
        match self {
            Self::Number(_) => 2,
            Self::Category(category) => category.values.len() + 2,
            Self::Text(text) => text.columns.len() + 1,
        }
    }

    /// Number of columns that trees see.
    #[must_use]
    pub fn tree_width(&self) -> usize {
        match self {
            Self::Number(_) | Self::Category(_) => 1,
            Self::Text(text) => text.columns.len(),
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
                put(category.position(value).unwrap_or(category.values.len()), 1.0);
            }
            (Self::Category(category), _) => put(category.values.len() + 1, 1.0),
            (Self::Text(text), RawValue::Text(Some(components))) => {
                for (index, component) in components.values.iter().enumerate() {
                    put(index, text.scaled(index, *component));
                }
            }
            (Self::Text(text), _) => put(text.columns.len(), 1.0),
        }
    }

    /// The number's column; 0 for what is no number.
    #[must_use]
    pub fn scaled_number(&self, value: &RawValue<'_>) -> f64 {
        match (self, value) {
            (Self::Number(number), RawValue::Number(value)) => {
                number.scaled(value.unwrap_or(number.median))
            }
            _ => 0.0,
        }
    }

    /// Appends the columns that trees see; a missing one is NaN.
    pub fn encode_for_trees(&self, value: &RawValue<'_>, columns: &mut Vec<f64>) {
        match (self, value) {
            (Self::Number(_), RawValue::Number(Some(number))) => columns.push(*number),
            (Self::Category(category), RawValue::Category(Some(value))) => {
                let known = category.position(value);
                columns.push(known.map_or(category.other_rate, |at| category.values[at].rate));
            }
            (Self::Text(text), RawValue::Text(Some(components))) => {
                let scaled = components.values.iter().enumerate();
                columns.extend(scaled.map(|(index, component)| text.scaled(index, *component)));
            }
            _ => columns.extend(std::iter::repeat_n(f64::NAN, self.tree_width())),
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
            Self::Text(text) => {
                text.columns.iter().copied().chain(std::iter::once(text.missing)).collect()
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
            (Self::Text(text), known) => text.columns.get(known).unwrap_or(&text.missing).weight,
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
            Self::Text(text) => {
                let slots = text.columns.iter_mut().chain(std::iter::once(&mut text.missing));
                for (slot, column) in slots.zip(columns) {
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
            Self::Text(text) => FeatureValue::Number(text.typical),
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
                let rates = category.values.iter().map(|known| known.rate);
                if !is_sorted {
                    Some("the values are not in order or one is named twice")
                } else if !rates.chain([category.other_rate]).all(f64::is_finite) {
                    Some("a rate is not finite")
                } else {
                    None
                }
            }
            Self::Text(text) => text.fault(),
        }
    }
}

impl NumberEncoding {
    fn fit(values: &[RawValue<'_>]) -> Option<Self> {
        let number = |value: &RawValue<'_>| match value {
            RawValue::Number(number) => *number,
            _ => None,
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
    fn fit(values: &[RawValue<'_>], positive: &[bool], params: CategoryParams) -> Option<Self> {
        let mut counts: BTreeMap<Option<&str>, (usize, usize)> = BTreeMap::new();
        for (value, positive) in values.iter().zip(positive) {
            let category = match value {
                RawValue::Category(category) => category.as_deref(),
                _ => None,
            };
            let (rows, positives) = counts.entry(category).or_default();
            *rows += 1;
            *positives += usize::from(*positive);
        }
        if counts.len() < 2 {
            return None;
        }
        let all = positive.iter().filter(|positive| **positive).count();
        let other_rate = ratio(all, positive.len());
        let known = || counts.iter().filter_map(|(value, counts)| Some(((*value)?, *counts)));
        // The first of the most frequent values, so that the choice does not depend on anything else.
        let most = known().map(|(_, (rows, _))| rows).max()?;
        let typical = known().find(|(_, (rows, _))| *rows == most)?.0.to_owned();
        let values = known()
            .filter(|(_, (rows, _))| *rows >= params.min_count)
            .map(|(value, (rows, positives))| ValueColumn {
                value: value.to_owned(),
                weight: 0.0,
                mean: 0.0,
                rate: if rows >= params.min_count_trees {
                    smoothed(positives, rows, other_rate)
                } else {
                    other_rate
                },
            })
            .collect();
        let (other, missing) = (Column::default(), Column::default());
        Some(Self { typical, values, other, missing, other_rate })
    }

    fn position(&self, value: &str) -> Option<usize> {
        self.values.binary_search_by(|known| known.value.as_str().cmp(value)).ok()
    }
}

impl TextEncoding {
    fn fit(values: &[RawValue<'_>]) -> Option<Self> {
        let known: Vec<_> = values
            .iter()
            .filter_map(|value| match value {
                RawValue::Text(components) => components.as_ref(),
                _ => None,
            })
            .collect();
        let width = known.first()?.values.len();
        let centre: Vec<f64> =
            (0..width).map(|index| mean(known.iter().map(|text| text.values[index]))).collect();
        let scale: Vec<f64> = (0..width)
            .map(|index| {
                let squares = known.iter().map(|text| (text.values[index] - centre[index]).powi(2));
                let scale = mean(squares).sqrt();
                if scale > 1e-9 { scale } else { 1.0 }
            })
            .collect();
        Some(Self {
            typical: mean(known.iter().map(|text| text.chars)),
            centre,
            scale,
            columns: vec![Column::default(); width],
            missing: Column::default(),
        })
    }

    fn scaled(&self, index: usize, component: f64) -> f64 {
        match (self.centre.get(index), self.scale.get(index)) {
            (Some(centre), Some(scale)) => (component - centre) / scale,
            _ => 0.0,
        }
    }

    fn fault(&self) -> Option<&'static str> {
        let numbers = || self.centre.iter().chain(&self.scale).chain([&self.typical]);
        let width = self.columns.len();
        if self.centre.len() != width || self.scale.len() != width {
            Some("its lists are not of one length")
        } else if !numbers().all(|number| number.is_finite()) {
            Some("a number is not finite")
        } else if self.scale.iter().any(|scale| *scale <= 1e-9) {
            Some("the scale is not positive")
        } else {
            None
        }
    }
}

/// So many tickets of the average value stand behind each value's rate.
const RATE_PRIOR_TICKETS: f64 = 20.0;

/// The share of `rows` that came back, drawn towards `prior` as if `RATE_PRIOR_TICKETS` more had that share.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "row counts fit into 53 bits")]
pub fn smoothed(positives: usize, rows: usize, prior: f64) -> f64 {
    (positives as f64 + prior * RATE_PRIOR_TICKETS) / (rows as f64 + RATE_PRIOR_TICKETS)
}

#[expect(clippy::cast_precision_loss, reason = "row counts fit into 53 bits")]
fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
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

/// A category as shown to people.
pub(super) fn category_value(text: &str) -> FeatureValue {
    match text {
        "true" => FeatureValue::Flag(true),
        "false" => FeatureValue::Flag(false),
        _ => FeatureValue::Text(text.to_owned()),
    }
}
