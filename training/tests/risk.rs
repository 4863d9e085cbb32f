//! `recontact-train prepare`, `risk` and `evaluate` as a data scientist runs them.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up must fail")]

mod tables;

use recontact::registry::{Artifact, ModelKind};
use recontact::risk::RiskModel;
use serde_json::Value;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tables::Table;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The cells of a column, empty ones included.
fn cells(table: &Table, column: &str) -> Vec<String> {
    let at = table.columns.iter().position(|name| name == column).unwrap();
    table.rows.iter().map(|row| row[at].clone()).collect()
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

/// Trains on a file in `dir` with a short grid; the model folder is `dir/<version>`.
fn train_risk(dir: &Path, tickets: &str, version: &str, more: &[&str]) -> Output {
    let config = dir.join("config.toml");
    if !config.exists() {
        fs::write(&config, "c_grid = [0.03]\n").unwrap();
    }
    let (tickets, out) = (dir.join(tickets), dir.join(version));
    let mut arguments = vec!["risk", "--tickets", text(&tickets), "--out", text(&out)];
    arguments.extend(["--config", text(&config)]);
    arguments.extend(more);
    train(&arguments)
}

/// Closed tickets every hour. Customers with an even number return with the same issue after about two days.
fn generated(rows: usize) -> Vec<[String; 5]> {
    let instant = |hour: usize| {
        let (day, hour) = (hour / 24, hour % 24);
        format!("2016-{:02}-{:02} {hour:02}:00", 1 + day / 28, 1 + day % 28)
    };
    (0..rows)
        .map(|row| {
            let person = (row * 7919) % 97;
            let returning = row % 48 < 24 && person.is_multiple_of(2);
            let customer = if returning { format!("u-{person}") } else { format!("v-{row}") };
            let category = if returning { "card" } else { ["loan", "app", "card"][row % 3] };
            [format!("t-{row}"), customer, instant(row), instant(row + 1), category.to_owned()]
        })
        .collect()
}

fn csv(rows: &[[String; 5]], delimiter: &str, line_end: &str) -> String {
    let head = ["ticket_id", "customer_id", "opened_at", "closed_at", "category"];
    let mut content = head.join(delimiter) + line_end;
    for row in rows {
        content.push_str(&row.join(delimiter));
        content.push_str(line_end);
    }
    content
}

fn unpacked(path: &Path) -> String {
    std::io::read_to_string(flate2::read::GzDecoder::new(fs::File::open(path).unwrap())).unwrap()
}

fn assert_refused(output: &Output, expected: &str) {
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(message.contains(expected), "{expected:?} is missing in: {message}");
}

#[test]
fn the_shipped_tickets_are_what_the_shipped_log_gives() {
    let dir = tempfile::tempdir().unwrap();
    let data = root().join("data/incidents");
    let (events, out) = (data.join("incident_event_log.csv.gz"), dir.path().join("tickets.csv.gz"));
    let output =
        train(&["prepare", "incident-log", "--events", text(&events), "--out", text(&out)]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(unpacked(&out) == unpacked(&data.join("tickets.csv.gz")));

    let table = Table::read(&out).unwrap();
    let mut customers: std::collections::BTreeSet<_> =
        cells(&table, "customer_id").into_iter().collect();
    customers.remove("");
    // 5245 values of the log, one of which says that the caller is not known.
    assert_eq!((table.rows.len(), customers.len()), (24_918, 5_244));
}

#[test]
fn the_shipped_model_loads_and_says_what_it_was_measured_on() {
    let folder = root().join("models/risk/incidents-2");
    let artifact = Artifact::open(&folder, ModelKind::Risk).unwrap();
    let model = RiskModel::load(&artifact).unwrap();
    assert_eq!((model.version(), model.window_days()), ("incidents-2", 14));
    let metrics = &artifact.manifest().metrics;
    let count = |pointer: &str| metrics.pointer(pointer).and_then(Value::as_u64).unwrap();
    assert_eq!(count("/data/eligible"), 20_395);
    assert_eq!(count("/data/positives"), 4_223);
    assert_eq!((count("/data/train"), count("/data/train_positives")), (10_701, 2_087));
    assert_eq!((count("/test/rows"), count("/test/positives")), (6_118, 1_468));
    assert_eq!(count("/without_heavy_customers/test/positives"), 1_114);
    assert_eq!(metrics["data"]["split_at"], "2016-04-26T01:52:00Z");
    assert!(metrics["test"]["roc_auc"].as_f64().unwrap() >= 0.79, "{}", metrics["test"]);
}

#[test]
fn the_shipped_model_measures_the_same_when_evaluated() {
    let folder = root().join("models/risk/incidents-2");
    let tickets = root().join("data/incidents/tickets.csv.gz");
    let output = train(&["evaluate", "--model", text(&folder), "--data", text(&tickets), "--json"]);
    let manifest: Value =
        serde_json::from_slice(&fs::read(folder.join("manifest.json")).unwrap()).unwrap();
    let (found, written) = (json(&output), &manifest["metrics"]);
    for figure in ["rows", "positives", "roc_auc", "pr_auc", "brier", "ece", "recall_at_10"] {
        let number = |value: &Value| value["test"][figure].as_f64().unwrap();
        assert!((number(&found) - number(written)).abs() < 1e-9, "{figure}");
    }
}

/// A sample of the shipped data: a fifth of the customers.
#[test]
fn training_beats_both_baselines_and_is_repeatable_to_the_byte() {
    let dir = tempfile::tempdir().unwrap();
    let table = Table::read(&root().join("data/incidents/tickets.csv.gz")).unwrap();
    let customers = cells(&table, "customer_id");
    let mut sample = csv::Writer::from_path(dir.path().join("tickets.csv")).unwrap();
    sample.write_record(&table.columns).unwrap();
    for (row, customer) in table.rows.iter().zip(customers) {
        if customer.ends_with(['4', '7']) {
            sample.write_record(row).unwrap();
        }
    }
    sample.flush().unwrap();
    let config = "observed_until = \"2016-06-01T00:00:00Z\"\nc_grid = [0.03]\n[columns]\ncategorical = [\"area\"]\n";
    fs::write(dir.path().join("config.toml"), config).unwrap();

    let report = json(&train_risk(dir.path(), "tickets.csv", "sample-1", &["--json"]));
    let auc = |pointer: &str| report.pointer(pointer).and_then(Value::as_f64).unwrap();
    assert!(auc("/test/roc_auc") > auc("/baselines/tickets_30d/roc_auc") + 0.01, "{report}");
    assert!(auc("/test/roc_auc") > auc("/baselines/base_rate/roc_auc") + 0.1, "{report}");
    assert!(auc("/test/brier") < auc("/baselines/base_rate/brier"), "{report}");

    json(&train_risk(dir.path(), "tickets.csv", "sample-2", &["--json"]));
    let model = |version: &str| fs::read(dir.path().join(version).join("model.json")).unwrap();
    assert!(model("sample-1") == model("sample-2"));
}

#[test]
fn the_form_of_the_file_does_not_change_the_model() {
    let dir = tempfile::tempdir().unwrap();
    let rows = generated(1500);
    let mut lines = String::new();
    for [id, customer, opened, closed, category] in &rows {
        let object = serde_json::json!({"ticket_id": id, "customer_id": customer,
            "opened_at": opened, "closed_at": closed, "category": category});
        writeln!(lines, "{object}").unwrap();
    }
    let forms = [
        ("plain.csv", csv(&rows, ",", "\n")),
        ("excel.csv", format!("\u{FEFF}{}", csv(&rows, ";", "\r\n"))),
        ("tabs.csv", csv(&rows, "\t", "\n")),
        ("lines.jsonl", lines),
    ];
    let models = forms.map(|(name, content)| {
        fs::write(dir.path().join(name), content).unwrap();
        let version = name.replace('.', "-");
        json(&train_risk(dir.path(), name, &version, &["--json"]));
        fs::read(dir.path().join(version).join("model.json")).unwrap()
    });
    assert!(models.iter().all(|model| *model == models[0]));
}

#[test]
fn a_label_column_takes_the_place_of_the_derived_label() {
    let dir = tempfile::tempdir().unwrap();
    let mut content = String::new();
    for (row, line) in csv(&generated(1500), ",", "\n").lines().enumerate() {
        let label = if row == 0 { "came_back" } else { ["true", "false", "0", ""][row % 4] };
        writeln!(content, "{line},{label}").unwrap();
    }
    fs::write(dir.path().join("t.csv"), content).unwrap();
    let output = train_risk(dir.path(), "t.csv", "v1", &["--label", "came_back", "--json"]);
    let report = json(&output);
    assert_eq!(report["data"]["unlabelled"], 375);
    assert_eq!(report["data"]["eligible"], 1125);
}

#[test]
fn a_bad_date_deep_in_a_file_is_named_by_row_and_column() {
    let dir = tempfile::tempdir().unwrap();
    let mut rows: Vec<[String; 5]> = generated(2000).into_iter().cycle().take(60_000).collect();
    for (index, row) in rows.iter_mut().enumerate() {
        row[0] = format!("t-{index}");
    }
    rows[57_300][2] = "31/31/2016".into();
    fs::write(dir.path().join("tickets.csv"), csv(&rows, ",", "\n")).unwrap();
    assert_refused(
        &train_risk(dir.path(), "tickets.csv", "v1", &[]),
        "tickets.csv, row 57301, column opened_at: expected an RFC 3339 instant or YYYY-MM-DD HH:MM[:SS]",
    );
}

#[test]
fn faults_of_the_data_are_refused_before_training_and_leave_nothing_behind() {
    let mut twice = generated(300);
    twice[200][0] = "t-5".into();
    let mut missing = csv(&generated(300), ",", "\n");
    missing = missing.replacen("closed_at", "resolved", 1);
    let cases = [
        (
            csv(&twice, ",", "\n"),
            "row 201, column ticket_id: expected each ticket once, \"t-5\" is also in row 6",
        ),
        (
            missing,
            "there is no column closed_at; the columns are: ticket_id, customer_id, opened_at, resolved, category",
        ),
        (
            csv(&generated(300), ",", "\n"),
            "no ticket has a known outcome: 300 closed less than 14 days",
        ),
        (csv(&generated(600), ",", "\n"), "too little data: the training part has 0 tickets"),
        (String::new(), "the file is empty"),
    ];
    for (content, expected) in cases {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("tickets.csv"), content).unwrap();
        assert_refused(&train_risk(dir.path(), "tickets.csv", "v1", &[]), expected);
        assert!(!dir.path().join("v1").exists());
    }
}

#[test]
fn faults_of_the_arguments_are_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let content = csv(&generated(1500), ",", "\n");
    fs::write(dir.path().join("t.csv"), content).unwrap();
    assert_refused(&train_risk(dir.path(), "absent.csv", "v1", &[]), "absent.csv: cannot be read");
    assert_refused(
        &train_risk(dir.path(), "t.csv", "v1", &["--label", "churned"]),
        "there is no column churned",
    );
    fs::create_dir(dir.path().join("full")).unwrap();
    fs::write(dir.path().join("full/keep.txt"), "mine").unwrap();
    assert_refused(&train_risk(dir.path(), "t.csv", "full", &[]), "--out");
    for (config, expected) in [
        ("window_dayz = 3", "window_dayz"),
        ("window_days = 0", "window_days: expected 1 to 3650"),
        ("test_share = 1.5", "test_share: expected a number between 0 and 1"),
        ("exclude_features = [\"moon\"]", "there is no feature moon"),
        ("[columns]\nnumeric = [\"csat\"]", "csat is the name of a built-in feature"),
        (
            "[threshold]\ncost = { follow_up = 0.0, repeat = 12.0, effect = 0.2 }",
            "threshold.cost: expected follow_up or harm above 0",
        ),
        ("[threshold]\nteams = { cards = 3.0 }", "threshold.teams: expected per_team_and_day too"),
    ] {
        fs::write(dir.path().join("config.toml"), config).unwrap();
        assert_refused(&train_risk(dir.path(), "t.csv", "v1", &[]), expected);
    }
}
