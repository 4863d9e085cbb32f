//! `/overview`: how many come back and why that changed, what there is to do, and how fresh and mature the figures are.

use super::change::ChangeView;
use super::chart::{LineChart, SharePoint};
use super::error::{lead_to, show};
use super::field::{SelectField, TextField};
use super::format::Shown;
use super::messages::Message;
use super::session::Viewer;
use super::table::Export;
use super::tile::Tile;
use super::{Frame, PageError, model_drift};
use crate::kpi::{CategoryCounts, CountedClosings, Decomposition, Period, RepeatCounts};
use crate::live_kpis::catch_up;
use crate::monitoring::Status;
use crate::outcome::WINDOWS_DAYS;
use crate::risk::RiskBand;
use crate::statistics::{CONFIDENCE, Proportion};
use crate::store::{FollowUpsOpen, WeeklyDelivery};
use crate::timestamp::{DAY_MS, Timestamp};
use crate::user::Permission;
use crate::weekly::Week;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// Days of closings that can be looked at.
const PERIODS_DAYS: [u32; 3] = [7, 28, 91];
/// Weeks in the chart.
const WEEKS: u32 = 13;

#[derive(Template)]
#[template(path = "overview.html")]
struct OverviewPage {
    frame: Frame,
    window: SelectField,
    period: SelectField,
    until: TextField,
    team: Option<String>,
    from: Shown,
    to: Shown,
    mature: u64,
    /// Newer ones; `None` where the period was chosen to end before them.
    immature: Option<u64>,
    tiles: Vec<Tile>,
    trend: Option<LineChart>,
    change: Option<ChangeView>,
    newest_closing: Option<Shown>,
    newest_contact: Option<Shown>,
    now: Shown,
    monitoring: MonitoringView,
    weekly: Vec<DeliveryLine>,
}

/// What became of the newest weekly report.
struct DeliveryLine {
    text: String,
    is_failure: bool,
    /// Why it failed, for those who can do something about it.
    error: Option<String>,
}

/// Whether anything drifts, as far as the page tells it.
#[derive(Default)]
struct MonitoringView {
    is_known: bool,
    alerts: Vec<String>,
    watched: Vec<String>,
}

/// What the address says of the period. Anything that cannot be chosen counts as the default.
#[derive(Default, Deserialize)]
pub(super) struct OverviewQuery {
    #[serde(default)]
    window: String,
    #[serde(default)]
    period: String,
    #[serde(default)]
    until: String,
}

pub(super) async fn to_overview(_viewer: Viewer) -> HttpResponse {
    lead_to("/overview")
}

pub(super) async fn show_overview(
    viewer: Viewer,
    query: Option<web::Query<OverviewQuery>>,
    export: Export,
) -> Result<HttpResponse, PageError> {
    let query = query.map(web::Query::into_inner).unwrap_or_default();
    let usual_days = viewer.app.settings.kpi.window_days;
    let window_days = chosen(&WINDOWS_DAYS, &query.window, usual_days);
    let period_days = chosen(&PERIODS_DAYS, &query.period, 28);
    let frame = viewer.frame("overview-title");
    let (app, now, team) = (&viewer.app, viewer.now, viewer.user.position.team());
    let (store, tenant) = (&app.store, &app.tenant);
    // Closings whose window is over: newer ones have no outcome yet.
    let at_risk_since = now.plus_days(-i64::from(window_days));
    let until = frame.end_of_day(&query.until).filter(|until| *until < at_risk_since);
    let mature_until = until.unwrap_or(at_risk_since);
    let from = mature_until.plus_days(-i64::from(period_days));
    let mut counted = Counted {
        window_days,
        from,
        weeks_from: mature_until.plus_days(-i64::from(7 * WEEKS)),
        to: until.unwrap_or(Timestamp::LATEST),
        mature_until: at_risk_since,
        mature: RepeatCounts::default(),
        immature: 0,
        weeks: BTreeMap::new(),
    };
    let zone = &app.settings.kpi.time_zone;
    // A closing may be somewhat ahead of the clock here.
    let last = zone.day_of(until.unwrap_or(now.plus_days(1)));
    let closed = Period { from: zone.day_of(counted.weeks_from), to: last.plus(1) };
    catch_up(store, tenant, &app.settings.kpi, closed).await?;
    store.counted_closings(tenant, closed, team, |_, closings| counted.add(&closings)).await?;
    let at_risk = store.count_at_risk(tenant, RiskBand::High.as_str(), team, at_risk_since).await?;
    let follow_ups = store.count_open_follow_ups(tenant, team, now).await?;
    let newest = store.newest_events(tenant).await?;
    let weeks = &counted.weeks;
    let trend = (!weeks.is_empty()).then(|| trend(&frame, weeks, mature_until).with_files(&export));
    let titles = [frame.say("change-before"), frame.say("change-after")].map(String::from);
    let change = change(weeks).and_then(|change| ChangeView::of(&frame, &change, titles));
    let change = change.map(|change| change.with_files(&export));
    let tables = [trend.as_ref().map(LineChart::table), change.as_ref().map(|one| &one.effects)];
    if let Some(file) = export.answer(&viewer, tables.into_iter().flatten()).await? {
        return Ok(file);
    }
    show(&OverviewPage {
        window: days(&frame, &WINDOWS_DAYS, window_days, "window", "overview-window"),
        period: days(&frame, &PERIODS_DAYS, period_days, "period", "overview-period"),
        until: TextField::day("until", frame.say("overview-until"))
            .with_value(until.map_or("", |_| query.until.as_str())),
        team: team.map(ToString::to_string),
        from: frame.date(from),
        to: frame.date(mature_until),
        mature: counted.mature.closings,
        immature: until.is_none().then_some(counted.immature),
        tiles: tiles(&frame, window_days, &counted.mature, at_risk, follow_ups),
        trend,
        change,
        newest_closing: newest.closing.map(|instant| frame.date_time(instant)),
        newest_contact: newest.contact.map(|instant| frame.date_time(instant)),
        now: frame.date_time(now),
        monitoring: MonitoringView::of(&viewer, &frame).await,
        weekly: weekly(&viewer, &frame).await?,
        frame,
    })
}

