//! Writing to SQLite: one connection that writes, commits that are made durable together, and the moments at which what was
//! logged is moved into the database file.
//!
//! SQLite has one writer at a time. Here that is one connection, whose cache therefore stays valid, and waiting for it is
//! fair, while SQLite's own waiting sleeps and retries. Correctness does not rest on it: other processes only meet at the
//! file's lock.
//!
//! A commit is answered when it is on the disk. SQLite's own way (`synchronous = FULL`) syncs the log while the next writer
//! waits. With `NORMAL` it only writes it, and [`SqliteWriter::until_durable`] syncs it afterwards, one sync for all commits
//! that were made meanwhile. What is on the disk then is the same: the log of every commit that was answered.

use super::StoreError;
use sqlx::any::AnyConnectOptions;
use sqlx::{AnyConnection, AnyPool, Connection, Executor, Row};
use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{Mutex, OwnedMutexGuard};

/// For the connection that writes, after what every connection is told. Its cache (in KiB) is worth its size, as nobody else
/// changes what it holds. The log is moved by [`SqliteWriter::move_log`]; only where nobody calls that, SQLite does it itself,
/// at a gibibyte.
const WRITER_SESSION: &str =
    "PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 262144; PRAGMA cache_size = -131072";

/// The same where the file system offers no write-ahead log.
const WRITER_SESSION_WITHOUT_LOG: &str = "PRAGMA synchronous = FULL";

/// What was written for so many answers is moved into the database file also while others follow. Moving them slows the disk down for a second
/// or two, so it is put off to a quiet moment for as long as the log stays of moderate size: about 90 KiB a closing.
const MOST_ANSWERS_IN_LOG: u64 = 16_384;

/// It is quiet when so many looks in a row have seen no more than a commit each.
const CALM_LOOKS: u32 = 4;

/// Pages that may be left to move while writers wait.
const FEW_PAGES: i64 = 500;

/// So often the log is gone through before it is left for the next look.
const MOST_PASSES: u32 = 8;

/// The writing side of an SQLite database.
#[derive(Debug)]
pub(super) struct SqliteWriter {
    options: AnyConnectOptions,
    session: &'static str,
    /// `None` before the first transaction, while one is under way, and after one that was given up half-way.
    connection: Arc<Mutex<Option<AnyConnection>>>,
    turn_timeout: Duration,
    /// The write-ahead log; `None` where there is none.
    log: Option<PathBuf>,
    /// Answers so far that waited for the disk: one for each commit, and some that rest on what others committed.
    answers: AtomicU64,
    durable: Arc<Mutex<Durable>>,
    moved: Mutex<Moved>,
    is_closed: AtomicBool,
}

/// Up to which answer everything is known to be on the disk.
#[derive(Debug, Default)]
struct Durable {
    answers: u64,
    /// After a failed sync nobody knows what is on the disk, and a later sync that succeeds does not tell.
    has_failed: bool,
}

/// Up to which answer everything is known to be in the database file.
#[derive(Debug, Default)]
struct Moved {
    answers: u64,
    /// The answers at the last look, and how many looks before it were calm.
    seen: u64,
    calm_looks: u32,
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
            log,
            answers: AtomicU64::new(0),
            durable: Arc::default(),
            moved: Mutex::default(),
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
            None => self.connect().await?,
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
        connection.execute(self.session).await?;
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
        let path = log.clone();
        // Noted where it is done: who waits for it may be given up meanwhile.
        let syncing = tokio::task::spawn_blocking(move || {
            let synced = sync(&path);
            match &synced {
                Ok(()) => durable.answers = covered,
                Err(_) => durable.has_failed = true,
            }
            synced
        });
        syncing.await.map_err(std::io::Error::other).and_then(|synced| synced).map_err(disk)
    }

    /// Moves what was logged into the database file, if nobody writes now or the log has grown long; to be called
    /// every so often.
    pub(super) async fn move_log(&self, pool: &AnyPool) -> Result<(), StoreError> {
        let mut moved = self.moved.lock().await;
        let answers = self.answers.load(Ordering::Acquire);
        let is_calm = answers - moved.seen <= 1;
        moved.calm_looks = if is_calm { moved.calm_looks + 1 } else { 0 };
        moved.seen = answers;
        let is_quiet = moved.calm_looks >= CALM_LOOKS;
        let waiting = answers - moved.answers;
        if self.log.is_none() || waiting == 0 || !(is_quiet || waiting >= MOST_ANSWERS_IN_LOG) {
            return Ok(());
        }
        // Each pass leaves only what was committed meanwhile; the second also waits for what the disk still has to do of the first.
        let mut connection = pool.acquire().await?;
        let mut left = i64::MAX;
        for pass in 1..=MOST_PASSES {
            left = left_to_move(&mut connection).await?;
            if pass > 1 && left <= FEW_PAGES {
                break;
            }
        }
        if left > FEW_PAGES {
            return Ok(());
        }
        // Whatever is in the log now, nobody adds to it, so the next writer begins it anew, unless a reader still needs it.
        let Ok(turn) = Arc::clone(&self.connection).try_lock_owned() else { return Ok(()) };
        let answers = self.answers.load(Ordering::Acquire);
        if left_to_move(&mut connection).await? == 0 {
            moved.answers = answers;
        }
        drop(turn);
        Ok(())
    }

    pub(super) async fn close(&self) {
        self.is_closed.store(true, Ordering::Release);
        if let Ok(mut turn) = self.wait().await
            && let Some(connection) = turn.take()
            && let Err(error) = connection.close().await
        {
            tracing::warn!(%error, "the database connection could not be closed in order");
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
fn sync(log: &Path) -> std::io::Result<()> {
    match OpenOptions::new().read(true).write(true).open(log) {
        Ok(log) => log.sync_data(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Moves pages from the log into the database without holding anybody up, and answers how many are left.
async fn left_to_move(connection: &mut AnyConnection) -> Result<i64, StoreError> {
    let row = connection.fetch_one("PRAGMA wal_checkpoint(PASSIVE)").await?;
    let (logged, moved): (i64, i64) = (row.try_get(1)?, row.try_get(2)?);
    Ok((logged - moved).max(0))
}
