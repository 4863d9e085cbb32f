//! A student's folder: an encoder in the layout that the service loads, its record and its card, in place whole or not at
//! all.

use super::params::StoredWeights;
use super::student::packing;
use super::vocabulary::TrimmedVocabulary;
use crate::whole_file::write_whole;
use anyhow::Context;
use recontact::classify::encoder::checkpoint::BertCheckpoint;
use recontact::classify::encoder::{Pooling, compact};
use recontact::registry::artifact::{FileSum, sha256_file};
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The record's file name.
pub const RECORD: &str = "distilled.json";
/// The card's.
pub const CARD: &str = "card.md";
const POOLING: &str = "1_Pooling";

/// A folder in the making beside its place; removed unless it is put there.
#[derive(Debug)]
pub struct Draft {
    path: PathBuf,
    place: PathBuf,
}

impl Draft {
    /// Writes the encoder's files.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn write(
        place: &Path,
        student: &BertCheckpoint,
        vocabulary: &TrimmedVocabulary,
        weights: StoredWeights,
    ) -> anyhow::Result<Self> {
        let name = place.file_name().unwrap_or_default().to_string_lossy();
        let path = place.with_file_name(format!(".{name}.partial"));
        // What a run that was killed has left.
        if path.exists() {
            fs::remove_dir_all(&path).with_context(|| format!("removing {}", path.display()))?;
        }
        let draft = Self { path, place: place.to_owned() };
        let pooling = draft.path.join(POOLING);
        fs::create_dir_all(&pooling).with_context(|| format!("making {}", pooling.display()))?;
        let shape = &student.shape;
        draft.json("config.json", &shape.config_json())?;
        draft.json("modules.json", &modules())?;
        draft
            .json(&format!("{POOLING}/config.json"), &pooling_json(shape.pooling, shape.hidden))?;
        draft.json(
            "sentence_bert_config.json",
            &json!({"max_seq_length": shape.max_tokens, "do_lower_case": shape.lowercase}),
        )?;
        if !shape.default_prompt.is_empty() {
            draft.json(
                "config_sentence_transformers.json",
                &json!({"prompts": {"default": shape.default_prompt}, "default_prompt_name": "default"}),
            )?;
        }
        // Without white space: the vocabulary is most of what is not weights.
        draft.file("tokenizer.json", &serde_json::to_vec(&vocabulary.tokenizer)?)?;
        let packed = compact::write(&student.tensors, |name, _| packing(weights, name))
            .context("packing the weights")?;
        draft.file("model.safetensors", &packed)?;
        Ok(draft)
    }

    /// Where the files are now.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Length and checksum of each file so far.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn sums(&self) -> anyhow::Result<BTreeMap<String, FileSum>> {
        let mut sums = BTreeMap::new();
        for folder in ["", POOLING] {
            let folder_path = self.path.join(folder);
            for entry in fs::read_dir(&folder_path)? {
                let path = entry?.path();
                if path.is_file() {
                    let name = path.strip_prefix(&self.path)?.to_string_lossy().into_owned();
                    let bytes = fs::metadata(&path)?.len();
                    sums.insert(name, FileSum { bytes, sha256: sha256_file(&path)? });
                }
            }
        }
        Ok(sums)
    }

    /// Adds the record, under its file name, and the card, and puts the folder in its place.
    ///
    /// # Errors
    /// When the disk refuses; then nothing is in that place.
    pub fn finish(
        self,
        record_name: &str,
        record: &impl Serialize,
        card: &str,
    ) -> anyhow::Result<()> {
        self.json(record_name, record)?;
        self.file(CARD, card.as_bytes())?;
        fs::rename(&self.path, &self.place)
            .with_context(|| format!("making {}", self.place.display()))
    }

    fn json(&self, name: &str, content: &impl Serialize) -> anyhow::Result<()> {
        let mut text = serde_json::to_vec_pretty(content)?;
        text.push(b'\n');
        self.file(name, &text)
    }

    fn file(&self, name: &str, content: &[u8]) -> anyhow::Result<()> {
        write_whole(&self.path.join(name), content)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // Not there any more once it is in its place; failing to tidy up must not hide the error that led here.
        let _ = fs::remove_dir_all(&self.path);
    }
}

fn modules() -> serde_json::Value {
    let module = |number: usize, path: &str, kind: &str| {
        let class = format!("sentence_transformers.models.{kind}");
        json!({"idx": number, "name": number.to_string(), "path": path, "type": class})
    };
    json!([
        module(0, "", "Transformer"),
        module(1, POOLING, "Pooling"),
        module(2, "2_Normalize", "Normalize")
    ])
}

fn pooling_json(pooling: Pooling, hidden: usize) -> serde_json::Value {
    json!({
        "word_embedding_dimension": hidden,
        "pooling_mode_cls_token": pooling == Pooling::Cls,
        "pooling_mode_mean_tokens": pooling == Pooling::Mean,
        "pooling_mode_max_tokens": false,
        "pooling_mode_mean_sqrt_len_tokens": false,
    })
}
