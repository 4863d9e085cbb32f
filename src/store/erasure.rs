//! Erasure of a customer: what tells who they are or what they wrote goes, what is counted stays.
//!
//! Identities, merges, texts, hashes, vectors, details and reasons are removed. Rows that others' rows and the rates rest on stay
//! under a random hash that nobody can lead back: a contact's or ticket's identifier, times, kind and category; an
//! episode's category, times and outcome. So no outcome changes, neither the customer's own nor anybody else's, and an event
//! of the customer that is sent again is refused as a conflict instead of bringing them back. The helpdesk's own identifiers
//! of contacts and tickets lead to a person only through the helpdesk's records.

use super::experiments::identities_of_the_person;
use super::follow_ups::{Suppression, suppress_all_of};
use super::identities::lock_merges;
use super::kpi::marks::mark_identity;
use super::persons::{identities_of, lock_person};
use super::similar::{embedded_contacts_of, forget_embeddings};
use super::{CustomerHash, Store, StoreError, Tenant, encode_error};
use crate::identity::Identity;
use crate::ticket::Name;
use crate::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use sqlx::{AnyConnection, Row};

/// What stands where something was erased; also the kind of an identity that was.
pub(super) const ERASED: &str = "erased";

/// Whom to erase, and why.
#[derive(Debug, Clone)]
pub struct ErasureRequest {
    /// Any identity of the person.
    pub identity: Identity,
    /// Who asked for it to be done here.
    pub author: Name,
    /// On what ground.
    pub reason: String,
    /// 32 random bytes, from which the hashes come under which the rest stays.
    pub random: [u8; 32],
    /// Only tell what would be removed.
    pub is_dry_run: bool,
}

/// What was removed or, for a dry run, would be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ErasureReport {
    /// Identities that were forgotten.
    pub identities: u64,
    /// Merges of these that were removed.
    pub merges: u64,
    /// Texts of contacts and tickets that were removed.
    #[serde(default)]
    pub texts: u64,
    /// Contacts that lost customer, text hash, classification, channel and vector.
    pub contacts: u64,
    /// Vectors of texts that were removed, of contacts and episodes.
    pub embeddings: u64,
    /// Tickets that lost customer and details.
    pub tickets: u64,
    /// Reports and closings that lost their details.
    pub ticket_events: u64,
    /// Assessments that lost their reasons and the hash of their inputs.
    pub assessments: u64,
    /// Episodes that stay without customer.
    pub episodes: u64,
    /// Corrections of outcomes that lost their reason, and of labels that lost their note.
    pub corrections: u64,
    /// Follow-ups that stay without customer and reason.
    pub follow_ups: u64,
    /// Experiment arms that stay without customer.
    pub assignments: u64,
}

impl Store {
    /// Erases the person to whom an identity belongs, under all their identities; `None` when nothing is known of them.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn erase_customer(
        &self,
        tenant: &Tenant,
        request: &ErasureRequest,
        now: Timestamp,
    ) -> Result<Option<ErasureReport>, StoreError> {
        let hash = self.identity_hash(tenant, &request.identity);
        let mut write = self.begin_write().await?;
        let report = erase(write.connection(), tenant, &hash, request, now).await?;
        write.finish(report.is_some() && !request.is_dry_run).await?;
        Ok(report)
    }
}

async fn erase(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    hash: &CustomerHash,
    request: &ErasureRequest,
    now: Timestamp,
) -> Result<Option<ErasureReport>, StoreError> {
    lock_merges(connection, tenant).await?;
    let known: Option<String> = sqlx::query_scalar(
        "SELECT person FROM identities WHERE tenant = $1 AND identity_hash = $2",
    )
    .bind(tenant.as_str())
    .bind(hash.as_str())
    .fetch_optional(&mut *connection)
    .await?;
    if known.is_none() {
        return Ok(None);
    }
    lock_tickets(connection, tenant, hash).await?;
    let person = lock_person(connection, tenant, hash, request.identity.kind()).await?;
    let suppression = Suppression {
        customer: hash,
        because: ERASED,
        author: &request.author,
        reason: None,
        at: now,
    };
    suppress_all_of(connection, tenant, &suppression).await?;
    let mut report = ErasureReport::default();
    let mut anonymous_person = None;
    let mut embedded = Vec::new();
    for (index, identity) in identities_of(connection, tenant, &person).await?.iter().enumerate() {
        let anonymous = anonymous_hash(&request.random, index);
        let stands_for = anonymous_person.get_or_insert_with(|| anonymous.clone());
        let erasing = Erasing { tenant, identity, anonymous: &anonymous };
        embedded.extend(embedded_contacts_of(connection, tenant, identity).await?);
        mark_identity(connection, tenant, identity).await?;
        erasing.erase_texts(connection, &mut report).await?;
        erasing.erase_details(connection, &mut report).await?;
        erasing.erase_follow_ups(connection, &mut report).await?;
        erasing.rename_customer(connection, &mut report).await?;
        erasing.erase_identity(connection, stands_for, &mut report).await?;
    }
    record_erasure(connection, tenant, request, &report, now).await?;
    forget_embeddings(connection, tenant, &embedded).await?;
    Ok(Some(report))
}

