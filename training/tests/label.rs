//! `recontact-train label` from tables to labels.
#![expect(clippy::unwrap_used, reason = "a helper that fails is a failed test")]

mod tables;

use recontact_training::label::{LabelArgs, LabelParams, LabelReport, label};
use std::path::{Path, PathBuf};
use tables::Table;
use tempfile::TempDir;

const TICKETS: &str = "ticket_id,customer_id,opened_at,closed_at,category\n";
const CONTACTS: &str =
    "contact_id,customer_id,occurred_at,ticket_id,channel,author,category,text,follow_up_id\n";

/// A folder of its own with the tables of a case.
struct Case {
    folder: TempDir,
    args: LabelArgs,
}

impl Case {
    fn new(tickets: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tickets.csv");
        std::fs::write(&path, format!("{TICKETS}{tickets}")).unwrap();
        let args = args(&path, &folder.path().join("labels.csv"));
        Self { folder, args }
    }

    fn with_contacts(mut self, contacts: &str) -> Self {
        self.args.contacts = Some(self.write("contacts.csv", &format!("{CONTACTS}{contacts}")));
        self
    }

    fn with_config(mut self, config: &str) -> Self {
        self.args.config = Some(self.write("label.toml", config));
        self
    }

    fn write(&self, file: &str, content: &str) -> PathBuf {
        let path = self.folder.path().join(file);
        std::fs::write(&path, content).unwrap();
        path
    }

    fn label(&self) -> (LabelReport, Vec<Vec<(String, String)>>) {
        let report = label(&self.args).unwrap();
        let rows = read(&self.args.out);
        std::fs::remove_file(&self.args.out).unwrap();
        (report, rows)
    }

    /// Ticket, outcome within 7 days, and its proof.
    fn outcomes(&self) -> Vec<(String, String, String)> {
        let (_, rows) = self.label();
        let mut outcomes: Vec<_> = rows
            .iter()
            .map(|row| {
                let id = format!("{}#{}", cell(row, "ticket_id"), cell(row, "episode"));
                (id, cell(row, "outcome_7d"), cell(row, "evidence_7d"))
            })
            .collect();
        outcomes.sort();
        outcomes
    }

    fn expect(&self, expected: &[(&str, &str, &str)]) {
        let found = self.outcomes();
        let found: Vec<(&str, &str, &str)> =
            found.iter().map(|(a, b, c)| (a.as_str(), b.as_str(), c.as_str())).collect();
        assert_eq!(found, expected);
    }

    fn fault(&self) -> String {
        let fault = label(&self.args).unwrap_err().to_string();
        assert!(
            !self.args.out.exists() || self.args.out.metadata().unwrap().len() < 10,
            "nothing is written"
        );
        fault
    }
}

fn args(tickets: &Path, out: &Path) -> LabelArgs {
    LabelArgs {
        tickets: tickets.to_owned(),
        contacts: None,
        out: out.to_owned(),
        config: None,
        observed_until: Some("2026-06-01T00:00:00Z".to_owned().try_into().unwrap()),
        encoder: None,
        models: PathBuf::from("models"),
        run_rows: None,
        json: false,
    }
}

fn read(path: &Path) -> Vec<Vec<(String, String)>> {
    let table = Table::read(path).unwrap();
    let named = |row: Vec<String>| table.columns.iter().cloned().zip(row).collect();
    table.rows.clone().into_iter().map(named).collect()
}

fn cell(row: &[(String, String)], column: &str) -> String {
    row.iter().find(|(name, _)| name == column).unwrap().1.clone()
}

fn incidents(out: &Path) -> LabelArgs {
    let tickets =
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../data/incidents/tickets.csv.gz"));
    LabelArgs {
        observed_until: Some("2016-06-01T00:00:00Z".to_owned().try_into().unwrap()),
        ..args(tickets, out)
    }
}

