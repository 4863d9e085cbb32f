//! `POST /v1/contacts`: a contact as it comes in. It is classified, and recorded with its classification.

use super::ModelName;
use super::body::{JsonBody, future_fault};
use super::classify::{ClassificationResult, classify_one};
use super::cleaning::{CleanText, Cleaning, CutPart};
use super::conversation;
use super::identity_body::IdentityInput;
use super::problem::{FieldProblem, Problem, ProblemCode};
use crate::app::App;
use crate::classify::answer::{Action, Classification};
use crate::classify::encoder::Embedding;
use crate::contact::{Channel, Contact, ContactText};
use crate::identity::Identity;
use crate::live_similar::encoder_key;
use crate::outcome::{Author, ContactKind, TextVector, recognise};
use crate::store::{ContactAnalysis, ContactRecorded};
use crate::ticket::{CustomerId, Name, TicketId};
use crate::timestamp::Timestamp;
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// Most identities that come with one contact.
const MOST_IDENTITIES: usize = 20;

/// A contact.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContactRequest {
    /// The helpdesk's identifier; the same contact sent again changes nothing.
    id: Name,
    /// Who wrote. Stored as a keyed hash. May be left out when an identity is given.
    customer_id: Option<CustomerId>,
    /// Under which other names the same person is known. Those that come together become one person.
    #[serde(default)]
    identities: Vec<IdentityInput>,
    /// The ticket it belongs to, if known.
    ticket_id: Option<TicketId>,
    /// When it was written.
    occurred_at: Timestamp,
    /// How the contact came in.
    channel: Option<Channel>,
    /// Who wrote it: customer (also when left out), agent or system.
    #[serde(default)]
    author: Author,
    /// What it is, when the helpdesk knows; left out: it is recognised from the text.
    kind: Option<ContactKind>,
    /// The follow-up that it answers.
    follow_up_id: Option<Name>,
    /// What the customer wrote. Stored without personal data, and as long as configured.
    text: String,
    /// Whether quoted mail, signatures, markup and legal notices are cut before the text is classified; left out: as configured.
    clean: Option<bool>,
    /// Whether to show what was cut; false if left out.
    show_cut: Option<bool>,
}

/// A recorded contact.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContactResponse {
    /// As sent.
    id: Name,
    /// recorded, or unchanged when the same contact was recorded before.
    outcome: &'static str,
    /// What it was taken for. Only a substantive contact of a customer can be a recontact.
    kind: ContactKind,
    /// Why: the rule that says so, or "stated" when the helpdesk did.
    kind_rule: String,
    /// The model that classified it.
    model: ModelName,
    /// The classification as first made.
    #[schema(value_type = ClassificationResult)]
    classification: Box<RawValue>,
    /// What was cut before it was classified, where the request asks for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    cut: Option<Vec<CutPart>>,
}

