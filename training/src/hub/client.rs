//! Downloading a repository's files from the Hub into a cache, each checked, a torn one resumed.
//!
//! hf-hub keeps an unfinished file as `blobs/<etag>.part` and asks for the rest of it with a Range request. What it
//! lacks is added here: a limit on silence, retries that always resume at the file's true length, and checksums.

use super::error::HubError;
use super::layout::{MODULES, REQUIRED, WEIGHTS, pooling_file, small_files};
use super::pins::Encoder;
use hf_hub::api::sync::{Api, ApiBuilder, ApiError, ApiRepo};
use hf_hub::{Cache, Repo, RepoType};
use indicatif::{ProgressBar, ProgressStyle};
use recontact::registry::artifact::sha256_file;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::Duration;
use std::{fs, io, thread};

/// What may be done to reach the Hub.
#[derive(Debug, Clone)]
pub struct HubOptions {
    /// The Hub's address; the public Hub if there is none.
    pub endpoint: Option<String>,
    /// Who asks; public repositories need none.
    pub token: Option<Token>,
    /// Where unfinished downloads are kept until they are whole.
    pub cache: PathBuf,
    /// In what time the first answer must come, connecting included.
    pub first_answer: Duration,
    /// How long a download may stand still.
    pub silence: Duration,
    /// How often a file is tried again after a torn connection.
    pub retries: u32,
    /// The wait before the first repetition; it grows with each.
    pub retry_pause: Duration,
}

/// An access token and where it was found.
#[derive(Clone)]
pub struct Token {
    /// The token itself.
    pub value: String,
    /// The variable or file to mend when it is refused.
    pub origin: String,
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "token of {}", self.origin)
    }
}

/// A repository's checked files in the cache.
#[derive(Debug)]
pub struct Download {
    /// The commit they are of.
    pub revision: String,
    /// Paths by name.
    pub files: BTreeMap<String, PathBuf>,
}

/// Downloads the encoder's files at `revision`, or at the newest one.
///
/// The work is done in a thread of its own that tells of each step, because the client has no timeouts; when it is
/// silent for too long it is left behind and ends with the process.
///
/// # Errors
/// [`HubError`]; what was downloaded until then stays in the cache for the next time.
pub fn download(
    encoder: &Encoder,
    revision: Option<&str>,
    options: &HubOptions,
) -> Result<Download, HubError> {
    let (sender, receiver) = mpsc::channel();
    let (first_answer, silence) = (options.first_answer, options.silence);
    let session = Session::new(encoder, revision, options, sender.clone())?;
    let work = move || {
        // Nobody listens any more when the limit has passed.
        let _ = sender.send(Step::Done(session.run()));
    };
    thread::Builder::new().name("hub".to_owned()).spawn(work).map_err(|error| {
        HubError::Unreachable { reason: format!("no thread for the download: {error}") }
    })?;
    let mut answered = false;
    loop {
        match receiver.recv_timeout(if answered { silence } else { first_answer }) {
            Ok(Step::Alive) => answered = true,
            Ok(Step::Done(result)) => return result,
            Err(RecvTimeoutError::Timeout) if answered => {
                return Err(HubError::Stalled { limit: silence });
            }
            Err(RecvTimeoutError::Timeout) => {
                return Err(HubError::NoAnswer { limit: first_answer });
            }
            Err(RecvTimeoutError::Disconnected) => {
                let (what, reason) = (encoder.repository.clone(), "something unexpected".into());
                return Err(HubError::Answer { what, reason, transient: false });
            }
        }
    }
}

/// Removes what the cache keeps of a repository, once the encoder is in its place.
pub fn forget(cache: &Path, repository: &str) {
    let folder = Repo::model(repository.to_owned()).folder_name();
    // A leftover costs space and nothing else.
    let _ = fs::remove_dir_all(cache.join(folder));
    let _ = fs::remove_dir(cache);
}

enum Step {
    Alive,
    Done(Result<Download, HubError>),
}

