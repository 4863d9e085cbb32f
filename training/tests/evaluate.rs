//! `recontact-train evaluate` and `compare` as a data scientist runs them, and what a promotion makes of a comparison.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up must fail")]

use recontact::registry::promotion::{Grounds, Note};
use recontact::registry::{Comparison, ModelKind, Registry};
use recontact::timestamp::Timestamp;
use serde_json::Value;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn train(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_recontact-train")).args(arguments).output().unwrap()
}

fn json(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn refusal(output: &Output) -> String {
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{message}");
    message
}

const CATEGORIES: [&str; 6] = [
    "card_arrival",
    "pin_blocked",
    "exchange_rate",
    "top_up_failed",
    "age_limit",
    "cancel_transfer",
];

/// Real contacts of six categories, with a channel and a team made up for them.
fn banking(file: &str, per_category: usize) -> String {
    let mut counts = [0; 6];
    let path = root().join("data/banking77").join(file);
    let mut reader = csv::Reader::from_path(path).unwrap();
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["text", "category", "channel", "team"]).unwrap();
    for record in reader.records() {
        let record = record.unwrap();
        let Some(at) = CATEGORIES.iter().position(|category| *category == &record[1]) else {
            continue;
        };
        counts[at] += 1;
        if counts[at] <= per_category {
            let channel = if counts[at] % 3 == 0 { "" } else { "email" };
            let team = if at < 2 { "cards" } else { "money" };
            writer.write_record([&record[0], &record[1], channel, team]).unwrap();
        }
    }
    String::from_utf8(writer.into_inner().unwrap()).unwrap()
}

/// A folder with models of words, and `test.csv` to ask them about.
struct Desk {
    folder: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("test.csv"), banking("test.csv", 30)).unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> String {
        text(&self.folder.path().join(name)).to_owned()
    }

    /// Trains a model of words on so many texts of each category.
    fn model(&self, version: &str, content: &str, more: &[&str]) -> String {
        let data = self.path(&format!("{version}.csv"));
        fs::write(&data, content).unwrap();
        let out = self.path(&format!("models/category/{version}"));
        let mut arguments = vec!["category", "--train", &data, "--out", &out];
        arguments.extend(["--method", "lexical", "--json"]);
        arguments.extend(more);
        json(&train(&arguments));
        out
    }

    fn evaluate(&self, model: &str, data: &str, more: &[&str]) -> Output {
        let data = self.path(data);
        let mut arguments = vec!["evaluate", "--model", model, "--data", &data, "--draws", "200"];
        arguments.extend(more);
        train(&arguments)
    }

    fn compare(&self, a: &str, b: &str, more: &[&str]) -> Output {
        let data = self.path("test.csv");
        let mut arguments = vec!["compare", "--a", a, "--b", b, "--data", &data, "--draws", "200"];
        arguments.extend(more);
        train(&arguments)
    }
}

fn number(value: &Value, pointer: &str) -> f64 {
    let found = value.pointer(pointer).and_then(Value::as_f64);
    assert!(found.is_some(), "{pointer} in {value}");
    found.unwrap()
}

fn list<'v>(value: &'v Value, pointer: &str) -> &'v Vec<Value> {
    value.pointer(pointer).and_then(Value::as_array).unwrap()
}

fn sum(rows: &[Value]) -> u64 {
    rows.iter().map(|row| row["rows"].as_u64().unwrap()).sum()
}

