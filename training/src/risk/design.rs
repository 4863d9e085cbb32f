//! [`Design`]: from labelled tickets to the columns that models are fitted on, learnt from training tickets alone.

use super::params::{CodeChoice, FeatureGroup, RiskParams};
use super::protocol::Example;
use super::rates::{PastOutcomes, final_rates};
use crate::bad_input;
use ndarray::{Array1, Array2, ShapeBuilder};
use recontact::risk::context::{FeatureContext, TrainingTicket};
use recontact::risk::encoding::{CategoryParams, Encoding, FeatureModel};
use recontact::risk::features::{self, FeatureKind};
use recontact::risk::reasons::RETURN_RATE_PREFIX;
use recontact::risk::source::{Categories, CategoryRef, FeatureSource, RawValue, ReturnRates};
use recontact::risk::text::TextProjection;
use std::collections::{BTreeMap, BTreeSet};

/// Built-in features of weekday and hour.
const TIME: [&str; 4] = ["opened_weekday", "opened_hour", "closed_weekday", "closed_hour"];
/// Categories beside the issue that are crossed with it unless the parameters say otherwise.
const CROSSED: [&str; 3] = ["team", "priority", "channel"];
/// Built-in features that lean on the share of all tickets that came back.
const CUSTOMER_RATES: [&str; 2] = ["customer_return_rate", "customer_same_category_return_rate"];
/// Most values of a declared category that is crossed unasked.
const CROSSED_VALUES: usize = 50;

/// A feature that may be used.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Its name.
    pub name: String,
    /// Where its value comes from; what is learnt of it is still empty.
    pub source: FeatureSource,
    /// How it is measured.
    pub kind: FeatureKind,
    /// The group it belongs to; `None`: always used.
    pub group: Option<FeatureGroup>,
}

/// The encodings of the features, learnt from some tickets.
#[derive(Debug, Clone)]
pub struct Design {
    /// What features need to know of these tickets.
    pub context: FeatureContext,
    /// The features that tell them apart.
    pub models: Vec<FeatureModel>,
    /// Those that do not: the same in all of them, or never known.
    pub constant: Vec<String>,
}

/// Tickets as columns.
#[derive(Debug)]
pub struct Columns {
    /// For the logistic regression; column-major.
    pub linear: Array2<f64>,
    /// For trees, column after column; missing is NaN.
    pub trees: Vec<f64>,
    /// Tickets.
    pub rows: usize,
    /// Columns of `trees`.
    pub tree_columns: usize,
}

