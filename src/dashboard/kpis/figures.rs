//! Figures in words and in tables.

use super::super::Frame;
use super::super::chart::{ChartTexts, LineChart, Point};
use super::super::table::{Cell, Column, Fact, NumberFormat, Table};
use super::ask::{Asked, dimension_message, step_message};
use crate::kpi::{Definition, Exclusion, Figure, KpiGroup, KpiReport, Step, Unit};
use crate::timestamp::Timestamp;

/// A figure's value in its unit.
pub(super) fn value(frame: &Frame, unit: Unit, value: f64) -> String {
    match unit {
        Unit::Share => frame.percent(value),
        Unit::Seconds => duration(frame, value, 1),
        Unit::Points | Unit::ContactsPerDay => frame.decimal(value, 1),
        Unit::CostPerContact => frame.decimal(value, 2),
        Unit::Tickets => frame.decimal(value, 0),
    }
}

/// The same for an axis: no more digits than needed.
fn at_axis(frame: &Frame, unit: Unit, number: f64) -> String {
    let digits = |number: f64| {
        let is = |digits: i32| {
            let scaled = number * 10_f64.powi(digits);
            (scaled - scaled.round()).abs() < 1e-6
        };
        if is(0) {
            0
        } else if is(1) {
            1
        } else {
            2
        }
    };
    match unit {
        Unit::Share => frame.percent_short(number),
        Unit::Seconds => duration(frame, number, 1),
        Unit::Points | Unit::ContactsPerDay | Unit::CostPerContact | Unit::Tickets => {
            frame.decimal(number, digits(number))
        }
    }
}

/// Seconds in the unit that reads best.
fn duration(frame: &Frame, seconds: f64, digits: usize) -> String {
    let size = seconds.abs();
    let text = |part: f64| frame.decimal(seconds / part, digits);
    if size < 120.0 {
        let digits = if (seconds - seconds.round()).abs() < 1e-6 { 0 } else { digits };
        frame.say("kpi-seconds").with("number", frame.decimal(seconds, digits)).to_string()
    } else if size < 7_200.0 {
        frame.say("kpi-minutes").with("number", text(60.0)).to_string()
    } else if size < 172_800.0 {
        frame.say("kpi-hours").with("number", text(3_600.0)).to_string()
    } else {
        frame.say("kpi-days").with("number", text(86_400.0)).to_string()
    }
}

fn format(unit: Unit) -> NumberFormat {
    match unit {
        Unit::Share => NumberFormat::Percent,
        Unit::Seconds | Unit::Tickets => NumberFormat::Whole,
        Unit::Points | Unit::ContactsPerDay => NumberFormat::OneDigit,
        Unit::CostPerContact => NumberFormat::TwoDigits,
    }
}

/// The columns that every table of figures has after its first one.
fn columns(frame: &Frame) -> Vec<Column> {
    vec![
        Column::number(frame.say("kpi-value")),
        Column::number(frame.say("interval-low")),
        Column::number(frame.say("interval-high")),
        Column::number(frame.say("kpi-numerator")),
        Column::number(frame.say("kpi-denominator")),
        Column::number(frame.say("kpi-cases")),
        Column::number(frame.say("kpi-window-days")),
        Column::name(frame.say("kpi-left-out")),
        Column::name(frame.say("kpi-remarks")),
    ]
}

/// The cells below them.
fn cells(
    frame: &Frame,
    asked: &Asked,
    figure: &Figure,
    needs: &[&str],
    now: Timestamp,
) -> Vec<Cell> {
    let in_unit = |number: Option<f64>| match number {
        Some(number) => {
            Cell::number(number, format(figure.unit), value(frame, figure.unit, number))
        }
        None => Cell::nothing(),
    };
    let sum = |number: Option<f64>| match number {
        Some(number) => {
            let is_whole = (number - number.round()).abs() < 1e-9;
            let (digits, format) =
                if is_whole { (0, NumberFormat::Whole) } else { (2, NumberFormat::TwoDigits) };
            Cell::number(number, format, frame.decimal(number, digits))
        }
        None => Cell::nothing(),
    };
    let window = |days: u32| Cell::count(frame, u64::from(days));
    vec![
        in_unit(figure.value),
        in_unit(figure.interval.map(|interval| interval.low)),
        in_unit(figure.interval.map(|interval| interval.high)),
        sum(figure.numerator),
        sum(figure.denominator),
        Cell::count(frame, figure.n),
        figure.window_days.map_or(Cell::nothing(), window),
        Cell::text(left_out(frame, figure)),
        Cell::text(remarks(frame, asked, figure, needs, now)),
    ]
}

