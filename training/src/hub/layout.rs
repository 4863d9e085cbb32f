//! An encoder's folder: which files belong to it, the record of where they came from, and putting it in place whole.

use super::pins::Encoder;
use crate::bad_input;
use anyhow::{Context, Result};
use recontact::registry::artifact::{FileSum, sha256_file};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// The record's file name. It is written last: a folder without it is not finished.
pub const RECORD: &str = "source.json";
/// The weights: the one large file.
pub const WEIGHTS: &str = "model.safetensors";
/// Says which further folders belong to a sentence-transformers model.
pub const MODULES: &str = "modules.json";
/// Without these there is no encoder.
pub const REQUIRED: [&str; 3] = ["config.json", "tokenizer.json", WEIGHTS];
/// Taken where they exist.
const OPTIONAL: [&str; 8] = [
    MODULES,
    "sentence_bert_config.json",
    "config_sentence_transformers.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "vocab.txt",
    "README.md",
    "LICENSE",
];
const DEFAULT_POOLING: &str = "1_Pooling/config.json";

/// Where an encoder's files came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// A repository of the Hub.
    Hub,
    /// A Python package.
    Pypi,
    /// They were in the folder already and have the pinned checksums.
    Local,
}

/// `source.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The encoder's name and its folder's.
    pub name: String,
    /// `owner/name` on the Hub.
    pub repository: String,
    /// The commit the files are of; unknown unless they came from the Hub.
    pub revision: Option<String>,
    /// The branch, tag or commit that was asked for, if one was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested_revision: Option<String>,
    /// Where the files came from.
    pub from: Origin,
    /// Length and checksum of every file, by its path within the folder.
    pub files: BTreeMap<String, FileSum>,
}

impl Record {
    /// A record of `encoder` without files yet.
    #[must_use]
    pub fn new(encoder: &Encoder, from: Origin) -> Self {
        Self {
            name: encoder.name.clone(),
            repository: encoder.repository.clone(),
            revision: None,
            requested_revision: None,
            from,
            files: BTreeMap::new(),
        }
    }
}

/// The files to take from a place where `has` tells what there is, without the pooling and the weights.
pub fn small_files(has: impl Fn(&str) -> bool) -> Vec<&'static str> {
    let required = REQUIRED.into_iter().filter(|file| *file != WEIGHTS);
    required.chain(OPTIONAL.into_iter().filter(|file| has(file))).collect()
}

/// The pooling's configuration file as `modules.json` says it; the usual one where there is no `modules.json`.
///
/// # Errors
/// A reason, if the content is not what sentence-transformers writes there.
pub fn pooling_file(modules: Option<&[u8]>) -> Result<Option<String>, String> {
    #[derive(Deserialize)]
    struct Module {
        path: String,
        r#type: String,
    }
    let Some(modules) = modules else { return Ok(Some(DEFAULT_POOLING.to_owned())) };
    let modules: Vec<Module> = serde_json::from_slice(modules).map_err(|e| e.to_string())?;
    let Some(pooling) = modules.into_iter().find(|m| m.r#type.ends_with(".Pooling")) else {
        return Ok(None);
    };
    let file = format!("{}/config.json", pooling.path);
    if is_inside(&file) {
        Ok(Some(file))
    } else {
        Err(format!("{:?} is no folder of the model", pooling.path))
    }
}

/// The encoder's files in a folder on disk; a file that is no part of an encoder is left out.
///
/// # Errors
/// [`BadInput`](crate::failure::BadInput) naming the required file that is missing or the `modules.json` that is wrong.
pub fn files_in(folder: &Path) -> Result<BTreeMap<String, PathBuf>> {
    for file in REQUIRED {
        if !folder.join(file).is_file() {
            return Err(bad_input!("{}: the file is missing", folder.join(file).display()));
        }
    }
    let has = |file: &str| folder.join(file).is_file();
    let mut names: Vec<String> = small_files(has).into_iter().map(str::to_owned).collect();
    let path = folder.join(MODULES);
    let modules = if has(MODULES) {
        Some(fs::read(&path).with_context(|| path.display().to_string())?)
    } else {
        None
    };
    let pooling = pooling_file(modules.as_deref())
        .map_err(|reason| bad_input!("{}: {reason}", path.display()))?;
    names.extend(pooling.filter(|file| has(file)));
    names.push(WEIGHTS.to_owned());
    Ok(names.into_iter().map(|name| (name.clone(), folder.join(name))).collect())
}

