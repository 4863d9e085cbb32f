//! [`LiveModels`]: the models that answer requests, loaded from what `live.toml` names.
//!
//! A new set is built whole and then swapped in; what cannot be loaded leaves the one before it serving. A request takes
//! one snapshot and uses it to its end.

use crate::classify::encoder::{InferenceOptions, TextEncoder};
use crate::classify::head::TextHead;
use crate::classify::{Classifier, ClassifyPolicy, HeadModel};
use crate::contact::Head;
use crate::registry::live::{LiveEntry, LiveFile};
use crate::registry::{ModelKind, Registry};
use crate::risk::RiskModel;
use crate::shadow::Shadows;
use std::collections::BTreeMap;
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
    /// What is scored beside them.
    pub shadows: Arc<Shadows>,
    /// What could not be loaded the last time; what was loaded before it goes on serving.
    pub errors: Vec<String>,
    /// What `live.toml` said when this was built.
    source: LiveFile,
    /// What of it is loaded; differs from `source` where a model was refused and the one before it goes on serving.
    loaded: LiveFile,
}

/// A classifier as `live.toml` asks for it, and which of its heads are the ones named there; the others were kept.
struct Built {
    classifier: Arc<Classifier>,
    fresh: Vec<Head>,
}

impl Built {
    /// Remembers which entries of `live.toml` the heads that serve belong to.
    fn note(&self, loaded: &mut LiveFile, source: &LiveFile) {
        let serving = self.classifier.versions();
        for head in Head::ALL {
            let kind = ModelKind::from(head);
            if self.fresh.contains(&head) {
                loaded.extend(source.get(&kind).map(|entry| (kind, entry.clone())));
            } else if !serving.contains_key(&head) {
                loaded.remove(&kind);
            }
        }
    }
}

