use super::*;
use crate::ticket::{CustomerHistory, TicketDetails};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn at(day_hours: f64) -> Timestamp {
    #[expect(clippy::cast_possible_truncation, reason = "small numbers of a test")]
    let millis = 1_456_790_400_000 + (day_hours * 86_400_000.0) as i64;
    Timestamp::from_millis(millis).unwrap()
}

fn named(text: &str) -> Name {
    Name::parse(text).unwrap()
}

/// Opened on day 100, closed on day 102.
fn ticket() -> ClosedTicket {
    ClosedTicket {
        id: named("t-1"),
        customer_id: named("u-1"),
        opened_at: at(100.0),
        closed_at: at(102.0),
        category: named("card"),
        details: TicketDetails::default(),
    }
}

fn other(opened: f64, closed: Option<f64>, category: &str) -> PastTicket {
    PastTicket { opened_at: at(opened), closed_at: closed.map(at), category: Some(named(category)) }
}

fn number(facts: &Facts<'_>, feature: &str) -> f64 {
    match facts.value(feature, &FeatureContext::default()) {
        FeatureValue::Number(number) => number,
        other => panic!("{feature} is {other:?}"),
    }
}

#[test]
fn history_counts_other_tickets_by_span_category_and_state() {
    let ticket = ticket();
    let others = [
        other(101.5, Some(101.8), "card"), // within a day, while this one was open
        other(99.0, None, "loan"),         // within a week, still open
        other(80.0, Some(103.0), "card"),  // within 30 days, closed only later
        other(20.0, Some(21.0), "card"),   // within 90 days
        other(2.0, Some(3.0), "app"),      // earlier
    ];
    let facts = Facts::gather(&ticket, &others, 14);
    let expected = [
        ("tickets_1d", 1.0),
        ("tickets_7d", 2.0),
        ("tickets_30d", 3.0),
        ("tickets_90d", 4.0),
        ("same_category_tickets_1d", 1.0),
        ("same_category_tickets_7d", 1.0),
        ("same_category_tickets_30d", 2.0),
        ("same_category_tickets_90d", 3.0),
        ("days_since_last_ticket", 0.5),
        ("days_since_last_same_category_ticket", 0.5),
        ("days_since_first_ticket", 100.0),
        ("open_tickets", 2.0),
        ("open_same_category_tickets", 1.0),
        ("tickets_opened_meanwhile", 1.0),
        ("same_category_tickets_opened_meanwhile", 1.0),
        ("distinct_categories", 3.0),
        ("duration_hours", 48.0),
    ];
    for (feature, value) in expected {
        assert!((number(&facts, feature) - value).abs() < 1e-9, "{feature}");
    }
}

#[test]
fn without_history_the_last_contact_is_missing_and_counts_are_zero() {
    let ticket = ticket();
    let facts = Facts::gather(&ticket, &[], 14);
    assert_eq!(
        facts.value("days_since_last_ticket", &FeatureContext::default()),
        FeatureValue::Missing
    );
    assert_eq!(number(&facts, "tickets_90d"), 0.0);
    assert_eq!(number(&facts, "days_since_first_ticket"), 2.0);
}

#[test]
fn an_answer_after_the_closing_was_not_known_then() {
    let mut ticket = ticket();
    ticket.details.first_response_at = Some(at(102.5));
    let missing = FeatureValue::Missing;
    assert_eq!(
        Facts::gather(&ticket, &[], 14).value("first_response_hours", &FeatureContext::default()),
        missing
    );
    ticket.details.first_response_at = Some(at(100.25));
    assert_eq!(number(&Facts::gather(&ticket, &[], 14), "first_response_hours"), 6.0);
}

#[test]
fn attributes_are_read_as_json_or_csv_writes_them() {
    let mut ticket = ticket();
    ticket.details.attributes = BTreeMap::from([
        ("location".to_owned(), AttributeValue::Number(12.0)),
        ("vip".to_owned(), AttributeValue::Flag(true)),
        ("debt".to_owned(), AttributeValue::Text(" 12.5 ".into())),
    ]);
    let facts = Facts::gather(&ticket, &[], 14);
    assert_eq!(facts.attribute_category("location").as_deref(), Some("12"));
    assert_eq!(facts.attribute_category("vip").as_deref(), Some("true"));
    assert_eq!(facts.attribute_number("debt"), Some(12.5));
    assert_eq!(facts.attribute_number("unknown"), None);
}

