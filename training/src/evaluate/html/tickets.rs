//! The page about a risk model.

use super::chart::{Axis, Chart, Point, Series};
use super::shared::{
    Reliability, below, figure_heads, further, how_sure, interval, plot_and_table,
    reliability_section, slice_section, slice_value,
};
use super::{Cell, Page, ReportLanguage, figure, table, words};
use crate::evaluate::tickets::{RiskEvaluation, RiskSlices};
use crate::risk::report::{Figures, rate};
use recontact::risk::RiskBand;

/// The page.
#[must_use]
pub fn page(found: &RiskEvaluation, language: ReportLanguage) -> Page {
    let l = language;
    let title = format!(
        "{} {}, {} {}",
        l.pick("Evaluation of risk model", "Проверка модели риска"),
        found.version,
        found.window_days,
        l.pick("days", "дней"),
    );
    let mut page = Page::new(l, &title, &below(&found.data, l));
    if let Some(end) = found.closed_after {
        page.notice(&match l {
            ReportLanguage::En => format!(
                "The model was trained on this file: only tickets closed after {end} are measured."
            ),
            ReportLanguage::Ru => format!(
                "Модель обучена на этом файле: учтены только обращения, закрытые после {end}."
            ),
        });
    }
    page.section(
        l.pick("Figures", "Показатели"),
        &how_sure(&found.intervals, l),
        &figures(found, l),
    );
    let reliability = Reliability {
        explained: l.pick(
            "Do as many come back as the model states? On the dashed line they do. Bars are 95 % intervals; larger dots hold more tickets.",
            "Столько ли клиентов возвращается, сколько заявляет модель? На пунктирной линии — да. Отрезки — 95 % интервалы; чем больше точка, тем больше обращений.",
        ),
        share: l.pick("share that came back, %", "доля вернувшихся, %"),
        came: l.pick("came back", "вернулись"),
    };
    reliability_section(&mut page, &found.reliability, &reliability, l);
    page.section(
        l.pick("Following up a share of the tickets", "Если связаться с частью клиентов"),
        l.pick(
            "The tickets with the highest risk first. Line drawn through: how many of those followed up would have come back. Dashed: how many of all who come back are among them.",
            "Сначала обращения с наибольшим риском. Сплошная линия: какая доля из них вернулась бы. Пунктир: какую долю всех вернувшихся они составляют.",
        ),
        &coverage(found, l),
    );
    page.section(
        l.pick("Bands", "Уровни риска"),
        l.pick("As the service would put the tickets.", "Как сервис распределил бы обращения."),
        &bands(found, l),
    );
    for slices in &found.slices {
        let explained = l.pick(
            "The same figures for parts of the tickets. Few tickets make wide intervals.",
            "Те же показатели по частям данных. Мало обращений — широкий интервал.",
        );
        slice_section(&mut page, &slices.column, explained, &slice_table(slices, l), l);
    }
    page
}

fn number(value: Option<f64>, decimals: usize, l: ReportLanguage) -> Cell {
    figure(value.map_or("–".to_owned(), |value| l.number(value, decimals)))
}

fn figures(found: &RiskEvaluation, l: ReportLanguage) -> String {
    let test = &found.test;
    let rows = [
        ("roc_auc", "ROC-AUC", test.roc_auc),
        ("pr_auc", "PR-AUC", test.pr_auc),
        ("brier", l.pick("Brier score", "Оценка Брайера"), test.brier),
        ("log_loss", l.pick("Log loss", "Логарифмические потери"), found.log_loss),
        ("ece", l.pick("Calibration error (ECE)", "Ошибка калибровки (ECE)"), test.ece),
    ];
    let rows: Vec<Vec<Cell>> = rows
        .into_iter()
        .map(|(name, told, value)| {
            let ends = found.intervals.of.get(name).copied();
            vec![words(told), number(value, 4, l), figure(interval(ends, 4, l))]
        })
        .collect();
    let caption = match l {
        ReportLanguage::En => format!("n = {}, {} came back", test.rows, test.positives),
        ReportLanguage::Ru => format!("n = {}, вернулись {}", test.rows, test.positives),
    };
    let own = table(&caption, &figure_heads(l), &rows);
    let beside: [(&str, &Figures); 4] = [
        (l.pick("this model", "эта модель"), test),
        (
            l.pick("tickets of the last 30 days, counted", "число обращений за 30 дней"),
            &found.baselines.tickets_30d,
        ),
        (l.pick("share of the category", "доля по категории"), &found.baselines.issue_base_rate),
        (l.pick("the same for everybody", "одинаково для всех"), &found.baselines.base_rate),
    ];
    let rows: Vec<Vec<Cell>> = beside
        .into_iter()
        .map(|(name, figures)| {
            vec![
                words(name),
                number(figures.roc_auc, 4, l),
                number(figures.pr_auc, 4, l),
                number(figures.brier, 4, l),
                number(figures.ece, 4, l),
                number(figures.lift_at_10, 2, l),
            ]
        })
        .collect();
    let caption = l.pick("Beside what needs no model", "Рядом с тем, что не требует модели");
    let heads = ["", "ROC-AUC", "PR-AUC", "Brier", "ECE", l.pick("lift at 10 %", "лифт при 10 %")];
    own + &table(caption, &heads, &rows)
}