/// What an error begins with when a model answers without its encoder.
const WORDS_ALONE: &str = "words alone answer";

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
        let unchanged = |kind: ModelKind| {
            before.filter(|models| is_same(models.loaded.get(&kind), source.get(&kind)))
        };

        let texts_unchanged = before.filter(|models| models.has_same_heads(&source));
        let classifier = match texts_unchanged {
            Some(LiveModels { classifier: Ok(same), .. }) if !same.is_without_encoder() => {
                Ok(Arc::clone(same))
            }
            _ => self.load_classifier(&source, before, &mut errors).map(|built| {
                built.note(&mut loaded, &source);
                built.classifier
            }),
        };
        let classifier = or_before(classifier, before.map(|m| &m.classifier), &mut errors)
            .or_else(|reason| self.by_rules().ok_or(reason));
        let encoder = match classifier.as_ref().map(|classifier| classifier.encoder()) {
            Ok(Some(encoder)) => Ok(Arc::clone(encoder)),
            Ok(None) => {
                let why = errors.iter().find(|error| error.starts_with(WORDS_ALONE)).cloned();
                let none =
                    "words alone say what a text is about; name an encoder in the configuration";
                let none = why.unwrap_or_else(|| none.to_owned());
                self.load_configured_encoder(before).unwrap_or(Err(none))
            }
            Err(reason) => self.load_configured_encoder(before).unwrap_or(Err(reason.clone())),
        };
        let risk = match (unchanged(ModelKind::Risk), source.get(&ModelKind::Risk)) {
            (Some(LiveModels { risk: Ok(risk), .. }), _) => Ok(Arc::clone(risk)),
            (_, entry) => self.load_risk(entry),
        };
        note_loaded(&mut loaded, &source, ModelKind::Risk, risk.is_ok());
        let risk = or_before(risk, before.map(|m| &m.risk), &mut errors);
        let serving =
            (classifier.as_ref().ok().map(AsRef::as_ref), risk.as_ref().ok().map(AsRef::as_ref));
        let shadows_before = before.map(|models| models.shadows.as_ref());
        let shadows = Shadows::load(&self.registry, &source, serving, shadows_before, &mut errors);
        let shadows = Arc::new(shadows);
        LiveModels { encoder, classifier, risk, shadows, errors, source, loaded }
    }

    fn load_classifier(
        &self,
        source: &LiveFile,
        before: Option<&LiveModels>,
        errors: &mut Vec<String>,
    ) -> Result<Built, String> {
        let entry =
            source.get(&ModelKind::Category).ok_or_else(|| nothing_live(ModelKind::Category))?;
        let category = self.load_head(Head::Category, entry)?;
        let named = Head::ALL.into_iter().filter(|head| *head != Head::Category);
        let named = named.filter_map(|head| Some((head, source.get(&ModelKind::from(head))?)));
        let found: Vec<(Head, Result<HeadModel, String>)> =
            named.map(|(head, entry)| (head, self.load_head(head, entry))).collect();
        let reads_embeddings = |model: &&HeadModel| model.head.description().encoder.is_some();
        let of_others = found.iter().filter_map(|(_, model)| model.as_ref().ok());
        let first = [&category].into_iter().chain(of_others).find(reads_embeddings);
        let encoder = match first {
            Some(model) => self.load_encoder_of(&category, model, before, errors)?,
            None => None,
        };
        let mut others = BTreeMap::new();
        let mut fresh = vec![Head::Category];
        for (head, found) in found {
            // A head that cannot be used leaves the others answering, and the one before it where there was one.
            let found = found.and_then(|model| {
                Classifier::check_model(head, &model, encoder.as_deref()).map(|()| model)
            });
            match found {
                Ok(model) => {
                    others.insert(head, model);
                    fresh.push(head);
                }
                Err(error) => {
                    errors.push(error);
                    let before = before.and_then(|models| models.classifier.as_ref().ok());
                    let kept = before.and_then(|before| before.other(head)).filter(|model| {
                        Classifier::check_model(head, model, encoder.as_deref()).is_ok()
                    });
                    others.extend(kept.map(|model| (head, model.clone())));
                }
            }
        }
        let classifier = Classifier::new(category, others, encoder, self.policy.clone())?;
        Ok(Built { classifier: Arc::new(classifier), fresh })
    }

    /// What rules say while no category model is loaded.
    fn by_rules(&self) -> Option<Arc<Classifier>> {
        Classifier::by_rules(self.policy.clone()).map(Arc::new)
    }

    fn load_head(&self, head: Head, entry: &LiveEntry) -> Result<HeadModel, String> {
        let artifact =
            self.registry.open_live(head.into(), entry).map_err(|error| error.to_string())?;
        let loaded = TextHead::load(&artifact).map_err(|error| error.to_string())?;
        Ok(HeadModel { version: entry.version.clone(), head: Arc::new(loaded) })
    }

    /// The encoder that the heads read, named by the first of them that reads embeddings. Where it cannot be loaded, the
    /// category model can do without and nothing better serves, that is an error to be told, and words alone answer. An
    /// encoder that is there but another one is refused.
    fn load_encoder_of(
        &self,
        category: &HeadModel,
        first: &HeadModel,
        before: Option<&LiveModels>,
        errors: &mut Vec<String>,
    ) -> Result<Option<Arc<TextEncoder>>, String> {
        let Some(trained_on) = &first.head.description().encoder else { return Ok(None) };
        let name = self.encoder.as_deref().unwrap_or(&trained_on.name);
        let found = match before.and_then(|models| models.encoder.as_ref().ok()) {
            Some(encoder) if encoder.identity() == trained_on => Ok(Arc::clone(encoder)),
            _ => self.load_encoder(name, Some(&trained_on.prompt)),
        };
        let serving = before.and_then(|models| models.classifier.as_ref().ok());
        let is_better_served = serving.is_some_and(|serving| serving.encoder().is_some());
        match found {
            Ok(encoder) => {
                Classifier::check_model(Head::Category, category, Some(&encoder))?;
                Ok(Some(encoder))
            }
            Err(error) if category.head.has_lexical_part() && !is_better_served => {
                errors.push(format!("{WORDS_ALONE}: {error}"));
                Ok(None)
            }
            Err(error) => Err(error),
        }
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
        let heads = self.classifier.iter().flat_map(|classifier| classifier.versions());
        let texts = heads.map(|(head, version)| (ModelKind::from(head), version));
        texts.chain(self.risk.iter().map(|r| (ModelKind::Risk, r.version()))).collect()
    }

    /// Whether the heads that are loaded are those that `live.toml` names now.
    fn has_same_heads(&self, now: &LiveFile) -> bool {
        Head::ALL
            .into_iter()
            .map(ModelKind::from)
            .all(|kind| is_same(self.loaded.get(&kind), now.get(&kind)))
    }

    /// Whether `live.toml` says something else now, or what it said could not be loaded.
    #[must_use]
    pub fn is_outdated(&self, now: &LiveFile) -> bool {
        self.source != *now || !self.errors.is_empty()
    }
}

/// Whether both name the same model, or both none.
fn is_same(loaded: Option<&LiveEntry>, now: Option<&LiveEntry>) -> bool {
    match (loaded, now) {
        (Some(loaded), Some(now)) => loaded.is_same_model(now),
        (loaded, now) => loaded.is_none() && now.is_none(),
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
