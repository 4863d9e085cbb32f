//! The key under which customers are hashed: read from its file, made there on first start.

use crate::store::CustomerKey;
use anyhow::Context;
use std::fs;
use std::io::{self, Read, Write};
use std::path::Path;

/// Reads the key, or makes one from the system's random source if there is no file yet.
///
/// # Errors
/// If the file cannot be read or made, or holds something else.
pub fn load_or_make(file: &Path) -> anyhow::Result<CustomerKey> {
    match fs::read_to_string(file) {
        Ok(text) => parse(&text, file),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            make(file).with_context(|| format!("making the customer key {}", file.display()))?;
            // Another process may have been faster; its key counts.
            let text = fs::read_to_string(file)
                .with_context(|| format!("reading the customer key {}", file.display()))?;
            parse(&text, file)
        }
        Err(error) => {
            Err(error).with_context(|| format!("reading the customer key {}", file.display()))
        }
    }
}

/// Bytes from the system's random source.
///
/// # Errors
/// If the system has none.
pub fn random_bytes() -> io::Result<[u8; CustomerKey::BYTES]> {
    let mut bytes = [0; CustomerKey::BYTES];
    fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn parse(text: &str, file: &Path) -> anyhow::Result<CustomerKey> {
    CustomerKey::parse(text).with_context(|| format!("customer key file {}", file.display()))
}

/// Writes the key beside its place, readable by its owner only, and links it there unless there is one already.
fn make(file: &Path) -> io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder)?;
    }
    let bytes = random_bytes()?;
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let staging = file.with_extension(format!("{}.partial", std::process::id()));
    let mut staged = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&staging)?;
    staged.write_all(format!("{digits}\n").as_bytes())?;
    staged.sync_all()?;
    let linked = fs::hard_link(&staging, file);
    fs::remove_file(&staging)?;
    match linked {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_key_is_made_once_and_only_its_owner_can_read_it() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("var/customer.key");
        load_or_make(&file).unwrap();
        let first = fs::read_to_string(&file).unwrap();
        load_or_make(&file).unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), first);
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_file_that_holds_no_key_is_refused_by_name() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("customer.key");
        fs::write(&file, "secret").unwrap();
        let error = format!("{:#}", load_or_make(&file).unwrap_err());
        assert!(error.contains("customer.key") && !error.contains("secret"), "{error}");
    }
}
