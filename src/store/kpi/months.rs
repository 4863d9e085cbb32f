//! Months that were added up from their days, so that a query of years reads a thirtieth of the rows.
//!
//! A month is added up once its last day is old enough that no window is open any more and no day of it has changed. Whoever counts a
//! day of it anew takes it away again ([`forget_month`]) in the same transaction; both hold the lock of counting. Whoever reads
//! sees days and months of one instant ([`Store::begin_reading`]).

use super::super::rows::{bulk_query, list_from, placeholders};
use super::super::{PER_STATEMENT, Store, StoreError, Tenant};
use super::refresh::{VALUES, lock_counting, utc_day};
use crate::kpi::{Cell, Day, Dimension, Period, Step, Tally, Values, Zone};
use crate::outcome::LONGEST_WINDOW_DAYS;
use crate::timestamp::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{Any, AnyConnection, Row, Transaction};
use std::collections::{BTreeMap, BTreeSet};

/// Days or months that follow each other, from a first day on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Run {
    /// To be read by day.
    Days(i64, i64),
    /// To be read by month.
    Months(i64, i64),
}

impl Run {
    pub(super) fn ends(self) -> (i64, i64) {
        match self {
            Self::Days(from, to) | Self::Months(from, to) => (from, to),
        }
    }

    /// The tables of counts and of values, and the column of the day.
    pub(super) fn tables(self) -> [&'static str; 3] {
        match self {
            Self::Days(..) => ["kpi_days", "kpi_values", "day"],
            Self::Months(..) => ["kpi_month_days", "kpi_month_values", "first_day"],
        }
    }
}

impl Store {
    /// A transaction that reads what holds at one instant.
    pub(in super::super) async fn begin_reading(
        &self,
    ) -> Result<Transaction<'static, Any>, StoreError> {
        let begin = match self.writer {
            Some(_) => "BEGIN",
            None => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        };
        Ok(self.pool.begin_with(begin).await?)
    }

    /// Adds up the months that are old enough and are not added up, at most `most` dimensions of them; whether any may be left. It may
    /// run in several processes at once and may be interrupted.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn add_up_kpi_months(
        &self,
        tenant: &Tenant,
        zone: &Zone,
        most: usize,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut left = most;
        let done = self.added_up(tenant).await?;
        for month in self.whole_months(tenant, zone, now).await? {
            let first = i64::from(month.from.number());
            for dimension in Dimension::ALL {
                if done.contains(&(dimension.as_str().to_owned(), first)) {
                    continue;
                }
                if left == 0 {
                    return Ok(true);
                }
                left -= 1;
                let mut write = self.begin_write().await?;
                lock_counting(write.connection(), tenant).await?;
                if !has_changes(write.connection(), tenant, zone, month).await? {
                    add_up(write.connection(), tenant, dimension, month).await?;
                }
                write.finish(true).await?;
            }
        }
        Ok(false)
    }

    /// The months from the first counted day on that are over for longer than the longest window.
    async fn whole_months(
        &self,
        tenant: &Tenant,
        zone: &Zone,
        now: Timestamp,
    ) -> Result<Vec<Period>, StoreError> {
        let first: Option<i64> = sqlx::query_scalar(
            "SELECT MIN(day) FROM kpi_days WHERE tenant = $1 AND dimension = 'all'",
        )
        .bind(tenant.as_str())
        .fetch_one(&self.pool)
        .await?;
        let Some(first) = first.and_then(|first| i32::try_from(first).ok()) else {
            return Ok(Vec::new());
        };
        let first = Day::from_number(first);
        // A day more, since days count as a whole.
        let open = zone.day_of(now.plus_days(-i64::from(LONGEST_WINDOW_DAYS) - 1));
        let mut months = Period { from: first, to: open.plus(1) }.cut(Step::Month);
        // The first one may have days before, of which nothing is known; the last one is not over.
        months.retain(|month| month.to <= open && month.is_whole(Step::Month));
        Ok(months)
    }

    /// Dimension and first day of the months that are added up.
    async fn added_up(&self, tenant: &Tenant) -> Result<BTreeSet<(String, i64)>, StoreError> {
        let rows = sqlx::query("SELECT dimension, first_day FROM kpi_months WHERE tenant = $1")
            .bind(tenant.as_str())
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(|row| Ok((row.try_get("dimension")?, row.try_get("first_day")?))).collect()
    }
}

/// How days from `from` to before `to` are read: months that are added up and end before `months_until` by month.
pub(super) async fn runs(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    dimension: Dimension,
    (from, to): (i64, i64),
    months_until: i64,
) -> Result<Vec<Run>, StoreError> {
    let rows = sqlx::query(
        "SELECT first_day, end_day FROM kpi_months \
         WHERE tenant = $1 AND dimension = $2 AND first_day >= $3 AND end_day <= $4 ORDER BY first_day",
    )
    .bind(tenant.as_str())
    .bind(dimension.as_str())
    .bind(from)
    .bind(to.min(months_until))
    .fetch_all(connection)
    .await?;
    let mut runs = Vec::new();
    let mut next = from;
    for row in &rows {
        let (first, end): (i64, i64) = (row.try_get("first_day")?, row.try_get("end_day")?);
        if first > next {
            runs.push(Run::Days(next, first));
        }
        match runs.last_mut() {
            Some(Run::Months(_, until)) if *until == first => *until = end,
            _ => runs.push(Run::Months(first, end)),
        }
        next = end;
    }
    if next < to {
        runs.push(Run::Days(next, to));
    }
    Ok(runs)
}

