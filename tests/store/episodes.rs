//! Episodes and what follows them: in time, late, on the same ticket, in an endless thread.

use super::follow_ups::{close_risky, fill, must_step, queue};
use super::timeline::*;
use super::*;
use recontact::contact::Contact;
use recontact::outcome::{
    Author, ContactKind, EpisodeId, Outcome, RecontactSource, Relation, TextVector,
};
use recontact::store::{
    ChangeCause, ContactAnalysis, EndedBy, NewCorrection, OutcomeFilter, PersonAction,
    TicketReopened,
};

on_both_databases!(
    a_later_contact_is_told_apart_by_its_category,
    what_is_no_recontact_is_listed_as_what_it_was_taken_for,
    a_text_similar_enough_is_the_same_issue_whatever_its_category,
    a_ticket_without_a_contact_is_represented_by_its_opening_and_then_by_its_contact,
    a_ticket_that_gets_another_category_is_another_return,
    a_contact_reported_two_weeks_late_changes_the_outcome_and_says_so,
    a_contact_in_time_changes_nothing_that_was_told,
    a_ticket_closed_late_has_what_already_followed,
    a_ticket_can_be_reopened_and_closed_any_number_of_times,
    a_reopening_that_does_not_fit_is_refused,
    an_answer_to_our_follow_up_is_induced,
    what_names_a_follow_up_that_nobody_made_is_a_contact_like_others,
    a_thanks_that_opens_a_ticket_again_is_no_return,
    an_agents_answer_does_not_take_the_opening_away,
    a_later_thanks_does_not_take_the_opening_away,
    a_correction_does_not_pass_to_another_piece_of_the_thread,
    a_thread_that_turns_to_another_issue_is_cut,
    a_lively_thread_is_one_episode,
    an_open_ticket_of_the_same_customer_makes_an_episode_parallel,
    an_import_derives_what_followed_and_repeats_nothing,
    earlier_tickets_are_derived_once_after_an_upgrade,
    a_pair_that_becomes_adjacent_moves_outcomes_and_says_so,
    a_day_of_unusually_many_customers_is_an_outage,
    figures_count_mature_episodes_only,
    a_contact_and_a_closing_at_once_find_each_other,
);

async fn a_later_contact_is_told_apart_by_its_category(database: &Database) {
    let store = database.store().await;
    solve(&store, "t-1", "u-1", "card_arrival", 0.0, 1.0).await;
    for (id, category, at) in
        [("c-1", "lost_card", 2.0), ("c-2", "activate_card", 4.0), ("c-3", "card_arrival", 9.0)]
    {
        say(&store, &contact(id, "u-1", day(at)), &about(category)).await;
    }
    say(&store, &contact("c-9", "u-2", day(1.5)), &about("card_arrival")).await;
    let relations: Vec<_> = recontacts(&store, "t-1")
        .await
        .iter()
        .map(|r| (r.relation, r.gap_ms / 86_400_000))
        .collect();
    assert_eq!(
        relations,
        [(Relation::Unrelated, 1), (Relation::Implicit, 3), (Relation::Explicit, 8)]
    );
    for (window, expected) in [
        (1, Outcome::Unrelated),
        (3, Outcome::Implicit),
        (7, Outcome::Implicit),
        (14, Outcome::Explicit),
    ] {
        assert_eq!(outcome(&store, "t-1", window).await, expected, "{window}");
    }
}

