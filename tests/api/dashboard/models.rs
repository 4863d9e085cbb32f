//! The models as a page.

use super::*;
use crate::trained;
use recontact::registry::ModelKind;
use serde_json::Value;

on_both_databases!(
    the_page_tells_the_versions_and_figures_that_the_api_lists,
    tables_of_models_are_files_and_are_written_down,
    an_admin_makes_another_model_live_for_a_reason_and_goes_back,
    clicks_at_once_are_one_change_in_the_audit,
    of_two_admins_the_second_is_told_and_changes_nothing,
    a_damaged_model_never_becomes_live,
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

fn live_category(app: &TestApp) -> String {
    app.registry().live().unwrap()[&ModelKind::Category].version.clone()
}

/// How often the audit says that another model was made live.
fn changes_told(app: &TestApp) -> usize {
    audit(app).iter().filter(|(_, action, _)| *action == AuditAction::ModelChanged).count()
}

fn an_admin_makes_another_model_live_for_a_reason_and_goes_back(app: &TestApp) {
    trained::write_category_model(&app.models_folder(), "cards-2");
    let mut ann = Browser::signed_in(app, "ann");
    assert_says(&ann.get("/models"), 200, "href=\"/models/category\"");
    assert!(!Browser::signed_in(app, "max").get("/models").text().contains("/models/category"));
    let address = "/models/category";
    let fields = |version, live, reason| [("version", version), ("live", live), ("reason", reason)];
    let unsaid = ann.fill_in(address, address, &fields("cards-2", "cards-1", " "));
    assert_says(&unsaid, 422, "Expected one line of 1 to 1,000 characters.");
    assert_eq!(live_category(app), "cards-1");
    let better = fields("cards-2", "cards-1", "fewer wrong <cards>");
    let done = ann.fill_in(address, address, &better);
    assert_eq!((done.status, done.header("location")), (303, "/models/category?done=model"));
    assert_eq!(audit(app)[0].1, AuditAction::ModelChanged);
    assert_eq!(audit(app)[0].2.as_deref(), Some("category/cards-2"));
    app.app.reload();
    assert_says(&ann.get("/models"), 200, "fewer wrong &#60;cards&#62;");
    // Sent again, by a double click: it is live already.
    assert_eq!(ann.fill_in(address, address, &better).status, 303);
    assert_eq!(app.registry().live().unwrap()[&ModelKind::Category].history.len(), 1);
    assert_eq!(changes_told(app), 1);
    assert_says(&ann.get(address), 200, "cards-1 (live before)");
    let back = fields("cards-1", "cards-2", "the old one was better");
    for _ in 0..2 {
        assert_eq!(ann.fill_in(address, address, &back).status, 303);
        assert_eq!(live_category(app), "cards-1");
        assert_eq!(changes_told(app), 2);
    }
    assert_says(&ann.get("/models"), 200, "rolled back");
    assert_eq!(ann.get("/models/none").status, 404);
}

fn clicks_at_once_are_one_change_in_the_audit(app: &TestApp) {
    trained::write_category_model(&app.models_folder(), "cards-2");
    let mut ann = Browser::signed_in(app, "ann");
    let address = "/models/category";
    let csrf = token(ann.get(address).text());
    let fields =
        [("csrf", &*csrf), ("version", "cards-2"), ("live", "cards-1"), ("reason", "better")];
    let cookies = ann.cookies.clone();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            let mut tab = Browser::new(app);
            tab.cookies = cookies.clone();
            scope.spawn(move || assert_eq!(tab.post(address, &fields).status, 303));
        }
    });
    assert_eq!(changes_told(app), 1);
    assert_eq!(app.registry().live().unwrap()[&ModelKind::Category].history.len(), 1);
}

fn of_two_admins_the_second_is_told_and_changes_nothing(app: &TestApp) {
    trained::write_category_model(&app.models_folder(), "cards-2");
    trained::write_category_model(&app.models_folder(), "cards-3");
    let mut ann = Browser::signed_in(app, "ann");
    let address = "/models/category";
    let change = |version| [("version", version), ("live", "cards-1"), ("reason", "my own reason")];
    assert_eq!(ann.fill_in(address, address, &change("cards-2")).status, 303);
    let second = ann.fill_in(address, address, &change("cards-3"));
    assert_says(&second, 409, "Meanwhile another version became live: cards-2.");
    assert_says(&second, 409, "value=\"my own reason\"");
    assert_eq!(live_category(app), "cards-2");
}

fn a_damaged_model_never_becomes_live(app: &TestApp) {
    trained::write_category_model(&app.models_folder(), "cards-2");
    let weights = app.models_folder().join("category/cards-2/weights.safetensors");
    std::fs::write(&weights, "torn").unwrap();
    let mut ann = Browser::signed_in(app, "ann");
    let fields = [("version", "cards-2"), ("live", "cards-1"), ("reason", "why not")];
    let refused = ann.fill_in("/models/category", "/models/category", &fields);
    assert_says(&refused, 409, "Nothing was changed:");
    assert_says(&refused, 409, "weights.safetensors");
    assert_eq!(live_category(app), "cards-1");
}
