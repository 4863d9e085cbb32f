//! Fitting the linear models of a method: once for each fold, once on all rows.

use super::budget::Budget;
use super::design::Design;
use super::fit::TrainingRows;
use super::held_out::{Fold, folds};
use super::method::Part;
use super::multinomial::{Problem, TOLERANCE, Weights};
use super::stack::{Scores, stack};
use super::vocabulary::Vocabulary;
use crate::progress::FitBar;
use ndarray::{Array1, Array2, Axis};
use recontact::classify::lexical::SparseVector;
use recontact::contact::ContactText;
use std::collections::HashMap;

/// How much embeddings count against terms where both stand in one row: lexical rows are of length √2, embeddings of 1.
pub const JOINT_EMBEDDING_SCALE: f64 = 2.0;

/// Most rows times labels times numbers of an embedding that linfa is given: half a minute on one core.
const MOST_FOR_LINFA: usize = 100_000_000;

/// Labelled texts and what is known of them.
#[derive(Debug, Clone, Copy)]
pub struct Labelled<'a> {
    /// The texts.
    pub texts: &'a [ContactText],
    /// The label of each, below `labels`.
    pub y: &'a [usize],
    /// How many of the last rows are names of labels, which are learnt from and never held out.
    pub names: usize,
    /// Number of labels.
    pub labels: usize,
    /// Embeddings of the texts, where there is an encoder.
    pub embeddings: Option<&'a Array2<f64>>,
    /// Most weights of the lexical part: terms times labels.
    pub most_weights: usize,
    /// Where the fits tell how far they are.
    pub fits: &'a FitBar,
}

/// The rows of one fit, as its parts see them.
pub struct View<'a> {
    rows: Vec<usize>,
    of: Labelled<'a>,
    /// The terms chosen from these rows, and their counts; none without a lexical part.
    pub lexical: Option<(Vocabulary, Vec<SparseVector>)>,
}

/// A fitted part.
#[derive(Debug, Clone)]
pub struct PartFit {
    /// Which.
    pub part: Part,
    /// Inverse regularisation strength.
    pub c: f64,
    /// Its weights: terms first, then the embedding's numbers, then the biases.
    pub weights: Weights,
}

impl<'a> Labelled<'a> {
    /// What is held out of these rows, by [`folds`].
    ///
    /// # Errors
    /// As there.
    pub fn folds(&self, share: f64, seed: u64) -> anyhow::Result<Vec<Fold>> {
        let texts = self.y.len() - self.names;
        let mut folds = folds(&self.y[..texts], share, seed)?;
        folds.iter_mut().for_each(|fold| fold.fit.extend(texts..self.y.len()));
        Ok(folds)
    }

    /// These rows, with the terms that the parts need chosen from them.
    ///
    /// # Errors
    /// See [`Vocabulary::choose`].
    pub fn view(self, rows: Vec<usize>, parts: &[Part]) -> anyhow::Result<View<'a>> {
        let mut lexical = None;
        if parts.iter().any(|part| part.has_terms()) {
            let texts: Vec<ContactText> = rows.iter().map(|&row| self.texts[row].clone()).collect();
            let most_terms = (self.most_weights / self.labels).max(1);
            let vocabulary = Vocabulary::choose(&texts, most_terms)?;
            let vectors = vectors(&vocabulary, &texts);
            lexical = Some((vocabulary, vectors));
        }
        Ok(View { rows, of: self, lexical })
    }

    /// Scores of rows outside the view by a part that was fitted on it.
    #[must_use]
    pub fn scores(&self, view: &View<'_>, fit: &PartFit, rows: &[usize]) -> Scores {
        let x = self.embeddings.map(|x| x.select(Axis(0), rows));
        let texts: Vec<ContactText> = rows.iter().map(|&row| self.texts[row].clone()).collect();
        view.scores(fit, &texts, x.as_ref())
    }
}

