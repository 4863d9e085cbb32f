//! The follow-up queue: who gets into it, what a team sees of it, and who wins when two act at once.

use super::*;
use recontact::config::{CommandLineSettings, Settings};
use recontact::costs::Costs;
use recontact::follow_up::{Action, FollowUpPolicy, FollowUpStatus, TimeOfDay};
use recontact::store::{
    ExperimentPlan, FollowUpFilter, FollowUpStep, FollowUpStepped, OptOut, OptOutRecorded,
    PersonAction, StoredFollowUp,
};

on_both_databases!(
    a_flagged_closing_is_put_into_the_queue_and_others_are_not,
    without_an_experiment_or_rules_nothing_is_put_into_the_queue,
    a_closing_that_is_reported_too_late_is_not_put_into_the_queue,
    the_control_group_is_recorded_and_never_shown,
    todays_list_is_the_best_that_the_team_can_still_take,
    what_is_left_over_competes_the_next_day,
    of_two_claims_at_once_exactly_one_wins,
    claims_at_once_never_exceed_the_capacity,
    a_step_on_an_old_version_is_refused_and_the_same_step_again_changes_nothing,
    every_step_is_kept_with_its_author_and_reason,
    a_snoozed_follow_up_comes_back_by_itself,
    a_follow_up_expires_by_the_clock_and_the_sweep_records_it_once,
    who_had_claimed_it_may_still_say_that_it_was_done,
    a_customer_is_not_followed_up_more_often_than_the_cap_allows,
    nothing_is_claimed_in_quiet_hours,
    a_customer_who_opted_out_is_neither_scored_nor_contacted,
    an_opt_out_takes_open_follow_ups_out_of_the_queue,
    a_merge_with_somebody_who_opted_out_takes_open_follow_ups_out_of_the_queue,
    an_opt_out_is_withdrawn_under_any_identity_of_the_person,
    who_turns_out_to_be_of_the_control_group_is_not_followed_up,
    lists_by_status_neither_repeat_nor_skip_one,
    new_rules_order_the_queue_anew,
    what_a_status_does_not_allow_is_refused_with_a_reason,
);

const HOUR: i64 = 60;
const DAY: i64 = 24 * HOUR;

/// No quiet hours, available at once, due within a day, expired after three; almost everybody is treated.
pub(super) fn policy() -> FollowUpPolicy {
    FollowUpPolicy {
        quiet_from: TimeOfDay::parse("00:00").unwrap(),
        quiet_until: TimeOfDay::parse("00:00").unwrap(),
        send_after_hours: 0.0,
        treatment_share: 0.95,
        ..Settings::load(&CommandLineSettings::default()).unwrap().follow_ups
    }
}

/// A store with an experiment that runs.
async fn queue_with(database: &Database, policy: FollowUpPolicy) -> Store {
    let store = database.store().await.with_follow_ups(policy.clone());
    store.start_first_experiment(&TENANT, &policy, minute(0)).await.unwrap();
    store
}

pub(super) async fn queue(database: &Database) -> Store {
    queue_with(database, policy()).await
}

/// Opens a ticket of team cards and closes it with a probability; its customer is `customer`.
pub(super) async fn close_risky(
    store: &Store,
    id: &str,
    customer: &str,
    at: i64,
    probability: f64,
) {
    let details = TicketDetails { team: Some(name("cards")), ..TicketDetails::default() };
    let event =
        TicketEvent { customer_id: name(customer), opened_at: minute(at), details, ..opening(id) };
    record(store, &event).await;
    let assessed = Assessment { probability, ..risky() };
    store
        .close_ticket(&TENANT, &name(id), &closing(at), &rules(), minute(at), |_, _| {
            Some(assessed.clone())
        })
        .await
        .unwrap();
}

fn risky() -> Assessment {
    assessment("high")
}

/// Closes tickets `t-0`, `t-1`, … of as many customers at minute `at`, the later ones with lower probabilities, and says which of
/// them are in the queue: those of the treated.
pub(super) async fn fill(store: &Store, number: usize, at: i64) -> Vec<StoredFollowUp> {
    for index in 0..number {
        let probability = 0.9 - 0.01 * index as f64;
        close_risky(store, &format!("t-{at}-{index}"), &format!("u-{at}-{index}"), at, probability)
            .await;
    }
    of_status(store, FollowUpStatus::Waiting, at).await
}

pub(super) async fn of_status(
    store: &Store,
    status: FollowUpStatus,
    at: i64,
) -> Vec<StoredFollowUp> {
    let filter = FollowUpFilter { status, team: None, category: None, due_before: None };
    store.follow_ups(&TENANT, &filter, None, 100, minute(at)).await.unwrap()
}

