//! Plans as stored: one row per version, never changed; and the counts behind what a version did.

use super::audit::{AuditEntry, write_entry};
use super::{Store, StoreError, Tenant, instant, name};
use crate::kpi::{Assigned, Period, Zone};
use crate::plan::consistency::ChannelSeen;
use crate::plan::effect::{ActivePeriod, Arms};
use crate::plan::{PlanContent, PlanStatus};
use crate::statistics::Proportion;
use crate::ticket::{IssueCategory, Name};
use crate::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};
use std::collections::BTreeMap;

/// A version of a plan.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredPlan {
    /// The primary category.
    pub category: IssueCategory,
    /// Counts the category's versions from 1.
    pub version: u32,
    /// Draft, in use, or no longer in use.
    pub status: PlanStatus,
    /// Who wrote the version.
    pub author: Name,
    /// When.
    pub created_at: Timestamp,
    /// When somebody has to look at it again.
    pub review_at: Timestamp,
    /// What it says.
    pub content: PlanContent,
    /// Why it is in use although the channels answer differently.
    pub accepted_because: Option<String>,
}

/// What became of a new version.
#[derive(Debug, Clone, PartialEq)]
pub enum PlanRecorded {
    /// It is the newest version now.
    Recorded,
    /// Somebody else was faster, or it was written on another version than the newest: this one, if there is any.
    Conflict(Option<Box<StoredPlan>>),
}

/// What the column `body` holds.
#[derive(Serialize, Deserialize)]
struct Body {
    content: PlanContent,
    accepted_because: Option<String>,
}

/// Closings of a category in a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClosingSpan {
    /// The category.
    pub category: IssueCategory,
    /// When they were closed.
    pub period: ActivePeriod,
}

/// Those of a [`ClosingSpan`] that are mature, and their repeats.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SpanRepeats {
    /// All of them.
    pub all: Proportion,
    /// Those flagged in the experiment that has most of them, by the arm that the customers were assigned to, whether they were
    /// followed up or not. `None` where nobody was assigned.
    pub arms: Option<Arms>,
}

