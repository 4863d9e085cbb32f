//! Charts as SVG, drawn on the server: axes with their unit, intervals, colours that colour-blind people can tell apart (the style sheet
//! has them), and the same figures as a table below. A template shows a chart as it is (`{{ chart }}`).

use super::Frame;
use crate::statistics::Interval;
use askama::Template;
use askama::filters::HtmlSafe;

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 260.0;
/// Room for the figures at the left axis, and around.
const LEFT: f64 = 56.0;
const RIGHT: f64 = 32.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 52.0;
/// Most figures at the lower axis: more would run into each other.
const MOST_LABELS: usize = 7;

/// A share that changes from one period to the next.
#[derive(Debug, Clone)]
pub struct SharePoint {
    /// The period, short.
    pub label: String,
    /// The share, 0 to 1; `None` where there was nothing: the line has a gap.
    pub share: Option<f64>,
    /// Its interval.
    pub interval: Option<Interval>,
    /// Out of how many.
    pub trials: u64,
}

/// A line of shares over time, with a band for their intervals.
#[derive(Debug, Clone, Template)]
#[template(path = "parts/line_chart.html")]
pub struct LineChart {
    id: &'static str,
    title: String,
    frame: Frame,
    x_title: String,
    y_title: String,
    rows: Vec<Row>,
    y_ticks: Vec<Tick>,
    x_ticks: Vec<Tick>,
    bands: Vec<String>,
    lines: Vec<String>,
    dots: Vec<Dot>,
}

impl HtmlSafe for LineChart {}

/// A line of the table.
#[derive(Debug, Clone)]
struct Row {
    label: String,
    share: String,
    low: String,
    high: String,
    trials: String,
}

/// A figure at an axis.
#[derive(Debug, Clone)]
struct Tick {
    at: f64,
    label: String,
}

#[derive(Debug, Clone)]
struct Dot {
    x: f64,
    y: f64,
    text: String,
}

impl LineChart {
    /// A chart of the points from left to right. `id`: unique in the page.
    #[must_use]
    pub fn new(
        frame: &Frame,
        id: &'static str,
        title: impl Into<String>,
        x_title: impl Into<String>,
        y_title: impl Into<String>,
        points: &[SharePoint],
    ) -> Self {
        let top = nice_top(points);
        let y = |share: f64| TOP + (HEIGHT - TOP - BOTTOM) * (1.0 - share / top);
        let x = |index: usize| {
            let step = (WIDTH - LEFT - RIGHT) / as_f64(points.len().max(2) - 1);
            LEFT + step * as_f64(index)
        };
        let every = points.len().div_ceil(MOST_LABELS).max(1);
        let labelled = points.iter().enumerate().filter(|(index, _)| {
            // The last one is always named, and those before at equal distances from it.
            (points.len() - 1 - index).is_multiple_of(every)
        });
        let drawn = |runs: Vec<Vec<(usize, f64)>>| runs.iter().map(|run| path(run, x, y)).collect();
        Self {
            id,
            title: title.into(),
            x_title: x_title.into(),
            y_title: y_title.into(),
            rows: points.iter().map(|point| row(frame, point)).collect(),
            y_ticks: (0..=4_u32)
                .map(|step| {
                    let share = top * f64::from(step) / 4.0;
                    Tick { at: y(share), label: frame.percent_short(share) }
                })
                .collect(),
            x_ticks: labelled
                .map(|(index, point)| Tick { at: x(index), label: point.label.clone() })
                .collect(),
            bands: bands(points, x, y),
            lines: drawn(runs(points)),
            dots: points
                .iter()
                .enumerate()
                .filter_map(|(index, point)| {
                    let share = point.share?;
                    let text = format!("{}: {}", point.label, frame.percent(share));
                    Some(Dot { x: x(index), y: y(share), text })
                })
                .collect(),
            frame: frame.clone(),
        }
    }
}

/// The top of the left axis: above everything drawn, and a number that four parts of are short.
fn nice_top(points: &[SharePoint]) -> f64 {
    let highest = |point: &SharePoint| point.interval.map(|interval| interval.high).or(point.share);
    let highest = points.iter().filter_map(highest).fold(0.0, f64::max);
    let tops = [0.02, 0.04, 0.08, 0.2, 0.4, 0.6, 0.8];
    tops.into_iter().find(|top| *top >= highest).unwrap_or(1.0)
}

