use super::encoding::{CategoryParams, Encoding, FeatureModel};
use super::source::{Categories, CategoryRef, FeatureSource, RawValue, ReturnRates};
use super::text::TextProjection;
use super::threshold::FollowUpCosts;
use super::trees::{Tree, TreeEnsemble};
use super::windows::ConditionalModel;
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
            let mut ticket = ticket(if i < 4 { "card" } else { "loan" }, location, f64::from(i));
            if i != 3 {
                let text = ["карта не пришла", "where is my loan"][usize::from(i % 2)];
                ticket.details.texts.insert("first_text".into(), format!("{text} {i}"));
            }
            (ticket, history(i.into()))
        })
        .collect();
    let facts: Vec<_> = tickets.iter().map(|(t, h)| Facts::gather(t, &h.tickets, 14)).collect();
    let positive: Vec<bool> = (0..8).map(|i| i % 3 == 0).collect();
    let part = |name: &str, attribute| CategoryRef { name: name.into(), attribute };
    let crossed = Categories(vec![part("category", false), part("location", true)]);
    let rates = BTreeMap::from([("card".to_owned(), 0.4)]);
    let of = Categories(vec![part("category", false)]);
    let rows: Vec<Vec<f32>> = (0..2)
        .map(|row| (0..64).map(|i| if i % 2 == row { 0.2 } else { -0.1 }).collect())
        .collect();
    let projection = TextProjection::new(6, &[1.0; 64], &rows).unwrap();
    let sources = [
        ("same_category_tickets_30d", FeatureSource::BuiltIn, FeatureKind::Number),
        ("days_since_last_ticket", FeatureSource::BuiltIn, FeatureKind::Number),
        ("category", FeatureSource::BuiltIn, FeatureKind::Category),
        ("location", FeatureSource::Attribute, FeatureKind::Category),
        ("debt", FeatureSource::Attribute, FeatureKind::Number),
        ("category × location", FeatureSource::Crossed(crossed), FeatureKind::Category),
        (
            "return_rate:category",
            FeatureSource::ReturnRate(ReturnRates { of, rates, otherwise: 0.2 }),
            FeatureKind::Number,
        ),
        ("first_text", FeatureSource::Text(projection), FeatureKind::Text),
    ];
    let context = FeatureContext { base_rate: 0.2, median_hours: 5.0, ..FeatureContext::default() };
    let params = CategoryParams { min_count: 2, min_count_trees: 2 };
    let features = sources.map(|(name, source, kind)| {
        let values: Vec<RawValue<'_>> =
            facts.iter().map(|facts| source.value(facts, &context, name, kind).unwrap()).collect();
        let mut encoding = Encoding::fit(&values, &positive, params).unwrap();
        let columns: Vec<Column> = [0.7, 0.3, -0.1, -0.5]
            .into_iter()
            .map(|weight| Column { weight, mean: 0.25 })
            .collect();
        encoding.set_columns(&columns);
        FeatureModel { name: name.into(), source, encoding }
    });
    let threshold = |value| Probability::new(value).unwrap();
    RiskWeights {
        window_days: 14,
        team_bands: BTreeMap::new(),
        bands: BandThresholds::new(threshold(0.2), threshold(0.5)).unwrap(),
        follow_up: FollowUpRule::Share { share: 0.1 },
        context,
        intercept: -1.0,
        features: features.to_vec(),
        scorer: RiskScorer::Logistic,
        calibration: Calibration::None,
        windows: WindowModels {
            shorter: vec![ConditionalModel {
                window_days: 3,
                intercept: -0.2,
                logit_weight: 0.1,
                weights: BTreeMap::from([("debt".to_owned(), 0.3)]),
            }],
            longer: Vec::new(),
        },
    }
}

/// Two trees over the columns of [`weights`]: the first is on history and category, the second on debt and the text.
fn trees() -> TreeEnsemble {
    let tree = |columns: [u32; 2], splits: [f64; 2]| Tree {
        column: vec![columns[0], 0, columns[1], 0, 0],
        split: vec![splits[0], 0.0, splits[1], 0.0, 0.0],
        left: vec![1, 0, 3, 0, 0],
        right: vec![2, 0, 4, 0, 0],
        missing_left: vec![true, false, false, false, false],
        value: vec![0.0, -0.6, 0.0, 0.2, 0.9],
        cover: vec![8.0, 5.0, 3.0, 2.0, 1.0],
    };
    TreeEnsemble { base: -1.2, trees: vec![tree([0, 2], [1.5, 0.35]), tree([4, 7], [3.5, 0.0])] }
}

