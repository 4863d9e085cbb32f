//! `POST /v1/classify` and `POST /v1/embed`: texts in, categories or vectors out. Nothing is stored.

use super::ModelName;
use super::body::{JsonBody, check_count};
use super::cleaning::{CleanText, Cleaning, CutPart};
use super::problem::{FieldProblem, Problem};
use crate::app::App;
use crate::classify::answer::{Action, Classification, HeadAnswer, Reason, ScoredLabel, Source};
use crate::classify::encoder::Embedding;
use crate::classify::{Classifier, Incoming};
use crate::contact::{Channel, ContactText, Head};
use crate::probability::Probability;
use crate::shadow::Shadows;
use crate::ticket::{IssueCategory, Name};
use actix_web::web;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// Categories in an answer unless asked for otherwise.
const DEFAULT_TOP_K: usize = 3;
/// Most categories in an answer.
const MAX_TOP_K: usize = 100;

/// Texts to classify: either `inputs` or a single `text`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClassifyRequest {
    /// Several texts.
    inputs: Option<Vec<ClassifyInput>>,
    /// One text.
    #[schema(examples("My card has not arrived"))]
    text: Option<String>,
    /// How many categories to answer with, the best one included; 1 to 100, 3 if left out.
    #[schema(minimum = 1, maximum = 100, default = 3)]
    top_k: Option<usize>,
    /// Whether quoted mail, signatures, markup and legal notices are cut before a text is classified; left out: as configured.
    clean: Option<bool>,
    /// Whether to show what was cut; false if left out.
    show_cut: Option<bool>,
}

/// One text to classify.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClassifyInput {
    /// Comes back with the result.
    id: Option<Name>,
    /// What the customer wrote.
    text: String,
    /// How the contact came in; not used by models, but by rules that name channels.
    channel: Option<Channel>,
}

/// One result for each text, in the order of the request.
#[derive(Debug, Serialize, ToSchema)]
pub struct ClassifyResponse {
    /// The category model.
    model: ModelName,
    /// One for each text.
    results: Vec<ClassificationResult>,
}

/// What is said of one text: about its category here, about the rest in an object for each head.
#[derive(Debug, Serialize, ToSchema)]
pub struct ClassificationResult {
    /// As sent.
    pub id: Option<Name>,
    /// The best category; null when the action is to abstain.
    pub category: Option<IssueCategory>,
    /// Its calibrated probability.
    pub probability: Option<Probability>,
    /// The category to set when the action is to abstain, where one is configured.
    pub default: Option<IssueCategory>,
    /// The part of the taxonomy's top with the highest probability, where the taxonomy has more than one level.
    pub area: Option<ScoredLabel>,
    /// What the category belongs to, from the top down, and itself; a parent's probability is the sum of its children's.
    pub path: Vec<ScoredLabel>,
    /// Every category that is likely enough to be one of several issues of the text, most likely first.
    pub labels: Vec<ScoredLabel>,
    /// The next best categories, most likely first; when abstaining, the best ones.
    pub alternatives: Vec<ScoredLabel>,
    /// auto: may be set without a person; suggest: a person should confirm; abstain: not known.
    pub action: Action,
    /// Why the action is not auto.
    pub reason: Option<Reason>,
    /// The version of the category model, or of the rules that said so.
    pub source: Source,
    /// technical, informational, complaint or suggestion; null without a model or rules for it.
    pub kind: Option<HeadResult>,
    /// How soon it needs an answer; null without a model or rules for it.
    pub urgency: Option<HeadResult>,
    /// Who should take it; null without a model or rules for it.
    pub team: Option<HeadResult>,
    /// In which language it is, an ISO 639-1 code, with its probability; null without a model or rules for it.
    pub language_answer: Option<HeadResult>,
    /// The same as tags that a helpdesk can act on, such as `category__card_arrival` and `category_action__auto`.
    pub tags: Vec<String>,
    /// Whether words alone decided, because the model's encoder could not be loaded: less accurate.
    pub without_encoder: bool,
    /// ISO 639-1 code of the text's likeliest language, however likely; null where there is nothing to tell it by.
    pub language: Option<&'static str>,
    /// Whether the end of the text was left out.
    pub truncated: bool,
    /// Tokens of the whole text, special tokens included.
    pub tokens_total: usize,
    /// Tokens that were read.
    pub tokens_used: usize,
    /// What was cut before, where the request asks for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cut: Option<Vec<CutPart>>,
}

/// What one of the other heads says.
#[derive(Debug, Serialize, ToSchema)]
pub struct HeadResult {
    /// The best label; null when the action is to abstain.
    pub label: Option<Name>,
    /// Its calibrated probability; null where a rule said so.
    pub probability: Option<Probability>,
    /// The label to set when the action is to abstain, where one is configured.
    pub default: Option<Name>,
    /// The next best labels, most likely first; when abstaining, the best ones.
    pub alternatives: Vec<ScoredLabel>,
    /// auto, suggest or abstain.
    pub action: Action,
    /// Why the action is not auto.
    pub reason: Option<Reason>,
    /// The version of the model or of the rules, or of the trigram statistics of a language that the model does not know.
    pub source: Source,
}

