//! The language head with the model that the project ships, and its rules.

use crate::helpers::{TestApp, spawn_app, spawn_app_in, spawn_app_with};
use crate::trained;
use recontact::classify::Prefer;
use recontact::classify::policy::HeadPolicy;
use recontact::classify::rules::RuleText;
use recontact::config::Settings;
use recontact::contact::Head;
use recontact::probability::Probability;
use recontact::registry::{ModelKind, Registry};
use recontact::ticket::Name;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

/// The model that the project ships.
const SHIPPED: &str = "en-ru-be-uk-2";

/// A service with the shipped language model beside the models of every test.
fn spawn_with_model(change: impl FnOnce(&mut Settings)) -> TestApp {
    let folder = tempfile::tempdir().unwrap();
    let models = folder.path().join("models");
    trained::install(&models);
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/language").join(SHIPPED);
    let registry = Registry::new(&models);
    let to = registry.folder(ModelKind::Language, SHIPPED);
    fs::create_dir_all(&to).unwrap();
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
    registry.promote(ModelKind::Language, SHIPPED).unwrap();
    spawn_app_in(folder, change)
}

fn result(app: &TestApp, text: &str) -> Value {
    app.classify(&json!({"text": text})).expect(200)["results"][0].clone()
}

fn probability(answer: &Value) -> f64 {
    answer["probability"].as_f64().unwrap_or_else(|| panic!("no probability: {answer}"))
}

#[test]
fn the_language_is_told_with_probability_action_alternatives_source_and_tags() {
    let app = spawn_with_model(|_| {});
    for (text, language) in [
        ("My card has not arrived yet, where is it?", "en"),
        ("Моя карта ещё не пришла, где она?", "ru"),
        ("Дзе мая картка? Я яшчэ не атрымаў яе", "be"),
        ("Де моя картка? Я її ще не отримав", "uk"),
    ] {
        let result = result(&app, text);
        let answer = &result["language_answer"];
        assert_eq!(result["language"], language, "{text}");
        assert_eq!(
            (&answer["label"], &answer["action"]),
            (&json!(language), &json!("auto")),
            "{answer}"
        );
        assert!(probability(answer) > 0.8, "{text}: {answer}");
        assert_eq!((&answer["reason"], &answer["default"]), (&Value::Null, &Value::Null));
        assert_eq!(answer["source"], json!({"model": SHIPPED}));
        assert_eq!(answer["alternatives"].as_array().unwrap().len(), 2, "the next best of three");
        let tags = result["tags"].as_array().unwrap();
        let language_tags = [format!("language__{language}"), "language_action__auto".to_owned()];
        let last: Vec<&str> = tags[tags.len() - 2..].iter().filter_map(Value::as_str).collect();
        assert_eq!(last, language_tags, "told once");
    }
}

#[test]
fn a_word_may_tell_the_language_and_a_text_without_letters_has_none() {
    let app = spawn_with_model(|_| {});
    for (text, language) in [("дзякуй", "be"), ("thanks", "en")] {
        assert_eq!(result(&app, text)["language"], language, "{text}");
    }
    for text in ["🙂🙂", "12345 !!!", "?"] {
        let result = result(&app, text);
        let answer = &result["language_answer"];
        assert_eq!(result["language"], Value::Null, "{text}");
        assert_eq!(
            (&answer["action"], &answer["reason"]),
            (&json!("abstain"), &json!("no_tokens")),
            "{text}"
        );
        assert_eq!((&answer["label"], &answer["alternatives"]), (&Value::Null, &json!([])));
        assert!(!result["tags"].as_array().unwrap().contains(&json!("language__en")));
    }
    app.classify(&json!({"text": "  "})).expect_faults();
}

#[test]
fn of_two_languages_the_larger_share_is_told_and_is_less_sure() {
    let app = spawn_with_model(|_| {});
    let pure = result(&app, "Моя карта не работает, помогите пожалуйста");
    let mixed = result(&app, "Моя карта не работает, помогите please help me");
    assert_eq!((&pure["language"], &mixed["language"]), (&json!("ru"), &json!("ru")));
    let probability_of_ru = |result: &Value| {
        let answer = &result["language_answer"];
        let best = json!({"label": answer["label"], "probability": answer["probability"]});
        let all = answer["alternatives"].as_array().unwrap().iter().chain([&best]);
        all.filter(|one| one["label"] == "ru").map(probability).sum::<f64>()
    };
    assert!(probability_of_ru(&mixed) < probability_of_ru(&pure), "{mixed}");
}

