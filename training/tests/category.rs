//! Category training through the real command line: faults are named, and a trained model serves a request.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use recontact::config::{CommandLineSettings, Settings};
use recontact::registry::{ModelKind, Registry};
use recontact::server::Service;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::mpsc;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn tiny_bert() -> PathBuf {
    repository().join("tests/fixtures/encoders/tiny-bert")
}

fn minilm() -> PathBuf {
    repository().join("models/encoder/all-MiniLM-L6-v2")
}

/// Runs `recontact-train category` on a training file of this content.
fn train(dir: &Path, content: &[u8], encoder: &Path, more: &[&str]) -> Output {
    let file = dir.join("train.csv");
    fs::write(&file, content).unwrap();
    Command::new(env!("CARGO_BIN_EXE_recontact-train"))
        .arg("category")
        .args(["--train".as_ref(), file.as_os_str()])
        .args(["--encoder".as_ref(), encoder.as_os_str()])
        .args(["--out".as_ref(), dir.join("models/category/v1").as_os_str()])
        .args(more)
        .output()
        .unwrap()
}

/// The message of a run that must fail with exit code 2 and write nothing.
fn refusal(content: &[u8], more: &[&str]) -> String {
    let dir = tempfile::tempdir().unwrap();
    let output = train(dir.path(), content, &tiny_bert(), more);
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(!dir.path().join("models/category/v1").exists());
    message
}

/// Forty texts of two categories, in two languages.
fn two_categories() -> String {
    (0..20).fold("text,category\n".to_owned(), |mut csv, n| {
        writeln!(csv, "my card number {n} has not arrived,card_arrival").unwrap();
        writeln!(csv, "перевод {n} не пришёл,переводы").unwrap();
        csv
    })
}

#[test]
fn a_label_with_one_example_is_refused_by_name() {
    let message = refusal(format!("{}please close,lonely\n", two_categories()).as_bytes(), &[]);
    assert!(message.contains("lonely") && message.contains("1 training example"), "{message}");
}

#[test]
fn every_faulty_row_is_named_with_file_row_and_column() {
    let csv = format!("{}\"  \",card_arrival\nwhere is it,\n", two_categories());
    let message = refusal(csv.as_bytes(), &[]);
    assert!(message.contains("train.csv, row 41, column text"), "{message}");
    assert!(message.contains("train.csv, row 42, column category"), "{message}");
}

#[test]
fn a_missing_column_is_named_with_those_there_are() {
    let message = refusal(two_categories().as_bytes(), &["--label", "intent"]);
    assert!(message.contains("intent") && message.contains("text, category"), "{message}");
}

#[test]
fn a_single_category_is_refused() {
    let message = refusal(b"text,category\na b,x\nc d,x\ne f,x\n", &[]);
    assert!(message.contains("at least 2 categories"), "{message}");
}

#[test]
fn a_configuration_with_an_unknown_or_wrong_parameter_is_refused_by_name() {
    for (toml, named) in
        [("sed = 1\n", "sed"), ("c_grid = [0.0]\n", "c_grid"), ("test_share = 1.5\n", "test_share")]
    {
        let dir = tempfile::tempdir().unwrap();
        let config = dir.path().join("config.toml");
        fs::write(&config, toml).unwrap();
        let message = refusal(two_categories().as_bytes(), &["--config", config.to_str().unwrap()]);
        assert!(message.contains(named), "{message}");
    }
}

#[test]
fn a_missing_encoder_is_refused_by_its_folder() {
    let dir = tempfile::tempdir().unwrap();
    let output = train(dir.path(), two_categories().as_bytes(), &dir.path().join("none"), &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("none"));
}

#[test]
fn semicolons_a_byte_order_mark_and_carriage_returns_make_no_difference() {
    let plain = two_categories();
    let other = format!("\u{FEFF}{}", plain.replace(',', ";").replace('\n', "\r\n"));
    let weights = |content: &str| {
        let dir = tempfile::tempdir().unwrap();
        let output = train(dir.path(), content.as_bytes(), &tiny_bert(), &[]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        fs::read(dir.path().join("models/category/v1/weights.safetensors")).unwrap()
    };
    assert_eq!(weights(&plain), weights(&other));
}

#[test]
fn a_model_folder_is_never_overwritten() {
    let dir = tempfile::tempdir().unwrap();
    assert!(train(dir.path(), two_categories().as_bytes(), &tiny_bert(), &[]).status.success());
    let again = train(dir.path(), two_categories().as_bytes(), &tiny_bert(), &[]);
    assert_eq!(again.status.code(), Some(2));
    assert!(String::from_utf8(again.stderr).unwrap().contains("not empty"));
}

/// Real contacts of six categories, as many of each as asked for.
fn banking(file: &str, per_category: usize) -> String {
    let wanted = [
        "card_arrival",
        "pin_blocked",
        "exchange_rate",
        "top_up_failed",
        "age_limit",
        "cancel_transfer",
    ];
    let mut counts = [0; 6];
    let mut reader =
        csv::Reader::from_path(repository().join("data/banking77").join(file)).unwrap();
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["text", "category"]).unwrap();
    for record in reader.records() {
        let record = record.unwrap();
        if let Some(at) = wanted.iter().position(|category| *category == &record[1]) {
            counts[at] += 1;
            if counts[at] <= per_category {
                writer.write_record(&record).unwrap();
            }
        }
    }
    String::from_utf8(writer.into_inner().unwrap()).unwrap()
}

