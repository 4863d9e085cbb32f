//! Kills, second runs and what is left of them.

use super::helpers::{
    bytes, distilling, failure, file, leftovers, model, succeed, told, tuning, two_labels, words,
};
use recontact_training::run_lock::RunLock;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

/// Kills a call as soon as it has said a line that begins so.
fn kill_at(command: &mut Command, line: &str) {
    let mut child = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.any(|told| told.starts_with(line)), "it never said {line:?}");
    child.kill().unwrap();
    child.wait().unwrap();
}

/// What a tuning makes: the encoder's weights and the model's.
fn made(dir: &Path) -> [Vec<u8>; 2] {
    [
        bytes(dir.join("models/encoder/ours/model.safetensors")),
        bytes(model(dir).join("weights.safetensors")),
    ]
}

#[test]
fn the_same_call_gives_the_same_bytes() {
    let once = || {
        let dir = tempfile::tempdir().unwrap();
        let table = file(dir.path(), "train.csv", two_labels());
        succeed(&mut words(dir.path(), &table));
        bytes(model(dir.path()).join("weights.safetensors"))
    };
    assert!(once() == once());
}

#[test]
fn a_tuning_that_is_killed_goes_on_to_the_same_bytes_and_leaves_nothing() {
    let first_stage = "epoch 2 of 3";
    let last_stage = "epoch 1 of 4";
    for (method, line) in
        [("fine-tune", first_stage), ("fine-tune", last_stage), ("few-shot", first_stage)]
    {
        let whole = tempfile::tempdir().unwrap();
        succeed(&mut tuning(whole.path(), method));
        let killed = tempfile::tempdir().unwrap();
        kill_at(&mut tuning(killed.path(), method), line);
        assert!(!model(killed.path()).exists());
        assert!(!killed.path().join("models/encoder/ours").exists(), "nothing half-trained loads");
        let again = succeed(&mut tuning(killed.path(), method));
        assert!(told(&again).contains("going on from the checkpoint"), "{}", told(&again));
        assert!(made(whole.path()) == made(killed.path()), "{method}");
        assert_eq!(leftovers(killed.path()), Vec::<String>::new());
    }
}

#[test]
fn a_run_that_ended_between_its_encoder_and_its_model_goes_on_with_that_encoder() {
    for method in ["fine-tune", "few-shot"] {
        let whole = tempfile::tempdir().unwrap();
        succeed(&mut tuning(whole.path(), method));
        let dir = tempfile::tempdir().unwrap();
        // A file where the model's folder is to be written stands for whatever ends the run there.
        let obstacle = dir.path().join("models/category/.v1.partial");
        fs::create_dir_all(obstacle.parent().unwrap()).unwrap();
        fs::write(&obstacle, "").unwrap();
        let message = failure(&mut tuning(dir.path(), method), 1);
        assert!(message.contains(".v1.partial"), "{message}");
        assert!(dir.path().join("models/encoder/ours/tuned.json").is_file());
        assert!(!model(dir.path()).exists());
        fs::remove_file(&obstacle).unwrap();
        let again = told(&succeed(&mut tuning(dir.path(), method)));
        assert!(again.contains("taken as it is"), "{again}");
        assert!(!again.contains("epoch "), "nothing is trained twice: {again}");
        assert!(made(whole.path()) == made(dir.path()), "{method}");
        assert_eq!(leftovers(dir.path()), Vec::<String>::new());
    }
}

