//! What the tests of outcomes share: a story told in days, and the outcomes that the store derives from it. And one law: the
//! store derives what the pure functions do, in whatever order the events come.

use super::flagged::Rows;
use super::*;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use recontact::contact::{Contact, ContactText};
use recontact::outcome::{
    Author, ContactKind, EpisodeFacts, EpisodeId, LaterContact, Outcome, Recontact,
    RecontactSource, TextVector, derive,
};
use recontact::store::{ContactAnalysis, ContactRecorded, EpisodeOutcomes, TicketReopened};
use std::collections::BTreeMap;

on_both_databases!(the_store_derives_what_the_pure_functions_do_in_any_order);

/// An instant `days` after the first minute.
pub(super) fn day(days: f64) -> Timestamp {
    minute((days * 1440.0).round() as i64)
}

/// A substantive contact of a customer about card_arrival.
pub(super) fn contact(id: &str, customer: &str, at: Timestamp) -> Contact {
    Contact {
        id: name(id),
        customer: name(customer).into(),
        also_known_as: Vec::new(),
        author: Author::Customer,
        stated_kind: None,
        follow_up_id: None,
        ticket_id: None,
        occurred_at: at,
        channel: None,
        text: ContactText::parse(&format!("text of {id}"), 1000).unwrap(),
    }
}

pub(super) fn about(category: &str) -> ContactAnalysis {
    ContactAnalysis {
        classification_json: "{}".to_owned(),
        model_version: "category-1".to_owned(),
        category: Some(name(category)),
        category_is_certain: true,
        embedding: None,
        encoder: None,
        kind: ContactKind::Substantive,
        kind_rule: "default".to_owned(),
        text: None,
    }
}

/// Records a contact when it is written.
pub(super) async fn say(store: &Store, contact: &Contact, analysis: &ContactAnalysis) {
    say_at(store, contact, analysis, contact.occurred_at).await;
}

pub(super) async fn say_at(
    store: &Store,
    contact: &Contact,
    analysis: &ContactAnalysis,
    now: Timestamp,
) {
    let recorded = store.record_contact(&TENANT, contact, analysis, &rules(), now).await.unwrap();
    assert_eq!(recorded, ContactRecorded::Recorded, "{}", contact.id);
}

/// Reports a ticket and closes it, both in time.
pub(super) async fn solve(
    store: &Store,
    id: &str,
    customer: &str,
    category: &str,
    opened: f64,
    closed: f64,
) {
    let event = TicketEvent {
        customer_id: name(customer),
        opened_at: day(opened),
        category: Some(name(category)),
        ..opening(id)
    };
    store.record_ticket(&TENANT, &event, &rules(), day(opened)).await.unwrap();
    close_at(store, id, closed, day(closed)).await;
}

pub(super) async fn close_at(store: &Store, id: &str, closed: f64, now: Timestamp) {
    let event = ClosingEvent { closed_at: day(closed), ..closing(0) };
    let closed = store
        .close_ticket(&TENANT, &name(id), &event, &rules(), now, |_, _| Some(assessment("high")))
        .await
        .unwrap();
    assert!(matches!(closed, TicketClosed::Closed(_)), "{id}: {closed:?}");
}

pub(super) async fn reopen(store: &Store, id: &str, at: f64) -> TicketReopened {
    store.reopen_ticket(&TENANT, &name(id), day(at), &rules(), day(at)).await.unwrap()
}

pub(super) async fn episodes(store: &Store, id: &str) -> Vec<EpisodeOutcomes> {
    store.ticket_outcomes(&TENANT, &name(id)).await.unwrap().unwrap().episodes
}

pub(super) async fn recontacts(store: &Store, id: &str) -> Vec<Recontact> {
    let mut episodes = episodes(store, id).await;
    assert_eq!(episodes.len(), 1, "{episodes:?}");
    episodes.remove(0).recontacts
}

/// The outcome of a ticket's only episode in a window that is over.
pub(super) async fn outcome(store: &Store, id: &str, window_days: u32) -> Outcome {
    let episodes = episodes(store, id).await;
    let [only] = episodes.as_slice() else { panic!("{episodes:?}") };
    let now = only.episode.facts.closed_at.plus_days(100);
    Outcome::of(&only.recontacts, only.episode.facts.closed_at, window_days, now).unwrap().0
}

/// Something that happens, at a minute.
#[derive(Debug, Clone)]
enum Event {
    Ticket {
        opened: i64,
        lasts: i64,
        customer: u8,
        category: u8,
    },
    Contact {
        at: i64,
        customer: u8,
        category: Option<u8>,
        certain: bool,
        ticket: Option<u8>,
        vector: u8,
        kind: bool,
        answers: bool,
    },
}

