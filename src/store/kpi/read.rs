//! Reads counted days, and months of them, for a query.

use super::super::rows::bulk_query;
use super::super::{Store, StoreError, Tenant};
use super::months::{Run, read_tally, runs};
use crate::kpi::{Day, Dimension, KpiDays, KpiQuery, Period, Step, Tally, Values};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};
use std::collections::BTreeMap;

/// Which of the counted days are read.
struct Slice<'q> {
    tenant: &'q Tenant,
    dimension: Dimension,
    /// Of this label alone.
    label: Option<&'q str>,
}

impl Store {
    /// What was counted of the days of a query. It is exact where nothing of them has changed since
    /// [`Store::refresh_kpis`] was called. What lies before `months_until` and fits the query's steps may come by month, as if
    /// everything had happened on its first day.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn kpi_days(
        &self,
        tenant: &Tenant,
        query: &KpiQuery,
        months_until: Day,
    ) -> Result<KpiDays, StoreError> {
        let slice = Slice {
            tenant,
            dimension: query.dimension(),
            label: query.slice.as_ref().map(|(_, label)| label.as_str()),
        };
        let fits = query.step.is_none_or(|step| step == Step::Month);
        let months_until = if fits { i64::from(months_until.number()) } else { 0 };
        let mut reading = self.begin_reading().await?;
        let connection = &mut *reading;
        let period = numbers(query.period);
        let runs_of_period =
            runs(connection, tenant, slice.dimension, period, months_until).await?;
        let mut days = KpiDays::default();
        for run in &runs_of_period {
            slice.add_tallies(connection, *run, &mut days.tallies).await?;
            for kind in query.values() {
                slice.add_values(connection, *run, kind, &mut days.values).await?;
            }
        }
        if query.needs_backlog() {
            days.backlog = slice.open_before(connection, period.0).await?;
        }
        reading.rollback().await?;
        Ok(days)
    }

    /// What was counted by category in a period and in the one before; by month as in [`Store::kpi_days`].
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn kpi_days_by_category(
        &self,
        tenant: &Tenant,
        period: Period,
        months_until: Day,
    ) -> Result<KpiDays, StoreError> {
        let slice = Slice { tenant, dimension: Dimension::Category, label: None };
        let months_until = i64::from(months_until.number());
        let mut reading = self.begin_reading().await?;
        let connection = &mut *reading;
        let mut days = KpiDays::default();
        for part in [period.previous(), period] {
            let ends = numbers(part);
            for run in runs(connection, tenant, slice.dimension, ends, months_until).await? {
                slice.add_tallies(connection, run, &mut days.tallies).await?;
            }
        }
        reading.rollback().await?;
        Ok(days)
    }
}

fn numbers(period: Period) -> (i64, i64) {
    (i64::from(period.from.number()), i64::from(period.to.number()))
}

impl Slice<'_> {
    /// Runs a statement of which `$1` is the tenant, `$2` the dimension, `$3` and `$4` the run's ends, and `$5` the label, where there is
    /// one; `rest` ends it, and `kind` is put in as a condition.
    async fn rows(
        &self,
        connection: &mut AnyConnection,
        select: &str,
        (from, to): (i64, i64),
        [column, rest]: [&str; 2],
        kind: Option<Values>,
    ) -> Result<Vec<AnyRow>, StoreError> {
        let kind = kind.map_or(String::new(), |kind| format!("kind = '{}' AND ", kind.as_str()));
        let label = if self.label.is_some() { " AND label = $5" } else { "" };
        let statement = format!(
            "{select} WHERE tenant = $1 AND {kind}dimension = $2 AND {column} >= $3 AND {column} < $4{label}{rest}"
        );
        let mut query = bulk_query(statement, true)
            .bind(self.tenant.as_str())
            .bind(self.dimension.as_str())
            .bind(from)
            .bind(to);
        if let Some(label) = self.label {
            query = query.bind(label);
        }
        Ok(query.fetch_all(connection).await?)
    }

    async fn add_tallies(
        &self,
        connection: &mut AnyConnection,
        run: Run,
        tallies: &mut Vec<(String, Day, Tally)>,
    ) -> Result<(), StoreError> {
        let [table, _, column] = run.tables();
        let select = format!("SELECT label, {column} AS day, tally FROM {table}");
        for row in self.rows(connection, &select, run.ends(), [column, ""], None).await? {
            tallies.push((row.try_get("label")?, day(&row)?, read_tally(&row)?));
        }
        Ok(())
    }

    async fn add_values(
        &self,
        connection: &mut AnyConnection,
        run: Run,
        kind: Values,
        values: &mut Vec<(Values, String, Day, String)>,
    ) -> Result<(), StoreError> {
        let [_, table, column] = run.tables();
        let select = format!("SELECT label, {column} AS day, body FROM {table}");
        for row in self.rows(connection, &select, run.ends(), [column, ""], Some(kind)).await? {
            values.push((kind, row.try_get("label")?, day(&row)?, row.try_get("body")?));
        }
        Ok(())
    }

    /// Tickets open before a day by label.
    async fn open_before(
        &self,
        connection: &mut AnyConnection,
        day: i64,
    ) -> Result<BTreeMap<String, f64>, StoreError> {
        let mut open: BTreeMap<String, i64> = BTreeMap::new();
        for run in runs(connection, self.tenant, self.dimension, (0, day), day).await? {
            let [table, _, column] = run.tables();
            let select = format!(
                "SELECT label, CAST(SUM(open_change) AS BIGINT) AS open_tickets FROM {table}"
            );
            let rest = [column, " GROUP BY label"];
            for row in self.rows(connection, &select, run.ends(), rest, None).await? {
                let tickets: i64 = row.try_get("open_tickets")?;
                *open.entry(row.try_get("label")?).or_default() += tickets;
            }
        }
        open.retain(|_, tickets| *tickets != 0);
        Ok(open.into_iter().map(|(label, tickets)| (label, as_f64(tickets))).collect())
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
