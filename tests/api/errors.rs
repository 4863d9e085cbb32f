//! Every refusal is `application/problem+json` with a stable code, whatever is wrong with the request.

use crate::helpers::{spawn_app, spawn_app_with};
use serde_json::json;

const JSON_ADDRESSES: [(&str, &str); 6] = [
    ("POST", "/v1/classify"),
    ("POST", "/v1/embed"),
    ("POST", "/v1/predict"),
    ("POST", "/v1/contacts"),
    ("PUT", "/v1/tickets/t-1"),
    ("POST", "/v1/tickets/t-1/close"),
];

#[test]
fn what_is_no_json_is_told_with_its_place() {
    let app = spawn_app();
    for (method, path) in JSON_ADDRESSES {
        for body in [&b""[..], b"{", b"hello", b"{\"text\":\"\xff\"}", b"\xef\xbb\xbf{}"] {
            let answer = app.send(app.request(method, path), body);
            answer.expect_problem(400, "malformed_json");
        }
    }
    let problem =
        app.post_bytes("/v1/classify", "{\"text\": \"a\",}").expect_problem(400, "malformed_json");
    insta::assert_json_snapshot!(problem, @r##"
    {
      "code": "malformed_json",
      "detail": "trailing comma at line 1 column 14",
      "status": 400,
      "title": "The body is not JSON.",
      "type": "urn:recontact:problem:malformed_json"
    }
    "##);
    let latin = app
        .post_bytes("/v1/classify", b"{\"text\": \"caf\xe9\"}")
        .expect_problem(400, "malformed_json");
    assert_eq!(latin["detail"], "the body is not UTF-8 from byte 13 on");
    app.post_bytes("/v1/classify", "{\"text\":\"a\"} {}").expect_problem(400, "malformed_json");
    // However deep, it ends in an answer.
    let deep = "[".repeat(100_000);
    for body in [deep.clone(), format!("{{\"text\":{deep}"), format!("{{\"inputs\":{deep}")] {
        app.post_bytes("/v1/classify", body).expect_problem(422, "invalid_input");
    }
}

#[test]
fn json_of_another_form_is_pointed_at() {
    let app = spawn_app();
    for (method, path) in JSON_ADDRESSES {
        for body in ["null", "[]", "7", "\"text\""] {
            let answer = app.send(app.request(method, path), body);
            assert_eq!(answer.expect_faults(), ["#"], "{method} {path} {body}");
        }
    }
}

#[test]
fn an_unknown_field_is_pointed_at() {
    let app = spawn_app();
    let problem = app
        .classify(&json!({"inputs": [{"text": "a"}, {"text": "b", "langauge": "en"}]}))
        .expect_problem(422, "invalid_input");
    insta::assert_json_snapshot!(problem, @r##"
    {
      "code": "invalid_input",
      "detail": "#/inputs/1/langauge: unknown field `langauge`, expected one of `id`, `text`, `channel`",
      "errors": [
        {
          "detail": "unknown field `langauge`, expected one of `id`, `text`, `channel`",
          "pointer": "#/inputs/1/langauge"
        }
      ],
      "status": 422,
      "title": "A field of the body is missing, unknown or not as expected.",
      "type": "urn:recontact:problem:invalid_input"
    }
    "##);
    for (method, path) in JSON_ADDRESSES {
        let answer = app.send(app.request(method, path), "{\"colour\":1}");
        assert_eq!(answer.expect_faults(), ["#/colour"], "{method} {path}");
    }
}

#[test]
fn a_body_that_is_not_said_to_be_json_is_refused() {
    let app = spawn_app();
    for (method, path) in JSON_ADDRESSES {
        for content_type in ["text/plain", "application/x-www-form-urlencoded", "application/jsonx"]
        {
            let request = ureq::http::Request::builder()
                .method(method)
                .uri(format!("http://{}{path}", app.address))
                .header("Content-Type", content_type);
            let problem =
                app.send(request, "{\"text\":\"a\"}").expect_problem(415, "unsupported_media_type");
            assert!(problem["detail"].as_str().unwrap().contains(content_type), "{problem}");
        }
    }
    let none = ureq::http::Request::builder()
        .method("POST")
        .uri(format!("http://{}/v1/classify", app.address));
    app.send(none, b"{}".as_slice()).expect_problem(415, "unsupported_media_type");
    for content_type in ["application/json; charset=utf-8", "Application/JSON"] {
        let request = ureq::http::Request::builder()
            .method("POST")
            .uri(format!("http://{}/v1/classify", app.address))
            .header("Content-Type", content_type);
        app.send(request, "{\"text\":\"My card has not arrived\"}").expect(200);
    }
}

#[test]
fn a_compressed_body_is_refused_as_such() {
    let app = spawn_app();
    let request = app.request("POST", "/v1/classify").header("Content-Encoding", "gzip");
    let answer = app.send(request, b"\x1f\x8b\x08\x00".as_slice());
    let problem = answer.expect_problem(415, "unsupported_media_type");
    assert!(problem["detail"].as_str().unwrap().contains("gzip"), "{problem}");
}

#[test]
fn a_body_over_the_limit_is_refused_with_the_limit() {
    let app = spawn_app_with(|settings| settings.limits.body_bytes = 1000);
    for (method, path) in JSON_ADDRESSES {
        let answer = app.send(app.request(method, path), "x".repeat(1001).as_str());
        let problem = answer.expect_problem(413, "payload_too_large");
        assert!(problem["detail"].as_str().unwrap().contains("1000"), "{problem}");
    }
    app.post_bytes("/v1/classify", "x".repeat(1000)).expect_problem(400, "malformed_json");
}

#[test]
fn a_very_large_body_is_answered_and_the_service_goes_on() {
    let app = spawn_app();
    for _ in 0..3 {
        let answer = app.post_bytes("/v1/classify", vec![b' '; (16 << 20) + 1]);
        answer.expect_problem(413, "payload_too_large");
        app.classify(&json!({"text": "My card has not arrived"})).expect(200);
    }
}

#[test]
fn a_refusal_before_the_body_was_read_is_answered_too() {
    let app = spawn_app();
    let body = vec![b' '; 8 << 20];
    for _ in 0..3 {
        let request = ureq::http::Request::builder()
            .method("POST")
            .uri(format!("http://{}/v1/classify", app.address))
            .header("Content-Type", "text/plain");
        app.send(request, body.as_slice()).expect_problem(415, "unsupported_media_type");
        app.send(app.request("POST", "/v1/nowhere"), body.as_slice())
            .expect_problem(404, "not_found");
        app.send(app.request("PUT", "/v1/classify"), body.as_slice())
            .expect_problem(405, "method_not_allowed");
    }
}

#[test]
fn an_unknown_address_is_a_problem() {
    let app = spawn_app();
    for path in
        ["/v1", "/v2/classify", "/v1/classify/", "/v1/tickets/", "/health", "/docs/no-such-file.js"]
    {
        app.get(path).expect_problem(404, "not_found");
    }
    let problem = app.get("/v1/clasify").expect_problem(404, "not_found");
    insta::assert_json_snapshot!(problem, @r##"
    {
      "code": "not_found",
      "detail": "no such address: /v1/clasify",
      "status": 404,
      "title": "There is nothing at this address.",
      "type": "urn:recontact:problem:not_found"
    }
    "##);
}

#[test]
fn a_method_that_an_address_does_not_take_is_answered_with_those_it_takes() {
    let app = spawn_app();
    for (path, allowed) in [
        ("/v1/classify", "POST"),
        ("/v1/embed", "POST"),
        ("/v1/predict", "POST"),
        ("/v1/contacts", "POST"),
        ("/v1/tickets", "GET, HEAD"),
        ("/v1/tickets/t-1", "GET, HEAD, PUT"),
        ("/v1/tickets/t-1/close", "POST"),
        ("/v1/models", "GET, HEAD"),
        ("/health/live", "GET, HEAD"),
        ("/health/ready", "GET, HEAD"),
        ("/metrics", "GET, HEAD"),
        ("/openapi.json", "GET, HEAD"),
        ("/docs", "GET, HEAD"),
        ("/docs/", "GET, HEAD"),
    ] {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
            if allowed.split(", ").any(|taken| taken == method) {
                continue;
            }
            let answer = app.send(app.request(method, path), ());
            answer.expect_problem(405, "method_not_allowed");
            assert_eq!(answer.header("allow"), allowed, "{method} {path}");
        }
    }
    let problem = app.get("/v1/classify").expect_problem(405, "method_not_allowed");
    insta::assert_json_snapshot!(problem, @r##"
    {
      "code": "method_not_allowed",
      "detail": "GET is not taken here, only POST",
      "status": 405,
      "title": "The address does not take this method.",
      "type": "urn:recontact:problem:method_not_allowed"
    }
    "##);
}

#[test]
fn what_is_sent_back_holds_nothing_of_the_inside() {
    let app = spawn_app();
    for answer in
        [app.get("/v1/tickets/no-such"), app.get("/nowhere"), app.post_bytes("/v1/predict", "{}")]
    {
        for word in ["sqlx", "serde", "src/", "panicked"] {
            assert!(!answer.text().contains(word), "{}", answer.text());
        }
    }
}

/// A body that each address takes.
fn accepted_bodies() -> [(&'static str, &'static str, String); 6] {
    let ticket = json!({
        "id": "t-1", "customer_id": "u-9", "opened_at": "2026-01-05T09:00:00Z", "closed_at": "2026-01-06T10:30:00Z",
        "category": "Category 26", "csat": 4.5, "reassignments": 1, "sla_met": true,
        "attributes": {"location": "12"}, "texts": {"first": "a"}, "history": {"tickets": []}
    });
    [
        ("POST", "/v1/classify", json!({"inputs": [{"id": "c-1", "text": "card"}], "top_k": 3})),
        ("POST", "/v1/embed", json!({"inputs": ["card"]})),
        ("POST", "/v1/predict", json!({"tickets": [ticket]})),
        (
            "POST",
            "/v1/contacts",
            json!({"id": "c-1", "customer_id": "u-9", "occurred_at": "2026-01-05T09:00:00Z", "text": "card"}),
        ),
        (
            "PUT",
            "/v1/tickets/t-1",
            json!({"customer_id": "u-9", "opened_at": "2026-01-05T09:00:00Z", "category": "a", "reopens": 0}),
        ),
        ("POST", "/v1/tickets/t-1/close", json!({"closed_at": "2026-01-06T10:30:00Z", "csat": 1.0})),
    ]
    .map(|(method, path, body)| (method, path, body.to_string()))
}

#[test]
fn a_body_damaged_anywhere_is_answered_by_a_result_or_a_problem() {
    let app = spawn_app();
    let damages =
        [&b"\""[..], b"{", b"]", b",", b":", b"\0", b"\xc3", b"9", b"-", b"null", b"", b"1e400"];
    for (method, path, body) in accepted_bodies() {
        for (at, damage) in (0..body.len()).zip(damages.iter().cycle()) {
            let truncated = &body.as_bytes()[..at];
            let changed = [truncated, damage, &body.as_bytes()[at + 1..]].concat();
            for sent in [truncated, changed.as_slice()] {
                let answer = app.send(app.request(method, path), sent);
                if answer.status < 300 {
                    continue;
                }
                let problem = answer.expect(answer.status);
                let code = problem["code"].as_str().unwrap_or_default();
                assert!(answer.status < 500, "{}: {problem}", String::from_utf8_lossy(sent));
                answer.expect_problem(answer.status, code);
            }
        }
    }
}

#[test]
fn a_list_in_the_place_of_an_object_is_refused() {
    let app = spawn_app();
    for body in ["[null,\"My card has not arrived\",1]", "  [[]]"] {
        let answer = app.post_bytes("/v1/classify", body);
        assert_eq!(answer.expect_faults(), ["#"]);
    }
}
