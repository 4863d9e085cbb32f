//! [`Store::connect`]: from a URL to a migrated database that belongs to the customer key.

use super::sqlite_writer::SqliteWriter;
use super::{CustomerKey, Store, StoreError, StoreOptions};
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AnyPool, ConnectOptions, Connection, Executor};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

static MIGRATOR: Migrator = sqlx::migrate!("src/store/migrations");

/// How long SQLite waits for another process's write to end.
const SQLITE_BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// A connection that nobody used for longer is tested before it is used again, since it may be broken.
const POSTGRES_IDLE: Duration = Duration::from_secs(1);

/// What SQLite must be told on every connection. FULL: a commit is on the disk when it is answered.
pub(super) const SQLITE_SESSION: &str =
    "PRAGMA busy_timeout = 10000; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON";

/// The tenant of settings that hold for the whole database; no [`super::Tenant`] has this name.
const WHOLE_DATABASE: &str = "";
const KEY_FINGERPRINT: &str = "customer_key_fingerprint";

impl Store {
    /// Opens the database at `url` (`sqlite:PATH`, made when it is not there, or `postgres://…`), brings its tables
    /// to this version and checks that it was written with `key`.
    ///
    /// # Errors
    /// [`StoreError::InvalidUrl`], [`StoreError::WrongCustomerKey`], or what kept the database from opening.
    pub async fn connect(
        url: &str,
        key: CustomerKey,
        options: StoreOptions,
    ) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        let pool_options = AnyPoolOptions::new()
            .max_connections(options.max_connections.max(1))
            .acquire_timeout(options.acquire_timeout);
        let (pool, writer) = match Address::parse(url)? {
            Address::Sqlite(path) => {
                let path = make_parent_folder(&path)?;
                let has_log = prepare_sqlite(&path).await?;
                // SQLite follows links to the file, and its log lies beside what they lead to.
                let path = path
                    .canonicalize()
                    .map_err(|source| StoreError::File { path: path.clone(), source })?;
                let address = sqlite_address(&path)?;
                let turn_timeout = options.acquire_timeout;
                let writer = SqliteWriter::new(&path, address.clone(), has_log, turn_timeout);
                // A connection to a file does not break, so it need not be tested each time.
                let pool = pool_options
                    .test_before_acquire(false)
                    .after_connect(|connection, _| {
                        Box::pin(async move {
                            connection.execute(SQLITE_SESSION).await?;
                            Ok(())
                        })
                    })
                    .connect_with(address)
                    .await?;
                (pool, Some(Arc::new(writer)))
            }
            Address::Postgres(address) => {
                // Between calls that follow each other closely, testing would cost a way to the server each. After a restart of
                // the server, connections used just before fail one call each, which may be tried again.
                let pool = pool_options
                    .test_before_acquire(false)
                    .before_acquire(|connection, met| {
                        Box::pin(async move {
                            if met.idle_for > POSTGRES_IDLE {
                                connection.ping().await?;
                            }
                            Ok(true)
                        })
                    })
                    .connect_with(address)
                    .await
                    .map_err(not_a_url)?;
                MIGRATOR.run(&pool).await.map_err(migration_error)?;
                (pool, None)
            }
        };
        claim_for_key(&pool, &key).await?;
        Ok(Self { pool, key, writer, follow_ups: None })
    }
}

enum Address {
    Sqlite(PathBuf),
    Postgres(AnyConnectOptions),
}

impl Address {
    fn parse(url: &str) -> Result<Self, StoreError> {
        if let Some(path) = url.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            match path {
                "" => Err(StoreError::InvalidUrl { reason: "the path of the file is missing" }),
                ":memory:" => Err(StoreError::InvalidUrl {
                    reason: "a database in memory would forget what was accepted",
                }),
                _ if path.contains('?') => Err(StoreError::InvalidUrl {
                    reason: "sqlite: takes a path without parameters",
                }),
                _ => Ok(Self::Sqlite(PathBuf::from(path))),
            }
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            url.parse().map(Self::Postgres).map_err(not_a_url)
        } else {
            Err(StoreError::InvalidUrl {
                reason: "it begins neither with sqlite: nor with postgres://",
            })
        }
    }
}

/// The driver's words about a URL are left out: they may quote a part of it.
fn not_a_url(error: sqlx::Error) -> StoreError {
    match error {
        sqlx::Error::Configuration(_) => {
            StoreError::InvalidUrl { reason: "a part of it is malformed" }
        }
        other => other.into(),
    }
}

