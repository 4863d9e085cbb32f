use super::*;
use proptest::prelude::*;

const HOUR_MS: i64 = 3_600_000;

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

fn at(hours: i64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000 + hours * HOUR_MS).unwrap()
}

fn message(author: Author, category: Option<&str>, hours: i64) -> ThreadMessage {
    ThreadMessage {
        id: name(&format!("m-{hours}")),
        occurred_at: at(hours),
        author,
        category: category.map(name),
        category_is_certain: true,
        embedding: None,
    }
}

fn customer(category: &str, hours: i64) -> ThreadMessage {
    message(Author::Customer, Some(category), hours)
}

/// The episodes as category, first and last message.
fn cuts(messages: &[ThreadMessage]) -> Vec<(String, String, String)> {
    let text = |name: &Name| name.as_str().to_owned();
    cut(messages, &OutcomePolicy::default())
        .iter()
        .map(|e| (e.category.as_ref().map(text).unwrap_or_default(), text(&e.first), text(&e.last)))
        .collect()
}

fn expect(messages: &[ThreadMessage], expected: &[(&str, &str, &str)]) {
    let found = cuts(messages);
    let found: Vec<(&str, &str, &str)> =
        found.iter().map(|(a, b, c)| (a.as_str(), b.as_str(), c.as_str())).collect();
    assert_eq!(found, expected);
}

#[test]
fn a_thread_is_cut_where_a_gap_and_a_change_of_topic_meet() {
    let agent = message(Author::Agent, None, 1);
    expect(
        &[customer("card", 0), agent, customer("card", 30), customer("loan", 40)],
        &[("card", "m-0", "m-30"), ("loan", "m-40", "m-40")],
    );
}

#[test]
fn neither_a_short_gap_nor_the_same_topic_cuts() {
    expect(&[customer("card", 0), customer("loan", 3)], &[("card", "m-0", "m-3")]);
    expect(&[customer("card", 0), customer("card", 13 * 24)], &[("card", "m-0", "m-312")]);
}

#[test]
fn the_gap_is_since_anyone_wrote() {
    let agent = message(Author::Agent, None, 8);
    expect(&[customer("card", 0), agent, customer("loan", 10)], &[("card", "m-0", "m-10")]);
}

#[test]
fn a_long_gap_cuts_whatever_it_is_about() {
    expect(
        &[customer("card", 0), customer("card", 14 * 24)],
        &[("card", "m-0", "m-0"), ("card", "m-336", "m-336")],
    );
}

#[test]
fn a_guessed_category_or_a_similar_text_does_not_cut() {
    let guess = ThreadMessage { category_is_certain: false, ..customer("loan", 40) };
    expect(&[customer("card", 0), guess], &[("card", "m-0", "m-40")]);
    let with =
        |message, x| ThreadMessage { embedding: TextVector::from_embedding(&[x, 0.2]), ..message };
    expect(
        &[with(customer("card", 0), 1.0), with(customer("loan", 40), 0.9)],
        &[("card", "m-0", "m-40")],
    );
    let cut = [with(customer("card", 0), 1.0), with(customer("loan", 40), -0.9)];
    assert_eq!(cuts(&cut).len(), 2);
}

#[test]
fn a_certain_category_replaces_a_guess() {
    let guess = ThreadMessage { category_is_certain: false, ..customer("loan", 0) };
    expect(&[guess, customer("card", 1)], &[("card", "m-0", "m-1")]);
}

#[test]
fn programs_and_agents_alone_are_no_issue() {
    let agent = message(Author::Agent, Some("card"), 0);
    let program = message(Author::System, Some("card"), 30);
    expect(&[], &[]);
    expect(&[agent, customer("card", 1), program], &[("card", "m-1", "m-1")]);
}

#[test]
fn a_ticket_is_parallel_when_another_was_open_at_its_close() {
    let other = |opened, closed: Option<i64>| PastTicket {
        opened_at: at(opened),
        closed_at: closed.map(at),
        category: None,
    };
    for (opened, closed, expected) in [
        (-5, None, true),
        (0, None, true),
        (-5, Some(1), true),
        (-5, Some(0), false),
        (1, None, false),
        (-5, Some(-1), false),
    ] {
        assert_eq!(is_parallel(at(0), [&other(opened, closed)]), expected, "{opened} {closed:?}");
    }
    assert!(!is_parallel(at(0), []));
}

#[test]
fn an_outage_has_far_more_customers_than_the_days_before() {
    let policy = OutcomePolicy::default();
    let quiet = [2; 28];
    assert!(is_outage(12, &quiet, &policy));
    assert!(!is_outage(9, &quiet, &policy), "fewer than ten customers");
    assert!(!is_outage(12, &quiet[..6], &policy), "nobody knows yet what is usual");
    assert!(is_outage(10, &[0; 7], &policy), "where there was nobody before");
    assert!(!is_outage(140, &[100; 28], &policy), "unlikely, but not three times as many");
    assert!(!is_outage(10, &[3; 28], &policy), "three times as many, but not so unlikely");
    assert!(is_outage(300, &[100; 28], &policy));
}

proptest! {
    #[test]
    fn every_customers_message_is_in_one_episode_and_their_order_is_that_of_time(
        (messages, shuffled) in prop::collection::vec((0_i64..900, 0_u8..3, 0_usize..3), 0..20)
            .prop_map(|rows| {
                let rows: std::collections::BTreeMap<i64, (u8, usize)> =
                    rows.into_iter().map(|(hours, author, category)| (hours, (author, category))).collect();
                rows.into_iter().map(|(hours, (author, category))| {
                    message(Author::ALL[usize::from(author)], Some(["card", "pin", "loan"][category]), hours)
                }).collect::<Vec<_>>()
            })
            .prop_flat_map(|messages| (Just(messages.clone()), Just(messages).prop_shuffle())),
    ) {
        let policy = OutcomePolicy::default();
        let episodes = cut(&messages, &policy);
        prop_assert_eq!(&episodes, &cut(&shuffled, &policy));
        prop_assert!(episodes.is_sorted_by(|a, b| a.closed_at < b.opened_at));
        for message in messages.iter().filter(|message| message.author == Author::Customer) {
            let holding = episodes.iter().filter(|episode| {
                episode.opened_at <= message.occurred_at && message.occurred_at <= episode.closed_at
            });
            prop_assert_eq!(holding.count(), 1);
        }
    }
}
