//! `recontact report corrections`: what people said of labels, for `recontact-train category --corrections`.

use super::{DatabaseArgs, open};
use crate::store::{Feedback, FeedbackCursor, FeedbackFilter, Store, Tenant};
use crate::ticket::Name;
use crate::timestamp::Timestamp;
use anyhow::Context;
use clap::Args;
use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;

/// Feedback read at once.
const PAGE: u32 = 1000;

/// Where to write it.
#[derive(Debug, Args)]
pub struct CorrectionsArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    /// The file to write (CSV): contact_id, head, label, author, occurred_at, predicted_label, probability, model_version
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Only what was said at this instant or later (RFC 3339)
    #[arg(long, value_name = "INSTANT", value_parser = parse_instant)]
    since: Option<Timestamp>,
}

fn parse_instant(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text).map_err(|error| error.to_string())
}

pub(super) fn run(args: &CorrectionsArgs) -> anyhow::Result<()> {
    let settings = args.database.settings()?;
    let filter = FeedbackFilter { since: args.since, ..FeedbackFilter::default() };
    let written = actix_web::rt::System::new().block_on(async {
        let store = open(&settings).await?;
        // Beside its place, so that a file from before stays whole until the new one is.
        let draft = args.out.with_added_extension("partial");
        let file = File::create(&draft);
        let file = file.with_context(|| format!("writing {}", draft.display()))?;
        let written = write(&store, &filter, &file).await;
        store.close().await;
        let written = written?;
        file.sync_all().with_context(|| format!("writing {}", draft.display()))?;
        fs::rename(&draft, &args.out).with_context(|| format!("writing {}", args.out.display()))?;
        anyhow::Ok(written)
    })?;
    eprintln!("{written} corrections: {}", args.out.display());
    Ok(())
}

/// Writes one line for each, oldest first, and counts them.
async fn write(store: &Store, filter: &FeedbackFilter, out: impl Write) -> anyhow::Result<u64> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record([
        "contact_id",
        "head",
        "label",
        "author",
        "occurred_at",
        "predicted_label",
        "probability",
        "model_version",
    ])?;
    let mut written = 0;
    let mut after: Option<FeedbackCursor> = None;
    loop {
        let page = store.feedback(&Tenant::DEFAULT, filter, after.as_ref(), PAGE).await;
        let page = page.context("reading the feedback")?;
        let Some(last) = page.last() else { break };
        after = Some(FeedbackCursor {
            occurred_at: last.said.occurred_at,
            contact_id: last.said.contact_id.clone(),
            head: last.said.head,
            author: last.said.author.clone(),
        });
        for Feedback { said, prediction } in &page {
            let probability = prediction.probability.map(|probability| probability.value());
            csv.write_record([
                said.contact_id.as_str(),
                said.head.as_str(),
                said.label.as_str(),
                said.author.as_str(),
                &said.occurred_at.to_string(),
                prediction.label.as_ref().map_or("", Name::as_str),
                &probability.map(|probability| probability.to_string()).unwrap_or_default(),
                prediction.model_version.as_deref().unwrap_or_default(),
            ])?;
            written += 1;
        }
    }
    csv.flush()?;
    Ok(written)
}
