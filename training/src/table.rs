//! [`Table`]: any tabular file as rows of text cells, CSV, JSON lines or Parquet.
//!
//! A cell is text or missing; numbers, flags and instants of typed formats are written as text without loss. Whoever
//! reads a table gives the texts their meaning and names the row and column of a fault with [`Table::place`].

mod delimited;
mod json_lines;
mod parquet_file;

use crate::bad_input;
use csv::StringRecord;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

/// A file's rows in memory.
#[derive(Debug)]
pub struct Table {
    file: String,
    columns: Vec<String>,
    records: Vec<StringRecord>,
}

/// One row of a [`Table`].
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// Position among the data rows, from 1; a header is not counted.
    pub number: usize,
    record: &'a StringRecord,
}

impl Table {
    /// Reads a file whole; its name says the format: `.jsonl` or `.ndjson`, `.parquet`, anything else is CSV with
    /// comma, semicolon or tab. A further `.gz` is unpacked (not for Parquet, which is packed inside).
    ///
    /// # Errors
    /// [`crate::failure::BadInput`] naming the file, row and column, up to twenty faults at once, when the file is
    /// missing, empty, not UTF-8, not of its format, or when rows have more or fewer cells than the header.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let file = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        let opened = File::open(path)
            .map_err(|error| bad_input!("{}: cannot be read: {error}", path.display()))?;
        let name = file.to_lowercase();
        let (name, reader): (_, Box<dyn Read>) = match name.strip_suffix(".gz") {
            Some(inner) => {
                (inner, Box::new(flate2::read::MultiGzDecoder::new(BufReader::new(opened))))
            }
            None if name.ends_with(".parquet") => {
                let (columns, records) = parquet_file::read(&file, opened)?;
                return Self::new(file, columns, records);
            }
            None => (name.as_str(), Box::new(opened)),
        };
        let reader = BufReader::with_capacity(1 << 16, reader);
        let (columns, records) = if name.ends_with(".jsonl") || name.ends_with(".ndjson") {
            json_lines::read(&file, reader)?
        } else {
            delimited::read(&file, reader)?
        };
        Self::new(file, columns, records)
    }

    fn new(file: String, columns: Vec<String>, records: Vec<StringRecord>) -> anyhow::Result<Self> {
        let mut seen = BTreeSet::new();
        if let Some(twice) = columns.iter().find(|column| !seen.insert(column.as_str())) {
            return Err(bad_input!("{file}: column {twice} appears twice"));
        }
        if records.is_empty() {
            return Err(bad_input!("{file}: expected data rows, found none"));
        }
        Ok(Self { file, columns, records })
    }

    /// The file's name without its folder.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The column names in order.
    #[must_use]
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Number of data rows, at least 1.
    #[must_use]
    #[expect(
        clippy::len_without_is_empty,
        reason = "a table without rows is refused when it is read"
    )]
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// The position of a column that must be there.
    ///
    /// # Errors
    /// [`crate::failure::BadInput`] with the columns there are.
    pub fn column(&self, name: &str) -> anyhow::Result<usize> {
        self.find(name).ok_or_else(|| {
            let there = self.columns.join(", ");
            bad_input!("{}: there is no column {name}; the columns are: {there}", self.file)
        })
    }

    /// The position of a column that may be there.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column == name)
    }

    /// The rows in the file's order.
    #[must_use]
    pub fn rows(&self) -> impl ExactSizeIterator<Item = Row<'_>> {
        self.records.iter().enumerate().map(|(index, record)| Row { number: index + 1, record })
    }

    /// Where a cell is, for messages: `tickets.csv, row 57301, column opened_at`, and the line of the file where it
    /// is not simply the row after the header.
    #[must_use]
    pub fn place(&self, row: Row<'_>, column: usize) -> String {
        let name = self.columns.get(column).map_or("?", String::as_str);
        let place = format!("{}, row {}, column {name}", self.file, row.number);
        match row.line() {
            Some(line) if line != row.number as u64 + 1 => format!("{place} (line {line})"),
            _ => place,
        }
    }
}

impl<'a> Row<'a> {
    /// The cell's text, as the file has it; `None` when it is empty or null.
    #[must_use]
    pub fn cell(&self, column: usize) -> Option<&'a str> {
        self.record.get(column).filter(|cell| !cell.is_empty())
    }

    /// The line of the file on which the row begins, from 1; `None` for Parquet.
    #[must_use]
    pub fn line(&self) -> Option<u64> {
        self.record.position().map(csv::Position::line)
    }
}

/// Builds an error about a file's form.
fn malformed(file: &str, what: &str, error: impl std::fmt::Display) -> anyhow::Error {
    bad_input!("{file}: {what}: {error}")
}

#[cfg(test)]
#[path = "table/tests.rs"]
mod tests;
