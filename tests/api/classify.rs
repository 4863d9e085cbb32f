use crate::helpers::{TestApp, spawn_app, spawn_app_in};
use crate::trained::{self, TRAINING};
use recontact::classify::category::{Label, LabelSet};
use recontact::registry::{ModelKind, Registry};
use recontact::ticket::Name;
use serde_json::{Value, json};

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

/// The same with a word in the place of every probability.
fn without_probabilities(body: &Value) -> Value {
    match body {
        Value::Array(items) => items.iter().map(without_probabilities).collect(),
        Value::Object(members) => {
            let member = |(name, value): (&String, &Value)| match name.as_str() {
                "probability" => (name.clone(), json!("a probability")),
                _ => (name.clone(), without_probabilities(value)),
            };
            members.iter().map(member).collect()
        }
        other => other.clone(),
    }
}

#[test]
fn a_contact_gets_category_alternatives_action_language_and_token_counts() {
    let app = spawn_app();
    let request = json!({
        "inputs": [{"id": "c-1", "text": "My card has not arrived", "channel": "email"}], "top_k": 3
    });
    let answer = app.classify(&request);
    let body = answer.expect(200);
    assert_eq!(answer.header("content-type"), "application/json");
    insta::assert_json_snapshot!(without_probabilities(&body), @r##"
    {
      "model": {
        "name": "category",
        "version": "cards-1"
      },
      "results": [
        {
          "action": "auto",
          "alternatives": [
            {
              "label": "top_up_failed",
              "probability": "a probability"
            },
            {
              "label": "lost_card",
              "probability": "a probability"
            }
          ],
          "area": {
            "label": "cards",
            "probability": "a probability"
          },
          "category": "card_arrival",
          "default": null,
          "id": "c-1",
          "kind": null,
          "labels": [
            {
              "label": "card_arrival",
              "probability": "a probability"
            }
          ],
          "language": "en",
          "language_answer": null,
          "path": [
            {
              "label": "cards",
              "probability": "a probability"
            },
            {
              "label": "card_arrival",
              "probability": "a probability"
            }
          ],
          "probability": "a probability",
          "reason": null,
          "source": {
            "model": "cards-1"
          },
          "tags": [
            "category__card_arrival",
            "category_action__auto",
            "language__en"
          ],
          "team": null,
          "tokens_total": 11,
          "tokens_used": 11,
          "truncated": false,
          "urgency": null,
          "without_encoder": false
        }
      ]
    }
    "##);
    let result = &body["results"][0];
    let best = number(&result["probability"]);
    let others: Vec<f64> = result["alternatives"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| number(&one["probability"]))
        .collect();
    assert!(best >= others[0] && others[0] >= others[1] && others[1] >= 0.0, "{result}");
    assert!(best + others.iter().sum::<f64>() <= 1.0 + 1e-9);
    assert!(
        number(&result["area"]["probability"]) >= best,
        "an area is at least as likely as its category"
    );
}

#[test]
fn a_single_text_is_accepted() {
    let app = spawn_app();
    let body = app.classify(&json!({"text": "My top up failed again"})).expect(200);
    let results = body["results"].as_array().unwrap();
    assert_eq!(results.len(), 1);
    assert_eq!(results[0]["id"], Value::Null);
    assert_eq!(results[0]["category"], "top_up_failed");
}

#[test]
fn many_texts_are_answered_in_their_order_and_as_each_alone() {
    let app = spawn_app();
    let texts: Vec<(&str, &str)> = TRAINING
        .iter()
        .flat_map(|(_, category, texts)| texts.iter().map(move |text| (*category, *text)))
        .collect();
    let inputs: Vec<Value> = texts
        .iter()
        .enumerate()
        .map(|(index, (_, text))| json!({"id": index.to_string(), "text": text}))
        .collect();
    let together = app.classify(&json!({"inputs": inputs})).expect(200);
    for (index, (category, text)) in texts.iter().enumerate() {
        let result = &together["results"][index];
        assert_eq!(result["id"], index.to_string());
        assert_eq!(result["category"], *category, "{text}");
        let alone = app.classify(&json!({"text": text})).expect(200);
        let difference =
            number(&alone["results"][0]["probability"]) - number(&result["probability"]);
        assert!(difference.abs() < 1e-3, "{text}: {difference}");
    }
}

#[test]
fn top_k_counts_the_best_category_too() {
    let app = spawn_app();
    for (top_k, alternatives) in [(1, 0), (2, 1), (4, 3), (100, 3)] {
        let body =
            app.classify(&json!({"text": "My card has not arrived", "top_k": top_k})).expect(200);
        let found = body["results"][0]["alternatives"].as_array().unwrap().len();
        assert_eq!(found, alternatives, "top_k {top_k}");
    }
    for top_k in [0, 101] {
        let answer = app.classify(&json!({"text": "My card has not arrived", "top_k": top_k}));
        assert_eq!(answer.expect_faults(), ["#/top_k"]);
    }
}

#[test]
fn below_the_auto_threshold_it_only_suggests() {
    let app = crate::helpers::spawn_app_with(|settings| {
        settings.classify.auto_threshold = recontact::probability::Probability::new(1.0).unwrap();
        settings.classify.suggest_threshold =
            recontact::probability::Probability::new(0.0).unwrap();
        settings.classify.min_margin = recontact::probability::Probability::new(0.0).unwrap();
    });
    let body = app.classify(&json!({"text": "Where is the money of my card top up?"})).expect(200);
    let result = &body["results"][0];
    assert_eq!(
        (&result["action"], &result["reason"]),
        (&json!("suggest"), &json!("below_auto_threshold"))
    );
    assert!(result["category"].is_string());
}

#[test]
fn two_categories_that_are_as_likely_are_an_abstention_with_both_named() {
    let app = crate::helpers::spawn_app_with(|settings| {
        settings.classify.suggest_threshold =
            recontact::probability::Probability::new(0.0).unwrap();
        settings.classify.min_margin = recontact::probability::Probability::new(1.0).unwrap();
    });
    let body = app.classify(&json!({"text": "Where is the money of my card top up?"})).expect(200);
    let result = &body["results"][0];
    assert_eq!((&result["action"], &result["reason"]), (&json!("abstain"), &json!("small_margin")));
    assert_eq!((&result["category"], &result["probability"]), (&Value::Null, &Value::Null));
    assert_eq!(result["alternatives"].as_array().unwrap().len(), 3);
}

#[test]
fn a_language_the_model_was_not_trained_on_is_an_abstention() {
    let app = spawn_app();
    for (text, language) in [
        ("Моя карта ещё не пришла, где она?", "ru"),
        ("Дзе мая картка? Я яшчэ не атрымаў яе", "be"),
        ("Де моя картка? Я її ще не отримав", "uk"),
        ("הכרטיס שלי לא הגיע עד עכשיו ואני לא יודע איפה הוא נמצא, אנא בדקו את זה", "he"),
        ("بطاقتي لم تصل بعد وأنا لا أعرف أين هي الآن، أرجو منكم التحقق من ذلك في أقرب وقت", "ar"),
    ] {
        let body = app.classify(&json!({"text": text})).expect(200);
        let result = &body["results"][0];
        assert_eq!(result["language"], language, "{text}");
        let is_foreign = result["reason"] == "unsupported_language";
        assert_eq!(is_foreign, language != "ru", "{result}");
        assert_eq!(result["category"].is_null(), is_foreign || result["action"] == "abstain");
    }
}

#[test]
fn emoji_and_control_characters_are_taken() {
    let app = spawn_app();
    let body = app.classify(&json!({"text": "🙂🙂"})).expect(200);
    assert_eq!(body["results"][0]["language"], Value::Null);
    let clean = app.classify(&json!({"text": "My card has not arrived"})).expect(200);
    let noisy =
        app.classify(&json!({"text": "My card\u{0} has\u{7} not\u{1b} arrived"})).expect(200);
    assert_eq!(noisy, clean);
}

#[test]
fn a_text_of_which_the_tokenizer_knows_nothing_is_an_abstention() {
    let app = spawn_app();
    // A private-use character is neither white space nor a control character to a reader, but to the tokenizer.
    let body = app.classify(&json!({"text": "\u{e000}"})).expect(200);
    let result = &body["results"][0];
    assert_eq!((&result["action"], &result["reason"]), (&json!("abstain"), &json!("no_tokens")));
    assert_eq!(result["alternatives"], json!([]));
}

#[test]
fn a_megabyte_is_read_as_far_as_the_model_goes_and_more_is_refused() {
    let app = spawn_app();
    let mut text = "my card has not arrived ".repeat(1 << 16);
    text.truncate(1 << 20);
    let body = app.classify(&json!({"text": text})).expect(200);
    let result = &body["results"][0];
    assert_eq!((&result["truncated"], &result["tokens_used"]), (&json!(true), &json!(128)));
    assert!(result["tokens_total"].as_u64().unwrap() > 100_000, "{result}");
    text.push('x');
    let answer = app.classify(&json!({"inputs": [{"text": "fine"}, {"text": text}]}));
    assert_eq!(answer.expect_faults(), ["#/inputs/1/text"]);
    assert!(answer.text().contains("1048577"), "{}", answer.text());
}

#[test]
fn every_text_without_a_visible_character_is_pointed_at() {
    let app = spawn_app();
    let inputs = json!({"inputs": [
        {"text": ""}, {"text": "card"}, {"text": " \t\r\n"}, {"text": "\u{0}\u{1f}"}, {"text": "\u{200b}\u{feff}"}
    ]});
    let answer = app.classify(&inputs);
    let expected = ["#/inputs/0/text", "#/inputs/2/text", "#/inputs/3/text", "#/inputs/4/text"];
    assert_eq!(answer.expect_faults(), expected);
    assert_eq!(app.classify(&json!({"text": "  "})).expect_faults(), ["#/text"]);
}

#[test]
fn no_texts_and_ten_thousand_texts_are_refused_with_the_limit() {
    let app = spawn_app();
    let none = app.classify(&json!({"inputs": []})).expect_problem(422, "too_many_items");
    insta::assert_json_snapshot!(none, @r##"
    {
      "code": "too_many_items",
      "detail": "#/inputs: expected 1 to 1000 items, got 0",
      "errors": [
        {
          "detail": "expected 1 to 1000 items, got 0",
          "pointer": "#/inputs"
        }
      ],
      "status": 422,
      "title": "The request holds no items or more than are accepted at once.",
      "type": "urn:recontact:problem:too_many_items"
    }
    "##);
    let inputs = vec![json!({"text": "card"}); 10_000];
    let many = app.classify(&json!({"inputs": inputs})).expect_problem(422, "too_many_items");
    assert_eq!(many["errors"][0]["detail"], "expected 1 to 1000 items, got 10000");
    let inputs = vec![json!({"text": "card"}); 1000];
    let body = app.classify(&json!({"inputs": inputs})).expect(200);
    assert_eq!(body["results"].as_array().unwrap().len(), 1000);
}

#[test]
fn inputs_and_text_together_or_neither_are_refused() {
    let app = spawn_app();
    for body in [json!({}), json!({"text": "a", "inputs": [{"text": "b"}]})] {
        assert_eq!(app.classify(&body).expect_faults(), ["#"]);
    }
}

/// A service whose categories have these parents, in the order of [`TRAINING`].
fn spawn_with_parents(parents: [&[&str]; 4]) -> TestApp {
    let folder = tempfile::tempdir().unwrap();
    let models = folder.path().join("models");
    trained::install_encoder(&models);
    let mut fitted = trained::fitted(&models);
    let labels = TRAINING.iter().zip(parents).map(|((_, category, _), parents)| Label {
        category: Name::parse(category).unwrap(),
        parents: parents.iter().map(|parent| Name::parse(parent).unwrap()).collect(),
    });
    fitted.0.labels = LabelSet::new(labels.collect()).unwrap();
    // So flat that every category has a part in every answer.
    fitted.0.temperature = 4.0;
    trained::write_head(&models, ModelKind::Category, "uneven-1", fitted, None);
    Registry::new(&models).promote(ModelKind::Category, "uneven-1").unwrap();
    spawn_app_in(folder, |settings| {
        let zero = recontact::probability::Probability::new(0.0).unwrap();
        (settings.classify.suggest_threshold, settings.classify.min_margin) = (zero, zero);
    })
}

#[test]
fn where_branches_have_different_depths_each_parent_is_the_sum_of_its_children() {
    let parents: [&[&str]; 4] =
        [&["cards", "delivery", "by_post"], &["cards"], &["cards", "delivery"], &[]];
    let app = spawn_with_parents(parents);
    for (_, category, texts) in TRAINING {
        let body = app.classify(&json!({"text": texts[0], "top_k": 4})).expect(200);
        let result = &body["results"][0];
        assert_eq!(result["category"], category);
        let mut of = std::collections::BTreeMap::from([(category, number(&result["probability"]))]);
        for other in result["alternatives"].as_array().unwrap() {
            of.insert(other["label"].as_str().unwrap(), number(&other["probability"]));
        }
        assert!((of.values().sum::<f64>() - 1.0).abs() < 1e-6, "{result}");
        let below = |parent: &str| {
            let all = TRAINING.iter().zip(parents).filter(|(_, above)| above.contains(&parent));
            all.map(|((_, category, _), _)| of[category]).sum::<f64>()
        };
        let at = TRAINING.iter().position(|(_, known, _)| *known == category).unwrap();
        let expected: Vec<(&str, f64)> = parents[at]
            .iter()
            .map(|parent| (*parent, below(parent)))
            .chain([(category, of[category])])
            .collect();
        let path = result["path"].as_array().unwrap();
        assert_eq!(path.len(), expected.len(), "{result}");
        for (told, (label, probability)) in path.iter().zip(expected) {
            assert_eq!(told["label"], label, "{result}");
            assert!((number(&told["probability"]) - probability).abs() < 1e-6, "{result}");
        }
        // What stands at the top is a branch of its own.
        let tops = [("cards", below("cards")), ("exchange_rate", of["exchange_rate"])];
        let best = tops.into_iter().max_by(|a, b| a.1.total_cmp(&b.1)).unwrap();
        assert_eq!(result["area"]["label"], best.0, "{result}");
        assert!((number(&result["area"]["probability"]) - best.1).abs() < 1e-6, "{result}");
    }
}

#[test]
fn a_taxonomy_of_one_level_has_neither_areas_nor_paths() {
    let app = spawn_with_parents([&[], &[], &[], &[]]);
    let body = app.classify(&json!({"text": "My card has not arrived"})).expect(200);
    let result = &body["results"][0];
    assert_eq!((&result["area"], &result["path"]), (&Value::Null, &json!([])));
}
