//! `recontact-train risk` on tables of other helpdesks: odd names of columns, Russian texts, many missing values, and
//! everything that can be wrong with a table.
#![expect(
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a test that cannot set itself up must fail, and its numbers are small"
)]

use recontact::registry::{Artifact, ModelKind};
use recontact::risk::{RiskModel, RiskScorer};
use recontact::ticket::{AttributeValue, ClosedTicket, CustomerHistory, Name, TicketDetails};
use recontact::timestamp::Timestamp;
use serde_json::Value;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// A pseudo-random number from 0 to 1 for a place in a table (`SplitMix64`).
fn draw(row: usize, column: u64) -> f64 {
    let mut z = (row as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ column.wrapping_mul(0xD1B5);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    (z >> 11) as f64 / (1_u64 << 53) as f64
}

fn pick<'a>(values: &[&'a str], row: usize, column: u64) -> &'a str {
    values[(draw(row, column) * values.len() as f64) as usize]
}

/// `YYYY-MM-DD HH:MM`, so many hours after 1 January 2026.
fn instant(hours: f64) -> String {
    let start = Timestamp::parse("2026-01-01T00:00:00Z").unwrap().millis();
    Timestamp::from_millis(start + (hours * 3_600_000.0) as i64).unwrap().to_string()
}

fn run(dir: &Path, config: &str, version: &str, more: &[&str]) -> Output {
    fs::write(dir.join("config.toml"), config).unwrap();
    let path = |name: &str| dir.join(name).to_str().unwrap().to_owned();
    let mut command = Command::new(env!("CARGO_BIN_EXE_recontact-train"));
    command.args(["risk", "--tickets", &path("tickets.csv"), "--out", &path(version)]);
    command.args(["--config", &path("config.toml"), "--json"]).args(more);
    command.output().unwrap()
}

fn json(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn refusal(output: &Output) -> String {
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{message}");
    message
}

/// The lightest settings that still try everything once.
const QUICK: &str = "c_grid = [0.03]\n[trees]\nleaves = [6]\nrounds = [40, 80]\nseeds = 1\n";

/// Four months of a Russian help desk whose export has its own names, no team and no service level. Whether a customer
/// returns hangs on what they wrote and on the product.
fn russian(rows: usize) -> String {
    let bad = ["не проходит оплата", "опять списали деньги дважды", "карта снова не работает"];
    let good = ["спасибо всё решили", "подскажите график работы", "хочу сменить тариф"];
    let mut csv =
        String::from("номер;клиент;создано;закрыто;тема;продукт;сумма;обращение;ответ;смена\n");
    for row in 0..rows {
        let hours = row as f64 * 2880.0 / rows as f64;
        let product = pick(&["карта", "кредит", "вклад"], row, 1);
        let angry = draw(row, 2) < 0.4;
        let text = if angry { pick(&bad, row, 3) } else { pick(&good, row, 3) };
        let customer = row % (rows / 3);
        let topic = format!("тема {}", customer % 25);
        // Who is angry comes back with the same topic a few days later.
        let previous = row
            .checked_sub(rows / 90)
            .filter(|before| draw(*before, 2) < 0.4 && draw(*before, 7) < 0.7);
        let (customer, topic) = match previous {
            Some(before) if draw(row, 8) < 0.9 => {
                let owner = before % (rows / 3);
                (owner, format!("тема {}", owner % 25))
            }
            _ => (customer, topic),
        };
        let sum =
            if draw(row, 4) < 0.6 { String::new() } else { format!("{:.2}", draw(row, 5) * 1e5) };
        let answer = if draw(row, 6) < 0.3 {
            ""
        } else {
            "Здравствуйте! Мы проверили ваш вопрос."
        };
        writeln!(
            csv,
            "Т-{row};К-{customer};{};{};{topic};{product};{sum};{text}, {row};{answer};",
            instant(hours),
            instant(hours + 1.0 + draw(row, 9) * 5.0)
        )
        .unwrap();
    }
    csv
}

const RUSSIAN_CONFIG: &str = r#"
c_grid = [0.03]
utc_offset_minutes = 180
[trees]
leaves = [6]
rounds = [40, 80]
seeds = 1
[threshold]
per_team_and_day = 4.0
[columns]
ticket_id = "номер"
customer_id = "клиент"
opened_at = "создано"
closed_at = "закрыто"
category = "тема"
categorical = ["продукт", "смена"]
numeric = ["сумма"]
text = ["обращение", "ответ"]
"#;

#[test]
fn a_table_of_russian_texts_and_other_columns_trains_and_serves() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("tickets.csv"), russian(3000)).unwrap();
    let report = json(&run(dir.path(), RUSSIAN_CONFIG, "russian-1", &[]));
    let auc = |pointer: &str| report.pointer(pointer).and_then(Value::as_f64).unwrap();
    assert!(auc("/test/roc_auc") > auc("/baselines/tickets_30d/roc_auc") + 0.03, "{report}");
    let groups = report["choice"]["groups"].as_array().unwrap();
    assert!(groups.contains(&Value::from("texts")), "{}", report["choice"]["tried"]);
    let constant = report["choice"]["constant_features"].as_array().unwrap();
    assert!(constant.contains(&Value::from("смена")), "an empty column is named: {constant:?}");
    assert_eq!(report["capacity"]["per_team_and_day"], 4.0);
    assert_eq!(report["bands"]["follow_up"]["rule"], "capacity");
    assert!(report["windows"].as_array().unwrap().len() >= 4, "{}", report["windows"]);

    let artifact = Artifact::open(&dir.path().join("russian-1"), ModelKind::Risk).unwrap();
    let model = RiskModel::load(&artifact).unwrap();
    let with = |text: &str| {
        let mut details = TicketDetails::default();
        details.attributes.insert("продукт".into(), AttributeValue::Text("карта".into()));
        details.texts.insert("обращение".into(), text.into());
        let ticket = ClosedTicket {
            id: Name::parse("Т").unwrap(),
            customer_id: Name::parse("К").unwrap(),
            opened_at: Timestamp::parse("2026-05-01T08:00:00Z").unwrap(),
            closed_at: Timestamp::parse("2026-05-01T12:00:00Z").unwrap(),
            category: Name::parse("тема, которой не было").unwrap(),
            details,
        };
        model.assess(&ticket, &CustomerHistory::default())
    };
    let (bad, good) = (with("не проходит оплата"), with("спасибо всё решили"));
    assert!(bad.probability > good.probability, "{bad:?} {good:?}");
    let sum: f64 = bad.reasons.iter().map(|reason| reason.contribution).sum();
    assert!((bad.base_logit + sum - bad.logit).abs() < 1e-9);
    assert!(bad.windows.is_sorted_by(|a, b| a.probability <= b.probability));
    let reason = bad.reasons.iter().find(|reason| reason.feature == "обращение").unwrap();
    assert!(reason.contribution > 0.0, "{reason:?}");
}

