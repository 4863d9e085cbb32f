//! The models as a page.

use super::*;
use crate::trained;
use recontact::registry::ModelKind;
use recontact::registry::artifact::sha256_hex;
use serde_json::{Value, json};

on_both_databases!(
    the_page_tells_the_versions_and_figures_that_the_api_lists,
    tables_of_models_are_files_and_are_written_down,
    an_admin_makes_another_model_live_for_a_reason_and_goes_back,
    clicks_at_once_are_one_change_in_the_audit,
    of_two_admins_the_second_is_told_and_changes_nothing,
    a_damaged_model_never_becomes_live,
    the_gate_says_what_it_decides_and_on_what_before_anybody_confirms,
    a_kind_is_told_to_everybody_and_changed_by_admins_only,
    drift_is_told_as_monitoring_has_it,
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

const PAGE: &str = "/models/category";
const CHANGE: &str = "/models/category/change";

/// The fields of a change of the live version, as an admin fills them in.
fn fields<'f>(version: &'f str, live: &'f str, reason: &'f str) -> [(&'f str, &'f str); 3] {
    [("version", version), ("live", live), ("reason", reason)]
}

/// The same with the gate overridden.
fn overriding<'f>(version: &'f str, live: &'f str, reason: &'f str) -> Vec<(&'f str, &'f str)> {
    [&fields(version, live, reason)[..], &[("override", "yes")]].concat()
}

fn an_admin_makes_another_model_live_for_a_reason_and_goes_back(app: &TestApp) {
    trained::write_category_model_at(&app.models_folder(), "cards-2", 2.0);
    let mut ann = Browser::signed_in(app, "ann");
    assert_says(&ann.get("/models"), 200, "href=\"/models/category\"");
    let unsaid = ann.fill_in(PAGE, CHANGE, &overriding("cards-2", "cards-1", " "));
    assert_says(&unsaid, 422, "Expected one line of 1 to 1,000 characters.");
    assert_eq!(live_category(app), "cards-1");
    let better = overriding("cards-2", "cards-1", "fewer wrong <cards>");
    let done = ann.fill_in(PAGE, CHANGE, &better);
    assert_eq!((done.status, done.header("location")), (303, "/models/category?done=model"));
    assert_eq!(audit(app)[0].1, AuditAction::ModelChanged);
    assert_eq!(audit(app)[0].2.as_deref(), Some("category/cards-2"));
    app.app.reload();
    assert_says(&ann.get("/models"), 200, "fewer wrong &#60;cards&#62;");
    // Sent again, by a double click: it is live already.
    assert_eq!(ann.fill_in(PAGE, CHANGE, &better).status, 303);
    assert_eq!(app.registry().live().unwrap()[&ModelKind::Category].history.len(), 1);
    assert_eq!(changes_told(app), 1);
    assert_says(&ann.get(PAGE), 200, "cards-1 (live before)");
    let back = fields("cards-1", "cards-2", "the old one was better");
    for _ in 0..2 {
        assert_eq!(ann.fill_in(PAGE, CHANGE, &back).status, 303);
        assert_eq!(live_category(app), "cards-1");
        assert_eq!(changes_told(app), 2);
    }
    assert_says(&ann.get("/models"), 200, "rolled back");
    let history = file(&mut ann, "/models/category?file=history.csv");
    let steps: Vec<[&str; 4]> =
        history.iter().map(|row| [1, 2, 3, 4].map(|at| row[at].as_str())).collect();
    assert_eq!(
        steps,
        [
            ["cards-1", "rolled back", "ann", "the old one was better"],
            ["cards-2", "forced", "ann", "fewer wrong <cards>"],
        ]
    );
    assert_eq!(ann.get("/models/none").status, 404);
}

fn clicks_at_once_are_one_change_in_the_audit(app: &TestApp) {
    trained::write_category_model_at(&app.models_folder(), "cards-2", 2.0);
    let mut ann = Browser::signed_in(app, "ann");
    let csrf = token(ann.get(PAGE).text());
    let change = overriding("cards-2", "cards-1", "better");
    let fields = [&[("csrf", &*csrf)], &change[..]].concat();
    let cookies = ann.cookies.clone();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            let mut tab = Browser::new(app);
            tab.cookies = cookies.clone();
            let fields = &fields;
            scope.spawn(move || assert_eq!(tab.post(CHANGE, fields).status, 303));
        }
    });
    assert_eq!(changes_told(app), 1);
    assert_eq!(app.registry().live().unwrap()[&ModelKind::Category].history.len(), 1);
}

