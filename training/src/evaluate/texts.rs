//! Measures a model of texts: figures with intervals, confusions, reliability, precision against coverage, slices.

use super::bootstrap::{Bootstrap, Units};
use super::measures::{OF_TEXTS, TextMeasures};
use super::parts::{DataSeen, Drawn, ReliabilityBin, SliceColumn, number, reliability};
use crate::bad_input;
use crate::category::predictions::{TextPredictions, TextRow, Truth};
use crate::category::report::{Measured, ScopeFigures, scope_figures};
use recontact::registry::{Artifact, ModelKind};
use recontact::statistics::{CONFIDENCE, Interval, Proportion};
use serde::Serialize;
use std::collections::BTreeMap;

/// Confused pairs that are told.
const MOST_CONFUSIONS: usize = 30;
/// Steps of the curve of precision against coverage.
const COVERAGE_STEPS: usize = 20;

/// Everything that is said of a model of texts on a file.
#[derive(Debug, Serialize)]
pub struct TextEvaluation {
    /// The model's version.
    pub version: String,
    /// Its kind.
    pub kind: ModelKind,
    /// The file.
    pub data: DataSeen,
    /// Figures on the rows in scope.
    pub test: TextFigures,
    /// How sure they are.
    pub intervals: Drawn,
    /// Labels of the rows that the model does not know: their rows count as wrong.
    pub unknown_labels: Vec<String>,
    /// How well texts are told that are about none of the labels; none without such rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub out_of_scope: Option<ScopeFigures>,
    /// The largest confusions, the most frequent first.
    pub confusions: Vec<Confusion>,
    /// Every label of the model or of the rows.
    pub labels: Vec<LabelFigures>,
    /// Probability of the best label against the share that was right.
    pub reliability: Vec<ReliabilityBin>,
    /// Share of right answers when only the surest are given.
    pub coverage: Vec<CoveragePoint>,
    /// The same figures for parts of the rows.
    pub slices: Vec<TextSlices>,
}

/// Figures of a model of texts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TextFigures {
    /// Rows.
    pub rows: usize,
    /// Share whose best label is the right one.
    pub accuracy: f64,
    /// Mean F1 of the labels.
    pub macro_f1: f64,
    /// Expected calibration error, 15 bins `(lo, hi]`.
    pub ece: f64,
    /// Mean negative logarithm of the probability of the right label.
    pub log_loss: f64,
}

/// Rows of one label that were taken for another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Confusion {
    /// The right label.
    pub truth: String,
    /// The label it was taken for.
    pub predicted: String,
    /// So many rows.
    pub rows: usize,
    /// Rows of the right label.
    pub of: usize,
}

/// How one label fares.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LabelFigures {
    /// The label.
    pub label: String,
    /// Rows it is right for.
    pub rows: usize,
    /// Rows that were given it.
    pub predicted: usize,
    /// Share of `predicted` that is right; none without any.
    pub precision: Option<f64>,
    /// Share of `rows` that was given it; none without any.
    pub recall: Option<f64>,
    /// Harmonic mean of both, 0 where nothing was right.
    pub f1: f64,
}

/// Answering only the surest texts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CoveragePoint {
    /// Share of all rows that are answered; rows out of scope count too.
    pub coverage: f64,
    /// So many.
    pub rows: usize,
    /// The lowest probability among them.
    pub threshold: f64,
    /// Share of them that is right.
    pub precision: f64,
    /// Wilson's 95 % interval of it.
    pub interval: Option<Interval>,
}

/// The parts of the rows by the values of a column.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TextSlices {
    /// The column; `language` is told from the text where the file has no such column.
    pub column: String,
    /// Rarer values that are not told.
    pub further_values: usize,
    /// The values.
    pub values: Vec<TextSlice>,
}

/// The rows of one value.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TextSlice {
    /// The value; none for empty cells.
    pub value: Option<String>,
    /// Their figures.
    #[serde(flatten)]
    pub figures: TextFigures,
    /// Wilson's 95 % interval of the accuracy.
    pub interval: Option<Interval>,
}

