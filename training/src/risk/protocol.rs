//! Which tickets count, which of them came back, and which train and which measure.
//!
//! A ticket came back when the same customer opened *another* ticket of the same category after it was closed, at most
//! the window later. A ticket whose window had not ended when the table was taken has no label. The split is by time,
//! and training tickets end a whole window before the first test ticket closes, so that no training label was still
//! unknown then.

use super::params::RiskParams;
use super::walk::CustomerWalk;
use crate::bad_input;
use crate::tickets::TicketTable;
use recontact::risk::features::Facts;
use recontact::risk::source::TextComponents;
use recontact::ticket::{ClosedTicket, Name};
use recontact::timestamp::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// Fewest training tickets.
const MIN_TRAIN: usize = 100;
/// Fewest training tickets of each outcome.
const MIN_OUTCOME: usize = 10;
/// Share of the training tickets, the later ones, that are predicted in the folds.
const FOLDED_SHARE: f64 = 0.45;

/// A closed ticket with a known outcome, as of its closing.
#[derive(Debug)]
pub struct Example<'t> {
    /// The ticket and its customer's history.
    pub facts: Facts<'t>,
    /// When it was closed.
    pub closed_at: Timestamp,
    /// The ticket's identifier.
    pub id: &'t Name,
    /// Whether the customer came back.
    pub positive: bool,
    /// What is known of other windows than the main one.
    pub returns: Returns,
    /// Whether it was followed up.
    pub treated: bool,
    /// The components of its texts, by column, once they are learnt.
    pub texts: BTreeMap<String, TextComponents>,
}

/// What is known of when a customer came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Returns {
    /// The next opening with the same category after the closing.
    Dated(Option<Timestamp>),
    /// By days of the window whether they came back within it, as a file of outcomes tells it.
    Given(BTreeMap<u32, bool>),
    /// A column holds the label of the main window; of others nothing is known.
    Unknown,
}

/// The tickets with an outcome, ordered by closing and identifier, and what was left out.
#[derive(Debug)]
pub struct Examples<'t> {
    /// In order of `(closed_at, id)`.
    pub rows: Vec<Example<'t>>,
    /// Tickets whose window had not ended.
    pub immature: usize,
    /// Tickets whose label column is empty.
    pub unlabelled: usize,
    /// Tickets left out because they were followed up.
    pub treated: usize,
    /// Whether outcomes within other windows are known too.
    pub has_windows: bool,
    /// Until when openings are known.
    pub observed_until: Timestamp,
}

/// Training tickets known before a part of later ones, and that part.
#[derive(Debug, Clone, Copy)]
pub struct Fold<'e, 't> {
    /// Where in the training part the later ones begin.
    pub begin: usize,
    /// Closed at least a window before the first of the later ones.
    pub earlier: &'e [Example<'t>],
    /// The tickets that are predicted.
    pub later: &'e [Example<'t>],
}

/// Training and test tickets; the tickets between them are in neither.
#[derive(Debug, Clone, Copy)]
pub struct Split<'e, 't> {
    /// The end of training.
    pub at: Timestamp,
    /// Closed at least a window before `at`.
    pub train: &'e [Example<'t>],
    /// Closed after `at`.
    pub test: &'e [Example<'t>],
}

impl Example<'_> {
    /// Whether the customer came back within so many days; `None` where that was not known at `known_until`.
    #[must_use]
    pub fn returned(&self, days: u32, known_until: Timestamp) -> Option<bool> {
        let end = self.closed_at.plus_days(i64::from(days));
        if end > known_until {
            return None;
        }
        match &self.returns {
            Returns::Dated(next) => Some(next.is_some_and(|next| next <= end)),
            Returns::Given(outcomes) => outcomes.get(&days).copied(),
            Returns::Unknown => None,
        }
    }
}

