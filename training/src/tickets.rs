//! [`TicketTable`]: a helpdesk's closed tickets from any [`Table`], checked row by row.
//!
//! Every fault is reported with its row and column; nothing is dropped in silence. Rows without a customer cannot be
//! told apart from other people's, so they are set aside and counted.

use crate::faults::Faults;
use crate::instant::parse_instant;
use crate::table::{Row, Table};
use recontact::ticket::{AttributeValue, ClosedTicket, Name, TicketDetails};
use recontact::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::str::FromStr;

/// Which column of the table holds what. The defaults are the project's own names; an optional column that is named
/// here must exist, one that is not named is used if the table has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TicketColumns {
    /// The helpdesk's identifier, unique.
    pub ticket_id: String,
    /// Whose problem it was; empty where not known.
    pub customer_id: String,
    /// When it was opened.
    pub opened_at: String,
    /// When it was closed.
    pub closed_at: String,
    /// What it was about. The label asks for another ticket of the same category.
    pub category: String,
    /// How the customer came in.
    pub channel: Option<String>,
    /// The helpdesk's priority label.
    pub priority: Option<String>,
    /// The team that closed it.
    pub team: Option<String>,
    /// How often it was handed to another team.
    pub reassignments: Option<String>,
    /// How often it was reopened before this closing.
    pub reopens: Option<String>,
    /// Whether the service level was met.
    pub sla_met: Option<String>,
    /// The customer's satisfaction.
    pub csat: Option<String>,
    /// When the first answer went out.
    pub first_response_at: Option<String>,
    /// Messages from the customer.
    pub messages_in: Option<String>,
    /// Messages to the customer.
    pub messages_out: Option<String>,
    /// Characters of all messages from the customer.
    pub chars_in: Option<String>,
    /// Characters of all messages to the customer.
    pub chars_out: Option<String>,
    /// Whether the category was changed while the ticket was worked on.
    pub category_changed: Option<String>,
    /// Whether the ticket was followed up, so that its outcome is not what it would have been.
    pub treated: Option<String>,
    /// Further columns that name one of several values.
    pub categorical: Vec<String>,
    /// Further columns that hold a number.
    pub numeric: Vec<String>,
    /// Columns of free text. Left out: `first_text`, `last_text` and `answer_text`, those that the table has.
    pub text: Option<Vec<String>>,
}

impl Default for TicketColumns {
    fn default() -> Self {
        Self {
            ticket_id: "ticket_id".into(),
            customer_id: "customer_id".into(),
            opened_at: "opened_at".into(),
            closed_at: "closed_at".into(),
            category: "category".into(),
            channel: None,
            priority: None,
            team: None,
            reassignments: None,
            reopens: None,
            sla_met: None,
            csat: None,
            first_response_at: None,
            messages_in: None,
            messages_out: None,
            chars_in: None,
            chars_out: None,
            category_changed: None,
            treated: None,
            categorical: Vec::new(),
            numeric: Vec::new(),
            text: None,
        }
    }
}

/// The columns of free text that are used where the table has them.
const TEXTS: [&str; 3] = ["first_text", "last_text", "answer_text"];

/// A table's closed tickets, in the table's order.
#[derive(Debug)]
pub struct TicketTable {
    /// Tickets whose customer is known.
    pub tickets: Vec<ClosedTicket>,
    /// For each of them the label from the label column, where one was asked for; `None` in a row without a label.
    pub labels: Option<Vec<Option<bool>>>,
    /// For each of them whether it was followed up, where the table says so.
    pub treated: Option<Vec<Option<bool>>>,
    /// The columns of free text, by name.
    pub texts: Vec<String>,
    /// Rows set aside because they name no customer.
    pub without_customer: usize,
    /// All data rows of the file.
    pub rows: usize,
}

impl TicketTable {
    /// Reads the tickets of a table, and the label column if one is named.
    ///
    /// # Errors
    /// [`crate::failure::BadInput`] with up to twenty faults, each naming file, row and column: a missing column, a
    /// value of the wrong form, a ticket closed before it was opened, an identifier used twice.
    pub fn from_table(
        table: &Table,
        columns: &TicketColumns,
        label: Option<&str>,
    ) -> anyhow::Result<Self> {
        let places = Places::find(table, columns, label)?;
        let mut reader = Reader { table, faults: Faults::default() };
        let mut first_rows: HashMap<Name, usize> = HashMap::new();
        let mut tickets = Vec::with_capacity(table.len());
        let mut labels = Vec::new();
        let mut treated = Vec::new();
        let mut without_customer = 0;
        for row in table.rows() {
            let Some(ticket) = reader.ticket(row, &places) else { continue };
            if let Some(first) = first_rows.insert(ticket.id.clone(), row.number) {
                let id = &ticket.id;
                let fault = format!(
                    "expected each ticket once, {id:?} is also in row {first}",
                    id = id.as_str()
                );
                reader.fault(row, places.ticket_id, &fault);
            }
            let label = places.label.map(|column| reader.flag(row, column));
            let was_treated = places.treated.map(|column| reader.flag(row, column));
            match ticket.customer {
                Some(customer_id) => {
                    labels.extend(label);
                    treated.extend(was_treated);
                    tickets.push(ClosedTicket {
                        id: ticket.id,
                        customer_id,
                        opened_at: ticket.opened_at,
                        closed_at: ticket.closed_at,
                        category: ticket.category,
                        details: ticket.details,
                    });
                }
                None => without_customer += 1,
            }
        }
        reader.faults.finish()?;
        let labels = places.label.map(|_| labels);
        let treated = places.treated.map(|_| treated);
        let texts = places.texts.into_iter().map(|(name, _)| name).collect();
        Ok(Self { tickets, labels, treated, texts, without_customer, rows: table.len() })
    }
}

