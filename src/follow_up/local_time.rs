//! Times of day where the customers are: [`TimeOfDay`], [`UtcOffset`], [`QuietHours`].
//!
//! An offset is fixed: `+03:00` is that the whole year. Where clocks are changed, take the offset of the season in which the
//! quiet hours matter more to you, or make them an hour longer at the end that would otherwise be cut; then no customer is
//! ever disturbed, and some contacts wait an hour longer than they must. Days of a team begin at midnight of its offset.

use crate::timestamp::{DAY_MS, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt;

const MINUTE_MS: i64 = 60_000;

/// The text is no time of day or no offset.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}, got {text:?}")]
pub struct InvalidLocalTime {
    expected: &'static str,
    text: String,
}

/// A time of day, `00:00` to `23:59`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TimeOfDay {
    minutes: u16,
}

impl TimeOfDay {
    /// Reads `HH:MM`.
    ///
    /// # Errors
    /// [`InvalidLocalTime`] with the text.
    pub fn parse(text: &str) -> Result<Self, InvalidLocalTime> {
        match hours_and_minutes(text) {
            Some((hours, minutes)) if hours < 24 => Ok(Self { minutes: hours * 60 + minutes }),
            _ => Err(InvalidLocalTime {
                expected: "a time of day from 00:00 to 23:59",
                text: text.to_owned(),
            }),
        }
    }

    fn millis(self) -> i64 {
        i64::from(self.minutes) * MINUTE_MS
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.minutes / 60, self.minutes % 60)
    }
}

impl fmt::Debug for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl TryFrom<String> for TimeOfDay {
    type Error = InvalidLocalTime;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<TimeOfDay> for String {
    fn from(time: TimeOfDay) -> Self {
        time.to_string()
    }
}

/// How far local clocks are ahead of UTC, `-14:00` to `+14:00`.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UtcOffset {
    minutes: i16,
}

impl UtcOffset {
    /// Reads `+HH:MM` or `-HH:MM`.
    ///
    /// # Errors
    /// [`InvalidLocalTime`] with the text.
    pub fn parse(text: &str) -> Result<Self, InvalidLocalTime> {
        let invalid = || InvalidLocalTime {
            expected: "an offset from UTC such as +03:00, from -14:00 to +14:00",
            text: text.to_owned(),
        };
        let (sign, rest) = match text.as_bytes().first() {
            Some(b'+') => (1, &text[1..]),
            Some(b'-') => (-1, &text[1..]),
            _ => return Err(invalid()),
        };
        let (hours, minutes) = hours_and_minutes(rest).ok_or_else(invalid)?;
        let total = i16::try_from(hours * 60 + minutes).map_err(|_| invalid())?;
        if total > 14 * 60 { Err(invalid()) } else { Ok(Self { minutes: sign * total }) }
    }

    /// How far ahead, in minutes; negative behind.
    #[must_use]
    pub fn minutes(self) -> i64 {
        i64::from(self.minutes)
    }

    /// The first instant of the local day that holds `instant`, and the first of the day after.
    #[must_use]
    pub fn day_of(self, instant: Timestamp) -> (Timestamp, Timestamp) {
        let start = instant.plus_millis(-self.time_of_day_ms(instant));
        (start, start.plus_days(1))
    }

    /// The local date of an instant, such as `2026-01-05`.
    #[must_use]
    pub fn date_of(self, instant: Timestamp) -> String {
        let local = instant.plus_millis(i64::from(self.minutes) * MINUTE_MS);
        local.to_string().chars().take(10).collect()
    }

    /// Milliseconds since local midnight.
    fn time_of_day_ms(self, instant: Timestamp) -> i64 {
        (instant.millis() + i64::from(self.minutes) * MINUTE_MS).rem_euclid(DAY_MS)
    }
}

impl fmt::Display for UtcOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.minutes < 0 { '-' } else { '+' };
        let minutes = self.minutes.unsigned_abs();
        write!(f, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }
}

impl fmt::Debug for UtcOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl TryFrom<String> for UtcOffset {
    type Error = InvalidLocalTime;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<UtcOffset> for String {
    fn from(offset: UtcOffset) -> Self {
        offset.to_string()
    }
}

/// Reads `HH:MM` with minutes below 60; hours up to 99.
fn hours_and_minutes(text: &str) -> Option<(u16, u16)> {
    let (hours, minutes) = text.split_once(':')?;
    let number = |digits: &str| {
        let is_two_digits = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_two_digits.then(|| digits.parse::<u16>().ok()).flatten()
    };
    Some((number(hours)?, number(minutes)?)).filter(|(_, minutes)| *minutes < 60)
}

/// The part of every day in which customers are left in peace: from an instant on (it is quiet then) until another (it is not).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuietHours {
    /// When they begin, local time; may be later in the day than `until`.
    pub from: TimeOfDay,
    /// When they end, local time; the same as `from`: there are none.
    pub until: TimeOfDay,
    /// Whose local time.
    pub offset: UtcOffset,
}