struct Session {
    api: Api,
    cache: Cache,
    encoder: Encoder,
    revision: Option<String>,
    options: HubOptions,
    steps: Sender<Step>,
}

impl Session {
    fn new(
        encoder: &Encoder,
        revision: Option<&str>,
        options: &HubOptions,
        steps: Sender<Step>,
    ) -> Result<Self, HubError> {
        let disk = |error: io::Error| HubError::Disk {
            path: options.cache.clone(),
            reason: error.to_string(),
        };
        let folder = std::path::absolute(&options.cache).map_err(disk)?;
        let cache = Cache::new(folder);
        let mut builder = ApiBuilder::from_cache(cache.clone())
            .with_token(options.token.as_ref().map(|token| token.value.clone()))
            .with_user_agent("recontact", env!("CARGO_PKG_VERSION"));
        if let Some(endpoint) = &options.endpoint {
            builder = builder.with_endpoint(endpoint.trim_end_matches('/').to_owned());
        }
        let api =
            builder.build().map_err(|error| HubError::Unreachable { reason: error.to_string() })?;
        let (encoder, revision) = (encoder.clone(), revision.map(str::to_owned));
        Ok(Self { api, cache, encoder, revision, options: options.clone(), steps })
    }

    fn run(&self) -> Result<Download, HubError> {
        let repository = &self.encoder.repository;
        let info = self.info()?;
        self.alive()?;
        let siblings: Vec<&str> = info.siblings.iter().map(|s| s.rfilename.as_str()).collect();
        let pinned = self.encoder.sha256.keys().map(String::as_str);
        if let Some(file) = REQUIRED.into_iter().chain(pinned).find(|f| !siblings.contains(f)) {
            let (repository, hint) = (repository.clone(), hint(file, &siblings));
            return Err(HubError::NoFile { repository, file: file.to_owned(), hint });
        }
        // From here on everything is of one commit, whatever happens to the branch meanwhile.
        let commit = Commit {
            remote: self.api.repo(model_at(repository, &info.sha)),
            cached: self.cache.repo(model_at(repository, &info.sha)),
        };
        let mut files = BTreeMap::new();
        for file in small_files(|file| siblings.contains(&file)) {
            files.insert(file.to_owned(), self.fetch(&commit, file)?);
        }
        let modules = files.get(MODULES).map(fs::read).transpose().map_err(|e| self.disk(&e))?;
        let pooling = pooling_file(modules.as_deref())
            .map_err(|reason| HubError::Content { file: MODULES, reason })?;
        if let Some(file) = pooling.filter(|file| siblings.contains(&file.as_str())) {
            let path = self.fetch(&commit, &file)?;
            files.insert(file, path);
        }
        files.insert(WEIGHTS.to_owned(), self.fetch(&commit, WEIGHTS)?);
        Ok(Download { revision: info.sha, files })
    }

    fn info(&self) -> Result<hf_hub::api::RepoInfo, HubError> {
        let repository = &self.encoder.repository;
        let revision = self.revision.as_deref().unwrap_or("main");
        self.api.repo(model_at(repository, revision)).info().map_err(|error| {
            // Asked again without the revision, to say which of the two is wrong.
            let exists = || self.api.model(repository.clone()).info().is_ok();
            if status(&error) == Some(404) && self.revision.is_some() && exists() {
                let (repository, revision) = (repository.clone(), revision.to_owned());
                return HubError::NoRevision { repository, revision };
            }
            self.explain(error, repository)
        })
    }

    /// Downloads one file, or the rest of it, as often as allowed.
    fn fetch(&self, commit: &Commit, file: &str) -> Result<PathBuf, HubError> {
        let mut attempts = 0;
        loop {
            self.alive()?;
            attempts += 1;
            match self.try_fetch(commit, file) {
                Err(error) if error.is_transient() => {
                    if attempts > self.options.retries {
                        let (file, reason) = (file.to_owned(), error.to_string());
                        return Err(HubError::Torn { file, attempts, reason });
                    }
                    thread::sleep(self.options.retry_pause * attempts);
                }
                result => return result,
            }
        }
    }