#[test]
fn a_long_text_of_a_language_that_the_model_does_not_know_is_told_by_trigrams() {
    let app = spawn_with_model(|_| {});
    for (text, language) in [
        (
            "Meine Karte ist immer noch nicht angekommen, obwohl ich sie vor drei Wochen bestellt habe.",
            "de",
        ),
        ("הכרטיס שלי לא הגיע עד עכשיו ואני לא יודע איפה הוא נמצא, אנא בדקו את זה בהקדם", "he"),
        (
            "Moja karta nadal nie dotarła, chociaż zamówiłem ją trzy tygodnie temu i nikt nie odpowiada.",
            "pl",
        ),
    ] {
        let result = result(&app, text);
        let answer = &result["language_answer"];
        assert_eq!(
            (&result["language"], &answer["label"]),
            (&json!(language), &json!(language)),
            "{answer}"
        );
        assert!(answer["source"]["trigrams"].as_str().unwrap().starts_with("whatlang"), "{answer}");
        assert!(probability(answer) < 1.0);
        assert_eq!(result["reason"], "unsupported_language", "the category head learns of it");
    }
}

#[test]
fn a_long_text_of_which_the_model_knows_little_is_in_none_of_its_languages() {
    let app = spawn_with_model(|_| {});
    let afrikaans = "My kaart het nog nie aangekom nie, al het ek dit drie weke gelede bestel en niemand antwoord my nie.";
    let answer = &result(&app, afrikaans)["language_answer"];
    assert_eq!(
        (&answer["action"], &answer["reason"], &answer["label"]),
        (&json!("abstain"), &json!("out_of_scope"), &Value::Null),
        "{answer}"
    );
    assert_eq!(answer["alternatives"].as_array().unwrap().len(), 3);
}

#[test]
fn the_commonest_words_of_contacts_are_in_their_language() {
    let app = spawn_with_model(|_| {});
    for (text, language) in [
        ("спасибо", "ru"),
        ("Здравствуйте", "ru"),
        ("жду ответа", "ru"),
        ("дякую", "uk"),
        ("чекаю", "uk"),
        ("дзякуй", "be"),
        ("чакаю", "be"),
        ("hello", "en"),
    ] {
        let answer = &result(&app, text)["language_answer"];
        assert_eq!((&answer["label"], &answer["action"]), (&json!(language), &json!("auto")));
    }
}

#[test]
fn other_heads_do_not_answer_in_a_language_that_they_were_not_trained_on() {
    let app = spawn_with_model(|_| {});
    for (text, is_known) in [
        ("Где моя карта, она ещё не пришла?", true),
        ("Дзе мая картка? Я яшчэ не атрымаў яе", false),
        ("Де моя картка? Я її ще не отримав", false),
    ] {
        let result = result(&app, text);
        assert_eq!(result["reason"] != "unsupported_language", is_known, "{result}");
    }
}

fn rule(head: &str, label: &str, any: &str, languages: &[&str]) -> RuleText {
    RuleText {
        head: head.to_owned(),
        label: label.to_owned(),
        any: vec![any.to_owned()],
        languages: languages.iter().map(|code| (*code).to_owned()).collect(),
        ..RuleText::default()
    }
}

#[test]
fn rules_tell_the_language_and_the_other_rules_go_by_it() {
    let app = spawn_app_with(|settings| {
        settings.classify.rules = vec![
            rule("language", "be", "калі ласка", &[]),
            rule("team", "minsk", "карт*", &["be"]),
        ];
        let default = Some(Name::parse("en").unwrap());
        let policy = HeadPolicy { default, ..HeadPolicy::default() };
        settings.classify.heads.insert(Head::Language, policy);
    });
    // Its letters are Russian, too.
    let told = result(&app, "Карта, калі ласка");
    assert_eq!((&told["language"], &told["team"]["label"]), (&json!("be"), &json!("minsk")));
    let answer = &told["language_answer"];
    assert_eq!((&answer["label"], &answer["probability"]), (&json!("be"), &Value::Null));
    assert!(answer["source"]["rules"].is_string(), "{answer}");
    let other = result(&app, "Карта не работает");
    let answer = &other["language_answer"];
    assert_eq!(other["language"], "ru", "where no rule holds, the letters tell");
    assert_eq!((&answer["reason"], &answer["default"]), (&json!("no_rule"), &json!("en")));
    let tags = other["tags"].as_array().unwrap();
    assert!(tags.contains(&json!("language__en")), "the default's");
    assert!(tags.contains(&json!("language_action__abstain")), "{tags:?}");
}

#[test]
fn a_rule_beats_the_model_only_where_rules_are_preferred() {
    let rules = vec![rule("language", "be", "card", &[])];
    let by_model = spawn_with_model(|settings| settings.classify.rules.clone_from(&rules));
    assert_eq!(result(&by_model, "My card has not arrived")["language"], "en");
    let by_rules = spawn_with_model(|settings| {
        settings.classify.rules.clone_from(&rules);
        let policy = HeadPolicy { prefer: Some(Prefer::Rules), ..HeadPolicy::default() };
        settings.classify.heads.insert(Head::Language, policy);
    });
    assert_eq!(result(&by_rules, "My card has not arrived")["language"], "be");
    assert_eq!(result(&by_rules, "It has not arrived")["language"], "en");
}

