//! The period of a page, as its address has it: the first and the last day.

use super::Frame;
use super::form::Faults;
use crate::kpi::{Day, Period};

/// Longest period, in days.
const MOST_DAYS: i32 = 3_660;

/// Reads `from` and `until`, each as `2026-01-05`. Left out, the last day is yesterday, and the period has the usual number of days.
pub(super) fn read(
    [from, until]: [&str; 2],
    usual_days: i32,
    today: Day,
    frame: &Frame,
    faults: &mut Faults,
) -> Option<Period> {
    let mut read = |field, word: &str, usual: Day| {
        if word.is_empty() {
            return Some(usual);
        }
        faults.note(field, Day::parse(word), || frame.say("kpi-fault-day"))
    };
    let until = read("until", until, today.plus(-1));
    let usual = until.unwrap_or(today).plus(1 - usual_days);
    let from = read("from", from, usual);
    let period = Period { from: from?, to: until?.plus(1) };
    if (1..=MOST_DAYS).contains(&period.days()) {
        return Some(period);
    }
    let most = MOST_DAYS.unsigned_abs();
    faults.add("until", frame.say("kpi-fault-period").with("most", most));
    None
}
