//! Writes labelled episodes as CSV, packed CSV or Parquet, row by row; the file appears whole or not at all.

use crate::bad_input;
use anyhow::Context;
use flate2::Compression;
use flate2::write::GzEncoder;
use parquet::basic::{
    Compression as ParquetCompression, ConvertedType, LogicalType, Repetition, TimeUnit,
    Type as Physical,
};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::Type;
use recontact::timestamp::Timestamp;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Rows of a row group of Parquet; those are held in memory.
const GROUP_ROWS: usize = 20_000;

/// A cell. What is not known is missing.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    /// A text.
    Text(Option<String>),
    /// A whole number.
    Whole(i64),
    /// A number.
    Number(Option<f64>),
    /// Yes or no.
    Flag(bool),
    /// An instant.
    Instant(Timestamp),
}

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ColumnType {
    /// Of [`Cell::Text`].
    Text,
    /// Of [`Cell::Whole`].
    Whole,
    /// Of [`Cell::Number`].
    Number,
    /// Of [`Cell::Flag`].
    Flag,
    /// Of [`Cell::Instant`].
    Instant,
}

/// The formats that can be written, by the end of the file's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Csv,
    PackedCsv,
    Parquet,
}

/// A file that is being written.
pub(crate) struct Output {
    out: PathBuf,
    beside: PathBuf,
    columns: Vec<(String, ColumnType)>,
    sink: Sink,
}

enum Sink {
    Csv(Box<csv::Writer<BufWriter<File>>>),
    PackedCsv(Box<csv::Writer<GzEncoder<BufWriter<File>>>>),
    Parquet(Box<SerializedFileWriter<BufWriter<File>>>, Vec<Vec<Cell>>),
}

/// Refuses a destination that exists, has no folder, or has a name of no format that can be written.
///
/// # Errors
/// [`crate::failure::BadInput`].
pub(crate) fn check_destination(out: &Path) -> anyhow::Result<()> {
    Format::of(out)?;
    if out.exists() {
        return Err(bad_input!("--out {}: it exists already", out.display()));
    }
    if folder_of(out).is_dir() {
        Ok(())
    } else {
        Err(bad_input!("--out {}: there is no folder {}", out.display(), folder_of(out).display()))
    }
}

/// The folder of a file; the current one where none is named.
#[must_use]
pub(crate) fn folder_of(out: &Path) -> &Path {
    out.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

impl Output {
    /// Begins a file in `folder`, which must be on the disk of `out`; [`Self::finish`] moves it there.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn begin(
        out: &Path,
        folder: &Path,
        columns: Vec<(String, ColumnType)>,
    ) -> anyhow::Result<Self> {
        let format = Format::of(out)?;
        let beside = folder.join("labels");
        let file =
            File::create(&beside).with_context(|| format!("writing {}", beside.display()))?;
        let file = BufWriter::with_capacity(1 << 16, file);
        let mut sink = match format {
            Format::Csv => Sink::Csv(Box::new(csv::Writer::from_writer(file))),
            Format::PackedCsv => {
                let packed = GzEncoder::new(file, Compression::default());
                Sink::PackedCsv(Box::new(csv::Writer::from_writer(packed)))
            }
            Format::Parquet => Sink::Parquet(Box::new(parquet_writer(file, &columns)?), Vec::new()),
        };
        let names = columns.iter().map(|(name, _)| name);
        match &mut sink {
            Sink::Csv(csv) => csv.write_record(names).context("writing the header")?,
            Sink::PackedCsv(csv) => csv.write_record(names).context("writing the header")?,
            Sink::Parquet(..) => {}
        }
        Ok(Self { out: out.to_owned(), beside, columns, sink })
    }

    /// Writes a row with a cell for each column.
    ///
    /// # Errors
    /// When the disk is full or fails.
    pub(crate) fn write(&mut self, row: Vec<Cell>) -> anyhow::Result<()> {
        let texts = row.iter().map(Cell::text);
        let written = match &mut self.sink {
            Sink::Csv(csv) => csv.write_record(texts).map_err(anyhow::Error::from),
            Sink::PackedCsv(csv) => csv.write_record(texts).map_err(anyhow::Error::from),
            Sink::Parquet(writer, rows) => {
                rows.push(row);
                if rows.len() < GROUP_ROWS {
                    Ok(())
                } else {
                    write_group(writer, &self.columns, rows)
                }
            }
        };
        written.with_context(|| format!("writing {}", self.out.display()))
    }

    /// Ends the file and moves it to its place.
    ///
    /// # Errors
    /// When the disk is full or fails, or when a file is there by now.
    pub(crate) fn finish(self) -> anyhow::Result<()> {
        let writing = || format!("writing {}", self.out.display());
        let file = match self.sink {
            Sink::Csv(csv) => {
                csv.into_inner().map_err(|error| error.into_error()).with_context(writing)?
            }
            Sink::PackedCsv(csv) => {
                let packed =
                    csv.into_inner().map_err(|error| error.into_error()).with_context(writing)?;
                packed.finish().with_context(writing)?
            }
            Sink::Parquet(mut writer, mut rows) => {
                write_group(&mut writer, &self.columns, &mut rows).with_context(writing)?;
                writer.into_inner().with_context(writing)?
            }
        };
        let file = file.into_inner().map_err(|error| error.into_error()).with_context(writing)?;
        file.sync_all().with_context(writing)?;
        drop(file);
        check_destination(&self.out)?;
        std::fs::rename(&self.beside, &self.out).with_context(writing)
    }
}

