//! Answers queries for key figures: days that have changed are counted anew first, so that what is told is exact.

use crate::effect::EffectPolicy;
use crate::kpi::{Day, KpiChange, KpiContext, KpiOptions, KpiQuery, KpiReport, Measure, Period};
use crate::store::{ExperimentEffect, Store, StoreError, Tenant};
use crate::ticket::Name;
use crate::timestamp::Timestamp;

/// Why there are no figures.
#[derive(Debug, thiserror::Error)]
pub enum KpiError {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// So much has changed that one request cannot count it: after an upgrade or a large import.
    #[error("{0} days of the period have changed and are still to be counted")]
    NotCounted(u64),
    /// There are more figures than one answer may have.
    #[error(
        "by: {found} figures are asked for, at most {most} are told: ask for fewer slices, longer steps or fewer measures"
    )]
    TooMany {
        /// So many there are.
        found: usize,
        /// So many are told.
        most: usize,
    },
    /// Something stored is not as it was written.
    #[error("{0}")]
    Corrupt(String),
}

/// Tells the figures of a query.
///
/// # Errors
/// [`KpiError`].
pub async fn tell(
    store: &Store,
    tenant: &Tenant,
    options: &KpiOptions,
    query: &KpiQuery,
    context: KpiContext<'_>,
) -> Result<KpiReport, KpiError> {
    let counted = if query.needs_backlog() {
        // What is open depends on all days before.
        Period { from: crate::kpi::Day::from_number(0), to: query.period.to }
    } else {
        query.period
    };
    catch_up(store, tenant, options, counted).await?;
    let days = store.kpi_days(tenant, query, context.mature_until(query.window_days)).await?;
    let (found, most) = (query.figures_of(&days), options.figures_max);
    if found > most {
        return Err(KpiError::TooMany { found, most });
    }
    KpiReport::new(query, &days, context).map_err(KpiError::Corrupt)
}

/// Tells why a rate moved to a period from the one before.
///
/// # Errors
/// [`KpiError`].
pub async fn tell_change(
    store: &Store,
    tenant: &Tenant,
    options: &KpiOptions,
    (measure, period, window_days): (&'static Measure, Period, u32),
    context: KpiContext<'_>,
) -> Result<KpiChange, KpiError> {
    let both = Period { from: period.previous().from, to: period.to };
    catch_up(store, tenant, options, both).await?;
    let days =
        store.kpi_days_by_category(tenant, period, context.mature_until(window_days)).await?;
    Ok(KpiChange::new(measure, period, window_days, &days, context))
}

/// Counts the days of a period anew that have changed.
///
/// # Errors
/// [`KpiError::NotCounted`] when there are too many of them, or [`KpiError::Store`].
pub async fn catch_up(
    store: &Store,
    tenant: &Tenant,
    options: &KpiOptions,
    period: Period,
) -> Result<(), KpiError> {
    let (zone, most) = (&options.time_zone, options.days_at_once);
    let refreshed = store.refresh_kpis(tenant, zone, Some(period), most).await?;
    if refreshed.left > 0 { Err(KpiError::NotCounted(refreshed.left)) } else { Ok(()) }
}

/// What an experiment shows: from counted days where there are few enough to be counted anew, else from the closings themselves.
/// `None` when there is none of this identifier.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn tell_effect(
    store: &Store,
    tenant: &Tenant,
    options: &KpiOptions,
    (id, policy): (&Name, &EffectPolicy),
    now: Timestamp,
) -> Result<Option<ExperimentEffect>, StoreError> {
    // A closing may be somewhat ahead of the clock here.
    let until = options.time_zone.day_of(now.plus_days(1)).plus(1);
    let always = Period { from: Day::from_number(0), to: until };
    let counted = match catch_up(store, tenant, options, always).await {
        Ok(()) => store.counted_experiment_effect(tenant, id, policy, now).await?,
        Err(KpiError::Store(error)) => return Err(error),
        Err(_) => None,
    };
    match counted {
        Some(effect) => Ok(Some(effect)),
        None => store.experiment_effect(tenant, id, policy, now).await,
    }
}
