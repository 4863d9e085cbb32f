//! Writing to SQLite: one connection that writes, commits that are made durable together, and what was logged moved into the
//! database file little by little.
//!
//! SQLite has one writer at a time. Here that is one connection, whose cache therefore stays valid, and waiting for it is
//! fair, while SQLite's own waiting sleeps and retries. Correctness does not rest on it: other processes only meet at the
//! file's lock.
//!
//! A commit is answered when it is on the disk. SQLite's own way (`synchronous = FULL`) syncs the log while the next writer
//! waits. With `NORMAL` it only writes it (and syncs the header of a log that begins anew), and
//! [`SqliteWriter::until_durable`] syncs it afterwards, one sync for all commits
//! that were made meanwhile. What is on the disk then is the same: the log of every commit that was answered.
//!
//! What was logged is moved into the database file right after ([`SqliteWriter::move_log`]), so mostly a few pages at once: a disk
//! that has thousands of pages to take keeps every commit waiting meanwhile (`docs/performance.md`). So the log stays short,
//! which also keeps reading fast. What a long reader has held back is moved in one go when it ends.

use super::StoreError;
use sqlx::any::AnyConnectOptions;
use sqlx::{AnyConnection, Connection, Executor, Row};
use std::fs::{File, Metadata, OpenOptions};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{Mutex, Notify, OwnedMutexGuard};

/// For the connection that writes, after what every connection is told. The log is moved by [`SqliteWriter::move_log`]; only
/// where nobody calls that, SQLite does it itself, at a gibibyte. The cache (in KiB) is small, since SQLite goes through all of it at
/// some commits (in 3 ms with 128 MiB), and the system's own is as near.
const WRITER_SESSION: &str =
    "PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 262144; PRAGMA cache_size = -8192";

/// The same where the file system offers no write-ahead log.
const WRITER_SESSION_WITHOUT_LOG: &str = "PRAGMA synchronous = FULL";

/// A log of more pages than this (64 MiB) is moved to its end while writers wait, if few pages come meanwhile: where writers leave
/// no gap, it would never begin anew, and the longer the log, the slower is reading.
const LONG_LOG: i64 = 16_384;

/// So many pages can be moved while writers wait: it takes a few milliseconds.
const FEW_PAGES: i64 = 200;

/// The writing side of an SQLite database.
#[derive(Debug)]
pub(super) struct SqliteWriter {
    options: AnyConnectOptions,
    session: &'static str,
    /// `None` before the first transaction, while one is under way, and after one that was given up half-way.
    connection: Arc<Mutex<Option<AnyConnection>>>,
    turn_timeout: Duration,
    /// Pages from which on a log is long.
    long_log: i64,
    /// The write-ahead log; `None` where there is none.
    log: Option<PathBuf>,
    /// Answers so far that waited for the disk: one for each commit, and some that rest on what others committed.
    answers: AtomicU64,
    durable: Arc<Mutex<Durable>>,
    /// Told when something was committed that is not in the database file yet.
    logged: Arc<Notify>,
    /// The connection that moves what was logged; `None` before the first time.
    mover: Mutex<Option<AnyConnection>>,
    is_closed: AtomicBool,
}

/// Up to which answer everything is known to be on the disk.
#[derive(Debug, Default)]
struct Durable {
    answers: u64,
    /// After a failed sync nobody knows what is on the disk, and a later sync that succeeds does not tell.
    has_failed: bool,
    /// The log, kept open: the system tells of a failed write once to each who had the file open then, and to nobody who opens
    /// it later. SQLite syncs the log as well, and would else be the only one to know.
    log: Option<File>,
}

/// The turn to use the writer's connection. Dropped before its end, it closes the connection, which takes back what was not
/// committed.
pub(super) struct SqliteTurn {
    pub(super) connection: AnyConnection,
    turn: OwnedMutexGuard<Option<AnyConnection>>,
}

