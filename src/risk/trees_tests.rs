use super::*;
use proptest::prelude::*;

/// A tree grown by choices: columns, splits, missing directions and leaf values are drawn from `draws` in turn.
fn grown(depth: usize, columns: u32, draws: &[f64]) -> Tree {
    let mut tree = Tree::default();
    let mut draw = draws.iter().copied().cycle();
    grow(&mut tree, depth, columns, 64.0, &mut draw);
    tree
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "small numbers of a test"
)]
fn grow(
    tree: &mut Tree,
    depth: usize,
    columns: u32,
    cover: f64,
    draw: &mut impl Iterator<Item = f64>,
) -> u32 {
    let node = tree.left.len();
    let mut next = || draw.next().unwrap();
    let (column, split, missing, share, value) = (next(), next(), next(), next(), next());
    tree.column.push((column * f64::from(columns)) as u32 % columns);
    tree.split.push(split);
    tree.missing_left.push(missing < 0.5);
    tree.cover.push(cover);
    tree.left.push(0);
    tree.right.push(0);
    tree.value.push(0.0);
    if depth == 0 || value < 0.15 {
        tree.value[node] = value * 4.0 - 2.0;
    } else {
        let part = cover * (0.1 + 0.8 * share);
        tree.left[node] = grow(tree, depth - 1, columns, part, draw);
        tree.right[node] = grow(tree, depth - 1, columns, cover - part, draw);
    }
    u32::try_from(node).unwrap()
}

/// The tree's expectation when only the features of `known` are known.
fn expectation(
    tree: &Tree,
    node: usize,
    columns: &[f64],
    feature_of: &[usize],
    known: usize,
) -> f64 {
    if tree.is_leaf(node) {
        return tree.value[node];
    }
    let below = |child| expectation(tree, child, columns, feature_of, known);
    let (hot, cold) = tree.children(node, columns);
    if known >> feature_of[index(tree.column[node])] & 1 == 1 {
        below(hot)
    } else {
        tree.share(node, hot) * below(hot) + tree.share(node, cold) * below(cold)
    }
}

/// Shapley's own formula: the mean over all orders of what a feature adds to those before it.
fn brute_force(tree: &Tree, columns: &[f64], feature_of: &[usize], features: usize) -> Vec<f64> {
    #[expect(clippy::cast_precision_loss, reason = "small numbers of a test")]
    let factorial = |n: usize| (1..=n).product::<usize>() as f64;
    let value = |known| expectation(tree, 0, columns, feature_of, known);
    (0..features)
        .map(|feature| {
            (0..1_usize << features)
                .filter(|known| known >> feature & 1 == 0)
                .map(|known| {
                    let before = known.count_ones() as usize;
                    let orders = factorial(before) * factorial(features - before - 1);
                    orders / factorial(features) * (value(known | 1 << feature) - value(known))
                })
                .sum()
        })
        .collect()
}

fn any_column() -> impl Strategy<Value = f64> {
    prop_oneof![4 => 0.0..1.0f64, 1 => Just(f64::NAN)]
}

proptest! {
    #[test]
    fn shares_are_the_shapley_values_even_where_several_columns_are_one_feature(
        draws in prop::collection::vec(0.0..1.0f64, 40..160),
        depth in 0usize..6,
        columns in prop::collection::vec(any_column(), 6),
    ) {
        let feature_of = [0, 1, 2, 2, 3, 0];
        let tree = grown(depth, 6, &draws);
        let expected = brute_force(&tree, &columns, &feature_of, 4);
        let ensemble = TreeEnsemble { base: -1.0, trees: vec![tree] };
        prop_assert_eq!(ensemble.fault(6), None);
        let mut shares = vec![0.0; 4];
        TreeExplainer::new(&ensemble, &feature_of).add_shares(&columns, &mut shares);
        for (found, expected) in shares.iter().zip(&expected) {
            prop_assert!((found - expected).abs() < 1e-9, "{shares:?} {expected:?}");
        }
    }

    #[test]
    fn the_expected_output_and_all_shares_add_up_to_the_output(
        draws in prop::collection::vec(0.0..1.0f64, 40..400),
        columns in prop::collection::vec(any_column(), 12),
    ) {
        let trees = (0..4).map(|i| grown(7, 12, &draws[i * 7..])).collect();
        let ensemble = TreeEnsemble { base: 0.3, trees };
        let feature_of: Vec<usize> = (0..12).collect();
        let mut shares = vec![0.0; 12];
        TreeExplainer::new(&ensemble, &feature_of).add_shares(&columns, &mut shares);
        let sum: f64 = shares.iter().sum();
        prop_assert!((ensemble.expected() + sum - ensemble.predict(&columns)).abs() < 1e-9);
    }
}

#[test]
fn damaged_trees_are_refused_before_anything_follows_them() {
    type Damage = fn(&mut Tree);
    let sound = || grown(3, 4, &[0.9, 0.3, 0.7, 0.6, 0.8]);
    assert_eq!(TreeEnsemble { base: 0.0, trees: vec![sound()] }.fault(4), None);
    let damages: [(Damage, &str); 7] = [
        (|t| t.left[1] = 1, "after its parent"),
        (|t| t.right[0] = 900, "after its parent"),
        (|t| t.column[0] = 4, "column that is not there"),
        (|t| t.split[0] = f64::NAN, "split"),
        (|t| t.cover[1] = 0.0, "no training row"),
        (|t| t.value[2] = f64::INFINITY, "not finite"),
        (|t| t.value.truncate(1), "one length"),
    ];
    for (damage, expected) in damages {
        let mut tree = sound();
        damage(&mut tree);
        let fault = TreeEnsemble { base: 0.0, trees: vec![tree] }.fault(4).unwrap();
        assert!(fault.contains(expected), "{fault}");
    }
}

#[test]
fn a_quadrature_of_n_points_is_exact_for_products_of_2n_factors() {
    let rules = Quadratures::new();
    for features in 1..=MAX_DEPTH {
        let rule = rules.exact_for(features);
        for degree in 0..features {
            let power = i32::try_from(degree).unwrap();
            let sum: f64 = rule.iter().map(|(t, weight)| weight * t.powi(power)).sum();
            assert!((sum * (number(degree) + 1.0) - 1.0).abs() < 1e-12, "{features} {degree}");
        }
    }
}
