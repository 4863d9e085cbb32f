//! `recontact-train check-data`: what is wrong with labelled texts, before a model learns it.
//!
//! Findings are no faults: the command ends with 0 whatever it finds. Texts themselves are told only where `--texts` asks
//! for them, since a report is passed around.

pub mod leaks;
pub mod near;
pub mod noise;
pub mod rows;

mod page;
mod print;

use crate::bad_input;
use crate::evaluate::html::ReportLanguage;
use crate::evaluate::write_page;
use clap::Args;
use leaks::{Giveaway, NamedLabel};
use near::NearPair;
use noise::Noise;
use recontact::classify::language;
use rows::{Part, RowRef, Unusable, UsableRow, bare, read};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;

/// Groups and pairs that are told of each finding; the others are counted.
const MOST_TOLD: usize = 50;
/// A label with fewer rows is hardly learnt.
const FEW_ROWS: usize = 10;
/// Characters of a text that are told.
const EXCERPT: usize = 120;

/// Arguments of `recontact-train check-data`.
#[derive(Debug, Args)]
pub struct CheckDataArgs {
    /// The labelled texts: CSV, CSV.gz, JSON lines or Parquet, one row per text.
    #[arg(long, value_name = "FILE")]
    pub data: PathBuf,
    /// Texts that a model is to be tested on, to be held against the others.
    #[arg(long, value_name = "FILE")]
    pub test: Option<PathBuf>,
    /// The column with the text.
    #[arg(long, value_name = "COLUMN", default_value = "text")]
    pub text: String,
    /// The column with the label.
    #[arg(long, value_name = "COLUMN", default_value = "category")]
    pub label: String,
    /// From which share of common pieces on two texts are nearly the same, above 0 and below 1.
    #[arg(long, value_name = "SHARE", default_value_t = 0.8)]
    pub similar: f64,
    /// Leave out the search for wrong labels, which trains five models of words.
    #[arg(long)]
    pub quick: bool,
    /// Seed of the parts for that search.
    #[arg(long, value_name = "N", default_value_t = 42)]
    pub seed: u64,
    /// Tell the beginnings of the texts that are named, not only their rows.
    #[arg(long)]
    pub texts: bool,
    /// Write a page for people, in one file.
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// The language of the page.
    #[arg(long, value_enum, default_value_t)]
    pub language: ReportLanguage,
    /// Print one JSON object instead of tables.
    #[arg(long)]
    pub json: bool,
}

/// Everything that was found.
#[derive(Debug, Serialize)]
pub struct DataCheck {
    /// The file.
    pub file: String,
    /// Its rows.
    pub rows: usize,
    /// The test file; null without one.
    pub test_file: Option<String>,
    /// Its rows.
    pub test_rows: usize,
    /// Rows that cannot be used.
    pub unusable: Unusable,
    /// The labels, the most frequent first.
    pub labels: Vec<LabelCount>,
    /// Labels with fewer than ten rows in the file.
    pub few_rows: usize,
    /// Labels of the test file that the other one lacks.
    pub only_in_test: Vec<String>,
    /// Labels that differ only by capitals, blanks, underscores or hyphens.
    pub alike_labels: Vec<Vec<String>>,
    /// Texts that occur several times with one label.
    pub duplicates: Groups,
    /// Texts that occur with several labels.
    pub contradictions: Groups,
    /// Texts of the test file that are in the other one too.
    pub in_both: usize,
    /// Texts that are nearly the same.
    pub near: NearFound,
    /// Labels that a model of words does not believe; null with `--quick`.
    pub noise: Option<Noise>,
    /// Labels whose names stand in their texts.
    pub named_labels: Vec<NamedLabel>,
    /// Columns that give the label away.
    pub giveaways: Vec<Giveaway>,
    /// Rows by ISO 639-1 code of the language; null where it cannot be told.
    pub languages: Vec<LanguageCount>,
    /// The beginnings of the texts of all rows that are named, where asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub excerpts: Vec<Excerpt>,
}

/// Rows of a label.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LabelCount {
    /// The label.
    pub label: String,
    /// Its rows.
    pub rows: usize,
    /// Its rows in the test file.
    pub test_rows: usize,
}

