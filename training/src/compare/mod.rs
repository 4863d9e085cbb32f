//! `recontact-train compare`: two stored models of one kind on the same rows.
//!
//! Both are asked about every row, and every figure is drawn for both on the same draws, so that what they have in common
//! cancels out. What is written with `--out` is what `recontact models promote --comparison` asks for.

pub mod page;
pub mod paired;
pub mod texts;
pub mod tickets;

use crate::card::markdown_table;
use crate::category::predictions::{Labels, TextQuestions};
use crate::evaluate::bootstrap::Bootstrap;
use crate::evaluate::html::ReportLanguage;
use crate::evaluate::{TextArgs, open, write_page};
use crate::risk;
use crate::{bad_input, whole_file};
use clap::Args;
use paired::Paired;
use recontact::registry::artifact::sha256_file;
use recontact::registry::comparison::{
    COMPARISON_FORMAT, ComparedData, ComparedModel, Comparison, Difference,
};
use recontact::registry::{Artifact, ModelKind};
use recontact::timestamp::Timestamp;
use serde::Serialize;
use std::io::Write;
use std::path::PathBuf;

/// Changed labels that are printed; JSON and the page have all of them.
const SHOWN: usize = 10;

/// Arguments of `recontact-train compare`.
#[derive(Debug, Args)]
pub struct CompareArgs {
    /// The folder of the first model, for a promotion the live one.
    #[arg(long, value_name = "DIR")]
    pub a: PathBuf,
    /// The folder of the second model, for a promotion the candidate.
    #[arg(long, value_name = "DIR")]
    pub b: PathBuf,
    /// The rows to ask both about: CSV, CSV.gz, JSON lines or Parquet.
    #[arg(long, value_name = "FILE")]
    pub data: PathBuf,
    /// Where texts and labels are, and with what texts are embedded.
    #[command(flatten)]
    pub texts: TextArgs,
    /// How intervals are drawn.
    #[command(flatten)]
    pub bootstrap: Bootstrap,
    /// Write the comparison for `recontact models promote --comparison`.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
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

/// Everything that is said of two models.
#[derive(Debug, Serialize)]
pub struct CompareReport {
    /// What a promotion asks for.
    #[serde(flatten)]
    pub comparison: Comparison,
    /// What it means, in a sentence.
    pub reading: String,
    /// How intervals were drawn.
    pub drawn: Drawn,
    /// What changes from one to the other.
    #[serde(flatten)]
    pub changes: Changes,
    #[serde(skip)]
    paired: Vec<Paired>,
}

/// How the intervals of differences were drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Drawn {
    /// `rows` or `customers`.
    pub over: &'static str,
    /// Draws.
    pub draws: usize,
    /// Their seed.
    pub seed: u64,
}

/// What changes from the first model to the second.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Changes {
    /// Of models of texts.
    Texts(Box<texts::TextChanges>),
    /// Of risk models.
    Tickets(Box<tickets::RiskChanges>),
}

/// Compares two stored models.
///
/// # Errors
/// [`crate::failure::BadInput`] when models, data or encoder are at fault.
pub fn run(args: &CompareArgs, now: Timestamp) -> anyhow::Result<()> {
    let (a, b) = (open(&args.a, "--a")?, open(&args.b, "--b")?);
    let kind = a.manifest().kind;
    if kind != b.manifest().kind {
        let other = b.manifest().kind;
        return Err(bad_input!("--a is a {kind} model and --b a {other} model: expected one kind"));
    }
    let report = report(args, kind, &a, &b, now)?;
    let mut json = serde_json::to_vec_pretty(&report)?;
    json.push(b'\n');
    if let Some(path) = &args.out {
        whole_file::replace(path, &json).map_err(|error| {
            bad_input!("--out: {}: cannot be written: {}", path.display(), error.root_cause())
        })?;
        eprintln!("comparison written to {}", path.display());
    }
    print(&report, args.json)?;
    write_page(args.html.as_deref(), || page::page(&report, args.language))
}

fn report(
    args: &CompareArgs,
    kind: ModelKind,
    a: &Artifact,
    b: &Artifact,
    now: Timestamp,
) -> anyhow::Result<CompareReport> {
    let file = args.data.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let (paired, rows, changes, over) = match kind {
        ModelKind::Category
        | ModelKind::Kind
        | ModelKind::Urgency
        | ModelKind::Team
        | ModelKind::Language => {
            let questions = |model| args.texts.questions(model, &args.data, Labels::Needed);
            // Both are looked at before the first is asked.
            let (of_a, of_b) = (questions(a)?, questions(b)?);
            let ask = |questions: TextQuestions<'_>| questions.predictions(|_| ());
            let found = [ask(of_a)?, ask(of_b)?];
            let (paired, rows, changes) = texts::compare(&file, found.each_ref(), args.bootstrap)?;
            (paired, rows, Changes::Texts(Box::new(changes)), "rows")
        }
        ModelKind::Risk => {
            let of_a = risk::predictions(a, &args.data, now)?;
            let of_b = risk::predictions(b, &args.data, now)?;
            let (paired, rows, changes) = tickets::compare(&file, [&of_a, &of_b], args.bootstrap)?;
            (paired, rows, Changes::Tickets(Box::new(changes)), "customers")
        }
    };
    let model = |artifact: &Artifact| ComparedModel {
        version: artifact.version().to_owned(),
        manifest_sha256: artifact.manifest_sha256().to_owned(),
    };
    let comparison = Comparison {
        format: COMPARISON_FORMAT,
        kind,
        a: model(a),
        b: model(b),
        data: ComparedData { file, sha256: sha256_file(&args.data)?, rows },
        compared_at: now,
        differences: paired.iter().map(|paired| paired.told.clone()).collect(),
    };
    let reading = reading(&comparison, &paired, ReportLanguage::En);
    let drawn = Drawn { over, draws: args.bootstrap.draws, seed: args.bootstrap.seed };
    Ok(CompareReport { comparison, reading, drawn, changes, paired })
}

