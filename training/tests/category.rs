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

/// The encoder that the project ships.
fn shipped() -> PathBuf {
    repository().join("models/encoder/minilm-l3-support")
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
    let dir = tempfile::tempdir().unwrap();
    let test = dir.path().join("test.csv");
    fs::write(&test, banking("test.csv", 20)).unwrap();
    let more = ["--test", test.to_str().unwrap(), "--json"];
    let output = train(dir.path(), banking("train.csv", 30).as_bytes(), &shipped(), &more);
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
        encoder: Some(shipped().display().to_string()),
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

/// Trains as [`train`] does and gives the report and the folder.
fn trained(content: &[u8], more: &[&str]) -> (Value, tempfile::TempDir, String) {
    trained_on(&tiny_bert(), content, more)
}

fn trained_on(encoder: &Path, content: &[u8], more: &[&str]) -> (Value, tempfile::TempDir, String) {
    let dir = tempfile::tempdir().unwrap();
    let output = train(dir.path(), content, encoder, &[more, &["--json"]].concat());
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{told}");
    (serde_json::from_slice(&output.stdout).unwrap(), dir, told)
}

#[test]
fn labels_that_differ_only_by_case_or_spaces_are_one_label() {
    let csv = format!("{}where is my card,Card_Arrival\n", two_categories());
    let (report, _dir, told) = trained(csv.as_bytes(), &[]);
    assert_eq!(report["data"]["labels"], 2);
    assert!(told.contains("Card_Arrival") && told.contains("only by case"), "{told}");
}

#[test]
fn rows_with_a_label_of_the_test_part_alone_count_as_wrong() {
    let files = tempfile::tempdir().unwrap();
    let test = files.path().join("test.csv");
    fs::write(&test, "text,category\nmy card has not arrived,card_arrival\nclose it,closing\n")
        .unwrap();
    let more = ["--test", test.to_str().unwrap()];
    let (report, _dir, told) = trained(two_categories().as_bytes(), &more);
    assert_eq!(report["test"]["rows"], 2);
    assert_eq!(report["test"]["accuracy"], 0.5);
    assert_eq!(report["data"]["labels_only_in_test"], json!(["closing"]));
    assert!(told.contains("closing"), "{told}");
}

#[test]
fn corrections_count_above_the_table_and_are_told_with_author_and_time() {
    let files = tempfile::tempdir().unwrap();
    let corrections = files.path().join("corrections.csv");
    fs::write(
        &corrections,
        "contact_id,head,label,author,occurred_at,text\n\
         c-1,category,переводы,anna,2026-01-05T09:00:00Z,\n\
         c-1,category,card_arrival,boris,2026-01-04T09:00:00Z,\n\
         c-0,kind,complaint,anna,2026-01-05T09:00:00Z,\n\
         c-99,category,переводы,anna,2026-01-06T09:00:00Z,мой перевод потерялся\n\
         c-98,category,переводы,anna,2026-01-07T09:00:00Z,\n",
    )
    .unwrap();
    let mut csv = "id,text,category\n".to_owned();
    for (n, line) in two_categories().lines().skip(1).enumerate() {
        writeln!(csv, "c-{},{line}", n + 1).unwrap();
    }
    let more = ["--id", "id", "--corrections", corrections.to_str().unwrap()];
    let (report, dir, _) = trained(csv.as_bytes(), &more);
    let applied = &report["data"]["corrections"];
    assert_eq!(
        [&applied["changed"], &applied["added"], &applied["unmatched"]],
        [&json!(1), &json!(1), &json!(1)],
        "{applied}"
    );
    assert_eq!(applied["last"], "2026-01-07T09:00:00Z");
    let card = fs::read_to_string(dir.path().join("models/category/v1/card.md")).unwrap();
    assert!(card.contains("People set labels right") && card.contains("anna"), "{card}");
}

#[test]
fn corrections_without_a_column_to_find_contacts_by_are_refused() {
    let message = refusal(two_categories().as_bytes(), &["--corrections", "none.csv"]);
    assert!(message.contains("none.csv") || message.contains("--id"), "{message}");
}

#[test]
fn words_alone_learn_without_an_encoder_and_methods_that_need_one_say_so() {
    let (dir, file) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let table = file.path().join("train.csv");
    fs::write(&table, two_categories()).unwrap();
    let run = |method: &str| {
        Command::new(env!("CARGO_BIN_EXE_recontact-train"))
            .args(["category", "--method", method, "--json"])
            .args(["--train".as_ref(), table.as_os_str()])
            .args(["--out".as_ref(), dir.path().join(method).as_os_str()])
            .output()
            .unwrap()
    };
    let output = run("lexical");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["test"]["accuracy"], 1.0);
    let refused = run("joint");
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8(refused.stderr).unwrap().contains("--encoder"));
}

