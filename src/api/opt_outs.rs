//! Customers who want neither to be scored nor to be contacted.

use super::body::{JsonBody, query};
use super::identity_body::IdentityInput;
use super::problem::{Problem, ProblemCode};
use super::tickets::parse_limit;
use crate::app::App;
use crate::store::{CustomerHash, OptOut, OptOutRecorded};
use crate::ticket::{CustomerId, Name};
use crate::timestamp::Timestamp;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Who wants to be left alone; named by `customer_id`, by `identity` or by `customer`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OptOutRequest {
    /// The helpdesk's identifier of the customer; only its keyed hash is stored.
    customer_id: Option<CustomerId>,
    /// Any other name of the customer, such as an e-mail address or a telephone number; only its keyed hash is stored.
    identity: Option<IdentityInput>,
    /// The customer's keyed hash, as answers give it.
    customer: Option<String>,
    /// Who records it.
    author: Name,
    /// Why, such as: asked for it on the phone.
    reason: Name,
}

/// An opt-out that holds.
#[derive(Debug, Serialize, ToSchema)]
pub struct OptOutView {
    /// The customer's keyed hash.
    customer: String,
    /// Who recorded it.
    author: Name,
    /// Why.
    reason: Name,
    /// Since when.
    opted_out_at: Timestamp,
}

/// What became of an opt-out.
#[derive(Debug, Serialize, ToSchema)]
pub struct OptOutResponse {
    /// recorded, or unchanged when the customer had opted out before.
    outcome: &'static str,
    /// Open follow-ups that were taken out of the queue.
    suppressed_follow_ups: u64,
    /// As it holds.
    opt_out: OptOutView,
}

/// Opt-outs that hold.
#[derive(Debug, Serialize, ToSchema)]
pub struct OptOutList {
    /// In no order that means anything.
    opt_outs: Vec<OptOutView>,
    /// Asks for the next page; null on the last one.
    next_cursor: Option<String>,
}

/// Which opt-outs to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OptOutQuery {
    /// Opt-outs on a page.
    #[param(value_type = Option<u32>)]
    limit: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Who withdraws an opt-out.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct WithdrawQuery {
    /// Who does it.
    author: String,
}

impl From<OptOut> for OptOutView {
    fn from(opt_out: OptOut) -> Self {
        Self {
            customer: opt_out.customer.to_string(),
            author: opt_out.author,
            reason: opt_out.reason,
            opted_out_at: opt_out.opted_out_at,
        }
    }
}

