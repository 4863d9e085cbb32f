//! `/next-issues`: which issue follows which, as a picture and as the table behind it; and the plans against it.

mod picture;
mod plan;
mod plan_form;
mod plans;

pub(super) use plan::{show_plan, write_plan};

use super::error::show;
use super::field::{SelectField, TextField};
use super::session::Viewer;
use super::table::{Cell, Column, Export, NumberFormat, Table};
use super::{Frame, PageError};
use crate::next_issue::ranking::{PrimaryView, ReportScope};
use crate::next_issue::{GapHours, NextIssueReport};
use crate::outcome::WINDOWS_DAYS;
use crate::statistics::Interval;
use crate::store::EpisodeScope;
use crate::ticket::Name;
use actix_web::{HttpResponse, web};
use askama::Template;
use picture::Picture;
use plans::plans_table;
use serde::Deserialize;

/// Which part of the map is asked for. What cannot be chosen counts as not chosen.
#[derive(Default, Deserialize)]
pub(super) struct NextIssuesQuery {
    #[serde(default)]
    window_days: String,
    #[serde(default)]
    team: String,
    #[serde(default)]
    channel: String,
}

#[derive(Template)]
#[template(path = "next_issues.html")]
struct NextIssuesPage {
    frame: Frame,
    window: SelectField,
    /// `None` for who sees one team only.
    team: Option<TextField>,
    channel: TextField,
    scope: Vec<String>,
    picture: Option<Picture>,
    table: Table,
    plans: Table,
    minimum: u64,
}

/// An issue that came after another one.
struct Link<'r> {
    primary: &'r PrimaryView,
    issue: &'r str,
    kind: LinkKind,
    n: u64,
    share: Option<f64>,
    interval: Option<Interval>,
    lift: Option<f64>,
    gap: Option<GapHours>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LinkKind {
    /// The same issue again.
    Again,
    /// Another one that is known to follow.
    Known,
    /// Another one that came, but is not shown to come more often than after any issue.
    Unproven,
}

pub(super) async fn show_next_issues(
    viewer: Viewer,
    query: Option<web::Query<NextIssuesQuery>>,
    export: Export,
) -> Result<HttpResponse, PageError> {
    let asked = query.map(web::Query::into_inner).unwrap_or_default();
    let (app, frame) = (&viewer.app, viewer.frame("next-title"));
    let own_team = viewer.user.position.team().cloned();
    let episodes = EpisodeScope {
        team: own_team.clone().or_else(|| Name::parse(&asked.team).ok()),
        channel: Name::parse(&asked.channel).ok(),
    };
    let map = if episodes == EpisodeScope::default() {
        app.next_issues.map()
    } else {
        app.next_issues.scoped(&app.store, &app.tenant, &episodes, viewer.now).await?
    };
    let window_days = asked.window_days.parse().ok().filter(|days| WINDOWS_DAYS.contains(days));
    let asked_for = ReportScope { window_days, category: None, limit: None };
    let report = NextIssueReport::new(&map, app.next_issues.options(), &asked_for);
    let links = links(&report);
    let table = links_table(&frame, &report, &links).with_files(&export);
    let plans = plans_table(&viewer, &frame, &report).await?.with_files(&export);
    if let Some(file) = export.answer(&viewer, [&table, &plans]).await? {
        return Ok(file);
    }
    let team = TextField::new("team", frame.say("user-team"), "off").optional();
    let channel = TextField::new("channel", frame.say("kpi-channel"), "off").optional();
    let page = NextIssuesPage {
        window: window_field(&frame, report.window_days),
        scope: scope(&frame, &report, own_team.as_ref()),
        team: own_team.is_none().then(|| team.with_value(&asked.team)),
        channel: channel.with_value(&asked.channel),
        picture: Picture::draw(&frame, &links),
        minimum: report.minimum_episodes,
        table,
        plans,
        frame,
    };
    show(&page)
}

fn window_field(frame: &Frame, chosen: u32) -> SelectField {
    let windows = WINDOWS_DAYS
        .map(|days| (days.to_string(), String::from(frame.say("count-days").with("count", days))));
    SelectField::new("window_days", frame.say("kpi-window"), windows, &chosen.to_string())
}

