use super::super::fit::TrainingRows;
use super::*;
use ndarray::{Array1, Array2};

/// Rows of three numbers around three centres, the same on every machine.
fn rows() -> (Array2<f64>, Vec<usize>) {
    let x = Array2::from_shape_fn((60, 3), |(row, column)| {
        let noise = f64::from(u32::try_from((row * 7 + column * 13) % 11).unwrap()) / 11.0;
        noise + if row % 3 == column { 1.0 } else { 0.0 }
    });
    (x, (0..60).map(|row| if row % 10 == 9 { (row + 1) % 3 } else { row % 3 }).collect())
}

fn fit(design: &Design, y: &[usize], weight: &[f32], c: f64) -> Weights {
    Problem { design, y, weight, labels: 3, c }.fit(None, |_, _| {}).unwrap()
}

#[test]
fn the_solution_is_that_of_linfa() {
    let (x, y) = rows();
    let expected = TrainingRows { x: x.clone(), y: Array1::from(y.clone()), labels: 3 };
    let expected = expected.fit(10.0, None).unwrap();
    let fitted = fit(&Design::new(None, Some((&x, 1.0))), &y, &[1.0; 60], 10.0);
    assert!(fitted.gradient <= TOLERANCE);
    for (feature, row) in expected.weights.rows().into_iter().enumerate() {
        for (weight, expected) in fitted.row(feature).iter().zip(row) {
            assert!((f64::from(*weight) - expected).abs() < 5e-3, "{fitted:?}");
        }
    }
    // Biases are free: only their differences are determined.
    let difference = f64::from(fitted.biases()[0] - fitted.biases()[1]);
    assert!((difference - (expected.biases[0] - expected.biases[1])).abs() < 5e-3);
}

#[test]
fn a_row_that_counts_twice_is_a_row_that_stands_twice() {
    let (x, y) = rows();
    let design = Design::new(None, Some((&x, 1.0)));
    let twice: Vec<usize> = (0..60).chain(0..30).collect();
    let doubled: Vec<usize> = twice.iter().map(|&row| y[row]).collect();
    let apart = fit(&design.select(&twice), &doubled, &[1.0; 90], 10.0);
    let mut weight = vec![2.0; 30];
    weight.extend([1.0; 30]);
    let together = fit(&design, &y, &weight, 10.0);
    for (a, b) in apart.values.iter().zip(&together.values) {
        assert!((a - b).abs() < 5e-3, "{a} {b}");
    }
}

#[test]
fn a_second_fit_from_the_first_takes_no_step() {
    let (x, y) = rows();
    let design = Design::new(None, Some((&x, 1.0)));
    let first = fit(&design, &y, &[1.0; 60], 1.0);
    let problem = Problem { design: &design, y: &y, weight: &[1.0; 60], labels: 3, c: 1.0 };
    let mut steps = 0;
    let second = problem.fit(Some(&first), |step, _| steps = step).unwrap();
    assert!(steps <= 1, "{steps}");
    assert_eq!(second.values.len(), first.values.len());
}

#[test]
fn a_label_without_rows_becomes_unlikely_and_the_fit_still_comes_to_rest() {
    let (x, mut y) = rows();
    y.iter_mut().filter(|label| **label == 2).for_each(|label| *label = 0);
    let design = Design::new(None, Some((&x, 1.0)));
    let fitted = fit(&design, &y, &[1.0; 60], 1.0);
    let scores = fitted.scores(&design);
    assert!(scores.chunks_exact(3).all(|row| row[2] < row[0].max(row[1])));
}
