//! `/risk`: what the live risk model said of the tickets closed in a period, what came of them, and what it would have caught.

mod charts;
mod printed;
mod tables;

use super::error::{show, show_again};
use super::field::TextField;
use super::form::Faults;
use super::models::gather;
use super::period;
use super::session::Viewer;
use super::table::{Export, Table};
use super::tile::Tile;
use super::{Frame, PageError};
use crate::config::Settings;
use crate::kpi::Period;
use crate::live_kpis::catch_up;
use crate::registry::Registry;
use crate::registry::artifact::ModelKind;
use crate::risk::report::{RiskReport, ScoreSums};
use crate::store::{RiskScope, Store, Tenant};
use crate::ticket::Name;
use crate::timestamp::Timestamp;
use actix_web::{HttpResponse, web};
use askama::Template;
use charts::{CalibrationChart, Histogram, NameChart};
pub(super) use printed::{document, write};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Days shown where no period is chosen: some weeks more than the longest window, so that there is something old enough.
const USUAL_DAYS: i32 = 91;

/// The words of the address; what is left out is usual.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RiskQuery {
    /// The first day.
    from: String,
    /// The last day.
    until: String,
}

#[derive(Template)]
#[template(path = "risk.html")]
struct RiskPage {
    frame: Frame,
    faults: Faults,
    from: TextField,
    until: TextField,
    /// The address of the same as a PDF file.
    printed: String,
    view: RiskView,
}

/// Whose closings are told, and as of when.
#[derive(Clone, Copy)]
pub(super) struct RiskAsked<'a> {
    pub(super) settings: &'a Settings,
    pub(super) store: &'a Store,
    pub(super) tenant: &'a Tenant,
    /// The live model: version and window in days; `None` where there is none.
    pub(super) model: Option<(&'a str, u32)>,
    pub(super) period: Period,
    pub(super) team: Option<&'a Name>,
    pub(super) now: Timestamp,
}

/// What is told of a period.
#[derive(Default)]
pub(super) struct RiskView {
    /// What it is about, in words; empty where that could not be read or there is no model.
    scope: String,
    notices: Vec<String>,
    told: Option<Told>,
}

/// What the page tells of closings with a score.
struct Told {
    hints: Vec<String>,
    scores: Histogram,
    /// `None` while nothing is old enough.
    rates: Option<Rates>,
    reasons: Table,
    reasons_read: String,
    /// The same reasons, each with the part of the closings that it is told of.
    reason_shares: Vec<(String, f64)>,
    figures: Table,
    closings: u64,
    mature: u64,
}

/// What is known of closings that are old enough.
struct Rates {
    tiles: Vec<Tile>,
    calibration: CalibrationChart,
    by_name: Vec<NameChart>,
    capacity: Table,
}

impl Told {
    fn tables(&self) -> impl Iterator<Item = &Table> {
        let rates = self.rates.iter().flat_map(|rates| {
            let by_name = rates.by_name.iter().map(|chart| &chart.table);
            [&rates.calibration.table, &rates.capacity].into_iter().chain(by_name)
        });
        [&self.scores.table, &self.reasons, &self.figures].into_iter().chain(rates)
    }
}

