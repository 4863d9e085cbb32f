//! Work on stored outcomes that no single event does: the first derivation after an upgrade, and outages.

use super::derivation::{Affected, ChangeCause, Derivation, OutcomeRules, Told, rederive};
use super::persons::lock_persons;
use super::{CustomerHash, Store, StoreError, Tenant, name};
use crate::outcome::{LONGEST_WINDOW_DAYS, OutcomePolicy, is_outage};
use crate::ticket::IssueCategory;
use crate::timestamp::{DAY_MS, Timestamp};
use sqlx::Row;
use std::collections::BTreeMap;

/// Set once all episodes of a tenant that were stored by earlier versions are derived.
const DERIVED: &str = "outcomes_derived";

/// Persons whose outcomes are derived in one transaction: whoever else writes waits for it.
const DERIVED_AT_ONCE: i64 = 10;

/// What came on a day with a category.
#[derive(Debug, Clone, Copy)]
struct Day {
    /// Different customers.
    customers: u64,
    /// Whether some, and whether all of its episodes are marked as of an outage.
    some_marked: bool,
    all_marked: bool,
}

/// Days since 1970, for one category.
type Days = BTreeMap<i64, Day>;

impl Store {
    /// Derives the outcomes of everything that an earlier version stored, person by person; does nothing when that is done.
    /// It may run in several processes at once and may be interrupted. Answers how many persons were looked at.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn derive_earlier_outcomes(
        &self,
        tenant: &Tenant,
        rules: &OutcomeRules<'_>,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let done: Option<String> =
            sqlx::query_scalar("SELECT value FROM settings WHERE tenant = $1 AND name = $2")
                .bind(tenant.as_str())
                .bind(DERIVED)
                .fetch_optional(&self.pool)
                .await?;
        if done.is_some() {
            return Ok(0);
        }
        let derivation = Derivation { tenant, rules, now, cause: ChangeCause::Contact };
        let (mut count, mut after) = (0, String::new());
        loop {
            let persons = self.persons_after(tenant, &after).await?;
            let Some(last) = persons.last() else { break };
            after.clone_from(last);
            count += persons.len() as u64;
            let mut write = self.begin_write().await?;
            let connection = write.connection();
            let hashes: Vec<CustomerHash> = persons.into_iter().map(CustomerHash).collect();
            let locked = lock_persons(connection, tenant, &hashes).await?;
            rederive(connection, derivation, &locked, Affected::all(), Told::Nothing).await?;
            write.finish(true).await?;
        }
        let done = sqlx::query(
            "INSERT INTO settings (tenant, name, value) VALUES ($1, $2, '1') ON CONFLICT (tenant, name) DO NOTHING",
        );
        self.execute(done.bind(tenant.as_str()).bind(DERIVED)).await?;
        Ok(count)
    }

    async fn persons_after(&self, tenant: &Tenant, after: &str) -> Result<Vec<String>, StoreError> {
        Ok(sqlx::query_scalar(
            "SELECT DISTINCT i.person FROM identities i WHERE i.tenant = $1 AND i.person > $2 \
             AND EXISTS (SELECT 1 FROM episodes e WHERE e.tenant = i.tenant AND e.customer_hash = i.identity_hash) \
             ORDER BY i.person LIMIT $3",
        )
        .bind(tenant.as_str())
        .bind(after)
        .bind(DERIVED_AT_ONCE)
        .fetch_all(&self.pool)
        .await?)
    }

    /// Marks the episodes that were opened on a day of an outage (see [`is_outage`]) within the longest window before `now`, and
    /// unmarks those that were not. Answers how many episodes changed.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn flag_outages(
        &self,
        tenant: &Tenant,
        policy: &OutcomePolicy,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let today = now.millis() / DAY_MS;
        let first = today - i64::from(LONGEST_WINDOW_DAYS);
        let by_category =
            self.customers_by_day(tenant, first - i64::from(policy.outage_trailing_days)).await?;
        let begin = by_category.values().filter_map(|days| days.keys().next()).min().copied();
        let mut changed = 0;
        for (category, days) in &by_category {
            for day in first..=today {
                let Some(found) = days.get(&day) else { continue };
                let oldest =
                    (day - i64::from(policy.outage_trailing_days)).max(begin.unwrap_or(day));
                let before: Vec<u64> = (oldest..day)
                    .map(|day| days.get(&day).map_or(0, |day| day.customers))
                    .collect();
                let flag = is_outage(found.customers, &before, policy);
                // Usually all marks are right, and nobody has to wait for a write that changes nothing.
                if found.some_marked != flag || found.all_marked != flag {
                    changed += self.flag_day(tenant, category, day, flag).await?;
                }
            }
        }
        Ok(changed)
    }

    async fn customers_by_day(
        &self,
        tenant: &Tenant,
        first: i64,
    ) -> Result<BTreeMap<IssueCategory, Days>, StoreError> {
        // What was opened on a day was closed on it or later, which the index knows.
        let rows = sqlx::query(
            "SELECT e.category AS category, CAST(e.opened_at / 86400000 AS BIGINT) AS day, \
             COUNT(DISTINCT i.person) AS customers, MIN(e.is_outage) AS all_marked, MAX(e.is_outage) AS some_marked \
             FROM episodes e \
             JOIN identities i ON i.tenant = e.tenant AND i.identity_hash = e.customer_hash \
             WHERE e.tenant = $1 AND e.closed_at >= $2 AND e.opened_at >= $2 \
             GROUP BY e.category, CAST(e.opened_at / 86400000 AS BIGINT)",
        )
        .bind(tenant.as_str())
        .bind(first * DAY_MS)
        .fetch_all(&self.pool)
        .await?;
        let mut by_category: BTreeMap<IssueCategory, Days> = BTreeMap::new();
        for row in &rows {
            let found = Day {
                customers: u64::try_from(row.try_get::<i64, _>("customers")?).unwrap_or(0),
                some_marked: row.try_get::<i64, _>("some_marked")? != 0,
                all_marked: row.try_get::<i64, _>("all_marked")? != 0,
            };
            let category = name(row, "episodes", "category")?;
            by_category.entry(category).or_default().insert(row.try_get("day")?, found);
        }
        Ok(by_category)
    }

    async fn flag_day(
        &self,
        tenant: &Tenant,
        category: &IssueCategory,
        day: i64,
        flag: bool,
    ) -> Result<u64, StoreError> {
        let marking = sqlx::query(
            "UPDATE episodes SET is_outage = $5 WHERE tenant = $1 AND category = $2 AND closed_at >= $3 \
             AND opened_at >= $3 AND opened_at < $4 AND is_outage <> $5",
        )
        .bind(tenant.as_str())
        .bind(category.as_str())
        .bind(day * DAY_MS)
        .bind((day + 1) * DAY_MS)
        .bind(i64::from(flag));
        self.execute(marking).await
    }
}
