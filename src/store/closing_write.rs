//! Writes a closing: ticket, event, episode and assessment in one statement.
//!
//! Closings are what the service does most, and each statement of a transaction makes every other writer wait for one
//! round trip more. So here, and only here, each database has a text of its own. Both first lock the person and the ticket and do
//! nothing if either is not as it was read; SQLite then goes from statement to statement by `changes()`, PostgreSQL from one
//! part of a `WITH` to the next.

use super::closing_draft::{ClosingReport, Draft};
use super::rows::bulk_query;
use super::tickets::to_json;
use super::{Store, StoreError};
use crate::outcome::TextVector;
use crate::ticket::{IssueCategory, Name};
use sqlx::{AnyConnection, Row};

/// `$1` to `$20`: tenant, ticket; the ticket's closing, category, details and the closing's hash; how ticket and person were
/// read (update, reopenings, customer, person, revision); the event's category, details and instant of recording; the episode's
/// number, team, channel, opening, whether it is parallel, and vector.
///
/// What is counted of the day of the closing is marked first, whether the closing is written or not: a mark too many costs a count.
const SQLITE: &str = "\
INSERT INTO kpi_changes (tenant, day) VALUES ($1, $3 / 86400000); \
UPDATE identities SET revision = revision + 1 \
 WHERE tenant = $1 AND identity_hash = $10 AND person = $10 AND revision = $11; \
UPDATE tickets SET updated_at = $3, closed_at = $3, category = $4, details = $5, closing_sha256 = $6 \
 WHERE tenant = $1 AND id = $2 AND closed_at IS NULL AND updated_at = $7 AND reopens = $8 AND customer_hash = $9 \
 AND changes() = 1; \
INSERT INTO ticket_events (tenant, ticket_id, kind, occurred_at, content_sha256, category, details, recorded_at) \
 SELECT $1, $2, 'closing', $3, $6, $12, $13, $14 WHERE changes() = 1; \
INSERT INTO episodes (tenant, ticket_id, number, customer_hash, category, team, channel, opened_at, closed_at, \
 ended_by, is_parallel, is_outage, embedding) \
 SELECT $1, $2, $15, $9, $4, $16, $17, $18, $3, 'closing', $19, 0, $20 WHERE changes() = 1; ";

/// The same up to the assessment: `$21` to `$26` are its model, inputs, instant, probability, band and body.
const SQLITE_ASSESSMENT: &str = "\
INSERT INTO assessments (tenant, ticket_id, episode, closed_at, model_version, inputs_sha256, assessed_at, \
 probability, band, body) SELECT $1, $2, $15, $3, $21, $22, $23, $24, $25, $26 WHERE changes() = 1; ";

const SQLITE_END: &str = "SELECT changes() AS written";

/// A commit does not count as a change. Where nothing was written, it keeps no more than a revision counted up.
const SQLITE_COMMIT: &str = "COMMIT; SELECT changes() AS written";

const POSTGRES: &str = "\
WITH held AS (SELECT 1 FROM tickets WHERE tenant = $1 AND id = $2 AND closed_at IS NULL AND updated_at = $7 \
  AND reopens = $8 AND customer_hash = $9 FOR UPDATE), \
locked AS (UPDATE identities SET revision = revision + 1 WHERE tenant = $1 AND identity_hash = $10 AND person = $10 \
  AND revision = $11 AND EXISTS (SELECT 1 FROM held) RETURNING 1), \
taken AS (UPDATE tickets SET updated_at = $3, closed_at = $3, category = $4, details = $5, closing_sha256 = $6 \
  WHERE tenant = $1 AND id = $2 AND EXISTS (SELECT 1 FROM locked) RETURNING 1), \
event AS (INSERT INTO ticket_events (tenant, ticket_id, kind, occurred_at, content_sha256, category, details, recorded_at) \
  SELECT $1, $2, 'closing', $3, $6, $12, $13, $14 FROM taken), \
episode AS (INSERT INTO episodes (tenant, ticket_id, number, customer_hash, category, team, channel, opened_at, closed_at, \
  ended_by, is_parallel, is_outage, embedding) \
  SELECT $1, $2, $15, $9, $4, $16, $17, $18, $3, 'closing', $19, 0, $20 FROM taken), \
mark AS (INSERT INTO kpi_changes (tenant, day) SELECT $1, $3 / 86400000 FROM taken)";

