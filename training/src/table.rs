//! [`Table`]: any tabular file as rows of text cells, CSV, JSON lines or Parquet; [`TableStream`] reads one row after the
//! other, for files that do not fit into memory.
//!
//! A cell is text or missing; numbers, flags and instants of typed formats are written as text without loss. Whoever
//! reads a table gives the texts their meaning and names the row and column of a fault with [`Head::place`].

mod delimited;
mod json_lines;
mod parquet_file;
mod quotes;

use crate::bad_input;
use crate::faults::Faults;
use csv::StringRecord;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

/// A file's rows in memory.
#[derive(Debug)]
pub struct Table {
    head: Head,
    records: Vec<StringRecord>,
}

/// A file's rows, one after the other.
pub struct TableStream {
    head: Head,
    records: Records,
    record: StringRecord,
    rows: usize,
}

/// A table's name and columns.
#[derive(Debug, Clone)]
pub struct Head {
    file: String,
    columns: Vec<String>,
}

/// One row of a [`Table`].
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// Position among the data rows, from 1; a header is not counted.
    pub number: usize,
    record: &'a StringRecord,
}

/// The rows of one of the formats.
enum Records {
    Delimited(delimited::Records),
    JsonLines(json_lines::Records),
    Parquet(parquet_file::Records),
}

impl Table {
    /// Reads a file whole; its name says the format: `.jsonl` or `.ndjson`, `.parquet`, anything else is CSV with
    /// comma, semicolon or tab. A further `.gz` is unpacked (not for Parquet, which is packed inside).
    ///
    /// # Errors
    /// [`crate::failure::BadInput`] naming the file, row and column, up to twenty faults at once, when the file is
    /// missing, empty, not UTF-8, not of its format, or when rows have more or fewer cells than the header.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let mut stream = TableStream::begin(path)?;
        let mut faults = Faults::default();
        let mut records = Vec::new();
        while let Some(row) = stream.next(&mut faults)? {
            records.push(row.record.clone());
        }
        faults.finish()?;
        let mut head = stream.head;
        if let Records::JsonLines(lines) = stream.records {
            head.columns = lines.into_columns();
            records.iter_mut().for_each(|record| widen(record, head.columns.len()));
        }
        head.check()?;
        if records.is_empty() {
            return Err(head.without_rows());
        }
        Ok(Self { head, records })
    }

    /// The file's name without its folder.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.head.file
    }

    /// The column names in order.
    #[must_use]
    pub fn columns(&self) -> &[String] {
        &self.head.columns
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

    /// See [`Head::column`].
    ///
    /// # Errors
    /// As there.
    pub fn column(&self, name: &str) -> anyhow::Result<usize> {
        self.head.column(name)
    }

    /// See [`Head::find`].
    #[must_use]
    pub fn find(&self, name: &str) -> Option<usize> {
        self.head.find(name)
    }

    /// The rows in the file's order.
    #[must_use]
    pub fn rows(&self) -> impl ExactSizeIterator<Item = Row<'_>> {
        self.records.iter().enumerate().map(|(index, record)| Row { number: index + 1, record })
    }

    /// See [`Head::place`].
    #[must_use]
    pub fn place(&self, row: Row<'_>, column: usize) -> String {
        self.head.place(row, column)
    }
}

impl TableStream {
    /// Opens a file of any format that [`Table::read`] knows. JSON lines are read once for their columns.
    ///
    /// # Errors
    /// [`crate::failure::BadInput`] as [`Table::read`], as far as the beginning of the file shows it.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let mut stream = Self::begin(path)?;
        if let Records::JsonLines(_) = stream.records {
            // Faults of the form are told when the rows are read; here only the columns are wanted.
            while stream.next(&mut Faults::default())?.is_some() {}
            let Records::JsonLines(lines) = stream.records else { return Self::begin(path) };
            stream = Self::begin(path)?;
            stream.head.columns = lines.into_columns();
            if let Records::JsonLines(lines) = &mut stream.records {
                lines.expect_columns(&stream.head.columns);
            }
        }
        stream.head.check()?;
        Ok(stream)
    }

    /// The table's name and columns.
    #[must_use]
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// The next row without a fault of form; such faults are noted and their rows passed over.
    ///
    /// # Errors
    /// When the file cannot be read on.
    pub fn next(&mut self, faults: &mut Faults) -> anyhow::Result<Option<Row<'_>>> {
        let width = self.head.columns.len();
        let record = match &mut self.records {
            Records::Delimited(rows) => rows.next(&self.head, &mut self.record, faults)?,
            Records::JsonLines(rows) => rows.next(&self.head.file, &mut self.record, faults)?,
            Records::Parquet(rows) => rows.next(&self.head.file, &mut self.record)?,
        };
        let Some(number) = record else { return Ok(None) };
        self.rows = number;
        widen(&mut self.record, width);
        Ok(Some(Row { number, record: &self.record }))
    }

    /// Ends the reading: the number of rows, at least 1.
    ///
    /// # Errors
    /// [`crate::failure::BadInput`] with the faults, or when there was no row.
    pub fn finish(self, faults: Faults) -> anyhow::Result<usize> {
        faults.finish()?;
        if self.rows == 0 { Err(self.head.without_rows()) } else { Ok(self.rows) }
    }

    fn begin(path: &Path) -> anyhow::Result<Self> {
        let file = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        let opened = File::open(path)
            .map_err(|error| bad_input!("{}: cannot be read: {error}", path.display()))?;
        let name = file.to_lowercase();
        let (name, reader): (_, Box<dyn Read>) = match name.strip_suffix(".gz") {
            Some(inner) => {
                (inner, Box::new(flate2::read::MultiGzDecoder::new(BufReader::new(opened))))
            }
            None if name.ends_with(".parquet") => {
                let (columns, rows) = parquet_file::open(&file, opened)?;
                return Ok(Self::new(file, columns, Records::Parquet(rows)));
            }
            None => (name.as_str(), Box::new(opened)),
        };
        let reader: Box<dyn BufRead> = Box::new(BufReader::with_capacity(1 << 16, reader));
        Ok(if name.ends_with(".jsonl") || name.ends_with(".ndjson") {
            Self::new(file, Vec::new(), Records::JsonLines(json_lines::Records::new(reader)))
        } else {
            let (columns, rows) = delimited::open(&file, reader)?;
            Self::new(file, columns, Records::Delimited(rows))
        })
    }

    fn new(file: String, columns: Vec<String>, records: Records) -> Self {
        Self { head: Head { file, columns }, records, record: StringRecord::new(), rows: 0 }
    }
}

impl Head {
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

    fn check(&self) -> anyhow::Result<()> {
        let mut seen = BTreeSet::new();
        match self.columns.iter().find(|column| !seen.insert(column.as_str())) {
            Some(twice) => Err(bad_input!("{}: column {twice} appears twice", self.file)),
            None => Ok(()),
        }
    }

    fn without_rows(&self) -> anyhow::Error {
        bad_input!("{}: expected data rows, found none", self.file)
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

/// Adds empty cells up to a width.
fn widen(record: &mut StringRecord, width: usize) {
    (record.len()..width).for_each(|_| record.push_field(""));
}

/// Builds an error about a file's form.
fn malformed(file: &str, what: &str, error: impl std::fmt::Display) -> anyhow::Error {
    bad_input!("{file}: {what}: {error}")
}

#[cfg(test)]
#[path = "table/tests.rs"]
mod tests;
