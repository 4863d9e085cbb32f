//! Signing in and being signed in. A session is found by the SHA-256 of its token; the token itself is in the cookie only.

use super::audit::write_entry;
use super::users::{read_user, select_users};
use super::{AuditEntry, Store, StoreError, Tenant, WriteTransaction, instant, optional_instant};
use crate::timestamp::Timestamp;
use crate::user::{PasswordHash, SignInPolicy, User, UserName};
use sqlx::Row;

/// What has to be known to judge a sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// Who wants to sign in.
    pub user: User,
    /// What their password is compared with; `None`: they have none.
    pub password: Option<PasswordHash>,
    /// Until when the name is locked.
    pub locked_until: Option<Timestamp>,
}

/// A session to be started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSession {
    /// SHA-256 of the token, in hexadecimal digits.
    pub token_sha256: String,
    /// Whose it is.
    pub user: UserName,
    /// What its forms carry.
    pub csrf: String,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
    /// The session of the same browser that it takes the place of, by its token's SHA-256.
    pub replaces: Option<String>,
    /// What the provider gave out, where one has proved who they are.
    pub id_token: Option<String>,
}

/// A session that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Who is signed in.
    pub user: User,
    /// What its forms carry.
    pub csrf: String,
    /// When it was last used, as far as that was noted.
    pub seen_at: Timestamp,
}

impl Store {
    /// What is known of a name that somebody wants to sign in with.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn credentials(
        &self,
        tenant: &Tenant,
        name: &UserName,
    ) -> Result<Option<Credentials>, StoreError> {
        let row = sqlx::query(select_users!(
            ", u.password_hash AS password_hash, u.locked_until AS locked_until FROM users u \
             WHERE u.tenant = $1 AND u.name = $2"
        ))
        .bind(tenant.as_str())
        .bind(name.as_str())
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let password = row
            .try_get::<Option<String>, _>("password_hash")?
            .map(|text| PasswordHash::parse(&text))
            .transpose()
            .map_err(|error| StoreError::corrupt("users", "password_hash", error))?;
        let locked_until = optional_instant(&row, "users", "locked_until")?;
        Ok(Some(Credentials { user: read_user(&row)?, password, locked_until }))
    }

    /// Counts a wrong password, and locks the name where it was one too many. `name`: `None` where nobody has the name.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn fail_sign_in(
        &self,
        tenant: &Tenant,
        name: Option<&UserName>,
        policy: &SignInPolicy,
        entry: &AuditEntry,
    ) -> Result<(), StoreError> {
        let mut write = self.begin_write().await?;
        if let Some(name) = name {
            let failures: i64 = sqlx::query_scalar(
                "UPDATE users SET failed_attempts = failed_attempts + 1 WHERE tenant = $1 AND name = $2 \
                 RETURNING failed_attempts",
            )
            .bind(tenant.as_str())
            .bind(name.as_str())
            .fetch_optional(write.connection())
            .await?
            .unwrap_or(0);
            let failures = u32::try_from(failures).unwrap_or(u32::MAX);
            if let Some(until) = policy.locked_until(failures, entry.occurred_at) {
                sqlx::query("UPDATE users SET locked_until = $3 WHERE tenant = $1 AND name = $2")
                    .bind(tenant.as_str())
                    .bind(name.as_str())
                    .bind(until.millis())
                    .execute(write.connection())
                    .await?;
            }
        }
        write_entry(&mut write, tenant, entry).await?;
        write.finish(true).await
    }

    /// Starts a session, unless the user was locked or disabled meanwhile; whether it did. Sessions that are over are removed.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn start_session(
        &self,
        tenant: &Tenant,
        session: &NewSession,
        entry: &AuditEntry,
    ) -> Result<bool, StoreError> {
        let now = entry.occurred_at.millis();
        let mut write = self.begin_write().await?;
        let may_sign_in = sqlx::query(
            "UPDATE users SET failed_attempts = 0, locked_until = NULL WHERE tenant = $1 AND name = $2 \
             AND is_disabled = 0 AND (locked_until IS NULL OR locked_until <= $3)",
        )
        .bind(tenant.as_str())
        .bind(session.user.as_str())
        .bind(now)
        .execute(write.connection())
        .await?
        .rows_affected()
            == 1;
        if may_sign_in {
            insert_session(&mut write, tenant, session, entry.occurred_at).await?;
            write_entry(&mut write, tenant, entry).await?;
        }
        write.finish(may_sign_in).await?;
        Ok(may_sign_in)
    }

    /// The session of a token, where it is not over: before its end, used since `used_since`, and of a user who is not disabled.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn session(
        &self,
        tenant: &Tenant,
        token_sha256: &str,
        used_since: Timestamp,
        now: Timestamp,
    ) -> Result<Option<Session>, StoreError> {
        let row = sqlx::query(select_users!(
            ", s.csrf AS csrf, s.seen_at AS seen_at FROM sessions s \
             JOIN users u ON u.tenant = s.tenant AND u.name = s.user_name \
             WHERE s.tenant = $1 AND s.token_sha256 = $2 AND s.seen_at >= $3 AND s.expires_at > $4 AND u.is_disabled = 0"
        ))
        .bind(tenant.as_str())
        .bind(token_sha256)
        .bind(used_since.millis())
        .bind(now.millis())
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(Session {
            user: read_user(&row)?,
            csrf: row.try_get("csrf")?,
            seen_at: instant(&row, "sessions", "seen_at")?,
        }))
    }

    /// Notes that a session is used.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn see_session(
        &self,
        tenant: &Tenant,
        token_sha256: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let statement = sqlx::query(
            "UPDATE sessions SET seen_at = $3 WHERE tenant = $1 AND token_sha256 = $2 AND seen_at < $3",
        )
        .bind(tenant.as_str().to_owned())
        .bind(token_sha256.to_owned())
        .bind(now.millis());
        self.execute(statement).await?;
        Ok(())
    }

    /// Ends a session; answers what the provider gave out for it.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn end_session(
        &self,
        tenant: &Tenant,
        token_sha256: &str,
        entry: &AuditEntry,
    ) -> Result<Option<String>, StoreError> {
        let mut write = self.begin_write().await?;
        let ended: Option<Option<String>> = sqlx::query_scalar(
            "DELETE FROM sessions WHERE tenant = $1 AND token_sha256 = $2 RETURNING id_token",
        )
        .bind(tenant.as_str())
        .bind(token_sha256)
        .fetch_optional(write.connection())
        .await?;
        write_entry(&mut write, tenant, entry).await?;
        write.finish(true).await?;
        Ok(ended.flatten())
    }
}

/// Writes a session, and removes those that are over and the one it takes the place of.
pub(super) async fn insert_session(
    write: &mut WriteTransaction,
    tenant: &Tenant,
    session: &NewSession,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "DELETE FROM sessions WHERE tenant = $1 AND (expires_at <= $2 OR token_sha256 = $3)",
    )
    .bind(tenant.as_str())
    .bind(now.millis())
    .bind(session.replaces.as_deref().unwrap_or_default())
    .execute(write.connection())
    .await?;
    sqlx::query(
        "INSERT INTO sessions (tenant, token_sha256, user_name, csrf, created_at, seen_at, expires_at, id_token) \
         VALUES ($1, $2, $3, $4, $5, $5, $6, $7)",
    )
    .bind(tenant.as_str())
    .bind(session.token_sha256.as_str())
    .bind(session.user.as_str())
    .bind(session.csrf.as_str())
    .bind(now.millis())
    .bind(session.expires_at.millis())
    .bind(session.id_token.as_deref())
    .execute(write.connection())
    .await?;
    Ok(())
}
