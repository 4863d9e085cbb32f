//! Users: added, listed, changed. Whatever narrows what a user may do ends their sessions in the same transaction.

use super::audit::write_entry;
use super::{
    AuditEntry, Store, StoreError, Tenant, WriteTransaction, instant, name, optional_name,
};
use crate::ticket::Name;
use crate::timestamp::Timestamp;
use crate::user::{
    Language, PasswordHash, Position, ProviderIdentity, Role, Theme, User, UserName,
};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

/// A user to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewUser {
    /// What they sign in with.
    pub name: UserName,
    /// What others see.
    pub display_name: Name,
    /// How they prove who they are; `None`: not with a password.
    pub password: Option<PasswordHash>,
    /// What they may do, and about which rows.
    pub position: Position,
}

/// What became of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserChanged {
    /// It holds now.
    Changed,
    /// There is no such user.
    Unknown,
    /// Nobody could manage users any more; nothing was changed.
    LastAdmin,
}

/// Reads users; the rest of the statement follows. Their columns are read by [`read_user`].
macro_rules! select_users {
    ($($rest:literal),*) => {
        concat!(
            "SELECT u.name AS name, u.display_name AS display_name, u.role AS role, u.team AS team, \
             u.language AS language, u.theme AS theme, u.is_disabled AS is_disabled, u.created_at AS created_at, \
             u.issuer AS issuer, u.subject AS subject",
            $($rest),*
        )
    };
}
pub(super) use select_users;

impl Store {
    /// Adds a user, unless the name is taken; whether they were added.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn add_user(
        &self,
        tenant: &Tenant,
        user: &NewUser,
        entry: &AuditEntry,
    ) -> Result<bool, StoreError> {
        let mut write = self.begin_write().await?;
        let added = sqlx::query(
            "INSERT INTO users (tenant, name, display_name, password_hash, role, team, theme, is_disabled, \
             failed_attempts, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0, $8) ON CONFLICT DO NOTHING",
        )
        .bind(tenant.as_str())
        .bind(user.name.as_str())
        .bind(user.display_name.as_str())
        .bind(user.password.as_ref().map(PasswordHash::as_str))
        .bind(user.position.role().as_str())
        .bind(user.position.team().map(Name::as_str))
        .bind(Theme::System.as_str())
        .bind(entry.occurred_at.millis())
        .execute(write.connection())
        .await?
        .rows_affected()
            == 1;
        if added {
            write_entry(&mut write, tenant, entry).await?;
        }
        write.finish(added).await?;
        Ok(added)
    }

    /// All users, by name.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn users(&self, tenant: &Tenant) -> Result<Vec<User>, StoreError> {
        let rows = sqlx::query(select_users!(" FROM users u WHERE u.tenant = $1 ORDER BY u.name"))
            .bind(tenant.as_str())
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(read_user).collect()
    }

    /// Whether there is any user.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn has_users(&self, tenant: &Tenant) -> Result<bool, StoreError> {
        let row = sqlx::query("SELECT name FROM users WHERE tenant = $1 LIMIT 1")
            .bind(tenant.as_str())
            .fetch_optional(&self.pool)
            .await?;
        Ok(row.is_some())
    }

    /// The user of a name.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn user(&self, tenant: &Tenant, name: &UserName) -> Result<Option<User>, StoreError> {
        let row = sqlx::query(select_users!(" FROM users u WHERE u.tenant = $1 AND u.name = $2"))
            .bind(tenant.as_str())
            .bind(name.as_str())
            .fetch_optional(&self.pool)
            .await?;
        row.as_ref().map(read_user).transpose()
    }

    /// Sets a password, unlocks the name and ends all sessions of the user; whether there is such a user, and none whom a provider knows.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn set_password(
        &self,
        tenant: &Tenant,
        name: &UserName,
        password: &PasswordHash,
        entry: &AuditEntry,
    ) -> Result<bool, StoreError> {
        self.write_password(tenant, name, password, entry, Timestamp::LATEST).await
    }

    /// The same for users who have proved their present password; not while their name is locked, as it may have become meanwhile.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn change_password(
        &self,
        tenant: &Tenant,
        name: &UserName,
        password: &PasswordHash,
        entry: &AuditEntry,
    ) -> Result<bool, StoreError> {
        self.write_password(tenant, name, password, entry, entry.occurred_at).await
    }

    async fn write_password(
        &self,
        tenant: &Tenant,
        name: &UserName,
        password: &PasswordHash,
        entry: &AuditEntry,
        unless_locked_after: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut write = self.begin_write().await?;
        let is_set = sqlx::query(
            "UPDATE users SET password_hash = $3, failed_attempts = 0, locked_until = NULL \
             WHERE tenant = $1 AND name = $2 AND issuer IS NULL AND (locked_until IS NULL OR locked_until <= $4)",
        )
        .bind(tenant.as_str())
        .bind(name.as_str())
        .bind(password.as_str())
        .bind(unless_locked_after.millis())
        .execute(write.connection())
        .await?
        .rows_affected()
            == 1;
        if is_set {
            end_sessions(write.connection(), tenant, name).await?;
            write_entry(&mut write, tenant, entry).await?;
        }
        write.finish(is_set).await?;
        Ok(is_set)
    }

    /// Disables a user and ends their sessions, or lets them sign in again.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn set_disabled(
        &self,
        tenant: &Tenant,
        name: &UserName,
        is_disabled: bool,
        entry: &AuditEntry,
    ) -> Result<UserChanged, StoreError> {
        let mut write = self.begin_write().await?;
        lock_users(&mut write, tenant).await?;
        let changed = sqlx::query(
            "UPDATE users SET is_disabled = $3, failed_attempts = 0, locked_until = NULL \
             WHERE tenant = $1 AND name = $2",
        )
        .bind(tenant.as_str())
        .bind(name.as_str())
        .bind(i64::from(is_disabled))
        .execute(write.connection())
        .await?
        .rows_affected();
        self.finish_change(write, tenant, name, entry, changed).await
    }

    /// Gives a user another role and team, and ends their sessions.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn set_position(
        &self,
        tenant: &Tenant,
        name: &UserName,
        position: &Position,
        entry: &AuditEntry,
    ) -> Result<UserChanged, StoreError> {
        let mut write = self.begin_write().await?;
        lock_users(&mut write, tenant).await?;
        let changed =
            sqlx::query("UPDATE users SET role = $3, team = $4 WHERE tenant = $1 AND name = $2")
                .bind(tenant.as_str())
                .bind(name.as_str())
                .bind(position.role().as_str())
                .bind(position.team().map(Name::as_str))
                .execute(write.connection())
                .await?
                .rows_affected();
        self.finish_change(write, tenant, name, entry, changed).await
    }

    /// Keeps how a user likes the pages.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn set_preferences(
        &self,
        tenant: &Tenant,
        name: &UserName,
        language: Option<Language>,
        theme: Theme,
    ) -> Result<(), StoreError> {
        let statement = sqlx::query(
            "UPDATE users SET language = $3, theme = $4 WHERE tenant = $1 AND name = $2",
        )
        .bind(tenant.as_str().to_owned())
        .bind(name.as_str().to_owned())
        .bind(language.map(Language::code))
        .bind(theme.as_str());
        self.execute(statement).await?;
        Ok(())
    }

    /// Ends the user's sessions and writes the deed, unless nobody could manage users after it.
    async fn finish_change(
        &self,
        mut write: WriteTransaction,
        tenant: &Tenant,
        name: &UserName,
        entry: &AuditEntry,
        changed: u64,
    ) -> Result<UserChanged, StoreError> {
        if changed == 0 {
            write.finish(false).await?;
            return Ok(UserChanged::Unknown);
        }
        let admins: i64 = sqlx::query_scalar(
            "SELECT COUNT(*) FROM users WHERE tenant = $1 AND role = $2 AND is_disabled = 0",
        )
        .bind(tenant.as_str())
        .bind(Role::Admin.as_str())
        .fetch_one(write.connection())
        .await?;
        if admins == 0 {
            write.finish(false).await?;
            return Ok(UserChanged::LastAdmin);
        }
        end_sessions(write.connection(), tenant, name).await?;
        write_entry(&mut write, tenant, entry).await?;
        write.finish(true).await?;
        Ok(UserChanged::Changed)
    }
}