/// Looks at the folder an encoder would go to: `None` if it is free, its record if it holds the encoder, whole and unchanged.
///
/// A folder without a record whose files all have the pinned checksums is given one.
///
/// # Errors
/// [`BadInput`](crate::failure::BadInput) if something else is there, or the files are not what was written: a folder
/// is never overwritten.
pub fn existing(
    folder: &Path,
    encoder: &Encoder,
    revision: Option<&str>,
) -> Result<Option<Record>> {
    match fs::read_dir(folder).map(|mut entries| entries.next().is_none()) {
        Ok(true) => return Ok(None),
        Ok(false) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| folder.display().to_string()),
    }
    let path = folder.join(RECORD);
    let checked = match fs::read(&path) {
        Ok(content) => check_record(folder, encoder, revision, &content),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => adopt(folder, encoder),
        Err(error) => Err(error).with_context(|| path.display().to_string()),
    };
    checked.map(Some).map_err(|error| {
        bad_input!(
            "{error:#}; {} is left as it is: remove the folder or choose another with --dir",
            folder.display()
        )
    })
}

fn check_record(
    folder: &Path,
    encoder: &Encoder,
    revision: Option<&str>,
    content: &[u8],
) -> Result<Record> {
    let path = folder.join(RECORD);
    let record: Record = serde_json::from_slice(content)
        .with_context(|| format!("{}: not a record of this program", path.display()))?;
    if record.repository != encoder.repository {
        let (found, expected) = (&record.repository, &encoder.repository);
        anyhow::bail!("{} holds the encoder {found}, not {expected}", folder.display());
    }
    if let Some(wanted) = revision {
        let commit = record.revision.as_deref();
        let same = record.requested_revision.as_deref() == Some(wanted)
            || commit.is_some_and(|commit| wanted.len() >= 7 && commit.starts_with(wanted));
        if !same {
            let found = commit.unwrap_or("unknown");
            anyhow::bail!("{} holds revision {found}, not {wanted}", folder.display());
        }
    }
    for file in REQUIRED {
        if !record.files.contains_key(file) {
            anyhow::bail!("{}: does not name {file}", path.display());
        }
    }
    for (name, sum) in &record.files {
        if !is_inside(name) {
            anyhow::bail!("{}: {name:?} is no file of the folder", path.display());
        }
        let found = file_sum(&folder.join(name))?;
        if found != *sum {
            let (sum, found) = (&sum.sha256, &found.sha256);
            let file = folder.join(name);
            anyhow::bail!("{}: checksum {found}, expected {sum}", file.display());
        }
    }
    check_pins(&record, encoder)?;
    Ok(record)
}

fn adopt(folder: &Path, encoder: &Encoder) -> Result<Record> {
    if encoder.sha256.is_empty() {
        anyhow::bail!("{} has no {RECORD}", folder.display());
    }
    let mut record = Record::new(encoder, Origin::Local);
    for (name, path) in files_in(folder)? {
        record.files.insert(name, file_sum(&path)?);
    }
    check_pins(&record, encoder)
        .with_context(|| format!("{} has no {RECORD}", folder.display()))?;
    write_record(folder, &record)?;
    Ok(record)
}

