//! The encoder gives the same vectors as Python's sentence-transformers, and refuses folders it cannot read rightly.
//!
//! Reference vectors and small models: `tests/fixtures/encoders`. The real all-MiniLM-L6-v2 is compared where it lies in
//! `models/encoder`; `make test` puts it there.
#![expect(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::print_stdout,
    reason = "a helper that fails is a failed test; the fixtures hold small counts; figures are printed"
)]

use recontact::classify::encoder::packed::kernels::InstructionSet;
use recontact::classify::encoder::{
    Embedding, EncoderError, InferenceDevice, InferenceOptions, InferencePath, Precision,
    TextEncoder,
};
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

fn load(folder: &Path) -> TextEncoder {
    TextEncoder::load(folder, None, &InferenceOptions::default()).unwrap()
}

fn largest_difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(x, y)| (x - y).abs()).fold(0.0, f32::max)
}

/// Both paths, and the packed one with every instruction set of this processor.
fn all_ways() -> Vec<InferenceOptions> {
    let reference =
        InferenceOptions { path: InferencePath::Reference, ..InferenceOptions::default() };
    let packed = InstructionSet::ALL.into_iter().filter(|set| set.is_available()).map(|set| {
        let path = InferencePath::Packed;
        InferenceOptions { path, instruction_set: Some(set), ..InferenceOptions::default() }
    });
    packed.chain([reference]).collect()
}

/// Encodes the 200 texts in one call, on each path, and compares every vector and token count.
fn assert_parity(folder: &Path, reference_file: &Path) {
    for options in all_ways() {
        assert_parity_with(folder, reference_file, &options);
    }
}

fn assert_parity_with(folder: &Path, reference_file: &Path, options: &InferenceOptions) {
    let encoder = TextEncoder::load(folder, None, options).unwrap();
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
    let way = (encoder.path(), encoder.instruction_set());
    println!("{} {way:?}: largest difference {worst:e} over 200 texts", folder.display());
    assert!(worst <= TOLERANCE, "{way:?}: largest difference {worst:e}");
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
fn modernbert_takes_the_reference_path_and_equals_python() {
    let folder = fixtures().join("tiny-modernbert");
    let reference = folder.join("reference.safetensors");
    assert_parity_with(&folder, &reference, &InferenceOptions::default());
    let encoder = load(&folder);
    assert_eq!(encoder.path(), InferencePath::Reference);
    let int8 = InferenceOptions { precision: Precision::Int8, ..InferenceOptions::default() };
    let encoder = TextEncoder::load(&folder, None, &int8).unwrap();
    assert_eq!(encoder.precision(), Precision::F32, "the path in use says what it computes with");
    let packed = InferenceOptions { path: InferencePath::Packed, ..InferenceOptions::default() };
    let message = TextEncoder::load(&folder, None, &packed).unwrap_err().to_string();
    assert!(message.contains("ModernBert") && message.contains("reference"), "{message}");
}

/// The folder of all-MiniLM-L6-v2, where it is there.
fn minilm_or_skip() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/encoder/all-MiniLM-L6-v2");
    if folder.join("model.safetensors").exists() {
        return Some(folder);
    }
    assert!(
        std::env::var("RECONTACT_REQUIRE_ENCODER").as_deref() != Ok("1"),
        "RECONTACT_REQUIRE_ENCODER=1, but {} is missing",
        folder.display()
    );
    println!(
        "SKIPPED all-MiniLM-L6-v2: get it with `cargo run -p recontact-training -- fetch-encoder all-MiniLM-L6-v2`"
    );
    None
}

#[test]
fn the_real_minilm_equals_python_on_english_and_russian_texts() {
    let Some(folder) = minilm_or_skip() else { return };
    assert_parity(&folder, &fixtures().join("all-MiniLM-L6-v2.reference.safetensors"));
}

