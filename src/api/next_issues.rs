//! `GET /v1/next-issues`: which issues follow which, the costliest primary categories first.

use super::body::query;
use super::problem::{Problem, ProblemCode};
use crate::app::App;
use crate::next_issue::NextIssueReport;
use crate::next_issue::ranking::ReportScope;
use crate::outcome::WINDOWS_DAYS;
use crate::store::EpisodeScope;
use crate::ticket::Name;
use crate::timestamp::Timestamp;
use actix_web::{HttpRequest, web};
use serde::Deserialize;
use utoipa::IntoParams;

/// Which part of the map to tell.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct NextIssuesQuery {
    /// 1, 3, 7, 14 or 30; the configured window if left out.
    #[param(value_type = Option<u32>, example = 14)]
    window_days: Option<String>,
    /// Only this primary category.
    category: Option<String>,
    /// Only episodes that this team closed; the figures are computed when asked for, and kept for a while.
    team: Option<String>,
    /// Only episodes whose customer came in this way; as for team.
    channel: Option<String>,
    /// Primary categories at most.
    #[param(value_type = Option<u32>)]
    limit: Option<String>,
}

/// Tells which issues follow which: how often, how much more often than usual, and how long after. From mature episodes only.
#[utoipa::path(
    get, path = "/v1/next-issues", tag = "next issues", params(NextIssuesQuery),
    responses(
        (status = 200, body = NextIssueReport),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn show_next_issues(
    app: web::Data<App>,
    request: HttpRequest,
) -> Result<web::Json<NextIssueReport>, Problem> {
    let asked: NextIssuesQuery = query(&request)?;
    let most = app.settings.limits.page_size_max;
    let scope = ReportScope {
        window_days: asked.window_days.as_deref().map(parse_window).transpose()?,
        category: parse_name("category", asked.category.as_deref())?,
        limit: asked.limit.as_deref().map(|text| parse_limit(text, most)).transpose()?,
    };
    let episodes = EpisodeScope {
        team: parse_name("team", asked.team.as_deref())?,
        channel: parse_name("channel", asked.channel.as_deref())?,
    };
    let map = if episodes == EpisodeScope::default() {
        app.next_issues.map()
    } else {
        app.next_issues
            .scoped(&app.store, &app.tenant, &episodes, Timestamp::now())
            .await
            .map_err(|error| Problem::from_store(error, app.settings.limits.retry_after_s))?
    };
    Ok(web::Json(NextIssueReport::new(&map, app.next_issues.options(), &scope)))
}

fn parse_window(text: &str) -> Result<u32, Problem> {
    text.parse().ok().filter(|days| WINDOWS_DAYS.contains(days)).ok_or_else(|| {
        invalid(format!("window_days: expected one of {WINDOWS_DAYS:?}, got {text:?}"))
    })
}

fn parse_limit(text: &str, most: u32) -> Result<u32, Problem> {
    text.parse()
        .ok()
        .filter(|limit| (1..=most).contains(limit))
        .ok_or_else(|| invalid(format!("limit: expected 1 to {most}, got {text:?}")))
}

fn parse_name(parameter: &str, text: Option<&str>) -> Result<Option<Name>, Problem> {
    text.map(Name::parse).transpose().map_err(|error| invalid(format!("{parameter}: {error}")))
}

fn invalid(detail: String) -> Problem {
    Problem::new(ProblemCode::InvalidQuery, detail)
}
