//! The same charts on paper: the same planes and places, in the colours of a light page.

use super::{BOTTOM, CalibrationChart, Histogram, LEFT, NAMES, NameChart, RIGHT, ROW, TOP, Tick};
use crate::dashboard::Frame;
use crate::pdf::{Anchor, Color, Drawing, Figure, Shape, Weight};

/// The width of a plane, and its height where that does not depend on what is drawn.
const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 260.0;
/// How far below the middle of a line its letters stand.
const HALF_LETTER: f64 = 4.0;
const LETTERS: f32 = 11.0;
/// Reasons in the chart: the table has all that are told.
const MOST_REASONS: usize = 10;
/// Letters of a reason in the chart.
const REASON_LETTERS: usize = 52;

/// A place on a plane.
fn at(x: f64, y: f64) -> (f32, f32) {
    (near(x), near(y))
}

#[expect(clippy::cast_possible_truncation, reason = "places on a page need no more digits")]
fn near(place: f64) -> f32 {
    place as f32
}

fn words(x: f64, y: f64, text: &str, anchor: Anchor) -> Shape {
    let (x, y) = at(x, y);
    let (size, weight, color) = (LETTERS, Weight::Regular, Color::SOFT);
    Shape::Text { x, y, text: text.to_owned(), size, weight, color, anchor }
}

fn line(from: (f64, f64), to: (f64, f64), width: f32, color: Color) -> Shape {
    Shape::line(at(from.0, from.1), at(to.0, to.1), width, color)
}

fn rect(x: f64, y: f64, width: f64, height: f64) -> Shape {
    let (width, height, color) = (near(width), near(height), Color::SERIES_1);
    Shape::Rect { x: near(x), y: near(y), width, height, color }
}

fn dot(x: f64, y: f64) -> Shape {
    Shape::Circle { x: near(x), y: near(y), radius: 4.0, color: Color::SERIES_1 }
}

fn ideal(from: (f64, f64), to: (f64, f64)) -> Shape {
    let (from, to) = (at(from.0, from.1), at(to.0, to.1));
    Shape::Line { from, to, width: 1.5, color: Color::SOFT, is_dashed: true }
}

/// Lines across the plane with their figures at the left.
fn rows(ticks: &[Tick]) -> impl Iterator<Item = Shape> {
    ticks.iter().flat_map(|tick| {
        let figure = words(LEFT - 8.0, tick.at + HALF_LETTER, &tick.label, Anchor::End);
        [line((LEFT, tick.at), (RIGHT, tick.at), 1.0, Color::LINE), figure]
    })
}

/// Figures below the plane, and what they are.
fn feet(ticks: &[Tick], y: f64, title: &str, left: f64) -> impl Iterator<Item = Shape> {
    let figures = ticks.iter().map(move |tick| words(tick.at, y, &tick.label, Anchor::Middle));
    figures.chain([words(f64::midpoint(left, RIGHT), y + 26.0, title, Anchor::Middle)])
}

fn figure(frame: &Frame, title: String, height: f64, shapes: Vec<Shape>) -> Figure {
    let alternative = frame.say("report-chart").with("title", &title).into();
    let drawing = Drawing { width: near(WIDTH), height: near(height), shapes };
    Figure { title, alternative, drawing, keys: Vec::new() }
}

fn key(frame: &Frame, shape: Shape, message: &'static str) -> (Vec<Shape>, String) {
    (vec![shape], frame.say(message).into())
}

/// What the marks of predicted and observed mean.
fn mark_keys(frame: &Frame) -> Vec<(Vec<Shape>, String)> {
    let interval = line((0.0, 6.0), (28.0, 6.0), 2.5, Color::SERIES_1);
    vec![key(frame, dot(14.0, 6.0), "risk-observed"), key(frame, interval, "chart-interval")]
}

