//! Ticket events and what was made of them: report a ticket, close it, read it, list the risky ones.

use super::assessment::{AssessmentView, assess, language};
use super::body::{JsonBody, future_fault, path_id, query};
use super::conversation;
use super::problem::{Problem, ProblemCode};
use super::ticket_body::{CloseRequest, TicketRequest};
use crate::app::App;
use crate::risk::{Language, RiskBand};
use crate::store::{AssessedEpisode, TicketReopened};
use crate::store::{Assessment, StoredTicket, TicketClosed, TicketCursor, TicketRecorded};
use crate::ticket::{IssueCategory, Name, TicketDetails, TicketId};
use crate::timestamp::Timestamp;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A ticket as the service knows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct TicketView {
    /// The helpdesk's identifier.
    id: TicketId,
    /// The customer's keyed hash; the identifier itself is not stored.
    customer: String,
    /// open or closed.
    status: &'static str,
    /// When it was opened.
    opened_at: Timestamp,
    /// When it was closed.
    closed_at: Option<Timestamp>,
    /// What it is about, as far as known.
    category: Option<IssueCategory>,
    /// Everything else the helpdesk told.
    #[schema(value_type = Object)]
    details: TicketDetails,
    /// The risk at closing; null while open, and for imported history.
    assessment: Option<AssessmentView>,
    /// How often it was reported as opened again.
    reopens: u32,
}

/// A ticket with all its episodes.
#[derive(Debug, Serialize, ToSchema)]
pub struct TicketDetail {
    #[serde(flatten)]
    ticket: TicketView,
    /// Its episodes in order: one for each closing, and one for each turn of its thread to another issue.
    episodes: Vec<EpisodeView>,
}

/// An episode of a ticket and the risk at its closing.
#[derive(Debug, Serialize, ToSchema)]
pub struct EpisodeView {
    /// Counts the ticket's episodes from 1.
    number: u32,
    /// When it began.
    opened_at: Timestamp,
    /// When it ended.
    closed_at: Timestamp,
    /// closing, or topic_change where the thread turned to another issue.
    ended_by: &'static str,
    /// What it was about.
    category: IssueCategory,
    /// The risk at its closing.
    assessment: Option<AssessmentView>,
}

impl EpisodeView {
    fn new(stored: AssessedEpisode, language: Language) -> Result<Self, Problem> {
        let AssessedEpisode { episode, assessment } = stored;
        Ok(Self {
            number: episode.facts.id.number,
            opened_at: episode.facts.opened_at,
            closed_at: episode.facts.closed_at,
            ended_by: episode.ended_by.as_str(),
            assessment: assessment_view(&episode.facts.id.ticket, assessment, language)?,
            category: episode.facts.category,
        })
    }
}

fn assessment_view(
    id: &TicketId,
    stored: Option<Assessment>,
    language: Language,
) -> Result<Option<AssessmentView>, Problem> {
    stored.map(|stored| AssessmentView::new(stored, language)).transpose().map_err(|error| {
        tracing::error!(%error, ticket = %id, "a stored assessment cannot be read");
        Problem::new(ProblemCode::Internal, "the stored assessment cannot be read")
    })
}

impl TicketView {
    fn new(ticket: StoredTicket, language: Language) -> Result<Self, Problem> {
        let assessment = assessment_view(&ticket.id, ticket.assessment, language)?;
        Ok(Self {
            id: ticket.id,
            customer: ticket.customer.to_string(),
            status: if ticket.closed_at.is_some() { "closed" } else { "open" },
            opened_at: ticket.opened_at,
            closed_at: ticket.closed_at,
            category: ticket.category,
            details: ticket.details,
            assessment,
            reopens: ticket.reopens,
        })
    }
}

/// What became of a report.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ReportOutcome {
    /// The ticket was not known before.
    Created,
    /// The report is the ticket's state now.
    Updated,
    /// The same report was received before.
    Unchanged,
    /// The report was kept; a later one, or the closing, is the ticket's state.
    Outdated,
}

/// A ticket after a report.
#[derive(Debug, Serialize, ToSchema)]
pub struct TicketReported {
    /// What became of the report.
    outcome: ReportOutcome,
    /// The ticket as it is now.
    ticket: TicketView,
}

