//! What a risk run tells: figures of the model and of two baselines on later tickets, as JSON and for people.

use super::design::outcomes;
use super::leakage::Suspicion;
use super::protocol::{Example, Split, positives};
use super::select::Choice;
use super::threshold::AtCapacity;
use super::windows::MeasuredWindow;
use crate::{metrics, progress};
use recontact::risk::features::FeatureValue;
use recontact::risk::{
    BandThresholds, FeatureContext, FollowUpRule, RecontactRisk, RiskBand, RiskModel,
};
use recontact::timestamp::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;

/// Tickets between two steps of the progress bar.
const STEP: usize = 1024;

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
    /// Columns that seem to tell the outcome and were allowed.
    pub suspected_leakage: Vec<Suspicion>,
    /// Where the bands begin, and what the bands hold in the test part.
    pub bands: Bands,
    /// Following up the highest 5, 10 and 20 % of the test part.
    pub at: Vec<AtShare>,
    /// Following up as many test tickets of each team and day as the teams can; null without a capacity.
    pub capacity: Option<AtCapacity>,
    /// Stated probability against what came, in tenths of the test part by probability.
    pub calibration_curve: Vec<CurvePoint>,
    /// Every window on the test tickets that are old enough for it.
    pub windows: Vec<MeasuredWindow>,
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
    /// Set aside: followed up.
    pub treated: usize,
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
    /// Everybody has the training part's share; its order is random.
    pub base_rate: Figures,
    /// Everybody has the training part's share of their category.
    pub issue_base_rate: Figures,
    /// The number of the customer's other tickets in the last 30 days.
    pub tickets_30d: Figures,
}

/// The bands' thresholds and contents.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bands {
    /// Lowest probabilities of the bands.
    pub thresholds: BandThresholds,
    /// The same by team, where each has its own.
    pub teams: BTreeMap<String, BandThresholds>,
    /// How the high one was found.
    pub follow_up: FollowUpRule,
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

/// Following up the tickets with the highest probability.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AtShare {
    /// Share of the test tickets followed up.
    pub share: f64,
    /// So many tickets.
    pub tickets: usize,
    /// Share of them that came back.
    pub precision: f64,
    /// Share of all that came back that is among them.
    pub recall: f64,
    /// `precision` over the share of all test tickets that came back.
    pub lift: f64,
    /// Repeats among them that the model expected: the sum of probabilities.
    pub expected_repeats: f64,
}

/// A tenth of the test tickets.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CurvePoint {
    /// Mean probability.
    pub stated: f64,
    /// Share that came back.
    pub observed: f64,
    /// Tickets.
    pub rows: usize,
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

/// What a model says of tickets: asked once, since its reasons take most of the time of a run.
#[must_use]
pub fn assess(model: &RiskModel, tickets: &[Example<'_>]) -> Vec<RecontactRisk> {
    let bar = progress::bar(tickets.len() as u64, "asking the model");
    let mut risks = Vec::with_capacity(tickets.len());
    for step in tickets.chunks(STEP) {
        risks.extend(step.iter().map(|ticket| model.assess_facts(&ticket.facts)));
        bar.inc(step.len() as u64);
    }
    bar.finish_and_clear();
    risks
}

/// Measures a model by what it says of tickets, and counts its bands.
#[must_use]
pub fn measure(
    risks: &[RecontactRisk],
    tickets: &[Example<'_>],
    seed: u64,
) -> (Figures, Vec<BandCount>) {
    let outcomes = outcomes(tickets);
    let scores = probabilities(risks);
    let bands = [RiskBand::High, RiskBand::Medium, RiskBand::Low].map(|band| {
        let inside = || risks.iter().zip(&outcomes).filter(|(risk, _)| risk.band == band);
        let positives = inside().filter(|(_, positive)| **positive).count();
        BandCount { band, rows: inside().count(), positives }
    });
    (figures(&scores, &outcomes, true, seed), bands.to_vec())
}

/// Measures what needs no model.
#[must_use]
pub fn baselines(train: &[Example<'_>], tickets: &[Example<'_>], seed: u64) -> Baselines {
    let base_rate = rate(positives(train), train.len());
    let mut categories: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for row in train {
        let (rows, hits) = categories.entry(row.facts.ticket().category.as_str()).or_default();
        *rows += 1;
        *hits += usize::from(row.positive);
    }
    let issue_rate = |row: &Example<'_>| {
        let counts = categories.get(row.facts.ticket().category.as_str()).copied();
        let (rows, hits) = counts.unwrap_or_default();
        recontact::risk::encoding::smoothed(hits, rows, base_rate)
    };
    let outcomes = outcomes(tickets);
    let counts: Vec<f64> = tickets.iter().map(contacts_30d).collect();
    let issues: Vec<f64> = tickets.iter().map(issue_rate).collect();
    Baselines {
        base_rate: figures(&vec![base_rate; tickets.len()], &outcomes, true, seed),
        issue_base_rate: figures(&issues, &outcomes, true, seed),
        tickets_30d: figures(&counts, &outcomes, false, seed),
    }
}

/// What following up the highest 5, 10 and 20 % reaches.
#[must_use]
pub fn at_shares(risks: &[RecontactRisk], tickets: &[Example<'_>], seed: u64) -> Vec<AtShare> {
    let outcomes = outcomes(tickets);
    let scores = probabilities(risks);
    let order = metrics::ranked(&scores, seed);
    let all = positives(tickets);
    let reached = |share: f64| {
        let count = super::protocol::share(share, tickets.len()).max(1).min(tickets.len());
        let top = &order[..count];
        let hits = top.iter().filter(|row| outcomes[**row]).count();
        let precision = rate(hits, count);
        AtShare {
            share,
            tickets: count,
            precision,
            recall: rate(hits, all),
            lift: precision / rate(all, tickets.len()).max(f64::MIN_POSITIVE),
            expected_repeats: top.iter().map(|row| scores[*row]).sum(),
        }
    };
    [0.05, 0.10, 0.20].map(reached).to_vec()
}

/// Stated probabilities against outcomes, in tenths of the tickets by probability.
#[must_use]
pub fn calibration_curve(risks: &[RecontactRisk], tickets: &[Example<'_>]) -> Vec<CurvePoint> {
    let scores = probabilities(risks);
    let mut order: Vec<usize> = (0..tickets.len()).collect();
    order.sort_by(|a, b| scores[*a].total_cmp(&scores[*b]));
    let size = order.len().div_ceil(10).max(1);
    let point = |rows: &[usize]| {
        let sum: f64 = rows.iter().map(|row| scores[*row]).sum();
        let hits = rows.iter().filter(|row| tickets[**row].positive).count();
        CurvePoint {
            stated: sum / rate(rows.len(), 1),
            observed: rate(hits, rows.len()),
            rows: rows.len(),
        }
    };
    order.chunks(size).map(point).collect()
}

/// The probabilities of assessed tickets.
pub(super) fn probabilities(risks: &[RecontactRisk]) -> Vec<f64> {
    risks.iter().map(|risk| risk.probability.value()).collect()
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
            treated: examples.treated,
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
}

fn contacts_30d(ticket: &Example<'_>) -> f64 {
    match ticket.facts.value("tickets_30d", &FeatureContext::default()) {
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
            figure_row("baseline: issue base rate", &self.baselines.issue_base_rate),
            figure_row("baseline: base rate, random", &self.baselines.base_rate),
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
