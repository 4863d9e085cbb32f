//! The counts behind a [`NextIssueMap`], summed up inside the database, and the map as stored.
//!
//! A correction of an outcome overrides what was derived, the newest counts: `none` and `induced` take the episode's contacts
//! out, `implicit` and `unrelated` say that none of them was about the same issue, `explicit` says that one was, after the
//! stated gap. Contacts that a follow-up of ours has caused never count.

use super::rows::{PER_STATEMENT, bulk_query, placeholders};
use super::{Store, StoreError, Tenant, name};
use crate::next_issue::{
    Coverage, EpisodeCount, GapCount, MapCounts, NextIssueMap, NextIssueOptions, Primary,
    RepeatCount, Secondary,
};
use crate::outcome::{OutcomePolicy, WINDOWS_DAYS};
use crate::ticket::{IssueCategory, Name};
use crate::timestamp::Timestamp;
use futures_util::TryStreamExt;
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;
use sqlx::query::Query;
use sqlx::{Any, AnyConnection, Row};
use std::collections::BTreeMap;

const HEADER: &str = "next_issues";
const LEASE: &str = "next_issues_lease";

/// Which episodes to count.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EpisodeScope {
    /// Only those that this team closed.
    pub team: Option<Name>,
    /// Only those whose customer came in this way.
    pub channel: Option<Name>,
}

/// When the stored map was computed, and by which options.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextIssuesComputed {
    /// The instant.
    pub computed_at: Timestamp,
    /// What [`Store::replace_next_issues`] was told about the options.
    pub basis: String,
}

/// What is stored once for a whole map.
#[derive(Serialize, Deserialize)]
struct Header {
    computed_at: Timestamp,
    basis: String,
    coverage: BTreeMap<u32, Coverage>,
}

/// For how many windows an episode `e` is mature; $4 to $8 are the latest closes for the windows, the longest first.
macro_rules! mature_windows {
    () => {
        "CAST(CASE WHEN e.closed_at <= $4 THEN 5 WHEN e.closed_at <= $5 THEN 4 WHEN e.closed_at <= $6 THEN 3 \
         WHEN e.closed_at <= $7 THEN 2 WHEN e.closed_at <= $8 THEN 1 ELSE 0 END AS BIGINT)"
    };
}

/// Episodes `e` of the tenant, team and channel.
macro_rules! in_scope {
    () => {
        "e.tenant = $1 AND ($2 = '' OR e.team = $2) AND ($3 = '' OR e.channel = $3)"
    };
}

/// Of the corrections of an episode, `c` is the newest.
macro_rules! is_newest {
    () => {
        "NOT EXISTS (SELECT 1 FROM outcome_corrections l WHERE l.tenant = c.tenant AND l.ticket_id = c.ticket_id \
         AND l.episode = c.episode AND (l.recorded_at > c.recorded_at OR (l.recorded_at = c.recorded_at AND l.id > c.id)))"
    };
}

/// A correction `c` that counts, with its episode `e`. SQLite goes through the tables of a CROSS JOIN in the order in which they are
/// named, from the few rows to the many; PostgreSQL chooses by itself.
macro_rules! corrected_episodes {
    () => {
        concat!(
            "FROM outcome_corrections c CROSS JOIN episodes e WHERE c.tenant = $1 AND e.ticket_id = c.ticket_id \
             AND e.number = c.episode AND ",
            in_scope!(),
            " AND e.closed_at <= $8 AND ",
            is_newest!()
        )
    };
}

/// Contacts `r` within the longest window, with their mature episode `e`; more may be joined.
macro_rules! contacts_of_mature_episodes {
    ($join:expr) => {
        concat!(
            "FROM recontacts r CROSS JOIN episodes e ",
            $join,
            " WHERE r.tenant = $1 AND e.ticket_id = r.ticket_id AND e.number = r.episode AND ",
            in_scope!(),
            " AND e.closed_at <= $8 AND r.gap_ms > 0 AND r.gap_ms <= 2592000000"
        )
    };
}