#[test]
fn a_model_trained_on_real_contacts_beats_the_baselines_and_then_serves_a_request() {
    if !minilm().join("model.safetensors").exists() {
        assert!(
            std::env::var("RECONTACT_REQUIRE_ENCODER").as_deref() != Ok("1"),
            "all-MiniLM-L6-v2 is missing"
        );
        eprintln!(
            "SKIPPED training on real contacts: all-MiniLM-L6-v2 is missing; `make test` gets it"
        );
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let test = dir.path().join("test.csv");
    fs::write(&test, banking("test.csv", 20)).unwrap();
    let more = ["--test", test.to_str().unwrap(), "--json"];
    let output = train(dir.path(), banking("train.csv", 30).as_bytes(), &minilm(), &more);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let accuracy = |pointer: &str| report.pointer(pointer).unwrap()["accuracy"].as_f64().unwrap();
    assert!(accuracy("/test") >= 0.9, "{report}");
    assert!(accuracy("/test") > accuracy("/baselines/tfidf_centroid"), "{report}");
    assert!(accuracy("/test") > accuracy("/baselines/majority"), "{report}");

    let answer =
        serve_and_classify(dir.path(), "My new card is still not here, when will it arrive?");
    assert_eq!(answer["model"]["version"], "v1");
    assert_eq!(answer["results"][0]["category"], "card_arrival", "{answer}");
    assert_eq!(answer["results"][0]["language"], "en");
}

/// Promotes the model below `dir`, starts the real service on it and classifies one text over HTTP.
fn serve_and_classify(dir: &Path, text: &str) -> Value {
    let models = dir.join("models");
    Registry::new(&models).promote(ModelKind::Category, "v1").unwrap();
    let settings = Settings::load(&CommandLineSettings {
        listen: "127.0.0.1:0".parse().ok(),
        database: Some(format!("sqlite:{}", dir.join("recontact.db").display())),
        customer_key_file: Some(dir.join("customer.key")),
        encoder: Some(minilm().display().to_string()),
        models: Some(models),
        ..CommandLineSettings::default()
    })
    .unwrap();
    let (started, service) = mpsc::channel();
    let server = std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async {
            let service = Service::start(settings).await.unwrap();
            started.send((service.address, service.handle())).unwrap();
            service.run().await.unwrap();
        });
    });
    let (address, handle) = service.recv().unwrap();
    let mut response = ureq::post(format!("http://{address}/v1/classify"))
        .send_json(json!({ "text": text }))
        .unwrap();
    let answer = response.body_mut().read_json().unwrap();
    drop(handle.stop(true));
    server.join().unwrap();
    answer
}

#[test]
fn texts_are_cleaned_as_the_service_does_and_manifest_and_card_say_so() {
    let csv = two_categories().replace("has not arrived", "has not arrived <b>!</b>");
    let quoted_only = format!("{csv}\"> Your card is on its way\",card_arrival\n");
    let learnt = |more: &[&str]| {
        let dir = tempfile::tempdir().unwrap();
        let output = train(dir.path(), quoted_only.as_bytes(), &tiny_bert(), more);
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{told}");
        let folder = dir.path().join("models/category/v1");
        let manifest = fs::read(folder.join("manifest.json")).unwrap();
        let manifest: Value = serde_json::from_slice(&manifest).unwrap();
        let card = fs::read_to_string(folder.join("card.md")).unwrap();
        (told, manifest["parameters"]["cleaned"].clone(), card)
    };
    let (told, cleaned, card) = learnt(&[]);
    assert_eq!(cleaned, json!(true));
    assert!(told.contains("would leave nothing of 1 text"), "{told}");
    assert!(card.contains("Quoted mail, signatures, markup and legal notices were cut"), "{card}");
    let (told, cleaned, card) = learnt(&["--no-clean"]);
    assert_eq!(cleaned, json!(false));
    assert!(!told.contains("would leave nothing"), "{told}");
    assert!(card.contains("Texts were taken as they are"), "{card}");
}
