//! CSV: comma, semicolon or tab, taken from the header; a byte-order mark and any line ends are accepted.

use super::quotes::QuoteGuard;
use super::{Head, malformed};
use crate::bad_input;
use crate::faults::Faults;
use csv::{ByteRecord, ReaderBuilder, StringRecord};
use std::io::{BufRead, Chain, Cursor, Read};

/// A header longer than this is no header.
const MAX_HEADER_BYTES: u64 = 1 << 20;

/// The header, which was looked at before, and what comes after it.
type Whole = Chain<Cursor<Vec<u8>>, Box<dyn BufRead>>;

/// The rows after the header.
pub(super) struct Records {
    csv: csv::Reader<QuoteGuard<Whole>>,
    bytes: ByteRecord,
    number: usize,
    /// Whether the end was reached; what is wrong with the quotes is told then, once.
    ended: bool,
}

/// Reads the header: the column names, and the rows to come.
pub(super) fn open(
    file: &str,
    mut reader: Box<dyn BufRead>,
) -> anyhow::Result<(Vec<String>, Records)> {
    let cannot_read = |error: std::io::Error| malformed(file, "cannot be read", error);
    let mut head = Vec::new();
    reader.by_ref().take(MAX_HEADER_BYTES).read_until(b'\n', &mut head).map_err(cannot_read)?;
    check_head(file, &head)?;
    let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&head).to_vec();
    let delimiter = delimiter(&head);
    let whole = QuoteGuard::new(Cursor::new(head).chain(reader), delimiter);
    let mut csv = ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(whole);
    let header = csv.byte_headers().map_err(|error| malformed(file, "header", error))?.clone();
    let header = StringRecord::from_byte_record(header)
        .map_err(|error| malformed(file, "header: expected UTF-8", error))?;
    let columns: Vec<String> = header.iter().map(|name| name.trim().to_owned()).collect();
    if let Some(nameless) = columns.iter().position(String::is_empty) {
        return Err(bad_input!("{file}, header: column {} has no name", nameless + 1));
    }
    Ok((columns, Records { csv, bytes: ByteRecord::new(), number: 0, ended: false }))
}

impl Records {
    /// Reads the next row into `record`: its number, or nothing at the end. Rows with faults are noted and passed over.
    pub(super) fn next(
        &mut self,
        head: &Head,
        record: &mut StringRecord,
        faults: &mut Faults,
    ) -> anyhow::Result<Option<usize>> {
        let (file, columns) = (&head.file, &head.columns);
        let Self { csv, bytes, number, ended } = self;
        while csv.read_byte_record(bytes).map_err(|error| malformed(file, "CSV", error))? {
            *number += 1;
            if bytes.len() != columns.len() {
                let (expected, found) = (columns.len(), bytes.len());
                let line = bytes.position().map_or(0, csv::Position::line);
                faults.push(format!(
                    "{file}, row {number} (line {line}): expected {expected} cells, got {found}"
                ));
                continue;
            }
            match StringRecord::from_byte_record(std::mem::take(bytes)) {
                Ok(read) => {
                    *bytes = std::mem::replace(record, read).into_byte_record();
                    return Ok(Some(*number));
                }
                Err(error) => {
                    let (field, at) =
                        (error.utf8_error().field(), error.utf8_error().valid_up_to());
                    *bytes = error.into_byte_record();
                    faults.push(format!(
                        "{file}, row {number}, column {}: expected UTF-8, got the byte 0x{:02X}",
                        columns[field], bytes[field][at],
                    ));
                }
            }
        }
        if !std::mem::replace(ended, true)
            && let Some(fault) = csv.get_ref().fault()
        {
            faults.push(format!("{file}, {fault}"));
        }
        Ok(None)
    }
}

fn check_head(file: &str, head: &[u8]) -> anyhow::Result<()> {
    if head.iter().all(u8::is_ascii_whitespace) {
        Err(bad_input!("{file}: expected a header line, the file is empty"))
    } else if head.starts_with(b"\xFF\xFE") || head.starts_with(b"\xFE\xFF") {
        Err(bad_input!("{file}: expected UTF-8, this is UTF-16; save it as CSV UTF-8"))
    } else if head.contains(&0) {
        Err(bad_input!("{file}: expected CSV, found binary data"))
    } else {
        Ok(())
    }
}

/// The most frequent of comma, semicolon and tab outside quotes.
fn delimiter(header: &[u8]) -> u8 {
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0)];
    let mut is_quoted = false;
    for byte in header {
        is_quoted ^= *byte == b'"';
        if !is_quoted {
            counts.iter_mut().filter(|(known, _)| known == byte).for_each(|(_, count)| *count += 1);
        }
    }
    // The comma wins a tie: it comes first.
    counts.into_iter().rev().max_by_key(|(_, count)| *count).map_or(b',', |(byte, _)| byte)
}
