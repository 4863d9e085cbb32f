//! Signing in through a provider: who was sent there and has not come back, and who came back.

use super::audit::write_entry;
use super::sessions::insert_session;
use super::users::{end_sessions, lock_users, read_user, select_users};
use super::{AuditAction, AuditEntry, NewSession, Store, StoreError, Tenant, WriteTransaction};
use crate::ticket::Name;
use crate::timestamp::Timestamp;
use crate::user::{ProvidedUser, ProviderIdentity, Theme, User, UserName};

/// A browser that is sent to the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingSignIn {
    /// SHA-256 of what the provider hands back, in hexadecimal digits.
    pub state_sha256: String,
    /// SHA-256 of what the browser's cookie holds.
    pub browser_sha256: String,
    /// Where to go on to.
    pub next: String,
    /// The client's address.
    pub address: Option<String>,
    /// Until when it may come back.
    pub expires_at: Timestamp,
}

/// What became of somebody whom the provider knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProvidedSignIn {
    /// They are signed in.
    Started,
    /// They are kept out.
    Disabled,
}

impl Store {
    /// Notes that a browser is sent to the provider, unless `most` of the same client address have not come back yet; whether it
    /// was noted. Those whose time is over are removed.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn begin_provided_sign_in(
        &self,
        tenant: &Tenant,
        pending: &PendingSignIn,
        most: u32,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut write = self.begin_write().await?;
        sqlx::query("DELETE FROM pending_sign_ins WHERE tenant = $1 AND expires_at <= $2")
            .bind(tenant.as_str())
            .bind(now.millis())
            .execute(write.connection())
            .await?;
        let waiting: i64 = sqlx::query_scalar(
            "SELECT COUNT(*) FROM pending_sign_ins WHERE tenant = $1 AND address = $2",
        )
        .bind(tenant.as_str())
        .bind(pending.address.as_deref())
        .fetch_one(write.connection())
        .await?;
        let may_begin = waiting < i64::from(most);
        if may_begin {
            sqlx::query(
                "INSERT INTO pending_sign_ins (tenant, state_sha256, browser_sha256, next, address, expires_at) \
                 VALUES ($1, $2, $3, $4, $5, $6)",
            )
            .bind(tenant.as_str())
            .bind(pending.state_sha256.as_str())
            .bind(pending.browser_sha256.as_str())
            .bind(pending.next.as_str())
            .bind(pending.address.as_deref())
            .bind(pending.expires_at.millis())
            .execute(write.connection())
            .await?;
        }
        write.finish(true).await?;
        Ok(may_begin)
    }

    /// Where a browser that comes back from the provider goes on to; once, and only for the browser that was sent there. `None`:
    /// nothing of the kind is waited for, or no longer.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn take_provided_sign_in(
        &self,
        tenant: &Tenant,
        state_sha256: &str,
        browser_sha256: &str,
        now: Timestamp,
    ) -> Result<Option<String>, StoreError> {
        let mut write = self.begin_write().await?;
        let next = sqlx::query_scalar(
            "DELETE FROM pending_sign_ins WHERE tenant = $1 AND state_sha256 = $2 AND browser_sha256 = $3 \
             AND expires_at > $4 RETURNING next",
        )
        .bind(tenant.as_str())
        .bind(state_sha256)
        .bind(browser_sha256)
        .bind(now.millis())
        .fetch_optional(write.connection())
        .await?;
        write.finish(true).await?;
        Ok(next)
    }

    /// Starts a session for somebody whom the provider knows. Who is not known here is added, under their name or, where somebody
    /// has it, with a number after it. Who has another position than before gets it, and their other sessions end. The provider's
    /// word is taken for the last admin, too: another one is made on the command line.
    ///
    /// `entry`: what is written of the sign-in; its actor and, of what else happens, its lines are filled in here.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn start_provided_session(
        &self,
        tenant: &Tenant,
        provided: &ProvidedUser,
        session: NewSession,
        entry: &AuditEntry,
    ) -> Result<ProvidedSignIn, StoreError> {
        let mut write = self.begin_write().await?;
        lock_users(&mut write, tenant).await?;
        let name = match find(&mut write, tenant, &provided.identity).await? {
            None => add(&mut write, tenant, provided, entry).await?,
            Some(user) if user.is_disabled => {
                write.finish(false).await?;
                return Ok(ProvidedSignIn::Disabled);
            }
            Some(user) => {
                update(&mut write, tenant, &user, provided, entry).await?;
                user.name
            }
        };
        let session = NewSession { user: name.clone(), ..session };
        insert_session(&mut write, tenant, &session, entry.occurred_at).await?;
        let entry = AuditEntry { actor: Some(name.to_string()), ..entry.clone() };
        write_entry(&mut write, tenant, &entry).await?;
        write.finish(true).await?;
        Ok(ProvidedSignIn::Started)
    }

    /// Ends all sessions of somebody whom the provider knows and whom it gives no role here any more.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn refuse_provided_user(
        &self,
        tenant: &Tenant,
        identity: &ProviderIdentity,
        entry: &AuditEntry,
    ) -> Result<(), StoreError> {
        let mut write = self.begin_write().await?;
        if let Some(user) = find(&mut write, tenant, identity).await? {
            end_sessions(write.connection(), tenant, &user.name).await?;
        }
        write_entry(&mut write, tenant, entry).await?;
        write.finish(true).await
    }
}

