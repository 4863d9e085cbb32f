//! Gradient-boosted trees as they serve: [`TreeEnsemble`], and the exact share of each feature in what they say.
//!
//! A feature's share is its Shapley value of the path-dependent expectation (Lundberg et al. 2020, "From local
//! explanations to global understanding with explainable AI for trees", algorithm 2, "TreeSHAP"): where a feature is
//! not known, both branches are followed in proportion to the training rows that went there. The players of the game
//! are features, not columns: several columns of one feature are known or unknown together. The shares and
//! [`TreeEnsemble::expected`] add up to the output.

use serde::{Deserialize, Serialize};

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

    /// Adds to `shares` what each feature adds to the log-odds beyond [`TreeEnsemble::expected`]; `feature_of` says to
    /// which feature a column belongs.
    pub fn add_shares(&self, columns: &[f64], feature_of: &[usize], shares: &mut [f64]) {
        let mut explainer = Explainer::default();
        for tree in &self.trees {
            explainer.explain(tree, columns, feature_of, shares);
        }
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

/// One feature on the way from the root: the share of the subsets in which it is unknown and known that come this way,
/// and the weight of the subsets of each size.
#[derive(Debug, Clone, Copy, Default)]
struct Step {
    feature: usize,
    zero: f64,
    one: f64,
    weight: f64,
}

/// Works out shares; holds the path's memory, so that one allocation serves all trees.
#[derive(Debug, Default)]
struct Explainer {
    path: Vec<Step>,
}

/// No feature: the step before the root.
const NONE: usize = usize::MAX;

impl Explainer {
    fn explain(&mut self, tree: &Tree, columns: &[f64], feature_of: &[usize], shares: &mut [f64]) {
        self.path.clear();
        let root = Step { feature: NONE, zero: 1.0, one: 1.0, weight: 0.0 };
        self.descend(&Case { tree, columns, feature_of }, 0, 0, root, shares);
    }

    /// Comes to `node` over `step`; the steps so far are `path[from..]`.
    fn descend(
        &mut self,
        case: &Case<'_>,
        node: usize,
        from: usize,
        step: Step,
        shares: &mut [f64],
    ) {
        let tree = case.tree;
        self.extend(from, step);
        if tree.is_leaf(node) {
            for at in from + 1..self.path.len() {
                let weight = self.unwound_sum(from, at);
                let step = self.path[at];
                shares[step.feature] += weight * (step.one - step.zero) * tree.value[node];
            }
            return;
        }
        let feature = case.feature_of[index(tree.column[node])];
        let (mut zero, mut one) = (1.0, 1.0);
        let known = (from + 1..self.path.len()).find(|at| self.path[*at].feature == feature);
        if let Some(at) = known {
            (zero, one) = (self.path[at].zero, self.path[at].one);
            self.unwind(from, at);
        }
        let (hot, cold) = tree.children(node, case.columns);
        let end = self.path.len();
        for (child, one) in [(hot, one), (cold, 0.0)] {
            // Each branch works on its own copy of the path, put behind the present one.
            self.path.extend_from_within(from..end);
            let zero = zero * tree.share(node, child);
            self.descend(case, child, end, Step { feature, zero, one, weight: 0.0 }, shares);
            self.path.truncate(end);
        }
    }

    fn extend(&mut self, from: usize, step: Step) {
        let depth = self.path.len() - from;
        let weight = if depth == 0 { 1.0 } else { 0.0 };
        self.path.push(Step { weight, ..step });
        let path = &mut self.path[from..];
        for i in (0..depth).rev() {
            path[i + 1].weight += step.one * path[i].weight * number(i + 1) / number(depth + 1);
            path[i].weight = step.zero * path[i].weight * number(depth - i) / number(depth + 1);
        }
    }

    /// Takes the step at `at` out again, as if it had never been made.
    fn unwind(&mut self, from: usize, at: usize) {
        let path = &mut self.path[from..];
        let at = at - from;
        let depth = path.len() - 1;
        let Step { zero, one, .. } = path[at];
        let mut next = path[depth].weight;
        for i in (0..depth).rev() {
            if one == 0.0 {
                path[i].weight = path[i].weight * number(depth + 1) / (zero * number(depth - i));
            } else {
                let before = path[i].weight;
                path[i].weight = next * number(depth + 1) / (number(i + 1) * one);
                next = before - path[i].weight * zero * number(depth - i) / number(depth + 1);
            }
        }
        for i in at..depth {
            let Step { feature, zero, one, .. } = path[i + 1];
            path[i] = Step { feature, zero, one, weight: path[i].weight };
        }
        self.path.pop();
    }

    /// The sum of the weights that [`Explainer::unwind`] would leave.
    fn unwound_sum(&self, from: usize, at: usize) -> f64 {
        let path = &self.path[from..];
        let depth = path.len() - 1;
        let Step { zero, one, .. } = path[at - from];
        let mut next = path[depth].weight;
        let mut total = 0.0;
        for i in (0..depth).rev() {
            if one == 0.0 {
                total += path[i].weight / (zero * number(depth - i) / number(depth + 1));
            } else {
                let unwound = next * number(depth + 1) / (number(i + 1) * one);
                total += unwound;
                next = path[i].weight - unwound * zero * number(depth - i) / number(depth + 1);
            }
        }
        total
    }
}

/// What does not change while a tree is explained.
struct Case<'a> {
    tree: &'a Tree,
    columns: &'a [f64],
    feature_of: &'a [usize],
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
