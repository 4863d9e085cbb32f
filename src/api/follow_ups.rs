//! The follow-up queue: what to take today, and every step of work on it.

use super::assessment::language;
use super::body::{JsonBody, path_id, query};
use super::cursor;
use super::follow_up_view::{FollowUpHistory, FollowUpView, TeamDayView, current};
use super::problem::{Problem, ProblemCode};
use super::tickets::parse_limit;
use crate::app::App;
use crate::follow_up::FollowUpStatus;
use crate::store::{
    FollowUpCursor, FollowUpFilter, FollowUpStep, FollowUpStepped, PersonAction, StoredFollowUp,
    TeamDay,
};
use crate::ticket::Name;
use crate::timestamp::Timestamp;
use actix_web::{HttpRequest, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Which follow-ups to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FollowUpQuery {
    /// Only those of this team; empty: those of tickets without a team. Left out: of all teams.
    team: Option<String>,
    /// waiting, claimed, snoozed, done, disagreed, not_needed, expired or suppressed. Left out: what to take today.
    #[param(value_type = Option<String>, example = "claimed")]
    status: Option<String>,
    /// Follow-ups on a page.
    #[param(value_type = Option<u32>)]
    limit: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A page of follow-ups, the most urgent first.
#[derive(Debug, Serialize, ToSchema)]
pub struct FollowUpList {
    /// The follow-ups.
    follow_ups: Vec<FollowUpView>,
    /// The teams' days: how much each can still take.
    teams: Vec<TeamDayView>,
    /// Asks for the next page; null on the last one.
    next_cursor: Option<String>,
}

/// Takes or gives back a follow-up.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClaimRequest {
    /// The version that was read.
    version: u32,
    /// Who does it.
    author: Name,
}

/// Gives a follow-up back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReleaseRequest {
    /// The version that was read.
    version: u32,
    /// Who does it.
    author: Name,
    /// Why.
    reason: Option<Name>,
}

/// Records that the customer was contacted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DoneRequest {
    /// The version that was read.
    version: u32,
    /// Who did it.
    author: Name,
    /// How: email, phone, chat.
    channel: Name,
    /// What to remember of it; no personal data.
    reason: Option<Name>,
}

/// Puts a follow-up off.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SnoozeRequest {
    /// The version that was read.
    version: u32,
    /// Who does it.
    author: Name,
    /// Until when; moved to the end of quiet hours where it lies in them.
    until: Timestamp,
    /// Why.
    reason: Option<Name>,
}

/// Says that a follow-up is not to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DecisionRequest {
    /// The version that was read.
    version: u32,
    /// Who says so.
    author: Name,
    /// Why.
    reason: Name,
}