const EPISODES: &str = concat!(
    "SELECT category, mature, COUNT(*) AS episodes, CAST(SUM(is_outage) AS BIGINT) AS outages, \
     CAST(SUM(is_parallel) AS BIGINT) AS parallel FROM (SELECT e.category AS category, ",
    mature_windows!(),
    " AS mature, e.is_outage AS is_outage, e.is_parallel AS is_parallel FROM episodes e WHERE ",
    in_scope!(),
    ") AS aged GROUP BY category, mature"
);

/// The first contact of each other category after each episode, and of its own one, counted by minutes.
const GAPS: &str = concat!(
    "SELECT primary_category, secondary, mature, gap_minutes, COUNT(*) AS episodes FROM (",
    "SELECT primary_category, secondary, mature, MIN(gap_minutes) AS gap_minutes FROM (",
    "SELECT r.ticket_id AS ticket_id, r.episode AS episode, e.category AS primary_category, ",
    mature_windows!(),
    " AS mature, (r.gap_ms + 59999) / 60000 AS gap_minutes, CASE \
     WHEN c.outcome IS NULL AND r.relation = 'explicit' THEN e.category \
     WHEN c.outcome IS NULL THEN r.category \
     WHEN c.outcome IN ('none', 'induced') THEN NULL \
     WHEN c.outcome = 'explicit' AND r.relation = 'explicit' THEN NULL \
     WHEN r.category = e.category THEN NULL ELSE r.category END AS secondary ",
    contacts_of_mature_episodes!(concat!(
        "LEFT JOIN outcome_corrections c ON c.tenant = r.tenant AND c.ticket_id = r.ticket_id \
         AND c.episode = r.episode AND ",
        is_newest!()
    )),
    " AND r.relation <> 'induced') AS contacts WHERE secondary IS NOT NULL \
     GROUP BY ticket_id, episode, primary_category, secondary, mature \
     UNION ALL SELECT e.category, e.category, ",
    mature_windows!(),
    ", COALESCE((c.gap_ms + 59999) / 60000, 0) ",
    corrected_episodes!(),
    " AND c.outcome = 'explicit') AS firsts \
     GROUP BY primary_category, secondary, mature, gap_minutes ORDER BY primary_category, secondary"
);

/// The first repeat after each episode that had one, counted by the window that it falls into.
const REPEATS: &str = concat!(
    "SELECT category, mature, gap_minutes, COUNT(*) AS episodes FROM (SELECT category, mature, \
     CAST(CASE WHEN minutes <= 1440 THEN 1440 WHEN minutes <= 4320 THEN 4320 WHEN minutes <= 10080 THEN 10080 \
     WHEN minutes <= 20160 THEN 20160 WHEN minutes <= 43200 THEN 43200 ELSE 43201 END AS BIGINT) AS gap_minutes FROM (",
    "SELECT e.category AS category, ",
    mature_windows!(),
    " AS mature, MIN((r.gap_ms + 59999) / 60000) AS minutes ",
    contacts_of_mature_episodes!(""),
    " AND r.relation IN ('explicit', 'implicit') AND NOT EXISTS (SELECT 1 FROM outcome_corrections c \
     WHERE c.tenant = r.tenant AND c.ticket_id = r.ticket_id AND c.episode = r.episode) \
     GROUP BY r.ticket_id, r.episode, e.category, e.closed_at \
     UNION ALL SELECT e.category, ",
    mature_windows!(),
    ", COALESCE((c.gap_ms + 59999) / 60000, 0) ",
    corrected_episodes!(),
    " AND c.outcome IN ('explicit', 'implicit')) AS firsts) AS bounded GROUP BY category, mature, gap_minutes"
);

