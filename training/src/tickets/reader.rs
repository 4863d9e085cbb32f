//! Reads the cells of one row and notes every fault instead of stopping at the first.

use super::Places;
use crate::faults::Faults;
use crate::instant::parse_instant;
use crate::table::{Head, Row};
use recontact::ticket::{AttributeValue, Name, TicketDetails};
use recontact::timestamp::Timestamp;
use std::collections::{BTreeMap, HashSet};
use std::str::FromStr;

/// A ticket whose customer may not be known.
pub(super) struct CheckedRow {
    pub(super) id: Name,
    pub(super) customer: Option<Name>,
    pub(super) opened_at: Timestamp,
    pub(super) closed_at: Timestamp,
    pub(super) category: Name,
    pub(super) details: TicketDetails,
}

/// Reads cells and notes every fault instead of stopping at the first.
pub(super) struct Reader<'t> {
    head: &'t Head,
    pub(super) faults: Faults,
    /// Names that come again, so that each is in memory once.
    names: HashSet<Name>,
}

impl<'t> Reader<'t> {
    pub(super) fn new(head: &'t Head) -> Self {
        Self { head, faults: Faults::default(), names: HashSet::new() }
    }

    pub(super) fn ticket(&mut self, row: Row<'_>, places: &Places) -> Option<CheckedRow> {
        let id = self.required(row, places.ticket_id, Self::parsed_name);
        let customer = self.name(row, places.customer_id);
        let opened_at = self.required(row, places.opened_at, Self::instant);
        let closed_at = self.required(row, places.closed_at, Self::instant);
        let category = self.required(row, places.category, Self::name);
        if let (Some(opened_at), Some(closed_at)) = (opened_at, closed_at)
            && closed_at < opened_at
        {
            let fault =
                format!("expected no earlier than the opening {opened_at}, got {closed_at}");
            self.fault(row, places.closed_at, &fault);
        }
        let details = self.details(row, places);
        Some(CheckedRow {
            id: id?,
            customer,
            opened_at: opened_at?,
            closed_at: closed_at?,
            category: category?,
            details,
        })
    }

    fn details(&mut self, row: Row<'_>, places: &Places) -> TicketDetails {
        let mut attributes = BTreeMap::new();
        for (name, column) in &places.categorical {
            if let Some(value) = self.parsed_name(row, *column) {
                attributes.insert(name.clone(), AttributeValue::Text(value.into()));
            }
        }
        for (name, column) in &places.numeric {
            if let Some(value) = self.number(row, *column) {
                attributes.insert(name.clone(), AttributeValue::Number(value));
            }
        }
        TicketDetails {
            channel: places.channel.and_then(|column| self.name(row, column)),
            priority: places.priority.and_then(|column| self.name(row, column)),
            team: places.team.and_then(|column| self.name(row, column)),
            kind: places.kind.and_then(|column| self.name(row, column)),
            urgency: places.urgency.and_then(|column| self.name(row, column)),
            reassignments: places.reassignments.and_then(|column| self.count(row, column)),
            reopens: places.reopens.and_then(|column| self.count(row, column)),
            sla_met: places.sla_met.and_then(|column| self.flag(row, column)),
            csat: places.csat.and_then(|column| self.number(row, column)),
            first_response_at: places
                .first_response_at
                .and_then(|column| self.instant(row, column)),
            messages_in: places.messages_in.and_then(|column| self.count(row, column)),
            messages_out: places.messages_out.and_then(|column| self.count(row, column)),
            chars_in: places.chars_in.and_then(|column| self.count(row, column)),
            chars_out: places.chars_out.and_then(|column| self.count(row, column)),
            category_changed: places.category_changed.and_then(|column| self.flag(row, column)),
            attributes,
            texts: places
                .texts
                .iter()
                .filter_map(|(name, column)| Some((name.clone(), cell(row, *column)?.to_owned())))
                .collect(),
            // What only key figures look at is no column of training.
            ..TicketDetails::default()
        }
    }

    pub(super) fn fault(&mut self, row: Row<'_>, column: usize, fault: &str) {
        self.faults.push(format!("{}: {fault}", self.head.place(row, column)));
    }

    /// Whether each ticket was followed up, from a column that says so of all of them, or `None` from one that is empty.
    /// A column that says it of some leaves the others unknown, and unknown is not untreated: that is a fault.
    pub(super) fn all_or_none(
        &mut self,
        column: usize,
        rows: &[(usize, Option<bool>)],
    ) -> Option<Vec<bool>> {
        let known: Vec<bool> = rows.iter().filter_map(|(_, treated)| *treated).collect();
        if known.is_empty() {
            return None;
        }
        if let Some((number, _)) = rows.iter().find(|(_, treated)| treated.is_none()) {
            let (file, name) = (self.head.file(), &self.head.columns()[column]);
            self.faults.push(format!(
                "{file}, row {number}, column {name}: expected true or false in every row or in none, {} of {} cells are \
                 empty; whether those tickets were followed up is not known",
                rows.len() - known.len(),
                rows.len()
            ));
        }
        Some(known)
    }

    fn required<T>(
        &mut self,
        row: Row<'_>,
        column: usize,
        read: impl Fn(&mut Self, Row<'_>, usize) -> Option<T>,
    ) -> Option<T> {
        if cell(row, column).is_none() {
            self.fault(row, column, "expected a value, the cell is empty");
            return None;
        }
        read(self, row, column)
    }

    /// Reads a cell that may be empty; a fault is noted and read as missing.
    fn read<T>(
        &mut self,
        row: Row<'_>,
        column: usize,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let parsed = parse(cell(row, column)?);
        parsed.map_err(|fault| self.fault(row, column, &fault)).ok()
    }

    /// A name that other rows have too.
    fn name(&mut self, row: Row<'_>, column: usize) -> Option<Name> {
        let name = self.parsed_name(row, column)?;
        if let Some(known) = self.names.get(&name) {
            return Some(known.clone());
        }
        self.names.insert(name.clone());
        Some(name)
    }

    fn parsed_name(&mut self, row: Row<'_>, column: usize) -> Option<Name> {
        self.read(row, column, |text| Name::parse(text).map_err(|error| error.to_string()))
    }

    fn instant(&mut self, row: Row<'_>, column: usize) -> Option<Timestamp> {
        self.read(row, column, parse_instant)
    }

    fn count(&mut self, row: Row<'_>, column: usize) -> Option<u32> {
        // Whole numbers pass through floating-point columns of other tools as `3.0`.
        self.read(row, column, |text| {
            let whole = text.strip_suffix(".0").unwrap_or(text);
            u32::from_str(whole).map_err(|_| {
                format!("expected a whole number from 0 to {}, got {text:?}", u32::MAX)
            })
        })
    }

    fn number(&mut self, row: Row<'_>, column: usize) -> Option<f64> {
        self.read(row, column, |text| match f64::from_str(text) {
            Ok(number) if number.is_finite() => Ok(number),
            _ => Err(format!("expected a finite number such as 12.5, got {text:?}")),
        })
    }

    pub(super) fn flag(&mut self, row: Row<'_>, column: usize) -> Option<bool> {
        self.read(row, column, |text| match text.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "1.0" => Ok(true),
            "false" | "0" | "no" | "0.0" => Ok(false),
            _ => Err(format!("expected true or false, got {text:?}")),
        })
    }
}

/// The cell without surrounding white space.
fn cell(row: Row<'_>, column: usize) -> Option<&str> {
    row.cell(column).map(str::trim).filter(|text| !text.is_empty())
}
