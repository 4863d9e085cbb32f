//! `recontact report kpi`: key figures as of now.

use super::{ReportArgs, ReportFormat, open};
use crate::kpi::{Figure, KpiContext, KpiGroup, KpiQuery, KpiReport, KpiWords, Unit};
use crate::live_kpis::tell;
use crate::risk::Language;
use crate::store::{Store, Tenant};
use crate::timestamp::Timestamp;
use anyhow::Context;
use clap::Args;
use std::io::{self, Write};

/// Which figures to report.
#[derive(Debug, Args)]
pub struct KpiArgs {
    #[command(flatten)]
    report: ReportArgs,
    /// The first day (YYYY-MM-DD, in kpi.time_zone); 28 days before --to if left out
    #[arg(long, value_name = "DAY")]
    from: Option<String>,
    /// The day after the last one; today if left out
    #[arg(long, value_name = "DAY")]
    to: Option<String>,
    /// team, category, channel or segment; day, week or month; or one of each with a comma between
    #[arg(long, value_name = "WHAT")]
    by: Option<String>,
    /// Measures with commas between; all if left out
    #[arg(long, value_name = "NAMES")]
    measure: Option<String>,
    /// Days after the close: 1, 3, 7, 14 or 30; kpi.window_days if left out
    #[arg(long, value_name = "N")]
    window_days: Option<String>,
    /// Only of this team
    #[arg(long, value_name = "NAME")]
    team: Option<String>,
    /// Only of this category
    #[arg(long, value_name = "NAME")]
    category: Option<String>,
    /// Only of this channel
    #[arg(long, value_name = "NAME")]
    channel: Option<String>,
    /// Only of customers of this segment
    #[arg(long, value_name = "NAME")]
    segment: Option<String>,
    /// Language of names and definitions: en, ru, be or uk
    #[arg(long, default_value = "en", value_parser = super::effect::parse_language)]
    language: Language,
    /// Count all days anew first, whether they have changed or not
    #[arg(long)]
    rebuild: bool,
}

pub(super) fn run(args: &KpiArgs) -> anyhow::Result<()> {
    let settings = args.report.settings()?;
    let (options, now) = (&settings.kpi, Timestamp::now());
    let words = KpiWords {
        from: args.from.clone(),
        to: args.to.clone(),
        by: args.by.clone(),
        step: None,
        measures: args.measure.clone(),
        window_days: args.window_days.clone(),
        team: args.team.clone(),
        category: args.category.clone(),
        channel: args.channel.clone(),
        segment: args.segment.clone(),
    };
    let query = KpiQuery::parse(&words, options, now).map_err(anyhow::Error::msg)?;
    let context = KpiContext {
        zone: &options.time_zone,
        small_numbers: options.small_numbers,
        language: args.language,
        now,
    };
    let report = actix_web::rt::System::new().block_on(async {
        let store = open(&settings).await?;
        if args.rebuild {
            store.forget_kpis(&Tenant::DEFAULT).await.context("forgetting the counted days")?;
        }
        count_all(&store, options).await?;
        let report = tell(&store, &Tenant::DEFAULT, options, &query, context).await;
        store.close().await;
        report.context("reading the figures")
    })?;
    let mut out = io::stdout().lock();
    match args.report.format {
        ReportFormat::Json => {
            serde_json::to_writer_pretty(&mut out, &report)?;
            writeln!(out)?;
        }
        ReportFormat::Csv => write_csv(&report, &mut out)?,
        ReportFormat::Table => write_table(&report, &mut out)?,
    }
    out.flush().context("writing to standard output")
}

/// Counts everything that has changed: nobody waits for an answer here.
async fn count_all(store: &Store, options: &crate::kpi::KpiOptions) -> anyhow::Result<()> {
    loop {
        let zone = &options.time_zone;
        let refreshed =
            store.refresh_kpis(&Tenant::DEFAULT, zone, None, options.days_at_once).await;
        if refreshed.context("counting the days")?.left == 0 {
            return Ok(());
        }
    }
}