impl Store {
    /// Records a version, unless the newest one is not the one before it.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn record_plan(
        &self,
        tenant: &Tenant,
        plan: &StoredPlan,
    ) -> Result<PlanRecorded, StoreError> {
        self.insert_plan(tenant, plan, None).await
    }

    /// The same with its line in the audit: both or none.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn record_plan_by(
        &self,
        tenant: &Tenant,
        plan: &StoredPlan,
        entry: &AuditEntry,
    ) -> Result<PlanRecorded, StoreError> {
        self.insert_plan(tenant, plan, Some(entry)).await
    }

    async fn insert_plan(
        &self,
        tenant: &Tenant,
        plan: &StoredPlan,
        entry: Option<&AuditEntry>,
    ) -> Result<PlanRecorded, StoreError> {
        let body =
            Body { content: plan.content.clone(), accepted_because: plan.accepted_because.clone() };
        let body = serde_json::to_string(&body)
            .map_err(|error| StoreError::corrupt("plans", "body", error))?;
        let mut write = self.begin_write().await?;
        let inserted = sqlx::query(
            "INSERT INTO plans (tenant, category, version, status, author, created_at, review_at, body) \
             SELECT $1, $2, $3, $4, $5, $6, $7, $8 \
             WHERE (SELECT COALESCE(MAX(version), 0) FROM plans WHERE tenant = $1 AND category = $2) = $3 - 1 \
             ON CONFLICT (tenant, category, version) DO NOTHING",
        )
        .bind(tenant.as_str())
        .bind(plan.category.as_str())
        .bind(i64::from(plan.version))
        .bind(plan.status.as_str())
        .bind(plan.author.as_str())
        .bind(plan.created_at.millis())
        .bind(plan.review_at.millis())
        .bind(body)
        .execute(write.connection())
        .await?;
        let is_recorded = inserted.rows_affected() == 1;
        if let Some(entry) = entry.filter(|_| is_recorded) {
            write_entry(&mut write, tenant, entry).await?;
        }
        write.finish(is_recorded).await?;
        if is_recorded {
            return Ok(PlanRecorded::Recorded);
        }
        let current = self.plan(tenant, &plan.category).await?;
        Ok(PlanRecorded::Conflict(current.map(Box::new)))
    }

    /// The newest version of a category's plan.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn plan(
        &self,
        tenant: &Tenant,
        category: &IssueCategory,
    ) -> Result<Option<StoredPlan>, StoreError> {
        Ok(self.plan_versions(tenant, category).await?.pop())
    }

    /// All versions of a category's plan, the oldest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn plan_versions(
        &self,
        tenant: &Tenant,
        category: &IssueCategory,
    ) -> Result<Vec<StoredPlan>, StoreError> {
        let rows = sqlx::query(
            "SELECT category, version, status, author, created_at, review_at, body FROM plans \
             WHERE tenant = $1 AND category = $2 ORDER BY version",
        )
        .bind(tenant.as_str())
        .bind(category.as_str())
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(read_plan).collect()
    }

    /// The newest version of every category's plan, by category.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn plans(&self, tenant: &Tenant) -> Result<Vec<StoredPlan>, StoreError> {
        let rows = sqlx::query(
            "SELECT category, version, status, author, created_at, review_at, body FROM plans p \
             WHERE tenant = $1 AND version = (SELECT MAX(version) FROM plans l \
             WHERE l.tenant = p.tenant AND l.category = p.category)",
        )
        .bind(tenant.as_str())
        .fetch_all(&self.pool)
        .await?;
        let mut plans: Vec<StoredPlan> = rows.iter().map(read_plan).collect::<Result<_, _>>()?;
        plans.sort_by(|a, b| a.category.cmp(&b.category));
        Ok(plans)
    }

    /// The version in use of a category's plan: a draft on top of it takes nothing out of use.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn plan_in_use(
        &self,
        tenant: &Tenant,
        category: &IssueCategory,
    ) -> Result<Option<StoredPlan>, StoreError> {
        find_plan_in_use(&mut *self.pool.acquire().await?, tenant, category).await
    }

    /// The version in use of every category's plan that has one: a draft on top of it takes nothing out of use.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn plans_in_use(
        &self,
        tenant: &Tenant,
    ) -> Result<BTreeMap<IssueCategory, StoredPlan>, StoreError> {
        let rows = sqlx::query(
            "SELECT category, version, status, author, created_at, review_at, body FROM plans p \
             WHERE tenant = $1 AND status = 'active' AND version = (SELECT MAX(version) FROM plans l \
             WHERE l.tenant = p.tenant AND l.category = p.category AND l.status <> 'proposed')",
        )
        .bind(tenant.as_str())
        .fetch_all(&self.pool)
        .await?;
        let plans = rows.iter().map(read_plan);
        plans.map(|plan| plan.map(|plan| (plan.category.clone(), plan))).collect()
    }

    /// The channels in which customers came with a category whose episodes were closed at or after `since`, the most frequent
    /// first.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn channels_of_category(
        &self,
        tenant: &Tenant,
        category: &IssueCategory,
        since: Timestamp,
    ) -> Result<Vec<ChannelSeen>, StoreError> {
        let rows = sqlx::query(
            "SELECT channel, COUNT(*) AS episodes FROM episodes \
             WHERE tenant = $1 AND category = $2 AND closed_at >= $3 AND channel IS NOT NULL GROUP BY channel",
        )
        .bind(tenant.as_str())
        .bind(category.as_str())
        .bind(since.millis())
        .fetch_all(&self.pool)
        .await?;
        let mut seen = rows
            .iter()
            .map(|row| {
                Ok(ChannelSeen {
                    channel: name(row, "episodes", "channel")?,
                    episodes: count(row, "episodes")?,
                })
            })
            .collect::<Result<Vec<_>, StoreError>>()?;
        seen.sort_by(|a, b| b.episodes.cmp(&a.episodes).then_with(|| a.channel.cmp(&b.channel)));
        Ok(seen)
    }

    /// Repeats within `window_days` among the mature closings of each span as of `now`, from days that [`Store::refresh_kpis`] has
    /// counted in this zone.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn repeats_in_spans(
        &self,
        tenant: &Tenant,
        zone: &Zone,
        spans: &[ClosingSpan],
        window_days: u32,
        now: Timestamp,
    ) -> Result<Vec<SpanRepeats>, StoreError> {
        let Some(period) = days_of(zone, spans) else { return Ok(Vec::new()) };
        let mature_until = now.plus_days(-i64::from(window_days));
        let mut sums = vec![SpanSums::default(); spans.len()];
        self.counted_closings(tenant, period, None, |_, closings| {
            let spans_of = |category: &String| {
                let known = spans.iter().enumerate();
                let of = known.filter(|(_, span)| span.category.as_str() == category.as_str());
                of.map(|(index, _)| index).collect::<Vec<_>>()
            };
            let by_category: Vec<Vec<usize>> = closings.categories.iter().map(spans_of).collect();
            for closing in closings.closings.iter().filter(|one| one.closed_at <= mature_until) {
                for index in &by_category[closing.category] {
                    let ActivePeriod { from, to } = spans[*index].period;
                    if closing.closed_at >= from && closing.closed_at < to {
                        let arm = closing.assigned.map(|number| &closings.arms[number]);
                        sums[*index].add(closing.is_repeated(window_days), arm);
                    }
                }
            }
        })
        .await?;
        sums.into_iter().map(SpanSums::told).collect()
    }
}