impl Histogram {
    pub(in crate::dashboard::risk) fn printed(&self) -> Figure {
        let frame = &self.frame;
        let columns = self.columns.iter().map(|one| rect(one.x, one.y, one.width, one.height));
        let title = String::from(frame.say("risk-score"));
        let shapes = rows(&self.y_ticks)
            .chain(columns)
            .chain(feet(&self.x_ticks, BOTTOM + 18.0, &title, LEFT))
            .collect();
        let keys = vec![key(frame, rect(0.0, 0.0, 28.0, 12.0), "closed-tickets")];
        Figure { keys, ..figure(frame, frame.say("risk-scores").into(), HEIGHT, shapes) }
    }
}

impl CalibrationChart {
    pub(in crate::dashboard::risk) fn printed(&self) -> Figure {
        let frame = &self.frame;
        let marks = self.marks.iter().flat_map(|mark| {
            let interval = line((mark.x, mark.low), (mark.x, mark.high), 2.5, Color::SERIES_1);
            [interval, dot(mark.x, mark.y)]
        });
        let title = String::from(frame.say("risk-predicted"));
        let shapes = rows(&self.y_ticks)
            .chain(feet(&self.x_ticks, BOTTOM + 18.0, &title, LEFT))
            .chain([ideal((LEFT, BOTTOM), (RIGHT, TOP))])
            .chain(marks)
            .collect();
        let mut keys = mark_keys(frame);
        keys.push(key(frame, ideal((0.0, 6.0), (28.0, 6.0)), "risk-ideal"));
        Figure { keys, ..figure(frame, frame.say("risk-calibration").into(), HEIGHT, shapes) }
    }
}

impl NameChart {
    pub(in crate::dashboard::risk) fn printed(&self) -> Figure {
        let (frame, bottom) = (&self.frame, self.bottom);
        let columns = self.x_ticks.iter();
        let columns = columns.map(|tick| line((tick.at, TOP), (tick.at, bottom), 1.0, Color::LINE));
        let predicted = |x: f64, y: f64| line((x, y - 9.0), (x, y + 9.0), 3.0, Color::SERIES_2);
        let marks = self.marks.iter().flat_map(|mark| {
            let y = mark.y;
            [
                words(NAMES - 8.0, y + HALF_LETTER, &mark.name, Anchor::End),
                line((mark.low, y), (mark.high, y), 2.5, Color::SERIES_1),
                dot(mark.observed, y),
                predicted(mark.predicted, y),
            ]
        });
        let title = String::from(frame.say("risk-observed"));
        let shapes =
            columns.chain(feet(&self.x_ticks, bottom + 18.0, &title, NAMES)).chain(marks).collect();
        let mut keys = mark_keys(frame);
        let short = line((14.0, 0.0), (14.0, 12.0), 3.0, Color::SERIES_2);
        keys.push(key(frame, short, "risk-predicted"));
        Figure { keys, ..figure(frame, self.title.clone(), self.height, shapes) }
    }
}

/// In which part of the closings a reason is among the strongest.
pub(in crate::dashboard::risk) fn reasons(frame: &Frame, shares: &[(String, f64)]) -> Figure {
    const BARS: f64 = 360.0;
    let shown = &shares[..shares.len().min(MOST_REASONS)];
    let highest = shown.iter().map(|(_, share)| *share).fold(0.0, f64::max);
    let end = [0.1, 0.2, 0.4, 0.8].into_iter().find(|end| highest <= *end).unwrap_or(1.0);
    let x = |share: f64| BARS + (RIGHT - BARS) * share / end;
    let ticks = super::share_ticks(frame, end, x);
    let mut bottom = TOP;
    let mut bars = Vec::new();
    for (name, share) in shown {
        let middle = bottom + ROW / 2.0;
        let name = super::shortened_to(name, REASON_LETTERS);
        bars.push(words(BARS - 8.0, middle + HALF_LETTER, &name, Anchor::End));
        bars.push(rect(BARS, middle - 8.0, x(*share) - BARS, 16.0));
        bottom += ROW;
    }
    let title = String::from(frame.say("risk-reason-share"));
    let grid = ticks.iter().map(|tick| line((tick.at, TOP), (tick.at, bottom), 1.0, Color::LINE));
    let shapes = grid.chain(bars).chain(feet(&ticks, bottom + 18.0, &title, BARS)).collect();
    figure(frame, frame.say("risk-reasons").into(), bottom + 52.0, shapes)
}