async fn what_is_no_recontact_is_listed_as_what_it_was_taken_for(database: &Database) {
    let store = database.store().await;
    solve(&store, "t-1", "u-1", "card_arrival", 0.0, 1.0).await;
    let kinds = [
        ContactKind::Thanks,
        ContactKind::AutoReply,
        ContactKind::Bounce,
        ContactKind::SurveyReply,
    ];
    for (index, kind) in kinds.into_iter().enumerate() {
        let contact = contact(&format!("c-{index}"), "u-1", day(2.0 + index as f64));
        say(&store, &contact, &ContactAnalysis { kind, ..about("card_arrival") }).await;
    }
    let of_agent = Contact { author: Author::Agent, ..contact("c-7", "u-1", day(8.0)) };
    say(
        &store,
        &of_agent,
        &ContactAnalysis { kind: ContactKind::AgentCreated, ..about("card_arrival") },
    )
    .await;
    assert_eq!(outcome(&store, "t-1", 30).await, Outcome::None);
    let episodes = episodes(&store, "t-1").await;
    let excluded: Vec<_> = episodes[0].excluded.iter().map(|excluded| excluded.kind).collect();
    assert_eq!(excluded, [kinds.as_slice(), &[ContactKind::AgentCreated]].concat());
}

async fn a_text_similar_enough_is_the_same_issue_whatever_its_category(database: &Database) {
    let store = database.store().await;
    let vector = |x: f32, y: f32| TextVector::from_embedding(&[x, y]);
    let first = Contact { ticket_id: Some(name("t-1")), ..contact("c-0", "u-1", day(0.0)) };
    say(&store, &first, &ContactAnalysis { embedding: vector(1.0, 0.0), ..about("card_arrival") })
        .await;
    solve(&store, "t-1", "u-1", "card_arrival", 0.0, 1.0).await;
    let similar = ContactAnalysis { embedding: vector(0.9, 0.1), ..about("lost_card") };
    say(&store, &contact("c-1", "u-1", day(2.0)), &similar).await;
    let other = ContactAnalysis { embedding: vector(0.0, 1.0), ..about("lost_card") };
    say(&store, &contact("c-2", "u-1", day(3.0)), &other).await;
    let found = recontacts(&store, "t-1").await;
    assert_eq!(found[0].relation, Relation::Explicit);
    assert!((found[0].similarity.unwrap() - 0.9939).abs() < 0.01, "{found:?}");
    assert_eq!((found[1].relation, found[1].similarity), (Relation::Unrelated, Some(0.0)));
}

async fn a_ticket_without_a_contact_is_represented_by_its_opening_and_then_by_its_contact(
    database: &Database,
) {
    let store = database.store().await;
    solve(&store, "t-1", "u-1", "card_arrival", 0.0, 1.0).await;
    solve(&store, "t-2", "u-1", "card_arrival", 3.0, 4.0).await;
    let found = recontacts(&store, "t-1").await;
    assert_eq!((found[0].source, found[0].source_id.as_str()), (RecontactSource::Ticket, "t-2"));
    let of_ticket = Contact { ticket_id: Some(name("t-2")), ..contact("c-1", "u-1", day(3.1)) };
    say_at(&store, &of_ticket, &about("card_arrival"), day(3.2)).await;
    let found = recontacts(&store, "t-1").await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].source, found[0].source_id.as_str()), (RecontactSource::Contact, "c-1"));
}

async fn a_ticket_that_gets_another_category_is_another_return(database: &Database) {
    let store = database.store().await;
    solve(&store, "t-1", "u-1", "card_arrival", 0.0, 1.0).await;
    let event = TicketEvent {
        customer_id: name("u-1"),
        opened_at: day(2.2),
        category: Some(name("lost_card")),
        ..opening("t-2")
    };
    store.record_ticket(&TENANT, &event, &rules(), day(2.2)).await.unwrap();
    assert_eq!(outcome(&store, "t-1", 7).await, Outcome::Unrelated);
    let update =
        TicketEvent { updated_at: Some(day(2.5)), category: Some(name("activate_card")), ..event };
    store.record_ticket(&TENANT, &update, &rules(), day(2.5)).await.unwrap();
    assert_eq!(outcome(&store, "t-1", 7).await, Outcome::Implicit);
    let event =
        ClosingEvent { closed_at: day(12.0), category: Some(name("card_arrival")), ..closing(0) };
    store
        .close_ticket(&TENANT, &name("t-2"), &event, &rules(), day(12.0), |_, _| None)
        .await
        .unwrap();
    assert_eq!(outcome(&store, "t-1", 7).await, Outcome::Explicit);
    let changes = episodes(&store, "t-1").await.remove(0).changes;
    assert_eq!(changes.len(), 1, "{changes:?}");
    assert_eq!(changes[0].cause, ChangeCause::LateClosing);
}