#[test]
fn the_incident_log_has_the_repeats_that_are_known_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let report = label(&incidents(&folder.path().join("labels.csv.gz"))).unwrap();
    let figures = |days: u32| {
        let window = report.windows.iter().find(|window| window.window_days == days).unwrap();
        (window.outcomes["explicit"].count, window.mature)
    };
    assert_eq!(figures(14), (4223, 20_395));
    assert_eq!(figures(7), (3330, 22_206));
    assert_eq!(report.counts.closings_without_customer, 3);
    for window in &report.windows {
        let all: u64 = window.outcomes.values().map(|outcome| outcome.count).sum();
        assert_eq!((all, window.mature + window.immature), (window.mature, report.episodes));
    }
    assert!(report.adjacent_pairs > 0 && report.windows[3].outcomes["implicit"].count > 0);
}

#[test]
fn neither_the_length_of_a_run_nor_the_format_changes_the_labels() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    label(&incidents(&path("whole.csv"))).unwrap();
    label(&LabelArgs { run_rows: Some(1000), ..incidents(&path("runs.csv")) }).unwrap();
    label(&incidents(&path("labels.parquet"))).unwrap();
    let whole = std::fs::read(path("whole.csv")).unwrap();
    assert_eq!(whole, std::fs::read(path("runs.csv")).unwrap());
    assert_eq!(read(&path("whole.csv")), read(&path("labels.parquet")));
}

#[test]
fn the_same_tickets_in_another_format_have_the_same_labels() {
    let rows = "t-1,u-1,2026-01-01 08:00,2026-01-02 08:00,card\nt-2,u-1,2026-01-05 08:00,2026-01-06 08:00,card\n";
    let lines = rows.lines().map(|line| {
        let cells: Vec<&str> = line.split(',').collect();
        format!(
            "{{\"category\":\"{}\",\"ticket_id\":\"{}\",\"customer_id\":\"{}\",\"opened_at\":\"{}\",\"closed_at\":\"{}\"}}\n",
            cells[4], cells[0], cells[1], cells[2], cells[3]
        )
    });
    let case = Case::new(rows);
    let mut other = Case::new("");
    other.args.tickets = other.write("tickets.jsonl", &lines.collect::<String>());
    assert_eq!(case.outcomes(), other.outcomes());
    case.expect(&[("t-1#1", "explicit", "t-2"), ("t-2#1", "none", "")]);
}

#[test]
fn only_substantive_contacts_bring_a_customer_back() {
    let tickets = "t-1,u-1,2026-01-01T08:00:00Z,2026-01-02T08:00:00Z,card\n\
                   t-2,u-2,2026-01-01T08:00:00Z,2026-01-02T08:00:00Z,card\n\
                   t-3,u-3,2026-01-01T08:00:00Z,2026-01-02T08:00:00Z,card\n";
    let contacts = "c-0,u-1,2026-01-01T08:00:00Z,t-1,email,customer,,My card is lost,\n\
                    c-1,u-1,2026-01-03T08:00:00Z,t-1,email,customer,,Спасибо большое!,\n\
                    c-2,u-1,2026-01-03T09:00:00Z,t-1,email,customer,,5,\n\
                    c-3,u-1,2026-01-03T10:00:00Z,t-1,email,agent,,How are you?,\n\
                    c-4,u-2,2026-01-01T08:00:00Z,t-2,email,customer,,My card is lost,\n\
                    c-5,u-2,2026-01-03T08:00:00Z,t-2,email,customer,,\"Спасибо, но карта так и не пришла\",\n\
                    c-6,u-3,2026-01-03T08:00:00Z,t-3,email,customer,,All is well again with that matter,f-1\n";
    let case = Case::new(tickets).with_contacts(contacts);
    case.expect(&[
        ("t-1#1", "none", ""),
        ("t-2#1", "explicit", "c-5"),
        ("t-3#1", "induced", "c-6"),
    ]);
    let (report, _) = case.label();
    let excluded: Vec<(&str, usize)> =
        report.counts.excluded.iter().map(|(kind, count)| (*kind, *count)).collect();
    assert_eq!(excluded, [("agent_created", 1), ("survey_reply", 1), ("thanks", 1)]);
}

