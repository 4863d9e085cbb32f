//! What was written on a ticket: each contact with what was said of it, without its text, which is not kept.

use super::contacts::read_kind;
use super::{Store, StoreError, Tenant, instant, name, optional_name};
use crate::outcome::ContactKind;
use crate::ticket::{IssueCategory, Name, TicketId};
use crate::timestamp::Timestamp;
use sqlx::Row;

/// A contact without its text.
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
}

impl Store {
    /// The contacts of a ticket in order of time, at most `limit` of them.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn ticket_contacts(
        &self,
        tenant: &Tenant,
        ticket: &TicketId,
        limit: u32,
    ) -> Result<Vec<ToldContact>, StoreError> {
        const TABLE: &str = "contacts";
        let rows = sqlx::query(
            "SELECT id, occurred_at, author, channel, kind, category, model_version FROM contacts \
             WHERE tenant = $1 AND ticket_id = $2 ORDER BY occurred_at, id LIMIT $3",
        )
        .bind(tenant.as_str())
        .bind(ticket.as_str())
        .bind(i64::from(limit))
        .fetch_all(&self.pool)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(ToldContact {
                    id: name(row, TABLE, "id")?,
                    occurred_at: instant(row, TABLE, "occurred_at")?,
                    author: row.try_get("author")?,
                    channel: optional_name(row, TABLE, "channel")?,
                    kind: read_kind(&row.try_get::<String, _>("kind")?)?,
                    category: optional_name(row, TABLE, "category")?,
                    model_version: row.try_get("model_version")?,
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
