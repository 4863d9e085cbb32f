//! What the service says about itself: the OpenAPI document, its viewer, and the project's own pages.

use crate::helpers::spawn_app;
use recontact::api::problem::ProblemCode;
use recontact::config::{CommandLineSettings, DEFAULTS, Settings};
use recontact::risk::Language;
use serde_json::Value;
use std::path::Path;

/// Method and path of everything a client may call.
const ROUTES: [(&str, &str); 49] = [
    ("post", "/v1/classify"),
    ("post", "/v1/embed"),
    ("post", "/v1/predict"),
    ("post", "/v1/contacts"),
    ("post", "/v1/feedback"),
    ("get", "/v1/feedback"),
    ("get", "/v1/feedback/summary"),
    ("post", "/v1/similar"),
    ("get", "/v1/tickets"),
    ("get", "/v1/tickets/{id}"),
    ("put", "/v1/tickets/{id}"),
    ("post", "/v1/tickets/{id}/close"),
    ("post", "/v1/tickets/{id}/reopen"),
    ("get", "/v1/tickets/{id}/outcomes"),
    ("post", "/v1/tickets/{id}/outcomes/corrections"),
    ("get", "/v1/outcomes"),
    ("get", "/v1/customers/merges"),
    ("post", "/v1/customers/merges"),
    ("post", "/v1/customers/merges/{id}/undo"),
    ("delete", "/v1/customers"),
    ("get", "/v1/next-issues"),
    ("get", "/v1/plans"),
    ("post", "/v1/plans/propose"),
    ("get", "/v1/plans/{category}"),
    ("put", "/v1/plans/{category}"),
    ("post", "/v1/plans/{category}/retire"),
    ("get", "/v1/follow-ups"),
    ("get", "/v1/follow-ups/{id}"),
    ("post", "/v1/follow-ups/{id}/claim"),
    ("post", "/v1/follow-ups/{id}/release"),
    ("post", "/v1/follow-ups/{id}/done"),
    ("post", "/v1/follow-ups/{id}/snooze"),
    ("post", "/v1/follow-ups/{id}/disagree"),
    ("post", "/v1/follow-ups/{id}/not-needed"),
    ("get", "/v1/experiments"),
    ("post", "/v1/experiments"),
    ("post", "/v1/experiments/{id}/end"),
    ("get", "/v1/opt-outs"),
    ("post", "/v1/opt-outs"),
    ("get", "/v1/opt-outs/{customer}"),
    ("delete", "/v1/opt-outs/{customer}"),
    ("get", "/v1/models"),
    ("get", "/v1/monitoring"),
    ("get", "/v1/kpis"),
    ("get", "/v1/kpis/change"),
    ("get", "/v1/experiments/{id}"),
    ("get", "/health/live"),
    ("get", "/health/ready"),
    ("get", "/metrics"),
];

#[test]
fn the_openapi_document_describes_every_route_and_no_other() {
    let app = spawn_app();
    let answer = app.get("/openapi.json");
    let document = answer.expect(200);
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1."), "{}", document["openapi"]);
    let mut described: Vec<(String, String)> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, methods)| {
            methods.as_object().unwrap().keys().map(move |method| (method.clone(), path.clone()))
        })
        .collect();
    described.sort();
    let mut expected: Vec<(String, String)> =
        ROUTES.map(|(method, path)| (method.to_owned(), path.to_owned())).to_vec();
    expected.sort();
    assert_eq!(described, expected);
    for (method, path) in ROUTES {
        let operation = &document["paths"][path][method];
        assert!(
            operation["summary"].is_string() || operation["description"].is_string(),
            "{method} {path}"
        );
        let responses = operation["responses"].as_object().unwrap();
        assert!(responses.keys().any(|status| status.starts_with('2')), "{method} {path}");
        assert_eq!(
            operation["requestBody"].is_object(),
            matches!(method, "post" | "put") || (method, path) == ("delete", "/v1/customers"),
            "{method} {path}"
        );
        for name in path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
            let parameters = operation["parameters"].as_array().unwrap();
            assert!(
                parameters.iter().any(|one| one["name"] == name && one["in"] == "path"),
                "{path}"
            );
        }
    }
}

#[test]
fn every_reference_of_the_openapi_document_leads_somewhere() {
    let document = spawn_app().get("/openapi.json").expect(200);
    let mut references = Vec::new();
    collect_references(&document, &mut references);
    assert!(references.len() > 20, "{references:?}");
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap_or_else(|| panic!("{reference}"));
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

fn collect_references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect_references(item, found)),
        Value::Object(members) => {
            found.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
            members.values().for_each(|member| collect_references(member, found));
        }
        _ => {}
    }
}

#[test]
fn the_openapi_document_knows_every_field_of_an_answer() {
    let app = spawn_app();
    let document = app.get("/openapi.json").expect(200);
    let body = app.classify(&serde_json::json!({"text": "My card has not arrived"})).expect(200);
    let schema = &document["components"]["schemas"]["ClassificationResult"]["properties"];
    for field in body["results"][0].as_object().unwrap().keys() {
        assert!(schema[field].is_object(), "{field}");
    }
}

