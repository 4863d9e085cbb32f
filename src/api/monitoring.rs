//! `GET /v1/monitoring`: whether what the models see and say has changed.

use super::problem::{Problem, ProblemCode};
use crate::app::App;
use crate::live_monitoring::MonitoringError;
use crate::monitoring::MonitoringReport;
use crate::timestamp::Timestamp;
use actix_web::web;

/// Compares the last days with the weeks before: probabilities, labels, languages, risks, outcomes and vectors of texts. Kept for
/// `monitoring.refresh_interval_s`.
#[utoipa::path(
    get, path = "/v1/monitoring", tag = "operations",
    responses(
        (status = 200, body = MonitoringReport),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn show_monitoring(app: web::Data<App>) -> Result<web::Json<MonitoringReport>, Problem> {
    let report = app.monitoring.report(&app.store, &app.tenant, Timestamp::now()).await;
    let report = report.map_err(|error| match error {
        MonitoringError::Store(error) => {
            Problem::from_store(error, app.settings.limits.retry_after_s)
        }
        MonitoringError::Interrupted => Problem::new(ProblemCode::Internal, error.to_string()),
    })?;
    Ok(web::Json(MonitoringReport::clone(&report)))
}
