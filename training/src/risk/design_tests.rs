use super::*;
use crate::risk::protocol::Examples;
use crate::tickets::TicketTable;
use recontact::ticket::{AttributeValue, ClosedTicket, Name, TicketDetails};
use recontact::timestamp::Timestamp;

/// One ticket a day of a customer of its own; every second one of site `a` came back.
fn table(days: i64) -> TicketTable {
    let start = Timestamp::parse("2026-01-01T00:00:00Z").unwrap();
    let named = |text: &str| Name::parse(text).unwrap();
    let tickets: Vec<ClosedTicket> = (0..days)
        .map(|day| ClosedTicket {
            id: named(&format!("t-{day:04}")),
            customer_id: named(&format!("u-{day}")),
            opened_at: start.plus_days(day),
            closed_at: start.plus_days(day),
            category: named("card"),
            details: TicketDetails {
                attributes: [(
                    "site".to_owned(),
                    AttributeValue::Text(if day % 3 == 0 { "b" } else { "a" }.into()),
                )]
                .into(),
                ..TicketDetails::default()
            },
        })
        .collect();
    let labels = (0..days).map(|day| Some(day % 3 == 1)).collect();
    TicketTable { rows: tickets.len(), labels: Some(labels), tickets, ..TicketTable::default() }
}

fn params() -> RiskParams {
    let mut params = RiskParams::default();
    params.columns.categorical = vec!["site".into()];
    params.min_count = 2;
    params
}

fn rates_of(rows: &[Example<'_>]) -> (Vec<Option<f64>>, ReturnRates) {
    let params = params();
    let candidates = candidates(&params, &BTreeMap::new(), rows).unwrap();
    let candidate = candidates.iter().find(|c| c.name == "return_rate:site").unwrap();
    let design = Design { context: context(rows, &params), models: vec![], constant: vec![] };
    let past = PastOutcomes::new(rows, params.window_days, None);
    let (source, values) = design.training_values(candidate, rows, &past);
    let rates = values
        .into_iter()
        .map(|value| match value {
            RawValue::Number(rate) => rate,
            other => panic!("{other:?}"),
        })
        .collect();
    match source {
        FeatureSource::ReturnRate(learnt) => (rates, learnt),
        other => panic!("{other:?}"),
    }
}

/// The law of what is strictly past: nothing a training ticket is seen by moves when an outcome changes that was not known at
/// its closing, its own among them.
#[test]
fn rates_and_codes_of_a_training_ticket_count_only_outcomes_known_when_it_was_closed() {
    let until = Timestamp::parse("2027-01-01T00:00:00Z").unwrap();
    let table = table(90);
    let params = {
        let mut params = params();
        params.trees.codes = CodeChoice::Past;
        params.rate_prior = CodeChoice::Past;
        params.trees.min_count = 3;
        params
    };
    let label = || Examples::label(&table, 14, until, &BTreeSet::new());
    let groups = BTreeSet::from([FeatureGroup::Rates]);
    let seen = |examples: &Examples<'_>| {
        let rows = &examples.rows;
        let candidates = candidates(&params, &BTreeMap::new(), rows).unwrap();
        let (design, columns) = Design::learn(&candidates, rows, &groups, &params).unwrap();
        assert!(design.models.iter().any(|model| model.name == "customer_return_rate"));
        let bits = move |row: usize| -> Vec<u64> {
            let tree = |column: usize| columns.trees[column * columns.rows + row].to_bits();
            (0..columns.tree_columns).map(tree).collect()
        };
        (0..rows.len()).map(bits).collect::<Vec<_>>()
    };
    let before = seen(&label());
    for changed in [0, 7, 40, 89] {
        let mut examples = label();
        examples.rows[changed].positive = !examples.rows[changed].positive;
        let known_from = (changed + 14).min(90);
        assert_eq!(before[..known_from], seen(&examples)[..known_from], "{changed}");
    }
}

#[test]
fn the_stored_rates_are_those_at_the_end_of_training() {
    let until = Timestamp::parse("2027-01-01T00:00:00Z").unwrap();
    let table = table(60);
    let examples = Examples::label(&table, 14, until, &BTreeSet::new());
    let (past, learnt) = rates_of(&examples.rows);
    let prior = 20.0 / 60.0;
    assert_eq!(past[0], None, "nothing was known at the first closing");
    assert!(past[59].is_some());
    // 40 tickets of site a, half of which came back.
    assert!((learnt.rates["a"] - (20.0 + 20.0 * prior) / 60.0).abs() < 1e-12);
    assert!((learnt.rate(Some("never seen")) - prior).abs() < 1e-12);
}

#[test]
fn categories_that_say_the_same_in_all_tickets_are_named_and_left_out() {
    let until = Timestamp::parse("2027-01-01T00:00:00Z").unwrap();
    let table = table(60);
    let examples = Examples::label(&table, 14, until, &BTreeSet::new());
    let params = params();
    let candidates = candidates(&params, &BTreeMap::new(), &examples.rows).unwrap();
    let groups = BTreeSet::from([FeatureGroup::Interactions, FeatureGroup::Rates]);
    let (design, columns) = Design::learn(&candidates, &examples.rows, &groups, &params).unwrap();
    let names: Vec<&str> = design.models.iter().map(|model| model.name.as_str()).collect();
    assert!(names.contains(&"site") && names.contains(&"category × site"), "{names:?}");
    assert!(names.contains(&"return_rate:category × site"), "{names:?}");
    assert!(design.constant.iter().any(|name| name == "csat"), "{:?}", design.constant);
    assert!(design.constant.iter().any(|name| name == "category"), "{:?}", design.constant);
    assert_eq!(columns.linear.nrows(), 60);
    assert_eq!(columns.trees.len(), 60 * columns.tree_columns);
}
