//! The report as files. Each appears whole or not at all, and takes the place of the one before it.

use crate::dashboard::weekly::WeeklyReport;
use crate::weekly::Week;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Writes the files into a folder that is there already.
pub(super) async fn write(folder: &Path, week: Week, report: &WeeklyReport) -> Result<(), String> {
    let json = serde_json::to_vec_pretty(&report.figures).map_err(|error| error.to_string())?;
    let files: Vec<(PathBuf, Vec<u8>)> = [
        ("html", report.html.clone().into_bytes()),
        ("txt", report.text.clone().into_bytes()),
        ("json", json),
        // The last one: whoever waits for it finds the others.
        ("pdf", report.pdf.clone()),
    ]
    .into_iter()
    .map(|(ending, content)| (folder.join(format!("recontact-{week}.{ending}")), content))
    .collect();
    let written = tokio::task::spawn_blocking(move || {
        files.iter().try_for_each(|(path, content)| {
            replace(path, content).map_err(|error| format!("{}: {error}", path.display()))
        })
    });
    written.await.map_err(|error| error.to_string())?
}

/// Writes a file beside its place, then moves it there.
fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let staging = path.with_extension(format!("{}.partial", std::process::id()));
    let written = File::create(&staging).and_then(|mut file| {
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&staging, path)
    });
    if written.is_err() {
        // What was begun is of no use to anybody; that it cannot be removed is no news.
        let _ = fs::remove_file(&staging);
    }
    written
}