#[test]
fn int8_stays_close_to_f32_on_1000_texts_of_four_languages() {
    let Some(folder) = minilm_or_skip() else { return };
    let table = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/banking77/test.csv");
    let mut all = texts();
    let mut rows = csv::Reader::from_path(table).unwrap();
    all.extend(rows.records().take(800).map(|row| row.unwrap()[0].to_owned()));
    let raw: Vec<&str> = all.iter().map(String::as_str).collect();
    let exact = load(&folder).embed(&raw).unwrap();
    for set in InstructionSet::ALL.into_iter().filter(|set| set.is_available()) {
        let (precision, instruction_set) = (Precision::Int8, Some(set));
        // The portable path is slow and computes the same sums: a part of the texts will do.
        let count = if set == InstructionSet::Portable { 100 } else { raw.len() };
        let options =
            InferenceOptions { precision, instruction_set, ..InferenceOptions::default() };
        let encoder = TextEncoder::load(&folder, None, &options).unwrap();
        let found = encoder.embed(&raw[..count]).unwrap();
        let cosine = |(a, b): (&Embedding, &Embedding)| -> f32 {
            a.vector.iter().zip(&b.vector).map(|(x, y)| x * y).sum()
        };
        let cosines: Vec<f32> = found.iter().zip(&exact).map(cosine).collect();
        let mean = cosines.iter().sum::<f32>() / cosines.len() as f32;
        let smallest = cosines.iter().copied().fold(1.0, f32::min);
        println!("{set:?} int8 to f32, {count} texts: mean cosine {mean}, smallest {smallest}");
        assert!(mean >= 0.997 && smallest >= 0.99, "{set:?}: {mean}, {smallest}");
    }
}

#[test]
fn a_texts_vector_is_the_same_to_the_last_bit_alone_in_a_batch_and_with_any_number_of_threads() {
    let texts = texts();
    let raw: Vec<&str> = texts.iter().map(String::as_str).collect();
    for folder in ["tiny-bert", "tiny-distilbert", "tiny-xlm-roberta", "tiny-bert-cls"] {
        for precision in [Precision::F32, Precision::Int8] {
            let load = |threads| {
                let options =
                    InferenceOptions { precision, threads, ..InferenceOptions::default() };
                TextEncoder::load(&fixtures().join(folder), None, &options).unwrap()
            };
            let [one, two, many] = [1, 2, 7].map(load);
            let together = one.embed(&raw).unwrap();
            assert_eq!(together, two.embed(&raw).unwrap(), "{folder} {precision:?}");
            assert_eq!(together, many.embed(&raw).unwrap(), "{folder} {precision:?}");
            for (index, text) in raw.iter().enumerate().step_by(3) {
                for encoder in [&one, &two, &many] {
                    let alone = encoder.embed(&[text]).unwrap();
                    assert_eq!(alone[0], together[index], "{folder} {precision:?}: {text}");
                }
            }
            let some: Vec<&str> = raw.iter().rev().step_by(7).copied().collect();
            let places = (0..raw.len()).rev().step_by(7);
            for (place, found) in places.zip(two.embed(&some).unwrap()) {
                assert_eq!(found, together[place], "{folder} {precision:?}");
            }
        }
    }
}

#[test]
fn texts_of_every_length_up_to_the_longest_have_the_vectors_of_the_reference_path() {
    let folder = fixtures().join("tiny-bert");
    let reference =
        InferenceOptions { path: InferencePath::Reference, ..InferenceOptions::default() };
    let (packed, reference) =
        (load(&folder), TextEncoder::load(&folder, None, &reference).unwrap());
    // 0 tokens of text, one more each time, exactly the 128 of the longest sequence, and more.
    let texts: Vec<String> = (0..130).map(|words| "card ".repeat(words)).collect();
    let raw: Vec<&str> = texts.iter().map(String::as_str).collect();
    let (found, expected) = (packed.embed(&raw).unwrap(), reference.embed(&raw).unwrap());
    assert!(!found[0].has_words, "nothing is left of an empty text but special tokens");
    let mut lengths = std::collections::BTreeSet::new();
    for (found, expected) in found.iter().zip(&expected) {
        assert_eq!(found.tokens, expected.tokens);
        assert!(largest_difference(&found.vector, &expected.vector) <= TOLERANCE);
        lengths.insert(found.tokens.used);
    }
    assert_eq!(lengths.last(), Some(&128));
    assert!(found.iter().any(|f| f.tokens.used == 128 && !f.tokens.truncated()), "exactly full");
    assert!(found.iter().any(|f| f.tokens.truncated()));
}

#[test]
fn ten_thousand_equal_texts_have_one_vector() {
    let encoder = load(&fixtures().join("tiny-bert"));
    let found = encoder.embed(&vec!["моя карта my card"; 10_000]).unwrap();
    assert_eq!(found.len(), 10_000);
    assert!(found.iter().all(|embedding| *embedding == found[0]));
}

