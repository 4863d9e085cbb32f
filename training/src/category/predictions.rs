//! What a stored model of texts says of the rows of a file: the one place from which it is measured and compared.

use super::RecordedParams;
use super::choose::best;
use super::data::{clean_each, tell_left_as_they_are};
use super::encoders::load_encoder;
use super::spelling::Spellings;
use crate::faults::Faults;
use crate::table::{Head, Row, TableStream};
use crate::{bad_input, progress};
use recontact::classify::category::LabelSet;
use recontact::classify::differing_part;
use recontact::classify::encoder::{InferenceOptions, TextEncoder};
use recontact::classify::head::{TextHead, TextView};
use recontact::classify::language;
use recontact::contact::{ContactText, DEFAULT_MAX_TEXT_BYTES};
use recontact::registry::{Artifact, Registry};
use recontact::ticket::{IssueCategory, Name};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

/// Texts that are embedded and scored before the next ones are read.
pub const STEP: usize = 256;

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
    /// A label that the model does not know, by its number among those, so that it cannot be right.
    Unknown(usize),
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
    /// Labels of the rows that the model does not know, in alphabetical order.
    pub unknown: Vec<IssueCategory>,
    /// The rows.
    pub rows: Vec<TextRow>,
    /// The column the texts were read from.
    pub text_column: String,
    /// The column the labels were read from.
    pub label_column: String,
}

/// A stored model of texts and the file that it is asked about. The file was read once: every row has a text and, where they
/// are needed, a label, so that no hours are spent before a fault in the last row is found.
pub struct TextQuestions<'a> {
    head: TextHead,
    encoder: Option<TextEncoder>,
    recorded: RecordedParams,
    path: &'a Path,
    text_column: String,
    label_column: String,
    wanted: Labels,
    rows: usize,
}

/// The labels of a file as numbers: those of the model, and others in the order in which they are met.
struct Truths<'a> {
    number: BTreeMap<&'a IssueCategory, usize>,
    outside: Option<&'a IssueCategory>,
    spellings: Spellings,
    unknown: Vec<IssueCategory>,
    number_of_unknown: HashMap<IssueCategory, usize>,
}

impl<'a> TextQuestions<'a> {
    /// Loads a model and looks through a file. The encoder is looked up in `models` and computes as `inference` says.
    ///
    /// # Errors
    /// [`crate::failure::BadInput`] when data or encoder are at fault, or the file is a pipe: it is read twice.
    pub fn open(
        artifact: &Artifact,
        path: &'a Path,
        columns: TextColumns<'_>,
        wanted: Labels,
        models: &Path,
        inference: &InferenceOptions,
    ) -> anyhow::Result<Self> {
        let head = TextHead::load(artifact)?;
        let recorded: RecordedParams =
            serde_json::from_value(artifact.manifest().parameters.clone()).map_err(|error| {
                artifact.content_error("manifest.json", format!("parameters: {error}"))
            })?;
        if path.exists() && !path.is_file() {
            return Err(bad_input!(
                "{}: expected a file, which is read twice, not a pipe or a folder",
                path.display()
            ));
        }
        let text_column = columns.text.unwrap_or(&recorded.text_column).to_owned();
        let label_column = columns.label.unwrap_or(&recorded.label_column).to_owned();
        let mut reader = RowReader::open(path, &text_column, &label_column, wanted)?.shown();
        while reader.next(|_| ())?.is_some() {}
        let rows = reader.finish()?;
        let encoder = encoder_of(&head, models, inference)?;
        Ok(Self { head, encoder, recorded, path, text_column, label_column, wanted, rows })
    }

    /// The model's labels, by number.
    #[must_use]
    pub fn labels(&self) -> &LabelSet {
        &self.head.description().labels
    }

    /// Asks about every row, `step` rows at a time: `read` is given each row as it is read, `answered` each answer with the
    /// labels met so far that the model does not know, both in the file's order. Gives all of those labels, by the number that
    /// [`Truth::Unknown`] has.
    ///
    /// # Errors
    /// What the encoder says when it fails, and what `answered` says.
    pub fn ask(
        &self,
        step: usize,
        mut read: impl FnMut(Row<'_>),
        mut answered: impl FnMut(TextRow, &[IssueCategory]) -> anyhow::Result<()>,
    ) -> anyhow::Result<Vec<IssueCategory>> {
        let mut truths = Truths::of(&self.head, self.recorded.out_of_scope_label.as_ref());
        let mut reader =
            RowReader::open(self.path, &self.text_column, &self.label_column, self.wanted)?;
        let bar = progress::bar(self.rows as u64, "asking the model");
        let (mut texts, mut names, mut left_as_they_are) = (Vec::new(), Vec::new(), 0);
        loop {
            let next = reader.next(&mut read)?;
            let is_last = next.is_none();
            if let Some((text, name)) = next {
                texts.push(text);
                names.push(name);
            }
            if texts.len() < step.max(1) && !is_last {
                continue;
            }
            if self.recorded.cleaned {
                left_as_they_are += clean_each(&mut texts);
            }
            for row in self.answers(&texts, names.drain(..).map(|name| truths.number(name)))? {
                answered(row, &truths.unknown)?;
            }
            bar.inc(texts.len() as u64);
            texts.clear();
            if is_last {
                break;
            }
        }
        bar.finish_and_clear();
        let file = reader.file();
        let rows = reader.finish()?;
        if rows != self.rows {
            return Err(bad_input!(
                "{file}: it has {rows} rows, and had {} when it was looked through: it was changed while it was read",
                self.rows
            ));
        }
        tell_left_as_they_are(left_as_they_are, &file);
        Ok(truths.unknown)
    }

    /// Asks about every row and keeps all answers. `read` is given each row as it is read.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub fn predictions(self, read: impl FnMut(Row<'_>)) -> anyhow::Result<TextPredictions> {
        let mut rows = Vec::with_capacity(self.rows);
        let names = self.ask(STEP, read, |row, _| {
            rows.push(row);
            Ok(())
        })?;
        let mut unknown = names.clone();
        unknown.sort();
        let sorted: Vec<usize> = names.iter().map(|name| place(&unknown, name)).collect();
        for row in &mut rows {
            if let Truth::Unknown(at) = &mut row.truth {
                *at = sorted[*at];
            }
        }
        let labels = self.labels().clone();
        let Self { text_column, label_column, .. } = self;
        Ok(TextPredictions { labels, unknown, rows, text_column, label_column })
    }

