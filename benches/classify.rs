//! How long an embedding takes on each path, tokenizing included, and the language head: one short text, and batches of 8 and 32.
//!
//! `cargo bench --bench classify`. The tiny model shows what the code around the transformer costs; all-MiniLM-L6-v2, of which
//! the shipped minilm-l3-support was made, is
//! measured where it lies in `models/encoder`, and reported as ignored where it does not.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run has nothing to report")]

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use recontact::classify::encoder::{InferenceOptions, InferencePath, Precision, TextEncoder};
use recontact::classify::head::{TextHead, TextView};
use recontact::classify::unknown_language;
use recontact::registry::{Artifact, ModelKind};
use std::path::{Path, PathBuf};

/// Texts in one call.
const COUNTS: [usize; 3] = [1, 8, 32];

/// As short as contacts are; the first one is the single text.
const TEXTS: [&str; 8] = [
    "My card has not arrived",
    "I was charged twice for the same purchase, please give the money back",
    "How do I change my PIN?",
    "The top-up failed and the money is gone",
    "Моя карта ещё не пришла, где она?",
    "Why was my transfer declined yesterday evening?",
    "Can I use the app without a phone number?",
    "Дзе мая картка?",
];

fn main() {
    divan::main();
}

#[divan::bench(args = COUNTS)]
fn tiny_bert(bencher: Bencher, texts: usize) {
    let options = InferenceOptions::default();
    embed(bencher, &below_root("tests/fixtures/encoders/tiny-bert"), texts, &options);
}

#[divan::bench(args = COUNTS)]
fn minilm_l3_support_packed_f32(bencher: Bencher, texts: usize) {
    let folder = below_root("models/encoder/minilm-l3-support");
    embed(bencher, &folder, texts, &InferenceOptions::default());
}

#[divan::bench(args = COUNTS, ignore = !has_minilm())]
fn minilm_packed_int8(bencher: Bencher, texts: usize) {
    let options = InferenceOptions { precision: Precision::Int8, ..InferenceOptions::default() };
    embed(bencher, &minilm(), texts, &options);
}

#[divan::bench(args = COUNTS, ignore = !has_minilm())]
fn minilm_packed_f32(bencher: Bencher, texts: usize) {
    embed(bencher, &minilm(), texts, &InferenceOptions::default());
}

#[divan::bench(args = COUNTS, ignore = !has_minilm())]
fn minilm_reference(bencher: Bencher, texts: usize) {
    let path = InferencePath::Reference;
    embed(bencher, &minilm(), texts, &InferenceOptions { path, ..InferenceOptions::default() });
}

#[divan::bench(args = COUNTS, ignore = !has_minilm())]
fn minilm_tokenizing_only(bencher: Bencher, texts: usize) {
    let encoder = TextEncoder::load(&minilm(), None, &InferenceOptions::default()).unwrap();
    bencher.counter(ItemsCount::new(texts)).bench_local(|| {
        for text in TEXTS.into_iter().cycle().take(texts) {
            black_box(encoder.tokenize(black_box(text)).unwrap());
        }
    });
}

/// The shipped language head: terms, scores, and what trigrams say besides.
#[divan::bench(args = COUNTS)]
fn language_head(bencher: Bencher, texts: usize) {
    let folder = below_root("models/language/en-ru-be-uk-2");
    let artifact = Artifact::open(&folder, ModelKind::Language).unwrap();
    let head = TextHead::load(&artifact).unwrap();
    bencher.counter(ItemsCount::new(texts)).bench_local(|| {
        for text in TEXTS.into_iter().cycle().take(texts) {
            let lexical = head.lexical_vector(black_box(text));
            let scored = head.score(TextView { embedding: None, lexical: lexical.as_ref() });
            black_box(unknown_language(&head, text, scored.is_in_scope));
        }
    });
}

/// Loads the encoder once and measures one call with `texts` texts.
fn embed(bencher: Bencher, folder: &Path, texts: usize, options: &InferenceOptions) {
    let encoder = TextEncoder::load(folder, None, options).unwrap();
    let raw: Vec<&str> = TEXTS.into_iter().cycle().take(texts).collect();
    bencher
        .counter(ItemsCount::new(texts))
        .bench_local(|| encoder.embed(black_box(raw.as_slice())).unwrap());
}

fn has_minilm() -> bool {
    minilm().join("model.safetensors").exists()
}

fn minilm() -> PathBuf {
    below_root("models/encoder/all-MiniLM-L6-v2")
}

fn below_root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}
