//! `recontact report`: figures from the database on standard output, for people, spreadsheets and programs.
//!
//! A report reads; it makes no database and no key, and stores nothing (but for the counts of days that `kpi` brings up to date).

mod corrections;
mod effect;
mod kpi;
mod monitoring;
mod next_issues;
mod treated;
mod weekly;

use crate::config::{CommandLineSettings, Settings};
use crate::customer_key;
use crate::store::{Store, StoreOptions};
use crate::ticket::Name;
use anyhow::Context;
use clap::{Args, Subcommand, ValueEnum};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What to report.
#[derive(Debug, Subcommand)]
pub enum ReportCommand {
    /// Which issue follows which: how often, how much more often than usual, how long after
    NextIssues(next_issues::NextIssuesArgs),
    /// What following up is worth, from an experiment's control group
    Effect(effect::EffectArgs),
    /// Key figures: repeat contacts, first contact resolution, times, satisfaction, backlog
    Kpi(kpi::KpiArgs),
    /// Whether what the models see and say has changed in the last days
    Monitoring(ReportArgs),
    /// Which tickets were followed up, as a file for training
    Treated(treated::TreatedArgs),
    /// The report of a week: write it, or hand it on by folder, mail and webhook
    Weekly(weekly::WeeklyArgs),
    /// What people said of predicted labels, as a file for training
    Corrections(corrections::CorrectionsArgs),
}

/// Where the figures are.
#[derive(Debug, Args)]
pub struct DatabaseArgs {
    /// Configuration file (TOML)
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// File with the key under which customers are hashed
    #[arg(long, value_name = "FILE")]
    customer_key_file: Option<PathBuf>,
}

/// Where the figures are, and in what form they are wanted.
#[derive(Debug, Args)]
pub struct ReportArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    /// How to write it
    #[arg(long, value_enum, default_value = "table")]
    format: ReportFormat,
}

/// How a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// Columns for people
    Table,
    /// Comma-separated values, one line for each row
    Csv,
    /// One JSON object
    Json,
}

/// Writes a report to standard output.
///
/// # Errors
/// If the configuration, the key or the database cannot be used, or the output cannot be written.
pub fn run(command: ReportCommand) -> anyhow::Result<()> {
    match command {
        ReportCommand::NextIssues(args) => next_issues::run(args),
        ReportCommand::Effect(args) => effect::run(&args),
        ReportCommand::Kpi(args) => kpi::run(&args),
        ReportCommand::Monitoring(args) => monitoring::run(&args),
        ReportCommand::Treated(args) => treated::run(&args),
        ReportCommand::Weekly(args) => weekly::run(&args),
        ReportCommand::Corrections(args) => corrections::run(&args),
    }
}

impl DatabaseArgs {
    pub(crate) fn settings(&self) -> anyhow::Result<Settings> {
        Settings::load(&CommandLineSettings {
            config: self.config.clone(),
            database: self.database.clone(),
            customer_key_file: self.customer_key_file.clone(),
            ..CommandLineSettings::default()
        })
        .map_err(anyhow::Error::msg)
    }
}

impl ReportArgs {
    fn settings(&self) -> anyhow::Result<Settings> {
        self.database.settings()
    }
}

/// Opens a database that is there already.
async fn open(settings: &Settings) -> anyhow::Result<Store> {
    if let Some(path) = settings.database.strip_prefix("sqlite:") {
        let path = Path::new(path.strip_prefix("//").unwrap_or(path));
        anyhow::ensure!(path.exists(), "{}: no such database file", path.display());
    }
    let key_file = &settings.customer_key_file;
    anyhow::ensure!(key_file.exists(), "{}: no such customer key file", key_file.display());
    let key = customer_key::load_or_make(key_file)?;
    let options = StoreOptions {
        max_connections: settings.database_connections,
        acquire_timeout: Duration::from_secs(settings.database_timeout_s),
    };
    Store::connect(&settings.database, key, options).await.context("opening the database")
}

fn parse_name(text: &str) -> Result<Name, String> {
    Name::parse(text).map_err(|error| error.to_string())
}
