//! How many episodes had which outcome: counted by the database, whatever their number.

use super::rows::bulk_query;
use super::words::parse_outcome;
use super::{Store, StoreError, Tenant};
use crate::outcome::Outcome;
use crate::ticket::{IssueCategory, Name};
use crate::timestamp::{DAY_MS, Timestamp};
use sqlx::any::{AnyArguments, AnyRow};
use sqlx::query::Query;
use sqlx::{Any, Row};

/// Which episodes to count.
#[derive(Debug, Clone, PartialEq)]
pub struct OutcomeFilter {
    /// The window, in days after the close; one of [`WINDOWS_DAYS`](crate::outcome::WINDOWS_DAYS).
    pub window_days: u32,
    /// Closed at this instant or later.
    pub from: Option<Timestamp>,
    /// Closed before this instant.
    pub to: Option<Timestamp>,
    /// Of this category only.
    pub category: Option<IssueCategory>,
    /// Closed by this team only.
    pub team: Option<Name>,
}

/// Mature episodes by outcome, as far as it counts: a correction wins over what was derived.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OutcomeCounts {
    /// Nobody came back.
    pub none: u64,
    /// With the same issue.
    pub explicit: u64,
    /// With one that is known to follow.
    pub implicit: u64,
    /// To answer our follow-up only.
    pub induced: u64,
    /// With something else only.
    pub unrelated: u64,
}

/// Episodes by maturity and outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OutcomeSummary {
    /// All mature episodes.
    pub all: OutcomeCounts,
    /// Those without a parallel open ticket and outside outages.
    pub unflagged: OutcomeCounts,
    /// Episodes whose window is not over.
    pub immature: u64,
    /// Mature ones with a parallel open ticket.
    pub parallel: u64,
    /// Mature ones during an outage.
    pub outage: u64,
    /// Mature ones with a correction.
    pub corrected: u64,
}

impl OutcomeCounts {
    /// All of them.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.none + self.explicit + self.implicit + self.induced + self.unrelated
    }

    fn add(&mut self, outcome: Outcome, count: u64) {
        *match outcome {
            Outcome::None => &mut self.none,
            Outcome::Explicit => &mut self.explicit,
            Outcome::Implicit => &mut self.implicit,
            Outcome::Induced => &mut self.induced,
            Outcome::Unrelated => &mut self.unrelated,
        } += count;
    }
}

/// One row for each episode, with what is counted apart; conditions follow. `$2` to `$3`: closings; `$4`: the last close that is mature; `$5`: the
/// window in milliseconds. The earliest contact of the strongest relation decides, so the strongest within the window does; the
/// latest correction counts, and one whose gap is longer than the window says that nobody came.
const SUMMARY: &str = "SELECT e.category AS category, e.closed_at AS closed_at, \
     e.is_parallel AS is_parallel, e.is_outage AS is_outage, \
     CASE WHEN e.closed_at <= $4 THEN 1 ELSE 0 END AS is_mature, \
     CASE WHEN e.closed_at > $4 OR c.id IS NULL THEN 0 ELSE 1 END AS corrected, \
     CASE WHEN e.closed_at > $4 THEN 'none' WHEN c.id IS NOT NULL AND c.gap_ms > $5 THEN 'none' \
     WHEN c.id IS NOT NULL THEN c.outcome ELSE COALESCE((SELECT CASE MIN(CASE r.relation WHEN 'explicit' THEN 1 \
     WHEN 'implicit' THEN 2 WHEN 'induced' THEN 3 ELSE 4 END) WHEN 1 THEN 'explicit' WHEN 2 THEN 'implicit' \
     WHEN 3 THEN 'induced' WHEN 4 THEN 'unrelated' END FROM recontacts r WHERE r.tenant = e.tenant \
     AND r.ticket_id = e.ticket_id AND r.episode = e.number AND r.gap_ms <= $5), 'none') END AS outcome \
     FROM episodes e LEFT JOIN outcome_corrections c ON c.tenant = e.tenant AND c.id = (SELECT k.id \
     FROM outcome_corrections k WHERE k.tenant = e.tenant AND k.ticket_id = e.ticket_id AND k.episode = e.number \
     ORDER BY k.recorded_at DESC, k.id DESC LIMIT 1) \
     WHERE e.tenant = $1 AND e.closed_at >= $2 AND e.closed_at < $3";