#[test]
fn below_its_own_threshold_the_language_is_suggested_and_the_likeliest_is_named_all_the_same() {
    let app = spawn_with_model(|settings| {
        let auto_threshold = Some(Probability::new(1.0).unwrap());
        let policy = HeadPolicy { auto_threshold, ..HeadPolicy::default() };
        settings.classify.heads.insert(Head::Language, policy);
    });
    let suggested = result(&app, "Карта не работает");
    let answer = &suggested["language_answer"];
    assert_eq!(
        (&answer["action"], &answer["reason"]),
        (&json!("suggest"), &json!("below_auto_threshold"))
    );
    let app = spawn_with_model(|settings| {
        let min_margin = Some(Probability::new(1.0).unwrap());
        let policy = HeadPolicy { min_margin, ..HeadPolicy::default() };
        settings.classify.heads.insert(Head::Language, policy);
    });
    let unsure = result(&app, "Карта не работает");
    assert_eq!(unsure["language_answer"]["label"], Value::Null);
    assert_eq!(unsure["language_answer"]["reason"], "small_margin");
    assert_eq!(unsure["language"], "ru");
}

#[test]
fn a_short_text_is_in_one_of_the_languages_that_are_expected() {
    let app = spawn_with_model(|settings| {
        settings.classify.expected_languages = vec!["en".to_owned(), "uk".to_owned()];
    });
    let short = result(&app, "Где карта?");
    assert_eq!(short["language"], "uk");
    let long = "Моя карта до сих пор не пришла, хотя я заказал её три недели назад, и мне никто не отвечает.";
    assert_eq!(result(&app, long)["language"], "ru");
}

#[test]
fn a_text_in_a_script_of_no_expected_language_is_told_as_it_is() {
    for expected in [&["ru"][..], &["ru", "be"]] {
        let app = spawn_with_model(|settings| {
            settings.classify.expected_languages =
                expected.iter().map(|code| (*code).to_owned()).collect();
        });
        for text in ["My card has not arrived yet", "Where is my card?"] {
            assert_eq!(result(&app, text)["language"], "en", "{expected:?} {text}");
        }
    }
}

#[test]
fn without_model_and_rules_the_language_is_told_but_not_how_likely() {
    let told = result(&spawn_app(), "Моя карта ещё не пришла, где она?");
    assert_eq!((&told["language"], &told["language_answer"]), (&json!("ru"), &Value::Null));
    assert!(told["tags"].as_array().unwrap().contains(&json!("language__ru")), "{told}");
}

#[test]
fn people_set_the_language_right_and_the_prediction_stays_beside_it() {
    let app = spawn_with_model(|_| {});
    let contact = json!({"id": "c-1", "customer_id": "u-9", "occurred_at": "2026-01-05T09:00:00Z",
        "text": "Моя карта ещё не пришла, где она?"});
    app.record_contact(&contact).expect(201);
    let say = |label: &str, at: &str| {
        let said = json!({"contact_id": "c-1", "head": "language", "label": label, "author": "ann", "occurred_at": at});
        app.post("/v1/feedback", &said).expect(201)["feedback"].clone()
    };
    let said = say("be", "2026-01-05T10:00:00Z");
    assert_eq!((&said["predicted_label"], &said["action"]), (&json!("ru"), &json!("auto")));
    assert_eq!((&said["model_version"], &said["is_known_label"]), (&json!(SHIPPED), &json!(true)));
    assert!(said["probability"].is_number(), "{said}");
    assert_eq!(say("de", "2026-01-05T11:00:00Z")["is_known_label"], true, "trigrams tell it");
    assert_eq!(say("trasianka", "2026-01-05T12:00:00Z")["is_known_label"], false);
}

#[test]
fn a_language_model_whose_labels_are_no_languages_is_refused_and_the_others_serve() {
    let folder = tempfile::tempdir().unwrap();
    let models = folder.path().join("models");
    trained::install(&models);
    trained::write_head(&models, ModelKind::Language, "wrong-1", trained::fitted(&models), None);
    Registry::new(&models).promote(ModelKind::Language, "wrong-1").unwrap();
    let app = spawn_app_in(folder, |_| {});
    let told = result(&app, "My card has not arrived");
    assert_eq!(
        (&told["category"], &told["language_answer"]),
        (&json!("card_arrival"), &Value::Null)
    );
    let errors = app.list_models().expect(200)["load_errors"].to_string();
    assert!(errors.contains("language model wrong-1: the label"), "{errors}");
}
