//! What a run has put in its place before it was killed is not made again: a tuned encoder's record says which run made it.

use super::Epoch;
use crate::bad_input;
use anyhow::Context;
use recontact::registry::artifact::{FileSum, sha256_file};
use recontact::registry::{Artifact, ArtifactError};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

/// The record's file name.
pub const RECORD: &str = "tuned.json";

/// What of the record tells whether it is of the same run; those of earlier versions do not say.
#[derive(Deserialize)]
struct Finished {
    run: Option<String>,
    history: Vec<Epoch>,
    #[serde(default)]
    files: BTreeMap<String, FileSum>,
}

/// Checks that an encoder could be written to `folder`, or that a tuned one is there already, which may be of the same
/// run; its record tells.
///
/// # Errors
/// As [`Artifact::check_destination`].
pub fn check_destination(folder: &Path) -> Result<(), ArtifactError> {
    match Artifact::check_destination(folder) {
        Err(ArtifactError::Occupied { .. }) if folder.join(RECORD).is_file() => Ok(()),
        checked => checked,
    }
}

/// How the training of the encoder in `folder` went, if this very run has put it there; nothing where there is none.
///
/// # Errors
/// [`crate::failure::BadInput`] naming the file, when the encoder there is of another run or was changed since.
pub(super) fn history(folder: &Path, run: &str) -> anyhow::Result<Option<Vec<Epoch>>> {
    let path = folder.join(RECORD);
    let json = match fs::read(&path) {
        Ok(json) => json,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| path.display().to_string()),
    };
    let finished: Finished = serde_json::from_slice(&json)
        .map_err(|error| bad_input!("{}: no record of a tuned encoder: {error}", path.display()))?;
    if finished.run.as_deref() != Some(run) {
        return Err(bad_input!(
            "{}: the encoder there was made by a run with other texts, another encoder or other parameters: name a new folder \
             or remove this one",
            path.display()
        ));
    }
    for (name, expected) in &finished.files {
        let path = folder.join(name);
        let found = sha256_file(&path).map_err(|error| bad_input!("{error}"))?;
        if found != expected.sha256 {
            return Err(bad_input!(
                "{}: the checksum is {found}, expected {}: the file was changed; remove the folder {} to make it anew",
                path.display(),
                expected.sha256,
                folder.display()
            ));
        }
    }
    eprintln!("{} was made by this run before and is taken as it is", folder.display());
    Ok(Some(finished.history))
}
