//! The figures of a category model: measured, printed, written into its card.

use super::baseline;
use super::choose::{Choice, ScopeChoice, best};
use super::data::Examples;
use super::encoders::embed_all;
use super::load::Notes;
use super::method::{Method, Part};
use super::tune::Epoch;
use super::why::why;
use crate::card::markdown_table;
use crate::metrics::{accuracy, expected_calibration_error, macro_f1, roc_auc};
use recontact::classify::encoder::TextEncoder;
use recontact::classify::head::{TextHead, TextView};
use recontact::contact::{ContactText, Head};
use serde::Serialize;
use std::io::Write;

/// Everything said about a run; the manifest's `metrics` and the output of `--json`.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The model folder's name.
    pub version: String,
    /// What its labels say.
    pub head: Head,
    /// Figures on the test part.
    pub test: Figures,
    /// How well texts that belong to none of the labels are told; none without such texts in the test part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub out_of_scope: Option<ScopeFigures>,
    /// The same of what the model has to beat.
    pub baselines: Baselines,
    /// Rows.
    pub data: DataCounts,
    /// What was chosen on rows that were held out.
    pub choice: Choice,
    /// Where the scope ends, if anywhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<ScopeChoice>,
    /// Largest component of the gradient of the mean loss where the solver stopped.
    pub gradient: f64,
    /// How the encoder was trained on, epoch by epoch; empty where it was taken as it is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tuning: Vec<Epoch>,
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
    /// Names of categories that were learnt from as texts: all where there are few texts, else none.
    pub label_names: usize,
    /// ISO 639-1 codes of the training texts' languages.
    pub languages: Vec<String>,
    /// What was done to the tables before.
    #[serde(flatten)]
    pub notes: Notes,
}

/// How well a head tells the texts that belong to none of its labels.
#[derive(Debug, Clone, Serialize)]
pub struct ScopeFigures {
    /// Out-of-scope rows of the test part.
    pub rows: usize,
    /// Chance that a text in scope has a higher highest score, before the softmax, than one out of scope.
    pub auroc: f64,
    /// Share of out-of-scope rows that the head takes for such; none without a threshold.
    pub caught: Option<f64>,
    /// Share of rows in scope that it takes for in scope; none without a threshold.
    pub kept: Option<f64>,
    /// Share of rows in scope that would be kept by the threshold that catches 95 % of the out-of-scope rows.
    pub kept_at_95_caught: f64,
}

/// What a head says of texts.
#[derive(Debug, Clone, Default)]
pub struct Measured {
    /// The best label of each.
    pub predicted: Vec<usize>,
    /// Its probability.
    pub confidence: Vec<f64>,
    /// The highest score, before the softmax.
    pub top_score: Vec<f64>,
    /// Whether the text is taken for one in scope.
    pub is_in_scope: Vec<bool>,
}

impl Measured {
    /// Asks a head about texts. Without the encoder that it was trained on, its words alone answer.
    ///
    /// # Errors
    /// When the encoder fails.
    pub fn of(
        head: &TextHead,
        encoder: Option<&TextEncoder>,
        texts: &[ContactText],
    ) -> anyhow::Result<Self> {
        let encoder = encoder.filter(|_| head.description().encoder.is_some());
        let x = embed_all(encoder, texts, "embedding test")?;
        let mut measured = Self::default();
        for (row, text) in texts.iter().enumerate() {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "embeddings come in single precision"
            )]
            let embedding: Option<Vec<f32>> =
                x.as_ref().map(|x| x.row(row).iter().map(|x| *x as f32).collect());
            let lexical = head.lexical_vector(text.as_str());
            let view = TextView { embedding: embedding.as_deref(), lexical: lexical.as_ref() };
            let scored = head.score(view);
            let best = best(&scored.probabilities);
            measured.predicted.push(best);
            measured.confidence.push(scored.probabilities[best]);
            measured.top_score.push(scored.top_score);
            measured.is_in_scope.push(scored.is_in_scope);
        }
        Ok(measured)
    }

    /// Figures against the true labels.
    #[must_use]
    pub fn figures(&self, truth: &[usize]) -> Figures {
        let correct: Vec<bool> = self.predicted.iter().zip(truth).map(|(p, t)| p == t).collect();
        Figures {
            ece: Some(expected_calibration_error(&self.confidence, &correct)),
            ..figures(truth, &self.predicted)
        }
    }
}

