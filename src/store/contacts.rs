//! Contacts and what was said about them. Texts are not kept: a keyed hash of the text is enough to know it again.

use super::customer::content_sha256;
use super::{CustomerHash, Store, StoreError, Tenant};
use crate::contact::{Channel, Contact};
use crate::ticket::TicketId;
use crate::timestamp::Timestamp;
use serde::Serialize;
use sqlx::Row;

/// What became of a contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContactRecorded {
    /// It is recorded now.
    Recorded,
    /// It was recorded before, with this classification; nothing was changed.
    Unchanged {
        /// The classification as first recorded, JSON.
        classification_json: String,
        /// The model that made it.
        model_version: String,
    },
    /// A contact of this identifier with other content was recorded before; nothing was changed.
    Conflict {
        /// A sentence for the caller.
        reason: String,
    },
}

/// What makes two reports of a contact the same.
#[derive(Serialize)]
struct ContactContent<'a> {
    customer: &'a CustomerHash,
    ticket_id: Option<&'a TicketId>,
    occurred_at: Timestamp,
    channel: Option<&'a Channel>,
    text_hash: &'a str,
}

impl Store {
    /// Looks a contact up before it is classified; `None` when there is none of this identifier.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn contact_recorded(
        &self,
        tenant: &Tenant,
        contact: &Contact,
    ) -> Result<Option<ContactRecorded>, StoreError> {
        let fingerprints = self.contact_fingerprints(tenant, contact)?;
        self.recorded_before(tenant, contact, &fingerprints).await
    }

    /// Records a classified contact; the first record of an identifier stays.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn record_contact(
        &self,
        tenant: &Tenant,
        contact: &Contact,
        classification_json: &str,
        model_version: &str,
        now: Timestamp,
    ) -> Result<ContactRecorded, StoreError> {
        let fingerprints = self.contact_fingerprints(tenant, contact)?;
        let turn = self.write_turn().await?;
        let inserted = sqlx::query(
            "INSERT INTO contacts (tenant, id, customer_hash, ticket_id, occurred_at, channel, text_hash, \
             content_sha256, classification, model_version, recorded_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (tenant, id) DO NOTHING",
        )
        .bind(tenant.as_str())
        .bind(contact.id.as_str())
        .bind(fingerprints.customer.as_str())
        .bind(contact.ticket_id.as_ref().map(TicketId::as_str))
        .bind(contact.occurred_at.millis())
        .bind(contact.channel.as_ref().map(Channel::as_str))
        .bind(fingerprints.text_hash.as_str())
        .bind(fingerprints.content_sha256.as_str())
        .bind(classification_json)
        .bind(model_version)
        .bind(now.millis())
        .execute(&self.pool)
        .await?;
        drop(turn);
        if inserted.rows_affected() == 1 {
            return Ok(ContactRecorded::Recorded);
        }
        self.recorded_before(tenant, contact, &fingerprints)
            .await?
            .ok_or(StoreError::Database { source: sqlx::Error::RowNotFound })
    }

    async fn recorded_before(
        &self,
        tenant: &Tenant,
        contact: &Contact,
        fingerprints: &ContactFingerprints,
    ) -> Result<Option<ContactRecorded>, StoreError> {
        let row = sqlx::query(
            "SELECT content_sha256, classification, model_version FROM contacts WHERE tenant = $1 AND id = $2",
        )
        .bind(tenant.as_str())
        .bind(contact.id.as_str())
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let recorded = if row.try_get::<String, _>("content_sha256")? == fingerprints.content_sha256
        {
            ContactRecorded::Unchanged {
                classification_json: row.try_get("classification")?,
                model_version: row.try_get("model_version")?,
            }
        } else {
            ContactRecorded::Conflict {
                reason: format!("contact {} is already recorded with other content", contact.id),
            }
        };
        Ok(Some(recorded))
    }

    fn contact_fingerprints(
        &self,
        tenant: &Tenant,
        contact: &Contact,
    ) -> Result<ContactFingerprints, StoreError> {
        let customer = self.customer_hash(tenant, &contact.customer_id);
        let text_hash = self.key.text_hash(tenant, &contact.text);
        let content_sha256 = content_sha256(&ContactContent {
            customer: &customer,
            ticket_id: contact.ticket_id.as_ref(),
            occurred_at: contact.occurred_at,
            channel: contact.channel.as_ref(),
            text_hash: &text_hash,
        })?;
        Ok(ContactFingerprints { customer, text_hash, content_sha256 })
    }
}

struct ContactFingerprints {
    customer: CustomerHash,
    text_hash: String,
    content_sha256: String,
}
