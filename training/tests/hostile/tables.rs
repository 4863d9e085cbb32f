//! Tables that a person may hand in: what cannot be read is refused by file and row, and nothing is dropped unseen.

use super::helpers::{failure, file, leftovers, model, succeed, told, two_labels, words};
use serde_json::Value;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// What a training on this file says that must be refused, having written nothing.
fn refused(name: &str, content: impl AsRef<[u8]>) -> String {
    let dir = tempfile::tempdir().unwrap();
    let table = file(dir.path(), name, content);
    let message = failure(&mut words(dir.path(), &table), 2);
    assert!(!model(dir.path()).exists());
    assert_eq!(leftovers(dir.path()), Vec::<String>::new());
    assert!(message.contains(name), "{message}");
    message
}

/// The report of a training on this file.
fn report(dir: &Path, name: &str, content: impl AsRef<[u8]>) -> (Value, String) {
    let table = file(dir, name, content);
    let output = succeed(words(dir, &table).arg("--json"));
    (serde_json::from_slice(&output.stdout).unwrap(), told(&output))
}

#[test]
fn a_quote_that_is_never_closed_drops_no_rows_unseen() {
    // The label comes first, so that all the rest of the file would be one text of a whole row.
    let rows = two_labels().lines().skip(1).fold("category,text\n".to_owned(), |mut csv, line| {
        let (text, label) = line.split_once(',').unwrap();
        writeln!(csv, "{label},{text}").unwrap();
        csv
    });
    let message = refused("open.csv", format!("{rows}card,\"where is it\n{rows}"));
    assert!(message.contains("line 42") && message.contains("never closed"), "{message}");
    let message = refused("swallowed.csv", format!("{rows}card,\"where\n{rows}card,\"it\"\n"));
    assert!(
        message.contains("line 42") && message.contains("behind its closing quote"),
        "{message}"
    );
}

#[test]
fn a_field_that_stands_twice_in_an_object_is_refused_by_its_row() {
    let mut lines = String::new();
    for n in 0..20 {
        writeln!(lines, "{{\"text\":\"card {n}\",\"category\":\"a\"}}").unwrap();
        writeln!(lines, "{{\"text\":\"refund {n}\",\"category\":\"b\"}}").unwrap();
    }
    let twice = "{\"text\":\"card\",\"text\":\"refund\",\"category\":\"a\"}\n";
    let message = refused("twice.jsonl", format!("{lines}{twice}"));
    assert!(message.contains("row 41") && message.contains("text appears twice"), "{message}");
    let message = refused("broken.jsonl", format!("{lines}{{\"text\":\"card\n{lines}"));
    assert!(message.contains("row 41 (line 41)"), "{message}");
}

#[test]
fn columns_that_stand_twice_and_rows_of_another_width_are_refused() {
    let message = refused("twice.csv", "text,text,category\na,b,c\n");
    assert!(message.contains("column text appears twice"), "{message}");
    let message = refused("ragged.csv", format!("{}a,b,c\n", two_labels()));
    assert!(message.contains("row 41") && message.contains("expected 2 cells, got 3"), "{message}");
}

#[test]
fn files_that_are_no_utf8_tables_are_refused_by_what_they_are() {
    let utf16: Vec<u8> = std::iter::once(0xFEFF)
        .chain(two_labels().encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    assert!(refused("wide.csv", &utf16).contains("UTF-16"));
    assert!(refused("wide-without-mark.csv", &utf16[2..]).contains("binary"));
    let latin = [two_labels().as_bytes(), b"caf\xE9,card\n"].concat();
    assert!(refused("latin.csv", latin).contains("row 41, column text"));
    assert!(refused("empty.csv", "").contains("the file is empty"));
    assert!(refused("head.csv", "text,category\n").contains("expected data rows"));
    assert!(refused("none.csv.gz", "text,category\n").contains("gzip"));
    assert!(refused("none.parquet", "text,category\n").contains("Parquet"));
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("folder.csv")).unwrap();
    let message = failure(&mut words(dir.path(), &dir.path().join("folder.csv")), 2);
    assert!(message.contains("folder.csv") && message.contains("directory"), "{message}");
}

