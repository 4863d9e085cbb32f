//! [`PageError`]: everything that can go wrong with a page, as a page a person can act on; and the headers of all pages.
//!
//! This is the only place of the pages that knows status codes.

use super::Frame;
use crate::api::problem::{Problem, ProblemCode};
use crate::app::App;
use crate::live_kpis::KpiError;
use crate::store::StoreError;
use crate::user::PasswordsError;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{StatusCode, header};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpRequest, HttpResponse, ResponseError, web};
use askama::Template;

/// What a browser may load and where it may send forms: this service only.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// Why a page cannot be shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    /// Nobody is signed in, or the session is over. Leads to the sign-in, and from there on to `next`.
    #[error("nobody is signed in")]
    SignInNeeded {
        /// Where the viewer wanted to go.
        next: String,
    },
    /// The viewer's role does not permit it.
    #[error("the role does not permit it")]
    NotPermitted,
    /// There is no such page, or it is not for this viewer to know whether there is.
    #[error("there is no such page")]
    NotFound,
    /// The page does not take the method.
    #[error("the page takes {allow} only")]
    MethodNotTaken {
        /// The methods it takes.
        allow: String,
    },
    /// The form was not sent by a page of this session.
    #[error("the form is not one of this session")]
    ForeignForm,
    /// The form cannot be read.
    #[error("the form cannot be read: {0}")]
    UnreadableForm(String),
    /// Somebody could not be signed in through the provider.
    #[error("the sign-in through the provider failed: {0:?}")]
    SignInRefused(Refusal),
    /// Too many sign-ins from the address failed.
    #[error("too many sign-ins from the address failed")]
    TooManyAttempts {
        /// After how many seconds to try again.
        retry_after_s: u64,
    },
    /// The service cannot do it now.
    #[error("the service cannot do it now")]
    Busy,
    /// Many days have changed and are still being counted.
    #[error("days are still being counted")]
    NotCounted,
    /// The service failed; the reason is in its log.
    #[error("the service failed")]
    Internal,
}

/// Why somebody could not be signed in through the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// It took too long, was used before, or was begun with another browser.
    Outdated,
    /// The provider says no, or they do.
    Denied,
    /// What the provider answered is not to be believed.
    Untrusted,
    /// The provider does not answer.
    Unreachable,
    /// Nothing that the provider says of them is a role here.
    NoRole,
    /// They are kept out.
    Disabled,
}

