//! Deliveries of weekly reports: who has which in hand, what came of it, and when it is tried again.

use super::{Store, StoreError, Tenant, optional_instant};
use crate::kpi::Day;
use crate::timestamp::Timestamp;
use sqlx::Row;
use sqlx::any::AnyRow;

/// A delivery: the report of one week to one receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeliveryKey<'a> {
    /// The Monday of the week.
    pub week: Day,
    /// The receiver, by the name that stands for it.
    pub receiver: &'a str,
}

/// What is known of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WeeklyDelivery {
    /// The Monday of the week.
    pub week: Day,
    /// The receiver, by the name that stands for it.
    pub receiver: String,
    /// How often it was tried.
    pub attempts: u32,
    /// When it succeeded.
    pub sent_at: Option<Timestamp>,
    /// When it is tried again; without meaning once it was sent.
    pub due_at: Timestamp,
    /// What the last attempt failed for.
    pub error: Option<String>,
}

impl Store {
    /// Takes a delivery in hand until `until`: which attempt it is, or `None` where it was sent, another process has it, or it is
    /// not time yet. A process that ends without saying what came of it loses it then.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn take_weekly_delivery(
        &self,
        tenant: &Tenant,
        key: DeliveryKey<'_>,
        holder: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<u32>, StoreError> {
        let mut write = self.begin_write().await?;
        let row = sqlx::query(
            "INSERT INTO weekly_deliveries (tenant, week, receiver, status, holder, due_at, attempts) \
             VALUES ($1, $2, $3, 'taken', $4, $5, 1) ON CONFLICT (tenant, week, receiver) DO UPDATE SET status = 'taken', \
             holder = EXCLUDED.holder, due_at = EXCLUDED.due_at, attempts = weekly_deliveries.attempts + 1 \
             WHERE weekly_deliveries.status <> 'sent' AND weekly_deliveries.due_at <= $6 RETURNING attempts",
        )
        .bind(tenant.as_str())
        .bind(i64::from(key.week.number()))
        .bind(key.receiver)
        .bind(holder)
        .bind(until.millis())
        .bind(now.millis())
        .fetch_optional(write.connection())
        .await?;
        write.finish(true).await?;
        row.as_ref().map(attempts).transpose()
    }

    /// Whether a process still has a delivery in hand.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn holds_weekly_delivery(
        &self,
        tenant: &Tenant,
        key: DeliveryKey<'_>,
        holder: &str,
    ) -> Result<bool, StoreError> {
        let held = sqlx::query(
            "SELECT attempts FROM weekly_deliveries WHERE tenant = $1 AND week = $2 AND receiver = $3 AND holder = $4 \
             AND status = 'taken'",
        )
        .bind(tenant.as_str())
        .bind(i64::from(key.week.number()))
        .bind(key.receiver)
        .bind(holder)
        .fetch_optional(&self.pool)
        .await?;
        Ok(held.is_some())
    }

    /// Records that a delivery was made.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn finish_weekly_delivery(
        &self,
        tenant: &Tenant,
        key: DeliveryKey<'_>,
        holder: &str,
        sent_at: Timestamp,
    ) -> Result<(), StoreError> {
        // Whoever has sent it says so, even where another process has taken it over meanwhile: that one then sends no more.
        let statement = sqlx::query(
            "UPDATE weekly_deliveries SET status = 'sent', sent_at = $4, error = NULL, holder = $5 \
             WHERE tenant = $1 AND week = $2 AND receiver = $3 AND status <> 'sent'",
        )
        .bind(tenant.as_str())
        .bind(i64::from(key.week.number()))
        .bind(key.receiver)
        .bind(sent_at.millis())
        .bind(holder);
        self.execute(statement).await.map(|_| ())
    }

    /// Records that a delivery failed, and when it is to be tried again.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn fail_weekly_delivery(
        &self,
        tenant: &Tenant,
        key: DeliveryKey<'_>,
        holder: &str,
        error: &str,
        next_at: Timestamp,
    ) -> Result<(), StoreError> {
        let statement = sqlx::query(
            "UPDATE weekly_deliveries SET status = 'failed', due_at = $4, error = $5 \
             WHERE tenant = $1 AND week = $2 AND receiver = $3 AND holder = $6 AND status = 'taken'",
        )
        .bind(tenant.as_str())
        .bind(i64::from(key.week.number()))
        .bind(key.receiver)
        .bind(next_at.millis())
        .bind(error)
        .bind(holder);
        self.execute(statement).await.map(|_| ())
    }

    /// The deliveries of the newest week of which there are any, by receiver.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn newest_weekly_deliveries(
        &self,
        tenant: &Tenant,
    ) -> Result<Vec<WeeklyDelivery>, StoreError> {
        let rows = sqlx::query(
            "SELECT week, receiver, attempts, due_at, sent_at, error FROM weekly_deliveries WHERE tenant = $1 \
             AND week = (SELECT MAX(week) FROM weekly_deliveries WHERE tenant = $1) ORDER BY receiver",
        )
        .bind(tenant.as_str())
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(read_delivery).collect()
    }
}

fn attempts(row: &AnyRow) -> Result<u32, StoreError> {
    Ok(u32::try_from(row.try_get::<i64, _>("attempts")?).unwrap_or(u32::MAX))
}

fn read_delivery(row: &AnyRow) -> Result<WeeklyDelivery, StoreError> {
    let week = row.try_get::<i64, _>("week")?;
    let week = i32::try_from(week)
        .map_err(|error| StoreError::corrupt("weekly_deliveries", "week", error))?;
    let due_at = optional_instant(row, "weekly_deliveries", "due_at")?;
    Ok(WeeklyDelivery {
        week: Day::from_number(week),
        receiver: row.try_get("receiver")?,
        attempts: attempts(row)?,
        sent_at: optional_instant(row, "weekly_deliveries", "sent_at")?,
        due_at: due_at.unwrap_or(Timestamp::EARLIEST),
        error: row.try_get("error")?,
    })
}