#[test]
fn the_viewer_is_served_from_the_binary_alone() {
    let app = spawn_app();
    let redirect = app.get("/docs");
    assert_eq!((redirect.status, redirect.header("location")), (308, "/docs/"));
    let page = app.get("/docs/");
    assert_eq!(page.status, 200);
    assert!(page.header("content-type").starts_with("text/html"), "{:?}", page.headers);
    let html = page.text();
    assert!(!html.contains("http://") && !html.contains("https://"), "{html}");
    let mut files = 0;
    for part in html.split("src=\"").chain(html.split("href=\"")).skip(1) {
        let link = part.split('"').next().unwrap();
        if link.starts_with('<') || link.starts_with("data:") || link.contains('\n') {
            continue;
        }
        let path = format!("/docs/{}", link.trim_start_matches("./"));
        assert_eq!(app.get(&path).status, 200, "{path}");
        files += 1;
    }
    assert!(files >= 4, "{html}");
    let start = app.get("/docs/swagger-initializer.js");
    assert!(start.text().contains("/openapi.json"), "{}", start.text());
    assert!(!start.text().contains("https://"), "{}", start.text());
}

/// A file of the repository.
fn read(path: &str) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

#[test]
fn every_problem_code_has_its_row_in_the_api_page() {
    let page = read("docs/api.md");
    for code in ProblemCode::ALL {
        let row =
            format!("| `{}` | {} | {} |", code.as_str(), code.status().as_u16(), code.title());
        assert!(page.contains(&row), "docs/api.md lacks the row\n{row}");
    }
}

#[test]
fn every_route_is_in_the_api_page() {
    let page = read("docs/api.md");
    for (method, path) in ROUTES {
        let named = format!("{} {path}", method.to_uppercase());
        assert!(page.contains(&named), "docs/api.md does not name {named}");
    }
}

/// The names of all tables in it.
fn sections(table: &toml::Table) -> Vec<String> {
    let tables = table.iter().filter_map(|(name, value)| Some((name, value.as_table()?)));
    tables.flat_map(|(name, inner)| [vec![name.clone()], sections(inner)].concat()).collect()
}

#[test]
fn the_defaults_file_explains_every_option() {
    let explained: Vec<&str> = DEFAULTS.lines().collect();
    let mut options = 0;
    for (index, line) in explained.iter().enumerate() {
        let Some((name, _)) = line.split_once(" = ") else { continue };
        let name = name.trim_start_matches("# ");
        if !name.chars().all(|c| c.is_ascii_lowercase() || c == '_') {
            continue;
        }
        options += 1;
        // An option stands under its explanation, alone or with others of the same explanation.
        let above = explained[..index].iter().rev().find(|line| !line.contains(" = "));
        assert!(above.is_some_and(|line| line.starts_with("# ")), "{name} is not explained");
    }
    assert!(options > 20, "{options}");
    // Every option there is has a line, also those that are unset by default (as a comment).
    let sections = sections(&DEFAULTS.parse().unwrap());
    let settings = format!("{:#?}", Settings::load(&CommandLineSettings::default()).unwrap());
    for line in settings.lines() {
        let Some((name, _)) = line.trim().split_once(": ") else { continue };
        // A section, what single heads and rules are, the token, and what only the demonstration sets.
        let others = ["heads", "rules", "token", "is_demonstration"];
        if sections.iter().any(|section| section == name) || others.contains(&name) {
            continue;
        }
        let has_line = explained
            .iter()
            .any(|line| line.trim_start_matches("# ").starts_with(&format!("{name} = ")));
        // A section that is unset by default is a comment, too.
        let has_section = explained.iter().any(|line| line.ends_with(&format!(".{name}]")));
        assert!(has_line || has_section, "config.default.toml has no line for {name}");
    }
    assert!(DEFAULTS.contains("RECONTACT_TOKEN"), "the token is a variable");
}

#[test]
fn every_measure_has_its_row_in_the_page_of_key_figures() {
    let page = read("docs/kpis.md");
    let word = |value: Value| value.as_str().unwrap().to_owned();
    for measure in &recontact::kpi::MEASURES {
        let definition = measure.definition(14, Language::En);
        let needs: Vec<String> = measure.needs.iter().map(|field| format!("`{field}`")).collect();
        let or_none = |text: String| if text.is_empty() { "–".to_owned() } else { text };
        let better = word(serde_json::to_value(measure.direction).unwrap());
        let row = format!(
            "| `{}` | {} | {} | {} | {} | {} | {} |",
            measure.id,
            definition.name,
            word(serde_json::to_value(measure.unit).unwrap()),
            better.strip_suffix("_is_better").unwrap_or("–"),
            or_none(needs.join(", ")),
            or_none(definition.interval.map(|name| format!("`{name}`")).unwrap_or_default()),
            measure.origin
        );
        assert!(page.contains(&row), "docs/kpis.md lacks the row\n{row}");
        for field in measure.needs {
            assert!(page.contains(&format!("`{field}`")), "docs/kpis.md does not name {field}");
        }
    }
}
