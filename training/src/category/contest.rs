//! Which head comes out of a run: on the encoder as it is, or on one that is trained on; `auto` compares both.

use super::CategoryArgs;
use super::budget::{Budget, NotTried, tuning_for};
use super::choose::Choice;
use super::encoders::{check_encoder_place, embed_all, encoder_place};
use super::fit_parts::{Labelled, OutOfScope};
use super::held_out::Fold;
use super::method::Method;
use super::params::CategoryParams;
use super::train::{Lessons, Settled, Trained};
use super::tune::{self, Epoch, Places};
use super::zero_shot::from_descriptions;
use crate::failure::BadInput;
use crate::run_lock::RunLock;
use anyhow::Context;
use ndarray::Array2;
use recontact::classify::encoder::TextEncoder;
use recontact::classify::head::HeadDescription;
use recontact::contact::ContactText;
use recontact::registry::Registry;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

/// What every contender is given.
pub(super) struct Contest<'a> {
    pub(super) args: &'a CategoryArgs,
    pub(super) params: &'a CategoryParams,
    pub(super) labelled: Labelled<'a>,
    pub(super) out_of_scope: &'a [ContactText],
    pub(super) encoder: Option<Arc<TextEncoder>>,
    pub(super) budget: Budget<'a>,
}

/// What came out.
pub(super) struct Won {
    pub(super) trained: Trained,
    /// The encoder that it reads.
    pub(super) encoder: Option<Arc<TextEncoder>>,
    /// How that was trained on; empty where it was taken as it is.
    pub(super) tuning: Vec<Epoch>,
    /// What lies on the disk besides, where it was trained on.
    pub(super) tuned: Option<OnDisk>,
}

/// An encoder, and what it makes of the texts.
struct Contender {
    encoder: Option<Arc<TextEncoder>>,
    vectors: Option<Array2<f64>>,
    /// Of a tuned encoder, the vectors by the one that did not learn from what is held out, where that is another one.
    choosing: Option<Array2<f64>>,
    out_of_scope: OutOfScope,
    folds: Vec<Fold>,
    tuning: Vec<Epoch>,
    tuned: Option<OnDisk>,
}

