//! Reads PDF files with programs that have nothing to do with what wrote them: poppler's `pdftotext`, `pdfinfo` and `pdffonts`.
//!
//! Where they are not installed, tests are skipped with a printed line, or fail when `RECONTACT_REQUIRE_POPPLER=1` is set.

use std::io::Write;
use std::process::Command;

const REQUIRE: &str = "RECONTACT_REQUIRE_POPPLER";
/// What poppler 22 says of every tagged file, although ISO 32000-1 (table 321) has it as a boolean.
const MISREAD: &str = "Suspects object is wrong type (boolean)";

/// Whether the programs are there; says so where not.
///
/// # Panics
/// When they are not, but `RECONTACT_REQUIRE_POPPLER=1`.
pub(crate) fn is_there_or_skip() -> bool {
    if Command::new("pdftotext").arg("-v").output().is_ok() {
        return true;
    }
    let line = "SKIPPED PDF files: no pdftotext on PATH; install the Debian package poppler-utils";
    assert!(std::env::var(REQUIRE).as_deref() != Ok("1"), "{REQUIRE}=1, but {line}");
    let _ = writeln!(std::io::stderr(), "{line}");
    false
}

/// What a program of poppler says of a file.
pub(crate) fn told(program: &str, options: &[&str], file: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file.pdf");
    std::fs::write(&path, file).unwrap();
    let mut command = Command::new(program);
    command.args(options).arg(&path);
    if program == "pdftotext" {
        command.arg("-");
    }
    let output = command.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    let errors: Vec<&str> = errors.lines().filter(|line| !line.contains(MISREAD)).collect();
    assert!(output.status.success() && errors.is_empty(), "{program}: {errors:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The text of a file as it is read, each run of white space as one space.
pub(crate) fn text(file: &[u8]) -> String {
    words(&told("pdftotext", &[], file))
}

/// A text with each run of white space as one space.
pub(crate) fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A line such as `Pages: 3` of what `pdfinfo` tells.
pub(crate) fn fact(file: &[u8], name: &str) -> String {
    let told = told("pdfinfo", &[], file);
    let line = told.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.unwrap_or_else(|| panic!("no {name} in\n{told}")).trim().to_owned()
}
