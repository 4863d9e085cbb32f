//! The texts of a table, cleaned as the service does.

use super::TopicsArgs;
use super::asked::Different;
use crate::faults::Faults;
use crate::table::TableStream;
use recontact::cleaning::clean;
use recontact::contact::{ContactText, DEFAULT_MAX_TEXT_BYTES};
use std::collections::HashMap;

/// The search takes about so many times what the texts take: their vectors come besides.
const TIMES_KEPT: f64 = 3.0;

/// A text of the file.
pub struct Sent {
    /// Its row, from 1.
    pub row: usize,
    /// Its identifier; empty where none was asked for.
    pub id: String,
    /// What is left of it.
    pub text: ContactText,
}

/// Reads the texts; also how many have nothing left.
///
/// # Errors
/// [`crate::failure::BadInput`] with every fault: file, row, column, what was expected.
pub fn read(args: &TopicsArgs, is_cleaned: bool) -> anyhow::Result<(Vec<Sent>, usize)> {
    let mut table = TableStream::open_to_keep(&args.data, TIMES_KEPT)?;
    let head = table.head().clone();
    let column = head.column(&args.text)?;
    let id_column = args.id.as_deref().map(|id| head.column(id)).transpose()?;
    let (mut sent, mut nothing_left) = (Vec::new(), 0);
    let mut faults = Faults::default();
    while let Some(row) = table.next(&mut faults)? {
        match ContactText::parse(row.cell(column).unwrap_or_default(), DEFAULT_MAX_TEXT_BYTES) {
            Err(error) => faults.push(format!("{}: {error}", head.place(row, column))),
            Ok(text) => {
                let cleaned = is_cleaned.then(|| clean(text.as_str()));
                let text = match cleaned {
                    None => Some(text),
                    Some(cleaned) if cleaned.is_nothing() => None,
                    Some(cleaned) => ContactText::parse(&cleaned.text, usize::MAX).ok(),
                };
                let id = id_column.and_then(|column| row.cell(column)).unwrap_or_default();
                match text {
                    None => nothing_left += 1,
                    Some(text) => sent.push(Sent { row: row.number, id: id.to_owned(), text }),
                }
            }
        }
    }
    table.finish(faults)?;
    Ok((sent, nothing_left))
}

/// Equal texts as one, upper and lower case and white space at the ends set aside.
#[must_use]
pub fn different(sent: &[Sent]) -> Vec<Different> {
    let mut place: HashMap<String, usize> = HashMap::new();
    let mut different: Vec<Different> = Vec::new();
    for (at, sent) in sent.iter().enumerate() {
        let key = sent.text.as_str().trim().to_lowercase();
        let index = *place.entry(key).or_insert_with(|| {
            different.push(Different { text: sent.text.clone(), sent: Vec::new() });
            different.len() - 1
        });
        different[index].sent.push(at);
    }
    different
}