/// 125 topics, half of every column missing, a column that never changes, and times in a second form.
fn sparse(rows: usize, extra: impl Fn(usize, bool) -> String) -> String {
    let mut csv = String::from("key,who,start,end,topic,device,score,always,csat,treated,extra\n");
    for row in 0..rows {
        let hours = row as f64 * 3600.0 / rows as f64;
        // Every customer writes about twice; those of the first topics come back.
        let customer = (draw(row, 1) * rows as f64 / 3.0) as usize;
        let topic = customer % 125;
        let returning = topic < 40 && draw(row, 2) < 0.9;
        let customer = if returning { topic + 1000 * (row / (rows / 6)) } else { 100_000 + row };
        let device = if draw(row, 3) < 0.5 { String::new() } else { format!("d{}", customer % 7) };
        let score = if draw(row, 4) < 0.5 { String::new() } else { format!("{:.3}", draw(row, 5)) };
        writeln!(
            csv,
            "k{row},c{customer},{},{},topic {topic},{device},{score},same,,,{}",
            instant(hours),
            instant(hours + draw(row, 6) * 48.0),
            extra(row, returning)
        )
        .unwrap();
    }
    csv
}

fn sparse_config(more: &str) -> String {
    format!(
        "{QUICK}[columns]\nticket_id = \"key\"\ncustomer_id = \"who\"\nopened_at = \"start\"\nclosed_at = \"end\"\n\
         category = \"topic\"\nnumeric = [\"score\"]\ncategorical = [\"device\", \"always\"{more}]\n"
    )
}

#[test]
fn a_sparse_table_of_125_topics_trains_and_names_what_it_leaves_out() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("tickets.csv"), sparse(4000, |_, _| String::new())).unwrap();
    let report = json(&run(dir.path(), &sparse_config(""), "sparse-1", &[]));
    let auc = report["test"]["roc_auc"].as_f64().unwrap();
    assert!(auc > report["baselines"]["base_rate"]["roc_auc"].as_f64().unwrap() + 0.1, "{report}");
    let constant = report["choice"]["constant_features"].as_array().unwrap();
    for name in ["always", "csat", "team"] {
        assert!(constant.contains(&Value::from(name)), "{name}: {constant:?}");
    }
}

