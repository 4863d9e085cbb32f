//! Who did what at the pages and on the command line. Append only: a deed is written in the transaction that does it. Only what is
//! older than it is kept for is removed, and how much that was is a line itself.

use super::rows::bulk_query;
use super::{Store, StoreError, Tenant, WriteTransaction, instant};
use crate::timestamp::Timestamp;
use sqlx::Row;
use sqlx::any::AnyRow;
use std::fmt;

/// What was done or tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AuditAction {
    /// Somebody signed in.
    SignedIn,
    /// A name and a password did not fit, or the name is locked or disabled.
    SignInFailed,
    /// Somebody came back from the provider and was not signed in.
    SignInRefused,
    /// The provider could not be asked who somebody is.
    ProviderFailed,
    /// Somebody signed out.
    SignedOut,
    /// Somebody asked for what their role does not permit.
    Refused,
    /// Somebody asked for something of another team, or that is not there.
    NotFound,
    /// A user was added.
    UserAdded,
    /// A user was disabled: their sessions ended.
    UserDisabled,
    /// A disabled user may sign in again.
    UserEnabled,
    /// A user got another role or team: their sessions ended.
    RoleChanged,
    /// A password was set: all sessions of the user ended.
    PasswordSet,
    /// A version of a plan was written.
    PlanWritten,
    /// Somebody took a table of a page as a file.
    Exported,
    /// Somebody made another model live.
    ModelChanged,
    /// Lines that were older than they are kept for were removed.
    AuditExpired,
}

impl AuditAction {
    /// Every action.
    pub const ALL: [Self; 16] = [
        Self::SignedIn,
        Self::SignInFailed,
        Self::SignInRefused,
        Self::ProviderFailed,
        Self::SignedOut,
        Self::Refused,
        Self::NotFound,
        Self::UserAdded,
        Self::UserDisabled,
        Self::UserEnabled,
        Self::RoleChanged,
        Self::PasswordSet,
        Self::PlanWritten,
        Self::Exported,
        Self::ModelChanged,
        Self::AuditExpired,
    ];

    /// The word under which it is stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SignedIn => "signed_in",
            Self::SignInFailed => "sign_in_failed",
            Self::SignInRefused => "sign_in_refused",
            Self::ProviderFailed => "provider_failed",
            Self::SignedOut => "signed_out",
            Self::Refused => "refused",
            Self::NotFound => "not_found",
            Self::UserAdded => "user_added",
            Self::UserDisabled => "user_disabled",
            Self::UserEnabled => "user_enabled",
            Self::RoleChanged => "role_changed",
            Self::PasswordSet => "password_set",
            Self::PlanWritten => "plan_written",
            Self::Exported => "exported",
            Self::ModelChanged => "model_changed",
            Self::AuditExpired => "audit_expired",
        }
    }

    /// The action of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str() == word)
    }
}

impl fmt::Display for AuditAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One line of the audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Random, so that no two are the same.
    pub id: String,
    /// When.
    pub occurred_at: Timestamp,
    /// Who: a user's name, or `cli:` and the account on the machine; `None`: nobody who is known.
    pub actor: Option<String>,
    /// What.
    pub action: AuditAction,
    /// On whom or what: a user's name or the address of a page.
    pub object: Option<String>,
    /// The client's address, where it came over the network.
    pub address: Option<String>,
}

/// Which lines of the audit; by default all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// By whom.
    pub actor: Option<String>,
    /// What.
    pub action: Option<AuditAction>,
    /// Older than this one.
    pub before: Option<AuditCursor>,
}

/// A line of the audit, by its place among the others: when, and which of that instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditCursor {
    /// When.
    pub occurred_at: Timestamp,
    /// Its identifier.
    pub id: String,
}

