//! [`Comparison`]: what `recontact-train compare` found, as far as a promotion asks for it.

use super::artifact::{Manifest, ModelKind, sha256_hex};
use crate::statistics::Interval;
use crate::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};

/// The format of comparison files this program writes and reads.
pub const COMPARISON_FORMAT: u32 = 1;

/// By how much a deciding figure of a candidate may be worse than the live model's, where the interval leaves open which
/// is better: half a point of accuracy or ROC-AUC, or as much of log loss.
pub const PROMOTION_MARGIN: f64 = 0.005;

/// Fewer rows than this let no model be promoted: whatever they say, they cannot tell the two apart.
pub const FEWEST_ROWS: usize = 100;

/// Two models of one kind on the same rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Format of this file.
    pub format: u32,
    /// The kind of both models.
    pub kind: ModelKind,
    /// The first model; for a promotion the live one.
    pub a: ComparedModel,
    /// The second model; for a promotion the candidate.
    pub b: ComparedModel,
    /// The rows that both were asked about.
    pub data: ComparedData,
    /// When they were compared.
    pub compared_at: Timestamp,
    /// The figures of both.
    pub differences: Vec<Difference>,
}

/// One of two models.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComparedModel {
    /// Its version.
    pub version: String,
    /// SHA-256 of its manifest, which stands for the whole folder.
    pub manifest_sha256: String,
}

/// The file both were measured on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComparedData {
    /// Its name without the folder.
    pub file: String,
    /// SHA-256, hexadecimal.
    pub sha256: String,
    /// Rows that count.
    pub rows: usize,
}

/// One figure of both models.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// Its name, such as `accuracy`.
    pub metric: String,
    /// Whether more is better.
    pub higher_is_better: bool,
    /// Whether a promotion asks for it.
    pub decides: bool,
    /// The first model's figure.
    pub a: f64,
    /// The second model's figure.
    pub b: f64,
    /// `b - a`.
    pub difference: f64,
    /// 95 % interval of `difference`; none where it cannot be told.
    pub interval: Option<Interval>,
}

/// A comparison that was read from a file.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadComparison {
    /// Its content.
    pub comparison: Comparison,
    /// SHA-256 of the file, hexadecimal.
    pub sha256: String,
}

/// Why a comparison does not let a model be promoted.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ComparisonError {
    /// The file cannot be read or is no comparison.
    #[error("{path}: {reason}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What was wrong.
        reason: String,
    },
    /// It is about other models.
    #[error(
        "the comparison is of {found}; expected the live {kind} model {live} as --a and {candidate} as --b, with the \
         manifests they have now"
    )]
    OtherModels {
        /// The models it is about.
        found: String,
        /// The kind to be promoted.
        kind: ModelKind,
        /// The live version.
        live: String,
        /// The version to be promoted.
        candidate: String,
    },
    /// It was made before one of the models was trained.
    #[error(
        "the comparison is of {compared_at}, before model {version} was trained ({trained_at})"
    )]
    TooOld {
        /// When they were compared.
        compared_at: Timestamp,
        /// The later model.
        version: String,
        /// When that was trained.
        trained_at: Timestamp,
    },
    /// One of the models was trained on the rows it was measured on.
    #[error(
        "the comparison is on {file}, which model {version} was trained on; compare on rows that neither has seen"
    )]
    TrainedOn {
        /// The file.
        file: String,
        /// The model.
        version: String,
    },
    /// It is of too few rows.
    #[error("the comparison is of {rows} rows, expected at least {FEWEST_ROWS}")]
    TooFewRows {
        /// So many.
        rows: usize,
    },
    /// It says nothing that decides.
    #[error("the comparison has no figure that decides")]
    NothingDecides,
    /// The candidate is worse.
    #[error(
        "the candidate is worse: {metric} {candidate:.4} where the live model has {live:.4} (difference {told})"
    )]
    Worse {
        /// The figure.
        metric: String,
        /// The candidate's.
        candidate: f64,
        /// The live model's.
        live: f64,
        /// The difference with its interval.
        told: String,
    },
}

impl Difference {
    /// By how much `b` is better than `a`, and the interval of that.
    #[must_use]
    pub fn improvement(&self) -> (f64, Option<Interval>) {
        if self.higher_is_better {
            return (self.difference, self.interval);
        }
        let turned = |ends: Interval| Interval { low: -ends.high, high: -ends.low };
        (-self.difference, self.interval.map(turned))
    }

