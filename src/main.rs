//! The command line of the service.

use anyhow::Context;
use clap::{Parser, Subcommand};
use recontact::config::{CommandLineSettings, Settings};
use recontact::registry::{ModelKind, Registry};
use recontact::risk::Language;
use recontact::server::Service;
use recontact::store::{Store, StoreOptions, Tenant};
use recontact::ticket::Name;
use recontact::timestamp::Timestamp;
use recontact::{customer_key, demo, telemetry};
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
    /// Print a report from the database
    Report {
        #[command(subcommand)]
        command: ReportCommand,
    },
}

#[derive(Subcommand)]
enum ReportCommand {
    /// What following up is worth, from an experiment's control group
    Effect(EffectArgs),
}

#[derive(clap::Args)]
struct EffectArgs {
    /// The experiment's identifier
    experiment: String,
    /// A table for people or one JSON object
    #[arg(long, value_enum, default_value = "table")]
    format: ReportFormat,
    /// Language of the texts: en, ru, be or uk
    #[arg(long, default_value = "en", value_parser = parse_language)]
    language: Language,
    #[command(flatten)]
    settings: CommandLineSettings,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum ReportFormat {
    Table,
    Json,
}

fn parse_language(tag: &str) -> Result<Language, String> {
    Language::from_tag(tag).ok_or_else(|| format!("{tag:?} is none of en, ru, be, uk"))
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
        Command::Report { command } => match command {
            ReportCommand::Effect(args) => report_effect(&args),
        },
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

fn report_effect(args: &EffectArgs) -> anyhow::Result<()> {
    let settings = Settings::load(&args.settings).map_err(anyhow::Error::msg)?;
    let id = Name::parse(&args.experiment).context("the experiment's identifier")?;
    let effect = actix_web::rt::System::new().block_on(async {
        let store = open_store(&settings).await?;
        let now = Timestamp::now();
        let effect = store.experiment_effect(&Tenant::DEFAULT, &id, &settings.effect, now).await;
        store.close().await;
        anyhow::Ok(effect?)
    })?;
    let effect = effect.with_context(|| format!("no experiment {:?} was started", id.as_str()))?;
    let report = effect.tally.report(args.language);
    let mut out = std::io::stdout();
    match args.format {
        ReportFormat::Table => write!(out, "{}", report.to_table(args.language))?,
        ReportFormat::Json => {
            serde_json::to_writer(&mut out, &report)?;
            writeln!(out)?;
        }
    }
    Ok(())
}

/// The database of the settings, which must exist: a report of a new one would say nothing.
async fn open_store(settings: &Settings) -> anyhow::Result<Store> {
    if let Some(file) = settings.database.strip_prefix("sqlite:") {
        let file = std::path::Path::new(file.strip_prefix("//").unwrap_or(file));
        anyhow::ensure!(file.exists(), "there is no database {}", file.display());
    }
    let key = customer_key::load_or_make(&settings.customer_key_file)?;
    let options = StoreOptions {
        max_connections: 1,
        acquire_timeout: std::time::Duration::from_secs(settings.database_timeout_s),
    };
    Store::connect(&settings.database, key, options).await.context("opening the database")
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