#[test]
fn a_ticket_with_contacts_counts_by_them_and_one_without_by_its_opening() {
    let tickets = "t-1,u-1,2026-01-01T08:00:00Z,2026-01-02T08:00:00Z,card\n\
                   t-2,u-1,2026-01-04T08:00:00Z,2026-01-05T08:00:00Z,card\n\
                   t-3,u-1,2026-01-06T08:00:00Z,2026-01-07T08:00:00Z,card\n";
    let case =
        Case::new(tickets).with_contacts("c-1,u-1,2026-01-04T08:30:00Z,t-2,phone,customer,,,\n");
    case.expect(&[
        ("t-1#1", "explicit", "c-1"),
        ("t-2#1", "explicit", "t-3"),
        ("t-3#1", "none", ""),
    ]);
    // An agent's answer takes nothing away from the customer's opening.
    let case =
        Case::new(tickets).with_contacts("c-1,u-1,2026-01-04T08:30:00Z,t-2,phone,agent,,,\n");
    case.expect(&[
        ("t-1#1", "explicit", "t-2"),
        ("t-2#1", "explicit", "t-3"),
        ("t-3#1", "none", ""),
    ]);
    // Nor does a thanks that comes later.
    let thanks = "c-1,u-1,2026-01-05T10:00:00Z,t-2,phone,customer,,Спасибо большое!,\n";
    Case::new(tickets).with_contacts(thanks).expect(&[
        ("t-1#1", "explicit", "t-2"),
        ("t-2#1", "explicit", "t-3"),
        ("t-3#1", "none", ""),
    ]);
    // What an agent began by writing is no return of the customer.
    let case =
        Case::new(tickets).with_contacts("c-1,u-1,2026-01-04T08:00:00Z,t-2,phone,agent,,,\n");
    case.expect(&[
        ("t-1#1", "explicit", "t-3"),
        ("t-2#1", "explicit", "t-3"),
        ("t-3#1", "none", ""),
    ]);
}

#[test]
fn a_ticket_closed_several_times_has_several_episodes_and_came_back() {
    let tickets = "t-1,u-1,2026-01-01T08:00:00Z,2026-01-02T08:00:00Z,card\n\
                   t-1,u-1,2026-01-01T08:00:00Z,2026-01-20T08:00:00Z,card\n\
                   t-1,u-1,2026-01-01T08:00:00Z,2026-01-06T08:00:00Z,pin\n";
    let case = Case::new(tickets);
    case.expect(&[("t-1#1", "explicit", "t-1#2"), ("t-1#2", "none", ""), ("t-1#3", "none", "")]);
    let (report, rows) = case.label();
    assert_eq!((report.counts.reopenings, report.counts.reopenings_without_instant), (2, 2));
    let second = rows.iter().find(|row| cell(row, "episode") == "2").unwrap();
    assert_eq!(
        (cell(second, "outcome_14d"), cell(second, "category")),
        ("explicit".into(), "pin".into())
    );
    // A contact shows when the customer came back.
    let case = case.with_contacts("c-1,u-1,2026-01-03T08:00:00Z,t-1,phone,customer,,,\n");
    assert_eq!(case.outcomes()[0], ("t-1#1".into(), "explicit".into(), "c-1".into()));
    // And where it was a mere thanks that opened the ticket again, they did not.
    let tickets = "t-1,u-1,2026-01-01T08:00:00Z,2026-01-02T08:00:00Z,card\n\
                   t-1,u-1,2026-01-01T08:00:00Z,2026-01-06T08:00:00Z,card\n";
    let case = Case::new(tickets)
        .with_contacts("c-1,u-1,2026-01-03T08:00:00Z,t-1,email,customer,,Thank you!,\n");
    assert_eq!(case.outcomes()[0], ("t-1#1".into(), "none".into(), String::new()));
}

