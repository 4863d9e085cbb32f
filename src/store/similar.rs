//! Which contacts' vectors can be compared, and what is told of contacts that were found by them.
//!
//! Every addition and every erasure has a number; a process that keeps vectors in memory asks for what changed after the last
//! number it knows, and so never misses one, whoever wrote it.

use super::episodes::read_vector;
use super::experiments::identities_of_the_person;
use super::rows::{PER_STATEMENT, bulk_query, list_from};
use super::tickets::read_details;
use super::{CustomerHash, Store, StoreError, Tenant, instant, name, optional_name};
use crate::outcome::TextVector;
use crate::ticket::{CustomerId, IssueCategory, Name, TicketId};
use crate::timestamp::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};
use std::collections::HashSet;

/// What became of one contact's vector.
#[derive(Debug, Clone, PartialEq)]
pub struct EmbeddingChange {
    /// The contact.
    pub contact: Name,
    /// The number of the change.
    pub change: i64,
    /// The vector; `None` when it was erased or comes from another encoder.
    pub vector: Option<TextVector>,
}

/// How many vectors there are to compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EmbeddingSpan {
    /// The number after which the newest vectors of the encoder begin, as many as were asked for.
    pub after: i64,
    /// Vectors of other encoders.
    pub of_other_encoders: u64,
}

/// The vector of a contact's text.
#[derive(Debug, Clone, PartialEq)]
pub struct ContactVector {
    /// The vector; `None` when the text was not embedded or the customer was erased.
    pub vector: Option<TextVector>,
    /// The encoder that it comes from, where that is known.
    pub encoder: Option<String>,
}

/// What is told of a contact besides its text.
#[derive(Debug, Clone, PartialEq)]
pub struct PastContact {
    /// The helpdesk's identifier.
    pub id: Name,
    /// The ticket it belongs to.
    pub ticket_id: Option<TicketId>,
    /// When it was written.
    pub occurred_at: Timestamp,
    /// What it is about, where that was told.
    pub category: Option<IssueCategory>,
}

/// A ticket that is closed, found by one of its contacts.
#[derive(Debug, Clone, PartialEq)]
pub struct ClosedCase {
    /// The contact.
    pub contact: Name,
    /// The ticket.
    pub ticket: TicketId,
    /// The team that closed it.
    pub team: Option<Name>,
    /// What it was about, as far as known.
    pub category: Option<IssueCategory>,
    /// When it was closed.
    pub closed_at: Timestamp,
}

