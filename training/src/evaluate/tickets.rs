//! Measures a risk model: figures with intervals over customers, reliability, what following up a share reaches, slices.

use super::bootstrap::{Bootstrap, Units};
use super::measures::{OF_RISK, RiskMeasures};
use super::parts::{DataSeen, Drawn, ReliabilityBin, SliceColumn, number, reliability};
use crate::metrics::ranked;
use crate::risk::report::{BandCount, Baselines, Figures, figures, rate};
use crate::risk::{RiskPredictions, RiskRow};
use recontact::registry::{Artifact, ModelKind};
use recontact::risk::RiskBand;
use recontact::statistics::{CONFIDENCE, Interval, Proportion};
use recontact::timestamp::Timestamp;
use serde::Serialize;

/// Shares of the tickets that are followed up, in percent.
const SHARES: [usize; 13] = [1, 2, 5, 10, 15, 20, 30, 40, 50, 60, 70, 80, 100];

/// Everything that is said of a risk model on a file.
#[derive(Debug, Serialize)]
pub struct RiskEvaluation {
    /// The model's version.
    pub version: String,
    /// Its kind.
    pub kind: ModelKind,
    /// The file.
    pub data: DataSeen,
    /// Days of the label's window.
    pub window_days: u32,
    /// Data rows of the file.
    pub rows: usize,
    /// Rows that name no customer.
    pub without_customer: usize,
    /// Tickets whose window had not ended.
    pub immature: usize,
    /// Tickets whose label is empty.
    pub unlabelled: usize,
    /// Until when openings are known.
    pub observed_until: Timestamp,
    /// Only tickets closed after this instant are measured; set when the file is the one the model was trained on.
    pub closed_after: Option<Timestamp>,
    /// Figures on the measured tickets.
    pub test: Figures,
    /// Mean negative log-likelihood of the outcomes.
    pub log_loss: Option<f64>,
    /// How sure they are.
    pub intervals: Drawn,
    /// What the bands hold.
    pub bands: Vec<BandCount>,
    /// Figures without a model.
    pub baselines: Baselines,
    /// Stated probability against the share that came back.
    pub reliability: Vec<ReliabilityBin>,
    /// Following up the tickets with the highest probability.
    pub coverage: Vec<FollowedShare>,
    /// The same figures for parts of the tickets.
    pub slices: Vec<RiskSlices>,
}

/// Following up a share of the tickets.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FollowedShare {
    /// Share of the tickets.
    pub coverage: f64,
    /// So many.
    pub rows: usize,
    /// The lowest probability among them.
    pub threshold: f64,
    /// Share of them that came back.
    pub precision: f64,
    /// Wilson's 95 % interval of it; tickets of one customer are taken as if they were of several.
    pub interval: Option<Interval>,
    /// Share of all that came back that is among them.
    pub recall: f64,
}

/// The parts of the tickets by the values of a column.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RiskSlices {
    /// The column; `customer tickets` tells the heavy customers from the others.
    pub column: String,
    /// Rarer values that are not told.
    pub further_values: usize,
    /// The values.
    pub values: Vec<RiskSlice>,
}

/// The tickets of one value.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RiskSlice {
    /// The value; none for empty cells.
    pub value: Option<String>,
    /// Their figures.
    #[serde(flatten)]
    pub figures: Figures,
    /// Mean stated probability, to be held against `positives` of `rows`.
    pub stated: f64,
    /// Wilson's 95 % interval of the share that came back.
    pub interval: Option<Interval>,
}

