//! `/kpis`: every key figure of a period with its definition, one of them over time and by slice, and why it moved.

mod ask;
mod figures;

use super::change::ChangeView;
use super::chart::LineChart;
use super::error::{show, show_again, show_later};
use super::form::Faults;
use super::session::Viewer;
use super::table::{Export, Table};
use super::{Frame, PageError};
use crate::kpi::{Exclusion, KpiChange, KpiContext, KpiQuery, KpiReport, MEASURES, Step};
use crate::live_kpis::{KpiError, tell, tell_change};
use actix_web::{HttpResponse, web};
use ask::{Asked, Filters, KpisQuery, dimension_message, language};
use askama::Template;

#[derive(Template)]
#[template(path = "kpis.html")]
struct KpisPage {
    frame: Frame,
    faults: Faults,
    filters: Filters,
    /// What it is about, in words; empty where that could not be read.
    scope: String,
    notices: Vec<String>,
    figures: Option<Figures>,
}

/// What the page tells.
struct Figures {
    hints: Vec<String>,
    measures: Table,
    slices: Option<Table>,
    trends: Vec<LineChart>,
    change: Option<ChangeView>,
    change_title: Option<String>,
    /// What is not in it yet.
    change_hint: Option<String>,
}

impl Figures {
    fn tables(&self) -> impl Iterator<Item = &Table> {
        let change = self.change.as_ref().map(|change| &change.effects);
        let trends = self.trends.iter().map(LineChart::table);
        [&self.measures].into_iter().chain(&self.slices).chain(trends).chain(change)
    }
}

pub(super) async fn show_kpis(
    viewer: Viewer,
    query: Option<web::Query<KpisQuery>>,
    export: Export,
) -> Result<HttpResponse, PageError> {
    let query = query.map(web::Query::into_inner).unwrap_or_default();
    let frame = viewer.frame("kpi-title");
    let has_own_team = viewer.user.position.team().is_some();
    let (asked, mut faults) = query.read(&viewer, &frame).await?;
    let mut page = KpisPage {
        filters: query.filters(&frame, asked.as_ref(), has_own_team, &faults),
        scope: asked.as_ref().map(|asked| scope(&viewer, &frame, asked)).unwrap_or_default(),
        notices: Vec::new(),
        figures: None,
        faults: Faults::default(),
        frame,
    };
    let Some(asked) = asked else {
        page.faults = faults;
        return show_again(&page);
    };
    match figures(&viewer, &page.frame, &asked, &export).await {
        Ok((figures, notices)) => {
            if let Some(file) = export.answer(&viewer, figures.tables()).await? {
                return Ok(file);
            }
            (page.figures, page.notices) = (Some(figures), notices);
            show(&page)
        }
        Err(KpiError::Store(error)) => Err(error.into()),
        Err(KpiError::NotCounted(days)) => {
            page.notices.push(page.frame.say("kpi-not-counted").with("count", days).into());
            show_later(&page)
        }
        Err(KpiError::TooMany { most, .. }) => {
            faults.add("by", page.frame.say("kpi-fault-slices").with("most", most));
            page.faults = faults;
            show_again(&page)
        }
        Err(KpiError::Corrupt(error)) => {
            tracing::error!(%error, "counted days cannot be read");
            Err(PageError::Internal)
        }
    }
}

/// The period, the slice and the zone of the days.
fn scope(viewer: &Viewer, frame: &Frame, asked: &Asked) -> String {
    let (from, until) = (frame.day(asked.period.from), frame.day(asked.period.to.plus(-1)));
    let zone = viewer.app.settings.kpi.time_zone.name();
    let scope = frame.say("kpi-scope").with("from", from).with("until", until).with("zone", zone);
    match &asked.slice {
        Some((dimension, label)) => {
            let slice = frame.say(dimension_message(*dimension));
            format!(
                "{scope} {}",
                frame.say("kpi-scope-slice").with("slice", slice).with("label", label)
            )
        }
        None => scope.to_string(),
    }
}