impl Store {
    /// Where the newest `most` vectors of an encoder begin, and how many vectors others made.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn embedding_span(
        &self,
        tenant: &Tenant,
        encoder: &str,
        most: u32,
    ) -> Result<EmbeddingSpan, StoreError> {
        let after: Option<i64> = sqlx::query_scalar(
            "SELECT change FROM contact_embeddings WHERE tenant = $1 AND encoder = $2 \
             ORDER BY change DESC LIMIT 1 OFFSET $3",
        )
        .bind(tenant.as_str())
        .bind(encoder)
        .bind(i64::from(most))
        .fetch_optional(&self.pool)
        .await?;
        let others: i64 = sqlx::query_scalar(
            "SELECT COUNT(*) FROM contact_embeddings WHERE tenant = $1 AND encoder <> $2",
        )
        .bind(tenant.as_str())
        .bind(encoder)
        .fetch_one(&self.pool)
        .await?;
        let of_other_encoders = u64::try_from(others).unwrap_or_default();
        Ok(EmbeddingSpan { after: after.unwrap_or(0), of_other_encoders })
    }

    /// What changed after a number, in order, at most `most` changes.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn embedding_changes(
        &self,
        tenant: &Tenant,
        encoder: &str,
        after: i64,
        most: u32,
    ) -> Result<Vec<EmbeddingChange>, StoreError> {
        let rows = sqlx::query(
            "SELECT e.contact_id AS contact_id, e.change AS change, \
             CASE WHEN e.encoder = $2 THEN c.embedding END AS embedding FROM contact_embeddings e \
             JOIN contacts c ON c.tenant = e.tenant AND c.id = e.contact_id \
             WHERE e.tenant = $1 AND e.change > $3 ORDER BY e.change LIMIT $4",
        )
        .bind(tenant.as_str())
        .bind(encoder)
        .bind(after)
        .bind(i64::from(most))
        .fetch_all(&self.pool)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(EmbeddingChange {
                    contact: name(row, "contact_embeddings", "contact_id")?,
                    change: row.try_get("change")?,
                    vector: read_vector(row, "contacts")?,
                })
            })
            .collect()
    }

    /// The vector of a contact; `None` when the contact is not known.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn contact_vector(
        &self,
        tenant: &Tenant,
        id: &Name,
    ) -> Result<Option<ContactVector>, StoreError> {
        let row = sqlx::query(
            "SELECT c.embedding AS embedding, e.encoder AS encoder FROM contacts c \
             LEFT JOIN contact_embeddings e ON e.tenant = c.tenant AND e.contact_id = c.id \
             WHERE c.tenant = $1 AND c.id = $2",
        )
        .bind(tenant.as_str())
        .bind(id.as_str())
        .fetch_optional(&self.pool)
        .await?;
        row.map(|row| {
            let vector = read_vector(&row, "contacts")?;
            Ok(ContactVector { vector, encoder: row.try_get("encoder")? })
        })
        .transpose()
    }

    /// The contacts of a customer, under all identities of the person.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn contacts_of_customer(
        &self,
        tenant: &Tenant,
        customer: &CustomerId,
    ) -> Result<HashSet<Name>, StoreError> {
        self.contacts_of_person(tenant, &self.customer_hash(tenant, customer)).await
    }

    /// The same of whoever has an identity.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn contacts_of_person(
        &self,
        tenant: &Tenant,
        identity: &CustomerHash,
    ) -> Result<HashSet<Name>, StoreError> {
        let rows = sqlx::query(concat!(
            "SELECT id FROM contacts WHERE tenant = $1 AND customer_hash IN ",
            identities_of_the_person!()
        ))
        .bind(tenant.as_str())
        .bind(identity.as_str())
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(|row| name(row, "contacts", "id")).collect()
    }

    /// What customers asked for on a ticket, oldest first, at most `limit` contacts, each with its vector.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn ticket_vectors(
        &self,
        tenant: &Tenant,
        ticket: &TicketId,
        limit: u32,
    ) -> Result<Vec<ContactVector>, StoreError> {
        let rows = sqlx::query(
            "SELECT c.embedding AS embedding, e.encoder AS encoder FROM contacts c \
             LEFT JOIN contact_embeddings e ON e.tenant = c.tenant AND e.contact_id = c.id \
             WHERE c.tenant = $1 AND c.ticket_id = $2 AND c.author = 'customer' AND c.kind = 'substantive' \
             ORDER BY c.occurred_at, c.id LIMIT $3",
        )
        .bind(tenant.as_str())
        .bind(ticket.as_str())
        .bind(i64::from(limit))
        .fetch_all(&self.pool)
        .await?;
        rows.iter()
            .map(|row| {
                let vector = read_vector(row, "contacts")?;
                Ok(ContactVector { vector, encoder: row.try_get("encoder")? })
            })
            .collect()
    }

    /// The closed tickets of contacts, in the order of the contacts.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn closed_cases(
        &self,
        tenant: &Tenant,
        contacts: &[Name],
    ) -> Result<Vec<ClosedCase>, StoreError> {
        let mut cases = Vec::new();
        for contacts in contacts.chunks(PER_STATEMENT) {
            let statement = format!(
                "SELECT c.id AS contact_id, t.id AS id, t.category AS category, t.closed_at AS closed_at, \
                 t.details AS details FROM contacts c JOIN tickets t ON t.tenant = c.tenant AND t.id = c.ticket_id \
                 WHERE c.tenant = $1 AND t.closed_at IS NOT NULL AND c.id IN ({})",
                list_from(2, contacts.len())
            );
            let mut query = bulk_query(statement, false).bind(tenant.as_str());
            for contact in contacts {
                query = query.bind(contact.as_str());
            }
            let rows = query.fetch_all(&self.pool).await?;
            let mut found = rows.iter().map(read_case).collect::<Result<Vec<_>, _>>()?;
            found.sort_by_key(|case| contacts.iter().position(|one| *one == case.contact));
            cases.extend(found);
        }
        Ok(cases)
    }

    /// What is told of a contact; `None` when it is not known.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn past_contact(
        &self,
        tenant: &Tenant,
        id: &Name,
    ) -> Result<Option<PastContact>, StoreError> {
        let row = sqlx::query(
            "SELECT id, ticket_id, occurred_at, category FROM contacts WHERE tenant = $1 AND id = $2",
        )
        .bind(tenant.as_str())
        .bind(id.as_str())
        .fetch_optional(&self.pool)
        .await?;
        row.map(|row| {
            Ok(PastContact {
                id: name(&row, "contacts", "id")?,
                ticket_id: optional_name(&row, "contacts", "ticket_id")?,
                occurred_at: instant(&row, "contacts", "occurred_at")?,
                category: optional_name(&row, "contacts", "category")?,
            })
        })
        .transpose()
    }
}