#[test]
fn several_threads_may_use_one_encoder() {
    let encoder = load(&fixtures().join("tiny-bert"));
    let texts = texts();
    let raw: Vec<&str> = texts.iter().map(String::as_str).collect();
    let expected = encoder.embed(&raw).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| assert_eq!(encoder.embed(&raw).unwrap(), expected));
        }
    });
}

#[test]
fn options_that_contradict_each_other_are_refused() {
    let folder = fixtures().join("tiny-bert");
    let default = InferenceOptions::default();
    for (options, named) in [
        (
            InferenceOptions {
                path: InferencePath::Packed,
                device: InferenceDevice::Cuda,
                ..default
            },
            "device",
        ),
        (
            InferenceOptions {
                path: InferencePath::Reference,
                precision: Precision::Int8,
                ..default
            },
            "precision",
        ),
        (InferenceOptions { threads: 100_000, ..default }, "threads"),
    ] {
        let message = TextEncoder::load(&folder, None, &options).unwrap_err().to_string();
        assert!(message.contains(named), "{message}");
    }
    #[cfg(not(any(feature = "cuda", feature = "metal")))]
    for device in [InferenceDevice::Cuda, InferenceDevice::Metal] {
        let options = InferenceOptions { device, ..default };
        let message = TextEncoder::load(&folder, None, &options).unwrap_err().to_string();
        assert!(message.contains("inference.device"), "{message}");
    }
}

#[test]
fn a_prompt_given_by_the_caller_replaces_the_folders_own() {
    let folder = fixtures().join("tiny-xlm-roberta");
    let with = |prompt| TextEncoder::load(&folder, prompt, &InferenceOptions::default()).unwrap();
    let (own, same, none) = (with(None), with(Some("query: ")), with(Some("")));
    let vector = |encoder: &TextEncoder| encoder.embed(&["карта"]).unwrap().remove(0);
    assert_eq!(vector(&own), vector(&same));
    assert!(vector(&none).tokens.total < vector(&own).tokens.total);
}

#[test]
fn a_megabyte_of_text_is_truncated_and_said_so() {
    let encoder = load(&fixtures().join("tiny-bert"));
    let text = "карта card ".repeat(70_000);
    let embedding = encoder.embed(&[&text]).unwrap().remove(0);
    assert!(embedding.tokens.truncated());
    assert_eq!(embedding.tokens.used, 128);
    assert!(embedding.tokens.total >= 140_000);
}

#[test]
fn no_texts_give_no_vectors() {
    let encoder = load(&fixtures().join("tiny-bert"));
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
    for (tensor, value) in [
        ("encoder.layer.1.output.dense.weight", f32::NAN),
        ("embeddings.word_embeddings.weight", f32::INFINITY),
        ("encoder.layer.0.attention.self.query.bias", f32::NEG_INFINITY),
    ] {
        let copy = copy_of_tiny_bert();
        let path = copy.path().join("model.safetensors");
        let mut bytes = fs::read(&path).unwrap();
        let (header, metadata) = SafeTensors::read_metadata(&bytes).unwrap();
        let at = 8 + header + metadata.info(tensor).unwrap().data_offsets.1 - 4;
        bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
        fs::write(&path, bytes).unwrap();
        let message = refusal(copy.path());
        assert!(message.contains("NaN or infinite") && message.contains(tensor), "{message}");
    }
}

#[test]
fn weights_too_large_to_compute_with_give_an_error_and_no_vector() {
    let copy = copy_of_tiny_bert();
    let path = copy.path().join("model.safetensors");
    let mut bytes = fs::read(&path).unwrap();
    let (header, metadata) = SafeTensors::read_metadata(&bytes).unwrap();
    for name in ["query", "key"] {
        let tensor = format!("encoder.layer.0.attention.self.{name}.weight");
        let (start, end) = metadata.info(&tensor).unwrap().data_offsets;
        for number in bytes[8 + header + start..8 + header + end].as_chunks_mut::<4>().0 {
            *number = (f32::from_le_bytes(*number) * 1e25).to_le_bytes();
        }
    }
    fs::write(&path, bytes).unwrap();
    let int8 = InferenceOptions { precision: Precision::Int8, ..InferenceOptions::default() };
    for options in all_ways().into_iter().chain([int8]) {
        let encoder = TextEncoder::load(copy.path(), None, &options).unwrap();
        let error = encoder.embed(&["my card has not arrived"]).unwrap_err().to_string();
        assert!(error.contains("not finite"), "{options:?}: {error}");
    }
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
