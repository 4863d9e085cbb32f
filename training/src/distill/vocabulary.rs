//! A tokenizer with fewer tokens: which are kept, and the `tokenizer.json` that knows only those.
//!
//! The one thing to know: texts whose tokens are all kept are tokenized as before. WordPiece takes the longest piece that
//! fits and Unigram the best division; neither changes when pieces that were not taken are gone. Pieces of a single
//! character stay, so that other words are divided further rather than lost.

use crate::bad_input;
use serde_json::{Map, Value, json};
use std::collections::{BTreeSet, HashMap, HashSet};

/// What WordPiece puts before a piece inside a word.
const CONTINUING: &str = "##";
/// What Unigram puts in place of white space.
const SPACE: char = '▁';

/// The kept tokens and their tokenizer.
#[derive(Debug)]
pub struct TrimmedVocabulary {
    /// `tokenizer.json` with new ids.
    pub tokenizer: Value,
    /// The old id of each new one, rising.
    pub kept: Vec<u32>,
}

/// Keeps all tokens; truncation and padding, which the encoder does itself, are taken out of the file.
#[must_use]
pub fn full(mut tokenizer: Value, rows: usize) -> TrimmedVocabulary {
    without_shaping(&mut tokenizer);
    TrimmedVocabulary { tokenizer, kept: (0..u32::try_from(rows).unwrap_or(u32::MAX)).collect() }
}

/// Keeps the tokens that are used, special ones, the padding, and pieces of a single character.
///
/// # Errors
/// [`crate::failure::BadInput`] if the tokenizer is of another kind than WordPiece or Unigram.
pub fn trim(
    mut tokenizer: Value,
    used: &HashSet<u32>,
    padding: usize,
) -> anyhow::Result<TrimmedVocabulary> {
    let mut kept: BTreeSet<u32> = used.iter().copied().collect();
    kept.extend(u32::try_from(padding));
    kept.extend(added_ids(&tokenizer));
    match tokenizer.pointer("/model/type").and_then(Value::as_str) {
        Some("WordPiece") => kept.extend(word_pieces_to_keep(&tokenizer["model"])),
        Some("Unigram") => kept.extend(unigrams_to_keep(&tokenizer["model"])),
        other => {
            return Err(bad_input!(
                "--vocabulary-from texts: the teacher's tokenizer is a {}: expected WordPiece or Unigram; \
                 --vocabulary-from full keeps all tokens",
                other.unwrap_or("tokenizer without a type")
            ));
        }
    }
    let kept: Vec<u32> = kept.into_iter().collect();
    let new_ids: HashMap<u32, u32> = kept.iter().copied().zip(0..).collect();
    without_shaping(&mut tokenizer);
    renumber_model(&mut tokenizer["model"], &new_ids);
    renumber_added(&mut tokenizer, &new_ids);
    if let Some(processor) = tokenizer.get_mut("post_processor") {
        renumber_processor(processor, &new_ids);
    }
    Ok(TrimmedVocabulary { tokenizer, kept })
}

fn without_shaping(tokenizer: &mut Value) {
    for part in ["truncation", "padding"] {
        if let Some(part) = tokenizer.get_mut(part) {
            *part = Value::Null;
        }
    }
}

fn as_id(value: &Value) -> Option<u32> {
    value.as_u64().and_then(|id| u32::try_from(id).ok())
}

fn added_ids(tokenizer: &Value) -> Vec<u32> {
    let added = tokenizer["added_tokens"].as_array();
    added.into_iter().flatten().filter_map(|token| as_id(&token["id"])).collect()
}

fn word_pieces_to_keep(model: &Value) -> Vec<u32> {
    let unknown = model["unk_token"].as_str();
    let pieces = model["vocab"].as_object();
    let keep = |piece: &str| {
        let bare = piece.strip_prefix(CONTINUING).unwrap_or(piece);
        bare.chars().count() == 1 || Some(piece) == unknown
    };
    pieces
        .into_iter()
        .flatten()
        .filter(|(piece, _)| keep(piece))
        .filter_map(|(_, id)| as_id(id))
        .collect()
}

fn unigrams_to_keep(model: &Value) -> Vec<u32> {
    let unknown = as_id(&model["unk_id"]);
    let pieces = model["vocab"].as_array().map(Vec::as_slice).unwrap_or_default();
    let score = |piece: &Value| piece[1].as_f64().unwrap_or(0.0);
    // The score of what is unknown follows from the lowest one.
    let lowest = pieces.iter().map(score).fold(f64::INFINITY, f64::min);
    let keep = |piece: &Value| {
        let text = piece[0].as_str().unwrap_or_default();
        text.trim_start_matches(SPACE).chars().count() <= 1 || score(piece) <= lowest
    };
    (0..)
        .zip(pieces)
        .filter(|(id, piece)| keep(piece) || Some(*id) == unknown)
        .map(|(id, _)| id)
        .collect()
}

