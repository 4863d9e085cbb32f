//! Until when a table's openings are known, where the parameters do not say it.
//!
//! A single opening with a mistyped year must not make every window look over: what lies in the future does not count, nor do
//! the last few openings if they stand a whole window apart from all others. Whoever is left out is named.

use crate::tickets::TicketTable;
use anyhow::Context;
use recontact::timestamp::Timestamp;

/// At most one opening in so many may be left out for standing apart; always one.
const STRAY_IN: usize = 1000;

/// The configured instant, else the last opening that can be believed as of `now`; what is left out is told to `warn`.
///
/// # Errors
/// When there is no ticket, or none was opened before `now`.
pub(super) fn observed_until(
    table: &TicketTable,
    configured: Option<Timestamp>,
    window_days: u32,
    now: Timestamp,
    mut warn: impl FnMut(String),
) -> anyhow::Result<Timestamp> {
    if let Some(configured) = configured {
        return Ok(configured);
    }
    let mut openings: Vec<(Timestamp, usize)> =
        table.tickets.iter().enumerate().map(|(at, ticket)| (ticket.opened_at, at)).collect();
    openings.sort_unstable();
    let past = openings.partition_point(|(opened_at, _)| *opened_at <= now);
    if let Some(first) = openings.get(past) {
        warn(format!(
            "{} of {} tickets were opened after {now}, {}; observed_until is no later than now",
            openings.len() - past,
            openings.len(),
            place(table, *first)
        ));
    }
    openings.truncate(past);
    let gap_ends = |at: usize| {
        let (earlier, later) = (openings[at - 1].0, openings[at].0);
        earlier.plus_days(i64::from(window_days)) < later
    };
    let fewest = openings.len().saturating_sub((openings.len() / STRAY_IN).max(1)).max(1);
    if let Some(first) = (fewest..openings.len()).find(|at| gap_ends(*at)) {
        warn(format!(
            "the last {} of {} openings lie more than {window_days} days after all others, {}; they do not count for \
             observed_until: set it if they are right",
            openings.len() - first,
            openings.len(),
            place(table, openings[first])
        ));
        openings.truncate(first);
    }
    let last = openings.last().map(|(opened_at, _)| *opened_at);
    last.with_context(|| format!("no ticket was opened before {now}"))
}

/// The first of those that are left out.
fn place(table: &TicketTable, (opened_at, at): (Timestamp, usize)) -> String {
    let row = table.row_numbers.get(at).map_or_else(String::new, |row| format!("row {row}, "));
    format!("the first in {row}ticket {} of {opened_at}", table.tickets[at].id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use recontact::ticket::{ClosedTicket, Name, TicketDetails};

    fn day(day: i64) -> Timestamp {
        Timestamp::parse("2026-01-01T00:00:00Z").unwrap().plus_days(day)
    }

    fn table(days: impl IntoIterator<Item = i64>) -> TicketTable {
        let ticket = |(index, at): (usize, i64)| ClosedTicket {
            id: Name::parse(&format!("t-{index}")).unwrap(),
            customer_id: Name::parse("u").unwrap(),
            opened_at: day(at),
            closed_at: day(at),
            category: Name::parse("card").unwrap(),
            details: TicketDetails::default(),
        };
        let tickets: Vec<_> = days.into_iter().enumerate().map(ticket).collect();
        let row_numbers = (1..=tickets.len()).collect();
        TicketTable { tickets, row_numbers, ..TicketTable::default() }
    }

    fn until(table: &TicketTable, now: i64) -> (Timestamp, Vec<String>) {
        let mut warnings = Vec::new();
        let until = observed_until(table, None, 14, day(now), |warning| warnings.push(warning));
        (until.unwrap(), warnings)
    }

    #[test]
    fn an_opening_in_the_far_future_does_not_make_every_ticket_mature() {
        let table = table((0..100).chain([36_500, 99]));
        let (until, warnings) = until(&table, 120);
        assert_eq!(until, day(99));
        assert_eq!(warnings.len(), 1);
        assert!(warnings[0].contains("1 of 102 tickets were opened after"), "{warnings:?}");
        assert!(warnings[0].contains("row 101, ticket t-100"), "{warnings:?}");
    }

    #[test]
    fn an_opening_far_after_all_others_does_not_either_though_it_is_past() {
        let table = table((0..100).chain([400]));
        let (until, warnings) = until(&table, 1000);
        assert_eq!(until, day(99));
        assert!(warnings[0].contains("row 101, ticket t-100"), "{warnings:?}");
    }

    #[test]
    fn the_last_opening_of_an_ordinary_table_counts_without_a_word() {
        let table = table((0..100).chain([110]));
        assert_eq!(until(&table, 1000), (day(110), Vec::new()));
    }

    #[test]
    fn what_is_configured_counts_whatever_the_table_holds() {
        let table = table([0, 36_500]);
        let until = observed_until(&table, Some(day(7)), 14, day(1), |_| ()).unwrap();
        assert_eq!(until, day(7));
    }
}
