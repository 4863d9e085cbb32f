//! `POST /v1/contacts`: a contact as it comes in. It is classified, and recorded with its classification.

use super::ModelName;
use super::body::JsonBody;
use super::classify::{ClassificationResult, classify_one};
use super::problem::{FieldProblem, Problem, ProblemCode};
use crate::app::App;
use crate::contact::{Channel, Contact, ContactText};
use crate::store::ContactRecorded;
use crate::ticket::{CustomerId, Name, TicketId};
use crate::timestamp::Timestamp;
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// A contact.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContactRequest {
    /// The helpdesk's identifier; the same contact sent again changes nothing.
    id: Name,
    /// Who wrote. Stored as a keyed hash.
    customer_id: CustomerId,
    /// The ticket it belongs to, if known.
    ticket_id: Option<TicketId>,
    /// When the customer wrote.
    occurred_at: Timestamp,
    /// How the contact came in.
    channel: Option<Channel>,
    /// What the customer wrote. Not stored.
    text: String,
}

/// A recorded contact.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContactResponse {
    /// As sent.
    id: Name,
    /// recorded, or unchanged when the same contact was recorded before.
    outcome: &'static str,
    /// The model that classified it.
    model: ModelName,
    /// The classification as first made.
    #[schema(value_type = ClassificationResult)]
    classification: Box<RawValue>,
}

/// Classifies and records a contact. Sending the same contact again gives the first answer.
#[utoipa::path(
    post, path = "/v1/contacts", tag = "contacts", request_body = ContactRequest,
    responses(
        (status = 200, body = ContactResponse, description = "Recorded before"),
        (status = 201, body = ContactResponse),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn record_contact(
    app: web::Data<App>,
    JsonBody(request): JsonBody<ContactRequest>,
) -> Result<HttpResponse, Problem> {
    let text = ContactText::parse(&request.text, app.settings.limits.text_bytes)
        .map_err(|error| Problem::invalid(vec![FieldProblem::new("#/text", error)]))?;
    let contact = Contact {
        id: request.id,
        customer_id: request.customer_id,
        ticket_id: request.ticket_id,
        occurred_at: request.occurred_at,
        channel: request.channel,
        text,
    };
    let unavailable = |error| Problem::from_store(error, app.settings.limits.retry_after_s);
    let before = app.store.contact_recorded(&app.tenant, &contact).await.map_err(unavailable)?;
    if let Some(recorded) = before {
        return answer(contact.id, recorded, None);
    }
    let (classifier, classification) = classify_one(&app, contact.text.clone()).await?;
    let result = ClassificationResult::new(Some(contact.id.clone()), classification);
    let json = serde_json::to_string(&result)
        .map_err(|error| Problem::new(ProblemCode::Internal, error.to_string()))?;
    let recorded = app
        .store
        .record_contact(&app.tenant, &contact, &json, &classifier.version, Timestamp::now())
        .await
        .map_err(unavailable)?;
    answer(contact.id, recorded, Some((json, classifier.version.clone())))
}

/// `fresh` is the classification just made, with its model; what was recorded before wins over it.
fn answer(
    id: Name,
    recorded: ContactRecorded,
    fresh: Option<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (json, model_version, outcome) = match (recorded, fresh) {
        (ContactRecorded::Conflict { reason }, _) => {
            return Err(Problem::new(ProblemCode::Conflict, reason));
        }
        (ContactRecorded::Unchanged { classification_json, model_version }, _) => {
            (classification_json, model_version, "unchanged")
        }
        (ContactRecorded::Recorded, Some((json, version))) => (json, version, "recorded"),
        (ContactRecorded::Recorded, None) => {
            return Err(Problem::new(ProblemCode::Internal, "recorded without a classification"));
        }
    };
    let classification = RawValue::from_string(json).map_err(|error| {
        tracing::error!(%error, contact = %id, "a stored classification cannot be read");
        Problem::new(ProblemCode::Internal, "the stored classification cannot be read")
    })?;
    let model = ModelName { name: "category".to_owned(), version: model_version };
    let body = ContactResponse { id, outcome, model, classification };
    Ok(match outcome {
        "recorded" => HttpResponse::Created().json(body),
        _ => HttpResponse::Ok().json(body),
    })
}
