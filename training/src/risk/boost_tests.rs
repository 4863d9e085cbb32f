use super::*;

/// Rows whose outcome depends on two columns together; every fifth first number is missing.
#[expect(clippy::cast_precision_loss, reason = "small numbers of a test")]
fn rows(count: usize) -> (Columns, Vec<bool>) {
    let mut trees = vec![0.0; count * 3];
    let mut positive = Vec::new();
    for row in 0..count {
        let (a, b) = ((row * 37 % 101) as f64, (row * 53 % 97) as f64);
        trees[row] = if row % 5 == 0 { f64::NAN } else { a };
        trees[count + row] = b;
        trees[2 * count + row] = f64::from(u8::from(row % 2 == 0));
        positive.push((a > 50.0) != (b > 40.0) && row % 5 != 0);
    }
    let linear = ndarray::Array2::zeros((count, 0));
    (Columns { linear, trees, rows: count, tree_columns: 3 }, positive)
}

fn params() -> TreeParams {
    TreeParams {
        learning_rate: 0.2,
        min_leaf_weight: 1.0,
        column_share: 1.0,
        ..TreeParams::default()
    }
}

#[test]
fn the_converted_trees_say_what_forust_says() {
    let (columns, positive) = rows(800);
    let outcomes: Vec<f64> = positive.iter().map(|p| f64::from(u8::from(*p))).collect();
    let shape = BoostShape { leaves: 6, rounds: 20 };
    let booster = boosted(&columns, &outcomes, base(&outcomes), shape, &params(), 7).unwrap();
    let matrix = Matrix::new(&columns.trees, columns.rows, columns.tree_columns);
    let expected = booster.predict(&matrix, false);
    let ensemble = fit(&columns, &positive, shape, &params(), 7, 1, |fit| fit()).unwrap();
    assert_eq!(ensemble.fault(3), None);
    for (found, expected) in columns.tree_logits(&ensemble).iter().zip(expected) {
        assert!((found - expected).abs() < 1e-4, "{found} {expected}");
    }
}

#[test]
fn trees_learn_what_two_columns_say_together_and_are_the_same_for_a_seed() {
    let (columns, positive) = rows(2000);
    let shape = BoostShape { leaves: 6, rounds: 60 };
    let ensemble = fit(&columns, &positive, shape, &params(), 7, 2, |fit| fit()).unwrap();
    let auc = crate::metrics::roc_auc(&columns.tree_logits(&ensemble), &positive).unwrap();
    assert!(auc > 0.95, "{auc}");
    assert_eq!(ensemble, fit(&columns, &positive, shape, &params(), 7, 2, |fit| fit()).unwrap());
    assert_ne!(ensemble, fit(&columns, &positive, shape, &params(), 8, 2, |fit| fit()).unwrap());
}
