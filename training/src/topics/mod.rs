//! `recontact-train topics`: what texts are about that no label fits.
//!
//! A model is asked as the service would ask it; the texts it abstains on are put into groups that lie together, and each group
//! is proposed as a label, with keywords and examples. A person decides: the table that is written names the proposed label of
//! each text, to be put right and trained on. Without a model all texts are grouped: a beginning where there are no labels.

pub mod asked;
pub mod cluster;
pub mod keywords;

mod page;

use crate::category::encoders::load_encoder;
use crate::evaluate::html::ReportLanguage;
use crate::evaluate::{open, write_page};
use crate::faults::Faults;
use crate::table::TableStream;
use crate::{bad_input, whole_file};
use asked::{Asked, ask};
use clap::Args;
use cluster::{Groups, group};
use keywords::{TermCounts, labels};
use ndarray::Array2;
use recontact::classify::encoder::InferenceOptions;
use recontact::classify::{head::TextHead, language};
use recontact::cleaning::clean;
use recontact::config::{CommandLineSettings, Settings};
use recontact::contact::{ContactText, DEFAULT_MAX_TEXT_BYTES};
use recontact::registry::ModelKind;
use recontact::ticket::Name;
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Examples that are told of a topic.
const EXAMPLES: usize = 5;
/// Languages that are told of a topic: those with at least this share of its texts.
const LANGUAGE_SHARE: f64 = 0.05;

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

/// Everything that was found.
#[derive(Debug, Serialize)]
pub struct Topics {
    /// The file.
    pub file: String,
    /// Its texts.
    pub texts: usize,
    /// The model that was asked; null without one.
    pub model: Option<String>,
    /// Texts that it abstains on, by reason; empty without a model.
    pub abstained: BTreeMap<String, usize>,
    /// Texts that were looked at for topics.
    pub grouped: usize,
    /// Those that belong to no topic.
    pub without_topic: usize,
    /// The topics, the largest first.
    pub topics: Vec<Topic>,
    /// Mean silhouette with each number of groups that was tried.
    pub tried: Vec<(usize, f64)>,
}

/// What some texts are about.
#[derive(Debug, Serialize)]
pub struct Topic {
    /// The proposed label.
    pub label: Name,
    /// Its texts, equal ones as often as they occur.
    pub texts: usize,
    /// Different texts.
    pub different: usize,
    /// Mean cosine of its texts with their middle.
    pub cohesion: f64,
    /// Words that tell it from all texts.
    pub keywords: Vec<String>,
    /// The texts nearest to its middle.
    pub examples: Vec<String>,
    /// ISO 639-1 codes of its languages, the most frequent first.
    pub languages: Vec<String>,
    /// The label of the model that its texts come nearest to; null without a model.
    pub nearest_label: Option<NearestLabel>,
}

/// The label that most texts of a topic come nearest to.
#[derive(Debug, Clone, Serialize)]
pub struct NearestLabel {
    /// Which.
    pub label: Name,
    /// Share of the texts.
    pub share: f64,
}

/// A text of the file.
struct Sent {
    row: usize,
    id: String,
    text: ContactText,
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
    let texts: Vec<ContactText> = sent.iter().map(|sent| sent.text.clone()).collect();
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
    if version.is_some() && nothing_left > 0 {
        asked.reasons.insert("nothing_left".to_owned(), nothing_left);
    }
    let file = args.data.file_name().unwrap_or_default().to_string_lossy().into_owned();
    eprintln!("{} texts, {} to be grouped", sent.len() + nothing_left, asked.open.len());
    let (found, of) = find(args, file, version, &sent, asked)?;
    if let Some(path) = &args.labelled {
        write_labelled(path, &sent, &found, &of)?;
        eprintln!("grouped texts written to {}", path.display());
    }
    write_page(args.html.as_deref(), || page::page(&found, args.language))?;
    print(&found, args.json)
}

/// Reads the texts, cleaned as the service does; also how many have nothing left.
fn read(args: &TopicsArgs, is_cleaned: bool) -> anyhow::Result<(Vec<Sent>, usize)> {
    let mut table = TableStream::open(&args.data)?;
    let head = table.head().clone();
    let column = head.column(&args.text)?;
    let id_column = args.id.as_deref().map(|id| head.column(id)).transpose()?;
    let (mut sent, mut nothing_left) = (Vec::new(), 0);
    let mut faults = Faults::default();
    while let Some(row) = table.next(&mut faults)? {
        match ContactText::parse(row.cell(column).unwrap_or_default(), DEFAULT_MAX_TEXT_BYTES) {
            Err(error) => faults.push(format!("{}: {error}", head.place(row, column))),
            Ok(text) => {
                let cleaned = is_cleaned.then(|| clean(text.as_str()));
                let text = match cleaned {
                    None => Some(text),
                    Some(cleaned) if cleaned.is_nothing() => None,
                    Some(cleaned) => ContactText::parse(&cleaned.text, usize::MAX).ok(),
                };
                let id = id_column.and_then(|column| row.cell(column)).unwrap_or_default();
                match text {
                    None => nothing_left += 1,
                    Some(text) => sent.push(Sent { row: row.number, id: id.to_owned(), text }),
                }
            }
        }
    }
    table.finish(faults)?;
    Ok((sent, nothing_left))
}