/// A comparison of the live version with another one, written as `recontact-train compare --out` does.
fn compare(app: &TestApp, candidate: &str, rows: usize, (live, difference): (f64, f64)) {
    let pinned = |version: &str| {
        let folder = app.registry().folder(ModelKind::Category, version);
        let bytes = std::fs::read(folder.join("manifest.json")).unwrap();
        json!({"version": version, "manifest_sha256": sha256_hex(&bytes)})
    };
    let comparison = json!({
        "format": 1, "kind": "category", "a": pinned("cards-1"), "b": pinned(candidate),
        "data": {"file": "later.csv", "sha256": "0".repeat(64), "rows": rows},
        "compared_at": "2026-02-01T00:00:00Z",
        "differences": [{"metric": "accuracy", "higher_is_better": true, "decides": true, "a": live,
            "b": live + difference, "difference": difference,
            "interval": {"low": difference - 0.01, "high": difference + 0.01}}],
    });
    let folder = app.models_folder().join("comparisons");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(format!("{candidate}.json")), comparison.to_string()).unwrap();
}

fn the_gate_says_what_it_decides_and_on_what_before_anybody_confirms(app: &TestApp) {
    for (number, version) in ["cards-2", "cards-3", "cards-4", "cards-5"].into_iter().enumerate() {
        let temperature = 2.0 + f64::from(u8::try_from(number).unwrap());
        trained::write_category_model_at(&app.models_folder(), version, temperature);
    }
    compare(app, "cards-2", 400, (0.9, 0.0125));
    compare(app, "cards-3", 400, (0.9, -0.0625));
    compare(app, "cards-4", 99, (0.9, 0.0125));
    std::fs::write(app.models_folder().join("comparisons/torn.json"), "{").unwrap();
    let mut ann = Browser::signed_in(app, "ann");
    let gate = file(&mut ann, "/models/category?file=gate.csv");
    let told: Vec<(&str, &str, &str)> =
        gate.iter().map(|row| (row[0].as_str(), row[1].as_str(), row[2].as_str())).collect();
    assert_eq!(
        told,
        [
            (
                "cards-2",
                "Passes: compared and not worse (accuracy +0.0125 (+0.0025 … +0.0225)).",
                "no"
            ),
            (
                "cards-3",
                "Does not pass: it is worse: accuracy 0.8375, the live one has 0.9000.",
                "yes"
            ),
            (
                "cards-4",
                "Does not pass: the comparison is of 99 rows; at least 100 are needed.",
                "yes"
            ),
            ("cards-5", "Does not pass: nobody has compared it with the live version.", "yes"),
        ]
    );
    let figures = file(&mut ann, "/models/category?file=comparisons.csv");
    assert_eq!(figures[1][..6], ["cards-3", "accuracy", "yes", "cards-1", "0.9", "0.8375"]);
    assert_says(&ann.get(PAGE), 200, "cards-2 (the gate lets it pass)");
    assert_says(&ann.get(PAGE), 200, "cards-3 (the gate does not let it pass)");
    assert_says(&ann.get("/models"), 200, "Passes: compared and not worse");
    for version in ["cards-3", "cards-4", "cards-5"] {
        let refused = ann.fill_in(PAGE, CHANGE, &fields(version, "cards-1", "it <b> seems better"));
        assert_says(&refused, 422, "The gate does not let this version pass.");
        assert_says(&refused, 422, "value=\"it &#60;b&#62; seems better\"");
        assert_eq!(live_category(app), "cards-1");
    }
    // What passes needs no override, and the history tells what it was decided on.
    assert_eq!(ann.fill_in(PAGE, CHANGE, &fields("cards-2", "cards-1", "measured")).status, 303);
    assert_eq!(live_category(app), "cards-2");
    let history = file(&mut ann, "/models/category?file=history.csv");
    assert_eq!(history[0][1..5], ["cards-2", "compared and not worse", "ann", "measured"]);
    assert!(history[0][5].contains("on later.csv (400 rows)"), "{history:?}");
    assert_eq!(history[0][6].len(), 64);
    // The others were compared with a version that is not live any more.
    let gate = file(&mut ann, "/models/category?file=gate.csv");
    let of_3 = gate.iter().find(|row| row[0] == "cards-3").unwrap();
    assert!(of_3[1].contains("the comparison is of other models"), "{of_3:?}");
}