#[test]
fn every_kind_of_model_can_be_asked_for_and_its_reasons_add_up() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("tickets.csv"), sparse(2500, |_, _| String::new())).unwrap();
    for (model, calibration) in [("logistic", "platt"), ("trees", "isotonic"), ("blend", "none")] {
        let config =
            format!("model = \"{model}\"\ncalibration = \"{calibration}\"\n{}", sparse_config(""));
        let report = json(&run(dir.path(), &config, model, &[]));
        assert_eq!(report["choice"]["model"], model);
        assert_eq!(report["choice"]["calibration"], calibration);
        let artifact = Artifact::open(&dir.path().join(model), ModelKind::Risk).unwrap();
        let loaded = RiskModel::load(&artifact).unwrap();
        assert_eq!(loaded.weights().scorer.as_str(), model);
        assert!(matches!(loaded.weights().scorer, RiskScorer::Logistic) == (model == "logistic"));
    }
}

#[test]
fn a_column_that_tells_the_outcome_is_named_and_refused_unless_allowed() {
    let dir = tempfile::tempdir().unwrap();
    let leak = |row: usize, returning: bool| {
        if returning { "reopened later" } else { pick(&["ok", "fine"], row, 9) }.to_owned()
    };
    fs::write(dir.path().join("tickets.csv"), sparse(3000, leak)).unwrap();
    // The made-up label is exactly what the column says.
    let csv = fs::read_to_string(dir.path().join("tickets.csv")).unwrap();
    let mut lines = csv.lines();
    let mut labelled = format!("{},came_back\n", lines.next().unwrap());
    for line in lines {
        writeln!(labelled, "{line},{}", line.ends_with("reopened later")).unwrap();
    }
    fs::write(dir.path().join("tickets.csv"), labelled).unwrap();
    let config = sparse_config(", \"extra\"");
    let message = refusal(&run(dir.path(), &config, "leaky", &["--label", "came_back"]));
    assert!(
        message.contains("suspected leakage of the outcome: extra (ROC-AUC 1.000"),
        "{message}"
    );
    assert!(!dir.path().join("leaky").exists());
    let allowed = run(dir.path(), &config, "leaky", &["--label", "came_back", "--allow-leakage"]);
    assert_eq!(json(&allowed)["suspected_leakage"][0]["feature"], "extra");
}

#[test]
fn five_positives_in_all_are_refused_with_the_number_that_is_needed() {
    let dir = tempfile::tempdir().unwrap();
    let csv = sparse(2000, |_, _| String::new());
    let mut lines = csv.lines();
    let mut labelled = format!("{},came_back\n", lines.next().unwrap());
    for (row, line) in lines.enumerate() {
        writeln!(labelled, "{line},{}", row % 400 == 3).unwrap();
    }
    fs::write(dir.path().join("tickets.csv"), labelled).unwrap();
    let message = refusal(&run(dir.path(), &sparse_config(""), "few", &["--label", "came_back"]));
    assert!(
        message.contains("too little data")
            && message.contains("expected at least 100, and 10 of each outcome"),
        "{message}"
    );
}

#[test]
fn tickets_that_were_followed_up_are_never_mixed_in_silence() {
    let dir = tempfile::tempdir().unwrap();
    let csv = sparse(2500, |_, _| String::new());
    let mut lines = csv.lines();
    let mut mixed = format!("{}\n", lines.next().unwrap());
    for (row, line) in lines.enumerate() {
        let treated = if row % 5 == 0 { "true" } else { "false" };
        writeln!(mixed, "{}{treated},", line.strip_suffix(",,").map_or("", |l| l).to_owned() + ",")
            .unwrap();
    }
    fs::write(dir.path().join("tickets.csv"), mixed).unwrap();
    let message = refusal(&run(dir.path(), &sparse_config(""), "mixed", &[]));
    assert!(message.contains("500 of 2500 tickets were followed up"), "{message}");
    let exclude = format!("treated = \"exclude\"\nmodel = \"logistic\"\n{}", sparse_config(""));
    let report = json(&run(dir.path(), &exclude, "exclude", &[]));
    assert!(report["data"]["treated"].as_u64().unwrap() > 300, "{}", report["data"]);
    let model = format!("treated = \"model\"\nmodel = \"logistic\"\n{}", sparse_config(""));
    json(&run(dir.path(), &model, "model", &[]));
    let artifact = Artifact::open(&dir.path().join("model"), ModelKind::Risk).unwrap();
    let loaded = RiskModel::load(&artifact).unwrap();
    assert!(loaded.attributes().any(|(name, _)| name == "treated"));
}