fn renumber_model(model: &mut Value, new_ids: &HashMap<u32, u32>) {
    match &mut model["vocab"] {
        Value::Object(pieces) => {
            let renumbered = std::mem::take(pieces)
                .into_iter()
                .filter_map(|(piece, id)| Some((piece, json!(new_ids.get(&as_id(&id)?)?))));
            *pieces = renumbered.collect::<Map<_, _>>();
        }
        Value::Array(pieces) => {
            let renumbered = (0..).zip(std::mem::take(pieces));
            *pieces = renumbered
                .filter(|(id, _)| new_ids.contains_key(id))
                .map(|(_, piece)| piece)
                .collect();
        }
        _ => {}
    }
    if let Some(id) = as_id(&model["unk_id"]).and_then(|id| new_ids.get(&id)) {
        model["unk_id"] = json!(id);
    }
}

fn renumber_added(tokenizer: &mut Value, new_ids: &HashMap<u32, u32>) {
    for token in tokenizer["added_tokens"].as_array_mut().into_iter().flatten() {
        if let Some(id) = as_id(&token["id"]).and_then(|id| new_ids.get(&id)) {
            token["id"] = json!(id);
        }
    }
}

/// `{"ids": [101]}` of a template; `"cls": ["[CLS]", 101]` and `"sep"` of the processors made for one model.
fn renumber_processor(processor: &mut Value, new_ids: &HashMap<u32, u32>) {
    let renumber = |id: &mut Value| {
        if let Some(new) = as_id(id).and_then(|id| new_ids.get(&id)) {
            *id = json!(new);
        }
    };
    match processor {
        Value::Object(fields) => {
            for (name, field) in fields {
                match (name.as_str(), &mut *field) {
                    ("ids", Value::Array(ids)) => ids.iter_mut().for_each(renumber),
                    ("cls" | "sep", Value::Array(pair)) if pair.len() == 2 => {
                        renumber(&mut pair[1]);
                    }
                    _ => renumber_processor(field, new_ids),
                }
            }
        }
        Value::Array(parts) => {
            parts.iter_mut().for_each(|part| renumber_processor(part, new_ids));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trimmed_word_piece_keeps_used_special_and_single_pieces_under_new_ids() {
        let tokenizer = json!({
            "truncation": {"max_length": 128},
            "padding": {"pad_id": 0},
            "added_tokens": [{"id": 1, "content": "[UNK]"}, {"id": 3, "content": "[CLS]"}],
            "post_processor": {"type": "TemplateProcessing", "special_tokens": {"[CLS]": {"id": "[CLS]", "ids": [3]}}},
            "model": {"type": "WordPiece", "unk_token": "[UNK]",
                "vocab": {"[PAD]": 0, "[UNK]": 1, "unused": 2, "[CLS]": 3, "card": 4, "rare": 5, "##s": 6, "é": 7}}
        });
        let trimmed = trim(tokenizer, &HashSet::from([3, 4]), 0).unwrap();
        assert_eq!(trimmed.kept, [0, 1, 3, 4, 6, 7]);
        let found = &trimmed.tokenizer;
        assert_eq!(
            found["model"]["vocab"],
            json!({"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "card": 3, "##s": 4, "é": 5})
        );
        assert_eq!(found["added_tokens"][1]["id"], 2);
        assert_eq!(found["post_processor"]["special_tokens"]["[CLS]"]["ids"], json!([2]));
        assert!(found["truncation"].is_null() && found["padding"].is_null());
    }

    #[test]
    fn a_trimmed_unigram_keeps_its_unknown_and_its_lowest_score() {
        let tokenizer = json!({
            "added_tokens": [{"id": 5, "content": "<mask>"}],
            "post_processor": {"type": "RobertaProcessing", "cls": ["<s>", 0], "sep": ["</s>", 5]},
            "model": {"type": "Unigram", "unk_id": 2,
                "vocab": [["<s>", 0.0], ["longword", -3.0], ["<unk>", 0.0], ["▁a", -2.0], ["lowest", -9.0]]}
        });
        let trimmed = trim(tokenizer, &HashSet::from([0]), 0).unwrap();
        assert_eq!(trimmed.kept, [0, 2, 3, 4, 5]);
        assert_eq!(trimmed.tokenizer["model"]["unk_id"], 1);
        assert_eq!(trimmed.tokenizer["added_tokens"][0]["id"], 4);
        assert_eq!(trimmed.tokenizer["post_processor"]["sep"], json!(["</s>", 4]));
    }

    #[test]
    fn another_tokenizer_is_refused_with_what_to_do() {
        let message = trim(json!({"model": {"type": "BPE"}}), &HashSet::new(), 0).unwrap_err();
        assert!(message.to_string().contains("--vocabulary-from full"), "{message}");
    }
}