fn read_case(row: &AnyRow) -> Result<ClosedCase, StoreError> {
    Ok(ClosedCase {
        contact: name(row, "contacts", "contact_id")?,
        ticket: name(row, "tickets", "id")?,
        team: read_details(row)?.team,
        category: optional_name(row, "tickets", "category")?,
        closed_at: instant(row, "tickets", "closed_at")?,
    })
}

/// Notes that a contact's vector can be compared. The last step of its transaction.
pub(super) async fn note_embedding(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    contact: &Name,
    encoder: &str,
) -> Result<(), StoreError> {
    let change = next_change(connection, tenant).await?;
    sqlx::query(
        "INSERT INTO contact_embeddings (tenant, contact_id, change, encoder) VALUES ($1, $2, $3, $4)",
    )
    .bind(tenant.as_str())
    .bind(contact.as_str())
    .bind(change)
    .bind(encoder)
    .execute(connection)
    .await?;
    Ok(())
}

/// The contacts of one identity whose vectors can be compared.
pub(super) async fn embedded_contacts_of(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    identity: &CustomerHash,
) -> Result<Vec<Name>, StoreError> {
    let rows = sqlx::query(
        "SELECT e.contact_id AS contact_id FROM contacts c JOIN contact_embeddings e \
         ON e.tenant = c.tenant AND e.contact_id = c.id \
         WHERE c.tenant = $1 AND c.customer_hash = $2 AND e.encoder IS NOT NULL",
    )
    .bind(tenant.as_str())
    .bind(identity.as_str())
    .fetch_all(connection)
    .await?;
    rows.iter().map(|row| name(row, "contact_embeddings", "contact_id")).collect()
}

/// Notes that vectors of contacts are gone, so that every process forgets them. Among the last steps of a transaction.
pub(super) async fn forget_embeddings(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    contacts: &[Name],
) -> Result<(), StoreError> {
    for contact in contacts {
        let change = next_change(connection, tenant).await?;
        sqlx::query(
            "UPDATE contact_embeddings SET encoder = NULL, change = $3 WHERE tenant = $1 AND contact_id = $2",
        )
        .bind(tenant.as_str())
        .bind(contact.as_str())
        .bind(change)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

/// The next number; nobody else gets one before the transaction ends.
async fn next_change(connection: &mut AnyConnection, tenant: &Tenant) -> Result<i64, StoreError> {
    let change = sqlx::query_scalar(
        "INSERT INTO embedding_changes (tenant, last) VALUES ($1, 1) \
         ON CONFLICT (tenant) DO UPDATE SET last = embedding_changes.last + 1 RETURNING last",
    )
    .bind(tenant.as_str())
    .fetch_one(connection)
    .await?;
    Ok(change)
}
