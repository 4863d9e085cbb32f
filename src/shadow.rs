//! [`Shadows`]: models that are scored beside the live ones, to see how far they agree before one is promoted.
//!
//! What a shadow says is told to nobody and stored nowhere; it is counted whether it says the same. One that fails, be it
//! when it is loaded or when it is asked, changes no answer.

use crate::classify::answer::{Classification, HeadAnswer};
use crate::classify::encoder::Embedding;
use crate::classify::head::{TextHead, TextView};
use crate::classify::{Classifier, HeadModel};
use crate::contact::{ContactText, Head};
use crate::registry::live::{LiveFile, ShadowEntry};
use crate::registry::{Artifact, ModelKind, Registry};
use crate::risk::{RecontactRisk, RiskModel};
use crate::ticket::{ClosedTicket, CustomerHistory};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

/// The models that are scored beside the live ones.
#[derive(Debug, Clone, Default)]
pub struct Shadows {
    heads: BTreeMap<Head, Shadow<TextHead>>,
    risk: Option<Shadow<RiskModel>>,
}

/// One model, the live version it is held against, and what was counted.
#[derive(Debug)]
struct Shadow<M> {
    entry: ShadowEntry,
    live: String,
    model: Arc<M>,
    agreement: Arc<Agreement>,
}

impl<M> Clone for Shadow<M> {
    fn clone(&self) -> Self {
        Self {
            entry: self.entry.clone(),
            live: self.live.clone(),
            model: Arc::clone(&self.model),
            agreement: Arc::clone(&self.agreement),
        }
    }
}

#[derive(Debug, Default)]
struct Agreement(Mutex<Counts>);

/// How far a shadow and the live model agree, since both were loaded.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Counts {
    /// Times both were asked and answered.
    pub compared: u64,
    /// Times both had the same best label, or the same band.
    pub same: u64,
    /// Times the shadow failed.
    pub failed: u64,
    /// Sum of the shadow's probability minus the live model's: of the best label, or of a recontact.
    pub difference: f64,
    /// Sum of the same without its sign.
    pub absolute_difference: f64,
}

/// What is told of a shadow.
#[derive(Debug, Clone, PartialEq)]
pub struct Observed<'a> {
    /// Its kind.
    pub kind: ModelKind,
    /// Its version.
    pub version: &'a str,
    /// The version it is held against.
    pub live: &'a str,
    /// What was counted.
    pub counts: Counts,
}

impl Shadows {
    /// Loads what `live.toml` names beside the models that serve. Those of `before` that are the same, beside the same
    /// model, go on counting. One that cannot be loaded is told in `errors` and left out.
    #[must_use]
    pub fn load(
        registry: &Registry,
        source: &LiveFile,
        serving: (Option<&Classifier>, Option<&RiskModel>),
        before: Option<&Self>,
        errors: &mut Vec<String>,
    ) -> Self {
        let (classifier, risk) = serving;
        let mut shadows = Self::default();
        for (kind, entry) in source {
            let Some(named) = &entry.shadow else { continue };
            let found: Result<(), String> = match kind.head() {
                Some(head) => classifier.map_or(Ok(()), |classifier| {
                    let before = before.and_then(|before| before.heads.get(&head));
                    let found = load_head(registry, head, named, classifier, before)?;
                    shadows.heads.extend(found.map(|found| (head, found)));
                    Ok(())
                }),
                None => risk.map_or(Ok(()), |live| {
                    let before = before.and_then(|before| before.risk.as_ref());
                    shadows.risk = Some(load_risk(registry, named, live, before)?);
                    Ok(())
                }),
            };
            if let Err(reason) = found {
                errors.push(format!("shadow {kind} {}: {reason}", named.version));
            }
        }
        shadows
    }

    /// Whether any model of texts is scored beside a live one.
    #[must_use]
    pub fn has_heads(&self) -> bool {
        !self.heads.is_empty()
    }

    /// Asks the shadows about a text that the live models answered.
    pub fn observe_text(
        &self,
        text: &ContactText,
        embedding: Option<&Embedding>,
        answered: &Classification,
    ) {
        for (head, shadow) in &self.heads {
            let live = match head {
                Head::Category => Some(&answered.category),
                other => answered.heads.get(other),
            };
            let Some((label, probability)) = live.and_then(best) else { continue };
            shadow.observe((*head).into(), |model| {
                let (index, shadows) = best_of(model, text, embedding)?;
                let labels = model.description().labels.labels();
                let is_same = labels.get(index).is_some_and(|own| own.category.as_str() == label);
                Some((is_same, shadows - probability))
            });
        }
    }

    /// Asks the shadow about a closed ticket that the live model assessed.
    pub fn observe_ticket(
        &self,
        ticket: &ClosedTicket,
        history: &CustomerHistory,
        assessed: &RecontactRisk,
    ) {
        if let Some(shadow) = &self.risk {
            shadow.observe(ModelKind::Risk, |model| {
                let own = model.assess(ticket, history);
                let difference = own.probability.value() - assessed.probability.value();
                Some((own.band == assessed.band, difference))
            });
        }
    }

    /// Every shadow with what was counted.
    #[must_use]
    pub fn observed(&self) -> Vec<Observed<'_>> {
        let heads = self.heads.iter().map(|(head, shadow)| shadow.observed((*head).into()));
        heads.chain(self.risk.iter().map(|shadow| shadow.observed(ModelKind::Risk))).collect()
    }
}

