//! Experiments: who is followed up at random, and who is left alone to compare with.

use super::body::{JsonBody, path_id};
use super::problem::{FieldProblem, Problem, ProblemCode};
use crate::app::App;
use crate::follow_up::{MAX_TREATMENT_SHARE, MIN_TREATMENT_SHARE, is_share};
use crate::outcome::WINDOWS_DAYS;
use crate::store::{Experiment, ExperimentEnded, ExperimentPlan, ExperimentStarted};
use crate::ticket::Name;
use crate::timestamp::Timestamp;
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

/// Longest note, in characters.
const NOTE_CHARS: usize = 1000;

/// An experiment to start. Share and window are fixed for its life.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExperimentRequest {
    /// Its identifier. Another one deals all customers anew.
    id: Name,
    /// The part of customers that is followed up, 0.05 to 0.95; half of them if left out.
    #[serde(default = "half")]
    #[schema(minimum = 0.05, maximum = 0.95, default = 0.5)]
    treatment_share: f64,
    /// Days after a closing in which a repeat counts: 1, 3, 7, 14 or 30.
    window_days: u32,
    /// What it is for, at most 1000 characters.
    note: Option<String>,
    /// Who starts it.
    author: Option<Name>,
}

/// Ends an experiment.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EndRequest {
    /// Who ends it.
    author: Option<Name>,
}

/// An experiment as it is.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExperimentView {
    /// Its identifier.
    id: Name,
    /// running or ended.
    status: &'static str,
    /// The part of customers that is followed up.
    treatment_share: f64,
    /// Days after a closing in which a repeat counts.
    window_days: u32,
    /// When it started.
    started_at: Timestamp,
    /// When it ended; null while it runs.
    ended_at: Option<Timestamp>,
    /// When the last closing of it has an outcome: the end of the window after it ended; null while it runs.
    mature_at: Option<Timestamp>,
    /// What it is for.
    note: Option<String>,
    /// Who started it.
    author: Option<Name>,
    /// Who ended it.
    ended_by: Option<Name>,
}

/// Every experiment.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExperimentList {
    /// The latest start first.
    experiments: Vec<ExperimentView>,
}

fn half() -> f64 {
    0.5
}

impl From<Experiment> for ExperimentView {
    fn from(experiment: Experiment) -> Self {
        let Experiment { plan, started_at, ended_at, ended_by } = experiment;
        let window = i64::from(plan.window_days);
        Self {
            id: plan.id,
            status: if ended_at.is_some() { "ended" } else { "running" },
            treatment_share: plan.treatment_share,
            window_days: plan.window_days,
            started_at,
            ended_at,
            mature_at: ended_at.map(|ended_at| ended_at.plus_days(window)),
            note: plan.note,
            author: plan.author,
            ended_by,
        }
    }
}

impl ExperimentRequest {
    fn faults(&self) -> Vec<FieldProblem> {
        let mut faults = Vec::new();
        if !is_share(self.treatment_share) {
            let detail = format!(
                "expected {MIN_TREATMENT_SHARE} to {MAX_TREATMENT_SHARE}, so that there is always somebody to compare with, got {}",
                self.treatment_share
            );
            faults.push(FieldProblem::new("#/treatment_share", detail));
        }
        if !WINDOWS_DAYS.contains(&self.window_days) {
            let detail = format!("expected one of {WINDOWS_DAYS:?} days, got {}", self.window_days);
            faults.push(FieldProblem::new("#/window_days", detail));
        }
        let note = self.note.as_deref().unwrap_or_default();
        if note.chars().count() > NOTE_CHARS || note.contains('\0') {
            let detail = format!("expected at most {NOTE_CHARS} characters, none of them NUL");
            faults.push(FieldProblem::new("#/note", detail));
        }
        faults
    }
}

/// Starts an experiment; one runs at a time. Starting it again with the same content changes nothing.
#[utoipa::path(
    post, path = "/v1/experiments", tag = "follow-ups", request_body = ExperimentRequest,
    responses(
        (status = 200, body = ExperimentView, description = "Started before"),
        (status = 201, body = ExperimentView),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn start_experiment(
    app: web::Data<App>,
    JsonBody(request): JsonBody<ExperimentRequest>,
) -> Result<HttpResponse, Problem> {
    let faults = request.faults();
    if !faults.is_empty() {
        return Err(Problem::invalid(faults));
    }
    let plan = ExperimentPlan {
        id: request.id,
        treatment_share: request.treatment_share,
        window_days: request.window_days,
        author: request.author,
        note: request.note,
    };
    let started = app
        .store
        .start_experiment(&app.tenant, &plan, Timestamp::now())
        .await
        .map_err(|error| Problem::from_store(error, app.settings.limits.retry_after_s))?;
    match started {
        ExperimentStarted::Started(experiment) => {
            Ok(HttpResponse::Created().json(ExperimentView::from(experiment)))
        }
        ExperimentStarted::Unchanged(experiment) => {
            Ok(HttpResponse::Ok().json(ExperimentView::from(experiment)))
        }
        ExperimentStarted::Conflict(experiment) => {
            let detail =
                format!("experiment {} was started with other content", experiment.plan.id);
            Err(conflict(ProblemCode::Conflict, detail, experiment))
        }
        ExperimentStarted::OtherRunning(experiment) => {
            let detail =
                format!("experiment {} runs since {}", experiment.plan.id, experiment.started_at);
            Err(conflict(ProblemCode::ExperimentRunning, detail, experiment))
        }
    }
}

/// Ends an experiment. Until another one starts, no closing is put into the queue. Ending it again changes nothing.
#[utoipa::path(
    post, path = "/v1/experiments/{id}/end", tag = "follow-ups", request_body = EndRequest,
    params(("id" = String, Path, description = "The experiment's identifier")),
    responses(
        (status = 200, body = ExperimentView),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn end_experiment(
    app: web::Data<App>,
    id: web::Path<String>,
    JsonBody(request): JsonBody<EndRequest>,
) -> Result<web::Json<ExperimentView>, Problem> {
    let id = path_id(&id)?;
    let ended = app
        .store
        .end_experiment(&app.tenant, &id, request.author.as_ref(), Timestamp::now())
        .await
        .map_err(|error| Problem::from_store(error, app.settings.limits.retry_after_s))?;
    match ended {
        ExperimentEnded::Ended(experiment) | ExperimentEnded::AlreadyEnded(experiment) => {
            Ok(web::Json(experiment.into()))
        }
        ExperimentEnded::Unknown => {
            let detail = format!("there is no experiment {:?}", id.as_str());
            Err(Problem::new(ProblemCode::ExperimentNotFound, detail))
        }
    }
}

/// Lists all experiments, the latest start first.
#[utoipa::path(
    get, path = "/v1/experiments", tag = "follow-ups",
    responses(
        (status = 200, body = ExperimentList),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn list_experiments(app: web::Data<App>) -> Result<web::Json<ExperimentList>, Problem> {
    let experiments = app
        .store
        .experiments(&app.tenant)
        .await
        .map_err(|error| Problem::from_store(error, app.settings.limits.retry_after_s))?;
    let experiments = experiments.into_iter().map(ExperimentView::from).collect();
    Ok(web::Json(ExperimentList { experiments }))
}

fn conflict(code: ProblemCode, detail: String, experiment: Experiment) -> Problem {
    let current = json!(ExperimentView::from(experiment));
    Problem { current: Some(current), ..Problem::new(code, detail) }
}
