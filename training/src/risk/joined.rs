//! What other files say of the tickets: outcomes as `recontact-train label` writes them, and who was followed up as
//! `recontact report treated` does.

use super::params::Target;
use crate::bad_input;
use crate::faults::Faults;
use crate::table::{Head, Row, TableStream};
use crate::tickets::TicketTable;
use recontact::outcome::Outcome;
use recontact::ticket::ClosedTicket;
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

/// Reads the outcomes of each ticket within all windows that the file has, a column `outcome_14d` for 14 days, and makes
/// those within `window_days` the table's label. A ticket counts with its last episode; one that is not in the file, or
/// whose window was not over, has no label. Gives the number of rows.
///
/// # Errors
/// [`crate::failure::BadInput`] when a column is missing or an outcome is not known.
pub(super) fn join_outcomes(
    table: &mut TicketTable,
    path: &Path,
    window_days: u32,
    target: Target,
) -> anyhow::Result<usize> {
    let mut outcomes = TableStream::open(path)?;
    let head = outcomes.head().clone();
    let ticket = head.column("ticket_id")?;
    head.column(&format!("outcome_{window_days}d"))?;
    let columns: Vec<(u32, usize)> = head
        .columns()
        .iter()
        .enumerate()
        .filter_map(|(place, name)| Some((window_of(name)?, place)))
        .collect();
    let episode = head.find("episode");
    let positions = positions(&table.tickets);
    // For each ticket of the table its last episode so far, and what became of it.
    let mut last: Vec<u32> = vec![0; table.tickets.len()];
    let mut joined: BTreeMap<u32, Vec<Option<bool>>> =
        columns.iter().map(|(days, _)| (*days, vec![None; table.tickets.len()])).collect();
    let mut faults = Faults::default();
    while let Some(row) = outcomes.next(&mut faults)? {
        let Some(id) = cell(row, ticket) else { continue };
        let number = episode.and_then(|column| cell(row, column)).and_then(|n| n.parse().ok());
        let number: u32 = number.unwrap_or(1);
        let label = |(_, column): &(u32, usize)| label(&head, row, *column, target);
        let all: Vec<Option<bool>> = columns.iter().map(label).collect::<anyhow::Result<_>>()?;
        let Some(&at) = positions.get(id).filter(|at| number >= last[**at]) else { continue };
        last[at] = number;
        for ((days, _), label) in columns.iter().zip(all) {
            joined.entry(*days).and_modify(|of| of[at] = label);
        }
    }
    let rows = outcomes.finish(faults)?;
    drop(positions);
    let main = joined.get(&window_days).cloned().unwrap_or_default();
    if main.iter().all(Option::is_none) {
        return Err(bad_input!("{}: no ticket of the table has an outcome in it", path.display()));
    }
    (table.labels, table.outcomes) = (Some(main), joined);
    Ok(rows)
}

/// Reads who was followed up, from columns `ticket_id` and `treated`. A ticket that the file does not name was never
/// flagged, so it was not; how many these are, and how many rows name no ticket of the table, is told to `tell`. Gives the
/// number of rows.
///
/// # Errors
/// [`crate::failure::BadInput`] when the table says it too, a column is missing, a cell is neither yes nor no, or no ticket of
/// the file is in the table.
pub(super) fn join_treated(
    table: &mut TicketTable,
    path: &Path,
    tell: impl FnOnce(String),
) -> anyhow::Result<usize> {
    let file = path.display();
    if table.treated.is_some() {
        return Err(bad_input!(
            "--treated: the table says itself which tickets were followed up; leave one of the two out"
        ));
    }
    let mut rows = TableStream::open(path)?;
    let head = rows.head().clone();
    let (ticket, treated) = (head.column("ticket_id")?, head.column("treated")?);
    let mut by_ticket: HashMap<String, bool> = HashMap::new();
    let mut faults = Faults::default();
    while let Some(row) = rows.next(&mut faults)? {
        let Some(id) = cell(row, ticket) else {
            return Err(bad_input!("{}: expected a ticket", head.place(row, ticket)));
        };
        let was_treated = match cell(row, treated).map(str::to_ascii_lowercase).as_deref() {
            Some("true" | "1" | "yes") => true,
            Some("false" | "0" | "no") => false,
            other => {
                let (place, found) = (head.place(row, treated), other.unwrap_or("nothing"));
                return Err(bad_input!("{place}: expected true or false, got {found}"));
            }
        };
        *by_ticket.entry(id.to_owned()).or_default() |= was_treated;
    }
    let rows = rows.finish(faults)?;
    let found = |id: &str| by_ticket.get(id).copied();
    let of: Vec<Option<bool>> =
        table.tickets.iter().map(|ticket| found(ticket.id.as_str())).collect();
    let named = of.iter().flatten().count();
    if named == 0 {
        return Err(bad_input!("{file}: no ticket of the table is in it"));
    }
    tell(format!(
        "{file}: {named} of {} tickets are named, the others were not flagged; {} tickets of it are not in the table",
        of.len(),
        by_ticket.len() - named
    ));
    table.treated = Some(of.into_iter().map(|treated| treated.unwrap_or(false)).collect());
    Ok(rows)
}

/// The position of each ticket in the table.
fn positions(tickets: &[ClosedTicket]) -> HashMap<&str, usize> {
    tickets.iter().enumerate().map(|(at, ticket)| (ticket.id.as_str(), at)).collect()
}

/// The window of a column of outcomes.
fn window_of(column: &str) -> Option<u32> {
    column.strip_prefix("outcome_")?.strip_suffix('d')?.parse().ok()
}

fn label(head: &Head, row: Row<'_>, column: usize, target: Target) -> anyhow::Result<Option<bool>> {
    let word = match cell(row, column) {
        None | Some("immature") => return Ok(None),
        Some(word) => word,
    };
    let outcome = parse(word).ok_or_else(|| {
        let place = head.place(row, column);
        bad_input!("{place}: expected none, explicit, implicit, induced or unrelated, got {word:?}")
    })?;
    Ok(Some(match target {
        Target::Explicit => outcome == Outcome::Explicit,
        Target::Repeat => outcome.is_repeat(),
    }))
}

fn parse(word: &str) -> Option<Outcome> {
    let value: Result<Outcome, serde::de::value::Error> =
        Outcome::deserialize(serde::de::value::StrDeserializer::new(word));
    value.ok()
}

/// The cell without surrounding white space; `None` when nothing is left.
fn cell(row: Row<'_>, column: usize) -> Option<&str> {
    row.cell(column).map(str::trim).filter(|text| !text.is_empty())
}
