//! What a risk run tells: figures of the model and of two baselines on later tickets, as JSON and for people.

use super::fit::Choice;
use super::protocol::{Example, Split, positives};
use crate::metrics;
use recontact::risk::features::FeatureValue;
use recontact::risk::{BandThresholds, RiskBand, RiskModel};
use recontact::timestamp::Timestamp;
use serde::Serialize;

/// The result of a risk training run.
#[derive(Debug, Clone, Serialize)]
pub struct RiskReport {
    /// The model's version.
    pub version: String,
    /// Days of the label's window.
    pub window_days: u32,
    /// What was in the table and what was left out.
    pub data: DataCounts,
    /// How the model was chosen.
    pub choice: Choice,
    /// Where the bands begin, and what the bands hold in the test part.
    pub bands: Bands,
    /// The model on the test part.
    pub test: Figures,
    /// What needs no model, on the same tickets.
    pub baselines: Baselines,
    /// The whole run again without the customers who write most.
    pub without_heavy_customers: Option<LightReport>,
}

/// Rows of a table by what became of them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DataCounts {
    /// Data rows.
    pub rows: usize,
    /// Set aside: no customer.
    pub without_customer: usize,
    /// Set aside: the window had not ended at `observed_until`.
    pub immature: usize,
    /// Set aside: the label column is empty.
    pub unlabelled: usize,
    /// Tickets with a known outcome.
    pub eligible: usize,
    /// Those that came back.
    pub positives: usize,
    /// Until when openings are known.
    pub observed_until: Timestamp,
    /// The first closing among the eligible tickets.
    pub from: Option<Timestamp>,
    /// The last one.
    pub to: Option<Timestamp>,
    /// End of training; test tickets closed later.
    pub split_at: Timestamp,
    /// Training tickets.
    pub train: usize,
    /// Those that came back.
    pub train_positives: usize,
}

/// Quality of a score on some tickets.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figures {
    /// Tickets.
    pub rows: usize,
    /// Those that came back.
    pub positives: usize,
    /// Area under the ROC curve.
    pub roc_auc: Option<f64>,
    /// Average precision.
    pub pr_auc: Option<f64>,
    /// Mean squared error of the probability; null for a score that is none.
    pub brier: Option<f64>,
    /// Expected calibration error, 15 bins; null likewise.
    pub ece: Option<f64>,
    /// Share that came back in the top tenth over the share in all.
    pub lift_at_10: Option<f64>,
    /// Share of those that came back that is in the top tenth.
    pub recall_at_10: Option<f64>,
}

/// Figures without a model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Baselines {
    /// Everybody has the training part's share.
    pub base_rate: Figures,
    /// The number of the customer's other tickets in the last 30 days.
    pub tickets_30d: Figures,
}

/// The bands' thresholds and contents.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bands {
    /// Lowest probabilities of the bands.
    pub thresholds: BandThresholds,
    /// The three bands in the test part, high first.
    pub test: Vec<BandCount>,
}

/// A band in the test part.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BandCount {
    /// The band.
    pub band: RiskBand,
    /// Tickets in it.
    pub rows: usize,
    /// Those that came back.
    pub positives: usize,
}

/// The run without heavy customers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LightReport {
    /// Customers left out have more tickets than this.
    pub most_tickets: usize,
    /// Customers left out.
    pub customers: usize,
    /// Their tickets with a known outcome.
    pub tickets: usize,
    /// What was left.
    pub data: DataCounts,
    /// A model trained without them, on tickets without them.
    pub test: Figures,
    /// The baselines on the same tickets.
    pub baselines: Baselines,
}

/// Measures a score; `is_probability` also its calibration.
#[must_use]
pub fn figures(score: &[f64], positive: &[bool], is_probability: bool, seed: u64) -> Figures {
    let top = metrics::top_tenth(score, positive, seed);
    let calibrated = |value: f64| is_probability.then_some(value);
    Figures {
        rows: score.len(),
        positives: positive.iter().filter(|positive| **positive).count(),
        roc_auc: metrics::roc_auc(score, positive),
        pr_auc: metrics::pr_auc(score, positive),
        brier: calibrated(metrics::brier(score, positive)),
        ece: calibrated(metrics::binary_calibration_error(score, positive)),
        lift_at_10: top.map(|top| top.lift),
        recall_at_10: top.map(|top| top.recall),
    }
}