impl<'t> Examples<'t> {
    /// Labels the tickets of a table, leaving out the customers in `without`.
    #[must_use]
    pub fn label(
        table: &'t TicketTable,
        window_days: u32,
        observed_until: Timestamp,
        without: &BTreeSet<&Name>,
    ) -> Self {
        let mut examples = Self {
            rows: Vec::new(),
            immature: 0,
            unlabelled: 0,
            treated: 0,
            has_windows: table.labels.is_none() || !table.outcomes.is_empty(),
            observed_until,
        };
        for (customer, positions) in by_customer(&table.tickets) {
            if without.contains(customer) {
                continue;
            }
            let walk = CustomerWalk::new(&table.tickets, positions);
            for (own, position) in walk.positions.iter().copied().enumerate() {
                let ticket = &table.tickets[position];
                let treated = table.treated.as_ref().is_some_and(|treated| treated[position]);
                let next = walk.next_same(ticket);
                let outcome = match &table.labels {
                    Some(labels) => Outcome::given(labels[position]),
                    None => Outcome::derive(ticket, next, window_days, observed_until),
                };
                match outcome {
                    Outcome::Immature => examples.immature += 1,
                    Outcome::Unlabelled => examples.unlabelled += 1,
                    Outcome::Known(positive) => examples.rows.push(Example {
                        facts: Facts::gather(
                            ticket,
                            walk.others(own, ticket.closed_at),
                            window_days,
                        ),
                        closed_at: ticket.closed_at,
                        id: &ticket.id,
                        positive,
                        returns: returns(table, position, next),
                        treated,
                        texts: BTreeMap::new(),
                    }),
                }
            }
        }
        examples.rows.sort_by(|a, b| (a.closed_at, a.id).cmp(&(b.closed_at, b.id)));
        examples
    }

    /// Leaves out the tickets that were followed up: their outcome is not what it would have been.
    pub fn leave_out_treated(&mut self) {
        let before = self.rows.len();
        self.rows.retain(|row| !row.treated);
        self.treated += before - self.rows.len();
    }

    /// Splits by time.
    ///
    /// # Errors
    /// [`crate::failure::BadInput`] when a part is too small or has only one outcome.
    pub fn split(&self, params: &RiskParams) -> anyhow::Result<Split<'_, 't>> {
        if self.rows.is_empty() {
            return Err(bad_input!(
                "no ticket has a known outcome: {} closed less than {} days before {} (observed_until), \
                 {} have an empty label",
                self.immature,
                params.window_days,
                self.observed_until,
                self.unlabelled
            ));
        }
        let index = share(1.0 - params.test_share, self.rows.len()).min(self.rows.len() - 1);
        let at = self.rows[index].closed_at;
        let window = i64::from(params.window_days);
        let train = self.rows.partition_point(|row| row.closed_at.plus_days(window) <= at);
        let test = self.rows.partition_point(|row| row.closed_at <= at);
        let split = Split { at, train: &self.rows[..train], test: &self.rows[test..] };
        check("training", split.train, MIN_TRAIN, MIN_OUTCOME)?;
        check("test", split.test, 2, 1)?;
        Ok(split)
    }
}

