//! From labelled texts to a head: hold out, fit, choose, fit on everything, assemble.

use super::assemble::{Ingredients, head};
use super::beside::TunedBeside;
use super::budget::{Budget, NotTried};
use super::choose::{Choice, ScopeChoice, choose, row_results, scope};
use super::fit_parts::{HeldOut, Labelled, OutOfScope, PartFit, hold_out};
use super::held_out::Fold;
use super::method::{Method, Part};
use super::params::CategoryParams;
use anyhow::Context;
use recontact::classify::head::{HeadDescription, Scope, TextHead};
use std::collections::BTreeSet;

/// A trained head and how it came about.
pub struct Trained {
    /// The head.
    pub head: TextHead,
    /// The terms of its lexical part, for the weights file.
    pub terms: Vec<String>,
    /// What was chosen.
    pub choice: Choice,
    /// Where the scope ends, if anywhere.
    pub scope: Option<ScopeChoice>,
    /// Largest component of the gradient of the mean loss of any part.
    pub gradient: f64,
}

/// What a head is learnt from.
#[derive(Clone, Copy)]
pub struct Lessons<'a> {
    /// The rows as they are seen while methods, shares and temperatures are chosen.
    pub choosing: Labelled<'a>,
    /// The rows as they are seen by the final fit; the same, unless an encoder was tuned on some of them.
    pub all: Labelled<'a>,
    /// What is held out while choosing.
    pub folds: &'a [Fold],
    /// Texts about none of the labels, as they are seen while choosing.
    pub out_of_scope: &'a OutOfScope,
}

/// What was chosen on rows held out, before the fit on all rows.
pub struct Settled<'a> {
    all: Labelled<'a>,
    held_out: HeldOut<'a>,
    /// Method, parts and temperatures.
    pub choice: Choice,
    /// Where the scope ends, if anywhere.
    pub scope: Option<ScopeChoice>,
}

impl<'a> Lessons<'a> {
    /// Compares methods on rows that the fits do not see.
    ///
    /// # Errors
    /// [`crate::failure::BadInput`] when there are too few rows; else what a solver says.
    pub fn settle(
        &self,
        methods: &[Method],
        params: &CategoryParams,
        budget: Budget<'_>,
    ) -> anyhow::Result<Settled<'a>> {
        let grids = grids(methods, params, self.all.texts.len() - self.all.names);
        let held_out = hold_out(self.choosing, self.folds, &grids, self.out_of_scope, budget)?;
        let (methods, left_out): (Vec<Method>, Vec<Method>) = methods.iter().partition(|method| {
            method.parts().iter().all(|part| held_out.scores.contains_key(part))
        });
        let labels = self.all.labels;
        let mut choice = choose(&held_out, &methods, labels)?;
        let reason = held_out.left_out.as_deref().unwrap_or_default();
        choice.not_tried = left_out
            .into_iter()
            .map(|method| NotTried { method, reason: reason.to_owned() })
            .collect();
        let scope = scope(&held_out, &choice, labels, params.scope_loss);
        Ok(Settled { all: self.all, held_out, choice, scope })
    }
}

impl Settled<'_> {
    /// Fits what was chosen on all rows. `description` says what is known before: encoder, labels, languages.
    ///
    /// # Errors
    /// What a solver says.
    pub fn fit(self, mut description: HeadDescription) -> anyhow::Result<Trained> {
        let Self { all, choice, scope, .. } = self;
        let (view_before, fits_before) = &self.held_out.last;
        let chosen: Vec<Part> = choice.parts.iter().map(|part| part.part).collect();
        for part in [Part::Embedding, Part::Lexical, Part::Joint] {
            all.fits.at_most(part.fitted(), usize::from(chosen.contains(&part)));
        }
        let view = all.view((0..all.texts.len()).collect(), &chosen)?;
        let mut fits: Vec<PartFit> = Vec::new();
        for part in &choice.parts {
            let start = fits_before.iter().find(|fit| fit.part == part.part);
            fits.push(view.fit(part.part, part.c, start.map(|fit| (view_before, fit)))?);
        }
        description.temperature = choice.temperature;
        description.scope = scope.map(|found| Scope {
            threshold: found.threshold,
            alone_threshold: found.alone_threshold,
        });
        let ingredients = Ingredients {
            view: &view,
            parts: fits.iter().zip(choice.parts.iter().map(|part| part.share)).collect(),
            alone_temperature: choice.alone_temperature.unwrap_or(choice.temperature),
        };
        let (head, terms) = head(description, &ingredients).context("putting the head together")?;
        let gradient = fits.iter().map(|fit| fit.weights.gradient).fold(0.0, f64::max);
        Ok(Trained { head, terms, choice, scope, gradient })
    }

    /// This beside another one, on the rows that both held out. Shares and temperatures of both are settled anew on just these
    /// rows, so that neither is fitted to them more than the other.
    #[must_use]
    pub fn beside(&self, method: Method, simpler: &Self) -> TunedBeside {
        let own: BTreeSet<usize> = self.held_out.rows.iter().copied().collect();
        let common: BTreeSet<usize> =
            simpler.held_out.rows.iter().copied().filter(|row| own.contains(row)).collect();
        let labels = self.all.labels;
        let results = |of: &Self| row_results(&of.held_out, &of.choice, &common, labels);
        let pairs: Vec<_> = results(self).into_iter().zip(results(simpler)).collect();
        TunedBeside::of(method, simpler.choice.method, &pairs)
    }
}

/// The parts that the methods need, each with the strengths to try.
fn grids(methods: &[Method], params: &CategoryParams, texts: usize) -> Vec<(Part, Vec<f64>)> {
    let mut parts: Vec<Part> = methods.iter().flat_map(|method| method.parts()).copied().collect();
    parts.sort_unstable();
    parts.dedup();
    let grid = |part: Part| params.c_grid.clone().unwrap_or_else(|| part.default_grid(texts));
    parts.into_iter().map(|part| (part, grid(part))).collect()
}
