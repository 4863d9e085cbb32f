//! [`Registry`]: which model folders there are and which of them is live (`models/live.toml`).
//!
//! `live.toml` pins the checksum of a promoted model's manifest, and the manifest those of its files, so nothing of a live
//! model can change unseen. Promotion and rollback edit `live.toml` only, and only after the model was opened whole.

use super::artifact::{Artifact, ArtifactError, MANIFEST, Manifest, ModelKind, is_version};
use super::comparison::ComparisonError;
use super::promotion::HistoryEntry;
use crate::classify::head::TextHead;
use crate::risk::RiskModel;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The file below the models folder that says what is live.
pub const LIVE: &str = "live.toml";

/// The folder of trained models.
#[derive(Debug, Clone)]
pub struct Registry {
    root: PathBuf,
}

/// What is live of one kind, and what was before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LiveEntry {
    /// The live version.
    pub version: String,
    /// SHA-256 of its manifest when it was promoted.
    pub manifest_sha256: String,
    /// Versions that were live before, the latest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub previous: Vec<String>,
    /// A version that is scored beside the live one without being told to anybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shadow: Option<ShadowEntry>,
    /// Who made what live, when and why; the latest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<HistoryEntry>,
}

/// A model that is scored beside the live one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShadowEntry {
    /// Its version.
    pub version: String,
    /// SHA-256 of its manifest when it was named.
    pub manifest_sha256: String,
}

impl LiveEntry {
    /// Whether both name the same model, however it came to be live.
    #[must_use]
    pub fn is_same_model(&self, other: &Self) -> bool {
        self.version == other.version && self.manifest_sha256 == other.manifest_sha256
    }
}

/// The content of `live.toml`.
pub type LiveFile = BTreeMap<ModelKind, LiveEntry>;

/// A model folder as listed, without its files having been checked.
#[derive(Debug, Clone)]
pub struct Listed {
    /// What it does.
    pub kind: ModelKind,
    /// The folder's name.
    pub version: String,
    /// Whether it is the live one.
    pub is_live: bool,
    /// Its manifest, or why that cannot be read.
    pub manifest: Result<Manifest, String>,
}

/// Why the registry refuses.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The model's folder is damaged or missing.
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
    /// `live.toml` cannot be read or written.
    #[error("{path}: {reason}")]
    LiveFile {
        /// The file.
        path: PathBuf,
        /// What was wrong.
        reason: String,
    },
    /// There is nothing to roll back to.
    #[error("no {0} model was live before the present one")]
    NothingBefore(ModelKind),
    /// The word is no version.
    #[error("{0:?} is no version: expected the name of a folder below models/{1}")]
    NoVersion(String, ModelKind),
    /// A model is live, and nothing says that the new one is not worse.
    #[error(
        "{kind} model {live} is live: compare the new one with it (`recontact-train compare --a … --b … --data … --out FILE`) \
         and give --comparison FILE, or give --force --reason TEXT"
    )]
    NoGrounds {
        /// The kind.
        kind: ModelKind,
        /// The live version.
        live: String,
    },
    /// The comparison does not let the model take the place of the live one.
    #[error("{0}; --force --reason TEXT promotes all the same")]
    Comparison(#[from] ComparisonError),
    /// Another model became live after somebody had decided.
    #[error("{kind} model {live:?} is live by now; nothing was changed")]
    Overtaken {
        /// The kind.
        kind: ModelKind,
        /// The live version, empty where none is.
        live: String,
    },
    /// No model can be scored beside the live one.
    #[error("no {kind} model can run beside the live one: {reason}")]
    NoShadow {
        /// The kind.
        kind: ModelKind,
        /// Why.
        reason: &'static str,
    },
    /// The manifest is not the one that was promoted.
    #[error("{path}: the manifest is not the one that was promoted: it was changed, or {LIVE} was")]
    NotAsPromoted {
        /// The manifest.
        path: PathBuf,
    },
}

impl Registry {
    /// The registry in `root`, usually `models`.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// The folder of one version.
    #[must_use]
    pub fn folder(&self, kind: ModelKind, version: &str) -> PathBuf {
        self.root.join(kind.as_str()).join(version)
    }

    /// The folder of an encoder named on the command line, in the configuration or in a manifest: a path to a folder
    /// or the name of one below `models/encoder`.
    #[must_use]
    pub fn encoder_folder(&self, name_or_path: &str) -> PathBuf {
        let path = Path::new(name_or_path);
        if path.components().count() > 1 || path.is_dir() {
            path.to_owned()
        } else {
            self.root.join("encoder").join(name_or_path)
        }
    }