/// Locks the person's tickets: everybody locks a ticket before its person.
async fn lock_tickets(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    hash: &CustomerHash,
) -> Result<(), StoreError> {
    sqlx::query(concat!(
        "UPDATE tickets SET updated_at = updated_at WHERE tenant = $1 AND customer_hash IN ",
        identities_of_the_person!()
    ))
    .bind(tenant.as_str())
    .bind(hash.as_str())
    .execute(connection)
    .await?;
    Ok(())
}

/// A hash that no identity has and that tells nothing about the one it replaces.
fn anonymous_hash(random: &[u8; 32], index: usize) -> String {
    let digest = Sha256::new().chain_update(random).chain_update(index.to_be_bytes()).finalize();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// One identity on its way out.
struct Erasing<'a> {
    tenant: &'a Tenant,
    identity: &'a CustomerHash,
    anonymous: &'a str,
}

impl Erasing<'_> {
    /// Runs a statement whose `$1` is the tenant and `$2` the identity's hash, and answers how many rows it met.
    async fn run(
        &self,
        connection: &mut AnyConnection,
        statement: &'static str,
    ) -> Result<u64, StoreError> {
        let done = sqlx::query(statement)
            .bind(self.tenant.as_str())
            .bind(self.identity.as_str())
            .execute(connection)
            .await?;
        Ok(done.rows_affected())
    }

    /// The same with the anonymous hash as `$3`.
    async fn rename(
        &self,
        connection: &mut AnyConnection,
        statement: &'static str,
    ) -> Result<u64, StoreError> {
        let done = sqlx::query(statement)
            .bind(self.tenant.as_str())
            .bind(self.identity.as_str())
            .bind(self.anonymous)
            .execute(connection)
            .await?;
        Ok(done.rows_affected())
    }

    async fn erase_texts(
        &self,
        connection: &mut AnyConnection,
        report: &mut ErasureReport,
    ) -> Result<(), StoreError> {
        for statement in [
            "DELETE FROM contact_texts WHERE tenant = $1 AND contact_id IN \
             (SELECT id FROM contacts WHERE tenant = $1 AND customer_hash = $2)",
            "DELETE FROM contact_texts WHERE tenant = $1 AND contact_id IN (SELECT c.id FROM contacts c \
             JOIN tickets t ON t.tenant = c.tenant AND t.id = c.ticket_id WHERE t.tenant = $1 AND t.customer_hash = $2)",
            "DELETE FROM ticket_texts WHERE tenant = $1 AND ticket_id IN \
             (SELECT id FROM tickets WHERE tenant = $1 AND customer_hash = $2)",
        ] {
            report.texts += self.run(connection, statement).await?;
        }
        report.embeddings += self
            .run(
                connection,
                "UPDATE contacts SET embedding = NULL \
                 WHERE tenant = $1 AND customer_hash = $2 AND embedding IS NOT NULL",
            )
            .await?;
        report.embeddings += self
            .run(
                connection,
                "UPDATE episodes SET embedding = NULL \
                 WHERE tenant = $1 AND customer_hash = $2 AND embedding IS NOT NULL",
            )
            .await?;
        self.run(
            connection,
            "UPDATE recontacts SET similarity = NULL WHERE tenant = $1 AND ticket_id IN \
             (SELECT ticket_id FROM episodes WHERE tenant = $1 AND customer_hash = $2)",
        )
        .await?;
        report.contacts += self
            .run(
                connection,
                "UPDATE contacts SET text_hash = 'erased', content_sha256 = 'erased', classification = '{}', \
                 channel = NULL, kind_rule = NULL WHERE tenant = $1 AND customer_hash = $2",
            )
            .await?;
        report.corrections += self
            .run(
                connection,
                "UPDATE feedback SET note = NULL, content_sha256 = 'erased' WHERE tenant = $1 AND contact_id IN \
                 (SELECT id FROM contacts WHERE tenant = $1 AND customer_hash = $2)",
            )
            .await?;
        Ok(())
    }

    async fn erase_details(
        &self,
        connection: &mut AnyConnection,
        report: &mut ErasureReport,
    ) -> Result<(), StoreError> {
        report.ticket_events += self
            .run(
                connection,
                "UPDATE ticket_events SET details = '{}', content_sha256 = 'erased' WHERE tenant = $1 AND ticket_id IN \
                 (SELECT id FROM tickets WHERE tenant = $1 AND customer_hash = $2)",
            )
            .await?;
        report.corrections += self
            .run(
                connection,
                "UPDATE outcome_corrections SET reason = 'erased' WHERE tenant = $1 AND ticket_id IN \
                 (SELECT ticket_id FROM episodes WHERE tenant = $1 AND customer_hash = $2)",
            )
            .await?;
        report.assessments += self.erase_reasons(connection).await?;
        report.tickets += self
            .run(
                connection,
                "UPDATE tickets SET details = '{}', \
                 closing_sha256 = CASE WHEN closing_sha256 IS NULL THEN NULL ELSE 'erased' END \
                 WHERE tenant = $1 AND customer_hash = $2",
            )
            .await?;
        Ok(())
    }

    /// Probability, band and window stay; the reasons quote the ticket's values.
    async fn erase_reasons(&self, connection: &mut AnyConnection) -> Result<u64, StoreError> {
        let rows = sqlx::query(
            "SELECT a.ticket_id AS ticket_id, a.episode AS episode, a.body AS body FROM tickets t JOIN assessments a \
             ON a.tenant = t.tenant AND a.ticket_id = t.id WHERE t.tenant = $1 AND t.customer_hash = $2",
        )
        .bind(self.tenant.as_str())
        .bind(self.identity.as_str())
        .fetch_all(&mut *connection)
        .await?;
        for row in &rows {
            let body = without_reasons(&row.try_get::<String, _>("body")?)?;
            sqlx::query(
                "UPDATE assessments SET body = $4, inputs_sha256 = $5 \
                 WHERE tenant = $1 AND ticket_id = $2 AND episode = $3",
            )
            .bind(self.tenant.as_str())
            .bind(row.try_get::<String, _>("ticket_id")?)
            .bind(row.try_get::<i64, _>("episode")?)
            .bind(body)
            .bind(ERASED)
            .execute(&mut *connection)
            .await?;
        }
        Ok(rows.len() as u64)
    }

    async fn erase_follow_ups(
        &self,
        connection: &mut AnyConnection,
        report: &mut ErasureReport,
    ) -> Result<(), StoreError> {
        self.run(
            connection,
            "UPDATE follow_up_events SET reason = NULL, body = NULL WHERE tenant = $1 AND follow_up_id IN \
             (SELECT id FROM follow_ups WHERE tenant = $1 AND customer_hash = $2)",
        )
        .await?;
        report.follow_ups += self
            .rename(
                connection,
                // The service's own reasons stay, people's go.
                "UPDATE follow_ups SET customer_hash = $3, status_reason = CASE \
                 WHEN status_reason IN ('frequency_cap', 'opt_out', 'control', 'erased') THEN status_reason END \
                 WHERE tenant = $1 AND customer_hash = $2",
            )
            .await?;
        report.assignments += self
            .rename(
                connection,
                "UPDATE assignments SET customer_hash = $3 WHERE tenant = $1 AND customer_hash = $2",
            )
            .await?;
        Ok(())
    }

    async fn rename_customer(
        &self,
        connection: &mut AnyConnection,
        report: &mut ErasureReport,
    ) -> Result<(), StoreError> {
        report.episodes += self
            .rename(
                connection,
                "UPDATE episodes SET customer_hash = $3 WHERE tenant = $1 AND customer_hash = $2",
            )
            .await?;
        for statement in [
            "UPDATE contacts SET customer_hash = $3 WHERE tenant = $1 AND customer_hash = $2",
            "UPDATE tickets SET customer_hash = $3 WHERE tenant = $1 AND customer_hash = $2",
        ] {
            self.rename(connection, statement).await?;
        }
        Ok(())
    }

    async fn erase_identity(
        &self,
        connection: &mut AnyConnection,
        stands_for: &str,
        report: &mut ErasureReport,
    ) -> Result<(), StoreError> {
        report.merges += self
            .run(
                connection,
                "DELETE FROM identity_merges WHERE tenant = $1 AND (identity_a = $2 OR identity_b = $2)",
            )
            .await?;
        report.identities += self
            .run(connection, "DELETE FROM identities WHERE tenant = $1 AND identity_hash = $2")
            .await?;
        sqlx::query(
            "INSERT INTO identities (tenant, identity_hash, kind, person) VALUES ($1, $2, $3, $4)",
        )
        .bind(self.tenant.as_str())
        .bind(self.anonymous)
        .bind(ERASED)
        .bind(stands_for)
        .execute(connection)
        .await?;
        Ok(())
    }
}

fn without_reasons(body: &str) -> Result<String, StoreError> {
    let mut body: serde_json::Value = serde_json::from_str(body)
        .map_err(|error| StoreError::corrupt("assessments", "body", error))?;
    if let Some(reasons) = body.get_mut("reasons") {
        *reasons = serde_json::json!([]);
    }
    serde_json::to_string(&body).map_err(encode_error)
}

async fn record_erasure(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    request: &ErasureRequest,
    report: &ErasureReport,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO erasures (tenant, id, erased_at, author, reason, report) VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(tenant.as_str())
    // The last of the hashes that come from the random bytes; the others stand for identities.
    .bind(anonymous_hash(&request.random, usize::MAX))
    .bind(now.millis())
    .bind(request.author.as_str())
    .bind(request.reason.as_str())
    .bind(serde_json::to_string(report).map_err(encode_error)?)
    .execute(connection)
    .await?;
    Ok(())
}