fn left_out(frame: &Frame, figure: &Figure) -> String {
    let each = figure.excluded.iter().map(|left| {
        let message = match left.reason {
            Exclusion::Immature => frame.say("kpi-left-immature").with("count", left.n),
            Exclusion::WithoutFields => frame.say("kpi-left-without-fields").with("count", left.n),
            Exclusion::NotResolvable => frame.say("kpi-left-not-resolvable").with("count", left.n),
            Exclusion::WithoutScale => frame.say("kpi-left-without-scale").with("count", left.n),
        };
        message.to_string()
    });
    each.collect::<Vec<_>>().join("; ")
}

/// Whether it will still change, says little, or why there is none.
fn remarks(
    frame: &Frame,
    asked: &Asked,
    figure: &Figure,
    needs: &[&str],
    now: Timestamp,
) -> String {
    let mut remarks = Vec::new();
    if figure.not_measured.is_some() {
        let message = frame
            .say("kpi-not-measured")
            .with("count", needs.len())
            .with("fields", needs.join(", "));
        remarks.push(message.to_string());
    } else if figure.value.is_none() {
        remarks.push(frame.say("kpi-no-cases").to_string());
    } else if figure.is_small {
        remarks.push(frame.say("kpi-small").to_string());
    }
    if let Some(mature_at) = figure.mature_at.filter(|mature_at| *mature_at > now) {
        let until = frame.day(asked.zone.day_of(mature_at));
        remarks.push(frame.say("kpi-immature-until").with("date", until).to_string());
    }
    remarks.join("; ")
}

/// The name of a figure: of its measure, and of its part where that has several.
fn name(frame: &Frame, figure: &Figure, definition: &Definition) -> String {
    match figure.part {
        Some(part) => {
            let part = frame.say("kpi-part").with("part", part);
            format!("{}: {part}", definition.name)
        }
        None => definition.name.to_owned(),
    }
}

fn facts(frame: &Frame, definition: &Definition) -> Vec<Fact> {
    let fact = |title: String, text: String| Fact { title, text, lang: None };
    let mut facts = vec![
        fact(frame.say("kpi-numerator").into(), definition.numerator.clone()),
        fact(frame.say("kpi-denominator").into(), definition.denominator.clone()),
        fact(frame.say("kpi-left-out").into(), definition.exclusions.clone()),
    ];
    if let Some(method) = definition.interval {
        facts.push(fact(frame.say("chart-interval").into(), method.to_owned()));
    }
    let origin = fact(frame.say("kpi-origin").into(), definition.origin.to_owned());
    facts.push(Fact { lang: Some("en"), ..origin });
    facts
}

fn definition_of<'r>(report: &'r KpiReport, figure: &Figure) -> Option<&'r Definition> {
    report.definitions.iter().find(|definition| definition.id == figure.measure)
}

/// All measures of the period, each with its definition one click away.
pub(super) fn measures_table(frame: &Frame, asked: &Asked, report: &KpiReport) -> Table {
    let mut all = vec![Column::name(frame.say("kpi-measure"))];
    all.extend(columns(frame));
    all.extend([
        Column::text(frame.say("kpi-id")).in_file(),
        Column::text(frame.say("kpi-numerator-is")).in_file(),
        Column::text(frame.say("kpi-denominator-is")).in_file(),
    ]);
    let figures = report.groups.iter().flat_map(|group| &group.figures);
    let rows = figures.filter_map(|figure| {
        let definition = definition_of(report, figure)?;
        let address = format!("{}#over-time", asked.address(figure.measure, None));
        let name = Cell::text(name(frame, figure, definition))
            .linked(address)
            .explained(frame.say("kpi-definition"), facts(frame, definition));
        let mut row = vec![name];
        row.extend(cells(frame, asked, figure, definition.needs, report.as_of));
        row.extend([
            Cell::text(figure.measure),
            Cell::text(definition.numerator.clone()),
            Cell::text(definition.denominator.clone()),
        ]);
        Some(row)
    });
    Table::new("measures", frame.say("kpi-all"), all).with_rows(rows)
}

