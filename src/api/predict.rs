//! `POST /v1/predict`: closed tickets given whole, their risks out. Nothing is stored.

use super::ModelName;
use super::assessment::{RiskAnswer, RiskView, inputs_sha256, language};
use super::body::{JsonBody, check_count};
use super::problem::{FieldProblem, Problem, ProblemCode};
use super::ticket_body::PredictTicket;
use crate::app::App;
use crate::ticket::{ClosedTicket, CustomerHistory, TicketId};
use crate::timestamp::Timestamp;
use actix_web::{HttpRequest, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Closed tickets.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PredictRequest {
    /// At least one.
    tickets: Vec<PredictTicket>,
}

/// One result for each ticket, in the order of the request.
#[derive(Debug, Serialize, ToSchema)]
pub struct PredictResponse {
    /// The risk model.
    model: ModelName,
    /// When the risks were computed.
    assessed_at: Timestamp,
    /// One for each ticket.
    results: Vec<PredictResult>,
}

/// The risk of one ticket.
#[derive(Debug, Serialize, ToSchema)]
pub struct PredictResult {
    /// As sent.
    id: TicketId,
    /// SHA-256 of what the model was given.
    inputs_sha256: String,
    #[serde(flatten)]
    risk: RiskView,
}

/// Tells how likely the customers of closed tickets are to come back.
#[utoipa::path(
    post, path = "/v1/predict", tag = "tickets", request_body = PredictRequest,
    responses(
        (status = 200, body = PredictResponse),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn predict_recontacts(
    app: web::Data<App>,
    request: HttpRequest,
    JsonBody(body): JsonBody<PredictRequest>,
) -> Result<web::Json<PredictResponse>, Problem> {
    check_count("#/tickets", body.tickets.len(), app.settings.limits.tickets_per_request)?;
    let faults: Vec<_> = body
        .tickets
        .iter()
        .enumerate()
        .flat_map(|(index, ticket)| ticket.faults(&app, &format!("#/tickets/{index}")))
        .collect();
    if !faults.is_empty() {
        return Err(Problem::invalid(faults));
    }
    let (model, shadows) = app.risk_and_shadows()?;
    refuse_opted_out(&app, &body.tickets).await?;
    let mut tickets = Vec::with_capacity(body.tickets.len());
    for ticket in &body.tickets {
        let history = match &ticket.history {
            Some(history) => history.to_history(),
            None => app
                .store
                .customer_history(&app.tenant, &ticket.customer_id, &ticket.id)
                .await
                .map_err(|error| Problem::from_store(error, app.settings.limits.retry_after_s))?,
        };
        tickets.push((ticket.closed_ticket(), history));
    }
    let (language, next_issues) = (language(&request), app.next_issues.map());
    // Long histories of many tickets must not hold up other requests.
    web::block(move || {
        let assess = |(ticket, history): (ClosedTicket, CustomerHistory)| PredictResult {
            inputs_sha256: inputs_sha256(&ticket, &history),
            risk: RiskView::new(
                RiskAnswer::new(&model, &shadows, &next_issues, &ticket, &history),
                language,
            ),
            id: ticket.id,
        };
        let results = tickets.into_iter().map(assess).collect();
        let model = ModelName::risk(model.version());
        web::Json(PredictResponse { model, assessed_at: Timestamp::now(), results })
    })
    .await
    .map_err(|error| Problem::new(ProblemCode::Internal, error.to_string()))
}

/// Who has opted out is not scored, by whichever way their ticket comes.
async fn refuse_opted_out(app: &App, tickets: &[PredictTicket]) -> Result<(), Problem> {
    let mut faults = Vec::new();
    for (index, ticket) in tickets.iter().enumerate() {
        let customer = app.store.customer_hash(&app.tenant, &ticket.customer_id);
        let opt_out = app.store.opt_out_of(&app.tenant, &customer).await;
        let opt_out = opt_out
            .map_err(|error| Problem::from_store(error, app.settings.limits.retry_after_s))?;
        if opt_out.is_some() {
            let at = format!("#/tickets/{index}/customer_id");
            faults.push(FieldProblem::new(at, "this customer has opted out of being scored"));
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(Problem::invalid(faults)) }
}