#[test]
fn a_model_of_texts_is_measured_with_intervals_confusions_reliability_and_slices() {
    let desk = Desk::new();
    let model = desk.model("words-1", &banking("train.csv", 10), &[]);
    let found = json(&desk.evaluate(&model, "test.csv", &["--json", "--slice", "team"]));
    assert_eq!(found["test"]["rows"], 180);
    for figure in ["accuracy", "macro_f1", "ece", "log_loss"] {
        let value = number(&found, &format!("/test/{figure}"));
        let ends = ["low", "high"].map(|end| number(&found, &format!("/intervals/{figure}/{end}")));
        assert!(ends[0] <= value && value <= ends[1] && ends[0] < ends[1], "{figure}: {ends:?}");
    }
    let wrong = (180.0 * (1.0 - number(&found, "/test/accuracy"))).round();
    let confused = u32::try_from(sum(list(&found, "/confusions"))).unwrap();
    assert!((f64::from(confused) - wrong).abs() < 1e-9, "{confused} {wrong}");
    assert_eq!(list(&found, "/reliability").len(), 15);
    assert_eq!(sum(list(&found, "/reliability")), 180);
    assert_eq!(sum(list(&found, "/labels")), 180);
    let slices: Vec<&str> =
        list(&found, "/slices").iter().map(|slice| slice["column"].as_str().unwrap()).collect();
    assert_eq!(slices, ["language", "channel", "team"]);
    for slice in list(&found, "/slices") {
        assert_eq!(sum(slice["values"].as_array().unwrap()), 180, "{slice}");
    }
    let channel = list(&found, "/slices/1/values");
    assert_eq!((&channel[0]["value"], &channel[0]["rows"]), (&"email".into(), &120.into()));
    assert_eq!((&channel[1]["value"], &channel[1]["rows"]), (&Value::Null, &60.into()));
    let coverage = list(&found, "/coverage");
    let precision = |at: usize| coverage[at]["precision"].as_f64().unwrap();
    assert!(precision(0) >= precision(coverage.len() - 1), "{coverage:?}");

    let again = json(&desk.evaluate(&model, "test.csv", &["--json", "--slice", "team"]));
    assert_eq!(found, again, "the seed makes it repeatable");
}

#[test]
fn the_page_is_one_file_that_asks_nobody_in_either_language() {
    let desk = Desk::new();
    let model = desk.model("words-1", &banking("train.csv", 5), &[]);
    for (language, told) in [("en", "Precision against coverage"), ("ru", "Точность и охват")]
    {
        let page = desk.path("page.html");
        let more = ["--html", &page, "--language", language];
        let output = desk.evaluate(&model, "test.csv", &more);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let html = fs::read_to_string(&page).unwrap();
        assert!(html.contains(told) && html.contains("n = 180"), "{language}");
        assert_eq!(html.matches("<svg").count(), 2);
        for foreign in ["<script", "http://", "https://", "url(", "@import", "NaN"] {
            assert!(!html.contains(foreign), "{foreign} in the page");
        }
        for label in CATEGORIES {
            assert!(html.contains(label), "{label}");
        }
    }
}

#[test]
fn any_table_will_do_and_other_columns_can_be_named() {
    let desk = Desk::new();
    let model = desk.model("words-1", &banking("train.csv", 5), &[]);
    let mut lines = String::new();
    for record in csv::Reader::from_reader(banking("test.csv", 5).as_bytes()).records() {
        let record = record.unwrap();
        let object = serde_json::json!({"message": &record[0], "issue": &record[1]});
        writeln!(lines, "{object}").unwrap();
    }
    fs::write(desk.path("other.jsonl"), lines).unwrap();
    let refused = refusal(&desk.evaluate(&model, "other.jsonl", &[]));
    assert!(refused.contains("there is no column text"), "{refused}");
    let named = ["--text", "message", "--label", "issue", "--json"];
    assert_eq!(json(&desk.evaluate(&model, "other.jsonl", &named))["test"]["rows"], 30);
}

#[test]
fn what_cannot_be_measured_is_refused_by_name() {
    let desk = Desk::new();
    let model = desk.model("words-1", &banking("train.csv", 5), &[]);
    let refused = refusal(&desk.evaluate(&model, "test.csv", &["--slice", "region"]));
    assert!(refused.contains("there is no column region"), "{refused}");
    fs::write(desk.path("new.csv"), "text,category\nhello there,greeting\n").unwrap();
    let refused = refusal(&desk.evaluate(&model, "new.csv", &[]));
    assert!(refused.contains("no row has a label") && refused.contains("greeting"), "{refused}");
    let refused = refusal(&desk.evaluate(&desk.path("none"), "test.csv", &[]));
    assert!(refused.contains("--model") && refused.contains("manifest.json"), "{refused}");
    let nowhere = desk.path("no/such/page.html");
    let refused = refusal(&desk.evaluate(&model, "test.csv", &["--html", &nowhere]));
    assert!(refused.contains("--html"), "{refused}");
}

