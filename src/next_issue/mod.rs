//! Which issue follows which: how often, how much more often than usual, and how long after.
//!
//! For a primary category p, a secondary s and a window of W days after the close: `N_p` counts the mature episodes of p,
//! `N_ps` those of them with at least one contact of s within the window. From these come `P(s|p) = N_ps / N_p` with Wilson's
//! interval, the base rate `P(s)` over all mature episodes and an equal window, and `lift = P(s|p) / P(s)` with Katz'
//! interval. The episodes of p are part of all episodes, so that interval is rather too wide than too narrow. The gap is
//! that from the close to the first contact of s. The same issue again (s = p) has figures of its own.
//!
//! Only mature episodes count: those whose window is over. A window without any has no rate. A category with fewer mature
//! episodes than [`NextIssueOptions::min_episodes`] has no figures at all, only the number of such categories is told.
//!
//! [`counts`] makes a [`NextIssueMap`] from counts that a database has summed up; [`ranking`] says which primary
//! categories cost most. Nothing here reads a clock or a database.

pub mod counts;
pub mod options;
pub mod ranking;

pub use counts::{EpisodeCount, GapCount, MapCounts, RepeatCount};
pub use options::NextIssueOptions;
pub use ranking::NextIssueReport;

use crate::outcome::WINDOWS_DAYS;
use crate::statistics::{CONFIDENCE, Interval, Proportion, rate_ratio};
use crate::ticket::IssueCategory;
use crate::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Milliseconds in an hour.
const HOUR_MS: f64 = 3_600_000.0;

/// Which issues follow which, as of one moment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NextIssueMap {
    /// When it was computed; `None` before the first time.
    pub computed_at: Option<Timestamp>,
    /// What it rests on, by window in days.
    pub coverage: BTreeMap<u32, Coverage>,
    /// By primary category, then by window in days. Categories with too few mature episodes are left out.
    pub primaries: BTreeMap<IssueCategory, BTreeMap<u32, Primary>>,
}

/// The episodes that a window's figures rest on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Coverage {
    /// Episodes whose window is over: those that count.
    pub mature_episodes: u64,
    /// Episodes whose window is not over yet: left out.
    pub immature_episodes: u64,
    /// Mature episodes of a time when many customers came with the same category; they count.
    pub outage_episodes: u64,
    /// Mature episodes whose customer had another open ticket at the close; they count.
    pub parallel_episodes: u64,
    /// Categories with enough mature episodes.
    pub categories: u64,
    /// Categories with mature episodes, but too few for figures.
    pub categories_below_minimum: u64,
}

/// What follows the episodes of one category within one window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Primary {
    /// Mature episodes with a repeat, explicit or implicit, among all mature ones of the category.
    pub repeats: Proportion,
    /// The same issue again; `None` when nobody came back with it.
    pub explicit: Option<ExplicitRepeat>,
    /// Other issues, those that follow most often first; at most [`NextIssueOptions::secondaries_per_primary`].
    #[serde(skip)]
    pub secondaries: Vec<Secondary>,
}

/// The same issue again.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ExplicitRepeat {
    /// Mature episodes after which it came again.
    pub proportion: Proportion,
    /// How long after the close; `None` where people said that it came again, and nobody when.
    pub gap_hours: Option<GapHours>,
}

/// Another issue that followed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Secondary {
    /// What came.
    pub category: IssueCategory,
    /// `N_ps` among `N_p`.
    pub proportion: Proportion,
    /// Mature episodes of any category that it followed, among all of them.
    pub base: Proportion,
    /// How long after the close it came first.
    pub gap_hours: GapHours,
    /// Known to follow: people declared the pair, or
    /// [`is_adjacent`](crate::outcome::is_adjacent) finds it in this window's figures.
    pub is_adjacent: bool,
}

/// Quartiles of the time from a close to the first contact, in hours, exact to the minute (rounded up).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct GapHours {
    /// A quarter of the customers has come back by then.
    pub p25: f64,
    /// Half of them.
    pub median: f64,
    /// Three quarters.
    pub p75: f64,
}

/// In what unit people would tell a gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum GapBucket {
    /// Under a day.
    Hours,
    /// From a day to under a week.
    Days,
    /// A week and more.
    Weeks,
}

/// What the customer of a closed ticket is likely to ask about next, and when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LikelyNextIssue {
    /// What about.
    pub category: IssueCategory,
    /// Share of the category's mature episodes after which it came within the window.
    pub probability: f64,
    /// How many times as often as after any episode.
    pub lift: f64,
    /// The window, in days after the close.
    pub window_days: u32,
    /// How long after the close.
    pub gap_hours: GapHours,
    /// The close plus the median gap.
    pub expected_at: Timestamp,
    /// Mature episodes that this rests on.
    pub n: u64,
}

/// How often and when the same issue comes again after a closed ticket of its category.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ExpectedRepeat {
    /// Share of the category's mature episodes after which the same issue came again within the window.
    pub rate: f64,
    /// The window, in days after the close.
    pub window_days: u32,
    /// How long after the close.
    pub gap_hours: GapHours,
    /// The close plus the median gap.
    pub expected_at: Timestamp,
    /// Mature episodes that this rests on.
    pub n: u64,
}

