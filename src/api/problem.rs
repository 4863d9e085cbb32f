//! [`Problem`]: every error of the API, as RFC 9457 `application/problem+json` with a stable code.
//!
//! This is the only place of the API that knows status codes of errors. `docs/api.md` lists the codes; a test compares it with
//! [`ProblemCode::ALL`].

use crate::classify::queue::QueueError;
use crate::store::StoreError;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use std::fmt;

/// What went wrong, stable over versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "explained by `title`, which clients see")]
pub enum ProblemCode {
    MalformedJson,
    InvalidInput,
    InvalidQuery,
    TooManyItems,
    UnsupportedMediaType,
    PayloadTooLarge,
    Unauthorized,
    NotFound,
    TicketNotFound,
    ContactNotFound,
    MergeNotFound,
    CustomerNotFound,
    FollowUpNotFound,
    ExperimentNotFound,
    OptOutNotFound,
    MethodNotAllowed,
    Conflict,
    FollowUpChanged,
    StepNotAllowed,
    CapacityReached,
    QuietHours,
    ExperimentRunning,
    ModelUnavailable,
    Overloaded,
    StoreUnavailable,
    KpisNotCounted,
    Internal,
}

impl ProblemCode {
    /// Every code.
    pub const ALL: [Self; 27] = [
        Self::MalformedJson,
        Self::InvalidInput,
        Self::InvalidQuery,
        Self::TooManyItems,
        Self::UnsupportedMediaType,
        Self::PayloadTooLarge,
        Self::Unauthorized,
        Self::NotFound,
        Self::TicketNotFound,
        Self::ContactNotFound,
        Self::MergeNotFound,
        Self::CustomerNotFound,
        Self::FollowUpNotFound,
        Self::ExperimentNotFound,
        Self::OptOutNotFound,
        Self::MethodNotAllowed,
        Self::Conflict,
        Self::FollowUpChanged,
        Self::StepNotAllowed,
        Self::CapacityReached,
        Self::QuietHours,
        Self::ExperimentRunning,
        Self::ModelUnavailable,
        Self::Overloaded,
        Self::StoreUnavailable,
        Self::KpisNotCounted,
        Self::Internal,
    ];

    /// The code as sent.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MalformedJson => "malformed_json",
            Self::InvalidInput => "invalid_input",
            Self::InvalidQuery => "invalid_query",
            Self::TooManyItems => "too_many_items",
            Self::UnsupportedMediaType => "unsupported_media_type",
            Self::PayloadTooLarge => "payload_too_large",
            Self::Unauthorized => "unauthorized",
            Self::NotFound => "not_found",
            Self::TicketNotFound => "ticket_not_found",
            Self::ContactNotFound => "contact_not_found",
            Self::MergeNotFound => "merge_not_found",
            Self::CustomerNotFound => "customer_not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::Conflict => "conflict",
            Self::FollowUpNotFound => "follow_up_not_found",
            Self::ExperimentNotFound => "experiment_not_found",
            Self::OptOutNotFound => "opt_out_not_found",
            Self::FollowUpChanged => "follow_up_changed",
            Self::StepNotAllowed => "step_not_allowed",
            Self::CapacityReached => "capacity_reached",
            Self::QuietHours => "quiet_hours",
            Self::ExperimentRunning => "experiment_running",
            Self::ModelUnavailable => "model_unavailable",
            Self::Overloaded => "overloaded",
            Self::StoreUnavailable => "store_unavailable",
            Self::KpisNotCounted => "kpis_not_counted",
            Self::Internal => "internal",
        }
    }

    /// The HTTP status it comes with.
    #[must_use]
    pub fn status(self) -> StatusCode {
        match self {
            Self::MalformedJson | Self::InvalidQuery => StatusCode::BAD_REQUEST,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::NotFound
            | Self::TicketNotFound
            | Self::ContactNotFound
            | Self::MergeNotFound
            | Self::CustomerNotFound
            | Self::FollowUpNotFound
            | Self::ExperimentNotFound
            | Self::OptOutNotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Conflict
            | Self::FollowUpChanged
            | Self::StepNotAllowed
            | Self::CapacityReached
            | Self::QuietHours
            | Self::ExperimentRunning => StatusCode::CONFLICT,
            Self::PayloadTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::InvalidInput | Self::TooManyItems => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::ModelUnavailable
            | Self::Overloaded
            | Self::StoreUnavailable
            | Self::KpisNotCounted => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// One sentence for people, the same for every occurrence.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::MalformedJson => "The body is not JSON.",
            Self::InvalidInput => "A field of the body is missing, unknown or not as expected.",
            Self::InvalidQuery => "A parameter in the address is unknown or not as expected.",
            Self::TooManyItems => "The request holds no items or more than are accepted at once.",
            Self::UnsupportedMediaType => "The body must be sent as application/json.",
            Self::PayloadTooLarge => "The body is longer than accepted.",
            Self::Unauthorized => "A valid bearer token is needed.",
            Self::NotFound => "There is nothing at this address.",
            Self::TicketNotFound => "The ticket is not known.",
            Self::ContactNotFound => "The contact is not known.",
            Self::MergeNotFound => "There is no such merge of customers.",
            Self::CustomerNotFound => "Nothing is stored of this customer.",
            Self::MethodNotAllowed => "The address does not take this method.",
            Self::Conflict => "The event contradicts what was reported before.",
            Self::FollowUpNotFound => "The follow-up is not known.",
            Self::ExperimentNotFound => "The experiment is not known.",
            Self::OptOutNotFound => "The customer has not opted out.",
            Self::FollowUpChanged => {
                "The follow-up was changed meanwhile; current says what it is now."
            }
            Self::StepNotAllowed => "What the follow-up is now does not allow this step.",
            Self::CapacityReached => "The team has taken as many follow-ups today as it can.",
            Self::QuietHours => "The customer is to be left in peace at this time of day.",
            Self::ExperimentRunning => "Another experiment runs; end it first.",
            Self::ModelUnavailable => "The model that is needed is not loaded.",
            Self::Overloaded => "Too much is waiting; try again after the time in Retry-After.",
            Self::StoreUnavailable => "The database cannot be reached; try again later.",
            Self::KpisNotCounted => {
                "Days that have changed are still being counted; try again later."
            }
            Self::Internal => "The service failed; the reason is in its log.",
        }
    }
}