#[test]
fn instants_of_any_offset_and_over_a_change_of_clocks_are_compared_as_instants() {
    // Closed at 01:30 summer time; an hour later the clocks show 01:30 again.
    let tickets = "t-1,u-1,2026-10-24T08:00:00+03:00,2026-10-25T01:30:00+02:00,card\n\
                   t-2,u-1,2026-10-25T01:30:00+01:00,2026-10-26T08:00:00+01:00,card\n\
                   t-3,u-2,2026-10-24T08:00:00Z,2026-10-25T01:00:00Z,card\n\
                   t-4,u-2,2026-10-25T03:30:00+03:00,2026-10-26T08:00:00Z,card\n";
    let mut case = Case::new(tickets);
    case.args.observed_until = Some("2027-01-01T00:00:00Z".to_owned().try_into().unwrap());
    let (_, rows) = case.label();
    let gaps: Vec<String> = rows.iter().map(|row| cell(row, "gap_hours_1d")).collect();
    assert_eq!(gaps, ["1", "", "", ""], "the last opened half an hour before the close");
}

#[test]
fn a_chat_that_turns_to_another_issue_has_an_episode_for_each() {
    let tickets = "t-1,u-1,2026-01-01T08:00:00Z,2026-01-04T08:00:00Z,card\n";
    let contacts = "c-1,u-1,2026-01-01T08:00:00Z,t-1,chat,customer,card,My card is lost,\n\
                    c-2,u-1,2026-01-01T08:10:00Z,t-1,chat,agent,,A new one is on its way,\n\
                    c-3,u-1,2026-01-03T08:00:00Z,t-1,chat,customer,loan,What does a loan cost?,\n";
    let case = Case::new(tickets).with_contacts(contacts);
    let (report, rows) = case.label();
    let told: Vec<[String; 4]> = rows
        .iter()
        .map(|row| {
            ["category", "ended_by", "closed_at", "outcome_7d"].map(|column| cell(row, column))
        })
        .collect();
    assert_eq!(
        told,
        [
            ["card", "topic_change", "2026-01-01T08:10:00Z", "unrelated"].map(str::to_owned),
            ["loan", "closing", "2026-01-04T08:00:00Z", "none"].map(str::to_owned),
        ]
    );
    assert_eq!(report.ended_by_topic_change, 1);
    // By mail, a ticket is one issue until it is closed.
    let mails = contacts.replace(",chat,", ",email,");
    assert_eq!(Case::new(tickets).with_contacts(&mails).label().1.len(), 1);
}

#[test]
fn addresses_and_numbers_make_one_person_of_several_customers() {
    let mut case = Case::new("");
    case.args.tickets = case.write(
        "tickets.csv",
        "ticket_id,customer_id,opened_at,closed_at,category,email,phone\n\
         t-1,u-1,2026-01-01T08:00:00Z,2026-01-02T08:00:00Z,card,Anna@example.com,\n\
         t-2,u-2,2026-01-03T08:00:00Z,2026-01-04T08:00:00Z,card,,+375 29 123-45-67\n\
         t-3,,2026-01-01T08:00:00Z,2026-01-02T08:00:00Z,card,other@example.com,\n\
         t-4,,2026-01-01T08:00:00Z,2026-01-02T08:00:00Z,card,,\n",
    );
    case.args.contacts = Some(case.write(
        "contacts.csv",
        "contact_id,customer_id,occurred_at,email,phone\nc-1,,2025-12-01T08:00:00Z,anna@example.com,00375291234567\n",
    ));
    case.expect(&[("t-1#1", "explicit", "t-2"), ("t-2#1", "none", ""), ("t-3#1", "none", "")]);
    let (report, _) = case.label();
    assert_eq!((report.counts.closings_without_customer, report.counts.identities), (1, 5));
}

