//! The encoder gives the same vectors as Python's sentence-transformers, and refuses folders it cannot read rightly.
//!
//! Reference vectors and small models: `tests/fixtures/encoders`. The real all-MiniLM-L6-v2 is compared where it lies in
//! `models/encoder`; `make test` puts it there.
#![expect(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::print_stdout,
    reason = "a helper that fails is a failed test; the fixtures hold small counts; figures are printed"
)]

use recontact::classify::encoder::{EncoderError, InferenceOptions, TextEncoder};
use safetensors::SafeTensors;
use std::fs;
use std::path::{Path, PathBuf};

/// Largest difference of one number of an embedding; the references' own noise is below 1e-7.
const TOLERANCE: f32 = 1e-5;

struct Reference {
    embeddings: Vec<Vec<f32>>,
    tokens_total: Vec<usize>,
    tokens_used: Vec<usize>,
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/encoders")
}

fn texts() -> Vec<String> {
    let json = fs::read(fixtures().join("texts.json")).unwrap();
    let texts: Vec<serde_json::Value> = serde_json::from_slice(&json).unwrap();
    texts.iter().map(|text| text["text"].as_str().unwrap().to_owned()).collect()
}

fn reference(path: &Path) -> Reference {
    let bytes = fs::read(path).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let integers = |name: &str| {
        let data = tensors.tensor(name).unwrap().data().to_vec();
        data.as_chunks::<8>().0.iter().map(|b| i64::from_le_bytes(*b) as usize).collect()
    };
    let embeddings = tensors.tensor("embeddings").unwrap();
    let numbers: Vec<f32> =
        embeddings.data().as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect();
    Reference {
        embeddings: numbers.chunks(embeddings.shape()[1]).map(<[f32]>::to_vec).collect(),
        tokens_total: integers("tokens_total"),
        tokens_used: integers("tokens_used"),
    }
}

fn largest_difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(x, y)| (x - y).abs()).fold(0.0, f32::max)
}

/// Encodes the 200 texts in one call and compares every vector and token count.
fn assert_parity(folder: &Path, reference_file: &Path) {
    let encoder = TextEncoder::load(folder, None, &InferenceOptions::default()).unwrap();
    let texts = texts();
    let raw: Vec<&str> = texts.iter().map(String::as_str).collect();
    let expected = reference(reference_file);
    let found = encoder.embed(&raw).unwrap();
    assert_eq!(found.len(), 200);
    let mut worst = 0f32;
    for (index, embedding) in found.iter().enumerate() {
        assert_eq!(embedding.tokens.total, expected.tokens_total[index], "text {index}");
        assert_eq!(embedding.tokens.used, expected.tokens_used[index], "text {index}");
        worst = worst.max(largest_difference(&embedding.vector, &expected.embeddings[index]));
    }
    println!("{}: largest difference {worst:e} over 200 texts", folder.display());
    assert!(worst <= TOLERANCE, "largest difference {worst:e}");
}

fn assert_tiny_parity(name: &str) {
    let folder = fixtures().join(name);
    assert_parity(&folder, &folder.join("reference.safetensors"));
}

#[test]
fn bert_with_mean_pooling_equals_python() {
    assert_tiny_parity("tiny-bert");
}

#[test]
fn bert_with_cls_pooling_prefixed_names_and_tanh_gelu_equals_python() {
    assert_tiny_parity("tiny-bert-cls");
}

#[test]
fn distilbert_equals_python() {
    assert_tiny_parity("tiny-distilbert");
}

#[test]
fn xlm_roberta_with_its_default_prompt_equals_python() {
    assert_tiny_parity("tiny-xlm-roberta");
}

#[test]
fn the_real_minilm_equals_python_on_english_and_russian_texts() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/encoder/all-MiniLM-L6-v2");
    if !folder.join("model.safetensors").exists() {
        assert!(
            std::env::var("RECONTACT_REQUIRE_ENCODER").as_deref() != Ok("1"),
            "RECONTACT_REQUIRE_ENCODER=1, but {} is missing",
            folder.display()
        );
        println!(
            "SKIPPED all-MiniLM-L6-v2: get it with `cargo run -p recontact-training -- fetch-encoder all-MiniLM-L6-v2`"
        );
        return;
    }
    assert_parity(&folder, &fixtures().join("all-MiniLM-L6-v2.reference.safetensors"));
}

#[test]
fn a_text_has_the_same_vector_alone_and_in_a_batch() {
    let encoder = TextEncoder::load(&fixtures().join("tiny-bert"), None, &InferenceOptions::default()).unwrap();
    let texts = texts();
    let raw: Vec<&str> = texts.iter().take(70).map(String::as_str).collect();
    let together = encoder.embed(&raw).unwrap();
    for (text, in_batch) in raw.iter().zip(&together) {
        let alone = encoder.embed(&[text]).unwrap();
        assert!(largest_difference(&alone[0].vector, &in_batch.vector) <= 1e-5, "{text}");
    }
}