/// The file's absolute path, after its folder was made where needed.
fn make_parent_folder(path: &Path) -> Result<PathBuf, StoreError> {
    let file_error = |source| StoreError::File { path: path.to_owned(), source };
    let absolute = std::path::absolute(path).map_err(file_error)?;
    let (Some(parent), Some(file_name)) = (absolute.parent(), absolute.file_name()) else {
        return Err(StoreError::InvalidUrl { reason: "the path names no file" });
    };
    std::fs::create_dir_all(parent).map_err(file_error)?;
    Ok(parent.canonicalize().map_err(file_error)?.join(file_name))
}

/// The file as a URL for the driver, which only takes URLs; everything that could mean something in one is escaped.
fn sqlite_address(path: &Path) -> Result<AnyConnectOptions, StoreError> {
    let mut url = String::from("sqlite://");
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'/' | b'-' | b'_' | b'.' => url.push(char::from(*byte)),
            _ if byte.is_ascii_alphanumeric() => url.push(char::from(*byte)),
            _ => {
                // Writing into a String cannot fail.
                let _ = write!(url, "%{byte:02X}");
            }
        }
    }
    url.parse().map_err(not_a_url)
}

/// Makes the file, switches it to write-ahead logging and migrates it, while other processes may do the same. Whether
/// there is a write-ahead log.
async fn prepare_sqlite(path: &Path) -> Result<bool, StoreError> {
    let mut connection = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .busy_timeout(SQLITE_BUSY_TIMEOUT)
        .connect()
        .await?;
    let has_log = switch_to_wal(&mut connection).await?;
    // The migrator takes no lock on SQLite; this transaction is the lock.
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    MIGRATOR.run_direct(None, &mut *transaction, false).await.map_err(migration_error)?;
    transaction.commit().await?;
    connection.close().await?;
    Ok(has_log)
}

/// SQLite answers "busy" at once when two processes switch at the same time, so the waiting is done here.
async fn switch_to_wal(connection: &mut SqliteConnection) -> Result<bool, StoreError> {
    let started = Instant::now();
    loop {
        let mode: Result<String, sqlx::Error> =
            sqlx::query_scalar("PRAGMA journal_mode = WAL").fetch_one(&mut *connection).await;
        match mode.map_err(StoreError::from) {
            Ok(mode) if mode == "wal" => return Ok(true),
            Ok(mode) => {
                tracing::warn!(
                    mode,
                    "the file system offers no write-ahead log: writing will be slower"
                );
                return Ok(false);
            }
            Err(StoreError::Unavailable { .. }) if started.elapsed() < SQLITE_BUSY_TIMEOUT => {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            Err(error) => return Err(error),
        }
    }
}

fn migration_error(source: MigrateError) -> StoreError {
    match source {
        MigrateError::Execute(source) => source.into(),
        source => StoreError::Migration { source },
    }
}

/// The first key to come is the database's; another one is refused from then on.
async fn claim_for_key(pool: &AnyPool, key: &CustomerKey) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO settings (tenant, name, value) VALUES ($1, $2, $3) ON CONFLICT (tenant, name) DO NOTHING",
    )
    .bind(WHOLE_DATABASE)
    .bind(KEY_FINGERPRINT)
    .bind(key.fingerprint())
    .execute(pool)
    .await?;
    let stored: String =
        sqlx::query_scalar("SELECT value FROM settings WHERE tenant = $1 AND name = $2")
            .bind(WHOLE_DATABASE)
            .bind(KEY_FINGERPRINT)
            .fetch_one(pool)
            .await?;
    if stored == key.fingerprint() { Ok(()) } else { Err(StoreError::WrongCustomerKey) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_that_name_no_usable_database_are_refused_without_repeating_them() {
        for url in [
            "",
            "var/recontact.db",
            "sqlite:",
            "sqlite::memory:",
            "sqlite:x.db?mode=memory",
            "mysql://user:secret@host/db",
            "postgres://user:secret@host:port/db",
            "postgres://user:secret",
        ] {
            let Err(error) = Address::parse(url) else { panic!("{url}") };
            let text = error.to_string();
            assert!(text.contains("sqlite:PATH") && text.contains("postgres://"), "{text}");
            assert!(!text.contains("secret"), "{text}");
        }
    }

    #[test]
    fn any_character_may_stand_in_a_file_name() {
        let address = sqlite_address(Path::new("/a b/50%#й?.db")).unwrap();
        let options: SqliteConnectOptions = address.database_url.as_str().parse().unwrap();
        assert_eq!(options.get_filename(), Path::new("/a b/50%#й?.db"));
    }
}
