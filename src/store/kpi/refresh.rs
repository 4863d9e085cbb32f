//! Counts the days anew that have changed.

use super::super::rows::{bulk_query, list_from, placeholders};
use super::super::{PER_STATEMENT, Store, StoreError, Tenant};
use super::closings::write_closings;
use super::load::{DaySpan, load_day};
use super::months::forget_month;
use crate::kpi::{Cells, Day, Period, RULES, Values, Zone, count};
use crate::timestamp::{DAY_MS, Timestamp};
use sqlx::AnyConnection;
use std::collections::BTreeSet;

/// What counting anew came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct KpisRefreshed {
    /// Local days that were counted.
    pub days: u64,
    /// Changed days of UTC that are left for the next time.
    pub left: u64,
}

/// By which zone and rules a tenant's days are counted.
const BASIS: &str = "kpi_basis";

/// Every kind of values that is kept one by one.
pub(super) const VALUES: [Values; 3] = [Values::Response, Values::Resolution, Values::Customers];

impl Store {
    /// Counts the days anew that have changed, at most about `most` of them; those of `period` only, where one is given. Each is
    /// counted in a transaction of its own, so that nobody waits long. It may run in several processes at once and may be
    /// interrupted.
    ///
    /// Where the days were counted in another zone or by other rules, all of them are to be counted anew.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn refresh_kpis(
        &self,
        tenant: &Tenant,
        zone: &Zone,
        period: Option<Period>,
        most: u32,
    ) -> Result<KpisRefreshed, StoreError> {
        self.take_up_basis(tenant, zone).await?;
        let changed = self.changed_days(tenant, zone, period).await?;
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let mut done = KpisRefreshed { days: 0, left: changed.len().saturating_sub(most) as u64 };
        for day in changed.into_iter().take(most) {
            let mut write = self.begin_write().await?;
            let days = count_utc_day(write.connection(), tenant, zone, day).await?;
            write.finish(true).await?;
            done.days += days;
        }
        Ok(done)
    }

    /// Marks everything to be counted anew. Nothing is lost by it: it only costs the time to count.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn forget_kpis(&self, tenant: &Tenant) -> Result<(), StoreError> {
        let mut write = self.begin_write().await?;
        forget(write.connection(), tenant).await?;
        write.finish(true).await
    }

    /// Sees to it that days are counted in this zone.
    async fn take_up_basis(&self, tenant: &Tenant, zone: &Zone) -> Result<(), StoreError> {
        let wanted = format!("{} {RULES}", zone.name());
        let basis: Option<String> =
            sqlx::query_scalar("SELECT value FROM settings WHERE tenant = $1 AND name = $2")
                .bind(tenant.as_str())
                .bind(BASIS)
                .fetch_optional(&self.pool)
                .await?;
        if basis.as_ref() == Some(&wanted) {
            return Ok(());
        }
        let mut write = self.begin_write().await?;
        sqlx::query(
            "INSERT INTO settings (tenant, name, value) VALUES ($1, $2, $3) \
             ON CONFLICT (tenant, name) DO UPDATE SET value = excluded.value",
        )
        .bind(tenant.as_str())
        .bind(BASIS)
        .bind(wanted)
        .execute(write.connection())
        .await?;
        forget(write.connection(), tenant).await?;
        write.finish(true).await
    }

    /// Changed days of UTC, the latest first; with a period those that overlap it.
    async fn changed_days(
        &self,
        tenant: &Tenant,
        zone: &Zone,
        period: Option<Period>,
    ) -> Result<Vec<i64>, StoreError> {
        let (from, to) = match period {
            Some(period) => {
                let last = zone.start_of(period.to).plus_millis(-1);
                (utc_day(zone.start_of(period.from)), utc_day(last))
            }
            None => (0, i64::MAX),
        };
        Ok(sqlx::query_scalar(
            "SELECT DISTINCT day FROM kpi_changes WHERE tenant = $1 AND day >= $2 AND day <= $3 ORDER BY day DESC",
        )
        .bind(tenant.as_str())
        .bind(from)
        .bind(to)
        .fetch_all(&self.pool)
        .await?)
    }
}

pub(super) fn utc_day(at: Timestamp) -> i64 {
    at.millis().div_euclid(DAY_MS)
}

