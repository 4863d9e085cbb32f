//! `recontact report monitoring`: the windows compared as of now.

use super::{ReportArgs, ReportFormat, open};
use crate::live_monitoring::compute;
use crate::monitoring::{Figure, MonitoringReport};
use crate::store::Tenant;
use crate::timestamp::Timestamp;
use anyhow::Context;
use std::io::{self, Write};

pub(super) fn run(args: &ReportArgs) -> anyhow::Result<()> {
    let settings = args.settings()?;
    let report = actix_web::rt::System::new().block_on(async {
        let store = open(&settings).await?;
        let report = compute(&store, &Tenant::DEFAULT, settings.monitoring, Timestamp::now()).await;
        store.close().await;
        report.context("comparing the windows")
    })?;
    let mut out = io::stdout().lock();
    match args.format {
        ReportFormat::Json => {
            serde_json::to_writer_pretty(&mut out, &report)?;
            writeln!(out)?;
        }
        ReportFormat::Csv => write_csv(&report, &mut out)?,
        ReportFormat::Table => write_table(&report, &mut out)?,
    }
    out.flush().context("writing to standard output")
}

const COLUMNS: [&str; 10] = [
    "figure",
    "label",
    "status",
    "value",
    "reference_value",
    "chance",
    "watch",
    "alert",
    "n_reference",
    "n_current",
];

/// What is not known is empty.
fn cells(figure: &Figure) -> [String; 10] {
    let number = |value: Option<f64>| value.map(|value| format!("{value:.4}")).unwrap_or_default();
    [
        figure.name.to_owned(),
        figure.label.clone().unwrap_or_default(),
        figure.status.as_str().to_owned(),
        number(figure.value),
        number(figure.reference_value),
        number(figure.chance),
        number(Some(figure.watch)),
        number(Some(figure.alert)),
        figure.n.reference.to_string(),
        figure.n.current.to_string(),
    ]
}

fn write_csv(report: &MonitoringReport, out: impl Write) -> anyhow::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(COLUMNS)?;
    for figure in &report.figures {
        csv.write_record(cells(figure))?;
    }
    csv.flush()?;
    Ok(())
}

fn write_table(report: &MonitoringReport, mut out: impl Write) -> anyhow::Result<()> {
    let windows = &report.windows;
    writeln!(
        out,
        "Status {}: {} to {}, against {} to {}",
        report.status.as_str(),
        windows.current.from,
        windows.current.to,
        windows.reference.from,
        windows.reference.to
    )?;
    let rows: Vec<[String; 10]> = std::iter::once(COLUMNS.map(str::to_owned))
        .chain(report.figures.iter().map(cells))
        .collect();
    let mut widths = [0; 10];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    for row in &rows {
        let padded = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
        writeln!(out, "{}", padded.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    Ok(())
}
