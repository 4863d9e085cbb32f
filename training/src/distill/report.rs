//! What a distillation tells: figures on texts that were held out, for people, for programs and on the card.

use super::params::{DistillParams, StoredWeights};
use super::train::Progress;
use crate::card::{Card, markdown_table};
use anyhow::Context;
use recontact::classify::encoder::{EncoderIdentity, TextEncoder};
use recontact::registry::artifact::{DataFile, FileSum};
use recontact::timestamp::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::Write;

/// How close two encoders are on the same texts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Closeness {
    /// Texts.
    pub rows: usize,
    /// Mean cosine of the two vectors of a text.
    pub cosine: f64,
    /// Root of the mean squared difference of the similarities of all pairs of texts.
    pub similarity_error: f64,
}

/// What `--json` prints, and most of the record.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The student's name.
    pub student: String,
    /// Its layers, as the teacher counts them from 1.
    pub layers: Vec<usize>,
    /// Tokens it knows.
    pub vocabulary: usize,
    /// Bytes of its files, record and card not counted.
    pub bytes: u64,
    /// Texts learnt from.
    pub texts: usize,
    /// Steps of training.
    pub steps: usize,
    /// The student as it is stored, against the teacher, on texts held out.
    pub test: Closeness,
    /// The same before the training.
    pub baselines: BTreeMap<&'static str, Closeness>,
    /// The training from the beginning to the end.
    pub history: Vec<Progress>,
}

/// `distilled.json`.
#[derive(Debug, Serialize)]
pub struct Record<'a> {
    /// Format of this file.
    pub format: u32,
    /// When it was written.
    pub created_at: Timestamp,
    /// Program and version that wrote it.
    pub program: String,
    /// The teacher.
    pub teacher: &'a EncoderIdentity,
    /// Files of texts.
    pub data: &'a [DataFile],
    /// Every parameter of the run, so that it can be repeated.
    pub parameters: &'a DistillParams,
    /// Figures.
    pub metrics: &'a Report,
    /// Length and checksum of each file of the encoder.
    pub files: BTreeMap<String, FileSum>,
}

impl Closeness {
    /// Compares the vectors of texts.
    ///
    /// # Errors
    /// When an encoder fails.
    pub fn of(
        student: &TextEncoder,
        teacher: &TextEncoder,
        texts: &[&str],
        max_tokens: usize,
    ) -> anyhow::Result<Self> {
        let found = vectors(student, texts, max_tokens)?;
        let wanted = vectors(teacher, texts, max_tokens)?;
        let cosines = found.iter().zip(&wanted).map(|(a, b)| dot(a, b)).sum::<f64>();
        let mut squares = 0.0;
        for (found_a, wanted_a) in found.iter().zip(&wanted) {
            for (found_b, wanted_b) in found.iter().zip(&wanted) {
                squares += (dot(found_a, found_b) - dot(wanted_a, wanted_b)).powi(2);
            }
        }
        let rows = count(texts.len());
        Ok(Self {
            rows: texts.len(),
            cosine: cosines / rows,
            similarity_error: (squares / (rows * rows)).sqrt(),
        })
    }
}

impl Report {
    /// Prints to standard output, as one JSON object or as a table.
    ///
    /// # Errors
    /// When standard output cannot be written to.
    pub fn print(&self, json: bool) -> anyhow::Result<()> {
        let mut stdout = std::io::stdout().lock();
        let text =
            if json { serde_json::to_string(self)? + "\n" } else { self.table() + &self.reading() };
        write!(stdout, "{text}").context("cannot write to standard output")
    }

    fn table(&self) -> String {
        let row = |name: &str, closeness: &Closeness| {
            vec![
                name.to_owned(),
                closeness.rows.to_string(),
                format!("{:.4}", closeness.cosine),
                format!("{:.4}", closeness.similarity_error),
            ]
        };
        let mut rows = vec![row("student, as stored", &self.test)];
        rows.extend(self.baselines.iter().map(|(name, closeness)| row(name, closeness)));
        markdown_table(
            &["against the teacher", "texts held out", "cosine", "error of similarities"],
            &rows,
        )
    }

