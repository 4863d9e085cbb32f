//! [`Artifact`]: one trained model as a folder that never changes after it is written.
//!
//! ```text
//! models/category/banking77-2/
//!   manifest.json        what it is, what it was trained on and with, how good it is, checksums of the other files
//!   weights.safetensors  (category) or model.json (risk)
//!   card.md              the same for people
//! ```
//!
//! A folder is written beside its place and moved there whole, so a torn write leaves nothing behind that looks like a model.

use crate::contact::Head;
use crate::timestamp::Timestamp;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// The name of the manifest file.
pub const MANIFEST: &str = "manifest.json";
/// The name of the model card file.
pub const CARD: &str = "card.md";
/// The manifest format this program writes and reads.
const FORMAT: u32 = 1;

/// What a model does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ModelKind {
    /// Text to issue category.
    Category,
    /// Text to technical, informational, complaint or suggestion.
    Kind,
    /// Text to how soon it needs an answer.
    Urgency,
    /// Text to who should take it.
    Team,
    /// Text to its language.
    Language,
    /// Closed ticket to recontact risk.
    Risk,
}

impl ModelKind {
    /// Every kind, in the order in which they are listed.
    pub const ALL: [Self; 6] =
        [Self::Category, Self::Kind, Self::Urgency, Self::Team, Self::Language, Self::Risk];

    /// The folder below `models/` and the word on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Category => Head::Category.as_str(),
            Self::Kind => Head::Kind.as_str(),
            Self::Urgency => Head::Urgency.as_str(),
            Self::Team => Head::Team.as_str(),
            Self::Language => Head::Language.as_str(),
            Self::Risk => "risk",
        }
    }

    /// The head of a model of texts; none for risk.
    #[must_use]
    pub fn head(self) -> Option<Head> {
        match self {
            Self::Category => Some(Head::Category),
            Self::Kind => Some(Head::Kind),
            Self::Urgency => Some(Head::Urgency),
            Self::Team => Some(Head::Team),
            Self::Language => Some(Head::Language),
            Self::Risk => None,
        }
    }
}

impl From<Head> for ModelKind {
    fn from(head: Head) -> Self {
        match head {
            Head::Category => Self::Category,
            Head::Kind => Self::Kind,
            Head::Urgency => Self::Urgency,
            Head::Team => Self::Team,
            Head::Language => Self::Language,
        }
    }
}

impl std::fmt::Display for ModelKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for ModelKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| {
            let kinds = Self::ALL.map(Self::as_str).join(", ");
            format!("expected one of {kinds}, got {text:?}")
        })
    }
}

/// A data file a model was trained or tested on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataFile {
    /// `train`, `test` or `corrections` of a model of texts; `tickets`, `outcomes` or `treated` of a risk model.
    pub role: String,
    /// The file's name without its folder.
    pub file: String,
    /// SHA-256 of the file, hexadecimal.
    pub sha256: String,
    /// Rows read from it.
    pub rows: usize,
}

/// Size and checksum of a file in the folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileSum {
    /// Length in bytes.
    pub bytes: u64,
    /// SHA-256, hexadecimal.
    pub sha256: String,
}

/// `manifest.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Format of this file.
    pub format: u32,
    /// What the model does.
    pub kind: ModelKind,
    /// The model's version: the name of its folder when it was written.
    pub version: String,
    /// When it was trained.
    pub created_at: Timestamp,
    /// Program and version that wrote it.
    pub program: String,
    /// The files it was trained and tested on.
    pub data: Vec<DataFile>,
    /// Every parameter of the run, so that it can be repeated.
    pub parameters: serde_json::Value,
    /// What the loading code needs besides the weights; its form belongs to the kind.
    pub model: serde_json::Value,
    /// Figures on held-out data and of the baselines.
    pub metrics: serde_json::Value,
    /// The other files of the folder.
    pub files: BTreeMap<String, FileSum>,
}

impl Manifest {
    /// Reads the manifest of a folder; the files it names are not looked at.
    ///
    /// # Errors
    /// [`ArtifactError`], naming the file, when it is missing or not a manifest of this program.
    pub fn read(folder: &Path) -> Result<Self, ArtifactError> {
        Self::read_with_bytes(folder).map(|(manifest, _)| manifest)
    }

    /// The same with the manifest's SHA-256, which stands for the whole folder.
    ///
    /// # Errors
    /// As [`Manifest::read`].
    pub fn read_pinned(folder: &Path) -> Result<(Self, String), ArtifactError> {
        let (manifest, bytes) = Self::read_with_bytes(folder)?;
        Ok((manifest, sha256_hex(&bytes)))
    }

