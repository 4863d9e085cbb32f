//! Logs, and one span and one set of counters for each request. Never the text of a contact, a key or an identity.

use crate::config::LogFormat;
use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use std::io::{self, IsTerminal};
use std::sync::OnceLock;
use std::time::Instant;
use tracing_subscriber::EnvFilter;

/// Upper bounds of the request durations' histogram, in seconds.
const DURATION_BUCKETS_S: [f64; 12] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];
/// Upper bounds of the batch sizes' histogram, in tokens.
const BATCH_BUCKETS: [f64; 9] = [8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0, 4096.0];

/// Starts logging to standard error. `RUST_LOG` chooses what is logged; `info` unless set, of the server library `warn`.
pub fn start_logging(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new("info,actix_server=warn"));
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        // A closed log pipe must not become a panic: the library would print that failure to the same pipe.
        .log_internal_errors(false)
        .with_ansi(io::stderr().is_terminal());
    // Fails only if logging was started before, as several services in one test process do.
    let _ = match format {
        LogFormat::Text => lines.try_init(),
        LogFormat::Json => lines.json().try_init(),
    };
}

/// Starts counting; once per process, however often it is called.
///
/// # Errors
/// If another recorder was installed.
pub fn start_metrics() -> Result<PrometheusHandle, String> {
    static HANDLE: OnceLock<Result<PrometheusHandle, String>> = OnceLock::new();
    HANDLE
        .get_or_init(|| {
            let builder = PrometheusBuilder::new()
                .set_buckets_for_metric(
                    Matcher::Full("recontact_http_request_duration_seconds".to_owned()),
                    &DURATION_BUCKETS_S,
                )
                .and_then(|builder| {
                    let batches = Matcher::Full("recontact_inference_batch_tokens".to_owned());
                    builder.set_buckets_for_metric(batches, &BATCH_BUCKETS)
                });
            let handle = builder
                .and_then(PrometheusBuilder::install_recorder)
                .map_err(|error| error.to_string())?;
            describe();
            Ok(handle)
        })
        .clone()
}

fn describe() {
    use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
    describe_counter!(
        "recontact_http_requests_total",
        "Requests answered, by route, method and status"
    );
    describe_histogram!(
        "recontact_http_request_duration_seconds",
        Unit::Seconds,
        "Time from a request's head to its answer"
    );
    describe_counter!("recontact_classifications_total", "Texts classified, by action");
    describe_counter!("recontact_truncated_texts_total", "Texts whose end was left out");
    describe_counter!("recontact_tickets_closed_total", "Tickets closed, by risk band");
    describe_histogram!(
        "recontact_next_issues_seconds",
        Unit::Seconds,
        "Time to compute the map of next issues"
    );
    describe_counter!(
        "recontact_follow_ups_enqueued_total",
        "Flagged closings, by arm and by what became of them"
    );
    describe_counter!("recontact_follow_up_steps_total", "Steps that people made, by action");
    describe_counter!(
        "recontact_follow_ups_expired_total",
        "Follow-ups that were not made in time"
    );
    describe_counter!(
        "recontact_overloaded_total",
        "Requests refused because too much was waiting"
    );
    describe_counter!("recontact_model_load_failures_total", "Models that could not be loaded");
    describe_gauge!(
        "recontact_monitoring_status",
        "What a comparison of the last days with those before asks for: -1 too few cases, 0 nothing, 1 watch, 2 alert"
    );
    describe_gauge!("recontact_monitoring_value", "The value of that comparison");
    describe_gauge!("recontact_inference_queue_texts", "Texts waiting for inference");
    describe_histogram!("recontact_inference_batch_tokens", "Tokens in one inference batch");
    describe_counter!(
        "recontact_embedding_cache_total",
        "Texts looked up among the embeddings kept, by result: hit or miss"
    );
    describe_gauge!(
        "recontact_embedding_cache_entries",
        "Embeddings kept for texts that come again"
    );
    describe_counter!(
        "recontact_shared_texts_total",
        "Texts that were not computed because an equal one was being computed"
    );
    describe_counter!(
        "recontact_cancelled_requests_total",
        "Requests dropped before they were answered because their caller had gone"
    );
    describe_counter!(
        "recontact_shadow_compared_total",
        "Answers that a model beside the live one was asked for too, by whether they were the same"
    );
    describe_counter!(
        "recontact_shadow_failures_total",
        "Times a model beside the live one failed; no answer depended on it"
    );
    describe_gauge!(
        "recontact_shadow_mean_absolute_difference",
        "Mean difference of the probabilities of a model and the live one, without its sign"
    );
    describe_gauge!(
        "recontact_model_info",
        "1 for each model version that serves, 0 for one that did"
    );
}

/// Counts and logs a request. The route's pattern is used, never the address itself: it holds identifiers.
///
/// # Errors
/// What the handler fails with.
pub async fn observe(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let start = Instant::now();
    let method = request.method().to_string();
    let route = request.match_pattern().unwrap_or_else(|| "unknown".to_owned());
    let result = next.call(request).await;
    let status = match &result {
        Ok(response) => response.status(),
        Err(error) => error.as_response_error().status_code(),
    };
    let seconds = start.elapsed().as_secs_f64();
    tracing::debug!(
        method,
        route,
        status = status.as_u16(),
        duration_ms = seconds * 1e3,
        "request"
    );
    metrics::counter!(
        "recontact_http_requests_total",
        "method" => known_method(&method), "route" => route.clone(), "status" => status.as_str().to_owned()
    )
    .increment(1);
    metrics::histogram!("recontact_http_request_duration_seconds", "route" => route)
        .record(seconds);
    result
}

/// Methods are a client's choice; an unbounded label must not be.
fn known_method(method: &str) -> &'static str {
    ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]
        .into_iter()
        .find(|known| *known == method)
        .unwrap_or("other")
}
