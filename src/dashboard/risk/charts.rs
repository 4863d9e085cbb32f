//! The charts of the risk report: how scores are spread, and what was predicted against what was observed.

pub(super) mod printed;

use crate::dashboard::Frame;
use crate::dashboard::table::Table;
use crate::risk::report::{Decile, SCORE_BINS, ScoreSums};
use crate::statistics::{CONFIDENCE, Interval};
use askama::Template;
use askama::filters::HtmlSafe;

/// Where the plane of a chart begins and ends, in its own units.
const LEFT: f64 = 56.0;
const RIGHT: f64 = 608.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 208.0;
/// Where the rows of a chart by name begin, and how high each is.
const NAMES: f64 = 200.0;
const ROW: f64 = 30.0;
/// Rows of a chart by name: the table has all of them.
const MOST_ROWS: usize = 12;
/// Letters of a name in a chart.
const MOST_LETTERS: usize = 24;

/// A figure at an axis.
#[derive(Debug, Clone)]
struct Tick {
    at: f64,
    label: String,
}

/// How many closings have which score.
#[derive(Debug, Clone, Template)]
#[template(path = "parts/histogram.html")]
pub(super) struct Histogram {
    frame: Frame,
    pub(super) table: Table,
    y_ticks: Vec<Tick>,
    x_ticks: Vec<Tick>,
    columns: Vec<Rect>,
}

impl HtmlSafe for Histogram {}

#[derive(Debug, Clone)]
struct Rect {
    x: f64,
    y: f64,
    width: f64,
    height: f64,
    text: String,
}

/// What was predicted (from left to right) against what was observed (upwards).
#[derive(Debug, Clone, Template)]
#[template(path = "parts/calibration.html")]
pub(super) struct CalibrationChart {
    frame: Frame,
    pub(super) table: Table,
    y_ticks: Vec<Tick>,
    x_ticks: Vec<Tick>,
    marks: Vec<Mark>,
}

impl HtmlSafe for CalibrationChart {}

/// What was predicted and observed, name by name.
#[derive(Debug, Clone, Template)]
#[template(path = "parts/predicted_by_name.html")]
pub(super) struct NameChart {
    frame: Frame,
    id: &'static str,
    title: String,
    pub(super) table: Table,
    height: f64,
    bottom: f64,
    x_ticks: Vec<Tick>,
    marks: Vec<NameMark>,
}

impl HtmlSafe for NameChart {}

#[derive(Debug, Clone)]
struct Mark {
    x: f64,
    y: f64,
    low: f64,
    high: f64,
    text: String,
}

#[derive(Debug, Clone)]
struct NameMark {
    y: f64,
    name: String,
    predicted: f64,
    observed: f64,
    low: f64,
    high: f64,
    text: String,
}

/// What a mark shows: mean score, observed share and its interval.
fn rates(sums: &ScoreSums) -> Option<(f64, f64, Interval)> {
    let observed = sums.observed();
    Some((sums.predicted()?, observed.rate()?, observed.wilson(CONFIDENCE)?))
}

/// Both figures in words.
fn words(frame: &Frame, predicted: f64, observed: f64) -> String {
    let said = frame
        .say("risk-mark")
        .with("predicted", frame.percent(predicted))
        .with("observed", frame.percent(observed));
    said.into()
}

/// Where the axis of shares ends: the shortest of some lengths that holds everything.
fn axis_end<'s>(all: impl Iterator<Item = &'s ScoreSums>) -> f64 {
    let ends = all.filter_map(rates).map(|(predicted, _, interval)| predicted.max(interval.high));
    let highest = ends.fold(0.0, f64::max);
    [0.1, 0.2, 0.4, 0.8].into_iter().find(|end| highest <= *end).unwrap_or(1.0)
}

/// Five figures at an axis of shares.
fn share_ticks(frame: &Frame, end: f64, place: impl Fn(f64) -> f64) -> Vec<Tick> {
    let shares = (0..=4_u32).map(|part| end * f64::from(part) / 4.0);
    shares.map(|share| Tick { at: place(share), label: frame.percent_short(share) }).collect()
}

/// A place with one digit behind the point.
fn rounded(place: f64) -> f64 {
    (place * 10.0).round() / 10.0
}

