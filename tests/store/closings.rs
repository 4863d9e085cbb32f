//! Closing a ticket: once, with what was known then, assessed at most once.

use super::*;
use recontact::ticket::PastTicket;

on_both_databases!(
    a_closing_is_stored_with_its_assessment,
    the_model_sees_the_ticket_and_the_customers_other_tickets,
    closing_twice_changes_nothing,
    closing_without_a_model_leaves_no_assessment,
    closing_again_with_other_content_is_a_conflict,
    an_unknown_ticket_cannot_be_closed,
    a_closing_before_the_opening_is_invalid,
    a_closing_without_any_category_is_invalid,
    a_report_later_than_the_closing_does_not_enter_it,
    many_closings_at_once_make_one_assessment,
    closings_of_one_customer_at_once_see_each_other,
    a_refused_assessment_leaves_the_ticket_open,
);

async fn a_closing_is_stored_with_its_assessment(database: &Database) {
    let store = database.store().await;
    record(&store, &opening("t-1")).await;
    let event = ClosingEvent { category: Some(name("lost_card")), ..closing(9) };
    let closed = close_with(&store, "t-1", &event, |_, _| Some(assessment("high"))).await;
    let expected = StoredTicket {
        id: name("t-1"),
        customer: store.customer_hash(&TENANT, &name("u-9")),
        opened_at: minute(0),
        closed_at: Some(minute(9)),
        category: Some(name("lost_card")),
        details: TicketDetails { sla_met: Some(true), ..with_priority("normal") },
        assessment: Some(assessment("high")),
        updated_at: minute(9),
        reopens: 0,
    };
    assert_eq!(closed, TicketClosed::Closed(expected.clone()));
    assert_eq!(stored(&store, "t-1").await, expected);
}

async fn the_model_sees_the_ticket_and_the_customers_other_tickets(database: &Database) {
    let store = database.store().await;
    record(&store, &opening("t-1")).await;
    close_with(&store, "t-1", &closing(5), |_, _| None).await;
    record(&store, &TicketEvent { category: None, ..opening("t-2") }).await;
    record(&store, &TicketEvent { customer_id: name("u-8"), ..opening("t-3") }).await;
    record(&store, &opening("t-4")).await;
    let expected = CustomerHistory {
        tickets: vec![
            PastTicket {
                opened_at: minute(0),
                closed_at: Some(minute(5)),
                category: Some(name("card_arrival")),
            },
            PastTicket { opened_at: minute(0), closed_at: None, category: None },
        ],
    };
    let customer = store.customer_hash(&TENANT, &name("u-9"));
    close_with(&store, "t-4", &closing(9), |ticket, history| {
        assert_eq!(history, &expected);
        assert_eq!(ticket.customer_id.as_str(), customer.as_str());
        assert_eq!((ticket.opened_at, ticket.closed_at), (minute(0), minute(9)));
        assert_eq!(ticket.category, name("card_arrival"));
        assert_eq!(ticket.details.priority, Some(name("normal")));
        assert_eq!(ticket.details.sla_met, Some(true));
        None
    })
    .await;
    let history = store.customer_history(&TENANT, &name("u-9"), &name("t-4")).await.unwrap();
    assert_eq!(history, expected);
}

async fn closing_twice_changes_nothing(database: &Database) {
    let store = database.store().await;
    record(&store, &opening("t-1")).await;
    let first = close_with(&store, "t-1", &closing(9), |_, _| Some(assessment("high"))).await;
    let TicketClosed::Closed(first) = first else { panic!("{first:?}") };
    let second = close_with(&store, "t-1", &closing(9), must_not_assess).await;
    assert_eq!(second, TicketClosed::AlreadyClosed(first));
}

async fn closing_without_a_model_leaves_no_assessment(database: &Database) {
    let store = database.store().await;
    record(&store, &opening("t-1")).await;
    let first = close_with(&store, "t-1", &closing(9), |_, _| None).await;
    let TicketClosed::Closed(first) = first else { panic!("{first:?}") };
    assert_eq!(first.assessment, None);
    let second = close_with(&store, "t-1", &closing(9), must_not_assess).await;
    assert_eq!(second, TicketClosed::AlreadyClosed(first));
    assert_eq!(store.tickets_by_risk(&TENANT, None, None, 10).await.unwrap(), []);
}

async fn closing_again_with_other_content_is_a_conflict(database: &Database) {
    let store = database.store().await;
    record(&store, &opening("t-1")).await;
    close_with(&store, "t-1", &closing(9), |_, _| Some(assessment("high"))).await;
    let before = stored(&store, "t-1").await;
    for event in [
        closing(10),
        ClosingEvent { category: Some(name("lost_card")), ..closing(9) },
        ClosingEvent { details: TicketDetails::default(), ..closing(9) },
    ] {
        let closed = close_with(&store, "t-1", &event, must_not_assess).await;
        assert!(matches!(closed, TicketClosed::Conflict { .. }), "{closed:?}");
    }
    assert_eq!(stored(&store, "t-1").await, before);
}

