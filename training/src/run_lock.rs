//! [`RunLock`]: what a run writes is written by no other run at the same time.
//!
//! The system keeps the lock, so it goes with its process however that ends; a lock file that a killed process left behind
//! locks nobody out.

use crate::bad_input;
use anyhow::Context;
use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Held while a folder or file is being made; given back when dropped.
#[derive(Debug)]
pub struct RunLock {
    path: PathBuf,
    /// Closing it gives the lock back.
    _file: File,
}

impl RunLock {
    /// Locks a place for this run: a file `.NAME.lock` beside it, removed in the end.
    ///
    /// # Errors
    /// [`crate::failure::BadInput`] when another run has it; else what the disk says.
    pub fn take(place: &Path) -> anyhow::Result<Self> {
        let name = place.file_name().unwrap_or_default().to_string_lossy();
        let path = place.with_file_name(format!(".{name}.lock"));
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
        }
        loop {
            let locking = || format!("locking {}", path.display());
            let file = File::options()
                .create(true)
                .truncate(false)
                .write(true)
                .open(&path)
                .with_context(locking)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    return Err(bad_input!(
                        "{}: another run is writing it at this moment (it holds {}): wait until it has ended, or name another \
                         place",
                        place.display(),
                        path.display()
                    ));
                }
                // Some network drives have no locks; there two runs are the caller's to keep apart.
                Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {
                    eprintln!("warning: {} cannot be locked: {error}", path.display());
                }
                Err(TryLockError::Error(error)) => return Err(error).with_context(locking),
            }
            // The run before may have removed the file between its being opened and locked here.
            if is_at(&file, &path).with_context(locking)? {
                return Ok(Self { path, _file: file });
            }
        }
    }
}

impl Drop for RunLock {
    fn drop(&mut self) {
        // While it is still locked, so that it is no other run's; a file too many does no harm.
        let _ = fs::remove_file(&self.path);
    }
}

/// Whether an open file is the one of this name.
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let opened = file.metadata()?;
    match fs::metadata(path) {
        Ok(named) => Ok((named.dev(), named.ino()) == (opened.dev(), opened.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_locked_once_at_a_time_and_a_file_left_behind_locks_nobody_out() {
        let dir = tempfile::tempdir().unwrap();
        let place = dir.path().join("models/ours-1");
        let first = RunLock::take(&place).unwrap();
        let message = RunLock::take(&place).unwrap_err().to_string();
        assert!(message.contains("ours-1") && message.contains("another run"), "{message}");
        RunLock::take(&dir.path().join("models/ours-2")).unwrap();
        drop(first);
        let folder = place.parent().unwrap();
        assert_eq!(fs::read_dir(folder).unwrap().count(), 0, "nothing is left");
        // What a killed run leaves: the file, but no lock.
        fs::write(folder.join(".ours-1.lock"), "").unwrap();
        RunLock::take(&place).unwrap();
    }
}