/// Takes the months away that hold a day.
pub(super) async fn forget_month(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    day: Day,
) -> Result<(), StoreError> {
    let dimensions = Dimension::ALL.map(Dimension::as_str);
    // Named one by one, so that the index is used.
    let statement = format!(
        "DELETE FROM kpi_months WHERE tenant = $1 AND first_day <= $2 AND end_day > $2 AND dimension IN ({})",
        list_from(3, dimensions.len())
    );
    let mut query = bulk_query(statement, true).bind(tenant.as_str()).bind(i64::from(day.number()));
    for dimension in dimensions {
        query = query.bind(dimension);
    }
    query.execute(connection).await?;
    Ok(())
}

/// Whether a day that overlaps the month is to be counted anew.
async fn has_changes(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    zone: &Zone,
    month: Period,
) -> Result<bool, StoreError> {
    let row = sqlx::query(
        "SELECT day FROM kpi_changes WHERE tenant = $1 AND day >= $2 AND day <= $3 LIMIT 1",
    )
    .bind(tenant.as_str())
    .bind(utc_day(zone.start_of(month.from)))
    .bind(utc_day(zone.start_of(month.to)))
    .fetch_optional(connection)
    .await?;
    Ok(row.is_some())
}

/// Adds up one dimension of a month.
async fn add_up(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    dimension: Dimension,
    month: Period,
) -> Result<(), StoreError> {
    let cells = cells_of(connection, tenant, dimension, month).await?;
    let first = i64::from(month.from.number());
    for (table, more) in [("kpi_month_days", ""), ("kpi_month_values", "kind IN ($4, $5, $6) AND ")]
    {
        let statement = format!(
            "DELETE FROM {table} WHERE {more}tenant = $1 AND dimension = $2 AND first_day = $3"
        );
        let mut query =
            bulk_query(statement, true).bind(tenant.as_str()).bind(dimension.as_str()).bind(first);
        if !more.is_empty() {
            for kind in VALUES {
                query = query.bind(kind.as_str());
            }
        }
        query.execute(&mut *connection).await?;
    }
    let days: Vec<_> = cells.iter().map(|(label, cell)| (label, &cell.tally)).collect();
    for chunk in days.chunks(PER_STATEMENT) {
        let statement = format!(
            "INSERT INTO kpi_month_days (tenant, dimension, first_day, label, tally, open_change) VALUES {}",
            placeholders(chunk.len(), 6)
        );
        let mut query = bulk_query(statement, chunk.len() == PER_STATEMENT);
        for (label, tally) in chunk {
            query = query
                .bind(tenant.as_str())
                .bind(dimension.as_str())
                .bind(first)
                .bind(label.as_str())
                .bind(tally.to_text())
                .bind(tally.open_change());
        }
        query.execute(&mut *connection).await?;
    }
    for (label, cell) in &cells {
        for kind in VALUES {
            let body = cell.values_text(kind);
            if body.is_empty() {
                continue;
            }
            sqlx::query(
                "INSERT INTO kpi_month_values (tenant, kind, dimension, first_day, label, body) VALUES ($1, $2, $3, $4, $5, $6)",
            )
            .bind(tenant.as_str())
            .bind(kind.as_str())
            .bind(dimension.as_str())
            .bind(first)
            .bind(label.as_str())
            .bind(body)
            .execute(&mut *connection)
            .await?;
        }
    }
    sqlx::query(
        "INSERT INTO kpi_months (tenant, dimension, first_day, end_day) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
    )
    .bind(tenant.as_str())
    .bind(dimension.as_str())
    .bind(first)
    .bind(i64::from(month.to.number()))
    .execute(connection)
    .await?;
    Ok(())
}

/// The days of a month added up, by label.
async fn cells_of(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    dimension: Dimension,
    month: Period,
) -> Result<BTreeMap<String, Cell>, StoreError> {
    let (from, to) = (i64::from(month.from.number()), i64::from(month.to.number()));
    let mut cells: BTreeMap<String, Cell> = BTreeMap::new();
    let rows = sqlx::query(
        "SELECT label, tally FROM kpi_days WHERE tenant = $1 AND dimension = $2 AND day >= $3 AND day < $4",
    )
    .bind(tenant.as_str())
    .bind(dimension.as_str())
    .bind(from)
    .bind(to)
    .fetch_all(&mut *connection)
    .await?;
    for row in &rows {
        cells.entry(row.try_get("label")?).or_default().tally += &read_tally(row)?;
    }
    for kind in VALUES {
        let rows = sqlx::query(
            "SELECT label, body FROM kpi_values \
             WHERE tenant = $1 AND kind = $5 AND dimension = $2 AND day >= $3 AND day < $4",
        )
        .bind(tenant.as_str())
        .bind(dimension.as_str())
        .bind(from)
        .bind(to)
        .bind(kind.as_str())
        .fetch_all(&mut *connection)
        .await?;
        for row in &rows {
            let cell = cells.entry(row.try_get("label")?).or_default();
            add_values(cell, kind, row)?;
        }
    }
    Ok(cells)
}

pub(super) fn read_tally(row: &AnyRow) -> Result<Tally, StoreError> {
    Tally::from_text(row.try_get("tally")?)
        .ok_or_else(|| StoreError::corrupt("kpi_days", "tally", "not numbers"))
}

fn add_values(cell: &mut Cell, kind: Values, row: &AnyRow) -> Result<(), StoreError> {
    cell.add_values(kind, row.try_get("body")?, u8::MAX)
        .ok_or_else(|| StoreError::corrupt("kpi_values", "body", "not values"))
}
