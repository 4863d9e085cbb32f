//! [`Checkpoints`]: what a training run needs to go on after it was killed, the same to the last bit.
//!
//! ```text
//! FOLDER/
//!   checkpoint.json               the step, the run it belongs to, name and SHA-256 of the other file, the run's own notes
//!   checkpoint-000400.safetensors value/NAME, mean/NAME, square/NAME of every parameter
//! ```
//!
//! Files are written under another name, synced and renamed, `checkpoint.json` last; the one before is removed only then.
//! Whenever the run is killed or the disk is full, what `checkpoint.json` names is whole.

use super::optimiser::ParameterState;
use crate::bad_input;
use crate::whole_file::write_whole;
use anyhow::Context;
use recontact::registry::artifact::sha256_hex;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The file that names the other one.
const HEAD: &str = "checkpoint.json";
const PARTS: [&str; 3] = ["value", "mean", "square"];

/// The checkpoints of one run in a folder.
#[derive(Debug)]
pub struct Checkpoints {
    folder: PathBuf,
    run: String,
}

/// What a run goes on from.
#[derive(Debug)]
pub struct Saved<T> {
    /// Steps done.
    pub step: usize,
    /// The optimiser's parameters.
    pub state: Vec<ParameterState>,
    /// What the run noted.
    pub notes: T,
}

/// `checkpoint.json`.
#[derive(Serialize, Deserialize)]
struct Head<T> {
    step: usize,
    run: String,
    file: String,
    sha256: String,
    notes: T,
}

impl Checkpoints {
    /// Those of the run with this fingerprint (of its data and parameters).
    #[must_use]
    pub fn new(folder: &Path, run: String) -> Self {
        Self { folder: folder.to_owned(), run }
    }

    /// Replaces the checkpoint by a newer one.
    ///
    /// # Errors
    /// When the disk refuses; then the one before is still there.
    pub fn save<T: Serialize>(
        &self,
        step: usize,
        state: &[ParameterState],
        notes: &T,
    ) -> anyhow::Result<()> {
        let bytes = pack(state)?;
        let file = format!("checkpoint-{step:06}.safetensors");
        let head = Head {
            step,
            run: self.run.clone(),
            file: file.clone(),
            sha256: sha256_hex(&bytes),
            notes,
        };
        write_whole(&self.folder.join(&file), &bytes)?;
        write_whole(&self.folder.join(HEAD), &serde_json::to_vec_pretty(&head)?)?;
        self.remove_all_but(&file);
        Ok(())
    }