impl SqliteWriter {
    pub(super) fn new(
        path: &Path,
        options: AnyConnectOptions,
        has_log: bool,
        turn_timeout: Duration,
    ) -> Self {
        let log = has_log.then(|| {
            let mut log = path.as_os_str().to_owned();
            log.push("-wal");
            PathBuf::from(log)
        });
        let session = if has_log { WRITER_SESSION } else { WRITER_SESSION_WITHOUT_LOG };
        Self {
            options,
            session,
            connection: Arc::default(),
            turn_timeout,
            long_log: LONG_LOG,
            log,
            answers: AtomicU64::new(0),
            durable: Arc::default(),
            logged: Arc::default(),
            mover: Mutex::default(),
            is_closed: AtomicBool::new(false),
        }
    }

    /// Waits for the turn to write and begins a transaction.
    pub(super) async fn begin(&self) -> Result<SqliteTurn, StoreError> {
        let mut turn = self.turn().await?;
        turn.connection.execute("BEGIN IMMEDIATE").await?;
        Ok(turn)
    }

    /// Waits for the turn to write, for a statement that begins and commits by itself.
    pub(super) async fn turn(&self) -> Result<SqliteTurn, StoreError> {
        let mut turn = self.wait().await?;
        if self.is_closed.load(Ordering::Acquire) {
            return Err(StoreError::Unavailable { source: sqlx::Error::PoolClosed });
        }
        let connection = match turn.take() {
            Some(connection) => connection,
            None => {
                let mut connection = self.connect().await?;
                connection.execute(self.session).await?;
                connection
            }
        };
        Ok(SqliteTurn { connection, turn })
    }

    async fn wait(&self) -> Result<OwnedMutexGuard<Option<AnyConnection>>, StoreError> {
        let turn = Arc::clone(&self.connection).lock_owned();
        tokio::time::timeout(self.turn_timeout, turn)
            .await
            .map_err(|_| StoreError::Unavailable { source: sqlx::Error::PoolTimedOut })
    }

    async fn connect(&self) -> Result<AnyConnection, StoreError> {
        let mut connection = AnyConnection::connect_with(&self.options).await?;
        connection.execute(super::connect::SQLITE_SESSION).await?;
        Ok(connection)
    }

    /// Waits until everything that was committed before this call, by whomever, is on the disk.
    ///
    /// # Errors
    /// [`StoreError::Disk`] when the log cannot be synced, and from then on.
    pub(super) async fn until_durable(&self) -> Result<(), StoreError> {
        // A sync that begins after this number was drawn covers everything that its holder has seen.
        let wanted = self.answers.fetch_add(1, Ordering::AcqRel) + 1;
        let Some(log) = &self.log else { return Ok(()) };
        let disk = |source| StoreError::Disk { path: log.clone(), source };
        let mut durable = Arc::clone(&self.durable).lock_owned().await;
        if durable.has_failed {
            return Err(disk(std::io::Error::other("an earlier sync failed")));
        }
        if durable.answers >= wanted {
            return Ok(());
        }
        let covered = self.answers.load(Ordering::Acquire);
        let (path, logged) = (log.clone(), Arc::clone(&self.logged));
        // Noted where it is done: who waits for it may be given up meanwhile.
        let syncing = tokio::task::spawn_blocking(move || {
            let synced = sync(&path, &mut durable.log);
            match &synced {
                Ok(()) => durable.answers = covered,
                Err(_) => durable.has_failed = true,
            }
            logged.notify_one();
            synced
        });
        syncing.await.map_err(std::io::Error::other).and_then(|synced| synced).map_err(disk)
    }

    /// Waits until something was committed that may not be in the database file yet.
    pub(super) async fn until_logged(&self) {
        self.logged.notified().await;
    }

