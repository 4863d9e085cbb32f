//! From rows of the two tables to [`Sighting`]s, one row after the other.

use super::external_sort::ExternalSort;
use super::identities::{Identities, Known};
use super::params::{ContactNames, TicketNames};
use super::report::Counts;
use super::sighting::{Closing, Contact, Seen, Sighting};
use crate::faults::Faults;
use crate::instant::parse_instant;
use crate::table::{Head, Row, TableStream};
use recontact::classify::encoder::TextEncoder;
use recontact::outcome::{Author, ContactKind, OutcomePolicy, TextVector, recognise};
use recontact::ticket::Name;
use std::path::Path;

/// Texts that are embedded together.
const EMBEDDING_STEP: usize = 256;

/// Reads rows into a sort.
pub(super) struct RowReader<'a> {
    /// Who is who; empty when no table has addresses or numbers.
    pub(super) identities: Option<Identities>,
    /// Embeds texts, if it is wanted.
    pub(super) encoder: Option<&'a TextEncoder>,
    /// Which channels have threads.
    pub(super) policy: &'a OutcomePolicy,
    /// What was read.
    pub(super) counts: &'a mut Counts,
}

/// Where the columns of the tickets table are.
struct TicketPlaces {
    ticket_id: usize,
    customer_id: usize,
    opened_at: usize,
    closed_at: usize,
    category: usize,
    reopened_at: Option<usize>,
    first_text: Option<usize>,
    email: Option<usize>,
    phone: Option<usize>,
}

/// Where the columns of the contacts table are.
struct ContactPlaces {
    contact_id: usize,
    customer_id: usize,
    occurred_at: usize,
    ticket_id: Option<usize>,
    channel: Option<usize>,
    author: Option<usize>,
    kind: Option<usize>,
    category: Option<usize>,
    text: Option<usize>,
    follow_up_id: Option<usize>,
    email: Option<usize>,
    phone: Option<usize>,
}

/// The identities that the rows of the tables link; `None` when neither has a column of addresses or numbers.
///
/// # Errors
/// [`crate::failure::BadInput`] when a file cannot be read; faults of rows are told by [`RowReader`].
pub(super) fn link_identities(
    tickets: (&Path, &TicketNames),
    contacts: Option<(&Path, &ContactNames)>,
) -> anyhow::Result<Option<Identities>> {
    let mut identities = Identities::default();
    let stream = TableStream::open(tickets.0)?;
    let places = TicketPlaces::find(stream.head(), tickets.1)?;
    let mut has_any = places.email.is_some() || places.phone.is_some();
    let mut tables = vec![(stream, places.customer_id, places.email, places.phone)];
    if let Some((path, names)) = contacts {
        let stream = TableStream::open(path)?;
        let places = ContactPlaces::find(stream.head(), names)?;
        has_any |= places.email.is_some() || places.phone.is_some();
        tables.push((stream, places.customer_id, places.email, places.phone));
    }
    if !has_any {
        return Ok(None);
    }
    for (mut stream, customer, email, phone) in tables {
        while let Some(row) = stream.next(&mut Faults::default())? {
            identities.link(known(row, customer, email, phone));
        }
    }
    Ok(Some(identities))
}

