//! Days of a time zone: [`Zone`], [`Day`], [`Period`]. Weeks are those of ISO 8601: they begin on Monday.
//!
//! A local day lasts from its midnight to the next one: 23 or 25 hours where clocks are changed. Where midnight itself is
//! skipped, the day begins at the first instant there is.

use crate::timestamp::{DAY_MS, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt;
use time::{Date, Month};

/// The Julian day of 1970-01-01.
const EPOCH: i32 = 2_440_588;
const HOUR_MS: i64 = 3_600_000;

/// A time zone by its name in the IANA database, such as `Europe/Minsk`. The database is compiled in.
#[derive(Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct Zone {
    name: String,
    zone: jiff::tz::TimeZone,
}

/// A calendar day, in days since 1970-01-01; written as `2026-01-05`.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[schema(value_type = String, format = Date, examples("2026-01-05"))]
#[serde(try_from = "String", into = "String")]
pub struct Day(i32);

/// The text is no day or no time zone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}, got {text:?}")]
pub struct InvalidCalendar {
    expected: &'static str,
    text: String,
}

/// Days from the first to the one before `to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, utoipa::ToSchema)]
pub struct Period {
    /// The first day.
    pub from: Day,
    /// The day after the last.
    pub to: Day,
}

/// How a period is cut for a trend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Step {
    /// Local days.
    Day,
    /// ISO weeks.
    Week,
    /// Calendar months.
    Month,
}

impl Zone {
    /// Finds a zone by its name.
    ///
    /// # Errors
    /// [`InvalidCalendar`] when there is none of this name.
    pub fn parse(name: &str) -> Result<Self, InvalidCalendar> {
        let zone = jiff::tz::TimeZone::get(name).map_err(|_| InvalidCalendar {
            expected: "a time zone of the IANA database such as Europe/Minsk or UTC",
            text: name.to_owned(),
        })?;
        Ok(Self { name: name.to_owned(), zone })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The local day of an instant.
    #[must_use]
    pub fn day_of(&self, at: Timestamp) -> Day {
        let date = jiff::Timestamp::from_millisecond(at.millis())
            .map(|instant| self.zone.to_datetime(instant).date())
            .ok()
            .and_then(|date| {
                day(date.year().into(), date.month().unsigned_abs(), date.day().unsigned_abs())
            });
        // Beyond the zone's last instant, in the year 9999, days are those of UTC.
        date.unwrap_or_else(|| Day::of_utc(at))
    }

    /// The first instant of a local day.
    #[must_use]
    pub fn start_of(&self, day: Day) -> Timestamp {
        self.at(day, 0)
    }

    /// When the clocks show a full hour of a local day, 0 to 23: the first time where they show it twice, and the next instant there
    /// is where they skip it.
    #[must_use]
    pub fn at(&self, day: Day, hour: u8) -> Timestamp {
        let start = day.date().and_then(|date| {
            let month = i8::try_from(u8::from(date.month())).ok()?;
            let (year, of_month) =
                (i16::try_from(date.year()).ok()?, i8::try_from(date.day()).ok()?);
            let date = jiff::civil::Date::new(year, month, of_month).ok()?;
            let time = jiff::civil::Time::new(i8::try_from(hour).ok()?, 0, 0, 0).ok()?;
            Some(self.zone.to_timestamp(date.to_datetime(time)).ok()?.as_millisecond())
        });
        let millis = start.unwrap_or(i64::from(day.0) * DAY_MS + i64::from(hour) * HOUR_MS);
        Timestamp::EARLIEST.plus_millis(millis)
    }

    /// The first instant after a local day.
    #[must_use]
    pub fn end_of(&self, day: Day) -> Timestamp {
        self.start_of(day.plus(1))
    }
}

impl TryFrom<String> for Zone {
    type Error = InvalidCalendar;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        Self::parse(&name)
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

fn day(year: i32, month: u8, of_month: u8) -> Option<Day> {
    let month = Month::try_from(month).ok()?;
    Some(Day::of_date(Date::from_calendar_date(year, month, of_month).ok()?))
}

impl Day {
    /// The day of this number since 1970-01-01.
    #[must_use]
    pub fn from_number(number: i32) -> Self {
        Self(number)
    }

