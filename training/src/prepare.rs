//! `recontact-train prepare`: tables that can be trained on. `pieces` cuts texts into short ones; `incident-log` is here: the
//! public incident event log as one row per closed ticket.
//!
//! A ticket counts as closed when it was resolved, or closed where it never was resolved. Its values are those of the
//! last event up to that instant, so that nothing is told that was not known then. `closed_code` is left out: most
//! tickets get theirs afterwards. Nothing that says who worked on a ticket is taken over.

pub mod pieces;

use crate::bad_input;
use crate::faults::Faults;
use crate::instant::parse_day_first;
use crate::table::{Head, Row, TableStream};
use crate::whole_file::write_with;
use clap::{Args, Subcommand};
use flate2::{Compression, GzBuilder};
use recontact::timestamp::Timestamp;
use std::collections::HashMap;
use std::io::Write;
use std::path::{Path, PathBuf};

/// What `prepare` can read.
#[derive(Debug, Subcommand)]
pub enum PrepareCommand {
    /// The UCI incident management event log (one row per event) to one row per closed ticket.
    IncidentLog(IncidentLogArgs),
    /// A table of texts to one of pieces of them, from single words to whole sentences.
    Pieces(pieces::PiecesArgs),
}

/// Arguments of `prepare incident-log`.
#[derive(Debug, Args)]
pub struct IncidentLogArgs {
    /// The event log, `.csv` or `.csv.gz`.
    #[arg(long, value_name = "FILE")]
    pub events: PathBuf,
    /// Where to write the tickets, `.csv` or `.csv.gz`; an existing file is replaced.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// Runs `prepare`.
///
/// # Errors
/// [`crate::failure::BadInput`] when the log is not of its form, else what the disk says.
pub fn run(command: PrepareCommand) -> anyhow::Result<()> {
    match command {
        PrepareCommand::IncidentLog(args) => prepare_incident_log(&args),
        PrepareCommand::Pieces(args) => pieces::run(&args),
    }
}

fn prepare_incident_log(args: &IncidentLogArgs) -> anyhow::Result<()> {
    let (events, tickets) = tickets(&args.events)?;
    write(&args.out, |out| write_csv(out, &tickets))?;
    eprintln!("{events} events of {} tickets written to {}", tickets.len(), args.out.display());
    Ok(())
}

/// Output columns that are copied as they are, with the log's names for them.
const COPIED: [(&str, &str); 15] = [
    ("channel", "contact_type"),
    ("priority", "priority"),
    ("team", "assignment_group"),
    ("reassignments", "reassignment_count"),
    ("reopens", "reopen_count"),
    ("sla_met", "made_sla"),
    ("updates", "sys_mod_count"),
    ("area", "category"),
    ("symptom", "u_symptom"),
    ("location", "location"),
    ("impact", "impact"),
    ("urgency", "urgency"),
    ("knowledge", "knowledge"),
    ("priority_confirmed", "u_priority_confirmation"),
    ("notify", "notify"),
];

/// A ticket of the log on its way to a row.
struct Prepared {
    id: String,
    closed_at: Timestamp,
    cells: Vec<String>,
}

/// What the events of one ticket have said so far.
struct Gathered {
    id: String,
    opened_at: Timestamp,
    closed_at: Timestamp,
    /// Of the first event, then of the last one known at the closing: caller, subcategory and the copied columns.
    event: Vec<String>,
    event_at: Option<Timestamp>,
    worked_on_at: Option<Timestamp>,
}

struct Log<'t> {
    head: &'t Head,
    number: usize,
    state: usize,
    opened_at: usize,
    updated_at: usize,
    resolved_at: usize,
    closed_at: usize,
    caller: usize,
    subcategory: usize,
    copied: Vec<usize>,
}

