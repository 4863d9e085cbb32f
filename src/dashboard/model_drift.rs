//! Whether what a kind of model sees and says has changed: the figures of monitoring that are about it, with periods, limits and alerts in
//! words.

use super::Frame;
use super::session::Viewer;
use super::table::{Cell, Column, Table};
use crate::monitoring::{Figure, Measure, MonitoringReport, Status};
use crate::registry::artifact::ModelKind;
use crate::risk::Language;
use crate::risk::reasons::label;
use std::sync::Arc;
use std::time::Duration;

/// How long the page waits for the comparison, which is computed anew now and then.
const PATIENCE: Duration = Duration::from_secs(2);

/// What the page tells of drift.
pub(super) struct Drift {
    pub(super) scope: String,
    pub(super) alerts: Vec<String>,
    pub(super) watched: Vec<String>,
    pub(super) figures: Table,
}

impl Drift {
    /// `None` while it is being computed, where it fails, and where monitoring does not look at the kind.
    pub(super) async fn of(viewer: &Viewer, frame: &Frame, kind: ModelKind) -> Option<Self> {
        if !is_monitored(kind) {
            return None;
        }
        let report = report(viewer).await?;
        let figures: Vec<&Figure> =
            report.figures.iter().filter(|figure| is_about(figure, kind)).collect();
        let told = |status: Status| {
            let of_status = figures.iter().filter(|figure| figure.status == status);
            of_status.map(|figure| in_words(frame, figure)).collect()
        };
        let (reference, current) = (report.windows.reference, report.windows.current);
        let scope = frame
            .say("drift-scope")
            .with("from", frame.date_time(current.from).text)
            .with("until", frame.date_time(current.to).text)
            .with("before", frame.date_time(reference.from).text);
        Some(Self {
            scope: scope.to_string(),
            alerts: told(Status::Alert),
            watched: told(Status::Watch),
            figures: table(frame, &figures),
        })
    }
}

/// Whether monitoring compares what a kind of model says.
pub(super) fn is_monitored(kind: ModelKind) -> bool {
    matches!(kind, ModelKind::Category | ModelKind::Risk)
}

fn is_about(figure: &Figure, kind: ModelKind) -> bool {
    let is_of_risk = figure.name.starts_with("risk_") || figure.name.starts_with("closing_");
    is_of_risk == (kind == ModelKind::Risk)
}

/// The comparison, unless it takes too long: then it goes on, and the next page has it.
pub(super) async fn report(viewer: &Viewer) -> Option<Arc<MonitoringReport>> {
    let (app, now) = (viewer.app.clone(), viewer.now);
    let report =
        actix_web::rt::spawn(
            async move { app.monitoring.report(&app.store, &app.tenant, now).await },
        );
    match tokio::time::timeout(PATIENCE, report).await {
        Ok(Ok(Ok(report))) => Some(report),
        Ok(Ok(Err(error))) => {
            tracing::warn!(%error, "monitoring failed");
            None
        }
        Ok(Err(_)) | Err(_) => None,
    }
}

fn in_words(frame: &Frame, figure: &Figure) -> String {
    let value =
        |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| frame.decimal(value, 4));
    let (watch, alert) = (frame.decimal(figure.watch, 4), frame.decimal(figure.alert, 4));
    let (figure_name, now) = (name(frame, figure), value(figure.value));
    let said = match figure.measure {
        Measure::Share | Measure::Mean => frame
            .say("drift-told-difference")
            .with("figure", figure_name)
            .with("before", value(figure.reference_value))
            .with("now", now)
            .with("watch", watch)
            .with("alert", alert),
        _ => frame
            .say("drift-told")
            .with("figure", figure_name)
            .with("now", now)
            .with("watch", watch)
            .with("alert", alert),
    };
    said.to_string()
}

/// The name of a figure for people.
pub(super) fn name(frame: &Frame, figure: &Figure) -> String {
    let title = frame.say(title_message(figure.name));
    match &figure.label {
        None => title.to_string(),
        Some(feature) if figure.name == "risk_feature" => {
            let language = Language::from_tag(frame.lang()).unwrap_or_default();
            format!("{title}: {}", label(feature, language))
        }
        Some(label) => format!("{title}: {label}"),
    }
}

fn table(frame: &Frame, figures: &[&Figure]) -> Table {
    let columns = vec![
        Column::name(frame.say("models-figure")),
        Column::text(frame.say("drift-status")),
        Column::text(frame.say("drift-measure")),
        Column::number(frame.say("drift-before")),
        Column::number(frame.say("drift-now")),
        Column::number(frame.say("drift-chance")),
        Column::number(frame.say("drift-watch-from")),
        Column::number(frame.say("drift-alert-from")),
        Column::number(frame.say("drift-cases-before")),
        Column::number(frame.say("drift-cases-now")),
        Column::name(frame.say("drift-versions")),
    ];
    let rows = figures.iter().map(|figure| row(frame, figure));
    Table::new("drift", frame.say("drift-table"), columns).with_rows(rows)
}

fn row(frame: &Frame, figure: &Figure) -> Vec<Cell> {
    let metric =
        |value: Option<f64>| value.map_or_else(Cell::nothing, |value| Cell::metric(frame, value));
    let versions = &figure.model_versions;
    let versions: Vec<&str> = versions
        .reference
        .iter()
        .chain(&versions.current)
        .map(String::as_str)
        .collect::<std::collections::BTreeSet<_>>()
        .into_iter()
        .collect();
    // The vectors' versions are fingerprints of encoders.
    let versions =
        if figure.measure == Measure::RocAuc { String::new() } else { versions.join(", ") };
    vec![
        Cell::text(name(frame, figure)),
        Cell::text(frame.say(status_message(figure.status))),
        Cell::text(frame.say(measure_message(figure.measure))),
        metric(figure.reference_value),
        metric(figure.value),
        metric(figure.chance),
        Cell::metric(frame, figure.watch),
        Cell::metric(frame, figure.alert),
        Cell::count(frame, figure.n.reference),
        Cell::count(frame, figure.n.current),
        Cell::text(versions),
    ]
}

fn status_message(status: Status) -> &'static str {
    match status {
        Status::TooFew => "drift-too-few",
        Status::Ok => "drift-ok",
        Status::Watch => "drift-watch",
        Status::Alert => "drift-alert",
    }
}

fn measure_message(measure: Measure) -> &'static str {
    match measure {
        Measure::PopulationStability => "measure-psi",
        Measure::JensenShannon => "measure-js",
        Measure::Share => "measure-share",
        Measure::Mean => "measure-mean",
        Measure::Gap => "measure-gap",
        Measure::RocAuc => "measure-auc",
    }
}

fn title_message(name: &str) -> &'static str {
    match name {
        "category_probability" => "drift-category-probability",
        "category_labels" => "drift-category-labels",
        "category_action" => "drift-category-action",
        "category_abstain_reason" => "drift-category-abstain-reason",
        "category_expected_accuracy" => "drift-category-expected-accuracy",
        "contact_languages" => "drift-contact-languages",
        "contact_channels" => "drift-contact-channels",
        "risk_probability" => "drift-risk-probability",
        "risk_band" => "drift-risk-band",
        "risk_mean" => "drift-risk-mean",
        "risk_calibration" => "drift-risk-calibration",
        "risk_feature" => "drift-risk-feature",
        "closing_categories" => "drift-closing-categories",
        "closing_channels" => "drift-closing-channels",
        _ => "drift-embedding-domain",
    }
}
