//! Corrections: what a person says became of an episode. They stay beside what was derived; the latest counts.

use super::customer::content_sha256;
use super::episodes::read_number;
use super::kpi::marks::mark_days;
use super::rows::{bulk_query, list_from};
use super::tickets::lock_ticket;
use super::words::parse_outcome;
use super::{Store, StoreError, Tenant, instant, name, optional_name};
use crate::outcome::{Correction, EpisodeId, Outcome};
use crate::ticket::{Name, TicketId};
use crate::timestamp::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

/// A correction to be recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct NewCorrection {
    /// Of which episode.
    pub episode: EpisodeId,
    /// What became of it.
    pub outcome: Outcome,
    /// Milliseconds from the close until the customer came back, where the person knows; positive.
    pub gap_ms: Option<i64>,
    /// Why, from the tenant's list of cause codes.
    pub cause_code: Option<Name>,
    /// Who says so.
    pub author: Name,
    /// On what ground.
    pub reason: String,
}

/// What became of a correction.
#[derive(Debug, Clone, PartialEq)]
pub enum CorrectionRecorded {
    /// It counts now.
    Recorded(Correction),
    /// It is the one that counts already; nothing was changed.
    Unchanged(Correction),
    /// The ticket has no such episode.
    UnknownEpisode,
}

impl Store {
    /// Records a correction. The one that counts, sent again, changes nothing.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn correct_outcome(
        &self,
        tenant: &Tenant,
        correction: &NewCorrection,
        now: Timestamp,
    ) -> Result<CorrectionRecorded, StoreError> {
        let mut write = self.begin_write().await?;
        let recorded = correct(write.connection(), tenant, correction, now).await?;
        write.finish(matches!(recorded, CorrectionRecorded::Recorded(_))).await?;
        Ok(recorded)
    }
}

async fn correct(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    new: &NewCorrection,
    now: Timestamp,
) -> Result<CorrectionRecorded, StoreError> {
    let ticket = &new.episode.ticket;
    // Two corrections at once come one after the other.
    lock_ticket(connection, tenant, ticket).await?;
    let closed_at: Option<i64> = sqlx::query_scalar(
        "SELECT closed_at FROM episodes WHERE tenant = $1 AND ticket_id = $2 AND number = $3",
    )
    .bind(tenant.as_str())
    .bind(ticket.as_str())
    .bind(i64::from(new.episode.number))
    .fetch_optional(&mut *connection)
    .await?;
    let Some(closed_at) = closed_at else { return Ok(CorrectionRecorded::UnknownEpisode) };
    let earlier: Vec<Correction> = find_corrections(connection, tenant, ticket)
        .await?
        .into_iter()
        .filter(|(number, _)| *number == new.episode.number)
        .map(|(_, correction)| correction)
        .collect();
    let wanted = Correction {
        outcome: new.outcome,
        gap_ms: new.gap_ms,
        cause_code: new.cause_code.clone(),
        author: new.author.clone(),
        reason: new.reason.clone(),
        // A clock that went back must not make an older correction count.
        recorded_at: earlier.last().map_or(now, |last| last.recorded_at.max(now)),
    };
    if let Some(last) = earlier.last()
        && (Correction { recorded_at: wanted.recorded_at, ..last.clone() }) == wanted
    {
        return Ok(CorrectionRecorded::Unchanged(last.clone()));
    }
    let id = format!("{:08}-{}", earlier.len(), &content_sha256(&(&new.episode, &wanted))?[..32]);
    sqlx::query(
        "INSERT INTO outcome_corrections (tenant, id, ticket_id, episode, outcome, gap_ms, cause_code, author, reason, \
         recorded_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(tenant.as_str())
    .bind(id)
    .bind(ticket.as_str())
    .bind(i64::from(new.episode.number))
    .bind(wanted.outcome.as_str())
    .bind(wanted.gap_ms)
    .bind(wanted.cause_code.as_ref().map(Name::as_str))
    .bind(wanted.author.as_str())
    .bind(wanted.reason.as_str())
    .bind(wanted.recorded_at.millis())
    .execute(&mut *connection)
    .await?;
    mark_days(connection, tenant, [Timestamp::EARLIEST.plus_millis(closed_at)]).await?;
    Ok(CorrectionRecorded::Recorded(wanted))
}

/// The corrections of a ticket's episodes with the episodes' numbers, oldest first.
pub(super) async fn find_corrections(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    ticket: &TicketId,
) -> Result<Vec<(u32, Correction)>, StoreError> {
    let rows = sqlx::query(
        "SELECT episode, outcome, gap_ms, cause_code, author, reason, recorded_at FROM outcome_corrections \
         WHERE tenant = $1 AND ticket_id = $2 ORDER BY recorded_at, id",
    )
    .bind(tenant.as_str())
    .bind(ticket.as_str())
    .fetch_all(connection)
    .await?;
    rows.iter().map(|row| Ok((read_number(row, "episode")?, read_correction(row)?))).collect()
}

/// The corrections of the closings of some tickets, oldest first.
pub(super) async fn corrections_of(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    tickets: &[TicketId],
) -> Result<Vec<(EpisodeId, Correction)>, StoreError> {
    let statement = format!(
        "SELECT ticket_id, episode, outcome, gap_ms, cause_code, author, reason, recorded_at FROM outcome_corrections \
         WHERE tenant = $1 AND ticket_id IN ({}) ORDER BY recorded_at, id",
        list_from(2, tickets.len())
    );
    let mut query = bulk_query(statement, false).bind(tenant.as_str());
    for ticket in tickets {
        query = query.bind(ticket.as_str());
    }
    let rows = query.fetch_all(connection).await?;
    rows.iter()
        .map(|row| {
            let ticket = name(row, "outcome_corrections", "ticket_id")?;
            let episode = EpisodeId { ticket, number: read_number(row, "episode")? };
            Ok((episode, read_correction(row)?))
        })
        .collect()
}

fn read_correction(row: &AnyRow) -> Result<Correction, StoreError> {
    const TABLE: &str = "outcome_corrections";
    let outcome: String = row.try_get("outcome")?;
    Ok(Correction {
        outcome: parse_outcome(&outcome)
            .ok_or_else(|| StoreError::corrupt(TABLE, "outcome", format!("unknown: {outcome}")))?,
        gap_ms: row.try_get("gap_ms")?,
        cause_code: optional_name(row, TABLE, "cause_code")?,
        author: name(row, TABLE, "author")?,
        reason: row.try_get("reason")?,
        recorded_at: instant(row, TABLE, "recorded_at")?,
    })
}

/// The highest number of an episode of a ticket that a correction names; 0 without corrections.
pub(super) async fn highest_corrected(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    ticket: &TicketId,
) -> Result<u32, StoreError> {
    let highest: Option<i64> = sqlx::query_scalar(
        "SELECT MAX(episode) FROM outcome_corrections WHERE tenant = $1 AND ticket_id = $2",
    )
    .bind(tenant.as_str())
    .bind(ticket.as_str())
    .fetch_one(connection)
    .await?;
    u32::try_from(highest.unwrap_or(0))
        .map_err(|error| StoreError::corrupt("outcome_corrections", "episode", error))
}