/// The local days that the spans lie in; `None` without any.
#[must_use]
pub fn days_of(zone: &Zone, spans: &[ClosingSpan]) -> Option<Period> {
    let from = spans.iter().map(|span| span.period.from).min()?;
    let to = spans.iter().map(|span| span.period.to).max()?;
    Some(Period { from: zone.day_of(from), to: zone.day_of(to).plus(1) })
}

/// What is counted of a span: all, and by experiment treatment and control.
#[derive(Debug, Clone, Default)]
struct SpanSums {
    all: Proportion,
    experiments: BTreeMap<String, [Proportion; 2]>,
}

impl SpanSums {
    fn add(&mut self, is_repeated: bool, arm: Option<&Assigned>) {
        let count = |of: &mut Proportion| {
            of.trials += 1;
            of.count += u64::from(is_repeated);
        };
        count(&mut self.all);
        if let Some(Assigned { experiment, is_control }) = arm {
            let arms = self.experiments.entry(experiment.clone()).or_default();
            count(&mut arms[usize::from(*is_control)]);
        }
    }

    fn told(self) -> Result<SpanRepeats, StoreError> {
        let flagged = |arms: &[Proportion; 2]| arms[0].trials + arms[1].trials;
        let most = self.experiments.into_iter().max_by_key(|(_, arms)| flagged(arms));
        let arms = most.map(|(id, [treatment, control])| {
            let experiment_id = Name::parse(&id)
                .map_err(|error| StoreError::corrupt("follow_ups", "experiment_id", error))?;
            Ok::<_, StoreError>(Arms { experiment_id, treatment, control })
        });
        Ok(SpanRepeats { all: self.all, arms: arms.transpose()? })
    }
}

fn count(row: &AnyRow, column: &'static str) -> Result<u64, StoreError> {
    u64::try_from(row.try_get::<i64, _>(column)?)
        .map_err(|error| StoreError::corrupt("episodes", column, error))
}

/// The version in use of a category's plan.
pub(super) async fn find_plan_in_use(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    category: &IssueCategory,
) -> Result<Option<StoredPlan>, StoreError> {
    let row = sqlx::query(
        "SELECT category, version, status, author, created_at, review_at, body FROM plans \
         WHERE tenant = $1 AND category = $2 AND status <> 'proposed' ORDER BY version DESC LIMIT 1",
    )
    .bind(tenant.as_str())
    .bind(category.as_str())
    .fetch_optional(connection)
    .await?;
    let newest = row.as_ref().map(read_plan).transpose()?;
    Ok(newest.filter(|plan| plan.status == PlanStatus::Active))
}

fn read_plan(row: &AnyRow) -> Result<StoredPlan, StoreError> {
    let status: String = row.try_get("status")?;
    let body: Body = serde_json::from_str(&row.try_get::<String, _>("body")?)
        .map_err(|error| StoreError::corrupt("plans", "body", error))?;
    Ok(StoredPlan {
        category: name(row, "plans", "category")?,
        version: u32::try_from(row.try_get::<i64, _>("version")?)
            .map_err(|error| StoreError::corrupt("plans", "version", error))?,
        status: PlanStatus::parse(&status)
            .ok_or_else(|| StoreError::corrupt("plans", "status", &status))?,
        author: name(row, "plans", "author")?,
        created_at: instant(row, "plans", "created_at")?,
        review_at: instant(row, "plans", "review_at")?,
        content: body.content,
        accepted_because: body.accepted_because,
    })
}
