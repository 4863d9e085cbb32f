//! [`JsonBody`]: a request body, checked down to the field; and the query and path parts of an address.

use super::problem::{FieldProblem, Problem, ProblemCode};
use crate::app::App;
use crate::ticket::Name;
use crate::timestamp::Timestamp;
use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use serde::de::DeserializeOwned;
use serde_path_to_error::{Path, Segment};
use std::future::Future;
use std::pin::Pin;

/// A JSON body of type `T`. Anything else is a [`Problem`] that says where and what was expected.
pub struct JsonBody<T>(pub T);

impl<T: DeserializeOwned> FromRequest for JsonBody<T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let content_type = check_content_type(request);
        let limit =
            request.app_data::<web::Data<App>>().map_or(0, |app| app.settings.limits.body_bytes);
        let bytes = web::Payload::from_request(request, payload);
        Box::pin(async move {
            content_type?;
            let body = bytes.await.map_err(|error| unreadable(&error))?;
            let bytes = match body.to_bytes_limited(limit).await {
                Ok(Ok(bytes)) => bytes,
                Ok(Err(error)) => return Err(unreadable(&error)),
                Err(_) => {
                    let detail = format!("the body has more than {limit} bytes");
                    return Err(Problem::new(ProblemCode::PayloadTooLarge, detail));
                }
            };
            parse(&bytes).map(Self)
        })
    }
}

fn unreadable(error: &actix_web::Error) -> Problem {
    Problem::new(ProblemCode::MalformedJson, format!("the body could not be read: {error}"))
}

fn check_content_type(request: &HttpRequest) -> Result<(), Problem> {
    if let Some(coding) = request.headers().get(header::CONTENT_ENCODING)
        && !coding.as_bytes().eq_ignore_ascii_case(b"identity")
    {
        let detail = format!("expected a body without Content-Encoding, got {coding:?}");
        return Err(Problem::new(ProblemCode::UnsupportedMediaType, detail));
    }
    if request.content_type().eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    let sent = request.headers().get(header::CONTENT_TYPE).map(|value| value.to_str());
    let detail = match sent {
        Some(Ok(sent)) => format!("expected Content-Type application/json, got {sent:?}"),
        _ => "expected Content-Type application/json, got none".to_owned(),
    };
    Err(Problem::new(ProblemCode::UnsupportedMediaType, detail))
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let detail = format!("the body is not UTF-8 from byte {} on", error.valid_up_to());
        Problem::new(ProblemCode::MalformedJson, detail)
    })?;
    // A struct could also be read from a list of its fields, past every name.
    if text.trim_start().starts_with('[') {
        return Err(Problem::field("#", "expected an object, got a list"));
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let pointer = pointer(error.path());
        let error = error.into_inner();
        if error.is_data() {
            Problem::field(pointer, without_position(&error))
        } else {
            Problem::new(ProblemCode::MalformedJson, error.to_string())
        }
    })?;
    deserializer
        .end()
        .map_err(|error| Problem::new(ProblemCode::MalformedJson, error.to_string()))?;
    Ok(value)
}

/// serde_json's message without the line and column, which the pointer replaces.
fn without_position(error: &serde_json::Error) -> String {
    let message = error.to_string();
    message.rfind(" at line ").map_or(message.as_str(), |end| &message[..end]).to_owned()
}

/// RFC 6901, in a URI fragment as problem details use it.
fn pointer(path: &Path) -> String {
    path.iter().fold("#".to_owned(), |pointer, segment| match segment {
        Segment::Seq { index } => format!("{pointer}/{index}"),
        Segment::Map { key } | Segment::Enum { variant: key } => {
            format!("{pointer}/{}", escaped(key))
        }
        Segment::Unknown => pointer,
    })
}

/// A member's name as part of a JSON pointer.
#[must_use]
pub fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// Why an instant is too far in the future, if it is: a clock is wrong, or a day and a month changed places.
#[must_use]
pub fn future_fault(
    app: &App,
    pointer: &str,
    at: Timestamp,
    now: Timestamp,
) -> Option<FieldProblem> {
    let tolerance_s = app.settings.events.future_tolerance_s;
    let ahead_ms = at.millis() - now.millis();
    (ahead_ms > i64::from(tolerance_s) * 1000).then(|| {
        let detail = format!(
            "{at} is in the future: this machine's clock says {now}, and at most {tolerance_s} s more are accepted"
        );
        FieldProblem::new(pointer, detail)
    })
}

/// The parameters of an address; unknown ones are refused by `T`'s `deny_unknown_fields`.
///
/// # Errors
/// [`ProblemCode::InvalidQuery`].
pub fn query<T: DeserializeOwned>(request: &HttpRequest) -> Result<T, Problem> {
    web::Query::<T>::from_query(request.query_string())
        .map(web::Query::into_inner)
        .map_err(|error| Problem::new(ProblemCode::InvalidQuery, error.to_string()))
}

/// A ticket's id in an address.
///
/// # Errors
/// [`ProblemCode::InvalidQuery`].
pub fn path_id(text: &str) -> Result<Name, Problem> {
    path_name("ticket id", text)
}

/// A name in an address; `what` it is stands in the fault.
///
/// # Errors
/// [`ProblemCode::InvalidQuery`].
pub fn path_name(what: &str, text: &str) -> Result<Name, Problem> {
    let fault =
        |reason: String| Problem::new(ProblemCode::InvalidQuery, format!("{what}: {reason}"));
    // What stands in the place of bytes that are not UTF-8: different identifiers would look the same.
    if text.contains(char::REPLACEMENT_CHARACTER) {
        return Err(fault("expected percent-encoded UTF-8".to_owned()));
    }
    Name::parse(text).map_err(|error| fault(error.to_string()))
}

/// Checks that a list has 1 to `most` items.
///
/// # Errors
/// [`ProblemCode::TooManyItems`], also for none.
pub fn check_count(pointer: &str, count: usize, most: usize) -> Result<(), Problem> {
    if (1..=most).contains(&count) {
        return Ok(());
    }
    let detail = format!("expected 1 to {most} items, got {count}");
    let mut problem = Problem::new(ProblemCode::TooManyItems, format!("{pointer}: {detail}"));
    problem.errors.push(FieldProblem::new(pointer, detail));
    Err(problem)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        #[serde(rename = "inputs")]
        _inputs: Vec<Input>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Input {
        #[serde(rename = "count")]
        _count: u32,
    }

    fn problem(json: &[u8]) -> Problem {
        parse::<Sample>(json).unwrap_err()
    }

    #[test]
    fn a_fault_is_pointed_at() {
        let wrong = problem(br#"{"inputs":[{"count":1},{"count":-1}]}"#);
        assert_eq!(wrong.code, ProblemCode::InvalidInput);
        assert_eq!(wrong.errors[0].pointer, "#/inputs/1/count");
        assert!(wrong.errors[0].detail.contains("-1"), "{wrong}");
        let unknown = problem(br#"{"inputs":[{"count":1,"colour":2}]}"#);
        assert_eq!(unknown.errors[0].pointer, "#/inputs/0/colour");
    }

    #[test]
    fn what_is_no_json_is_told_apart_from_what_is_not_expected() {
        for json in
            [&b"{"[..], b"", b"{\"inputs\":[]} x", b"{\"inputs\":[{\"count\":1e999}]}", b"\xff"]
        {
            assert_eq!(problem(json).code, ProblemCode::MalformedJson, "{json:?}");
        }
    }
}
