//! [`TableStream`]: any tabular file as rows of text cells, CSV, JSON lines or Parquet, one after the other: a file may be
//! larger than the memory, and whoever reads it keeps what it needs.
//!
//! A cell is text or missing; numbers, flags and instants of typed formats are written as text without loss. Whoever
//! reads a table gives the texts their meaning and names the row and column of a fault with [`Head::place`].

mod delimited;
mod json_lines;
mod parquet_file;
mod quotes;

use crate::bad_input;
use crate::faults::Faults;
use crate::memory::Guard;
use crate::progress::{self, Bar};
use csv::StringRecord;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Rows between two looks at how far the reading is.
const LOOK: usize = 4096;

/// A file's rows, one after the other.
pub struct TableStream {
    head: Head,
    records: Records,
    record: StringRecord,
    rows: usize,
    /// How much of the file was read.
    extent: Extent,
    /// Shown where a person waits for the rows.
    bar: Option<Bar>,
    /// Looks after the memory where rows are kept.
    guard: Option<Guard>,
}

/// How much of a file there is and was read: bytes, or rows of Parquet.
#[derive(Debug, Clone, Default)]
struct Extent {
    all: u64,
    read: Arc<AtomicU64>,
}

/// A file that counts what is read of it.
struct Counted {
    file: File,
    read: Arc<AtomicU64>,
}

/// A table's name and columns.
#[derive(Debug, Clone)]
pub struct Head {
    file: String,
    columns: Vec<String>,
}

/// One row of a table.
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

impl TableStream {
    /// Opens a file; its name says the format: `.jsonl` or `.ndjson`, `.parquet`, anything else is CSV with comma, semicolon
    /// or tab. A further `.gz` is unpacked (not for Parquet, which is packed inside). JSON lines are read once for their
    /// columns.
    ///
    /// # Errors
    /// [`crate::failure::BadInput`] naming the file when it is missing, empty or not of its format, as far as its beginning
    /// shows it.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let mut stream = Self::begin(path)?;
        if let Records::JsonLines(_) = stream.records {
            if !path.is_file() {
                return Err(bad_input!(
                    "{}: expected a file: JSON lines are read twice, which a pipe is not",
                    path.display()
                ));
            }
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

    /// Opens a file of whose rows something is kept, in `times` the memory that the reading takes. How far the reading is is
    /// shown; a file that would not fit into the memory is refused as soon as its first rows show it.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_to_keep(path: &Path, times: f64) -> anyhow::Result<Self> {
        let mut stream = Self::open(path)?.shown();
        stream.guard = Some(Guard::new(times));
        Ok(stream)
    }

    /// Shows how far the reading is.
    #[must_use]
    pub fn shown(self) -> Self {
        let bar = progress::bar(self.extent.all, format!("reading {}", self.head.file));
        Self { bar: Some(bar), ..self }
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
            Records::Parquet(rows) => {
                let number = rows.next(&self.head.file, &mut self.record)?;
                self.extent.read.fetch_add(u64::from(number.is_some()), Ordering::Relaxed);
                number
            }
        };
        let Some(number) = record else {
            self.bar.iter().for_each(|bar| bar.finish_and_clear());
            return Ok(None);
        };
        self.rows = number;
        if number.is_multiple_of(LOOK) {
            let read = self.extent.read();
            self.bar.iter().for_each(|bar| bar.set_position(read));
            if let Some(guard) = &mut self.guard {
                guard.check(&self.head.file, number, read, self.extent.all)?;
            }
        }
        widen(&mut self.record, width);
        Ok(Some(Row { number, record: &self.record }))
    }

    /// Ends the reading: the number of rows, at least 1.
    ///
    /// # Errors
    /// [`crate::failure::BadInput`] with up to twenty faults, or when there was no row.
    pub fn finish(self, faults: Faults) -> anyhow::Result<usize> {
        faults.finish()?;
        if self.rows == 0 { Err(self.head.without_rows()) } else { Ok(self.rows) }
    }

    fn begin(path: &Path) -> anyhow::Result<Self> {
        let file = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        let opened = File::open(path)
            .map_err(|error| bad_input!("{}: cannot be read: {error}", path.display()))?;
        let read = Arc::new(AtomicU64::new(0));
        let all = opened.metadata().map_or(0, |there| there.len());
        let extent = Extent { all, read: Arc::clone(&read) };
        let name = file.to_lowercase();
        let (name, reader): (_, Box<dyn Read>) = match name.strip_suffix(".gz") {
            Some(inner) => {
                let packed = BufReader::new(Counted { file: opened, read });
                (inner, Box::new(flate2::read::MultiGzDecoder::new(packed)))
            }
            None if name.ends_with(".parquet") => {
                let (columns, all, rows) = parquet_file::open(&file, opened)?;
                return Ok(Self::new(file, columns, Records::Parquet(rows), Extent { all, read }));
            }
            None => (name.as_str(), Box::new(Counted { file: opened, read })),
        };
        let reader: Box<dyn BufRead> = Box::new(BufReader::with_capacity(1 << 16, reader));
        Ok(if name.ends_with(".jsonl") || name.ends_with(".ndjson") {
            let lines = Records::JsonLines(json_lines::Records::new(reader));
            Self::new(file, Vec::new(), lines, extent)
        } else {
            let (columns, rows) = delimited::open(&file, reader)?;
            Self::new(file, columns, Records::Delimited(rows), extent)
        })
    }

    fn new(file: String, columns: Vec<String>, records: Records, extent: Extent) -> Self {
        let head = Head { file, columns };
        let record = StringRecord::new();
        Self { head, records, record, rows: 0, extent, bar: None, guard: None }
    }
}

impl Extent {
    fn read(&self) -> u64 {
        self.read.load(Ordering::Relaxed).min(self.all)
    }
}

impl Read for Counted {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let bytes = self.file.read(into)?;
        self.read.fetch_add(bytes as u64, Ordering::Relaxed);
        Ok(bytes)
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