impl Contest<'_> {
    /// Trains what was asked for. `description` says what is known before: labels and languages.
    ///
    /// # Errors
    /// [`crate::failure::BadInput`] when there are too few rows or an encoder cannot be trained on; else what the disk or a
    /// solver says.
    pub(super) fn run(&self, description: HeadDescription) -> anyhow::Result<Won> {
        match self.args.method {
            Method::ZeroShot => {
                let contender = self.as_it_is(Vec::new())?;
                let labelled = contender.seen(self.labelled);
                let trained = from_descriptions(labelled, contender.describe(description))?;
                Ok(contender.won(trained))
            }
            Method::Auto => self.auto(description),
            method => {
                let contender = if method.tunes_encoder() {
                    self.tuned(method)?
                } else {
                    self.as_it_is(self.folds()?)?
                };
                let settled = self.settle(&contender, method)?;
                let trained = settled.fit(contender.describe(description))?;
                Ok(contender.won(trained))
            }
        }
    }

    /// The best on the encoder as it is, unless one that is trained on is better and there is the time.
    fn auto(&self, description: HeadDescription) -> anyhow::Result<Won> {
        let simple = self.as_it_is(self.folds()?)?;
        let settled = self.settle(&simple, Method::Auto)?;
        let mut choice = settled.choice.clone();
        match self.affordable_tuning() {
            Ok(None) => {}
            Err(not_tried) => choice.not_tried.push(not_tried),
            Ok(Some(method)) => {
                let tuned = match self.tuned(method) {
                    Ok(tuned) => tuned,
                    Err(error) if error.is::<BadInput>() => {
                        choice.not_tried.push(NotTried { method, reason: error.to_string() });
                        let mut trained = settled.fit(simple.describe(description))?;
                        trained.choice = choice;
                        return Ok(simple.won(trained));
                    }
                    Err(error) => return Err(error),
                };
                let other = self.settle(&tuned, method)?;
                let beside = other.beside(method, &settled);
                choice.tuned = Some(beside);
                if beside.is_better() {
                    let mut trained = other.fit(tuned.describe(description))?;
                    trained.choice = Choice {
                        tried: choice.tried,
                        tuned: choice.tuned,
                        not_tried: choice.not_tried,
                        ..trained.choice
                    };
                    return Ok(tuned.won(trained));
                }
                drop(other);
                if let Some(tuned) = tuned.tuned {
                    tuned.undo()?;
                }
            }
        }
        let mut trained = settled.fit(simple.describe(description))?;
        trained.choice = choice;
        Ok(simple.won(trained))
    }

    /// How an encoder would be tuned, if there is one and the time.
    fn affordable_tuning(&self) -> Result<Option<Method>, NotTried> {
        let (Some(encoder), Some(places)) = (&self.encoder, self.places()) else { return Ok(None) };
        let texts = self.labelled.y.len() - self.labelled.names;
        let method = tuning_for(&self.labelled.y[..texts], self.labelled.labels);
        // Vectors and fits are needed once more.
        let so_far = self.budget.spent();
        check_encoder_place(self.args)
            .and_then(|()| {
                tune::estimate(self.labelled, encoder, &places, method, self.params, self.budget)
            })
            .map_err(|error| format!("{error:#}"))
            .and_then(|tuning| self.budget.check(tuning + so_far))
            .map_err(|reason| NotTried { method, reason })?;
        Ok(Some(method))
    }

    /// The encoder as it is.
    fn as_it_is(&self, folds: Vec<Fold>) -> anyhow::Result<Contender> {
        self.contender(self.encoder.clone(), None, folds)
    }

    /// The encoder, trained on.
    fn tuned(&self, method: Method) -> anyhow::Result<Contender> {
        let (Some(before), Some(places)) = (&self.encoder, self.places()) else {
            anyhow::bail!("a method that trains an encoder was given none");
        };
        let lock = RunLock::take(&places.out)?;
        let tuned = tune::tune(self.labelled, before, &places, method, self.params)?;
        let encoder = Some(Arc::new(tuned.encoder));
        let contender = self.contender(encoder, Some(&tuned.choosing), vec![tuned.fold])?;
        let made = (!tuned.was_there).then_some(places.out);
        let on_disk = OnDisk { made, works: tuned.works, _lock: lock };
        Ok(Contender { tuning: tuned.history, tuned: Some(on_disk), ..contender })
    }

    fn contender(
        &self,
        encoder: Option<Arc<TextEncoder>>,
        choosing: Option<&TextEncoder>,
        folds: Vec<Fold>,
    ) -> anyhow::Result<Contender> {
        let texts = self.labelled.texts;
        Ok(Contender {
            vectors: embed_all(encoder.as_deref(), texts, "embedding train")?,
            choosing: embed_all(choosing, texts, "embedding train")?,
            out_of_scope: OutOfScope {
                embeddings: embed_all(
                    choosing.or(encoder.as_deref()),
                    self.out_of_scope,
                    "embedding out of scope",
                )?,
                texts: self.out_of_scope.to_vec(),
            },
            encoder,
            folds,
            tuning: Vec::new(),
            tuned: None,
        })
    }

    fn settle<'c>(
        &'c self,
        contender: &'c Contender,
        method: Method,
    ) -> anyhow::Result<Settled<'c>> {
        let all = contender.seen(self.labelled);
        let lessons = Lessons {
            choosing: Labelled {
                embeddings: contender.choosing.as_ref().or(all.embeddings),
                ..all
            },
            all,
            folds: &contender.folds,
            out_of_scope: &contender.out_of_scope,
        };
        let methods = method.candidates(contender.encoder.is_some());
        lessons.settle(&methods, self.params, self.budget)
    }

    fn folds(&self) -> anyhow::Result<Vec<Fold>> {
        self.labelled.folds(self.params.validation_share, self.params.seed)
    }

    fn places(&self) -> Option<Places> {
        let name = self.args.encoder.as_ref()?;
        let encoder = Registry::new(&self.args.models).encoder_folder(name);
        Some(Places { encoder, out: encoder_place(self.args) })
    }
}

impl Contender {
    /// The texts with its vectors.
    fn seen<'c>(&'c self, labelled: Labelled<'c>) -> Labelled<'c> {
        Labelled { embeddings: self.vectors.as_ref(), ..labelled }
    }

    fn describe(&self, description: HeadDescription) -> HeadDescription {
        let encoder = self.encoder.as_ref().map(|encoder| encoder.identity().clone());
        HeadDescription { encoder, ..description }
    }

    fn won(self, trained: Trained) -> Won {
        Won { trained, encoder: self.encoder, tuning: self.tuning, tuned: self.tuned }
    }
}

/// A tuned encoder in its place, and what a killed run would go on from.
pub(super) struct OnDisk {
    /// The encoder's folder; none where it was there before, since another model may read it.
    made: Option<PathBuf>,
    works: Vec<PathBuf>,
    _lock: RunLock,
}

impl OnDisk {
    /// The model is written: there is nothing more to go on to.
    ///
    /// # Errors
    /// When the disk refuses.
    pub(super) fn done(&self) -> anyhow::Result<()> {
        tune::remove(&self.works)
    }

    /// The encoder is not wanted.
    fn undo(&self) -> anyhow::Result<()> {
        self.done()?;
        let Some(made) = &self.made else { return Ok(()) };
        fs::remove_dir_all(made).with_context(|| format!("removing {}", made.display()))
    }
}
