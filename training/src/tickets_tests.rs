use super::*;

const HEADER: &str =
    "ticket_id,customer_id,opened_at,closed_at,category,reassignments,sla_met,csat,location";
const GOOD: &str = "t-1,u-1,2016-03-01 08:00,2016-03-02T10:00:00Z,card,1,true,4.5,12";

fn read(rows: &[&str], columns: &TicketColumns) -> anyhow::Result<TicketTable> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("tickets.csv");
    std::fs::write(&path, format!("{HEADER}\n{}\n", rows.join("\n"))).unwrap();
    TicketTable::read(&path, columns, None)
}

fn fault(rows: &[&str]) -> String {
    read(rows, &TicketColumns::default()).unwrap_err().to_string()
}

#[test]
fn a_row_becomes_a_ticket_and_rows_without_a_customer_are_counted() {
    let columns =
        TicketColumns { categorical: vec!["location".into()], ..TicketColumns::default() };
    let nobody = "t-2,,2016-03-01 08:00,2016-03-02 10:00,card,,,,";
    let table = read(&[GOOD, nobody], &columns).unwrap();
    assert_eq!((table.rows, table.without_customer, table.tickets.len()), (2, 1, 1));
    let ticket = &table.tickets[0];
    assert_eq!(ticket.opened_at.to_string(), "2016-03-01T08:00:00Z");
    assert_eq!(ticket.details.reassignments, Some(1));
    assert_eq!(ticket.details.sla_met, Some(true));
    assert_eq!(ticket.details.attributes["location"], AttributeValue::Text("12".into()));
}

#[test]
fn every_fault_names_row_column_and_what_was_expected() {
    let long = format!("t-2,{},2016-03-01 08:00,2016-03-02 10:00,card,,,,", "x".repeat(201));
    let cases = [
        (
            "t-2,u-1,31/31/2016,2016-03-02 10:00,card,,,,",
            "column opened_at: expected an RFC 3339 instant",
        ),
        (
            "t-2,u-1,2016-03-03 08:00,2016-03-02 10:00,card,,,,",
            "column closed_at: expected no earlier than",
        ),
        ("t-2,u-1,2016-03-01 08:00,,card,,,,", "column closed_at: expected a value"),
        ("t-2,u-1,2016-03-01 08:00,2016-03-02 10:00,,,,,", "column category: expected a value"),
        (
            "t-2,u-1,2016-03-01 08:00,2016-03-02 10:00,card,-1,,,",
            "column reassignments: expected a whole number",
        ),
        (
            "t-2,u-1,2016-03-01 08:00,2016-03-02 10:00,card,,maybe,,",
            "column sla_met: expected true or false",
        ),
        (
            "t-2,u-1,2016-03-01 08:00,2016-03-02 10:00,card,,,NaN,",
            "column csat: expected a finite number",
        ),
        (
            "t-2,u-1,2016-03-01 08:00,2016-03-02 10:00,card,,,inf,",
            "column csat: expected a finite number",
        ),
        (
            "t-1,u-1,2016-03-01 08:00,2016-03-02 10:00,card,,,,",
            "column ticket_id: expected each ticket once, \"t-1\" is also in row 1",
        ),
        (long.as_str(), "column customer_id: expected 1 to 200 characters, got 201"),
    ];
    for (row, expected) in cases {
        let fault = fault(&[GOOD, row]);
        assert!(fault.starts_with(&format!("tickets.csv, row 2, {expected}")), "{fault}");
    }
}

#[test]
fn all_missing_columns_are_reported_at_once() {
    let columns = TicketColumns {
        customer_id: "requester".into(),
        team: Some("group".into()),
        ..TicketColumns::default()
    };
    let fault = read(&[GOOD], &columns).unwrap_err().to_string();
    assert!(fault.contains("no column requester") && fault.contains("no column group"), "{fault}");
}
