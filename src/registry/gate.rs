//! [`Verdict`]: what the gate of promotions says of a version before anybody asks it: on which comparison, and why not.
//!
//! Comparisons are found in `comparisons/` below the models folder, where `recontact-train compare --out` was told to write them.

use super::artifact::{Manifest, ModelKind};
use super::comparison::{ComparedModel, Comparison, ComparisonError, ReadComparison};
use super::live::{LiveEntry, Registry};
use std::fs;
use std::path::PathBuf;

/// The folder of comparisons below the models folder.
pub const COMPARISONS: &str = "comparisons";

/// Most files of that folder that are read.
const MOST_COMPARISONS: usize = 1000;

/// What the gate says of making a version live.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// It would be the first of its kind.
    First,
    /// It is the live model to the byte.
    Same,
    /// Nobody has compared it with a model of its kind.
    NotCompared,
    /// It was compared with the live one and is not worse.
    Passes(Box<ReadComparison>),
    /// It was compared, and that does not let it take the place of the live one.
    Refused(Box<ReadComparison>, ComparisonError),
    /// A manifest cannot be read, so nothing can be said.
    Unreadable(String),
}

impl Verdict {
    /// Whether the version may be made live without overriding the gate.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self, Self::First | Self::Same | Self::Passes(_))
    }

    /// The comparison that it is about.
    #[must_use]
    pub fn comparison(&self) -> Option<&ReadComparison> {
        match self {
            Self::Passes(read) | Self::Refused(read, _) => Some(read),
            Self::First | Self::Same | Self::NotCompared | Self::Unreadable(_) => None,
        }
    }
}

impl Registry {
    /// Where comparisons are found.
    #[must_use]
    pub fn comparisons_folder(&self) -> PathBuf {
        self.root().join(COMPARISONS)
    }

    /// Every comparison of models of a kind that can be read, the latest first.
    #[must_use]
    pub fn comparisons(&self, kind: ModelKind) -> Vec<ReadComparison> {
        let files = fs::read_dir(self.comparisons_folder()).into_iter().flatten().flatten();
        let files = files.map(|file| file.path());
        let mut found: Vec<ReadComparison> = files
            .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
            .take(MOST_COMPARISONS)
            .filter_map(|path| Comparison::read(&path).ok())
            .filter(|read| read.comparison.kind == kind)
            .collect();
        found.sort_by_key(|read| std::cmp::Reverse(read.comparison.compared_at));
        found
    }

    /// What the gate says of a version, by the manifests as they are. The same rules as those of [`Registry::promote_on`], which
    /// also checks every other file.
    #[must_use]
    pub fn verdict(
        &self,
        kind: ModelKind,
        entry: Option<&LiveEntry>,
        version: &str,
        comparisons: &[ReadComparison],
    ) -> Verdict {
        let Some(entry) = entry else { return Verdict::First };
        let read = |version: &str| -> Result<(ComparedModel, Manifest), String> {
            let (manifest, manifest_sha256) = Manifest::read_pinned(&self.folder(kind, version))
                .map_err(|error| error.to_string())?;
            Ok((ComparedModel { version: version.to_owned(), manifest_sha256 }, manifest))
        };
        let candidate = match read(version) {
            Ok(candidate) => candidate,
            Err(error) => return Verdict::Unreadable(error),
        };
        if candidate.0.manifest_sha256 == entry.manifest_sha256 {
            return Verdict::Same;
        }
        let about = |read: &&ReadComparison| {
            read.comparison.b.manifest_sha256 == candidate.0.manifest_sha256
        };
        let with_live =
            |read: &&ReadComparison| read.comparison.a.manifest_sha256 == entry.manifest_sha256;
        // The latest with the live model, else the latest with another one: that says at least with which.
        let mut of_candidate = comparisons.iter().filter(about);
        let found = of_candidate.clone().find(with_live).or_else(|| of_candidate.next());
        let Some(found) = found.cloned().map(Box::new) else { return Verdict::NotCompared };
        let live = match read(&entry.version) {
            Ok(live) => live,
            Err(error) => return Verdict::Unreadable(error),
        };
        match found.comparison.check((&live.0, &live.1), (&candidate.0, &candidate.1)) {
            Ok(()) => Verdict::Passes(found),
            Err(error) => Verdict::Refused(found, error),
        }
    }
}