impl NextIssueMap {
    /// What follows a category within a window. A window that is not one of [`WINDOWS_DAYS`] is told by the next longer one.
    #[must_use]
    pub fn primary(&self, category: &IssueCategory, window_days: u32) -> Option<&Primary> {
        self.primaries.get(category)?.get(&known_window(window_days))
    }

    /// The adjacent issue that follows most often, for a ticket closed at `closed_at`; `None` where none is known to.
    #[must_use]
    pub fn likely_next(
        &self,
        category: &IssueCategory,
        window_days: u32,
        closed_at: Timestamp,
    ) -> Option<LikelyNextIssue> {
        let secondary = self.primary(category, window_days)?.likely_secondary()?;
        Some(LikelyNextIssue {
            category: secondary.category.clone(),
            probability: secondary.proportion.rate()?,
            lift: secondary.lift()?.0,
            window_days: known_window(window_days),
            gap_hours: secondary.gap_hours,
            expected_at: secondary.gap_hours.median_after(closed_at),
            n: secondary.proportion.trials,
        })
    }

    /// When the same issue comes again, if it does; `None` where it never did or little is known.
    #[must_use]
    pub fn expected_repeat(
        &self,
        category: &IssueCategory,
        window_days: u32,
        closed_at: Timestamp,
    ) -> Option<ExpectedRepeat> {
        let explicit = self.primary(category, window_days)?.explicit?;
        let gap_hours = explicit.gap_hours?;
        Some(ExpectedRepeat {
            rate: explicit.proportion.rate()?,
            window_days: known_window(window_days),
            gap_hours,
            expected_at: gap_hours.median_after(closed_at),
            n: explicit.proportion.trials,
        })
    }

    /// How long after the close customers of a category come back: the gap of what is likelier, the same issue or the
    /// likely next one. A follow-up is due before its first quartile.
    #[must_use]
    pub fn likely_gap(&self, category: &IssueCategory, window_days: u32) -> Option<GapHours> {
        let primary = self.primary(category, window_days)?;
        let explicit =
            primary.explicit.and_then(|same| Some((same.proportion.count, same.gap_hours?)));
        let next = primary.likely_secondary().map(|next| (next.proportion.count, next.gap_hours));
        // Both count the same episodes; of equally frequent ones the same issue is taken.
        explicit.into_iter().chain(next).rev().max_by_key(|(count, _)| *count).map(|(_, gap)| gap)
    }

    /// The pairs of primary and secondary that are adjacent by the figures of a window.
    pub fn adjacent_pairs(
        &self,
        window_days: u32,
    ) -> impl Iterator<Item = (&IssueCategory, &IssueCategory)> {
        let window = known_window(window_days);
        self.primaries.iter().flat_map(move |(category, windows)| {
            let secondaries = windows.get(&window).into_iter().flat_map(|of| &of.secondaries);
            secondaries
                .filter(|secondary| secondary.is_adjacent)
                .map(move |secondary| (category, &secondary.category))
        })
    }
}

impl Primary {
    /// The adjacent issue that follows most often; of equally frequent ones the first in the alphabet.
    #[must_use]
    pub fn likely_secondary(&self) -> Option<&Secondary> {
        self.secondaries.iter().find(|secondary| secondary.is_adjacent)
    }
}

impl Secondary {
    /// How many times as often it follows here as anywhere, with the interval.
    #[must_use]
    pub fn lift(&self) -> Option<(f64, Interval)> {
        rate_ratio(self.proportion, self.base, CONFIDENCE)
    }
}

impl GapHours {
    /// The unit in which people would tell the median.
    #[must_use]
    pub fn bucket(&self) -> GapBucket {
        match self.median {
            hours if hours < 24.0 => GapBucket::Hours,
            hours if hours < 168.0 => GapBucket::Days,
            _ => GapBucket::Weeks,
        }
    }

    /// The close plus the median.
    #[must_use]
    pub fn median_after(&self, closed_at: Timestamp) -> Timestamp {
        after_hours(closed_at, self.median)
    }
}

impl GapBucket {
    /// The word in responses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hours => "hours",
            Self::Days => "days",
            Self::Weeks => "weeks",
        }
    }
}

/// The shortest of [`WINDOWS_DAYS`] that is not shorter than `window_days`, or the longest.
#[must_use]
pub fn known_window(window_days: u32) -> u32 {
    let longest = WINDOWS_DAYS[WINDOWS_DAYS.len() - 1];
    WINDOWS_DAYS.into_iter().find(|window| *window >= window_days).unwrap_or(longest)
}

/// The instant `hours` later, kept inside the accepted range.
#[must_use]
#[expect(clippy::cast_possible_truncation, reason = "a float is cut to the range of i64 by `as`")]
pub fn after_hours(instant: Timestamp, hours: f64) -> Timestamp {
    let millis = instant.millis().saturating_add((hours * HOUR_MS).round() as i64);
    Timestamp::from_millis(millis.max(0)).unwrap_or_else(|_| instant.plus_days(i64::MAX))
}
