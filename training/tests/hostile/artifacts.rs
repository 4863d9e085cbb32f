//! Models that do not fit: of a newer program, changed by hand, or of another encoder.

use super::helpers::{bytes, failure, file, model, program, succeed, tiny_bert, two_labels};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const FILES: [&str; 3] = ["config.json", "tokenizer.json", "model.safetensors"];

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
            copy(&entry.path(), &to)
        } else {
            drop(fs::copy(entry.path(), to))
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
        options.iter().for_each(|option| drop(call.args([option.as_ref(), model.as_os_str()])));
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
    let other = super::helpers::repository().join("tests/fixtures/encoders/tiny-bert-cls");
    for (part, changed) in [("weights", FILES[2]), ("tokenizer", FILES[1])] {
        let path = folder.join(changed);
        let before = bytes(&path);
        let mut content = before.clone();
        match changed {
            "model.safetensors" => content = bytes(other.join(changed)),
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