    /// The checkpoint, if there is one.
    ///
    /// # Errors
    /// [`crate::failure::BadInput`] naming the file that is damaged, or saying that it belongs to another run.
    pub fn load<T: DeserializeOwned>(&self) -> anyhow::Result<Option<Saved<T>>> {
        let path = self.folder.join(HEAD);
        let json = match fs::read(&path) {
            Ok(json) => json,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| path.display().to_string()),
        };
        let folder = self.folder.display();
        let again = format!("remove the folder {folder} to begin anew");
        let head: Head<T> = serde_json::from_slice(&json)
            .map_err(|error| bad_input!("{}: damaged: {error}; {again}", path.display()))?;
        if head.run != self.run {
            return Err(bad_input!(
                "{}: the checkpoint is of a run with other texts, another teacher or other parameters; {again}",
                path.display()
            ));
        }
        let path = self.folder.join(&head.file);
        let damaged =
            |fault: String| bad_input!("{}: damaged checkpoint: {fault}; {again}", path.display());
        let bytes = fs::read(&path).map_err(|error| damaged(error.to_string()))?;
        let found = sha256_hex(&bytes);
        if found != head.sha256 {
            return Err(damaged(format!("checksum {found}, expected {}", head.sha256)));
        }
        let state = unpack(&bytes).map_err(damaged)?;
        Ok(Some(Saved { step: head.step, state, notes: head.notes }))
    }

    fn remove_all_but(&self, file: &str) {
        let Ok(entries) = fs::read_dir(&self.folder) else { return };
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with("checkpoint-") && name != file {
                // A file too many does no harm.
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

fn pack(state: &[ParameterState]) -> anyhow::Result<Vec<u8>> {
    let mut parts: Vec<(String, Vec<u8>)> = Vec::with_capacity(3 * state.len());
    // The number in front keeps the order: safetensors sorts by name.
    for (number, parameter) in state.iter().enumerate() {
        for (part, numbers) in
            PARTS.into_iter().zip([&parameter.value, &parameter.mean, &parameter.square])
        {
            let name = format!("{number:04}/{part}/{}", parameter.name);
            parts.push((name, numbers.iter().flat_map(|number| number.to_le_bytes()).collect()));
        }
    }
    let views = parts
        .iter()
        .map(|(name, bytes)| Ok((name, TensorView::new(Dtype::F32, vec![bytes.len() / 4], bytes)?)))
        .collect::<anyhow::Result<Vec<_>>>()?;
    Ok(safetensors::serialize(views, None)?)
}

fn unpack(bytes: &[u8]) -> Result<Vec<ParameterState>, String> {
    let tensors = SafeTensors::deserialize(bytes).map_err(|error| error.to_string())?;
    let mut names = tensors.names();
    names.sort_unstable();
    let mut state: Vec<ParameterState> = Vec::new();
    // In the order of their names: mean, square, value of each parameter.
    for three in names.chunks(3) {
        let numbers = |part: &str| -> Result<(String, Vec<f32>), String> {
            let mark = format!("/{part}/");
            let name = three.iter().find(|name| name.contains(&mark));
            let name = name.ok_or_else(|| format!("{three:?} lacks {part}"))?;
            let view = tensors.tensor(name).map_err(|error| error.to_string())?;
            let fours = view.data().as_chunks::<4>().0;
            let bare = name.split_once(&mark).map_or("", |(_, bare)| bare).to_owned();
            Ok((bare, fours.iter().map(|four| f32::from_le_bytes(*four)).collect()))
        };
        let [(name, value), (_, mean), (_, square)] =
            [numbers(PARTS[0])?, numbers(PARTS[1])?, numbers(PARTS[2])?];
        state.push(ParameterState { name, value, mean, square });
    }
    Ok(state)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(step: f32) -> Vec<ParameterState> {
        ["b.weight", "a.bias"]
            .into_iter()
            .map(|name| ParameterState {
                name: name.to_owned(),
                value: vec![step, 0.1],
                mean: vec![f32::MIN_POSITIVE, -0.0],
                square: vec![3.0, 1e-30],
            })
            .collect()
    }

    #[test]
    fn the_latest_checkpoint_is_read_back_in_order_and_to_the_bit() {
        let dir = tempfile::tempdir().unwrap();
        let checkpoints = Checkpoints::new(dir.path(), "run".to_owned());
        assert!(checkpoints.load::<u32>().unwrap().is_none());
        checkpoints.save(5, &state(5.0), &1_u32).unwrap();
        checkpoints.save(10, &state(10.0), &2_u32).unwrap();
        let saved = checkpoints.load::<u32>().unwrap().unwrap();
        assert_eq!((saved.step, saved.notes, saved.state), (10, 2, state(10.0)));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2, "the one before is gone");
    }

    #[test]
    fn a_checkpoint_of_another_run_or_a_damaged_one_is_refused_by_its_file() {
        let dir = tempfile::tempdir().unwrap();
        let checkpoints = Checkpoints::new(dir.path(), "run".to_owned());
        checkpoints.save(5, &state(5.0), &()).unwrap();
        let other = Checkpoints::new(dir.path(), "other".to_owned());
        let message = other.load::<()>().unwrap_err().to_string();
        assert!(
            message.contains("checkpoint.json") && message.contains("other texts"),
            "{message}"
        );
        let path = dir.path().join("checkpoint-000005.safetensors");
        let mut bytes = fs::read(&path).unwrap();
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        for content in [bytes.clone(), bytes[..last].to_vec()] {
            fs::write(&path, content).unwrap();
            let message = checkpoints.load::<()>().unwrap_err().to_string();
            assert!(message.contains("checkpoint-000005.safetensors"), "{message}");
            assert!(message.contains("checksum"), "{message}");
        }
    }

    #[test]
    fn what_cannot_be_written_leaves_the_checkpoint_before() {
        let dir = tempfile::tempdir().unwrap();
        let checkpoints = Checkpoints::new(dir.path(), "run".to_owned());
        checkpoints.save(5, &state(5.0), &()).unwrap();
        // A folder where the file should go stands for a disk that refuses.
        fs::create_dir(dir.path().join(".checkpoint-000010.safetensors.partial")).unwrap();
        assert!(checkpoints.save(10, &state(10.0), &()).is_err());
        assert_eq!(checkpoints.load::<()>().unwrap().unwrap().step, 5);
    }
}