async fn a_contact_reported_two_weeks_late_changes_the_outcome_and_says_so(database: &Database) {
    let store = database.store().await;
    solve(&store, "t-1", "u-1", "card_arrival", 0.0, 1.0).await;
    say_at(&store, &contact("c-1", "u-1", day(3.0)), &about("card_arrival"), day(17.0)).await;
    let episodes = episodes(&store, "t-1").await;
    let [change] = episodes[0].changes.as_slice() else { panic!("{episodes:?}") };
    assert_eq!((change.cause, change.changed_at), (ChangeCause::LateContact, day(17.0)));
    let told = |outcomes: &recontact::store::OutcomesPerWindow| {
        outcomes.0.values().copied().collect::<Vec<_>>()
    };
    let none = Some(Outcome::None);
    let back = Some(Outcome::Explicit);
    assert_eq!(told(&change.before), [none, none, none, none, None]);
    assert_eq!(told(&change.after), [none, back, back, back, back]);
}

async fn a_contact_in_time_changes_nothing_that_was_told(database: &Database) {
    let store = database.store().await;
    solve(&store, "t-1", "u-1", "card_arrival", 0.0, 1.0).await;
    for (id, at) in [("c-1", 2.2), ("c-2", 10.3), ("c-3", 40.0)] {
        say(&store, &contact(id, "u-1", day(at)), &about("card_arrival")).await;
    }
    let found = episodes(&store, "t-1").await.remove(0);
    assert_eq!((found.recontacts.len(), found.changes.len()), (2, 0), "{found:?}");
}

async fn a_ticket_closed_late_has_what_already_followed(database: &Database) {
    let store = database.store().await;
    let event = TicketEvent { customer_id: name("u-1"), ..opening("t-1") };
    store.record_ticket(&TENANT, &event, &rules(), day(0.0)).await.unwrap();
    say(&store, &contact("c-1", "u-1", day(2.0)), &about("activate_card")).await;
    solve(&store, "t-2", "u-1", "card_arrival", 5.0, 6.0).await;
    close_at(&store, "t-1", 1.0, day(20.0)).await;
    assert_eq!(outcome(&store, "t-1", 3).await, Outcome::Implicit);
    assert_eq!(outcome(&store, "t-1", 7).await, Outcome::Explicit);
}

async fn a_ticket_can_be_reopened_and_closed_any_number_of_times(database: &Database) {
    let store = database.store().await;
    solve(&store, "t-1", "u-1", "card_arrival", 0.0, 1.0).await;
    for round in 0..3 {
        let at = 3.0 + 2.0 * f64::from(round);
        let TicketReopened::Reopened(ticket) = reopen(&store, "t-1", at).await else { panic!() };
        assert_eq!((ticket.closed_at, ticket.reopens), (None, round + 1));
        assert_eq!(stored(&store, "t-1").await, ticket);
        let again = reopen(&store, "t-1", at).await;
        assert_eq!(again, TicketReopened::Unchanged(ticket));
        let event = ClosingEvent { closed_at: day(at + 1.0), ..closing(0) };
        let now = day(at + 1.0);
        let closed = store
            .close_ticket(&TENANT, &name("t-1"), &event, &rules(), now, |ticket, history| {
                assert_eq!(ticket.details.reopens, Some(round + 1));
                assert!(history.tickets.is_empty(), "{history:?}");
                Some(Assessment { body: format!("{round}"), ..assessment("high") })
            })
            .await
            .unwrap();
        assert!(matches!(closed, TicketClosed::Closed(_)), "{closed:?}");
    }
    let assessed = store.ticket_episodes(&TENANT, &name("t-1")).await.unwrap();
    let bodies: Vec<_> =
        assessed.iter().map(|e| e.assessment.as_ref().unwrap().body.as_str()).collect();
    assert_eq!(bodies[1..], ["0", "1", "2"]);
    let opened: Vec<_> = assessed.iter().map(|e| e.episode.facts.opened_at).collect();
    assert_eq!(opened, [day(0.0), day(3.0), day(5.0), day(7.0)]);
    // The first closing again is answered as then, the list shows the last one only.
    let first = ClosingEvent { closed_at: day(1.0), ..closing(0) };
    let first = close_with(&store, "t-1", &first, must_not_assess).await;
    let TicketClosed::AlreadyClosed(first) = first else { panic!() };
    assert_eq!((first.closed_at, first.assessment), (Some(day(1.0)), Some(assessment("high"))));
    let listed = store.tickets_by_risk(&TENANT, None, None, 10).await.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].assessment.as_ref().unwrap().body, "2");
    for episode in &episodes(&store, "t-1").await[..3] {
        let first = &episode.recontacts[0];
        assert_eq!(
            (first.source, first.relation),
            (RecontactSource::Reopening, Relation::Explicit)
        );
        assert_eq!(
            first.gap_ms,
            if episode.episode.facts.id.number == 1 { 2 } else { 1 } * 86_400_000
        );
    }
}

