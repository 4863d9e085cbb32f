use crate::helpers::{Answer, TestApp, spawn_app, spawn_app_in};
use crate::trained;
use recontact::classify::head::{LexicalDescription, LexicalPart};
use recontact::classify::lexical::LexicalFeatures;
use recontact::registry::ModelKind;
use recontact::registry::promotion::{Grounds, Note};
use recontact::timestamp::Timestamp;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

fn classify(app: &TestApp) -> Answer {
    app.classify(&json!({"text": "My card has not arrived"}))
}

fn serving_category(app: &TestApp) -> Value {
    classify(app).expect(200)["model"]["version"].clone()
}

fn serving_risk(app: &TestApp) -> Value {
    let ticket = json!({
        "id": "t-1", "customer_id": "u-9", "opened_at": "2026-01-05T09:00:00Z",
        "closed_at": "2026-01-06T10:30:00Z", "category": "Category 26"
    });
    app.predict(&json!({"tickets": [ticket]})).expect(200)["model"]["version"].clone()
}

fn load_errors(app: &TestApp) -> Vec<String> {
    let errors = app.list_models().expect(200)["load_errors"].clone();
    serde_json::from_value(errors).unwrap()
}

/// Something done to a file.
type Damage = fn(&Path);

/// Overwrites a byte in the middle.
fn tamper(file: &Path) {
    let mut bytes = fs::read(file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(file, bytes).unwrap();
}

fn truncate(file: &Path) {
    let bytes = fs::read(file).unwrap();
    fs::write(file, &bytes[..bytes.len() / 2]).unwrap();
}

fn remove(file: &Path) {
    fs::remove_file(file).unwrap();
}

#[test]
fn models_are_listed_with_what_is_live_and_what_serves() {
    let app = spawn_app();
    trained::write_category_model(&app.models_folder(), "cards-2");
    let body = app.list_models().expect(200);
    assert_eq!(body["encoder"]["name"], trained::ENCODER);
    assert_eq!(body["load_errors"], json!([]));
    let models: Vec<Value> = body["models"]
        .as_array()
        .unwrap()
        .iter()
        .map(|model| json!([model["kind"], model["version"], model["live"], model["serving"]]))
        .collect();
    assert_eq!(
        models,
        [
            json!(["category", "cards-1", true, true]),
            json!(["category", "cards-2", false, false]),
            json!(["risk", "incidents-1", true, true]),
        ]
    );
    let risk = &body["models"][2];
    assert!(risk["metrics"]["test"]["roc_auc"].is_number(), "{risk}");
    assert_eq!(risk["error"], Value::Null);
}

#[test]
fn a_promotion_and_a_rollback_take_effect_at_the_next_look() {
    let app = spawn_app();
    let models = app.models_folder();
    trained::write_category_model(&models, "cards-2");
    trained::copy_risk_model(&models, "incidents-2");
    app.registry().promote(ModelKind::Category, "cards-2").unwrap();
    assert_eq!(serving_category(&app), "cards-1");
    app.app.reload();
    assert_eq!(serving_category(&app), "cards-2");
    app.registry().roll_back(ModelKind::Category).unwrap();
    app.app.reload();
    assert_eq!(serving_category(&app), "cards-1");
    assert_eq!(load_errors(&app), [""; 0]);
}

#[test]
fn a_closed_ticket_keeps_the_assessment_of_the_model_of_that_time() {
    let app = spawn_app();
    let report = json!({"customer_id": "u-9", "opened_at": "2026-01-05T09:00:00Z", "category": "Category 26"});
    let closing = json!({"closed_at": "2026-01-06T10:30:00Z"});
    app.report_ticket("t-1", &report).expect(201);
    let closed = app.close_ticket("t-1", &closing).expect(200);
    let models = app.models_folder();
    trained::copy_risk_model(&models, "incidents-2");
    app.registry().promote(ModelKind::Risk, "incidents-2").unwrap();
    app.app.reload();
    assert_eq!(serving_risk(&app), "incidents-2");
    assert_eq!(app.close_ticket("t-1", &closing).expect(200), closed);
    assert_eq!(app.ticket_alone("t-1"), closed);
}

#[test]
fn a_damaged_new_model_is_refused_by_file_name_and_the_old_one_goes_on_serving() {
    let damages: [(&str, Damage); 3] =
        [("tampered", tamper), ("truncated", truncate), ("removed", remove)];
    for file in ["weights.safetensors", "card.md", "manifest.json"] {
        for (what, damage) in damages {
            let app = spawn_app();
            trained::write_category_model(&app.models_folder(), "cards-2");
            app.registry().promote(ModelKind::Category, "cards-2").unwrap();
            damage(&app.models_folder().join("category/cards-2").join(file));
            app.app.reload();
            assert_eq!(serving_category(&app), "cards-1", "{file} {what}");
            let errors = load_errors(&app);
            assert!(errors.len() == 1 && errors[0].contains(file), "{file} {what}: {errors:?}");
            app.get("/health/ready").expect(200);
        }
    }
}

/// The same as a model of another kind or of an encoder that is not there, with words that could answer alone or without.
fn write_model_of_a_missing_encoder(
    models: &Path,
    kind: ModelKind,
    version: &str,
    with_words: bool,
) {
    let (mut description, weights, biases) = trained::fitted(models);
    if let Some(encoder) = &mut description.encoder {
        "missing-encoder".clone_into(&mut encoder.name);
        encoder.weights_sha256 = "0".repeat(64);
    }
    let labels = trained::TRAINING.len();
    let words = with_words.then(|| LexicalPart {
        features: LexicalFeatures::new(&["card"], &[], vec![1.0]).unwrap(),
        weights: vec![0; labels],
        scales: vec![1.0],
        alone_biases: vec![0.0; labels],
    });
    description.lexical =
        with_words.then_some(LexicalDescription { words: 1, pieces: 0, alone_temperature: 1.0 });
    trained::write_head(models, kind, version, (description, weights, biases), words);
}

#[test]
fn a_model_whose_encoder_is_missing_does_not_take_the_place_of_one_that_has_its_own() {
    let app = spawn_app();
    let models = app.models_folder();
    write_model_of_a_missing_encoder(&models, ModelKind::Category, "cards-2", true);
    app.registry().promote(ModelKind::Category, "cards-2").unwrap();
    for look in 1..=3 {
        app.app.reload();
        assert_eq!(serving_category(&app), "cards-1", "look {look}");
        let errors = load_errors(&app);
        assert!(errors.iter().any(|e| e.contains("missing-encoder")), "look {look}: {errors:?}");
    }
    app.embed(&json!({"inputs": ["My card has not arrived"]})).expect(200);
}

#[test]
fn a_head_that_cannot_be_used_is_told_at_every_look() {
    let app = spawn_app();
    let models = app.models_folder();
    write_model_of_a_missing_encoder(&models, ModelKind::Kind, "kinds-1", false);
    app.registry().promote(ModelKind::Kind, "kinds-1").unwrap();
    for look in 1..=3 {
        app.app.reload();
        assert_eq!(serving_category(&app), "cards-1", "look {look}");
        assert_eq!(classify(&app).expect(200)["results"][0]["kind"], Value::Null);
        let errors = load_errors(&app);
        let names = ["kinds-1", "missing-encoder", trained::ENCODER];
        let is_told = |error: &String| names.iter().all(|name| error.contains(name));
        assert!(errors.iter().any(is_told), "look {look}: {errors:?}");
    }
}

#[test]
fn a_damaged_new_risk_model_leaves_the_old_one_serving_and_closings_go_on() {
    let app = spawn_app();
    trained::copy_risk_model(&app.models_folder(), "incidents-2");
    app.registry().promote(ModelKind::Risk, "incidents-2").unwrap();
    tamper(&app.models_folder().join("risk/incidents-2/model.json"));
    app.app.reload();
    assert_eq!(serving_risk(&app), "incidents-1");
    let errors = load_errors(&app);
    assert!(errors.len() == 1 && errors[0].contains("model.json"), "{errors:?}");
}

#[test]
fn a_refused_model_is_told_as_long_as_live_toml_names_it() {
    let app = spawn_app();
    let models = app.models_folder();
    trained::write_category_model(&models, "cards-2");
    app.registry().promote(ModelKind::Category, "cards-2").unwrap();
    let weights = models.join("category/cards-2/weights.safetensors");
    let whole = fs::read(&weights).unwrap();
    truncate(&weights);
    app.app.reload();
    // Another kind changes: what is wrong with this one must not be forgotten.
    trained::copy_risk_model(&models, "incidents-2");
    app.registry().promote(ModelKind::Risk, "incidents-2").unwrap();
    app.app.reload();
    app.app.reload();
    assert_eq!(serving_category(&app), "cards-1");
    assert!(load_errors(&app).iter().any(|error| error.contains("weights.safetensors")));
    fs::write(&weights, whole).unwrap();
    app.app.reload();
    assert_eq!(serving_category(&app), "cards-2");
    assert_eq!(load_errors(&app), [""; 0]);
}

#[test]
fn an_unreadable_live_toml_leaves_all_models_serving_and_is_told_until_it_is_mended() {
    let app = spawn_app();
    let file = app.models_folder().join("live.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, "category = 7\n").unwrap();
    app.app.reload();
    assert_eq!(serving_category(&app), "cards-1");
    assert_eq!(serving_risk(&app), "incidents-1");
    let errors = load_errors_of(&app);
    assert!(errors.contains("live.toml"), "{errors}");
    fs::write(&file, text).unwrap();
    app.app.reload();
    assert_eq!(load_errors(&app), [""; 0]);
}

/// What `/v1/models` says, whether it can list or not.
fn load_errors_of(app: &TestApp) -> String {
    app.list_models().text().to_owned()
}

#[test]
fn a_changed_folder_does_not_change_the_model_that_serves() {
    let app = spawn_app();
    let before = classify(&app).expect(200);
    tamper(&app.models_folder().join("category/cards-1/weights.safetensors"));
    app.app.reload();
    assert_eq!(classify(&app).expect(200), before);
}

#[test]
fn a_damaged_model_at_the_start_leaves_the_rest_of_the_service_working() {
    let folder = tempfile::tempdir().unwrap();
    let models = folder.path().join("models");
    trained::install(&models);
    tamper(&models.join("risk/incidents-1/model.json"));
    let app = spawn_app_in(folder, |_| {});
    assert_eq!(serving_category(&app), "cards-1");
    let problem = app.predict(&json!({"tickets": [{
        "id": "t-1", "customer_id": "u-9", "opened_at": "2026-01-05T09:00:00Z",
        "closed_at": "2026-01-06T10:30:00Z", "category": "Category 26"
    }]}));
    let problem = problem.expect_problem(503, "model_unavailable");
    assert!(problem["detail"].as_str().unwrap().contains("model.json"), "{problem}");
}

#[test]
fn an_encoder_that_is_fetched_later_is_found_without_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let models = folder.path().join("models");
    trained::install(&models);
    fs::remove_dir_all(models.join("encoder")).unwrap();
    let app = spawn_app_in(folder, |_| {});
    let problem = classify(&app).expect_problem(503, "model_unavailable");
    assert!(problem["detail"].as_str().unwrap().contains("fetch-encoder tiny-bert"), "{problem}");
    trained::install_encoder(&models);
    app.app.reload();
    assert_eq!(serving_category(&app), "cards-1");
}

#[test]
fn a_head_of_another_encoder_is_refused() {
    let app = spawn_app();
    let models = app.models_folder();
    trained::write_category_model(&models, "cards-2");
    let link = models.join("encoder").join(trained::ENCODER);
    let fixtures = fs::read_link(&link).unwrap();
    fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink(fixtures.with_file_name("tiny-distilbert"), &link).unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(&models, folder.path().join("models")).unwrap();
    let other = spawn_app_in(folder, |_| {});
    let problem = classify(&other).expect_problem(503, "model_unavailable");
    assert!(problem["detail"].as_str().unwrap().contains("trained on encoder"), "{problem}");
}

/// What `/v1/models` says of one model folder.
fn told_of(app: &TestApp, kind: &str, version: &str) -> Value {
    let body = app.list_models().expect(200);
    let models = body["models"].as_array().unwrap();
    let is_this = |model: &&Value| model["kind"] == kind && model["version"] == version;
    models.iter().find(is_this).unwrap().clone()
}

#[test]
fn a_shadow_is_compared_with_the_live_model_and_changes_no_answer() {
    let app = spawn_app();
    let before = classify(&app).expect(200);
    // The same weights, half as sure.
    trained::write_category_model_at(&app.models_folder(), "cards-2", 2.0);
    app.registry().shadow(ModelKind::Category, Some("cards-2")).unwrap();
    app.app.reload();
    assert_eq!(classify(&app).expect(200), before);
    app.record_contact(&json!({
        "id": "c-1", "customer_id": "u-9", "occurred_at": "2026-01-05T09:00:00Z", "text": "My top up failed again"
    }))
    .expect(201);
    let model = told_of(&app, "category", "cards-2");
    assert_eq!((&model["live"], &model["serving"]), (&json!(false), &json!(false)));
    let shadow = &model["shadow"];
    assert_eq!((&shadow["compared_with"], &shadow["compared"]), (&json!("cards-1"), &json!(2)));
    assert_eq!((&shadow["same_share"], &shadow["failed"]), (&json!(1.0), &json!(0)));
    let difference = shadow["mean_difference"].as_f64().unwrap();
    let absolute = shadow["mean_absolute_difference"].as_f64().unwrap();
    assert!(difference < 0.0 && (difference + absolute).abs() < 1e-12, "{shadow}");
    assert_eq!(told_of(&app, "category", "cards-1")["shadow"], Value::Null);
    // Other tests count in the same place.
    let counted = "recontact_shadow_compared_total{kind=\"category\",same=\"yes\"}";
    assert!(app.get("/metrics").text().contains(counted), "{}", app.get("/metrics").text());

    // Another kind changes: the count goes on.
    trained::copy_risk_model(&app.models_folder(), "incidents-2");
    app.registry().promote(ModelKind::Risk, "incidents-2").unwrap();
    app.app.reload();
    assert_eq!(told_of(&app, "category", "cards-2")["shadow"]["compared"], 2);
    app.registry().shadow(ModelKind::Category, None).unwrap();
    app.app.reload();
    assert_eq!(told_of(&app, "category", "cards-2")["shadow"], Value::Null);
    assert_eq!(classify(&app).expect(200), before);
}

#[test]
fn a_shadow_of_the_risk_model_sees_closings_and_predictions() {
    let app = spawn_app();
    trained::copy_risk_model(&app.models_folder(), "incidents-2");
    app.registry().shadow(ModelKind::Risk, Some("incidents-2")).unwrap();
    app.app.reload();
    assert_eq!(serving_risk(&app), "incidents-1");
    let report = json!({"customer_id": "u-9", "opened_at": "2026-01-05T09:00:00Z", "category": "Category 26"});
    app.report_ticket("t-1", &report).expect(201);
    app.close_ticket("t-1", &json!({"closed_at": "2026-01-06T10:30:00Z"})).expect(200);
    let shadow = told_of(&app, "risk", "incidents-2")["shadow"].clone();
    assert!(shadow["compared"].as_u64().unwrap() >= 2, "{shadow}");
    assert_eq!((&shadow["same_share"], &shadow["mean_difference"]), (&json!(1.0), &json!(0.0)));
}

#[test]
fn a_shadow_that_cannot_be_loaded_is_told_and_does_no_harm() {
    let app = spawn_app();
    trained::write_category_model(&app.models_folder(), "cards-2");
    app.registry().shadow(ModelKind::Category, Some("cards-2")).unwrap();
    tamper(&app.models_folder().join("category/cards-2/weights.safetensors"));
    app.app.reload();
    assert_eq!(serving_category(&app), "cards-1");
    let errors = load_errors(&app);
    assert!(errors.len() == 1 && errors[0].contains("shadow category cards-2"), "{errors:?}");
    let shadow = told_of(&app, "category", "cards-2")["shadow"].clone();
    assert_eq!((&shadow["compared_with"], &shadow["compared"]), (&Value::Null, &json!(0)));
    app.get("/health/ready").expect(200);
}

#[test]
fn a_shadow_is_another_model_beside_a_live_one_and_none_after_its_promotion() {
    let app = spawn_app();
    let registry = app.registry();
    for (kind, version, said) in [
        (ModelKind::Team, "none", "no model of this kind is live"),
        (ModelKind::Category, "cards-1", "this version is the live one"),
        (ModelKind::Category, "no-such", "no-such"),
    ] {
        let refused = registry.shadow(kind, Some(version)).unwrap_err().to_string();
        assert!(refused.contains(said), "{refused}");
    }
    trained::write_category_model(&app.models_folder(), "cards-2");
    registry.shadow(ModelKind::Category, Some("cards-2")).unwrap();
    registry.promote(ModelKind::Category, "cards-2").unwrap();
    assert_eq!(registry.live().unwrap()[&ModelKind::Category].shadow, None);
    app.app.reload();
    assert_eq!(serving_category(&app), "cards-2");
}

#[test]
fn promotions_at_the_same_time_are_all_kept_in_the_history() {
    let app = spawn_app();
    let versions: Vec<String> = (2..8).map(|number| format!("incidents-{number}")).collect();
    for version in &versions {
        trained::copy_risk_model(&app.models_folder(), version);
    }
    let note = Note {
        by: "test".to_owned(),
        at: Timestamp::parse("2026-03-01T00:00:00Z").unwrap(),
        reason: None,
        decided_on: None,
    };
    std::thread::scope(|scope| {
        for version in &versions {
            let (registry, note) = (app.registry(), &note);
            scope.spawn(move || {
                registry.promote_on(ModelKind::Risk, version, &Grounds::None, note).unwrap();
            });
        }
    });
    let live = app.registry().live().unwrap();
    let mut told: Vec<&str> =
        live[&ModelKind::Risk].history.iter().map(|entry| entry.version.as_str()).collect();
    told.sort_unstable();
    assert_eq!(told, versions);
    app.app.reload();
    let last = live[&ModelKind::Risk].version.clone();
    let history = told_of(&app, "risk", &last)["history"].clone();
    assert_eq!((&history[0]["step"], &history[0]["by"]), (&json!("promoted"), &json!("test")));
}
