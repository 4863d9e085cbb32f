//! What people say of predictions: their corrections of a contact's labels, and how often these override the model.

use super::body::{JsonBody, future_fault, query};
use super::cursor;
use super::feedback_summary::summarise;
pub use super::feedback_summary::{FeedbackSummary, SummaryQuery};
use super::outcomes::MOST_REASON_CHARS;
use super::problem::{FieldProblem, Problem, ProblemCode};
use super::tickets::parse_limit;
use crate::app::App;
use crate::contact::Head;
use crate::probability::Probability;
use crate::store::{Feedback, FeedbackCursor, FeedbackFilter, FeedbackRecorded, NewFeedback};
use crate::ticket::Name;
use crate::timestamp::Timestamp;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// What a person says of one label of a recorded contact.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FeedbackRequest {
    /// The contact.
    contact_id: Name,
    /// Which of its labels: category, kind, urgency, team or language.
    head: Head,
    /// The right one. The predicted one confirms it.
    label: Name,
    /// Who says so.
    author: Name,
    /// When they said it.
    occurred_at: Timestamp,
    /// In their words, 1 to 1000 characters; removed when the customer is erased.
    #[schema(min_length = 1, max_length = 1000)]
    note: Option<String>,
}

/// Feedback with the prediction that it is about.
#[derive(Debug, Serialize, ToSchema)]
pub struct FeedbackView {
    /// The contact.
    contact_id: Name,
    /// Which of its labels.
    head: Head,
    /// The right one.
    label: Name,
    /// Whether the live model, a rule or the head's default could answer this label when it was recorded; null where the head had
    /// neither a model nor rules.
    is_known_label: Option<bool>,
    /// Who says so.
    author: Name,
    /// When they said it.
    occurred_at: Timestamp,
    /// In their words.
    note: Option<String>,
    /// What was predicted when the contact was recorded; null where the head abstained or said nothing.
    predicted_label: Option<Name>,
    /// Its calibrated probability; null also where a rule said so.
    probability: Option<Probability>,
    /// auto, suggest or abstain; null where the head said nothing.
    action: Option<String>,
    /// The model, or the rules, that said so.
    model_version: Option<String>,
}

/// What became of feedback.
#[derive(Debug, Serialize, ToSchema)]
pub struct FeedbackResponse {
    /// recorded, or unchanged when the same was recorded before.
    outcome: &'static str,
    /// As recorded.
    feedback: FeedbackView,
}

/// A page of feedback.
#[derive(Debug, Serialize, ToSchema)]
pub struct FeedbackList {
    /// Oldest first.
    feedback: Vec<FeedbackView>,
    /// Asks for the next page; null on the last one.
    next_cursor: Option<String>,
}

/// Which feedback to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FeedbackQuery {
    /// About this head only.
    head: Option<Head>,
    /// By this author only.
    author: Option<Name>,
    /// Said at this instant or later.
    #[param(value_type = Option<Timestamp>)]
    since: Option<String>,
    /// Feedback on a page.
    #[param(value_type = Option<u32>)]
    limit: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

impl From<Feedback> for FeedbackView {
    fn from(feedback: Feedback) -> Self {
        let Feedback { said, prediction } = feedback;
        Self {
            contact_id: said.contact_id,
            head: said.head,
            label: said.label,
            is_known_label: said.is_known_label,
            author: said.author,
            occurred_at: said.occurred_at,
            note: said.note,
            predicted_label: prediction.label,
            probability: prediction.probability,
            action: prediction.action,
            model_version: prediction.model_version,
        }
    }
}

impl FeedbackRequest {
    fn into_feedback(self, app: &App, now: Timestamp) -> Result<NewFeedback, Problem> {
        let mut faults = Vec::new();
        faults.extend(future_fault(app, "#/occurred_at", self.occurred_at, now));
        let note = self.note.map(|note| note.trim().to_owned());
        if let Some(note) = &note {
            let chars = note.chars().count();
            if !(1..=MOST_REASON_CHARS).contains(&chars) || note.contains('\0') {
                let detail = format!("expected 1 to {MOST_REASON_CHARS} characters, got {chars}");
                faults.push(FieldProblem::new("#/note", detail));
            }
        }
        if !faults.is_empty() {
            return Err(Problem::invalid(faults));
        }
        // Without a model the feedback is as good.
        let classifier = app.classifier().ok();
        let is_known_label =
            classifier.and_then(|classifier| classifier.is_known_label(self.head, &self.label));
        Ok(NewFeedback {
            contact_id: self.contact_id,
            head: self.head,
            label: self.label,
            author: self.author,
            occurred_at: self.occurred_at,
            note,
            is_known_label,
        })
    }
}

