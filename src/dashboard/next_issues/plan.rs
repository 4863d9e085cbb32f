//! `/next-issues/plan`: the plan of one issue, its versions with what they did, and the form that writes the next one.

use super::plan_form::{PlanForm, Typed, parse};
use super::plans::{
    effect_cells, effect_columns, language, path_of, status_message, version_cells, version_columns,
};
use crate::api::plans::{channels_seen, effects};
use crate::dashboard::error::{lead_to, show, show_again, show_conflict};
use crate::dashboard::form::{Faults, Submitted};
use crate::dashboard::session::Viewer;
use crate::dashboard::table::{Cell, Column, Export, Table};
use crate::dashboard::{Frame, PageError};
use crate::plan::consistency::{ChannelSeen, check};
use crate::store::{AuditAction, PlanRecorded, StoredPlan};
use crate::ticket::{IssueCategory, Name};
use crate::user::Permission;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Default, Deserialize)]
pub(in crate::dashboard) struct PlanQuery {
    #[serde(default)]
    category: String,
}

#[derive(Template)]
#[template(path = "plan.html")]
struct PlanPage {
    frame: Frame,
    faults: Faults,
    conflict: Option<String>,
    csrf: String,
    category: String,
    newest: Option<Told>,
    versions: Table,
    /// `None` for who may not write plans.
    form: Option<PlanForm>,
}

/// What the newest version says.
struct Told {
    facts: Vec<(String, String)>,
    answers: Vec<(String, String)>,
    message: Option<(String, String)>,
    prevents: Vec<String>,
    notes: String,
    findings: Vec<String>,
}

pub(in crate::dashboard) async fn show_plan(
    viewer: Viewer,
    query: Option<web::Query<PlanQuery>>,
    export: Export,
) -> Result<HttpResponse, PageError> {
    let asked = query.map(web::Query::into_inner).unwrap_or_default();
    let Ok(category) = Name::parse(&asked.category) else { return Err(viewer.hide().await) };
    let page = plan_page(&viewer, &category, None, Faults::default(), None, &export).await?;
    match export.answer(&viewer, [&page.versions]).await? {
        Some(file) => Ok(file),
        None => show(&page),
    }
}

/// Writes the next version, as `PUT /v1/plans/{category}` does; the author is who is signed in.
pub(in crate::dashboard) async fn write_plan(
    submitted: Submitted<BTreeMap<String, String>>,
    export: Export,
) -> Result<HttpResponse, PageError> {
    let Submitted { viewer, form } = submitted;
    let unreadable = |what: &str| PageError::UnreadableForm(what.to_owned());
    let typed = Typed::of_form(&form);
    let category = Name::parse(&typed.category).map_err(|_| unreadable("no category"))?;
    let author = Name::parse(viewer.user.name.as_str()).map_err(|_| unreadable("no author"))?;
    let (app, frame) = (&viewer.app, viewer.frame("next-title"));
    let seen = channels_seen(app, &category, viewer.now).await?;
    let mut faults = Faults::default();
    let plan = parse(&typed, category.clone(), author, &seen, &viewer, &frame, &mut faults)?;
    let Some(plan) = plan else {
        let page = plan_page(&viewer, &category, Some(typed), faults, None, &export).await?;
        return show_again(&page);
    };
    let object = format!("{category} {version}", version = plan.version);
    let entry = viewer.deed(AuditAction::PlanWritten, Some(object))?;
    let saved = || Ok(lead_to(&format!("{}&done=saved", path_of(&category))));
    match app.store.record_plan_by(&app.tenant, &plan, &entry).await? {
        PlanRecorded::Recorded => saved(),
        // The same form once more, by a double click or by going back.
        PlanRecorded::Conflict(Some(newest)) if is_same(&newest, &plan) => saved(),
        PlanRecorded::Conflict(None) => Err(unreadable("there is no such version")),
        PlanRecorded::Conflict(Some(newest)) => {
            let told = frame
                .say("plan-changed")
                .with("who", newest.author.as_str())
                .with("version", newest.version)
                .with("when", frame.date_time(newest.created_at).text);
            let typed = typed.on_version(newest.version);
            let told = Some(String::from(told));
            show_conflict(&plan_page(&viewer, &category, Some(typed), faults, told, &export).await?)
        }
    }
}