    /// Days since 1970-01-01.
    #[must_use]
    pub fn number(self) -> i32 {
        self.0
    }

    /// Reads `YYYY-MM-DD`, from 1970 on.
    ///
    /// # Errors
    /// [`InvalidCalendar`] with the text.
    pub fn parse(text: &str) -> Result<Self, InvalidCalendar> {
        let parts: Vec<&str> = text.split('-').collect();
        let found = match parts[..] {
            [year, month, of_month]
                if (year.len(), month.len(), of_month.len()) == (4, 2, 2)
                    && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') =>
            {
                match (year.parse(), month.parse(), of_month.parse()) {
                    (Ok(year), Ok(month), Ok(of_month)) => day(year, month, of_month),
                    _ => None,
                }
            }
            _ => None,
        };
        found.filter(|day| day.0 >= 0).ok_or_else(|| InvalidCalendar {
            expected: "a day such as 2026-01-05, from 1970 on",
            text: text.to_owned(),
        })
    }

    /// So many days later; earlier when negative.
    #[must_use]
    pub fn plus(self, days: i32) -> Self {
        Self(self.0.saturating_add(days))
    }

    /// Days from this one to another; negative when that comes first.
    #[must_use]
    pub fn days_until(self, later: Self) -> i32 {
        later.0.saturating_sub(self.0)
    }

    fn of_utc(at: Timestamp) -> Self {
        Self(i32::try_from(at.millis().div_euclid(DAY_MS)).unwrap_or(i32::MAX))
    }

    fn of_date(date: Date) -> Self {
        Self(date.to_julian_day() - EPOCH)
    }

    fn date(self) -> Option<Date> {
        Date::from_julian_day(self.0.checked_add(EPOCH)?).ok()
    }

    /// The first day of the next step: the next day, Monday or first of a month.
    fn next_of(self, step: Step) -> Self {
        let Some(date) = self.date() else { return self.plus(1) };
        match step {
            Step::Day => self.plus(1),
            Step::Week => self.plus(7 - i32::from(date.weekday().number_days_from_monday())),
            Step::Month => {
                let days = date.month().length(date.year());
                self.plus(i32::from(days - date.day()) + 1)
            }
        }
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.date() {
            Some(date) => {
                write!(f, "{:04}-{:02}-{:02}", date.year(), u8::from(date.month()), date.day())
            }
            None => write!(f, "day {}", self.0),
        }
    }
}

impl TryFrom<String> for Day {
    type Error = InvalidCalendar;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<Day> for String {
    fn from(day: Day) -> Self {
        day.to_string()
    }
}

impl Period {
    /// How many days.
    #[must_use]
    pub fn days(self) -> i32 {
        self.from.days_until(self.to)
    }

    /// Whether a day is in it.
    #[must_use]
    pub fn contains(self, day: Day) -> bool {
        self.from <= day && day < self.to
    }

    /// The period of the same length right before.
    #[must_use]
    pub fn previous(self) -> Self {
        Self { from: self.from.plus(-self.days()), to: self.from }
    }

    /// Cut into steps in order of time; the first and the last may be parts of a step.
    #[must_use]
    pub fn cut(self, step: Step) -> Vec<Self> {
        let mut parts = Vec::new();
        let mut from = self.from;
        while from < self.to {
            let to = from.next_of(step).min(self.to);
            parts.push(Self { from, to });
            from = to;
        }
        parts
    }

    /// Whether it is one whole step.
    #[must_use]
    pub fn is_whole(self, step: Step) -> bool {
        self.from.plus(-1).next_of(step) == self.from && self.from.next_of(step) == self.to
    }

