//! Tables as files.
//!
//! CSV: RFC 4180 in UTF-8 with a byte order mark, by which Excel knows it. Numbers are written whole with a point, instants as
//! `2026-11-26 14:05:09`. A text that a spreadsheet could take for a formula gets an apostrophe before it (OWASP, CSV Injection).
//! XLSX: numbers are numbers, instants dates, and texts texts, whatever they begin with.

use super::{Cell, Column, Data, NumberFormat, Place, Table};
use crate::timestamp::Timestamp;
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook, Worksheet, XlsxError};
use std::borrow::Cow;

/// A format of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileFormat {
    /// Texts with commas between.
    Csv,
    /// A workbook of Excel, with one sheet.
    Xlsx,
}

/// Why a table could not be written.
#[derive(Debug, thiserror::Error)]
pub(super) enum FileError {
    #[error(transparent)]
    Csv(#[from] csv::Error),
    #[error("{0}")]
    CsvEnd(String),
    #[error(transparent)]
    Xlsx(#[from] XlsxError),
}

/// Longest text of a cell in Excel, in characters.
const CELL_CHARS: usize = 32_767;
/// The widest column of a sheet, in pixels.
const WIDEST: u32 = 420;

impl FileFormat {
    /// Every format.
    pub const ALL: [Self; 2] = [Self::Csv, Self::Xlsx];

    /// Its name.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Csv => "CSV",
            Self::Xlsx => "XLSX",
        }
    }

    /// How names of its files end.
    #[must_use]
    pub fn ending(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
        }
    }

    /// The format of an ending.
    #[must_use]
    pub fn of_ending(ending: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.ending() == ending)
    }

    /// The media type.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }
    }

    /// The file of a table. `zone`: the name of the zone of its instants.
    pub(super) fn write(self, table: &Table, zone: &str) -> Result<Vec<u8>, FileError> {
        match self {
            Self::Csv => csv_of(table, zone),
            Self::Xlsx => Ok(xlsx_of(table, zone)?),
        }
    }
}

/// The columns that files have, each with its place in a row.
fn columns(table: &Table) -> impl Iterator<Item = (usize, &Column)> {
    table.columns.iter().enumerate().filter(|(_, column)| column.place != Place::Page)
}

/// The title of a column; that of instants names their zone.
fn title(table: &Table, (at, column): (usize, &Column), zone: &str) -> String {
    let has_instants = table.rows.iter().any(|row| matches!(row[at].data, Data::Instant(..)));
    if has_instants { format!("{} ({zone})", column.title) } else { column.title.clone() }
}

fn csv_of(table: &Table, zone: &str) -> Result<Vec<u8>, FileError> {
    let mut csv = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer("\u{feff}".as_bytes().to_vec());
    let titles = columns(table).map(|column| neutral(&title(table, column, zone)).into_owned());
    csv.write_record(titles.collect::<Vec<_>>())?;
    for row in &table.rows {
        let cells = columns(table).map(|(at, _)| plain(&row[at]));
        csv.write_record(cells.map(Cow::into_owned).collect::<Vec<_>>())?;
    }
    csv.into_inner().map_err(|error| FileError::CsvEnd(error.to_string()))
}

fn plain(cell: &Cell) -> Cow<'_, str> {
    match &cell.data {
        Data::Nothing => Cow::Borrowed(""),
        Data::Text => neutral(&cell.text),
        Data::Number(value, _) => Cow::Owned(value.to_string()),
        Data::Instant(local, _) => Cow::Owned(local_text(*local)),
    }
}

/// Local date and time, such as `2026-11-26 14:05:09`.
fn local_text(millis: i64) -> String {
    let text = Timestamp::EARLIEST.plus_millis(millis).to_string();
    let until_seconds: String = text.chars().take(19).collect();
    until_seconds.replace('T', " ")
}

/// A text that no spreadsheet takes for a formula.
fn neutral(text: &str) -> Cow<'_, str> {
    // The full-width forms count as the plain ones in some locales.
    let is_formula = text.starts_with([
        '=', '+', '-', '@', '\t', '\r', '\n', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}',
    ]);
    if is_formula { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

fn xlsx_of(table: &Table, zone: &str) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    sheet.set_name(table.name)?;
    let head = Format::new().set_bold();
    for (column, place) in columns(table).zip(0_u16..) {
        sheet.write_string_with_format(0, place, title(table, column, zone), &head)?;
    }
    for (line, row) in table.rows.iter().zip(1_u32..) {
        for ((at, _), place) in columns(table).zip(0_u16..) {
            write_cell(sheet, row, place, &line[at])?;
        }
    }
    sheet.set_freeze_panes(1, 0)?;
    sheet.set_autofit_max_width(WIDEST);
    sheet.autofit();
    workbook.save_to_buffer()
}

