use crate::helpers::{TestApp, spawn_app_with};

const GUARDED: [(&str, &str); 13] = [
    ("POST", "/v1/classify"),
    ("POST", "/v1/embed"),
    ("POST", "/v1/predict"),
    ("POST", "/v1/contacts"),
    ("PUT", "/v1/tickets/t-1"),
    ("GET", "/v1/tickets/t-1"),
    ("POST", "/v1/tickets/t-1/close"),
    ("GET", "/v1/tickets"),
    ("GET", "/v1/models"),
    ("GET", "/metrics"),
    ("GET", "/openapi.json"),
    ("GET", "/docs/"),
    ("GET", "/nowhere"),
];

/// A service whose token, `open sesame`, stands in a file.
fn guarded_app() -> (TestApp, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, "open sesame\n").unwrap();
    (spawn_app_with(|settings| settings.token_file = Some(file)), folder)
}

fn status(app: &TestApp, method: &str, path: &str, authorization: &str) -> u16 {
    let request = app.request(method, path).header("Authorization", authorization);
    match method {
        "GET" => app.send(request, ()).status,
        _ => app.send(request, "{}").status,
    }
}

#[test]
fn without_the_token_everything_but_health_is_refused() {
    let (app, _folder) = guarded_app();
    for (method, path) in GUARDED {
        let answer = match method {
            "GET" => app.get(path),
            _ => app.send(app.request(method, path), "{}"),
        };
        answer.expect_problem(401, "unauthorized");
        assert_eq!(answer.header("www-authenticate"), "Bearer");
    }
    app.get("/health/live").expect(200);
    app.get("/health/ready").expect(200);
    insta::assert_json_snapshot!(app.get("/v1/models").expect_problem(401, "unauthorized"), @r##"
    {
      "code": "unauthorized",
      "detail": "send the header Authorization: Bearer TOKEN",
      "status": 401,
      "title": "A valid bearer token is needed.",
      "type": "urn:recontact:problem:unauthorized"
    }
    "##);
}

#[test]
fn a_wrong_token_is_refused_and_the_right_one_is_taken() {
    let (app, _folder) = guarded_app();
    for (method, path) in GUARDED {
        for wrong in [
            "Bearer wrong",
            "Bearer",
            "Bearer ",
            "open sesame",
            "Basic open sesame",
            "Bearer open sesame!",
            "Bearer open",
        ] {
            assert_eq!(status(&app, method, path, wrong), 401, "{method} {path} {wrong}");
        }
        for right in ["Bearer open sesame", "bearer open sesame"] {
            assert_ne!(status(&app, method, path, right), 401, "{method} {path}");
        }
    }
}

#[test]
fn the_token_may_come_from_the_configuration_itself() {
    let app = spawn_app_with(|settings| {
        settings.token = serde_json::from_str("\"open sesame\"").ok();
    });
    assert_eq!(status(&app, "GET", "/v1/models", "Bearer open sesame"), 200);
    app.get("/v1/models").expect_problem(401, "unauthorized");
}

#[test]
fn a_path_that_only_looks_like_health_is_guarded() {
    let (app, _folder) = guarded_app();
    for path in ["/health", "/healthy", "//health/live", "/v1/../health/live", "/HEALTH/live"] {
        app.get(path).expect_problem(401, "unauthorized");
    }
    for path in ["/health/../v1/models", "/health/%2e%2e/v1/models", "/health//../metrics"] {
        assert!([401, 404].contains(&app.get(path).status), "{path}");
    }
}

#[test]
fn the_token_is_not_told_in_any_answer() {
    let (app, _folder) = guarded_app();
    let request = app.request("GET", "/v1/models").header("Authorization", "Bearer my wrong guess");
    let answer = app.send(request, ());
    assert!(
        !answer.text().contains("sesame") && !answer.text().contains("guess"),
        "{}",
        answer.text()
    );
}
