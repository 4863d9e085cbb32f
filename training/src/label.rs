//! `recontact-train label`: outcomes of closed tickets in batch, by the code that the service derives them with.
//!
//! Rows are sorted by ticket, which gives episodes and contacts, and these by person and time; then each person's episodes
//! are labelled one after the other, twice: once to count which category follows which and how many customers come with
//! what on a day, and once to write. Both sorts go through files, so memory does not grow with the tables.

mod by_person;
mod by_ticket;
mod external_sort;
mod identities;
mod outages;
pub(crate) mod output;
mod params;
mod report;
mod rows;
mod sighting;
mod step;

pub use params::{ContactNames, LabelParams, TicketNames};
pub use report::{LabelReport, WindowFigures};

use crate::category::encoders::load_encoder;
use crate::peak_memory;
use anyhow::Context;
use by_person::{LabelledEpisode, Visitor, visit_episodes};
use by_ticket::{Files, find_steps};
use clap::Args;
use external_sort::{ExternalSort, SortedRecords};
use outages::{DailyCustomers, Outages};
use output::{Cell, ColumnType, Output};
use recontact::classify::encoder::InferenceOptions;
use recontact::outcome::{
    AdjacentPairs, Outcome, OutcomePolicy, PairCounts, Recontact, RecontactSource, WINDOWS_DAYS,
    followers,
};
use recontact::ticket::IssueCategory;
use recontact::timestamp::{DAY_MS, Timestamp};
use report::{Counts, Tally};
use rows::{RowReader, link_identities};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;
use step::Step;

/// Arguments of `recontact-train label`.
#[derive(Debug, Args)]
pub struct LabelArgs {
    /// The tickets: CSV, CSV.gz, JSON lines or Parquet, one row for each closing.
    #[arg(long, value_name = "FILE")]
    pub tickets: PathBuf,
    /// The contacts, one row for each message. Left out: a ticket counts by its opening.
    #[arg(long, value_name = "FILE")]
    pub contacts: Option<PathBuf>,
    /// The file to write, one row for each episode; its name ends in .csv, .csv.gz or .parquet. It must not exist.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Names of columns and parameters, see docs/outcomes.md. Left out: the documented defaults.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Until when events are known, RFC 3339; an episode whose window ends later is immature. Left out: as configured, else
    /// the latest opening or contact.
    #[arg(long, value_name = "INSTANT", value_parser = Timestamp::parse)]
    pub observed_until: Option<Timestamp>,
    /// Compare texts with this encoder, a folder or a name below models/encoder. Left out: categories alone decide.
    #[arg(long, value_name = "NAME|DIR")]
    pub encoder: Option<String>,
    /// The folder in which encoders are looked up by name.
    #[arg(long, value_name = "DIR", default_value = "models", env = "RECONTACT_MODELS")]
    pub models: PathBuf,
    /// Rows that are sorted in memory at once. Left out: as configured, else 100,000.
    #[arg(long, value_name = "ROWS", value_parser = clap::value_parser!(u32).range(1000..))]
    pub run_rows: Option<u32>,
    /// Print one JSON object instead of a table.
    #[arg(long)]
    pub json: bool,
}

/// Labels the episodes of a table.
///
/// # Errors
/// [`crate::failure::BadInput`] when arguments, configuration or data are at fault; else what the disk says.
pub fn run(args: &LabelArgs) -> anyhow::Result<()> {
    let report = label(args)?;
    let mut out = std::io::stdout().lock();
    if args.json {
        serde_json::to_writer(&mut out, &report)?;
        writeln!(out)?;
    } else {
        writeln!(out, "{}", report.text())?;
    }
    eprintln!("labels written to {}", args.out.display());
    Ok(())
}

/// The same, with the report as a value.
///
/// # Errors
/// As [`run`].
pub fn label(args: &LabelArgs) -> anyhow::Result<LabelReport> {
    let started = Instant::now();
    output::check_destination(&args.out)?;
    let params = params(args)?;
    let policy = &params.outcomes;
    let beside = tempfile::Builder::new()
        .prefix(".recontact-label-")
        .tempdir_in(output::folder_of(&args.out))
        .with_context(|| format!("--out {}: making a folder beside it", args.out.display()))?;

    let mut counts = Counts::default();
    let steps = read(args, &params, beside.path(), &mut counts)?;
    let known_until = args.observed_until.or(params.observed_until).or(counts.latest());
    let observed_until = known_until.context("there is no event")?;

    let mut survey = Survey {
        policy,
        observed_until,
        pairs: PairCounts::default(),
        customers: DailyCustomers::default(),
    };
    visit_episodes(&steps, &AdjacentPairs::default(), policy, &mut survey)?;
    let adjacent = AdjacentPairs::decide(&survey.pairs, policy);
    let outages = survey.customers.outages(policy);

    let output = Output::begin(&args.out, beside.path(), columns())?;
    let mut labels = Labels { observed_until, outages: &outages, output, tally: Tally::default() };
    visit_episodes(&steps, &adjacent, policy, &mut labels)?;
    labels.output.finish()?;

    let mut report = labels.tally.report(observed_until, counts);
    report.adjacent_pairs = adjacent.len();
    report.outage_days = outages.count();
    report.seconds = started.elapsed().as_secs_f64();
    report.peak_memory_bytes = peak_memory::bytes();
    Ok(report)
}

fn params(args: &LabelArgs) -> anyhow::Result<LabelParams> {
    let mut params = match &args.config {
        Some(path) => LabelParams::read(path)?,
        None => LabelParams::default(),
    };
    if let Some(rows) = args.run_rows {
        params.run_rows = rows as usize;
    }
    Ok(params)
}

