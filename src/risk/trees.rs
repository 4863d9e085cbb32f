//! Gradient-boosted trees as they serve: [`TreeEnsemble`], and the exact share of each feature in what they say.
//!
//! A feature's share is its Shapley value of the path-dependent expectation (Lundberg et al. 2020, "From local
//! explanations to global understanding with explainable AI for trees"): where a feature is not known, both branches are
//! followed in proportion to the training rows that went there. The players of the game
//! are features, not columns: several columns of one feature are known or unknown together. The shares and
//! [`TreeEnsemble::expected`] add up to the output.

use serde::{Deserialize, Serialize};
use std::sync::LazyLock;

/// A node that is no leaf has its children after itself, so a path never comes back.
const LEAF: u32 = 0;
/// Deepest tree that is accepted.
const MAX_DEPTH: usize = 32;

/// One tree, node by node; the root is node 0.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tree {
    /// The column a node looks at.
    pub column: Vec<u32>,
    /// A number below it goes left.
    pub split: Vec<f64>,
    /// The left child; 0 for a leaf.
    pub left: Vec<u32>,
    /// The right child; 0 for a leaf.
    pub right: Vec<u32>,
    /// Whether a missing number goes left.
    pub missing_left: Vec<bool>,
    /// Log-odds that a leaf adds; 0 for other nodes.
    pub value: Vec<f64>,
    /// Weight of the training rows that came through.
    pub cover: Vec<f64>,
}

/// Trees whose outputs are added up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TreeEnsemble {
    /// Log-odds before any tree.
    pub base: f64,
    /// The trees.
    pub trees: Vec<Tree>,
}

impl TreeEnsemble {
    /// Log-odds for a ticket's columns; a missing number is NaN.
    #[must_use]
    pub fn predict(&self, columns: &[f64]) -> f64 {
        self.base + self.trees.iter().map(|tree| tree.predict(columns)).sum::<f64>()
    }

    /// Log-odds of the average training row.
    #[must_use]
    pub fn expected(&self) -> f64 {
        self.base + self.trees.iter().map(|tree| tree.expected_below(0)).sum::<f64>()
    }

    /// Seen from a model file: what is wrong with the trees, if anything, for so many columns.
    #[must_use]
    pub fn fault(&self, columns: usize) -> Option<String> {
        if !self.base.is_finite() {
            return Some("the trees' base is not finite".into());
        }
        let (index, fault) = self
            .trees
            .iter()
            .enumerate()
            .find_map(|(index, tree)| Some((index, tree.fault(columns)?)))?;
        Some(format!("tree {index}: {fault}"))
    }
}

impl Tree {
    fn is_leaf(&self, node: usize) -> bool {
        self.left[node] == LEAF
    }

    /// The child that a ticket goes to, and the other one.
    fn children(&self, node: usize, columns: &[f64]) -> (usize, usize) {
        let value = columns[index(self.column[node])];
        let goes_left =
            if value.is_nan() { self.missing_left[node] } else { value < self.split[node] };
        let (left, right) = (index(self.left[node]), index(self.right[node]));
        if goes_left { (left, right) } else { (right, left) }
    }

    /// What the tree says of a ticket's columns.
    #[must_use]
    pub fn predict(&self, columns: &[f64]) -> f64 {
        let mut node = 0;
        while !self.is_leaf(node) {
            (node, _) = self.children(node, columns);
        }
        self.value[node]
    }

    /// The mean of the leaves below a node, weighed by the training rows that came there.
    #[must_use]
    pub fn expected_below(&self, node: usize) -> f64 {
        if self.is_leaf(node) {
            return self.value[node];
        }
        let children = [index(self.left[node]), index(self.right[node])];
        children.into_iter().map(|child| self.share(node, child) * self.expected_below(child)).sum()
    }

    /// The share of a node's training rows that went to a child.
    fn share(&self, node: usize, child: usize) -> f64 {
        let both = self.cover[index(self.left[node])] + self.cover[index(self.right[node])];
        self.cover[child] / both
    }