/// Lists what a team, or every team, should take today; with a status, the follow-ups of that status.
///
/// The most urgent come first. Those of the control group are never listed.
#[utoipa::path(
    get, path = "/v1/follow-ups", tag = "follow-ups", params(FollowUpQuery),
    responses(
        (status = 200, body = FollowUpList),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn list_follow_ups(
    app: web::Data<App>,
    request: HttpRequest,
) -> Result<web::Json<FollowUpList>, Problem> {
    let list: FollowUpQuery = query(&request)?;
    let limits = &app.settings.limits;
    let limit = parse_limit(list.limit.as_deref(), limits.page_size, limits.page_size_max)?;
    let after = list.cursor.as_deref().map(parse_cursor).transpose()?;
    let status = list.status.as_deref().map(parse_status).transpose()?;
    let team = list.team.as_deref().map(parse_team).transpose()?;
    let now = Timestamp::now();
    let failed = |error| Problem::from_store(error, limits.retry_after_s);
    let days = app.store.team_days(&app.tenant, team.as_deref(), now).await.map_err(failed)?;
    // One more than asked for tells whether there is another page.
    let asked = limit.saturating_add(1);
    let mut found = match status {
        None => today(&app, &days, after.as_ref(), asked, now).await?,
        Some(status) => {
            let filter = FollowUpFilter { status, team, category: None, due_before: None };
            let page = app.store.follow_ups(&app.tenant, &filter, after.as_ref(), asked, now).await;
            page.map_err(failed)?
        }
    };
    let has_more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let last = found.last().filter(|_| has_more);
    let next_cursor = last.map(|last| format_cursor(&last.cursor()));
    let language = language(&request);
    let plans = app.store.plans_in_use(&app.tenant).await.map_err(failed)?;
    let view = |stored: StoredFollowUp| {
        let plan = plans.get(&stored.category);
        FollowUpView::new(&app, stored, plan, language, now)
    };
    Ok(web::Json(FollowUpList {
        follow_ups: found.into_iter().map(view).collect::<Result<_, _>>()?,
        teams: days.into_iter().map(TeamDayView::from).collect(),
        next_cursor,
    }))
}

/// Reads one follow-up with every step that was made.
#[utoipa::path(
    get, path = "/v1/follow-ups/{id}", tag = "follow-ups",
    params(("id" = String, Path, description = "The follow-up's identifier")),
    responses(
        (status = 200, body = FollowUpHistory),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn show_follow_up(
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<web::Json<FollowUpHistory>, Problem> {
    let id = path_id(&id)?;
    let now = Timestamp::now();
    let failed = |error| Problem::from_store(error, app.settings.limits.retry_after_s);
    let found = app.store.follow_up(&app.tenant, &id, now).await.map_err(failed)?;
    let (stored, events) = found.ok_or_else(|| unknown(&id))?;
    let plan = app.store.plan_in_use(&app.tenant, &stored.category).await.map_err(failed)?;
    let view = FollowUpView::new(&app, stored, plan.as_ref(), language(&request), now)?;
    Ok(web::Json(FollowUpHistory::new(view, events)))
}

/// A handler for a step: its name, address, body, and how that becomes a [`FollowUpStep`].
macro_rules! step_handler {
    ($(#[doc = $doc:literal])+ $name:ident, $path:literal, $request:ty, $into_step:expr) => {
        $(#[doc = $doc])+
        #[utoipa::path(
            post, path = $path, tag = "follow-ups", request_body = $request,
            params(("id" = String, Path, description = "The follow-up's identifier")),
            responses(
                (status = 200, body = FollowUpView),
                (status = "4XX", body = Problem, content_type = "application/problem+json"),
                (status = "5XX", body = Problem, content_type = "application/problem+json"),
            )
        )]
        pub async fn $name(
            app: web::Data<App>,
            request: HttpRequest,
            id: web::Path<String>,
            JsonBody(body): JsonBody<$request>,
        ) -> Result<web::Json<FollowUpView>, Problem> {
            let into_step: fn($request) -> FollowUpStep = $into_step;
            make_step(&app, &request, &path_id(&id)?, &into_step(body)).await
        }
    };
}

step_handler!(
    /// Takes a follow-up for oneself. Of two who do so at once the second gets `follow_up_changed`.
    claim_follow_up, "/v1/follow-ups/{id}/claim", ClaimRequest,
    |ClaimRequest { version, author }| FollowUpStep {
        version, author, reason: None, action: PersonAction::Claim
    }
);

step_handler!(
    /// Gives a claimed follow-up back to the team.
    release_follow_up, "/v1/follow-ups/{id}/release", ReleaseRequest,
    |ReleaseRequest { version, author, reason }| FollowUpStep {
        version, author, reason, action: PersonAction::Release
    }
);

step_handler!(
    /// Records that the customer was contacted.
    finish_follow_up, "/v1/follow-ups/{id}/done", DoneRequest,
    |DoneRequest { version, author, channel, reason }| FollowUpStep {
        version, author, reason, action: PersonAction::Done { channel }
    }
);

step_handler!(
    /// Puts a follow-up off until an instant before it expires; then it is back in the queue by itself.
    snooze_follow_up, "/v1/follow-ups/{id}/snooze", SnoozeRequest,
    |SnoozeRequest { version, author, until, reason }| FollowUpStep {
        version, author, reason, action: PersonAction::Snooze { until }
    }
);

step_handler!(
    /// Says that the assessment is wrong: this customer will not come back.
    disagree_with_follow_up, "/v1/follow-ups/{id}/disagree", DecisionRequest,
    |DecisionRequest { version, author, reason }| FollowUpStep {
        version, author, reason: Some(reason), action: PersonAction::Disagree
    }
);

step_handler!(
    /// Says that a follow-up is not needed, for a reason that the model cannot know.
    drop_follow_up, "/v1/follow-ups/{id}/not-needed", DecisionRequest,
    |DecisionRequest { version, author, reason }| FollowUpStep {
        version, author, reason: Some(reason), action: PersonAction::NotNeeded
    }
);

async fn make_step(
    app: &App,
    request: &HttpRequest,
    id: &Name,
    step: &FollowUpStep,
) -> Result<web::Json<FollowUpView>, Problem> {
    let now = Timestamp::now();
    let failed = |error| Problem::from_store(error, app.settings.limits.retry_after_s);
    let stepped = app.store.step_follow_up(&app.tenant, id, step, now).await.map_err(failed)?;
    let conflict = |code, detail: String, stored: &StoredFollowUp| Problem {
        current: Some(current(stored)),
        ..Problem::new(code, detail)
    };
    match stepped {
        FollowUpStepped::Stepped(stored) | FollowUpStepped::Repeated(stored) => {
            let plan =
                app.store.plan_in_use(&app.tenant, &stored.category).await.map_err(failed)?;
            FollowUpView::new(app, stored, plan.as_ref(), language(request), now).map(web::Json)
        }
        FollowUpStepped::Changed(stored) => {
            let detail = format!(
                "version {} was sent, but the follow-up is at version {} and {} now",
                step.version, stored.version, stored.status
            );
            Err(conflict(ProblemCode::FollowUpChanged, detail, &stored))
        }
        FollowUpStepped::NotAllowed { current, reason } => {
            Err(conflict(ProblemCode::StepNotAllowed, reason, &current))
        }
        FollowUpStepped::CapacityReached { current, capacity } => {
            let detail =
                format!("the team takes {capacity} a day, in hand or done; finish or release one");
            Err(conflict(ProblemCode::CapacityReached, detail, &current))
        }
        FollowUpStepped::QuietHours { current, until } => {
            let detail = format!("quiet hours last until {until}");
            Err(conflict(ProblemCode::QuietHours, detail, &current))
        }
        FollowUpStepped::Invalid { field, reason } => {
            Err(Problem::field(format!("#/{field}"), reason))
        }
        FollowUpStepped::Unknown => Err(unknown(id)),
    }
}

/// Today's lists of several teams as one, the most urgent first.
pub(crate) async fn today(
    app: &App,
    days: &[TeamDay],
    after: Option<&FollowUpCursor>,
    limit: u32,
    now: Timestamp,
) -> Result<Vec<StoredFollowUp>, Problem> {
    let mut all = Vec::new();
    for day in days {
        let of_team = app
            .store
            .follow_ups_for(&app.tenant, day, now)
            .await
            .map_err(|error| Problem::from_store(error, app.settings.limits.retry_after_s))?;
        all.extend(of_team);
    }
    all.sort_by(|a, b| b.rank.total_cmp(&a.rank).then_with(|| a.id.cmp(&b.id)));
    if let Some(after) = after {
        all.retain(|one| {
            one.rank < after.rank || (one.rank.total_cmp(&after.rank).is_eq() && one.id > after.id)
        });
    }
    all.truncate(limit as usize);
    Ok(all)
}

fn unknown(id: &Name) -> Problem {
    let detail = format!("there is no follow-up {:?} in the queue", id.as_str());
    Problem::new(ProblemCode::FollowUpNotFound, detail)
}

/// The control group cannot be asked for.
fn parse_status(text: &str) -> Result<FollowUpStatus, Problem> {
    let detail = match text.parse::<FollowUpStatus>() {
        Ok(FollowUpStatus::HeldOut) => {
            "status: held_out follow-ups are never listed, so that nobody can act on them"
                .to_owned()
        }
        Ok(status) => return Ok(status),
        Err(error) => format!("status: {error}"),
    };
    Err(Problem::new(ProblemCode::InvalidQuery, detail))
}

fn parse_team(text: &str) -> Result<String, Problem> {
    if text.is_empty() {
        return Ok(String::new());
    }
    Name::parse(text)
        .map(String::from)
        .map_err(|error| Problem::new(ProblemCode::InvalidQuery, format!("team: {error}")))
}

/// A place in a list as it stands in an address: the rank bit by bit, so that it comes back exactly.
pub(crate) fn format_cursor(cursor: &FollowUpCursor) -> String {
    cursor::format(&format!("{:x}:{}", cursor.rank.to_bits(), cursor.id))
}

/// Reads [`format_cursor`].
pub(crate) fn parse_cursor(text: &str) -> Result<FollowUpCursor, Problem> {
    cursor::parse(text, |plain| {
        let (bits, id) = plain.split_once(':')?;
        let rank = f64::from_bits(u64::from_str_radix(bits, 16).ok()?);
        rank.is_finite().then_some(())?;
        Some(FollowUpCursor { rank, id: Name::parse(id).ok()? })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_cursor_comes_back_as_it_was(rank in -1e9..1e9f64, id in "[0-9a-f]{24}") {
            let cursor = FollowUpCursor { rank, id: Name::parse(&id).unwrap() };
            prop_assert_eq!(parse_cursor(&format_cursor(&cursor)).unwrap(), cursor);
        }

        #[test]
        fn a_made_up_cursor_is_refused(text in "[g-zа-я: ]{0,40}") {
            prop_assert_eq!(parse_cursor(&text).unwrap_err().code, ProblemCode::InvalidQuery);
        }
    }

    #[test]
    fn a_rank_that_is_no_number_is_no_cursor() {
        let text = cursor::format(&format!("{:x}:a", f64::NAN.to_bits()));
        assert!(parse_cursor(&text).is_err());
    }
}