impl View<'_> {
    /// Fits a part, starting from an earlier fit of the same part where there is one.
    ///
    /// # Errors
    /// When the solver fails or does not come to rest.
    pub fn fit(
        &self,
        part: Part,
        c: f64,
        start: Option<(&View<'_>, &PartFit)>,
    ) -> anyhow::Result<PartFit> {
        let weights = self.of.fits.fit(part.fitted(), |told| match part {
            Part::Embedding if self.is_small() => self.fit_embedding(c, start.map(|(_, fit)| fit)),
            Part::Embedding | Part::Lexical | Part::Joint => {
                let start = start.map(|(view, fit)| self.carried_over(view, fit));
                self.fit_sparse(part, c, start.as_ref(), told)
            }
        })?;
        Ok(PartFit { part, c, weights })
    }

    /// Scores of any texts, given with their embeddings where there is an encoder.
    #[must_use]
    pub fn scores(
        &self,
        fit: &PartFit,
        texts: &[ContactText],
        embeddings: Option<&Array2<f64>>,
    ) -> Scores {
        let counted = self.lexical.as_ref().filter(|_| fit.part.has_terms());
        let vectors = counted.map(|(vocabulary, _)| vectors(vocabulary, texts));
        let design = design(fit.part, vectors.as_deref(), self.terms(fit.part), embeddings);
        fit.weights.scores(&design)
    }

    fn terms(&self, part: Part) -> usize {
        let counted = self.lexical.as_ref().filter(|_| part.has_terms());
        counted.map_or(0, |(vocabulary, _)| vocabulary.terms.len())
    }

    /// Whether linfa, which computes in double precision on one core, does it soon enough.
    fn is_small(&self) -> bool {
        let dimension = self.of.embeddings.map_or(0, Array2::ncols);
        self.rows.len() * self.of.labels * dimension <= MOST_FOR_LINFA
    }

    /// linfa's logistic regression on the embeddings.
    #[expect(clippy::cast_possible_truncation, reason = "weights are kept in single precision")]
    fn fit_embedding(&self, c: f64, start: Option<&PartFit>) -> anyhow::Result<Weights> {
        let x = self.embeddings().unwrap_or_default();
        let rows = TrainingRows { x, y: Array1::from(self.y()), labels: self.of.labels };
        let start = start.map(|fit| super::fit::MultinomialFit::from_weights(&fit.weights));
        let fitted = rows.fit(c, start.as_ref())?;
        let values = fitted.weights.iter().chain(&fitted.biases).map(|x| *x as f32).collect();
        Ok(Weights { values, labels: self.of.labels, gradient: fitted.gradient })
    }

    fn fit_sparse(
        &self,
        part: Part,
        c: f64,
        start: Option<&Weights>,
        told: &dyn Fn(f64, f64),
    ) -> anyhow::Result<Weights> {
        let (kept, weight) = self.unique_rows();
        let x = self.embeddings().filter(|_| part.has_embeddings());
        let vectors = self.lexical.as_ref().map(|(_, vectors)| vectors.as_slice());
        let design = design(part, vectors, self.terms(part), x.as_ref()).select(&kept);
        let y = self.y();
        let y: Vec<usize> = kept.iter().map(|&row| y[row]).collect();
        let problem =
            Problem { design: &design, y: &y, weight: &weight, labels: self.of.labels, c };
        problem.fit(start, |_, gradient| told(gradient, TOLERANCE))
    }

    /// A fit over the terms of another view, as one over the terms of this one.
    fn carried_over(&self, view: &View<'_>, fit: &PartFit) -> Weights {
        let labels = self.of.labels;
        let (terms, terms_before) = (self.terms(fit.part), view.terms(fit.part));
        let mut values = vec![0.0; terms * labels];
        if let (Some((now, _)), Some((before, _))) = (&self.lexical, &view.lexical)
            && fit.part.has_terms()
        {
            let key = |vocabulary: &Vocabulary, at: usize| at < vocabulary.words;
            let numbered = before.terms.iter().enumerate();
            let known: HashMap<(bool, &str), usize> =
                numbered.map(|(at, term)| ((key(before, at), term.as_str()), at)).collect();
            for (at, term) in now.terms.iter().enumerate() {
                if let Some(&from) = known.get(&(key(now, at), term.as_str())) {
                    values[at * labels..(at + 1) * labels].copy_from_slice(fit.weights.row(from));
                }
            }
        }
        values.extend_from_slice(&fit.weights.values[terms_before * labels..]);
        Weights { values, labels, gradient: f64::INFINITY }
    }

    fn embeddings(&self) -> Option<Array2<f64>> {
        self.of.embeddings.map(|x| x.select(Axis(0), &self.rows))
    }

    fn y(&self) -> Vec<usize> {
        self.rows.iter().map(|&row| self.of.y[row]).collect()
    }

    /// The first of the rows that say the same, and how often each is said.
    fn unique_rows(&self) -> (Vec<usize>, Vec<f32>) {
        let mut place = HashMap::new();
        let (mut kept, mut weight) = (Vec::new(), Vec::new());
        for (at, &row) in self.rows.iter().enumerate() {
            let key = (self.of.texts[row].as_str(), self.of.y[row]);
            let index = *place.entry(key).or_insert_with(|| {
                kept.push(at);
                weight.push(0.0);
                kept.len() - 1
            });
            weight[index] += 1.0;
        }
        (kept, weight)
    }
}

/// What the parts say of the rows that their fits did not see.
pub struct HeldOut<'a> {
    /// The rows, fold after fold.
    pub rows: Vec<usize>,
    /// The label of each.
    pub truth: Vec<usize>,
    /// The scores by each part.
    pub scores: HashMap<Part, Scores>,
    /// The scores of the joint part by words alone.
    pub joint_alone: Scores,
    /// Scores of the texts that are about none of the labels, by the last fold's fits.
    pub out_of_scope: HashMap<Part, Scores>,
    /// The view and the fits of the last fold: where the fit on all rows starts.
    pub last: (View<'a>, Vec<PartFit>),
    /// Why the joint part was left out, where the budget did not allow it.
    pub left_out: Option<String>,
}

