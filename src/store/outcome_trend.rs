//! Outcomes by week of closing and category: counted by the database, whatever the number of episodes.

use super::outcome_summary::{SUMMARY, count_of, outcome_of, summary_query};
use super::{OutcomeCounts, OutcomeFilter, Store, StoreError, Tenant, name};
use crate::ticket::IssueCategory;
use crate::timestamp::{DAY_MS, Timestamp};
use sqlx::Row;

/// Mature episodes of one week and category by outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WeekOutcomes {
    /// The week of the closing, counted from the filter's `from`; each has seven days.
    pub week: u32,
    /// The category.
    pub category: IssueCategory,
    /// The episodes.
    pub counts: OutcomeCounts,
}

impl Store {
    /// Counts mature episodes by week of closing, category and outcome as of `now`, the earliest week first. Weeks and categories
    /// without any are left out.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn outcome_trend(
        &self,
        tenant: &Tenant,
        filter: &OutcomeFilter,
        now: Timestamp,
    ) -> Result<Vec<WeekOutcomes>, StoreError> {
        let select = format!(
            "SELECT CAST((closed_at - $2) / {} AS BIGINT) AS week, category, outcome, COUNT(*) AS episodes FROM ({SUMMARY}",
            7 * DAY_MS
        );
        let end =
            " AND e.closed_at <= $4) AS counted GROUP BY 1, category, outcome ORDER BY 1, category";
        let mut weeks: Vec<WeekOutcomes> = Vec::new();
        let query = summary_query(tenant, filter, now, &select, end);
        for row in query.fetch_all(&self.pool).await? {
            let week = u32::try_from(row.try_get::<i64, _>("week")?).unwrap_or(0);
            let category = name(&row, "episodes", "category")?;
            let (outcome, count) = (outcome_of(&row)?, count_of(&row)?);
            match weeks.last_mut() {
                Some(last) if last.week == week && last.category == category => {
                    last.counts.add(outcome, count);
                }
                _ => {
                    let mut counts = OutcomeCounts::default();
                    counts.add(outcome, count);
                    weeks.push(WeekOutcomes { week, category, counts });
                }
            }
        }
        Ok(weeks)
    }
}
