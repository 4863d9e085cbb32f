//! The Hub as the source.

use crate::fake_hub::COMMIT;
use crate::helpers::{entries, spawn_fetch, tiny_encoder};
use recontact_training::hub::layout::Origin;
use std::time::Duration;

const WEIGHTS: &str = "model.safetensors";

#[test]
fn a_fetch_writes_the_encoders_files_and_a_record_of_them() {
    let fetch = spawn_fetch();
    let fetched = fetch.run().unwrap();
    assert!(!fetched.already_present);
    let expected = [
        "1_Pooling",
        "README.md",
        "config.json",
        WEIGHTS,
        "modules.json",
        "source.json",
        "tokenizer.json",
    ];
    assert_eq!(entries(&fetch.folder()), expected);
    for (name, sum) in &fetched.record.files {
        let written = std::fs::read(fetch.folder().join(name)).unwrap();
        assert_eq!(written, tiny_encoder().files[name], "{name}");
        assert_eq!(sum.bytes, written.len() as u64, "{name}");
    }
    assert_eq!(fetched.record.files.len(), 6);
    assert_eq!(fetched.record.from, Origin::Hub);
    assert_eq!(fetched.record.revision.as_deref(), Some(COMMIT));
    // Nothing is kept twice.
    assert_eq!(fetch.entries(), ["tiny"]);
}

#[test]
fn files_are_asked_for_by_commit_so_that_they_are_of_one_state() {
    let fetch = spawn_fetch();
    fetch.run().unwrap();
    let requests = fetch.hub.take_requests();
    assert_eq!(requests[0].path, "/api/models/acme/tiny/revision/main");
    let resolved: Vec<_> = requests.iter().filter(|r| r.path.contains("/resolve/")).collect();
    assert!(!resolved.is_empty());
    assert!(resolved.iter().all(|r| r.path.contains(&format!("/resolve/{COMMIT}/"))));
}

#[test]
fn a_revision_goes_into_the_request_and_into_the_record() {
    let mut fetch = spawn_fetch();
    fetch.hub.change(|content| content.revisions.push("v1.0".into()));
    fetch.options.revision = Some("v1.0".into());
    let fetched = fetch.run().unwrap();
    assert_eq!(fetch.hub.take_requests()[0].path, "/api/models/acme/tiny/revision/v1.0");
    assert_eq!(fetched.record.requested_revision.as_deref(), Some("v1.0"));
    assert_eq!(fetched.record.revision.as_deref(), Some(COMMIT));
}

#[test]
fn an_unknown_revision_is_told_from_an_unknown_repository() {
    let mut fetch = spawn_fetch();
    fetch.options.revision = Some("v9".into());
    let (message, callers) = fetch.error();
    assert!(message.contains("acme/tiny has no revision v9"), "{message}");
    assert!(callers);
}

#[test]
fn an_unknown_repository_is_named() {
    let mut fetch = spawn_fetch();
    fetch.encoder.repository = "acme/other".into();
    let (message, callers) = fetch.error();
    assert!(message.contains("no repository acme/other"), "{message}");
    assert!(callers);
    assert!(!fetch.folder().exists());
}

#[test]
fn a_repository_without_safetensors_is_refused_before_anything_is_downloaded() {
    let fetch = spawn_fetch();
    fetch.hub.change(|content| {
        content.files.remove(WEIGHTS);
    });
    let (message, callers) = fetch.error();
    assert!(message.contains("has no model.safetensors"), "{message}");
    assert!(message.contains("only safetensors are supported"), "{message}");
    assert!(callers);
    assert_eq!(fetch.hub.take_requests().len(), 1);
}

#[test]
fn a_required_file_that_is_not_listed_or_not_found_is_named() {
    let fetch = spawn_fetch();
    fetch.hub.change(|content| content.lost.push("tokenizer.json".into()));
    let (lost, callers) = fetch.error();
    assert!(lost.contains("acme/tiny has no tokenizer.json"), "{lost}");
    assert!(callers);
    fetch.hub.change(|content| {
        content.files.remove("tokenizer.json");
    });
    let (unlisted, _) = fetch.error();
    assert!(unlisted.contains("acme/tiny has no tokenizer.json"), "{unlisted}");
    assert!(!fetch.folder().exists());
}

#[test]
fn a_torn_download_goes_on_where_it_broke_off() {
    let fetch = spawn_fetch();
    fetch.hub.change(|content| {
        content.torn.insert(WEIGHTS.into(), 2);
    });
    fetch.run().unwrap();
    assert_eq!(
        fetch.hub.take_ranges(WEIGHTS),
        ["bytes=0-", "bytes=400000-", "bytes=600000-"],
        "800,000 bytes in a half, a quarter and the rest"
    );
}

