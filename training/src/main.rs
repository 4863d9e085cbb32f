//! `recontact-train`: the command line.

use clap::{Parser, Subcommand};
use recontact::timestamp::Timestamp;
use recontact_training::{
    category, check_data, compare, distill, evaluate, export, failure, hub, label, prepare, risk,
    similarity, simulate, topics,
};
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
    /// Make a table that can be trained on.
    #[command(subcommand)]
    Prepare(prepare::PrepareCommand),
    /// Look for what is wrong with labelled texts before training on them.
    CheckData(check_data::CheckDataArgs),
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
    /// Find what texts are about that no label fits, and propose labels.
    Topics(topics::TopicsArgs),
    /// Measure a stored model on a file.
    Evaluate(evaluate::EvaluateArgs),
    /// Compare two stored models of the same kind on the same rows.
    Compare(compare::CompareArgs),
    /// Write a model's weights, or what it says of a file, for other programs.
    Export(export::ExportArgs),
}

fn main() -> ExitCode {
    let result = match CommandLine::parse().command {
        Command::FetchEncoder(args) => hub::run(args),
        Command::Prepare(command) => prepare::run(command),
        Command::CheckData(args) => check_data::run(&args),
        Command::Category(args) => category::run(&args),
        Command::Distill(args) => distill::run(&args, Timestamp::now()),
        Command::Risk(args) => risk::run(args, Timestamp::now()),
        Command::Label(args) => label::run(&args),
        Command::Similarity(args) => similarity::run(&args),
        Command::Simulate(args) => simulate::run(&args),
        Command::Topics(args) => topics::run(&args),
        Command::Evaluate(args) => evaluate::run(&args, Timestamp::now()),
        Command::Compare(args) => compare::run(&args, Timestamp::now()),
        Command::Export(args) => export::run(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", failure::told(&error));
            failure::exit_code(&error)
        }
    }
}