const COLUMNS: [&str; 18] = [
    "from",
    "to",
    "step",
    "label",
    "measure",
    "part",
    "window_days",
    "value",
    "unit",
    "low",
    "high",
    "numerator",
    "denominator",
    "n",
    "is_small",
    "excluded",
    "mature_at",
    "not_measured",
];

/// What is not known is empty.
fn cells(group: &KpiGroup, figure: &Figure) -> anyhow::Result<[String; 18]> {
    let number = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
    Ok([
        group.period.from.to_string(),
        group.period.to.to_string(),
        group.step.clone().unwrap_or_default(),
        group.label.clone().unwrap_or_default(),
        figure.measure.to_owned(),
        figure.part.unwrap_or_default().to_owned(),
        figure.window_days.map(|days| days.to_string()).unwrap_or_default(),
        number(figure.value),
        serde_json::to_value(figure.unit)?.as_str().unwrap_or_default().to_owned(),
        number(figure.interval.map(|ends| ends.low)),
        number(figure.interval.map(|ends| ends.high)),
        number(figure.numerator),
        number(figure.denominator),
        figure.n.to_string(),
        figure.is_small.to_string(),
        excluded(figure),
        figure.mature_at.map(|at| at.to_string()).unwrap_or_default(),
        figure.not_measured.clone().unwrap_or_default(),
    ])
}

fn excluded(figure: &Figure) -> String {
    let each = figure.excluded.iter().map(|left| format!("{} {}", left.n, left.reason.as_str()));
    each.collect::<Vec<_>>().join("; ")
}

fn write_csv(report: &KpiReport, out: impl Write) -> anyhow::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(COLUMNS)?;
    for group in &report.groups {
        for figure in &group.figures {
            csv.write_record(cells(group, figure)?)?;
        }
    }
    csv.flush()?;
    Ok(())
}

fn write_table(report: &KpiReport, mut out: impl Write) -> anyhow::Result<()> {
    let last = report.period.to.plus(-1);
    writeln!(out, "{} to {last} ({})", report.period.from, report.time_zone)?;
    for group in &report.groups {
        let place = [group.label.as_deref(), group.step.as_deref()];
        let place: Vec<&str> = place.into_iter().flatten().collect();
        let is_divided = report.by.is_some() || report.step.is_some();
        if is_divided {
            let unknown = if report.by.is_some() { "not known" } else { "" };
            let heading = if place.is_empty() { unknown.to_owned() } else { place.join(", ") };
            writeln!(out, "\n{heading}")?;
        } else {
            writeln!(out)?;
        }
        for figure in &group.figures {
            let definition = report.definitions.iter().find(|one| one.id == figure.measure);
            let name = definition.map_or(figure.measure, |definition| definition.name);
            let name = match (figure.part, figure.window_days) {
                (Some(part), _) => format!("{name}: {part}"),
                (None, Some(days)) => format!("{name}, {days} d"),
                (None, None) => name.to_owned(),
            };
            writeln!(out, "  {name:<50} {}", shown(figure).trim_end())?;
        }
    }
    writeln!(
        out,
        "\n* fewer than {} cases. Intervals: 95 %. --format json has the definitions.",
        report.small_numbers
    )?;
    Ok(())
}

fn shown(figure: &Figure) -> String {
    if let Some(reason) = &figure.not_measured {
        return format!("not measured: {reason}");
    }
    let in_unit = |value: f64| match figure.unit {
        Unit::Share => format!("{:.1} %", value * 100.0),
        Unit::Seconds => format!("{value:.0} s"),
        Unit::Tickets => format!("{value:.0}"),
        Unit::Points | Unit::ContactsPerDay => format!("{value:.1}"),
        Unit::CostPerContact => format!("{value:.2}"),
    };
    let value = figure.value.map_or("–".to_owned(), in_unit);
    let ends = figure
        .interval
        .map_or(String::new(), |ends| format!("({} – {})", in_unit(ends.low), in_unit(ends.high)));
    let mark = if figure.is_small { "*" } else { "" };
    let left = excluded(figure);
    let left = if left.is_empty() { left } else { format!("left out: {left}") };
    format!("{value:>10}{mark:<1} {ends:<24} n {:<9} {left}", figure.n)
}
