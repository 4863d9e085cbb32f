//! [`LiveMonitoring`]: the newest [`MonitoringReport`], computed when it is due and kept for a while.

use crate::monitoring::{Figure, MonitoringOptions, MonitoringReport, Windows};
use crate::store::{Store, StoreError, Tenant};
use crate::timestamp::Timestamp;
use std::sync::Arc;
use tokio::sync::Mutex;

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum MonitoringError {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The thread that computed it ended before it was done.
    #[error("comparing the windows was interrupted")]
    Interrupted,
}

/// The report that is kept. Whoever computes one holds the lock, so that no two are computed at once.
pub struct LiveMonitoring {
    options: MonitoringOptions,
    kept: Mutex<Option<Arc<MonitoringReport>>>,
}

/// The level of a figure that is in no report any more.
const GONE: f64 = -1.0;

impl LiveMonitoring {
    /// Nothing computed yet.
    #[must_use]
    pub fn new(options: MonitoringOptions) -> Self {
        Self { options, kept: Mutex::default() }
    }

    /// The report that is kept, or a new one where that is older than `refresh_interval_s`; a new one also goes to the metrics.
    ///
    /// # Errors
    /// [`MonitoringError`] when the database or the thread fails; what was kept stays.
    pub async fn report(
        &self,
        store: &Store,
        tenant: &Tenant,
        now: Timestamp,
    ) -> Result<Arc<MonitoringReport>, MonitoringError> {
        let mut kept = self.kept.lock().await;
        let seconds = i64::try_from(self.options.refresh_interval_s).unwrap_or(i64::MAX);
        let lasts_ms = seconds.saturating_mul(1000);
        if let Some(report) = kept.as_ref()
            && now.millis().saturating_sub(report.computed_at.millis()) < lasts_ms
        {
            return Ok(Arc::clone(report));
        }
        let report = Arc::new(compute(store, tenant, self.options, now).await?);
        tell_metrics(&report, kept.as_deref());
        *kept = Some(Arc::clone(&report));
        Ok(report)
    }
}

/// Reads both windows as of `now` and compares them in a thread that may block.
///
/// # Errors
/// [`MonitoringError`] when the database or the thread fails.
pub async fn compute(
    store: &Store,
    tenant: &Tenant,
    options: MonitoringOptions,
    now: Timestamp,
) -> Result<MonitoringReport, MonitoringError> {
    let windows = Windows::ending(now, &options);
    let samples = store.monitoring_samples(tenant, &windows, &options, now).await?;
    tokio::task::spawn_blocking(move || MonitoringReport::new(&samples, windows, &options, now))
        .await
        .map_err(|_| MonitoringError::Interrupted)
}

/// Sets the gauges; those of figures that only the report before had are withdrawn.
fn tell_metrics(report: &MonitoringReport, before: Option<&MonitoringReport>) {
    for gone in before.iter().flat_map(|before| &before.figures) {
        let is_told = |figure: &Figure| figure.name == gone.name && figure.label == gone.label;
        let now = report.figures.iter().find(|figure| is_told(figure));
        let label = gone.label.clone().unwrap_or_default();
        if now.is_none() {
            metrics::gauge!("recontact_monitoring_status", "figure" => gone.name, "label" => label.clone())
                .set(GONE);
        }
        if now.is_none_or(|figure| figure.value.is_none()) {
            metrics::gauge!("recontact_monitoring_value", "figure" => gone.name, "label" => label)
                .set(f64::NAN);
        }
    }
    for figure in &report.figures {
        let label = figure.label.clone().unwrap_or_default();
        metrics::gauge!("recontact_monitoring_status", "figure" => figure.name, "label" => label.clone())
            .set(figure.status.level());
        if let Some(value) = figure.value {
            metrics::gauge!("recontact_monitoring_value", "figure" => figure.name, "label" => label)
                .set(value);
        }
    }
}
