//! From labelled texts to a head: hold out, fit, choose, fit on everything, assemble.

use super::assemble::{Ingredients, head};
use super::choose::{Choice, ScopeChoice, choose, scope};
use super::fit_parts::{Labelled, OutOfScope, PartFit, hold_out};
use super::held_out::Fold;
use super::method::{Method, Part};
use super::params::CategoryParams;
use super::zero_shot::from_descriptions;
use anyhow::Context;
use recontact::classify::head::{HeadDescription, Scope, TextHead};

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
pub struct Lessons<'a> {
    /// The rows as they are seen while methods, shares and temperatures are chosen.
    pub choosing: Labelled<'a>,
    /// The rows as they are seen by the final fit; the same, unless an encoder was tuned on some of them.
    pub all: Labelled<'a>,
    /// What is held out while choosing.
    pub folds: &'a [Fold],
}

/// Trains a head. `description` says what is known before: encoder, labels, languages.
///
/// # Errors
/// [`crate::failure::BadInput`] when there are too few rows; else what a solver says.
pub fn train(
    lessons: &Lessons<'_>,
    out_of_scope: &OutOfScope,
    method: Method,
    mut description: HeadDescription,
    params: &CategoryParams,
) -> anyhow::Result<Trained> {
    let labelled = lessons.all;
    if method == Method::ZeroShot {
        return from_descriptions(labelled, description);
    }
    let candidates = candidates(method, labelled.embeddings.is_some());
    let mut parts: Vec<Part> =
        candidates.iter().flat_map(|method| method.parts()).copied().collect();
    parts.sort_unstable();
    parts.dedup();
    let grids: Vec<(Part, Vec<f64>)> = parts
        .into_iter()
        .map(|part| {
            let grid = params.c_grid.clone();
            (part, grid.unwrap_or_else(|| part.default_grid(labelled.texts.len())))
        })
        .collect();
    let held_out = hold_out(lessons.choosing, lessons.folds, &grids, out_of_scope)?;
    let choice = choose(&held_out, &candidates, labelled.labels)?;
    let scope = scope(&held_out, &choice, labelled.labels, params.scope_loss);

    let (view_before, fits_before) = &held_out.last;
    let chosen: Vec<Part> = choice.parts.iter().map(|part| part.part).collect();
    let view = labelled.view((0..labelled.texts.len()).collect(), &chosen)?;
    let mut fits: Vec<PartFit> = Vec::new();
    for part in &choice.parts {
        let start = fits_before.iter().find(|fit| fit.part == part.part);
        fits.push(view.fit(part.part, part.c, start.map(|fit| (view_before, fit)))?);
    }
    description.temperature = choice.temperature;
    description.scope = scope
        .map(|found| Scope { threshold: found.threshold, alone_threshold: found.alone_threshold });
    let ingredients = Ingredients {
        view: &view,
        parts: fits.iter().zip(choice.parts.iter().map(|part| part.share)).collect(),
        alone_temperature: choice.alone_temperature.unwrap_or(choice.temperature),
    };
    let (head, terms) = head(description, &ingredients).context("putting the head together")?;
    let gradient = fits.iter().map(|fit| fit.weights.gradient).fold(0.0, f64::max);
    Ok(Trained { head, terms, choice, scope, gradient })
}

/// The methods that are compared: the one asked for, or with `auto` all that there are means for.
fn candidates(method: Method, has_encoder: bool) -> Vec<Method> {
    match method {
        Method::Auto => Method::CANDIDATES
            .into_iter()
            .filter(|candidate| has_encoder || !candidate.needs_encoder())
            .collect(),
        tuned if tuned.tunes_encoder() => vec![Method::Embedding, Method::Sum],
        single => vec![single],
    }
}
