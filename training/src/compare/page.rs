//! The page about two models.

use super::texts::{Sides, TextChanges};
use super::tickets::RiskChanges;
use super::{Changes, CompareReport, name, reading};
use crate::evaluate::html::chart::{Axis, Chart, Point, Series};
use crate::evaluate::html::shared::{drawn_over, without_draws};
use crate::evaluate::html::{Cell, Page, ReportLanguage, figure, shaded, table, words};
use crate::evaluate::parts::{ReliabilityBin, number};
use recontact::registry::comparison::Difference;
use recontact::risk::RiskBand;

/// A bin with fewer rows is not drawn: it would be noise.
const FEWEST_ROWS: usize = 10;
/// Labels that are told.
const MOST_LABELS: usize = 50;

/// The page.
#[must_use]
pub fn page(found: &CompareReport, language: ReportLanguage) -> Page {
    let l = language;
    let comparison = &found.comparison;
    let (a, b) = (comparison.a.version.as_str(), comparison.b.version.as_str());
    let title = match l {
        ReportLanguage::En => format!("{b} against {a} ({})", comparison.kind),
        ReportLanguage::Ru => format!("{b} против {a} ({})", comparison.kind),
    };
    let rows = l.pick("rows", "строк");
    let below = format!(
        "{}, {} {rows}, SHA-256 {}, {}",
        comparison.data.file, comparison.data.rows, comparison.data.sha256, comparison.compared_at
    );
    let mut page = Page::new(l, &title, &below);
    page.notice(&reading(comparison, &found.paired, l));
    page.section(l.pick("Figures", "Показатели"), &how(found, l), &figures(found, l));
    match &found.changes {
        Changes::Texts(changes) => texts(&mut page, changes, (a, b), l),
        Changes::Tickets(changes) => tickets(&mut page, changes, (a, b), l),
    }
    page
}

fn how(found: &CompareReport, l: ReportLanguage) -> String {
    let over = drawn_over(found.drawn.over, l);
    let (draws, seed) = (found.drawn.draws, found.drawn.seed);
    if draws == 0 {
        let difference = l.pick(
            "The difference is the second minus the first.",
            "Разность — вторая минус первая.",
        );
        return format!("{} {difference}", without_draws(l));
    }
    match l {
        ReportLanguage::En => format!(
            "Both models on the same {draws} bootstrap draws over {over} (seed {seed}). The difference is the second minus the first; \
             shading says which is better."
        ),
        ReportLanguage::Ru => format!(
            "Обе модели на одних и тех же повторных выборках по {over} ({draws}, зерно {seed}). Разность — вторая минус первая; \
             цвет показывает, какая лучше."
        ),
    }
}

fn figures(found: &CompareReport, l: ReportLanguage) -> String {
    let comparison = &found.comparison;
    let row = |told: &Difference| {
        let (_, improvement) = told.improvement();
        let is_shown = improvement.is_some_and(|ends| ends.low > 0.0 || ends.high < 0.0);
        let is_good = improvement.is_some_and(|ends| ends.low > 0.0);
        let ends = told.interval.map_or("–".to_owned(), |ends| {
            format!("{} … {}", signed(ends.low, l), signed(ends.high, l))
        });
        let depth = if is_shown { 0.2 } else { 0.0 };
        vec![
            words(name(&told.metric, l)),
            figure(l.number(told.a, 4)),
            figure(l.number(told.b, 4)),
            shaded(signed(told.difference, l), depth, is_good),
            figure(ends),
        ]
    };
    let rows: Vec<Vec<Cell>> = comparison.differences.iter().map(row).collect();
    let heads = [
        "",
        comparison.a.version.as_str(),
        comparison.b.version.as_str(),
        l.pick("difference", "разность"),
        l.pick("95 % interval", "95 % интервал"),
    ];
    table(&format!("n = {}", comparison.data.rows), &heads, &rows)
}

/// `p = 0.0123`, or that it is smaller than four decimals show.
#[must_use]
pub fn p_value(value: f64, l: ReportLanguage) -> String {
    if value < 1e-4 {
        format!("p < {}", l.number(1e-4, 4))
    } else {
        format!("p = {}", l.number(value, 4))
    }
}

fn signed(value: f64, l: ReportLanguage) -> String {
    let sign = if value >= 0.0 { "+" } else { "−" };
    format!("{sign}{}", l.number(value.abs(), 4))
}

