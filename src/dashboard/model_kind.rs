//! What there is to tell of one kind of model: its versions with their figures side by side, what the gate says of each, how far the one
//! beside the live one agrees with it, drift, and who made what live when and why.

use super::model_drift::Drift;
use super::model_gate::{Weighed, comparisons_table, gate_table};
use super::models::{gather, state_message, step_message};
use super::session::Viewer;
use super::table::{Cell, Column, Export, Table};
use super::{Frame, PageError};
use crate::registry::Registry;
use crate::registry::artifact::ModelKind;
use crate::registry::gate::Verdict;
use crate::registry::live::{Listed, LiveEntry};
use crate::registry::promotion::{HistoryEntry, Reason};
use crate::shadow::Observed;
use actix_web::web;
use std::collections::BTreeSet;

/// What there is of a kind, as the disk has it.
pub(super) struct Known {
    pub(super) entry: Option<LiveEntry>,
    listed: Vec<Listed>,
    pub(super) weighed: Vec<Weighed>,
}

/// The tables of a kind.
pub(super) struct Told {
    pub(super) versions: Table,
    pub(super) gate: Table,
    pub(super) comparisons: Table,
    pub(super) shadow: Table,
    pub(super) drift: Option<Drift>,
    pub(super) history: Table,
}

impl Known {
    /// A `live.toml` that cannot be read is told at `/models`.
    pub(super) fn read(registry: &Registry, kind: ModelKind) -> Self {
        let live = registry.live().unwrap_or_default();
        let entry = live.get(&kind).cloned();
        let listed: Vec<Listed> =
            registry.list(&live).into_iter().filter(|model| model.kind == kind).collect();
        let comparisons = registry.comparisons(kind);
        let others = listed.iter().filter(|model| !model.is_live && model.manifest.is_ok());
        let weighed = others.map(|model| {
            let verdict = registry.verdict(kind, entry.as_ref(), &model.version, &comparisons);
            (model.version.clone(), verdict)
        });
        Self { weighed: weighed.collect(), entry, listed }
    }

    /// What the gate says of a version; of one that is not there, that nobody has compared it.
    pub(super) fn verdict(&self, version: &str) -> Verdict {
        let found = self.weighed.iter().find(|(known, _)| known == version);
        found.map_or(Verdict::NotCompared, |(_, verdict)| verdict.clone())
    }

    /// The version that was live before the present one.
    pub(super) fn previous(&self) -> Option<&String> {
        self.entry.as_ref().and_then(|entry| entry.previous.last())
    }
}

impl Told {
    pub(super) async fn of(viewer: &Viewer, frame: &Frame, kind: ModelKind, known: &Known) -> Self {
        let models = viewer.app.models();
        let serving = models.versions();
        let is_serving = |model: &Listed| serving.contains(&(kind, model.version.as_str()));
        let observed = models.shadows.observed();
        let observed = observed.iter().find(|one| one.kind == kind);
        Self {
            versions: versions_table(frame, known, is_serving),
            gate: gate_table(frame, &known.weighed),
            comparisons: comparisons_table(frame, &known.weighed),
            shadow: shadow_table(frame, observed),
            drift: Drift::of(viewer, frame, kind).await,
            history: history_table(frame, known.entry.as_ref()),
        }
    }

    /// With links to files.
    pub(super) fn with_files(self, export: &Export) -> Self {
        Self {
            versions: self.versions.with_files(export),
            gate: self.gate.with_files(export),
            comparisons: self.comparisons.with_files(export),
            shadow: self.shadow.with_files(export),
            drift: self
                .drift
                .map(|drift| Drift { figures: drift.figures.with_files(export), ..drift }),
            history: self.history.with_files(export),
        }
    }

    pub(super) fn tables(&self) -> impl Iterator<Item = &Table> {
        let always = [&self.versions, &self.gate, &self.comparisons, &self.shadow, &self.history];
        always.into_iter().chain(self.drift.iter().map(|drift| &drift.figures))
    }
}

/// Reads what there is of a kind without keeping others waiting.
pub(super) async fn read(viewer: &Viewer, kind: ModelKind) -> Result<Known, PageError> {
    let registry = Registry::new(&viewer.app.settings.models);
    web::block(move || Known::read(&registry, kind)).await.map_err(|error| {
        tracing::error!(%error, "the models could not be asked");
        PageError::Internal
    })
}

