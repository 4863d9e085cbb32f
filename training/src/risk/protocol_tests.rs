use super::*;
use recontact::ticket::TicketDetails;

const OPENED: &str = "2016-03-01T08:00:00Z";
const CLOSED: &str = "2016-03-02T10:00:00Z";

fn instant(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn ticket(
    id: &str,
    customer: &str,
    opened_at: &str,
    closed_at: &str,
    category: &str,
) -> ClosedTicket {
    let named = |text: &str| Name::parse(text).unwrap();
    ClosedTicket {
        id: named(id),
        customer_id: named(customer),
        opened_at: instant(opened_at),
        closed_at: instant(closed_at),
        category: named(category),
        details: TicketDetails::default(),
    }
}

/// The label of ticket `a` beside another one.
fn label_beside(customer: &str, opened_at: &str, category: &str) -> bool {
    let tickets = vec![
        ticket("a", "u-1", OPENED, CLOSED, "card"),
        ticket("b", customer, opened_at, "2016-04-30T00:00:00Z", category),
    ];
    let table = TicketTable { rows: 2, tickets, ..TicketTable::default() };
    let examples = Examples::label(&table, 14, instant("2016-06-01T00:00:00Z"), &BTreeSet::new());
    examples.rows.iter().find(|row| row.id.as_str() == "a").unwrap().positive
}

#[test]
fn a_recontact_is_another_ticket_of_the_same_customer_and_category_within_the_window() {
    assert!(label_beside("u-1", "2016-03-02T10:00:00.001Z", "card"), "just after");
    assert!(label_beside("u-1", "2016-03-16T10:00:00Z", "card"), "exactly 14 days later");
    assert!(!label_beside("u-1", "2016-03-16T10:00:00.001Z", "card"), "just over 14 days");
    assert!(!label_beside("u-1", CLOSED, "card"), "the same instant");
    assert!(!label_beside("u-1", "2016-03-02T09:00:00Z", "card"), "before the closing");
    assert!(!label_beside("u-1", "2016-03-05T10:00:00Z", "loan"), "another category");
    assert!(!label_beside("u-2", "2016-03-05T10:00:00Z", "card"), "another customer");
}

#[test]
fn a_ticket_is_no_recontact_of_itself() {
    // Opened and closed at the same instant, so that nothing but its identity rules it out.
    let tickets = vec![ticket("a", "u-1", CLOSED, CLOSED, "card")];
    let table = TicketTable { rows: 1, tickets, ..TicketTable::default() };
    let examples = Examples::label(&table, 14, instant("2016-06-01T00:00:00Z"), &BTreeSet::new());
    assert!(!examples.rows[0].positive);
}

#[test]
fn a_ticket_whose_window_is_not_over_has_no_label() {
    let tickets = vec![
        ticket("a", "u-1", OPENED, "2016-03-02T10:00:00Z", "card"),
        ticket("b", "u-1", OPENED, "2016-03-02T10:00:00.001Z", "card"),
    ];
    let table = TicketTable { rows: 2, tickets, ..TicketTable::default() };
    let examples = Examples::label(&table, 14, instant("2016-03-16T10:00:00Z"), &BTreeSet::new());
    let ids: Vec<_> = examples.rows.iter().map(|row| row.id.as_str()).collect();
    assert_eq!((ids, examples.immature), (vec!["a"], 1));
}

/// One ticket an hour, every third of them followed by another one of the same customer.
fn hourly(count: i64) -> TicketTable {
    let start = instant("2016-03-01T00:00:00Z").millis();
    let hour = |index: i64| Timestamp::from_millis(start + index * 3_600_000).unwrap().to_string();
    let tickets = (0..count)
        .map(|i| {
            let customer = format!("u-{}", if i % 3 == 1 { i - 1 } else { i });
            ticket(&format!("t-{i:05}"), &customer, &hour(i), &hour(i), "card")
        })
        .collect();
    let rows = usize::try_from(count).unwrap();
    TicketTable { rows, tickets, ..TicketTable::default() }
}

#[test]
fn training_ends_a_whole_window_before_the_first_test_ticket_closes() {
    let table = hourly(2000);
    let params = RiskParams::default();
    let examples = Examples::label(&table, 14, instant("2016-06-01T00:00:00Z"), &BTreeSet::new());
    let split = examples.split(&params).unwrap();
    let last_train = split.train.last().unwrap().closed_at;
    let first_test = split.test.first().unwrap().closed_at;
    assert!(last_train.plus_days(14) <= split.at && split.at < first_test);
    for fold in split.folds(&params).unwrap() {
        let end = fold.earlier.last().unwrap().closed_at.plus_days(14);
        assert!(end <= fold.later[0].closed_at, "a whole window lies between");
        assert!(fold.later.last().unwrap().closed_at <= last_train);
    }
}

#[test]
fn too_little_data_or_one_outcome_is_said_before_anything_is_fitted() {
    let until = instant("2016-06-01T00:00:00Z");
    let table = hourly(300);
    let few = Examples::label(&table, 14, until, &BTreeSet::new());
    let fault = few.split(&RiskParams::default()).unwrap_err().to_string();
    assert!(fault.starts_with("too little data: the training part has 0 tickets"), "{fault}");

    let mut table = hourly(2000);
    table.labels = Some((0..2000).map(|row| Some(row == 7)).collect());
    let one = Examples::label(&table, 14, until, &BTreeSet::new());
    let fault = one.split(&RiskParams::default()).unwrap_err().to_string();
    assert!(fault.contains("1 came back"), "{fault}");

    table.labels = None;
    let all_young = Examples::label(&table, 14, instant("2016-03-02T00:00:00Z"), &BTreeSet::new());
    let fault = all_young.split(&RiskParams::default()).unwrap_err().to_string();
    assert!(
        fault.starts_with("no ticket has a known outcome: 2000 closed less than 14 days"),
        "{fault}"
    );
}