/// Makes whoever changes what users may do wait for each other until the end of the transaction: two who take the role of an admin
/// away at once would each still see the other one.
pub(super) async fn lock_users(
    write: &mut WriteTransaction,
    tenant: &Tenant,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO settings (tenant, name, value) VALUES ($1, 'users_lock', '') \
         ON CONFLICT (tenant, name) DO UPDATE SET value = excluded.value",
    )
    .bind(tenant.as_str())
    .execute(write.connection())
    .await?;
    Ok(())
}

pub(super) async fn end_sessions(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    name: &UserName,
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM sessions WHERE tenant = $1 AND user_name = $2")
        .bind(tenant.as_str())
        .bind(name.as_str())
        .execute(connection)
        .await?;
    Ok(())
}

/// Reads the columns of [`select_users`].
pub(super) fn read_user(row: &AnyRow) -> Result<User, StoreError> {
    let word = |column: &'static str| row.try_get::<String, _>(column);
    let unknown =
        |column, word: &str| StoreError::corrupt("users", column, format!("unknown: {word}"));
    let (role, theme) = (word("role")?, word("theme")?);
    let language = row.try_get::<Option<String>, _>("language")?;
    Ok(User {
        name: UserName::parse(&word("name")?)
            .map_err(|error| StoreError::corrupt("users", "name", error))?,
        display_name: name(row, "users", "display_name")?,
        position: Position::new(
            Role::parse(&role).ok_or_else(|| unknown("role", &role))?,
            optional_name(row, "users", "team")?,
        )
        .map_err(|error| StoreError::corrupt("users", "team", error))?,
        language: language
            .map(|word| Language::from_tag(&word).ok_or_else(|| unknown("language", &word)))
            .transpose()?,
        theme: Theme::parse(&theme).ok_or_else(|| unknown("theme", &theme))?,
        identity: read_identity(row)?,
        is_disabled: row.try_get::<i64, _>("is_disabled")? != 0,
        created_at: instant(row, "users", "created_at")?,
    })
}

fn read_identity(row: &AnyRow) -> Result<Option<ProviderIdentity>, StoreError> {
    let issuer: Option<String> = row.try_get("issuer")?;
    let subject: Option<String> = row.try_get("subject")?;
    Ok(issuer.zip(subject).map(|(issuer, subject)| ProviderIdentity { issuer, subject }))
}
