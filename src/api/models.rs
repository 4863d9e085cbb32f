//! `GET /v1/models`: which models there are, which are live, and whether the service could load them.

use super::ModelName;
use super::problem::{Problem, ProblemCode};
use crate::app::App;
use crate::registry::Registry;
use crate::registry::live::Listed;
use crate::registry::promotion::HistoryEntry;
use crate::shadow::Observed;
use crate::timestamp::Timestamp;
use actix_web::web;
use serde::Serialize;
use utoipa::ToSchema;

/// All model folders.
#[derive(Debug, Serialize, ToSchema)]
pub struct ModelList {
    /// By kind and version.
    models: Vec<ModelView>,
    /// The encoder in use.
    encoder: Option<ModelName>,
    /// What went wrong when live.toml was last looked at; the models before it go on serving.
    load_errors: Vec<String>,
}

/// One model folder.
#[derive(Debug, Serialize, ToSchema)]
pub struct ModelView {
    /// category, kind, urgency, team, language or risk.
    kind: &'static str,
    /// The folder's name.
    version: String,
    /// Whether live.toml names it.
    live: bool,
    /// Whether it is the one that answers now.
    serving: bool,
    /// How far it agrees with the live model, where it is scored beside it; null otherwise.
    shadow: Option<ShadowView>,
    /// When it became live, by whom and why; the latest last.
    history: Vec<HistoryView>,
    /// When it was trained.
    created_at: Option<Timestamp>,
    /// Figures on held-out data, and of the baselines.
    #[schema(value_type = Object)]
    metrics: serde_json::Value,
    /// Why its manifest cannot be read.
    error: Option<String>,
}

/// What was counted since a model is scored beside the live one. Nobody is told its answers.
#[derive(Debug, Serialize, ToSchema)]
pub struct ShadowView {
    /// The live version it is held against; null where it could not be loaded.
    compared_with: Option<String>,
    /// Answers of both.
    compared: u64,
    /// Times it failed.
    failed: u64,
    /// Share of the answers with the same best label, or the same band; null before the first.
    same_share: Option<f64>,
    /// Mean of its probability minus the live model's: of the best label, or of a recontact.
    mean_difference: Option<f64>,
    /// The same without the sign of each difference.
    mean_absolute_difference: Option<f64>,
}

/// How a version became live.
#[derive(Debug, Serialize, ToSchema)]
pub struct HistoryView {
    /// When.
    at: Timestamp,
    /// By whom.
    by: String,
    /// first, promoted (compared with the one before and not worse), forced or rolled_back.
    step: &'static str,
    /// Why, where somebody said it.
    reason: Option<String>,
    /// What the comparison with the model before said.
    compared: Option<String>,
}

impl ShadowView {
    fn new(observed: Option<&Observed<'_>>) -> Self {
        let counts = observed.map(|observed| observed.counts).unwrap_or_default();
        Self {
            compared_with: observed.map(|observed| observed.live.to_owned()),
            compared: counts.compared,
            failed: counts.failed,
            same_share: counts.same_share(),
            mean_difference: counts.mean_difference(),
            mean_absolute_difference: counts.mean_absolute_difference(),
        }
    }
}

impl HistoryView {
    fn new(entry: &HistoryEntry) -> Self {
        Self {
            at: entry.at,
            by: entry.by.clone(),
            step: entry.step.as_str(),
            reason: entry.reason.as_ref().map(|reason| reason.as_str().to_owned()),
            compared: entry.compared.clone(),
        }
    }
}

/// Lists models.
#[utoipa::path(
    get, path = "/v1/models", tag = "models",
    responses(
        (status = 200, body = ModelList),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn list_models(app: web::Data<App>) -> Result<web::Json<ModelList>, Problem> {
    let registry = Registry::new(&app.settings.models);
    // A live.toml that cannot be read is told under load_errors.
    let (listed, named) = web::block(move || {
        let live = registry.live().unwrap_or_default();
        (registry.list(&live), live)
    })
    .await
    .map_err(|error| Problem::new(ProblemCode::Internal, error.to_string()))?;
    let live = app.models();
    let serving = live.versions();
    let observed = live.shadows.observed();
    let view = |model: Listed| {
        let serving = serving.contains(&(model.kind, model.version.as_str()));
        let entry = named.get(&model.kind);
        let shadow = entry.and_then(|entry| entry.shadow.as_ref());
        let shadow = shadow.filter(|shadow| shadow.version == model.version).map(|_| {
            let is_this = |one: &&Observed<'_>| {
                one.kind == model.kind && one.version == model.version.as_str()
            };
            ShadowView::new(observed.iter().find(is_this))
        });
        let history = entry.map_or(&[][..], |entry| &entry.history).iter();
        let own = history.filter(|entry| entry.version == model.version);
        let history = own.map(HistoryView::new).collect();
        let (created_at, metrics, error) = match model.manifest {
            Ok(manifest) => (Some(manifest.created_at), manifest.metrics, None),
            Err(error) => (None, serde_json::Value::Null, Some(error)),
        };
        ModelView {
            kind: model.kind.as_str(),
            version: model.version,
            live: model.is_live,
            serving,
            shadow,
            history,
            created_at,
            metrics,
            error,
        }
    };
    Ok(web::Json(ModelList {
        models: listed.into_iter().map(view).collect(),
        encoder: live.encoder.as_ref().ok().map(|encoder| ModelName::encoder(encoder.identity())),
        load_errors: live.errors.clone(),
    }))
}