/// Measures what a model said of a file. `columns` holds a value for every row of the file.
///
/// # Errors
/// [`crate::failure::BadInput`] when no row has a label that the model knows.
pub fn evaluate(
    artifact: &Artifact,
    data: DataSeen,
    found: &TextPredictions,
    columns: &[SliceColumn],
    bootstrap: Bootstrap,
) -> anyhow::Result<TextEvaluation> {
    let unknown = unknown_labels(&data.file, found)?;
    let inside: Vec<usize> =
        (0..found.rows.len()).filter(|row| found.rows[*row].truth != Truth::OutOfScope).collect();
    let measures = measures(found, &unknown, &inside);
    let figures = TextFigures::of(&measures, &vec![1; inside.len()])
        .ok_or_else(|| bad_input!("{}: no row has one of the model's labels", data.file))?;
    let estimates =
        bootstrap.estimate(&Units::rows(inside.len()), |weights| measures.figures(weights));
    let right: Vec<bool> =
        measures.truth.iter().zip(&measures.predicted).map(|(t, p)| t == p).collect();
    let known = found.labels.labels().iter().map(|label| label.category.to_string());
    let names: Vec<String> = known.chain(unknown.iter().cloned()).collect();
    Ok(TextEvaluation {
        version: artifact.version().to_owned(),
        kind: artifact.manifest().kind,
        data,
        intervals: Drawn::new("rows", inside.len(), bootstrap, &OF_TEXTS, &estimates),
        test: figures,
        out_of_scope: scope_figures(
            &measured(found, |truth| *truth != Truth::OutOfScope),
            &measured(found, |truth| *truth == Truth::OutOfScope),
        ),
        confusions: confusions(&measures, &names),
        labels: labels(&measures, &names),
        reliability: reliability(&measures.confidence, &right),
        coverage: coverage(&found.rows),
        slices: slices(&measures, &inside, columns),
        unknown_labels: unknown,
    })
}

/// What a model said of some rows, in the form that figures are computed from. Labels that the model does not know have
/// numbers behind its own, so that no answer is right for them.
fn measures(found: &TextPredictions, unknown: &[String], rows: &[usize]) -> TextMeasures {
    let mut measures = TextMeasures::default();
    let known = found.labels.labels().len();
    for row in rows.iter().map(|row| &found.rows[*row]) {
        measures.truth.push(match &row.truth {
            Truth::Label(at) => *at,
            Truth::Unknown(at) => known + at,
            Truth::OutOfScope | Truth::Untold => known + unknown.len(),
        });
        measures.predicted.push(row.predicted);
        measures.confidence.push(row.confidence);
        measures.truth_probability.push(row.truth_probability);
    }
    measures
}

impl TextFigures {
    /// The figures where rows count as often as `weights` says; none where none does.
    #[must_use]
    pub fn of(measures: &TextMeasures, weights: &[u32]) -> Option<Self> {
        let rows = weights.iter().map(|weight| *weight as usize).sum();
        match measures.figures(weights)[..] {
            [Some(accuracy), Some(macro_f1), Some(ece), Some(log_loss)] => {
                Some(Self { rows, accuracy, macro_f1, ece, log_loss })
            }
            _ => None,
        }
    }
}

/// The labels of the rows that the model does not know. Their rows count as wrong.
fn unknown_labels(file: &str, found: &TextPredictions) -> anyhow::Result<Vec<String>> {
    let unknown: Vec<String> = found.unknown.iter().map(ToString::to_string).collect();
    let names = unknown.iter().take(20).cloned().collect::<Vec<_>>().join(", ");
    if !found.rows.iter().any(|row| matches!(row.truth, Truth::Label(_))) {
        return Err(bad_input!(
            "{file}, column {}: no row has a label that the model was trained on; there are: {names}",
            found.label_column
        ));
    }
    if !unknown.is_empty() {
        eprintln!(
            "warning: {} label(s) that the model was not trained on, their rows count as wrong: {names}",
            unknown.len()
        );
    }
    Ok(unknown)
}

