//! The plans against next issues as they are, and what they did: a row for each, and for each issue that has none.

use crate::api::plans::effects;
use crate::dashboard::session::Viewer;
use crate::dashboard::table::{Cell, Column, NumberFormat, Table};
use crate::dashboard::{Frame, PageError, format};
use crate::next_issue::NextIssueReport;
use crate::plan::PlanStatus;
use crate::plan::effect::PlanEffect;
use crate::risk::Language;
use crate::store::StoredPlan;
use crate::ticket::IssueCategory;

/// The page of an issue's plan.
pub(super) fn path_of(category: &IssueCategory) -> String {
    format!("/next-issues/plan?category={}", format::escaped(category.as_str()))
}

/// The newest version of every plan, with what the last version in use did; then the issues of the report that have none.
pub(super) async fn plans_table(
    viewer: &Viewer,
    frame: &Frame,
    report: &NextIssueReport,
) -> Result<Table, PageError> {
    let app = &viewer.app;
    let plans = app.store.plans(&app.tenant).await?;
    let mut versions = Vec::with_capacity(plans.len());
    for plan in &plans {
        versions.push(app.store.plan_versions(&app.tenant, &plan.category).await?);
    }
    let told = effects(app, &versions, language(frame), viewer.now).await?;
    let mut rows = Vec::new();
    for (plan, told) in plans.iter().zip(told) {
        let mut row = vec![Cell::text(plan.category.as_str()).linked(path_of(&plan.category))];
        row.extend(version_cells(frame, plan));
        row.push(Cell::day_of(frame, plan.review_at));
        row.extend(effect_cells(frame, told.iter().flatten().next_back()));
        rows.push(row);
    }
    let has_none =
        |category: &&IssueCategory| !plans.iter().any(|plan| plan.category == **category);
    for category in report.primaries.iter().map(|primary| &primary.category).filter(has_none) {
        let mut row = vec![Cell::text(category.as_str()).linked(path_of(category))];
        row.push(Cell::nothing());
        row.push(Cell::text(frame.say("plan-none")));
        row.extend((0..4).map(|_| Cell::nothing()));
        row.extend(effect_cells(frame, None));
        rows.push(row);
    }
    let mut columns = vec![Column::name(frame.say("next-primary"))];
    columns.extend(version_columns(frame));
    columns.push(Column::text(frame.say("plan-review")));
    columns.extend(effect_columns(frame));
    Ok(Table::new("plans", frame.say("plans-table"), columns).with_rows(rows))
}

/// The language of texts that are made below the pages.
pub(super) fn language(frame: &Frame) -> Language {
    Language::from_tag(frame.lang()).unwrap_or_default()
}

pub(super) fn version_columns(frame: &Frame) -> Vec<Column> {
    vec![
        Column::number(frame.say("plan-version")),
        Column::text(frame.say("plan-status")),
        Column::name(frame.say("plan-owner")),
        Column::text(frame.say("plan-by")),
        Column::text(frame.say("plan-when")),
    ]
}

pub(super) fn version_cells(frame: &Frame, plan: &StoredPlan) -> Vec<Cell> {
    let owner = plan.content.owner.as_ref();
    vec![
        Cell::count(frame, u64::from(plan.version)),
        Cell::text(frame.say(status_message(plan.status))),
        owner.map_or_else(Cell::nothing, |owner| Cell::text(owner.as_str())),
        Cell::text(plan.author.as_str()),
        Cell::instant(frame, plan.created_at),
    ]
}

pub(super) fn effect_columns(frame: &Frame) -> Vec<Column> {
    let number = |message: &'static str| Column::number(frame.say(message));
    vec![
        number("plan-effect-version"),
        number("plan-with-closings"),
        number("plan-with"),
        number("plan-without-closings"),
        number("plan-without"),
        number("plan-difference"),
        number("interval-low"),
        number("interval-high"),
        Column::name(frame.say("plan-reading")),
    ]
}

pub(super) fn effect_cells(frame: &Frame, effect: Option<&PlanEffect>) -> Vec<Cell> {
    let Some(effect) = effect else { return (0..9).map(|_| Cell::nothing()).collect() };
    let share = |share: Option<f64>| {
        let cell = |share| Cell::number(share, NumberFormat::Percent, frame.percent(share));
        share.map_or_else(Cell::nothing, cell)
    };
    let points = |difference: Option<f64>| {
        difference.map_or_else(Cell::nothing, |difference| Cell::points(frame, difference))
    };
    let interval = effect.difference_interval;
    vec![
        Cell::count(frame, u64::from(effect.version)),
        Cell::count(frame, effect.with_plan.n),
        share(effect.with_plan.rate),
        Cell::count(frame, effect.without.n),
        share(effect.without.rate),
        points(effect.difference),
        points(interval.map(|interval| interval.low)),
        points(interval.map(|interval| interval.high)),
        Cell::text(effect.reading),
    ]
}

pub(super) fn status_message(status: PlanStatus) -> &'static str {
    match status {
        PlanStatus::Proposed => "plan-proposed",
        PlanStatus::Active => "plan-active",
        PlanStatus::Retired => "plan-retired",
    }
}
