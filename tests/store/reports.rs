//! Reports of a ticket's state: twice, late, contradicting.

use super::*;
use recontact::ticket::AttributeValue;

on_both_databases!(
    the_first_report_creates_the_ticket,
    a_newer_report_replaces_the_whole_state,
    the_same_report_twice_changes_nothing,
    a_late_report_is_kept_but_does_not_count,
    reports_in_any_order_end_in_the_same_state,
    the_same_instant_with_other_content_is_a_conflict,
    another_customer_or_opening_is_a_conflict,
    an_update_before_the_opening_is_invalid,
    a_number_that_json_cannot_hold_is_invalid,
    reports_on_a_closed_ticket_are_outdated_or_a_conflict,
    all_details_come_back_as_they_were_sent,
    tenants_do_not_see_each_other,
    many_first_reports_at_once_create_one_ticket,
);

async fn the_first_report_creates_the_ticket(database: &Database) {
    let store = database.store().await;
    assert_eq!(record(&store, &opening("t-1")).await, TicketRecorded::Created);
    let expected = StoredTicket {
        id: name("t-1"),
        customer: store.customer_hash(&TENANT, &name("u-9")),
        opened_at: minute(0),
        closed_at: None,
        category: Some(name("card_arrival")),
        details: with_priority("normal"),
        assessment: None,
        reopens: 0,
        updated_at: minute(0),
    };
    assert_eq!(stored(&store, "t-1").await, expected);
    assert_eq!(store.ticket(&TENANT, &name("t-2")).await.unwrap(), None);
}

async fn a_newer_report_replaces_the_whole_state(database: &Database) {
    let store = database.store().await;
    record(&store, &opening("t-1")).await;
    let newer = TicketEvent {
        category: None,
        details: TicketDetails { reopens: Some(1), ..TicketDetails::default() },
        ..update("t-1", 5, "high")
    };
    assert_eq!(record(&store, &newer).await, TicketRecorded::Updated);
    let ticket = stored(&store, "t-1").await;
    assert_eq!((ticket.category, ticket.details), (None, newer.details));
    assert_eq!(ticket.updated_at, minute(5));
}

async fn the_same_report_twice_changes_nothing(database: &Database) {
    let store = database.store().await;
    record(&store, &opening("t-1")).await;
    record(&store, &update("t-1", 5, "high")).await;
    let before = stored(&store, "t-1").await;
    assert_eq!(record(&store, &opening("t-1")).await, TicketRecorded::Unchanged);
    assert_eq!(record(&store, &update("t-1", 5, "high")).await, TicketRecorded::Unchanged);
    // The opening may also be reported with its instant.
    assert_eq!(record(&store, &update("t-1", 0, "normal")).await, TicketRecorded::Unchanged);
    assert_eq!(stored(&store, "t-1").await, before);
}

async fn a_late_report_is_kept_but_does_not_count(database: &Database) {
    let store = database.store().await;
    assert_eq!(record(&store, &update("t-1", 9, "high")).await, TicketRecorded::Created);
    let before = stored(&store, "t-1").await;
    assert_eq!(record(&store, &update("t-1", 5, "low")).await, TicketRecorded::Outdated);
    assert_eq!(record(&store, &opening("t-1")).await, TicketRecorded::Outdated);
    assert_eq!(stored(&store, "t-1").await, before);
    assert_eq!(record(&store, &update("t-1", 5, "low")).await, TicketRecorded::Unchanged);
}

