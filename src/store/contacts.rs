//! Contacts and what was said about them. A keyed hash of the text is enough to know it again; the text itself is kept redacted and for
//! a time, see [`super::conversations`].
//!
//! Recording a contact also derives what follows from it, in the same transaction: see [`super::derivation`] and
//! [`super::threads`].

use super::conversations::{ContactTextToKeep, keep_contact_text};
use super::customer::content_sha256;
use super::derivation::{Affected, ChangeCause, Derivation, OutcomeRules, Told, rederive};
use super::identities::merge_together;
use super::kpi::marks::mark_days;
use super::persons::lock_person;
use super::similar::note_embedding;
use super::threads::{self, Thread};
use super::tickets::lock_ticket;
use super::{CustomerHash, Store, StoreError, Tenant};
use crate::contact::{Channel, Contact};
use crate::identity::Identity;
use crate::outcome::{Author, ContactKind, TextVector};
use crate::ticket::{IssueCategory, Name, TicketId};
use crate::timestamp::Timestamp;
use serde::Serialize;
use sqlx::{AnyConnection, Row};
use std::collections::HashSet;

/// What was said of a contact, to be stored with it.
#[derive(Debug, Clone, PartialEq)]
pub struct ContactAnalysis {
    /// The classification in the form in which it is answered, JSON.
    pub classification_json: String,
    /// The model that made it.
    pub model_version: String,
    /// What it is about; `None` when the model abstained.
    pub category: Option<IssueCategory>,
    /// Whether the category may be set without a person.
    pub category_is_certain: bool,
    /// The text's vector.
    pub embedding: Option<TextVector>,
    /// The encoder that it comes from, where contacts with similar texts are to be found by it.
    pub encoder: Option<String>,
    /// What it was taken for.
    pub kind: ContactKind,
    /// Why.
    pub kind_rule: String,
    /// The text as it is to be kept; `None` where texts are not.
    pub text: Option<ContactTextToKeep>,
}

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
        /// What it was taken for.
        kind: ContactKind,
        /// Why.
        kind_rule: String,
    },
    /// A contact of this identifier with other content was recorded before; nothing was changed.
    Conflict {
        /// A sentence for the caller.
        reason: String,
    },
}

/// What makes two reports of a contact the same. What earlier versions did not know is left out where it is as it was then, so
/// that their contacts are known again.
#[derive(Serialize)]
struct ContactContent<'a> {
    customer: &'a CustomerHash,
    ticket_id: Option<&'a TicketId>,
    occurred_at: Timestamp,
    channel: Option<&'a Channel>,
    text_hash: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    author: Option<Author>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stated_kind: Option<ContactKind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    follow_up_id: Option<&'a Name>,
    #[serde(skip_serializing_if = "<[CustomerHash]>::is_empty")]
    also_known_as: &'a [CustomerHash],
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

    /// Records an analysed contact with everything that follows from it; the first record of an identifier stays.
    ///
    /// Identities that come with one contact become one person, unless somebody has undone just that.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn record_contact(
        &self,
        tenant: &Tenant,
        contact: &Contact,
        analysis: &ContactAnalysis,
        rules: &OutcomeRules<'_>,
        now: Timestamp,
    ) -> Result<ContactRecorded, StoreError> {
        let fingerprints = self.contact_fingerprints(tenant, contact)?;
        let recording =
            Recording { tenant, contact, fingerprints: &fingerprints, analysis, rules, now };
        let mut write = self.begin_write().await?;
        let is_new = recording.record(write.connection()).await?;
        write.finish(is_new).await?;
        if is_new {
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
            "SELECT content_sha256, classification, model_version, kind, kind_rule FROM contacts \
             WHERE tenant = $1 AND id = $2",
        )
        .bind(tenant.as_str())
        .bind(contact.id.as_str())
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = row else { return Ok(None) };
        if row.try_get::<String, _>("content_sha256")? != fingerprints.content_sha256 {
            let reason = format!("contact {} is already recorded with other content", contact.id);
            return Ok(Some(ContactRecorded::Conflict { reason }));
        }
        let kind: String = row.try_get("kind")?;
        Ok(Some(ContactRecorded::Unchanged {
            classification_json: row.try_get("classification")?,
            model_version: row.try_get("model_version")?,
            kind: read_kind(&kind)?,
            kind_rule: row.try_get::<Option<String>, _>("kind_rule")?.unwrap_or_default(),
        }))
    }

    fn contact_fingerprints(
        &self,
        tenant: &Tenant,
        contact: &Contact,
    ) -> Result<ContactFingerprints, StoreError> {
        let hash = |identity: &Identity| self.identity_hash(tenant, identity);
        let customer = hash(&contact.customer);
        let text_hash = self.key.text_hash(tenant, &contact.text);
        let mut also_known_as: Vec<CustomerHash> =
            contact.also_known_as.iter().map(hash).filter(|other| *other != customer).collect();
        also_known_as.sort();
        also_known_as.dedup();
        let content_sha256 = content_sha256(&ContactContent {
            customer: &customer,
            ticket_id: contact.ticket_id.as_ref(),
            occurred_at: contact.occurred_at,
            channel: contact.channel.as_ref(),
            text_hash: &text_hash,
            author: Some(contact.author).filter(|author| *author != Author::Customer),
            stated_kind: contact.stated_kind,
            follow_up_id: contact.follow_up_id.as_ref(),
            also_known_as: &also_known_as,
        })?;
        let others = contact
            .also_known_as
            .iter()
            .map(|identity| (hash(identity), identity.kind()))
            .filter(|(other, _)| *other != customer)
            .collect();
        Ok(ContactFingerprints { customer, others, text_hash, content_sha256 })
    }
}

