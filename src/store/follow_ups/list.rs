//! What teams see: the list of today, and follow-ups by status.

use super::capacity::TeamDay;
use super::{StoredFollowUp, read, select_follow_ups};
use crate::follow_up::FollowUpStatus;
use crate::store::{Store, StoreError, Tenant, name};
use crate::ticket::{IssueCategory, Name};
use crate::timestamp::Timestamp;

/// Which follow-ups to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FollowUpFilter {
    /// Those of this status, as known now.
    pub status: FollowUpStatus,
    /// Those of this team; the empty text is that of tickets without one.
    pub team: Option<String>,
    /// Those of this category.
    pub category: Option<IssueCategory>,
    /// Those that are due before this instant.
    pub due_before: Option<Timestamp>,
}

/// The last follow-up of a page.
#[derive(Debug, Clone, PartialEq)]
pub struct FollowUpCursor {
    /// Its rank.
    pub rank: f64,
    /// Its identifier.
    pub id: Name,
}

impl StoredFollowUp {
    /// Its place in a list, to go on after it.
    #[must_use]
    pub fn cursor(&self) -> FollowUpCursor {
        FollowUpCursor { rank: self.rank, id: self.id.clone() }
    }
}

/// What is open and has not expired; with `$6` = -1 everything of a status that is final.
const OF_ALL: &str = select_follow_ups!(
    "f.status = $5 AND f.expires_at > $6 \
     AND ($7 = '' OR f.category = $7) AND f.due_at < $8 \
     AND (f.expected_benefit < $2 OR (f.expected_benefit = $2 AND f.id > $3)) \
     ORDER BY f.expected_benefit DESC, f.id LIMIT $4"
);
const OF_TEAM: &str = select_follow_ups!(
    "f.status = $5 AND f.expires_at > $6 AND f.team = $9 \
     AND ($7 = '' OR f.category = $7) AND f.due_at < $8 \
     AND (f.expected_benefit < $2 OR (f.expected_benefit = $2 AND f.id > $3)) \
     ORDER BY f.expected_benefit DESC, f.id LIMIT $4"
);
/// What is known to have expired, and what the sweep has not come to yet. Found first and read then: what is read of each costs
/// more than finding all.
macro_rules! select_expired {
    ($more:literal) => {
        select_follow_ups!(
            "f.id IN (SELECT x.id FROM follow_ups x WHERE x.tenant = $1 AND x.arm = 'treatment' \
             AND (x.status = $5 OR (x.status IN ('waiting', 'snoozed', 'claimed') AND x.expires_at <= $6))",
            $more,
            " AND ($7 = '' OR x.category = $7) AND x.due_at < $8 \
             AND (x.expected_benefit < $2 OR (x.expected_benefit = $2 AND x.id > $3)) \
             ORDER BY x.expected_benefit DESC, x.id LIMIT $4) ORDER BY f.expected_benefit DESC, f.id"
        )
    };
}
const EXPIRED_OF_ALL: &str = select_expired!("");
const EXPIRED_OF_TEAM: &str = select_expired!(" AND x.team = $9");

impl Store {
    /// What a team should take today: of what is available now and has not expired, as many of the best as it can still
    /// take. What was not taken the day before competes with what is new. Ties are broken by identifier.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn follow_ups_for(
        &self,
        tenant: &Tenant,
        day: &TeamDay,
        now: Timestamp,
    ) -> Result<Vec<StoredFollowUp>, StoreError> {
        sqlx::query(select_follow_ups!(
            "f.team = $2 AND f.status IN ('waiting', 'snoozed') AND f.available_at <= $3 AND f.expires_at > $3 \
             ORDER BY f.expected_benefit DESC, f.id LIMIT $4"
        ))
        .bind(tenant.as_str())
        .bind(day.team.as_str())
        .bind(now.millis())
        .bind(i64::from(day.left()))
        .fetch_all(&self.pool)
        .await?
        .iter()
        .map(|row| read(row, now))
        .collect()
    }

    /// Follow-ups of a status, the best first, at most `limit` of them, going on after `after`. Those of the control group
    /// are never listed, whatever is asked for.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn follow_ups(
        &self,
        tenant: &Tenant,
        filter: &FollowUpFilter,
        after: Option<&FollowUpCursor>,
        limit: u32,
        now: Timestamp,
    ) -> Result<Vec<StoredFollowUp>, StoreError> {
        let is_expired = filter.status == FollowUpStatus::Expired;
        let statement = match (&filter.team, is_expired) {
            (None, false) => OF_ALL,
            (Some(_), false) => OF_TEAM,
            (None, true) => EXPIRED_OF_ALL,
            (Some(_), true) => EXPIRED_OF_TEAM,
        };
        let instant = if filter.status.is_open() || is_expired { now.millis() } else { -1 };
        let mut query = sqlx::query(statement)
            .bind(tenant.as_str())
            .bind(after.map_or(f64::MAX, |cursor| cursor.rank))
            .bind(after.map_or("", |cursor| cursor.id.as_str()))
            .bind(i64::from(limit))
            .bind(filter.status.as_str())
            .bind(instant)
            .bind(filter.category.as_ref().map_or("", IssueCategory::as_str))
            .bind(filter.due_before.map_or(i64::MAX, Timestamp::millis));
        if let Some(team) = &filter.team {
            query = query.bind(team.as_str());
        }
        query.fetch_all(&self.pool).await?.iter().map(|row| read(row, now)).collect()
    }

    /// The categories of open follow-ups of one team, or of all, in order.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn follow_up_categories(
        &self,
        tenant: &Tenant,
        team: Option<&Name>,
    ) -> Result<Vec<IssueCategory>, StoreError> {
        let rows = sqlx::query(
            "SELECT DISTINCT category FROM follow_ups WHERE tenant = $1 AND arm = 'treatment' \
             AND status IN ('waiting', 'snoozed', 'claimed') AND ($2 = '' OR team = $2) ORDER BY category",
        )
        .bind(tenant.as_str())
        .bind(team.map_or("", Name::as_str))
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(|row| name(row, "follow_ups", "category")).collect()
    }
}
