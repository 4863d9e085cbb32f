use super::*;

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn due(weekday: Weekday, hour: u8, zone: &str, now: &str) -> String {
    due_week(weekday, hour, &Zone::parse(zone).unwrap(), at(now)).to_string()
}

#[test]
fn weeks_are_those_of_iso_8601() {
    // 2026 begins on a Thursday and has 53 weeks.
    for (text, monday, label) in [
        ("2026-01-01", "2025-12-29", "2026-W01"),
        ("2026-W01", "2025-12-29", "2026-W01"),
        ("2026-12-31", "2026-12-28", "2026-W53"),
        ("2026-W53", "2026-12-28", "2026-W53"),
        ("2027-01-03", "2026-12-28", "2026-W53"),
        ("2027-W01", "2027-01-04", "2027-W01"),
    ] {
        let week = Week::parse(text).unwrap();
        assert_eq!(
            (week.monday().to_string().as_str(), week.to_string().as_str()),
            (monday, label)
        );
    }
    for text in ["", "2026-W00", "2026-W54", "2025-W53", "2026-W1", "W05", "2026-13-01"] {
        assert_eq!(Week::parse(text), Err(InvalidWeek(text.to_owned())));
    }
}

#[test]
fn the_report_of_a_week_is_due_at_the_first_chosen_hour_after_it() {
    use Weekday::{Friday, Monday, Sunday};
    // 2026-11-23 is a Monday, and begins week 48. In Minsk it is 08:00 at 05:00 UTC.
    assert_eq!(due(Monday, 8, "Europe/Minsk", "2026-11-23T04:59:59Z"), "2026-W46");
    assert_eq!(due(Monday, 8, "Europe/Minsk", "2026-11-23T05:00:00Z"), "2026-W47");
    assert_eq!(due(Monday, 8, "Europe/Minsk", "2026-11-29T23:00:00Z"), "2026-W47");
    assert_eq!(due(Friday, 17, "UTC", "2026-11-27T16:59:00Z"), "2026-W46");
    assert_eq!(due(Friday, 17, "UTC", "2026-11-27T17:00:00Z"), "2026-W47");
    assert_eq!(due(Sunday, 0, "UTC", "2026-11-28T23:59:00Z"), "2026-W46");
    assert_eq!(due(Sunday, 0, "UTC", "2026-11-29T00:00:00Z"), "2026-W47");
}

#[test]
fn the_hour_is_that_of_the_clocks_on_days_when_they_are_changed() {
    // In Berlin clocks go from 02:00 to 03:00 on 2026-03-29 and from 03:00 to 02:00 on 2026-10-25, both Sundays.
    let due = |hour, now| due(Weekday::Sunday, hour, "Europe/Berlin", now);
    assert_eq!(due(8, "2026-03-29T05:59:00Z"), "2026-W11");
    assert_eq!(due(8, "2026-03-29T06:00:00Z"), "2026-W12");
    assert_eq!(due(8, "2026-10-25T06:59:00Z"), "2026-W41");
    assert_eq!(due(8, "2026-10-25T07:00:00Z"), "2026-W42");
    // An hour that there is not comes with the next one; of one that comes twice, the first counts.
    assert_eq!(due(2, "2026-03-29T01:00:00Z"), "2026-W12");
    assert_eq!(due(2, "2026-10-25T00:00:00Z"), "2026-W42");
}

#[test]
fn each_further_attempt_waits_twice_as_long_up_to_the_longest() {
    let wait =
        |attempt| wait_after(attempt, Duration::from_secs(60), Duration::from_secs(900)).as_secs();
    let waits: Vec<u64> = (1..=6).map(wait).collect();
    assert_eq!(waits, [60, 120, 240, 480, 900, 900]);
    assert_eq!(wait(u32::MAX), 900);
}

#[test]
fn addresses_hold_nothing_that_could_be_read_as_another_header() {
    assert_eq!(MailAddress::parse("boss@example.com").unwrap().as_str(), "boss@example.com");
    for text in ["", "boss", "@example.com", "boss@", "a b@c", "a@b\r\nBcc: x@y", "<a@b>", "a,b@c"]
    {
        assert!(MailAddress::parse(text).is_err(), "{text}");
    }
}

fn with(section: &str) -> Result<(), String> {
    let mut options: toml::Table = toml::from_str(
        "enabled = true\nweekday = 'monday'\nhour = 8\nlanguage = 'en'\ncheck_interval_s = 60\ntimeout_s = 30\n\
         retry_s = 300\nlongest_retry_s = 3600\nfolder = 'var'\n",
    )
    .unwrap();
    options.extend(toml::from_str::<toml::Table>(section).unwrap());
    WeeklyOptions::deserialize(options).map_err(|error| error.to_string())?.validate()
}

#[test]
fn secrets_go_to_other_machines_over_tls_only() {
    let webhook = |url: &str| with(&format!("[webhook]\nurl = '{url}'\nsecret_file = 'secret'\n"));
    for url in [
        "https://example.com/hook",
        "http://127.0.0.1:8000/",
        "http://[::1]:8000/a",
        "http://localhost/",
    ] {
        assert_eq!(webhook(url), Ok(()), "{url}");
    }
    for url in [
        "http://example.com/",
        "http://127.0.0.1.example.com/",
        "https://a@example.com/",
        "https://",
        "ftp://a",
        "",
    ] {
        assert!(webhook(url).unwrap_err().contains("webhook.url"), "{url}");
    }
    let mail = |host: &str, tls: &str, more: &str| {
        with(&format!(
            "[mail]\nhost = '{host}'\nport = 25\ntls = '{tls}'\nfrom = 'a@b.c'\nto = ['d@e.f']\n{more}"
        ))
    };
    let login = "user = 'a'\npassword_file = 'b'\n";
    assert_eq!(mail("mail.example.com", "starttls", login), Ok(()));
    assert_eq!(mail("mail.example.com", "none", ""), Ok(()));
    assert_eq!(mail("localhost", "none", login), Ok(()));
    assert!(mail("mail.example.com", "none", login).unwrap_err().contains("mail.tls"));
    assert!(mail("localhost", "tls", "user = 'a'\n").unwrap_err().contains("password_file"));
    assert!(with("hour = 3\nretry_s = 10\nlongest_retry_s = 5\n").is_err());
}