async fn today(store: &Store, at: i64) -> Vec<StoredFollowUp> {
    let days = store.team_days(&TENANT, Some("cards"), minute(at)).await.unwrap();
    store.follow_ups_for(&TENANT, &days[0], minute(at)).await.unwrap()
}

pub(super) async fn read(store: &Store, id: &Name, at: i64) -> StoredFollowUp {
    store.follow_up(&TENANT, id, minute(at)).await.unwrap().unwrap().0
}

fn step_of(follow_up: &StoredFollowUp, author: &str, action: PersonAction) -> FollowUpStep {
    let reason = match action {
        PersonAction::Disagree | PersonAction::NotNeeded => Some(name("called already")),
        _ => None,
    };
    FollowUpStep { version: follow_up.version, author: name(author), reason, action }
}

pub(super) async fn step(
    store: &Store,
    follow_up: &StoredFollowUp,
    author: &str,
    action: PersonAction,
    at: i64,
) -> FollowUpStepped {
    let step = step_of(follow_up, author, action);
    store.step_follow_up(&TENANT, &follow_up.id, &step, minute(at)).await.unwrap()
}

/// Makes a step that must succeed.
pub(super) async fn must_step(
    store: &Store,
    follow_up: &StoredFollowUp,
    author: &str,
    action: PersonAction,
    at: i64,
) -> StoredFollowUp {
    match step(store, follow_up, author, action, at).await {
        FollowUpStepped::Stepped(follow_up) => follow_up,
        other => panic!("{other:?}"),
    }
}

pub(super) fn by_email() -> PersonAction {
    PersonAction::Done { channel: name("email") }
}

fn tickets(follow_ups: &[StoredFollowUp]) -> Vec<&str> {
    follow_ups.iter().map(|follow_up| follow_up.episode.ticket.as_str()).collect()
}

async fn a_flagged_closing_is_put_into_the_queue_and_others_are_not(database: &Database) {
    let store = queue(database).await;
    let queued = fill(&store, 1, 0).await;
    let [follow_up] = queued.as_slice() else { panic!("{queued:?}") };
    assert_eq!(follow_up.episode.ticket, name("t-0-0"));
    assert_eq!(follow_up.customer, store.customer_hash(&TENANT, &name("u-0-0")));
    assert_eq!(
        (follow_up.team.clone(), follow_up.category.as_str()),
        (Some(name("cards")), "card_arrival")
    );
    assert!((follow_up.probability - 0.9).abs() < 1e-12 && (follow_up.rank - 0.9).abs() < 1e-12);
    assert_eq!(follow_up.available_at, minute(0));
    assert_eq!((follow_up.due_at, follow_up.expires_at), (minute(DAY), minute(3 * DAY)));
    assert_eq!((follow_up.version, follow_up.band.as_deref()), (1, Some("high")));
    assert_eq!(follow_up.closed_at, Some(minute(0)));
    // Another band is not flagged.
    record(&store, &TicketEvent { customer_id: name("u-1"), ..opening("t-medium") }).await;
    close_with(&store, "t-medium", &closing(1), |_, _| Some(assessment("medium"))).await;
    assert_eq!(of_status(&store, FollowUpStatus::Waiting, 1).await.len(), 1);
}

async fn without_an_experiment_or_rules_nothing_is_put_into_the_queue(database: &Database) {
    let plain = database.store().await;
    close_risky(&plain, "t-1", "u-1", 0, 0.9).await;
    let store = plain.with_follow_ups(policy());
    close_risky(&store, "t-2", "u-2", 0, 0.9).await;
    assert_eq!(of_status(&store, FollowUpStatus::Waiting, 0).await, []);
    let disabled = FollowUpPolicy { enabled: false, ..policy() };
    let disabled = queue_with(database, disabled).await;
    close_risky(&disabled, "t-3", "u-3", 0, 0.9).await;
    assert_eq!(of_status(&disabled, FollowUpStatus::Waiting, 0).await, []);
    close_risky(&store, "t-4", "u-4", 0, 0.9).await;
    assert_eq!(tickets(&of_status(&store, FollowUpStatus::Waiting, 0).await), ["t-4"]);
}

async fn a_closing_that_is_reported_too_late_is_not_put_into_the_queue(database: &Database) {
    let store = queue(database).await;
    record(&store, &opening("t-1")).await;
    let late = minute(3 * DAY);
    store
        .close_ticket(&TENANT, &name("t-1"), &closing(0), &rules(), late, |_, _| Some(risky()))
        .await
        .unwrap();
    assert_eq!(of_status(&store, FollowUpStatus::Expired, 3 * DAY).await, []);
}

