//! `GET /v1/kpis`: key figures with their definitions; `GET /v1/kpis/change`: why a rate moved.

use super::assessment::language;
use super::body::query;
use super::problem::{Problem, ProblemCode};
use crate::app::App;
use crate::kpi::{
    KpiChange, KpiContext, KpiQuery, KpiReport, KpiWords, parse_measure, parse_period, parse_window,
};
use crate::live_kpis::{KpiError, tell, tell_change};
use crate::timestamp::Timestamp;
use actix_web::{HttpRequest, web};
use serde::Deserialize;
use utoipa::IntoParams;

/// Which figures to tell.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct KpisQuery {
    /// The first day, such as 2026-01-05, in the configured time zone; 28 days before `to` if left out.
    #[param(value_type = Option<String>, example = "2026-01-05")]
    from: Option<String>,
    /// The day after the last one; today if left out.
    #[param(value_type = Option<String>, example = "2026-02-02")]
    to: Option<String>,
    /// team, category, channel or segment; day, week (ISO 8601) or month; or one of each with a comma between.
    #[param(example = "category,week")]
    by: Option<String>,
    /// Measures with commas between; all if left out.
    #[param(example = "rcr,fcr_window")]
    measure: Option<String>,
    /// Days after the close for measures with a window: 1, 3, 7, 14 or 30; the configured window if left out.
    #[param(value_type = Option<u32>, example = 14)]
    window_days: Option<String>,
    /// Only of this team; empty: of tickets without one. One of the four, and not beside a slice in `by`.
    team: Option<String>,
    /// Only of this category.
    category: Option<String>,
    /// Only of this channel.
    channel: Option<String>,
    /// Only of customers of this segment.
    segment: Option<String>,
}

/// Tells key figures of a period: each with its definition, its interval, how many cases it rests on and what was left out.
#[utoipa::path(
    get, path = "/v1/kpis", tag = "key figures", params(KpisQuery),
    responses(
        (status = 200, body = KpiReport),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn show_kpis(
    app: web::Data<App>,
    request: HttpRequest,
) -> Result<web::Json<KpiReport>, Problem> {
    let asked: KpisQuery = query(&request)?;
    let (now, options) = (Timestamp::now(), &app.settings.kpi);
    let words = KpiWords {
        from: asked.from,
        to: asked.to,
        by: asked.by,
        step: None,
        measures: asked.measure,
        window_days: asked.window_days,
        team: asked.team,
        category: asked.category,
        channel: asked.channel,
        segment: asked.segment,
    };
    let asked = KpiQuery::parse(&words, options, now).map_err(invalid)?;
    let told = tell(&app.store, &app.tenant, options, &asked, context(&app, &request, now)).await;
    told.map(web::Json).map_err(|error| problem(&app, error))
}

/// Which change to take apart.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct KpiChangeQuery {
    /// The first day of the later period; 28 days before `to` if left out.
    #[param(value_type = Option<String>, example = "2026-01-05")]
    from: Option<String>,
    /// The day after its last one; today if left out.
    #[param(value_type = Option<String>, example = "2026-02-02")]
    to: Option<String>,
    /// A measure that is a share of episodes or tickets; rcr if left out.
    #[param(example = "rcr")]
    measure: Option<String>,
    /// Days after the close: 1, 3, 7, 14 or 30; the configured window if left out.
    #[param(value_type = Option<u32>, example = 14)]
    window_days: Option<String>,
}

/// Tells why a rate moved from the period of the same length before: which categories came more or less often, and in which the
/// rate itself moved (Kitagawa 1955). The effects add up to the difference.
#[utoipa::path(
    get, path = "/v1/kpis/change", tag = "key figures", params(KpiChangeQuery),
    responses(
        (status = 200, body = KpiChange),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn show_kpi_change(
    app: web::Data<App>,
    request: HttpRequest,
) -> Result<web::Json<KpiChange>, Problem> {
    let asked: KpiChangeQuery = query(&request)?;
    let (now, options) = (Timestamp::now(), &app.settings.kpi);
    let measure = parse_measure(asked.measure.as_deref().unwrap_or("rcr")).map_err(invalid)?;
    if !measure.is_rate() {
        let detail =
            format!("measure: expected a share of episodes or tickets, got {}", measure.id);
        return Err(invalid(detail));
    }
    let window_days = parse_window(asked.window_days.as_deref(), options).map_err(invalid)?;
    let words = KpiWords { from: asked.from, to: asked.to, ..KpiWords::default() };
    let period = parse_period(&words, options, now).map_err(invalid)?;
    let (context, what) = (context(&app, &request, now), (measure, period, window_days));
    let told = tell_change(&app.store, &app.tenant, options, what, context).await;
    told.map(web::Json).map_err(|error| problem(&app, error))
}

fn context<'a>(app: &'a App, request: &HttpRequest, now: Timestamp) -> KpiContext<'a> {
    let options = &app.settings.kpi;
    KpiContext {
        zone: &options.time_zone,
        small_numbers: options.small_numbers,
        language: language(request),
        now,
    }
}

fn invalid(detail: String) -> Problem {
    Problem::new(ProblemCode::InvalidQuery, detail)
}

/// The problem that a failure is told as.
pub(super) fn problem(app: &App, error: KpiError) -> Problem {
    let retry_after_s = app.settings.limits.retry_after_s;
    match error {
        KpiError::Store(error) => Problem::from_store(error, retry_after_s),
        KpiError::NotCounted(_) => {
            Problem::later(ProblemCode::KpisNotCounted, error.to_string(), retry_after_s)
        }
        KpiError::TooMany { .. } => invalid(error.to_string()),
        KpiError::Corrupt(_) => {
            tracing::error!(%error, "counted days cannot be read");
            Problem::new(ProblemCode::Internal, "the counted days cannot be read")
        }
    }
}
