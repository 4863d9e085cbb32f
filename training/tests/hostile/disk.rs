//! A disk that takes no more: files beyond a size are refused by the system, as they are where no space is left.

use super::helpers::{
    distilling, failure, file, leftovers, model, program, repository, succeed, tuning, two_labels,
    words,
};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The same call where no file may be larger than `blocks` (of 512 or 1,024 bytes, as the shell counts).
fn limited(command: &Command, blocks: u32) -> Command {
    let mut limited = Command::new("sh");
    limited
        // Without the trap the system would end the process instead of refusing.
        .args(["-c", &format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"")])
        .arg(command.get_program())
        .args(command.get_args());
    limited
}

const TOO_LARGE: &str = "File too large";

#[test]
fn a_model_is_written_whole_or_not_at_all_and_the_next_call_works() {
    let dir = tempfile::tempdir().unwrap();
    let table = file(dir.path(), "train.csv", two_labels());
    let message = failure(&mut limited(&words(dir.path(), &table), 1), 1);
    assert!(message.contains(".v1.partial/") && message.contains(TOO_LARGE), "{message}");
    assert!(!model(dir.path()).exists());
    assert_eq!(leftovers(dir.path()), Vec::<String>::new());
    succeed(&mut words(dir.path(), &table));
}

#[test]
fn a_tuned_encoder_is_written_whole_or_not_at_all_and_the_next_call_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let encoder = dir.path().join("models/encoder/ours");
    let message = failure(&mut limited(&tuning(dir.path(), "few-shot"), 1), 1);
    assert!(message.contains("checkpoint-") && message.contains(TOO_LARGE), "{message}");
    assert!(!encoder.exists() && !model(dir.path()).exists());
    succeed(&mut tuning(dir.path(), "few-shot"));
    assert!(encoder.join("tuned.json").is_file());
    assert_eq!(leftovers(dir.path()), Vec::<String>::new());
}

#[test]
fn a_student_is_written_whole_or_not_at_all_and_the_next_call_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let call = || distilling(dir.path());
    let message = failure(&mut limited(&call(), 1), 1);
    assert!(message.contains("student.partial/") && message.contains(TOO_LARGE), "{message}");
    assert!(!dir.path().join("student").exists());
    succeed(&mut call());
    assert!(dir.path().join("student/distilled.json").is_file());
    assert_eq!(leftovers(dir.path()), Vec::<String>::new());
}

/// A call that writes a file, on a model of words.
fn outputs(dir: &Path) -> Vec<(Command, PathBuf)> {
    let table = file(dir, "train.csv", two_labels());
    succeed(&mut words(dir, &table));
    let of_model = |command: &str, option: &str, out: &str, more: &[&str]| {
        let out = dir.join(out);
        let mut call = program();
        call.arg(command).args([option.as_ref(), out.as_os_str()]).args(more);
        (call, out)
    };
    let model = model(dir);
    let (model, table) = (model.to_str().unwrap(), table.to_str().unwrap());
    let both = ["--a", model, "--b", model, "--data", table];
    vec![
        of_model("evaluate", "--html", "page.html", &["--model", model, "--data", table]),
        of_model("compare", "--out", "both.json", &both),
        of_model("compare", "--html", "both.html", &both),
        of_model("check-data", "--html", "data.html", &["--data", table, "--text", "text"]),
        of_model("export", "--out", "weights.json", &["--model", model]),
        of_model("export", "--out", "weights.csv", &["--model", model]),
        of_model("export", "--out", "weights.parquet", &["--model", model]),
    ]
}

#[test]
fn pages_comparisons_and_exports_are_written_whole_or_not_at_all() {
    let dir = tempfile::tempdir().unwrap();
    for (mut call, out) in outputs(dir.path()) {
        let name = out.file_name().unwrap().to_str().unwrap();
        let output = limited(&call, 1).output().unwrap();
        let message = super::helpers::told(&output);
        assert!(!output.status.success(), "{name}");
        assert!(message.contains(name) && message.contains(TOO_LARGE), "{name}: {message}");
        assert!(!out.exists(), "{name}");
        assert_eq!(leftovers(dir.path()), Vec::<String>::new(), "{name}");
        succeed(&mut call);
        assert!(fs::metadata(&out).unwrap().len() > 1024, "{name}");
    }
}

#[test]
fn a_page_that_cannot_be_replaced_stays_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let (call, out) = outputs(dir.path()).swap_remove(0);
    fs::write(&out, "the page before").unwrap();
    assert!(!limited(&call, 1).output().unwrap().status.success());
    assert_eq!(fs::read_to_string(&out).unwrap(), "the page before");
}

#[test]
fn a_prepared_table_is_written_whole_or_not_at_all() {
    let dir = tempfile::tempdir().unwrap();
    let log = repository().join("data/incidents/incident_event_log.csv.gz");
    let out = dir.path().join("tickets.csv");
    let mut call = program();
    call.args(["prepare", "incident-log", "--events"])
        .arg(&log)
        .args(["--out".as_ref(), out.as_os_str()]);
    let message = failure(&mut limited(&call, 8), 1);
    assert!(message.contains("tickets.csv") && message.contains(TOO_LARGE), "{message}");
    assert!(!out.exists());
    assert_eq!(leftovers(dir.path()), Vec::<String>::new());
}
