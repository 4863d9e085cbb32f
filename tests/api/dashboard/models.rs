//! The models as a page.

use super::*;
use serde_json::Value;

on_both_databases!(
    the_page_tells_the_versions_and_figures_that_the_api_lists,
    tables_of_models_are_files_and_are_written_down,
);

fn file(browser: &mut Browser<'_>, address: &str) -> Vec<Vec<String>> {
    let answer = browser.get(address);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let text = answer.text().strip_prefix('\u{feff}').unwrap();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
}

/// How many numbers stand in objects within objects.
fn numbers(value: &Value) -> usize {
    match value {
        Value::Number(_) => 1,
        Value::Object(fields) => fields.values().map(numbers).sum(),
        _ => 0,
    }
}

fn the_page_tells_the_versions_and_figures_that_the_api_lists(app: &TestApp) {
    let listed = app.list_models().expect(200);
    let models = listed["models"].as_array().unwrap();
    assert!(!models.is_empty());
    let mut eva = Browser::signed_in(app, "eva");
    let page = eva.get("/models");
    let versions = file(&mut eva, "/models?file=versions.csv");
    assert_eq!(versions.len(), models.len());
    for (row, model) in versions.iter().zip(models) {
        let version = model["version"].as_str().unwrap();
        assert_eq!(row[1], version);
        assert_says(&page, 200, version);
        let is_live = model["live"] == true && model["serving"] == true;
        assert_eq!(row[2] == "live", is_live, "{row:?} {model}");
        let last = model["history"].as_array().unwrap().last();
        let by = last.and_then(|step| step["by"].as_str()).unwrap_or_default();
        assert_eq!(row[5], by);
    }
    let figures = file(&mut eva, "/models?file=figures.csv");
    let all: usize = models.iter().map(|model| numbers(&model["metrics"])).sum();
    assert_eq!(figures.len(), all);
    for row in &figures {
        let is_this = |model: &&Value| model["version"] == row[1].as_str();
        let is_told = models.iter().filter(is_this).any(|model| {
            let value = row[2].split('.').fold(&model["metrics"], |value, field| &value[field]);
            value
                .as_f64()
                .is_some_and(|value| (value - row[3].parse::<f64>().unwrap()).abs() < 1e-12)
        });
        assert!(is_told, "{row:?}");
    }
}

fn tables_of_models_are_files_and_are_written_down(app: &TestApp) {
    let mut max = Browser::signed_in(app, "max");
    assert_eq!(max.get("/models?file=versions.xlsx").status, 200);
    assert_eq!(audit(app)[0].1, AuditAction::Exported);
    assert_eq!(max.get("/models?file=secrets.csv").status, 404);
}
