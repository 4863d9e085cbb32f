//! `recontact report weekly`: the report of a week by hand, to look at or to hand on.

use super::{DatabaseArgs, open};
use crate::config::Settings;
use crate::dashboard::weekly::{WeeklyAsked, WeeklyReport, compose};
use crate::store::{Store, Tenant};
use crate::timestamp::Timestamp;
use crate::weekly::Week;
use crate::weekly_report::{Delivered, due, hand_on, live_risk_model};
use anyhow::Context;
use clap::{Args, ValueEnum};
use std::io::{self, Write};
use std::path::PathBuf;

/// Of which week, and where to.
#[derive(Debug, Args)]
pub struct WeeklyArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    /// Folder of models
    #[arg(long, value_name = "DIR")]
    models: Option<PathBuf>,
    /// The week, such as 2026-W05, or a day in it; the one whose report is due if left out
    #[arg(long, value_parser = parse_week)]
    week: Option<Week>,
    /// How to write it
    #[arg(long, value_enum, default_value = "text")]
    format: WeeklyFormat,
    /// Hand it on to the receivers of the configuration that have not got it, in place of writing it
    #[arg(long, conflicts_with = "format")]
    send: bool,
}

/// How the report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum WeeklyFormat {
    /// Plain text
    Text,
    /// The page of the mail
    Html,
    /// One JSON object
    Json,
    /// A PDF file
    Pdf,
}

fn parse_week(text: &str) -> Result<Week, String> {
    Week::parse(text).map_err(|error| error.to_string())
}

pub(super) fn run(args: &WeeklyArgs) -> anyhow::Result<()> {
    let mut settings = args.database.settings()?;
    if let Some(models) = &args.models {
        settings.models.clone_from(models);
    }
    let now = Timestamp::now();
    let week = args.week.unwrap_or_else(|| due(&settings, now));
    let end = settings.weekly_report.zone(&settings.kpi.time_zone).start_of(week.period().to);
    anyhow::ensure!(end <= now, "{week} is not over yet");
    actix_web::rt::System::new().block_on(async {
        let store = open(&settings).await?;
        let done = make(args, &settings, &store, week, now).await;
        store.close().await;
        done
    })
}

async fn make(
    args: &WeeklyArgs,
    settings: &Settings,
    store: &Store,
    week: Week,
    now: Timestamp,
) -> anyhow::Result<()> {
    let (tenant, model) = (&Tenant::DEFAULT, live_risk_model(settings));
    let model = model.as_ref().map(|(version, days)| (version.as_str(), *days));
    let asked = WeeklyAsked { settings, store, tenant, model, week, now };
    if args.send {
        let process = format!("cli-{}-{}", std::process::id(), now.millis());
        let delivered = hand_on(&asked, &process, Timestamp::now).await;
        return tell(&delivered.context("reading who has the report")?);
    }
    let report = compose(&asked).await.context("making the report")?;
    io::stdout().lock().write_all(&written(&report, args.format)?)?;
    Ok(())
}

fn written(report: &WeeklyReport, format: WeeklyFormat) -> anyhow::Result<Vec<u8>> {
    Ok(match format {
        WeeklyFormat::Text => report.text.clone().into_bytes(),
        WeeklyFormat::Html => report.html.clone().into_bytes(),
        WeeklyFormat::Pdf => report.pdf.clone(),
        WeeklyFormat::Json => {
            let mut json = serde_json::to_vec_pretty(&report.figures)?;
            json.push(b'\n');
            json
        }
    })
}

/// What became of each delivery; an error where one failed.
fn tell(delivered: &[Delivered]) -> anyhow::Result<()> {
    anyhow::ensure!(!delivered.is_empty(), "[weekly_report] names no folder, mail or webhook");
    let mut out = io::stdout().lock();
    let mut failed = 0;
    for Delivered { receiver, result } in delivered {
        let told = match result {
            Some(Ok(())) => "sent".to_owned(),
            Some(Err(error)) => {
                failed += 1;
                format!("failed: {error}")
            }
            None => "nothing to do, it was sent or is to be tried later".to_owned(),
        };
        writeln!(out, "{receiver}: {told}")?;
    }
    anyhow::ensure!(failed == 0, "{failed} deliveries failed; a running service tries them again");
    Ok(())
}