impl Cell {
    fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone().unwrap_or_default(),
            Self::Whole(number) => number.to_string(),
            Self::Number(number) => number.map(|number| number.to_string()).unwrap_or_default(),
            Self::Flag(flag) => flag.to_string(),
            Self::Instant(instant) => instant.to_string(),
        }
    }
}

impl Format {
    fn of(out: &Path) -> anyhow::Result<Self> {
        let name = out.to_string_lossy().to_lowercase();
        let formats =
            [(".csv", Self::Csv), (".csv.gz", Self::PackedCsv), (".parquet", Self::Parquet)];
        let format =
            formats.into_iter().find(|(end, _)| name.ends_with(end)).map(|(_, format)| format);
        format.ok_or_else(|| {
            bad_input!(
                "--out {}: expected a name that ends in .csv, .csv.gz or .parquet",
                out.display()
            )
        })
    }
}

fn parquet_writer(
    file: BufWriter<File>,
    columns: &[(String, ColumnType)],
) -> anyhow::Result<SerializedFileWriter<BufWriter<File>>> {
    let fields: Result<Vec<_>, _> = columns
        .iter()
        .map(|(name, kind)| {
            let (physical, logical, converted) = match kind {
                ColumnType::Text => {
                    (Physical::BYTE_ARRAY, Some(LogicalType::String), ConvertedType::UTF8)
                }
                ColumnType::Whole => (Physical::INT64, None, ConvertedType::NONE),
                ColumnType::Number => (Physical::DOUBLE, None, ConvertedType::NONE),
                ColumnType::Flag => (Physical::BOOLEAN, None, ConvertedType::NONE),
                ColumnType::Instant => (
                    Physical::INT64,
                    Some(LogicalType::timestamp(true, TimeUnit::MILLIS)),
                    ConvertedType::TIMESTAMP_MILLIS,
                ),
            };
            let is_optional = matches!(kind, ColumnType::Text | ColumnType::Number);
            Type::primitive_type_builder(name, physical)
                .with_repetition(if is_optional {
                    Repetition::OPTIONAL
                } else {
                    Repetition::REQUIRED
                })
                .with_logical_type(logical)
                .with_converted_type(converted)
                .build()
                .map(Arc::new)
        })
        .collect();
    let schema = Type::group_type_builder("labels").with_fields(fields?).build()?;
    let properties =
        WriterProperties::builder().set_compression(ParquetCompression::SNAPPY).build();
    Ok(SerializedFileWriter::new(file, Arc::new(schema), Arc::new(properties))?)
}

/// Writes the rows that wait as one row group.
fn write_group<W: Write + Send>(
    writer: &mut SerializedFileWriter<W>,
    columns: &[(String, ColumnType)],
    rows: &mut Vec<Vec<Cell>>,
) -> anyhow::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut group = writer.next_row_group()?;
    for (column, (_, kind)) in columns.iter().enumerate() {
        let cells = rows.iter().filter_map(|row| row.get(column));
        match kind {
            ColumnType::Text => {
                write_column::<ByteArrayType>(&mut group, cells, true, |cell| match cell {
                    Cell::Text(text) => text.as_deref().map(ByteArray::from),
                    _ => None,
                })?;
            }
            ColumnType::Whole => {
                write_column::<Int64Type>(&mut group, cells, false, |cell| match cell {
                    Cell::Whole(number) => Some(*number),
                    _ => None,
                })?;
            }
            ColumnType::Number => {
                write_column::<DoubleType>(&mut group, cells, true, |cell| match cell {
                    Cell::Number(number) => *number,
                    _ => None,
                })?;
            }
            ColumnType::Flag => {
                write_column::<BoolType>(&mut group, cells, false, |cell| match cell {
                    Cell::Flag(flag) => Some(*flag),
                    _ => None,
                })?;
            }
            ColumnType::Instant => {
                write_column::<Int64Type>(&mut group, cells, false, |cell| match cell {
                    Cell::Instant(instant) => Some(instant.millis()),
                    _ => None,
                })?;
            }
        }
    }
    group.close()?;
    rows.clear();
    Ok(())
}

fn write_column<'c, D: DataType>(
    group: &mut SerializedRowGroupWriter<'_, impl Write + Send>,
    cells: impl Iterator<Item = &'c Cell>,
    is_optional: bool,
    value: impl Fn(&Cell) -> Option<D::T>,
) -> anyhow::Result<()> {
    let values: Vec<Option<D::T>> = cells.map(value).collect();
    let levels: Vec<i16> = values.iter().map(|value| i16::from(value.is_some())).collect();
    let known: Vec<D::T> = values.into_iter().flatten().collect();
    let mut column = group.next_column()?.context("the schema has fewer columns than the rows")?;
    column.typed::<D>().write_batch(&known, is_optional.then_some(levels.as_slice()), None)?;
    column.close()?;
    Ok(())
}