    fn answers(
        &self,
        texts: &[ContactText],
        truths: impl Iterator<Item = Truth>,
    ) -> anyhow::Result<Vec<TextRow>> {
        let raw: Vec<&str> = texts.iter().map(ContactText::as_str).collect();
        let embeddings = self.encoder.as_ref().map(|encoder| encoder.embed(&raw)).transpose()?;
        let expected = &self.recorded.params.expected_languages;
        let rows = texts.iter().zip(truths).enumerate().map(|(at, (text, truth))| {
            let embedding = embeddings.as_ref().map(|all| all[at].vector.as_slice());
            let language = language::detect(text.as_str(), expected);
            answer(&self.head, text, embedding, truth, language)
        });
        Ok(rows.collect())
    }
}

fn place(sorted: &[IssueCategory], name: &IssueCategory) -> usize {
    sorted.binary_search(name).unwrap_or_default()
}

impl<'a> Truths<'a> {
    fn of(head: &'a TextHead, outside: Option<&'a IssueCategory>) -> Self {
        let labels = head.description().labels.labels();
        let number: BTreeMap<&IssueCategory, usize> =
            labels.iter().enumerate().map(|(at, label)| (&label.category, at)).collect();
        // As in training: case and spaces make no other label.
        let mut spelled: Vec<Name> = number.keys().map(|name| (*name).clone()).collect();
        spelled.extend(outside.cloned());
        let spellings = Spellings::of(&spelled);
        Self { number, outside, spellings, unknown: Vec::new(), number_of_unknown: HashMap::new() }
    }

    fn number(&mut self, name: Option<Name>) -> Truth {
        let Some(name) = name else { return Truth::Untold };
        let kept = self.spellings.kept(&name);
        match self.number.get(kept) {
            Some(at) => Truth::Label(*at),
            None if Some(kept) == self.outside => Truth::OutOfScope,
            None => {
                Truth::Unknown(*self.number_of_unknown.entry(name).or_insert_with_key(|name| {
                    self.unknown.push(name.clone());
                    self.unknown.len() - 1
                }))
            }
        }
    }
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

/// Reads every text, and its label where it has one, row after row.
struct RowReader {
    table: TableStream,
    columns: Head,
    faults: Faults,
    text: usize,
    label: Option<usize>,
    wanted: Labels,
}

impl RowReader {
    fn open(path: &Path, text: &str, label: &str, wanted: Labels) -> anyhow::Result<Self> {
        let table = TableStream::open(path)?;
        let columns = table.head().clone();
        let text = columns.column(text)?;
        let label = match wanted {
            Labels::Needed => Some(columns.column(label)?),
            Labels::IfThere => columns.find(label),
        };
        Ok(Self { table, columns, faults: Faults::default(), text, label, wanted })
    }

    fn shown(self) -> Self {
        Self { table: self.table.shown(), ..self }
    }

    /// The next row without a fault; faults are noted.
    fn next(
        &mut self,
        mut read: impl FnMut(Row<'_>),
    ) -> anyhow::Result<Option<(ContactText, Option<Name>)>> {
        let Self { table, columns, faults, text, label, wanted } = self;
        while let Some(row) = table.next(faults)? {
            let mut fault = |column: usize, error: &dyn std::fmt::Display| {
                faults.push(format!("{}: {error}", columns.place(row, column)));
            };
            let cell = row.cell(*text).unwrap_or_default();
            let parsed = ContactText::parse(cell, DEFAULT_MAX_TEXT_BYTES)
                .map_err(|error| fault(*text, &error));
            let name = match label.map(|column| (column, row.cell(column))) {
                None => Ok(None),
                Some((_, None)) if *wanted == Labels::IfThere => Ok(None),
                Some((column, cell)) => Name::parse(cell.unwrap_or_default())
                    .map(Some)
                    .map_err(|error| fault(column, &error)),
            };
            if let (Ok(text), Ok(name)) = (parsed, name) {
                read(row);
                return Ok(Some((text, name)));
            }
        }
        Ok(None)
    }

    fn file(&self) -> String {
        self.columns.file().to_owned()
    }

    fn finish(self) -> anyhow::Result<usize> {
        self.table.finish(self.faults)
    }
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