fn coverage(found: &RiskEvaluation, l: ReportLanguage) -> String {
    let points = |is_recall: bool| -> Vec<Point> {
        let point = |share: &crate::evaluate::tickets::FollowedShare| {
            let y = if is_recall { share.recall } else { share.precision };
            let whisker = share.interval.filter(|_| !is_recall).map(|ends| (ends.low, ends.high));
            let told =
                format!("{} → {}, n = {}", l.percent(share.coverage), l.percent(y), share.rows);
            Point { x: share.coverage, y, whisker, told, radius: 4.0 }
        };
        found.coverage.iter().map(point).collect()
    };
    let x = Axis::share(l.pick("share followed up, %", "доля обращений, %"));
    let y = Axis::share(l.pick("share, %", "доля, %"));
    let described = l.pick("Precision and recall", "Точность и полнота");
    let plot = Chart::new(l, described, x, y)
        .line(Series::First, &points(false))
        .line(Series::Second, &points(true))
        .finish(&format!("n = {}", found.test.rows));
    let rows: Vec<Vec<Cell>> = found
        .coverage
        .iter()
        .map(|share| {
            vec![
                figure(l.percent(share.coverage)),
                figure(share.rows.to_string()),
                figure(l.number(share.threshold, 4)),
                figure(l.percent(share.precision)),
                figure(l.percent(share.recall)),
            ]
        })
        .collect();
    let heads = [
        l.pick("followed up", "доля"),
        "n",
        l.pick("threshold", "порог"),
        l.pick("came back", "вернулись"),
        l.pick("of all who did", "из всех вернувшихся"),
    ];
    plot_and_table(plot, &heads, &rows, l)
}

fn bands(found: &RiskEvaluation, l: ReportLanguage) -> String {
    let name = |band: RiskBand| match band {
        RiskBand::High => l.pick("high", "высокий"),
        RiskBand::Medium => l.pick("medium", "средний"),
        RiskBand::Low => l.pick("low", "низкий"),
    };
    let rows: Vec<Vec<Cell>> = found
        .bands
        .iter()
        .map(|count| {
            vec![
                words(name(count.band)),
                figure(count.rows.to_string()),
                figure(count.positives.to_string()),
                figure(l.percent(rate(count.positives, count.rows))),
            ]
        })
        .collect();
    let heads =
        [l.pick("band", "уровень"), "n", l.pick("came back", "вернулись"), l.pick("share", "доля")];
    table("", &heads, &rows)
}

fn slice_table(slices: &RiskSlices, l: ReportLanguage) -> String {
    let rows: Vec<Vec<Cell>> = slices
        .values
        .iter()
        .map(|slice| {
            let figures = &slice.figures;
            vec![
                slice_value(slice.value.as_deref(), l),
                figure(figures.rows.to_string()),
                figure(l.percent(slice.stated)),
                figure(l.percent(rate(figures.positives, figures.rows))),
                figure(interval(slice.interval, 3, l)),
                number(figures.roc_auc, 4, l),
                number(figures.brier, 4, l),
            ]
        })
        .collect();
    let heads = [
        l.pick("value", "значение"),
        "n",
        l.pick("stated", "заявлено"),
        l.pick("came back", "вернулись"),
        l.pick("95 % interval", "95 % интервал"),
        "ROC-AUC",
        "Brier",
    ];
    table(&further(slices.further_values, l), &heads, &rows)
}