async fn an_unknown_ticket_cannot_be_closed(database: &Database) {
    let store = database.store().await;
    let closed = close_with(&store, "t-1", &closing(9), must_not_assess).await;
    assert_eq!(closed, TicketClosed::UnknownTicket);
}

async fn a_closing_before_the_opening_is_invalid(database: &Database) {
    let store = database.store().await;
    record(&store, &opening("t-1")).await;
    let closed = close_with(&store, "t-1", &closing(-1), must_not_assess).await;
    let TicketClosed::Invalid { field: "closed_at", reason } = closed else { panic!("{closed:?}") };
    assert!(reason.contains("before opening"), "{reason}");
    assert_eq!(stored(&store, "t-1").await.closed_at, None);
}

async fn a_closing_without_any_category_is_invalid(database: &Database) {
    let store = database.store().await;
    record(&store, &TicketEvent { category: None, ..opening("t-1") }).await;
    let closed = close_with(&store, "t-1", &closing(9), must_not_assess).await;
    assert!(matches!(closed, TicketClosed::Invalid { field: "category", .. }), "{closed:?}");
    let event = ClosingEvent { category: Some(name("lost_card")), ..closing(9) };
    let closed = close_with(&store, "t-1", &event, |_, _| None).await;
    assert!(matches!(closed, TicketClosed::Closed(_)), "{closed:?}");
}

async fn a_report_later_than_the_closing_does_not_enter_it(database: &Database) {
    let store = database.store().await;
    record(&store, &update("t-1", 30, "urgent")).await;
    // Nothing is known of the time before the closing, so the category must come with it.
    let closed = close_with(&store, "t-1", &closing(20), must_not_assess).await;
    assert!(matches!(closed, TicketClosed::Invalid { field: "category", .. }), "{closed:?}");
    let event = ClosingEvent { category: Some(name("lost_card")), ..closing(20) };
    close_with(&store, "t-1", &event, |ticket, _| {
        assert_eq!(ticket.details, event.details);
        None
    })
    .await;
    let later = record(&store, &update("t-1", 31, "urgent")).await;
    assert!(matches!(later, TicketRecorded::Conflict { .. }), "{later:?}");
}

async fn many_closings_at_once_make_one_assessment(database: &Database) {
    // Two stores stand for two processes.
    let stores = [database.store().await, database.store().await];
    record(&stores[0], &opening("t-1")).await;
    let calls: Vec<_> = (0..16)
        .map(|number| {
            let store = stores[number % 2].clone();
            tokio::spawn(async move {
                close_with(&store, "t-1", &closing(9), |_, _| {
                    Some(Assessment { body: format!("{number}"), ..assessment("high") })
                })
                .await
            })
        })
        .collect();
    let mut closed_by = 0;
    let mut answers = Vec::new();
    for call in calls {
        match call.await.unwrap() {
            TicketClosed::Closed(ticket) => {
                closed_by += 1;
                answers.push(ticket);
            }
            TicketClosed::AlreadyClosed(ticket) => answers.push(ticket),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(closed_by, 1);
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
}

/// Each is worked out before its transaction, and must not miss what another one did meanwhile.
async fn closings_of_one_customer_at_once_see_each_other(database: &Database) {
    let stores = [database.store().await, database.store().await];
    for number in 0..12 {
        record(&stores[0], &opening(&format!("t-{number}"))).await;
    }
    let calls: Vec<_> = (0..12)
        .map(|number| {
            let store = stores[number % 2].clone();
            tokio::spawn(async move {
                close_with(&store, &format!("t-{number}"), &closing(9), |_, history| {
                    let closed = history.tickets.iter().filter(|t| t.closed_at.is_some()).count();
                    Some(Assessment { body: format!("{closed}"), ..assessment("high") })
                })
                .await
            })
        })
        .collect();
    let mut seen = Vec::new();
    for call in calls {
        let TicketClosed::Closed(ticket) = call.await.unwrap() else { panic!() };
        seen.push(ticket.assessment.unwrap().body.parse::<usize>().unwrap());
    }
    seen.sort_unstable();
    assert_eq!(seen, (0..12).collect::<Vec<_>>());
}

async fn a_refused_assessment_leaves_the_ticket_open(database: &Database) {
    let store = database.store().await;
    record(&store, &opening("t-1")).await;
    // Neither database stores this text, each for a reason of its own.
    let unstorable =
        Assessment { probability: f64::NAN, body: "\u{0}".to_owned(), ..assessment("high") };
    let id = name("t-1");
    let closing = closing(9);
    let error = store
        .close_ticket(&TENANT, &id, &closing, &rules(), minute(0), |_, _| Some(unstorable.clone()))
        .await
        .unwrap_err();
    assert!(matches!(error, StoreError::Database { .. }), "{error}");
    assert_eq!(stored(&store, "t-1").await.closed_at, None);
    let closed = close_with(&store, "t-1", &closing, |_, _| Some(assessment("high"))).await;
    assert!(matches!(closed, TicketClosed::Closed(_)), "{closed:?}");
}
