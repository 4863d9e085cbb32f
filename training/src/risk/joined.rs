//! What other files say of the tickets: outcomes as `recontact-train label` writes them, and who was followed up as
//! `recontact report treated` does.

use super::params::Target;
use crate::bad_input;
use crate::table::{Row, Table};
use crate::tickets::TicketTable;
use recontact::outcome::Outcome;
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
    let outcomes = Table::read(path)?;
    let ticket = outcomes.column("ticket_id")?;
    outcomes.column(&format!("outcome_{window_days}d"))?;
    let columns: Vec<(u32, usize)> = outcomes
        .columns()
        .iter()
        .enumerate()
        .filter_map(|(place, name)| Some((window_of(name)?, place)))
        .collect();
    let episode = outcomes.find("episode");
    let mut labels: HashMap<&str, (u32, Vec<Option<bool>>)> = HashMap::new();
    for row in outcomes.rows() {
        let Some(id) = cell(row, ticket) else { continue };
        let number = episode.and_then(|column| cell(row, column)).and_then(|n| n.parse().ok());
        let number: u32 = number.unwrap_or(1);
        let label = |(_, column): &(u32, usize)| label(&outcomes, row, *column, target);
        let all: Vec<Option<bool>> = columns.iter().map(label).collect::<anyhow::Result<_>>()?;
        let slot = labels.entry(id).or_insert((number, Vec::new()));
        if number >= slot.0 {
            *slot = (number, all);
        }
    }
    let mut joined: BTreeMap<u32, Vec<Option<bool>>> = BTreeMap::new();
    for (at, (days, _)) in columns.iter().enumerate() {
        let found = |id: &str| labels.get(id).and_then(|(_, all)| all.get(at).copied().flatten());
        let of = table.tickets.iter().map(|ticket| found(ticket.id.as_str())).collect();
        joined.insert(*days, of);
    }
    let main = joined.get(&window_days).cloned().unwrap_or_default();
    if main.iter().all(Option::is_none) {
        return Err(bad_input!("{}: no ticket of the table has an outcome in it", path.display()));
    }
    (table.labels, table.outcomes) = (Some(main), joined);
    Ok(outcomes.len())
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
    let rows = Table::read(path)?;
    let (ticket, treated) = (rows.column("ticket_id")?, rows.column("treated")?);
    let mut by_ticket: HashMap<&str, bool> = HashMap::new();
    for row in rows.rows() {
        let Some(id) = cell(row, ticket) else {
            return Err(bad_input!("{}: expected a ticket", rows.place(row, ticket)));
        };
        let was_treated = match cell(row, treated).map(str::to_ascii_lowercase).as_deref() {
            Some("true" | "1" | "yes") => true,
            Some("false" | "0" | "no") => false,
            other => {
                let (place, found) = (rows.place(row, treated), other.unwrap_or("nothing"));
                return Err(bad_input!("{place}: expected true or false, got {found}"));
            }
        };
        *by_ticket.entry(id).or_default() |= was_treated;
    }
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
    Ok(rows.len())
}

/// The window of a column of outcomes.
fn window_of(column: &str) -> Option<u32> {
    column.strip_prefix("outcome_")?.strip_suffix('d')?.parse().ok()
}

fn label(
    outcomes: &Table,
    row: Row<'_>,
    column: usize,
    target: Target,
) -> anyhow::Result<Option<bool>> {
    let word = match cell(row, column) {
        None | Some("immature") => return Ok(None),
        Some(word) => word,
    };
    let outcome = parse(word).ok_or_else(|| {
        let place = outcomes.place(row, column);
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
