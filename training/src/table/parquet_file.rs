//! Parquet through the record interface, without Arrow. Instants become RFC 3339; those without a zone are taken as UTC.

use super::malformed;
use crate::bad_input;
use csv::StringRecord;
use parquet::basic::{ConvertedType, LogicalType, TimeUnit};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use parquet::record::reader::RowIter;
use parquet::schema::types::Type;
use std::fs::File;
use time::format_description::well_known::Rfc3339;
use time::{Date, OffsetDateTime};

/// The rows, read page by page.
pub(super) struct Records {
    rows: RowIter<'static>,
    is_nanos: Vec<bool>,
    number: usize,
}

/// Reads the schema: the column names, the number of rows, and the rows to come.
pub(super) fn open(file: &str, opened: File) -> anyhow::Result<(Vec<String>, u64, Records)> {
    let reader = SerializedFileReader::new(opened)
        .map_err(|error| malformed(file, "expected Parquet", error))?;
    let described = reader.metadata().file_metadata();
    let schema = described.schema();
    let all = u64::try_from(described.num_rows()).unwrap_or(0);
    let columns: Vec<String> =
        schema.get_fields().iter().map(|field| field.name().to_owned()).collect();
    let is_nanos: Vec<bool> = schema.get_fields().iter().map(|field| is_nanos(field)).collect();
    let rows = RowIter::from_file_into(Box::new(reader));
    Ok((columns, all, Records { rows, is_nanos, number: 0 }))
}

impl Records {
    /// Reads the next row into `record`: its number, or nothing at the end.
    pub(super) fn next(
        &mut self,
        file: &str,
        record: &mut StringRecord,
    ) -> anyhow::Result<Option<usize>> {
        let Some(row) = self.rows.next() else { return Ok(None) };
        self.number += 1;
        let number = self.number;
        let row =
            row.map_err(|error| malformed(&format!("{file}, row {number}"), "Parquet", error))?;
        record.clear();
        record.set_position(None);
        for ((name, field), is_nanos) in row.get_column_iter().zip(&self.is_nanos) {
            let cell = text(field, *is_nanos)
                .map_err(|fault| bad_input!("{file}, row {number}, column {name}: {fault}"))?;
            record.push_field(&cell);
        }
        Ok(Some(number))
    }
}

/// Nanosecond instants have no older "converted" type, so the record interface hands them out as plain integers.
fn is_nanos(field: &Type) -> bool {
    let info = field.get_basic_info();
    info.converted_type() == ConvertedType::NONE
        && matches!(
            info.logical_type_ref(),
            Some(LogicalType::Timestamp(timestamp)) if timestamp.unit == TimeUnit::NANOS
        )
}

fn text(field: &Field, is_nanos: bool) -> Result<String, String> {
    match field {
        Field::Null => Ok(String::new()),
        Field::Str(text) => Ok(text.clone()),
        Field::Bytes(bytes) => String::from_utf8(bytes.data().to_vec())
            .map_err(|_| "expected UTF-8, got other bytes".to_owned()),
        Field::Float(number) => Ok(number.to_string()),
        Field::Double(number) => Ok(number.to_string()),
        Field::Long(nanos) if is_nanos => instant(i128::from(*nanos)),
        Field::TimestampMillis(millis) => instant(i128::from(*millis) * 1_000_000),
        Field::TimestampMicros(micros) => instant(i128::from(*micros) * 1_000),
        Field::Date(days) => date(*days),
        Field::Group(_) | Field::ListInternal(_) | Field::MapInternal(_) => {
            Err("expected a plain value, got a nested one".to_owned())
        }
        plain => Ok(plain.to_string()),
    }
}

fn instant(nanos: i128) -> Result<String, String> {
    OffsetDateTime::from_unix_timestamp_nanos(nanos)
        .ok()
        .and_then(|instant| instant.format(&Rfc3339).ok())
        .ok_or_else(|| "the instant is out of range".to_owned())
}

fn date(days: i32) -> Result<String, String> {
    /// The Julian day of 1970-01-01.
    const EPOCH: i32 = 2_440_588;
    let date = days.checked_add(EPOCH).and_then(|day| Date::from_julian_day(day).ok());
    date.map(|date| date.to_string()).ok_or_else(|| "the date is out of range".to_owned())
}