const CATEGORIES: [&str; 3] = ["card_arrival", "activate_card", "lost_card"];

fn event() -> impl Strategy<Value = Event> {
    let at = 0..60_000_i64;
    prop_oneof![
        (at.clone(), 0..20_000_i64, 0..2_u8, 0..3_u8).prop_map(
            |(opened, lasts, customer, category)| {
                Event::Ticket { opened, lasts, customer, category }
            }
        ),
        (
            at,
            0..2_u8,
            proptest::option::of(0..3_u8),
            any::<bool>(),
            proptest::option::of(0..12_u8),
            0..4_u8,
            0..8_u8,
            0..8_u8
        )
            .prop_map(
                |(at, customer, category, certain, ticket, vector, kind, answers)| Event::Contact {
                    at,
                    customer,
                    category,
                    certain,
                    ticket,
                    vector,
                    kind: kind > 0,
                    answers: answers == 0,
                }
            ),
    ]
}

fn vector(number: u8) -> Option<TextVector> {
    let angle = f32::from(number) * 0.5;
    (number > 0).then(|| TextVector::from_embedding(&[angle.cos(), angle.sin()]).unwrap())
}

/// Events of two customers come in a random order; tickets are open while their contacts come or are closed long before.
async fn the_store_derives_what_the_pure_functions_do_in_any_order(database: &Database) {
    let store = database.store().await;
    let strategy = proptest::collection::vec((event(), any::<u32>()), 1..14);
    let mut runner =
        TestRunner::new(Config { cases: 1, failure_persistence: None, ..Config::default() });
    let mut rows = Rows::open(&database.url).await;
    for case in 0..25 {
        for number in 0..2 {
            insert_follow_up(&store, &mut rows, case, number).await;
        }
        let events = strategy.new_tree(&mut runner).unwrap().current();
        let told = tell(&store, case, &events).await;
        for (id, expected) in told {
            assert_eq!(recontacts(&store, &id).await, expected, "{id} of {events:#?}");
        }
    }
}

/// A follow-up of a customer that somebody claimed before everything else.
async fn insert_follow_up(store: &Store, rows: &mut Rows, case: usize, number: u8) {
    let customer = store.customer_hash(&TENANT, &name(&format!("u-{case}-{number}")));
    let id = format!("f-{case}-{number}");
    rows.execute(format!(
        "INSERT INTO follow_ups (tenant, id, ticket_id, episode, experiment_id, customer_hash, arm, team, category, \
         probability, expected_benefit, status, available_at, due_at, is_after_gap, expires_at, version, created_at) \
         VALUES ('default', '{id}', 'of-{id}', 1, 'first', '{customer}', 'treatment', 'cards', 'card', \
         0.5, 1.0, 'claimed', 0, 0, 0, 0, 2, 0)"
    ))
    .await;
    rows.execute(format!(
        "INSERT INTO follow_up_events (tenant, follow_up_id, version, occurred_at, action, author) \
         VALUES ('default', '{id}', 2, 0, 'claim', 'ann')"
    ))
    .await;
}

