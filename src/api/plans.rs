//! Plans against next issues: read them, write the next version, retire one, have drafts proposed.

use super::assessment::language;
use super::body::{JsonBody, path_name, query};
use super::kpis::problem as kpi_problem;
use super::plan_view::{PlanList, PlanProposals, PlanVersions, PlanView, SkippedCategory};
use super::problem::{FieldProblem, Problem, ProblemCode};
use crate::app::App;
use crate::live_kpis::{KpiError, catch_up};
use crate::next_issue::NextIssueReport;
use crate::next_issue::ranking::{PrimaryView, ReportScope};
use crate::plan::consistency::{ChannelSeen, check};
use crate::plan::effect::{ActivePeriod, Comparison, MeasuredPeriods, PlanEffect};
use crate::plan::{PlanContent, PlanStatus, propose};
use crate::risk::Language;
use crate::store::{ClosingSpan, PlanRecorded, StoreError, StoredPlan, days_of};
use crate::ticket::{IssueCategory, Name};
use crate::timestamp::Timestamp;
use actix_web::{HttpRequest, web};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

/// The next version of a plan. It is the whole plan: what is left out is empty.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanRequest {
    /// The version that this one is written on; 0 where there is none yet.
    version: u32,
    /// Who writes it.
    author: Name,
    /// proposed, active or retired.
    status: PlanStatus,
    /// Who answers for the plan; needed to put it into use.
    owner: Option<Name>,
    /// Script or answer by channel.
    #[serde(default)]
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    answers: std::collections::BTreeMap<Name, String>,
    /// The message that follows by itself.
    follow_up: Option<crate::plan::FollowUpMessage>,
    /// Secondary categories that the plan is to prevent.
    #[serde(default)]
    prevents: Vec<IssueCategory>,
    /// Anything else.
    #[serde(default)]
    notes: String,
    /// When the plan is to be looked at again; after `plans.review_after_days` if left out.
    review_at: Option<Timestamp>,
    /// Puts the plan into use although the channels answer differently; needs a reason.
    #[serde(default)]
    accept_inconsistent: bool,
    /// Why that is right.
    reason: Option<String>,
}

/// Takes a plan out of use.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RetireRequest {
    /// The newest version.
    version: u32,
    /// Who retires it.
    author: Name,
}

/// Asks for drafts.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProposeRequest {
    /// Who asks for them.
    author: Name,
    /// Days after the close within which a contact counts: 1, 3, 7, 14 or 30; the configured window if left out.
    window_days: Option<u32>,
    /// How many of the costliest categories to look at; `next_issues.top` if left out.
    limit: Option<u32>,
}

/// Which plans to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PlansQuery {
    /// Only those of this status; with active the versions in use, whether or not there is a draft on top of them.
    status: Option<PlanStatus>,
    /// Only those whose review is overdue (true) or is not (false).
    review_overdue: Option<bool>,
}

