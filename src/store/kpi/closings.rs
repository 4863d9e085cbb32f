//! The closings of counted days in columns: written with the days, and read by whoever looks at many closings at once.

use super::super::rows::{bulk_query, placeholders};
use super::super::{PER_STATEMENT, Store, StoreError, Tenant};
use crate::kpi::{
    CountedClosings, Day, DayFacts, FlaggedClosing, Period, closings_by_team, flagged_by_experiment,
};
use crate::risk::report::ReasonTally;
use crate::ticket::Name;
use futures_util::TryStreamExt;
use sqlx::{AnyConnection, Row};

impl Store {
    /// Goes through the closings of a period's counted days, of one team or of all, in order of time for each team; `each` is given
    /// the team, which is empty where it is not known, and its closings of a day. They are exact where nothing of the days has
    /// changed since [`Store::refresh_kpis`] was called.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn counted_closings(
        &self,
        tenant: &Tenant,
        period: Period,
        team: Option<&Name>,
        mut each: impl FnMut(&str, CountedClosings),
    ) -> Result<(), StoreError> {
        let statement = format!(
            "SELECT team, body FROM kpi_closings WHERE tenant = $1 AND day >= $2 AND day < $3{} ORDER BY day",
            of_team(team)
        );
        let mut query = bulk_query(statement, true)
            .bind(tenant.as_str())
            .bind(i64::from(period.from.number()))
            .bind(i64::from(period.to.number()));
        if let Some(team) = team {
            query = query.bind(team.as_str());
        }
        let mut rows = query.fetch(&self.pool);
        while let Some(row) = rows.try_next().await? {
            let closings = CountedClosings::from_text(row.try_get("body")?)
                .ok_or_else(|| StoreError::corrupt("kpi_closings", "body", "not closings"))?;
            each(row.try_get("team")?, closings);
        }
        Ok(())
    }

    /// What raised the risks that a version of the risk model gave the closings of a period's counted days.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn counted_reasons(
        &self,
        tenant: &Tenant,
        period: Period,
        team: Option<&Name>,
        version: &str,
    ) -> Result<ReasonTally, StoreError> {
        let statement = format!(
            "SELECT body FROM kpi_reasons WHERE tenant = $1 AND day >= $2 AND day < $3{} AND model_version = ${}",
            of_team(team),
            if team.is_some() { 5 } else { 4 }
        );
        let mut query = bulk_query(statement, true)
            .bind(tenant.as_str())
            .bind(i64::from(period.from.number()))
            .bind(i64::from(period.to.number()));
        if let Some(team) = team {
            query = query.bind(team.as_str());
        }
        let mut rows = query.bind(version).fetch(&self.pool);
        let mut all = ReasonTally::default();
        while let Some(row) = rows.try_next().await? {
            let of_day: ReasonTally = serde_json::from_str(row.try_get("body")?)
                .map_err(|error| StoreError::corrupt("kpi_reasons", "body", error))?;
            all.add_all(&of_day);
        }
        Ok(all)
    }
}

/// The flagged closings of an experiment on all counted days.
pub(in super::super) async fn counted_flagged(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    experiment: &Name,
) -> Result<Vec<FlaggedClosing>, StoreError> {
    let mut rows =
        sqlx::query("SELECT body FROM kpi_flagged WHERE tenant = $1 AND experiment_id = $2")
            .bind(tenant.as_str())
            .bind(experiment.as_str())
            .fetch(connection);
    let mut all = Vec::new();
    while let Some(row) = rows.try_next().await? {
        let of_day: Vec<FlaggedClosing> = serde_json::from_str(row.try_get("body")?)
            .map_err(|error| StoreError::corrupt("kpi_flagged", "body", error))?;
        all.extend(of_day);
    }
    Ok(all)
}

fn of_team(team: Option<&Name>) -> &'static str {
    team.map_or("", |_| " AND team = $4")
}

/// Replaces what is kept of a day's closings.
pub(super) async fn write_closings(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    day: Day,
    facts: &DayFacts,
) -> Result<(), StoreError> {
    let number = i64::from(day.number());
    for statement in [
        "DELETE FROM kpi_closings WHERE tenant = $1 AND day = $2",
        "DELETE FROM kpi_reasons WHERE tenant = $1 AND day = $2",
        "DELETE FROM kpi_flagged WHERE tenant = $1 AND day = $2",
    ] {
        sqlx::query(statement).bind(tenant.as_str()).bind(number).execute(&mut *connection).await?;
    }
    let teams = closings_by_team(&facts.episodes);
    let closings: Vec<_> =
        teams.iter().map(|(team, closings)| (team, closings.to_text())).collect();
    for chunk in closings.chunks(PER_STATEMENT) {
        let statement = format!(
            "INSERT INTO kpi_closings (tenant, day, team, body) VALUES {}",
            placeholders(chunk.len(), 4)
        );
        let mut query = bulk_query(statement, false);
        for (team, body) in chunk {
            query =
                query.bind(tenant.as_str()).bind(number).bind(team.as_str()).bind(body.as_str());
        }
        query.execute(&mut *connection).await?;
    }
    for ((team, version), reasons) in &facts.reasons {
        let body = serde_json::to_string(reasons)
            .map_err(|error| StoreError::corrupt("kpi_reasons", "body", error))?;
        sqlx::query(
            "INSERT INTO kpi_reasons (tenant, day, team, model_version, body) VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(tenant.as_str())
        .bind(number)
        .bind(team.as_str())
        .bind(version.as_str())
        .bind(body)
        .execute(&mut *connection)
        .await?;
    }
    for (experiment, flagged) in flagged_by_experiment(&facts.episodes) {
        let body = serde_json::to_string(&flagged)
            .map_err(|error| StoreError::corrupt("kpi_flagged", "body", error))?;
        sqlx::query(
            "INSERT INTO kpi_flagged (tenant, day, experiment_id, body) VALUES ($1, $2, $3, $4)",
        )
        .bind(tenant.as_str())
        .bind(number)
        .bind(experiment)
        .bind(body)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}