/// Records what a person says a label of a contact should have been. What was predicted stays beside it. The same again changes
/// nothing.
#[utoipa::path(
    post, path = "/v1/feedback", tag = "contacts", request_body = FeedbackRequest,
    responses(
        (status = 200, body = FeedbackResponse, description = "Recorded before"),
        (status = 201, body = FeedbackResponse),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn record_feedback(
    app: web::Data<App>,
    JsonBody(request): JsonBody<FeedbackRequest>,
) -> Result<HttpResponse, Problem> {
    let now = Timestamp::now();
    let said = request.into_feedback(&app, now)?;
    let recorded = app
        .store
        .record_feedback(&app.tenant, &said, now)
        .await
        .map_err(|error| Problem::from_store(error, app.settings.limits.retry_after_s))?;
    match recorded {
        FeedbackRecorded::Recorded(feedback) => Ok(HttpResponse::Created()
            .json(FeedbackResponse { outcome: "recorded", feedback: feedback.into() })),
        FeedbackRecorded::Unchanged(feedback) => Ok(HttpResponse::Ok()
            .json(FeedbackResponse { outcome: "unchanged", feedback: feedback.into() })),
        FeedbackRecorded::Conflict => {
            let detail = format!(
                "{} said something else of the {} of contact {} at {}",
                said.author,
                said.head.as_str(),
                said.contact_id,
                said.occurred_at
            );
            Err(Problem::new(ProblemCode::Conflict, detail))
        }
        FeedbackRecorded::UnknownContact => {
            let detail = format!("no contact {} is recorded", said.contact_id);
            Err(Problem::new(ProblemCode::ContactNotFound, detail))
        }
    }
}

/// Lists feedback, oldest first.
#[utoipa::path(
    get, path = "/v1/feedback", tag = "contacts", params(FeedbackQuery),
    responses(
        (status = 200, body = FeedbackList),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn list_feedback(
    app: web::Data<App>,
    request: HttpRequest,
) -> Result<web::Json<FeedbackList>, Problem> {
    let list: FeedbackQuery = query(&request)?;
    let limits = &app.settings.limits;
    let limit = parse_limit(list.limit.as_deref(), limits.page_size, limits.page_size_max)?;
    let after = list.cursor.as_deref().map(|text| cursor::parse(text, read_cursor)).transpose()?;
    let since = parse_since(list.since.as_deref())?;
    let filter = FeedbackFilter { head: list.head, author: list.author, since };
    // One more than asked for tells whether there is another page.
    let mut feedback = app
        .store
        .feedback(&app.tenant, &filter, after.as_ref(), limit.saturating_add(1))
        .await
        .map_err(|error| Problem::from_store(error, limits.retry_after_s))?;
    let has_more = feedback.len() > limit as usize;
    feedback.truncate(limit as usize);
    let next_cursor = feedback.last().filter(|_| has_more).map(format_cursor).transpose()?;
    let feedback = feedback.into_iter().map(FeedbackView::from).collect();
    Ok(web::Json(FeedbackList { feedback, next_cursor }))
}

/// How often people's labels override the predicted ones, by head and model.
#[utoipa::path(
    get, path = "/v1/feedback/summary", tag = "contacts", params(SummaryQuery),
    responses(
        (status = 200, body = FeedbackSummary),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn summarise_feedback(
    app: web::Data<App>,
    request: HttpRequest,
) -> Result<web::Json<FeedbackSummary>, Problem> {
    let SummaryQuery { since } = query(&request)?;
    let since = parse_since(since.as_deref())?;
    let counts = app
        .store
        .feedback_counts(&app.tenant, since)
        .await
        .map_err(|error| Problem::from_store(error, app.settings.limits.retry_after_s))?;
    Ok(web::Json(summarise(counts)))
}

fn parse_since(text: Option<&str>) -> Result<Option<Timestamp>, Problem> {
    text.map(Timestamp::parse)
        .transpose()
        .map_err(|error| Problem::new(ProblemCode::InvalidQuery, format!("since: {error}")))
}

fn read_cursor(plain: &str) -> Option<FeedbackCursor> {
    serde_json::from_str(plain).ok()
}

fn format_cursor(last: &Feedback) -> Result<String, Problem> {
    let NewFeedback { occurred_at, contact_id, head, author, .. } = last.said.clone();
    serde_json::to_string(&FeedbackCursor { occurred_at, contact_id, head, author })
        .map(|plain| cursor::format(&plain))
        .map_err(|error| Problem::new(ProblemCode::Internal, error.to_string()))
}