    fn read_with_bytes(folder: &Path) -> Result<(Self, Vec<u8>), ArtifactError> {
        let path = folder.join(MANIFEST);
        let bytes = read(&path)?;
        let unreadable = |error: serde_json::Error| ArtifactError::Manifest {
            path: path.clone(),
            reason: error.to_string(),
        };
        // First of all the format: another one may have other fields, and what is wrong then is not those.
        let Written { format } = serde_json::from_slice(&bytes).map_err(unreadable)?;
        if format != FORMAT {
            let reason = format!("format {format} where {FORMAT} was expected");
            return Err(ArtifactError::Manifest { path, reason });
        }
        let manifest: Self = serde_json::from_slice(&bytes).map_err(unreadable)?;
        Ok((manifest, bytes))
    }
}

/// What every format of a manifest says.
#[derive(Deserialize)]
struct Written {
    format: u32,
}

/// Why a model folder is refused. Each message names the folder and the file.
#[derive(Debug, thiserror::Error)]
pub enum ArtifactError {
    /// A file cannot be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file that the manifest names is not there.
    #[error("{path}: the file is missing from the model folder")]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The manifest cannot be understood.
    #[error("{path}: not a manifest of this program: {reason}")]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// What was wrong with it.
        reason: String,
    },
    /// A file is shorter or longer than written.
    #[error(
        "{path}: the file has {found} bytes, {expected} were written: it is truncated or changed"
    )]
    Length {
        /// The file.
        path: PathBuf,
        /// Bytes in the manifest.
        expected: u64,
        /// Bytes on disk.
        found: u64,
    },
    /// A file's content is not what was written.
    #[error("{path}: the checksum is {found}, expected {expected}: the file was changed")]
    Checksum {
        /// The file.
        path: PathBuf,
        /// The checksum it should have.
        expected: String,
        /// The checksum it has.
        found: String,
    },
    /// The folder holds a model of another kind.
    #[error("{path}: holds a {found} model, a {expected} model was expected")]
    Kind {
        /// The folder.
        path: PathBuf,
        /// What was asked for.
        expected: ModelKind,
        /// What it is.
        found: ModelKind,
    },
    /// The content passed its checksum but does not form a model.
    #[error("{path}: {reason}")]
    Content {
        /// The file.
        path: PathBuf,
        /// What was wrong with it.
        reason: String,
    },
    /// The folder to be written has something in it already.
    #[error(
        "{path}: the folder is not empty; a model never changes after it is written, name a new folder"
    )]
    Occupied {
        /// The folder.
        path: PathBuf,
    },
    /// The folder's name cannot be a version.
    #[error(
        "{path}: a version is 1 to 100 letters, digits, '.', '_' or '-', starting with a letter or digit"
    )]
    Version {
        /// The folder.
        path: PathBuf,
    },
}

/// A model folder whose every file was checked against its manifest.
#[derive(Debug, Clone)]
pub struct Artifact {
    folder: PathBuf,
    manifest: Manifest,
    manifest_sha256: String,
    files: BTreeMap<String, Vec<u8>>,
}

impl Artifact {
    /// Opens a folder: reads the manifest and every file it names and checks their lengths and checksums.
    ///
    /// The files' contents are kept in memory, so what was checked is what is used.
    ///
    /// # Errors
    /// [`ArtifactError`], naming the file, when anything is missing, truncated, changed or of another kind.
    pub fn open(folder: &Path, kind: ModelKind) -> Result<Self, ArtifactError> {
        let (manifest, bytes) = Manifest::read_with_bytes(folder)?;
        if manifest.kind != kind {
            let found = manifest.kind;
            return Err(ArtifactError::Kind { path: folder.to_owned(), expected: kind, found });
        }
        let mut files = BTreeMap::new();
        for (name, sum) in &manifest.files {
            let path = folder.join(name);
            if Path::new(name).components().count() != 1 {
                let reason = format!("{name:?} is no file name");
                return Err(ArtifactError::Manifest { path: folder.join(MANIFEST), reason });
            }
            let content = read(&path)?;
            let found = content.len() as u64;
            if found != sum.bytes {
                return Err(ArtifactError::Length { path, expected: sum.bytes, found });
            }
            check_sha256(&path, &content, &sum.sha256)?;
            files.insert(name.clone(), content);
        }
        Ok(Self { folder: folder.to_owned(), manifest, manifest_sha256: sha256_hex(&bytes), files })
    }