/// How well texts out of scope are told from those in scope; none without either.
#[must_use]
pub fn scope_figures(inside: &Measured, outside: &Measured) -> Option<ScopeFigures> {
    let scores: Vec<f64> = inside.top_score.iter().chain(&outside.top_score).copied().collect();
    let is_inside: Vec<bool> = (0..scores.len()).map(|row| row < inside.top_score.len()).collect();
    let auroc = roc_auc(&scores, &is_inside)?;
    let mut sorted = outside.top_score.clone();
    sorted.sort_by(f64::total_cmp);
    let at_95 = sorted[(sorted.len() * 95).div_ceil(100) - 1];
    let kept = |is_kept: &dyn Fn(usize) -> bool| {
        share(
            (0..inside.top_score.len()).filter(|&row| is_kept(row)).count(),
            inside.top_score.len(),
        )
    };
    let caught = outside.is_in_scope.iter().filter(|is_in| !**is_in).count();
    let has_threshold = caught > 0 || inside.is_in_scope.iter().any(|is_in| !is_in);
    Some(ScopeFigures {
        rows: outside.top_score.len(),
        auroc,
        caught: has_threshold.then(|| share(caught, outside.top_score.len())),
        kept: has_threshold.then(|| kept(&|row| inside.is_in_scope[row])),
        kept_at_95_caught: kept(&|row| inside.top_score[row] > at_95),
    })
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
    head: &TextHead,
) -> Baselines {
    let labels = head.description().labels.labels().len();
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

    pub(super) fn table(&self) -> String {
        figure_table(&[
            ("this model", &self.test),
            ("baseline: nearest TF-IDF centroid", &self.baselines.tfidf_centroid),
            ("baseline: most frequent category", &self.baselines.majority),
        ])
    }

    pub(super) fn reading(&self) -> String {
        let mut reading = format!(
            "Of 100 test texts the model puts {:.0} under the right label, the best baseline {:.0}. When it says p, it is \
             right in p of the cases, give or take {:.3} on average. {}",
            100.0 * self.test.accuracy,
            100.0 * self.baselines.tfidf_centroid.accuracy.max(self.baselines.majority.accuracy),
            self.test.ece.unwrap_or_default(),
            self.how(),
        );
        let why = why(&self.choice);
        if !why.is_empty() {
            reading += &format!(" {why}");
        }
        if let Some(found) = &self.out_of_scope {
            reading += &format!(
                " Of {} texts out of scope {:.1} % are told, and {:.1} % of those in scope are kept (AUROC {:.4}; {:.1} % are \
                 kept where 95 % are told).",
                found.rows,
                100.0 * found.caught.unwrap_or_default(),
                100.0 * found.kept.unwrap_or(1.0),
                found.auroc,
                100.0 * found.kept_at_95_caught,
            );
        }
        reading
    }

    /// How the answer comes about.
    fn how(&self) -> String {
        if self.choice.method == Method::ZeroShot {
            return "It compares texts with descriptions of the labels; nothing was learnt, and its probabilities are not \
                    calibrated."
                .to_owned();
        }
        let parts = self.choice.parts.iter().map(|part| {
            format!("{} (C = {}, share {:.2})", part_name(part.part), part.c, part.share)
        });
        let names = if self.data.label_names == 0 {
            ""
        } else {
            "Labels have few texts, so their names were learnt from as texts too. "
        };
        let tuned = if self.tuning.is_empty() {
            ""
        } else {
            "Its encoder was trained on for these labels. "
        };
        format!(
            "{names}{tuned}It adds up {}; shares and temperature {:.3} were chosen on {} training texts that the fits did not see; the test \
             part tuned nothing.",
            parts.collect::<Vec<_>>().join(", "),
            self.choice.temperature,
            self.choice.held_out,
        )
    }
}

fn part_name(part: Part) -> &'static str {
    match part {
        Part::Embedding => "a model of embeddings",
        Part::Lexical => "a model of words",
        Part::Joint => "a model of both",
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