/// Every figure of training as a row, every version as a column, the live one first.
fn versions_table(frame: &Frame, known: &Known, is_serving: impl Fn(&Listed) -> bool) -> Table {
    let shadow = known.entry.as_ref().and_then(|entry| entry.shadow.as_ref());
    let mut models: Vec<&Listed> = known.listed.iter().collect();
    models.sort_by_key(|model| !model.is_live);
    let mut columns = vec![Column::name(frame.say("models-figure"))];
    let mut states = vec![Cell::text(frame.say("models-state"))];
    let mut trained = vec![Cell::text(frame.say("models-trained"))];
    let mut all = Vec::new();
    for model in models {
        columns.push(Column::number(model.version.clone()));
        let is_shadow = shadow.is_some_and(|shadow| shadow.version == model.version);
        states.push(Cell::text(frame.say(state_message(model, is_shadow, is_serving(model)))));
        let mut figures = Vec::new();
        if let Ok(manifest) = &model.manifest {
            gather(&manifest.metrics, String::new(), &mut figures);
            trained.push(Cell::day_of(frame, manifest.created_at));
        } else {
            trained.push(Cell::nothing());
        }
        all.push(figures);
    }
    let names: BTreeSet<&String> = all.iter().flatten().map(|(name, _)| name).collect();
    let figure = |name: &String| {
        let mut row = vec![Cell::text(name.clone())];
        row.extend(all.iter().map(|figures| {
            let own = figures.iter().find(|(of, _)| of == name);
            own.map_or_else(Cell::nothing, |(_, value)| Cell::metric(frame, *value))
        }));
        row
    };
    let rows = [states, trained].into_iter().chain(names.into_iter().map(figure));
    Table::new("versions", frame.say("models-figures"), columns).with_rows(rows)
}

fn shadow_table(frame: &Frame, observed: Option<&Observed<'_>>) -> Table {
    let columns = vec![
        Column::name(frame.say("models-version")),
        Column::name(frame.say("shadow-beside")),
        Column::number(frame.say("shadow-compared")),
        Column::number(frame.say("shadow-same")),
        Column::number(frame.say("shadow-difference")),
        Column::number(frame.say("shadow-absolute")),
        Column::number(frame.say("shadow-failed")),
    ];
    let metric =
        |value: Option<f64>| value.map_or_else(Cell::nothing, |value| Cell::metric(frame, value));
    let rows = observed.map(|one| {
        vec![
            Cell::text(one.version),
            Cell::text(one.live),
            Cell::count(frame, one.counts.compared),
            metric(one.counts.same_share()),
            metric(one.counts.mean_difference()),
            metric(one.counts.mean_absolute_difference()),
            Cell::count(frame, one.counts.failed),
        ]
    });
    Table::new("shadow", frame.say("shadow-table"), columns).with_rows(rows)
}

/// Who made what live, the latest first.
fn history_table(frame: &Frame, entry: Option<&LiveEntry>) -> Table {
    let columns = vec![
        Column::text(frame.say("audit-when")),
        Column::name(frame.say("models-version")),
        Column::text(frame.say("models-how")),
        Column::text(frame.say("models-by")),
        Column::name(frame.say("models-reason")),
        Column::name(frame.say("models-compared")),
        Column::text(frame.say("models-comparison-sha256")).in_file(),
    ];
    let history = entry.map_or(&[][..], |entry| &entry.history);
    let row = |step: &HistoryEntry| {
        let text = |text: Option<&str>| text.map_or_else(Cell::nothing, Cell::text);
        vec![
            Cell::instant(frame, step.at),
            Cell::text(step.version.clone()),
            Cell::text(frame.say(step_message(step.step))),
            Cell::text(step.by.clone()),
            text(step.reason.as_ref().map(Reason::as_str)),
            text(step.compared.as_deref()),
            text(step.comparison_sha256.as_deref()),
        ]
    };
    let caption = frame.say("models-history").with("count", history.len());
    Table::new("history", caption, columns).with_rows(history.iter().rev().map(row))
}