    /// Moves what was logged into the database file, and answers whether that was all of it: a reader, or another process that moves
    /// it, may be in the way. Writers and readers go on meanwhile. Whoever writes when everything is moved begins the log
    /// anew, unless a reader still needs it.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails. If that was the disk, nobody knows what is on it, and from then on
    /// [`SqliteWriter::until_durable`] fails.
    pub(super) async fn move_log(&self) -> Result<bool, StoreError> {
        let mut mover = self.mover.lock().await;
        if self.log.is_none() || self.is_closed.load(Ordering::Acquire) {
            return Ok(true);
        }
        let mut connection = match mover.take() {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        let moved = self.move_short(&mut connection).await;
        if moved.as_ref().is_err_and(is_of_the_disk) {
            self.durable.lock().await.has_failed = true;
        }
        let moved = moved?;
        *mover = Some(connection);
        if !moved.is_all {
            self.logged.notify_one();
        }
        Ok(moved.is_all)
    }

    /// Moves what was logged, and sees to it that a long log begins anew.
    async fn move_short(&self, connection: &mut AnyConnection) -> Result<Moved, StoreError> {
        let moved = move_pages(connection).await?;
        if !(moved.is_all && moved.logged > self.long_log) {
            return Ok(moved);
        }
        let again = move_pages(connection).await?;
        if again.logged - moved.logged > FEW_PAGES {
            return Ok(again);
        }
        let _turn = self.wait().await?;
        move_pages(connection).await
    }

    pub(super) async fn close(&self) {
        self.is_closed.store(true, Ordering::Release);
        let mover = self.mover.lock().await.take();
        let writer = match self.wait().await {
            Ok(mut turn) => turn.take(),
            Err(_) => None,
        };
        // Whoever closes last moves what is left in the log.
        for connection in [mover, writer].into_iter().flatten() {
            if let Err(error) = connection.close().await {
                tracing::warn!(%error, "a database connection could not be closed in order");
            }
        }
    }
}

impl SqliteTurn {
    /// Ends the transaction and the turn. What was committed is durable only after [`SqliteWriter::until_durable`].
    pub(super) async fn finish(mut self, keep: bool) -> Result<(), StoreError> {
        self.connection.execute(if keep { "COMMIT" } else { "ROLLBACK" }).await?;
        self.give_back();
        Ok(())
    }

    /// Ends the turn after a statement that has committed by itself.
    pub(super) fn give_back(mut self) {
        *self.turn = Some(self.connection);
    }
}

/// Makes the log durable. Where there is none, the last connection that closed has moved it into the database and removed it.
fn sync(log: &Path, kept: &mut Option<File>) -> std::io::Result<()> {
    let there = match std::fs::metadata(log) {
        Ok(there) => there,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let file = match kept.take() {
        Some(file) if is_same(&file.metadata()?, &there) => file,
        _ => match OpenOptions::new().read(true).write(true).open(log) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        },
    };
    kept.insert(file).sync_data()
}

fn is_same(a: &Metadata, b: &Metadata) -> bool {
    (a.dev(), a.ino()) == (b.dev(), b.ino())
}

/// Whether SQLite could not read or write a file (SQLITE_IOERR, the low byte of its extended codes).
fn is_of_the_disk(error: &StoreError) -> bool {
    let (StoreError::Unavailable { source } | StoreError::Database { source }) = error else {
        return false;
    };
    let code = source.as_database_error().and_then(|error| error.code());
    code.and_then(|code| code.parse::<u32>().ok()).is_some_and(|code| code & 0xff == 10)
}

/// What became of moving.
struct Moved {
    /// Pages in the log when it began.
    logged: i64,
    /// Whether all of them are moved.
    is_all: bool,
}

/// Moves pages from the log into the database without holding anybody up.
async fn move_pages(connection: &mut AnyConnection) -> Result<Moved, StoreError> {
    let row = connection.fetch_one("PRAGMA wal_checkpoint(PASSIVE)").await?;
    let (busy, logged, moved): (i64, i64, i64) =
        (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    Ok(Moved { logged, is_all: busy == 0 && moved >= logged })
}

#[cfg(test)]
#[path = "sqlite_writer_tests.rs"]
mod tests;
