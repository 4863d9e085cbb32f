//! Persons: the identities that merges connect, under the hash of one of them.
//!
//! Every customer that was ever written about has a row in `identities`; most are persons of their own. Whoever reads a
//! person's events and writes what follows from them locks the person first, so that of two events at once the later one
//! sees the earlier. A ticket's lock is taken before its person's. Each lock counts the person's revision up: who has read
//! before the transaction can tell inside it whether anything of the person may have changed since.

use super::{CustomerHash, Store, StoreError, Tenant};
use crate::identity::{Identity, IdentityKind};
use sqlx::{AnyConnection, Row};
use std::collections::BTreeMap;

/// A person: the hash of the identity that stands for all of theirs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Person(pub(super) String);

impl Person {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// How often a lock is tried again because the person was merged meanwhile.
const TRIES: usize = 20;

impl Store {
    /// An identity as the store knows it.
    #[must_use]
    pub fn identity_hash(&self, tenant: &Tenant, identity: &Identity) -> CustomerHash {
        self.key.identity_hash(tenant, identity)
    }
}

/// Locks the person of an identity until the transaction ends; one that is new becomes a person of its own.
pub(super) async fn lock_person(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    identity: &CustomerHash,
    kind: IdentityKind,
) -> Result<Person, StoreError> {
    for _ in 0..TRIES {
        let locked = sqlx::query(
            "UPDATE identities SET revision = revision + 1 WHERE tenant = $1 AND identity_hash = \
             (SELECT person FROM identities WHERE tenant = $1 AND identity_hash = $2) \
             RETURNING identity_hash, person",
        )
        .bind(tenant.as_str())
        .bind(identity.as_str())
        .fetch_optional(&mut *connection)
        .await?;
        let Some(row) = locked else {
            insert_identity(connection, tenant, identity, kind).await?;
            continue;
        };
        let (own, person): (String, String) =
            (row.try_get("identity_hash")?, row.try_get("person")?);
        // While the lock was waited for, a merge may have given the person to another.
        let is_current = person == own
            && (own == identity.as_str()
                || find_person(connection, tenant, identity).await?.as_str() == own);
        if is_current {
            return Ok(Person(own));
        }
    }
    Err(StoreError::Unavailable { source: sqlx::Error::PoolTimedOut })
}

/// A person as read at a revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PersonAt {
    pub(super) person: Person,
    pub(super) revision: i64,
}

/// The persons of these customers, locked in their order, so that two who lock several cannot wait for each other in a circle.
pub(super) async fn lock_persons(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    customers: impl IntoIterator<Item = &CustomerHash>,
) -> Result<Vec<Person>, StoreError> {
    let mut found = BTreeMap::new();
    for customer in customers {
        found.insert(find_person(connection, tenant, customer).await?, customer);
    }
    let mut persons = Vec::with_capacity(found.len());
    for customer in found.into_values() {
        persons.push(lock_person(connection, tenant, customer, IdentityKind::Customer).await?);
    }
    persons.sort();
    persons.dedup();
    Ok(persons)
}

/// The person of an identity as of now; one that is not known is a person of its own.
pub(super) async fn find_person(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    identity: &CustomerHash,
) -> Result<Person, StoreError> {
    let person: Option<String> = sqlx::query_scalar(
        "SELECT person FROM identities WHERE tenant = $1 AND identity_hash = $2",
    )
    .bind(tenant.as_str())
    .bind(identity.as_str())
    .fetch_optional(connection)
    .await?;
    Ok(Person(person.unwrap_or_else(|| identity.as_str().to_owned())))
}

/// The identities of a person, in order.
pub(super) async fn identities_of(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    person: &Person,
) -> Result<Vec<CustomerHash>, StoreError> {
    let hashes: Vec<String> = sqlx::query_scalar(
        "SELECT identity_hash FROM identities WHERE tenant = $1 AND person = $2 ORDER BY identity_hash",
    )
    .bind(tenant.as_str())
    .bind(person.as_str())
    .fetch_all(connection)
    .await?;
    Ok(hashes.into_iter().map(CustomerHash).collect())
}

async fn insert_identity(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    identity: &CustomerHash,
    kind: IdentityKind,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO identities (tenant, identity_hash, kind, person) VALUES ($1, $2, $3, $2) \
         ON CONFLICT (tenant, identity_hash) DO NOTHING",
    )
    .bind(tenant.as_str())
    .bind(identity.as_str())
    .bind(kind.as_str())
    .execute(connection)
    .await?;
    Ok(())
}