impl TicketTable {
    /// Makes whether a ticket was followed up an attribute named `treated`.
    pub fn treated_as_attribute(&mut self) {
        let Some(treated) = &self.treated else { return };
        for (ticket, treated) in self.tickets.iter_mut().zip(treated) {
            if let Some(treated) = treated {
                let value = AttributeValue::Flag(*treated);
                ticket.details.attributes.insert("treated".to_owned(), value);
            }
        }
    }
}

/// Where each column is.
struct Places {
    ticket_id: usize,
    customer_id: usize,
    opened_at: usize,
    closed_at: usize,
    category: usize,
    channel: Option<usize>,
    priority: Option<usize>,
    team: Option<usize>,
    reassignments: Option<usize>,
    reopens: Option<usize>,
    sla_met: Option<usize>,
    csat: Option<usize>,
    first_response_at: Option<usize>,
    messages_in: Option<usize>,
    messages_out: Option<usize>,
    chars_in: Option<usize>,
    chars_out: Option<usize>,
    category_changed: Option<usize>,
    treated: Option<usize>,
    categorical: Vec<(String, usize)>,
    numeric: Vec<(String, usize)>,
    texts: Vec<(String, usize)>,
    label: Option<usize>,
}

impl Places {
    fn find(table: &Table, columns: &TicketColumns, label: Option<&str>) -> anyhow::Result<Self> {
        let mut faults = Faults::default();
        let mut must = |name: &str| match table.column(name) {
            Ok(place) => place,
            Err(error) => {
                faults.push(error.to_string());
                0
            }
        };
        let mut may = |name: &Option<String>, default: &str| match name {
            Some(name) => Some(must(name)),
            None => table.find(default),
        };
        let channel = may(&columns.channel, "channel");
        let priority = may(&columns.priority, "priority");
        let team = may(&columns.team, "team");
        let reassignments = may(&columns.reassignments, "reassignments");
        let reopens = may(&columns.reopens, "reopens");
        let sla_met = may(&columns.sla_met, "sla_met");
        let csat = may(&columns.csat, "csat");
        let first_response_at = may(&columns.first_response_at, "first_response_at");
        let messages_in = may(&columns.messages_in, "messages_in");
        let messages_out = may(&columns.messages_out, "messages_out");
        let chars_in = may(&columns.chars_in, "chars_in");
        let chars_out = may(&columns.chars_out, "chars_out");
        let category_changed = may(&columns.category_changed, "category_changed");
        let treated = may(&columns.treated, "treated");
        let mut all = |names: &[String]| -> Vec<(String, usize)> {
            names.iter().map(|name| (name.clone(), must(name))).collect()
        };
        let categorical = all(&columns.categorical);
        let numeric = all(&columns.numeric);
        let texts = match &columns.text {
            Some(names) => all(names),
            None => {
                let known = TEXTS.iter().filter_map(|name| Some((*name, table.find(name)?)));
                known.map(|(name, place)| (name.to_owned(), place)).collect()
            }
        };
        let places = Self {
            ticket_id: must(&columns.ticket_id),
            customer_id: must(&columns.customer_id),
            opened_at: must(&columns.opened_at),
            closed_at: must(&columns.closed_at),
            category: must(&columns.category),
            channel,
            priority,
            team,
            reassignments,
            reopens,
            sla_met,
            csat,
            first_response_at,
            messages_in,
            messages_out,
            chars_in,
            chars_out,
            category_changed,
            treated,
            categorical,
            numeric,
            texts,
            label: label.map(&mut must),
        };
        faults.finish()?;
        Ok(places)
    }
}

/// A ticket whose customer may not be known.
struct CheckedRow {
    id: Name,
    customer: Option<Name>,
    opened_at: Timestamp,
    closed_at: Timestamp,
    category: Name,
    details: TicketDetails,
}

/// Reads cells and notes every fault instead of stopping at the first.
struct Reader<'t> {
    table: &'t Table,
    faults: Faults,
}

impl Reader<'_> {
    fn ticket(&mut self, row: Row<'_>, places: &Places) -> Option<CheckedRow> {
        let id = self.required(row, places.ticket_id, Self::name);
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
            if let Some(value) = self.name(row, *column) {
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
        }
    }

    fn fault(&mut self, row: Row<'_>, column: usize, fault: &str) {
        self.faults.push(format!("{}: {fault}", self.table.place(row, column)));
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

    fn name(&mut self, row: Row<'_>, column: usize) -> Option<Name> {
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

    fn flag(&mut self, row: Row<'_>, column: usize) -> Option<bool> {
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

#[cfg(test)]
#[path = "tickets_tests.rs"]
mod tests;
