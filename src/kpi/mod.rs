//! Key performance indicators: what each number is, out of what, how sure, and what was left out.
//!
//! [`MEASURES`] is the registry. A day is counted by [`count`] into cells that add up ([`Tally`]), whatever the slice and the
//! period; `store::kpi` keeps them and counts anew the days that changed. [`KpiReport`] tells figures from them, [`KpiChange`]
//! why a rate moved. Nobody's name is in any of it: there are figures of teams, and none of the people in them.
//!
//! Maturity is by whole local days: an episode counts in a window when its day of closing and the window after that day's end
//! are over. So the days of a trend can be compared, and no day is half in.

mod ask;
mod calendar;
mod closings;
mod day;
mod decomposition;
mod figure;
mod flagged;
mod interval;
mod measure;
mod report;
mod tally;
mod texts;

pub use ask::{KpiWords, parse_measure, parse_period, parse_window};
pub use calendar::{Day, InvalidCalendar, Period, Step, Zone};
pub use closings::{
    Assigned, CountedClosing, CountedClosings, RepeatCounts, Score, closings_by_team,
};
pub use day::{
    Cell, Cells, DayFacts, Dimension, EpisodeFact, Labels, Persons, Return, TicketFact, count,
};
pub use decomposition::{CategoryCounts, CategoryEffect, Decomposition};
pub use figure::{Excluded, Exclusion, Figure, Sums, Terms};
pub use flagged::{Flagged, FlaggedClosing, flagged_by_experiment};
pub use interval::{PairSums, median, of_mean, of_nps, of_ratio};
pub use measure::{Definition, Direction, Formula, MEASURES, Measure, Unit, Values, Window, Words};
pub use report::{KpiChange, KpiContext, KpiDays, KpiGroup, KpiQuery, KpiReport};
pub use tally::{COLUMNS, Column, Tally};

use serde::Deserialize;

/// By which rules days are counted; another number has all of them counted anew.
pub const RULES: u32 = 2;

/// The section `kpi` of the configuration; explained in `config.default.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KpiOptions {
    /// Where days begin.
    pub time_zone: Zone,
    /// The window in days where none is asked for.
    pub window_days: u32,
    /// Below so many cases a figure is small.
    pub small_numbers: u64,
    /// Seconds between two looks for days that have changed.
    pub refresh_interval_s: u64,
    /// Days that one request counts anew at most; more are left to the background.
    pub days_at_once: u32,
    /// Most figures in one answer.
    pub figures_max: usize,
}

impl KpiOptions {
    /// Checks every value.
    ///
    /// # Errors
    /// The option and what was expected.
    pub fn validate(&self) -> Result<(), String> {
        if !crate::outcome::WINDOWS_DAYS.contains(&self.window_days) {
            let windows = crate::outcome::WINDOWS_DAYS;
            return Err(format!(
                "window_days: expected one of {windows:?}, got {}",
                self.window_days
            ));
        }
        let at_least_one = [
            ("refresh_interval_s", self.refresh_interval_s),
            ("days_at_once", u64::from(self.days_at_once)),
            ("figures_max", self.figures_max as u64),
        ];
        match at_least_one.iter().find(|(_, value)| *value == 0) {
            Some((name, _)) => Err(format!("{name} must be at least 1")),
            None => Ok(()),
        }
    }
}