/// Every feature that may be used, in the order in which models list them.
///
/// # Errors
/// [`crate::failure::BadInput`] when a parameter names a feature that is not there.
pub fn candidates(
    params: &RiskParams,
    texts: &BTreeMap<String, TextProjection>,
    rows: &[Example<'_>],
) -> anyhow::Result<Vec<Candidate>> {
    let plain =
        |name: &str, source, kind, group| Candidate { name: name.to_owned(), source, kind, group };
    let mut all: Vec<Candidate> = features::built_in()
        .map(|(name, kind)| {
            let group = TIME.contains(&name).then_some(FeatureGroup::Time);
            plain(name, FeatureSource::BuiltIn, kind, group)
        })
        .collect();
    let mut categorical = params.columns.categorical.clone();
    if params.treated == Some(super::params::TreatedChoice::Model) {
        categorical.push("treated".to_owned());
    }
    for name in &categorical {
        all.push(plain(name, FeatureSource::Attribute, FeatureKind::Category, None));
    }
    for name in &params.columns.numeric {
        all.push(plain(name, FeatureSource::Attribute, FeatureKind::Number, None));
    }
    for (name, projection) in texts {
        let source = FeatureSource::Text(projection.clone());
        all.push(plain(name, source, FeatureKind::Text, Some(FeatureGroup::Texts)));
    }
    for excluded in &params.exclude_features {
        let before = all.len();
        all.retain(|candidate| candidate.name != *excluded);
        if all.len() == before {
            return Err(bad_input!("exclude_features: there is no feature {excluded}"));
        }
    }
    let crossed = crossed(params, &all, rows)?;
    let single: Vec<Categories> = all
        .iter()
        .filter(|candidate| candidate.kind == FeatureKind::Category && candidate.group.is_none())
        .map(|candidate| Categories(vec![part(candidate)]))
        .collect();
    for categories in &crossed {
        let source = FeatureSource::Crossed(categories.clone());
        let group = Some(FeatureGroup::Interactions);
        all.push(plain(&categories.name(), source, FeatureKind::Category, group));
    }
    for categories in single.into_iter().chain(crossed) {
        let name = format!("{RETURN_RATE_PREFIX}{}", categories.name());
        let rates = ReturnRates { of: categories, rates: BTreeMap::new(), otherwise: 0.0 };
        let source = FeatureSource::ReturnRate(rates);
        all.push(plain(&name, source, FeatureKind::Number, Some(FeatureGroup::Rates)));
    }
    Ok(all)
}

/// The pairs of categories that are crossed.
fn crossed(
    params: &RiskParams,
    all: &[Candidate],
    rows: &[Example<'_>],
) -> anyhow::Result<Vec<Categories>> {
    let find = |name: &str| {
        let mut found = all.iter().filter(|candidate| candidate.kind == FeatureKind::Category);
        found.find(|candidate| candidate.name == name)
    };
    if let Some(pairs) = &params.interactions {
        let pair = |[first, second]: &[String; 2]| {
            let missing = |name: &str| bad_input!("interactions: there is no category {name}");
            let first = find(first).ok_or_else(|| missing(first))?;
            let second = find(second).ok_or_else(|| missing(second))?;
            Ok(Categories(vec![part(first), part(second)]))
        };
        return pairs.iter().map(pair).collect();
    }
    let Some(category) = find("category") else { return Ok(Vec::new()) };
    let context = FeatureContext::default();
    let values = |candidate: &Candidate| {
        let seen: BTreeSet<String> = rows
            .iter()
            .filter_map(|row| Categories(vec![part(candidate)]).value(&row.facts, &context))
            .map(std::borrow::Cow::into_owned)
            .collect();
        seen.len()
    };
    let others = CROSSED.iter().filter_map(|name| find(name));
    let attributes = all.iter().filter(|candidate| {
        candidate.kind == FeatureKind::Category
            && matches!(candidate.source, FeatureSource::Attribute)
            && values(candidate) <= CROSSED_VALUES
    });
    let others = others.chain(attributes).filter(|candidate| values(candidate) > 1);
    Ok(others.map(|other| Categories(vec![part(category), part(other)])).collect())
}

fn part(candidate: &Candidate) -> CategoryRef {
    let attribute = matches!(candidate.source, FeatureSource::Attribute);
    CategoryRef { name: candidate.name.clone(), attribute }
}

impl Design {
    /// Learns the encodings of the candidates that are always used or of one of `groups`, and the columns of the tickets
    /// themselves: a return rate of such a ticket counts only what was known when it was closed; what it is drawn towards,
    /// and the codes of categories, as the parameters say.
    ///
    /// # Errors
    /// [`crate::failure::BadInput`] when no feature tells the tickets apart.
    pub fn learn(
        candidates: &[Candidate],
        rows: &[Example<'_>],
        groups: &BTreeSet<FeatureGroup>,
        params: &RiskParams,
    ) -> anyhow::Result<(Self, Columns)> {
        let context = context(rows, params);
        let positive = outcomes(rows);
        let counts =
            CategoryParams { min_count: params.min_count, min_count_trees: params.trees.min_count };
        let prior = (params.rate_prior == CodeChoice::Training).then_some(context.base_rate);
        let past = PastOutcomes::new(rows, params.window_days, prior);
        let mut design = Self { context, models: Vec::new(), constant: Vec::new() };
        let mut kept = Vec::new();
        for candidate in candidates {
            if candidate.group.is_some_and(|group| !groups.contains(&group)) {
                continue;
            }
            let (source, values) = design.training_values(candidate, rows, &past);
            match Encoding::fit(&values, &positive, counts) {
                Some(encoding) => {
                    let name = candidate.name.clone();
                    design.models.push(FeatureModel { name, source, encoding });
                    kept.push(values);
                }
                None => design.constant.push(candidate.name.clone()),
            }
        }
        if design.models.is_empty() {
            return Err(bad_input!(
                "all training tickets look the same: no feature tells them apart"
            ));
        }
        let mut columns = design.columns_of(rows.len(), |model, row| kept[model][row].clone());
        if params.trees.codes == CodeChoice::Past {
            design.put_past_codes(&mut columns, &kept, &past, params.trees.min_count);
        }
        Ok((design, columns))
    }

    /// The columns of later tickets.
    #[must_use]
    pub fn columns(&self, rows: &[Example<'_>]) -> Columns {
        self.columns_of(rows.len(), |model, row| {
            value(&self.models[model], &rows[row], &self.context)
        })
    }

    fn columns_of<'v>(&self, rows: usize, value: impl Fn(usize, usize) -> RawValue<'v>) -> Columns {
        let width = self.models.iter().map(|model| model.encoding.width()).sum();
        let tree_columns: usize = self.models.iter().map(|model| model.encoding.tree_width()).sum();
        let mut linear = Array2::zeros((rows, width).f());
        let mut trees = vec![f64::NAN; rows * tree_columns];
        let (mut first, mut first_tree) = (0, 0);
        let mut own = Vec::new();
        for (index, model) in self.models.iter().enumerate() {
            for row in 0..rows {
                let value = value(index, row);
                model.encoding.encode(&value, |column, content| {
                    linear[[row, first + column]] = content;
                });
                own.clear();
                model.encoding.encode_for_trees(&value, &mut own);
                for (column, content) in own.iter().enumerate() {
                    trees[(first_tree + column) * rows + row] = *content;
                }
            }
            first += model.encoding.width();
            first_tree += model.encoding.tree_width();
        }
        Columns { linear, trees, rows, tree_columns }
    }

    /// Puts rates of what was known at each closing where trees see the rates of all training tickets.
    fn put_past_codes(
        &self,
        columns: &mut Columns,
        values: &[Vec<RawValue<'_>>],
        past: &PastOutcomes<'_, '_>,
        min_count: usize,
    ) {
        let mut first = 0;
        for (model, values) in self.models.iter().zip(values) {
            if matches!(model.encoding, Encoding::Category(_)) {
                let values: Vec<Option<&str>> = values.iter().map(category).collect();
                let codes = past.rates(&values, min_count);
                for (row, (code, value)) in codes.into_iter().zip(values).enumerate() {
                    // Nothing to know of a missing value: the trees send it where it fits.
                    let code = value.and(code).unwrap_or(f64::NAN);
                    columns.trees[first * columns.rows + row] = code;
                }
            }
            first += model.encoding.tree_width();
        }
    }

    /// The source with what these tickets teach it, and their values.
    fn training_values<'e>(
        &self,
        candidate: &Candidate,
        rows: &'e [Example<'_>],
        past: &PastOutcomes<'_, '_>,
    ) -> (FeatureSource, Vec<RawValue<'e>>) {
        if let FeatureSource::ReturnRate(rates) = &candidate.source {
            let prior = self.context.base_rate;
            let values: Vec<Option<String>> = rows
                .iter()
                .map(|row| Some(rates.of.value(&row.facts, &self.context)?.into_owned()))
                .collect();
            let named: Vec<Option<&str>> = values.iter().map(Option::as_deref).collect();
            let past = past.rates(&named, 0);
            let learnt = ReturnRates {
                of: rates.of.clone(),
                rates: final_rates(&values, rows, prior),
                otherwise: prior,
            };
            let past = past.into_iter().map(RawValue::Number).collect();
            return (FeatureSource::ReturnRate(learnt), past);
        }
        if CUSTOMER_RATES.contains(&candidate.name.as_str())
            && matches!(candidate.source, FeatureSource::BuiltIn)
        {
            let value = |(row, base): (&'e Example<'_>, &Option<f64>)| {
                let known = (*base)
                    .map(|base_rate| FeatureContext { base_rate, ..FeatureContext::default() });
                known
                    .and_then(|context| {
                        candidate.source.value(
                            &row.facts,
                            &context,
                            &candidate.name,
                            candidate.kind,
                        )
                    })
                    .unwrap_or(RawValue::Number(None))
            };
            let values = rows.iter().zip(past.base()).map(value).collect();
            return (candidate.source.clone(), values);
        }
        let values = rows.iter().filter_map(|row| {
            if candidate.kind == FeatureKind::Text {
                return Some(RawValue::Text(row.texts.get(&candidate.name).cloned()));
            }
            candidate.source.value(&row.facts, &self.context, &candidate.name, candidate.kind)
        });
        (candidate.source.clone(), values.collect())
    }
}

fn category<'v>(value: &'v RawValue<'_>) -> Option<&'v str> {
    match value {
        RawValue::Category(category) => category.as_deref(),
        _ => None,
    }
}

/// A later ticket's value; components of texts are taken from the example, where they were computed once.
fn value<'e>(model: &FeatureModel, row: &'e Example<'_>, context: &FeatureContext) -> RawValue<'e> {
    if matches!(model.source, FeatureSource::Text(_)) {
        return RawValue::Text(row.texts.get(&model.name).cloned());
    }
    model.value(&row.facts, context)
}

/// What features need to know of training tickets.
fn context(rows: &[Example<'_>], params: &RiskParams) -> FeatureContext {
    let tickets: Vec<TrainingTicket<'_>> = rows
        .iter()
        .map(|row| TrainingTicket {
            category: row.facts.ticket().category.as_str(),
            hours: row.facts.duration_hours(),
            positive: row.positive,
        })
        .collect();
    FeatureContext::learn(&tickets, params.utc_offset_minutes)
}

/// Which of these tickets came back.
#[must_use]
pub fn outcomes(rows: &[Example<'_>]) -> Vec<bool> {
    rows.iter().map(|row| row.positive).collect()
}

/// The same as an array.
#[must_use]
pub fn outcome_array(rows: &[Example<'_>]) -> Array1<bool> {
    Array1::from(outcomes(rows))
}

#[cfg(test)]
#[path = "design_tests.rs"]
mod tests;
