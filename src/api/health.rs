//! `/health/live`, `/health/ready` and `/metrics`.

use super::problem::Problem;
use crate::app::App;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

/// The process runs.
#[derive(Debug, Serialize, ToSchema)]
pub struct Liveness {
    live: bool,
}

/// Whether requests can be answered, and if not, why.
#[derive(Debug, Serialize, ToSchema)]
pub struct Readiness {
    ready: bool,
    /// ok, or what is wrong with the database.
    store: String,
    /// ok, or why no category model is loaded.
    category: String,
    /// ok, or why no risk model is loaded.
    risk: String,
}

/// Tells that the process runs; depends on nothing else.
#[utoipa::path(get, path = "/health/live", tag = "operations", responses((status = 200, body = Liveness)))]
pub async fn live() -> web::Json<Liveness> {
    web::Json(Liveness { live: true })
}

/// Tells whether the models are loaded and the database answers.
#[utoipa::path(
    get, path = "/health/ready", tag = "operations",
    responses((status = 200, body = Readiness), (status = 503, body = Readiness))
)]
pub async fn ready(app: web::Data<App>) -> HttpResponse {
    let said = |problem: Option<Problem>| problem.map_or("ok".to_owned(), |p| p.detail);
    let store = match app.store.ping().await {
        Ok(()) => "ok".to_owned(),
        Err(error) => {
            tracing::warn!(%error, "the database does not answer");
            "the database does not answer".to_owned()
        }
    };
    let (category, risk) = (said(app.classifier().err()), said(app.risk().err()));
    let ready = [&store, &category, &risk].into_iter().all(|part| part == "ok");
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    HttpResponse::build(status).json(Readiness { ready, store, category, risk })
}

/// Counters and gauges in Prometheus' text format.
#[utoipa::path(
    get, path = "/metrics", tag = "operations",
    responses((status = 200, body = String, content_type = "text/plain"))
)]
pub async fn show_metrics(app: web::Data<App>) -> HttpResponse {
    metrics::gauge!("recontact_inference_queue_texts").set(as_gauge(app.queue.waiting()));
    metrics::gauge!("recontact_embedding_cache_entries").set(as_gauge(app.queue.cached()));
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8"))
        .body(app.metrics.render())
}

#[expect(clippy::cast_precision_loss, reason = "a number of texts in memory fits into 53 bits")]
fn as_gauge(count: usize) -> f64 {
    count as f64
}
