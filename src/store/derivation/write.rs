//! Writes what differs between stored and derived recontacts.

use super::super::kpi::marks::mark_days;
use super::super::rows::{bulk_query, placeholders};
use super::super::words::source_word;
use super::super::{PER_STATEMENT, StoreError, Tenant};
use super::{Derivation, Difference};
use crate::outcome::{EpisodeFacts, Recontact};
use crate::ticket::IssueCategory;
use crate::timestamp::Timestamp;
use sqlx::AnyConnection;

pub(super) async fn write_differences(
    connection: &mut AnyConnection,
    derivation: Derivation<'_>,
    differences: &[Difference],
) -> Result<(), StoreError> {
    let mut rows = Vec::new();
    for difference in differences {
        for gone in difference.before.iter().filter(|old| !difference.after.contains(old)) {
            delete(connection, derivation.tenant, &difference.episode, gone).await?;
        }
        let new = difference.after.iter().filter(|new| !difference.before.contains(new));
        rows.extend(new.map(|recontact| (&difference.episode, recontact)));
    }
    insert_recontacts(connection, derivation.tenant, &rows, derivation.now).await?;
    let closed = differences.iter().map(|difference| difference.episode.closed_at);
    mark_days(connection, derivation.tenant, closed).await
}

async fn delete(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    episode: &EpisodeFacts,
    recontact: &Recontact,
) -> Result<(), StoreError> {
    sqlx::query(
        "DELETE FROM recontacts WHERE tenant = $1 AND ticket_id = $2 AND episode = $3 AND source = $4 AND source_id = $5",
    )
    .bind(tenant.as_str())
    .bind(episode.id.ticket.as_str())
    .bind(i64::from(episode.id.number))
    .bind(source_word(recontact.source))
    .bind(recontact.source_id.as_str())
    .execute(connection)
    .await?;
    Ok(())
}

/// Inserts recontacts; of one source and identifier the earliest stays, whichever was written first.
pub(in super::super) async fn insert_recontacts(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    rows: &[(&EpisodeFacts, &Recontact)],
    now: Timestamp,
) -> Result<(), StoreError> {
    for chunk in rows.chunks(PER_STATEMENT) {
        let statement = format!(
            "INSERT INTO recontacts (tenant, ticket_id, episode, source, source_id, occurred_at, gap_ms, relation, \
             primary_category, category, similarity, derived_at) VALUES {} \
             ON CONFLICT (tenant, ticket_id, episode, source, source_id) DO UPDATE SET \
             occurred_at = excluded.occurred_at, gap_ms = excluded.gap_ms, relation = excluded.relation, \
             primary_category = excluded.primary_category, category = excluded.category, \
             similarity = excluded.similarity, derived_at = excluded.derived_at \
             WHERE excluded.occurred_at < recontacts.occurred_at",
            placeholders(chunk.len(), 12)
        );
        // Not kept prepared: the driver gives a missing similarity another type than a known one, and a prepared statement
        // is held to the types it was first used with.
        let mut query = bulk_query(statement, false);
        for (episode, recontact) in chunk {
            query = query
                .bind(tenant.as_str())
                .bind(episode.id.ticket.as_str())
                .bind(i64::from(episode.id.number))
                .bind(source_word(recontact.source))
                .bind(recontact.source_id.as_str())
                .bind(recontact.occurred_at.millis())
                .bind(recontact.gap_ms)
                .bind(recontact.relation.as_str())
                .bind(episode.category.as_str())
                .bind(recontact.category.as_ref().map(IssueCategory::as_str))
                .bind(recontact.similarity)
                .bind(now.millis());
        }
        query.execute(&mut *connection).await?;
    }
    Ok(())
}
