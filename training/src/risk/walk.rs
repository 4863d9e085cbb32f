//! [`CustomerWalk`]: one customer's tickets in the order of their opening, so that each can be looked at beside the others.

use recontact::risk::history::MOST_TICKETS;
use recontact::ticket::{ClosedTicket, Name, PastTicket};
use recontact::timestamp::Timestamp;
use std::collections::BTreeMap;

/// The tickets of one customer.
pub(super) struct CustomerWalk<'t> {
    /// Where they stand in the table, in the order of their opening.
    pub(super) positions: Vec<usize>,
    past: Vec<PastTicket>,
    /// Openings in order, by category.
    openings: BTreeMap<&'t Name, Vec<Timestamp>>,
}

impl<'t> CustomerWalk<'t> {
    pub(super) fn new(tickets: &'t [ClosedTicket], mut positions: Vec<usize>) -> Self {
        positions.sort_by_key(|position| (tickets[*position].opened_at, *position));
        let own = || positions.iter().map(|position| &tickets[*position]);
        let past = own().map(past).collect();
        let mut openings: BTreeMap<&Name, Vec<Timestamp>> = BTreeMap::new();
        for ticket in own() {
            openings.entry(&ticket.category).or_default().push(ticket.opened_at);
        }
        Self { positions, past, openings }
    }

    /// The customer's other tickets opened before the `index`-th one was closed; of more than [`MOST_TICKETS`] the newest, as
    /// the service reads them.
    pub(super) fn others(
        &self,
        index: usize,
        closed_at: Timestamp,
    ) -> impl Iterator<Item = &PastTicket> {
        let before = self.past.partition_point(|past| past.opened_at < closed_at);
        let own = usize::from(index < before);
        let first = before.saturating_sub(MOST_TICKETS + own);
        let others = self.past[first..before].iter().enumerate();
        others.filter(move |(at, _)| first + at != index).map(|(_, past)| past)
    }

    /// The first opening of the same category after the ticket was closed.
    pub(super) fn next_same(&self, ticket: &ClosedTicket) -> Option<Timestamp> {
        let openings = self.openings.get(&ticket.category)?;
        let next = openings.partition_point(|opened_at| *opened_at <= ticket.closed_at);
        openings.get(next).copied()
    }
}

fn past(ticket: &ClosedTicket) -> PastTicket {
    PastTicket {
        opened_at: ticket.opened_at,
        closed_at: Some(ticket.closed_at),
        category: Some(ticket.category.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use recontact::ticket::TicketDetails;

    fn minute(minute: i64) -> Timestamp {
        Timestamp::EARLIEST.plus_millis(minute * 60_000)
    }

    /// One ticket a minute, each closed half a minute later; the table holds the newest first.
    fn tickets(count: i64) -> Vec<ClosedTicket> {
        let ticket = |at: i64| ClosedTicket {
            id: Name::parse(&format!("t-{at}")).unwrap(),
            customer_id: Name::parse("robot").unwrap(),
            opened_at: minute(at),
            closed_at: minute(at).plus_millis(30_000),
            category: Name::parse("card").unwrap(),
            details: TicketDetails::default(),
        };
        (0..count).rev().map(ticket).collect()
    }

    #[test]
    fn of_a_long_history_the_newest_tickets_before_the_closing_count() {
        let most = i64::try_from(MOST_TICKETS).unwrap();
        let tickets = tickets(most + 10);
        let walk = CustomerWalk::new(&tickets, (0..tickets.len()).collect());
        let seen = |index: usize| {
            let closed_at = tickets[walk.positions[index]].closed_at;
            let openings: Vec<_> =
                walk.others(index, closed_at).map(|other| other.opened_at).collect();
            (openings.len(), openings.first().copied(), openings.last().copied())
        };
        assert_eq!(seen(0), (0, None, None));
        assert_eq!(seen(5), (5, Some(minute(0)), Some(minute(4))));
        assert_eq!(seen(MOST_TICKETS).0, MOST_TICKETS);
        assert_eq!(seen(MOST_TICKETS + 5), (MOST_TICKETS, Some(minute(5)), Some(minute(most + 4))));
    }

    #[test]
    fn the_next_opening_of_the_category_is_the_first_after_the_closing() {
        let tickets = tickets(4);
        let walk = CustomerWalk::new(&tickets, (0..4).collect());
        let next: Vec<_> =
            walk.positions.iter().map(|position| walk.next_same(&tickets[*position])).collect();
        assert_eq!(next, [Some(minute(1)), Some(minute(2)), Some(minute(3)), None]);
    }
}
