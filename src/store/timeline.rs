//! What was written on a ticket: each contact with what was said of it, with its redacted text where that is kept.

use super::contacts::read_kind;
use super::conversations::{ToldText, read_text};
use super::{Store, StoreError, Tenant, instant, name, optional_name};
use crate::outcome::ContactKind;
use crate::ticket::{IssueCategory, Name, TicketId};
use crate::timestamp::Timestamp;
use sqlx::Row;

/// A contact as it is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToldContact {
    /// The helpdesk's identifier.
    pub id: Name,
    /// When it was written.
    pub occurred_at: Timestamp,
    /// Who wrote it, as stored: customer, agent or system.
    pub author: String,
    /// The channel it came by, where the helpdesk told.
    pub channel: Option<Name>,
    /// What it was taken for.
    pub kind: ContactKind,
    /// What it was classified as; `None` where the model abstained.
    pub category: Option<IssueCategory>,
    /// The model that classified it.
    pub model_version: String,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// What was written, redacted.
    pub text: ToldText,
}

impl Store {
    /// The contacts of a ticket in order of time, the latest `limit` of them, with their texts as far as these were stored since an
    /// instant.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn ticket_contacts(
        &self,
        tenant: &Tenant,
        ticket: &TicketId,
        limit: u32,
        texts_since: Timestamp,
    ) -> Result<Vec<ToldContact>, StoreError> {
        const TABLE: &str = "contacts";
        let rows = sqlx::query(
            "SELECT c.id AS id, c.occurred_at AS occurred_at, c.author AS author, c.channel AS channel, c.kind AS kind, \
             c.category AS category, c.model_version AS model_version, c.recorded_at AS recorded_at, \
             c.text_hash AS text_hash, x.body AS body, x.is_cut AS is_cut, x.language AS language FROM contacts c \
             LEFT JOIN contact_texts x ON x.tenant = c.tenant AND x.contact_id = c.id AND x.stored_at >= $4 \
             WHERE c.tenant = $1 AND c.ticket_id = $2 ORDER BY c.occurred_at DESC, c.id DESC LIMIT $3",
        )
        .bind(tenant.as_str())
        .bind(ticket.as_str())
        .bind(i64::from(limit))
        .bind(texts_since.millis())
        .fetch_all(&self.pool)
        .await?;
        rows.iter()
            .rev()
            .map(|row| {
                Ok(ToldContact {
                    id: name(row, TABLE, "id")?,
                    occurred_at: instant(row, TABLE, "occurred_at")?,
                    author: row.try_get("author")?,
                    channel: optional_name(row, TABLE, "channel")?,
                    kind: read_kind(&row.try_get::<String, _>("kind")?)?,
                    category: optional_name(row, TABLE, "category")?,
                    model_version: row.try_get("model_version")?,
                    recorded_at: instant(row, TABLE, "recorded_at")?,
                    text: read_text(row)?,
                })
            })
            .collect()
    }

    /// The follow-ups of a ticket that may be shown, by closing: those of the control group are not.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn ticket_follow_ups(
        &self,
        tenant: &Tenant,
        ticket: &TicketId,
    ) -> Result<Vec<Name>, StoreError> {
        let rows = sqlx::query(
            "SELECT id FROM follow_ups WHERE tenant = $1 AND ticket_id = $2 AND arm = 'treatment' ORDER BY episode",
        )
        .bind(tenant.as_str())
        .bind(ticket.as_str())
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(|row| name(row, "follow_ups", "id")).collect()
    }
}