/// Measures what a model said of a file. `columns` holds a value for every measured ticket.
#[must_use]
pub fn evaluate(
    artifact: &Artifact,
    data: DataSeen,
    found: RiskPredictions,
    mut columns: Vec<SliceColumn>,
    bootstrap: Bootstrap,
) -> RiskEvaluation {
    let rows = &found.rows;
    let measures = measures(rows);
    let customers: Vec<usize> = rows.iter().map(|row| row.customer).collect();
    let units = customers.iter().max().map_or(0, |most| most + 1);
    let estimates =
        bootstrap.estimate(&Units::groups(customers), |weights| measures.figures(weights));
    let (score, came) = (measures.probability(), measures.positive());
    columns.push(heaviness(&found));
    RiskEvaluation {
        version: artifact.version().to_owned(),
        kind: artifact.manifest().kind,
        data,
        window_days: found.window_days,
        rows: found.table_rows,
        without_customer: found.without_customer,
        immature: found.immature,
        unlabelled: found.unlabelled,
        observed_until: found.observed_until,
        closed_after: found.closed_after,
        test: figures(score, came, true, found.seed),
        log_loss: measures.figures(&vec![1; rows.len()]).get(3).copied().flatten(),
        intervals: Drawn::new("customers", units, bootstrap, &OF_RISK, &estimates),
        bands: bands(rows),
        reliability: reliability(score, came),
        coverage: coverage(score, came, found.seed),
        slices: columns.iter().map(|column| slices(&measures, column, found.seed)).collect(),
        baselines: found.baselines,
    }
}

/// What a model said of tickets, in the form that figures are computed from.
#[must_use]
pub fn measures(rows: &[RiskRow]) -> RiskMeasures {
    let logit: Vec<f64> = rows.iter().map(|row| row.logit).collect();
    let probability = rows.iter().map(|row| row.probability).collect();
    RiskMeasures::new(probability, &logit, rows.iter().map(|row| row.positive).collect())
}

fn heaviness(found: &RiskPredictions) -> SliceColumn {
    let most = found.heavy_customer_tickets;
    let (more, not_more) = (format!("more than {most}"), format!("at most {most}"));
    let values = found.rows.iter().map(|row| Some(if row.is_heavy { &*more } else { &*not_more }));
    SliceColumn::of("customer tickets", values)
}

fn bands(rows: &[RiskRow]) -> Vec<BandCount> {
    let count = |band: RiskBand| {
        let inside = || rows.iter().filter(move |row| row.band == band);
        let positives = inside().filter(|row| row.positive).count();
        BandCount { band, rows: inside().count(), positives }
    };
    [RiskBand::High, RiskBand::Medium, RiskBand::Low].map(count).to_vec()
}

fn coverage(score: &[f64], came: &[bool], seed: u64) -> Vec<FollowedShare> {
    let order = ranked(score, seed);
    let all = came.iter().filter(|came| **came).count();
    let followed = |percent: usize| {
        let rows = (order.len() * percent).div_ceil(100).max(1);
        let top = &order[..rows.min(order.len())];
        let hits = top.iter().filter(|row| came[**row]).count();
        FollowedShare {
            coverage: number(top.len()) / number(order.len()),
            rows: top.len(),
            threshold: top.last().map_or(0.0, |row| score[*row]),
            precision: rate(hits, top.len()),
            interval: Proportion { count: hits as u64, trials: top.len() as u64 }
                .wilson(CONFIDENCE),
            recall: rate(hits, all),
        }
    };
    let mut points: Vec<FollowedShare> = SHARES.map(followed).to_vec();
    points.dedup_by_key(|point| point.rows);
    points
}

fn slices(measures: &RiskMeasures, column: &SliceColumn, seed: u64) -> RiskSlices {
    let (groups, further_values) = column.groups();
    let values = groups.into_iter().map(|group| {
        let score: Vec<f64> = group.rows.iter().map(|row| measures.probability()[*row]).collect();
        let came: Vec<bool> = group.rows.iter().map(|row| measures.positive()[*row]).collect();
        let figures = figures(&score, &came, true, seed);
        let counted = Proportion { count: figures.positives as u64, trials: figures.rows as u64 };
        RiskSlice {
            value: group.value,
            stated: score.iter().sum::<f64>() / number(score.len().max(1)),
            interval: counted.wilson(CONFIDENCE),
            figures,
        }
    });
    RiskSlices { column: column.name.clone(), further_values, values: values.collect() }
}
