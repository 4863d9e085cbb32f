//! How a head is trained: [`Method`], and the linear models it adds up.

use serde::{Deserialize, Serialize};

/// How a head is trained.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum,
)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Linear on embeddings.
    Embedding,
    /// Linear on words and pieces of words; needs no encoder.
    Lexical,
    /// The scores of both, added up.
    Sum,
    /// One linear model on both at once.
    Joint,
    /// The scores of all three, added up.
    Combined,
    /// What is best on texts held out, of the five above and, if --minutes allow it, few-shot or fine-tune.
    Auto,
    /// The encoder is trained on, end to end, for the labels; then as sum, or embedding where that is better.
    FineTune,
    /// The encoder is trained on so that texts of a label lie together; then the same. For a few texts a label.
    FewShot,
    /// Nothing is learnt: the rows are descriptions of the labels, and a text belongs to the nearest one.
    ZeroShot,
}

/// One linear model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// On embeddings.
    Embedding,
    /// On words and pieces of words.
    Lexical,
    /// On both at once.
    Joint,
}

impl Method {
    /// The word on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Embedding => "embedding",
            Self::Lexical => "lexical",
            Self::Sum => "sum",
            Self::Joint => "joint",
            Self::Combined => "combined",
            Self::Auto => "auto",
            Self::FineTune => "fine-tune",
            Self::FewShot => "few-shot",
            Self::ZeroShot => "zero-shot",
        }
    }

    /// The linear models whose scores it adds up; for `auto` all that it may need.
    #[must_use]
    pub fn parts(self) -> &'static [Part] {
        match self {
            Self::Embedding => &[Part::Embedding],
            Self::ZeroShot => &[],
            Self::Lexical => &[Part::Lexical],
            Self::Sum => &[Part::Embedding, Part::Lexical],
            Self::Joint => &[Part::Joint],
            Self::Combined | Self::Auto | Self::FineTune | Self::FewShot => {
                &[Part::Embedding, Part::Lexical, Part::Joint]
            }
        }
    }

    /// The linear methods that are compared for it, the simplest first.
    #[must_use]
    pub fn candidates(self, has_encoder: bool) -> Vec<Self> {
        match self {
            Self::Auto => {
                let mut all =
                    vec![Self::Lexical, Self::Embedding, Self::Sum, Self::Joint, Self::Combined];
                all.retain(|method| has_encoder || !method.needs_encoder());
                all
            }
            tuned if tuned.tunes_encoder() => vec![Self::Embedding, Self::Sum],
            single => vec![single],
        }
    }

    /// Whether it makes an encoder of its own.
    #[must_use]
    pub fn tunes_encoder(self) -> bool {
        matches!(self, Self::FineTune | Self::FewShot)
    }

    /// Whether it cannot do without an encoder.
    #[must_use]
    pub fn needs_encoder(self) -> bool {
        !matches!(self, Self::Lexical | Self::Auto)
    }
}

impl Part {
    /// Inverse regularisation strengths to try where the configuration names none: on few texts several, on many the one
    /// that does well on most data.
    #[must_use]
    pub fn default_grid(self, texts: usize) -> Vec<f64> {
        if texts <= super::held_out::FEW_TEXTS {
            return vec![3.0, 10.0, 30.0, 100.0];
        }
        match self {
            Self::Embedding => vec![30.0],
            Self::Lexical | Self::Joint => vec![10.0],
        }
    }

    /// What is fitted, for people.
    #[must_use]
    pub fn fitted(self) -> &'static str {
        match self {
            Self::Embedding => "embeddings",
            Self::Lexical => "words",
            Self::Joint => "words and embeddings",
        }
    }

    /// Whether it looks at embeddings.
    #[must_use]
    pub fn has_embeddings(self) -> bool {
        !matches!(self, Self::Lexical)
    }

    /// Whether it looks at words.
    #[must_use]
    pub fn has_terms(self) -> bool {
        !matches!(self, Self::Embedding)
    }
}