#[test]
fn an_encoder_of_another_run_or_a_changed_one_is_refused_and_stays() {
    let dir = tempfile::tempdir().unwrap();
    succeed(&mut tuning(dir.path(), "fine-tune"));
    fs::remove_dir_all(model(dir.path())).unwrap();
    let weights = dir.path().join("models/encoder/ours/model.safetensors");
    let whole = bytes(&weights);
    let message = failure(&mut tuning(dir.path(), "few-shot"), 2);
    assert!(message.contains("tuned.json") && message.contains("other parameters"), "{message}");
    let mut changed = whole.clone();
    let last = changed.len() - 1;
    changed[last] ^= 1;
    fs::write(&weights, &changed).unwrap();
    let message = failure(&mut tuning(dir.path(), "fine-tune"), 2);
    assert!(message.contains("model.safetensors") && message.contains("checksum"), "{message}");
    assert!(bytes(&weights) == changed, "nobody touches it");
    // A folder of anything else is no encoder to go on from.
    fs::remove_file(dir.path().join("models/encoder/ours/tuned.json")).unwrap();
    let message = failure(&mut tuning(dir.path(), "fine-tune"), 2);
    assert!(message.contains("--encoder-out") && message.contains("not empty"), "{message}");
}

#[test]
fn a_damaged_checkpoint_of_a_tuning_and_one_of_another_run_are_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    kill_at(&mut tuning(dir.path(), "fine-tune"), "epoch 2 of 3");
    let work = dir.path().join("models/encoder/ours.choosing.partial");
    let of_weights =
        |entry: &fs::DirEntry| entry.path().extension().is_some_and(|end| end == "safetensors");
    let checkpoint = fs::read_dir(&work).unwrap().flatten().find(of_weights).unwrap().path();
    let whole = bytes(&checkpoint);
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 4;
    for damaged in [&whole[..whole.len() / 2], &flipped, &[]] {
        fs::write(&checkpoint, damaged).unwrap();
        let message = failure(&mut tuning(dir.path(), "fine-tune"), 2);
        let name = checkpoint.file_name().unwrap().to_str().unwrap();
        assert!(message.contains(name) && message.contains("begin anew"), "{message}");
    }
    fs::write(&checkpoint, &whole).unwrap();
    let mut other = tuning(dir.path(), "fine-tune");
    file(dir.path(), "tune.toml", "seed = 7\n[tune]\nepochs = 3\nbatch = 8\n");
    let message = failure(&mut other, 2);
    assert!(message.contains("checkpoint.json") && message.contains("other"), "{message}");
    succeed(&mut tuning(dir.path(), "fine-tune"));
}

#[test]
fn a_second_run_to_the_same_place_is_refused_while_the_first_one_runs() {
    let dir = tempfile::tempdir().unwrap();
    let table = file(dir.path(), "train.csv", two_labels());
    let encoder = dir.path().join("models/encoder/ours");
    for place in [model(dir.path()), encoder] {
        let held = RunLock::take(&place).unwrap();
        let message = failure(&mut tuning(dir.path(), "fine-tune"), 2);
        assert!(message.contains("another run is writing it"), "{message}");
        assert!(message.contains(place.to_str().unwrap()), "{message}");
        drop(held);
    }
    // A file that a killed run has left locks nobody out, and does not stay.
    fs::write(dir.path().join("models/category/.v1.lock"), "").unwrap();
    succeed(&mut words(dir.path(), &table));
    assert_eq!(leftovers(dir.path()), Vec::<String>::new());
}

#[test]
fn a_second_distillation_to_the_same_student_or_work_folder_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let work = dir.path().join("work");
    for place in [dir.path().join("student"), work.clone()] {
        let held = RunLock::take(&place).unwrap();
        let mut call = distilling(dir.path());
        call.args(["--work".as_ref(), work.as_os_str()]);
        let message = failure(&mut call, 2);
        assert!(message.contains(place.to_str().unwrap()), "{message}");
        assert!(message.contains("another run is writing it"), "{message}");
        drop(held);
    }
}

#[test]
fn what_a_killed_writer_left_beside_a_model_is_cleared_away() {
    let dir = tempfile::tempdir().unwrap();
    let table = file(dir.path(), "train.csv", two_labels());
    let torn = dir.path().join("models/category/.v1.partial");
    fs::create_dir_all(&torn).unwrap();
    fs::write(torn.join("manifest.json"), "{\"format\": 1, ").unwrap();
    succeed(&mut words(dir.path(), &table));
    assert_eq!(leftovers(dir.path()), Vec::<String>::new());
}
