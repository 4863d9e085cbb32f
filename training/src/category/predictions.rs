//! What a stored model of texts says of the rows of a file: the one place from which it is measured and compared.

use super::RecordedParams;
use super::choose::best;
use super::data::clean_texts;
use super::encoders::{embed, load_encoder};
use super::spelling::Spellings;
use crate::bad_input;
use crate::faults::Faults;
use crate::table::Table;
use recontact::classify::category::LabelSet;
use recontact::classify::differing_part;
use recontact::classify::encoder::{InferenceOptions, TextEncoder};
use recontact::classify::head::{TextHead, TextView};
use recontact::classify::language;
use recontact::contact::{ContactText, DEFAULT_MAX_TEXT_BYTES};
use recontact::registry::{Artifact, Registry};
use recontact::ticket::{IssueCategory, Name};
use std::collections::BTreeMap;
use std::path::Path;

/// Texts that are embedded and scored before the next ones are read.
const STEP: usize = 4096;

/// Where to find what a model of texts is asked about.
#[derive(Debug, Clone, Copy)]
pub struct TextColumns<'a> {
    /// The column with the text; none: the one the model was trained on.
    pub text: Option<&'a str>,
    /// The column with the label; none: the one the model was trained on.
    pub label: Option<&'a str>,
}

/// What the file says is right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Truth {
    /// One of the model's labels, by its number.
    Label(usize),
    /// A label that the model does not know, so that it cannot be right.
    Unknown(IssueCategory),
    /// None of the labels.
    OutOfScope,
    /// The file does not say it.
    Untold,
}

/// Whether a file must say what is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Labels {
    /// Every row must.
    Needed,
    /// Some rows may, where there is such a column at all.
    IfThere,
}

/// One row.
#[derive(Debug, Clone, PartialEq)]
pub struct TextRow {
    /// What is right.
    pub truth: Truth,
    /// The number of the best label.
    pub predicted: usize,
    /// Its probability.
    pub confidence: f64,
    /// The probability of the right label; 0 where the model does not know it.
    pub truth_probability: f64,
    /// The highest score, before temperature and softmax.
    pub top_score: f64,
    /// Whether the text is taken to be about one of the labels.
    pub is_in_scope: bool,
    /// ISO 639-1 code of the text's language, where it can be told.
    pub language: Option<&'static str>,
}

/// A model's answers to all rows of a file, in its order.
#[derive(Debug, Clone)]
pub struct TextPredictions {
    /// The model's labels, by number.
    pub labels: LabelSet,
    /// The rows.
    pub rows: Vec<TextRow>,
    /// The column the texts were read from.
    pub text_column: String,
    /// The column the labels were read from.
    pub label_column: String,
}

/// Asks a stored model about every row of a table. The encoder is looked up in `models` and computes as `inference` says.
///
/// # Errors
/// [`crate::failure::BadInput`] when data or encoder are at fault; what the encoder says when it fails.
pub fn predictions(
    artifact: &Artifact,
    table: &Table,
    columns: TextColumns<'_>,
    wanted: Labels,
    models: &Path,
    inference: &InferenceOptions,
) -> anyhow::Result<TextPredictions> {
    let head = TextHead::load(artifact)?;
    let recorded: RecordedParams = serde_json::from_value(artifact.manifest().parameters.clone())
        .map_err(|error| {
        artifact.content_error("manifest.json", format!("parameters: {error}"))
    })?;
    let text_column = columns.text.unwrap_or(&recorded.text_column).to_owned();
    let label_column = columns.label.unwrap_or(&recorded.label_column).to_owned();
    let (mut texts, names) = read(table, &text_column, &label_column, wanted)?;
    if recorded.cleaned {
        clean_texts(&mut texts, table.file());
    }
    let encoder = encoder_of(&head, models, inference)?;
    let labels = head.description().labels.clone();
    let number: BTreeMap<&IssueCategory, usize> =
        labels.labels().iter().enumerate().map(|(at, label)| (&label.category, at)).collect();
    // As in training: case and spaces make no other label.
    let outside = recorded.out_of_scope_label.as_ref();
    let mut spelled: Vec<Name> = number.keys().map(|name| (*name).clone()).collect();
    spelled.extend(outside.cloned());
    let spellings = Spellings::of(&spelled);
    let truth = |name: Name| {
        let kept = spellings.kept(&name);
        match number.get(kept) {
            Some(at) => Truth::Label(*at),
            None if Some(kept) == outside => Truth::OutOfScope,
            None => Truth::Unknown(name),
        }
    };
    let mut truths = names.into_iter().map(|name| name.map_or(Truth::Untold, truth));
    let mut rows = Vec::with_capacity(texts.len());
    for step in texts.chunks(STEP) {
        let embeddings = encoder.as_ref().map(|encoder| embed(encoder, step, "embedding"));
        let embeddings = embeddings.transpose()?;
        for (at, (text, truth)) in step.iter().zip(truths.by_ref()).enumerate() {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "embeddings come in single precision"
            )]
            let embedding: Option<Vec<f32>> =
                embeddings.as_ref().map(|x| x.row(at).iter().map(|x| *x as f32).collect());
            let language = language::detect(text.as_str(), &recorded.params.expected_languages);
            rows.push(answer(&head, text, embedding.as_deref(), truth, language));
        }
    }
    Ok(TextPredictions { labels, rows, text_column, label_column })
}