async fn a_reopening_that_does_not_fit_is_refused(database: &Database) {
    let store = database.store().await;
    assert_eq!(reopen(&store, "t-1", 1.0).await, TicketReopened::UnknownTicket);
    record(&store, &opening("t-1")).await;
    let open = reopen(&store, "t-1", 1.0).await;
    assert!(matches!(open, TicketReopened::Conflict { .. }), "{open:?}");
    close_at(&store, "t-1", 1.0, day(1.0)).await;
    for at in [0.5, 1.0] {
        let early = reopen(&store, "t-1", at).await;
        assert!(matches!(early, TicketReopened::Invalid { field: "reopened_at", .. }), "{early:?}");
    }
    reopen(&store, "t-1", 2.0).await;
    let event = ClosingEvent { closed_at: day(1.5), ..closing(0) };
    let closed = close_with(&store, "t-1", &event, must_not_assess).await;
    let TicketClosed::Invalid { field: "closed_at", reason } = closed else { panic!("{closed:?}") };
    assert!(reason.contains("before reopening"), "{reason}");
}

/// A closed ticket of a customer whom we are following up, and the follow-up's identifier.
async fn followed_up(database: &Database) -> (Store, String, Name) {
    let store = queue(database).await;
    let queued = fill(&store, 5, 0).await;
    let claimed = must_step(&store, &queued[0], "ann", PersonAction::Claim, 60).await;
    let customer = claimed.episode.ticket.as_str().replace("t-", "u-");
    (store, customer, claimed.id)
}

async fn an_answer_to_our_follow_up_is_induced(database: &Database) {
    let (store, customer, id) = followed_up(database).await;
    let ticket = customer.replace("u-", "t-");
    let answer = Contact { follow_up_id: Some(id), ..contact("c-1", &customer, day(1.0)) };
    say(&store, &answer, &about("card_arrival")).await;
    assert_eq!(outcome(&store, &ticket, 14).await, Outcome::Induced);
    // Also when it opens the ticket again: the answer stands for that.
    let answer = Contact {
        id: name("c-2"),
        ticket_id: Some(name(&ticket)),
        occurred_at: day(2.0),
        ..answer
    };
    say(&store, &answer, &about("card_arrival")).await;
    reopen(&store, &ticket, 2.0).await;
    assert_eq!(outcome(&store, &ticket, 14).await, Outcome::Induced);
}

async fn what_names_a_follow_up_that_nobody_made_is_a_contact_like_others(database: &Database) {
    let (store, customer, id) = followed_up(database).await;
    let ticket = customer.replace("u-", "t-");
    let unknown =
        Contact { follow_up_id: Some(name("f-0")), ..contact("c-1", &customer, day(1.0)) };
    say(&store, &unknown, &about("lost_card")).await;
    assert_eq!(outcome(&store, &ticket, 7).await, Outcome::Unrelated);
    // Nor can anybody answer a follow-up that was made to somebody else.
    close_risky(&store, "t-x", "u-x", 0, 0.1).await;
    let of_another = Contact { follow_up_id: Some(id), ..contact("c-2", "u-x", day(1.0)) };
    say(&store, &of_another, &about("card_arrival")).await;
    assert_eq!(outcome(&store, "t-x", 7).await, Outcome::Explicit);
}

