//! `/models`: the versions of each kind of model, which of them are live or run beside the live one, and their figures.

use super::error::show;
use super::model_gate::in_words;
use super::session::Viewer;
use super::table::{Cell, Column, Export, Table};
use super::{Frame, PageError};
use crate::registry::Registry;
use crate::registry::artifact::ModelKind;
use crate::registry::gate::Verdict;
use crate::registry::live::{Listed, LiveEntry, LiveFile};
use crate::registry::promotion::Step;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde_json::Value;

#[derive(Template)]
#[template(path = "models.html")]
struct ModelsPage {
    frame: Frame,
    /// What went wrong when the models were last loaded, as the log has it.
    errors: Vec<String>,
    versions: Table,
    figures: Table,
}

pub(super) async fn show_models(viewer: Viewer, export: Export) -> Result<HttpResponse, PageError> {
    let registry = Registry::new(&viewer.app.settings.models);
    // A live.toml that cannot be read is told among the errors.
    let (listed, named, verdicts) = web::block(move || {
        let live = registry.live().unwrap_or_default();
        let listed = registry.list(&live);
        let verdicts = verdicts(&registry, &listed, &live);
        (listed, live, verdicts)
    })
    .await
    .map_err(|error| {
        tracing::error!(%error, "the models could not be listed");
        PageError::Internal
    })?;
    let frame = viewer.frame("models-title");
    let live = viewer.app.models();
    let serving = live.versions();
    let is_serving = |model: &Listed| serving.contains(&(model.kind, model.version.as_str()));
    let page = ModelsPage {
        errors: live.errors.clone(),
        versions: versions_table(&frame, &listed, &named, &verdicts, is_serving)
            .with_files(&export),
        figures: figures_table(&frame, &listed).with_files(&export),
        frame,
    };
    match export.answer(&viewer, [&page.versions, &page.figures]).await? {
        Some(file) => Ok(file),
        None => show(&page),
    }
}

fn versions_table(
    frame: &Frame,
    listed: &[Listed],
    named: &LiveFile,
    verdicts: &[Option<Verdict>],
    is_serving: impl Fn(&Listed) -> bool,
) -> Table {
    let columns = vec![
        Column::text(frame.say("models-kind")),
        Column::name(frame.say("models-version")),
        Column::text(frame.say("models-state")),
        Column::text(frame.say("models-trained")),
        Column::text(frame.say("models-live-since")),
        Column::text(frame.say("models-by")),
        Column::text(frame.say("models-how")),
        Column::text(frame.say("models-reason")),
        Column::name(frame.say("models-gate")),
    ];
    let rows = listed.iter().zip(verdicts).map(|(model, verdict)| {
        let mut row = version(frame, model, named.get(&model.kind), is_serving(model));
        row.push(match verdict {
            Some(verdict) => Cell::text(in_words(frame, verdict)),
            None => Cell::nothing(),
        });
        row
    });
    let caption = frame.say("models-count").with("count", listed.len());
    Table::new("versions", caption, columns).with_rows(rows)
}

fn version(
    frame: &Frame,
    model: &Listed,
    entry: Option<&LiveEntry>,
    is_serving: bool,
) -> Vec<Cell> {
    // When it last became live.
    let mut history = entry.map_or(&[][..], |entry| &entry.history).iter().rev();
    let step = history.find(|step| step.version == model.version);
    let shadow = entry.and_then(|entry| entry.shadow.as_ref());
    let is_shadow = shadow.is_some_and(|shadow| shadow.version == model.version);
    let state = frame.say(state_message(model, is_shadow, is_serving));
    let kind = Cell::text(frame.say(kind_message(model.kind)));
    let reason = step.and_then(|step| step.reason.as_ref());
    vec![
        kind.linked(format!("/models/{}", model.kind.as_str())),
        Cell::text(model.version.clone()),
        Cell::text(state),
        match &model.manifest {
            Ok(manifest) => Cell::day_of(frame, manifest.created_at),
            Err(_) => Cell::nothing(),
        },
        step.map_or_else(Cell::nothing, |step| Cell::instant(frame, step.at)),
        step.map_or_else(Cell::nothing, |step| Cell::text(step.by.clone())),
        step.map_or_else(Cell::nothing, |step| Cell::text(frame.say(step_message(step.step)))),
        reason.map_or_else(Cell::nothing, |reason| Cell::text(reason.as_str())),
    ]
}

/// The message that says how a version is used.
pub(super) fn state_message(model: &Listed, is_shadow: bool, is_serving: bool) -> &'static str {
    match (&model.manifest, model.is_live, is_serving) {
        (Err(_), ..) => "models-unreadable",
        (_, true, true) => "models-live",
        (_, true, false) => "models-live-not-serving",
        (_, false, true) => "models-serving",
        _ if is_shadow => "models-shadow",
        _ => "models-idle",
    }
}

/// What the gate says of each version; nothing of the live ones.
fn verdicts(registry: &Registry, listed: &[Listed], live: &LiveFile) -> Vec<Option<Verdict>> {
    let comparisons = ModelKind::ALL.map(|kind| (kind, registry.comparisons(kind)));
    let verdict = |model: &Listed| {
        let (_, comparisons) = comparisons.iter().find(|(kind, _)| *kind == model.kind)?;
        let entry = live.get(&model.kind);
        let verdict = || registry.verdict(model.kind, entry, &model.version, comparisons);
        (!model.is_live).then(verdict)
    };
    listed.iter().map(verdict).collect()
}

fn figures_table(frame: &Frame, listed: &[Listed]) -> Table {
    let columns = vec![
        Column::text(frame.say("models-kind")),
        Column::name(frame.say("models-version")),
        Column::name(frame.say("models-figure")),
        Column::number(frame.say("models-value")),
    ];
    let mut rows = Vec::new();
    for model in listed {
        let Ok(manifest) = &model.manifest else { continue };
        let mut figures = Vec::new();
        gather(&manifest.metrics, String::new(), &mut figures);
        rows.extend(figures.into_iter().map(|(name, value)| {
            vec![
                Cell::text(frame.say(kind_message(model.kind))),
                Cell::text(model.version.clone()),
                Cell::text(name),
                Cell::metric(frame, value),
            ]
        }));
    }
    Table::new("figures", frame.say("models-figures"), columns).with_rows(rows)
}

/// The numbers of a manifest's metrics, each with where it stands, such as `test.roc_auc`. Lists, such as curves, are left to the card.
pub(super) fn gather(value: &Value, name: String, figures: &mut Vec<(String, f64)>) {
    match value {
        Value::Number(number) => figures.extend(number.as_f64().map(|number| (name, number))),
        Value::Object(fields) => {
            for (field, value) in fields {
                let is_first = name.is_empty();
                let name = if is_first { field.clone() } else { format!("{name}.{field}") };
                gather(value, name, figures);
            }
        }
        _ => {}
    }
}

pub(super) fn kind_message(kind: ModelKind) -> &'static str {
    match kind {
        ModelKind::Category => "model-category",
        ModelKind::Kind => "model-kind",
        ModelKind::Urgency => "model-urgency",
        ModelKind::Team => "model-team",
        ModelKind::Language => "model-language",
        ModelKind::Risk => "model-risk",
    }
}

pub(super) fn step_message(step: Step) -> &'static str {
    match step {
        Step::First => "model-step-first",
        Step::Promoted => "model-step-promoted",
        Step::Forced => "model-step-forced",
        Step::RolledBack => "model-step-rolled-back",
    }
}
