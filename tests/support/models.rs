//! A folder of models that serve: a tiny encoder with random weights, a category head fitted here on its embeddings, and
//! the risk model that the project ships.

use recontact::classify::category::{Label, LabelSet};
use recontact::classify::encoder::TextEncoder;
use recontact::classify::head::{CategoryHead, HeadDescription, WEIGHTS};
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
    ("cards", "lost_card", ["I have lost my card on the street", "Моя карта потерялась, помогите"]),
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
    std::os::unix::fs::symlink(root().join("tests/fixtures/encoders").join(ENCODER), folder.join(ENCODER))
        .unwrap();
}

/// Fits a nearest-centroid head on [`TRAINING`] and writes it as a model folder.
pub(crate) fn write_category_model(models: &Path, version: &str) {
    let encoder = TextEncoder::load(&models.join("encoder").join(ENCODER), None).unwrap();
    let (mut weights, mut biases) = (Vec::new(), Vec::new());
    for (_, _, texts) in &TRAINING {
        let vectors = encoder.embed(texts).unwrap();
        let centroid: Vec<f32> =
            (0..encoder.identity().dimension).map(|i| mean(vectors.iter().map(|v| v.vector[i]))).collect();
        // The nearest centroid has the highest w·x + b.
        biases.push(-SHARPNESS / 2.0 * centroid.iter().map(|x| x * x).sum::<f32>());
        weights.extend(centroid.iter().map(|x| SHARPNESS * x));
    }
    let labels = TRAINING.iter().map(|(area, category, _)| Label {
        category: Name::parse(category).unwrap(),
        area: Some(Name::parse(area).unwrap()),
    });
    let description = HeadDescription {
        encoder: encoder.identity().clone(),
        labels: LabelSet::new(labels.collect()).unwrap(),
        languages: vec!["en".to_owned(), "ru".to_owned()],
        temperature: 1.0,
    };
    let head = CategoryHead::new(description, weights, biases).unwrap();
    let files = BTreeMap::from([(WEIGHTS.to_owned(), head.to_safetensors().unwrap())]);
    let folder = Registry::new(models).folder(ModelKind::Category, version);
    Artifact::write(&folder, manifest(&head), files, "# Cards\n").unwrap();
}

/// How much likelier the nearest centroid is than the others.
const SHARPNESS: f32 = 200.0;

fn manifest(head: &CategoryHead) -> Manifest {
    Manifest {
        format: 1,
        kind: ModelKind::Category,
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

fn mean(values: impl ExactSizeIterator<Item = f32>) -> f32 {
    #[expect(clippy::cast_precision_loss, reason = "a handful of texts")]
    let count = values.len() as f32;
    values.sum::<f32>() / count
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
