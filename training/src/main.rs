//! `recontact-train`: the command line.

use clap::{Parser, Subcommand};
use recontact::classify::encoder::{InferenceOptions, Precision};
use recontact::registry::{Artifact, ArtifactError, Manifest, ModelKind};
use recontact::timestamp::Timestamp;
use recontact_training::{
    bad_input, category, distill, failure, hub, label, prepare, risk, similarity, simulate,
};
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
    /// Make a small encoder that gives the vectors of a large one.
    Distill(distill::DistillArgs),
    /// Train a recontact risk model on closed tickets.
    Risk(risk::RiskArgs),
    /// Label the outcomes of closed tickets.
    Label(label::LabelArgs),
    /// Find from which cosine on two texts are about the same issue.
    Similarity(similarity::SimilarityArgs),
    /// Simulate a desk with a known effect of following up, and check the estimators on it.
    Simulate(simulate::SimulateArgs),
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
    /// Precision in which the texts of a category model are embedded: f32 or int8.
    #[arg(long, value_name = "PRECISION", default_value = "f32", value_parser = parse_precision)]
    precision: Precision,
    /// Print one JSON object instead of a table.
    #[arg(long)]
    json: bool,
}

fn parse_precision(name: &str) -> Result<Precision, String> {
    match name {
        "f32" => Ok(Precision::F32),
        "int8" => Ok(Precision::Int8),
        other => Err(format!("{other:?} is neither f32 nor int8")),
    }
}

fn main() -> ExitCode {
    let result = match CommandLine::parse().command {
        Command::FetchEncoder(args) => hub::run(args),
        Command::Prepare(command) => prepare::run(command),
        Command::Category(args) => category::run(&args),
        Command::Distill(args) => distill::run(&args, Timestamp::now()),
        Command::Risk(args) => risk::run(args, Timestamp::now()),
        Command::Label(args) => label::run(&args),
        Command::Similarity(args) => similarity::run(&args),
        Command::Simulate(args) => simulate::run(&args),
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
        ModelKind::Category | ModelKind::Kind | ModelKind::Urgency | ModelKind::Team => {
            let inference =
                InferenceOptions { precision: args.precision, ..InferenceOptions::default() };
            category::evaluate_category(&artifact, &args.data, &args.models, &inference, args.json)
        }
        ModelKind::Risk => risk::evaluate_risk(&artifact, &args.data, args.json, Timestamp::now()),
    }
}