/// Tells a story in the order of the random numbers and answers what must follow for every ticket.
async fn tell(
    store: &Store,
    case: usize,
    events: &[(Event, u32)],
) -> BTreeMap<String, Vec<Recontact>> {
    let customer = |number: u8| format!("u-{case}-{number}");
    let ticket_id = |index: usize| format!("t-{case}-{index}");
    let mut order: Vec<usize> = (0..events.len()).collect();
    // A contact of a ticket comes after its closing: while a thread is open, another issue would cut it.
    order.sort_by_key(|index| match events[*index].0 {
        Event::Contact { customer, ticket, .. } => {
            let ticket =
                own_ticket(events, customer, ticket).map_or(0, |t| u64::from(events[t].1) + 1);
            ticket.max(u64::from(events[*index].1))
        }
        Event::Ticket { .. } => u64::from(events[*index].1),
    });
    for index in &order {
        match &events[*index].0 {
            Event::Ticket { opened, lasts, customer: of, category } => {
                let event = TicketEvent {
                    customer_id: name(&customer(*of)),
                    opened_at: minute(*opened),
                    category: Some(name(CATEGORIES[usize::from(*category)])),
                    ..opening(&ticket_id(*index))
                };
                store.record_ticket(&TENANT, &event, &rules(), minute(90_000)).await.unwrap();
                let closed_at = minute(opened + lasts);
                let event = ClosingEvent { closed_at, ..closing(0) };
                let id = name(&ticket_id(*index));
                store
                    .close_ticket(&TENANT, &id, &event, &rules(), minute(90_000), |_, _| None)
                    .await
                    .unwrap();
            }
            Event::Contact {
                at,
                customer: of,
                category,
                certain,
                ticket,
                vector: number,
                kind,
                answers,
            } => {
                let contact = Contact {
                    ticket_id: own_ticket(events, *of, *ticket)
                        .map(|index| name(&ticket_id(index))),
                    follow_up_id: answers.then(|| name(&format!("f-{case}-{of}"))),
                    ..contact(&format!("c-{case}-{index}"), &customer(*of), minute(*at))
                };
                let analysis = ContactAnalysis {
                    category: category.map(|c| name(CATEGORIES[usize::from(c)])),
                    category_is_certain: *certain && category.is_some(),
                    embedding: vector(*number),
                    kind: if *kind { ContactKind::Substantive } else { ContactKind::Thanks },
                    ..about("card_arrival")
                };
                say_at(store, &contact, &analysis, minute(90_000)).await;
            }
        }
    }
    let mut expected = BTreeMap::new();
    for (index, (event, _)) in events.iter().enumerate() {
        if let Event::Ticket { opened, lasts, customer: of, category } = event {
            let episode = EpisodeFacts {
                id: EpisodeId { ticket: name(&ticket_id(index)), number: 1 },
                category: name(CATEGORIES[usize::from(*category)]),
                opened_at: minute(*opened),
                closed_at: minute(opened + lasts),
                embedding: first_vector(events, index, opened + lasts),
            };
            let came = all_of_customer(events, case, *of);
            expected.insert(ticket_id(index), derive(&episode, &came, &PAIRS, &POLICY));
        }
    }
    expected
}

/// The ticket that a contact belongs to: one of the same customer's, if the number hits one.
fn own_ticket(events: &[(Event, u32)], customer: u8, ticket: Option<u8>) -> Option<usize> {
    let index = usize::from(ticket?);
    match events.get(index)?.0 {
        Event::Ticket { customer: of, .. } if of == customer => Some(index),
        _ => None,
    }
}

/// The vector of the first substantive contact of a ticket until its close.
fn first_vector(events: &[(Event, u32)], ticket: usize, closed: i64) -> Option<TextVector> {
    let mut first: Option<(i64, String, u8)> = None;
    for (index, (event, _)) in events.iter().enumerate() {
        if let Event::Contact { at, customer, ticket: of, vector, kind: true, .. } = event
            && own_ticket(events, *customer, *of) == Some(ticket)
            && *at <= closed
        {
            let this = (*at, format!("c-{index}"), *vector);
            if first.as_ref().is_none_or(|first| (this.0, &this.1) < (first.0, &first.1)) {
                first = Some(this);
            }
        }
    }
    first.and_then(|(_, _, number)| vector(number))
}

fn all_of_customer(events: &[(Event, u32)], case: usize, customer: u8) -> Vec<LaterContact> {
    let with_contacts: Vec<usize> = events
        .iter()
        .filter_map(|(event, _)| match event {
            Event::Contact { customer, ticket, .. } => own_ticket(events, *customer, *ticket),
            Event::Ticket { .. } => None,
        })
        .collect();
    let mut came = Vec::new();
    for (index, (event, _)) in events.iter().enumerate() {
        match event {
            Event::Ticket { opened, customer: of, category, .. }
                if *of == customer && !with_contacts.contains(&index) =>
            {
                came.push(LaterContact {
                    source: RecontactSource::Ticket,
                    source_id: name(&format!("t-{case}-{index}")),
                    ticket: Some(name(&format!("t-{case}-{index}"))),
                    occurred_at: minute(*opened),
                    category: Some(name(CATEGORIES[usize::from(*category)])),
                    category_is_certain: true,
                    embedding: None,
                    answers_follow_up: false,
                });
            }
            Event::Contact {
                at,
                customer: of,
                category,
                certain,
                ticket,
                vector: number,
                kind: true,
                answers,
            } if *of == customer => {
                came.push(LaterContact {
                    source: RecontactSource::Contact,
                    source_id: name(&format!("c-{case}-{index}")),
                    ticket: own_ticket(events, *of, *ticket)
                        .map(|t| name(&format!("t-{case}-{t}"))),
                    occurred_at: minute(*at),
                    category: category.map(|c| name(CATEGORIES[usize::from(c)])),
                    category_is_certain: *certain && category.is_some(),
                    embedding: vector(*number),
                    answers_follow_up: *answers,
                });
            }
            _ => {}
        }
    }
    came
}
