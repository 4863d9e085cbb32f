//! The command line of the service.

use clap::{Parser, Subcommand};
use recontact::config::{CommandLineSettings, Settings};
use recontact::registry::{ModelKind, Registry};
use recontact::report::{self, ReportCommand};
use recontact::server::Service;
use recontact::{demo, telemetry};
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// Classifies customer contacts and tells, when a ticket is closed, how likely the customer is to come back
#[derive(Parser)]
#[command(version)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the HTTP API until stopped
    Serve(CommandLineSettings),
    /// Show the main path on real data, then keep serving
    Demo(demo::DemoArgs),
    /// List, check and switch trained models
    Models {
        /// Folder of models
        #[arg(long, default_value = "models", env = "RECONTACT_MODELS", global = true)]
        models: PathBuf,
        #[command(subcommand)]
        command: ModelsCommand,
    },
    /// Report figures from the database
    Report {
        #[command(subcommand)]
        command: ReportCommand,
    },
}

#[derive(Subcommand)]
enum ModelsCommand {
    /// List every model folder
    List,
    /// Print a model's card
    Show {
        /// category or risk
        kind: ModelKind,
        /// Name of the folder
        version: String,
    },
    /// Check a model whole and make it live
    Promote {
        /// category or risk
        kind: ModelKind,
        /// Name of the folder
        version: String,
    },
    /// Make the model live that was so before the present one
    Rollback {
        /// category or risk
        kind: ModelKind,
    },
    /// Check all model folders, file by file
    Verify,
}

fn main() -> ExitCode {
    let result = match CommandLine::parse().command {
        Command::Serve(settings) => serve(&settings),
        Command::Demo(args) => demo::run(&args),
        Command::Models { models, command } => manage_models(&Registry::new(models), command),
        Command::Report { command } => report::run(command),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Standard error may be closed; there is nobody else to tell.
            let _ = writeln!(std::io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn serve(command_line: &CommandLineSettings) -> anyhow::Result<()> {
    let settings = Settings::load(command_line).map_err(anyhow::Error::msg)?;
    telemetry::start_logging(settings.log_format);
    for name in recontact::config::unknown_variables() {
        tracing::warn!(name, "the variable is no option and is ignored");
    }
    actix_web::rt::System::new().block_on(async {
        let service = Service::start(settings).await?;
        service.run().await
    })
}

fn manage_models(registry: &Registry, command: ModelsCommand) -> anyhow::Result<()> {
    let mut out = std::io::stdout();
    match command {
        ModelsCommand::List => {
            for model in registry.list(&registry.live()?) {
                let mark = if model.is_live { "live" } else { "" };
                let said = match model.manifest {
                    Ok(manifest) => manifest.created_at.to_string(),
                    Err(error) => error,
                };
                writeln!(out, "{:<9} {:<30} {mark:<5} {said}", model.kind, model.version)?;
            }
        }
        ModelsCommand::Show { kind, version } => {
            let artifact = registry.open(kind, &version)?;
            out.write_all(artifact.file(recontact::registry::artifact::CARD)?)?;
        }
        ModelsCommand::Promote { kind, version } => {
            registry.promote(kind, &version)?;
            writeln!(out, "{kind} {version} is live")?;
        }
        ModelsCommand::Rollback { kind } => {
            let version = registry.roll_back(kind)?;
            writeln!(out, "{kind} {version} is live again")?;
        }
        ModelsCommand::Verify => {
            let mut damaged = 0;
            for model in registry.list(&registry.live()?) {
                match registry.verify(model.kind, &model.version) {
                    Ok(_) => writeln!(out, "ok      {} {}", model.kind, model.version)?,
                    Err(error) => {
                        damaged += 1;
                        writeln!(out, "DAMAGED {} {}: {error}", model.kind, model.version)?;
                    }
                }
            }
            anyhow::ensure!(damaged == 0, "{damaged} model folders are damaged");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        CommandLine::command().debug_assert();
    }
}
