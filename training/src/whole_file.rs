//! Files that are there whole or not at all, whenever the disk is full or the process is killed.

use anyhow::Context;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Writes a file so that it has its name only when it is whole and on the disk.
///
/// # Errors
/// When the disk refuses; then nothing is left under either name that was not there before.
pub fn write_whole(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    write_with(path, |file| Ok(file.write_all(bytes)?))
}

/// The same with a content that is written bit by bit.
///
/// # Errors
/// As [`write_whole`], and what `fill` says.
pub fn write_with(
    path: &Path,
    fill: impl FnOnce(&mut BufWriter<File>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let draft = beside(path);
    let write = || -> anyhow::Result<()> {
        let mut file = BufWriter::new(File::create(&draft)?);
        fill(&mut file)?;
        file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        fs::rename(&draft, path)?;
        Ok(File::open(folder_of(path))?.sync_all()?)
    };
    write()
        .inspect_err(|_| drop(fs::remove_file(&draft)))
        .with_context(|| format!("writing {}", path.display()))
}

/// Writes a file that somebody named, in the place of the one that may be there: afterwards it is the new one or, where the
/// disk refused, still the old one. What is no file, such as a terminal or a pipe, is written to.
///
/// # Errors
/// When it cannot be written.
pub fn replace(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    match fs::metadata(path) {
        Ok(there) if !there.is_file() => {
            fs::write(path, bytes).with_context(|| format!("writing {}", path.display()))
        }
        // Of a link, the file it leads to.
        Ok(_) => write_whole(&fs::canonicalize(path)?, bytes),
        Err(_) => write_whole(path, bytes),
    }
}

/// Where a file is written until it is whole; one that a killed process has left there is written over.
fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.partial"))
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_written_leaves_the_file_before_and_nothing_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("page.html");
        replace(&path, b"old").unwrap();
        let full =
            |_: &mut BufWriter<File>| Err(io::Error::from(io::ErrorKind::StorageFull).into());
        let message = format!("{:#}", write_with(&path, full).unwrap_err());
        assert!(message.contains("page.html"), "{message}");
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        replace(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
    }

    #[test]
    fn a_link_stays_a_link_and_a_device_a_device() {
        let dir = tempfile::tempdir().unwrap();
        let (file, link) = (dir.path().join("file"), dir.path().join("link"));
        fs::write(&file, "old").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        replace(&link, b"new").unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"new");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        replace(Path::new("/dev/null"), b"gone").unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
    }
}