#[test]
fn skewed_clocks_open_tickets_and_repeated_rows_are_counted() {
    let tickets = "t-1,u-1,2026-01-01T08:00:00Z,2026-01-02T08:00:00Z,card\n\
                   t-1,u-1,2026-01-01T08:00:00Z,2026-01-02T08:00:00Z,card\n\
                   t-2,u-1,2026-01-03T08:00:00Z,,card\n";
    let contacts = "c-1,u-1,2026-01-01T07:59:00Z,t-1,email,customer,,My card is lost,\n\
                    c-1,u-1,2026-01-01T07:59:00Z,t-1,email,customer,,My card is lost,\n\
                    c-2,,2026-01-01T07:59:00Z,t-9,email,customer,,My card is lost,\n";
    let (report, rows) = Case::new(tickets).with_contacts(contacts).label();
    let counts = &report.counts;
    assert_eq!((counts.before_opening, counts.repeated_rows, counts.open_tickets), (1, 2, 1));
    assert_eq!((counts.contacts_of_unknown_tickets, counts.contacts_without_customer), (1, 1));
    assert_eq!(rows.len(), 1);
    assert_eq!(
        (cell(&rows[0], "outcome_7d"), cell(&rows[0], "evidence_7d")),
        ("explicit".into(), "t-2".into())
    );
}

#[test]
fn an_episode_whose_window_is_not_over_has_no_outcome_and_no_rate() {
    let mut case = Case::new("t-1,u-1,2026-01-01T08:00:00Z,2026-01-02T08:00:00Z,card\n");
    case.args.observed_until = Some("2026-01-05T08:00:00Z".to_owned().try_into().unwrap());
    let (report, rows) = case.label();
    let outcomes: Vec<String> = ["outcome_1d", "outcome_3d", "outcome_7d"]
        .iter()
        .map(|column| cell(&rows[0], column))
        .collect();
    assert_eq!(outcomes, ["none", "none", ""]);
    let week = &report.windows[2];
    assert_eq!((week.mature, week.immature, week.repeat.rate), (0, 1, None));
    assert!(report.text().contains("| 7 d"), "{}", report.text());
}

#[test]
fn a_declared_pair_makes_another_category_an_implicit_repeat() {
    let tickets = "t-1,u-1,2026-01-01T08:00:00Z,2026-01-02T08:00:00Z,card\n\
                   t-2,u-1,2026-01-03T08:00:00Z,2026-01-09T08:00:00Z,pin\n";
    Case::new(tickets).expect(&[("t-1#1", "unrelated", "t-2"), ("t-2#1", "none", "")]);
    let config = "[outcomes]\nadjacent = [{ primary = \"card\", secondary = \"pin\" }]\n";
    Case::new(tickets)
        .with_config(config)
        .expect(&[("t-1#1", "implicit", "t-2"), ("t-2#1", "none", "")]);
}

#[test]
fn other_names_of_columns_come_from_the_configuration() {
    let mut case = Case::new("").with_config(
        "[columns]\nticket_id = \"Номер\"\ncustomer_id = \"Клиент\"\nopened_at = \"Открыт\"\nclosed_at = \"Закрыт\"\n\
         category = \"Тема\"\ncategorical = [\"Тема\"]\n",
    );
    case.args.tickets = case.write(
        "tickets.csv",
        "Номер;Клиент;Открыт;Закрыт;Тема\n1;а;2026-01-01 08:00;2026-01-02 08:00;Карта\n2;а;2026-01-03 08:00;2026-01-04 08:00;Карта\n",
    );
    case.expect(&[("1#1", "explicit", "2"), ("2#1", "none", "")]);
}

