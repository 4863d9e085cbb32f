//! Numbers, shares, dates and times as a language writes them (CLDR 46). Times are those of one zone, which each page names.

use crate::follow_up::UtcOffset;
use crate::timestamp::Timestamp;
use crate::user::Language;
use std::fmt::{self, Write};

/// A space at which no line breaks.
const NBSP: char = '\u{a0}';

/// A number with so many digits behind the point.
#[must_use]
pub fn decimal(language: Language, value: f64, digits: usize) -> String {
    let plain = format!("{:.digits$}", value.abs());
    let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, ""));
    let is_zero = plain.chars().all(|c| c == '0' || c == '.');
    let mut text = String::new();
    if value < 0.0 && !is_zero {
        text.push('\u{2212}');
    }
    let (group, point) = match language {
        Language::En => (',', '.'),
        Language::Ru | Language::Be => (NBSP, ','),
    };
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            text.push(group);
        }
        text.push(digit);
    }
    if !fraction.is_empty() {
        text.push(point);
        text.push_str(fraction);
    }
    text
}

/// A count.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "counts of rows fit into 53 bits")]
pub fn integer(language: Language, value: u64) -> String {
    decimal(language, value as f64, 0)
}

/// A share of 0 to 1 as a percentage with so many digits behind the point.
#[must_use]
pub fn percent(language: Language, share: f64, digits: usize) -> String {
    let number = decimal(language, 100.0 * share, digits);
    match language {
        Language::En => format!("{number}%"),
        Language::Ru | Language::Be => format!("{number}{NBSP}%"),
    }
}

/// A text as a part of an address: whatever could mean something there is escaped; a slash is not.
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut part = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            part.push(char::from(byte));
        } else {
            // Writing into a String cannot fail.
            let _ = write!(part, "%{byte:02X}");
        }
    }
    part
}

/// An instant for people and for machines; a template shows it as it is (`{{ … }}`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// RFC 3339 in UTC.
    pub instant: String,
    /// What people read.
    pub text: String,
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<time datetime=\"{}\">{}</time>", self.instant, self.text)
    }
}

/// Nothing in it comes from anybody: digits, names of months, and marks.
impl askama::filters::HtmlSafe for Shown {}

/// The local date, such as 26 Nov 2026.
#[must_use]
pub fn date(language: Language, instant: Timestamp, zone: UtcOffset) -> Shown {
    Shown { instant: instant.to_string(), text: date_text(language, instant, zone) }
}

/// The local date and time, such as 26 Nov 2026, 14:05.
#[must_use]
pub fn date_time(language: Language, instant: Timestamp, zone: UtcOffset) -> Shown {
    let text = format!("{}, {}", date_text(language, instant, zone), local(instant, zone).1);
    Shown { instant: instant.to_string(), text }
}

/// The end of a local day that is given as `2026-11-26`; `None` where it is no day.
#[must_use]
pub fn end_of_day(text: &str, zone: UtcOffset) -> Option<Timestamp> {
    let midnight = Timestamp::parse(&format!("{text}T00:00:00Z")).ok()?;
    Some(midnight.plus_days(1).plus_millis(zone.minutes() * -60_000 - 1))
}

/// An instant that is given in local time as `2026-11-26T14:05`; `None` where it is none.
#[must_use]
pub fn moment(text: &str, zone: UtcOffset) -> Option<Timestamp> {
    let seconds = if text.len() > 16 { "" } else { ":00" };
    let as_utc = Timestamp::parse(&format!("{text}{seconds}Z")).ok()?;
    Some(as_utc.plus_millis(zone.minutes() * -60_000))
}

/// An instant as [`moment`] reads it.
#[must_use]
pub fn moment_text(instant: Timestamp, zone: UtcOffset) -> String {
    let local = instant.plus_millis(zone.minutes() * 60_000).to_string();
    local.chars().take(16).collect()
}

/// The local day without its year, such as 26 Nov: for axes.
#[must_use]
pub fn short_date(language: Language, instant: Timestamp, zone: UtcOffset) -> String {
    let (date, _) = local(instant, zone);
    let mut parts = date.split('-').skip(1);
    let (month, day) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    match language {
        Language::En => {
            let index = month.parse::<usize>().unwrap_or(1);
            format!("{} {}", day.trim_start_matches('0'), months(language)[(index + 11) % 12])
        }
        Language::Ru | Language::Be => format!("{day}.{month}"),
    }
}

/// The zone by its name, such as UTC+03:00.
#[must_use]
pub fn zone(zone: UtcOffset) -> String {
    if zone == UtcOffset::default() { "UTC".to_owned() } else { format!("UTC{zone}") }
}