/// What was found, and the topic of each open text with its cosine.
type Found = (Topics, Vec<(usize, Option<usize>, f64)>);

fn find(
    args: &TopicsArgs,
    file: String,
    model: Option<String>,
    sent: &[Sent],
    asked: Asked,
) -> anyhow::Result<Found> {
    // Equal texts are one; each is grouped once and counts as often as it was sent.
    let mut place: HashMap<String, usize> = HashMap::new();
    let mut different: Vec<Vec<usize>> = Vec::new();
    for (at, &row) in asked.open.iter().enumerate() {
        let key = sent[row].text.as_str().trim().to_lowercase();
        let index = *place.entry(key).or_insert_with(|| {
            different.push(Vec::new());
            different.len() - 1
        });
        different[index].push(at);
    }
    let mut x = Array2::zeros((different.len(), asked.dimension));
    for (mut row, same) in x.rows_mut().into_iter().zip(&different) {
        row.iter_mut()
            .zip(&asked.vectors[same[0]])
            .for_each(|(cell, value)| *cell = f64::from(*value));
    }
    let wanted = args.topics.map(usize::from);
    let groups = group(&x, wanted, usize::from(args.min_texts), args.seed)?;
    let topics = topics(sent, &asked, &different, &groups);
    let mut of = Vec::with_capacity(asked.open.len());
    for (same, (topic, cosine)) in different.iter().zip(groups.of.iter().zip(&groups.cosine)) {
        of.extend(same.iter().map(|at| (asked.open[*at], *topic, *cosine)));
    }
    of.sort_by_key(|(row, _, _)| *row);
    let found = Topics {
        file,
        texts: sent.len() + asked.reasons.get("nothing_left").copied().unwrap_or_default(),
        model,
        abstained: asked.reasons,
        grouped: asked.open.len(),
        without_topic: of.iter().filter(|(_, topic, _)| topic.is_none()).count(),
        topics,
        tried: groups.tried,
    };
    Ok((found, of))
}

fn topics(sent: &[Sent], asked: &Asked, different: &[Vec<usize>], groups: &Groups) -> Vec<Topic> {
    let text = |same: &[usize]| &sent[asked.open[same[0]]].text;
    let all = TermCounts::of(sent.iter().map(|sent| (&sent.text, 1)));
    let members: Vec<Vec<usize>> = (0..groups.count)
        .map(|topic| (0..different.len()).filter(|at| groups.of[*at] == Some(topic)).collect())
        .collect();
    let keywords: Vec<Vec<String>> = members
        .iter()
        .map(|members| {
            let counted = members.iter().map(|at| (text(&different[*at]), different[*at].len()));
            TermCounts::of(counted).keywords(&all)
        })
        .collect();
    let labels = labels(&keywords, &asked.labels);
    let described = members.iter().zip(keywords).zip(labels);
    described
        .map(|((members, keywords), label)| {
            let mut nearest = members.clone();
            nearest.sort_by(|a, b| groups.cosine[*b].total_cmp(&groups.cosine[*a]).then(a.cmp(b)));
            let rows: Vec<usize> = members.iter().flat_map(|at| &different[*at]).copied().collect();
            Topic {
                label,
                texts: rows.len(),
                different: members.len(),
                cohesion: mean(members.iter().map(|at| groups.cosine[*at])),
                keywords,
                examples: nearest
                    .iter()
                    .take(EXAMPLES)
                    .map(|at| text(&different[*at]).as_str().to_owned())
                    .collect(),
                languages: languages(rows.iter().map(|at| &sent[asked.open[*at]].text)),
                nearest_label: most_frequent(
                    rows.iter().filter_map(|at| asked.nearest[*at].clone()),
                ),
            }
        })
        .collect()
}

fn languages<'t>(texts: impl ExactSizeIterator<Item = &'t ContactText>) -> Vec<String> {
    let count = texts.len();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for code in texts.filter_map(|text| {
        language::detect(text.as_str(), &language::DEFAULT_EXPECTED.map(str::to_owned))
    }) {
        *counts.entry(code).or_insert(0) += 1;
    }
    let share = |texts| crate::category::report::share(texts, count);
    let mut told: Vec<(usize, &str)> = counts
        .into_iter()
        .filter(|(_, n)| share(*n) >= LANGUAGE_SHARE)
        .map(|(code, n)| (n, code))
        .collect();
    told.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
    told.into_iter().map(|(_, code)| code.to_owned()).collect()
}

fn most_frequent(labels: impl Iterator<Item = Name>) -> Option<NearestLabel> {
    let mut counts: BTreeMap<Name, usize> = BTreeMap::new();
    labels.for_each(|label| *counts.entry(label).or_insert(0) += 1);
    let whole: usize = counts.values().sum();
    let (label, count) = counts.into_iter().max_by(|a, b| a.1.cmp(&b.1).then(b.0.cmp(&a.0)))?;
    Some(NearestLabel { label, share: crate::category::report::share(count, whole) })
}

#[expect(clippy::cast_precision_loss, reason = "counts of texts")]
fn mean(numbers: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = numbers.len().max(1) as f64;
    numbers.sum::<f64>() / count
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
