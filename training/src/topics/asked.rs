//! Which texts a model has no answer to, asked as the service asks it.

use crate::{bad_input, progress};
use recontact::classify::answer::{Action, Reason};
use recontact::classify::encoder::TextEncoder;
use recontact::classify::head::TextHead;
use recontact::classify::policy::ClassifyPolicy;
use recontact::classify::{Classifier, HeadModel};
use recontact::contact::ContactText;
use recontact::ticket::Name;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Texts embedded between two steps of the progress bar.
const STEP: usize = 256;

/// A text, and where it was sent; equal texts are one.
pub struct Different {
    /// The text.
    pub text: ContactText,
    /// Which of the sent texts it is.
    pub sent: Vec<usize>,
}

/// Texts without an answer.
pub struct Asked {
    /// Which of the different texts.
    pub open: Vec<usize>,
    /// The vector of each.
    pub vectors: Vec<Vec<f32>>,
    /// The label that each comes nearest to; none without a model, or where it looked at no label.
    pub nearest: Vec<Option<Name>>,
    /// Length of the vectors.
    pub dimension: usize,
    /// How many sent texts have no answer, by reason; without a model, those alone that there is nothing to group by.
    pub reasons: BTreeMap<String, usize>,
    /// The model's labels.
    pub labels: BTreeSet<Name>,
}

/// Asks a model about texts; without one, every text is without an answer.
///
/// # Errors
/// [`crate::failure::BadInput`] when encoder and model do not belong together; what the encoder says when it fails.
pub fn ask(
    head: Option<(String, TextHead)>,
    encoder: TextEncoder,
    policy: ClassifyPolicy,
    texts: &[Different],
) -> anyhow::Result<Asked> {
    let encoder = Arc::new(encoder);
    let labels = head.as_ref().map(|(_, head)| {
        head.description().labels.labels().iter().map(|label| label.category.clone()).collect()
    });
    let classifier = head
        .map(|(version, head)| {
            let needs = head.description().encoder.is_some();
            let model = HeadModel { version, head: Arc::new(head) };
            let encoder = needs.then(|| Arc::clone(&encoder));
            Classifier::new(model, BTreeMap::new(), encoder, policy)
                .map_err(|error| bad_input!("--model: {error}"))
        })
        .transpose()?;
    let mut asked = Asked {
        open: Vec::new(),
        vectors: Vec::new(),
        nearest: Vec::new(),
        dimension: encoder.identity().dimension,
        reasons: BTreeMap::new(),
        labels: labels.unwrap_or_default(),
    };
    let bar = progress::bar(texts.len() as u64, "asking the model");
    for (step, part) in texts.chunks(STEP).enumerate() {
        let raw: Vec<&str> = part.iter().map(|different| different.text.as_str()).collect();
        for ((at, different), embedding) in part.iter().enumerate().zip(encoder.embed(&raw)?) {
            let (mut reason, mut nearest) = (None, None);
            if let Some(classifier) = &classifier {
                let answer = classifier.decide(&different.text, None, Some(&embedding), 1).category;
                if answer.action != Action::Abstain {
                    continue;
                }
                reason = answer.reason;
                nearest = answer.alternatives.first().map(|label| label.label.clone());
            }
            if !embedding.has_words {
                // Such texts all have the same vector.
                reason = Some(Reason::NoTokens);
            }
            if let Some(reason) = reason {
                *asked.reasons.entry(code(reason)?).or_insert(0) += different.sent.len();
            }
            if reason == Some(Reason::NoTokens) {
                continue;
            }
            asked.open.push(step * STEP + at);
            asked.vectors.push(embedding.vector);
            asked.nearest.push(nearest);
        }
        bar.inc(part.len() as u64);
    }
    bar.finish_and_clear();
    Ok(asked)
}

/// The reason's code, as the service answers it.
fn code(reason: Reason) -> anyhow::Result<String> {
    Ok(serde_json::to_value(reason)?.as_str().unwrap_or_default().to_owned())
}
