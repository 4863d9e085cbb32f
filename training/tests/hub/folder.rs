//! The encoder's folder: reused when whole, never overwritten.

use crate::helpers::{entries, spawn_fetch, tiny_encoder};
use recontact_training::hub::layout::Origin;
use std::fs;

#[test]
fn a_second_run_does_not_ask_the_hub() {
    let fetch = spawn_fetch();
    let first = fetch.run().unwrap();
    fetch.hub.take_requests();
    let second = fetch.run().unwrap();
    assert!(second.already_present);
    assert_eq!(second.record, first.record);
    assert!(fetch.hub.take_requests().is_empty());
}

#[test]
fn offline_is_enough_when_the_folder_is_whole() {
    let mut fetch = spawn_fetch();
    fetch.run().unwrap();
    fetch.hub.take_requests();
    fetch.options.offline = true;
    assert!(fetch.run().unwrap().already_present);
    assert!(fetch.hub.take_requests().is_empty());
}

#[test]
fn offline_without_the_folder_says_what_to_do() {
    let mut fetch = spawn_fetch();
    fetch.options.offline = true;
    let (message, callers) = fetch.error();
    assert!(message.contains("run without --offline"), "{message}");
    assert!(callers);
    assert!(fetch.hub.take_requests().is_empty());
    assert!(!fetch.options.folder.exists());
}

#[test]
fn a_changed_file_is_named_and_the_folder_left_as_it_is() {
    let fetch = spawn_fetch();
    fetch.run().unwrap();
    let path = fetch.folder().join("config.json");
    fs::write(&path, b"{}").unwrap();
    fetch.hub.take_requests();
    let (message, callers) = fetch.error();
    assert!(message.contains("config.json: checksum"), "{message}");
    assert!(message.contains("remove the folder"), "{message}");
    assert!(callers);
    assert!(fetch.hub.take_requests().is_empty());
    assert_eq!(fs::read(path).unwrap(), b"{}");
}

#[test]
fn a_folder_of_something_else_is_not_overwritten() {
    let fetch = spawn_fetch();
    fs::create_dir_all(fetch.folder()).unwrap();
    fs::write(fetch.folder().join("notes.txt"), "mine").unwrap();
    let (message, callers) = fetch.error();
    assert!(message.contains("has no source.json"), "{message}");
    assert!(message.contains("--dir"), "{message}");
    assert!(callers);
    assert_eq!(entries(&fetch.folder()), ["notes.txt"]);
}

#[test]
fn an_empty_folder_is_free() {
    let fetch = spawn_fetch();
    fs::create_dir_all(fetch.folder()).unwrap();
    assert!(!fetch.run().unwrap().already_present);
}

#[test]
fn files_put_there_by_hand_are_adopted_when_they_have_the_pinned_checksums() {
    let mut fetch = spawn_fetch();
    fetch.pin("model.safetensors");
    for file in ["config.json", "tokenizer.json", "model.safetensors"] {
        fs::create_dir_all(fetch.folder()).unwrap();
        fs::write(fetch.folder().join(file), &tiny_encoder().files[file]).unwrap();
    }
    fetch.options.offline = true;
    let fetched = fetch.run().unwrap();
    assert_eq!(fetched.record.from, Origin::Local);
    assert!(fetch.folder().join("source.json").is_file());
}

#[test]
fn files_put_there_by_hand_with_another_content_are_not_adopted() {
    let mut fetch = spawn_fetch();
    fetch.pin("model.safetensors");
    fs::create_dir_all(fetch.folder()).unwrap();
    for file in ["config.json", "tokenizer.json", "model.safetensors"] {
        fs::write(fetch.folder().join(file), b"other").unwrap();
    }
    let (message, _) = fetch.error();
    assert!(message.contains("model.safetensors: checksum"), "{message}");
    assert!(!fetch.folder().join("source.json").exists());
}

#[test]
fn a_folder_of_another_revision_or_repository_is_told() {
    let mut fetch = spawn_fetch();
    fetch.run().unwrap();
    fetch.options.revision = Some("v2".into());
    let (revision, _) = fetch.error();
    assert!(revision.contains("not v2"), "{revision}");
    fetch.options.revision = None;
    fetch.encoder.repository = "other/tiny".into();
    let (repository, _) = fetch.error();
    assert!(repository.contains("holds the encoder acme/tiny, not other/tiny"), "{repository}");
}

#[test]
fn a_record_cannot_lead_out_of_its_folder() {
    let fetch = spawn_fetch();
    fetch.run().unwrap();
    let path = fetch.folder().join("source.json");
    let record = fs::read_to_string(&path).unwrap().replace("README.md", "../README.md");
    fs::write(&path, record).unwrap();
    let (message, _) = fetch.error();
    assert!(message.contains("is no file of the folder"), "{message}");
}
