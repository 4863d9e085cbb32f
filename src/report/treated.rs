//! `recontact report treated`: which tickets were followed up, for `recontact-train risk --treated`.

use super::{DatabaseArgs, open};
use crate::store::{Store, Tenant};
use anyhow::Context;
use clap::Args;
use std::fs::File;
use std::io::Write;
use std::path::PathBuf;

/// Where to write it.
#[derive(Debug, Args)]
pub struct TreatedArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    /// The file to write (CSV): ticket_id, arm (treatment or control), treated (whether a follow-up was done)
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

pub(super) fn run(args: &TreatedArgs) -> anyhow::Result<()> {
    let settings = args.database.settings()?;
    let (flagged, treated) = actix_web::rt::System::new().block_on(async {
        let store = open(&settings).await?;
        let file = File::create(&args.out);
        let file = file.with_context(|| format!("writing {}", args.out.display()))?;
        let counts = write(&store, file).await;
        store.close().await;
        counts
    })?;
    let out = args.out.display();
    eprintln!("{flagged} tickets were flagged, {treated} of them followed up: {out}");
    Ok(())
}

/// Writes one line for each flagged ticket, and counts these and those that were followed up.
async fn write(store: &Store, out: impl Write) -> anyhow::Result<(u64, u64)> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(["ticket_id", "arm", "treated"])?;
    let (mut flagged, mut treated) = (0, 0);
    let mut after = String::new();
    loop {
        let page = store.flagged_tickets(&Tenant::DEFAULT, &after).await;
        let page = page.context("reading the follow-ups")?;
        let Some(last) = page.last() else { break };
        after.clone_from(&last.ticket_id);
        for ticket in &page {
            flagged += 1;
            treated += u64::from(ticket.treated);
            let was_treated = if ticket.treated { "true" } else { "false" };
            csv.write_record([ticket.ticket_id.as_str(), ticket.arm.as_str(), was_treated])?;
        }
    }
    csv.flush()?;
    Ok((flagged, treated))
}