/// Whether two versions are one that was sent twice; when it is to be looked at again may follow from when it was sent.
fn is_same(newest: &StoredPlan, plan: &StoredPlan) -> bool {
    *newest
        == StoredPlan { created_at: newest.created_at, review_at: newest.review_at, ..plan.clone() }
}

async fn plan_page(
    viewer: &Viewer,
    category: &IssueCategory,
    typed: Option<Typed>,
    faults: Faults,
    conflict: Option<String>,
    export: &Export,
) -> Result<PlanPage, PageError> {
    let app = &viewer.app;
    let frame = viewer.frame("next-title");
    let title = frame.say("plan-title").with("category", category.as_str());
    let frame = frame.titled(title);
    let stored = app.store.plan_versions(&app.tenant, category).await?;
    let seen = channels_seen(app, category, viewer.now).await?;
    let newest = stored.last();
    let typed = typed.unwrap_or_else(|| Typed::of_plan(&frame, newest, &seen));
    let form = viewer
        .may(Permission::WorkFollowUps)
        .then(|| PlanForm::new(&frame, typed, &app.settings.plans, &faults));
    Ok(PlanPage {
        csrf: viewer.csrf.clone(),
        category: category.to_string(),
        newest: newest.map(|plan| told(&frame, plan, &seen)),
        versions: versions_table(viewer, &frame, &stored).await?.with_files(export),
        form,
        frame,
        faults,
        conflict,
    })
}

fn told(frame: &Frame, plan: &StoredPlan, seen: &[ChannelSeen]) -> Told {
    let content = &plan.content;
    let fact = |label: &'static str, value: String| (String::from(frame.say(label)), value);
    let mut facts = vec![
        fact("plan-version", frame.integer(u64::from(plan.version))),
        fact("plan-status", frame.say(status_message(plan.status)).into()),
        fact("plan-owner", content.owner.as_ref().map_or("–", Name::as_str).to_owned()),
        fact("plan-by", plan.author.to_string()),
        fact("plan-when", frame.date_time(plan.created_at).text),
        fact("plan-review", frame.date(plan.review_at).text),
    ];
    facts.extend(plan.accepted_because.iter().map(|why| fact("plan-accepted", why.clone())));
    let message = content.follow_up.as_ref().map(|follow_up| {
        let hours = frame.decimal(follow_up.send_after_hours, 1);
        let after = frame.say("plan-after-hours").with("hours", hours);
        (String::from(after), follow_up.message.clone())
    });
    let consistency = check(&content.answers, seen, language(frame));
    let answers = content.answers.iter();
    Told {
        facts,
        answers: answers.map(|(channel, text)| (channel.to_string(), text.clone())).collect(),
        message,
        prevents: content.prevents.iter().map(ToString::to_string).collect(),
        notes: content.notes.clone(),
        findings: consistency.findings.into_iter().map(|finding| finding.detail).collect(),
    }
}

async fn versions_table(
    viewer: &Viewer,
    frame: &Frame,
    stored: &[StoredPlan],
) -> Result<Table, PageError> {
    let stored = [stored.to_vec()];
    let told = effects(&viewer.app, &stored, language(frame), viewer.now).await?.concat();
    let mut columns = version_columns(frame);
    columns.extend(effect_columns(frame));
    columns.push(Column::name(frame.say("plan-accepted")));
    let rows = stored[0].iter().zip(&told).rev().map(|(plan, effect)| {
        let mut row = version_cells(frame, plan);
        row.extend(effect_cells(frame, effect.as_ref()));
        let why = plan.accepted_because.as_deref();
        row.push(why.map_or_else(Cell::nothing, Cell::text));
        row
    });
    Ok(Table::new("versions", frame.say("plan-versions"), columns).with_rows(rows))
}