async fn the_control_group_is_recorded_and_never_shown(database: &Database) {
    let half = FollowUpPolicy { treatment_share: 0.5, ..policy() };
    let store = queue_with(database, half).await;
    let queued = fill(&store, 40, 0).await;
    // 20 expected, standard deviation 3.2; the key is fixed.
    assert!((8..=32).contains(&queued.len()), "{}", queued.len());
    for status in
        FollowUpStatus::ALL.into_iter().filter(|status| *status != FollowUpStatus::Waiting)
    {
        assert_eq!(of_status(&store, status, 0).await, [], "{status}");
    }
    // A follow-up of the control group can be neither read nor worked on, even by its identifier.
    let shown: Vec<_> = queued.iter().map(|follow_up| &follow_up.episode.ticket).collect();
    let held_out = held_out_ids(database).await;
    assert_eq!(held_out.len(), 40 - shown.len());
    for id in held_out {
        assert_eq!(store.follow_up(&TENANT, &id, minute(0)).await.unwrap(), None);
        let step = FollowUpStep {
            version: 1,
            author: name("ann"),
            reason: None,
            action: PersonAction::Claim,
        };
        let stepped = store.step_follow_up(&TENANT, &id, &step, minute(0)).await.unwrap();
        assert_eq!(stepped, FollowUpStepped::Unknown);
    }
}

/// Straight from the table, which no method of the store gives away.
async fn held_out_ids(database: &Database) -> Vec<Name> {
    use sqlx::Row;
    let pool = sqlx::AnyPool::connect(&database.url).await.unwrap();
    let rows =
        sqlx::query("SELECT id FROM follow_ups WHERE status = 'held_out' AND arm = 'control'")
            .fetch_all(&pool)
            .await
            .unwrap();
    rows.iter().map(|row| name(&row.get::<String, _>("id"))).collect()
}

async fn todays_list_is_the_best_that_the_team_can_still_take(database: &Database) {
    let store = queue_with(database, FollowUpPolicy { daily_capacity: 3, ..policy() }).await;
    let queued = fill(&store, 8, 0).await;
    let list = today(&store, HOUR).await;
    assert_eq!(tickets(&list), tickets(&queued)[..3]);
    must_step(&store, &list[1], "ann", PersonAction::Claim, HOUR).await;
    assert_eq!(
        tickets(&today(&store, HOUR).await),
        [list[0].episode.ticket.as_str(), list[2].episode.ticket.as_str()]
    );
    // A decision against a contact takes nothing of the day: the next best moves up.
    must_step(&store, &list[0], "ann", PersonAction::Disagree, HOUR).await;
    assert_eq!(
        tickets(&today(&store, HOUR).await),
        [list[2].episode.ticket.as_str(), queued[3].episode.ticket.as_str()]
    );
    let days = store.team_days(&TENANT, None, minute(HOUR)).await.unwrap();
    assert_eq!(
        days.iter().map(|day| (day.team.as_str(), day.capacity, day.taken)).collect::<Vec<_>>(),
        [("cards", 3, 1)]
    );
    assert_eq!(days[0].date, "2026-01-05");
}

async fn what_is_left_over_competes_the_next_day(database: &Database) {
    let store = queue_with(database, FollowUpPolicy { daily_capacity: 2, ..policy() }).await;
    let first = fill(&store, 5, 0).await;
    for follow_up in &first[..2] {
        let claimed = must_step(&store, follow_up, "ann", PersonAction::Claim, 1).await;
        must_step(&store, &claimed, "ann", by_email(), 2).await;
    }
    assert_eq!(today(&store, 3).await, []);
    close_risky(&store, "t-new", "u-new-1", DAY, 0.95).await;
    let next_day = today(&store, DAY).await;
    assert_eq!(tickets(&next_day), ["t-new", first[2].episode.ticket.as_str()]);
}