    fn fault(&self, columns: usize) -> Option<&'static str> {
        let nodes = self.left.len();
        let lengths = [
            self.column.len(),
            self.split.len(),
            self.right.len(),
            self.missing_left.len(),
            self.value.len(),
            self.cover.len(),
        ];
        if nodes == 0 || lengths.iter().any(|length| *length != nodes) {
            return Some("its lists are not of one length");
        }
        let mut depth = vec![0_usize; nodes];
        for node in 0..nodes {
            let (left, right) = (index(self.left[node]), index(self.right[node]));
            if !self.value[node].is_finite() || !self.cover[node].is_finite() {
                return Some("a number is not finite");
            }
            if self.cover[node] <= 0.0 {
                return Some("no training row came to a node");
            }
            if self.is_leaf(node) {
                continue;
            }
            if left <= node || right <= node || left >= nodes || right >= nodes || left == right {
                return Some("a child does not come after its parent");
            }
            if index(self.column[node]) >= columns {
                return Some("it looks at a column that is not there");
            }
            if !self.split[node].is_finite() {
                return Some("a split is not finite");
            }
            depth[left] = depth[node] + 1;
            depth[right] = depth[node] + 1;
            if depth[node] >= MAX_DEPTH {
                return Some("it is too deep");
            }
        }
        None
    }
}

/// A feature on the way from the root to a leaf: the share of the training rows that come this way where it is not known, and
/// whether (1 or 0) the ticket does where it is.
#[derive(Debug, Clone, Copy)]
struct Step {
    feature: usize,
    unknown: f64,
    known: f64,
}

/// Trees ready to be explained: [`TreeExplainer::add_shares`].
///
/// A leaf is reached by the product of its path's factors, each of which is `known` or `unknown`. The share of a feature is
/// the mean of what knowing it adds, over the orders in which features become known: that is the integral over t from 0 to 1
/// of `(known - unknown)` times the product over the other features of `t known + (1 - t) unknown` (Owen 1972, "Multilinear
/// extensions of games"). The product is a polynomial in t, so Gauss-Legendre quadrature of n points is exact up to 2 n features.
#[derive(Debug, Clone)]
pub struct TreeExplainer {
    /// The nodes of all trees, side by side: a ticket goes through most of them.
    nodes: Vec<Node>,
    roots: Vec<usize>,
}

/// A node of a [`Tree`] with what is the same for every ticket.
#[derive(Debug, Clone, Copy)]
struct Node {
    column: usize,
    feature: usize,
    split: f64,
    missing_left: bool,
    /// The children; the root of the first tree stands for none.
    left: usize,
    right: usize,
    left_share: f64,
    value: f64,
}

impl TreeExplainer {
    /// Prepares trees; `feature_of` says to which feature a column belongs.
    #[must_use]
    pub fn new(ensemble: &TreeEnsemble, feature_of: &[usize]) -> Self {
        let (mut nodes, mut roots) = (Vec::new(), Vec::new());
        for tree in &ensemble.trees {
            let root = nodes.len();
            roots.push(root);
            nodes.extend((0..tree.left.len()).map(|node| {
                let (left, right) = (index(tree.left[node]), index(tree.right[node]));
                let column = index(tree.column[node]);
                let is_leaf = tree.is_leaf(node);
                Node {
                    column,
                    feature: if is_leaf { 0 } else { feature_of[column] },
                    split: tree.split[node],
                    missing_left: tree.missing_left[node],
                    left: if is_leaf { 0 } else { root + left },
                    right: if is_leaf { 0 } else { root + right },
                    left_share: if is_leaf { 1.0 } else { tree.share(node, left) },
                    value: tree.value[node],
                }
            }));
        }
        Self { nodes, roots }
    }

    /// Adds to `shares` what each feature adds to the log-odds beyond [`TreeEnsemble::expected`].
    pub fn add_shares(&self, columns: &[f64], shares: &mut [f64]) {
        static RULES: LazyLock<Quadratures> = LazyLock::new(Quadratures::new);
        let rules: &Quadratures = &RULES;
        let mut walk = Walk { nodes: &self.nodes, columns, rules, path: Vec::new(), shares };
        for root in &self.roots {
            walk.descend(*root);
        }
    }
}

