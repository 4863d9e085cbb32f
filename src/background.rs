//! What a running service does by itself, beside answering: take over models, derive what was not derived, keep the map of
//! next issues up to date, follow the vectors of contacts, look for drift, count the days of key figures, let
//! follow-ups expire. Each task can be lost at any moment and goes on after a restart.

use crate::app::App;
use crate::live_next_issues::Refreshed;
use crate::timestamp::Timestamp;
use actix_web::rt::task::JoinHandle;
use actix_web::{rt, web};
use std::time::Duration;

/// Starts every task; they run until they are aborted.
#[must_use]
pub fn start(app: &web::Data<App>) -> Vec<JoinHandle<()>> {
    vec![
        rt::spawn(reload_regularly(app.clone())),
        rt::spawn(maintain_outcomes(app.clone())),
        rt::spawn(refresh_next_issues_regularly(app.clone())),
        rt::spawn(sweep_follow_ups(app.clone())),
        rt::spawn(tidy_store(app.clone())),
        rt::spawn(follow_similar(app.clone())),
        rt::spawn(look_for_drift(app.clone())),
        rt::spawn(count_days(app.clone())),
    ]
}

/// How often the vectors of contacts are looked after where nobody asks for similar ones.
const SIMILAR_INTERVAL: Duration = Duration::from_secs(60);

/// Days that are counted before others may write again for a moment.
const DAYS_IN_A_ROW: u32 = 10;

/// Counts the days of key figures anew that have changed.
async fn count_days(app: web::Data<App>) {
    let period = Duration::from_secs(app.settings.kpi.refresh_interval_s);
    let mut interval = tokio::time::interval(period);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let zone = &app.settings.kpi.time_zone;
    loop {
        interval.tick().await;
        loop {
            match app.store.refresh_kpis(&app.tenant, zone, None, DAYS_IN_A_ROW).await {
                Ok(refreshed) if refreshed.left > 0 => tokio::task::yield_now().await,
                Ok(_) => break,
                Err(error) => {
                    tracing::warn!(%error, "days of key figures could not be counted");
                    break;
                }
            }
        }
    }
}

/// Compares the last days with those before, so that the metrics tell of drift where nobody asks for it.
async fn look_for_drift(app: web::Data<App>) {
    let period = Duration::from_secs(app.settings.monitoring.refresh_interval_s);
    let mut interval = tokio::time::interval(period);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        interval.tick().await;
        let report = app.monitoring.report(&app.store, &app.tenant, Timestamp::now()).await;
        if let Err(error) = report {
            tracing::warn!(%error, "the windows could not be compared");
        }
    }
}

/// Reads the vectors of contacts, so that whoever asks first does not wait for it, and so that erased ones leave this
/// process's memory.
async fn follow_similar(app: web::Data<App>) {
    if !app.similar.is_enabled() {
        return;
    }
    let mut interval = tokio::time::interval(SIMILAR_INTERVAL);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut has_failed = false;
    loop {
        interval.tick().await;
        let Ok(encoder) = app.encoder() else { continue };
        let ready = app.similar.ready(&app.store, &app.tenant, &encoder).await;
        if let (Err(error), false) = (&ready, has_failed) {
            tracing::warn!(%error, "the vectors of contacts cannot be read");
        }
        has_failed = ready.is_err();
    }
}

/// Looks at `live.toml` every so often, and at once on a hang-up signal.
async fn reload_regularly(app: web::Data<App>) {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interval = tokio::time::interval(Duration::from_secs(app.settings.reload_interval_s));
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let Ok(mut hang_up) = signal(SignalKind::hangup()) else { return };
    // The first tick comes at once; what is live was loaded a moment ago.
    interval.tick().await;
    loop {
        tokio::select! {
            _ = interval.tick() => {}
            _ = hang_up.recv() => {}
        }
        let app = app.clone();
        let look = move || {
            app.reload();
            // Folds what histograms have collected, so that they stay small where nobody reads the metrics.
            app.metrics.run_upkeep();
        };
        if let Err(error) = web::block(look).await {
            tracing::error!(%error, "reloading models failed");
        }
    }
}