fn answer(
    head: &TextHead,
    text: &ContactText,
    embedding: Option<&[f32]>,
    truth: Truth,
    language: Option<&'static str>,
) -> TextRow {
    let lexical = head.lexical_vector(text.as_str());
    let scored = head.score(TextView { embedding, lexical: lexical.as_ref() });
    let predicted = best(&scored.probabilities);
    let truth_probability = match &truth {
        Truth::Label(at) => scored.probabilities[*at],
        Truth::Unknown(_) | Truth::OutOfScope | Truth::Untold => 0.0,
    };
    TextRow {
        truth,
        predicted,
        confidence: scored.probabilities[predicted],
        truth_probability,
        top_score: scored.top_score,
        is_in_scope: scored.is_in_scope,
        language,
    }
}

/// Every text, and its label where it has one.
fn read(
    table: &Table,
    text: &str,
    label: &str,
    wanted: Labels,
) -> anyhow::Result<(Vec<ContactText>, Vec<Option<Name>>)> {
    let text_column = table.column(text)?;
    let label_column = match wanted {
        Labels::Needed => Some(table.column(label)?),
        Labels::IfThere => table.find(label),
    };
    let (mut texts, mut names) = (Vec::new(), Vec::new());
    let mut faults = Faults::default();
    for row in table.rows() {
        let text = row.cell(text_column).unwrap_or_default();
        match ContactText::parse(text, DEFAULT_MAX_TEXT_BYTES) {
            Ok(text) => texts.push(text),
            Err(error) => faults.push(format!("{}: {error}", table.place(row, text_column))),
        }
        let Some(label_column) = label_column else {
            names.push(None);
            continue;
        };
        let cell = row.cell(label_column);
        match Name::parse(cell.unwrap_or_default()) {
            Ok(name) => names.push(Some(name)),
            Err(_) if cell.is_none() && wanted == Labels::IfThere => names.push(None),
            Err(error) => faults.push(format!("{}: {error}", table.place(row, label_column))),
        }
    }
    faults.finish()?;
    Ok((texts, names))
}

/// The encoder that the head was trained on.
fn encoder_of(
    head: &TextHead,
    models: &Path,
    inference: &InferenceOptions,
) -> anyhow::Result<Option<TextEncoder>> {
    let Some(trained) = &head.description().encoder else { return Ok(None) };
    let encoder = load_encoder(&trained.name, models, Some(&trained.prompt), inference)?;
    if let Some(part) = differing_part(trained, encoder.identity()) {
        return Err(bad_input!(
            "the model was trained on encoder {:?}, but the {part} of encoder {:?} in {} is another",
            trained.name,
            encoder.identity().name,
            Registry::new(models).encoder_folder(&trained.name).display()
        ));
    }
    Ok(Some(encoder))
}
