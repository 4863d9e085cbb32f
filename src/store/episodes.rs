//! Episodes as stored: one issue of one customer from its opening to its close.

use super::kpi::marks::mark_days;
use super::persons::Person;
use super::rows::{bulk_query, placeholders};
use super::{CustomerHash, StoreError, Tenant, instant, name, optional_name};
use crate::outcome::{EpisodeFacts, EpisodeId, TextVector};
use crate::ticket::{IssueCategory, Name, TicketId};
use crate::timestamp::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

/// What ended an episode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndedBy {
    /// The ticket was closed.
    Closing,
    /// The thread turned to another issue.
    TopicChange,
}

/// An episode as the store knows it.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredEpisode {
    /// What outcomes are derived from.
    pub facts: EpisodeFacts,
    /// Whose it is.
    pub customer: CustomerHash,
    /// The team that closed it.
    pub team: Option<Name>,
    /// How the customer came in.
    pub channel: Option<Name>,
    /// What ended it.
    pub ended_by: EndedBy,
    /// Whether the customer had another open ticket at the close.
    pub is_parallel: bool,
    /// Whether many customers came with the same category on the same day.
    pub is_outage: bool,
}

impl EndedBy {
    /// The word in responses and the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Closing => "closing",
            Self::TopicChange => "topic_change",
        }
    }
}

pub(super) const EPISODE_COLUMNS: &str = "e.ticket_id AS ticket_id, e.number AS number, \
     e.customer_hash AS customer_hash, e.category AS category, e.team AS team, e.channel AS channel, \
     e.opened_at AS opened_at, e.closed_at AS closed_at, e.ended_by AS ended_by, e.is_parallel AS is_parallel, \
     e.is_outage AS is_outage, e.embedding AS embedding";

/// All episodes of a ticket in order.
pub(super) async fn episodes_of_ticket(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    ticket: &TicketId,
) -> Result<Vec<StoredEpisode>, StoreError> {
    let statement = format!(
        "SELECT {EPISODE_COLUMNS} FROM episodes e WHERE e.tenant = $1 AND e.ticket_id = $2 ORDER BY e.number"
    );
    let rows = bulk_query(statement, true)
        .bind(tenant.as_str())
        .bind(ticket.as_str())
        .fetch_all(connection)
        .await?;
    rows.iter().map(read_episode).collect()
}

/// The last episode of a ticket, as far as the next one depends on it.
#[derive(Debug, Clone, Copy)]
pub(super) struct LastEpisode {
    pub(super) number: u32,
    pub(super) closed_at: Timestamp,
    pub(super) ended_by: EndedBy,
}

pub(super) async fn insert_episodes(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    episodes: &[StoredEpisode],
) -> Result<(), StoreError> {
    if episodes.is_empty() {
        return Ok(());
    }
    let statement = format!(
        "INSERT INTO episodes (tenant, ticket_id, number, customer_hash, category, team, channel, opened_at, closed_at, \
         ended_by, is_parallel, is_outage, embedding) VALUES {}",
        placeholders(episodes.len(), 13)
    );
    let mut query = bulk_query(statement, episodes.len() == 1);
    for episode in episodes {
        query = query
            .bind(tenant.as_str())
            .bind(episode.facts.id.ticket.as_str())
            .bind(i64::from(episode.facts.id.number))
            .bind(episode.customer.as_str())
            .bind(episode.facts.category.as_str())
            .bind(episode.team.as_ref().map(Name::as_str))
            .bind(episode.channel.as_ref().map(Name::as_str))
            .bind(episode.facts.opened_at.millis())
            .bind(episode.facts.closed_at.millis())
            .bind(episode.ended_by.as_str())
            .bind(i64::from(episode.is_parallel))
            .bind(i64::from(episode.is_outage))
            .bind(episode.facts.embedding.as_ref().map(TextVector::to_base64));
    }
    query.execute(&mut *connection).await?;
    let closed = episodes.iter().map(|episode| episode.facts.closed_at);
    mark_days(connection, tenant, closed).await
}

/// Notes anew which closings of a person left another of their tickets open ([`crate::outcome::is_parallel`]), after it has changed
/// who is one person.
pub(super) async fn mark_parallel(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    person: &Person,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE episodes SET is_parallel = CASE WHEN EXISTS (SELECT 1 FROM identities i CROSS JOIN tickets t \
         WHERE t.tenant = i.tenant AND t.customer_hash = i.identity_hash AND i.tenant = $1 AND i.person = $2 \
         AND t.id <> episodes.ticket_id AND t.opened_at <= episodes.closed_at \
         AND (t.closed_at IS NULL OR t.closed_at > episodes.closed_at)) THEN 1 ELSE 0 END \
         WHERE tenant = $1 AND ended_by = $3 \
         AND customer_hash IN (SELECT identity_hash FROM identities WHERE tenant = $1 AND person = $2)",
    )
    .bind(tenant.as_str())
    .bind(person.as_str())
    .bind(EndedBy::Closing.as_str())
    .execute(connection)
    .await?;
    Ok(())
}

