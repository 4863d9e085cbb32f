//! Handlers and the methods they take: what the route tables of `server` and `dashboard` share.

use actix_web::{FromRequest, Handler, Responder, Route, guard, web};

/// A handler and the methods it takes, as they stand in `Allow`.
pub(crate) type Taken = (&'static str, Route);

/// A HEAD request is answered as a GET request, without the body.
pub(crate) fn get<F, Args>(handler: F) -> Taken
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    let read = guard::Any(guard::Get()).or(guard::Head());
    ("GET, HEAD", web::route().guard(read).to(handler))
}

pub(crate) fn post<F, Args>(handler: F) -> Taken
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    ("POST", web::post().to(handler))
}

pub(crate) fn put<F, Args>(handler: F) -> Taken
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    ("PUT", web::put().to(handler))
}

pub(crate) fn delete<F, Args>(handler: F) -> Taken
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    ("DELETE", web::delete().to(handler))
}

/// The methods that are taken, for the header `Allow`.
pub(crate) fn allowed(taken: &[Taken]) -> String {
    taken.iter().map(|(methods, _)| *methods).collect::<Vec<_>>().join(", ")
}