/// Rows of the same text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Groups {
    /// Texts.
    pub texts: usize,
    /// Rows that have one of them.
    pub rows: usize,
    /// The first of them: rows with their labels.
    pub first: Vec<Vec<Labelled>>,
}

/// A row with its label.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Labelled {
    /// The row.
    pub at: RowRef,
    /// Its label.
    pub label: String,
}

/// Pairs of texts that are nearly the same.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct NearFound {
    /// Pairs within the file.
    pub within: usize,
    /// Pairs of which one is in the test file and the other is not.
    pub across: usize,
    /// Pairs with different labels.
    pub other_label: usize,
    /// The most alike pairs.
    pub first: Vec<NearPair>,
}

/// Rows of a language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LanguageCount {
    /// ISO 639-1 code; none where there is nothing to tell it by.
    pub language: Option<&'static str>,
    /// Its rows.
    pub rows: usize,
}

/// The beginning of a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Excerpt {
    /// The row.
    pub at: RowRef,
    /// Its first characters.
    pub text: String,
}

/// Checks labelled texts.
///
/// # Errors
/// [`crate::failure::BadInput`] when a file cannot be read or lacks a column; not for what is found in it.
pub fn run(args: &CheckDataArgs) -> anyhow::Result<()> {
    if !(args.similar > 0.0 && args.similar < 1.0) {
        return Err(bad_input!(
            "--similar: expected a number between 0 and 1, got {}",
            args.similar
        ));
    }
    let found = check(args)?;
    print::print(&found, args.json)?;
    write_page(args.html.as_deref(), || page::page(&found, args.language))
}

fn check(args: &CheckDataArgs) -> anyhow::Result<DataCheck> {
    let mut unusable = Unusable::default();
    let data = read(&args.data, Part::Data, &args.text, &args.label, &mut unusable)?;
    let test = args
        .test
        .as_ref()
        .map(|path| read(path, Part::Test, &args.text, &args.label, &mut unusable))
        .transpose()?;
    let mut all: Vec<&UsableRow> = data.usable.iter().collect();
    all.extend(test.iter().flat_map(|test| &test.usable));
    let labels = label_counts(&all);
    let same = same_texts(&all);
    let noise = if args.quick { None } else { Some(noise::noise(&data.usable, args.seed)?) };
    let mut found = DataCheck {
        file: data.file.clone(),
        rows: data.rows,
        test_file: test.as_ref().map(|test| test.file.clone()),
        test_rows: test.as_ref().map_or(0, |test| test.rows),
        unusable,
        few_rows: labels.iter().filter(|label| (1..FEW_ROWS).contains(&label.rows)).count(),
        only_in_test: only_in_test(&labels),
        alike_labels: alike_labels(&labels),
        labels,
        duplicates: Groups::of(&same, |labels| labels == 1),
        contradictions: Groups::of(&same, |labels| labels > 1),
        in_both: same.iter().filter(|rows| is_in_both(rows)).count(),
        near: near_texts(&same, args.similar),
        noise,
        named_labels: leaks::named(&data.usable),
        giveaways: leaks::giveaways(&data),
        languages: languages(&all),
        excerpts: Vec::new(),
    };
    if args.texts {
        found.excerpts = excerpts(&found, &all);
    }
    Ok(found)
}

fn label_counts(all: &[&UsableRow]) -> Vec<LabelCount> {
    let mut counted: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for row in all {
        let (rows, test_rows) = counted.entry(row.label.as_str()).or_default();
        match row.at.part {
            Part::Data => *rows += 1,
            Part::Test => *test_rows += 1,
        }
    }
    let told = counted.into_iter();
    let mut labels: Vec<LabelCount> = told
        .map(|(label, (rows, test_rows))| LabelCount { label: label.to_owned(), rows, test_rows })
        .collect();
    labels.sort_by_key(|label| std::cmp::Reverse(label.rows));
    labels
}

fn only_in_test(labels: &[LabelCount]) -> Vec<String> {
    let only = labels.iter().filter(|label| label.rows == 0);
    only.map(|label| label.label.clone()).collect()
}