fn a_kind_is_told_to_everybody_and_changed_by_admins_only(app: &TestApp) {
    trained::write_category_model_at(&app.models_folder(), "cards-2", 2.0);
    app.registry().shadow(ModelKind::Category, Some("cards-2")).unwrap();
    app.app.reload();
    for number in 0..3 {
        let body = json!({"id": format!("c-{number}"), "customer_id": "u-1", "occurred_at": Timestamp::now(),
            "text": "My card has not arrived"});
        app.record_contact(&body).expect(201);
    }
    let mut eva = Browser::signed_in(app, "eva");
    let page = eva.get(PAGE);
    assert_says(&page, 200, "runs beside the live one");
    assert!(!page.text().contains("Make another version live"), "{}", page.text());
    let csrf = token(page.text());
    let sent =
        [&[("csrf", csrf.as_str())][..], &overriding("cards-2", "cards-1", "mine")[..]].concat();
    assert_eq!(eva.post(CHANGE, &sent).status, 403);
    assert_eq!(live_category(app), "cards-1");
    // The shadow as the API tells it.
    let listed = app.list_models().expect(200);
    let is_shadow = |model: &&Value| model["version"] == "cards-2";
    let shadow =
        listed["models"].as_array().unwrap().iter().find(is_shadow).unwrap()["shadow"].clone();
    let row = file(&mut eva, "/models/category?file=shadow.csv").remove(0);
    let number = |at: usize| row[at].parse::<f64>().unwrap();
    assert_eq!((row[0].as_str(), row[1].as_str()), ("cards-2", "cards-1"));
    for (at, field) in [(2, "compared"), (3, "same_share"), (4, "mean_difference"), (6, "failed")] {
        assert!((number(at) - shadow[field].as_f64().unwrap()).abs() < 1e-12, "{field} {row:?}");
    }
    // Training's figures side by side, the live version first.
    let versions = file(&mut eva, "/models/category?file=versions.csv");
    assert_eq!(versions[0][1..], ["live", "runs beside the live one"]);
    let accuracy = versions.iter().find(|row| row[0] == "test.accuracy").unwrap();
    assert_eq!(accuracy[1..], ["1", "1"]);
}

fn drift_is_told_as_monitoring_has_it(app: &TestApp) {
    let mut eva = Browser::signed_in(app, "eva");
    let report = app.get("/v1/monitoring").expect(200);
    let figures = report["figures"].as_array().unwrap();
    for (kind, is_of_risk) in [("category", false), ("risk", true)] {
        let page = eva.get(&format!("/models/{kind}"));
        assert_says(&page, 200, "Compared: ");
        let rows = file(&mut eva, &format!("/models/{kind}?file=drift.csv"));
        let own = figures.iter().filter(|figure| {
            let name = figure["name"].as_str().unwrap();
            (name.starts_with("risk_") || name.starts_with("closing_")) == is_of_risk
        });
        let own: Vec<&Value> = own.collect();
        assert_eq!(rows.len(), own.len());
        for (row, figure) in rows.iter().zip(own) {
            assert_eq!(
                row[6].parse::<f64>().unwrap(),
                figure["watch"].as_f64().unwrap(),
                "{row:?}"
            );
            assert_eq!(
                row[7].parse::<f64>().unwrap(),
                figure["alert"].as_f64().unwrap(),
                "{row:?}"
            );
            assert_eq!(row[8], figure["n"]["reference"].to_string(), "{row:?}");
            assert_eq!(row[1], "too few cases", "{row:?}");
        }
    }
    assert_says(&eva.get("/models/language"), 200, "this kind is not looked at");
}

fn of_two_admins_the_second_is_told_and_changes_nothing(app: &TestApp) {
    trained::write_category_model_at(&app.models_folder(), "cards-2", 2.0);
    trained::write_category_model_at(&app.models_folder(), "cards-3", 3.0);
    let mut ann = Browser::signed_in(app, "ann");
    let change = |version| overriding(version, "cards-1", "my own reason");
    assert_eq!(ann.fill_in(PAGE, CHANGE, &change("cards-2")).status, 303);
    let second = ann.fill_in(PAGE, CHANGE, &change("cards-3"));
    assert_says(&second, 409, "Meanwhile another version became live: cards-2.");
    assert_says(&second, 409, "value=\"my own reason\"");
    assert_eq!(live_category(app), "cards-2");
}

fn a_damaged_model_never_becomes_live(app: &TestApp) {
    trained::write_category_model(&app.models_folder(), "cards-2");
    let weights = app.models_folder().join("category/cards-2/weights.safetensors");
    std::fs::write(&weights, "torn").unwrap();
    let mut ann = Browser::signed_in(app, "ann");
    let refused = ann.fill_in(PAGE, CHANGE, &overriding("cards-2", "cards-1", "why not"));
    assert_says(&refused, 409, "Nothing was changed:");
    assert_says(&refused, 409, "weights.safetensors");
    assert_eq!(live_category(app), "cards-1");
}