fn measured(found: &TextPredictions, is_wanted: impl Fn(&Truth) -> bool) -> Measured {
    let mut measured = Measured::default();
    for row in found.rows.iter().filter(|row| is_wanted(&row.truth)) {
        measured.predicted.push(row.predicted);
        measured.confidence.push(row.confidence);
        measured.top_score.push(row.top_score);
        measured.is_in_scope.push(row.is_in_scope);
    }
    measured
}

fn confusions(measures: &TextMeasures, names: &[String]) -> Vec<Confusion> {
    let mut pairs: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    let mut of: BTreeMap<usize, usize> = BTreeMap::new();
    for (truth, predicted) in measures.truth.iter().zip(&measures.predicted) {
        *of.entry(*truth).or_default() += 1;
        if truth != predicted {
            *pairs.entry((*truth, *predicted)).or_default() += 1;
        }
    }
    let mut pairs: Vec<_> = pairs.into_iter().collect();
    pairs.sort_by_key(|(pair, rows)| (std::cmp::Reverse(*rows), *pair));
    pairs.truncate(MOST_CONFUSIONS);
    let told = pairs.into_iter().map(|((truth, predicted), rows)| Confusion {
        truth: names[truth].clone(),
        predicted: names[predicted].clone(),
        rows,
        of: of[&truth],
    });
    told.collect()
}

fn labels(measures: &TextMeasures, names: &[String]) -> Vec<LabelFigures> {
    let mut counts = vec![(0_u64, 0_u64, 0_u64); names.len()];
    for (truth, predicted) in measures.truth.iter().zip(&measures.predicted) {
        counts[*truth].0 += 1;
        counts[*predicted].1 += 1;
        counts[*truth].2 += u64::from(truth == predicted);
    }
    let told = names.iter().zip(counts).filter(|(_, (rows, predicted, _))| rows + predicted > 0);
    told.map(|(label, (rows, predicted, right))| LabelFigures {
        label: label.clone(),
        rows: usize::try_from(rows).unwrap_or(usize::MAX),
        predicted: usize::try_from(predicted).unwrap_or(usize::MAX),
        precision: Proportion { count: right, trials: predicted }.rate(),
        recall: Proportion { count: right, trials: rows }.rate(),
        f1: Proportion { count: 2 * right, trials: rows + predicted }.rate().unwrap_or(0.0),
    })
    .collect()
}

/// The rows by falling probability of their best label; a text that is taken for out of scope is not answered.
#[must_use]
pub fn coverage(rows: &[TextRow]) -> Vec<CoveragePoint> {
    let mut answered: Vec<&TextRow> = rows.iter().filter(|row| row.is_in_scope).collect();
    answered.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    let mut right = Proportion::default();
    let mut points: Vec<CoveragePoint> = Vec::new();
    for (at, row) in answered.iter().enumerate() {
        right.trials += 1;
        right.count += u64::from(row.truth == Truth::Label(row.predicted));
        let taken = at + 1;
        let step = points.len() + 1;
        if taken * COVERAGE_STEPS >= step * rows.len() || taken == answered.len() {
            points.push(CoveragePoint {
                coverage: number(taken) / number(rows.len()),
                rows: taken,
                threshold: row.confidence,
                precision: right.rate().unwrap_or(0.0),
                interval: right.wilson(CONFIDENCE),
            });
        }
    }
    points
}

fn slices(measures: &TextMeasures, inside: &[usize], columns: &[SliceColumn]) -> Vec<TextSlices> {
    let of_column = |column: &SliceColumn| {
        let (groups, further_values) = column.pick(inside).groups();
        let values = groups.into_iter().filter_map(|group| {
            let mut weights = vec![0; inside.len()];
            group.rows.iter().for_each(|row| weights[*row] = 1);
            let figures = TextFigures::of(measures, &weights)?;
            let right = group.rows.iter().filter(|row| {
                let row = **row;
                measures.truth[row] == measures.predicted[row]
            });
            let counted =
                Proportion { count: right.count() as u64, trials: group.rows.len() as u64 };
            Some(TextSlice { value: group.value, figures, interval: counted.wilson(CONFIDENCE) })
        });
        TextSlices { column: column.name.clone(), further_values, values: values.collect() }
    };
    columns.iter().map(of_column).collect()
}
