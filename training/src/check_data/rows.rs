//! The rows of one or two files as they are, faulty ones included.

use crate::table::Table;
use recontact::contact::{ContactText, DEFAULT_MAX_TEXT_BYTES};
use recontact::ticket::Name;
use serde::Serialize;
use std::path::Path;

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
    /// The text in small letters with single blanks, by which texts are taken for the same.
    pub bare: String,
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

/// A file's rows.
#[derive(Debug)]
pub struct ReadRows {
    /// The file, for other columns.
    pub table: Table,
    /// Rows with text and label.
    pub usable: Vec<UsableRow>,
}

/// Reads a file; rows that cannot be used are noted.
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
    let table = Table::read(path)?;
    let (text_column, label_column) = (table.column(text)?, table.column(label)?);
    let mut usable = Vec::new();
    for row in table.rows() {
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
                let bare = bare(text.as_str());
                usable.push(UsableRow { at, text, label, bare });
            }
            _ => unusable.not_accepted.push(at),
        }
    }
    Ok(ReadRows { table, usable })
}

/// Small letters, single blanks.
#[must_use]
pub fn bare(text: &str) -> String {
    text.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}
