//! `GET /v1/experiments/{id}`: what following up is worth, from the experiment's control group.

use super::assessment::language;
use super::body::{path_name, query};
use super::problem::{Problem, ProblemCode};
use crate::app::App;
use crate::effect::{ContactCosts, EffectPolicy, EffectReport};
use crate::ticket::Name;
use crate::timestamp::Timestamp;
use actix_web::{HttpRequest, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// What to reckon with.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EffectQuery {
    /// Cost of handling a repeated contact, above 0; left out: as configured.
    #[param(value_type = Option<f64>)]
    cost_repeat: Option<String>,
    /// Cost of making a follow-up, at least 0, in the same currency; left out: as configured.
    #[param(value_type = Option<f64>)]
    cost_follow_up: Option<String>,
}

/// An experiment and its effect.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExperimentEffectView {
    /// Its identifier.
    id: Name,
    /// Share of customers assigned to treatment; the others are held out.
    treatment_share: f64,
    /// When it started.
    started_at: Timestamp,
    /// When it ended; null while it runs.
    ended_at: Option<Timestamp>,
    /// What it shows so far, and what may be concluded.
    effect: EffectReport,
}

/// Tells the effect of following up in an experiment: by intention to treat, with intervals, checks, and a verdict only at
/// the looks that were planned.
#[utoipa::path(
    get, path = "/v1/experiments/{id}", tag = "experiments",
    params(("id" = String, Path, description = "The experiment's identifier"), EffectQuery),
    responses(
        (status = 200, body = ExperimentEffectView),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn show_effect(
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<web::Json<ExperimentEffectView>, Problem> {
    let id = path_name("experiment id", &id)?;
    let policy = policy(&app.settings.effect, &query(&request)?)?;
    let found = app
        .store
        .experiment_effect(&app.tenant, &id, &policy, Timestamp::now())
        .await
        .map_err(|error| Problem::from_store(error, app.settings.limits.retry_after_s))?;
    let Some(found) = found else {
        let detail = format!("no experiment {id:?} was started", id = id.as_str());
        return Err(Problem::new(ProblemCode::NotFound, detail));
    };
    Ok(web::Json(ExperimentEffectView {
        id: found.id,
        treatment_share: found.treatment_share,
        started_at: found.started_at,
        ended_at: found.ended_at,
        effect: found.tally.report(language(&request)),
    }))
}

fn policy(configured: &EffectPolicy, asked: &EffectQuery) -> Result<EffectPolicy, Problem> {
    let refused = |detail: String| Problem::new(ProblemCode::InvalidQuery, detail);
    let number = |name: &str, text: &Option<String>, configured: f64| match text {
        None => Ok(configured),
        Some(text) => {
            text.parse().map_err(|_| refused(format!("{name}: expected a number, got {text:?}")))
        }
    };
    let costs = ContactCosts::parse(
        number("cost_repeat", &asked.cost_repeat, configured.costs.repeat)?,
        number("cost_follow_up", &asked.cost_follow_up, configured.costs.follow_up)?,
    )
    .map_err(|error| refused(format!("cost_repeat, cost_follow_up: {error}")))?;
    Ok(EffectPolicy { costs, ..configured.clone() })
}
