//! `recontact report effect`: what following up is worth, from an experiment's control group.

use super::{ReportArgs, ReportFormat, open, parse_name};
use crate::risk::Language;
use crate::store::Tenant;
use crate::ticket::Name;
use crate::timestamp::Timestamp;
use anyhow::Context;
use clap::Args;
use std::io::{self, Write};

/// Which experiment to report.
#[derive(Debug, Args)]
pub struct EffectArgs {
    /// The experiment's identifier
    #[arg(value_parser = parse_name)]
    experiment: Name,
    #[command(flatten)]
    report: ReportArgs,
    /// Language of the texts: en, ru, be or uk
    #[arg(long, default_value = "en", value_parser = parse_language)]
    language: Language,
}

pub(super) fn run(args: &EffectArgs) -> anyhow::Result<()> {
    let settings = args.report.settings()?;
    let id = &args.experiment;
    let effect = actix_web::rt::System::new().block_on(async {
        let store = open(&settings).await?;
        let now = Timestamp::now();
        let effect = store.experiment_effect(&Tenant::DEFAULT, id, &settings.effect, now).await;
        store.close().await;
        effect.context("reading the experiment")
    })?;
    let effect = effect.with_context(|| format!("no experiment {:?} was started", id.as_str()))?;
    let report = effect.tally.report(args.language);
    let mut out = io::stdout().lock();
    match args.report.format {
        ReportFormat::Table => write!(out, "{}", report.to_table(args.language))?,
        ReportFormat::Csv => {
            anyhow::bail!("--format: expected table or json for this report, got csv")
        }
        ReportFormat::Json => {
            serde_json::to_writer(&mut out, &report)?;
            writeln!(out)?;
        }
    }
    Ok(())
}

pub(super) fn parse_language(tag: &str) -> Result<Language, String> {
    Language::from_tag(tag).ok_or_else(|| format!("{tag:?} is none of en, ru, be, uk"))
}