    fn try_fetch(&self, commit: &Commit, file: &str) -> Result<PathBuf, HubError> {
        let explain = |error| self.explain(error, file);
        let path = match commit.cached.get(file) {
            Some(path) => path,
            None => match commit.remote.download_with_progress(file, self.progress()) {
                // The unfinished file is as long as the whole one or longer, and so cannot be resumed.
                Err(error)
                    if matches!(error, ApiError::InvalidResume) || status(&error) == Some(416) =>
                {
                    let url = commit.remote.url(file);
                    let etag = self.api.metadata(&url).map_err(explain)?.etag().to_owned();
                    let part = commit.cached.blob_path(&etag).with_extension("part");
                    fs::remove_file(part).map_err(|error| self.disk(&error))?;
                    commit.remote.download_with_progress(file, self.progress()).map_err(explain)?
                }
                result => result.map_err(explain)?,
            },
        };
        self.check(commit, file, &path)?;
        Ok(path)
    }

    /// Compares a file with its pin, and with what the Hub says of it: a checksum for large files, else the length.
    fn check(&self, commit: &Commit, file: &str, path: &Path) -> Result<(), HubError> {
        let blob = fs::canonicalize(path).map_err(|error| self.disk(&error))?;
        let wrong = |what, expected: &str, found: String| {
            // Otherwise the next run would find the bad file and trust it.
            let _ = fs::remove_file(path);
            let _ = fs::remove_file(&blob);
            let (file, expected) = (file.to_owned(), expected.to_owned());
            Err(HubError::Wrong { file, what, expected, found })
        };
        // The cache names a file by the Hub's etag, which is the SHA-256 of a large file.
        let etag = blob.file_name().and_then(|name| name.to_str());
        let declared = etag.filter(|e| e.len() == 64 && e.chars().all(|c| c.is_ascii_hexdigit()));
        let pinned = self.encoder.sha256.get(file).map(String::as_str);
        if let Some(expected) = pinned.or(declared) {
            let found = sha256_file(&blob)
                .map_err(|error| self.disk(&io::Error::other(error.to_string())))?;
            if found != expected {
                return wrong("checksum", expected, found);
            }
        } else {
            let metadata = self.api.metadata(&commit.remote.url(file));
            let expected = metadata.map_err(|error| self.explain(error, file))?.size().to_string();
            let found = fs::metadata(&blob).map_err(|e| self.disk(&e))?.len().to_string();
            if found != expected {
                return wrong("length in bytes", &expected, found);
            }
        }
        Ok(())
    }

    /// Turns the client's error about `what`, the repository or a file, into one with a remedy.
    fn explain(&self, error: ApiError, what: &str) -> HubError {
        let repository = self.encoder.repository.clone();
        let what = what.to_owned();
        match error {
            ApiError::RequestError(error) => match *error {
                ureq::Error::StatusCode(status @ (401 | 403)) => {
                    HubError::Access { repository, status, remedy: self.access_remedy(status) }
                }
                ureq::Error::StatusCode(404) if what == repository => {
                    HubError::NoRepository { repository }
                }
                ureq::Error::StatusCode(404) => {
                    let hint =
                        "the Hub lists the file and does not find it (404); try another --revision";
                    HubError::NoFile { repository, file: what, hint }
                }
                ureq::Error::StatusCode(status) => {
                    let transient = status == 408 || status == 429 || status >= 500;
                    HubError::Answer { what, reason: format!("with status {status}"), transient }
                }
                ureq::Error::BadUri(reason) => self.bad_endpoint(reason),
                ureq::Error::Http(reason) => self.bad_endpoint(reason.to_string()),
                ureq::Error::Json(error) if !error.is_io() => {
                    let reason = format!("with something else than its JSON ({error})");
                    HubError::Answer { what, reason, transient: false }
                }
                error => HubError::Unreachable { reason: error.to_string() },
            },
            ApiError::IoError(error) if is_of_disk(&error) => self.disk(&error),
            ApiError::IoError(error) => HubError::Unreachable { reason: error.to_string() },
            ApiError::LockAcquisition(lock) => HubError::Busy { lock },
            error => {
                let reason = format!("in a way that is not the Hub's ({error})");
                HubError::Answer { what, reason, transient: false }
            }
        }
    }

