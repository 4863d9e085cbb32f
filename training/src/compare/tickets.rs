//! Two risk models on the same tickets.

use super::paired::{Paired, differences};
use super::texts::Sides;
use crate::bad_input;
use crate::evaluate::bootstrap::{Bootstrap, Units};
use crate::evaluate::measures::OF_RISK;
use crate::evaluate::parts::{ReliabilityBin, reliability};
use crate::evaluate::tickets::measures;
use crate::risk::{RiskPredictions, RiskRow};
use recontact::risk::RiskBand;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// What two risk models make of the same tickets.
#[derive(Debug, Serialize)]
pub struct RiskChanges {
    /// Tickets that only one of the models can be asked about, because they were closed before the training of the other
    /// ended, or because it reads other columns.
    pub left_out: Sides<usize>,
    /// Customers of the tickets.
    pub customers: usize,
    /// Tickets by the band of each model.
    pub bands: Vec<BandChange>,
    /// Stated probability against the share that came back.
    pub reliability: Sides<Vec<ReliabilityBin>>,
}

/// Tickets that are in these bands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BandChange {
    /// The first model's band.
    pub a: RiskBand,
    /// The second model's band.
    pub b: RiskBand,
    /// So many tickets.
    pub rows: usize,
    /// Those that came back.
    pub positives: usize,
}

/// Compares what two models said of the tickets of a file.
///
/// # Errors
/// [`crate::failure::BadInput`] when their windows or labels differ, or they have no ticket in common.
pub fn compare(
    file: &str,
    found: [&RiskPredictions; 2],
    bootstrap: Bootstrap,
) -> anyhow::Result<(Vec<Paired>, usize, RiskChanges)> {
    let [a, b] = found;
    if a.window_days != b.window_days {
        return Err(bad_input!(
            "the models tell of different windows, {} and {} days: they cannot be compared",
            a.window_days,
            b.window_days
        ));
    }
    let (of_a, of_b) = in_common(a, b);
    if of_a.is_empty() {
        return Err(bad_input!("{file}: no ticket can be asked of both models"));
    }
    if let Some(row) = of_a.iter().zip(&of_b).find(|(a, b)| a.positive != b.positive) {
        return Err(bad_input!(
            "{file}, row {}: the models are asked about different outcomes; they were trained with other columns or labels",
            row.0.number
        ));
    }
    let all = vec![1; of_a.len()];
    let customers: BTreeSet<usize> = of_a.iter().map(|row| row.customer).collect();
    let numbered: BTreeMap<usize, usize> = customers.iter().copied().zip(0..).collect();
    let units = Units::groups(of_a.iter().map(|row| numbered[&row.customer]).collect());
    let (measures_a, measures_b) = (measures(&of_a), measures(&of_b));
    let figures_a = |weights: &[u32]| measures_a.figures(weights);
    let figures_b = |weights: &[u32]| measures_b.figures(weights);
    let paired = differences(&OF_RISK, &units, bootstrap, &all, [&figures_a, &figures_b]);
    let changes = RiskChanges {
        left_out: Sides { a: a.rows.len() - of_a.len(), b: b.rows.len() - of_b.len() },
        customers: customers.len(),
        bands: bands(&of_a, &of_b),
        reliability: Sides {
            a: reliability(measures_a.probability(), measures_a.positive()),
            b: reliability(measures_b.probability(), measures_b.positive()),
        },
    };
    Ok((paired, of_a.len(), changes))
}

/// The tickets of both, in the same order.
fn in_common(a: &RiskPredictions, b: &RiskPredictions) -> (Vec<RiskRow>, Vec<RiskRow>) {
    let by_number: BTreeMap<usize, &RiskRow> = b.rows.iter().map(|row| (row.number, row)).collect();
    let pairs = a.rows.iter().filter_map(|row| Some((row, *by_number.get(&row.number)?)));
    pairs.map(|(a, b)| (a.clone(), b.clone())).unzip()
}

fn bands(a: &[RiskRow], b: &[RiskRow]) -> Vec<BandChange> {
    let mut counted: BTreeMap<(RiskBand, RiskBand), (usize, usize)> = BTreeMap::new();
    for (a, b) in a.iter().zip(b) {
        let (rows, positives) = counted.entry((a.band, b.band)).or_default();
        *rows += 1;
        *positives += usize::from(a.positive);
    }
    let told = counted.into_iter();
    told.map(|((a, b), (rows, positives))| BandChange { a, b, rows, positives }).collect()
}
