//! The one route table, and the life of the service: bind, run, stop.

use crate::api::problem::{Problem, ProblemCode};
use crate::api::{
    auth, classify, contacts, customers, docs, experiment_effect, experiments, feedback,
    follow_ups, health, kpis, models, monitoring, next_issues, opt_outs, outcomes, plans, predict,
    similar, tickets,
};
use crate::app::App;
use crate::background;
use crate::classify::queue::{ClassifyQueue, QueueLimits};
use crate::config::Settings;
use crate::customer_key;
use crate::dashboard;
use crate::routing::{Taken, allowed, delete, get, post, put};
use crate::store::{Store, StoreError, StoreOptions, Tenant};
use crate::telemetry;
use crate::timestamp::Timestamp;
use actix_web::dev::{Server, ServerHandle};
use actix_web::middleware::from_fn;
use actix_web::{App as ActixApp, HttpRequest, HttpResponse, HttpServer, Resource, web};
use anyhow::Context;
use std::net::SocketAddr;
use std::time::Duration;

/// A service that is bound to its address and takes requests as soon as it is run.
pub struct Service {
    /// Where it listens.
    pub address: SocketAddr,
    /// What its handlers share.
    pub app: web::Data<App>,
    server: Server,
}

/// Every address of the API; those of the pages are in `dashboard::routes`.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(resource("/v1/classify", [post(classify::classify_contacts)]))
        .service(resource("/v1/embed", [post(classify::embed_texts)]))
        .service(resource("/v1/predict", [post(predict::predict_recontacts)]))
        .service(resource("/v1/contacts", [post(contacts::record_contact)]))
        .service(resource(
            "/v1/feedback",
            [get(feedback::list_feedback), post(feedback::record_feedback)],
        ))
        .service(resource("/v1/feedback/summary", [get(feedback::summarise_feedback)]))
        .service(resource("/v1/similar", [post(similar::find_similar)]))
        .service(resource("/v1/tickets", [get(tickets::list_tickets)]))
        .service(resource(
            "/v1/tickets/{id}",
            [get(tickets::show_ticket), put(tickets::report_ticket)],
        ))
        .service(resource("/v1/tickets/{id}/close", [post(tickets::close_ticket)]))
        .service(resource("/v1/tickets/{id}/reopen", [post(tickets::reopen_ticket)]))
        .service(resource("/v1/tickets/{id}/outcomes", [get(outcomes::show_outcomes)]))
        .service(resource(
            "/v1/tickets/{id}/outcomes/corrections",
            [post(outcomes::correct_outcome)],
        ))
        .service(resource("/v1/outcomes", [get(outcomes::summarise_outcomes)]))
        .service(resource("/v1/customers", [delete(customers::erase_customer)]))
        .service(resource(
            "/v1/customers/merges",
            [get(customers::list_merges), post(customers::merge_customers)],
        ))
        .service(resource("/v1/customers/merges/{id}/undo", [post(customers::undo_merge)]))
        .service(resource("/v1/next-issues", [get(next_issues::show_next_issues)]))
        .service(resource("/v1/plans", [get(plans::list_plans)]))
        .service(resource("/v1/plans/propose", [post(plans::propose_plans)]))
        .service(resource("/v1/plans/{category}", [get(plans::show_plan), put(plans::write_plan)]))
        .service(resource("/v1/plans/{category}/retire", [post(plans::retire_plan)]))
        .service(resource("/v1/follow-ups", [get(follow_ups::list_follow_ups)]))
        .service(resource("/v1/follow-ups/{id}", [get(follow_ups::show_follow_up)]))
        .service(resource("/v1/follow-ups/{id}/claim", [post(follow_ups::claim_follow_up)]))
        .service(resource("/v1/follow-ups/{id}/release", [post(follow_ups::release_follow_up)]))
        .service(resource("/v1/follow-ups/{id}/done", [post(follow_ups::finish_follow_up)]))
        .service(resource("/v1/follow-ups/{id}/snooze", [post(follow_ups::snooze_follow_up)]))
        .service(resource(
            "/v1/follow-ups/{id}/disagree",
            [post(follow_ups::disagree_with_follow_up)],
        ))
        .service(resource("/v1/follow-ups/{id}/not-needed", [post(follow_ups::drop_follow_up)]))
        .service(resource(
            "/v1/experiments",
            [get(experiments::list_experiments), post(experiments::start_experiment)],
        ))
        .service(resource("/v1/experiments/{id}/end", [post(experiments::end_experiment)]))
        .service(resource(
            "/v1/opt-outs",
            [get(opt_outs::list_opt_outs), post(opt_outs::record_opt_out)],
        ))
        .service(resource(
            "/v1/opt-outs/{customer}",
            [get(opt_outs::show_opt_out), delete(opt_outs::withdraw_opt_out)],
        ))
        .service(resource("/v1/models", [get(models::list_models)]))
        .service(resource("/v1/monitoring", [get(monitoring::show_monitoring)]))
        .service(resource("/v1/kpis", [get(kpis::show_kpis)]))
        .service(resource("/v1/kpis/change", [get(kpis::show_kpi_change)]))
        .service(resource("/v1/experiments/{id}", [get(experiment_effect::show_effect)]))
        .service(resource("/health/live", [get(health::live)]))
        .service(resource("/health/ready", [get(health::ready)]))
        .service(resource("/metrics", [get(health::show_metrics)]))
        .service(resource("/openapi.json", [get(docs::show_openapi)]))
        .service(resource("/docs", [get(docs::to_viewer)]))
        .service(resource("/docs/{file:.*}", [get(docs::show_viewer)]))
        .default_service(web::to(unknown_address));
}