    /// Writes a new folder: `files` as given, `card.md`, and the manifest with the checksums of all of them.
    ///
    /// `version` and `files` of the manifest are filled in here; the version is the folder's name.
    ///
    /// # Errors
    /// [`ArtifactError::Occupied`] if the folder has something in it, [`ArtifactError::Version`] if its name is no
    /// version, [`ArtifactError::Io`] if it cannot be written; then nothing is left behind.
    pub fn write(
        folder: &Path,
        mut manifest: Manifest,
        mut files: BTreeMap<String, Vec<u8>>,
        card: &str,
    ) -> Result<Self, ArtifactError> {
        Self::check_destination(folder)?;
        manifest.format = FORMAT;
        manifest.version = version_of(folder)?;
        files.insert(CARD.to_owned(), card.as_bytes().to_vec());
        manifest.files = files
            .iter()
            .map(|(name, content)| {
                (name.clone(), FileSum { bytes: content.len() as u64, sha256: sha256_hex(content) })
            })
            .collect();
        let mut json = serde_json::to_vec_pretty(&manifest).map_err(|error| {
            ArtifactError::Manifest { path: folder.join(MANIFEST), reason: error.to_string() }
        })?;
        json.push(b'\n');

        let parent =
            folder.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::create_dir_all(parent).map_err(|source| io_error(parent, source))?;
        let staging = parent.join(format!(".{}.partial", manifest.version));
        let written = remove(&staging).and_then(|()| write_all(&staging, &files, &json));
        let written = written.and_then(|()| {
            // An empty folder of that name may exist; a rename onto it is allowed.
            fs::rename(&staging, folder).map_err(|source| io_error(folder, source))
        });
        if let Err(error) = written {
            // The staging folder is ours alone; failing to remove it must not hide the first error.
            let _ = fs::remove_dir_all(&staging);
            return Err(error);
        }
        let manifest_sha256 = sha256_hex(&json);
        Ok(Self { folder: folder.to_owned(), manifest, manifest_sha256, files })
    }

    /// Checks that a model could be written to `folder`, before hours are spent on training it.
    ///
    /// # Errors
    /// [`ArtifactError::Occupied`] or [`ArtifactError::Version`].
    pub fn check_destination(folder: &Path) -> Result<(), ArtifactError> {
        version_of(folder)?;
        match fs::read_dir(folder) {
            Ok(mut entries) => match entries.next() {
                Some(_) => Err(ArtifactError::Occupied { path: folder.to_owned() }),
                None => Ok(()),
            },
            Err(source) if source.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(source) => Err(io_error(folder, source)),
        }
    }

    /// The folder it was read from.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The version: the folder's name, also where the folder was copied from another.
    #[must_use]
    pub fn version(&self) -> &str {
        self.folder.file_name().and_then(|name| name.to_str()).unwrap_or(&self.manifest.version)
    }

    /// The manifest.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// SHA-256 of the manifest file; since the manifest names the checksums of all other files, it stands for the whole folder.
    #[must_use]
    pub fn manifest_sha256(&self) -> &str {
        &self.manifest_sha256
    }

    /// The checked content of a file.
    ///
    /// # Errors
    /// [`ArtifactError::Missing`] if the manifest does not name it.
    pub fn file(&self, name: &str) -> Result<&[u8], ArtifactError> {
        self.files
            .get(name)
            .map(Vec::as_slice)
            .ok_or_else(|| ArtifactError::Missing { path: self.folder.join(name) })
    }

    /// The manifest's `model` part in the form its kind gives it.
    ///
    /// # Errors
    /// [`ArtifactError::Manifest`] if it has another form.
    pub fn model<T: DeserializeOwned>(&self) -> Result<T, ArtifactError> {
        T::deserialize(&self.manifest.model).map_err(|error| ArtifactError::Manifest {
            path: self.folder.join(MANIFEST),
            reason: format!("model: {error}"),
        })
    }

    /// An error about the content of one of this folder's files.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "callers hand over errors they do not keep")]
    pub fn content_error(&self, file: &str, reason: impl ToString) -> ArtifactError {
        ArtifactError::Content { path: self.folder.join(file), reason: reason.to_string() }
    }
}

/// SHA-256 of `bytes`, hexadecimal.
#[must_use]
pub fn sha256_hex(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}

/// SHA-256 of a file of any size, hexadecimal, read in pieces.
///
/// # Errors
/// [`ArtifactError::Io`] or [`ArtifactError::Missing`], naming the file.
pub fn sha256_file(path: &Path) -> Result<String, ArtifactError> {
    let mut file = fs::File::open(path).map_err(|source| io_error(path, source))?;
    let mut digest = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer).map_err(|source| io_error(path, source))? {
            0 => return Ok(format!("{:x}", digest.finalize())),
            n => digest.update(&buffer[..n]),
        }
    }
}

