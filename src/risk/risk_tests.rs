use super::encoding::{Encoding, FeatureModel, RawValue, raw_value};
use super::*;
use crate::ticket::{AttributeValue, Name, PastTicket, TicketDetails};
use crate::timestamp::Timestamp;
use encoding::Column;
use proptest::prelude::*;
use std::collections::BTreeMap;

fn ticket(category: &str, location: AttributeValue, debt: f64) -> ClosedTicket {
    let attributes = BTreeMap::from([
        ("location".to_owned(), location),
        ("debt".to_owned(), AttributeValue::Number(debt)),
    ]);
    ClosedTicket {
        id: Name::parse("t-1").unwrap(),
        customer_id: Name::parse("u-1").unwrap(),
        opened_at: Timestamp::parse("2026-01-05T09:00:00Z").unwrap(),
        closed_at: Timestamp::parse("2026-01-06T10:30:00Z").unwrap(),
        category: Name::parse(category).unwrap(),
        details: TicketDetails { attributes, ..TicketDetails::default() },
    }
}

fn history(tickets: usize) -> CustomerHistory {
    let opened_at = Timestamp::parse("2026-01-01T09:00:00Z").unwrap();
    let category = Some(Name::parse("card").unwrap());
    let past = PastTicket { opened_at, closed_at: None, category };
    CustomerHistory { tickets: vec![past; tickets] }
}

/// A model whose encodings were learnt from a few tickets and whose weights are made up.
fn weights() -> RiskWeights {
    let tickets: Vec<_> = (0..8u8)
        .map(|i| {
            let location = AttributeValue::Text(if i % 2 == 0 { "minsk" } else { "brest" }.into());
            (ticket(if i < 4 { "card" } else { "loan" }, location, f64::from(i)), history(i.into()))
        })
        .collect();
    let facts: Vec<_> = tickets.iter().map(|(t, h)| Facts::gather(t, &h.tickets)).collect();
    let features = [
        ("same_category_tickets_30d", false, FeatureKind::Number),
        ("days_since_last_ticket", false, FeatureKind::Number),
        ("category", false, FeatureKind::Category),
        ("location", true, FeatureKind::Category),
        ("debt", true, FeatureKind::Number),
    ];
    let features = features.map(|(name, attribute, kind)| {
        let values: Vec<RawValue<'_>> =
            facts.iter().map(|facts| raw_value(facts, name, attribute, kind).unwrap()).collect();
        let mut encoding = Encoding::fit(&values, 2).unwrap();
        let columns: Vec<Column> = [0.7, 0.3, -0.1, -0.5]
            .into_iter()
            .map(|weight| Column { weight, mean: 0.25 })
            .collect();
        encoding.set_columns(&columns);
        FeatureModel { name: name.into(), attribute, encoding }
    });
    let threshold = |value| Probability::new(value).unwrap();
    RiskWeights {
        window_days: 14,
        intercept: -1.0,
        bands: BandThresholds::new(threshold(0.2), threshold(0.5)).unwrap(),
        features: features.to_vec(),
    }
}

fn model() -> RiskModel {
    RiskModel::new("test-1".into(), weights()).unwrap()
}

#[test]
fn a_response_has_the_documented_fields_and_reasons_in_order_of_strength() {
    let risk =
        model().assess(&ticket("card", AttributeValue::Text("minsk".into()), 3.0), &history(2));
    let json = serde_json::to_value(&risk).unwrap();
    for field in ["probability", "logit", "band", "threshold", "window_days", "base_logit"] {
        assert!(!json[field].is_null(), "{field}");
    }
    let strengths: Vec<f64> = risk.reasons.iter().map(|r| r.contribution.abs()).collect();
    assert!(strengths.is_sorted_by(|a, b| a >= b), "{strengths:?}");
    let recent = risk.reasons.iter().find(|r| r.feature == "same_category_tickets_30d").unwrap();
    assert_eq!(recent.value, FeatureValue::Number(2.0));
}

#[test]
fn weights_written_and_read_assess_the_same() {
    let written = serde_json::to_vec(&weights()).unwrap();
    let read = RiskModel::new("test-1".into(), serde_json::from_slice(&written).unwrap()).unwrap();
    let ticket = ticket("loan", AttributeValue::Text("brest".into()), 5.0);
    let (a, b) = (model().assess(&ticket, &history(3)), read.assess(&ticket, &history(3)));
    assert!((a.logit - b.logit).abs() < 1e-12);
}

#[test]
fn a_category_never_seen_counts_as_other_and_unknown_attributes_are_ignored() {
    let mut unseen = ticket("holiday", AttributeValue::Text("mars".into()), 3.0);
    let before = model().assess(&unseen, &history(0));
    unseen.details.attributes.insert("shoe_size".into(), AttributeValue::Number(44.0));
    assert_eq!(model().assess(&unseen, &history(0)), before);
}

#[test]
fn damaged_weights_are_refused_with_the_name_of_the_feature() {
    type Damage = fn(&mut RiskWeights);
    let damages: [(Damage, &str); 5] = [
        (|w| w.features[0].name = "moon_phase".into(), "feature moon_phase: not known"),
        (|w| w.features[4].name = "location".into(), "feature location: named twice"),
        (
            |w| w.features[1].encoding.set_columns(&[Column { weight: 1e300, mean: 0.0 }]),
            "days_since",
        ),
        (|w| w.window_days = 0, "window_days"),
        (|w| w.intercept = f64::INFINITY, "intercept"),
    ];
    for (damage, expected) in damages {
        let mut weights = weights();
        damage(&mut weights);
        let fault = RiskModel::new("x".into(), weights).unwrap_err();
        assert!(fault.contains(expected), "{fault}");
    }
}

fn any_number() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<f64>(),
        Just(f64::NAN),
        Just(f64::INFINITY),
        Just(f64::MAX),
        Just(f64::MIN),
        -10.0..1000.0f64,
    ]
}

fn any_location() -> impl Strategy<Value = AttributeValue> {
    prop_oneof![
        any_number().prop_map(AttributeValue::Number),
        any::<bool>().prop_map(AttributeValue::Flag),
        ".{0,8}".prop_map(AttributeValue::Text),
        Just(AttributeValue::Text("minsk".into())),
    ]
}

proptest! {
    /// The law that makes reasons exact.
    #[test]
    fn base_and_all_contributions_add_up_to_the_logit(
        category in prop::sample::select(vec!["card", "loan", "holiday"]),
        location in any_location(),
        debt in any_number(),
        tickets in 0usize..30,
    ) {
        let risk = model().assess(&ticket(category, location, debt), &history(tickets));
        let sum: f64 = risk.reasons.iter().map(|reason| reason.contribution).sum();
        prop_assert!(risk.logit.is_finite());
        prop_assert!((risk.base_logit + sum - risk.logit).abs() < 1e-9);
        prop_assert_eq!(risk.probability, Probability::from_logit(risk.logit));
        prop_assert!(serde_json::to_string(&risk).unwrap().contains("\"probability\""));
    }
}