async fn find(
    write: &mut WriteTransaction,
    tenant: &Tenant,
    identity: &ProviderIdentity,
) -> Result<Option<User>, StoreError> {
    let row = sqlx::query(select_users!(
        " FROM users u WHERE u.tenant = $1 AND u.issuer = $2 AND u.subject = $3"
    ))
    .bind(tenant.as_str())
    .bind(identity.issuer.as_str())
    .bind(identity.subject.as_str())
    .fetch_optional(write.connection())
    .await?;
    row.as_ref().map(read_user).transpose()
}

/// Adds somebody under the first name that nobody has.
async fn add(
    write: &mut WriteTransaction,
    tenant: &Tenant,
    provided: &ProvidedUser,
    entry: &AuditEntry,
) -> Result<UserName, StoreError> {
    let mut name = provided.name.clone();
    let mut number = 1;
    while !insert(write, tenant, &name, provided, entry.occurred_at).await? {
        number += 1;
        name = UserName::numbered(provided.name.as_str(), number);
    }
    write_entry(write, tenant, &further(entry, AuditAction::UserAdded, &name)).await?;
    Ok(name)
}

async fn insert(
    write: &mut WriteTransaction,
    tenant: &Tenant,
    name: &UserName,
    provided: &ProvidedUser,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let position = &provided.position;
    let done = sqlx::query(
        "INSERT INTO users (tenant, name, display_name, role, team, theme, is_disabled, failed_attempts, created_at, \
         issuer, subject) VALUES ($1, $2, $3, $4, $5, $6, 0, 0, $7, $8, $9) ON CONFLICT (tenant, name) DO NOTHING",
    )
    .bind(tenant.as_str())
    .bind(name.as_str())
    .bind(provided.display_name.as_str())
    .bind(position.role().as_str())
    .bind(position.team().map(Name::as_str))
    .bind(Theme::System.as_str())
    .bind(now.millis())
    .bind(provided.identity.issuer.as_str())
    .bind(provided.identity.subject.as_str())
    .execute(write.connection())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Takes over what the provider says now.
async fn update(
    write: &mut WriteTransaction,
    tenant: &Tenant,
    user: &User,
    provided: &ProvidedUser,
    entry: &AuditEntry,
) -> Result<(), StoreError> {
    let position = &provided.position;
    sqlx::query(
        "UPDATE users SET display_name = $3, role = $4, team = $5 WHERE tenant = $1 AND name = $2",
    )
    .bind(tenant.as_str())
    .bind(user.name.as_str())
    .bind(provided.display_name.as_str())
    .bind(position.role().as_str())
    .bind(position.team().map(Name::as_str))
    .execute(write.connection())
    .await?;
    if user.position != *position {
        end_sessions(write.connection(), tenant, &user.name).await?;
        write_entry(write, tenant, &further(entry, AuditAction::RoleChanged, &user.name)).await?;
    }
    Ok(())
}

/// What the provider's word has done beside the sign-in.
fn further(entry: &AuditEntry, action: AuditAction, on: &UserName) -> AuditEntry {
    AuditEntry {
        id: format!("{}-{action}", entry.id),
        actor: None,
        action,
        object: Some(on.to_string()),
        ..entry.clone()
    }
}
