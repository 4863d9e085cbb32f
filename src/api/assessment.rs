//! A risk as it is sent, and the steps that `POST /v1/predict` and closing a ticket share.

use super::ModelName;
use crate::next_issue::{ExpectedRepeat, LikelyNextIssue, NextIssueMap};
use crate::registry::artifact::sha256_hex;
use crate::risk::{self, FeatureValue, Language, Reason, RecontactRisk, RiskModel, WindowRisk};
use crate::shadow::Shadows;
use crate::store::Assessment;
use crate::ticket::{ClosedTicket, CustomerHistory, CustomerId};
use crate::timestamp::Timestamp;
use actix_web::HttpRequest;
use actix_web::http::header;
use serde::{Deserialize, Serialize};
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
    /// The band as a tag that a helpdesk can act on, such as `recontact_risk__high`.
    tags: Vec<String>,
    /// The lowest probability of the high band.
    threshold: f64,
    /// Log-odds of the average ticket; with all contributions added it is the log-odds of the probability.
    base_logit: f64,
    /// Every feature that moves this ticket's risk, the strongest first.
    reasons: Vec<ReasonView>,
    /// What the customer is likely to ask about next, and when; null where no issue is known to follow.
    next_issue: Option<LikelyNextIssue>,
    /// How often and when the same issue comes again; null where it never did or little is known.
    expected_repeat: Option<ExpectedRepeat>,
}

/// A risk with what is likely to come, as it is stored.
#[derive(Debug, Serialize, Deserialize)]
pub struct RiskAnswer {
    /// What the model says.
    #[serde(flatten)]
    pub risk: RecontactRisk,
    /// What the map of next issues said at the time.
    #[serde(default)]
    pub next_issue: Option<LikelyNextIssue>,
    /// The same for the same issue.
    #[serde(default)]
    pub expected_repeat: Option<ExpectedRepeat>,
}

impl RiskAnswer {
    /// Assesses a ticket and looks up what is likely to come; the shadows see it too.
    #[must_use]
    pub fn new(
        model: &RiskModel,
        shadows: &Shadows,
        next_issues: &NextIssueMap,
        ticket: &ClosedTicket,
        history: &CustomerHistory,
    ) -> Self {
        let risk = model.assess(ticket, history);
        shadows.observe_ticket(ticket, history, &risk);
        let (category, days, closed_at) = (&ticket.category, risk.window_days, ticket.closed_at);
        Self {
            next_issue: next_issues.likely_next(category, days, closed_at),
            expected_repeat: next_issues.expected_repeat(category, days, closed_at),
            risk,
        }
    }
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
    pub fn new(answer: RiskAnswer, language: Language) -> Self {
        let RiskAnswer { risk, next_issue, expected_repeat } = answer;
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
            tags: vec![risk::band_tag(risk.band.as_str())],
            threshold: risk.threshold.value(),
            base_logit: risk.base_logit,
            reasons: risk.reasons.into_iter().map(reason).collect(),
            next_issue,
            expected_repeat,
        }
    }
}

impl AssessmentView {
    /// A stored assessment in the form in which it is sent.
    ///
    /// # Errors
    /// If the stored JSON is none that this program wrote.
    pub fn new(stored: Assessment, language: Language) -> Result<Self, serde_json::Error> {
        let answer: RiskAnswer = serde_json::from_str(&stored.body)?;
        Ok(Self {
            model: ModelName::risk(&stored.model_version),
            assessed_at: stored.assessed_at,
            inputs_sha256: stored.inputs_sha256,
            risk: RiskView::new(answer, language),
        })
    }
}

/// Assesses a ticket and puts the answer into the form in which it is stored.
#[must_use]
pub fn assess(
    model: &RiskModel,
    shadows: &Shadows,
    next_issues: &NextIssueMap,
    ticket: &ClosedTicket,
    history: &CustomerHistory,
    now: Timestamp,
) -> Option<Assessment> {
    let answer = RiskAnswer::new(model, shadows, next_issues, ticket, history);
    let body = serde_json::to_string(&answer).ok()?;
    let risk = answer.risk;
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
