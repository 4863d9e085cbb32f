use super::*;

fn named(category: &str) -> Labels {
    Labels { category: category.to_owned(), team: "cards".to_owned(), ..Labels::default() }
}

fn episode(person: u64, returns: &[(i64, Relation)]) -> EpisodeFact {
    let returns = returns.iter().map(|(days, relation)| Return {
        gap_ms: days * DAY_MS,
        relation: *relation,
        is_other_channel: false,
    });
    EpisodeFact {
        labels: named("card"),
        person,
        returns: returns.collect(),
        correction: None,
        ticket: None,
        closed_at: Timestamp::EARLIEST,
        score: None,
        flagged: None,
    }
}

#[test]
fn an_episode_is_counted_as_a_whole_and_in_each_of_its_slices() {
    let facts = DayFacts { episodes: vec![episode(1, &[])], ..DayFacts::default() };
    let cells = count(&facts);
    let slices: Vec<_> =
        cells.keys().map(|(dimension, label)| (*dimension, label.as_str())).collect();
    assert_eq!(
        slices,
        [
            (Dimension::All, ""),
            (Dimension::Team, "cards"),
            (Dimension::Category, "card"),
            (Dimension::Channel, ""),
            (Dimension::Segment, ""),
        ]
    );
    assert!(cells.values().all(|cell| cell.tally.count(Column::Episodes) == 1));
}

#[test]
fn the_strongest_return_within_a_window_decides_and_a_correction_goes_over_it() {
    let mut one =
        episode(1, &[(1, Relation::Unrelated), (7, Relation::Explicit), (8, Relation::Implicit)]);
    assert_eq!(one.outcome(1), Outcome::Unrelated);
    assert_eq!(one.outcome(3), Outcome::Unrelated);
    assert_eq!(one.outcome(7), Outcome::Explicit);
    one.correction = Some((Outcome::Implicit, Some(10 * DAY_MS)));
    assert_eq!((one.outcome(7), one.outcome(14)), (Outcome::None, Outcome::Implicit));
    // The unrelated contact of the first day was made all the same.
    assert!(one.came_at_all(7));
    one.correction = Some((Outcome::None, None));
    assert_eq!(one.outcome(30), Outcome::None);
    assert!(!one.came_at_all(7));
}

#[test]
fn a_return_through_another_channel_counts_for_any_channel_only() {
    let mut one = episode(1, &[(2, Relation::Explicit)]);
    one.returns[0].is_other_channel = true;
    let cells = count(&DayFacts { episodes: vec![one], ..DayFacts::default() });
    let tally = &cells[&(Dimension::All, String::new())].tally;
    assert_eq!((tally.count(Column::Explicit7), tally.count(Column::SameChannel7)), (1, 0));
    assert_eq!((tally.count(Column::Explicit1), tally.count(Column::AnyContact7)), (0, 1));
}

#[test]
fn values_are_read_as_they_were_written() {
    let mut cell = Cell { responses: vec![30, 5, 5, 900, 1 << 40], ..Cell::default() };
    for (person, windows) in [(u64::MAX, 0b10000), (700, 0), (u64::MAX, 0b00001)] {
        cell.persons.add(person, windows);
    }
    let mut read = Cell::default();
    for values in [Values::Response, Values::Customers] {
        read.add_values(values, &cell.values_text(values), u8::MAX).unwrap();
    }
    assert_eq!(read.responses, [5, 5, 30, 900, 1 << 40]);
    assert_eq!([0, 1, 4].map(|window| read.persons.count(window)), [(2, 1), (2, 0), (2, 1)]);
    assert_eq!(cell.persons.count(0), (2, 1));
    let mut masked = Cell::default();
    masked.add_values(Values::Customers, &cell.values_text(Values::Customers), 0b00010).unwrap();
    assert_eq!([0, 4].map(|window| masked.persons.count(window)), [(2, 0), (2, 0)]);
    for text in ["1 x", "A", "gA", "////////////////"] {
        assert_eq!(read.add_values(Values::Response, text, u8::MAX), None, "{text}");
        assert_eq!(read.add_values(Values::Customers, text, u8::MAX), None, "{text}");
    }
}

#[test]
fn an_answer_counts_as_satisfied_from_three_quarters_of_the_scale_on() {
    let answer = |csat: f64, contacts: u32| {
        let details = TicketDetails {
            csat: Some(csat),
            csat_lowest: Some(1.0),
            csat_highest: Some(5.0),
            messages_in: Some(contacts),
            ..TicketDetails::default()
        };
        let mut tally = Tally::default();
        add_csat(&mut tally, &details);
        tally
    };
    assert_eq!(answer(4.0, 1).count(Column::CsatSatisfied), 1);
    assert_eq!(answer(3.0, 1).count(Column::CsatSatisfied), 0);
    assert_eq!(answer(5.0, 9).count(Column::CsatSatisfied4), 1);
    assert_eq!(answer(5.0, 0).count(Column::CsatWithoutContacts), 1);
}
