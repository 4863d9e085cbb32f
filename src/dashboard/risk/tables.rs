//! The tables of the risk report.

use crate::dashboard::Frame;
use crate::dashboard::table::{Cell, Column, NumberFormat, Table};
use crate::risk::Language;
use crate::risk::reasons::label;
use crate::risk::report::{AtCapacity, ReasonSums, RiskReport, SCORE_BINS, ScoreSums};
use crate::statistics::{CONFIDENCE, Proportion};
use std::collections::BTreeMap;

/// Rows of a table by name on the page; files have all.
const MOST_SHOWN: usize = 50;
/// Reasons that are told.
const MOST_REASONS: usize = 15;

fn share(frame: &Frame, share: Option<f64>) -> Cell {
    match share {
        Some(share) => Cell::number(share, NumberFormat::Percent, frame.percent(share)),
        None => Cell::nothing(),
    }
}

/// A share and its interval.
fn shares(frame: &Frame, proportion: Proportion) -> [Cell; 3] {
    let interval = proportion.wilson(CONFIDENCE);
    [
        share(frame, proportion.rate()),
        share(frame, interval.map(|interval| interval.low)),
        share(frame, interval.map(|interval| interval.high)),
    ]
}

pub(super) fn scores(frame: &Frame, bins: &[u64]) -> Table {
    let columns = vec![
        Column::number(frame.say("risk-score-from")),
        Column::number(frame.say("risk-score-to")),
        Column::number(frame.say("closed-tickets")),
    ];
    let border = |number: u32| share(frame, Some(f64::from(number) / f64::from(SCORE_BINS)));
    let rows = (0..SCORE_BINS).zip(bins).map(|(number, count)| {
        vec![border(number), border(number + 1), Cell::count(frame, *count)]
    });
    Table::new("scores", frame.say("risk-scores"), columns).with_rows(rows)
}

/// The columns of [`rate_cells`].
fn rate_columns(frame: &Frame) -> Vec<Column> {
    vec![
        Column::number(frame.say("effect-mature")),
        Column::number(frame.say("risk-predicted")),
        Column::number(frame.say("effect-repeats")),
        Column::number(frame.say("risk-observed")),
        Column::number(frame.say("interval-low")),
        Column::number(frame.say("interval-high")),
        Column::text(frame.say("kpi-remarks")),
    ]
}

fn rate_cells(frame: &Frame, sums: &ScoreSums, small_numbers: u64) -> Vec<Cell> {
    let [rate, low, high] = shares(frame, sums.observed());
    let remark = if sums.mature < small_numbers {
        Cell::text(frame.say("kpi-small"))
    } else {
        Cell::nothing()
    };
    vec![
        Cell::count(frame, sums.mature),
        share(frame, sums.predicted()),
        Cell::count(frame, sums.repeats),
        rate,
        low,
        high,
        remark,
    ]
}

pub(super) fn calibration(frame: &Frame, report: &RiskReport, small_numbers: u64) -> Table {
    let mut columns = vec![
        Column::number(frame.say("risk-group")),
        Column::number(frame.say("risk-score-from")),
        Column::number(frame.say("risk-score-to")),
    ];
    columns.extend(rate_columns(frame));
    let rows = (1..).zip(&report.deciles).map(|(number, decile)| {
        let mut row = vec![
            Cell::count(frame, number),
            share(frame, Some(decile.low)),
            share(frame, Some(decile.high)),
        ];
        row.extend(rate_cells(frame, &decile.sums, small_numbers));
        row
    });
    Table::new("calibration", frame.say("risk-calibration"), columns).with_rows(rows)
}

/// The parts of a division by the number of their closings, the largest first, each with its name for people.
pub(super) fn by_size(
    frame: &Frame,
    parts: &BTreeMap<String, ScoreSums>,
) -> Vec<(String, ScoreSums)> {
    let mut named: Vec<(String, ScoreSums)> =
        parts.iter().map(|(name, sums)| (name_of(frame, name), *sums)).collect();
    named.sort_by_key(|(_, sums)| std::cmp::Reverse((sums.mature, sums.closings)));
    named
}

fn name_of(frame: &Frame, name: &str) -> String {
    if name.is_empty() { frame.say("label-unknown").into() } else { name.to_owned() }
}

