//! What became of closed tickets: the outcomes of one ticket with their proofs, corrections, and figures over many.

use super::body::{JsonBody, path_id, query};
use super::problem::{FieldProblem, Problem, ProblemCode};
use super::tickets::unknown;
use crate::app::App;
use crate::outcome::{
    ContactKind, Correction, EpisodeId, Outcome, Recontact, RecontactSource, Relation,
    WINDOWS_DAYS, effective,
};
use crate::statistics::{CONFIDENCE, Interval, Proportion};
use crate::store::{
    CorrectionRecorded, EpisodeOutcomes, ExcludedContact, NewCorrection, OutcomeChange,
    OutcomeCounts, OutcomeFilter, OutcomesPerWindow,
};
use crate::ticket::{IssueCategory, Name, TicketId};
use crate::timestamp::Timestamp;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

const HOUR_MS: i64 = 3_600_000;

/// The outcomes of a ticket.
#[derive(Debug, Serialize, ToSchema)]
pub struct OutcomesResponse {
    /// The ticket.
    ticket_id: TicketId,
    /// The instant for which maturity is told.
    as_of: Timestamp,
    /// One for each closing, and one for each turn of its thread to another issue; empty while it was never closed.
    episodes: Vec<EpisodeOutcomesView>,
}

/// What became of an episode.
#[derive(Debug, Serialize, ToSchema)]
pub struct EpisodeOutcomesView {
    /// Counts the ticket's episodes from 1.
    number: u32,
    /// What it was about.
    category: IssueCategory,
    /// When it began.
    opened_at: Timestamp,
    /// When it ended.
    closed_at: Timestamp,
    /// closing, or topic_change.
    ended_by: &'static str,
    /// Whether the customer had another open ticket at the close.
    is_parallel: bool,
    /// Whether it was opened on a day on which unusually many customers came with its category.
    is_outage: bool,
    /// The outcome in each window.
    windows: Vec<WindowView>,
    /// Everything of the same person within 30 days after the close that is a recontact, in order of time.
    recontacts: Vec<RecontactView>,
    /// What came in this time and is no recontact, with what it was taken for.
    excluded: Vec<ExcludedView>,
    /// What people said, oldest first; the last one counts.
    corrections: Vec<CorrectionView>,
    /// What changed in outcomes that were told, oldest first.
    changes: Vec<ChangeView>,
}

/// The outcome in one window.
#[derive(Debug, Serialize, ToSchema)]
pub struct WindowView {
    /// Days after the close.
    window_days: u32,
    /// Whether the window is over.
    mature: bool,
    /// When it is.
    matures_at: Timestamp,
    /// What counts: the last correction, else what was derived. Null while the window is not over.
    outcome: Option<Outcome>,
    /// What was derived from the events.
    derived: Option<Outcome>,
    /// Whether a correction counts.
    corrected: bool,
    /// The contact that proves what was derived; null for none.
    proof: Option<RecontactView>,
}

/// A later contact of the same person.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RecontactView {
    /// contact, ticket (an opening without a recorded contact) or reopening.
    source: RecontactSource,
    /// The contact's identifier, or the ticket's.
    id: Name,
    /// When the customer came.
    occurred_at: Timestamp,
    /// Hours after the close.
    gap_hours: f64,
    /// How it relates to the episode.
    relation: Relation,
    /// What it was about, as far as known.
    category: Option<IssueCategory>,
    /// Cosine to the episode's first text, where both are known.
    similarity: Option<f64>,
}

/// A contact that is no recontact.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExcludedView {
    /// Its identifier.
    id: Name,
    /// When it was written.
    occurred_at: Timestamp,
    /// What it was taken for.
    kind: ContactKind,
    /// Why.
    rule: Option<String>,
    /// The ticket it belongs to.
    ticket_id: Option<TicketId>,
}

/// What a person said of an outcome.
#[derive(Debug, Serialize, ToSchema)]
pub struct CorrectionView {
    /// What became of the episode.
    outcome: Outcome,
    /// Hours from the close until the customer came back.
    gap_hours: Option<f64>,
    /// Why they came back.
    cause_code: Option<Name>,
    /// Who says so.
    author: Name,
    /// On what ground.
    reason: String,
    /// When it was said.
    recorded_at: Timestamp,
}

/// A change of an outcome that was told.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChangeView {
    /// When.
    changed_at: Timestamp,
    /// late_contact, contact, late_closing, merge, unmerge, adjacency or erasure.
    cause: &'static str,
    /// The outcome by window (days) as told before.
    #[schema(value_type = Object)]
    before: OutcomesPerWindow,
    /// As told from then on.
    #[schema(value_type = Object)]
    after: OutcomesPerWindow,
}