#[test]
fn a_packed_file_that_was_cut_off_is_refused() {
    use std::io::Write as _;
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(two_labels().as_bytes()).unwrap();
    let whole = packed.finish().unwrap();
    refused("cut.csv.gz", &whole[..whole.len() / 2]);
    let mut flipped = whole.clone();
    let sum = whole.len() - 6;
    flipped[sum] ^= 0x10;
    assert!(refused("flipped.csv.gz", flipped).contains("checksum"));
}

#[test]
fn labels_too_long_or_with_control_characters_and_texts_too_large_are_refused_by_row() {
    let with = |row: &str| format!("{}{row}\n", two_labels());
    let message = refused("long.csv", with(&format!("where,{}", "z".repeat(10_000))));
    assert!(message.contains("row 41, column category") && message.contains("10000"), "{message}");
    let message = refused("control.csv", with("where,ca\u{1}rd"));
    assert!(message.contains("row 41") && message.contains("control characters"), "{message}");
    let message = refused("large.csv", with(&format!("{},card", "card ".repeat(300_000))));
    assert!(message.contains("row 41") && message.contains("1048576"), "{message}");
}

#[test]
fn a_text_of_a_megabyte_is_learnt_from_like_any_other() {
    let dir = tempfile::tempdir().unwrap();
    let large = format!("{}{},card\n", two_labels(), "my card is lost ".repeat(65_536));
    let (report, _) = report(dir.path(), "large.csv", large);
    assert_eq!(
        report["data"]["train"].as_u64().unwrap() + report["test"]["rows"].as_u64().unwrap(),
        41
    );
}

#[test]
fn one_text_under_several_labels_gives_a_model_that_claims_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let rows = (0..200).fold("text,category\n".to_owned(), |mut csv, n| {
        writeln!(csv, "where is it,l{}", n % 4).unwrap();
        csv
    });
    let (report, _) = report(dir.path(), "same.csv", rows);
    assert_eq!(report["test"]["accuracy"], 0.25);
    assert!(report["test"]["ece"].as_f64().unwrap() < 0.01, "{report}");
}

#[test]
fn a_label_of_one_row_in_a_hundred_is_still_answered_and_the_probabilities_are_calibrated() {
    let dir = tempfile::tempdir().unwrap();
    let rows = (0..3000).fold("text,category\n".to_owned(), |mut csv, n| {
        match n % 100 {
            0 => writeln!(csv, "number {n}: my pin is blocked,pin").unwrap(),
            _ => writeln!(csv, "number {n}: the card has not arrived yet,other").unwrap(),
        }
        csv
    });
    let (report, _) = report(dir.path(), "rare.csv", rows);
    assert_eq!(report["test"]["accuracy"], 1.0, "the six of the test part included: {report}");
    assert!(report["test"]["ece"].as_f64().unwrap() < 0.01, "{report}");
}

#[test]
fn every_row_its_own_label_is_refused_and_the_first_are_named() {
    let rows = (0..50).fold("text,category\n".to_owned(), |mut csv, n| {
        writeln!(csv, "text {n},label {n}").unwrap();
        csv
    });
    let message = refused("unique.csv", rows);
    assert!(message.contains("\"label 0\"") && message.contains("and 30 more"), "{message}");
}

#[test]
fn texts_of_five_languages_are_learnt_together() {
    let of = [
        (
            "card",
            [
                "my card is lost",
                "моя карта потерялась",
                "мая картка згубілася",
                "моя картка загубилася",
                "meine Karte ist weg",
            ],
        ),
        (
            "refund",
            [
                "give my money back",
                "верните мои деньги",
                "вярніце мае грошы",
                "поверніть мої гроші",
                "ich will mein Geld zurück",
            ],
        ),
    ];
    let mut csv = "text,category\n".to_owned();
    for n in 0..10 {
        for (label, texts) in &of {
            texts.iter().for_each(|text| writeln!(csv, "{text} {n},{label}").unwrap());
        }
    }
    let dir = tempfile::tempdir().unwrap();
    let (report, _) = report(dir.path(), "languages.csv", csv);
    assert_eq!(report["test"]["accuracy"], 1.0);
    let languages = report["data"]["languages"].as_array().unwrap();
    for code in ["en", "ru", "be", "uk"] {
        assert!(languages.iter().any(|language| language == code), "{languages:?}");
    }
}
