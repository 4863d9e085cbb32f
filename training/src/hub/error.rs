//! [`HubError`]: why the Hub did not give an encoder, and what to do about it.

use std::path::PathBuf;
use std::time::Duration;

/// Why the Hub did not give the encoder. Each message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum HubError {
    /// 401 or 403.
    #[error("the Hub does not allow access to {repository} ({status}): {remedy}")]
    Access {
        /// The repository.
        repository: String,
        /// The HTTP status.
        status: u16,
        /// What to do, which depends on whether a token was sent.
        remedy: String,
    },
    /// 404 for the repository.
    #[error(
        "the Hub has no repository {repository} (404): check the name, and HF_ENDPOINT if it is set"
    )]
    NoRepository {
        /// The repository.
        repository: String,
    },
    /// 404 for the revision, while the repository exists.
    #[error("{repository} has no revision {revision} (404): check --revision or leave it out")]
    NoRevision {
        /// The repository.
        repository: String,
        /// The revision asked for.
        revision: String,
    },
    /// A required file is not in the repository.
    #[error("{repository} has no {file}: {hint}")]
    NoFile {
        /// The repository.
        repository: String,
        /// The file.
        file: String,
        /// What that means.
        hint: &'static str,
    },
    /// The address cannot be one.
    #[error("the Hub's address {endpoint} cannot be used ({reason}): check HF_ENDPOINT")]
    Endpoint {
        /// The address.
        endpoint: String,
        /// What is wrong with it.
        reason: String,
    },
    /// No connection, or one that broke.
    #[error("the Hub cannot be reached ({reason}): check the network, the proxy or HF_ENDPOINT")]
    Unreachable {
        /// What the system said.
        reason: String,
    },
    /// Silence.
    #[error("the Hub did not answer within {limit:?}: check the network or raise --hub-timeout-s")]
    NoAnswer {
        /// The limit on the first answer.
        limit: Duration,
    },
    /// Silence in the middle.
    #[error("the download stood still for {limit:?}: run the command again, it resumes")]
    Stalled {
        /// The limit on silence.
        limit: Duration,
    },
    /// A connection that broke more often than allowed.
    #[error(
        "{file}: the download broke off {attempts} times ({reason}): run the command again, it resumes"
    )]
    Torn {
        /// The file.
        file: String,
        /// How often it was tried.
        attempts: u32,
        /// What was wrong the last time.
        reason: String,
    },
    /// An answer that is an error or not the Hub's.
    #[error("{what}: the Hub answered {reason}: try again later or check HF_ENDPOINT")]
    Answer {
        /// What was asked for.
        what: String,
        /// The answer.
        reason: String,
        /// Whether the same question may be answered better in a moment.
        transient: bool,
    },
    /// A downloaded file is not what it should be.
    #[error(
        "{file}: the {what} is {found}, expected {expected}: the download was removed; run the command again"
    )]
    Wrong {
        /// The file.
        file: String,
        /// Checksum or length.
        what: &'static str,
        /// What it should be.
        expected: String,
        /// What it is.
        found: String,
    },
    /// A file that passed its check cannot be understood.
    #[error("{file}: {reason}: this repository is no sentence encoder that can be used")]
    Content {
        /// The file.
        file: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// Another process downloads the same file.
    #[error("another download of the same file is running ({}): wait for it to end", lock.display())]
    Busy {
        /// The lock.
        lock: PathBuf,
    },
    /// The disk, not the network.
    #[error("cannot write to {} ({reason}): free or change the disk, or choose another with --dir", path.display())]
    Disk {
        /// The cache folder.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
}

impl HubError {
    /// Whether the caller can mend it: exit code 2.
    #[must_use]
    pub fn is_callers(&self) -> bool {
        matches!(
            self,
            Self::Access { .. }
                | Self::NoRepository { .. }
                | Self::NoRevision { .. }
                | Self::NoFile { .. }
                | Self::Endpoint { .. }
                | Self::Content { .. }
        )
    }

    /// Whether the same request may succeed in a moment.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Answer { transient: true, .. })
    }
}