impl Refusal {
    fn status(self) -> StatusCode {
        match self {
            Self::Outdated => StatusCode::BAD_REQUEST,
            Self::Denied | Self::NoRole | Self::Disabled => StatusCode::FORBIDDEN,
            Self::Untrusted => StatusCode::BAD_GATEWAY,
            Self::Unreachable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn messages(self) -> (&'static str, &'static str) {
        match self {
            Self::Outdated => ("error-outdated-title", "error-outdated"),
            Self::Denied => ("error-denied-title", "error-denied"),
            Self::Untrusted => ("error-untrusted-title", "error-untrusted"),
            Self::Unreachable => ("error-unreachable-title", "error-unreachable"),
            Self::NoRole => ("error-no-role-title", "error-no-role"),
            Self::Disabled => ("error-disabled-title", "error-disabled"),
        }
    }
}

/// The page of an error.
#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    frame: Frame,
    explanation: String,
}

impl PageError {
    fn status(&self) -> StatusCode {
        match self {
            Self::SignInNeeded { .. } => StatusCode::SEE_OTHER,
            Self::NotPermitted | Self::ForeignForm => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotTaken { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::UnreadableForm(_) => StatusCode::BAD_REQUEST,
            Self::SignInRefused(refusal) => refusal.status(),
            Self::TooManyAttempts { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Busy | Self::NotCounted => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The messages of heading and explanation.
    fn messages(&self) -> (&'static str, &'static str) {
        match self {
            Self::SignInNeeded { .. } => ("sign-in-title", "error-sign-in"),
            Self::NotPermitted => ("error-not-permitted-title", "error-not-permitted"),
            Self::NotFound => ("error-not-found-title", "error-not-found"),
            Self::MethodNotTaken { .. } => ("error-method-title", "error-method"),
            Self::ForeignForm => ("error-foreign-form-title", "error-foreign-form"),
            Self::UnreadableForm(_) => ("error-unreadable-form-title", "error-unreadable-form"),
            Self::SignInRefused(refusal) => refusal.messages(),
            Self::TooManyAttempts { .. } => ("error-attempts-title", "error-attempts"),
            Self::Busy => ("error-busy-title", "error-busy"),
            Self::NotCounted => ("error-not-counted-title", "error-not-counted"),
            Self::Internal => ("error-internal-title", "error-internal"),
        }
    }

    fn retry_after_s(&self, request: &HttpRequest) -> Option<u64> {
        match self {
            Self::TooManyAttempts { retry_after_s } => Some(*retry_after_s),
            Self::Busy | Self::NotCounted | Self::SignInRefused(Refusal::Unreachable) => {
                let app = request.app_data::<web::Data<App>>();
                Some(app.map_or(1, |app| app.settings.limits.retry_after_s))
            }
            _ => None,
        }
    }
}

impl From<StoreError> for PageError {
    fn from(error: StoreError) -> Self {
        if let StoreError::Unavailable { .. } = error {
            tracing::warn!(%error, "the store is unavailable");
            Self::Busy
        } else {
            tracing::error!(%error, "the store failed");
            Self::Internal
        }
    }
}

impl From<KpiError> for PageError {
    fn from(error: KpiError) -> Self {
        match error {
            KpiError::Store(error) => error.into(),
            KpiError::NotCounted(_) => Self::NotCounted,
            KpiError::TooMany { .. } | KpiError::Corrupt(_) => {
                tracing::error!(%error, "counted days cannot be told");
                Self::Internal
            }
        }
    }
}

impl From<PasswordsError> for PageError {
    fn from(error: PasswordsError) -> Self {
        if error == PasswordsError::Busy {
            tracing::warn!(%error, "sign-ins wait too long");
            Self::Busy
        } else {
            tracing::error!(%error, "a password could not be hashed");
            Self::Internal
        }
    }
}

impl From<std::io::Error> for PageError {
    fn from(error: std::io::Error) -> Self {
        tracing::error!(%error, "there are no random numbers");
        Self::Internal
    }
}

impl From<Problem> for PageError {
    /// What the parts behind the API refuse, such as a model that is not loaded.
    fn from(problem: Problem) -> Self {
        match problem.code {
            ProblemCode::ModelUnavailable
            | ProblemCode::Overloaded
            | ProblemCode::StoreUnavailable => Self::Busy,
            _ => {
                tracing::error!(%problem, "a page failed");
                Self::Internal
            }
        }
    }
}

impl ResponseError for PageError {
    fn status_code(&self) -> StatusCode {
        self.status()
    }

    /// Without a request there is no language; [`finish`] makes the page.
    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.status())
    }
}

/// A page.
///
/// # Errors
/// [`PageError::Internal`] if its template fails, which only a value in it can.
pub fn show(page: &impl Template) -> Result<HttpResponse, PageError> {
    with_status(StatusCode::OK, page)
}

/// A page whose form is to be filled in again.
///
/// # Errors
/// As [`show`].
pub fn show_again(page: &impl Template) -> Result<HttpResponse, PageError> {
    with_status(StatusCode::UNPROCESSABLE_ENTITY, page)
}

/// A page that cannot tell what it is to tell just now, and says so.
///
/// # Errors
/// As [`show`].
pub fn show_later(page: &impl Template) -> Result<HttpResponse, PageError> {
    with_status(StatusCode::SERVICE_UNAVAILABLE, page)
}

/// A file that the browser keeps. `name`: of letters, digits, `-` and `.`.
#[must_use]
pub fn attach(body: Vec<u8>, content_type: &'static str, name: &str) -> HttpResponse {
    let disposition = format!("attachment; filename=\"recontact-{name}\"");
    HttpResponse::Ok()
        .content_type(content_type)
        .insert_header((header::CONTENT_DISPOSITION, disposition))
        .body(body)
}

/// A page whose form was not carried out, because what it was about is no longer as it was when the page was made.
///
/// # Errors
/// As [`show`].
pub fn show_conflict(page: &impl Template) -> Result<HttpResponse, PageError> {
    with_status(StatusCode::CONFLICT, page)
}

/// Leads to another page after something was done, so that neither reloading nor going back does it again.
#[must_use]
pub fn lead_to(path: &str) -> HttpResponse {
    HttpResponse::build(StatusCode::SEE_OTHER).insert_header((header::LOCATION, path)).finish()
}

fn with_status(status: StatusCode, page: &impl Template) -> Result<HttpResponse, PageError> {
    let html = page.render().map_err(|error| {
        tracing::error!(%error, "a page could not be rendered");
        PageError::Internal
    })?;
    Ok(HttpResponse::build(status).content_type("text/html; charset=utf-8").body(html))
}

/// The page of an error, in the language of whoever sent the request.
pub(super) fn answer(error: &PageError, request: &HttpRequest) -> HttpResponse {
    let mut response = error_page(error, request);
    add_headers(&mut response);
    response
}

fn error_page(error: &PageError, request: &HttpRequest) -> HttpResponse {
    if let PageError::SignInNeeded { next } = error {
        return lead_to(&super::sign_in::address(next));
    }
    let frame = request.extensions().get::<Frame>().cloned();
    let frame = frame.unwrap_or_else(|| Frame::of_visitor(request));
    let (title, explanation) = error.messages();
    let (title, explanation) = (frame.say(title), frame.say(explanation).to_string());
    let page = ErrorPage { frame: frame.titled(title), explanation };
    let mut response = with_status(error.status(), &page)
        .unwrap_or_else(|failed| HttpResponse::new(failed.status()));
    let mut set = |name, value: String| {
        if let Ok(value) = header::HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    };
    if let Some(seconds) = error.retry_after_s(request) {
        set(header::RETRY_AFTER, seconds.to_string());
    }
    if let PageError::MethodNotTaken { allow } = error {
        set(header::ALLOW, allow.clone());
    }
    response
}

/// Makes pages of errors and adds the headers of pages.
///
/// # Errors
/// None of its own.
pub async fn finish(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let (request, response) = next.call(request).await?.into_parts();
    let error = response
        .error()
        .map(|error| error.as_error::<PageError>().cloned().unwrap_or_else(|| of_foreign(error)));
    let mut response = match error {
        Some(error) => error_page(&error, &request),
        None => response.map_into_boxed_body(),
    };
    add_headers(&mut response);
    Ok(ServiceResponse::new(request, response))
}

/// What the server library refuses by itself: an address that cannot be read names nothing.
fn of_foreign(error: &Error) -> PageError {
    if error.as_response_error().status_code().is_client_error() {
        PageError::NotFound
    } else {
        tracing::error!(%error, "a page failed");
        PageError::Internal
    }
}

/// What all pages and their files are sent with. What a page may keep, it says itself.
fn add_headers(response: &mut HttpResponse) {
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
    ] {
        headers.insert(name, header::HeaderValue::from_static(value));
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    }
}