async fn figures(
    viewer: &Viewer,
    frame: &Frame,
    asked: &Asked,
    export: &Export,
) -> Result<(Figures, Vec<String>), KpiError> {
    let (app, options) = (&viewer.app, &viewer.app.settings.kpi);
    let context = KpiContext {
        zone: &options.time_zone,
        small_numbers: options.small_numbers,
        language: language(frame),
        now: viewer.now,
    };
    let told =
        async |query: KpiQuery| tell(&app.store, &app.tenant, options, &query, context).await;
    let all = told(asked.query(MEASURES.iter().collect())).await?;
    let one = asked.query(vec![asked.measure]);
    let by_step = told(KpiQuery { step: Some(asked.step), ..one.clone() }).await?;
    let by_slice = match asked.by {
        Some(_) => Some(told(KpiQuery { by: asked.by, ..one }).await?),
        None => None,
    };
    // It is taken apart by category over all teams, channels and segments.
    let (mut change, mut change_hint) = (None, None);
    let is_taken_apart = asked.measure.is_rate() && asked.slice.is_none();
    if is_taken_apart {
        let what = (asked.measure, asked.period, asked.window_days);
        let told = tell_change(&app.store, &app.tenant, options, what, context).await?;
        let titles = [frame.say("kpi-change-before"), frame.say("kpi-change-after")];
        change_hint = young_of_both(frame, asked, &told);
        change = told
            .decomposition
            .and_then(|parts| ChangeView::of(frame, &parts, titles.map(String::from)));
    }
    let name = language(frame).pick(&asked.measure.name);
    let slices = by_slice.and_then(|report| figures::slices_table(frame, asked, &report));
    let trends = figures::trends(frame, asked, &by_step);
    let told = Figures {
        hints: hints(frame, asked, &all, &by_step),
        measures: figures::measures_table(frame, asked, &all).with_files(export),
        slices: slices.map(|table| table.with_files(export)),
        trends: trends.into_iter().map(|chart| chart.with_files(export)).collect(),
        change: change.map(|change| change.with_files(export)),
        change_title: is_taken_apart
            .then(|| frame.say("kpi-change-title").with("measure", name).into()),
        change_hint,
    };
    Ok((told, notices(frame, asked, &all)))
}

/// How much of both periods is too young to be compared, and until when.
fn young_of_both(frame: &Frame, asked: &Asked, change: &KpiChange) -> Option<String> {
    let mature_at = change.mature_at.filter(|_| change.immature > 0)?;
    let date = frame.day(asked.zone.day_of(mature_at));
    let hint = frame.say("change-immature").with("count", change.immature).with("date", date);
    Some(hint.into())
}

/// What stands above the figures where there is nothing, or nothing that is old enough.
fn notices(frame: &Frame, asked: &Asked, report: &KpiReport) -> Vec<String> {
    let figures: Vec<_> = report.groups.iter().flat_map(|group| &group.figures).collect();
    let is_nothing = figures.iter().all(|figure| {
        figure.n == 0 && figure.excluded.is_empty() && figure.numerator.unwrap_or(0.0).abs() < 0.5
    });
    if is_nothing {
        return vec![frame.say("kpi-empty").into()];
    }
    let rcr = figures.iter().find(|figure| figure.measure == "rcr");
    let young = rcr.filter(|rcr| rcr.n == 0).map_or(0, |rcr| immature(&rcr.excluded));
    let mut notices = Vec::new();
    if young > 0 {
        let message =
            frame.say("kpi-only-immature").with("count", young).with("days", asked.window_days);
        notices.push(message.into());
    }
    notices
}

fn immature(excluded: &[crate::kpi::Excluded]) -> u64 {
    let young = excluded.iter().filter(|left| left.reason == Exclusion::Immature);
    young.map(|left| left.n).sum()
}

/// What has to be known to read the figures.
fn hints(frame: &Frame, asked: &Asked, all: &KpiReport, by_step: &KpiReport) -> Vec<String> {
    let mut hints = Vec::new();
    let rcr = all.groups.iter().flat_map(|group| &group.figures).find(|one| one.measure == "rcr");
    let young = rcr.map_or(0, |rcr| immature(&rcr.excluded));
    if young > 0 {
        let hint = frame.say("kpi-immature").with("count", young).with("days", asked.window_days);
        hints.push(hint.into());
    }
    let is_cut = |group: &crate::kpi::KpiGroup| match asked.step {
        Step::Day => false,
        Step::Week => group.period.days() < 7,
        Step::Month => group.period.days() < 28,
    };
    if by_step.groups.iter().any(is_cut) {
        hints.push(frame.say("kpi-cut").into());
    }
    hints.push(frame.say("kpi-small-numbers").with("count", all.small_numbers).into());
    hints
}