/// A table of which every fifth ticket was followed up, as a file beside it says.
fn with_treated_file(dir: &Path, more: &str) -> String {
    fs::write(dir.join("tickets.csv"), sparse(2500, |_, _| String::new())).unwrap();
    let mut treated = String::from("ticket_id,arm,treated\n");
    for row in (0..2500).step_by(5) {
        writeln!(treated, " k{row} ,treatment,{}", row % 10 == 0).unwrap();
    }
    fs::write(dir.join("treated.csv"), treated + more).unwrap();
    dir.join("treated.csv").to_str().unwrap().to_owned()
}

#[test]
fn who_was_followed_up_comes_from_a_file_of_the_service_and_is_recorded() {
    let dir = tempfile::tempdir().unwrap();
    let path = with_treated_file(dir.path(), "elsewhere,control,false\n");
    let more = ["--treated", path.as_str()];
    let message = refusal(&run(dir.path(), &sparse_config(""), "mixed", &more));
    assert!(message.contains("250 of 2500 tickets were followed up"), "{message}");
    assert!(message.contains("500 of 2500 tickets are named"), "{message}");
    assert!(message.contains("1 tickets of it are not in the table"), "{message}");
    let model = format!("treated = \"model\"\nmodel = \"logistic\"\n{}", sparse_config(""));
    json(&run(dir.path(), &model, "model", &more));
    let artifact = Artifact::open(&dir.path().join("model"), ModelKind::Risk).unwrap();
    let roles: Vec<_> = artifact.manifest().data.iter().map(|file| file.role.as_str()).collect();
    assert_eq!(roles, ["tickets", "treated"]);
    // A ticket that is just being closed says nothing of it and is assessed as not followed up.
    let loaded = RiskModel::load(&artifact).unwrap();
    let assessed = |treated: Option<bool>| {
        let mut details = TicketDetails::default();
        let flag = treated.map(AttributeValue::Flag);
        details.attributes.extend(flag.map(|flag| ("treated".to_owned(), flag)));
        let at = Timestamp::parse("2026-05-01T08:00:00Z").unwrap();
        let name = |text: &str| Name::parse(text).unwrap();
        let (id, customer_id, category) = (name("k"), name("c"), name("topic 1"));
        let ticket =
            ClosedTicket { id, customer_id, opened_at: at, closed_at: at, category, details };
        loaded.assess(&ticket, &CustomerHistory::default()).logit
    };
    assert!((assessed(None) - assessed(Some(false))).abs() < 1e-12);
    assert!((assessed(None) - assessed(Some(true))).abs() > 1e-6);
}

#[test]
fn a_cell_that_does_not_say_whether_a_ticket_was_followed_up_is_refused_by_its_row() {
    let dir = tempfile::tempdir().unwrap();
    let csv = sparse(2500, |_, _| String::new());
    let csv = csv.replacen("same,,,", "same,,true,", 7);
    fs::write(dir.path().join("tickets.csv"), csv).unwrap();
    let exclude = format!("treated = \"exclude\"\n{}", sparse_config(""));
    let message = refusal(&run(dir.path(), &exclude, "holes", &[]));
    assert!(message.contains("row 8, column treated: expected true or false"), "{message}");
    assert!(message.contains("2493 of 2500 cells are empty"), "{message}");
    let declared = format!("treated = \"model\"\n{}", sparse_config(", \"treated\""));
    let message = refusal(&run(dir.path(), &declared, "declared", &[]));
    assert!(message.contains("treated says whether a ticket was followed up"), "{message}");
}

