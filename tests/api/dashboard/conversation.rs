//! What was written, as those see it who work a follow-up: redacted, escaped, and with a word about what is not there.

use super::queue::{follow_up, path, queue_with};
use super::*;
use serde_json::{Value, json};

fn contact(id: &str, minutes_ago: i64, author: &str, text: &str) -> Value {
    let at = Timestamp::now().plus_millis(-minutes_ago * 60_000);
    json!({"id": id, "customer_id": "u-9", "ticket_id": "t-1", "occurred_at": at, "channel": "chat",
        "author": author, "text": text})
}

const LETTER: &str = "Hello,\nmy card 4111 1111 1111 1111 is <lost>, call +375 29 123-45-67.\n\n\
    Best regards,\nAnn Smith\n\nOn Mon, 5 Jan 2026 at 10:00, Support <support@example.org> wrote:\n> Dear Ann";

#[test]
fn the_conversation_is_shown_redacted_and_escaped_with_the_newest_last() {
    let app = queue_with(|_| {});
    let one = follow_up(&app, "t-1", "cards");
    app.record_contact(&contact("c-2", 30, "agent", "We are looking into it.")).expect(201);
    app.record_contact(&contact("c-1", 60, "customer", LETTER)).expect(201);
    for _ in 0..2 {
        // Sent again, as after a lost answer.
        app.record_contact(&contact("c-3", 20, "customer", "And now? <script>alert(1)"));
    }
    for page in [path(&one), "/tickets/t-1".to_owned()] {
        let mut tom = Browser::signed_in(&app, "tom");
        let item = tom.get(&page);
        assert_says(&item, 200, "3 messages, the newest last");
        assert_says(&item, 200, "Removed before the text was stored: card number");
        assert_says(&item, 200, "lang=\"en\">telephone number</mark>");
        assert_says(&item, 200, "is &#60;lost&#62;, call");
        assert_says(&item, 200, "And now? &#60;script&#62;alert(1)");
        let text = item.text();
        for secret in
            ["4111", "123-45-67", "Ann Smith", "support@example.org", "Dear Ann", "<script>alert"]
        {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
        let place = |words: &str| text.find(words).unwrap_or_else(|| panic!("{words}: {text}"));
        assert!(
            place("my card") < place("looking into it")
                && place("looking into it") < place("And now?")
        );
        assert_says(&item, 200, "kept for 60 days");
    }
}

#[test]
fn what_is_not_kept_is_said_in_words() {
    let app = queue_with(|settings| settings.conversations.keep_days = 0);
    let page = path(&follow_up(&app, "t-1", "cards"));
    app.record_contact(&contact("c-1", 30, "customer", "My card is lost")).expect(201);
    let mut tom = Browser::signed_in(&app, "tom");
    let item = tom.get(&page);
    assert_says(&item, 200, "Texts are not kept here: the service is set so.");
    assert_says(&item, 200, "1 message,");
    assert!(!item.text().contains("My card is lost"));
}

#[test]
fn an_erased_customers_texts_are_gone_and_the_page_says_so() {
    let app = queue_with(|_| {});
    let page = path(&follow_up(&app, "t-1", "cards"));
    app.record_contact(&contact("c-1", 30, "customer", "My card is lost")).expect(201);
    let mut max = Browser::signed_in(&app, "max");
    assert_says(&max.get("/tickets/t-1"), 200, "My card is lost");
    let identity = json!({"kind": "customer", "value": "u-9"});
    let body = json!({"identity": identity, "author": "privacy", "reason": "asked for it"});
    let report = app.delete("/v1/customers", &body).expect(200);
    assert_eq!(report["removed"]["texts"], 1, "{report}");
    for page in [page.as_str(), "/tickets/t-1"] {
        let item = max.get(page);
        assert_says(&item, 200, "The text was removed with the customer");
        assert!(!item.text().contains("My card is lost"));
    }
}

#[test]
fn a_tickets_own_texts_are_shown_where_its_contacts_have_none() {
    let app = queue_with(|_| {});
    let ago = |minutes: i64| Timestamp::now().plus_millis(-minutes * 60_000);
    let long = "The answer is long. ".repeat(100);
    let opened = json!({"customer_id": "u-9", "opened_at": ago(65), "category": "cards", "team": "cards",
        "texts": {"first": "Write to ann@example.org"}});
    app.report_ticket("t-1", &opened).expect(201);
    app.close_ticket("t-1", &json!({"closed_at": ago(5), "texts": {"answer": long}})).expect(200);
    let mut tom = Browser::signed_in(&app, "tom");
    let page = tom.get("/tickets/t-1");
    assert_says(&page, 200, "first message, as the ticket tells it");
    assert_says(&page, 200, "Write to <mark");
    assert_says(&page, 200, "<summary>The rest (1,4");
    assert!(!page.text().contains("ann@example.org"));
    app.record_contact(&contact("c-1", 60, "customer", "Write to me")).expect(201);
    let page = tom.get("/tickets/t-1");
    assert!(!page.text().contains("first message, as the ticket tells it"));
    assert_says(&page, 200, "answer, as the ticket tells it");
    // Whoever may not see personal data sees none of it.
    assert_eq!(Browser::signed_in(&app, "eva").get("/tickets/t-1").status, 403);
}