/// All built-in features of a ticket.
fn all(ticket: &ClosedTicket, history: &CustomerHistory) -> Vec<FeatureValue> {
    let facts = Facts::gather(ticket, &history.tickets, 14);
    built_in().map(|(name, _)| facts.value(name, &FeatureContext::default())).collect()
}

fn any_other() -> impl Strategy<Value = PastTicket> {
    let category = prop::option::of(prop::sample::select(vec!["card", "loan", "app"]));
    (0.0..200.0f64, prop::option::of(0.0..80.0f64), category).prop_map(
        |(opened, open_days, category)| PastTicket {
            opened_at: at(opened),
            closed_at: open_days.map(|days| at(opened + days)),
            category: category.map(named),
        },
    )
}

proptest! {
    /// The leakage law: nothing that happened at or after the closing moves a feature.
    #[test]
    fn the_future_never_changes_a_feature(
        past in prop::collection::vec(any_other(), 0..12),
        added in prop::collection::vec(any_other(), 0..6),
        delays in prop::collection::vec(prop::option::of(0.001..500.0f64), 12),
    ) {
        let ticket = ticket();
        let known = CustomerHistory { tickets: past.clone() };
        let mut told = past;
        for (other, delay) in told.iter_mut().zip(delays) {
            // What was open at the closing may end at any later time or never.
            if other.closed_at.is_none_or(|closed_at| closed_at > ticket.closed_at) {
                other.closed_at = delay.map(|days| at(102.0 + days));
            }
        }
        told.retain(|other| other.opened_at < ticket.closed_at);
        told.extend(added.into_iter().filter(|other| other.opened_at >= ticket.closed_at));
        prop_assert_eq!(all(&ticket, &known), all(&ticket, &CustomerHistory { tickets: told }));
    }

    #[test]
    fn every_number_is_finite_and_not_negative_whatever_the_ticket(
        opened in 0i64..253_402_300_799_999,
        closed in 0i64..253_402_300_799_999,
        others in prop::collection::vec(any_other(), 0..6),
    ) {
        let mut ticket = ticket();
        ticket.opened_at = Timestamp::from_millis(opened).unwrap();
        ticket.closed_at = Timestamp::from_millis(closed).unwrap();
        for value in all(&ticket, &CustomerHistory { tickets: others }) {
            if let FeatureValue::Number(number) = value {
                prop_assert!(number.is_finite() && number >= 0.0, "{number}");
            }
        }
    }
}

#[test]
fn a_category_is_the_same_from_a_table_and_from_a_request() {
    for (table, request) in [
        ("12.0", "12"),
        ("-3.00", "-3"),
        ("True", "true"),
        ("FALSE", "false"),
        ("1.20", "1.20"),
        (".0", ".0"),
        ("v1.0", "v1.0"),
        ("007", "007"),
    ] {
        assert_eq!(super::as_json_writes_it(table), request);
    }
}

#[test]
fn a_customers_own_return_rate_counts_only_tickets_whose_window_had_ended() {
    let ticket = ticket();
    let others = [
        other(10.0, Some(11.0), "card"),  // returned on day 20
        other(20.0, Some(21.0), "card"),  // did not
        other(50.0, Some(60.0), "loan"),  // did not
        other(86.0, Some(87.0), "card"),  // returned with this very ticket
        other(99.0, Some(101.0), "card"), // its window has not ended
        other(30.0, None, "card"),        // never closed
    ];
    let context = FeatureContext { base_rate: 0.2, ..FeatureContext::default() };
    let facts = Facts::gather(&ticket, &others, 14);
    let rate = |feature: &str| match facts.value(feature, &context) {
        FeatureValue::Number(number) => number,
        other => panic!("{other:?}"),
    };
    // Day 30 is within 14 days of day 21, so three of four came back; five tickets of the average customer stand behind.
    assert!((rate("customer_return_rate") - (3.0 + 1.0) / 9.0).abs() < 1e-12);
    assert!((rate("customer_same_category_return_rate") - (3.0 + 1.0) / 8.0).abs() < 1e-12);
    let nobody = Facts::gather(&ticket, &[], 14);
    assert_eq!(nobody.value("customer_return_rate", &context), FeatureValue::Number(0.2));
}

