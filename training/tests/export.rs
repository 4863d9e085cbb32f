//! `recontact-train export`: what others read of a model is what the model computes with.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up must fail")]

mod tables;

use recontact::classify::encoder::InferenceOptions;
use recontact::registry::{Artifact, ModelKind};
use recontact_training::category::predictions::{Labels, TextColumns, TextQuestions, Truth};
use recontact_training::table::Row;
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
fn answers_do_not_depend_on_how_many_texts_are_asked_about_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let artifact = Artifact::open(&model(dir.path()), ModelKind::Category).unwrap();
    let data = dir.path().join("new.csv");
    let rows = (0..70).fold("text,category\n".to_owned(), |mut csv, n| {
        writeln!(csv, "where is card {n},{}", ["card", "CARD ", "other", "another"][n % 4])
            .unwrap();
        csv
    });
    fs::write(&data, rows).unwrap();
    let models = dir.path().join("models");
    let ask = |step| {
        let inference = InferenceOptions::default();
        let columns = TextColumns { text: None, label: None };
        let questions =
            TextQuestions::open(&artifact, &data, columns, Labels::Needed, &models, &inference);
        let (mut read, mut rows) = (Vec::new(), Vec::new());
        let seen = |row: Row<'_>| read.push(row.number);
        let unknown = questions.unwrap().ask(step, seen, |row, unknown| {
            assert!(!matches!(row.truth, Truth::Unknown(at) if at >= unknown.len()));
            rows.push(row);
            Ok(())
        });
        assert_eq!(read, (1..=70).collect::<Vec<_>>());
        (unknown.unwrap(), rows)
    };
    let (unknown, rows) = ask(1);
    assert_eq!(unknown.iter().map(|name| name.as_str()).collect::<Vec<_>>(), ["other", "another"]);
    assert_eq!((&rows[0].truth, &rows[1].truth), (&Truth::Label(0), &Truth::Label(0)));
    assert_eq!((&rows[2].truth, &rows[3].truth), (&Truth::Unknown(0), &Truth::Unknown(1)));
    for step in [0, 7, 69, 70, 1000] {
        assert_eq!(ask(step), (unknown.clone(), rows.clone()), "{step}");
    }
}

#[test]
fn a_fault_in_the_last_of_many_rows_is_named_and_nothing_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let model = model(dir.path());
    let data = dir.path().join("new.csv");
    fs::write(&data, format!("text\n{}\"\"\n", "where is my card\n".repeat(900))).unwrap();
    let before = fs::read_dir(dir.path()).unwrap().count();
    for form in ["said.csv", "said.parquet"] {
        let out = dir.path().join(form);
        let refused =
            train(&["export", "--model", text(&model), "--data", text(&data), "--out", text(&out)]);
        let message = String::from_utf8_lossy(&refused.stderr);
        assert_eq!(refused.status.code(), Some(2), "{message}");
        assert!(message.contains("new.csv, row 901, column text: the text is empty"), "{message}");
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), before);
}

#[test]
fn what_can_be_read_only_once_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (model, out) = (model(dir.path()), dir.path().join("said.csv"));
    let refused =
        train(&["export", "--model", text(&model), "--data", "/dev/null", "--out", text(&out)]);
    let message = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(2), "{message}");
    assert!(message.contains("/dev/null: expected a file, which is read twice"), "{message}");
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