#[test]
fn a_prompt_given_by_the_caller_replaces_the_folders_own() {
    let folder = fixtures().join("tiny-xlm-roberta");
    let own = TextEncoder::load(&folder, None, &InferenceOptions::default()).unwrap();
    let same = TextEncoder::load(&folder, Some("query: "), &InferenceOptions::default()).unwrap();
    let none = TextEncoder::load(&folder, Some(""), &InferenceOptions::default()).unwrap();
    let vector = |encoder: &TextEncoder| encoder.embed(&["карта"]).unwrap().remove(0);
    assert_eq!(vector(&own), vector(&same));
    assert!(vector(&none).tokens.total < vector(&own).tokens.total);
}

#[test]
fn a_megabyte_of_text_is_truncated_and_said_so() {
    let encoder = TextEncoder::load(&fixtures().join("tiny-bert"), None, &InferenceOptions::default()).unwrap();
    let text = "карта card ".repeat(70_000);
    let embedding = encoder.embed(&[&text]).unwrap().remove(0);
    assert!(embedding.tokens.truncated());
    assert_eq!(embedding.tokens.used, 128);
    assert!(embedding.tokens.total >= 140_000);
}

#[test]
fn no_texts_give_no_vectors() {
    let encoder = TextEncoder::load(&fixtures().join("tiny-bert"), None, &InferenceOptions::default()).unwrap();
    assert!(encoder.embed(&[]).unwrap().is_empty());
}

/// A copy of tiny-bert that a test may damage.
fn copy_of_tiny_bert() -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    let source = fixtures().join("tiny-bert");
    fs::create_dir(copy.path().join("1_Pooling")).unwrap();
    for file in [
        "config.json",
        "tokenizer.json",
        "model.safetensors",
        "modules.json",
        "1_Pooling/config.json",
    ] {
        fs::copy(source.join(file), copy.path().join(file)).unwrap();
    }
    copy
}

fn refusal(folder: &Path) -> String {
    TextEncoder::load(folder, None, &InferenceOptions::default()).unwrap_err().to_string()
}

#[test]
fn a_missing_file_is_named() {
    for file in ["config.json", "tokenizer.json", "model.safetensors", "1_Pooling/config.json"] {
        let copy = copy_of_tiny_bert();
        fs::remove_file(copy.path().join(file)).unwrap();
        let error = TextEncoder::load(copy.path(), None, &InferenceOptions::default()).unwrap_err();
        assert!(matches!(error, EncoderError::Missing { .. }), "{error}");
        assert!(error.to_string().contains(file), "{error}");
    }
}

#[test]
fn truncated_weights_are_refused_by_name() {
    let copy = copy_of_tiny_bert();
    let weights = copy.path().join("model.safetensors");
    let bytes = fs::read(&weights).unwrap();
    fs::write(&weights, &bytes[..bytes.len() / 2]).unwrap();
    let message = refusal(copy.path());
    assert!(message.contains("model.safetensors") && message.contains("complete"), "{message}");
}

#[test]
fn weights_that_do_not_fit_the_configuration_are_refused_with_tensor_and_shapes() {
    let copy = copy_of_tiny_bert();
    let path = copy.path().join("config.json");
    let config = fs::read_to_string(&path).unwrap();
    fs::write(&path, config.replace("\"intermediate_size\": 64", "\"intermediate_size\": 96"))
        .unwrap();
    let message = refusal(copy.path());
    assert!(message.contains("intermediate.dense"), "{message}");
    assert!(message.contains("96") && message.contains("64"), "{message}");
}

#[test]
fn weights_that_are_not_numbers_are_refused_by_tensor() {
    let copy = copy_of_tiny_bert();
    let path = copy.path().join("model.safetensors");
    let mut bytes = fs::read(&path).unwrap();
    let end = bytes.len();
    bytes[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
    // The last tensor may be one that is not needed; put the NaN into all of the data's tail.
    for chunk in bytes[end - 60_000..].as_chunks_mut::<4>().0 {
        *chunk = f32::NAN.to_le_bytes();
    }
    fs::write(&path, bytes).unwrap();
    let message = refusal(copy.path());
    assert!(message.contains("NaN") && message.contains("tensor"), "{message}");
}

#[test]
fn what_is_not_supported_is_refused_with_what_is() {
    assert!(refusal(&fixtures().join("tiny-bert-dense")).contains("Dense"));
    for (key, other, expected) in [
        ("\"model_type\": \"bert\"", "\"model_type\": \"mpnet\"", "distilbert"),
        ("\"hidden_act\": \"gelu\"", "\"hidden_act\": \"swish\"", "gelu_new"),
    ] {
        let copy = copy_of_tiny_bert();
        let path = copy.path().join("config.json");
        let config = fs::read_to_string(&path).unwrap();
        assert!(config.contains(key), "{config}");
        fs::write(&path, config.replace(key, other)).unwrap();
        let message = refusal(copy.path());
        assert!(message.contains(expected), "{message}");
    }
}