/// Reports a ticket's state. Sending the same report again changes nothing.
#[utoipa::path(
    put, path = "/v1/tickets/{id}", tag = "tickets", request_body = TicketRequest,
    params(("id" = String, Path, description = "The helpdesk's identifier of the ticket")),
    responses(
        (status = 200, body = TicketReported),
        (status = 201, body = TicketReported, description = "The ticket was not known before"),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn report_ticket(
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<String>,
    JsonBody(body): JsonBody<TicketRequest>,
) -> Result<HttpResponse, Problem> {
    let id = path_id(&id)?;
    let now = Timestamp::now();
    let mut faults = body.detail_faults(&app, "#");
    faults.extend(future_fault(&app, "#/opened_at", body.opened_at, now));
    faults.extend(body.updated_at.and_then(|at| future_fault(&app, "#/updated_at", at, now)));
    if !faults.is_empty() {
        return Err(Problem::invalid(faults));
    }
    let mut event = body.into_event(id.clone());
    event.details.conversation = conversation::ticket_texts(&app, &event.details.texts).await?;
    let pairs = app.adjacent_pairs();
    let recorded = app
        .store
        .record_ticket(&app.tenant, &event, &app.outcome_rules(&pairs), now)
        .await
        .map_err(|error| Problem::from_store(error, app.settings.limits.retry_after_s))?;
    let outcome = match recorded {
        TicketRecorded::Created => ReportOutcome::Created,
        TicketRecorded::Updated => ReportOutcome::Updated,
        TicketRecorded::Unchanged => ReportOutcome::Unchanged,
        TicketRecorded::Outdated => ReportOutcome::Outdated,
        TicketRecorded::Conflict { reason } => {
            return Err(Problem::new(ProblemCode::Conflict, reason));
        }
        TicketRecorded::Invalid { field, reason } => {
            return Err(Problem::field(format!("#/{field}"), reason));
        }
    };
    let status = match outcome {
        ReportOutcome::Created => StatusCode::CREATED,
        _ => StatusCode::OK,
    };
    let ticket = find(&app, &id, language(&request)).await?;
    Ok(HttpResponse::build(status).json(TicketReported { outcome, ticket }))
}

/// Closes a ticket and tells how likely the customer is to come back. The answer is stored; closing again with the same
/// content gives the same answer.
#[utoipa::path(
    post, path = "/v1/tickets/{id}/close", tag = "tickets", request_body = CloseRequest,
    params(("id" = String, Path, description = "The helpdesk's identifier of the ticket")),
    responses(
        (status = 200, body = TicketView),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn close_ticket(
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<String>,
    JsonBody(body): JsonBody<CloseRequest>,
) -> Result<web::Json<TicketView>, Problem> {
    let id = path_id(&id)?;
    let now = Timestamp::now();
    let mut faults = body.detail_faults(&app, "#");
    faults.extend(future_fault(&app, "#/closed_at", body.closed_at, now));
    if !faults.is_empty() {
        return Err(Problem::invalid(faults));
    }
    let model = match app.risk_and_shadows() {
        Ok(found) => Some(found),
        Err(unavailable) => {
            require_closed(&app, &id, unavailable).await?;
            None
        }
    };
    let mut event = body.into_event();
    event.details.conversation = conversation::ticket_texts(&app, &event.details.texts).await?;
    let pairs = app.adjacent_pairs();
    let rules = app.outcome_rules(&pairs);
    let next_issues = app.next_issues.map();
    let closed = app
        .store
        .close_ticket(&app.tenant, &id, &event, &rules, now, |ticket, history| {
            let (model, shadows) = model.as_ref()?;
            assess(model, shadows, &next_issues, ticket, history, now)
        })
        .await
        .map_err(|error| Problem::from_store(error, app.settings.limits.retry_after_s))?;
    let ticket = match closed {
        TicketClosed::Closed(ticket) => {
            let band = ticket.assessment.as_ref().map_or("none", |a| a.band.as_str()).to_owned();
            metrics::counter!("recontact_tickets_closed_total", "band" => band).increment(1);
            ticket
        }
        TicketClosed::AlreadyClosed(ticket) => ticket,
        TicketClosed::Conflict { reason } => {
            return Err(Problem::new(ProblemCode::Conflict, reason));
        }
        TicketClosed::UnknownTicket => return Err(unknown(&id)),
        TicketClosed::Invalid { field, reason } => {
            return Err(Problem::field(format!("#/{field}"), reason));
        }
    };
    TicketView::new(ticket, language(&request)).map(web::Json)
}

/// A reopening.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReopenRequest {
    /// When the ticket was opened again; after its closing. A reopening is identified by ticket and instant.
    reopened_at: Timestamp,
}

/// Opens a closed ticket again: the customer came back on it. It can then be closed again, with an episode and an assessment
/// of its own. Sending the same reopening again changes nothing.
#[utoipa::path(
    post, path = "/v1/tickets/{id}/reopen", tag = "tickets", request_body = ReopenRequest,
    params(("id" = String, Path, description = "The helpdesk's identifier of the ticket")),
    responses(
        (status = 200, body = TicketView),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn reopen_ticket(
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<String>,
    JsonBody(body): JsonBody<ReopenRequest>,
) -> Result<web::Json<TicketView>, Problem> {
    let id = path_id(&id)?;
    let now = Timestamp::now();
    if let Some(fault) = future_fault(&app, "#/reopened_at", body.reopened_at, now) {
        return Err(Problem::invalid(vec![fault]));
    }
    let pairs = app.adjacent_pairs();
    let reopened = app
        .store
        .reopen_ticket(&app.tenant, &id, body.reopened_at, &app.outcome_rules(&pairs), now)
        .await
        .map_err(|error| Problem::from_store(error, app.settings.limits.retry_after_s))?;
    let ticket = match reopened {
        TicketReopened::Reopened(ticket) | TicketReopened::Unchanged(ticket) => ticket,
        TicketReopened::Conflict { reason } => {
            return Err(Problem::new(ProblemCode::Conflict, reason));
        }
        TicketReopened::UnknownTicket => return Err(unknown(&id)),
        TicketReopened::Invalid { field, reason } => {
            return Err(Problem::field(format!("#/{field}"), reason));
        }
    };
    TicketView::new(ticket, language(&request)).map(web::Json)
}

/// Reads one ticket with its episodes.
#[utoipa::path(
    get, path = "/v1/tickets/{id}", tag = "tickets",
    params(("id" = String, Path, description = "The helpdesk's identifier of the ticket")),
    responses(
        (status = 200, body = TicketDetail),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn show_ticket(
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<web::Json<TicketDetail>, Problem> {
    let (id, language) = (path_id(&id)?, language(&request));
    let ticket = find(&app, &id, language).await?;
    let episodes = app
        .store
        .ticket_episodes(&app.tenant, &id)
        .await
        .map_err(|error| Problem::from_store(error, app.settings.limits.retry_after_s))?
        .into_iter()
        .map(|episode| EpisodeView::new(episode, language))
        .collect::<Result<_, _>>()?;
    Ok(web::Json(TicketDetail { ticket, episodes }))
}

/// Which closed tickets to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// Only those of this band.
    #[param(value_type = Option<String>, example = "high")]
    risk: Option<RiskBand>,
    /// Tickets on a page.
    #[param(value_type = Option<u32>)]
    limit: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A page of closed tickets, the latest closing first.
#[derive(Debug, Serialize, ToSchema)]
pub struct TicketList {
    /// The tickets.
    tickets: Vec<TicketView>,
    /// Asks for the next page; null on the last one.
    next_cursor: Option<String>,
}

/// Lists closed tickets that were assessed, the latest closing first.
#[utoipa::path(
    get, path = "/v1/tickets", tag = "tickets", params(ListQuery),
    responses(
        (status = 200, body = TicketList),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn list_tickets(
    app: web::Data<App>,
    request: HttpRequest,
) -> Result<web::Json<TicketList>, Problem> {
    let list: ListQuery = query(&request)?;
    let limits = &app.settings.limits;
    let limit = parse_limit(list.limit.as_deref(), limits.page_size, limits.page_size_max)?;
    let after = list.cursor.as_deref().map(parse_cursor).transpose()?;
    let band = list.risk.map(RiskBand::as_str);
    // One more than asked for tells whether there is another page.
    let mut tickets = app
        .store
        .tickets_by_risk(&app.tenant, band, after.as_ref(), limit.saturating_add(1))
        .await
        .map_err(|error| Problem::from_store(error, limits.retry_after_s))?;
    let has_more = tickets.len() > limit as usize;
    tickets.truncate(limit as usize);
    let next_cursor = if has_more {
        tickets.last().and_then(StoredTicket::cursor).map(|cursor| format_cursor(&cursor))
    } else {
        None
    };
    let language = language(&request);
    let tickets = tickets
        .into_iter()
        .map(|ticket| TicketView::new(ticket, language))
        .collect::<Result<_, _>>()?;
    Ok(web::Json(TicketList { tickets, next_cursor }))
}

/// Without a model no ticket is closed, but a closing that was recorded before still gets its answer.
async fn require_closed(app: &App, id: &TicketId, unavailable: Problem) -> Result<(), Problem> {
    let ticket = app
        .store
        .ticket(&app.tenant, id)
        .await
        .map_err(|error| Problem::from_store(error, app.settings.limits.retry_after_s))?;
    match ticket {
        None => Err(unknown(id)),
        Some(ticket) if ticket.closed_at.is_none() => Err(unavailable),
        Some(_) => Ok(()),
    }
}

async fn find(app: &App, id: &TicketId, language: Language) -> Result<TicketView, Problem> {
    let ticket = app
        .store
        .ticket(&app.tenant, id)
        .await
        .map_err(|error| Problem::from_store(error, app.settings.limits.retry_after_s))?;
    TicketView::new(ticket.ok_or_else(|| unknown(id))?, language)
}

pub(super) fn unknown(id: &TicketId) -> Problem {
    Problem::new(
        ProblemCode::TicketNotFound,
        format!("no ticket {id:?} was reported", id = id.as_str()),
    )
}

/// A page's length, as asked for.
pub(super) fn parse_limit(limit: Option<&str>, default: u32, most: u32) -> Result<u32, Problem> {
    let Some(text) = limit else { return Ok(default) };
    text.parse().ok().filter(|limit| (1..=most).contains(limit)).ok_or_else(|| {
        let detail = format!("limit: expected 1 to {most}, got {text:?}");
        Problem::new(ProblemCode::InvalidQuery, detail)
    })
}

/// A cursor is opaque to clients: the last ticket's closing and id, in hexadecimal digits.
fn format_cursor(cursor: &TicketCursor) -> String {
    let plain = format!("{}:{}", cursor.closed_at.millis(), cursor.id);
    plain.bytes().map(|byte| format!("{byte:02x}")).collect()
}

fn parse_cursor(cursor: &str) -> Result<TicketCursor, Problem> {
    let parsed = || {
        if !cursor.is_ascii() {
            return None;
        }
        let bytes = (0..cursor.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(cursor.get(at..at + 2)?, 16).ok())
            .collect::<Option<Vec<u8>>>()?;
        let plain = String::from_utf8(bytes).ok()?;
        let (closed_at, id) = plain.split_once(':')?;
        let closed_at = Timestamp::from_millis(closed_at.parse().ok()?).ok()?;
        Some(TicketCursor { closed_at, id: Name::parse(id).ok()? })
    };
    parsed().ok_or_else(|| {
        let detail = "cursor: expected the next_cursor of a page";
        Problem::new(ProblemCode::InvalidQuery, detail)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_cursor_comes_back_as_it_was(millis in 0i64..9_999_999_999_999, id in "[^\\p{Cc}\\s]{1,50}") {
            let cursor = TicketCursor {
                closed_at: Timestamp::from_millis(millis).unwrap(),
                id: Name::parse(&id).unwrap(),
            };
            prop_assert_eq!(parse_cursor(&format_cursor(&cursor)).unwrap(), cursor);
        }

        #[test]
        fn a_made_up_cursor_is_refused(text in "[g-zа-я ]{1,40}") {
            prop_assert_eq!(parse_cursor(&text).unwrap_err().code, ProblemCode::InvalidQuery);
        }
    }
}
