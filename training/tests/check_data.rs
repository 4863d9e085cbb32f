//! `recontact-train check-data` as a data scientist runs it.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up must fail")]

use serde_json::{Value, json};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn check(dir: &Path, more: &[&str]) -> Output {
    let data = dir.join("data.csv");
    Command::new(env!("CARGO_BIN_EXE_recontact-train"))
        .args(["check-data", "--data", data.to_str().unwrap()])
        .args(more)
        .output()
        .unwrap()
}

/// What is found in a file of this content.
fn found(content: &str, more: &[&str]) -> Value {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("data.csv"), content).unwrap();
    let output = check(dir.path(), &[more, &["--json"]].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Forty different texts of two labels, in two languages.
fn clean() -> String {
    let (places, things) = (["minsk", "brest", "gomel", "grodno"], ["arrived", "come", "shown up"]);
    (0..20).fold("text,category\n".to_owned(), |mut csv, n| {
        let (place, thing) = (places[n % 4], things[n % 3]);
        writeln!(csv, "my parcel number {n} to {place} has still not {thing},delivery").unwrap();
        writeln!(csv, "почему с карты {n} в городе {place} списали деньги,оплата").unwrap();
        csv
    })
}

#[test]
fn clean_data_have_no_findings_and_their_languages_are_told() {
    let found = found(&clean(), &["--similar", "0.95"]);
    assert_eq!(found["rows"], 40);
    for count in
        ["/duplicates/texts", "/contradictions/texts", "/in_both", "/near/within", "/few_rows"]
    {
        assert_eq!(found.pointer(count), Some(&json!(0)), "{count}");
    }
    for list in ["/alike_labels", "/giveaways", "/named_labels", "/only_in_test"] {
        assert_eq!(found.pointer(list), Some(&json!([])), "{list}");
    }
    assert_eq!(found["noise"]["checked"], 40);
    assert_eq!(found["noise"]["disagreements"], 0);
    let languages = [json!({"language": "en", "rows": 20}), json!({"language": "ru", "rows": 20})];
    assert_eq!(found["languages"], json!(languages));
}

#[test]
fn rows_that_cannot_be_used_are_told_by_number_and_are_no_error() {
    let content = clean() + ",delivery\n  ,delivery\nwhere is it,\n";
    let found = found(&content, &["--quick"]);
    let rows = |what: &str| found["unusable"][what].clone();
    assert_eq!(
        rows("without_text")["first"],
        json!([{"part": "data", "row": 41}, {"part": "data", "row": 42}])
    );
    assert_eq!(rows("without_label"), json!({"count": 1, "first": [{"part": "data", "row": 43}]}));
    assert_eq!(found["noise"], Value::Null);
}

#[test]
fn labels_that_differ_only_in_writing_are_told_together() {
    let content = clean() + "where is my parcel,Delivery\nno parcel came, delivery\n";
    let found = found(&content, &["--quick"]);
    let alike = found["alike_labels"].as_array().unwrap();
    assert_eq!(alike.len(), 1, "{alike:?}");
    assert!(alike[0].as_array().unwrap().iter().any(|label| label == "Delivery"), "{alike:?}");
}

#[test]
fn the_same_text_is_told_with_its_labels_within_and_across_the_files() {
    let dir = tempfile::tempdir().unwrap();
    let content = clean()
        + "Where is it?,delivery\nwhere  is it?,delivery\nI want it back,delivery\ni want it back,оплата\n";
    fs::write(dir.path().join("data.csv"), content).unwrap();
    let test = dir.path().join("test.csv");
    fs::write(&test, "text,category\nWHERE IS IT?,delivery\nquite another text,refund\n").unwrap();
    let output = check(dir.path(), &["--test", test.to_str().unwrap(), "--quick", "--json"]);
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&found["duplicates"]["texts"], &found["duplicates"]["rows"]),
        (&json!(1), &json!(3))
    );
    assert_eq!(found["in_both"], 1);
    assert_eq!(found["only_in_test"], json!(["refund"]));
    assert_eq!(
        found["contradictions"]["first"][0],
        json!([
            {"at": {"part": "data", "row": 43}, "label": "delivery"},
            {"at": {"part": "data", "row": 44}, "label": "оплата"}
        ])
    );
}

