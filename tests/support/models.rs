//! A folder of models that serve: a tiny encoder with random weights, a category head fitted here on its embeddings, and
//! the risk model that the project ships.

use recontact::classify::category::{Label, LabelSet};
use recontact::classify::encoder::{InferenceOptions, TextEncoder};
use recontact::classify::head::{HeadDescription, LexicalPart, TextHead, WEIGHTS, softmax};
use recontact::registry::{Artifact, Manifest, ModelKind, Registry};
use recontact::ticket::Name;
use recontact::timestamp::Timestamp;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The name of the encoder below `models/encoder`.
pub(crate) const ENCODER: &str = "tiny-bert";
/// The live category model.
pub(crate) const CATEGORY: &str = "cards-1";
/// The live risk model.
pub(crate) const RISK: &str = "incidents-1";

/// What the category model is fitted on: area, category and texts.
pub(crate) const TRAINING: [(&str, &str, [&str; 2]); 4] = [
    ("cards", "card_arrival", ["My card has not arrived", "When will my new card come?"]),
    (
        "cards",
        "lost_card",
        ["I have lost my card on the street", "Я потерял свою карту, что мне теперь делать?"],
    ),
    ("transfers", "top_up_failed", ["My top up failed again", "Why did my top-up not go through?"]),
    (
        "transfers",
        "exchange_rate",
        ["What is the exchange rate today?", "Какой сегодня курс обмена валют?"],
    ),
];

/// Fills `models` with an encoder, a live category model and a live risk model.
pub(crate) fn install(models: &Path) {
    install_encoder(models);
    write_category_model(models, CATEGORY);
    let registry = Registry::new(models);
    registry.promote(ModelKind::Category, CATEGORY).unwrap();
    copy_risk_model(models, RISK);
    registry.promote(ModelKind::Risk, RISK).unwrap();
}

/// Puts the tiny encoder below `models/encoder`.
pub(crate) fn install_encoder(models: &Path) {
    let folder = models.join("encoder");
    fs::create_dir_all(&folder).unwrap();
    std::os::unix::fs::symlink(
        root().join("tests/fixtures/encoders").join(ENCODER),
        folder.join(ENCODER),
    )
    .unwrap();
}

/// Fits a head on [`TRAINING`] and writes it as a model folder.
pub(crate) fn write_category_model(models: &Path, version: &str) {
    write_category_model_at(models, version, 1.0);
}

/// The same with a temperature.
pub(crate) fn write_category_model_at(models: &Path, version: &str, temperature: f64) {
    let mut fitted = fitted(models);
    fitted.0.temperature = temperature;
    write_head(models, ModelKind::Category, version, fitted, None);
}

/// What a head is made of.
pub(crate) type Fitted = (HeadDescription, Vec<f32>, Vec<f32>);

pub(crate) fn write_head(
    models: &Path,
    kind: ModelKind,
    version: &str,
    fitted: Fitted,
    words: Option<LexicalPart>,
) {
    let (description, weights, biases) = fitted;
    let terms: &[String] = if words.is_some() { &["card".to_owned()] } else { &[] };
    let head = TextHead::new(description, weights, biases, words).unwrap();
    let files = BTreeMap::from([(WEIGHTS.to_owned(), head.to_safetensors(terms).unwrap())]);
    let folder = Registry::new(models).folder(kind, version);
    Artifact::write(&folder, manifest(&head, kind), files, "# Cards\n").unwrap();
}

pub(crate) fn fitted(models: &Path) -> Fitted {
    let encoder = TextEncoder::load(
        &models.join("encoder").join(ENCODER),
        None,
        &InferenceOptions::default(),
    )
    .unwrap();
    let texts: Vec<&str> = TRAINING.iter().flat_map(|(_, _, texts)| *texts).collect();
    let vectors = encoder.embed(&texts).unwrap();
    let examples: Vec<(&[f32], usize)> = vectors
        .iter()
        .enumerate()
        .map(|(index, embedding)| (embedding.vector.as_slice(), index / TRAINING[0].2.len()))
        .collect();
    let (weights, biases) = fit(&examples, TRAINING.len());
    let labels = TRAINING.iter().map(|(area, category, _)| Label {
        category: Name::parse(category).unwrap(),
        parents: vec![Name::parse(area).unwrap()],
    });
    let description = HeadDescription {
        encoder: Some(encoder.identity().clone()),
        labels: LabelSet::new(labels.collect()).unwrap(),
        languages: vec!["en".to_owned(), "ru".to_owned()],
        temperature: 1.0,
        lexical: None,
        scope: None,
    };
    (description, weights, biases)
}

/// Multinomial logistic regression by gradient descent: a row of weights and a bias for each label.
fn fit(examples: &[(&[f32], usize)], labels: usize) -> (Vec<f32>, Vec<f32>) {
    let dimension = examples[0].0.len();
    let (mut weights, mut biases) = (vec![0.0; labels * dimension], vec![0.0; labels]);
    for _ in 0..500 {
        for (vector, label) in examples {
            let scores = (0..labels).map(|row| {
                let own = &weights[row * dimension..(row + 1) * dimension];
                f64::from(biases[row] + own.iter().zip(*vector).map(|(w, x)| w * x).sum::<f32>())
            });
            for (row, probability) in softmax(scores.collect(), 1.0).into_iter().enumerate() {
                #[expect(clippy::cast_possible_truncation, reason = "weights are single precision")]
                let step = (f64::from(u8::from(row == *label)) - probability) as f32;
                biases[row] += step;
                for (weight, x) in weights[row * dimension..].iter_mut().zip(*vector) {
                    *weight += step * x;
                }
            }
        }
    }
    (weights, biases)
}

fn manifest(head: &TextHead, kind: ModelKind) -> Manifest {
    Manifest {
        format: 1,
        kind,
        version: String::new(),
        created_at: Timestamp::parse("2026-01-05T09:00:00Z").unwrap(),
        program: "recontact tests".to_owned(),
        data: Vec::new(),
        parameters: serde_json::json!({}),
        model: serde_json::to_value(head.description()).unwrap(),
        metrics: serde_json::json!({"test": {"accuracy": 1.0}}),
        files: BTreeMap::new(),
    }
}

/// Copies the shipped risk model to a folder of another name.
pub(crate) fn copy_risk_model(models: &Path, version: &str) {
    let folder = models.join("risk").join(version);
    fs::create_dir_all(&folder).unwrap();
    for entry in fs::read_dir(root().join("models/risk").join(RISK)).unwrap() {
        let file = entry.unwrap();
        fs::copy(file.path(), folder.join(file.file_name())).unwrap();
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
