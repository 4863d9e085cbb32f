//! The card of a risk model.

use super::RecordedParams;
use super::report::{FIGURE_HEADS, RiskReport, rate};
use crate::card::{Card, markdown_table};
use recontact::risk::{FollowUpRule, RiskWeights};

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
        .section("How the model was chosen", &choice(report))
        .section("Calibration", &calibration(report))
        .section("Windows", &windows(report))
        .section("Bands and threshold", &bands(report))
        .section("Features", &features(report, weights))
        .section("Limits", LIMITS)
        .section("Intended use", INTENDED)
        .section("Forbidden use", FORBIDDEN)
        .finish()
}

fn what(report: &RiskReport) -> String {
    format!(
        "Gives the probability that a customer whose ticket was just closed opens another one of the same category \
         within {} days. {}; the reasons it gives add up to its log-odds exactly.",
        report.window_days,
        kind(report)
    )
}

fn kind(report: &RiskReport) -> String {
    let choice = &report.choice;
    let trees = || {
        let (leaves, rounds) =
            (choice.leaves.unwrap_or_default(), choice.rounds.unwrap_or_default());
        format!("gradient-boosted trees ({rounds} of {leaves} leaves, reasons are Shapley values)")
    };
    match (choice.model, choice.blend_share) {
        ("blend", Some(share)) => format!(
            "The mean of the log-odds of a logistic regression ({:.0} %) and of {}",
            100.0 * share,
            trees()
        ),
        ("trees", _) => format!("A model of {}", trees()),
        _ => "Logistic regression".to_owned(),
    }
}

/// Everything that was tried in the folds, with the log loss it had.
fn choice(report: &RiskReport) -> String {
    let choice = &report.choice;
    let rows: Vec<_> = choice
        .tried
        .iter()
        .map(|tried| {
            vec![
                tried.what.clone(),
                format!("{:.4}", tried.log_loss),
                tried.roc_auc.map_or_else(|| "–".to_owned(), |auc| format!("{auc:.4}")),
                format!("{:.4}", tried.brier),
            ]
        })
        .collect();
    let groups: Vec<String> =
        choice.groups.iter().map(|group| format!("{group:?}").to_lowercase()).collect();
    let groups = if groups.is_empty() { "none".to_owned() } else { groups.join(", ") };
    format!(
        "In {} folds of the training tickets closed last ({} tickets), each predicted by what was trained on tickets \
         closed a whole window before. The lowest mean log loss wins; the test tickets took no part. Optional groups of \
         features used: {groups}.\n\n{}",
        choice.folds,
        choice.validation_rows,
        markdown_table(&["tried", "log loss", "ROC-AUC", "Brier"], &rows)
    )
}

fn calibration(report: &RiskReport) -> String {
    let choice = &report.choice;
    let curve: Vec<_> = report
        .calibration_curve
        .iter()
        .map(|point| {
            let share = |share: f64| format!("{:.1} %", 100.0 * share);
            vec![share(point.stated), share(point.observed), point.rows.to_string()]
        })
        .collect();
    let tried: Vec<_> = choice
        .tried_calibrations
        .iter()
        .map(|tried| {
            let number = |value: f64| format!("{value:.4}");
            vec![
                tried.method.to_owned(),
                number(tried.log_loss),
                number(tried.brier),
                number(tried.ece),
            ]
        })
        .collect();
    let tried = if tried.is_empty() {
        String::new()
    } else {
        format!(
            " On the last fold, learnt on the folds before it:\n\n{}",
            markdown_table(&["calibration", "log loss", "Brier", "ECE"], &tried)
        )
    };
    format!(
        "Used: {}.{tried}\n\nOn the test tickets, in tenths by probability:\n\n{}",
        choice.calibration,
        markdown_table(&["stated", "came back", "tickets"], &curve)
    )
}

fn windows(report: &RiskReport) -> String {
    if report.windows.is_empty() {
        return "Only the main one: the label does not say when a customer came back.".into();
    }
    let share = |value: Option<f64>| {
        value.map_or_else(|| "–".to_owned(), |value| format!("{:.1} %", 100.0 * value))
    };
    let rows: Vec<_> = report
        .windows
        .iter()
        .map(|window| {
            vec![
                window.window_days.to_string(),
                window.rows.to_string(),
                share(window.expected),
                share(window.observed),
                window.roc_auc.map_or_else(|| "–".to_owned(), |auc| format!("{auc:.4}")),
            ]
        })
        .collect();
    format!(
        "A longer window never has a lower probability. On the test tickets old enough for each:\n\n{}",
        markdown_table(&["days", "tickets", "mean probability", "came back", "ROC-AUC"], &rows)
    )
}

fn rule(rule: &FollowUpRule) -> String {
    match rule {
        FollowUpRule::Share { share } => format!(
            "the highest {:.0} % of the tickets; give the teams' capacity or the costs under [threshold] to do better",
            100.0 * share
        ),
        FollowUpRule::Capacity { per_team_and_day } => {
            format!(
                "as many tickets as {per_team_and_day} follow-ups of each team in a day, or as many as the team was given"
            )
        }
        FollowUpRule::Cost(costs) => format!(
            "a follow-up costs less than it saves: (follow-up {} + harm {}) / (effect {} x repeat {})",
            costs.follow_up, costs.harm, costs.effect, costs.repeat
        ),
    }
}

fn label(report: &RiskReport, recorded: &RecordedParams) -> String {
    if let Some(file) = &recorded.outcome_file {
        return format!(
            "Read from the outcomes in `{file}`; what counts: {:?}.",
            recorded.params.target
        );
    }
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
        ("left out: followed up", data.treated),
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
    let teams: Vec<_> = report
        .bands
        .teams
        .iter()
        .map(|(team, bands)| vec![team.clone(), format!("{:.3}", bands.high().value())])
        .collect();
    let teams = if teams.is_empty() {
        String::new()
    } else {
        format!("\n\n{}", markdown_table(&["team", "high from"], &teams))
    };
    let at: Vec<_> = report
        .at
        .iter()
        .map(|at| {
            vec![
                format!("{:.0} %", 100.0 * at.share),
                at.tickets.to_string(),
                format!("{:.3}", at.precision),
                format!("{:.3}", at.recall),
                format!("{:.2}", at.lift),
                format!("{:.0}", at.expected_repeats),
            ]
        })
        .collect();
    let capacity = report.capacity.as_ref().map_or_else(String::new, |at| {
        format!(
            "\n\nWith {} follow-ups of each team in a day: {} test tickets followed up, precision {:.3}, recall {:.3}, {:.0} repeats expected among them.",
            at.per_team_and_day, at.tickets, at.precision, at.recall, at.expected_repeats
        )
    });
    format!(
        "Medium from {:.3}, high from {:.3}; chosen on training tickets closed last, before the test part. High is {}.{teams}\n\n{}\n\
         Following up the test tickets with the highest probability:\n\n{}{capacity}",
        thresholds.medium().value(),
        thresholds.high().value(),
        rule(&report.bands.follow_up),
        markdown_table(&["band", "share of test tickets", "came back"], &rows),
        markdown_table(
            &["share", "tickets", "precision", "recall", "lift", "repeats expected"],
            &at
        )
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