/// Mature closings by week, counted from the first one, and category.
type Weeks = BTreeMap<(u32, String), RepeatCounts>;

/// What is counted of the closings, and of which.
struct Counted {
    window_days: u32,
    /// When the period begins, and when the weeks do.
    from: Timestamp,
    weeks_from: Timestamp,
    /// Before this instant.
    to: Timestamp,
    /// Those closed later are too young.
    mature_until: Timestamp,
    /// Of the period.
    mature: RepeatCounts,
    immature: u64,
    weeks: Weeks,
}

impl Counted {
    /// Adds the closings of a day: of the weeks, and of the period, which does not begin before them.
    fn add(&mut self, closings: &CountedClosings) {
        let mut of_day: BTreeMap<(u32, usize), RepeatCounts> = BTreeMap::new();
        for closing in &closings.closings {
            let at = closing.closed_at;
            let is_of_period = at >= self.from && at < self.to;
            if at > self.mature_until {
                self.immature += u64::from(is_of_period);
                continue;
            }
            if is_of_period {
                self.mature.add(closing, self.window_days);
            }
            if at >= self.weeks_from && at < self.to {
                let week = (at.millis() - self.weeks_from.millis()) / (7 * DAY_MS);
                // What closed at the very instant at which maturity begins belongs to the last one.
                let week = u32::try_from(week).unwrap_or(u32::MAX).min(WEEKS - 1);
                let counts = of_day.entry((week, closing.category)).or_default();
                counts.add(closing, self.window_days);
            }
        }
        for ((week, category), counts) in of_day {
            let category = closings.categories[category].clone();
            self.weeks.entry((week, category)).or_default().add_all(counts);
        }
    }
}

fn chosen(options: &[u32], asked: &str, default: u32) -> u32 {
    asked.parse().ok().filter(|days| options.contains(days)).unwrap_or(default)
}

fn days(
    frame: &Frame,
    options: &[u32],
    chosen: u32,
    name: &'static str,
    label: &'static str,
) -> SelectField {
    let option =
        |days: &u32| (days.to_string(), frame.say("count-days").with("count", days).to_string());
    SelectField::new(name, frame.say(label), options.iter().map(option), &chosen.to_string())
}

/// The figures of the period, and what there is to do now.
pub(super) fn tiles(
    frame: &Frame,
    window_days: u32,
    counts: &RepeatCounts,
    at_risk: u64,
    follow_ups: FollowUpsOpen,
) -> Vec<Tile> {
    let (mature, again) = (counts.closings, counts.repeats());
    let repeat = Proportion { count: again, trials: mature };
    let resolved = Proportion { count: mature - counts.explicit, trials: mature };
    let explicit = Proportion { count: counts.explicit, trials: again };
    let repeat_explained = frame
        .say("repeat-rate-explained")
        .with("count", repeat.count)
        .with("trials", repeat.trials)
        .with("days", window_days);
    let resolved_explained = frame
        .say("resolution-rate-explained")
        .with("count", resolved.count)
        .with("trials", resolved.trials)
        .with("days", window_days);
    let explicit_explained = frame
        .say("explicit-share-explained")
        .with("count", explicit.count)
        .with("trials", explicit.trials);
    let at_risk_explained = frame.say("at-risk-explained").with("days", window_days);
    let due_explained = frame.say("follow-ups-due-explained").with("overdue", follow_ups.overdue);
    vec![
        Tile::share(frame, frame.say("repeat-rate"), repeat, repeat_explained),
        Tile::share(frame, frame.say("resolution-rate"), resolved, resolved_explained),
        Tile::share(frame, frame.say("explicit-share"), explicit, explicit_explained),
        Tile::count(frame, frame.say("at-risk"), at_risk, at_risk_explained),
        Tile::count(frame, frame.say("follow-ups-due"), follow_ups.available, due_explained),
    ]
}