/// One fault inside a body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct FieldProblem {
    /// JSON pointer to the field, such as `#/inputs/0/text`.
    pub pointer: String,
    /// What was expected there.
    pub detail: String,
}

/// An error as sent: `application/problem+json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Problem {
    /// `urn:recontact:problem:` and the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// One sentence, the same for every occurrence.
    pub title: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// Stable code.
    #[schema(value_type = String)]
    pub code: ProblemCode,
    /// What it was this time.
    pub detail: String,
    /// Every fault found in the body.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldProblem>,
    /// What the request conflicts with, as it is now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub current: Option<serde_json::Value>,
    /// Sent as `Retry-After`, in seconds.
    #[serde(skip)]
    pub retry_after_s: Option<u64>,
    /// Sent as `Allow`.
    #[serde(skip)]
    pub allow: Option<String>,
}

impl Problem {
    /// A problem with its code and what it was this time.
    pub fn new(code: ProblemCode, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("urn:recontact:problem:{}", code.as_str()),
            title: code.title(),
            status: code.status().as_u16(),
            code,
            detail: detail.into(),
            errors: Vec::new(),
            current: None,
            retry_after_s: None,
            allow: None,
        }
    }

    /// Faults inside the body; at least one.
    #[must_use]
    pub fn invalid(errors: Vec<FieldProblem>) -> Self {
        let detail = match errors.as_slice() {
            [only] => format!("{}: {}", only.pointer, only.detail),
            [first, rest @ ..] => {
                format!("{}: {} (and {} more)", first.pointer, first.detail, rest.len())
            }
            [] => String::new(),
        };
        Self { errors, ..Self::new(ProblemCode::InvalidInput, detail) }
    }

    /// One fault inside the body.
    pub fn field(pointer: impl Into<String>, detail: impl ToString) -> Self {
        Self::invalid(vec![FieldProblem::new(pointer, detail)])
    }

    /// The service cannot do it now; the client may try again after `retry_after_s` seconds.
    pub fn later(code: ProblemCode, detail: impl Into<String>, retry_after_s: u64) -> Self {
        Self { retry_after_s: Some(retry_after_s), ..Self::new(code, detail) }
    }

    /// What a store's failure looks like from outside.
    #[expect(clippy::needless_pass_by_value, reason = "an argument of map_err")]
    pub fn from_store(error: StoreError, retry_after_s: u64) -> Self {
        match error {
            StoreError::Unavailable { .. } => {
                tracing::warn!(%error, "the store is unavailable");
                Self::later(
                    ProblemCode::StoreUnavailable,
                    "the database did not answer",
                    retry_after_s,
                )
            }
            _ => {
                tracing::error!(%error, "the store failed");
                Self::new(ProblemCode::Internal, "the database refused the operation")
            }
        }
    }

    /// What a refusal of the inference queue looks like from outside.
    #[expect(clippy::needless_pass_by_value, reason = "an argument of map_err")]
    #[must_use]
    pub fn from_queue(error: QueueError, retry_after_s: u64) -> Self {
        match error {
            QueueError::Overloaded { .. } => {
                metrics::counter!("recontact_overloaded_total").increment(1);
                Self::later(ProblemCode::Overloaded, error.to_string(), retry_after_s)
            }
            QueueError::Stopped => {
                Self::later(ProblemCode::Overloaded, "the service is stopping", retry_after_s)
            }
            QueueError::Failed(_) => Self::new(ProblemCode::Internal, "inference failed"),
        }
    }
}

impl FieldProblem {
    /// A fault at a place.
    #[expect(clippy::needless_pass_by_value, reason = "takes errors and texts alike")]
    pub fn new(pointer: impl Into<String>, detail: impl ToString) -> Self {
        Self { pointer: pointer.into(), detail: detail.to_string() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.as_str(), self.detail)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.code.status()
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.code.status());
        response.insert_header((header::CONTENT_TYPE, "application/problem+json"));
        if let Some(seconds) = self.retry_after_s {
            response.insert_header((header::RETRY_AFTER, seconds.to_string()));
        }
        if let Some(methods) = &self.allow {
            response.insert_header((header::ALLOW, methods.as_str()));
        }
        if self.code == ProblemCode::Unauthorized {
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
        }
        // A plain struct of texts and numbers always becomes JSON.
        response.body(serde_json::to_string(self).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_sent_under_its_own_name() {
        for code in ProblemCode::ALL {
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
        }
    }
}