/// What a comparison means, in a sentence about the first figure that decides.
#[must_use]
pub fn reading(comparison: &Comparison, paired: &[Paired], language: ReportLanguage) -> String {
    let l = language;
    let Some(first) = paired.iter().find(|paired| paired.told.decides) else {
        return l.pick("Nothing can be compared.", "Сравнить нечего.").to_owned();
    };
    let (improvement, interval) = first.told.improvement();
    let points = |value: f64| l.number(100.0 * value, 2);
    let metric = name(&first.told.metric, l);
    let ends = interval.map_or_else(
        || l.pick("no interval", "без интервала").to_owned(),
        |ends| {
            let (low, high) = (points(ends.low), points(ends.high));
            match l {
                ReportLanguage::En => format!("95 % interval {low} to {high}"),
                ReportLanguage::Ru => format!("95 % интервал от {low} до {high}"),
            }
        },
    );
    let (a, b) = (&comparison.a.version, &comparison.b.version);
    let rows = comparison.data.rows;
    let size = points(improvement.abs());
    let verdict = interval.map_or(Verdict::Open, Verdict::of);
    match (verdict, l) {
        (Verdict::Better, ReportLanguage::En) => {
            format!("{b} is better than {a} by {size} points of {metric} ({ends}; n = {rows}).")
        }
        (Verdict::Better, ReportLanguage::Ru) => {
            format!(
                "{b} лучше, чем {a}, на {size} пункта показателя «{metric}» ({ends}; n = {rows})."
            )
        }
        (Verdict::Worse, ReportLanguage::En) => {
            format!("{b} is worse than {a} by {size} points of {metric} ({ends}; n = {rows}).")
        }
        (Verdict::Worse, ReportLanguage::Ru) => {
            format!(
                "{b} хуже, чем {a}, на {size} пункта показателя «{metric}» ({ends}; n = {rows})."
            )
        }
        (Verdict::Open, l) => {
            let needed = first.rows_needed(rows).filter(|needed| *needed > rows as u64);
            let needed = match (needed, l) {
                (None, _) => String::new(),
                (Some(needed), ReportLanguage::En) => format!(
                    "; about {needed} rows like these would be needed to show a difference of that size"
                ),
                (Some(needed), ReportLanguage::Ru) => format!(
                    "; чтобы показать разницу такой величины, нужно около {needed} таких строк"
                ),
            };
            let signed = points(improvement);
            match l {
                ReportLanguage::En => format!(
                    "No difference can be shown: {b} differs from {a} by {signed} points of {metric} ({ends}; n = {rows}){needed}."
                ),
                ReportLanguage::Ru => format!(
                    "Разница не доказана: {b} отличается от {a} на {signed} пункта показателя «{metric}» ({ends}; n = {rows}){needed}."
                ),
            }
        }
    }
}

/// What an interval of an improvement says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Better,
    Worse,
    Open,
}

impl Verdict {
    fn of(ends: recontact::statistics::Interval) -> Self {
        if ends.low > 0.0 {
            Self::Better
        } else if ends.high < 0.0 {
            Self::Worse
        } else {
            Self::Open
        }
    }
}

/// A figure's name for people.
#[must_use]
pub fn name(metric: &str, l: ReportLanguage) -> &str {
    match metric {
        "accuracy" => l.pick("accuracy", "доля верных"),
        "macro_f1" => "macro-F1",
        "ece" => "ECE",
        "log_loss" => l.pick("log loss", "логарифмические потери"),
        "roc_auc" => "ROC-AUC",
        "pr_auc" => "PR-AUC",
        "brier" => l.pick("Brier score", "оценка Брайера"),
        other => other,
    }
}

fn print(report: &CompareReport, json: bool) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    if json {
        serde_json::to_writer(&mut out, report)?;
        writeln!(out)?;
        return Ok(());
    }
    let (a, b) = (&report.comparison.a.version, &report.comparison.b.version);
    let row = |found: &Difference| {
        let ends = found
            .interval
            .map_or("–".to_owned(), |ends| format!("{:+.4} to {:+.4}", ends.low, ends.high));
        vec![
            name(&found.metric, ReportLanguage::En).to_owned(),
            format!("{:.4}", found.a),
            format!("{:.4}", found.b),
            format!("{:+.4}", found.difference),
            ends,
        ]
    };
    let rows: Vec<Vec<String>> = report.comparison.differences.iter().map(row).collect();
    let heads = ["", a.as_str(), b.as_str(), "difference", "95 % interval"];
    writeln!(out, "{}", markdown_table(&heads, &rows))?;
    if let Changes::Texts(changes) = &report.changes {
        let counted = changes.mcnemar;
        writeln!(
            out,
            "Only {a} is right on {} rows, only {b} on {}; McNemar's exact test: {}.\n",
            counted.only_a,
            counted.only_b,
            page::p_value(counted.p_value, ReportLanguage::En)
        )?;
        let rows: Vec<Vec<String>> = changes
            .labels
            .iter()
            .take(SHOWN)
            .map(|change| {
                let counts = [change.rows, change.only_a, change.only_b];
                [change.label.clone()].into_iter().chain(counts.map(|n| n.to_string())).collect()
            })
            .collect();
        let only = [format!("only {a} right"), format!("only {b} right")];
        let heads = ["label", "rows", only[0].as_str(), only[1].as_str()];
        if !rows.is_empty() {
            writeln!(out, "{}", markdown_table(&heads, &rows))?;
        }
    }
    writeln!(out, "{}", report.reading)?;
    Ok(())
}
