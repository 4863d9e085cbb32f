//! What several pages show alike: figures with intervals, reliability, slices, counts with the first of what was counted.

use super::chart::{Axis, Chart, Point};
use super::{Cell, Page, ReportLanguage, figure, folded, table, words};
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
        return without_draws(l).to_owned();
    }
    let over = drawn_over(drawn.over, l);
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

/// That no intervals were asked for.
pub(crate) fn without_draws(l: ReportLanguage) -> &'static str {
    l.pick("No intervals were drawn (--draws 0).", "Интервалы не строились (--draws 0).")
}

/// What was drawn, `rows` or `customers`, as it stands behind "over" and «по».
pub(crate) fn drawn_over(over: &str, l: ReportLanguage) -> &'static str {
    match over {
        "customers" => l.pick("customers", "клиентам"),
        _ => l.pick("rows", "строкам"),
    }
}

/// The heads of a table of figures.
pub(super) fn figure_heads(l: ReportLanguage) -> [&'static str; 3] {
    [
        l.pick("Figure", "Показатель"),
        l.pick("Value", "Значение"),
        l.pick("95 % interval", "95 % интервал"),
    ]
}

/// A share in percent, or a dash.
pub(super) fn share(share: Option<f64>, l: ReportLanguage) -> String {
    share.map_or("–".to_owned(), |share| l.percent(share))
}

/// `low – high`, or a dash.
pub(super) fn interval(found: Option<Interval>, decimals: usize, l: ReportLanguage) -> String {
    found.map_or_else(
        || "–".to_owned(),
        |ends| format!("{} – {}", l.number(ends.low, decimals), l.number(ends.high, decimals)),
    )
}

/// What the section about reliability says of one sort of model.
pub(super) struct Reliability<'t> {
    /// How to read the plot.
    pub(super) explained: &'t str,
    /// What the axis upwards shows.
    pub(super) share: &'t str,
    /// What a share of the rows did.
    pub(super) came: &'t str,
}

/// Adds the section about reliability: the plot, and its bins as a table.
pub(super) fn reliability_section(
    page: &mut Page,
    bins: &[ReliabilityBin],
    told: &Reliability<'_>,
    l: ReportLanguage,
) {
    let x = l.pick("stated probability, %", "заявленная вероятность, %");
    let table = folded(
        l.pick("The bins as a table", "Интервалы таблицей"),
        &reliability_table(bins, told.came, l),
    );
    page.section(
        l.pick("Reliability", "Надёжность вероятностей"),
        told.explained,
        &(reliability_plot(bins, x, told.share, l) + &table),
    );
}

/// Adds the section about the slices by a column.
pub(super) fn slice_section(
    page: &mut Page,
    column: &str,
    explained: &str,
    table: &str,
    l: ReportLanguage,
) {
    page.section(&format!("{}: {column}", l.pick("Slices", "Срезы")), explained, table);
}

/// The value of a slice.
pub(super) fn slice_value(value: Option<&str>, l: ReportLanguage) -> Cell {
    words(value.unwrap_or(l.pick("(unknown)", "(нет значения)")))
}

/// A plot with its numbers below it, folded.
pub(super) fn plot_and_table(
    plot: String,
    heads: &[&str],
    rows: &[Vec<Cell>],
    l: ReportLanguage,
) -> String {
    plot + &folded(l.pick("As a table", "Таблицей"), &table("", heads, rows))
}

/// How many there are, and below it, folded under `summary`, the first of them; nothing more where there are none.
pub(crate) fn counted(count: &str, summary: &str, heads: &[&str], rows: &[Vec<Cell>]) -> String {
    let shown = match rows {
        [] => String::new(),
        rows => folded(summary, &table("", heads, rows)),
    };
    format!("<p>{}</p>\n{shown}", super::escape(count))
}

/// The plot of stated probabilities against what came.
fn reliability_plot(bins: &[ReliabilityBin], x: &str, y: &str, l: ReportLanguage) -> String {
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
fn reliability_table(bins: &[ReliabilityBin], came: &str, l: ReportLanguage) -> String {
    let rows: Vec<Vec<Cell>> = bins
        .iter()
        .map(|bin| {
            let ends = bin.interval.map_or("–".to_owned(), |ends| {
                format!("{} – {}", l.percent(ends.low), l.percent(ends.high))
            });
            vec![
                figure(format!("({}; {}]", l.number(bin.low, 3), l.number(bin.high, 3))),
                figure(bin.rows.to_string()),
                figure(share(bin.stated, l)),
                figure(share(bin.observed, l)),
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