async fn a_thanks_that_opens_a_ticket_again_is_no_return(database: &Database) {
    for reopened_first in [false, true] {
        let store = database.store().await;
        let (ticket, said) = (format!("t-{reopened_first}"), format!("c-{reopened_first}"));
        let customer = format!("u-{reopened_first}");
        solve(&store, &ticket, &customer, "card_arrival", 0.0, 1.0).await;
        let thanks =
            Contact { ticket_id: Some(name(&ticket)), ..contact(&said, &customer, day(2.0)) };
        let analysis = ContactAnalysis { kind: ContactKind::Thanks, ..about("card_arrival") };
        if reopened_first {
            reopen(&store, &ticket, 2.0).await;
            assert_eq!(outcome(&store, &ticket, 14).await, Outcome::Explicit);
        }
        say(&store, &thanks, &analysis).await;
        if !reopened_first {
            reopen(&store, &ticket, 2.0).await;
        }
        assert_eq!(outcome(&store, &ticket, 14).await, Outcome::None, "{reopened_first}");
    }
}

async fn an_agents_answer_does_not_take_the_opening_away(database: &Database) {
    let store = database.store().await;
    solve(&store, "t-1", "u-1", "card_arrival", 0.0, 1.0).await;
    solve(&store, "t-2", "u-1", "card_arrival", 3.0, 4.0).await;
    let answer = Contact {
        ticket_id: Some(name("t-2")),
        author: Author::Agent,
        ..contact("c-1", "u-1", day(3.2))
    };
    say(&store, &answer, &about("card_arrival")).await;
    assert_eq!(outcome(&store, "t-1", 7).await, Outcome::Explicit);
    // What an agent began by writing is no return of the customer.
    let beginning = Contact { id: name("c-0"), occurred_at: day(3.0), ..answer };
    say_at(&store, &beginning, &about("card_arrival"), day(3.3)).await;
    assert_eq!(outcome(&store, "t-1", 7).await, Outcome::None);
}

async fn a_later_thanks_does_not_take_the_opening_away(database: &Database) {
    let store = database.store().await;
    solve(&store, "t-1", "u-1", "card_arrival", 0.0, 1.0).await;
    solve(&store, "t-2", "u-1", "card_arrival", 3.0, 4.0).await;
    let thanks = Contact { ticket_id: Some(name("t-2")), ..contact("c-1", "u-1", day(4.1)) };
    let kind = ContactAnalysis { kind: ContactKind::Thanks, ..about("card_arrival") };
    say(&store, &thanks, &kind).await;
    assert_eq!(outcome(&store, "t-1", 7).await, Outcome::Explicit);
    // A ticket that a thanks opened is no repeat.
    let opening = Contact { id: name("c-0"), occurred_at: day(3.0), ..thanks };
    say(&store, &opening, &kind).await;
    assert_eq!(outcome(&store, "t-1", 7).await, Outcome::None);
}

async fn in_thread(store: &Store, id: &str, at: f64, category: &str) {
    let message = Contact { ticket_id: Some(name("t-1")), ..contact(id, "u-1", day(at)) };
    say(store, &message, &about(category)).await;
}

/// Reports an open ticket of customer u-1 that came in by chat.
async fn open_chat(store: &Store) {
    let details = TicketDetails { channel: Some(name("Chat")), ..TicketDetails::default() };
    let event = TicketEvent { customer_id: name("u-1"), details, ..opening("t-1") };
    store.record_ticket(&TENANT, &event, &rules(), day(0.0)).await.unwrap();
}

