//! Customers: which identities are one person, and their erasure.

use super::body::JsonBody;
use super::identity_body::IdentityInput;
use super::outcomes::parse_reason;
use super::problem::{FieldProblem, Problem, ProblemCode};
use crate::app::App;
use crate::customer_key;
use crate::identity::Identity;
use crate::store::{ErasureReport, ErasureRequest, IdentitiesMerged, IdentityMerge, MergeUndone};
use crate::ticket::Name;
use crate::timestamp::Timestamp;
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Two identities of one person.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MergeRequest {
    /// One identity.
    a: IdentityInput,
    /// The other.
    b: IdentityInput,
    /// Who says so.
    author: Name,
    /// On what ground, 1 to 1000 characters.
    #[schema(min_length = 1, max_length = 1000)]
    reason: String,
}

/// A merge.
#[derive(Debug, Serialize, ToSchema)]
pub struct MergeView {
    /// Its identifier.
    id: String,
    /// One identity's keyed hash.
    a: String,
    /// The other's.
    b: String,
    /// Who said that they are one person; "system" when they came with one contact.
    author: Name,
    /// On what ground; when undone, why that was done too.
    reason: String,
    /// When.
    merged_at: Timestamp,
    /// When it was undone, if it was.
    undone_at: Option<Timestamp>,
    /// Who undid it.
    undone_by: Option<Name>,
}

/// Merges, the latest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct MergeList {
    /// At most `limits.page_size_max` of them.
    merges: Vec<MergeView>,
}

/// Why a merge is undone.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UndoRequest {
    /// Who says so.
    author: Name,
    /// On what ground, 1 to 1000 characters.
    #[schema(min_length = 1, max_length = 1000)]
    reason: String,
}

impl MergeView {
    fn new(merge: IdentityMerge) -> Self {
        Self {
            id: merge.id,
            a: merge.a.to_string(),
            b: merge.b.to_string(),
            author: merge.author,
            reason: merge.reason,
            merged_at: merge.merged_at,
            undone_at: merge.undone_at,
            undone_by: merge.undone_by,
        }
    }
}