impl ContactRequest {
    /// The contact, or everything that is wrong with it.
    fn into_contact(self, app: &App, now: Timestamp) -> Result<Contact, Problem> {
        let mut faults = Vec::new();
        let text = ContactText::parse(&self.text, app.settings.limits.text_bytes)
            .map_err(|error| faults.push(FieldProblem::new("#/text", error)));
        if self.identities.len() > MOST_IDENTITIES {
            let detail =
                format!("expected at most {MOST_IDENTITIES}, got {}", self.identities.len());
            return Err(Problem::field("#/identities", detail));
        }
        let mut identities: Vec<Identity> =
            self.customer_id.into_iter().map(Identity::from).collect();
        for (index, identity) in self.identities.iter().enumerate() {
            match identity.parse(&format!("#/identities/{index}")) {
                Ok(identity) => identities.push(identity),
                Err(fault) => faults.push(fault),
            }
        }
        faults.extend(future_fault(app, "#/occurred_at", self.occurred_at, now));
        let mut identities = identities.into_iter();
        match (text, identities.next()) {
            (Ok(text), Some(customer)) if faults.is_empty() => Ok(Contact {
                id: self.id,
                customer,
                also_known_as: identities.collect(),
                author: self.author,
                stated_kind: self.kind,
                follow_up_id: self.follow_up_id,
                ticket_id: self.ticket_id,
                occurred_at: self.occurred_at,
                channel: self.channel,
                text,
            }),
            (_, None) if faults.is_empty() => {
                Err(Problem::field("#", "missing field `customer_id`, or an entry in `identities`"))
            }
            _ => Err(Problem::invalid(faults)),
        }
    }
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
    let now = Timestamp::now();
    let cleaning = Cleaning::asked(&app, request.clean, request.show_cut);
    let contact = request.into_contact(&app, now)?;
    let cleaned = cleaning.apply(vec![contact.text.clone()]).await?.pop();
    let CleanText { text, cut } = cleaned.unwrap_or(CleanText { text: None, cut: None });
    let unavailable = |error| Problem::from_store(error, app.settings.limits.retry_after_s);
    let before = app.store.contact_recorded(&app.tenant, &contact).await.map_err(unavailable)?;
    if let Some(recorded) = before {
        return answer(contact.id, recorded, None, cut);
    }
    let (classifier, classification, embedding) =
        classify_one(&app, text.clone(), contact.channel.clone()).await?;
    let kept = conversation::contact_text(&app, text.as_ref(), classification.language).await?;
    let mut analysis =
        analysis(&contact, classifier.version(), classification, embedding.as_deref())?;
    analysis.text = kept;
    let encoder = classifier.encoder().filter(|_| app.similar.is_enabled());
    analysis.encoder = encoder.map(|encoder| encoder_key(encoder));
    let pairs = app.adjacent_pairs();
    let recorded = app
        .store
        .record_contact(
            &app.tenant,
            &contact,
            &analysis,
            &app.outcome_rules(&pairs),
            Timestamp::now(),
        )
        .await
        .map_err(unavailable)?;
    answer(contact.id, recorded, Some(analysis), cut)
}

/// What is said of a contact. The category is the model's where it does not abstain.
fn analysis(
    contact: &Contact,
    model_version: &str,
    classification: Classification,
    embedding: Option<&Embedding>,
) -> Result<ContactAnalysis, Problem> {
    let category = classification.category.label.clone();
    let category_is_certain = category.is_some() && classification.category.action == Action::Auto;
    let result = ClassificationResult::new(Some(contact.id.clone()), classification);
    let classification_json = serde_json::to_string(&result)
        .map_err(|error| Problem::new(ProblemCode::Internal, error.to_string()))?;
    let (kind, kind_rule) = match contact.stated_kind {
        Some(kind) => (kind, "stated"),
        None => {
            let recognised = recognise(contact.text.as_str(), contact.author);
            (recognised.kind, recognised.rule)
        }
    };
    Ok(ContactAnalysis {
        classification_json,
        model_version: model_version.to_owned(),
        category,
        category_is_certain,
        embedding: embedding.and_then(|embedding| TextVector::from_embedding(&embedding.vector)),
        encoder: None,
        kind,
        kind_rule: kind_rule.to_owned(),
        text: None,
    })
}

/// `fresh` is the analysis just made; what was recorded before wins over it.
fn answer(
    id: Name,
    recorded: ContactRecorded,
    fresh: Option<ContactAnalysis>,
    cut: Option<Vec<CutPart>>,
) -> Result<HttpResponse, Problem> {
    let (json, version, kind, kind_rule, outcome) = match (recorded, fresh) {
        (ContactRecorded::Conflict { reason }, _) => {
            return Err(Problem::new(ProblemCode::Conflict, reason));
        }
        (ContactRecorded::Unchanged { classification_json, model_version, kind, kind_rule }, _) => {
            (classification_json, model_version, kind, kind_rule, "unchanged")
        }
        (ContactRecorded::Recorded, Some(fresh)) => {
            let ContactAnalysis { classification_json, model_version, kind, kind_rule, .. } = fresh;
            (classification_json, model_version, kind, kind_rule, "recorded")
        }
        (ContactRecorded::Recorded, None) => {
            return Err(Problem::new(ProblemCode::Internal, "recorded without a classification"));
        }
    };
    let classification = RawValue::from_string(json).map_err(|error| {
        tracing::error!(%error, contact = %id, "a stored classification cannot be read");
        Problem::new(ProblemCode::Internal, "the stored classification cannot be read")
    })?;
    let model = ModelName { name: "category".to_owned(), version };
    let body = ContactResponse { id, outcome, kind, kind_rule, model, classification, cut };
    Ok(match outcome {
        "recorded" => HttpResponse::Created().json(body),
        _ => HttpResponse::Ok().json(body),
    })
}
