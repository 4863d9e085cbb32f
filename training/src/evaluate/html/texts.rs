//! The page about a model of texts.

use super::chart::{Axis, Chart, Point, Series};
use super::shared::{
    Reliability, below, figure_heads, further, how_sure, interval, plot_and_table,
    reliability_section, share, slice_section, slice_value,
};
use super::{Cell, Page, ReportLanguage, figure, folded, shaded, table, words};
use crate::evaluate::parts::number;
use crate::evaluate::texts::{TextEvaluation, TextSlices};
use std::collections::BTreeMap;

/// Labels of the confusion table.
const MOST_LABELS: usize = 12;

/// The page.
#[must_use]
pub fn page(found: &TextEvaluation, language: ReportLanguage) -> Page {
    let l = language;
    let title = format!(
        "{} {} ({})",
        l.pick("Evaluation of model", "Проверка модели"),
        found.version,
        found.kind
    );
    let mut page = Page::new(l, &title, &below(&found.data, l));
    if found.data.was_trained_on {
        page.notice(l.pick(
            "The model was trained on this very file: the figures flatter it.",
            "Модель обучена на этом самом файле: показатели завышены.",
        ));
    }
    page.section(
        l.pick("Figures", "Показатели"),
        &how_sure(&found.intervals, l),
        &figures(found, l),
    );
    let reliability = Reliability {
        explained: l.pick(
            "Where the model states a probability, is it right that often? On the dashed line it is. Bars are 95 % intervals; larger dots hold more rows.",
            "Так ли часто модель права, как заявляет? На пунктирной линии — да. Отрезки — 95 % интервалы; чем больше точка, тем больше строк.",
        ),
        share: l.pick("share that was right, %", "доля верных ответов, %"),
        came: l.pick("right", "верно"),
    };
    reliability_section(&mut page, &found.reliability, &reliability, l);
    page.section(
        l.pick("Precision against coverage", "Точность и охват"),
        l.pick(
            "If only the surest answers are given, how many are right? The threshold is the probability to set in the configuration.",
            "Если давать только самые уверенные ответы, сколько из них верны? Порог — вероятность, которую можно задать в настройках.",
        ),
        &coverage(found, l),
    );
    page.section(
        l.pick("Confusions", "Путаница"),
        l.pick(
            "Rows: what is right. Columns: what the model said. The labels that are confused most.",
            "Строки — верная метка, столбцы — ответ модели. Показаны метки, которые путают чаще всего.",
        ),
        &confusions(found, l),
    );
    for slices in &found.slices {
        let explained = l.pick(
            "The same figures for parts of the rows. Few rows make wide intervals.",
            "Те же показатели по частям данных. Мало строк — широкий интервал.",
        );
        slice_section(&mut page, &slices.column, explained, &slice_table(slices, l), l);
    }
    page
}

fn figures(found: &TextEvaluation, l: ReportLanguage) -> String {
    let test = &found.test;
    let rows = [
        ("accuracy", l.pick("Accuracy", "Доля верных"), test.accuracy),
        ("macro_f1", l.pick("Macro-F1", "Macro-F1 (среднее по меткам)"), test.macro_f1),
        ("ece", l.pick("Calibration error (ECE)", "Ошибка калибровки (ECE)"), test.ece),
        ("log_loss", l.pick("Log loss", "Логарифмические потери"), test.log_loss),
    ];
    let rows: Vec<Vec<Cell>> = rows
        .into_iter()
        .map(|(name, told, value)| {
            let ends = found.intervals.of.get(name).copied();
            vec![words(told), figure(l.number(value, 4)), figure(interval(ends, 4, l))]
        })
        .collect();
    let caption = format!("n = {}", test.rows);
    let heads = figure_heads(l);
    let mut html = table(&caption, &heads, &rows);
    if let Some(scope) = &found.out_of_scope {
        let rows = [
            (l.pick("Told as out of scope", "Распознано как вне тематики"), share(scope.caught, l)),
            (l.pick("In scope and kept", "По теме и принято"), share(scope.kept, l)),
            ("AUROC", l.number(scope.auroc, 4)),
        ];
        let rows: Vec<Vec<Cell>> =
            rows.into_iter().map(|(told, value)| vec![words(told), figure(value)]).collect();
        let caption =
            format!("{}, n = {}", l.pick("Texts out of scope", "Тексты вне тематики"), scope.rows);
        html += &table(&caption, &heads[..2], &rows);
    }
    html
}

fn coverage(found: &TextEvaluation, l: ReportLanguage) -> String {
    let points: Vec<Point> = found
        .coverage
        .iter()
        .map(|point| Point {
            x: point.coverage,
            y: point.precision,
            whisker: point.interval.map(|ends| (ends.low, ends.high)),
            told: format!(
                "{} → {}, {} {}, n = {}",
                l.percent(point.coverage),
                l.percent(point.precision),
                l.pick("threshold", "порог"),
                l.number(point.threshold, 3),
                point.rows
            ),
            radius: 4.0,
        })
        .collect();
    let lowest = found
        .coverage
        .iter()
        .map(|point| point.interval.map_or(point.precision, |ends| ends.low))
        .fold(1.0, f64::min);
    let x = Axis::share(l.pick("share of texts answered, %", "доля текстов с ответом, %"));
    let y = Axis::upper_share(l.pick("share that is right, %", "доля верных, %"), lowest);
    let described = l.pick("Precision against coverage", "Точность и охват");
    let plot = Chart::new(l, described, x, y)
        .line(Series::First, &points)
        .finish(&format!("n = {}", found.data.rows));
    let rows: Vec<Vec<Cell>> = found
        .coverage
        .iter()
        .map(|point| {
            vec![
                figure(l.percent(point.coverage)),
                figure(point.rows.to_string()),
                figure(l.number(point.threshold, 4)),
                figure(l.percent(point.precision)),
            ]
        })
        .collect();
    let heads = [
        l.pick("answered", "с ответом"),
        "n",
        l.pick("threshold", "порог"),
        l.pick("right", "верно"),
    ];
    plot_and_table(plot, &heads, &rows, l)
}

