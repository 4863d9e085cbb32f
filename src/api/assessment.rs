//! A risk as it is sent, and the steps that `POST /v1/predict` and closing a ticket share.

use super::ModelName;
use crate::registry::artifact::sha256_hex;
use crate::risk::{self, FeatureValue, Language, Reason, RecontactRisk, RiskModel, WindowRisk};
use crate::store::Assessment;
use crate::ticket::{ClosedTicket, CustomerHistory, CustomerId};
use crate::timestamp::Timestamp;
use actix_web::HttpRequest;
use actix_web::http::header;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// How likely a customer is to come back, and why.
#[derive(Debug, Serialize, ToSchema)]
pub struct RiskView {
    /// Days after the closing for which the probability holds.
    window_days: u32,
    /// Probability of another ticket of the same category within the window.
    probability: f64,
    /// The probabilities of all windows of the model, the shortest first; a longer one never has a lower probability.
    windows: Vec<WindowRisk>,
    /// Days until half of those have come back who come back within the window, for tickets like this one.
    expected_return_days: Option<f64>,
    /// low, medium or high.
    band: String,
    /// The lowest probability of the high band.
    threshold: f64,
    /// Log-odds of the average ticket; with all contributions added it is the log-odds of the probability.
    base_logit: f64,
    /// Every feature that moves this ticket's risk, the strongest first.
    reasons: Vec<ReasonView>,
    /// What the customer is likely to ask about next; not predicted by this model.
    #[schema(value_type = Option<Object>)]
    next_issue: Option<()>,
}

/// What one feature adds.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReasonView {
    /// The feature.
    feature: String,
    /// The ticket's value: number, text, true, false or null.
    #[schema(value_type = Object)]
    value: FeatureValue,
    /// What is usual: the mean for numbers, the most frequent value for categories.
    #[schema(value_type = Object)]
    typical: FeatureValue,
    /// Log-odds added; positive raises the risk.
    contribution: f64,
    /// The same as a sentence, in the language of Accept-Language (en, ru, be, uk).
    text: String,
}

/// A stored risk with its origin.
#[derive(Debug, Serialize, ToSchema)]
pub struct AssessmentView {
    /// The model that made it.
    model: ModelName,
    /// When it was made.
    assessed_at: Timestamp,
    /// SHA-256 of what the model was given.
    inputs_sha256: String,
    #[serde(flatten)]
    risk: RiskView,
}

impl RiskView {
    /// A risk in the form in which it is sent.
    #[must_use]
    pub fn new(risk: RecontactRisk, language: Language) -> Self {
        let reason = |reason: Reason| ReasonView {
            text: risk::describe(&reason, language),
            feature: reason.feature,
            value: reason.value,
            typical: reason.typical,
            contribution: reason.contribution,
        };
        Self {
            window_days: risk.window_days,
            probability: risk.probability.value(),
            windows: risk.windows,
            expected_return_days: risk.expected_return_days,
            band: risk.band.as_str().to_owned(),
            threshold: risk.threshold.value(),
            base_logit: risk.base_logit,
            reasons: risk.reasons.into_iter().map(reason).collect(),
            next_issue: None,
        }
    }
}

impl AssessmentView {
    /// A stored assessment in the form in which it is sent.
    ///
    /// # Errors
    /// If the stored JSON is none that this program wrote.
    pub fn new(stored: Assessment, language: Language) -> Result<Self, serde_json::Error> {
        let risk: RecontactRisk = serde_json::from_str(&stored.body)?;
        Ok(Self {
            model: ModelName::risk(&stored.model_version),
            assessed_at: stored.assessed_at,
            inputs_sha256: stored.inputs_sha256,
            risk: RiskView::new(risk, language),
        })
    }
}

/// Assesses a ticket and puts the answer into the form in which it is stored.
#[must_use]
pub fn assess(
    model: &RiskModel,
    ticket: &ClosedTicket,
    history: &CustomerHistory,
    now: Timestamp,
) -> Option<Assessment> {
    let risk = model.assess(ticket, history);
    let body = serde_json::to_string(&risk).ok()?;
    Some(Assessment {
        model_version: model.version().to_owned(),
        inputs_sha256: inputs_sha256(ticket, history),
        assessed_at: now,
        probability: risk.probability.value(),
        band: risk.band.as_str().to_owned(),
        body,
    })
}

/// SHA-256 over the JSON of ticket, texts and history. The customer is left out: who it is does not enter the risk.
#[must_use]
pub fn inputs_sha256(ticket: &ClosedTicket, history: &CustomerHistory) -> String {
    #[derive(Serialize)]
    struct Inputs<'a> {
        ticket: &'a ClosedTicket,
        history: &'a CustomerHistory,
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        texts: &'a BTreeMap<String, String>,
    }
    let mut ticket = ticket.clone();
    if let Ok(nobody) = CustomerId::parse("-") {
        ticket.customer_id = nobody;
    }
    sha256_hex(
        &serde_json::to_vec(&Inputs { ticket: &ticket, history, texts: &ticket.details.texts })
            .unwrap_or_default(),
    )
}

/// The first language of Accept-Language that reasons are written in; English otherwise.
pub fn language(request: &HttpRequest) -> Language {
    let accepted = request
        .headers()
        .get(header::ACCEPT_LANGUAGE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let mut wishes: Vec<(f32, Language)> = accepted
        .split(',')
        .filter_map(|wish| {
            let mut parts = wish.split(';').map(str::trim);
            let language = Language::from_tag(parts.next()?)?;
            let quality = parts.find_map(|part| part.strip_prefix("q=")).unwrap_or("1");
            Some((quality.parse().ok()?, language))
        })
        .filter(|(quality, _)| *quality > 0.0)
        .collect();
    // Stable: of equally wanted languages the first named wins.
    wishes.sort_by(|a, b| b.0.total_cmp(&a.0));
    wishes.first().map_or(Language::default(), |(_, language)| *language)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn the_language_most_wanted_among_those_known_is_taken() {
        for (header, expected) in [
            ("ru-RU,ru;q=0.9,en;q=0.8", Language::Ru),
            ("de, be;q=0.5, uk;q=0.7", Language::Uk),
            ("fr", Language::En),
            ("", Language::En),
            ("en;q=0.1,ru", Language::Ru),
            ("ru; q=0.9, uk; q=0.5", Language::Ru),
            ("ru;q=0, be", Language::Be),
        ] {
            let request = TestRequest::default().insert_header(("Accept-Language", header));
            assert_eq!(language(&request.to_http_request()), expected, "{header}");
        }
    }
}