/// One row per ticket, ordered by closing and identifier.
fn tickets(path: &Path) -> anyhow::Result<(usize, Vec<Prepared>)> {
    let mut table = TableStream::open(path)?;
    let head = table.head().clone();
    let log = Log::find(&head)?;
    let mut faults = Faults::default();
    let mut order: Vec<Gathered> = Vec::new();
    let mut positions: HashMap<String, usize> = HashMap::new();
    while let Some(row) = table.next(&mut faults)? {
        if let Err(fault) = log.take(row, &mut order, &mut positions) {
            faults.push(fault);
        }
    }
    let events = table.finish(faults)?;
    let mut tickets: Vec<Prepared> = order.into_iter().map(Gathered::prepared).collect();
    tickets.sort_by(|a, b| (a.closed_at, &a.id).cmp(&(b.closed_at, &b.id)));
    Ok((events, tickets))
}

impl<'t> Log<'t> {
    fn find(head: &'t Head) -> anyhow::Result<Self> {
        Ok(Self {
            head,
            number: head.column("number")?,
            state: head.column("incident_state")?,
            opened_at: head.column("opened_at")?,
            updated_at: head.column("sys_updated_at")?,
            resolved_at: head.column("resolved_at")?,
            closed_at: head.column("closed_at")?,
            caller: head.column("caller_id")?,
            subcategory: head.column("subcategory")?,
            copied: COPIED
                .iter()
                .map(|(_, name)| head.column(name))
                .collect::<anyhow::Result<_>>()?,
        })
    }

    /// Adds one event to its ticket.
    fn take(
        &self,
        row: Row<'_>,
        order: &mut Vec<Gathered>,
        positions: &mut HashMap<String, usize>,
    ) -> Result<(), String> {
        let id = known(row, self.number)
            .ok_or_else(|| format!("{}: expected a value", self.head.place(row, self.number)))?;
        let updated_at = self.required(row, self.updated_at)?;
        let position = match positions.get(id) {
            Some(position) => *position,
            None => {
                let opened_at = self.required(row, self.opened_at)?;
                let closed_at = match self.instant(row, self.resolved_at)? {
                    Some(resolved_at) => resolved_at,
                    None => self.required(row, self.closed_at)?,
                };
                positions.insert(id.to_owned(), order.len());
                order.push(Gathered {
                    id: id.to_owned(),
                    opened_at,
                    closed_at,
                    event: self.event(row),
                    event_at: None,
                    worked_on_at: None,
                });
                order.len() - 1
            }
        };
        let ticket = &mut order[position];
        if updated_at > ticket.closed_at {
            return Ok(());
        }
        // Of events at the same instant the later line of the file wins.
        if ticket.event_at.is_none_or(|event_at| event_at <= updated_at) {
            ticket.event = self.event(row);
            ticket.event_at = Some(updated_at);
        }
        if known(row, self.state) != Some("New") {
            let earliest = ticket.worked_on_at.map_or(updated_at, |at| at.min(updated_at));
            ticket.worked_on_at = Some(earliest);
        }
        Ok(())
    }

    /// What is taken over of an event.
    fn event(&self, row: Row<'_>) -> Vec<String> {
        let text = |column: usize| known(row, column).unwrap_or_default().to_owned();
        let category = known(row, self.subcategory).unwrap_or("unknown").to_owned();
        let copied = self.copied.iter().map(|column| text(*column));
        [text(self.caller), category].into_iter().chain(copied).collect()
    }

    fn required(&self, row: Row<'_>, column: usize) -> Result<Timestamp, String> {
        let place = || self.head.place(row, column);
        self.instant(row, column)?.ok_or_else(|| format!("{}: expected an instant", place()))
    }

    fn instant(&self, row: Row<'_>, column: usize) -> Result<Option<Timestamp>, String> {
        let parsed = known(row, column).map(parse_day_first).transpose();
        parsed.map_err(|fault| format!("{}: {fault}", self.head.place(row, column)))
    }
}

impl Gathered {
    fn prepared(self) -> Prepared {
        let first_response = self.worked_on_at.map(|at| at.max(self.opened_at).to_string());
        let mut event = self.event.into_iter();
        let (caller, category) =
            (event.next().unwrap_or_default(), event.next().unwrap_or_default());
        let mut cells = vec![
            self.id.clone(),
            caller,
            self.opened_at.to_string(),
            self.closed_at.to_string(),
            category,
            first_response.unwrap_or_default(),
        ];
        cells.extend(event);
        Prepared { id: self.id, closed_at: self.closed_at, cells }
    }
}

