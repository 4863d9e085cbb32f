//! Topics through the real command line: what no label fits is found, named and written down.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn run(command: &str, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_recontact-train"))
        .arg(command)
        .args(["--models", repository().join("models").to_str().unwrap()])
        .args(arguments)
        .output()
        .unwrap()
}

fn topics(arguments: &[&str]) -> Value {
    let output = run("topics", &[arguments, &["--json"]].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The first rows of these labels of Banking77.
fn banking(labels: &[&str], each: usize) -> String {
    let file = fs::read_to_string(repository().join("data/banking77/train.csv")).unwrap();
    let mut reader = csv::Reader::from_reader(file.as_bytes());
    let mut left: BTreeMap<&str, usize> = labels.iter().map(|label| (*label, each)).collect();
    let mut rows = csv::Writer::from_writer(Vec::new());
    rows.write_record(["text", "category"]).unwrap();
    for row in reader.records().map(Result::unwrap) {
        if let Some(left) = left.get_mut(&row[1]).filter(|left| **left > 0) {
            *left -= 1;
            rows.write_record(&row).unwrap();
        }
    }
    String::from_utf8(rows.into_inner().unwrap()).unwrap()
}

const KNOWN: [&str; 4] = ["card_arrival", "exchange_rate", "top_up_failed", "cancel_transfer"];
const NEW: [&str; 2] = ["age_limit", "lost_or_stolen_phone"];

#[test]
fn what_a_model_was_never_taught_comes_out_as_topics_with_keywords_and_examples() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let (train, data, config) = (path("train.csv"), path("data.csv"), path("service.toml"));
    fs::write(&train, banking(&KNOWN, 60)).unwrap();
    fs::write(&data, banking(&[&KNOWN[..], &NEW[..]].concat(), 40)).unwrap();
    // Strict, so that nothing unknown passes for known.
    fs::write(&config, "[classify]\nauto_threshold = 0.99\nsuggest_threshold = 0.95\n").unwrap();
    let model = path("models/category/known");
    let trained = run(
        "category",
        &["--train", &train, "--encoder", "minilm-l3-support", "--method", "sum", "--out", &model],
    );
    assert!(trained.status.success(), "{}", String::from_utf8_lossy(&trained.stderr));

    let (labelled, html) = (path("labelled.csv"), path("topics.html"));
    let arguments = [
        "--data",
        &data,
        "--model",
        &model,
        "--config",
        &config,
        "--labelled",
        &labelled,
        "--html",
        &html,
    ];
    let found = topics(&arguments);
    let abstained: u64 =
        found["abstained"].as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum();
    assert_eq!(found["texts"], 240);
    assert_eq!(found["grouped"], abstained, "{found}");
    let topics_found = found["topics"].as_array().unwrap();
    for words in [["age", "old", "child", "years"], ["phone", "stolen", "lost", "stole"]] {
        let is_named = topics_found.iter().any(|topic| {
            let keywords = topic["keywords"].to_string();
            words.iter().any(|word| keywords.contains(word))
        });
        assert!(is_named, "{words:?}: {found}");
    }
    for topic in topics_found {
        assert!(topic["texts"].as_u64().unwrap() >= 5, "{topic}");
        assert!(!topic["examples"].as_array().unwrap().is_empty(), "{topic}");
        let nearest = topic["nearest_label"]["label"].as_str().unwrap();
        assert!(KNOWN.contains(&nearest), "{topic}");
    }
    let rows = fs::read_to_string(&labelled).unwrap();
    assert_eq!(rows.lines().next(), Some("row,id,text,label,cosine"));
    let mut reader = csv::Reader::from_reader(rows.as_bytes());
    assert_eq!(reader.records().count() as u64, abstained);
    let page = fs::read_to_string(&html).unwrap();
    assert!(page.contains("<h1>") && !page.contains("http://") && !page.contains("<script"));

    let again = topics(&arguments);
    assert_eq!(again, found, "the same call finds the same");
}

#[test]
fn without_a_model_all_texts_are_grouped_in_any_script_and_equal_ones_count_as_often_as_sent() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data.csv");
    let mut csv = "id,text\n".to_owned();
    for n in 0..12 {
        writeln!(csv, "a{n},карта {n} не пришла").unwrap();
        writeln!(csv, "b{n},забыли пароль от входа {n}").unwrap();
    }
    for n in 0..6 {
        writeln!(csv, "c{n},карта не пришла").unwrap();
    }
    fs::write(&data, csv).unwrap();
    let data = data.to_str().unwrap();
    let found =
        topics(&["--data", data, "--id", "id", "--encoder", "minilm-l3-support", "--topics", "2"]);
    assert_eq!((&found["grouped"], &found["model"]), (&30.into(), &Value::Null));
    let labels = found["topics"].to_string();
    assert!(labels.contains("карта") && labels.contains("пароль"), "{found}");
    let sent: u64 =
        found["topics"].as_array().unwrap().iter().map(|t| t["texts"].as_u64().unwrap()).sum();
    assert_eq!(sent + found["without_topic"].as_u64().unwrap(), 30);
}

#[test]
fn what_cannot_be_grouped_is_said_by_what_is_missing() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data.csv");
    fs::write(&data, "text\nonly one text\n").unwrap();
    let data = data.to_str().unwrap();
    let refused = |arguments: &[&str]| {
        let output = run("topics", arguments);
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8(output.stderr).unwrap()
    };
    let few = refused(&["--data", data, "--encoder", "minilm-l3-support"]);
    assert!(few.contains("1 different text(s)") && few.contains("at least 10"), "{few}");
    assert!(refused(&["--data", data]).contains("--encoder"));
    let column = refused(&["--data", data, "--text", "body", "--encoder", "minilm-l3-support"]);
    assert!(column.contains("body") && column.contains("text"), "{column}");
}
