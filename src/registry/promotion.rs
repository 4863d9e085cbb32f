//! Promotion on grounds: what takes the place of a live model was compared with it and is not worse, or somebody says
//! why it shall be live all the same. Who, when and why stay in `live.toml`, in the same step that changes what is live.

use super::artifact::{Artifact, ModelKind};
use super::comparison::{ComparedModel, ReadComparison};
use super::live::{LiveEntry, LiveFile, Registry, RegistryError, ShadowEntry};
use crate::timestamp::Timestamp;
use serde::{Deserialize, Serialize};

/// Most characters of a name or a reason.
const MOST_CHARACTERS: usize = 1000;

/// Why a model shall be live.
#[derive(Debug, Clone, PartialEq)]
pub enum Grounds {
    /// Nothing is said; enough where no model of the kind was live.
    None,
    /// It was compared with the live one.
    Comparison(Box<ReadComparison>),
    /// Somebody wants it.
    Forced(Reason),
}

/// A text that is not empty, of one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Reason(String);

/// Who changes what is live, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// A name, as far as it is known.
    pub by: String,
    /// The instant.
    pub at: Timestamp,
    /// Why, where somebody says it.
    pub reason: Option<Reason>,
    /// The version that they took for the live one, empty where none was; `None` where they did not look. If another one is live by
    /// then, nothing is done.
    pub decided_on: Option<String>,
}

/// What was done to a kind of models. Entries are added and never changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HistoryEntry {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: String,
    /// The version that became live.
    pub version: String,
    /// How.
    pub step: Step,
    /// Why, where somebody said it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// What the comparison said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compared: Option<String>,
    /// SHA-256 of the comparison file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comparison_sha256: Option<String>,
}

/// How a version became live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// It was the first of its kind.
    First,
    /// It was compared with the one before and was not worse.
    Promoted,
    /// Somebody wanted it.
    Forced,
    /// It was live before and is again.
    RolledBack,
}

impl Step {
    /// The word in `live.toml` and answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Promoted => "promoted",
            Self::Forced => "forced",
            Self::RolledBack => "rolled_back",
        }
    }
}

impl std::fmt::Display for HistoryEntry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} by {}", self.step.as_str().replace('_', " "), self.at, self.by)?;
        let said = self.reason.as_ref().map(Reason::as_str).or(self.compared.as_deref());
        match said {
            Some(said) => write!(f, ": {said}"),
            None => Ok(()),
        }
    }
}

