//! The teacher's vectors of all texts: computed once, kept in the work folder for the runs that come after a kill.

use crate::progress;
use crate::whole_file::write_whole;
use anyhow::Context;
use candle_core::{Device, Tensor};
use recontact::classify::encoder::{Cores, TextEncoder, TokenizedText};
use recontact::registry::artifact::sha256_hex;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use std::collections::HashMap;
use std::fs;
use std::path::Path;

/// The file in the work folder.
pub const FILE: &str = "teacher.safetensors";
/// Its only tensor.
const TENSOR: &str = "embeddings";
/// What of its metadata says which vectors they are.
const KEY: &str = "key";
/// What of its metadata is the SHA-256 of the numbers.
const SUM: &str = "sha256";
/// Texts embedded between two steps of the progress bar.
const STEP: usize = 512;

/// One row of length 1 for each text, read from the work folder if they are there and whole. `key` is the fingerprint of
/// teacher and texts.
///
/// # Errors
/// When the teacher or the disk fails.
pub fn vectors(
    work: &Path,
    key: &str,
    teacher: &TextEncoder,
    texts: &[TokenizedText],
) -> anyhow::Result<Tensor> {
    let path = work.join(FILE);
    let shape = (texts.len(), teacher.identity().dimension);
    if let Some(numbers) = kept(&path, key, shape)? {
        return Ok(Tensor::from_vec(numbers, shape, &Device::Cpu)?);
    }
    let numbers = embed(teacher, texts)?;
    let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
    let sum = sha256_hex(&bytes);
    let view = TensorView::new(Dtype::F32, vec![shape.0, shape.1], &bytes)?;
    let metadata =
        [(KEY, key), (SUM, &sum)].map(|(name, value)| (name.to_owned(), value.to_owned()));
    let file = safetensors::serialize([(TENSOR, view)], Some(HashMap::from(metadata)))?;
    write_whole(&path, &file)?;
    Ok(Tensor::from_vec(numbers, shape, &Device::Cpu)?)
}

fn embed(teacher: &TextEncoder, texts: &[TokenizedText]) -> anyhow::Result<Vec<f32>> {
    let bar = progress::bar(texts.len() as u64, "embedding with teacher");
    let mut numbers = Vec::with_capacity(texts.len() * teacher.identity().dimension);
    for step in texts.chunks(STEP) {
        for embedding in teacher.embed_tokenized(step.to_vec(), Cores::All)? {
            numbers.extend_from_slice(&embedding.vector);
        }
        bar.inc(step.len() as u64);
    }
    bar.finish();
    Ok(numbers)
}

/// What was kept, if it is of this key and has its checksum: anything else is computed again.
fn kept(path: &Path, key: &str, shape: (usize, usize)) -> anyhow::Result<Option<Vec<f32>>> {
    if !path.exists() {
        return Ok(None);
    }
    let file = fs::read(path).with_context(|| path.display().to_string())?;
    let Ok((_, metadata)) = SafeTensors::read_metadata(&file) else { return Ok(None) };
    let noted = |name: &str| metadata.metadata().as_ref().and_then(|notes| notes.get(name));
    let Ok(tensors) = SafeTensors::deserialize(&file) else { return Ok(None) };
    let Ok(view) = tensors.tensor(TENSOR) else { return Ok(None) };
    let is_whole = noted(KEY).is_some_and(|found| found == key)
        && view.dtype() == Dtype::F32
        && view.shape() == [shape.0, shape.1]
        && noted(SUM).is_some_and(|sum| *sum == sha256_hex(view.data()));
    let fours = view.data().as_chunks::<4>().0;
    Ok(is_whole.then(|| fours.iter().map(|four| f32::from_le_bytes(*four)).collect()))
}
