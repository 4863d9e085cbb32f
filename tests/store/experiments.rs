//! Experiments: one at a time, fixed for their life.

use super::*;
use recontact::config::{CommandLineSettings, Settings};
use recontact::store::{ExperimentEnded, ExperimentPlan, ExperimentStarted};

on_both_databases!(
    one_experiment_runs_at_a_time,
    an_experiment_started_again_is_unchanged_or_a_conflict,
    the_first_experiment_is_started_once,
    starts_at_once_leave_one_experiment,
);

fn plan(id: &str, treatment_share: f64) -> ExperimentPlan {
    ExperimentPlan {
        id: name(id),
        treatment_share,
        window_days: 14,
        author: Some(name("ann")),
        note: Some("does it help?".to_owned()),
    }
}

async fn start(store: &Store, plan: &ExperimentPlan, at: i64) -> ExperimentStarted {
    store.start_experiment(&TENANT, plan, minute(at)).await.unwrap()
}

async fn one_experiment_runs_at_a_time(database: &Database) {
    let store = database.store().await;
    let started = start(&store, &plan("half", 0.5), 0).await;
    let ExperimentStarted::Started(half) = started else { panic!("{started:?}") };
    assert_eq!(
        (half.plan.clone(), half.started_at, half.ended_at),
        (plan("half", 0.5), minute(0), None)
    );
    let other = start(&store, &plan("most", 0.9), 1).await;
    assert_eq!(other, ExperimentStarted::OtherRunning(half.clone()));
    let bob = name("bob");
    let ended = store.end_experiment(&TENANT, &name("half"), Some(&bob), minute(2)).await.unwrap();
    let ExperimentEnded::Ended(ended) = ended else { panic!("{ended:?}") };
    assert_eq!((ended.ended_at, ended.ended_by.clone()), (Some(minute(2)), Some(bob.clone())));
    let again = store.end_experiment(&TENANT, &name("half"), None, minute(3)).await.unwrap();
    assert_eq!(again, ExperimentEnded::AlreadyEnded(ended.clone()));
    let unknown = store.end_experiment(&TENANT, &name("none"), None, minute(3)).await.unwrap();
    assert_eq!(unknown, ExperimentEnded::Unknown);
    let next = start(&store, &plan("most", 0.9), 3).await;
    let ExperimentStarted::Started(most) = next else { panic!("{next:?}") };
    assert_eq!(store.experiments(&TENANT).await.unwrap(), [most, ended.clone()]);
    assert_eq!(store.experiment(&TENANT, &name("half")).await.unwrap(), Some(ended));
}

async fn an_experiment_started_again_is_unchanged_or_a_conflict(database: &Database) {
    let store = database.store().await;
    let started = start(&store, &plan("half", 0.5), 0).await;
    let ExperimentStarted::Started(half) = started else { panic!("{started:?}") };
    assert_eq!(
        start(&store, &plan("half", 0.5), 1).await,
        ExperimentStarted::Unchanged(half.clone())
    );
    assert_eq!(start(&store, &plan("half", 0.6), 1).await, ExperimentStarted::Conflict(half));
    store.end_experiment(&TENANT, &name("half"), None, minute(2)).await.unwrap();
    let after = start(&store, &plan("half", 0.6), 3).await;
    assert!(matches!(after, ExperimentStarted::Conflict(_)), "{after:?}");
}

async fn the_first_experiment_is_started_once(database: &Database) {
    let store = database.store().await;
    let policy = Settings::load(&CommandLineSettings::default()).unwrap().follow_ups;
    assert!(store.start_first_experiment(&TENANT, &policy, minute(0)).await.unwrap());
    assert!(!store.start_first_experiment(&TENANT, &policy, minute(1)).await.unwrap());
    let experiments = store.experiments(&TENANT).await.unwrap();
    let [first] = experiments.as_slice() else { panic!("{experiments:?}") };
    assert_eq!((first.plan.id.as_str(), first.plan.window_days), ("first", 14));
    assert!((first.plan.treatment_share - 0.5).abs() < 1e-12);
    // Whoever ended it meant it.
    store.end_experiment(&TENANT, &name("first"), None, minute(2)).await.unwrap();
    assert!(!store.start_first_experiment(&TENANT, &policy, minute(3)).await.unwrap());
}

async fn starts_at_once_leave_one_experiment(database: &Database) {
    let stores = [database.store().await, database.store().await];
    let starts: Vec<_> = (0..8)
        .map(|number| {
            let store = stores[number % 2].clone();
            tokio::spawn(async move { start(&store, &plan(&format!("e-{number}"), 0.5), 0).await })
        })
        .collect();
    let mut started = 0;
    for outcome in starts {
        match outcome.await.unwrap() {
            ExperimentStarted::Started(_) => started += 1,
            ExperimentStarted::OtherRunning(_) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(started, 1);
    assert_eq!(stores[0].experiments(&TENANT).await.unwrap().len(), 1);
}