impl EpisodeOutcomesView {
    fn new(outcomes: EpisodeOutcomes, now: Timestamp) -> Self {
        let EpisodeOutcomes { episode, recontacts, excluded, corrections, changes } = outcomes;
        let facts = episode.facts;
        let window = |days| WindowView::new(days, &recontacts, &corrections, facts.closed_at, now);
        Self {
            number: facts.id.number,
            windows: WINDOWS_DAYS.into_iter().map(window).collect(),
            category: facts.category,
            opened_at: facts.opened_at,
            closed_at: facts.closed_at,
            ended_by: episode.ended_by.as_str(),
            is_parallel: episode.is_parallel,
            is_outage: episode.is_outage,
            recontacts: recontacts.iter().map(RecontactView::new).collect(),
            excluded: excluded.into_iter().map(ExcludedView::new).collect(),
            corrections: corrections.into_iter().map(CorrectionView::new).collect(),
            changes: changes.into_iter().map(ChangeView::new).collect(),
        }
    }
}

impl WindowView {
    fn new(
        window_days: u32,
        recontacts: &[Recontact],
        corrections: &[Correction],
        closed_at: Timestamp,
        now: Timestamp,
    ) -> Self {
        let derived = Outcome::of(recontacts, closed_at, window_days, now);
        let counts = effective(derived.map(|(outcome, _)| outcome), corrections, window_days);
        Self {
            window_days,
            mature: derived.is_some(),
            matures_at: closed_at.plus_days(i64::from(window_days)),
            outcome: counts.map(|counts| counts.outcome),
            derived: derived.map(|(outcome, _)| outcome),
            corrected: counts.is_some_and(|counts| counts.correction.is_some()),
            proof: derived.and_then(|(_, proof)| proof).map(RecontactView::new),
        }
    }
}

impl RecontactView {
    fn new(recontact: &Recontact) -> Self {
        Self {
            source: recontact.source,
            id: recontact.source_id.clone(),
            occurred_at: recontact.occurred_at,
            gap_hours: hours(recontact.gap_ms),
            relation: recontact.relation,
            category: recontact.category.clone(),
            similarity: recontact.similarity,
        }
    }
}

impl ExcludedView {
    fn new(excluded: ExcludedContact) -> Self {
        let ExcludedContact { id, occurred_at, kind, rule, ticket } = excluded;
        Self { id, occurred_at, kind, rule, ticket_id: ticket }
    }
}

impl CorrectionView {
    fn new(correction: Correction) -> Self {
        Self {
            outcome: correction.outcome,
            gap_hours: correction.gap_ms.map(hours),
            cause_code: correction.cause_code,
            author: correction.author,
            reason: correction.reason,
            recorded_at: correction.recorded_at,
        }
    }
}

impl ChangeView {
    fn new(change: OutcomeChange) -> Self {
        let OutcomeChange { changed_at, cause, before, after, .. } = change;
        Self { changed_at, cause: cause.as_str(), before, after }
    }
}

/// Tells what became of a ticket: for each closing and window whether the customer came back, and by what it is proved.
#[utoipa::path(
    get, path = "/v1/tickets/{id}/outcomes", tag = "outcomes",
    params(("id" = String, Path, description = "The helpdesk's identifier of the ticket")),
    responses(
        (status = 200, body = OutcomesResponse),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn show_outcomes(
    app: web::Data<App>,
    id: web::Path<String>,
) -> Result<web::Json<OutcomesResponse>, Problem> {
    let id = path_id(&id)?;
    let now = Timestamp::now();
    let outcomes = app
        .store
        .ticket_outcomes(&app.tenant, &id)
        .await
        .map_err(|error| Problem::from_store(error, app.settings.limits.retry_after_s))?
        .ok_or_else(|| unknown(&id))?;
    let view = |episode| EpisodeOutcomesView::new(episode, now);
    let episodes = outcomes.episodes.into_iter().map(view).collect();
    Ok(web::Json(OutcomesResponse { ticket_id: id, as_of: now, episodes }))
}

/// A correction of an outcome.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CorrectionRequest {
    /// The number of the episode.
    #[schema(minimum = 1)]
    episode: u32,
    /// What became of it.
    outcome: Outcome,
    /// Hours from the close until the customer came back, above 0 and at most 720. In shorter windows the outcome is then
    /// none; left out, it counts in every window.
    gap_hours: Option<f64>,
    /// Why they came back, one of `events.cause_codes`.
    cause_code: Option<Name>,
    /// Who says so.
    author: Name,
    /// On what ground, 1 to 1000 characters.
    #[schema(min_length = 1, max_length = 1000)]
    reason: String,
}

