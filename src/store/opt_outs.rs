//! Customers who want neither to be scored nor to be contacted. An opt-out of any identity counts for the whole person.

use super::experiments::identities_of_the_person;
use super::follow_ups::{OPT_OUT, Suppression, suppress_all_of};
use super::persons::lock_person;
use super::{CustomerHash, Store, StoreError, Tenant, instant, name};
use crate::identity::IdentityKind;
use crate::ticket::Name;
use crate::timestamp::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

/// A customer's wish to be left alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptOut {
    /// The identity for which it was recorded.
    pub customer: CustomerHash,
    /// Who recorded it.
    pub author: Name,
    /// Why.
    pub reason: Name,
    /// Since when it holds.
    pub opted_out_at: Timestamp,
}

/// What became of an opt-out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OptOutRecorded {
    /// It holds now; so many follow-ups were taken out of the queue.
    Recorded {
        /// As recorded.
        opt_out: OptOut,
        /// Open follow-ups that were suppressed.
        suppressed: u64,
    },
    /// It held before, as recorded then.
    Unchanged(OptOut),
}

/// Reads opt-outs that hold; the rest of the condition follows.
macro_rules! select_opt_outs {
    ($($rest:expr),*) => {
        concat!(
            "SELECT customer_hash, author, reason, opted_out_at FROM opt_outs \
             WHERE tenant = $1 AND withdrawn_at IS NULL AND ",
            $($rest),*
        )
    };
}

impl Store {
    /// Records that a customer does not want to be scored or contacted, and takes their open follow-ups out of the queue.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn opt_out(
        &self,
        tenant: &Tenant,
        opt_out: &OptOut,
    ) -> Result<OptOutRecorded, StoreError> {
        let mut write = self.begin_write().await?;
        // A closing of this person either comes before, and what it puts into the queue is suppressed below, or after.
        let kind = IdentityKind::Customer;
        lock_person(write.connection(), tenant, &opt_out.customer, kind).await?;
        let changed = sqlx::query(
            "INSERT INTO opt_outs (tenant, customer_hash, author, reason, opted_out_at) \
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT (tenant, customer_hash) DO UPDATE SET \
             author = excluded.author, reason = excluded.reason, opted_out_at = excluded.opted_out_at, \
             withdrawn_at = NULL, withdrawn_by = NULL WHERE opt_outs.withdrawn_at IS NOT NULL",
        )
        .bind(tenant.as_str())
        .bind(opt_out.customer.as_str())
        .bind(opt_out.author.as_str())
        .bind(opt_out.reason.as_str())
        .bind(opt_out.opted_out_at.millis())
        .execute(write.connection())
        .await?
        .rows_affected();
        if changed == 0 {
            let stored = find(write.connection(), tenant, &opt_out.customer).await?;
            write.finish(false).await?;
            let stored = stored.ok_or(StoreError::Database { source: sqlx::Error::RowNotFound })?;
            return Ok(OptOutRecorded::Unchanged(stored));
        }
        let suppressed = suppress_for(write.connection(), tenant, opt_out).await?;
        write.finish(true).await?;
        Ok(OptOutRecorded::Recorded { opt_out: opt_out.clone(), suppressed })
    }

    /// Withdraws the person's opt-outs, under whichever identities they were recorded; whether one held. Closings from now on are assessed again; what was suppressed stays so.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn withdraw_opt_out(
        &self,
        tenant: &Tenant,
        customer: &CustomerHash,
        author: &Name,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut write = self.begin_write().await?;
        lock_person(write.connection(), tenant, customer, IdentityKind::Customer).await?;
        let withdrawn = sqlx::query(concat!(
            "UPDATE opt_outs SET withdrawn_at = $3, withdrawn_by = $4 \
             WHERE tenant = $1 AND withdrawn_at IS NULL AND customer_hash IN ",
            identities_of_the_person!()
        ))
        .bind(tenant.as_str())
        .bind(customer.as_str())
        .bind(now.millis())
        .bind(author.as_str())
        .execute(write.connection())
        .await?
        .rows_affected();
        write.finish(withdrawn > 0).await?;
        Ok(withdrawn > 0)
    }

    /// The opt-out of a customer, by whichever of the person's identities it was recorded.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn opt_out_of(
        &self,
        tenant: &Tenant,
        customer: &CustomerHash,
    ) -> Result<Option<OptOut>, StoreError> {
        let mut connection = self.pool.acquire().await?;
        find_of_person(&mut connection, tenant, customer).await
    }

    /// Opt-outs that hold, in the order of their hashes, at most `limit` of them, going on after `after`.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn opt_outs(
        &self,
        tenant: &Tenant,
        after: Option<&CustomerHash>,
        limit: u32,
    ) -> Result<Vec<OptOut>, StoreError> {
        sqlx::query(select_opt_outs!("customer_hash > $2 ORDER BY customer_hash LIMIT $3"))
            .bind(tenant.as_str())
            .bind(after.map_or("", CustomerHash::as_str))
            .bind(i64::from(limit))
            .fetch_all(&self.pool)
            .await?
            .iter()
            .map(read)
            .collect()
    }
}

/// Whether the person has opted out under any of their identities.
pub(super) async fn has_opted_out(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    customer: &CustomerHash,
) -> Result<bool, StoreError> {
    Ok(find_of_person(connection, tenant, customer).await?.is_some())
}

/// Takes everything open of the person out of the queue if they have opted out, as two persons become one.
pub(super) async fn suppress_if_opted_out(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    customer: &CustomerHash,
    now: Timestamp,
) -> Result<(), StoreError> {
    if let Some(opt_out) = find_of_person(connection, tenant, customer).await? {
        suppress_for(connection, tenant, &OptOut { opted_out_at: now, ..opt_out }).await?;
    }
    Ok(())
}

async fn suppress_for(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    opt_out: &OptOut,
) -> Result<u64, StoreError> {
    let OptOut { customer, author, reason, opted_out_at } = opt_out;
    let (reason, at) = (Some(reason), *opted_out_at);
    let suppression = Suppression { customer, because: OPT_OUT, author, reason, at };
    suppress_all_of(connection, tenant, &suppression).await
}

async fn find_of_person(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    customer: &CustomerHash,
) -> Result<Option<OptOut>, StoreError> {
    let row = sqlx::query(select_opt_outs!(
        "customer_hash IN ",
        identities_of_the_person!(),
        " ORDER BY opted_out_at, customer_hash LIMIT 1"
    ))
    .bind(tenant.as_str())
    .bind(customer.as_str())
    .fetch_optional(connection)
    .await?;
    row.as_ref().map(read).transpose()
}

async fn find(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    customer: &CustomerHash,
) -> Result<Option<OptOut>, StoreError> {
    let row = sqlx::query(select_opt_outs!("customer_hash = $2"))
        .bind(tenant.as_str())
        .bind(customer.as_str())
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(read).transpose()
}

fn read(row: &AnyRow) -> Result<OptOut, StoreError> {
    Ok(OptOut {
        customer: CustomerHash(row.try_get("customer_hash")?),
        author: name(row, "opt_outs", "author")?,
        reason: name(row, "opt_outs", "reason")?,
        opted_out_at: instant(row, "opt_outs", "opted_out_at")?,
    })
}
