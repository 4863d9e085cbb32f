//! Erasure: who it was and what they wrote goes, what is counted stays.

use super::follow_ups::{fill, queue, read, step};
use super::timeline::*;
use super::*;
use recontact::contact::Contact;
use recontact::follow_up::FollowUpStatus;
use recontact::identity::{Identity, IdentityKind};
use recontact::outcome::{EpisodeId, Outcome, TextVector};
use recontact::store::{
    ContactAnalysis, ContactRecorded, ErasureReport, ErasureRequest, FollowUpStepped,
    NewCorrection, OutcomeFilter, PersonAction,
};

on_both_databases!(
    an_erased_customer_leaves_counts_and_nothing_else,
    a_dry_run_tells_what_would_go_and_changes_nothing,
    nobody_is_erased_where_nothing_is_known,
    events_of_an_erased_customer_do_not_bring_them_back,
    an_erased_ticket_can_still_be_closed_and_is_not_assessed,
    an_erased_customer_is_not_followed_up,
);

fn email() -> Identity {
    Identity::parse(IdentityKind::Email, "ivan@example.org").unwrap()
}

fn request(identity: Identity) -> ErasureRequest {
    ErasureRequest {
        identity,
        author: name("privacy"),
        reason: "asked for it".to_owned(),
        random: [7; 32],
        is_dry_run: false,
    }
}

async fn erase(store: &Store, request: &ErasureRequest) -> Option<ErasureReport> {
    store.erase_customer(&TENANT, request, day(30.0)).await.unwrap()
}

fn said() -> (Contact, ContactAnalysis) {
    let contact = Contact { also_known_as: vec![email()], ..contact("c-1", "u-1", day(2.0)) };
    let embedding = TextVector::from_embedding(&[1.0, 2.0]);
    let classification_json = r#"{"secret":"classification"}"#.to_owned();
    (contact, ContactAnalysis { embedding, classification_json, ..about("card_arrival") })
}

/// Two customers with the same story, and a correction with words.
async fn story(store: &Store) {
    for (ticket, customer) in [("t-1", "u-1"), ("t-2", "u-2")] {
        let event = TicketEvent {
            customer_id: name(customer),
            details: with_priority("secret-priority"),
            ..opening(ticket)
        };
        store.record_ticket(&TENANT, &event, &rules(), day(0.0)).await.unwrap();
        let closing = ClosingEvent { closed_at: day(1.0), ..closing(0) };
        let body = r#"{"reasons":[{"feature":"secret-reason"}],"probability":0.3}"#;
        let said = Assessment { body: body.to_owned(), ..assessment("high") };
        let id = name(ticket);
        store
            .close_ticket(&TENANT, &id, &closing, &rules(), day(1.0), |_, _| Some(said.clone()))
            .await
            .unwrap();
    }
    let (contact, analysis) = said();
    say(store, &contact, &analysis).await;
    let other = Contact {
        id: name("c-2"),
        customer: name("u-2").into(),
        also_known_as: Vec::new(),
        ..contact
    };
    say(store, &other, &analysis).await;
    let correction = NewCorrection {
        episode: EpisodeId { ticket: name("t-1"), number: 1 },
        outcome: Outcome::Explicit,
        gap_ms: None,
        cause_code: None,
        author: name("lead"),
        reason: "secret-words".to_owned(),
    };
    store.correct_outcome(&TENANT, &correction, day(3.0)).await.unwrap();
}

async fn summary(store: &Store) -> recontact::store::OutcomeSummary {
    let filter =
        OutcomeFilter { window_days: 14, from: None, to: None, category: None, team: None };
    store.outcome_summary(&TENANT, &filter, day(40.0)).await.unwrap()
}

