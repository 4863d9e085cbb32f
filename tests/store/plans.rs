//! Plans: versions that are only ever added, and the counts behind what a version did.

use super::filler::{DAY, EpisodeRow, Filler, HOUR};
use super::*;
use recontact::kpi::Zone;
use recontact::plan::effect::{ActivePeriod, Arms};
use recontact::plan::{FollowUpMessage, PlanContent, PlanStatus};
use recontact::statistics::Proportion;
use recontact::store::{ClosingSpan, PlanRecorded, SpanRepeats, StoredPlan};

on_both_databases!(
    a_version_is_stored_as_it_was_written_and_the_next_one_beside_it,
    whoever_writes_on_an_old_version_gets_the_newest_one,
    of_many_writers_at_once_one_is_first,
    the_newest_version_of_every_plan_is_listed,
    channels_are_those_in_which_customers_came_lately,
    repeats_of_a_period_are_counted_from_mature_episodes_as_people_corrected_them,
    arms_are_compared_as_assigned_within_the_largest_experiment,
    plans_of_another_tenant_are_not_seen,
);

fn plan(category: &str, version: u32) -> StoredPlan {
    StoredPlan {
        category: name(category),
        version,
        status: PlanStatus::Proposed,
        author: name("anna"),
        created_at: minute(i64::from(version)),
        review_at: minute(100_000),
        content: PlanContent {
            owner: Some(name("lead")),
            answers: [(name("чат"), "Откройте приложение.".to_owned())].into(),
            follow_up: Some(FollowUpMessage {
                message: "It's \"solved\"?".to_owned(),
                send_after_hours: 0.1 + 0.2,
            }),
            prevents: vec![name("pin")],
            notes: "🙂".to_owned(),
        },
        accepted_because: Some("law".to_owned()),
    }
}

async fn record_plan(store: &Store, plan: &StoredPlan) -> PlanRecorded {
    store.record_plan(&TENANT, plan).await.unwrap()
}

async fn a_version_is_stored_as_it_was_written_and_the_next_one_beside_it(database: &Database) {
    let store = database.store().await;
    assert_eq!(store.plan(&TENANT, &name("card")).await.unwrap(), None);
    let first = plan("card", 1);
    let second = StoredPlan { status: PlanStatus::Active, ..plan("card", 2) };
    assert_eq!(record_plan(&store, &first).await, PlanRecorded::Recorded);
    assert_eq!(record_plan(&store, &second).await, PlanRecorded::Recorded);
    assert_eq!(store.plan(&TENANT, &name("card")).await.unwrap(), Some(second.clone()));
    let versions = store.plan_versions(&TENANT, &name("card")).await.unwrap();
    assert_eq!(versions, [first, second]);
}

async fn whoever_writes_on_an_old_version_gets_the_newest_one(database: &Database) {
    let store = database.store().await;
    assert_eq!(record_plan(&store, &plan("card", 2)).await, PlanRecorded::Conflict(None));
    record_plan(&store, &plan("card", 1)).await;
    let again = StoredPlan { author: name("boris"), ..plan("card", 1) };
    let conflict = PlanRecorded::Conflict(Some(Box::new(plan("card", 1))));
    assert_eq!(record_plan(&store, &again).await, conflict);
    assert_eq!(record_plan(&store, &plan("card", 3)).await, conflict);
    assert_eq!(store.plan_versions(&TENANT, &name("card")).await.unwrap(), [plan("card", 1)]);
}

async fn of_many_writers_at_once_one_is_first(database: &Database) {
    let stores = [database.store().await, database.store().await];
    record_plan(&stores[0], &plan("card", 1)).await;
    let calls: Vec<_> = (0..12)
        .map(|number| {
            let store = stores[number % 2].clone();
            let plan = StoredPlan { author: name(&format!("a-{number}")), ..plan("card", 2) };
            tokio::spawn(async move { record_plan(&store, &plan).await })
        })
        .collect();
    let mut recorded = 0;
    for call in calls {
        recorded += usize::from(call.await.unwrap() == PlanRecorded::Recorded);
    }
    assert_eq!(recorded, 1);
    assert_eq!(stores[0].plan_versions(&TENANT, &name("card")).await.unwrap().len(), 2);
}

async fn the_newest_version_of_every_plan_is_listed(database: &Database) {
    let store = database.store().await;
    for plan in [plan("pin", 1), plan("card", 1), plan("card", 2)] {
        record_plan(&store, &plan).await;
    }
    assert_eq!(store.plans(&TENANT).await.unwrap(), [plan("card", 2), plan("pin", 1)]);
}