impl Store {
    /// Computes the map of the episodes in scope, as of `now`. What is implicit is taken from the stored relations.
    ///
    /// The database sums up; what comes here is one row for each pair, age and minute, read one after the other.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn compute_next_issues(
        &self,
        tenant: &Tenant,
        scope: &EpisodeScope,
        options: &NextIssueOptions,
        policy: &OutcomePolicy,
        now: Timestamp,
    ) -> Result<NextIssueMap, StoreError> {
        let mut counts = MapCounts::new(options, policy);
        let mut episodes = scoped(EPISODES, tenant, scope, now).fetch(&self.pool);
        while let Some(row) = episodes.try_next().await? {
            counts.add_episodes(EpisodeCount {
                category: name(&row, "episodes", "category")?,
                mature_windows: mature_windows(&row)?,
                episodes: count(&row, "episodes")?,
                outages: count(&row, "outages")?,
                parallel: count(&row, "parallel")?,
            });
        }
        drop(episodes);
        let mut gaps = scoped(GAPS, tenant, scope, now).fetch(&self.pool);
        while let Some(row) = gaps.try_next().await? {
            counts.add_gaps(GapCount {
                primary: name(&row, "episodes", "primary_category")?,
                secondary: name(&row, "recontacts", "secondary")?,
                mature_windows: mature_windows(&row)?,
                gap_minutes: count(&row, "gap_minutes")?,
                episodes: count(&row, "episodes")?,
            });
        }
        drop(gaps);
        let mut map = counts.finish(now);
        map.count_repeats(&self.count_repeats(tenant, scope, now).await?);
        Ok(map)
    }

    /// The episodes in scope that ended in a repeat, by category, age and window.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn count_repeats(
        &self,
        tenant: &Tenant,
        scope: &EpisodeScope,
        now: Timestamp,
    ) -> Result<Vec<RepeatCount>, StoreError> {
        let rows = scoped(REPEATS, tenant, scope, now).fetch_all(&self.pool).await?;
        let read = |row: &AnyRow| {
            Ok(RepeatCount {
                category: name(row, "episodes", "category")?,
                mature_windows: mature_windows(row)?,
                gap_minutes: count(row, "gap_minutes")?,
                episodes: count(row, "episodes")?,
            })
        };
        rows.iter().map(read).collect()
    }

    /// When the stored map was computed; `None` before the first time.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn next_issues_computed(
        &self,
        tenant: &Tenant,
    ) -> Result<Option<NextIssuesComputed>, StoreError> {
        let header = self.next_issues_header(tenant).await?;
        Ok(header.map(|header| NextIssuesComputed {
            computed_at: header.computed_at,
            basis: header.basis,
        }))
    }

    /// The stored map; an empty one before the first time.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn load_next_issues(&self, tenant: &Tenant) -> Result<NextIssueMap, StoreError> {
        loop {
            let Some(header) = self.next_issues_header(tenant).await? else {
                return Ok(NextIssueMap::default());
            };
            let mut map = NextIssueMap {
                computed_at: Some(header.computed_at),
                coverage: header.coverage,
                ..NextIssueMap::default()
            };
            let mut rows = sqlx::query(
                "SELECT primary_category, secondary_category, window_days, body FROM next_issues \
                 WHERE tenant = $1 AND computed_at = $2",
            )
            .bind(tenant.as_str())
            .bind(header.computed_at.millis())
            .fetch(&self.pool);
            let mut secondaries = Vec::new();
            while let Some(row) = rows.try_next().await? {
                read_entry(&row, &mut map, &mut secondaries)?;
            }
            drop(rows);
            put_secondaries(&mut map, secondaries);
            // Replaced meanwhile? Then a part of the rows was missing.
            let after = self.next_issues_header(tenant).await?;
            if after.is_some_and(|after| after.computed_at == header.computed_at) {
                return Ok(map);
            }
        }
    }

    /// Replaces the stored map as a whole; whoever reads at the same time sees the one or the other. `basis` names the options
    /// that it was computed with.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn replace_next_issues(
        &self,
        tenant: &Tenant,
        map: &NextIssueMap,
        basis: &str,
    ) -> Result<(), StoreError> {
        let Some(computed_at) = map.computed_at else { return Ok(()) };
        let entries = entries(map)?;
        let header =
            Header { computed_at, basis: basis.to_owned(), coverage: map.coverage.clone() };
        let mut write = self.begin_write().await?;
        // The header first: its row is the lock between two processes.
        put_setting(write.connection(), tenant, HEADER, &json(&header)?).await?;
        sqlx::query("DELETE FROM next_issues WHERE tenant = $1")
            .bind(tenant.as_str())
            .execute(write.connection())
            .await?;
        for chunk in entries.chunks(PER_STATEMENT) {
            insert_entries(write.connection(), tenant, chunk, computed_at).await?;
        }
        write.finish(true).await
    }

    /// Takes the right to compute the map until `until`, unless another process has it. A process that ends without giving it
    /// back loses it then.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn take_next_issues_lease(
        &self,
        tenant: &Tenant,
        owner: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut write = self.begin_write().await?;
        let taken = sqlx::query(
            "INSERT INTO settings (tenant, name, value) VALUES ($1, $2, $3) \
             ON CONFLICT (tenant, name) DO UPDATE SET value = EXCLUDED.value WHERE settings.value < $4",
        )
        .bind(tenant.as_str())
        .bind(LEASE)
        .bind(lease_value(until, owner))
        .bind(lease_value(now, ""))
        .execute(write.connection())
        .await?;
        write.finish(true).await?;
        Ok(taken.rows_affected() == 1)
    }

    /// Gives back what [`Store::take_next_issues_lease`] gave.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn give_back_next_issues_lease(
        &self,
        tenant: &Tenant,
        owner: &str,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        let mut write = self.begin_write().await?;
        sqlx::query("DELETE FROM settings WHERE tenant = $1 AND name = $2 AND value = $3")
            .bind(tenant.as_str())
            .bind(LEASE)
            .bind(lease_value(until, owner))
            .execute(write.connection())
            .await?;
        write.finish(true).await
    }

    async fn next_issues_header(&self, tenant: &Tenant) -> Result<Option<Header>, StoreError> {
        let value: Option<String> =
            sqlx::query_scalar("SELECT value FROM settings WHERE tenant = $1 AND name = $2")
                .bind(tenant.as_str())
                .bind(HEADER)
                .fetch_optional(&self.pool)
                .await?;
        value
            .map(|value| serde_json::from_str(&value))
            .transpose()
            .map_err(|error| StoreError::corrupt("settings", "value", error))
    }
}

