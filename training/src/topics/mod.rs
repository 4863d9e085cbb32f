//! `recontact-train topics`: what texts are about that no label fits.
//!
//! A model is asked as the service would ask it; the texts it abstains on are put into groups that lie together, and each group
//! is proposed as a label, with keywords and examples. A person decides: the table that is written names the proposed label of
//! each text, to be put right and trained on. Without a model all texts are grouped: a beginning where there are no labels.

pub mod asked;
pub mod cluster;
pub mod found;
pub mod keywords;
pub mod read;

mod page;

use crate::category::encoders::load_encoder;
use crate::evaluate::html::ReportLanguage;
use crate::evaluate::{open, write_page};
use crate::{bad_input, whole_file};
use asked::ask;
use clap::Args;
use found::{Topics, find};
use read::{Sent, different, read};
use recontact::classify::encoder::InferenceOptions;
use recontact::classify::head::TextHead;
use recontact::config::{CommandLineSettings, Settings};
use recontact::registry::ModelKind;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Arguments of `recontact-train topics`.
#[derive(Debug, Args)]
pub struct TopicsArgs {
    /// The texts: CSV, CSV.gz, JSON lines or Parquet, one row per text.
    #[arg(long, value_name = "FILE")]
    pub data: PathBuf,
    /// The column with the text.
    #[arg(long, value_name = "COLUMN", default_value = "text")]
    pub text: String,
    /// The column with the contact's identifier, to be written beside each text.
    #[arg(long, value_name = "COLUMN")]
    pub id: Option<String>,
    /// The folder of a category model: only texts that it abstains on are grouped. Left out: all texts are.
    #[arg(long, value_name = "DIR")]
    pub model: Option<PathBuf>,
    /// The encoder, where there is no model or one of words alone: a folder, or a name below models/encoder.
    #[arg(long, value_name = "NAME|DIR")]
    pub encoder: Option<String>,
    /// The service's configuration, for its thresholds, rules and cleaning. Left out: the defaults.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// How many topics to look for. Left out: as many as lie apart best.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(2..=500))]
    pub topics: Option<u16>,
    /// Fewest different texts of a topic.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(2..))]
    pub min_texts: u16,
    /// Seed of the groups.
    #[arg(long, value_name = "N", default_value_t = 42)]
    pub seed: u64,
    /// Write the grouped texts with their proposed labels, as CSV.
    #[arg(long, value_name = "FILE")]
    pub labelled: Option<PathBuf>,
    /// Write a page for people, in one file.
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// The language of the page.
    #[arg(long, value_enum, default_value_t)]
    pub language: ReportLanguage,
    /// The folder in which encoders are looked up by name.
    #[arg(long, value_name = "DIR", default_value = "models", env = "RECONTACT_MODELS")]
    pub models: PathBuf,
    /// Print one JSON object instead of a table.
    #[arg(long)]
    pub json: bool,
}

/// Finds topics.
///
/// # Errors
/// [`crate::failure::BadInput`] when arguments, data, model or encoder are at fault; else what the encoder or the disk says.
pub fn run(args: &TopicsArgs) -> anyhow::Result<()> {
    let settings = Settings::load(&CommandLineSettings {
        config: args.config.clone(),
        ..CommandLineSettings::default()
    })
    .map_err(|error| bad_input!("--config: {error}"))?;
    let (sent, nothing_left) = read(args, settings.cleaning.enabled)?;
    let texts = different(&sent);
    let head = match &args.model {
        None => None,
        Some(folder) => {
            let artifact = open(folder, "--model")?;
            if artifact.manifest().kind != ModelKind::Category {
                return Err(bad_input!(
                    "--model {}: expected a category model, got one of {}",
                    folder.display(),
                    artifact.manifest().kind.as_str()
                ));
            }
            Some((artifact.version().to_owned(), TextHead::load(&artifact)?))
        }
    };
    let trained = head.as_ref().and_then(|(_, head)| head.description().encoder.as_ref());
    let (name, prompt) = match (trained, &args.encoder) {
        (Some(trained), None) => (trained.name.clone(), Some(trained.prompt.as_str())),
        (Some(trained), Some(given)) => (given.clone(), Some(trained.prompt.as_str())),
        (None, Some(given)) => (given.clone(), None),
        (None, None) => {
            return Err(bad_input!(
                "topics are found among embeddings, and {}: give --encoder",
                if head.is_some() { "the model reads words alone" } else { "there is no model" }
            ));
        }
    };
    let encoder = load_encoder(&name, &args.models, prompt, &InferenceOptions::default())?;
    let version = head.as_ref().map(|(version, _)| version.clone());
    let mut asked = ask(head, encoder, settings.classify, &texts)?;
    if nothing_left > 0 {
        asked.reasons.insert("nothing_left".to_owned(), nothing_left);
    }
    let file = args.data.file_name().unwrap_or_default().to_string_lossy().into_owned();
    eprintln!(
        "{} texts, {} to be grouped",
        sent.len() + nothing_left,
        asked.open.iter().map(|at| texts[*at].sent.len()).sum::<usize>()
    );
    let (found, of) = find(args, file, version, &sent, &texts, asked)?;
    if let Some(path) = &args.labelled {
        write_labelled(path, &sent, &found, &of)?;
        eprintln!("grouped texts written to {}", path.display());
    }
    write_page(args.html.as_deref(), || page::page(&found, args.language))?;
    print(&found, args.json)
}

/// A row for each grouped text; those without a topic have no label.
fn write_labelled(
    path: &Path,
    sent: &[Sent],
    found: &Topics,
    of: &[(usize, Option<usize>, f64)],
) -> anyhow::Result<()> {
    let mut csv = csv::Writer::from_writer(Vec::new());
    csv.write_record(["row", "id", "text", "label", "cosine"])?;
    for (at, topic, cosine) in of {
        let Sent { row, id, text } = &sent[*at];
        let label = topic.map_or("", |topic| found.topics[topic].label.as_str());
        csv.write_record([&row.to_string(), id, text.as_str(), label, &format!("{cosine:.4}")])?;
    }
    whole_file::replace(path, &csv.into_inner()?)
        .map_err(|error| bad_input!("--labelled: {}: {}", path.display(), error.root_cause()))
}

fn print(found: &Topics, json: bool) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    if json {
        serde_json::to_writer(&mut out, found)?;
        writeln!(out)?;
        return Ok(());
    }
    for (reason, texts) in &found.abstained {
        writeln!(out, "abstained, {reason}: {texts}")?;
    }
    writeln!(
        out,
        "{} topics; {} of {} texts belong to none",
        found.topics.len(),
        found.without_topic,
        found.grouped
    )?;
    for topic in &found.topics {
        writeln!(
            out,
            "\n{}: {} texts, cohesion {:.2}",
            topic.label.as_str(),
            topic.texts,
            topic.cohesion
        )?;
        writeln!(out, "  keywords: {}", topic.keywords.join(", "))?;
        if let Some(nearest) = &topic.nearest_label {
            writeln!(
                out,
                "  nearest label: {} ({:.0} %)",
                nearest.label.as_str(),
                100.0 * nearest.share
            )?;
        }
        for example in &topic.examples {
            let line = example.split_whitespace().collect::<Vec<_>>().join(" ");
            writeln!(out, "  - {}", line.chars().take(120).collect::<String>())?;
        }
    }
    Ok(())
}