fn texts(page: &mut Page, changes: &TextChanges, names: (&str, &str), l: ReportLanguage) {
    let (a, b) = names;
    let counted = changes.mcnemar;
    let right = l.pick("right", "верно");
    let wrong = l.pick("wrong", "неверно");
    let cell = |rows: u64| figure(rows.to_string());
    let rows = vec![
        vec![words(&format!("{a}: {right}")), cell(counted.both_right), cell(counted.only_a)],
        vec![words(&format!("{a}: {wrong}")), cell(counted.only_b), cell(counted.both_wrong)],
    ];
    let heads = [format!("{b}: {right}"), format!("{b}: {wrong}")];
    let explained = format!(
        "{} {}",
        l.pick("McNemar's exact test:", "Точный критерий Макнемара:"),
        p_value(counted.p_value, l)
    );
    page.section(
        l.pick("Who is right", "Кто прав"),
        &explained,
        &table("", &["", heads[0].as_str(), heads[1].as_str()], &rows),
    );
    let rows: Vec<Vec<Cell>> = changes
        .labels
        .iter()
        .take(MOST_LABELS)
        .map(|change| {
            let share = |rows: usize| number(rows) / number(change.rows.max(1));
            vec![
                words(&change.label),
                figure(change.rows.to_string()),
                shaded(change.only_a.to_string(), share(change.only_a), false),
                shaded(change.only_b.to_string(), share(change.only_b), true),
            ]
        })
        .collect();
    let only = l.pick("only this one right:", "права только");
    let heads = [format!("{only} {a}"), format!("{only} {b}")];
    page.section(
        l.pick("What changes", "Что меняется"),
        l.pick(
            "The labels on whose rows one model is right and the other wrong.",
            "Метки, на строках которых одна модель права, а другая нет.",
        ),
        &table("", &[l.pick("label", "метка"), "n", heads[0].as_str(), heads[1].as_str()], &rows),
    );
    let points = |points: &[crate::evaluate::texts::CoveragePoint], name: &str| -> Vec<Point> {
        let point = |point: &crate::evaluate::texts::CoveragePoint| Point {
            x: point.coverage,
            y: point.precision,
            whisker: None,
            told: format!("{name}: {} → {}", l.percent(point.coverage), l.percent(point.precision)),
            radius: 3.5,
        };
        points.iter().map(point).collect()
    };
    let sides = Sides { a: points(&changes.coverage.a, a), b: points(&changes.coverage.b, b) };
    let lowest = sides.a.iter().chain(&sides.b).map(|point| point.y).fold(1.0, f64::min);
    let x = Axis::share(l.pick("share of texts answered, %", "доля текстов с ответом, %"));
    let y = Axis::upper_share(l.pick("share that is right, %", "доля верных, %"), lowest);
    let heading = l.pick("Precision against coverage", "Точность и охват");
    let plot = Chart::new(l, heading, x, y)
        .line(Series::First, &sides.a)
        .line(Series::Second, &sides.b)
        .finish(&legend(a, b, l));
    let explained = l.pick(
        "If only the surest answers are given, how many are right?",
        "Если давать только самые уверенные ответы, сколько из них верны?",
    );
    page.section(heading, explained, &plot);
    both_reliabilities(page, &changes.reliability, names, l);
}

fn tickets(page: &mut Page, changes: &RiskChanges, names: (&str, &str), l: ReportLanguage) {
    let (a, b) = names;
    let band = |band: RiskBand| match band {
        RiskBand::High => l.pick("high", "высокий"),
        RiskBand::Medium => l.pick("medium", "средний"),
        RiskBand::Low => l.pick("low", "низкий"),
    };
    let rows: Vec<Vec<Cell>> = changes
        .bands
        .iter()
        .rev()
        .map(|change| {
            let share = number(change.positives) / number(change.rows.max(1));
            vec![
                words(band(change.a)),
                words(band(change.b)),
                figure(change.rows.to_string()),
                figure(change.positives.to_string()),
                figure(l.percent(share)),
            ]
        })
        .collect();
    let heads = [a, b, "n", l.pick("came back", "вернулись"), l.pick("share", "доля")];
    let explained = match l {
        ReportLanguage::En => {
            format!("Tickets of {} customers by the band of each model.", changes.customers)
        }
        ReportLanguage::Ru => {
            format!("Обращения по уровню риска каждой модели; клиентов: {}.", changes.customers)
        }
    };
    page.section(l.pick("Bands", "Уровни риска"), &explained, &table("", &heads, &rows));
    both_reliabilities(page, &changes.reliability, names, l);
}

fn both_reliabilities(
    page: &mut Page,
    found: &Sides<Vec<ReliabilityBin>>,
    names: (&str, &str),
    l: ReportLanguage,
) {
    let (a, b) = names;
    let points = |bins: &[ReliabilityBin], name: &str| -> Vec<Point> {
        let point = |bin: &ReliabilityBin| {
            let (stated, observed) = (bin.stated?, bin.observed?);
            if bin.rows < FEWEST_ROWS {
                return None;
            }
            let told = format!(
                "{name}: {} → {}, n = {}",
                l.percent(stated),
                l.percent(observed),
                bin.rows
            );
            Some(Point { x: stated, y: observed, whisker: None, told, radius: 4.0 })
        };
        bins.iter().filter_map(point).collect()
    };
    let x = Axis::share(l.pick("stated probability, %", "заявленная вероятность, %"));
    let y = Axis::share(l.pick("what came, %", "что оказалось, %"));
    let heading = l.pick("Reliability", "Надёжность вероятностей");
    let plot = Chart::new(l, heading, x, y)
        .ideal()
        .line(Series::First, &points(&found.a, a))
        .line(Series::Second, &points(&found.b, b))
        .finish(&legend(a, b, l));
    let explained = l.pick(
        "The nearer to the grey dashed line, the better the stated probabilities. Bins of fewer than 10 rows are not drawn.",
        "Чем ближе к серому пунктиру, тем точнее заявленные вероятности. Интервалы, где меньше 10 строк, не показаны.",
    );
    page.section(heading, explained, &plot);
}

fn legend(a: &str, b: &str, l: ReportLanguage) -> String {
    match l {
        ReportLanguage::En => format!("Drawn through: {a}. Dashed: {b}."),
        ReportLanguage::Ru => format!("Сплошная линия: {a}. Пунктир: {b}."),
    }
}
