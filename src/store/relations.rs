//! Relations of stored contacts to episodes, when other categories are known to follow each other than before.

use super::{Store, StoreError, Tenant, name};
use crate::outcome::AdjacentPairs;
use crate::ticket::IssueCategory;
use sqlx::AnyConnection;

impl Store {
    /// The pairs whose contacts are stored as implicit.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn implicit_pairs(&self, tenant: &Tenant) -> Result<AdjacentPairs, StoreError> {
        let rows = sqlx::query(
            "SELECT DISTINCT primary_category, category FROM recontacts \
             WHERE tenant = $1 AND relation = 'implicit' AND category IS NOT NULL",
        )
        .bind(tenant.as_str())
        .fetch_all(&self.pool)
        .await?;
        rows.iter()
            .map(|row| {
                Ok((
                    name(row, "recontacts", "primary_category")?,
                    name(row, "recontacts", "category")?,
                ))
            })
            .collect()
    }

    /// Makes contacts of pairs that are adjacent now implicit, and those of pairs that are so no longer unrelated.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn relate_adjacent(
        &self,
        tenant: &Tenant,
        old: &AdjacentPairs,
        new: &AdjacentPairs,
    ) -> Result<(), StoreError> {
        let mut write = self.begin_write().await?;
        for (primary, secondary) in new.iter() {
            relate(write.connection(), tenant, (primary, secondary), "unrelated", "implicit")
                .await?;
        }
        for (primary, secondary) in old.iter().filter(|(p, s)| !new.contains(p, s)) {
            relate(write.connection(), tenant, (primary, secondary), "implicit", "unrelated")
                .await?;
        }
        write.finish(true).await
    }
}

async fn relate(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    (primary, secondary): (&IssueCategory, &IssueCategory),
    before: &str,
    after: &str,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE recontacts SET relation = $5 \
         WHERE tenant = $1 AND primary_category = $2 AND category = $3 AND relation = $4",
    )
    .bind(tenant.as_str())
    .bind(primary.as_str())
    .bind(secondary.as_str())
    .bind(before)
    .bind(after)
    .execute(connection)
    .await?;
    Ok(())
}
