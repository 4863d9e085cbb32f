//! Moving SQLite's write-ahead log into the database file, off the path of those who write.
//!
//! By default SQLite does it inside the commit that fills a thousand pages of log, and whoever commits waits for two more
//! syncs of the disk. Here a task of its own does it about once a second beside the writers; only when they have kept the
//! log from starting over for long are they held up for the last few pages. What is committed is durable either way: the
//! log is on the disk at the commit.

use super::{SQLITE_BUSY_TIMEOUT, StoreError};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

/// Between two looks at the log.
const PAUSE: Duration = Duration::from_secs(1);

/// Pages of log (4 KiB each) beyond which writers are held up until it can start over: 128 MiB.
const LONGEST_LOG: i64 = 32_768;

/// The task; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct Checkpoints(JoinHandle<()>);

impl Drop for Checkpoints {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Checkpoints {
    /// Starts the task on a connection of its own. `write_turn` is what this process's writers wait for.
    pub(super) async fn start(
        path: &Path,
        write_turn: Arc<Mutex<()>>,
    ) -> Result<Self, StoreError> {
        let connection = SqliteConnectOptions::new()
            .filename(path)
            .busy_timeout(SQLITE_BUSY_TIMEOUT)
            .connect()
            .await?;
        Ok(Self(tokio::spawn(checkpoint_regularly(connection, write_turn))))
    }

    /// Ends the task; what it was doing is given up, which harms nothing.
    pub(super) fn stop(&self) {
        self.0.abort();
    }
}

async fn checkpoint_regularly(mut connection: SqliteConnection, write_turn: Arc<Mutex<()>>) {
    let mut is_failing = false;
    loop {
        tokio::time::sleep(PAUSE).await;
        let result = checkpoint(&mut connection, &write_turn).await;
        if let Err(error) = &result
            && !is_failing
        {
            tracing::warn!(%error, "the write-ahead log cannot be moved into the database; trying on");
        }
        is_failing = result.is_err();
    }
}

async fn checkpoint(
    connection: &mut SqliteConnection,
    write_turn: &Mutex<()>,
) -> Result<(), StoreError> {
    // Waits for nobody; pages that come meanwhile stay in the log.
    let pages = run(connection, "PRAGMA wal_checkpoint(PASSIVE)").await?;
    if pages > LONGEST_LOG {
        let _turn = write_turn.lock().await;
        run(connection, "PRAGMA wal_checkpoint(RESTART)").await?;
    }
    Ok(())
}

/// Answers how many pages the log has.
async fn run(connection: &mut SqliteConnection, statement: &'static str) -> Result<i64, StoreError> {
    let (_, pages, _): (i64, i64, i64) = sqlx::query_as(statement).fetch_one(connection).await?;
    Ok(pages)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sqlx::Executor;

    #[test]
    fn the_log_is_moved_and_starts_over_when_it_is_long() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.db");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let options = SqliteConnectOptions::new().filename(&path).create_if_missing(true);
            let mut writer = options.connect().await.unwrap();
            for statement in [
                "PRAGMA journal_mode = WAL",
                "PRAGMA wal_autocheckpoint = 0",
                "CREATE TABLE blocks (content BLOB)",
                "INSERT INTO blocks SELECT zeroblob(300000)",
            ] {
                writer.execute(statement).await.unwrap();
            }
            let before = std::fs::metadata(&path).unwrap().len();
            let mut own = SqliteConnectOptions::new().filename(&path).connect().await.unwrap();
            checkpoint(&mut own, &Mutex::new(())).await.unwrap();
            assert!(std::fs::metadata(&path).unwrap().len() > before + 300_000);
            let pages = run(&mut own, "PRAGMA wal_checkpoint(RESTART)").await.unwrap();
            assert!(pages >= 0);
        });
    }

    #[test]
    fn the_task_ends_with_the_store_that_started_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.db");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let options = SqliteConnectOptions::new().filename(&path).create_if_missing(true);
            options.connect().await.unwrap().close().await.unwrap();
            let turn = Arc::new(Mutex::new(()));
            let checkpoints = Checkpoints::start(&path, Arc::clone(&turn)).await.unwrap();
            assert_eq!(Arc::strong_count(&turn), 2);
            drop(checkpoints);
            // Aborted tasks are dropped when the runtime next runs them.
            while Arc::strong_count(&turn) > 1 {
                tokio::task::yield_now().await;
            }
        });
    }
}
