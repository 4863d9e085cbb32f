//! [`Schedule`]: from when on, until when, and how long at most a closing can be followed up.

use super::policy::FollowUpPolicy;
use crate::timestamp::Timestamp;
use serde::{Deserialize, Serialize};

const HOUR_MS: f64 = 3_600_000.0;

/// Gaps up to this many hours make a follow-up due within [`FollowUpPolicy::due_hours`]; with longer ones there is more time.
const SHORT_GAP_HOURS: f64 = 48.0;

/// A follow-up is never due earlier than this after the closing: nobody could make it.
const LEAST_DUE_HOURS: f64 = 0.5;

/// What a team gets at least once quiet hours are over.
const LEAST_WORK_MS: i64 = 3_600_000;

/// A follow-up expires at least this long before the experiment's window ends, so that its effect can fall into the window.
const BEFORE_WINDOW_END_MS: i64 = 3_600_000;

/// The 25th percentile of the time from a closing to the likely repeat, in hours: a quarter of those who come back have done
/// so by then. Finite, not negative.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct GapQuartile(f64);

impl GapQuartile {
    /// Takes hours; `None` where they are negative or not finite.
    #[must_use]
    pub fn from_hours(hours: f64) -> Option<Self> {
        (hours.is_finite() && hours >= 0.0).then_some(Self(hours))
    }

    /// The hours.
    #[must_use]
    pub fn hours(self) -> f64 {
        self.0
    }
}

/// What a schedule is made from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Timing<'a> {
    /// When the ticket was closed.
    pub closed_at: Timestamp,
    /// Days in which a repeat counts.
    pub window_days: u32,
    /// When the likely repeat comes; `None` where that is not known.
    pub gap: Option<GapQuartile>,
    /// Hours after the closing that the category's plan asks to wait; `None` without a plan.
    pub send_after_hours: Option<f64>,
    /// The team, whose customers' clocks count.
    pub team: &'a str,
}

/// When a closing can be followed up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    /// From when on; never in quiet hours.
    pub available_at: Timestamp,
    /// Until when it should be made; later than `available_at`, and the moment before it is never quiet.
    pub due_at: Timestamp,
    /// When it is of no use any more; not before `due_at`, and before the window ends.
    pub expires_at: Timestamp,
    /// Quiet hours or a very short gap leave no time before the gap's 25th percentile: some customers come back before.
    pub is_after_gap: bool,
}

impl Schedule {
    /// Plans a follow-up; `None` where quiet hours leave no time before the window ends.
    ///
    /// It is **due** at the 25th percentile of the gap, and within `due_hours` (24) of the closing where the percentile is 48 hours
    /// or less, and where it is not known. It is **available** after the plan's or the policy's `send_after_hours`, but at latest
    /// half-way to when it is due. Both are moved out of quiet hours: the beginning to their end, the due time to their beginning,
    /// and only where that leaves nothing to an hour after their end, which is then said by `is_after_gap`. It **expires**
    /// `grace_hours` after it is due, and at least an hour before the window ends.
    #[must_use]
    pub fn plan(timing: &Timing<'_>, policy: &FollowUpPolicy) -> Option<Self> {
        let quiet = policy.quiet_hours(timing.team);
        let target_hours = due_hours(timing.gap, policy.due_hours);
        let wait_hours = timing.send_after_hours.unwrap_or(policy.send_after_hours);
        let wait_hours = wait_hours.max(0.0).min(target_hours / 2.0);
        let target = after(timing.closed_at, target_hours);
        let available_at = quiet.end_from(after(timing.closed_at, wait_hours));
        // A deadline at the very beginning of quiet hours is met before they begin.
        let deadline = if quiet.contains(target) { quiet.beginning_until(target) } else { target };
        let due_at = if deadline > available_at {
            deadline
        } else {
            available_at.plus_millis(LEAST_WORK_MS)
        };
        let window_end = timing.closed_at.plus_days(i64::from(timing.window_days));
        let last = window_end.plus_millis(-BEFORE_WINDOW_END_MS);
        if due_at > last {
            return None;
        }
        let gap_end = timing.gap.map(|gap| after(timing.closed_at, gap.hours()));
        Some(Self {
            available_at,
            due_at,
            expires_at: after(due_at, policy.grace_hours).min(last),
            is_after_gap: gap_end.is_some_and(|gap_end| due_at > gap_end),
        })
    }
}

/// Hours from the closing to when a follow-up should have been made, quiet hours aside.
fn due_hours(gap: Option<GapQuartile>, within_hours: f64) -> f64 {
    match gap {
        None => within_hours,
        Some(gap) if gap.hours() <= SHORT_GAP_HOURS => {
            gap.hours().min(within_hours).max(LEAST_DUE_HOURS)
        }
        Some(gap) => gap.hours(),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "hours are bounded by windows and configuration; a cast saturates"
)]
fn after(instant: Timestamp, hours: f64) -> Timestamp {
    instant.plus_millis((hours * HOUR_MS) as i64)
}
