//! [`TicketTable`]: a helpdesk's closed tickets from any table, checked row by row as it is read.
//!
//! Every fault is reported with its row and column; nothing is dropped in silence. Rows without a customer cannot be
//! told apart from other people's, so they are set aside and counted. Of the columns only those that are named are kept, and of
//! names that come again, such as customers and categories, one copy.

mod reader;

use crate::faults::Faults;
use crate::table::{Head, TableStream};
use reader::Reader;
use recontact::risk::features::TREATED;
use recontact::ticket::{AttributeValue, ClosedTicket, Name};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

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
    /// What sort of contact it was: technical, informational, complaint, suggestion, or the helpdesk's own words.
    pub kind: Option<String>,
    /// How urgent it was.
    pub urgency: Option<String>,
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
            kind: None,
            urgency: None,
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
#[derive(Debug, Default)]
pub struct TicketTable {
    /// Tickets whose customer is known.
    pub tickets: Vec<ClosedTicket>,
    /// For each of them the label from the label column, where one was asked for; `None` in a row without a label.
    pub labels: Option<Vec<Option<bool>>>,
    /// For each of them by days of the window whether it came back, where a file of outcomes was joined.
    pub outcomes: BTreeMap<u32, Vec<Option<bool>>>,
    /// For each of them whether it was followed up, where the table or a joined file says so.
    pub treated: Option<Vec<bool>>,
    /// For each of them the number of its row in the file, counted from 1.
    pub row_numbers: Vec<usize>,
    /// The columns of free text, by name.
    pub texts: Vec<String>,
    /// Rows set aside because they name no customer.
    pub without_customer: usize,
    /// All data rows of the file.
    pub rows: usize,
}

/// Training and measuring take about so many times what the tickets take: history and features come besides.
const TIMES_KEPT: f64 = 2.5;

impl TicketTable {
    /// Reads the tickets of a file, and the label column if one is named.
    ///
    /// # Errors
    /// [`crate::failure::BadInput`] with up to twenty faults, each naming file, row and column: a missing column, a
    /// value of the wrong form, a ticket closed before it was opened, an identifier used twice, a column that says of some
    /// tickets whether they were followed up and of others nothing.
    pub fn read(path: &Path, columns: &TicketColumns, label: Option<&str>) -> anyhow::Result<Self> {
        let mut table = TableStream::open_to_keep(path, TIMES_KEPT)?;
        let head = table.head().clone();
        let places = Places::find(&head, columns, label)?;
        let mut reader = Reader::new(&head);
        let mut first_rows: HashMap<Name, usize> = HashMap::new();
        let mut tickets = Vec::new();
        let mut labels = Vec::new();
        let mut treated: Vec<(usize, Option<bool>)> = Vec::new();
        let mut row_numbers = Vec::new();
        let mut without_customer = 0;
        while let Some(row) = table.next(&mut reader.faults)? {
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
                    treated.extend(was_treated.map(|was_treated| (row.number, was_treated)));
                    row_numbers.push(row.number);
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
        let treated = places.treated.and_then(|column| reader.all_or_none(column, &treated));
        let rows = table.finish(reader.faults)?;
        let labels = places.label.map(|_| labels);
        let texts = places.texts.into_iter().map(|(name, _)| name).collect();
        let outcomes = BTreeMap::new();
        Ok(Self { tickets, labels, outcomes, treated, row_numbers, texts, without_customer, rows })
    }
}

impl TicketTable {
    /// Makes whether a ticket was followed up an attribute named `treated`.
    pub fn treated_as_attribute(&mut self) {
        let Some(treated) = &self.treated else { return };
        for (ticket, treated) in self.tickets.iter_mut().zip(treated) {
            let value = AttributeValue::Flag(*treated);
            ticket.details.attributes.insert(TREATED.to_owned(), value);
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
    kind: Option<usize>,
    urgency: Option<usize>,
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
    fn find(head: &Head, columns: &TicketColumns, label: Option<&str>) -> anyhow::Result<Self> {
        let mut faults = Faults::default();
        let mut must = |name: &str| match head.column(name) {
            Ok(place) => place,
            Err(error) => {
                faults.push(error.to_string());
                0
            }
        };
        let mut may = |name: &Option<String>, default: &str| match name {
            Some(name) => Some(must(name)),
            None => head.find(default),
        };
        let channel = may(&columns.channel, "channel");
        let priority = may(&columns.priority, "priority");
        let team = may(&columns.team, "team");
        let kind = may(&columns.kind, "kind");
        let urgency = may(&columns.urgency, "urgency");
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
        let treated = may(&columns.treated, TREATED);
        let mut all = |names: &[String]| -> Vec<(String, usize)> {
            names.iter().map(|name| (name.clone(), must(name))).collect()
        };
        let categorical = all(&columns.categorical);
        let numeric = all(&columns.numeric);
        let texts = match &columns.text {
            Some(names) => all(names),
            None => {
                let known = TEXTS.iter().filter_map(|name| Some((*name, head.find(name)?)));
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
            kind,
            urgency,
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

#[cfg(test)]
#[path = "tickets_tests.rs"]
mod tests;