/// Every kind of scorer with every kind of calibration.
fn any_model() -> impl Strategy<Value = RiskModel> {
    let scorers = [
        RiskScorer::Logistic,
        RiskScorer::Trees { trees: trees() },
        RiskScorer::Blend { trees: trees(), linear_share: 0.35 },
    ];
    let calibrations = [
        Calibration::None,
        Calibration::Platt { slope: 0.8, offset: 0.3 },
        Calibration::Isotonic { from: vec![-3.0, -1.0, 1.0], to: vec![-2.5, -1.2, 2.0] },
    ];
    (prop::sample::select(scorers.to_vec()), prop::sample::select(calibrations.to_vec())).prop_map(
        |(scorer, calibration)| {
            let weights = RiskWeights { scorer, calibration, ..weights() };
            RiskModel::new("test-1".into(), weights).unwrap()
        },
    )
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
    let damages: [(Damage, &str); 9] = [
        (|w| w.features[0].name = "moon_phase".into(), "feature moon_phase: not known"),
        (|w| w.features[4].name = "location".into(), "feature location: named twice"),
        (
            |w| w.features[1].encoding.set_columns(&[Column { weight: 1e300, mean: 0.0 }]),
            "days_since",
        ),
        (|w| w.window_days = 0, "window_days"),
        (|w| w.intercept = f64::INFINITY, "intercept"),
        (|w| w.calibration = Calibration::Platt { slope: 0.0, offset: 0.0 }, "calibration"),
        (|w| w.context.base_rate = 2.0, "base rate"),
        (|w| w.scorer = RiskScorer::Blend { trees: trees(), linear_share: 7.0 }, "linear_share"),
        (|w| w.windows.shorter[0].window_days = 20, "windows"),
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

#[test]
fn a_ticket_of_which_nothing_is_known_is_assessed_too() {
    let mut bare = ticket("never seen", AttributeValue::Text(String::new()), f64::NAN);
    bare.details = TicketDetails::default();
    for scorer in [RiskScorer::Logistic, RiskScorer::Trees { trees: trees() }] {
        let model = RiskModel::new("x".into(), RiskWeights { scorer, ..weights() }).unwrap();
        assert!(model.assess(&bare, &CustomerHistory::default()).logit.is_finite());
    }
}

#[test]
fn a_text_is_one_reason_that_shows_its_length_and_not_the_text() {
    let mut ticket = ticket("card", AttributeValue::Text("minsk".into()), 3.0);
    ticket.details.texts.insert("first_text".into(), "карта не пришла".into());
    let risk = model().assess(&ticket, &history(1));
    let texts: Vec<_> = risk.reasons.iter().filter(|r| r.feature == "first_text").collect();
    assert_eq!(texts.len(), 1);
    assert_eq!(texts[0].value, FeatureValue::Number(15.0));
    assert!(!serde_json::to_string(&risk).unwrap().contains("карта"));
    let stored = serde_json::to_string(&ticket).unwrap();
    assert!(!stored.contains("карта"), "{stored}");
}

#[test]
fn costs_give_the_threshold_of_the_high_band_its_reason() {
    let costs = FollowUpCosts { follow_up: 1.0, harm: 1.0, repeat: 20.0, effect: 0.5 };
    let rule = FollowUpRule::Cost(costs);
    let json = serde_json::to_string(&rule).unwrap();
    assert_eq!(serde_json::from_str::<FollowUpRule>(&json).unwrap(), rule);
}

proptest! {
    /// The law that makes reasons exact.
    #[test]
    fn base_and_all_contributions_add_up_to_the_logit(
        category in prop::sample::select(vec!["card", "loan", "holiday"]),
        location in any_location(),
        debt in any_number(),
        tickets in 0usize..30,
        text in prop::option::of(".{0,20}"),
        model in any_model(),
    ) {
        let mut ticket = ticket(category, location, debt);
        ticket.details.texts.extend(text.map(|text| ("first_text".to_owned(), text)));
        let risk = model.assess(&ticket, &history(tickets));
        let sum: f64 = risk.reasons.iter().map(|reason| reason.contribution).sum();
        prop_assert!(risk.logit.is_finite());
        prop_assert!((risk.base_logit + sum - risk.logit).abs() < 1e-9);
        prop_assert_eq!(risk.probability, Probability::from_logit(risk.logit));
        prop_assert!(risk.windows.is_sorted_by(|a, b| a.probability <= b.probability));
        prop_assert_eq!(risk.windows.last().map(|window| window.probability), Some(risk.probability));
        prop_assert!(serde_json::to_string(&risk).unwrap().contains("\"probability\""));
    }
}

#[test]
fn a_team_with_bands_of_its_own_is_judged_by_them_and_old_files_have_none() {
    let threshold = |value| Probability::new(value).unwrap();
    let own = BandThresholds::new(threshold(0.001), threshold(0.002)).unwrap();
    let team_bands = BTreeMap::from([("cards".to_owned(), own)]);
    let model = RiskModel::new("x".into(), RiskWeights { team_bands, ..weights() }).unwrap();
    let mut closed = ticket("card", AttributeValue::Text("minsk".into()), 1.0);
    let threshold_of = |ticket: &ClosedTicket| model.assess(ticket, &history(0)).threshold;
    assert!((threshold_of(&closed).value() - 0.5).abs() < 1e-12);
    closed.details.team = Some(Name::parse("cards").unwrap());
    let risk = model.assess(&closed, &history(0));
    assert_eq!((risk.threshold, risk.band), (own.high(), RiskBand::High));
    let json = serde_json::to_value(weights()).unwrap();
    assert!(json.get("team_bands").is_none(), "left out where there are none");
    assert_eq!(serde_json::from_value::<RiskWeights>(json).unwrap(), weights());
}
