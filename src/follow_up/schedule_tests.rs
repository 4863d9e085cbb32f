use super::policy::tests::default_policy;
use super::*;
use crate::timestamp::Timestamp;
use proptest::prelude::*;

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn timing(closed_at: &str, gap_hours: Option<f64>) -> Timing<'static> {
    Timing {
        closed_at: at(closed_at),
        window_days: 14,
        gap: gap_hours.and_then(GapQuartile::from_hours),
        send_after_hours: Some(2.0),
        team: "cards",
    }
}

/// Quiet from 20:00 to 09:00 UTC, due within 24 hours, 48 hours of grace.
fn policy() -> FollowUpPolicy {
    FollowUpPolicy {
        quiet_from: TimeOfDay::parse("20:00").unwrap(),
        quiet_until: TimeOfDay::parse("09:00").unwrap(),
        utc_offset: UtcOffset::parse("+00:00").unwrap(),
        due_hours: 24.0,
        grace_hours: 48.0,
        ..default_policy()
    }
}

fn plan(closed_at: &str, gap_hours: Option<f64>) -> Schedule {
    Schedule::plan(&timing(closed_at, gap_hours), &policy()).unwrap()
}

#[test]
fn it_is_due_within_a_day_where_customers_come_back_within_two() {
    for gap_hours in [Some(30.0), Some(48.0), None] {
        let schedule = plan("2026-01-05T12:00:00Z", gap_hours);
        assert_eq!(schedule.available_at, at("2026-01-05T14:00:00Z"));
        assert_eq!(schedule.due_at, at("2026-01-06T12:00:00Z"), "{gap_hours:?}");
        assert_eq!(schedule.expires_at, at("2026-01-08T12:00:00Z"));
        assert!(!schedule.is_after_gap);
    }
}

#[test]
fn it_is_due_before_a_quarter_of_those_who_come_back_have_come() {
    assert_eq!(plan("2026-01-05T12:00:00Z", Some(6.0)).due_at, at("2026-01-05T18:00:00Z"));
    // Five days leave five days.
    assert_eq!(plan("2026-01-05T12:00:00Z", Some(120.0)).due_at, at("2026-01-10T12:00:00Z"));
}

#[test]
fn a_due_time_at_night_is_moved_to_the_evening_before() {
    let schedule = plan("2026-01-05T12:00:00Z", Some(14.0));
    assert_eq!(schedule.due_at, at("2026-01-05T20:00:00Z"));
    assert!(!schedule.is_after_gap);
}

#[test]
fn where_the_night_leaves_no_time_it_is_due_in_the_morning_and_says_so() {
    let schedule = plan("2026-01-05T21:00:00Z", Some(6.0));
    assert_eq!(schedule.available_at, at("2026-01-06T09:00:00Z"));
    assert_eq!(schedule.due_at, at("2026-01-06T10:00:00Z"));
    assert!(schedule.is_after_gap);
}

#[test]
fn a_plan_that_asks_to_wait_for_too_long_waits_half_of_the_time() {
    let late =
        Timing { send_after_hours: Some(100.0), ..timing("2026-01-05T10:00:00Z", Some(6.0)) };
    let schedule = Schedule::plan(&late, &policy()).unwrap();
    assert_eq!(schedule.available_at, at("2026-01-05T13:00:00Z"));
    assert_eq!(schedule.due_at, at("2026-01-05T16:00:00Z"));
}

#[test]
fn it_expires_before_the_window_ends() {
    let short = Timing { window_days: 1, ..timing("2026-01-05T10:00:00Z", Some(20.0)) };
    let schedule = Schedule::plan(&short, &policy()).unwrap();
    assert_eq!(schedule.expires_at, at("2026-01-06T09:00:00Z"));
    assert_eq!(schedule.due_at, at("2026-01-05T20:00:00Z"));
}

#[test]
fn a_gap_longer_than_the_window_leaves_nothing_to_plan() {
    assert_eq!(Schedule::plan(&timing("2026-01-05T10:00:00Z", Some(500.0)), &policy()), None);
    assert_eq!(GapQuartile::from_hours(-1.0), None);
    assert_eq!(GapQuartile::from_hours(f64::NAN), None);
}

fn time_of_day(minutes: u16) -> TimeOfDay {
    TimeOfDay::parse(&format!("{:02}:{:02}", minutes / 60, minutes % 60)).unwrap()
}

proptest! {
    #[test]
    fn a_schedule_keeps_its_order_leaves_quiet_hours_and_ends_within_the_window(
        closed_ms in 1_700_000_000_000i64..1_800_000_000_000,
        gap_hours in proptest::option::of(0.0..400.0f64),
        send_after_hours in proptest::option::of(0.0..100.0f64),
        window_days in prop::sample::select(vec![1u32, 3, 7, 14, 30]),
        from in 0u16..1440,
        quiet_minutes in 0u16..=1320,
        grace_hours in 0.0..200.0f64,
        offset in prop::sample::select(vec!["-11:00", "+00:00", "+05:45"]),
    ) {
        let policy = FollowUpPolicy {
            quiet_from: time_of_day(from),
            quiet_until: time_of_day((from + quiet_minutes) % 1440),
            utc_offset: UtcOffset::parse(offset).unwrap(),
            grace_hours,
            ..default_policy()
        };
        policy.validate().unwrap();
        let gap = gap_hours.and_then(GapQuartile::from_hours);
        let closed_at = Timestamp::from_millis(closed_ms).unwrap();
        let timing = Timing { closed_at, window_days, gap, send_after_hours, team: "" };
        let quiet = policy.quiet_hours("");
        if let Some(schedule) = Schedule::plan(&timing, &policy) {
            prop_assert!(closed_at <= schedule.available_at);
            prop_assert!(schedule.available_at < schedule.due_at);
            prop_assert!(schedule.due_at <= schedule.expires_at);
            prop_assert!(schedule.expires_at < closed_at.plus_days(i64::from(window_days)));
            prop_assert!(!quiet.contains(schedule.available_at));
            prop_assert!(!quiet.contains(schedule.due_at.plus_millis(-1)));
            // Past the percentile only where nothing of the time before it was left, and then it is said.
            #[expect(clippy::cast_possible_truncation, reason = "hours of a test")]
            let gap_end = gap.map(|gap| closed_at.plus_millis((gap.hours() * 3_600_000.0) as i64));
            if let Some(gap_end) = gap_end {
                prop_assert_eq!(schedule.is_after_gap, schedule.due_at > gap_end);
            }
        } else {
            // Only short windows or long gaps leave nothing.
            let needed_hours = 36.0 + 24.0 + gap_hours.unwrap_or(24.0).max(24.0);
            prop_assert!(f64::from(window_days) * 24.0 < needed_hours);
        }
    }
}
