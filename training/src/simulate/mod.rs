//! `recontact-train simulate`: a desk with a known effect of following up, to try the estimators on.
//!
//! What is simulated, and why it is hard: customers differ in risk and several of a customer's tickets are alike; scores know
//! only a part of the risk and may be wrong; follow-ups help some, harm others (sleeping dogs), and cause contacts of their own;
//! not everybody who should be followed up is; and the last days have no outcome yet. The true effect is known from both
//! potential outcomes of every ticket, see [`truth`].

pub mod coverage;
pub mod experiment;
pub mod params;
pub mod random;
pub mod tables;
pub mod truth;
pub mod world;

use crate::bad_input;
use crate::card::markdown_table;
use crate::progress;
use anyhow::Context;
use clap::Args;
use coverage::ScenarioCoverage;
use params::SimulationParams;
use recontact::effect::EffectReport;
use recontact::risk::Language;
use recontact::statistics::Proportion;
use serde::Serialize;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use tables::Written;
use truth::Truth;
use world::World;

/// Customers whose potential outcomes stand for the population.
const POPULATION: u32 = 400_000;

/// Arguments of `recontact-train simulate`.
#[derive(Debug, Args)]
pub struct SimulateArgs {
    /// The folder to write tickets.csv, contacts.csv, follow_ups.csv, truth.json and simulation.toml into; it must not exist
    /// or be empty.
    #[arg(long, value_name = "DIR", required_unless_present = "check_coverage")]
    pub out: Option<PathBuf>,
    /// Parameters (TOML), see docs/effect.md. Left out: the documented defaults.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Seed of the customers; the same seed gives the same files.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Customers; instead of the parameter.
    #[arg(long, value_name = "N")]
    pub customers: Option<u32>,
    /// Relative reduction of repeats where a follow-up helps, 0 to 1; instead of the parameter.
    #[arg(long, value_name = "SHARE")]
    pub effect: Option<f64>,
    /// Run so many experiments in each scenario and say how often the 95 % intervals hold the truth; nothing is written.
    #[arg(long, value_name = "RUNS", conflicts_with_all = ["out", "customers"])]
    pub check_coverage: Option<u32>,
    /// Print one JSON object instead of a table.
    #[arg(long)]
    pub json: bool,
}

/// `truth.json`.
#[derive(Debug, Serialize)]
struct TruthFile {
    /// What the intervals are about.
    estimand: &'static str,
    /// The effect on the population that the customers are drawn from.
    population: Truth,
    /// The effect on these customers, from their probabilities in both worlds.
    these_customers: Truth,
    /// The effect on these customers, from what would have happened in both worlds.
    potential_outcomes: Truth,
    /// What the service's estimators say of what was observed.
    estimated: EffectReport,
    /// Seed of the customers.
    seed: u64,
    /// All parameters.
    params: SimulationParams,
    /// Rows written.
    rows: Written,
}

const ESTIMAND: &str = "population: repeats per flagged episode when assigned to treatment minus when held out, over the \
                        population of customers; 95 % intervals are about this one";

/// Simulates, or checks the coverage of the intervals.
///
/// # Errors
/// [`crate::failure::BadInput`] when arguments or parameters are at fault; an error when an interval holds the truth too
/// seldom or too often; else what the disk says.
pub fn run(args: &SimulateArgs) -> anyhow::Result<()> {
    let params = parameters(args)?;
    match (&args.out, args.check_coverage) {
        (_, Some(runs)) => check_coverage(&params, runs, args.seed, args.json),
        (Some(out), None) => simulate(&params, args.seed, out, args.json),
        (None, None) => Err(bad_input!("--out: expected a folder")),
    }
}

fn parameters(args: &SimulateArgs) -> anyhow::Result<SimulationParams> {
    let mut params = match &args.config {
        Some(path) => SimulationParams::read(path)?,
        None => SimulationParams::default(),
    };
    params.customers = args.customers.unwrap_or(params.customers);
    params.effect = args.effect.unwrap_or(params.effect);
    params.check()?;
    Ok(params)
}

fn simulate(params: &SimulationParams, seed: u64, out: &Path, json: bool) -> anyhow::Result<()> {
    if fs::read_dir(out).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(bad_input!("--out: expected a new or empty folder, {} is not", out.display()));
    }
    fs::create_dir_all(out).with_context(|| format!("making {}", out.display()))?;
    let customers = params.customers;
    let looks = vec![params.days];
    let world = World::new(params.clone())?;
    let rows = tables::write(&world, seed, out)?;
    let truth = TruthFile {
        estimand: ESTIMAND,
        population: truth::population(&world, POPULATION),
        these_customers: truth::of_probabilities(&world, seed, customers),
        potential_outcomes: truth::of_outcomes(&world, seed, customers),
        estimated: experiment::report(&world, seed, looks)?,
        seed,
        params: params.clone(),
        rows,
    };
    let write = |name: &str, content: String| {
        let path = out.join(name);
        fs::write(&path, content).with_context(|| format!("writing {}", path.display()))
    };
    write("truth.json", serde_json::to_string_pretty(&truth)? + "\n")?;
    write("simulation.toml", toml::to_string(&params)?)?;
    let mut stdout = std::io::stdout().lock();
    if json {
        serde_json::to_writer(&mut stdout, &truth)?;
        writeln!(stdout)?;
    } else {
        writeln!(stdout, "{}", truth_table(&truth))?;
        write!(stdout, "{}", truth.estimated.to_table(Language::En))?;
    }
    eprintln!(
        "{} tickets, {} contacts, {} follow-ups written to {}",
        rows.tickets,
        rows.contacts,
        rows.follow_ups,
        out.display()
    );
    Ok(())
}

