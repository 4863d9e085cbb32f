//! [`LiveModels`]: the models that answer requests, loaded from what `live.toml` names.
//!
//! A new set is built whole and then swapped in; what cannot be loaded leaves the one before it serving. A request takes
//! one snapshot and uses it to its end.

use crate::classify::encoder::{InferenceOptions, TextEncoder};
use crate::classify::head::CategoryHead;
use crate::classify::{Classifier, ClassifyPolicy};
use crate::registry::live::{LiveEntry, LiveFile};
use crate::registry::{ModelKind, Registry};
use crate::risk::RiskModel;
use std::sync::Arc;

/// Loaded models; where one is missing, the reason why.
#[derive(Debug, Clone)]
pub struct LiveModels {
    /// Turns texts into vectors.
    pub encoder: Result<Arc<TextEncoder>, String>,
    /// Turns texts into categories.
    pub classifier: Result<Arc<Classifier>, String>,
    /// Turns closed tickets into risks.
    pub risk: Result<Arc<RiskModel>, String>,
    /// What could not be loaded the last time; what was loaded before it goes on serving.
    pub errors: Vec<String>,
    /// What `live.toml` said when this was built.
    source: LiveFile,
    /// What of it is loaded; differs from `source` where a model was refused and the one before it goes on serving.
    loaded: LiveFile,
}

/// What loading needs to know.
#[derive(Debug, Clone)]
pub struct ModelSource {
    /// The folder of models.
    pub registry: Registry,
    /// The encoder's folder or name; `None`: the one the category model was trained on.
    pub encoder: Option<String>,
    /// Put before every text where no category model says it; `None`: the encoder's own default.
    pub encoder_prompt: Option<String>,
    /// On what and how embeddings are computed.
    pub inference: InferenceOptions,
    /// When to trust a category.
    pub policy: ClassifyPolicy,
}

impl ModelSource {
    /// Loads what `live.toml` names. With `before`, models that did not change are taken over, and one that cannot be
    /// loaded is replaced by the one before it.
    #[must_use]
    pub fn load(&self, before: Option<&LiveModels>) -> LiveModels {
        let mut errors = Vec::new();
        let source = self.registry.live().unwrap_or_else(|error| {
            errors.push(error.to_string());
            before.map(|models| models.source.clone()).unwrap_or_default()
        });
        let mut loaded = before.map(|models| models.loaded.clone()).unwrap_or_default();
        let unchanged =
            |kind: ModelKind| before.filter(|models| models.loaded.get(&kind) == source.get(&kind));

        let classifier = match (unchanged(ModelKind::Category), source.get(&ModelKind::Category)) {
            (Some(LiveModels { classifier: Ok(classifier), .. }), _) => Ok(Arc::clone(classifier)),
            (_, entry) => self.load_classifier(entry, before),
        };
        note_loaded(&mut loaded, &source, ModelKind::Category, classifier.is_ok());
        let classifier = or_before(classifier, before.map(|m| &m.classifier), &mut errors);
        let encoder = match &classifier {
            Ok(classifier) => Ok(Arc::clone(classifier.encoder())),
            Err(reason) => self.load_configured_encoder(before).unwrap_or(Err(reason.clone())),
        };
        let risk = match (unchanged(ModelKind::Risk), source.get(&ModelKind::Risk)) {
            (Some(LiveModels { risk: Ok(risk), .. }), _) => Ok(Arc::clone(risk)),
            (_, entry) => self.load_risk(entry),
        };
        note_loaded(&mut loaded, &source, ModelKind::Risk, risk.is_ok());
        let risk = or_before(risk, before.map(|m| &m.risk), &mut errors);
        LiveModels { encoder, classifier, risk, errors, source, loaded }
    }

    fn load_classifier(
        &self,
        entry: Option<&LiveEntry>,
        before: Option<&LiveModels>,
    ) -> Result<Arc<Classifier>, String> {
        let entry = entry.ok_or_else(|| nothing_live(ModelKind::Category))?;
        let artifact = self
            .registry
            .open_live(ModelKind::Category, entry)
            .map_err(|error| error.to_string())?;
        let head = CategoryHead::load(&artifact).map_err(|error| error.to_string())?;
        let trained_on = &head.description().encoder;
        let name = self.encoder.as_deref().unwrap_or(&trained_on.name);
        let encoder = match before.and_then(|models| models.encoder.as_ref().ok()) {
            Some(encoder) if encoder.identity() == trained_on => Arc::clone(encoder),
            _ => self.load_encoder(name, Some(&trained_on.prompt))?,
        };
        Classifier::new(entry.version.clone(), encoder, head, self.policy.clone()).map(Arc::new)
    }

    fn load_risk(&self, entry: Option<&LiveEntry>) -> Result<Arc<RiskModel>, String> {
        let entry = entry.ok_or_else(|| nothing_live(ModelKind::Risk))?;
        let artifact =
            self.registry.open_live(ModelKind::Risk, entry).map_err(|error| error.to_string())?;
        RiskModel::load(&artifact).map(Arc::new).map_err(|error| error.to_string())
    }

    /// The encoder that the configuration names, for embedding without a category model.
    fn load_configured_encoder(
        &self,
        before: Option<&LiveModels>,
    ) -> Option<Result<Arc<TextEncoder>, String>> {
        let name = self.encoder.as_deref()?;
        match before.map(|models| &models.encoder) {
            Some(Ok(encoder)) => Some(Ok(Arc::clone(encoder))),
            _ => Some(self.load_encoder(name, self.encoder_prompt.as_deref())),
        }
    }

    fn load_encoder(&self, name: &str, prompt: Option<&str>) -> Result<Arc<TextEncoder>, String> {
        let folder = self.registry.encoder_folder(name);
        if !folder.is_dir() {
            return Err(format!(
                "{}: there is no such encoder folder; get it with `recontact-train fetch-encoder {name}`",
                folder.display()
            ));
        }
        TextEncoder::load(&folder, prompt, &self.inference)
            .map(Arc::new)
            .map_err(|error| error.to_string())
    }
}

impl LiveModels {
    /// Kind and version of every trained model that answers.
    #[must_use]
    pub fn versions(&self) -> Vec<(ModelKind, &str)> {
        let category = self.classifier.iter().map(|c| (ModelKind::Category, c.version.as_str()));
        category.chain(self.risk.iter().map(|r| (ModelKind::Risk, r.version()))).collect()
    }

    /// Whether `live.toml` says something else now, or what it said could not be loaded.
    #[must_use]
    pub fn is_outdated(&self, now: &LiveFile) -> bool {
        self.source != *now || !self.errors.is_empty()
    }
}

/// Remembers which entry of `live.toml` a model that was loaded belongs to.
fn note_loaded(loaded: &mut LiveFile, source: &LiveFile, kind: ModelKind, is_loaded: bool) {
    if let Some(entry) = source.get(&kind).filter(|_| is_loaded) {
        loaded.insert(kind, entry.clone());
    }
}

/// A failure falls back to what was loaded before, and is told.
fn or_before<T>(
    loaded: Result<Arc<T>, String>,
    before: Option<&Result<Arc<T>, String>>,
    errors: &mut Vec<String>,
) -> Result<Arc<T>, String> {
    loaded.or_else(|error| {
        errors.push(error.clone());
        match before {
            Some(Ok(model)) => Ok(Arc::clone(model)),
            _ => Err(error),
        }
    })
}

fn nothing_live(kind: ModelKind) -> String {
    format!("no {kind} model is live: promote one with `recontact models promote {kind} VERSION`")
}