fn confusions(found: &TextEvaluation, l: ReportLanguage) -> String {
    if found.confusions.is_empty() {
        return format!("<p>{}</p>\n", l.pick("None.", "Нет."));
    }
    let pairs: Vec<Vec<Cell>> = found
        .confusions
        .iter()
        .map(|pair| {
            let share = number(pair.rows) / number(pair.of.max(1));
            vec![
                words(&pair.truth),
                words(&pair.predicted),
                shaded(pair.rows.to_string(), share, false),
                figure(pair.of.to_string()),
                figure(l.percent(share)),
            ]
        })
        .collect();
    let heads = [
        l.pick("right label", "верная метка"),
        l.pick("taken for", "принято за"),
        "n",
        l.pick("of", "из"),
        l.pick("share", "доля"),
    ];
    let caption = l.pick("The largest confusions", "Самые частые ошибки");
    matrix(found, l)
        + &table(caption, &heads, &pairs)
        + &folded(l.pick("Every label", "Все метки"), &label_table(found, l))
}

/// The labels with the most confusions against each other.
fn matrix(found: &TextEvaluation, l: ReportLanguage) -> String {
    let mut chosen: Vec<&str> = Vec::new();
    for pair in &found.confusions {
        for label in [pair.truth.as_str(), pair.predicted.as_str()] {
            if !chosen.contains(&label) && chosen.len() < MOST_LABELS {
                chosen.push(label);
            }
        }
    }
    let counted: BTreeMap<(&str, &str), usize> = found
        .confusions
        .iter()
        .map(|pair| ((pair.truth.as_str(), pair.predicted.as_str()), pair.rows))
        .collect();
    let figures: BTreeMap<&str, _> =
        found.labels.iter().map(|label| (label.label.as_str(), label)).collect();
    let numbered = || (1..).zip(&chosen);
    let rows: Vec<Vec<Cell>> = numbered()
        .filter_map(|(at, truth)| {
            let of = figures.get(truth)?;
            let share = |rows: f64| rows / number(of.rows.max(1));
            let cells = chosen.iter().map(|predicted| {
                if truth == predicted {
                    let recall = of.recall.unwrap_or(0.0);
                    let right = recall * number(of.rows);
                    return shaded(format!("{right:.0}"), recall, true);
                }
                match counted.get(&(*truth, *predicted)) {
                    Some(rows) => shaded(rows.to_string(), share(number(*rows)), false),
                    None => figure("·".to_owned()),
                }
            });
            let name = words(&format!("{at}. {truth}"));
            Some([name].into_iter().chain(cells).chain([figure(of.rows.to_string())]).collect())
        })
        .collect();
    let heads: Vec<String> = numbered().map(|(at, _): (usize, _)| at.to_string()).collect();
    let heads: Vec<&str> =
        [""].into_iter().chain(heads.iter().map(String::as_str)).chain(["n"]).collect();
    let caption = l.pick(
        "Confusion table. A dot: none, or not among the largest. The columns have the numbers of the rows.",
        "Таблица ошибок. Точка — нет или не из самых частых. Столбцы пронумерованы как строки.",
    );
    table(caption, &heads, &rows)
}

fn label_table(found: &TextEvaluation, l: ReportLanguage) -> String {
    let rows: Vec<Vec<Cell>> = found
        .labels
        .iter()
        .map(|label| {
            vec![
                words(&label.label),
                figure(label.rows.to_string()),
                figure(share(label.precision, l)),
                figure(share(label.recall, l)),
                figure(l.number(label.f1, 3)),
            ]
        })
        .collect();
    let heads = [
        l.pick("label", "метка"),
        "n",
        l.pick("precision", "точность"),
        l.pick("recall", "полнота"),
        "F1",
    ];
    table("", &heads, &rows)
}

fn slice_table(slices: &TextSlices, l: ReportLanguage) -> String {
    let rows: Vec<Vec<Cell>> = slices
        .values
        .iter()
        .map(|slice| {
            vec![
                slice_value(slice.value.as_deref(), l),
                figure(slice.figures.rows.to_string()),
                figure(l.number(slice.figures.accuracy, 4)),
                figure(interval(slice.interval, 4, l)),
                figure(l.number(slice.figures.macro_f1, 4)),
                figure(l.number(slice.figures.ece, 4)),
            ]
        })
        .collect();
    let heads = [
        l.pick("value", "значение"),
        "n",
        l.pick("accuracy", "доля верных"),
        l.pick("95 % interval", "95 % интервал"),
        "macro-F1",
        "ECE",
    ];
    table(&further(slices.further_values, l), &heads, &rows)
}