#[test]
fn faults_name_the_file_the_row_and_the_column() {
    let good = "t-1,u-1,2026-01-01T08:00:00Z,2026-01-02T08:00:00Z,card\n";
    let tickets: [(&str, &str); 6] = [
        ("", "tickets.csv: expected data rows, found none"),
        (
            "t-2,u-1,31/31/2026,2026-01-02T08:00:00Z,card\n",
            "tickets.csv, row 1, column opened_at: expected an RFC 3339 instant",
        ),
        (
            "t-2,u-1,2026-01-03T08:00:00Z,2026-01-02T08:00:00Z,card\n",
            "tickets.csv, row 1, column closed_at: expected no earlier",
        ),
        (
            "t-2,u-1,2026-01-01T08:00:00Z,2026-01-02T08:00:00Z,\n",
            "tickets.csv, row 1, column category: expected a value",
        ),
        ("t-2,u-1\n", "tickets.csv, row 1 (line 2): expected 5 cells, got 2"),
        (
            "t-1,u-1,2026-01-01T08:00:00Z,2026-01-02T08:00:00Z,card\nt-1,u-1,2026-01-01T08:00:00Z,2026-01-02T08:00:00Z,pin\n",
            "tickets.csv, row 2, column ticket_id: expected each closing of a ticket once, \"t-1\" is also in row 1",
        ),
    ];
    for (rows, expected) in tickets {
        let fault = Case::new(rows).fault();
        assert!(fault.starts_with(expected), "{fault}");
    }
    let two = format!("{good}t-1,u-2,2026-01-01T08:00:00Z,2026-01-05T08:00:00Z,card\n");
    let fault = Case::new(&two).fault();
    assert!(
        fault.contains("row 2, column customer_id: expected one customer for each ticket"),
        "{fault}"
    );
    let contacts = [
        (
            "c-1,u-1,2026-01-03T08:00:00Z,t-1,email,robot,,,\n",
            "contacts.csv, row 1, column author: expected one of customer, agent, system, got \"robot\"",
        ),
        (
            "c-1,u-1,2026-01-03T08:00:00Z,t-1,email,,,,\nc-1,u-2,2026-01-03T08:00:00Z,t-1,email,,,,\n",
            "contacts.csv, row 2, column contact_id: expected each contact once, \"c-1\" is also in row 1",
        ),
    ];
    for (rows, expected) in contacts {
        let fault = Case::new(good).with_contacts(rows).fault();
        assert!(fault.starts_with(expected), "{fault}");
    }
}

#[test]
fn a_destination_that_exists_or_has_no_known_format_is_refused_before_anything_is_read() {
    let mut case = Case::new("not even a row\n");
    std::fs::write(&case.args.out, "kept").unwrap();
    assert!(case.fault().ends_with("labels.csv: it exists already"));
    assert_eq!(std::fs::read_to_string(&case.args.out).unwrap(), "kept");
    case.args.out = case.folder.path().join("labels.xlsx");
    assert!(case.fault().contains("expected a name that ends in .csv, .csv.gz or .parquet"));
    case.args.out = case.folder.path().join("nowhere/labels.csv");
    assert!(case.fault().contains("there is no folder"));
}

#[test]
fn nothing_is_left_behind_by_a_run_that_fails() {
    let case = Case::new("t-1,u-1,never,2026-01-02T08:00:00Z,card\n");
    case.fault();
    let left: Vec<_> = std::fs::read_dir(case.folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left, ["tickets.csv"]);
}

#[test]
fn the_configuration_in_the_documentation_is_that_of_the_defaults_and_every_column_is_described() {
    let docs = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/outcomes.md"));
    let docs = std::fs::read_to_string(docs).unwrap();
    let config = docs.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    let case =
        Case::new("t-1,u-1,2026-01-01T08:00:00Z,2026-01-02T08:00:00Z,card\n").with_config(config);
    let read = LabelParams::read(case.args.config.as_deref().unwrap()).unwrap();
    assert_eq!(read, LabelParams::default());
    let (_, rows) = case.label();
    for (column, _) in &rows[0] {
        let is_of_a_window = column.ends_with('d') && column.chars().any(|c| c.is_ascii_digit());
        assert!(is_of_a_window || docs.contains(&format!("`{column}`")), "{column}");
    }
    for kind in recontact::outcome::ContactKind::ALL {
        let is_described = docs.contains(&format!("| `{}` |", kind.as_str()));
        assert!(is_described || kind.as_str() == "substantive", "{kind:?}");
    }
}