async fn an_erased_customer_leaves_counts_and_nothing_else(database: &Database) {
    let store = database.store().await;
    story(&store).await;
    let (other, counts) = (episodes(&store, "t-2").await, summary(&store).await);
    let hashes =
        [store.customer_hash(&TENANT, &name("u-1")), store.identity_hash(&TENANT, &email())];
    // By the address, although the ticket came under the helpdesk's identifier.
    let report = erase(&store, &request(email())).await.unwrap();
    let expected = ErasureReport {
        identities: 2,
        merges: 1,
        contacts: 1,
        embeddings: 1,
        tickets: 1,
        ticket_events: 2,
        assessments: 1,
        episodes: 1,
        corrections: 1,
        ..ErasureReport::default()
    };
    assert_eq!(report, expected);
    assert_eq!(episodes(&store, "t-2").await, other, "outcomes of others stay");
    assert_eq!(summary(&store).await, counts, "figures stay");
    assert_eq!(outcome(&store, "t-1", 14).await, Outcome::Explicit);
    let ticket = stored(&store, "t-1").await;
    assert!(!hashes.contains(&ticket.customer), "{ticket:?}");
    assert_eq!(ticket.details, TicketDetails::default());
    assert_eq!(ticket.assessment.as_ref().unwrap().body, r#"{"probability":0.3,"reasons":[]}"#);
    assert_eq!(ticket.assessment.unwrap().inputs_sha256, "erased");
    assert_eq!(episodes(&store, "t-1").await[0].corrections[0].reason, "erased");
    let none = store.customer_history(&TENANT, &name("u-1"), &name("-")).await.unwrap();
    assert!(none.tickets.is_empty());
    assert_eq!(erase(&store, &ErasureRequest { random: [8; 32], ..request(email()) }).await, None);
    assert_eq!(store.identity_merges(&TENANT, 10).await.unwrap(), []);
}

async fn a_dry_run_tells_what_would_go_and_changes_nothing(database: &Database) {
    let store = database.store().await;
    story(&store).await;
    let before = (stored(&store, "t-1").await, episodes(&store, "t-1").await);
    let dry = ErasureRequest { is_dry_run: true, ..request(name("u-1").into()) };
    let told = erase(&store, &dry).await;
    assert_eq!((stored(&store, "t-1").await, episodes(&store, "t-1").await), before);
    assert_eq!(erase(&store, &request(name("u-1").into())).await, told);
}

async fn nobody_is_erased_where_nothing_is_known(database: &Database) {
    let store = database.store().await;
    assert_eq!(erase(&store, &request(email())).await, None);
}

async fn events_of_an_erased_customer_do_not_bring_them_back(database: &Database) {
    let store = database.store().await;
    story(&store).await;
    erase(&store, &request(email())).await.unwrap();
    let (contact, analysis) = said();
    let again =
        store.record_contact(&TENANT, &contact, &analysis, &rules(), day(31.0)).await.unwrap();
    assert!(matches!(again, ContactRecorded::Conflict { .. }), "{again:?}");
    let event = TicketEvent { customer_id: name("u-1"), ..opening("t-1") };
    let again = record(&store, &event).await;
    assert!(matches!(again, TicketRecorded::Conflict { .. }), "{again:?}");
    assert_eq!(erase(&store, &ErasureRequest { random: [8; 32], ..request(email()) }).await, None);
}

async fn an_erased_ticket_can_still_be_closed_and_is_not_assessed(database: &Database) {
    let store = database.store().await;
    record(&store, &TicketEvent { customer_id: name("u-1"), ..opening("t-9") }).await;
    erase(&store, &request(name("u-1").into())).await.unwrap();
    let event = ClosingEvent { closed_at: day(31.0), ..closing(0) };
    let closed = close_with(&store, "t-9", &event, must_not_assess).await;
    assert!(matches!(closed, TicketClosed::Closed(_)), "{closed:?}");
    assert_eq!(outcome(&store, "t-9", 14).await, Outcome::None);
}

async fn an_erased_customer_is_not_followed_up(database: &Database) {
    let store = queue(database).await;
    let queued = fill(&store, 3, 0).await;
    let customer = queued[0].episode.ticket.as_str().replace("t-", "u-");
    erase(&store, &request(name(&customer).into())).await.unwrap();
    let now = read(&store, &queued[0].id, 1).await;
    assert_eq!(now.status, FollowUpStatus::Suppressed);
    assert_eq!(now.status_reason.as_deref(), Some("erased"));
    let refused = step(&store, &now, "ann", PersonAction::Claim, 1).await;
    assert!(matches!(refused, FollowUpStepped::NotAllowed { .. }), "{refused:?}");
}
