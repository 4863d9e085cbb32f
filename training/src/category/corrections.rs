//! [`Corrections`]: labels that people set right, which count above those of the training table.
//!
//! `recontact report corrections` writes them. They know a contact by its identifier, since the service keeps no texts.

use super::data::Examples;
use crate::faults::Faults;
use crate::table::TableStream;
use recontact::contact::{ContactText, DEFAULT_MAX_TEXT_BYTES, Head};
use recontact::ticket::Name;
use recontact::timestamp::Timestamp;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The last correction of each contact for one head.
#[derive(Debug, Clone, Default)]
pub struct Corrections {
    by_contact: BTreeMap<String, Correction>,
}

#[derive(Debug, Clone)]
struct Correction {
    label: Name,
    author: String,
    occurred_at: Timestamp,
    text: Option<ContactText>,
}

/// What corrections did to a training table; part of the manifest.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct AppliedCorrections {
    /// Contacts with a correction for this head.
    pub contacts: usize,
    /// Rows of the table that have another label now.
    pub changed: usize,
    /// Rows whose label was confirmed.
    pub confirmed: usize,
    /// Rows that were added, because the corrections came with the text.
    pub added: usize,
    /// Corrections of contacts that are in no row and came without a text.
    pub unmatched: usize,
    /// Who set them, in order.
    pub authors: BTreeSet<String>,
    /// When the first of them was set.
    pub first: Option<Timestamp>,
    /// When the last of them was set.
    pub last: Option<Timestamp>,
}

impl Corrections {
    /// Reads a table with the columns `contact_id`, `head`, `label`, `author`, `occurred_at` and, where texts are known,
    /// `text`. Rows for other heads are passed over; of several for one contact the latest counts.
    ///
    /// # Errors
    /// [`crate::failure::BadInput`] with every fault: file, row, column, what was expected.
    pub fn read(path: &Path, head: Head) -> anyhow::Result<Self> {
        let mut table = TableStream::open(path)?;
        let columns = table.head().clone();
        let [contact, of_head, label, author, occurred_at] =
            ["contact_id", "head", "label", "author", "occurred_at"]
                .map(|column| columns.column(column));
        let (contact, of_head, label, author, occurred_at) =
            (contact?, of_head?, label?, author?, occurred_at?);
        let text = columns.find("text");
        let (mut corrections, mut faults) = (Self::default(), Faults::default());
        while let Some(row) = table.next(&mut faults)? {
            let cell = |column| row.cell(column).unwrap_or_default();
            match Head::parse(cell(of_head).trim()) {
                Some(found) if found == head => {}
                Some(_) => continue,
                None => {
                    let known = Head::ALL.map(Head::as_str).join(", ");
                    faults
                        .push(format!("{}: expected one of {known}", columns.place(row, of_head)));
                    continue;
                }
            }
            let mut fault = |column, error: String| {
                faults.push(format!("{}: {error}", columns.place(row, column)));
            };
            let id = Name::parse(cell(contact)).map_err(|e| fault(contact, e.to_string()));
            let right = Name::parse(cell(label)).map_err(|e| fault(label, e.to_string()));
            let at = Timestamp::parse(cell(occurred_at).trim())
                .map_err(|e| fault(occurred_at, e.to_string()));
            let words = text
                .and_then(|column| Some((column, row.cell(column)?)))
                .map(|(column, text)| {
                    ContactText::parse(text, DEFAULT_MAX_TEXT_BYTES)
                        .map_err(|e| fault(column, e.to_string()))
                })
                .transpose();
            let (Ok(id), Ok(label), Ok(occurred_at), Ok(text)) = (id, right, at, words) else {
                continue;
            };
            let author = cell(author).trim().to_owned();
            corrections
                .add(id.as_str().to_owned(), Correction { label, author, occurred_at, text });
        }
        table.finish(faults)?;
        Ok(corrections)
    }

    fn add(&mut self, contact: String, correction: Correction) {
        let is_later = |known: &Correction| known.occurred_at > correction.occurred_at;
        if !self.by_contact.get(&contact).is_some_and(is_later) {
            self.by_contact.insert(contact, correction);
        }
    }

    /// Sets the labels of the rows whose contact was corrected, and adds the corrected texts that are in none of `tables`.
    #[must_use]
    pub fn apply(&self, train: &mut Examples, test: Option<&mut Examples>) -> AppliedCorrections {
        let mut applied = AppliedCorrections {
            contacts: self.by_contact.len(),
            authors: self.by_contact.values().map(|c| c.author.clone()).collect(),
            first: self.by_contact.values().map(|c| c.occurred_at).min(),
            last: self.by_contact.values().map(|c| c.occurred_at).max(),
            ..AppliedCorrections::default()
        };
        let mut seen: BTreeSet<String> = BTreeSet::new();
        for examples in [Some(&mut *train), test].into_iter().flatten() {
            for (id, category) in examples.ids.iter().zip(&mut examples.categories) {
                let Some((contact, correction)) = self.by_contact.get_key_value(id) else {
                    continue;
                };
                seen.insert(contact.clone());
                if *category == correction.label {
                    applied.confirmed += 1;
                } else {
                    *category = correction.label.clone();
                    applied.changed += 1;
                }
            }
        }
        for (contact, correction) in &self.by_contact {
            match &correction.text {
                _ if seen.contains(contact) => {}
                Some(text) => {
                    train.push(text.clone(), correction.label.clone(), contact.clone());
                    applied.added += 1;
                }
                None => applied.unmatched += 1,
            }
        }
        applied
    }
}
