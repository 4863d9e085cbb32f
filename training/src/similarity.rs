//! `recontact-train similarity`: from which cosine on two texts are about the same issue.
//!
//! Pairs of texts, of the same and of different label, are compared as the service compares them: by the cosine of their
//! quantised embeddings. Proposed is the smallest threshold at which pairs taken for the same issue are so often enough.
//! It is chosen on one half of the texts and its agreement with the labels measured on the other.

use crate::bad_input;
use crate::card::markdown_table;
use crate::category::data::{Columns, Examples, SplitMix64, clean_texts};
use crate::category::encoders::{embed, load_encoder};
use crate::faults::Faults;
use crate::table::TableStream;
use anyhow::Context;
use clap::Args;
use recontact::classify::encoder::{InferenceOptions, TextEncoder};
use recontact::contact::{ContactText, DEFAULT_MAX_TEXT_BYTES};
use recontact::outcome::TextVector;
use recontact::ticket::IssueCategory;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Arguments of `recontact-train similarity`.
#[derive(Debug, Args)]
pub struct SimilarityArgs {
    /// Texts with labels, from which pairs are drawn.
    #[arg(long, value_name = "FILE", required_unless_present = "pairs")]
    pub train: Option<PathBuf>,
    /// The column with the text.
    #[arg(long, value_name = "COLUMN", default_value = "text")]
    pub text: String,
    /// The column with the label.
    #[arg(long, value_name = "COLUMN", default_value = "category")]
    pub label: String,
    /// Pairs that people labelled, instead: the columns text_a, text_b and same (true or false).
    #[arg(long, value_name = "FILE", conflicts_with = "train")]
    pub pairs: Option<PathBuf>,
    /// The encoder: a folder, or a name below models/encoder.
    #[arg(long, value_name = "NAME|DIR")]
    pub encoder: String,
    /// The folder in which encoders are looked up by name.
    #[arg(long, value_name = "DIR", default_value = "models", env = "RECONTACT_MODELS")]
    pub models: PathBuf,
    /// How many pairs are drawn of the same label, and as many of different labels, from each half of the texts.
    #[arg(long, value_name = "PAIRS", default_value_t = 20_000)]
    pub draws: usize,
    /// Draws the halves and the pairs.
    #[arg(long, value_name = "SEED", default_value_t = 1)]
    pub seed: u64,
    /// The share of later contacts that are the same issue, 0 to 1. Left out: 0.5; with --pairs, as in the file.
    #[arg(long, value_name = "SHARE", value_parser = parse_share)]
    pub prior: Option<f64>,
    /// How often what is taken for the same issue must be it, 0 to 1.
    #[arg(long, value_name = "SHARE", default_value_t = 0.9, value_parser = parse_share)]
    pub min_precision: f64,
    /// Print one JSON object instead of a table.
    #[arg(long)]
    pub json: bool,
}

/// How a threshold agrees with the labels, where a share `prior` of the pairs is the same issue.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Agreement {
    /// The cosine from which on a pair is taken for the same issue.
    pub threshold: f64,
    /// Of the pairs taken for the same issue, the share that is; `None` when none is taken for it.
    pub precision: Option<f64>,
    /// Of the pairs that are the same issue, the share taken for it.
    pub recall: f64,
    /// Cohen's kappa (Cohen 1960, Educational and Psychological Measurement 20:37).
    pub kappa: f64,
}

/// What the command tells.
#[derive(Debug, Serialize)]
pub struct SimilarityReport {
    /// The encoder's name.
    pub encoder: String,
    /// Pairs of the same issue that choose the threshold.
    pub same: usize,
    /// Pairs of different issues that choose the threshold.
    pub different: usize,
    /// The share of pairs that are the same issue, to which the figures are weighted.
    pub prior: f64,
    /// The precision that was asked for.
    pub min_precision: f64,
    /// The smallest threshold that has it; `None` when none does.
    pub threshold: Option<f64>,
    /// The agreement at the threshold on the pairs that did not choose it.
    pub held_out: Option<Agreement>,
    /// The agreement by threshold on the pairs that chose it.
    pub by_threshold: Vec<Agreement>,
}

/// Cosines of pairs of the same and of different issues.
#[derive(Debug, Default)]
struct Cosines {
    same: Vec<f64>,
    different: Vec<f64>,
}

/// Proposes a threshold.
///
/// # Errors
/// [`crate::failure::BadInput`] when arguments or data are at fault.
pub fn run(args: &SimilarityArgs) -> anyhow::Result<()> {
    let encoder = load_encoder(&args.encoder, &args.models, None, &InferenceOptions::default())?;
    let [choosing, held_out] = match (&args.pairs, &args.train) {
        (Some(path), _) => labelled_pairs(path, &encoder, args.seed)?,
        (None, Some(path)) => drawn_pairs(args, path, &encoder)?,
        (None, None) => return Err(bad_input!("expected --train or --pairs")),
    };
    let prior = match (args.prior, &args.pairs) {
        (Some(prior), _) => prior,
        (None, Some(_)) => choosing.share_of_same(),
        (None, None) => 0.5,
    };
    let report = propose(&encoder.identity().name, &choosing, &held_out, prior, args.min_precision);
    let mut out = std::io::stdout().lock();
    if args.json {
        serde_json::to_writer(&mut out, &report)?;
        writeln!(out)?;
    } else {
        writeln!(out, "{}", report.text())?;
    }
    Ok(())
}