async fn reports_in_any_order_end_in_the_same_state(database: &Database) {
    let store = database.store().await;
    for (number, order) in orders_of_four().into_iter().enumerate() {
        let id = format!("t-{number}");
        // The last one tells of an instant after the closing.
        let reports = [
            opening(&id),
            update(&id, 5, "low"),
            update(&id, 9, "high"),
            update(&id, 30, "urgent"),
        ];
        for report in order {
            record(&store, &reports[report]).await;
        }
        let open = stored(&store, &id).await;
        assert_eq!(open.details, with_priority("urgent"), "{order:?}");
        let closed = close_with(&store, &id, &closing(20), |_, _| None).await;
        let TicketClosed::Closed(closed) = closed else { panic!("{order:?}: {closed:?}") };
        assert_eq!(closed.details.priority, Some(name("high")), "{order:?}");
        assert_eq!(closed.updated_at, minute(20), "{order:?}");
        assert_eq!(closed, stored(&store, &id).await, "{order:?}");
    }
}

fn orders_of_four() -> Vec<[usize; 4]> {
    let all = (0..4 * 4 * 4 * 4).map(|n| [n / 64, n / 16 % 4, n / 4 % 4, n % 4]);
    all.filter(|order| (0..4).all(|index| order.contains(&index))).collect()
}

async fn the_same_instant_with_other_content_is_a_conflict(database: &Database) {
    let store = database.store().await;
    record(&store, &opening("t-1")).await;
    record(&store, &update("t-1", 5, "high")).await;
    let before = stored(&store, "t-1").await;
    for event in [
        update("t-1", 5, "low"),
        TicketEvent { category: None, ..update("t-1", 5, "high") },
        TicketEvent { details: with_priority("low"), ..opening("t-1") },
    ] {
        let recorded = record(&store, &event).await;
        assert!(matches!(recorded, TicketRecorded::Conflict { .. }), "{recorded:?}");
    }
    assert_eq!(stored(&store, "t-1").await, before);
}

async fn another_customer_or_opening_is_a_conflict(database: &Database) {
    let store = database.store().await;
    record(&store, &opening("t-1")).await;
    let before = stored(&store, "t-1").await;
    let of_another = TicketEvent { customer_id: name("u-8"), ..update("t-1", 5, "high") };
    let opened_later = TicketEvent { opened_at: minute(1), ..update("t-1", 5, "high") };
    for (event, word) in [(of_another, "customer"), (opened_later, "opened at")] {
        let TicketRecorded::Conflict { reason } = record(&store, &event).await else { panic!() };
        assert!(reason.contains(word) && !reason.contains("u-"), "{reason}");
    }
    assert_eq!(stored(&store, "t-1").await, before);
}

async fn an_update_before_the_opening_is_invalid(database: &Database) {
    let store = database.store().await;
    let recorded = record(&store, &update("t-1", -1, "high")).await;
    assert!(
        matches!(recorded, TicketRecorded::Invalid { field: "updated_at", .. }),
        "{recorded:?}"
    );
    assert_eq!(store.ticket(&TENANT, &name("t-1")).await.unwrap(), None);
}

async fn a_number_that_json_cannot_hold_is_invalid(database: &Database) {
    let store = database.store().await;
    let details = TicketDetails {
        attributes: [("amount".to_owned(), AttributeValue::Number(f64::NAN))].into(),
        ..TicketDetails::default()
    };
    let recorded = record(&store, &TicketEvent { details, ..opening("t-1") }).await;
    assert!(
        matches!(recorded, TicketRecorded::Invalid { field: "attributes", .. }),
        "{recorded:?}"
    );
}

async fn reports_on_a_closed_ticket_are_outdated_or_a_conflict(database: &Database) {
    let store = database.store().await;
    record(&store, &opening("t-1")).await;
    close_with(&store, "t-1", &closing(20), |_, _| None).await;
    let before = stored(&store, "t-1").await;
    assert_eq!(record(&store, &update("t-1", 10, "high")).await, TicketRecorded::Outdated);
    assert_eq!(record(&store, &update("t-1", 20, "high")).await, TicketRecorded::Outdated);
    let later = record(&store, &update("t-1", 21, "high")).await;
    assert!(matches!(later, TicketRecorded::Conflict { .. }), "{later:?}");
    assert_eq!(record(&store, &opening("t-1")).await, TicketRecorded::Unchanged);
    assert_eq!(stored(&store, "t-1").await, before);
}

