//! Return rates of training tickets strictly from the past: [`PastOutcomes`].

use super::protocol::Example;
use recontact::risk::encoding::smoothed;
use std::collections::BTreeMap;

/// Fewest known outcomes before any rate is told.
const MIN_KNOWN: usize = 20;

/// Training tickets in order of closing, and what was known of the outcomes of all when each was closed: of those whose
/// window had ended by then.
#[derive(Debug)]
pub(super) struct PastOutcomes<'e, 't> {
    rows: &'e [Example<'t>],
    /// For each ticket how many of the first ones were known when it was closed.
    known: Vec<usize>,
    /// The share of these that came back, once there are enough.
    base: Vec<Option<f64>>,
}

impl<'e, 't> PastOutcomes<'e, 't> {
    /// Looks at tickets in order of closing. With a `prior` that stands for the share of all known outcomes.
    pub(super) fn new(rows: &'e [Example<'t>], window_days: u32, prior: Option<f64>) -> Self {
        let window = i64::from(window_days);
        let (mut next, mut positives) = (0, 0);
        let (mut known, mut base) =
            (Vec::with_capacity(rows.len()), Vec::with_capacity(rows.len()));
        for row in rows {
            while rows[next].closed_at.plus_days(window) <= row.closed_at {
                positives += usize::from(rows[next].positive);
                next += 1;
            }
            known.push(next);
            let past = (next >= MIN_KNOWN).then(|| super::report::rate(positives, next));
            base.push(prior.or(past));
        }
        Self { rows, known, base }
    }

    /// For each ticket the share of all known outcomes that came back; `None` as long as too few were known.
    pub(super) fn base(&self) -> &[Option<f64>] {
        &self.base
    }

    /// For each ticket the smoothed return rate of its value among the known outcomes, drawn towards the share of all of
    /// them; that share alone for a value with fewer than `min_count`.
    pub(super) fn rates(&self, values: &[Option<&str>], min_count: usize) -> Vec<Option<f64>> {
        let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        let mut next = 0;
        let states = values.iter().zip(&self.known).zip(&self.base);
        states
            .map(|((value, known), base)| {
                for (value, row) in values[next..*known].iter().zip(&self.rows[next..*known]) {
                    if let Some(value) = value {
                        let (tickets, positives) = counts.entry(value).or_default();
                        *tickets += 1;
                        *positives += usize::from(row.positive);
                    }
                }
                next = *known;
                let of_value = value.and_then(|value| counts.get(value)).copied();
                let (tickets, positives) = of_value.unwrap_or_default();
                let is_enough = tickets >= min_count;
                base.map(|base| if is_enough { smoothed(positives, tickets, base) } else { base })
            })
            .collect()
    }
}

/// The smoothed return rate of each value over all training tickets: what is known when training ends.
pub(super) fn final_rates(
    values: &[Option<String>],
    rows: &[Example<'_>],
    prior: f64,
) -> BTreeMap<String, f64> {
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for (value, row) in values.iter().zip(rows) {
        if let Some(value) = value {
            let (tickets, positives) = counts.entry(value).or_default();
            *tickets += 1;
            *positives += usize::from(row.positive);
        }
    }
    counts
        .into_iter()
        .filter(|(_, (tickets, _))| *tickets > 1)
        .map(|(value, (tickets, positives))| {
            (value.to_owned(), smoothed(positives, tickets, prior))
        })
        .collect()
}