pub(super) fn read_kind(word: &str) -> Result<ContactKind, StoreError> {
    ContactKind::parse(word)
        .ok_or_else(|| StoreError::corrupt("contacts", "kind", format!("unknown: {word}")))
}

struct ContactFingerprints {
    customer: CustomerHash,
    others: Vec<(CustomerHash, crate::identity::IdentityKind)>,
    text_hash: String,
    content_sha256: String,
}

struct Recording<'a> {
    tenant: &'a Tenant,
    contact: &'a Contact,
    fingerprints: &'a ContactFingerprints,
    analysis: &'a ContactAnalysis,
    rules: &'a OutcomeRules<'a>,
    now: Timestamp,
}

impl Recording<'_> {
    /// Whether the contact was not there.
    async fn record(&self, connection: &mut AnyConnection) -> Result<bool, StoreError> {
        let ticket = match &self.contact.ticket_id {
            Some(id) => lock_ticket(connection, self.tenant, id).await?,
            None => None,
        };
        if !self.insert(connection).await? {
            return Ok(false);
        }
        if let Some(kept) = &self.analysis.text {
            let id = self.contact.id.as_str();
            keep_contact_text(connection, self.tenant, id, kept, self.now).await?;
        }
        // With a contact recorded, the ticket's opening no longer stands for one.
        let opened_at = ticket.as_ref().map(|ticket| ticket.opened_at);
        let changed = [self.contact.occurred_at].into_iter().chain(opened_at);
        mark_days(connection, self.tenant, changed).await?;
        let customer = &self.fingerprints.customer;
        let kind = self.contact.customer.kind();
        if !self.fingerprints.others.is_empty() {
            let derivation = Derivation { cause: ChangeCause::Merge, ..self.derivation() };
            let others = &self.fingerprints.others;
            merge_together(connection, derivation, (customer, kind), others, &self.contact.id)
                .await?;
        }
        let mut persons = vec![lock_person(connection, self.tenant, customer, kind).await?];
        if let Some(other) = ticket.as_ref().filter(|ticket| ticket.customer != *customer) {
            let kind = crate::identity::IdentityKind::Customer;
            let person = lock_person(connection, self.tenant, &other.customer, kind).await?;
            if person != persons[0] {
                persons.push(person);
            }
        }
        let mut may_be_new = HashSet::new();
        if let Some(id) = &self.contact.ticket_id {
            let thread = Thread {
                derivation: self.derivation(),
                id,
                ticket: ticket.as_ref(),
                customer: ticket.as_ref().map_or(customer, |ticket| &ticket.customer),
                persons: &persons,
            };
            threads::take_in(
                connection,
                &thread,
                self.contact,
                self.analysis.kind,
                &mut may_be_new,
            )
            .await?;
        }
        let at = Affected::by_event(self.contact.occurred_at);
        if self.contact.author == Author::Customer {
            rederive(connection, self.derivation(), &persons, at, Told::AllBut(&may_be_new))
                .await?;
        }
        if let (Some(encoder), Author::Customer) = (&self.analysis.encoder, self.contact.author)
            && self.analysis.embedding.is_some()
        {
            note_embedding(connection, self.tenant, &self.contact.id, encoder).await?;
        }
        Ok(true)
    }

    fn derivation(&self) -> Derivation<'_> {
        let occurred_at = self.contact.occurred_at;
        Derivation {
            tenant: self.tenant,
            rules: self.rules,
            now: self.now,
            cause: self.rules.cause_at(occurred_at, self.now, ChangeCause::Contact),
        }
    }

    async fn insert(&self, connection: &mut AnyConnection) -> Result<bool, StoreError> {
        let (contact, analysis) = (self.contact, self.analysis);
        let inserted = sqlx::query(
            "INSERT INTO contacts (tenant, id, customer_hash, ticket_id, occurred_at, channel, text_hash, \
             content_sha256, classification, model_version, recorded_at, author, kind, kind_rule, category, \
             category_is_certain, embedding, follow_up_id) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18) \
             ON CONFLICT (tenant, id) DO NOTHING",
        )
        .bind(self.tenant.as_str())
        .bind(contact.id.as_str())
        .bind(self.fingerprints.customer.as_str())
        .bind(contact.ticket_id.as_ref().map(TicketId::as_str))
        .bind(contact.occurred_at.millis())
        .bind(contact.channel.as_ref().map(Channel::as_str))
        .bind(self.fingerprints.text_hash.as_str())
        .bind(self.fingerprints.content_sha256.as_str())
        .bind(analysis.classification_json.as_str())
        .bind(analysis.model_version.as_str())
        .bind(self.now.millis())
        .bind(contact.author.as_str())
        .bind(analysis.kind.as_str())
        .bind(analysis.kind_rule.as_str())
        .bind(analysis.category.as_ref().map(IssueCategory::as_str))
        .bind(i64::from(analysis.category_is_certain))
        .bind(analysis.embedding.as_ref().map(TextVector::to_base64))
        .bind(contact.follow_up_id.as_ref().map(Name::as_str))
        .execute(connection)
        .await?;
        Ok(inserted.rows_affected() == 1)
    }
}
