//! What a running service does by itself, beside answering: take over models, derive what was not derived, keep the map of
//! next issues up to date, follow the vectors of contacts, look for drift, count the days of key figures, let
//! follow-ups expire, hand the weekly report on, forget old lines of the audit. Each task can be lost at any moment and goes on after a restart.

use crate::app::App;
use crate::customer_key::random_bytes;
use crate::dashboard::weekly::WeeklyAsked;
use crate::kpi::Zone;
use crate::live_next_issues::Refreshed;
use crate::store::{AuditAction, AuditEntry, StoreError};
use crate::timestamp::Timestamp;
use crate::weekly_report;
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
        rt::spawn(hand_weekly_report_on(app.clone())),
        rt::spawn(expire_audit(app.clone())),
    ]
}

/// How often what the audit is kept for is looked at.
const AUDIT_INTERVAL: Duration = Duration::from_secs(3600);

/// Removes what is older than the audit is kept for.
async fn expire_audit(app: web::Data<App>) {
    let keep_days = app.settings.audit.keep_days;
    if keep_days == 0 {
        return;
    }
    let mut interval = tokio::time::interval(AUDIT_INTERVAL);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        interval.tick().await;
        let now = Timestamp::now();
        let before = now.plus_days(-i64::from(keep_days));
        let expired = match expiry_entry(now) {
            Ok(entry) => app.store.expire_audit(&app.tenant, before, &entry).await,
            Err(error) => {
                tracing::error!(%error, "there are no random numbers");
                continue;
            }
        };
        match expired {
            Ok(0) => {}
            Ok(lines) => tracing::info!(lines, keep_days, "old lines of the audit were removed"),
            Err(error) => tracing::warn!(%error, "old lines of the audit could not be removed"),
        }
    }
}

fn expiry_entry(now: Timestamp) -> std::io::Result<AuditEntry> {
    Ok(AuditEntry {
        id: random_bytes()?.iter().map(|byte| format!("{byte:02x}")).collect(),
        occurred_at: now,
        // No user has such a name.
        actor: Some("service:audit".to_owned()),
        action: AuditAction::AuditExpired,
        object: None,
        address: None,
    })
}

/// How often the vectors of contacts are looked after where nobody asks for similar ones.
const SIMILAR_INTERVAL: Duration = Duration::from_secs(60);

/// Hands the report of the last week on to whoever has not got it.
async fn hand_weekly_report_on(app: web::Data<App>) {
    let options = &app.settings.weekly_report;
    if !options.enabled {
        return;
    }
    let process = format!("{}-{}", std::process::id(), Timestamp::now().millis());
    let mut interval = tokio::time::interval(Duration::from_secs(options.check_interval_s));
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        interval.tick().await;
        let (now, models) = (Timestamp::now(), app.models());
        let model = models.risk.as_ref().ok();
        let asked = WeeklyAsked {
            settings: &app.settings,
            store: &app.store,
            tenant: &app.tenant,
            model: model.map(|model| (model.version(), model.window_days())),
            week: weekly_report::due(&app.settings, now),
            now,
        };
        if let Err(error) = weekly_report::hand_on(&asked, &process, Timestamp::now).await {
            tracing::warn!(%error, "whether the weekly report is due could not be told");
        }
    }
}

/// Days that are counted before others may write again for a moment.
const DAYS_IN_A_ROW: u32 = 10;

/// Dimensions of months that are added up before others may write again.
const MONTHS_IN_A_ROW: usize = 1;

/// Counts the days of key figures anew that have changed.
async fn count_days(app: web::Data<App>) {
    let period = Duration::from_secs(app.settings.kpi.refresh_interval_s);
    let mut interval = tokio::time::interval(period);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let zone = &app.settings.kpi.time_zone;
    loop {
        interval.tick().await;
        loop {
            match count_some(&app, zone).await {
                Ok(true) => tokio::task::yield_now().await,
                Ok(false) => break,
                Err(error) => {
                    tracing::warn!(%error, "days of key figures could not be counted");
                    break;
                }
            }
        }
    }
}

/// Counts some days, and adds up months once there are none left; whether there is more to do.
async fn count_some(app: &App, zone: &Zone) -> Result<bool, StoreError> {
    let refreshed = app.store.refresh_kpis(&app.tenant, zone, None, DAYS_IN_A_ROW).await?;
    if refreshed.left > 0 {
        return Ok(true);
    }
    app.store.add_up_kpi_months(&app.tenant, zone, MONTHS_IN_A_ROW, Timestamp::now()).await
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
