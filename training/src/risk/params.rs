//! [`RiskParams`]: every parameter of a risk training run, read from a file and written into the manifest.

mod check;

use crate::bad_input;
use crate::tickets::TicketColumns;
use recontact::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// Parameters of `recontact-train risk`. What a file leaves out has the default given here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RiskParams {
    /// Days after the closing within which another ticket of the same customer and category is a recontact. 14.
    pub window_days: u32,
    /// Until when the table holds every ticket that was opened; a ticket whose window ends later has no label yet.
    /// Left out: the last opening in the table that does not lie in the future and does not stand far apart from all others.
    pub observed_until: Option<Timestamp>,
    /// Share of the labelled tickets, the latest ones, that only measure. 0.3.
    pub test_share: f64,
    /// Share of the training tickets, the latest ones, that choose where the table is too short for folds. 0.25.
    pub validation_share: f64,
    /// Parts of the later training tickets that choose in turn, each on a model of what was known before it. 3.
    pub folds: usize,
    /// The further windows, in days, that get a probability beside `window_days`. 1, 3, 7, 14, 30.
    pub windows: Vec<u32>,
    /// Which model: auto (the one with the lowest log loss in the folds), logistic, trees or blend.
    pub model: ModelChoice,
    /// Inverse regularisation strengths to choose from, on the sum of log losses.
    pub c_grid: Vec<f64>,
    /// The trees.
    pub trees: TreeParams,
    /// Training rows that must have a category value for it to get a column of its own. 20.
    pub min_count: usize,
    /// Further groups of features that are tried one after the other and kept where they lower the log loss in the folds:
    /// texts, rates (past return rate per category value), interactions, time (weekday and hour). All of them.
    pub try_features: Vec<FeatureGroup>,
    /// Which outcomes the share counts that return rates of training rows are drawn towards: past (those known when the
    /// ticket was closed) or training (all training rows). Later tickets always see that of all training rows. training.
    pub rate_prior: CodeChoice,
    /// Groups that are always used, tried or not. None.
    pub keep_features: Vec<FeatureGroup>,
    /// Pairs of categories that are crossed. Left out: `category` with `team`, `priority`, `channel` and the declared
    /// categories of at most 50 values, those that the table has.
    pub interactions: Option<Vec<[String; 2]>>,
    /// How texts become numbers.
    pub text: TextParams,
    /// How log-odds are mended: auto (what states probabilities best in the last fold), none, platt or isotonic.
    pub calibration: CalibrationChoice,
    /// Minutes east of UTC in which weekday and hour are told. 0.
    pub utc_offset_minutes: i32,
    /// A column whose values alone part the outcomes of later tickets better than this ROC-AUC is taken for a leak of the
    /// label. 0.98.
    pub leakage_auc: f64,
    /// Whether the column of agents that is declared may be a feature. It says who worked, not what the customer needs;
    /// leave it off unless you have good reason and the staff's consent. false.
    pub agent_feature: bool,
    /// What to do with tickets that were followed up: exclude (train on the others) or model (train on all, with
    /// `treated` as a feature). Left out: a table that has both kinds is refused.
    pub treated: Option<TreatedChoice>,
    /// With outcomes from a file: explicit (the same issue) or repeat (a related one too). explicit.
    pub target: Target,
    /// From which probability on a ticket is worth following up.
    pub threshold: ThresholdParams,
    /// Seed for what is random: sampling of rows and columns for trees, and the order of equally scored tickets in lift
    /// and recall. 42.
    pub seed: u64,
    /// Customers with more tickets than this are left out in the second set of figures. 50.
    pub heavy_customer_tickets: usize,
    /// Built-in features or attributes the model must not use.
    pub exclude_features: Vec<String>,
    /// Where the bands begin.
    pub bands: BandParams,
    /// Which column holds what.
    pub columns: TicketColumns,
}

/// The bands as shares of the validation tickets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BandParams {
    /// Share with the highest scores that is in the high band. 0.10.
    pub high_share: f64,
    /// Share with the highest scores that is in the high or medium band. 0.30.
    pub medium_share: f64,
}

/// Parameters of the trees. Learning rate 0.03, and how many trees and leaves is chosen in the folds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TreeParams {
    /// Most leaves of a tree to choose from. 7, 15.
    pub leaves: Vec<usize>,
    /// Numbers of trees to choose from. 60, 100, 150, 220, 300.
    pub rounds: Vec<usize>,
    /// Step from tree to tree. 0.03.
    pub learning_rate: f32,
    /// Least sum of p(1 − p) over the training rows of a leaf. 7.
    pub min_leaf_weight: f32,
    /// Share of the training rows that each tree sees. 0.7.
    pub row_share: f32,
    /// Share of the columns that each tree sees. 0.4.
    pub column_share: f64,
    /// Ensembles of different seeds whose outputs are averaged. 4.
    pub seeds: usize,
    /// Training rows that a category value needs for a rate of its own. 100.
    pub min_count: usize,
    /// Which outcomes the rate of a training row's category counts: past (those known when it was closed) or training (all
    /// training rows, its own among them). Later tickets always see the rates of all training rows. training.
    pub codes: CodeChoice,
    /// Weights of the logistic regression in a blend to choose from. 0.2, 0.35, 0.5, 0.65.
    pub blend_shares: Vec<f64>,
}

