//! Merges: why two identities are one person, and taking that back.
//!
//! A merge is a row that stays; a person is what the rows that are not undone connect. Undoing one computes the persons of
//! its component anew, and the outcomes are derived anew for all of them, so that a merge and its undoing leave
//! everything as it was.

use super::customer::content_sha256;
use super::derivation::{Affected, ChangeCause, Derivation, OutcomeRules, Told, rederive};
use super::episodes::mark_parallel;
use super::kpi::marks::mark_persons;
use super::opt_outs::suppress_if_opted_out;
use super::persons::{Person, find_person, identities_of, lock_person};
use super::{
    CustomerHash, Store, StoreError, Tenant, instant, name, optional_instant, optional_name,
};
use crate::identity::{Identity, IdentityKind};
use crate::ticket::Name;
use crate::timestamp::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};
use std::collections::BTreeMap;

/// Who merges identities that come with one event.
const SYSTEM: &str = "system";

/// A recorded merge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityMerge {
    /// Its identifier.
    pub id: String,
    /// One identity.
    pub a: CustomerHash,
    /// The other.
    pub b: CustomerHash,
    /// Who said that they are one person.
    pub author: Name,
    /// On what ground.
    pub reason: String,
    /// When.
    pub merged_at: Timestamp,
    /// When it was undone, if it was.
    pub undone_at: Option<Timestamp>,
    /// Who undid it.
    pub undone_by: Option<Name>,
}

/// What became of a merge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdentitiesMerged {
    /// The two are one person now.
    Merged(IdentityMerge),
    /// They were merged before; nothing was changed.
    Unchanged(IdentityMerge),
    /// Both names are the same identity.
    SameIdentity,
}

/// What became of an undoing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MergeUndone {
    /// It is undone now.
    Undone(IdentityMerge),
    /// It was undone before; nothing was changed.
    Unchanged(IdentityMerge),
    /// There is no such merge.
    UnknownMerge,
}

impl Store {
    /// Makes two identities one person. The same pair again changes nothing while the first merge stands.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    #[expect(clippy::too_many_arguments, reason = "who, what and why of one event, and the rules")]
    pub async fn merge_identities(
        &self,
        tenant: &Tenant,
        a: &Identity,
        b: &Identity,
        author: &Name,
        reason: &str,
        rules: &OutcomeRules<'_>,
        now: Timestamp,
    ) -> Result<IdentitiesMerged, StoreError> {
        let (a, b) =
            ((self.identity_hash(tenant, a), a.kind()), (self.identity_hash(tenant, b), b.kind()));
        if a.0 == b.0 {
            return Ok(IdentitiesMerged::SameIdentity);
        }
        let derivation = Derivation { tenant, rules, now, cause: ChangeCause::Merge };
        let mut write = self.begin_write().await?;
        let connection = write.connection();
        lock_merges(connection, tenant).await?;
        let known = merges_of_pair(connection, tenant, &a.0, &b.0).await?;
        let merged = match known.iter().find(|merge| merge.undone_at.is_none()) {
            Some(standing) => IdentitiesMerged::Unchanged(standing.clone()),
            None => {
                let grounds = Grounds { author, reason, earlier: known.len() };
                IdentitiesMerged::Merged(merge(connection, derivation, &a, &b, &grounds).await?)
            }
        };
        write.finish(matches!(merged, IdentitiesMerged::Merged(_))).await?;
        Ok(merged)
    }

    /// Takes a merge back: its identities are different persons again, unless other merges connect them.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn undo_merge(
        &self,
        tenant: &Tenant,
        id: &str,
        author: &Name,
        reason: &str,
        rules: &OutcomeRules<'_>,
        now: Timestamp,
    ) -> Result<MergeUndone, StoreError> {
        let derivation = Derivation { tenant, rules, now, cause: ChangeCause::Unmerge };
        let mut write = self.begin_write().await?;
        let undone = undo(write.connection(), derivation, id, author, reason).await?;
        write.finish(matches!(undone, MergeUndone::Undone(_))).await?;
        Ok(undone)
    }

    /// Merges, the latest first, at most `limit` of them.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn identity_merges(
        &self,
        tenant: &Tenant,
        limit: u32,
    ) -> Result<Vec<IdentityMerge>, StoreError> {
        let rows = sqlx::query(
            "SELECT id, identity_a, identity_b, author, reason, merged_at, undone_at, undone_by \
             FROM identity_merges WHERE tenant = $1 ORDER BY merged_at DESC, id LIMIT $2",
        )
        .bind(tenant.as_str())
        .bind(i64::from(limit))
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(read_merge).collect()
    }
}