impl<M> Shadow<M> {
    /// Counts what the shadow makes of something: whether it is the same, and the difference of the probabilities; nothing
    /// where it has nothing to say.
    fn observe(&self, kind: ModelKind, ask: impl FnOnce(&M) -> Option<(bool, f64)>) {
        let kind = kind.as_str();
        // A model that panics was promoted by nobody; the request goes on.
        let Ok(said) = catch_unwind(AssertUnwindSafe(|| ask(&self.model))) else {
            self.agreement.change(|counts| counts.failed += 1);
            metrics::counter!("recontact_shadow_failures_total", "kind" => kind).increment(1);
            return;
        };
        let Some((is_same, difference)) = said else { return };
        self.agreement.change(|counts| {
            counts.compared += 1;
            counts.same += u64::from(is_same);
            counts.difference += difference;
            counts.absolute_difference += difference.abs();
        });
        let same = if is_same { "yes" } else { "no" };
        metrics::counter!("recontact_shadow_compared_total", "kind" => kind, "same" => same)
            .increment(1);
        if let Some(mean) = self.agreement.counts().mean_absolute_difference() {
            metrics::gauge!("recontact_shadow_mean_absolute_difference", "kind" => kind).set(mean);
        }
    }

    fn observed(&self, kind: ModelKind) -> Observed<'_> {
        let counts = self.agreement.counts();
        Observed { kind, version: &self.entry.version, live: &self.live, counts }
    }

    /// The same shadow of the same live model, which goes on counting.
    fn kept(before: Option<&Self>, entry: &ShadowEntry, live: &str) -> Option<Self> {
        before.filter(|before| before.entry == *entry && before.live == live).cloned()
    }
}

impl Agreement {
    fn change(&self, change: impl FnOnce(&mut Counts)) {
        // Whoever panicked while holding it left whole numbers behind.
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn counts(&self) -> Counts {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    /// Share of the answers that were the same; none before the first.
    #[must_use]
    pub fn same_share(&self) -> Option<f64> {
        self.mean(as_f64(self.same))
    }

    /// Mean of the shadow's probability minus the live model's; none before the first.
    #[must_use]
    pub fn mean_difference(&self) -> Option<f64> {
        self.mean(self.difference)
    }

    /// The same without the sign of each difference.
    #[must_use]
    pub fn mean_absolute_difference(&self) -> Option<f64> {
        self.mean(self.absolute_difference)
    }

    fn mean(&self, sum: f64) -> Option<f64> {
        (self.compared > 0).then(|| sum / as_f64(self.compared))
    }
}

fn load_head(
    registry: &Registry,
    head: Head,
    named: &ShadowEntry,
    classifier: &Classifier,
    before: Option<&Shadow<TextHead>>,
) -> Result<Option<Shadow<TextHead>>, String> {
    // A head that does not serve has nothing to be held against; why it does not is told where it is loaded.
    let Some(live) = classifier.versions().get(&head).map(|live| (*live).to_owned()) else {
        return Ok(None);
    };
    if let Some(kept) = Shadow::kept(before, named, &live) {
        return Ok(Some(kept));
    }
    let artifact = open(registry, head.into(), named)?;
    let loaded = TextHead::load(&artifact).map_err(|error| error.to_string())?;
    let model = HeadModel { version: named.version.clone(), head: Arc::new(loaded) };
    Classifier::check_model(head, &model, classifier.encoder().map(AsRef::as_ref))?;
    let (entry, agreement) = (named.clone(), Arc::default());
    Ok(Some(Shadow { entry, live, model: model.head, agreement }))
}

fn load_risk(
    registry: &Registry,
    named: &ShadowEntry,
    live: &RiskModel,
    before: Option<&Shadow<RiskModel>>,
) -> Result<Shadow<RiskModel>, String> {
    if let Some(kept) = Shadow::kept(before, named, live.version()) {
        return Ok(kept);
    }
    let artifact = open(registry, ModelKind::Risk, named)?;
    let model = RiskModel::load(&artifact).map_err(|error| error.to_string())?;
    let (own, other) = (model.window_days(), live.window_days());
    if own != other {
        return Err(format!("tells of {own} days, the live model of {other}"));
    }
    Ok(Shadow {
        entry: named.clone(),
        live: live.version().to_owned(),
        model: Arc::new(model),
        agreement: Arc::default(),
    })
}

fn open(registry: &Registry, kind: ModelKind, named: &ShadowEntry) -> Result<Artifact, String> {
    let artifact = registry.open(kind, &named.version).map_err(|error| error.to_string())?;
    if artifact.manifest_sha256() == named.manifest_sha256 {
        Ok(artifact)
    } else {
        Err("the manifest is not the one that was named: it was changed".to_owned())
    }
}

/// The best label of an answer, also of one that abstains; none where nothing was scored.
fn best(answer: &HeadAnswer) -> Option<(&str, f64)> {
    match (&answer.label, answer.probability) {
        (Some(label), Some(probability)) => Some((label.as_str(), probability.value())),
        _ => {
            let first = answer.alternatives.first()?;
            Some((first.label.as_str(), first.probability.value()))
        }
    }
}

/// The number of a shadow's best label and its probability; none where it has nothing to go by.
fn best_of(
    head: &TextHead,
    text: &ContactText,
    embedding: Option<&Embedding>,
) -> Option<(usize, f64)> {
    let lexical = head.lexical_vector(text.as_str());
    let embedding = embedding.map(|embedding| embedding.vector.as_slice());
    if lexical.is_none() && embedding.is_none() {
        return None;
    }
    let scored = head.score(TextView { embedding, lexical: lexical.as_ref() });
    let numbered = scored.probabilities.into_iter().enumerate();
    numbered.max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)))
}

#[expect(clippy::cast_precision_loss, reason = "counts of requests fit into 53 bits")]
fn as_f64(count: u64) -> f64 {
    count as f64
}