/// Compares the record's checksums with the pinned ones; every pinned file must be there.
fn check_pins(record: &Record, encoder: &Encoder) -> Result<()> {
    for (name, expected) in &encoder.sha256 {
        let Some(FileSum { sha256: found, .. }) = record.files.get(name) else {
            anyhow::bail!("{name}: the file is missing, {} has it", encoder.name);
        };
        if found != expected {
            anyhow::bail!("{name}: checksum {found}, expected {expected} for {}", encoder.name);
        }
    }
    Ok(())
}

/// Puts `files` into `folder` as one step: everything is gathered beside it, checked against the pins, recorded, and
/// then renamed. `record` gets the files' sums.
///
/// # Errors
/// When a pinned checksum does not match or a file cannot be written; then nothing is left under the final name.
pub fn place(
    folder: &Path,
    encoder: &Encoder,
    files: &BTreeMap<String, PathBuf>,
    mut record: Record,
) -> Result<Record> {
    let parent = folder.parent().unwrap_or(Path::new("."));
    let staging = Staging(parent.join(format!(".{}.partial.{}", encoder.name, std::process::id())));
    for (name, source) in files {
        let path = staging.0.join(name);
        copy_into(source, &path).with_context(|| format!("cannot write {}", path.display()))?;
        record.files.insert(name.clone(), file_sum(&path)?);
    }
    check_pins(&record, encoder)?;
    write_record(&staging.0, &record)?;
    match fs::rename(&staging.0, folder) {
        Ok(()) => Ok(record),
        // Another run may have been faster; what counts is what is there now.
        Err(error) => match existing(folder, encoder, record.requested_revision.as_deref()) {
            Ok(Some(there)) => Ok(there),
            _ => Err(error).with_context(|| format!("cannot create {}", folder.display())),
        },
    }
}

/// A folder that is removed when it was not renamed.
struct Staging(PathBuf);

impl Drop for Staging {
    fn drop(&mut self) {
        // Failing to tidy up must not hide the error that led here.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A second name for the same bytes where the disk allows it, else a copy: weights are large.
fn copy_into(source: &Path, path: &Path) -> std::io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    let source = fs::canonicalize(source)?;
    if fs::hard_link(&source, path).is_err() {
        fs::copy(&source, path)?;
    }
    fs::File::open(path)?.sync_all()
}

fn write_record(folder: &Path, record: &Record) -> Result<()> {
    let path = folder.join(RECORD);
    let mut json = serde_json::to_vec_pretty(record)?;
    json.push(b'\n');
    // Written under another name first, since a half-written record would make a good folder look wrong.
    let draft = folder.join(format!(".{RECORD}.partial"));
    fs::write(&draft, json)
        .and_then(|()| fs::File::open(&draft)?.sync_all())
        .and_then(|()| fs::rename(&draft, &path))
        .with_context(|| format!("cannot write {}", path.display()))
}

fn file_sum(path: &Path) -> Result<FileSum> {
    let sha256 = sha256_file(path)?;
    let bytes = fs::metadata(path).with_context(|| path.display().to_string())?.len();
    Ok(FileSum { bytes, sha256 })
}

/// Whether a relative path stays within its folder.
fn is_inside(path: &str) -> bool {
    !path.is_empty() && Path::new(path).components().all(|c| matches!(c, Component::Normal(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pooling_folder_is_the_one_that_modules_json_names() {
        let modules = br#"[{"path":"","type":"sentence_transformers.models.Transformer"},
            {"path":"7_P","type":"sentence_transformers.models.Pooling"}]"#;
        assert_eq!(pooling_file(Some(modules)).unwrap().unwrap(), "7_P/config.json");
        assert_eq!(pooling_file(None).unwrap().unwrap(), DEFAULT_POOLING);
        assert_eq!(pooling_file(Some(b"[]")).unwrap(), None);
    }

    #[test]
    fn a_pooling_folder_outside_the_model_is_refused() {
        for path in ["../x", "/etc", "a/../../b"] {
            let modules = format!(r#"[{{"path":"{path}","type":"x.Pooling"}}]"#);
            assert!(pooling_file(Some(modules.as_bytes())).is_err(), "{path}");
        }
    }
}
