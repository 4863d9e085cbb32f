//! The optional bearer token: guards everything but `/health` and the pages, which are guarded by sessions (`dashboard`).

use super::problem::{Problem, ProblemCode};
use crate::app::App;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::middleware::Next;
use actix_web::{Error, web};
use subtle::ConstantTimeEq;

/// Lets a request through if no token is asked for, it is about health, or it brings the token.
///
/// # Errors
/// [`ProblemCode::Unauthorized`].
pub async fn authenticate(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let token = request.app_data::<web::Data<App>>().and_then(|app| app.token.as_ref());
    if let Some(token) = token
        && !request.path().starts_with("/health/")
    {
        let sent = request
            .headers()
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim());
        let detail = match sent {
            None => "send the header Authorization: Bearer TOKEN",
            Some(sent) if bool::from(sent.as_bytes().ct_eq(token.reveal().as_bytes())) => {
                return next.call(request).await;
            }
            Some(_) => "the bearer token is not the right one",
        };
        return Err(Problem::new(ProblemCode::Unauthorized, detail).into());
    }
    next.call(request).await
}
