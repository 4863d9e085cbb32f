//! Plots as inline SVG, drawn with the page's colours: axes with units, points with intervals, lines.

use super::{ReportLanguage, escape};
use std::fmt::Write as _;

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 400.0;
const LEFT: f64 = 66.0;
const RIGHT: f64 = 28.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 52.0;
/// Parts into which an axis is cut.
const TICKS: u32 = 5;

/// The range of an axis and what it shows.
#[derive(Debug, Clone)]
pub struct Axis {
    /// Name with unit.
    pub name: String,
    /// Smallest value.
    pub low: f64,
    /// Largest value, above `low`.
    pub high: f64,
}

/// A value with its interval.
#[derive(Debug, Clone)]
pub struct Point {
    /// Across.
    pub x: f64,
    /// Up.
    pub y: f64,
    /// The ends of the interval of `y`.
    pub whisker: Option<(f64, f64)>,
    /// Told when it is pointed at.
    pub told: String,
    /// Radius in pixels.
    pub radius: f64,
}

/// A plot in the making.
#[derive(Debug)]
pub struct Chart {
    language: ReportLanguage,
    x: Axis,
    y: Axis,
    svg: String,
}

/// Which of two series is drawn; they differ in colour and in dashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Series {
    /// Drawn through.
    First,
    /// Dashed.
    Second,
}

impl Axis {
    /// A share from 0 to 100 %.
    #[must_use]
    pub fn share(name: &str) -> Self {
        Self { name: name.to_owned(), low: 0.0, high: 1.0 }
    }

    /// A share from `low` to 100 %, `low` brought down to the next tenth.
    #[must_use]
    pub fn upper_share(name: &str, low: f64) -> Self {
        let low = ((low * 10.0).floor() / 10.0).clamp(0.0, 0.9);
        Self { name: name.to_owned(), low, high: 1.0 }
    }

    fn place(&self, value: f64) -> f64 {
        ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0)
    }

    fn ticks(&self) -> impl Iterator<Item = f64> + '_ {
        (0..=TICKS).map(|at| self.low + (self.high - self.low) * f64::from(at) / f64::from(TICKS))
    }
}

impl Chart {
    /// Begins a plot with its axes and a grid. `described` says what it shows, for those who do not see it.
    #[must_use]
    pub fn new(language: ReportLanguage, described: &str, x: Axis, y: Axis) -> Self {
        let mut chart = Self { language, x, y, svg: String::new() };
        // Writing to a string cannot fail.
        let _ = writeln!(
            chart.svg,
            "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}\">",
            escape(described)
        );
        chart.axes();
        chart
    }

    fn axes(&mut self) {
        let (bottom, right) = (HEIGHT - BOTTOM, WIDTH - RIGHT);
        let mut svg = String::new();
        for tick in self.y.ticks() {
            let at = self.up(tick);
            let _ = writeln!(
                svg,
                "<line class=\"grid\" x1=\"{LEFT}\" y1=\"{at:.1}\" x2=\"{right}\" y2=\"{at:.1}\"/>\
                 <text class=\"faint\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                LEFT - 8.0,
                at + 4.0,
                self.label(tick)
            );
        }
        for tick in self.x.ticks() {
            let at = self.across(tick);
            let _ = writeln!(
                svg,
                "<line class=\"grid\" x1=\"{at:.1}\" y1=\"{TOP}\" x2=\"{at:.1}\" y2=\"{bottom}\"/>\
                 <text class=\"faint\" x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
                bottom + 18.0,
                self.label(tick)
            );
        }
        let _ = writeln!(
            svg,
            "<path class=\"axis\" fill=\"none\" d=\"M{LEFT} {TOP}V{bottom}H{right}\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>\
             <text transform=\"translate(15 {:.1}) rotate(-90)\" text-anchor=\"middle\">{}</text>",
            f64::midpoint(LEFT, right),
            HEIGHT - 10.0,
            escape(&self.x.name),
            f64::midpoint(TOP, bottom),
            escape(&self.y.name)
        );
        self.svg.push_str(&svg);
    }

    /// Adds the line on which what is stated is what comes.
    #[must_use]
    pub fn ideal(mut self) -> Self {
        let (low, high) = (self.x.low.max(self.y.low), self.x.high.min(self.y.high));
        let _ = writeln!(
            self.svg,
            "<line class=\"ideal\" x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\"/>",
            self.across(low),
            self.up(low),
            self.across(high),
            self.up(high)
        );
        self
    }

    /// Adds points joined by a line.
    #[must_use]
    pub fn line(mut self, series: Series, points: &[Point]) -> Self {
        let (line, dot) = match series {
            Series::First => ("first", "dot"),
            Series::Second => ("second", "dot2"),
        };
        let joined: Vec<String> = points
            .iter()
            .map(|point| format!("{:.1},{:.1}", self.across(point.x), self.up(point.y)))
            .collect();
        let _ = writeln!(self.svg, "<polyline class=\"{line}\" points=\"{}\"/>", joined.join(" "));
        self.points(points, dot);
        self
    }

    /// Adds points with their intervals.
    #[must_use]
    pub fn dots(mut self, points: &[Point]) -> Self {
        self.points(points, "dot");
        self
    }

    fn points(&mut self, points: &[Point], class: &str) {
        for point in points {
            let (x, y) = (self.across(point.x), self.up(point.y));
            if let Some((low, high)) = point.whisker {
                let (low, high) = (self.up(low), self.up(high));
                let _ = writeln!(
                    self.svg,
                    "<line class=\"whisker\" x1=\"{x:.1}\" y1=\"{low:.1}\" x2=\"{x:.1}\" y2=\"{high:.1}\"/>"
                );
            }
            let _ = writeln!(
                self.svg,
                "<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{:.1}\"><title>{}</title></circle>",
                point.radius,
                escape(&point.told)
            );
        }
    }

    /// The figure, with a line below it.
    #[must_use]
    pub fn finish(self, below: &str) -> String {
        format!("<figure>{}</svg>\n<figcaption>{}</figcaption></figure>\n", self.svg, escape(below))
    }

    fn across(&self, value: f64) -> f64 {
        LEFT + self.x.place(value) * (WIDTH - LEFT - RIGHT)
    }

    fn up(&self, value: f64) -> f64 {
        HEIGHT - BOTTOM - self.y.place(value) * (HEIGHT - TOP - BOTTOM)
    }

    fn label(&self, share: f64) -> String {
        let decimals = usize::from((share * 100.0).fract().abs() > 1e-6);
        format!("{} %", self.language.number(100.0 * share, decimals))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plot_names_its_axes_and_stays_inside_its_frame() {
        let (x, y) = (Axis::share("stated, %"), Axis::share("came, %"));
        let outside = Point { x: 2.0, y: -1.0, whisker: None, told: "n = 3".into(), radius: 4.0 };
        let svg = Chart::new(ReportLanguage::En, "reliability", x, y)
            .ideal()
            .dots(&[outside])
            .finish("below");
        assert!(svg.contains("stated, %") && svg.contains("came, %") && svg.contains("n = 3"));
        assert!(svg.contains("cx=\"612.0\" cy=\"348.0\""), "{svg}");
    }
}