/// A statement about the episodes in scope: $1 to $3 are the scope, $4 to $8 the latest closes.
fn scoped<'q>(
    statement: &'static str,
    tenant: &'q Tenant,
    scope: &'q EpisodeScope,
    now: Timestamp,
) -> Query<'q, Any, sqlx::any::AnyArguments> {
    // No name is empty, so the empty text stands for any.
    let wanted = |name: &'q Option<Name>| name.as_ref().map_or("", Name::as_str);
    let query = sqlx::query(statement)
        .bind(tenant.as_str())
        .bind(wanted(&scope.team))
        .bind(wanted(&scope.channel));
    WINDOWS_DAYS
        .iter()
        .rev()
        .fold(query, |query, days| query.bind(now.plus_days(-i64::from(*days)).millis()))
}

fn mature_windows(row: &AnyRow) -> Result<usize, StoreError> {
    usize::try_from(row.try_get::<i64, _>("mature")?)
        .map_err(|error| StoreError::corrupt("episodes", "closed_at", error))
}

fn count(row: &AnyRow, column: &'static str) -> Result<u64, StoreError> {
    u64::try_from(row.try_get::<i64, _>(column)?)
        .map_err(|error| StoreError::corrupt("recontacts", column, error))
}

/// The end as digits of fixed width, so that a later end is a greater text, then the owner.
fn lease_value(until: Timestamp, owner: &str) -> String {
    format!("{:015}{owner}", until.millis())
}

