use super::*;
use proptest::prelude::*;

const HOUR_MS: i64 = 3_600_000;

fn at(hours: i64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000 + hours * HOUR_MS).unwrap()
}

fn recontact(relation: Relation, hours: i64) -> Recontact {
    Recontact {
        source: RecontactSource::Contact,
        source_id: Name::parse(&format!("c-{hours}")).unwrap(),
        occurred_at: at(hours),
        gap_ms: hours * HOUR_MS,
        relation,
        category: None,
        similarity: None,
    }
}

fn outcome(recontacts: &[Recontact], window_days: u32, now_hours: i64) -> Option<Outcome> {
    Outcome::of(recontacts, at(0), window_days, at(now_hours)).map(|(outcome, _)| outcome)
}

#[test]
fn a_window_that_is_not_over_has_no_outcome_even_when_the_customer_is_back() {
    let back = [recontact(Relation::Explicit, 1)];
    assert_eq!(outcome(&back, 7, 7 * 24 - 1), None);
    assert_eq!(outcome(&back, 7, 7 * 24), Some(Outcome::Explicit));
    assert_eq!(outcome(&[], 7, 7 * 24), Some(Outcome::None));
}

#[test]
fn explicit_counts_before_implicit_before_induced_before_unrelated() {
    let order = [Relation::Unrelated, Relation::Induced, Relation::Implicit, Relation::Explicit];
    for count in 1..=order.len() {
        let back: Vec<Recontact> = order[..count]
            .iter()
            .zip(1..)
            .map(|(relation, hours)| recontact(*relation, hours))
            .collect();
        let expected = Outcome::from(order[count - 1]);
        let (found, proof) = Outcome::of(&back, at(0), 1, at(48)).unwrap();
        assert_eq!((found, proof), (expected, back.last()));
    }
}

#[test]
fn the_earliest_contact_of_the_relation_is_the_proof() {
    let back = [recontact(Relation::Explicit, 9), recontact(Relation::Explicit, 5)];
    let (_, proof) = Outcome::of(&back, at(0), 1, at(48)).unwrap();
    assert_eq!(proof, Some(&back[1]));
}

#[test]
fn a_window_holds_its_last_instant_and_not_the_close() {
    assert_eq!(outcome(&[recontact(Relation::Explicit, 24)], 1, 99), Some(Outcome::Explicit));
    assert_eq!(outcome(&[recontact(Relation::Explicit, 25)], 1, 99), Some(Outcome::None));
    assert_eq!(outcome(&[recontact(Relation::Explicit, 0)], 1, 99), Some(Outcome::None));
}

fn relations() -> impl Strategy<Value = Relation> {
    prop::sample::select(vec![
        Relation::Explicit,
        Relation::Implicit,
        Relation::Induced,
        Relation::Unrelated,
    ])
}

proptest! {
    #[test]
    fn a_repeat_in_a_window_is_a_repeat_in_every_longer_one(
        back in prop::collection::vec((relations(), -100_i64..800), 0..12), now in 0_i64..1000,
    ) {
        let back: Vec<Recontact> = back.into_iter().map(|(relation, hours)| recontact(relation, hours)).collect();
        for pair in WINDOWS_DAYS.windows(2) {
            let (shorter, longer) = (outcome(&back, pair[0], now), outcome(&back, pair[1], now));
            if longer.is_some() {
                prop_assert!(shorter.is_some(), "a longer window is over no earlier");
                prop_assert!(!shorter.unwrap().is_repeat() || longer.unwrap().is_repeat());
            }
        }
    }
}