impl From<HeadAnswer> for HeadResult {
    fn from(answer: HeadAnswer) -> Self {
        let HeadAnswer { label, probability, default, alternatives, action, reason, source } =
            answer;
        Self { label, probability, default, alternatives, action, reason, source }
    }
}

impl ClassificationResult {
    /// A classification in the form in which it is sent.
    #[must_use]
    pub fn new(id: Option<Name>, classification: Classification) -> Self {
        let tokens = classification.tokens;
        let tags = classification.tags();
        let category = classification.category;
        let mut heads = classification.heads;
        let mut of = |head| heads.remove(&head).map(HeadResult::from);
        Self {
            id,
            category: category.label,
            probability: category.probability,
            default: category.default,
            area: classification.area,
            path: classification.path,
            labels: classification.labels,
            alternatives: category.alternatives,
            action: category.action,
            reason: category.reason,
            source: category.source,
            kind: of(Head::Kind),
            urgency: of(Head::Urgency),
            team: of(Head::Team),
            language_answer: of(Head::Language),
            tags,
            without_encoder: classification.is_without_encoder,
            language: classification.language,
            truncated: tokens.truncated(),
            tokens_total: tokens.total,
            tokens_used: tokens.used,
            cut: None,
        }
    }
}

/// Classifies one or many texts.
#[utoipa::path(
    post, path = "/v1/classify", tag = "contacts", request_body = ClassifyRequest,
    responses(
        (status = 200, body = ClassifyResponse),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn classify_contacts(
    app: web::Data<App>,
    JsonBody(request): JsonBody<ClassifyRequest>,
) -> Result<web::Json<ClassifyResponse>, Problem> {
    let top_k = checked_top_k(request.top_k)?;
    let (inputs, at) = match (request.inputs, request.text) {
        (Some(inputs), None) => (inputs, TextAt::Inputs),
        (None, Some(text)) => {
            (vec![ClassifyInput { id: None, text, channel: None }], TextAt::Single)
        }
        _ => return Err(Problem::field("#", "expected either inputs or text")),
    };
    check_count("#/inputs", inputs.len(), app.settings.limits.texts_per_request)?;
    let texts = parse_texts(&app, inputs.iter().map(|input| input.text.as_str()), at)?;
    let cleaning = Cleaning::asked(&app, request.clean, request.show_cut);
    let cleaned = cleaning.apply(texts).await?;
    let (classifier, shadows) = app.classifier_and_shadows()?;
    let contacts = inputs.iter().zip(&cleaned).filter_map(|(input, cleaned)| {
        Some(Incoming { text: cleaned.text.clone()?, channel: input.channel.clone() })
    });
    let classified =
        classify_and_observe(&app, &classifier, shadows, contacts.collect(), top_k).await?;
    let mut classified = classified.into_iter();
    let results = inputs.into_iter().zip(cleaned).map(|(input, CleanText { text, cut })| {
        let found = text.and_then(|_| classified.next());
        let classification = found.map_or_else(|| classifier.nothing_left(), |(found, _)| found);
        count(&classification);
        ClassificationResult { cut, ..ClassificationResult::new(input.id, classification) }
    });
    let results = results.collect();
    Ok(web::Json(ClassifyResponse { model: ModelName::category(&classifier), results }))
}

/// Counts an answer for the metrics.
pub fn count(classification: &Classification) {
    let action = classification.category.action.as_str();
    metrics::counter!("recontact_classifications_total", "action" => action).increment(1);
    if classification.tokens.truncated() {
        metrics::counter!("recontact_truncated_texts_total").increment(1);
    }
}

fn checked_top_k(top_k: Option<usize>) -> Result<usize, Problem> {
    let top_k = top_k.unwrap_or(DEFAULT_TOP_K);
    if (1..=MAX_TOP_K).contains(&top_k) {
        Ok(top_k)
    } else {
        Err(Problem::field("#/top_k", format!("expected 1 to {MAX_TOP_K}, got {top_k}")))
    }
}

/// Where in a body the texts stand.
#[derive(Clone, Copy)]
enum TextAt {
    /// `{"text": …}`
    Single,
    /// `{"inputs": [{"text": …}]}`
    Inputs,
    /// `{"inputs": ["…"]}`
    Bare,
}

/// Parses all texts; every one that is not accepted is named.
fn parse_texts<'a>(
    app: &App,
    texts: impl Iterator<Item = &'a str>,
    at: TextAt,
) -> Result<Vec<ContactText>, Problem> {
    let mut parsed = Vec::new();
    let mut errors = Vec::new();
    for (index, text) in texts.enumerate() {
        match ContactText::parse(text, app.settings.limits.text_bytes) {
            Ok(text) => parsed.push(text),
            Err(error) => {
                let pointer = match at {
                    TextAt::Single => "#/text".to_owned(),
                    TextAt::Inputs => format!("#/inputs/{index}/text"),
                    TextAt::Bare => format!("#/inputs/{index}"),
                };
                errors.push(FieldProblem::new(pointer, error));
            }
        }
    }
    if errors.is_empty() { Ok(parsed) } else { Err(Problem::invalid(errors)) }
}

