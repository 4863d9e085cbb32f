//! Instants as data files write them.

use recontact::timestamp::Timestamp;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{Date, PrimitiveDateTime};

/// Reads an RFC 3339 instant with any offset, or `YYYY-MM-DD HH:MM[:SS[.fff]]` (a `T` in the middle is the same),
/// which is taken as UTC.
///
/// # Errors
/// What was expected and what was found.
pub fn parse_instant(text: &str) -> Result<Timestamp, String> {
    if let Ok(instant) = Timestamp::parse(text) {
        return Ok(instant);
    }
    let minutes = format_description!("[hour]:[minute]");
    let seconds = format_description!("[hour]:[minute]:[second]");
    let fraction = format_description!("[hour]:[minute]:[second].[subsecond]");
    let day = format_description!("[year]-[month]-[day]");
    split(text)
        .and_then(|(date, clock)| {
            let date = Date::parse(date, day).ok()?;
            let forms: [&[BorrowedFormatItem<'_>]; 3] = [minutes, seconds, fraction];
            let clock = forms.into_iter().find_map(|form| time::Time::parse(clock, form).ok())?;
            utc(PrimitiveDateTime::new(date, clock))
        })
        .ok_or_else(|| {
            format!(
                "expected an RFC 3339 instant or YYYY-MM-DD HH:MM[:SS] from 1970 on, got {text:?}"
            )
        })
}

/// Reads `D/M/YYYY HH:MM`, day first, as UTC: the form of the incident log.
///
/// # Errors
/// What was expected and what was found.
pub fn parse_day_first(text: &str) -> Result<Timestamp, String> {
    let form = format_description!(
        "[day padding:none]/[month padding:none]/[year] [hour padding:none]:[minute]"
    );
    PrimitiveDateTime::parse(text, form)
        .ok()
        .and_then(utc)
        .ok_or_else(|| format!("expected D/M/YYYY HH:MM from 1970 on, got {text:?}"))
}

fn split(text: &str) -> Option<(&str, &str)> {
    text.split_once([' ', 'T'])
}

fn utc(local: PrimitiveDateTime) -> Option<Timestamp> {
    let millis = local.assume_utc().unix_timestamp_nanos() / 1_000_000;
    Timestamp::from_millis(i64::try_from(millis).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_forms_of_one_instant_are_the_same() {
        let texts = [
            "2016-05-26T02:50:00Z",
            "2016-05-26T05:50:00+03:00",
            "2016-05-26 02:50",
            "2016-05-26 02:50:00",
            "2016-05-26T02:50:00.000",
        ];
        for text in texts {
            assert_eq!(parse_instant(text).unwrap().to_string(), "2016-05-26T02:50:00Z", "{text}");
        }
        assert_eq!(parse_day_first("26/5/2016 02:50").unwrap().to_string(), "2016-05-26T02:50:00Z");
    }

    #[test]
    fn dates_that_do_not_exist_are_refused_with_the_text() {
        for text in ["31/31/2016", "2016-02-30 10:00", "2016-05-26", "1969-12-31 23:59", "now"] {
            let fault = parse_instant(text).unwrap_err();
            assert!(fault.ends_with(&format!("got {text:?}")), "{fault}");
        }
        assert!(parse_day_first("30/2/2016 10:00").is_err());
    }
}