fn alike_labels(labels: &[LabelCount]) -> Vec<Vec<String>> {
    let mut alike: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for label in labels {
        let key = bare(&label.label.replace(['_', '-'], " "));
        alike.entry(key).or_default().push(label.label.clone());
    }
    alike.into_values().filter(|labels| labels.len() > 1).collect()
}

/// All rows by their text, in the order of their first rows.
fn same_texts<'r>(all: &[&'r UsableRow]) -> Vec<Vec<&'r UsableRow>> {
    // Of each text a hash: the first half of the SHA-256.
    let mut place: HashMap<[u8; 16], usize> = HashMap::new();
    let mut groups: Vec<Vec<&UsableRow>> = Vec::new();
    for row in all {
        let hash = Sha256::digest(row.bare().as_bytes());
        let mut half = [0; 16];
        half.copy_from_slice(&hash[..16]);
        let at = *place.entry(half).or_insert(groups.len());
        if at == groups.len() {
            groups.push(Vec::new());
        }
        groups[at].push(row);
    }
    groups
}

fn is_in_both(rows: &[&UsableRow]) -> bool {
    let parts: BTreeSet<Part> = rows.iter().map(|row| row.at.part).collect();
    parts.len() > 1
}

impl Groups {
    fn of(same: &[Vec<&UsableRow>], is_wanted: impl Fn(usize) -> bool) -> Self {
        let mut found = Self::default();
        for rows in same.iter().filter(|rows| rows.len() > 1) {
            let labels: BTreeSet<&str> = rows.iter().map(|row| row.label.as_str()).collect();
            if !is_wanted(labels.len()) {
                continue;
            }
            found.texts += 1;
            found.rows += rows.len();
            if found.first.len() < MOST_TOLD {
                let told =
                    rows.iter().map(|row| Labelled { at: row.at, label: row.label.to_string() });
                found.first.push(told.collect());
            }
        }
        found
    }
}

fn near_texts(same: &[Vec<&UsableRow>], least: f64) -> NearFound {
    let text = |at: usize| same[at][0].bare();
    let mut found = NearFound::default();
    for (first, second, similarity) in near::pairs(same.len(), text, least) {
        let (first, second) = (&same[first], &same[second]);
        let is_across =
            first.iter().chain(second).map(|row| row.at.part).collect::<BTreeSet<_>>().len() > 1;
        let same_label = first[0].label == second[0].label;
        found.across += usize::from(is_across);
        found.within += usize::from(!is_across);
        found.other_label += usize::from(!same_label);
        if found.first.len() < MOST_TOLD {
            let (first, second) = (first[0].at, second[0].at);
            found.first.push(NearPair { first, second, similarity, same_label });
        }
    }
    found
}

fn languages(all: &[&UsableRow]) -> Vec<LanguageCount> {
    let expected = language::DEFAULT_EXPECTED.map(str::to_owned);
    let mut counted: BTreeMap<Option<&'static str>, usize> = BTreeMap::new();
    for row in all {
        *counted.entry(language::detect(row.text.as_str(), &expected)).or_default() += 1;
    }
    let mut told: Vec<LanguageCount> =
        counted.into_iter().map(|(language, rows)| LanguageCount { language, rows }).collect();
    told.sort_by_key(|count| std::cmp::Reverse(count.rows));
    told
}

/// The beginnings of the texts of every row that is named.
fn excerpts(found: &DataCheck, all: &[&UsableRow]) -> Vec<Excerpt> {
    let mut named: BTreeSet<RowRef> = BTreeSet::new();
    for groups in [&found.duplicates, &found.contradictions] {
        named.extend(groups.first.iter().flatten().map(|row| row.at));
    }
    named.extend(found.near.first.iter().flat_map(|pair| [pair.first, pair.second]));
    named.extend(found.noise.iter().flat_map(|noise| &noise.doubtful).map(|row| row.at));
    let told = all.iter().filter(|row| named.contains(&row.at));
    told.map(|row| Excerpt { at: row.at, text: row.text.as_str().chars().take(EXCERPT).collect() })
        .collect()
}