#[test]
fn texts_that_are_nearly_the_same_are_found_across_the_files() {
    let dir = tempfile::tempdir().unwrap();
    let long = "hello, I ordered a new card two weeks ago and it has not come to my address yet, please help";
    fs::write(dir.path().join("data.csv"), format!("{}\"{long} 1\",delivery\n", clean())).unwrap();
    let test = dir.path().join("test.csv");
    fs::write(&test, format!("text,category\n\"{long} 2\",оплата\n")).unwrap();
    let more =
        ["--test", test.to_str().unwrap(), "--quick", "--json", "--similar", "0.9", "--texts"];
    let found: Value = serde_json::from_slice(&check(dir.path(), &more).stdout).unwrap();
    assert_eq!((&found["near"]["across"], &found["near"]["other_label"]), (&json!(1), &json!(1)));
    let pair = &found["near"]["first"][0];
    assert_eq!(pair["second"], json!({"part": "test", "row": 1}));
    let texts: Vec<&str> =
        found["excerpts"].as_array().unwrap().iter().map(|e| e["text"].as_str().unwrap()).collect();
    assert!(texts.iter().all(|text| text.starts_with("hello, I ordered")), "{texts:?}");
    assert_eq!(texts.len(), 2);
}

#[test]
fn a_wrong_label_is_the_most_doubtful_one() {
    let content = clean() + "my parcel number 99 to minsk has still not arrived,оплата\n";
    let found = found(&content, &[]);
    let doubtful = &found["noise"]["doubtful"][0];
    assert_eq!(doubtful["at"], json!({"part": "data", "row": 41}), "{}", found["noise"]);
    assert_eq!((&doubtful["label"], &doubtful["believed"]), (&json!("оплата"), &json!("delivery")));
    assert_eq!(found, self::found(&content, &[]), "the seed makes it repeatable");
}

#[test]
fn a_label_in_its_texts_and_a_column_that_tells_it_are_leakage() {
    let content: String = clean().lines().enumerate().fold(String::new(), |mut csv, (at, line)| {
        let more = match at {
            0 => "queue,agent".to_owned(),
            _ => format!("q{},a{}", at % 2, at % 5),
        };
        writeln!(csv, "{line},{more}").unwrap();
        csv
    });
    let found = found(&(content + "a question about delivery,delivery,q1,a1\n"), &["--quick"]);
    assert_eq!(found["named_labels"], json!([{"label": "delivery", "rows": 1, "of": 21}]));
    let columns: Vec<&str> = found["giveaways"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["column"].as_str().unwrap())
        .collect();
    assert_eq!(columns, ["queue"]);
}

#[test]
fn a_file_that_cannot_be_read_ends_with_two_and_tables_and_page_are_written() {
    let dir = tempfile::tempdir().unwrap();
    let missing = check(dir.path(), &[]);
    assert_eq!(missing.status.code(), Some(2));
    fs::write(dir.path().join("data.csv"), clean()).unwrap();
    let column = check(dir.path(), &["--label", "intent"]);
    assert_eq!(column.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&column.stderr).contains("there is no column intent"));
    let similar = check(dir.path(), &["--similar", "1.5"]);
    assert_eq!(similar.status.code(), Some(2));

    let page = dir.path().join("page.html");
    let more = ["--html", page.to_str().unwrap(), "--language", "ru"];
    let told = check(dir.path(), &more);
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    assert!(String::from_utf8_lossy(&told.stdout).contains("texts in both files"));
    let html = fs::read_to_string(&page).unwrap();
    assert!(html.contains("Сомнительные метки") && !html.contains("<script"), "{html}");
    assert!(!html.contains("my parcel"), "texts are told only where --texts asks for them");
}