/// The cell unless it is empty or the log's `?`.
fn known(row: Row<'_>, column: usize) -> Option<&str> {
    row.cell(column).map(str::trim).filter(|text| !matches!(*text, "" | "?"))
}

/// Writes a file whole, packed where its name ends in `.gz`; the same content gives the same bytes.
fn write(
    path: &Path,
    content: impl FnOnce(&mut dyn Write) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    if path.is_dir() {
        return Err(bad_input!("{}: expected a file name, this is a folder", path.display()));
    }
    let is_packed = path.extension().is_some_and(|extension| extension == "gz");
    write_with(path, |file| {
        if !is_packed {
            return content(file);
        }
        // No time and no name in the gzip header.
        let mut packed = GzBuilder::new().mtime(0).write(file, Compression::best());
        content(&mut packed)?;
        packed.finish()?;
        Ok(())
    })
}

fn write_csv(out: &mut dyn Write, tickets: &[Prepared]) -> anyhow::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    let leading =
        ["ticket_id", "customer_id", "opened_at", "closed_at", "category", "first_response_at"];
    csv.write_record(leading.into_iter().chain(COPIED.map(|(name, _)| name)))?;
    for ticket in tickets {
        csv.write_record(&ticket.cells)?;
    }
    csv.flush()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "number,incident_state,reassignment_count,reopen_count,sys_mod_count,made_sla,caller_id,opened_at,sys_updated_at,contact_type,location,category,subcategory,u_symptom,impact,urgency,priority,assignment_group,knowledge,u_priority_confirmation,notify,resolved_at,closed_at";

    fn prepare(events: &[&str]) -> Vec<Prepared> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log.csv");
        std::fs::write(&path, format!("{HEADER}\n{}\n", events.join("\n"))).unwrap();
        tickets(&path).unwrap().1
    }

    #[test]
    fn values_are_those_known_when_the_ticket_was_resolved() {
        let rows = prepare(&[
            "7,New,0,0,0,true,12,1/3/2016 08:00,1/3/2016 08:05,Phone,9,4,?,72,2,2,3,56,true,false,No,2/3/2016 10:00,7/3/2016 11:00",
            "7,Active,1,0,2,true,12,1/3/2016 08:00,1/3/2016 09:30,Phone,9,4,170,72,2,2,3,57,true,false,No,2/3/2016 10:00,7/3/2016 11:00",
            "7,Resolved,1,0,3,true,12,1/3/2016 08:00,2/3/2016 10:00,Phone,9,4,170,72,2,2,3,57,true,false,No,2/3/2016 10:00,7/3/2016 11:00",
            "7,Closed,9,4,9,false,12,1/3/2016 08:00,7/3/2016 11:00,Phone,9,4,171,72,2,2,3,58,true,false,No,2/3/2016 10:00,7/3/2016 11:00",
        ]);
        assert_eq!(
            rows[0].cells.join(","),
            "7,12,2016-03-01T08:00:00Z,2016-03-02T10:00:00Z,170,2016-03-01T09:30:00Z,Phone,3,57,1,0,true,3,4,72,9,2,2,true,false,No"
        );
    }

    #[test]
    fn a_ticket_never_resolved_counts_as_closed_when_it_was_closed() {
        let rows = prepare(&[
            "8,New,0,0,0,true,?,1/3/2016 08:00,1/3/2016 08:05,Phone,9,4,?,?,2,2,3,?,true,false,No,?,7/3/2016 11:00",
        ]);
        let cells = &rows[0].cells;
        assert_eq!(cells[3], "2016-03-07T11:00:00Z");
        assert_eq!((cells[1].as_str(), cells[4].as_str(), cells[5].as_str()), ("", "unknown", ""));
    }
}