pub(super) async fn show_risk(
    viewer: Viewer,
    query: Option<web::Query<RiskQuery>>,
    export: Export,
) -> Result<HttpResponse, PageError> {
    let query = query.map(web::Query::into_inner).unwrap_or_default();
    let frame = viewer.frame("risk-title");
    let today = viewer.app.settings.kpi.time_zone.day_of(viewer.now);
    let mut faults = Faults::default();
    let asked = period::read([&query.from, &query.until], USUAL_DAYS, today, &frame, &mut faults);
    let [from, until] = asked.map_or([query.from, query.until], |period| {
        [period.from, period.to.plus(-1)].map(|day| day.to_string())
    });
    let day = |field: TextField, value: &str| field.with_value(value).with_faults(&faults);
    let mut page = RiskPage {
        from: day(TextField::day("from", frame.say("kpi-from")), &from),
        until: day(TextField::day("until", frame.say("kpi-until")), &until),
        printed: export.address_of(printed::FILE),
        view: RiskView::default(),
        faults: Faults::default(),
        frame,
    };
    let Some(period) = asked else {
        page.faults = faults;
        return show_again(&page);
    };
    let models = viewer.app.models();
    let model = models.risk.as_ref().ok().map(|model| (model.version(), model.window_days()));
    let (app, now) = (&viewer.app, viewer.now);
    let (settings, store, tenant) = (&app.settings, &app.store, &app.tenant);
    let team = viewer.user.position.team();
    let asked = RiskAsked { settings, store, tenant, model, period, team, now };
    page.view = RiskView::of(&page.frame, &asked, &export).await?;
    if export.is_for(printed::FILE) {
        return printed::answer(&viewer, &page.frame, &asked, &page.view).await;
    }
    match export.answer(&viewer, page.view.told.iter().flat_map(Told::tables)).await? {
        Some(file) => Ok(file),
        None => show(&page),
    }
}

impl RiskView {
    /// What the model said of a period.
    ///
    /// # Errors
    /// [`PageError`] where the store fails.
    pub(super) async fn of(
        frame: &Frame,
        asked: &RiskAsked<'_>,
        export: &Export,
    ) -> Result<Self, PageError> {
        let Some((version, window_days)) = asked.model else {
            let notices = vec![frame.say("risk-no-model").into()];
            return Ok(Self { notices, ..Self::default() });
        };
        let settings = asked.settings;
        let scope = RiskScope { version, window_days, period: asked.period, team: asked.team };
        catch_up(asked.store, asked.tenant, &settings.kpi, asked.period).await?;
        let policy = &settings.follow_ups;
        let report = asked.store.risk_report(asked.tenant, &scope, policy, asked.now).await?;
        let mut view = Self { scope: scope_of(frame, asked, &scope), ..Self::default() };
        view.notices = notices(frame, &report, window_days);
        if report.all.closings > 0 {
            let figures = figures_of(settings, version).await?;
            view.told = Some(Told::of(frame, &report, figures, settings, export));
        }
        Ok(view)
    }
}

/// What the figures are about, in words.
fn scope_of(frame: &Frame, asked: &RiskAsked<'_>, scope: &RiskScope<'_>) -> String {
    let said = frame
        .say("risk-scope")
        .with("from", frame.day(asked.period.from))
        .with("until", frame.day(asked.period.to.plus(-1)))
        .with("zone", asked.settings.kpi.time_zone.name())
        .with("version", scope.version)
        .with("days", scope.window_days);
    match asked.team {
        Some(team) => {
            let slice = frame.say("user-team");
            let only =
                frame.say("kpi-scope-slice").with("slice", slice).with("label", team.as_str());
            format!("{said} {only}")
        }
        None => said.into(),
    }
}

/// What is not told, and why.
fn notices(frame: &Frame, report: &RiskReport, window_days: u32) -> Vec<String> {
    let mut notices = Vec::new();
    if report.of_other_versions > 0 {
        let others = frame.say("risk-others").with("count", report.of_other_versions);
        notices.push(others.into());
    }
    if report.all.closings == 0 {
        notices.push(frame.say("risk-empty").into());
    } else if report.all.mature == 0 {
        let young = frame
            .say("risk-only-immature")
            .with("count", report.all.closings)
            .with("days", window_days);
        notices.push(young.into());
    }
    notices
}

impl Told {
    fn of(
        frame: &Frame,
        report: &RiskReport,
        figures: Vec<(String, f64)>,
        settings: &Settings,
        export: &Export,
    ) -> Self {
        let (all, small_numbers) = (report.all, settings.kpi.small_numbers);
        Self {
            hints: hints(frame, &all, small_numbers),
            scores: Histogram::draw(
                frame,
                &report.bins,
                tables::scores(frame, &report.bins).with_files(export),
            ),
            rates: (all.mature > 0).then(|| rates(frame, report, small_numbers, export)),
            reasons: tables::reasons(frame, report).with_files(export),
            reasons_read: frame
                .say("risk-reasons-read")
                .with("count", report.reasons.closings)
                .into(),
            reason_shares: tables::reason_shares(frame, report),
            figures: tables::figures(frame, figures).with_files(export),
            closings: all.closings,
            mature: all.mature,
        }
    }
}