/// Reads both tables and brings what happened into the order of persons and time.
fn read(
    args: &LabelArgs,
    params: &LabelParams,
    folder: &Path,
    counts: &mut Counts,
) -> anyhow::Result<SortedRecords<Step>> {
    let encoder = match &args.encoder {
        Some(name) => Some(load_encoder(name, &args.models, None, &InferenceOptions::default())?),
        None => None,
    };
    let contacts = args.contacts.as_deref().map(|path| (path, &params.contact_columns));
    let identities = link_identities((&args.tickets, &params.columns), contacts)?;
    counts.identities = identities.as_ref().map_or(0, identities::Identities::count);
    let mut by_ticket = ExternalSort::new(folder, "by-ticket", params.run_rows);
    let mut reader = RowReader {
        identities,
        encoder: encoder.as_ref(),
        policy: &params.outcomes,
        counts: &mut *counts,
    };
    reader.read_tickets(&args.tickets, &params.columns, &mut by_ticket)?;
    if let Some((path, names)) = contacts {
        reader.read_contacts(path, names, &mut by_ticket)?;
    }
    let by_ticket = by_ticket.finish()?;
    let name =
        |path: &Path| path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let tickets = name(&args.tickets);
    let contacts = args.contacts.as_deref().map(name).unwrap_or_default();
    let files = Files { tickets: &tickets, contacts: &contacts };
    let mut by_person = ExternalSort::new(folder, "by-person", params.run_rows);
    find_steps(&by_ticket, &files, &params.outcomes, counts, &mut by_person)?;
    by_ticket.remove()?;
    by_person.finish()
}

/// The first reading: which category follows which, and how many customers come with what on a day.
struct Survey<'a> {
    policy: &'a OutcomePolicy,
    observed_until: Timestamp,
    pairs: PairCounts,
    customers: DailyCustomers,
}

impl Visitor for Survey<'_> {
    fn see_opening(&mut self, category: &IssueCategory, day: i64) {
        self.customers.add(category, day);
    }

    fn see_episode(&mut self, episode: LabelledEpisode) -> anyhow::Result<()> {
        let window = self.policy.adjacency_window_days;
        if episode.facts.closed_at.plus_days(i64::from(window)) <= self.observed_until {
            let followers = followers(&episode.facts, &episode.recontacts, window);
            self.pairs.add(&episode.facts.category, &followers);
        }
        Ok(())
    }
}

/// The second reading: outcomes, which are counted and written.
struct Labels<'a> {
    observed_until: Timestamp,
    outages: &'a Outages,
    output: Output,
    tally: Tally,
}

impl Visitor for Labels<'_> {
    fn see_opening(&mut self, _: &IssueCategory, _: i64) {}

    fn see_episode(&mut self, episode: LabelledEpisode) -> anyhow::Result<()> {
        let facts = &episode.facts;
        let is_outage = self.outages.contains(&facts.category, facts.opened_at.millis() / DAY_MS);
        let outcomes = WINDOWS_DAYS.map(|window| {
            Outcome::of(&episode.recontacts, facts.closed_at, window, self.observed_until)
        });
        let text = |text: &str| Cell::Text(Some(text.to_owned()));
        let mut row = vec![
            text(facts.id.ticket.as_str()),
            Cell::Whole(i64::from(facts.id.number)),
            Cell::Text(episode.customer.as_ref().map(|customer| customer.as_str().to_owned())),
            text(facts.category.as_str()),
            Cell::Instant(facts.opened_at),
            Cell::Instant(facts.closed_at),
            text(episode.ended_by.as_str()),
        ];
        for outcome in &outcomes {
            row.push(Cell::Text(outcome.map(|(outcome, _)| outcome.as_str().to_owned())));
            let proof = outcome.and_then(|(_, proof)| proof);
            row.push(Cell::Text(proof.map(|proof| proof.source_id.as_str().to_owned())));
            row.push(Cell::Text(proof.map(|proof| source_word(proof.source).to_owned())));
            row.push(Cell::Number(proof.map(gap_hours)));
        }
        row.extend([Cell::Flag(episode.is_parallel), Cell::Flag(is_outage)]);
        self.tally.add(
            &episode,
            is_outage,
            outcomes.map(|outcome| outcome.map(|(outcome, _)| outcome)),
        );
        self.output.write(row)
    }
}

/// The columns of the written file.
fn columns() -> Vec<(String, ColumnType)> {
    let named = |name: &str, kind| (name.to_owned(), kind);
    let mut columns = vec![
        named("ticket_id", ColumnType::Text),
        named("episode", ColumnType::Whole),
        named("customer_id", ColumnType::Text),
        named("category", ColumnType::Text),
        named("opened_at", ColumnType::Instant),
        named("closed_at", ColumnType::Instant),
        named("ended_by", ColumnType::Text),
    ];
    for days in WINDOWS_DAYS {
        columns.push((format!("outcome_{days}d"), ColumnType::Text));
        columns.push((format!("evidence_{days}d"), ColumnType::Text));
        columns.push((format!("source_{days}d"), ColumnType::Text));
        columns.push((format!("gap_hours_{days}d"), ColumnType::Number));
    }
    columns.extend([named("is_parallel", ColumnType::Flag), named("is_outage", ColumnType::Flag)]);
    columns
}

fn source_word(source: RecontactSource) -> &'static str {
    match source {
        RecontactSource::Contact => "contact",
        RecontactSource::Ticket => "ticket",
        RecontactSource::Reopening => "reopening",
    }
}

#[expect(clippy::cast_precision_loss, reason = "a gap of at most 30 days fits into 53 bits")]
fn gap_hours(recontact: &Recontact) -> f64 {
    recontact.gap_ms as f64 / 3_600_000.0
}