/// Measures a model on tickets, and counts its bands.
#[must_use]
pub fn measure(model: &RiskModel, tickets: &[Example<'_>], seed: u64) -> (Figures, Vec<BandCount>) {
    let outcomes = outcomes(tickets);
    let risks: Vec<_> = tickets.iter().map(|ticket| model.assess_facts(&ticket.facts)).collect();
    let scores: Vec<f64> = risks.iter().map(|risk| risk.probability.value()).collect();
    let bands = [RiskBand::High, RiskBand::Medium, RiskBand::Low].map(|band| {
        let inside = || risks.iter().zip(&outcomes).filter(|(risk, _)| risk.band == band);
        let positives = inside().filter(|(_, positive)| **positive).count();
        BandCount { band, rows: inside().count(), positives }
    });
    (figures(&scores, &outcomes, true, seed), bands.to_vec())
}

/// Measures the baselines; `base_rate` is the share that came back in training.
#[must_use]
pub fn baselines(base_rate: f64, tickets: &[Example<'_>], seed: u64) -> Baselines {
    let outcomes = outcomes(tickets);
    let counts: Vec<f64> = tickets.iter().map(contacts_30d).collect();
    Baselines {
        base_rate: figures(&vec![base_rate; tickets.len()], &outcomes, true, seed),
        tickets_30d: figures(&counts, &outcomes, false, seed),
    }
}

impl DataCounts {
    /// Counts what a split left where.
    #[must_use]
    pub fn new(
        table: &crate::tickets::TicketTable,
        examples: &super::protocol::Examples<'_>,
        split: &Split<'_, '_>,
    ) -> Self {
        Self {
            rows: table.rows,
            without_customer: table.without_customer,
            immature: examples.immature,
            unlabelled: examples.unlabelled,
            eligible: examples.rows.len(),
            positives: positives(&examples.rows),
            observed_until: examples.observed_until,
            from: examples.rows.first().map(|row| row.closed_at),
            to: examples.rows.last().map(|row| row.closed_at),
            split_at: split.at,
            train: split.train.len(),
            train_positives: positives(split.train),
        }
    }

    /// Share of the training tickets that came back.
    #[must_use]
    pub fn base_rate(&self) -> f64 {
        rate(self.train_positives, self.train)
    }
}

fn outcomes(tickets: &[Example<'_>]) -> Vec<bool> {
    tickets.iter().map(|ticket| ticket.positive).collect()
}

fn contacts_30d(ticket: &Example<'_>) -> f64 {
    match ticket.facts.value("tickets_30d") {
        FeatureValue::Number(number) => number,
        _ => 0.0,
    }
}

/// A share; 0 of nothing.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "row counts fit into 53 bits")]
pub fn rate(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// Rows of a table for people: a name and figures.
#[must_use]
pub fn figure_row(name: &str, figures: &Figures) -> Vec<String> {
    let number = |value: Option<f64>, decimals: usize| {
        value.map_or_else(|| "–".to_owned(), |value| format!("{value:.decimals$}"))
    };
    vec![
        name.to_owned(),
        figures.rows.to_string(),
        figures.positives.to_string(),
        number(figures.roc_auc, 4),
        number(figures.pr_auc, 4),
        number(figures.brier, 4),
        number(figures.ece, 4),
        number(figures.lift_at_10, 2),
        number(figures.recall_at_10, 3),
    ]
}

/// The heads of [`figure_row`].
pub const FIGURE_HEADS: [&str; 9] =
    ["", "tickets", "came back", "ROC-AUC", "PR-AUC", "Brier", "ECE", "lift@10%", "recall@10%"];

impl RiskReport {
    /// Every row of figures.
    #[must_use]
    pub fn figure_rows(&self) -> Vec<Vec<String>> {
        let mut rows = vec![
            figure_row("model", &self.test),
            figure_row("baseline: tickets in 30 days", &self.baselines.tickets_30d),
            figure_row("baseline: base rate", &self.baselines.base_rate),
        ];
        if let Some(light) = &self.without_heavy_customers {
            let most = light.most_tickets;
            rows.push(figure_row(&format!("model, customers of ≤ {most} tickets"), &light.test));
            rows.push(figure_row(
                &format!("tickets in 30 days, customers of ≤ {most}"),
                &light.baselines.tickets_30d,
            ));
        }
        rows
    }

    /// How to read the figures, in one paragraph.
    #[must_use]
    pub fn reading(&self) -> String {
        let test_rate = rate(self.test.positives, self.test.rows);
        let lift = self.test.lift_at_10.unwrap_or_default();
        let recall = self.test.recall_at_10.unwrap_or_default();
        format!(
            "Of the {} test tickets {:.1} % came back within {} days. Following up the tenth with the highest risk \
             reaches {:.1} % of them; in that tenth {:.1} % come back, {lift:.1} times the average. A ROC-AUC of 0.5 \
             is chance; an ECE of 0.02 says that stated probabilities are off by 2 points on average.",
            self.test.rows,
            100.0 * test_rate,
            self.window_days,
            100.0 * recall,
            100.0 * test_rate * lift,
        )
    }
}
