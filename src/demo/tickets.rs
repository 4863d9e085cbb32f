//! The shipped incident tickets, as the demonstration replays them.

use crate::ticket::{AttributeValue, ClosedTicket, Name, TicketDetails};
use crate::timestamp::Timestamp;
use anyhow::Context;
use csv::StringRecord;
use flate2::read::GzDecoder;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

/// The columns that only this helpdesk has; all of them are categories.
const ATTRIBUTES: [&str; 8] = [
    "area",
    "symptom",
    "location",
    "impact",
    "urgency",
    "knowledge",
    "priority_confirmed",
    "notify",
];

/// Reads the tickets in the file's order, which is that of their closing; the few without a customer are left out.
///
/// # Errors
/// If the file cannot be read or is not the shipped one.
pub(super) fn read(path: &Path) -> anyhow::Result<Vec<ClosedTicket>> {
    let file = File::open(path).with_context(|| format!("reading {}", path.display()))?;
    let mut reader = csv::Reader::from_reader(GzDecoder::new(file));
    let columns: BTreeMap<String, usize> =
        reader.headers()?.iter().map(str::to_owned).zip(0..).collect();
    let mut tickets = Vec::new();
    for record in reader.records() {
        let row = Columns { columns: &columns, record: record? };
        if row.text("customer_id").is_some() {
            tickets.push(row.ticket()?);
        }
    }
    Ok(tickets)
}

struct Columns<'a> {
    columns: &'a BTreeMap<String, usize>,
    record: StringRecord,
}

impl Columns<'_> {
    fn ticket(&self) -> anyhow::Result<ClosedTicket> {
        Ok(ClosedTicket {
            id: self.name("ticket_id")?.context("a ticket without an id")?,
            customer_id: self.name("customer_id")?.context("a ticket without a customer")?,
            opened_at: self.instant("opened_at")?.context("a ticket without an opening")?,
            closed_at: self.instant("closed_at")?.context("a ticket without a closing")?,
            category: self.name("category")?.context("a ticket without a category")?,
            details: TicketDetails {
                channel: self.name("channel")?,
                priority: self.name("priority")?,
                team: self.name("team")?,
                reassignments: self.text("reassignments").map(str::parse).transpose()?,
                reopens: self.text("reopens").map(str::parse).transpose()?,
                sla_met: self.text("sla_met").map(str::parse).transpose()?,
                first_response_at: self.instant("first_response_at")?,
                attributes: self.attributes(),
                ..TicketDetails::default()
            },
        })
    }

    fn attributes(&self) -> BTreeMap<String, AttributeValue> {
        let value = |name: &str| Some(AttributeValue::Text(self.text(name)?.to_owned()));
        ATTRIBUTES.iter().filter_map(|name| Some(((*name).to_owned(), value(name)?))).collect()
    }

    fn text(&self, column: &str) -> Option<&str> {
        self.record.get(*self.columns.get(column)?).filter(|text| !text.is_empty())
    }

    fn name(&self, column: &str) -> anyhow::Result<Option<Name>> {
        Ok(self.text(column).map(Name::parse).transpose()?)
    }

    fn instant(&self, column: &str) -> anyhow::Result<Option<Timestamp>> {
        Ok(self.text(column).map(Timestamp::parse).transpose()?)
    }
}
