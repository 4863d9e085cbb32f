//! `GET /v1/models`: which models there are, which are live, and whether the service could load them.

use super::ModelName;
use super::problem::{Problem, ProblemCode};
use crate::app::App;
use crate::registry::Registry;
use crate::registry::live::Listed;
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
    /// category or risk.
    kind: &'static str,
    /// The folder's name.
    version: String,
    /// Whether live.toml names it.
    live: bool,
    /// Whether it is the one that answers now.
    serving: bool,
    /// When it was trained.
    created_at: Option<Timestamp>,
    /// Figures on held-out data, and of the baselines.
    #[schema(value_type = Object)]
    metrics: serde_json::Value,
    /// Why its manifest cannot be read.
    error: Option<String>,
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
    let listed = web::block(move || registry.list(&registry.live().unwrap_or_default()))
        .await
        .map_err(|error| Problem::new(ProblemCode::Internal, error.to_string()))?;
    let live = app.models();
    let serving = live.versions();
    let view = |model: Listed| {
        let serving = serving.contains(&(model.kind, model.version.as_str()));
        let (created_at, metrics, error) = match model.manifest {
            Ok(manifest) => (Some(manifest.created_at), manifest.metrics, None),
            Err(error) => (None, serde_json::Value::Null, Some(error)),
        };
        ModelView {
            kind: model.kind.as_str(),
            version: model.version,
            live: model.is_live,
            serving,
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