async fn channels_are_those_in_which_customers_came_lately(database: &Database) {
    let store = database.store().await;
    let mut filler = Filler::connect(&database.url).await;
    for (category, channel, closed_at) in [
        ("card", "chat", 100 * DAY),
        ("card", "chat", 101 * DAY),
        ("card", "email", 101 * DAY),
        ("card", "phone", 10 * DAY),
        ("pin", "app", 101 * DAY),
    ] {
        filler.write_episode(&EpisodeRow { category, closed_at, team: "cards", channel }).await;
    }
    let since = Timestamp::from_millis(100 * DAY).unwrap();
    let seen = store.channels_of_category(&TENANT, &name("card"), since).await.unwrap();
    let seen: Vec<_> =
        seen.iter().map(|one| (one.channel.as_str().to_owned(), one.episodes)).collect();
    assert_eq!(seen, [("chat".to_owned(), 2), ("email".to_owned(), 1)]);
}

fn day(days: i64) -> Timestamp {
    Timestamp::from_millis(days * DAY).unwrap()
}

async fn repeats(
    store: &Store,
    category: &str,
    period: ActivePeriod,
    window_days: u32,
    now: Timestamp,
) -> SpanRepeats {
    let zone = Zone::parse("America/New_York").unwrap();
    store.refresh_kpis(&TENANT, &zone, None, 1000).await.unwrap();
    let spans = [ClosingSpan { category: name(category), period }];
    store.repeats_in_spans(&TENANT, &zone, &spans, window_days, now).await.unwrap().remove(0)
}

async fn repeats_of_a_period_are_counted_from_mature_episodes_as_people_corrected_them(
    database: &Database,
) {
    let store = database.store().await;
    let mut filler = Filler::connect(&database.url).await;
    let tickets = filler.followed(("card", "card"), 100 * DAY, (6, 3), HOUR).await;
    filler.correction(&tickets[0], "none", None, 1).await;
    filler.correction(&tickets[4], "implicit", Some(20 * DAY), 1).await;
    filler.correction(&tickets[5], "none", None, 1).await;
    filler.correction(&tickets[5], "explicit", Some(DAY), 2).await;
    // Before and after the period, and of another category.
    filler.followed(("card", "card"), 99 * DAY, (3, 3), HOUR).await;
    filler.followed(("card", "card"), 110 * DAY, (3, 3), HOUR).await;
    filler.followed(("pin", "pin"), 100 * DAY, (3, 3), HOUR).await;
    let period = ActivePeriod { from: day(100), to: day(110) };
    let count =
        async |window_days, now| repeats(&store, "card", period, window_days, now).await.all;
    assert_eq!(count(14, day(114)).await, Proportion { count: 3, trials: 6 });
    assert_eq!(count(30, day(130)).await, Proportion { count: 4, trials: 6 });
    assert_eq!(count(14, day(113)).await, Proportion { count: 0, trials: 0 });
}

async fn arms_are_compared_as_assigned_within_the_largest_experiment(database: &Database) {
    let store = database.store().await;
    let mut filler = Filler::connect(&database.url).await;
    let tickets = filler.followed(("card", "card"), 100 * DAY, (10, 4), HOUR).await;
    for (index, ticket) in tickets.iter().enumerate().take(8) {
        let arm = if index % 2 == 0 { "treatment" } else { "control" };
        filler.flagged(ticket, "card", "large", arm).await;
    }
    filler.flagged(&tickets[8], "card", "small", "control").await;
    let period = ActivePeriod { from: day(100), to: day(110) };
    let arms = repeats(&store, "card", period, 14, day(130)).await.arms;
    let half = Proportion { count: 2, trials: 4 };
    let expected = Arms { experiment_id: name("large"), treatment: half, control: half };
    assert_eq!(arms, Some(expected));
    assert_eq!(repeats(&store, "pin", period, 14, day(130)).await.arms, None);
}

async fn plans_of_another_tenant_are_not_seen(database: &Database) {
    let store = database.store().await;
    record_plan(&store, &plan("card", 1)).await;
    let other = Tenant::new(name("other"));
    assert_eq!(store.plans(&other).await.unwrap(), []);
    assert_eq!(store.record_plan(&other, &plan("card", 1)).await.unwrap(), PlanRecorded::Recorded);
}