fn truth_table(truth: &TruthFile) -> String {
    let row = |name: &str, truth: &Truth| {
        vec![
            name.to_owned(),
            format!("{:.2} %", 100.0 * truth.control_rate),
            format!("{:.2} %", 100.0 * truth.treatment_rate),
            format!("{:+.2} pp", 100.0 * truth.difference),
            format!("{:+.4}", truth.net_avoided),
        ]
    };
    let rows = vec![
        row("the population", &truth.population),
        row("these customers, probabilities", &truth.these_customers),
        row("these customers, both outcomes", &truth.potential_outcomes),
    ];
    markdown_table(
        &["true effect on", "held out", "treated", "difference", "net avoided per episode"],
        &rows,
    )
}

/// What `--check-coverage --json` prints.
#[derive(Debug, Serialize)]
struct CoverageFile {
    runs: u32,
    seed: u64,
    accepted: recontact::statistics::Interval,
    scenarios: Vec<ScenarioCoverage>,
}

fn check_coverage(
    params: &SimulationParams,
    runs: u32,
    seed: u64,
    json: bool,
) -> anyhow::Result<()> {
    if runs == 0 {
        return Err(bad_input!("--check-coverage: expected at least 1 run"));
    }
    let planned = coverage::scenarios(params);
    let bar = progress::bar(planned.len() as u64, "scenarios");
    let mut scenarios = Vec::new();
    for (name, params) in planned {
        scenarios.push(coverage::run(name, params, runs, seed)?);
        bar.inc(1);
    }
    bar.finish_and_clear();
    let accepted = coverage::accepted(runs);
    let mut stdout = std::io::stdout().lock();
    if json {
        let file = CoverageFile { runs, seed, accepted, scenarios: scenarios.clone() };
        serde_json::to_writer(&mut stdout, &file)?;
        writeln!(stdout)?;
    } else {
        writeln!(stdout, "{}", coverage_table(&scenarios))?;
        writeln!(
            stdout,
            "Share of {runs} experiments whose 95 % interval holds the truth; {:.1} to {:.1} % is accepted for the intervals by \
             customer, for those that decide, for net contacts and for the Qini area.",
            100.0 * accepted.low,
            100.0 * accepted.high
        )?;
    }
    let outside: Vec<String> = scenarios.iter().flat_map(|s| outside(s, accepted)).collect();
    anyhow::ensure!(outside.is_empty(), "outside of what is accepted: {}", outside.join("; "));
    Ok(())
}

fn outside(scenario: &ScenarioCoverage, accepted: recontact::statistics::Interval) -> Vec<String> {
    let is_outside = |share: f64| share < accepted.low - 1e-9 || share > accepted.high + 1e-9;
    scenario
        .promised()
        .into_iter()
        .filter(|(_, held)| held.rate().is_none_or(is_outside))
        .map(|(name, held)| format!("{}, {name}: {}", scenario.scenario, percent(held)))
        .collect()
}

fn coverage_table(scenarios: &[ScenarioCoverage]) -> String {
    let heads = [
        "scenario",
        "episodes",
        "design effect",
        "true / mean difference, pp",
        "Newcombe",
        "by customer",
        "deciding",
        "net contacts",
        "true / mean Qini area",
        "Qini",
        "reduces",
        "increases",
    ];
    let rows: Vec<Vec<String>> = scenarios
        .iter()
        .map(|s| {
            vec![
                s.scenario.to_owned(),
                format!("{:.0}", s.episodes),
                format!("{:.2}", s.design_effect),
                format!("{:+.3} / {:+.3}", 100.0 * s.truth.difference, 100.0 * s.mean_difference),
                percent(s.newcombe),
                percent(s.cluster_robust),
                percent(s.decisive),
                percent(s.net),
                format!("{:+.5} / {:+.5}", s.truth.qini_area.unwrap_or(0.0), s.mean_qini_area),
                percent(s.qini),
                percent(s.reduces),
                percent(s.increases),
            ]
        })
        .collect();
    markdown_table(&heads, &rows)
}

fn percent(proportion: Proportion) -> String {
    proportion.rate().map_or_else(|| "-".to_owned(), |rate| format!("{:.1} %", 100.0 * rate))
}