async fn a_thread_that_turns_to_another_issue_is_cut(database: &Database) {
    let store = database.store().await;
    open_chat(&store).await;
    in_thread(&store, "c-1", 0.0, "card_arrival").await;
    in_thread(&store, "c-2", 0.1, "card_arrival").await;
    in_thread(&store, "c-3", 2.0, "activate_card").await;
    in_thread(&store, "c-4", 2.1, "activate_card").await;
    in_thread(&store, "c-5", 20.0, "activate_card").await;
    close_at(&store, "t-1", 21.0, day(21.0)).await;
    let found = episodes(&store, "t-1").await;
    let told: Vec<_> = found
        .iter()
        .map(|e| (e.episode.facts.opened_at, e.episode.facts.closed_at, e.episode.ended_by))
        .collect();
    assert_eq!(
        told,
        [
            (day(0.0), day(0.1), EndedBy::TopicChange),
            (day(2.0), day(2.1), EndedBy::TopicChange),
            (day(20.0), day(21.0), EndedBy::Closing)
        ]
    );
    assert_eq!(found[0].recontacts[0].relation, Relation::Implicit);
    assert_eq!(found[1].recontacts[0].relation, Relation::Explicit);
    let assessed = store.ticket_episodes(&TENANT, &name("t-1")).await.unwrap();
    assert!(assessed[1].assessment.is_none() && assessed[2].assessment.is_some());
    // A message that comes late and fills a pause takes the cut away, but not what a closing ended.
    let late = Contact { ticket_id: Some(name("t-1")), ..contact("c-0", "u-1", day(1.0)) };
    say_at(&store, &late, &about("card_arrival"), day(22.0)).await;
    assert_eq!(episodes(&store, "t-1").await.len(), 3);
}

async fn a_correction_does_not_pass_to_another_piece_of_the_thread(database: &Database) {
    let store = database.store().await;
    open_chat(&store).await;
    in_thread(&store, "c-1", 0.0, "card_arrival").await;
    in_thread(&store, "c-2", 4.0, "lost_card").await;
    let correction = NewCorrection {
        episode: EpisodeId { ticket: name("t-1"), number: 1 },
        outcome: Outcome::Explicit,
        gap_ms: None,
        cause_code: None,
        author: name("lead"),
        reason: "heard it".to_owned(),
    };
    store.correct_outcome(&TENANT, &correction, day(4.0)).await.unwrap();
    // A message reported late moves the end of the first piece: another episode.
    in_thread(&store, "c-3", 1.0, "card_arrival").await;
    let pieces = episodes(&store, "t-1").await;
    assert_eq!(pieces.len(), 1, "{pieces:?}");
    assert_eq!((pieces[0].episode.facts.id.number, pieces[0].corrections.len()), (2, 0));
}

async fn a_lively_thread_is_one_episode(database: &Database) {
    let store = database.store().await;
    open_chat(&store).await;
    for index in 0..30 {
        let category = if index % 2 == 0 { "card_arrival" } else { "lost_card" };
        in_thread(&store, &format!("c-{index}"), f64::from(index) * 0.05, category).await;
    }
    close_at(&store, "t-1", 3.0, day(3.0)).await;
    assert_eq!(episodes(&store, "t-1").await.len(), 1);
}

async fn an_open_ticket_of_the_same_customer_makes_an_episode_parallel(database: &Database) {
    let store = database.store().await;
    let event = TicketEvent { customer_id: name("u-1"), ..opening("t-open") };
    store.record_ticket(&TENANT, &event, &rules(), day(0.0)).await.unwrap();
    solve(&store, "t-1", "u-1", "card_arrival", 0.0, 1.0).await;
    solve(&store, "t-2", "u-2", "card_arrival", 0.0, 1.0).await;
    assert!(episodes(&store, "t-1").await[0].episode.is_parallel);
    assert!(!episodes(&store, "t-2").await[0].episode.is_parallel);
}

