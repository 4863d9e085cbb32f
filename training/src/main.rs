//! `recontact-train`: the command line.

use clap::{Parser, Subcommand};
use recontact::registry::{Artifact, ArtifactError, Manifest, ModelKind};
use recontact_training::{bad_input, category, failure, hub, prepare, risk};
use std::path::PathBuf;
use std::process::ExitCode;

/// Fetches encoders and trains, checks and evaluates models.
#[derive(Debug, Parser)]
#[command(name = "recontact-train", version)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    FetchEncoder(hub::FetchEncoderArgs),
    /// Turn a public data set into a table of closed tickets.
    #[command(subcommand)]
    Prepare(prepare::PrepareCommand),
    /// Train a category model on labelled texts.
    Category(category::CategoryArgs),
    /// Train a recontact risk model on closed tickets.
    Risk(risk::RiskArgs),
    /// Measure a stored model on a file.
    Evaluate(EvaluateArgs),
}

#[derive(Debug, clap::Args)]
struct EvaluateArgs {
    /// The model folder.
    #[arg(long, value_name = "DIR")]
    model: PathBuf,
    /// The data to measure on.
    #[arg(long, value_name = "FILE")]
    data: PathBuf,
    /// The folder in which the encoder of a category model is looked up.
    #[arg(long, value_name = "DIR", default_value = "models", env = "RECONTACT_MODELS")]
    models: PathBuf,
    /// Print one JSON object instead of a table.
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    let result = match CommandLine::parse().command {
        Command::FetchEncoder(args) => hub::run(args),
        Command::Prepare(command) => prepare::run(command),
        Command::Category(args) => category::run(&args),
        Command::Risk(args) => risk::run(args),
        Command::Evaluate(args) => evaluate(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            failure::exit_code(&error)
        }
    }
}

fn evaluate(args: &EvaluateArgs) -> anyhow::Result<()> {
    let refused = |error: ArtifactError| bad_input!("--model: {error}");
    let kind = Manifest::read(&args.model).map_err(refused)?.kind;
    let artifact = Artifact::open(&args.model, kind).map_err(refused)?;
    match kind {
        ModelKind::Category => {
            category::evaluate_category(&artifact, &args.data, &args.models, args.json)
        }
        ModelKind::Risk => risk::evaluate_risk(&artifact, &args.data, args.json),
    }
}
