//! Reads counted days for a query.

use super::super::rows::bulk_query;
use super::super::{Store, StoreError, Tenant};
use crate::kpi::{Day, Dimension, KpiDays, KpiQuery, Period, Tally};
use sqlx::Row;
use sqlx::any::AnyRow;
use std::collections::BTreeMap;

impl Store {
    /// What was counted of the days of a query. It is exact where nothing of them has changed since
    /// [`Store::refresh_kpis`] was called.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn kpi_days(&self, tenant: &Tenant, query: &KpiQuery) -> Result<KpiDays, StoreError> {
        let dimension = query.dimension();
        let slice = query.slice.as_ref().map(|(_, label)| label.as_str());
        let mut days = KpiDays {
            tallies: self.tallies(tenant, dimension, query.period, slice).await?,
            ..KpiDays::default()
        };
        if query.needs_backlog() {
            days.backlog = self.open_before(tenant, query).await?;
        }
        for kind in query.values() {
            let statement = format!(
                "SELECT label, day, body FROM kpi_values \
                 WHERE tenant = $1 AND kind = $5 AND dimension = $2 AND day >= $3 AND day < $4{}",
                if slice.is_some() { " AND label = $6" } else { "" }
            );
            let mut statement = bulk_query(statement, true)
                .bind(tenant.as_str())
                .bind(dimension.as_str())
                .bind(i64::from(query.period.from.number()))
                .bind(i64::from(query.period.to.number()))
                .bind(kind.as_str());
            if let Some(label) = slice {
                statement = statement.bind(label);
            }
            for row in statement.fetch_all(&self.pool).await? {
                let body = row.try_get("body")?;
                days.values.push((kind, row.try_get("label")?, day(&row)?, body));
            }
        }
        Ok(days)
    }

    /// What was counted by category in a period and in the one before.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn kpi_days_by_category(
        &self,
        tenant: &Tenant,
        period: Period,
    ) -> Result<KpiDays, StoreError> {
        let both = Period { from: period.previous().from, to: period.to };
        let tallies = self.tallies(tenant, Dimension::Category, both, None).await?;
        Ok(KpiDays { tallies, ..KpiDays::default() })
    }

    /// Tickets open before the period by label.
    async fn open_before(
        &self,
        tenant: &Tenant,
        query: &KpiQuery,
    ) -> Result<BTreeMap<String, f64>, StoreError> {
        let slice = query.slice.as_ref().map(|(_, label)| label.as_str());
        let statement = format!(
            "SELECT label, CAST(SUM(open_change) AS BIGINT) AS open_tickets FROM kpi_days \
             WHERE tenant = $1 AND dimension = $2 AND day < $3{} GROUP BY label",
            if slice.is_some() { " AND label = $4" } else { "" }
        );
        let mut statement = bulk_query(statement, true)
            .bind(tenant.as_str())
            .bind(query.dimension().as_str())
            .bind(i64::from(query.period.from.number()));
        if let Some(label) = slice {
            statement = statement.bind(label);
        }
        let mut open = BTreeMap::new();
        for row in statement.fetch_all(&self.pool).await? {
            let tickets: i64 = row.try_get("open_tickets")?;
            if tickets != 0 {
                open.insert(row.try_get("label")?, as_f64(tickets));
            }
        }
        Ok(open)
    }

    async fn tallies(
        &self,
        tenant: &Tenant,
        dimension: Dimension,
        period: Period,
        slice: Option<&str>,
    ) -> Result<Vec<(String, Day, Tally)>, StoreError> {
        let statement = format!(
            "SELECT label, day, tally FROM kpi_days WHERE tenant = $1 AND dimension = $2 AND day >= $3 AND day < $4{}",
            if slice.is_some() { " AND label = $5" } else { "" }
        );
        let mut statement = bulk_query(statement, true)
            .bind(tenant.as_str())
            .bind(dimension.as_str())
            .bind(i64::from(period.from.number()))
            .bind(i64::from(period.to.number()));
        if let Some(label) = slice {
            statement = statement.bind(label);
        }
        let rows = statement.fetch_all(&self.pool).await?;
        rows.iter()
            .map(|row| {
                let tally = Tally::from_text(row.try_get("tally")?)
                    .ok_or_else(|| StoreError::corrupt("kpi_days", "tally", "not numbers"))?;
                Ok((row.try_get("label")?, day(row)?, tally))
            })
            .collect()
    }
}

#[expect(clippy::cast_precision_loss, reason = "numbers of tickets fit into 53 bits")]
fn as_f64(tickets: i64) -> f64 {
    tickets as f64
}

fn day(row: &AnyRow) -> Result<Day, StoreError> {
    i32::try_from(row.try_get::<i64, _>("day")?)
        .map(Day::from_number)
        .map_err(|error| StoreError::corrupt("kpi_days", "day", error))
}