fn propose(
    encoder: &str,
    choosing: &Cosines,
    held_out: &Cosines,
    prior: f64,
    min_precision: f64,
) -> SimilarityReport {
    let by_threshold: Vec<Agreement> =
        (0..=100).map(|percent| choosing.agreement(f64::from(percent) / 100.0, prior)).collect();
    let is_enough =
        |agreement: &&Agreement| agreement.precision.is_some_and(|p| p >= min_precision);
    let threshold = by_threshold.iter().find(is_enough).map(|agreement| agreement.threshold);
    SimilarityReport {
        encoder: encoder.to_owned(),
        same: choosing.same.len(),
        different: choosing.different.len(),
        prior,
        min_precision,
        threshold,
        held_out: threshold.map(|threshold| held_out.agreement(threshold, prior)),
        by_threshold,
    }
}

impl Cosines {
    #[expect(clippy::cast_precision_loss, reason = "numbers of pairs fit into 53 bits")]
    fn share_of_same(&self) -> f64 {
        self.same.len() as f64 / (self.same.len() + self.different.len()) as f64
    }

    fn agreement(&self, threshold: f64, prior: f64) -> Agreement {
        let (hits, false_alarms) =
            (share_from(&self.same, threshold), share_from(&self.different, threshold));
        let taken = prior * hits + (1.0 - prior) * false_alarms;
        let agreed = prior * hits + (1.0 - prior) * (1.0 - false_alarms);
        let by_chance = taken * prior + (1.0 - taken) * (1.0 - prior);
        Agreement {
            threshold,
            precision: (taken > 0.0).then(|| prior * hits / taken),
            recall: hits,
            kappa: if by_chance < 1.0 { (agreed - by_chance) / (1.0 - by_chance) } else { 0.0 },
        }
    }
}

fn parse_share(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err(format!("{text:?} is no number from 0 to 1")),
    }
}

/// The share of cosines from a threshold on.
#[expect(clippy::cast_precision_loss, reason = "numbers of pairs fit into 53 bits")]
fn share_from(cosines: &[f64], threshold: f64) -> f64 {
    let count = cosines.iter().filter(|cosine| **cosine >= threshold).count();
    if cosines.is_empty() { 0.0 } else { count as f64 / cosines.len() as f64 }
}

/// Pairs drawn from each of two halves of the texts.
fn drawn_pairs(
    args: &SimilarityArgs,
    path: &Path,
    encoder: &TextEncoder,
) -> anyhow::Result<[Cosines; 2]> {
    let columns = Columns { text: &args.text, label: &args.label, id: None };
    let mut all = Examples::read(path, columns)?;
    clean_texts(&mut all.texts, &path.display().to_string());
    all.check_counts(&path.display().to_string(), 4)?;
    let (one, other) = all.split(0.5, args.seed);
    let mut random = SplitMix64(args.seed);
    let mut draw = |half: &Examples, what| -> anyhow::Result<Cosines> {
        let vectors = vectors(encoder, &half.texts, what)?;
        draw_pairs(&vectors, &half.categories, args.draws, &mut random)
    };
    Ok([draw(&one, "embedding one half")?, draw(&other, "embedding the other")?])
}

fn draw_pairs(
    vectors: &[TextVector],
    labels: &[IssueCategory],
    draws: usize,
    random: &mut SplitMix64,
) -> anyhow::Result<Cosines> {
    let mut members: BTreeMap<&IssueCategory, Vec<usize>> = BTreeMap::new();
    for (row, label) in labels.iter().enumerate() {
        members.entry(label).or_default().push(row);
    }
    if members.len() < 2 || members.values().all(|rows| rows.len() < 2) {
        return Err(bad_input!(
            "expected at least 2 labels, and 2 texts of one of them, in each half"
        ));
    }
    let mut cosines = Cosines::default();
    while cosines.same.len() < draws || cosines.different.len() < draws {
        let one = random.below(labels.len());
        let own = &members[&labels[one]];
        if cosines.same.len() < draws && own.len() > 1 {
            let other = own[random.below(own.len())];
            if other != one {
                cosines.same.push(cosine(&vectors[one], &vectors[other])?);
            }
        }
        let other = random.below(labels.len());
        if cosines.different.len() < draws && labels[other] != labels[one] {
            cosines.different.push(cosine(&vectors[one], &vectors[other])?);
        }
    }
    Ok(cosines)
}

