//! [`NextIssueReport`]: the primary categories that cost most, with what follows them, in the form in which it is sent.

use super::{
    Coverage, ExplicitRepeat, GapBucket, GapHours, NextIssueMap, NextIssueOptions, Primary,
    Secondary, known_window,
};
use crate::statistics::{CONFIDENCE, Interval};
use crate::ticket::IssueCategory;
use crate::timestamp::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// The primary categories by what their repeats cost.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct NextIssueReport {
    /// Days after the close within which a contact counts.
    pub window_days: u32,
    /// When the figures were computed; null before the first time.
    pub computed_at: Option<Timestamp>,
    /// What they rest on; null before the first time.
    pub coverage: Option<Coverage>,
    /// Mature episodes below which a category has no figures.
    pub minimum_episodes: u64,
    /// The costliest first.
    pub primaries: Vec<PrimaryView>,
}

/// A category and what follows it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PrimaryView {
    /// Its place among all categories, from 1.
    pub rank: usize,
    /// The category.
    pub category: IssueCategory,
    /// Its mature episodes.
    pub n: u64,
    /// Those with a repeat, explicit or implicit.
    pub repeats: u64,
    /// Their share.
    pub repeat_rate: Option<f64>,
    /// Wilson's 95 % interval of the share.
    pub repeat_interval: Option<Interval>,
    /// What one contact costs.
    pub cost_per_contact: f64,
    /// What is ranked by: episodes x repeat rate x cost, that is what the repeats cost.
    pub score: f64,
    /// The same issue again; null when nobody came back with it.
    pub explicit: Option<ExplicitView>,
    /// Other issues that followed, those that follow most often first.
    pub secondaries: Vec<SecondaryView>,
}

/// The same issue again.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ExplicitView {
    /// Episodes after which it came again.
    pub n: u64,
    /// Their share of the category's mature episodes.
    pub probability: Option<f64>,
    /// Wilson's 95 % interval of the share.
    pub interval: Option<Interval>,
    /// Time from the close to the first such contact; null where people said that it came again, and nobody when.
    pub gap_hours: Option<GapHours>,
    /// The unit of the median gap.
    pub gap_bucket: Option<GapBucket>,
}

/// Another issue that followed.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SecondaryView {
    /// What came.
    pub category: IssueCategory,
    /// Episodes after which it came.
    pub n: u64,
    /// Their share of the primary category's mature episodes: P(s|p).
    pub probability: Option<f64>,
    /// Wilson's 95 % interval of the share.
    pub interval: Option<Interval>,
    /// How often it follows an episode of any category: P(s).
    pub base_rate: Option<f64>,
    /// P(s|p) / P(s).
    pub lift: Option<f64>,
    /// Katz' 95 % interval of the lift.
    pub lift_interval: Option<Interval>,
    /// Time from the close to the first such contact.
    pub gap_hours: GapHours,
    /// The unit of the median gap.
    pub gap_bucket: GapBucket,
    /// Whether it is known to follow: declared, or seen often enough with a lift whose interval lies above 1.
    pub adjacent: bool,
}

/// Which part of the map to tell.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReportScope {
    /// Days; `None` for [`NextIssueOptions::window_days`].
    pub window_days: Option<u32>,
    /// Only this category.
    pub category: Option<IssueCategory>,
    /// At most so many categories; `None` for [`NextIssueOptions::top`].
    pub limit: Option<u32>,
}

impl NextIssueReport {
    /// Ranks the categories by what their repeats cost; equally costly ones in alphabetical order.
    #[must_use]
    pub fn new(map: &NextIssueMap, options: &NextIssueOptions, scope: &ReportScope) -> Self {
        let window_days = known_window(scope.window_days.unwrap_or(options.window_days));
        let mut ranked: Vec<(f64, &IssueCategory, &Primary)> = map
            .primaries
            .iter()
            .filter_map(|(category, windows)| {
                let primary = windows.get(&window_days)?;
                Some((score(primary, options.cost_of(category)), category, primary))
            })
            .collect();
        // Stable: the map is in alphabetical order.
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
        let limit = scope.limit.unwrap_or(options.top);
        let primaries = ranked
            .into_iter()
            .enumerate()
            .filter(|(_, (_, category, _))| scope.category.as_ref().is_none_or(|c| c == *category))
            .take(limit as usize)
            .map(|(index, (score, category, primary))| {
                PrimaryView::new(index + 1, category, primary, options.cost_of(category), score)
            })
            .collect();
        Self {
            window_days,
            computed_at: map.computed_at,
            coverage: map.coverage.get(&window_days).copied(),
            minimum_episodes: options.min_episodes,
            primaries,
        }
    }
}

/// `N_p x rcr_p x cost`: the number of repeats times what one costs.
#[expect(clippy::cast_precision_loss, reason = "counts of contacts fit into 53 bits")]
fn score(primary: &Primary, cost: f64) -> f64 {
    primary.repeats.count as f64 * cost
}

impl PrimaryView {
    fn new(
        rank: usize,
        category: &IssueCategory,
        primary: &Primary,
        cost_per_contact: f64,
        score: f64,
    ) -> Self {
        Self {
            rank,
            category: category.clone(),
            n: primary.repeats.trials,
            repeats: primary.repeats.count,
            repeat_rate: primary.repeats.rate(),
            repeat_interval: primary.repeats.wilson(CONFIDENCE),
            cost_per_contact,
            score,
            explicit: primary.explicit.as_ref().map(ExplicitView::new),
            secondaries: primary.secondaries.iter().map(SecondaryView::new).collect(),
        }
    }
}

impl ExplicitView {
    fn new(explicit: &ExplicitRepeat) -> Self {
        Self {
            n: explicit.proportion.count,
            probability: explicit.proportion.rate(),
            interval: explicit.proportion.wilson(CONFIDENCE),
            gap_hours: explicit.gap_hours,
            gap_bucket: explicit.gap_hours.map(|gap| gap.bucket()),
        }
    }
}

impl SecondaryView {
    fn new(secondary: &Secondary) -> Self {
        let lift = secondary.lift();
        Self {
            category: secondary.category.clone(),
            n: secondary.proportion.count,
            probability: secondary.proportion.rate(),
            interval: secondary.proportion.wilson(CONFIDENCE),
            base_rate: secondary.base.rate(),
            lift: lift.map(|(lift, _)| lift),
            lift_interval: lift.map(|(_, interval)| interval),
            gap_hours: secondary.gap_hours,
            gap_bucket: secondary.gap_hours.bucket(),
            adjacent: secondary.is_adjacent,
        }
    }
}
