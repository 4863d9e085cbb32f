//! The shipped language model is as good as the documentation says, and a language head learns languages only.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use recontact::classify::head::{TextHead, TextView};
use recontact::classify::{SCRIPT_PROBABILITY, TRIGRAM_PROBABILITY, unknown_language};
use recontact::registry::{Artifact, ModelKind};
use recontact_training::faults::Faults;
use recontact_training::table::TableStream;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn model() -> PathBuf {
    repository().join("models/language/en-ru-be-uk-2")
}

fn recontact_train(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_recontact-train")).args(arguments).output().unwrap()
}

fn evaluated(data: &Path) -> Value {
    let (model, data) = (model(), data.to_str().unwrap().to_owned());
    let arguments = ["evaluate", "--model", model.to_str().unwrap(), "--data", &data, "--json"];
    let output =
        recontact_train(&[&arguments[..], &["--slice", "length", "--draws", "50"]].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn the_shipped_model_is_as_good_on_texts_of_any_length_as_documented() {
    let folder = tempfile::tempdir().unwrap();
    let pieces = folder.path().join("pieces.csv");
    let texts = repository().join("data/language/test.csv.gz");
    let cut = recontact_train(&[
        "prepare",
        "pieces",
        "--texts",
        texts.to_str().unwrap(),
        "--out",
        pieces.to_str().unwrap(),
    ]);
    assert!(cut.status.success(), "{}", String::from_utf8_lossy(&cut.stderr));
    let report = evaluated(&pieces);
    let slices = report["slices"].as_array().unwrap();
    let of_length = slices.iter().find(|slice| slice["column"] == "length").unwrap();
    for (length, accuracy, ece) in
        [("1-2", 0.80, 0.10), ("3-5", 0.95, 0.05), ("6-10", 0.98, 0.03), ("over 10", 0.99, 0.03)]
    {
        let values = of_length["values"].as_array().unwrap();
        let found = values.iter().find(|value| value["value"] == length).unwrap();
        assert!(found["accuracy"].as_f64().unwrap() >= accuracy, "{length}: {found}");
        assert!(found["ece"].as_f64().unwrap() <= ece, "{length}: {found}");
    }
}

/// Of a file's texts of which trigrams tell that they are in a language that the model does not know: what the answer says of its
/// probability, and whether it is right.
fn told_by_trigrams(file: &str) -> Vec<(f64, bool)> {
    let artifact = Artifact::open(&model(), ModelKind::Language).unwrap();
    let head = TextHead::load(&artifact).unwrap();
    let mut rows = TableStream::open(&repository().join("data/language").join(file)).unwrap();
    let (text, code) = (rows.head().column("text").unwrap(), rows.head().column("code").unwrap());
    let mut faults = Faults::default();
    let mut told = Vec::new();
    while let Some(row) = rows.next(&mut faults).unwrap() {
        let text = row.cell(text).unwrap();
        let lexical = head.lexical_vector(text);
        let view = TextView { embedding: None, lexical: lexical.as_ref() };
        let found = unknown_language(&head, text, head.score(view).is_in_scope);
        told.extend(found.map(|(found, probability)| (probability, Some(found) == row.cell(code))));
    }
    told
}

#[test]
fn trigrams_are_as_often_right_of_what_the_model_does_not_know_as_their_answers_say() {
    // On the first file the probabilities were measured; the second one is the test part.
    for (file, tolerance) in [("others.csv.gz", 0.011), ("test.csv.gz", 0.08)] {
        let told = told_by_trigrams(file);
        for probability in [SCRIPT_PROBABILITY, TRIGRAM_PROBABILITY] {
            let (mut all, mut right) = (0.0, 0.0);
            for (_, is_right) in told.iter().filter(|(p, _)| (p - probability).abs() < 1e-9) {
                all += 1.0;
                right += f64::from(u8::from(*is_right));
            }
            eprintln!("{file}: {right} of {all}, told with {probability}");
            assert!(all >= 15.0, "{file}: {all}");
            assert!((right / all - probability).abs() < tolerance, "{file}: {right} of {all}");
        }
    }
}

#[test]
fn trigrams_take_no_sentence_of_the_languages_that_the_model_knows_for_another() {
    assert_eq!(told_by_trigrams("train.csv.gz"), []);
}

#[test]
fn a_language_head_is_trained_on_languages_and_on_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("train.csv");
    let rows: Vec<String> = (0..12)
        .map(|n| {
            if n % 2 == 0 {
                format!("meine karte {n} fehlt,de")
            } else {
                format!("my card {n} is lost,english")
            }
        })
        .collect();
    let train = |rows: &[String]| {
        fs::write(&file, format!("text,language\n{}\n", rows.join("\n"))).unwrap();
        let out = folder.path().join("ours-1");
        let arguments =
            ["category", "--head", "language", "--label", "language", "--method", "lexical"];
        let files = ["--train", file.to_str().unwrap(), "--out", out.to_str().unwrap()];
        recontact_train(&[&arguments[..], &files[..]].concat())
    };
    let refused = train(&rows);
    assert_eq!(refused.status.code(), Some(2));
    let message = String::from_utf8(refused.stderr).unwrap();
    assert!(message.contains("the label \"english\" is no ISO 639-1 code"), "{message}");
    let right: Vec<String> = rows.iter().map(|row| row.replace("english", "en")).collect();
    let trained = train(&right);
    assert!(trained.status.success(), "{}", String::from_utf8_lossy(&trained.stderr));
    let artifact = Artifact::open(&folder.path().join("ours-1"), ModelKind::Language).unwrap();
    let head = TextHead::load(&artifact).unwrap();
    assert_eq!(head.description().languages, ["de", "en"]);
}