const POSTGRES_ASSESSMENT: &str = ", \
assessment AS (INSERT INTO assessments (tenant, ticket_id, episode, closed_at, model_version, inputs_sha256, assessed_at, \
  probability, band, body) SELECT $1, $2, $15, $3, $21, $22, $23, $24, $25, $26 FROM taken)";

const POSTGRES_END: &str = " SELECT COUNT(*) AS written FROM taken";

impl Store {
    /// Whether the closing was written; else the ticket or its person has changed since the draft was made, and nothing was.
    /// Both are locked until the transaction ends.
    pub(super) async fn write_closing(
        &self,
        connection: &mut AnyConnection,
        report: &ClosingReport<'_>,
        draft: &Draft,
    ) -> Result<bool, StoreError> {
        let parts = match self.writer {
            Some(_) => ["", SQLITE, SQLITE_ASSESSMENT, SQLITE_END],
            None => ["", POSTGRES, POSTGRES_ASSESSMENT, POSTGRES_END],
        };
        execute(connection, parts, report, draft).await
    }

    /// The same as a transaction of its own, in one round trip.
    pub(super) async fn write_closing_alone(
        &self,
        report: &ClosingReport<'_>,
        draft: &Draft,
    ) -> Result<bool, StoreError> {
        let Some(writer) = &self.writer else {
            let mut connection = self.pool.acquire().await?;
            let parts = ["", POSTGRES, POSTGRES_ASSESSMENT, POSTGRES_END];
            return execute(&mut connection, parts, report, draft).await;
        };
        let mut turn = writer.turn().await?;
        let parts = ["BEGIN IMMEDIATE; ", SQLITE, SQLITE_ASSESSMENT, SQLITE_COMMIT];
        let is_written = execute(&mut turn.connection, parts, report, draft).await?;
        turn.give_back();
        writer.until_durable().await?;
        Ok(is_written)
    }
}

async fn execute(
    connection: &mut AnyConnection,
    [begin, ticket, assessment, end]: [&str; 4],
    report: &ClosingReport<'_>,
    draft: &Draft,
) -> Result<bool, StoreError> {
    let Some(person) = &draft.person else { return Ok(false) };
    let assessment = if draft.assessment.is_some() { assessment } else { "" };
    let (read, closed, episode) = (&draft.read, &draft.ticket, &draft.episode);
    let mut query = bulk_query([begin, ticket, assessment, end].concat(), true)
        .bind(report.derivation.tenant.as_str())
        .bind(closed.id.as_str())
        .bind(closed.closed_at.millis())
        .bind(closed.category.as_str())
        .bind(to_json(&closed.details)?)
        .bind(report.sha256.as_str())
        .bind(read.updated_at.millis())
        .bind(i64::from(read.reopens))
        .bind(read.customer.as_str())
        .bind(person.person.as_str())
        .bind(person.revision)
        .bind(report.closing.category.as_ref().map(IssueCategory::as_str))
        .bind(to_json(&report.closing.details)?)
        .bind(report.derivation.now.millis())
        .bind(i64::from(episode.facts.id.number))
        .bind(episode.team.as_ref().map(Name::as_str))
        .bind(episode.channel.as_ref().map(Name::as_str))
        .bind(episode.facts.opened_at.millis())
        .bind(i64::from(episode.is_parallel))
        .bind(episode.facts.embedding.as_ref().map(TextVector::to_base64));
    if let Some(assessment) = &draft.assessment {
        query = query
            .bind(assessment.model_version.as_str())
            .bind(assessment.inputs_sha256.as_str())
            .bind(assessment.assessed_at.millis())
            .bind(assessment.probability)
            .bind(assessment.band.as_str())
            .bind(assessment.body.as_str());
    }
    // The only row, of the last statement; to ask for one row would end at the first statement.
    let rows = query.fetch_all(connection).await?;
    let written: Option<i64> = rows.last().map(|row| row.try_get("written")).transpose()?;
    Ok(written == Some(1))
}