    /// Whether `b` is shown to be worse, or looks worse by more than [`PROMOTION_MARGIN`].
    #[must_use]
    pub fn is_worse(&self) -> bool {
        let (improvement, interval) = self.improvement();
        improvement < -PROMOTION_MARGIN || interval.is_some_and(|ends| ends.high < 0.0)
    }
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {:+.4}", self.metric, self.difference)?;
        match self.interval {
            Some(ends) => write!(f, " ({:+.4} to {:+.4})", ends.low, ends.high),
            None => Ok(()),
        }
    }
}

impl Comparison {
    /// Reads a file that `recontact-train compare --out` wrote.
    ///
    /// # Errors
    /// [`ComparisonError::Unreadable`] naming the file.
    pub fn read(path: &Path) -> Result<ReadComparison, ComparisonError> {
        let unreadable =
            |reason: String| ComparisonError::Unreadable { path: path.to_owned(), reason };
        let bytes = fs::read(path).map_err(|error| unreadable(error.to_string()))?;
        let comparison: Self = serde_json::from_slice(&bytes)
            .map_err(|error| unreadable(format!("not a comparison: {error}")))?;
        if comparison.format != COMPARISON_FORMAT {
            let found = comparison.format;
            return Err(unreadable(format!(
                "format {found} where {COMPARISON_FORMAT} was expected"
            )));
        }
        Ok(ReadComparison { comparison, sha256: sha256_hex(&bytes) })
    }

    /// Checks that this comparison lets `candidate` take the place of `live`: it is of these two models, on rows that
    /// neither was trained on, later than both, on enough rows, and no figure that decides is worse.
    ///
    /// # Errors
    /// [`ComparisonError`] with the rule and what was found.
    pub fn check(
        &self,
        live: (&ComparedModel, &Manifest),
        candidate: (&ComparedModel, &Manifest),
    ) -> Result<(), ComparisonError> {
        let kind = candidate.1.kind;
        let is_of = |found: &ComparedModel, model: &ComparedModel| {
            found.manifest_sha256 == model.manifest_sha256
        };
        if self.kind != kind || !is_of(&self.a, live.0) || !is_of(&self.b, candidate.0) {
            return Err(ComparisonError::OtherModels {
                found: format!("{} {} and {}", self.kind, self.a.version, self.b.version),
                kind,
                live: live.0.version.clone(),
                candidate: candidate.0.version.clone(),
            });
        }
        for (model, manifest) in [live, candidate] {
            if self.compared_at < manifest.created_at {
                return Err(ComparisonError::TooOld {
                    compared_at: self.compared_at,
                    version: model.version.clone(),
                    trained_at: manifest.created_at,
                });
            }
            let mut trained_on = manifest
                .data
                .iter()
                .filter(|file| matches!(file.role.as_str(), "train" | "corrections"));
            if trained_on.any(|file| file.sha256 == self.data.sha256) {
                let (file, version) = (self.data.file.clone(), model.version.clone());
                return Err(ComparisonError::TrainedOn { file, version });
            }
        }
        if self.data.rows < FEWEST_ROWS {
            return Err(ComparisonError::TooFewRows { rows: self.data.rows });
        }
        let mut deciding = self.differences.iter().filter(|difference| difference.decides);
        // Without an interval nothing tells a worse model from chance.
        let mut told = deciding.clone().peekable();
        if told.peek().is_none() || told.any(|difference| difference.interval.is_none()) {
            return Err(ComparisonError::NothingDecides);
        }
        match deciding.find(|difference| difference.is_worse()) {
            None => Ok(()),
            Some(worse) => Err(ComparisonError::Worse {
                metric: worse.metric.clone(),
                candidate: worse.b,
                live: worse.a,
                told: worse.to_string(),
            }),
        }
    }

    /// The figures that decide, in a line.
    #[must_use]
    pub fn told(&self) -> String {
        let deciding = self.differences.iter().filter(|difference| difference.decides);
        let told: Vec<String> = deciding.map(ToString::to_string).collect();
        format!("{} on {} ({} rows)", told.join(", "), self.data.file, self.data.rows)
    }
}

#[cfg(test)]
#[path = "comparison_tests.rs"]
mod tests;
