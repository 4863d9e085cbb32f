//! What the gate of promotions says, in words and as tables: which comparison it goes by, and both models' figures there.

use super::Frame;
use super::table::{Cell, Column, Table};
use crate::registry::comparison::{ComparisonError, Difference, FEWEST_ROWS};
use crate::registry::gate::Verdict;

/// A version with what the gate says of it.
pub(super) type Weighed = (String, Verdict);

/// What the gate decides, and on what.
pub(super) fn in_words(frame: &Frame, verdict: &Verdict) -> String {
    match verdict {
        Verdict::First => frame.say("gate-first").to_string(),
        Verdict::Same => frame.say("gate-same").to_string(),
        Verdict::NotCompared => frame.say("gate-not-compared").to_string(),
        Verdict::Passes(read) => {
            let deciding = read.comparison.differences.iter().filter(|figure| figure.decides);
            let told: Vec<String> = deciding.map(|figure| difference(frame, figure)).collect();
            frame.say("gate-passes").with("told", told.join(", ")).to_string()
        }
        Verdict::Refused(_, error) => {
            frame.say("gate-refused").with("why", refusal(frame, error)).to_string()
        }
        Verdict::Unreadable(error) => {
            frame.say("gate-unreadable").with("reason", error.as_str()).to_string()
        }
    }
}

fn refusal(frame: &Frame, error: &ComparisonError) -> String {
    let said = match error {
        ComparisonError::Unreadable { .. } => return error.to_string(),
        ComparisonError::OtherModels { found, .. } => {
            frame.say("gate-other-models").with("found", found.as_str())
        }
        ComparisonError::TooOld { compared_at, version, .. } => frame
            .say("gate-too-old")
            .with("when", frame.date_time(*compared_at).text)
            .with("version", version.as_str()),
        ComparisonError::TrainedOn { file, version } => frame
            .say("gate-trained-on")
            .with("file", file.as_str())
            .with("version", version.as_str()),
        ComparisonError::TooFewRows { rows } => {
            frame.say("gate-too-few").with("rows", *rows).with("fewest", FEWEST_ROWS)
        }
        ComparisonError::NothingDecides => frame.say("gate-nothing-decides"),
        ComparisonError::Worse { metric, candidate, live, .. } => frame
            .say("gate-worse")
            .with("metric", metric.as_str())
            .with("candidate", frame.decimal(*candidate, 4))
            .with("live", frame.decimal(*live, 4)),
    };
    said.to_string()
}

/// A figure's difference with its interval, such as `accuracy +0.0041 (-0.0010 … +0.0093)`.
fn difference(frame: &Frame, figure: &Difference) -> String {
    let signed = |value: f64| {
        let sign = if value > 0.0 { "+" } else { "" };
        format!("{sign}{}", frame.decimal(value, 4))
    };
    let ends =
        figure.interval.map(|ends| format!(" ({} … {})", signed(ends.low), signed(ends.high)));
    format!("{} {}{}", figure.metric, signed(figure.difference), ends.unwrap_or_default())
}

/// Every other version with what the gate says of it.
pub(super) fn gate_table(frame: &Frame, weighed: &[Weighed]) -> Table {
    let columns = vec![
        Column::name(frame.say("models-version")),
        Column::name(frame.say("models-gate")),
        Column::text(frame.say("gate-override-needed")),
        Column::name(frame.say("gate-data")),
        Column::number(frame.say("gate-rows")),
        Column::text(frame.say("gate-compared-at")),
    ];
    let rows = weighed.iter().map(|(version, verdict)| {
        let needed = if verdict.is_open() { "gate-no" } else { "gate-yes" };
        let mut row = vec![
            Cell::text(&**version),
            Cell::text(in_words(frame, verdict)),
            Cell::text(frame.say(needed)),
        ];
        row.extend(match verdict.comparison().map(|read| &read.comparison) {
            None => [Cell::nothing(), Cell::nothing(), Cell::nothing()],
            Some(comparison) => [
                Cell::text(&*comparison.data.file),
                Cell::count(frame, comparison.data.rows as u64),
                Cell::instant(frame, comparison.compared_at),
            ],
        });
        row
    });
    Table::new("gate", frame.say("gate-table"), columns).with_rows(rows)
}

/// The figures of each comparison that the gate goes by.
pub(super) fn comparisons_table(frame: &Frame, weighed: &[Weighed]) -> Table {
    let columns = vec![
        Column::name(frame.say("models-version")),
        Column::text(frame.say("models-figure")),
        Column::text(frame.say("gate-decides")),
        Column::name(frame.say("gate-compared-with")),
        Column::number(frame.say("gate-live-value")),
        Column::number(frame.say("gate-candidate-value")),
        Column::number(frame.say("gate-difference")),
        Column::number(frame.say("interval-low")),
        Column::number(frame.say("interval-high")),
        Column::text(frame.say("gate-worse-than")),
    ];
    let mut rows = Vec::new();
    for (version, verdict) in weighed {
        let Some(read) = verdict.comparison() else { continue };
        let with = &read.comparison.a.version;
        let figures = read.comparison.differences.iter();
        rows.extend(figures.map(|figure| figure_row(frame, version, with, figure)));
    }
    Table::new("comparisons", frame.say("gate-comparisons"), columns).with_rows(rows)
}

fn figure_row(frame: &Frame, version: &str, with: &str, figure: &Difference) -> Vec<Cell> {
    let yes_or_no = |is: bool| Cell::text(frame.say(if is { "gate-yes" } else { "gate-no" }));
    let end = |end: Option<f64>| end.map_or_else(Cell::nothing, |end| Cell::metric(frame, end));
    vec![
        Cell::text(version),
        Cell::text(&*figure.metric),
        yes_or_no(figure.decides),
        Cell::text(with),
        Cell::metric(frame, figure.a),
        Cell::metric(frame, figure.b),
        Cell::metric(frame, figure.difference),
        end(figure.interval.map(|ends| ends.low)),
        end(figure.interval.map(|ends| ends.high)),
        yes_or_no(figure.is_worse()),
    ]
}