/// Forgets all counted days and marks every day on which something happened.
async fn forget(connection: &mut AnyConnection, tenant: &Tenant) -> Result<(), StoreError> {
    for statement in [
        "DELETE FROM kpi_days WHERE tenant = $1",
        "DELETE FROM kpi_values WHERE tenant = $1",
        "DELETE FROM kpi_closings WHERE tenant = $1",
        "DELETE FROM kpi_reasons WHERE tenant = $1",
        "DELETE FROM kpi_flagged WHERE tenant = $1",
        "DELETE FROM kpi_months WHERE tenant = $1",
        "DELETE FROM kpi_month_days WHERE tenant = $1",
        "DELETE FROM kpi_month_values WHERE tenant = $1",
        "INSERT INTO kpi_changes (tenant, day) \
         SELECT tenant, closed_at / 86400000 FROM episodes WHERE tenant = $1 \
         UNION SELECT tenant, opened_at / 86400000 FROM tickets WHERE tenant = $1 \
         UNION SELECT tenant, occurred_at / 86400000 FROM ticket_events WHERE tenant = $1 AND kind = 'reopening' \
         UNION SELECT tenant, occurred_at / 86400000 FROM contacts WHERE tenant = $1",
    ] {
        sqlx::query(statement).bind(tenant.as_str()).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Takes the marks of a day of UTC away and counts the local days that overlap it. Answers how many these are.
async fn count_utc_day(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    zone: &Zone,
    day: i64,
) -> Result<u64, StoreError> {
    lock_counting(connection, tenant).await?;
    let marks = sqlx::query("DELETE FROM kpi_changes WHERE tenant = $1 AND day = $2")
        .bind(tenant.as_str())
        .bind(day)
        .execute(&mut *connection)
        .await?;
    if marks.rows_affected() == 0 {
        // Another process has counted it since.
        return Ok(0);
    }
    let first = Timestamp::EARLIEST.plus_millis(day.saturating_mul(DAY_MS));
    let ends = [first, first.plus_millis(DAY_MS - 1)];
    let days: BTreeSet<Day> = ends.into_iter().map(|at| zone.day_of(at)).collect();
    for day in &days {
        let span = DaySpan { from: zone.start_of(*day), to: zone.end_of(*day) };
        let facts = load_day(connection, tenant, span).await?;
        write_day(connection, tenant, *day, &count(&facts)).await?;
        write_closings(connection, tenant, *day, &facts).await?;
        forget_month(connection, tenant, *day).await?;
    }
    Ok(days.len() as u64)
}

/// Days are counted one after the other: two days of UTC share a local one, and who counts it last must see everything.
pub(super) async fn lock_counting(
    connection: &mut AnyConnection,
    tenant: &Tenant,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO settings (tenant, name, value) VALUES ($1, 'kpi_lock', '') \
         ON CONFLICT (tenant, name) DO UPDATE SET value = excluded.value",
    )
    .bind(tenant.as_str())
    .execute(connection)
    .await?;
    Ok(())
}

async fn write_day(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    day: Day,
    cells: &Cells,
) -> Result<(), StoreError> {
    let dimensions: Vec<&str> =
        crate::kpi::Dimension::ALL.iter().map(|dimension| dimension.as_str()).collect();
    let number = i64::from(day.number());
    for (table, kinds) in [("kpi_days", &[][..]), ("kpi_values", &VALUES.map(Values::as_str)[..])] {
        // Named one by one, so that the index is used.
        let kind = if kinds.is_empty() {
            String::new()
        } else {
            format!(" AND kind IN ({})", list_from(8, kinds.len()))
        };
        let statement = format!(
            "DELETE FROM {table} WHERE tenant = $1 AND day = $2 AND dimension IN ({}){kind}",
            list_from(3, dimensions.len())
        );
        let mut query = bulk_query(statement, true).bind(tenant.as_str()).bind(number);
        for word in dimensions.iter().chain(kinds) {
            query = query.bind(*word);
        }
        query.execute(&mut *connection).await?;
    }
    let cells_in_order: Vec<_> = cells.iter().collect();
    for chunk in cells_in_order.chunks(PER_STATEMENT) {
        let statement = format!(
            "INSERT INTO kpi_days (tenant, dimension, day, label, tally, open_change) VALUES {}",
            placeholders(chunk.len(), 6)
        );
        let mut query = bulk_query(statement, chunk.len() == PER_STATEMENT);
        for ((dimension, label), cell) in chunk {
            query = query
                .bind(tenant.as_str())
                .bind(dimension.as_str())
                .bind(number)
                .bind(label.as_str())
                .bind(cell.tally.to_text())
                .bind(cell.tally.open_change());
        }
        query.execute(&mut *connection).await?;
    }
    let mut values = Vec::new();
    for ((dimension, label), cell) in cells {
        for kind in VALUES {
            let body = cell.values_text(kind);
            if !body.is_empty() {
                values.push((kind.as_str(), dimension.as_str(), label.as_str(), body));
            }
        }
    }
    for chunk in values.chunks(PER_STATEMENT) {
        let statement = format!(
            "INSERT INTO kpi_values (tenant, kind, dimension, day, label, body) VALUES {}",
            placeholders(chunk.len(), 6)
        );
        let mut query = bulk_query(statement, chunk.len() == PER_STATEMENT);
        for (kind, dimension, label, body) in chunk {
            query = query
                .bind(tenant.as_str())
                .bind(*kind)
                .bind(*dimension)
                .bind(number)
                .bind(*label)
                .bind(body.as_str());
        }
        query.execute(&mut *connection).await?;
    }
    Ok(())
}
