//! `POST /v1/similar`: past contacts whose texts are most alike, and what became of their tickets.

use super::ModelName;
use super::body::JsonBody;
use super::cleaning::Cleaning;
use super::problem::{Problem, ProblemCode};
use crate::app::App;
use crate::classify::encoder::TextEncoder;
use crate::contact::ContactText;
use crate::live_similar::{Wanted, encoder_key};
use crate::outcome::{Outcome, TextVector, WINDOWS_DAYS, effective};
use crate::similar::Similar;
use crate::store::EpisodeOutcomes;
use crate::ticket::{CustomerId, IssueCategory, Name, TicketId};
use crate::timestamp::Timestamp;
use actix_web::web;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// Contacts in an answer unless asked for otherwise.
const DEFAULT_LIMIT: usize = 5;
/// Most contacts in an answer.
const MAX_LIMIT: usize = 50;

/// What to find similar contacts for: either `text` or `contact_id`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SimilarRequest {
    /// A text. Not stored.
    #[schema(examples("My card has not arrived"))]
    text: Option<String>,
    /// A contact that was recorded.
    contact_id: Option<Name>,
    /// Most contacts in the answer; 1 to 50, 5 if left out.
    #[schema(minimum = 1, maximum = 50, default = 5)]
    limit: Option<usize>,
    /// Only contacts of this customer, under all identities of the person.
    customer_id: Option<CustomerId>,
    /// Smallest similarity, -1 to 1; left out: any.
    #[schema(minimum = -1, maximum = 1)]
    min_similarity: Option<f64>,
    /// Whether quoted mail, signatures, markup and legal notices are cut from the text before; left out: as configured.
    clean: Option<bool>,
}

/// Similar contacts, the most similar first.
#[derive(Debug, Serialize, ToSchema)]
pub struct SimilarResponse {
    /// The encoder by whose vectors texts were compared.
    model: ModelName,
    /// How many contacts were compared.
    contacts: usize,
    /// How many contacts could not be compared, because another encoder served when they came in.
    not_comparable: u64,
    /// What was found.
    results: Vec<SimilarContact>,
}

/// A similar contact.
#[derive(Debug, Serialize, ToSchema)]
pub struct SimilarContact {
    /// The helpdesk's identifier.
    id: Name,
    /// Cosine of the two texts' vectors, -1 to 1.
    similarity: f64,
    /// When it was written.
    occurred_at: Timestamp,
    /// What it was classified as; null where the model abstained.
    category: Option<IssueCategory>,
    /// The ticket it belongs to, as far as the helpdesk told.
    ticket_id: Option<TicketId>,
    /// What became of that ticket; null when it was never reported.
    ticket: Option<SimilarTicket>,
}

/// How a ticket went.
#[derive(Debug, Serialize, ToSchema)]
pub struct SimilarTicket {
    /// What it is about, as far as known.
    category: Option<IssueCategory>,
    /// When it was opened.
    opened_at: Timestamp,
    /// When it was closed, if it is.
    closed_at: Option<Timestamp>,
    /// How often it went to somebody else, where the helpdesk told.
    reassignments: Option<u32>,
    /// How often it was opened again.
    reopens: u32,
    /// Whether the customer came back after its last closing, by window; empty while it was never closed.
    outcomes: Vec<SimilarOutcome>,
}

/// Whether the customer came back within a window.
#[derive(Debug, Serialize, ToSchema)]
pub struct SimilarOutcome {
    /// Days after the close.
    window_days: u32,
    /// What counts; null while the window is not over.
    outcome: Option<Outcome>,
}

impl SimilarOutcome {
    fn all_of(outcomes: &EpisodeOutcomes, now: Timestamp) -> Vec<Self> {
        let closed_at = outcomes.episode.facts.closed_at;
        let of = |window_days| {
            let derived = Outcome::of(&outcomes.recontacts, closed_at, window_days, now);
            let derived = derived.map(|(outcome, _)| outcome);
            let counts = effective(derived, &outcomes.corrections, window_days);
            Self { window_days, outcome: counts.map(|counts| counts.outcome) }
        };
        WINDOWS_DAYS.into_iter().map(of).collect()
    }
}

