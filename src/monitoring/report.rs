//! [`MonitoringReport`]: every figure, from the samples of both windows.

use super::figure::{Counts, Figure, Maker, Status, Title, Versions};
use super::{
    ClosingRow, ContactRow, Mix, MonitoringOptions, Sample, Samples, Windows, domain_area, features,
};
use crate::statistics::Proportion;
use crate::timestamp::Timestamp;
use serde::Serialize;
use std::collections::BTreeSet;

/// What has changed between the windows.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct MonitoringReport {
    /// As of when.
    pub computed_at: Timestamp,
    /// What was compared.
    pub windows: Windows,
    /// The gravest status of all figures.
    pub status: Status,
    /// The encoder of the vectors that were compared; null without vectors.
    pub encoder: Option<String>,
    /// The figures.
    pub figures: Vec<Figure>,
}

const TOP_PROBABILITY: Title = (
    "category_probability",
    "Population stability index of the best category's probability, over ten bins that hold equally many contacts of the reference.",
);
const LABELS: Title = (
    "category_labels",
    "Jensen-Shannon distance between the mixes of categories of contacts that were not abstained on.",
);
const ACTIONS: Title = ("category_action", "Share of contacts with this action.");
const REASONS: Title =
    ("category_abstain_reason", "Share of contacts that were abstained on for this reason.");
const ACCURACY: Title = (
    "category_expected_accuracy",
    "Mean probability of the category over contacts that were not abstained on: the accuracy to be expected while the model is calibrated.",
);
const LANGUAGES: Title =
    ("contact_languages", "Jensen-Shannon distance between the mixes of contacts' languages.");
const CHANNELS: Title =
    ("contact_channels", "Jensen-Shannon distance between the mixes of contacts' channels.");
const RISK: Title = (
    "risk_probability",
    "Population stability index of the risk, over ten bins that hold equally many closings of the reference.",
);
const BANDS: Title = ("risk_band", "Share of assessed closings in this band.");
const MEAN_RISK: Title = ("risk_mean", "Mean risk of assessed closings.");
const CALIBRATION: Title = (
    "risk_calibration",
    "Mean risk less the rate of repeats, over assessed closings of both windows whose outcome is mature.",
);
const CATEGORIES: Title = (
    "closing_categories",
    "Jensen-Shannon distance between the mixes of categories of assessed closings.",
);
const CLOSING_CHANNELS: Title = (
    "closing_channels",
    "Jensen-Shannon distance between the mixes of channels of assessed closings.",
);
const EMBEDDINGS: Title = (
    "embedding_domain",
    "Area under the curve of a logistic regression that tells vectors of the current window from those of the reference, on vectors it did not learn from.",
);

impl MonitoringReport {
    /// Compares the windows; the work of up to a second, for a thread that may block.
    #[must_use]
    pub fn new(
        samples: &Samples,
        windows: Windows,
        options: &MonitoringOptions,
        computed_at: Timestamp,
    ) -> Self {
        let (reference, current) = (&samples.reference, &samples.current);
        let mut figures = of_contacts(options, &reference.contacts, &current.contacts);
        figures.extend(of_closings(options, reference, current));
        let encoder: Vec<String> = samples.encoder.iter().cloned().collect();
        let maker =
            Maker { options, versions: Versions { reference: encoder.clone(), current: encoder } };
        let n = Counts {
            reference: reference.embeddings.len() as u64,
            current: current.embeddings.len() as u64,
        };
        // With few vectors the area says nothing, and the work is spared.
        let area = (n.reference.min(n.current) >= options.min_n)
            .then(|| domain_area(&reference.embeddings, &current.embeddings))
            .flatten();
        figures.push(maker.area(EMBEDDINGS, area, n));
        let status = figures.iter().map(|figure| figure.status).max().unwrap_or(Status::TooFew);
        Self { computed_at, windows, status, encoder: samples.encoder.clone(), figures }
    }
}

