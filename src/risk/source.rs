//! Where a feature's value comes from: [`FeatureSource`].
//!
//! Besides the built-in features and the helpdesk's own attributes there are values derived from them by what training
//! has learnt: two categories crossed, the past return rate of a category, the components of a text.

use super::context::FeatureContext;
use super::encoding::{FeatureModel, category_value};
use super::features::{self, Facts, FeatureKind, FeatureValue};
use super::text::TextProjection;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Between the two values of a crossed category.
pub(super) const CROSS: &str = " × ";
/// Stands for the missing one of two values.
const UNKNOWN: &str = "–";

/// Where a feature's value comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeatureSource {
    /// Computed from the ticket and its customer's history under the feature's own name.
    BuiltIn,
    /// The attribute of the feature's name.
    Attribute,
    /// Two categories side by side.
    Crossed(Categories),
    /// How often tickets of the same value came back in training.
    ReturnRate(ReturnRates),
    /// The components of the text in the column of the feature's name.
    Text(TextProjection),
}

/// One category, or two that are crossed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Categories(pub Vec<CategoryRef>);

/// A categorical feature or attribute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CategoryRef {
    /// Its name.
    pub name: String,
    /// Whether it is an attribute of the ticket rather than a built-in feature.
    pub attribute: bool,
}

/// The share of the training tickets of each value that came back, smoothed, as known at the end of training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReturnRates {
    /// Whose values.
    pub of: Categories,
    /// The rate of each value.
    pub rates: BTreeMap<String, f64>,
    /// The rate of any other value.
    pub otherwise: f64,
}

/// A feature's value on the way into the model; not a number and infinity count as missing.
#[derive(Debug, Clone, PartialEq)]
pub enum RawValue<'a> {
    /// A number, or none.
    Number(Option<f64>),
    /// A category, or none.
    Category(Option<Cow<'a, str>>),
    /// A text, or none.
    Text(Option<TextComponents>),
}

/// What is seen of a text.
#[derive(Debug, Clone, PartialEq)]
pub struct TextComponents {
    /// Its length in characters.
    pub chars: f64,
    /// Its components.
    pub values: Vec<f64>,
}

impl RawValue<'_> {
    /// The value as shown to people; of a text only the length.
    #[must_use]
    pub fn shown(&self) -> FeatureValue {
        match self {
            Self::Number(Some(number)) => FeatureValue::Number(*number),
            Self::Category(Some(text)) => category_value(text),
            Self::Text(Some(text)) => FeatureValue::Number(text.chars),
            Self::Number(None) | Self::Category(None) | Self::Text(None) => FeatureValue::Missing,
        }
    }
}

impl FeatureSource {
    /// Reads a feature of a ticket. `None` if there is no built-in feature of that name and kind.
    #[must_use]
    pub fn value<'f>(
        &self,
        facts: &'f Facts<'_>,
        context: &FeatureContext,
        name: &str,
        kind: FeatureKind,
    ) -> Option<RawValue<'f>> {
        let finite = |number: Option<f64>| RawValue::Number(number.filter(|n| n.is_finite()));
        Some(match (self, kind) {
            (Self::BuiltIn, FeatureKind::Number) => {
                let (_, number) = features::NUMBERS.iter().find(|(known, _)| *known == name)?;
                finite(number(facts, context))
            }
            (Self::BuiltIn, FeatureKind::Category) => {
                let (_, category) =
                    features::CATEGORIES.iter().find(|(known, _)| *known == name)?;
                RawValue::Category(category(facts, context))
            }
            (Self::Attribute, FeatureKind::Number) => finite(facts.attribute_number(name)),
            (Self::Attribute, FeatureKind::Category) => {
                RawValue::Category(facts.attribute_category(name))
            }
            (Self::Crossed(categories), FeatureKind::Category) => {
                RawValue::Category(categories.value(facts, context))
            }
            (Self::ReturnRate(rates), FeatureKind::Number) => {
                finite(Some(rates.rate(rates.of.value(facts, context).as_deref())))
            }
            (Self::Text(projection), FeatureKind::Text) => {
                RawValue::Text(facts.text(name).map(|text| TextComponents::of(text, projection)))
            }
            _ => return None,
        })
    }
}