/// What has to be known to read the figures.
fn hints(frame: &Frame, all: &ScoreSums, small_numbers: u64) -> Vec<String> {
    let young = all.closings - all.mature;
    let mut hints = Vec::new();
    if young > 0 && all.mature > 0 {
        hints.push(frame.say("risk-immature").with("count", young).into());
    }
    if all.mature > 0 {
        hints.push(frame.say("risk-treated").into());
        hints.push(frame.say("kpi-small-numbers").with("count", small_numbers).into());
    }
    hints
}

fn rates(frame: &Frame, report: &RiskReport, small_numbers: u64, export: &Export) -> Rates {
    let calibration = tables::calibration(frame, report, small_numbers).with_files(export);
    let chart = |id: &'static str, title: String, heading: String, parts: &BTreeMap<_, _>| {
        let named = tables::by_size(frame, parts);
        let titles = (title.clone(), heading);
        let table = tables::by_name(frame, id, titles, &named, small_numbers).with_files(export);
        NameChart::draw(frame, id, title, &named, table)
    };
    let say = |message: &'static str| String::from(frame.say(message));
    Rates {
        tiles: tiles(frame, report),
        calibration: CalibrationChart::draw(frame, &report.deciles, calibration),
        by_name: vec![
            chart("by-category", say("risk-by-category"), say("category"), &report.categories),
            chart("by-team", say("risk-by-team"), say("user-team"), &report.teams),
            chart("by-channel", say("risk-by-channel"), say("kpi-channel"), &report.channels),
        ],
        capacity: tables::at_capacity(frame, report).with_files(export),
    }
}

/// What the model would have caught, and how many came back.
fn tiles(frame: &Frame, report: &RiskReport) -> Vec<Tile> {
    let at_capacity = &report.all_at_capacity;
    let (recall, precision) = (at_capacity.recall(), at_capacity.precision());
    let observed = report.all.observed();
    let chance = at_capacity.recall_by_chance().unwrap_or_default();
    let recall_explained = frame
        .say("risk-recall-explained")
        .with("count", recall.count)
        .with("trials", recall.trials)
        .with("chance", frame.percent(chance));
    let precision_explained = frame
        .say("risk-precision-explained")
        .with("count", precision.count)
        .with("trials", precision.trials);
    let observed_explained = frame
        .say("risk-observed-explained")
        .with("count", observed.count)
        .with("trials", observed.trials)
        .with("predicted", frame.percent(report.all.predicted().unwrap_or_default()));
    vec![
        Tile::share(frame, frame.say("risk-recall"), recall, recall_explained),
        Tile::share(frame, frame.say("risk-precision"), precision, precision_explained),
        Tile::share(frame, frame.say("risk-observed"), observed, observed_explained),
    ]
}

/// The figures of the model's test in training; none where its description cannot be read.
async fn figures_of(settings: &Settings, version: &str) -> Result<Vec<(String, f64)>, PageError> {
    let (registry, version) = (Registry::new(&settings.models), version.to_owned());
    let found = web::block(move || {
        let live = registry.live().unwrap_or_default();
        let mut listed = registry.list(&live).into_iter();
        let model = listed.find(|one| one.kind == ModelKind::Risk && one.version == version)?;
        model.manifest.ok()
    });
    let manifest = found.await.map_err(|error| {
        tracing::error!(%error, "the models could not be listed");
        PageError::Internal
    })?;
    let mut figures = Vec::new();
    if let Some(test) = manifest.as_ref().and_then(|manifest| manifest.metrics.get("test")) {
        gather(test, "test".to_owned(), &mut figures);
    }
    Ok(figures)
}