/// One measure by slice.
pub(super) fn slices_table(frame: &Frame, asked: &Asked, report: &KpiReport) -> Option<Table> {
    let dimension = asked.by?;
    let slice = frame.say(dimension_message(dimension));
    let definition = report.definitions.first()?;
    let caption = frame.say("kpi-by-slice").with("measure", definition.name).with("slice", slice);
    let mut all = vec![Column::name(frame.say(dimension_message(dimension)))];
    all.extend(columns(frame));
    let rows = report.groups.iter().flat_map(|group| {
        group.figures.iter().map(move |figure| {
            let label = group.label.as_deref();
            let unknown = || frame.say("label-unknown").to_string();
            let mut text = label.map_or_else(unknown, str::to_owned);
            if let Some(part) = figure.part {
                text = format!("{text}: {}", frame.say("kpi-part").with("part", part));
            }
            let cell = Cell::text(text);
            let mut row = vec![match label {
                Some(label) => {
                    cell.linked(asked.address(asked.measure.id, Some((dimension, label))))
                }
                None => cell,
            }];
            row.extend(cells(frame, asked, figure, definition.needs, report.as_of));
            row
        })
    });
    Some(Table::new("slices", caption, all).with_rows(rows))
}

/// Names of the charts: a measure has four parts at most.
const CHARTS: [&str; 4] = ["trend", "trend-2", "trend-3", "trend-4"];

/// The measure over time, one chart for each part of it.
pub(super) fn trends(frame: &Frame, asked: &Asked, report: &KpiReport) -> Vec<LineChart> {
    let parts = report.groups.first().map_or(0, |group| group.figures.len());
    let Some(definition) = report.definitions.first() else { return Vec::new() };
    let charts = CHARTS.into_iter().enumerate().take(parts);
    charts.filter_map(|(part, id)| trend(frame, asked, report, definition, (part, id))).collect()
}

fn trend(
    frame: &Frame,
    asked: &Asked,
    report: &KpiReport,
    definition: &Definition,
    (part, id): (usize, &'static str),
) -> Option<LineChart> {
    let first = report.groups.first()?.figures.get(part)?;
    let name = name(frame, first, definition);
    let texts = ChartTexts {
        id,
        title: frame.say("kpi-trend").with("measure", name.as_str()).into(),
        x_title: frame.say(step_message(asked.step)).into(),
        y_title: name,
    };
    let figures: Vec<_> = report
        .groups
        .iter()
        .filter_map(|group| Some((step_label(frame, asked.step, group)?, group.figures.get(part)?)))
        .collect();
    let points: Vec<Point> = figures
        .iter()
        .map(|((label, _, _), figure)| Point {
            label: label.clone(),
            value: figure.value,
            interval: figure.interval,
            is_young: figure.mature_at.is_some_and(|mature_at| mature_at > report.as_of),
        })
        .collect();
    let mut all = vec![
        Column::text(texts.x_title.clone()),
        Column::text(frame.say("kpi-from")).in_file(),
        Column::text(frame.say("kpi-until")).in_file(),
    ];
    all.extend(columns(frame));
    let rows = figures.into_iter().map(|((_, label, days), figure)| {
        let mut row = vec![Cell::text(label)];
        row.extend(days.map(Cell::text));
        row.extend(cells(frame, asked, figure, definition.needs, report.as_of));
        row
    });
    let table = Table::new(id, texts.title.clone(), all).with_rows(rows);
    let unit = first.unit;
    let (axis, words) =
        (|number| at_axis(frame, unit, number), |number| value(frame, unit, number));
    Some(LineChart::draw(frame, texts, &points, axis, words, table))
}

/// The name of a step at the axis and in the table, and its days.
fn step_label(
    frame: &Frame,
    step: Step,
    group: &KpiGroup,
) -> Option<(String, String, [String; 2])> {
    let (from, until) = (group.period.from, group.period.to.plus(-1));
    let name = group.step.clone()?;
    let (short, long) = match step {
        Step::Day => (frame.short_day(from), frame.day(from)),
        Step::Week => {
            let days = format!("{name} ({} – {})", frame.short_day(from), frame.short_day(until));
            (frame.short_day(from), days)
        }
        Step::Month => (name.clone(), name),
    };
    Some((short, long, [from.to_string(), until.to_string()]))
}
