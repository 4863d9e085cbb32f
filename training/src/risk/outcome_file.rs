//! Labels from the outcomes that `recontact-train label` writes.

use super::params::Target;
use crate::bad_input;
use crate::table::Table;
use crate::tickets::TicketTable;
use recontact::outcome::Outcome;
use serde::Deserialize;
use std::collections::HashMap;
use std::path::Path;

/// Reads the outcome of each ticket within `window_days` and makes it the table's label. A ticket counts with its last
/// episode; one that is not in the file, or whose window was not over, has no label.
///
/// # Errors
/// [`crate::failure::BadInput`] when a column is missing or an outcome is not known.
pub(super) fn join(
    table: &mut TicketTable,
    path: &Path,
    window_days: u32,
    target: Target,
) -> anyhow::Result<()> {
    let outcomes = Table::read(path)?;
    let ticket = outcomes.column("ticket_id")?;
    let outcome = outcomes.column(&format!("outcome_{window_days}d"))?;
    let episode = outcomes.find("episode");
    let mut labels: HashMap<String, (u32, Option<bool>)> = HashMap::new();
    for row in outcomes.rows() {
        let Some(id) = row.cell(ticket) else { continue };
        let number =
            episode.and_then(|column| row.cell(column)).and_then(|n| n.trim().parse().ok());
        let number: u32 = number.unwrap_or(1);
        let label = match row.cell(outcome).map(str::trim) {
            None | Some("" | "immature") => None,
            Some(word) => {
                let outcome = parse(word).ok_or_else(|| {
                    let place = outcomes.place(row, outcome);
                    bad_input!("{place}: expected none, explicit, implicit, induced or unrelated, got {word:?}")
                })?;
                Some(match target {
                    Target::Explicit => outcome == Outcome::Explicit,
                    Target::Repeat => outcome.is_repeat(),
                })
            }
        };
        let slot = labels.entry(id.to_owned()).or_insert((number, label));
        if number >= slot.0 {
            *slot = (number, label);
        }
    }
    let found = |id: &str| labels.get(id).and_then(|(_, label)| *label);
    let joined: Vec<_> = table.tickets.iter().map(|ticket| found(ticket.id.as_str())).collect();
    if joined.iter().all(Option::is_none) {
        return Err(bad_input!("{}: no ticket of the table has an outcome in it", path.display()));
    }
    table.labels = Some(joined);
    Ok(())
}

fn parse(word: &str) -> Option<Outcome> {
    let value: Result<Outcome, serde::de::value::Error> =
        Outcome::deserialize(serde::de::value::StrDeserializer::new(word));
    value.ok()
}