impl Categories {
    /// Value or values of a ticket; `None` when none is known.
    #[must_use]
    pub fn value<'f>(
        &self,
        facts: &'f Facts<'_>,
        context: &FeatureContext,
    ) -> Option<Cow<'f, str>> {
        let mut values = self.0.iter().map(|part| part.value(facts, context));
        match (values.next().flatten(), values.next()) {
            (value, None) => value,
            (None, Some(None)) => None,
            (first, Some(second)) => {
                let part = |value: &Option<Cow<'_, str>>| {
                    value.as_deref().map_or_else(|| UNKNOWN.to_owned(), str::to_owned)
                };
                Some(Cow::Owned(part(&first) + CROSS + &part(&second)))
            }
        }
    }

    /// The name of the crossed feature: `category × team`.
    #[must_use]
    pub fn name(&self) -> String {
        self.0.iter().map(|part| part.name.as_str()).collect::<Vec<_>>().join(CROSS)
    }
}

impl CategoryRef {
    fn value<'f>(&self, facts: &'f Facts<'_>, context: &FeatureContext) -> Option<Cow<'f, str>> {
        if self.attribute {
            return facts.attribute_category(&self.name);
        }
        let (_, category) = features::CATEGORIES.iter().find(|(known, _)| *known == self.name)?;
        category(facts, context)
    }
}

impl ReturnRates {
    /// The rate of a value; that of any other where it has none.
    #[must_use]
    pub fn rate(&self, value: Option<&str>) -> f64 {
        value.and_then(|value| self.rates.get(value)).copied().unwrap_or(self.otherwise)
    }
}

impl TextComponents {
    /// Length and components of a text.
    #[must_use]
    pub fn of(text: &str, projection: &TextProjection) -> Self {
        let chars = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
        Self { chars: f64::from(chars), values: projection.project(text) }
    }
}

impl FeatureModel {
    /// The ticket's value of this feature; a missing one if the feature is unknown here, which loading rules out.
    #[must_use]
    pub fn value<'f>(&self, facts: &'f Facts<'_>, context: &FeatureContext) -> RawValue<'f> {
        let value = self.source.value(facts, context, &self.name, self.encoding.kind());
        value.unwrap_or(RawValue::Number(None))
    }

    /// What of this feature's source this program does not know or cannot use, if anything.
    #[must_use]
    pub fn source_fault(&self) -> Option<&'static str> {
        let kind = self.encoding.kind();
        let is_built_in =
            |name: &str, kind| features::built_in().any(|known| known == (name, kind));
        let is_known = |categories: &Categories, most: usize| {
            (1..=most).contains(&categories.0.len())
                && categories
                    .0
                    .iter()
                    .all(|part| part.attribute || is_built_in(&part.name, FeatureKind::Category))
        };
        let sound = match (&self.source, &self.encoding) {
            (FeatureSource::BuiltIn, _) => is_built_in(&self.name, kind),
            (FeatureSource::Attribute, _) => kind != FeatureKind::Text,
            (FeatureSource::Crossed(categories), _) => {
                kind == FeatureKind::Category && is_known(categories, 2)
            }
            (FeatureSource::ReturnRate(rates), _) => {
                let mut all = rates.rates.values().chain([&rates.otherwise]);
                kind == FeatureKind::Number && is_known(&rates.of, 2) && all.all(|r| r.is_finite())
            }
            (FeatureSource::Text(projection), super::encoding::Encoding::Text(text)) => {
                projection.width() == text.columns.len()
            }
            (FeatureSource::Text(_), _) => false,
        };
        (!sound).then_some("not known to this program")
    }
}
