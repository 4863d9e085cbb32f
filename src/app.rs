//! [`App`]: what request handlers share.

use crate::api::problem::{Problem, ProblemCode};
use crate::classify::Classifier;
use crate::classify::encoder::{InferenceDevice, InferenceOptions, InferencePath, TextEncoder};
use crate::classify::queue::ClassifyQueue;
use crate::config::{Secret, Settings};
use crate::live_models::{LiveModels, ModelSource};
use crate::live_monitoring::LiveMonitoring;
use crate::live_next_issues::LiveNextIssues;
use crate::live_similar::LiveSimilar;
use crate::openid::OpenId;
use crate::outcome::AdjacentPairs;
use crate::registry::{ModelKind, Registry};
use crate::risk::RiskModel;
use crate::shadow::Shadows;
use crate::store::{OutcomeRules, Store, Tenant};
use crate::user::Passwords;
use arc_swap::ArcSwap;
use metrics_exporter_prometheus::PrometheusHandle;
use std::sync::Arc;

/// Everything a handler may use. Made once; shared by all worker threads.
pub struct App {
    /// How the service was configured.
    pub settings: Settings,
    /// What the service remembers.
    pub store: Store,
    /// The way to the inference threads.
    pub queue: ClassifyQueue,
    /// Whose data this process serves.
    pub tenant: Tenant,
    /// The token that requests must bring, if any.
    pub token: Option<Secret>,
    /// Renders the counters.
    pub metrics: PrometheusHandle,
    /// Which issue follows which.
    pub next_issues: LiveNextIssues,
    /// Contacts with similar texts.
    pub similar: LiveSimilar,
    /// Whether anything drifts.
    pub monitoring: LiveMonitoring,
    /// Hashes and compares the passwords of users.
    pub passwords: Passwords,
    /// Asks the provider who somebody is, where people sign in through one.
    pub openid: Option<OpenId>,
    models: ArcSwap<LiveModels>,
    source: ModelSource,
}

impl App {
    /// Puts the parts together and loads the live models.
    ///
    /// # Errors
    /// If the bearer token's file or those of the provider cannot be read.
    pub fn new(
        settings: Settings,
        store: Store,
        queue: ClassifyQueue,
        metrics: PrometheusHandle,
    ) -> Result<Self, String> {
        let source = ModelSource {
            registry: Registry::new(&settings.models),
            encoder: settings.encoder.clone(),
            encoder_prompt: settings.encoder_prompt.clone(),
            inference: settings.inference,
            policy: settings.classify.clone(),
        };
        let models = source.load(None);
        let token = settings.bearer_token()?;
        let models = ArcSwap::from_pointee(models);
        let next_issues =
            LiveNextIssues::new(settings.next_issues.clone(), settings.outcomes.clone());
        let similar = LiveSimilar::new(settings.similar);
        let monitoring = LiveMonitoring::new(settings.monitoring);
        let passwords =
            Passwords::new(usize::try_from(settings.sign_in.passwords_at_once).unwrap_or(1));
        let provider = &settings.sign_in.openid;
        let openid = provider.enabled.then(|| OpenId::new(provider)).transpose();
        let openid = openid.map_err(|error| format!("[sign_in.openid] {error}"))?;
        let tenant = Tenant::DEFAULT;
        Ok(Self {
            settings,
            store,
            queue,
            tenant,
            token,
            metrics,
            next_issues,
            similar,
            monitoring,
            passwords,
            openid,
            models,
            source,
        })
    }

    /// Says in log and metrics which models serve and what could not be loaded.
    pub fn announce(&self) {
        self.announce_change(None, &self.models.load());
    }

    /// The models as of now: one snapshot, to be used to the end of a request.
    #[must_use]
    pub fn models(&self) -> Arc<LiveModels> {
        self.models.load_full()
    }

    /// The live classifier.
    ///
    /// # Errors
    /// [`ProblemCode::ModelUnavailable`] with the reason.
    pub fn classifier(&self) -> Result<Arc<Classifier>, Problem> {
        self.models.load().classifier.clone().map_err(|reason| self.unavailable(reason))
    }

    /// The live classifier and the models that are scored beside it, of one snapshot.
    ///
    /// # Errors
    /// [`ProblemCode::ModelUnavailable`] with the reason.
    pub fn classifier_and_shadows(&self) -> Result<(Arc<Classifier>, Arc<Shadows>), Problem> {
        let models = self.models.load();
        let classifier = models.classifier.clone().map_err(|reason| self.unavailable(reason))?;
        Ok((classifier, Arc::clone(&models.shadows)))
    }

