use crate::helpers::spawn_app;
use serde_json::{Value, json};

fn vector(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

#[test]
fn texts_become_vectors_of_length_one_beside_their_token_counts() {
    let app = spawn_app();
    let body = app.embed(&json!({"inputs": ["My card has not arrived", "карта"]})).expect(200);
    assert_eq!(body["model"]["name"], "tiny-bert");
    assert_eq!(body["model"]["version"].as_str().unwrap().len(), 12);
    for embedding in body["embeddings"].as_array().unwrap() {
        let length: f64 = vector(embedding).iter().map(|x| x * x).sum();
        assert!((length - 1.0).abs() < 1e-5, "{length}");
        assert_eq!(vector(embedding).len(), 32);
    }
    let rest = [&body["embeddings"], &body["tokens"], &body["tokens_total"], &body["truncated"]];
    assert!(rest.iter().all(|list| list.as_array().unwrap().len() == 2), "{body}");
    assert_eq!(body["tokens"], body["tokens_total"]);
    assert_eq!(body["truncated"], json!([false, false]));
}

#[test]
fn a_single_text_gives_the_same_vector_as_in_a_list() {
    let app = spawn_app();
    let alone = app.embed(&json!({"inputs": "My card has not arrived"})).expect(200);
    let listed = app.embed(&json!({"inputs": ["карта", "My card has not arrived"]})).expect(200);
    let pairs = vector(&alone["embeddings"][0]).into_iter().zip(vector(&listed["embeddings"][1]));
    for (one, other) in pairs {
        assert!((one - other).abs() < 1e-5);
    }
}

#[test]
fn what_cannot_be_embedded_is_pointed_at() {
    let app = spawn_app();
    let answer = app.embed(&json!({"inputs": ["card", " ", ""]}));
    assert_eq!(answer.expect_faults(), ["#/inputs/1", "#/inputs/2"]);
    for inputs in [json!(1), json!(null), json!(["card", 1])] {
        let problem = app.embed(&json!({"inputs": inputs})).expect_problem(422, "invalid_input");
        assert_eq!(problem["errors"][0]["pointer"], "#/inputs");
        assert_eq!(problem["errors"][0]["detail"], "expected a text or a list of texts");
    }
    app.embed(&json!({"inputs": []})).expect_problem(422, "too_many_items");
    app.embed(&json!({"inputs": vec!["card"; 10_000]})).expect_problem(422, "too_many_items");
}

#[test]
fn a_long_text_is_truncated_and_says_so() {
    let app = spawn_app();
    let body = app.embed(&json!({"inputs": ["card ".repeat(500)]})).expect(200);
    assert_eq!((&body["truncated"], &body["tokens"]), (&json!([true]), &json!([128])));
    assert!(body["tokens_total"][0].as_u64().unwrap() >= 502);
}
