//! The command line of the service.

use clap::{Parser, Subcommand};
use recontact::config::{CommandLineSettings, Settings};
use recontact::registry::promotion::{Grounds, Note, Reason};
use recontact::registry::{Comparison, ModelKind, Registry};
use recontact::report::{self, ReportCommand};
use recontact::server::Service;
use recontact::ticket::Name;
use recontact::timestamp::Timestamp;
use recontact::user_admin::{self, UsersCommand};
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
    /// Manage who may sign in to the pages
    Users {
        #[command(subcommand)]
        command: UsersCommand,
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
    /// Check a model whole and make it live; where one is live, the new one must have been compared with it
    Promote {
        /// category, kind, urgency, team, language or risk
        kind: ModelKind,
        /// Name of the folder
        version: String,
        /// What `recontact-train compare --out` wrote, with the live model as --a and this one as --b
        #[arg(long, value_name = "FILE", conflicts_with = "force")]
        comparison: Option<PathBuf>,
        /// Make it live without a comparison, or although it is worse
        #[arg(long, requires = "reason")]
        force: bool,
        /// Why; kept in live.toml
        #[arg(long, value_name = "TEXT", value_parser = Reason::parse)]
        reason: Option<Reason>,
        /// Who does it; kept in live.toml
        #[arg(long, value_name = "NAME", env = "USER", default_value = "unknown", value_parser = parse_name)]
        by: Name,
    },
    /// Make the model live that was so before the present one
    Rollback {
        /// category, kind, urgency, team, language or risk
        kind: ModelKind,
        /// Why; kept in live.toml
        #[arg(long, value_name = "TEXT", value_parser = Reason::parse)]
        reason: Option<Reason>,
        /// Who does it; kept in live.toml
        #[arg(long, value_name = "NAME", env = "USER", default_value = "unknown", value_parser = parse_name)]
        by: Name,
    },
    /// Score a model beside the live one without telling its answers to anybody
    Shadow {
        /// category, kind, urgency, team, language or risk
        kind: ModelKind,
        /// Name of the folder
        #[arg(required_unless_present = "off", conflicts_with = "off")]
        version: Option<String>,
        /// End it
        #[arg(long)]
        off: bool,
    },
    /// Check all model folders, file by file
    Verify,
}

fn parse_name(text: &str) -> Result<Name, String> {
    Name::parse(text).map_err(|error| error.to_string())
}

fn main() -> ExitCode {
    let result = match CommandLine::parse().command {
        Command::Serve(settings) => serve(&settings),
        Command::Demo(args) => demo::run(&args),
        Command::Models { models, command } => manage_models(&Registry::new(models), command),
        Command::Users { command } => user_admin::run(command),
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
        ModelsCommand::List => list_models(registry, &mut out)?,
        ModelsCommand::Show { kind, version } => {
            let artifact = registry.open(kind, &version)?;
            out.write_all(artifact.file(recontact::registry::artifact::CARD)?)?;
            let live = registry.live()?;
            let history = live.get(&kind).map_or(&[][..], |entry| &entry.history);
            let mut own = history.iter().filter(|entry| entry.version == version).peekable();
            if own.peek().is_some() {
                writeln!(out, "\n## When it became live\n")?;
            }
            for entry in own {
                writeln!(out, "- {entry}")?;
            }
        }
        ModelsCommand::Promote { kind, version, comparison, force, reason, by } => {
            let grounds = match (comparison, &reason) {
                (Some(path), _) => Grounds::Comparison(Box::new(Comparison::read(&path)?)),
                (None, Some(reason)) if force => Grounds::Forced(reason.clone()),
                (None, _) => Grounds::None,
            };
            let note = Note { by: by.to_string(), at: Timestamp::now(), reason, decided_on: None };
            registry.promote_on(kind, &version, &grounds, &note)?;
            writeln!(out, "{kind} {version} is live")?;
        }
        ModelsCommand::Rollback { kind, reason, by } => {
            let note = Note { by: by.to_string(), at: Timestamp::now(), reason, decided_on: None };
            let version = registry.roll_back_noted(kind, &note)?;
            writeln!(out, "{kind} {version} is live again")?;
        }
        ModelsCommand::Shadow { kind, version, off: _ } => {
            registry.shadow(kind, version.as_deref())?;
            match version {
                Some(version) => writeln!(out, "{kind} {version} is scored beside the live model")?,
                None => writeln!(out, "no {kind} model is scored beside the live one")?,
            }
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

/// Every model folder with what it is now, when it was trained, and how it last became live.
fn list_models(registry: &Registry, out: &mut impl Write) -> anyhow::Result<()> {
    let live = registry.live()?;
    for model in registry.list(&live) {
        let entry = live.get(&model.kind);
        let shadow = entry.and_then(|entry| entry.shadow.as_ref());
        let mark = if model.is_live {
            "live"
        } else if shadow.is_some_and(|shadow| shadow.version == model.version) {
            "shadow"
        } else {
            ""
        };
        let said = match model.manifest {
            Ok(manifest) => manifest.created_at.to_string(),
            Err(error) => error,
        };
        write!(out, "{:<9} {:<30} {mark:<6} {said}", model.kind, model.version)?;
        let history = entry.map_or(&[][..], |entry| &entry.history);
        match history.iter().rfind(|entry| entry.version == model.version) {
            Some(last) => writeln!(out, "  {last}")?,
            None => writeln!(out)?,
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