/// Finds past contacts whose texts are most alike.
#[utoipa::path(
    post, path = "/v1/similar", tag = "contacts", request_body = SimilarRequest,
    responses(
        (status = 200, body = SimilarResponse),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn find_similar(
    app: web::Data<App>,
    JsonBody(request): JsonBody<SimilarRequest>,
) -> Result<web::Json<SimilarResponse>, Problem> {
    if !app.similar.is_enabled() {
        let detail = "similar contacts are switched off by similar.enabled";
        return Err(Problem::new(ProblemCode::NotFound, detail));
    }
    let limit = checked_limit(request.limit)?;
    let min_similarity = checked_similarity(request.min_similarity)?;
    let encoder = app.encoder()?;
    let (vector, except) = match (request.text, request.contact_id) {
        (Some(text), None) => {
            (text_vector(&app, Arc::clone(&encoder), &text, request.clean).await?, None)
        }
        (None, Some(id)) => (contact_vector(&app, &encoder, &id).await?, Some(id)),
        _ => return Err(Problem::field("#", "expected either text or contact_id")),
    };
    let unavailable = |error| Problem::from_store(error, app.settings.limits.retry_after_s);
    let among = match &request.customer_id {
        None => None,
        Some(customer) => {
            let own = app.store.contacts_of_customer(&app.tenant, customer).await;
            Some(Arc::new(own.map_err(unavailable)?))
        }
    };
    let ready = app.similar.ready(&app.store, &app.tenant, &encoder).await.map_err(unavailable)?;
    let wanted = Wanted { vector, limit, min_similarity, except, among };
    let found = ready.search(wanted).await.map_err(|error| {
        tracing::error!(%error, "looking for similar contacts failed");
        Problem::new(ProblemCode::Internal, error.to_string())
    })?;
    let mut results = Vec::with_capacity(found.len());
    for similar in found {
        results.extend(told(&app, similar).await?);
    }
    Ok(web::Json(SimilarResponse {
        model: ModelName::encoder(encoder.identity()),
        contacts: ready.len(),
        not_comparable: ready.not_comparable,
        results,
    }))
}

fn checked_limit(limit: Option<usize>) -> Result<usize, Problem> {
    let limit = limit.unwrap_or(DEFAULT_LIMIT);
    if (1..=MAX_LIMIT).contains(&limit) {
        Ok(limit)
    } else {
        Err(Problem::field("#/limit", format!("expected 1 to {MAX_LIMIT}, got {limit}")))
    }
}

fn checked_similarity(similarity: Option<f64>) -> Result<f64, Problem> {
    let similarity = similarity.unwrap_or(-1.0);
    if (-1.0..=1.0).contains(&similarity) {
        Ok(similarity)
    } else {
        Err(Problem::field("#/min_similarity", format!("expected -1 to 1, got {similarity}")))
    }
}

/// The vector of a text as contacts are embedded: without what is not its writer's own words.
async fn text_vector(
    app: &App,
    encoder: Arc<TextEncoder>,
    text: &str,
    clean: Option<bool>,
) -> Result<TextVector, Problem> {
    let text = ContactText::parse(text, app.settings.limits.text_bytes)
        .map_err(|error| Problem::field("#/text", error.to_string()))?;
    let cleaned = Cleaning::asked(app, clean, None).apply(vec![text]).await?;
    let text = cleaned.into_iter().find_map(|cleaned| cleaned.text).ok_or_else(|| {
        Problem::field("#/text", "nothing is left without quoted mail, signatures and the like")
    })?;
    let embeddings = app
        .queue
        .embed(encoder, vec![text])
        .await
        .map_err(|error| Problem::from_queue(error, app.settings.limits.retry_after_s))?;
    let vector = embeddings.first().and_then(|found| TextVector::from_embedding(&found.vector));
    vector.ok_or_else(|| Problem::field("#/text", "the encoder finds nothing in the text"))
}

async fn contact_vector(
    app: &App,
    encoder: &TextEncoder,
    id: &Name,
) -> Result<TextVector, Problem> {
    let found = app
        .store
        .contact_vector(&app.tenant, id)
        .await
        .map_err(|error| Problem::from_store(error, app.settings.limits.retry_after_s))?
        .ok_or_else(|| {
            Problem::new(ProblemCode::ContactNotFound, format!("contact {id} is not known"))
        })?;
    let vector = found.vector.filter(|_| found.encoder == Some(encoder_key(encoder)));
    vector.ok_or_else(|| {
        let detail = format!(
            "contact {id} has no vector of encoder {:?}: its text was not embedded, was embedded by another encoder, or \
             its customer was erased",
            encoder.identity().name
        );
        Problem::field("#/contact_id", detail)
    })
}

/// What is told of a contact that was found; nothing where it is gone meanwhile.
async fn told(app: &App, similar: Similar) -> Result<Option<SimilarContact>, Problem> {
    let unavailable = |error| Problem::from_store(error, app.settings.limits.retry_after_s);
    let contact = app.store.past_contact(&app.tenant, &similar.contact).await;
    let Some(contact) = contact.map_err(unavailable)? else { return Ok(None) };
    let ticket = match &contact.ticket_id {
        Some(id) => told_of_ticket(app, id).await?,
        None => None,
    };
    Ok(Some(SimilarContact {
        id: contact.id,
        similarity: similar.similarity,
        occurred_at: contact.occurred_at,
        category: contact.category,
        ticket_id: contact.ticket_id,
        ticket,
    }))
}

async fn told_of_ticket(app: &App, id: &TicketId) -> Result<Option<SimilarTicket>, Problem> {
    let unavailable = |error| Problem::from_store(error, app.settings.limits.retry_after_s);
    let ticket = app.store.ticket(&app.tenant, id).await.map_err(unavailable)?;
    let Some(ticket) = ticket else { return Ok(None) };
    let outcomes = app.store.ticket_outcomes(&app.tenant, id).await.map_err(unavailable)?;
    let now = Timestamp::now();
    let last = outcomes.as_ref().and_then(|outcomes| outcomes.episodes.last());
    Ok(Some(SimilarTicket {
        category: ticket.category,
        opened_at: ticket.opened_at,
        closed_at: ticket.closed_at,
        reassignments: ticket.details.reassignments,
        reopens: ticket.reopens,
        outcomes: last.map(|last| SimilarOutcome::all_of(last, now)).unwrap_or_default(),
    }))
}
