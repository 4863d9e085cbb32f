//! What was written, redacted, for those who work a follow-up. [`RedactedText`] is the only type of text that gets here.

use super::erasure::ERASED;
use super::{Store, StoreError, Tenant, instant};
use crate::redaction::RedactedText;
use crate::ticket::{TicketDetails, TicketId, TicketText, TicketTextPart};
use crate::timestamp::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

/// Texts that are removed in one transaction: whoever else writes waits for it.
const PURGED_AT_ONCE: i64 = 1000;

/// A contact's text as it is to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactTextToKeep {
    /// The text, empty where the contact was nothing but a quote or a signature.
    pub text: RedactedText,
    /// The language it was found to be in, ISO 639-1.
    pub language: Option<&'static str>,
}

/// A text that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptText {
    /// The redacted text, see [`crate::redaction::pieces`].
    pub body: String,
    /// Whether the original went on.
    pub is_cut: bool,
    /// The language, ISO 639-1, where it is known.
    pub language: Option<String>,
}

/// What is left of a contact's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToldText {
    /// It is kept.
    Kept(KeptText),
    /// It went when the customer was erased.
    Erased,
    /// It is not kept: too old, or texts were not kept when it came.
    Gone,
}

/// A text that came with a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToldTicketText {
    /// Whose words at which end of the ticket.
    pub part: TicketTextPart,
    /// When the event happened that brought it.
    pub occurred_at: Timestamp,
    /// The text.
    pub text: KeptText,
}

impl Store {
    /// The texts that came with a ticket's reports and closings and were stored since an instant, in the order of the ticket.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn ticket_texts(
        &self,
        tenant: &Tenant,
        ticket: &TicketId,
        stored_since: Timestamp,
    ) -> Result<Vec<ToldTicketText>, StoreError> {
        const TABLE: &str = "ticket_texts";
        let rows = sqlx::query(
            "SELECT part, body, is_cut, occurred_at FROM ticket_texts \
             WHERE tenant = $1 AND ticket_id = $2 AND stored_at >= $3",
        )
        .bind(tenant.as_str())
        .bind(ticket.as_str())
        .bind(stored_since.millis())
        .fetch_all(&self.pool)
        .await?;
        let mut texts = rows
            .iter()
            .map(|row| {
                let word: String = row.try_get("part")?;
                let part = TicketTextPart::parse(&word).ok_or_else(|| {
                    StoreError::corrupt(TABLE, "part", format!("unknown: {word}"))
                })?;
                let text = KeptText {
                    body: row.try_get("body")?,
                    is_cut: row.try_get::<i64, _>("is_cut")? != 0,
                    language: None,
                };
                Ok(ToldTicketText { part, occurred_at: instant(row, TABLE, "occurred_at")?, text })
            })
            .collect::<Result<Vec<_>, StoreError>>()?;
        texts.sort_by_key(|text| text.part);
        Ok(texts)
    }

    /// Removes the texts that were stored before an instant, some at a time; answers how many.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn purge_texts(
        &self,
        tenant: &Tenant,
        stored_before: Timestamp,
    ) -> Result<u64, StoreError> {
        let mut removed = 0;
        for statement in [
            "DELETE FROM contact_texts WHERE tenant = $1 AND contact_id IN (SELECT contact_id FROM contact_texts \
             WHERE tenant = $1 AND stored_at < $2 ORDER BY stored_at LIMIT $3)",
            "DELETE FROM ticket_texts WHERE tenant = $1 AND ticket_id IN (SELECT ticket_id FROM ticket_texts \
             WHERE tenant = $1 AND stored_at < $2 ORDER BY stored_at LIMIT $3) AND stored_at < $2",
        ] {
            loop {
                let purge = sqlx::query(statement)
                    .bind(tenant.as_str())
                    .bind(stored_before.millis())
                    .bind(PURGED_AT_ONCE);
                let count = self.execute(purge).await?;
                removed += count;
                if count == 0 {
                    break;
                }
            }
        }
        Ok(removed)
    }

    /// Keeps the texts of a repeated event in a transaction of their own.
    pub(super) async fn correct_ticket_texts(
        &self,
        tenant: &Tenant,
        ticket: &TicketId,
        details: &TicketDetails,
        occurred_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut write = self.begin_write().await?;
        let keeping =
            TicketTexts { tenant, ticket, texts: &details.conversation, occurred_at, now };
        let is_new = keeping.keep(write.connection()).await?;
        write.finish(is_new).await
    }
}

/// Keeps the text of a contact that was just inserted.
pub(super) async fn keep_contact_text(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    contact_id: &str,
    kept: &ContactTextToKeep,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO contact_texts (tenant, contact_id, body, is_cut, language, stored_at) \
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (tenant, contact_id) DO NOTHING",
    )
    .bind(tenant.as_str())
    .bind(contact_id)
    .bind(kept.text.as_str())
    .bind(i64::from(kept.text.is_cut()))
    .bind(kept.language)
    .bind(now.millis())
    .execute(connection)
    .await?;
    Ok(())
}

/// The texts of an event of a ticket.
pub(super) struct TicketTexts<'a> {
    pub(super) tenant: &'a Tenant,
    pub(super) ticket: &'a TicketId,
    pub(super) texts: &'a [TicketText],
    pub(super) occurred_at: Timestamp,
    pub(super) now: Timestamp,
}

impl TicketTexts<'_> {
    /// Keeps the texts, unless those of a later event are kept or the customer was erased. Whether anything changed.
    pub(super) async fn keep(&self, connection: &mut AnyConnection) -> Result<bool, StoreError> {
        let mut is_new = false;
        for TicketText { part, text } in self.texts {
            let kept = sqlx::query(
                "INSERT INTO ticket_texts (tenant, ticket_id, part, body, is_cut, occurred_at, stored_at) \
                 SELECT $1, $2, $3, $4, $5, $6, $7 FROM tickets t \
                 LEFT JOIN identities i ON i.tenant = t.tenant AND i.identity_hash = t.customer_hash \
                 WHERE t.tenant = $1 AND t.id = $2 AND COALESCE(i.kind, '') <> $8 \
                 ON CONFLICT (tenant, ticket_id, part) DO UPDATE SET body = excluded.body, is_cut = excluded.is_cut, \
                 occurred_at = excluded.occurred_at, stored_at = excluded.stored_at \
                 WHERE excluded.occurred_at >= ticket_texts.occurred_at AND (excluded.body <> ticket_texts.body \
                 OR excluded.is_cut <> ticket_texts.is_cut)",
            )
            .bind(self.tenant.as_str())
            .bind(self.ticket.as_str())
            .bind(part.as_str())
            .bind(text.as_str())
            .bind(i64::from(text.is_cut()))
            .bind(self.occurred_at.millis())
            .bind(self.now.millis())
            .bind(ERASED)
            .execute(&mut *connection)
            .await?;
            is_new |= kept.rows_affected() > 0;
        }
        Ok(is_new)
    }
}

/// The text of a contact, of a row that has its columns beside those of the contact.
pub(super) fn read_text(row: &AnyRow) -> Result<ToldText, StoreError> {
    let Some(body) = row.try_get::<Option<String>, _>("body")? else {
        let is_erased = row.try_get::<String, _>("text_hash")? == ERASED;
        return Ok(if is_erased { ToldText::Erased } else { ToldText::Gone });
    };
    Ok(ToldText::Kept(KeptText {
        body,
        is_cut: row.try_get::<Option<i64>, _>("is_cut")? == Some(1),
        language: row.try_get("language")?,
    }))
}
