//! `recontact report next-issues`: the map of next issues, computed from the stored episodes as of now.

use super::{ReportArgs, ReportFormat, open, parse_name};
use crate::next_issue::ranking::{PrimaryView, ReportScope, SecondaryView};
use crate::next_issue::{GapHours, NextIssueReport};
use crate::outcome::WINDOWS_DAYS;
use crate::statistics::Interval;
use crate::store::{EpisodeScope, Tenant};
use crate::ticket::Name;
use crate::timestamp::Timestamp;
use anyhow::Context;
use clap::Args;
use std::io::{self, Write};

/// Which part of the map to report.
#[derive(Debug, Args)]
pub struct NextIssuesArgs {
    #[command(flatten)]
    report: ReportArgs,
    /// Days after the close within which a contact counts: 1, 3, 7, 14 or 30; next_issues.window_days if left out
    #[arg(long, value_name = "N", value_parser = parse_window)]
    window_days: Option<u32>,
    /// Only this primary category
    #[arg(long, value_name = "NAME", value_parser = parse_name)]
    category: Option<Name>,
    /// Only episodes that this team closed
    #[arg(long, value_name = "NAME", value_parser = parse_name)]
    team: Option<Name>,
    /// Only episodes whose customer came in this way
    #[arg(long, value_name = "NAME", value_parser = parse_name)]
    channel: Option<Name>,
    /// Primary categories at most; next_issues.top if left out
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
}

pub(super) fn run(args: NextIssuesArgs) -> anyhow::Result<()> {
    let settings = args.report.settings()?;
    let NextIssuesArgs { report, window_days, category, team, channel, limit } = args;
    let map = actix_web::rt::System::new().block_on(async {
        let store = open(&settings).await?;
        let scope = EpisodeScope { team, channel };
        let (options, policy) = (&settings.next_issues, &settings.outcomes);
        let map = store
            .compute_next_issues(&Tenant::DEFAULT, &scope, options, policy, Timestamp::now())
            .await
            .context("computing the next issues")?;
        store.close().await;
        anyhow::Ok(map)
    })?;
    let scope = ReportScope { window_days, category, limit };
    let told = NextIssueReport::new(&map, &settings.next_issues, &scope);
    let mut out = io::stdout().lock();
    match report.format {
        ReportFormat::Json => {
            serde_json::to_writer_pretty(&mut out, &told)?;
            writeln!(out)?;
        }
        ReportFormat::Csv => write_csv(&told, &mut out)?,
        ReportFormat::Table => write_table(&told, &mut out)?,
    }
    out.flush().context("writing to standard output")
}

fn parse_window(text: &str) -> Result<u32, String> {
    text.parse()
        .ok()
        .filter(|days| WINDOWS_DAYS.contains(days))
        .ok_or_else(|| format!("expected one of {WINDOWS_DAYS:?}"))
}

const CSV_COLUMNS: [&str; 23] = [
    "window_days",
    "rank",
    "category",
    "n",
    "repeats",
    "repeat_rate",
    "repeat_rate_low",
    "repeat_rate_high",
    "cost_per_contact",
    "score",
    "relation",
    "secondary",
    "secondary_n",
    "probability",
    "probability_low",
    "probability_high",
    "base_rate",
    "lift",
    "lift_low",
    "lift_high",
    "gap_p25_hours",
    "gap_median_hours",
    "gap_p75_hours",
];

/// One line for the same issue again and one for each issue that followed; what is not known is empty.
fn write_csv(told: &NextIssueReport, out: impl Write) -> anyhow::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(CSV_COLUMNS)?;
    for primary in &told.primaries {
        if primary.explicit.is_none() && primary.secondaries.is_empty() {
            let nothing: [String; 13] = Default::default();
            csv.write_record(primary_cells(told, primary).iter().chain(&nothing))?;
        }
        if let Some(same) = &primary.explicit {
            let (low, high) = ends(same.interval);
            let mut cells = vec!["explicit".to_owned(), primary.category.to_string()];
            cells.extend([same.n.to_string(), number(same.probability), low, high]);
            cells.extend(std::iter::repeat_n(String::new(), 4));
            cells.extend(gaps(same.gap_hours));
            csv.write_record(primary_cells(told, primary).iter().chain(&cells))?;
        }
        for next in &primary.secondaries {
            let relation = if next.adjacent { "adjacent" } else { "other" };
            let ((low, high), (lift_low, lift_high)) =
                (ends(next.interval), ends(next.lift_interval));
            let mut cells = vec![relation.to_owned(), next.category.to_string()];
            cells.extend([next.n.to_string(), number(next.probability), low, high]);
            cells.extend([number(next.base_rate), number(next.lift), lift_low, lift_high]);
            cells.extend(gaps(Some(next.gap_hours)));
            csv.write_record(primary_cells(told, primary).iter().chain(&cells))?;
        }
    }
    csv.flush()?;
    Ok(())
}