async fn of_two_claims_at_once_exactly_one_wins(database: &Database) {
    let stores = [queue(database).await, database.store().await.with_follow_ups(policy())];
    let queued = fill(&stores[0], 1, 0).await;
    let follow_up = queued[0].clone();
    let claims: Vec<_> = (0..12)
        .map(|number| {
            let (store, follow_up) = (stores[number % 2].clone(), follow_up.clone());
            tokio::spawn(async move {
                let author = format!("agent-{number}");
                step(&store, &follow_up, &author, PersonAction::Claim, 1).await
            })
        })
        .collect();
    let mut winners = Vec::new();
    let mut told = Vec::new();
    for claim in claims {
        match claim.await.unwrap() {
            FollowUpStepped::Stepped(claimed) => winners.push(claimed.claimed_by.unwrap()),
            FollowUpStepped::Changed(current) => {
                assert_eq!((current.version, current.status), (2, FollowUpStatus::Claimed));
                told.push(current.claimed_by.unwrap());
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((winners.len(), told.len()), (1, 11));
    assert!(told.iter().all(|claimer| *claimer == winners[0]), "{told:?}");
}

async fn claims_at_once_never_exceed_the_capacity(database: &Database) {
    let tight = FollowUpPolicy { daily_capacity: 3, ..policy() };
    let stores =
        [queue_with(database, tight.clone()).await, database.store().await.with_follow_ups(tight)];
    let queued = fill(&stores[0], 12, 0).await;
    let claims: Vec<_> = queued
        .iter()
        .enumerate()
        .map(|(number, follow_up)| {
            let (store, follow_up) = (stores[number % 2].clone(), follow_up.clone());
            tokio::spawn(
                async move { step(&store, &follow_up, "ann", PersonAction::Claim, 1).await },
            )
        })
        .collect();
    let (mut taken, mut refused) = (0, 0);
    for claim in claims {
        match claim.await.unwrap() {
            FollowUpStepped::Stepped(_) => taken += 1,
            FollowUpStepped::CapacityReached { capacity, current } => {
                assert_eq!((capacity, current.status), (3, FollowUpStatus::Waiting));
                refused += 1;
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((taken, refused), (3, queued.len() - 3));
    // Giving one back makes room for one.
    let claimed = of_status(&stores[0], FollowUpStatus::Claimed, 1).await;
    must_step(&stores[1], &claimed[0], "ann", PersonAction::Release, 2).await;
    let waiting = of_status(&stores[0], FollowUpStatus::Waiting, 2).await;
    must_step(&stores[0], &waiting[0], "bob", PersonAction::Claim, 2).await;
    let more = step(&stores[0], &waiting[1], "bob", PersonAction::Claim, 2).await;
    assert!(matches!(more, FollowUpStepped::CapacityReached { .. }), "{more:?}");
}

async fn a_step_on_an_old_version_is_refused_and_the_same_step_again_changes_nothing(
    database: &Database,
) {
    let store = queue(database).await;
    let queued = fill(&store, 1, 0).await;
    let claimed = must_step(&store, &queued[0], "ann", PersonAction::Claim, 1).await;
    let again = step(&store, &queued[0], "ann", PersonAction::Claim, 2).await;
    assert_eq!(again, FollowUpStepped::Repeated(claimed.clone()));
    let other = step(&store, &queued[0], "bob", PersonAction::Claim, 2).await;
    assert_eq!(other, FollowUpStepped::Changed(claimed.clone()));
    let done = must_step(&store, &claimed, "ann", by_email(), 3).await;
    assert_eq!((done.status, done.handled_at), (FollowUpStatus::Done, Some(minute(3))));
    assert_eq!(
        step(&store, &claimed, "ann", by_email(), 4).await,
        FollowUpStepped::Repeated(done.clone())
    );
    let by_phone = PersonAction::Done { channel: name("phone") };
    assert_eq!(
        step(&store, &claimed, "ann", by_phone, 4).await,
        FollowUpStepped::Changed(done.clone())
    );
    // A version that never was is no version to decide on either.
    let future = StoredFollowUp { version: 9, ..done.clone() };
    assert_eq!(step(&store, &future, "ann", by_email(), 4).await, FollowUpStepped::Changed(done));
}

async fn every_step_is_kept_with_its_author_and_reason(database: &Database) {
    let store = queue(database).await;
    let queued = fill(&store, 1, 0).await;
    let id = queued[0].id.clone();
    let claimed = must_step(&store, &queued[0], "ann", PersonAction::Claim, 1).await;
    let until = PersonAction::Snooze { until: minute(90) };
    let snoozed = must_step(&store, &claimed, "ann", until, 2).await;
    assert_eq!((snoozed.status, snoozed.claimed_by.clone()), (FollowUpStatus::Snoozed, None));
    must_step(&store, &snoozed, "bob", PersonAction::NotNeeded, 3).await;
    let (now, events) = store.follow_up(&TENANT, &id, minute(4)).await.unwrap().unwrap();
    assert_eq!((now.status, now.version), (FollowUpStatus::NotNeeded, 4));
    assert_eq!(now.status_reason.as_deref(), Some("called already"));
    let told: Vec<_> = events
        .iter()
        .map(|event| (event.version, event.action, event.author.as_str(), event.occurred_at))
        .collect();
    let expected = [
        (1, Action::Enqueue, "recontact", minute(0)),
        (2, Action::Claim, "ann", minute(1)),
        (3, Action::Snooze, "ann", minute(2)),
        (4, Action::NotNeeded, "bob", minute(3)),
    ];
    assert_eq!(told, expected);
    assert_eq!(events[2].body["until"], minute(90).to_string());
    assert_eq!(events[3].reason, Some(name("called already")));
}

async fn a_snoozed_follow_up_comes_back_by_itself(database: &Database) {
    let store = queue(database).await;
    let queued = fill(&store, 1, 0).await;
    for until in [minute(1), minute(3 * DAY), minute(4 * DAY)] {
        let refused = step(&store, &queued[0], "ann", PersonAction::Snooze { until }, 1).await;
        assert!(matches!(refused, FollowUpStepped::Invalid { field: "until", .. }), "{refused:?}");
    }
    let until = PersonAction::Snooze { until: minute(2 * HOUR) };
    let snoozed = must_step(&store, &queued[0], "ann", until, 1).await;
    assert_eq!(today(&store, HOUR).await, []);
    let early = step(&store, &snoozed, "ann", PersonAction::Claim, HOUR).await;
    assert!(matches!(early, FollowUpStepped::NotAllowed { .. }), "{early:?}");
    assert_eq!(today(&store, 2 * HOUR).await, std::slice::from_ref(&snoozed));
    must_step(&store, &snoozed, "ann", PersonAction::Claim, 2 * HOUR).await;
}

async fn a_follow_up_expires_by_the_clock_and_the_sweep_records_it_once(database: &Database) {
    let store = queue(database).await;
    let queued = fill(&store, 3, 0).await;
    let end = 3 * DAY;
    assert_eq!(today(&store, end - 1).await.len(), queued.len());
    assert_eq!(today(&store, end).await, []);
    assert_eq!(of_status(&store, FollowUpStatus::Waiting, end).await, []);
    let expired = of_status(&store, FollowUpStatus::Expired, end).await;
    assert_eq!((expired.len(), expired[0].version), (queued.len(), 1));
    let late = step(&store, &queued[0], "ann", PersonAction::Claim, end).await;
    let FollowUpStepped::NotAllowed { current, reason } = late else { panic!("{late:?}") };
    assert_eq!((current.status, current.version), (FollowUpStatus::Expired, 2));
    assert!(reason.contains("expired"), "{reason}");
    let left = queued.len() as u64 - 1;
    let other = database.store().await.with_follow_ups(policy());
    let sweeps = tokio::join!(
        store.expire_follow_ups(&TENANT, minute(end)),
        other.expire_follow_ups(&TENANT, minute(end)),
    );
    assert_eq!(sweeps.0.unwrap() + sweeps.1.unwrap(), left);
    assert_eq!(store.expire_follow_ups(&TENANT, minute(end)).await.unwrap(), 0);
    for follow_up in &queued {
        let found = store.follow_up(&TENANT, &follow_up.id, minute(end)).await.unwrap().unwrap();
        assert_eq!((found.0.status, found.0.version), (FollowUpStatus::Expired, 2));
        assert_eq!(found.1.last().unwrap().action, Action::Expire);
    }
}

async fn who_had_claimed_it_may_still_say_that_it_was_done(database: &Database) {
    let store = queue(database).await;
    let queued = fill(&store, 3, 0).await;
    let [first, second, ..] = queued.as_slice() else { panic!("{queued:?}") };
    let end = 3 * DAY;
    let claimed = must_step(&store, first, "ann", PersonAction::Claim, end - 1).await;
    let by_another = step(&store, &claimed, "bob", by_email(), end).await;
    assert!(matches!(by_another, FollowUpStepped::NotAllowed { .. }), "{by_another:?}");
    let expired = read(&store, &first.id, end).await;
    let done = must_step(&store, &expired, "ann", by_email(), end + 1).await;
    assert_eq!((done.status, done.version), (FollowUpStatus::Done, 4));
    // Nobody had claimed this one.
    let unclaimed = step(&store, second, "ann", by_email(), end).await;
    assert!(matches!(unclaimed, FollowUpStepped::NotAllowed { .. }), "{unclaimed:?}");
    // What was decided before the clock ran out is not lost to the sweep that came in between.
    let third = must_step(&store, &queued[2], "ann", PersonAction::Claim, end - 1).await;
    let done = must_step(&store, &third, "ann", by_email(), end).await;
    assert_eq!((done.status, done.version), (FollowUpStatus::Done, 4));
    assert_eq!(step(&store, &third, "ann", by_email(), end).await, FollowUpStepped::Repeated(done));
}

async fn a_customer_is_not_followed_up_more_often_than_the_cap_allows(database: &Database) {
    let store = queue(database).await;
    let queued = fill(&store, 1, 0).await;
    let customer = "u-0-0";
    close_risky(&store, "t-2", customer, 10, 0.8).await;
    let suppressed = of_status(&store, FollowUpStatus::Suppressed, 10).await;
    assert_eq!(tickets(&suppressed), ["t-2"]);
    assert_eq!(suppressed[0].status_reason.as_deref(), Some("frequency_cap"));
    let claimed = must_step(&store, &queued[0], "ann", PersonAction::Claim, 20).await;
    must_step(&store, &claimed, "ann", by_email(), 30).await;
    close_risky(&store, "t-3", customer, 30 + 14 * DAY - 1, 0.8).await;
    close_risky(&store, "t-4", customer, 30 + 14 * DAY, 0.8).await;
    let at = 30 + 14 * DAY;
    assert_eq!(of_status(&store, FollowUpStatus::Suppressed, at).await.len(), 2);
    assert_eq!(tickets(&of_status(&store, FollowUpStatus::Waiting, at).await), ["t-4"]);
    // What expired did not bother anybody.
    close_risky(&store, "t-5", customer, at + 4 * DAY, 0.8).await;
    assert_eq!(tickets(&of_status(&store, FollowUpStatus::Waiting, at + 4 * DAY).await), ["t-5"]);
}

async fn nothing_is_claimed_in_quiet_hours(database: &Database) {
    let night = FollowUpPolicy {
        quiet_from: TimeOfDay::parse("20:00").unwrap(),
        quiet_until: TimeOfDay::parse("09:00").unwrap(),
        ..policy()
    };
    let store = queue_with(database, night).await;
    // Minute 0 is 08:00 UTC: an hour too early.
    let queued = fill(&store, 1, 0).await;
    assert_eq!(queued[0].available_at, minute(HOUR));
    let early = step(&store, &queued[0], "ann", PersonAction::Claim, 30).await;
    assert!(matches!(early, FollowUpStepped::NotAllowed { .. }), "{early:?}");
    let at_night = step(&store, &queued[0], "ann", PersonAction::Claim, 13 * HOUR).await;
    let FollowUpStepped::QuietHours { until, current } = at_night else { panic!("{at_night:?}") };
    assert_eq!((until, current.status), (minute(25 * HOUR), FollowUpStatus::Waiting));
    let days = store.team_days(&TENANT, Some("cards"), minute(13 * HOUR)).await.unwrap();
    assert_eq!(days[0].quiet_until, Some(minute(25 * HOUR)));
    let until = PersonAction::Snooze { until: minute(14 * HOUR) };
    let snoozed = must_step(&store, &queued[0], "ann", until, 13 * HOUR).await;
    assert_eq!(snoozed.available_at, minute(25 * HOUR));
    must_step(&store, &snoozed, "ann", PersonAction::Claim, 25 * HOUR).await;
}

fn opt_out(store: &Store, customer: &str, at: i64) -> OptOut {
    OptOut {
        customer: store.customer_hash(&TENANT, &name(customer)),
        author: name("ann"),
        reason: name("asked for it on the phone"),
        opted_out_at: minute(at),
    }
}

async fn a_customer_who_opted_out_is_neither_scored_nor_contacted(database: &Database) {
    let store = queue(database).await;
    let wish = opt_out(&store, "u-9", 0);
    let recorded = store.opt_out(&TENANT, &wish).await.unwrap();
    assert_eq!(recorded, OptOutRecorded::Recorded { opt_out: wish.clone(), suppressed: 0 });
    let again = OptOut { author: name("bob"), ..wish.clone() };
    assert_eq!(
        store.opt_out(&TENANT, &again).await.unwrap(),
        OptOutRecorded::Unchanged(wish.clone())
    );
    assert_eq!(store.opt_outs(&TENANT, None, 10).await.unwrap(), std::slice::from_ref(&wish));
    record(&store, &opening("t-1")).await;
    close_with(&store, "t-1", &closing(9), must_not_assess).await;
    assert_eq!(stored(&store, "t-1").await.assessment, None);
    assert!(stored(&store, "t-1").await.closed_at.is_some());
    for (is_withdrawn, withdrawn) in [(true, true), (false, false)] {
        let found = store.opt_out_of(&TENANT, &wish.customer).await.unwrap();
        assert_eq!(found.is_some(), is_withdrawn);
        let done = store.withdraw_opt_out(&TENANT, &wish.customer, &name("ann"), minute(1)).await;
        assert_eq!(done.unwrap(), withdrawn);
    }
    assert_eq!(store.opt_outs(&TENANT, None, 10).await.unwrap(), []);
    close_risky(&store, "t-2", "u-9", 10, 0.9).await;
    assert!(stored(&store, "t-2").await.assessment.is_some());
    let once_more = OptOut { opted_out_at: minute(20), ..wish };
    let recorded = store.opt_out(&TENANT, &once_more).await.unwrap();
    assert!(matches!(recorded, OptOutRecorded::Recorded { .. }), "{recorded:?}");
}

async fn an_opt_out_takes_open_follow_ups_out_of_the_queue(database: &Database) {
    let store = queue(database).await;
    let queued = fill(&store, 2, 0).await;
    let claimed = must_step(&store, &queued[0], "ann", PersonAction::Claim, 1).await;
    let wish = opt_out(&store, "u-0-0", 2);
    let recorded = store.opt_out(&TENANT, &wish).await.unwrap();
    assert_eq!(recorded, OptOutRecorded::Recorded { opt_out: wish, suppressed: 1 });
    let (now, events) = store.follow_up(&TENANT, &claimed.id, minute(3)).await.unwrap().unwrap();
    assert_eq!(now.status, FollowUpStatus::Suppressed);
    assert_eq!(now.status_reason.as_deref(), Some("opt_out"));
    let last = events.last().unwrap();
    assert_eq!((last.action, last.author.as_str(), last.version), (Action::Suppress, "ann", 3));
    assert_eq!(of_status(&store, FollowUpStatus::Waiting, 3).await.len(), queued.len() - 1);
    // Who was making it already may still say what happened; nobody else.
    let by_another = step(&store, &now, "bob", by_email(), 3).await;
    assert!(matches!(by_another, FollowUpStepped::NotAllowed { .. }), "{by_another:?}");
    let done = must_step(&store, &now, "ann", by_email(), 3).await;
    assert_eq!(done.status, FollowUpStatus::Done);
}

async fn merge(store: &Store, a: &str, b: &str, at: i64) {
    let (author, reason) = (name("lead"), "same telephone");
    let (a, b) = (name(a).into(), name(b).into());
    store.merge_identities(&TENANT, &a, &b, &author, reason, &rules(), minute(at)).await.unwrap();
}

async fn a_merge_with_somebody_who_opted_out_takes_open_follow_ups_out_of_the_queue(
    database: &Database,
) {
    let store = queue(database).await;
    let queued = fill(&store, 1, 0).await;
    store.opt_out(&TENANT, &opt_out(&store, "u-other", 1)).await.unwrap();
    assert_eq!(read(&store, &queued[0].id, 2).await.status, FollowUpStatus::Waiting);
    merge(&store, "u-0-0", "u-other", 2).await;
    let now = read(&store, &queued[0].id, 2).await;
    assert_eq!(now.status, FollowUpStatus::Suppressed);
    assert_eq!(now.status_reason.as_deref(), Some("opt_out"));
}

async fn an_opt_out_is_withdrawn_under_any_identity_of_the_person(database: &Database) {
    let store = queue(database).await;
    store.opt_out(&TENANT, &opt_out(&store, "u-1", 1)).await.unwrap();
    merge(&store, "u-1", "u-2", 2).await;
    let other = store.customer_hash(&TENANT, &name("u-2"));
    assert!(store.opt_out_of(&TENANT, &other).await.unwrap().is_some());
    assert!(store.withdraw_opt_out(&TENANT, &other, &name("ann"), minute(3)).await.unwrap());
    assert!(!store.withdraw_opt_out(&TENANT, &other, &name("ann"), minute(4)).await.unwrap());
    let first = store.customer_hash(&TENANT, &name("u-1"));
    assert_eq!(store.opt_out_of(&TENANT, &first).await.unwrap(), None);
}

/// With as many in one group as in the other.
async fn who_turns_out_to_be_of_the_control_group_is_not_followed_up(database: &Database) {
    let store = queue_with(database, FollowUpPolicy { treatment_share: 0.5, ..policy() }).await;
    let treated = fill(&store, 20, 10).await;
    let is_treated =
        |index: usize| treated.iter().any(|t| t.episode.ticket == name(&format!("t-10-{index}")));
    let control = (0..20).find(|index| !is_treated(*index)).unwrap();
    // Somebody dealt to the treatment group later than the other identity was dealt to the control group.
    let later = fill(&store, 20, 20).await;
    let queued = later.iter().find(|t| t.episode.ticket.as_str().starts_with("t-20-")).unwrap();
    let customer = queued.episode.ticket.as_str().replace("t-", "u-");
    merge(&store, &customer, &format!("u-10-{control}"), 21).await;
    let refused = step(&store, queued, "ann", PersonAction::Claim, 22).await;
    let FollowUpStepped::NotAllowed { current, .. } = refused else { panic!("{refused:?}") };
    assert_eq!(current.status, FollowUpStatus::Suppressed);
    assert_eq!(current.status_reason.as_deref(), Some("control"));
}

async fn lists_by_status_neither_repeat_nor_skip_one(database: &Database) {
    let store = queue(database).await;
    for index in 0..12 {
        // Pairs of equal probability: ties are broken by identifier.
        let probability = 0.9 - 0.1 * f64::from(index / 2);
        close_risky(&store, &format!("t-{index}"), &format!("u-{index}"), 0, probability).await;
    }
    let all = of_status(&store, FollowUpStatus::Waiting, 0).await;
    assert!(all.len() > 8, "{}", all.len());
    let order = |pair: &[StoredFollowUp]| {
        pair[0].rank > pair[1].rank
            || (pair[0].rank - pair[1].rank).abs() < 1e-12 && pair[0].id < pair[1].id
    };
    assert!(all.windows(2).all(order));
    let filter = FollowUpFilter {
        status: FollowUpStatus::Waiting,
        team: Some("cards".to_owned()),
        category: None,
        due_before: None,
    };
    let mut paged = Vec::new();
    loop {
        let after = paged.last().map(StoredFollowUp::cursor);
        let page = store.follow_ups(&TENANT, &filter, after.as_ref(), 3, minute(0)).await.unwrap();
        if page.is_empty() {
            break;
        }
        paged.extend(page);
    }
    assert_eq!(paged, all);
    let other = FollowUpFilter { team: Some(String::new()), ..filter };
    assert_eq!(store.follow_ups(&TENANT, &other, None, 3, minute(0)).await.unwrap(), []);
}

async fn new_rules_order_the_queue_anew(database: &Database) {
    let store = queue(database).await;
    let queued = fill(&store, 3, 0).await;
    let measured = FollowUpPolicy {
        effectiveness: Some(0.5),
        costs: Costs { repeat: 10.0, follow_up: 1.0, ..Costs::default() },
        ..policy()
    };
    let store = store.with_follow_ups(measured);
    store.rank_follow_ups(&TENANT).await.unwrap();
    for (before, after) in queued.iter().zip(of_status(&store, FollowUpStatus::Waiting, 0).await) {
        assert_eq!(before.id, after.id);
        assert!((after.rank - (before.probability * 5.0 - 1.0)).abs() < 1e-12, "{}", after.rank);
    }
    // Worth less than it costs: not flagged.
    close_risky(&store, "t-cheap", "u-cheap", 1, 0.1).await;
    assert_eq!(of_status(&store, FollowUpStatus::Waiting, 1).await.len(), queued.len());
}

async fn what_a_status_does_not_allow_is_refused_with_a_reason(database: &Database) {
    let store = queue(database).await;
    let queued = fill(&store, 1, 0).await;
    for action in [PersonAction::Release, by_email()] {
        let refused = step(&store, &queued[0], "ann", action, 1).await;
        let FollowUpStepped::NotAllowed { reason, .. } = refused else { panic!("{refused:?}") };
        assert!(reason.contains("waiting"), "{reason}");
    }
    let unknown =
        FollowUpStep { version: 1, author: name("ann"), reason: None, action: PersonAction::Claim };
    let stepped = store.step_follow_up(&TENANT, &name("nothing"), &unknown, minute(1)).await;
    assert_eq!(stepped.unwrap(), FollowUpStepped::Unknown);
    assert_eq!(read(&store, &queued[0].id, 1).await.version, 1);
    let plan = ExperimentPlan {
        id: name("second"),
        treatment_share: 0.5,
        window_days: 14,
        author: None,
        note: None,
    };
    let started = store.start_experiment(&TENANT, &plan, minute(1)).await.unwrap();
    assert!(matches!(started, recontact::store::ExperimentStarted::OtherRunning(_)), "{started:?}");
}
