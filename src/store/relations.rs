//! Which pairs of categories stand in the stored relations of contacts to episodes.

use super::{Store, StoreError, Tenant, name};
use crate::outcome::{AdjacentPairs, Relation};

impl Store {
    /// The pairs of different categories that have contacts of a relation.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn related_pairs(
        &self,
        tenant: &Tenant,
        relation: Relation,
    ) -> Result<AdjacentPairs, StoreError> {
        let rows = sqlx::query(
            "SELECT DISTINCT primary_category, category FROM recontacts \
             WHERE tenant = $1 AND relation = $2 AND category IS NOT NULL AND category <> primary_category",
        )
        .bind(tenant.as_str())
        .bind(relation.as_str())
        .fetch_all(&self.pool)
        .await?;
        rows.iter()
            .map(|row| {
                let primary = name(row, "recontacts", "primary_category")?;
                Ok((primary, name(row, "recontacts", "category")?))
            })
            .collect()
    }
}