/// Texts to embed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EmbedRequest {
    /// One text or several.
    inputs: OneOrMany,
}

/// One text or several.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged, expecting = "expected a text or a list of texts")]
pub enum OneOrMany {
    /// One text.
    One(String),
    /// Several texts.
    Many(Vec<String>),
}

/// One vector for each text, in the order of the request.
#[derive(Debug, Serialize, ToSchema)]
pub struct EmbedResponse {
    /// The encoder.
    model: ModelName,
    /// Vectors of length 1.
    embeddings: Vec<Vec<f32>>,
    /// Tokens of each text that were read, special tokens included.
    tokens: Vec<usize>,
    /// Tokens of each whole text.
    tokens_total: Vec<usize>,
    /// Whether the end of each text was left out.
    truncated: Vec<bool>,
}

/// Embeds one or many texts.
#[utoipa::path(
    post, path = "/v1/embed", tag = "contacts", request_body = EmbedRequest,
    responses(
        (status = 200, body = EmbedResponse),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn embed_texts(
    app: web::Data<App>,
    JsonBody(request): JsonBody<EmbedRequest>,
) -> Result<web::Json<EmbedResponse>, Problem> {
    let texts = match request.inputs {
        OneOrMany::One(text) => vec![text],
        OneOrMany::Many(texts) => texts,
    };
    check_count("#/inputs", texts.len(), app.settings.limits.texts_per_request)?;
    let texts = parse_texts(&app, texts.iter().map(String::as_str), TextAt::Bare)?;
    let encoder = app.encoder()?;
    let embeddings = app
        .queue
        .embed(encoder.clone(), texts)
        .await
        .map_err(|error| Problem::from_queue(error, app.settings.limits.retry_after_s))?;
    Ok(web::Json(EmbedResponse {
        model: ModelName::encoder(encoder.identity()),
        tokens: embeddings.iter().map(|embedding| embedding.tokens.used).collect(),
        tokens_total: embeddings.iter().map(|embedding| embedding.tokens.total).collect(),
        truncated: embeddings.iter().map(|embedding| embedding.tokens.truncated()).collect(),
        embeddings: embeddings.iter().map(|embedding| embedding.vector.clone()).collect(),
    }))
}

/// Classifies one text that is checked and cleaned already; the embedding that decided comes along, where there was one.
///
/// # Errors
/// [`Problem`] when the model is not loaded or the queue refuses.
pub async fn classify_one(
    app: &App,
    text: Option<ContactText>,
    channel: Option<Channel>,
) -> Result<(Arc<Classifier>, Classification, Option<Arc<Embedding>>), Problem> {
    let (classifier, shadows) = app.classifier_and_shadows()?;
    let contacts = text.into_iter().map(|text| Incoming { text, channel: channel.clone() });
    let mut classified =
        classify_and_observe(app, &classifier, shadows, contacts.collect(), DEFAULT_TOP_K).await?;
    let found = classified.pop();
    let (classification, embedding) = found.unwrap_or_else(|| (classifier.nothing_left(), None));
    count(&classification);
    Ok((classifier, classification, embedding))
}

/// Classifies texts with the live model, and lets the shadows see them. Without a shadow nothing is kept for it.
async fn classify_and_observe(
    app: &App,
    classifier: &Arc<Classifier>,
    shadows: Arc<Shadows>,
    contacts: Vec<Incoming>,
    top_k: usize,
) -> Result<Vec<(Classification, Option<Arc<Embedding>>)>, Problem> {
    let texts = || contacts.iter().map(|contact| contact.text.clone()).collect::<Vec<_>>();
    let seen = shadows.has_heads().then(texts);
    let classified = app
        .queue
        .classify_and_embed(Arc::clone(classifier), contacts, top_k)
        .await
        .map_err(|error| Problem::from_queue(error, app.settings.limits.retry_after_s))?;
    let Some(seen) = seen else { return Ok(classified) };
    // Many texts must not hold up other requests.
    web::block(move || {
        for (text, (classification, embedding)) in seen.iter().zip(&classified) {
            shadows.observe_text(text, embedding.as_deref(), classification);
        }
        classified
    })
    .await
    .map_err(|error| Problem::new(super::problem::ProblemCode::Internal, error.to_string()))
}