#[test]
fn time_to_closing_is_told_against_what_is_usual_for_the_category() {
    let ticket = ticket();
    let mut context = FeatureContext { median_hours: 11.9, ..FeatureContext::default() };
    let facts = Facts::gather(&ticket, &[], 14);
    let ratio = |context: &FeatureContext| facts.value("duration_to_category_median", context);
    assert_eq!(ratio(&context), FeatureValue::Number(48.1 / 12.0));
    context.category_median_hours.insert("card".into(), 47.9);
    assert_eq!(ratio(&context), FeatureValue::Number(48.1 / 48.0));
}

#[test]
fn weekday_and_hour_are_told_in_the_configured_offset() {
    let mut ticket = ticket();
    ticket.opened_at = Timestamp::parse("2026-11-22T22:30:00Z").unwrap();
    ticket.closed_at = Timestamp::parse("2026-11-23T08:00:00Z").unwrap();
    let facts = Facts::gather(&ticket, &[], 14);
    let told = |offset: i32| {
        let context = FeatureContext { utc_offset_minutes: offset, ..FeatureContext::default() };
        ["opened_weekday", "opened_hour", "closed_weekday", "closed_hour"].map(|name| {
            match facts.value(name, &context) {
                FeatureValue::Text(text) => text,
                other => panic!("{other:?}"),
            }
        })
    };
    assert_eq!(told(0), ["7", "22", "1", "08"], "a Sunday night to Monday morning");
    assert_eq!(told(180), ["1", "01", "1", "11"]);
    assert_eq!(told(-600), ["7", "12", "7", "22"]);
}

#[test]
fn lengths_per_message_need_messages() {
    let mut ticket = ticket();
    ticket.details.chars_in = Some(300);
    let value = |ticket: &ClosedTicket| {
        Facts::gather(ticket, &[], 14).value("chars_per_message_in", &FeatureContext::default())
    };
    assert_eq!(value(&ticket), FeatureValue::Missing);
    ticket.details.messages_in = Some(0);
    assert_eq!(value(&ticket), FeatureValue::Missing);
    ticket.details.messages_in = Some(3);
    assert_eq!(value(&ticket), FeatureValue::Number(100.0));
}

#[test]
fn a_ticket_that_is_just_closed_was_not_followed_up_unless_it_says_so() {
    let mut ticket = ticket();
    let category = |ticket: &ClosedTicket| {
        Facts::gather(ticket, [], 14).attribute_category(TREATED).map(Cow::into_owned)
    };
    assert_eq!(category(&ticket).as_deref(), Some("false"));
    ticket.details.attributes.insert(TREATED.into(), AttributeValue::Flag(true));
    assert_eq!(category(&ticket).as_deref(), Some("true"));
}

#[test]
fn kind_and_urgency_are_fields_and_were_attributes_before() {
    let value = |ticket: &ClosedTicket, feature: &str| {
        Facts::gather(ticket, [], 14).value(feature, &FeatureContext::default())
    };
    let text = |text: &str| FeatureValue::Text(text.into());
    let mut ticket = ticket();
    assert_eq!(value(&ticket, "kind"), FeatureValue::Missing);
    // A helpdesk that still sends the attribute is understood by new models, one that sends the field by old ones.
    ticket.details.attributes.insert("urgency".into(), AttributeValue::Text("high".into()));
    assert_eq!(value(&ticket, "urgency"), text("high"));
    ticket.details.urgency = Some(named("low"));
    ticket.details.kind = Some(named("complaint"));
    assert_eq!(value(&ticket, "urgency"), text("low"));
    let facts = Facts::gather(&ticket, [], 14);
    assert_eq!(facts.attribute_category("kind").as_deref(), Some("complaint"));
}