/// Makes two identities one person: from now on each counts in the other's history, and outcomes are derived anew. The same
/// pair again changes nothing while the merge stands.
#[utoipa::path(
    post, path = "/v1/customers/merges", tag = "customers", request_body = MergeRequest,
    responses(
        (status = 200, body = MergeView, description = "They were merged before"),
        (status = 201, body = MergeView),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn merge_customers(
    app: web::Data<App>,
    JsonBody(body): JsonBody<MergeRequest>,
) -> Result<HttpResponse, Problem> {
    let mut faults = Vec::new();
    let a = body.a.parse("#/a").map_err(|fault| faults.push(fault));
    let b = body.b.parse("#/b").map_err(|fault| faults.push(fault));
    let reason = parse_reason(&body.reason).map_err(|fault| faults.push(fault));
    let (Ok(a), Ok(b), Ok(reason)) = (a, b, reason) else { return Err(Problem::invalid(faults)) };
    let pairs = app.adjacent_pairs();
    let rules = app.outcome_rules(&pairs);
    let merged = app
        .store
        .merge_identities(&app.tenant, &a, &b, &body.author, &reason, &rules, Timestamp::now())
        .await
        .map_err(|error| Problem::from_store(error, app.settings.limits.retry_after_s))?;
    match merged {
        IdentitiesMerged::Merged(merge) => Ok(HttpResponse::Created().json(MergeView::new(merge))),
        IdentitiesMerged::Unchanged(merge) => Ok(HttpResponse::Ok().json(MergeView::new(merge))),
        IdentitiesMerged::SameIdentity => Err(Problem::field(
            "#/b",
            "expected another identity than a: both have the same normal form",
        )),
    }
}

/// Lists merges, undone ones included, the latest first.
#[utoipa::path(
    get, path = "/v1/customers/merges", tag = "customers",
    responses(
        (status = 200, body = MergeList),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn list_merges(app: web::Data<App>) -> Result<web::Json<MergeList>, Problem> {
    let limits = &app.settings.limits;
    let merges = app
        .store
        .identity_merges(&app.tenant, limits.page_size_max)
        .await
        .map_err(|error| Problem::from_store(error, limits.retry_after_s))?;
    Ok(web::Json(MergeList { merges: merges.into_iter().map(MergeView::new).collect() }))
}

/// Takes a merge back; outcomes are derived anew, as if it had never been. It is not made again by itself.
#[utoipa::path(
    post, path = "/v1/customers/merges/{id}/undo", tag = "customers", request_body = UndoRequest,
    params(("id" = String, Path, description = "The merge's identifier")),
    responses(
        (status = 200, body = MergeView),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn undo_merge(
    app: web::Data<App>,
    id: web::Path<String>,
    JsonBody(body): JsonBody<UndoRequest>,
) -> Result<web::Json<MergeView>, Problem> {
    let reason = parse_reason(&body.reason).map_err(|fault| Problem::invalid(vec![fault]))?;
    let pairs = app.adjacent_pairs();
    let rules = app.outcome_rules(&pairs);
    let undone = app
        .store
        .undo_merge(&app.tenant, &id, &body.author, &reason, &rules, Timestamp::now())
        .await
        .map_err(|error| Problem::from_store(error, app.settings.limits.retry_after_s))?;
    match undone {
        MergeUndone::Undone(merge) | MergeUndone::Unchanged(merge) => {
            Ok(web::Json(MergeView::new(merge)))
        }
        MergeUndone::UnknownMerge => {
            Err(Problem::new(ProblemCode::MergeNotFound, format!("no merge {:?}", id.as_str())))
        }
    }
}

/// Whom to erase.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EraseRequest {
    /// Any identity of the person; all of theirs are erased.
    identity: IdentityInput,
    /// Who erases.
    author: Name,
    /// On what ground, 1 to 1000 characters; it is kept, so it must not name the customer.
    #[schema(min_length = 1, max_length = 1000)]
    reason: String,
    /// Only tell what would be removed.
    #[serde(default)]
    dry_run: bool,
}

/// What was erased or would be.
#[derive(Debug, Serialize, ToSchema)]
pub struct EraseResponse {
    /// Whether nothing was changed.
    dry_run: bool,
    /// What was removed.
    removed: ErasureReport,
}

impl EraseRequest {
    fn parse(&self) -> Result<(Identity, String), Problem> {
        let mut faults: Vec<FieldProblem> = Vec::new();
        let identity = self.identity.parse("#/identity").map_err(|fault| faults.push(fault));
        let reason = parse_reason(&self.reason).map_err(|fault| faults.push(fault));
        match (identity, reason) {
            (Ok(identity), Ok(reason)) => Ok((identity, reason)),
            _ => Err(Problem::invalid(faults)),
        }
    }
}

/// Erases a customer: everything that tells who they are or what they wrote goes; outcomes stay, without customer.
#[utoipa::path(
    delete, path = "/v1/customers", tag = "customers", request_body = EraseRequest,
    responses(
        (status = 200, body = EraseResponse),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn erase_customer(
    app: web::Data<App>,
    JsonBody(body): JsonBody<EraseRequest>,
) -> Result<web::Json<EraseResponse>, Problem> {
    let (identity, reason) = body.parse()?;
    let random = customer_key::random_bytes().map_err(|error| {
        tracing::error!(%error, "the system gives no random bytes");
        Problem::new(ProblemCode::Internal, "the system gives no random bytes")
    })?;
    let request =
        ErasureRequest { identity, author: body.author, reason, random, is_dry_run: body.dry_run };
    let removed = app
        .store
        .erase_customer(&app.tenant, &request, Timestamp::now())
        .await
        .map_err(|error| Problem::from_store(error, app.settings.limits.retry_after_s))?
        .ok_or_else(|| {
            Problem::new(ProblemCode::CustomerNotFound, "nothing is stored of this identity")
        })?;
    Ok(web::Json(EraseResponse { dry_run: request.is_dry_run, removed }))
}
