//! Notes which days have to be counted anew: days of UTC, since whoever writes does not know in which zone days are counted.

use super::super::persons::Person;
use super::super::rows::{bulk_query, list_from, placeholders};
use super::super::{CustomerHash, PER_STATEMENT, StoreError, Tenant};
use crate::outcome::EpisodeId;
use crate::ticket::{IssueCategory, TicketDetails, TicketId};
use crate::timestamp::{DAY_MS, Timestamp};
use sqlx::AnyConnection;
use std::collections::BTreeSet;

/// Notes the days of these instants.
pub(in super::super) async fn mark_days(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    instants: impl IntoIterator<Item = Timestamp>,
) -> Result<(), StoreError> {
    let days: BTreeSet<i64> =
        instants.into_iter().map(|at| at.millis().div_euclid(DAY_MS)).collect();
    let days: Vec<i64> = days.into_iter().collect();
    for chunk in days.chunks(PER_STATEMENT) {
        let statement = format!(
            "INSERT INTO kpi_changes (tenant, day) VALUES {}",
            placeholders(chunk.len(), 2)
        );
        let mut query = bulk_query(statement, chunk.len() == 1);
        for day in chunk {
            query = query.bind(tenant.as_str()).bind(*day);
        }
        query.execute(&mut *connection).await?;
    }
    Ok(())
}

/// Notes the day on which an episode was closed.
pub(in super::super) async fn mark_episode(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    episode: &EpisodeId,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO kpi_changes (tenant, day) SELECT tenant, closed_at / 86400000 FROM episodes \
         WHERE tenant = $1 AND ticket_id = $2 AND number = $3",
    )
    .bind(tenant.as_str())
    .bind(episode.ticket.as_str())
    .bind(i64::from(episode.number))
    .execute(connection)
    .await?;
    Ok(())
}

/// Notes every day on which something of a ticket happened: it belongs to other slices now.
pub(in super::super) async fn mark_ticket(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    ticket: &TicketId,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO kpi_changes (tenant, day) \
         SELECT tenant, opened_at / 86400000 FROM tickets WHERE tenant = $1 AND id = $2 \
         UNION SELECT tenant, occurred_at / 86400000 FROM ticket_events \
          WHERE tenant = $1 AND ticket_id = $2 AND kind <> 'state' \
         UNION SELECT tenant, closed_at / 86400000 FROM episodes WHERE tenant = $1 AND ticket_id = $2 \
         UNION SELECT tenant, occurred_at / 86400000 FROM contacts WHERE tenant = $1 AND ticket_id = $2 \
         UNION SELECT e.tenant, e.closed_at / 86400000 FROM recontacts r \
          JOIN episodes e ON e.tenant = r.tenant AND e.ticket_id = r.ticket_id AND e.number = r.episode \
          WHERE r.tenant = $1 AND r.source_id = $2 AND r.source = 'ticket'",
    )
    .bind(tenant.as_str())
    .bind(ticket.as_str())
    .execute(connection)
    .await?;
    Ok(())
}

/// Notes every day on which something of these persons happened: who is one person has changed.
pub(in super::super) async fn mark_persons(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    persons: &[Person],
) -> Result<(), StoreError> {
    for chunk in persons.chunks(PER_STATEMENT) {
        let statement = format!(
            "INSERT INTO kpi_changes (tenant, day) SELECT DISTINCT e.tenant, e.closed_at / 86400000 \
             FROM identities i CROSS JOIN episodes e WHERE e.tenant = i.tenant AND e.customer_hash = i.identity_hash \
             AND i.tenant = $1 AND i.person IN ({})",
            list_from(2, chunk.len())
        );
        let mut query = bulk_query(statement, chunk.len() == 1).bind(tenant.as_str());
        for person in chunk {
            query = query.bind(person.as_str());
        }
        query.execute(&mut *connection).await?;
    }
    Ok(())
}

/// Notes every day on which anything of an identity happened: it is about to lose what tells of it.
pub(in super::super) async fn mark_identity(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    identity: &CustomerHash,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO kpi_changes (tenant, day) \
         SELECT tenant, closed_at / 86400000 FROM episodes WHERE tenant = $1 AND customer_hash = $2 \
         UNION SELECT tenant, opened_at / 86400000 FROM tickets WHERE tenant = $1 AND customer_hash = $2 \
         UNION SELECT tenant, occurred_at / 86400000 FROM contacts WHERE tenant = $1 AND customer_hash = $2 \
         UNION SELECT v.tenant, v.occurred_at / 86400000 FROM tickets t JOIN ticket_events v \
          ON v.tenant = t.tenant AND v.ticket_id = t.id AND v.kind <> 'state' \
          WHERE t.tenant = $1 AND t.customer_hash = $2 \
         UNION SELECT c.tenant, c.occurred_at / 86400000 FROM tickets t JOIN contacts c \
          ON c.tenant = t.tenant AND c.ticket_id = t.id WHERE t.tenant = $1 AND t.customer_hash = $2 \
         UNION SELECT e.tenant, e.closed_at / 86400000 FROM tickets t \
          JOIN recontacts r ON r.tenant = t.tenant AND r.source = 'ticket' AND r.source_id = t.id \
          JOIN episodes e ON e.tenant = r.tenant AND e.ticket_id = r.ticket_id AND e.number = r.episode \
          WHERE t.tenant = $1 AND t.customer_hash = $2",
    )
    .bind(tenant.as_str())
    .bind(identity.as_str())
    .execute(connection)
    .await?;
    Ok(())
}

/// Whether a ticket belongs to other slices than before.
pub(in super::super) fn moves_between_slices(
    before: (Option<&IssueCategory>, &TicketDetails),
    after: (Option<&IssueCategory>, &TicketDetails),
) -> bool {
    let slices = |(category, details): (Option<&IssueCategory>, &TicketDetails)| {
        (category.cloned(), details.team.clone(), details.channel.clone(), details.segment.clone())
    };
    slices(before) != slices(after)
}
