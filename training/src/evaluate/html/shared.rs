//! What the pages about both sorts of models show alike.

use super::chart::{Axis, Chart, Point};
use super::{Cell, ReportLanguage, figure, table};
use crate::evaluate::parts::{DataSeen, Drawn, ReliabilityBin, number};
use recontact::statistics::Interval;

/// What the page is about, in a line.
pub(super) fn below(data: &DataSeen, l: ReportLanguage) -> String {
    let rows = l.pick("rows", "строк");
    format!("{}, {} {rows}, SHA-256 {}", data.file, data.rows, data.sha256)
}

/// How intervals were drawn, in a sentence.
pub(super) fn how_sure(drawn: &Drawn, l: ReportLanguage) -> String {
    if drawn.draws == 0 {
        return l
            .pick("No intervals were drawn (--draws 0).", "Интервалы не строились (--draws 0).")
            .to_owned();
    }
    let over = match (drawn.over, l) {
        ("customers", ReportLanguage::En) => "customers",
        ("customers", ReportLanguage::Ru) => "клиентам",
        (_, ReportLanguage::En) => "rows",
        (_, ReportLanguage::Ru) => "строкам",
    };
    match l {
        ReportLanguage::En => format!(
            "Intervals hold 95 % of {} bootstrap draws over {} {over} (seed {}).",
            drawn.draws, drawn.units, drawn.seed
        ),
        ReportLanguage::Ru => format!(
            "Интервалы содержат 95 % из {} повторных выборок (бутстреп) по {over}, всего {} (зерно {}).",
            drawn.draws, drawn.units, drawn.seed
        ),
    }
}

/// `low – high`, or a dash.
pub(super) fn interval(found: Option<Interval>, decimals: usize, l: ReportLanguage) -> String {
    found.map_or_else(
        || "–".to_owned(),
        |ends| format!("{} – {}", l.number(ends.low, decimals), l.number(ends.high, decimals)),
    )
}

/// The plot of stated probabilities against what came.
pub(super) fn reliability_plot(
    bins: &[ReliabilityBin],
    x: &str,
    y: &str,
    l: ReportLanguage,
) -> String {
    let most = bins.iter().map(|bin| bin.rows).max().unwrap_or(1).max(1);
    let total: usize = bins.iter().map(|bin| bin.rows).sum();
    let points: Vec<Point> = bins
        .iter()
        .filter_map(|bin| {
            let (stated, observed) = (bin.stated?, bin.observed?);
            let told = format!("{} → {}, n = {}", l.percent(stated), l.percent(observed), bin.rows);
            Some(Point {
                x: stated,
                y: observed,
                whisker: bin.interval.map(|ends| (ends.low, ends.high)),
                told,
                radius: 3.0 + 5.0 * (number(bin.rows) / number(most)).sqrt(),
            })
        })
        .collect();
    let described = l.pick("Reliability plot", "График надёжности");
    Chart::new(l, described, Axis::share(x), Axis::share(y))
        .ideal()
        .dots(&points)
        .finish(&format!("n = {total}"))
}

/// The bins as numbers.
pub(super) fn reliability_table(bins: &[ReliabilityBin], came: &str, l: ReportLanguage) -> String {
    let share = |share: Option<f64>| share.map_or("–".to_owned(), |share| l.percent(share));
    let rows: Vec<Vec<Cell>> = bins
        .iter()
        .map(|bin| {
            let ends = bin.interval.map_or("–".to_owned(), |ends| {
                format!("{} – {}", l.percent(ends.low), l.percent(ends.high))
            });
            vec![
                figure(format!("({}; {}]", l.number(bin.low, 3), l.number(bin.high, 3))),
                figure(bin.rows.to_string()),
                figure(share(bin.stated)),
                figure(share(bin.observed)),
                figure(ends),
            ]
        })
        .collect();
    let heads = [
        l.pick("Bin", "Интервал"),
        "n",
        l.pick("stated", "заявлено"),
        came,
        l.pick("95 % interval", "95 % интервал"),
    ];
    table("", &heads, &rows)
}

/// How many values are left out, where there are any.
pub(super) fn further(values: usize, l: ReportLanguage) -> String {
    match (values, l) {
        (0, _) => String::new(),
        (more, ReportLanguage::En) => format!("{more} rarer values are not shown"),
        (more, ReportLanguage::Ru) => format!("Более редкие значения не показаны: {more}"),
    }
}
