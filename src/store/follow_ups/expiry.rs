//! What ends follow-ups without anybody's work: time, and customers who opt out. And what orders the open ones anew.

use super::{FollowUpEvent, insert_event, service};
use crate::follow_up::{Action, FollowUpStatus};
use crate::store::experiments::identities_of_the_person;
use crate::store::{CustomerHash, Store, StoreError, Tenant};
use crate::ticket::Name;
use crate::timestamp::Timestamp;
use serde_json::json;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

/// Rows written in one transaction: closings must not wait long for their turn.
const SWEPT_AT_ONCE: i64 = 200;

/// Why a customer's follow-ups are suppressed.
pub(in crate::store) const OPT_OUT: &str = "opt_out";

impl Store {
    /// Records which open follow-ups have expired by `now`, and how many they were. Any number of processes may do this at any
    /// time: each follow-up expires once.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn expire_follow_ups(
        &self,
        tenant: &Tenant,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let mut expired = 0;
        loop {
            let mut write = self.begin_write().await?;
            let rows = sqlx::query(
                "UPDATE follow_ups SET status = 'expired', version = version + 1 \
                 WHERE tenant = $1 AND status IN ('waiting', 'snoozed', 'claimed') AND expires_at <= $2 \
                 AND id IN (SELECT id FROM follow_ups WHERE tenant = $1 \
                   AND status IN ('waiting', 'snoozed', 'claimed') AND expires_at <= $2 ORDER BY id LIMIT $3) \
                 RETURNING id, version",
            )
            .bind(tenant.as_str())
            .bind(now.millis())
            .bind(SWEPT_AT_ONCE)
            .fetch_all(write.connection())
            .await?;
            let author = service()?;
            for row in &rows {
                let event = changed(row, now, Action::Expire, &author, FollowUpStatus::Expired)?;
                insert_event(write.connection(), tenant, &row.try_get::<String, _>("id")?, &event)
                    .await?;
            }
            write.finish(!rows.is_empty()).await?;
            if rows.is_empty() {
                return Ok(expired);
            }
            expired += rows.len() as u64;
            metrics::counter!("recontact_follow_ups_expired_total").increment(rows.len() as u64);
        }
    }

    /// Computes the order of open follow-ups anew by the present rules: they may have been put into the queue under others.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn rank_follow_ups(&self, tenant: &Tenant) -> Result<(), StoreError> {
        let policy = self.follow_up_policy()?;
        let rows = sqlx::query(
            "SELECT DISTINCT category FROM follow_ups \
             WHERE tenant = $1 AND status IN ('waiting', 'snoozed', 'claimed')",
        )
        .bind(tenant.as_str())
        .fetch_all(&self.pool)
        .await?;
        for row in rows {
            let category: String = row.try_get("category")?;
            let (gain, cost) = policy.gain_and_cost(&category);
            let ranking = sqlx::query(
                "UPDATE follow_ups SET expected_benefit = probability * $3 - $4 \
                 WHERE tenant = $1 AND category = $2 AND status IN ('waiting', 'snoozed', 'claimed')",
            );
            let ranking = ranking.bind(tenant.as_str()).bind(category).bind(gain).bind(cost);
            self.execute(ranking).await?;
        }
        Ok(())
    }
}

/// Why everything open of a person leaves the queue.
pub(in crate::store) struct Suppression<'a> {
    /// Any identity of the person.
    pub(in crate::store) customer: &'a CustomerHash,
    /// The status' reason, [`OPT_OUT`] or another word of its kind.
    pub(in crate::store) because: &'static str,
    pub(in crate::store) author: &'a Name,
    /// What the author says about it.
    pub(in crate::store) reason: Option<&'a Name>,
    pub(in crate::store) at: Timestamp,
}

/// Takes everything open of a person out of the queue, and says how much that was.
pub(in crate::store) async fn suppress_all_of(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    suppression: &Suppression<'_>,
) -> Result<u64, StoreError> {
    let Suppression { customer, because, author, reason, at } = *suppression;
    let rows = sqlx::query(concat!(
        "UPDATE follow_ups SET status = 'suppressed', status_reason = $3, version = version + 1 \
         WHERE tenant = $1 AND status IN ('waiting', 'snoozed', 'claimed') AND customer_hash IN ",
        identities_of_the_person!(),
        " RETURNING id, version"
    ))
    .bind(tenant.as_str())
    .bind(customer.as_str())
    .bind(because)
    .fetch_all(&mut *connection)
    .await?;
    for row in &rows {
        let event = FollowUpEvent {
            reason: reason.cloned(),
            ..changed(row, at, Action::Suppress, author, FollowUpStatus::Suppressed)?
        };
        insert_event(connection, tenant, &row.try_get::<String, _>("id")?, &event).await?;
    }
    Ok(rows.len() as u64)
}

fn changed(
    row: &AnyRow,
    now: Timestamp,
    action: Action,
    author: &Name,
    status: FollowUpStatus,
) -> Result<FollowUpEvent, StoreError> {
    Ok(FollowUpEvent {
        version: super::count(row, "follow_ups", "version")?,
        occurred_at: now,
        action,
        author: author.clone(),
        reason: None,
        body: json!({"status": status}),
    })
}