    /// The encoder.
    ///
    /// # Errors
    /// [`ProblemCode::ModelUnavailable`] with the reason.
    pub fn encoder(&self) -> Result<Arc<TextEncoder>, Problem> {
        self.models.load().encoder.clone().map_err(|reason| self.unavailable(reason))
    }

    /// The live risk model.
    ///
    /// # Errors
    /// [`ProblemCode::ModelUnavailable`] with the reason.
    pub fn risk(&self) -> Result<Arc<RiskModel>, Problem> {
        self.models.load().risk.clone().map_err(|reason| self.unavailable(reason))
    }

    /// The live risk model and the models that are scored beside it, of one snapshot.
    ///
    /// # Errors
    /// [`ProblemCode::ModelUnavailable`] with the reason.
    pub fn risk_and_shadows(&self) -> Result<(Arc<RiskModel>, Arc<Shadows>), Problem> {
        let models = self.models.load();
        let risk = models.risk.clone().map_err(|reason| self.unavailable(reason))?;
        Ok((risk, Arc::clone(&models.shadows)))
    }

    /// The adjacent pairs as of now: one snapshot, to be used to the end of a request.
    #[must_use]
    pub fn adjacent_pairs(&self) -> Arc<AdjacentPairs> {
        self.next_issues.adjacent_pairs()
    }

    /// By which rules outcomes are derived.
    #[must_use]
    pub fn outcome_rules<'a>(&'a self, pairs: &'a AdjacentPairs) -> OutcomeRules<'a> {
        let late_after_ms = i64::from(self.settings.events.late_after_s) * 1000;
        OutcomeRules { pairs, policy: &self.settings.outcomes, late_after_ms }
    }

    fn unavailable(&self, reason: String) -> Problem {
        Problem::later(ProblemCode::ModelUnavailable, reason, self.settings.limits.retry_after_s)
    }

    /// Looks at `live.toml` and, if it says something new, loads that and swaps it in. Blocks while loading.
    ///
    /// What cannot be loaded leaves the model before it serving and is tried again at the next look: the encoder may have
    /// been fetched, or the folder restored, since.
    pub fn reload(&self) {
        let before = self.models.load_full();
        let is_outdated = match self.source.registry.live() {
            Ok(live) => before.is_outdated(&live),
            Err(_) => true,
        };
        if is_outdated {
            let models = self.source.load(Some(&before));
            self.announce_change(Some(&before), &models);
            self.models.store(Arc::new(models));
        }
    }

    fn announce_change(&self, before: Option<&LiveModels>, models: &LiveModels) {
        let encoder_before = before.and_then(|models| models.encoder.as_ref().ok());
        if let Ok(encoder) = &models.encoder
            && !encoder_before.is_some_and(|before| Arc::ptr_eq(before, encoder))
        {
            announce_encoder(encoder, &self.settings.inference);
        }
        announce_versions(before, models);
    }
}

/// Says in the log how embeddings are computed, and where that is not what was asked for.
fn announce_encoder(encoder: &TextEncoder, asked: &InferenceOptions) {
    let architecture = encoder.identity().architecture;
    let (path, precision) = (encoder.path(), encoder.precision());
    let instruction_set = encoder.instruction_set();
    let name = &encoder.identity().name;
    tracing::info!(name, ?architecture, ?path, ?precision, ?instruction_set, "encoder loaded");
    if asked.device == InferenceDevice::Cpu
        && asked.path == InferencePath::Auto
        && path == InferencePath::Reference
    {
        tracing::warn!(
            ?architecture,
            "the packed path does not know this architecture: the slower reference path is used"
        );
    }
    if precision != asked.precision {
        tracing::warn!("precision int8 is for the packed path only: f32 is used");
    }
}

/// Says in log and metrics what serves now, what does no longer, and what could not be loaded, each once.
fn announce_versions(before: Option<&LiveModels>, models: &LiveModels) {
    let served = before.map(LiveModels::versions).unwrap_or_default();
    let serving = models.versions();
    let info = |kind: ModelKind, version: &str| metrics::gauge!("recontact_model_info", "kind" => kind.as_str(), "version" => version.to_owned());
    for (kind, version) in served.iter().filter(|model| !serving.contains(model)) {
        info(*kind, version).set(0.0);
    }
    for (kind, version) in serving.iter().filter(|model| !served.contains(model)) {
        tracing::info!(%kind, version, "model loaded");
        info(*kind, version).set(1.0);
    }
    let told = before.map_or(&[][..], |models| &models.errors);
    for error in models.errors.iter().filter(|error| !told.contains(error)) {
        tracing::error!(%error, "a model could not be loaded");
        metrics::counter!("recontact_model_load_failures_total").increment(1);
    }
}
