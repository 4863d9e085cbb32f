//! The card of a risk model.

use super::RecordedParams;
use super::report::{FIGURE_HEADS, RiskReport, rate};
use crate::card::{Card, markdown_table};
use recontact::risk::RiskWeights;

/// Writes the card of a training run.
pub(super) fn render(
    report: &RiskReport,
    recorded: &RecordedParams,
    weights: &RiskWeights,
) -> String {
    Card::new(&format!("Recontact risk {}", report.version))
        .section("What it does", &what(report))
        .section("Label", &label(report, recorded))
        .section("Data", &data(report))
        .section("Figures on later tickets", &figures(report))
        .section("Bands", &bands(report))
        .section("Features", &features(report, weights))
        .section("Limits", LIMITS)
        .section("Intended use", INTENDED)
        .section("Forbidden use", FORBIDDEN)
        .finish()
}

fn what(report: &RiskReport) -> String {
    format!(
        "Gives the probability that a customer whose ticket was just closed opens another one of the same category \
         within {} days. Logistic regression; the reasons it gives add up to its log-odds exactly.",
        report.window_days
    )
}

fn label(report: &RiskReport, recorded: &RecordedParams) -> String {
    match &recorded.label_column {
        Some(column) => format!("Read from the column `{column}`."),
        None => format!(
            "Derived: the same customer opened another ticket of the same category after this one was closed, at most \
             {} days later. Tickets whose {} days had not passed by {} have no label and are in no figure.",
            report.window_days, report.window_days, report.data.observed_until
        ),
    }
}

fn data(report: &RiskReport) -> String {
    let data = &report.data;
    let rows = [
        ("rows in the table", data.rows),
        ("left out: no customer", data.without_customer),
        ("left out: window not over", data.immature),
        ("left out: empty label", data.unlabelled),
        ("with a known outcome", data.eligible),
        ("of these came back", data.positives),
        ("training", data.train),
        ("of these came back", data.train_positives),
        ("test", report.test.rows),
        ("of these came back", report.test.positives),
    ];
    let rows: Vec<_> =
        rows.into_iter().map(|(what, count)| vec![what.to_owned(), count.to_string()]).collect();
    let shown = |at: Option<_>| at.map_or_else(|| "–".to_owned(), |at| format!("{at}"));
    format!(
        "{}\nClosed from {} to {}. Test tickets closed after {}; training tickets at least {} days before, so that \
         every training label was known then.",
        markdown_table(&["tickets", "number"], &rows),
        shown(data.from),
        shown(data.to),
        data.split_at,
        report.window_days
    )
}

fn figures(report: &RiskReport) -> String {
    let table = markdown_table(&FIGURE_HEADS, &report.figure_rows());
    let heavy = report.without_heavy_customers.as_ref().map_or_else(String::new, |light| {
        format!(
            " A few customers who write very often make every score look better: {} customers with more than {} \
             tickets are left out in the rows that say so, and a model is trained without them.",
            light.customers, light.most_tickets
        )
    });
    format!("{table}\n{}{heavy}", report.reading())
}

fn bands(report: &RiskReport) -> String {
    let rows: Vec<_> = report
        .bands
        .test
        .iter()
        .map(|band| {
            let share = |part, whole| format!("{:.1} %", 100.0 * rate(part, whole));
            vec![
                band.band.to_string(),
                share(band.rows, report.test.rows),
                share(band.positives, band.rows),
            ]
        })
        .collect();
    let thresholds = report.bands.thresholds;
    format!(
        "Medium from {:.3}, high from {:.3}; chosen on training tickets closed last, before the test part.\n\n{}",
        thresholds.medium().value(),
        thresholds.high().value(),
        markdown_table(&["band", "share of test tickets", "came back"], &rows)
    )
}

fn features(report: &RiskReport, weights: &RiskWeights) -> String {
    let names: Vec<_> = weights.features.iter().map(|feature| feature.name.as_str()).collect();
    let constant = &report.choice.constant_features;
    let unused = if constant.is_empty() {
        String::new()
    } else {
        format!(
            "\n\nNot used, the same in all training tickets or never known: {}.",
            constant.join(", ")
        )
    };
    format!(
        "{}: {}.{unused}\n\n{} columns, C = {}, gradient norm at rest {:.1e} per ticket.",
        names.len(),
        names.join(", "),
        report.choice.columns,
        report.choice.c,
        report.choice.gradient_norm
    )
}

const LIMITS: &str = "\
- It knows the helpdesk, categories, teams and period it was trained on. Train it on your own tickets before relying on it.
- Categories and teams that came later count as \"other\". Numbers beyond the training range count as the nearest one seen.
- It says who is likely to come back, not whose mind a follow-up would change; only a control group tells that.
- Once follow-ups are made, outcomes of followed-up tickets understate the risk; do not retrain on them unmarked.
- A customer who uses several identities looks like several customers.";

const INTENDED: &str = "\
Ordering closed tickets for a voluntary follow-up within the team's capacity, and finding issues that come back.";

const FORBIDDEN: &str = "\
Refusing or delaying service to a customer, judging or paying staff, or any decision about a person by the score alone. \
Agents' identity is not a feature and must not be made one through an attribute.";
