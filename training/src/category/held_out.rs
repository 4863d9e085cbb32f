//! Rows that a fit does not see: on them methods are chosen, scores added up and probabilities calibrated.

use super::data::stratified;
use crate::bad_input;

/// Up to so many texts, every text is held out once; of more, so many at least.
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

/// Cuts rows into folds, each label's rows spread evenly. Of many rows, each fold holds out `share`, and there are as many
/// folds as it takes to hold out [`FEW_TEXTS`]: fewer leave a temperature to chance.
///
/// # Errors
/// [`crate::failure::BadInput`] when there are too few rows to hold any out.
#[expect(clippy::cast_precision_loss, reason = "a number of folds")]
pub fn folds(y: &[usize], share: f64, seed: u64) -> anyhow::Result<Vec<Fold>> {
    let share = if y.len() > FEW_TEXTS { share } else { 1.0 / FOLDS as f64 };
    let mut rest: Vec<usize> = (0..y.len()).collect();
    let mut folds = Vec::new();
    let mut held_out = 0;
    for number in 0_u64.. {
        // What is left of the rows, in folds; the last one takes everything.
        let left = 1.0 / share - number as f64;
        if left < 0.5 || held_out >= FEW_TEXTS {
            break;
        }
        let labels: Vec<usize> = rest.iter().map(|&row| y[row]).collect();
        let (stay, taken) = stratified(&labels, 1.0 / left.max(1.0), seed.wrapping_add(number));
        let rows = |places: Vec<usize>| places.into_iter().map(|at| rest[at]).collect::<Vec<_>>();
        let (stay, taken) = (rows(stay), rows(taken));
        // `stratified` never takes the whole of a label.
        let fold = fold_without(if left < 1.5 { rest.clone() } else { taken }, y);
        rest = stay;
        held_out += fold.held_out.len();
        folds.push(fold);
    }
    folds.retain(|fold| !fold.held_out.is_empty());
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
    fn of_many_rows_enough_are_held_out_a_share_at_a_time() {
        for (rows, expected) in [(4000, 8), (10_000, 3), (40_000, 1)] {
            let y: Vec<usize> = (0..rows).map(|row| row % 4).collect();
            let folds = folds(&y, 0.1, 42).unwrap();
            assert_eq!(folds.len(), expected);
            let mut held_out: Vec<usize> = folds.iter().flat_map(|f| f.held_out.clone()).collect();
            assert_eq!(held_out.len(), expected * rows / 10);
            held_out.sort_unstable();
            held_out.dedup();
            assert_eq!(held_out.len(), expected * rows / 10, "no row twice");
        }
    }
}