/// Longest ground, in characters.
pub(super) const MOST_REASON_CHARS: usize = 1000;

impl CorrectionRequest {
    fn into_correction(self, app: &App, ticket: TicketId) -> Result<NewCorrection, Problem> {
        let mut faults = Vec::new();
        let gap_ms = match self.gap_hours {
            None => None,
            Some(gap) => gap_ms(self.outcome, gap)
                .map_err(|detail| faults.push(FieldProblem::new("#/gap_hours", detail)))
                .ok(),
        };
        let codes = &app.settings.events.cause_codes;
        if let Some(code) = self.cause_code.as_ref().filter(|code| !codes.contains(code)) {
            let known: Vec<&str> = codes.codes().iter().map(Name::as_str).collect();
            let detail = format!("expected one of {}, got {code}", known.join(", "));
            faults.push(FieldProblem::new("#/cause_code", detail));
        }
        let reason = parse_reason(&self.reason).map_err(|fault| faults.push(fault));
        match reason {
            Ok(reason) if faults.is_empty() => Ok(NewCorrection {
                episode: EpisodeId { ticket, number: self.episode },
                outcome: self.outcome,
                gap_ms,
                cause_code: self.cause_code,
                author: self.author,
                reason,
            }),
            _ => Err(Problem::invalid(faults)),
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "above 0 and at most 720 hours")]
fn gap_ms(outcome: Outcome, gap_hours: f64) -> Result<i64, String> {
    if outcome == Outcome::None {
        return Err("expected none with the outcome none: nobody came back".to_owned());
    }
    // The comparison also refuses what is no number.
    if gap_hours > 0.0 && gap_hours <= 720.0 {
        Ok(((gap_hours * 3_600_000.0).round() as i64).max(1))
    } else {
        Err(format!("expected more than 0 and at most 720 hours, got {gap_hours}"))
    }
}

/// A person's words: trimmed, not empty, not endless.
pub(super) fn parse_reason(reason: &str) -> Result<String, FieldProblem> {
    let reason = reason.trim();
    let chars = reason.chars().count();
    if (1..=MOST_REASON_CHARS).contains(&chars) && !reason.contains('\0') {
        Ok(reason.to_owned())
    } else {
        let detail = format!("expected 1 to {MOST_REASON_CHARS} characters, got {chars}");
        Err(FieldProblem::new("#/reason", detail))
    }
}

/// Records what a person says became of an episode. What was derived stays beside it; the last correction counts. The one that
/// counts, sent again, changes nothing.
#[utoipa::path(
    post, path = "/v1/tickets/{id}/outcomes/corrections", tag = "outcomes", request_body = CorrectionRequest,
    params(("id" = String, Path, description = "The helpdesk's identifier of the ticket")),
    responses(
        (status = 200, body = CorrectionView, description = "It counted already"),
        (status = 201, body = CorrectionView),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn correct_outcome(
    app: web::Data<App>,
    id: web::Path<String>,
    JsonBody(body): JsonBody<CorrectionRequest>,
) -> Result<HttpResponse, Problem> {
    let id = path_id(&id)?;
    let correction = body.into_correction(&app, id.clone())?;
    let unavailable = |error| Problem::from_store(error, app.settings.limits.retry_after_s);
    let recorded = app
        .store
        .correct_outcome(&app.tenant, &correction, Timestamp::now())
        .await
        .map_err(unavailable)?;
    match recorded {
        CorrectionRecorded::Recorded(said) => {
            Ok(HttpResponse::Created().json(CorrectionView::new(said)))
        }
        CorrectionRecorded::Unchanged(said) => {
            Ok(HttpResponse::Ok().json(CorrectionView::new(said)))
        }
        CorrectionRecorded::UnknownEpisode => {
            let known = app.store.ticket_outcomes(&app.tenant, &id).await.map_err(unavailable)?;
            let Some(known) = known else { return Err(unknown(&id)) };
            let detail = format!(
                "ticket {id} has {} episodes, and none of number {}",
                known.episodes.len(),
                correction.episode.number
            );
            Err(Problem::field("#/episode", detail))
        }
    }
}

/// Which episodes to count.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OutcomesQuery {
    /// Days after the close: 1, 3, 7, 14 or 30; 14 if left out.
    #[param(value_type = Option<u32>, example = 14)]
    window_days: Option<String>,
    /// Closed at this instant or later.
    #[param(value_type = Option<Timestamp>)]
    from: Option<String>,
    /// Closed before this instant.
    #[param(value_type = Option<Timestamp>)]
    to: Option<String>,
    /// Of this category only.
    category: Option<Name>,
    /// Closed by this team only.
    team: Option<Name>,
}

/// Figures over episodes. Of nothing there is no rate: it is null, not 0.
#[derive(Debug, Serialize, ToSchema)]
pub struct SummaryResponse {
    /// Days after the close.
    window_days: u32,
    /// The instant for which maturity is told.
    as_of: Timestamp,
    /// Episodes whose window is not over; they enter nothing below.
    immature: u64,
    /// All episodes whose window is over.
    all: CountsView,
    /// Those of them without a parallel open ticket and outside outages.
    unflagged: CountsView,
    /// Those with a parallel open ticket.
    parallel: u64,
    /// Those during an outage.
    outage: u64,
    /// Those whose outcome a person corrected.
    corrected: u64,
}

/// Episodes by outcome.
#[derive(Debug, Serialize, ToSchema)]
pub struct CountsView {
    /// How many there are.
    mature: u64,
    /// Nobody came back.
    none: u64,
    /// With the same issue.
    explicit: u64,
    /// With one that is known to follow.
    implicit: u64,
    /// To answer our follow-up only.
    induced: u64,
    /// With something else only.
    unrelated: u64,
    /// Explicit and implicit ones among all.
    repeat_contact_rate: RateView,
    /// Explicit ones among explicit and implicit ones.
    explicit_share: RateView,
}

/// A rate with its 95 % interval (Wilson 1927).
#[derive(Debug, Serialize, ToSchema)]
pub struct RateView {
    /// The numerator.
    count: u64,
    /// The denominator.
    trials: u64,
    /// Their quotient; null when the denominator is 0.
    rate: Option<f64>,
    /// The interval.
    interval: Option<Interval>,
}

impl CountsView {
    fn new(counts: &OutcomeCounts) -> Self {
        let repeats = counts.explicit + counts.implicit;
        Self {
            mature: counts.total(),
            none: counts.none,
            explicit: counts.explicit,
            implicit: counts.implicit,
            induced: counts.induced,
            unrelated: counts.unrelated,
            repeat_contact_rate: RateView::new(repeats, counts.total()),
            explicit_share: RateView::new(counts.explicit, repeats),
        }
    }
}

impl RateView {
    pub(super) fn new(count: u64, trials: u64) -> Self {
        let proportion = Proportion { count, trials };
        Self { count, trials, rate: proportion.rate(), interval: proportion.wilson(CONFIDENCE) }
    }
}

/// Counts episodes by outcome, with the repeat-contact rate.
#[utoipa::path(
    get, path = "/v1/outcomes", tag = "outcomes", params(OutcomesQuery),
    responses(
        (status = 200, body = SummaryResponse),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn summarise_outcomes(
    app: web::Data<App>,
    request: HttpRequest,
) -> Result<web::Json<SummaryResponse>, Problem> {
    let filter = query::<OutcomesQuery>(&request)?.into_filter()?;
    let now = Timestamp::now();
    let summary = app
        .store
        .outcome_summary(&app.tenant, &filter, now)
        .await
        .map_err(|error| Problem::from_store(error, app.settings.limits.retry_after_s))?;
    Ok(web::Json(SummaryResponse {
        window_days: filter.window_days,
        as_of: now,
        immature: summary.immature,
        all: CountsView::new(&summary.all),
        unflagged: CountsView::new(&summary.unflagged),
        parallel: summary.parallel,
        outage: summary.outage,
        corrected: summary.corrected,
    }))
}

impl OutcomesQuery {
    fn into_filter(self) -> Result<OutcomeFilter, Problem> {
        let invalid = |detail: String| Problem::new(ProblemCode::InvalidQuery, detail);
        let window_days = match &self.window_days {
            None => 14,
            Some(text) => {
                text.parse().ok().filter(|days| WINDOWS_DAYS.contains(days)).ok_or_else(|| {
                    invalid(format!("window_days: expected 1, 3, 7, 14 or 30, got {text:?}"))
                })?
            }
        };
        let instant = |name: &str, text: Option<String>| {
            text.map(|text| Timestamp::parse(&text))
                .transpose()
                .map_err(|error| invalid(format!("{name}: {error}")))
        };
        let (from, to) = (instant("from", self.from)?, instant("to", self.to)?);
        if let (Some(from), Some(to)) = (from, to)
            && from >= to
        {
            return Err(invalid(format!("to: expected an instant after from ({from}), got {to}")));
        }
        Ok(OutcomeFilter { window_days, from, to, category: self.category, team: self.team })
    }
}

#[expect(clippy::cast_precision_loss, reason = "at most 30 days in milliseconds")]
fn hours(ms: i64) -> f64 {
    ms as f64 / HOUR_MS as f64
}