/// Derives what an earlier version stored, once, and looks for outages and old texts every so often.
async fn maintain_outcomes(app: web::Data<App>) {
    let seconds = app.settings.events.maintenance_interval_s;
    let mut interval = tokio::time::interval(Duration::from_secs(seconds));
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut is_derived = false;
    loop {
        interval.tick().await;
        if !is_derived {
            is_derived = derive_earlier_outcomes(&app).await;
        }
        let policy = &app.settings.outcomes;
        match app.store.flag_outages(&app.tenant, policy, Timestamp::now()).await {
            Ok(0) => {}
            Ok(episodes) => tracing::info!(episodes, "marks of outages changed"),
            Err(error) => tracing::error!(%error, "looking for outages failed"),
        }
        purge_texts(&app).await;
    }
}

/// Removes the texts that were kept long enough.
async fn purge_texts(app: &App) {
    let since = app.settings.conversations.kept_since(Timestamp::now());
    match app.store.purge_texts(&app.tenant, since).await {
        Ok(0) => {}
        Ok(texts) => tracing::info!(texts, "texts were kept long enough and are removed"),
        Err(error) => tracing::error!(%error, "removing old texts failed"),
    }
}

/// Whether nothing is left to be derived; a failure is tried again at the next turn.
async fn derive_earlier_outcomes(app: &App) -> bool {
    let pairs = app.adjacent_pairs();
    let rules = app.outcome_rules(&pairs);
    match app.store.derive_earlier_outcomes(&app.tenant, &rules, Timestamp::now()).await {
        Ok(0) => true,
        Ok(persons) => {
            tracing::info!(persons, "outcomes of earlier tickets are derived");
            true
        }
        Err(error) => {
            tracing::error!(%error, "deriving outcomes of earlier tickets failed");
            false
        }
    }
}

/// The longest time between two looks at the map of next issues that another process may have computed.
const NEXT_ISSUES_LOOK: Duration = Duration::from_secs(30);

/// Keeps the map of next issues up to date, from the start on.
async fn refresh_next_issues_regularly(app: web::Data<App>) {
    let started_at = Timestamp::now();
    let process = format!("{}-{}", std::process::id(), started_at.millis());
    let due = Duration::from_secs(app.settings.next_issues.refresh_interval_s);
    let mut interval = tokio::time::interval(due.min(NEXT_ISSUES_LOOK));
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        interval.tick().await;
        let before = std::time::Instant::now();
        let now = Timestamp::now();
        match app.next_issues.refresh(&app.store, &app.tenant, &process, now).await {
            Ok(Refreshed::Computed) => {
                let seconds = before.elapsed().as_secs_f64();
                metrics::histogram!("recontact_next_issues_seconds").record(seconds);
                tracing::info!(seconds, "next issues computed");
            }
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(%error, "next issues could not be computed; the figures before them stay");
            }
        }
    }
}

/// Records every so often which follow-ups have expired. A failure is tried again at the next turn.
async fn sweep_follow_ups(app: web::Data<App>) {
    let period = Duration::from_secs(app.settings.follow_ups.sweep_interval_s);
    let mut interval = tokio::time::interval(period);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        interval.tick().await;
        if let Err(error) = app.store.expire_follow_ups(&app.tenant, Timestamp::now()).await {
            tracing::warn!(%error, "expired follow-ups could not be recorded");
        }
    }
}

/// The shortest time between two times that the store tidies up; where something was in the way; and after a failure.
const TIDYING: [Duration; 3] =
    [Duration::from_millis(5), Duration::from_millis(50), Duration::from_secs(1)];

/// Has the store tidy up after what was written, for at most half of the time.
async fn tidy_store(app: web::Data<App>) {
    let [done, hindered, failed] = TIDYING;
    loop {
        app.store.until_untidy().await;
        let before = std::time::Instant::now();
        let least = match app.store.tidy().await {
            Ok(true) => done,
            Ok(false) => hindered,
            Err(error) => {
                tracing::warn!(%error, "the database's log could not be moved into the database");
                failed
            }
        };
        tokio::time::sleep(before.elapsed().max(least)).await;
    }
}