impl Histogram {
    pub(super) fn draw(frame: &Frame, bins: &[u64], table: Table) -> Self {
        let step = step_of(bins.iter().copied().max().unwrap_or(0));
        let end = as_f64(4 * step);
        let y = |count: f64| rounded(BOTTOM - (BOTTOM - TOP) * count / end);
        let x = |share: f64| rounded(LEFT + (RIGHT - LEFT) * share);
        let width = rounded((RIGHT - LEFT) / f64::from(SCORE_BINS) - 3.0);
        let border = |number: u32| f64::from(number) / f64::from(SCORE_BINS);
        let columns = (0..SCORE_BINS).zip(bins).map(|(number, count)| {
            let (low, high) = (border(number), border(number + 1));
            let top = y(as_f64(*count));
            let between = format!("{}–{}", frame.percent_short(low), frame.percent_short(high));
            Rect {
                x: rounded(x(low) + 1.5),
                y: top,
                width,
                height: rounded(BOTTOM - top),
                text: format!("{between}: {}", frame.integer(*count)),
            }
        });
        Self {
            columns: columns.collect(),
            y_ticks: (0..=4_u64)
                .map(|part| Tick { at: y(as_f64(part * step)), label: frame.integer(part * step) })
                .collect(),
            x_ticks: share_ticks(frame, 1.0, x),
            frame: frame.clone(),
            table,
        }
    }
}

impl CalibrationChart {
    pub(super) fn draw(frame: &Frame, deciles: &[Decile], table: Table) -> Self {
        let end = axis_end(deciles.iter().map(|decile| &decile.sums));
        let y = |share: f64| rounded(BOTTOM - (BOTTOM - TOP) * share / end);
        let x = |share: f64| rounded(LEFT + (RIGHT - LEFT) * share / end);
        let marks = deciles.iter().filter_map(|decile| {
            let (predicted, observed, interval) = rates(&decile.sums)?;
            Some(Mark {
                x: x(predicted),
                y: y(observed),
                low: y(interval.low),
                high: y(interval.high),
                text: words(frame, predicted, observed),
            })
        });
        Self {
            marks: marks.collect(),
            y_ticks: share_ticks(frame, end, y),
            x_ticks: share_ticks(frame, end, x),
            frame: frame.clone(),
            table,
        }
    }
}

impl NameChart {
    /// The first names of a list.
    pub(super) fn draw(
        frame: &Frame,
        id: &'static str,
        title: String,
        named: &[(String, ScoreSums)],
        table: Table,
    ) -> Self {
        let shown = &named[..named.len().min(MOST_ROWS)];
        let end = axis_end(shown.iter().map(|(_, sums)| sums));
        let x = |share: f64| rounded(NAMES + (RIGHT - NAMES) * share / end);
        let mut bottom = TOP;
        let mut marks = Vec::new();
        for (name, sums) in shown {
            let Some((predicted, observed, interval)) = rates(sums) else { continue };
            marks.push(NameMark {
                y: bottom + ROW / 2.0,
                name: shortened(name),
                predicted: x(predicted),
                observed: x(observed),
                low: x(interval.low),
                high: x(interval.high),
                text: format!("{name}: {}", words(frame, predicted, observed)),
            });
            bottom += ROW;
        }
        let x_ticks = share_ticks(frame, end, x);
        Self {
            frame: frame.clone(),
            id,
            title,
            table,
            height: bottom + 52.0,
            bottom,
            x_ticks,
            marks,
        }
    }
}

fn shortened(name: &str) -> String {
    shortened_to(name, MOST_LETTERS)
}

fn shortened_to(name: &str, letters: usize) -> String {
    if name.chars().count() <= letters {
        return name.to_owned();
    }
    name.chars().take(letters - 1).chain(['…']).collect()
}

/// Four of these hold a count: 1, 2 or 5 with zeros.
fn step_of(most: u64) -> u64 {
    let mut power = 1_u64;
    loop {
        for part in [1, 2, 5] {
            let step = power.saturating_mul(part);
            if step.saturating_mul(4) >= most {
                return step;
            }
        }
        power = power.saturating_mul(10);
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of closings fit into 53 bits")]
fn as_f64(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_short_steps_hold_every_count() {
        for (most, step) in [(0, 1), (4, 1), (5, 2), (20, 5), (21, 10), (4_001, 2_000)] {
            assert_eq!(step_of(most), step, "{most}");
        }
        assert!(step_of(u64::MAX) > 0);
    }

    #[test]
    fn long_names_are_cut_between_letters() {
        assert_eq!(shortened("карта"), "карта");
        assert_eq!(shortened(&"я".repeat(200)).chars().count(), MOST_LETTERS);
    }
}
