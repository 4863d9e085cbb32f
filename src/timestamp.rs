//! [`Timestamp`]: an instant in UTC with millisecond precision, as stored and as sent.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// Milliseconds in a day.
pub const DAY_MS: i64 = 86_400_000;

/// By how much this process's clock is ahead of the machine's, in milliseconds: nothing, unless [`Timestamp::set_clock`] was called.
static AHEAD_MS: AtomicI64 = AtomicI64::new(0);

/// An instant between the years 1970 and 9999, in milliseconds since 1970-01-01T00:00:00Z.
///
/// Written as RFC 3339 in UTC (`2026-01-05T09:00:00Z`); read from RFC 3339 with any offset.
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
#[schema(value_type = String, format = DateTime, examples("2026-01-05T09:00:00Z"))]
#[serde(try_from = "String", into = "String")]
pub struct Timestamp(i64);

/// The text or number is no instant this system accepts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected an RFC 3339 instant such as 2026-01-05T09:00:00Z between 1970 and 9999, got {0:?}"
)]
pub struct InvalidTimestamp(String);

impl Timestamp {
    const MAX_MS: i64 = 253_402_300_799_999;

    /// The first instant that is accepted.
    pub const EARLIEST: Self = Self(0);
    /// The last one.
    pub const LATEST: Self = Self(Self::MAX_MS);

    /// Reads milliseconds since 1970.
    ///
    /// # Errors
    /// [`InvalidTimestamp`] before 1970 and after 9999.
    pub fn from_millis(millis: i64) -> Result<Self, InvalidTimestamp> {
        if (0..=Self::MAX_MS).contains(&millis) {
            Ok(Self(millis))
        } else {
            Err(InvalidTimestamp(millis.to_string()))
        }
    }

    /// Reads RFC 3339 with any offset; digits below a millisecond are cut off.
    ///
    /// # Errors
    /// [`InvalidTimestamp`] with the text.
    pub fn parse(text: &str) -> Result<Self, InvalidTimestamp> {
        OffsetDateTime::parse(text, &Rfc3339)
            .ok()
            .and_then(|instant| i64::try_from(instant.unix_timestamp_nanos() / 1_000_000).ok())
            .and_then(|millis| Self::from_millis(millis).ok())
            .ok_or_else(|| InvalidTimestamp(text.to_owned()))
    }

    /// The clock. Only the edges (`main`, `api`, training commands) call this.
    #[must_use]
    pub fn now() -> Self {
        Self::of_the_machine().plus_millis(AHEAD_MS.load(Ordering::Relaxed))
    }

    /// Lets the clock of this process go on from another instant: the demonstration is about tickets of years ago.
    pub fn set_clock(to: Self) {
        AHEAD_MS.store(to.0 - Self::of_the_machine().0, Ordering::Relaxed);
    }

    fn of_the_machine() -> Self {
        let millis = OffsetDateTime::now_utc().unix_timestamp_nanos() / 1_000_000;
        Self(i64::try_from(millis).unwrap_or(0).clamp(0, Self::MAX_MS))
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn millis(self) -> i64 {
        self.0
    }

    /// Days from `self` to `later`; negative when `later` comes first.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "the range of a timestamp fits into 53 bits")]
    pub fn days_until(self, later: Self) -> f64 {
        (later.0 - self.0) as f64 / DAY_MS as f64
    }

    /// The instant `millis` milliseconds later (earlier when negative), kept inside the accepted range.
    #[must_use]
    pub fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis).clamp(0, Self::MAX_MS))
    }

    /// The instant `days` days later (earlier when negative), kept inside the accepted range.
    #[must_use]
    pub fn plus_days(self, days: i64) -> Self {
        Self(self.0.saturating_add(days.saturating_mul(DAY_MS)).clamp(0, Self::MAX_MS))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000_000)
            .ok()
            .and_then(|instant| instant.format(&Rfc3339).ok());
        f.write_str(text.as_deref().unwrap_or("out of range"))
    }
}

impl TryFrom<String> for Timestamp {
    type Error = InvalidTimestamp;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<Timestamp> for String {
    fn from(timestamp: Timestamp) -> Self {
        timestamp.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn any_offset_is_the_same_instant_in_utc() {
        let minsk = Timestamp::parse("2026-01-05T12:00:00+03:00").unwrap();
        assert_eq!(minsk.to_string(), "2026-01-05T09:00:00Z");
    }

    #[test]
    fn texts_that_are_no_instant_are_refused() {
        for text in ["", "yesterday", "2026-02-30T00:00:00Z", "2026-01-05", "1969-12-31T23:59:59Z"]
        {
            assert!(Timestamp::parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn written_then_read_is_the_same(millis in 0..=Timestamp::MAX_MS) {
            let timestamp = Timestamp::from_millis(millis).unwrap();
            prop_assert_eq!(Timestamp::parse(&timestamp.to_string()).unwrap(), timestamp);
        }
    }
}