/// Records that a customer wants neither to be scored nor to be contacted: tickets are closed without an assessment from now on,
/// and open follow-ups leave the queue.
#[utoipa::path(
    post, path = "/v1/opt-outs", tag = "follow-ups", request_body = OptOutRequest,
    responses(
        (status = 200, body = OptOutResponse, description = "Opted out before"),
        (status = 201, body = OptOutResponse),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn record_opt_out(
    app: web::Data<App>,
    JsonBody(request): JsonBody<OptOutRequest>,
) -> Result<HttpResponse, Problem> {
    let customer = customer_of(&app, &request)?;
    let OptOutRequest { author, reason, .. } = request;
    let opt_out = OptOut { customer, author, reason, opted_out_at: Timestamp::now() };
    let recorded = app
        .store
        .opt_out(&app.tenant, &opt_out)
        .await
        .map_err(|error| Problem::from_store(error, app.settings.limits.retry_after_s))?;
    Ok(match recorded {
        OptOutRecorded::Recorded { opt_out, suppressed } => {
            HttpResponse::Created().json(OptOutResponse {
                outcome: "recorded",
                suppressed_follow_ups: suppressed,
                opt_out: opt_out.into(),
            })
        }
        OptOutRecorded::Unchanged(opt_out) => HttpResponse::Ok().json(OptOutResponse {
            outcome: "unchanged",
            suppressed_follow_ups: 0,
            opt_out: opt_out.into(),
        }),
    })
}

/// Lists the opt-outs that hold.
#[utoipa::path(
    get, path = "/v1/opt-outs", tag = "follow-ups", params(OptOutQuery),
    responses(
        (status = 200, body = OptOutList),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn list_opt_outs(
    app: web::Data<App>,
    request: HttpRequest,
) -> Result<web::Json<OptOutList>, Problem> {
    let list: OptOutQuery = query(&request)?;
    let limits = &app.settings.limits;
    let limit = parse_limit(list.limit.as_deref(), limits.page_size, limits.page_size_max)?;
    let after = list.cursor.as_deref().map(|cursor| {
        CustomerHash::parse(cursor).map_err(|_| {
            Problem::new(ProblemCode::InvalidQuery, "cursor: expected the next_cursor of a page")
        })
    });
    let after = after.transpose()?;
    // One more than asked for tells whether there is another page.
    let mut opt_outs = app
        .store
        .opt_outs(&app.tenant, after.as_ref(), limit.saturating_add(1))
        .await
        .map_err(|error| Problem::from_store(error, limits.retry_after_s))?;
    let has_more = opt_outs.len() > limit as usize;
    opt_outs.truncate(limit as usize);
    let last = opt_outs.last().filter(|_| has_more);
    let next_cursor = last.map(|last| last.customer.to_string());
    let opt_outs = opt_outs.into_iter().map(OptOutView::from).collect();
    Ok(web::Json(OptOutList { opt_outs, next_cursor }))
}

/// Tells whether a customer has opted out, under any of their identities.
#[utoipa::path(
    get, path = "/v1/opt-outs/{customer}", tag = "follow-ups",
    params(("customer" = String, Path, description = "The customer's keyed hash, as answers give it")),
    responses(
        (status = 200, body = OptOutView),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn show_opt_out(
    app: web::Data<App>,
    customer: web::Path<String>,
) -> Result<web::Json<OptOutView>, Problem> {
    let customer = path_customer(&customer)?;
    let opt_out = app
        .store
        .opt_out_of(&app.tenant, &customer)
        .await
        .map_err(|error| Problem::from_store(error, app.settings.limits.retry_after_s))?;
    opt_out.map(|opt_out| web::Json(opt_out.into())).ok_or_else(|| not_opted_out(&customer))
}

/// Withdraws an opt-out. Closings from then on are assessed again; follow-ups that left the queue stay out of it.
#[utoipa::path(
    delete, path = "/v1/opt-outs/{customer}", tag = "follow-ups",
    params(
        ("customer" = String, Path, description = "The customer's keyed hash, as answers give it"),
        WithdrawQuery,
    ),
    responses(
        (status = 204, description = "It holds no longer"),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn withdraw_opt_out(
    app: web::Data<App>,
    request: HttpRequest,
    customer: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let customer = path_customer(&customer)?;
    let WithdrawQuery { author } = query(&request)?;
    let author = Name::parse(&author)
        .map_err(|error| Problem::new(ProblemCode::InvalidQuery, format!("author: {error}")))?;
    let withdrawn = app
        .store
        .withdraw_opt_out(&app.tenant, &customer, &author, Timestamp::now())
        .await
        .map_err(|error| Problem::from_store(error, app.settings.limits.retry_after_s))?;
    if withdrawn { Ok(HttpResponse::NoContent().finish()) } else { Err(not_opted_out(&customer)) }
}

fn customer_of(app: &App, request: &OptOutRequest) -> Result<CustomerHash, Problem> {
    match (&request.customer_id, &request.identity, &request.customer) {
        (Some(id), None, None) => Ok(app.store.customer_hash(&app.tenant, id)),
        (None, Some(identity), None) => {
            let identity =
                identity.parse("#/identity").map_err(|fault| Problem::invalid(vec![fault]))?;
            Ok(app.store.identity_hash(&app.tenant, &identity))
        }
        (None, None, Some(hash)) => {
            CustomerHash::parse(hash).map_err(|error| Problem::field("#/customer", error))
        }
        _ => Err(Problem::field("#", "expected one of customer_id, identity and customer")),
    }
}

fn path_customer(text: &str) -> Result<CustomerHash, Problem> {
    CustomerHash::parse(text)
        .map_err(|error| Problem::new(ProblemCode::InvalidQuery, format!("customer: {error}")))
}

fn not_opted_out(customer: &CustomerHash) -> Problem {
    Problem::new(ProblemCode::OptOutNotFound, format!("no opt-out of customer {customer} holds"))
}