impl Reason {
    /// Checks a text.
    ///
    /// # Errors
    /// What is wrong with it: empty, too long, or more than one line.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.is_empty() || text.chars().count() > MOST_CHARACTERS {
            return Err(format!("expected 1 to {MOST_CHARACTERS} characters"));
        }
        if text.chars().any(char::is_control) {
            return Err("expected one line without control characters".to_owned());
        }
        Ok(Self(text.to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Note {
    /// Whether what they decided on is still so.
    fn check(&self, live: &LiveFile, kind: ModelKind) -> Result<(), RegistryError> {
        let version = live.get(&kind).map_or("", |entry| &entry.version);
        match &self.decided_on {
            Some(seen) if seen != version => {
                Err(RegistryError::Overtaken { kind, live: version.to_owned() })
            }
            _ => Ok(()),
        }
    }
}

impl TryFrom<String> for Reason {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<Reason> for String {
    fn from(reason: Reason) -> Self {
        reason.0
    }
}

impl Registry {
    /// Makes a version live after checking it whole, on grounds, and notes who did it; whether anything was changed. The version that is
    /// live already stays so without any, and what is the same to the byte needs none.
    ///
    /// # Errors
    /// [`RegistryError`]; then what was live stays live.
    pub fn promote_on(
        &self,
        kind: ModelKind,
        version: &str,
        grounds: &Grounds,
        note: &Note,
    ) -> Result<bool, RegistryError> {
        let candidate = self.verify(kind, version)?;
        let _locked = self.lock()?;
        let mut live = self.live()?;
        if live.get(&kind).is_none_or(|entry| entry.version != version) {
            note.check(&live, kind)?;
        }
        let (step, compared) = match live.get(&kind) {
            None => (Step::First, None),
            Some(entry) if entry.manifest_sha256 == candidate.manifest_sha256() => {
                if entry.version == version {
                    return Ok(false);
                }
                (Step::Promoted, Some("the same model under another name".to_owned()))
            }
            Some(entry) => self.weigh(kind, entry, &candidate, grounds)?,
        };
        let comparison_sha256 = match grounds {
            Grounds::Comparison(read) if step == Step::Promoted => Some(read.sha256.clone()),
            _ => None,
        };
        let reason = match grounds {
            Grounds::Forced(reason) => Some(reason.clone()),
            Grounds::None | Grounds::Comparison(_) => note.reason.clone(),
        };
        Self::replace(&mut live, kind, &candidate);
        Self::add_history(&mut live, kind, |version| HistoryEntry {
            at: note.at,
            by: note.by.clone(),
            version,
            step,
            reason,
            compared,
            comparison_sha256,
        });
        self.write(&live)?;
        Ok(true)
    }

    /// Whether the grounds are good enough to take the place of a live model, and what a comparison says.
    fn weigh(
        &self,
        kind: ModelKind,
        entry: &LiveEntry,
        candidate: &Artifact,
        grounds: &Grounds,
    ) -> Result<(Step, Option<String>), RegistryError> {
        let read = match grounds {
            Grounds::Forced(_) => return Ok((Step::Forced, None)),
            Grounds::None => {
                return Err(RegistryError::NoGrounds { kind, live: entry.version.clone() });
            }
            Grounds::Comparison(read) => read,
        };
        let live = self.open_live(kind, entry)?;
        let model = |artifact: &Artifact| ComparedModel {
            version: artifact.version().to_owned(),
            manifest_sha256: artifact.manifest_sha256().to_owned(),
        };
        read.comparison
            .check((&model(&live), live.manifest()), (&model(candidate), candidate.manifest()))?;
        Ok((Step::Promoted, Some(read.comparison.told())))
    }

    /// Makes the version live that was before the present one, after checking it whole, and notes who did it. Returns that
    /// version.
    ///
    /// # Errors
    /// [`RegistryError::NothingBefore`], [`RegistryError::Overtaken`], or what is wrong with that version; then what was live stays live.
    pub fn roll_back_noted(&self, kind: ModelKind, note: &Note) -> Result<String, RegistryError> {
        let _locked = self.lock()?;
        let mut live = self.live()?;
        note.check(&live, kind)?;
        let version = self.step_back(&mut live, kind)?;
        Self::add_history(&mut live, kind, |version| HistoryEntry {
            at: note.at,
            by: note.by.clone(),
            version,
            step: Step::RolledBack,
            reason: note.reason.clone(),
            compared: None,
            comparison_sha256: None,
        });
        self.write(&live)?;
        Ok(version)
    }

    /// Lets a version be scored beside the live one, after checking it whole; none ends that.
    ///
    /// # Errors
    /// [`RegistryError::NoShadow`] where nothing is live or the version is live itself; what is wrong with the version.
    pub fn shadow(&self, kind: ModelKind, version: Option<&str>) -> Result<(), RegistryError> {
        let _locked = self.lock()?;
        let mut live = self.live()?;
        let entry = live
            .get_mut(&kind)
            .ok_or(RegistryError::NoShadow { kind, reason: "no model of this kind is live" })?;
        entry.shadow = match version {
            None => None,
            Some(version) if version == entry.version => {
                let reason = "this version is the live one";
                return Err(RegistryError::NoShadow { kind, reason });
            }
            Some(version) => Some(ShadowEntry {
                version: version.to_owned(),
                manifest_sha256: self.verify(kind, version)?.manifest_sha256().to_owned(),
            }),
        };
        self.write(&live)
    }

    fn add_history(
        live: &mut LiveFile,
        kind: ModelKind,
        entry: impl FnOnce(String) -> HistoryEntry,
    ) {
        if let Some(of_kind) = live.get_mut(&kind) {
            let added = entry(of_kind.version.clone());
            of_kind.history.push(added);
        }
    }
}
