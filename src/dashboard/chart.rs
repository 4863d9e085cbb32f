//! Charts as SVG, drawn on the server: axes with their unit, intervals, colours that colour-blind people can tell apart (the style sheet
//! has them), and the same figures as a table below. A template shows a chart as it is (`{{ chart }}`).

use super::Frame;
use super::table::{Cell, Column, Export, NumberFormat, Table};
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

/// A figure in any unit that changes from one period to the next.
#[derive(Debug, Clone)]
pub struct Point {
    /// The period, short.
    pub label: String,
    /// The figure; `None` where there was nothing: the line has a gap.
    pub value: Option<f64>,
    /// Its interval.
    pub interval: Option<Interval>,
    /// Whether it will still change.
    pub is_young: bool,
}

/// What is written around a chart. `id`: unique in the page.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "named after what they are")]
pub struct ChartTexts {
    pub id: &'static str,
    pub title: String,
    pub x_title: String,
    pub y_title: String,
}

/// A line of figures over time, with a band for their intervals.
#[derive(Debug, Clone, Template)]
#[template(path = "parts/line_chart.html")]
pub struct LineChart {
    texts: ChartTexts,
    frame: Frame,
    table: Table,
    y_ticks: Vec<Tick>,
    x_ticks: Vec<Tick>,
    bands: Vec<String>,
    lines: Vec<String>,
    dots: Vec<Dot>,
}

impl HtmlSafe for LineChart {}

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
    is_young: bool,
}

impl LineChart {
    /// A chart of shares from left to right, whose table says out of how many closed tickets. `id`: unique in the page.
    #[must_use]
    pub fn new(
        frame: &Frame,
        id: &'static str,
        title: impl Into<String>,
        x_title: impl Into<String>,
        y_title: impl Into<String>,
        points: &[SharePoint],
    ) -> Self {
        let texts = ChartTexts {
            id,
            title: title.into(),
            x_title: x_title.into(),
            y_title: y_title.into(),
        };
        let columns = vec![
            Column::text(texts.x_title.clone()),
            Column::number(texts.y_title.clone()),
            Column::number(frame.say("interval-low")),
            Column::number(frame.say("interval-high")),
            Column::number(frame.say("closed-tickets")),
        ];
        let rows = points.iter().map(|point| row(frame, point));
        let table = Table::new(id, texts.title.clone(), columns).with_rows(rows);
        let point = |point: &SharePoint| Point {
            label: point.label.clone(),
            value: point.share,
            interval: point.interval,
            is_young: false,
        };
        let points: Vec<Point> = points.iter().map(point).collect();
        let in_words = |share| frame.percent(share);
        Self::draw(frame, texts, &points, |share| frame.percent_short(share), in_words, table)
    }

    /// A chart of figures from left to right. `at_axis` and `in_words` write a figure, `table` has all of them.
    #[must_use]
    pub fn draw(
        frame: &Frame,
        texts: ChartTexts,
        points: &[Point],
        at_axis: impl Fn(f64) -> String,
        in_words: impl Fn(f64) -> String,
        table: Table,
    ) -> Self {
        let scale = Scale::of(points);
        let y = |value: f64| TOP + (HEIGHT - TOP - BOTTOM) * (1.0 - scale.part(value));
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
            y_ticks: scale
                .ticks()
                .map(|value| Tick { at: y(value), label: at_axis(value) })
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
                    let value = point.value?;
                    let text = format!("{}: {}", point.label, in_words(value));
                    Some(Dot { x: x(index), y: y(value), text, is_young: point.is_young })
                })
                .collect(),
            frame: frame.clone(),
            texts,
            table,
        }
    }

    /// With links to the files of its table.
    #[must_use]
    pub fn with_files(self, export: &Export) -> Self {
        Self { table: self.table.with_files(export), ..self }
    }

    /// Its figures as a table.
    #[must_use]
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// Whether some figures will still change.
    fn has_young(&self) -> bool {
        self.dots.iter().any(|dot| dot.is_young)
    }

    /// Whether any figure has an interval.
    fn has_intervals(&self) -> bool {
        self.bands.iter().any(|band| !band.trim().is_empty())
    }
}

/// From where to where the left axis goes.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Scale {
    bottom: f64,
    step: f64,
}