#[test]
fn faults_of_rows_far_apart_are_told_at_once_before_anything_is_computed() {
    let desk = Desk::new();
    let model = desk.model("words-1", &banking("train.csv", 20), &[]);
    let mut rows = "text,category\n".to_owned() + &"my card,card_arrival\n".repeat(600);
    rows.push_str(",card_arrival\n");
    rows.push_str(&"my card,card_arrival\n".repeat(600));
    rows.push_str("my card,\n");
    fs::write(desk.path("bad.csv"), rows).unwrap();
    for output in [
        desk.evaluate(&model, "bad.csv", &[]),
        train(&["compare", "--a", &model, "--b", &model, "--data", &desk.path("bad.csv")]),
    ] {
        let message = refusal(&output);
        assert!(message.contains("bad.csv, row 601, column text"), "{message}");
        assert!(message.contains("bad.csv, row 1202, column category"), "{message}");
    }
}

#[test]
fn a_label_the_model_does_not_know_counts_as_wrong_and_other_spellings_are_no_other_label() {
    let desk = Desk::new();
    let model = desk.model("words-1", &banking("train.csv", 5), &[]);
    let known = json(&desk.evaluate(&model, "test.csv", &["--json"]));
    let content = banking("test.csv", 30).replace(",age_limit,", ", Age_Limit,");
    fs::write(desk.path("spelled.csv"), &content).unwrap();
    let spelled = json(&desk.evaluate(&model, "spelled.csv", &["--json"]));
    assert_eq!(spelled["test"], known["test"]);
    fs::write(desk.path("new.csv"), content + "hello there,greeting,email,cards\n").unwrap();
    let output = desk.evaluate(&model, "new.csv", &["--json"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("greeting"));
    let found = json(&output);
    assert_eq!(
        (&found["test"]["rows"], &found["unknown_labels"]),
        (&181.into(), &serde_json::json!(["greeting"]))
    );
    let right = |found: &Value, rows: f64| number(found, "/test/accuracy") * rows;
    assert!((right(&found, 181.0) - right(&known, 180.0)).abs() < 1e-9);
}

#[test]
fn every_head_is_measured_by_its_own_labels() {
    let desk = Desk::new();
    let head = ["--head", "team", "--label", "team"];
    let model = desk.model("teams-1", &banking("train.csv", 5), &head);
    let found = json(&desk.evaluate(&model, "test.csv", &["--json"]));
    assert_eq!((&found["kind"], &found["test"]["rows"]), (&"team".into(), &180.into()));
    let labels: Vec<&str> =
        list(&found, "/labels").iter().map(|label| label["label"].as_str().unwrap()).collect();
    assert_eq!(labels, ["cards", "money"]);
}

#[test]
fn figures_on_the_training_file_say_so() {
    let desk = Desk::new();
    let model = desk.model("words-1", &banking("train.csv", 5), &[]);
    let found = json(&desk.evaluate(&model, "words-1.csv", &["--json"]));
    assert_eq!(found["data"]["was_trained_on"], true);
    let found = json(&desk.evaluate(&model, "test.csv", &["--json"]));
    assert_eq!(found["data"]["was_trained_on"], false);
}

#[test]
fn texts_out_of_scope_are_measured_apart() {
    let desk = Desk::new();
    let outside = |from: usize, to: usize| {
        (from..to).fold(String::new(), |mut rows, n| {
            writeln!(rows, "the weather in town {n} is fine,none,email,other").unwrap();
            rows
        })
    };
    let content = banking("train.csv", 10) + &outside(0, 20);
    let model = desk.model("words-1", &content, &["--out-of-scope-label", "none"]);
    fs::write(desk.path("mixed.csv"), banking("test.csv", 5) + &outside(20, 30)).unwrap();
    let found = json(&desk.evaluate(&model, "mixed.csv", &["--json"]));
    assert_eq!((&found["test"]["rows"], &found["out_of_scope"]["rows"]), (&30.into(), &10.into()));
    assert!(number(&found, "/out_of_scope/auroc") > 0.8, "{}", found["out_of_scope"]);
}

#[test]
fn a_model_against_itself_shows_no_difference() {
    let desk = Desk::new();
    let model = desk.model("words-1", &banking("train.csv", 5), &[]);
    let found = json(&desk.compare(&model, &model, &["--json"]));
    assert_eq!((&found["mcnemar"]["only_a"], &found["mcnemar"]["only_b"]), (&0.into(), &0.into()));
    assert!((number(&found, "/mcnemar/p_value") - 1.0).abs() < 1e-12);
    for difference in list(&found, "/differences") {
        assert!(difference["difference"].as_f64().unwrap().abs() < 1e-12, "{difference}");
    }
    assert!(found["reading"].as_str().unwrap().starts_with("No difference can be shown"));
}

#[test]
fn more_texts_make_a_better_model_and_only_the_better_one_is_promoted() {
    let desk = Desk::new();
    let few = desk.model("few", &banking("train.csv", 4), &[]);
    let many = desk.model("many", &banking("train.csv", 30), &[]);
    let (better, worse) = (desk.path("better.json"), desk.path("worse.json"));
    let page = desk.path("page.html");
    let found = json(&desk.compare(&few, &many, &["--json", "--out", &better, "--html", &page]));
    let reading = found["reading"].as_str().unwrap();
    assert!(reading.starts_with("many is better than few by"), "{reading}");
    assert!(number(&found, "/differences/0/interval/low") > 0.0, "{found}");
    assert!(number(&found, "/mcnemar/p_value") < 0.05, "{}", found["mcnemar"]);
    let changed = |side: &str| -> u64 {
        list(&found, "/labels").iter().map(|label| label[side].as_u64().unwrap()).sum()
    };
    assert_eq!(changed("only_b"), found["mcnemar"]["only_b"].as_u64().unwrap());
    let html = fs::read_to_string(&page).unwrap();
    assert!(html.contains(reading) && html.matches("<svg").count() == 2);

    let output = desk.compare(&many, &few, &["--out", &worse]);
    assert!(String::from_utf8_lossy(&output.stdout).contains("few is worse than many by"));

    let registry = Registry::new(desk.path("models"));
    let note = Note { by: "test".into(), at: Timestamp::now(), reason: None, decided_on: None };
    let promote = |version: &str, file: &str| {
        let read = Comparison::read(Path::new(file)).unwrap();
        let grounds = Grounds::Comparison(Box::new(read));
        registry.promote_on(ModelKind::Category, version, &grounds, &note)
    };
    registry.promote_on(ModelKind::Category, "few", &Grounds::None, &note).unwrap();
    assert!(promote("many", &worse).unwrap_err().to_string().contains("many as --b"));
    promote("many", &better).unwrap();
    let refused = promote("few", &worse).unwrap_err().to_string();
    assert!(refused.contains("the candidate is worse: accuracy"), "{refused}");
    assert_eq!(registry.live().unwrap()[&ModelKind::Category].version, "many");
}

#[test]
fn a_comparison_on_training_rows_promotes_nothing() {
    let desk = Desk::new();
    desk.model("few", &banking("train.csv", 4), &[]);
    desk.model("many", &banking("train.csv", 30), &[]);
    let registry = Registry::new(desk.path("models"));
    let note = Note { by: "test".into(), at: Timestamp::now(), reason: None, decided_on: None };
    registry.promote_on(ModelKind::Category, "few", &Grounds::None, &note).unwrap();
    let (a, b) = (desk.path("models/category/few"), desk.path("models/category/many"));
    let (data, out) = (desk.path("many.csv"), desk.path("seen.json"));
    let output =
        train(&["compare", "--a", &a, "--b", &b, "--data", &data, "--out", &out, "--draws", "50"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let read = Comparison::read(Path::new(&out)).unwrap();
    let grounds = Grounds::Comparison(Box::new(read));
    let refused = registry.promote_on(ModelKind::Category, "many", &grounds, &note).unwrap_err();
    assert!(refused.to_string().contains("many.csv, which model many was trained on"), "{refused}");
}

#[test]
fn a_label_that_one_model_does_not_know_counts_against_it() {
    let desk = Desk::new();
    let all = banking("train.csv", 10);
    let without: String = all.lines().filter(|line| !line.contains("age_limit")).fold(
        String::new(),
        |mut kept, line| {
            writeln!(kept, "{line}").unwrap();
            kept
        },
    );
    let (old, new) = (desk.model("old", &without, &[]), desk.model("new", &all, &[]));
    let found = json(&desk.compare(&old, &new, &["--json"]));
    assert_eq!(found["unknown_labels"]["a"], serde_json::json!(["age_limit"]));
    assert_eq!(found["unknown_labels"]["b"], serde_json::json!([]));
    let added = list(&found, "/labels").iter().find(|label| label["label"] == "age_limit").unwrap();
    assert!(added["only_b"].as_u64().unwrap() > 20 && added["only_a"] == 0, "{added}");
}

#[test]
fn models_of_different_kinds_are_not_compared() {
    let desk = Desk::new();
    let model = desk.model("words-1", &banking("train.csv", 5), &[]);
    let risk = root().join("models/risk/incidents-2");
    let refused = refusal(&desk.compare(&model, text(&risk), &[]));
    assert!(refused.contains("category model") && refused.contains("risk model"), "{refused}");
}

#[test]
fn risk_models_are_measured_and_compared_over_customers() {
    let folder = tempfile::tempdir().unwrap();
    let tickets = root().join("data/incidents/tickets.csv.gz");
    let (a, b) = (root().join("models/risk/incidents-1"), root().join("models/risk/incidents-2"));
    let page = folder.path().join("page.html");
    let written = folder.path().join("comparison.json");
    let found = json(&train(&[
        "evaluate",
        "--model",
        text(&b),
        "--data",
        text(&tickets),
        "--draws",
        "30",
        "--json",
        "--html",
        text(&page),
        "--slice",
        "priority",
    ]));
    assert_eq!(found["test"]["rows"], 6118);
    assert_eq!(found["intervals"]["over"], "customers");
    let (low, high) =
        (number(&found, "/intervals/roc_auc/low"), number(&found, "/intervals/roc_auc/high"));
    let area = number(&found, "/test/roc_auc");
    assert!(low < area && area < high && high - low < 0.2, "{low} {area} {high}");
    let columns: Vec<&str> =
        list(&found, "/slices").iter().map(|slice| slice["column"].as_str().unwrap()).collect();
    assert!(columns.contains(&"priority") && columns.contains(&"customer tickets"), "{columns:?}");
    assert!(fs::read_to_string(&page).unwrap().contains("ROC-AUC"));

    let found = json(&train(&[
        "compare",
        "--a",
        text(&a),
        "--b",
        text(&b),
        "--data",
        text(&tickets),
        "--draws",
        "30",
        "--json",
        "--html",
        text(&page),
        "--language",
        "ru",
        "--out",
        text(&written),
    ]));
    let metrics: Vec<&str> =
        list(&found, "/differences").iter().map(|told| told["metric"].as_str().unwrap()).collect();
    assert_eq!(metrics, ["roc_auc", "pr_auc", "brier", "log_loss", "ece"]);
    assert_eq!(sum(list(&found, "/bands")), found["data"]["rows"].as_u64().unwrap());
    assert_eq!(found["drawn"]["over"], "customers");
    let html = fs::read_to_string(&page).unwrap();
    assert!(html.contains("Уровни риска") && html.contains("<svg"), "{html}");

    let registry = Registry::new(folder.path());
    for version in ["incidents-1", "incidents-2"] {
        let copy = registry.folder(ModelKind::Risk, version);
        fs::create_dir_all(&copy).unwrap();
        for file in fs::read_dir(root().join("models/risk").join(version)).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), copy.join(file.file_name())).unwrap();
        }
    }
    let note = Note { by: "test".into(), at: Timestamp::now(), reason: None, decided_on: None };
    registry.promote_on(ModelKind::Risk, "incidents-1", &Grounds::None, &note).unwrap();
    let grounds = Grounds::Comparison(Box::new(Comparison::read(&written).unwrap()));
    registry.promote_on(ModelKind::Risk, "incidents-2", &grounds, &note).unwrap();
    let history = &registry.live().unwrap()[&ModelKind::Risk].history;
    let said = history.last().unwrap().compared.clone().unwrap();
    assert!(said.contains("roc_auc") && said.contains("log_loss"), "{said}");
}