    /// What is live. No file means nothing is.
    ///
    /// # Errors
    /// [`RegistryError::LiveFile`] if the file cannot be read or understood.
    pub fn live(&self) -> Result<LiveFile, RegistryError> {
        let path = self.root.join(LIVE);
        let failed = |reason: String| RegistryError::LiveFile { path: path.clone(), reason };
        match fs::read_to_string(&path) {
            Ok(text) => toml::from_str(&text).map_err(|error| failed(error.to_string())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(LiveFile::new()),
            Err(error) => Err(failed(error.to_string())),
        }
    }

    /// Opens the live model of a kind and checks that it is the one that was promoted.
    ///
    /// # Errors
    /// [`RegistryError`], naming the file.
    pub fn open_live(&self, kind: ModelKind, entry: &LiveEntry) -> Result<Artifact, RegistryError> {
        let artifact = self.open(kind, &entry.version)?;
        if artifact.manifest_sha256() != entry.manifest_sha256 {
            return Err(RegistryError::NotAsPromoted { path: artifact.folder().join(MANIFEST) });
        }
        Ok(artifact)
    }

    /// Opens a version and checks all of its files.
    ///
    /// # Errors
    /// [`RegistryError`], naming the file.
    pub fn open(&self, kind: ModelKind, version: &str) -> Result<Artifact, RegistryError> {
        if !is_version(version) {
            return Err(RegistryError::NoVersion(version.to_owned(), kind));
        }
        Ok(Artifact::open(&self.folder(kind, version), kind)?)
    }

    /// Opens a version and also builds the model in it, as the service would.
    ///
    /// # Errors
    /// [`RegistryError`], naming the file.
    pub fn verify(&self, kind: ModelKind, version: &str) -> Result<Artifact, RegistryError> {
        let artifact = self.open(kind, version)?;
        match kind {
            ModelKind::Risk => drop(RiskModel::load(&artifact)?),
            ModelKind::Category
            | ModelKind::Kind
            | ModelKind::Urgency
            | ModelKind::Team
            | ModelKind::Language => drop(TextHead::load(&artifact)?),
        }
        Ok(artifact)
    }

    /// Makes a version live, after checking it whole. Nobody is asked why and nothing is noted:
    /// [`Registry::promote_on`] does both.
    ///
    /// # Errors
    /// [`RegistryError`]; then what was live stays live.
    pub fn promote(&self, kind: ModelKind, version: &str) -> Result<(), RegistryError> {
        let artifact = self.verify(kind, version)?;
        let _locked = self.lock()?;
        let mut live = self.live()?;
        Self::replace(&mut live, kind, &artifact);
        self.write(&live)
    }

    /// Makes the version live that was before the present one, after checking it whole. Returns that version.
    ///
    /// # Errors
    /// [`RegistryError::NothingBefore`], or what is wrong with that version; then what was live stays live.
    pub fn roll_back(&self, kind: ModelKind) -> Result<String, RegistryError> {
        let _locked = self.lock()?;
        let mut live = self.live()?;
        let version = self.step_back(&mut live, kind)?;
        self.write(&live)?;
        Ok(version)
    }

    /// Puts a model in the place of the live one. It is no shadow any more.
    pub(super) fn replace(live: &mut LiveFile, kind: ModelKind, artifact: &Artifact) {
        let (version, manifest_sha256) =
            (artifact.version().to_owned(), artifact.manifest_sha256().to_owned());
        let entry = match live.remove(&kind) {
            None => LiveEntry {
                version,
                manifest_sha256,
                previous: Vec::new(),
                shadow: None,
                history: Vec::new(),
            },
            Some(mut before) => {
                if before.version != version {
                    before.previous.push(before.version);
                }
                let shadow = before.shadow.filter(|shadow| shadow.version != version);
                LiveEntry { version, manifest_sha256, shadow, ..before }
            }
        };
        live.insert(kind, entry);
    }

    /// Puts the version before the present one in its place.
    pub(super) fn step_back(
        &self,
        live: &mut LiveFile,
        kind: ModelKind,
    ) -> Result<String, RegistryError> {
        let entry = live.get_mut(&kind).ok_or(RegistryError::NothingBefore(kind))?;
        let version = entry.previous.pop().ok_or(RegistryError::NothingBefore(kind))?;
        let artifact = self.verify(kind, &version)?;
        artifact.manifest_sha256().clone_into(&mut entry.manifest_sha256);
        entry.version.clone_from(&version);
        if entry.shadow.as_ref().is_some_and(|shadow| shadow.version == version) {
            entry.shadow = None;
        }
        Ok(version)
    }

    /// Every model folder, by kind and version, marked with what `live` says. Nothing but the manifests is read.
    #[must_use]
    pub fn list(&self, live: &LiveFile) -> Vec<Listed> {
        let mut listed = Vec::new();
        for kind in ModelKind::ALL {
            let mut versions: Vec<String> = fs::read_dir(self.root.join(kind.as_str()))
                .into_iter()
                .flatten()
                .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
                .filter(|name| is_version(name))
                .collect();
            versions.sort();
            for version in versions {
                let manifest = Manifest::read(&self.folder(kind, &version));
                let manifest = manifest.map_err(|error| error.to_string());
                let is_live = live.get(&kind).is_some_and(|entry| entry.version == version);
                listed.push(Listed { kind, version, is_live, manifest });
            }
        }
        listed
    }

    /// Waits until nobody else changes what is live, and keeps it so until the answer is dropped. What is changed is read
    /// after this, so that no step of another process is lost.
    pub(super) fn lock(&self) -> Result<fs::File, RegistryError> {
        let failed = |error: io::Error| RegistryError::LiveFile {
            path: self.root.clone(),
            reason: format!("cannot be locked: {error}"),
        };
        let folder = fs::File::open(&self.root).map_err(failed)?;
        folder.lock().map_err(failed)?;
        Ok(folder)
    }

    /// Replaces `live.toml` in one step: a reader sees the old or the new content. The caller holds the lock, so the file
    /// beside it is nobody else's, and one that a killed process left is written over.
    pub(super) fn write(&self, live: &LiveFile) -> Result<(), RegistryError> {
        let path = self.root.join(LIVE);
        let failed = |reason: String| RegistryError::LiveFile { path: path.clone(), reason };
        let text = toml::to_string(live).map_err(|error| failed(error.to_string()))?;
        let staging = self.root.join(format!(".{LIVE}.partial"));
        fs::write(
            &staging,
            format!("# Written by `recontact models promote`, `rollback` and `shadow`.\n{text}"),
        )
        .and_then(|()| fs::File::open(&staging)?.sync_all())
        .and_then(|()| fs::rename(&staging, &path))
        .inspect_err(|_| drop(fs::remove_file(&staging)))
        .map_err(|error| failed(error.to_string()))
    }
}
