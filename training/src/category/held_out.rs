//! Rows that a fit does not see: on them methods are chosen, scores added up and probabilities calibrated.

use super::data::stratified;
use crate::bad_input;

/// Up to so many texts, every text is held out once ([`FOLDS`] fits); above, a share of the texts is enough.
pub const FEW_TEXTS: usize = 3000;
/// Parts into which few texts are cut.
const FOLDS: usize = 5;

/// Rows to fit on and rows to score.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fold {
    /// Rows that the fit sees.
    pub fit: Vec<usize>,
    /// Rows that it does not see.
    pub held_out: Vec<usize>,
}

/// Cuts rows into folds, each label's rows spread evenly; `share` is the part held out where there are many.
///
/// # Errors
/// [`crate::failure::BadInput`] when there are too few rows to hold any out.
pub fn folds(y: &[usize], share: f64, seed: u64) -> anyhow::Result<Vec<Fold>> {
    if y.len() > FEW_TEXTS {
        let (fit, held_out) = stratified(y, share, seed);
        if held_out.is_empty() {
            return Err(bad_input!(
                "too few rows to keep a share of {share} of each label for validation"
            ));
        }
        return Ok(vec![Fold { fit, held_out }]);
    }
    let mut rest: Vec<usize> = (0..y.len()).collect();
    let mut parts = Vec::new();
    for left in (1..=FOLDS).rev() {
        let labels: Vec<usize> = rest.iter().map(|&row| y[row]).collect();
        #[expect(clippy::cast_precision_loss, reason = "a number of folds")]
        let (stay, taken) = stratified(&labels, 1.0 / left as f64, seed.wrapping_add(left as u64));
        let rows = |places: Vec<usize>| places.into_iter().map(|at| rest[at]).collect::<Vec<_>>();
        let (stay, taken) = (rows(stay), rows(taken));
        // The last fold takes everything; `stratified` never takes the whole of a label.
        parts.push(if left == 1 { rest.clone() } else { taken });
        rest = stay;
    }
    let folds = parts.into_iter().map(|part| fold_without(part, y));
    let folds: Vec<Fold> = folds.filter(|fold| !fold.held_out.is_empty()).collect();
    if folds.is_empty() {
        return Err(bad_input!("too few rows of each label to hold any out for validation"));
    }
    Ok(folds)
}

/// Holds rows out, but none whose label would have no other row left.
fn fold_without(mut held_out: Vec<usize>, y: &[usize]) -> Fold {
    let labels = y.iter().max().map_or(0, |largest| largest + 1);
    let mut left = vec![0_usize; labels];
    y.iter().for_each(|&label| left[label] += 1);
    held_out.iter().for_each(|&row| left[y[row]] -= 1);
    held_out.retain(|&row| left[y[row]] > 0);
    let is_out = |row: &usize| held_out.binary_search(row).is_ok();
    Fold { fit: (0..y.len()).filter(|row| !is_out(row)).collect(), held_out }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_rows_are_held_out_once_each_and_every_label_stays_in_every_fit() {
        let y: Vec<usize> = (0..53).map(|row| row % 9).collect();
        let folds = folds(&y, 0.1, 42).unwrap();
        let mut held_out: Vec<usize> =
            folds.iter().flat_map(|fold| fold.held_out.clone()).collect();
        held_out.sort_unstable();
        assert_eq!(held_out, (0..53).collect::<Vec<_>>());
        for fold in &folds {
            assert_eq!(fold.fit.len() + fold.held_out.len(), 53);
            assert!((0..9).all(|label| fold.fit.iter().any(|&row| y[row] == label)));
        }
    }

    #[test]
    fn of_many_rows_a_share_is_held_out() {
        let y: Vec<usize> = (0..4000).map(|row| row % 4).collect();
        let folds = folds(&y, 0.1, 42).unwrap();
        assert_eq!((folds.len(), folds[0].held_out.len()), (1, 400));
    }
}