/// What the figures rest on.
fn scope(frame: &Frame, report: &NextIssueReport, own_team: Option<&Name>) -> Vec<String> {
    let team =
        own_team.map(|team| String::from(frame.say("overview-team").with("team", team.as_str())));
    let computed = report.computed_at.zip(report.coverage).map(|(at, coverage)| {
        let told = frame
            .say("next-scope")
            .with("when", frame.date_time(at).text)
            .with("mature", frame.integer(coverage.mature_episodes))
            .with("immature", frame.integer(coverage.immature_episodes))
            .with("minimum", frame.integer(report.minimum_episodes))
            .with("below", frame.integer(coverage.categories_below_minimum));
        String::from(told)
    });
    computed.into_iter().chain(team).collect()
}

/// What followed each primary issue.
fn links(report: &NextIssueReport) -> Vec<Link<'_>> {
    report.primaries.iter().flat_map(links_of).collect()
}

/// The same issue first, then those that follow most often.
fn links_of(primary: &PrimaryView) -> impl Iterator<Item = Link<'_>> {
    let again = primary.explicit.iter().map(move |same| Link {
        primary,
        issue: primary.category.as_str(),
        kind: LinkKind::Again,
        n: same.n,
        share: same.probability,
        interval: same.interval,
        lift: None,
        gap: same.gap_hours,
    });
    let others = primary.secondaries.iter().map(move |next| Link {
        primary,
        issue: next.category.as_str(),
        kind: if next.adjacent { LinkKind::Known } else { LinkKind::Unproven },
        n: next.n,
        share: next.probability,
        interval: next.interval,
        lift: next.lift,
        gap: Some(next.gap_hours),
    });
    again.chain(others)
}

fn links_table(frame: &Frame, report: &NextIssueReport, links: &[Link<'_>]) -> Table {
    let number = |message: &'static str| Column::number(frame.say(message));
    let columns = vec![
        Column::name(frame.say("next-primary")),
        number("next-episodes"),
        Column::name(frame.say("next-secondary")),
        Column::text(frame.say("next-kind")),
        number("next-n"),
        number("next-share"),
        number("interval-low"),
        number("interval-high"),
        number("next-lift"),
        number("next-gap-quarter"),
        number("next-gap"),
        number("next-gap-three-quarters"),
    ];
    let caption = frame.say("next-table").with("days", report.window_days);
    let rows = links.iter().map(|link| row(frame, link));
    Table::new("next-issues", caption, columns).with_rows(rows)
}

fn row(frame: &Frame, link: &Link<'_>) -> Vec<Cell> {
    let or_nothing = |cell: Option<Cell>| cell.unwrap_or_else(Cell::nothing);
    let share = |share: Option<f64>| {
        let cell = |share| Cell::number(share, NumberFormat::Percent, frame.percent(share));
        or_nothing(share.map(cell))
    };
    let days = |hours: Option<f64>| {
        let cell = |hours: f64| {
            let days = hours / 24.0;
            Cell::number(days, NumberFormat::OneDigit, frame.decimal(days, 1))
        };
        or_nothing(hours.map(cell))
    };
    let lift = |lift| Cell::number(lift, NumberFormat::TwoDigits, frame.decimal(lift, 2));
    vec![
        Cell::text(link.primary.category.as_str()),
        Cell::count(frame, link.primary.n),
        Cell::text(link.issue),
        Cell::text(frame.say(kind_message(link.kind))),
        Cell::count(frame, link.n),
        share(link.share),
        share(link.interval.map(|interval| interval.low)),
        share(link.interval.map(|interval| interval.high)),
        or_nothing(link.lift.map(lift)),
        days(link.gap.map(|gap| gap.p25)),
        days(link.gap.map(|gap| gap.median)),
        days(link.gap.map(|gap| gap.p75)),
    ]
}

fn kind_message(kind: LinkKind) -> &'static str {
    match kind {
        LinkKind::Again => "next-again",
        LinkKind::Known => "next-known",
        LinkKind::Unproven => "next-unproven",
    }
}