/// How texts become numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TextParams {
    /// N-grams are hashed into two to this power of buckets. 11.
    pub bits: u32,
    /// Principal components kept for each column. 24.
    pub components: usize,
    /// Most training texts from which the components are learnt. 3000.
    pub sample: usize,
}

/// From which probability on a ticket is worth following up; the high band begins there.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ThresholdParams {
    /// Follow-ups that one team makes in a day.
    pub per_team_and_day: Option<f64>,
    /// The same for single teams, by name; the others have `per_team_and_day`.
    pub teams: BTreeMap<String, f64>,
    /// Costs; with a measured `effect` they decide, without one capacity does.
    pub cost: Option<CostParams>,
}

/// What a follow-up costs and saves.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CostParams {
    /// Cost of one follow-up.
    pub follow_up: f64,
    /// Expected harm of one follow-up. 0.
    #[serde(default)]
    pub harm: f64,
    /// Cost of one repeat contact.
    pub repeat: f64,
    /// Share of repeats that a follow-up prevents, measured against a control group. Left out: not known.
    pub effect: Option<f64>,
}

impl ThresholdParams {
    /// Follow-ups that a team makes in a day; `None` where no capacity is given.
    #[must_use]
    pub fn capacity_of(&self, team: Option<&str>) -> Option<f64> {
        let own = team.and_then(|team| self.teams.get(team)).copied();
        own.or(self.per_team_and_day)
    }
}

/// Which outcomes a rate of a training row counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CodeChoice {
    /// Those known when the ticket was closed (ordered target statistics, Prokhorenkova et al. 2018, "CatBoost").
    Past,
    /// Those of all training tickets.
    Training,
}

/// Which model to train.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ModelChoice {
    /// The one with the lowest log loss in the folds.
    Auto,
    /// Logistic regression.
    Logistic,
    /// Gradient-boosted trees.
    Trees,
    /// The mean of both.
    Blend,
}

/// How to calibrate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CalibrationChoice {
    /// Whatever states probabilities best in the last fold.
    Auto,
    /// Not at all.
    None,
    /// A straight line in the log-odds.
    Platt,
    /// Rising steps.
    Isotonic,
}

/// What to do with tickets that were followed up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TreatedChoice {
    /// Train and measure on the others.
    Exclude,
    /// Train on all, with `treated` as a feature.
    Model,
}

/// What counts as coming back in a file of outcomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Target {
    /// The same issue.
    Explicit,
    /// The same issue or a related one.
    Repeat,
}

/// A group of features that is used where it helps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FeatureGroup {
    /// Components of texts.
    Texts,
    /// Past return rate of each value of each category.
    Rates,
    /// Crossed categories.
    Interactions,
    /// Weekday and hour of opening and closing.
    Time,
}

impl Default for TreeParams {
    fn default() -> Self {
        Self {
            leaves: vec![7, 15],
            rounds: vec![60, 100, 150, 220, 300],
            learning_rate: 0.03,
            min_leaf_weight: 7.0,
            row_share: 0.7,
            column_share: 0.4,
            seeds: 4,
            min_count: 100,
            codes: CodeChoice::Training,
            blend_shares: vec![0.2, 0.35, 0.5, 0.65],
        }
    }
}

impl Default for TextParams {
    fn default() -> Self {
        Self { bits: 11, components: 24, sample: 3000 }
    }
}

impl Default for RiskParams {
    fn default() -> Self {
        Self {
            window_days: 14,
            observed_until: None,
            test_share: 0.3,
            validation_share: 0.25,
            folds: 3,
            windows: vec![1, 3, 7, 14, 30],
            model: ModelChoice::Auto,
            c_grid: vec![0.003, 0.01, 0.03, 0.1, 0.3, 1.0],
            trees: TreeParams::default(),
            min_count: 20,
            try_features: vec![
                FeatureGroup::Texts,
                FeatureGroup::Rates,
                FeatureGroup::Interactions,
                FeatureGroup::Time,
            ],
            rate_prior: CodeChoice::Training,
            keep_features: Vec::new(),
            interactions: None,
            text: TextParams::default(),
            calibration: CalibrationChoice::Auto,
            utc_offset_minutes: 0,
            leakage_auc: 0.98,
            agent_feature: false,
            treated: None,
            target: Target::Explicit,
            threshold: ThresholdParams::default(),
            seed: 42,
            heavy_customer_tickets: 50,
            exclude_features: Vec::new(),
            bands: BandParams::default(),
            columns: TicketColumns::default(),
        }
    }
}

impl Default for BandParams {
    fn default() -> Self {
        Self { high_share: 0.10, medium_share: 0.30 }
    }
}

impl RiskParams {
    /// Reads and checks a TOML file.
    ///
    /// # Errors
    /// [`crate::failure::BadInput`] naming the file and the option.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let file = path.display();
        let text = std::fs::read_to_string(path)
            .map_err(|error| bad_input!("{file}: cannot be read: {error}"))?;
        let params: Self = toml::from_str(&text).map_err(|error| bad_input!("{file}: {error}"))?;
        match params.fault() {
            Some(fault) => Err(bad_input!("{file}: {fault}")),
            None => Ok(params),
        }
    }
}