/// Lists the newest version of every plan; with status active those in use.
#[utoipa::path(
    get, path = "/v1/plans", tag = "next issues", params(PlansQuery),
    responses(
        (status = 200, body = PlanList),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn list_plans(
    app: web::Data<App>,
    request: HttpRequest,
) -> Result<web::Json<PlanList>, Problem> {
    let asked: PlansQuery = query(&request)?;
    let (language, now) = (language(&request), Timestamp::now());
    let stored = match asked.status {
        Some(PlanStatus::Active) => {
            app.store.plans_in_use(&app.tenant).await.map(|plans| plans.into_values().collect())
        }
        _ => app.store.plans(&app.tenant).await,
    };
    let stored: Vec<StoredPlan> = stored.map_err(|error| failed(&app, error))?;
    let mut plans = Vec::new();
    for plan in stored {
        let is_overdue = plan.status.is_overdue(plan.review_at, now);
        if asked.status.is_none_or(|status| status == plan.status)
            && asked.review_overdue.is_none_or(|overdue| overdue == is_overdue)
        {
            plans.push(view(&app, plan, language, now).await?);
        }
    }
    Ok(web::Json(PlanList { plans }))
}

/// Reads all versions of a plan, the newest first, each with what it did while it was in use.
#[utoipa::path(
    get, path = "/v1/plans/{category}", tag = "next issues",
    params(("category" = String, Path, description = "The primary category")),
    responses(
        (status = 200, body = PlanVersions),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn show_plan(
    app: web::Data<App>,
    request: HttpRequest,
    category: web::Path<String>,
) -> Result<web::Json<PlanVersions>, Problem> {
    let category = path_name("category", &category)?;
    let (language, now) = (language(&request), Timestamp::now());
    let stored = app
        .store
        .plan_versions(&app.tenant, &category)
        .await
        .map_err(|error| failed(&app, error))?;
    if stored.is_empty() {
        return Err(no_plan(&category));
    }
    let told = effects(&app, std::slice::from_ref(&stored), language, now).await;
    let told = told.map_err(|error| kpi_problem(&app, error))?;
    let mut versions = Vec::with_capacity(stored.len());
    for (plan, effect) in stored.into_iter().zip(told.into_iter().flatten()) {
        let mut view = view(&app, plan, language, now).await?;
        view.effect = effect;
        versions.push(view);
    }
    let mut previous = None;
    for version in &mut versions {
        version.effect_of_previous.clone_from(&previous);
        if version.effect.is_some() {
            previous.clone_from(&version.effect);
        }
    }
    versions.reverse();
    Ok(web::Json(PlanVersions { category, versions }))
}

/// Writes the next version of a plan. A version is never changed; whoever was slower gets the newest one with a conflict.
#[utoipa::path(
    put, path = "/v1/plans/{category}", tag = "next issues", request_body = PlanRequest,
    params(("category" = String, Path, description = "The primary category")),
    responses(
        (status = 200, body = PlanView),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn write_plan(
    app: web::Data<App>,
    request: HttpRequest,
    category: web::Path<String>,
    JsonBody(body): JsonBody<PlanRequest>,
) -> Result<web::Json<PlanView>, Problem> {
    let category = path_name("category", &category)?;
    let (language, now) = (language(&request), Timestamp::now());
    let options = &app.settings.plans;
    let reason = body.reason.map(|reason| reason.trim().to_owned()).filter(|one| !one.is_empty());
    let content = PlanContent {
        owner: body.owner,
        answers: body.answers,
        follow_up: body.follow_up,
        prevents: body.prevents,
        notes: body.notes,
    };
    let mut faults = content.faults(&category, options);
    if body.status == PlanStatus::Active {
        faults.extend(content.activation_faults());
    }
    if reason.as_ref().is_some_and(|reason| reason.chars().count() > options.text_chars) {
        let expected = format!("expected at most {} characters", options.text_chars);
        faults.push(("reason".to_owned(), expected));
    }
    if body.review_at.is_some_and(|review_at| review_at <= now) {
        faults.push(("review_at".to_owned(), "expected an instant in the future".to_owned()));
    }
    refuse(faults)?;
    if body.status == PlanStatus::Active {
        check_answers(
            &app,
            &category,
            &content,
            body.accept_inconsistent,
            reason.as_deref(),
            language,
            now,
        )
        .await?;
    }
    let accepted_because = reason.filter(|_| body.accept_inconsistent);
    let plan = StoredPlan {
        category,
        version: next_version(body.version)?,
        status: body.status,
        author: body.author,
        created_at: now,
        review_at: body
            .review_at
            .unwrap_or_else(|| now.plus_days(i64::from(options.review_after_days))),
        content,
        accepted_because,
    };
    record(&app, plan, language, now).await
}

/// Takes a plan out of use: its next version says what this one says, and that it is retired.
#[utoipa::path(
    post, path = "/v1/plans/{category}/retire", tag = "next issues", request_body = RetireRequest,
    params(("category" = String, Path, description = "The primary category")),
    responses(
        (status = 200, body = PlanView),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn retire_plan(
    app: web::Data<App>,
    request: HttpRequest,
    category: web::Path<String>,
    JsonBody(body): JsonBody<RetireRequest>,
) -> Result<web::Json<PlanView>, Problem> {
    let category = path_name("category", &category)?;
    let (language, now) = (language(&request), Timestamp::now());
    let newest = app
        .store
        .plan(&app.tenant, &category)
        .await
        .map_err(|error| failed(&app, error))?
        .ok_or_else(|| no_plan(&category))?;
    if newest.status == PlanStatus::Retired {
        return Err(conflict(&app, "the plan is retired already", newest, language, now).await);
    }
    let plan = StoredPlan {
        version: next_version(body.version)?,
        status: PlanStatus::Retired,
        author: body.author,
        created_at: now,
        ..newest
    };
    record(&app, plan, language, now).await
}

/// Proposes a draft for each of the costliest categories that have no plan yet. Drafts ask people to fill in what only they
/// know, in the language of Accept-Language, and cannot be put into use before.
#[utoipa::path(
    post, path = "/v1/plans/propose", tag = "next issues", request_body = ProposeRequest,
    responses(
        (status = 200, body = PlanProposals),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn propose_plans(
    app: web::Data<App>,
    request: HttpRequest,
    JsonBody(body): JsonBody<ProposeRequest>,
) -> Result<web::Json<PlanProposals>, Problem> {
    let (language, now) = (language(&request), Timestamp::now());
    let most = app.settings.limits.page_size_max;
    let windows = crate::outcome::WINDOWS_DAYS;
    let mut faults = Vec::new();
    if let Some(days) = body.window_days.filter(|days| !windows.contains(days)) {
        faults.push(("window_days".to_owned(), format!("expected one of {windows:?}, got {days}")));
    }
    if let Some(limit) = body.limit.filter(|limit| !(1..=most).contains(limit)) {
        faults.push(("limit".to_owned(), format!("expected 1 to {most}, got {limit}")));
    }
    refuse(faults)?;
    let scope = ReportScope { window_days: body.window_days, limit: body.limit, category: None };
    let report = NextIssueReport::new(&app.next_issues.map(), app.next_issues.options(), &scope);
    let mut proposals = PlanProposals { proposed: Vec::new(), skipped: Vec::new() };
    for primary in &report.primaries {
        match propose_one(&app, primary, &body.author, language, now).await? {
            Ok(plan) => proposals.proposed.push(plan),
            Err(skipped) => proposals.skipped.push(skipped),
        }
    }
    Ok(web::Json(proposals))
}

async fn propose_one(
    app: &App,
    primary: &PrimaryView,
    author: &Name,
    language: Language,
    now: Timestamp,
) -> Result<Result<PlanView, SkippedCategory>, Problem> {
    let category = &primary.category;
    let seen = channels_seen(app, category, now).await?;
    let channels: Vec<Name> =
        seen.iter().take(app.settings.plans.channels).map(|seen| seen.channel.clone()).collect();
    let plan = StoredPlan {
        category: category.clone(),
        version: 1,
        status: PlanStatus::Proposed,
        author: author.clone(),
        created_at: now,
        review_at: now.plus_days(i64::from(app.settings.plans.review_after_days)),
        content: propose::draft(primary, &channels, language),
        accepted_because: None,
    };
    let recorded =
        app.store.record_plan(&app.tenant, &plan).await.map_err(|error| failed(app, error))?;
    match recorded {
        PlanRecorded::Recorded => view(app, plan, language, now).await.map(Ok),
        PlanRecorded::Conflict(current) => {
            let status = current.map_or(PlanStatus::Proposed, |current| current.status);
            Ok(Err(SkippedCategory { category: category.clone(), has_plan: status }))
        }
    }
}

/// Refuses to put a plan into use whose channels answer differently, unless that is accepted with a reason.
async fn check_answers(
    app: &App,
    category: &IssueCategory,
    content: &PlanContent,
    is_accepted: bool,
    reason: Option<&str>,
    language: Language,
    now: Timestamp,
) -> Result<(), Problem> {
    let seen = channels_seen(app, category, now).await?;
    let consistency = check(&content.answers, &seen, language);
    if consistency.ok {
        return Ok(());
    }
    if is_accepted {
        return match reason {
            Some(_) => Ok(()),
            None => Err(Problem::field("#/reason", "expected why other answers are right here")),
        };
    }
    let fault = |detail: &str| FieldProblem::new("#/answers", detail);
    let mut faults: Vec<FieldProblem> =
        consistency.findings.iter().map(|finding| fault(&finding.detail)).collect();
    faults.push(FieldProblem::new(
        "#/accept_inconsistent",
        "the channels do not give the same answer: mend them, or send true and a reason",
    ));
    Err(Problem::invalid(faults))
}

async fn record(
    app: &App,
    plan: StoredPlan,
    language: Language,
    now: Timestamp,
) -> Result<web::Json<PlanView>, Problem> {
    let recorded =
        app.store.record_plan(&app.tenant, &plan).await.map_err(|error| failed(app, error))?;
    match recorded {
        PlanRecorded::Recorded => {
            let (version, status) = (plan.version, plan.status.as_str());
            tracing::info!(category = %plan.category, version, status, "a plan was written");
            view(app, plan, language, now).await.map(web::Json)
        }
        PlanRecorded::Conflict(current) => {
            let expected = plan.version - 1;
            let newest = current.as_ref().map_or(0, |current| current.version);
            let detail = format!("the newest version is {newest}, not {expected}");
            Err(match current {
                Some(current) => conflict(app, &detail, *current, language, now).await,
                None => Problem::new(ProblemCode::Conflict, detail),
            })
        }
    }
}

/// A conflict that shows the newest version.
async fn conflict(
    app: &App,
    detail: &str,
    newest: StoredPlan,
    language: Language,
    now: Timestamp,
) -> Problem {
    match view(app, newest, language, now).await {
        Ok(view) => Problem {
            current: serde_json::to_value(view).ok(),
            ..Problem::new(ProblemCode::Conflict, detail)
        },
        Err(failed) => failed,
    }
}

/// A plan as it is sent, with the check of its answers as of now.
async fn view(
    app: &App,
    plan: StoredPlan,
    language: Language,
    now: Timestamp,
) -> Result<PlanView, Problem> {
    let seen = channels_seen(app, &plan.category, now).await?;
    let consistency = check(&plan.content.answers, &seen, language);
    Ok(PlanView::new(plan, consistency, now))
}

/// The channels in which customers came with a category lately.
pub async fn channels_seen(
    app: &App,
    category: &IssueCategory,
    now: Timestamp,
) -> Result<Vec<ChannelSeen>, Problem> {
    let since = now.plus_days(-i64::from(app.settings.plans.channels_seen_days));
    app.store
        .channels_of_category(&app.tenant, category, since)
        .await
        .map_err(|error| failed(app, error))
}

/// What each version of each plan did while it was in use; `None` for those that never were. `plans` holds all versions of each.
pub async fn effects(
    app: &App,
    plans: &[Vec<StoredPlan>],
    language: Language,
    now: Timestamp,
) -> Result<Vec<Vec<Option<PlanEffect>>>, KpiError> {
    let window_days = app.settings.next_issues.window_days;
    let used: Vec<Vec<Option<Used>>> =
        plans.iter().map(|versions| periods(versions, now)).collect();
    let all = || used.iter().flatten().flatten();
    let spans: Vec<ClosingSpan> =
        all().flat_map(|used| [used.during.clone(), used.before.clone()]).collect();
    let (store, tenant, options) = (&app.store, &app.tenant, &app.settings.kpi);
    let zone = &options.time_zone;
    if let Some(days) = days_of(zone, &spans) {
        catch_up(store, tenant, options, days).await?;
    }
    let found = store.repeats_in_spans(tenant, zone, &spans, window_days, now).await?;
    let mut found = found.into_iter();
    let mut effect_of = |version: u32, used: &Used| {
        let (during, before) = (found.next()?, found.next()?);
        let measured = MeasuredPeriods {
            during: during.all,
            before: before.all,
            before_is: used.before_is,
            arms: during.arms,
        };
        Some(PlanEffect::new(version, window_days, measured, language))
    };
    let mut effects = Vec::with_capacity(plans.len());
    for (versions, used) in plans.iter().zip(&used) {
        let of_plan = versions.iter().zip(used);
        effects.push(
            of_plan
                .map(|(plan, used)| used.as_ref().and_then(|used| effect_of(plan.version, used)))
                .collect(),
        );
    }
    Ok(effects)
}

/// When a version was in use, and what that is compared with.
struct Used {
    during: ClosingSpan,
    before: ClosingSpan,
    before_is: Comparison,
}

/// When each of a plan's versions was in use.
fn periods(versions: &[StoredPlan], now: Timestamp) -> Vec<Option<Used>> {
    let mut before: Option<ActivePeriod> = None;
    let mut used = Vec::with_capacity(versions.len());
    for (index, plan) in versions.iter().enumerate() {
        if plan.status != PlanStatus::Active {
            used.push(None);
            continue;
        }
        // A draft on top of it takes nothing out of use.
        let next = versions[index + 1..].iter().find(|next| next.status != PlanStatus::Proposed);
        let period =
            ActivePeriod { from: plan.created_at, to: next.map_or(now, |next| next.created_at) };
        let (earlier, before_is) = match before {
            Some(earlier) => (earlier, Comparison::PreviousVersion),
            None => (period.just_before(), Comparison::BeforePlan),
        };
        let span = |period| ClosingSpan { category: plan.category.clone(), period };
        used.push(Some(Used { during: span(period), before: span(earlier), before_is }));
        before = Some(period);
    }
    used
}

fn next_version(version: u32) -> Result<u32, Problem> {
    version.checked_add(1).ok_or_else(|| {
        Problem::field("#/version", format!("expected the newest version, got {version}"))
    })
}

fn refuse(faults: Vec<(String, String)>) -> Result<(), Problem> {
    if faults.is_empty() {
        return Ok(());
    }
    let fault =
        |(pointer, detail): (String, String)| FieldProblem::new(format!("#/{pointer}"), detail);
    Err(Problem::invalid(faults.into_iter().map(fault).collect()))
}

fn no_plan(category: &IssueCategory) -> Problem {
    let detail = format!("there is no plan for {category:?}", category = category.as_str());
    Problem::new(ProblemCode::NotFound, detail)
}

fn failed(app: &App, error: StoreError) -> Problem {
    Problem::from_store(error, app.settings.limits.retry_after_s)
}