fn of_contacts(
    options: &MonitoringOptions,
    reference: &[ContactRow],
    current: &[ContactRow],
) -> Vec<Figure> {
    let maker =
        Maker { options, versions: versions(reference, current, |contact| &contact.model_version) };
    let probabilities =
        |rows: &[ContactRow]| rows.iter().filter_map(|row| row.probability).collect::<Vec<_>>();
    let is_abstained = |row: &ContactRow| row.action.as_deref() == Some("abstain");
    let certain = |rows: &[ContactRow]| {
        let answered = rows.iter().filter(|row| !is_abstained(row));
        answered.filter_map(|row| row.probability).collect::<Vec<_>>()
    };
    let labels = |rows: &[ContactRow]| mix(rows.iter().filter_map(|row| row.category.as_deref()));
    let languages = |rows: &[ContactRow]| mix(rows.iter().map(|row| or_none(&row.language)));
    let channels = |rows: &[ContactRow]| mix(rows.iter().map(|row| or_none(&row.channel)));
    let mut figures = vec![
        maker.stability(TOP_PROBABILITY, &probabilities(reference), &probabilities(current)),
        maker.mean(ACCURACY, &certain(reference), &certain(current)),
        maker.mix(LABELS, &labels(reference), &labels(current)),
        maker.mix(LANGUAGES, &languages(reference), &languages(current)),
        maker.mix(CHANNELS, &channels(reference), &channels(current)),
    ];
    for action in ["auto", "suggest", "abstain"] {
        let has = |row: &ContactRow| row.action.as_deref() == Some(action);
        figures.push(maker.share(ACTIONS, action, share(reference, has), share(current, has)));
    }
    let reasons: BTreeSet<&str> = reference
        .iter()
        .chain(current)
        .filter(|row| is_abstained(row))
        .filter_map(|row| row.reason.as_deref())
        .collect();
    for reason in reasons {
        let has = |row: &ContactRow| is_abstained(row) && row.reason.as_deref() == Some(reason);
        figures.push(maker.share(REASONS, reason, share(reference, has), share(current, has)));
    }
    figures
}

fn of_closings(
    options: &MonitoringOptions,
    reference_sample: &Sample,
    current_sample: &Sample,
) -> Vec<Figure> {
    let (reference, current) = (&reference_sample.closings[..], &current_sample.closings[..]);
    let maker =
        Maker { options, versions: versions(reference, current, |closing| &closing.model_version) };
    let risks = |rows: &[ClosingRow]| rows.iter().map(|row| row.probability).collect::<Vec<_>>();
    let categories = |rows: &[ClosingRow]| mix(rows.iter().map(|row| or_none(&row.category)));
    let channels = |rows: &[ClosingRow]| mix(rows.iter().map(|row| or_none(&row.channel)));
    let mature = |rows: &[ClosingRow]| {
        let known = rows.iter().filter_map(|row| Some((row.probability, row.repeated?)));
        known.collect::<Vec<_>>()
    };
    let (before, since) = (mature(reference), mature(current));
    let n = Counts { reference: before.len() as u64, current: since.len() as u64 };
    let mut figures = vec![
        maker.stability(RISK, &risks(reference), &risks(current)),
        maker.mean(MEAN_RISK, &risks(reference), &risks(current)),
        maker.gap(CALIBRATION, &[before, since].concat(), n),
        maker.mix(CATEGORIES, &categories(reference), &categories(current)),
        maker.mix(CLOSING_CHANNELS, &channels(reference), &channels(current)),
    ];
    for band in ["low", "medium", "high"] {
        let has = |row: &ClosingRow| row.band == band;
        figures.push(maker.share(BANDS, band, share(reference, has), share(current, has)));
    }
    figures.extend(features::figures(&maker, &reference_sample.features, &current_sample.features));
    figures
}

fn versions<T>(reference: &[T], current: &[T], of: impl Fn(&T) -> &String) -> Versions {
    let all = |rows: &[T]| {
        let sorted: BTreeSet<&String> = rows.iter().map(&of).collect();
        sorted.into_iter().cloned().collect()
    };
    Versions { reference: all(reference), current: all(current) }
}

fn mix<'a>(labels: impl Iterator<Item = &'a str>) -> Mix {
    let mut mix = Mix::new();
    for label in labels {
        *mix.entry(label.to_owned()).or_default() += 1;
    }
    mix
}

/// What is not known counts as a label of its own.
fn or_none(label: &Option<String>) -> &str {
    label.as_deref().unwrap_or("")
}

fn share<T>(rows: &[T], has: impl Fn(&T) -> bool) -> Proportion {
    let count = rows.iter().filter(|row| has(row)).count();
    Proportion { count: count as u64, trials: rows.len() as u64 }
}
