//! JSON lines: one object per line. Fields of inner objects become columns such as `attributes.location`.

use super::malformed;
use crate::faults::Faults;
use csv::StringRecord;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::fmt;
use std::io::BufRead;

/// Above this, a number that is no 64-bit integer may already have lost digits.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// The lines, and the columns met so far.
pub(super) struct Records {
    reader: Box<dyn BufRead>,
    columns: Columns,
    line: Vec<u8>,
    line_number: u64,
    number: usize,
}

impl Records {
    pub(super) fn new(reader: Box<dyn BufRead>) -> Self {
        Self { reader, columns: Columns::default(), line: Vec::new(), line_number: 0, number: 0 }
    }

    /// Puts columns at the positions that are known already.
    pub(super) fn expect_columns(&mut self, names: &[String]) {
        names.iter().for_each(|name| {
            self.columns.position(name.clone());
        });
    }

    /// The columns in the order of their first appearance.
    pub(super) fn into_columns(self) -> Vec<String> {
        self.columns.names
    }

    /// Reads the next object into `record`: its number, or nothing at the end. Rows with faults are noted and passed over.
    pub(super) fn next(
        &mut self,
        file: &str,
        record: &mut StringRecord,
        faults: &mut Faults,
    ) -> anyhow::Result<Option<usize>> {
        loop {
            self.line.clear();
            let read = self.reader.read_until(b'\n', &mut self.line);
            if read.map_err(|error| malformed(file, "cannot be read", error))? == 0 {
                return Ok(None);
            }
            self.line_number += 1;
            let text = self.line.strip_prefix(b"\xEF\xBB\xBF").filter(|_| self.line_number == 1);
            let text = text.unwrap_or(&self.line);
            if text.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            self.number += 1;
            let place = || format!("{file}, row {} (line {})", self.number, self.line_number);
            let mut cells = Vec::new();
            match serde_json::from_slice::<Object>(text.trim_ascii_end()) {
                Ok(Object(object)) => match self.columns.fill("", object, &mut cells) {
                    Ok(()) => {
                        fill_record(record, self.line_number, &cells);
                        return Ok(Some(self.number));
                    }
                    Err(fault) => faults.push(format!("{}, {fault}", place())),
                },
                Err(error) => faults.push(format!("{}: expected a JSON object: {error}", place())),
            }
        }
    }
}

/// A JSON object that names each of its fields once: of two the reader would have to choose one.
struct Object(Map<String, Value>);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Fields)
    }
}

struct Fields;

impl<'de> Visitor<'de> for Fields {
    type Value = Object;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Object, A::Error> {
        let mut object = Map::new();
        while let Some((name, value)) = fields.next_entry::<String, Value>()? {
            if object.contains_key(&name) {
                return Err(A::Error::custom(format!("the field {name} appears twice")));
            }
            object.insert(name, value);
        }
        Ok(Object(object))
    }
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

fn fill_record(record: &mut StringRecord, line: u64, cells: &[String]) {
    record.clear();
    cells.iter().for_each(|cell| record.push_field(cell));
    let mut position = csv::Position::new();
    position.set_line(line);
    record.set_position(Some(position));
}