/// A resource that answers methods it does not take with 405 and the ones it takes.
fn resource<const N: usize>(path: &str, taken: [Taken; N]) -> Resource {
    let allow = allowed(&taken);
    let resource =
        web::resource(path.to_owned()).default_service(web::to(move |request: HttpRequest| {
            let detail = format!("{} is not taken here, only {allow}", request.method());
            let mut problem = Problem::new(ProblemCode::MethodNotAllowed, detail);
            problem.allow = Some(allow.clone());
            async move { Err::<HttpResponse, _>(problem) }
        }));
    taken.into_iter().fold(resource, |resource, (_, route)| resource.route(route))
}

async fn unknown_address(request: HttpRequest) -> Result<HttpResponse, Problem> {
    if dashboard::is_asked_for(&request) {
        return Ok(dashboard::show_not_found(&request));
    }
    let detail = format!("no such address: {}", request.path());
    Err(Problem::new(ProblemCode::NotFound, detail))
}

impl Service {
    /// Connects the store, loads the models, binds the address.
    ///
    /// # Errors
    /// If the customer key, the database or the address cannot be used.
    pub async fn start(settings: Settings) -> anyhow::Result<Self> {
        let key = customer_key::load_or_make(&settings.customer_key_file)?;
        let options = StoreOptions {
            max_connections: settings.database_connections,
            acquire_timeout: Duration::from_secs(settings.database_timeout_s),
        };
        let store = Store::connect(&settings.database, key, options)
            .await
            .context("opening the database")?
            .with_follow_ups(settings.follow_ups.clone());
        prepare_follow_ups(&store, &settings).await.context("preparing the follow-up queue")?;
        let limits = QueueLimits {
            waiting_texts: settings.limits.waiting_texts,
            waiting_bytes: settings.limits.waiting_bytes,
            batch_tokens: settings.limits.batch_tokens,
            cached_embeddings: settings.limits.cached_embeddings,
        };
        let queue = ClassifyQueue::start(limits, settings.inference.threads())
            .context("starting inference")?;
        let metrics = telemetry::start_metrics().map_err(anyhow::Error::msg)?;
        let app = web::block(move || App::new(settings, store, queue, metrics))
            .await?
            .map_err(anyhow::Error::msg)?;
        Self::bind(web::Data::new(app))
    }

    fn bind(app: web::Data<App>) -> anyhow::Result<Self> {
        let shared = app.clone();
        let server = HttpServer::new(move || {
            ActixApp::new()
                .app_data(shared.clone())
                .wrap(from_fn(telemetry::observe))
                .configure(dashboard::routes)
                // Pages have users and sessions; everything else has the bearer token.
                .service(web::scope("").wrap(from_fn(auth::authenticate)).configure(routes))
        })
        .shutdown_timeout(app.settings.shutdown_timeout_s)
        .disable_signals()
        .bind(app.settings.listen)
        .with_context(|| format!("listening on {}", app.settings.listen))?;
        let address = *server.addrs().first().context("no address was bound")?;
        tracing::info!("listening on http://{address}");
        app.announce();
        if let Some(file) = &app.settings.port_file {
            write_port(file, address.port())?;
        }
        Ok(Self { address, app, server: server.run() })
    }

    /// A handle to stop it from elsewhere.
    #[must_use]
    pub fn handle(&self) -> ServerHandle {
        self.server.handle()
    }

    /// Serves until a stop is asked for by signal or handle; then finishes what was accepted.
    ///
    /// # Errors
    /// If the server fails.
    pub async fn run(self) -> anyhow::Result<()> {
        let stopper = actix_web::rt::spawn(stop_on_signal(self.server.handle()));
        let tasks = background::start(&self.app);
        let result = self.server.await;
        stopper.abort();
        for task in tasks {
            task.abort();
            // Ended before the store closes; what it answers is that it was aborted.
            drop(task.await);
        }
        self.app.store.close().await;
        tracing::info!("stopped");
        result.context("serving")
    }
}

/// Written beside and moved, so that whoever waits for the file reads a whole number.
fn write_port(file: &std::path::Path, port: u16) -> anyhow::Result<()> {
    let staging = file.with_extension("partial");
    std::fs::write(&staging, format!("{port}\n"))
        .and_then(|()| std::fs::rename(&staging, file))
        .with_context(|| format!("writing the port file {}", file.display()))
}

/// An interrupt or a termination signal stops gracefully.
async fn stop_on_signal(handle: ServerHandle) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        tracing::error!("signals cannot be listened to; stop the process by killing it");
        return;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    tracing::info!("stopping: finishing what was accepted");
    handle.stop(true).await;
}

/// Starts the first experiment where there never was one, and orders what waits by the present rules.
async fn prepare_follow_ups(store: &Store, settings: &Settings) -> Result<(), StoreError> {
    let (tenant, policy) = (Tenant::DEFAULT, &settings.follow_ups);
    if policy.enabled && store.start_first_experiment(&tenant, policy, Timestamp::now()).await? {
        tracing::info!(
            treatment_share = policy.treatment_share,
            window_days = policy.window_days,
            "the first experiment has started: part of the customers is left alone at random"
        );
    }
    store.rank_follow_ups(&tenant).await
}