async fn all_details_come_back_as_they_were_sent(database: &Database) {
    let store = database.store().await;
    let details = TicketDetails {
        channel: Some(name("чат")),
        priority: Some(name("it's \"high\"")),
        team: Some(name("$1")),
        reassignments: Some(u32::MAX),
        reopens: Some(0),
        sla_met: Some(false),
        csat: Some(4.5),
        first_response_at: Some(minute(3)),
        messages_in: Some(2),
        messages_out: Some(3),
        chars_in: Some(120),
        chars_out: Some(450),
        category_changed: Some(true),
        first_contact_resolved: Some(true),
        first_level_resolvable: Some(false),
        agent_replies: Some(2),
        agents_involved: Some(1),
        handling_s: Some(360),
        handling_cost: Some(1.25),
        csat_lowest: Some(1.0),
        csat_highest: Some(5.0),
        nps: Some(9),
        survey_resolved: Some(false),
        segment: Some(name("золото")),
        attributes: [
            ("flag", AttributeValue::Flag(true)),
            ("whole", AttributeValue::Number(12.0)),
            ("fraction", AttributeValue::Number(-0.125)),
            ("text", AttributeValue::Text("12".to_owned())),
            ("nul \u{0}", AttributeValue::Text("\u{0}🙂".to_owned())),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into(),
        ..TicketDetails::default()
    };
    let event = TicketEvent { details: details.clone(), ..opening("t-1") };
    record(&store, &event).await;
    assert_eq!(stored(&store, "t-1").await.details, details);
    assert_eq!(record(&store, &event).await, TicketRecorded::Unchanged);
    let closed = close_with(&store, "t-1", &closing(9), |ticket, _| {
        assert_eq!(ticket.details, TicketDetails { sla_met: Some(true), ..details.clone() });
        None
    })
    .await;
    assert!(matches!(closed, TicketClosed::Closed(_)), "{closed:?}");
}

async fn tenants_do_not_see_each_other(database: &Database) {
    let store = database.store().await;
    let other = Tenant::new(name("other"));
    record(&store, &opening("t-1")).await;
    record(&store, &opening("t-2")).await;
    close_with(&store, "t-1", &closing(9), |_, _| Some(assessment("high"))).await;

    assert_eq!(store.ticket(&other, &name("t-1")).await.unwrap(), None);
    assert_eq!(store.tickets_by_risk(&other, None, None, 10).await.unwrap(), []);
    let history = store.customer_history(&other, &name("u-9"), &name("t-3")).await.unwrap();
    assert_eq!(history, CustomerHistory::default());
    let closed = store
        .close_ticket(&other, &name("t-2"), &closing(9), &rules(), minute(0), must_not_assess)
        .await;
    assert_eq!(closed.unwrap(), TicketClosed::UnknownTicket);

    let of_other_customer = TicketEvent { customer_id: name("u-8"), ..opening("t-1") };
    let recorded =
        store.record_ticket(&other, &of_other_customer, &rules(), minute(0)).await.unwrap();
    assert_eq!(recorded, TicketRecorded::Created);
    assert_ne!(
        stored(&store, "t-1").await.customer,
        store.ticket(&other, &name("t-1")).await.unwrap().unwrap().customer
    );
}

async fn many_first_reports_at_once_create_one_ticket(database: &Database) {
    // Two stores stand for two processes.
    let stores = [database.store().await, database.store().await];
    let calls: Vec<_> = (0..16)
        .map(|number| {
            let store = stores[number % 2].clone();
            tokio::spawn(async move { record(&store, &opening("t-1")).await })
        })
        .collect();
    let mut created = 0;
    for call in calls {
        match call.await.unwrap() {
            TicketRecorded::Created => created += 1,
            recorded => assert_eq!(recorded, TicketRecorded::Unchanged),
        }
    }
    assert_eq!(created, 1);
}