impl<'e, 't> Split<'e, 't> {
    /// Time-series cross-validation inside the training part (Hyndman and Athanasopoulos, *Forecasting: Principles and
    /// Practice*, section 5.10): the later 45 % are cut into parts of equal size; what predicts a part is trained on
    /// everything that closed a whole window before it. Folds with too few tickets before them are left out; if none is
    /// left, the last part of the training tickets chooses, without the gap.
    ///
    /// # Errors
    /// [`crate::failure::BadInput`] when not even that has both outcomes.
    pub fn folds(&self, params: &RiskParams) -> anyhow::Result<Vec<Fold<'e, 't>>> {
        let rows = self.train;
        let window = i64::from(params.window_days);
        let first = share(1.0 - FOLDED_SHARE, rows.len());
        let edge = |fold: usize| first + (rows.len() - first) * fold / params.folds;
        let mut folds = Vec::new();
        for fold in 0..params.folds {
            let (begin, end) = (edge(fold), edge(fold + 1));
            let Some(start) = rows.get(begin).map(|row| row.closed_at) else { continue };
            let known = rows.partition_point(|row| row.closed_at.plus_days(window) <= start);
            let (earlier, later) = (&rows[..known], &rows[begin..end]);
            let is_enough = |rows: &[Example<'_>], least: usize| {
                let positives = positives(rows);
                positives >= least && rows.len() - positives >= least
            };
            if earlier.len() >= MIN_TRAIN && is_enough(earlier, MIN_OUTCOME) && is_enough(later, 2)
            {
                folds.push(Fold { begin, earlier, later });
            }
        }
        if folds.is_empty() {
            let held_out = share(params.validation_share, rows.len());
            let (earlier, later) = rows.split_at(rows.len() - held_out);
            check("fitting", earlier, 2, 1)?;
            check("validation", later, 2, 1)?;
            folds.push(Fold { begin: earlier.len(), earlier, later });
        }
        Ok(folds)
    }
}

/// What is known of a ticket's outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Immature,
    Unlabelled,
    Known(bool),
}

impl Outcome {
    fn given(label: Option<bool>) -> Self {
        label.map_or(Self::Unlabelled, Self::Known)
    }

    /// `next` is the first opening of the same category after the closing.
    fn derive(
        ticket: &ClosedTicket,
        next: Option<Timestamp>,
        window_days: u32,
        observed_until: Timestamp,
    ) -> Self {
        let end = ticket.closed_at.plus_days(i64::from(window_days));
        if end > observed_until {
            return Self::Immature;
        }
        Self::Known(next.is_some_and(|next| next <= end))
    }
}

/// The customers with more than `most` tickets.
#[must_use]
pub fn heavy_customers(tickets: &[ClosedTicket], most: usize) -> BTreeSet<&Name> {
    let customers = by_customer(tickets).into_iter();
    customers.filter(|(_, positions)| positions.len() > most).map(|(name, _)| name).collect()
}

/// How many of these tickets came back.
#[must_use]
pub fn positives(examples: &[Example<'_>]) -> usize {
    examples.iter().filter(|example| example.positive).count()
}

/// `share` of `rows`, cut to a whole number.
#[must_use]
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share between 0 and 1 of a row count, which fits into 53 bits"
)]
pub fn share(share: f64, rows: usize) -> usize {
    (share * rows as f64 + 1e-9).floor() as usize
}

fn by_customer(tickets: &[ClosedTicket]) -> BTreeMap<&Name, Vec<usize>> {
    let mut customers: BTreeMap<&Name, Vec<usize>> = BTreeMap::new();
    for (position, ticket) in tickets.iter().enumerate() {
        customers.entry(&ticket.customer_id).or_default().push(position);
    }
    customers
}

/// What is known of the ticket's return within other windows than the main one.
fn returns(table: &TicketTable, position: usize, next: Option<Timestamp>) -> Returns {
    if table.labels.is_none() {
        return Returns::Dated(next);
    }
    if table.outcomes.is_empty() {
        return Returns::Unknown;
    }
    let known = table.outcomes.iter().filter_map(|(days, all)| Some((*days, all[position]?)));
    Returns::Given(known.collect())
}

fn check(part: &str, rows: &[Example<'_>], min_rows: usize, min_each: usize) -> anyhow::Result<()> {
    let positives = positives(rows);
    let negatives = rows.len() - positives;
    if rows.len() < min_rows || positives < min_each || negatives < min_each {
        return Err(bad_input!(
            "too little data: the {part} part has {} tickets with a known outcome, {positives} came back and \
             {negatives} did not; expected at least {min_rows}, and {min_each} of each outcome",
            rows.len()
        ));
    }
    Ok(())
}

#[cfg(test)]
#[path = "protocol_tests.rs"]
mod tests;
