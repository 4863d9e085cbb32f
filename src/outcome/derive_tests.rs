use super::*;
use crate::outcome::{Outcome, WINDOWS_DAYS};
use proptest::prelude::*;

const HOUR_MS: i64 = 3_600_000;

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

fn at(hours: i64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000 + hours * HOUR_MS).unwrap()
}

fn episode() -> EpisodeFacts {
    EpisodeFacts {
        id: EpisodeId { ticket: name("t-1"), number: 1 },
        category: name("card"),
        opened_at: at(-10),
        closed_at: at(0),
        embedding: TextVector::from_embedding(&[1.0, 0.0]),
    }
}

fn contact(category: Option<&str>, hours: i64) -> LaterContact {
    LaterContact {
        source: RecontactSource::Ticket,
        source_id: name("t-2"),
        ticket: Some(name("t-2")),
        occurred_at: at(hours),
        category: category.map(name),
        category_is_certain: true,
        embedding: None,
        answers_follow_up: false,
    }
}

fn adjacent() -> AdjacentPairs {
    [(name("card"), name("pin"))].into_iter().collect()
}

fn all(contacts: &[LaterContact]) -> Vec<Recontact> {
    derive(&episode(), contacts, &adjacent(), &OutcomePolicy::default())
}

fn relation(contact: LaterContact) -> Relation {
    all(&[contact])[0].relation
}

#[test]
fn another_ticket_is_related_by_its_category() {
    assert_eq!(relation(contact(Some("card"), 1)), Relation::Explicit);
    assert_eq!(relation(contact(Some("pin"), 1)), Relation::Implicit);
    assert_eq!(relation(contact(Some("loan"), 1)), Relation::Unrelated);
    assert_eq!(relation(contact(None, 1)), Relation::Unrelated);
}

#[test]
fn adjacency_has_a_direction() {
    let pin = EpisodeFacts { category: name("pin"), ..episode() };
    let found = derive(&pin, &[contact(Some("card"), 1)], &adjacent(), &OutcomePolicy::default());
    assert_eq!(found[0].relation, Relation::Unrelated);
}

#[test]
fn a_similar_text_is_the_same_issue_whatever_it_was_classified_as() {
    let similar = TextVector::from_embedding(&[0.95, 0.2]);
    let other = TextVector::from_embedding(&[0.2, 0.95]);
    let with = |embedding| LaterContact { embedding, ..contact(Some("loan"), 1) };
    assert_eq!(relation(with(similar)), Relation::Explicit);
    assert_eq!(relation(with(other.clone())), Relation::Unrelated);
    let found = all(&[with(other)]);
    assert!((found[0].similarity.unwrap() - 0.206).abs() < 0.01);
}

#[test]
fn vectors_of_another_encoder_say_nothing() {
    let embedding = TextVector::from_embedding(&[1.0, 0.0, 0.0]);
    let found = all(&[LaterContact { embedding, ..contact(Some("loan"), 1) }]);
    assert_eq!((found[0].relation, found[0].similarity), (Relation::Unrelated, None));
}

#[test]
fn the_same_ticket_again_is_the_same_issue_unless_it_is_surely_another() {
    let again = |category, is_certain| LaterContact {
        source: RecontactSource::Reopening,
        ticket: Some(name("t-1")),
        category_is_certain: is_certain,
        ..contact(category, 1)
    };
    assert_eq!(relation(again(None, false)), Relation::Explicit);
    assert_eq!(relation(again(Some("loan"), false)), Relation::Explicit);
    assert_eq!(relation(again(Some("loan"), true)), Relation::Unrelated);
    assert_eq!(relation(again(Some("pin"), true)), Relation::Implicit);
    let similar = LaterContact {
        embedding: TextVector::from_embedding(&[1.0, 0.1]),
        ..again(Some("loan"), true)
    };
    assert_eq!(relation(similar), Relation::Explicit);
}

#[test]
fn an_answer_to_our_follow_up_is_induced_whatever_it_is_about() {
    let answer = LaterContact { answers_follow_up: true, ..contact(Some("card"), 1) };
    assert_eq!(relation(answer), Relation::Induced);
}

#[test]
fn only_contacts_after_the_close_and_within_thirty_days_count() {
    let hours = [-1, 0, 1, 30 * 24, 30 * 24 + 1];
    let contacts: Vec<LaterContact> = hours
        .iter()
        .map(|&hours| LaterContact {
            source_id: name(&format!("c{hours}")),
            ..contact(Some("card"), hours)
        })
        .collect();
    let found: Vec<i64> = all(&contacts).iter().map(|back| back.gap_ms / HOUR_MS).collect();
    assert_eq!(found, [1, 720]);
}

#[test]
fn a_contact_that_is_given_twice_counts_once_at_its_earliest() {
    let found =
        all(&[contact(Some("card"), 9), contact(Some("card"), 5), contact(Some("card"), 5)]);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].occurred_at, at(5));
}

fn contacts() -> impl Strategy<Value = Vec<LaterContact>> {
    let category = prop::option::of(prop::sample::select(vec!["card", "pin", "loan"]));
    let parts = (category, -50_i64..800, 0_u8..20, any::<bool>(), any::<bool>(), -1.0_f32..1.0);
    let contacts = parts.prop_map(|(category, hours, id, is_certain, answers, x)| LaterContact {
        source: if id % 2 == 0 { RecontactSource::Contact } else { RecontactSource::Reopening },
        source_id: name(&format!("c-{id}")),
        ticket: Some(name(if id % 3 == 0 { "t-1" } else { "t-2" })),
        category_is_certain: is_certain,
        embedding: TextVector::from_embedding(&[x, 0.3]),
        answers_follow_up: answers,
        ..contact(category, hours)
    });
    prop::collection::vec(contacts, 0..15)
}

proptest! {
    #[test]
    fn the_order_of_contacts_does_not_matter(
        (contacts, shuffled) in contacts()
            .prop_flat_map(|contacts| (Just(contacts.clone()), Just(contacts).prop_shuffle())),
    ) {
        prop_assert_eq!(all(&contacts), all(&shuffled));
    }

    #[test]
    fn no_contact_at_or_before_the_close_counts_and_the_order_is_that_of_time(contacts in contacts()) {
        let found = all(&contacts);
        prop_assert!(found.iter().all(|back| back.gap_ms > 0 && back.occurred_at <= at(720)));
        prop_assert!(found.is_sorted_by_key(|back| back.occurred_at));
        let after = contacts.into_iter().filter(|contact| contact.occurred_at > at(0)).collect::<Vec<_>>();
        prop_assert_eq!(found, all(&after));
    }

    #[test]
    fn a_repeat_stays_one_in_longer_windows_and_an_immature_window_says_nothing(
        contacts in contacts(), now in 0_i64..800,
    ) {
        let found = all(&contacts);
        let outcomes = WINDOWS_DAYS.map(|window| {
            Outcome::of(&found, at(0), window, at(now)).map(|(outcome, _)| outcome)
        });
        for (window, outcome) in WINDOWS_DAYS.iter().zip(&outcomes) {
            prop_assert_eq!(outcome.is_some(), now >= i64::from(*window) * 24);
        }
        for pair in outcomes.windows(2) {
            if let [Some(shorter), Some(longer)] = pair {
                prop_assert!(!shorter.is_repeat() || longer.is_repeat());
            }
        }
    }
}