/// One ticket on its way through all trees.
struct Walk<'a> {
    nodes: &'a [Node],
    columns: &'a [f64],
    rules: &'a Quadratures,
    path: Vec<Step>,
    shares: &'a mut [f64],
}

impl Walk<'_> {
    /// Comes to `node`, and adds what the leaves below it give each feature.
    fn descend(&mut self, node: usize) {
        let Node { column, feature, split, missing_left, left, right, left_share, value } =
            self.nodes[node];
        if left == 0 {
            self.add_leaf(value);
            return;
        }
        let content = self.columns[column];
        let goes_left = if content.is_nan() { missing_left } else { content < split };
        let known = if goes_left { [1.0, 0.0] } else { [0.0, 1.0] };
        let earlier = self.path.iter().position(|step| step.feature == feature);
        let children = [(left, left_share, known[0]), (right, 1.0 - left_share, known[1])];
        for (child, share, known) in children {
            match earlier {
                None => {
                    self.path.push(Step { feature, unknown: share, known });
                    self.descend(child);
                    self.path.pop();
                }
                Some(at) => {
                    let before = self.path[at];
                    self.path[at].unknown *= share;
                    self.path[at].known *= known;
                    self.descend(child);
                    self.path[at] = before;
                }
            }
        }
    }

    fn add_leaf(&mut self, value: f64) {
        let mut factors = [0.0; MAX_DEPTH];
        for &(t, weight) in self.rules.exact_for(self.path.len()) {
            // No factor is zero: t lies inside of 0 to 1, and training rows came to every node.
            let mut product = weight * value;
            for (factor, step) in factors.iter_mut().zip(&self.path) {
                *factor = t * step.known + (1.0 - t) * step.unknown;
                product *= *factor;
            }
            for (factor, step) in factors.iter().zip(&self.path) {
                self.shares[step.feature] += (step.known - step.unknown) * product / factor;
            }
        }
    }
}

/// Points from 0 to 1 with their weights, by number of points.
#[derive(Debug)]
struct Quadratures(Vec<Vec<(f64, f64)>>);

impl Quadratures {
    /// The rules that the deepest tree needs.
    fn new() -> Self {
        Self((0..=MAX_DEPTH.div_ceil(2)).map(gauss_legendre).collect())
    }

    /// The rule for a path of so many features.
    fn exact_for(&self, features: usize) -> &[(f64, f64)] {
        self.0.get(features.div_ceil(2)).map_or(&[], Vec::as_slice)
    }
}

/// Points and weights of Gauss-Legendre quadrature over 0 to 1: the roots of the Legendre polynomial, found by Newton's method
/// from Tricomi's first guess (Press et al., "Numerical Recipes", section 4.6).
fn gauss_legendre(points: usize) -> Vec<(f64, f64)> {
    let rule = |index: usize| {
        let mut x = (std::f64::consts::PI * (number(index) + 0.75) / (number(points) + 0.5)).cos();
        let mut slope = 1.0;
        for _ in 0..8 {
            let (mut last, mut value) = (0.0, 1.0);
            for degree in 0..points {
                let n = number(degree);
                (last, value) = (value, ((2.0 * n + 1.0) * x * value - n * last) / (n + 1.0));
            }
            slope = number(points) * (x * value - last) / (x * x - 1.0);
            x -= value / slope;
        }
        (0.5 * (1.0 - x), 1.0 / ((1.0 - x * x) * slope * slope))
    };
    (0..points).map(rule).collect()
}

fn index(node: u32) -> usize {
    usize::try_from(node).unwrap_or(usize::MAX)
}

#[expect(clippy::cast_precision_loss, reason = "the depth of a tree")]
fn number(depth: usize) -> f64 {
    depth as f64
}

#[cfg(test)]
#[path = "trees_tests.rs"]
mod tests;