/// The points that follow each other without a gap.
fn runs(points: &[SharePoint]) -> Vec<Vec<(usize, f64)>> {
    let mut runs = vec![Vec::new()];
    for (index, point) in points.iter().enumerate() {
        match (point.share, runs.last_mut()) {
            (Some(share), Some(run)) => run.push((index, share)),
            _ => runs.push(Vec::new()),
        }
    }
    runs.retain(|run| !run.is_empty());
    runs
}

fn path(run: &[(usize, f64)], x: impl Fn(usize) -> f64, y: impl Fn(f64) -> f64) -> String {
    let points: Vec<String> =
        run.iter().map(|(index, share)| format!("{:.1},{:.1}", x(*index), y(*share))).collect();
    points.join(" ")
}

/// The bands of the intervals: along the upper ends, and back along the lower ones.
fn bands(
    points: &[SharePoint],
    x: impl Fn(usize) -> f64 + Copy,
    y: impl Fn(f64) -> f64 + Copy,
) -> Vec<String> {
    let interval = |index: usize| points[index].interval;
    let of_run = |run: &Vec<(usize, f64)>| {
        let ends: Vec<(usize, Interval)> =
            run.iter().filter_map(|(index, _)| Some((*index, interval(*index)?))).collect();
        let upper: Vec<_> = ends.iter().map(|(index, interval)| (*index, interval.high)).collect();
        let lower: Vec<_> = ends.iter().rev().map(|(index, one)| (*index, one.low)).collect();
        [path(&upper, x, y), path(&lower, x, y)].join(" ")
    };
    runs(points).iter().map(of_run).collect()
}

fn row(frame: &Frame, point: &SharePoint) -> Row {
    let share = |value: Option<f64>| value.map_or("–".to_owned(), |value| frame.percent(value));
    Row {
        label: point.label.clone(),
        share: share(point.share),
        low: share(point.interval.map(|interval| interval.low)),
        high: share(point.interval.map(|interval| interval.high)),
        trials: frame.integer(point.trials),
    }
}

/// A bar from the middle to the left or right, for a cell of a table that has the figure beside it.
#[derive(Debug, Clone, Template)]
#[template(path = "parts/bar.html")]
pub struct Bar {
    x: f64,
    width: f64,
    is_up: bool,
}

impl HtmlSafe for Bar {}

impl Bar {
    /// A bar for a value among values whose largest, without its sign, is `largest`.
    #[must_use]
    pub fn new(value: f64, largest: f64) -> Self {
        let length = if largest > 0.0 { (value / largest).clamp(-1.0, 1.0) * 100.0 } else { 0.0 };
        Self { x: length.min(0.0), width: length.abs(), is_up: length > 0.0 }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a chart has few points")]
fn as_f64(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(share: Option<f64>) -> SharePoint {
        let interval = share.map(|share| Interval { low: share / 2.0, high: share * 1.5 });
        SharePoint { label: "w".to_owned(), share, interval, trials: 10 }
    }

    #[test]
    fn a_period_without_cases_is_a_gap_and_not_a_zero() {
        let points = [Some(0.1), Some(0.2), None, Some(0.3)].map(point);
        let runs = runs(&points);
        assert_eq!(runs.len(), 2);
        assert_eq!(runs[1], [(3, 0.3)]);
        assert!(super::runs(&[point(None)]).is_empty());
    }

    #[test]
    fn the_axis_holds_every_interval() {
        assert!((nice_top(&[point(Some(0.1))]) - 0.2).abs() < 1e-12);
        assert!((nice_top(&[point(Some(0.9))]) - 1.0).abs() < 1e-12);
        assert!(nice_top(&[]) > 0.0);
    }

    #[test]
    fn bars_go_to_both_sides_of_the_middle() {
        let (up, down) = (Bar::new(0.5, 1.0), Bar::new(-1.0, 1.0));
        assert!(up.is_up && (up.x, up.width) == (0.0, 50.0));
        assert!(!down.is_up && (down.x, down.width) == (-100.0, 100.0));
        assert!(Bar::new(0.0, 0.0).width.abs() < 1e-12);
    }
}