/// Makes the identities that came with one event one person. A pair whose merge was undone is left apart.
pub(super) async fn merge_together(
    connection: &mut AnyConnection,
    derivation: Derivation<'_>,
    first: (&CustomerHash, IdentityKind),
    others: &[(CustomerHash, IdentityKind)],
    contact: &Name,
) -> Result<(), StoreError> {
    let tenant = derivation.tenant;
    let author = Name::parse(SYSTEM)
        .map_err(|error| StoreError::corrupt("identity_merges", "author", error))?;
    let reason = format!("both came with contact {contact}");
    let first = (first.0.clone(), first.1);
    for other in others {
        let persons = [
            find_person(connection, tenant, &first.0).await?,
            find_person(connection, tenant, &other.0).await?,
        ];
        if persons[0] == persons[1] {
            continue;
        }
        lock_merges(connection, tenant).await?;
        if merges_of_pair(connection, tenant, &first.0, &other.0).await?.is_empty() {
            let grounds = Grounds { author: &author, reason: &reason, earlier: 0 };
            merge(connection, derivation, &first, other, &grounds).await?;
        }
    }
    Ok(())
}

/// Why two identities are merged, and how often they were merged and parted before.
struct Grounds<'a> {
    author: &'a Name,
    reason: &'a str,
    earlier: usize,
}

async fn merge(
    connection: &mut AnyConnection,
    derivation: Derivation<'_>,
    a: &(CustomerHash, IdentityKind),
    b: &(CustomerHash, IdentityKind),
    grounds: &Grounds<'_>,
) -> Result<IdentityMerge, StoreError> {
    let (tenant, now) = (derivation.tenant, derivation.now);
    let (a, b) = if a.0 < b.0 { (a, b) } else { (b, a) };
    let merge = IdentityMerge {
        id: content_sha256(&("merge", &a.0, &b.0, grounds.earlier))?[..32].to_owned(),
        a: a.0.clone(),
        b: b.0.clone(),
        author: grounds.author.clone(),
        reason: grounds.reason.to_owned(),
        merged_at: now,
        undone_at: None,
        undone_by: None,
    };
    insert_merge(connection, tenant, &merge).await?;
    let person_a = lock_person(connection, tenant, &a.0, a.1).await?;
    let person_b = lock_person(connection, tenant, &b.0, b.1).await?;
    if person_a != person_b {
        let (kept, given_up) =
            if person_a < person_b { (person_a, person_b) } else { (person_b, person_a) };
        sqlx::query("UPDATE identities SET person = $3 WHERE tenant = $1 AND person = $2")
            .bind(tenant.as_str())
            .bind(given_up.as_str())
            .bind(kept.as_str())
            .execute(&mut *connection)
            .await?;
        suppress_if_opted_out(connection, tenant, &a.0, now).await?;
        mark_parallel(connection, tenant, &kept).await?;
        mark_persons(connection, tenant, std::slice::from_ref(&kept)).await?;
        rederive(connection, derivation, &[kept], Affected::all(), Told::All).await?;
    }
    Ok(merge)
}

async fn undo(
    connection: &mut AnyConnection,
    derivation: Derivation<'_>,
    id: &str,
    author: &Name,
    reason: &str,
) -> Result<MergeUndone, StoreError> {
    let (tenant, now) = (derivation.tenant, derivation.now);
    lock_merges(connection, tenant).await?;
    let row = sqlx::query(
        "SELECT id, identity_a, identity_b, author, reason, merged_at, undone_at, undone_by \
         FROM identity_merges WHERE tenant = $1 AND id = $2",
    )
    .bind(tenant.as_str())
    .bind(id)
    .fetch_optional(&mut *connection)
    .await?;
    let Some(merge) = row.as_ref().map(read_merge).transpose()? else {
        return Ok(MergeUndone::UnknownMerge);
    };
    if merge.undone_at.is_some() {
        return Ok(MergeUndone::Unchanged(merge));
    }
    let reason = format!("{}; undone: {reason}", merge.reason);
    sqlx::query(
        "UPDATE identity_merges SET undone_at = $3, undone_by = $4, reason = $5 WHERE tenant = $1 AND id = $2",
    )
    .bind(tenant.as_str())
    .bind(id)
    .bind(now.millis())
    .bind(author.as_str())
    .bind(reason.as_str())
    .execute(&mut *connection)
    .await?;
    // Both identities belong to one person, whose lock keeps everything about them still.
    let person = lock_person(connection, tenant, &merge.a, IdentityKind::Customer).await?;
    let persons = part(connection, tenant, &person).await?;
    for person in &persons {
        mark_parallel(connection, tenant, person).await?;
    }
    mark_persons(connection, tenant, &persons).await?;
    rederive(connection, derivation, &persons, Affected::all(), Told::All).await?;
    let undone_by = Some(author.clone());
    Ok(MergeUndone::Undone(IdentityMerge { reason, undone_at: Some(now), undone_by, ..merge }))
}