async fn an_import_derives_what_followed_and_repeats_nothing(database: &Database) {
    let store = database.store().await;
    let ticket = |id: &str, customer: &str, opened: f64, closed: f64| ClosedTicket {
        opened_at: day(opened),
        closed_at: day(closed),
        ..closed_ticket(id, customer, 0)
    };
    let mut tickets = vec![
        ticket("t-1", "u-1", 0.0, 1.0),
        ticket("t-2", "u-1", 2.0, 3.0),
        ticket("t-3", "u-1", 2.5, 50.0),
        ticket("t-4", "u-2", 2.0, 3.0),
    ];
    say(&store, &contact("c-1", "u-1", day(5.0)), &about("activate_card")).await;
    let import = async |tickets: &[ClosedTicket]| {
        store.import_closed(&TENANT, tickets, &rules(), day(60.0)).await.unwrap()
    };
    assert_eq!(import(&tickets).await, 4);
    let first = recontacts(&store, "t-1").await;
    let sources: Vec<_> = first.iter().map(|r| r.source_id.as_str()).collect();
    assert_eq!(sources, ["t-2", "t-3", "c-1"]);
    assert!(episodes(&store, "t-2").await[0].episode.is_parallel);
    assert_eq!(outcome(&store, "t-4", 30).await, Outcome::None);
    assert!(episodes(&store, "t-1").await[0].changes.is_empty());
    // What is imported later may follow what was there before, and then it is a late change.
    tickets.push(ticket("t-5", "u-2", 4.0, 5.0));
    assert_eq!(import(&tickets).await, 1);
    let episodes = episodes(&store, "t-4").await;
    assert_eq!(episodes[0].changes[0].cause, ChangeCause::LateContact);
}

async fn earlier_tickets_are_derived_once_after_an_upgrade(database: &Database) {
    let store = database.store().await;
    solve(&store, "t-1", "u-1", "card_arrival", 0.0, 1.0).await;
    solve(&store, "t-2", "u-1", "card_arrival", 2.0, 3.0).await;
    let before = recontacts(&store, "t-1").await;
    assert_eq!(store.derive_earlier_outcomes(&TENANT, &rules(), day(9.0)).await.unwrap(), 1);
    assert_eq!(store.derive_earlier_outcomes(&TENANT, &rules(), day(9.0)).await.unwrap(), 0);
    assert_eq!(recontacts(&store, "t-1").await, before);
}

async fn a_pair_that_becomes_adjacent_moves_outcomes_and_says_so(database: &Database) {
    let store = database.store().await;
    solve(&store, "t-1", "u-1", "card_arrival", 0.0, 1.0).await;
    solve(&store, "t-2", "u-2", "card_arrival", 0.0, 38.0).await;
    for customer in ["u-1", "u-2"] {
        say(&store, &contact(customer, customer, day(39.0)), &about("lost_card")).await;
    }
    say(&store, &contact("c-1", "u-1", day(2.2)), &about("lost_card")).await;
    let wider: AdjacentPairs = PAIRS
        .iter()
        .map(|(a, b)| (a.clone(), b.clone()))
        .chain([(name("card_arrival"), name("lost_card"))])
        .collect();
    let move_to = async |old: &AdjacentPairs, new: &AdjacentPairs, at: f64| {
        store.refresh_adjacency(&TENANT, old, new, &POLICY, day(at)).await.unwrap()
    };
    assert_eq!(move_to(&PAIRS, &wider, 40.0).await, 2);
    assert_eq!(outcome(&store, "t-1", 14).await, Outcome::Implicit);
    let changes = episodes(&store, "t-1").await.remove(0).changes;
    assert_eq!((changes.len(), changes[0].cause), (1, ChangeCause::Adjacency));
    assert_eq!(changes[0].before.0[&3], Some(Outcome::Unrelated));
    assert_eq!(changes[0].after.0[&3], Some(Outcome::Implicit));
    assert_eq!(move_to(&wider, &PAIRS, 41.0).await, 2);
    assert_eq!(outcome(&store, "t-1", 14).await, Outcome::Unrelated);
    assert_eq!(move_to(&PAIRS, &PAIRS, 42.0).await, 0);
}

