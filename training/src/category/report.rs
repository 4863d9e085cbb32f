//! The figures of a category model: measured, printed, written into its card; and `recontact-train evaluate`.

use super::data::Examples;
use super::{RecordedParams, baseline, embed, indices, load_encoder};
use crate::bad_input;
use crate::card::{Card, markdown_table};
use crate::metrics::{accuracy, expected_calibration_error, macro_f1};
use ndarray::Array2;
use recontact::classify::encoder::InferenceOptions;
use recontact::classify::head::{CategoryHead, HeadDescription};
use recontact::registry::Artifact;
use serde::Serialize;
use std::io::Write;
use std::path::Path;

/// Everything said about a run; the manifest's `metrics` and the output of `--json`.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The model folder's name.
    pub version: String,
    /// Figures on the test part.
    pub test: Figures,
    /// The same of what the model has to beat.
    pub baselines: Baselines,
    /// Rows.
    pub data: DataCounts,
    /// What was chosen on the validation part.
    pub choice: Choice,
    /// Largest component of the gradient of the mean loss where the solver stopped.
    pub gradient: f64,
}

/// Figures on held-out rows.
#[derive(Debug, Clone, Serialize)]
pub struct Figures {
    /// Rows measured.
    pub rows: usize,
    /// Share of rows whose best category is the right one.
    pub accuracy: f64,
    /// Mean F1 of the categories.
    pub macro_f1: f64,
    /// Expected calibration error of the top probability, 15 bins; none for what gives no probability.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ece: Option<f64>,
}

/// What a model has to beat.
#[derive(Debug, Serialize)]
pub struct Baselines {
    /// Always the most frequent category.
    pub majority: Figures,
    /// The nearest mean TF-IDF vector.
    pub tfidf_centroid: Figures,
}

/// Rows of a run.
#[derive(Debug, Serialize)]
pub struct DataCounts {
    /// Training rows, validation included.
    pub train: usize,
    /// Test rows.
    pub test: usize,
    /// Test texts that also occur in the training part; they are kept.
    pub test_texts_also_in_train: usize,
    /// Categories.
    pub labels: usize,
    /// ISO 639-1 codes of the training texts' languages.
    pub languages: Vec<String>,
}

/// What was chosen on the validation part.
#[derive(Debug, Serialize)]
pub struct Choice {
    /// Inverse regularisation strength.
    pub c: f64,
    /// Divides the scores before the softmax.
    pub temperature: f64,
    /// Rows of the validation part.
    pub validation: usize,
    /// Every C that was tried.
    pub tried: Vec<Tried>,
}

/// One C that was tried.
#[derive(Debug, Serialize)]
pub struct Tried {
    /// Inverse regularisation strength.
    pub c: f64,
    /// The temperature that suits it best.
    pub temperature: f64,
    /// Mean log loss on the validation part under that temperature.
    pub log_loss: f64,
}

/// Measures a head on embedded rows.
#[must_use]
pub fn measure(head: &CategoryHead, x: &Array2<f64>, truth: &[usize]) -> Figures {
    let mut predicted = Vec::with_capacity(truth.len());
    let mut confidence = Vec::with_capacity(truth.len());
    for row in x.rows() {
        #[expect(clippy::cast_possible_truncation, reason = "embeddings come in single precision")]
        let embedding: Vec<f32> = row.iter().map(|x| *x as f32).collect();
        let probabilities = head.probabilities(&embedding);
        let best = (0..probabilities.len())
            .max_by(|&a, &b| probabilities[a].total_cmp(&probabilities[b]).then(b.cmp(&a)))
            .unwrap_or(0);
        predicted.push(best);
        confidence.push(probabilities[best]);
    }
    let correct: Vec<bool> = predicted.iter().zip(truth).map(|(p, t)| p == t).collect();
    Figures {
        ece: Some(expected_calibration_error(&confidence, &correct)),
        ..figures(truth, &predicted)
    }
}

fn figures(truth: &[usize], predicted: &[usize]) -> Figures {
    Figures {
        rows: truth.len(),
        accuracy: accuracy(truth, predicted),
        macro_f1: macro_f1(truth, predicted),
        ece: None,
    }
}

/// Measures the baselines.
#[must_use]
pub fn baselines(
    train: &Examples,
    train_y: &[usize],
    test: &Examples,
    test_y: &[usize],
    description: &HeadDescription,
) -> Baselines {
    let labels = description.labels.labels().len();
    let majority = baseline::majority(train_y, labels, test_y.len());
    let centroid = baseline::nearest_centroid(&train.texts, train_y, labels, &test.texts);
    Baselines { majority: figures(test_y, &majority), tfidf_centroid: figures(test_y, &centroid) }
}

impl Report {
    /// Prints the figures: a table for people, or one JSON object.
    pub(super) fn print(&self, json: bool) -> anyhow::Result<()> {
        let mut out = std::io::stdout().lock();
        if json {
            serde_json::to_writer(&mut out, self)?;
            writeln!(out)?;
        } else {
            writeln!(out, "{}\n{}", self.table(), self.reading())?;
        }
        Ok(())
    }

    fn table(&self) -> String {
        figure_table(&[
            ("this model", &self.test),
            ("baseline: nearest TF-IDF centroid", &self.baselines.tfidf_centroid),
            ("baseline: most frequent category", &self.baselines.majority),
        ])
    }

