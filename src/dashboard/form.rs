//! [`Submitted`]: a form that one of this session's own pages sent; and [`Faults`], what is wrong with it.

use super::PageError;
use super::messages::Message;
use super::session::Viewer;
use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, web};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::future::Future;
use std::pin::Pin;
use subtle::ConstantTimeEq;

/// Most bytes of a form.
const FORM_BYTES: usize = 65_536;

/// A form of a page, and who sent it. A handler can have the fields in no other way, and so never without the check that the form is
/// this session's own (`csrf`, and where the browser says it came from).
#[derive(Clone)]
pub struct Submitted<T> {
    /// Who sent it.
    pub viewer: Viewer,
    /// Its fields.
    pub form: T,
}

impl<T: DeserializeOwned + 'static> FromRequest for Submitted<T> {
    type Error = PageError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, PageError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let viewer = Viewer::from_request(request, &mut Payload::None);
        let body = web::Payload::from_request(request, payload);
        let request = request.clone();
        Box::pin(async move {
            let viewer = viewer.await?;
            let body = read(&request, body.await).await?;
            let form = parse(&body, &viewer.csrf)?;
            Ok(Self { viewer, form })
        })
    }
}

/// A form as text, from a page of this service.
pub(super) async fn read(
    request: &HttpRequest,
    body: Result<web::Payload, actix_web::Error>,
) -> Result<String, PageError> {
    if !is_from_here(request) {
        return Err(PageError::ForeignForm);
    }
    let unreadable = |reason: &str| PageError::UnreadableForm(reason.to_owned());
    let body = body.map_err(|error| unreadable(&error.to_string()))?;
    let bytes = match body.to_bytes_limited(FORM_BYTES).await {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(error)) => return Err(unreadable(&error.to_string())),
        Err(_) => return Err(unreadable("it is too long")),
    };
    String::from_utf8(bytes.to_vec()).map_err(|_| unreadable("it is not UTF-8"))
}

/// The fields of a form that carries this token.
pub(super) fn parse<T: DeserializeOwned>(body: &str, csrf: &str) -> Result<T, PageError> {
    #[derive(Deserialize)]
    struct Token {
        #[serde(default)]
        csrf: String,
    }
    let unreadable =
        |error: actix_web::error::QueryPayloadError| PageError::UnreadableForm(error.to_string());
    let token = web::Query::<Token>::from_query(body).map_err(unreadable)?.into_inner();
    if !bool::from(token.csrf.as_bytes().ct_eq(csrf.as_bytes())) {
        return Err(PageError::ForeignForm);
    }
    Ok(web::Query::<T>::from_query(body).map_err(unreadable)?.into_inner())
}

/// Whether the browser says that a page of this service sent the request. One that says nothing is believed: it must know the token.
fn is_from_here(request: &HttpRequest) -> bool {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = header("Sec-Fetch-Site") {
        return site == "same-origin";
    }
    match (header(header::ORIGIN.as_str()), header(header::HOST.as_str())) {
        (None, _) => true,
        (Some(origin), Some(host)) => {
            origin.split_once("://").is_some_and(|(_, origin)| origin.eq_ignore_ascii_case(host))
        }
        (Some(_), None) => false,
    }
}

/// What is wrong with the fields of a form: a page shows it above the form and at each field.
#[derive(Debug, Clone, Default)]
pub struct Faults(Vec<(&'static str, String)>);

impl Faults {
    /// Notes what is wrong with a field.
    pub fn add(&mut self, field: &'static str, message: impl Into<String>) {
        self.0.push((field, message.into()));
    }

    /// The value, or a fault of the field with this message.
    pub fn note<T, E>(
        &mut self,
        field: &'static str,
        parsed: Result<T, E>,
        message: impl FnOnce() -> Message,
    ) -> Option<T> {
        parsed.inspect_err(|_| self.add(field, message())).ok()
    }

    /// What is wrong with a field.
    #[must_use]
    pub fn of(&self, field: &str) -> Option<&str> {
        self.0.iter().find(|(name, _)| *name == field).map(|(_, message)| message.as_str())
    }

    /// Everything, in order: the field and what is wrong with it.
    #[must_use]
    pub fn all(&self) -> &[(&'static str, String)] {
        &self.0
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
