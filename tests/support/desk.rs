//! A support desk as it has worked for some months, reported through the API.

use crate::helpers::TestApp;
use recontact::timestamp::Timestamp;
use serde_json::json;

/// Categories, one of them as long as names can be, one that would do harm where it is not escaped.
pub(crate) fn categories() -> [String; 4] {
    let long = "an issue of 200 characters ".repeat(8).chars().take(200).collect();
    [
        "card_arrival".to_owned(),
        "<script>alert(1)</script>".to_owned(),
        long,
        "lost_card".to_owned(),
    ]
}

/// Reports and closes a ticket that was open for a day; `closed_days_ago` may have parts.
pub(crate) fn close(
    app: &TestApp,
    id: &str,
    customer: &str,
    category: &str,
    team: Option<&str>,
    closed_days_ago: f64,
) {
    #[expect(clippy::cast_possible_truncation, reason = "some months in milliseconds")]
    let at = |days_ago: f64| Timestamp::now().plus_millis(-(days_ago * 86_400_000.0) as i64);
    let opening = json!({"customer_id": customer, "opened_at": at(closed_days_ago + 1.0),
        "category": category, "team": team, "channel": "email"});
    app.report_ticket(id, &opening).expect(201);
    app.close_ticket(id, &json!({ "closed_at": at(closed_days_ago), "team": team })).expect(200);
}

/// Some 200 closings of the last four months. Every fourth customer comes back two days later, since last week every second one;
/// every other team is `cards`.
pub(crate) fn work(app: &TestApp) {
    let categories = categories();
    for number in 0..150_u32 {
        let closed = 120.0 - 0.8 * f64::from(number);
        let category = &categories[number as usize % 4];
        let team = (number % 2 == 0).then_some("cards");
        close(app, &format!("t-{number}"), &format!("u-{number}"), category, team, closed);
        let is_repeat = number % if closed < 21.0 { 2 } else { 4 } == 0;
        if is_repeat && closed > 4.0 {
            let id = format!("r-{number}");
            close(app, &id, &format!("u-{number}"), category, team, closed - 3.0);
        }
    }
}