    fn access_remedy(&self, status: u16) -> String {
        match &self.options.token {
            None => "no token was sent; set HF_TOKEN to one that may read the repository, \
                     or check the name: the Hub hides private and unknown repositories alike"
                .to_owned(),
            Some(token) if status == 401 => {
                format!("the token of {} is not valid; renew it", token.origin)
            }
            Some(token) => format!(
                "the token of {} may not read it; accept the conditions on the repository's page \
                 or take a token with more rights",
                token.origin
            ),
        }
    }

    fn bad_endpoint(&self, reason: String) -> HubError {
        HubError::Endpoint { endpoint: self.options.endpoint.clone().unwrap_or_default(), reason }
    }

    fn disk(&self, error: &io::Error) -> HubError {
        HubError::Disk { path: self.options.cache.clone(), reason: error.to_string() }
    }

    /// Tells that the work goes on. An error when nobody listens any more: the limit has passed and the work is to end.
    fn alive(&self) -> Result<(), HubError> {
        let limit = self.options.silence;
        self.steps.send(Step::Alive).map_err(|_| HubError::Stalled { limit })
    }

    fn progress(&self) -> Progress {
        Progress { bar: ProgressBar::new(0), steps: self.steps.clone() }
    }
}

/// One commit of the repository: over there and in the cache.
struct Commit {
    remote: ApiRepo,
    cached: hf_hub::CacheRepo,
}

fn model_at(repository: &str, revision: &str) -> Repo {
    Repo::with_revision(repository.to_owned(), RepoType::Model, revision.to_owned())
}

fn status(error: &ApiError) -> Option<u16> {
    match error {
        ApiError::RequestError(error) => match **error {
            ureq::Error::StatusCode(status) => Some(status),
            _ => None,
        },
        _ => None,
    }
}

/// The client's I/O errors are the connection's or the disk's; only these kinds can be the disk's.
fn is_of_disk(error: &io::Error) -> bool {
    use io::ErrorKind as Kind;
    matches!(
        error.kind(),
        Kind::StorageFull
            | Kind::QuotaExceeded
            | Kind::FileTooLarge
            | Kind::PermissionDenied
            | Kind::ReadOnlyFilesystem
            | Kind::NotFound
            | Kind::NotADirectory
            | Kind::IsADirectory
    )
}

fn hint(file: &str, siblings: &[&str]) -> &'static str {
    if file != WEIGHTS {
        "this repository is no sentence encoder that can be used"
    } else if siblings.contains(&"model.safetensors.index.json") {
        "its weights are split over several files, only a single one is supported"
    } else if siblings.contains(&"pytorch_model.bin") {
        "it has pytorch_model.bin, but only safetensors are supported"
    } else {
        "only weights in safetensors are supported"
    }
}

/// A bar on standard error that also tells that the download lives.
struct Progress {
    bar: ProgressBar,
    steps: Sender<Step>,
}

impl hf_hub::api::Progress for Progress {
    fn init(&mut self, size: usize, filename: &str) {
        let template = "{msg:<28} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} eta {eta}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.bar.set_style(style);
        }
        self.bar.set_length(size as u64);
        self.bar.set_message(filename.to_owned());
    }

    fn update(&mut self, size: usize) {
        self.bar.inc(size as u64);
        // Nobody listens any more when the limit has passed.
        let _ = self.steps.send(Step::Alive);
    }

    fn finish(&mut self) {
        self.bar.finish_and_clear();
    }
}
