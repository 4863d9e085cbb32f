//! [`RiskScorer`]: which model turns features into log-odds.

use super::trees::TreeEnsemble;
use serde::{Deserialize, Serialize};

/// The model behind the features' linear weights, beside them, or with them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum RiskScorer {
    /// Logistic regression: the weights of the features' columns and the intercept.
    #[default]
    Logistic,
    /// Gradient-boosted trees.
    Trees {
        /// The trees.
        trees: TreeEnsemble,
    },
    /// The mean of both log-odds, weighed.
    Blend {
        /// The trees.
        trees: TreeEnsemble,
        /// Weight of the logistic regression; the trees have the rest.
        linear_share: f64,
    },
}

impl RiskScorer {
    /// The word in reports.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Logistic => "logistic",
            Self::Trees { .. } => "trees",
            Self::Blend { .. } => "blend",
        }
    }

    /// The trees, if there are any.
    #[must_use]
    pub fn trees(&self) -> Option<&TreeEnsemble> {
        match self {
            Self::Logistic => None,
            Self::Trees { trees } | Self::Blend { trees, .. } => Some(trees),
        }
    }

    /// Weight of the logistic regression's log-odds, from 0 to 1.
    #[must_use]
    pub fn linear_share(&self) -> f64 {
        match self {
            Self::Logistic => 1.0,
            Self::Trees { .. } => 0.0,
            Self::Blend { linear_share, .. } => *linear_share,
        }
    }

    /// What makes it unusable for so many columns, if anything does.
    #[must_use]
    pub fn fault(&self, columns: usize) -> Option<String> {
        if !(0.0..=1.0).contains(&self.linear_share()) {
            return Some("scorer: linear_share lies outside 0 to 1".into());
        }
        self.trees().and_then(|trees| trees.fault(columns))
    }
}