fn write_cell(sheet: &mut Worksheet, row: u32, place: u16, cell: &Cell) -> Result<(), XlsxError> {
    match &cell.data {
        Data::Nothing => {}
        Data::Text => {
            let most = cell.text.char_indices().nth(CELL_CHARS).map(|(end, _)| end);
            sheet.write_string(row, place, &cell.text[..most.unwrap_or(cell.text.len())])?;
        }
        Data::Number(value, format) => {
            let format = Format::new().set_num_format(format.as_excel());
            sheet.write_number_with_format(row, place, *value, &format)?;
        }
        Data::Instant(local, _) => {
            let instant = ExcelDateTime::from_timestamp(local.div_euclid(1000))?;
            let format = Format::new().set_num_format("yyyy-mm-dd hh:mm:ss");
            sheet.write_datetime_with_format(row, place, &instant, &format)?;
        }
    }
    Ok(())
}

impl NumberFormat {
    fn as_excel(self) -> &'static str {
        match self {
            Self::Whole => "#,##0",
            Self::OneDigit => "#,##0.0",
            Self::TwoDigits => "#,##0.00",
            Self::FourDigits => "#,##0.0000",
            Self::Percent => "0.0%",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Cell, Column, Table};
    use super::*;
    use std::io::Read;

    const DANGEROUS: [&str; 7] = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\u{ff1d}1"];

    fn table(texts: &[&str]) -> Table {
        let columns = vec![Column::name("=name"), Column::number("n"), Column::text("when")];
        let local = Timestamp::parse("2026-11-26T14:05:09.500Z").unwrap().millis();
        let when = Cell { data: Data::Instant(local, String::new()), ..Cell::text("26 Nov 2026") };
        let number = Cell::number(-0.125, NumberFormat::Percent, "−12.5%");
        let row = |text: &&str| vec![Cell::text(*text), number.clone(), when.clone()];
        Table::new("figures", "Figures", columns).with_rows(texts.iter().map(row))
    }

    #[test]
    fn a_csv_file_is_utf_8_with_a_mark_and_reads_back() {
        let csv = FileFormat::Csv.write(&table(&["a, \"b\"\nц", "<script>"]), "UTC+03:00").unwrap();
        let csv = String::from_utf8(csv).unwrap();
        let expected = "\u{feff}'=name,n,when (UTC+03:00)\r\n\"a, \"\"b\"\"\nц\",-0.125,2026-11-26 14:05:09\r\n\
             <script>,-0.125,2026-11-26 14:05:09\r\n";
        assert_eq!(csv, expected);
    }

    #[test]
    fn no_text_of_a_csv_file_is_a_formula_and_numbers_stay_numbers() {
        let csv = FileFormat::Csv.write(&table(&DANGEROUS), "UTC").unwrap();
        let mut reader = csv::Reader::from_reader(&csv[3..]);
        let records: Vec<_> = reader.records().map(Result::unwrap).collect();
        assert_eq!(records.len(), DANGEROUS.len());
        for (record, text) in records.iter().zip(DANGEROUS) {
            assert_eq!((&record[0], &record[1]), (format!("'{text}").as_str(), "-0.125"));
        }
    }

    /// A file of a ZIP archive, by its local header (APPNOTE 4.3.7).
    fn unzipped(archive: &[u8], name: &str) -> String {
        let at =
            (30..archive.len()).find(|at| archive[*at..].starts_with(name.as_bytes())).unwrap();
        let extra = u16::from_le_bytes([archive[at - 2], archive[at - 1]]);
        let data = &archive[at + name.len() + usize::from(extra)..];
        let mut text = String::new();
        flate2::read::DeflateDecoder::new(data).read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn a_text_that_no_cell_can_hold_is_cut() {
        let long = "я".repeat(40_000);
        let book = FileFormat::Xlsx.write(&table(&[&long]), "UTC").unwrap();
        let texts = unzipped(&book, "xl/sharedStrings.xml");
        assert_eq!(texts.matches('я').count(), 32_767);
    }

    #[test]
    fn a_workbook_has_numbers_dates_and_texts_and_never_a_formula() {
        let book = FileFormat::Xlsx.write(&table(&DANGEROUS), "UTC").unwrap();
        assert!(book.starts_with(b"PK"));
        let sheet = unzipped(&book, "xl/worksheets/sheet1.xml");
        assert!(!sheet.contains("<f>"), "{sheet}");
        assert!(sheet.contains("<v>-0.125</v>"), "{sheet}");
        // 2026-11-26 is day 46352 of Excel; 14:05:09 of a day.
        assert!(sheet.contains("<v>46352.58690972222"), "{sheet}");
        let texts = unzipped(&book, "xl/sharedStrings.xml");
        assert!(texts.contains(">=1+1</t>") && texts.contains(">@SUM(A1)</t>"), "{texts}");
    }
}
