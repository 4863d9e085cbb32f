//! JSON lines: one object per line. Fields of inner objects become columns such as `attributes.location`.

use super::malformed;
use crate::faults::Faults;
use csv::StringRecord;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::io::BufRead;

/// Above this, a number that is no 64-bit integer may already have lost digits.
const EXACT: f64 = 9_007_199_254_740_992.0;

pub(super) fn read(
    file: &str,
    mut reader: impl BufRead,
) -> anyhow::Result<(Vec<String>, Vec<StringRecord>)> {
    let mut faults = Faults::default();
    let mut columns = Columns::default();
    let mut rows: Vec<(u64, Vec<String>)> = Vec::new();
    let mut line = Vec::new();
    let mut line_number = 0;
    loop {
        line.clear();
        let read = reader.read_until(b'\n', &mut line);
        if read.map_err(|error| malformed(file, "cannot be read", error))? == 0 {
            break;
        }
        line_number += 1;
        let text = line.strip_prefix(b"\xEF\xBB\xBF").filter(|_| line_number == 1).unwrap_or(&line);
        if text.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let place = format!("{file}, row {} (line {line_number})", rows.len() + 1);
        let mut cells = Vec::new();
        match serde_json::from_slice::<Map<String, Value>>(text) {
            Ok(object) => {
                if let Err(fault) = columns.fill("", object, &mut cells) {
                    faults.push(format!("{place}, {fault}"));
                }
            }
            Err(error) => faults.push(format!("{place}: expected a JSON object: {error}")),
        }
        rows.push((line_number, cells));
    }
    faults.finish()?;
    let records = rows.into_iter().map(|(line, cells)| record(line, cells, columns.names.len()));
    Ok((columns.names.clone(), records.collect()))
}

/// Column names in the order of their first appearance.
#[derive(Default)]
struct Columns {
    names: Vec<String>,
    positions: HashMap<String, usize>,
}

impl Columns {
    fn fill(
        &mut self,
        prefix: &str,
        object: Map<String, Value>,
        cells: &mut Vec<String>,
    ) -> Result<(), String> {
        for (key, value) in object {
            let name = if prefix.is_empty() { key } else { format!("{prefix}.{key}") };
            if let Value::Object(inner) = value {
                self.fill(&name, inner, cells)?;
                continue;
            }
            let text = text(value).map_err(|fault| format!("column {name}: {fault}"))?;
            let position = self.position(name);
            if cells.len() <= position {
                cells.resize(position + 1, String::new());
            }
            cells[position] = text;
        }
        Ok(())
    }

    fn position(&mut self, name: String) -> usize {
        let next = self.names.len();
        *self.positions.entry(name).or_insert_with_key(|name| {
            self.names.push(name.clone());
            next
        })
    }
}

fn text(value: Value) -> Result<String, String> {
    match value {
        Value::Null => Ok(String::new()),
        Value::String(text) => Ok(text),
        Value::Number(number) => match number.as_f64() {
            Some(large) if number.is_f64() && large.abs() >= EXACT => {
                Err(format!("expected a number that fits 64 bits or a text, got {number}"))
            }
            _ => Ok(number.to_string()),
        },
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => Ok(value.to_string()),
    }
}

fn record(line: u64, cells: Vec<String>, width: usize) -> StringRecord {
    let missing = width - cells.len().min(width);
    let mut record: StringRecord = cells.into_iter().collect();
    (0..missing).for_each(|_| record.push_field(""));
    let mut position = csv::Position::new();
    position.set_line(line);
    record.set_position(Some(position));
    record
}