/// Removes the topic changes of a ticket from number `from` on, with what was derived for them; what was derived for numbers
/// that `replacing` takes over stays, to be compared with what is derived for these.
pub(super) async fn delete_topic_changes(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    ticket: &TicketId,
    from: u32,
    replacing: &[StoredEpisode],
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO kpi_changes (tenant, day) SELECT DISTINCT tenant, closed_at / 86400000 FROM episodes \
         WHERE tenant = $1 AND ticket_id = $2 AND number >= $3 AND ended_by = $4",
    )
    .bind(tenant.as_str())
    .bind(ticket.as_str())
    .bind(i64::from(from))
    .bind(EndedBy::TopicChange.as_str())
    .execute(&mut *connection)
    .await?;
    let gone: Vec<i64> = sqlx::query_scalar(
        "DELETE FROM episodes WHERE tenant = $1 AND ticket_id = $2 AND number >= $3 AND ended_by = $4 RETURNING number",
    )
    .bind(tenant.as_str())
    .bind(ticket.as_str())
    .bind(i64::from(from))
    .bind(EndedBy::TopicChange.as_str())
    .fetch_all(&mut *connection)
    .await?;
    for number in gone {
        let is_same = |episode: &&StoredEpisode| i64::from(episode.facts.id.number) == number;
        if let Some(episode) = replacing.iter().find(is_same) {
            sqlx::query(
                "UPDATE recontacts SET primary_category = $4 WHERE tenant = $1 AND ticket_id = $2 AND episode = $3",
            )
            .bind(tenant.as_str())
            .bind(ticket.as_str())
            .bind(number)
            .bind(episode.facts.category.as_str())
            .execute(&mut *connection)
            .await?;
            continue;
        }
        sqlx::query("DELETE FROM recontacts WHERE tenant = $1 AND ticket_id = $2 AND episode = $3")
            .bind(tenant.as_str())
            .bind(ticket.as_str())
            .bind(number)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// The first text of an issue: of the customer's first substantive contact in `(after, until]`.
pub(super) struct FirstText {
    pub(super) occurred_at: Timestamp,
    pub(super) embedding: Option<TextVector>,
}

pub(super) async fn first_text(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    ticket: &TicketId,
    after: Option<Timestamp>,
    until: Timestamp,
) -> Result<Option<FirstText>, StoreError> {
    let row = sqlx::query(
        "SELECT occurred_at, embedding FROM contacts WHERE tenant = $1 AND ticket_id = $2 \
         AND occurred_at > $3 AND occurred_at <= $4 AND author = 'customer' AND kind = 'substantive' \
         ORDER BY occurred_at, id LIMIT 1",
    )
    .bind(tenant.as_str())
    .bind(ticket.as_str())
    .bind(after.map_or(-1, Timestamp::millis))
    .bind(until.millis())
    .fetch_optional(connection)
    .await?;
    row.map(|row| {
        Ok(FirstText {
            occurred_at: instant(&row, "contacts", "occurred_at")?,
            embedding: read_vector(&row, "contacts")?,
        })
    })
    .transpose()
}

pub(super) fn read_episode(row: &AnyRow) -> Result<StoredEpisode, StoreError> {
    let category: IssueCategory = name(row, "episodes", "category")?;
    Ok(StoredEpisode {
        facts: EpisodeFacts {
            id: EpisodeId {
                ticket: name(row, "episodes", "ticket_id")?,
                number: read_number(row, "number")?,
            },
            category,
            opened_at: instant(row, "episodes", "opened_at")?,
            closed_at: instant(row, "episodes", "closed_at")?,
            embedding: read_vector(row, "episodes")?,
        },
        customer: CustomerHash(row.try_get("customer_hash")?),
        team: optional_name(row, "episodes", "team")?,
        channel: optional_name(row, "episodes", "channel")?,
        ended_by: read_ended_by(row)?,
        is_parallel: row.try_get::<i64, _>("is_parallel")? != 0,
        is_outage: row.try_get::<i64, _>("is_outage")? != 0,
    })
}

/// An episode's number.
pub(super) fn read_number(row: &AnyRow, column: &'static str) -> Result<u32, StoreError> {
    u32::try_from(row.try_get::<i64, _>(column)?)
        .map_err(|error| StoreError::corrupt("episodes", column, error))
}

/// The column `embedding`.
pub(super) fn read_vector(
    row: &AnyRow,
    table: &'static str,
) -> Result<Option<TextVector>, StoreError> {
    row.try_get::<Option<String>, _>("embedding")?
        .map(|text| TextVector::from_base64(&text))
        .transpose()
        .map_err(|error| StoreError::corrupt(table, "embedding", error))
}

pub(super) fn read_ended_by(row: &AnyRow) -> Result<EndedBy, StoreError> {
    match row.try_get::<String, _>("ended_by")?.as_str() {
        "closing" => Ok(EndedBy::Closing),
        "topic_change" => Ok(EndedBy::TopicChange),
        other => Err(StoreError::corrupt("episodes", "ended_by", format!("unknown: {other}"))),
    }
}