/// The repeat rate of each week, named by its first day.
fn trend(frame: &Frame, weeks: &Weeks, mature_until: Timestamp) -> LineChart {
    let point = |week: u32| {
        let of_week = weeks.iter().filter(|((of, _), _)| *of == week);
        let sum = of_week.fold(Proportion::default(), |sum, (_, counts)| Proportion {
            count: sum.count + counts.repeats(),
            trials: sum.trials + counts.closings,
        });
        let first_day = mature_until.plus_days(-7 * i64::from(WEEKS - week));
        SharePoint {
            label: frame.short_date(first_day),
            share: sum.rate(),
            interval: sum.wilson(CONFIDENCE),
            trials: sum.trials,
        }
    };
    let points: Vec<SharePoint> = (0..WEEKS).map(point).collect();
    let title = frame.say("overview-trend");
    let (x_title, y_title) = (frame.say("overview-trend-week"), frame.say("repeat-rate"));
    LineChart::new(frame, "trend", title, x_title, y_title, &points)
}

/// What changed from the week before the last to the last. `None` where one of the two has no closed ticket that is old enough.
fn change(weeks: &Weeks) -> Option<Decomposition> {
    let mut categories: BTreeMap<_, (Proportion, Proportion)> = BTreeMap::new();
    for ((of, category), counts) in weeks.iter().filter(|((of, _), _)| *of + 2 >= WEEKS) {
        let (before, after) = categories.entry(category.clone()).or_default();
        let week = if *of + 1 == WEEKS { after } else { before };
        week.count += counts.repeats();
        week.trials += counts.closings;
    }
    let categories = categories.into_iter().map(|(name, (before, after))| CategoryCounts {
        category: Some(name),
        before,
        after,
    });
    Decomposition::new(categories.collect())
}

/// What became of the newest weekly report: where it failed, then where it is and where it is not yet.
async fn weekly(viewer: &Viewer, frame: &Frame) -> Result<Vec<DeliveryLine>, PageError> {
    let deliveries = viewer.app.store.newest_weekly_deliveries(&viewer.app.tenant).await?;
    let Some(first) = deliveries.first() else { return Ok(Vec::new()) };
    let week = Week::of(first.week).to_string();
    let is_failed = |one: &WeeklyDelivery| one.sent_at.is_none() && one.error.is_some();
    let failed = deliveries.iter().filter(|one| is_failed(one)).map(|one| {
        let text = frame
            .say("weekly-delivery-failed")
            .with("week", &week)
            .with("receiver", receiver(frame, one))
            .with("count", one.attempts)
            .with("next", format!("{} ({})", frame.date_time(one.due_at).text, frame.zone()));
        let error = one.error.clone().filter(|_| viewer.may(Permission::ManageUsers));
        DeliveryLine { text: text.into(), is_failure: true, error }
    });
    let mut lines: Vec<DeliveryLine> = failed.collect();
    let named = |of: &dyn Fn(&WeeklyDelivery) -> bool| {
        let names: BTreeSet<String> =
            deliveries.iter().filter(|one| of(one)).map(|one| receiver(frame, one)).collect();
        names.into_iter().collect::<Vec<_>>().join(", ")
    };
    let sent = named(&|one| one.sent_at.is_some());
    let open = named(&|one| one.sent_at.is_none() && one.error.is_none());
    let told = |text: Message| DeliveryLine { text: text.into(), is_failure: false, error: None };
    if !sent.is_empty() {
        lines.push(told(
            frame.say("weekly-delivery-sent").with("week", &week).with("receivers", sent),
        ));
    }
    if !open.is_empty() {
        lines.push(told(
            frame.say("weekly-delivery-open").with("week", &week).with("receivers", open),
        ));
    }
    Ok(lines)
}

/// What kind of receiver it is.
fn receiver(frame: &Frame, delivery: &WeeklyDelivery) -> String {
    let message = match delivery.receiver.split('-').next() {
        Some("folder") => "weekly-receiver-folder",
        Some("mail") => "weekly-receiver-mail",
        _ => "weekly-receiver-webhook",
    };
    frame.say(message).into()
}

impl MonitoringView {
    async fn of(viewer: &Viewer, frame: &Frame) -> Self {
        let Some(report) = model_drift::report(viewer).await else { return Self::default() };
        let named = |status: Status| {
            let figures = report.figures.iter().filter(|figure| figure.status == status);
            figures.map(|figure| model_drift::name(frame, figure)).collect()
        };
        Self { is_known: true, alerts: named(Status::Alert), watched: named(Status::Watch) }
    }
}