#[test]
fn a_small_table_in_which_a_column_parts_few_tickets_by_luck_is_not_refused() {
    let dir = tempfile::tempdir().unwrap();
    let csv = sparse(1500, |_, _| String::new());
    let mut lines = csv.lines();
    let mut lucky = format!("{},came_back\n", lines.next().unwrap());
    for (row, line) in lines.enumerate() {
        // Fifteen of nine hundred training tickets came back, and in those closed last a column happens to say which.
        let came_back = row % 60 == 7;
        let mut cells: Vec<&str> = line.split(',').collect();
        if came_back && row > 700 {
            cells[6] = "9.5";
        }
        let line = cells.join(",");
        writeln!(lucky, "{line},{came_back}").unwrap();
    }
    fs::write(dir.path().join("tickets.csv"), lucky).unwrap();
    let config = format!("model = \"logistic\"\n{}", sparse_config(""));
    let report = json(&run(dir.path(), &config, "lucky", &["--label", "came_back"]));
    assert_eq!(report["suspected_leakage"][0]["feature"], "score", "told, not refused");
}

#[test]
fn a_column_of_agents_is_refused_unless_it_is_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let agent = |row: usize, _: bool| format!("a{}", row % 9);
    let csv = sparse(2500, agent).replacen(",extra\n", ",assigned_agent\n", 1);
    fs::write(dir.path().join("tickets.csv"), csv).unwrap();
    let config = sparse_config(", \"assigned_agent\"");
    let message = refusal(&run(dir.path(), &config, "agents", &[]));
    assert!(message.contains("assigned_agent looks like the agent"), "{message}");
    let opted = format!("agent_feature = true\nmodel = \"logistic\"\n{config}");
    json(&run(dir.path(), &opted, "agents", &[]));
}

#[test]
fn outcomes_of_a_file_train_every_window_it_tells_of() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("tickets.csv"), sparse(2500, |_, _| String::new())).unwrap();
    let mut outcomes =
        String::from("ticket_id,outcome_1d,outcome_3d,outcome_7d,outcome_14d,outcome_30d\n");
    for row in 0..2500 {
        let days = [1, 2, 6, 12, 25, 99, 99][(draw(row, 20) * 7.0) as usize];
        let cells =
            [1, 3, 7, 14, 30].map(|window| if days <= window { "explicit" } else { "none" });
        writeln!(outcomes, " k{row} ,{}", cells.join(",")).unwrap();
    }
    let path = dir.path().join("outcomes.csv");
    fs::write(&path, outcomes).unwrap();
    let more = ["--outcomes", path.to_str().unwrap()];
    let config = format!("model = \"logistic\"\n{}", sparse_config(""));
    let report = json(&run(dir.path(), &config, "windows", &more));
    let days: Vec<_> =
        report["windows"].as_array().unwrap().iter().map(|w| &w["window_days"]).collect();
    assert_eq!(days, [1, 3, 7, 14, 30], "{}", report["windows"]);
    for window in report["windows"].as_array().unwrap() {
        let (stated, came) =
            (window["expected"].as_f64().unwrap(), window["observed"].as_f64().unwrap());
        assert!((stated - came).abs() < 0.06, "{window}");
    }
    let artifact = Artifact::open(&dir.path().join("windows"), ModelKind::Risk).unwrap();
    let roles: Vec<_> = artifact.manifest().data.iter().map(|file| file.role.as_str()).collect();
    assert_eq!(roles, ["tickets", "outcomes"]);
}

#[test]
fn outcomes_of_a_file_become_the_label() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("tickets.csv"), sparse(2500, |_, _| String::new())).unwrap();
    let mut outcomes = String::from("ticket_id,episode,outcome_7d,outcome_14d\n");
    for row in 0..2500 {
        let word = ["none", "none", "explicit", "implicit", "unrelated", ""][row % 6];
        writeln!(outcomes, "k{row},1,none,{word}").unwrap();
    }
    // A later episode of the same ticket counts.
    writeln!(outcomes, "k0,2,none,explicit").unwrap();
    fs::write(dir.path().join("outcomes.csv"), outcomes).unwrap();
    let path = dir.path().join("outcomes.csv");
    let more = ["--outcomes", path.to_str().unwrap()];
    let explicit = format!("model = \"logistic\"\n{}", sparse_config(""));
    let report = json(&run(dir.path(), &explicit, "explicit", &more));
    assert_eq!(report["data"]["unlabelled"], 416);
    assert_eq!(report["data"]["positives"], 418);
    let repeat = format!("target = \"repeat\"\n{explicit}");
    assert_eq!(json(&run(dir.path(), &repeat, "repeat", &more))["data"]["positives"], 835);
    fs::write(dir.path().join("outcomes.csv"), "ticket_id,outcome_14d\nk1,maybe\n").unwrap();
    let message = refusal(&run(dir.path(), &explicit, "none", &more));
    assert!(message.contains("expected none, explicit, implicit"), "{message}");
}
