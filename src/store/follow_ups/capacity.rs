//! How many follow-ups a team can still take today.

use super::super::{Store, StoreError, Tenant};
use crate::follow_up::FollowUpPolicy;
use crate::timestamp::Timestamp;
use sqlx::{AnyConnection, Row};

/// A team's day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamDay {
    /// The team; the empty text is that of tickets without one.
    pub team: String,
    /// The local date.
    pub date: String,
    /// Follow-ups the team takes a day at most.
    pub capacity: u32,
    /// Follow-ups in hand, whenever claimed, and those done today.
    pub taken: u32,
    /// When the quiet hours end that it is in; `None` where it is in none. Nothing can be claimed in them.
    pub quiet_until: Option<Timestamp>,
}

impl TeamDay {
    /// How many more it can take.
    #[must_use]
    pub fn left(&self) -> u32 {
        self.capacity.saturating_sub(self.taken)
    }
}

impl Store {
    /// The days of one team, or of all teams that have something in the queue, by name.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn team_days(
        &self,
        tenant: &Tenant,
        team: Option<&str>,
        now: Timestamp,
    ) -> Result<Vec<TeamDay>, StoreError> {
        let policy = self.follow_up_policy()?;
        let mut connection = self.pool.acquire().await?;
        let teams = match team {
            Some(team) => vec![team.to_owned()],
            None => teams_with_open(&mut connection, tenant).await?,
        };
        let mut days = Vec::with_capacity(teams.len());
        for team in &teams {
            days.push(day_of(&mut connection, tenant, policy, team, now).await?);
        }
        Ok(days)
    }
}

async fn teams_with_open(
    connection: &mut AnyConnection,
    tenant: &Tenant,
) -> Result<Vec<String>, StoreError> {
    let rows = sqlx::query(
        "SELECT DISTINCT team FROM follow_ups \
         WHERE tenant = $1 AND status IN ('waiting', 'snoozed', 'claimed') ORDER BY team",
    )
    .bind(tenant.as_str())
    .fetch_all(connection)
    .await?;
    rows.iter().map(|row| Ok(row.try_get("team")?)).collect()
}

/// Keeps others from claiming for the team until the transaction ends.
pub(super) async fn lock_team(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    team: &str,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO follow_up_teams (tenant, team) VALUES ($1, $2) \
         ON CONFLICT (tenant, team) DO UPDATE SET team = follow_up_teams.team",
    )
    .bind(tenant.as_str())
    .bind(team)
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn day_of(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    policy: &FollowUpPolicy,
    team: &str,
    now: Timestamp,
) -> Result<TeamDay, StoreError> {
    let offset = policy.offset_of(team);
    let (day_start, day_end) = offset.day_of(now);
    let row = sqlx::query(
        "SELECT (SELECT COUNT(*) FROM follow_ups \
           WHERE tenant = $1 AND team = $2 AND status = 'claimed' AND expires_at > $3) \
         + (SELECT COUNT(*) FROM follow_ups \
           WHERE tenant = $1 AND team = $2 AND handled_at >= $4 AND handled_at < $5 AND status = 'done') AS taken",
    )
    .bind(tenant.as_str())
    .bind(team)
    .bind(now.millis())
    .bind(day_start.millis())
    .bind(day_end.millis())
    .fetch_one(connection)
    .await?;
    let quiet = policy.quiet_hours(team);
    Ok(TeamDay {
        team: team.to_owned(),
        date: offset.date_of(now),
        capacity: policy.capacity_of(team),
        taken: u32::try_from(row.try_get::<i64, _>("taken")?).unwrap_or(u32::MAX),
        quiet_until: quiet.contains(now).then(|| quiet.end_from(now)),
    })
}