async fn a_day_of_unusually_many_customers_is_an_outage(database: &Database) {
    let store = database.store().await;
    let ticket = |id: String, customer: String, opened: f64| ClosedTicket {
        opened_at: day(opened),
        closed_at: day(opened + 0.1),
        ..closed_ticket(&id, &customer, 0)
    };
    let mut tickets: Vec<ClosedTicket> = (0..20)
        .flat_map(|d| {
            (0..2).map(move |n| ticket(format!("t-{d}-{n}"), format!("u-{d}-{n}"), f64::from(d)))
        })
        .collect();
    tickets.extend((0..30).map(|n| ticket(format!("o-{n}"), format!("o-{n}"), 20.0)));
    store.import_closed(&TENANT, &tickets, &rules(), day(25.0)).await.unwrap();
    assert_eq!(store.flag_outages(&TENANT, &POLICY, day(25.0)).await.unwrap(), 30);
    assert_eq!(store.flag_outages(&TENANT, &POLICY, day(25.0)).await.unwrap(), 0);
    assert!(episodes(&store, "o-7").await[0].episode.is_outage);
    assert!(!episodes(&store, "t-5-0").await[0].episode.is_outage);
}

async fn figures_count_mature_episodes_only(database: &Database) {
    let store = database.store().await;
    let filter =
        OutcomeFilter { window_days: 14, from: None, to: None, category: None, team: None };
    let count = async |filter: &OutcomeFilter, at: f64| {
        store.outcome_summary(&TENANT, filter, day(at)).await.unwrap()
    };
    assert_eq!(count(&filter, 0.0).await.all.total(), 0);
    solve(&store, "t-1", "u-1", "card_arrival", 0.0, 1.0).await;
    solve(&store, "t-2", "u-2", "card_arrival", 0.0, 1.0).await;
    solve(&store, "t-3", "u-3", "lost_card", 0.0, 9.0).await;
    say(&store, &contact("c-1", "u-1", day(2.1)), &about("card_arrival")).await;
    say(&store, &contact("c-2", "u-1", day(1.5)), &about("lost_card")).await;
    let early = count(&filter, 14.0).await;
    assert_eq!((early.all.total(), early.immature), (0, 3));
    let later = count(&filter, 15.0).await;
    assert_eq!((later.all.explicit, later.all.none, later.immature), (1, 1, 1));
    let of = OutcomeFilter { category: Some(name("lost_card")), ..filter.clone() };
    assert_eq!((count(&of, 30.0).await.all.none, count(&of, 30.0).await.all.total()), (1, 1));
    let short = OutcomeFilter { window_days: 1, to: Some(day(2.0)), ..filter.clone() };
    let short = count(&short, 30.0).await;
    assert_eq!((short.all.unrelated, short.all.none, short.all.total()), (1, 1, 2));
    let team = OutcomeFilter {
        team: Some(name("none such")),
        category: Some(name("lost_card")),
        ..filter
    };
    assert_eq!(count(&team, 30.0).await.all.total(), 0);
}

async fn a_contact_and_a_closing_at_once_find_each_other(database: &Database) {
    // Two stores stand for two processes.
    let stores = [database.store().await, database.store().await];
    for round in 0..20 {
        let (id, customer) = (format!("t-{round}"), format!("u-{round}"));
        let event = TicketEvent { customer_id: name(&customer), ..opening(&id) };
        stores[0].record_ticket(&TENANT, &event, &rules(), day(0.0)).await.unwrap();
        let (store, ticket) = (stores[0].clone(), id.clone());
        let closing = tokio::spawn(async move { close_at(&store, &ticket, 1.0, day(3.0)).await });
        let (store, contact) =
            (stores[1].clone(), contact(&format!("c-{round}"), &customer, day(2.0)));
        let saying = tokio::spawn(async move {
            say_at(&store, &contact, &about("card_arrival"), day(3.0)).await;
        });
        closing.await.unwrap();
        saying.await.unwrap();
        assert_eq!(recontacts(&stores[0], &id).await.len(), 1, "{id}");
    }
}