/// Pairs that people labelled, in two halves.
fn labelled_pairs(path: &Path, encoder: &TextEncoder, seed: u64) -> anyhow::Result<[Cosines; 2]> {
    let mut table = TableStream::open(path)?;
    let head = table.head().clone();
    let columns = [head.column("text_a")?, head.column("text_b")?];
    let same = head.column("same")?;
    let mut faults = Faults::default();
    let (mut texts, mut is_same) = (Vec::new(), Vec::new());
    while let Some(row) = table.next(&mut faults)? {
        for column in columns {
            let text = row.cell(column).unwrap_or_default();
            match ContactText::parse(text, DEFAULT_MAX_TEXT_BYTES) {
                Ok(text) => texts.push(text),
                Err(error) => faults.push(format!("{}: {error}", head.place(row, column))),
            }
        }
        match row.cell(same).map(str::to_lowercase).as_deref() {
            Some("true" | "1" | "yes") => is_same.push(true),
            Some("false" | "0" | "no") => is_same.push(false),
            other => faults.push(format!(
                "{}: expected true or false, got {:?}",
                head.place(row, same),
                other.unwrap_or_default()
            )),
        }
    }
    table.finish(faults)?;
    let vectors = vectors(encoder, &texts, "embedding pairs")?;
    let mut halves = [Cosines::default(), Cosines::default()];
    let mut random = SplitMix64(seed);
    for (pair, is_same) in vectors.chunks_exact(2).zip(is_same) {
        let half = &mut halves[random.below(2)];
        let cosine = cosine(&pair[0], &pair[1])?;
        if is_same { half.same.push(cosine) } else { half.different.push(cosine) }
    }
    if halves.iter().any(|half| half.same.is_empty() || half.different.is_empty()) {
        return Err(bad_input!(
            "{}: expected pairs of the same and of different issues, at least a few of each",
            path.display()
        ));
    }
    Ok(halves)
}

fn vectors(
    encoder: &TextEncoder,
    texts: &[ContactText],
    what: &'static str,
) -> anyhow::Result<Vec<TextVector>> {
    let embeddings = embed(encoder, texts, what)?;
    let vectors = embeddings.rows().into_iter().map(|row| {
        #[expect(clippy::cast_possible_truncation, reason = "the encoder gave single precision")]
        let single: Vec<f32> = row.iter().map(|value| *value as f32).collect();
        TextVector::from_embedding(&single).context("the encoder gave a vector without a direction")
    });
    vectors.collect()
}

fn cosine(one: &TextVector, other: &TextVector) -> anyhow::Result<f64> {
    one.cosine(other).context("vectors of different lengths")
}

impl SimilarityReport {
    fn text(&self) -> String {
        let shown = self.by_threshold.iter().filter(|agreement| {
            let percent = (agreement.threshold * 100.0).round();
            (20.0..=95.0).contains(&percent) && percent % 5.0 == 0.0
        });
        let number = |value: f64| format!("{value:.3}");
        let cells = |agreement: &Agreement| {
            vec![
                format!("{:.2}", agreement.threshold),
                agreement.precision.map_or("-".to_owned(), number),
                number(agreement.recall),
                number(agreement.kappa),
            ]
        };
        let mut rows: Vec<Vec<String>> = shown.map(cells).collect();
        if let Some(held_out) = &self.held_out {
            let mut row = cells(held_out);
            row[0] = format!("{} on the other half", row[0]);
            rows.push(row);
        }
        let table = markdown_table(&["threshold", "precision", "recall", "kappa"], &rows);
        let proposal = match self.threshold {
            Some(threshold) => format!("Proposed: similarity_threshold = {threshold}."),
            None => "No threshold reaches the precision that was asked for: categories alone should decide.".to_owned(),
        };
        format!(
            "{table}\n{} pairs of the same issue and {} of different ones, weighted as if a share of {:.2} were the same. {proposal}",
            self.same, self.different, self.prior
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cosines() -> Cosines {
        Cosines { same: vec![0.9, 0.8, 0.7, 0.4], different: vec![0.75, 0.3, 0.2, 0.1] }
    }

    #[test]
    fn agreement_is_weighted_to_the_prior() {
        let even = cosines().agreement(0.7, 0.5);
        assert_eq!((even.precision, even.recall), (Some(0.75), 0.75));
        assert!((even.kappa - 0.5).abs() < 1e-12);
        let rare = cosines().agreement(0.7, 0.1);
        assert!((rare.precision.unwrap() - 0.25).abs() < 1e-12);
        assert_eq!(cosines().agreement(0.95, 0.5).precision, None);
    }

    #[test]
    fn the_smallest_threshold_with_the_precision_is_proposed() {
        let report = propose("tiny", &cosines(), &cosines(), 0.5, 0.9);
        assert_eq!(report.threshold, Some(0.76));
        assert_eq!(report.held_out.unwrap().recall, 0.5);
        let never = Cosines { same: vec![0.1], different: vec![0.9] };
        let report = propose("tiny", &never, &never, 0.5, 0.9);
        assert_eq!((report.threshold, report.held_out), (None, None));
    }
}
