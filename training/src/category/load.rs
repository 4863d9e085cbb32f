//! What a training begins with: labelled texts read from files, corrected, spelled alike, split into training and test part.

use super::CategoryArgs;
use super::corrections::{AppliedCorrections, Corrections};
use super::data::{Columns, Examples, clean_texts, label_set};
use super::method::Method;
use super::params::CategoryParams;
use super::report::share;
use super::spelling::{Merged, Spellings};
use crate::bad_input;
use recontact::classify::category::LabelSet;
use recontact::classify::language;
use recontact::contact::ContactText;
use recontact::ticket::{IssueCategory, Name};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Labelled texts, ready to learn from and to test on.
pub struct Loaded {
    /// What is learnt from.
    pub train: Rows,
    /// What is tested on.
    pub test: Rows,
    /// The labels of the training part.
    pub labels: LabelSet,
    /// What was done to the tables.
    pub notes: Notes,
}

/// Labelled texts, and those that belong to none of the labels.
#[derive(Debug, Default)]
pub struct Rows {
    /// Labelled texts.
    pub examples: Examples,
    /// Texts with the out-of-scope label.
    pub out_of_scope: Vec<ContactText>,
}

/// What was done to the tables before anything was learnt from them; part of the manifest.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Notes {
    /// Labels that differed only by case or spaces.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub merged_labels: Vec<Merged>,
    /// Labels of the test part that the training part lacks: their rows count as wrong.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub labels_only_in_test: BTreeSet<Name>,
    /// Labels set right by people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub corrections: Option<AppliedCorrections>,
}

/// Reads the files of a training.
///
/// # Errors
/// [`crate::failure::BadInput`] naming file, row and column, or the label with too few rows.
pub fn load(args: &CategoryArgs, params: &CategoryParams) -> anyhow::Result<Loaded> {
    let columns = Columns { text: &args.text, label: &args.label, id: args.id.as_deref() };
    let mut train = Examples::read(&args.train, columns)?;
    let mut test = args.test.as_ref().map(|path| Examples::read(path, columns)).transpose()?;
    let mut notes = Notes::default();
    if let Some(path) = &args.corrections {
        let corrections = Corrections::read(path, args.head)?;
        if args.id.is_none() {
            return Err(bad_input!(
                "--corrections needs --id, the column that identifies the contact"
            ));
        }
        notes.corrections = Some(corrections.apply(&mut train, test.as_mut()));
    }
    if !args.no_clean {
        clean_texts(&mut train.texts, &args.train.display().to_string());
        if let (Some(test), Some(path)) = (&mut test, &args.test) {
            clean_texts(&mut test.texts, &path.display().to_string());
        }
    }
    let mut spelled = train.categories.clone();
    spelled.extend(args.out_of_scope_label.clone());
    let spellings = Spellings::of(&spelled);
    for examples in [Some(&mut train), test.as_mut()].into_iter().flatten() {
        spellings.apply(&mut examples.categories);
    }
    notes.merged_labels = spellings.merged().to_vec();
    let outside = args.out_of_scope_label.as_ref().map(|label| spellings.kept(label));
    let (train, test) = split(args, params, train, test, outside)?;
    let labels = label_set(&train.examples, params.taxonomy.as_deref(), &spellings)?;
    let known: BTreeSet<&Name> = labels.labels().iter().map(|label| &label.category).collect();
    let of_test = test.examples.categories.iter();
    notes.labels_only_in_test = of_test.filter(|name| !known.contains(name)).cloned().collect();
    notes.warn();
    Ok(Loaded { train, test, labels, notes })
}

/// The training and the test part: two files, or one split by label.
fn split(
    args: &CategoryArgs,
    params: &CategoryParams,
    train: Examples,
    test: Option<Examples>,
    outside: Option<&Name>,
) -> anyhow::Result<(Rows, Rows)> {
    let file = args.train.display().to_string();
    let place = match test {
        Some(_) => file.clone(),
        None => format!("{file} without its test part"),
    };
    let least = if args.method == Method::ZeroShot { 1 } else { params.min_examples };
    let (train, test) = match test {
        Some(test) => (train, test),
        None if args.method == Method::ZeroShot => {
            return Err(bad_input!(
                "--method zero-shot takes the rows of {file} for descriptions of the labels, which leaves none to test on: \
                 give a --test file"
            ));
        }
        None => {
            let labelled = Rows::new(train.clone(), outside).examples;
            labelled.check_counts(&file, least)?;
            train.split(params.test_share, params.seed)
        }
    };
    let (train, test) = (Rows::new(train, outside), Rows::new(test, outside));
    if test.examples.is_empty() {
        return Err(bad_input!(
            "{file}: too few rows to keep a share of {} for the test: give a --test file",
            params.test_share
        ));
    }
    train.examples.check_counts(&place, least)?;
    Ok((train, test))
}

impl Rows {
    /// Sets the texts with the out-of-scope label apart.
    #[must_use]
    pub fn new(all: Examples, outside: Option<&Name>) -> Self {
        let mut rows = Self::default();
        let cells = all.texts.into_iter().zip(all.categories).zip(all.ids);
        for ((text, category), id) in cells {
            if Some(&category) == outside {
                rows.out_of_scope.push(text);
            } else {
                rows.examples.push(text, category, id);
            }
        }
        rows
    }
}

impl Notes {
    fn warn(&self) {
        for merged in &self.merged_labels {
            let others: Vec<String> =
                merged.others.iter().map(|name| format!("{:?}", name.as_str())).collect();
            eprintln!(
                "warning: {} differ(s) from {:?} only by case or spaces and is taken for it",
                others.join(", "),
                merged.kept.as_str()
            );
        }
        if !self.labels_only_in_test.is_empty() {
            let names = self.labels_only_in_test.iter().take(20).map(Name::as_str);
            eprintln!(
                "warning: {} label(s) of the test part are in no training row, their rows count as wrong: {}",
                self.labels_only_in_test.len(),
                names.collect::<Vec<_>>().join(", ")
            );
        }
        if let Some(applied) = &self.corrections {
            eprintln!(
                "corrections of {} contacts by {} person(s): {} rows changed, {} confirmed, {} added, {} in no row",
                applied.contacts,
                applied.authors.len(),
                applied.changed,
                applied.confirmed,
                applied.added,
                applied.unmatched
            );
        }
    }
}

/// The label index of each row. Labels that the set lacks have indices above it, so that no answer is right for them.
#[must_use]
pub fn indices(categories: &[IssueCategory], labels: &LabelSet) -> Vec<usize> {
    let known = labels.labels().iter().map(|label| &label.category);
    let mut index: BTreeMap<&IssueCategory, usize> = known.zip(0..).collect();
    categories
        .iter()
        .map(|category| {
            let next = index.len();
            *index.entry(category).or_insert(next)
        })
        .collect()
}

/// Languages with at least the configured share of the training texts, the most frequent first.
#[must_use]
pub fn languages(texts: &[ContactText], params: &CategoryParams) -> Vec<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for text in texts {
        if let Some(code) = language::detect(text.as_str(), &params.expected_languages) {
            *counts.entry(code).or_insert(0) += 1;
        }
    }
    let told: usize = counts.values().sum();
    let mut found: Vec<(&str, usize)> = counts
        .into_iter()
        .filter(|&(_, count)| share(count, told) >= params.min_language_share)
        .collect();
    found.sort_by_key(|&(code, count)| (usize::MAX - count, code));
    found.into_iter().map(|(code, _)| code.to_owned()).collect()
}
