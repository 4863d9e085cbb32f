//! Models that do not fit: of a newer program, changed by hand, or of another encoder.

use super::helpers::{bytes, failure, file, model, program, succeed, tiny_bert, two_labels};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A model on an encoder that lies below `dir/models/encoder/ours`, and the table it was trained on.
fn trained(dir: &Path) -> PathBuf {
    let encoder = dir.join("models/encoder/ours");
    copy(&tiny_bert(), &encoder);
    let table = file(dir, "train.csv", two_labels());
    let mut call = program();
    call.args(["category", "--method", "embedding", "--encoder", "ours"])
        .args(["--models".as_ref(), dir.join("models").as_os_str()])
        .args(["--train".as_ref(), table.as_os_str()])
        .args(["--out".as_ref(), model(dir).as_os_str()]);
    succeed(&mut call);
    table
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// Every command that reads a stored model.
fn readers(dir: &Path, table: &Path) -> Vec<Command> {
    let model = model(dir);
    let of = |command: &str, options: &[&str]| {
        let mut call = program();
        call.arg(command).args(["--models".as_ref(), dir.join("models").as_os_str()]);
        call.args(["--data".as_ref(), table.as_os_str()]);
        for option in options {
            call.args([option.as_ref(), model.as_os_str()]);
        }
        call
    };
    let mut export = of("export", &["--model"]);
    export.args(["--out".as_ref(), dir.join("answers.csv").as_os_str()]);
    vec![of("evaluate", &["--model"]), of("compare", &["--a", "--b"]), export]
}

#[test]
fn a_model_of_a_newer_program_is_refused_by_its_manifest() {
    let dir = tempfile::tempdir().unwrap();
    let table = trained(dir.path());
    let path = model(dir.path()).join("manifest.json");
    let manifest: Value = serde_json::from_slice(&bytes(&path)).unwrap();
    let change = |pointer: &str, value: Value| {
        let mut changed = manifest.clone();
        match pointer {
            "" => changed["colour"] = value,
            "format" => changed["format"] = value,
            part => changed[part]["colour"] = value,
        }
        fs::write(&path, serde_json::to_vec(&changed).unwrap()).unwrap();
    };
    for (pointer, expected) in
        [("format", "format 2 where 1 was expected"), ("", "colour"), ("model", "colour")]
    {
        change(pointer, json!(2));
        for mut reader in readers(dir.path(), &table) {
            let output = reader.output().unwrap();
            let message = super::helpers::told(&output);
            assert!(!output.status.success(), "{pointer}");
            assert!(message.contains("manifest.json") && message.contains(expected), "{message}");
        }
    }
    fs::write(&path, serde_json::to_vec(&manifest).unwrap()).unwrap();
    readers(dir.path(), &table).iter_mut().for_each(|reader| drop(succeed(reader)));
}

#[test]
fn an_encoder_that_is_not_the_models_own_is_refused_with_what_differs() {
    let dir = tempfile::tempdir().unwrap();
    let table = trained(dir.path());
    let folder = dir.path().join("models/encoder/ours");
    for (part, changed) in [("weights", "model.safetensors"), ("tokenizer", "tokenizer.json")] {
        let path = folder.join(changed);
        let before = bytes(&path);
        let mut content = before.clone();
        match content.last_mut() {
            // A bit of the last weight, and white space behind the tokenizer.
            Some(last) if part == "weights" => *last ^= 1,
            _ => content.push(b'\n'),
        }
        assert!(content != before);
        fs::write(&path, content).unwrap();
        for mut reader in readers(dir.path(), &table) {
            let message = failure(&mut reader, 2);
            assert!(message.contains("trained on encoder \"ours\""), "{message}");
            assert!(message.contains(&format!("the {part} of encoder \"ours\"")), "{message}");
            assert!(message.contains(folder.to_str().unwrap()), "{message}");
        }
        fs::write(&path, before).unwrap();
    }
}

#[test]
fn manifest_and_card_name_the_method_asked_for_and_what_it_came_to() {
    let dir = tempfile::tempdir().unwrap();
    succeed(&mut super::helpers::tuning(dir.path(), "few-shot"));
    let folder = model(dir.path());
    let manifest: Value = serde_json::from_slice(&bytes(folder.join("manifest.json"))).unwrap();
    assert_eq!(manifest["parameters"]["method"], "few-shot");
    let card = fs::read_to_string(folder.join("card.md")).unwrap();
    assert!(card.contains("Method asked for: `few-shot`"), "{card}");
    assert!(card.contains("for 3 epochs"), "{card}");
}

#[test]
fn without_draws_there_are_no_intervals_and_both_pages_say_so() {
    let dir = tempfile::tempdir().unwrap();
    let table = trained(dir.path());
    let mut calls = readers(dir.path(), &table);
    let mut page = |at: usize, name: &str| {
        let path = dir.path().join(name);
        let call: &mut Command = &mut calls[at];
        call.args(["--draws", "0", "--json"]).args(["--html".as_ref(), path.as_os_str()]);
        let report: Value = serde_json::from_slice(&succeed(call).stdout).unwrap();
        assert!(fs::read_to_string(path).unwrap().contains("No intervals were drawn"), "{name}");
        report
    };
    let evaluation = page(0, "evaluation.html");
    assert_eq!(evaluation["intervals"]["draws"], 0);
    assert!(evaluation["intervals"].get("accuracy").is_none(), "{evaluation}");
    let comparison = page(1, "comparison.html");
    assert!(comparison["reading"].as_str().unwrap().contains("no interval"), "{comparison}");
    let differences = comparison["differences"].as_array().unwrap();
    assert!(differences.iter().all(|difference| difference["interval"].is_null()), "{comparison}");
}

#[test]
fn corrections_are_among_the_files_of_the_manifest() {
    let dir = tempfile::tempdir().unwrap();
    let rows = two_labels()
        .lines()
        .skip(1)
        .zip(1..)
        .fold("id,text,category\n".to_owned(), |csv, (line, number)| {
            format!("{csv}c-{number},{line}\n")
        });
    let table = file(dir.path(), "train.csv", rows);
    let corrections = file(
        dir.path(),
        "corrections.csv",
        "contact_id,head,label,author,occurred_at,text\nc-1,category,переводы,anna,2026-01-05T09:00:00Z,\n",
    );
    let mut call = super::helpers::words(dir.path(), &table);
    call.args(["--id", "id"]).args(["--corrections".as_ref(), corrections.as_os_str()]);
    succeed(&mut call);
    let manifest = bytes(model(dir.path()).join("manifest.json"));
    let manifest: Value = serde_json::from_slice(&manifest).unwrap();
    let files: Vec<(&str, &str)> = manifest["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| (file["role"].as_str().unwrap(), file["file"].as_str().unwrap()))
        .collect();
    assert_eq!(files, [("train", "train.csv"), ("corrections", "corrections.csv")]);
}
