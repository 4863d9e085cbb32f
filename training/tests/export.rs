//! `recontact-train export`: what others read of a model is what the model computes with.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up must fail")]

mod tables;

use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tables::Table;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn train(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_recontact-train")).args(arguments).output().unwrap()
}

fn done(arguments: &[&str]) {
    let output = train(arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A model of words on forty texts of two labels.
fn model(dir: &Path) -> PathBuf {
    let content = (0..20).fold("text,category\n".to_owned(), |mut csv, n| {
        writeln!(csv, "my card number {n} has not arrived,card").unwrap();
        writeln!(csv, "перевод {n} не пришёл,переводы").unwrap();
        csv
    });
    fs::write(dir.join("train.csv"), content).unwrap();
    let out = dir.join("words-1");
    done(&[
        "category",
        "--train",
        text(&dir.join("train.csv")),
        "--out",
        text(&out),
        "--method",
        "lexical",
    ]);
    out
}

/// The cells of a column, empty ones included.
fn cells(table: &Table, column: &str) -> Vec<String> {
    let at = table.columns.iter().position(|name| name == column).unwrap();
    table.rows.iter().map(|row| row[at].clone()).collect()
}

#[test]
fn the_weights_are_the_same_in_json_csv_and_parquet() {
    let dir = tempfile::tempdir().unwrap();
    let model = model(dir.path());
    let json = dir.path().join("weights.json");
    done(&["export", "--model", text(&model), "--out", text(&json)]);
    let exported: Value = serde_json::from_slice(&fs::read(&json).unwrap()).unwrap();
    let labels = exported["labels"].as_array().unwrap();
    assert_eq!((labels.len(), &labels[0]), (2, &"card".into()));
    let mut weights: BTreeMap<(String, String, String), f64> = BTreeMap::new();
    for term in exported["terms"].as_array().unwrap() {
        for (label, weight) in labels.iter().zip(term["weights"].as_array().unwrap()) {
            let key =
                [&term["block"], &term["term"], label].map(|v| v.as_str().unwrap().to_owned());
            let [block, term, label] = key;
            weights.insert((block, term, label), weight.as_f64().unwrap());
        }
    }
    for name in ["weights.csv", "weights.parquet"] {
        let file = dir.path().join(name);
        done(&["export", "--model", text(&model), "--out", text(&file)]);
        let table = Table::read(&file).unwrap();
        let columns = ["part", "term", "label", "weight"].map(|column| cells(&table, column));
        let mut terms = 0;
        for row in 0..table.rows.len() {
            let [part, term, label, weight] = columns.each_ref().map(|cells| cells[row].clone());
            if part != "bias" {
                let found = weights[&(part, term, label)];
                assert!((found - weight.parse::<f64>().unwrap()).abs() < 1e-6, "{name} {row}");
                terms += 1;
            }
        }
        assert_eq!(terms, weights.values().filter(|weight| **weight != 0.0).count(), "{name}");
    }
}

#[test]
fn what_a_model_says_of_texts_needs_no_labels() {
    let dir = tempfile::tempdir().unwrap();
    let model = model(dir.path());
    let data = dir.path().join("new.csv");
    fs::write(&data, "text\nwhere is my card\nгде мой перевод\n").unwrap();
    let out = dir.path().join("said.csv");
    done(&["export", "--model", text(&model), "--data", text(&data), "--out", text(&out)]);
    let said = Table::read(&out).unwrap();
    assert_eq!(cells(&said, "predicted"), ["card", "переводы"]);
    assert_eq!(cells(&said, "language"), ["en", "ru"]);
    assert_eq!(cells(&said, "label"), ["", ""]);
}

#[test]
fn every_ticket_of_a_file_gets_its_risk() {
    let dir = tempfile::tempdir().unwrap();
    let tickets = root().join("data/incidents/tickets.csv.gz");
    let risk = root().join("models/risk/incidents-1");
    let out = dir.path().join("risks.parquet");
    done(&["export", "--model", text(&risk), "--data", text(&tickets), "--out", text(&out)]);
    let (all, said) = (Table::read(&tickets).unwrap(), Table::read(&out).unwrap());
    let known = cells(&all, "customer_id").iter().filter(|cell| !cell.is_empty()).count();
    assert_eq!(said.rows.len(), known);
    let probabilities: Vec<f64> =
        cells(&said, "probability").iter().map(|cell| cell.parse().unwrap()).collect();
    assert!(probabilities.iter().all(|p| (0.0..=1.0).contains(p)));

    let json = dir.path().join("risk.json");
    done(&["export", "--model", text(&risk), "--out", text(&json)]);
    let exported: Value = serde_json::from_slice(&fs::read(&json).unwrap()).unwrap();
    assert!(exported["features"].as_array().unwrap().len() > 10);
}

#[test]
fn a_destination_that_exists_or_has_another_form_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let model = model(dir.path());
    fs::write(dir.path().join("there.json"), "mine").unwrap();
    let risk = root().join("models/risk/incidents-1");
    for (model, out, said) in [
        (&model, "there.json", "it exists already"),
        (&model, "weights.xlsx", "expected a name that ends in .csv"),
        (&model, "no/such/weights.json", "there is no folder"),
        (&risk, "risk.csv", "expected a name that ends in .json"),
    ] {
        let refused =
            train(&["export", "--model", text(model), "--out", text(&dir.path().join(out))]);
        let message = String::from_utf8_lossy(&refused.stderr);
        assert_eq!(refused.status.code(), Some(2), "{message}");
        assert!(message.contains(said), "{said:?} is missing in: {message}");
    }
    assert_eq!(fs::read_to_string(dir.path().join("there.json")).unwrap(), "mine");
}