    /// Into how many steps it would be cut at most.
    #[must_use]
    pub fn steps(self, step: Step) -> usize {
        let days = usize::try_from(self.days()).unwrap_or(0);
        match step {
            Step::Day => days,
            Step::Week => days / 7 + 2,
            Step::Month => days / 28 + 2,
        }
    }
}

impl Step {
    /// Reads `day`, `week` or `month`.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "day" => Some(Self::Day),
            "week" => Some(Self::Week),
            "month" => Some(Self::Month),
            _ => None,
        }
    }

    /// What a step of a period is called: its day, `2026-W05`, or `2026-01`.
    #[must_use]
    pub fn label(self, from: Day) -> String {
        let Some(date) = from.date() else { return from.to_string() };
        match self {
            Self::Day => from.to_string(),
            Self::Week => {
                let (year, week, _) = date.to_iso_week_date();
                format!("{year:04}-W{week:02}")
            }
            Self::Month => format!("{:04}-{:02}", date.year(), u8::from(date.month())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    #[test]
    fn days_last_23_and_25_hours_where_clocks_are_changed() {
        let warsaw = Zone::parse("Europe/Warsaw").unwrap();
        let hours = |text| {
            let day = day(text);
            (warsaw.end_of(day).millis() - warsaw.start_of(day).millis()) / 3_600_000
        };
        assert_eq!((hours("2026-03-29"), hours("2026-10-25"), hours("2026-07-01")), (23, 25, 24));
        assert_eq!(warsaw.start_of(day("2026-03-29")), at("2026-03-28T23:00:00Z"));
        assert_eq!(warsaw.day_of(at("2026-03-28T22:59:59.999Z")), day("2026-03-28"));
        assert_eq!(warsaw.day_of(at("2026-03-28T23:00:00Z")), day("2026-03-29"));
        assert_eq!(warsaw.day_of(at("2026-03-29T22:00:00Z")), day("2026-03-30"));
    }

    #[test]
    fn where_midnight_is_skipped_a_day_begins_at_the_first_instant_there_is() {
        let beirut = Zone::parse("Asia/Beirut").unwrap();
        let start = beirut.start_of(day("2026-03-29"));
        assert_eq!(start, at("2026-03-28T22:00:00Z"));
        assert_eq!(beirut.day_of(start), day("2026-03-29"));
        assert_eq!(beirut.day_of(start.plus_millis(-1)), day("2026-03-28"));
    }

    #[test]
    fn weeks_are_those_of_iso_8601() {
        let period = Period { from: day("2025-12-30"), to: day("2026-01-13") };
        let weeks: Vec<_> = period
            .cut(Step::Week)
            .iter()
            .map(|week| (Step::Week.label(week.from), week.days()))
            .collect();
        assert_eq!(
            weeks,
            [("2026-W01".to_owned(), 6), ("2026-W02".to_owned(), 7), ("2026-W03".to_owned(), 1)]
        );
        let months: Vec<_> =
            period.cut(Step::Month).iter().map(|month| Step::Month.label(month.from)).collect();
        assert_eq!(months, ["2025-12", "2026-01"]);
        assert_eq!(period.previous(), Period { from: day("2025-12-16"), to: day("2025-12-30") });
    }

    #[test]
    fn texts_that_are_no_day_or_zone_are_refused() {
        for text in
            ["", "2026-1-5", "2026-02-30", "1969-12-31", "2026-01-05T00:00:00Z", "+026-01-05"]
        {
            assert!(Day::parse(text).is_err(), "{text}");
        }
        assert!(Zone::parse("Europe/Atlantis").is_err());
        assert_eq!(day("2026-01-05").to_string(), "2026-01-05");
        let utc = Zone::parse("UTC").unwrap();
        assert_eq!(utc.day_of(Timestamp::LATEST), day("9999-12-31"));
    }
}
