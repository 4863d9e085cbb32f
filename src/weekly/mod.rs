//! The weekly report's calendar: [`WeeklyOptions`] (who gets it, and when), [`Week`], and when which one is due.
//!
//! Weeks are those of ISO 8601, in the time zone of the report. The report of a week is due at the first chosen weekday and hour
//! after it. Whatever is due is the newest one: a service that was not running then hands it on as soon as it is.

mod options;

pub use options::{
    InvalidAddress, MailAddress, MailOptions, MailTls, WebhookOptions, WeeklyOptions,
};

use crate::kpi::{Day, Period, Step, Zone};
use crate::timestamp::Timestamp;
use serde::Deserialize;
use std::fmt;
use std::time::Duration;

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "named after what they are")]
pub enum Weekday {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

impl Weekday {
    /// How many days after Monday.
    fn after_monday(self) -> i32 {
        self as i32
    }
}

/// A week from Monday to Sunday.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Week(Day);

/// The text is no week.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a week such as 2026-W05 or a day in it such as 2026-01-28, got {0:?}")]
pub struct InvalidWeek(String);

impl Week {
    /// The week of a day.
    #[must_use]
    pub fn of(day: Day) -> Self {
        // 1970-01-01 was a Thursday.
        Self(day.plus(-(day.number() + 3).rem_euclid(7)))
    }

    /// Reads `2026-W05`, or a day in the week.
    ///
    /// # Errors
    /// [`InvalidWeek`] with the text.
    pub fn parse(text: &str) -> Result<Self, InvalidWeek> {
        let invalid = || InvalidWeek(text.to_owned());
        let Some((year, number)) = text.split_once("-W") else {
            return Day::parse(text).map(Self::of).map_err(|_| invalid());
        };
        // The fourth of January is always in the first week.
        let first = Day::parse(&format!("{year}-01-04")).map(Self::of).map_err(|_| invalid())?;
        let number: i32 = number.parse().map_err(|_| invalid())?;
        let week = Self(first.0.plus(7 * (number - 1)));
        if week.to_string() == text { Ok(week) } else { Err(invalid()) }
    }

    /// Its Monday.
    #[must_use]
    pub fn monday(self) -> Day {
        self.0
    }

    /// Its days.
    #[must_use]
    pub fn period(self) -> Period {
        Period { from: self.0, to: self.0.plus(7) }
    }

    /// The week before.
    #[must_use]
    pub fn previous(self) -> Self {
        Self(self.0.plus(-7))
    }
}

impl fmt::Display for Week {
    /// Such as `2026-W05`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Step::Week.label(self.0))
    }
}

/// The week whose report is due: the newest one whose weekday and hour have come.
#[must_use]
pub fn due_week(weekday: Weekday, hour: u8, zone: &Zone, now: Timestamp) -> Week {
    let today = zone.day_of(now);
    let of_week = Week::of(today).monday().plus(weekday.after_monday());
    let day =
        if of_week <= today && zone.at(of_week, hour) <= now { of_week } else { of_week.plus(-7) };
    Week::of(day).previous()
}

/// How long after a failed attempt the next one is made: twice as long after each, up to the longest.
#[must_use]
pub fn wait_after(attempt: u32, first: Duration, longest: Duration) -> Duration {
    let factor = 2_u32.saturating_pow(attempt.saturating_sub(1));
    first.saturating_mul(factor).min(longest)
}

#[cfg(test)]
mod tests;