impl Store {
    /// Counts episodes by outcome as of `now`.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn outcome_summary(
        &self,
        tenant: &Tenant,
        filter: &OutcomeFilter,
        now: Timestamp,
    ) -> Result<OutcomeSummary, StoreError> {
        let select = format!(
            "SELECT is_mature, is_parallel, is_outage, corrected, outcome, COUNT(*) AS episodes FROM ({SUMMARY}"
        );
        let end = ") AS counted GROUP BY is_mature, is_parallel, is_outage, corrected, outcome";
        let query = summary_query(tenant, filter, now, &select, end);
        let mut summary = OutcomeSummary::default();
        for row in query.fetch_all(&self.pool).await? {
            let flag = |column: &str| row.try_get::<i64, _>(column).map(|flag| flag != 0);
            let count = count_of(&row)?;
            if !read_flag(&row, "is_mature")? {
                summary.immature += count;
                continue;
            }
            let outcome = outcome_of(&row)?;
            let (is_parallel, is_outage) = (flag("is_parallel")?, flag("is_outage")?);
            summary.all.add(outcome, count);
            if !is_parallel && !is_outage {
                summary.unflagged.add(outcome, count);
            }
            summary.parallel += if is_parallel { count } else { 0 };
            summary.outage += if is_outage { count } else { 0 };
            summary.corrected += if read_flag(&row, "corrected")? { count } else { 0 };
        }
        Ok(summary)
    }
}

/// A query around [`SUMMARY`], whose conditions are completed by the filter's category and team, and then by `end`.
fn summary_query<'q>(
    tenant: &'q Tenant,
    filter: &'q OutcomeFilter,
    now: Timestamp,
    select: &str,
    end: &str,
) -> Query<'q, Any, AnyArguments> {
    let window_ms = i64::from(filter.window_days) * DAY_MS;
    let category = filter.category.as_ref().map(|_| " AND e.category = $6").unwrap_or_default();
    let team = match (&filter.team, &filter.category) {
        (None, _) => "",
        (Some(_), None) => " AND e.team = $6",
        (Some(_), Some(_)) => " AND e.team = $7",
    };
    let mut query = bulk_query(format!("{select}{category}{team}{end}"), true)
        .bind(tenant.as_str())
        .bind(filter.from.unwrap_or(Timestamp::EARLIEST).millis())
        .bind(filter.to.map_or(i64::MAX, Timestamp::millis))
        .bind(now.millis() - window_ms)
        .bind(window_ms);
    for name in filter.category.iter().chain(&filter.team) {
        query = query.bind(name.as_str());
    }
    query
}

fn count_of(row: &AnyRow) -> Result<u64, StoreError> {
    Ok(u64::try_from(row.try_get::<i64, _>("episodes")?).unwrap_or(0))
}

fn outcome_of(row: &AnyRow) -> Result<Outcome, StoreError> {
    let word: String = row.try_get("outcome")?;
    parse_outcome(&word).ok_or_else(|| {
        StoreError::corrupt("outcome_corrections", "outcome", format!("unknown: {word}"))
    })
}

/// A number made of constants is INTEGER to one database and may be BIGINT to the other.
fn read_flag(row: &AnyRow, column: &str) -> Result<bool, StoreError> {
    let flag =
        row.try_get::<i64, _>(column).or_else(|_| row.try_get::<i32, _>(column).map(i64::from))?;
    Ok(flag != 0)
}