/// Compares a content with the checksum it should have.
///
/// # Errors
/// [`ArtifactError::Checksum`] with both.
pub fn check_sha256(path: &Path, content: &[u8], expected: &str) -> Result<(), ArtifactError> {
    let found = sha256_hex(content);
    if found == expected {
        Ok(())
    } else {
        Err(ArtifactError::Checksum { path: path.to_owned(), expected: expected.to_owned(), found })
    }
}

/// Removes what a writer that was killed has left.
fn remove(staging: &Path) -> Result<(), ArtifactError> {
    match fs::remove_dir_all(staging) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(io_error(staging, source)),
        _ => Ok(()),
    }
}

fn write_all(
    folder: &Path,
    files: &BTreeMap<String, Vec<u8>>,
    manifest: &[u8],
) -> Result<(), ArtifactError> {
    fs::create_dir_all(folder).map_err(|source| io_error(folder, source))?;
    let all = files.iter().map(|(name, content)| (name.as_str(), content.as_slice()));
    for (name, content) in all.chain([(MANIFEST, manifest)]) {
        let path = folder.join(name);
        fs::write(&path, content)
            .and_then(|()| fs::File::open(&path)?.sync_all())
            .map_err(|source| io_error(&path, source))?;
    }
    Ok(())
}

fn version_of(folder: &Path) -> Result<String, ArtifactError> {
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if is_version(name) {
        Ok(name.to_owned())
    } else {
        Err(ArtifactError::Version { path: folder.to_owned() })
    }
}

/// Whether `name` may be a version: a folder name that is safe everywhere.
#[must_use]
pub fn is_version(name: &str) -> bool {
    name.len() <= 100
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
}

fn read(path: &Path) -> Result<Vec<u8>, ArtifactError> {
    fs::read(path).map_err(|source| io_error(path, source))
}

fn io_error(path: &Path, source: io::Error) -> ArtifactError {
    let path = path.to_owned();
    if source.kind() == io::ErrorKind::NotFound {
        ArtifactError::Missing { path }
    } else {
        ArtifactError::Io { path, source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(folder: &Path) -> Artifact {
        let manifest = Manifest {
            format: 0,
            kind: ModelKind::Risk,
            version: String::new(),
            created_at: Timestamp::parse("2026-01-05T09:00:00Z").unwrap(),
            program: "test".into(),
            data: vec![],
            parameters: serde_json::json!({"seed": 1}),
            model: serde_json::json!({"labels": ["а", "б"]}),
            metrics: serde_json::json!({}),
            files: BTreeMap::new(),
        };
        let files = BTreeMap::from([("model.json".to_owned(), b"{\"weights\":[1,2]}".to_vec())]);
        Artifact::write(folder, manifest, files, "# card\n").unwrap()
    }

    #[test]
    fn a_written_folder_opens_with_the_same_content() {
        let dir = tempfile::tempdir().unwrap();
        let written = sample(&dir.path().join("v1"));
        let opened = Artifact::open(written.folder(), ModelKind::Risk).unwrap();
        assert_eq!(opened.manifest(), written.manifest());
        assert_eq!(opened.manifest().version, "v1");
        assert_eq!(opened.file("model.json").unwrap(), b"{\"weights\":[1,2]}");
        assert_eq!(opened.manifest_sha256(), written.manifest_sha256());
    }

    #[test]
    fn a_folder_is_never_written_twice() {
        let dir = tempfile::tempdir().unwrap();
        let written = sample(&dir.path().join("v1"));
        let error = Artifact::check_destination(written.folder()).unwrap_err();
        assert!(matches!(error, ArtifactError::Occupied { .. }), "{error}");
    }

    #[test]
    fn every_missing_truncated_or_changed_file_is_refused_by_name() {
        for file in [MANIFEST, CARD, "model.json"] {
            let damages: [fn(&Path); 3] = [
                |path| fs::remove_file(path).unwrap(),
                |path| fs::write(path, &fs::read(path).unwrap()[..5]).unwrap(),
                |path| {
                    let mut content = fs::read(path).unwrap();
                    content[0] ^= 1;
                    fs::write(path, content).unwrap();
                },
            ];
            for damage in damages {
                let dir = tempfile::tempdir().unwrap();
                let written = sample(&dir.path().join("v1"));
                damage(&written.folder().join(file));
                let error = Artifact::open(written.folder(), ModelKind::Risk).unwrap_err();
                assert!(error.to_string().contains(file), "{error}");
            }
        }
    }

    #[test]
    fn a_model_of_another_kind_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let written = sample(&dir.path().join("v1"));
        let error = Artifact::open(written.folder(), ModelKind::Category).unwrap_err();
        assert!(matches!(error, ArtifactError::Kind { .. }), "{error}");
    }
}
