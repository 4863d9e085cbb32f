use crate::helpers::{spawn_app, spawn_app_with};
use recontact::cleaning::clean;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const OWN: &str = "My card has not arrived";
const MAIL: &str = "My card has not arrived\n\n\
    On Mon, 5 Jan 2026 at 10:00, Support <support@example.org> wrote:\n> Has your top up failed?\n\n\
    Best regards,\nIvan";

/// A result without what depends on showing.
fn without_cut(mut result: Value) -> Value {
    result.as_object_mut().unwrap().remove("cut");
    result
}

#[test]
fn a_mail_is_classified_as_its_own_words_alone_would_be() {
    let app = spawn_app();
    let own = app.classify(&json!({"text": OWN})).expect(200);
    let mail = app.classify(&json!({"text": MAIL})).expect(200);
    assert_eq!(mail, own, "quotes and signatures change nothing");
    let html = "<p>My card has not arrived</p><blockquote type='cite'>Has your top up failed?</blockquote>";
    assert_eq!(app.classify(&json!({"text": html})).expect(200), own);
    assert!(own["results"][0].get("cut").is_none(), "not asked for, not shown");
}

#[test]
fn what_was_cut_is_shown_to_whoever_asks() {
    let app = spawn_app();
    let body = app.classify(&json!({"inputs": [{"text": MAIL}, {"text": OWN}], "show_cut": true}));
    let body = body.expect(200);
    let quote_at = MAIL.find("On Mon").unwrap();
    let signature_at = MAIL.find("Best").unwrap();
    let quote = &MAIL[quote_at..signature_at - 1];
    assert_eq!(
        body["results"][0]["cut"],
        json!([
            {"kind": "quote", "start": quote_at, "end": signature_at - 1, "text": quote},
            {"kind": "signature", "start": signature_at, "end": MAIL.len(), "text": "Best regards,\nIvan"},
        ])
    );
    assert_eq!(body["results"][1]["cut"], json!([]));
}

#[test]
fn cleaning_is_switched_off_for_a_call_or_for_all() {
    let tokens = |body: &Value| body["results"][0]["tokens_total"].as_u64().unwrap();
    let app = spawn_app();
    let cleaned = tokens(&app.classify(&json!({"text": MAIL})).expect(200));
    let whole = tokens(&app.classify(&json!({"text": MAIL, "clean": false})).expect(200));
    assert!(whole > cleaned, "{whole} {cleaned}");
    let app = spawn_app_with(|settings| settings.cleaning.enabled = false);
    assert_eq!(tokens(&app.classify(&json!({"text": MAIL})).expect(200)), whole);
    assert_eq!(tokens(&app.classify(&json!({"text": MAIL, "clean": true})).expect(200)), cleaned);
}

#[test]
fn of_nothing_but_a_quote_nothing_is_left_and_the_others_are_answered() {
    let app = spawn_app();
    let quote = "> Has your top up failed?\n> Support";
    let body = app.classify(&json!({"inputs": [{"text": quote}, {"text": OWN}, {"text": quote}]}));
    let body = body.expect(200);
    for index in [0, 2] {
        let result = &body["results"][index];
        assert_eq!(
            (&result["action"], &result["reason"]),
            (&json!("abstain"), &json!("nothing_left"))
        );
        assert_eq!((&result["category"], &result["tokens_total"]), (&Value::Null, &json!(0)));
    }
    let own = app.classify(&json!({"text": OWN})).expect(200);
    assert_eq!(body["results"][1], own["results"][0]);
}

#[test]
fn a_recorded_contact_is_cleaned_and_what_was_cut_is_not_stored() {
    let app = spawn_app();
    let contact = |id: &str, text: &str| json!({"id": id, "customer_id": "u-9", "occurred_at": "2026-01-05T09:00:00Z", "text": text, "show_cut": true});
    let first = app.record_contact(&contact("c-1", MAIL)).expect(201);
    assert_eq!(first["cut"].as_array().unwrap().len(), 2, "{first}");
    assert!(first["classification"].get("cut").is_none(), "{first}");
    let own = app.record_contact(&contact("c-2", OWN)).expect(201);
    let mut of_mail = first["classification"].clone();
    of_mail["id"] = json!("c-2");
    assert_eq!(of_mail, own["classification"]);
    let again = app.record_contact(&contact("c-1", MAIL)).expect(200);
    assert_eq!(again["cut"], first["cut"], "shown again, from the text that was sent again");
    let nothing = app.record_contact(&contact("c-3", "> Has your top up failed?")).expect(201);
    assert_eq!(nothing["classification"]["reason"], "nothing_left");
    assert_eq!(without_cut(nothing)["outcome"], "recorded");
}

#[test]
fn a_long_mail_is_cleaned_too() {
    let app = spawn_app();
    let quoted = "> Has your top up failed? Please tell us.\n".repeat(5_000);
    let body = app.classify(&json!({"text": format!("{OWN}\n{quoted}")})).expect(200);
    assert_eq!(body, app.classify(&json!({"text": OWN})).expect(200));
}

#[test]
fn texts_built_to_take_long_take_no_longer_than_others() {
    const LENGTH: usize = 1 << 20;
    let units = [
        "<",
        "<a \"",
        "<a '",
        "<div>",
        "</div>",
        "<!--",
        "<style>",
        "<blockquote>",
        "&amp;",
        "&#",
        "> \n",
        ">\n\n",
        "--\nx\n",
        "Best regards\n",
        "Sent from my iPhone\n",
        "On 5 Jan 2026 10:00,\n",
        "From: a@b\n",
        "-----\n",
        "on mon, 5 jan 2026 10:00, a@b wrote:\n> x\n",
        "\u{200B}",
        "\u{200D}",
        "this message is confidential\n",
        "\n",
        " ",
        "Support wrote:\n> x\n",
        "<p>--</p>",
        "<p hidden ",
        "1:",
        "<div class=gmail_quote>",
        "_____\n\nFrom: a\n",
    ];
    for unit in units {
        let text = unit.repeat(LENGTH / unit.len());
        let start = Instant::now();
        let cleaned = clean(&text);
        // Generous: a test machine may be busy, and a quadratic step would take hours.
        assert!(start.elapsed() < Duration::from_secs(20), "{unit:?}: {:?}", start.elapsed());
        assert!(cleaned.text.len() <= text.len());
    }
}