/// Gives the identities of a person to the persons that standing merges connect, and answers these.
pub(super) async fn part(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    person: &Person,
) -> Result<Vec<Person>, StoreError> {
    let members = identities_of(connection, tenant, person).await?;
    let mut person_of: BTreeMap<String, String> =
        members.iter().map(|hash| (hash.0.clone(), hash.0.clone())).collect();
    let edges = sqlx::query(
        "SELECT m.identity_a AS a, m.identity_b AS b FROM identities i JOIN identity_merges m \
         ON m.tenant = i.tenant AND m.identity_a = i.identity_hash AND m.undone_at IS NULL \
         WHERE i.tenant = $1 AND i.person = $2",
    )
    .bind(tenant.as_str())
    .bind(person.as_str())
    .fetch_all(&mut *connection)
    .await?;
    for edge in edges {
        let [a, b]: [String; 2] = [edge.try_get("a")?, edge.try_get("b")?];
        let (Some(of_a), Some(of_b)) = (person_of.get(&a).cloned(), person_of.get(&b).cloned())
        else {
            continue;
        };
        let (kept, given_up) = if of_a < of_b { (of_a, of_b) } else { (of_b, of_a) };
        person_of.values_mut().filter(|of| **of == given_up).for_each(|of| of.clone_from(&kept));
    }
    for (identity, of) in person_of.iter().filter(|(_, of)| of.as_str() != person.as_str()) {
        sqlx::query("UPDATE identities SET person = $3 WHERE tenant = $1 AND identity_hash = $2")
            .bind(tenant.as_str())
            .bind(identity.as_str())
            .bind(of.as_str())
            .execute(&mut *connection)
            .await?;
    }
    let mut persons: Vec<String> = person_of.into_values().collect();
    persons.sort();
    persons.dedup();
    Ok(persons.into_iter().map(Person).collect())
}

/// Merges of a tenant are made one after the other: each may connect what another one looks at.
pub(super) async fn lock_merges(
    connection: &mut AnyConnection,
    tenant: &Tenant,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO settings (tenant, name, value) VALUES ($1, 'merge_lock', '') \
         ON CONFLICT (tenant, name) DO UPDATE SET value = excluded.value",
    )
    .bind(tenant.as_str())
    .execute(connection)
    .await?;
    Ok(())
}

async fn merges_of_pair(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    a: &CustomerHash,
    b: &CustomerHash,
) -> Result<Vec<IdentityMerge>, StoreError> {
    let (a, b) = if a < b { (a, b) } else { (b, a) };
    let rows = sqlx::query(
        "SELECT id, identity_a, identity_b, author, reason, merged_at, undone_at, undone_by \
         FROM identity_merges WHERE tenant = $1 AND identity_a = $2 AND identity_b = $3 ORDER BY merged_at, id",
    )
    .bind(tenant.as_str())
    .bind(a.as_str())
    .bind(b.as_str())
    .fetch_all(connection)
    .await?;
    rows.iter().map(read_merge).collect()
}

async fn insert_merge(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    merge: &IdentityMerge,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO identity_merges (tenant, id, identity_a, identity_b, author, reason, merged_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(tenant.as_str())
    .bind(merge.id.as_str())
    .bind(merge.a.as_str())
    .bind(merge.b.as_str())
    .bind(merge.author.as_str())
    .bind(merge.reason.as_str())
    .bind(merge.merged_at.millis())
    .execute(connection)
    .await?;
    Ok(())
}

fn read_merge(row: &AnyRow) -> Result<IdentityMerge, StoreError> {
    Ok(IdentityMerge {
        id: row.try_get("id")?,
        a: CustomerHash(row.try_get("identity_a")?),
        b: CustomerHash(row.try_get("identity_b")?),
        author: name(row, "identity_merges", "author")?,
        reason: row.try_get("reason")?,
        merged_at: instant(row, "identity_merges", "merged_at")?,
        undone_at: optional_instant(row, "identity_merges", "undone_at")?,
        undone_by: optional_name(row, "identity_merges", "undone_by")?,
    })
}