/// Texts about none of the labels, with their embeddings where there is an encoder.
#[derive(Debug, Clone, Default)]
pub struct OutOfScope {
    /// The texts.
    pub texts: Vec<ContactText>,
    /// Their embeddings.
    pub embeddings: Option<Array2<f64>>,
}

/// Fits the parts on every fold and scores the rows that are held out. Where a grid has several strengths, the one with the
/// least log loss on the first fold is taken. The joint part is left out where the others were fitted and the budget does not
/// allow it besides.
///
/// # Errors
/// When a solver fails.
pub fn hold_out<'a>(
    labelled: Labelled<'a>,
    folds: &[Fold],
    parts: &[(Part, Vec<f64>)],
    out_of_scope: &OutOfScope,
    budget: Budget<'_>,
) -> anyhow::Result<HeldOut<'a>> {
    let names: Vec<Part> = parts.iter().map(|(part, _)| *part).collect();
    let mut found = HeldOut {
        rows: Vec::new(),
        truth: Vec::new(),
        scores: HashMap::new(),
        joint_alone: Vec::new(),
        out_of_scope: HashMap::new(),
        last: (labelled.view(Vec::new(), &[])?, Vec::new()),
        left_out: None,
    };
    let fits_to_come = count(folds.len());
    for (part, grid) in parts {
        // Every strength on the first fold, then one on each other fold and on all rows.
        labelled.fits.expect(part.fitted(), grid.len() + folds.len());
    }
    for (number, fold) in folds.iter().enumerate() {
        let view = labelled.view(fold.fit.clone(), &names)?;
        let mut fits = Vec::new();
        let begun = budget.spent();
        let strengths = count(parts.iter().map(|(_, grid)| grid.len()).max().unwrap_or(1)).max(1);
        for (part, grid) in parts {
            if *part == Part::Joint && number == 0 && !fits.is_empty() {
                // It takes about as long as the others together: now with every strength; then, as they do, with one strength on
                // each other fold and on all rows.
                let others = budget.spent().saturating_sub(begun);
                found.left_out =
                    budget.check(others + others / strengths * (2 * fits_to_come)).err();
            }
            if *part == Part::Joint && found.left_out.is_some() {
                labelled.fits.at_most(part.fitted(), 0);
                continue;
            }
            let fit = match found.last.1.iter().find(|fit| fit.part == *part) {
                None => best_of_grid(&view, *part, grid, fold)?,
                Some(before) => view.fit(*part, before.c, Some((&found.last.0, before)))?,
            };
            let scores = labelled.scores(&view, &fit, &fold.held_out);
            found.scores.entry(*part).or_default().extend(scores);
            if number + 1 == folds.len() {
                let x = out_of_scope.embeddings.as_ref();
                found.out_of_scope.insert(*part, view.scores(&fit, &out_of_scope.texts, x));
            }
            if *part == Part::Joint {
                let texts: Vec<ContactText> =
                    fold.held_out.iter().map(|&row| labelled.texts[row].clone()).collect();
                found.joint_alone.extend(view.scores(&fit, &texts, None));
            }
            fits.push(fit);
        }
        found.rows.extend(&fold.held_out);
        found.last = (view, fits);
    }
    found.truth = found.rows.iter().map(|&row| labelled.y[row]).collect();
    Ok(found)
}

/// The strength of a grid with the least log loss on the held-out rows, each under the temperature that suits it best.
fn best_of_grid(view: &View<'_>, part: Part, grid: &[f64], fold: &Fold) -> anyhow::Result<PartFit> {
    let mut grid = grid.to_vec();
    grid.sort_by(f64::total_cmp);
    let truth: Vec<usize> = fold.held_out.iter().map(|&row| view.of.y[row]).collect();
    let mut best: Option<(f64, PartFit)> = None;
    let mut before: Option<PartFit> = None;
    for c in grid {
        let fit = view.fit(part, c, before.as_ref().map(|fit| (view, fit)))?;
        let scores = view.of.scores(view, &fit, &fold.held_out);
        let loss = stack(&[&scores], &truth, view.of.labels).log_loss;
        if best.as_ref().is_none_or(|(least, _)| loss < *least) {
            best = Some((loss, fit.clone()));
        }
        before = Some(fit);
    }
    best.map(|(_, fit)| fit).ok_or_else(|| anyhow::anyhow!("the grid of strengths is empty"))
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn vectors(vocabulary: &Vocabulary, texts: &[ContactText]) -> Vec<SparseVector> {
    texts.iter().map(|text| vocabulary.features.vector(text.as_str())).collect()
}

fn design(
    part: Part,
    vectors: Option<&[SparseVector]>,
    terms: usize,
    embeddings: Option<&Array2<f64>>,
) -> Design {
    let scale = if part == Part::Joint { JOINT_EMBEDDING_SCALE } else { 1.0 };
    let embeddings = embeddings.filter(|_| part.has_embeddings()).map(|x| (x, scale));
    Design::new(vectors.filter(|_| part.has_terms()).map(|vectors| (vectors, terms)), embeddings)
}