impl RowReader<'_> {
    /// Reads the tickets table.
    ///
    /// # Errors
    /// [`crate::failure::BadInput`] with up to twenty faults, each naming file, row and column.
    pub(super) fn read_tickets(
        &mut self,
        path: &Path,
        names: &TicketNames,
        sort: &mut ExternalSort<Sighting>,
    ) -> anyhow::Result<()> {
        let mut stream = TableStream::open(path)?;
        let head = stream.head().clone();
        let places = TicketPlaces::find(&head, names)?;
        let mut faults = Faults::default();
        let mut waiting = Vec::new();
        while let Some(row) = stream.next(&mut faults)? {
            let mut cells = Cells { head: &head, row, faults: &mut faults };
            if let Some(sighting) = self.ticket(&mut cells, &places) {
                let text = places.first_text.and_then(|column| cells.text(column));
                self.take(sighting, text, &mut waiting, sort)?;
            }
        }
        self.embed_waiting(&mut waiting, sort)?;
        self.counts.ticket_rows = stream.finish(faults)?;
        Ok(())
    }

    /// Reads the contacts table.
    ///
    /// # Errors
    /// [`crate::failure::BadInput`] with up to twenty faults, each naming file, row and column.
    pub(super) fn read_contacts(
        &mut self,
        path: &Path,
        names: &ContactNames,
        sort: &mut ExternalSort<Sighting>,
    ) -> anyhow::Result<()> {
        let mut stream = TableStream::open(path)?;
        let head = stream.head().clone();
        let places = ContactPlaces::find(&head, names)?;
        let mut faults = Faults::default();
        let mut waiting = Vec::new();
        while let Some(row) = stream.next(&mut faults)? {
            let mut cells = Cells { head: &head, row, faults: &mut faults };
            if let Some(sighting) = self.contact(&mut cells, &places) {
                let text = places.text.and_then(|column| cells.text(column));
                self.take(sighting, text, &mut waiting, sort)?;
            }
        }
        self.embed_waiting(&mut waiting, sort)?;
        self.counts.contact_rows = stream.finish(faults)?;
        Ok(())
    }

    fn ticket(&mut self, cells: &mut Cells<'_>, places: &TicketPlaces) -> Option<Sighting> {
        let ticket = cells.required(places.ticket_id, Cells::name);
        let customer = cells.name(places.customer_id);
        let opened_ms = cells.required(places.opened_at, Cells::instant);
        let closed_ms = cells.instant(places.closed_at);
        let reopened_ms = places.reopened_at.and_then(|column| cells.instant(column));
        let category = cells.required(places.category, Cells::name);
        if let (Some(opened), Some(closed)) = (opened_ms, closed_ms)
            && closed < opened
        {
            let text = |column| cells.text(column).unwrap_or_default();
            let fault = format!(
                "expected no earlier than the opening {}, got {}",
                text(places.opened_at),
                text(places.closed_at)
            );
            cells.fault(places.closed_at, &fault);
        }
        let person = self.person(cells.row, places.customer_id, places.email, places.phone);
        let closing = Closing {
            opened_ms: opened_ms?,
            closed_ms,
            reopened_ms,
            category: category?,
            embedding: None,
        };
        self.counts.see(closing.opened_ms);
        Some(Sighting {
            ticket: Some(ticket?),
            person,
            customer,
            row: cells.row.number,
            seen: Seen::Closing(closing),
        })
    }

    fn contact(&mut self, cells: &mut Cells<'_>, places: &ContactPlaces) -> Option<Sighting> {
        let id = cells.required(places.contact_id, Cells::name);
        let customer = cells.name(places.customer_id);
        let at_ms = cells.required(places.occurred_at, Cells::instant);
        let ticket = places.ticket_id.and_then(|column| cells.name(column));
        let channel = places.channel.and_then(|column| cells.name(column));
        let author =
            places.author.and_then(|column| cells.word(column, &Author::ALL.map(Author::as_str)));
        let author = author.and_then(Author::parse).unwrap_or_default();
        let kind = places
            .kind
            .and_then(|column| cells.word(column, &ContactKind::ALL.map(ContactKind::as_str)));
        let kind = kind.and_then(ContactKind::parse).unwrap_or_else(|| {
            let text = places.text.and_then(|column| cells.text(column));
            recognise(text.unwrap_or_default(), author).kind
        });
        let category = places.category.and_then(|column| cells.name(column));
        let follow_up = places.follow_up_id.and_then(|column| cells.name(column));
        let person = self.person(cells.row, places.customer_id, places.email, places.phone);
        let contact = Contact {
            id: id?,
            at_ms: at_ms?,
            author,
            kind,
            category,
            is_thread: channel.is_some_and(|channel| self.policy.is_thread(channel.as_str())),
            answers_follow_up: follow_up.is_some(),
            embedding: None,
        };
        self.counts.see(contact.at_ms);
        Some(Sighting {
            ticket,
            person,
            customer,
            row: cells.row.number,
            seen: Seen::Contact(contact),
        })
    }

    fn person(
        &mut self,
        row: Row<'_>,
        customer: usize,
        email: Option<usize>,
        phone: Option<usize>,
    ) -> Option<String> {
        let known = known(row, customer, email, phone);
        match &mut self.identities {
            Some(identities) => identities.person(known),
            None => known.customer.map(str::to_owned),
        }
    }

    /// Sorts a row at once, or lets it wait until there are texts enough to embed.
    fn take(
        &mut self,
        sighting: Sighting,
        text: Option<&str>,
        waiting: &mut Vec<(Sighting, String)>,
        sort: &mut ExternalSort<Sighting>,
    ) -> anyhow::Result<()> {
        let is_substantive = match &sighting.seen {
            Seen::Contact(contact) => contact.kind == ContactKind::Substantive,
            Seen::Closing(_) => true,
        };
        match text.filter(|_| self.encoder.is_some() && is_substantive) {
            None => sort.push(sighting),
            Some(text) => {
                waiting.push((sighting, text.to_owned()));
                if waiting.len() < EMBEDDING_STEP {
                    Ok(())
                } else {
                    self.embed_waiting(waiting, sort)
                }
            }
        }
    }

    fn embed_waiting(
        &mut self,
        waiting: &mut Vec<(Sighting, String)>,
        sort: &mut ExternalSort<Sighting>,
    ) -> anyhow::Result<()> {
        let Some(encoder) = self.encoder.filter(|_| !waiting.is_empty()) else { return Ok(()) };
        let texts: Vec<&str> = waiting.iter().map(|(_, text)| text.as_str()).collect();
        let embeddings = encoder.embed(&texts)?;
        self.counts.embedded += embeddings.len();
        for ((mut sighting, _), embedding) in waiting.drain(..).zip(embeddings) {
            let vector = TextVector::from_embedding(&embedding.vector);
            match &mut sighting.seen {
                Seen::Closing(closing) => closing.embedding = vector,
                Seen::Contact(contact) => contact.embedding = vector,
            }
            sort.push(sighting)?;
        }
        Ok(())
    }
}