impl Store {
    /// Writes a line of the audit.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn record_audit(
        &self,
        tenant: &Tenant,
        entry: &AuditEntry,
    ) -> Result<(), StoreError> {
        let mut write = self.begin_write().await?;
        write_entry(&mut write, tenant, entry).await?;
        write.finish(true).await
    }

    /// The newest of these lines of the audit, at most `limit` of them.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn audit_entries(
        &self,
        tenant: &Tenant,
        filter: &AuditFilter,
        limit: u32,
    ) -> Result<Vec<AuditEntry>, StoreError> {
        // One statement for each way to ask, so that each has its index.
        let mut statement = String::from(
            "SELECT id, occurred_at, actor, action, object, address FROM audit WHERE tenant = $1",
        );
        let mut values = 1;
        let mut add = |condition: &str| {
            values += 1;
            statement.push_str(&condition.replace('?', &format!("${values}")));
        };
        if filter.actor.is_some() {
            add(" AND actor = ?");
        }
        if filter.action.is_some() {
            add(" AND action = ?");
        }
        if filter.before.is_some() {
            add(" AND (occurred_at, id) < (?");
            add(", ?)");
        }
        add(" ORDER BY occurred_at DESC, id DESC LIMIT ?");
        let mut query = bulk_query(statement, true).bind(tenant.as_str().to_owned());
        if let Some(actor) = &filter.actor {
            query = query.bind(actor.clone());
        }
        if let Some(action) = filter.action {
            query = query.bind(action.as_str());
        }
        if let Some(before) = &filter.before {
            query = query.bind(before.occurred_at.millis()).bind(before.id.clone());
        }
        let rows = query.bind(i64::from(limit)).fetch_all(&self.pool).await?;
        rows.iter().map(read_entry).collect()
    }

    /// Removes the lines older than `before` and writes how many they were as the object of `entry`; nothing where there are none.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn expire_audit(
        &self,
        tenant: &Tenant,
        before: Timestamp,
        entry: &AuditEntry,
    ) -> Result<u64, StoreError> {
        let mut write = self.begin_write().await?;
        let removed = sqlx::query("DELETE FROM audit WHERE tenant = $1 AND occurred_at < $2")
            .bind(tenant.as_str())
            .bind(before.millis())
            .execute(write.connection())
            .await?
            .rows_affected();
        if removed > 0 {
            let entry = AuditEntry { object: Some(removed.to_string()), ..entry.clone() };
            write_entry(&mut write, tenant, &entry).await?;
        }
        write.finish(removed > 0).await?;
        Ok(removed)
    }

    /// How many sign-ins from an address failed since `from`, but those that the provider has failed.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn failed_sign_ins(
        &self,
        tenant: &Tenant,
        address: &str,
        from: Timestamp,
    ) -> Result<u64, StoreError> {
        let count: i64 = sqlx::query_scalar(
            "SELECT COUNT(*) FROM audit WHERE tenant = $1 AND action IN ($2, $3) AND address = $4 AND occurred_at >= $5",
        )
        .bind(tenant.as_str())
        .bind(AuditAction::SignInFailed.as_str())
        .bind(AuditAction::SignInRefused.as_str())
        .bind(address)
        .bind(from.millis())
        .fetch_one(&self.pool)
        .await?;
        Ok(u64::try_from(count).unwrap_or(0))
    }
}

pub(super) async fn write_entry(
    write: &mut WriteTransaction,
    tenant: &Tenant,
    entry: &AuditEntry,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO audit (tenant, id, occurred_at, actor, action, object, address) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(tenant.as_str())
    .bind(entry.id.as_str())
    .bind(entry.occurred_at.millis())
    .bind(entry.actor.as_deref())
    .bind(entry.action.as_str())
    .bind(entry.object.as_deref())
    .bind(entry.address.as_deref())
    .execute(write.connection())
    .await?;
    Ok(())
}

fn read_entry(row: &AnyRow) -> Result<AuditEntry, StoreError> {
    let word: String = row.try_get("action")?;
    Ok(AuditEntry {
        id: row.try_get("id")?,
        occurred_at: instant(row, "audit", "occurred_at")?,
        actor: row.try_get("actor")?,
        action: AuditAction::parse(&word)
            .ok_or_else(|| StoreError::corrupt("audit", "action", format!("unknown: {word}")))?,
        object: row.try_get("object")?,
        address: row.try_get("address")?,
    })
}