impl QuietHours {
    /// Length in milliseconds, 0 to less than a day.
    #[must_use]
    pub fn length_ms(&self) -> i64 {
        (self.until.millis() - self.from.millis()).rem_euclid(DAY_MS)
    }

    /// Whether it is quiet at an instant.
    #[must_use]
    pub fn contains(&self, instant: Timestamp) -> bool {
        self.since_beginning_ms(instant) < self.length_ms()
    }

    /// The instant itself where it is not quiet, else the end of the quiet hours that it lies in.
    #[must_use]
    pub fn end_from(&self, instant: Timestamp) -> Timestamp {
        let left = self.length_ms() - self.since_beginning_ms(instant);
        if left > 0 { instant.plus_millis(left) } else { instant }
    }

    /// The instant itself where it is not quiet, else the beginning of the quiet hours that it lies in.
    #[must_use]
    pub fn beginning_until(&self, instant: Timestamp) -> Timestamp {
        let since = self.since_beginning_ms(instant);
        if since < self.length_ms() { instant.plus_millis(-since) } else { instant }
    }

    /// Milliseconds since quiet hours last began.
    fn since_beginning_ms(&self, instant: Timestamp) -> i64 {
        (self.offset.time_of_day_ms(instant) - self.from.millis()).rem_euclid(DAY_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn quiet(from: &str, until: &str, offset: &str) -> QuietHours {
        QuietHours {
            from: TimeOfDay::parse(from).unwrap(),
            until: TimeOfDay::parse(until).unwrap(),
            offset: UtcOffset::parse(offset).unwrap(),
        }
    }

    #[test]
    fn a_night_in_minsk_is_quiet_from_eight_to_nine_local_time() {
        let night = quiet("20:00", "09:00", "+03:00");
        for (instant, is_quiet) in [
            ("2026-01-05T16:59:59Z", false),
            ("2026-01-05T17:00:00Z", true),
            ("2026-01-06T05:59:59Z", true),
            ("2026-01-06T06:00:00Z", false),
        ] {
            assert_eq!(night.contains(at(instant)), is_quiet, "{instant}");
        }
        assert_eq!(night.end_from(at("2026-01-05T23:00:00Z")), at("2026-01-06T06:00:00Z"));
        assert_eq!(night.beginning_until(at("2026-01-05T23:00:00Z")), at("2026-01-05T17:00:00Z"));
    }

    #[test]
    fn the_same_beginning_and_end_mean_no_quiet_hours() {
        let none = quiet("09:00", "09:00", "+00:00");
        assert!(!none.contains(at("2026-01-05T09:00:00Z")));
        assert_eq!(none.end_from(at("2026-01-05T09:00:00Z")), at("2026-01-05T09:00:00Z"));
    }

    #[test]
    fn a_day_begins_at_local_midnight() {
        let offset = UtcOffset::parse("-05:30").unwrap();
        let (start, end) = offset.day_of(at("2026-01-05T03:00:00Z"));
        assert_eq!((start, end), (at("2026-01-04T05:30:00Z"), at("2026-01-05T05:30:00Z")));
        assert_eq!(offset.date_of(at("2026-01-05T03:00:00Z")), "2026-01-04");
    }

    #[test]
    fn texts_that_are_no_time_or_offset_are_refused_with_what_was_expected() {
        for text in ["", "9:00", "24:00", "12:60", "12-00", "ab:cd", "12:00:00", "+1:00", "é:00"] {
            let error = TimeOfDay::parse(text).unwrap_err().to_string();
            assert!(error.contains("23:59"), "{error}");
        }
        for text in ["", "03:00", "+3:00", "+14:01", "+99:00", "Z", "−03:00", "+03:60"] {
            let error = UtcOffset::parse(text).unwrap_err().to_string();
            assert!(error.contains("+03:00"), "{error}");
        }
    }

    proptest! {
        #[test]
        fn the_ends_of_quiet_hours_are_not_quiet_and_hold_the_instant_between_them(
            from in 0u16..1440, until in 0u16..1440, offset in -840i16..=840, millis in 0i64..4_000_000_000_000,
        ) {
            let quiet = QuietHours {
                from: TimeOfDay { minutes: from },
                until: TimeOfDay { minutes: until },
                offset: UtcOffset { minutes: offset },
            };
            let instant = Timestamp::from_millis(millis + 10 * DAY_MS).unwrap();
            let (beginning, end) = (quiet.beginning_until(instant), quiet.end_from(instant));
            prop_assert!(!quiet.contains(end));
            prop_assert!(!quiet.contains(beginning.plus_millis(-1)) || beginning == instant);
            prop_assert!(beginning <= instant && instant <= end);
            prop_assert_eq!(quiet.contains(instant), instant < end);
            let written = (quiet.from.to_string(), quiet.offset.to_string());
            prop_assert_eq!(TimeOfDay::parse(&written.0).unwrap(), quiet.from);
            prop_assert_eq!(UtcOffset::parse(&written.1).unwrap(), quiet.offset);
        }
    }
}
