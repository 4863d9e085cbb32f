use super::*;
use crate::risk::protocol::Examples;
use crate::tickets::TicketTable;
use recontact::ticket::{AttributeValue, ClosedTicket, Name, TicketDetails};

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
    TicketTable {
        rows: tickets.len(),
        without_customer: 0,
        labels: Some(labels),
        treated: None,
        texts: Vec::new(),
        tickets,
    }
}

fn params() -> RiskParams {
    let mut params = RiskParams::default();
    params.columns.categorical = vec!["site".into()];
    params.min_count = 2;
    params
}

fn rates_of(rows: &[Example<'_>]) -> (Vec<f64>, ReturnRates) {
    let params = params();
    let candidates = candidates(&params, &BTreeMap::new(), rows).unwrap();
    let candidate = candidates.iter().find(|c| c.name == "return_rate:site").unwrap();
    let design = Design { context: context(rows, &params), models: vec![], constant: vec![] };
    let (source, values) = design.training_values(candidate, rows, params.window_days);
    let rates = values
        .into_iter()
        .map(|value| match value {
            RawValue::Number(Some(rate)) => rate,
            other => panic!("{other:?}"),
        })
        .collect();
    match source {
        FeatureSource::ReturnRate(learnt) => (rates, learnt),
        other => panic!("{other:?}"),
    }
}

/// The law of strictly past rates: a ticket's rate does not move when an outcome changes that was not known at its closing.
#[test]
fn a_past_rate_counts_only_outcomes_known_when_the_ticket_was_closed() {
    let until = Timestamp::parse("2027-01-01T00:00:00Z").unwrap();
    let table = table(60);
    let examples = Examples::label(&table, 14, until, &BTreeSet::new());
    let (before, _) = rates_of(&examples.rows);
    for changed in 0..60 {
        let mut examples = Examples::label(&table, 14, until, &BTreeSet::new());
        let flipped = !examples.rows[changed].positive;
        examples.rows[changed].positive = flipped;
        // The prior is the share of all training tickets; it is the same for every ticket and tells nothing of one.
        let other = (changed + 59) % 60;
        if examples.rows[other].positive == flipped {
            examples.rows[other].positive = !flipped;
        }
        let (after, _) = rates_of(&examples.rows);
        let known_from = (changed.min(other) + 14).min(60);
        let prior = context(&examples.rows, &params()).base_rate;
        if (prior
            - context(&Examples::label(&table, 14, until, &BTreeSet::new()).rows, &params())
                .base_rate)
            .abs()
            < 1e-12
        {
            assert_eq!(before[..known_from], after[..known_from], "{changed}");
        }
    }
}

#[test]
fn the_stored_rates_are_those_at_the_end_of_training() {
    let until = Timestamp::parse("2027-01-01T00:00:00Z").unwrap();
    let table = table(60);
    let examples = Examples::label(&table, 14, until, &BTreeSet::new());
    let (past, learnt) = rates_of(&examples.rows);
    let prior = 20.0 / 60.0;
    assert!((past[0] - prior).abs() < 1e-12, "nothing was known at the first closing");
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
