//! `recontact-train`: the command line.

use clap::{Parser, Subcommand};
use recontact_training::{failure, hub};
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
}

fn main() -> ExitCode {
    let result = match CommandLine::parse().command {
        Command::FetchEncoder(args) => hub::run(args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            failure::exit_code(&error)
        }
    }
}
