//! Runs of the real program, and the files they run on.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

pub(crate) fn tiny_bert() -> PathBuf {
    repository().join("tests/fixtures/encoders/tiny-bert")
}

pub(crate) fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_recontact-train"))
}

/// Forty texts of two labels.
pub(crate) fn two_labels() -> String {
    (0..20).fold("text,category\n".to_owned(), |mut csv, n| {
        writeln!(csv, "my card number {n} has not arrived,card").unwrap();
        writeln!(csv, "перевод {n} не пришёл,переводы").unwrap();
        csv
    })
}

/// Writes `content` as `name` below `dir`.
pub(crate) fn file(dir: &Path, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = dir.join(name);
    fs::write(&path, content).unwrap();
    path
}

/// A training of words on this table, to `dir/models/category/v1`.
pub(crate) fn words(dir: &Path, table: &Path) -> Command {
    let mut command = program();
    command
        .args(["category", "--method", "lexical"])
        .args(["--train".as_ref(), table.as_os_str()])
        .args(["--out".as_ref(), model(dir).as_os_str()]);
    command
}

/// A training that tunes a tiny encoder, to `dir/models/encoder/ours` and `dir/models/category/v1`.
pub(crate) fn tuning(dir: &Path, method: &str) -> Command {
    let table = file(dir, "train.csv", two_labels());
    let config =
        "[tune]\nepochs = 3\nlast_epochs = 4\nbatch = 8\ncheckpoint_every = 2\npatience = 9\n";
    let config = file(dir, "tune.toml", config);
    let mut command = program();
    command
        .args(["category", "--method", method])
        .args(["--train".as_ref(), table.as_os_str()])
        .args(["--config".as_ref(), config.as_os_str()])
        .args(["--encoder".as_ref(), tiny_bert().as_os_str()])
        .args(["--encoder-out".as_ref(), dir.join("models/encoder/ours").as_os_str()])
        .args(["--out".as_ref(), model(dir).as_os_str()]);
    command
}

/// A short distillation of a tiny encoder, to `dir/student`.
pub(crate) fn distilling(dir: &Path) -> Command {
    let config =
        "layers = [2]\nsteps = 4\nbatch = 8\nheld_out = 8\nwarm_up = 1\ncheckpoint_every = 2\n";
    let config = file(dir, "distill.toml", config);
    let texts = file(dir, "texts.csv", two_labels());
    let mut command = program();
    command
        .args(["distill", "--teacher"])
        .arg(tiny_bert())
        .args(["--texts".as_ref(), texts.as_os_str()])
        .args(["--config".as_ref(), config.as_os_str()])
        .args(["--out".as_ref(), dir.join("student").as_os_str()]);
    command
}

pub(crate) fn model(dir: &Path) -> PathBuf {
    dir.join("models/category/v1")
}

pub(crate) fn succeed(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", told(&output));
    output
}

pub(crate) fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The message of a call that must fail with this exit code.
pub(crate) fn failure(command: &mut Command, code: i32) -> String {
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(code), "{}", told(&output));
    told(&output)
}

/// The names of everything below a folder that is not a finished model or encoder.
pub(crate) fn leftovers(folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') || name.contains("partial") || name.contains("lock") {
            names.push(name);
        } else if entry.path().is_dir() {
            names.extend(leftovers(&entry.path()));
        }
    }
    names
}

/// The bytes of a file of the trained model or encoder.
pub(crate) fn bytes(path: impl AsRef<Path>) -> Vec<u8> {
    fs::read(path.as_ref()).unwrap()
}
