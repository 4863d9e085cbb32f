//! The command itself: variables, output and exit codes.

use crate::fake_hub::{COMMIT, FakeHub};
use crate::helpers::tiny_encoder;
use std::path::Path;
use std::process::{Command, Output};

fn fetch_encoder(endpoint: &str, folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_recontact-train"))
        .arg("fetch-encoder")
        .args(arguments)
        .arg("--dir")
        .arg(folder)
        .env_clear()
        .env("HF_ENDPOINT", endpoint)
        .env("HF_HOME", folder.join("no-home"))
        .env("HF_TOKEN", "hf_secret")
        .output()
        .unwrap()
}

#[test]
fn the_result_is_one_json_object_on_standard_output() {
    let hub = FakeHub::spawn(tiny_encoder());
    hub.change(|content| content.token = Some("hf_secret".into()));
    let directory = tempfile::tempdir().unwrap();
    let output = fetch_encoder(&hub.endpoint, directory.path(), &["acme/tiny", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let result: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(result["name"], "tiny");
    assert_eq!(result["repository"], "acme/tiny");
    assert_eq!(result["revision"], COMMIT);
    assert_eq!(result["from"], "hub");
    assert_eq!(result["already_present"], false);
    assert_eq!(result["files"]["model.safetensors"]["bytes"], 800_000);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.starts_with("source: the Hub, acme/tiny at 1111"), "{said}");
}

#[test]
fn an_unknown_repository_or_name_ends_with_exit_code_2() {
    let hub = FakeHub::spawn(tiny_encoder());
    let directory = tempfile::tempdir().unwrap();
    for (name, reason) in [("acme/none", "no repository acme/none"), ("none", "no known encoder")] {
        let output = fetch_encoder(&hub.endpoint, directory.path(), &[name, "--from", "hub"]);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert!(output.stdout.is_empty());
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.starts_with("error: ") && said.contains(reason), "{said}");
    }
}

#[test]
fn a_failing_hub_ends_with_exit_code_1() {
    let directory = tempfile::tempdir().unwrap();
    let output = fetch_encoder("http://127.0.0.1:1", directory.path(), &["acme/tiny"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
}

#[test]
fn the_offline_variable_keeps_it_off_the_network() {
    let hub = FakeHub::spawn(tiny_encoder());
    let directory = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_recontact-train"))
        .args(["fetch-encoder", "acme/tiny", "--dir"])
        .arg(directory.path())
        .env("HF_ENDPOINT", &hub.endpoint)
        .env("HF_HUB_OFFLINE", "1")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(hub.take_requests().is_empty());
}