fn primary_cells(told: &NextIssueReport, primary: &PrimaryView) -> Vec<String> {
    let (low, high) = ends(primary.repeat_interval);
    vec![
        told.window_days.to_string(),
        primary.rank.to_string(),
        primary.category.to_string(),
        primary.n.to_string(),
        primary.repeats.to_string(),
        number(primary.repeat_rate),
        low,
        high,
        primary.cost_per_contact.to_string(),
        primary.score.to_string(),
    ]
}

fn number(value: Option<f64>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

fn ends(interval: Option<Interval>) -> (String, String) {
    (number(interval.map(|ends| ends.low)), number(interval.map(|ends| ends.high)))
}

fn gaps(gap: Option<GapHours>) -> [String; 3] {
    [gap.map(|gap| gap.p25), gap.map(|gap| gap.median), gap.map(|gap| gap.p75)].map(number)
}

/// Secondary issues that a table shows for each primary one.
const SHOWN: usize = 5;

fn write_table(told: &NextIssueReport, mut out: impl Write) -> anyhow::Result<()> {
    let coverage = told.coverage.unwrap_or_default();
    writeln!(
        out,
        "Next issues within {} days, from {} mature episodes ({} immature ones left out)",
        told.window_days, coverage.mature_episodes, coverage.immature_episodes
    )?;
    if coverage.categories_below_minimum > 0 {
        writeln!(
            out,
            "{} categories have fewer than {} mature episodes and no figures",
            coverage.categories_below_minimum, told.minimum_episodes
        )?;
    }
    if told.primaries.is_empty() {
        writeln!(out, "\nno category has enough mature episodes")?;
    }
    for primary in &told.primaries {
        writeln!(
            out,
            "\n{:>3}. {}: {} episodes, {} repeats ({}), cost {:.2}",
            primary.rank,
            primary.category,
            primary.n,
            primary.repeats,
            share(primary.repeat_rate, primary.repeat_interval),
            primary.score
        )?;
        writeln!(
            out,
            "     {:<32} {:>7}  {:<24} {:<20} gap p25 / median / p75",
            "then", "n", "share", "lift"
        )?;
        if let Some(same) = &primary.explicit {
            let share = share(same.probability, same.interval);
            let gap = shown_gap(same.gap_hours);
            writeln!(
                out,
                "     {:<32} {:>7}  {share:<24} {:<20} {gap}",
                "the same again", same.n, ""
            )?;
        }
        for next in primary.secondaries.iter().take(SHOWN) {
            writeln!(out, "{}", secondary_line(next))?;
        }
    }
    writeln!(out, "\n* known to follow. Intervals: 95 %.")?;
    Ok(())
}

fn secondary_line(next: &SecondaryView) -> String {
    let mark = if next.adjacent { '*' } else { ' ' };
    let lift = match (next.lift, next.lift_interval) {
        (Some(lift), Some(Interval { low, high })) => format!("{lift:.2} ({low:.2}–{high:.2})"),
        _ => "–".to_owned(),
    };
    let (share, gap) = (share(next.probability, next.interval), shown_gap(Some(next.gap_hours)));
    format!("   {mark} {:<32} {:>7}  {share:<24} {lift:<20} {gap}", next.category.as_str(), next.n)
}

fn share(rate: Option<f64>, interval: Option<Interval>) -> String {
    match (rate, interval) {
        (Some(rate), Some(Interval { low, high })) => {
            format!("{:.1} % ({:.1}–{:.1} %)", rate * 100.0, low * 100.0, high * 100.0)
        }
        _ => "–".to_owned(),
    }
}

fn shown_gap(gap: Option<GapHours>) -> String {
    gap.map_or("–".to_owned(), |GapHours { p25, median, p75 }| {
        format!("{p25:.1} / {median:.1} / {p75:.1} h")
    })
}