impl TicketPlaces {
    fn find(head: &Head, names: &TicketNames) -> anyhow::Result<Self> {
        let mut places = Places { head, faults: Faults::default() };
        let found = Self {
            ticket_id: places.must(&names.ticket_id),
            customer_id: places.must(&names.customer_id),
            opened_at: places.must(&names.opened_at),
            closed_at: places.must(&names.closed_at),
            category: places.must(&names.category),
            reopened_at: places.may(names.reopened_at.as_deref(), "reopened_at"),
            first_text: places.may(names.first_text.as_deref(), "first_text"),
            email: places.may(names.email.as_deref(), "email"),
            phone: places.may(names.phone.as_deref(), "phone"),
        };
        places.faults.finish()?;
        Ok(found)
    }
}

impl ContactPlaces {
    fn find(head: &Head, names: &ContactNames) -> anyhow::Result<Self> {
        let mut places = Places { head, faults: Faults::default() };
        let found = Self {
            contact_id: places.must(&names.contact_id),
            customer_id: places.must(&names.customer_id),
            occurred_at: places.must(&names.occurred_at),
            ticket_id: places.may(names.ticket_id.as_deref(), "ticket_id"),
            channel: places.may(names.channel.as_deref(), "channel"),
            author: places.may(names.author.as_deref(), "author"),
            kind: places.may(names.kind.as_deref(), "kind"),
            category: places.may(names.category.as_deref(), "category"),
            text: places.may(names.text.as_deref(), "text"),
            follow_up_id: places.may(names.follow_up_id.as_deref(), "follow_up_id"),
            email: places.may(names.email.as_deref(), "email"),
            phone: places.may(names.phone.as_deref(), "phone"),
        };
        places.faults.finish()?;
        Ok(found)
    }
}

/// Finds columns and notes those that are missing.
struct Places<'h> {
    head: &'h Head,
    faults: Faults,
}

impl Places<'_> {
    fn must(&mut self, name: &str) -> usize {
        self.head.column(name).unwrap_or_else(|error| {
            self.faults.push(error.to_string());
            0
        })
    }

    fn may(&mut self, name: Option<&str>, default: &str) -> Option<usize> {
        match name {
            Some(name) => Some(self.must(name)),
            None => self.head.find(default),
        }
    }
}

/// Reads the cells of a row and notes every fault.
struct Cells<'a> {
    head: &'a Head,
    row: Row<'a>,
    faults: &'a mut Faults,
}

impl<'a> Cells<'a> {
    fn text(&self, column: usize) -> Option<&'a str> {
        self.row.cell(column).map(str::trim).filter(|text| !text.is_empty())
    }

    fn fault(&mut self, column: usize, fault: &str) {
        self.faults.push(format!("{}: {fault}", self.head.place(self.row, column)));
    }

    fn required<T>(
        &mut self,
        column: usize,
        read: impl Fn(&mut Self, usize) -> Option<T>,
    ) -> Option<T> {
        if self.text(column).is_none() {
            self.fault(column, "expected a value, the cell is empty");
            return None;
        }
        read(self, column)
    }

    fn read<T>(&mut self, column: usize, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        let parsed = parse(self.text(column)?);
        parsed.map_err(|fault| self.fault(column, &fault)).ok()
    }

    fn name(&mut self, column: usize) -> Option<Name> {
        self.read(column, |text| Name::parse(text).map_err(|error| error.to_string()))
    }

    fn instant(&mut self, column: usize) -> Option<i64> {
        self.read(column, |text| parse_instant(text).map(recontact::timestamp::Timestamp::millis))
    }

    /// One of some words, in any case.
    fn word(&mut self, column: usize, words: &[&'static str]) -> Option<&'static str> {
        self.read(column, |text| {
            let lower = text.to_lowercase();
            let word = words.iter().find(|word| **word == lower).copied();
            word.ok_or_else(|| format!("expected one of {}, got {text:?}", words.join(", ")))
        })
    }
}

fn known(row: Row<'_>, customer: usize, email: Option<usize>, phone: Option<usize>) -> Known<'_> {
    let text = |column| row.cell(column).map(str::trim).filter(|text| !text.is_empty());
    Known { customer: text(customer), email: email.and_then(text), phone: phone.and_then(text) }
}