fn json(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::corrupt("next_issues", "body", error))
}

async fn put_setting(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    setting: &str,
    value: &str,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO settings (tenant, name, value) VALUES ($1, $2, $3) \
         ON CONFLICT (tenant, name) DO UPDATE SET value = EXCLUDED.value",
    )
    .bind(tenant.as_str())
    .bind(setting)
    .bind(value)
    .execute(connection)
    .await?;
    Ok(())
}

/// A row of the stored map; the primary's own figures stand where secondary and primary are the same.
struct Entry<'m> {
    primary: &'m IssueCategory,
    secondary: &'m IssueCategory,
    window_days: u32,
    body: String,
}

fn entries(map: &NextIssueMap) -> Result<Vec<Entry<'_>>, StoreError> {
    let mut entries = Vec::new();
    for (category, windows) in &map.primaries {
        for (window_days, primary) in windows {
            let window_days = *window_days;
            let body = json(primary)?;
            entries.push(Entry { primary: category, secondary: category, window_days, body });
            for secondary in &primary.secondaries {
                let body = json(secondary)?;
                entries.push(Entry {
                    primary: category,
                    secondary: &secondary.category,
                    window_days,
                    body,
                });
            }
        }
    }
    Ok(entries)
}

async fn insert_entries(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    entries: &[Entry<'_>],
    computed_at: Timestamp,
) -> Result<(), StoreError> {
    let statement = format!(
        "INSERT INTO next_issues (tenant, primary_category, secondary_category, window_days, body, computed_at) VALUES {}",
        placeholders(entries.len(), 6)
    );
    let mut query = bulk_query(statement, entries.len() == PER_STATEMENT);
    for entry in entries {
        query = query
            .bind(tenant.as_str())
            .bind(entry.primary.as_str())
            .bind(entry.secondary.as_str())
            .bind(i64::from(entry.window_days))
            .bind(entry.body.as_str())
            .bind(computed_at.millis());
    }
    query.execute(connection).await?;
    Ok(())
}

/// Secondaries come in any order, before or after their primary.
type FoundSecondary = (IssueCategory, u32, Secondary);

fn read_entry(
    row: &AnyRow,
    map: &mut NextIssueMap,
    secondaries: &mut Vec<FoundSecondary>,
) -> Result<(), StoreError> {
    let primary = name(row, "next_issues", "primary_category")?;
    let secondary = name(row, "next_issues", "secondary_category")?;
    let window_days = u32::try_from(row.try_get::<i64, _>("window_days")?)
        .map_err(|error| StoreError::corrupt("next_issues", "window_days", error))?;
    let body: String = row.try_get("body")?;
    let corrupt = |error: serde_json::Error| StoreError::corrupt("next_issues", "body", error);
    if primary == secondary {
        let figures: Primary = serde_json::from_str(&body).map_err(corrupt)?;
        map.primaries.entry(primary).or_default().insert(window_days, figures);
    } else {
        let figures = serde_json::from_str(&body).map_err(corrupt)?;
        secondaries.push((primary, window_days, figures));
    }
    Ok(())
}

fn put_secondaries(map: &mut NextIssueMap, mut secondaries: Vec<FoundSecondary>) {
    secondaries.sort_by(|(_, _, a), (_, _, b)| {
        b.proportion.count.cmp(&a.proportion.count).then_with(|| a.category.cmp(&b.category))
    });
    for (primary, window_days, secondary) in secondaries {
        let windows = map.primaries.get_mut(&primary);
        if let Some(primary) = windows.and_then(|windows| windows.get_mut(&window_days)) {
            primary.secondaries.push(secondary);
        }
    }
}