    fn reading(&self) -> String {
        format!(
            "\nA text of the student lies at a cosine of {:.3} to the teacher's on average, and two texts are as similar as \
             the teacher says give or take {:.3}. What that means for a model is told by training one on either.\n",
            self.test.cosine, self.test.similarity_error
        )
    }

    /// The card for people.
    #[must_use]
    pub fn card(&self, record: &Record<'_>, command: &str) -> String {
        let teacher = &record.teacher.name;
        let params = record.parameters;
        let what = format!(
            "A text encoder of {} layers, distilled from `{teacher}` (layers {}); {} numbers, {} tokens known, texts of up to {} \
             tokens, {:.1} MB. {}",
            self.layers.len(),
            list(&self.layers),
            record.teacher.dimension,
            self.vocabulary,
            record.teacher.max_tokens,
            count(usize::try_from(self.bytes).unwrap_or(usize::MAX)) / 1e6,
            stored(params.weights)
        );
        let files: Vec<Vec<String>> = record
            .data
            .iter()
            .map(|file| vec![file.file.clone(), file.rows.to_string(), file.sha256.clone()])
            .collect();
        let data = format!(
            "{}\n{} different texts of at most {} tokens; {} of them were held out. Labels were not used.",
            markdown_table(&["file", "rows", "SHA-256"], &files),
            self.texts + self.test.rows,
            params.max_tokens,
            self.test.rows
        );
        let history: Vec<Vec<String>> = self
            .history
            .iter()
            .map(|progress| {
                let loss =
                    progress.loss.map_or_else(|| "–".to_owned(), |loss| format!("{loss:.4}"));
                let cosine = format!("{:.4}", progress.held_out_cosine);
                vec![progress.step.to_string(), loss, cosine]
            })
            .collect();
        let training = format!(
            "```\n{command}\n```\n\nSeed {}, {} steps of {} texts, AdamW at {:e} after {} steps of warm-up, falling linearly; the tables of \
             tokens and positions stayed as they were. Loss: 1 - cosine to the teacher's vector, plus {} times the mean squared \
             difference of the similarities within a batch.\n\n{}",
            params.seed,
            self.steps,
            params.batch,
            params.rate,
            params.warm_up,
            params.similarity_weight,
            markdown_table(&["step", "loss", "cosine, held out"], &history)
        );
        let mut card = Card::new(&format!("Encoder {}", self.student))
            .section("What it does", &what)
            .section("Figures", &(self.table() + &self.reading()))
            .section("Data", &data)
            .section("Training", &training);
        let licence = params.licence.iter().map(|licence| format!("Licence: {licence}.\n"));
        let lines: Vec<String> =
            licence.chain(params.attribution.iter().map(|line| format!("- {line}"))).collect();
        if !lines.is_empty() {
            card = card.section("Licence and attribution", &lines.join("\n"));
        }
        card.section(
            "Limits",
            "It knows the languages that its teacher and its texts know. It is a little less exact than its teacher; measure on your \
             own data with `recontact-train category` on either.",
        )
        .finish()
    }
}

fn stored(weights: StoredWeights) -> &'static str {
    match weights {
        StoredWeights::Compact => {
            "The table of tokens is stored as bytes with a scale for each row, everything else as 16-bit floats."
        }
        StoredWeights::Half => "Its weights are 16-bit floats.",
        StoredWeights::Full => "Its weights are 32-bit floats.",
    }
}

fn list(numbers: &[usize]) -> String {
    numbers.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")
}

fn vectors(
    encoder: &TextEncoder,
    texts: &[&str],
    max_tokens: usize,
) -> anyhow::Result<Vec<Vec<f32>>> {
    let tokenized = texts
        .iter()
        .map(|text| encoder.tokenize_within(text, max_tokens))
        .collect::<Result<_, _>>()?;
    let embedded = encoder.embed_tokenized(tokenized, recontact::classify::encoder::Cores::All)?;
    Ok(embedded.into_iter().map(|embedding| embedding.vector).collect())
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
}

#[expect(clippy::cast_precision_loss, reason = "counts fit into 53 bits")]
fn count(number: usize) -> f64 {
    number as f64
}