#[test]
fn a_download_torn_too_often_leaves_no_folder_and_the_next_run_resumes_it() {
    let fetch = spawn_fetch();
    fetch.hub.change(|content| {
        content.torn.insert(WEIGHTS.into(), 3);
    });
    let (message, callers) = fetch.error();
    assert!(message.contains("model.safetensors: the download broke off 3 times"), "{message}");
    assert!(message.contains("it resumes"), "{message}");
    assert!(!callers);
    assert_eq!(fetch.entries(), [".cache"]);
    fetch.hub.take_requests();

    fetch.run().unwrap();
    // Every other range is a probe for a size: the small files are not downloaded twice.
    let requests = fetch.hub.take_requests().into_iter();
    let ranges: Vec<_> =
        requests.map(|r| r.range).filter(|r| !r.is_empty() && r != "bytes=0-0").collect();
    assert!(ranges.iter().all(|range| range == "bytes=700000-"), "{ranges:?}");
    assert!(!ranges.is_empty());
    assert_eq!(std::fs::read(fetch.folder().join(WEIGHTS)).unwrap(), tiny_encoder().files[WEIGHTS]);
}

#[test]
fn a_download_that_ended_just_before_its_last_step_is_finished() {
    let fetch = spawn_fetch();
    fetch.hub.change(|content| {
        content.torn.insert(WEIGHTS.into(), 3);
    });
    fetch.run().unwrap_err();
    // As after a kill between the last byte and the renaming.
    let blobs = fetch.options.hub.cache.join("models--acme--tiny/blobs");
    let part = entries(&blobs).into_iter().find(|name| name.ends_with(".part")).unwrap();
    std::fs::write(blobs.join(part), &tiny_encoder().files[WEIGHTS]).unwrap();
    fetch.run().unwrap();
}

#[test]
fn a_large_file_that_is_not_what_the_hub_says_is_refused_and_not_kept() {
    let fetch = spawn_fetch();
    let mut changed = tiny_encoder().files[WEIGHTS].clone();
    changed[12_345] ^= 1;
    fetch.hub.change(|content| {
        content.corrupt.insert(WEIGHTS.into(), changed);
    });
    let (message, callers) = fetch.error();
    assert!(message.contains("model.safetensors: the checksum is"), "{message}");
    assert!(message.contains(", expected "), "{message}");
    assert!(!callers);
    assert_eq!(fetch.entries(), [".cache"]);

    fetch.hub.change(|content| content.corrupt.clear());
    fetch.hub.take_requests();
    fetch.run().unwrap();
    assert_eq!(fetch.hub.take_ranges(WEIGHTS), ["bytes=0-"], "it was downloaded anew");
}

#[test]
fn a_file_without_its_pinned_checksum_is_refused_and_not_kept() {
    let mut fetch = spawn_fetch();
    fetch.pin("tokenizer.json");
    let forged = b"[\"version\":\"1.0\"]".repeat(500);
    fetch.hub.change(|content| {
        content.files.insert("tokenizer.json".into(), forged);
    });
    let (message, _) = fetch.error();
    assert!(message.contains("tokenizer.json: the checksum is"), "{message}");
    assert!(message.contains(&fetch.encoder.sha256["tokenizer.json"]), "{message}");
    assert!(!fetch.folder().exists());
    let snapshot = fetch.options.hub.cache.join("models--acme--tiny/snapshots").join(COMMIT);
    assert_eq!(entries(&snapshot), ["config.json"]);
}

#[test]
fn a_pinned_file_that_the_hub_no_longer_has_is_missed() {
    let mut fetch = spawn_fetch();
    fetch.pin("1_Pooling/config.json");
    fetch.hub.change(|content| {
        content.files.remove("1_Pooling/config.json");
    });
    let (message, _) = fetch.error();
    assert!(message.contains("has no 1_Pooling/config.json"), "{message}");
    assert!(fetch.entries().is_empty());
}

#[test]
fn without_a_token_a_closed_repository_says_which_variable_to_set() {
    let fetch = spawn_fetch();
    fetch.hub.change(|content| content.token = Some("hf_secret".into()));
    let (message, callers) = fetch.error();
    assert!(message.contains("(401): no token was sent; set HF_TOKEN"), "{message}");
    assert!(callers);
}

#[test]
fn a_wrong_token_is_not_shown_but_where_it_came_from_is() {
    let mut fetch = spawn_fetch();
    fetch.hub.change(|content| content.token = Some("hf_secret".into()));
    fetch.use_token("hf_old");
    let (message, callers) = fetch.error();
    assert!(message.contains("the token of HF_TOKEN is not valid"), "{message}");
    assert!(!message.contains("hf_old"), "{message}");
    assert!(!format!("{:?}", fetch.options).contains("hf_old"));
    assert!(callers);
}

#[test]
fn the_token_is_sent_as_a_bearer_token() {
    let mut fetch = spawn_fetch();
    fetch.hub.change(|content| content.token = Some("hf_secret".into()));
    fetch.use_token("hf_secret");
    fetch.run().unwrap();
    assert_eq!(fetch.hub.take_requests()[0].authorization, "Bearer hf_secret");
}

#[test]
fn a_hub_that_accepts_and_never_answers_is_given_up_in_time() {
    let mut fetch = spawn_fetch();
    fetch.hub.change(|content| content.mute = true);
    fetch.options.hub.first_answer = Duration::from_millis(50);
    let (message, callers) = fetch.error();
    assert!(message.contains("did not answer within 50ms"), "{message}");
    assert!(!callers);
}

#[test]
fn an_address_that_is_none_is_the_callers_to_mend() {
    let mut fetch = spawn_fetch();
    fetch.options.hub.endpoint = Some("no address".into());
    let (message, callers) = fetch.error();
    assert!(message.contains("check HF_ENDPOINT"), "{message}");
    assert!(callers);
}