pub(super) fn by_name(
    frame: &Frame,
    id: &'static str,
    (title, heading): (String, String),
    named: &[(String, ScoreSums)],
    small_numbers: u64,
) -> Table {
    let mut columns = vec![Column::name(heading), Column::number(frame.say("closed-tickets"))];
    columns.extend(rate_columns(frame));
    let rows = named.iter().map(|(name, sums)| {
        let mut row = vec![Cell::text(name.clone()), Cell::count(frame, sums.closings)];
        row.extend(rate_cells(frame, sums, small_numbers));
        row
    });
    Table::new(id, title, columns).with_rows(rows).showing_at_most(MOST_SHOWN)
}

pub(super) fn at_capacity(frame: &Frame, report: &RiskReport) -> Table {
    let number = |message: &'static str| Column::number(frame.say(message));
    let columns = vec![
        Column::name(frame.say("user-team")),
        number("risk-capacity-day"),
        number("effect-mature"),
        number("effect-repeats"),
        number("risk-taken"),
        number("risk-caught"),
        number("risk-precision"),
        number("interval-low"),
        number("interval-high"),
        number("risk-recall"),
        number("interval-low"),
        number("interval-high"),
        number("risk-by-chance"),
    ];
    let row = |name: String, capacity: Cell, sums: &AtCapacity| {
        let mut row = vec![Cell::text(name), capacity];
        let counts = [sums.mature, sums.repeats, sums.taken, sums.caught];
        row.extend(counts.map(|count| Cell::count(frame, count)));
        row.extend(shares(frame, sums.precision()));
        row.extend(shares(frame, sums.recall()));
        row.push(share(frame, sums.recall_by_chance()));
        row
    };
    let team = |(name, sums): (&String, &AtCapacity)| {
        row(name_of(frame, name), Cell::count(frame, sums.capacity.into()), sums)
    };
    let all = row(frame.say("queue-all-teams").into(), Cell::nothing(), &report.all_at_capacity);
    let rows = report.at_capacity.iter().map(team).chain([all]);
    Table::new("capacity", frame.say("risk-capacity"), columns).with_rows(rows)
}

pub(super) fn reasons(frame: &Frame, report: &RiskReport) -> Table {
    let columns = vec![
        Column::name(frame.say("risk-reason")),
        Column::number(frame.say("closed-tickets")),
        Column::number(frame.say("risk-reason-share")),
        Column::number(frame.say("risk-reason-mean")),
    ];
    let rows = most_frequent(frame, report).map(|(reason, sums, of_read)| {
        let mean = sums.mean_contribution();
        vec![
            Cell::text(reason),
            Cell::count(frame, sums.closings),
            share(frame, of_read.rate()),
            Cell::number(mean, NumberFormat::TwoDigits, frame.decimal(mean, 2)),
        ]
    });
    Table::new("reasons", frame.say("risk-reasons"), columns).with_rows(rows)
}

/// The most frequent reasons, each with the part of the closings that it is told of.
pub(super) fn reason_shares(frame: &Frame, report: &RiskReport) -> Vec<(String, f64)> {
    let reasons = most_frequent(frame, report);
    reasons.filter_map(|(reason, _, of_read)| Some((reason, of_read.rate()?))).collect()
}

fn most_frequent<'r>(
    frame: &Frame,
    report: &'r RiskReport,
) -> impl Iterator<Item = (String, &'r ReasonSums, Proportion)> + use<'r> {
    let language = Language::from_tag(frame.lang()).unwrap_or_default();
    let mut sorted: Vec<(&String, &ReasonSums)> = report.reasons.features.iter().collect();
    sorted.sort_by_key(|(_, sums)| std::cmp::Reverse(sums.closings));
    sorted.into_iter().take(MOST_REASONS).map(move |(feature, sums)| {
        let of_read = Proportion { count: sums.closings, trials: report.reasons.closings };
        (label(feature, language).into_owned(), sums, of_read)
    })
}

pub(super) fn figures(frame: &Frame, figures: Vec<(String, f64)>) -> Table {
    let columns =
        vec![Column::name(frame.say("models-figure")), Column::number(frame.say("models-value"))];
    let rows =
        figures.into_iter().map(|(name, value)| vec![Cell::text(name), Cell::metric(frame, value)]);
    Table::new("figures", frame.say("models-figures"), columns).with_rows(rows)
}