#[test]
fn a_tuned_encoder_stands_in_its_own_folder_and_the_model_belongs_to_it() {
    let files = tempfile::tempdir().unwrap();
    let config = files.path().join("tune.toml");
    fs::write(&config, "[tune]\nepochs = 2\nbatch = 8\n").unwrap();
    // The beginning and two epochs; fine-tune learns from all texts for two more.
    for (method, epochs) in [("few-shot", 3), ("fine-tune", 5)] {
        let encoder = files.path().join(format!("{method}-encoder"));
        let more = [
            "--method",
            method,
            "--encoder-out",
            encoder.to_str().unwrap(),
            "--config",
            config.to_str().unwrap(),
        ];
        let contacts = banking("train.csv", 12);
        let (report, dir, _) = trained_on(&shipped(), contacts.as_bytes(), &more);
        assert_eq!(report["tuning"].as_array().unwrap().len(), epochs, "{report}");
        assert!(report["test"]["accuracy"].as_f64().unwrap() > 0.9, "{report}");
        let manifest = fs::read(dir.path().join("models/category/v1/manifest.json")).unwrap();
        let manifest: Value = serde_json::from_slice(&manifest).unwrap();
        assert_eq!(manifest["model"]["encoder"]["name"], format!("{method}-encoder"));
        let left: Vec<_> = fs::read_dir(files.path()).unwrap().flatten().collect();
        assert!(left.iter().all(|e| !e.file_name().to_string_lossy().ends_with("partial")));
    }
    let taken = ["--method", "few-shot", "--encoder-out", files.path().to_str().unwrap()];
    let message = refusal(two_categories().as_bytes(), &taken);
    assert!(message.contains("--encoder-out"), "{message}");
}

#[test]
fn auto_compares_a_tuned_encoder_where_there_is_the_time_and_keeps_it_only_if_it_is_better() {
    let files = tempfile::tempdir().unwrap();
    let (models, config) = (files.path().to_str().unwrap(), files.path().join("tune.toml"));
    // At such a rate nothing is learnt, so it cannot be better.
    let still = "c_grid = [10.0]\n[tune]\nepochs = 1\nbatch = 8\nrate = 1e-30\n";
    fs::write(&config, still).unwrap();
    let contacts = banking("train.csv", 20);
    let more = ["--method", "auto", "--minutes", "600", "--models", models];
    let more = [&more[..], &["--config", config.to_str().unwrap()]].concat();
    let (report, dir, _) = trained_on(&shipped(), contacts.as_bytes(), &more);
    let tuned = &report["choice"]["tuned"];
    assert_eq!(tuned["method"], "few-shot", "16 texts a label are few: {report}");
    assert!(tuned["rows"].as_u64().unwrap() > 10, "{report}");
    let manifest = fs::read(dir.path().join("models/category/v1/manifest.json")).unwrap();
    let manifest: Value = serde_json::from_slice(&manifest).unwrap();
    let is_taken = manifest["model"]["encoder"]["name"] == "v1";
    let is_gain = tuned["gain"].as_f64().unwrap() >= tuned["standard_error"].as_f64().unwrap();
    assert!(is_gain || !is_taken, "{report}");
    assert_eq!(files.path().join("encoder/v1").is_dir(), is_taken, "{report}");
    assert_eq!(report["data"]["label_names"], 6, "such names tell: {report}");
    assert_eq!(report["choice"]["tried"].as_array().unwrap().len(), 5, "{report}");
}

#[test]
fn auto_never_removes_an_encoder_that_was_there_before() {
    let files = tempfile::tempdir().unwrap();
    let (encoder, config) = (files.path().join("encoder"), files.path().join("tune.toml"));
    fs::write(&config, "c_grid = [10.0]\n[tune]\nepochs = 1\nbatch = 8\n").unwrap();
    let (place, config) = (encoder.to_str().unwrap(), config.to_str().unwrap());
    let contacts = banking("train.csv", 12);
    let run = |method: &str| {
        let more = ["--method", method, "--encoder-out", place, "--config", config];
        trained_on(&shipped(), contacts.as_bytes(), &more)
    };
    run("few-shot");
    let (report, _dir, told) = run("auto");
    assert!(told.contains("is taken as it is"), "{told}");
    assert_eq!(report["choice"]["tuned"]["method"], "few-shot", "{report}");
    assert!(encoder.join("model.safetensors").is_file(), "a model may read it");
}

#[test]
fn auto_leaves_out_what_takes_longer_than_there_is_time_and_says_so() {
    let contacts = banking("train.csv", 30);
    let more = ["--method", "auto", "--minutes", "0"];
    let (report, dir, _) = trained_on(&shipped(), contacts.as_bytes(), &more);
    let not_tried = report["choice"]["not_tried"].as_array().unwrap();
    let names: Vec<&str> = not_tried.iter().map(|n| n["method"].as_str().unwrap()).collect();
    assert_eq!(names, ["joint", "combined", "fine-tune"]);
    for left_out in not_tried {
        assert!(left_out["reason"].as_str().unwrap().contains("--minutes 0"), "{left_out}");
    }
    let card = fs::read_to_string(dir.path().join("models/category/v1/card.md")).unwrap();
    assert!(card.contains("fine-tune was not tried"), "{card}");
    assert!(card.contains("Method asked for: `auto`"), "{card}");
    let message = refusal(two_categories().as_bytes(), &["--minutes", "5"]);
    assert!(message.contains("--minutes is for --method auto"), "{message}");
}

#[test]
fn descriptions_of_labels_are_enough_for_zero_shot() {
    let files = tempfile::tempdir().unwrap();
    let test = files.path().join("test.csv");
    fs::write(&test, banking("test.csv", 20)).unwrap();
    let descriptions =
        b"text,category\nmy card has not arrived,card_arrival\nI have blocked my PIN,pin_blocked\n\
        what is the exchange rate,exchange_rate\nmy top up failed,top_up_failed\n\
        how old do I have to be,age_limit\nI want to cancel a transfer,cancel_transfer\n";
    let more = ["--method", "zero-shot", "--test", test.to_str().unwrap()];
    let (report, _dir, _) = trained_on(&shipped(), descriptions, &more);
    assert_eq!(report["test"]["rows"], 120);
    assert!(report["test"]["accuracy"].as_f64().unwrap() > 0.8, "{report}");
    let message = refusal(descriptions, &["--method", "zero-shot"]);
    assert!(message.contains("--test"), "{message}");
}