impl Scale {
    /// Four steps from 0 upwards that hold everything drawn, each a number that is short; from below 0 where something is negative.
    fn of(points: &[Point]) -> Self {
        let ends = |point: &Point| {
            let interval = point.interval.map(|interval| [interval.low, interval.high]);
            interval.into_iter().flatten().chain(point.value).collect::<Vec<_>>()
        };
        let all: Vec<f64> = points.iter().flat_map(ends).collect();
        let highest = all.iter().copied().fold(0.0, f64::max);
        let lowest = all.iter().copied().fold(0.0, f64::min);
        let span = if highest > lowest { highest - lowest } else { 1.0 };
        let power = 10_f64.powf((span / 4.0).log10().floor());
        let steps = [1.0, 2.0, 2.5, 5.0, 10.0, 20.0].into_iter().map(|part| part * power);
        let mut scales = steps.map(|step| Self { bottom: step * (lowest / step).floor(), step });
        let holds = |scale: &Self| scale.bottom + 4.0 * scale.step >= highest * (1.0 - 1e-9);
        let otherwise = Self { bottom: lowest, step: span / 4.0 };
        scales.find(holds).unwrap_or(otherwise)
    }

    /// How high a value lies, of 0 to 1.
    fn part(self, value: f64) -> f64 {
        (value - self.bottom) / (4.0 * self.step)
    }

    fn ticks(self) -> impl Iterator<Item = f64> {
        (0..=4_u32).map(move |index| self.bottom + self.step * f64::from(index))
    }
}

/// The points that follow each other without a gap.
fn runs(points: &[Point]) -> Vec<Vec<(usize, f64)>> {
    let mut runs = vec![Vec::new()];
    for (index, point) in points.iter().enumerate() {
        match (point.value, runs.last_mut()) {
            (Some(value), Some(run)) => run.push((index, value)),
            _ => runs.push(Vec::new()),
        }
    }
    runs.retain(|run| !run.is_empty());
    runs
}

fn path(run: &[(usize, f64)], x: impl Fn(usize) -> f64, y: impl Fn(f64) -> f64) -> String {
    let points: Vec<String> =
        run.iter().map(|(index, value)| format!("{:.1},{:.1}", x(*index), y(*value))).collect();
    points.join(" ")
}

/// The bands of the intervals: along the upper ends, and back along the lower ones.
fn bands(
    points: &[Point],
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

fn row(frame: &Frame, point: &SharePoint) -> Vec<Cell> {
    let share = |value: Option<f64>| value.map_or(Cell::nothing(), |value| percent(frame, value));
    vec![
        Cell::text(point.label.clone()),
        share(point.share),
        share(point.interval.map(|interval| interval.low)),
        share(point.interval.map(|interval| interval.high)),
        Cell::count(frame, point.trials),
    ]
}

fn percent(frame: &Frame, share: f64) -> Cell {
    Cell::number(share, NumberFormat::Percent, frame.percent(share))
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

    fn point(value: Option<f64>) -> Point {
        let interval = value.map(|value| Interval { low: value / 2.0, high: value * 1.5 });
        Point { label: "w".to_owned(), value, interval, is_young: false }
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
    fn the_axis_holds_every_interval_in_four_short_steps() {
        for value in [0.001, 0.1, 0.37, 0.66, 1.0, 7.0, 86_400.0, -35.0] {
            let scale = Scale::of(&[point(Some(value))]);
            for end in [value, value / 2.0, value * 1.5] {
                let part = scale.part(end);
                assert!((-1e-9..=1.0 + 1e-9).contains(&part), "{value}: {end} at {part}");
            }
            let ticks: Vec<f64> = scale.ticks().collect();
            let digits = |tick: &f64| format!("{:e}", (tick * 1e6).round()).len();
            assert!(ticks.iter().all(|tick| digits(tick) <= 6), "{ticks:?}");
        }
        let scale = Scale::of(&[point(Some(0.1))]);
        assert!(scale.bottom.abs() < 1e-12 && (scale.step - 0.05).abs() < 1e-12, "{scale:?}");
        assert!(Scale::of(&[]).step > 0.0);
    }

    #[test]
    fn bars_go_to_both_sides_of_the_middle() {
        let (up, down) = (Bar::new(0.5, 1.0), Bar::new(-1.0, 1.0));
        assert!(up.is_up && (up.x, up.width) == (0.0, 50.0));
        assert!(!down.is_up && (down.x, down.width) == (-100.0, 100.0));
        assert!(Bar::new(0.0, 0.0).width.abs() < 1e-12);
    }
}