fn date_text(language: Language, instant: Timestamp, zone: UtcOffset) -> String {
    let (date, _) = local(instant, zone);
    let mut parts = date.split('-');
    let (year, month, day) = (parts.next(), parts.next(), parts.next());
    let month = month.and_then(|month| month.parse::<usize>().ok()).unwrap_or(1);
    let day = day.unwrap_or_default().trim_start_matches('0');
    let (month, year) = (months(language)[(month + 11) % 12], year.unwrap_or_default());
    match language {
        Language::En => format!("{day} {month} {year}"),
        Language::Ru | Language::Be => format!("{day}{NBSP}{month} {year}{NBSP}г."),
    }
}

/// Date (`2026-11-26`) and time (`14:05`) in a zone.
fn local(instant: Timestamp, zone: UtcOffset) -> (String, String) {
    let text = instant.plus_millis(zone.minutes() * 60_000).to_string();
    let date = text.chars().take(10).collect();
    let time = text.chars().skip(11).take(5).collect();
    (date, time)
}

/// The months' names as they stand in a date.
fn months(language: Language) -> [&'static str; 12] {
    match language {
        Language::En => {
            ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        }
        Language::Ru => [
            "января",
            "февраля",
            "марта",
            "апреля",
            "мая",
            "июня",
            "июля",
            "августа",
            "сентября",
            "октября",
            "ноября",
            "декабря",
        ],
        Language::Be => [
            "студзеня",
            "лютага",
            "сакавіка",
            "красавіка",
            "мая",
            "чэрвеня",
            "ліпеня",
            "жніўня",
            "верасня",
            "кастрычніка",
            "лістапада",
            "снежня",
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> String {
        text.replace(NBSP, " ")
    }

    #[test]
    fn numbers_are_grouped_and_pointed_as_each_language_does() {
        assert_eq!(decimal(Language::En, 1_234_567.25, 1), "1,234,567.2");
        assert_eq!(plain(&decimal(Language::Ru, 1_234_567.25, 2)), "1 234 567,25");
        assert_eq!(plain(&decimal(Language::Be, 1234.5, 1)), "1 234,5");
        assert_eq!(decimal(Language::En, -0.04, 1), "0.0");
        assert_eq!(decimal(Language::En, -1000.0, 0), "\u{2212}1,000");
        assert_eq!(integer(Language::En, 999), "999");
    }

    #[test]
    fn shares_are_percentages() {
        assert_eq!(percent(Language::En, 0.1234, 1), "12.3%");
        assert_eq!(plain(&percent(Language::Ru, 0.1234, 1)), "12,3 %");
        assert_eq!(plain(&percent(Language::Be, 1.0, 0)), "100 %");
    }

    #[test]
    fn an_instant_is_told_in_the_zone_and_marked_in_utc() {
        let instant = Timestamp::parse("2026-11-25T22:05:00Z").unwrap();
        let minsk = UtcOffset::parse("+03:00").unwrap();
        let shown = date_time(Language::En, instant, minsk);
        assert_eq!(
            shown.to_string(),
            "<time datetime=\"2026-11-25T22:05:00Z\">26 Nov 2026, 01:05</time>"
        );
        assert_eq!(plain(&date(Language::Ru, instant, minsk).text), "26 ноября 2026 г.");
        assert_eq!(plain(&date(Language::Be, instant, minsk).text), "26 лістапада 2026 г.");
        assert_eq!(date(Language::En, instant, UtcOffset::default()).text, "25 Nov 2026");
        let end = end_of_day("2026-11-26", minsk).unwrap();
        assert_eq!(date_time(Language::En, end, minsk).text, "26 Nov 2026, 23:59");
        assert_eq!(end.plus_millis(1).to_string(), "2026-11-26T21:00:00Z");
        for text in ["", "26.11.2026", "2026-02-30", "0000-00-00", "2026-11-26T"] {
            assert_eq!(end_of_day(text, minsk), None, "{text}");
        }
        let typed = moment_text(instant, minsk);
        assert_eq!((typed.as_str(), moment(&typed, minsk)), ("2026-11-26T01:05", Some(instant)));
        assert_eq!(moment("2026-11-26", minsk), None);
        let short = [Language::En, Language::Ru].map(|one| short_date(one, instant, minsk));
        assert_eq!(short, ["26 Nov", "26.11"]);
        assert_eq!((zone(minsk), zone(UtcOffset::default())), ("UTC+03:00".into(), "UTC".into()));
    }
}
