use super::*;
use std::os::unix::fs::MetadataExt;

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// A writer on a new database with one table, whose log counts as long from so many pages on.
async fn writer(folder: &Path, long_log: i64) -> SqliteWriter {
    sqlx::any::install_default_drivers();
    let path = folder.join("x.db");
    let options: AnyConnectOptions =
        format!("sqlite://{}?mode=rwc", path.display()).parse().unwrap();
    let mut first = AnyConnection::connect_with(&options).await.unwrap();
    first.execute("PRAGMA journal_mode = WAL; CREATE TABLE x (body BLOB)").await.unwrap();
    first.close().await.unwrap();
    let writer = SqliteWriter::new(&path, options, true, Duration::from_secs(60));
    SqliteWriter { long_log, ..writer }
}

async fn write(writer: &SqliteWriter) {
    let mut turn = writer.begin().await.unwrap();
    turn.connection.execute("INSERT INTO x VALUES (zeroblob(8000))").await.unwrap();
    turn.finish(true).await.unwrap();
    writer.until_durable().await.unwrap();
}

async fn write_often(writer: &SqliteWriter) {
    for _ in 0..300 {
        write(writer).await;
    }
}

#[test]
fn a_log_stays_short_though_writers_leave_no_gap() {
    let folder = tempfile::tempdir().unwrap();
    runtime().block_on(async {
        let writer = writer(folder.path(), 50).await;
        let move_always = async {
            loop {
                writer.until_logged().await;
                writer.move_log().await.unwrap();
            }
        };
        let writers = async {
            tokio::join!(write_often(&writer), write_often(&writer), write_often(&writer));
        };
        tokio::select! {
            () = writers => {}
            () = move_always => {}
        }
        // All that was written is some 3,000 pages.
        let pages = std::fs::metadata(folder.path().join("x.db-wal")).unwrap().size() / 4096;
        assert!(pages < 1000, "{pages}");
        writer.close().await;
    });
}

#[test]
fn what_a_reader_holds_back_is_moved_when_it_has_ended() {
    let folder = tempfile::tempdir().unwrap();
    runtime().block_on(async {
        let writer = writer(folder.path(), LONG_LOG).await;
        write(&writer).await;
        let mut reader = writer.connect().await.unwrap();
        reader.execute("BEGIN; SELECT COUNT(*) FROM x").await.unwrap();
        write(&writer).await;
        writer.until_logged().await;
        assert!(!writer.move_log().await.unwrap());
        reader.execute("COMMIT").await.unwrap();
        // Without another commit.
        writer.until_logged().await;
        assert!(writer.move_log().await.unwrap());
        reader.close().await.unwrap();
        writer.close().await;
        assert!(!folder.path().join("x.db-wal").exists());
    });
}

#[test]
fn the_log_is_kept_open_until_another_stands_in_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.db-wal");
    let mut kept = None;
    sync(&path, &mut kept).unwrap();
    assert!(kept.is_none());
    let inode = |kept: &Option<File>| kept.as_ref().unwrap().metadata().unwrap().ino();
    std::fs::write(&path, "first").unwrap();
    sync(&path, &mut kept).unwrap();
    let first = inode(&kept);
    sync(&path, &mut kept).unwrap();
    assert_eq!(inode(&kept), first);
    std::fs::remove_file(&path).unwrap();
    std::fs::write(&path, "second").unwrap();
    sync(&path, &mut kept).unwrap();
    assert_eq!(inode(&kept), std::fs::metadata(&path).unwrap().ino());
}