    fn reading(&self) -> String {
        format!(
            "Of 100 test texts the model puts {:.0} into the right category, the best baseline {:.0}. When it says p, it is \
             right in p of the cases, give or take {:.3} on average. C = {} and temperature {:.3} were chosen on {} \
             training texts; the test part tuned nothing.",
            100.0 * self.test.accuracy,
            100.0 * self.baselines.tfidf_centroid.accuracy.max(self.baselines.majority.accuracy),
            self.test.ece.unwrap_or_default(),
            self.choice.c,
            self.choice.temperature,
            self.choice.validation,
        )
    }
}

fn figure_table(rows: &[(&str, &Figures)]) -> String {
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|(name, figures)| {
            vec![
                (*name).to_owned(),
                figures.rows.to_string(),
                format!("{:.4}", figures.accuracy),
                format!("{:.4}", figures.macro_f1),
                figures.ece.map_or("–".to_owned(), |ece| format!("{ece:.4}")),
            ]
        })
        .collect();
    markdown_table(&["test part", "rows", "accuracy", "macro-F1", "ECE"], &rows)
}

/// `part` of `whole`; 0 of nothing.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "row counts fit into 53 bits")]
pub fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// The model card.
pub(super) fn card(report: &Report, recorded: &RecordedParams, head: &HeadDescription) -> String {
    let encoder = &head.encoder;
    let areas: std::collections::BTreeSet<_> =
        head.labels.labels().iter().filter_map(|label| label.area.as_ref()).collect();
    let labels = head
        .labels
        .labels()
        .iter()
        .map(|label| match &label.area {
            Some(area) => format!("`{}` ({area})", label.category),
            None => format!("`{}`", label.category),
        })
        .collect::<Vec<_>>()
        .join(", ");
    let tried: Vec<Vec<String>> = report
        .choice
        .tried
        .iter()
        .map(|tried| {
            vec![
                tried.c.to_string(),
                format!("{:.3}", tried.temperature),
                format!("{:.4}", tried.log_loss),
            ]
        })
        .collect();
    Card::new(&format!("Category model {}", report.version))
        .section(
            "What it does",
            &format!(
                "Puts a contact's text into one of {} categories{}, with a calibrated probability, or abstains. Multinomial \
                 logistic regression (linfa) on the embeddings of `{}` ({} numbers, {:?} pooling, at most {} tokens).",
                report.data.labels,
                if areas.is_empty() { String::new() } else { format!(" in {} areas", areas.len()) },
                encoder.name,
                encoder.dimension,
                encoder.pooling,
                encoder.max_tokens,
            ),
        )
        .section("Figures", &format!("{}\n{}", report.table(), report.reading()))
        .section(
            "Data",
            &format!(
                "{} training and {} test texts, languages {}. {} of the test texts also occur in the training part. Columns \
                 `{}` and `{}`. Files and checksums are in manifest.json.",
                report.data.train,
                report.data.test,
                report.data.languages.join(", "),
                report.data.test_texts_also_in_train,
                recorded.text_column,
                recorded.label_column,
            ),
        )
        .section(
            "Training",
            &format!(
                "Seed {}. C by log loss on {} of each category's training rows, each under the temperature that suits it best; \
                 refitted on all rows. The solver stopped at a gradient of {:.1e} (largest component, mean loss).\n\n{}",
                recorded.params.seed,
                recorded.params.validation_share,
                report.gradient,
                markdown_table(&["C", "temperature", "log loss"], &tried),
            ),
        )
        .section(
            "Limits",
            "Texts that are recognised as being in another language than those above are answered with `abstain`; a few words in \
             another Latin-script language may pass as one of them. A text about something else than the \
             categories below may still get one of them when it sounds alike; the threshold for `auto` is there for that. \
             Figures are those of this data; measure on your own with `recontact-train evaluate`.",
        )
        .section(
            "Use",
            "Meant for routing and reporting of contacts, with a person able to correct it. Not meant for decisions about a \
             person, nor for refusing or delaying service.",
        )
        .section("Categories", &labels)
        .finish()
}

#[derive(Serialize)]
struct Evaluation {
    version: String,
    test: Figures,
}

/// Measures a stored model on the labelled texts of a file. The encoder is looked up in `models` and computes as
/// `inference` says.
///
/// # Errors
/// [`crate::failure::BadInput`] when data or encoder are at fault.
pub fn evaluate_category(
    artifact: &Artifact,
    data: &Path,
    models: &Path,
    inference: &InferenceOptions,
    json: bool,
) -> anyhow::Result<()> {
    let head = CategoryHead::load(artifact)?;
    let recorded: RecordedParams = serde_json::from_value(artifact.manifest().parameters.clone())
        .map_err(|error| {
        artifact.content_error("manifest.json", format!("parameters: {error}"))
    })?;
    let examples = Examples::read(data, &recorded.text_column, &recorded.label_column)?;
    let truth = indices(&examples.categories, &head.description().labels, data)?;
    let trained = &head.description().encoder;
    let encoder = load_encoder(&trained.name, models, Some(&trained.prompt), inference)?;
    if encoder.identity().weights_sha256 != trained.weights_sha256 {
        return Err(bad_input!(
            "encoder {:?} is not the one the model was trained on",
            trained.name
        ));
    }
    let x = embed(&encoder, &examples.texts, "embedding")?;
    let evaluation = Evaluation {
        version: artifact.manifest().version.clone(),
        test: measure(&head, &x, &truth),
    };
    let mut out = std::io::stdout().lock();
    if json {
        serde_json::to_writer(&mut out, &evaluation)?;
        writeln!(out)?;
    } else {
        writeln!(out, "{}", figure_table(&[(&evaluation.version, &evaluation.test)]))?;
    }
    Ok(())
}
