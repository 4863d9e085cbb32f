//! The rows of one or two files as they are, faulty ones included.

use crate::faults::Faults;
use crate::table::{Row, TableStream};
use recontact::contact::{ContactText, DEFAULT_MAX_TEXT_BYTES};
use recontact::ticket::Name;
use serde::Serialize;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

/// The checks take about so many times what the rows take: signatures, and with wrong labels looked for words.
const TIMES_KEPT: f64 = 3.0;

/// Which file a row is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// `--data`.
    Data,
    /// `--test`.
    Test,
}

/// A row by its file and its number there, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct RowRef {
    /// The file.
    pub part: Part,
    /// The number.
    pub row: usize,
}

/// A row with a text and a label.
#[derive(Debug, Clone)]
pub struct UsableRow {
    /// Where it is.
    pub at: RowRef,
    /// The text.
    pub text: ContactText,
    /// Its label.
    pub label: Name,
}

impl UsableRow {
    /// The text in small letters with single blanks, by which texts are taken for the same.
    #[must_use]
    pub fn bare(&self) -> String {
        bare(self.text.as_str())
    }
}

/// Rows that cannot be used, by what is wrong with them.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Unusable {
    /// Without a text.
    pub without_text: Some20,
    /// Without a label.
    pub without_label: Some20,
    /// With a text or label that is too long or holds what no text holds.
    pub not_accepted: Some20,
}

/// A number of rows and the first twenty of them.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Some20 {
    /// How many.
    pub count: usize,
    /// The first ones.
    pub first: Vec<RowRef>,
}

impl Some20 {
    /// Adds a row.
    pub fn push(&mut self, at: RowRef) {
        self.count += 1;
        if self.first.len() < 20 {
            self.first.push(at);
        }
    }
}

/// What is kept of a file.
#[derive(Debug)]
pub struct ReadRows {
    /// Its name without the folder.
    pub file: String,
    /// Its data rows.
    pub rows: usize,
    /// Rows with text and label.
    pub usable: Vec<UsableRow>,
    /// The other columns, where they were asked for: which labels their values have.
    pub others: Vec<OtherColumn>,
}

/// What a column says of the labels. Its values are known by a hash, so that a wide column takes no more than a narrow one.
#[derive(Debug)]
pub struct OtherColumn {
    /// Its name.
    pub name: String,
    place: usize,
    /// By the hash of a value how often each label has it.
    by_value: HashMap<u64, Vec<(u32, u32)>>,
}

impl OtherColumn {
    /// For each value how often each label has it, by the number of the label.
    pub fn values(&self) -> impl Iterator<Item = &[(u32, u32)]> {
        self.by_value.values().map(Vec::as_slice)
    }

    fn count(&mut self, row: Row<'_>, label: u32) {
        let Some(value) = row.cell(self.place) else { return };
        let mut hasher = DefaultHasher::new();
        value.hash(&mut hasher);
        // Most values of most columns have one label.
        let labels = self.by_value.entry(hasher.finish()).or_insert_with(|| Vec::with_capacity(1));
        match labels.iter_mut().find(|(known, _)| *known == label) {
            Some((_, rows)) => *rows += 1,
            None => labels.push((label, 1)),
        }
    }
}

/// Reads a file row after row; rows that cannot be used are noted. The columns besides are counted for [`Part::Data`].
///
/// # Errors
/// [`crate::failure::BadInput`] when the file cannot be read or lacks a column.
pub fn read(
    path: &Path,
    part: Part,
    text: &str,
    label: &str,
    unusable: &mut Unusable,
) -> anyhow::Result<ReadRows> {
    let mut table = TableStream::open_to_keep(path, TIMES_KEPT)?;
    let head = table.head().clone();
    let (text_column, label_column) = (head.column(text)?, head.column(label)?);
    let mut others: Vec<OtherColumn> = (head.columns().iter().enumerate())
        .filter(|(place, _)| part == Part::Data && ![text_column, label_column].contains(place))
        .map(|(place, name)| OtherColumn { name: name.clone(), place, by_value: HashMap::new() })
        .collect();
    let mut labels: HashMap<Name, u32> = HashMap::new();
    let mut usable = Vec::new();
    let mut faults = Faults::default();
    while let Some(row) = table.next(&mut faults)? {
        let at = RowRef { part, row: row.number };
        let cell = |column| row.cell(column).map(str::trim).filter(|cell| !cell.is_empty());
        let (text, label) = (cell(text_column), cell(label_column));
        if text.is_none() {
            unusable.without_text.push(at);
        }
        if label.is_none() {
            unusable.without_label.push(at);
        }
        let (Some(text), Some(_)) = (text, label) else { continue };
        // The label as it stands: blanks around it are looked for later.
        let label = Name::parse(row.cell(label_column).unwrap_or_default());
        match (ContactText::parse(text, DEFAULT_MAX_TEXT_BYTES), label) {
            (Ok(text), Ok(label)) => {
                let next = u32::try_from(labels.len()).unwrap_or(u32::MAX);
                // One copy of each label is in memory.
                let known = labels.get_key_value(&label).map(|(known, at)| (known.clone(), *at));
                let (label, number) = known.unwrap_or_else(|| {
                    labels.insert(label.clone(), next);
                    (label, next)
                });
                others.iter_mut().for_each(|column| column.count(row, number));
                usable.push(UsableRow { at, text, label });
            }
            _ => unusable.not_accepted.push(at),
        }
    }
    let rows = table.finish(faults)?;
    Ok(ReadRows { file: head.file().to_owned(), rows, usable, others })
}

/// Small letters, single blanks.
#[must_use]
pub fn bare(text: &str) -> String {
    text.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}
